//! From a tree of keys and values to the raw template, for both fronts.

use super::{
    Form, Given, RawAge, RawAudit, RawCall, RawEvents, RawFetch, RawField, RawHeader, RawLifecycle, RawLimit,
    RawObject, RawObjects, RawReturns, RawTemplate,
    access::access,
    hint,
    keys::{self, Keys, Refused},
    stray, typed_key,
};
use crate::{
    diagnostic::{ErrorSink, places, shape},
    front::{Example, Front, Whole},
    meant,
    part::{Part, Place},
    span::{FileId, Span, Spanned},
    tree::{Entry, Node, Scalar, Table, Value},
};

const A_TYPE: Example<'_> = Example::Keys(&[("type", Example::Is("\"string\""))]);
const A_VIEW: Example<'_> = Example::Keys(&[("view", Example::Is("\"…\""))]);
const A_PROCEDURE: Example<'_> =
    Example::Keys(&[("procedure", Example::Is("\"…\"")), ("args", Example::Is("[\"…\"]"))]);
const A_FIELD: Example<'_> = Example::Keys(&[("name", A_TYPE)]);

/// A struct with its attributes, in the form that the derive produces.
#[derive(Debug, Clone, PartialEq)]
pub struct Struct {
    /// The position of its name.
    pub name: Span,
    /// The keys of its own `#[beds(…)]`, without `methods`, and the keys that the struct itself implies.
    pub attributes: Table,
    /// Its fields by name, each as a table of the keys of its `#[beds(…)]`.
    pub fields: Table,
}

/// Reads a template, and reports unknown keys and values of the wrong kind.
pub fn from_template(mut table: Table, file: FileId, errors: &mut ErrorSink<'_>) -> RawTemplate {
    let told = stray::lift(&mut table, errors);
    let front = Front::Template;
    let mut keys = Keys::new(table, front, "the template".to_owned(), Part::Sections, errors);
    let template = RawTemplate {
        front,
        whole: Whole::File(file),
        header: keys.table("template", front.section("template"), Part::Header, Example::Any, header),
        fields: keys
            .take("fields", table_of_fields, |node, front, errors| fields(node, Place::Field, front, errors)),
        objects: keys.table("objects", front.section("objects"), Part::Objects, Example::Any, objects),
        fetch: fetch(&mut keys),
        events: events(&mut keys),
        lifecycle: lifecycle(&mut keys),
        audit: audit(&mut keys),
        access: access(&mut keys),
        calls: calls(&mut keys),
    };
    keys.finish_sections(&told);
    template
}

/// Reads a struct like a template. The attributes of the struct stand for several sections at once.
pub fn from_struct(written: Struct, errors: &mut ErrorSink<'_>) -> RawTemplate {
    let Struct { name, attributes, fields } = written;
    let front = Front::Attributes;
    let fields = fields_of(fields, Place::Field, front, errors);
    let mut keys = Keys::new(attributes, front, "`#[beds(…)]` of a struct".to_owned(), Part::Struct, errors);
    let (header, objects) = (header(&mut keys), objects(&mut keys));
    let (fetch, events, lifecycle) = (fetch(&mut keys), events(&mut keys), lifecycle(&mut keys));
    let (audit, access, calls) = (audit(&mut keys), access(&mut keys), calls(&mut keys));
    keys.finish();
    RawTemplate {
        front,
        whole: Whole::Struct(name),
        header: given(name, header),
        fields: given(name, fields),
        objects: given(name, objects),
        fetch,
        events,
        lifecycle,
        audit,
        access,
        calls,
    }
}

/// The values that a struct gives as a whole.
fn given<T>(place: Span, value: T) -> Given<T> {
    Given::Is(super::Entry { key: place, value: Spanned::new(value, place) })
}

fn header(keys: &mut Keys<'_, '_>) -> RawHeader {
    RawHeader {
        name: keys.text("name"),
        description: keys.text("description"),
        service: keys.text("service"),
        broker: keys.text("broker"),
        engine: keys.text("engine"),
        database: keys.text("database"),
        once: keys.flag("once"),
        compatible_with: keys.names("compatible_with"),
        allow: keys.names("allow"),
        module: keys.text("module"),
    }
}

