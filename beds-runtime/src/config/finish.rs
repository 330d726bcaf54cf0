//! What the types of the sections cannot check, and the passwords that stand in files.

use std::path::Path;

use beds_bus::{Amqp, Pool};
use beds_core::settings::SecretUrl;
use beds_mariadb::MariaDb;
use beds_mongodb::MongoDb;
use beds_protocol::{Broker, Service};

use super::ConfigError;

pub(super) fn amqp(amqp: &mut Amqp) -> Result<(), ConfigError> {
    let password = read_password(amqp.pass_file.as_deref())?;
    apply_password(password.as_deref(), amqp.url.0.iter_mut())?;
    if amqp.url.0.is_empty() {
        return Err(ConfigError::new(
            "amqp.url is missing: set it in config/beds.toml, or as BEDS__AMQP__URL",
        ));
    }
    if amqp.heartbeat_s == 0 {
        return Err(ConfigError::new("amqp.heartbeat_s must be at least 1"));
    }
    Ok(())
}

/// `name` is the section's, for errors.
pub(super) fn mariadb(name: &str, server: &mut MariaDb) -> Result<(), ConfigError> {
    let password = read_password(server.pass_file.as_deref())?;
    apply_password(password.as_deref(), server.url.iter_mut().chain(&mut server.read_urls.0))?;
    if server.url.is_none() {
        return Err(ConfigError::new(format!("mariadb.{name}.url is missing")));
    }
    if server.read_connections == 0 || server.write_connections == 0 || server.queue_max == 0 {
        return Err(ConfigError::new(format!(
            "mariadb.{name}: read_connections, write_connections and queue_max must be at least 1"
        )));
    }
    Ok(())
}

/// `name` is the section's, for errors.
pub(super) fn mongodb(name: &str, server: &mut MongoDb) -> Result<(), ConfigError> {
    let password = read_password(server.pass_file.as_deref())?;
    apply_password(password.as_deref(), server.url.iter_mut())?;
    if server.url.is_none() {
        return Err(ConfigError::new(format!("mongodb.{name}.url is missing")));
    }
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

/// The password in a file, without the newline at its end.
fn read_password(path: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::new(format!("pass_file {}: {error}", path.display())))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Puts a password into URLs, if there is one.
fn apply_password<'a>(
    password: Option<&str>,
    urls: impl Iterator<Item = &'a mut SecretUrl>,
) -> Result<(), ConfigError> {
    if let Some(password) = password {
        for url in urls {
            *url = url.with_password(password).map_err(ConfigError::new)?;
        }
    }
    Ok(())
}
