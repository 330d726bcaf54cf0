//! Stage 6: Rust text from valid domains. It cannot fail, and its output is deterministic.
//!
//! The output is data and one-line calls into `beds_runtime::__private`. Anything larger belongs in the runtime. Each
//! domain becomes one file with its struct, its statics and its `NamasteCore` ([`domain`]). [`factory`] is the file
//! that includes them all.

mod access;
mod data;
mod derived;
mod engine;
mod method;
mod text;

use std::path::{Path, PathBuf};

use beds_protocol::Placement;
pub use derived::{derived, underived};
pub(crate) use engine::quoted;
pub(crate) use method::signature;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use crate::{
    fingerprint::fingerprint,
    model::{
        Age, Aging, Bulk, Call, Change, Domain, Events, Fetch, Field, HandWritten, Lifecycle, Operation,
        Operations, Type,
    },
    names,
};

/// The crate that generated code calls.
const RUNTIME: &str = "::beds_runtime::__private";

/// The generated file of one domain.
#[must_use]
pub fn domain(domain: &Domain) -> String {
    let mut out = format!("use {RUNTIME} as rt;\n\n");
    out.push_str(&text::items(&record(domain)));
    out.push('\n');
    out.push_str(&statics(domain));
    out.push('\n');
    let operations: Vec<_> = plans(domain).map(Plan::function).collect();
    out.push_str(&text::items(&implementation(domain, &domain.struct_name, &operations)));
    out.push('\n');
    out.push_str(&members(domain));
    out
}

/// The data of a domain.
fn statics(domain: &Domain) -> String {
    let mut statics = data::Statics::default();
    statics.fields("FIELDS", &domain.fields);
    statics.calls(&domain.calls);
    let mut out = statics.into_text();
    out.push_str(&static_domain(domain));
    out
}

