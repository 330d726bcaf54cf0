//! Request bodies. Here a body is checked for its form only: an unknown key, a duplicate key or a wrong JSON type is
//! refused. The template decides which values are valid.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

use crate::json::{Json, Record};

/// One record, or several.
#[derive(Debug, Clone, PartialEq)]
pub enum OneOrMany {
    /// An object.
    One(Record),
    /// An array of objects: all or nothing.
    Many(Vec<Record>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object, or an array of objects")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany, A::Error> {
                Record::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(OneOrMany::One)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut records = Vec::new();
                while let Some(record) = seq.next_element()? {
                    records.push(record);
                }
                Ok(OneOrMany::Many(records))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Serialize for OneOrMany {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(record) => record.serialize(serializer),
            Self::Many(records) => records.serialize(serializer),
        }
    }
}

/// Reads an optional member, refusing an explicit `null` that `Option` would take for absence.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty = $read:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $(
            $(#[$fdoc])*
            #[serde(default, deserialize_with = $read, skip_serializing_if = "Option::is_none")]
            pub $field: Option<$type>,
        )* }
    };
}

body! {
    /// `fetch`: one record by `key`, or many by the other members.
    FetchRequest {
        /// The record's key: a scalar, or an object if the key has several fields.
        key: Json = "present",
        /// Field to value, or field to operators.
        r#where: Record = "present",
        /// Field names, each with `-` before it for descending.
        sort: Vec<String> = "present",
        /// How many records at most.
        limit: u32 = "present",
        /// The `next` of an earlier reply.
        after: String = "present",
        /// The fields wanted; all fields if absent.
        fields: Vec<String> = "present",
        /// Whether to count all records that the filter matches.
        count: bool = "present",
    }
}

body! {
    /// `count`: how many records match.
    CountRequest {
        /// Field to value, or field to operators.
        r#where: Record = "present",
    }
}

impl FetchRequest {
    /// The request for the record with this key.
    #[must_use]
    pub fn by_key(key: impl Into<Json>) -> Self {
        Self { key: Some(key.into()), ..Self::default() }
    }

    /// The request for the records with these values.
    #[must_use]
    pub fn matching(filter: impl Into<Record>) -> Self {
        Self { r#where: Some(filter.into()), ..Self::default() }
    }
}

impl CountRequest {
    /// How many records have these values?
    #[must_use]
    pub fn matching(filter: impl Into<Record>) -> Self {
        Self { r#where: Some(filter.into()) }
    }
}

/// `create`: one record, or several, all or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRequest {
    /// The record or records.
    pub data: OneOrMany,
}

/// `update`: changes the fields that `data` names, of one record or of all that a filter matches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateRequest {
    /// The record's key.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub key: Option<Json>,
    /// Instead of a key: field to value, or field to operators.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub r#where: Option<Record>,
    /// The fields to change.
    pub data: Record,
    /// Change it only while its version is this one.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub if_version: Option<i64>,
    /// Count what the filter matches, and change nothing.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// `upsert`: creates a record, or changes the record with its key; or several, all or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpsertRequest {
    /// The record or records, each with its key.
    pub data: OneOrMany,
}

body! {
    /// `delete`: deletes one record, or all that a filter matches.
    DeleteRequest {
        /// The record's key.
        key: Json = "present",
        /// Instead of a key: field to value, or field to operators.
        r#where: Record = "present",
        /// Delete it only while its version is this one.
        if_version: i64 = "present",
        /// Count what the filter matches, and delete nothing.
        dry_run: bool = "present",
    }
}

body! {
    /// `call.NAME`: runs a named call.
    CallRequest {
        /// Argument to value.
        args: Record = "present",
    }
}

/// `describe`: has no members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescribeRequest {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T: for<'de> Deserialize<'de> + fmt::Debug>(body: &str, expected: &str) {
        let message = serde_json::from_str::<T>(body).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn forms_that_are_not_a_request_are_refused() {
        refused::<FetchRequest>(r#"{"wher": {}}"#, "unknown field `wher`");
        refused::<FetchRequest>(r#"{"where": {"a": 1, "a": 2}}"#, "duplicate key `a`");
        refused::<FetchRequest>(r#"{"where": {"a": {"gt": 1, "gt": 5}}}"#, "duplicate key `gt`");
        refused::<FetchRequest>(r#"{"key": {"a": 1, "a": 2}}"#, "duplicate key `a`");
        refused::<CreateRequest>(r#"{"data": {"a": [{"b": 1, "b": 2}]}}"#, "duplicate key `b`");
        refused::<FetchRequest>(r#"{"key": 1, "key": 2}"#, "duplicate field `key`");
        refused::<FetchRequest>(r#"{"where": null}"#, "expected an object");
        refused::<FetchRequest>(r#"{"limit": -1}"#, "invalid value");
        refused::<CreateRequest>(r#"{"data": "x"}"#, "expected an object, or an array of objects");
        refused::<CreateRequest>("{}", "missing field `data`");
        refused::<UpdateRequest>(r#"{"key": 1}"#, "missing field `data`");
        refused::<UpdateRequest>(r#"{"key": {"a": 1, "a": 2}, "data": {}}"#, "duplicate key `a`");
        refused::<DeleteRequest>(r#"{"where": {"a": 1, "a": 2}}"#, "duplicate key `a`");
        refused::<DeleteRequest>(r#"{"where": {}, "dry_run": "yes"}"#, "expected a boolean");
        refused::<UpsertRequest>(r#"{"data": {}, "where": {}}"#, "unknown field `where`");
    }

    #[test]
    fn a_record_keeps_its_order() {
        let body = r#"{"data":[{"b":1,"a":2}]}"#;
        let request: CreateRequest = serde_json::from_str(body).unwrap();
        assert_eq!(serde_json::to_string(&request).unwrap(), body);
    }
}
