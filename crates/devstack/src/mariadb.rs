//! A private `MariaDB`: TCP on the loopback interface, root without a password, without the machine's configuration
//! files.
//!
//! `mariadb-install-db` makes the data folder each time, which takes half a second. Copying a ready-made one would take
//! 0.2 s: not worth a template in the cache that could become outdated.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::unistd::Uid;

use crate::ports::Port;
use crate::program::{Program, ServerKind, on_path};
use crate::{Error, Result, ServerTls};

#[derive(Debug)]
pub(crate) struct MariaDb {
    dir: PathBuf,
    log: PathBuf,
    port: Port,
    /// The number of this server among those that replicate.
    number: Option<usize>,
    tls: Mutex<Option<ServerTls>>,
}

/// Every server that replicates is a replica until it is promoted, also when it comes back. A commit waits until a
/// replica has it. If a server dies before it has sent a transaction to a replica, it rolls the transaction back when
/// it comes again.
const REPLICATION: [&str; 12] = [
    "--log-bin=binlog",
    "--relay-log=relay",
    "--log-slave-updates",
    "--gtid-strict-mode=1",
    "--sync-binlog=1",
    "--read-only=1",
    "--skip-slave-start",
    "--slave-net-timeout=5",
    "--init-rpl-role=SLAVE",
    "--rpl-semi-sync-slave-enabled=1",
    "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
    "--rpl-semi-sync-master-timeout=10000",
];

/// The server program, if it and its companions are installed.
pub(crate) fn installed() -> Option<PathBuf> {
    on_path("mariadb-install-db")?;
    on_path("mariadb")?;
    on_path("mariadbd")
}

impl MariaDb {
    pub(crate) fn new(dir: &Path, log: PathBuf, port: Port, number: Option<usize>) -> Self {
        Self { dir: dir.to_owned(), log, port, number, tls: Mutex::default() }
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The server's own folder: a server that starts removes every `#sql*` file from its folder of temporary files,
    /// including those of another running server.
    fn temporary(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    fn missing(program: &str) -> Error {
        Error::new(format!("`{program}` is not installed")).hint("install the Debian package mariadb-server")
    }
}

/// The server refuses to run as root unless told so by name.
fn as_root(command: &mut Command) {
    if Uid::effective().is_root() {
        command.arg("--user=root");
    }
}

impl Program for MariaDb {
    fn kind(&self) -> ServerKind {
        ServerKind::MariaDb
    }

    fn prepare(&self) -> Result<()> {
        let complete = self.dir.join("installed");
        if complete.exists() {
            return Ok(());
        }
        let data = self.data();
        // The remains of an interrupted attempt are of no use.
        if data.exists() {
            fs::remove_dir_all(&data).map_err(Error::io("cannot remove a half-made data folder", &data))?;
        }
        fs::create_dir_all(&data).map_err(Error::io("cannot create MariaDB's data folder", &data))?;
        let temporary = self.temporary();
        fs::create_dir_all(&temporary)
            .map_err(Error::io("cannot create MariaDB's folder of temporary files", &temporary))?;
        let mut command =
            Command::new(on_path("mariadb-install-db").ok_or_else(|| Self::missing("mariadb-install-db"))?);
        command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        command.arg(format!("--datadir={}", data.display()));
        command.arg(format!("--tmpdir={}", temporary.display()));
        as_root(&mut command);
        let output = command
            .output()
            .map_err(|error| Error::new(format!("cannot run mariadb-install-db: {error}")))?;
        fs::write(&self.log, [output.stdout.as_slice(), output.stderr.as_slice()].concat())
            .map_err(Error::io("cannot write MariaDB's log", &self.log))?;
        if !output.status.success() {
            return Err(Error::new(format!("mariadb-install-db failed: {}", output.status))
                .at(data.display().to_string())
                .log(&self.log, crate::log::tail(&self.log, 20)));
        }
        fs::write(&complete, "").map_err(Error::io("cannot write", &complete))
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(on_path("mariadbd").ok_or_else(|| Self::missing("mariadbd"))?);
        command
            .arg("--no-defaults")
            .arg(format!("--datadir={}", self.data().display()))
            .arg(format!("--tmpdir={}", self.temporary().display()))
            .arg(format!("--port={}", self.port.number()))
            .args([
                "--bind-address=127.0.0.1",
                // Relative to the data folder: an absolute path may exceed the 107 characters of a Unix
                // socket's name.
                "--socket=mariadb.sock",
                "--pid-file=mariadb.pid",
                "--skip-name-resolve",
                "--character-set-server=utf8mb4",
                "--max-connections=300",
                "--max-connect-errors=4294967295",
                "--innodb-buffer-pool-size=256M",
                "--innodb-flush-log-at-trx-commit=1",
                "--log-bin-trust-function-creators=1",
            ]);
        if let Some(number) = self.number {
            command.args(REPLICATION).arg(format!("--server-id={number}"));
        }
        let tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ServerTls { cert, key, client_ca }) = &*tls {
            command.arg(format!("--ssl-cert={}", cert.display())).arg(format!("--ssl-key={}", key.display()));
            command.args(client_ca.iter().map(|authority| format!("--ssl-ca={}", authority.display())));
        }
        drop(tls);
        as_root(&mut command);
        command.current_dir(&self.dir);
        Ok(command)
    }

    /// The handshake packet of protocol 10, then a statement through the client program.
    fn probe(&self) -> std::result::Result<(), String> {
        let mut stream =
            TcpStream::connect(("127.0.0.1", self.port.number())).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).map_err(|error| error.to_string())?;
        let mut packet = [0; 5];
        stream.read_exact(&mut packet).map_err(|error| format!("no handshake yet: {error}"))?;
        if packet[4] != 10 {
            return Err(format!("not a MariaDB handshake: {packet:?}"));
        }
        crate::sql::Client::parse(&self.url())
            .and_then(|client| client.query(None, "select 1"))
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn use_tls(&self, tls: Option<ServerTls>) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
    }

    fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port.number())
    }

    fn log(&self) -> &Path {
        &self.log
    }

    fn ports(&self) -> Vec<u16> {
        vec![self.port.number()]
    }
}
