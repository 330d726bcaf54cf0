//! The gates that need servers, in their order. The first that a proposal does not pass is the last that is tried.

use beds_design::{
    model::Model,
    proposal::{Gate, Proof},
    render::Rendered,
};
use beds_devstack::Node;
use serde_json::Value;

use crate::{
    conformance::{self, Bus, Lost, Told},
    grants,
    hand::Hand,
    node::{self, Program, Sources},
    plans,
    samples::{self, Sample},
    scratch::{self, Scratch, Servers},
    world::World,
};

/// With what a proposal is proved.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The scratch servers that are there.
    pub servers: Servers,
    /// What the node is built of.
    pub sources: Sources,
    /// How many records filters and sorts are tried among.
    pub records: u64,
    /// The sample data that was handed in.
    pub samples: Vec<Sample>,
}

/// What became of a gate, and its report.
pub type Proved = (Proof, String);

/// Tries the gates. What they say is about the proposal; each proof is told as it comes.
///
/// # Errors
/// When nothing can be said of the proposal: a scratch server is not there or went away, no node can be built. What was
/// made on the scratch servers is taken away in either case.
pub async fn prove(
    model: &Model,
    rendered: &Rendered,
    settings: &Settings,
    mut watch: impl FnMut(&str),
) -> Result<Vec<Proved>, String> {
    watch("starting scratch servers");
    let scratch = Scratch::open(model.engine, &settings.servers).await?;
    let proved = gates(model, rendered, settings, &scratch, &mut watch).await;
    // A server that died makes everything fail, and none of it is the proposal's fault.
    let is_there = match &proved {
        Ok(proofs) if proofs.iter().all(|(proof, _)| proof.passed) => Ok(()),
        Ok(_) | Err(_) => scratch.is_there().await,
    };
    let closed = scratch.close().await;
    is_there.map_err(|away| format!("nothing was proved: {away}"))?;
    let proved = proved?;
    closed?;
    Ok(proved)
}

async fn gates(
    model: &Model,
    rendered: &Rendered,
    settings: &Settings,
    scratch: &Scratch,
    watch: &mut impl FnMut(&str),
) -> Result<Vec<Proved>, String> {
    let mut proofs: Vec<Proved> = Vec::new();
    let mut passes = |proved: Proved, watch: &mut dyn FnMut(&str)| {
        let (proof, _) = &proved;
        let word = if proof.passed { "passed" } else { "failed" };
        watch(&format!("{word}  {}: {}", proof.gate.as_str(), proof.detail));
        let passed = proof.passed;
        proofs.push(proved);
        passed
    };
    let mut hand = scratch::hand(scratch).await?;
    let objects = objects(rendered, &mut hand).await;
    hand.close().await;
    if !passes(objects, watch) {
        return Ok(proofs);
    }
    grants::give(rendered, scratch).await?;
    watch("building a node with the templates");
    let user = node::user(&scratch.amqp);
    let world = World::new(model, rendered, &user);
    let program = tokio::task::block_in_place(|| node::build(rendered, &settings.sources))?;
    let program = program.configured(scratch, &model.database, &world.roles)?;
    if !passes(verify(&program)?, watch) || !passes(granted(model, rendered, scratch).await?, watch) {
        return Ok(proofs);
    }
    let mut hand = scratch::hand(scratch).await?;
    let listens = plans::listen(scratch.engine, &mut hand, true).await;
    let node = tokio::task::block_in_place(|| program.start())?;
    watch("asking the node what its templates promise");
    let conformance = conforms(&world, scratch, &user, &node).await;
    let mut goes_on = passes(conformance, watch);
    if goes_on && !settings.samples.is_empty() {
        let loaded = loaded(&world, (scratch, &settings.samples), &user, &node).await;
        goes_on = passes(loaded, watch);
    }
    if goes_on {
        watch(&format!("filters and sorts among {} records", settings.records));
        let plans = match listens {
            Ok(()) => planned(&world, (scratch, settings.records), &user, (&node, &mut hand)).await,
            Err(reason) => {
                let wrong = format!("the scratch server does not log its statements: {reason}");
                proof(Gate::Plans, String::new(), Told { right: Vec::new(), wrong: vec![wrong] })
            }
        };
        passes(plans, watch);
    }
    tokio::task::block_in_place(|| drop(node));
    // A private server goes anyway; where it is not ours, it is as it was.
    let _ = plans::listen(scratch.engine, &mut hand, false).await;
    hand.close().await;
    Ok(proofs)
}

/// A proof of what was found.
fn proof(gate: Gate, detail: String, told: Told) -> Proved {
    let Told { right, wrong } = told;
    let passed = wrong.is_empty();
    let detail = match wrong.first() {
        None => detail,
        Some(first) if wrong.len() == 1 => first.clone(),
        Some(first) => format!("{} are wrong; the first: {first}", wrong.len()),
    };
    let lines = wrong
        .iter()
        .map(|line| format!("wrong: {line}\n"))
        .chain(right.iter().map(|line| format!("right: {line}\n")));
    (Proof { gate, passed, detail }, lines.collect())
}

