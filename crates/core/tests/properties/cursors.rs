//! Cursors: each comes back as it went, and nothing else is taken for one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use beds_core::{cursor, query::Order, value::Value};
use beds_protocol::value::Bytes;
use proptest::{
    collection::vec,
    option,
    prelude::{Just, Strategy, any, prop_oneof},
    prop_assert, prop_assert_eq,
    sample::{select, subsequence},
    strategy::BoxedStrategy,
};
use serde_json::{Value as Json, json};

use crate::{
    check,
    domain::{FIELDS, INDEXABLE, THING},
    json::{json, stored, wire},
};

/// An order, as a request makes it: some fields, then those of the key.
fn order() -> impl Strategy<Value = Vec<Order>> {
    let fields = subsequence(INDEXABLE.to_vec(), 0..4).prop_shuffle();
    (fields, vec(any::<bool>(), 6)).prop_map(|(mut fields, descending)| {
        fields.extend(THING.key.iter().filter(|key| !fields.contains(key)).copied().collect::<Vec<_>>());
        let orders = fields.into_iter().zip(descending);
        orders.map(|(field, descending)| Order { field, descending }).collect()
    })
}

/// What a record may be sorted by.
fn sorted_by(field: usize) -> BoxedStrategy<Value> {
    let value = stored(&FIELDS[field].ty);
    // Databases hold what no type of the wire is, and columns are wider than the fields over them.
    let odd = select(vec![
        Value::Text("0000-00-00".to_owned()),
        Value::Text("-10:00:00".to_owned()),
        Value::Bytes(Bytes(vec![0xff, 0])),
        Value::Int(-5),
        Value::UInt(u64::MAX),
        Value::Float(0.1),
        Value::Decimal("12.3456789".parse().unwrap()),
    ]);
    prop_oneof![6 => value, 2 => odd, 2 => Just(Value::Null)].boxed()
}

fn position() -> impl Strategy<Value = (Vec<Order>, Vec<Value>)> {
    order().prop_flat_map(|order| {
        let values = order.iter().map(|order| sorted_by(order.field)).collect::<Vec<_>>();
        (Just(order), values)
    })
}

#[test]
fn a_cursor_comes_back_as_it_went() {
    check(800, &position(), |(order, values)| {
        let shown = format!("{values:?}");
        let cursor = cursor::encode(&THING, &order, values).unwrap();
        let decoded = cursor::decode(&THING, &order, &cursor).map(|values| format!("{values:?}"));
        prop_assert_eq!(decoded, Some(shown));
        // It is good for its own order only.
        let mut other = order.clone();
        other[0].descending = !other[0].descending;
        prop_assert!(cursor::decode(&THING, &other, &cursor).is_none());
        prop_assert!(cursor::decode(&THING, &order[1..], &cursor).is_none());
        Ok(())
    });
}

/// Text that is no cursor, up to one with values of other types.
fn text(order: &[Order]) -> BoxedStrategy<String> {
    let names: Vec<String> = order
        .iter()
        .map(|order| format!("{}{}", if order.descending { "-" } else { "" }, FIELDS[order.field].name))
        .collect();
    let encoded = |json: Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let right = Just(names.join(","));
    let values = vec(json(), order.len()).prop_map(Json::from);
    let values = (right.clone(), values).prop_map(move |parts| encoded(json!(parts)));
    let more_or_less = vec(Just(Json::Null), 0..8).prop_map(Json::from);
    let more_or_less = (right, more_or_less).prop_map(move |parts| encoded(json!(parts)));
    prop_oneof![
        4 => values,
        1 => more_or_less,
        1 => json().prop_map(encoded),
        1 => crate::json::text(),
        1 => vec(any::<u8>(), 0..40).prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
    ]
    .boxed()
}

#[test]
fn any_text_is_a_cursor_or_none() {
    let given = order().prop_flat_map(|order| (text(&order), Just(order)));
    check(800, &given, |(text, order)| {
        let Some(values) = cursor::decode(&THING, &order, &text) else { return Ok(()) };
        prop_assert_eq!(values.len(), order.len());
        prop_assert!(values.iter().all(fits), "{:?}", values);
        // What was taken for one is one.
        let shown = format!("{values:?}");
        let again = cursor::encode(&THING, &order, values).unwrap();
        prop_assert_eq!(
            cursor::decode(&THING, &order, &again).map(|values| format!("{values:?}")),
            Some(shown)
        );
        Ok(())
    });
}

/// Whether it can be compared with: it has no parts.
fn fits(value: &Value) -> bool {
    !matches!(value, Value::Json(_) | Value::List(_) | Value::Object(_))
}

#[test]
fn a_cursor_that_was_changed_gives_values_or_nothing() {
    let changed =
        (position(), select((0..200_usize).collect::<Vec<_>>()), any::<u8>(), option::of(any::<char>()));
    check(1_000, &changed, |((order, values), place, byte, insert)| {
        let shown = wire(&Value::List(values.clone()));
        let mut bytes = cursor::encode(&THING, &order, values).unwrap().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        text.extend(insert);
        if let Some(decoded) = cursor::decode(&THING, &order, &text) {
            prop_assert!(decoded.iter().all(fits), "{} became {:?}", shown, decoded);
        }
        Ok(())
    });
}
