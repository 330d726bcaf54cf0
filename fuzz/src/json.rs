//! JSON as text: a tree could not hold a duplicate member, a number without end, or half a surrogate.

use beds_core::spec::{Field, Type};
use fastrand::Rng;

/// Texts in place of a value that no tree would write.
const ODD: &[&str] = &[
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1e400",
    "-1e-400",
    "1E+2",
    "0.1",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "123456789012345678901234567890123456789012345678901234567890",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{feff}\"",
    "\"\u{202e}\"",
    "\"e\u{301}\"",
    "\"0000-00-00\"",
    "\"2024-02-30\"",
    "\"10000-01-01\"",
    "\"24:00:00\"",
    "\"2024-12-31T23:59:60Z\"",
    "\"-0\"",
    "\"1e5\"",
    "\".5\"",
    "\"NaN\"",
    "\"====\"",
    "\"{00000000-0000-0000-0000-000000000000}\"",
    "{}",
    "[]",
    "[[]]",
    "{\"$gt\":\"\"}",
    "{\"$oid\":\"65f0c0ffee65f0c0ffee65f0\"}",
    "{\"\":0}",
    "{\"a\":1,\"a\":2}",
    "NaN",
    "Infinity",
    "'x'",
    "01",
    "1.",
    "tru",
    "",
    "\"",
    "{",
    "]",
];

/// Pieces that are inserted into the bytes of a body.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"-",
    b"1e999",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"/**/",
    b"//",
    b"\n",
    b"\x1f\x8b",
    b"$where",
    b"\"key\":",
    b"{\"where\":",
    b"[[[[[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":",
];

