//! Connections to a server, prepared for the jobs of a lane.

use std::time::Duration;

use beds_core::settings::SecretUrl;
use beds_lane::Connect;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, mysql::MySqlConnectOptions};
use tokio::sync::OnceCell;

use crate::session::{Knowledge, Session};

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
    url: SecretUrl,
    access: Access,
    statement_timeout: Duration,
    /// What its sessions have in common, once one of them has asked.
    server: OnceCell<Knowledge>,
}

impl Connect for Connector {
    type Connection = Session;

    async fn connect(&self) -> Result<Session, String> {
        let connect = async {
            let mut connection = options(&self.url)?.connect().await?;
            connection.execute(self.preparation().as_str()).await?;
            let server = self.server.get_or_try_init(|| Knowledge::gather(&mut connection)).await?;
            Session::new(connection, server).await
        };
        connect.await.map_err(|error| error.to_string())
    }

    async fn close(&self, session: Session) {
        // It ends in either case.
        let _ = session.connection.close().await;
    }

    fn server(&self) -> String {
        self.url.redacted()
    }
}

impl Connector {
    pub(crate) const fn new(url: SecretUrl, access: Access, statement_timeout: Duration) -> Self {
        Self { url, access, statement_timeout, server: OnceCell::const_new() }
    }

    /// What makes a session fit for the jobs of the lane.
    fn preparation(&self) -> String {
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

/// Connects to a server, asks it something, and says which version it is.
///
/// # Errors
/// What went wrong, in a sentence.
pub async fn ping(url: &SecretUrl, timeout: Duration) -> Result<String, String> {
    use sqlx::Row as _;

    let attempt = async {
        let mut connection = options(url)?.connect().await?;
        let row = sqlx::query("select version()").fetch_one(&mut connection).await?;
        let version: String = row.try_get_unchecked(0)?;
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
