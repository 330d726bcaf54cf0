//! `[access]`, as written.

use super::{
    Given, Names,
    keys::{self, Keys, Refused},
};
use crate::{
    diagnostic::{ErrorSink, access as diagnostics, shape},
    front::{Example, Front},
    part::Part,
    span::Spanned,
    tree::{self, Node, Scalar, Value},
};

const ROLES: Example<'_> = Example::Is("[\"clerk\"]");

/// `[access]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawAccess {
    /// `fetch`
    pub fetch: Given<Names>,
    /// `count`
    pub count: Given<Names>,
    /// `create`
    pub create: Given<Names>,
    /// `update`
    pub update: Given<Names>,
    /// `upsert`
    pub upsert: Given<Names>,
    /// `delete`
    pub delete: Given<Names>,
    /// `calls`, by name
    pub calls: Given<Vec<(Spanned<String>, Names)>>,
    /// `rows`, by role
    pub rows: Given<Vec<RawRoleRows>>,
    /// `fields`, by role
    pub fields: Given<Vec<RawRoleFields>>,
}

/// The records that a role reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRoleRows {
    /// The role.
    pub role: Spanned<String>,
    /// Each field with its allowed values.
    pub rows: Vec<(Spanned<String>, Vec<Spanned<Scalar>>)>,
}

/// The fields that a role does not see, or set.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRoleFields {
    /// The role.
    pub role: Spanned<String>,
    /// `hidden`
    pub hidden: Given<Names>,
    /// `readonly`
    pub readonly: Given<Names>,
}

pub(super) fn access(keys: &mut Keys<'_, '_>) -> Given<RawAccess> {
    let example = Example::Keys(&[("fetch", ROLES)]);
    keys.table("access", keys.front.section("access"), Part::Access, example, |keys| RawAccess {
        fetch: roles(keys, "fetch"),
        count: roles(keys, "count"),
        create: roles(keys, "create"),
        update: roles(keys, "update"),
        upsert: roles(keys, "upsert"),
        delete: roles(keys, "delete"),
        calls: calls(keys),
        rows: rows(keys),
        fields: fields(keys),
    })
}

/// A list of roles. A single word is refused, whatever it says, because access should be written down explicitly.
fn roles(keys: &mut Keys<'_, '_>, name: &'static str) -> Given<Names> {
    keys.take(name, |_| "a list of roles".to_owned(), |node, front, errors| names(name, node, front, errors))
}

fn names(name: &str, node: Node, front: Front, errors: &mut ErrorSink<'_>) -> Result<Names, Refused> {
    let Value::List(items) = node.value else { return Err(Refused::Kind(node.value)) };
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        let kind = keys::kind(&item.value, front);
        match item.value {
            Value::Scalar(Scalar::Text(text)) => names.push(Spanned::new(text, item.span)),
            Value::Broken => return Err(Refused::Reported),
            _ => {
                let found = format!("a list with {kind} in it");
                errors.push(
                    shape::wrong_shape(item.span, name, "a list of roles", &found)
                        .help("write the names of roles, each in quotes"),
                );
                return Err(Refused::Reported);
            }
        }
    }
    Ok(names)
}

fn calls(keys: &mut Keys<'_, '_>) -> Given<Vec<(Spanned<String>, Names)>> {
    let expected = |front: Front| front.table("calls", Example::Keys(&[("restock", ROLES)]));
    keys.take("calls", expected, |node, front, errors| {
        let calls = by_name(node, errors)?.into_iter().map(|(name, node)| {
            let kind = keys::kind(&node.value, front);
            let at = node.span;
            match names(&name.value, node, front, errors) {
                Ok(roles) => Ok((name, roles)),
                Err(Refused::Reported) => Err(Refused::Reported),
                Err(Refused::Kind(value)) => {
                    let role = value.as_text().unwrap_or("clerk");
                    let right = format!("{} = [{}]", name.value, crate::names::quoted(role));
                    let diagnostic = shape::wrong_shape(at, &name.value, "a list of roles", kind);
                    errors.push(diagnostic.help(format!("write the roles, `{right}`")));
                    Err(Refused::Reported)
                }
            }
        });
        calls.collect()
    })
}

