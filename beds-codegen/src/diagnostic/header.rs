//! Mistakes in `[template]`, and between templates.

use beds_protocol::{Engine, Placement, Service, shown};

use super::Diagnostic;
use crate::{
    code::Code,
    fingerprint,
    front::{Example, Front},
    names,
    span::Span,
};

pub(crate) fn template_name(span: Span, name: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::TemplateName, format!("{} is not a valid template name", shown(name)))
            .at(span, "expected a lower-case letter, then lower-case letters, digits and `_`");
    match names::to_lower_snake(name) {
        Some(guess) => diagnostic.help(format!("write `{guess}`")),
        None => diagnostic.help("write a name such as `order_line`"),
    }
}

/// An engine with nothing of its own in the template. `others` are the keys of the other engine.
pub(crate) fn other_engine(
    span: Span,
    written: Engine,
    other: Engine,
    others: &[Span],
    front: Front,
) -> Diagnostic {
    let (engine, title) = (written.title(), other.title());
    let message = format!("the engine is {engine}, but all objects and calls belong to {title}");
    let diagnostic = Diagnostic::error(Code::ObjectEngine, message).at(span, "this engine");
    let others = others.iter().take(OTHERS_SHOWN);
    let diagnostic =
        others.fold(diagnostic, |diagnostic, other| diagnostic.near(*other, format!("of {title}")));
    let right = front.write(&format!("engine = \"{other}\""));
    diagnostic
        .help(format!(
            "write {right}, and as `database` the NAME of a section `[{other}.NAME]` of the configuration"
        ))
        .help(format!("if the records are in {engine}, name its objects: {}", objects_of(written)))
}

/// How many keys of the other engine a report shows.
const OTHERS_SHOWN: usize = 3;

const fn objects_of(engine: Engine) -> &'static str {
    match engine {
        Engine::MariaDb => {
            "a `view` or `table` to read, a `procedure` that writes, a `procedure` or `function` in a call"
        }
        Engine::MongoDb => {
            "a `view` or `collection` to read, a `collection` to write, a `pipeline` in a call"
        }
    }
}

pub(crate) fn reserved_name(span: Span, name: &str, why: &str) -> Diagnostic {
    Diagnostic::error(Code::ReservedName, format!("the name `{name}` is reserved"))
        .at(span, why)
        .help(format!("choose another name, such as `{name}_record`"))
}

pub(crate) fn fingerprint(span: Span, text: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::Fingerprint, format!("`{text}` is not a fingerprint"))
        .at(span, "expected 16 lower-case hexadecimal digits");
    let lower = text.trim().to_ascii_lowercase();
    if fingerprint::is_one(&lower) {
        diagnostic.help(format!("write `{lower}`"))
    } else {
        diagnostic.help(
            "copy the `hash` of `describe`, or let `bedsc diff OLD NEW --write` write what clients of OLD have",
        )
    }
}

pub(crate) fn fingerprint_twice(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(Code::Fingerprint, "duplicate fingerprint")
        .at(span, "again")
        .near(first, "first here")
        .help("remove one of them")
}

/// An entry that `allow` cannot take: an unknown code, or the code of an error.
pub(crate) fn not_a_warning(span: Span, text: &str, known: Option<Code>) -> Diagnostic {
    let diagnostic = match known {
        Some(code) => {
            Diagnostic::error(Code::NotAWarning, format!("{code} cannot be allowed")).at(span, "no warning")
        }
        None => Diagnostic::error(Code::NotAWarning, format!("{} is not a code", shown(text)))
            .at(span, "expected the code of a warning, such as \"B0907\""),
    };
    match (known, Code::from_text(text).filter(|code| code.may_warn())) {
        (Some(_), _) => diagnostic.help("remove it, and correct the reported mistake"),
        (None, Some(meant)) => {
            diagnostic.help(format!("write `\"{meant}\"`")).fix(span, format!("\"{meant}\""))
        }
        (None, None) => {
            let all = Code::ALL.iter().filter(|code| code.may_warn()).map(|code| code.as_str());
            diagnostic.help(format!("these can be allowed: {}", all.collect::<Vec<_>>().join(", ")))
        }
    }
}

pub(crate) fn unknown_service(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnknownService, format!("unknown service `{name}`"))
        .at(span, "no such service")
        .suggest(name, Service::ALL.iter().map(|service| service.as_str()), "the services are")
}

pub(crate) fn unknown_broker(span: Span, name: &str, service: Service, service_span: Span) -> Diagnostic {
    let brokers = Placement::brokers(service);
    let diagnostic =
        Diagnostic::error(Code::UnknownBroker, format!("the service `{service}` has no broker `{name}`"))
            .at(span, "no such broker")
            .near(service_span, "in this service");
    if service == Service::AppServer {
        diagnostic.help(format!(
            "remove `broker`: in `{service}`, the lane of an operation selects the broker; `m` is for starting jobs and for their reports"
        ))
    } else {
        diagnostic.suggest(name, brokers.iter().copied(), "its brokers are")
    }
}

