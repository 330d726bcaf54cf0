//! The template that reads old records: the old template under another name, with nothing that a migration does not
//! need.

use beds_protocol::{Engine, shown};
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

/// The role that may read old records: the one that may start migrations.
pub const ROLE: &str = "operator";

/// A template that reads old records.
pub(super) struct Reduced {
    pub(super) text: String,
    pub(super) engine: Engine,
    pub(super) database: String,
    /// Whether it reads anything.
    pub(super) is_read: bool,
}

/// Reduces the template `name`, which gets the name `new`.
pub(super) fn reduced(text: &str, name: &str, new: &str) -> Result<Reduced, String> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let root = document.as_table_mut();
    root.retain(|key, _| matches!(key, "template" | "fields" | "objects" | "fetch"));
    let header = part(root, "template")?;
    let word = |header: &dyn TableLike, key: &str| header.get(key).and_then(Item::as_str).map(str::to_owned);
    if word(header, "name").as_deref() != Some(name) {
        return Err(format!("its name is not {}", shown(name)));
    }
    let engine =
        word(header, "engine").and_then(|engine| Engine::from_name(&engine)).ok_or("it has no `engine`")?;
    let database = word(header, "database").ok_or("it has no `database`")?;
    keep(header, &["name", "description", "engine", "database", "allow"]);
    header.insert("name", value(new));
    header.insert("service", value("app_server"));
    let fields = part(root, "fields")?;
    for (_, field) in fields.iter_mut() {
        reduce_field(field);
    }
    let objects = part(root, "objects").ok();
    let is_read = objects.is_some_and(|objects| {
        keep(objects, &["read"]);
        objects.contains_key("read")
    });
    let mut access = Table::new();
    access.insert("fetch", value(Value::from_iter([ROLE])));
    root.insert("access", Item::Table(access));
    Ok(Reduced { text: document.to_string(), engine, database, is_read })
}

fn part<'d>(root: &'d mut Table, name: &str) -> Result<&'d mut dyn TableLike, String> {
    root.get_mut(name).and_then(Item::as_table_like_mut).ok_or_else(|| format!("it has no `[{name}]`"))
}

fn keep(table: &mut dyn TableLike, names: &[&str]) {
    let others: Vec<String> = table
        .iter()
        .map(|(name, _)| name.to_owned())
        .filter(|name| !names.contains(&name.as_str()))
        .collect();
    for name in others {
        table.remove(&name);
    }
}

/// Nobody creates records by this template. A value that each record has is a required one, whoever made it.
fn reduce_field(field: &mut Item) {
    if let Some(ty) = field.as_str() {
        let ty = ty.to_owned();
        let mut short = InlineTable::new();
        short.insert("type", ty.into());
        *field = value(short);
    }
    let Some(field) = field.as_table_like_mut() else { return };
    let is_set = |name: &str| field.get(name).and_then(Item::as_bool).unwrap_or(false);
    let is_filled = ["default", "generated"].iter().any(|name| field.contains_key(name)) || is_set("version");
    let is_required = is_filled && !is_set("key") && !is_set("nullable");
    for name in ["default", "generated", "version", "immutable"] {
        field.remove(name);
    }
    if is_required {
        field.insert("required", value(true));
    }
}
