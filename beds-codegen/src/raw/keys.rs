//! Taking a TOML table apart, key by key: what is asked for is taken, what is left over is unknown.
//!
//! A key that is absent while an unknown one looks like it is taken for misspelt: it counts as broken, so that only
//! the typo is reported, and not the absence as well.

use toml::{
    Spanned as TomlSpanned,
    de::{DeTable, DeValue},
};

use super::{Entry, Given, Names, RawValue};
use crate::{
    diagnostic::{Errors, shape},
    names,
    span::{FileId, Span, Spanned},
};

/// The most entries that any table or list of a template may have.
const ENTRIES_MAX: usize = 1_000;

pub(super) type Value<'s> = TomlSpanned<DeValue<'s>>;

/// A key of a table, and its value.
pub(super) struct Pair<'t, 's> {
    pub(super) key: Spanned<&'t str>,
    pub(super) value: &'t Value<'s>,
}

/// The entries of a table, in the order they are written.
pub(super) fn pairs<'t, 's>(table: &'t DeTable<'s>, file: FileId, errors: &mut Errors) -> Vec<Pair<'t, 's>> {
    let mut pairs: Vec<_> = table
        .iter()
        .map(|(key, value)| Pair { key: Spanned::new(key.get_ref().as_ref(), span(file, key.span())), value })
        .collect();
    pairs.sort_by_key(|pair| pair.key.span.start);
    if let Some(extra) = pairs.get(ENTRIES_MAX) {
        errors.push(shape::too_many(extra.key.span, "entries", pairs.len(), ENTRIES_MAX));
        pairs.truncate(ENTRIES_MAX);
    }
    pairs
}

pub(super) fn span(file: FileId, range: std::ops::Range<usize>) -> Span {
    Span { file, start: range.start, end: range.end }
}

/// A value's kind, with its article.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// One table being taken apart.
pub(super) struct Keys<'t, 's, 'e> {
    pub(super) file: FileId,
    /// What the table is, for messages: "`[template]`", "field `sku`".
    place: String,
    pairs: Vec<Option<Pair<'t, 's>>>,
    known: &'static [&'static str],
    pub(super) errors: &'e mut Errors,
}

impl<'t, 's, 'e> Keys<'t, 's, 'e> {
    /// Begins with a table whose keys can only be the known ones.
    pub(super) fn new(
        table: &'t DeTable<'s>,
        file: FileId,
        place: String,
        known: &'static [&'static str],
        errors: &'e mut Errors,
    ) -> Self {
        let pairs = pairs(table, file, errors).into_iter().map(Some).collect();
        Self { file, place, pairs, known, errors }
    }

    /// Whether a key that is not known looks like this one.
    fn is_misspelt(&self, name: &str) -> bool {
        let unknown =
            self.pairs.iter().flatten().map(|pair| pair.key.value).filter(|key| !self.known.contains(key));
        unknown.into_iter().any(|key| {
            shape::synonym(key) == Some(name) || names::nearest(key, self.known.iter().copied()) == Some(name)
        })
    }

    /// Takes a key, if this table can have it, and makes of its value what `convert` does; `expected` is what `convert` wants.
    pub(super) fn take<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        convert: impl FnOnce(&'t Value<'s>, FileId, &mut Errors) -> Result<T, Refused>,
    ) -> Given<T> {
        if !self.known.contains(&name) {
            return Given::Absent;
        }
        let is_misspelt = self.is_misspelt(name);
        let Some(pair) = self.pairs.iter_mut().find_map(|slot| slot.take_if(|pair| pair.key.value == name))
        else {
            return if is_misspelt { Given::Broken } else { Given::Absent };
        };
        let at = span(self.file, pair.value.span());
        match convert(pair.value, self.file, self.errors) {
            // Others refer to fields: those in a misspelt `[field.x]` would be missed.
            Ok(_) if is_misspelt && name == "fields" => Given::Broken,
            Ok(value) => Given::Is(Entry { key: pair.key.span, value: Spanned::new(value, at) }),
            Err(Refused::Kind) => {
                self.errors.push(shape::wrong_shape(at, name, expected, kind(pair.value.get_ref())));
                Given::Broken
            }
            Err(Refused::Reported) => Given::Broken,
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Given<String> {
        self.take(name, "a string", |value, _, _| text(value))
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Given<bool> {
        self.take(name, "true or false", |value, _, _| value.get_ref().as_bool().ok_or(Refused::Kind))
    }

    pub(super) fn int(&mut self, name: &'static str) -> Given<i128> {
        self.take(name, "an integer", |value, _, _| match constant(value) {
            Some(RawValue::Int(number)) => Ok(number),
            _ => Err(Refused::Kind),
        })
    }

    pub(super) fn constant(&mut self, name: &'static str) -> Given<RawValue> {
        self.take(name, "a string, a number, a boolean or a date", |value, _, _| {
            constant(value).ok_or(Refused::Kind)
        })
    }

    pub(super) fn names(&mut self, name: &'static str) -> Given<Names> {
        self.take(name, "a list of strings", |value, file, errors| {
            let DeValue::Array(items) = value.get_ref() else { return Err(Refused::Kind) };
            if let Some(extra) = items.get(ENTRIES_MAX) {
                errors.push(shape::too_many(span(file, extra.span()), "entries", items.len(), ENTRIES_MAX));
                return Err(Refused::Reported);
            }
            let mut names = Vec::with_capacity(items.len());
            for item in items {
                let at = span(file, item.span());
                let Ok(text) = text(item) else {
                    let found = format!("one that holds {}", kind(item.get_ref()));
                    errors.push(shape::wrong_shape(at, name, "a list of strings", &found));
                    return Err(Refused::Reported);
                };
                names.push(Spanned::new(text, at));
            }
            Ok(names)
        })
    }

    /// Reports every key that nothing asked for.
    pub(super) fn finish(self) {
        for pair in self.pairs.into_iter().flatten() {
            self.errors.push(shape::unknown_key(pair.key.span, pair.key.value, &self.place, self.known));
        }
    }

    /// Like [`Self::finish`], for the sections of a template.
    pub(super) fn finish_sections(self) {
        for pair in self.pairs.into_iter().flatten() {
            self.errors.push(if pair.value.get_ref().is_table() || pair.value.get_ref().is_array() {
                shape::unknown_section(pair.key.span, pair.key.value, self.known)
            } else {
                shape::unknown_key(
                    pair.key.span,
                    pair.key.value,
                    "the template outside of every section",
                    self.known,
                )
            });
        }
    }
}

/// Why a value is not used.
pub(super) enum Refused {
    /// It is of the wrong kind, which is yet to be reported.
    Kind,
    /// It is broken in a way that is reported.
    Reported,
}

fn text(value: &Value<'_>) -> Result<String, Refused> {
    value.get_ref().as_str().map(str::to_owned).ok_or(Refused::Kind)
}

fn constant(value: &Value<'_>) -> Option<RawValue> {
    Some(match value.get_ref() {
        DeValue::Boolean(flag) => RawValue::Bool(*flag),
        // A number too large for 128 bits is out of every range: the ends of this one say so as well.
        DeValue::Integer(number) => RawValue::Int(
            i128::from_str_radix(number.as_str(), number.radix())
                .unwrap_or(if number.as_str().starts_with('-') { i128::MIN } else { i128::MAX }),
        ),
        DeValue::Float(number) => RawValue::Float(number.as_str().parse().ok()?),
        DeValue::String(text) => RawValue::Text(text.to_string()),
        DeValue::Datetime(moment) => RawValue::Moment(moment.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => return None,
    })
}
