//! The tables of the node's own: that they are there, as the node uses them.

use beds_core::{
    inspect::{Catalogue, Column as Found, Evidence, Kind, Relation, RelationKind, Supplied},
    spec::{Domain, Engine},
};
use beds_protocol::tables::{Column, Keeps, Role, Table};

use super::{Finding, Severity, grants};

/// The longest reply that the ledger keeps, in bytes: its column takes as much.
const REPLY_BYTES_MAX: u32 = 64 << 10;

/// What is wrong with them: one finding a table, whatever it is.
pub(super) fn check(domains: &[&'static Domain], catalogue: &Catalogue) -> Vec<Finding> {
    let Some(first) = domains.first() else { return Vec::new() };
    let mut tables: Vec<&'static Table> = domains.iter().flat_map(|domain| domain.tables()).collect();
    tables.sort_unstable_by_key(|table| table.role);
    tables.dedup_by_key(|table| table.role);
    let finding = |table: &Table| {
        let (severity, message) = judge(table, first.engine(), catalogue)?;
        Some(Finding {
            template: None,
            database: first.database.to_owned(),
            severity,
            place: table.title.to_owned(),
            message,
            hint: Some(remedy(table)),
        })
    };
    tables.into_iter().filter_map(finding).collect()
}

fn remedy(table: &Table) -> String {
    let unless = match table.role {
        Role::Ledger => "; or say `once = false` in each template whose writes may happen twice",
        Role::Events => "; or take `[events]` out of the templates",
    };
    format!("`bedsc ddl --ledger` writes it, and `bedsc grants` the rights{unless}")
}

/// What is wrong with a table, if anything.
fn judge(table: &Table, engine: Engine, catalogue: &Catalogue) -> Option<(Severity, String)> {
    let name = table.name;
    let Some(relation) = catalogue.relation_named(name) else {
        let what = if catalogue.documents { "collection" } else { "table" };
        let lacks = missing_rights(table, engine, catalogue);
        let unseen = if lacks.is_empty() {
            String::new()
        } else {
            format!(", or `{}` may not see it: it has no {}", catalogue.grants.user, lacks.join(", "))
        };
        let consequence = match table.role {
            Role::Ledger => "a write that is sent again with its message_id is done again",
            Role::Events => "a write that is published is refused",
        };
        let message = format!(
            "there is no {what} `{name}` in the database `{}`{unseen}: {consequence}",
            catalogue.database
        );
        return Some((Severity::Error, message));
    };
    let mut wrong =
        if catalogue.documents { of_documents(table, relation) } else { of_rows(table, relation) };
    let lacks = missing_rights(table, engine, catalogue);
    if !lacks.is_empty() {
        wrong.push(format!("`{}` has no {} on it", catalogue.grants.user, lacks.join(", ")));
    }
    if !wrong.is_empty() {
        return Some((Severity::Error, format!("`{name}`: {}", wrong.join("; "))));
    }
    let is_indexed = |column: &&str| {
        relation.indexes.iter().any(|index| index.columns.first().is_some_and(|first| first == column))
    };
    let bare = table.indexed(engine).find(|column| !is_indexed(column))?;
    let why = match table.role {
        Role::Ledger => "to purge it reads the whole of it",
        Role::Events => "each write with events reads the whole of it",
    };
    Some((Severity::Warning, format!("`{name}` has no index on `{bare}`: {why}")))
}

fn missing_rights(table: &Table, engine: Engine, catalogue: &Catalogue) -> Vec<&'static str> {
    let rights = table.rights.iter().map(|right| right.of(engine));
    rights.filter(|right| grants::lacks_on(table.name, right, catalogue)).collect()
}

