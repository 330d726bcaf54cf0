//! Any part with a type: fields, arguments, members, items, columns of rows.

use beds_protocol::TypeName;

mod followed;
mod unheld;

use super::{Cx, bounds, columns, filled, literal};
use crate::{
    diagnostic::{calls as call_diagnostics, fields as diagnostics, shape},
    front::Example,
    model::{ArgMode, Engine, Field, Generated, Supply, Type},
    names,
    part::Place,
    raw::{Given, RawField},
    span::{Span, Spanned},
    tree::Scalar,
};

/// How deep lists and objects may be nested.
const DEPTH_MAX: usize = 8;

/// Validates one part; `None` if it has any mistake.
pub(super) fn field(raw: RawField, place: Place, depth: usize, cx: &mut Cx<'_>) -> Option<Field> {
    if raw.is_broken {
        return None;
    }
    let cx = &mut cx.part();
    if place != Place::Field {
        cx.front = cx.front.inside();
    }
    let is_named = place.is_named();
    if is_named {
        check_name(&raw.name, place, cx);
    }
    check_keys(&raw, place, cx);
    let may_be_named = place.may_have("column") && !is_json_member(place, cx);
    let column = columns::column(&raw, may_be_named, cx);
    let ty = ty(&raw, place, depth, cx);
    let description = description(&raw.description, cx);
    let supply = match &ty {
        // If the type is not valid for a key, only that is reported.
        Some(ty) if !raw.key.is_true() || may_be_key(ty) => supply(&raw, ty, place, cx),
        Some(_) | None => None,
    };
    if let Some(ty) = &ty {
        check_flags(&raw, ty, cx);
    }
    if cx.errors.has_errors() {
        return None;
    }
    let (ty, supply) = (ty?, supply?);
    let is_key = raw.key.is_true();
    let is_optional_field = place.may_be_required() && supply == Supply::Optional;
    Some(Field {
        ident: if is_named { names::identifier(&raw.name.value) } else { names::identifier("item") },
        column,
        description,
        ty,
        nullable: raw.nullable.is_true() || is_optional_field,
        supply,
        is_key,
        immutable: is_key || raw.immutable.is_true(),
        unique: raw.unique.is_true(),
        sensitive: raw.sensitive.is_true(),
        name: raw.name.value,
    })
}

/// The type that fits a field's flags and constants, if the field gives none.
fn by_values(raw: &RawField) -> &'static str {
    let generated = raw.generated.get().map(|generated| generated.value.as_str());
    let constants: Vec<&Scalar> = [&raw.default, &raw.min, &raw.max]
        .into_iter()
        .filter_map(|given| Some(&given.get()?.value))
        .collect();
    let has_negative = |number: &&Scalar| matches!(number, Scalar::Int(number) if *number < 0);
    match generated {
        Some("now") => return "\"datetime\"",
        Some("uuid_v4" | "uuid_v7") => return "\"uuid\"",
        _ => {}
    }
    if raw.unsigned.is_true()
        || raw.version.is_true()
        || matches!(raw.default.get(), Some(value) if matches!(value.value, Scalar::Int(_)))
    {
        "\"int\""
    } else if constants.iter().any(|value| matches!(value, Scalar::Float(_))) {
        "\"float\""
    } else if constants.iter().any(|value| matches!(value, Scalar::Bool(_))) {
        "\"bool\""
    } else if constants.iter().any(has_negative) {
        "\"int\""
    } else {
        "\"string\""
    }
}

/// A description. It must not be empty if it is written.
pub(super) fn description(given: &Given<String>, cx: &mut Cx<'_>) -> String {
    let Some(text) = given.get() else { return String::new() };
    if text.value.trim().is_empty() {
        cx.errors.push(shape::empty_text(text.span, "description"));
    }
    text.value.trim().to_owned()
}

