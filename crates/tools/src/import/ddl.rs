//! Procedures for what has none: a script that the DBA reads, edits and runs.
//!
//! It is text for a person with the right to create procedures; the node never runs it.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    crud,
    domain::{Domain, Object, mark_version, may_be_version},
    fields::Field,
};
use beds_core::inspect::{Catalogue, RelationKind, Supplied};

/// Gives tables without create, update or delete a proposed procedure for each; the script that creates them.
pub(super) fn propose(domains: &mut [Domain], catalogue: &Catalogue) -> Option<String> {
    let mut taken: BTreeSet<String> =
        catalogue.routines.iter().map(|routine| routine.name.to_lowercase()).collect();
    let mut script = String::new();
    for domain in domains {
        let Some((RelationKind::Table, table)) = domain.source.clone() else { continue };
        choose_version(domain);
        let mut part = String::new();
        let mut name = |verbs: &[&str]| {
            let stem: String = domain.name.chars().take(50).collect();
            // Another verb where a name is taken: an import that comes later knows it again.
            let names = verbs.iter().map(|verb| format!("sp_{stem}_{verb}"));
            let numbered = (2..).map(|number| format!("sp_{stem}_{}{number}", verbs[0]));
            names.chain(numbered).find(|name| taken.insert(name.clone())).unwrap_or_default()
        };
        let needed = needed(domain, &table, catalogue);
        if let (None, Some(column)) = (&domain.create, &needed) {
            domain.left_out.push(format!("create: it would need a value for the column `{column}`"));
        }
        if domain.create.is_none() && needed.is_none() {
            let object = create(domain, &table, name(crud::CREATE), catalogue, &mut part);
            domain.create = Some(object);
        }
        if domain.update.is_none() && !domain.key().is_empty() && domain.fields.iter().any(is_changeable) {
            let object = update(domain, &table, name(crud::UPDATE), catalogue, &mut part);
            domain.update = Some(object);
        }
        if domain.delete.is_none() && !domain.key().is_empty() {
            let object = delete(domain, &table, name(crud::DELETE), catalogue, &mut part);
            domain.delete = Some(object);
        }
        if !part.is_empty() {
            let _ = write!(script, "\n-- {}: {}\n{part}", domain.name, table.replace(['\r', '\n'], " "));
        }
    }
    (!script.is_empty()).then(|| {
        format!(
            "-- Procedures that `beds import` proposes for the database `{}`: read them, edit them, and run them\n\
             -- before `beds verify`. From then on they are yours. Running the script again is harmless.\n\
             --\n\
             -- They leave the transaction to the node: none of them commits. A record's version, where there is\n\
             -- one, must be what the client read, or null.\n\n\
             delimiter //\n{script}\ndelimiter ;\n",
            catalogue.database
        )
    })
}

/// A column that the template leaves out although a new record needs a value for it.
fn needed(domain: &Domain, table: &str, catalogue: &Catalogue) -> Option<String> {
    let columns = &catalogue.relation(table)?.columns;
    let is_needed = |column: &&beds_core::inspect::Column| {
        !column.nullable && column.default == Supplied::Nothing && domain.field(&column.name).is_none()
    };
    columns.iter().find(is_needed).map(|column| column.name.clone())
}

/// A version that nobody else counts already: the existing procedures do not know of it.
fn choose_version(domain: &mut Domain) {
    if domain.create.is_some() || domain.update.is_some() || domain.delete.is_some() {
        return;
    }
    if let Some(field) = domain.fields.iter_mut().find(|field| may_be_version(field)) {
        mark_version(field);
    }
}

