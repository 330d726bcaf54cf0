//! Which request asked for which key, when one statement asks for many. The records come in any order, and two requests
//! may want the same record.
//!
//! A record goes to its requesters by the key in it. Equality in the database may be wider than equality of text (a
//! collation that ignores case, decimals of another scale). Then a key finds no record of its own. The keys that are
//! left at the end are asked for one by one.

use std::collections::HashMap;

use crate::{
    error::{Error, Result},
    outcome::Outcome,
    spec::Type,
    value::Value,
};

/// How many keys one statement asks for at most.
pub const KEYS_MAX: u8 = 128;

/// The result of a read: one outcome, or one for each key that it looks up.
#[derive(Debug)]
pub enum Found {
    /// The outcome of a single read.
    One(Outcome),
    /// The outcomes of several look-ups, in their order.
    Each(Vec<Result>),
}

impl Found {
    /// The outcome of a single read.
    ///
    /// # Errors
    /// `internal`, if there are several outcomes.
    pub fn one(self) -> Result {
        match self {
            Self::One(outcome) => Ok(outcome),
            Self::Each(_) => Err(Error::internal("several look-ups were done in place of one read")),
        }
    }

    /// The outcomes of several look-ups.
    ///
    /// # Errors
    /// `internal`, if it was a single read.
    pub fn each(self) -> Result<Vec<Result>> {
        match self {
            Self::Each(outcomes) => Ok(outcomes),
            Self::One(_) => Err(Error::internal("one read was done in place of several look-ups")),
        }
    }
}

/// The requests that wait for their records.
#[derive(Debug)]
pub struct Lookup<'a, T> {
    distinct: Vec<&'a Value>,
    /// The requests that want each key, by the key's wire form.
    places: HashMap<Vec<u8>, Vec<usize>>,
    answers: Vec<Option<T>>,
}

impl<'a, T: Clone> Lookup<'a, T> {
    /// For these keys, one for each request.
    pub fn new(keys: &[&'a Value]) -> Self {
        let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::with_capacity(keys.len());
        let mut distinct = Vec::with_capacity(keys.len());
        for (place, key) in keys.iter().enumerate() {
            let places = places.entry(json(key)).or_default();
            if places.is_empty() {
                distinct.push(*key);
            }
            places.push(place);
        }
        Self { distinct, places, answers: vec![None; keys.len()] }
    }

    /// The keys to ask for, each once.
    pub fn keys(&self) -> &[&'a Value] {
        &self.distinct
    }

    /// Gives all who asked for this key the same answer.
    pub fn answer(&mut self, key: &Value, answer: &T) {
        for place in self.places.remove(&json(key)).into_iter().flatten() {
            self.answers[place] = Some(answer.clone());
        }
    }

    /// The keys that found no record so far.
    pub fn unanswered(&self) -> Vec<&'a Value> {
        self.distinct.iter().copied().filter(|key| self.places.contains_key(&json(key))).collect()
    }

    /// The answers in the order of the requests; `None` if there is no record.
    pub fn finish(self) -> Vec<Option<T>> {
        self.answers
    }
}

/// Whether values of the type are equal in the database only if their wire forms are equal.
pub const fn is_exact(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Bool
            | Type::Int { .. }
            | Type::UInt { .. }
            | Type::Uuid
            | Type::Date
            | Type::Time
            | Type::DateTime
            | Type::ObjectId
    )
}

fn json(value: &Value) -> Vec<u8> {
    let mut json = Vec::with_capacity(40);
    value.write_json(&mut json);
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requester_gets_its_record_and_no_other() {
        let (one, two, lost) = (Value::Int(1), Value::Int(2), Value::Int(3));
        let mut lookup = Lookup::new(&[&two, &one, &lost, &two]);
        assert_eq!(lookup.keys().len(), 3, "each key once");
        lookup.answer(&one, &"one");
        lookup.answer(&two, &"two");
        lookup.answer(&Value::Int(4), &"nobody's");
        assert_eq!(lookup.finish(), [Some("two"), Some("one"), None, Some("two")]);
    }

    #[test]
    fn a_key_that_differs_from_its_record_stays_unanswered() {
        let text = Value::Text("A".to_owned());
        let mut lookup = Lookup::new(&[&text]);
        lookup.answer(&Value::Text("a".to_owned()), &());
        assert_eq!(lookup.unanswered().len(), 1);
    }
}
