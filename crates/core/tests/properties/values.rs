//! Values, their wire forms, and decimals.

use std::cmp::Ordering;

use beds_core::{
    Work, operation,
    plan::{Action, Plan, Write},
    spec::Type,
    value::Value,
};
use beds_protocol::{OneOrMany, value::Decimal};
use proptest::{
    prelude::{Strategy, any, prop_oneof},
    prop_assert, prop_assert_eq,
};
use serde_json::{Value as Json, json};

use crate::{
    check,
    domain::{FIELDS, THING, context},
    json::{json, stored, wire},
};

/// What a client reads it may write: the wire form of every value is taken for the same value.
#[test]
fn a_value_is_read_as_it_is_written() {
    for (index, field) in FIELDS.iter().enumerate() {
        // The first three are generated, required, counted.
        if index < 3 || matches!(field.ty, Type::Json) {
            continue;
        }
        check(100, &stored(&field.ty), |value| {
            let sent = wire(&value);
            let data = json!({ "place": "x", field.name: sent });
            let request =
                beds_protocol::CreateRequest { data: serde_json::from_value::<OneOrMany>(data).unwrap() };
            // Bounds bind what comes in.
            let Ok(Work::Plan(plan)) = operation::create(&context(), &THING, request) else { return Ok(()) };
            let Plan { action: Action::Write(Write::Create { records, .. }), .. } = plan else {
                panic!("no create")
            };
            prop_assert_eq!(format!("{:?}", records[0][index]), format!("{:?}", value));
            prop_assert_eq!(wire(&records[0][index]), sent);
            Ok(())
        });
    }
}

#[test]
fn any_text_is_a_value_of_a_type_or_none() {
    for field in &FIELDS {
        let text = (any::<String>(), json().prop_map(|json| json.as_str().unwrap_or_default().to_owned()));
        check(100, &text, |(one, other)| {
            for text in [one, other] {
                let Some(value) = Value::from_text(&field.ty, &text) else { continue };
                match wire(&value) {
                    Json::String(wire) => {
                        let again = Value::from_text(&field.ty, &wire).map(|again| format!("{again:?}"));
                        prop_assert_eq!(again, Some(format!("{value:?}")), "{:?}", text);
                    }
                    other => prop_assert!(matches!(value, Value::Json(_)), "{} gives {}", text, other),
                }
            }
            Ok(())
        });
    }
}

/// Digits and how many of them stand after the point: a decimal that fits a machine type.
fn number() -> impl Strategy<Value = (i64, u32, usize)> {
    (-100_000_000..100_000_000_i64, 0..8_u32, 0..4_usize)
}

fn spelled(digits: i64, scale: u32, zeros: usize) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let power = 10_u64.pow(scale);
    let (whole, fraction) = (digits.unsigned_abs() / power, digits.unsigned_abs() % power);
    let lead = "0".repeat(zeros);
    if scale == 0 {
        format!("{sign}{lead}{whole}")
    } else {
        format!("{sign}{lead}{whole}.{fraction:0>width$}{lead}", width = scale as usize)
    }
}

#[test]
fn a_decimal_has_one_spelling_and_keeps_its_value() {
    check(2_000, &(number(), number()), |((digits, scale, zeros), (others_digits, others_scale, _))| {
        let one: Decimal = spelled(digits, scale, zeros).parse().unwrap();
        let other: Decimal = spelled(others_digits, others_scale, 0).parse().unwrap();
        let exact = |digits: i64, scale: u32| i128::from(digits) * 10_i128.pow(8 - scale);
        let order = exact(digits, scale).cmp(&exact(others_digits, others_scale));
        prop_assert_eq!(one.partial_cmp(&other), Some(order), "{} {}", one, other);
        let spelling = one.canonical(12);
        prop_assert_eq!(one.partial_cmp(&spelling), Some(Ordering::Equal));
        prop_assert_eq!(spelling.canonical(12), spelling.clone());
        prop_assert_eq!(spelling == other.canonical(12), order == Ordering::Equal, "{} {}", one, other);
        prop_assert_eq!(spelling.digits().1, 12);
        let text = spelling.as_str().trim_start_matches('-');
        prop_assert!(text.starts_with("0.") || !text.starts_with('0'), "{}", spelling);
        Ok(())
    });
}

#[test]
fn any_text_is_a_decimal_or_none() {
    let texts = prop_oneof!["[-+]?[0-9]{0,70}[.]?[0-9]{0,40}(e[0-9])?", "-?0{0,2}[0-9]?(\\.0{0,2}[0-9]?)?"];
    check(2_000, &texts, |text| {
        if let Ok(decimal) = text.parse::<Decimal>() {
            prop_assert_eq!(decimal.as_str(), &*text);
            let spelling = decimal.canonical(2);
            prop_assert_eq!(spelling.partial_cmp(&decimal), Some(Ordering::Equal));
            prop_assert!(
                !spelling.as_str().starts_with("-0.")
                    || spelling.as_str().contains(|c| ('1'..='9').contains(&c))
            );
        }
        Ok(())
    });
}
