//! The text of a template for an entity, with the place in the model from which each line comes.

use std::fmt::Write as _;

use beds_protocol::{ArgMode, Engine, Generated, Lane};
use serde_json::Value;

use crate::{
    model::{Access, Arg, Call, Constant, Entity, Events, Field, Kind, Model, Operation, Part},
    names,
};

/// A text whose lines know their places in the model.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    paths: Vec<String>,
}

impl Lines {
    /// Adds a line.
    fn add(&mut self, path: impl Into<String>, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
        self.paths.push(path.into());
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The place in the model of a line, counted from 1.
    pub(super) fn path(&self, line: usize) -> &str {
        line.checked_sub(1).and_then(|index| self.paths.get(index)).map_or("", String::as_str)
    }
}

/// The template of an entity.
pub(super) fn template(model: &Model, index: usize, entity: &Entity) -> Lines {
    let path = format!("entities[{index}]");
    let at = |member: &str| format!("{path}.{member}");
    let mut lines = Lines::default();
    lines.add(&path, "[template]");
    lines.add(at("name"), format!("name = {}", quoted(&entity.name)));
    if !entity.description.is_empty() {
        lines.add(at("description"), format!("description = {}", quoted(&entity.description)));
    }
    lines.add(&path, "service = \"app_server\"");
    lines.add("engine", format!("engine = {}", quoted(model.engine.as_str())));
    lines.add("database", format!("database = {}", quoted(&model.database)));
    lines.add(&path, "");
    lines.add(at("fields"), "[fields]");
    for (index, field) in entity.fields.iter().enumerate() {
        let text = format!("{} = {{ {} }}", field.name, self::field(model.engine, entity, field));
        lines.add(at(&format!("fields[{index}]")), text);
    }
    objects(model.engine, entity, &path, &mut lines);
    fetch(entity, &path, &mut lines);
    if let Some(events) = &entity.events {
        self::events(events, &path, &mut lines);
    }
    if let Some(access) = &entity.access {
        self::access(access, &path, &mut lines);
    }
    for (index, call) in entity.calls.iter().enumerate() {
        self::call(model.engine, entity, call, &format!("{path}.calls[{index}]"), &mut lines);
    }
    lines
}

fn field(engine: Engine, entity: &Entity, field: &Field) -> String {
    let mut text = kind(&field.kind);
    let mut add = |name: &str, value: String| {
        let _ = write!(text, ", {name} = {value}");
    };
    // MongoDB gives each document an `_id` in any case, so it is the key.
    if engine == Engine::MongoDb && field.key && entity.key().count() == 1 {
        add("column", quoted("_id"));
    }
    if let Some(generated) = field.generated {
        add("generated", quoted(generated.as_str()));
    }
    if let Some(default) = &field.default {
        add("default", constant(default));
    }
    let flags = [
        ("key", field.key),
        ("required", field.required),
        ("unique", field.unique),
        ("immutable", field.immutable),
        ("version", field.version),
        ("sensitive", field.sensitive),
    ];
    for (name, _) in flags.into_iter().filter(|(_, is_set)| *is_set) {
        add(name, "true".to_owned());
    }
    if !field.description.is_empty() {
        add("description", quoted(&field.description));
    }
    text
}

/// A type with its bounds, as the members of an inline table.
fn kind(kind: &Kind) -> String {
    let mut text = format!("type = {}", quoted(kind.ty.as_str()));
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(text, ", {name} = {value}");
        }
    };
    add("unsigned", kind.unsigned.then(|| "true".to_owned()));
    add("precision", kind.precision.map(|digits| digits.to_string()));
    add("scale", kind.scale.map(|digits| digits.to_string()));
    add("min", kind.min.as_ref().map(constant));
    add("max", kind.max.as_ref().map(constant));
    add("pattern", kind.pattern.as_deref().map(quoted));
    add("values", kind.values.as_ref().map(|values| list(values)));
    add("items", kind.items.as_ref().map(|item| format!("{{ {} }}", self::kind(item))));
    add("fields", kind.members.as_ref().map(|members| parts(members)));
    add("nullable", kind.nullable.then(|| "true".to_owned()));
    text
}

