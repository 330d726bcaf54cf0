//! `[access]` as constant data.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{data, text};
use crate::model::{Access, Granted, RoleFields, RoleRows, Wanted};

/// `.accessed(&[…], &[…], &[])`: who may do what, which records, which fields.
pub(super) fn call(access: &Access) -> TokenStream {
    let grants = access.grants.iter().map(grant);
    let rows = access.rows.iter().map(role_rows);
    let fields = access.fields.iter().map(role_fields);
    quote!(.accessed(&[#(#grants),*], &[#(#rows),*], &[#(#fields),*]))
}

fn grant((operation, roles): &(Granted, Vec<String>)) -> TokenStream {
    let operation = match operation {
        Granted::Fetch => quote!(rt::Operation::Fetch),
        Granted::Count => quote!(rt::Operation::Count),
        Granted::Create => quote!(rt::Operation::Create),
        Granted::Update => quote!(rt::Operation::Update),
        Granted::Upsert => quote!(rt::Operation::Upsert),
        Granted::Delete => quote!(rt::Operation::Delete),
        Granted::Call(name) => quote!(rt::Operation::Call(#name)),
    };
    quote!(rt::Grant { operation: #operation, roles: &[#(#roles),*] })
}

fn role_rows(RoleRows { role, rows }: &RoleRows) -> TokenStream {
    let rows = rows.iter().map(|(field, any_of)| {
        let field = Literal::usize_unsuffixed(*field);
        let any_of = any_of.iter().map(wanted);
        quote!(rt::Row { field: #field, any_of: &[#(#any_of),*] })
    });
    quote!(rt::RoleRows { role: #role, rows: &[#(#rows),*] })
}

fn wanted(wanted: &Wanted) -> TokenStream {
    match wanted {
        Wanted::Is(value) => {
            let value = data::literal(value);
            quote!(rt::Wanted::Is(#value))
        }
        Wanted::Asked(value) => {
            let value = text::asked(*value);
            quote!(rt::Wanted::Asked(#value))
        }
    }
}

fn role_fields(RoleFields { role, hidden, readonly }: &RoleFields) -> TokenStream {
    let (hidden, readonly) = (text::indices(hidden), text::indices(readonly));
    quote!(rt::RoleFields { role: #role, hidden: #hidden, readonly: #readonly })
}
