//! The environment variables `BEDS__SECTION__KEY`: the last layer of the configuration.
//!
//! A value arrives as text, and the type of its key decides how it is parsed. So `007` can be a name or a number.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
};

use beds_bus::{Amqp, BrokerService, Pool};
use beds_core::settings::{Limits, Tls};
use beds_mariadb::MariaDb;
use beds_mongodb::MongoDb;
use beds_services::{SharedFilesystem, Tercero, graph::Graph, jobs::Jobs, syslog::Syslog};
use config::{Map, Source, Value, ValueKind};

use super::{ConfigError, Design, Logging, Node, Telemetry};

const PREFIX: &str = "BEDS__";
const SEPARATOR: &str = "__";

/// The keys whose values are lists, with commas between the items. Lists of URLs parse their text themselves.
const LISTS: &[&[&str]] = &[&["node", "services"], &["amqp", "reply_to_prefixes"]];

/// The boolean keys. The crate that merges accepts further words for them, which a file may not have.
const TRUTHS: &[&[&str]] = &[
    &["node", "serve_unverified"],
    &["logging", "journald"],
    &["logging", "json"],
    &["logging", "bus"],
    &["graph", "sample"],
];

/// The BEDS variables of an environment.
#[derive(Debug, Clone)]
pub(super) struct Variables {
    /// Path of the key, lower-case; name and value of the variable.
    by_path: BTreeMap<Vec<String>, (String, String)>,
}

impl Variables {
    /// Takes the variables of BEDS. All others are ignored, whatever bytes they have.
    pub(super) fn of(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut by_path: BTreeMap<Vec<String>, (String, String)> = BTreeMap::new();
        for (name, value) in environment {
            if !name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
                if let Some(meant) = name.to_str().and_then(meant) {
                    return Err(misspelt(&name.to_string_lossy(), &meant));
                }
                continue;
            }
            let name = text(&name).ok_or_else(|| {
                ConfigError::new(format!(
                    "the name of the environment variable {} is not UTF-8",
                    name.display()
                ))
            })?;
            let value = text(&value).ok_or_else(|| {
                ConfigError::new(format!("environment variable {name}: its value is not UTF-8"))
            })?;
            let path: Vec<_> =
                name.trim_start_matches(PREFIX).split(SEPARATOR).map(str::to_ascii_lowercase).collect();
            if let Some(meant) = meant(&name).filter(|_| path.len() == 1) {
                return Err(misspelt(&name, &meant));
            }
            if path.iter().any(String::is_empty) {
                let reason = "it must be BEDS__SECTION__KEY, such as BEDS__AMQP__URL";
                return Err(ConfigError::new(format!("environment variable {name}: {reason}")));
            }
            if TRUTHS.iter().any(|key| key.iter().eq(&path)) && !matches!(&*value, "true" | "false") {
                return Err(ConfigError::new(format!(
                    "environment variable {name}: it is a text, and must be true or false"
                )));
            }
            if let Some((other, _)) = by_path.insert(path, (name.clone(), value)) {
                let mut both = [other, name];
                both.sort();
                let [one, two] = both;
                return Err(ConfigError::new(format!(
                    "environment variables {one} and {two} are the same key"
                )));
            }
        }
        let variables = Self { by_path };
        match variables.key_and_section() {
            Some((key, section)) => Err(ConfigError::new(format!(
                "environment variable {key}: it is a section, as {section} says: it has no value of its own"
            ))),
            None => Ok(variables),
        }
    }

    /// A variable that sets a value where another variable sets a section.
    fn key_and_section(&self) -> Option<(&str, &str)> {
        let mut names = self.by_path.iter().zip(self.by_path.iter().skip(1));
        names
            .find(|((key, _), (next, _))| next.starts_with(key))
            .map(|((_, (key, _)), (_, (section, _)))| (key.as_str(), section.as_str()))
    }

    /// The name of the variable that sets the value at this place, such as `node.services[1]`, or a part of it.
    pub(super) fn at(&self, place: &str) -> Option<&str> {
        let place: Vec<_> = place.split(['.', '[']).filter(|part| !part.ends_with(']')).collect();
        let is_there = |path: &Vec<String>| path.iter().zip(&place).all(|(one, other)| one == other);
        self.by_path.iter().find(|(path, _)| is_there(path)).map(|(_, (name, _))| name.as_str())
    }
}

