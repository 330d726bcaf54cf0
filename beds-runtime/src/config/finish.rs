//! Checks that the types of the sections cannot make, and the passwords in files.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use beds_bus::{Amqp, BrokerService, Pool};
use beds_core::settings::{
    Limits, MARIADB, MONGODB, Millis, Parts, RABBITMQ, Rules, SecretUrl, Tls, decoded,
};
use beds_mariadb::MariaDb;
use beds_mongodb::MongoDb;
use beds_protocol::{
    Broker, Service,
    vocabulary::{ANY_KNOWN, ANYONE, is_role},
};

use super::{
    Access, ConfigError, Logging, Node, Telemetry, level, ranges,
    secrets::{self, Access as Given},
};

/// Checks the common files of all links, which single servers may override.
pub(super) fn tls(tls: &Tls) -> Result<(), ConfigError> {
    secrets::check("tls", tls).map_err(ConfigError::new)
}

/// `folder` is the configuration's, for errors.
pub(super) fn amqp(folder: &Path, amqp: &mut Amqp, common: &Tls) -> Result<(), ConfigError> {
    if amqp.url.0.is_empty() {
        let file = folder.join("beds.toml");
        return Err(ConfigError::new(format!(
            "amqp.url is missing: set it in {}, or as BEDS__AMQP__URL",
            file.display()
        )));
    }
    rabbitmq("amqp", "amqp.url", amqp, common)?;
    amqp.reply_to_prefixes.iter().try_for_each(|prefix| reply_to_prefix(prefix))?;
    in_range(
        "amqp",
        &[
            ("connect_timeout_ms", amqp.connect_timeout_ms.0.into()),
            ("confirm_timeout_ms", amqp.confirm_timeout_ms.0.into()),
            ("heartbeat_s", amqp.heartbeat_s.into()),
            ("backoff_min_ms", amqp.backoff_min_ms.0.into()),
            ("topology_check_ms", amqp.topology_check_ms.0.into()),
            ("queue_length_max", amqp.queue_length_max.into()),
            ("delivery_attempts_max", amqp.delivery_attempts_max.into()),
        ],
    )?;
    not_above(("amqp.backoff_min_ms", amqp.backoff_min_ms), ("amqp.backoff_max_ms", amqp.backoff_max_ms))
}

/// The prefix of the names of all BEDS queues.
const OWN_QUEUES: &str = "beds.";

/// Refuses a prefix of queues that no client owns, and one that looks like a pattern.
fn reply_to_prefix(prefix: &str) -> Result<(), ConfigError> {
    let wrong = |reason: String| Err(ConfigError::new(format!("amqp.reply_to_prefixes: {reason}")));
    if prefix.is_empty() {
        return wrong("an empty prefix would allow every queue".to_owned());
    }
    if let Some(plain) = prefix.strip_suffix(['*', '#']) {
        let plain = if plain.is_empty() { "web." } else { plain };
        return wrong(format!("`{prefix}` is a pattern: write how the names begin, such as `{plain}`"));
    }
    if OWN_QUEUES.starts_with(prefix) || prefix.starts_with(OWN_QUEUES) {
        return wrong(format!(
            "`{prefix}` would allow queues whose names begin with `{OWN_QUEUES}`, which are those of BEDS itself"
        ));
    }
    Ok(())
}

/// Adds the files and passwords to the URLs of a RabbitMQ.
fn rabbitmq(section: &str, key: &str, amqp: &mut Amqp, common: &Tls) -> Result<(), ConfigError> {
    let access = access(section, amqp.pass_file.as_deref(), &mut amqp.tls, common)?;
    urls(&RABBITMQ, key, &access, &mut amqp.url.0, |_| Ok(()))
}

