//! A struct with `#[beds(…)]` attributes as the text of the template that it stands for.
//!
//! `#[beds(name = "visit", read(view = "v_visit"))]` on the struct stands for `[template]` and `[objects]`,
//! `fetch(…)` and `calls(…)` for their sections; `#[beds(type = "uuid", key)]` on a field for the field's table.
//! The text remembers which token each of its parts came from.

use std::ops::Range;

use proc_macro2::Span as TokenSpan;
use syn::{Data, DeriveInput, Fields, FieldsNamed, Ident, Lit, spanned::Spanned as _};

use super::{
    Method, Operation,
    defaults::{default_to, describe, snake_case, type_of},
    syntax::{self, Entry, Given, Value},
};
use crate::{
    diagnostic::{Diagnostic, Errors, derive as diagnostics, files, shape},
    span::{FileId, Span},
};

/// What a struct's attributes say.
pub(super) struct Written {
    /// The template's text; it is none where an attribute is broken, which is reported then.
    pub(super) text: String,
    /// The operations that Rust functions implement.
    pub(super) methods: Vec<Method>,
    /// The token of each part of the text, in order.
    pub(super) places: Vec<(Range<usize>, TokenSpan)>,
}

impl Written {
    /// The token that a byte of the text came from.
    pub(super) fn token(&self, byte: usize) -> Option<TokenSpan> {
        let index = self.places.partition_point(|(range, _)| range.end <= byte);
        self.places.get(index).filter(|(range, _)| range.contains(&byte)).map(|(_, token)| *token)
    }
}

/// Keys of `[template]`.
const HEADER: &[&str] = &["name", "description", "service", "broker", "engine", "database"];
/// Keys of `[objects]`.
const OBJECTS: &[&str] = &["read", "create", "update", "delete"];
/// All keys of a struct: those above, sections that are written as they are, and what only Rust has.
const STRUCT: &[&str] = &[
    "name",
    "description",
    "service",
    "broker",
    "engine",
    "database",
    "read",
    "create",
    "update",
    "delete",
    "fetch",
    "calls",
    "methods",
];

/// What `methods` can name.
const OPERATIONS: [&str; 5] = {
    let [fetch, count, create, update, delete] = Operation::ALL;
    [fetch.as_str(), count.as_str(), create.as_str(), update.as_str(), delete.as_str()]
};

/// Reads the attributes of a struct and its fields; `file` is that of the text which comes of it.
pub(super) fn read(input: &DeriveInput, file: FileId, errors: &mut Errors) -> Written {
    let mut writer = Writer { file, text: String::new(), places: Vec::new(), errors };
    let mut methods = Vec::new();
    if let Some(fields) = writer.fields_of(input) {
        let (mut header, mut objects, mut sections) = (Vec::new(), Vec::new(), Vec::new());
        for entry in writer.entries(&input.attrs) {
            match entry.name().as_str() {
                "methods" => writer.methods(entry, &mut methods),
                key if HEADER.contains(&key) => header.push(entry),
                key if OBJECTS.contains(&key) => objects.push(entry),
                "fetch" | "calls" => sections.push(entry),
                key => writer.report(entry.key.span(), |span| {
                    shape::unknown_key(span, key, "`#[beds(…)]` of a struct", STRUCT)
                }),
            }
        }
        if objects.iter().all(|entry| entry.name() != "read") {
            writer.check_reads(&methods);
        }
        default_to(&mut header, "name", input.ident.span(), &snake_case(&input.ident.to_string()));
        describe(&mut header, &input.attrs, input.ident.span());
        let columns = fields.named.iter().filter_map(|field| writer.column(field)).collect();
        // What belongs to no header has to come before the first.
        writer.lines(sections);
        for (header, entries) in [("template", header), ("fields", columns), ("objects", objects)] {
            if header != "objects" || !entries.is_empty() {
                writer.part(&format!("[{header}]"), input.ident.span());
                writer.text.push('\n');
                writer.lines(entries);
            }
        }
    }
    Written { text: writer.text, methods, places: writer.places }
}

/// Text whose parts know their tokens.
struct Writer<'e> {
    file: FileId,
    text: String,
    places: Vec<(Range<usize>, TokenSpan)>,
    errors: &'e mut Errors,
}

