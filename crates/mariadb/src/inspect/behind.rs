//! The objects behind the writes to a table: its triggers, and what a row needs to be written. The tables behind
//! procedures have them as well, so all tables are examined.

use std::{collections::BTreeSet, sync::LazyLock};

use beds_protocol::shown;
use regex::Regex;
use sqlx::{Executor as _, mysql::MySqlDatabaseError};

use super::{Look, option, places, relations::quoted, routines::mode, text};
use beds_core::inspect::{Needed, Relation, RelationKind, Routine, RoutineKind, SqlMode, Trigger, zones};

/// How many names are asked about.
const NAMES_MAX: usize = 2_000;
/// Arguments to try: the server's grammar knows some functions of its own only with arguments.
const ARGUMENTS: [&str; 3] = ["", "1", "1,1"];
/// `ER_SP_DOES_NOT_EXIST`
const NO_ROUTINE: u16 = 1305;

/// The sequence of a default, as the server writes it.
static SEQUENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:nextval|lastval|setval)\(`(?P<db>(?:[^`]|``)+)`\.`(?P<name>(?:[^`]|``)+)`").ok()
});
/// The part of a trigger before its text.
static HEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?is)^.*?\bfor\s+each\s+row\b(?:\s+(?:follows|precedes)\s+(?:`(?:[^`]|``)+`|\w+))?").ok()
});
/// A name with a parenthesis after it.
static CALLED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?P<name>[A-Za-z_][A-Za-z0-9_$]*|`(?:[^`]|``)+`)\s*\(").ok());

/// The texts of the routines and the triggers that can be seen, each with its mode.
fn texts<'r>(relations: &'r [Relation], routines: &'r [Routine]) -> impl Iterator<Item = (&'r str, SqlMode)> {
    let triggers = relations.iter().flat_map(|relation| &relation.triggers);
    let all = routines.iter().chain(triggers.map(|trigger| &trigger.routine));
    all.filter_map(|routine| Some((routine.body.as_deref()?, routine.mode)))
}

/// The tables that texts of routines seem to name. Their columns show what a routine stores, and what it returns.
pub(super) fn tables_of_texts(relations: &[Relation], routines: &[Routine]) -> Vec<String> {
    let texts: Vec<String> =
        routines.iter().filter_map(|routine| routine.body.as_deref()).map(str::to_lowercase).collect();
    let is_named = |relation: &&Relation| {
        let name = relation.name.to_lowercase().replace('`', "``");
        relation.kind == RelationKind::Table && texts.iter().any(|text| text.contains(&name))
    };
    relations.iter().filter(is_named).map(|relation| relation.name.clone()).collect()
}

impl Look<'_> {
    pub(super) async fn triggers(&mut self, relations: &mut [Relation]) -> sqlx::Result<()> {
        let places = places(relations);
        let here = self.here("event_object_schema");
        let rows = self
            .rows(&format!(
                "select event_object_table, trigger_name, lower(action_timing), lower(event_manipulation), sql_mode, \
                 definer from information_schema.triggers where {here} \
                 order by binary event_object_table, binary trigger_name"
            ))
            .await?;
        for row in &rows {
            let Some(relation) = places.get(&text(row, 0)).and_then(|at| relations.get_mut(*at)) else {
                continue;
            };
            let (name, mode) = (text(row, 1), mode(&text(row, 4)));
            let body = if mode.oracle { None } else { self.trigger_body(&name).await };
            relation.triggers.push(Trigger {
                moment: format!("{} {}", text(row, 2), text(row, 3)),
                routine: Routine {
                    name,
                    kind: RoutineKind::Procedure,
                    parameters: Vec::new(),
                    returns: None,
                    declares_read: false,
                    declares_write: false,
                    body,
                    comment: String::new(),
                    mode,
                    definer: Some(text(row, 5)),
                },
            });
        }
        Ok(())
    }

    async fn trigger_body(&mut self, name: &str) -> Option<String> {
        let rows = self.rows(&format!("show create trigger {}", quoted(name))).await.ok()?;
        let created = rows.first().and_then(|row| option(row, 2))?;
        let head = HEAD.as_ref()?.find(&created)?;
        Some(created[head.end()..].to_owned())
    }

    /// The sequences of defaults, and the tables of foreign keys that are never null. The server lets both be dropped.
    pub(super) async fn needs(&mut self, relations: &mut [Relation]) -> sqlx::Result<()> {
        let places = places(relations);
        let here = self.here("table_schema");
        let defaults = self
            .rows(&format!(
                "select table_name, column_name, column_default from information_schema.columns \
                 where {here} and column_default like '%val(`%' and left(column_default, 1) <> '\\'' \
                 order by binary table_name, ordinal_position"
            ))
            .await?;
        for row in &defaults {
            let default = text(row, 2);
            let Some(relation) = places.get(&text(row, 0)).and_then(|at| relations.get_mut(*at)) else {
                continue;
            };
            let by = format!("the default of {}", shown(text(row, 1)));
            for found in SEQUENCE.as_ref().into_iter().flat_map(|sequence| sequence.captures_iter(&default)) {
                let plain = |part: &str| found[part].replace("``", "`");
                let (schema, name) = (plain("db"), plain("name"));
                relation.needs.push(Needed { kind: "sequence", schema, name, by: by.clone() });
            }
        }
        let here = self.here("k.table_schema");
        // If a column of the foreign key is null, the server requires no other record.
        let keys = self
            .rows(&format!(
                "select k.table_name, k.constraint_name, k.referenced_table_schema, k.referenced_table_name \
                 from information_schema.key_column_usage k join information_schema.columns c \
                 on c.table_schema = k.table_schema and c.table_name = k.table_name and c.column_name = k.column_name \
                 where {here} and k.referenced_table_name is not null group by 1, 2, 3, 4 having max(c.is_nullable) = 'NO' \
                 order by binary k.table_name, binary k.constraint_name"
            ))
            .await?;
        for row in &keys {
            let Some(relation) = places.get(&text(row, 0)).and_then(|at| relations.get_mut(*at)) else {
                continue;
            };
            let by = format!("the foreign key {}", shown(text(row, 1)));
            relation.needs.push(Needed { kind: "table", schema: text(row, 2), name: text(row, 3), by });
        }
        Ok(())
    }

    /// The names that texts seem to call and that are not functions. The node asks the server itself, since none of its
    /// lists is complete.
    pub(super) async fn no_functions(
        &mut self,
        relations: &[Relation],
        routines: &[Routine],
    ) -> sqlx::Result<BTreeSet<String>> {
        let functions = routines.iter().filter(|routine| routine.kind == RoutineKind::Function);
        let functions: BTreeSet<String> = functions.map(|function| function.name.to_lowercase()).collect();
        let mut names = BTreeSet::new();
        for (body, _) in texts(relations, routines) {
            let called = CALLED.as_ref().into_iter().flat_map(|called| called.captures_iter(body));
            names.extend(called.map(|found| found["name"].to_lowercase()));
        }
        names.retain(|name| !functions.contains(name.trim_matches('`')));
        let (mut missing, mut known) = (BTreeSet::new(), BTreeSet::new());
        for name in names.into_iter().take(NAMES_MAX) {
            let found = if self.is_no_function(&name).await? { &mut missing } else { &mut known };
            found.insert(name.trim_matches('`').replace("``", "`"));
        }
        // In quotes, `point` may be a table, while the text also calls the function.
        Ok(missing.difference(&known).cloned().collect())
    }

    /// The time zones that texts name and the server does not know: `convert_tz` then gives null.
    pub(super) async fn no_zones(
        &mut self,
        relations: &[Relation],
        routines: &[Routine],
    ) -> sqlx::Result<BTreeSet<String>> {
        let of_texts = texts(relations, routines).flat_map(|(body, mode)| zones(body, mode));
        let of_views = relations.iter().flat_map(|relation| relation.zones.iter().cloned());
        let named: BTreeSet<String> = of_texts.chain(of_views).collect();
        let mut missing = BTreeSet::new();
        for zone in named.into_iter().take(NAMES_MAX) {
            let known: Option<i64> =
                sqlx::query_scalar("select convert_tz('2000-01-01 00:00:00', '+00:00', ?) is not null")
                    .bind(&zone)
                    .persistent(false)
                    .fetch_one(&mut *self.connection)
                    .await?;
            if known != Some(1) {
                missing.insert(zone);
            }
        }
        Ok(missing)
    }

    /// Whether the server knows no function of this name, with any of the arguments. It takes `point()` for a stored
    /// function, and `point(1,1)` for its own.
    async fn is_no_function(&mut self, name: &str) -> sqlx::Result<bool> {
        for given in ARGUMENTS {
            match self.connection.prepare(&format!("select {name}({given})")).await {
                Err(sqlx::Error::Database(error)) => {
                    let error = error.try_downcast_ref::<MySqlDatabaseError>();
                    if error.is_none_or(|error| error.number() != NO_ROUTINE) {
                        return Ok(false);
                    }
                }
                Ok(_) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use beds_core::inspect::{Relation, RelationKind, Routine, RoutineKind, SqlMode};

    use super::tables_of_texts;

    #[test]
    fn the_tables_that_texts_name_are_looked_at() {
        let relation = |name, kind| Relation::new(name, kind);
        let relations = [
            relation("log", RelationKind::Table),
            relation("Other`s", RelationKind::Table),
            relation("idle", RelationKind::Table),
            relation("log_view", RelationKind::View),
        ];
        let routine = Routine {
            name: "c".to_owned(),
            kind: RoutineKind::Procedure,
            parameters: Vec::new(),
            returns: None,
            declares_read: false,
            declares_write: false,
            body: Some("begin insert into LOG (n) select n from `other``s`, log_view; end".to_owned()),
            comment: String::new(),
            mode: SqlMode::default(),
            definer: None,
        };
        assert_eq!(tables_of_texts(&relations, &[routine]), ["log", "Other`s"]);
    }
}
