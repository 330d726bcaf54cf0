//! A running node's response to commands.

use std::sync::Arc;

use beds_bus::Pool;
use beds_core::error::{Error, Result};
use beds_protocol::{Broker, ErrorCode};
use beds_services::fleet::{Command, Fleet, Told};
use serde_json::{Value, json};
use tracing::info;

use crate::{
    config::{Config, ConfigError},
    reload::Running,
    templates,
};

impl Running<'_> {
    /// Runs the command, and answers.
    pub(crate) fn obey(
        &mut self,
        Told { command, answer }: Told,
        fleet: &Arc<Fleet>,
        load: impl FnOnce() -> std::result::Result<Config, ConfigError>,
    ) {
        let given = match command {
            Command::Ping => Ok(says(fleet)),
            Command::Drain => {
                info!("told to drain: finishing the requests in progress");
                self.pool.drain();
                Ok(json!({ "state": "draining" }))
            }
            Command::Resume => {
                info!("told to resume");
                self.pool.resume();
                Ok(json!({ "state": "resuming" }))
            }
            Command::Scale { broker, instances, prefetch } => self.scale(broker, instances, prefetch),
            Command::LogLevel { level } => self.log_by(&level),
            Command::Verify => {
                let (config, domains) = (self.config.clone(), self.domains.to_vec());
                // It takes as long as the databases take.
                tokio::spawn(async move {
                    let _ = answer.send(templates::found(&config, &domains).await);
                });
                return;
            }
            Command::Reload => self.reload(load).map(|taken| json!(taken)).map_err(|reason| {
                Error::new(ErrorCode::ValidationFailed, format!("the old configuration stays: {reason}"))
            }),
        };
        // The sender may have given up.
        let _ = answer.send(given);
    }

    fn scale(&mut self, broker: Broker, instances: u16, prefetch: Option<u16>) -> Result<Value> {
        let pools = self.pool.pools()();
        let Some((_, before)) = pools.into_iter().find(|(open, _)| *open == broker) else {
            let message = format!("this node does not have the broker `{}` open", broker.as_str());
            return Err(Error::new(ErrorCode::NotFound, message));
        };
        let pool = Pool { instances, prefetch: prefetch.unwrap_or(before.prefetch) };
        info!(queue = broker.queue(), instances, prefetch = pool.prefetch, "told to scale");
        let of_service = self.config.brokers.entry(broker.service()).or_default();
        of_service.insert(broker.short_name().to_owned(), pool.clone());
        self.pool.resize(&[(broker, pool.clone())]);
        self.engines.make_room(&self.config, self.domains);
        let shown = |pool: &Pool| json!({ "instances": pool.instances, "prefetch": pool.prefetch });
        Ok(json!({ "broker": broker, "before": shown(&before), "now": shown(&pool) }))
    }

    fn log_by(&mut self, level: &str) -> Result<Value> {
        self.levels.set(level).map_err(|reason| Error::new(ErrorCode::ValidationFailed, reason))?;
        info!(level, "told to change the log filter");
        let before = std::mem::replace(&mut self.config.logging.level, level.to_owned());
        Ok(json!({ "before": before, "now": level }))
    }
}

/// The node's report on itself.
fn says(fleet: &Fleet) -> Value {
    let me = fleet.me();
    let uptime = beds_protocol::value::DateTime::now().0 - me.started_at.0;
    let mut says = json!(me);
    if let Value::Object(says) = &mut says {
        // The answer names the node already, and the list of templates is long.
        for member in ["node", "instance", "templates"] {
            says.shift_remove(member);
        }
        says.insert("uptime_s".to_owned(), json!(uptime.whole_seconds()));
    }
    says
}
