//! Mistakes in `[template]`, and between templates.

use beds_protocol::{Placement, Service};

use super::Diagnostic;
use crate::{
    Code,
    model::Engine,
    names,
    span::{FileId, Span},
};

pub(crate) fn template_name(span: Span, name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::TemplateName, format!("`{name}` is not a template's name"))
        .at(span, "expected a lower-case letter, then lower-case letters, digits and `_`");
    match names::to_lower_snake(name) {
        Some(guess) => diagnostic.help(format!("write `{guess}`")),
        None => diagnostic.help("write a name such as `order_line`"),
    }
}

pub(crate) fn reserved_name(span: Span, name: &str, why: &str) -> Diagnostic {
    Diagnostic::error(Code::ReservedName, format!("the name `{name}` is reserved"))
        .at(span, why)
        .help(format!("choose another name, such as `{name}_record`"))
}

pub(crate) fn unknown_service(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnknownService, format!("unknown service `{name}`"))
        .at(span, "no such service")
        .suggest(name, Service::ALL.iter().map(|service| service.as_str()), "the services are")
}

pub(crate) fn unknown_broker(span: Span, name: &str, service: Service, service_span: Span) -> Diagnostic {
    let brokers = Placement::brokers(service);
    let diagnostic = Diagnostic::error(
        Code::UnknownBroker,
        format!("the service `{}` has no broker `{name}`", service.as_str()),
    )
    .at(span, "no such broker")
    .near(service_span, "of this service");
    if brokers.is_empty() {
        diagnostic.help(format!("leave `broker` out: the lanes of `{}` choose it", service.as_str()))
    } else {
        diagnostic.suggest(name, brokers.iter().copied(), "its brokers are")
    }
}

pub(crate) fn broker_missing(service_span: Span, service: Service) -> Diagnostic {
    let brokers = names::sentence(Placement::brokers(service).iter().copied());
    Diagnostic::error(Code::BrokerMissing, format!("the service `{}` has several brokers", service.as_str()))
        .at(service_span, "which of them is not said")
        .help(format!("add `broker`: {brokers}"))
}

pub(crate) fn unknown_engine(span: Span, name: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::UnknownEngine, format!("unknown engine `{name}`")).at(span, "no such engine");
    if name.eq_ignore_ascii_case("mysql") {
        return diagnostic.help("it is called `mariadb` here, whichever of the two the server is");
    }
    diagnostic.suggest(name, Engine::ALL.iter().map(|engine| engine.as_str()), "the engines are")
}

pub(crate) fn database_name(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::DatabaseName, format!("`{name}` is not a database's name"))
        .at(span, "expected letters, digits, `_` and `-`, at most 64")
        .help("this is the NAME of `[mariadb.NAME]` or `[mongodb.NAME]` in the configuration, not a server or a URL")
}

pub(crate) fn offers_nothing(file: FileId) -> Diagnostic {
    Diagnostic::error(Code::OffersNothing, "the template offers nothing: it names no object and no call")
        .in_file(file)
        .help("add `[objects]` with `read = { view = \"…\" }`, or a `[calls.NAME]`")
}

pub(crate) fn same_template(span: Span, first: Span, name: &str, what: &str) -> Diagnostic {
    Diagnostic::error(Code::SameTemplate, format!("two {what} are named `{name}`"))
        .at(span, "the second")
        .near(first, "the first")
        .help("the name routes requests, so it must be unique: rename one, or delete the copy")
}

pub(crate) fn same_struct(span: Span, first: Span, (name, other): (&str, &str), rust: &str) -> Diagnostic {
    Diagnostic::error(
        Code::SameStruct,
        format!("the templates `{other}` and `{name}` would both be `{rust}` in Rust"),
    )
    .at(span, format!("`{rust}` again"))
    .near(first, format!("`{rust}` first"))
    .help("rename one of them so that they differ in more than `_`")
}

pub(crate) fn argument_count(
    span: Span,
    count: usize,
    first: Span,
    first_count: usize,
    name: &str,
) -> Diagnostic {
    Diagnostic::error(
        Code::ArgumentCount,
        format!("the routine `{name}` is called with {first_count} and with {count} arguments"),
    )
    .at(span, format!("{count} here"))
    .near(first, format!("{first_count} here"))
    .help("a MariaDB routine takes one number of arguments: compare with `show create procedure`")
}
