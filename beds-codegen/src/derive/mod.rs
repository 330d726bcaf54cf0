//! The other front: `#[derive(NamasteCore)]` on a hand-written struct, with attributes in place of TOML keys.
//!
//! [`attributes`] turns the struct into the text of the template that it stands for, so that the same stages judge
//! it, and the same emitter writes its implementation. [`expand`] is what the
//! macro calls; [`find`] lets a build script know the hand-written domains of a project, so that they join its
//! static factory and a name that is used twice shows both places.

mod attributes;
mod find;

use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

pub use find::{HandWritten, find};

use crate::{
    diagnostic::{Diagnostic, Errors, Severity},
    emit, parse, raw,
    span::Sources,
    validate::{self, Pipelines},
};

/// An operation whose implementation is a Rust function instead of a call into the adapter.
#[derive(Debug, Clone)]
pub struct Method {
    /// Which operation.
    pub operation: Operation,
    /// The function: `async fn(&Context, …Request) -> Result`.
    pub function: syn::Path,
}

/// The operations that a method may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `fetch`
    Fetch,
    /// `count`
    Count,
    /// `create`
    Create,
    /// `update`
    Update,
    /// `delete`
    Delete,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Fetch, Self::Count, Self::Create, Self::Update, Self::Delete];

    /// The name on the wire, and of the trait's function.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Count => "count",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// The operation with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == name)
    }
}

/// Expands `#[derive(NamasteCore)]`. `package` is the folder of the package that is being compiled, from which
/// pipelines are found.
///
/// A struct with mistakes expands to one `compile_error!` each, at its place, and to an implementation without
/// operations, so that nothing else complains that there is none.
#[must_use]
pub fn expand(input: &DeriveInput, package: &Path) -> TokenStream {
    let written = match attributes::read(input) {
        Ok(written) => written,
        Err(error) => return failed(input, &error.into_compile_error()),
    };
    let mut sources = Sources::default();
    let file = sources.add(input.ident.to_string(), written.text.clone());
    let mut errors = Errors::default();
    let mut pipelines = Pipelines::new(package.join("schema/mongodb"));
    let raw =
        parse::parse(file, &sources, &mut errors).map(|table| raw::read(table.get_ref(), file, &mut errors));
    let validated = raw.map(|raw| validate::validate(raw, &mut pipelines, &mut sources, &mut errors));
    let domain = validated.and_then(|validated| validated.domain).filter(|_| errors.count() == 0);
    let Some(domain) = domain else {
        let at = |diagnostic: &Diagnostic| {
            let token = diagnostic.primary().and_then(|label| written.token(label.span.start));
            token.unwrap_or_else(|| input.ident.span())
        };
        let list = errors.into_vec().into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        let messages = list.map(|diagnostic| {
            let mut text = format!("[{}] {}", diagnostic.code, diagnostic.message);
            for help in &diagnostic.help {
                text.push_str("\nhelp: ");
                text.push_str(help);
            }
            syn::Error::new(at(&diagnostic), text).into_compile_error()
        });
        return failed(input, &messages.collect());
    };
    emit::derived(&domain, &input.ident, &written.methods)
}

/// The errors, and an implementation that offers nothing.
fn failed(input: &DeriveInput, errors: &TokenStream) -> TokenStream {
    let name = &input.ident;
    quote! {
        #errors
        impl ::beds_runtime::__private::NamasteCore for #name {
            fn domain() -> &'static ::beds_runtime::__private::Domain {
                static DOMAIN: ::beds_runtime::__private::Domain =
                    ::beds_runtime::__private::Domain::new("", "", "");
                &DOMAIN
            }
        }
    }
}
