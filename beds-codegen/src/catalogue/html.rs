//! The domains as static pages: an index and a page a domain. They load nothing, run nothing, and follow the
//! reader's choice of light or dark.

use std::{fmt::Write as _, path::PathBuf};

use beds_protocol::ErrorCode;
use serde_json::Value;

use super::{Kind, Operation, example, operations};
use crate::{
    Generated,
    fingerprint::fingerprint,
    model::{Arg, Domain, Field, Literal, Mode, Returns, Supply, Type},
};

const STYLE: &str = include_str!("style.css");

/// The pages of these domains: `index.html`, and `NAME.html` a domain.
#[must_use]
pub fn html(domains: &[&Domain]) -> Vec<Generated> {
    let mut pages = vec![Generated { path: PathBuf::from("index.html"), text: index(domains) }];
    pages.extend(
        domains
            .iter()
            .map(|domain| Generated { path: PathBuf::from(file_name(domain)), text: domain_page(domain) }),
    );
    pages
}

/// A domain that is named `index` must not take the index's place.
fn file_name(domain: &Domain) -> String {
    match domain.name.value.as_str() {
        "index" => "index_.html".to_owned(),
        name => format!("{name}.html"),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

fn table(caption: &str, heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table>\n<thead><tr>"
    );
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let (open, close) = if index == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
            out.extend([open, cell, close]);
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    out
}

fn index(domains: &[&Domain]) -> String {
    let row = |domain: &&Domain| {
        let names: Vec<String> =
            operations(domain).iter().map(|operation| code(&operation.kind.name())).collect();
        vec![
            format!("<a href=\"{}\">{}</a>", file_name(domain), escaped(&domain.name.value)),
            escaped(&domain.description),
            domain.engine().title().to_owned(),
            names.join(" "),
        ]
    };
    let rows: Vec<_> = domains.iter().map(row).collect();
    let codes: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|&error| {
            let again = if error.is_retryable() { "yes" } else { "no" };
            vec![code(error.as_str()), meaning(error).to_owned(), again.to_owned()]
        })
        .collect();
    let body = format!(
        "<main id=\"content\">\n<h1>Data domains</h1>\n\
         <p>Publish a request to the exchange <code>beds</code> with the routing key \
         <code>domain.operation</code>; the answer comes to <code>reply_to</code>.</p>\n{}\
         <h2 id=\"errors\">Errors</h2>\n<p>Any operation may answer with any of these; the pages name those that \
         belong to each.</p>\n{}</main>\n",
        table("Domains", &["Domain", "What it is", "Engine", "Operations"], &rows),
        table("Errors", &["Code", "What it means", "Retry"], &codes)
    );
    page("BEDS: data domains", &body)
}

const fn meaning(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadRequest => "The body cannot be read: not JSON, an unknown key, a wrong JSON type",
        ErrorCode::UnknownTemplate => "No domain of this name is served",
        ErrorCode::UnknownOperation => "The domain does not offer the operation",
        ErrorCode::ValidationFailed => {
            "The body contradicts the template; <code>details</code> names each field"
        }
        ErrorCode::NotFound => "No record has this key",
        ErrorCode::Conflict => "A unique value is taken, or a reference forbids the change",
        ErrorCode::VersionMismatch => "<code>if_version</code> is not the record’s version any more",
        ErrorCode::TemplateMismatch => "The client was built for another version of the template",
        ErrorCode::Unauthenticated => "The request needs a session and has none that is valid",
        ErrorCode::Forbidden => "The request is understood and not allowed",
        ErrorCode::TooLarge => "The request or its reply is too large",
        ErrorCode::DeadlineExceeded => "The deadline passed before an answer was there",
        ErrorCode::Unavailable => "A server that the request needs cannot be reached",
        ErrorCode::Overloaded => "The node has more work than it can take",
        ErrorCode::RejectedByDatabase => "A database object refused, with a message of its own",
        ErrorCode::Internal => "A defect; the node’s log tells more under the request id",
    }
}

