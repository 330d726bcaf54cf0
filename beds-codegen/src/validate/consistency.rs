//! Words that contradict most of the template: the engine of other objects, and the name of a call that every reference
//! spells differently. One report says so, and the rest is checked as if that word were right.

use std::collections::BTreeMap;

use super::Cx;
use crate::{
    diagnostic::{ErrorSink, calls as calls_diagnostics, header as diagnostics},
    model::Engine,
    names,
    raw::{Entry, Given, RawCall, RawObject, RawObjects, RawTemplate},
    span::{Span, Spanned},
};

/// The least number of places that show that the other place has the mistake.
const PLACES_MIN: usize = 2;

/// The engine to check against. If all objects and calls are of the other engine, that engine is reported, and is the
/// other one from here on.
pub(super) fn engine(written: Option<Engine>, raw: &RawTemplate, cx: &mut Cx<'_>) -> Option<Engine> {
    let engine = written?;
    let header = raw.header.get()?;
    let place = header.value.engine.get()?.span;
    let (of_mariadb, of_mongodb) = signs(raw);
    let (other, own, others) = match engine {
        Engine::MariaDb => (Engine::MongoDb, of_mariadb, of_mongodb),
        Engine::MongoDb => (Engine::MariaDb, of_mongodb, of_mariadb),
    };
    if !own.is_empty() || others.len() < PLACES_MIN {
        return Some(engine);
    }
    cx.errors.push(diagnostics::other_engine(place, engine, other, &others, cx.front));
    Some(other)
}

/// The keys that only objects and calls of one engine have, first those of MariaDB.
fn signs(raw: &RawTemplate) -> (Vec<Span>, Vec<Span>) {
    let (mut of_mariadb, mut of_mongodb) = (Vec::new(), Vec::new());
    let mut sign = |mariadb: &[Option<Span>], mongodb: &[Option<Span>]| {
        of_mariadb.extend(mariadb.iter().flatten());
        of_mongodb.extend(mongodb.iter().flatten());
    };
    if let Some(objects) = raw.objects.get() {
        let RawObjects { read, create, update, upsert, delete } = &objects.value;
        for object in [read, create, update, upsert, delete].into_iter().filter_map(Given::get) {
            let RawObject { table, collection, procedure, .. } = &object.value;
            sign(&[table.key(), procedure.key()], &[collection.key()]);
        }
    }
    for call in raw.calls.get().map_or(&[][..], |calls| &calls.value) {
        let RawCall { procedure, function, pipeline, .. } = call;
        sign(&[procedure.key(), function.key()], &[pipeline.key()]);
    }
    (of_mariadb, of_mongodb)
}

/// Gives a call the name by which several places refer to it, and no place by the written one, and reports it.
pub(super) fn rename_calls(raw: &mut RawTemplate, errors: &mut ErrorSink<'_>) {
    let places = references(raw);
    let Given::Is(Entry { value: Spanned { value: calls, .. }, .. }) = &mut raw.calls else { return };
    let declared: Vec<String> = calls.iter().map(|call| call.name.value.clone()).collect();
    if declared.iter().any(String::is_empty) {
        return;
    }
    // A name that is invalid has a report of its own, with the right one.
    let is_meant = |name: &&str| !places.contains_key(*name) && names::is_lower_snake(name);
    let unused = || declared.iter().map(String::as_str).filter(is_meant);
    for (name, places) in &places {
        if places.len() < PLACES_MIN || declared.contains(name) {
            continue;
        }
        let Some(meant) = beds_protocol::nearest(name, unused()) else { continue };
        if let Some(call) = calls.iter_mut().find(|call| call.name.value == meant) {
            errors.push(calls_diagnostics::misspelt_call(call.name.span, meant, name, places));
            call.name.value.clone_from(name);
        }
    }
}

/// The places that refer to calls, by the name that they give.
fn references(raw: &RawTemplate) -> BTreeMap<String, Vec<Span>> {
    let mut places: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    let mut refer = |name: &str, span: Span| places.entry(name.to_owned()).or_default().push(span);
    let published = raw.events.get().and_then(|events| events.value.publish.get());
    let audited = raw.audit.get().and_then(|audit| audit.value.operations.get());
    for name in [published, audited].into_iter().flatten().flat_map(|names| &names.value) {
        if let Some(call) = name.value.strip_prefix("call.") {
            refer(call, name.span);
        }
    }
    for (name, _) in
        raw.access.get().and_then(|access| access.value.calls.get()).map_or(&[][..], |calls| &calls.value)
    {
        refer(&name.value, name.span);
    }
    if let Some(purge) = raw.lifecycle.get().and_then(|lifecycle| lifecycle.value.purge.get()) {
        refer(&purge.value, purge.span);
    }
    places
}
