//! Events: what of a change is published. An adapter stores them in the transaction of the write; [`crate::outbox`] tells
//! what becomes of them then.

use std::collections::BTreeMap;

use beds_protocol::{Operation, RoutingKey, value::DateTime};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    outcome::Outcome,
    plan::{Invocation, Origin, Write},
    spec::{ArgMode, Domain},
    value::write_record,
};

/// The longest body of an event, in bytes. A longer one is published without its `data`, and says so.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Names it, however often it is published.
    pub id: Uuid,
    /// `<template>.<operation>`
    pub routing_key: String,
    /// The record that it is about: its template and key; none where it is about no one record. Events of one subject are
    /// kept in their order.
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

/// Whether the successes of a write are published.
#[must_use]
pub fn is_published(domain: &Domain, write: &Write) -> bool {
    domain.events.publish.contains(&operation(write))
}

/// The fields that are to be read of a record after this write, for its event.
#[must_use]
pub fn read_after(domain: &Domain, write: &Write) -> &'static [usize] {
    match write {
        Write::Update { .. } if is_published(domain, write) => domain.events.fields,
        Write::Create { .. } | Write::Update { .. } | Write::Delete { .. } | Write::Call(_) => &[],
    }
}

/// The events of a write that was done, with this outcome. `after` is the record with [`read_after`]'s fields, where
/// that names any.
///
/// # Errors
/// `internal`, where the outcome is not of the write.
pub fn of(
    domain: &'static Domain,
    write: &Write,
    outcome: &Outcome,
    after: Option<&[u8]>,
    origin: &Origin,
) -> Result<Vec<Event>> {
    if !is_published(domain, write) {
        return Ok(Vec::new());
    }
    let made = Making { domain, operation: operation(write), origin, at: DateTime::now() };
    let shown = outcome.data.as_deref();
    match write {
        Write::Create { many: true, .. } => {
            let records: Vec<Members> = members(shown)?;
            Ok(records.into_iter().map(|record| made.of_record(record)).collect())
        }
        Write::Create { many: false, .. } => Ok(vec![made.of_record(members(shown)?)]),
        Write::Update { .. } => {
            let mut record: Members = members(shown)?;
            if after.is_some() {
                // Key and version are those of the reply.
                for (name, value) in members::<Members>(after)? {
                    record.entry(name).or_insert(value);
                }
            }
            Ok(vec![made.of_record(record)])
        }
        Write::Delete { .. } => {
            let mut record: Members = members(shown)?;
            record.retain(|name, _| domain.key.iter().any(|&field| domain.fields[field].name == name));
            Ok(vec![made.of_record(record)])
        }
        Write::Call(invocation) => Ok(vec![made.of_call(invocation, outcome)?]),
    }
}

const fn operation(write: &Write) -> Operation<'static> {
    match write {
        Write::Create { .. } => Operation::Create,
        Write::Update { .. } => Operation::Update,
        Write::Delete { .. } => Operation::Delete,
        Write::Call(invocation) => Operation::Call(invocation.call.name),
    }
}

/// JSON members by name.
type Members = BTreeMap<String, Box<RawValue>>;

fn members<T: serde::de::DeserializeOwned>(json: Option<&[u8]>) -> Result<T> {
    json.and_then(|json| serde_json::from_slice(json).ok())
        .ok_or_else(|| Error::internal("the event of a change cannot be made of what it gave"))
}

/// What the events of one write have in common.
struct Making<'a> {
    domain: &'static Domain,
    operation: Operation<'static>,
    origin: &'a Origin,
    at: DateTime,
}

impl Making<'_> {
    fn of_record(&self, record: Members) -> Event {
        let data = Object(self.picked(&record, self.domain.events.fields));
        self.event(&record, data)
    }

    /// The event of a call, whose arguments stand for the fields of their names. Where they do not name the key, all
    /// that it was given, and gave, is told.
    fn of_call(&self, invocation: &Invocation, outcome: &Outcome) -> Result<Event> {
        let Invocation { call, args } = invocation;
        let told = call.args.iter().zip(args).filter(|(arg, _)| !arg.field.sensitive);
        let given = told.filter(|(arg, _)| arg.mode != ArgMode::Out);
        let mut json = Vec::with_capacity(64);
        write_record(&mut json, given.map(|(arg, value)| (arg.field.name, value)));
        let mut record: Members = members(Some(&json))?;
        if outcome.out.is_some() {
            let is_told =
                |name: &str| call.args.iter().any(|arg| arg.field.name == name && !arg.field.sensitive);
            record.extend(
                members::<Members>(outcome.out.as_deref())?.into_iter().filter(|(name, _)| is_told(name)),
            );
        }
        if self.key(&record).is_some() {
            return Ok(self.of_record(record));
        }
        let all = record.iter().map(|(name, value)| (name.as_str(), &**value)).collect();
        Ok(self.event(&record, Object(all)))
    }

    fn event(&self, record: &Members, data: Object<'_>) -> Event {
        let Self { domain, operation, origin, at } = *self;
        let key = self.key(record);
        let version = domain.version.and_then(|field| record.get(domain.fields[field].name));
        let mut body = Body {
            template: domain.name,
            operation: operation.to_string(),
            key: key.as_ref(),
            version: version.map(|version| &**version).filter(|_| key.is_some()),
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
            routing_key: RoutingKey { template: domain.name, operation }.to_string(),
            subject: key
                .and_then(|key| serde_json::to_string(&key).ok())
                .map(|key| format!("{} {key}", domain.name)),
            template_hash: domain.hash.to_owned(),
            traceparent: origin.traceparent.as_deref().map(str::to_owned),
            at,
            body: text,
        }
    }

    /// The key; none where a part of it is missing.
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