/// The sections `[amqp]` of services with a RabbitMQ of their own, derived from the common section as written.
pub(super) fn broker_services(
    sections: &BTreeMap<Service, BrokerService>,
    common: &Amqp,
    tls: &Tls,
) -> Result<BTreeMap<Service, Amqp>, ConfigError> {
    let mut all = BTreeMap::new();
    // Without a common URL there is no base for them, and that error is reported.
    for (&service, own) in sections.iter().filter(|_| !common.url.0.is_empty()) {
        let section = format!("broker_services.{}", service.as_str());
        let wrong = |reason: String| ConfigError::new(format!("{section}: {reason}"));
        if own.pass.is_some() && own.pass_file.is_some() {
            return Err(wrong("`pass` and `pass_file` are both there: remove one".to_owned()));
        }
        if own.user.as_deref() == Some("") {
            return Err(wrong("`user` is empty".to_owned()));
        }
        if own.vhost.as_deref() == Some("") {
            return Err(wrong("`vhost` is empty: write `/` for RabbitMQ's own, or leave it out".to_owned()));
        }
        if own.port == Some(0) {
            return Err(wrong("`port` is 0: it must be from 1 to 65535".to_owned()));
        }
        if own.user.is_some() && own.pass.is_none() && own.pass_file.is_none() {
            return Err(wrong("`user` has no password: set `pass_file` or `pass`".to_owned()));
        }
        let mut amqp = own.over(common).map_err(wrong)?;
        rabbitmq(&section, &section, &mut amqp, tls)?;
        all.insert(service, amqp);
    }
    Ok(all)
}

/// The limits must let some requests pass.
pub(super) fn limits(limits: &Limits) -> Result<(), ConfigError> {
    in_range(
        "limits",
        &[
            ("request_bytes_max", limits.request_bytes_max as u64),
            ("reply_bytes_max", limits.reply_bytes_max as u64),
            ("create_records_max", limits.create_records_max as u64),
            ("in_items_max", limits.in_items_max as u64),
            ("batch_items_max", limits.batch_items_max as u64),
            ("batch_items_at_once", limits.batch_items_at_once as u64),
            ("request_timeout_ms", limits.request_timeout_ms.0.into()),
            ("queue_wait_max_ms", limits.queue_wait_max_ms.0.into()),
        ],
    )?;
    not_above(
        ("limits.request_timeout_ms", limits.request_timeout_ms),
        ("limits.request_timeout_max_ms", limits.request_timeout_max_ms),
    )
}

/// The longest name of a node, in characters: the limit of the templates that store nodes' data.
const NAME_MAX: usize = 100;

/// The node's own section.
pub(super) fn node(node: &Node) -> Result<(), ConfigError> {
    if node.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(ConfigError::new(
            "node.name is empty: write a name, or leave it out for the host's name and the process id",
        ));
    }
    let name = node.name.as_deref().unwrap_or_default();
    let length = name.chars().count();
    if length > NAME_MAX {
        return Err(ConfigError::new(format!(
            "node.name has {length} characters: it must have at most {NAME_MAX}, or no report of the node would be kept"
        )));
    }
    if name.contains(char::is_control) {
        return Err(ConfigError::new(format!("node.name is {name:?}: it must not have control characters")));
    }
    if node.services.is_empty() {
        return Err(ConfigError::new("node.services is empty: name at least one service"));
    }
    for (index, service) in node.services.iter().enumerate() {
        if node.services[..index].contains(service) {
            let service = service.as_str();
            return Err(ConfigError::new(format!("node.services names `{service}` twice: name it once")));
        }
    }
    in_range(
        "node",
        &[
            ("ipl_timeout_ms", node.ipl_timeout_ms.0.into()),
            ("verify_every_s", node.verify_every_s.into()),
            ("ledger_keep_s", node.ledger_keep_s.into()),
            ("expire_every_s", node.expire_every_s.into()),
            ("heartbeat_ms", node.heartbeat_ms.0.into()),
            ("fleet_keep_s", node.fleet_keep_s.into()),
        ],
    )
}

/// The roles of users must be names that a template can have.
pub(super) fn roles(access: &Access) -> Result<(), ConfigError> {
    for (user, roles) in &access.users {
        if user.is_empty() {
            return Err(ConfigError::new("access.users has a user without a name"));
        }
        let key = format!("access.users.{user}");
        for (index, role) in roles.0.iter().enumerate() {
            if matches!(role.as_str(), ANY_KNOWN | ANYONE) {
                return Err(ConfigError::new(format!(
                    "{key}: `{role}` cannot be given: every caller that it means has it already"
                )));
            }
            if !is_role(role) {
                return Err(ConfigError::new(format!(
                    "{key}: `{role}` is not a role: a role has lower-case letters, digits, _ and -, and begins with a \
                     letter"
                )));
            }
            if roles.0[..index].contains(role) {
                return Err(ConfigError::new(format!("{key} names `{role}` twice: name it once")));
            }
        }
    }
    Ok(())
}

