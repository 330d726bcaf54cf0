//! What a derive adds to a struct that somebody else wrote: the same statics and implementation as of a template.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{engine, implementation, statics};
use crate::{
    derive::{Method, Operation},
    model::{Domain, Operations},
};

/// The implementation of `NamasteCore` for `name`, in a scope of its own.
#[must_use]
pub fn derived(domain: &Domain, name: &Ident, methods: &[Method]) -> TokenStream {
    let Operations { mut read, mut create, mut update, mut delete } = domain.operations();
    for method in methods {
        match method.operation {
            Operation::Fetch | Operation::Count => read = true,
            Operation::Create => create = true,
            Operation::Update => update = true,
            Operation::Delete => delete = true,
        }
    }
    let offered = Operations { read, create, update, delete };
    // The emitter's own text; that it parses, the golden tests show.
    let statics: TokenStream = statics(domain, offered).parse().unwrap_or_default();
    let of_objects = engine::operations(domain);
    let is_replaced = |name: &Ident| methods.iter().any(|method| name == method.operation.as_str());
    let kept = of_objects.iter().filter(|(name, _)| !is_replaced(name)).map(|(_, function)| function);
    let replaced = methods.iter().map(|Method { operation, function }| {
        let (name, request) = (format_ident!("{}", operation.as_str()), request(*operation));
        quote! {
            async fn #name(cx: &rt::Context, request: rt::#request) -> rt::Result {
                #function(cx, request).await
            }
        }
    });
    let implementation = implementation(domain, name, &kept.cloned().chain(replaced).collect::<Vec<_>>());
    let objects = engine::named_operations(domain, |name| format_ident!("{name}_object"))
        .into_iter()
        .filter(|(name, _)| {
            methods.iter().any(|method| *name == format!("{}_object", method.operation.as_str()))
        })
        .map(|(_, function)| {
            quote! {
                /// What the template alone would do.
                #[allow(dead_code)]
                pub(crate) #function
            }
        });
    quote! {
        const _: () = {
            use ::beds_runtime::__private as rt;
            #statics
            #implementation
            impl #name { #(#objects)* }
        };
    }
}

fn request(operation: Operation) -> Ident {
    match operation {
        Operation::Fetch => format_ident!("FetchRequest"),
        Operation::Count => format_ident!("CountRequest"),
        Operation::Create => format_ident!("CreateRequest"),
        Operation::Update => format_ident!("UpdateRequest"),
        Operation::Delete => format_ident!("DeleteRequest"),
    }
}
