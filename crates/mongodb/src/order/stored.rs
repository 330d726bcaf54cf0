//! Values in cursors: the stored values, in BSON, since a column may hold values of any type.

use beds_core::value::Value;
use beds_protocol::value::Bytes;
use mongodb::bson::{
    Bson, RawArray, RawBson, RawBsonRef, RawDocumentBuf, cstr,
    raw::{CStr, RawDocument},
};

use super::compare::compare;
use crate::convert::to_bson;

/// The name of the value's member in a cursor's document.
const MEMBER: &CStr = cstr!("v");
/// How deep a value may be nested: twice as deep as MongoDB allows for documents. A cursor comes from a client.
const DEPTH_MAX: usize = 200;

/// The value by which a document is sorted in a column: its value, or the least or the greatest element of an array.
pub(crate) fn stored(document: &RawDocument, column: &str, is_descending: bool) -> Value {
    match document.get(column) {
        Ok(None | Some(RawBsonRef::Null)) => Value::Null,
        Ok(Some(RawBsonRef::Array(array))) => in_document(extreme(array, is_descending)),
        Ok(Some(bson)) => in_document(bson),
        // Text that is not UTF-8 becomes the nearest UTF-8 text.
        Err(_) => {
            let elements = document.iter_elements().flatten();
            let element = elements.into_iter().find(|element| element.key().as_str() == column);
            match element.and_then(|element| element.value_utf8_lossy().ok()) {
                Some(value) => in_document(value.as_raw_bson_ref()),
                None => Value::Null,
            }
        }
    }
}

fn extreme(array: &RawArray, is_descending: bool) -> RawBsonRef<'_> {
    let elements = array.into_iter().flatten();
    let extreme = if is_descending {
        elements.max_by(|a, b| compare(*a, *b))
    } else {
        elements.min_by(|a, b| compare(*a, *b))
    };
    // An empty array has nothing to sort by.
    extreme.unwrap_or(RawBsonRef::Undefined)
}

fn in_document(bson: RawBsonRef<'_>) -> Value {
    let mut document = RawDocumentBuf::new();
    document.append(MEMBER, RawBson::from(bson));
    Value::Bytes(Bytes(document.into_bytes()))
}

/// The operand for a value of a cursor; `None` if no cursor of this node has such a value. No field that records are
/// sorted by has bytes of its own.
pub(super) fn operand(value: &Value) -> Option<Bson> {
    match value {
        Value::Bytes(bytes) => {
            let document = RawDocument::from_bytes(&bytes.0).ok()?;
            let bson = document.get(MEMBER).ok()??;
            if !is_nested_within(bson, DEPTH_MAX) {
                return None;
            }
            Bson::try_from(bson).ok()
        }
        other => to_bson(other).ok(),
    }
}

fn is_nested_within(bson: RawBsonRef<'_>, levels: usize) -> bool {
    let within = |element: RawBsonRef<'_>| levels > 0 && is_nested_within(element, levels - 1);
    match bson {
        RawBsonRef::Array(array) => array.into_iter().all(|element| element.is_ok_and(within)),
        RawBsonRef::Document(document) => {
            document.iter().all(|element| element.is_ok_and(|(_, element)| within(element)))
        }
        RawBsonRef::JavaScriptCodeWithScope(code) => within(RawBsonRef::Document(code.scope)),
        _ => true,
    }
}
