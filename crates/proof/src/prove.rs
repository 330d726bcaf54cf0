//! The gates that need servers, in their order. The first gate that a proposal does not pass is the last one that is
//! tried.

use beds_design::{
    converse::Verdict,
    model::Model,
    plan::Old,
    proposal::{Gate, Proof},
    render::{Rendered, render},
};
use beds_protocol::Engine;
use serde_json::Value;

use crate::{
    asking::asked,
    back,
    conformance::{self, Bus, Told},
    grants,
    hand::Hand,
    migration::{self, Given},
    node::{self, Program, Sources},
    plans,
    samples::{self, Sample},
    scratch::{Scratch, Servers},
    world::World,
};

/// With fewer records MariaDB reads the whole table in spite of any index. Only from this number on does a plan prove
/// something.
const MARIADB_RECORDS_MIN: u64 = 10_000;

/// The settings of a proof.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The scratch servers.
    pub servers: Servers,
    /// The sources of the node.
    pub sources: Sources,
    /// The number of records among which filters and sorts are tried.
    pub records: u64,
    /// The sample data that was handed in.
    pub samples: Vec<Sample>,
    /// The templates whose place the entities of a model take that is not a proposal yet.
    pub old: Old,
}

/// The result of a gate.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The result in one line.
    pub proof: Proof,
    /// Everything that was tried, for people.
    pub report: String,
    /// The faults, for a language model: bounded, and without a value of the samples.
    pub wrong: String,
}

/// Tries the gates. Their results concern the proposal. Each result is reported as it comes.
///
/// # Errors
/// When nothing can be said about the proposal: a scratch server is missing or went away, or no node can be built.
/// Everything that was made on the scratch servers is removed in either case.
pub async fn prove(
    model: &Model,
    rendered: &Rendered,
    settings: &Settings,
    mut watch: impl FnMut(&str),
) -> Result<Vec<Proved>, String> {
    let records = settings.records;
    if model.engine == Engine::MariaDb && records < MARIADB_RECORDS_MIN {
        return Err(format!(
            "among {records} records nothing is proved of indexes: MariaDB reads so small a table as a whole; take \
             {MARIADB_RECORDS_MIN} or more"
        ));
    }
    watch("starting scratch servers");
    let scratch = Scratch::open(model.engine, &settings.servers).await?;
    let proved = gates(model, rendered, settings, &scratch, &mut watch).await;
    // If a server died, everything fails, which is not a fault of the proposal.
    let is_there = match &proved {
        Ok(proofs) if proofs.iter().all(|proved| proved.proof.passed) => Ok(()),
        Ok(_) | Err(_) => scratch.is_there().await,
    };
    let closed = scratch.close().await;
    is_there.map_err(|away| format!("nothing was proved: {away}"))?;
    let proved = proved?;
    closed?;
    Ok(proved)
}

/// Renders a model and tries the gates. Also returns the report for a language model.
///
/// # Errors
/// As [`prove`].
pub async fn trial(
    model: &Model,
    settings: &Settings,
    watch: impl FnMut(&str),
) -> Result<(Verdict, Vec<Proved>), String> {
    let rendered = render(model, &settings.old).map_err(|faults| faults.to_string())?;
    let proofs = prove(model, &rendered, settings, watch).await?;
    Ok((verdict(&proofs), proofs))
}

