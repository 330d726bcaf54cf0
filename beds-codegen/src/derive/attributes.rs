//! A struct with `#[beds(…)]` attributes as the text of the template that it stands for.
//!
//! `#[beds(name = "visit", read(view = "v_visit"))]` on the struct stands for `[template]` and `[objects]`,
//! `fetch(…)` and `calls(…)` for their sections; `#[beds(type = "uuid", key)]` on a field for the field's table.
//! The text remembers which token each of its parts came from.

use std::ops::Range;

use proc_macro2::Span as TokenSpan;
use syn::{
    Attribute, Data, DeriveInput, Expr, Fields, Ident, Lit, Path, Token,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
    spanned::Spanned as _,
};

use super::{Method, Operation};

/// What a struct's attributes say.
pub(super) struct Written {
    /// The template's text.
    pub(super) text: String,
    /// The operations that Rust functions implement.
    pub(super) methods: Vec<Method>,
    /// The token of each part of the text, in order.
    places: Vec<(Range<usize>, TokenSpan)>,
    name: (String, TokenSpan),
}

impl Written {
    /// The token that a byte of the text came from.
    pub(super) fn token(&self, byte: usize) -> Option<TokenSpan> {
        let index = self.places.partition_point(|(range, _)| range.end <= byte);
        self.places.get(index).filter(|(range, _)| range.contains(&byte)).map(|(_, token)| *token)
    }

    /// The template's wire name, and where it is written.
    pub(super) fn name(&self) -> (&str, TokenSpan) {
        (&self.name.0, self.name.1)
    }
}

/// Keys of `[template]`; every other key of the struct names a section or an object.
const HEADER: [&str; 6] = ["name", "description", "service", "broker", "engine", "database"];
/// Keys of `[objects]`.
const OBJECTS: [&str; 4] = ["read", "create", "update", "delete"];

/// Reads the attributes of a struct and its fields.
pub(super) fn read(input: &DeriveInput) -> syn::Result<Written> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(
            &input.ident,
            "a domain is a struct: NamasteCore cannot be derived here",
        ));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new_spanned(&input.ident, "the fields of a domain have names"));
    };
    let (mut header, mut objects, mut sections, mut methods) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entry in entries(&input.attrs)? {
        match entry.key.to_string().as_str() {
            "methods" => methods.extend(self::methods(entry)?),
            key if HEADER.contains(&key) => header.push(entry),
            key if OBJECTS.contains(&key) => objects.push(entry),
            _ => sections.push(entry),
        }
    }
    default_to(&mut header, "name", input.ident.span(), &snake_case(&input.ident.to_string()));
    describe(&mut header, &input.attrs, input.ident.span());
    let mut columns = Vec::with_capacity(fields.named.len());
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let mut entries = entries(&field.attrs)?;
        if let Some(ty) = type_of(&field.ty) {
            default_to(&mut entries, "type", field.ty.span(), ty);
        }
        describe(&mut entries, &field.attrs, ident.span());
        columns.push(Entry { key: ident.clone(), value: Given::Entries(entries) });
    }
    let name = header.iter().find_map(|entry| match (&entry.value, entry.key == "name") {
        (Given::Value(Value::Literal { lit: Lit::Str(name), .. }), true) => Some((name.value(), name.span())),
        _ => None,
    });
    let name = name.unwrap_or_else(|| (String::new(), input.ident.span()));
    let mut writer = Writer::default();
    // What belongs to no header has to come before the first.
    writer.lines(sections)?;
    for (header, entries) in [("template", header), ("fields", columns), ("objects", objects)] {
        if header != "objects" || !entries.is_empty() {
            writer.part(&format!("[{header}]"), input.ident.span());
            writer.text.push('\n');
            writer.lines(entries)?;
        }
    }
    Ok(Written { text: writer.text, methods, places: writer.places, name })
}

/// Text whose parts know their tokens.
#[derive(Default)]
struct Writer {
    text: String,
    places: Vec<(Range<usize>, TokenSpan)>,
}

impl Writer {
    fn part(&mut self, text: &str, token: TokenSpan) {
        let start = self.text.len();
        self.text.push_str(text);
        self.places.push((start..self.text.len(), token));
    }

    fn lines(&mut self, entries: Vec<Entry>) -> syn::Result<()> {
        for entry in entries {
            self.entry(entry)?;
            self.text.push('\n');
        }
        Ok(())
    }

    fn entry(&mut self, Entry { key, value }: Entry) -> syn::Result<()> {
        let token = key.span();
        self.part(&key.unraw().to_string(), token);
        self.text.push_str(" = ");
        match value {
            Given::Flag => self.part("true", token),
            Given::Value(value) => self.value(value)?,
            Given::Entries(entries) => {
                self.part("{", token);
                for (index, entry) in entries.into_iter().enumerate() {
                    self.text.push_str(if index == 0 { " " } else { ", " });
                    self.entry(entry)?;
                }
                self.text.push_str(" }");
            }
            Given::Path(path) => {
                return Err(syn::Error::new_spanned(
                    path,
                    "expected a literal: \"text\", 5 or [\"a\", \"b\"]",
                ));
            }
        }
        Ok(())
    }

