//! [`Item`]: a record of `from`, and its future form in `to`.

use std::collections::{BTreeMap, HashMap};

use beds_core::{
    Error, Result,
    carry::{planned, shown},
    value::Value,
};
use beds_protocol::{Json, Record};

use super::{
    canonical,
    convert::{Found, Source, value},
    doubts::{Doubts, sort_out},
    expression::Expression,
    keys::key,
    pages::Chunk,
    shape::fitted,
    spec::{Mode, Spec},
};
use crate::jobs::Reject;

/// A record to write.
#[derive(Debug)]
pub(super) struct Item {
    /// Its key in the source.
    pub(super) key: Json,
    /// Its digest in the source.
    pub(super) digest: String,
    /// The record to send.
    pub(super) record: Record,
    /// The expected stored values: the mapped fields, in the order of the map.
    expected: Vec<(usize, Value)>,
    /// The values by which it is found.
    pub(super) identity: Vec<Json>,
}

/// The records that can be written, and those that cannot.
pub(super) async fn items(
    chunk: &Chunk<'_>,
    records: Vec<Record>,
    doubts: Doubts,
) -> Result<(Vec<Item>, Vec<Reject>)> {
    let Spec { from, map, mode, .. } = chunk.spec;
    let mut sent: Vec<usize> =
        map.iter().flat_map(|(_, _, expression)| expression.sources()).copied().collect();
    sent.sort_unstable();
    sent.dedup();
    let fields = (*mode == Mode::Copy).then_some(&*sent);
    let reasons = doubts.reasons(chunk.catalogue, chunk.cx, from, (&records, fields)).await?;
    let mut records = records;
    let mut rejects = sort_out(from, &mut records, reasons);
    let found = look_up(chunk, &records).await?;
    let mut items = Vec::with_capacity(records.len());
    for record in records {
        let key = key(from, &record);
        match item(chunk, key.clone(), record, &found) {
            Ok(item) => items.push(item),
            Err(error) => rejects.push(Reject::of(key, &error)),
        }
    }
    Ok((items, rejects))
}

fn item(chunk: &Chunk<'_>, key: Json, source: Record, found: &Found) -> Result<Item> {
    let spec = chunk.spec;
    let from = Source { domain: spec.from, members: &source };
    let mut members = Vec::with_capacity(spec.map.len());
    let mut wrong = Vec::new();
    for (index, field, expression) in &spec.map {
        match value(*index, expression, field, &from, found) {
            // The node would generate another value each time: nothing could be compared with it.
            Ok(Json::Null) if !field.nullable && field.generated.is_some() => {
                let reason = "is null in the source, and the node would generate a value: give the record one, or \
                     leave the field out of the map";
                wrong.push((field.name, reason.to_owned()));
            }
            // A field that may not be null is left out: it has a default, or the record is refused.
            Ok(Json::Null) if !field.nullable => {}
            Ok(json) => members.push((field.name.to_owned(), json)),
            Err(reason) => wrong.push((field.name, reason)),
        }
    }
    if let Some((name, reason)) = wrong.first() {
        let error = Error::new(beds_protocol::ErrorCode::ValidationFailed, format!("`{name}` {reason}"));
        return Err(wrong.iter().fold(error, |error, (name, reason)| error.detail(*name, reason.as_str())));
    }
    let record = Record(members);
    let mut values = planned(&chunk.cx.carrying(), spec.to, record.clone())?;
    let mut take = |index: usize| {
        let value = values.get_mut(index).map_or(Value::Null, |value| std::mem::replace(value, Value::Null));
        (index, canonical::kept(spec.to.engine(), value))
    };
    let expected: Vec<_> = spec.map.iter().map(|(index, ..)| take(*index)).collect();
    let identity = spec.identity.iter().map(|wanted| {
        let value = expected.iter().find(|(index, _)| index == wanted).map(|(_, value)| value);
        json(value.unwrap_or(&Value::Null))
    });
    let identity: Vec<Json> = identity.collect();
    if identity.iter().any(Json::is_null) {
        let names: Vec<_> = spec.identity.iter().map(|&index| spec.to.fields[index].name).collect();
        return Err(Error::new(
            beds_protocol::ErrorCode::ValidationFailed,
            format!("`{}` is null: the record could not be recognized", names.join("`, `")),
        ));
    }
    let digest = canonical::digest(&canonical::of_json(&Json::Object(source)));
    Ok(Item { key, digest, record, expected, identity })
}

