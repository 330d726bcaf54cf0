//! Tables for MariaDB: their columns and indexes.

use beds_protocol::are_alike;

use super::{
    Proposed, Thing,
    script::BINARY,
    sql::{columns, string},
};
use crate::{
    emit::quoted,
    model::{Domain, Field, Generated, Literal, Supply, Type},
};

/// The longest string in a `varchar`: a row holds 65,535 bytes, and a character has up to four.
const VARCHAR_MAX: u32 = 8_000;
/// The bytes of all columns of an index.
const INDEX_BYTES_MAX: u32 = 3_072;
/// The most bytes of a character.
const CHARACTER_BYTES_MAX: u32 = 4;

/// The table of a domain. `table` is its name.
pub(super) fn create(domain: &Domain, table: &str) -> Proposed {
    let mut lines: Vec<String> = (0..domain.fields.len()).map(|index| column(domain, index)).collect();
    let add = |line: &String| format!("alter table {}\n    add column if not exists {line}", quoted(table));
    let parts =
        domain.fields.iter().zip(&lines).map(|(field, line)| (field.column.clone(), add(line))).collect();
    lines.extend(indexes(domain));
    let create = format!("create table if not exists {} (\n    {}\n)", quoted(table), lines.join(",\n    "));
    Proposed { thing: Thing::Table, name: table.to_owned(), create, parts, more: Vec::new(), validator: None }
}

/// The indexes of the table: of the key, of unique fields, and for filters and orders.
fn indexes(domain: &Domain) -> Vec<String> {
    let field = |index: &usize| domain.fields.get(*index);
    let key: Vec<&Field> = domain.key.iter().filter_map(field).collect();
    let has_long_key = !fits(&key);
    let mut lines = Vec::new();
    if !key.is_empty() && !has_long_key {
        lines.push(format!("primary key ({})", columns(key.iter().copied())));
    }
    // The server keeps a key that is too long for an index unique by its hash, which a primary key cannot have. No hash
    // has a counter, which is unique by itself.
    let counted = counter(domain).filter(|index| domain.key.contains(index));
    let hashed = match (has_long_key, counted) {
        (false, _) => Vec::new(),
        (true, Some(index)) => field(&index).into_iter().collect(),
        (true, None) => key.clone(),
    };
    let is_alone = |field: &Field| field.unique || matches!(hashed[..], [one] if one.name == field.name);
    for field in domain.fields.iter().filter(|field| is_alone(field)) {
        let name = quoted(&field.column);
        lines.push(format!("unique key {name} ({name})"));
    }
    // The index of the key serves its first field alone. A hash serves neither a filter nor an order.
    let is_indexed = |index: &usize| {
        let is_first = domain.key.first() == Some(index) && !has_long_key;
        is_first || field(index).is_none_or(|field| is_alone(field) && fits(&[field]))
    };
    // A page continues after the last record by the key, which InnoDB appends to each index. The counter must be the
    // first column of an index.
    let mut wanted: Vec<usize> = domain.fetch.filter.iter().chain(&domain.fetch.sort).copied().collect();
    wanted.extend(counter(domain));
    wanted.sort_unstable();
    wanted.dedup();
    let mut unnamed = Vec::new();
    for field in wanted.iter().filter(|index| !is_indexed(index)).filter_map(field) {
        let (name, member) = (quoted(&field.column), member(field));
        if is_alone(field) {
            unnamed.push(format!("key ({member})"));
        } else {
            lines.push(format!("key {name} ({member})"));
        }
    }
    // The server names these indexes: a name of ours might be the name of a column.
    if hashed.len() > 1 {
        unnamed.push(format!("unique key ({})", columns(hashed.iter().copied())));
    }
    // No unique index serves an order that ends with the key.
    for field in domain.sorts_beside_unique() {
        let members: Vec<&Field> = std::iter::once(field).chain(key.iter().copied()).collect();
        if fits(&members) {
            unnamed.push(format!("key ({})", columns(members.into_iter())));
        }
    }
    lines.extend(unnamed);
    lines
}

/// Whether an index holds the whole values of these fields.
fn fits(fields: &[&Field]) -> bool {
    fields.iter().map(|field| bytes(field)).sum::<u32>() <= INDEX_BYTES_MAX
}

/// The bytes of a field in an index.
fn bytes(field: &Field) -> u32 {
    /// No other type that has an index is longer.
    const SHORT: u32 = 32;
    match &field.ty {
        // A text has no index of whole values.
        Type::String { max, .. } if *max > VARCHAR_MAX => INDEX_BYTES_MAX + 1,
        Type::String { max, .. } => max * CHARACTER_BYTES_MAX,
        _ => SHORT,
    }
}

/// A field as the member of an index: of a long string only its beginning.
fn member(field: &Field) -> String {
    let name = quoted(&field.column);
    if fits(&[field]) { name } else { format!("{name}({})", INDEX_BYTES_MAX / CHARACTER_BYTES_MAX) }
}

/// The field that is the table's counter. A table has one at most.
pub(super) fn counter(domain: &Domain) -> Option<usize> {
    let is_counted = |index: &usize| {
        domain.fields.get(*index).is_some_and(|field| {
            field.supply == Supply::Generated(Generated::Database)
                && matches!(field.ty, Type::Int { .. } | Type::UInt { .. })
                && !field.nullable
        })
    };
    let unique = |index: &usize| domain.fields[*index].unique;
    let all = || (0..domain.fields.len()).filter(is_counted);
    domain.key.iter().copied().find(is_counted).or_else(|| all().find(unique)).or_else(|| all().next())
}

