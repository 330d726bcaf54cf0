//! `bedsc ddl`, `bedsc grants`, `bedsc schema`: proposals from templates that compile.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
};

use beds_codegen::{
    model::{Domain, Engine},
    propose, raw,
};
use clap::Args;

use crate::{Input, engines};

/// Where scripts go: one engine a file, or one engine on standard output.
#[derive(Debug, Args)]
struct Scripts {
    /// Write mariadb.sql and mongodb.js into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace existing scripts
    #[arg(long, requires = "out")]
    force: bool,
    /// Print the script of this engine; needed if the templates are on both
    #[arg(long, value_parser = engines(), conflicts_with = "out")]
    engine: Option<Engine>,
}

impl Scripts {
    fn write(&self, mut scripts: BTreeMap<Engine, String>) -> bool {
        let result = match (&self.out, self.engine) {
            (Some(folder), _) => self.to_files(folder, &scripts),
            (None, Some(engine)) => scripts
                .remove(&engine)
                .ok_or_else(|| format!("there is nothing for {}: no template is on it", engine.title()))
                .map(|script| anstream::print!("{script}")),
            (None, None) if scripts.len() > 1 => {
                Err("these templates are on both engines, but a script is for one: \
                 add `--engine mariadb` or `--engine mongodb`, or write both scripts with `--out DIR`"
                    .to_owned())
            }
            (None, None) => {
                for script in scripts.values() {
                    anstream::print!("{script}");
                }
                Ok(())
            }
        };
        if let Err(error) = &result {
            anstream::eprintln!("{error}");
        }
        result.is_ok()
    }

    fn to_files(&self, folder: &PathBuf, scripts: &BTreeMap<Engine, String>) -> Result<(), String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (engine, script) in scripts {
            let path = folder.join(propose::file_name(*engine));
            // Somebody may have edited the script.
            let file = if self.force { File::create(&path) } else { File::create_new(&path) };
            let written = file.and_then(|mut file| file.write_all(script.as_bytes()));
            written.map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    format!("{} exists already: add `--force` to replace it", path.display())
                }
                _ => format!("{}: {error}", path.display()),
            })?;
            anstream::println!("wrote {}", path.display());
        }
        Ok(())
    }
}

/// What the databases of templates are called on their servers.
#[derive(Debug, Args)]
struct Databases {
    /// The name on the server of a database that templates call ALIAS; may be given several times. Without it, both have
    /// one name
    #[arg(long = "database", value_name = "ALIAS=NAME", value_parser = renamed)]
    names: Vec<(String, String)>,
}

fn renamed(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((alias, name)) if !alias.is_empty() && !name.is_empty() => {
            Ok((alias.to_owned(), name.to_owned()))
        }
        _ => Err("use ALIAS=NAME, such as shop=Shop_2".to_owned()),
    }
}

impl Databases {
    /// The domains with the servers' names of their databases. An unknown name is an error.
    fn of_servers(&self, domains: Vec<&Domain>) -> Result<Vec<Domain>, String> {
        for (alias, _) in &self.names {
            if !domains.iter().any(|domain| domain.database == *alias) {
                let known: BTreeSet<&str> = domains.iter().map(|domain| domain.database.as_str()).collect();
                let known: Vec<&str> = known.into_iter().collect();
                return Err(format!(
                    "no template has the database `{alias}`: the databases are {}",
                    known.join(", ")
                ));
            }
        }
        let named = |domain: &Domain| {
            let found = self.names.iter().find(|(alias, _)| *alias == domain.database);
            let database = found.map_or_else(|| domain.database.clone(), |(_, name)| name.clone());
            Domain { database, ..domain.clone() }
        };
        Ok(domains.into_iter().map(named).collect())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Ddl {
    /// Templates, and folders of templates
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// Only the node's own tables in these templates' databases, such as the ledger that makes writes happen once
    #[arg(long)]
    ledger: bool,
    #[command(flatten)]
    scripts: Scripts,
    #[command(flatten)]
    input: Input,
}

impl Ddl {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(&self.paths) else { return false };
        let own = propose::tables(output.all_domains());
        let objects = output.domains.iter().filter(|_| !self.ledger).map(propose::ddl);
        let parts = propose::merged(objects.chain(own).collect());
        if parts.is_empty() {
            anstream::eprintln!(
                "no write of these templates happens once, so their databases need no ledger"
            );
        }
        self.scripts.write(propose::scripts(&parts))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Grants {
    /// Templates, and folders of templates
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// The node's account, as USER@HOST; USER is the name of the MongoDB user and role, too
    #[arg(long, default_value = "beds@%")]
    user: String,
    #[command(flatten)]
    databases: Databases,
    #[command(flatten)]
    scripts: Scripts,
    #[command(flatten)]
    input: Input,
}

impl Grants {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(&self.paths) else { return false };
        match self.databases.of_servers(output.all_domains()) {
            Ok(domains) => self.scripts.write(propose::grants(&domains, &self.user)),
            Err(error) => {
                anstream::eprintln!("{error}");
                false
            }
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The template whose records are described
    #[arg(required_unless_present = "template_language")]
    path: Option<PathBuf>,
    /// Describe the language of templates instead, for editors
    #[arg(long, conflicts_with = "path")]
    template_language: bool,
    #[command(flatten)]
    input: Input,
}

impl Schema {
    pub(crate) fn run(&self) -> bool {
        let Some(path) = &self.path else {
            anstream::println!("{:#}", raw::language());
            return true;
        };
        let Some(output) = self.input.compile(std::slice::from_ref(path)) else { return false };
        for domain in &output.domains {
            anstream::println!("{:#}", propose::schema(domain));
        }
        true
    }
}
