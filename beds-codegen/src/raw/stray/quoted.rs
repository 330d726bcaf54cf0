//! Headers in quotes, `["calls.restock"]`: TOML takes them for one name with a point in it.

use crate::{
    diagnostic::{ErrorSink, places},
    part::Part,
    span::Spanned,
    tree::{Entry, Table, Value},
};

/// Puts the content of a header in quotes where the header without quotes would put it, and reports each.
pub(super) fn headers(template: &mut Table, errors: &mut ErrorSink<'_>) {
    let is_quoted = |entry: &Entry| {
        let first = entry.key.value.split_once('.').map(|(first, _)| first);
        first.is_some_and(|first| Part::Sections.known().contains(&first))
            && matches!(entry.value.value, Value::Table(_))
    };
    let (quoted, kept): (Vec<Entry>, Vec<Entry>) =
        std::mem::take(&mut template.entries).into_iter().partition(is_quoted);
    template.entries = kept;
    for Entry { key, value } in quoted {
        errors.push(places::quoted_header(key.span, &key.value));
        let within = |inner: Value, name: &str| {
            let (key, value) = (Spanned::new(name.to_owned(), key.span), Spanned::new(inner, value.span));
            Value::Table(Table { entries: vec![Entry { key, value }], is_partial: false })
        };
        let whole = key.value.rsplit('.').fold(value.value, within);
        if let Value::Table(whole) = whole {
            super::merge(template, whole);
        }
    }
}
