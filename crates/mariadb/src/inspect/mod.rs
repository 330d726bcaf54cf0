//! Looks at a MariaDB database: what `information_schema` and `SHOW GRANTS` tell, as plain structs.
//!
//! One connection of its own, a dozen statements whatever the size of the schema, and nothing is written.

mod grants;
mod server;
mod types;
mod views;

use std::collections::HashMap;

use sqlx::{ConnectOptions as _, Connection as _, MySqlConnection, Row as _, mysql::MySqlRow};

use self::{
    grants::grant,
    server::{options, unseen},
    types::{kind, supplied},
    views::picks,
};
use beds_core::{
    inspect::{
        Catalogue, Column, Direction, Grants, Index, Kind, Parameter, Relation, RelationKind, Routine,
        RoutineKind, Scope, Unseen,
    },
    settings::SecretUrl,
};

/// Looks at the database that a URL names.
///
/// # Errors
/// When the server cannot be reached, refuses, or has no such database.
pub async fn inspect(url: &SecretUrl, scope: &Scope) -> Result<Catalogue, Unseen> {
    let options = options(url)?;
    let look = async {
        let mut connection = options.disable_statement_logging().connect().await?;
        let catalogue = Look { connection: &mut connection, scope }.catalogue().await?;
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
    /// No database was named; these are there.
    Server(Vec<String>),
}

struct Look<'a> {
    connection: &'a mut MySqlConnection,
    scope: &'a Scope,
}

