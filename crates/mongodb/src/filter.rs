//! A filter, an order and a page in MongoDB's query language, built from the template's columns and bound
//! values. Operators come from this file and from the DBA's pipelines only.

use beds_core::{
    query::{Comparison, Condition, Order, Selection, Test},
    spec::Domain,
    validate::Errors,
    value::Value,
};
use mongodb::bson::{Bson, Document, doc};

use crate::convert::{is_between_dates, to_bson};

/// The records that match.
pub(crate) fn filter(domain: &'static Domain, conditions: &[Condition], errors: &mut Errors) -> Document {
    let all = conditions.iter().map(|Condition { field, test }| {
        let field = &domain.fields[*field];
        doc! { field.column: tested(test, &format!("where.{}", field.name), errors) }
    });
    and(all.collect())
}

/// The record with this key.
pub(crate) fn key(domain: &'static Domain, key: &[Value], errors: &mut Errors) -> Document {
    let mut filter = Document::new();
    for (&field, value) in domain.key.iter().zip(key) {
        let field = &domain.fields[field];
        let path = if key.len() == 1 { "key".to_owned() } else { format!("key.{}", field.name) };
        filter.insert(field.column, compared(Comparison::Eq, value, &path, errors));
    }
    filter
}

/// The records that match and come after the cursor.
pub(crate) fn page(domain: &'static Domain, selection: &Selection, errors: &mut Errors) -> Document {
    let filter = filter(domain, &selection.filter, errors);
    match &selection.after {
        None => filter,
        Some(last) => and(vec![filter, after(domain, &selection.sort, last, errors)]),
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

fn tested(test: &Test, path: &str, errors: &mut Errors) -> Document {
    match test {
        Test::Compare(comparison, value) => compared(*comparison, value, path, errors),
        Test::In(values) => {
            let values = values.iter().filter(|value| !is_between_dates(value));
            doc! { "$in": values.map(|value| bound(value, path, errors)).collect::<Vec<_>>() }
        }
        // The prefix is text, not a pattern: every special character is escaped.
        Test::Prefix(prefix) => doc! { "$regex": format!("^{}", regex::escape(prefix)) },
        // Null and absent are one: this matches both.
        Test::Null(true) => doc! { "$eq": Bson::Null },
        Test::Null(false) => doc! { "$ne": Bson::Null },
    }
}

/// A field against a value. A moment between two of MongoDB's dates is bound as the one before it, so that no date is
/// equal to it, and none lies between the two.
fn compared(comparison: Comparison, value: &Value, path: &str, errors: &mut Errors) -> Document {
    let bound = bound(value, path, errors);
    match (comparison, is_between_dates(value)) {
        (Comparison::Eq, true) => doc! { "$in": [] },
        (Comparison::Ne, true) => doc! { "$nin": [] },
        (Comparison::Eq, false) => doc! { "$eq": bound },
        (Comparison::Ne, false) => doc! { "$ne": bound },
        (Comparison::Lt, false) => doc! { "$lt": bound },
        (Comparison::Lt, true) | (Comparison::Lte, _) => doc! { "$lte": bound },
        (Comparison::Gte, false) => doc! { "$gte": bound },
        (Comparison::Gte, true) | (Comparison::Gt, _) => doc! { "$gt": bound },
    }
}

fn bound(value: &Value, path: &str, errors: &mut Errors) -> Bson {
    to_bson(value).unwrap_or_else(|reason| {
        errors.push(path, reason);
        Bson::Null
    })
}

/// The records after the one with these sort values: it differs first in one field, and there comes later.
/// Null comes before every value.
fn after(domain: &'static Domain, sort: &[Order], last: &[Value], errors: &mut Errors) -> Document {
    let mut alternatives = Vec::with_capacity(sort.len());
    let last: Vec<Bson> = last.iter().map(|value| bound(value, "after", errors)).collect();
    for (depth, (order, value)) in sort.iter().zip(&last).enumerate() {
        let equal = |(order, value): (&Order, &Bson)| {
            doc! { domain.fields[order.field].column: { "$eq": value } }
        };
        let mut all: Vec<Document> = sort.iter().zip(&last).take(depth).map(equal).collect();
        let column = domain.fields[order.field].column;
        match (order.descending, value) {
            (false, Bson::Null) => all.push(doc! { column: { "$ne": Bson::Null } }),
            // Nothing comes after null in descending order.
            (true, Bson::Null) => continue,
            (false, value) => all.push(doc! { column: { "$gt": value } }),
            (true, value) => {
                all.push(doc! { "$or": [{ column: { "$lt": value } }, { column: { "$eq": Bson::Null } }] });
            }
        }
        alternatives.push(and(all));
    }
    // After nothing but nulls in descending order, which no page ends with, there is nothing.
    if let (true, [order, ..]) = (alternatives.is_empty(), sort) {
        return doc! { domain.fields[order.field].column: { "$in": [] } };
    }
    doc! { "$or": alternatives }
}

#[cfg(test)]
mod tests;