/// The struct of a domain.
fn record(domain: &Domain) -> TokenStream {
    let name = &domain.struct_name;
    let doc = text::doc(&domain.description);
    let fields = domain.fields.iter().map(|field| {
        let (doc, ident, ty) = (text::doc(&field.description), &field.ident, rust_type(field, name));
        quote!(#doc pub #ident: #ty,)
    });
    quote! {
        #doc
        #[derive(Clone, PartialEq)]
        pub struct #name { #(#fields)* }
    }
}

/// The members of the struct. The runtime derives the implementations for serde and `Debug` from them.
fn members(domain: &Domain) -> String {
    let members = domain.fields.iter().map(|field| &field.ident);
    format!("rt::record!({} {{ {} }});\n", domain.struct_name, text::line(&quote!(#(#members),*)))
}

/// The Rust type of a field's value.
fn rust_type(field: &Field, struct_name: &Ident) -> TokenStream {
    let ty = rust_type_of(&field.ty, struct_name);
    if field.nullable {
        let option = std_type(struct_name, "Option", &quote!(option));
        quote!(#option<#ty>)
    } else {
        ty
    }
}

/// A type of the standard library. It gets its full path if the struct has the same name and shadows it.
fn std_type(struct_name: &Ident, name: &str, path: &TokenStream) -> TokenStream {
    let ident = format_ident!("{name}");
    if *struct_name == name { quote!(::std::#path::#ident) } else { quote!(#ident) }
}

/// The Rust type of a value that is not null.
fn rust_type_of(ty: &Type, struct_name: &Ident) -> TokenStream {
    match ty {
        Type::Bool => quote!(bool),
        Type::Int { .. } => quote!(i64),
        Type::UInt { .. } => quote!(u64),
        Type::Float { .. } => quote!(f64),
        Type::Decimal { .. } => quote!(rt::Decimal),
        Type::String { .. } | Type::Text { .. } | Type::Enum { .. } | Type::ObjectId => {
            std_type(struct_name, "String", &quote!(string))
        }
        Type::Bytes { .. } => quote!(rt::Bytes),
        Type::Uuid => quote!(rt::Uuid),
        Type::Date => quote!(rt::Date),
        Type::Time => quote!(rt::Time),
        Type::DateTime => quote!(rt::DateTime),
        Type::Json | Type::Object { .. } => quote!(rt::Json),
        Type::List { item, max: _ } => {
            let (vec, item) = (std_type(struct_name, "Vec", &quote!(vec)), rust_type(item, struct_name));
            quote!(#vec<#item>)
        }
    }
}

/// `static DOMAIN`, one property per line.
fn static_domain(domain: &Domain) -> String {
    let operations = domain.offered();
    let (name, description, hash) = (&domain.name.value, &domain.description, fingerprint(domain));
    let Placement { read, write } = domain.placement;
    let (read, write) = (data::broker(read), data::broker(write));
    let key = text::indices(&domain.key);
    let offers = [
        (operations.read, quote!(.reads())),
        (operations.create, quote!(.creates())),
        (operations.update, quote!(.updates())),
        (operations.upsert, quote!(.upserts())),
        (operations.delete, quote!(.deletes())),
    ];
    let offers: TokenStream =
        offers.into_iter().filter(|(is_offered, _)| *is_offered).map(|(_, call)| call).collect();
    let Fetch { filter, sort, limit_default, limit_max } = &domain.fetch;
    let (filter, sort) = (text::indices(filter), text::indices(sort));
    let (default, max) = (Literal::u32_unsuffixed(*limit_default), Literal::u32_unsuffixed(*limit_max));
    let version = domain.version.map(Literal::usize_unsuffixed);
    let placed = quote!(.placed(#read, #write));
    let mut lines = Vec::new();
    if !domain.once {
        lines.push(quote!(.at_least_once()));
    }
    if !domain.compatible_with.is_empty() {
        let earlier = &domain.compatible_with;
        lines.push(quote!(.compatible_with(&[#(#earlier),*])));
    }
    if !domain.fields.is_empty() {
        lines.push(quote!(.fields(&FIELDS)));
    }
    if !domain.key.is_empty() {
        lines.push(quote!(.key(#key)));
    }
    lines.extend(version.map(|index| quote!(.version(#index))));
    let Bulk { update, delete } = domain.bulk;
    let many = [update.map(|most| ("updates_many", most)), delete.map(|most| ("deletes_many", most))];
    let many = many.into_iter().flatten().map(|(name, most)| {
        let (name, most) = (format_ident!("{name}"), Literal::u32_unsuffixed(most));
        quote!(.#name(#most))
    });
    lines.push(offers.into_iter().chain(many.flatten()).collect());
    if operations.read {
        lines.push(quote!(.fetch(#filter, #sort, #default, #max)));
    }
    lines.extend(events(&domain.events));
    lines.extend(domain.lifecycle.as_ref().map(lifecycle));
    lines.extend(aging(&domain.aging));
    lines.extend(audit(&domain.audit));
    lines.extend(domain.access.as_ref().map(access::call));
    if !domain.calls.is_empty() {
        lines.push(quote!(.calls(&CALLS)));
    }
    let mut chained = vec![text::line(&placed), engine::objects(domain)];
    chained.extend(lines.iter().map(text::line));
    text::chain("static DOMAIN: rt::Domain", &quote!(rt::Domain::new(#name, #description, #hash)), &chained)
}

/// The published events, if any.
fn events(events: &Events) -> Option<TokenStream> {
    let Events { publish, fields } = events;
    let operations = publish.iter().map(change);
    let fields = text::indices(fields);
    (!publish.is_empty()).then(|| quote!(.publishes(&[#(#operations),*], #fields)))
}

/// How long records are kept.
fn lifecycle(Lifecycle { ttl_s, by, purge }: &Lifecycle) -> TokenStream {
    let (ttl_s, by) = (Literal::u32_unsuffixed(*ttl_s), Literal::usize_unsuffixed(*by));
    if let Some(call) = purge {
        quote!(.expires(#ttl_s, #by, rt::Some(#call)))
    } else {
        quote!(.expires(#ttl_s, #by, rt::None))
    }
}

/// When records go elsewhere, if they do.
fn aging(Aging { warehouse, cool }: &Aging) -> impl Iterator<Item = TokenStream> {
    let age = |Age { after_s, by }: &Age| (Literal::u32_unsuffixed(*after_s), Literal::usize_unsuffixed(*by));
    let warehouse = warehouse.as_ref().map(|(after, to)| {
        let ((after_s, by), to) = (age(after), &to.value);
        quote!(.ages_into(#after_s, #by, #to))
    });
    let cool = cool.as_ref().map(|after| {
        let (after_s, by) = age(after);
        quote!(.cools(#after_s, #by))
    });
    warehouse.into_iter().chain(cool)
}

/// The audited operations, if any.
fn audit(operations: &[Change]) -> Option<TokenStream> {
    let changes = operations.iter().map(change);
    (!operations.is_empty()).then(|| quote!(.audits(&[#(#changes),*])))
}

fn change(operation: &Change) -> TokenStream {
    match operation {
        Change::Create => quote!(rt::Operation::Create),
        Change::Update => quote!(rt::Operation::Update),
        Change::Upsert => quote!(rt::Operation::Upsert),
        Change::Delete => quote!(rt::Operation::Delete),
        Change::Call(name) => quote!(rt::Operation::Call(#name)),
    }
}

/// The function that makes the plan of an operation.
#[derive(Clone, Copy)]
struct Plan(Operation);

impl Plan {
    /// Under the operation's own name.
    fn function(self) -> TokenStream {
        self.named(&format_ident!("{}", self.0.as_str()))
    }

    /// Under another name.
    fn named(self, function: &Ident) -> TokenStream {
        let (operation, request) = (format_ident!("{}", self.0.as_str()), request(self.0));
        quote! {
            fn #function(cx: &rt::Context, request: rt::#request) -> rt::Result<rt::Work> {
                rt::operation::#operation(cx, &DOMAIN, request)
            }
        }
    }
}

/// The operations that a domain's objects implement.
fn plans(domain: &Domain) -> impl Iterator<Item = Plan> {
    let Operations { read, create, update, upsert, delete } = domain.operations();
    let offered = [
        (read, Operation::Fetch),
        (read, Operation::Count),
        (create, Operation::Create),
        (update, Operation::Update),
        (upsert, Operation::Upsert),
        (delete, Operation::Delete),
    ];
    offered.into_iter().filter(|(is_offered, _)| *is_offered).map(|(_, operation)| Plan(operation))
}

/// The type of an operation's request.
fn request(operation: Operation) -> Ident {
    match operation {
        Operation::Fetch => format_ident!("FetchRequest"),
        Operation::Count => format_ident!("CountRequest"),
        Operation::Create => format_ident!("CreateRequest"),
        Operation::Update => format_ident!("UpdateRequest"),
        Operation::Upsert => format_ident!("UpsertRequest"),
        Operation::Delete => format_ident!("DeleteRequest"),
    }
}

/// The implementation of `NamasteCore`.
fn implementation(domain: &Domain, name: &Ident, operations: &[TokenStream]) -> TokenStream {
    let find_call = (!domain.calls.is_empty()).then(|| find_call(&domain.calls));
    let call = method::call(domain);
    quote! {
        impl rt::NamasteCore for #name {
            fn domain() -> &'static rt::Domain { &DOMAIN }
            #find_call
            #call
            #(#operations)*
        }
    }
}

/// The static match over the calls of a domain.
fn find_call(calls: &[Call]) -> TokenStream {
    let arms = calls.iter().enumerate().map(|(index, call)| {
        let (name, index) = (&call.name, Literal::usize_unsuffixed(index));
        quote!(#name => rt::Some(&CALLS[#index]),)
    });
    quote! {
        fn find_call(name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
            match name {
                #(#arms)*
                _ => rt::None,
            }
        }
    }
}

/// A domain from the factory's point of view.
struct Member<'d> {
    wire: &'d str,
    name: Ident,
}

/// The module of a template's domain, which includes the domain's file.
fn generated_module(domain: &Domain) -> TokenStream {
    let (module, name, doc) = (&domain.module, &domain.struct_name, text::doc(&domain.description));
    let path = format!("/beds/{}.rs", domain.name.value);
    quote! {
        #doc
        pub mod #module { ::std::include!(::std::concat!(::std::env!("OUT_DIR"), #path)); }
        pub use self::#module::#name;
    }
}

/// The module of a source file.
fn module(name: &str, path: &Path) -> TokenStream {
    let name = names::identifier(name);
    // rustc resolves a relative path from the generated file's folder, where the source is not.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let path = path.to_string_lossy();
    quote!(#[path = #path] pub mod #name;)
}

/// The module of a hand-written domain: its source file, declared once, however many domains the file holds.
fn source_module(written: &HandWritten, is_first_of_file: bool) -> TokenStream {
    let declaration = is_first_of_file.then(|| self::module(&written.module, &written.path));
    let (module, name) = (names::identifier(&written.module), format_ident!("{}", written.struct_name));
    quote! {
        #declaration
        #[allow(unused_imports)]
        pub use self::#module::#name;
    }
}

/// The generated file that includes the files of all domains, and the static factory over them.
///
/// The domains are sorted by name, whatever their given order. `functions` are the files with the functions behind
/// calls.
#[must_use]
pub fn factory(domains: &[Domain], hand_written: &[HandWritten], functions: &[PathBuf]) -> String {
    let mut templates: Vec<&Domain> = domains.iter().collect();
    templates.sort_by(|a, b| a.name.value.cmp(&b.name.value));
    let generated = templates.iter().map(|domain| generated_module(domain));
    let sources = hand_written.iter().enumerate().map(|(index, written)| {
        let earlier = hand_written[..index].iter().any(|other| other.path == written.path);
        source_module(written, !earlier)
    });
    let is_declared = |path: &&PathBuf| hand_written.iter().any(|written| written.path == **path);
    let functions = functions.iter().filter(|path| !is_declared(path));
    let functions =
        functions.map(|path| module(&path.file_stem().unwrap_or_default().to_string_lossy(), path));
    let modules = quote! {
        // The one place that says which lints generated code need not keep.
        #[allow(missing_docs, dead_code, unused_imports, unreachable_pub, non_snake_case, clippy::all, clippy::pedantic)]
        mod templates { #(#generated)* }
        #[allow(unused_imports, unreachable_pub)]
        pub use self::templates::*;
        #(#sources)*
        #(#functions)*
    };
    let mut members: Vec<Member<'_>> = templates
        .iter()
        .map(|domain| Member { wire: &domain.name.value, name: domain.struct_name.clone() })
        .collect();
    members.extend(hand_written.iter().filter_map(|written| {
        Some(Member { wire: &written.name.as_ref()?.value, name: format_ident!("{}", written.struct_name) })
    }));
    members.sort_by_key(|member| member.wire);
    text::items(&quote! {
        #modules
    }) + &factory_items(&members)
}

/// The enum of all templates, and the factory.
fn factory_items(members: &[Member<'_>]) -> String {
    let names: Vec<_> = members.iter().map(|member| &member.name).collect();
    let wires: Vec<_> = members.iter().map(|member| member.wire).collect();
    let docs: Vec<_> = wires.iter().map(|wire| text::doc_name(wire)).collect();
    text::items(&quote! {
        /// One variant a template.
        #[allow(dead_code, unreachable_pub)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Template { #(#docs #names,)* }

        /// The static factory: from a template's name to its domain, by one `match`.
        #[allow(dead_code, unreachable_pub)]
        #[derive(Debug)]
        pub struct Domains;

        const _: () = {
            use ::beds_runtime::__private as rt;
            impl rt::Factory for Domains {
                type Template = Template;
                fn domains() -> ::std::vec::Vec<&'static rt::Domain> {
                    ::std::vec::Vec::from([#(<#names as rt::NamasteCore>::domain()),*])
                }
                fn template(name: &rt::str) -> ::std::option::Option<Template> {
                    ::std::option::Option::Some(match name {
                        #(#wires => Template::#names,)*
                        _ => return ::std::option::Option::None,
                    })
                }
                fn domain(template: Template) -> &'static rt::Domain {
                    match template { #(Template::#names => <#names as rt::NamasteCore>::domain(),)* }
                }
                fn call(template: Template, name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
                    match template { #(Template::#names => <#names as rt::NamasteCore>::find_call(name),)* }
                }
                fn dispatch(template: Template, cx: &rt::Context, request: rt::Request) -> rt::Result<rt::Work> {
                    match template { #(Template::#names => rt::dispatch::<#names>(cx, request),)* }
                }
            }
        };
    })
}
