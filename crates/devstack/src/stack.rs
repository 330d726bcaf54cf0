//! The three servers together: the servers of a stack, the place of their data, and how they all end.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::process::{MARKER, kill_marked};
use crate::program::ServerKind;
use crate::sql::Client;
use crate::watchdog::Watchdog;
use crate::{Error, Result, Server};

/// Running servers. Dropping them ends them, and removes their folder unless the caller chose it.
#[derive(Debug)]
pub struct Stack {
    /// Of each kind, at least one.
    pub(crate) servers: [Vec<Server>; 3],
    /// The index of the `MariaDB` server that takes the writes.
    pub(crate) primary: AtomicUsize,
    pub(crate) home: Home,
    pub(crate) id: String,
    pub(crate) watchdog: Watchdog,
}

/// The place of the data.
#[derive(Debug)]
pub(crate) enum Home {
    Temporary(TempDir),
    /// A folder of the caller, which is kept. The lock keeps a second stack out.
    Kept {
        dir: PathBuf,
        _lock: File,
    },
}

impl Home {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Kept { dir, .. } => dir,
        }
    }
}

impl Stack {
    /// The broker.
    pub fn rabbitmq(&self) -> &Server {
        &self.servers[ServerKind::RabbitMq as usize][0]
    }

    /// All servers of the broker's cluster, the broker itself first.
    pub fn rabbitmqs(&self) -> &[Server] {
        &self.servers[ServerKind::RabbitMq as usize]
    }

    /// The `MariaDB` server that takes the writes.
    pub fn mariadb(&self) -> &Server {
        &self.mariadbs()[self.primary.load(Ordering::Relaxed)]
    }

    /// The `MariaDB` server and its replicas, in the order of their first start.
    pub fn mariadbs(&self) -> &[Server] {
        &self.servers[ServerKind::MariaDb as usize]
    }

    /// The document database.
    pub fn mongodb(&self) -> &Server {
        &self.servers[ServerKind::MongoDb as usize][0]
    }

    /// `amqp://guest:guest@127.0.0.1:PORT/%2f`
    pub fn amqp_url(&self) -> String {
        self.rabbitmq().url()
    }

    /// `mysql://root@127.0.0.1:PORT`
    pub fn mariadb_url(&self) -> String {
        self.mariadb().url()
    }

    /// `mongodb://127.0.0.1:PORT/?directConnection=true`
    pub fn mongodb_url(&self) -> String {
        self.mongodb().url()
    }

    /// The folder of the data and the logs.
    pub fn dir(&self) -> &Path {
        self.home.path()
    }

    /// The folder, if it is removed with the stack.
    pub(crate) fn temporary(&self) -> Option<&Path> {
        match &self.home {
            Home::Temporary(dir) => Some(dir.path()),
            Home::Kept { .. } => None,
        }
    }

    /// Runs a `.sql` file, including DELIMITER, in a database or outside of any.
    ///
    /// # Errors
    /// When the file cannot be read or a statement fails. The error has the file, the line and the server's message.
    pub fn mariadb_exec(&self, database: Option<&str>, sql: &Path) -> Result<()> {
        Client::parse(&self.mariadb_url())?.file(database, sql).map(drop)
    }

    /// Runs statements, and returns their rows as lines, with the fields separated by tabs.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn mariadb_query(&self, database: Option<&str>, sql: &str) -> Result<String> {
        Client::parse(&self.mariadb_url())?.query(database, sql)
    }

    /// Ties a process that the caller is about to start to this stack. The process gets its own process group (the
    /// terminal's Ctrl-C does not reach it), and is killed with the stack, even if the caller is killed before.
    pub fn adopt<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(MARKER, &self.id).process_group(0)
    }

    /// The next start in the same folder prefers the same ports, so that addresses which were written down stay valid.
    pub(crate) fn remember_ports(&self) -> Result<()> {
        let Home::Kept { dir, .. } = &self.home else { return Ok(()) };
        let mut text = String::new();
        for server in
            self.servers.iter().filter_map(|servers| servers.first()).filter(|server| server.is_own())
        {
            let ports: Vec<String> = server.ports().iter().map(u16::to_string).collect();
            text += &[server.kind().folder(), " ", &ports.join(" "), "\n"].concat();
        }
        let path = dir.join("ports");
        fs::write(&path, text).map_err(Error::io("cannot write the ports", &path))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // Data that will be deleted need not be flushed first.
        let orderly = matches!(self.home, Home::Kept { .. });
        std::thread::scope(|scope| {
            for server in self.servers.iter().flatten() {
                scope.spawn(move || server.end(orderly));
            }
        });
        kill_marked(&self.id);
        if let Home::Temporary(dir) = &self.home {
            // Renamed only so that `TempDir` does not find it again. Errors cannot be reported here.
            let _ = fs::remove_dir_all(dir.path());
        }
        self.watchdog.dismiss();
    }
}
