//! The one way into every service: the checks of a request's properties before its body is read, and the reading of the
//! body.

use std::time::{Duration, Instant, SystemTime};

use beds_protocol::{Broker, ErrorCode, Lane, shown, topology::CONTENT_TYPE};
use serde::Deserialize;

use crate::{
    error::{Error, Result, shortened},
    service::Incoming,
    settings::Limits,
};

/// The destination of a request, as its service knows it.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The name that stands first in the routing key.
    pub name: &'a str,
    /// The broker in whose queue its requests wait.
    pub broker: Broker,
    /// Whether the operation reads or writes.
    pub lane: Lane,
    /// The fingerprint of the template, where there is one.
    pub hash: Option<&'static str>,
    /// The fingerprints of earlier versions of the template. Clients of these are served as well.
    pub earlier: &'static [&'static str],
}

/// How much of a property a message quotes: a true fingerprint has 16 characters, a content type some 30.
const QUOTED_CHARACTERS_MAX: usize = 64;
/// The longest message that quotes the body.
const MESSAGE_CHARACTERS_MAX: usize = 400;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// Byte order marks of UTF-16; UTF-32 begins with one of them, or with a zero byte.
const OTHER_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
const GZIP: &[u8] = b"\x1f\x8b";

/// Admits a request, and gives the moment by which its answer must be there.
///
/// # Errors
/// A contradiction to its queue, in its properties or in its length.
pub fn admit(incoming: &Incoming<'_>, to: &Destination<'_>, limits: &Limits) -> Result<Instant> {
    check_queue(incoming, to)?;
    check_content(incoming)?;
    check_hash(incoming, to)?;
    let deadline = deadline(incoming, limits)?;
    let (length, most) = (incoming.body.len(), limits.request_bytes_max);
    if length > most {
        let message = format!("the body has {length} bytes; the limit is {most}");
        return Err(Error::new(ErrorCode::TooLarge, message).hint("split it into several requests"));
    }
    Ok(deadline)
}

/// Refuses a request in a queue where it does not belong, and a read that wants no reply.
fn check_queue(incoming: &Incoming<'_>, to: &Destination<'_>) -> Result<()> {
    if to.broker != incoming.broker {
        let (key, queue) = (incoming.routing_key, incoming.broker.queue());
        let message = format!("{} is not routed to the queue `{queue}`", shown(key));
        return Err(Error::new(ErrorCode::BadRequest, message)
            .hint("publish to the exchange `beds` and let the routing key choose the queue"));
    }
    if to.lane == Lane::Read && !incoming.wants_reply {
        return Err(Error::new(ErrorCode::BadRequest, "a read needs a `reply_to` for its answer"));
    }
    Ok(())
}

/// The text of a client's property, for a message.
fn quoted(text: &str) -> String {
    shown(shortened(text.to_owned(), QUOTED_CHARACTERS_MAX))
}

