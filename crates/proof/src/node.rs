//! A node with the templates of a proposal: a small crate on the sources of this program, built by cargo.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use beds_core::settings::{Parts, SecretUrl, decoded};
use beds_design::render::Files;
use beds_devstack::{Ended, Node, NodeCommand};
use beds_protocol::Engine;
use tempfile::TempDir;
use toml::{Table, Value};

use crate::scratch::Scratch;

/// The name of the crate, and of its program.
const NAME: &str = "beds-proposal";

const BUILD: &str = r#"//! Compiles the templates of a proposal.

fn main() {
    beds_codegen::Compiler::new()
        .templates("templates")
        .pipelines("schema/mongodb")
        .domains("src/domains")
        .compile_or_exit();
}
"#;

const MAIN: &str = r#"//! A node with the templates of a proposal.

#[allow(missing_docs, reason = "generated")]
mod domains {
    include!(concat!(env!("OUT_DIR"), "/beds.rs"));
}

fn main() -> std::process::ExitCode {
    beds_runtime::cli::run::<domains::Domains>()
}
"#;

/// The folders of a proposal and of the sources that a node is built from.
const OF_NODE: [&str; 3] = ["templates/", "schema/", "src/domains/"];

/// The sources from which a node is built.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// The folder of cargo's build output.
    pub target: PathBuf,
}

impl Sources {
    /// The sources in a folder, or the sources from which this program was built.
    ///
    /// # Errors
    /// When they are missing, or their version is not that of this program.
    pub fn find(root: Option<&Path>, target: Option<&Path>) -> Result<Self, String> {
        let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.map_or_else(own, Path::to_owned);
        let lacking = |reason: String| {
            format!(
                "a node is built for the conformance tests, of the sources of this program, and {}: {reason}; \
                 `sources` in [design] names their folder",
                root.display()
            )
        };
        let path = root.canonicalize().map_err(|error| lacking(error.to_string()))?;
        let text = fs::read_to_string(path.join("Cargo.toml")).map_err(|error| lacking(error.to_string()))?;
        let manifest: Table = text.parse().map_err(|_| lacking("its Cargo.toml is none".to_owned()))?;
        let version = manifest
            .get("workspace")
            .and_then(|workspace| workspace.get("package")?.get("version")?.as_str());
        let own = env!("CARGO_PKG_VERSION");
        if version != Some(own) {
            let is = version.unwrap_or("of no version");
            return Err(lacking(format!("it is {is}, and this program is {own}")));
        }
        // Sources that are built already need not be built again.
        let target = target.map_or_else(|| path.join("target"), Path::to_owned);
        Ok(Self { root: path, target })
    }

