//! From a TOML table to a [`RawTemplate`].

use toml::de::{DeTable, DeValue};

use super::{
    Given, RawCall, RawFetch, RawField, RawHeader, RawLimit, RawObject, RawObjects, RawReturns, RawTemplate,
    keys::{self, Keys, Refused, Value},
    stray,
};
use crate::{
    diagnostic::{Errors, shape},
    model::Operations,
    span::{FileId, Spanned},
};

const SECTIONS: &[&str] = &["template", "fields", "objects", "fetch", "calls"];
pub(super) const HEADER: &[&str] = &["name", "description", "service", "broker", "engine", "database"];
pub(super) const OBJECTS: &[&str] = &["read", "create", "update", "delete"];
const READ: &[&str] = &["view", "table", "collection"];
const WRITE: &[&str] = &["procedure", "collection", "args", "returns", "commits"];
pub(super) const FETCH: &[&str] = &["filter", "sort", "limit"];
const LIMIT: &[&str] = &["default", "max"];
const CALL: &[&str] =
    &["description", "procedure", "function", "pipeline", "on", "lane", "args", "returns", "commits"];
const FIELD: &[&str] = &[
    "type",
    "description",
    "column",
    "key",
    "generated",
    "required",
    "nullable",
    "default",
    "unique",
    "immutable",
    "version",
    "sensitive",
    "min",
    "max",
    "pattern",
    "values",
    "precision",
    "scale",
    "unsigned",
    "items",
    "fields",
    "mode",
];

/// Reads what is written, and reports keys that mean nothing and values of the wrong kind.
pub fn read(mut table: DeTable<'_>, file: FileId, errors: &mut Errors) -> RawTemplate {
    stray::lift(&mut table, file, errors);
    let mut keys = Keys::new(&table, file, "the template".to_owned(), SECTIONS, errors);
    let template = RawTemplate {
        file,
        header: keys.take("template", "a table", |value, file, errors| {
            section(value, file, errors, "template", HEADER, header)
        }),
        fields: keys.take("fields", "a table of fields", fields),
        objects: keys.take("objects", "a table", |value, file, errors| {
            section(value, file, errors, "objects", OBJECTS, objects)
        }),
        fetch: keys.take("fetch", "a table", |value, file, errors| {
            section(value, file, errors, "fetch", FETCH, fetch)
        }),
        calls: keys.take("calls", "a table of calls", calls),
        by_hand: Operations::default(),
    };
    keys.finish_sections();
    template
}

fn section<T>(
    value: &Value<'_>,
    file: FileId,
    errors: &mut Errors,
    name: &str,
    known: &'static [&'static str],
    read: impl FnOnce(&mut Keys<'_, '_, '_>) -> T,
) -> Result<T, Refused> {
    table(value, file, errors, format!("`[{name}]`"), known, read)
}

fn table<T>(
    value: &Value<'_>,
    file: FileId,
    errors: &mut Errors,
    place: String,
    known: &'static [&'static str],
    read: impl FnOnce(&mut Keys<'_, '_, '_>) -> T,
) -> Result<T, Refused> {
    let DeValue::Table(table) = value.get_ref() else { return Err(Refused::Kind) };
    let mut keys = Keys::new(table, file, place, known, errors);
    let read = read(&mut keys);
    keys.finish();
    Ok(read)
}

fn header(keys: &mut Keys<'_, '_, '_>) -> RawHeader {
    RawHeader {
        name: keys.text("name"),
        description: keys.text("description"),
        service: keys.text("service"),
        broker: keys.text("broker"),
        engine: keys.text("engine"),
        database: keys.text("database"),
    }
}

fn objects(keys: &mut Keys<'_, '_, '_>) -> RawObjects {
    let mut object = |name: &'static str| {
        keys.take(name, "a table such as { view = \"…\" }", |value, file, errors| {
            // A key that only the other operations have is unknown here, and the suggestions say so.
            let known = if name == "read" { READ } else { WRITE };
            table(value, file, errors, format!("`objects.{name}`"), known, |keys| RawObject {
                view: keys.text("view"),
                table: keys.text("table"),
                collection: keys.text("collection"),
                procedure: keys.text("procedure"),
                args: keys.names("args"),
                returns: keys.names("returns"),
                commits: keys.flag("commits"),
            })
        })
    };
    RawObjects {
        read: object("read"),
        create: object("create"),
        update: object("update"),
        delete: object("delete"),
    }
}

fn fetch(keys: &mut Keys<'_, '_, '_>) -> RawFetch {
    RawFetch {
        filter: keys.names("filter"),
        sort: keys.names("sort"),
        limit: keys.take("limit", "a table such as { default = 50, max = 500 }", |value, file, errors| {
            table(value, file, errors, "`fetch.limit`".to_owned(), LIMIT, |keys| RawLimit {
                default: keys.int("default"),
                max: keys.int("max"),
            })
        }),
    }
}

/// Reads a table of fields, by name.
fn fields(value: &Value<'_>, file: FileId, errors: &mut Errors) -> Result<Vec<RawField>, Refused> {
    let DeValue::Table(table) = value.get_ref() else { return Err(Refused::Kind) };
    let pairs = keys::pairs(table, file, errors);
    Ok(pairs
        .into_iter()
        .map(|pair| field(Spanned::new(pair.key.value.to_owned(), pair.key.span), pair.value, file, errors))
        .collect())
}

