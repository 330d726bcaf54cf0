//! The statements of a body.

use std::collections::{BTreeMap, BTreeSet};

use beds_protocol::{ArgMode, Lane, nearest, shown};

use super::{
    Objects, Passed, Refused,
    expression::{expression, expressions, ty},
    query,
    reader::{Reader, Result, Variable, of_variables},
    tokens::Token,
    writes,
};
use crate::{model::Call, names};

/// The statements that a body may have.
const STATEMENTS: &str =
    "declare, set, select, insert, update, delete, if, case, for … in (select …), begin, call, signal";

pub(super) fn pass(tokens: &[Token], call: &Call, objects: &Objects) -> Result<Passed> {
    if tokens.is_empty() {
        return Err(Refused::new("the body is empty", "write its statements, or leave the call out"));
    }
    let mut reader = Reader::new(tokens, objects, query::inner);
    for arg in &call.args {
        let variable = match arg.mode {
            Some(ArgMode::Out | ArgMode::InOut) => Variable::Settable,
            Some(ArgMode::In) | None => Variable::Constant,
        };
        reader.declare(&names::parameter(&arg.name), variable)?;
    }
    let mut body = Body { call, gives_rows: false, changes: false };
    if reader.is_word("begin") {
        // The procedure has a block around the body in any case.
        reader.skip();
        body.block(&mut reader)?;
        if !reader.is_word("end") {
            return Err(reader.unexpected("`end`"));
        }
        reader.skip();
        if reader.is_mark(";") {
            reader.skip();
        }
    } else {
        body.block(&mut reader)?;
    }
    if reader.peek().is_some() {
        return Err(reader.unexpected(&format!("a statement: {STATEMENTS}")));
    }
    body.judge()?;
    let (reads, writes, calls) = (
        std::mem::take(&mut reader.reads),
        std::mem::take(&mut reader.writes),
        std::mem::take(&mut reader.calls),
    );
    Ok(Passed { text: reader.text().trim_end().to_owned(), reads, writes, calls })
}

struct Body<'c> {
    call: &'c Call,
    gives_rows: bool,
    changes: bool,
}

