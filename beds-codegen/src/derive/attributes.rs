//! A struct with `#[beds(…)]` attributes as the tree of keys and values that the stages read.
//!
//! `#[beds(name = "visit", read(view = "v_visit"))]` on the struct stands for `[template]` and `[objects]`,
//! `fetch(…)` and `calls(…)` for their sections; `#[beds(type = "uuid", key)]` on a field for the field's table.

use quote::ToTokens as _;
use syn::{Attribute, Data, DeriveInput, Fields, FieldsNamed, Lit, spanned::Spanned as _};

use super::{
    defaults,
    syntax::{self, Given},
    tokens::Tokens,
};
use crate::{
    diagnostic::{ErrorSink, derive as diagnostics, files},
    model::{Method, Operation},
    raw::Struct,
    span::{Span, Spanned},
    tree::{Entry, Node, Scalar, Table, Value},
};

/// The content of a struct's attributes.
pub(super) struct Written {
    /// The counterpart of a template; `None` for an item that is not a struct, which is reported.
    pub(super) domain: Option<Struct>,
    /// The operations that Rust functions implement.
    pub(super) methods: Methods,
}

/// The functions that `methods(…)` names.
#[derive(Default)]
pub(super) struct Methods {
    pub(super) list: Vec<Method>,
    /// Whether some of them could not be read, which is reported.
    pub(super) is_partial: bool,
}

/// The operations that `methods` can name.
const OPERATIONS: [&str; 6] = {
    let [fetch, count, create, update, upsert, delete] = Operation::ALL;
    [fetch.as_str(), count.as_str(), create.as_str(), update.as_str(), upsert.as_str(), delete.as_str()]
};

/// Reads the attributes of a struct and its fields.
pub(super) fn read(input: &DeriveInput, tokens: &mut Tokens, errors: &mut ErrorSink<'_>) -> Written {
    let mut reader = Reader { tokens, errors };
    let mut methods = Methods::default();
    let domain = reader.fields_of(input).map(|fields| {
        let name = reader.tokens.place(input.ident.span());
        let (entries, is_partial) = reader.entries(&input.attrs);
        let (of_methods, others): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.name() == "methods");
        let mut attributes = reader.table(others);
        attributes.is_partial = is_partial;
        for entry in of_methods {
            reader.methods(entry, &mut methods);
        }
        if attributes.get("read").is_none() && !is_partial && !methods.is_partial {
            reader.check_reads(&methods.list);
        }
        let wire_name = defaults::snake_case(&input.ident.to_string());
        default_to(&mut attributes, "name", Scalar::Text(wire_name), name);
        describe(&mut attributes, &input.attrs, name);
        let fields = fields.named.iter().filter_map(|field| reader.field(field)).collect();
        Struct { name, attributes, fields: Table { entries: fields, is_partial: false } }
    });
    Written { domain, methods }
}

/// Adds a key that is not written.
fn default_to(table: &mut Table, key: &str, value: Scalar, place: Span) {
    if table.get(key).is_none() {
        let key = Spanned::new(key.to_owned(), place);
        table.entries.push(Entry { key, value: Spanned::new(Value::Scalar(value), place) });
    }
}

/// Uses the first paragraph of the doc comment as the description, unless one is given.
fn describe(table: &mut Table, attributes: &[Attribute], place: Span) {
    if let Some(text) = defaults::description(attributes) {
        default_to(table, "description", Scalar::Text(text), place);
    }
}

/// Reads tokens, and reports those without a meaning.
struct Reader<'r, 's> {
    tokens: &'r mut Tokens,
    errors: &'r mut ErrorSink<'s>,
}

