//! `[objects]`: the database objects behind the operations.

use beds_protocol::{RequestValue, tables::TABLES};

use super::{
    Cx,
    fields::{Fields, Slot},
    filled::has,
    identifiers::{self, Look},
};
use crate::{
    diagnostic::{access, objects as diagnostics},
    front::Example,
    model::{Engine, Generated, Objects, Procedure, Relation, Supply},
    names,
    raw::{Given, Names, RawObject, RawObjects},
    span::{Span, Spanned},
};

/// An operation that has a procedure in MariaDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    Create,
    Update,
    Upsert,
    Delete,
}

const A_VIEW: Example<'_> = Example::Keys(&[("view", Example::Is("\"…\""))]);
const A_COLLECTION: Example<'_> = Example::Keys(&[("collection", Example::Is("\"…\""))]);
const A_PROCEDURE: Example<'_> =
    Example::Keys(&[("procedure", Example::Is("\"…\"")), ("args", Example::Is("[\"…\"]"))]);

/// The known parts of an operation's object.
pub(super) struct Object<'r> {
    pub(super) operation: &'static str,
    /// The position of the operation's key.
    pub(super) key: Span,
    pub(super) raw: &'r RawObject,
}

/// The objects; `None` if the engine is unknown or a part is broken, which is reported.
pub(super) fn validate(raw: &Given<RawObjects>, fields: &Fields, cx: &mut Cx<'_>) -> Option<Objects> {
    let none = RawObjects::default();
    let raw = match raw {
        Given::Absent => &none,
        Given::Broken => return None,
        Given::Is(entry) => &entry.value.value,
    };
    let read = relation(object(&raw.read, "read").as_ref(), cx);
    let [create, update, upsert, delete] = [
        object(&raw.create, "create"),
        object(&raw.update, "update"),
        object(&raw.upsert, "upsert"),
        object(&raw.delete, "delete"),
    ];
    let keyed: Vec<(&str, Span)> = [&update, &upsert, &delete]
        .into_iter()
        .flatten()
        .map(|object| (object.operation, object.key))
        .collect();
    if !keyed.is_empty() && fields.key().is_empty() && !fields.is_unknown() && !fields.has_broken() {
        cx.errors.push(diagnostics::no_key(&keyed, cx.front));
    }
    Some(match cx.engine? {
        Engine::MariaDb => Objects::MariaDb {
            read,
            create: create.and_then(|object| procedure(&object, Write::Create, fields, cx)),
            update: update.and_then(|object| procedure(&object, Write::Update, fields, cx)),
            upsert: upsert.and_then(|object| procedure(&object, Write::Upsert, fields, cx)),
            delete: delete.and_then(|object| procedure(&object, Write::Delete, fields, cx)),
        },
        Engine::MongoDb => {
            check_key_index(fields, cx);
            Objects::MongoDb {
                read,
                create: create.and_then(|object| collection(&object, cx)),
                update: update.and_then(|object| {
                    let all: Vec<usize> = fields.slots().map(|(index, _)| index).collect();
                    if !fields.is_unknown() && object.raw.collection.get().is_some() {
                        check_changes(object.key, &all, fields, cx);
                    }
                    collection(&object, cx)
                }),
                upsert: upsert.and_then(|object| collection(&object, cx)),
                delete: delete.and_then(|object| collection(&object, cx)),
            }
        }
    })
}

pub(super) fn object<'r>(given: &'r Given<RawObject>, operation: &'static str) -> Option<Object<'r>> {
    match given {
        Given::Is(entry) => Some(Object { operation, key: entry.key, raw: &entry.value.value }),
        Given::Absent | Given::Broken => None,
    }
}

/// Warns of a key that MongoDB does not keep unique by itself. For a key of several fields, nothing declares the
/// combination as unique.
fn check_key_index(fields: &Fields, cx: &mut Cx<'_>) {
    if let [index] = fields.key()[..]
        && let Some(slot) = fields.slot(index)
        && let Some(field) = &slot.field
        && field.column != "_id"
        && !field.unique
    {
        cx.errors.push(diagnostics::key_index(slot.name.span, &field.name));
    }
}

