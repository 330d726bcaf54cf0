//! The addresses of a stack's servers, as a node's configuration.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use crate::{Error, Result, Server, Stack};

/// The addresses of a stack's servers as environment variables of a node, for every database that a configuration file
/// names: `BEDS__AMQP__URL`, and `BEDS__MARIADB__<NAME>__URL` and `BEDS__MONGODB__<NAME>__URL` for each table
/// `[mariadb.<name>]` and `[mongodb.<name>]`. For a cluster, the value has the addresses of all servers, separated by
/// commas. A MariaDB address keeps the database of its `url` in the file.
///
/// # Errors
/// When the file cannot be read or is not TOML.
pub fn addresses(stack: &Stack, config: &Path) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(config).map_err(Error::io("cannot read the configuration", config))?;
    let file: Table = text.parse().map_err(|error: toml::de::Error| {
        Error::new(format!("the configuration is no TOML: {}", error.message()))
            .at(config.display().to_string())
    })?;
    let list = |servers: &[Server], path: &str| {
        servers.iter().map(|server| server.url() + path).collect::<Vec<_>>().join(",")
    };
    let mut variables = vec![("BEDS__AMQP__URL".to_owned(), list(stack.rabbitmqs(), ""))];
    for (name, url) in servers(&file, "mariadb") {
        let database = url.rsplit_once('/').map_or(name, |(_, database)| database);
        variables.push((variable("MARIADB", name), list(stack.mariadbs(), &format!("/{database}"))));
    }
    for (name, _) in servers(&file, "mongodb") {
        variables.push((variable("MONGODB", name), stack.mongodb_url()));
    }
    Ok(variables)
}

/// The names of an engine's databases, each with its `url`.
fn servers<'a>(file: &'a Table, engine: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let tables = file.get(engine).and_then(Value::as_table).into_iter().flatten();
    tables
        .map(|(name, server)| (name.as_str(), server.get("url").and_then(Value::as_str).unwrap_or_default()))
}

fn variable(engine: &str, name: &str) -> String {
    format!("BEDS__{engine}__{}__URL", name.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::{Table, servers, variable};

    #[test]
    fn the_databases_are_those_of_the_file() {
        let file: Table =
            "[node]\n[mariadb.a]\nurl = \"mysql://h/one\"\n[mariadb.b]\n[mongodb.c]\nurl = \"m\"\n"
                .parse()
                .unwrap();
        assert_eq!(servers(&file, "mariadb").collect::<Vec<_>>(), [("a", "mysql://h/one"), ("b", "")]);
        assert_eq!(servers(&file, "mongodb").collect::<Vec<_>>(), [("c", "m")]);
        assert_eq!(servers(&"".parse().unwrap(), "mongodb").count(), 0);
        assert_eq!(variable("MONGODB", "journal"), "BEDS__MONGODB__JOURNAL__URL");
    }
}
