//! The link to a server: the options of its connections, and the kind of server that answers.

use beds_core::settings::{Link, MARIADB, SecretUrl};
use beds_protocol::shown;
use sqlx::{
    ConnectOptions as _, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};

/// Whether the driver accepts the options of a URL; no server is contacted.
///
/// # Errors
/// The option that the driver does not accept.
pub fn check_url(url: &SecretUrl) -> Result<(), String> {
    parse(url).map(drop).map_err(|error| error.to_string())
}

/// The current options of a connection. The driver reads the files of the link for each connection.
pub(crate) fn options(url: &SecretUrl) -> Result<MySqlConnectOptions, sqlx::Error> {
    let url = url.current().map_err(|reason| sqlx::Error::Configuration(reason.into()))?;
    let mut options = parse(&url)?;
    // The driver's default accepts any certificate, and even plain text if somebody on the way asks for it.
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

/// The version of a server, or what it is instead of a MariaDB. The version can be configured to any text. So a server
/// without the name in it is asked for an engine that only MariaDB has.
pub(crate) async fn version(connection: &mut MySqlConnection) -> Result<Result<String, String>, sqlx::Error> {
    const ARIA: &str =
        "select cast(count(*) as char) from information_schema.plugins where plugin_name = 'Aria'";
    let version = cell(connection, "select version()").await?;
    if is_mariadb(&version) || cell(connection, ARIA).await.is_ok_and(|count| count != "0") {
        return Ok(Ok(version));
    }
    Ok(Err(format!("the server is not MariaDB (it is {}): BEDS works only with MariaDB", shown(version))))
}

/// The single cell of an answer.
pub(crate) async fn cell(connection: &mut MySqlConnection, sql: &'static str) -> Result<String, sqlx::Error> {
    use sqlx::Row as _;

    sqlx::query(sql).persistent(false).fetch_one(connection).await?.try_get_unchecked(0)
}

fn is_mariadb(version: &str) -> bool {
    version.to_ascii_lowercase().contains("mariadb")
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
