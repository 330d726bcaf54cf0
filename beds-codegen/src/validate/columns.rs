//! The columns of a table, and the members of a document: checks their names, and that no two fields share one.

use std::collections::HashMap;

use super::{
    Cx,
    identifiers::{self, Look},
};
use crate::{diagnostic::fields as diagnostics, model::Engine, raw::RawField, span::Span};

/// The column of a field. It is checked if the field may set one.
pub(super) fn column(raw: &RawField, may_be_named: bool, cx: &mut Cx<'_>) -> String {
    let column = raw.column.get().unwrap_or(&raw.name);
    if let Some(engine) = cx.engine.filter(|_| may_be_named && !raw.column.is_broken())
        && let Some(rule) = identifiers::column_rule(&column.value, engine)
        && !raw.column.is_absent()
    {
        cx.errors.push(diagnostics::column_name(column.span, &column.value, rule));
    } else if let Some(engine) = cx.engine.filter(|_| may_be_named && raw.column.get().is_some()) {
        match identifiers::look_of_column(&column.value, engine) {
            Look::Plain | Look::Query => {}
            Look::Quoted(plain) => {
                let help = format!("write `\"{plain}\"`: the node quotes names itself");
                cx.errors.push(diagnostics::odd_column(
                    column.span,
                    &column.value,
                    "looks like quotes of SQL",
                    &help,
                    Some(plain),
                ));
            }
            Look::Odd { why, help, plain } => {
                cx.errors.push(diagnostics::odd_column(column.span, &column.value, why, help, plain));
            }
        }
    }
    column.value.clone()
}

/// Reports columns that two fields of one table or document share. MariaDB ignores case in the names of columns.
pub(super) fn check_unique(raw: &[RawField], are_members: bool, cx: &mut Cx<'_>) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    for field in raw {
        let column = field.column.get().unwrap_or(&field.name);
        if field.column.is_broken() {
            continue;
        }
        let folded = match cx.engine {
            // In MariaDB the members of an object are JSON.
            Some(Engine::MariaDb | Engine::MongoDb) if are_members => column.value.clone(),
            Some(Engine::MongoDb) => column.value.clone(),
            Some(Engine::MariaDb) | None => column.value.to_lowercase(),
        };
        if let Some(first) = seen.insert(folded, column.span) {
            cx.errors.push(diagnostics::column_taken(column.span, first, &column.value));
        }
    }
}
