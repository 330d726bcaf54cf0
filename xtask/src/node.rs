//! Configures and starts a node against a stack, and knows when it is ready.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use beds_devstack::{Stack, free_port};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::build::{Profile, program};

/// The databases that the demo's templates name, by engine.
const MARIADB_DATABASES: [&str; 1] = ["catalog"];
const MONGODB_DATABASES: [&str; 2] = ["logs", "journal"];

const READY_PATIENCE: Duration = Duration::from_mins(1);
/// Longer than a node needs to finish what it has taken.
const STOP_PATIENCE: Duration = Duration::from_secs(35);
const POLL: Duration = Duration::from_millis(50);
const LOG_TAIL: usize = 20;

/// The configuration of a node, as environment variables.
pub(crate) fn node_env(stack: &Stack) -> Vec<(String, String)> {
    let mut variables =
        vec![("BEDS_ENV".to_owned(), "dev".to_owned()), ("BEDS__AMQP__URL".to_owned(), stack.amqp_url())];
    for name in MARIADB_DATABASES {
        let url = format!("{}/{name}", stack.mariadb_url());
        variables.push((format!("BEDS__MARIADB__{}__URL", name.to_uppercase()), url));
    }
    for name in MONGODB_DATABASES {
        variables.push((format!("BEDS__MONGODB__{}__URL", name.to_uppercase()), stack.mongodb_url()));
    }
    variables
}

/// A running node. Dropping it ends it in an orderly way; it never outlives its stack.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
    log: PathBuf,
    /// Where it answers `GET /ready`.
    pub(crate) health: SocketAddr,
}

impl Node {
    /// Starts the built program and returns when it is ready.
    pub(crate) fn start(root: &Path, stack: &Stack, log: &Path, release: bool) -> Result<Self> {
        let mut command = Command::new(program(root, Profile::new(release), "beds"));
        command.current_dir(root);
        Self::start_command(command, stack, log)
    }

    /// Starts this program as a node and returns when it is ready.
    pub(crate) fn start_command(mut command: Command, stack: &Stack, log: &Path) -> Result<Self> {
        let health = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let twin = file.try_clone().context("cannot share the node's log")?;
        command
            .arg("node")
            .envs(node_env(stack))
            .env("BEDS__NODE__HEALTH", health.to_string())
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(twin);
        let child = stack
            .adopt(&mut command)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let mut node = Self { child, log: log.to_owned(), health };
        node.await_ready()?;
        Ok(node)
    }

    fn await_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_PATIENCE;
        while !is_ready(self.health) {
            self.check()?;
            if Instant::now() > deadline {
                bail!("the node is not ready after {} s{}", READY_PATIENCE.as_secs(), self.tail());
            }
            sleep(POLL);
        }
        Ok(())
    }

    /// An error if the node has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.ended() {
            Some(status) => bail!("the node ended: {status}{}", self.tail()),
            None => Ok(()),
        }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n  | ");
        format!("; the end of {}:\n  | {last}", self.log.display())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id())
            && self.ended().is_none()
        {
            // Fails only when it has just ended by itself.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let deadline = Instant::now() + STOP_PATIENCE;
        while self.ended().is_none() && Instant::now() < deadline {
            sleep(POLL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether `GET /ready` is answered with status 200.
fn is_ready(health: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let patience = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&health, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(
            format!("GET /ready HTTP/1.1\r\nHost: {health}\r\nConnection: close\r\n\r\n").as_bytes(),
        )?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.starts_with(b"HTTP/1.") && head.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use beds_devstack::Stack;

    use super::{Command, Node, Path, is_ready};

    fn answer(status: &'static str) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
        });
        let ready = is_ready(address);
        server.join().unwrap();
        ready
    }

    /// Stands for the node: answers its readiness endpoint, and ends on SIGTERM with a word in its log.
    const STAND_IN: &str = r#"
import http.server, os, signal, sys
def end(*_):
    print("drained", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 404)
        self.end_headers()
assert sys.argv[1:] == ["node"] and os.environ["BEDS__AMQP__URL"]
host, port = os.environ["BEDS__NODE__HEALTH"].split(":")
http.server.HTTPServer((host, int(port)), Ready).serve_forever()
"#;

    /// Not an executable file: one just written may still be open in a process that another test forks.
    fn script(interpreter: &str, text: &str, dir: &Path) -> Command {
        let path = dir.join("script");
        std::fs::write(&path, text).unwrap();
        let mut command = Command::new(interpreter);
        command.arg(path);
        command
    }

    #[test]
    fn a_node_is_awaited_and_ended_in_an_orderly_way() {
        let stack = Stack::builder().mongodb().ignore_environment().start().unwrap();
        let log = stack.dir().join("node.log");
        let mut node =
            Node::start_command(script("/usr/bin/python3", STAND_IN, stack.dir()), &stack, &log).unwrap();
        node.check().unwrap();
        assert!(is_ready(node.health));
        drop(node);
        assert!(std::fs::read_to_string(&log).unwrap().contains("drained"));
    }

    #[test]
    fn a_node_that_ends_at_once_is_an_error_with_its_log() {
        let stack = Stack::builder().mongodb().ignore_environment().start().unwrap();
        let command = script("sh", "echo no configuration >&2; exit 3", stack.dir());
        let error =
            Node::start_command(command, &stack, &stack.dir().join("node.log")).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("no configuration"), "{error}");
    }

    #[test]
    fn ready_means_status_200() {
        assert!(answer("200 OK"));
        assert!(!answer("503 Service Unavailable"));
        assert!(!is_ready(([127, 0, 0, 1], 1).into()), "nothing listens there");
    }
}
