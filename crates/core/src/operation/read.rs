//! `fetch` and `count`.

use beds_protocol::{CountRequest, FetchRequest, Operation, shown};

use super::{declared::declared, filter::filter};
use crate::{
    access::Allowed,
    context::Context,
    cursor,
    error::Result,
    plan::{Action, Plan, Reach, Read, Scope},
    query::{Condition, Fields, Order, Selection},
    spec::Domain,
    validate::{Errors, record},
    work::Work,
};

/// Reads one record by key, or many by filter.
///
/// # Errors
/// `validation_failed`, if the request contradicts the template.
pub fn fetch(cx: &Context, domain: &'static Domain, request: FetchRequest) -> Result<Work> {
    let allowed = cx.allowed(domain, Operation::Fetch)?;
    let mut errors = Errors::default();
    let FetchRequest { key, r#where, sort, limit, after, fields, count } = request;
    let fields = projection(domain, &allowed, fields.as_deref(), &mut errors);
    if let Some(key) = key {
        let key = record::key(domain, &key, &mut errors);
        let others = [
            ("where", r#where.is_some()),
            ("sort", sort.is_some()),
            ("limit", limit.is_some()),
            ("after", after.is_some()),
            ("count", count.is_some()),
        ];
        for (name, _) in others.iter().filter(|(_, given)| *given) {
            errors.push(*name, "cannot be combined with `key`");
        }
        let scope = Reach { rows: allowed.rows(), carried: cx.standing.carries, ..Reach::default() }.into();
        return errors.or(read(domain, Read::One { key, fields }, scope));
    }
    let filter = r#where.as_ref().map(|map| filter(domain, &allowed, &cx.limits, map, &mut errors));
    let filter = within(filter, &allowed);
    let sort = order(domain, &allowed, sort.as_deref().unwrap_or_default(), &mut errors);
    let limit = limit.unwrap_or(domain.fetch.limit_default);
    if limit == 0 || limit > domain.fetch.limit_max {
        errors.push("limit", format!("must be from 1 to {}", domain.fetch.limit_max));
    }
    let after = after.and_then(|cursor| page(domain, &sort, &cursor, &mut errors));
    let selection = Selection { filter, sort, after, limit, fields, count: count.unwrap_or(false) };
    let scope = Reach { carried: cx.standing.carries, ..Reach::default() }.into();
    errors.or(read(domain, Read::Many(selection), scope))
}

/// Counts records by filter.
///
/// # Errors
/// The same as [`fetch`].
pub fn count(cx: &Context, domain: &'static Domain, request: CountRequest) -> Result<Work> {
    let allowed = cx.allowed(domain, Operation::Count)?;
    let mut errors = Errors::default();
    let CountRequest { r#where } = request;
    let filter = r#where.as_ref().map(|map| filter(domain, &allowed, &cx.limits, map, &mut errors));
    let filter = within(filter, &allowed);
    errors.or(read(domain, Read::Count { filter, most: None, changes: Vec::new() }, Scope::default()))
}

/// The conditions of a request, restricted to the records within its caller's reach.
fn within(filter: Option<Vec<Condition>>, allowed: &Allowed) -> Vec<Condition> {
    let mut filter = filter.unwrap_or_default();
    filter.extend(allowed.rows());
    filter
}

fn read(domain: &'static Domain, read: Read, scope: Scope) -> Work {
    Work::Plan(Plan::new(domain, Action::Read(read)).within(scope))
}

/// The sort values after which a page begins.
fn page(
    domain: &'static Domain,
    sort: &[Order],
    cursor: &str,
    errors: &mut Errors,
) -> Option<Vec<crate::value::Value>> {
    if domain.key.is_empty() {
        errors.push("after", format!("cannot be used: `{}` has no key, and pages need one", domain.name));
        return None;
    }
    let last = cursor::decode(domain, sort, cursor);
    // If the request has another mistake, the order may not be the one that the client meant.
    if last.is_none() && errors.count() == 0 {
        errors.push("after", "must be the `next` of a reply to a request with the same `sort`");
    }
    last
}

fn projection(
    domain: &'static Domain,
    allowed: &Allowed,
    names: Option<&[String]>,
    errors: &mut Errors,
) -> Fields {
    let Some(names) = names else {
        if allowed.shows_all() {
            return Fields::All;
        }
        return Fields::Some((0..domain.fields.len()).filter(|&field| allowed.shows(field)).collect());
    };
    let mut indices = Vec::with_capacity(names.len().min(domain.fields.len()));
    for name in names {
        match allowed.field(name) {
            Some((index, _)) if indices.contains(&index) => {
                errors.push("fields", format!("names {} twice", shown(name)));
            }
            Some((index, _)) => indices.push(index),
            None => {
                let name = shown(name);
                errors.push("fields", format!("names {name}, which is not a field of `{}`", domain.name));
            }
        }
    }
    if names.is_empty() {
        errors.push("fields", "must name at least one field");
    }
    Fields::Some(indices)
}

fn order(domain: &'static Domain, allowed: &Allowed, names: &[String], errors: &mut Errors) -> Vec<Order> {
    let mut sort: Vec<Order> = Vec::with_capacity(names.len().min(domain.fields.len()) + domain.key.len());
    for written in names {
        let (name, descending) = match written.strip_prefix('-') {
            Some(name) => (name, true),
            None => (written.as_str(), false),
        };
        match allowed.field(name) {
            Some((field, _)) if sort.iter().any(|order| order.field == field) => {
                errors.push("sort", format!("names {} twice", shown(name)));
            }
            Some((field, _)) if domain.fetch.sort.contains(&field) || domain.key.contains(&field) => {
                sort.push(Order { field, descending });
            }
            _ => {
                let sorts = declared(domain, allowed, "sorts", domain.fetch.sort);
                errors.push("sort", format!("names {}, which is not a sort; {sorts}", shown(name)));
            }
        }
    }
    // An index on the sorted fields and the key is read in one direction.
    let descending = sort.last().is_some_and(|order| order.descending);
    for &field in domain.key {
        if !sort.iter().any(|order| order.field == field) {
            sort.push(Order { field, descending });
        }
    }
    sort
}
