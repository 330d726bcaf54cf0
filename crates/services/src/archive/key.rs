//! [`Key`]: the key of a record in an archive.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The values of a record's key fields, as the wire shows them, in the template's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub Vec<Value>);

/// A value in an order of our own. It need not be the database's order: it only serves to exclude segments.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    Number(i128),
    Text(&'a str),
    Other(String),
}

impl<'a> From<&'a Value> for Place<'a> {
    fn from(value: &'a Value) -> Self {
        let number =
            |value: &Value| value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
        match value {
            Value::String(text) => Self::Text(text),
            _ => number(value).map_or_else(|| Self::Other(value.to_string()), Self::Number),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.iter().map(Place::from).cmp(other.0.iter().map(Place::from))
    }
}

impl Key {
    /// The key of a record, whose text is a JSON object with these key fields; `None` if a field is missing.
    pub(super) fn of(record: &str, fields: &[String]) -> Option<Self> {
        let mut record: serde_json::Map<String, Value> = serde_json::from_str(record).ok()?;
        fields.iter().map(|field| record.remove(field)).collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_have_an_order_of_numbers_and_of_texts() {
        let mut keys: Vec<Key> = [json!("b"), json!(10), json!(9), json!("a"), json!(u64::MAX), json!(-1)]
            .map(|key| Key(vec![key]))
            .into();
        keys.sort();
        let sorted = [json!(-1), json!(9), json!(10), json!(u64::MAX), json!("a"), json!("b")];
        assert_eq!(keys, sorted.map(|key| Key(vec![key])));
    }

    #[test]
    fn a_record_without_its_key_has_none() {
        let fields = ["id".to_owned(), "line".to_owned()];
        assert_eq!(Key::of(r#"{"line":2,"x":1,"id":"a"}"#, &fields), Some(Key(vec![json!("a"), json!(2)])));
        assert_eq!(Key::of(r#"{"id":"a"}"#, &fields), None);
        assert_eq!(Key::of("[]", &fields), None);
    }
}
