//! `cargo xtask reload`: applies the current templates and schema to the running servers.

use anyhow::{Context, Result, bail};

use crate::build::{self, Wanted};
use crate::control::{self, Question};
use crate::drivers;
use crate::state::State;
use crate::steps::Steps;
use crate::workspace::root;

/// The text in the node's log for a template that it leaves out.
const NOT_SERVED: &str = "not served: ";

/// Compiles the templates, applies the schema and exchanges the node of a running `cargo xtask up`.
///
/// The servers go on, with their data. The node that runs is ended only when the new one is ready: if a template is
/// broken, the schema is refused or the new node does not start, the old one goes on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args) -> Result<()> {
    let root = root()?;
    let state = State::new(&root)?;
    if !state.is_up()? {
        bail!("nothing is up: start servers and node with `cargo xtask up --detach`");
    }
    let addresses =
        state.read_env()?.context("`cargo xtask up` is still starting: try again when it is up")?;
    let profile = state.profile()?;
    let mut steps = Steps::new(3);
    steps.run("templates and node: build", || build::run(&root, profile, Wanted::NodeAndDrivers))?;
    steps.run("schema: tables, views, procedures, validators", || {
        drivers::apply_schema(&root, profile, &addresses)
    })?;
    let answer = steps
        .run("node: start the new one, end the old one", || control::ask(state.dir(), Question::Restart))?;
    println!("{answer}");
    let log = std::fs::read_to_string(state.node_log()).unwrap_or_default();
    let not_served: Vec<&str> = log.lines().filter(|line| line.contains(NOT_SERVED)).collect();
    if !not_served.is_empty() {
        println!("Some templates are not served:\n{}", not_served.join("\n"));
    }
    Ok(())
}
