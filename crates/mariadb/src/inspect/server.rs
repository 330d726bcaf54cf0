//! The server to look at: its URL, and its refusals in words.

use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError};

use beds_core::{inspect::Unseen, settings::SecretUrl};

/// The options for a connection.
pub(crate) fn options(url: &SecretUrl) -> Result<MySqlConnectOptions, Unseen> {
    let wrong =
        |reason: String| Unseen::new(reason, "a MariaDB URL is mysql://user:password@host:3306/database");
    if !["mysql://", "mariadb://"].iter().any(|scheme| url.expose().starts_with(scheme)) {
        return Err(wrong("this is not a MariaDB URL".to_owned()));
    }
    crate::link::options(url).map_err(|error| wrong(format!("the URL is invalid: {error}")))
}

/// A refusal, and its remedy.
pub(crate) fn unseen(error: &sqlx::Error) -> Unseen {
    let number = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>())
        .map(MySqlDatabaseError::number);
    let hint = match number {
        Some(1045) => "user or password is wrong, or the user may not connect from here",
        Some(1044) => {
            "the user has no privilege on this database: grant SELECT and EXECUTE on it, or on its objects"
        }
        Some(1049) => "check the name of the database: `show databases` lists them",
        Some(1040 | 1203 | 1226) => {
            "the server, or the account, has all the connections that it may have: try again later, or raise the limit"
        }
        Some(_) => "the server refused it; the user may lack a privilege",
        None => "check that the server runs and that its address is right",
    };
    let reason = match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        error => error.to_string(),
    };
    Unseen::new(reason, hint).absent(number == Some(1049))
}
