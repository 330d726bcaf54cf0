//! The domains as static pages: an index, and a page for each domain. The pages load nothing, run nothing, and follow
//! the reader's choice of light or dark.

mod field;

use std::path::PathBuf;

use beds_protocol::ErrorCode;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use self::field::{described, flags, row, ty};
use super::{Kind, Operation, batches, example, operations};
use crate::{
    fingerprint::fingerprint,
    model::{Arg, ArgMode, Call, Change, Domain, Returns},
    output::Generated,
};

const STYLE: &str = include_str!("style.css");

/// The pages of these domains: `index.html`, and `NAME.html` for each domain.
#[must_use]
pub fn html(domains: &[&Domain]) -> Vec<Generated> {
    let mut pages = vec![page("index.html", "BEDS: data domains", &index(domains))];
    pages.extend(domains.iter().map(|domain| {
        page(&file_name(domain), &format!("{}: BEDS", domain.name.value), &domain_page(domain))
    }));
    pages
}

/// A domain named `index` must not replace the index page.
fn file_name(domain: &Domain) -> String {
    match domain.name.value.as_str() {
        "index" => "index_.html".to_owned(),
        name => format!("{name}.html"),
    }
}

fn page(path: &str, title: &str, body: &Markup) -> Generated {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                (body)
            }
        }
    };
    Generated { path: PathBuf::from(path), text: page.into_string() + "\n" }
}

fn code(text: &str) -> Markup {
    html! { code { (text) } }
}

/// Names as code, separated by spaces.
fn codes<'t>(names: impl IntoIterator<Item = &'t str>) -> Markup {
    joined(names.into_iter().map(code), " ")
}

fn joined(parts: impl IntoIterator<Item = Markup>, between: &str) -> Markup {
    html! {
        @for (index, part) in parts.into_iter().enumerate() {
            @if index > 0 { (between) }
            (part)
        }
    }
}

