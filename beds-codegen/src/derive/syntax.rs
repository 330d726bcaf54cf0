//! What stands in `#[beds(…)]`, as it is written: keys, values, lists, paths, and nothing decided yet.

use proc_macro2::Span as TokenSpan;
use syn::{
    Attribute, Ident, Lit, Path, Token,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

/// `key`, `key = value` or `key(…)`.
pub(super) struct Entry {
    pub(super) key: Ident,
    pub(super) value: Given,
}

/// What is said of a key.
pub(super) enum Given {
    /// Nothing: the key alone means `true`.
    Flag,
    Value(Value),
    Entries(Vec<Entry>),
    /// Only `methods(create = Self::create_checked)` has one.
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

/// What all `#[beds(…)]` attributes of an item hold; of those that cannot be read, why.
pub(super) fn entries(attrs: &[Attribute]) -> (Vec<Entry>, Vec<syn::Error>) {
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for attribute in attrs.iter().filter(|attribute| attribute.path().is_ident("beds")) {
        match attribute.parse_args_with(Punctuated::<Entry, Token![,]>::parse_terminated) {
            Ok(entries) => all.extend(entries),
            Err(error) => errors.extend(error),
        }
    }
    (all, errors)
}
