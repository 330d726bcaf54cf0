//! `[events]`: the published changes, and the content of an event.

use super::{
    Cx,
    changes::{self, Offered},
    fields::Fields,
};
use crate::{
    diagnostic::{changes::Purpose, events as diagnostics},
    model::{Change, Events, Field, Objects, Procedure, Type},
    raw::{Given, RawEvents},
    span::Spanned,
};

/// The published operations. Invalid entries are reported.
pub(super) fn validate(
    raw: &Given<RawEvents>,
    offered: &Offered<'_>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) -> Events {
    let Given::Is(entry) = raw else { return Events::default() };
    let RawEvents { publish, fields: carried } = &entry.value.value;
    let Some(published) = changes::listed(publish, (Purpose::Events, entry.key), offered, cx) else {
        return Events::default();
    };
    check_keys(&published, offered, fields, cx);
    Events {
        fields: carried.get().map_or_else(Vec::new, |names| {
            check_fields(names, &published, offered, fields, cx);
            fields.indices(&names.value, "fields", &mut cx.errors)
        }),
        publish: published.into_iter().map(|(operation, _)| operation).collect(),
    }
}

/// Reports events with an unknown or sensitive key.
fn check_keys(
    published: &[(Change, &Spanned<String>)],
    offered: &Offered<'_>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) {
    let records = published.iter().filter(|(operation, _)| !matches!(operation, Change::Call(_)));
    let records: Vec<_> = records.cloned().collect();
    if fields.is_unknown() || fields.has_broken() {
        return;
    }
    changes::check_key(Purpose::Events, &records, fields, cx);
    let key = fields.key();
    let Some((_, create)) = records.into_iter().find(|(operation, _)| *operation == Change::Create) else {
        return;
    };
    if key.is_empty() {
        // The key is also missing for the objects, and reported there.
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

/// Reports fields that an event cannot carry.
fn check_fields(
    names: &Spanned<Vec<Spanned<String>>>,
    published: &[(Change, &Spanned<String>)],
    offered: &Offered<'_>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) {
    for name in &names.value {
        let slot = fields.slots().find(|(_, slot)| slot.name.value == name.value);
        if let Some((_, slot)) = slot
            && slot.field.as_ref().is_some_and(is_sensitive)
        {
            cx.errors.push(diagnostics::sensitive(name.span, &name.value, slot.name.span));
        }
    }
    let update = published.iter().find(|(operation, _)| *operation == Change::Update);
    if let (Some((_, update)), Some(Objects::MariaDb { read: None, .. }), Given::Is(objects)) =
        (update, offered.objects, offered.written)
        && objects.value.value.read.is_absent()
        && !cx.unread_is_told
        && let Some(first) = names.value.first()
    {
        cx.errors.push(diagnostics::unread(first.span, update.span, cx.front));
    }
}

/// Whether a field, or a member of it, is sensitive.
fn is_sensitive(field: &Field) -> bool {
    field.sensitive
        || match &field.ty {
            Type::Object { fields } => fields.iter().any(is_sensitive),
            Type::List { item, .. } => is_sensitive(item),
            _ => false,
        }
}
