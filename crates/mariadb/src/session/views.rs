//! The views that may run functions, and so may change the session that reads them.

use std::collections::HashSet;

use sqlx::{Executor as _, MySqlConnection, Row as _};

/// The views that the node's user can see. The text is empty where the user lacks the privilege `SHOW VIEW`.
const VIEWS: &str = "select table_schema, table_name, ifnull(view_definition, ''), table_schema = database() \
    from information_schema.views where table_schema not in ('sys', 'mysql', 'information_schema')";

/// Views that may run functions, by name. A view is left out only if its text proves that it runs none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Views(HashSet<String>);

/// A view of the server.
struct View {
    /// Its name in the texts of other views.
    name: String,
    text: String,
    /// Its name in templates, if it is in the connection's database.
    own: Option<String>,
}

impl Views {
    /// Asks a server.
    pub(super) async fn gather(connection: &mut MySqlConnection) -> Result<Self, sqlx::Error> {
        let mut views = Vec::new();
        for row in connection.fetch_all(sqlx::raw_sql(VIEWS)).await? {
            let (schema, name) = (row.try_get_unchecked::<&str, _>(0)?, row.try_get_unchecked::<&str, _>(1)?);
            views.push(View {
                name: format!("{}.{}", quoted(schema), quoted(name)),
                text: row.try_get_unchecked::<&str, _>(2)?.to_owned(),
                own: row
                    .try_get_unchecked::<Option<&str>, _>(3)?
                    .filter(|own| *own == "1")
                    .map(|_| quoted(name)),
            });
        }
        Ok(Self::of(views))
    }

    fn of(views: Vec<View>) -> Self {
        // The server writes functions of its own as `name(`, and stored ones as `schema`.`name`(.
        let (mut found, mut rest): (Vec<_>, Vec<_>) =
            views.into_iter().partition(|view| view.text.is_empty() || view.text.contains("`("));
        let mut next = 0;
        while let Some(name) = found.get(next).map(|view| view.name.clone()) {
            let (over, others): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|view| view.text.contains(&name));
            found.extend(over);
            rest = others;
            next += 1;
        }
        Self(found.into_iter().filter_map(|view| view.own).collect())
    }

    /// Whether reading from a table or view, named as in the statements of templates, may run functions.
    pub(super) fn may_run_functions(&self, from: &str) -> bool {
        self.0.contains(from)
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_trusted_only_if_its_text_proves_that_it_runs_no_function() {
        let view = |name: &str, text: &str| View {
            name: format!("`s`.`{name}`"),
            text: text.to_owned(),
            own: Some(format!("`{name}`")),
        };
        let views = Views::of(vec![
            view("over_over", "select `over`.`a` AS `a` from `s`.`over`"),
            view("over", "select `f`.`a` AS `a` from `s`.`f`"),
            view("f", "select `s`.`fn`(`t`.`a`) AS `a` from `s`.`t`"),
            view("plain", "select coalesce(`t`.`a`,0) AS `a` from `s`.`t` where `t`.`a` in (1,2)"),
            view("hidden", ""),
        ]);
        for (name, expected) in [
            ("over_over", true),
            ("over", true),
            ("f", true),
            ("plain", false),
            ("hidden", true),
            ("t", false),
        ] {
            assert_eq!(views.may_run_functions(&format!("`{name}`")), expected, "{name}");
        }
    }
}
