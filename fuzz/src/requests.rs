//! Requests to the domains of `templates/`: each member right, wrong or odd.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use beds_core::spec::{Domain, Type};
use beds_protocol::{Broker, Lane};
use fastrand::Rng;

use crate::json::{self, any, array, characters, name, object, of, one, record, text};

/// A routing key, its broker, and a body.
pub(crate) type Request = (String, Broker, Vec<u8>);

const COMPARISONS: &[&str] = &["eq", "ne", "lt", "lte", "gt", "gte", "in", "prefix", "null", "$gt", ""];

/// Any operation of any domain.
pub(crate) fn of_any_operation(random: &mut Rng, domains: &[&'static Domain]) -> Request {
    let Some(domain) = one(random, domains) else { return (String::new(), Broker::AppRead, Vec::new()) };
    let operations: Vec<_> = domain.operations().collect();
    let (operation, lane) = operations[random.usize(..operations.len())];
    let operation = operation.to_string();
    let body = body(random, domain, &operation);
    (format!("{}.{operation}", domain.name), domain.placement.broker(lane), body.into_bytes())
}

/// The body that an operation of a domain accepts, or nearly.
fn body(random: &mut Rng, domain: &Domain, operation: &str) -> String {
    let names: &[&str] = match operation {
        "fetch" if random.bool() => &["key", "fields"],
        "fetch" => &["where", "sort", "limit", "after", "fields", "count"],
        "count" => &["where"],
        "create" | "upsert" => &["data"],
        "update" if random.bool() => &["key", "data", "if_version"],
        "update" => &["where", "data", "dry_run"],
        "delete" if random.bool() => &["key", "if_version"],
        "delete" => &["where", "dry_run"],
        "describe" => &[],
        _ => &["args"],
    };
    let mut members = Vec::new();
    for name in names {
        if random.u32(..5) != 0 {
            members.push(((*name).to_owned(), member(random, domain, operation, name)));
        }
    }
    if random.u32(..12) == 0 {
        members.push((name(random), any(random, 2)));
    }
    object(members)
}

fn member(random: &mut Rng, domain: &Domain, operation: &str, name: &str) -> String {
    if random.u32(..12) == 0 {
        return any(random, 3);
    }
    match name {
        "key" => key(random, domain),
        "where" => filter(random, domain),
        "data" if random.u32(..4) == 0 => {
            array((0..random.usize(..4)).map(|_| record(random, domain.fields)).collect::<Vec<_>>())
        }
        "data" => record(random, domain.fields),
        "args" => {
            let call = domain.calls.iter().find(|call| operation.ends_with(call.name));
            let args = call.into_iter().flat_map(|call| call.args);
            object(args.map(|arg| (arg.field.name.to_owned(), of(random, &arg.field.ty))).collect::<Vec<_>>())
        }
        "sort" => array(sort(random, domain).iter().map(|name| text(name)).collect::<Vec<_>>()),
        "fields" => {
            let names = (0..random.usize(..5)).map(|_| field_name(random, domain));
            array(names.collect::<Vec<_>>())
        }
        "limit" | "if_version" => random.i64(-2..200).to_string(),
        "after" => text(&cursor(random, domain, &[])),
        _ => random.bool().to_string(),
    }
}

fn field_name(random: &mut Rng, domain: &Domain) -> String {
    match domain.fields.get(random.usize(..=domain.fields.len())) {
        Some(field) => text(field.name),
        None => text(&name(random)),
    }
}

fn key(random: &mut Rng, domain: &Domain) -> String {
    let fields = domain.key.iter().map(|&index| &domain.fields[index]);
    match domain.key {
        [index] if random.u32(..4) != 0 => of(random, &domain.fields[*index].ty),
        _ => object(fields.map(|field| (field.name.to_owned(), of(random, &field.ty))).collect::<Vec<_>>()),
    }
}

/// A `where` on fields of the domain, including fields that it may not name.
pub(crate) fn filter(random: &mut Rng, domain: &Domain) -> String {
    let mut members = Vec::new();
    for _ in 0..random.usize(..5) {
        let declared = one(random, domain.fetch.filter).filter(|_| random.u32(..6) != 0);
        let Some(field) = declared.and_then(|index| domain.fields.get(index)) else {
            members.push((name(random), any(random, 3)));
            continue;
        };
        let value = if random.u32(..4) == 0 {
            of(random, &field.ty)
        } else {
            let tests = (0..random.usize(..3)).map(|_| comparison(random, &field.ty));
            object(tests.collect::<Vec<_>>())
        };
        members.push((field.name.to_owned(), value));
    }
    object(members)
}

/// An operator with an operand.
fn comparison(random: &mut Rng, ty: &Type) -> (String, String) {
    let name = one(random, COMPARISONS).unwrap_or_default();
    let operand = match name {
        "in" => array((0..random.usize(..6)).map(|_| of(random, ty)).collect::<Vec<_>>()),
        "null" => random.bool().to_string(),
        _ => of(random, ty),
    };
    (name.to_owned(), operand)
}

/// Names of fields by which a domain may be sorted, some of them descending.
pub(crate) fn sort(random: &mut Rng, domain: &Domain) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..random.usize(..4) {
        if let Some(index) = one(random, domain.fetch.sort) {
            let minus = if random.bool() { "-" } else { "" };
            names.push(format!("{minus}{}", domain.fields[index].name));
        }
    }
    if random.u32(..10) == 0 {
        names.push(name(random));
    }
    names
}

