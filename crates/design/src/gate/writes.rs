//! The statements of a body that write a table.

use std::collections::{BTreeMap, BTreeSet};

use beds_protocol::{nearest, shown};

use super::{
    Refused,
    expression::{expression, expressions},
    query,
    reader::{Reader, Result, Scope, of_variables},
    tokens::Token,
};

/// `insert into t (a) values (…)`, or a query; `on duplicate key update`.
pub(super) fn insert(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_word("insert")?;
    reader.needs_word("into")?;
    let table = written(reader)?;
    reader.needs_mark("(")?;
    let mut columns = 0;
    loop {
        column(reader, &table)?;
        columns += 1;
        if !reader.mark(",") {
            break;
        }
    }
    reader.needs_mark(")")?;
    let wrong = |values: usize| {
        let message = format!("{columns} columns get {values} values");
        Refused::new(message, "give each column a value")
    };
    if reader.is_word("select") {
        let given = query::inner(reader)?;
        if given.len() != columns {
            return Err(wrong(given.len()));
        }
    } else {
        reader.needs_word("values")?;
        loop {
            reader.needs_mark("(")?;
            let given = of_variables(reader, expressions)?;
            reader.needs_mark(")")?;
            if given != columns {
                return Err(wrong(given));
            }
            if !reader.mark(",") {
                break;
            }
        }
    }
    if reader.word("on") {
        for word in ["duplicate", "key", "update"] {
            reader.needs_word(word)?;
        }
        reader.in_duplicate = true;
        let sets = assignments(reader, &table);
        reader.in_duplicate = false;
        counted(reader, &table, &sets?)?;
    }
    Ok(())
}

/// `update t set a = … where …`
pub(super) fn update(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_word("update")?;
    let table = written(reader)?;
    reader.needs_word("set")?;
    let sets = assignments(reader, &table)?;
    condition(reader, &table)?;
    counted(reader, &table, &sets)
}

/// `delete from t where …`
pub(super) fn delete(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_word("delete")?;
    reader.needs_word("from")?;
    let table = written(reader)?;
    condition(reader, &table)
}

/// The table that a statement writes.
fn written(reader: &mut Reader<'_>) -> Result<String> {
    let name = query::relation(reader)?;
    if reader.objects.read_only.contains(&name) {
        let help = "write the table of an entity of this proposal";
        return Err(Refused::new(format!("no body may write {}", shown(&name)), help));
    }
    reader.writes.insert(name.clone());
    Ok(name)
}

/// The columns of a table, under its name.
fn of_table(reader: &Reader<'_>, table: &str) -> Scope {
    let columns = reader.objects.relations.get(table).cloned().unwrap_or_default();
    Scope { relations: BTreeMap::from([(table.to_owned(), columns)]), aliases: BTreeSet::new() }
}

fn column(reader: &mut Reader<'_>, table: &str) -> Result<String> {
    let name = reader.name("a column")?;
    let columns = reader.objects.relations.get(table);
    if columns.is_none_or(|columns| !columns.contains(&name)) {
        let known = || columns.into_iter().flatten().map(String::as_str);
        let help = match nearest(&name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", known().map(shown).collect::<Vec<_>>().join(", ")),
        };
        return Err(Refused::new(format!("{} has no column {}", shown(table), shown(&name)), help));
    }
    reader.write_name(&name);
    Ok(name)
}

/// `a = …, b = …` of a table; returns the columns that are changed.
fn assignments(reader: &mut Reader<'_>, table: &str) -> Result<BTreeSet<String>> {
    reader.scope(|reader| {
        let mut columns = BTreeSet::new();
        loop {
            let name = column(reader, table)?;
            if !columns.insert(name.clone()) {
                return Err(Refused::new(format!("{} is set twice", shown(name)), "set it once"));
            }
            reader.needs_mark("=")?;
            let start = reader.position();
            expression(reader)?;
            if is_key(reader, table, &name) && !is_column(reader.since(start), table, &name) {
                return Err(changed_key(reader, table, &name));
            }
            if reader.objects.versions.get(table) == Some(&name)
                && !is_counted(reader.since(start), table, &name)
            {
                let message =
                    format!("the version {} of {} is not counted up by 1", shown(&name), shown(table));
                return Err(Refused::new(message, format!("write `{name} = {name} + 1`")));
            }
            if !reader.mark(",") {
                columns.retain(|name| !is_key(reader, table, name));
                return Ok((columns, of_table(reader, table)));
            }
        }
    })
}

fn is_key(reader: &Reader<'_>, table: &str, column: &str) -> bool {
    reader.objects.keys.get(table).is_some_and(|key| key.contains(column))
}

fn changed_key(reader: &Reader<'_>, table: &str, column: &str) -> Refused {
    let help = if reader.in_duplicate {
        format!("a key never changes: remove it, or write `{column} = {column}` if nothing should change")
    } else {
        "a key never changes: delete the record, and insert another".to_owned()
    };
    Refused::new(format!("{} is part of the key of {}", shown(column), shown(table)), help)
}

/// Whether an expression is the version itself and 1.
fn is_counted(expression: &[Token], table: &str, version: &str) -> bool {
    match expression {
        [column @ .., Token::Mark("+"), Token::Number(one)] if one == "1" => {
            is_column(column, table, version)
        }
        _ => false,
    }
}

/// Whether an expression is a column of the table itself.
fn is_column(expression: &[Token], table: &str, column: &str) -> bool {
    let is =
        |token: &Token, name: &str| matches!(token, Token::Word(word) | Token::Name(word) if word == name);
    match expression {
        [name] => is(name, column),
        [qualifier, Token::Mark("."), name] => is(qualifier, table) && is(name, column),
        _ => false,
    }
}

/// Makes sure that a change counts the version up: a client that changes the record by its version must notice the
/// change. A statement that sets each key to itself changes nothing.
fn counted(reader: &Reader<'_>, table: &str, sets: &BTreeSet<String>) -> Result<()> {
    match reader.objects.versions.get(table) {
        Some(version) if !sets.is_empty() && !sets.contains(version) => Err(Refused::new(
            format!("{} is changed, but its {} is not counted up", shown(table), shown(version)),
            format!("add `{version} = {version} + 1`"),
        )),
        Some(_) | None => Ok(()),
    }
}

/// `where …`, and the greatest number of rows.
fn condition(reader: &mut Reader<'_>, table: &str) -> Result<()> {
    if !reader.is_word("where") {
        return Err(Refused::new(
            format!("after {}, there is no `where`", reader.before()),
            "name the rows to change: a body may not change all of them",
        ));
    }
    reader.scope(|reader| {
        reader.needs_word("where")?;
        expression(reader)?;
        if reader.word("limit") {
            query::limit(reader)?;
        }
        Ok(((), of_table(reader, table)))
    })
}
