//! A private `RabbitMQ`: its own cookie, epmd and ports, no plugins, everything on the loopback interface.
//!
//! The name of the node is always `beds@localhost`: its data folder is named after it and must be found again after a
//! change of ports. The epmd is private, so that any number of nodes with that name run side by side. The other nodes
//! of a cluster are `beds2@localhost` and so on, with the epmd and the cookie of the first.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ports::Port;
use crate::program::{Program, ServerKind, on_path};
use crate::{Error, Result, ServerTls};

/// The script of the package that starts the node itself. The script in `sbin` changes user and directory.
const SCRIPT: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// The script that controls a running node, in the same folder.
const CONTROL: &str = "/usr/lib/rabbitmq/bin/rabbitmqctl";

/// Connection.Start: class 10, method 10.
const CONNECTION_START: [u8; 4] = [0, 10, 0, 10];

#[derive(Debug)]
pub(crate) struct RabbitMq {
    dir: PathBuf,
    log: PathBuf,
    amqp: Port,
    distribution: Port,
    epmd: Port,
    encrypted: Port,
    /// The first node of the cluster that this one joins.
    joins: Option<Joins>,
    tls: Mutex<Option<ServerTls>>,
}

/// What the first node of a cluster shares with another node.
#[derive(Debug)]
pub(crate) struct Joins {
    /// The number of the other node in the cluster, from 2 on.
    pub(crate) number: usize,
    epmd: u16,
    home: PathBuf,
}

/// The program that starts a node, if it is installed.
pub(crate) fn installed() -> Option<PathBuf> {
    let script = PathBuf::from(SCRIPT);
    if script.is_file() { Some(script) } else { on_path("rabbitmq-server") }
}

impl RabbitMq {
    pub(crate) fn new(dir: &Path, log: PathBuf, ports: [Port; 4], joins: Option<Joins>) -> Self {
        let [amqp, distribution, epmd, encrypted] = ports;
        Self { dir: dir.to_owned(), log, amqp, distribution, epmd, encrypted, joins, tls: Mutex::default() }
    }

    /// What the node with this number needs to join this one.
    pub(crate) fn joined_by(&self, number: usize) -> Joins {
        Joins { number, epmd: self.epmd.number(), home: self.home() }
    }

    fn name(&self) -> String {
        let number = self.joins.as_ref().map(|joins| joins.number.to_string()).unwrap_or_default();
        format!("beds{number}@localhost")
    }

    /// Where the cookie is.
    fn home(&self) -> PathBuf {
        self.joins.as_ref().map_or_else(|| self.dir.join("home"), |joins| joins.home.clone())
    }

    /// Without a first node to join, the node waits for no other.
    fn clustering(&self) -> String {
        if self.joins.is_none() {
            return String::new();
        }
        format!(
            "cluster_formation.classic_config.nodes.1 = beds@localhost\n\
             cluster_formation.classic_config.nodes.2 = {}\n",
            self.name()
        )
    }

    /// Alarms would stop publishers on a busy developer's machine. Both limits are low enough to raise no alarm there,
    /// and high enough to stop a runaway.
    fn configuration(&self) -> String {
        format!(
            "listeners.tcp.1 = 127.0.0.1:{}\n\
             disk_free_limit.absolute = 50MB\n\
             vm_memory_high_watermark.absolute = 2GB\n\
             log.file = false\n\
             log.console = true\n\
             log.console.level = info\n\
             cluster_partition_handling = pause_minority\n{}{}",
            self.amqp.number(),
            self.clustering(),
            self.encryption()
        )
    }

    fn encryption(&self) -> String {
        let tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ServerTls { cert, key, client_ca }) = &*tls else { return String::new() };
        let clients = client_ca.as_ref().map(|authority| {
            format!(
                "ssl_options.cacertfile = {}\nssl_options.verify = verify_peer\n\
                 ssl_options.fail_if_no_peer_cert = true\n",
                authority.display()
            )
        });
        format!(
            "listeners.ssl.1 = 127.0.0.1:{}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n{}",
            self.encrypted.number(),
            cert.display(),
            key.display(),
            clients.unwrap_or_default()
        )
    }

    fn epmd_environment(&self, command: &mut Command) {
        command
            .env(
                "ERL_EPMD_PORT",
                self.joins.as_ref().map_or(self.epmd.number(), |joins| joins.epmd).to_string(),
            )
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("HOME", self.home());
    }
}

