//! Sensitive values in bodies that people read.

use beds_core::{mask, spec::Domain};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    prop_assert, prop_assert_eq,
    sample::select,
};
use serde_json::{Map, Value as Json, json};

use crate::{
    check,
    domain::{FIELDS, THING},
    json::{json, name},
};

/// A value that must not be seen.
const SECRET: &str = "s3cret";
const SENSITIVE: [&str; 3] = ["pin", "door_code", "password"];

/// JSON in which every text is the secret.
fn secrets() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![3 => Just(Json::from(SECRET)), 1 => any::<i64>().prop_map(Json::from)];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Json::Array),
            vec((name(), inner), 0..5)
                .prop_map(|members| Json::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Takes the secret out of everything that a field which is not sensitive holds.
fn without_plain(json: &mut Json, is_plain: bool) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                let name = name.as_str();
                let is_field =
                    FIELDS.iter().any(|field| field.name == name) || name == "amount" || name == "total";
                without_plain(value, !SENSITIVE.contains(&name) && (is_plain || is_field || name == "key"));
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| without_plain(item, is_plain)),
        Json::String(text) if is_plain => "plain".clone_into(text),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[test]
fn no_secret_is_seen_wherever_it_stands() {
    check(1_500, &secrets(), |mut body| {
        without_plain(&mut body, false);
        let masked = mask::body(&THING, body.to_string().as_bytes()).into_owned();
        let masked = String::from_utf8(masked).unwrap();
        prop_assert!(!masked.contains(SECRET), "{} shows {}", body, masked);
        Ok(())
    });
}

#[test]
fn no_secret_is_seen_in_requests() {
    let place = select(vec!["where", "data", "args", "key"]);
    let depth = (0..4_usize, any::<bool>());
    check(500, &(place, select(&SENSITIVE), depth, json()), |(place, name, (depth, in_list), other)| {
        let mut value = json!({ name: { "eq": SECRET, "in": [SECRET, { "x": SECRET }] }, "place": "seen" });
        for _ in 0..depth {
            value = if in_list {
                json!([value])
            } else {
                json!({ "any": value, "home": value, "tags": [value] })
            };
        }
        let body = json!({ place: value, "after": SECRET, "limit": other, "sort": ["-place", SECRET] });
        let body = body.to_string();
        let masked = mask::body(&THING, body.as_bytes()).into_owned();
        let masked = String::from_utf8(masked).unwrap();
        prop_assert!(!masked.contains(SECRET), "{} shows {}", body, masked);
        Ok(())
    });
}

#[test]
fn bytes_that_are_no_json_are_masked_as_a_whole() {
    check(500, &(vec(any::<u8>(), 0..30), any::<bool>()), |(mut bytes, is_cut)| {
        if is_cut {
            bytes = format!("{{\"data\": {{\"pin\": \"{SECRET}\"").into_bytes();
        }
        let masked = mask::body(&THING, &bytes);
        let masked: Json = serde_json::from_slice(&masked).unwrap();
        prop_assert!(!masked.to_string().contains(SECRET));
        Ok(())
    });
}

#[test]
fn a_domain_without_secrets_is_shown_as_it_came() {
    static PLAIN: Domain = Domain::new("plain", "", "");
    check(200, &vec(any::<u8>(), 0..30), |bytes| {
        prop_assert_eq!(&*mask::body(&PLAIN, &bytes), &*bytes);
        Ok(())
    });
    assert!(mask::has_sensitive(&THING) && !mask::has_sensitive(&PLAIN));
}
