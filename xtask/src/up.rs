//! `cargo xtask up`: servers and a node that stay up while one works.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use beds_devstack::{Stack, schema};

use crate::node::{self, Node};
use crate::signals;
use crate::state::State;
use crate::steps::Steps;
use crate::workspace::root;

const POLL: Duration = Duration::from_millis(100);

/// Starts servers with the demo's schema and a node, and keeps them running until Ctrl-C.
///
/// The data lies in `.beds/` and is there again next time. The servers' addresses are printed and written to
/// `.beds/stack.env` as `AMQP_URL`, `MARIADB_URL` and `MONGODB_URL`; with `set -a; . .beds/stack.env` other
/// programs, tests included, use these servers.
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
        println!("It is already up; `cargo xtask down` ends it.");
        return show_env(&state);
    }
    if args.detach { detach(args, &state) } else { foreground(args, &root, &state) }
}

fn foreground(args: &Args, root: &Path, state: &State) -> Result<()> {
    let Some(_lock) = state.lock()? else { bail!("another `cargo xtask up` has just started") };
    state.clear();
    state.write_pid()?;
    let result = serve(args, root, state);
    state.clear();
    result
}

fn serve(args: &Args, root: &Path, state: &State) -> Result<()> {
    let mut steps = Steps::new(if args.no_node { 2 } else { 4 });
    let stack = steps.run("servers: RabbitMQ, MariaDB, MongoDB", || {
        Ok(Stack::builder().dir(state.stack())?.progress(|line| println!("      {line}")).start()?)
    })?;
    steps.run("schema: tables, views, procedures, validators", || {
        Ok(schema::apply(&stack, &root.join("schema"))?)
    })?;
    // Declared after the stack, so it ends before it.
    let mut node = None;
    if !args.no_node {
        steps.run("build", || node::build(root, args.release))?;
        let log = state.node_log();
        let ready = steps.run("node", || Node::start(root, &stack, &log, args.release))?;
        println!("The node is ready at http://{}/ready; it logs to {}.", ready.health, log.display());
        node = Some(ready);
    }
    write_env(state, &stack)?;
    show_env(state)?;
    println!("Up. Ctrl-C or `cargo xtask down` ends it.");
    signals::wait(|| node.as_mut().map_or(Ok(()), Node::check))?;
    println!("\nStopping; the data stays in {}.", state.stack().display());
    Ok(())
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

fn write_env(state: &State, stack: &Stack) -> Result<()> {
    let text = format!(
        "AMQP_URL={}\nMARIADB_URL={}\nMONGODB_URL={}\n",
        stack.amqp_url(),
        stack.mariadb_url(),
        stack.mongodb_url()
    );
    // Others wait for this file: it appears whole or not at all.
    let (path, draft) = (state.env(), state.env().with_extension("draft"));
    fs::write(&draft, text).with_context(|| format!("cannot write {}", draft.display()))?;
    fs::rename(&draft, &path).with_context(|| format!("cannot write {}", path.display()))
}

/// Prints the addresses.
fn show_env(state: &State) -> Result<()> {
    let path = state.env();
    match fs::read_to_string(&path) {
        Ok(text) => print!("{text}"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => println!("It is still starting."),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    Ok(())
}
