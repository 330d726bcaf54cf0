//! `cargo xtask up`: servers and a node that stay up during work.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use beds_devstack::Stack;

use crate::build::{self, Profile, Wanted};
use crate::control::{self, Question};
use crate::drivers;
use crate::keeper::{Event, Keeper};
use crate::node::Node;
use crate::signals;
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
    // Declared after the stack, so that it ends before the stack.
    let start = |log: &Path| Node::start(root, &stack, log, profile == Profile::Release);
    let mut keeper = Keeper::new(state, Box::new(start));
    if !args.no_node {
        let ready = steps.run("node", || keeper.start())?;
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
    keeper.run(&events);
    println!("\nStopping; the data stays in {}.", state.stack().display());
    Ok(())
}

/// Runs `up` again as a process in its own session, and waits until it is ready.
fn detach(args: &Args, state: &State) -> Result<()> {
    state.clear();
    let log = state.up_log();
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let twin = file.try_clone().context("cannot share the log")?;
    // In its own session, neither Ctrl-C nor the end of the terminal reaches the process.
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

/// Shows the output of the background process until it has written the addresses, which is the last thing that it does.
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

/// Prints the addresses and the state of the node.
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
