//! [`Outcome`]: the result of a successful operation, already as JSON text, and the bytes of a reply.
//!
//! Adapters write rows straight to JSON, so that a reply costs no tree of values.

use std::{borrow::Cow, collections::HashMap};

use serde_json::{Value as Json, value::RawValue};

use crate::{describe, spec::Domain, unnamed::Unnamed};

/// The most bytes that the names of all members, a count and the braces take in a reply. A note is not counted.
pub const MEMBERS_BYTES_MAX: usize = 128;

/// The note of a reply to a write that is longer than a reply may be.
const TOO_LONG: &str = "the request is done; its reply would be too long, so it has only the key";
/// The same if the key is too long as well, or there is none.
const DONE: &str = "the request is done; its reply would be too long";

/// The members of a successful reply. Each JSON member is a complete JSON text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The record, the records, or the value of a call; borrowed if it is always the same.
    pub data: Option<Cow<'static, [u8]>>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// How many records match.
    pub count: Option<u64>,
    /// OUT and INOUT parameters, an object.
    pub out: Option<Vec<u8>>,
    /// Result sets, an array of arrays of objects.
    pub sets: Option<Vec<u8>>,
    /// The replies of a batch's items, an array.
    pub items: Option<Vec<u8>>,
    /// A message for the client although the request succeeded.
    pub note: Option<Cow<'static, str>>,
    /// Which values of the reply are null because the wire cannot show them. The text is a part of the reply's note,
    /// and is for the log. See [`Unshown`](crate::unshown::Unshown).
    pub unshown: Option<String>,
    /// The records' members that the template does not name. Known if the records are read to be
    /// [carried](crate::plan::Reach::carried). No reply shows them.
    pub unnamed: Box<[Unnamed]>,
}

impl Outcome {
    /// An outcome with only `data`.
    #[must_use]
    pub fn data(json: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { data: Some(json.into()), ..Self::default() }
    }

    /// An outcome with only `count`.
    #[must_use]
    pub fn count(count: u64) -> Self {
        Self { count: Some(count), ..Self::default() }
    }

    /// The rest of the outcome of a write in this domain if there is no room for more: the keys of its records, and a
    /// note that says why.
    #[must_use]
    pub fn cut(&self, domain: &Domain, note: &'static str) -> Self {
        let data = self.data.as_deref().and_then(|json| serde_json::from_slice(json).ok());
        let keys = data.and_then(|data| keys(data, domain)).and_then(|keys| serde_json::to_vec(&keys).ok());
        Self { data: keys.map(Cow::Owned), note: Some(note.into()), ..Self::default() }
    }

    /// The outcome of a write that is done, cut to a reply of this many bytes: it must not be reported as too large.
    /// `cut` gives the shortened outcome. If that is too long as well, a note says that the write is done.
    #[must_use]
    pub fn fitting(self, bytes_max: usize, cut: impl FnOnce(&Self) -> Self) -> Self {
        if self.size() <= bytes_max {
            return self;
        }
        let cut = cut(&self);
        let done = Self { note: Some(DONE.into()), ..Self::default() };
        // An earlier note, such as how often the write may happen, comes first if there is room for it.
        let noted = |outcome: &Self| match (&self.note, &outcome.note) {
            (Some(first), Some(note)) => {
                Self { note: Some(format!("{first}; {note}").into()), ..outcome.clone() }
            }
            (None, _) | (_, None) => outcome.clone(),
        };
        let all = [noted(&cut), cut, noted(&done)];
        all.into_iter().find(|outcome| outcome.size() <= bytes_max).unwrap_or(done)
    }

    /// The same for a write in this domain.
    #[must_use]
    pub fn fitting_of(self, domain: &Domain, bytes_max: usize) -> Self {
        self.fitting(bytes_max, |outcome| {
            let cut = outcome.cut(domain, TOO_LONG);
            // An outcome without a key, such as the value of a call, is left out as a whole.
            let note = if cut.data.is_some() { cut.note } else { Some(DONE.into()) };
            Self { note, ..cut }
        })
    }

