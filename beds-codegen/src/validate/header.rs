//! `[template]`.

use beds_protocol::{Placement, RESERVED_TEMPLATES, Service};

use super::Cx;
use crate::{
    code::Code,
    diagnostic::{calls, header as diagnostics, shape},
    fingerprint,
    model::Engine,
    names,
    raw::{Given, Names, RawHeader},
    span::{Span, Spanned},
};

/// The known parts of the header. A broken part is `None`.
pub(super) struct Header {
    pub(super) name: Option<Spanned<String>>,
    pub(super) description: String,
    pub(super) placement: Option<Placement>,
    pub(super) engine: Option<Engine>,
    pub(super) database: Option<String>,
    pub(super) once: bool,
    pub(super) compatible_with: Vec<String>,
    /// The warnings that are allowed here.
    pub(super) allowed: Vec<Code>,
    pub(super) functions: Option<Spanned<String>>,
}

pub(super) fn validate(raw: &Given<RawHeader>, uses_module: bool, cx: &mut Cx<'_>) -> Header {
    let Given::Is(entry) = raw else {
        return Header {
            name: None,
            description: String::new(),
            placement: None,
            engine: None,
            database: None,
            once: true,
            compatible_with: Vec::new(),
            allowed: Vec::new(),
            functions: None,
        };
    };
    let RawHeader {
        name: raw_name,
        description,
        service,
        broker,
        engine: raw_engine,
        database: raw_database,
        once,
        compatible_with,
        allow,
        module,
    } = &entry.value.value;
    let section = entry.key;
    Header {
        name: name(required(raw_name, "name", "name = \"product\"", section, cx), cx),
        description: super::types::description(description, cx),
        placement: placement(
            required(service, "service", "service = \"app_server\"", section, cx),
            broker,
            cx,
        ),
        engine: engine(required(raw_engine, "engine", "engine = \"mariadb\"", section, cx), cx),
        database: database(required(raw_database, "database", "database = \"catalog\"", section, cx), cx),
        once: once.get().is_none_or(|once| once.value),
        compatible_with: fingerprints(compatible_with, cx),
        allowed: allowed(allow, cx),
        functions: if uses_module { functions(module, cx) } else { None },
    }
}

/// The module of the functions behind the calls: a file's name, or the path of a module in another crate.
fn functions(given: &Given<String>, cx: &mut Cx<'_>) -> Option<Spanned<String>> {
    let module = given.get()?;
    if !names::is_rust_path(&module.value) {
        cx.errors.push(calls::not_a_path(module.span, "module", &module.value));
        return None;
    }
    Some(module.clone())
}

fn allowed(given: &Given<Names>, cx: &mut Cx<'_>) -> Vec<Code> {
    let names = given.get().into_iter().flat_map(|names| &names.value);
    let mut codes = Vec::new();
    for name in names {
        match Code::ALL.iter().find(|code| code.as_str() == name.value) {
            Some(code) if code.may_warn() => codes.push(*code),
            known => cx.errors.push(diagnostics::not_a_warning(name.span, &name.value, known.copied())),
        }
    }
    codes
}

fn fingerprints(given: &Given<Names>, cx: &mut Cx<'_>) -> Vec<String> {
    let mut known: Vec<Spanned<String>> = Vec::new();
    for name in given.get().into_iter().flat_map(|names| &names.value) {
        if !fingerprint::is_one(&name.value) {
            cx.errors.push(diagnostics::fingerprint(name.span, &name.value));
        } else if let Some(first) = known.iter().find(|known| known.value == name.value) {
            cx.errors.push(diagnostics::fingerprint_twice(name.span, first.span));
        } else {
            known.push(name.clone());
        }
    }
    known.into_iter().map(|name| name.value).collect()
}

fn required<'r>(
    given: &'r Given<String>,
    key: &str,
    example: &str,
    section: Span,
    cx: &mut Cx<'_>,
) -> Option<&'r Spanned<String>> {
    if given.is_absent() {
        cx.errors.push(shape::missing_key(
            section,
            key,
            &cx.front.section("template"),
            &cx.front.write(example),
        ));
    }
    given.get()
}

fn name(name: Option<&Spanned<String>>, cx: &mut Cx<'_>) -> Option<Spanned<String>> {
    let Spanned { value, span } = name?;
    if !names::is_lower_snake(value) {
        cx.errors.push(diagnostics::template_name(*span, value));
        return None;
    }
    let length = value.len();
    if length > names::NAME_LEN_MAX {
        cx.errors.push(shape::name_too_long(*span, "template", length));
        return None;
    }
    if let Some(why) = reserved(value) {
        cx.errors.push(diagnostics::reserved_name(*span, value, why));
        return None;
    }
    name.cloned()
}

/// Why a well-formed name is not allowed for a template.
fn reserved(name: &str) -> Option<&'static str> {
    if Service::from_name(name).is_some() {
        Some("`<service>.batch.…` are routing keys")
    } else if name == "beds" || name.starts_with("beds_") {
        Some("names that begin with `beds` are the system's own")
    } else if RESERVED_TEMPLATES.contains(&name) {
        Some("the generated code has a type or module of this name")
    } else {
        None
    }
}

fn placement(
    service: Option<&Spanned<String>>,
    broker: &Given<String>,
    cx: &mut Cx<'_>,
) -> Option<Placement> {
    let service_name = service?;
    let Some(service) = Service::from_name(&service_name.value) else {
        cx.errors.push(diagnostics::unknown_service(service_name.span, &service_name.value));
        return None;
    };
    if broker.is_broken() {
        return None;
    }
    let placement = Placement::of(service, broker.get().map(|broker| broker.value.as_str()));
    if placement.is_none() {
        cx.errors.push(match broker.get() {
            Some(broker) => {
                diagnostics::unknown_broker(broker.span, &broker.value, service, service_name.span)
            }
            None => diagnostics::broker_missing(service_name.span, service),
        });
    }
    placement
}

fn engine(name: Option<&Spanned<String>>, cx: &mut Cx<'_>) -> Option<Engine> {
    let Spanned { value, span } = name?;
    let engine = Engine::from_name(value);
    if engine.is_none() {
        cx.errors.push(diagnostics::unknown_engine(*span, value));
    }
    engine
}

fn database(name: Option<&Spanned<String>>, cx: &mut Cx<'_>) -> Option<String> {
    let Spanned { value, span } = name?;
    let length = value.chars().count();
    let is_name =
        !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !is_name {
        cx.errors.push(diagnostics::database_name(*span, value));
        return None;
    }
    if length > names::NAME_LEN_MAX {
        cx.errors.push(shape::name_too_long(*span, "database", length));
        return None;
    }
    Some(value.clone())
}
