//! `[events]`: which changes are published, and what an event carries.

use std::borrow::Cow;

use beds_protocol::Lane;

use super::{Cx, fields::Fields};
use crate::{
    diagnostic::events as diagnostics,
    model::{Call, Events, Field, Objects, Operations, Procedure, Published, Target, Type},
    names,
    raw::{Given, Names, RawCall, RawEvents, RawObjects},
    span::Spanned,
};

/// What of a domain there can be events of.
pub(super) struct Offered<'a> {
    /// `[objects]` as it is written.
    pub(super) written: &'a Given<RawObjects>,
    /// The objects, where they are valid.
    pub(super) objects: Option<&'a Objects>,
    /// The operations that Rust functions implement.
    pub(super) by_hand: Operations,
    /// The names of all calls that are written; `None` where that cannot be told.
    pub(super) call_names: Option<Vec<String>>,
    /// Those of them that are valid.
    pub(super) calls: &'a [Call],
}

/// The names of all calls, valid or not.
pub(super) fn call_names(raw: &Given<Vec<RawCall>>) -> Option<Vec<String>> {
    match raw {
        Given::Absent => Some(Vec::new()),
        Given::Broken => None,
        Given::Is(entry) => Some(entry.value.value.iter().map(|call| call.name.value.clone()).collect()),
    }
}

/// What is published; what cannot be is reported.
pub(super) fn validate(
    raw: &Given<RawEvents>,
    offered: &Offered<'_>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) -> Events {
    let Given::Is(entry) = raw else { return Events::default() };
    let RawEvents { publish, fields: carried } = &entry.value.value;
    let names = match publish {
        Given::Broken => return Events::default(),
        Given::Is(names) if !names.value.value.is_empty() => &names.value.value,
        Given::Is(_) | Given::Absent => {
            let place = publish.key().unwrap_or(entry.key);
            cx.errors.push(diagnostics::nothing_published(place, cx.front));
            return Events::default();
        }
    };
    let mut published: Vec<(Published, &Spanned<String>)> = Vec::with_capacity(names.len());
    let mut refused: Vec<&str> = Vec::new();
    for name in names {
        if refused.contains(&name.value.as_str()) {
            continue;
        }
        let Some(operation) = offered.operation(name, cx) else {
            refused.push(&name.value);
            continue;
        };
        match published.iter().find(|(known, _)| *known == operation) {
            Some((_, first)) => {
                let (list, name) = ("publish", name);
                cx.errors.push(diagnostics::published_twice(name.span, first.span, &name.value, list));
            }
            None => published.push((operation, name)),
        }
    }
    check_keys(&published, offered, fields, cx);
    Events {
        fields: carried.get().map_or_else(Vec::new, |names| {
            check_fields(names, &published, offered, fields, cx);
            fields.indices(&names.value, "fields", &mut cx.errors)
        }),
        publish: published.into_iter().map(|(operation, _)| operation).collect(),
    }
}

impl Offered<'_> {
    /// The operation of this name, if there can be events of it.
    fn operation(&self, name: &Spanned<String>, cx: &mut Cx<'_>) -> Option<Published> {
        let plain = match name.value.as_str() {
            "create" => Published::Create,
            "update" => Published::Update,
            "upsert" => Published::Upsert,
            "delete" => Published::Delete,
            "read" | "fetch" | "count" | "describe" => {
                cx.errors.push(diagnostics::of_read(name.span, &name.value, None));
                return None;
            }
            other => return self.call(other, name, cx),
        };
        let all = self.all()?;
        if all.contains(&name.value) {
            return Some(plain);
        }
        let Operations { create, update, upsert, delete, .. } = self.by_hand;
        let is_by_hand = match plain {
            Published::Create => create,
            Published::Update => update,
            Published::Upsert => upsert,
            Published::Delete => delete,
            Published::Call(_) => false,
        };
        cx.errors.push(if is_by_hand {
            diagnostics::by_hand(name.span, &name.value)
        } else {
            diagnostics::unknown(name.span, &name.value, &all)
        });
        None
    }

    fn call(&self, written: &str, name: &Spanned<String>, cx: &mut Cx<'_>) -> Option<Published> {
        let names = self.call_names.as_ref()?;
        let Some(call) = written.strip_prefix("call.").filter(|call| names.iter().any(|name| name == call))
        else {
            let is_call = names.iter().any(|name| name == written);
            // The call has a name that cannot be, which is told; this is what it should be.
            let right = written.strip_prefix("call.");
            if right.is_some() && names.iter().any(|name| right == Some(&*valid(name))) {
                return None;
            }
            cx.errors.push(if is_call {
                diagnostics::call_without_prefix(name.span, written)
            } else if names::is_all(written) {
                diagnostics::wildcard(name.span, &self.all()?)
            } else {
                diagnostics::unknown(name.span, written, &self.all()?)
            });
            return None;
        };
        match self.calls.iter().find(|known| known.name == call) {
            Some(Call { lane: Lane::Read, .. }) => {
                cx.errors.push(diagnostics::of_read(name.span, written, Some(call)));
                None
            }
            Some(Call { target: Target::Method { .. }, .. }) => {
                cx.errors.push(diagnostics::by_hand(name.span, written));
                None
            }
            _ => Some(Published::Call(call.to_owned())),
        }
    }

    /// Whether an object is written that finds its record by the key.
    fn needs_key(&self) -> bool {
        let Given::Is(entry) = self.written else { return false };
        let RawObjects { update, upsert, delete, .. } = &entry.value.value;
        [update, upsert, delete].iter().any(|object| !object.is_absent())
    }

    /// Whether what `create` takes and returns has a mistake: the key is likely to be what is meant.
    fn create_is_broken(&self, fields: &Fields) -> bool {
        let Given::Is(entry) = self.written else { return false };
        let Some(create) = entry.value.value.create.get() else { return false };
        let is_known = |name: &str| fields.slots().any(|(_, slot)| slot.name.value == name);
        let is_broken = |names: &Given<Names>| {
            let listed = names.get().map_or(&[][..], |names| &names.value);
            names.is_broken() || listed.iter().any(|name| !is_known(&name.value))
        };
        is_broken(&create.value.args) || is_broken(&create.value.returns)
    }

    /// All that can be published; `None` where it is not known.
    fn all(&self) -> Option<Vec<String>> {
        let plain = match self.written {
            Given::Broken => return None,
            Given::Absent => Vec::new(),
            Given::Is(entry) => {
                let RawObjects { create, update, upsert, delete, .. } = &entry.value.value;
                let all = [("create", create), ("update", update), ("upsert", upsert), ("delete", delete)];
                all.into_iter().filter(|(_, object)| !object.is_absent()).map(|(name, _)| name).collect()
            }
        };
        let is_read = |name: &str| self.calls.iter().any(|call| call.name == name && call.lane == Lane::Read);
        let calls = self.call_names.as_ref()?.iter().filter(|name| !is_read(name));
        Some(
            plain
                .into_iter()
                .map(str::to_owned)
                .chain(calls.map(|name| format!("call.{}", valid(name))))
                .collect(),
        )
    }
}