fn column(domain: &Domain, index: usize) -> String {
    let field = &domain.fields[index];
    let mut text = format!("{} {}", quoted(&field.column), of_field(field));
    text.push_str(if field.nullable { " null" } else { " not null" });
    match &field.supply {
        Supply::Default(value) => text.extend([" default ", &literal(value, &field.ty)]),
        Supply::Version => text.push_str(" default 1"),
        Supply::Generated(Generated::Database) if counter(domain) == Some(index) => {
            text.push_str(" auto_increment");
        }
        Supply::Generated(Generated::Database) => {
            let is_alone = field.unique || domain.key == [index];
            text.extend(made(field, is_alone).map(|made| format!(" default {made}")));
        }
        Supply::Required | Supply::Optional | Supply::Generated(_) => {}
    }
    if !field.description.is_empty() {
        text.extend([" comment ", &string(&field.description)]);
    }
    text
}

/// What the database puts into a field that it generates. `is_alone` is whether no two records may share a value.
fn made(field: &Field, is_alone: bool) -> Option<String> {
    Some(match &field.ty {
        Type::DateTime => "current_timestamp(6)".to_owned(),
        Type::Uuid => "uuid()".to_owned(),
        // Nobody has to make what may be null.
        _ if field.nullable => return None,
        Type::String { max, .. } if is_alone || field.is_key => format!("(left(uuid(), {max}))"),
        Type::Bool => "false".to_owned(),
        Type::Int { min, max } => 0.clamp(*min, *max).to_string(),
        Type::UInt { min, .. } => min.to_string(),
        Type::Float { min, max } => 0.0_f64.clamp(*min, *max).to_string(),
        Type::Decimal { min, .. } => min.clone().unwrap_or_else(|| "0".to_owned()),
        Type::String { .. } | Type::Text { .. } | Type::Bytes { .. } => string(""),
        Type::Date => "(utc_date())".to_owned(),
        Type::Time => "(utc_time(6))".to_owned(),
        Type::Enum { values } => string(values.first()?),
        Type::List { .. } => string("[]"),
        Type::Json | Type::Object { .. } => string("{}"),
        Type::ObjectId => return None,
    })
}

/// The type of a field's column and parameters.
pub(super) fn of_field(field: &Field) -> String {
    match &field.ty {
        // A `boolean` is an integer of eight bits: its 1 and its 2 would be one key.
        Type::Bool if field.is_key => "bit(1)".to_owned(),
        other => ty(other),
    }
}

/// A type in MariaDB's form.
pub(super) fn ty(ty: &Type) -> String {
    match ty {
        Type::Bool => "boolean".to_owned(),
        Type::Int { min, max } => integer(i128::from(*min), i128::from(*max), false),
        Type::UInt { min, max } => integer(i128::from(*min), i128::from(*max), true),
        Type::Float { .. } => "double".to_owned(),
        Type::Decimal { precision, scale, .. } => format!("decimal({precision},{scale})"),
        Type::String { max, .. } if *max <= VARCHAR_MAX => format!("varchar({max})"),
        // The length of a text counts characters of up to four bytes. The column's type counts bytes.
        Type::String { max, .. } | Type::Text { max, .. } => sized("text", u64::from(*max) * 4),
        Type::Bytes { max } if *max <= 8_000 => format!("varbinary({max})"),
        Type::Bytes { max } => sized("blob", u64::from(*max)),
        Type::Uuid => "uuid".to_owned(),
        Type::Date => "date".to_owned(),
        Type::Time => "time(6)".to_owned(),
        Type::DateTime => "datetime(6)".to_owned(),
        Type::Enum { values } => {
            let list = values.iter().map(|value| string(value)).collect::<Vec<_>>().join(", ");
            // MariaDB refuses an enum with two values that are equal by its collation.
            let collation = if are_alike(values) { BINARY } else { "" };
            format!("enum({list}){collation}")
        }
        Type::Json | Type::List { .. } | Type::Object { .. } => "json".to_owned(),
        Type::ObjectId => "char(24)".to_owned(),
    }
}

/// The type of integers with these bounds. An integer with the bounds of a type gets this type: its column shows no other
/// values than the template says.
fn integer(min: i128, max: i128, is_unsigned: bool) -> String {
    for (bits, name) in [(8_u32, "tinyint"), (16, "smallint"), (24, "mediumint"), (32, "int")] {
        let half = 1_i128 << (bits - 1);
        match (min, max) {
            bounds if bounds == (-half, half - 1) => return name.to_owned(),
            bounds if bounds == (0, 2 * half - 1) => return format!("{name} unsigned"),
            _ => {}
        }
    }
    let sign = if is_unsigned { " unsigned" } else { "" };
    let is_short = if is_unsigned {
        u32::try_from(max).is_ok()
    } else {
        i32::try_from(min).is_ok() && i32::try_from(max).is_ok()
    };
    format!("{}{sign}", if is_short { "int" } else { "bigint" })
}

fn sized(kind: &str, bytes_max: u64) -> String {
    let size = match bytes_max {
        0..=0xFFFF => "",
        0x1_0000..=0xFF_FFFF => "medium",
        _ => "long",
    };
    format!("{size}{kind}")
}

fn literal(value: &Literal, ty: &Type) -> String {
    match value {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        // A column's moments are in UTC, without a mark, and its bytes are not base64.
        Literal::Text(value) if matches!(ty, Type::DateTime) => string(value.trim_end_matches('Z')),
        Literal::Text(value) if matches!(ty, Type::Bytes { .. }) => {
            format!("(from_base64({}))", string(value))
        }
        Literal::Text(value) => string(value),
    }
}
