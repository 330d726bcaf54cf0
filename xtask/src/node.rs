//! Builds a node, and starts it against a stack with the configuration of this workspace.

use std::path::{Path, PathBuf};

use anyhow::Result;
use beds_devstack::node::addresses;
use beds_devstack::{Node, NodeCommand, Stack};

use crate::workspace::{cargo, run, target};

/// The configuration that names the databases of the workspace's templates.
fn config(root: &Path) -> PathBuf {
    root.join("config/beds.toml")
}

/// The configuration of a node, as environment variables.
pub(crate) fn node_env(root: &Path, stack: &Stack) -> Result<Vec<(String, String)>> {
    let mut variables = addresses(stack, &config(root))?;
    variables.push(("BEDS_ENV".to_owned(), "dev".to_owned()));
    Ok(variables)
}

/// Builds the node's program.
pub(crate) fn build(root: &Path, release: bool) -> Result<()> {
    let mut command = cargo(root);
    command.args(["build", "--package", "beds", "--bin", "beds"]);
    if release {
        command.arg("--release");
    }
    run(command)
}

fn program(root: &Path, release: bool) -> PathBuf {
    target(root).join(if release { "release" } else { "debug" }).join("beds")
}

/// Starts the built program and returns when it is ready.
pub(crate) fn start(root: &Path, stack: &Stack, log: &Path, release: bool) -> Result<Node> {
    let command = NodeCommand::new(program(root, release))?.inherit().current_dir(root).log(log);
    Ok(command.env(&[("BEDS_ENV", "dev")]).servers(stack, &config(root))?.start()?)
}