fn objects(keys: &mut Keys<'_, '_>) -> RawObjects {
    let mut object = |name: &'static str| {
        // A key that only the other operations have is unknown here, and the suggestions say so.
        let is_read = name == "read";
        let part = if is_read { Part::Read } else { Part::Write };
        let place = match keys.front {
            Front::Template => format!("`objects.{name}`"),
            Front::Attributes | Front::Parentheses => format!("`{name}(…)`"),
        };
        let example = if is_read { A_VIEW } else { A_PROCEDURE };
        keys.table(name, place, part, example, |keys| RawObject {
            view: keys.text("view"),
            table: keys.text("table"),
            collection: keys.text("collection"),
            procedure: keys.text("procedure"),
            args: keys.names("args"),
            returns: keys.names("returns"),
            commits: keys.flag("commits"),
            many: keys.int("many"),
        })
    };
    RawObjects {
        read: object("read"),
        create: object("create"),
        update: object("update"),
        upsert: object("upsert"),
        delete: object("delete"),
    }
}

fn fetch(keys: &mut Keys<'_, '_>) -> Given<RawFetch> {
    keys.table("fetch", keys.front.section("fetch"), Part::Fetch, Example::Any, |keys| RawFetch {
        filter: keys.names("filter"),
        sort: keys.names("sort"),
        limit: {
            let place = match keys.front {
                Front::Template => "`fetch.limit`",
                Front::Attributes | Front::Parentheses => "`limit(…)`",
            };
            let example = Example::Keys(&[("default", Example::Is("50")), ("max", Example::Is("500"))]);
            keys.table("limit", place.to_owned(), Part::Limit, example, |keys| RawLimit {
                default: keys.int("default"),
                max: keys.int("max"),
            })
        },
    })
}

fn events(keys: &mut Keys<'_, '_>) -> Given<RawEvents> {
    let example = Example::Keys(&[("publish", Example::Is("[\"create\"]"))]);
    keys.table("events", keys.front.section("events"), Part::Events, example, |keys| RawEvents {
        publish: keys.names("publish"),
        fields: keys.names("fields"),
    })
}

fn lifecycle(keys: &mut Keys<'_, '_>) -> Given<RawLifecycle> {
    let example = Example::Keys(&[("ttl", Example::Is("\"400d\""))]);
    let title = keys.front.section("lifecycle");
    keys.table("lifecycle", title, Part::Lifecycle, example, |keys| RawLifecycle {
        ttl: keys.text("ttl"),
        by: keys.text("by"),
        purge: keys.text("purge"),
        warehouse: age(keys, "warehouse", Part::Warehouse),
        cool: age(keys, "cool", Part::Cool),
    })
}

/// When records go elsewhere.
fn age(keys: &mut Keys<'_, '_>, name: &'static str, part: Part) -> Given<RawAge> {
    let place = match keys.front {
        Front::Template => format!("`lifecycle.{name}`"),
        Front::Attributes | Front::Parentheses => format!("`{name}(…)`"),
    };
    let after = ("after", Example::Is("\"90d\""));
    let to = [after, ("to", Example::Is("\"…\""))];
    let example = if part == Part::Warehouse { Example::Keys(&to) } else { Example::Keys(&[after]) };
    keys.table(name, place, part, example, |keys| RawAge {
        after: keys.text("after"),
        by: keys.text("by"),
        to: if part == Part::Warehouse { keys.text("to") } else { Given::Absent },
    })
}

fn audit(keys: &mut Keys<'_, '_>) -> Given<RawAudit> {
    let example = Example::Keys(&[("operations", Example::Is("[\"create\"]"))]);
    keys.table("audit", keys.front.section("audit"), Part::Audit, example, |keys| RawAudit {
        operations: keys.names("operations"),
    })
}

fn table_of_fields(front: Front) -> String {
    match front {
        Front::Template => "a table of fields".to_owned(),
        Front::Attributes | Front::Parentheses => front.table("fields", A_FIELD),
    }
}

/// Reads a table of fields, by name.
fn fields(
    node: Node,
    place: Place,
    front: Front,
    errors: &mut ErrorSink<'_>,
) -> Result<Vec<RawField>, Refused> {
    match node.value {
        Value::Table(table) => Ok(fields_of(table, place, front, errors)),
        other => Err(Refused::Kind(other)),
    }
}

fn fields_of(table: Table, place: Place, front: Front, errors: &mut ErrorSink<'_>) -> Vec<RawField> {
    let entries = keys::entries(table, errors);
    entries.into_iter().map(|Entry { key, value }| field(key, value, place, front, errors)).collect()
}