fn domain_page(domain: &Domain) -> String {
    let name = &domain.name.value;
    let mut body = format!(
        "<nav><a href=\"index.html\">All domains</a></nav>\n<main id=\"content\">\n<h1>{}</h1>\n",
        escaped(name)
    );
    if !domain.description.is_empty() {
        let _ = writeln!(body, "<p>{}</p>", escaped(&domain.description));
    }
    body.push_str(&facts(domain));
    if !domain.fields.is_empty() {
        body.push_str("<h2 id=\"fields\">Fields</h2>\n");
        let rows: Vec<_> =
            domain.fields.iter().enumerate().map(|(index, field)| row(domain, index, field)).collect();
        body.push_str(&table("Fields", &["Field", "Type", "Properties", "What it is"], &rows));
    }
    body.push_str("<h2 id=\"operations\">Operations</h2>\n");
    for operation in operations(domain) {
        body.push_str(&section(domain, &operation));
    }
    body.push_str("</main>\n");
    page(&format!("{name}: BEDS"), &body)
}

fn facts(domain: &Domain) -> String {
    let key: Vec<String> = domain
        .key
        .iter()
        .filter_map(|index| domain.fields.get(*index))
        .map(|field| code(&field.name))
        .collect();
    let mut facts = vec![
        ("Engine", format!("{}, database {}", domain.engine().title(), code(&domain.database))),
        ("Service", code(domain.placement.read.service().as_str())),
        ("Fingerprint", code(&fingerprint(domain))),
    ];
    if !key.is_empty() {
        facts.push(("Key", key.join(", ")));
    }
    let mut out = "<dl>\n".to_owned();
    for (term, fact) in facts {
        let _ = writeln!(out, "<dt>{term}</dt><dd>{fact}</dd>");
    }
    out + "</dl>\n"
}

fn row(domain: &Domain, index: usize, field: &Field) -> Vec<String> {
    let mut flags = flags(field);
    if field.is_key {
        flags.insert(0, "key".to_owned());
    }
    let (filter, sort) = (domain.fetch.filter.contains(&index), domain.fetch.sort.contains(&index));
    flags.extend(filter.then(|| "filter".to_owned()));
    flags.extend(sort.then(|| "sort".to_owned()));
    vec![code(&field.name), ty(&field.ty), flags.join(", "), escaped(&field.description)]
}

fn flags(field: &Field) -> Vec<String> {
    let supply = match &field.supply {
        Supply::Required => Some("required".to_owned()),
        Supply::Optional => None,
        Supply::Default(literal) => Some(format!("default {}", code(&literal_text(literal)))),
        Supply::Generated(by) => Some(format!("generated ({})", by.as_str().replace('_', " "))),
        Supply::Version => Some("version".to_owned()),
    };
    let flags = [
        (field.nullable, "may be null"),
        (field.unique, "unique"),
        (field.immutable, "immutable"),
        (field.sensitive, "sensitive"),
    ];
    supply.into_iter().chain(flags.iter().filter(|(is, _)| *is).map(|(_, name)| (*name).to_owned())).collect()
}

fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        Literal::Text(value) => format!("\"{value}\""),
    }
}

/// A type with its bounds.
fn ty(ty: &Type) -> String {
    let range = |least: Option<String>, most: Option<String>| match (least, most) {
        (None, None) => String::new(),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (Some(least), Some(most)) => format!(", {least} to {most}"),
    };
    let length = |min: u32, max: u32| {
        if min == max { format!(", {max} characters") } else { format!(", {min} to {max} characters") }
    };
    let name = ty.name();
    match ty {
        Type::Bool | Type::Uuid | Type::Date | Type::Time | Type::DateTime | Type::Json | Type::ObjectId => {
            name.to_owned()
        }
        Type::Int { min, max } => {
            let some = |is: bool, value: i64| is.then(|| value.to_string());
            format!("{name}{}", range(some(*min != i64::MIN, *min), some(*max != i64::MAX, *max)))
        }
        Type::UInt { min, max } => {
            format!("{name}{}", range(Some(min.to_string()), (*max != u64::MAX).then(|| max.to_string())))
        }
        Type::Float { min, max } => {
            let some = |is: bool, value: f64| is.then(|| value.to_string());
            format!("{name}{}", range(some(*min > f64::MIN, *min), some(*max < f64::MAX, *max)))
        }
        Type::Decimal { precision, scale, min, max } => {
            format!("{name} ({precision}, {scale}){}", range(min.clone(), max.clone()))
        }
        Type::String { min, max, pattern } => {
            let pattern =
                pattern.as_ref().map(|pattern| format!(", like {}", code(pattern))).unwrap_or_default();
            format!("{name}{}{pattern}", length(*min, *max))
        }
        Type::Text { min, max } => format!("{name}{}", length(*min, *max)),
        Type::Bytes { max } => format!("{name}, at most {max}"),
        Type::Enum { values } => values.iter().map(|value| code(value)).collect::<Vec<_>>().join(" "),
        Type::List { item, max } => format!("{name} of at most {max}: {}", self::ty(&item.ty)),
        Type::Object { fields } => {
            let member = |field: &Field| format!("{}: {}", code(&field.name), self::ty(&field.ty));
            format!("{name} {{ {} }}", fields.iter().map(member).collect::<Vec<_>>().join("; "))
        }
    }
}

