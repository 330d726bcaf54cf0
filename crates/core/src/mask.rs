//! Masks sensitive values in texts that people read: dead letters, and a database's messages about a value.
//!
//! In a domain with sensitive fields, a request is shown only as far as it is known to hold no sensitive value: a
//! client that mistypes a name still sends the value.

use std::borrow::Cow;

use beds_protocol::{Json, Mode, Operation, Record};

use crate::spec::{Domain, Field, Type};

/// The text in place of a sensitive value.
pub(crate) const MASK: &str = "***";

/// Whether the domain has any field whose values are sensitive.
pub fn has_sensitive(domain: &Domain) -> bool {
    !names(domain).is_empty()
}

/// Whether a field, or a part of it, is sensitive. A wrong value in its place may be sensitive as well.
pub fn is_sensitive(field: &Field) -> bool {
    field.sensitive || has_sensitive_parts(&field.ty)
}

/// Whether a part of a value of this type is sensitive.
pub fn has_sensitive_parts(ty: &Type) -> bool {
    match ty {
        Type::Object { fields } => fields.iter().any(is_sensitive),
        Type::List { item, .. } => is_sensitive(item),
        _ => false,
    }
}

/// A request's body as it may be shown: with the values of fields that are not sensitive, and a mask for all others. A
/// member with the name of a sensitive field is masked at any depth. A body that cannot be read is masked as a whole. A
/// body without anything to mask is shown as it is.
pub fn body<'a>(domain: &'static Domain, body: &'a [u8]) -> Cow<'a, [u8]> {
    let names = names(domain);
    if names.is_empty() {
        return Cow::Borrowed(body);
    }
    let mask = Masker { domain, names };
    let Ok(given @ Json::Object(_)) = Json::of_any(body) else {
        return Cow::Owned(Json::from(MASK).to_string().into_bytes());
    };
    let mut masked = given.clone();
    if let Json::Object(Record(members)) = &mut masked {
        for (name, value) in members {
            mask.member(name, value);
        }
    }
    if masked == given { Cow::Borrowed(body) } else { Cow::Owned(masked.to_string().into_bytes()) }
}

