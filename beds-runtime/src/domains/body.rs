//! From the bytes of a body to a [`Request`].

use beds_core::{Error, Request, Result, address::Target, error::shortened, mask, spec::Domain};
use beds_protocol::{DescribeRequest, ErrorCode};
use serde::de::DeserializeOwned;

/// Reads the body that an operation takes.
///
/// # Errors
/// `bad_request`, naming the place in the body.
pub(super) fn decode(domain: &Domain, target: Target, body: &[u8]) -> Result<Request> {
    Ok(match target {
        Target::Fetch => Request::Fetch(read(domain, body)?),
        Target::Count => Request::Count(read(domain, body)?),
        Target::Create => Request::Create(read(domain, body)?),
        Target::Update => Request::Update(read(domain, body)?),
        Target::Delete => Request::Delete(read(domain, body)?),
        // The shortest request of all needs no body.
        Target::Describe if body.is_empty() => Request::Describe(DescribeRequest {}),
        Target::Describe => Request::Describe(read(domain, body)?),
        Target::Call(call) => Request::Call(call, read(domain, body)?),
    })
}

fn read<T: DeserializeOwned>(domain: &Domain, body: &[u8]) -> Result<T> {
    // A struct would be read from an array too, by position: only an object is a request.
    let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    // The common case parses once; only a refused body is parsed again, for the path to the mistake.
    if let (true, Ok(request)) = (is_object, serde_json::from_slice(body)) {
        return Ok(request);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let bad =
        |message: String| Err(Error::new(ErrorCode::BadRequest, shortened(message, MESSAGE_CHARACTERS_MAX)));
    if body.starts_with(BYTE_ORDER_MARK) {
        return bad("the body begins with a byte order mark: send its JSON without one".into());
    }
    if !is_object && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() {
        return bad("the body is not a JSON object".into());
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return bad("the body is empty: it must be a JSON object".into());
    }
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => bad("the body has data after its JSON object".into()),
        Err(error) => {
            // Where a key itself cannot be read, its place in the path is a `?`.
            let path = error.path().to_string();
            let path = path.trim_end_matches('?').trim_end_matches('.');
            let place = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
            let reason = in_terms_of_json(&error.into_inner());
            let reason = match std::str::from_utf8(body) {
                Err(_) => "it is not UTF-8, the encoding of JSON".to_owned(),
                Ok(_) if mask::has_sensitive(domain) => without_value(reason),
                Ok(_) => reason,
            };
            bad(format!("the body is invalid{place}: {reason}"))
        }
    }
}

/// What is wrong with a body, for people who do not know the types that it is read into.
fn in_terms_of_json(error: &serde_json::Error) -> String {
    [
        ("expected u32", "expected an integer from 0 to 4294967295"),
        ("expected i64", "expected an integer"),
        ("expected a sequence", "expected an array"),
        ("expected a map", "expected an object"),
        ("there are no fields", "expected none"),
    ]
    .into_iter()
    .fold(error.to_string(), |message, (ours, theirs)| message.replace(ours, theirs))
}

/// A message without the value that it quotes, which may be a sensitive one in the wrong place.
fn without_value(message: String) -> String {
    for kind in ["invalid type", "invalid value"] {
        if message.starts_with(kind)
            && let Some(expected) = message.rfind(", expected ")
        {
            return format!("{kind}{}", &message[expected..]);
        }
    }
    message
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Of a message that quotes the body.
const MESSAGE_CHARACTERS_MAX: usize = 400;
