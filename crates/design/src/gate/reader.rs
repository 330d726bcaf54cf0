//! The reader of a body. It takes the tokens, writes the body anew, and keeps the names that are known.

use std::collections::{BTreeMap, BTreeSet};

use beds_protocol::{nearest, shown};

use super::{Objects, Refused, functions::RESERVED, tokens::Token};

/// How deep blocks, queries and expressions may nest.
const DEPTH_MAX: usize = 40;

pub(super) type Result<T, E = Refused> = std::result::Result<T, E>;

/// Reads a query inside of another statement, and returns the names of its columns.
pub(super) type Inner = fn(&mut Reader<'_>) -> Result<Vec<Option<String>>>;

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Variable {
    /// A variable that may only be read, such as an argument.
    Constant,
    /// A variable that may be set.
    Settable,
    /// A row of a loop, with its columns.
    Row(BTreeSet<String>),
}

/// A name in an expression. The query around it has to know the name.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    qualifier: Option<String>,
    name: String,
}

pub(super) struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    out: String,
    indent: usize,
    pub(super) objects: &'t Objects,
    /// The function that reads a query in an expression. A query has expressions, and an expression has queries.
    inner: Inner,
    /// Variables, by the block that declares them.
    pub(super) variables: Vec<BTreeMap<String, Variable>>,
    /// The names in expressions, by query.
    references: Vec<Vec<Reference>>,
    pub(super) reads: BTreeSet<String>,
    pub(super) writes: BTreeSet<String>,
    pub(super) calls: BTreeSet<String>,
    /// Whether `values(column)` has a meaning here.
    pub(super) in_duplicate: bool,
}

impl<'t> Reader<'t> {
    pub(super) fn new(tokens: &'t [Token], objects: &'t Objects, inner: Inner) -> Self {
        Self {
            tokens,
            at: 0,
            depth: 0,
            out: String::new(),
            indent: 0,
            objects,
            inner,
            variables: vec![BTreeMap::new()],
            references: Vec::new(),
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            calls: BTreeSet::new(),
            in_duplicate: false,
        }
    }

