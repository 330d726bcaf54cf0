//! Tables and views: their indexes, their triggers, and whether a view can be read.

use sqlx::Executor as _;

use super::{
    Look, option, places, text,
    views::{picks, uses},
};
use beds_core::inspect::{Column, Index, Relation, RelationKind, SqlMode, Storage, Supplied, zones};

impl Look<'_> {
    pub(super) async fn relations(&mut self) -> sqlx::Result<(Vec<Relation>, Vec<(String, String)>)> {
        let here = self.here("t.table_schema");
        let rows = self
            .rows(&format!(
                "select t.table_name, t.table_type, t.table_comment, t.engine, e.transactions \
                 from information_schema.tables t left join information_schema.engines e on e.engine = t.engine \
                 where {here} order by binary t.table_name"
            ))
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
            let mut relation = Relation::new(name, kind);
            // For a view the server writes `VIEW` there, or why it cannot be used.
            if kind == RelationKind::Table {
                relation.comment = comment;
                relation.storage = option(row, 3)
                    .map(|name| Storage { name, transactional: text(row, 4).eq_ignore_ascii_case("yes") });
            }
            relations.push(relation);
        }
        Ok((relations, others))
    }

    pub(super) async fn indexes(&mut self, relations: &mut [Relation]) -> sqlx::Result<()> {
        let places = places(relations);
        let here = self.here("table_schema");
        let rows = self
            .scoped(
                &format!(
                    "select table_name, index_name, cast(non_unique as char), column_name, cast(sub_part as char) \
                     from information_schema.statistics where {here} \
                     and index_type not in ('FULLTEXT', 'SPATIAL') {{only}} \
                     order by binary table_name, index_name <> 'PRIMARY', binary index_name, seq_in_index"
                ),
                "table_name",
            )
            .await?;
        for row in &rows {
            let (table, name) = (text(row, 0), text(row, 1));
            let Some(relation) = places.get(&table).and_then(|at| relations.get_mut(*at)) else { continue };
            let column = option(row, 3);
            let identifies = column.is_some();
            let whole = option(row, 4).is_none() && identifies;
            match relation.indexes.last_mut().filter(|index| index.name == name) {
                Some(index) => {
                    index.columns.extend(column);
                    index.whole &= whole;
                    index.identifies &= identifies;
                }
                None => relation.indexes.push(Index {
                    primary: name == "PRIMARY",
                    unique: text(row, 2) == "0",
                    columns: column.into_iter().collect(),
                    whole,
                    identifies,
                    only: Vec::new(),
                    counts_null: false,
                    expires_s: None,
                    name,
                }),
            }
        }
        relations.iter_mut().for_each(without_row_end);
        self.foreign_keys(relations).await
    }

    async fn foreign_keys(&mut self, relations: &mut [Relation]) -> sqlx::Result<()> {
        let places = places(relations);
        let here = self.here("table_schema");
        let rows = self
            .scoped(
                &format!(
                    "select table_name, constraint_name, column_name from information_schema.key_column_usage \
                     where {here} and referenced_table_name is not null {{only}} \
                     order by binary table_name, binary constraint_name, ordinal_position"
                ),
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

    pub(super) async fn views(&mut self, database: &str, relations: &mut [Relation]) -> sqlx::Result<()> {
        let places = places(relations);
        let here = self.here("table_schema");
        let rows = self
            .scoped(
                &format!(
                    "select table_name, view_definition, is_updatable from information_schema.views \
                     where {here} {{only}}"
                ),
                "table_name",
            )
            .await?;
        for row in &rows {
            let Some(relation) = places.get(&text(row, 0)).and_then(|at| relations.get_mut(*at)) else {
                continue;
            };
            let definition = text(row, 1);
            (relation.uses, relation.runs_elsewhere) = uses(&definition, database);
            relation.zones = zones(&definition, SqlMode::default());
            if text(row, 2) == "YES" {
                relation.picks = picks(&definition, database);
                relation.is_filtered = definition.to_lowercase().contains(" where ");
            }
            // The columns of the table behind the view show how the view keeps its values.
            if let (Some((table, _)), Some(only)) = (&relation.picks, &mut self.only) {
                only.push(table.clone());
            }
        }
        Ok(())
    }

    /// Asks for each view in the scope whether it can be read.
    pub(super) async fn refusals(&mut self, relations: &mut [Relation]) -> sqlx::Result<()> {
        for relation in relations {
            let is_wanted = self.only.as_ref().is_none_or(|only| only.contains(&relation.name));
            if relation.kind == RelationKind::View && is_wanted {
                relation.broken = self.refusal(relation).await?;
            }
        }
        Ok(())
    }

    /// Why the server does not let this user read a view. The server is asked to prepare the statement that a node
    /// would run. So it checks the view's definer, the objects behind the view, and the rights to them; it reads
    /// nothing.
    async fn refusal(&mut self, relation: &Relation) -> sqlx::Result<Option<String>> {
        let columns: Vec<String> = relation.columns.iter().map(|column| quoted(&column.name)).collect();
        let columns = if columns.is_empty() { "1".to_owned() } else { columns.join(", ") };
        let sql = format!("select {columns} from {} limit 0", quoted(&relation.name));
        match self.connection.prepare(&sql).await {
            Ok(_) => Ok(None),
            Err(sqlx::Error::Database(error)) => Ok(Some(error.message().to_owned())),
            Err(error) => Err(error),
        }
    }
}

/// The server adds the end of each version to the unique indexes of a system-versioned table. Clients see only the
/// current version. Its key is the rest of the index.
fn without_row_end(relation: &mut Relation) {
    let is_end = |column: &&Column| match &column.default {
        Supplied::Computed(expression) => expression.eq_ignore_ascii_case("row end"),
        Supplied::Nothing | Supplied::Constant(_) | Supplied::Expression(_) | Supplied::Counter => false,
    };
    let Some(end) = relation.columns.iter().find(is_end) else { return };
    for index in relation.indexes.iter_mut().filter(|index| index.unique && index.columns.len() > 1) {
        index.columns.retain(|column| *column != end.name);
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