/// The body of a batch as it may be shown: the names of each item, and the item's body as [`body`] shows it. `domain`
/// gives the domain of a template. A body without anything to mask is shown as it is.
pub fn batch(body: &[u8], domain: impl Fn(&str) -> Option<&'static Domain>) -> Cow<'_, [u8]> {
    let Ok(given) = Json::of_any(body) else {
        return Cow::Owned(Json::from(MASK).to_string().into_bytes());
    };
    let mut masked = given.clone();
    match &mut masked {
        Json::Object(Record(members)) => {
            for (name, value) in members {
                match (name.as_str(), &mut *value) {
                    ("mode", Json::String(mode)) if Mode::from_name(mode).is_some() => {}
                    ("items", Json::Array(items)) => {
                        for item in items {
                            self::item(item, &domain);
                        }
                    }
                    _ => hide(value),
                }
            }
        }
        other => hide(other),
    }
    if masked == given { Cow::Borrowed(body) } else { Cow::Owned(masked.to_string().into_bytes()) }
}

/// Whether a call of the domain takes a sensitive argument. No digest may be made of it.
pub fn takes_secrets(domain: &Domain) -> bool {
    domain.calls.iter().any(|call| call.args.iter().any(|arg| is_sensitive(&arg.field)))
}

/// The body of a batch in which the bodies of these domains' items are as [`body`] shows them. The other bodies stay
/// whole.
pub fn batch_of(given: &[u8], domain: impl Fn(&str) -> Option<&'static Domain>) -> Cow<'_, [u8]> {
    let Ok(Json::Object(mut members)) = Json::of_any(given) else { return Cow::Borrowed(given) };
    let mut is_masked = false;
    for (name, value) in &mut members.0 {
        let ("items", Json::Array(items)) = (name.as_str(), value) else { continue };
        for item in items {
            let domain = item.get("template").and_then(Json::as_str).and_then(&domain);
            let (Some(domain), Json::Object(item)) = (domain, item) else { continue };
            for (_, value) in item.0.iter_mut().filter(|(name, _)| name == "body") {
                body_of_item(value, domain);
                is_masked = true;
            }
        }
    }
    if is_masked { Cow::Owned(Json::Object(members).to_string().into_bytes()) } else { Cow::Borrowed(given) }
}

/// An item of a batch.
fn item(item: &mut Json, domain: impl Fn(&str) -> Option<&'static Domain>) {
    let Json::Object(members) = item else { return hide(item) };
    let domain = members.get("template").and_then(Json::as_str).and_then(domain);
    for (name, value) in &mut members.0 {
        match (name.as_str(), domain) {
            ("template", Some(_)) => {}
            ("op", _) if value.as_str().is_some_and(|op| Operation::parse(op).is_ok()) => {}
            ("body", Some(domain)) => body_of_item(value, domain),
            _ => hide(value),
        }
    }
}

/// The body of an item of this domain.
fn body_of_item(value: &mut Json, domain: &'static Domain) {
    let json = value.to_string();
    *value = Json::of_any(&body(domain, json.as_bytes())).unwrap_or(MASK.into());
}

struct Masker {
    domain: &'static Domain,
    /// The names of all sensitive fields, wherever they are declared.
    names: Vec<&'static str>,
}

impl Masker {
    /// A member of a request.
    fn member(&self, name: &str, value: &mut Json) {
        let Domain { fields, key, calls, .. } = self.domain;
        match (name, &mut *value) {
            ("limit" | "if_version", Json::Number(_)) | ("count" | "dry_run", Json::Bool(_)) => {}
            ("sort" | "fields", Json::Array(items)) => {
                items.iter_mut().filter(|item| !self.is_field_name(item)).for_each(hide);
            }
            ("where" | "data", _) => self.record(&fields.iter().collect::<Vec<_>>(), value),
            ("key", value) => match key {
                [index] if !matches!(value, Json::Object(_)) => self.field(&fields[*index], value),
                _ => self.record(&fields.iter().collect::<Vec<_>>(), value),
            },
            ("args", _) => {
                let args = calls.iter().flat_map(|call| call.args).map(|arg| &arg.field);
                self.record(&args.collect::<Vec<_>>(), value);
            }
            _ => hide(value),
        }
    }

    fn is_field_name(&self, json: &Json) -> bool {
        let is_name = |text: &str| self.domain.field(text.strip_prefix('-').unwrap_or(text)).is_some();
        json.as_str().is_some_and(is_name)
    }

    /// An object with these fields, or several of them.
    fn record(&self, fields: &[&Field], value: &mut Json) {
        match value {
            Json::Object(Record(members)) => {
                for (name, value) in members {
                    match fields.iter().find(|field| field.name == name) {
                        Some(field) if !self.names.contains(&field.name) => self.field(field, value),
                        _ => hide(value),
                    }
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.record(fields, item)),
            value => hide(value),
        }
    }

    fn field(&self, field: &Field, value: &mut Json) {
        match &field.ty {
            _ if field.sensitive => hide(value),
            Type::Object { fields } => self.record(&fields.iter().collect::<Vec<_>>(), value),
            Type::List { item, .. } => match value {
                Json::Array(items) => items.iter_mut().for_each(|value| self.field(item, value)),
                value => hide(value),
            },
            _ => self.named(value),
        }
    }

    /// A value that is not sensitive, except members with a sensitive name.
    fn named(&self, value: &mut Json) {
        match value {
            Json::Object(Record(members)) => {
                for (name, value) in members {
                    if self.names.contains(&name.as_str()) {
                        hide(value);
                    } else {
                        self.named(value);
                    }
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.named(item)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }
}

fn hide(value: &mut Json) {
    *value = MASK.into();
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
    use crate::spec::{Arg, Call, Returns, Routine};
    use beds_protocol::Lane;

    #[test]
    fn of_a_batch_only_the_items_of_the_domains_that_are_meant_are_masked() {
        static ARGS: [Arg; 2] = [
            Arg::given(Field::new("name", "name", Type::string(0, 9))),
            Arg::given(Field::new("password", "password", Type::string(0, 9)).sensitive()),
        ];
        static CALLS: [Call; 1] = [Call {
            name: "register",
            description: "",
            lane: Lane::Write,
            args: &ARGS,
            returns: Returns::Nothing,
            routine: Routine::Method,
        }];
        static USER: Domain = Domain::new("user", "", "").calls(&CALLS);
        assert!(takes_secrets(&USER));
        let of = |name: &str| (name == "user").then_some(&USER);
        let batch = |password: &str| {
            format!(
                r#"{{"mode":"ordered","items":[{{"template":"note","op":"create","body":{{"data":{{"password":1}}}}}},{{"template":"user","op":"call.register","body":{{"args":{{"name":"a","password":"{password}"}}}}}}]}}"#
            )
        };
        assert_eq!(*batch_of(batch("b").as_bytes(), of), *batch("***").as_bytes());
        assert!(matches!(batch_of(batch("b").as_bytes(), |_| None), Cow::Borrowed(_)));
        assert_eq!(*batch_of(b"no JSON", of), *b"no JSON");
    }

    #[test]
    fn a_body_is_shown_as_far_as_it_holds_nothing_sensitive() {
        static LIST_ITEM: Field = Field::new("tag", "tag", Type::string(0, 9));
        static MEMBERS: [Field; 1] = [Field::new("city", "city", Type::string(0, 9))];
        static FIELDS: [Field; 5] = [
            Field::new("name", "name", Type::string(0, 9)),
            Field::new("secret", "secret", Type::string(0, 9)).sensitive(),
            Field::new("any", "any", Type::Json),
            Field::new("tags", "tags", Type::list(&LIST_ITEM, 9)),
            Field::new("home", "home", Type::object(&MEMBERS)),
        ];
        static BY_NAME: Domain = Domain::new("user", "", "").fields(&FIELDS).key(&[0]);
        static BY_SECRET: Domain = Domain::new("user", "", "").fields(&FIELDS).key(&[1]);
        static PLAIN: Domain = Domain::new("plain", "", "");
        let cases = [
            (r#"{"data":{"name":"a","secret":"b"}}"#, r#"{"data":{"name":"a","secret":"***"}}"#),
            (
                r#"{"data":{"any":[1.10,1e25,12345678901234567890123]}}"#,
                r#"{"data":{"any":[1.10,1e25,12345678901234567890123]}}"#,
            ),
            (r#"{"data":[{"secret":{"x":1}}]}"#, r#"{"data":[{"secret":"***"}]}"#),
            (
                r#"{"data":{"any":[{"a":1,"secret":2}],"tags":["t"],"home":{"city":"x","secret":1,"town":2}}}"#,
                r#"{"data":{"any":[{"a":1,"secret":"***"}],"tags":["t"],"home":{"city":"x","secret":"***","town":"***"}}}"#,
            ),
            (r#"{"data":{"secert":"b"}}"#, r#"{"data":{"secert":"***"}}"#),
            (r#"{"date":{"name":"b"}}"#, r#"{"date":"***"}"#),
            (r#"{"where":{"secret":{"eq":"b"}}}"#, r#"{"where":{"secret":"***"}}"#),
            (r#"{"where":{"name":{"in":["a"]}}}"#, r#"{"where":{"name":{"in":["a"]}}}"#),
            (r#"{"sort":["-name","b"],"limit":5}"#, r#"{"sort":["-name","***"],"limit":5}"#),
            (r#"{"after":"WyJzZWNyZXQi"}"#, r#"{"after":"***"}"#),
            (r#"{"key":"a","if_version":1}"#, r#"{"key":"a","if_version":1}"#),
            (r#"{"key":{"name":"a","x":1}}"#, r#"{"key":{"name":"a","x":"***"}}"#),
            (r#"{"args":{"name":"a"}}"#, r#"{"args":{"name":"***"}}"#),
            (r#""b""#, r#""***""#),
            ("{not json", r#""***""#),
        ];
        for (given, expected) in cases {
            assert_eq!(String::from_utf8_lossy(&body(&BY_NAME, given.as_bytes())), expected);
        }
        assert_eq!(&*body(&BY_SECRET, br#"{"key":"b"}"#), br#"{"key":"***"}"#);
        assert_eq!(&*body(&PLAIN, b"{not json"), b"{not json");
        let batch = |given: &str| {
            let domain = |name: &str| [&BY_NAME, &PLAIN].into_iter().find(|domain| domain.name == name);
            String::from_utf8(batch(given.as_bytes(), domain).into_owned()).unwrap()
        };
        for (given, expected) in [
            (
                r#"{"mode":"ordered","items":[{"template":"user","op":"create","body":{"data":{"name":"a","secret":"b"}}},{"template":"plain","op":"call.x","body":{"args":{"y":1}}}]}"#,
                r#"{"mode":"ordered","items":[{"template":"user","op":"create","body":{"data":{"name":"a","secret":"***"}}},{"template":"plain","op":"call.x","body":{"args":{"y":1}}}]}"#,
            ),
            (
                r#"{"mode":"b","item":["b"],"items":[{"template":"users","op":"b","body":{"b":"b"},"data":"b"},"b"]}"#,
                r#"{"mode":"***","item":"***","items":[{"template":"***","op":"***","body":"***","data":"***"},"***"]}"#,
            ),
            (r#"["b"]"#, r#""***""#),
            (r#"{"items": "b"#, r#""***""#),
        ] {
            assert_eq!(batch(given), expected);
        }
    }
}
