//! Connections to a server, prepared for the jobs of a lane.

use std::{sync::Arc, time::Duration};

use beds_core::settings::{Link, MARIADB, SecretUrl};
use beds_lane::Connect;
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};

use crate::{
    primary::{Connected, Primary},
    route::{Place, Route},
    session::{Server, Session},
};

/// How many bytes of a text the server sorts by. Its default of 1,024 would sort texts as equal that pages tell apart.
const SORT_LENGTH: u32 = 4_096;

/// What a session does not take from its server: values are kept or refused and never changed, texts are quoted as they
/// are everywhere, and no answer is cut.
pub(crate) const OWN: &str = "set session sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,\
    NO_ENGINE_SUBSTITUTION', sql_select_limit = 18446744073709551615";

/// What a lane's jobs do, and so how its sessions are prepared.
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
    /// What the sessions on each server have in common.
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
            return Err(
                "the server is read-only: its transactions begin so (transaction_read_only)".to_owned()
            );
        }
        let place = Place { route: self.route.clone(), server };
        Session::new(connection, (place, Arc::clone(known)), knowledge).await.map_err(text)
    }

    async fn close(&self, session: Session) {
        // It ends in either case.
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

    /// What makes a session fit for the jobs of the lane.
    fn preparation(&self) -> String {
        let seconds = self.statement_timeout.as_secs_f64();
        let lock_seconds = self.statement_timeout.as_secs().max(1);
        let access = match self.access {
            Access::Read => "set session autocommit = 1; set session transaction read only",
            Access::Write => "set session autocommit = 0",
        };
        format!(
            "{OWN}; set session max_statement_time = {seconds:.3}, innodb_lock_wait_timeout = {lock_seconds}, \
             max_sort_length = {SORT_LENGTH}; {access}"
        )
    }
}

/// Whether the driver takes the options of a URL; nothing is contacted.
///
/// # Errors
/// What it does not take.
pub fn check_url(url: &SecretUrl) -> Result<(), String> {
    parse(url).map(drop).map_err(|error| error.to_string())
}

/// What to connect with now. The driver reads the files of the link each time that it connects.
pub(crate) fn options(url: &SecretUrl) -> Result<MySqlConnectOptions, sqlx::Error> {
    let url = url.current().map_err(|reason| sqlx::Error::Configuration(reason.into()))?;
    let mut options = parse(&url)?;
    // The driver's own default takes any certificate, and plain text where somebody on the way says so.
    options = match MARIADB.link(&url) {
        Link::Local | Link::Plain => options.ssl_mode(MySqlSslMode::Disabled),
        Link::Verified => options.ssl_mode(MySqlSslMode::VerifyIdentity),
        Link::Unverified => options,
    };
    if let Some(authorities) = &url.tls().ca_file {
        options = options.ssl_ca(authorities);
    }
    if let Some((certificate, key)) = url.tls().identity() {
        options = options.ssl_client_cert(certificate).ssl_client_key(key);
    }
    Ok(options.disable_statement_logging())
}

fn parse(url: &SecretUrl) -> Result<MySqlConnectOptions, sqlx::Error> {
    match url.expose().strip_prefix("mariadb://") {
        Some(rest) => format!("mysql://{rest}").parse(),
        None => url.expose().parse(),
    }
}

/// The version of a server, or what it is instead of a MariaDB. The version can be configured to be any text, so that one
/// without the name is asked for an engine that only MariaDB has.
pub(crate) async fn version(connection: &mut MySqlConnection) -> Result<Result<String, String>, sqlx::Error> {
    const ARIA: &str =
        "select cast(count(*) as char) from information_schema.plugins where plugin_name = 'Aria'";
    let version = cell(connection, "select version()").await?;
    if is_mariadb(&version) || cell(connection, ARIA).await.is_ok_and(|count| count != "0") {
        return Ok(Ok(version));
    }
    Ok(Err(format!("this server is no MariaDB, but `{version}`: BEDS works with MariaDB alone")))
}

/// Whether the server has transactions begin read only where nobody says otherwise, so that a session takes no writes.
/// Its variable has another name from MariaDB 11.1 on.
async fn begins_read_only(connection: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    const SQL: &str = "select cast(max(variable_value = 'ON') as char) from \
        information_schema.session_variables where variable_name in ('TX_READ_ONLY', 'TRANSACTION_READ_ONLY')";
    Ok(cell(connection, SQL).await? == "1")
}

pub(crate) async fn cell(connection: &mut MySqlConnection, sql: &'static str) -> Result<String, sqlx::Error> {
    use sqlx::Row as _;

    sqlx::query(sql).persistent(false).fetch_one(connection).await?.try_get_unchecked(0)
}

fn is_mariadb(version: &str) -> bool {
    version.to_ascii_lowercase().contains("mariadb")
}

/// The version of a server that must be a MariaDB: another one would refuse each request, one by one.
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

/// Connects to the server of several that takes writes, asks it something, and says which version it is, and of several
/// servers, which of them it is.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_server_is_told_by_its_version() {
        assert!(is_mariadb("10.11.19-MariaDB-0+deb12u1") && is_mariadb("5.5.5-11.4.2-MariaDB-log"));
        assert!(!is_mariadb("8.0.36") && !is_mariadb("8.0.36-28 Percona Server"));
    }
}