fn is_changeable(field: &Field) -> bool {
    !field.key && field.is_settable()
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn parameter(field: &Field) -> String {
    quoted(&format!("p_{}", field.name.chars().take(60).collect::<String>()))
}

fn declaration(field: &Field, catalogue: &Catalogue) -> String {
    let column = &field.column;
    let written = if column.written == "json" { "longtext" } else { column.written.as_str() };
    let collation = column.collation.as_deref().filter(|collation| *collation != catalogue.collation);
    let charset = collation.and_then(|collation| {
        let charset = collation.split('_').next()?;
        Some(format!(" character set {charset} collate {collation}"))
    });
    // The checks of JSON columns are on longtext in a collation of their own.
    let charset = if column.written == "json" { None } else { charset };
    format!("  in {} {written}{}", parameter(field), charset.unwrap_or_default())
}

fn head(name: &str, fields: &[&Field], catalogue: &Catalogue) -> String {
    let parameters: Vec<String> = fields.iter().map(|field| declaration(field, catalogue)).collect();
    format!(
        "create or replace procedure {}(\n{}\n)\n  modifies sql data\nbegin\n",
        quoted(name),
        parameters.join(",\n")
    )
}

fn create(domain: &Domain, table: &str, name: String, catalogue: &Catalogue, out: &mut String) -> Object {
    let args: Vec<usize> = (0..domain.fields.len()).filter(|at| domain.fields[*at].is_settable()).collect();
    let fields: Vec<&Field> = args.iter().map(|at| &domain.fields[*at]).collect();
    let mut columns: Vec<String> = fields.iter().map(|field| quoted(&field.column.name)).collect();
    let mut values: Vec<String> = fields.iter().map(|field| parameter(field)).collect();
    for field in domain.fields.iter().filter(|field| field.version) {
        columns.push(quoted(&field.column.name));
        values.push("1".into());
    }
    let counted = domain.fields.iter().position(|field| field.column.default == Supplied::Counter);
    let returns: Vec<usize> = counted.into_iter().collect();
    if args.is_empty() {
        let _ = write!(out, "create or replace procedure {}()\n  modifies sql data\nbegin\n", quoted(&name));
    } else {
        out.push_str(&head(&name, &fields, catalogue));
    }
    let _ = write!(
        out,
        "  insert into {} ({})\n  values ({});\n",
        quoted(table),
        columns.join(", "),
        values.join(", ")
    );
    if counted.is_some() {
        out.push_str("  select last_insert_id();\n");
    }
    out.push_str("end //\n\n");
    Object::Procedure { name, args, returns, commits: false }
}

/// The condition that finds the record, at its version where one is given.
fn condition(domain: &Domain) -> String {
    let mut parts: Vec<String> = domain
        .fields
        .iter()
        .filter(|field| field.key)
        .map(|field| format!("{} = {}", quoted(&field.column.name), parameter(field)))
        .collect();
    for field in domain.fields.iter().filter(|field| field.version) {
        let (column, parameter) = (quoted(&field.column.name), parameter(field));
        parts.push(format!("({parameter} is null or {column} = {parameter})"));
    }
    parts.join("\n     and ")
}

fn update(domain: &Domain, table: &str, name: String, catalogue: &Catalogue, out: &mut String) -> Object {
    let is_arg = |field: &Field| field.key || field.version || is_changeable(field);
    let args: Vec<usize> = (0..domain.fields.len()).filter(|at| is_arg(&domain.fields[*at])).collect();
    let fields: Vec<&Field> = args.iter().map(|at| &domain.fields[*at]).collect();
    let mut sets: Vec<String> = fields
        .iter()
        .filter(|field| is_changeable(field))
        .map(|field| format!("{} = {}", quoted(&field.column.name), parameter(field)))
        .collect();
    for field in fields.iter().filter(|field| field.version) {
        let column = quoted(&field.column.name);
        sets.push(format!("{column} = {column} + 1"));
    }
    out.push_str(&head(&name, &fields, catalogue));
    let _ = write!(
        out,
        "  update {}\n     set {}\n   where {};\nend //\n\n",
        quoted(table),
        sets.join(",\n         "),
        condition(domain)
    );
    Object::Procedure { name, args, returns: Vec::new(), commits: false }
}

fn delete(domain: &Domain, table: &str, name: String, catalogue: &Catalogue, out: &mut String) -> Object {
    let is_arg = |field: &Field| field.key || field.version;
    let args: Vec<usize> = (0..domain.fields.len()).filter(|at| is_arg(&domain.fields[*at])).collect();
    let fields: Vec<&Field> = args.iter().map(|at| &domain.fields[*at]).collect();
    out.push_str(&head(&name, &fields, catalogue));
    let _ = write!(out, "  delete from {}\n   where {};\nend //\n\n", quoted(table), condition(domain));
    Object::Procedure { name, args, returns: Vec::new(), commits: false }
}
