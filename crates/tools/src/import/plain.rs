//! Proves that the text of a routine is one plain statement: an insert, update or delete of exactly the record whose
//! key it gets, with exactly the values that it gets.
//!
//! If that is not proved, the routine is refused with the reason. The reason ends the sentence "it is not the update of
//! …, since …".

mod parts;
mod reach;

use beds_core::inspect::{Catalogue, Routine, same_word};
use beds_protocol::shown;

pub(crate) use self::reach::{Found, Reach, reaches};
use crate::routine::{NOT_STRICT, Token, tokens};

/// What a plain statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Insert,
    Update,
    Delete,
}

/// A plain statement. Parameters are counted from 0, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) verb: Verb,
    /// The table, as the text names it.
    pub(super) table: String,
    /// What the statement stores: the column, and the parameter.
    pub(super) sets: Vec<(String, usize)>,
    /// The columns that an insert sets to a value that is not a parameter.
    pub(super) own: Vec<String>,
    /// What finds the record: the column, and the parameter.
    pub(super) key: Vec<(String, usize)>,
    /// The column that must equal the parameter, unless the parameter is null.
    pub(super) version: Option<(String, usize)>,
    /// The column that an update counts up.
    pub(super) counted: Option<String>,
    /// Whether the only result is the number that the database has just generated.
    pub(super) selects_new_id: bool,
}

/// Proves that the text of a routine is plain, or says why it is not.
pub(super) fn plain(routine: &Routine, catalogue: &Catalogue) -> Result<Plain, String> {
    let body = routine.body.as_deref().ok_or_else(|| routine.unread())?;
    if !routine.mode.strict {
        return Err(format!("it {NOT_STRICT}"));
    }
    let tokens = tokens(body, routine.mode);
    let mut parser = Parser { tokens: &tokens, at: 0, routine, catalogue, table: String::new() };
    let plain = parser.body()?;
    let used: Vec<usize> =
        plain.sets.iter().chain(&plain.key).chain(&plain.version).map(|(_, parameter)| *parameter).collect();
    for (at, parameter) in routine.parameters.iter().enumerate() {
        match used.iter().filter(|used| **used == at).count() {
            1 => {}
            0 => {
                return Err(format!(
                    "its parameter {} is neither stored nor the key",
                    shown(&parameter.name)
                ));
            }
            _ => return Err(format!("its parameter {} is used twice", shown(&parameter.name))),
        }
    }
    Ok(plain)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    routine: &'t Routine,
    catalogue: &'t Catalogue,
    table: String,
}

type Result<T, E = String> = std::result::Result<T, E>;

