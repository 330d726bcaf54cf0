//! A domain as the text of a template, with comments for the DBA who will own it.

use std::fmt::Write as _;

use beds_protocol::Lane;
use beds_protocol::shown;

use super::{
    Options,
    domain::{Call, Domain, Object},
    fields::{Field, Supply},
    literal::string,
    types::{EMPTY, Ty},
};
use beds_core::inspect::{Column, Direction, RelationKind, RoutineKind, Supplied};

/// The widest line that a list stands on.
const WIDTH: usize = 120;

/// Keys with their values, in the layout of `bedsc fmt`: the `=` are aligned, as far as no comment stands between them.
#[derive(Default)]
struct Entries(Vec<(String, String)>);

impl Entries {
    fn add(&mut self, key: &str, value: String) {
        self.0.push((key.to_owned(), value));
    }

    /// A comment on the next key.
    fn comment(&mut self, out: &mut String, key: &str, text: &str) {
        self.write(out);
        let _ = writeln!(out, "# {key}: {}", line(text));
    }

    /// Writes the keys that were added.
    fn write(&mut self, out: &mut String) {
        let entries = std::mem::take(&mut self.0);
        let is_long = |(key, value): &(String, String)| {
            value.starts_with('[') && key.chars().count() + " = ".len() + value.chars().count() > WIDTH
        };
        // A list over several lines is not aligned with anything.
        let width = if entries.iter().any(is_long) {
            0
        } else {
            entries.iter().map(|(key, _)| key.len()).max().unwrap_or(0)
        };
        for entry in &entries {
            let (key, value) = entry;
            let value = if is_long(entry) { broken(value) } else { value.clone() };
            let _ = writeln!(out, "{key:width$} = {value}");
        }
    }
}

/// A list of strings with a line for each.
fn broken(list: &str) -> String {
    let items = list.trim_matches(['[', ']']).split(", ");
    items.fold("[\n".to_owned(), |out, item| out + "    " + item + ",\n") + "]"
}

/// The text of a template.
pub(super) fn template(domain: &Domain, database: &str, options: &Options) -> String {
    let mut out = String::new();
    let what = match &domain.source {
        Some((kind, name)) => format!(
            "{}, a {} of the database {database}",
            shown(line(name)),
            kind.as_str(),
            database = shown(database)
        ),
        None => format!("Procedures and functions of the database {database}", database = shown(database)),
    };
    let _ = writeln!(out, "# {what}. Written by `beds import`: from now on it is yours.");
    comments(&mut out, "Not expressed", &domain.unsaid().cloned().collect::<Vec<_>>());
    comments(&mut out, "Null to clients, since JSON has no form for it", &domain.nulls());
    comments(&mut out, "Worth a look", &domain.notes);
    header(&mut out, domain, options);
    if !domain.fields.is_empty() {
        out.push_str("\n[fields]\n");
        let mut entries = Entries::default();
        for field in &domain.fields {
            for note in &field.notes {
                entries.comment(&mut out, &field.name, note);
            }
            let is_writable = domain.is_writable() || (field.key && domain.delete.is_some());
            entries.add(&field.name, self::field(field, is_writable));
        }
        entries.write(&mut out);
    }
    objects(&mut out, domain);
    for call in &domain.calls {
        self::call(&mut out, call);
    }
    out
}

fn comments(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "#\n# {title}:");
    for text in lines {
        let _ = writeln!(out, "# - {}", line(text));
    }
}

/// A text on one line, so that it does not leave its comment.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn header(out: &mut String, domain: &Domain, options: &Options) {
    out.push_str("\n[template]\n");
    let mut entries = Entries::default();
    entries.add("name", string(&domain.name));
    entries.add("description", string(&line(&domain.description)));
    entries.add("service", string(&options.service));
    if let Some(broker) = &options.broker {
        entries.add("broker", string(broker));
    }
    entries.add("engine", string(if options.is_mongodb { "mongodb" } else { "mariadb" }));
    entries.add("database", string(&options.database_name));
    if let Some(loose) = &domain.loose {
        entries.comment(out, "once", loose);
        entries.add("once", "false".to_owned());
    }
    let of_calls = domain.calls.iter().flat_map(|call| &call.args).map(|arg| &arg.ty);
    let mut texts = domain.fields.iter().map(|field| &field.ty).chain(of_calls);
    let allowed: Vec<(&str, &str)> = [
        ("B0322", domain.fields.iter().any(says_null), "a default is the text NULL"),
        ("B0903", texts.any(is_always_empty), "a column or an argument keeps only the empty text"),
        ("B0907", domain.names().any(may_look_odd), "the database has names that look like something else"),
    ]
    .into_iter()
    .filter_map(|(code, is, why)| is.then_some((code, why)))
    .collect();
    if !allowed.is_empty() {
        let why: Vec<&str> = allowed.iter().map(|(_, why)| *why).collect();
        entries.comment(out, "allow", &why.join("; "));
        let codes: Vec<String> = allowed.iter().map(|(code, _)| string(code)).collect();
        entries.add("allow", format!("[{}]", codes.join(", ")));
    }
    entries.write(out);
}

/// Whether the only text of a type is the empty one.
fn is_always_empty(ty: &Ty) -> bool {
    ty.keys.iter().any(|(key, value)| *key == "pattern" && *value == string(EMPTY))
}

