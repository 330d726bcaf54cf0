//! The edition in Rust: `secantusd-rs` of the crate `secantus-mdb`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::program::on_path;
use crate::progress::{run, say};
use crate::{Error, Result, packages, user_cache};

const VERSION: &str = "0.5.3-beta.196";

fn root() -> Result<PathBuf> {
    Ok(user_cache()?.join(format!("secantus-mdb-{VERSION}")))
}

fn program() -> Result<PathBuf> {
    Ok(root()?.join("bin/secantusd-rs"))
}

pub(super) fn is_installed() -> Result<bool> {
    Ok(program()?.is_file())
}

pub(super) fn command() -> Result<Command> {
    let mut command = Command::new(program()?);
    command.args(["--log-file-max", "64MB"]);
    Ok(command)
}

pub(super) fn install() -> Result<()> {
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
        // The build must not depend on the workspace's configuration or on the flags of the calling build.
        .current_dir(&cache)
        .env("CARGO_TARGET_DIR", &build)
        // The default profile optimizes across crates, with one unit for each crate: 7:24 on two cores. This setting
        // takes eight minutes of CPU time, which two cores share evenly.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    say("there is no mongod on the PATH: building the stand-in secantus-mdb once, some minutes");
    let result = run("building secantus-mdb", command);
    // The gigabyte of intermediate files has no further use, whether the build worked or not.
    if build.exists() {
        let _ = fs::remove_dir_all(&build);
    }
    result.map_err(|error| {
        Error::new(error.to_string()).at(root.display().to_string()).hint(format!(
            "put a `mongod` on the PATH, or run: \
             cargo install secantus-mdb --version {VERSION} --ignore-rust-version --root {}",
            root.display()
        ))
    })
}
