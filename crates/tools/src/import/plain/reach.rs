//! Which records an update or a delete finds, where its text is that one statement and its condition is plain.

use super::Parser;
use crate::routine::tokens;
use beds_core::inspect::{Catalogue, Routine, same_word};

/// What the condition of a statement says of the records that it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The table, as the text names it.
    pub(crate) table: String,
    /// Whether there is a condition at all.
    pub(crate) is_bound: bool,
    /// The columns that are equal to a parameter or a constant.
    pub(crate) equal: Vec<String>,
    /// The columns that are compared in another way.
    pub(crate) compared: Vec<String>,
    /// The parameters that are compared with themselves: bare names that are columns as well mean the parameter.
    pub(crate) hidden: Vec<String>,
}

/// What stands on one side of a comparison.
enum Side {
    Column(String),
    Parameter(usize),
    Constant,
}

/// What the text of a routine finds; `None` where it is not one update or delete of one table, or its condition is more
/// than comparisons that must all be true.
pub(crate) fn reach(routine: &Routine, catalogue: &Catalogue) -> Option<Reach> {
    let tokens = tokens(routine.body.as_deref()?, routine.mode);
    let mut parser = Parser { tokens: &tokens, at: 0, routine, catalogue, table: String::new() };
    let is_block = parser.word("begin");
    let reach = parser.reach()?;
    parser.mark(';');
    if is_block {
        parser.word("end").then_some(())?;
    }
    parser.mark(';');
    parser.peek().is_none().then_some(reach)
}

impl Parser<'_> {
    fn reach(&mut self) -> Option<Reach> {
        let is_update = self.word("update");
        if !is_update && !self.word("delete") {
            return None;
        }
        while ["ignore", "low_priority", "quick"].iter().any(|word| self.word(word)) {}
        if !is_update {
            self.word("from").then_some(())?;
        }
        self.table = self.target().ok()?;
        let mut reach = Reach { table: self.table.clone(), ..Reach::default() };
        if is_update {
            self.word("set").then_some(())?;
            self.skip_to_condition();
        }
        if self.word("where") {
            reach.is_bound = true;
            self.all_of(&mut reach)?;
        }
        // Fewer of the records that the condition finds, and what is told of them.
        if ["order", "limit", "returning"].iter().any(|word| self.peek().is_some_and(|token| token.is(word)))
        {
            while self.peek().is_some_and(|token| !token.is_mark(';') && !token.is("end")) {
                self.at += 1;
            }
        }
        self.ends().then_some(reach)
    }

    /// Steps over what an update sets.
    fn skip_to_condition(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            let ends = ["where", "order", "limit", "end"].iter().any(|word| token.is(word));
            if depth == 0 && (ends || token.is_mark(';')) {
                return;
            }
            if token.is_mark('(') {
                depth += 1;
            } else if token.is_mark(')') {
                depth = depth.saturating_sub(1);
            }
            self.at += 1;
        }
    }

    /// Comparisons with `and` between them.
    fn all_of(&mut self, reach: &mut Reach) -> Option<()> {
        loop {
            let from = self.at;
            if self.mark('(') {
                // The version that is compared where one is given.
                if self.version().is_none() {
                    self.at = from + 1;
                    self.all_of(reach)?;
                    self.mark(')').then_some(())?;
                }
            } else {
                self.compared(reach)?;
            }
            if !self.word("and") {
                return (self.ends() || self.peek().is_some_and(|token| token.is_mark(')'))).then_some(());
            }
        }
    }

    fn compared(&mut self, reach: &mut Reach) -> Option<()> {
        let left = self.side()?;
        if self.word("is") {
            self.word("not");
            return self.word("null").then_some(());
        }
        self.word("not");
        let is_between = self.word("between");
        if is_between || self.word("like") {
            let Side::Column(column) = left else { return None };
            self.side()?;
            if is_between {
                self.word("and").then_some(())?;
                self.side()?;
            }
            reach.compared.push(column);
            return Some(());
        }
        let mut sign = String::new();
        while let Some(mark) = ['<', '!', '=', '>'].into_iter().find(|mark| self.mark(*mark)) {
            sign.push(mark);
        }
        let is_equal = matches!(sign.as_str(), "=" | "<=>");
        if !is_equal && !matches!(sign.as_str(), "<" | "<=" | ">" | ">=" | "<>" | "!=") {
            return None;
        }
        match (left, self.side()?) {
            (Side::Column(column), Side::Parameter(_) | Side::Constant)
            | (Side::Parameter(_) | Side::Constant, Side::Column(column)) => {
                if is_equal {
                    reach.equal.push(column);
                } else {
                    reach.compared.push(column);
                }
            }
            (Side::Column(one), Side::Column(other)) => reach.compared.extend([one, other]),
            (Side::Parameter(one), Side::Parameter(other)) if one == other => {
                let parameter = self.routine.parameters.get(one)?;
                reach.hidden.push(parameter.name.clone());
            }
            (Side::Parameter(_) | Side::Constant, Side::Parameter(_) | Side::Constant) => {}
        }
        Some(())
    }

    /// A parameter, a column of the table, a number, a text or null, with nothing added.
    fn side(&mut self) -> Option<Side> {
        let from = self.at;
        let found = if let Some(parameter) = self.parameter() {
            Side::Parameter(parameter)
        } else if self.mark('\'') || self.word("null") || self.number() {
            Side::Constant
        } else {
            self.at = from;
            let column = self.column()?;
            let table = self.catalogue.relation_named(&self.table)?;
            table.columns.iter().find(|known| same_word(&known.name, &column))?;
            Side::Column(column)
        };
        let ends = self.peek().is_none_or(|token| {
            ["is", "not", "between", "like", "and", "end", "order", "limit", "returning"]
                .iter()
                .any(|word| token.is(word))
                || [')', ';', '<', '>', '=', '!'].iter().any(|mark| token.is_mark(*mark))
        });
        ends.then_some(found)
    }

    /// `5`, `-5`, `5.25`.
    fn number(&mut self) -> bool {
        let from = self.at;
        self.mark('-');
        let is_digits = |parser: &Self| {
            let word = parser.peek().and_then(|token| token.name());
            word.is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let is_number = is_digits(self);
        self.at += usize::from(is_number);
        if is_number && self.mark('.') {
            self.at += usize::from(is_digits(self));
        }
        if !is_number {
            self.at = from;
        }
        is_number
    }

    /// Whether the statement ends here.
    fn ends(&self) -> bool {
        self.peek().is_none_or(|token| {
            token.is_mark(';') || ["end", "order", "limit", "returning"].iter().any(|word| token.is(word))
        })
    }
}
