//! A validator to plain rules.

use mongodb::bson::{Bson, Document, RawBsonRef};

use beds_core::inspect::{Asks, ITEMS, Rule};
use beds_protocol::value::Decimal;

use super::schema::types;
use crate::shown::number;

/// How deep a validator is followed.
const DEPTH_MAX: usize = 16;

/// The rules of a validator.
pub(super) fn rules(validator: &Document) -> Vec<Rule> {
    let mut rules = Rules(Vec::new());
    rules.query(validator, 0);
    rules.0
}

struct Rules(Vec<Rule>);

impl Rules {
    fn add(&mut self, path: &[String], asks: Asks) {
        self.0.push(Rule { path: path.to_vec(), asks });
    }

    /// A validator is a query. A schema is one condition of the query.
    fn query(&mut self, query: &Document, depth: usize) {
        for (key, value) in query {
            match (key.as_str(), value) {
                ("$jsonSchema", Bson::Document(schema)) => self.schema(schema, &[]),
                ("$and", Bson::Array(parts)) if depth < DEPTH_MAX && are_documents(parts) => {
                    for part in parts.iter().filter_map(Bson::as_document) {
                        self.query(part, depth + 1);
                    }
                }
                _ => self.add(&[], Asks::Other(key.clone())),
            }
        }
    }

    fn schema(&mut self, schema: &Document, path: &[String]) {
        if path.len() > DEPTH_MAX {
            return self.add(path, Asks::Other("properties".to_owned()));
        }
        for (key, value) in schema {
            let is_known = match (key.as_str(), value) {
                ("title" | "description", _)
                | ("exclusiveMinimum" | "exclusiveMaximum", Bson::Boolean(_))
                | ("additionalProperties" | "additionalItems", Bson::Boolean(true))
                | ("uniqueItems", Bson::Boolean(false)) => true,
                ("bsonType" | "type", Bson::String(_) | Bson::Array(_)) => {
                    // `bsonType` and `type` exclude each other.
                    self.add(path, Asks::Types(types(schema).into_iter().collect()));
                    true
                }
                ("required", Bson::Array(names)) => {
                    for name in names.iter().filter_map(Bson::as_str) {
                        self.add(path, Asks::Required(name.to_owned()));
                    }
                    true
                }
                ("properties", Bson::Document(members)) => self.members(members, path),
                ("additionalProperties", Bson::Boolean(false))
                    if !schema.contains_key("patternProperties") =>
                {
                    let members = schema.get_document("properties");
                    let names = members.map(|members| members.keys().cloned().collect());
                    self.add(path, Asks::Only(names.unwrap_or_default()));
                    true
                }
                ("items", Bson::Document(item)) => {
                    self.schema(item, &[path, &[ITEMS.to_owned()]].concat());
                    true
                }
                ("allOf", Bson::Array(parts)) if are_documents(parts) => {
                    for part in parts.iter().filter_map(Bson::as_document) {
                        self.schema(part, path);
                    }
                    true
                }
                ("enum", Bson::Array(constants)) => {
                    self.add(path, one_of(constants));
                    true
                }
                ("pattern", Bson::String(pattern)) => {
                    self.add(path, Asks::Matches(pattern.clone()));
                    true
                }
                ("uniqueItems", Bson::Boolean(true)) => {
                    self.add(path, Asks::ItemsDiffer);
                    true
                }
                (key, value) => match limit(key, value, schema) {
                    Some(asks) => {
                        self.add(path, asks);
                        true
                    }
                    None => false,
                },
            };
            if !is_known {
                self.add(path, Asks::Other(key.clone()));
            }
        }
    }

    /// Whether all of them are schemas.
    fn members(&mut self, members: &Document, path: &[String]) -> bool {
        for (name, member) in members {
            if let Bson::Document(member) = member {
                self.schema(member, &[path, std::slice::from_ref(name)].concat());
            }
        }
        members.values().all(|member| matches!(member, Bson::Document(_)))
    }
}

