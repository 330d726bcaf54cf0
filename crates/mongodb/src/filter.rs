//! A filter, an order and a page in MongoDB's query language, built from the template's columns and bound
//! values. Operators come from this file and from the DBA's pipelines only.

use beds_core::{
    query::{Comparison, Condition, Order, Selection, Test},
    spec::{Domain, Field, Type},
    validate::Errors,
    value::Value,
};
use mongodb::bson::{Bson, Document, doc};

use crate::{
    convert::{is_between_dates, to_bson},
    order,
};

mod complete;
mod shown;
mod twin;

pub(crate) use complete::complete;

/// The records that match.
pub(crate) fn filter(
    domain: &'static Domain,
    is_view: bool,
    conditions: &[Condition],
    errors: &mut Errors,
) -> Document {
    let all = conditions.iter().map(|Condition { field, test }| {
        match test {
            Test::AnyOf(alternatives) => return any_list(domain, is_view, alternatives, errors),
            Test::Complete => return complete(domain),
            _ => {}
        }
        let field = &domain.fields[*field];
        let differs = matches!(test, Test::Compare(Comparison::Ne, _) | Test::Null(false));
        let tested = tested(field.column, test, &format!("where.{}", field.name), errors);
        if differs && may_hold_array(field, is_view) {
            // An array is not a value of the field, and so differs from each value.
            any_of(vec![tested, doc! { field.column: { "$type": "array" } }])
        } else {
            let shown = if is_range(test) { shown::is_shown(field) } else { Vec::new() };
            and([vec![one_value(field, is_view, tested)], shown].concat())
        }
    });
    and(all.collect())
}

/// A condition that no record meets: the `_id` of a document is never one of an empty list.
fn nothing() -> Document {
    doc! { "_id": { "$in": [] } }
}

/// The records within a caller's reach.
fn any_list(
    domain: &'static Domain,
    is_view: bool,
    alternatives: &[Vec<Condition>],
    errors: &mut Errors,
) -> Document {
    if alternatives.iter().any(Vec::is_empty) {
        return Document::new();
    }
    let all: Vec<Document> =
        alternatives.iter().map(|conditions| filter(domain, is_view, conditions, errors)).collect();
    if all.is_empty() { nothing() } else { any_of(all) }
}

const fn is_range(test: &Test) -> bool {
    matches!(test, Test::Compare(Comparison::Lt | Comparison::Lte | Comparison::Gt | Comparison::Gte, _))
}

/// The record with this key.
pub(crate) fn key(domain: &'static Domain, is_view: bool, key: &[Value], errors: &mut Errors) -> Document {
    let all = domain.key.iter().zip(key).map(|(&field, value)| {
        let field = &domain.fields[field];
        let path = if key.len() == 1 { "key".to_owned() } else { format!("key.{}", field.name) };
        one_value(field, is_view, compared(field.column, Comparison::Eq, value, &path, errors))
    });
    and(all.collect())
}

/// Whether the wire may show several records with this same key though they differ in the database: then no index keeps
/// the key unique.
pub(crate) fn may_be_shared(key: &[Value]) -> bool {
    key.iter().any(twin::has_two_forms)
}

/// The condition on a field, without records that hold an array there. MongoDB compares the elements of an array, but
/// the field does not show the array.
pub(crate) fn one_value(field: &Field, is_view: bool, condition: Document) -> Document {
    if may_hold_array(field, is_view) { and(vec![condition, no_array(field)]) } else { condition }
}

fn no_array(field: &Field) -> Document {
    doc! { field.column: { "$not": { "$type": "array" } } }
}

/// Whether the field may hold an array against its type. The `_id` of a collection cannot.
fn may_hold_array(field: &Field, is_view: bool) -> bool {
    (is_view || field.column != "_id") && !matches!(field.ty, Type::List { .. } | Type::Json)
}

/// The record with this key, if these conditions hold for it.
pub(crate) fn key_within(
    domain: &'static Domain,
    is_view: bool,
    key: &[Value],
    rows: &[Condition],
    errors: &mut Errors,
) -> Document {
    let by_key = self::key(domain, is_view, key, errors);
    // The conditions of a caller's role are not part of the request: the client gets no error for a value that no
    // record can have.
    let mut of_rows = Errors::default();
    let within = filter(domain, is_view, rows, &mut of_rows);
    and(vec![by_key, if of_rows.count() == 0 { within } else { nothing() }])
}