    fn value(&mut self, value: Value) -> syn::Result<()> {
        match value {
            Value::List(items, token) => {
                self.part("[", token);
                for (index, item) in items.into_iter().enumerate() {
                    if index > 0 {
                        self.text.push_str(", ");
                    }
                    self.value(item)?;
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
                    other => {
                        return Err(syn::Error::new_spanned(
                            other,
                            "expected a string, a number, true or false",
                        ));
                    }
                };
                self.part(&text, lit.span());
            }
        }
        Ok(())
    }
}

/// Adds an entry that is not written.
fn default_to(entries: &mut Vec<Entry>, key: &str, token: TokenSpan, text: &str) {
    if entries.iter().all(|entry| entry.key != key) {
        let lit = Lit::Str(syn::LitStr::new(text, token));
        let value = Given::Value(Value::Literal { lit, is_negative: false });
        // `type` is a keyword, and a valid identifier only in its raw form.
        let key = if key == "type" { Ident::new_raw(key, token) } else { Ident::new(key, token) };
        entries.push(Entry { key, value });
    }
}

/// The wire name of a struct: `FilmCategory` is `film_category`.
fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The template type of a Rust type that leaves no choice; `Option` only says that a value may be absent.
fn type_of(ty: &syn::Type) -> Option<&'static str> {
    let syn::Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    Some(match last.ident.to_string().as_str() {
        "Option" => {
            let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let Some(syn::GenericArgument::Type(inner)) = arguments.args.first() else { return None };
            return type_of(inner);
        }
        "bool" => "bool",
        "i64" | "u64" => "int",
        "f64" => "float",
        "String" => "string",
        "Uuid" => "uuid",
        "Decimal" => "decimal",
        "Date" => "date",
        "Time" => "time",
        "DateTime" => "datetime",
        "Bytes" => "bytes",
        _ => return None,
    })
}

/// A doc comment is the description, where there is no other.
fn describe(entries: &mut Vec<Entry>, attrs: &[Attribute], token: TokenSpan) {
    let lines = attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
        let Expr::Lit(literal) = &attribute.meta.require_name_value().ok()?.value else { return None };
        match &literal.lit {
            Lit::Str(text) => Some(text.value().trim().to_owned()),
            _ => None,
        }
    });
    let text = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    if !text.is_empty() {
        default_to(entries, "description", token, &text);
    }
}

/// `key`, `key = value` or `key(…)`.
struct Entry {
    key: Ident,
    value: Given,
}

enum Given {
    Flag,
    Value(Value),
    Entries(Vec<Entry>),
    /// Only `methods(create = Self::create_checked)` has one.
    Path(Path),
}

enum Value {
    Literal { lit: Lit, is_negative: bool },
    List(Vec<Value>, TokenSpan),
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.peek(Lit) || input.peek(Token![-]) || input.peek(syn::token::Bracket) {
                Given::Value(input.parse()?)
            } else {
                Given::Path(input.parse()?)
            }
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            Given::Entries(Punctuated::<Self, Token![,]>::parse_terminated(&content)?.into_iter().collect())
        } else {
            Given::Flag
        };
        Ok(Self { key, value })
    }
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(syn::token::Bracket) {
            let content;
            let bracket = syn::bracketed!(content in input);
            let items = Punctuated::<Self, Token![,]>::parse_terminated(&content)?;
            return Ok(Self::List(items.into_iter().collect(), bracket.span.join()));
        }
        let is_negative = input.parse::<Option<Token![-]>>()?.is_some();
        Ok(Self::Literal { lit: input.parse()?, is_negative })
    }
}

/// What all `#[beds(…)]` attributes of an item hold.
fn entries(attrs: &[Attribute]) -> syn::Result<Vec<Entry>> {
    let mut all = Vec::new();
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("beds")) {
        all.extend(attribute.parse_args_with(Punctuated::<Entry, Token![,]>::parse_terminated)?);
    }
    Ok(all)
}

fn methods(entry: Entry) -> syn::Result<Vec<Method>> {
    let Given::Entries(entries) = entry.value else {
        return Err(syn::Error::new(entry.key.span(), "expected methods(create = Self::function, …)"));
    };
    let method = |entry: Entry| {
        let Some(operation) = Operation::from_name(&entry.key.to_string()) else {
            let known = Operation::ALL.map(Operation::as_str).join(", ");
            return Err(syn::Error::new(entry.key.span(), format!("not an operation: {known} are")));
        };
        match entry.value {
            Given::Path(function) => Ok(Method { operation, function }),
            _ => Err(syn::Error::new(
                entry.key.span(),
                "expected a function, as in create = Self::create_checked",
            )),
        }
    };
    entries.into_iter().map(method).collect()
}
