//! The effect of a change of templates on clients: it breaks them, widens what they can do, or is invisible to them.
//!
//! It compares valid domains, so order, layout and comments do not matter. A change is breaking if a client that was
//! correct before is refused, misled, or receives data that it cannot read.

mod access;
mod calls;
mod fields;
mod keeping;
mod objects;
mod sent;
mod strangers;
mod types;

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use serde::Serialize;

pub use self::strangers::{Stranger, strangers};
use crate::model::{Domain, Operations};

/// The effect of a change on clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// A correct client is refused or misled.
    Breaking,
    /// Clients may send more or see more.
    Widening,
    /// Nothing changes on the wire.
    Invisible,
}

impl Effect {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Widening => "widening",
            Self::Invisible => "invisible",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The template.
    pub template: String,
    /// The effect on clients.
    pub effect: Effect,
    /// The part of the template, such as ``field `price` ``.
    pub place: String,
    /// What changed.
    pub what: String,
    /// The consequence for a client.
    pub why: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { effect, place, what, why, .. } = self;
        write!(f, "{:<9}  {place}: {what}", effect.as_str())?;
        if why.is_empty() { Ok(()) } else { write!(f, "\n           {why}") }
    }
}

/// The changes from one set of templates to another, by template, the most severe first.
#[must_use]
pub fn changes(old: &[&Domain], new: &[&Domain]) -> Vec<Change> {
    let by_name = |domains: &[&Domain]| -> BTreeMap<String, Domain> {
        domains.iter().map(|domain| (domain.name.value.clone(), (*domain).clone())).collect()
    };
    let (old, new) = (by_name(old), by_name(new));
    let mut changes = Vec::new();
    for (name, before) in &old {
        let mut seen = Seen { template: name, list: Vec::new() };
        match new.get(name) {
            Some(after) => {
                domain(before, after, &mut seen);
                strangers::changes(before, after, &mut seen);
            }
            None => seen.breaking("template", "removed", "every request to it comes back as unroutable"),
        }
        changes.append(&mut seen.list);
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        let mut seen = Seen { template: name, list: Vec::new() };
        seen.widening("template", "added", "clients may use it");
        changes.append(&mut seen.list);
    }
    changes.sort_by(|a, b| (&a.template, a.effect).cmp(&(&b.template, b.effect)));
    changes
}

/// The changes in readable form: by template, with a line of counts, and the state of [`strangers`].
#[must_use]
pub fn render(changes: &[Change], strangers: &[Stranger<'_>]) -> String {
    if changes.is_empty() {
        return "no change that matters to clients or to the database\n".to_owned();
    }
    let mut out = String::new();
    let mut last = "";
    for change in changes {
        if change.template != last {
            let blank = if last.is_empty() { "" } else { "\n" };
            out.extend([blank, &change.template, "\n"]);
            last = &change.template;
        }
        out.push_str("  ");
        out.push_str(&change.to_string().replace('\n', "\n  "));
        out.push('\n');
    }
    let count = |effect: Effect| changes.iter().filter(|change| change.effect == effect).count();
    let (breaking, widening) = (count(Effect::Breaking), count(Effect::Widening));
    let invisible = count(Effect::Invisible);
    let _ = writeln!(out, "\n{breaking} breaking, {widening} widening, {invisible} invisible");
    let names = |is_compatible: bool| -> String {
        let which = strangers.iter().filter(|stranger| stranger.is_compatible == is_compatible);
        which.map(|stranger| format!("`{}`", stranger.domain.name.value)).collect::<Vec<_>>().join(", ")
    };
    let (may, may_not) = (names(true), names(false));
    if !may_not.is_empty() {
        let _ = writeln!(
            out,
            "clients of {may_not} that send `beds-template-hash` are refused until they are built anew"
        );
    }
    if !may.is_empty() {
        let _ = writeln!(
            out,
            "clients of {may} that send `beds-template-hash` are refused, although nothing breaks them: `--write` adds \
             what they send to `compatible_with`"
        );
    }
    out
}

/// The changes of one template.
struct Seen<'t> {
    template: &'t str,
    list: Vec<Change>,
}

