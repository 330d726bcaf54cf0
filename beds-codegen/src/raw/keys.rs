//! Takes a table apart, key by key. The keys that nobody asks for are unknown.
//!
//! If a key is absent and an unknown key looks like it, the key counts as misspelt: it is marked as broken, so that
//! only the typo is reported, not also the absence.

use beds_protocol::TypeName;

use super::{Entry, Given, Names, hint, lost};
use crate::{
    diagnostic::{ErrorSink, shape},
    foreign,
    front::{Example, Front},
    meant, names,
    part::Part,
    span::Spanned,
    tree::{self, Node, Scalar, Table, Value},
};

/// The most entries that any table or list of a template may have.
const ENTRIES_MAX: usize = 1_000;

/// The entries of a table whose keys are names of the author's choice.
pub(super) fn entries(table: Table, errors: &mut ErrorSink<'_>) -> Vec<tree::Entry> {
    let mut entries = table.entries;
    if let Some(extra) = entries.get(ENTRIES_MAX) {
        errors.push(shape::too_many(extra.key.span, "entries", entries.len(), ENTRIES_MAX));
        entries.truncate(ENTRIES_MAX);
    }
    entries
}

/// A value's kind, with its article.
pub(super) const fn kind(value: &Value, front: Front) -> &'static str {
    match (value, front) {
        (Value::Scalar(scalar), _) => scalar.kind(),
        (Value::List(_), _) => "a list",
        (Value::Table(_), Front::Template) => "a table",
        (Value::Table(_), Front::Attributes | Front::Parentheses) => "keys in parentheses",
        (Value::Broken, _) => "this",
    }
}

/// A table that is being taken apart.
pub(super) struct Keys<'e, 's> {
    pub(super) front: Front,
    /// The name of the table in messages: "`[template]`", "`sku`".
    place: String,
    entries: Vec<Option<tree::Entry>>,
    is_partial: bool,
    part: Part,
    /// The type, if the table has one.
    ty: Option<TypeName>,
    /// The known keys that are present.
    present: Vec<&'static str>,
    /// The known keys that unknown keys look like.
    misspelt: Vec<&'static str>,
    /// The unknown keys that most likely stand for a missing key, each with it.
    lost: Vec<(String, &'static str)>,
    pub(super) errors: &'e mut ErrorSink<'s>,
}

impl<'e, 's> Keys<'e, 's> {
    /// Begins with a table that can only have the keys of the part.
    pub(super) fn new(
        table: Table,
        front: Front,
        place: String,
        part: Part,
        errors: &'e mut ErrorSink<'s>,
    ) -> Self {
        let is_partial = table.is_partial;
        // The meaning of keys depends on the type, in whatever words the type is written.
        let of_name = |name: &str| TypeName::from_name(name).or_else(|| Some(foreign::translate(name)?.ty));
        let ty = table.get("type").and_then(|node| node.value.as_text()).and_then(of_name);
        let entries = entries(table, errors);
        // A denied flag of a field counts as absent.
        let is_denied = |entry: &tree::Entry| {
            matches!(part, Part::Field(_)) && entry.value.value == Value::Scalar(Scalar::Bool(false))
        };
        let unknown = entries
            .iter()
            .filter(|entry| !part.known().contains(&entry.key.value.as_str()) && !is_denied(entry));
        let mut misspelt: Vec<&'static str> =
            unknown.flat_map(|entry| meant::stands_for(&entry.key.value, part)).collect();
        let lost = lost::found(&entries, part, ty, &misspelt);
        misspelt.extend(lost.iter().map(|(_, key)| *key));
        let is_present = |key: &&&str| entries.iter().any(|entry| entry.key.value == **key);
        let present = part.known().iter().filter(is_present).copied().collect();
        let entries = entries.into_iter().map(Some).collect();
        Self { front, place, entries, is_partial, part, ty, present, misspelt, lost, errors }
    }

