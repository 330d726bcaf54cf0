//! A private server that speaks `MongoDB`'s protocol: `mongod` if it is on the PATH, otherwise the
//! [stand-in](crate::stand_in). By default either one appears as a replica set of one member, so that transactions
//! work.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::op_msg::{self, Value, document};
use crate::ports::Port;
use crate::program::{Program, ServerKind, on_path};
use crate::stand_in::Edition;
use crate::{Error, Result, ServerTls};

/// The name of the replica set of one.
const REPLICA_SET: &str = "beds";

/// `replSetInitiate` on a set that already is one.
const ALREADY_INITIALIZED: i32 = 23;

/// Which server it is.
#[derive(Debug)]
pub(crate) enum Flavor {
    Mongod(PathBuf),
    StandIn(Edition),
}

impl Flavor {
    /// `mongod` if it is installed, else this edition of the stand-in.
    pub(crate) fn choose(edition: Edition) -> Self {
        on_path("mongod").map_or(Self::StandIn(edition), Self::Mongod)
    }

    /// Whether the server is installed.
    pub(crate) fn is_there(&self) -> Result<bool> {
        match self {
            Self::Mongod(_) => Ok(true),
            Self::StandIn(edition) => edition.is_installed(),
        }
    }

    /// Installs it unless it is there.
    pub(crate) fn ensure(&self) -> Result<()> {
        match self {
            Self::Mongod(_) => Ok(()),
            Self::StandIn(edition) => edition.ensure(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct MongoDb {
    dir: PathBuf,
    log: PathBuf,
    port: Port,
    flavor: Flavor,
    /// Whether the server is not a replica set.
    standalone: bool,
    tls: Mutex<Option<ServerTls>>,
}

impl MongoDb {
    pub(crate) fn new(dir: &Path, log: PathBuf, port: Port, flavor: Flavor, standalone: bool) -> Self {
        Self { dir: dir.to_owned(), log, port, flavor, standalone, tls: Mutex::default() }
    }

    /// One folder for each kind of server: they cannot read each other's files.
    fn data(&self) -> PathBuf {
        self.dir.join(match &self.flavor {
            Flavor::Mongod(_) => "mongod",
            Flavor::StandIn(edition) => edition.folder(),
        })
    }

    fn tls(&self) -> Option<ServerTls> {
        self.tls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a fresh `mongod` a replica set of one; it then elects itself.
    fn initiate(&self) -> std::result::Result<(), String> {
        let member = document([
            ("_id", Value::Integer(0)),
            ("host", Value::Text(format!("127.0.0.1:{}", self.port.number()))),
        ]);
        let configuration =
            document([("_id", Value::Text(REPLICA_SET.to_owned())), ("members", Value::Array(vec![member]))]);
        let reply = op_msg::command(self.port.number(), "replSetInitiate", configuration)
            .map_err(|error| error.to_string())?;
        if reply.is("ok") || reply.get("code") == Some(&Value::Integer(ALREADY_INITIALIZED)) {
            return Ok(());
        }
        Err(reply.text("errmsg").unwrap_or("replSetInitiate failed").to_owned())
    }
}

impl Program for MongoDb {
    fn kind(&self) -> ServerKind {
        ServerKind::MongoDb
    }

    fn prepare(&self) -> Result<()> {
        let data = self.data();
        fs::create_dir_all(&data).map_err(Error::io("cannot create MongoDB's data folder", &data))
    }

    fn command(&self) -> Result<Command> {
        let tls = self.tls();
        let mut command = match &self.flavor {
            Flavor::Mongod(program) => {
                let mut command = Command::new(program);
                command.arg("--port").arg(self.port.number().to_string()).arg("--dbpath").arg(self.data());
                command.args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"]);
                if !self.standalone {
                    command.args(["--replSet", REPLICA_SET]);
                }
                if let Some(ServerTls { cert, key, client_ca }) = &tls {
                    // One file with both. With `preferTLS` the server still accepts plain text.
                    let both = self.dir.join("tls.pem");
                    let text = [cert, key].map(fs::read).into_iter().collect::<std::io::Result<Vec<_>>>();
                    text.and_then(|text| fs::write(&both, text.concat()))
                        .map_err(Error::io("cannot write MongoDB's certificate", &both))?;
                    command.args(["--tlsMode", "preferTLS", "--tlsCertificateKeyFile"]).arg(both);
                    if let Some(authority) = client_ca {
                        command.arg("--tlsCAFile").arg(authority);
                    }
                }
                command
            }
            Flavor::StandIn(edition) => {
                let mut command = edition.command(self.port.number(), &self.data())?;
                if self.standalone {
                    command.arg("--standalone");
                }
                if let Some(ServerTls { cert, key, client_ca }) = &tls {
                    command.arg("--tls-cert-file").arg(cert).arg("--tls-key-file").arg(key);
                    if let Some(authority) = client_ca {
                        command.arg("--tls-ca-file").arg(authority).arg("--tls-require-client-cert");
                    }
                }
                command
            }
        };
        command.current_dir(&self.dir);
        Ok(command)
    }

    fn probe(&self) -> std::result::Result<(), String> {
        // With TLS the stand-in accepts only TLS, which this crate does not speak. It opens its port last.
        if matches!(self.flavor, Flavor::StandIn(_)) && self.tls().is_some() {
            let connected = TcpStream::connect(("127.0.0.1", self.port.number()));
            return connected.map(drop).map_err(|error| error.to_string());
        }
        let hello = op_msg::command(self.port.number(), "hello", Value::Integer(1))
            .map_err(|error| error.to_string())?;
        if hello.is("isWritablePrimary") {
            return Ok(());
        }
        if matches!(self.flavor, Flavor::Mongod(_)) && hello.text("setName").is_none() {
            self.initiate()?;
        }
        Err("it is not the primary of its replica set yet".to_owned())
    }

    fn use_tls(&self, tls: Option<ServerTls>) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = tls;
    }

    fn url(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port.number())
    }

    fn log(&self) -> &Path {
        &self.log
    }

    fn ports(&self) -> Vec<u16> {
        vec![self.port.number()]
    }
}
