//! A domain as the text of a template, commented for the DBA who will own it.

use std::fmt::Write as _;

use beds_protocol::Lane;

use super::{
    Options,
    domain::{Call, Domain, Object},
    fields::{Field, Supply},
    literal::string,
};
use beds_core::inspect::{Column, Direction, RelationKind, RoutineKind, Supplied};

/// The text of a template.
pub(super) fn template(domain: &Domain, database: &str, options: &Options) -> String {
    let mut out = String::new();
    let what = match &domain.source {
        Some((kind, name)) => format!("`{}`, a {} of the database `{database}`", line(name), kind.as_str()),
        None => format!("Procedures and functions of the database `{database}`"),
    };
    let _ = writeln!(out, "# {what}. Written by `beds import`: from now on it is yours.");
    comments(&mut out, "Not expressed", &domain.left_out);
    comments(&mut out, "Null to clients, since JSON has no form for it", &domain.nulls());
    comments(&mut out, "Worth a look", &domain.notes);
    header(&mut out, domain, options);
    if !domain.fields.is_empty() {
        out.push_str("\n[fields]\n");
        let width = domain.fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
        for field in &domain.fields {
            for note in &field.notes {
                let _ = writeln!(out, "# {}: {}", field.name, line(note));
            }
            let _ = writeln!(
                out,
                "{:width$} = {}",
                field.name,
                self::field(field, domain.is_writable() || (field.key && domain.delete.is_some()))
            );
        }
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

/// A text on one line, so that it stays inside of its comment.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn header(out: &mut String, domain: &Domain, options: &Options) {
    let _ = writeln!(out, "\n[template]\nname = {}", string(&domain.name));
    let _ = writeln!(out, "description = {}", string(&line(&domain.description)));
    let _ = writeln!(out, "service = {}", string(&options.service));
    if let Some(broker) = &options.broker {
        let _ = writeln!(out, "broker = {}", string(broker));
    }
    let engine = if options.is_mongodb { "mongodb" } else { "mariadb" };
    let _ = writeln!(out, "engine = \"{engine}\"\ndatabase = {}", string(&options.database_name));
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
                // Null is what a client may choose in place of a default that only the database knows.
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
    let _ = writeln!(out, "\n[objects]\nread   = {{ {key} = {} }}", string(name));
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
        let _ = writeln!(out, "{operation} = {{ {text} }}");
    }
    let _ = writeln!(out, "\n[fetch]\nfilter = {}", names(domain, &domain.filter));
    let _ = writeln!(out, "sort   = {}", names(domain, &domain.sort));
    out.push_str("limit  = { default = 50, max = 500 }\n");
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
    let _ = writeln!(out, "[calls.{}]\n{key} = {}", call.name, string(&call.routine));
    let _ = writeln!(out, "description = {}\nlane = \"{lane}\"", string(&line(&call.description)));
    if call.commits {
        out.push_str("commits = true\n");
    }
    if let Some(returns) = &call.returns {
        let _ = writeln!(out, "returns = {}", returns.inline());
    }
    if call.args.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n[calls.{}.args]", call.name);
    let width = call.args.iter().map(|arg| arg.name.len()).max().unwrap_or(0);
    for arg in &call.args {
        let mut ty = arg.ty.clone();
        if let Some(note) = &ty.note {
            let _ = writeln!(out, "# {}: {}", arg.name, line(note));
        }
        match arg.direction {
            Direction::In => {}
            Direction::Out | Direction::InOut => ty.keys.push(("mode", string(arg.direction.as_str()))),
        }
        if arg.nullable {
            ty.keys.push(("nullable", "true".into()));
        }
        let _ = writeln!(out, "{:width$} = {}", arg.name, ty.inline());
    }
}