/// A text as JSON.
pub(crate) fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An object whose members are JSON already. A name may occur twice.
pub(crate) fn object(members: impl IntoIterator<Item = (String, String)>) -> String {
    let members = members.into_iter().map(|(name, value)| format!("{}:{value}", text(&name)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// An array whose values are JSON already.
pub(crate) fn array(values: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", values.into_iter().collect::<Vec<_>>().join(","))
}

/// One of these.
pub(crate) fn one<T: Copy>(random: &mut Rng, choices: &[T]) -> Option<T> {
    if choices.is_empty() { None } else { choices.get(random.usize(..choices.len())).copied() }
}

/// Any value: odd texts, and objects and arrays of them; sometimes deep, sometimes long.
pub(crate) fn any(random: &mut Rng, depth: u32) -> String {
    match random.u32(..if depth == 0 { 6 } else { 10 }) {
        0..=3 => one(random, ODD).unwrap_or_default().to_owned(),
        4 => text(&characters(random)),
        5 if random.u32(..50) == 0 => {
            let depth = random.usize(100..300);
            format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
        }
        5 => random.i64(..).to_string(),
        6 | 7 => array((0..random.usize(..5)).map(|_| any(random, depth - 1)).collect::<Vec<_>>()),
        _ => {
            let members = (0..random.usize(..5)).map(|_| (name(random), any(random, depth - 1)));
            object(members.collect::<Vec<_>>())
        }
    }
}

/// A short text, or a long one.
pub(crate) fn characters(random: &mut Rng) -> String {
    if random.u32(..40) == 0 {
        return "ü".repeat(random.usize(..5_000));
    }
    (0..random.usize(..12)).map(|_| random.char(..)).collect()
}

/// A name with a meaning somewhere, or nowhere.
pub(crate) fn name(random: &mut Rng) -> String {
    const NAMES: &[&str] = &[
        "key",
        "where",
        "data",
        "args",
        "sort",
        "fields",
        "after",
        "limit",
        "count",
        "if_version",
        "dry_run",
        "mode",
        "items",
        "template",
        "op",
        "body",
        "eq",
        "ne",
        "lt",
        "gte",
        "in",
        "prefix",
        "null",
        "$gt",
        "id",
        "code",
        "name",
        "",
        "-id",
        "__proto__",
        "data[0]",
        "where.id",
        "Id",
    ];
    match random.u32(..12) {
        0 => characters(random),
        _ => one(random, NAMES).unwrap_or_default().to_owned(),
    }
}

/// A value of a type, most of the time.
pub(crate) fn of(random: &mut Rng, ty: &Type) -> String {
    if random.u32(..5) == 0 { any(random, 2) } else { valid(random, ty) }
}

/// A value that the type accepts, or nearly.
fn valid(random: &mut Rng, ty: &Type) -> String {
    let day = |random: &mut Rng| {
        format!("{:04}-{:02}-{:02}", random.u32(..10_001), random.u32(..14), random.u32(..33))
    };
    let hour = |random: &mut Rng| {
        let fraction = ["", ".5", ".123456", ".1234567"];
        let fraction = one(random, &fraction).unwrap_or_default();
        format!("{:02}:{:02}:{:02}{fraction}", random.u32(..25), random.u32(..61), random.u32(..61))
    };
    match ty {
        Type::Bool => random.bool().to_string(),
        Type::Int { min, max } => one(random, &[*min, *max, 0, 1, min.wrapping_sub(1), max.wrapping_add(1)])
            .unwrap_or_default()
            .to_string(),
        Type::UInt { min, max } => one(random, &[*min, *max, 0, 1, min.wrapping_sub(1), max.wrapping_add(1)])
            .unwrap_or_default()
            .to_string(),
        Type::Float { .. } => serde_json::Value::from(f64::from_bits(random.u64(..))).to_string(),
        Type::Decimal { precision, scale, .. } => {
            let digits = |random: &mut Rng, most: u8| -> String {
                (0..random.u8(..=most.saturating_add(1))).map(|_| random.digit(10)).collect()
            };
            let (whole, part) = (digits(random, precision - scale), digits(random, *scale));
            text(&format!("{}{whole}.{part}", if random.bool() { "-" } else { "" }))
        }
        Type::String { .. } | Type::Text { .. } => match random.u32(..3) {
            0 => text(&characters(random)),
            _ => text(&(0..random.usize(1..9)).map(|_| random.alphanumeric()).collect::<String>()),
        },
        Type::Enum { values } => text(one(random, values).unwrap_or_default()),
        Type::Bytes { .. } => {
            use base64::Engine as _;
            let bytes: Vec<u8> = (0..random.usize(..40)).map(|_| random.u8(..)).collect();
            text(&base64::engine::general_purpose::STANDARD.encode(bytes))
        }
        Type::Uuid => {
            let bits = format!("{:032x}", random.u128(..));
            let parts = [&bits[..8], &bits[8..12], &bits[12..16], &bits[16..20], &bits[20..]];
            text(&parts.join("-"))
        }
        Type::ObjectId => text(&format!("{:024x}", random.u64(..))),
        Type::Date => text(&day(random)),
        Type::Time => text(&hour(random)),
        Type::DateTime => {
            let zone = one(random, &["Z", "+00:00", "-23:59", "", "+24:00"]).unwrap_or_default();
            text(&format!("{}T{}{zone}", day(random), hour(random)))
        }
        Type::Json => any(random, 3),
        Type::List { item, .. } => {
            array((0..random.usize(..5)).map(|_| of(random, &item.ty)).collect::<Vec<_>>())
        }
        Type::Object { fields } => record(random, fields),
    }
}

/// An object with some of these fields, and sometimes others.
pub(crate) fn record(random: &mut Rng, fields: &[Field]) -> String {
    let mut members = Vec::new();
    for field in fields {
        let wanted = if field.required { 15 } else { 5 };
        if random.u32(..16) < wanted {
            members.push((field.name.to_owned(), of(random, &field.ty)));
        }
    }
    if random.u32(..6) == 0 {
        members.push((name(random), any(random, 2)));
    }
    object(members)
}

/// Changes bytes in a few places: cuts, doubles, flips or inserts them.
pub(crate) fn mutate(random: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..=random.u32(..4) {
        let at = random.usize(..=bytes.len());
        let end = bytes.len().min(at + random.usize(..20));
        match random.u32(..6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let copy = bytes.get(at..end).unwrap_or_default().to_vec();
                drop(bytes.splice(at..at, copy));
            }
            2 => bytes.truncate(at),
            3 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.u8(..);
                }
            }
            _ => drop(bytes.splice(at..at, one(random, PIECES).unwrap_or_default().iter().copied())),
        }
    }
}
