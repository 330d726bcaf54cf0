//! Calls that a Rust function implements: the match that passes their arguments.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{rust_type, rust_type_of};
use crate::{
    model::{Call, Domain, Returns, Target, Type},
    names,
};

/// The function `call` of a domain, if Rust functions implement some of its calls.
pub(super) fn call(domain: &Domain) -> Option<TokenStream> {
    let arms: Vec<_> = domain.calls.iter().filter_map(|call| arm(domain, call)).collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn call(
                cx: &rt::Context,
                call: &'static rt::Call,
                request: rt::CallRequest,
            ) -> rt::Result<rt::Work> {
                match call.name {
                    #(#arms)*
                    _ => rt::operation::call(cx, &DOMAIN, call, request),
                }
            }
        }
    })
}

fn arm(domain: &Domain, call: &Call) -> Option<TokenStream> {
    let Target::Method { function } = &call.target else { return None };
    let (name, path) = (&call.name, path(domain, &function.value)?);
    let args = call.args.iter().map(|_| quote!(, args.take()?));
    // rustc checks the types that exist in Rust. The others are checked when the value is returned.
    let given = match &call.returns {
        Returns::Nothing | Returns::AsItComes => Some(quote!(())),
        Returns::Scalar(Type::Json | Type::List { .. } | Type::Object { .. } | Type::Enum { .. })
        | Returns::Rows(_) => None,
        Returns::Scalar(ty) => Some(own(ty)),
    };
    let given = given.map(|ty| quote!(.map(rt::operation::gives::<#ty, _>)));
    let args_mut = if call.args.is_empty() { quote!(_) } else { quote!(mut args) };
    Some(quote! {
        #name => rt::operation::method(cx, &DOMAIN, call, request, |cx, #args_mut| async move {
            #path(&cx #(#args)*).await #given
        }),
    })
}

/// The type of a value, by a name that nothing around a hand-written domain can hide.
fn own(ty: &Type) -> TokenStream {
    match ty {
        Type::Bool => quote!(rt::bool),
        Type::Int { .. } => quote!(rt::i64),
        Type::UInt { .. } => quote!(rt::u64),
        Type::Float { .. } => quote!(rt::f64),
        Type::String { .. } | Type::Text { .. } | Type::Enum { .. } | Type::ObjectId => {
            quote!(::std::string::String)
        }
        // All other types come from the runtime.
        ty => rust_type_of(ty, &format_ident!("_")),
    }
}

/// The path of a function, from the module of the domain.
fn path(domain: &Domain, function: &str) -> Option<TokenStream> {
    let path = match &domain.functions {
        // The modules of templates are two levels below those of files.
        Some(module) if names::is_rust_name(&module.value) => {
            format!("super::super::{}::{function}", names::identifier(&module.value))
        }
        Some(module) if module.value.starts_with("crate::") => format!("{}::{function}", module.value),
        Some(module) => format!("::{}::{function}", module.value),
        None => function.to_owned(),
    };
    path.parse().ok()
}

/// The signature of the Rust function behind a call, for messages.
pub(crate) fn signature(domain: &Domain, call: &Call, function: &str) -> String {
    let shown = |ty: TokenStream| ty.to_string().replace("rt :: ", "").replace(' ', "");
    let args = call.args.iter().map(|arg| {
        format!(
            ", {}: {}",
            names::identifier(&arg.field.name),
            shown(rust_type(&arg.field, &domain.struct_name))
        )
    });
    let given = match &call.returns {
        Returns::Nothing | Returns::AsItComes => "()".to_owned(),
        Returns::Scalar(Type::Object { .. }) => "impl Serialize".to_owned(),
        Returns::Rows(_) => "Vec<impl Serialize>".to_owned(),
        Returns::Scalar(ty) => shown(rust_type_of(ty, &domain.struct_name)),
    };
    // No two parameters may have the same name.
    let context = if call.args.iter().any(|arg| arg.field.name == "cx") { "context" } else { "cx" };
    format!("pub async fn {function}({context}: &Context{}) -> Result<{given}>", args.collect::<String>())
}
