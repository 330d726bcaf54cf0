//! Fields, arguments and columns as cells of a table, and their types in words.

use maud::{Markup, html};

use super::{code, codes, joined};
use crate::model::{Domain, Field, Literal, Supply, Type};

pub(super) fn row(domain: &Domain, index: usize, field: &Field) -> [Markup; 4] {
    let (filter, sort) = (domain.fetch.filter.contains(&index), domain.fetch.sort.contains(&index));
    let first = field.is_key.then(|| html! { "key" });
    let last = [(filter, "filter"), (sort, "sort")];
    let last = last.into_iter().filter(|(is, _)| *is).map(|(_, name)| html! { (name) });
    described(field, first.into_iter().chain(flags(field)).chain(last))
}

/// The cells of a field, an argument or a column.
pub(super) fn described(field: &Field, flags: impl IntoIterator<Item = Markup>) -> [Markup; 4] {
    [code(&field.name), ty(&field.ty), joined(flags, ", "), html! { (field.description) }]
}

pub(super) fn flags(field: &Field) -> Vec<Markup> {
    let supply = match &field.supply {
        Supply::Required => Some(html! { "required" }),
        Supply::Optional => None,
        Supply::Default(literal) => Some(html! { "default " code { (literal_text(literal)) } }),
        Supply::Generated(by) => Some(html! { "generated (" (by.as_str().replace('_', " ")) ")" }),
        Supply::Version => Some(html! { "version" }),
    };
    let flags = [
        (field.nullable, "may be null"),
        (field.unique, "unique"),
        (field.immutable, "immutable"),
        (field.sensitive, "sensitive"),
    ];
    supply.into_iter().chain(flags.iter().filter(|(is, _)| *is).map(|(_, name)| html! { (name) })).collect()
}

fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        Literal::Text(value) => format!("\"{value}\""),
    }
}

/// A type with its bounds.
pub(super) fn ty(ty: &Type) -> Markup {
    let name = ty.name();
    match ty {
        Type::Bool | Type::Uuid | Type::Date | Type::Time | Type::DateTime | Type::Json | Type::ObjectId => {
            html! { (name) }
        }
        Type::Int { min, max } => {
            let some = |is: bool, value: i64| is.then(|| value.to_string());
            html! { (name) (range(some(*min != i64::MIN, *min), some(*max != i64::MAX, *max))) }
        }
        Type::UInt { min, max } => {
            html! { (name) (range(Some(min.to_string()), (*max != u64::MAX).then(|| max.to_string()))) }
        }
        Type::Float { min, max } => {
            let some = |is: bool, value: f64| is.then(|| value.to_string());
            html! { (name) (range(some(*min > f64::MIN, *min), some(*max < f64::MAX, *max))) }
        }
        Type::Decimal { precision, scale, min, max } => {
            html! { (name) " (" (precision) ", " (scale) ")" (range(min.clone(), max.clone())) }
        }
        Type::String { min, max, pattern } => html! {
            (name) (length(*min, *max))
            @if let Some(pattern) = pattern { ", like " code { (pattern) } }
        },
        Type::Text { min, max } => html! { (name) (length(*min, *max)) },
        Type::Bytes { max } => html! { (name) ", at most " (max) " bytes" },
        Type::Enum { values } => codes(values.iter().map(String::as_str)),
        Type::List { item, max } => html! { (name) " of at most " (max) ": " (self::ty(&item.ty)) },
        Type::Object { fields } => {
            let member = |field: &Field| html! { code { (field.name) } ": " (self::ty(&field.ty)) };
            html! { (name) " { " (joined(fields.iter().map(member), "; ")) " }" }
        }
    }
}

fn range(least: Option<String>, most: Option<String>) -> String {
    match (least, most) {
        (None, None) => String::new(),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (Some(least), Some(most)) => format!(", {least} to {most}"),
    }
}

fn length(min: u32, max: u32) -> String {
    if min == max { format!(", {max} characters") } else { format!(", {min} to {max} characters") }
}
