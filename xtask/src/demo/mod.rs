//! `cargo xtask demo`: BEDS at work on real data, on servers that exist only for the demo.
//!
//! Nothing that it shows is taken on trust: each step is compared with what it should be, and a step that is
//! not makes the command fail.
//!
//! - `data`: what is loaded, from the files of the Debian package iso-codes.
//! - `load`: loading it through `create` requests, with a progress bar.
//! - `guide`: sends a request, shows it with its reply, and judges the reply.
//! - `tour`: the requests that are shown.
//! - `show`: JSON for people.

mod data;
mod guide;
mod load;
mod show;
mod tour;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use beds_client::Client;
use beds_devstack::{Stack, packages::ensure_packages, schema};

use self::{data::Catalog, guide::Guide, load::Loaded, show::grouped};
use crate::node::{self, Node};
use crate::signals;
use crate::steps::Steps;
use crate::workspace::{root, target};

/// Shows BEDS at work: servers, schema, a node, real data loaded over the bus, and questions about it.
///
/// Everything runs on private servers in a temporary folder and is gone afterwards. The data are the countries,
/// subdivisions, languages and currencies of the Debian package iso-codes, which is installed if it is missing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End after the last step, instead of leaving everything running until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Build and run the node with optimizations, which takes some minutes more the first time
    #[arg(long)]
    release: bool,
}

/// What the demo runs on. Fields drop in this order: the node before its servers.
#[derive(Debug)]
struct Environment {
    node: Node,
    stack: Stack,
    root: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let began = Instant::now();
    let mut steps = Steps::new(7);
    let catalog = steps.run("data: the Debian package iso-codes", || {
        ensure_packages(&["iso-codes"])?;
        let catalog = Catalog::read()?;
        println!("      {}", catalog.summary());
        Ok(catalog)
    })?;
    let mut environment = Environment::start(&mut steps, args.release)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    let loaded = runtime.block_on(show(&environment, &catalog, &mut steps));
    // The node may be the reason of a failure, and says more about it.
    let loaded = loaded.inspect_err(|_| environment.explain())?;
    environment.node.check()?;
    println!("\nAll of it was checked and is as it should be. {loaded}");
    println!("The demo took {:.0} s in all.", began.elapsed().as_secs_f32());
    environment.suggest(args);
    if args.once {
        return Ok(());
    }
    println!("\nServers and node stay up until Ctrl-C.");
    signals::wait(|| environment.node.check())
}

/// Loads the data, then asks about it.
async fn show(environment: &Environment, catalog: &Catalog, steps: &mut Steps) -> Result<Loaded> {
    let client = Client::builder(environment.stack.amqp_url()).name("demo").connect().await?;
    steps.announce("load: create requests over AMQP");
    let loaded = load::all(&client, catalog).await?;
    steps.announce("questions, as a client asks them");
    let mut guide = Guide::new(client.clone());
    tour::run(&mut guide, catalog).await?;
    client.close().await;
    guide.verdict()?;
    Ok(loaded)
}

impl Environment {
    fn start(steps: &mut Steps, release: bool) -> Result<Self> {
        let root = root()?;
        let profile = if release { "with optimizations" } else { "for development; --release optimizes" };
        steps.run(&format!("build: the node, {profile}"), || node::build(&root, release))?;
        let stack = steps.run("servers: RabbitMQ, MariaDB, MongoDB", || {
            Ok(Stack::builder().progress(|line| println!("      {line}")).start()?)
        })?;
        steps.run("schema: tables, views, procedures, validators", || {
            Ok(schema::apply(&stack, &root.join("schema"))?)
        })?;
        let log = stack.dir().join("node.log");
        let node = steps.run("node", || Node::start(&root, &stack, &log, release))?;
        Ok(Self { node, stack, root })
    }

    /// What the node logged last, for a demo that failed.
    fn explain(&self) {
        let text = std::fs::read_to_string(self.stack.dir().join("node.log")).unwrap_or_default();
        // What lapin says of a connection, the node says in its own words as well.
        let tells = |line: &&str| !line.contains(" INFO ") && !line.contains(" lapin::");
        let lines: Vec<&str> = text.lines().filter(tells).collect();
        if !lines.is_empty() {
            eprintln!("\nThe node's last warnings and errors:");
        }
        for line in lines.iter().skip(lines.len().saturating_sub(10)) {
            eprintln!("  | {line}");
        }
    }

    /// What to do next.
    fn suggest(&self, args: &Args) {
        println!("\nTry next:");
        if args.once {
            println!("  cargo xtask demo    the same, and it stays up to be asked");
            println!("  cargo xtask up      servers and a node whose data stay");
        } else {
            let program =
                target(&self.root).join(if args.release { "release" } else { "debug" }).join("beds");
            let program = program.strip_prefix(&self.root).unwrap_or(&program).display();
            let url = self.stack.amqp_url();
            for (key, body) in [
                ("country.fetch", r#"{"where": {"name": {"prefix": "New"}}, "fields": ["alpha_2", "name"]}"#),
                ("subdivision.count", r#"{"where": {"country": "JP"}}"#),
                ("country.call.summary", r#"{"args": {"alpha_2": "JP"}}"#),
                ("note.create", r#"{"data": {"subject": "Mine", "tags": ["first"]}}"#),
                ("note.describe", "{}"),
            ] {
                println!("  {program} call --url '{url}' {key} '{body}'");
            }
            println!(
                "  curl http://{}/ready; tail -f {}",
                self.node.health,
                self.stack.dir().join("node.log").display()
            );
        }
        println!("  docs/clients.md     the same from Python, PHP, Node and Rust");
        println!("  README.md           how to add a domain of your own, in a page");
    }
}

impl std::fmt::Display for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.took.as_secs_f64();
        write!(
            f,
            "{} records were created by {} requests in {seconds:.1} s: {} records a second.",
            grouped(self.records),
            grouped(self.requests),
            grouped(load::rate(self.records, self.took)),
        )
    }
}

/// What the demo needs to be empty, and is on servers of its own.
fn ensure_empty(template: &str, count: u64) -> Result<()> {
    ensure!(
        count == 0,
        "`{template}` has {count} records already: the demo loads into empty tables. It was pointed at servers \
         of yours by AMQP_URL, MARIADB_URL or MONGODB_URL; without these it starts its own"
    );
    Ok(())
}