impl Look<'_> {
    async fn catalogue(mut self) -> sqlx::Result<Seen> {
        let about = self.rows("select database(), current_user(), @@collation_database").await?;
        let about = about.first().map(|row| (text(row, 0), text(row, 1), text(row, 2)));
        let (database, user, collation) = about.unwrap_or_default();
        if database.is_empty() {
            let schemas = self
                .rows(
                    "select schema_name from information_schema.schemata where schema_name not in \
                     ('information_schema', 'mysql', 'performance_schema', 'sys') order by 1",
                )
                .await?;
            return Ok(Seen::Server(schemas.iter().map(|row| text(row, 0)).collect()));
        }
        let (mut relations, others) = self.relations().await?;
        self.columns(&mut relations).await?;
        self.indexes(&mut relations).await?;
        self.views(&database, &mut relations).await?;
        let (routines, packages) = self.routines().await?;
        let grants = self.grants(user, &database).await?;
        let others = others.into_iter().chain(packages).collect();
        Ok(Seen::Database(Box::new(Catalogue {
            database,
            documents: false,
            collation,
            relations,
            routines,
            others,
            grants,
        })))
    }

    async fn rows(&mut self, sql: &str) -> sqlx::Result<Vec<MySqlRow>> {
        sqlx::query(sql).persistent(false).fetch_all(&mut *self.connection).await
    }

    /// As [`Self::rows`], where `{only}` stands for the scope's restriction of a column of names.
    async fn scoped(&mut self, sql: &str, column: &str) -> sqlx::Result<Vec<MySqlRow>> {
        let only = match &self.scope.only {
            None => String::new(),
            Some(names) if names.is_empty() => return Ok(Vec::new()),
            Some(names) => format!("and {column} in ({})", vec!["?"; names.len()].join(", ")),
        };
        let sql = sql.replace("{only}", &only);
        let names = self.scope.only.as_deref().unwrap_or_default();
        let query = names.iter().fold(sqlx::query(&sql).persistent(false), sqlx::query::Query::bind);
        query.fetch_all(&mut *self.connection).await
    }

    async fn relations(&mut self) -> sqlx::Result<(Vec<Relation>, Vec<(String, String)>)> {
        let rows = self
            .rows(
                "select table_name, table_type, table_comment from information_schema.tables \
                 where table_schema = database() order by table_name",
            )
            .await?;
        let (mut relations, mut others) = (Vec::new(), Vec::new());
        for row in &rows {
            let (name, kind, comment) = (text(row, 0), text(row, 1), text(row, 2));
            let kind = match kind.as_str() {
                "VIEW" => RelationKind::View,
                "BASE TABLE" | "SYSTEM VERSIONED" => RelationKind::Table,
                other => {
                    others.push((name, format!("a {}", other.to_lowercase())));
                    continue;
                }
            };
            // What MariaDB itself writes there: `VIEW`, or why a view cannot be used.
            let is_broken = kind == RelationKind::View && comment != "VIEW" && !comment.is_empty();
            let mut relation = Relation::new(name, kind);
            if is_broken {
                relation.notes.push(comment);
            } else if kind == RelationKind::Table {
                relation.comment = comment;
            }
            relations.push(relation);
        }
        Ok((relations, others))
    }

    async fn columns(&mut self, relations: &mut [Relation]) -> sqlx::Result<()> {
        let checked = self.json_checks().await;
        let rows = self
            .scoped(
                "select table_name, column_name, column_type, is_nullable, column_default, extra, column_comment, \
                 collation_name, generation_expression from information_schema.columns \
                 where table_schema = database() {only} order by table_name, ordinal_position",
                "table_name",
            )
            .await?;
        let places = places(relations);
        for row in &rows {
            let (table, name, written) = (text(row, 0), text(row, 1), text(row, 2));
            let Some(relation) = places.get(&table).and_then(|at| relations.get_mut(*at)) else { continue };
            let is_json = checked.contains(&(table, name.to_lowercase()));
            let is_view = relation.kind == RelationKind::View;
            relation.columns.push(Column {
                kind: if is_json { Kind::Json } else { kind(&written) },
                written: if is_json { "json".to_owned() } else { written },
                nullable: text(row, 3) == "YES",
                // A view's columns repeat the defaults of its tables, which say nothing of the view.
                default: if is_view {
                    beds_core::inspect::Supplied::Nothing
                } else {
                    supplied(option(row, 4).as_deref(), &text(row, 5), option(row, 8).as_deref())
                },
                comment: text(row, 6),
                collation: option(row, 7),
                seen: None,
                name,
            });
        }
        Ok(())
    }

    /// The columns that a check holds to be JSON: that is what `json` becomes in MariaDB. A server without that
    /// table has a JSON type of its own.
    async fn json_checks(&mut self) -> Vec<(String, String)> {
        let rows = self
            .rows(
                "select table_name, check_clause from information_schema.check_constraints \
                 where constraint_schema = database() and check_clause like 'json_valid(%'",
            )
            .await;
        let column = |clause: String| {
            let inner = clause.strip_prefix("json_valid(`")?.strip_suffix("`)")?;
            (!inner.contains('`')).then(|| inner.to_lowercase())
        };
        rows.unwrap_or_default()
            .iter()
            .filter_map(|row| Some((text(row, 0), column(text(row, 1))?)))
            .collect()
    }

    async fn indexes(&mut self, relations: &mut [Relation]) -> sqlx::Result<()> {
        let places = places(relations);
        let rows = self
            .scoped(
                "select table_name, index_name, cast(non_unique as char), column_name, cast(sub_part as char) \
                 from information_schema.statistics where table_schema = database() \
                 and index_type not in ('FULLTEXT', 'SPATIAL') {only} \
                 order by table_name, index_name <> 'PRIMARY', index_name, seq_in_index",
                "table_name",
            )
            .await?;
        for row in &rows {
            let (table, name) = (text(row, 0), text(row, 1));
            let Some(relation) = places.get(&table).and_then(|at| relations.get_mut(*at)) else { continue };
            let column = option(row, 3);
            let whole = option(row, 4).is_none() && column.is_some();
            match relation.indexes.last_mut().filter(|index| index.name == name) {
                Some(index) => {
                    index.columns.extend(column);
                    index.whole &= whole;
                }
                None => relation.indexes.push(Index {
                    primary: name == "PRIMARY",
                    unique: text(row, 2) == "0",
                    columns: column.into_iter().collect(),
                    whole,
                    name,
                }),
            }
        }
        let rows = self
            .scoped(
                "select table_name, constraint_name, column_name from information_schema.key_column_usage \
                 where table_schema = database() and referenced_table_name is not null {only} \
                 order by table_name, constraint_name, ordinal_position",
                "table_name",
            )
            .await?;
        let mut last = (String::new(), String::new());
        for row in &rows {
            let (table, constraint) = (text(row, 0), text(row, 1));
            let Some(relation) = places.get(&table).and_then(|at| relations.get_mut(*at)) else { continue };
            let key = (table, constraint);
            match relation.foreign_keys.last_mut().filter(|_| last == key) {
                Some(columns) => columns.push(text(row, 2)),
                None => relation.foreign_keys.push(vec![text(row, 2)]),
            }
            last = key;
        }
        Ok(())
    }

    async fn views(&mut self, database: &str, relations: &mut [Relation]) -> sqlx::Result<()> {
        let places = places(relations);
        let rows = self
            .scoped(
                "select table_name, view_definition, is_updatable from information_schema.views \
                 where table_schema = database() {only}",
                "table_name",
            )
            .await?;
        for row in &rows {
            let Some(relation) = places.get(&text(row, 0)).and_then(|at| relations.get_mut(*at)) else {
                continue;
            };
            if text(row, 2) == "YES" {
                relation.picks = picks(&text(row, 1), database);
            }
        }
        Ok(())
    }

    async fn routines(&mut self) -> sqlx::Result<(Vec<Routine>, Vec<(String, String)>)> {
        let rows = self
            .rows(
                "select routine_name, routine_type, sql_data_access, routine_definition, routine_comment \
                 from information_schema.routines where routine_schema = database() \
                 order by routine_name, routine_type",
            )
            .await?;
        let (mut routines, mut others) = (Vec::new(), Vec::new());
        for row in &rows {
            let (name, access) = (text(row, 0), text(row, 2));
            let kind = match text(row, 1).as_str() {
                "PROCEDURE" => RoutineKind::Procedure,
                "FUNCTION" => RoutineKind::Function,
                other => {
                    others.push((name, format!("a {}", other.to_lowercase())));
                    continue;
                }
            };
            routines.push(Routine {
                name,
                kind,
                parameters: Vec::new(),
                returns: None,
                declares_read: access == "READS SQL DATA" || access == "NO SQL",
                declares_write: access == "MODIFIES SQL DATA",
                body: option(row, 3).filter(|body| !body.is_empty()),
                comment: text(row, 4),
            });
        }
        self.parameters(&mut routines).await?;
        Ok((routines, others))
    }

    async fn parameters(&mut self, routines: &mut [Routine]) -> sqlx::Result<()> {
        let rows = self
            .rows(
                "select specific_name, routine_type, parameter_mode, parameter_name, dtd_identifier, \
                 cast(ordinal_position as char) from information_schema.parameters \
                 where specific_schema = database() order by specific_name, routine_type, ordinal_position",
            )
            .await?;
        let places: HashMap<(RoutineKind, String), usize> = routines
            .iter()
            .enumerate()
            .map(|(at, routine)| ((routine.kind, routine.name.clone()), at))
            .collect();
        for row in &rows {
            let routine = match text(row, 1).as_str() {
                "FUNCTION" => RoutineKind::Function,
                _ => RoutineKind::Procedure,
            };
            let written = text(row, 4);
            let Some(routine) = places.get(&(routine, text(row, 0))).and_then(|at| routines.get_mut(*at))
            else {
                continue;
            };
            if text(row, 5) == "0" {
                routine.returns = Some((kind(&written), written));
                continue;
            }
            routine.parameters.push(Parameter {
                name: text(row, 3),
                direction: match text(row, 2).as_str() {
                    "OUT" => Direction::Out,
                    "INOUT" => Direction::InOut,
                    _ => Direction::In,
                },
                kind: kind(&written),
                written,
            });
        }
        Ok(())
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

/// A cell of text, whatever type the server gives it. What is no UTF-8 is shown as near as it comes.
fn option(row: &MySqlRow, index: usize) -> Option<String> {
    let bytes: Option<Vec<u8>> = row.try_get_unchecked(index).ok().flatten();
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn text(row: &MySqlRow, index: usize) -> String {
    option(row, index).unwrap_or_default()
}