impl Seen<'_> {
    /// Whether a correct client is refused or misled.
    fn breaks(&self) -> bool {
        self.list.iter().any(|change| change.effect == Effect::Breaking)
    }

    fn push(&mut self, effect: Effect, place: &str, what: impl Into<String>, why: impl Into<String>) {
        let (template, place) = (self.template.to_owned(), place.to_owned());
        self.list.push(Change { template, effect, place, what: what.into(), why: why.into() });
    }

    fn breaking(&mut self, place: &str, what: impl Into<String>, why: impl Into<String>) {
        self.push(Effect::Breaking, place, what, why);
    }

    fn widening(&mut self, place: &str, what: impl Into<String>, why: impl Into<String>) {
        self.push(Effect::Widening, place, what, why);
    }

    fn invisible(&mut self, place: &str, what: impl Into<String>) {
        self.push(Effect::Invisible, place, what, "");
    }

    /// Adds a change that clients do not see, but that the maintainer of the database must know.
    fn database(&mut self, place: &str, what: impl Into<String>, why: &str) {
        self.push(Effect::Invisible, place, what, why);
    }

    /// Adds the gain or loss of a feature: a loss breaks clients, a gain widens.
    fn has(&mut self, place: &str, (before, after): (bool, bool), lost: &str) {
        match (before, after) {
            (true, false) => self.breaking(place, "removed", lost),
            (false, true) => self.widening(place, "added", "clients may use it"),
            _ => {}
        }
    }
}

fn domain(old: &Domain, new: &Domain, seen: &mut Seen<'_>) {
    header(old, new, seen);
    let (before, after) = (old.offered(), new.offered());
    let Operations { read, create, update, upsert, delete } = before;
    for (name, before, after) in [
        ("fetch and count", read, after.read),
        ("create", create, after.create),
        ("update", update, after.update),
        ("upsert", upsert, after.upsert),
        ("delete", delete, after.delete),
    ] {
        seen.has(
            &format!("operation {name}"),
            (before, after),
            "such requests are refused with `unknown_operation`",
        );
    }
    for (name, before, after) in [
        ("operation update", old.bulk.update, new.bulk.update),
        ("operation delete", old.bulk.delete, new.bulk.delete),
    ] {
        many(name, before, after, seen);
    }
    fields::changes(old, new, seen);
    fetch(old, new, seen);
    events(old, new, seen);
    access::changes(old, new, seen);
    calls::changes(old, new, seen);
    keeping::changes(old, new, seen);
}

/// How many records one request may write by filter.
fn many(place: &str, before: Option<u32>, after: Option<u32>, seen: &mut Seen<'_>) {
    match (before, after) {
        (Some(_), None) => seen.breaking(place, "no longer by filter", "a `where` is refused"),
        (None, Some(_)) => seen.widening(place, "also by filter", "clients may send a `where`"),
        (Some(old), Some(new)) if new < old => {
            let why = "a filter that matches more is refused with `too_large`";
            seen.breaking(place, format!("by filter at most {new} records instead of {old}"), why);
        }
        (Some(old), Some(new)) if new > old => {
            let what = format!("by filter at most {new} records instead of {old}");
            seen.widening(place, what, "clients may write more in one request");
        }
        _ => {}
    }
}

fn header(old: &Domain, new: &Domain, seen: &mut Seen<'_>) {
    let (before, after) = (old.placement.read.service(), new.placement.read.service());
    if before != after {
        let why = format!(
            "its own requests keep their routing keys, and nodes of the new service serve them; a batch of `{before}` \
             that names it is refused"
        );
        seen.breaking("service", format!("from `{before}` to `{after}`"), why);
    }
    if old.engine() != new.engine() {
        seen.invisible("engine", format!("from {} to {}", old.engine().title(), new.engine().title()));
    }
    if old.database != new.database {
        seen.invisible("database", format!("from `{}` to `{}`", old.database, new.database));
    }
    match (old.once, new.once) {
        (true, false) => {
            seen.breaking(
                "once",
                "from true to false",
                "a write that is sent again with its `message_id` is done again",
            );
        }
        (false, true) => {
            seen.widening(
                "once",
                "from false to true",
                "a write that is sent again with its `message_id` is not done again",
            );
        }
        _ => {}
    }
    if old.description != new.description {
        seen.invisible("description", "changed");
    }
    objects::changes(old, new, seen);
    let names = |domain: &Domain| -> Vec<String> {
        domain.key.iter().filter_map(|index| Some(domain.fields.get(*index)?.name.clone())).collect()
    };
    if names(old) != names(new) {
        let list = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let what = format!("from {} to {}", list(names(old)), list(names(new)));
        seen.breaking(
            "key",
            what,
            "a `key` of the old form is refused, and stored keys and cursors mean nothing",
        );
    }
    let version =
        |domain: &Domain| domain.version.and_then(|index| Some(domain.fields.get(index)?.name.clone()));
    match (version(old), version(new)) {
        (Some(_), None) => {
            seen.breaking("version", "removed", "`if_version` is refused, and updates overwrite each other");
        }
        (None, Some(_)) => seen.widening("version", "added", "clients may send `if_version`"),
        _ => {}
    }
}

