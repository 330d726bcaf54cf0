//! A fetch or count in the template's terms: filter, order, page. Independent of the engine.
//!
//! Everything a client names is looked up in the template here; adapters see field indices and values only.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use beds_protocol::{CountRequest, FetchRequest, Record};
use serde_json::Value as Json;

use crate::{
    config::Limits,
    core::Result,
    spec::{Domain, Type},
    validate::{self, Errors},
    value::Value,
};

/// What a fetch asks for.
#[derive(Debug)]
pub(crate) enum Query {
    /// One record by key.
    One { key: Vec<Value>, fields: Fields },
    /// Many records.
    Many(Selection),
}

/// The fields that a reply shows, by index, in order.
#[derive(Debug, Clone)]
pub(crate) enum Fields {
    /// All of the domain's.
    All,
    /// These.
    Some(Vec<usize>),
}

impl Fields {
    /// The indices.
    pub(crate) fn indices(&self, domain: &Domain) -> Vec<usize> {
        match self {
            Self::All => (0..domain.fields.len()).collect(),
            Self::Some(indices) => indices.clone(),
        }
    }
}

/// Many records: which, in what order, from where, how many.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) filter: Vec<Condition>,
    /// Ends with the key's fields where the domain has a key, so that the order is total.
    pub(crate) sort: Vec<Order>,
    /// The sort values of the last record of the page before.
    pub(crate) after: Option<Vec<Value>>,
    pub(crate) limit: u32,
    pub(crate) fields: Fields,
    pub(crate) count: bool,
}

impl Selection {
    /// The cursor of the page after the record with these sort values; `None` without a total order.
    pub(crate) fn cursor(&self, domain: &Domain, last: Vec<Value>) -> Option<String> {
        if domain.key.is_empty() {
            return None;
        }
        let json = serde_json::to_vec(&(self.order_text(domain), last)).ok()?;
        Some(URL_SAFE_NO_PAD.encode(json))
    }

    /// The order as a client would write it: a cursor is good for one order only.
    fn order_text(&self, domain: &Domain) -> String {
        let names = self.sort.iter().map(|order| {
            format!("{}{}", if order.descending { "-" } else { "" }, domain.fields[order.field].name)
        });
        names.collect::<Vec<_>>().join(",")
    }

    fn parse_cursor(&self, domain: &'static Domain, cursor: &str) -> Option<Vec<Value>> {
        let json = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (order, values): (String, Vec<Json>) = serde_json::from_slice(&json).ok()?;
        if order != self.order_text(domain) || values.len() != self.sort.len() {
            return None;
        }
        // A cursor is a client's input like any other: its values must be of their fields' types.
        let parsed = self.sort.iter().zip(&values).map(|(order, json)| match json {
            Json::Null => Some(Value::Null),
            json => cursor_value(&domain.fields[order.field].ty, json),
        });
        parsed.collect()
    }
}

/// What a reply says that has not all records, and no cursor to go on with.
pub(crate) fn cut_note(has_more: bool, next: Option<&String>) -> Option<&'static str> {
    (has_more && next.is_none()).then_some(
        "more records match; without a key there is no next page: narrow `where`, or raise `limit`",
    )
}

/// One field's place in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) field: usize,
    pub(crate) descending: bool,
}

/// One test of one field.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) field: usize,
    pub(crate) test: Test,
}

/// A comparison with values of the field's type.
#[derive(Debug)]
pub(crate) enum Test {
    Compare(Comparison, Value),
    In(Vec<Value>),
    Prefix(String),
    /// Whether the field is null.
    Null(bool),
}

/// A binary comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
}

