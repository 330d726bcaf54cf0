//! The smallest parts of a statement: words, names, columns, constants.

use super::Parser;
use crate::routine::Token;

impl Parser<'_> {
    /// A column in an expression: qualified by the table, or with a name that no parameter has.
    pub(super) fn operand(&mut self) -> Option<String> {
        let from = self.at;
        if self.parameter().is_some() {
            self.at = from;
            return None;
        }
        self.column()
    }

    /// `column`, `table.column` or `schema.table.column`, where the table is the one that the statement changes.
    pub(super) fn column(&mut self) -> Option<String> {
        let mut names = vec![self.name()?];
        while self.mark('.') {
            names.push(self.name()?);
        }
        let is = |a: &String, b: &str| self.catalogue.is_one_name(a, b);
        match names.as_slice() {
            [column] => Some(column.clone()),
            [table, column] if is(table, &self.table) => Some(column.clone()),
            [schema, table, column] if is(schema, &self.catalogue.database) && is(table, &self.table) => {
                Some(column.clone())
            }
            _ => None,
        }
    }

    /// A value that does not come from the client: a constant, or a function without arguments such as `now()`.
    pub(super) fn constant(&mut self) -> bool {
        const WORDS: &[&str] = &[
            "null",
            "default",
            "true",
            "false",
            "now",
            "current_timestamp",
            "current_date",
            "current_time",
            "curdate",
            "curtime",
            "localtime",
            "localtimestamp",
            "utc_timestamp",
            "utc_date",
            "utc_time",
            "sysdate",
            "uuid",
            "current_user",
            "user",
            "n",
            "x",
            "b",
            "date",
            "time",
            "timestamp",
        ];
        let mut depth = 0_usize;
        let mut is_empty = true;
        while let Some(token) = self.peek() {
            match token {
                Token::Mark(')' | ',' | ';') if depth == 0 => break,
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth -= 1,
                Token::Text(_) | Token::Mark('-' | '+' | '.') => {}
                Token::Word(word)
                    if word.starts_with(|c: char| c.is_ascii_digit() || c == '_')
                        || WORDS.iter().any(|known| token.is(known)) => {}
                token if depth == 0 && token.is("end") => break,
                _ => return false,
            }
            is_empty = false;
            self.at += 1;
        }
        !is_empty && depth == 0
    }

    /// Whether an item of a list ends here, so that its value is not part of a longer expression.
    pub(super) fn ends_item(&self) -> bool {
        self.peek().is_none_or(|token| {
            matches!(token, Token::Mark(',' | ')' | ';')) || token.is("where") || token.is("end")
        })
    }

    /// `select last_insert_id() [as name];`
    pub(super) fn selects_new_id(&mut self) -> bool {
        let from = self.at;
        let is = self.word("select") && self.word("last_insert_id") && self.mark('(') && self.mark(')');
        if is && (self.word("as") || !self.peek().is_none_or(|token| token.is_mark(';') || token.is("end"))) {
            self.name();
        }
        let is = is && (self.mark(';') || self.peek().is_none());
        if !is {
            self.at = from;
        }
        is
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn name(&mut self) -> Option<String> {
        let name = self.peek().and_then(Token::name).map(str::to_owned)?;
        self.at += 1;
        Some(name)
    }

    pub(super) fn word(&mut self, word: &str) -> bool {
        let is = self.peek().is_some_and(|token| token.is(word));
        self.at += usize::from(is);
        is
    }

    pub(super) fn mark(&mut self, mark: char) -> bool {
        let is = self.peek().is_some_and(|token| token.is_mark(mark));
        self.at += usize::from(is);
        is
    }
}
