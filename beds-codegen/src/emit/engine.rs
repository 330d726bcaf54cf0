//! The parts that depend on the engine: SQL fragments, and names of collections.
//!
//! This is the only place that writes SQL. Every identifier is quoted, and every value is a placeholder.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::text;
use crate::model::{Call, Domain, Objects, Procedure, Relation, Target};

/// An identifier as MariaDB quotes it.
#[must_use]
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `.mariadb("catalog", rt::mariadb::Objects { … })`, one object per line.
pub(super) fn objects(domain: &Domain) -> String {
    let (engine, objects) = match &domain.objects {
        Objects::MariaDb { read, create, update, upsert, delete } => {
            let read = read.as_ref().map(|relation| source(domain, relation));
            let [create, update, upsert, delete] =
                [create, update, upsert, delete].map(|procedure| procedure.as_ref().map(self::procedure));
            ("mariadb", [read, create, update, upsert, delete])
        }
        Objects::MongoDb { read, create, update, upsert, delete } => {
            let read = read.as_ref().map(|Relation { name, is_view }| {
                let kind = if *is_view { format_ident!("view") } else { format_ident!("collection") };
                quote!(rt::mongodb::Source::#kind(#name))
            });
            let [create, update, upsert, delete] = [create, update, upsert, delete]
                .map(|collection| collection.as_ref().map(|name| quote!(#name)));
            ("mongodb", [read, create, update, upsert, delete])
        }
    };
    let database = Literal::string(&domain.database);
    if objects.iter().all(Option::is_none) {
        return format!(".{engine}({database}, rt::{engine}::Objects::NONE)");
    }
    let members = ["read", "create", "update", "upsert", "delete"].into_iter().zip(objects.map(option));
    format!(".{engine}({database}, {})", text::record(&format!("rt::{engine}::Objects"), members))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(rt::None), |value| quote!(rt::Some(#value)))
}

fn source(domain: &Domain, relation: &Relation) -> TokenStream {
    let Relation { name, is_view } = relation;
    let kind = if *is_view { format_ident!("view") } else { format_ident!("table") };
    let from = quoted(name);
    let columns = domain.fields.iter().map(|field| quoted(&field.column));
    quote!(rt::mariadb::Source::#kind(#name, #from, &[#(#columns),*]))
}

/// `` `name`(?, ?) ``
fn invocation(name: &str, count: usize) -> String {
    format!("{}({})", quoted(name), vec!["?"; count].join(", "))
}

fn procedure(procedure: &Procedure) -> TokenStream {
    let Procedure { name, args, asked, returns, commits } = procedure;
    let name = &name.value;
    let call = format!("call {}", invocation(name, procedure.arity()));
    let args = text::indices(args);
    let asking = (!asked.is_empty()).then(|| {
        let asked = asked.iter().map(|(place, asked)| {
            let (place, asked) = (Literal::usize_unsuffixed(*place), text::asked(*asked));
            quote!((#place, #asked))
        });
        quote!(.asking(&[#(#asked),*]))
    });
    let returning = (!returns.is_empty()).then(|| {
        let fields = text::indices(returns);
        quote!(.returning(#fields))
    });
    let committing = commits.then(|| quote!(.committing()));
    quote!(rt::mariadb::Procedure::new(#name, #call, #args) #asking #returning #committing)
}

/// The object that a call runs.
pub(super) fn routine(call: &Call) -> TokenStream {
    match &call.target {
        Target::Procedure { name, commits } => {
            let name = &name.value;
            let sql = format!("call {}", invocation(name, call.args.len()));
            quote!(rt::Routine::Procedure { name: #name, sql: #sql, commits: #commits })
        }
        Target::Function { name } => {
            let name = &name.value;
            let sql = format!("select {}", invocation(name, call.args.len()));
            quote!(rt::Routine::Function { name: #name, sql: #sql })
        }
        Target::Pipeline { file: _, on, stages, writes: _ } => {
            let stages = raw_string(stages);
            quote!(rt::Routine::Pipeline { on: #on, stages: #stages })
        }
        Target::Method { function: _ } => quote!(rt::Routine::Method),
    }
}

/// A raw string literal, because JSON is full of quotes.
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
