//! Keeps the node of a running `cargo xtask up`: checks it, replaces it, and outlives it.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use anyhow::{Result, anyhow};

use crate::control::{Caller, Question};
use crate::node::Node;
use crate::signals::CHECK;
use crate::state::State;

/// What happens to a running `up`.
#[derive(Debug)]
pub(crate) enum Event {
    End,
    Asked(Caller),
}

/// Starts the built node, which logs to this file.
type Start<'a> = Box<dyn Fn(&Path) -> Result<Node> + 'a>;

/// Keeps the node.
pub(crate) struct Keeper<'a> {
    state: &'a State,
    start_node: Start<'a>,
    /// None before the first start, and after its end.
    node: Option<Node>,
}

impl fmt::Debug for Keeper<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("node", &self.node).finish_non_exhaustive()
    }
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(state: &'a State, start_node: Start<'a>) -> Self {
        Self { state, start_node, node: None }
    }

    /// Answers questions and checks the node, until somebody asks for the end.
    pub(crate) fn run(&mut self, events: &Receiver<Event>) {
        loop {
            match events.recv_timeout(CHECK) {
                Ok(Event::Asked(caller)) => {
                    let answer = match caller.question {
                        Question::Status => Ok(self.status()),
                        Question::Restart => self.restart(),
                    };
                    caller.answer(&answer);
                }
                Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => self.check(),
            }
        }
    }

    fn status(&mut self) -> String {
        self.check();
        match &self.node {
            Some(node) => self.ready(node),
            None => {
                "The servers are up; the node is not: `cargo xtask reload` builds and starts it.".to_owned()
            }
        }
    }

    fn ready(&self, node: &Node) -> String {
        let log = self.state.node_log();
        format!("The node is ready at http://{}/ready; it logs to {}.", node.health, log.display())
    }

    /// Reports that the node has ended. The servers continue to run.
    fn check(&mut self) {
        if let Some(Err(error)) = self.node.as_mut().map(Node::check) {
            self.node = None;
            println!(
                "{error:#}\nThe servers stay up; `cargo xtask reload` builds the node and starts it again."
            );
        }
    }

    /// Starts the built node. If another node runs, it ends when the new one is ready. Returns the new node's address.
    pub(crate) fn start(&mut self) -> Result<String> {
        let node = (self.start_node)(&self.state.node_log())?;
        let text = self.ready(&node);
        self.node = Some(node);
        Ok(text)
    }

    /// [`Keeper::start`], but keeps the log of the previous node. If the new node does not start, the old one
    /// continues.
    fn restart(&mut self) -> Result<String> {
        self.check();
        let (log, old, failed) =
            (self.state.node_log(), self.state.old_node_log(), self.state.failed_node_log());
        // The running node continues to write to its file under the new name. There may be no file yet.
        let _ = fs::rename(&log, &old);
        let answer = self.start().map_err(|error| {
            let _ = fs::rename(&log, &failed);
            let _ = fs::rename(&old, &log);
            let goes_on = if self.node.is_some() { "; the old one goes on" } else { "" };
            anyhow!("the new node did not start{goes_on}: {error:#}")
        });
        match &answer {
            Ok(text) => println!("{text}"),
            Err(error) => println!("{error:#}"),
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use beds_devstack::Stack;

    use super::{Keeper, State};
    use crate::node::Node;

    /// A substitute for the node: answers the readiness endpoint.
    const STAND_IN: &str = "
import http.server, os
class Ready(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
        if self.path == '/end':
            os._exit(9)
host, port = os.environ['BEDS__NODE__HEALTH'].split(':')
print('serving', flush=True)
http.server.HTTPServer((host, int(port)), Ready).serve_forever()
";

    fn end(node: &Node) {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(node.health).unwrap();
        stream.write_all(b"GET /end HTTP/1.0\r\n\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }

    #[test]
    fn a_node_is_exchanged_only_for_one_that_starts_and_its_end_is_said() {
        let root = tempfile::tempdir().unwrap();
        let state = State::new(root.path()).unwrap();
        let stack = Stack::builder().mariadb().ignore_environment().start().unwrap();
        let works = Cell::new(true);
        let start = |log: &Path| {
            let mut command = Command::new(if works.get() { "/usr/bin/python3" } else { "sh" });
            command.arg("-c").arg(if works.get() { STAND_IN } else { "echo broken; exit 3" });
            Node::start_command(command, &stack, log)
        };
        let mut keeper = Keeper::new(&state, Box::new(start));
        assert!(keeper.status().contains("the node is not"), "{}", keeper.status());
        // There is no node yet, and so no old log.
        keeper.restart().unwrap();
        let first = keeper.node.as_ref().unwrap().health;
        works.set(false);
        let error = keeper.restart().unwrap_err().to_string();
        assert!(error.contains("the old one goes on") && error.contains("exit status: 3"), "{error}");
        assert!(keeper.status().contains(&first.to_string()), "{}", keeper.status());
        assert_eq!(fs::read_to_string(state.failed_node_log()).unwrap(), "broken\n");
        assert!(fs::read_to_string(state.node_log()).unwrap().contains("serving"));
        works.set(true);
        assert!(!keeper.restart().unwrap().contains(&first.to_string()));
        end(keeper.node.as_ref().unwrap());
        let deadline = Instant::now() + Duration::from_secs(20);
        while !keeper.status().contains("the node is not") {
            assert!(Instant::now() < deadline, "{}", keeper.status());
        }
        assert!(stack.mariadb().is_running());
    }
}
