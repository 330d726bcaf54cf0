//! Stored values, in words for a note.

use beds_core::error::shortened;
use mongodb::bson::RawBsonRef;

use super::moment;

/// How much of a text a description repeats. A note cuts it further.
const TEXT_CHARS_MAX: usize = 60;

/// A value in a few words, such as `"abc"` or `an array`.
pub(super) fn describe(bson: RawBsonRef<'_>) -> String {
    let cut = |text: &str| {
        let text = shortened(text.chars().take(TEXT_CHARS_MAX + 1).collect(), TEXT_CHARS_MAX);
        text.chars().map(printable).collect::<String>()
    };
    match bson {
        RawBsonRef::Double(value) => format!("{value:?}"),
        RawBsonRef::Int32(value) => value.to_string(),
        RawBsonRef::Int64(value) => value.to_string(),
        RawBsonRef::Decimal128(value) => value.to_string(),
        RawBsonRef::Boolean(value) => value.to_string(),
        RawBsonRef::Null => "null".to_owned(),
        RawBsonRef::Undefined => "undefined".to_owned(),
        RawBsonRef::String(text) => format!("\"{}\"", cut(text)),
        RawBsonRef::Symbol(text) => format!("the symbol {}", cut(text)),
        RawBsonRef::JavaScriptCode(_) | RawBsonRef::JavaScriptCodeWithScope(_) => {
            "JavaScript code".to_owned()
        }
        RawBsonRef::RegularExpression(regex) => {
            format!("the regular expression /{}/{}", cut(regex.pattern.as_str()), regex.options.as_str())
        }
        RawBsonRef::DateTime(date) => match moment(date) {
            Some(moment) => format!("the date {moment}"),
            None => format!("a date {} ms from 1970", date.timestamp_millis()),
        },
        RawBsonRef::Timestamp(timestamp) => {
            format!("the timestamp {}.{}", timestamp.time, timestamp.increment)
        }
        RawBsonRef::ObjectId(id) => format!("the ObjectId {id}"),
        RawBsonRef::Binary(binary) => {
            format!("{} bytes of binary data, subtype {}", binary.bytes.len(), u8::from(binary.subtype))
        }
        RawBsonRef::DbPointer(_) => "a DBPointer".to_owned(),
        RawBsonRef::Array(_) => "an array".to_owned(),
        RawBsonRef::Document(_) => "an object".to_owned(),
        RawBsonRef::MinKey => "MinKey".to_owned(),
        RawBsonRef::MaxKey => "MaxKey".to_owned(),
    }
}

/// A character that keeps a line of the log one line.
pub(super) fn printable(character: char) -> String {
    if character.is_control() { character.escape_default().to_string() } else { character.to_string() }
}