/// Reads a fetch.
pub(crate) fn fetch(domain: &'static Domain, limits: &Limits, request: &FetchRequest) -> Result<Query> {
    let mut errors = Errors::default();
    let FetchRequest { key, r#where, sort, limit, after, fields, count } = request;
    let fields = projection(domain, fields.as_deref(), &mut errors);
    if let Some(key) = key {
        let key = validate::key(domain, key, &mut errors);
        let others = [
            ("where", r#where.is_some()),
            ("sort", sort.is_some()),
            ("limit", limit.is_some()),
            ("after", after.is_some()),
            ("count", count.is_some()),
        ];
        for (name, _) in others.iter().filter(|(_, given)| *given) {
            errors.push(*name, "cannot stand beside `key`, which names one record");
        }
        return errors.or(domain, Query::One { key, fields });
    }
    let filter = r#where.as_ref().map(|map| filter(domain, limits, map, &mut errors)).unwrap_or_default();
    let sort = order(domain, sort.as_deref().unwrap_or_default(), &mut errors);
    let limit = limit.unwrap_or(domain.fetch.limit_default);
    if limit == 0 || limit > domain.fetch.limit_max {
        errors.push("limit", format!("must be from 1 to {}", domain.fetch.limit_max));
    }
    let count = count.unwrap_or(false);
    let mut selection = Selection { filter, sort, after: None, limit, fields, count };
    if let Some(cursor) = after {
        if domain.key.is_empty() {
            errors.push("after", format!("cannot be used: `{}` has no key to page by", domain.name));
        } else if errors.count() == 0 {
            selection.after = selection.parse_cursor(domain, cursor);
            if selection.after.is_none() {
                errors.push("after", "must be the `next` of a reply to the same `sort`");
            }
        }
    }
    errors.or(domain, Query::Many(selection))
}

/// Reads a count.
pub(crate) fn count(
    domain: &'static Domain,
    limits: &Limits,
    request: &CountRequest,
) -> Result<Vec<Condition>> {
    let mut errors = Errors::default();
    let filter =
        request.r#where.as_ref().map(|map| filter(domain, limits, map, &mut errors)).unwrap_or_default();
    errors.or(domain, filter)
}

fn projection(domain: &'static Domain, names: Option<&[String]>, errors: &mut Errors) -> Fields {
    let Some(names) = names else { return Fields::All };
    let mut indices = Vec::with_capacity(names.len().min(domain.fields.len()));
    for name in names {
        match domain.field(name) {
            Some((index, _)) if indices.contains(&index) => {
                errors.push("fields", format!("names `{name}` twice"));
            }
            Some((index, _)) => indices.push(index),
            None => errors.push("fields", format!("names `{name}`, which `{}` does not have", domain.name)),
        }
    }
    if names.is_empty() {
        errors.push("fields", "must name at least one field");
    }
    Fields::Some(indices)
}

fn order(domain: &'static Domain, names: &[String], errors: &mut Errors) -> Vec<Order> {
    let mut sort: Vec<Order> = Vec::with_capacity(names.len().min(domain.fields.len()) + domain.key.len());
    for written in names {
        let (name, descending) = match written.strip_prefix('-') {
            Some(name) => (name, true),
            None => (written.as_str(), false),
        };
        match domain.field(name) {
            Some((field, _)) if sort.iter().any(|order| order.field == field) => {
                errors.push("sort", format!("names `{name}` twice"));
            }
            Some((field, _)) if domain.fetch.sort.contains(&field) || domain.key.contains(&field) => {
                sort.push(Order { field, descending });
            }
            _ => errors.push("sort", not_declared(domain, name, domain.fetch.sort)),
        }
    }
    for &field in domain.key {
        if !sort.iter().any(|order| order.field == field) {
            sort.push(Order { field, descending: false });
        }
    }
    sort
}

fn not_declared(domain: &Domain, name: &str, declared: &[usize]) -> String {
    let names: Vec<_> = declared.iter().map(|&index| domain.fields[index].name).collect();
    if names.is_empty() {
        format!("cannot use `{name}`: the template declares none")
    } else {
        format!("cannot use `{name}`: the template declares {}", names.join(", "))
    }
}

fn filter(domain: &'static Domain, limits: &Limits, map: &Record, errors: &mut Errors) -> Vec<Condition> {
    let mut conditions = Vec::with_capacity(map.0.len().min(domain.fields.len()));
    for (name, json) in &map.0 {
        let path = format!("where.{name}");
        match domain.field(name) {
            Some((field, _)) if domain.fetch.filter.contains(&field) || domain.key.contains(&field) => {
                tests(domain, limits, field, json, &path, &mut conditions, errors);
            }
            _ => errors.push(path, not_declared(domain, name, domain.fetch.filter)),
        }
    }
    conditions
}

/// The tests of one field: a bare value is equality, an object holds operators.
fn tests(
    domain: &'static Domain,
    limits: &Limits,
    field: usize,
    json: &Json,
    path: &str,
    conditions: &mut Vec<Condition>,
    errors: &mut Errors,
) {
    let ty = &domain.fields[field].ty;
    let Json::Object(operators) = json else {
        let test = match json {
            Json::Null => Ok(Test::Null(true)),
            json => operand(ty, json).map(|value| Test::Compare(Comparison::Eq, value)),
        };
        return match test {
            Ok(test) => conditions.push(Condition { field, test }),
            Err(reason) => errors.push(path, reason),
        };
    };
    if operators.is_empty() {
        errors.push(path, "must have at least one operator");
    }
    for (operator, json) in operators {
        let path = format!("{path}.{operator}");
        match test(ty, limits, operator, json) {
            Ok(test) => conditions.push(Condition { field, test }),
            Err(reason) => errors.push(path, reason),
        }
    }
}

fn test(ty: &Type, limits: &Limits, operator: &str, json: &Json) -> std::result::Result<Test, String> {
    let comparison = match operator {
        "eq" => Comparison::Eq,
        "ne" => Comparison::Ne,
        "lt" => Comparison::Lt,
        "lte" => Comparison::Lte,
        "gt" => Comparison::Gt,
        "gte" => Comparison::Gte,
        "in" => return one_of(ty, limits, json),
        "prefix" => return prefix(ty, json),
        "null" => {
            return json.as_bool().map(Test::Null).ok_or_else(|| "must be true or false".to_owned());
        }
        _ => return Err("is not an operator: eq, ne, lt, lte, gt, gte, in, prefix and null are".into()),
    };
    let ordered = !matches!(comparison, Comparison::Eq | Comparison::Ne);
    if ordered && matches!(ty, Type::Bool) {
        return Err("cannot order true and false".into());
    }
    match (comparison, json) {
        (Comparison::Eq, Json::Null) => Ok(Test::Null(true)),
        (Comparison::Ne, Json::Null) => Ok(Test::Null(false)),
        _ => operand(ty, json).map(|value| Test::Compare(comparison, value)),
    }
}

fn one_of(ty: &Type, limits: &Limits, json: &Json) -> std::result::Result<Test, String> {
    let Json::Array(items) = json else { return Err("must be an array".into()) };
    if items.is_empty() || items.len() > limits.in_items_max {
        return Err(format!("must have from 1 to {} items", limits.in_items_max));
    }
    let item = |(index, json)| operand(ty, json).map_err(|reason| format!("item {index} {reason}"));
    items.iter().enumerate().map(item).collect::<std::result::Result<_, _>>().map(Test::In)
}

fn prefix(ty: &Type, json: &Json) -> std::result::Result<Test, String> {
    match (ty, json) {
        (Type::String { .. }, Json::String(text)) if !text.is_empty() => Ok(Test::Prefix(text.clone())),
        (Type::String { .. }, _) => Err("must be a string that is not empty".into()),
        _ => Err(format!("is for strings, and this is a {}", ty.name())),
    }
}

/// A date of zero in a cursor. MariaDB may hold one; on the wire it is null, but it does not sort as null does.
pub(crate) const ZERO_DATE: &str = "0000-00-00";

/// A value in a cursor: one that is stored, also where it is not what the template would let in.
fn cursor_value(ty: &Type, json: &Json) -> Option<Value> {
    match ty {
        Type::Enum { .. } | Type::String { .. } => json.as_str().map(|text| Value::Text(text.to_owned())),
        Type::Date | Type::DateTime if json == ZERO_DATE => Some(Value::Text(ZERO_DATE.to_owned())),
        ty => operand(ty, json).ok(),
    }
}

/// A value to compare with. Bounds and patterns bind what is stored, not what is searched for: `lt 0` on a
/// price that is at least 0 is a filter that matches nothing, not an error. An enum's values do bind, since a
/// value outside of them is a typing mistake.
fn operand(ty: &Type, json: &Json) -> std::result::Result<Value, String> {
    match ty {
        Type::Int { .. } => validate::scalar(&Type::INT, json),
        Type::UInt { .. } => validate::scalar(&Type::uint(0, u64::MAX), json),
        Type::Float { .. } => validate::scalar(&Type::FLOAT, json),
        Type::Decimal { precision, scale, .. } => {
            validate::scalar(&Type::decimal(*precision, *scale, None, None), json)
        }
        Type::String { max, .. } => validate::scalar(&Type::string(0, *max), json),
        ty => validate::scalar(ty, json),
    }
}