fn are_documents(parts: &[Bson]) -> bool {
    parts.iter().all(|part| matches!(part, Bson::Document(_)))
}

fn one_of(constants: &[Bson]) -> Asks {
    let (mut texts, mut others) = (Vec::new(), Vec::new());
    for constant in constants {
        match constant {
            Bson::String(text) => texts.push(text.clone()),
            // A validator treats equal numbers of two types as one.
            Bson::Double(number) => others.push(number.to_string()),
            other => others.push(other.to_string()),
        }
    }
    Asks::OneOf { texts, others }
}

/// The rule of a keyword with a number.
fn limit(key: &str, value: &Bson, schema: &Document) -> Option<Asks> {
    let bound: Decimal = match value {
        Bson::Int32(number) => number.to_string().parse().ok()?,
        Bson::Int64(number) => number.to_string().parse().ok()?,
        Bson::Double(number) => Decimal::of_double(*number)?,
        Bson::Decimal128(number) => number::decimal(RawBsonRef::Decimal128(*number))?,
        _ => return None,
    };
    let is_exclusive = |name: &str| schema.get_bool(name).unwrap_or(false);
    let count = bound.as_str().split('.').next().and_then(|whole| whole.parse().ok());
    Some(match key {
        "minimum" => Asks::Least { bound, exclusive: is_exclusive("exclusiveMinimum") },
        "maximum" => Asks::Greatest { bound, exclusive: is_exclusive("exclusiveMaximum") },
        "minLength" => Asks::LengthMin(count?),
        "maxLength" => Asks::LengthMax(count?),
        "minItems" => Asks::ItemsMin(count?),
        "maxItems" => Asks::ItemsMax(count?),
        "minProperties" => Asks::MembersMin(count?),
        "maxProperties" => Asks::MembersMax(count?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::doc;

    #[test]
    fn a_bound_has_all_of_its_digits() {
        for (value, expected) in [
            (Bson::Int32(3), "3"),
            (Bson::Int64(i64::MIN), "-9223372036854775808"),
            (Bson::Double(9_223_372_036_854_775_808.0), "9223372036854775808"),
            (Bson::Double(0.1), "0.1"),
            (Bson::Decimal128("9223372036854775806.5".parse().unwrap()), "9223372036854775806.5"),
            (Bson::Decimal128("1E+3".parse().unwrap()), "1000"),
        ] {
            let Some(Asks::Least { bound, .. }) = limit("minimum", &value, &doc! {}) else {
                panic!("{value}")
            };
            assert_eq!(bound.as_str(), expected);
        }
        assert_eq!(limit("minimum", &Bson::Double(f64::NAN), &doc! {}), None);
        assert_eq!(limit("maxLength", &Bson::Double(20.0), &doc! {}), Some(Asks::LengthMax(20)));
    }

    #[test]
    fn what_a_validator_asks_is_told_at_its_path() {
        let validator = doc! {
            "$jsonSchema": {
                "required": ["a", "gone"],
                "additionalProperties": false,
                "properties": {
                    "a": { "bsonType": ["string", "null"], "minLength": 2, "not": {} },
                    "b": { "items": { "allOf": [{ "minimum": 3, "exclusiveMinimum": true }] } },
                },
            },
            "size": { "$gt": 3 },
        };
        let told: Vec<_> =
            rules(&validator).into_iter().map(|rule| (rule.path.join("."), rule.asks)).collect();
        let expected = [
            ("", Asks::Required("a".into())),
            ("", Asks::Required("gone".into())),
            ("", Asks::Only(vec!["a".into(), "b".into()])),
            ("a", Asks::Types(vec!["null".into(), "string".into()])),
            ("a", Asks::LengthMin(2)),
            ("a", Asks::Other("not".into())),
            ("b.[]", Asks::Least { bound: "3".parse().unwrap(), exclusive: true }),
            ("", Asks::Other("size".into())),
        ];
        assert_eq!(told, expected.map(|(path, asks)| (path.to_owned(), asks)));
    }
}
