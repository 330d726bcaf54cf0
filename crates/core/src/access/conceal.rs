//! Removes fields that a caller does not see from a database's answers: replies to writes, and errors that name fields.

use std::borrow::Cow;

use beds_protocol::{ErrorCode, Json, Record};

use crate::{
    error::{Error, Result},
    outcome::Outcome,
    spec::Domain,
};

/// The result of a plan, or of a method, for a caller who does not see these fields.
pub(crate) fn result(result: Result<Outcome>, domain: &Domain, hidden: &[usize]) -> Result<Outcome> {
    if hidden.is_empty() {
        return result;
    }
    match result {
        Ok(outcome) => self::outcome(outcome, domain, hidden),
        Err(error) => Err(self::error(error, domain, hidden)),
    }
}

/// The outcome without the fields.
fn outcome(outcome: Outcome, domain: &Domain, hidden: &[usize]) -> Result<Outcome> {
    let data = outcome.data.as_deref().map(|json| without(json, domain, hidden)).transpose()?;
    // A note names fields by their paths.
    let unshown = outcome.unshown.filter(|note| !names(note, domain, hidden));
    let note = outcome.note.filter(|note| !names(note, domain, hidden));
    Ok(Outcome { data: data.map(Cow::Owned), unshown, note, ..outcome })
}

/// The outcome of an atomic batch. Each item hides its own fields.
pub(crate) fn items(
    result: Result<Outcome>,
    of: &[Option<(&'static Domain, Vec<usize>)>],
) -> Result<Outcome> {
    let hides =
        |of: &Option<(&Domain, Vec<usize>)>| of.as_ref().is_some_and(|(_, hidden)| !hidden.is_empty());
    if !of.iter().any(hides) {
        return result;
    }
    match result {
        Ok(outcome) => {
            let Some(json) = outcome.items.as_deref() else { return Ok(outcome) };
            let Ok(Json::Array(mut items)) = Json::of_any(json) else { return Err(unreadable()) };
            for (item, of) in items.iter_mut().zip(of) {
                let (Json::Object(Record(members)), Some((domain, hidden))) = (item, of) else { continue };
                for (name, value) in members.iter_mut().filter(|_| !hidden.is_empty()) {
                    match (name.as_str(), &*value) {
                        ("data", _) => remove(value, domain, hidden),
                        ("note", Json::String(note)) if names(note, domain, hidden) => {
                            *value = Json::from("");
                        }
                        _ => {}
                    }
                }
            }
            let json = Json::Array(items).to_string().into_bytes();
            Ok(Outcome { items: Some(json), ..outcome })
        }
        Err(error) => {
            let of = of.iter().flatten();
            Err(of.fold(error, |error, (domain, hidden)| self::error(error, domain, hidden)))
        }
    }
}

fn unreadable() -> Error {
    Error::internal("a reply cannot be parsed to remove its hidden fields")
}

/// The records of a reply without the fields.
fn without(json: &[u8], domain: &Domain, hidden: &[usize]) -> Result<Vec<u8>> {
    let mut json = Json::of_any(json).map_err(|_| unreadable())?;
    remove(&mut json, domain, hidden);
    Ok(json.to_string().into_bytes())
}

fn remove(json: &mut Json, domain: &Domain, hidden: &[usize]) {
    match json {
        Json::Object(Record(members)) => {
            members
                .retain(|(name, _)| hidden.iter().all(|&field| domain.fields[field].name != name.as_str()));
        }
        Json::Array(records) => records.iter_mut().for_each(|record| remove(record, domain, hidden)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// The error without any mention of the fields.
pub(crate) fn error(error: Error, domain: &Domain, hidden: &[usize]) -> Error {
    let is_told = |text: &str| names(text, domain, hidden);
    let mut error = error;
    error.details.retain(|detail| !is_told(&detail.field) && !is_told(&detail.reason));
    if is_told(&error.message) {
        error.message = match error.code {
            ErrorCode::Conflict => "a value is taken, or a reference forbids the change".to_owned(),
            ErrorCode::RejectedByDatabase => "the database refuses the record".to_owned(),
            _ => "the request cannot be done".to_owned(),
        };
    }
    error.hint = error.hint.filter(|hint| !is_told(hint));
    error
}

/// Whether a text has the name, or the column, of one of the fields as a word.
fn names(text: &str, domain: &Domain, hidden: &[usize]) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let has = |name: &str| {
        text.match_indices(name).any(|(start, _)| {
            let before = text[..start].chars().next_back();
            let after = text[start + name.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    };
    hidden.iter().map(|&field| &domain.fields[field]).any(|field| has(field.name) || has(field.column))
}