/// Reads whatever has a type; a string alone is the type's name.
fn field(name: Spanned<String>, value: &Value<'_>, file: FileId, errors: &mut Errors) -> RawField {
    let mut field = RawField::new(name);
    let at = keys::span(file, value.span());
    match value.get_ref() {
        DeValue::String(ty) => {
            let value = Spanned::new(ty.to_string(), at);
            field.ty = Given::Is(super::Entry { key: at, value });
        }
        DeValue::Table(table) => {
            let mut keys = Keys::new(table, file, format!("`{}`", field.name.value), FIELD, errors);
            fill(&mut field, &mut keys);
            keys.finish();
        }
        other => {
            let expected = "a type, or a table such as { type = \"string\" }";
            errors.push(shape::wrong_shape(at, &field.name.value, expected, keys::kind(other)));
            field.is_broken = true;
        }
    }
    field
}

fn fill(field: &mut RawField, keys: &mut Keys<'_, '_, '_>) {
    field.ty = keys.text("type");
    field.description = keys.text("description");
    field.column = keys.text("column");
    field.generated = keys.text("generated");
    field.mode = keys.text("mode");
    field.key = keys.flag("key");
    field.required = keys.flag("required");
    field.nullable = keys.flag("nullable");
    field.unique = keys.flag("unique");
    field.immutable = keys.flag("immutable");
    field.version = keys.flag("version");
    field.sensitive = keys.flag("sensitive");
    field.unsigned = keys.flag("unsigned");
    field.default = keys.constant("default");
    field.min = keys.constant("min");
    field.max = keys.constant("max");
    field.pattern = keys.text("pattern");
    field.values = keys.names("values");
    field.precision = keys.int("precision");
    field.scale = keys.int("scale");
    field.items =
        keys.take("items", "a type, or a table such as { type = \"string\" }", |value, file, errors| {
            let name = Spanned::new("items".to_owned(), keys::span(file, value.span()));
            let item = self::field(name, value, file, errors);
            if item.is_broken { Err(Refused::Reported) } else { Ok(Box::new(item)) }
        });
    field.fields = keys.take("fields", "a table of fields", fields);
}

fn calls(value: &Value<'_>, file: FileId, errors: &mut Errors) -> Result<Vec<RawCall>, Refused> {
    let DeValue::Table(table) = value.get_ref() else { return Err(Refused::Kind) };
    let pairs = keys::pairs(table, file, errors);
    Ok(pairs
        .into_iter()
        .map(|pair| call(Spanned::new(pair.key.value.to_owned(), pair.key.span), pair.value, file, errors))
        .collect())
}

fn call(name: Spanned<String>, value: &Value<'_>, file: FileId, errors: &mut Errors) -> RawCall {
    let mut call = RawCall::new(name);
    let DeValue::Table(table) = value.get_ref() else {
        let at = keys::span(file, value.span());
        errors.push(shape::wrong_shape(at, &call.name.value, "a table", keys::kind(value.get_ref())));
        call.is_broken = true;
        return call;
    };
    let mut keys = Keys::new(table, file, format!("`[calls.{}]`", call.name.value), CALL, errors);
    call.description = keys.text("description");
    call.procedure = keys.text("procedure");
    call.function = keys.text("function");
    call.pipeline = keys.text("pipeline");
    call.on = keys.text("on");
    call.lane = keys.text("lane");
    call.args = keys.take("args", "a table of arguments", fields);
    call.returns = keys.take("returns", "\"nothing\", { type = … } or { rows = { … } }", returns);
    call.commits = keys.flag("commits");
    keys.finish();
    call
}

fn returns(value: &Value<'_>, file: FileId, errors: &mut Errors) -> Result<RawReturns, Refused> {
    match value.get_ref() {
        DeValue::String(word) => Ok(RawReturns::Word(word.to_string())),
        DeValue::Table(keys) if keys.contains_key("rows") => {
            let rows = table(value, file, errors, "`returns`".to_owned(), &["rows"], |keys| {
                keys.take("rows", "a table of fields", fields)
            })?;
            match rows {
                Given::Is(rows) => Ok(RawReturns::Rows(rows.value.value)),
                Given::Absent | Given::Broken => Err(Refused::Reported),
            }
        }
        DeValue::Table(_) => {
            let name = Spanned::new("returns".to_owned(), keys::span(file, value.span()));
            Ok(RawReturns::Scalar(Box::new(field(name, value, file, errors))))
        }
        _ => Err(Refused::Kind),
    }
}

impl RawField {
    /// A field of which nothing is written yet.
    #[must_use]
    pub fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            is_broken: false,
            ty: Given::Absent,
            description: Given::Absent,
            column: Given::Absent,
            generated: Given::Absent,
            mode: Given::Absent,
            key: Given::Absent,
            required: Given::Absent,
            nullable: Given::Absent,
            unique: Given::Absent,
            immutable: Given::Absent,
            version: Given::Absent,
            sensitive: Given::Absent,
            unsigned: Given::Absent,
            default: Given::Absent,
            min: Given::Absent,
            max: Given::Absent,
            pattern: Given::Absent,
            values: Given::Absent,
            precision: Given::Absent,
            scale: Given::Absent,
            items: Given::Absent,
            fields: Given::Absent,
        }
    }
}

impl RawCall {
    /// A call of which nothing is written yet.
    #[must_use]
    pub fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            is_broken: false,
            description: Given::Absent,
            procedure: Given::Absent,
            function: Given::Absent,
            pipeline: Given::Absent,
            on: Given::Absent,
            lane: Given::Absent,
            args: Given::Absent,
            returns: Given::Absent,
            commits: Given::Absent,
        }
    }
}
