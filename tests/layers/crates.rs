//! The allowed dependencies of each crate of the workspace. Development dependencies and optional ones are free: they
//! do not reach the users of the crate.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::source::Crate;

/// The crates from the lowest to the highest. A crate may depend on crates of lower rows. Crates of the same row do not
/// know each other.
const LAYERS: &[&[&str]] = &[
    &["beds-protocol"],
    &["beds-core"],
    &["beds-lane"],
    &["beds-bus", "beds-mariadb", "beds-mongodb"],
    &["beds-client", "beds-services", "beds-tools"],
    &["beds-proof"],
    &["beds-design-bench", "beds-runtime"],
    &["beds", "beds-foreign", "beds-guarded"],
    &["beds-fuzz", "beds-soak"],
];

/// The crates outside of the rows, and their allowed dependencies. A broken template must not stop the tool that
/// explains it, and only tests may use the servers of tests.
const APART: &[(&str, &[&str])] = &[
    ("beds-codegen", &["beds-protocol"]),
    ("beds-macros", &["beds-codegen"]),
    ("beds-design", &["beds-codegen", "beds-protocol"]),
    ("beds-devstack", &[]),
    ("xtask", &["beds-devstack"]),
    ("xtask-drivers", &["beds-client", "beds-devstack"]),
];

/// The crates outside of the rows that a crate may use.
const OF_APART: &[(&str, &[&str])] = &[
    // It starts scratch servers, and renders the proposals that it proves.
    ("beds-proof", &["beds-codegen", "beds-design", "beds-devstack"]),
    ("beds-design-bench", &["beds-design"]),
    ("beds-runtime", &["beds-macros"]),
    ("beds", &["beds-codegen"]),
    ("beds-foreign", &["beds-codegen"]),
    ("beds-guarded", &["beds-codegen"]),
    ("beds-soak", &["beds-devstack"]),
];

/// The drivers, and for each the one crate that may name it.
const DRIVERS: &[(&str, &str)] = &[
    ("lapin", "beds-bus"),
    ("amq-protocol", "beds-bus"),
    ("sqlx", "beds-mariadb"),
    ("mongodb", "beds-mongodb"),
    ("bson", "beds-mongodb"),
];

/// The paths that a crate without input and output cannot name.
const NO_IO: (&str, &[&str], &[&str]) = (
    "beds-core",
    &["tokio", "lapin", "sqlx", "mongodb", "axum", "clap"],
    &["std::fs", "std::net", "std::process", "tokio::net", "tokio::fs"],
);

/// The crates of a command line and of an HTTP server: a program that embeds a node gets neither.
const UNASKED: &[&str] = &[
    "anstream",
    "axum",
    "clap",
    "clap_complete",
    "clap_derive",
    "clap_mangen",
    "hyper",
    "indicatif",
    "roff",
];

/// A crate of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    /// The crate's dependencies, except those for development only and the optional ones.
    pub(crate) needs: Vec<String>,
    /// The root files of its library and its programs.
    pub(crate) roots: Vec<PathBuf>,
}

/// The crates of this workspace.
pub(crate) fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn package(package: &Value) -> Package {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |name: &str| package[name].as_array().unwrap().iter();
    let is_needed = |dependency: &&Value| dependency["kind"] != "dev" && dependency["optional"] == false;
    let is_shipped = |target: &&Value| {
        let kinds = target["kind"].as_array().unwrap();
        ["lib", "bin", "proc-macro"].iter().any(|kind| kinds.iter().any(|known| known == kind))
    };
    Package {
        name: text(&package["name"]),
        manifest: text(&package["manifest_path"]).into(),
        needs: list("dependencies").filter(is_needed).map(|dependency| text(&dependency["name"])).collect(),
        roots: list("targets")
            .filter(is_shipped)
            .map(|target| PathBuf::from(text(&target["src_path"])))
            .collect(),
    }
}