/// A table whose first column names the rows.
fn table(caption: &str, heads: &[&str], rows: impl IntoIterator<Item = [Markup; 4]>) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(caption) {
            table {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody {
                    @for [name, cells @ ..] in rows {
                        tr {
                            th scope="row" { (name) }
                            // A table of three columns omits the last cell.
                            @for cell in cells.iter().take(heads.len() - 1) { td { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

fn index(domains: &[&Domain]) -> Markup {
    let batches = batches(domains).into_iter().map(|batch| {
        [
            code(&batch.key.to_string()),
            html! { (batch.summary()) },
            codes(batch.modes()),
            codes(batch.templates),
        ]
    });
    let domains = domains.iter().map(|domain| {
        let names: Vec<String> = operations(domain).iter().map(|operation| operation.kind.name()).collect();
        [
            html! { a href=(file_name(domain)) { (domain.name.value) } },
            html! { (domain.description) },
            html! { (domain.engine().title()) },
            codes(names.iter().map(String::as_str)),
        ]
    });
    let errors = ErrorCode::ALL.iter().map(|&error| {
        let again = if error.is_retryable() { "yes" } else { "no" };
        [code(error.as_str()), meaning(error), html! { (again) }, html! {}]
    });
    html! {
        main #content {
            h1 { "Data domains" }
            p {
                "Publish a request to the exchange " code { "beds" } " with the routing key "
                code { "domain.operation" } "; the answer comes to " code { "reply_to" } "."
            }
            (table("Domains", &["Domain", "What it is", "Engine", "Operations"], domains))
            h2 #batches { "Batches" }
            p {
                "A batch is many requests to the domains of one service in one message; the answer has their replies in "
                code { "items" } "."
            }
            (table("Batches", &["Routing key", "What it does", "Modes", "Domains"], batches))
            h2 #errors { "Errors" }
            p { "Any operation may answer with any of these errors; the pages name those that belong to each operation." }
            (table("Errors", &["Code", "What it means", "Retry"], errors))
        }
    }
}

fn meaning(error: ErrorCode) -> Markup {
    let text = match error {
        ErrorCode::BadRequest => "The body cannot be read: not JSON, an unknown key, a wrong JSON type",
        ErrorCode::UnknownTemplate => "No domain of this name is served",
        ErrorCode::UnknownOperation => "The domain does not offer the operation",
        ErrorCode::ValidationFailed => {
            return html! { "The body contradicts the template; " code { "details" } " names each field" };
        }
        ErrorCode::NotFound => "No record has this key",
        ErrorCode::Conflict => "A unique value is taken, or a reference forbids the change",
        ErrorCode::VersionMismatch => {
            return html! { "The record has another version than " code { "if_version" } };
        }
        ErrorCode::TemplateMismatch => "The client was built for another version of the template",
        ErrorCode::Unauthenticated => "The request needs a session, but has no valid one",
        ErrorCode::Forbidden => "The request is understood, but not allowed",
        ErrorCode::TooLarge => "The request or its reply is too large",
        ErrorCode::DeadlineExceeded => "The deadline passed before the answer was ready",
        ErrorCode::Unavailable => "A server that the request needs cannot be reached",
        ErrorCode::Overloaded => "The node has more work than it can take",
        ErrorCode::RejectedByDatabase => "A database object refused the request with its own message",
        ErrorCode::NotRun => "An item of a batch before it failed",
        ErrorCode::Internal => "A defect; the node’s log tells more under the request id",
    };
    html! { (text) }
}

fn domain_page(domain: &Domain) -> Markup {
    let fields = domain.fields.iter().enumerate().map(|(index, field)| row(domain, index, field));
    html! {
        nav { a href="index.html" { "All domains" } }
        main #content {
            h1 { (domain.name.value) }
            @if !domain.description.is_empty() { p { (domain.description) } }
            (facts(domain))
            @if !domain.fields.is_empty() {
                h2 #fields { "Fields" }
                (table("Fields", &["Field", "Type", "Properties", "What it is"], fields))
            }
            h2 #operations { "Operations" }
            @for operation in operations(domain) { (section(domain, &operation)) }
        }
    }
}

/// The published and audited operations, in words.
fn change_facts(domain: &Domain) -> Markup {
    let keys: Vec<String> = domain
        .events
        .publish
        .iter()
        .map(|operation| format!("{}.{}", domain.name.value, operation.name()))
        .collect();
    let fields = domain.events.fields.iter().filter_map(|index| domain.fields.get(*index));
    html! {
        @if !keys.is_empty() {
            dt { "Events" }
            dd {
                (codes(keys.iter().map(String::as_str))) " on the exchange " code { "beds.events" }
                @if !domain.events.fields.is_empty() { ", with " (codes(fields.map(|field| field.name.as_str()))) }
            }
        }
        @if !domain.audit.is_empty() {
            @let names: Vec<String> = domain.audit.iter().map(Change::name).collect();
            dt { "Audited" }
            dd { (codes(names.iter().map(String::as_str))) }
        }
    }
}

fn facts(domain: &Domain) -> Markup {
    let key = domain.key.iter().filter_map(|index| domain.fields.get(*index));
    html! {
        dl {
            dt { "Engine" }
            dd { (domain.engine().title()) ", database " code { (domain.database) } }
            dt { "Service" }
            dd { code { (domain.placement.read.service()) } }
            dt { "Fingerprint" }
            dd { code { (fingerprint(domain)) } }
            (change_facts(domain))
            @if !domain.key.is_empty() {
                dt { "Key" }
                dd { (joined(key.map(|field| code(&field.name)), ", ")) }
            }
        }
    }
}

fn section(domain: &Domain, operation: &Operation<'_>) -> Markup {
    let name = operation.kind.name();
    let errors = operation.kind.errors();
    let requests = example::requests(domain, operation.kind);
    let title = if requests.len() > 1 { "Requests" } else { "Request" };
    html! {
        section aria-labelledby=(name) {
            h3 id=(name) { (name) }
            p { (operation.kind.summary().trim_end_matches('.')) "." }
            dl {
                dt { "Routing key" }
                dd { code { (operation.routing_key) } }
                dt { "Queue" }
                dd { code { (operation.broker.queue()) } }
                @if !errors.is_empty() {
                    dt { a href="index.html#errors" { "Errors" } }
                    dd { (codes(errors.iter().map(|error| error.as_str()))) }
                }
                @match operation.kind {
                    Kind::Fetch => { (fetch_facts(domain)) }
                    Kind::Call(call) => { dt { "Returns" } dd { (returns(call)) } }
                    Kind::Update => { (many_fact(domain.bulk.update)) }
                    Kind::Delete => { (many_fact(domain.bulk.delete)) }
                    Kind::Count | Kind::Create | Kind::Upsert | Kind::Describe => {}
                }
            }
            @if let Kind::Call(call) = operation.kind { (call_tables(call)) }
            div.pair {
                (examples(title, &requests))
                (examples("Reply", example::reply(domain, operation.kind).as_slice()))
            }
        }
    }
}

/// How many records a request may write by filter.
fn many_fact(most: Option<u32>) -> Markup {
    html! {
        @if let Some(most) = most {
            dt { "By filter" }
            dd { "at most " (most) " records, with " code { "where" } " in place of " code { "key" } }
        }
    }
}

fn returns(call: &Call) -> Markup {
    match &call.returns {
        Returns::Nothing => html! { "nothing" },
        Returns::Scalar(scalar) => html! { "one value: " (ty(scalar)) },
        Returns::Rows(_) => html! { "rows" },
        Returns::AsItComes => html! { "every result set as it comes, in " code { "sets" } },
    }
}

fn call_tables(call: &Call) -> Markup {
    let argument = |Arg { field, mode, asked: _ }: &Arg| {
        let mode = (*mode != ArgMode::In).then(|| html! { (mode) });
        described(field, mode.into_iter().chain(flags(field)))
    };
    html! {
        @if call.told().next().is_some() {
            (table("Arguments", &["Argument", "Type", "Properties", "What it is"], call.told().map(argument)))
        }
        @if let Returns::Rows(rows) = &call.returns {
            (table(
                "Columns",
                &["Column", "Type", "Properties", "What it is"],
                rows.iter().map(|field| described(field, flags(field)))
            ))
        }
    }
}

fn fetch_facts(domain: &Domain) -> Markup {
    let names = |indices: &[usize]| {
        let names = indices.iter().filter_map(|index| domain.fields.get(*index));
        if indices.is_empty() {
            html! { "none" }
        } else {
            codes(names.map(|field| field.name.as_str()))
        }
    };
    let fetch = &domain.fetch;
    html! {
        dt { "Filters" }
        dd { (names(&fetch.filter)) }
        dt { "Sorts" }
        dd { (names(&fetch.sort)) }
        dt { "Limit" }
        dd { (fetch.limit_default) ", at most " (fetch.limit_max) }
    }
}

fn examples(title: &str, bodies: &[Value]) -> Markup {
    html! {
        @if !bodies.is_empty() {
            div {
                h4 { (title) }
                @for body in bodies { pre tabindex="0" { (format!("{body:#}")) } }
            }
        }
    }
}
