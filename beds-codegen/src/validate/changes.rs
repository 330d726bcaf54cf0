//! Lists of operations that change records: for events, and for the audit.

use std::borrow::Cow;

use beds_protocol::Lane;

use super::{Cx, fields::Fields};
use crate::{
    diagnostic::changes::{self as diagnostics, Purpose},
    model::{Call, Change, Objects, Operations, Target},
    names,
    raw::{Given, Names, RawCall, RawObjects},
    span::{Span, Spanned},
};

/// The operations of a domain that change records.
pub(super) struct Offered<'a> {
    /// `[objects]` as written.
    pub(super) written: &'a Given<RawObjects>,
    /// The objects, if they are valid.
    pub(super) objects: Option<&'a Objects>,
    /// The operations that Rust functions implement.
    pub(super) by_hand: Operations,
    /// The names of all written calls; `None` if unknown.
    pub(super) call_names: Option<Vec<String>>,
    /// The valid ones of them.
    pub(super) calls: &'a [Call],
}

/// The names of all calls, valid or not.
pub(super) fn call_names(raw: &Given<Vec<RawCall>>) -> Option<Vec<String>> {
    match raw {
        Given::Absent => Some(Vec::new()),
        Given::Broken => None,
        Given::Is(entry) => {
            let calls = &entry.value.value;
            // A call without a name is reported. Its intended name is unknown.
            let are_named = calls.iter().all(|call| !call.name.value.is_empty());
            are_named.then(|| calls.iter().map(|call| call.name.value.clone()).collect())
        }
    }
}

/// The operations of a list, each with its position. Invalid entries are reported. `section` is the position at which a
/// missing list is reported. `None` if no operation is listed.
pub(super) fn listed<'n>(
    list: &'n Given<Names>,
    (purpose, section): (Purpose, Span),
    offered: &Offered<'_>,
    cx: &mut Cx<'_>,
) -> Option<Vec<(Change, &'n Spanned<String>)>> {
    let names = match list {
        Given::Broken => return None,
        Given::Is(names) if !names.value.value.is_empty() => &names.value.value,
        Given::Is(_) | Given::Absent => {
            let place = list.key().unwrap_or(section);
            cx.errors.push(diagnostics::nothing(purpose, place, cx.front));
            return None;
        }
    };
    let mut known: Vec<(Change, &Spanned<String>)> = Vec::with_capacity(names.len());
    let mut refused: Vec<&str> = Vec::new();
    for name in names {
        if refused.contains(&name.value.as_str()) {
            continue;
        }
        let Some(operation) = offered.operation(name, (purpose, names), cx) else {
            refused.push(&name.value);
            continue;
        };
        match known.iter().find(|(known, _)| *known == operation) {
            Some((_, first)) => {
                cx.errors.push(diagnostics::twice(name.span, first.span, &name.value, purpose.list()));
            }
            None => known.push((operation, name)),
        }
    }
    Some(known)
}

/// Reports a sensitive key.
pub(super) fn check_key(
    purpose: Purpose,
    listed: &[(Change, &Spanned<String>)],
    fields: &Fields,
    cx: &mut Cx<'_>,
) {
    let Some((_, first)) = listed.first() else { return };
    if fields.is_unknown() || fields.has_broken() {
        return;
    }
    for index in &fields.key() {
        if let Some(slot) = fields.slot(*index)
            && slot.field.as_ref().is_some_and(|field| field.sensitive)
        {
            let (name, declared) = (&slot.name.value, slot.name.span);
            cx.errors.push(diagnostics::sensitive_key(purpose, first.span, name, declared));
        }
    }
}

impl Offered<'_> {
    /// The operation with this name, if it can be listed for this purpose.
    fn operation(
        &self,
        name: &Spanned<String>,
        (purpose, list): (Purpose, &Names),
        cx: &mut Cx<'_>,
    ) -> Option<Change> {
        let plain = match name.value.as_str() {
            "create" => Change::Create,
            "update" => Change::Update,
            "upsert" => Change::Upsert,
            "delete" => Change::Delete,
            "read" | "fetch" | "count" | "describe" => {
                cx.errors.push(diagnostics::of_read(purpose, name.span, &name.value, None));
                return None;
            }
            other => return self.call(other, name, (purpose, list), cx),
        };
        let all = self.all()?;
        if all.contains(&name.value) {
            return Some(plain);
        }
        let Operations { create, update, upsert, delete, .. } = self.by_hand;
        let is_by_hand = match plain {
            Change::Create => create,
            Change::Update => update,
            Change::Upsert => upsert,
            Change::Delete => delete,
            Change::Call(_) => false,
        };
        cx.errors.push(if is_by_hand {
            diagnostics::by_hand(purpose, name.span, &name.value)
        } else {
            diagnostics::unknown(purpose, name.span, &name.value, &all)
        });
        None
    }

    fn call(
        &self,
        written: &str,
        name: &Spanned<String>,
        (purpose, list): (Purpose, &Names),
        cx: &mut Cx<'_>,
    ) -> Option<Change> {
        let names = self.call_names.as_ref()?;
        let Some(call) = written.strip_prefix("call.").filter(|call| names.iter().any(|name| name == call))
        else {
            let is_call = names.iter().any(|name| name == written);
            // The call has an invalid name, which is reported. This is the correct one.
            let right = written.strip_prefix("call.");
            if right.is_some() && names.iter().any(|name| right == Some(&*valid(name))) {
                return None;
            }
            let diagnostic = if is_call {
                diagnostics::call_without_prefix(purpose, name.span, written)
            } else if names::is_all(written) {
                diagnostics::wildcard(purpose, name.span, &self.all()?)
            } else {
                diagnostics::unknown(purpose, name.span, written, &self.all()?)
            };
            cx.errors.push(diagnostic.unless_listed(list.iter().map(|name| name.value.as_str())));
            return None;
        };
        match self.calls.iter().find(|known| known.name == call) {
            Some(Call { lane: Lane::Read, .. }) => {
                cx.errors.push(diagnostics::of_read(purpose, name.span, written, Some(call)));
                None
            }
            Some(Call { target: Target::Method { .. }, .. }) => {
                cx.errors.push(diagnostics::by_hand(purpose, name.span, written));
                None
            }
            _ => Some(Change::Call(call.to_owned())),
        }
    }

    /// Whether a written object finds its record by the key.
    pub(super) fn needs_key(&self) -> bool {
        let Given::Is(entry) = self.written else { return false };
        let RawObjects { update, upsert, delete, .. } = &entry.value.value;
        [update, upsert, delete].iter().any(|object| !object.is_absent())
    }

    /// Whether the arguments or results of `create` have a mistake. Then most likely the key is meant.
    pub(super) fn create_is_broken(&self, fields: &Fields) -> bool {
        let Given::Is(entry) = self.written else { return false };
        let Some(create) = entry.value.value.create.get() else { return false };
        let is_known = |name: &str| fields.slots().any(|(_, slot)| slot.name.value == name);
        let is_broken = |names: &Given<Names>| {
            let listed = names.get().map_or(&[][..], |names| &names.value);
            names.is_broken() || listed.iter().any(|name| !is_known(&name.value))
        };
        is_broken(&create.value.args) || is_broken(&create.value.returns)
    }

    /// All operations that can be listed; `None` if unknown.
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

/// The name of a call, or its correct form if it is invalid.
fn valid(name: &str) -> Cow<'_, str> {
    match names::to_lower_snake(name).filter(|_| !names::is_lower_snake(name)) {
        Some(right) => Cow::Owned(right),
        None => Cow::Borrowed(name),
    }
}
