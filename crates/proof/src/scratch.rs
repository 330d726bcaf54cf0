//! Scratch servers: private ones, or those that the configuration names for proofs. On them is a database that only the
//! proof uses.
//!
//! Objects that are made there have unique names, and are removed at the end.

use beds_core::settings::{Parts, SecretUrl};
use beds_devstack::Stack;
use beds_protocol::Engine;
use uuid::Uuid;

use crate::hand::Place;

/// The servers for proofs. A private server is started for each one that is not named.
#[derive(Debug, Clone, Default)]
pub struct Servers {
    /// RabbitMQ. No node may serve there.
    pub amqp: Option<SecretUrl>,
    /// MariaDB, without a database. The account may create databases and accounts.
    pub mariadb: Option<SecretUrl>,
    /// MongoDB.
    pub mongodb: Option<SecretUrl>,
}

/// A database for one proof, and a RabbitMQ.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) engine: Engine,
    /// The private servers, if there are any.
    pub(crate) stack: Option<Stack>,
    pub(crate) amqp: SecretUrl,
    server: SecretUrl,
    /// The database.
    pub(crate) place: Place,
    /// The database with the credentials of the node's account. A MongoDB without authentication has no accounts.
    pub(crate) node_url: SecretUrl,
    /// The name of the database, and of the account.
    pub(crate) name: String,
    /// The password of the account.
    pub(crate) password: String,
}

impl Scratch {
    /// Starts the private servers, and creates the database.
    pub(crate) async fn open(engine: Engine, servers: &Servers) -> Result<Self, String> {
        let named = match engine {
            Engine::MariaDb => servers.mariadb.clone(),
            Engine::MongoDb => servers.mongodb.clone(),
        };
        let (lacks_amqp, lacks_database) = (servers.amqp.is_none(), named.is_none());
        let stack = if lacks_amqp || lacks_database {
            let start = move || private(engine, lacks_amqp, lacks_database);
            Some(tokio::task::spawn_blocking(start).await.map_err(|error| error.to_string())??)
        } else {
            None
        };
        let of_stack =
            |url: &dyn Fn(&Stack) -> String| stack.as_ref().map(|stack| SecretUrl::new(url(stack)));
        let nowhere = || "no scratch server is there".to_owned();
        let amqp = servers.amqp.clone().or_else(|| of_stack(&Stack::amqp_url)).ok_or_else(nowhere)?;
        let server = named.or_else(|| match engine {
            Engine::MariaDb => of_stack(&Stack::mariadb_url),
            Engine::MongoDb => of_stack(&Stack::mongodb_url),
        });
        let server = server.ok_or_else(nowhere)?;
        let name = format!("beds_proof_{}", &Uuid::new_v4().simple().to_string()[..12]);
        let password = Uuid::new_v4().simple().to_string();
        let (place, node_url) = match engine {
            Engine::MariaDb => {
                let url = |login| in_database(&server, login, &name);
                (Place::MariaDb(url(None)?), url(Some((&name, &password)))?)
            }
            Engine::MongoDb => (Place::MongoDb(server.clone(), name.clone()), server.clone()),
        };
        let scratch = Self { engine, stack, amqp, server, place, node_url, name, password };
        if engine == Engine::MariaDb {
            // Without `if not exists`: an existing database belongs to somebody.
            scratch.on_server(&[format!("create database `{}` character set utf8mb4", scratch.name)]).await?;
        }
        Ok(scratch)
    }

    /// Servers that are these, as far as there are any, and otherwise the others.
    pub(crate) fn servers(&self, others: &Servers) -> Servers {
        let mut servers = Servers { amqp: Some(self.amqp.clone()), ..others.clone() };
        let server = Some(self.server.clone());
        match self.engine {
            Engine::MariaDb => servers.mariadb = server,
            Engine::MongoDb => servers.mongodb = server,
        }
        servers
    }

    /// The database with the credentials of the server's URL.
    pub(crate) const fn url(&self) -> &SecretUrl {
        match &self.place {
            Place::MariaDb(url) | Place::MongoDb(url, _) => url,
        }
    }

    /// Runs statements on the server, without a database.
    pub(crate) async fn on_server(&self, statements: &[String]) -> Result<(), String> {
        let mut hand = self.on().connect().await?;
        let mut done = Ok(());
        for statement in statements {
            done = hand.run(statement).await;
            if done.is_err() {
                break;
            }
        }
        hand.close().await;
        done
    }

    /// The place for statements that create and drop the database.
    fn on(&self) -> Place {
        match self.engine {
            Engine::MariaDb => Place::MariaDb(self.server.clone()),
            Engine::MongoDb => self.place.clone(),
        }
    }

    /// Whether the servers still answer. If they do not, a failure says nothing about the proposal.
    pub(crate) async fn is_there(&self) -> Result<(), String> {
        let hand = self.on().connect().await;
        let away = |reason| format!("the scratch server of {} is away: {reason}", self.engine.title());
        hand.map_err(away)?.close().await;
        let client = beds_client::Client::builder(self.amqp.expose()).connect().await;
        let away = |error| format!("the scratch server of RabbitMQ is away: {error}");
        client.map_err(away)?.close().await;
        Ok(())
    }

    /// Removes everything that was made.
    pub(crate) async fn close(self) -> Result<(), String> {
        let gone = match self.engine {
            Engine::MariaDb => {
                let database = format!("drop database `{}`", self.name);
                let account = format!("drop user if exists '{}'@'%'", self.name);
                self.on_server(&[database, account]).await
            }
            Engine::MongoDb => self.on_server(&[r#"{ "dropDatabase": 1 }"#.to_owned()]).await,
        };
        let left = format!("the scratch database `{}` could not be dropped", self.name);
        if let Some(stack) = self.stack {
            // Stopping the servers removes everything on them.
            let _ = tokio::task::spawn_blocking(move || drop(stack)).await;
            return Ok(());
        }
        gone.map_err(|reason| format!("{left}: {reason}"))
    }
}

/// The URL of a database on a server, with the credentials of the URL, or of another account.
fn in_database(
    server: &SecretUrl,
    other: Option<(&String, &String)>,
    database: &str,
) -> Result<SecretUrl, String> {
    let Parts { scheme, user, password, hosts, query, path: _ } = Parts::read(server.expose())
        .map_err(|reason| format!("the URL of the scratch server cannot be read: {reason}"))?;
    let login = match (other, user, password) {
        (Some((user, password)), ..) => format!("{user}:{password}@"),
        (None, Some(user), Some(password)) => format!("{user}:{password}@"),
        (None, Some(user), None) => format!("{user}@"),
        (None, None, _) => String::new(),
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Ok(SecretUrl::new(format!("{scheme}://{login}{hosts}/{database}{query}")))
}

/// Starts private servers from installed programs.
fn private(engine: Engine, amqp: bool, database: bool) -> Result<Stack, String> {
    let mut builder = Stack::builder().ignore_environment().install_nothing();
    if amqp {
        builder = builder.rabbitmq();
    }
    if database {
        builder = match engine {
            Engine::MariaDb => builder.mariadb(),
            Engine::MongoDb => builder.mongodb(),
        };
    }
    builder.start().map_err(|error| {
        format!("no private scratch servers: {error}; [design] scratch_amqp and the like name others")
    })
}