/// Whether a database takes the objects.
async fn objects(rendered: &Rendered, hand: &mut Hand) -> Proved {
    let mut told = Told::default();
    let statements = rendered.statements();
    for statement in &statements {
        match hand.run(&statement.text).await {
            Ok(()) => told.right(statement.what()),
            Err(reason) => {
                told.wrong(format!("{}: {reason}", statement.what()));
                break;
            }
        }
    }
    proof(Gate::Objects, format!("a scratch database took {} statements", statements.len()), told)
}

/// Whether the node finds in the database what its templates say, and its account has what it needs and no more.
fn verify(program: &Program) -> Result<Proved, String> {
    let ended = tokio::task::block_in_place(|| program.run(&["verify", "--strict", "--format", "json"]))?;
    let report: Value = serde_json::from_str(&ended.stdout)
        .map_err(|_| format!("`beds verify` says nothing: {}", ended.stderr.trim()))?;
    let mut told = Told::default();
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    for finding in list("findings") {
        let part = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        told.wrong(format!("{} {}: {}", part("template"), part("place"), part("message")));
    }
    for unchecked in list("unchecked") {
        told.wrong(format!("not looked at: {}", unchecked["reason"].as_str().unwrap_or_default()));
    }
    let templates = list("templates");
    told.right(format!("{} templates fit the objects", templates.len()));
    if ended.code != Some(0) && told.wrong.is_empty() {
        told.wrong(format!("`beds verify` ends with {:?}: {}", ended.code, ended.stderr.trim()));
    }
    Ok(proof(
        Gate::Verify,
        format!(
            "{} templates fit the objects, and the account's rights are those that they need",
            templates.len()
        ),
        told,
    ))
}

/// Whether the node's account is refused what it must not do.
async fn granted(model: &Model, rendered: &Rendered, scratch: &Scratch) -> Result<Proved, String> {
    let (right, wrong) = grants::tried(model, rendered, scratch).await?;
    let count = right.len();
    let detail = match scratch.engine {
        beds_protocol::Engine::MariaDb => {
            format!("the account was refused {count} things that it must not do")
        }
        beds_protocol::Engine::MongoDb => format!(
            "the script grants {count} plain rights on objects of the proposal; no server was asked, since scratch servers of \
             MongoDB know no accounts"
        ),
    };
    Ok(proof(Gate::Grants, detail, Told { right, wrong }))
}

/// Whether a node does what its templates promise.
async fn conforms(world: &World<'_>, scratch: &Scratch, user: &str, node: &Node) -> Proved {
    let asked = async {
        let bus = Bus::connect(&scratch.amqp, user).await?;
        let told = conformance::ask(world, &bus).await;
        bus.close().await;
        told
    };
    let mut told = match asked.await {
        Ok(told) => told,
        Err(Lost(reason)) => {
            Told { right: Vec::new(), wrong: vec![format!("the node does not answer: {reason}")] }
        }
    };
    if !told.wrong.is_empty() {
        // Why something is `internal`, the log alone says.
        let log = node.log_tail(20);
        told.right.extend(log.lines().map(|line| format!("log of the node: {line}")));
    }
    let count = told.right.len();
    proof(
        Gate::Conformance,
        format!("a node answered over AMQP as its templates promise, in {count} respects"),
        told,
    )
}

/// Whether the node takes the samples, or says why not.
async fn loaded(
    world: &World<'_>,
    (scratch, samples): (&Scratch, &[Sample]),
    user: &str,
    node: &Node,
) -> Proved {
    let asked = async {
        let bus = Bus::connect(&scratch.amqp, user).await?;
        let told = samples::load(world, samples, &bus).await;
        bus.close().await;
        told
    };
    let told = answered(asked.await, node);
    let detail = format!("the records of {} files are taken, or it is said why not", samples.len());
    proof(Gate::Samples, detail, told)
}

/// Whether filters and sorts are fast among many records.
async fn planned(
    world: &World<'_>,
    (scratch, records): (&Scratch, u64),
    user: &str,
    (node, hand): (&Node, &mut Hand),
) -> Proved {
    let asked = async {
        let bus = Bus::connect(&scratch.amqp, user).await?;
        let told = plans::ask(world, (scratch, records), &bus, hand).await;
        bus.close().await;
        told
    };
    let told = answered(asked.await, node);
    proof(Gate::Plans, format!("each filter and each order is fast among {records} records"), told)
}

/// What was found, with the log of the node where something is wrong: why something is `internal`, it alone says.
fn answered(told: Result<Told, Lost>, node: &Node) -> Told {
    let mut told = match told {
        Ok(told) => told,
        Err(Lost(reason)) => {
            Told { right: Vec::new(), wrong: vec![format!("the node does not answer: {reason}")] }
        }
    };
    if !told.wrong.is_empty() {
        let log = node.log_tail(20);
        told.right.extend(log.lines().map(|line| format!("log of the node: {line}")));
    }
    told
}
