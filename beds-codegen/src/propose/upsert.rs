//! The statement of an upsert procedure for MariaDB.

use super::sql::{columns, of_table, string};
use crate::{
    emit::quoted,
    model::{Domain, Field, Generated, Objects, Supply, Type},
};

/// Inserts a row, or changes the row with its key, from these fields and their parameters. Immutable columns stay
/// unchanged, and so do generated columns, except those that an update refreshes.
pub(super) fn statement(domain: &Domain, table: &str, args: &[(&Field, String)]) -> String {
    let is_alone = |field: &Field| field.is_key && domain.key.len() == 1;
    let unique: Vec<&Field> = domain.fields.iter().filter(|field| field.unique && !is_alone(field)).collect();
    let is_it: Vec<String> = args
        .iter()
        .filter(|(field, _)| field.is_key)
        .map(|(field, parameter)| format!("{} = {parameter}", of_table(table, field)))
        .collect();
    let is_it = is_it.join(" and ");
    // The statement may find a row with another key through another unique index, which the template need not name.
    let only_it = |column: &str, value: &str| format!("{column} = if({is_it}, {value}, {column})");
    let mut sets: Vec<String> = args
        .iter()
        .filter(|(field, _)| is_changed(domain, field))
        .map(|(field, parameter)| only_it(&of_table(table, field), parameter))
        .collect();
    if let Some(version) = domain.version.and_then(|index| domain.fields.get(index)) {
        let column = of_table(table, version);
        sets.push(only_it(&column, &format!("{column} + 1")));
    }
    if sets.is_empty() {
        // There is nothing to change, which is not an error.
        let key = args.iter().find(|(field, _)| field.is_key).map(|(field, _)| of_table(table, field));
        sets.extend(key.map(|column| format!("{column} = {column}")));
    }
    let parameters: Vec<&str> = args.iter().map(|(_, parameter)| parameter.as_str()).collect();
    let insert = format!(
        "insert into {} ({})\n    values ({})\n    on duplicate key update\n        {};",
        quoted(table),
        columns(args.iter().map(|(field, _)| *field)),
        parameters.join(", "),
        sets.join(",\n        ")
    );
    let insert = format!("{}{insert}", no_zero(args));
    let of = match unique.as_slice() {
        [one] => format!(" for key '{}'", one.column),
        // It is unknown which index it was.
        _ => String::new(),
    };
    format!(
        "{insert}\n    \
         -- The row that was found may be another with a unique value of this one, which is left as it is.\n    \
         if not exists (select 1 from {} where {is_it}) then\n        \
         signal sqlstate '23000' set mysql_errno = 1062, message_text = {};\n    \
         end if;",
        quoted(table),
        string(&format!("Duplicate entry{of}"))
    )
}

/// Refuses the key 0 of an auto-increment column. To the server it means the next number, so each such upsert would
/// insert a new row.
fn no_zero(args: &[(&Field, String)]) -> String {
    let is_counted = |field: &Field| {
        field.is_key
            && field.supply == Supply::Generated(Generated::Database)
            && matches!(field.ty, Type::Int { .. } | Type::UInt { .. })
    };
    match args.iter().find(|(field, _)| is_counted(field)) {
        Some((field, parameter)) => format!(
            "if {parameter} = 0 then\n        \
             signal sqlstate '45000' set message_text = {};\n    \
             end if;\n    ",
            string(&format!("no record has the {} 0: it stands for the next number", field.name))
        ),
        None => String::new(),
    }
}

/// Whether the change of a row sets a field.
fn is_changed(domain: &Domain, field: &Field) -> bool {
    let refreshed: &[usize] = match &domain.objects {
        Objects::MariaDb { update: Some(update), .. } => &update.args,
        Objects::MariaDb { .. } | Objects::MongoDb { .. } => &[],
    };
    let is_refreshed = || {
        refreshed.iter().any(|index| domain.fields.get(*index).is_some_and(|other| other.name == field.name))
    };
    let is_generated = matches!(field.supply, Supply::Generated(_));
    !field.is_key && !field.immutable && (!is_generated || is_refreshed())
}
