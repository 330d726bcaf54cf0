//! Reads a condition with the precedence of MariaDB's operators.

use super::{Expr, How, Made, Sign};
use crate::routine::Token;

/// The condition that begins here, and the place after it; `None` if it is not understood.
pub(crate) fn condition(tokens: &[Token], pipes_concat: bool) -> Option<(Expr, usize)> {
    let mut reader = Reader { tokens, at: 0, pipes_concat, depth: 0 };
    let condition = reader.any()?;
    Some((condition, reader.at))
}

/// How deep nested conditions are read.
const DEPTH_MAX: usize = 64;

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    pipes_concat: bool,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&mut self, word: &str) -> bool {
        let is = self.peek().is_some_and(|token| token.is(word));
        self.at += usize::from(is);
        is
    }

    fn words(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.word(word))
    }

    fn mark(&mut self, mark: char) -> bool {
        let is = self.peek().is_some_and(|token| token.is_mark(mark));
        self.at += usize::from(is);
        is
    }

    /// Strings that follow each other, which are one.
    fn texts(&mut self) -> bool {
        let from = self.at;
        while self.peek().is_some_and(Token::is_text) {
            self.at += 1;
        }
        self.at > from
    }

    /// Marks that follow each other.
    fn marks(&mut self, marks: &str) -> bool {
        let is = marks
            .chars()
            .enumerate()
            .all(|(offset, mark)| self.tokens.get(self.at + offset).is_some_and(|token| token.is_mark(mark)));
        self.at += if is { marks.len() } else { 0 };
        is
    }

    fn any(&mut self) -> Option<Expr> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let mut parts = vec![self.xor()?];
        while self.word("or") || (!self.pipes_concat && self.marks("||")) {
            parts.push(self.xor()?);
        }
        self.depth -= 1;
        Some(one_or(parts, Expr::Any))
    }

    fn xor(&mut self) -> Option<Expr> {
        let mut found = self.all()?;
        while self.word("xor") {
            found = Expr::Xor(Box::new([found, self.all()?]));
        }
        Some(found)
    }

    fn all(&mut self) -> Option<Expr> {
        let mut parts = vec![self.not()?];
        while self.word("and") || self.marks("&&") {
            parts.push(self.not()?);
        }
        Some(one_or(parts, Expr::All))
    }

    fn not(&mut self) -> Option<Expr> {
        let mut is_not = false;
        while self.word("not") {
            is_not = !is_not;
        }
        let found = self.comparisons()?;
        Some(negated_if(is_not, found))
    }

    /// `a = b`, `a in (b)`, `a = b = c`, which is `(a = b) = c`.
    fn comparisons(&mut self) -> Option<Expr> {
        let mut found = self.value()?;
        loop {
            if self.word("is") {
                let is_not = self.word("not");
                let is = if self.word("null") || self.word("unknown") {
                    Expr::Null(Box::new(found))
                } else if self.word("true") {
                    found
                } else {
                    self.word("false").then_some(())?;
                    Expr::Not(Box::new(found))
                };
                found = negated_if(is_not, is);
                continue;
            }
            let from = self.at;
            let is_not = self.word("not");
            if self.words(&["like", "rlike", "regexp"]) {
                let mut against = vec![self.value()?];
                if self.word("escape") {
                    against.push(self.value()?);
                }
                found = negated_if(is_not, Expr::Matched(Box::new(found), against));
            } else if self.word("between") {
                let least = self.value()?;
                self.word("and").then_some(())?;
                found = negated_if(is_not, Expr::Matched(Box::new(found), vec![least, self.value()?]));
            } else if self.word("in") {
                let list = self.list()?;
                found = negated_if(is_not, Expr::In(Box::new(found), list));
            } else {
                self.at = from;
                let Some(sign) = self.sign() else { return Some(found) };
                found = Expr::Compared(sign, Box::new([found, self.value()?]));
            }
        }
    }

    fn sign(&mut self) -> Option<Sign> {
        let signs = [
            ("<=>", Sign::Equal),
            ("<=", Sign::LessOrEqual),
            (">=", Sign::GreaterOrEqual),
            ("<>", Sign::Differs),
            ("!=", Sign::Differs),
            ("=", Sign::Equal),
            ("<", Sign::Less),
            (">", Sign::Greater),
        ];
        signs.into_iter().find_map(|(marks, sign)| self.marks(marks).then_some(sign))
    }

    /// Operands with signs between them.
    fn value(&mut self) -> Option<Expr> {
        let from = self.at;
        let mut found = self.operand()?;
        let mut how = How::Sum;
        loop {
            let is_concat = self.pipes_concat && self.marks("||");
            let before = self.at;
            let is_bit = ["||", "&&"].iter().any(|marks| self.marks(marks));
            self.at = before;
            let is_sum = !is_bit
                && (['+', '-', '*', '/', '%', '^', '|', '&'].iter().any(|mark| self.mark(*mark))
                    || self.words(&["div", "mod"])
                    || self.marks("<<")
                    || self.marks(">>"));
            if self.word("collate") {
                let name = self.name()?;
                // A binary collation only makes fewer values equal.
                if !name.to_ascii_lowercase().ends_with("_bin") {
                    found = Expr::Made(self.made(from, How::Function));
                }
                continue;
            }
            if !is_concat && !is_sum {
                return Some(found);
            }
            if is_concat {
                how = How::Function;
            }
            self.operand()?;
            found = Expr::Made(self.made(from, how));
        }
    }

    fn name(&mut self) -> Option<String> {
        let name = self.peek().and_then(Token::name).map(str::to_owned)?;
        self.at += 1;
        Some(name)
    }

    fn operand(&mut self) -> Option<Expr> {
        let from = self.at;
        if self.mark('!') {
            return Some(Expr::Not(Box::new(self.operand()?)));
        }
        if self.mark('-') || self.mark('+') || self.mark('~') {
            let is_minus = self.tokens[from].is_mark('-');
            return Some(match self.operand()? {
                Expr::Constant(written) => {
                    let sign = if is_minus { "-" } else { "" };
                    Expr::Constant(written.map(|written| format!("{sign}{written}")))
                }
                _ => Expr::Made(self.made(from, How::Sum)),
            });
        }
        if self.mark('(') {
            return self.in_parentheses(from);
        }
        if self.texts() {
            return Some(Expr::Constant(None));
        }
        if self.mark('.') {
            return self.digits(from);
        }
        if self.word("case") {
            self.skip_case()?;
            return Some(Expr::Made(self.made(from, How::Function)));
        }
        if self.word("binary") {
            return self.operand();
        }
        if self.word("exists") {
            self.mark('(').then_some(())?;
            self.skip_parentheses()?;
            return Some(Expr::Made(self.made(from, How::Query)));
        }
        if self.word("interval") && !self.peek().is_some_and(|token| token.is_mark('(')) {
            self.value()?;
            self.name()?;
            return Some(Expr::Made(self.made(from, How::Function)));
        }
        self.at = from;
        let token = self.peek()?.clone();
        if matches!(&token, Token::Word(word) if word.starts_with(|c: char| c.is_ascii_digit())) {
            return self.digits(from);
        }
        let mut parts = vec![self.name()?];
        // `x'4a'`, `_utf8'a'`, `date'2024-01-01'`
        if matches!(token, Token::Word(_)) && self.texts() {
            return Some(Expr::Constant(None));
        }
        if let Token::Word(word) = &token
            && ["null", "true", "false"].iter().any(|constant| word.eq_ignore_ascii_case(constant))
        {
            let written = (!token.is("null")).then(|| word.to_ascii_lowercase());
            return Some(Expr::Constant(written));
        }
        while self.mark('.') {
            parts.push(self.name()?);
        }
        if self.mark('(') {
            // `= any (select …)`
            let is_query = self.peek().is_some_and(|token| token.is("select"));
            self.skip_parentheses()?;
            let how = if is_query { How::Query } else { How::Function };
            return Some(Expr::Made(self.made(from, how)));
        }
        Some(Expr::Name(parts))
    }

    /// `5`, `5.25`, `.5`, `0x1F`. `from` is the place of its first token.
    fn digits(&mut self, from: usize) -> Option<Expr> {
        self.at = from;
        let mut written = String::new();
        while let Some(token) = self.peek() {
            match token {
                Token::Mark('.') => written.push('.'),
                Token::Word(word) if word.starts_with(|c: char| c.is_ascii_digit()) => written.push_str(word),
                _ => break,
            }
            self.at += 1;
        }
        (written != ".").then_some(Expr::Constant(Some(written)))
    }

    /// The expression in parentheses that have been opened.
    fn in_parentheses(&mut self, from: usize) -> Option<Expr> {
        Some(one_or(self.items(from)?, Expr::Row))
    }

    /// `(a, b)` after `in`: its items, or a query.
    fn list(&mut self) -> Option<Vec<Expr>> {
        let from = self.at;
        self.mark('(').then_some(())?;
        self.items(from)
    }

    /// The items in parentheses that have been opened. A query is one item.
    fn items(&mut self, from: usize) -> Option<Vec<Expr>> {
        if self.peek().is_some_and(|token| token.is("select") || token.is("with") || token.is("values")) {
            self.skip_parentheses()?;
            return Some(vec![Expr::Made(self.made(from, How::Query))]);
        }
        let mut items = vec![self.any()?];
        while self.mark(',') {
            items.push(self.any()?);
        }
        self.mark(')').then_some(items)
    }

    /// Skips to the end of parentheses that have been opened.
    fn skip_parentheses(&mut self) -> Option<()> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.peek()? {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth -= 1,
                Token::Mark(';') | Token::Unended => return None,
                Token::Mark(_) | Token::Word(_) | Token::Name(_) | Token::Text(_) => {}
            }
            self.at += 1;
        }
        Some(())
    }

    fn skip_case(&mut self) -> Option<()> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.peek()? {
                token if token.is("case") => depth += 1,
                token if token.is("end") => depth -= 1,
                Token::Mark(';') | Token::Unended => return None,
                Token::Mark(_) | Token::Word(_) | Token::Name(_) | Token::Text(_) => {}
            }
            self.at += 1;
        }
        Some(())
    }

    /// The value that was read from this place on.
    fn made(&self, from: usize, how: How) -> Made {
        Made { how, names: names(&self.tokens[from..self.at]) }
    }
}

/// The names in a text, except those of functions.
fn names(tokens: &[Token]) -> Vec<Vec<String>> {
    let mut names: Vec<Vec<String>> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut parts = Vec::new();
        while let Some(name) = tokens.get(at).and_then(Token::name) {
            parts.push(name.to_owned());
            at += 1;
            if !tokens.get(at).is_some_and(|token| token.is_mark('.')) {
                break;
            }
            at += 1;
        }
        let is_function = tokens.get(at).is_some_and(|token| token.is_mark('('));
        if parts.is_empty() {
            at += 1;
        } else if !is_function {
            names.push(parts);
        }
    }
    names
}

fn one_or(mut parts: Vec<Expr>, several: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    }
}

fn negated_if(is_not: bool, found: Expr) -> Expr {
    if is_not { Expr::Not(Box::new(found)) } else { found }
}