fn parts(parts: &[Part]) -> String {
    let part = |part: &Part| {
        let mut text = format!("{} = {{ {}", part.name, kind(&part.kind));
        for (name, _) in
            [("required", part.required), ("sensitive", part.sensitive)].iter().filter(|(_, is_set)| *is_set)
        {
            let _ = write!(text, ", {name} = true");
        }
        if !part.description.is_empty() {
            let _ = write!(text, ", description = {}", quoted(&part.description));
        }
        text.push_str(" }");
        text
    };
    format!("{{ {} }}", parts.iter().map(part).collect::<Vec<_>>().join(", "))
}

/// The objects behind the operations.
fn objects(engine: Engine, entity: &Entity, path: &str, lines: &mut Lines) {
    let path = format!("{path}.operations");
    lines.add(&path, "");
    lines.add(&path, "[objects]");
    for &operation in &entity.operations {
        let many = match (operation, entity.many) {
            (Operation::Update | Operation::Delete, Some(many)) => format!(", many = {many}"),
            (Operation::Fetch | Operation::Create | Operation::Upsert, _) | (_, None) => String::new(),
        };
        let line = match (operation, engine) {
            (Operation::Fetch, _) => format!("read = {{ view = {} }}", quoted(&names::view(&entity.name))),
            (_, Engine::MariaDb) => format!(
                "{} = {{ procedure = {}, args = {}{}{many} }}",
                operation.as_str(),
                quoted(&names::procedure(&entity.name, operation.as_str())),
                list(&args(entity, operation)),
                returns(entity, operation),
            ),
            (_, Engine::MongoDb) => {
                format!("{} = {{ collection = {}{many} }}", operation.as_str(), quoted(&entity.name))
            }
        };
        lines.add(&path, line);
    }
}

/// The fields that an operation's procedure takes.
fn args(entity: &Entity, operation: Operation) -> Vec<String> {
    let takes = |field: &&Field| {
        let by_database = field.generated == Some(Generated::Database);
        match operation {
            Operation::Create => !field.version && !by_database,
            Operation::Upsert => field.key || (!field.version && !by_database),
            Operation::Update => {
                field.key || field.version || !(field.immutable || field.generated.is_some())
            }
            Operation::Delete => field.key || field.version,
            Operation::Fetch => false,
        }
    };
    entity.fields.iter().filter(takes).map(|field| field.name.clone()).collect()
}

/// Only the database knows a key that it counts, so `create` returns it.
fn returns(entity: &Entity, operation: Operation) -> String {
    let keys: Vec<String> = entity.key().map(|field| field.name.clone()).collect();
    let is_counted = entity.key().any(|field| field.generated == Some(Generated::Database));
    if operation == Operation::Create && is_counted {
        format!(", returns = {}", list(&keys))
    } else {
        String::new()
    }
}

/// A list of names, one on each line, so that each has a place.
fn names_at(key: &str, names: &[String], path: &str, lines: &mut Lines) {
    if names.is_empty() {
        return;
    }
    lines.add(path, format!("{key} = ["));
    for (index, name) in names.iter().enumerate() {
        lines.add(format!("{path}[{index}]"), format!("    {},", quoted(name)));
    }
    lines.add(path, "]");
}

fn fetch(entity: &Entity, path: &str, lines: &mut Lines) {
    if !entity.offers(Operation::Fetch) {
        return;
    }
    lines.add(path, "");
    lines.add(path, "[fetch]");
    names_at("filter", &entity.filters, &format!("{path}.filters"), lines);
    names_at("sort", &entity.sorts, &format!("{path}.sorts"), lines);
    if let Some(limit) = entity.limit {
        let line = format!("limit = {{ default = {}, max = {} }}", limit.default, limit.max);
        lines.add(format!("{path}.limit"), line);
    }
}

fn events(events: &Events, path: &str, lines: &mut Lines) {
    let path = format!("{path}.events");
    lines.add(&path, "");
    lines.add(&path, "[events]");
    names_at("publish", &events.publish, &format!("{path}.publish"), lines);
    names_at("fields", &events.fields, &format!("{path}.fields"), lines);
}

