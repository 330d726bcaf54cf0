//! The key of a record, in the form of a request.

use beds_core::spec::Domain;
use beds_protocol::{Json, Record};

/// The key of a record, in the form of a request.
pub(crate) fn key(domain: &'static Domain, record: &Record) -> Json {
    members(domain, domain.key, record)
}

/// The values of these fields: a single value as it is, several values as an object.
pub(super) fn members(domain: &'static Domain, fields: &[usize], record: &Record) -> Json {
    let value = |field: usize| record.get(domain.fields[field].name).cloned().unwrap_or_default();
    match fields {
        [one] => value(*one),
        several => Json::Object(Record(
            several.iter().map(|&field| (domain.fields[field].name.to_owned(), value(field))).collect(),
        )),
    }
}