impl Body<'_> {
    /// Compares what the call promises with what the body does.
    fn judge(&self) -> Result<()> {
        if self.changes && self.call.lane == Lane::Read {
            let help = "write `\"lane\": \"write\"`";
            return Err(Refused::new("the body changes something, but the call is in the read lane", help));
        }
        if self.call.rows.is_some() && !self.gives_rows {
            return Err(Refused::new(
                "the call returns rows, but the body selects none",
                "set `rows` to null, or write a select",
            ));
        }
        Ok(())
    }

    /// Declarations, then statements, up to the end of the block.
    fn block(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        reader.variables.push(BTreeMap::new());
        while reader.is_word("declare") {
            declaration(reader)?;
        }
        self.statements(reader)?;
        reader.variables.pop();
        Ok(())
    }

    fn statements(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        while let Some(token) = reader.peek() {
            if matches!(token, Token::Word(word) if matches!(word.as_str(), "end" | "else" | "elseif" | "when"))
            {
                break;
            }
            reader.deeper(|reader| self.statement(reader))?;
            if reader.is_mark(";") {
                reader.skip();
            } else if reader.peek().is_some() {
                return Err(reader.unexpected("`;`"));
            }
            reader.write(";");
            reader.line(0);
        }
        Ok(())
    }

    fn statement(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        let Some(Token::Word(word)) = reader.peek() else {
            return Err(reader.unexpected(&format!("a statement: {STATEMENTS}")));
        };
        match word.as_str() {
            "declare" => Err(Refused::new(
                "something is declared after a statement",
                "declarations must be at the beginning of a block",
            )),
            "begin" => {
                reader.needs_word("begin")?;
                reader.line(1);
                self.block(reader)?;
                reader.line(-1);
                reader.needs_word("end")
            }
            "set" => set(reader),
            "select" => self.select(reader),
            "insert" => self.writes(reader, writes::insert),
            "update" => self.writes(reader, writes::update),
            "delete" => self.writes(reader, writes::delete),
            "if" => self.if_(reader),
            "case" => self.case(reader),
            "for" => self.for_(reader),
            "call" => self.call(reader),
            "signal" => signal(reader),
            other => {
                let help = match nearest(other, STATEMENTS.split(", ")) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        instead(other).map_or_else(|| format!("these may be: {STATEMENTS}"), str::to_owned)
                    }
                };
                Err(Refused::new(format!("no body may have the statement {}", shown(other)), help))
            }
        }
    }

    /// Statements inside of another one, a level deeper.
    fn inside(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        reader.line(1);
        let start = reader.position();
        self.statements(reader)?;
        if reader.since(start).is_empty() {
            let message = format!("after {}, there is no statement", reader.before());
            return Err(Refused::new(message, "write one, or `begin end;` if nothing is to be done"));
        }
        reader.line(-1);
        Ok(())
    }

    fn select(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        let query = query::statement(reader)?;
        self.changes |= query.is_locking;
        if query.is_into {
            return Ok(());
        }
        self.gives_rows = true;
        let columns = query.columns.len();
        match &self.call.rows {
            Some(rows) if rows.len() == columns => Ok(()),
            Some(rows) => {
                let message = format!("the query returns {columns} columns, but the call {}", rows.len());
                Err(Refused::new(message, "give both the same number, in the same order"))
            }
            None => Err(Refused::new(
                "the query returns rows, but the call has no `rows`",
                "name the columns in `rows`, or put them into variables with `into`",
            )),
        }
    }

    /// A statement that writes a table.
    fn writes<'t>(
        &mut self,
        reader: &mut Reader<'t>,
        statement: impl FnOnce(&mut Reader<'t>) -> Result<()>,
    ) -> Result<()> {
        self.changes = true;
        statement(reader)
    }

    fn if_(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        reader.needs_word("if")?;
        loop {
            of_variables(reader, expression)?;
            reader.needs_word("then")?;
            self.inside(reader)?;
            if !reader.word("elseif") {
                break;
            }
        }
        if reader.word("else") {
            self.inside(reader)?;
        }
        reader.needs_word("end")?;
        reader.needs_word("if")
    }

    fn case(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        reader.needs_word("case")?;
        if !reader.is_word("when") {
            of_variables(reader, expression)?;
        }
        while reader.word("when") {
            of_variables(reader, expression)?;
            reader.needs_word("then")?;
            self.inside(reader)?;
        }
        if reader.word("else") {
            self.inside(reader)?;
        }
        reader.needs_word("end")?;
        reader.needs_word("case")
    }

    /// A loop over the rows of a query, which always ends.
    fn for_(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        reader.needs_word("for")?;
        let name = reader.name("a name for the row")?;
        reader.write_name(&name);
        reader.needs_word("in")?;
        reader.needs_mark("(")?;
        if !reader.is_word("select") {
            return Err(reader.unexpected("a query: loops go over its rows"));
        }
        let columns: BTreeSet<String> = query::inner(reader)?.into_iter().flatten().collect();
        reader.needs_mark(")")?;
        reader.needs_word("do")?;
        reader.variables.push(BTreeMap::new());
        reader.declare(&name, Variable::Row(columns))?;
        self.inside(reader)?;
        reader.variables.pop();
        reader.needs_word("end")?;
        reader.needs_word("for")
    }

    fn call(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        reader.needs_word("call")?;
        let name = reader.name("a procedure")?;
        if reader.is_mark(".") {
            let message = format!("{} stands before a procedure", shown(format!("{name}.")));
            return Err(Refused::new(message, "name procedures without their database: there is one"));
        }
        let Some(&parameters) = reader.objects.procedures.get(&name) else {
            let help = "a body calls only procedures of the catalogue; write the statements of this procedure instead";
            return Err(Refused::new(format!("no body may call the procedure {}", shown(&name)), help));
        };
        reader.write_name(&name);
        reader.needs_mark("(")?;
        let given = if reader.is_mark(")") { 0 } else { of_variables(reader, expressions)? };
        reader.needs_mark(")")?;
        if given != parameters {
            let message = format!("{} gets {given} arguments", shown(&name));
            return Err(Refused::new(message, format!("it takes {parameters}")));
        }
        reader.calls.insert(name);
        // The effect of the procedure is unknown.
        self.changes = true;
        Ok(())
    }
}

