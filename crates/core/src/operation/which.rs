//! The records of a change: one by key, or all that a filter matches.

use beds_protocol::{Json, Record};

use super::filter::filter;
use crate::{
    access::Allowed,
    context::Context,
    plan::Matching,
    spec::Domain,
    validate::{Errors, record},
    value::Value,
};

/// The parts of a request that select the records.
pub(super) struct Asked {
    pub(super) key: Option<Json>,
    pub(super) r#where: Option<Record>,
    pub(super) if_version: Option<i64>,
    pub(super) dry_run: Option<bool>,
    /// `update` or `delete`.
    pub(super) operation: &'static str,
    /// How many records it may write by filter, if the template allows that.
    pub(super) most: Option<u32>,
}

/// Which records.
pub(super) enum Which {
    /// The record with this key.
    One(Vec<Value>),
    /// All matching records.
    Many(Matching),
    /// All matching records, to be counted only.
    Counted(Matching),
}

/// The records that a request means. If it is mistaken, the errors say so, and the result has no meaning.
pub(super) fn which(
    cx: &Context,
    domain: &'static Domain,
    allowed: &Allowed,
    asked: Asked,
    errors: &mut Errors,
) -> Which {
    let Asked { key, r#where, if_version, dry_run, operation, most } = asked;
    let Some(map) = r#where else {
        record::if_version(domain, if_version, errors);
        if dry_run.is_some() {
            errors.push("dry_run", "can be used only with `where`");
        }
        let instead = if most.is_some() { ", or `where` instead" } else { "" };
        let Some(key) = key else {
            errors.push("key", format!("is required{instead}"));
            return Which::One(Vec::new());
        };
        return Which::One(record::key(domain, &key, errors));
    };
    let conditions = filter(domain, allowed, &cx.limits, &map, errors);
    match most {
        None => {
            let name = domain.name;
            errors.push("where", format!("cannot be used: `{name}` offers `{operation}` by `key` only"));
        }
        Some(_) if key.is_some() => errors.push("where", "cannot be combined with `key`"),
        Some(_) if map.0.is_empty() => {
            let key = domain.key.first().map_or("", |&field| domain.fields[field].name);
            let all = format!(r#"to mean every record, write `{{"{key}": {{"null": false}}}}`"#);
            errors.push("where", format!("must have a condition; {all}"));
        }
        Some(_) => {}
    }
    if if_version.is_some() {
        errors.push("if_version", "can be used only with `key`");
    }
    let matching = Matching { filter: conditions, most: most.unwrap_or_default() };
    if dry_run == Some(true) { Which::Counted(matching) } else { Which::Many(matching) }
}