/// A cursor for an order, as the node would make it, but with values of other records. Or a broken cursor.
pub(crate) fn cursor(random: &mut Rng, domain: &Domain, sort: &[String]) -> String {
    let mut order = sort.to_vec();
    let bare = |name: &String| name.trim_start_matches('-').to_owned();
    for &index in domain.key {
        let name = domain.fields[index].name;
        if !order.iter().any(|known| bare(known) == name) {
            order.push(name.to_owned());
        }
    }
    let mut values = Vec::new();
    for name in &order {
        let field = domain.fields.iter().find(|field| field.name == bare(name));
        values.push(match (field, random.u32(..4)) {
            (Some(field), 1..) => of(random, &field.ty),
            (_, 0) => {
                const TYPES: &[&str] = &[
                    "int",
                    "uint",
                    "bool",
                    "float",
                    "decimal",
                    "text",
                    "bytes",
                    "uuid",
                    "date",
                    "time",
                    "datetime",
                    "object_id",
                    "other",
                ];
                object([(one(random, TYPES).unwrap_or_default().to_owned(), any(random, 1))])
            }
            _ => any(random, 1),
        });
    }
    let mut bytes = array([text(&order.join(",")), array(values)]).into_bytes();
    if random.u32(..6) == 0 {
        json::mutate(random, &mut bytes);
    }
    let mut cursor = URL_SAFE_NO_PAD.encode(bytes).into_bytes();
    if random.u32(..6) == 0 {
        json::mutate(random, &mut cursor);
    }
    match random.u32(..20) {
        0 => characters(random),
        _ => String::from_utf8_lossy(&cursor).into_owned(),
    }
}

/// A batch of reads or writes.
pub(crate) fn batch(random: &mut Rng, domains: &[&'static Domain]) -> Request {
    let lane = if random.bool() { Lane::Read } else { Lane::Write };
    let broker = if lane == Lane::Read { Broker::AppRead } else { Broker::AppWrite };
    let mut items = Vec::new();
    for _ in 0..random.usize(..6) {
        let (key, at, body) = of_any_operation(random, domains);
        if at != broker && random.u32(..8) != 0 {
            continue;
        }
        let (template, operation) = key.split_once('.').unwrap_or_default();
        let mut item = vec![("template".to_owned(), text(template)), ("op".to_owned(), text(operation))];
        if random.u32(..10) != 0 {
            item.push(("body".to_owned(), String::from_utf8_lossy(&body).into_owned()));
        }
        if random.u32(..12) == 0 {
            item.push((name(random), any(random, 2)));
        }
        items.push(if random.u32(..16) == 0 { any(random, 2) } else { object(item) });
    }
    let mut members = Vec::new();
    if random.u32(..6) != 0 {
        let modes = ["\"parallel\"", "\"ordered\"", "\"atomic\"", "\"atomic\"", "\"each\"", "null"];
        members.push(("mode".to_owned(), one(random, &modes).unwrap_or_default().to_owned()));
    }
    if random.u32(..16) != 0 {
        members.push(("items".to_owned(), array(items)));
    }
    if random.u32(..12) == 0 {
        members.push((name(random), any(random, 2)));
    }
    (format!("app_server.batch.{lane}"), broker, object(members).into_bytes())
}