impl Reader<'_, '_> {
    /// The fields, if the item can be a domain.
    fn fields_of<'i>(&mut self, input: &'i DeriveInput) -> Option<&'i FieldsNamed> {
        let (what, help) = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(_) if !input.generics.params.is_empty() => {
                    ("a struct with parameters", "leave out the parameters: a domain is one type")
                }
                Fields::Named(fields) => return Some(fields),
                Fields::Unnamed(_) => ("a tuple struct", "name its fields: clients know a field by its name"),
                Fields::Unit => ("a struct without fields", "give it the fields of a record, in `{ }`"),
            },
            Data::Enum(_) => {
                ("an enum", "write a struct, with a field of `type = \"enum\"` for these values")
            }
            Data::Union(_) => ("a union", "write a struct"),
        };
        let place = self.tokens.place(input.ident.span());
        self.errors.push(diagnostics::not_a_domain(place, what, help));
        None
    }

    /// The content of an item's `#[beds(…)]`, and whether some of it cannot be read, which is reported.
    fn entries(&mut self, attributes: &[Attribute]) -> (Vec<syntax::Entry>, bool) {
        let (entries, errors) = syntax::entries(attributes);
        let is_partial = !errors.is_empty();
        for error in errors {
            let place = self.tokens.place(error.span());
            self.errors.push(diagnostics::attribute_form(place, &error.to_string()));
        }
        (entries, is_partial)
    }

    /// The template's field for one of the struct's.
    fn field(&mut self, field: &syn::Field) -> Option<Entry> {
        let ident = field.ident.as_ref()?;
        let name = syntax::name(ident);
        let place = self.tokens.place(ident.span());
        let (entries, is_partial) = self.entries(&field.attrs);
        let mut table = self.table(entries);
        table.is_partial = is_partial;
        if table.get("type").is_none() && !is_partial {
            let at = self.tokens.place(field.ty.span());
            if let Some(ty) = defaults::type_of(&field.ty) {
                default_to(&mut table, "type", Scalar::Text(ty.name.as_str().to_owned()), at);
                if ty.is_unsigned {
                    default_to(&mut table, "unsigned", Scalar::Bool(true), at);
                }
            } else {
                let rust = defaults::shown(&field.ty);
                self.errors.push(diagnostics::type_unknown(at, &name, &rust));
                let key = Spanned::new("type".to_owned(), at);
                table.entries.push(Entry { key, value: Spanned::new(Value::Broken, at) });
            }
        }
        describe(&mut table, &field.attrs, place);
        let value = Spanned::new(Value::Table(table), place);
        Some(Entry { key: Spanned::new(name, place), value })
    }

    fn methods(&mut self, entry: syntax::Entry, methods: &mut Methods) {
        let Given::Entries(entries) = entry.value else {
            let place = self.tokens.place(entry.key.span());
            let message = "expected `methods(create = Self::function, …)`";
            self.errors.push(diagnostics::attribute_form(place, message));
            methods.is_partial = true;
            return;
        };
        let mut seen: Vec<(Operation, Span)> = Vec::new();
        for entry in entries {
            let (name, place) = (entry.name(), self.tokens.place(entry.key.span()));
            let Some(operation) = Operation::from_name(&name) else {
                self.errors.push(diagnostics::not_a_method(place, &name, &OPERATIONS));
                methods.is_partial = true;
                continue;
            };
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == operation) {
                self.errors.push(files::duplicate_key(place, Some(*first), &name));
                continue;
            }
            seen.push((operation, place));
            if let Given::Path(function) = entry.value {
                methods.list.push(Method { operation, function });
            } else {
                let message = format!("expected a function: `{name} = Self::function`");
                self.errors.push(diagnostics::attribute_form(place, &message));
                methods.is_partial = true;
            }
        }
    }

    /// If no object is read, `fetch` and `count` need each other: clients are promised both or none.
    fn check_reads(&mut self, methods: &[Method]) {
        let of = |wanted| methods.iter().find(|method| method.operation == wanted);
        let (given, missing) = match (of(Operation::Fetch), of(Operation::Count)) {
            (Some(fetch), None) => (fetch, Operation::Count),
            (None, Some(count)) => (count, Operation::Fetch),
            (Some(_), Some(_)) | (None, None) => return,
        };
        let place = self.tokens.place(given.function.span());
        self.errors.push(diagnostics::half_read(place, given.operation.as_str(), missing.as_str()));
    }

    fn table(&mut self, written: Vec<syntax::Entry>) -> Table {
        let mut entries: Vec<Entry> = Vec::with_capacity(written.len());
        for entry in written {
            let key = Spanned::new(entry.name(), self.tokens.place(entry.key.span()));
            if let Some(first) = entries.iter().find(|known| known.key == key) {
                self.errors.push(files::duplicate_key(key.span, Some(first.key.span), &key.value));
                continue;
            }
            let value = match entry.value {
                Given::Path(path) if key.value == "method" => {
                    let text = path.to_token_stream().to_string().replace(' ', "");
                    Spanned::new(Value::Scalar(Scalar::Text(text)), self.tokens.place(path.span()))
                }
                value => self.node(value, key.span),
            };
            entries.push(Entry { key, value });
        }
        Table { entries, is_partial: false }
    }

    fn node(&mut self, given: Given, key: Span) -> Node {
        match given {
            Given::Flag => Spanned::new(Value::Scalar(Scalar::Bool(true)), key),
            Given::Value(value) => self.value(value),
            Given::Entries(entries) => Spanned::new(Value::Table(self.table(entries)), key),
            Given::Path(path) => {
                let place = self.tokens.place(path.span());
                let message = "expected a literal: \"text\", 5, true or [\"a\", \"b\"]";
                let help = path.get_ident().map(|word| match word.to_string().to_lowercase().as_str() {
                    "yes" | "on" => "\nwrite `true`".to_owned(),
                    "no" | "off" => "\nwrite `false`".to_owned(),
                    // A Rust constant, whose value only rustc knows.
                    _ if word.to_string().starts_with(|letter: char| letter.is_uppercase()) => String::new(),
                    _ => format!("\nwrite `\"{word}\"` if it is a string"),
                });
                let message = format!("{message}{}", help.unwrap_or_default());
                self.errors.push(diagnostics::attribute_form(place, &message));
                Spanned::new(Value::Broken, place)
            }
        }
    }

    fn value(&mut self, value: syntax::Value) -> Node {
        match value {
            syntax::Value::List(items, token) => {
                let place = self.tokens.place(token);
                let items = items.into_iter().map(|item| self.value(item)).collect();
                Spanned::new(Value::List(items), place)
            }
            syntax::Value::Literal { lit, is_negative } => {
                let place = self.tokens.place(lit.span());
                let value = if let Some(scalar) = scalar(&lit, is_negative) {
                    Value::Scalar(scalar)
                } else {
                    let message = "expected a string, a number, true or false";
                    self.errors.push(diagnostics::attribute_form(place, message));
                    Value::Broken
                };
                Spanned::new(value, place)
            }
        }
    }
}

fn scalar(lit: &Lit, is_negative: bool) -> Option<Scalar> {
    let sign = if is_negative { "-" } else { "" };
    match lit {
        Lit::Str(text) if !is_negative => Some(Scalar::Text(text.value())),
        Lit::Bool(flag) if !is_negative => Some(Scalar::Bool(flag.value)),
        // A number beyond 128 bits is out of every range. The ends of this range are also out of range, and give the
        // same report.
        Lit::Int(int) => {
            let number = format!("{sign}{}", int.base10_digits()).parse();
            Some(Scalar::Int(number.unwrap_or(if is_negative { i128::MIN } else { i128::MAX })))
        }
        Lit::Float(float) => format!("{sign}{}", float.base10_digits()).parse().ok().map(Scalar::Float),
        _ => None,
    }
}