fn access(access: &Access, path: &str, lines: &mut Lines) {
    let path = format!("{path}.access");
    lines.add(&path, "");
    lines.add(&path, "[access]");
    let (mut operations, mut calls) = (Vec::new(), Vec::new());
    for (index, grant) in access.grants.iter().enumerate() {
        let path = format!("{path}.grants[{index}]");
        match grant.operation.strip_prefix("call.") {
            Some(call) => calls.push((path, call, &grant.roles)),
            None => operations.push((path, grant.operation.as_str(), &grant.roles)),
        }
    }
    for (path, name, roles) in operations {
        lines.add(path, format!("{} = {}", key(name), list(roles)));
    }
    if !calls.is_empty() {
        lines.add(&path, "");
        lines.add(&path, "[access.calls]");
    }
    for (path, name, roles) in calls {
        lines.add(path, format!("{} = {}", key(name), list(roles)));
    }
    let mut roles: Vec<&str> = Vec::new();
    for rows in &access.rows {
        if !roles.contains(&rows.role.as_str()) {
            roles.push(&rows.role);
        }
    }
    for role in roles {
        lines.add(format!("{path}.rows"), "");
        lines.add(format!("{path}.rows"), format!("[access.rows.{}]", key(role)));
        for (index, rows) in access.rows.iter().enumerate().filter(|(_, rows)| rows.role == role) {
            let values: Vec<String> = rows.values.iter().map(constant).collect();
            let line = format!("{} = [{}]", key(&rows.field), values.join(", "));
            lines.add(format!("{path}.rows[{index}]"), line);
        }
    }
    if !access.fields.is_empty() {
        lines.add(&path, "");
        lines.add(&path, "[access.fields]");
    }
    for (index, fields) in access.fields.iter().enumerate() {
        let lists = [("hidden", &fields.hidden), ("readonly", &fields.readonly)];
        let lists = lists.iter().filter(|(_, names)| !names.is_empty());
        let members: Vec<String> = lists.map(|(which, names)| format!("{which} = {}", list(names))).collect();
        let line = format!("{} = {{ {} }}", key(&fields.role), members.join(", "));
        lines.add(format!("{path}.fields[{index}]"), line);
    }
}

fn call(engine: Engine, entity: &Entity, call: &Call, path: &str, lines: &mut Lines) {
    lines.add(path, "");
    lines.add(format!("{path}.name"), format!("[calls.{}]", call.name));
    if !call.description.is_empty() {
        lines.add(format!("{path}.description"), format!("description = {}", quoted(&call.description)));
    }
    match engine {
        Engine::MariaDb => {
            let name = names::procedure(&entity.name, &call.name);
            lines.add(format!("{path}.name"), format!("procedure = {}", quoted(&name)));
            lines.add(format!("{path}.lane"), format!("lane = {}", quoted(call.lane.as_str())));
        }
        Engine::MongoDb => {
            let file = names::pipeline(&entity.name, &call.name);
            lines.add(format!("{path}.pipeline"), format!("pipeline = {}", quoted(&file)));
            lines.add(format!("{path}.pipeline"), format!("on = {}", quoted(&entity.name)));
            if call.lane == Lane::Write {
                lines.add(format!("{path}.lane"), "lane = \"write\"");
            }
        }
    }
    match (&call.rows, engine) {
        (Some(rows), _) => {
            lines.add(format!("{path}.rows"), format!("returns = {{ rows = {} }}", parts(rows)));
        }
        (None, Engine::MariaDb) => lines.add(format!("{path}.rows"), "returns = \"nothing\""),
        // The result of a pipeline is shown as it comes.
        (None, Engine::MongoDb) => {}
    }
    if !call.args.is_empty() {
        lines.add(format!("{path}.args"), "");
        lines.add(format!("{path}.args"), format!("[calls.{}.args]", call.name));
    }
    for (index, arg) in call.args.iter().enumerate() {
        lines.add(format!("{path}.args[{index}]"), format!("{} = {{ {} }}", arg.name, self::arg(arg)));
    }
}

fn arg(arg: &Arg) -> String {
    let mut text = kind(&arg.kind);
    match arg.mode {
        Some(ArgMode::In) | None => {}
        Some(mode @ (ArgMode::Out | ArgMode::InOut)) => {
            let _ = write!(text, ", mode = {}", quoted(mode.as_str()));
        }
    }
    if let Some(default) = &arg.default {
        let _ = write!(text, ", default = {}", constant(default));
    }
    if arg.sensitive {
        text.push_str(", sensitive = true");
    }
    if !arg.description.is_empty() {
        let _ = write!(text, ", description = {}", quoted(&arg.description));
    }
    text
}

/// A key, in quotes only if it needs them, such as `*`.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_bare { name.to_owned() } else { quoted(name) }
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

fn constant(value: &Constant) -> String {
    match value {
        Constant::Bool(value) => value.to_string(),
        Constant::Number(value) => value.to_string(),
        Constant::Text(value) => quoted(value),
    }
}

/// A string of TOML. Its escapes are those of JSON: invisible characters were refused before.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