/// Whether the compiler would take the default for a mistake: a text that spells null.
fn says_null(field: &Field) -> bool {
    let is_text = matches!(field.ty.name, "string" | "text");
    is_text
        && matches!(&field.supply, Supply::Default(value)
            if ["\"null\"", "\"nil\""].contains(&value.to_ascii_lowercase().as_str()))
}

/// Whether the compiler may take a name of the database for a mistake.
fn may_look_odd(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_plain = name.chars().all(|letter| letter.is_alphanumeric() || "_$-# ".contains(letter));
    !is_plain || name.starts_with(' ') || lower.starts_with("call ") || lower.contains(" as ")
}

fn field(field: &Field, is_writable: bool) -> String {
    let mut parts = vec![format!("type = \"{}\"", field.ty.name)];
    for (key, value) in &field.ty.keys {
        // Bounds are for what clients write.
        let is_bound = field.ty.name == "int" && matches!(*key, "min" | "max");
        if is_writable || !is_bound {
            parts.push(format!("{key} = {value}"));
        }
    }
    let column = &field.column;
    let mut flag = |is: bool, text: &str| {
        if is {
            parts.push(text.to_owned());
        }
    };
    flag(field.key, "key = true");
    flag(field.version, "version = true");
    if !field.version {
        match &field.supply {
            Supply::Required => {
                flag(true, "required = true");
                // A client may choose null instead of a default that only the database knows.
                flag(column.nullable && !field.key && has_default(column), "nullable = true");
            }
            Supply::Default(value) => {
                flag(true, &format!("default = {value}"));
                flag(column.nullable, "nullable = true");
            }
            Supply::Database => {
                flag(true, "generated = \"database\"");
                flag(column.nullable && !field.key, "nullable = true");
            }
            Supply::Optional => {}
        }
    }
    flag(field.unique, "unique = true");
    flag(field.sensitive, "sensitive = true");
    flag(field.name != column.name, &format!("column = {}", string(&column.name)));
    let comment = line(column.comment.trim());
    flag(!comment.is_empty(), &format!("description = {}", string(&comment)));
    format!("{{ {} }}", parts.join(", "))
}

fn has_default(column: &Column) -> bool {
    matches!(column.default, Supplied::Constant(_))
}

fn names(domain: &Domain, fields: &[usize]) -> String {
    let names: Vec<String> = fields.iter().map(|at| string(&domain.fields[*at].name)).collect();
    format!("[{}]", names.join(", "))
}

fn objects(out: &mut String, domain: &Domain) {
    let Some((kind, name)) = &domain.source else { return };
    let key = match kind {
        RelationKind::Table => "table",
        RelationKind::View => "view",
        RelationKind::Collection => "collection",
    };
    out.push_str("\n[objects]\n");
    let mut entries = Entries::default();
    entries.add("read", format!("{{ {key} = {} }}", string(name)));
    for (operation, object) in
        [("create", &domain.create), ("update", &domain.update), ("delete", &domain.delete)]
    {
        let text = match object {
            None => continue,
            Some(Object::Collection(name)) => format!("collection = {}", string(name)),
            Some(Object::Procedure { name, args, returns }) => {
                let returns = match returns.as_slice() {
                    [] => String::new(),
                    returns => format!(", returns = {}", names(domain, returns)),
                };
                format!("procedure = {}, args = {}{returns}", string(name), names(domain, args))
            }
        };
        entries.add(operation, format!("{{ {text} }}"));
    }
    entries.write(out);
    out.push_str("\n[fetch]\n");
    let mut entries = Entries::default();
    entries.add("filter", names(domain, &domain.filter));
    entries.add("sort", names(domain, &domain.sort));
    entries.add("limit", "{ default = 50, max = 500 }".to_owned());
    entries.write(out);
}

fn call(out: &mut String, call: &Call) {
    out.push('\n');
    for note in &call.notes {
        let _ = writeln!(out, "# {}: {}", call.name, line(note));
    }
    let key = match call.kind {
        RoutineKind::Procedure => "procedure",
        RoutineKind::Function => "function",
    };
    let lane = match call.lane {
        Lane::Read => "read",
        Lane::Write => "write",
    };
    let _ = writeln!(out, "[calls.{}]", call.name);
    let mut entries = Entries::default();
    entries.add(key, string(&call.routine));
    entries.add("description", string(&line(&call.description)));
    entries.add("lane", string(lane));
    if call.commits {
        entries.add("commits", "true".to_owned());
    }
    if let Some(returns) = &call.returns {
        entries.add("returns", returns.inline());
    }
    entries.write(out);
    if call.args.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n[calls.{}.args]", call.name);
    let mut entries = Entries::default();
    for arg in &call.args {
        let mut ty = arg.ty.clone();
        if let Some(note) = &ty.note {
            entries.comment(out, &arg.name, note);
        }
        match arg.direction {
            Direction::In => {}
            Direction::Out | Direction::InOut => ty.keys.push(("mode", string(arg.direction.as_str()))),
        }
        if arg.nullable {
            ty.keys.push(("nullable", "true".into()));
        }
        entries.add(&arg.name, ty.inline());
    }
    entries.write(out);
}
