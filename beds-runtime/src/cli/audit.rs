//! `beds audit`

use std::{fmt::Write as _, io::Write as _, path::Path, process::ExitCode, time::Duration};

use beds_client::Request;
use beds_core::spec::Domain;
use beds_protocol::{OneLine, value::DateTime};
use serde_json::{Map, Value, json};

use super::{access::known, asking::ask, dead::age};

/// How long to wait for the reply.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `beds audit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds audit --newer 2h
  beds audit --template example --key id=0192f0c1-2f7a-7cc0-9d6e-0a35f6a1b2c3
  beds audit --user ann --operation delete --json
  beds audit --in audit_tercero --operation call.put_roles

It asks as the user of RabbitMQ that the configuration names, who needs the role `operator` or `auditor`.

Exit status: 0 when there are entries, 1 when there is none or the request was refused, 2 when there is no reply.")]
pub(super) struct Args {
    /// Only what this user has changed
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only records of this template
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Only this operation, such as update or call.restock
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// Only the record with this key; once for each field of the key, in its order
    #[arg(long, value_name = "FIELD=VALUE", value_parser = part)]
    key: Vec<(String, Value)>,
    /// Only what was changed longer ago than this, such as 90s, 10m, 2h, 7d
    #[arg(long, value_name = "AGE", value_parser = age)]
    older: Option<Duration>,
    /// Only what was changed since then
    #[arg(long, value_name = "AGE", value_parser = age)]
    newer: Option<Duration>,
    /// How many entries to show at most, the newest first
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// The template that reads the audit: each database has one of its own
    #[arg(long = "in", value_name = "TEMPLATE", default_value = "audit")]
    of: String,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// A part of a key: a number or word of JSON, or else a text.
fn part(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("a part of a key is FIELD=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((name.to_owned(), value))
}

impl Args {
    fn request(&self, now: DateTime) -> Request {
        let mut filter = Map::new();
        for (name, wanted) in
            [("user", &self.user), ("template", &self.template), ("operation", &self.operation)]
        {
            filter.extend(wanted.as_ref().map(|wanted| (name.to_owned(), json!(wanted))));
        }
        if !self.key.is_empty() {
            let part = |(name, value): &(String, Value)| format!("{}:{value}", Value::from(name.as_str()));
            let parts: Vec<String> = self.key.iter().map(part).collect();
            filter.insert("record".to_owned(), json!(format!("{{{}}}", parts.join(","))));
        }
        let ago = |age: Duration| DateTime(now.0 - age);
        let bounds = [("gte", self.newer), ("lt", self.older)];
        let bounds: Map<String, Value> =
            bounds.into_iter().filter_map(|(test, age)| Some((test.to_owned(), json!(ago(age?))))).collect();
        if !bounds.is_empty() {
            filter.insert("at".to_owned(), bounds.into());
        }
        let mut body = json!({ "sort": ["-id"], "limit": self.limit });
        if !filter.is_empty() {
            body["where"] = filter.into();
        }
        Request::raw(format!("{}.fetch", self.of), body.to_string())
    }
}

/// Shows entries of the audit.
pub(super) async fn run(domains: &[&'static Domain], args: &Args, folder: &Path) -> ExitCode {
    let audits: Vec<&str> =
        domains.iter().filter(|domain| is_audit(domain)).map(|domain| domain.name).collect();
    if let Err(message) = known("audit", std::slice::from_ref(&args.of), &audits) {
        eprintln!("beds audit: {message}");
        return ExitCode::from(2);
    }
    let key = format!("{}.fetch", args.of);
    let request = args.request(DateTime::now());
    let told = match ask(domains, ("beds audit", folder), (&key, request), PATIENCE).await {
        Ok(Ok(reply)) => match reply.data {
            Some(Value::Array(entries)) => Ok(entries),
            _ => Err((1, "the reply has no list of entries".to_owned())),
        },
        Ok(Err(refused)) => Err((1, refused)),
        Err(message) => Err((2, message)),
    };
    match told {
        Ok(entries) => {
            let text = if args.json { lines(&entries) } else { table(&entries) };
            // A reader that closes the pipe has read enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
            let names: Vec<&str> = domains.iter().map(|domain| domain.name).collect();
            // Entries outlive their template. So an unknown name is only reported if it has no entries.
            if entries.is_empty()
                && let Err(message) = known("template", args.template.as_slice(), &names)
            {
                eprintln!("beds audit: there is no entry; {message}");
            }
            if entries.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS }
        }
        Err((code, message)) => {
            eprintln!("beds audit: {}", OneLine(&message));
            ExitCode::from(code)
        }
    }
}

/// Whether a template reads an audit, by the names in its requests.
fn is_audit(domain: &Domain) -> bool {
    let has = |name: &str| domain.fields.iter().any(|field| field.name == name);
    ["at", "user", "template", "operation", "record", "request_id"].into_iter().all(has)
}

fn lines(entries: &[Value]) -> String {
    entries.iter().fold(String::new(), |mut text, entry| {
        let _ = writeln!(text, "{entry}");
        text
    })
}

/// One line for each entry.
fn table(entries: &[Value]) -> String {
    let shown = |entry: &Value, name: &str| match &entry[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => OneLine(text).to_string(),
        other => other.to_string(),
    };
    let row = |entry: &Value| {
        let who = match entry["session"] {
            Value::Null => shown(entry, "user"),
            _ => format!("{} (session, {})", shown(entry, "user"), shown(entry, "amqp_user")),
        };
        let what = format!("{}.{}", shown(entry, "template"), shown(entry, "operation"));
        let version = match &entry["version"] {
            Value::Null => String::new(),
            version => format!(" v{version}"),
        };
        [
            shown(entry, "at"),
            who,
            what,
            format!("{}{version}", shown(entry, "record")),
            shown(entry, "request_id"),
        ]
    };
    let head = ["AT", "WHO", "WHAT", "RECORD", "REQUEST"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(entries.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (at, who, what, record) = (width(0), width(1), width(2), width(3));
    rows.iter().fold(String::new(), |mut text, [one, two, three, four, five]| {
        let _ = writeln!(text, "{one:at$}  {two:who$}  {three:what$}  {four:record$}  {five}");
        text
    })
}
