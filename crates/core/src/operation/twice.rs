//! The same key twice in one list: one of the two records would be lost, and the reply would show the other for both.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use serde_json::value::RawValue;

use crate::{
    error::{Error, Result},
    outcome::Outcome,
    spec::Domain,
    validate::Errors,
    value::Value,
};

/// Refuses a key that an earlier record of the list has. A key that is unknown, because of a mistake or because the
/// database makes it, is not compared.
pub(super) fn refuse(domain: &'static Domain, records: &[Vec<Value>], errors: &mut Errors) {
    let key = |record: &Vec<Value>| {
        let mut json = Vec::new();
        for &field in domain.key {
            (!record[field].is_null()).then_some(())?;
            record[field].write_json(&mut json);
            json.push(b',');
        }
        Some(json)
    };
    refuse_keys(domain, records.iter().map(key), errors);
}

/// Refuses the same in a list that has been written, by the keys that the reply shows. A database may treat two keys as
/// one that differ in letters, spaces or digits. The caller must then roll back.
///
/// # Errors
/// `validation_failed`, naming the record and its key.
pub fn refuse_same_key(domain: &'static Domain, outcome: &Outcome) -> Result<()> {
    let json = outcome.data.as_deref().unwrap_or_default();
    let records: Vec<BTreeMap<String, Box<RawValue>>> = serde_json::from_slice(json)
        .map_err(|_| Error::internal("the reply to a list of records is not a list of records"))?;
    let key = |record: &BTreeMap<String, Box<RawValue>>| {
        let part = |&field: &usize| {
            let json = record.get(domain.fields[field].name)?.get();
            (json != "null").then(|| json.to_owned())
        };
        domain.key.iter().map(part).collect::<Option<Vec<String>>>()
    };
    let mut errors = Errors::default();
    refuse_keys(domain, records.iter().map(key), &mut errors);
    errors.or(())
}

fn refuse_keys<K: Eq + std::hash::Hash>(
    domain: &Domain,
    keys: impl Iterator<Item = Option<K>>,
    errors: &mut Errors,
) {
    if domain.key.is_empty() {
        return;
    }
    let mut known = HashMap::new();
    for (index, key) in keys.enumerate() {
        let Some(key) = key else { continue };
        match known.entry(key) {
            Entry::Occupied(first) => push(domain, index, *first.get(), errors),
            Entry::Vacant(place) => {
                place.insert(index);
            }
        }
    }
}

fn push(domain: &Domain, index: usize, first: usize, errors: &mut Errors) {
    let names: Vec<&str> = domain.key.iter().map(|&field| domain.fields[field].name).collect();
    match names.as_slice() {
        [name] => errors.push(
            format!("data[{index}].{name}"),
            format!("is the key of `data[{first}]` as well: a list may have each record only once"),
        ),
        names => errors.push(
            format!("data[{index}]"),
            format!(
                "has the key of `data[{first}]` as well, {}: a list may have each record only once",
                names.join(", ")
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::{Field, Type};

    use super::*;

    static FIELDS: [Field; 3] = [
        Field::new("a", "a", Type::INT),
        Field::new("b", "b", Type::string(0, 9)),
        Field::new("n", "n", Type::INT),
    ];
    static ONE: Domain = Domain::new("one", "", "").fields(&FIELDS).key(&[1]);
    static TWO: Domain = Domain::new("two", "", "").fields(&FIELDS).key(&[0, 1]);
    static NONE: Domain = Domain::new("none", "", "").fields(&FIELDS);

    fn record(a: i64, b: Option<&str>) -> Vec<Value> {
        vec![Value::Int(a), b.map_or(Value::Null, |b| Value::Text(b.to_owned())), Value::Int(0)]
    }

    fn message(domain: &'static Domain, records: &[Vec<Value>]) -> Option<String> {
        let mut errors = Errors::default();
        refuse(domain, records, &mut errors);
        errors.or(()).err().map(|error| error.message)
    }

    #[test]
    fn a_key_stands_once_in_a_list() {
        let twice = [record(1, Some("x")), record(2, Some("y")), record(3, Some("x"))];
        let told = "`data[2].b` is the key of `data[0]` as well: a list may have each record only once";
        assert_eq!(message(&ONE, &twice).as_deref(), Some(told));
        assert_eq!(message(&TWO, &twice), None, "only one part is the same");
        assert_eq!(message(&NONE, &twice), None);
        assert_eq!(message(&ONE, &[record(1, None), record(1, None)]), None, "the database makes the keys");
        let twice = [record(1, Some("x")), record(1, Some("x"))];
        let told = "`data[1]` has the key of `data[0]` as well, a, b: a list may have each record only once";
        assert_eq!(message(&TWO, &twice).as_deref(), Some(told));
    }

    #[test]
    fn what_the_database_took_for_one_is_refused_by_its_reply() {
        let refused = |json: &str| {
            refuse_same_key(&ONE, &Outcome::data(json.as_bytes().to_vec())).err().map(|error| error.message)
        };
        assert_eq!(refused(r#"[{"b":"x","n":1},{"b":"X","n":2},{"n":3},{"b":null},{"b":null}]"#), None);
        let told = "`data[1].b` is the key of `data[0]` as well: a list may have each record only once";
        assert_eq!(refused(r#"[{"b":"x","n":1},{"b":"x","n":1}]"#).as_deref(), Some(told));
    }
}
