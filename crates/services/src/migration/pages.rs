//! Records by pages and by keys, in the form that a client of the domain would get.

use std::{collections::HashMap, fmt};

use beds_core::{
    Error, Result, context::Context, namaste::Request, outcome::Outcome, position::Positions, spec::Domain,
};
use beds_protocol::{CountRequest, ErrorCode, FetchRequest, Json, Record};
use futures_util::future::{BoxFuture, join_all};

use super::{canonical, checkpoint::Place, doubts::Doubts, fresh::Fresh, keys::members, spec::Spec};
use crate::jobs::{Catalogue, Job};

/// The template that lists the rejects of jobs.
const REJECTS: &str = "job_reject";
/// How many records are requested one by one at the same time.
const AT_ONCE: usize = 32;

/// A source of records other than a template.
pub(crate) trait Shelf: fmt::Debug + Send + Sync {
    /// How many records there are.
    fn count(&self) -> u64;

    /// At most this many records from a place on, and the place after them; `None` if these are the last.
    fn page(&self, place: u64, most: usize) -> BoxFuture<'_, Result<(Vec<Record>, Option<u64>)>>;
}

/// One chunk of a migration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub(super) cx: &'a Context,
    pub(super) catalogue: &'a Catalogue,
    pub(super) spec: &'a Spec,
    pub(super) job: &'a Job,
    /// The source of the records, if it is not a template.
    pub(super) shelf: Option<&'a dyn Shelf>,
    /// Whether a record that changes during the move stays in the source and its copy is deleted, so that it is never
    /// on both sides.
    pub(super) settles: bool,
    /// For a move, the chunks that no node has begun.
    pub(super) fresh: Option<&'a Fresh>,
}

/// Some records, and the place of the next ones.
pub(super) struct Page {
    pub(super) records: Vec<Record>,
    /// The values and members of the records that would not arrive.
    pub(super) doubts: Doubts,
    pub(super) place: Place,
    pub(super) is_last: bool,
}

impl Chunk<'_> {
    /// How many records there are.
    pub(super) async fn count(&self) -> Result<u64> {
        let Spec { from, filter, rejects_of, .. } = self.spec;
        if let Some(shelf) = self.shelf {
            return Ok(shelf.count());
        }
        let outcome = match rejects_of {
            None => {
                let request = CountRequest { r#where: (!filter.0.is_empty()).then(|| filter.clone()) };
                self.catalogue.run(self.cx, from, Request::Count(request)).await?
            }
            Some(job) => {
                let rejects = self.catalogue.domain(REJECTS)?;
                let request = CountRequest::matching([("job", job.to_string())]);
                self.catalogue.run(&self.cx.trusted(), rejects, Request::Count(request)).await?
            }
        };
        Ok(outcome.count.unwrap_or_default())
    }

    /// At most this many records from a place on.
    pub(super) async fn page(&self, place: &Place) -> Result<Page> {
        let Spec { from, filter, rejects_of, .. } = self.spec;
        let most = self.job.chunk as usize;
        if let Some(shelf) = self.shelf {
            let (records, next) = shelf.page(place.shelf.unwrap_or_default(), most).await?;
            let place = Place { shelf: next, ..Place::default() };
            return Ok(Page { records, doubts: Doubts::default(), is_last: next.is_none(), place });
        }
        if let Some(job) = rejects_of {
            return self.page_of_rejects(&job.to_string(), place).await;
        }
        let (mut records, mut doubts, mut after) = (Vec::new(), Doubts::default(), place.after.clone());
        loop {
            let left = u32::try_from(most - records.len()).unwrap_or(u32::MAX);
            let request = FetchRequest {
                r#where: (!filter.0.is_empty()).then(|| filter.clone()),
                limit: Some(left.min(from.fetch.limit_max)),
                after: after.clone(),
                ..FetchRequest::default()
            };
            let outcome = self.catalogue.run(&self.cx.carrying(), from, Request::Fetch(request)).await?;
            let next = outcome.next.clone();
            doubts.hear(from, &outcome);
            records.extend(shown(from, &outcome)?);
            let is_last = next.is_none();
            if is_last || records.len() >= most {
                let place = Place { after: next.or(after), ..Place::default() };
                return Ok(Page { records, doubts, place, is_last });
            }
            after = next;
        }
    }

    /// The records that another job rejected.
    async fn page_of_rejects(&self, job: &str, place: &Place) -> Result<Page> {
        let listed = self.rejects(job, place.reject.unwrap_or_default(), self.job.chunk).await?;
        let is_last = listed.is_empty();
        let last = listed.last().map_or(place.reject, |(id, _)| Some(*id));
        let keys: Vec<Json> = listed.into_iter().map(|(_, key)| key).collect();
        let mut doubts = Doubts::of_all();
        let (cx, hear) = (self.cx.carrying(), |outcome: &Outcome| doubts.hear(self.spec.from, outcome));
        let mut found = by_keys(self.catalogue, &cx, self.spec.from, &keys, hear).await?;
        // A record that is gone is not sent. A record that was rejected twice is sent once.
        let mut records: Vec<Record> = Vec::with_capacity(keys.len());
        for key in &keys {
            records.extend(found.remove(&canonical::of_json(key)));
        }
        let place = Place { reject: last, ..Place::default() };
        Ok(Page { records, doubts, place, is_last })
    }

    /// The rejects of a job after a place, each with its own place and the key of its record.
    pub(super) async fn rejects(&self, job: &str, after: i64, limit: u32) -> Result<Vec<(i64, Json)>> {
        let rejects = self.catalogue.domain(REJECTS)?;
        let after = Json::Object(Record::from([("gt", Json::from(after))]));
        let request = FetchRequest {
            limit: Some(limit.min(rejects.fetch.limit_max)),
            ..FetchRequest::matching([("job", Json::from(job)), ("id", after)])
        };
        // In the node's own name: the user who started the job was found to see it.
        let outcome = self.catalogue.run(&self.cx.trusted(), rejects, Request::Fetch(request)).await?;
        let listed = shown(rejects, &outcome)?.into_iter().filter_map(|record| {
            let id = record.get("id").and_then(Json::as_i64)?;
            Some((id, record.get("record").cloned().unwrap_or_default()))
        });
        Ok(listed.collect())
    }

    /// As [`by_keys`].
    pub(super) async fn by_keys(
        &self,
        cx: &Context,
        domain: &'static Domain,
        keys: &[Json],
    ) -> Result<HashMap<Vec<u8>, Record>> {
        by_keys(self.catalogue, cx, domain, keys, |_| {}).await
    }

    /// As [`by_field`].
    pub(super) async fn by_field(
        &self,
        cx: &Context,
        domain: &'static Domain,
        field: usize,
        values: &[Json],
    ) -> Result<HashMap<Vec<u8>, Record>> {
        by_field(self.catalogue, cx, domain, (field, values), |_| {}).await
    }
}