impl Item {
    /// The text of the identity, which distinguishes it from other records.
    pub(super) fn name(&self) -> Vec<u8> {
        name(&self.identity)
    }

    /// The first field in which the record of `to` differs; `None` if it is equal.
    pub(super) fn differs(&self, chunk: &Chunk<'_>, there: &Record) -> Option<&'static str> {
        let differing = self.differing(chunk, there).next();
        differing.map(|(index, _)| chunk.spec.to.fields[index].name)
    }

    /// The fields in which the record of `to` differs, with the expected values.
    pub(super) fn differing<'a>(
        &'a self,
        chunk: &'a Chunk<'_>,
        there: &'a Record,
    ) -> impl Iterator<Item = (usize, &'a Value)> {
        let is_same = |(index, value): &(usize, &Value)| {
            canonical::of_value(value) == canonical::of_value(&kept(chunk, *index, there))
        };
        self.expected.iter().map(|(index, value)| (*index, value)).filter(move |field| !is_same(field))
    }

    /// The text to hash for the expected record.
    pub(super) fn text(&self) -> Vec<u8> {
        text(self.expected.iter().map(|(_, value)| canonical::of_value(value)))
    }

    /// The text to hash for the record in `to`.
    pub(super) fn text_there(&self, chunk: &Chunk<'_>, there: &Record) -> Vec<u8> {
        text(self.expected.iter().map(|(index, _)| canonical::of_value(&kept(chunk, *index, there))))
    }
}

/// The text of an identity.
pub(super) fn name(identity: &[Json]) -> Vec<u8> {
    match identity {
        [one] => canonical::of_json(one),
        several => canonical::of_json(&Json::Array(several.to_vec())),
    }
}

/// The records of `to` with these identities, by the texts of the identities.
pub(super) async fn there(chunk: &Chunk<'_>, identities: Vec<&[Json]>) -> Result<HashMap<Vec<u8>, Record>> {
    let (to, cx) = (chunk.spec.to, super::pages::after(chunk.cx)?);
    if let [field] = chunk.spec.identity[..] {
        let values: Vec<Json> = identities.iter().filter_map(|identity| identity.first().cloned()).collect();
        return chunk.by_field(&cx, to, field, &values).await;
    }
    let names = || chunk.spec.identity.iter().map(|&index| to.fields[index].name);
    let key = |identity: &&[Json]| {
        Json::Object(Record(names().map(str::to_owned).zip(identity.iter().cloned()).collect()))
    };
    let keys: Vec<Json> = identities.iter().map(key).collect();
    let found = chunk.by_keys(&cx, to, &keys).await?;
    let of = |record: &Record| -> Vec<Json> {
        names().map(|name| record.get(name).cloned().unwrap_or_default()).collect()
    };
    Ok(found.into_values().map(|record| (name(&of(&record)), record)).collect())
}

fn kept(chunk: &Chunk<'_>, index: usize, there: &Record) -> Value {
    let field = &chunk.spec.to.fields[index];
    canonical::kept(chunk.spec.to.engine(), shown(field, there.get(field.name).unwrap_or(&Json::Null)))
}

fn text(values: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut text = Vec::new();
    for value in values {
        text.extend_from_slice(&value);
        text.push(b'\n');
    }
    text
}

/// A value in its wire form.
pub(super) fn json(value: &Value) -> Json {
    let mut text = Vec::new();
    value.write_json(&mut text);
    Json::of_any(&text).unwrap_or_default()
}

/// The records of other templates that expressions look up.
async fn look_up(chunk: &Chunk<'_>, records: &[Record]) -> Result<Found> {
    let mut found = Found::new();
    for (index, _, expression) in &chunk.spec.map {
        let Expression::LookUp { from, look_up } = expression else { continue };
        let field = &chunk.spec.from.fields[*from];
        let values =
            records.iter().filter_map(|record| record.get(field.name)).filter(|json| !json.is_null());
        let values = values.map(|json| fitted(json.clone(), &look_up.by.ty));
        // Each value once.
        let values: BTreeMap<Vec<u8>, Json> = values.map(|json| (canonical::of_json(&json), json)).collect();
        let values: Vec<Json> = values.into_values().collect();
        let Some((by, _)) = look_up.domain.field(look_up.by.name) else { continue };
        for (value, record) in chunk.by_field(chunk.cx, look_up.domain, by, &values).await? {
            found.insert((*index, value), record.get(look_up.give.name).cloned().unwrap_or_default());
        }
    }
    Ok(found)
}
