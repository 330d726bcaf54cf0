//! A filter, an order and a page in MongoDB's query language, built from the template's columns and bound
//! values. Operators come from this file only.

use mongodb::bson::{Bson, Document, doc};

use super::{
    convert::{is_between_dates, to_bson},
    fault::Fault,
};
use crate::{
    error::Error,
    query::{Comparison, Condition, Order, Selection, Test},
    spec::Domain,
    value::Value,
};

/// The records that match.
pub(super) fn filter(domain: &'static Domain, conditions: &[Condition]) -> Result<Document, Fault> {
    let all = conditions.iter().map(|condition| {
        let column = domain.fields[condition.field].column;
        Ok(doc! { column: test(domain, condition)? })
    });
    Ok(and(all.collect::<Result<Vec<_>, Fault>>()?))
}

/// The record with this key.
pub(super) fn key(domain: &'static Domain, key: &[Value]) -> Result<Document, Fault> {
    let mut filter = Document::new();
    for (&field, value) in domain.key.iter().zip(key) {
        filter.insert(domain.fields[field].column, compared(domain, field, Comparison::Eq, value)?);
    }
    Ok(filter)
}

/// The records that match and come after the cursor.
pub(super) fn page(domain: &'static Domain, selection: &Selection) -> Result<Document, Fault> {
    let filter = filter(domain, &selection.filter)?;
    match &selection.after {
        None => Ok(filter),
        Some(last) => Ok(and(vec![filter, after(domain, &selection.sort, last)?])),
    }
}

/// The order.
pub(super) fn sort(domain: &'static Domain, sort: &[Order]) -> Document {
    let columns = sort.iter().map(|order| {
        let direction = if order.descending { -1 } else { 1 };
        (domain.fields[order.field].column.to_owned(), Bson::Int32(direction))
    });
    columns.collect()
}

/// The columns of these fields, and no others.
pub(super) fn projection(domain: &'static Domain, fields: &[usize]) -> Document {
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

fn test(domain: &'static Domain, Condition { field, test }: &Condition) -> Result<Document, Fault> {
    let bound = |value| bound(domain, *field, value);
    Ok(match test {
        Test::Compare(comparison, value) => compared(domain, *field, *comparison, value)?,
        Test::In(values) => {
            let values = values.iter().filter(|value| !is_between_dates(value));
            doc! { "$in": values.map(bound).collect::<Result<Vec<_>, _>>()? }
        }
        // The prefix is text, not a pattern: every special character is escaped.
        Test::Prefix(prefix) => doc! { "$regex": format!("^{}", regex::escape(prefix)) },
        // Null and absent are one: this matches both.
        Test::Null(true) => doc! { "$eq": Bson::Null },
        Test::Null(false) => doc! { "$ne": Bson::Null },
    })
}

/// A field against a value. A moment between two of MongoDB's dates is bound as the one before it, so that no date is
/// equal to it, and none lies between the two.
fn compared(
    domain: &'static Domain,
    field: usize,
    comparison: Comparison,
    value: &Value,
) -> Result<Document, Fault> {
    let bound = bound(domain, field, value)?;
    Ok(match (comparison, is_between_dates(value)) {
        (Comparison::Eq, true) => doc! { "$in": [] },
        (Comparison::Ne, true) => doc! { "$nin": [] },
        (Comparison::Eq, false) => doc! { "$eq": bound },
        (Comparison::Ne, false) => doc! { "$ne": bound },
        (Comparison::Lt, false) => doc! { "$lt": bound },
        (Comparison::Lt, true) | (Comparison::Lte, _) => doc! { "$lte": bound },
        (Comparison::Gte, false) => doc! { "$gte": bound },
        (Comparison::Gte, true) | (Comparison::Gt, _) => doc! { "$gt": bound },
    })
}

pub(super) fn bound(domain: &'static Domain, field: usize, value: &Value) -> Result<Bson, Fault> {
    to_bson(value).map_err(|reason| {
        let field =
            beds_protocol::FieldError { field: format!("where.{}", domain.fields[field].name), reason };
        Fault::Refused(Error::validation(domain, vec![field], 1))
    })
}

/// The records after the one with these sort values: it differs first in one field, and there comes later.
/// Null comes before every value.
fn after(domain: &'static Domain, sort: &[Order], last: &[Value]) -> Result<Document, Fault> {
    let mut alternatives = Vec::with_capacity(sort.len());
    for (depth, order) in sort.iter().enumerate() {
        let mut all = Vec::with_capacity(depth + 1);
        for (equal, value) in sort.iter().zip(last).take(depth) {
            all.push(
                doc! { domain.fields[equal.field].column: { "$eq": bound(domain, equal.field, value)? } },
            );
        }
        let column = domain.fields[order.field].column;
        let value = bound(domain, order.field, &last[depth])?;
        match (order.descending, last[depth].is_null()) {
            (false, true) => all.push(doc! { column: { "$ne": Bson::Null } }),
            // Nothing comes after null in descending order.
            (true, true) => continue,
            (false, false) => all.push(doc! { column: { "$gt": value } }),
            (true, false) => {
                all.push(doc! { "$or": [{ column: { "$lt": value } }, { column: { "$eq": Bson::Null } }] });
            }
        }
        alternatives.push(and(all));
    }
    // After nothing but nulls in descending order, which no page ends with, there is nothing.
    if let (true, [order, ..]) = (alternatives.is_empty(), sort) {
        return Ok(doc! { domain.fields[order.field].column: { "$in": [] } });
    }
    Ok(doc! { "$or": alternatives })
}