/// The replacement for a statement that no body may have.
fn instead(word: &str) -> Option<&'static str> {
    Some(match word {
        "while" | "repeat" | "loop" | "open" | "fetch" | "close" | "iterate" | "leave" => {
            "loops go over the rows of a query: `for v_row in (select …) do … end for`"
        }
        "replace" => "use `insert … on duplicate key update …`: replace deletes the row",
        "commit" | "rollback" | "start" | "savepoint" | "release" | "xa" => {
            "leave transactions to the node: each request is one"
        }
        "prepare" | "execute" | "deallocate" => "write the statement itself: text is never run",
        "create" | "drop" | "alter" | "truncate" | "rename" | "grant" | "revoke" => {
            "the proposal defines objects and rights, not a body"
        }
        "with" => "write the query where it is used",
        "return" => "return a value through an argument with `\"mode\": \"out\"`",
        _ => return None,
    })
}

fn declaration(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_word("declare")?;
    let mut names = Vec::new();
    loop {
        let name = reader.name("a name for a variable")?;
        reader.write_name(&name);
        names.push(name);
        if !reader.mark(",") {
            break;
        }
    }
    if let Some(Token::Word(word)) = reader.peek()
        && matches!(word.as_str(), "cursor" | "condition" | "handler")
    {
        let help =
            "variables are declared alone: what fails is the caller's to see, and loops go over queries";
        return Err(Refused::new(format!("a {word} is declared"), help));
    }
    ty(reader)?;
    if reader.word("default") {
        of_variables(reader, expression)?;
    }
    for name in names {
        reader.declare(&name, Variable::Settable)?;
    }
    if !reader.is_mark(";") {
        return Err(reader.unexpected("`;`"));
    }
    reader.needs_mark(";")?;
    reader.line(0);
    Ok(())
}

fn set(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_word("set")?;
    loop {
        query::target(reader)?;
        reader.needs_mark("=")?;
        of_variables(reader, expression)?;
        if !reader.mark(",") {
            return Ok(());
        }
    }
}

/// `signal sqlstate '45000' set message_text = 'why'`
fn signal(reader: &mut Reader<'_>) -> Result<()> {
    reader.needs_word("signal")?;
    reader.needs_word("sqlstate")?;
    match reader.peek() {
        Some(Token::Text(state))
            if state.len() == 5
                && state.starts_with("45")
                && state.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            reader.skip();
            reader.write_text(state);
        }
        _ => return Err(reader.unexpected("a state of one's own: '45000'")),
    }
    if reader.word("set") {
        reader.needs_word("message_text")?;
        reader.needs_mark("=")?;
        match reader.peek() {
            Some(Token::Text(text)) if text.chars().count() <= 128 => {
                reader.skip();
                reader.write_text(text);
            }
            Some(Token::Text(_)) => return Err(reader.unexpected("a text of at most 128 characters")),
            _ => {
                let name = reader.name("a text or a variable")?;
                reader.write_name(&name);
                if !matches!(reader.variable(&name), Some(Variable::Constant | Variable::Settable)) {
                    return Err(Refused::new(format!("there is no variable {}", shown(name)), "declare it"));
                }
            }
        }
    }
    Ok(())
}
