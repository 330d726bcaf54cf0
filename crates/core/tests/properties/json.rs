//! JSON as clients send it: any, made of names that mean something here, and valid values of each type.

use beds_core::{
    spec::{Field, Type},
    value::Value,
};
use beds_protocol::value::{Bytes, Date, DateTime, Decimal, Time};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::select,
    strategy::BoxedStrategy,
};
use serde_json::{Map, Value as Json, json};

use crate::domain::FIELDS;

/// Names that mean something somewhere, and some that do not.
pub(crate) fn name() -> impl Strategy<Value = String> {
    let mut known: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    known.extend([
        "eq",
        "ne",
        "lt",
        "lte",
        "gt",
        "gte",
        "in",
        "prefix",
        "null",
        "$gt",
        "",
        "-id",
        "__proto__",
    ]);
    known.extend(["key", "where", "sort", "limit", "after", "fields", "count", "data", "args", "if_version"]);
    known.extend(["tag", "city", "door_code", "amount", "password", "total", "Pin", "data[0]", "where.pin"]);
    prop_oneof![9 => select(known).prop_map(str::to_owned), 1 => text(), 1 => Just("x".repeat(5_000))]
}

/// A short text of any characters.
pub(crate) fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..8).prop_map(|characters| characters.into_iter().collect())
}

/// Any JSON, with texts that some types take and numbers at the edges of what they take.
pub(crate) fn json() -> impl Strategy<Value = Json> {
    let texts = [
        "",
        "a",
        "new",
        "1.50",
        "-0",
        "2024-02-29",
        "0000-00-00",
        "23:59:59.999999",
        "2024-02-29T00:00:00Z",
        "AAE=",
        "018f2b6e-0000-7000-8000-000000000000",
        "65f0c0ffee65f0c0ffee65f0",
        "\0",
        "\u{feff}",
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        select(vec![
            json!(0),
            json!(-0.0),
            json!(1),
            json!(5.0),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300)
        ]),
        select(texts.to_vec()).prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Json::Array),
            vec((name(), inner), 0..5)
                .prop_map(|members| Json::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// An object with any members.
pub(crate) fn object() -> impl Strategy<Value = Json> {
    vec((name(), json()), 0..8).prop_map(|members| Json::Object(members.into_iter().collect()))
}

/// A value that a database may hold in a field of the type.
pub(crate) fn stored(ty: &'static Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int { .. } => any::<i64>().prop_map(Value::Int).boxed(),
        Type::UInt { .. } => any::<u64>().prop_map(Value::UInt).boxed(),
        Type::Float { .. } => {
            any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Value::Float).boxed()
        }
        Type::Decimal { precision, scale, .. } => {
            decimal(usize::from(precision - scale), usize::from(*scale))
        }
        // What is stored may be longer than the template lets in.
        Type::String { .. } | Type::Text { .. } => {
            prop_oneof![text(), "[a-z]{0,9}", Just("ü".repeat(3_000))].prop_map(Value::Text).boxed()
        }
        Type::Enum { values } => {
            prop_oneof![select(*values).prop_map(str::to_owned), Just(String::new()), Just("gone".to_owned())]
                .prop_map(Value::Text)
                .boxed()
        }
        Type::Bytes { .. } => vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Bytes(Bytes(bytes))).boxed(),
        Type::Uuid => any::<u128>().prop_map(|bits| Value::Uuid(uuid::Uuid::from_u128(bits))).boxed(),
        Type::Date => day().prop_map(|day| Value::Date(Date(day))).boxed(),
        Type::Time => time_of_day().prop_map(|time| Value::Time(Time(time))).boxed(),
        Type::DateTime => (day(), time_of_day())
            .prop_map(|(day, time)| Value::DateTime(DateTime::from(time::PrimitiveDateTime::new(day, time))))
            .boxed(),
        Type::ObjectId => any::<[u8; 12]>().prop_map(Value::ObjectId).boxed(),
        Type::Json => json().prop_map(|json| Value::Json(json.into())).boxed(),
        Type::List { item, .. } => vec(stored(&item.ty), 0..3).prop_map(Value::List).boxed(),
        Type::Object { fields } => members(fields).prop_map(Value::Object).boxed(),
    }
}

fn members(fields: &'static [Field]) -> BoxedStrategy<Vec<(&'static Field, Value)>> {
    let none = Just(Vec::new()).boxed();
    fields.iter().fold(none, |members, field| {
        (members, stored(&field.ty))
            .prop_map(move |(mut members, value)| {
                members.push((field, value));
                members
            })
            .boxed()
    })
}

fn decimal(whole: usize, scale: usize) -> BoxedStrategy<Value> {
    let fraction = if scale == 0 { String::new() } else { format!("\\.[0-9]{{{scale}}}") };
    proptest::string::string_regex(&format!("-?(0|[1-9][0-9]{{0,{}}}){fraction}", whole - 1))
        .unwrap()
        .prop_map(move |text| Value::Decimal(text.parse::<Decimal>().unwrap().canonical(scale)))
        .boxed()
}

fn day() -> impl Strategy<Value = time::Date> {
    (1..=9999, 1..=366_u16).prop_map(|(year, day)| {
        time::Date::from_ordinal_date(year, day.min(time::util::days_in_year(year))).unwrap()
    })
}

fn time_of_day() -> impl Strategy<Value = time::Time> {
    (0..24_u8, 0..60_u8, 0..60_u8, prop_oneof![Just(0), 0..1_000_000_u32]).prop_map(
        |(hour, minute, second, micro)| time::Time::from_hms_micro(hour, minute, second, micro).unwrap(),
    )
}

/// A value's wire form.
pub(crate) fn wire(value: &Value) -> Json {
    let mut json = Vec::new();
    value.write_json(&mut json);
    serde_json::from_slice(&json).unwrap()
}
