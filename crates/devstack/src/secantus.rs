//! Installs the stand-in for `mongod`, which Debian does not have: `secantusd-rs` of the crate
//! `secantus-mdb`.
//!
//! It is licensed under the GPL and stays a separate program, never linked. Built once, it lies in the user's
//! cache.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::program::on_path;
use crate::progress::{run, say};
use crate::{Error, Result, exclusively, packages, user_cache};

const VERSION: &str = "0.5.3-beta.196";

/// Where the program lies once it is installed.
pub(crate) fn path() -> Result<PathBuf> {
    Ok(root()?.join("bin/secantusd-rs"))
}

fn root() -> Result<PathBuf> {
    Ok(user_cache()?.join(format!("secantus-mdb-{VERSION}")))
}

/// Builds and installs the program unless it is there.
pub(crate) fn ensure() -> Result<()> {
    if path()?.is_file() {
        return Ok(());
    }
    let waiting = || say("waiting for another process that builds the MongoDB stand-in");
    exclusively("secantus-mdb", waiting, || if path()?.is_file() { Ok(()) } else { install() })
}

fn install() -> Result<()> {
    let tools = [("cmake", "cmake"), ("c++", "build-essential"), ("make", "build-essential")];
    let mut missing: Vec<&str> =
        tools.iter().filter(|(tool, _)| on_path(tool).is_none()).map(|(_, package)| *package).collect();
    missing.dedup();
    packages::ensure_packages(&missing)?;
    let (cache, root) = (user_cache()?, root()?);
    let build = cache.join(format!("build-secantus-mdb-{VERSION}"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command
        .args(["install", "secantus-mdb", "--version", VERSION, "--ignore-rust-version", "--root"])
        .arg(&root)
        // Neither the workspace's configuration nor the flags of the build that runs us may change this one.
        .current_dir(&cache)
        .env("CARGO_TARGET_DIR", &build)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    say("there is no mongod on the PATH: building the stand-in secantus-mdb once, some five minutes");
    let result = run("building secantus-mdb", command);
    // Its gigabyte of intermediate files is of no further use, whether it worked or not.
    if build.exists() {
        let _ = fs::remove_dir_all(&build);
    }
    result.map_err(|error| {
        Error::new(error.to_string()).at(root.display().to_string()).hint(format!(
            "put a `mongod` on the PATH, or set MONGODB_URL to a server, or run: \
             cargo install secantus-mdb --version {VERSION} --ignore-rust-version --root {}",
            root.display()
        ))
    })
}
