//! What depends on the engine: SQL fragments, names of collections, and the calls into the adapters.
//!
//! This is the one place that writes SQL. Every identifier is quoted; every value is a placeholder.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::{data, text};
use crate::model::{Call, Domain, Engine, Objects, Operations, Procedure, Relation, Target};

/// An identifier as MariaDB quotes it.
#[must_use]
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The statics of the objects that a domain names.
pub(super) fn statics(domain: &Domain) -> String {
    let mut out = String::new();
    let mut push = |name: &str, ty: &str, value: &TokenStream| {
        out.push_str(&text::chain(&format!("static {name}: rt::{ty}"), value, &[]));
    };
    match &domain.objects {
        Objects::MariaDb { read, create, update, delete } => {
            if let Some(relation) = read {
                push("READ", "mariadb::Source", &source(domain, relation));
            }
            for (name, procedure) in [("CREATE", create), ("UPDATE", update), ("DELETE", delete)] {
                if let Some(procedure) = procedure {
                    push(name, "mariadb::Procedure", &self::procedure(procedure));
                }
            }
        }
        Objects::MongoDb { read, create, update, delete } => {
            if let Some(Relation { name, is_view: _ }) = read {
                push("READ", "mongodb::Source", &quote!(rt::mongodb::Source { name: #name }));
            }
            for (name, collection) in [("CREATE", create), ("UPDATE", update), ("DELETE", delete)] {
                if let Some(collection) = collection {
                    push(name, "mongodb::Collection", &quote!(rt::mongodb::Collection { name: #collection }));
                }
            }
        }
    }
    for call in &domain.calls {
        let (ty, value) = routine(call);
        push(&data::call_static(&call.name).to_string(), ty, &value);
    }
    if has_objects(domain) {
        out.push_str(&text::table("OBJECTS", "rt::Object", &objects(domain)));
    }
    out
}

/// Whether the domain names any database object. A hand-written one need not.
pub(super) fn has_objects(domain: &Domain) -> bool {
    domain.operations() != Operations::default() || !domain.calls.is_empty()
}

/// The objects by name, for `beds verify`.
fn objects(domain: &Domain) -> Vec<TokenStream> {
    let mut objects = Vec::new();
    if let Some(Relation { name, is_view }) = domain.relation() {
        let kind = match domain.engine() {
            _ if *is_view => quote!(View),
            Engine::MariaDb => quote!(Table),
            Engine::MongoDb => quote!(Collection),
        };
        objects.push(quote!(rt::Object::read(rt::ObjectKind::#kind, #name)));
    }
    let usages = [quote!(Create), quote!(Update), quote!(Delete)];
    match &domain.objects {
        Objects::MariaDb { read: _, create, update, delete } => {
            let statics = ["CREATE", "UPDATE", "DELETE"].map(|name| format_ident!("{name}"));
            for ((usage, of), procedure) in usages.iter().zip(statics).zip([create, update, delete]) {
                let Some(Procedure { name, args: _, returns: _, commits }) = procedure else { continue };
                let (name, committing) = (&name.value, commits.then(|| quote!(.committing())));
                objects.push(quote!(rt::Object::procedure(rt::Usage::#usage, #name, #of.args, #of.returns) #committing));
            }
        }
        Objects::MongoDb { read: _, create, update, delete } => {
            for (usage, collection) in usages.iter().zip([create, update, delete]) {
                objects.extend(
                    collection.iter().map(|name| quote!(rt::Object::collection(rt::Usage::#usage, #name))),
                );
            }
        }
    }
    objects.extend(domain.calls.iter().map(|call| {
        let (kind, name, commits) = match &call.target {
            Target::Procedure { name, commits } => (quote!(Procedure), &name.value, *commits),
            Target::Function { name } => (quote!(Function), &name.value, false),
            Target::Pipeline { file: _, on, stages: _, writes: _ } => (quote!(Pipeline), on, false),
        };
        let (call, committing) = (&call.name, commits.then(|| quote!(.committing())));
        quote!(rt::Object::call(#call, rt::ObjectKind::#kind, #name) #committing)
    }));
    objects
}

fn source(domain: &Domain, relation: &Relation) -> TokenStream {
    let from = quoted(&relation.name);
    let columns: Vec<_> = domain.fields.iter().map(|field| quoted(&field.column)).collect();
    let keys: Vec<_> = domain
        .key
        .iter()
        .filter_map(|index| domain.fields.get(*index))
        .map(|field| format!("{} = ?", quoted(&field.column)))
        .collect();
    let by_key = if keys.is_empty() {
        String::new()
    } else {
        format!("select {} from {from} where {}", columns.join(", "), keys.join(" and "))
    };
    quote!(rt::mariadb::Source { from: #from, by_key: #by_key })
}

/// `` `name`(?, ?) ``
fn invocation(name: &str, count: usize) -> String {
    format!("{}({})", quoted(name), vec!["?"; count].join(", "))
}

fn procedure(procedure: &Procedure) -> TokenStream {
    let Procedure { name, args, returns, commits } = procedure;
    let call = format!("call {}", invocation(&name.value, args.len()));
    let args = data::indices(args);
    let returning = (!returns.is_empty()).then(|| {
        let fields = data::indices(returns);
        quote!(.returning(#fields))
    });
    let committing = commits.then(|| quote!(.committing()));
    quote!(rt::mariadb::Procedure::new(#call, #args) #returning #committing)
}

/// The type and the value of a call's static.
fn routine(call: &Call) -> (&'static str, TokenStream) {
    match &call.target {
        Target::Procedure { name, commits } => {
            let sql = format!("call {}", invocation(&name.value, call.args.len()));
            let committing = commits.then(|| quote!(.committing()));
            ("mariadb::Routine", quote!(rt::mariadb::Routine::new(#sql) #committing))
        }
        Target::Function { name } => {
            let sql = format!("select {}", invocation(&name.value, call.args.len()));
            ("mariadb::Routine", quote!(rt::mariadb::Routine::new(#sql)))
        }
        Target::Pipeline { file: _, on, stages, writes: _ } => {
            let stages = raw_string(stages);
            ("mongodb::Pipeline", quote!(rt::mongodb::Pipeline { on: #on, stages: #stages }))
        }
    }
}

/// A raw string literal, since JSON is all quotes.
fn raw_string(json: &str) -> Literal {
    if json.contains(text::is_refused) {
        return Literal::string(json);
    }
    let mut hashes = "#".to_owned();
    while json.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{json}\"{hashes}").parse().unwrap_or_else(|_| Literal::string(json))
}

/// The module of the adapter that runs a call.
pub(super) fn adapter(target: &Target) -> Ident {
    match target {
        Target::Procedure { .. } | Target::Function { .. } => format_ident!("mariadb"),
        Target::Pipeline { .. } => format_ident!("mongodb"),
    }
}

/// The operations that a domain's objects stand behind, by name, each one call into its adapter.
pub(super) fn operations(domain: &Domain) -> Vec<(Ident, TokenStream)> {
    named_operations(domain, |name| format_ident!("{name}"))
}

/// The same, as functions of other names.
pub(super) fn named_operations(domain: &Domain, rename: impl Fn(&str) -> Ident) -> Vec<(Ident, TokenStream)> {
    let (adapter, source) = match &domain.objects {
        Objects::MariaDb { read: Some(_), .. } => (format_ident!("mariadb"), quote!(Some(&READ),)),
        Objects::MariaDb { read: None, .. } => (format_ident!("mariadb"), quote!(None,)),
        // A collection is changed in place; there is nothing to merge from a view.
        Objects::MongoDb { .. } => (format_ident!("mongodb"), TokenStream::new()),
    };
    let offered = domain.operations();
    let none = TokenStream::new();
    [
        (offered.read, "fetch", "FetchRequest", &none, "READ"),
        (offered.read, "count", "CountRequest", &none, "READ"),
        (offered.create, "create", "CreateRequest", &none, "CREATE"),
        (offered.update, "update", "UpdateRequest", &source, "UPDATE"),
        (offered.delete, "delete", "DeleteRequest", &source, "DELETE"),
    ]
    .into_iter()
    .filter(|(is_offered, ..)| *is_offered)
    .map(|(_, name, request, source, object)| {
        let (name, function) = (format_ident!("{name}"), rename(name));
        let (request, object) = (format_ident!("{request}"), format_ident!("{object}"));
        let operation = quote! {
            async fn #function(cx: &rt::Context, request: rt::#request) -> rt::Result {
                rt::#adapter::#name(cx, &DOMAIN, #source &#object, request).await
            }
        };
        (function, operation)
    })
    .collect()
}
