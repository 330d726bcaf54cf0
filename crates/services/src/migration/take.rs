//! A record is taken away only while it is what it was.

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

/// How many are taken away at the same time.
const AT_ONCE: usize = 64;

/// What became of one.
pub(crate) enum Taken {
    /// It is gone.
    Away {
        /// Whether it was there before: it is not where this chunk is done for the second time.
        was_there: bool,
    },
    /// It is another than it was.
    Changed,
    /// It may not be taken away.
    Refused(Error),
}

/// Takes records away, each with this key and if it still is what this digest says; `now` is what they are.
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

/// Takes one record away that was found as `record`, if it still is what this digest says.
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
    // A record that was deleted and made anew has its first version again.
    let incomparable: Vec<_> = incomparable(from).map(|field| field.name).collect();
    let values: Vec<(usize, Value)> = from
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| !incomparable.contains(&field.name))
        .filter_map(|(index, field)| json.get(field.name).map(|json| (index, shown(field, json))))
        .collect();
    let work = work.and_then(|work| match work {
        // What is written by hand has the version alone.
        Work::Done(_) | Work::Method(_) if if_version.is_some() => Ok(work),
        work => only_while(work, &values),
    });
    match cx.run(work).await {
        Ok(_) => Ok(Taken::Away { was_there: true }),
        // Whoever was quicker changed it, or took it away.
        Err(error) if matches!(error.code, ErrorCode::VersionMismatch | ErrorCode::NotFound) => {
            Ok(Taken::Changed)
        }
        Err(error) if may_pass(&error) => Err(error),
        Err(error) => Ok(Taken::Refused(error)),
    }
}
