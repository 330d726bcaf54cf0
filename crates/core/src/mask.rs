//! Sensitive values, kept out of what people read: dead letters, and what databases say of a value.

use std::borrow::Cow;

use serde_json::Value;

use crate::spec::{Domain, Field, Type};

/// What stands in the place of a sensitive value.
const MASK: &str = "***";

/// Whether the domain has any field whose values are sensitive.
pub fn has_sensitive(domain: &Domain) -> bool {
    !names(domain).is_empty()
}

/// A request's body as it may be shown: with a mask for the value of every member that bears a sensitive field's
/// name, at any depth. A body that cannot be read is masked as a whole.
pub fn body<'a>(domain: &Domain, body: &'a [u8]) -> Cow<'a, [u8]> {
    let names = names(domain);
    if names.is_empty() {
        return Cow::Borrowed(body);
    }
    let masked = serde_json::from_slice::<Value>(body).map_or_else(
        |_| Value::from(MASK),
        |mut json| {
            hide(&mut json, &names);
            json
        },
    );
    Cow::Owned(masked.to_string().into_bytes())
}

fn hide(json: &mut Value, names: &[&str]) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                if names.contains(&name.as_str()) {
                    *value = MASK.into();
                } else {
                    hide(value, names);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn names(domain: &Domain) -> Vec<&'static str> {
    let mut names = Vec::new();
    collect(domain.fields, &mut names);
    for call in domain.calls {
        for arg in call.args {
            collect(std::slice::from_ref(&arg.field), &mut names);
        }
    }
    names
}

fn collect(fields: &'static [Field], names: &mut Vec<&'static str>) {
    for field in fields {
        if field.sensitive {
            names.push(field.name);
        }
        match &field.ty {
            Type::Object { fields } => collect(fields, names),
            Type::List { item, .. } => collect(std::slice::from_ref(item), names),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_members_are_masked_wherever_they_stand() {
        static FIELDS: [Field; 2] = [
            Field::new("name", "name", Type::string(0, 9)),
            Field::new("secret", "secret", Type::string(0, 9)).sensitive(),
        ];
        static DOMAIN: Domain = Domain::new("user", "", "").fields(&FIELDS);
        static PLAIN: Domain = Domain::new("plain", "", "");
        let cases = [
            (r#"{"data":{"name":"a","secret":"b"}}"#, r#"{"data":{"name":"a","secret":"***"}}"#),
            (r#"{"data":[{"secret":{"x":1}}]}"#, r#"{"data":[{"secret":"***"}]}"#),
            (r#"{"where":{"secret":{"eq":"b"}}}"#, r#"{"where":{"secret":"***"}}"#),
            ("{not json", r#""***""#),
        ];
        for (given, expected) in cases {
            assert_eq!(String::from_utf8_lossy(&body(&DOMAIN, given.as_bytes())), expected);
        }
        assert_eq!(&*body(&PLAIN, b"{not json"), b"{not json");
    }
}