/// The report of the proofs for a language model.
fn verdict(proofs: &[Proved]) -> Verdict {
    let Some(failed) = proofs.iter().find(|proved| !proved.proof.passed) else { return Verdict::Passed };
    let gate = failed.proof.gate.as_str();
    let passed = proofs.iter().filter(|proved| proved.proof.passed);
    let passed: Vec<&str> = passed.map(|proved| proved.proof.gate.as_str()).collect();
    let before = if passed.is_empty() { "nothing".to_owned() } else { passed.join(", ") };
    Verdict::Refused {
        line: format!("the proof `{gate}` failed: {}", failed.proof.detail),
        report: format!("the proof `{gate}` failed; passed before it: {before}\n{}\n", failed.wrong),
    }
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
        let proof = &proved.proof;
        let word = if proof.passed { "passed" } else { "failed" };
        watch(&format!("{word}  {}: {}", proof.gate.as_str(), proof.detail));
        let passed = proof.passed;
        proofs.push(proved);
        passed
    };
    let mut hand = scratch.place.connect().await?;
    let objects = objects(rendered, &mut hand).await;
    hand.close().await;
    if !passes(objects, watch) {
        return Ok(proofs);
    }
    grants::give(rendered, scratch).await?;
    watch("building a node with the templates");
    let user = node::user(&scratch.amqp)?;
    let world = World::new(model, &rendered.domains, &user);
    let program = tokio::task::block_in_place(|| node::build(&rendered.files, &settings.sources))?;
    let database = (model.database.as_str(), scratch, &scratch.node_url);
    let program = program.configured(&scratch.amqp, &[database], (&user, &world.roles));
    if !passes(verify(&program)?, watch) || !passes(granted(model, rendered, scratch).await?, watch) {
        return Ok(proofs);
    }
    let mut hand = scratch.place.connect().await?;
    let listens = plans::listen(scratch.engine, &mut hand, true).await;
    let node = tokio::task::block_in_place(|| program.start())?;
    watch("asking the node what its templates promise");
    let client = (scratch, user.as_str());
    let told = asked(client, &node, async |bus| conformance::ask(&world, bus).await).await;
    let mut goes_on = passes(conforms(told), watch);
    let samples = &settings.samples;
    if goes_on && !samples.is_empty() {
        let told = asked(client, &node, async |bus| samples::load(&world, samples, bus).await).await;
        let detail = format!("the records of {} files are taken, or it is said why not", samples.len());
        goes_on = passes(proof(Gate::Samples, detail, told), watch);
    }
    if goes_on {
        let records = settings.records;
        watch(&format!("filters and sorts among {records} records"));
        let told = match listens {
            Ok(()) => {
                let ask = async |bus: &Bus| plans::ask(&world, (scratch, records), bus, &mut hand).await;
                asked(client, &node, ask).await
            }
            Err(reason) => {
                let wrong = format!("the scratch server does not log its statements: {reason}");
                Told { wrong: vec![wrong], ..Told::default() }
            }
        };
        let detail = format!("each filter and each order is fast among {records} records");
        goes_on = passes(proof(Gate::Plans, detail, told), watch);
    }
    tokio::task::block_in_place(|| drop(node));
    // A private server is stopped anyway. On any other server, the log is switched off again.
    let _ = plans::listen(scratch.engine, &mut hand, false).await;
    hand.close().await;
    if goes_on && !rendered.plan.migrations.is_empty() {
        watch("building a node that carries old records over");
        let Settings { servers, sources, samples, .. } = settings;
        let given = Given { servers, sources, samples };
        let told = migration::ask((model, rendered), given, scratch).await?;
        let detail = format!(
            "{} migrations carry old records over, each as the maps and the notes say",
            rendered.plan.migrations.len()
        );
        passes(proof(Gate::Migration, detail, told), watch);
    }
    Ok(proofs)
}

/// The proof for the findings.
fn proof(gate: Gate, detail: String, told: Told) -> Proved {
    let wrong = back::wrong(gate, &told);
    let Told { right, wrong: faults, log } = told;
    let passed = faults.is_empty();
    let detail = match faults.first() {
        None => detail,
        Some(first) if faults.len() == 1 => first.clone(),
        Some(first) => format!("{} are wrong; the first: {first}", faults.len()),
    };
    let lines = faults
        .iter()
        .map(|line| format!("wrong: {line}\n"))
        .chain(right.iter().map(|line| format!("right: {line}\n")))
        .chain(log.iter().map(|line| format!("log of the node: {line}\n")));
    Proved { proof: Proof { gate, passed, detail }, report: lines.collect(), wrong }
}

/// Whether a database accepts the objects.
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

/// Whether the node finds in the database what its templates declare, and whether its account has exactly the rights
/// that it needs.
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

/// Whether the server refuses to the node's account what it must not do.
async fn granted(model: &Model, rendered: &Rendered, scratch: &Scratch) -> Result<Proved, String> {
    let told = grants::tried(model, rendered, scratch).await?;
    let count = told.right.len();
    let detail = match scratch.engine {
        Engine::MariaDb => {
            format!("the account was refused {count} things that it must not do")
        }
        Engine::MongoDb => format!(
            "the script grants {count} plain rights on objects of the proposal; no server was asked, since scratch servers of \
             MongoDB know no accounts"
        ),
    };
    Ok(proof(Gate::Grants, detail, told))
}

/// Whether a node does what its templates promise.
fn conforms(told: Told) -> Proved {
    let count = told.right.len();
    let detail = format!("a node answered over AMQP as its templates promise, in {count} respects");
    proof(Gate::Conformance, detail, told)
}
