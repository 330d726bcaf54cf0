//! Reads the catalogue of a MariaDB database: the results of `information_schema`, `SHOW CREATE` and `SHOW GRANTS`, as
//! plain structs.
//!
//! It uses one connection of its own and writes nothing. It runs a dozen statements, one for each view, and one for
//! each routine whose text may be seen. Names are compared and ordered by their bytes, so that each look gives the same
//! result.

mod behind;
mod columns;
mod grants;
mod relations;
mod routines;
mod server;
mod types;
mod views;

use std::collections::HashMap;

use sqlx::{ConnectOptions as _, Connection as _, MySqlConnection, Row as _, mysql::MySqlRow};

use self::grants::grant;
pub(crate) use self::{
    server::{options as connects, unseen},
    types::kind,
};
use crate::{connection::OWN, link::version};
use beds_core::{
    inspect::{Catalogue, Grants, Relation, Scope, Unseen},
    settings::SecretUrl,
};

/// Looks at the database that a URL names. If there are several URLs, it looks on the first server that answers: a
/// replica has the same objects as its primary.
///
/// # Errors
/// When no server can be reached, or it refuses, or has no such database.
pub async fn inspect(urls: &[SecretUrl], scope: &Scope) -> Result<Catalogue, Unseen> {
    let mut last = Unseen::new("it has no `url`", "add the url of its server");
    for url in urls {
        match inspect_one(url, scope).await {
            Ok(catalogue) => return Ok(catalogue),
            Err(unseen) => last = unseen,
        }
    }
    Err(last)
}

async fn inspect_one(url: &SecretUrl, scope: &Scope) -> Result<Catalogue, Unseen> {
    let options = connects(url)?;
    let look = async {
        let mut connection = options.disable_statement_logging().connect().await?;
        let catalogue = Look { connection: &mut connection, only: scope.only.clone(), folds_names: false }
            .catalogue()
            .await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(catalogue)
    };
    // The connection belongs to this look alone: dropping it midway leaves nothing out of step.
    let catalogue = match tokio::time::timeout(scope.timeout, look).await {
        Ok(result) => result.map_err(|error| unseen(&error))?,
        Err(_) => {
            return Err(Unseen::new(
                format!("no answer within {} s", scope.timeout.as_secs().max(1)),
                "check that the server runs and that its address is right",
            ));
        }
    };
    match catalogue {
        Seen::Database(catalogue) => Ok(*catalogue),
        Seen::Another(another) => Err(Unseen::new(another, "name a MariaDB server in the URL")),
        Seen::Server(schemas) => Err(Unseen::new(
            "the URL names no database",
            format!(
                "add one of these to it, as in mysql://…/{}: {}",
                schemas.first().map_or("name", String::as_str),
                schemas.join(", ")
            ),
        )),
    }
}

enum Seen {
    Database(Box<Catalogue>),
    /// The URL names no database. The server has these.
    Server(Vec<String>),
    /// The server is not a MariaDB. The text says what it is, in a sentence.
    Another(String),
}

struct Look<'c> {
    connection: &'c mut MySqlConnection,
    /// The relations to look at in detail; all of them if it is `None`.
    only: Option<Vec<String>>,
    /// Whether names of databases and tables that differ only in case are the same.
    folds_names: bool,
}

/// The first question to the server.
const ABOUT: &str = "select database(), current_user(), @@collation_database, concat(@@hostname, ':', @@port), \
    cast(@@lower_case_table_names as char)";

impl Look<'_> {
    async fn catalogue(mut self) -> sqlx::Result<Seen> {
        if let Err(another) = version(self.connection).await? {
            return Ok(Seen::Another(another));
        }
        let about = self.rows(ABOUT).await?;
        let about = |index: usize| about.first().map(|row| text(row, index)).unwrap_or_default();
        let (database, user, collation, server) = (about(0), about(1), about(2), about(3));
        self.folds_names = about(4) != "0";
        self.rows(OWN).await?;
        if database.is_empty() {
            let schemas = self
                .rows(
                    "select schema_name from information_schema.schemata where schema_name not in \
                     ('information_schema', 'mysql', 'performance_schema', 'sys') order by binary schema_name",
                )
                .await?;
            return Ok(Seen::Server(schemas.iter().map(|row| text(row, 0)).collect()));
        }
        let (mut relations, others) = self.relations().await?;
        let (routines, packages) = self.routines().await?;
        if let Some(only) = &mut self.only {
            only.extend(behind::tables_of_texts(&relations, &routines));
        }
        self.views(&database, &mut relations).await?;
        self.columns(&mut relations).await?;
        self.refusals(&mut relations).await?;
        self.indexes(&mut relations).await?;
        self.exact_defaults(&mut relations).await;
        self.triggers(&mut relations).await?;
        self.needs(&mut relations).await?;
        let no_functions = self.no_functions(&relations, &routines).await?;
        let no_zones = self.no_zones(&relations, &routines).await?;
        let grants = self.grants(user, &database).await?;
        let accounts = self.accounts().await;
        let others = others.into_iter().chain(packages).collect();
        Ok(Seen::Database(Box::new(Catalogue {
            database,
            documents: false,
            lacks_transactions: false,
            collation,
            relations,
            routines,
            others,
            no_functions,
            no_zones,
            server,
            folds_names: self.folds_names,
            accounts,
            grants,
        })))
    }

    async fn rows(&mut self, sql: &str) -> sqlx::Result<Vec<MySqlRow>> {
        sqlx::query(sql).persistent(false).fetch_all(&mut *self.connection).await
    }

    /// The condition that a column of `information_schema` names this database. `information_schema` itself compares
    /// without case.
    fn here(&self, column: &str) -> String {
        if self.folds_names {
            format!("{column} = database()")
        } else {
            format!("{column} = database() and binary {column} = binary database()")
        }
    }

    /// As [`Self::rows`], where `{only}` stands for the scope's restriction of a column of names.
    async fn scoped(&mut self, sql: &str, column: &str) -> sqlx::Result<Vec<MySqlRow>> {
        let only = match &self.only {
            None => String::new(),
            Some(names) if names.is_empty() => return Ok(Vec::new()),
            Some(names) => format!("and {column} in ({})", vec!["?"; names.len()].join(", ")),
        };
        let sql = sql.replace("{only}", &only);
        let names = self.only.as_deref().unwrap_or_default();
        let query = names.iter().fold(sqlx::query(&sql).persistent(false), sqlx::query::Query::bind);
        query.fetch_all(&mut *self.connection).await
    }

    /// The accounts of the server, where this user may read them.
    async fn accounts(&mut self) -> Option<Vec<String>> {
        let rows = self.rows("select concat(user, '@', host) from mysql.user").await.ok()?;
        Some(rows.iter().map(|row| text(row, 0)).collect())
    }

    async fn grants(&mut self, user: String, database: &str) -> sqlx::Result<Grants> {
        let rows = self.rows("show grants").await?;
        let list = rows.iter().filter_map(|row| grant(&text(row, 0), database)).collect();
        Ok(Grants { user, list: Some(list) })
    }
}

fn places(relations: &[Relation]) -> HashMap<String, usize> {
    relations.iter().enumerate().map(|(at, relation)| (relation.name.clone(), at)).collect()
}

/// A cell of text, whatever its type on the server. Bytes that are not UTF-8 are replaced.
pub(crate) fn option(row: &MySqlRow, index: usize) -> Option<String> {
    let bytes: Option<Vec<u8>> = row.try_get_unchecked(index).ok().flatten();
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn text(row: &MySqlRow, index: usize) -> String {
    option(row, index).unwrap_or_default()
}
