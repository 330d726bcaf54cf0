//! The key of a record, as a request names it.

use beds_core::spec::Domain;
use beds_protocol::{Json, Record};

/// The key of a record as a request names it.
pub(crate) fn key(domain: &'static Domain, record: &Record) -> Json {
    members(domain, domain.key, record)
}

/// The values of these fields: one alone as it is, several as an object.
pub(super) fn members(domain: &'static Domain, fields: &[usize], record: &Record) -> Json {
    let value = |field: usize| record.get(domain.fields[field].name).cloned().unwrap_or_default();
    match fields {
        [one] => value(*one),
        several => Json::Object(Record(
            several.iter().map(|&field| (domain.fields[field].name.to_owned(), value(field))).collect(),
        )),
    }
}
