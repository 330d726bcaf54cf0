//! `cargo xtask demo`: BEDS at work, on servers that exist only for the demo.

use std::path::PathBuf;

use anyhow::Result;
use beds_devstack::{Stack, schema};

use crate::node::{self, Node};
use crate::signals;
use crate::steps::Steps;
use crate::workspace::root;

/// Shows BEDS at work: servers, schema, a node, and requests to it.
///
/// Everything runs on private servers in a temporary folder and is gone afterwards.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End after the last step, instead of leaving everything running until Ctrl-C
    #[arg(long)]
    once: bool,
}

/// What the steps of the demo have to work with. Fields drop in this order: the node before its servers.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) node: Node,
    pub(crate) stack: Stack,
    pub(crate) root: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut steps = Steps::new(4);
    let mut environment = Environment::start(&mut steps)?;
    show(&mut environment, &mut steps)?;
    if args.once {
        return Ok(());
    }
    println!("\nIt stays up until Ctrl-C.");
    signals::wait(|| environment.node.check())
}

impl Environment {
    fn start(steps: &mut Steps) -> Result<Self> {
        let root = root()?;
        let stack = steps.run("servers: RabbitMQ, MariaDB, MongoDB", || {
            Ok(Stack::builder().progress(|line| println!("      {line}")).start()?)
        })?;
        steps.run("schema: tables, views, procedures, validators", || {
            Ok(schema::apply(&stack, &root.join("schema"))?)
        })?;
        steps.run("build", || node::build(&root, true))?;
        let log = stack.dir().join("node.log");
        let node = steps.run("node", || Node::start(&root, &stack, &log, true))?;
        Ok(Self { node, stack, root })
    }
}

/// What there is to see, once everything is up.
fn show(environment: &mut Environment, _steps: &mut Steps) -> Result<()> {
    environment.node.check()?;
    println!(
        "\nThe node of {} is ready at http://{}/ready",
        environment.root.display(),
        environment.node.health
    );
    println!("RabbitMQ  {}", environment.stack.amqp_url());
    println!("MariaDB   {}", environment.stack.mariadb_url());
    println!("MongoDB   {}", environment.stack.mongodb_url());
    Ok(())
}
