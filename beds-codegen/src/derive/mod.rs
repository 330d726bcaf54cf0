//! The second front: `#[derive(NamasteCore)]` on a hand-written struct, with attributes instead of TOML keys.
//!
//! `attributes` turns the struct into the same tree as a template's text, with the positions of its tokens. So the same
//! stages check it. [`find`] lets a build script find the hand-written domains of a project: they join the project's
//! static factory, and their errors are reported together with those of templates. This module does not decide what a
//! domain means, and emits nothing: see `crate::expand`.

mod attributes;
mod defaults;
mod find;
mod syntax;
mod tokens;

use attributes::{Methods, Written};
pub use find::find;
use syn::DeriveInput;
pub(crate) use tokens::Tokens;

use crate::{
    diagnostic::ErrorSink,
    model::{Domain, Method, Operation, Operations},
    raw,
    span::{Sources, Spanned},
    validate::{self, Pipelines, Validated},
};

/// The analysis of a struct.
pub(crate) struct Analysed {
    /// The operations that Rust functions implement.
    pub(crate) methods: Vec<Method>,
    /// The wire name, if it is valid.
    pub(crate) name: Option<Spanned<String>>,
    /// The domain, if there was no error.
    pub(crate) domain: Option<Domain>,
}

/// Takes a struct through the stages.
pub(crate) fn analyse(
    input: &DeriveInput,
    tokens: &mut Tokens,
    pipelines: &mut Pipelines,
    sources: &mut Sources,
    errors: &mut ErrorSink<'_>,
) -> Analysed {
    let mut part = errors.part();
    let Written { domain, methods } = attributes::read(input, tokens, &mut part);
    let validated = domain.map(|written| {
        let raw = raw::from_struct(written, &mut part);
        validate::validate(raw, by_hand(&methods), pipelines, sources, &mut part)
    });
    let (name, domain) = validated.map_or((None, None), |Validated { name, domain, .. }| (name, domain));
    Analysed { methods: methods.list, name, domain: domain.filter(|_| !part.has_errors()) }
}

/// The operations that methods implement. An unreadable method may implement any operation.
fn by_hand(methods: &Methods) -> Operations {
    if methods.is_partial {
        return Operations { read: true, create: true, update: true, upsert: true, delete: true };
    }
    let mut by_hand = Operations::default();
    for method in &methods.list {
        match method.operation {
            Operation::Fetch | Operation::Count => by_hand.read = true,
            Operation::Create => by_hand.create = true,
            Operation::Update => by_hand.update = true,
            Operation::Upsert => by_hand.upsert = true,
            Operation::Delete => by_hand.delete = true,
        }
    }
    by_hand
}