impl Parser<'_> {
    fn body(&mut self) -> Result<Plain> {
        let is_block = self.word("begin");
        let mut plain = self.statement()?;
        self.mark(';');
        plain.selects_new_id = self.selects_new_id();
        let is_ended = !is_block || self.word("end");
        self.mark(';');
        if is_ended && self.peek().is_none() {
            return Ok(plain);
        }
        Err(match self.peek() {
            Some(token) if token.is("limit") || token.is("order") || token.is("returning") => {
                format!("its statement has {}", shown(token.name().unwrap_or_default().to_lowercase()))
            }
            Some(token) if token.is("on") => "its insert has `on duplicate key update`".to_owned(),
            _ => "it does more than one plain statement".to_owned(),
        })
    }

    fn statement(&mut self) -> Result<Plain> {
        let verbs = [("insert", Verb::Insert), ("update", Verb::Update), ("delete", Verb::Delete)];
        let Some(verb) = verbs.into_iter().find_map(|(word, verb)| self.word(word).then_some(verb)) else {
            let first = self.peek().and_then(Token::name).unwrap_or("?").to_lowercase();
            return Err(format!(
                "its text begins with {first}, not with a plain statement",
                first = shown(&first)
            ));
        };
        for word in ["ignore", "low_priority", "high_priority", "delayed", "quick"] {
            if self.peek().is_some_and(|token| token.is(word)) {
                return Err(format!("its statement has {word}", word = shown(word)));
            }
        }
        match verb {
            Verb::Insert => {
                self.word("into");
            }
            Verb::Delete if !self.word("from") => return Err("it deletes from several tables".into()),
            Verb::Update | Verb::Delete => {}
        }
        self.table = self.target()?;
        let mut plain = Plain {
            verb,
            table: self.table.clone(),
            sets: Vec::new(),
            own: Vec::new(),
            key: Vec::new(),
            version: None,
            counted: None,
            selects_new_id: false,
        };
        match plain.verb {
            Verb::Insert if self.word("set") => self.inserted(&mut plain)?,
            Verb::Insert => self.values(&mut plain)?,
            Verb::Update => {
                if !self.word("set") {
                    return Err("it updates more than the one table by its name".into());
                }
                self.sets(&mut plain)?;
                self.condition(&mut plain)?;
            }
            Verb::Delete => self.condition(&mut plain)?,
        }
        Ok(plain)
    }

    /// `table` or `schema.table`, which must be of this database.
    fn target(&mut self) -> Result<String> {
        let first = self.name().ok_or("its statement names no table")?;
        if !self.mark('.') {
            return Ok(first);
        }
        let second = self.name().ok_or("its statement names no table")?;
        if self.catalogue.is_one_name(&first, &self.catalogue.database) {
            Ok(second)
        } else {
            let is_plain = [&first, &second].iter().all(|name| !name.contains(['.', '`']));
            let name = if is_plain {
                shown(format!("{first}.{second}"))
            } else {
                format!("{}.{}", shown(&first), shown(&second))
            };
            Err(format!("it changes {name}, a table of another database"))
        }
    }

    /// `(a, b) values (p_a, p_b)`
    fn values(&mut self, plain: &mut Plain) -> Result<()> {
        let mut columns = Vec::new();
        if !self.mark('(') {
            return Err("its insert names no columns".into());
        }
        loop {
            columns.push(self.column().ok_or("its insert names no columns")?);
            if !self.mark(',') {
                break;
            }
        }
        if !self.mark(')') || !(self.word("values") || self.word("value")) || !self.mark('(') {
            return Err("its insert takes no plain list of values".into());
        }
        for (at, column) in columns.iter().enumerate() {
            if at > 0 && !self.mark(',') {
                return Err("its insert has fewer values than columns".into());
            }
            self.inserts(column.clone(), plain)?;
        }
        if self.mark(')') && !self.peek().is_some_and(|token| token.is_mark(',')) {
            Ok(())
        } else {
            Err("its insert takes no plain list of values".into())
        }
    }

    /// `a = p_a, b = p_b` of an insert.
    fn inserted(&mut self, plain: &mut Plain) -> Result<()> {
        loop {
            let column = self.column().ok_or("its insert names no columns")?;
            if !self.mark('=') {
                return Err("its insert takes no plain list of values".into());
            }
            self.inserts(column, plain)?;
            if !self.mark(',') {
                return Ok(());
            }
        }
    }

    fn inserts(&mut self, column: String, plain: &mut Plain) -> Result<()> {
        once(&column, plain.sets.iter().map(|(column, _)| column).chain(&plain.own))?;
        let from = self.at;
        if let Some(parameter) = self.parameter().filter(|_| self.ends_item()) {
            plain.sets.push((column, parameter));
            return Ok(());
        }
        self.at = from;
        if self.constant() {
            plain.own.push(column);
            return Ok(());
        }
        Err(format!(
            "it gives {column} something else than a parameter or a constant",
            column = shown(&column)
        ))
    }

    /// `a = p_a, b = p_b, version = version + 1`, and `at = at`, which leaves the column as it is.
    fn sets(&mut self, plain: &mut Plain) -> Result<()> {
        loop {
            let column = self.column().ok_or("its update sets no plain columns")?;
            once(&column, plain.sets.iter().map(|(column, _)| column).chain(&plain.counted))?;
            if !self.mark('=') {
                return Err("its update sets no plain columns".into());
            }
            let from = self.at;
            if let Some(parameter) = self.parameter().filter(|_| self.ends_item()) {
                plain.sets.push((column, parameter));
            } else {
                self.at = from;
                let is_itself = self.operand().is_some_and(|name| same_word(&name, &column));
                if is_itself && self.ends_item() {
                    if self.mark(',') {
                        continue;
                    }
                    return Ok(());
                }
                self.at = from;
                let counts = plain.counted.is_none()
                    && self.operand().is_some_and(|name| same_word(&name, &column))
                    && self.mark('+')
                    && self.word("1")
                    && self.ends_item();
                if !counts {
                    return Err(format!(
                        "it sets {column} to something else than a parameter",
                        column = shown(&column)
                    ));
                }
                plain.counted = Some(column);
            }
            if !self.mark(',') {
                return Ok(());
            }
        }
    }

    /// `where key = p_key and (p_version is null or version = p_version)`, and nothing after it.
    fn condition(&mut self, plain: &mut Plain) -> Result<()> {
        const ODD: &str = "its condition is not exactly `key = parameter`";
        if !self.word("where") {
            return Err(match self.peek() {
                None => "it has no condition".to_owned(),
                Some(token) if token.is_mark(';') || token.is("end") => "it has no condition".to_owned(),
                Some(_) => ODD.to_owned(),
            });
        }
        loop {
            if self.mark('(') {
                let version = self.version().ok_or(ODD)?;
                if plain.version.replace(version).is_some() {
                    return Err(ODD.into());
                }
            } else {
                let (column, parameter) = self.equality().ok_or(ODD)?;
                once(&column, plain.key.iter().map(|(column, _)| column))?;
                plain.key.push((column, parameter));
            }
            if !self.word("and") {
                break;
            }
        }
        match self.peek() {
            None => Ok(()),
            Some(token)
                if token.is_mark(';') || token.is("end") || token.is("limit") || token.is("order") =>
            {
                Ok(())
            }
            Some(_) => Err(ODD.into()),
        }
    }

    /// `p is null or column = p)`
    fn version(&mut self) -> Option<(String, usize)> {
        let asked = self.parameter()?;
        let is_asked = self.word("is") && self.word("null") && self.word("or");
        let (column, parameter) = self.equality().filter(|_| is_asked)?;
        (parameter == asked && self.mark(')')).then_some((column, parameter))
    }

    /// `column = p`, in either order. A name that a parameter has is the parameter, even if there is such a column.
    fn equality(&mut self) -> Option<(String, usize)> {
        let from = self.at;
        if let Some(parameter) = self.parameter() {
            return Some((self.mark('=').then(|| self.operand())??, parameter));
        }
        self.at = from;
        let column = self.operand().filter(|_| self.mark('='))?;
        Some((column, self.parameter()?))
    }

    /// A parameter by its bare name.
    fn parameter(&mut self) -> Option<usize> {
        let from = self.at;
        let name = self.name()?;
        let found = self.routine.parameters.iter().position(|parameter| same_word(&parameter.name, &name));
        let is_bare = !self.peek().is_some_and(|token| token.is_mark('.') || token.is_mark('('));
        if found.is_none() || !is_bare {
            self.at = from;
        }
        found.filter(|_| is_bare)
    }
}

fn once<'n>(column: &str, mut before: impl Iterator<Item = &'n String>) -> Result<()> {
    if before.any(|other| same_word(other, column)) {
        Err(format!("it names {column} twice", column = shown(column)))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
