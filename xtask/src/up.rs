//! `cargo xtask up`: servers and a node that stay up while one works.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use beds_devstack::Stack;

use crate::build::{self, Profile, Wanted};
use crate::control::{self, Caller, Question};
use crate::drivers;
use crate::node::Node;
use crate::signals::{self, CHECK};
use crate::state::State;
use crate::steps::Steps;
use crate::workspace::root;

const POLL: Duration = Duration::from_millis(100);

/// Starts servers with the demo's schema and a node, and keeps them running until Ctrl-C.
///
/// The data lies in `.beds/` and is there again next time. The servers' addresses are printed and written to
/// `.beds/stack.env` as `AMQP_URL`, `MARIADB_URL` and `MONGODB_URL`; with `set -a; . .beds/stack.env` other
/// programs, tests included, use these servers. `cargo xtask reload` brings in changed templates and schema. The
/// servers stay up when the node ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave everything running in the background; `cargo xtask down` ends it
    #[arg(long)]
    detach: bool,
    /// Build and run the node with optimizations
    #[arg(long)]
    release: bool,
    /// Only the servers and the schema, without a node
    #[arg(long)]
    no_node: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = root()?;
    let state = State::new(&root)?;
    if state.is_up()? {
        println!("It is already up; `cargo xtask reload` brings in changes, `cargo xtask down` ends it.");
        return show_status(&state);
    }
    if args.detach { detach(args, &state) } else { foreground(args, &root, &state) }
}

fn foreground(args: &Args, root: &Path, state: &State) -> Result<()> {
    let Some(_lock) = state.lock()? else { bail!("another `cargo xtask up` has just started") };
    state.clear();
    let profile = Profile::new(args.release);
    state.write_pid(profile)?;
    let result = serve(args, root, state, profile);
    state.clear();
    result
}

fn serve(args: &Args, root: &Path, state: &State, profile: Profile) -> Result<()> {
    let builder = Stack::builder().dir(state.stack())?;
    let mut steps = Steps::new(if args.no_node { 2 } else { 3 });
    let (title, wanted) = if args.no_node {
        ("servers", Wanted::Drivers)
    } else {
        ("the node and its servers, side by side", Wanted::NodeAndDrivers)
    };
    let stack = steps.run(title, || build::beside_servers(root, profile, wanted, &[], builder))?;
    let addresses = drivers::addresses(&stack);
    steps.run("schema: tables, views, procedures, validators", || {
        drivers::apply_schema(root, profile, &addresses)
    })?;
    // Declared after the stack, so it ends before it.
    let mut up = Up { root, state, stack: &stack, profile, node: None };
    if !args.no_node {
        let ready = steps.run("node", || up.start())?;
        println!("{ready}");
    }
    let (sender, events) = mpsc::channel();
    signals::listen(sender.clone(), || Event::End)?;
    control::listen(state.dir(), sender, Event::Asked)?;
    state.write_env(&addresses)?;
    show_env(state)?;
    println!(
        "Up. `cargo xtask reload` brings in changed templates and schema; Ctrl-C or `cargo xtask down` ends it."
    );
    up.run(&events);
    println!("\nStopping; the data stays in {}.", state.stack().display());
    Ok(())
}

/// What happens to a running `up`.
#[derive(Debug)]
enum Event {
    End,
    Asked(Caller),
}

/// A running `up`.
#[derive(Debug)]
struct Up<'a> {
    root: &'a Path,
    state: &'a State,
    stack: &'a Stack,
    profile: Profile,
    /// None if it was not wanted, or has ended.
    node: Option<Node>,
}

impl Up<'_> {
    /// Answers questions and looks after the node, until somebody wants the end.
    fn run(&mut self, events: &Receiver<Event>) {
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
            Some(node) => ready(node, self.state),
            None => {
                "The servers are up; the node is not: `cargo xtask reload` builds and starts it.".to_owned()
            }
        }
    }

    /// Says so if the node has ended. The servers stay.
    fn check(&mut self) {
        if let Some(Err(error)) = self.node.as_mut().map(Node::check) {
            self.node = None;
            println!(
                "{error:#}\nThe servers stay up; `cargo xtask reload` builds the node and starts it again."
            );
        }
    }

    /// Starts the built node. Says where it is.
    fn start(&mut self) -> Result<String> {
        let log = self.state.node_log();
        let node = Node::start(self.root, self.stack, &log, self.profile == Profile::Release)?;
        let text = ready(&node, self.state);
        // The old one, if there is one, ends here: requests in its queues are the new one's now.
        self.node = Some(node);
        Ok(text)
    }

    /// Starts the built node beside the one that runs, which ends when the new one is ready.
    fn restart(&mut self) -> Result<String> {
        self.check();
        let (log, old, failed) =
            (self.state.node_log(), self.state.old_node_log(), self.state.failed_node_log());
        // The running node goes on writing to its file, whatever the name. There may be none yet.
        let _ = fs::rename(&log, &old);
        let started = self.start();
        let text = match &started {
            Ok(text) => text.clone(),
            Err(error) => {
                let _ = fs::rename(&log, &failed);
                let _ = fs::rename(&old, &log);
                let goes_on = if self.node.is_some() { "; the old one goes on" } else { "" };
                format!("the new node did not start{goes_on}: {error:#}")
            }
        };
        println!("{text}");
        started.map_err(|_| anyhow::anyhow!(text))
    }
}

fn ready(node: &Node, state: &State) -> String {
    format!("The node is ready at http://{}/ready; it logs to {}.", node.health, state.node_log().display())
}

/// Runs `up` once more as a process of its own session, and waits until it is ready.
fn detach(args: &Args, state: &State) -> Result<()> {
    state.clear();
    let log = state.up_log();
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let twin = file.try_clone().context("cannot share the log")?;
    // In a session of its own, neither Ctrl-C nor the end of the terminal reaches it.
    let mut command = Command::new("setsid");
    command.arg(std::env::current_exe().context("cannot find this program")?).arg("up");
    for (wanted, flag) in [(args.release, "--release"), (args.no_node, "--no-node")] {
        if wanted {
            command.arg(flag);
        }
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(twin)
        .spawn()
        .context("cannot start `setsid` (Debian package util-linux)")?;
    await_up(&mut child, state, &log)
}

/// Shows what the background process prints, until it has written the addresses, which is the last thing that
/// it does.
fn await_up(child: &mut Child, state: &State, log: &Path) -> Result<()> {
    let mut shown = 0;
    loop {
        let up = state.env().exists();
        let ended = child.try_wait().context("cannot watch the background process")?;
        let text = fs::read_to_string(log).unwrap_or_default();
        print!("{}", text.get(shown..).unwrap_or_default());
        shown = text.len();
        if let Some(status) = ended {
            bail!("it did not come up: {status}; {} has the details", log.display());
        }
        if up {
            println!("\nIt stays up in the background; `cargo xtask down` ends it. Log: {}", log.display());
            return Ok(());
        }
        sleep(POLL);
    }
}

/// Prints the addresses, and how the node is.
fn show_status(state: &State) -> Result<()> {
    if state.read_env()?.is_none() {
        println!("It is still starting.");
        return Ok(());
    }
    show_env(state)?;
    println!("{}", control::ask(state.dir(), Question::Status)?);
    Ok(())
}

/// Prints the addresses.
fn show_env(state: &State) -> Result<()> {
    for (name, url) in state.read_env()?.unwrap_or_default() {
        println!("{name}={url}");
    }
    Ok(())
}