/// The changes of events. They are not part of the fingerprint, because clients that send requests do not see them.
fn events(old: &Domain, new: &Domain, seen: &mut Seen<'_>) {
    let published = |domain: &Domain| -> Vec<String> {
        domain.events.publish.iter().map(crate::model::Change::name).collect()
    };
    let carried = |domain: &Domain| -> Vec<String> {
        let fields = domain.events.fields.iter();
        fields.filter_map(|index| Some(domain.fields.get(*index)?.name.clone())).collect()
    };
    let (before, after) = (published(old), published(new));
    for name in before.iter().chain(after.iter().filter(|name| !before.contains(name))) {
        let (was, is) = (before.contains(name), after.contains(name));
        let place = format!("event `{name}`");
        match (was, is) {
            (false, true) => seen.widening(&place, "added", "subscribers may bind to it"),
            _ => seen.has(&place, (was, is), "subscribers no longer hear of it"),
        }
    }
    if before.is_empty() || after.is_empty() {
        return;
    }
    let (before, after) = (carried(old), carried(new));
    for name in before.iter().chain(after.iter().filter(|name| !before.contains(name))) {
        let place = format!("field `{name}` of events");
        seen.has(
            &place,
            (before.contains(name), after.contains(name)),
            "subscribers no longer find it in `data`",
        );
    }
}

fn fetch(old: &Domain, new: &Domain, seen: &mut Seen<'_>) {
    // Clients can always filter and sort by the key. Changes of the key itself are reported with the key.
    let names = |domain: &Domain, indices: &[usize]| -> Vec<String> {
        let is_key = |name: &str| {
            let named = |domain: &Domain| {
                domain.key.iter().any(|at| domain.fields.get(*at).is_some_and(|field| field.name == name))
            };
            named(old) && named(new)
        };
        let fields = indices.iter().filter_map(|index| Some(domain.fields.get(*index)?.name.clone()));
        fields.filter(|name| !is_key(name)).collect()
    };
    for (what, before, after) in [
        ("filter", names(old, &old.fetch.filter), names(new, &new.fetch.filter)),
        ("sort", names(old, &old.fetch.sort), names(new, &new.fetch.sort)),
    ] {
        for name in before.iter().chain(after.iter().filter(|name| !before.contains(name))) {
            let place = format!("{what} by `{name}`");
            let lost = format!("a fetch that asks for this {what} is refused");
            seen.has(&place, (before.contains(name), after.contains(name)), &lost);
        }
    }
    if !(old.offered().read && new.offered().read) {
        return;
    }
    let (before, after) = (old.fetch.limit_max, new.fetch.limit_max);
    match before.cmp(&after) {
        std::cmp::Ordering::Greater => {
            let why = format!("a fetch with a `limit` above {after} is refused");
            seen.breaking("limit", format!("at most {after} instead of {before}"), why);
        }
        std::cmp::Ordering::Less => {
            seen.widening(
                "limit",
                format!("at most {after} instead of {before}"),
                "clients may ask for more",
            );
        }
        std::cmp::Ordering::Equal => {}
    }
    let (before, after) = (old.fetch.limit_default, new.fetch.limit_default);
    if before != after {
        let why =
            "a page without `limit` is of another length; who follows `next` sees every record as before";
        seen.widening("limit", format!("{after} by default instead of {before}"), why);
    }
}
