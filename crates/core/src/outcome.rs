//! [`Outcome`]: what a successful operation gives, already as JSON text, and the bytes of a reply.
//!
//! Adapters write rows straight to JSON, so that a reply costs no tree of values.

use crate::{describe, spec::Domain};

/// The bytes that the names of all members, a count and the braces take in a reply.
pub const MEMBERS_BYTES_MAX: usize = 128;

/// The members of a successful reply. Each JSON member is a complete JSON text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The record, the records, or the value of a call.
    pub data: Option<Vec<u8>>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// How many records match.
    pub count: Option<u64>,
    /// OUT and INOUT parameters, an object.
    pub out: Option<Vec<u8>>,
    /// Result sets, an array of arrays of objects.
    pub sets: Option<Vec<u8>>,
    /// Something the client should know though the request succeeded.
    pub note: Option<&'static str>,
}

impl Outcome {
    /// An outcome with nothing but `data`.
    #[must_use]
    pub fn data(json: Vec<u8>) -> Self {
        Self { data: Some(json), ..Self::default() }
    }

    /// An outcome with nothing but `count`.
    #[must_use]
    pub fn count(count: u64) -> Self {
        Self { count: Some(count), ..Self::default() }
    }

    /// What `describe` answers for a domain.
    #[must_use]
    pub fn description(domain: &'static Domain) -> Self {
        Self::data(describe::json(domain).to_vec())
    }

    /// How long the reply will be, within [`MEMBERS_BYTES_MAX`].
    #[must_use]
    pub fn size(&self) -> usize {
        let Self { data, next, count: _, out, sets, note } = self;
        let json = [data, out, sets].into_iter().flatten().map(Vec::len).sum::<usize>();
        json + next.as_ref().map_or(0, String::len) + note.map_or(0, str::len)
    }

    /// The bytes of the reply.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { data, next, count, out, sets, note } = self;
        let mut reply = Vec::with_capacity(self.size() + MEMBERS_BYTES_MAX);
        reply.extend_from_slice(br#"{"ok":true"#);
        for (name, json) in [("data", data), ("out", out), ("sets", sets)] {
            if let Some(json) = json {
                member(&mut reply, name, json);
            }
        }
        if let Some(next) = next {
            // A cursor is base64url: nothing in it needs escaping.
            member(&mut reply, "next", format!("\"{next}\"").as_bytes());
        }
        if let Some(count) = count {
            member(&mut reply, "count", count.to_string().as_bytes());
        }
        if let Some(note) = note {
            member(&mut reply, "note", format!("\"{note}\"").as_bytes());
        }
        reply.push(b'}');
        reply
    }
}

fn member(reply: &mut Vec<u8>, name: &str, json: &[u8]) {
    reply.extend_from_slice(b",\"");
    reply.extend_from_slice(name.as_bytes());
    reply.extend_from_slice(b"\":");
    reply.extend_from_slice(json);
}

#[cfg(test)]
mod tests {
    use beds_protocol::Reply;

    use super::*;

    #[test]
    fn a_reply_reads_back_as_its_members() {
        let outcome = Outcome {
            data: Some(b"[1]".to_vec()),
            next: Some("abc".into()),
            count: Some(7),
            out: Some(br#"{"n":1}"#.to_vec()),
            sets: Some(b"[[{}]]".to_vec()),
            note: None,
        };
        let reply: Reply = serde_json::from_slice(&outcome.encode()).unwrap();
        assert!(reply.ok);
        assert_eq!(reply.next.as_deref(), Some("abc"));
        assert_eq!(reply.count, Some(7));
        assert_eq!(reply.sets.unwrap()[0].len(), 1);
        assert_eq!(Outcome::default().encode(), br#"{"ok":true}"#);
    }
}
