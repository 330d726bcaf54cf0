//! What the types of the sections cannot check, and the passwords that stand in files.

use std::{fs::File, path::Path};

use beds_bus::{Amqp, Pool};
use beds_core::settings::{MARIADB, MONGODB, RABBITMQ, Rules, SecretUrl};
use beds_mariadb::MariaDb;
use beds_mongodb::MongoDb;
use beds_protocol::{Broker, Service};
use tracing_subscriber::EnvFilter;

use super::{ConfigError, Logging};

pub(super) fn amqp(amqp: &mut Amqp) -> Result<(), ConfigError> {
    if amqp.url.0.is_empty() {
        return Err(ConfigError::new(
            "amqp.url is missing: set it in config/beds.toml, or as BEDS__AMQP__URL",
        ));
    }
    let password = read_password("amqp", amqp.pass_file.as_deref())?;
    urls(&RABBITMQ, "amqp.url", password.as_deref(), &mut amqp.url.0)?;
    if amqp.reply_to_prefixes.iter().any(String::is_empty) {
        return Err(ConfigError::new("amqp.reply_to_prefixes: an empty prefix would allow every queue"));
    }
    if amqp.heartbeat_s == 0 {
        return Err(ConfigError::new("amqp.heartbeat_s must be at least 1"));
    }
    if amqp.topology_check_ms.0 < 100 {
        return Err(ConfigError::new("amqp.topology_check_ms must be at least 100"));
    }
    Ok(())
}

/// `name` is the section's, for errors.
pub(super) fn mariadb(name: &str, server: &mut MariaDb) -> Result<(), ConfigError> {
    let section = format!("mariadb.{name}");
    let Some(primary) = &mut server.url else {
        return Err(ConfigError::new(format!("{section}.url is missing")));
    };
    let password = read_password(&section, server.pass_file.as_deref())?;
    url(&MARIADB, &format!("{section}.url"), password.as_deref(), primary)?;
    urls(&MARIADB, &format!("{section}.read_urls"), password.as_deref(), &mut server.read_urls.0)?;
    if server.read_connections == 0 || server.write_connections == 0 || server.queue_max == 0 {
        return Err(ConfigError::new(format!(
            "mariadb.{name}: read_connections, write_connections and queue_max must be at least 1"
        )));
    }
    Ok(())
}

/// `name` is the section's, for errors.
pub(super) fn mongodb(name: &str, server: &mut MongoDb) -> Result<(), ConfigError> {
    let section = format!("mongodb.{name}");
    let Some(address) = &mut server.url else {
        return Err(ConfigError::new(format!("{section}.url is missing")));
    };
    let password = read_password(&section, server.pass_file.as_deref())?;
    url(&MONGODB, &format!("{section}.url"), password.as_deref(), address)?;
    if server.connections == 0 || server.queue_max == 0 {
        return Err(ConfigError::new(format!(
            "mongodb.{name}: connections and queue_max must be at least 1"
        )));
    }
    Ok(())
}

/// `name` is the pool's in its service.
pub(super) fn pool(service: Service, name: &str, pool: &Pool) -> Result<(), ConfigError> {
    let path = format!("brokers.{}.{name}", service.as_str());
    if Broker::from_name(&format!("{}.{name}", service.as_str())).is_none() {
        let known: Vec<_> = Broker::ALL
            .iter()
            .filter(|broker| broker.service() == service)
            .map(|broker| broker.as_str().trim_start_matches(service.as_str()).trim_matches('.'))
            .collect();
        let known = known.join(", ");
        return Err(ConfigError::new(format!("{path}: this service has no such broker; it has {known}")));
    }
    if pool.instances == 0 || !(1..=2_000).contains(&pool.prefetch) {
        return Err(ConfigError::new(format!(
            "{path}: instances must be at least 1, and prefetch from 1 to 2000"
        )));
    }
    Ok(())
}

/// Whether the filter can be read.
pub(super) fn logging(logging: &Logging) -> Result<(), ConfigError> {
    let level = &logging.level;
    match EnvFilter::try_new(level) {
        Ok(_) => Ok(()),
        Err(error) => Err(ConfigError::new(format!("logging.level `{level}`: {error}"))),
    }
}

/// The password in a file, character by character, without the one line end that editors put at its end.
fn read_password(section: &str, path: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let Some(path) = path else { return Ok(None) };
    let wrong =
        |reason: String| ConfigError::new(format!("{section}.pass_file {}: {reason}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| wrong("it is not UTF-8: save it as UTF-8, without a byte order mark".to_owned()))?;
    if text.starts_with('\u{feff}') {
        return Err(wrong("it begins with a byte order mark: save it without one".to_owned()));
    }
    if text.contains('\0') {
        return Err(wrong("it has a zero byte, as UTF-16 does: save it as UTF-8".to_owned()));
    }
    let password =
        text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if password.is_empty() {
        return Err(wrong("it is empty: it must hold the password".to_owned()));
    }
    Ok(Some(password.to_owned()))
}

/// As [`url`], each by its place in the list.
fn urls(rules: &Rules, key: &str, password: Option<&str>, urls: &mut [SecretUrl]) -> Result<(), ConfigError> {
    let count = urls.len();
    for (index, one) in urls.iter_mut().enumerate() {
        let key = if count == 1 { key.to_owned() } else { format!("{key}[{index}]") };
        url(rules, &key, password, one)?;
    }
    Ok(())
}

/// Puts a password into a URL, if there is one, and refuses what of it is not understood.
fn url(rules: &Rules, key: &str, password: Option<&str>, url: &mut SecretUrl) -> Result<(), ConfigError> {
    let wrong = |reason: String| ConfigError::new(format!("{key}: {reason}"));
    if let Some(password) = password {
        *url = url.with_password(password).map_err(wrong)?;
    }
    rules.check(url).map_err(wrong)?;
    for (name, path) in rules.files(url) {
        File::open(&path).map_err(|error| wrong(format!("`{name}` in the query: {path}: {error}")))?;
    }
    Ok(())
}