/// The records with these keys, by the text of the key. `hear` gets each outcome.
pub(crate) async fn by_keys(
    catalogue: &Catalogue,
    cx: &Context,
    domain: &'static Domain,
    keys: &[Json],
    mut hear: impl FnMut(&Outcome),
) -> Result<HashMap<Vec<u8>, Record>> {
    match domain.key {
        [one] => by_field(catalogue, cx, domain, (*one, keys), hear).await,
        several => {
            let mut all = HashMap::with_capacity(keys.len());
            for keys in keys.chunks(AT_ONCE) {
                let fetch = |key: &Json| {
                    let request = Request::Fetch(FetchRequest::by_key(key.clone()));
                    catalogue.run(cx, domain, request)
                };
                for outcome in join_all(keys.iter().map(fetch)).await {
                    match outcome {
                        Ok(outcome) => {
                            hear(&outcome);
                            for record in shown(domain, &outcome)? {
                                all.insert(canonical::of_json(&members(domain, several, &record)), record);
                            }
                        }
                        Err(error) if error.code == ErrorCode::NotFound => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Ok(all)
        }
    }
}

/// The records with these values in a unique field, by the text of the value.
async fn by_field(
    catalogue: &Catalogue,
    cx: &Context,
    domain: &'static Domain,
    (field, values): (usize, &[Json]),
    mut hear: impl FnMut(&Outcome),
) -> Result<HashMap<Vec<u8>, Record>> {
    let name = domain.fields[field].name;
    let most = (domain.fetch.limit_max as usize).min(cx.limits.in_items_max).max(1);
    let mut all = HashMap::with_capacity(values.len());
    for values in values.chunks(most) {
        let any_of = Json::Object(Record::from([("in", Json::Array(values.to_vec()))]));
        let request = FetchRequest {
            limit: u32::try_from(values.len()).ok(),
            ..FetchRequest::matching([(name, any_of)])
        };
        let outcome = catalogue.run(cx, domain, Request::Fetch(request)).await?;
        hear(&outcome);
        for record in shown(domain, &outcome)? {
            let value = record.get(name).cloned().unwrap_or_default();
            all.insert(canonical::of_json(&value), record);
        }
    }
    Ok(all)
}

/// The records of an outcome.
pub(crate) fn shown(domain: &Domain, outcome: &Outcome) -> Result<Vec<Record>> {
    let odd = || Error::internal(format!("the records of `{}` cannot be read", domain.name));
    let data = outcome.data.as_deref().ok_or_else(odd)?;
    match Json::of_any(data).map_err(|_| odd())? {
        Json::Object(record) => Ok(vec![record]),
        Json::Array(records) => records
            .into_iter()
            .map(|record| match record {
                Json::Object(record) => Ok(record),
                _ => Err(odd()),
            })
            .collect(),
        _ => Err(odd()),
    }
}

/// A context whose reads see the writes made in `cx`, on replicas too.
pub(super) fn after(cx: &Context) -> Result<Context> {
    let positions = Positions::of(Ok(cx.positions.told().as_deref()))?;
    Ok(Context { positions: positions.into(), ..cx.clone() })
}