fn misspelt(name: &str, meant: &str) -> ConfigError {
    ConfigError::new(format!("environment variable {name} is not used: did you mean {meant}?"))
}

/// The BEDS variable that a misspelt name most likely means, with other underscores or letters. Only known keys are
/// compared, because other programs may have variables that begin with `BEDS_`.
fn meant(name: &str) -> Option<String> {
    if let Some(own) = ["BEDS_ENV", "BEDS_CONFIG"].into_iter().find(|own| own.eq_ignore_ascii_case(name)) {
        return (own != name).then(|| own.to_owned());
    }
    let upper = name.to_ascii_uppercase();
    if upper.starts_with(PREFIX) && !name.starts_with(PREFIX) {
        return Some(upper);
    }
    let words =
        upper.strip_prefix("BEDS_")?.trim_start_matches('_').replace(SEPARATOR, "_").to_ascii_lowercase();
    let (section, rest) = words.split_once('_')?;
    let after = |keys: &[&'static str]| {
        let of = |key: &&'static str| rest.strip_suffix(key).is_some_and(|name| name.ends_with('_'));
        let key = keys.iter().copied().filter(of).max_by_key(|key| key.len())?;
        Some((rest.strip_suffix(key)?.trim_end_matches('_'), key))
    };
    let plain = |keys: &[&str]| keys.contains(&rest).then(|| vec![section, rest]);
    let path = match section {
        "node" => plain(Node::KEYS)?,
        "tls" => plain(Tls::KEYS)?,
        "amqp" => plain(Amqp::KEYS)?,
        "limits" => plain(Limits::KEYS)?,
        "logging" => plain(Logging::KEYS)?,
        "tercero" => plain(Tercero::KEYS)?,
        "syslog" => plain(Syslog::KEYS)?,
        "graph" => plain(Graph::KEYS)?,
        "jobs" => plain(Jobs::KEYS)?,
        "telemetry" => plain(Telemetry::KEYS)?,
        "design" => plain(Design::KEYS)?,
        "mariadb" => after(MariaDb::KEYS).map(|(name, key)| vec![section, name, key])?,
        "mongodb" => after(MongoDb::KEYS).map(|(name, key)| vec![section, name, key])?,
        "broker" if rest.starts_with("services_") => {
            let (name, key) = after(BrokerService::KEYS)?;
            vec!["broker_services", name.strip_prefix("services_")?, key]
        }
        "shared" => vec![
            "shared_filesystem",
            rest.strip_prefix("filesystem_").filter(|key| SharedFilesystem::KEYS.contains(key))?,
        ],
        "brokers" => {
            let (name, key) = after(Pool::KEYS)?;
            let (service, broker) = name.rsplit_once('_')?;
            vec![section, service, broker, key]
        }
        _ => return None,
    };
    Some(format!("{PREFIX}{}", path.join(SEPARATOR).to_ascii_uppercase()))
}

/// A text in UTF-8.
fn text(text: &OsStr) -> Option<String> {
    text.to_str().map(str::to_owned)
}

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let mut root = Map::new();
        for (path, (name, value)) in &self.by_path {
            let origin = format!("environment variable {name}");
            let new = |kind: ValueKind| Value::new(Some(&origin), kind);
            let value = if LISTS.iter().any(|list| list.iter().eq(path)) {
                let items = value.split(',').map(str::trim).filter(|_| !value.is_empty());
                new(ValueKind::Array(items.map(|item| new(ValueKind::String(item.to_owned()))).collect()))
            } else {
                new(ValueKind::String(value.clone()))
            };
            insert(&mut root, path, value);
        }
        Ok(root)
    }
}

/// Puts a value at its path. The caller has refused paths through a value that is not a table.
fn insert(table: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => drop(table.insert(key.clone(), value)),
        [section, rest @ ..] => {
            let empty = || Value::new(None, ValueKind::Table(Map::new()));
            if let ValueKind::Table(table) = &mut table.entry(section.clone()).or_insert_with(empty).kind {
                insert(table, rest, value);
            }
        }
    }
}
