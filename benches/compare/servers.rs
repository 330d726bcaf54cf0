//! The addresses of the servers, in the node's own environment variables, so that all contenders use the same. Also the
//! CPU time of the servers.

use std::time::Duration;

use anyhow::Result;

use crate::cpu::Family;

/// Addresses of the servers.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    pub(crate) amqp: String,
    /// With the database `catalog`.
    pub(crate) mariadb: String,
    pub(crate) mongodb: String,
}

impl Servers {
    /// The servers that the node would use, if the environment names them.
    pub(crate) fn from_env() -> Option<Self> {
        let url = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
        Some(Self {
            amqp: url("BEDS__AMQP__URL")?,
            mariadb: url("BEDS__MARIADB__CATALOG__URL")?,
            mongodb: url("BEDS__MONGODB__LOGS__URL")?,
        })
    }
}

/// The servers' first processes, where they run on this machine.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Pids {
    #[arg(long = "rabbitmq-pid", hide = true)]
    rabbitmq: Option<u32>,
    #[arg(long = "mariadb-pid", hide = true)]
    mariadb: Option<u32>,
    #[arg(long = "mongodb-pid", hide = true)]
    mongodb: Option<u32>,
}

/// The processes of the servers.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    rabbitmq: Option<Family>,
    mariadb: Option<Family>,
    mongodb: Option<Family>,
}

/// The CPU time of the servers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) rabbitmq: Duration,
    pub(crate) mariadb: Duration,
    pub(crate) mongodb: Duration,
}

impl Processes {
    pub(crate) fn find(pids: &Pids) -> Result<Self> {
        let family = |pid: Option<u32>| pid.map(Family::of).transpose();
        Ok(Self {
            rabbitmq: family(pids.rabbitmq)?,
            mariadb: family(pids.mariadb)?,
            mongodb: family(pids.mongodb)?,
        })
    }

    /// The same databases, and another RabbitMQ.
    pub(crate) fn with_rabbitmq(&self, pid: u32) -> Result<Self> {
        Ok(Self { rabbitmq: Some(Family::of(pid)?), ..self.clone() })
    }

    pub(crate) fn used(&self) -> Used {
        let of = |family: &Option<Family>| family.as_ref().map(Family::used).unwrap_or_default();
        Used { rabbitmq: of(&self.rabbitmq), mariadb: of(&self.mariadb), mongodb: of(&self.mongodb) }
    }
}
