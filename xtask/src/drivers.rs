//! Starts `xtask-drivers`, which uses the servers' drivers.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use beds_devstack::Stack;

use crate::build::{Profile, program};

/// The addresses of the servers, as environment variables.
pub(crate) type Addresses = Vec<(String, String)>;

/// The addresses of a stack's servers.
pub(crate) fn addresses(stack: &Stack) -> Addresses {
    [
        ("AMQP_URL", stack.amqp_url()),
        ("MARIADB_URL", stack.mariadb_url()),
        ("MONGODB_URL", stack.mongodb_url()),
    ]
    .map(|(name, url)| (name.to_owned(), url))
    .into()
}

/// Applies the workspace's schema to the databases at these addresses.
pub(crate) fn apply_schema(root: &Path, profile: Profile, addresses: &Addresses) -> Result<()> {
    let mut command = command(root, profile, addresses);
    command.arg("schema").arg(root.join("schema"));
    run(command, "the schema could not be applied")
}

/// Loads the demo's data and sends requests about it. The program ends with the stack.
pub(crate) fn show_demo(root: &Path, profile: Profile, stack: &Stack) -> Result<()> {
    let mut command = command(root, profile, &addresses(stack));
    command.arg("demo");
    stack.adopt(&mut command);
    run(command, "the demo is not as it should be")
}

fn command(root: &Path, profile: Profile, addresses: &Addresses) -> Command {
    let mut command = Command::new(program(root, profile, "xtask-drivers"));
    command.envs(addresses.iter().map(|(name, url)| (name, url)));
    command
}

/// The program itself has reported why it failed.
fn run(mut command: Command, failed: &str) -> Result<()> {
    let program = Path::new(command.get_program()).to_owned();
    let status = command.status().with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(status.success(), "{failed}");
    Ok(())
}