    /// The same with one more note.
    #[must_use]
    pub fn noted(self, note: impl Into<Cow<'static, str>>) -> Self {
        let note = note.into();
        let note = match self.note {
            Some(first) => Cow::Owned(format!("{first}; {note}")),
            None => note,
        };
        Self { note: Some(note), ..self }
    }

    /// An outcome with only `count`: how many of the records that a filter matched were written.
    #[must_use]
    pub fn written(count: u64, matched: u64) -> Self {
        let left = matched.saturating_sub(count);
        let note = (left > 0)
            .then(|| format!("the database left {left} of the {matched} matching records unchanged").into());
        Self { note, ..Self::count(count) }
    }

    /// The answer of `describe` for a domain.
    #[must_use]
    pub fn description(domain: &'static Domain) -> Self {
        Self::data(describe::json(domain))
    }

    /// The length of the reply, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        size(&self.members())
    }

    /// The bytes of the reply.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let members = self.members();
        let mut reply = Vec::with_capacity(size(&members));
        reply.extend_from_slice(OPENING);
        for (name, json) in members.into_iter().flatten() {
            reply.extend_from_slice(b",\"");
            reply.extend_from_slice(name.as_bytes());
            reply.extend_from_slice(b"\":");
            reply.extend_from_slice(&json);
        }
        reply.extend_from_slice(CLOSING);
        reply
    }

    /// The outcome of a reply that [`Self::encode`] wrote; `None` if the text is none.
    #[must_use]
    pub fn decode(reply: &[u8]) -> Option<Self> {
        let mut members: HashMap<String, Box<RawValue>> = serde_json::from_slice(reply).ok()?;
        if members.get("ok")?.get() != "true" {
            return None;
        }
        let mut bytes = |name| members.remove(name).map(|json| json.get().as_bytes().to_vec());
        let (data, out, sets, items) = (bytes("data"), bytes("out"), bytes("sets"), bytes("items"));
        let text = |name| members.get(name).and_then(|json| serde_json::from_str::<String>(json.get()).ok());
        let count = members.get("count").and_then(|json| json.get().parse().ok());
        let (next, note) = (text("next"), text("note").map(Cow::Owned));
        Some(Self { data: data.map(Cow::Owned), next, count, out, sets, items, note, ..Self::default() })
    }

    /// The existing members, each with its JSON text.
    fn members(&self) -> Members<'_> {
        let Self { data, next, count, out, sets, items, note, unshown, unnamed: _ } = self;
        let notes = [note.as_deref(), unshown.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        [
            data.as_deref().map(|json| ("data", Cow::Borrowed(json))),
            out.as_deref().map(|json| ("out", Cow::Borrowed(json))),
            sets.as_deref().map(|json| ("sets", Cow::Borrowed(json))),
            items.as_deref().map(|json| ("items", Cow::Borrowed(json))),
            next.as_deref().map(|text| ("next", Cow::Owned(quoted(text)))),
            count.map(|count| ("count", Cow::Owned(count.to_string().into_bytes()))),
            (!notes.is_empty()).then(|| ("note", Cow::Owned(quoted(&notes.join("; "))))),
        ]
    }
}

/// Name and JSON text.
type Member<'a> = (&'static str, Cow<'a, [u8]>);
/// The possible members of an outcome.
type Members<'a> = [Option<Member<'a>>; 7];

const OPENING: &[u8] = br#"{"ok":true"#;
const CLOSING: &[u8] = b"}";
/// A comma, two quotes and a colon.
const MEMBER_BYTES: usize = 4;

/// The length of a reply with these members, in bytes.
fn size(members: &Members<'_>) -> usize {
    let members = members.iter().flatten();
    let members = members.map(|(name, json)| MEMBER_BYTES + name.len() + json.len());
    OPENING.len() + members.sum::<usize>() + CLOSING.len()
}

