//! Connections to a server, prepared for the jobs of a lane.

use std::time::Duration;

use beds_core::settings::SecretUrl;
use beds_lane::Connect;
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, MySqlConnection, mysql::MySqlConnectOptions,
};

/// What a lane's jobs do, and so how its sessions are prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// A "read" procedure that writes fails instead of lying.
    Read,
    /// A transaction begins with its first statement.
    Write,
}

/// Makes connections to one server.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) url: SecretUrl,
    pub(crate) access: Access,
    pub(crate) statement_timeout: Duration,
}

impl Connect for Connector {
    type Connection = MySqlConnection;

    async fn connect(&self) -> Result<MySqlConnection, String> {
        let connect = async {
            let mut connection = options(&self.url)?.connect().await?;
            require_mariadb(&mut connection).await?;
            connection.execute(self.session().as_str()).await?;
            Ok::<_, sqlx::Error>(connection)
        };
        connect.await.map_err(|error| error.to_string())
    }

    async fn close(&self, connection: MySqlConnection) {
        // It ends in either case.
        let _ = connection.close().await;
    }

    fn server(&self) -> String {
        self.url.redacted()
    }
}

impl Connector {
    fn session(&self) -> String {
        let seconds = self.statement_timeout.as_secs_f64();
        let lock_seconds = self.statement_timeout.as_secs().max(1);
        let access = match self.access {
            Access::Read => "set session transaction read only",
            Access::Write => "set session autocommit = 0",
        };
        format!(
            "set session max_statement_time = {seconds:.3}, innodb_lock_wait_timeout = {lock_seconds}; {access}"
        )
    }
}

/// What to connect with.
pub(crate) fn options(url: &SecretUrl) -> Result<MySqlConnectOptions, sqlx::Error> {
    let options: MySqlConnectOptions = match url.expose().strip_prefix("mariadb://") {
        Some(rest) => format!("mysql://{rest}").parse()?,
        None => url.expose().parse()?,
    };
    Ok(options.disable_statement_logging())
}

/// Whether this is a MariaDB, by its version and the comment to it: the version alone can be configured away.
pub(crate) fn is_mariadb(version: &str) -> bool {
    version.to_ascii_lowercase().contains("mariadb")
}

/// What is said of a server that is another one.
pub(crate) fn another(version: &str) -> String {
    format!("this is no MariaDB server but `{}`, which BEDS does not work with", version.trim())
}

/// The version of a server, which must be a MariaDB: another one would refuse each request of its own.
async fn require_mariadb(connection: &mut MySqlConnection) -> Result<String, sqlx::Error> {
    use sqlx::Row as _;

    let row = sqlx::query("select version(), @@version_comment").fetch_one(connection).await?;
    let text = |index| row.try_get_unchecked::<String, usize>(index);
    let (version, comment) = (text(0)?, text(1)?);
    if is_mariadb(&version) || is_mariadb(&comment) {
        Ok(version)
    } else {
        Err(sqlx::Error::Configuration(another(&format!("{version} {comment}")).into()))
    }
}

/// Connects to a server, asks it something, and says which version it is.
///
/// # Errors
/// What went wrong, in a sentence.
pub async fn ping(url: &SecretUrl, timeout: Duration) -> Result<String, String> {
    let attempt = async {
        let mut connection = options(url)?.connect().await?;
        let version = require_mariadb(&mut connection).await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(version)
    };
    // The connection belongs to this attempt alone: dropping it midway leaves nothing out of step.
    match tokio::time::timeout(timeout, attempt).await {
        Ok(Ok(version)) => Ok(version),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} ms", timeout.as_millis())),
    }
}
