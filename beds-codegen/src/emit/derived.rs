//! What a derive adds to a struct that somebody else wrote: the same statics and implementation as of a template.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::DeriveInput;

use super::{engine, implementation, statics};
use crate::model::{Domain, Method, Operation};

/// The implementation of `NamasteCore` for `name`, in a scope of its own. Where a method stands for an operation
/// that has an object, what the object does is the function `OPERATION_object`.
#[must_use]
pub fn derived(domain: &Domain, name: &Ident, methods: &[Method]) -> TokenStream {
    // The emitter's own text; that it parses, the golden tests show.
    let statics: TokenStream = statics(domain).parse().unwrap_or_default();
    let of_objects = engine::operations(domain);
    let is_replaced = |name: &Ident| methods.iter().any(|method| name == method.operation.as_str());
    let kept = of_objects.into_iter().filter(|(name, _)| !is_replaced(name)).map(|(_, function)| function);
    let implementation =
        implementation(domain, name, &kept.chain(methods.iter().map(replaced)).collect::<Vec<_>>());
    let objects = engine::named_operations(domain, |name| format_ident!("{name}_object"));
    let objects = objects
        .into_iter()
        .filter(|(name, _)| methods.iter().any(|method| *name == object(method.operation)))
        .map(|(_, function)| function);
    let objects = wrapped(&quote!(impl #name), objects);
    quote! {
        const _: () = {
            use ::beds_runtime::__private as rt;
            #statics
            #implementation
            #objects
        };
    }
}

/// What stands in for [`derived`] after an error: an implementation with the methods and without objects, so that
/// whatever uses it compiles and the mistake is the only message.
#[must_use]
pub fn underived(input: &DeriveInput, methods: &[Method]) -> TokenStream {
    let (generics, parameters, condition) = input.generics.split_for_impl();
    let name = &input.ident;
    let operations = methods.iter().map(replaced);
    let objects = methods.iter().map(|Method { operation, function: _ }| {
        let (object, request, name) = (object(*operation), request(*operation), operation.as_str());
        quote! {
            async fn #object(_cx: &rt::Context, _request: rt::#request) -> rt::Result {
                Err(rt::Error::not_offered(<Self as rt::NamasteCore>::domain(), #name))
            }
        }
    });
    let objects = wrapped(&quote!(impl #generics #name #parameters #condition), objects);
    quote! {
        const _: () = {
            use ::beds_runtime::__private as rt;
            static DOMAIN: rt::Domain = rt::Domain::new("", "", "");
            impl #generics rt::NamasteCore for #name #parameters #condition {
                fn domain() -> &'static rt::Domain { &DOMAIN }
                #(#operations)*
            }
            #objects
        };
    }
}

/// An operation that a function stands for.
fn replaced(Method { operation, function }: &Method) -> TokenStream {
    let (name, request) = (format_ident!("{}", operation.as_str()), request(*operation));
    quote! {
        async fn #name(cx: &rt::Context, request: rt::#request) -> rt::Result {
            #function(cx, request).await
        }
    }
}

/// The functions that methods wrap.
fn wrapped(head: &TokenStream, functions: impl Iterator<Item = TokenStream>) -> Option<TokenStream> {
    let functions: Vec<_> = functions.collect();
    (!functions.is_empty()).then(|| {
        quote! {
            #head {
                #(
                    /// What the template alone would do.
                    #[allow(dead_code)]
                    pub(crate) #functions
                )*
            }
        }
    })
}

/// The name of what an operation's object does.
fn object(operation: Operation) -> Ident {
    format_ident!("{}_object", operation.as_str())
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
