//! The three servers together: which of them, where their data lies, and how they all end.

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

/// Running servers. Dropping it ends them, and removes their folder unless the folder was given.
#[derive(Debug)]
pub struct Stack {
    /// Of each kind, at least one.
    pub(crate) servers: [Vec<Server>; 3],
    /// Which `MariaDB` server takes the writes.
    pub(crate) primary: AtomicUsize,
    pub(crate) home: Home,
    pub(crate) id: String,
    pub(crate) watchdog: Watchdog,
}

/// Where the data lies.
#[derive(Debug)]
pub(crate) enum Home {
    Temporary(TempDir),
    /// Given and kept; the lock keeps a second stack out.
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

    /// All servers of its cluster, itself first.
    pub fn rabbitmqs(&self) -> &[Server] {
        &self.servers[ServerKind::RabbitMq as usize]
    }

    /// The SQL database's server that takes the writes.
    pub fn mariadb(&self) -> &Server {
        &self.mariadbs()[self.primary.load(Ordering::Relaxed)]
    }

    /// That server and its replicas, in the order in which they were started first.
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

    /// Where the data and the logs lie.
    pub fn dir(&self) -> &Path {
        self.home.path()
    }

    /// The same, where it ends with the stack.
    pub(crate) fn temporary(&self) -> Option<&Path> {
        match &self.home {
            Home::Temporary(dir) => Some(dir.path()),
            Home::Kept { .. } => None,
        }
    }

    /// Runs a `.sql` file, DELIMITER included, in a database or outside of any.
    ///
    /// # Errors
    /// When the file cannot be read or a statement fails: with file, line and the server's message.
    pub fn mariadb_exec(&self, database: Option<&str>, sql: &Path) -> Result<()> {
        Client::parse(&self.mariadb_url())?.file(database, sql).map(drop)
    }

    /// Runs statements and returns their rows as lines, fields separated by tabs.
    ///
    /// # Errors
    /// When a statement fails.
    pub fn mariadb_query(&self, database: Option<&str>, sql: &str) -> Result<String> {
        Client::parse(&self.mariadb_url())?.query(database, sql)
    }

    /// Ties a process that the caller is about to start to this stack: it gets a process group of its own
    /// (the terminal's Ctrl-C misses it) and is killed with the stack, even if the caller itself is killed
    /// before.
    pub fn adopt<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(MARKER, &self.id).process_group(0)
    }

    /// The next start in the same folder prefers the same ports, so that addresses written down stay right.
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
        // Data that is thrown away need not be flushed first.
        let orderly = matches!(self.home, Home::Kept { .. });
        std::thread::scope(|scope| {
            for server in self.servers.iter().flatten() {
                scope.spawn(move || server.end(orderly));
            }
        });
        kill_marked(&self.id);
        if let Home::Temporary(dir) = &self.home {
            // Only a name that TempDir will not find again; errors have no one to go to here.
            let _ = fs::remove_dir_all(dir.path());
        }
        self.watchdog.dismiss();
    }
}