/// The names of the crates that `cargo tree` prints with these arguments.
fn tree(arguments: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Dependencies that crates bring along unasked. Cargo decides which features are on.
pub(crate) fn unasked() -> Vec<String> {
    let runtime = tree(&["--package", "beds-runtime", "--edges", "normal"]);
    assert!(
        runtime.iter().any(|name| name == "beds-codegen"),
        "the derive stands on the compiler: {runtime:?}"
    );
    let named = UNASKED.iter().filter(|unasked| runtime.iter().any(|name| name == *unasked));
    let mut wrong: Vec<_> = named.map(|name| format!("beds-runtime by default brings {name}")).collect();
    // The node has a command line. Its build script and its derive do not depend on that.
    let above_clap = tree(&["--package", "beds", "--edges", "normal,build", "--invert", "clap"]);
    assert!(above_clap.iter().any(|name| name == "beds-runtime"), "{above_clap:?}");
    if above_clap.iter().any(|name| name == "beds-codegen") {
        wrong.push("the build of beds waits for the command line of bedsc".to_owned());
    }
    wrong
}

/// The entries of `[workspace.dependencies]` that no crate uses.
pub(crate) fn untaken() -> Vec<String> {
    let read = |path: &Path| fs::read_to_string(path).unwrap().parse::<toml::Table>().unwrap();
    let workspace = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let mut untaken: Vec<_> =
        workspace["workspace"]["dependencies"].as_table().unwrap().keys().cloned().collect();
    for package in packages() {
        let manifest = read(&package.manifest);
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(taken) = manifest.get(kind).and_then(toml::Value::as_table) else { continue };
            untaken.retain(|name| taken.get(name).is_none_or(|entry| entry.get("workspace").is_none()));
        }
    }
    untaken
}

/// The dependencies and names of the crates that are not allowed.
pub(crate) fn violations(packages: &[Package]) -> Vec<String> {
    let is_there = |name: &str| packages.iter().any(|package| package.name == name);
    let mut wrong = Vec::new();
    for Package { name, needs, roots, .. } in packages {
        if allowed(name).is_none() {
            wrong.push(format!("{name} has no place in the layers of tests/layers/crates.rs"));
        }
        for needed in needs {
            if is_there(needed) && allowed(name).is_some_and(|allowed| !allowed.contains(&needed.as_str())) {
                wrong.push(format!("{name} depends on {needed}, which is not below it"));
            }
            let home = DRIVERS.iter().find(|(driver, home)| driver == needed && is_there(home));
            if let Some((driver, home)) = home.filter(|(_, home)| home != name) {
                wrong.push(format!("{name} depends on {driver}, which only {home} may"));
            }
        }
        let (pure, crates, paths) = NO_IO;
        if name == pure {
            let named = needs.iter().filter(|needed| crates.contains(&needed.as_str()));
            wrong.extend(
                named.map(|needed| format!("{name} depends on {needed}, and does no input or output")),
            );
            wrong.extend(roots.iter().flat_map(|root| names(root, paths)));
        }
    }
    wrong
}

/// The allowed dependencies of a crate in the workspace; `None` for an unknown crate.
fn allowed(name: &str) -> Option<Vec<&'static str>> {
    let apart = |table: &[(&str, &'static [&'static str])]| {
        table.iter().find(|(known, _)| *known == name).map(|(_, allowed)| allowed.to_vec())
    };
    let below = LAYERS
        .iter()
        .position(|row| row.contains(&name))
        .map(|height| LAYERS[..height].iter().flat_map(|row| row.iter().copied()).collect::<Vec<_>>());
    let mut allowed = below.or_else(|| apart(APART))?;
    allowed.extend(apart(OF_APART).unwrap_or_default());
    Some(allowed)
}

/// The places where a crate names one of these paths.
fn names(root: &Path, paths: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for module in Crate::read(root).modules.into_values() {
        for named in module.paths {
            let path = named.path.join("::");
            if paths.iter().any(|known| path == *known || path.starts_with(&format!("{known}::"))) {
                found.push(format!("{}:{} names {path}", module.file.display(), named.line));
            }
        }
    }
    found
}
