//! `beds access`

use std::{fmt::Write as _, io::Write as _, process::ExitCode};

use beds_core::{
    access::Judged,
    spec::{ANY_KNOWN, ANYONE, Access, Domain, Literal, Row, Wanted},
};
use beds_protocol::{Operation, nearest};
use clap::ValueEnum;
use serde::Serialize;

use crate::config::{Config, Environment};

/// Arguments of `beds access`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds access
  beds access --template product
  beds access --role clerk --format json

Exit status: 0; 2 where no template, or none of the roles, has the name.")]
pub(super) struct Args {
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Only this template; may be given several times
    #[arg(long, value_name = "NAME")]
    template: Vec<String>,
    /// Only this role; may be given several times
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For machines
    Json,
}

/// What a role may do in a domain.
#[derive(Debug, Serialize)]
struct Line {
    template: &'static str,
    role: String,
    operations: Vec<String>,
    /// The conditions that records must meet; `None` if all are reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hidden: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    readonly: Vec<&'static str>,
}

/// Prints who may do what.
pub(super) fn run(
    domains: &[&'static Domain],
    args: &Args,
    (config, environment): (&Config, Environment),
) -> ExitCode {
    let names: Vec<&str> = domains.iter().map(|domain| domain.name).collect();
    if let Err(message) = known("template", &args.template, &names) {
        return refused(&message);
    }
    let mut roles: Vec<&str> =
        domains.iter().filter_map(|domain| domain.access.as_ref()).flat_map(Access::named).collect();
    roles.extend([ANY_KNOWN, ANYONE]);
    let given = config.access.users.values().flat_map(|roles| roles.0.iter().map(String::as_str));
    roles.extend(given);
    roles.sort_unstable();
    roles.dedup();
    if let Err(message) = known("role", &args.role, &roles) {
        return refused(&message);
    }
    let is_asked =
        |domain: &&&Domain| args.template.is_empty() || args.template.iter().any(|name| *name == domain.name);
    let is_open = config.opens_undeclared(environment);
    let lines: Vec<Line> =
        domains.iter().filter(is_asked).flat_map(|domain| lines(domain, is_open)).collect();
    let of_role = |line: &Line| args.role.is_empty() || args.role.contains(&line.role);
    let lines: Vec<Line> = lines.into_iter().filter(of_role).collect();
    let text = match args.format {
        Format::Table => table(&lines, config),
        Format::Json => {
            let users = config.access.users.iter().map(|(user, roles)| (user, &roles.0));
            let users: std::collections::BTreeMap<_, _> = users.collect();
            let json = serde_json::json!({ "default": if is_open { "open" } else { "deny" }, "access": lines, "users": users });
            format!("{json:#}\n")
        }
    };
    // A reader that closes the pipe has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn refused(message: &str) -> ExitCode {
    eprintln!("beds access: {message}");
    ExitCode::from(2)
}

/// Refuses a name that is not in the list.
pub(super) fn known(what: &str, asked: &[String], all: &[&str]) -> Result<(), String> {
    let Some(unknown) = asked.iter().find(|name| !all.contains(&name.as_str())) else { return Ok(()) };
    let hint = match nearest(unknown, all.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("use one of {}", all.join(", ")),
    };
    Err(format!("unknown {what} `{unknown}`: {hint}"))
}

/// A line for each role of a domain, or one line for a domain without access rules.
fn lines(domain: &'static Domain, is_open: bool) -> Vec<Line> {
    let operations: Vec<Operation<'static>> = domain.operations().map(|(operation, _)| operation).collect();
    let Some(access) = &domain.access else {
        let may = if is_open { operations.iter().map(ToString::to_string).collect() } else { Vec::new() };
        return vec![Line {
            template: domain.name,
            role: ANYONE.to_owned(),
            operations: may,
            rows: None,
            hidden: Vec::new(),
            readonly: Vec::new(),
        }];
    };
    let line = |role: &'static str| {
        let own = [Box::from(role)];
        let judged = Judged::of_role(&own, access);
        let is_granted = |operation: &&Operation<'static>| judged.granted(**operation).contains(&role);
        let operations = operations.iter().filter(is_granted).map(ToString::to_string).collect();
        let (hidden, readonly) = judged.fields(&[role]);
        let names = |fields: Vec<usize>| fields.into_iter().map(|field| domain.fields[field].name).collect();
        Line {
            template: domain.name,
            role: role.to_owned(),
            operations,
            rows: judged
                .rows(&[role])
                .map(|rows| rows.into_iter().flatten().map(|row| condition(domain, row)).collect()),
            hidden: names(hidden),
            readonly: names(readonly),
        }
    };
    access.named().into_iter().map(line).collect()
}

fn condition(domain: &Domain, row: &Row) -> String {
    let value = |wanted: &Wanted| match wanted {
        Wanted::Is(Literal::Bool(value)) => value.to_string(),
        Wanted::Is(Literal::Int(value)) => value.to_string(),
        Wanted::Is(Literal::Float(value)) => value.to_string(),
        Wanted::Is(Literal::Text(value)) => format!("{value:?}"),
        Wanted::Asked(asked) => asked.as_str().to_owned(),
    };
    let values: Vec<String> = row.any_of.iter().map(value).collect();
    let name = domain.fields[row.field].name;
    match values.as_slice() {
        [one] => format!("{name} = {one}"),
        many => format!("{name} in ({})", many.join(", ")),
    }
}

/// The lines, in a block for each domain, and the users with their roles.
fn table(lines: &[Line], config: &Config) -> String {
    let mut text = String::new();
    let width = lines.iter().map(|line| line.role.len()).max().unwrap_or_default();
    let mut last = "";
    for Line { template, role, operations, rows, hidden, readonly } in lines {
        if *template != last {
            let gap = if last.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{template}");
            last = template;
        }
        let may = if operations.is_empty() { "nothing".to_owned() } else { operations.join(", ") };
        let _ = writeln!(text, "  {role:<width$}  {may}");
        let mut detail = |what: &str, told: String| {
            let _ = writeln!(text, "  {:<width$}    {what}: {told}", "");
        };
        if let Some(rows) = rows {
            detail("only records with", rows.join(" and "));
        }
        if !hidden.is_empty() {
            detail("does not see", hidden.join(", "));
        }
        if !readonly.is_empty() {
            detail("does not set", readonly.join(", "));
        }
    }
    if !config.access.users.is_empty() {
        text.push_str("\nusers of RabbitMQ\n");
        for (user, roles) in &config.access.users {
            let _ = writeln!(text, "  {user}: {}", roles.0.join(", "));
        }
    }
    text
}
