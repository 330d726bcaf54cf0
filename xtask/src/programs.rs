//! Runs the test programs of the workspace, several at a time.
//!
//! `cargo test` runs one program after another. Most of ours wait for servers, for heartbeats and for time limits, so
//! that one program leaves the cores idle for more than half of its time.

use std::{
    fs::{self, File},
    io::{self, Write},
    iter,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{Artifact, Message, TargetKind};

use crate::workspace::{cargo, target};

/// How many programs run at a time.
const PROGRAMS: usize = 2;
/// How many tests of a program run at a time, unless `RUST_TEST_THREADS` says otherwise.
const THREADS: &str = "2";

/// A test program.
#[derive(Debug)]
pub(crate) struct Program {
    executable: PathBuf,
    /// The folder of its package, where it runs.
    package: PathBuf,
    /// Its source file, for people.
    source: PathBuf,
    is_unit: bool,
}

impl Program {
    fn of(artifact: Artifact) -> Option<Self> {
        let executable = artifact.executable.filter(|_| artifact.profile.test)?;
        let package = artifact.manifest_path.parent()?;
        let is_unit = !artifact.target.kind.contains(&TargetKind::Test);
        Some(Self {
            executable: executable.into(),
            package: package.into(),
            source: artifact.target.src_path.into(),
            is_unit,
        })
    }

    /// The line by which `cargo test` announces a program.
    fn title(&self, root: &Path) -> String {
        let source = self.source.strip_prefix(root).unwrap_or(&self.source);
        let executable = self.executable.strip_prefix(root).unwrap_or(&self.executable);
        format!("     Running {} ({})", source.display(), executable.display())
    }

    /// Runs the program. Returns whether its tests passed.
    fn run(&self, output: &Path) -> Result<bool> {
        let written = File::create(output).with_context(|| format!("cannot write {}", output.display()))?;
        let mut command = Command::new(&self.executable);
        command.current_dir(&self.package).env("CARGO_MANIFEST_DIR", &self.package);
        if std::env::var_os("RUST_TEST_THREADS").is_none() {
            command.env("RUST_TEST_THREADS", THREADS);
        }
        command.stdin(Stdio::null()).stdout(written.try_clone()?).stderr(written);
        let status =
            command.status().with_context(|| format!("cannot start {}", self.executable.display()))?;
        Ok(status.success())
    }
}

/// Builds the test programs. The ones that take long are first: those that start servers.
pub(crate) fn build(root: &Path, options: &[String]) -> Result<Vec<Program>> {
    let mut command = cargo(root);
    command
        .args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"])
        .args(options);
    let mut building = command.stdout(Stdio::piped()).spawn().context("cannot start `cargo test`")?;
    let messages = building.stdout.take().context("`cargo test` has no output")?;
    let mut programs = Vec::new();
    for message in Message::parse_stream(io::BufReader::new(messages)) {
        if let Message::CompilerArtifact(artifact) = message.context("`cargo test` writes no messages")? {
            programs.extend(Program::of(artifact));
        }
    }
    let status = building.wait()?;
    ensure!(status.success(), "the tests cannot be built: {status}");
    ensure!(!programs.is_empty(), "`cargo test` names no test program");
    // Cargo reports programs in the order in which they were built, which differs from run to run.
    programs.sort_by(|one, other| (one.is_unit, &one.source).cmp(&(other.is_unit, &other.source)));
    Ok(programs)
}

/// Runs all programs, and prints the output of each when it ends. After a failure, no further one starts, unless all
/// shall run.
///
/// # Errors
/// A program could not run, or has tests that failed.
pub(crate) fn run(root: &Path, programs: &[Program], wants_all: bool) -> Result<()> {
    let outputs = target(root).join("test-output");
    fs::create_dir_all(&outputs).with_context(|| format!("cannot create {}", outputs.display()))?;
    let waiting = Mutex::new(programs.iter());
    let failed = Mutex::new(Vec::new());
    let stops = AtomicBool::new(false);
    let work_off = || -> Result<()> {
        while !stops.load(Ordering::Relaxed) {
            let Some(program) = waiting.lock().unwrap_or_else(PoisonError::into_inner).next() else { break };
            let name = program.executable.file_name().unwrap_or_default();
            let output = outputs.join(name).with_extension("txt");
            writeln!(io::stdout().lock(), "    Starting {}", program.executable.display())?;
            let began = Instant::now();
            let passed = program.run(&output)?;
            if !passed {
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(program.title(root));
                stops.store(!wants_all, Ordering::Relaxed);
            }
            // One lock for all of it, so that the outputs of two programs never mix.
            let mut out = io::stdout().lock();
            writeln!(out, "{}", program.title(root))?;
            io::copy(&mut File::open(&output)?, &mut out)?;
            writeln!(out, "      program ended after {:.1} s", began.elapsed().as_secs_f32())?;
        }
        Ok(())
    };
    let work = || work_off().inspect_err(|_| stops.store(true, Ordering::Relaxed));
    let ended = thread::scope(|scope| {
        let workers: Vec<_> = iter::repeat_with(|| scope.spawn(work)).take(PROGRAMS).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failed.is_empty() {
        return ended;
    }
    let failed = format!("tests failed in:\n{}", failed.join("\n"));
    match ended {
        Ok(()) => bail!(failed),
        Err(error) => Err(error.context(failed)),
    }
}
