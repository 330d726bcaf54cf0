//! Stage 4: judges one template by itself, and turns what was written into what is valid.
//!
//! It consumes the raw template and gives a [`Domain`] only when there is no error in it. Parts refer to each
//! other by index; a part that is broken keeps its index and its name, so that a reference to it is not reported
//! as well. What only shows between templates is for [`crate::resolve`].

mod bounds;
mod calls;
mod fields;
mod header;
mod identifiers;
mod literal;
mod objects;
pub(crate) mod pipeline;
mod types;

use crate::{
    diagnostic::{Errors, header as header_diagnostics, shape},
    model::{Domain, Engine, Fetch, Objects, Operations},
    names,
    raw::{Given, RawObjects, RawTemplate},
    span::{FileId, Sources, Spanned},
};

pub use pipeline::Pipelines;

/// A template after validation.
#[derive(Debug)]
pub struct Validated {
    /// The wire name, if it is one; it is known for a broken template too, for conflicts between templates.
    pub name: Option<Spanned<String>>,
    /// The domain, if there was no error.
    pub domain: Option<Domain>,
}

/// What every check of one template needs.
pub(crate) struct Cx<'a> {
    pub(crate) file: FileId,
    /// `None` when it is not known, because that part is broken.
    pub(crate) engine: Option<Engine>,
    pub(crate) sources: &'a mut Sources,
    pub(crate) pipelines: &'a mut Pipelines,
    pub(crate) errors: &'a mut Errors,
}

/// Validates one template.
pub fn validate(
    raw: RawTemplate,
    pipelines: &mut Pipelines,
    sources: &mut Sources,
    errors: &mut Errors,
) -> Validated {
    let errors_before = errors.count();
    let mut cx = Cx { file: raw.file, engine: None, sources, pipelines, errors };
    check_sections(&raw, &mut cx);
    let header = header::validate(&raw.header, &mut cx);
    cx.engine = header.engine;
    let fields = fields::validate(raw.fields, &mut cx);
    let objects = objects::validate(&raw.objects, &fields, &mut cx);
    let fetch = objects::fetch(&raw.fetch, &raw.objects, raw.by_hand, &fields, &mut cx);
    let calls = calls::validate(raw.calls, &mut cx);
    let name = header.name.clone();
    let domain = if cx.errors.count() > errors_before {
        None
    } else {
        assemble(header, fields, objects, fetch, calls)
            .map(|domain| Domain { by_hand: raw.by_hand, ..domain })
    };
    Validated { name, domain }
}

/// Puts the parts together; `None` when one of them is missing, which then was reported.
fn assemble(
    header: header::Header,
    fields: fields::Fields,
    objects: Option<Objects>,
    fetch: Fetch,
    calls: Vec<crate::model::Call>,
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
        objects: objects?,
        by_hand: Operations::default(),
        fields: fields.into_list()?,
        key,
        version,
        fetch,
        calls,
    })
}

/// Reports sections that are missing, where others need them.
fn check_sections(raw: &RawTemplate, cx: &mut Cx<'_>) {
    let (has_objects, objects_are_broken) = match &raw.objects {
        Given::Absent => (false, false),
        Given::Broken => (true, true),
        Given::Is(entry) => {
            let RawObjects { read, create, update, delete } = &entry.value.value;
            let all = [read, create, update, delete];
            (!all.iter().all(|object| object.is_absent()), false)
        }
    };
    let has_calls = match &raw.calls {
        Given::Absent => false,
        Given::Broken => true,
        Given::Is(calls) => !calls.value.value.is_empty(),
    };
    if raw.header.is_absent() {
        cx.errors.push(shape::missing_section(
            cx.file,
            "template",
            "it says the template's `name`, `service`, `engine` and `database`",
        ));
    }
    let has_fields = match &raw.fields {
        Given::Absent => false,
        Given::Broken => true,
        Given::Is(fields) => !fields.value.value.is_empty(),
    };
    if has_objects && !objects_are_broken && !has_fields {
        cx.errors.push(shape::missing_section(
            cx.file,
            "fields",
            "add a field for each column: `sku = { type = \"string\", max = 40 }`",
        ));
    }
    if !has_objects && !has_calls && raw.by_hand == Operations::default() {
        cx.errors.push(header_diagnostics::offers_nothing(cx.file));
    }
}
