//! `[lifecycle]`: how long records are kept, how they are deleted then, and when they go elsewhere.

use beds_protocol::{ArgMode, Generated, Lane};

use super::{Cx, changes::Offered, fields::Fields};
use crate::{
    diagnostic::lifecycle as diagnostics,
    duration::{self, Duration, MINUTE},
    model::{Age, Aging, Arg, Call, Engine, Fetch, Lifecycle, Supply, Target, Type},
    raw::{Given, RawAge, RawLifecycle},
    span::{Span, Spanned},
};

/// The length of a month in the advice for authors who write months.
const MONTH_DAYS: u64 = 30;
/// The longest time that MongoDB accepts for an expiring index.
const TTL_MAX: u64 = i32::MAX.unsigned_abs() as u64;

/// How long records are kept, and when they go elsewhere. Invalid entries are reported.
pub(super) fn validate(
    raw: &Given<RawLifecycle>,
    (offered, fetch): (&Offered<'_>, &Fetch),
    fields: &Fields,
    cx: &mut Cx<'_>,
) -> (Option<Lifecycle>, Aging) {
    let Given::Is(entry) = raw else { return (None, Aging::default()) };
    let RawLifecycle { ttl, by, purge, warehouse, cool } = &entry.value.value;
    let goes = !warehouse.is_absent() || !cool.is_absent();
    // For records that only go elsewhere, `by` also sets the moment from which their age counts.
    let lifecycle = if ttl.is_absent() && goes && purge.is_absent() {
        None
    } else {
        if ttl.is_absent() {
            cx.errors.push(diagnostics::no_ttl(entry.key, cx.front));
        }
        let place = ttl.key().unwrap_or(entry.key);
        let ttl_s = ttl.get().and_then(|written| seconds(written, cx));
        let by = moment(by, place, fields, cx);
        let purge = self::purge(purge, place, offered, cx);
        match (ttl_s, by, purge) {
            (Some(ttl_s), Some(by), Ok(purge)) => Some(Lifecycle { ttl_s, by, purge }),
            _ => None,
        }
    };
    let ages = Ages { fields, fetch, offered, common: by, ttl_s: lifecycle.as_ref().map(|kept| kept.ttl_s) };
    let of_warehouse = ages.age(warehouse, "warehouse", cx);
    let target = warehouse.get().and_then(|raw| {
        if raw.value.to.is_absent() {
            cx.errors.push(diagnostics::no_target(raw.span));
        }
        raw.value.to.get()
    });
    let cool_age = ages.age(cool, "cool", cx);
    if let (Some(first), Some(second)) = (warehouse.key(), cool.key()) {
        cx.errors.push(diagnostics::two_ways(second, first));
    }
    (lifecycle, Aging { warehouse: of_warehouse.zip(target.cloned()), cool: cool_age })
}

/// What is needed to check ages.
struct Ages<'a> {
    fields: &'a Fields,
    fetch: &'a Fetch,
    offered: &'a Offered<'a>,
    /// `by` of the section.
    common: &'a Given<String>,
    ttl_s: Option<u32>,
}

impl Ages<'_> {
    /// The age at which records go elsewhere. It is reported if they cannot.
    fn age(&self, raw: &Given<RawAge>, name: &str, cx: &mut Cx<'_>) -> Option<Age> {
        let Given::Is(entry) = raw else { return None };
        let RawAge { after, by, to: _ } = &entry.value.value;
        if after.is_absent() {
            cx.errors.push(diagnostics::no_age(entry.value.span, name));
        }
        let after_s = after.get().and_then(|written| seconds(written, cx));
        if let (Some(after_s), Some(ttl_s), Some(place)) = (after_s, self.ttl_s, after.key())
            && after_s >= ttl_s
        {
            cx.errors.push(diagnostics::age_after_ttl(place));
        }
        let by = moment(if by.is_absent() { self.common } else { by }, entry.key, self.fields, cx);
        if let Some((what, help)) = self.lacks(by, cx) {
            cx.errors.push(diagnostics::age_unkept(entry.key, &what, help));
        }
        Some(Age { after_s: after_s?, by: by? })
    }

    /// The property that the template lacks for finding, comparing and deleting its records, with the advice.
    fn lacks(&self, by: Option<usize>, cx: &Cx<'_>) -> Option<(String, &'static str)> {
        // Broken parts are reported already.
        if cx.errors.has_errors() || self.fields.is_unknown() || self.fields.has_broken() {
            return None;
        }
        let written = self.offered.written.get().map(|objects| &objects.value);
        let by_hand = self.offered.by_hand;
        let offers = |is_by_hand: bool, is_written: Option<bool>| is_by_hand || is_written.unwrap_or(false);
        if !offers(by_hand.read, written.map(|objects| !objects.read.is_absent())) {
            return Some((
                "it offers no `fetch`, so the node cannot find them".to_owned(),
                "add `read` to `[objects]`",
            ));
        }
        if !offers(by_hand.delete, written.map(|objects| !objects.delete.is_absent())) {
            return Some((
                "it offers no `delete`, so the node cannot delete them".to_owned(),
                "add `delete` to `[objects]`",
            ));
        }
        if self.fields.key().is_empty() {
            return Some((
                "it has no key, so the node cannot tell them apart".to_owned(),
                "add `key = true` to a field",
            ));
        }
        let name = |index: usize| self.fields.slot(index).map_or("", |slot| slot.name.value.as_str());
        if let Some(by) = by.filter(|by| !self.fetch.filter.contains(by) && !self.fields.key().contains(by)) {
            return Some((
                format!("a fetch cannot filter by `{}`, so the node cannot find them", name(by)),
                "add it to `filter` of `[fetch]`",
            ));
        }
        let hidden: Vec<String> = self
            .fields
            .slots()
            .filter(|(_, slot)| slot.field.as_ref().is_some_and(|field| !is_comparable(&field.ty)))
            .map(|(_, slot)| format!("`{}`", slot.name.value))
            .collect();
        let is_unseen = self.fields.version().is_none() && !hidden.is_empty();
        is_unseen.then(|| {
            (
                format!("it has no version, so a concurrent change of {} would be lost", hidden.join(", ")),
                "add a field with `version = true`",
            )
        })
    }
}

