//! The rules of a collection's validator that a document does not satisfy: by field, and never with its value.

use beds_core::{
    error::shortened,
    spec::{Field, Type},
};
use beds_protocol::FieldError;
use mongodb::bson::{Bson, Document};

/// How many rules a reply names.
const DETAILS_MAX: usize = 20;
/// How much of a rule it repeats.
const RULE_CHARS_MAX: usize = 200;

/// The content of a server's `errInfo`, in the template's terms. Empty if it says nothing about fields.
pub(super) fn details(info: &Document, fields: &'static [Field]) -> Vec<FieldError> {
    let mut found = Vec::new();
    if let Ok(details) = info.get_document("details") {
        match details.get_array("schemaRulesNotSatisfied") {
            Ok(rules) => walk(rules, Some(fields), "", &mut found),
            Err(_) => condition(details, fields, &mut found),
        }
    }
    found.truncate(DETAILS_MAX);
    found
}

/// The rules of one object or value. `fields` are its members, if the template knows them.
fn walk(rules: &[Bson], fields: Option<&'static [Field]>, path: &str, found: &mut Vec<FieldError>) {
    for rule in rules.iter().filter_map(Bson::as_document) {
        let mut names = |list: &str, reason: &str| {
            for column in rule.get_array(list).into_iter().flatten().filter_map(Bson::as_str) {
                let (path, _) = member(fields, path, column);
                found.push(FieldError { field: path, reason: reason.to_owned() });
            }
        };
        match rule.get_str("operatorName").unwrap_or_default() {
            "required" => names("missingProperties", "is required by the collection's validator"),
            "additionalProperties" => {
                names("additionalProperties", "is not a member that the collection's validator knows");
            }
            "properties" => {
                let properties = rule.get_array("propertiesNotSatisfied").into_iter().flatten();
                for property in properties.filter_map(Bson::as_document) {
                    let (path, field) =
                        member(fields, path, property.get_str("propertyName").unwrap_or_default());
                    let before = found.len();
                    if let Ok(rules) = property.get_array("details") {
                        walk(rules, field.and_then(members), &path, found);
                    }
                    // The DBA's description of the member.
                    if let Ok(description) = property.get_str("description") {
                        for detail in found.iter_mut().skip(before).filter(|detail| detail.field == path) {
                            detail.reason = format!(
                                "{} ({})",
                                detail.reason,
                                shortened(description.to_owned(), RULE_CHARS_MAX)
                            );
                        }
                    }
                }
            }
            "items" => {
                let index = rule.get("itemIndex").and_then(|index| match index {
                    Bson::Int32(index) => Some(i64::from(*index)),
                    Bson::Int64(index) => Some(*index),
                    _ => None,
                });
                let path = index.map_or_else(|| path.to_owned(), |index| format!("{path}[{index}]"));
                if let Ok(rules) = rule.get_array("details") {
                    walk(rules, fields, &path, found);
                }
            }
            _ => found.push(FieldError { field: path.to_owned(), reason: unsatisfied(rule) }),
        }
    }
}

/// A validator in the query language: only one condition of one field can be named.
fn condition(details: &Document, fields: &'static [Field], found: &mut Vec<FieldError>) {
    let Ok(specified) = details.get_document("specifiedAs") else { return };
    for column in specified.keys() {
        if let Some(field) = fields.iter().find(|field| field.column == column) {
            found.push(FieldError { field: field.name.to_owned(), reason: unsatisfied(details) });
        }
    }
}

/// The requirement of the validator. That is the DBA's text: no value of the document is in it.
fn unsatisfied(rule: &Document) -> String {
    let asked = match rule.get("specifiedAs") {
        Some(specified) => specified.to_string(),
        None => rule.get_str("operatorName").unwrap_or("a rule").to_owned(),
    };
    let asked = shortened(asked, RULE_CHARS_MAX);
    format!("does not satisfy the collection's validator: {asked}")
}

/// The path of a member, and its field.
fn member(fields: Option<&'static [Field]>, path: &str, column: &str) -> (String, Option<&'static Field>) {
    let field = fields.and_then(|fields| fields.iter().find(|field| field.column == column));
    let name = field.map_or(column, |field| field.name);
    let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    (path, field)
}

/// The members of an object, or of each item of a list.
fn members(field: &'static Field) -> Option<&'static [Field]> {
    match &field.ty {
        Type::Object { fields } => Some(fields),
        Type::List { item, .. } => members(item),
        _ => None,
    }
}
