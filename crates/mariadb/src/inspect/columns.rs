//! Columns, with their types and defaults as the server means them.

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
                // A view's columns repeat the defaults of its tables, which say nothing of the view.
                default: if is_view {
                    Supplied::Nothing
                } else {
                    supplied(option(row, 4).as_deref(), &text(row, 5), option(row, 8).as_deref())
                },
                comment: text(row, 6),
                collation: option(row, 7),
                seen: None,
                name,
            });
        }
        for relation in relations {
            self.exact_defaults(relation).await;
        }
        Ok(())
    }

    /// Defaults in which the catalogue has a `?`: it keeps only characters of at most three bytes, and shows the others
    /// as that. A row that does not exist has the defaults of its columns as they are.
    async fn exact_defaults(&mut self, relation: &mut Relation) {
        let is_unsure =
            |column: &Column| matches!(&column.default, Supplied::Constant(text) if text.contains('?'));
        let unsure: Vec<usize> =
            (0..relation.columns.len()).filter(|at| is_unsure(&relation.columns[*at])).collect();
        if unsure.is_empty() {
            return;
        }
        let defaults: Vec<String> =
            unsure.iter().map(|at| format!("default(t.{})", quoted(&relation.columns[*at].name))).collect();
        let sql = format!(
            "select {} from (select 1) as one left join {} as t on false",
            defaults.join(", "),
            quoted(&relation.name)
        );
        let exact = self.rows(&sql).await.unwrap_or_default();
        for (index, at) in unsure.into_iter().enumerate() {
            let column = &mut relation.columns[at];
            // Who may not read the column gets the default from the database.
            column.default = match exact.first().and_then(|row| option(row, index)) {
                Some(text) => Supplied::Constant(text),
                None => Supplied::Expression("a text that the catalogue does not tell".to_owned()),
            };
        }
    }

    /// The columns that a check holds to be JSON: that is what `json` becomes in MariaDB.
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
