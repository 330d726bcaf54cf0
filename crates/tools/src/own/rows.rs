//! A table of MariaDB.

use beds_core::inspect::{Column as Found, Index, Kind, Relation, Supplied};
use beds_protocol::tables::{Column, Keeps, TEXT_COLLATION, Table};

use super::Fault;

/// The longest reply that the ledger stores, in bytes: its column takes as much.
const REPLY_BYTES_MAX: u32 = 64 << 10;

pub(super) fn faults(table: &Table, relation: &Relation) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(storage) = relation.storage.as_ref().filter(|storage| !storage.transactional) {
        let what = format!("its engine {} has no transactions", storage.name);
        faults.push(Fault::new(what, "engine = innodb"));
    }
    let found = |name: &str| relation.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    for column in table.columns {
        match found(column.name) {
            Some(found) => {
                let what = of_column(column, found);
                faults.extend(what.map(|what| Fault::new(what, format!("modify column {}", column.sql()))));
            }
            None => faults.push(Fault::new(
                format!("it has no column `{}`", column.name),
                format!("add column {}", column.sql()),
            )),
        }
    }
    faults.extend(of_others(table, relation));
    faults.extend(of_keys(table, relation));
    faults.extend(of_indexes(table, relation));
    faults
}

/// Columns that the node does not know, and that need a value.
fn of_others(table: &Table, relation: &Relation) -> Vec<Fault> {
    let is_ours = |name: &str| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let needed = relation.columns.iter().filter(|column| !is_ours(&column.name));
    let needed = needed.filter(|column| !column.nullable && column.default == Supplied::Nothing);
    let fault = |column: &Found| {
        let collation =
            column.collation.as_ref().map_or_else(String::new, |collation| format!(" collate {collation}"));
        Fault::new(
            format!("`{}` wants a value that the node does not give", column.name),
            format!("modify column `{}` {}{collation} null", column.name, column.written),
        )
    };
    needed.map(fault).collect()
}

/// The primary key of the table, and other keys.
fn of_keys(table: &Table, relation: &Relation) -> Vec<Fault> {
    let key: Vec<&str> = table.key_columns().collect();
    let is_key = |index: &Index| {
        index.whole
            && index.columns.len() == key.len()
            && index.columns.iter().zip(&key).all(|(found, column)| found.eq_ignore_ascii_case(column))
    };
    let add = format!("add primary key (`{}`)", key.join("`, `"));
    let mut faults = match relation.indexes.iter().find(|index| index.primary) {
        Some(primary) if is_key(primary) => Vec::new(),
        Some(primary) => vec![Fault {
            what: format!(
                "its primary key is over `{}` instead of `{}`",
                primary.columns.join("`, `"),
                key.join("`, `")
            ),
            mends: vec!["drop primary key".to_owned(), add],
        }],
        None => vec![Fault::new(format!("it has no primary key over `{}`", key.join("`, `")), add)],
    };
    let others = relation.indexes.iter().filter(|index| index.unique && !index.primary && !is_key(index));
    faults.extend(others.map(|index| {
        Fault::new(
            format!("its unique index `{}` refuses rows that the node writes", index.name),
            format!("drop key `{}`", index.name),
        )
    }));
    faults
}

fn of_indexes(table: &Table, relation: &Relation) -> Vec<Fault> {
    let is_on = |column: &str, index: &Index| {
        index.columns.first().is_some_and(|first| first.eq_ignore_ascii_case(column))
    };
    let missing = table
        .indexed(beds_protocol::Engine::MariaDb)
        .filter(|column| !relation.indexes.iter().any(|index| is_on(column, index)));
    let fault = |column: &str| {
        let name = table.index_name(column);
        let mut mends = Vec::new();
        if relation.indexes.iter().any(|index| index.name.eq_ignore_ascii_case(&name)) {
            mends.push(format!("drop key `{name}`"));
        }
        mends.push(format!("add key `{name}` (`{column}`)"));
        Fault { what: format!("it has no index on `{column}`, so that each look-up reads all of it"), mends }
    };
    missing.map(fault).collect()
}

fn of_column(column: &Column, found: &Found) -> Option<String> {
    let name = column.name;
    let (fits, wanted) = match (column.keeps, &found.kind) {
        (Keeps::Text(max), kind) => {
            let fits = matches!(kind, Kind::String { max: longest, trims: false } if *longest >= max.into());
            (fits, format!("text of {max} characters"))
        }
        (Keeps::Long, kind) => {
            let fits = matches!(
                kind,
                Kind::String { max, trims: false } | Kind::Text { max } if *max >= REPLY_BYTES_MAX
            );
            (fits, format!("text of {REPLY_BYTES_MAX} bytes and more"))
        }
        (Keeps::Counter, kind) => {
            let is_counted = matches!(found.default, Supplied::Counter);
            let fits = matches!(kind, Kind::Int { max, .. } if *max > u32::MAX.into());
            (fits && is_counted, "a 64-bit number that the database counts (auto_increment)".to_owned())
        }
        (Keeps::Number, kind) => {
            let fits = matches!(kind, Kind::Int { max, .. } if *max >= u32::MAX.into());
            (fits, "a number up to 4,294,967,295".to_owned())
        }
        (Keeps::Whole, kind) => {
            let fits = matches!(
                kind,
                Kind::Int { min, max } if *min <= i64::MIN.into() && *max >= i64::MAX.into()
            );
            (fits, "a 64-bit number, which may be negative".to_owned())
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
        (Keeps::Moment, kind) => {
            let fits = matches!(kind, Kind::DateTime { digits, stamp: false } if *digits >= 3);
            (fits, "a datetime with three digits of a second's fraction".to_owned())
        }
    };
    if !fits {
        return Some(format!("`{name}` is `{}`, and must keep {wanted}", found.written));
    }
    let is_text = matches!(column.keeps, Keeps::Text(_) | Keeps::Long);
    if let Some(collation) =
        found.collation.as_deref().filter(|collation| is_text && *collation != TEXT_COLLATION)
    {
        let character_set = collation.split('_').next().unwrap_or_default();
        return Some(if character_set == "utf8mb4" {
            format!("`{name}` compares by `{collation}`, and must compare by `{TEXT_COLLATION}`")
        } else {
            format!("`{name}` keeps the characters of `{character_set}` only, and must keep all of utf8mb4")
        });
    }
    if matches!(found.default, Supplied::Computed(_)) {
        return Some(format!("`{name}` is computed, and the node writes it"));
    }
    if column.keeps == Keeps::Moment && !is_now(&found.default) {
        return Some(format!("`{name}` has another default than the moment of the insertion"));
    }
    let is_left_out = column.nullable && !found.nullable;
    is_left_out.then(|| format!("`{name}` must take null"))
}

/// Whether a default is the time of the insertion.
fn is_now(default: &Supplied) -> bool {
    let Supplied::Expression(text) = default else { return false };
    let text = text.trim().to_ascii_lowercase();
    let rest = text.strip_prefix("current_timestamp").or_else(|| text.strip_prefix("now"));
    rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || matches!(c, '(' | ')')))
}