    /// The text of a file of the sources.
    pub(crate) fn text(&self, path: &str) -> Result<String, String> {
        let path = self.root.join(path);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// A program that was built.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    config: String,
    _folder: TempDir,
}

/// Builds a node. All proofs use one crate, so that each build replaces the one before. Only one proof can build at a
/// time.
pub(crate) fn build(files: &Files, sources: &Sources) -> Result<Program, String> {
    let folder = tempfile::Builder::new().prefix("beds-proposal-").tempdir();
    let folder = folder.map_err(|error| format!("cannot create a folder for the node: {error}"))?;
    let place = sources.target.join(NAME);
    let wrong = |error: std::io::Error| {
        format!("cannot write the sources of the node into {}: {error}", place.display())
    };
    fs::create_dir_all(&place).map_err(wrong)?;
    let lock = File::create(place.join("lock")).map_err(wrong)?;
    lock.lock().map_err(wrong)?;
    write(&place, files, sources).map_err(wrong)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(&place)
        .args(["build", "--quiet", "--offline", "--target-dir"])
        .arg(&sources.target)
        .stdin(Stdio::null())
        // The node is not built with the flags of the caller.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_INCREMENTAL", "0");
    // Cargo sets these variables for its own crate. Build scripts that watch them would run anew, and all crates that
    // depend on them would be built again.
    let of_crates = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    for (name, _) in env::vars_os() {
        if of_crates.iter().any(|part| name.to_string_lossy().starts_with(part)) {
            command.env_remove(name);
        }
    }
    let output = command.output().map_err(|error| {
        format!("a node is built for the conformance tests, and cargo cannot be run: {error}")
    })?;
    if !output.status.success() {
        return Err(format!("the node cannot be built: {}", String::from_utf8_lossy(&output.stderr)));
    }
    // The next proof builds under the same name.
    let path = folder.path().join(NAME);
    fs::rename(sources.target.join("debug").join(NAME), &path)
        .or_else(|_| fs::copy(sources.target.join("debug").join(NAME), &path).map(drop))
        .map_err(|error| format!("the program of the node is not there: {error}"))?;
    Ok(Program { path, config: String::new(), _folder: folder })
}

fn write(folder: &Path, files: &Files, sources: &Sources) -> std::io::Result<()> {
    for before in OF_NODE {
        match fs::remove_dir_all(folder.join(before)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let put = |path: &str, text: &str| {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)
    };
    for (path, text) in files {
        if OF_NODE.iter().any(|part| path.starts_with(part)) {
            put(path, text)?;
        }
    }
    let of_workspace: Table =
        fs::read_to_string(sources.root.join("Cargo.toml"))?.parse().unwrap_or_default();
    put("Cargo.toml", &manifest(&of_workspace, &sources.root))?;
    // The same versions of all crates, which are downloaded already.
    put("Cargo.lock", &fs::read_to_string(sources.root.join("Cargo.lock"))?)?;
    put("build.rs", BUILD)?;
    put("src/main.rs", MAIN)
}

/// The manifest, with the profiles and the replaced crates of the sources' workspace.
fn manifest(workspace: &Table, root: &Path) -> String {
    let text = |text: &str| Value::String(text.to_owned());
    let at = |path: &str| text(&root.join(path).to_string_lossy());
    let table = |members: Vec<(&str, Value)>| {
        Value::Table(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    let runtime = table(vec![("path", at("beds-runtime")), ("features", Value::Array(vec![text("cli")]))]);
    let compiler = table(vec![("path", at("beds-codegen")), ("default-features", Value::Boolean(false))]);
    // The functions of the node's own templates name it.
    let uuid = workspace.get("workspace").and_then(|workspace| workspace.get("dependencies")?.get("uuid"));
    let uuid = uuid.cloned().unwrap_or_else(|| text("1"));
    let package = table(vec![
        ("name", text(NAME)),
        ("version", text("0.0.0")),
        ("edition", text("2024")),
        ("publish", Value::Boolean(false)),
    ]);
    let mut manifest = Table::new();
    manifest.insert("package".to_owned(), package);
    manifest.insert("workspace".to_owned(), table(Vec::new()));
    manifest.insert("dependencies".to_owned(), table(vec![("beds-runtime", runtime), ("uuid", uuid)]));
    manifest.insert("build-dependencies".to_owned(), table(vec![("beds-codegen", compiler)]));
    if let Some(profiles) = workspace.get("profile") {
        manifest.insert("profile".to_owned(), profiles.clone());
    }
    let patches = workspace.get("patch").and_then(|patch| patch.get("crates-io")).and_then(Value::as_table);
    if let Some(patches) = patches {
        let here = patches.iter().filter_map(|(name, patch)| {
            let path = patch.get("path").and_then(Value::as_str)?;
            Some((name.as_str(), table(vec![("path", at(path))])))
        });
        let here = table(here.collect());
        manifest.insert("patch".to_owned(), table(vec![("crates-io", here)]));
    }
    manifest.to_string()
}

impl Program {
    /// The program with the configuration of a node on these scratch databases, each with the name that templates give
    /// it and the URL of its account. The user has these roles.
    pub(crate) fn configured(
        self,
        amqp: &SecretUrl,
        databases: &[(&str, &Scratch, &SecretUrl)],
        (user, roles): (&str, &[String]),
    ) -> Self {
        let text = |text: &str| Value::String(text.to_owned());
        let one = |name: &str, value: Value| {
            let mut table = Table::new();
            table.insert(name.to_owned(), value);
            Value::Table(table)
        };
        let roles = Value::Array(roles.iter().map(|role| text(role)).collect());
        let mut access = Table::new();
        access.insert("default".to_owned(), text("open"));
        access.insert("users".to_owned(), one(user, roles));
        let mut config = Table::new();
        config.insert("node".to_owned(), one("services", Value::Array(vec![text("app_server")])));
        config.insert("access".to_owned(), Value::Table(access));
        config.insert("amqp".to_owned(), one("url", text(amqp.expose())));
        config.insert("jobs".to_owned(), one("poll_ms", Value::Integer(100)));
        for (name, scratch, url) in databases {
            let mut server = Table::new();
            server.insert("url".to_owned(), text(url.expose()));
            if scratch.engine == Engine::MongoDb {
                server.insert("database".to_owned(), text(&scratch.name));
            }
            let of_engine =
                config.entry(scratch.engine.as_str()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(of_engine) = of_engine {
                of_engine.insert((*name).to_owned(), Value::Table(server));
            }
        }
        config.insert("logging".to_owned(), one("journald", Value::Boolean(false)));
        Self { config: config.to_string(), ..self }
    }

    fn command(&self) -> Result<NodeCommand, String> {
        let command =
            NodeCommand::new(&self.path).and_then(|command| command.file("beds.toml", &self.config));
        let command = command.map_err(|error| error.to_string())?;
        Ok(command.env(&[("BEDS_ENV", "prod")]))
    }

    /// Runs a command of the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Ended, String> {
        self.command()?.args(arguments).run().map_err(|error| error.to_string())
    }

    /// Starts the program as a node, and returns when it serves.
    pub(crate) fn start(&self) -> Result<Node, String> {
        self.command()?.start().map_err(|error| error.to_string())
    }
}

/// The user of RabbitMQ's clients, from the URL.
pub(crate) fn user(amqp: &SecretUrl) -> Result<String, String> {
    match Parts::read(amqp.expose())?.user {
        Some(user) => decoded(user, "user"),
        None => Ok("guest".to_owned()),
    }
}
