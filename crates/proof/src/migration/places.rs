//! The scratch databases of a migration: on the servers of the proofs before, and on one more if the engines differ.

use beds_core::settings::SecretUrl;
use beds_protocol::Engine;

use crate::{
    hand::Hand,
    scratch::{Scratch, Servers},
};

/// A database, by its engine and the name that templates give it.
pub(super) type Wanted = (Engine, String);

/// The databases.
pub(super) struct Places(Vec<(String, Scratch)>);

impl Places {
    /// Makes the databases.
    pub(super) async fn open(wanted: &[Wanted], first: &Scratch, servers: &Servers) -> Result<Self, String> {
        let mut servers = first.servers(servers);
        let mut places = Self(Vec::new());
        for (engine, name) in wanted {
            match Scratch::open(*engine, &servers).await {
                Ok(scratch) => {
                    servers = scratch.servers(&servers);
                    places.0.push((name.clone(), scratch));
                }
                Err(reason) => {
                    // What was made is removed. The first failure is the one that counts.
                    let _ = places.close().await;
                    return Err(reason);
                }
            }
        }
        Ok(places)
    }

    /// The databases, for the configuration of a node.
    pub(super) fn databases(&self) -> Vec<(&str, &Scratch, &SecretUrl)> {
        self.0.iter().map(|(name, scratch)| (name.as_str(), scratch, scratch.url())).collect()
    }

    /// Connects to a database.
    pub(super) async fn connect(&self, (engine, name): (Engine, &str)) -> Result<Hand, String> {
        let found = self.0.iter().find(|(known, scratch)| known == name && scratch.engine == engine);
        let (_, scratch) = found.ok_or_else(|| format!("there is no scratch database for {name}"))?;
        scratch.place.connect().await
    }

    /// Runs statements in a database.
    pub(super) async fn run(&self, place: (Engine, &str), statements: &[String]) -> Result<(), String> {
        let mut hand = self.connect(place).await?;
        let mut done = Ok(());
        for statement in statements {
            done = hand.run_again(statement).await;
            if let Err(reason) = &done {
                let first = statement.lines().next().unwrap_or_default();
                done = Err(format!("{first}: {reason}"));
                break;
            }
        }
        hand.close().await;
        done
    }

    /// Whether the servers still answer.
    pub(super) async fn are_there(&self) -> Result<(), String> {
        for (_, scratch) in &self.0 {
            scratch.is_there().await?;
        }
        Ok(())
    }

    /// Removes the databases. A server that was started for one of them stays until all are gone.
    pub(super) async fn close(self) -> Result<(), String> {
        let mut closed = Ok(());
        for (_, scratch) in self.0.into_iter().rev() {
            closed = closed.and(scratch.close().await);
        }
        closed
    }
}