/// Reads a part with a type. A string alone is the type's name.
pub(crate) fn field(
    name: Spanned<String>,
    node: Node,
    place: Place,
    front: Front,
    errors: &mut ErrorSink<'_>,
) -> RawField {
    let mut field = RawField::new(name);
    let (at, kind) = (node.span, keys::kind(&node.value, front));
    match node.value {
        Value::Scalar(Scalar::Text(ty)) => {
            field.form = Form::Short;
            field.ty = Given::Is(super::Entry { key: at, value: Spanned::new(ty, at) });
        }
        Value::Table(table) => {
            let is_inside = |entry: &Entry| at.start <= entry.key.span.start && entry.key.span.end <= at.end;
            field.form = if table.entries.iter().all(is_inside) { Form::Inline } else { Form::Section };
            if front == Front::Template
                && let Some(diagnostic) =
                    typed_key::report(&field.name, &table, Part::Field(place), field.form)
            {
                errors.push(diagnostic);
                field.is_broken = true;
                return field;
            }
            if let Some(inner) = members(&table, place) {
                // In `note.text = { … }` only the dot separates the names.
                let is_dotted = inner.span.start == field.name.span.end + 1;
                let span = Span { end: inner.span.end, ..field.name.span };
                errors.push(if is_dotted {
                    places::dotted_name(span, &field.name.value, &inner.value)
                } else {
                    shape::untyped_object(field.name.span, &field.name.value, &inner.value)
                });
                field.is_broken = true;
                return field;
            }
            let title = format!("`{}`", field.name.value);
            let mut keys = Keys::new(table, front, title, Part::Field(place), errors);
            fill(&mut field, &mut keys);
            keys.finish();
        }
        Value::Broken => field.is_broken = true,
        other => {
            let expected = format!("a type, or {}", front.table(&field.name.value, A_TYPE));
            let diagnostic = shape::wrong_shape(at, &field.name.value, &expected, kind);
            errors.push(hint::add_to_field(diagnostic, &field.name.value, place, &other));
            field.is_broken = true;
        }
    }
    field
}

/// The first field inside a table that is not a field: `size = { width = "float" }`, and `note.text = { … }`, which
/// makes `note` such a table.
fn members(table: &Table, place: Place) -> Option<Spanned<String>> {
    let part = Part::Field(place);
    let is_member = |entry: &Entry| {
        let key = entry.key.value.as_str();
        let is_misspelt = meant::stands_for(key, part).contains(&"type");
        !part.known().contains(&key) && !is_misspelt && stray::is_field(&entry.value.value)
    };
    let is_object = !table.is_partial && table.entries.iter().all(is_member);
    table.entries.first().filter(|_| is_object).map(|entry| entry.key.clone())
}

fn fill(field: &mut RawField, keys: &mut Keys<'_, '_>) {
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
    let expected = |front: Front| format!("a type, or {}", front.table("items", A_TYPE));
    field.items = keys.take("items", expected, |node, front, errors| {
        let name = Spanned::new("items".to_owned(), node.span);
        let item = self::field(name, node, Place::Item, front, errors);
        if item.is_broken { Err(Refused::Reported) } else { Ok(Box::new(item)) }
    });
    field.fields = keys
        .take("fields", table_of_fields, |node, front, errors| fields(node, Place::Member, front, errors));
}

fn calls(keys: &mut Keys<'_, '_>) -> Given<Vec<RawCall>> {
    let expected = |front: Front| match front {
        Front::Template => "a table of calls".to_owned(),
        Front::Attributes | Front::Parentheses => {
            front.table("calls", Example::Keys(&[("restock", Example::Any)]))
        }
    };
    keys.take("calls", expected, |node, front, errors| {
        let Value::Table(mut table) = node.value else { return Err(Refused::Kind(node.value)) };
        let are_named = stray::name_calls(&mut table, errors);
        let are_joined = stray::join_calls(&mut table, errors);
        let are_known = are_named && !are_joined && !table.is_partial;
        let entries = keys::entries(table, errors);
        let mut calls: Vec<RawCall> =
            entries.into_iter().map(|Entry { key, value }| call(key, value, front, errors)).collect();
        if !are_known {
            let unnamed = RawCall::new(Spanned::new(String::new(), node.span));
            calls.push(RawCall { is_broken: true, ..unnamed });
        }
        Ok(calls)
    })
}

