//! What a struct says without attributes: its name, the types of its fields, its doc comments.

use proc_macro2::Span as TokenSpan;
use syn::{
    Attribute, Expr, GenericArgument, Ident, Lit, LitBool, LitStr, PathArguments, spanned::Spanned as _,
};

use super::syntax::{Entry, Given, Value};

/// Adds an entry that is not written.
pub(super) fn default_to(entries: &mut Vec<Entry>, key: &str, token: TokenSpan, text: &str) {
    add(entries, key, token, Lit::Str(LitStr::new(text, token)));
}

fn add(entries: &mut Vec<Entry>, key: &str, token: TokenSpan, lit: Lit) {
    if entries.iter().all(|entry| entry.name() != key) {
        let value = Given::Value(Value::Literal { lit, is_negative: false });
        // `type` is a keyword, and a valid identifier only in its raw form.
        let key = if key == "type" { Ident::new_raw(key, token) } else { Ident::new(key, token) };
        entries.push(Entry { key, value });
    }
}

/// The wire name of a struct: `FilmCategory` is `film_category`.
pub(super) fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The template's type for a Rust type that leaves no choice, where none is written. `Option` only says that a
/// value may be absent.
pub(super) fn type_of(entries: &mut Vec<Entry>, ty: &syn::Type) {
    if entries.iter().any(|entry| entry.name() == "type") {
        return;
    }
    let Some(name) = rust_name(ty) else { return };
    let of_template = match name.as_str() {
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
        _ => return,
    };
    default_to(entries, "type", ty.span(), of_template);
    if name == "u64" {
        add(entries, "unsigned", ty.span(), Lit::Bool(LitBool::new(true, ty.span())));
    }
}

/// The last part of a type's path, inside of `Option`.
fn rust_name(ty: &syn::Type) -> Option<String> {
    let syn::Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    if last.ident == "Option" {
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        let Some(GenericArgument::Type(inner)) = arguments.args.first() else { return None };
        return rust_name(inner);
    }
    Some(last.ident.to_string())
}

/// The first paragraph of a doc comment is the description, where there is no other.
pub(super) fn describe(entries: &mut Vec<Entry>, attrs: &[Attribute], token: TokenSpan) {
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