/// Refuses the first of these numbers, each with its key, that is out of its range.
pub(super) fn in_range(section: &str, numbers: &[(&str, u64)]) -> Result<(), ConfigError> {
    for (key, number) in numbers {
        let path = format!("{section}.{key}");
        let Some(range) = ranges::of(&path).filter(|range| !range.contains(number)) else { continue };
        let (least, greatest) = (range.start(), range.end());
        return Err(ConfigError::new(if number < least {
            format!("{path} is {number}: it must be at least {least}")
        } else {
            format!("{path} is {number}: it must be at most {greatest}")
        }));
    }
    Ok(())
}

fn not_above(low: (&str, Millis), high: (&str, Millis)) -> Result<(), ConfigError> {
    if low.1 <= high.1 {
        return Ok(());
    }
    let ((low, low_ms), (high, high_ms)) = (low, high);
    Err(ConfigError::new(format!(
        "{low} ({}) is above {high} ({}): lower the first or raise the second",
        low_ms.0, high_ms.0
    )))
}

/// `name` is the section's, for errors.
pub(super) fn mariadb(name: &str, server: &mut MariaDb, common: &Tls) -> Result<(), ConfigError> {
    let section = section("mariadb", name)?;
    if server.url.0.is_empty() {
        return Err(ConfigError::new(format!("{section}.url is missing, or names no server")));
    }
    let access = access(&section, server.pass_file.as_deref(), &mut server.tls, common)?;
    let mut first = None;
    for (key, servers) in [("url", &mut server.url.0), ("read_urls", &mut server.read_urls.0)] {
        let key = format!("{section}.{key}");
        urls(&MARIADB, &key, &access, servers, beds_mariadb::check_url)?;
        for server in &*servers {
            let schema = schema(&key, server)?;
            let expected = first.get_or_insert_with(|| schema.clone());
            if *expected != schema {
                return Err(ConfigError::new(format!(
                    "{key}: {} names the schema `{schema}`, and the first server of {section}.url names `{expected}`: \
                     the servers of a database have the same",
                    server.redacted()
                )));
            }
        }
    }
    in_range(
        &section,
        &[
            ("read_connections", server.read_connections.into()),
            ("write_connections", server.write_connections.into()),
            ("queue_max", server.queue_max as u64),
            ("read_lag_max_ms", server.read_lag_max_ms.0.into()),
            ("connect_timeout_ms", server.connect_timeout_ms.0.into()),
            ("statement_timeout_ms", server.statement_timeout_ms.0.into()),
        ],
    )
}

/// The section of a database. No template can name a database with an empty name.
fn section(engine: &str, name: &str) -> Result<String, ConfigError> {
    if name.is_empty() {
        return Err(ConfigError::new(format!(
            "{engine} has a section without a name: write [{engine}.NAME], with the `database` of templates as NAME"
        )));
    }
    Ok(format!("{engine}.{name}"))
}

/// The schema that a URL names. A connection without a schema would find none of the templates' objects.
fn schema(key: &str, url: &SecretUrl) -> Result<String, ConfigError> {
    let parts = Parts::read(url.expose()).map_err(|reason| ConfigError::new(format!("{key}: {reason}")))?;
    if let Some(path) = parts.path.filter(|path| !path.is_empty()) {
        let name = decoded(path, "name of the schema");
        let name = name.map_err(|reason| ConfigError::new(format!("{key}: {reason}")))?;
        // MariaDB does not accept these characters in the name of a database. With a NUL, no login can be sent at all.
        let is_odd = |c: char| c.is_control() || c == '/' || c as u32 > 0xFFFF;
        if name.chars().count() > 64 || name.ends_with(' ') || name.contains(is_odd) {
            return Err(ConfigError::new(format!(
                "{key}: MariaDB does not take the name of its schema: it has at most 64 characters, no control \
                 character and no `/`, and does not end with a space"
            )));
        }
        return Ok(path.to_string());
    }
    let url = url.redacted();
    let url = url.trim_end_matches('/');
    Err(ConfigError::new(format!("{key}: {url} names no schema: add its name, as in {url}/SCHEMA")))
}

/// The characters that MongoDB does not accept in the name of a database.
const NOT_IN_DATABASES: [char; 13] = ['/', '\\', '.', ' ', '"', '$', '*', '<', '>', ':', '|', '?', '\0'];