fn call(name: Spanned<String>, node: Node, front: Front, errors: &mut ErrorSink<'_>) -> RawCall {
    let mut call = RawCall::new(name);
    let kind = keys::kind(&node.value, front);
    let Value::Table(table) = node.value else {
        if node.value != Value::Broken {
            let expected = front.table(&call.name.value, Example::Any);
            let diagnostic = shape::wrong_shape(node.span, &call.name.value, &expected, kind);
            errors.push(
                diagnostic
                    .help(format!("write `[calls.{}]`, and below it the keys of the call", call.name.value)),
            );
        }
        call.is_broken = true;
        return call;
    };
    let place = match front {
        Front::Template => format!("`[calls.{}]`", call.name.value),
        Front::Attributes | Front::Parentheses => format!("`{}(…)`", call.name.value),
    };
    let is_pipeline = table.get("pipeline").is_some();
    let mut keys = Keys::new(table, front, place, Part::Call, errors);
    call.description = keys.text("description");
    call.procedure = keys.text("procedure");
    call.function = keys.text("function");
    call.pipeline = keys.text("pipeline");
    call.method = keys.text("method");
    call.on = keys.text("on");
    call.lane = keys.text("lane");
    let arguments = |front: Front| match front {
        Front::Template => "a table of arguments".to_owned(),
        Front::Attributes | Front::Parentheses => front.table("args", A_FIELD),
    };
    call.args = keys.take("args", arguments, |node, front, errors| fields(node, Place::Arg, front, errors));
    let ways = |front: Front| {
        let scalar = front.key("returns", Example::Keys(&[("type", Example::Is("…"))]));
        let rows = front.key("returns", Example::Keys(&[("rows", Example::Any)]));
        format!("`returns = \"nothing\"`, `{scalar}` or `{rows}`")
    };
    let row = if is_pipeline { Place::Document } else { Place::Row };
    call.returns = keys.take("returns", ways, |node, front, errors| returns(node, row, front, errors));
    call.commits = keys.flag("commits");
    keys.finish();
    call
}

fn returns(node: Node, row: Place, front: Front, errors: &mut ErrorSink<'_>) -> Result<RawReturns, Refused> {
    match node.value {
        Value::Scalar(Scalar::Text(word)) => Ok(RawReturns::Word(word)),
        Value::Table(table) => {
            let place = |key: &str| {
                table.entries.iter().find(|entry| entry.key.value == key).map(|entry| entry.key.span)
            };
            match (place("type"), place("rows")) {
                (Some(ty), Some(rows)) => {
                    errors.push(places::returns_both(ty, rows));
                    Err(Refused::Reported)
                }
                (None, Some(_)) => rows(table, row, front, errors),
                (_, None) => {
                    if let Some(entry) = stray::rows(&table) {
                        let is_list = matches!(entry.value.value, Value::List(_));
                        errors.push(places::rows_misspelt(entry.key.span, &entry.key.value, is_list));
                        return Err(Refused::Reported);
                    }
                    let known = Part::Field(Place::Scalar).known();
                    let column = table.entries.iter().find(|entry| {
                        !known.contains(&entry.key.value.as_str()) && stray::is_field(&entry.value.value)
                    });
                    if let Some(Entry { key, .. }) = column {
                        errors.push(places::returns_columns(key.span, &key.value));
                        return Err(Refused::Reported);
                    }
                    let name = Spanned::new("returns".to_owned(), node.span);
                    let node = Spanned::new(Value::Table(table), node.span);
                    let scalar = field(name, node, Place::Scalar, front, errors);
                    Ok(RawReturns::Scalar(Box::new(scalar)))
                }
            }
        }
        other => Err(Refused::Kind(other)),
    }
}

fn rows(table: Table, row: Place, front: Front, errors: &mut ErrorSink<'_>) -> Result<RawReturns, Refused> {
    let mut keys = Keys::new(table, front, "`returns`".to_owned(), Part::Rows, errors);
    let rows = keys.take("rows", table_of_fields, |node, front, errors| fields(node, row, front, errors));
    keys.finish();
    match rows {
        Given::Is(rows) => Ok(RawReturns::Rows(rows.value.value)),
        Given::Absent | Given::Broken => Err(Refused::Reported),
    }
}