fn of_rows(table: &Table, relation: &Relation) -> Vec<String> {
    if relation.kind != RelationKind::Table {
        return vec![format!("it is a {}", relation.kind.as_str())];
    }
    let mut wrong = Vec::new();
    let found = |name: &str| relation.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    for column in table.columns {
        match found(column.name) {
            Some(found) => wrong.extend(of_column(column, found)),
            None => wrong.push(format!("it has no column `{}`", column.name)),
        }
    }
    let is_ours = |name: &str| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let needed = relation.columns.iter().filter(|column| !is_ours(&column.name));
    let needed = needed.filter(|column| !column.nullable && column.default == Supplied::Nothing);
    wrong.extend(needed.map(|column| format!("`{}` wants a value that the node does not give", column.name)));
    let key: Vec<&str> = table.key_columns().collect();
    let is_key = |columns: &[String]| {
        columns.len() == key.len()
            && key.iter().all(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
    };
    let unique = relation.indexes.iter().filter(|index| index.unique || index.primary);
    if !unique.clone().any(|index| index.whole && is_key(&index.columns)) {
        wrong.push(format!("no key is over `{}`", key.join("`, `")));
    }
    let others = unique.filter(|index| !is_key(&index.columns));
    wrong.extend(
        others.map(|index| format!("its unique index `{}` refuses rows that the node writes", index.name)),
    );
    wrong
}

fn of_column(column: &Column, found: &Found) -> Option<String> {
    let name = column.name;
    let is_by_bytes = || found.collation.as_ref().is_none_or(|collation| collation.ends_with("_nopad_bin"));
    let (fits, wanted) = match (column.keeps, &found.kind) {
        (Keeps::Text(max), Kind::String { max: longest, .. }) if *longest >= max.into() && !is_by_bytes() => {
            let collation = found.collation.as_deref().unwrap_or_default();
            return Some(format!(
                "`{name}` compares by `{collation}`, which takes different texts for the same"
            ));
        }
        (Keeps::Text(max), kind) => {
            let fits = match kind {
                Kind::String { max: longest, .. } => *longest >= max.into(),
                Kind::Bytes { max: longest, fixed: false } => *longest >= u32::from(max) * 4,
                _ => false,
            };
            (fits, format!("text of {max} characters"))
        }
        (Keeps::Long, kind) => {
            let fits = matches!(
                kind,
                Kind::String { max, .. } | Kind::Text { max, .. } | Kind::Bytes { max, fixed: false }
                    if *max >= REPLY_BYTES_MAX
            );
            (fits, format!("text of {REPLY_BYTES_MAX} characters and more"))
        }
        (Keeps::Counter, kind) => {
            let is_counted = matches!(found.default, Supplied::Counter);
            let fits = matches!(kind, Kind::Int { max, .. } if *max >= u32::MAX.into());
            (fits && is_counted, "a number that the database counts (auto_increment)".to_owned())
        }
        (Keeps::Number, kind) => {
            let fits = matches!(kind, Kind::Int { max, .. } if *max >= u32::MAX.into());
            (fits, "a number up to 4,294,967,295".to_owned())
        }
        (Keeps::Digest(length), kind) => {
            let fits = match kind {
                Kind::Bytes { max, fixed: true } => *max == u32::from(length),
                Kind::Bytes { max, fixed: false } => *max >= u32::from(length),
                _ => false,
            };
            (fits, format!("{length} bytes"))
        }
        (Keeps::Bytes, kind) => {
            let fits = matches!(kind, Kind::Bytes { max, fixed: false } if *max >= REPLY_BYTES_MAX);
            (fits, format!("{REPLY_BYTES_MAX} bytes and more"))
        }
        (Keeps::Moment, kind) => (matches!(kind, Kind::DateTime { .. }), "a moment".to_owned()),
    };
    if !fits {
        return Some(format!("`{name}` is `{}`, and must keep {wanted}", found.written));
    }
    if column.keeps == Keeps::Moment && !matches!(found.default, Supplied::Expression(_)) {
        return Some(format!("`{name}` has no default: it must be the moment of the insertion"));
    }
    let is_left_out = column.nullable && !found.nullable && found.default == Supplied::Nothing;
    is_left_out.then(|| format!("`{name}` must take null"))
}

fn of_documents(table: &Table, relation: &Relation) -> Vec<String> {
    if relation.kind != RelationKind::Collection {
        return vec![format!("it is a {}", relation.kind.as_str())];
    }
    if !matches!(relation.evidence, Evidence::Validator { strict: true }) {
        return Vec::new();
    }
    let has = |name: &str| relation.columns.iter().any(|column| column.name == name);
    let members = table.members().map(|column| column.name);
    let refused = members.filter(|name| relation.closed && !has(name));
    let mut wrong: Vec<String> = refused.map(|name| format!("its validator refuses `{name}`")).collect();
    let is_ours = |name: &str| name == "_id" || table.columns.iter().any(|column| column.name == name);
    let needed = relation.columns.iter().filter(|column| !column.nullable && !is_ours(&column.name));
    wrong.extend(needed.map(|column| format!("its validator requires `{}`", column.name)));
    wrong
}
