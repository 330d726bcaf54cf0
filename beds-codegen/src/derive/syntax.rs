//! The raw content of `#[beds(…)]`: keys, values, lists and paths, without interpretation.

use proc_macro2::{Span as TokenSpan, TokenTree};
use syn::{
    Attribute, Error, Ident, Lit, Path, Token,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
};

/// `key`, `key = value` or `key(…)`.
pub(super) struct Entry {
    pub(super) key: Ident,
    pub(super) value: Given,
}

/// The value of a key.
pub(super) enum Given {
    /// None: the key alone means `true`.
    Flag,
    Value(Value),
    Entries(Vec<Entry>),
    /// A path. Only `methods(create = Self::create_checked)`, and `method = Self::restock` of a call, have one.
    Path(Path),
}

pub(super) enum Value {
    Literal { lit: Lit, is_negative: bool },
    List(Vec<Self>, TokenSpan),
}

impl Entry {
    pub(super) fn name(&self) -> String {
        name(&self.key)
    }
}

/// An identifier without the `r#` that Rust may need for it.
pub(super) fn name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = key(input)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            if input.is_empty() || input.peek(Token![,]) {
                return Err(refused(
                    key.span(),
                    "a value is missing",
                    &format!("write `{key} = …`, or `{key}` alone for true"),
                ));
            }
            if input.peek(Lit) || input.peek(Token![-]) || input.peek(syn::token::Bracket) {
                Given::Value(input.parse()?)
            } else {
                Given::Path(input.parse()?)
            }
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            if content.peek(Lit) && content.peek2(syn::parse::End) {
                let value: Lit = content.parse()?;
                let help = format!("write `{}`", of_value(&key.to_string(), &shown(&value)));
                return Err(refused(value.span(), "parentheses contain keys, not values", &help));
            }
            Given::Entries(list(&content)?)
        } else {
            Given::Flag
        };
        Ok(Self { key, value })
    }
}

fn key(input: ParseStream<'_>) -> syn::Result<Ident> {
    match input.fork().parse::<Lit>() {
        Ok(Lit::Str(text)) => {
            Err(refused(text.span(), "a key is written without quotes", &format!("write `{}`", text.value())))
        }
        _ if input.peek(Token![=]) => Err(refused(input.span(), "a key is missing", "write `key = value`")),
        _ => input.call(Ident::parse_any),
    }
}

/// The value in the form that the key needs: the objects of operations have keys of their own.
fn of_value(key: &str, value: &str) -> String {
    match key {
        "read" => format!("read(view = {value})"),
        "create" | "update" | "upsert" | "delete" => format!("{key}(procedure = {value}, args = [\"…\"])"),
        "items" | "returns" => format!("{key}(type = {value})"),
        _ => format!("{key} = {value}"),
    }
}

/// Entries with commas between them.
fn list<T: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    let mut entries = Vec::new();
    while !input.is_empty() {
        entries.push(input.parse()?);
        if !input.is_empty() && input.parse::<Option<Token![,]>>()?.is_none() {
            return Err(behind(input));
        }
    }
    Ok(entries)
}

/// The error for text after an entry without a comma.
fn behind(input: ParseStream<'_>) -> Error {
    let (message, help) = match input.fork().parse::<TokenTree>() {
        Ok(TokenTree::Punct(found)) if found.as_char() == ';' => ("expected `,`, not `;`", "write `,`"),
        Ok(TokenTree::Punct(found)) if "+-*/%&|<".contains(found.as_char()) => {
            ("an attribute computes nothing", "write the value itself")
        }
        Ok(TokenTree::Punct(found)) if found.as_char() == ':' => {
            ("expected `=`, not `:`", "write `key = value`")
        }
        Ok(TokenTree::Group(_)) => ("keys are written in parentheses", "write `key(…)`"),
        _ => ("a comma is missing here", "write `,` before this"),
    };
    refused(input.span(), message, help)
}

/// An error with advice in a second line.
fn refused(place: TokenSpan, message: &str, help: &str) -> Error {
    Error::new(place, format!("{message}\n{help}"))
}

fn shown(value: &Lit) -> String {
    match value {
        Lit::Str(text) => format!("{:?}", text.value()),
        Lit::Int(number) => number.to_string(),
        Lit::Float(number) => number.to_string(),
        Lit::Bool(flag) => flag.value.to_string(),
        _ => "…".to_owned(),
    }
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(syn::token::Bracket) {
            let content;
            let bracket = syn::bracketed!(content in input);
            return Ok(Self::List(list(&content)?, bracket.span.join()));
        }
        let is_negative = input.parse::<Option<Token![-]>>()?.is_some();
        Ok(Self::Literal { lit: input.parse()?, is_negative })
    }
}

/// The content of all `#[beds(…)]` attributes of an item, and the errors of those that cannot be read.
pub(super) fn entries(attrs: &[Attribute]) -> (Vec<Entry>, Vec<syn::Error>) {
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("beds")) {
        match attribute.parse_args_with(list) {
            Ok(entries) => all.extend(entries),
            Err(error) => errors.extend(error),
        }
    }
    (all, errors)
}
