//! Connections to a server, prepared for the jobs of a lane.

use std::{sync::Arc, time::Duration};

use beds_core::settings::SecretUrl;
use beds_lane::Connect;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, MySqlConnection};

use crate::{
    link::{cell, options, version},
    primary::{Connected, Primary},
    route::{Place, Route},
    session::{Server, Session},
};

/// By how many bytes of a text the server sorts. With its default of 1,024, texts that pages distinguish would sort as
/// equal. In collations that compare several times, the weights of accents and case come after those of all letters: a
/// text of 255 characters has room with all of them.
const SORT_LENGTH: u32 = 12_288;

/// The least room for sorting, in bytes: MariaDB's own default. The server refuses to sort without room for fifteen keys.
const SORT_BUFFER: u32 = 2 << 20;

/// The settings that a session does not take from its server. Values are kept or refused and never changed, texts are
/// quoted in the usual way, no answer is cut, and errors and texts of objects have the language and form that this
/// crate reads.
pub(crate) const OWN: &str = "set session sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,\
    NO_ENGINE_SUBSTITUTION', sql_select_limit = 18446744073709551615, sql_big_selects = 1, completion_type = 0, \
    sql_quote_show_create = 1, lc_messages = 'en_US'";

/// The work of a lane's jobs, which decides how its sessions are prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// A "read" procedure that writes fails instead of lying.
    Read,
    /// A transaction begins with its first statement.
    Write,
}

/// Makes connections to one of some servers.
#[derive(Debug)]
pub(crate) struct Connector {
    route: Route,
    access: Access,
    statement_timeout: Duration,
    /// The common knowledge of the sessions on each server.
    servers: Vec<Arc<Server>>,
}

impl Connect for Connector {
    type Connection = Session;

    async fn connect(&self) -> Result<Session, String> {
        let text = |error: sqlx::Error| error.to_string();
        let Connected { mut connection, server } = self.route.connect().await?;
        let Some(known) = self.servers.get(server) else { return Err("no such server".to_owned()) };
        connection.execute(OWN).await.map_err(text)?;
        require_mariadb(&mut connection).await?;
        let knowledge = known.learn(&mut connection).await.map_err(text)?;
        connection.execute(self.preparation().as_str()).await.map_err(text)?;
        if self.access == Access::Write && begins_read_only(&mut connection).await.map_err(text)? {
            return Err("the server is read-only: its transactions begin read-only (transaction_read_only)"
                .to_owned());
        }
        let place = Place { route: self.route.clone(), server };
        Session::new(connection, (place, Arc::clone(known)), knowledge, self.patience()).await.map_err(text)
    }

    async fn close(&self, session: Session) {
        // The connection ends whether this succeeds or not.
        let _ = session.connection.close().await;
    }

    fn server(&self) -> String {
        self.route.shown()
    }
}

impl Connector {
    pub(crate) fn new(route: Route, access: Access, statement_timeout: Duration) -> Self {
        let servers = (0..route.count()).map(|_| Arc::default()).collect();
        Self { route, access, statement_timeout, servers }
    }

    /// The statements that prepare a session for the jobs of the lane.
    fn preparation(&self) -> String {
        let seconds = self.statement_timeout.as_secs_f64();
        let patience = self.patience();
        let access = match self.access {
            Access::Read => "set session autocommit = 1; set session transaction read only",
            Access::Write => "set session autocommit = 0",
        };
        format!(
            "{OWN}; set session max_statement_time = {seconds:.3}, max_sort_length = {SORT_LENGTH}, \
             sort_buffer_size = greatest(@@global.sort_buffer_size, {SORT_BUFFER}); {patience}; {access}"
        )
    }

    /// Sets how long statements wait for locks: as long as they may take.
    fn patience(&self) -> String {
        let seconds = self.statement_timeout.as_secs().max(1);
        format!("set session innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}")
    }
}

/// Whether the server makes all transactions read only by default, so that a session takes no writes. From MariaDB 11.1
/// on the variable has another name.
async fn begins_read_only(connection: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    const SQL: &str = "select cast(max(variable_value = 'ON') as char) from \
        information_schema.session_variables where variable_name in ('TX_READ_ONLY', 'TRANSACTION_READ_ONLY')";
    Ok(cell(connection, SQL).await? == "1")
}

/// The version of a server, which must be a MariaDB. Another server would refuse the requests one by one.
async fn require_mariadb(connection: &mut MySqlConnection) -> Result<String, String> {
    version(connection).await.map_err(|error| error.to_string())?
}

/// Connects to a server, asks it something, and says which version it is.
///
/// # Errors
/// What went wrong, in a sentence.
pub async fn ping(url: &SecretUrl, timeout: Duration) -> Result<String, String> {
    let attempt = async {
        let text = |error: sqlx::Error| error.to_string();
        let mut connection = options(url).map_err(text)?.connect().await.map_err(text)?;
        let version = require_mariadb(&mut connection).await?;
        connection.close().await.map_err(text)?;
        Ok::<_, String>(version)
    };
    // The connection belongs to this attempt alone: dropping it midway leaves nothing out of step.
    tokio::time::timeout(timeout, attempt).await.unwrap_or_else(|_| Err(late(timeout)))
}

fn late(limit: Duration) -> String {
    format!("no answer within {} ms", limit.as_millis())
}

/// Connects to the one of several servers that takes writes, asks it something, and says which version it is. If there
/// are several servers, it also says which of them it is.
///
/// # Errors
/// What went wrong with each, in a sentence.
pub async fn ping_primary(servers: &[SecretUrl], timeout: Duration) -> Result<String, String> {
    let attempt = async {
        let primary = Primary::new(String::new(), servers.to_vec());
        let Connected { mut connection, server } = primary.connect().await?;
        let version = require_mariadb(&mut connection).await?;
        connection.close().await.map_err(|error| error.to_string())?;
        let several = servers.get(server).filter(|_| servers.len() > 1);
        Ok(several.map_or(version.clone(), |url| format!("{version}, and {} takes writes", url.redacted())))
    };
    // The connection belongs to this attempt alone: dropping it midway leaves nothing out of step.
    tokio::time::timeout(timeout, attempt).await.unwrap_or_else(|_| Err(late(timeout)))
}
