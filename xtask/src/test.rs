//! `cargo xtask test`: installs and builds everything that the tests need, then runs the tests.

use std::path::Path;

use anyhow::Result;
use beds_devstack::{ensure_servers, packages::ensure_packages};

use crate::faults;
use crate::programs;
use crate::steps::Steps;
use crate::workspace::{self, cargo, root};

/// How many tests of a program run at a time if the programs run one after another. The tests start their own servers,
/// and wait for them: with two tests at a time, two cores are idle for a third of the time or more.
const THREADS: &str = "3";

/// Options that leave out no test.
const OF_CARGO: &[&str] = &["--frozen", "--locked", "--offline", "--release"];

/// Another one, which is ours when all tests run.
const NO_FAIL_FAST: &str = "--no-fail-fast";

/// Installs what the tests need, builds everything, and runs all tests.
///
/// The tests need RabbitMQ, MariaDB and a MongoDB-compatible server, which they start privately; the Debian
/// package iso-codes for its reference data; and python3-pika for a client in another language. What is
/// missing is installed first, with a word about it.
///
/// Without a filter, two test programs run at a time. The output of each is shown when it ends, and stays in
/// target/test-output.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Passed on to `cargo test --workspace`: options, a filter, and after `--` options of the test programs
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    rest: Vec<String>,
}

impl Args {
    /// clap swallows a first `--`, which cargo needs to see.
    fn for_cargo(&self, raw: impl Iterator<Item = String>) -> Vec<String> {
        let raw: Vec<String> = raw.collect();
        let separated = raw.iter().rposition(|word| word == "test").and_then(|at| raw.get(at + 1));
        let swallowed =
            separated.is_some_and(|word| word == "--") && self.rest.first().is_none_or(|word| word != "--");
        swallowed.then(|| "--".to_owned()).into_iter().chain(self.rest.iter().cloned()).collect()
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = root()?;
    let rest = args.for_cargo(std::env::args());
    let is_whole = rest.iter().all(|word| OF_CARGO.contains(&word.as_str()) || word == NO_FAIL_FAST);
    let mut steps = Steps::new(if is_whole { 7 } else { 4 });
    if is_whole { whole(&root, &mut steps, rest) } else { selected(&root, &mut steps, &rest) }
}

fn install(steps: &mut Steps) -> Result<()> {
    steps
        .run("packages: iso-codes, python3-pika", || Ok(ensure_packages(&["iso-codes", "python3-pika"])?))?;
    steps.run("servers: RabbitMQ, MariaDB, MongoDB", || Ok(ensure_servers()?))?;
    Ok(())
}

/// Runs all tests.
fn whole(root: &Path, steps: &mut Steps, mut options: Vec<String>) -> Result<()> {
    let all = options.len();
    options.retain(|word| word != NO_FAIL_FAST);
    let goes_on = options.len() < all;
    // This step needs no servers, and reports in seconds a workspace whose structure is broken.
    steps.run("layers: circles of modules, what crates see", || {
        let mut layers = cargo(root);
        layers.args(["test", "--workspace", "--quiet", "--test", "layers"]).args(&options);
        workspace::run(layers)
    })?;
    install(steps)?;
    let programs = steps.run("build", || programs::build(root, &options))?;
    steps.run("faults: a short selection", || workspace::run(faults::short(root)))?;
    steps.run("tests", || programs::run(root, &programs, goes_on))?;
    steps.announce("tests in the documentation");
    let mut documented = cargo(root);
    documented.args(["test", "--workspace", "--doc"]).args(&options);
    // Nothing is printed after the tests, so that the test runner's lines come last.
    workspace::run(documented)
}

/// Runs the tests that the words for `cargo test` select.
fn selected(root: &Path, steps: &mut Steps, rest: &[String]) -> Result<()> {
    install(steps)?;
    // The words after `--` are for the test programs, which do not run yet.
    let options = rest.iter().take_while(|word| *word != "--");
    steps.run("build", || {
        let mut build = cargo(root);
        build.args(["test", "--workspace", "--no-run"]).args(options);
        workspace::run(build)
    })?;
    steps.announce("tests");
    let mut tests = cargo(root);
    tests.args(["test", "--workspace"]).args(rest);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        tests.env("RUST_TEST_THREADS", THREADS);
    }
    // Nothing is printed after the tests, so that the test runner's lines come last.
    workspace::run(tests)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    #[derive(clap::Parser)]
    enum Probe {
        Test(super::Args),
    }

    fn passed_on(words: &[&str]) -> Vec<String> {
        let raw = || ["xtask", "test"].iter().chain(words).map(ToString::to_string);
        let Probe::Test(args) = Probe::parse_from(raw());
        args.for_cargo(raw())
    }

    #[test]
    fn arguments_reach_cargo_as_they_were_written() {
        for words in [
            vec![],
            vec!["--", "--nocapture"],
            vec!["-p", "beds-client", "fetch"],
            vec!["fetch", "--", "--ignored"],
            vec!["--release", "--", "fetch"],
        ] {
            assert_eq!(passed_on(&words), words, "{words:?}");
        }
    }
}