/// `name` is the section's, for errors.
pub(super) fn mongodb(name: &str, server: &mut MongoDb, common: &Tls) -> Result<(), ConfigError> {
    let section = section("mongodb", name)?;
    let Some(address) = &mut server.url else {
        return Err(ConfigError::new(format!("{section}.url is missing")));
    };
    let access = access(&section, server.pass_file.as_deref(), &mut server.tls, common)?;
    url(&MONGODB, &format!("{section}.url"), &access, address, beds_mongodb::check_url)?;
    let database = server.database.as_deref().unwrap_or(name);
    if database.is_empty() || database.len() > 63 || database.contains(NOT_IN_DATABASES) {
        return Err(ConfigError::new(format!(
            "{section}.database is `{database}`: the name of a database has 1 to 63 bytes, and none of the characters \
             / \\ . space \" $ * < > : | ?"
        )));
    }
    in_range(
        &section,
        &[
            ("connections", server.connections.into()),
            ("transactions", server.transactions.into()),
            ("queue_max", server.queue_max as u64),
            ("connect_timeout_ms", server.connect_timeout_ms.0.into()),
        ],
    )
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
    in_range(&path, &[("instances", pool.instances.into()), ("prefetch", pool.prefetch.into())])
}

/// Checks that the filter can be parsed, and lets something be logged.
pub(super) fn logging(logging: &Logging) -> Result<(), ConfigError> {
    level::check(&logging.level)?;
    in_range("logging", &[("bus_queue_max", logging.bus_queue_max as u64)])
}

/// Checks that traces can be sent to the endpoint.
pub(super) fn telemetry(telemetry: &Telemetry) -> Result<(), ConfigError> {
    if let Some(endpoint) = &telemetry.endpoint {
        let wrong =
            |reason: &str| Err(ConfigError::new(format!("telemetry.endpoint `{endpoint}`: {reason}")));
        let Some(rest) = endpoint.strip_prefix("http://") else {
            return wrong(
                "it must begin with http://, such as http://127.0.0.1:4318: run a collector beside the node, which \
                 passes traces on as configured",
            );
        };
        let host = rest.split('/').next().unwrap_or_default();
        if host.is_empty() || host.starts_with(':') {
            return wrong("it names no host");
        }
        if host.contains('@') {
            return wrong("it must not have a user: a collector beside the node needs none");
        }
        if rest.contains(char::is_whitespace) || rest.contains(['?', '#']) {
            return wrong("it is not an address: write it as http://host:port");
        }
    }
    if !(0.0..=1.0).contains(&telemetry.sample_ratio) {
        return Err(ConfigError::new(format!(
            "telemetry.sample_ratio is {}: it must be from 0 to 1",
            telemetry.sample_ratio
        )));
    }
    in_range("telemetry", &[("timeout_ms", telemetry.timeout_ms.0.into())])
}

/// The files and passwords that the connections of a section need, besides their URLs.
fn access(
    section: &str,
    pass_file: Option<&Path>,
    own: &mut Tls,
    common: &Tls,
) -> Result<Given, ConfigError> {
    *own = own.over(common);
    secrets::access(section, pass_file, own).map_err(ConfigError::new)
}

/// As [`url`], for each URL of a list.
fn urls(
    rules: &Rules,
    key: &str,
    access: &Given,
    urls: &mut [SecretUrl],
    taken: impl Fn(&SecretUrl) -> Result<(), String>,
) -> Result<(), ConfigError> {
    let count = urls.len();
    for (index, one) in urls.iter_mut().enumerate() {
        let key = if count == 1 { key.to_owned() } else { format!("{key}[{index}]") };
        url(rules, &key, access, one, &taken)?;
    }
    Ok(())
}

/// Adds the files and the password, if there is one, to a URL. Refuses parts of the URL that are not understood, or not
/// `taken` by the driver.
fn url(
    rules: &Rules,
    key: &str,
    access: &Given,
    url: &mut SecretUrl,
    taken: impl Fn(&SecretUrl) -> Result<(), String>,
) -> Result<(), ConfigError> {
    let wrong = |reason: String| ConfigError::new(format!("{key}: {reason}"));
    if url.expose().is_empty() {
        return Err(wrong(
            "it is empty, in a file or in its environment variable: write the address of a server".to_owned(),
        ));
    }
    *url = url.clone().with_tls(Arc::clone(&access.tls));
    if let Some(password) = &access.password {
        *url = url.clone().with_password_from(Arc::clone(password)).current().map_err(wrong)?;
    }
    rules.check(url).map_err(wrong)?;
    taken(url).map_err(wrong)
}
