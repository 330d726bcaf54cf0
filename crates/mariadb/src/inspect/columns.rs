//! Columns, with their types and defaults as the server interprets them.

use super::{
    Look, option, places,
    relations::quoted,
    text,
    types::{kind, supplied},
};
use beds_core::inspect::{Column, Kind, Relation, RelationKind, Supplied};

impl Look<'_> {
    pub(super) async fn columns(&mut self, relations: &mut [Relation]) -> sqlx::Result<()> {
        let checked = self.json_checks().await;
        let here = self.here("table_schema");
        let rows = self
            .scoped(
                &format!(
                    "select table_name, column_name, column_type, is_nullable, column_default, extra, column_comment, \
                     collation_name, generation_expression from information_schema.columns \
                     where {here} {{only}} order by binary table_name, ordinal_position"
                ),
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
                // A view's columns repeat the defaults of its tables. These say nothing about the view.
                default: if is_view {
                    Supplied::Nothing
                } else {
                    supplied(option(row, 4).as_deref(), &text(row, 5), option(row, 8).as_deref())
                },
                renewed: !is_view && text(row, 5).to_ascii_lowercase().contains("on update"),
                comment: text(row, 6),
                collation: option(row, 7),
                seen: None,
                name,
            });
        }
        Ok(())
    }

    /// Reads the exact text of defaults in which the catalogue has a `?`. The catalogue keeps only characters of at
    /// most three bytes, and shows any other as `?`. The server tells the exact defaults with any row of the table.
    pub(super) async fn exact_defaults(&mut self, relations: &mut [Relation]) {
        for relation in relations {
            self.exact_defaults_of(relation).await;
        }
    }

    async fn exact_defaults_of(&mut self, relation: &mut Relation) {
        let is_unsure =
            |column: &Column| matches!(&column.default, Supplied::Constant(text) if text.contains('?'));
        let unsure: Vec<usize> =
            (0..relation.columns.len()).filter(|at| is_unsure(&relation.columns[*at])).collect();
        if unsure.is_empty() {
            return;
        }
        let defaults: Vec<String> =
            unsure.iter().map(|at| format!("default(t.{})", quoted(&relation.columns[*at].name))).collect();
        let table = quoted(&relation.name);
        let key = relation.indexes.iter().find(|index| index.unique).and_then(|index| index.columns.first());
        // An empty table has only the row that an outer join makes up. It is found by a key, which costs nothing.
        let made_up = key.map(|key| {
            format!("(select 1) as one left join {table} as t on t.{} is null limit 1", quoted(key))
        });
        let mut exact: Vec<Option<String>> = vec![None; unsure.len()];
        for source in [Some(format!("{table} as t limit 1")), made_up].into_iter().flatten() {
            let rows = self.rows(&format!("select {} from {source}", defaults.join(", "))).await;
            if let Some(row) = rows.unwrap_or_default().first() {
                exact
                    .iter_mut()
                    .enumerate()
                    .for_each(|(at, text)| *text = text.take().or_else(|| option(row, at)));
            }
        }
        for (at, exact) in unsure.into_iter().zip(exact) {
            // If the server does not tell, the database fills it in.
            relation.columns[at].default = exact.map_or_else(
                || Supplied::Expression("a text that the catalogue does not tell".to_owned()),
                Supplied::Constant,
            );
        }
    }

    /// The columns for which a check requires JSON: MariaDB makes this of the type `json`.
    async fn json_checks(&mut self) -> Vec<(String, String)> {
        let here = self.here("constraint_schema");
        let rows = self
            .rows(&format!(
                "select table_name, check_clause from information_schema.check_constraints \
                 where {here} and check_clause like 'json_valid(%'"
            ))
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
}
