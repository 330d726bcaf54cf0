//! Queries over the tables and views of the proposal.

use std::collections::BTreeSet;

use beds_protocol::{nearest, shown};

use super::{
    Refused,
    expression::{expression, expressions},
    functions::RESERVED,
    reader::{Reader, Result, Scope, Variable},
    tokens::Token,
};

/// The most tables of a query.
const RELATIONS_MAX: usize = 20;

/// The result of a query.
pub(super) struct Query {
    /// The names of its columns, as far as they have one.
    pub(super) columns: Vec<Option<String>>,
    /// Whether the query puts its columns into variables.
    pub(super) is_into: bool,
    /// Whether the query locks the rows that it finds.
    pub(super) is_locking: bool,
}

/// A query inside of another statement.
pub(super) fn inner(reader: &mut Reader<'_>) -> Result<Vec<Option<String>>> {
    let query = query(reader, false)?;
    Ok(query.columns)
}

/// A query that is a statement by itself: it may put its row into variables, and lock the rows that it finds.
pub(super) fn statement(reader: &mut Reader<'_>) -> Result<Query> {
    query(reader, true)
}

fn query(reader: &mut Reader<'_>, is_statement: bool) -> Result<Query> {
    reader.deeper(|reader| {
        reader.scope(|reader| {
            let mut scope = Scope::default();
            let mut query = select(reader, is_statement, &mut scope)?;
            let mut is_union = false;
            while reader.word("union") {
                is_union = true;
                reader.word("all");
                reader.deeper(|reader| {
                    reader.scope(|reader| {
                        let mut scope = Scope::default();
                        let other = select(reader, false, &mut scope)?;
                        if other.columns.len() != query.columns.len() {
                            return Err(Refused::new(
                                "the parts of a union differ in their columns",
                                "give each part the same number",
                            ));
                        }
                        Ok(((), scope))
                    })
                })?;
            }
            if reader.word("order") {
                reader.needs_word("by")?;
                ordered(reader)?;
            }
            if reader.word("limit") {
                limit(reader)?;
                if reader.word("offset") {
                    limit(reader)?;
                }
            }
            if is_statement && !query.is_into && reader.is_word("into") {
                into(reader, &mut query)?;
            }
            if is_statement && reader.is_word("for") {
                reader.needs_word("for")?;
                reader.needs_word("update")?;
                query.is_locking = true;
            }
            if query.is_into && is_union {
                return Err(Refused::new(
                    "a union puts its rows into variables",
                    "select one row in one query",
                ));
            }
            Ok((query, scope))
        })
    })
}

/// One `select`, up to its `having`.
fn select(reader: &mut Reader<'_>, may_be_into: bool, scope: &mut Scope) -> Result<Query> {
    reader.needs_word("select")?;
    reader.word("distinct");
    let mut query = Query { columns: Vec::new(), is_into: false, is_locking: false };
    loop {
        if reader.is_mark("*")
            || matches!((reader.ahead(1), reader.ahead(2)), (Some(Token::Mark(".")), Some(Token::Mark("*"))))
        {
            return Err(Refused::new("a query selects `*`", "name the columns: a table may get more later"));
        }
        let (from, start) = (reader.before(), reader.position());
        expression(reader)?;
        let name = reader.name_alone(start);
        let alias = alias(reader)?;
        if let Some(alias) = &alias {
            if reader.variable(alias).is_some() {
                let message = format!("after {from}, a column is called {}, as a variable is", shown(alias));
                return Err(Refused::new(message, "give it another name"));
            }
            scope.aliases.insert(alias.clone());
        }
        query.columns.push(alias.or(name));
        if !reader.mark(",") {
            break;
        }
    }
    if may_be_into && reader.is_word("into") {
        into(reader, &mut query)?;
    }
    if reader.word("from") {
        sources(reader, scope)?;
    }
    if reader.word("where") {
        expression(reader)?;
    }
    if reader.word("group") {
        reader.needs_word("by")?;
        expressions(reader)?;
    }
    if reader.word("having") {
        expression(reader)?;
    }
    Ok(query)
}

/// `as name`, or a bare name.
fn alias(reader: &mut Reader<'_>) -> Result<Option<String>> {
    let is_named = reader.is_word("as");
    if is_named {
        reader.skip();
    }
    let is_name = match reader.peek() {
        Some(Token::Name(_)) => true,
        Some(Token::Word(word)) => !RESERVED.contains(&word.as_str()),
        Some(Token::Number(_) | Token::Text(_) | Token::Mark(_)) | None => false,
    };
    if !is_named && !is_name {
        return Ok(None);
    }
    let name = reader.name("a name")?;
    reader.write("as");
    reader.write_name(&name);
    Ok(Some(name))
}

