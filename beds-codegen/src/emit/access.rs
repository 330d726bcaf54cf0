//! `[access]` as constant data.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{data, text};
use crate::model::{Access, Granted, RoleFields, RoleRows, Wanted};

/// Statics for what an access holds. What it does not hold has none.
pub(super) fn statics(access: &Access) -> String {
    let grants: Vec<TokenStream> = access.grants.iter().map(grant).collect();
    let rows: Vec<TokenStream> = access.rows.iter().map(role_rows).collect();
    let fields: Vec<TokenStream> = access.fields.iter().map(role_fields).collect();
    let lists =
        [("GRANTS", "Grant", grants), ("ROLE_ROWS", "RoleRows", rows), ("ROLE_FIELDS", "RoleFields", fields)];
    let lists = lists.into_iter().filter(|(_, _, entries)| !entries.is_empty());
    lists.map(|(name, ty, entries)| text::table(name, &format!("rt::{ty}"), &entries)).collect()
}

/// `.accessed(&GRANTS, &ROLE_ROWS, &[])`
pub(super) fn call(access: &Access) -> TokenStream {
    let rows = if access.rows.is_empty() { quote!(&[]) } else { quote!(&ROLE_ROWS) };
    let fields = if access.fields.is_empty() { quote!(&[]) } else { quote!(&ROLE_FIELDS) };
    quote!(.accessed(&GRANTS, #rows, #fields))
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