fn check_name(name: &Spanned<String>, place: Place, cx: &mut Cx<'_>) {
    let length = name.value.chars().count();
    if place == Place::Arg && !names::is_lower_snake(&name.value) {
        cx.errors.push(call_diagnostics::call_name(name.span, "an argument", &name.value));
    } else if !names::is_word(&name.value) {
        cx.errors.push(diagnostics::field_name(name.span, &name.value, !is_json_member(place, cx)));
    } else if length > names::NAME_LEN_MAX {
        cx.errors.push(shape::name_too_long(name.span, "field", length));
    }
}

/// Whether it is a member of an object that the database stores as JSON, under the names that clients see.
fn is_json_member(place: Place, cx: &Cx<'_>) -> bool {
    place == Place::Member && cx.engine == Some(Engine::MariaDb)
}

/// Reports keys that are not valid in this place.
fn check_keys(raw: &RawField, place: Place, cx: &mut Cx<'_>) {
    let keys = [
        ("generated", raw.generated.key()),
        ("key", raw.key.key()),
        ("unique", raw.unique.key()),
        ("immutable", raw.immutable.key()),
        ("version", raw.version.key()),
        ("column", raw.column.key()),
        ("required", raw.required.key()),
        ("nullable", raw.nullable.key()),
        ("default", raw.default.key()),
        ("sensitive", raw.sensitive.key()),
        ("mode", raw.mode.key()),
    ];
    if let Some(span) = raw.column.key().filter(|_| is_json_member(place, cx)) {
        let column = raw.column.get().map(|column| column.value.as_str());
        cx.errors.push(diagnostics::column_of_json(span, &raw.name.value, column));
    }
    for (key, span) in keys {
        let Some(span) = span.filter(|_| !place.may_have(key)) else { continue };
        let help = match (key, place) {
            ("required", Place::Arg) => {
                "an argument must be given unless it is `nullable` or has a `default`: remove `required`"
                    .to_owned()
            }
            ("column", Place::Row) => {
                "the columns of a result set are taken by position: remove `column`".to_owned()
            }
            ("mode", _) => "only an argument of a call has a mode: remove it".to_owned(),
            _ => format!("remove `{key}`"),
        };
        cx.errors.push(diagnostics::key_not_here(span, key, place.title(), &help));
    }
}

/// The type with its bounds; `None` if it is unusable, which is reported.
pub(super) fn ty(raw: &RawField, place: Place, depth: usize, cx: &mut Cx<'_>) -> Option<Type> {
    if raw.ty.is_absent() {
        let meant = match raw {
            _ if !raw.values.is_absent() => "\"enum\"",
            _ if !raw.items.is_absent() => "\"list\"",
            _ if !raw.fields.is_absent() => "\"object\"",
            _ if !raw.precision.is_absent() || !raw.scale.is_absent() => "\"decimal\"",
            _ => by_values(raw),
        };
        let example = cx.front.write_key("type", Example::Is(meant));
        let place = format!("`{}`", raw.name.value);
        cx.errors.push(shape::missing_key(raw.name.span, "type", &place, &example));
    }
    let name = raw.ty.get()?;
    if name.value.trim().is_empty() {
        cx.errors.push(shape::empty_type(name.span));
        return None;
    }
    let Some(of) = TypeName::from_name(&name.value) else {
        followed::report(raw, name, place, depth, cx);
        return None;
    };
    bounds::check_keys(raw, of, cx);
    match of {
        TypeName::Bool => Some(Type::Bool),
        TypeName::Int => bounds::int(raw, cx),
        TypeName::Float => bounds::float(raw, cx),
        TypeName::Decimal => bounds::decimal(raw, name.span, cx),
        TypeName::String => bounds::string(raw, cx),
        TypeName::Text => bounds::text(raw, cx),
        TypeName::Bytes => bounds::bytes(raw, cx),
        TypeName::Uuid => Some(Type::Uuid),
        TypeName::Date => Some(Type::Date),
        TypeName::Time => Some(Type::Time),
        TypeName::DateTime => Some(Type::DateTime),
        TypeName::Enum => bounds::one_of(raw, name.span, cx),
        TypeName::Json => Some(Type::Json),
        TypeName::List => list(raw, name.span, depth, cx),
        TypeName::Object => object(raw, name.span, depth, cx),
        TypeName::ObjectId => object_id(name.span, cx),
    }
}

