//! A `$jsonSchema` to plain members.

use std::collections::BTreeSet;

use mongodb::bson::{Bson, Document};

use beds_core::inspect::{Column, Kind, Supplied};

/// How deep a schema is followed.
const DEPTH_MAX: usize = 8;
/// The longest string that a template can index.
const STRING_MAX: u32 = 65_535;
/// The longest declared string that counts as a value to look for.
const INDEXED_MAX: u32 = 4_000;
/// The digits of a Decimal128, and how many of them a schema allows after the point.
const DECIMAL: Kind = Kind::Decimal { precision: 34, scale: 10, unsigned: false };

/// The members that a schema of objects declares.
pub(super) fn columns(schema: &Document, depth: usize) -> Vec<Column> {
    let required: BTreeSet<&str> = schema
        .get_array("required")
        .map(|names| names.iter().filter_map(Bson::as_str).collect())
        .unwrap_or_default();
    let Ok(properties) = schema.get_document("properties") else { return Vec::new() };
    properties
        .iter()
        .map(|(name, member)| {
            let empty = Document::new();
            let member = member.as_document().unwrap_or(&empty);
            let types = types(member);
            Column {
                name: name.clone(),
                kind: kind(member, &types, depth),
                written: if types.is_empty() {
                    "any type".into()
                } else {
                    types.iter().cloned().collect::<Vec<_>>().join(" or ")
                },
                collation: None,
                nullable: types.contains("null") || !required.contains(name.as_str()),
                default: Supplied::Nothing,
                comment: member.get_str("description").unwrap_or_default().to_owned(),
                seen: None,
                renewed: false,
            }
        })
        .collect()
}

/// The names of the types that a member may have, as `bsonType` writes them.
pub(super) fn types(member: &Document) -> BTreeSet<String> {
    let given = member.get("bsonType").or_else(|| member.get("type"));
    let names: Vec<&str> = match given {
        Some(Bson::String(name)) => vec![name],
        Some(Bson::Array(names)) => names.iter().filter_map(Bson::as_str).collect(),
        _ => Vec::new(),
    };
    let mut types: BTreeSet<String> = names
        .into_iter()
        .map(|name| match name {
            "boolean" => "bool".to_owned(),
            name => name.to_owned(),
        })
        .collect();
    if types.is_empty() {
        // Constants show their types.
        let constants = member.get_array("enum").map(Vec::as_slice).unwrap_or_default();
        types.extend(constants.iter().map(|constant| match constant {
            Bson::String(_) => "string".to_owned(),
            Bson::Null => "null".to_owned(),
            _ => "other".to_owned(),
        }));
    }
    types
}

fn kind(member: &Document, types: &BTreeSet<String>, depth: usize) -> Kind {
    let some: Vec<&str> = types.iter().map(String::as_str).filter(|name| *name != "null").collect();
    let all = |allowed: &[&str]| some.iter().all(|name| allowed.contains(name));
    match some.as_slice() {
        [] => Kind::Json,
        ["string"] => string(member),
        ["bool"] => Kind::Bool,
        ["objectId"] => Kind::ObjectId,
        ["date"] => Kind::moment(3),
        ["binData"] => Kind::Bytes { max: u32::MAX, fixed: false },
        ["object"] => match columns(member, depth + 1) {
            members if members.is_empty() || depth >= DEPTH_MAX => Kind::Json,
            members => Kind::Object(members),
        },
        ["array"] => match member.get_document("items") {
            Ok(items) if depth < DEPTH_MAX => {
                Kind::List(Box::new(kind(items, &self::types(items), depth + 1)))
            }
            _ => Kind::Json,
        },
        _ if all(&["int", "long"]) => integer(member, all(&["int"])),
        _ if all(&["int", "long", "double"]) => Kind::float(is_never_negative(member), false),
        // A `number` may be a Decimal128, which no float can hold.
        _ if all(&["int", "long", "double", "decimal", "number"]) => DECIMAL,
        several => Kind::Mixed(several.iter().map(|name| (*name).to_owned()).collect()),
    }
}

fn is_never_negative(member: &Document) -> bool {
    member.get("minimum").and_then(number).is_some_and(|minimum| minimum >= 0)
}

fn string(member: &Document) -> Kind {
    if let Ok(values) = member.get_array("enum") {
        let values: Vec<String> = values.iter().filter_map(Bson::as_str).map(str::to_owned).collect();
        if !values.is_empty() {
            return Kind::Enum(values);
        }
    }
    let max = member.get("maxLength").and_then(number).and_then(|max| u32::try_from(max).ok());
    match max {
        // So long a string is no value to look for.
        Some(max) if max > INDEXED_MAX => Kind::Text { max },
        Some(max) => Kind::string(max.max(1)),
        None => Kind::string(STRING_MAX),
    }
}

fn integer(member: &Document, is_short: bool) -> Kind {
    let (least, greatest) = if is_short {
        (i128::from(i32::MIN), i128::from(i32::MAX))
    } else {
        (i128::from(i64::MIN), i128::from(i64::MAX))
    };
    let bound = |name: &str| member.get(name).and_then(number);
    Kind::Int {
        min: bound("minimum").unwrap_or(least).clamp(least, greatest),
        max: bound("maximum").unwrap_or(greatest).clamp(least, greatest),
    }
}

fn number(bson: &Bson) -> Option<i128> {
    match bson {
        Bson::Int32(number) => Some(i128::from(*number)),
        Bson::Int64(number) => Some(i128::from(*number)),
        Bson::Double(number) if number.fract() == 0.0 => format!("{number:.0}").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::doc;

    #[test]
    fn a_schema_tells_members() {
        let schema = doc! {
            "required": ["sku", "stock"],
            "properties": {
                "sku": { "bsonType": "string", "maxLength": 40 },
                "stock": { "bsonType": ["int", "long"], "minimum": 0 },
                "price": { "bsonType": "decimal" },
                "state": { "enum": ["new", "old", null] },
                "any": {},
                "odd": { "bsonType": ["string", "int"] },
                "tags": { "bsonType": "array", "items": { "type": "string" } },
                "at": { "bsonType": ["date", "null"] },
            },
        };
        let columns = columns(&schema, 0);
        let kinds: Vec<&Kind> = columns.iter().map(|column| &column.kind).collect();
        assert_eq!(
            kinds,
            [
                &Kind::string(40),
                &Kind::Int { min: 0, max: i128::from(i64::MAX) },
                &DECIMAL,
                &Kind::Enum(vec!["new".into(), "old".into()]),
                &Kind::Json,
                &Kind::Mixed(vec!["int".into(), "string".into()]),
                &Kind::List(Box::new(Kind::string(STRING_MAX))),
                &Kind::moment(3),
            ]
        );
        assert!(!columns[0].nullable && columns[7].nullable);
    }
}
