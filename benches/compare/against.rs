//! The node of another revision: a contender beside this tree's node.
//!
//! It works on the same databases. It has a separate RabbitMQ with a separate load generator: two nodes on one RabbitMQ
//! would share the requests.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::figures::Memory;
use crate::load::Generator;
use crate::plan::{Comparison, Contender, Role};
use crate::process::{Process, log};
use crate::servers::Processes;
use crate::work::FixedReply;

/// Where the other node is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Against {
    /// Measure the node of this revision too
    #[arg(
        long = "against",
        value_name = "REV",
        requires_all = ["program", "folder", "amqp", "amqp_pid"],
        required = false
    )]
    revision: String,
    /// Its program
    #[arg(long = "against-program", value_name = "PATH", required = false)]
    program: PathBuf,
    /// The folder with its configuration
    #[arg(long = "against-folder", value_name = "FOLDER", required = false)]
    folder: PathBuf,
    /// Its RabbitMQ
    #[arg(long = "against-amqp", value_name = "URL", required = false)]
    amqp: String,
    /// The first process of that
    #[arg(long = "against-rabbitmq-pid", value_name = "PID", required = false)]
    amqp_pid: u32,
}

/// The other node, running, and its load generator.
pub(crate) struct Opponent {
    pub(crate) revision: String,
    pub(crate) process: Arc<Process>,
    pub(crate) generator: Generator,
    /// The servers of the other node.
    pub(crate) servers: Processes,
    pub(crate) memory: Memory,
}

impl Opponent {
    /// Starts the other node and waits until it is ready.
    pub(crate) async fn start(against: &Against, servers: &Processes) -> Result<Self> {
        let Against { revision, program, folder, amqp, amqp_pid } = against;
        let mut command = Command::new(program);
        command.current_dir(folder).env("BEDS__AMQP__URL", amqp);
        let log = log("against");
        let started = Process::node_of(command, &log).await;
        let (process, took) = started.with_context(|| format!("the node of {revision}"))?;
        // The node has the file open, and nobody else needs it.
        let _ = std::fs::remove_file(&log);
        let generator = Generator::connect(amqp).await?;
        let servers = servers.with_rabbitmq(*amqp_pid)?;
        let memory = Memory::ready(took);
        Ok(Self { revision: revision.clone(), process: Arc::new(process), generator, servers, memory })
    }

    /// Adds the other node to a comparison, with the same requests as this tree's node. False if it does not serve such
    /// requests.
    pub(crate) async fn enter(&mut self, comparison: &mut Comparison) -> Result<bool> {
        let node = comparison.contenders.iter().find(|contender| contender.role == Role::Node);
        let mut target = node.context("a comparison has a node")?.target.clone();
        for key in [target.read, target.write] {
            if comparison.work.operations() > 1 && !self.generator.is_routed(target.exchange, key).await? {
                return Ok(false);
            }
        }
        if comparison.name == "describe" {
            // The other node may offer other things, and so its description may differ.
            let reply = self.generator.ask(&target, b"{}").await?;
            target.reply = Some(FixedReply::Bytes(reply.into()));
        }
        comparison.contenders.push(Contender {
            name: format!("node of {}", self.revision),
            role: Role::Against,
            target,
            process: Arc::clone(&self.process),
            client: None,
        });
        Ok(true)
    }
}