fn object_id(span: Span, cx: &mut Cx<'_>) -> Option<Type> {
    match cx.engine {
        Some(engine @ Engine::MariaDb) => {
            cx.errors.push(diagnostics::object_id_not_on(span, engine, cx.front));
            None
        }
        Some(Engine::MongoDb) | None => Some(Type::ObjectId),
    }
}

/// Whether one more level of nesting is allowed here.
fn may_descend(span: Span, depth: usize, cx: &mut Cx<'_>) -> bool {
    let may = depth < DEPTH_MAX;
    if !may {
        cx.errors.push(diagnostics::too_deep(span, DEPTH_MAX));
    }
    may
}

fn list(raw: &RawField, span: Span, depth: usize, cx: &mut Cx<'_>) -> Option<Type> {
    let max = bounds::list_max(raw, cx);
    // If the keys belong to another type, only that is reported.
    if raw.items.is_absent() && raw.values.is_absent() && raw.fields.is_absent() {
        cx.errors.push(diagnostics::list_items(span, cx.front));
    }
    let item = raw.items.get()?;
    if has_keys_of(&item.value, raw) {
        return None;
    }
    if !may_descend(span, depth, cx) {
        return None;
    }
    let item = field((*item.value).clone(), Place::Item, depth + 1, cx)?;
    Some(Type::List { item: Box::new(item), max: max? })
}

/// Whether a key that the items of a list need stands beside the list instead. That is reported already.
fn has_keys_of(item: &RawField, list: &RawField) -> bool {
    let ty = item.ty.get().and_then(|ty| TypeName::from_name(&ty.value));
    match ty {
        Some(TypeName::Enum) => item.values.is_absent() && !list.values.is_absent(),
        Some(TypeName::Object) => item.fields.is_absent() && !list.fields.is_absent(),
        Some(TypeName::Decimal) => item.precision.is_absent() && !list.precision.is_absent(),
        _ => false,
    }
}

fn object(raw: &RawField, span: Span, depth: usize, cx: &mut Cx<'_>) -> Option<Type> {
    if (raw.fields.is_absent() && raw.items.is_absent())
        || raw.fields.get().is_some_and(|fields| fields.value.is_empty())
    {
        cx.errors.push(diagnostics::object_fields(span, cx.front));
    }
    let members = raw.fields.get()?;
    if !may_descend(span, depth, cx) {
        return None;
    }
    columns::check_unique(&members.value, true, cx);
    let members: Vec<_> =
        members.value.iter().map(|member| field(member.clone(), Place::Member, depth + 1, cx)).collect();
    Some(Type::Object { fields: members.into_iter().collect::<Option<_>>()? })
}

/// Where the value of a new record comes from.
fn supply(raw: &RawField, ty: &Type, place: Place, cx: &mut Cx<'_>) -> Option<Supply> {
    let pairs = [
        (
            "default",
            raw.default.key(),
            "generated",
            raw.generated.key(),
            "a generated value cannot have a default",
        ),
        (
            "required",
            raw.required.key().filter(|_| raw.required.is_true()),
            "generated",
            raw.generated.key(),
            "a client cannot send a generated value",
        ),
        (
            "required",
            raw.required.key().filter(|_| raw.required.is_true()),
            "default",
            raw.default.key(),
            "a required value needs no default",
        ),
    ];
    for (key, at, rival, rival_at, why) in pairs {
        if let (Some(at), Some(rival_at)) = (at, rival_at) {
            cx.errors.push(diagnostics::contradiction(at, rival_at, (key, rival), why));
            return None;
        }
    }
    if raw.version.is_true() {
        return Some(Supply::Version);
    }
    if let Some(name) = raw.generated.get().filter(|_| place.may_have("generated")) {
        return generated(name, ty, raw, cx).map(Supply::Generated);
    }
    // The intended value is reported, and no further errors follow from it.
    if !raw.generated.is_absent() {
        return None;
    }
    let is_out = raw.mode.get().is_some_and(|mode| ArgMode::from_name(&mode.value) == Some(ArgMode::Out));
    // That a returned value has no default is a report of its own.
    if let Some(value) = raw.default.get().filter(|_| !is_out) {
        let literal = literal::literal(value, ty, (raw, place), cx)?;
        if let (true, Some(key), Some(default)) = (raw.key.is_true(), raw.key.key(), raw.default.key()) {
            cx.errors.push(diagnostics::key_default(default, key, &raw.name.value));
        }
        return Some(Supply::Default(literal));
    }
    let must_be_given = match place {
        Place::Field | Place::Member => raw.required.is_true() || raw.key.is_true(),
        Place::Arg => !raw.nullable.is_true() && !is_out,
        Place::Item | Place::Row | Place::Document | Place::Scalar => false,
    };
    let supply = if must_be_given { Supply::Required } else { Supply::Optional };
    unheld::check(raw, place, &supply, cx);
    Some(supply)
}

