//! Builds the node and its drivers, and starts servers meanwhile.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, anyhow};
use beds_devstack::{Builder, Stack, packages, progress};

use crate::workspace::{self, cargo, target};

/// A profile in which cargo builds: with or without optimization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    pub(crate) fn new(release: bool) -> Self {
        if release { Self::Release } else { Self::Debug }
    }

    /// The folder of the profile in cargo's target folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }

    pub(crate) fn from_folder(folder: &str) -> Option<Self> {
        [Self::Debug, Self::Release].into_iter().find(|profile| profile.folder() == folder)
    }
}

/// What to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    NodeAndDrivers,
    Drivers,
}

fn command(root: &Path, profile: Profile, wanted: Wanted) -> Command {
    let mut command = cargo(root);
    command.args(["build", "--package", "xtask-drivers", "--bin", "xtask-drivers"]);
    if wanted == Wanted::NodeAndDrivers {
        command.args(["--package", "beds", "--bin", "beds"]);
    }
    if profile == Profile::Release {
        command.arg("--release");
    }
    command
}

/// Builds, with cargo's own output: its progress, and the template compiler's report.
pub(crate) fn run(root: &Path, profile: Profile, wanted: Wanted) -> Result<()> {
    workspace::run(command(root, profile, wanted))
}

/// Builds, installs Debian packages and starts a stack, all at the same time: the build needs the processors, the
/// installation needs the network, and the start needs a little of both.
pub(crate) fn beside_servers(
    root: &Path,
    profile: Profile,
    wanted: Wanted,
    debian: &'static [&'static str],
    stack: Builder,
) -> Result<Stack> {
    let stack = stack.progress(|line| progress::tell(&format!("      {line}")));
    let servers = std::thread::spawn(move || packages::ensure_packages(debian).and_then(|()| stack.start()));
    let mut build = command(root, profile, wanted);
    // In a pipe, cargo would not show its progress.
    build.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "80");
    let title = match wanted {
        Wanted::NodeAndDrivers => "building the node",
        Wanted::Drivers => "building what applies the schema",
    };
    let outcome = progress::run(title, build);
    // This waits even if the build failed: an installation must not be interrupted.
    let servers = servers.join().map_err(|_| anyhow!("the thread that starts the servers panicked"))?;
    outcome?;
    Ok(servers?)
}

/// A built program.
pub(crate) fn program(root: &Path, profile: Profile, name: &str) -> PathBuf {
    target(root).join(profile.folder()).join(name)
}

#[cfg(test)]
mod tests {
    use super::Profile;

    #[test]
    fn a_profile_is_known_by_its_folder() {
        for profile in [Profile::Debug, Profile::Release] {
            assert_eq!(Profile::from_folder(profile.folder()), Some(profile));
        }
        assert_eq!(Profile::from_folder("bench"), None);
    }
}
