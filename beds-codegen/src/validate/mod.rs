//! Stage 4: checks one template by itself, and turns the written template into a valid domain.
//!
//! It consumes the raw template, and returns a [`Domain`] only if there is no error. Parts refer to each other by
//! index. A broken part keeps its index and its name, so that references to it are not reported as well. Checks across
//! templates are in [`crate::resolve`].

mod access;
mod audit;
mod bounds;
mod bulk;
mod calls;
mod changes;
mod columns;
mod consistency;
mod converted;
mod events;
mod fetch;
mod fields;
mod filled;
mod header;
mod identifiers;
mod lifecycle;
mod literal;
mod objects;
mod patterns;
pub(crate) mod pipeline;
mod types;
mod values;

use crate::{
    code::Code,
    diagnostic::{ErrorSink, calls as calls_diagnostics, header as header_diagnostics, shape},
    front::{Front, Whole},
    model::{Aging, Bulk, Call, Domain, Engine, Events, Fetch, Objects, Operations},
    names,
    raw::{self, Given, RawCall, RawFetch, RawHeader, RawObjects, RawTemplate},
    span::{Sources, Span, Spanned},
};

pub use pipeline::Pipelines;

/// A template after validation.
#[derive(Debug)]
pub struct Validated {
    /// The wire name, if it is valid. It is known for a broken template too, to find conflicts between templates.
    pub name: Option<Spanned<String>>,
    /// The domain, if there was no error.
    pub domain: Option<Domain>,
    /// The warnings that are allowed in it.
    pub allowed: Vec<Code>,
}

/// The context of every check of a part.
pub(crate) struct Cx<'a> {
    /// The form in which the part is written.
    pub(crate) front: Front,
    /// The target of a mistake without a position.
    pub(crate) whole: Whole,
    /// `None` if it is unknown because that part is broken.
    pub(crate) engine: Option<Engine>,
    pub(crate) sources: &'a mut Sources,
    pub(crate) pipelines: &'a mut Pipelines,
    /// `[objects]`, if it can be read.
    pub(crate) objects: Option<&'a raw::Entry<RawObjects>>,
    /// `[fetch]`, if it can be read.
    pub(crate) fetch: Option<&'a raw::Entry<RawFetch>>,
    /// Whether the missing object to read has been reported: one report is enough, however many parts need it.
    pub(crate) unread_is_told: bool,
    pub(crate) errors: ErrorSink<'a>,
}

impl Cx<'_> {
    /// The target of a mistake without a position: the struct's name, or the template's first line.
    pub(crate) fn beginning(&self) -> Span {
        match self.whole {
            Whole::Struct(name) => name,
            Whole::File(file) => {
                let text = self.sources.text(file);
                let start =
                    text.find(|letter: char| !letter.is_whitespace() && letter != '\u{feff}').unwrap_or(0);
                let line = text[start..].lines().next().unwrap_or_default().trim_end();
                Span { file, start, end: start + line.len() }
            }
        }
    }

    /// The context for the check of a sub-part. Its sink tells whether that part has errors.
    pub(crate) fn part(&mut self) -> Cx<'_> {
        Cx {
            front: self.front,
            whole: self.whole,
            engine: self.engine,
            sources: self.sources,
            pipelines: self.pipelines,
            objects: self.objects,
            fetch: self.fetch,
            unread_is_told: self.unread_is_told,
            errors: self.errors.part(),
        }
    }
}

/// Reports a module of functions that no call uses. Returns whether it is used.
fn check_module(header: &Given<RawHeader>, calls: &Given<Vec<RawCall>>, cx: &mut Cx<'_>) -> bool {
    let module = header.get().and_then(|header| header.value.module.entry());
    let calls = match calls {
        Given::Is(calls) => calls.value.value.as_slice(),
        Given::Absent => &[],
        Given::Broken => return true,
    };
    let may_need_it = |call: &RawCall| call.is_broken || !call.method.is_absent();
    let unused = module.filter(|_| matches!(cx.whole, Whole::File(_)) && !calls.iter().any(may_need_it));
    if let Some(module) = unused {
        cx.errors.push(calls_diagnostics::module_without_method(module.key));
    }
    unused.is_none()
}

