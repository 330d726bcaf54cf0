//! The output of the derive for a struct that the user wrote: the same statics and implementation as for a template.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::DeriveInput;

use super::{Plan, implementation, plans, request, statics};
use crate::model::{Domain, Method, Operation};

/// The implementation of `NamasteCore` for `name`, in a scope of its own. If a method implements an operation that has
/// an object, the function `OPERATION_object` makes the plan of the object.
#[must_use]
pub fn derived(domain: &Domain, name: &Ident, methods: &[Method]) -> TokenStream {
    // The text comes from the emitter. The golden tests show that it parses.
    let statics: TokenStream = statics(domain).parse().unwrap_or_default();
    let is_replaced = |plan: &Plan| methods.iter().any(|method| method.operation == plan.0);
    let (behind, kept): (Vec<_>, Vec<_>) = plans(domain).partition(is_replaced);
    let operations: Vec<_> =
        kept.into_iter().map(Plan::function).chain(methods.iter().map(replaced)).collect();
    let implementation = implementation(domain, name, &operations);
    let objects = behind.into_iter().map(|plan| plan.named(&object(plan.0)));
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

/// The replacement for [`derived`] after an error: an implementation with the methods but without objects. So code that
/// uses it compiles, and the mistake is the only message.
#[must_use]
pub fn underived(input: &DeriveInput, methods: &[Method]) -> TokenStream {
    let (generics, parameters, condition) = input.generics.split_for_impl();
    let name = &input.ident;
    let operations = methods.iter().map(replaced);
    let objects = methods.iter().map(|method| Plan(method.operation).named(&object(method.operation)));
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

/// An operation that a function implements.
fn replaced(Method { operation, function }: &Method) -> TokenStream {
    let (name, request) = (format_ident!("{}", operation.as_str()), request(*operation));
    quote! {
        fn #name(cx: &rt::Context, request: rt::#request) -> rt::Result<rt::Work> {
            let cx = cx.clone();
            rt::Ok(rt::Work::method(async move { #function(&cx, request).await }))
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

/// The name of the function for an operation's object.
fn object(operation: Operation) -> Ident {
    format_ident!("{}_object", operation.as_str())
}