fn into(reader: &mut Reader<'_>, query: &mut Query) -> Result<()> {
    reader.needs_word("into")?;
    let mut count = 0;
    loop {
        target(reader)?;
        count += 1;
        if !reader.mark(",") {
            break;
        }
    }
    if count != query.columns.len() {
        let message = format!("{} columns go into {count} variables", query.columns.len());
        return Err(Refused::new(message, "give each column a variable"));
    }
    query.is_into = true;
    Ok(())
}

/// A variable that may be set.
pub(super) fn target(reader: &mut Reader<'_>) -> Result<()> {
    let name = reader.name("a variable that is declared")?;
    match reader.variable(&name) {
        Some(Variable::Settable) => {
            reader.write_name(&name);
            Ok(())
        }
        Some(Variable::Constant | Variable::Row(_)) => {
            Err(Refused::new(format!("{} cannot be set", shown(&name)), "declare a variable of its own"))
        }
        None => Err(Refused::new(
            format!("there is no variable {}", shown(&name)),
            "declare it at the beginning of the block; only variables can be set, and results cannot go anywhere else",
        )),
    }
}

fn sources(reader: &mut Reader<'_>, scope: &mut Scope) -> Result<()> {
    source(reader, scope)?;
    loop {
        if reader.is_mark(",") {
            return Err(Refused::new("tables are separated by a comma", "write `join … on …`"));
        }
        let is_outer = reader.word("left") || reader.word("right");
        if is_outer {
            reader.word("outer");
        } else {
            reader.word("inner");
        }
        if !reader.word("join") {
            return if is_outer { Err(reader.unexpected("`join`")) } else { Ok(()) };
        }
        source(reader, scope)?;
        reader.needs_word("on")?;
        expression(reader)?;
    }
}

fn source(reader: &mut Reader<'_>, scope: &mut Scope) -> Result<()> {
    if scope.relations.len() == RELATIONS_MAX {
        return Err(Refused::new("a query has too many tables", format!("it may have {RELATIONS_MAX}")));
    }
    let (name, columns) = if reader.mark("(") {
        let columns: BTreeSet<String> = inner(reader)?.into_iter().flatten().collect();
        reader.needs_mark(")")?;
        let name = alias(reader)?.ok_or_else(|| reader.unexpected("`as` and a name"))?;
        (name, columns)
    } else {
        let relation = relation(reader)?;
        let columns = reader.objects.relations.get(&relation).cloned().unwrap_or_default();
        reader.reads.insert(relation.clone());
        (alias(reader)?.unwrap_or(relation), columns)
    };
    // The server takes the name before a dot for a variable only if this variable is a row.
    if matches!(reader.variable(&name), Some(Variable::Row(_))) {
        let message = format!("a table is called {}, as a variable is", shown(&name));
        return Err(Refused::new(message, "the server would take the variable: give the table another name"));
    }
    if scope.relations.insert(name.clone(), columns).is_some() {
        return Err(Refused::new(
            format!("two tables are called {}", shown(name)),
            "give one of them another name with `as`",
        ));
    }
    Ok(())
}

/// A known table or view. Its name is written.
pub(super) fn relation(reader: &mut Reader<'_>) -> Result<String> {
    let name = reader.name("a table")?;
    if reader.is_mark(".") {
        let message = format!("{} stands before a table", shown(format!("{name}.")));
        return Err(Refused::new(message, "name tables without their database: there is one"));
    }
    if !reader.objects.relations.contains_key(&name) {
        let known = || reader.objects.relations.keys().map(String::as_str);
        let help = match nearest(&name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known().map(shown).collect::<Vec<_>>().join(", ")),
        };
        return Err(Refused::new(format!("there is no table {}", shown(&name)), help));
    }
    reader.write_name(&name);
    Ok(name)
}

/// `a, b desc`
fn ordered(reader: &mut Reader<'_>) -> Result<()> {
    loop {
        expression(reader)?;
        if !reader.word("asc") {
            reader.word("desc");
        }
        if !reader.mark(",") {
            return Ok(());
        }
    }
}

/// A number of rows: a constant, or a variable.
pub(super) fn limit(reader: &mut Reader<'_>) -> Result<()> {
    if matches!(reader.peek(), Some(Token::Number(_))) {
        return reader.whole(1_000_000);
    }
    let name = reader.name("a number or a variable")?;
    reader.write_name(&name);
    match reader.variable(&name) {
        Some(Variable::Constant | Variable::Settable) => Ok(()),
        Some(Variable::Row(_)) | None => Err(Refused::new(
            format!("there is no variable {}", shown(&name)),
            "write a number, or declare it",
        )),
    }
}