    /// The rewritten text.
    pub(super) fn text(self) -> String {
        self.out
    }

    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn ahead(&self, count: usize) -> Option<&'t Token> {
        self.tokens.get(self.at + count)
    }

    /// Reads a query in an expression.
    pub(super) fn query(&mut self) -> Result<()> {
        (self.inner)(self).map(drop)
    }

    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// The tokens that were read since a position.
    pub(super) fn since(&self, start: usize) -> &'t [Token] {
        self.tokens.get(start..self.at).unwrap_or_default()
    }

    /// The column that was read since a position, if it was only a name.
    pub(super) fn name_alone(&self, start: usize) -> Option<String> {
        match self.since(start) {
            [Token::Word(name) | Token::Name(name)]
            | [_, Token::Mark("."), Token::Word(name) | Token::Name(name)] => Some(name.clone()),
            _ => None,
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(given)) if given == word)
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        matches!(self.peek(), Some(Token::Mark(given)) if *given == mark)
    }

    /// Skips a token without writing it.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Reads a keyword, and writes it.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let is_it = self.is_word(word);
        if is_it {
            self.skip();
            self.write(word);
        }
        is_it
    }

    /// Reads a mark, and writes it.
    pub(super) fn mark(&mut self, mark: &str) -> bool {
        let is_it = self.is_mark(mark);
        if is_it {
            self.skip();
            self.write(mark);
        }
        is_it
    }

    pub(super) fn needs_word(&mut self, word: &str) -> Result<()> {
        if self.word(word) { Ok(()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    pub(super) fn needs_mark(&mut self, mark: &str) -> Result<()> {
        if self.mark(mark) { Ok(()) } else { Err(self.unexpected(&format!("`{mark}`"))) }
    }

    /// Reads a name without writing it.
    pub(super) fn name(&mut self, what: &str) -> Result<String> {
        match self.peek() {
            Some(Token::Name(name)) => {
                self.skip();
                Ok(name.clone())
            }
            Some(Token::Word(word)) if !RESERVED.contains(&word.as_str()) => {
                self.skip();
                Ok(word.clone())
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// Reads a whole number up to a bound, and writes it.
    pub(super) fn whole(&mut self, max: u32) -> Result<()> {
        match self.peek() {
            Some(Token::Number(number)) if number.parse::<u32>().is_ok_and(|number| number <= max) => {
                self.skip();
                self.write(number);
                Ok(())
            }
            _ => Err(self.unexpected(&format!("a whole number up to {max}"))),
        }
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Refused {
        let found = self.peek().map_or_else(|| "its end".to_owned(), Token::shown);
        let as_name = match self.peek() {
            Some(Token::Word(word)) if RESERVED.contains(&word.as_str()) => {
                "; write a column of this name in backquotes"
            }
            _ => "",
        };
        Refused::new(
            format!("after {}, there is {found}", self.before()),
            format!("expected {wanted}{as_name}; a body may have only what its grammar has"),
        )
    }

    /// The last words before this place, so that a reader finds it.
    pub(super) fn before(&self) -> String {
        let from = self.at.saturating_sub(4);
        let words = self.tokens.get(from..self.at).unwrap_or_default().iter().map(|token| match token {
            Token::Word(text) | Token::Name(text) | Token::Number(text) => text.clone(),
            Token::Text(_) => "'…'".to_owned(),
            Token::Mark(mark) => (*mark).to_owned(),
        });
        let words = words.collect::<Vec<_>>().join(" ");
        if words.is_empty() { "the beginning".to_owned() } else { shown(words) }
    }

    /// Writes a keyword, a mark or a literal of the program.
    pub(super) fn write(&mut self, piece: &str) {
        let ends_open = self.out.ends_with(['(', '.', '\n']) || self.out.is_empty();
        let is_close = matches!(piece, ")" | "," | ";" | ".");
        if self.out.ends_with('\n') || self.out.is_empty() {
            self.out.extend(std::iter::repeat_n("    ", self.indent));
        } else if !ends_open && !is_close {
            self.out.push(' ');
        }
        self.out.push_str(piece);
    }

    /// Writes a name in quotes, so that the server does not take it for a keyword.
    pub(super) fn write_name(&mut self, name: &str) {
        self.write(&format!("`{name}`"));
    }

    pub(super) fn write_text(&mut self, text: &str) {
        self.write(&format!("'{}'", text.replace('\'', "''")));
    }

    /// Ends a line. `deeper` changes the indentation of the following lines.
    pub(super) fn line(&mut self, deeper: isize) {
        self.indent = self.indent.saturating_add_signed(deeper);
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// Reads a part one level deeper.
    pub(super) fn deeper<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEPTH_MAX {
            return Err(Refused::new(format!("it nests deeper than {DEPTH_MAX} levels"), "flatten it"));
        }
        self.depth += 1;
        let result = part(self);
        self.depth -= 1;
        result
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find_map(|block| block.get(name))
    }

    /// Declares a variable in the innermost block.
    pub(super) fn declare(&mut self, name: &str, variable: Variable) -> Result<()> {
        // The server can confuse a table only with a variable that has columns.
        let is_row = matches!(variable, Variable::Row(_));
        let is_taken = |(relation, columns): (&String, &BTreeSet<String>)| {
            columns.contains(name) || (is_row && relation == name)
        };
        if self.objects.relations.iter().any(is_taken) {
            let message = format!("the variable {} has the name of a column or a table", shown(name));
            return Err(Refused::new(
                message,
                format!("the server would confuse the two: call it `v_{name}`"),
            ));
        }
        if self.variable(name).is_some() {
            return Err(Refused::new(format!("{} is declared twice", shown(name)), "give it another name"));
        }
        if let Some(block) = self.variables.last_mut() {
            block.insert(name.to_owned(), variable);
        }
        Ok(())
    }

    /// Remembers a name in an expression for the query around it.
    pub(super) fn refer(&mut self, qualifier: Option<String>, name: String) {
        if let Some(query) = self.references.last_mut() {
            query.push(Reference { qualifier, name });
        }
    }

    /// Reads a part. Its names may be those of these relations and aliases, of the queries around it, and of variables.
    pub(super) fn scope<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<(T, Scope)>) -> Result<T> {
        self.references.push(Vec::new());
        let read = part(self);
        let references = self.references.pop().unwrap_or_default();
        let (value, scope) = read?;
        for reference in references {
            if scope.knows(&reference) {
                continue;
            }
            match self.references.last_mut() {
                Some(outer) => outer.push(reference),
                None => self.is_variable(&reference, &scope)?,
            }
        }
        Ok(value)
    }

    /// Makes sure that a name which no query knows is a variable.
    fn is_variable(&self, reference: &Reference, scope: &Scope) -> Result<()> {
        let Reference { qualifier, name } = reference;
        let is_known = match qualifier {
            Some(row) => matches!(self.variable(row), Some(Variable::Row(columns)) if columns.contains(name)),
            None => matches!(self.variable(name), Some(Variable::Constant | Variable::Settable)),
        };
        if is_known {
            return Ok(());
        }
        let written =
            qualifier.as_ref().map_or_else(|| name.clone(), |qualifier| format!("{qualifier}.{name}"));
        let variables = self.variables.iter().flat_map(BTreeMap::keys);
        let columns = scope.relations.values().flatten();
        let known = variables.chain(columns).chain(&scope.aliases).map(String::as_str);
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a column of the tables in the statement, an argument as `p_NAME`, or a variable"
                .to_owned(),
        };
        Err(Refused::new(format!("{} is unknown here", shown(written)), help))
    }
}

/// The names that a query offers to its expressions.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Tables, views and queries by their names in the query, with their columns.
    pub(super) relations: BTreeMap<String, BTreeSet<String>>,
    /// The names that the query gives to its columns.
    pub(super) aliases: BTreeSet<String>,
}

impl Scope {
    fn knows(&self, reference: &Reference) -> bool {
        let Reference { qualifier, name } = reference;
        match qualifier {
            Some(relation) => self.relations.get(relation).is_some_and(|columns| columns.contains(name)),
            None => {
                self.aliases.contains(name) || self.relations.values().any(|columns| columns.contains(name))
            }
        }
    }
}

/// Reads a part that may only use variables.
pub(super) fn of_variables<'t, T>(
    reader: &mut Reader<'t>,
    part: impl FnOnce(&mut Reader<'t>) -> Result<T>,
) -> Result<T> {
    reader.scope(|reader| Ok((part(reader)?, Scope::default())))
}