fn rows(keys: &mut Keys<'_, '_>) -> Given<Vec<RawRoleRows>> {
    let row = Example::Keys(&[("owner", Example::Is("\"@user\""))]);
    let expected = move |front: Front| front.table("rows", Example::Keys(&[("clerk", row)]));
    keys.take("rows", expected, |node, front, errors| {
        let mut all = Vec::new();
        for (role, node) in by_name(node, errors)? {
            let (at, kind) = (node.span, keys::kind(&node.value, front));
            let Value::Table(_) = &node.value else {
                let expected =
                    front.table(&role.value, Example::Keys(&[("owner", Example::Is("\"@user\""))]));
                let diagnostic = shape::wrong_shape(at, &role.value, &expected, kind);
                errors.push(diagnostics::rows_without_field(diagnostic, &role.value, &node.value, front));
                return Err(Refused::Reported);
            };
            let mut rows = Vec::new();
            for (field, node) in by_name(node, errors)? {
                let values = values(&field.value, node, front, errors)?;
                rows.push((field, values));
            }
            all.push(RawRoleRows { role, rows });
        }
        Ok(all)
    })
}

/// One value, or a list of them.
fn values(
    field: &str,
    node: Node,
    front: Front,
    errors: &mut ErrorSink<'_>,
) -> Result<Vec<Spanned<Scalar>>, Refused> {
    let items = match node.value {
        Value::List(items) => items,
        _ => vec![node],
    };
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let kind = keys::kind(&item.value, front);
        match item.value {
            Value::Scalar(scalar) => values.push(Spanned::new(scalar, item.span)),
            Value::Broken => return Err(Refused::Reported),
            other => {
                let diagnostic = shape::wrong_shape(item.span, field, "a value, or a list of values", kind);
                errors.push(diagnostics::compared_row(diagnostic, field, &other));
                return Err(Refused::Reported);
            }
        }
    }
    Ok(values)
}

fn fields(keys: &mut Keys<'_, '_>) -> Given<Vec<RawRoleFields>> {
    let rules = Example::Keys(&[("hidden", Example::Is("[\"margin\"]"))]);
    let expected = move |front: Front| front.table("fields", Example::Keys(&[("clerk", rules)]));
    keys.take("fields", expected, |node, front, errors| {
        let mut all = Vec::new();
        for (role, node) in by_name(node, errors)? {
            let (at, kind) = (node.span, keys::kind(&node.value, front));
            let table = match node.value {
                Value::Table(table) => table,
                other => {
                    let rules = Example::Keys(&[("hidden", Example::Is("[\"margin\"]"))]);
                    let diagnostic =
                        shape::wrong_shape(at, &role.value, &front.table(&role.value, rules), kind);
                    let names = match &other {
                        Value::List(items) => items.iter().filter_map(|item| item.value.as_text()).collect(),
                        other => other.as_text().into_iter().collect::<Vec<_>>(),
                    };
                    errors.push(diagnostics::fields_without_list(diagnostic, &role.value, &names, front));
                    return Err(Refused::Reported);
                }
            };
            let place = match front {
                Front::Template => format!("`access.fields.{}`", role.value),
                Front::Attributes | Front::Parentheses => format!("`{}(…)`", role.value),
            };
            let mut keys = Keys::new(table, front, place, Part::RoleFields, errors);
            let (hidden, readonly) = (keys.names("hidden"), keys.names("readonly"));
            keys.finish();
            all.push(RawRoleFields { role, hidden, readonly });
        }
        Ok(all)
    })
}

/// The entries of a table whose keys the template chooses.
fn by_name(node: Node, errors: &mut ErrorSink<'_>) -> Result<Vec<(Spanned<String>, Node)>, Refused> {
    let Value::Table(table) = node.value else { return Err(Refused::Kind(node.value)) };
    let entries = keys::entries(table, errors);
    Ok(entries.into_iter().map(|tree::Entry { key, value }| (key, value)).collect())
}