fn generated(name: &Spanned<String>, ty: &Type, raw: &RawField, cx: &mut Cx<'_>) -> Option<Generated> {
    let Some(by) = Generated::from_name(&name.value) else {
        cx.errors.push(diagnostics::unknown_generated(
            name.span,
            &name.value,
            filled::filled(raw, raw.key.is_true(), cx),
        ));
        return None;
    };
    let of = match by {
        Generated::UuidV4 | Generated::UuidV7 => TypeName::Uuid,
        Generated::Now => TypeName::DateTime,
        Generated::Database => return Some(by),
    };
    if ty.type_name() != of {
        cx.errors.push(diagnostics::generated_type(name.span, by, ty.type_name(), of));
        return None;
    }
    Some(by)
}

/// Whether records can be found by values of this type.
fn may_be_key(ty: &Type) -> bool {
    ty.is_indexable() && !matches!(ty, Type::Float { .. })
}

/// Reports keys, versions and unique fields of unsuitable types.
fn check_flags(raw: &RawField, ty: &Type, cx: &mut Cx<'_>) {
    if raw.key.is_true() {
        let at = raw.key.key().unwrap_or(raw.name.span);
        if !may_be_key(ty) {
            let generated = raw.generated.get().and_then(|name| Generated::from_name(&name.value));
            let others = [("nullable", raw.nullable.is_true()), ("default", raw.default.get().is_some())];
            let others: Vec<_> = others.into_iter().filter(|(_, is)| *is).map(|(key, _)| key).collect();
            // Other flags that do not fit the type belong to the same mistake.
            cx.errors.push(diagnostics::key_type(at, ty.type_name(), generated, &others));
            return;
        }
        if let Some(nullable) = raw.nullable.key().filter(|_| raw.nullable.is_true()) {
            cx.errors.push(diagnostics::key_nullable(nullable, at));
        }
        unheld::check_key(raw, at, cx);
    }
    if raw.unique.is_true() && !ty.is_indexable() {
        cx.errors.push(diagnostics::unique_type(raw.unique.key().unwrap_or(raw.name.span), ty.name()));
    }
    let Some(version) = raw.version.key().filter(|_| raw.version.is_true()) else { return };
    if !matches!(ty, Type::Int { .. } | Type::UInt { .. }) {
        let at = raw.ty.get().map_or(raw.name.span, |ty| ty.span);
        cx.errors.push(diagnostics::version_type(version, at, ty.name()));
    }
    let settable = [
        ("key", raw.key.key().filter(|_| raw.key.is_true())),
        ("required", raw.required.key().filter(|_| raw.required.is_true())),
        ("nullable", raw.nullable.key().filter(|_| raw.nullable.is_true())),
        ("immutable", raw.immutable.key().filter(|_| raw.immutable.is_true())),
        ("unique", raw.unique.key().filter(|_| raw.unique.is_true())),
        ("default", raw.default.key()),
        ("generated", raw.generated.key()),
    ];
    for (key, at) in settable {
        if let Some(at) = at {
            cx.errors.push(diagnostics::version_set(at, version, key));
        }
    }
}