/// The only database object that an operation names, and the key that names it.
fn named(
    object: &Object<'_>,
    kinds: &[(&'static str, &Given<String>, bool)],
    example: Example<'_>,
    cx: &mut Cx<'_>,
) -> Option<(&'static str, Spanned<String>)> {
    let engine = cx.engine?;
    let mut chosen: Option<(&'static str, Span, &Spanned<String>)> = None;
    let mut is_reported = false;
    for (kind, given, is_of_engine) in kinds {
        match given {
            Given::Absent => {}
            Given::Broken => is_reported = true,
            Given::Is(entry) if !is_of_engine => {
                is_reported = true;
                cx.errors.push(diagnostics::object_engine(entry.key, kind, object.operation, engine));
            }
            Given::Is(entry) => match chosen {
                None => chosen = Some((kind, entry.key, &entry.value)),
                Some((_, first, _)) => {
                    cx.errors.push(diagnostics::two_objects(entry.key, first, object.operation));
                }
            },
        }
    }
    let Some((kind, _, name)) = chosen else {
        if !is_reported {
            cx.errors.push(diagnostics::object_missing(
                object.key,
                object.operation,
                &cx.front.write_key(object.operation, example),
            ));
        }
        return None;
    };
    check_name(name, cx)?;
    Some((kind, name.clone()))
}

/// Checks the name of a database object.
pub(super) fn check_name(name: &Spanned<String>, cx: &mut Cx<'_>) -> Option<()> {
    let engine = cx.engine?;
    if TABLES.iter().any(|table| table.name.eq_ignore_ascii_case(&name.value)) {
        cx.errors.push(diagnostics::own_table(name.span, &name.value));
        return None;
    }
    if let Some(rule) = identifiers::object_rule(&name.value, engine) {
        cx.errors.push(diagnostics::object_name_rule(name.span, &name.value, rule));
        return None;
    }
    match identifiers::look(&name.value, engine) {
        Look::Plain => {}
        Look::Quoted(plain) => {
            cx.errors.push(diagnostics::object_name_quoted(name.span, &name.value, plain));
            return None;
        }
        Look::Query => {
            cx.errors.push(diagnostics::object_name_query(name.span, &name.value));
            return None;
        }
        Look::Odd { why, help, plain } => {
            cx.errors.push(diagnostics::odd_object_name(name.span, &name.value, why, help, plain));
        }
    }
    Some(())
}

fn relation(object: Option<&Object<'_>>, cx: &mut Cx<'_>) -> Option<Relation> {
    let object = object?;
    let RawObject { view, table, collection, .. } = object.raw;
    let is_mariadb = cx.engine? == Engine::MariaDb;
    let kinds = [("view", view, true), ("table", table, is_mariadb), ("collection", collection, !is_mariadb)];
    let (kind, name) = named(object, &kinds, A_VIEW, cx)?;
    Some(Relation { name: name.value, is_view: kind == "view" })
}

fn collection(object: &Object<'_>, cx: &mut Cx<'_>) -> Option<String> {
    let RawObject { view: _, table: _, collection, procedure, args, returns, commits, many: _ } = object.raw;
    cx.engine?;
    let extra = [("args", args.key()), ("returns", returns.key()), ("commits", commits.key())];
    for (key, span) in extra {
        // Beside a procedure, which is reported, these keys follow from the same mistake.
        if let Some(span) = span.filter(|_| procedure.is_absent()) {
            cx.errors.push(diagnostics::no_procedure(span, key, object.operation));
        }
    }
    let kinds = [("collection", collection, true), ("procedure", procedure, false)];
    named(object, &kinds, A_COLLECTION, cx).map(|(_, name)| name.value)
}

fn procedure(object: &Object<'_>, write: Write, fields: &Fields, cx: &mut Cx<'_>) -> Option<Procedure> {
    let RawObject { view: _, table: _, collection, procedure, args, returns, commits, many: _ } = object.raw;
    let kinds = [("procedure", procedure, true), ("collection", collection, false)];
    let with_parameters = procedure.get().filter(|_| args.is_absent()).and_then(|name| {
        let (plain, parameters) = identifiers::with_parameters(&name.value)?;
        Some((name.span, plain, parameters))
    });
    if let (Some((span, plain, parameters)), Some(Engine::MariaDb)) = (&with_parameters, cx.engine) {
        cx.errors.push(diagnostics::parameters_in_name(*span, plain, parameters));
        return None;
    }
    let name = named(object, &kinds, A_PROCEDURE, cx);
    if args.is_absent() && name.is_some() {
        cx.errors.push(diagnostics::args_missing(object.key, object.operation));
    }
    let (args, asked) = match args.get() {
        Some(names) => {
            let (of_fields, asked) = split(names, fields, cx);
            (Some(of_fields), asked)
        }
        None => (None, Vec::new()),
    };
    let args = args.map(|names| {
        let mut part = cx.part();
        if let [name] = names.value.as_slice()
            && names::is_all(&name.value)
            && !fields.is_unknown()
            && fields.slots().all(|(_, slot)| slot.name.value != name.value)
        {
            part.errors.push(diagnostics::wildcard(name.span, "args", all(write, fields)));
            return Vec::new();
        }
        let indices = fields.indices(&names.value, "args", &mut part.errors);
        // A misspelt name is likely to be the one that would be reported as missing.
        if !part.errors.has_errors() && !fields.is_unknown() {
            match write {
                Write::Create => {
                    check_record("create", &names.value, names.span, &indices, fields, &mut part);
                }
                Write::Upsert => {
                    check_key("upsert", names.span, &indices, fields, &mut part);
                    check_record("upsert", &names.value, names.span, &indices, fields, &mut part);
                }
                Write::Update => check_update(names.span, &indices, fields, &mut part),
                Write::Delete => check_delete(&names.value, names.span, &indices, fields, &mut part),
            }
        }
        indices
    });
    let returns = match returns.get() {
        Some(names) => fields.indices(&names.value, "returns", &mut cx.errors),
        None => Vec::new(),
    };
    Some(Procedure { name: name?.1, args: args?, asked, returns, commits: commits.is_true() })
}

/// The arguments that are fields, and the arguments that the request gives, each with its place among all arguments.
fn split(
    names: &Spanned<Names>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) -> (Spanned<Names>, Vec<(usize, RequestValue)>) {
    let (mut of_fields, mut asked) = (Vec::with_capacity(names.value.len()), Vec::new());
    for (place, name) in names.value.iter().enumerate() {
        match RequestValue::from_name(&name.value) {
            Some(value) => asked.push((place, value)),
            // A T-SQL parameter with the name of its field is reported with the fields.
            None if fields.is_parameter(&name.value) => of_fields.push(name.clone()),
            None if name.value.starts_with('@') => {
                cx.errors.push(access::unknown_value(name.span, &name.value));
            }
            None => of_fields.push(name.clone()),
        }
    }
    (Spanned::new(of_fields, names.span), asked)
}

/// All fields that a procedure can take.
fn all(write: Write, fields: &Fields) -> Vec<&str> {
    let takes = |(index, slot): &(usize, &Slot)| {
        let is_found_by = fields.key().contains(index) || fields.is_version(*index);
        let supply = slot.field.as_ref().map(|field| &field.supply);
        let is_filled = matches!(supply, Some(Supply::Generated(Generated::Database)));
        match write {
            Write::Create => !is_filled && !fields.is_version(*index),
            Write::Upsert => fields.key().contains(index) || !(is_filled || fields.is_version(*index)),
            Write::Update => is_found_by || !matches!(supply, Some(Supply::Generated(_))),
            Write::Delete => is_found_by,
        }
    };
    fields.slots().filter(takes).map(|(_, slot)| slot.name.value.as_str()).collect()
}

/// Checks an operation that writes a whole record: a create, or an upsert, whose key is checked already and always
/// given.
fn check_record(
    operation: &str,
    names: &Names,
    span: Span,
    args: &[usize],
    fields: &Fields,
    cx: &mut Cx<'_>,
) {
    let mut missing: Vec<(&str, Span)> = Vec::new();
    let mut unused: Vec<(&str, Span)> = Vec::new();
    let mut unstored: Vec<(&str, Span)> = Vec::new();
    for (index, slot) in fields.slots() {
        let Some(field) = &slot.field else { continue };
        if operation == "upsert" && field.is_key {
            continue;
        }
        let (name, declared) = (field.name.as_str(), slot.name.span);
        let at = args.iter().position(|arg| *arg == index).and_then(|position| names.get(position));
        let is_filled_by_node = matches!(field.supply, Supply::Generated(by) if by != Generated::Database);
        match (&field.supply, at) {
            (Supply::Required, None) => missing.push((name, declared)),
            _ if at.is_none() && field.is_key && is_filled_by_node => missing.push((name, declared)),
            (Supply::Default(_), None) => unused.push((name, declared)),
            (Supply::Generated(_), None) if is_filled_by_node && !is_updated(name, cx) => {
                unstored.push((name, declared));
            }
            // If there are two versions, which is reported, neither counts as the version.
            (Supply::Version, Some(_)) if fields.version().is_none() => {}
            (Supply::Version, Some(at)) => {
                let why = (declared, "the version, which the database counts");
                cx.errors.push(diagnostics::arg_without_value(at.span, operation, name, why));
            }
            (Supply::Generated(Generated::Database), Some(at)) => {
                let why = (declared, "the database generates it");
                cx.errors.push(diagnostics::arg_without_value(at.span, operation, name, why));
            }
            _ => {}
        }
    }
    if missing.is_empty() {
        for (name, declared) in unused {
            cx.errors.push(diagnostics::default_unused(span, name, declared));
        }
        for (name, declared) in unstored {
            cx.errors.push(diagnostics::generated_unused(span, name, declared));
        }
    } else {
        // A list without its required fields is unfinished: its other gaps belong to the same mistake.
        cx.errors.push(diagnostics::required_args_missing(span, operation, &missing));
    }
}

/// Whether `update` passes a field, which then gets its value from the update.
fn is_updated(name: &str, cx: &Cx<'_>) -> bool {
    let update = cx.objects.and_then(|objects| objects.value.value.update.get());
    update.is_some_and(|update| has(&update.value.args, name))
}

fn check_key(operation: &str, span: Span, args: &[usize], fields: &Fields, cx: &mut Cx<'_>) {
    for slot in fields
        .key()
        .into_iter()
        .filter(|index| !args.contains(index))
        .filter_map(|index| fields.slot(index))
        // Nothing follows from a broken field.
        .filter(|slot| slot.field.as_ref().is_some_and(|field| field.is_key))
    {
        cx.errors.push(diagnostics::key_arg_missing(span, operation, &slot.name.value, slot.name.span));
    }
}

fn check_update(span: Span, args: &[usize], fields: &Fields, cx: &mut Cx<'_>) {
    check_key("update", span, args, fields, cx);
    if let Some(slot) =
        fields.version().filter(|index| !args.contains(index)).and_then(|index| fields.slot(index))
    {
        cx.errors.push(diagnostics::version_arg_missing(span, "update", &slot.name.value, slot.name.span));
    }
    check_changes(span, args, fields, cx);
}

/// Checks that an update has a field that it may change.
fn check_changes(span: Span, args: &[usize], fields: &Fields, cx: &mut Cx<'_>) {
    let may_change = |index: &usize| match fields.slot(*index).map(|slot| &slot.field) {
        // A broken field may be one that changes.
        None | Some(None) => true,
        Some(Some(field)) => {
            let is_given = !matches!(field.supply, Supply::Version | Supply::Generated(_));
            is_given && !field.immutable && !field.is_key
        }
    };
    if !args.iter().any(may_change) {
        cx.errors.push(diagnostics::nothing_to_update(span));
    }
}

/// Checks that a delete takes only the key and the version.
fn check_delete(names: &Names, span: Span, args: &[usize], fields: &Fields, cx: &mut Cx<'_>) {
    let key = fields.key();
    let name_of = |index: usize| fields.slot(index).map(|slot| slot.name.value.as_str());
    let is_other = |index: usize| !key.is_empty() && !key.contains(&index) && !fields.is_version(index);
    let others: Vec<(usize, &Spanned<String>)> =
        args.iter().copied().zip(names).filter(|(index, _)| is_other(*index)).collect();
    if !others.is_empty() && key.iter().any(|index| !args.contains(index)) {
        let others: Vec<(&str, Span)> =
            others.iter().map(|(_, name)| (name.value.as_str(), name.span)).collect();
        let key: Vec<&str> = key.iter().filter_map(|index| name_of(*index)).collect();
        let version = fields.version().filter(|index| args.contains(index)).and_then(name_of);
        cx.errors.push(diagnostics::key_replaced(span, &key, &others, version));
        return;
    }
    check_key("delete", span, args, fields, cx);
    for (at, &index) in args.iter().enumerate().filter(|(_, index)| is_other(**index)) {
        if let (Some(slot), Some(at)) = (fields.slot(index), names.get(at)) {
            let why = (slot.name.span, "neither the key nor the version, which is all that a client sends");
            cx.errors.push(diagnostics::arg_without_value(at.span, "delete", &slot.name.value, why));
        }
    }
}
