//! The node of another revision: a contender beside this tree's node.
//!
//! It works on the same databases. Its RabbitMQ is another one, with a load generator of its own: two nodes on one
//! would share the requests.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::load::Generator;
use crate::plan::{Comparison, Contender, FixedReply, Role, Work};
use crate::process::Process;

/// Where the other node is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Against {
    /// Measure the node of this revision too
    #[arg(
        long = "against",
        value_name = "REV",
        requires_all = ["program", "folder", "amqp"],
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
}

/// The other node, started, and what drives it.
pub(crate) struct Opponent {
    pub(crate) revision: String,
    pub(crate) process: Arc<Process>,
    pub(crate) generator: Generator,
}

impl Opponent {
    /// Starts the other node and waits until it is ready.
    pub(crate) async fn start(against: &Against) -> Result<Self> {
        let Against { revision, program, folder, amqp } = against;
        let mut command = Command::new(program);
        command.current_dir(folder).env("BEDS__AMQP__URL", amqp);
        let log = std::env::temp_dir().join(format!("beds-bench-against-{}.log", std::process::id()));
        let process =
            Process::node_of(command, &log).await.with_context(|| format!("the node of {revision}"))?;
        // The node has it open; nobody else needs it.
        let _ = std::fs::remove_file(&log);
        let generator = Generator::connect(amqp).await?;
        Ok(Self { revision: revision.clone(), process: Arc::new(process), generator })
    }

    /// Enters the comparison: asked as this tree's node is.
    pub(crate) async fn enter(&mut self, comparison: &mut Comparison) -> Result<()> {
        let node = comparison.contenders.iter().find(|contender| contender.role == Role::Node);
        let mut target = node.context("a comparison has a node")?.target.clone();
        if let Work::Describe { .. } = &*comparison.work {
            // What it offers may differ, and so does the description.
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
        Ok(())
    }
}
