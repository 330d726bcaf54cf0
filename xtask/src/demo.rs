//! `cargo xtask demo`: BEDS at work on real data, on servers that exist only for the demo.
//!
//! `xtask-drivers` shows the steps. It compares every reply with the expected one.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use beds_devstack::Stack;

use crate::build::{self, Profile, Wanted};
use crate::design;
use crate::drivers;
use crate::node::Node;
use crate::signals;
use crate::steps::Steps;
use crate::workspace::root;

/// The package with the data.
const DEBIAN: [&str; 1] = ["iso-codes"];

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
    /// Prove the domain that comes of a description, too, which builds a node with it and takes minutes
    #[arg(long)]
    prove: bool,
}

/// The environment of the demo. Fields drop in this order: the node before its servers.
#[derive(Debug)]
struct Environment {
    node: Node,
    stack: Stack,
    root: PathBuf,
    profile: Profile,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let began = Instant::now();
    let mut steps = Steps::new(5);
    let mut environment = Environment::start(&mut steps, Profile::new(args.release))?;
    steps.announce("data, and questions about them");
    drivers::show_demo(&environment.root, environment.profile, &environment.stack)
        // The node may be the reason of a failure, and then its log says more.
        .inspect_err(|_| environment.explain())?;
    environment.node.check()?;
    steps.announce(
        "a domain by description: a recorded conversation with a language model, a signature, a database",
    );
    design::show(&environment.root, environment.profile, &environment.stack, args.prove)?;
    println!("The demo took {:.0} s in all.", began.elapsed().as_secs_f32());
    environment.suggest(args.once);
    if args.once {
        return Ok(());
    }
    println!("\nServers and node stay up until Ctrl-C.");
    signals::wait(|| environment.node.check())
}

impl Environment {
    fn start(steps: &mut Steps, profile: Profile) -> Result<Self> {
        let root = root()?;
        let optimized = match profile {
            Profile::Debug => "for development; --release optimizes",
            Profile::Release => "with optimizations",
        };
        let stack = steps.run(&format!("the node ({optimized}) and its servers, side by side"), || {
            build::beside_servers(&root, profile, Wanted::NodeAndDrivers, &DEBIAN, Stack::builder())
        })?;
        steps.run("schema: tables, views, procedures, validators", || {
            drivers::apply_schema(&root, profile, &drivers::addresses(&stack))
        })?;
        let log = stack.dir().join("node.log");
        let node = steps.run("node", || Node::start(&root, &stack, &log, profile == Profile::Release))?;
        Ok(Self { node, stack, root, profile })
    }

    /// Shows the end of the node's log after a failed demo.
    fn explain(&self) {
        let text = std::fs::read_to_string(self.stack.dir().join("node.log")).unwrap_or_default();
        // The node reports in its own words what lapin says of a connection.
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
    fn suggest(&self, once: bool) {
        println!("\nTry next:");
        if once {
            println!("  cargo xtask demo    the same, and it stays up to be asked");
            println!("  cargo xtask up      servers and a node whose data stay");
        } else {
            let program = build::program(&self.root, self.profile, "beds");
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