/// The records that match and come after the cursor.
pub(crate) fn page(
    domain: &'static Domain,
    is_view: bool,
    selection: &Selection,
    errors: &mut Errors,
) -> Document {
    let filter = filter(domain, is_view, &selection.filter, errors);
    match &selection.after {
        None => filter,
        Some(last) => and(vec![filter, order::after(domain, is_view, &selection.sort, last, errors)]),
    }
}

/// The order.
pub(crate) fn sort(domain: &'static Domain, sort: &[Order]) -> Document {
    let columns = sort.iter().map(|order| {
        let direction = if order.descending { -1 } else { 1 };
        (domain.fields[order.field].column.to_owned(), Bson::Int32(direction))
    });
    columns.collect()
}

/// The columns of these fields, and no others.
pub(crate) fn projection(domain: &'static Domain, fields: &[usize]) -> Document {
    let mut projection: Document =
        fields.iter().map(|&field| (domain.fields[field].column.to_owned(), Bson::Int32(1))).collect();
    if !projection.contains_key("_id") {
        projection.insert("_id", 0);
    }
    projection
}

fn and(mut filters: Vec<Document>) -> Document {
    filters.retain(|filter| !filter.is_empty());
    match filters.len() {
        0 => Document::new(),
        1 => filters.remove(0),
        _ => doc! { "$and": filters },
    }
}

fn tested(column: &str, test: &Test, path: &str, errors: &mut Errors) -> Document {
    match test {
        Test::Compare(comparison, value) => compared(column, *comparison, value, path, errors),
        Test::In(values) => {
            let days = values.iter().filter_map(twin::day).map(|day| twin::on_day(column, day));
            let days: Vec<Document> = days.collect();
            let values = values.iter().filter(|value| !is_between_dates(value));
            let values = values.map(|value| (bound(value, path, errors), twin::double(value)));
            any_of([twin::among(column, values), days].concat())
        }
        // The prefix is text, not a pattern: every special character is escaped.
        Test::Prefix(prefix) => doc! { column: { "$regex": format!("^{}", regex::escape(prefix)) } },
        // These tests concern no single column; `filter` handles them before.
        Test::AnyOf(_) | Test::Complete => nothing(),
        // Null and absent are one: this matches both.
        Test::Null(true) => doc! { column: { "$eq": Bson::Null } },
        Test::Null(false) => doc! { column: { "$ne": Bson::Null } },
    }
}

/// A field against a value. A moment between two of MongoDB's dates is bound as the date before it, so that no date is
/// equal to it, and none lies between the two.
fn compared(
    column: &str,
    comparison: Comparison,
    value: &Value,
    path: &str,
    errors: &mut Errors,
) -> Document {
    let bound = bound(value, path, errors);
    if let Some(day) = twin::day(value) {
        return twin::compared_by_day(column, comparison, &bound, day);
    }
    let (operator, operand) = match (comparison, is_between_dates(value)) {
        (Comparison::Eq, true) => ("$in", Bson::Array(Vec::new())),
        (Comparison::Ne, true) => ("$nin", Bson::Array(Vec::new())),
        (Comparison::Eq, false) => ("$eq", bound),
        (Comparison::Ne, false) => ("$ne", bound),
        (Comparison::Lt, false) => ("$lt", bound),
        (Comparison::Lt, true) | (Comparison::Lte, _) => ("$lte", bound),
        (Comparison::Gte, false) => ("$gte", bound),
        (Comparison::Gte, true) | (Comparison::Gt, _) => ("$gt", bound),
    };
    if let Some(double) = twin::double(value) {
        twin::compared_with_double(column, comparison, (operator, operand), &double)
    } else {
        doc! { column: { operator: operand } }
    }
}

/// Any of these conditions. There is at least one.
fn any_of(mut all: Vec<Document>) -> Document {
    if all.len() == 1 {
        all.remove(0)
    } else {
        doc! { "$or": all }
    }
}

/// The operand of a comparison. Unlike a stored value, it may exceed all that a column can hold.
fn bound(value: &Value, path: &str, errors: &mut Errors) -> Bson {
    match value {
        Value::UInt(number) if i64::try_from(*number).is_err() => {
            number.to_string().parse().map_or(Bson::MaxKey, Bson::Decimal128)
        }
        value => to_bson(value).unwrap_or_else(|unkept| {
            unkept.tell(path, errors);
            Bson::Null
        }),
    }
}

#[cfg(test)]
mod tests;