/// Whether a database can compare a field of this type in the step that deletes.
const fn is_comparable(ty: &Type) -> bool {
    !matches!(ty, Type::Json | Type::List { .. } | Type::Object { .. } | Type::Float { .. })
}

/// The seconds of a time such as `400d`.
fn seconds(written: &Spanned<String>, cx: &mut Cx<'_>) -> Option<u32> {
    let text = written.value.as_str();
    if let Some(months) = duration::months(text) {
        let days = months.saturating_mul(MONTH_DAYS);
        cx.errors.push(diagnostics::months(written.span, text, months, days));
        return None;
    }
    let right = Duration::read(text);
    let Some(duration) = right.filter(|right| right.to_string() == text) else {
        cx.errors.push(diagnostics::no_duration(written.span, text, right));
        return None;
    };
    let all = duration.seconds();
    let ttl = u32::try_from(all).ok().filter(|_| (MINUTE..=TTL_MAX).contains(&all));
    if ttl.is_none() {
        cx.errors.push(diagnostics::duration_range(written.span, text));
    }
    ttl
}

/// The field with the moment from which a record's age counts: the named field, or else the only possible one.
fn moment(by: &Given<String>, place: Span, fields: &Fields, cx: &mut Cx<'_>) -> Option<usize> {
    if by.is_broken() || fields.is_unknown() {
        return None;
    }
    if let Some(name) = by.get() {
        let found = fields.indices(&vec![name.clone()], "by", &mut cx.errors).first().copied()?;
        let slot = fields.slot(found)?;
        let field = slot.field.as_ref()?;
        if field.ty != Type::DateTime {
            cx.errors.push(diagnostics::not_a_moment(name.span, &name.value, slot.name.span));
            return None;
        }
        return Some(found);
    }
    let moments: Vec<_> = fields
        .slots()
        .filter_map(|(index, slot)| {
            let field = slot.field.as_ref().filter(|field| field.ty == Type::DateTime)?;
            Some((index, slot.name.value.as_str(), field.supply == Supply::Generated(Generated::Now)))
        })
        .collect();
    let mut made = moments.iter().filter(|(.., is_made)| *is_made);
    match (moments.as_slice(), made.next(), made.next()) {
        ([(only, ..)], ..) | (_, Some((only, ..)), None) => Some(*only),
        _ if fields.has_broken() => None,
        _ => {
            let names: Vec<&str> = moments.iter().map(|(_, name, _)| *name).collect();
            cx.errors.push(diagnostics::no_moment(place, &names, cx.front));
            None
        }
    }
}

/// The mistake is reported, here or elsewhere.
struct Reported;

/// The call that deletes old records, if the engine needs one.
fn purge(
    written: &Given<String>,
    place: Span,
    offered: &Offered<'_>,
    cx: &mut Cx<'_>,
) -> Result<Option<String>, Reported> {
    match (cx.engine.ok_or(Reported)?, written) {
        (_, Given::Broken) => {}
        (Engine::MongoDb, Given::Absent) => return Ok(None),
        (Engine::MongoDb, Given::Is(entry)) => cx.errors.push(diagnostics::purge_of_documents(entry.key)),
        (Engine::MariaDb, Given::Absent) => cx.errors.push(diagnostics::no_purge(place, cx.front)),
        (Engine::MariaDb, Given::Is(entry)) => {
            let Spanned { value: name, span } = &entry.value;
            let names = offered.call_names.as_ref().ok_or(Reported)?;
            if !names.contains(name) {
                let names = names.iter().map(String::as_str);
                cx.errors.push(diagnostics::unknown_purge(*span, name, names));
                return Err(Reported);
            }
            // A broken call is reported already.
            let call = offered.calls.iter().find(|call| call.name == *name).ok_or(Reported)?;
            match lacks(call) {
                None => return Ok(Some(name.clone())),
                Some(lacks) => cx.errors.push(diagnostics::odd_purge(*span, name, &lacks)),
            }
        }
    }
    Err(Reported)
}

/// Whether an argument is of a type.
type IsRight = fn(&Arg) -> bool;

/// The property that a call lacks for deleting old records.
fn lacks(call: &Call) -> Option<String> {
    if call.lane != Lane::Write {
        return Some("its lane is not `write`".to_owned());
    }
    if !matches!(call.target, Target::Procedure { .. }) {
        return Some("it runs no procedure".to_owned());
    }
    let is_int: IsRight = |arg| matches!(arg.field.ty, Type::Int { .. } | Type::UInt { .. });
    let is_moment: IsRight = |arg| arg.field.ty == Type::DateTime;
    let wanted =
        [("before", ArgMode::In, is_moment), ("most", ArgMode::In, is_int), ("purged", ArgMode::Out, is_int)];
    for (name, mode, is_right) in wanted {
        match call.args.iter().find(|arg| arg.field.name == name) {
            None => return Some(format!("it has no argument `{name}`")),
            Some(arg) if arg.mode != mode || !is_right(arg) => {
                return Some(format!("its argument `{name}` has another type or mode"));
            }
            Some(_) => {}
        }
    }
    let other = call.args.iter().find(|arg| !wanted.iter().any(|(name, ..)| arg.field.name == *name));
    other.map(|arg| format!("the node does not pass `{}`", arg.field.name))
}