/// Validates one domain. `by_hand` are the operations that Rust functions implement, which a template cannot have.
pub fn validate(
    mut raw: RawTemplate,
    by_hand: Operations,
    pipelines: &mut Pipelines,
    sources: &mut Sources,
    errors: &mut ErrorSink<'_>,
) -> Validated {
    consistency::rename_calls(&mut raw, errors);
    let RawTemplate { front, whole, .. } = raw;
    let mut cx = Cx {
        front,
        whole,
        engine: None,
        sources,
        pipelines,
        objects: raw.objects.entry(),
        fetch: raw.fetch.entry(),
        unread_is_told: false,
        errors: errors.part(),
    };
    let offers_nothing = check_sections(&raw, by_hand, &mut cx);
    let uses_module = check_module(&raw.header, &raw.calls, &mut cx);
    let header = header::validate(&raw.header, uses_module, &mut cx);
    cx.engine = consistency::engine(header.engine, &raw, &mut cx);
    let fields = fields::validate(raw.fields, &mut cx);
    let objects = objects::validate(&raw.objects, &fields, &mut cx);
    let fetch = fetch::validate(&raw.fetch, &raw.objects, (by_hand, offers_nothing), &fields, &mut cx);
    let bulk = bulk::validate(&raw.objects, &mut cx);
    let call_names = changes::call_names(&raw.calls);
    let has_module = match &raw.header {
        Given::Is(header) => !header.value.value.module.is_absent(),
        Given::Absent | Given::Broken => true,
    };
    let calls = calls::validate(raw.calls, has_module, &mut cx);
    let offered = changes::Offered {
        written: &raw.objects,
        objects: objects.as_ref(),
        by_hand,
        call_names,
        calls: &calls,
    };
    let events = events::validate(&raw.events, &offered, &fields, &mut cx);
    let (lifecycle, aging) = lifecycle::validate(&raw.lifecycle, (&offered, &fetch), &fields, &mut cx);
    let audit = audit::validate(&raw.audit, &offered, &fields, &mut cx);
    let access = access::validate(&raw.access, &offered, &fields, &mut cx);
    let (name, allowed) = (header.name.clone(), header.allowed.clone());
    let domain = if cx.errors.has_errors() {
        None
    } else {
        let domain = assemble(header, fields, objects, (fetch, bulk), calls);
        domain.map(|domain| Domain { by_hand, events, lifecycle, aging, audit, access, ..domain })
    };
    Validated { name, domain, allowed }
}

/// Builds the domain from its parts; `None` if one is missing, which was reported.
fn assemble(
    header: header::Header,
    fields: fields::Fields,
    objects: Option<Objects>,
    (fetch, bulk): (Fetch, Bulk),
    calls: Vec<Call>,
) -> Option<Domain> {
    let name = header.name?;
    let (key, version) = (fields.key(), fields.version());
    Some(Domain {
        module: names::identifier(&name.value),
        struct_name: names::upper_camel(&name.value),
        name,
        description: header.description,
        placement: header.placement?,
        database: header.database?,
        once: header.once,
        compatible_with: header.compatible_with,
        functions: header.functions,
        objects: objects?,
        by_hand: Operations::default(),
        fields: fields.into_list()?,
        key,
        version,
        fetch,
        bulk,
        events: Events::default(),
        lifecycle: None,
        aging: Aging::default(),
        audit: Vec::new(),
        access: None,
        calls,
    })
}

/// Reports missing sections that other sections need. Returns whether the domain offers nothing.
fn check_sections(raw: &RawTemplate, by_hand: Operations, cx: &mut Cx<'_>) -> bool {
    let (has_objects, objects_are_broken) = match &raw.objects {
        Given::Absent => (false, false),
        Given::Broken => (true, true),
        Given::Is(entry) => {
            let RawObjects { read, create, update, upsert, delete } = &entry.value.value;
            let all = [read, create, update, upsert, delete];
            (!all.iter().all(|object| object.is_absent()), false)
        }
    };
    let has_calls = match &raw.calls {
        Given::Absent => false,
        Given::Broken => true,
        Given::Is(calls) => !calls.value.value.is_empty(),
    };
    if raw.header.is_absent() {
        let place = cx.beginning();
        cx.errors.push(shape::missing_header_section(place));
    }
    let has_fields = match &raw.fields {
        Given::Absent => false,
        Given::Broken => true,
        Given::Is(fields) => !fields.value.value.is_empty(),
    };
    if has_objects && !objects_are_broken && !has_fields {
        let place = raw.objects.key().unwrap_or(cx.beginning());
        cx.errors.push(shape::missing_fields(place, cx.front));
    }
    let offers_nothing = !has_objects && !has_calls && by_hand == Operations::default();
    if offers_nothing {
        let place = raw.header.key().unwrap_or(cx.beginning());
        cx.errors.push(header_diagnostics::offers_nothing(place, cx.front));
    }
    offers_nothing
}
