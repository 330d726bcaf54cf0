//! The information that a struct gives without attributes: its name, the types of its fields, its doc comments.

use beds_protocol::TypeName;
use quote::ToTokens as _;
use syn::{Attribute, Expr, GenericArgument, Lit, PathArguments};

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

/// The template type that a Rust type determines.
pub(super) struct Implied {
    pub(super) name: TypeName,
    /// Whether its integers are unsigned.
    pub(super) is_unsigned: bool,
}

/// The template type for a Rust type, if it is unambiguous. `Option` only says that a value may be absent.
pub(super) fn type_of(ty: &syn::Type) -> Option<Implied> {
    let rust = rust_name(ty)?;
    let name = match rust.as_str() {
        "bool" => TypeName::Bool,
        "i64" | "u64" => TypeName::Int,
        "f64" => TypeName::Float,
        "String" => TypeName::String,
        "Uuid" => TypeName::Uuid,
        "Decimal" => TypeName::Decimal,
        "Date" => TypeName::Date,
        "Time" => TypeName::Time,
        "DateTime" => TypeName::DateTime,
        "Bytes" => TypeName::Bytes,
        _ => return None,
    };
    Some(Implied { name, is_unsigned: rust == "u64" })
}

/// A Rust type in the form for messages: the last part of its path, without blanks.
pub(super) fn shown(ty: &syn::Type) -> String {
    let text = match ty {
        syn::Type::Path(path) => path.path.segments.last().map(|last| last.to_token_stream().to_string()),
        _ => None,
    };
    let text = text.unwrap_or_else(|| ty.to_token_stream().to_string());
    // Tokens are separated by blanks. Only a lifetime needs its blank.
    [" <", "< ", " >", " ,", " ::", ":: ", "& "]
        .iter()
        .fold(text, |text, apart| text.replace(apart, apart.trim()))
}

/// The last part of a type's path, inside `Option`.
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

/// The first paragraph of a doc comment, if there is one.
pub(super) fn description(attributes: &[Attribute]) -> Option<String> {
    let docs = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let lines = docs.filter_map(|attribute| {
        let Expr::Lit(literal) = &attribute.meta.require_name_value().ok()?.value else { return None };
        match &literal.lit {
            Lit::Str(text) => Some(text.value().trim().to_owned()),
            _ => None,
        }
    });
    let text = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}
