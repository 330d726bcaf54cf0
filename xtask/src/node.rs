//! Configures and starts a node against a stack, and knows when it is ready.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use beds_devstack::node::addresses;
use beds_devstack::{NodeCommand, Stack};

use crate::build::{Profile, program};
use crate::workspace::root;

/// The configuration of a node, as environment variables, for the databases of the workspace's configuration.
pub(crate) fn node_env(stack: &Stack) -> Result<Vec<(String, String)>> {
    let mut variables = addresses(stack, &root()?.join("config/beds.toml"))?;
    variables.push(("BEDS_ENV".to_owned(), "dev".to_owned()));
    Ok(variables)
}

/// A running node. Dropping it ends it in an orderly way; it never outlives its stack.
#[derive(Debug)]
pub(crate) struct Node {
    node: beds_devstack::Node,
    /// The address that answers `GET /ready`.
    pub(crate) health: SocketAddr,
}

impl Node {
    /// Starts the built program and returns when it is ready.
    pub(crate) fn start(root: &Path, stack: &Stack, log: &Path, release: bool) -> Result<Self> {
        let mut command = Command::new(program(root, Profile::new(release), "beds"));
        // The node hosts every service, and the stack's user may use all of them.
        let shared = stack.dir().join("shared");
        std::fs::create_dir_all(&shared).with_context(|| format!("cannot create {}", shared.display()))?;
        command
            .current_dir(root)
            .env("BEDS__ACCESS__USERS__GUEST", "operator,user_admin")
            .env("BEDS__NODE__SERVICES", "app_server,admin,segundo,tercero")
            .env("BEDS__SHARED_FILESYSTEM__PATH", &shared)
            .env("BEDS__SHARED_FILESYSTEM__FREE_BYTES_MIN", "16777216");
        Self::start_command(command, stack, log)
    }

    /// Starts this program as a node and returns when it is ready.
    pub(crate) fn start_command(mut command: Command, stack: &Stack, log: &Path) -> Result<Self> {
        command.envs(node_env(stack)?);
        stack.adopt(&mut command);
        let node = NodeCommand::from_command(command)?.log(log).start()?;
        Ok(Self { health: node.health(), node })
    }

    /// An error if the node has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        Ok(self.node.check()?)
    }
}
