//! Reports of a change: events, which are published, and entries of the audit. An adapter stores both in the
//! transaction of the write. [`crate::outbox`] describes what happens to events afterwards.

use std::collections::BTreeMap;

use beds_protocol::{Operation, RoutingKey, value::DateTime};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    audit::Entry,
    error::{Error, Result},
    outcome::Outcome,
    plan::{Invocation, Origin, Write},
    spec::{ArgMode, Call, Domain},
    value::{Value, microseconds},
};

/// The longest body of an event, in bytes. A longer event is published without its `data`, and says so.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Identifies the event, however often it is published.
    pub id: Uuid,
    /// `<template>.<operation>`
    pub routing_key: String,
    /// The record of the event: its template and key; `None` if the event concerns no single record. Events of one
    /// subject keep their order.
    pub subject: Option<String>,
    /// The fingerprint of the template.
    pub template_hash: String,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
    /// When the change was made.
    pub at: DateTime,
    /// The body.
    pub body: String,
}

/// The events and audit entries of writes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// The events to publish.
    pub events: Vec<Event>,
    /// The audit entries.
    pub entries: Vec<Entry>,
}

impl Told {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty() && self.entries.is_empty()
    }

    /// Adds the events and entries of later writes.
    pub fn extend(&mut self, later: Self) {
        self.events.extend(later.events);
        self.entries.extend(later.entries);
    }
}

/// The events and entries that a write will have, as far as known before it is done.
#[derive(Debug)]
pub struct Publication {
    domain: &'static Domain,
    operation: Operation<'static>,
    of: Of,
    origin: Origin,
    is_published: bool,
    is_audited: bool,
}

/// The subject of an event or entry.
#[derive(Debug)]
enum Of {
    /// A record that exists afterwards.
    Record,
    /// Several such records.
    Records,
    /// A deleted record.
    Gone,
    /// Records that a filter found, which are read after the write.
    Keys,
    /// A call with these arguments.
    Call(&'static Call, Members),
}

impl Publication {
    /// The events and entries of a write; `None` if the template neither publishes nor audits it. A batch has only
    /// those of its items.
    #[must_use]
    pub fn of(domain: &'static Domain, write: &Write, origin: &Origin) -> Option<Self> {
        let operation = write.operation()?;
        let is_in = |list: &[Operation<'static>]| list.contains(&operation);
        let (is_published, is_audited) = (is_in(domain.events.publish), is_in(domain.audit));
        if !is_published && !is_audited {
            return None;
        }
        let of = match write {
            Write::Create { many, .. } | Write::Upsert { many, .. } => {
                if *many {
                    Of::Records
                } else {
                    Of::Record
                }
            }
            Write::Update { .. } => Of::Record,
            Write::Delete { .. } => Of::Gone,
            Write::UpdateMany { .. } | Write::DeleteMany(_) => Of::Keys,
            Write::Call(Invocation { call, args }) => Of::Call(call, given(call, args)),
            Write::All(_) => return None,
        };
        Some(Self { domain, operation, of, origin: origin.clone(), is_published, is_audited })
    }

    /// Whether it is published.
    #[must_use]
    pub const fn is_published(&self) -> bool {
        self.is_published
    }

    /// Whether it is audited.
    #[must_use]
    pub const fn is_audited(&self) -> bool {
        self.is_audited
    }

    /// The domain of the events and entries.
    #[must_use]
    pub const fn domain(&self) -> &'static Domain {
        self.domain
    }

    /// The fields to read of the record after the write. For an update by filter: of each changed record, beside its
    /// key and version.
    #[must_use]
    pub fn read_after(&self) -> &'static [usize] {
        match self.operation {
            Operation::Update if self.is_published => self.domain.events.fields,
            _ => &[],
        }
    }

    /// The events and entries of the write, given its outcome. `after` is the record with the fields of
    /// [`Self::read_after`], if there are any; for a call it has the key, as the record shows it. For a write by filter it
    /// is the array of the written records, each an object with the key, and after an update the version and those
    /// fields.
    ///
    /// # Errors
    /// `internal`, if the outcome does not belong to the write.
    pub fn told(&self, outcome: &Outcome, after: Option<&[u8]>) -> Result<Told> {
        let mut told = Told::default();
        let shown = outcome.data.as_deref();
        // The wire has no more digits.
        let at = microseconds(DateTime::now());
        match &self.of {
            Of::Records => {
                let records: Vec<Members> = read(shown)?;
                for record in &records {
                    self.of_record(record, at, &mut told);
                }
            }
            Of::Record => {
                let mut record: Members = read(shown)?;
                if after.is_some() {
                    // Key and version are those of the reply.
                    for (name, value) in read::<Members>(after)? {
                        record.entry(name).or_insert(value);
                    }
                }
                self.of_record(&record, at, &mut told);
            }
            Of::Gone => {
                let mut record: Members = read(shown)?;
                let is_key =
                    |name: &str| self.domain.key.iter().any(|&field| self.domain.fields[field].name == name);
                record.retain(|name, _| is_key(name));
                self.of_record(&record, at, &mut told);
            }
            Of::Keys => {
                let records: Vec<Members> = read(after)?;
                for record in &records {
                    self.of_record(record, at, &mut told);
                }
            }
            Of::Call(call, given) => self.of_call(call, given, (outcome, after), at, &mut told)?,
        }
        Ok(told)
    }

    fn of_record(&self, record: &Members, at: DateTime, told: &mut Told) {
        self.tell(record, Object(self.picked(record, self.domain.events.fields)), at, told);
    }

