//! The answer to `describe`: the offer of a domain, as JSON, rendered once.

use beds_protocol::{Lane, Operation};
use serde_json::{Map, Value, json};

use crate::spec::{Arg, Bulk, Call, Domain, Events, Field, Literal, Returns, Type};

/// The rendered description.
pub(crate) fn json(domain: &'static Domain) -> &'static [u8] {
    let all = View { may: &|_| true, shows: &|_| true, sets: &|_| true };
    domain.description_json.get_or_init(|| of_view(domain, &all))
}

/// The part of a domain that a caller sees.
pub(crate) struct View<'a> {
    /// Whether it may do an operation.
    pub(crate) may: &'a dyn Fn(Operation<'static>) -> bool,
    /// Whether it sees a field.
    pub(crate) shows: &'a dyn Fn(usize) -> bool,
    /// Whether it may set a field.
    pub(crate) sets: &'a dyn Fn(usize) -> bool,
}

/// The description of the part that a caller sees.
pub(crate) fn of_view(domain: &'static Domain, view: &View<'_>) -> Vec<u8> {
    render(domain, view).to_string().into_bytes()
}

fn render(domain: &'static Domain, view: &View<'_>) -> Value {
    let names = |indices: &[usize]| -> Vec<&str> {
        indices.iter().filter(|&&i| (view.shows)(i)).map(|&i| domain.fields[i].name).collect()
    };
    let may = |operation: &Operation<'static>| (view.may)(*operation);
    let mut fields = Map::new();
    for (index, field) in domain.fields.iter().enumerate().filter(|(index, _)| (view.shows)(*index)) {
        let mut described = describe_field(field);
        if domain.version == Some(index) {
            described.insert("version".into(), true.into());
        }
        if !(view.sets)(index) {
            described.insert("readonly".into(), true.into());
        }
        fields.insert(field.name.into(), described.into());
    }
    let calls = domain.calls.iter().filter(|call| may(&Operation::Call(call.name)));
    let calls: Map<String, Value> = calls.map(|call| (call.name.to_owned(), describe_call(call))).collect();
    let mut description = json!({
        "template": domain.name,
        "description": domain.description,
        "hash": domain.hash,
        "operations": operations(domain).filter(may).map(|operation| operation.to_string()).collect::<Vec<_>>(),
        "key": names(domain.key),
        "fields": fields,
        "fetch": {
            "filter": names(domain.fetch.filter),
            "sort": names(domain.fetch.sort),
            "limit": { "default": domain.fetch.limit_default, "max": domain.fetch.limit_max },
        },
        "calls": calls,
    });
    if !domain.compatible_with.is_empty() {
        description["compatible_with"] = json!(domain.compatible_with);
    }
    let Bulk { update, delete } = domain.bulk;
    for (operation, most) in [(Operation::Update, update), (Operation::Delete, delete)] {
        if let Some(most) = most.filter(|_| may(&operation)) {
            description["many"][operation.to_string()] = most.into();
        }
    }
    let Events { publish, fields } = domain.events;
    let publish: Vec<String> = publish.iter().filter(|one| may(one)).map(ToString::to_string).collect();
    if !publish.is_empty() {
        description["events"] = json!({ "publish": publish, "fields": names(fields) });
    }
    if domain.operations().any(|(operation, lane)| lane == Lane::Write && may(&operation)) {
        description["once"] = domain.once.into();
        // The operations that happen at least once all the same.
        let commits: Vec<String> =
            domain.committing().filter(may).map(|operation| operation.to_string()).collect();
        if domain.once && !commits.is_empty() {
            description["at_least_once"] = commits.into();
        }
    }
    description
}

fn operations(domain: &'static Domain) -> impl Iterator<Item = Operation<'static>> {
    domain.operations().map(|(operation, _)| operation)
}

fn describe_call(call: &Call) -> Value {
    let args: Map<String, Value> = call
        .args
        .iter()
        .filter(|arg| arg.asked.is_none())
        .map(|Arg { field, mode, asked: _ }| {
            let mut described = describe_field(field);
            described.insert("mode".into(), mode.as_str().into());
            (field.name.to_owned(), described.into())
        })
        .collect();
    let returns = match &call.returns {
        Returns::Nothing => json!("nothing"),
        Returns::Scalar(ty) => Value::Object(describe_type(ty)),
        Returns::Rows(fields) => json!({ "rows": describe_fields(fields) }),
        Returns::AsItComes => json!("as it comes"),
    };
    json!({ "description": call.description, "lane": call.lane, "args": args, "returns": returns })
}

fn describe_fields(fields: &[Field]) -> Map<String, Value> {
    fields.iter().map(|field| (field.name.to_owned(), describe_field(field).into())).collect()
}

fn describe_field(field: &Field) -> Map<String, Value> {
    let mut map = describe_type(&field.ty);
    if !field.description.is_empty() {
        map.insert("description".into(), field.description.into());
    }
    let flags = [
        ("required", field.required),
        ("nullable", field.nullable),
        ("immutable", field.immutable),
        ("unique", field.unique),
        ("sensitive", field.sensitive),
    ];
    map.extend(flags.iter().filter(|(_, set)| *set).map(|(name, _)| ((*name).to_owned(), true.into())));
    if let Some(default) = field.default {
        let value = match default {
            Literal::Bool(value) => value.into(),
            Literal::Int(value) => value.into(),
            Literal::Float(value) => value.into(),
            Literal::Text(value) => value.into(),
        };
        map.insert("default".into(), value);
    }
    if let Some(generated) = field.generated {
        map.insert("generated".into(), generated.as_str().into());
    }
    map
}

fn describe_type(ty: &Type) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("type".into(), ty.name().into());
    let mut bound = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    match ty {
        Type::Int { min, max } => {
            if *min != i64::MIN {
                bound("min", (*min).into());
            }
            if *max != i64::MAX {
                bound("max", (*max).into());
            }
        }
        Type::UInt { min, max } => {
            bound("min", (*min).into());
            if *max != u64::MAX {
                bound("max", (*max).into());
            }
        }
        Type::Float { min, max } => {
            if *min > f64::MIN {
                bound("min", (*min).into());
            }
            if *max < f64::MAX {
                bound("max", (*max).into());
            }
        }
        Type::Decimal { precision, scale, min, max } => {
            bound("precision", (*precision).into());
            bound("scale", (*scale).into());
            for (name, value) in [("min", min), ("max", max)] {
                if let Some(value) = value {
                    bound(name, (*value).into());
                }
            }
        }
        Type::String { min, max, pattern } => {
            bound("min", (*min).into());
            bound("max", (*max).into());
            if let Some(pattern) = pattern {
                bound("pattern", pattern.source().into());
            }
        }
        Type::Text { min, max } => {
            bound("min", (*min).into());
            bound("max", (*max).into());
        }
        Type::Bytes { max } => bound("max", (*max).into()),
        Type::Enum { values } => bound("values", json!(values)),
        Type::List { item, max } => {
            bound("items", describe_field(item).into());
            bound("max", (*max).into());
        }
        Type::Object { fields } => bound("fields", describe_fields(fields).into()),
        Type::Bool | Type::Uuid | Type::Date | Type::Time | Type::DateTime | Type::Json | Type::ObjectId => {}
    }
    map
}
