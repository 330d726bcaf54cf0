//! [`Doubts`]: the values and members of carried records that would not arrive.

use std::collections::HashMap;

use beds_core::{Error, Result, context::Context, namaste::Request, outcome::Outcome, spec::Domain};
use beds_protocol::{ErrorCode, FetchRequest, Json, Record};
use futures_util::future::join_all;

use super::{canonical::of_json, keys::key};
use crate::jobs::{Catalogue, Reject};

/// How many records are read one by one at the same time.
const AT_ONCE: usize = 32;

/// What outcomes report about the records of a page.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// Whether some records may have a value that cannot be shown, and is null.
    is_unshown: bool,
    /// The members that the template does not name, by the text of the record's key.
    unnamed: HashMap<Vec<u8>, String>,
}

impl Doubts {
    /// For records of which nothing is known.
    pub(super) fn of_all() -> Self {
        Self { is_unshown: true, ..Self::default() }
    }

    /// Adds what an outcome reports.
    pub(crate) fn hear(&mut self, domain: &'static Domain, outcome: &Outcome) {
        self.is_unshown |= outcome.unshown.is_some();
        for unnamed in &outcome.unnamed {
            if let Ok(Json::Object(record)) = Json::of_any(&unnamed.key) {
                self.unnamed.insert(of_json(&key(domain, &record)), unnamed.members.listed());
            }
        }
    }

    /// Lets records be copied without the members that the template does not name, since the records stay where they
    /// are. Returns the number of such records.
    pub(crate) fn tolerate(&mut self) -> u64 {
        std::mem::take(&mut self.unnamed).len() as u64
    }

    /// Why records cannot be sent as they are, by the texts of their keys. `fields` are the fields that are sent;
    /// `None` means all.
    pub(crate) async fn reasons(
        self,
        catalogue: &Catalogue,
        cx: &Context,
        domain: &'static Domain,
        (records, fields): (&[Record], Option<&[usize]>),
    ) -> Result<HashMap<Vec<u8>, Error>> {
        let mut reasons = HashMap::new();
        if self.is_unshown && fields.is_none_or(|fields| !fields.is_empty()) {
            reasons = unshown(catalogue, cx, domain, (records, fields)).await?;
        }
        for (key, members) in self.unnamed {
            let message = format!(
                "it has members that `{}` does not name, and that would be lost: {members}; name them in the template",
                domain.name
            );
            reasons.entry(key).or_insert_with(|| Error::new(ErrorCode::ValidationFailed, message));
        }
        Ok(reasons)
    }
}

/// Removes the records that cannot be sent as they are.
pub(crate) fn sort_out(
    domain: &'static Domain,
    records: &mut Vec<Record>,
    mut reasons: HashMap<Vec<u8>, Error>,
) -> Vec<Reject> {
    let mut rejects = Vec::new();
    records.retain(|record| {
        let key = key(domain, record);
        let reason = reasons.remove(&of_json(&key));
        let is_sent = reason.is_none();
        rejects.extend(reason.map(|error| Reject::of(key, &error)));
        is_sent
    });
    rejects
}

/// Why records cannot be sent as they are, by the texts of their keys: a value of one of these fields, or of any field
/// if `fields` is `None`, cannot be shown, and is null in the record. A page does not say which records these are, so
/// each record is read by itself.
async fn unshown(
    catalogue: &Catalogue,
    cx: &Context,
    domain: &'static Domain,
    (records, fields): (&[Record], Option<&[usize]>),
) -> Result<HashMap<Vec<u8>, Error>> {
    let names = |fields: &[usize]| fields.iter().map(|&field| domain.fields[field].name.to_owned()).collect();
    let fields: Option<Vec<String>> = fields.map(names);
    let mut odd = HashMap::new();
    for records in records.chunks(AT_ONCE) {
        let asked = records.iter().map(|record| async {
            let key = key(domain, record);
            let request = FetchRequest { fields: fields.clone(), ..FetchRequest::by_key(key.clone()) };
            (key, catalogue.run(cx, domain, Request::Fetch(request)).await)
        });
        for (key, outcome) in join_all(asked).await {
            let why = match outcome {
                Ok(outcome) => outcome.unshown,
                Err(error) if error.code == ErrorCode::NotFound => None,
                Err(error) => return Err(error),
            };
            if let Some(why) = why {
                let message = format!("it cannot be sent as it is: {why}");
                odd.insert(of_json(&key), Error::new(ErrorCode::ValidationFailed, message));
            }
        }
    }
    Ok(odd)
}