/// The name of a call, or what it should be where it cannot be one.
fn valid(name: &str) -> Cow<'_, str> {
    match names::to_lower_snake(name).filter(|_| !names::is_lower_snake(name)) {
        Some(right) => Cow::Owned(right),
        None => Cow::Borrowed(name),
    }
}

/// Reports events whose key is not known, or is for no other eyes.
fn check_keys(
    published: &[(Published, &Spanned<String>)],
    offered: &Offered<'_>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) {
    let records = published.iter().filter(|(operation, _)| !matches!(operation, Published::Call(_)));
    let Some((_, first)) = records.clone().next() else { return };
    if fields.is_unknown() || fields.has_broken() {
        return;
    }
    let key = fields.key();
    for index in &key {
        if let Some(slot) = fields.slot(*index)
            && slot.field.as_ref().is_some_and(|field| field.sensitive)
        {
            cx.errors.push(diagnostics::sensitive(first.span, &slot.name.value, slot.name.span, true));
        }
    }
    let Some((_, create)) = records.into_iter().find(|(operation, _)| *operation == Published::Create) else {
        return;
    };
    if key.is_empty() {
        // What names a record is missing in the objects as well, and told there.
        if !offered.needs_key() {
            cx.errors.push(diagnostics::without_key(create.span, cx.front));
        }
        return;
    }
    let Some(Objects::MariaDb { create: Some(procedure), .. }) = offered.objects else { return };
    if offered.create_is_broken(fields) {
        return;
    }
    let Procedure { args, returns, .. } = procedure;
    let unknown = key.iter().find(|index| !args.contains(index) && !returns.contains(index));
    if let Some(slot) = unknown.and_then(|index| fields.slot(*index)) {
        let (name, declared) = (&slot.name.value, slot.name.span);
        cx.errors.push(diagnostics::key_not_told(create.span, name, declared));
    }
}

/// Reports fields that no event can carry.
fn check_fields(
    names: &Spanned<Vec<Spanned<String>>>,
    published: &[(Published, &Spanned<String>)],
    offered: &Offered<'_>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) {
    for name in &names.value {
        let slot = fields.slots().find(|(_, slot)| slot.name.value == name.value);
        if let Some((_, slot)) = slot
            && slot.field.as_ref().is_some_and(is_sensitive)
        {
            cx.errors.push(diagnostics::sensitive(name.span, &name.value, slot.name.span, false));
        }
    }
    let update = published.iter().find(|(operation, _)| *operation == Published::Update);
    if let (Some((_, update)), Some(Objects::MariaDb { read: None, .. }), Given::Is(objects)) =
        (update, offered.objects, offered.written)
        && objects.value.value.read.is_absent()
        && !cx.unread_is_told
        && let Some(first) = names.value.first()
    {
        cx.errors.push(diagnostics::unread(first.span, update.span, cx.front));
    }
}

/// Whether a field, or a member of it, is for few eyes.
fn is_sensitive(field: &Field) -> bool {
    field.sensitive
        || match &field.ty {
            Type::Object { fields } => fields.iter().any(is_sensitive),
            Type::List { item, .. } => is_sensitive(item),
            _ => false,
        }
}