fn section(domain: &Domain, operation: &Operation<'_>) -> String {
    let name = operation.kind.name();
    let mut out = format!(
        "<section aria-labelledby=\"{name}\">\n<h3 id=\"{name}\">{name}</h3>\n<p>{}.</p>\n<dl>\n\
         <dt>Routing key</dt><dd>{}</dd>\n<dt>Queue</dt><dd>{}</dd>\n",
        escaped(operation.kind.summary().trim_end_matches('.')),
        code(&operation.routing_key),
        code(operation.broker.queue())
    );
    let errors: Vec<String> = operation.kind.errors().iter().map(|error| code(error.as_str())).collect();
    if !errors.is_empty() {
        let _ =
            writeln!(out, "<dt><a href=\"index.html#errors\">Errors</a></dt><dd>{}</dd>", errors.join(" "));
    }
    match operation.kind {
        Kind::Fetch => out.push_str(&fetch_facts(domain)),
        Kind::Call(call) => {
            let returns = match &call.returns {
                Returns::Nothing => "nothing".to_owned(),
                Returns::Scalar(scalar) => format!("one value: {}", ty(scalar)),
                Returns::Rows(_) => "rows".to_owned(),
                Returns::AsItComes => "every result set as it comes, in <code>sets</code>".to_owned(),
            };
            let _ = writeln!(out, "<dt>Returns</dt><dd>{returns}</dd>");
        }
        Kind::Count | Kind::Create | Kind::Update | Kind::Delete | Kind::Describe => {}
    }
    out.push_str("</dl>\n");
    if let Kind::Call(call) = operation.kind {
        if !call.args.is_empty() {
            let rows: Vec<_> = call.args.iter().map(argument).collect();
            out.push_str(&table("Arguments", &["Argument", "Type", "Properties", "What it is"], &rows));
        }
        if let Returns::Rows(rows) = &call.returns {
            let row = |field: &Field| {
                vec![code(&field.name), ty(&field.ty), flags(field).join(", "), escaped(&field.description)]
            };
            let rows: Vec<_> = rows.iter().map(row).collect();
            out.push_str(&table("Columns", &["Column", "Type", "Properties", "What it is"], &rows));
        }
    }
    out.push_str("<div class=\"pair\">\n");
    let requests = example::requests(domain, operation.kind);
    let title = if requests.len() > 1 { "Requests" } else { "Request" };
    out.push_str(&examples(title, &requests));
    out.push_str(&examples("Reply", example::reply(domain, operation.kind).as_slice()));
    out + "</div>\n</section>\n"
}

fn fetch_facts(domain: &Domain) -> String {
    let names = |indices: &[usize]| {
        let names: Vec<String> = indices
            .iter()
            .filter_map(|index| domain.fields.get(*index))
            .map(|field| code(&field.name))
            .collect();
        if names.is_empty() { "none".to_owned() } else { names.join(" ") }
    };
    format!(
        "<dt>Filters</dt><dd>{}</dd>\n<dt>Sorts</dt><dd>{}</dd>\n<dt>Limit</dt><dd>{}, at most {}</dd>\n",
        names(&domain.fetch.filter),
        names(&domain.fetch.sort),
        domain.fetch.limit_default,
        domain.fetch.limit_max
    )
}

fn argument(Arg { field, mode }: &Arg) -> Vec<String> {
    let mut flags = flags(field);
    if *mode != Mode::In {
        flags.insert(0, mode.as_str().to_owned());
    }
    vec![code(&field.name), ty(&field.ty), flags.join(", "), escaped(&field.description)]
}

fn examples(title: &str, bodies: &[Value]) -> String {
    if bodies.is_empty() {
        return String::new();
    }
    let mut out = format!("<div>\n<h4>{title}</h4>\n");
    for body in bodies {
        let _ = writeln!(out, "<pre tabindex=\"0\">{}</pre>", escaped(&format!("{body:#}")));
    }
    out + "</div>\n"
}
