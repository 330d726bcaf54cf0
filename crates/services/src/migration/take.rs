//! Deletes a record only while it is unchanged.

use std::collections::HashMap;

use beds_core::{
    Error, Result, Work,
    carry::{incomparable, only_while, shown},
    context::Context,
    namaste::Request,
    spec::Domain,
    value::Value,
};
use beds_protocol::{DeleteRequest, ErrorCode, Json, Record};
use futures_util::future::join_all;

use super::canonical;
use crate::jobs::{Catalogue, may_pass};

/// How many records are deleted at the same time.
const AT_ONCE: usize = 64;

/// The result of a deletion.
pub(crate) enum Taken {
    /// The record is gone.
    Away {
        /// Whether the record existed. It does not if this chunk runs for the second time.
        was_there: bool,
    },
    /// The record has changed.
    Changed,
    /// The record may not be deleted.
    Refused(Error),
}

/// Deletes records, each with this key and only if it still has this digest. `now` holds their present state.
pub(crate) async fn take_all(
    cx: &Context,
    catalogue: &Catalogue,
    from: &'static Domain,
    records: &[(Json, String)],
    mut now: HashMap<Vec<u8>, Record>,
) -> Result<Vec<Taken>> {
    let mut all = Vec::with_capacity(records.len());
    for some in records.chunks(AT_ONCE) {
        let taking = some.iter().map(|(key, digest)| {
            let record = now.remove(&canonical::of_json(key));
            take(cx, catalogue, from, (key, digest), record)
        });
        let taking: Vec<_> = taking.collect();
        for taken in join_all(taking).await {
            all.push(taken?);
        }
    }
    Ok(all)
}

/// Deletes one record that was found as `record`, if it still has this digest.
pub(super) async fn take(
    cx: &Context,
    catalogue: &Catalogue,
    from: &'static Domain,
    (key, digest): (&Json, &str),
    record: Option<Record>,
) -> Result<Taken> {
    let Some(record) = record else { return Ok(Taken::Away { was_there: false }) };
    let json = Json::Object(record);
    if canonical::digest(&canonical::of_json(&json)) != digest {
        return Ok(Taken::Changed);
    }
    let if_version = from.version.and_then(|field| json.get(from.fields[field].name)).and_then(Json::as_i64);
    let request = DeleteRequest { key: Some(key.clone()), if_version, ..DeleteRequest::default() };
    let work = catalogue.plan(cx, from, Request::Delete(request));
    // A record that was deleted and created again has its first version again.
    let incomparable: Vec<_> = incomparable(from).map(|field| field.name).collect();
    let values: Vec<(usize, Value)> = from
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| !incomparable.contains(&field.name))
        .filter_map(|(index, field)| json.get(field.name).map(|json| (index, shown(field, json))))
        .collect();
    let work = work.and_then(|work| match work {
        // A hand-written function gets the version only.
        Work::Done(_) | Work::Method(_) if if_version.is_some() => Ok(work),
        work => only_while(work, &values),
    });
    match cx.run(work).await {
        Ok(_) => Ok(Taken::Away { was_there: true }),
        // Another writer was faster, and changed or deleted it.
        Err(error) if matches!(error.code, ErrorCode::VersionMismatch | ErrorCode::NotFound) => {
            Ok(Taken::Changed)
        }
        Err(error) if may_pass(&error) => Err(error),
        Err(error) => Ok(Taken::Refused(error)),
    }
}