pub(crate) fn broker_missing(service_span: Span, service: Service) -> Diagnostic {
    let brokers = Placement::brokers(service).iter().map(|name| format!("broker = \"{name}\""));
    let brokers: Vec<String> = brokers.collect();
    let brokers = names::choice(brokers.iter().map(String::as_str));
    Diagnostic::error(Code::BrokerMissing, format!("the service `{service}` has several brokers"))
        .at(service_span, "which broker?")
        .help(format!("add {brokers}"))
}

pub(crate) fn unknown_engine(span: Span, name: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::UnknownEngine, format!("unknown engine `{name}`")).at(span, "no such engine");
    let lower = name.to_ascii_lowercase();
    if Engine::ALL.iter().all(|engine| lower.contains(engine.as_str())) {
        return diagnostic.help(
            "write one of them: a template is about one database, and another engine needs another template",
        );
    }
    // `MariaDB 10.11` and `mongodb@8` name a server version.
    let word = lower.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    if let Some(engine) =
        Engine::ALL.iter().map(|engine| engine.as_str()).find(|engine| *engine == word && name.is_ascii())
    {
        let help = if lower == engine {
            format!("write `{engine}`, in small letters")
        } else {
            format!("write `{engine}`, without a version")
        };
        return diagnostic.help(help).rename(name, engine);
    }
    match lower.as_str() {
        "maria" => return diagnostic.help("write `mariadb` instead").rename(name, "mariadb"),
        // Only people know which server it is.
        "mysql" | "sql" | "mysql8" | "innodb" => {
            return diagnostic.help("write `mariadb` if the server is MariaDB: a node refuses MySQL");
        }
        "mongo" | "documentdb" | "nosql" | "ferretdb" => {
            return diagnostic.help("write `mongodb` instead").rename(name, "mongodb");
        }
        "postgres" | "postgresql" | "pg" | "sqlite" | "sqlite3" | "oracle" | "mssql" | "sqlserver"
        | "redis" => {
            return diagnostic.help("this engine is not supported: the engines are `mariadb` and `mongodb`");
        }
        _ => {}
    }
    diagnostic.suggest(name, Engine::ALL.iter().map(|engine| engine.as_str()), "the engines are")
}

pub(crate) fn database_name(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::DatabaseName,
        format!("{} is not a valid database name", shown(names::without_password(name))),
    )
    .at(span, "expected letters, digits, `_` and `-`, at most 64 characters")
    .help(
        "write the NAME of `[mariadb.NAME]` or `[mongodb.NAME]` in the configuration, not a server or a URL",
    )
}

pub(crate) fn offers_nothing(span: Span, front: Front) -> Diagnostic {
    let what = match front {
        Front::Template => "the template offers nothing: it names no database object and no call",
        Front::Attributes | Front::Parentheses => {
            "the domain offers nothing: it names no database object, no call and no method"
        }
    };
    let read = front.write_into("objects", "read", Example::Keys(&[("view", Example::Is("\"…\""))]));
    let call = match front {
        Front::Template => "`[calls.NAME]`",
        Front::Attributes | Front::Parentheses => "`#[beds(calls(NAME(…)))]`",
    };
    Diagnostic::error(Code::OffersNothing, what)
        .at(span, "what does it offer?")
        .help(format!("add {read}, or a call with {call}"))
}

pub(crate) fn same_template(span: Span, first: Span, name: &str, what: &str) -> Diagnostic {
    Diagnostic::error(Code::SameTemplate, format!("two {what} have the name `{name}`"))
        .at(span, "the second")
        .near(first, "the first")
        .help("rename one of them, or delete it: RabbitMQ routes requests by this name")
}

pub(crate) fn same_struct(span: Span, first: Span, (name, other): (&str, &str), rust: &str) -> Diagnostic {
    Diagnostic::error(
        Code::SameStruct,
        format!("the domains `{other}` and `{name}` have the same Rust name `{rust}`"),
    )
    .at(span, format!("`{rust}` again"))
    .near(first, format!("`{rust}` first"))
    .help("rename one of them, so that they differ in more than `_`")
}

pub(crate) fn argument_count(
    span: Span,
    count: usize,
    first: Span,
    first_count: usize,
    name: &str,
) -> Diagnostic {
    let arguments = |count: usize| format!("{count} argument{}", if count == 1 { "" } else { "s" });
    Diagnostic::error(
        Code::ArgumentCount,
        format!("`{name}` is called with {} and with {}", arguments(first_count), arguments(count)),
    )
    .at(span, format!("{} here", arguments(count)))
    .near(first, format!("{} here", arguments(first_count)))
    .help("compare with `show create procedure`: a routine always takes the same number of arguments")
}