impl Writer<'_> {
    fn part(&mut self, text: &str, token: TokenSpan) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        self.places.push((start..self.text.len(), token));
        Span { file: self.file, start, end: self.text.len() }
    }

    /// Reports a mistake at a token, which gets a place of its own: the text is of no use any more.
    fn report(&mut self, token: TokenSpan, diagnostic: impl FnOnce(Span) -> Diagnostic) {
        let span = self.part("?", token);
        self.errors.push(diagnostic(span));
    }

    /// The fields of what can be a domain.
    fn fields_of<'i>(&mut self, input: &'i DeriveInput) -> Option<&'i FieldsNamed> {
        let (what, help) = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(_) if !input.generics.params.is_empty() => {
                    ("a struct with parameters", "leave out the parameters: a domain is one type")
                }
                Fields::Named(fields) => return Some(fields),
                Fields::Unnamed(_) => {
                    ("a tuple struct", "name its fields: their names are those on the wire")
                }
                Fields::Unit => ("a struct without fields", "give it the fields of a record, in `{ }`"),
            },
            Data::Enum(_) => ("an enum", "write a struct, and an enum's values as `type = \"enum\"`"),
            Data::Union(_) => ("a union", "write a struct"),
        };
        self.report(input.ident.span(), |span| diagnostics::not_a_domain(span, what, help));
        None
    }

    fn entries(&mut self, attrs: &[syn::Attribute]) -> Vec<Entry> {
        let (entries, errors) = syntax::entries(attrs);
        for error in errors {
            self.report(error.span(), |span| diagnostics::attribute_form(span, &error.to_string()));
        }
        entries
    }

    /// The template's field for one of the struct's.
    fn column(&mut self, field: &syn::Field) -> Option<Entry> {
        let ident = field.ident.as_ref()?;
        let mut entries = self.entries(&field.attrs);
        type_of(&mut entries, &field.ty);
        describe(&mut entries, &field.attrs, ident.span());
        if entries.iter().all(|entry| entry.name() != "type") {
            self.report(field.ty.span(), |span| diagnostics::type_unknown(span, &ident.to_string()));
        }
        Some(Entry { key: ident.clone(), value: Given::Entries(entries) })
    }

    fn methods(&mut self, entry: Entry, methods: &mut Vec<Method>) {
        let Given::Entries(entries) = entry.value else {
            self.report(entry.key.span(), |span| {
                diagnostics::attribute_form(span, "expected methods(create = Self::function, …)")
            });
            return;
        };
        let mut seen: Vec<(Operation, Ident)> = Vec::new();
        for entry in entries {
            let (name, token) = (entry.name(), entry.key.span());
            let Some(operation) = Operation::from_name(&name) else {
                self.report(token, |span| diagnostics::not_a_method(span, &name, &OPERATIONS));
                continue;
            };
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == operation) {
                let first = self.part("?", first.span());
                self.report(token, |span| files::duplicate_key(span, Some(first), &name));
                continue;
            }
            seen.push((operation, entry.key));
            match entry.value {
                Given::Path(function) => methods.push(Method { operation, function }),
                Given::Flag | Given::Value(_) | Given::Entries(_) => self.report(token, |span| {
                    diagnostics::attribute_form(
                        span,
                        &format!("expected a function: {name} = Self::function"),
                    )
                }),
            }
        }
    }

    /// Where no object is read, `fetch` and `count` come together: clients are promised both or none.
    fn check_reads(&mut self, methods: &[Method]) {
        let of = |wanted| methods.iter().find(|method| method.operation == wanted);
        let (given, missing) = match (of(Operation::Fetch), of(Operation::Count)) {
            (Some(fetch), None) => (fetch, Operation::Count),
            (None, Some(count)) => (count, Operation::Fetch),
            (Some(_), Some(_)) | (None, None) => return,
        };
        self.report(given.function.span(), |span| {
            diagnostics::half_read(span, given.operation.as_str(), missing.as_str())
        });
    }

    fn lines(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.entry(entry);
            self.text.push('\n');
        }
    }

    fn entry(&mut self, entry: Entry) {
        let (name, token) = (entry.name(), entry.key.span());
        // A key that TOML does not take bare is none that a template takes; the stages say so.
        if name.is_ascii() {
            self.part(&name, token)
        } else {
            self.part(&format!("\"{name}\""), token)
        };
        self.text.push_str(" = ");
        match entry.value {
            Given::Flag => drop(self.part("true", token)),
            Given::Value(value) => self.value(value),
            Given::Entries(entries) => {
                self.part("{", token);
                for (index, entry) in entries.into_iter().enumerate() {
                    self.text.push_str(if index == 0 { " " } else { ", " });
                    self.entry(entry);
                }
                self.text.push_str(" }");
            }
            Given::Path(path) => self.report(path.span(), |span| {
                diagnostics::attribute_form(span, "expected a literal: \"text\", 5, true or [\"a\", \"b\"]")
            }),
        }
    }

    fn value(&mut self, value: Value) {
        match value {
            Value::List(items, token) => {
                self.part("[", token);
                for (index, item) in items.into_iter().enumerate() {
                    if index > 0 {
                        self.text.push_str(", ");
                    }
                    self.value(item);
                }
                self.text.push(']');
            }
            Value::Literal { lit, is_negative } => {
                let sign = if is_negative { "-" } else { "" };
                let text = match &lit {
                    Lit::Str(text) if !is_negative => toml::Value::String(text.value()).to_string(),
                    Lit::Bool(flag) if !is_negative => flag.value.to_string(),
                    Lit::Int(int) => format!("{sign}{}", int.base10_digits()),
                    Lit::Float(float) => format!("{sign}{}", float.base10_digits()),
                    _ => {
                        return self.report(lit.span(), |span| {
                            diagnostics::attribute_form(span, "expected a string, a number, true or false")
                        });
                    }
                };
                self.part(&text, lit.span());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_struct_are_those_of_its_parts() {
        for key in HEADER.iter().chain(OBJECTS) {
            assert!(STRUCT.contains(key), "{key}");
        }
    }
}