    /// Takes a key, if this table can have it, and converts its value with `convert`. `expected` describes what
    /// `convert` accepts.
    pub(super) fn take<T>(
        &mut self,
        name: &'static str,
        expected: impl FnOnce(Front) -> String,
        convert: impl FnOnce(Node, Front, &mut ErrorSink<'s>) -> Result<T, Refused>,
    ) -> Given<T> {
        if !self.part.known().contains(&name) {
            return Given::Absent;
        }
        let is_misspelt = self.misspelt.contains(&name);
        let found = self.entries.iter_mut().find_map(|slot| slot.take_if(|entry| entry.key.value == name));
        let Some(tree::Entry { key, value }) = found else {
            return if is_misspelt || self.is_partial { Given::Broken } else { Given::Absent };
        };
        if value.value == Value::Broken {
            return Given::Broken;
        }
        let (at, kind) = (value.span, kind(&value.value, self.front));
        match convert(value, self.front.inside(), self.errors) {
            // Other parts refer to fields: they would miss those in a misspelt `[field.x]`.
            Ok(_) if is_misspelt && name == "fields" => Given::Broken,
            Ok(value) => Given::Is(Entry { key: key.span, value: Spanned::new(value, at) }),
            Err(Refused::Kind(value)) => {
                let diagnostic = shape::wrong_shape(at, name, &expected(self.front), kind);
                self.errors.push(match self.front {
                    Front::Template => hint::add(diagnostic, self.part, name, &value),
                    Front::Attributes | Front::Parentheses => {
                        hint::add_to_attribute(diagnostic, self.part, name, &value, at != key.span)
                    }
                });
                Given::Broken
            }
            Err(Refused::Reported) => Given::Broken,
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Given<String> {
        self.take(name, |_| "a string".to_owned(), |node, _, _| text(node.value))
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Given<bool> {
        self.take(
            name,
            |_| "true or false".to_owned(),
            |node, _, _| match node.value {
                Value::Scalar(Scalar::Bool(flag)) => Ok(flag),
                other => Err(Refused::Kind(other)),
            },
        )
    }

    pub(super) fn int(&mut self, name: &'static str) -> Given<i128> {
        self.take(
            name,
            |_| "an integer".to_owned(),
            |node, _, _| match node.value {
                Value::Scalar(Scalar::Int(number)) => Ok(number),
                other => Err(Refused::Kind(other)),
            },
        )
    }

    pub(super) fn constant(&mut self, name: &'static str) -> Given<Scalar> {
        let expected = |_| match name {
            "min" | "max" => "one number".to_owned(),
            _ => "a string, a number, a boolean or a date".to_owned(),
        };
        let is_impossible =
            name == "default" && matches!(self.ty, Some(TypeName::List | TypeName::Object | TypeName::Json));
        self.take(name, expected, |node, _, _| match node.value {
            Value::Scalar(scalar) => Ok(scalar),
            // A later step, where types are known, reports that the field can have no default.
            _ if is_impossible => Ok(Scalar::Text(String::new())),
            other @ (Value::List(_) | Value::Table(_) | Value::Broken) => Err(Refused::Kind(other)),
        })
    }

    pub(super) fn names(&mut self, name: &'static str) -> Given<Names> {
        // If the type has no values, that alone is reported.
        let are_meaningless = name == "values" && self.ty.is_some_and(|ty| ty != TypeName::Enum);
        self.take(
            name,
            |_| "a list of strings".to_owned(),
            |node, front, errors| {
                let (list, value) = (node.span, node.value);
                // The content of the list is reported later, where the names are known.
                if let Value::Scalar(Scalar::Text(word)) = &value
                    && !matches!(name, "values" | "compatible_with" | "allow")
                    && names::is_all(word)
                {
                    return Ok(vec![Spanned::new(names::ALL.to_owned(), list)]);
                }
                let Value::List(items) = value else { return Err(Refused::Kind(value)) };
                if let Some(extra) = items.get(ENTRIES_MAX) {
                    errors.push(shape::too_many(extra.span, "entries", items.len(), ENTRIES_MAX));
                    return Err(Refused::Reported);
                }
                let right = hint::mended(name, &items);
                let mut names = Vec::with_capacity(items.len());
                for item in items {
                    let kind = kind(&item.value, front);
                    match item.value {
                        Value::Scalar(Scalar::Text(text)) => names.push(Spanned::new(text, item.span)),
                        Value::Broken => return Err(Refused::Reported),
                        Value::Scalar(scalar) if are_meaningless => {
                            names.push(Spanned::new(scalar.written(), item.span));
                        }
                        other => {
                            let found = format!("a list with {kind} in it");
                            let diagnostic = shape::wrong_shape(item.span, name, "a list of strings", &found);
                            errors.push(hint::add_to_list(
                                diagnostic,
                                list,
                                (name, &other),
                                right.as_deref(),
                            ));
                            return Err(Refused::Reported);
                        }
                    }
                }
                Ok(names)
            },
        )
    }

    /// Takes a table with known keys, and reads it.
    pub(super) fn table<T>(
        &mut self,
        name: &'static str,
        place: String,
        part: Part,
        example: Example<'_>,
        read: impl FnOnce(&mut Keys<'_, 's>) -> T,
    ) -> Given<T> {
        self.take(
            name,
            |front| front.table(name, example),
            |node, front, errors| {
                let Value::Table(table) = node.value else { return Err(Refused::Kind(node.value)) };
                let mut keys = Keys::new(table, front, place, part, errors);
                let read = read(&mut keys);
                keys.finish();
                Ok(read)
            },
        )
    }

    /// Reports every key that nothing asked for.
    pub(super) fn finish(self) {
        let is_by_routine = self.part == Part::Read
            && self.entries.iter().flatten().any(|entry| meant::is_routine(&entry.key.value));
        // The other keys beside a routine follow from the same mistake.
        let is_echo = |key: &str| is_by_routine && !meant::is_routine(key);
        for entry in self.entries.into_iter().flatten().filter(|entry| !is_echo(&entry.key.value)) {
            let owner = shape::Owner {
                place: &self.place,
                part: self.part,
                ty: self.ty,
                present: &self.present,
                meant: &self.misspelt,
                lost: &self.lost,
            };
            self.errors.push(shape::unknown_key(&entry, owner));
        }
    }

    /// Like [`Self::finish`], for the sections of a template.
    pub(super) fn finish_sections(self, told: &[&str]) {
        for entry in self.entries.into_iter().flatten() {
            let nearest = beds_protocol::nearest(&entry.key.value, self.part.known().iter().copied());
            if nearest.is_some_and(|nearest| told.contains(&nearest)) {
                continue;
            }
            self.errors.push(match entry.value.value {
                Value::Table(_) | Value::List(_) => {
                    let mut lost = self.lost.iter().filter(|(name, _)| *name == entry.key.value);
                    match lost.next() {
                        Some((name, home)) => shape::unknown_section_of(entry.key.span, name, home),
                        None => shape::unknown_section(entry.key.span, &entry.key.value),
                    }
                }
                Value::Scalar(_) | Value::Broken => {
                    let place = "the template outside of every section";
                    let owner = shape::Owner {
                        place,
                        part: self.part,
                        ty: None,
                        present: &self.present,
                        meant: &self.misspelt,
                        lost: &self.lost,
                    };
                    shape::unknown_key(&entry, owner)
                }
            });
        }
    }
}

/// Why a value is not used.
pub(super) enum Refused {
    /// This value has the wrong kind, which is not reported yet.
    Kind(Value),
    /// The value is broken, which is reported.
    Reported,
}

fn text(value: Value) -> Result<String, Refused> {
    match value {
        Value::Scalar(Scalar::Text(text)) => Ok(text),
        other => Err(Refused::Kind(other)),
    }
}
