//! [`Running`]: the parts of a changed configuration that a running node adopts.

use beds_bus::BrokerPool;
use beds_core::{access::Rules, spec::Domain};
use sd_notify::NotifyState;
use serde::Serialize;
use tracing::{info, warn};

use crate::{
    config::{Config, ConfigError, Environment},
    engines::Engines,
    ipl,
    logging::Levels,
    roles,
};

/// A running node: its configuration, and the parts that can be reconfigured.
pub(crate) struct Running<'a> {
    /// The configuration in effect.
    pub(crate) config: Config,
    pub(crate) environment: Environment,
    /// All domains of the project.
    pub(crate) all: &'a [&'static Domain],
    /// The domains that the node hosts.
    pub(crate) domains: &'a [&'static Domain],
    pub(crate) rules: Rules,
    pub(crate) levels: Levels,
    pub(crate) pool: &'a BrokerPool,
    pub(crate) engines: &'a Engines,
}

/// The changes of a configuration.
#[derive(Debug, Serialize)]
pub(crate) struct Taken {
    /// The keys whose new values are in effect.
    changed: Vec<String>,
    /// The keys that need a restart.
    needs_restart: Vec<String>,
}

impl Running<'_> {
    /// Adopts what it can of the configuration that `load` returns, and reports which keys need a restart. It adopts
    /// nothing of an invalid configuration.
    pub(crate) fn reload(
        &mut self,
        load: impl FnOnce() -> Result<Config, ConfigError>,
    ) -> Result<Taken, String> {
        let mut notes = vec![NotifyState::Reloading];
        notes.extend(NotifyState::monotonic_usec_now());
        let _ = sd_notify::notify(&notes);
        let taken = load().map_err(|error| error.to_string()).and_then(|new| self.take(new));
        if let Err(reason) = &taken {
            warn!("the configuration was not reloaded, and the old one stays: {reason}");
        }
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        taken
    }

    fn take(&mut self, new: Config) -> Result<Taken, String> {
        ipl::acceptable(&new, self.domains, self.environment).map_err(|failure| failure.to_string())?;
        let differing = self.config.differing(&new);
        let (reloaded, others): (Vec<_>, Vec<_>) = differing.into_iter().partition(|key| is_reloaded(key));
        if self.config.logging.level != new.logging.level {
            self.levels.set(&new.logging.level)?;
        }
        let (logging, brokers) = (&mut self.config.logging, new.brokers);
        logging.level = new.logging.level;
        logging.slow_ms = new.logging.slow_ms;
        self.pool.slow_after(logging.slow_ms.duration());
        self.config.brokers = brokers;
        self.pool.resize(&self.config.hosted_pools());
        self.config.access.users = new.access.users;
        self.rules.give(self.config.roles_of_users());
        self.engines.make_room(&self.config, self.domains);
        let changed = if reloaded.is_empty() { "nothing".to_owned() } else { reloaded.join(", ") };
        info!(
            "configuration read again: {changed} changed; each connection reads passwords and certificates anew"
        );
        for warning in roles::warnings(&self.config, (self.all, self.domains), self.environment) {
            warn!("{warning}");
        }
        if !others.is_empty() {
            warn!("needs a restart: {}", others.join(", "));
        }
        Ok(Taken { changed: reloaded, needs_restart: others })
    }
}

/// Whether a running node adopts a new value of this key.
fn is_reloaded(key: &str) -> bool {
    matches!(key, "access.users" | "logging.level" | "logging.slow_ms") || key.starts_with("brokers.")
}
