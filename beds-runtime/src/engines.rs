//! [`Engines`]: the databases of a node, and the one runner of all plans. It knows no domain.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

use beds_bus::Pool;
use beds_core::{
    Error, Outcome, Result, Runner,
    meter::{Samples, Source},
    outbox::Outbox,
    plan::{Bounds, Plan},
    settings::Room,
    spec::{Domain, Engine},
    value::Value,
};
use beds_protocol::Lane;
use futures_util::future::BoxFuture;

use crate::config::Config;

/// The databases of a node, by engine and name.
#[derive(Debug, Default)]
pub struct Engines {
    mariadb: BTreeMap<&'static str, beds_mariadb::Database>,
    mongodb: BTreeMap<&'static str, beds_mongodb::Database>,
}

impl Engines {
    /// Opens the databases that these domains use. Connections are made in the background, for as long as the
    /// engines live.
    #[must_use]
    pub fn open(config: &Config, domains: &[&'static Domain]) -> Arc<Self> {
        let mut engines = Self::default();
        for domain in domains {
            let name = domain.database;
            match domain.engine() {
                Engine::MariaDb => {
                    if let Some(server) = config.mariadb.get(name) {
                        let open = || {
                            beds_mariadb::Database::open(name, server, room(config, domains, domain.home()))
                        };
                        engines.mariadb.entry(name).or_insert_with(open);
                    }
                }
                Engine::MongoDb => {
                    if let Some(server) = config.mongodb.get(name) {
                        let open = || {
                            beds_mongodb::Database::open(name, server, room(config, domains, domain.home()))
                        };
                        engines.mongodb.entry(name).or_insert_with(open);
                    }
                }
            }
        }
        Arc::new(engines)
    }

    /// Adjusts the room for waiting requests to the present pools of the brokers.
    pub fn make_room(&self, config: &Config, domains: &[&'static Domain]) {
        for (name, database) in &self.mariadb {
            database.make_room(room(config, domains, (Engine::MariaDb, name)));
        }
        for (name, database) in &self.mongodb {
            database.make_room(room(config, domains, (Engine::MongoDb, name)));
        }
    }

    /// The outboxes of the databases whose events these domains publish.
    #[must_use]
    pub fn outboxes(&self, domains: &[&'static Domain]) -> Vec<Arc<dyn Outbox>> {
        let mut names: Vec<(Engine, &str)> = domains
            .iter()
            .filter(|domain| !domain.events.publish.is_empty())
            .map(|domain| domain.home())
            .collect();
        names.sort_unstable_by_key(|(engine, name)| (engine.as_str(), *name));
        names.dedup();
        let outbox = |(engine, name): (Engine, &str)| match engine {
            Engine::MariaDb => Some(self.mariadb.get(name)?.outbox()),
            Engine::MongoDb => Some(self.mongodb.get(name)?.outbox()),
        };
        names.into_iter().filter_map(outbox).collect()
    }

    /// The databases that do not answer, each as engine and name: `mariadb.catalog`.
    #[must_use]
    pub fn away(&self) -> BTreeSet<String> {
        let mariadb =
            self.mariadb.iter().map(|(name, database)| (Engine::MariaDb, name, database.is_there()));
        let mongodb =
            self.mongodb.iter().map(|(name, database)| (Engine::MongoDb, name, database.is_there()));
        let away = mariadb.chain(mongodb).filter(|(.., is_there)| !is_there);
        away.map(|(engine, name, _)| format!("{engine}.{name}")).collect()
    }

    /// Deletes the entries that the ledger of a domain's database has kept since before this moment. Returns how many.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn purge(&self, domain: &Domain, before: SystemTime) -> Result<usize> {
        match domain.engine() {
            Engine::MariaDb => {
                let database = self.mariadb.get(domain.database);
                database.ok_or_else(|| not_configured(domain))?.purge(before).await
            }
            Engine::MongoDb => {
                let database = self.mongodb.get(domain.database);
                database.ok_or_else(|| not_configured(domain))?.purge(before).await
            }
        }
    }

    async fn run(&self, plan: Plan, bounds: Bounds) -> Result<Outcome> {
        let domain = plan.domain;
        match domain.engine() {
            Engine::MariaDb => {
                let database = self.mariadb.get(domain.database);
                database.ok_or_else(|| not_configured(domain))?.run(plan, bounds).await
            }
            Engine::MongoDb => {
                let database = self.mongodb.get(domain.database);
                database.ok_or_else(|| not_configured(domain))?.run(plan, bounds).await
            }
        }
    }

    async fn look_up(
        &self,
        domain: &'static Domain,
        keys: Vec<Value>,
        bounds: Bounds,
    ) -> Result<Vec<Result<Outcome>>> {
        match domain.engine() {
            Engine::MariaDb => {
                let database = self.mariadb.get(domain.database);
                database.ok_or_else(|| not_configured(domain))?.look_up(domain, keys, bounds).await
            }
            Engine::MongoDb => {
                let database = self.mongodb.get(domain.database);
                database.ok_or_else(|| not_configured(domain))?.look_up(domain, keys, bounds).await
            }
        }
    }
}

impl Source for Engines {
    fn collect(&self, samples: &mut Samples) {
        for database in self.mariadb.values() {
            database.collect(samples);
        }
        for database in self.mongodb.values() {
            database.collect(samples);
        }
    }
}

impl Runner for Engines {
    fn run(&self, plan: Plan, bounds: Bounds) -> BoxFuture<'_, Result> {
        Box::pin(Self::run(self, plan, bounds))
    }

    fn check(&self, plan: Plan) -> Result<()> {
        match plan.domain.engine() {
            Engine::MongoDb => beds_mongodb::Database::check(plan),
            // Only the database knows what a procedure accepts.
            Engine::MariaDb => Ok(()),
        }
    }

    fn look_up(
        &self,
        domain: &'static Domain,
        keys: Vec<Value>,
        bounds: Bounds,
    ) -> BoxFuture<'_, Result<Vec<Result<Outcome>>>> {
        Box::pin(Self::look_up(self, domain, keys, bounds))
    }
}

/// How many requests may wait for a database: half of the number that its domains' brokers take at a time, so that the
/// other databases always have some left.
fn room(config: &Config, domains: &[&'static Domain], database: (Engine, &str)) -> Room {
    let most = |lane: Lane| {
        let brokers = domains.iter().filter(|domain| domain.home() == database);
        let taken = brokers.map(|domain| {
            let Pool { instances, prefetch } = config.pool(domain.placement.broker(lane));
            usize::from(instances) * usize::from(prefetch)
        });
        (taken.min().unwrap_or_default() / 2).max(1)
    };
    let wait_max = config.limits.queue_wait_max_ms.duration();
    Room { reads_max: most(Lane::Read), writes_max: most(Lane::Write), wait_max }
}

fn not_configured(domain: &Domain) -> Error {
    let (section, name) = (domain.engine().as_str(), domain.database);
    Error::internal(format!("no server is configured for the database `{name}` of `{}`", domain.name))
        .hint(format!("configure [{section}.{name}]"))
}