    /// The events and entries of a call. Its arguments stand for the fields with their names. If they do not name the
    /// key, the report has all arguments and results.
    fn of_call(
        &self,
        call: &Call,
        given: &Members,
        (outcome, after): (&Outcome, Option<&[u8]>),
        at: DateTime,
        told: &mut Told,
    ) -> Result<()> {
        let mut record: Members = given.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        if outcome.out.is_some() {
            let is_told =
                |name: &str| call.args.iter().any(|arg| arg.field.name == name && !arg.field.sensitive);
            let out: Members = read(outcome.out.as_deref())?;
            record.extend(out.into_iter().filter(|(name, _)| is_told(name)));
        }
        if after.is_some() {
            record.extend(read::<Members>(after)?);
        }
        if self.key(&record).is_some() {
            self.of_record(&record, at, told);
            return Ok(());
        }
        let all = record.iter().map(|(name, value)| (name.as_str(), &**value)).collect();
        self.tell(&record, Object(all), at, told);
        Ok(())
    }

    fn tell(&self, record: &Members, data: Object<'_>, at: DateTime, told: &mut Told) {
        let domain = self.domain;
        let key = self.key(record);
        let version = domain.version.and_then(|field| record.get(domain.fields[field].name));
        let version = version.map(|version| &**version).filter(|_| key.is_some());
        if self.is_audited {
            let record = key.as_ref().and_then(|key| serde_json::to_string(key).ok());
            let version = version.and_then(|version| version.get().parse().ok());
            told.entries.push(Entry::new(domain, self.operation, &self.origin, (record, version), at));
        }
        if self.is_published {
            told.events.push(self.event((key.as_ref(), version), data, at));
        }
    }

    fn event(
        &self,
        (key, version): (Option<&Object<'_>>, Option<&RawValue>),
        data: Object<'_>,
        at: DateTime,
    ) -> Event {
        let Self { domain, operation, origin, .. } = self;
        let mut body = Body {
            template: domain.name,
            operation: operation.to_string(),
            key,
            version,
            data: Some(data),
            cut: false,
            at,
            request_id: origin.request_id.as_deref(),
        };
        let mut text = body.text();
        if text.len() > BODY_BYTES_MAX {
            (body.data, body.cut) = (None, true);
            text = body.text();
        }
        Event {
            id: Uuid::now_v7(),
            routing_key: RoutingKey { template: domain.name, operation: *operation }.to_string(),
            subject: key
                .and_then(|key| serde_json::to_string(&key).ok())
                .map(|key| format!("{} {key}", domain.name)),
            template_hash: domain.hash.to_owned(),
            traceparent: origin.traceparent.as_deref().map(str::to_owned),
            at,
            body: text,
        }
    }

    /// The key; `None` if a part of it is missing.
    fn key<'r>(&self, record: &'r Members) -> Option<Object<'r>> {
        let key = self.picked(record, self.domain.key);
        let is_whole = !key.is_empty() && key.len() == self.domain.key.len();
        (is_whole && key.iter().all(|(_, value)| value.get() != "null")).then_some(Object(key))
    }

    fn picked<'r>(&self, record: &'r Members, fields: &[usize]) -> Vec<(&'static str, &'r RawValue)> {
        let names = fields.iter().map(|&field| self.domain.fields[field].name);
        names.filter_map(|name| Some((name, &**record.get(name)?))).collect()
    }
}

/// JSON members by name.
type Members = BTreeMap<String, Box<RawValue>>;

fn read<T: serde::de::DeserializeOwned>(json: Option<&[u8]>) -> Result<T> {
    json.and_then(|json| serde_json::from_slice(json).ok())
        .ok_or_else(|| Error::internal("the event of a change cannot be built from its result"))
}

/// The arguments of a call, without the sensitive ones.
fn given(call: &Call, args: &[Value]) -> Members {
    let given = call.args.iter().zip(args);
    let told = given.filter(|(arg, _)| !arg.field.sensitive && arg.mode != ArgMode::Out);
    let json = |value: &Value| RawValue::from_string(serde_json::to_string(value).ok()?).ok();
    told.filter_map(|(arg, value)| Some((arg.field.name.to_owned(), json(value)?))).collect()
}

/// A JSON object, in order.
struct Object<'a>(Vec<(&'a str, &'a RawValue)>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The body of an event.
#[derive(Serialize)]
struct Body<'a> {
    template: &'a str,
    operation: String,
    key: Option<&'a Object<'a>>,
    version: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Object<'a>>,
    /// Whether `data` is left out because it is too long.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    at: DateTime,
    request_id: Option<&'a str>,
}

impl Body<'_> {
    fn text(&self) -> String {
        // Every part of it has a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::{Field, Type};

    use super::*;

    static FIELDS: [Field; 2] =
        [Field::new("id", "id", Type::INT), Field::new("revision", "revision", Type::INT)];
    static DOMAIN: Domain = Domain::new("short", "", "")
        .fields(&FIELDS)
        .key(&[0])
        .version(1)
        .publishes(&[Operation::Create], &[]);

    #[test]
    fn the_moment_of_an_event_has_microseconds() {
        let write = Write::Create { records: Vec::new(), many: false };
        let publication = Publication::of(&DOMAIN, &write, &Origin::default()).unwrap();
        let outcome = Outcome::data(br#"{"id":1,"revision":1}"#.to_vec());
        // A single moment may end in zeros by chance.
        for _ in 0..20 {
            let event = publication.told(&outcome, None).unwrap().events.remove(0);
            assert_eq!(event.at.0.nanosecond() % 1_000, 0, "{}", event.body);
        }
    }
}
