//! The keys in which two configurations differ, without their values: some values are secrets.

use std::collections::BTreeMap;

use beds_bus::BrokerService;
use beds_core::settings::Servers;
use beds_mariadb::MariaDb;
use beds_mongodb::MongoDb;
use beds_protocol::{Broker, Service};

use super::Config;

impl Config {
    /// The keys with different values in another configuration, such as `limits.reply_bytes_max`. A server that only
    /// one of them has is named by its section: `mariadb.catalog`.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<String> {
        // No node uses `[design]`.
        let Self {
            node,
            access,
            tls,
            amqp,
            brokers: _,
            broker_services,
            own_amqp: _,
            limits,
            mariadb,
            mongodb,
            tercero,
            syslog,
            graph,
            jobs,
            shared_filesystem,
            logging,
            telemetry,
            design: _,
        } = self;
        let mut keys = of_section("node", &node.differing(&other.node));
        keys.extend(of_section("access", &access.differing(&other.access)));
        keys.extend(of_section("tls", &tls.differing(&other.tls)));
        keys.extend(of_section("amqp", &amqp.differing(&other.amqp)));
        for &broker in Broker::ALL {
            let differing = self.pool(broker).differing(&other.pool(broker));
            keys.extend(of_section(&format!("brokers.{}", broker.as_str()), &differing));
        }
        for &service in Service::ALL {
            let own = |sections: &BTreeMap<Service, BrokerService>| {
                sections.get(&service).cloned().unwrap_or_default()
            };
            let differing = own(broker_services).differing(&own(&other.broker_services));
            keys.extend(of_section(&format!("broker_services.{}", service.as_str()), &differing));
        }
        keys.extend(of_section("limits", &limits.differing(&other.limits)));
        keys.extend(of_servers("mariadb", mariadb, &other.mariadb, MariaDb::differing));
        keys.extend(of_servers("mongodb", mongodb, &other.mongodb, MongoDb::differing));
        keys.extend(of_section("tercero", &tercero.differing(&other.tercero)));
        keys.extend(of_section("syslog", &syslog.differing(&other.syslog)));
        keys.extend(of_section("graph", &graph.differing(&other.graph)));
        keys.extend(of_section("jobs", &jobs.differing(&other.jobs)));
        let differing = shared_filesystem.differing(&other.shared_filesystem);
        keys.extend(of_section("shared_filesystem", &differing));
        keys.extend(of_section("logging", &logging.differing(&other.logging)));
        keys.extend(of_section("telemetry", &telemetry.differing(&other.telemetry)));
        keys
    }
}

fn of_section(section: &str, keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| format!("{section}.{key}")).collect()
}

fn of_servers<T>(
    engine: &str,
    one: &Servers<T>,
    other: &Servers<T>,
    differing: impl Fn(&T, &T) -> Vec<&'static str>,
) -> Vec<String> {
    let mut names: Vec<_> = one.names().chain(other.names()).collect();
    names.sort_unstable();
    names.dedup();
    let of = |name: &str| {
        let section = format!("{engine}.{name}");
        match (one.get(name), other.get(name)) {
            (Some(one), Some(other)) => of_section(&section, &differing(one, other)),
            (Some(_), None) | (None, Some(_)) => vec![section],
            (None, None) => Vec::new(),
        }
    };
    names.into_iter().flat_map(of).collect()
}