impl Program for RabbitMq {
    fn kind(&self) -> ServerKind {
        ServerKind::RabbitMq
    }

    fn prepare(&self) -> Result<()> {
        for folder in ["home", "mnesia", "log"] {
            let path = self.dir.join(folder);
            fs::create_dir_all(&path).map_err(Error::io("cannot create RabbitMQ's folder", &path))?;
        }
        for (name, text) in [("enabled_plugins", "[].\n".to_owned()), ("rabbitmq.conf", self.configuration())]
        {
            let path = self.dir.join(name);
            fs::write(&path, text).map_err(Error::io("cannot write RabbitMQ's configuration", &path))?;
        }
        Ok(())
    }

    /// If no epmd answers, the node would start one of its own and leave it behind as a daemon.
    fn companion(&self) -> Option<Command> {
        if self.joins.is_some() {
            return None;
        }
        let mut command = Command::new(on_path("epmd")?);
        command.current_dir(&self.dir);
        self.epmd_environment(&mut command);
        Some(command)
    }

    fn command(&self) -> Result<Command> {
        let script = installed().ok_or_else(|| {
            Error::new("RabbitMQ is not installed")
                .at(SCRIPT)
                .hint("install the Debian package rabbitmq-server")
        })?;
        let mut command = Command::new(script);
        self.epmd_environment(&mut command);
        command
            .current_dir(&self.dir)
            .env("RABBITMQ_NODENAME", self.name())
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.amqp.number().to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution.number().to_string())
            .env("RABBITMQ_MNESIA_BASE", self.dir.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", self.dir.join("log"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.dir.join("enabled_plugins"))
            .env("RABBITMQ_PID_FILE", self.dir.join("pid"))
            .env("RABBITMQ_CONFIG_FILE", self.dir.join("rabbitmq.conf"))
            // The machine's own configuration in /etc must not reach this node.
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", self.dir.join("advanced.config"))
            .env("RABBITMQ_CONF_ENV_FILE", self.dir.join("rabbitmq-env.conf"))
            .env("ERL_CRASH_DUMP", self.dir.join("erl_crash.dump"))
            // The schedulers must not spin while idle: the servers share the machine with the tested program.
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
            )
            // With this, the script replaces itself by the Erlang VM instead of staying as its parent, so that signals
            // reach the VM.
            .env("RUNNING_UNDER_SYSTEMD", "true");
        Ok(command)
    }

    fn control(&self) -> Option<Command> {
        let script = PathBuf::from(CONTROL);
        let mut command = Command::new(if script.is_file() { script } else { on_path("rabbitmqctl")? });
        self.epmd_environment(&mut command);
        command
            .current_dir(&self.dir)
            .env("RABBITMQ_CONF_ENV_FILE", self.dir.join("rabbitmq-env.conf"))
            .args(["--node", &self.name(), "--quiet"]);
        Some(command)
    }

    /// The broker answers a protocol header with Connection.Start.
    fn probe(&self) -> std::result::Result<(), String> {
        let mut stream =
            TcpStream::connect(("127.0.0.1", self.amqp.number())).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).map_err(|error| error.to_string())?;
        stream.write_all(b"AMQP\0\0\x09\x01").map_err(|error| error.to_string())?;
        let mut frame = [0; 11];
        stream.read_exact(&mut frame).map_err(|error| format!("no AMQP frame yet: {error}"))?;
        if frame[0] == 1 && frame[7..] == CONNECTION_START {
            Ok(())
        } else {
            Err(format!("not an AMQP 0-9-1 broker: {frame:?}"))
        }
    }

    fn use_tls(&self, tls: Option<ServerTls>) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
    }

    fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp.number())
    }

    fn log(&self) -> &Path {
        &self.log
    }

    fn ports(&self) -> Vec<u16> {
        vec![self.amqp.number(), self.distribution.number(), self.epmd.number(), self.encrypted.number()]
    }
}
