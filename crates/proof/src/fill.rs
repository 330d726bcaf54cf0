//! Writes many records, past the node: only reading them is tested.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use beds_codegen::model::{Domain, Field, Supply, Type};
use beds_design::model::Operation;
use beds_protocol::{Engine, Generated};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::{
    conformance::Told,
    hand::{self, Hand},
    value::{self, Extreme},
    world::{Keys, Kind, World},
};

/// How many records one statement writes.
const AT_ONCE: u64 = 1_000;
/// The first number of these records. Records of other proofs have other numbers.
pub(crate) const FIRST: u64 = 20_000_000;

/// Writes records of an entity, and returns their number. It is lower if no more records can be distinguished.
pub(crate) async fn fill(
    world: &World<'_>,
    kind: &Kind<'_>,
    (count, keys): (u64, &mut Keys),
    hand: &mut Hand,
    told: &mut Told,
) -> u64 {
    let count = count.min(kind.room());
    let (mut number, mut some) = (0, Vec::new());
    while number < count {
        let until = (number + AT_ONCE).min(count);
        let mut records = Vec::new();
        for one in number..until {
            match record(world, kind, FIRST + one, keys) {
                Ok(record) => records.push(record),
                Err(reason) => {
                    told.wrong(format!("{}: {reason}", kind.name()));
                    return number;
                }
            }
        }
        some.extend(records.iter().step_by(97).filter_map(|record| kind.key_of(record)));
        if let Err(reason) = hand.run(&statement(kind.name(), kind.domain, &records)).await {
            told.wrong(format!("{}: records {number} to {until} are not taken: {reason}", kind.name()));
            return number;
        }
        number = until;
    }
    keys.insert(kind.name().to_owned(), some);
    told.right(format!("{}: {count} records are there", kind.name()));
    count
}

/// A complete record, including the values that the node and the database would make.
pub(crate) fn record(
    world: &World<'_>,
    kind: &Kind<'_>,
    number: u64,
    keys: &Keys,
) -> Result<Map<String, Value>, String> {
    let mut record = world.data(kind, (number, Extreme::Some), keys, Operation::Create)?;
    for field in &kind.domain.fields {
        let made = match &field.supply {
            Supply::Version => json!(1),
            Supply::Generated(Generated::Database)
                if matches!(field.ty, Type::Int { .. } | Type::UInt { .. }) =>
            {
                json!(number - FIRST + 1)
            }
            Supply::Generated(_) => value::value(field, number, Extreme::Some, true),
            Supply::Required | Supply::Optional | Supply::Default(_) if record.contains_key(&field.name) => {
                continue;
            }
            Supply::Required | Supply::Optional | Supply::Default(_) => {
                world.value(kind, field, (number, Extreme::Some), keys)?
            }
        };
        record.insert(field.name.clone(), made);
    }
    Ok(record)
}

/// The statement that writes records into a table or collection.
pub(crate) fn statement(table: &str, domain: &Domain, records: &[Map<String, Value>]) -> String {
    let null = Value::Null;
    let fields = &domain.fields;
    match domain.engine() {
        Engine::MariaDb => {
            let columns: Vec<String> = fields.iter().map(|field| format!("`{}`", field.column)).collect();
            let mut sql = format!("insert into `{table}` ({}) values ", columns.join(", "));
            for (index, record) in records.iter().enumerate() {
                sql.push_str(if index == 0 { "(" } else { ", (" });
                for (place, field) in fields.iter().enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    let _ = write!(
                        sql,
                        "{comma}{}",
                        literal(&field.ty, record.get(&field.name).unwrap_or(&null))
                    );
                }
                sql.push(')');
            }
            sql
        }
        Engine::MongoDb => {
            let document = |record: &Map<String, Value>| {
                let member = |field: &Field| {
                    (field.column.clone(), extended(&field.ty, record.get(&field.name).unwrap_or(&null)))
                };
                Value::Object(fields.iter().map(member).collect())
            };
            let documents: Vec<Value> = records.iter().map(document).collect();
            json!({ "insert": table, "documents": documents }).to_string()
        }
    }
}

/// A value in SQL. Texts are in hexadecimal digits, so that none of their characters can end the literal.
fn literal(ty: &Type, value: &Value) -> String {
    let text = |text: &str| hand::literal(text);
    match (ty, value) {
        (_, Value::Null) => "null".to_owned(),
        (Type::Json | Type::List { .. } | Type::Object { .. }, value) => text(&value.to_string()),
        (Type::Bytes { .. }, Value::String(encoded)) => {
            let bytes = BASE64.decode(encoded).unwrap_or_default();
            format!("x'{}'", hex::encode(bytes))
        }
        (Type::DateTime, Value::String(at)) => text(&at.trim_end_matches('Z').replace('T', " ")),
        (_, Value::String(value)) => text(value),
        (_, Value::Bool(value)) => u8::from(*value).to_string(),
        (_, value) => value.to_string(),
    }
}

/// A value in the extended JSON of MongoDB, as a node would store it.
pub(crate) fn extended(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (Type::Uuid, Value::String(text)) => {
            let bytes = text.parse::<Uuid>().unwrap_or_default();
            json!({ "$binary": { "base64": BASE64.encode(bytes.as_bytes()), "subType": "04" } })
        }
        (Type::Bytes { .. }, Value::String(encoded)) => {
            json!({ "$binary": { "base64": encoded, "subType": "00" } })
        }
        (Type::DateTime, Value::String(text)) => {
            let at = OffsetDateTime::parse(text, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH);
            json!({ "$date": { "$numberLong": (at.unix_timestamp_nanos() / 1_000_000).to_string() } })
        }
        (Type::Decimal { .. }, Value::String(text)) => json!({ "$numberDecimal": text }),
        (Type::ObjectId, Value::String(text)) => json!({ "$oid": text }),
        (Type::Float { .. }, Value::Number(number)) => json!({ "$numberDouble": number.to_string() }),
        (Type::List { item, .. }, Value::Array(items)) => {
            items.iter().map(|one| extended(&item.ty, one)).collect()
        }
        (Type::Object { fields }, Value::Object(members)) => {
            let member = |field: &Field| {
                let value = members.get(&field.name).unwrap_or(&Value::Null);
                (field.column.clone(), extended(&field.ty, value))
            };
            Value::Object(fields.iter().map(member).collect())
        }
        (_, value) => value.clone(),
    }
}