/// The body must be plain JSON in UTF-8. A client that declares nothing agrees; one that declares anything else is
/// mistaken.
fn check_content(incoming: &Incoming<'_>) -> Result<()> {
    let bad = |message: String| Err(Error::new(ErrorCode::BadRequest, message));
    let is_utf8 =
        |name: &str| ["utf-8", "utf8", "us-ascii"].iter().any(|known| name.eq_ignore_ascii_case(known));
    if let Some(given) = incoming.content_type {
        let mut parts = given.split(';').map(str::trim);
        if !parts.next().unwrap_or_default().eq_ignore_ascii_case(CONTENT_TYPE) {
            return bad(format!("the content type {} is not {CONTENT_TYPE}", quoted(given)));
        }
        let charset = parts
            .filter_map(|part| part.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
            .map(|(_, value)| value.trim().trim_matches('"'));
        if let Some(other) = charset.filter(|charset| !is_utf8(charset)) {
            return bad(format!(
                "the charset {} of the content type is not UTF-8, the encoding of JSON",
                quoted(other)
            ));
        }
    }
    match incoming.content_encoding {
        None | Some("") => Ok(()),
        Some(given) if is_utf8(given) || given.eq_ignore_ascii_case("identity") => Ok(()),
        Some(other) => Err(Error::new(
            ErrorCode::BadRequest,
            format!("the content encoding {} is not supported", quoted(other)),
        )
        .hint("send the JSON as it is, without `content_encoding`")),
    }
}

fn check_hash(incoming: &Incoming<'_>, to: &Destination<'_>) -> Result<()> {
    let name = to.name;
    match (incoming.template_hash, to.hash) {
        (Err(()), _) => {
            let hint = match to.hash {
                Some(_) => format!("send the `hash` of `{name}.describe`, or leave the header out"),
                None => "leave the header out".to_owned(),
            };
            Err(Error::new(ErrorCode::BadRequest, "the header `beds-template-hash` is not a string")
                .hint(hint))
        }
        (Ok(Some(given)), Some(served)) if given != served && !to.earlier.contains(&given) => {
            let given = quoted(given);
            let message =
                format!("the client has the hash {given} of the template `{name}`; the node has `{served}`");
            Err(Error::new(ErrorCode::TemplateMismatch, message)
                .hint(format!("compare with `{name}.describe` and rebuild the client")))
        }
        (Ok(Some(_)), None) => {
            let message = format!("`{name}` has no template, so there is no hash of it");
            Err(Error::new(ErrorCode::TemplateMismatch, message).hint("leave `beds-template-hash` out"))
        }
        (Ok(_), _) => Ok(()),
    }
}

/// The moment by which the answer must be there. It counts from the moment when the client sent the request, if the
/// request tells it: nobody waits for longer, however long the request lay in its queue. A client that wants no answer
/// gives the node its usual time for each try.
fn deadline(incoming: &Incoming<'_>, limits: &Limits) -> Result<Instant> {
    let left = match incoming.deadline {
        Ok(Some(deadline)) => left_until(deadline)?,
        Ok(None) if incoming.wants_reply => left_of(incoming, limits)?,
        Ok(None) => limits.request_timeout_ms.duration(),
        Err(()) => {
            let message = "the header `beds-deadline` is not an integer of Unix milliseconds";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
    };
    Ok(Instant::now() + left.min(limits.request_timeout_max_ms.duration()))
}

/// How long it is until a moment in Unix milliseconds.
fn left_until(unix_ms: i64) -> Result<Duration> {
    let left = u64::try_from(unix_ms).ok().map(Duration::from_millis).and_then(|at| at.checked_sub(now()));
    left.filter(|left| !left.is_zero()).ok_or_else(|| {
        let message = "the deadline had passed before the node took the request";
        let hint = "`beds-deadline` is in Unix milliseconds, by a clock that agrees with the node's";
        Error::new(ErrorCode::DeadlineExceeded, message).hint(hint)
    })
}

/// How long a request without a deadline has left: its expiration, or the usual time, counted from its timestamp.
fn left_of(incoming: &Incoming<'_>, limits: &Limits) -> Result<Duration> {
    let whole = incoming.expiration.unwrap_or(limits.request_timeout_ms.duration());
    let Some(sent) = incoming.timestamp else { return Ok(whole) };
    // The timestamp has no fractions of a second.
    let sent = Duration::from_secs(sent).saturating_add(Duration::from_secs(1));
    let age = now().saturating_sub(sent);
    whole.checked_sub(age).filter(|left| !left.is_zero()).ok_or_else(|| {
        let message = format!(
            "by its timestamp the request was sent {} s before the node took it; its time limit was {} ms",
            age.as_secs() + 1,
            whole.as_millis()
        );
        Error::new(ErrorCode::DeadlineExceeded, message).hint(
            "`timestamp` says when the request was sent, in Unix seconds; `beds-deadline` sets another time",
        )
    })
}

/// The time since the beginning of 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Reads a body. If `is_sensitive`, errors quote nothing of it.
///
/// # Errors
/// `bad_request`, naming the place in the body.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8], is_sensitive: bool) -> Result<T> {
    // serde would also read a struct from an array, by position. Only an object is a request.
    let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    // The common case parses once; only a refused body is parsed again, for the path to the mistake.
    if let (true, Ok(request)) = (is_object, serde_json::from_slice(body)) {
        return Ok(request);
    }
    Err(refusal::<T>(body, is_object, is_sensitive))
}

/// Why a body cannot be read.
fn refusal<'a, T: Deserialize<'a>>(body: &'a [u8], is_object: bool, is_sensitive: bool) -> Error {
    let bad = |message: String| Error::new(ErrorCode::BadRequest, shortened(message, MESSAGE_CHARACTERS_MAX));
    if body.starts_with(BYTE_ORDER_MARK) {
        return bad("the body begins with a byte order mark: send its JSON without one".into());
    }
    if body.starts_with(GZIP) {
        return bad("the body is compressed with gzip: send plain JSON".into());
    }
    // JSON has no zero byte. The other encodings have one in their first character.
    if OTHER_MARKS.iter().any(|mark| body.starts_with(mark)) || body.iter().take(2).any(|byte| *byte == 0) {
        return bad("the body is in UTF-16 or UTF-32: the encoding of JSON is UTF-8".into());
    }
    let whole = serde_json::from_slice::<serde_json::Value>(body);
    match &whole {
        Ok(serde_json::Value::Array(items)) if items.is_empty() => {
            return bad("the body is an empty array, not a JSON object".into()).hint(EMPTY_ARRAY);
        }
        Ok(_) if !is_object => return bad("the body is not a JSON object".into()),
        _ => {}
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return bad("the body is empty: it must be a JSON object".into());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => bad("the body has data after its JSON object".into()),
        Err(error) => {
            // If a key itself cannot be read, its place in the path is a `?`.
            let path = error.path().to_string();
            let path = path.trim_end_matches('?').trim_end_matches('.');
            let place = if path.is_empty() { String::new() } else { format!(" at {}", shown(path)) };
            let error = error.into_inner();
            let reason = match whole {
                // The parser reports syntax in skipped parts less exactly than in parts that it reads.
                Err(broken) if error.is_syntax() || error.is_eof() => in_terms_of_json(&broken),
                _ => in_terms_of_json(&error),
            };
            let is_array = reason.starts_with("invalid type: array, expected an object");
            let reason = match std::str::from_utf8(body) {
                Err(_) => "it is not UTF-8, the encoding of JSON".to_owned(),
                Ok(_) if is_sensitive => without_value(reason),
                Ok(_) => reason,
            };
            let error = bad(format!("the body is invalid{place}: {reason}"));
            if is_array { error.hint(EMPTY_ARRAY) } else { error }
        }
    }
}

/// PHP writes its empty array as a list.
const EMPTY_ARRAY: &str =
    "an empty object is `{}`; PHP writes an empty array as `[]`: use `new stdClass` for it";

/// The message for a surrogate, which is half of a character, without the other half.
const HALF: &str = "a `\\u` escape is half of a character (a surrogate), and the other half does not follow";

/// What is wrong with a body, in words without the types of Rust.
fn in_terms_of_json(error: &serde_json::Error) -> String {
    [
        ("expected u32", "expected an integer from 0 to 4294967295"),
        ("expected i64", "expected an integer"),
        ("type: sequence", "type: array"),
        ("type: map", "type: object"),
        ("expected a sequence", "expected an array"),
        ("expected a map", "expected an object"),
        ("there are no fields", "expected none"),
        (": floating point `", ": number `"),
        ("unexpected end of hex escape", HALF),
        ("lone leading surrogate in hex escape", HALF),
    ]
    .into_iter()
    .fold(error.to_string(), |message, (ours, theirs)| message.replace(ours, theirs))
}

/// A message without the value that it quotes. The value may be a sensitive one in the wrong place.
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