/// The keys of one record, or of several.
fn keys(data: Json, domain: &Domain) -> Option<Json> {
    match data {
        Json::Object(mut members) => {
            members.retain(|name, _| domain.key.iter().any(|&field| domain.fields[field].name == name));
            (!members.is_empty()).then_some(Json::Object(members))
        }
        Json::Array(records) => {
            let keys: Option<Vec<Json>> = records.into_iter().map(|record| keys(record, domain)).collect();
            keys.map(Json::Array)
        }
        _ => None,
    }
}

fn quoted(text: &str) -> Vec<u8> {
    // A string always has a JSON form.
    serde_json::to_vec(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use beds_protocol::Reply;

    use super::*;
    use crate::spec::{Field, Type};

    #[test]
    fn a_reply_reads_back_as_its_members() {
        let outcome = Outcome {
            data: Some(Cow::Borrowed(b"[1]")),
            next: Some("abc".into()),
            count: Some(7),
            out: Some(br#"{"n":1}"#.to_vec()),
            sets: Some(b"[[{}]]".to_vec()),
            ..Outcome::default()
        };
        let reply: Reply = serde_json::from_slice(&outcome.encode()).unwrap();
        assert!(reply.ok);
        assert_eq!(reply.next.as_deref(), Some("abc"));
        assert_eq!(reply.count, Some(7));
        assert_eq!(reply.sets.unwrap()[0].len(), 1);
        assert_eq!(Outcome::default().encode(), br#"{"ok":true}"#);
    }

    #[test]
    fn what_is_done_fits_into_any_reply() {
        static FIELDS: [Field; 1] = [Field::new("id", "id", Type::INT)];
        static DOMAIN: Domain = Domain::new("long", "", "0000000000000000").fields(&FIELDS).key(&[0]);
        let long = Outcome::data(format!(r#"{{"id":1,"text":"{}"}}"#, "x".repeat(500)).into_bytes());
        let size = long.size();
        assert_eq!(long.clone().fitting_of(&DOMAIN, size), long);
        let cut = long.clone().fitting_of(&DOMAIN, size - 1);
        assert_eq!((cut.data.as_deref(), cut.note.as_deref()), (Some(&br#"{"id":1}"#[..]), Some(TOO_LONG)));
        let note = long.clone().fitting_of(&DOMAIN, cut.size() - 1);
        assert_eq!((note.data, note.note.as_deref()), (None, Some(DONE)));
        let note = long.noted("twice").fitting_of(&DOMAIN, size).note.unwrap();
        assert_eq!(note, format!("twice; {TOO_LONG}"));
    }

    #[test]
    fn a_reply_is_as_long_as_it_says_whatever_its_texts_are() {
        let full = Outcome {
            data: Some(Cow::Borrowed(b"null")),
            next: Some("a\"b\\c\n\u{1}ü".into()),
            count: Some(u64::MAX),
            out: Some(b"{}".to_vec()),
            sets: Some(b"[]".to_vec()),
            items: Some(b"[]".to_vec()),
            note: Some("say \"please\"".into()),
            unshown: Some("a value".to_owned()),
            ..Outcome::default()
        };
        for outcome in [&Outcome::default(), &Outcome::count(0), &full] {
            let bytes = outcome.encode();
            assert_eq!(bytes.len(), outcome.size(), "{outcome:?}");
            assert_eq!(Outcome::decode(&bytes).unwrap().encode(), bytes);
            let reply: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(reply.get("next").and_then(|next| next.as_str()), outcome.next.as_deref());
            assert_eq!(
                reply.get("note").and_then(|note| note.as_str()),
                outcome.note.is_some().then_some("say \"please\"; a value")
            );
        }
        let around = full.size()
            - 4
            - 2
            - 2
            - 2
            - quoted(full.next.as_ref().unwrap()).len()
            - quoted("say \"please\"; a value").len();
        assert!(around <= MEMBERS_BYTES_MAX, "{around}");
    }
}
