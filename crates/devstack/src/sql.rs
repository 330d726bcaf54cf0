//! Feeds SQL to a `MariaDB` server through the `mariadb` client program. The client understands DELIMITER, so the DBA's
//! files run here exactly as they run by hand.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use percent_encoding::percent_decode_str;

use crate::program::on_path;
use crate::{Error, Result};

/// The parts of a `mysql://user:password@host:port/database` address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Client {
    user: String,
    password: String,
    host: String,
    port: String,
    database: Option<String>,
}

impl Client {
    /// Parsed by hand: the crate `url` would take longer to build than the rest of `cargo xtask`.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        // The address itself may contain a password, so the error does not repeat it.
        let bad = || {
            Error::new("this is not the address of a MariaDB server")
                .hint("write it as mysql://user:password@host:port/database")
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
        if scheme != "mysql" && scheme != "mariadb" {
            return Err(bad());
        }
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, address) = authority.rsplit_once('@').unwrap_or(("root", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "3306"));
        if host.is_empty() || port.parse::<u16>().is_err() {
            return Err(bad());
        }
        Ok(Self {
            user: decode(user),
            password: decode(password),
            // The client wants an IPv6 address without its brackets.
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: port.to_owned(),
            database: Some(decode(database)).filter(|name| !name.is_empty()),
        })
    }

    fn command(&self, database: Option<&str>) -> Result<Command> {
        let program = on_path("mariadb").ok_or_else(|| {
            Error::new("the `mariadb` client program is missing")
                .hint("install the Debian package mariadb-client")
        })?;
        let mut command = Command::new(program);
        command
            .args([
                "--no-defaults",
                "--protocol=tcp",
                "--connect-timeout=10",
                "--default-character-set=utf8mb4",
            ])
            .args(["--batch", "--skip-column-names", "--comments"])
            .arg(format!("--host={}", self.host))
            .arg(format!("--port={}", self.port))
            .arg(format!("--user={}", self.user))
            // Not an argument: everybody can read the arguments of a process.
            .env("MYSQL_PWD", &self.password)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(name) = database.or(self.database.as_deref()) {
            command.arg(format!("--database={name}"));
        }
        Ok(command)
    }

    /// Runs a file, and returns the client's output.
    pub(crate) fn file(&self, database: Option<&str>, path: &Path) -> Result<String> {
        let input = File::open(path).map_err(Error::io("cannot read the SQL file", path))?;
        let mut command = self.command(database)?;
        command.stdin(input);
        run(command, &path.display().to_string())
    }

    /// Runs statements, and returns their rows, with the fields separated by tabs.
    pub(crate) fn query(&self, database: Option<&str>, sql: &str) -> Result<String> {
        let mut command = self.command(database)?;
        command.arg("--execute").arg(sql).stdin(Stdio::null());
        run(command, sql)
    }
}

fn run(mut command: Command, source: &str) -> Result<String> {
    let output =
        command.output().map_err(|error| Error::new(format!("cannot run the `mariadb` client: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let (place, message) = place_and_message(&String::from_utf8_lossy(&output.stderr), source);
    Err(Error::new(format!("MariaDB refused a statement: {message}")).at(place))
}

/// From `ERROR 1064 (42000) at line 12: You have …` the place `file:12` and the message with its code.
fn place_and_message(stderr: &str, source: &str) -> (String, String) {
    let text = stderr.lines().find(|line| line.starts_with("ERROR")).map_or(stderr.trim(), |_| {
        // The message itself may have several lines.
        stderr[stderr.find("ERROR").unwrap_or(0)..].trim()
    });
    let parts = text.split_once(" at line ").and_then(|(code, rest)| {
        let (line, message) = rest.split_once(": ")?;
        line.parse::<u32>().ok().map(|line| (format!("{source}:{line}"), format!("{message} [{code}]")))
    });
    parts.unwrap_or_else(|| (source.to_owned(), text.to_owned()))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Client, place_and_message};

    #[test]
    fn reads_addresses() {
        let client = Client::parse("mysql://me:p%40ss@db.example:3307/shop?x=1").unwrap();
        assert_eq!(
            (client.user, client.password, client.host, client.port, client.database),
            ("me".into(), "p@ss".into(), "db.example".into(), "3307".into(), Some("shop".into()))
        );
        let plain = Client::parse("mysql://root@127.0.0.1:4000").unwrap();
        assert_eq!((plain.password.as_str(), plain.port.as_str(), plain.database), ("", "4000", None));
        let local = Client::parse("mysql://root@[::1]:4000/shop").unwrap();
        assert_eq!((local.host.as_str(), local.port.as_str()), ("::1", "4000"));
        for bad in ["root@host", "http://root@host:1", "mysql://root@host:x", "mysql://root@:1"] {
            assert!(Client::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn finds_the_line_of_an_error() {
        let stderr = "ERROR 1146 (42S02) at line 12: Table 'a.b' doesn't exist\n";
        let (place, message) = place_and_message(stderr, "10_tables.sql");
        assert_eq!(place, "10_tables.sql:12");
        assert_eq!(message, "Table 'a.b' doesn't exist [ERROR 1146 (42S02)]");
        let (place, message) = place_and_message("ERROR 2002 (HY000): Can't connect\n", "x.sql");
        assert_eq!((place.as_str(), message.as_str()), ("x.sql", "ERROR 2002 (HY000): Can't connect"));
    }
}
