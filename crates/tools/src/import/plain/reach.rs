//! Which records the updates and deletes of a text find, as far as their conditions are plain.

use super::Parser;
use crate::routine::{Token, statements, tokens};
use beds_core::inspect::{Catalogue, Routine, same_word};

/// How many ways to find a record a condition may have; one that has more is not read.
const WAYS_MAX: usize = 32;

/// What the condition of a statement says of the records that it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The table, as the text names it.
    pub(crate) table: String,
    pub(crate) deletes: bool,
    /// The ways to be found, of which one is enough: what stands between `or`; none where there is no condition.
    pub(crate) ways: Option<Vec<Found>>,
    /// Whether it joins another table on what is always true.
    pub(crate) is_crossed: bool,
}

/// What must all be true of a record that is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The columns that are equal to a parameter or a constant.
    pub(crate) equal: Vec<String>,
    /// Those of them that are equal to a parameter, each with it.
    pub(crate) given: Vec<(String, String)>,
    /// The columns that are compared in another way.
    pub(crate) compared: Vec<String>,
    /// Those of them that are compared by `<`, `>` and what is made of them, with a parameter.
    pub(crate) ordered: Vec<String>,
    /// The parameters that are compared with themselves: bare names that are columns as well mean the parameter.
    pub(crate) hidden: Vec<String>,
    /// The parameters that must be null.
    pub(crate) nulls: Vec<String>,
    /// Whether anything is asked that is not always true.
    pub(crate) is_bound: bool,
    /// Whether something of it could not be read: it may leave out any record.
    pub(crate) is_unread: bool,
}

impl Found {
    fn unread() -> Self {
        Self { is_bound: true, is_unread: true, ..Self::default() }
    }

    /// What is found where both are true.
    fn and(&self, other: &Self) -> Self {
        let both = |of: fn(&Self) -> &Vec<String>| [of(self).as_slice(), of(other)].concat();
        Self {
            equal: both(|found| &found.equal),
            given: [self.given.as_slice(), &other.given].concat(),
            compared: both(|found| &found.compared),
            ordered: both(|found| &found.ordered),
            hidden: both(|found| &found.hidden),
            nulls: both(|found| &found.nulls),
            is_bound: self.is_bound || other.is_bound,
            is_unread: self.is_unread || other.is_unread,
        }
    }
}

/// What stands on one side of a comparison.
enum Side {
    Column(String),
    Parameter(usize),
    /// A number or a word as it is written; a text is not kept.
    Constant(Option<String>),
}

/// What each update and delete of a text finds, where it is of one table, or joins tables without a condition.
pub(crate) fn reaches(routine: &Routine, catalogue: &Catalogue) -> Vec<Reach> {
    let Some(body) = routine.body.as_deref() else { return Vec::new() };
    let tokens = tokens(body, routine.mode);
    let reach = |tokens| {
        let mut parser = Parser { tokens, at: 0, routine, catalogue, table: String::new(), alias: None };
        parser.crossed().or_else(|| parser.reach())
    };
    statements(&tokens).into_iter().filter_map(reach).collect()
}

impl Parser<'_> {
    /// `delete … join … on 1 = 1`
    fn crossed(&self) -> Option<Reach> {
        let is_always = |four: &[Token]| {
            four[0].is("on") && four[1].is_number() && four[2].is_mark('=') && four[1] == four[3]
        };
        let verb = self.tokens.first()?;
        let deletes = verb.is("delete");
        let is_joined = self.tokens.iter().any(|token| token.is("join"));
        if !(deletes || verb.is("update")) || !is_joined || !self.tokens.windows(4).any(is_always) {
            return None;
        }
        let before = self.tokens.iter().position(|token| !deletes || token.is("from"))?;
        let table = self.tokens.get(before + 1).and_then(Token::name)?.to_owned();
        Some(Reach { table, deletes, ways: None, is_crossed: true })
    }

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
        self.alias = self.alias();
        if is_update {
            self.word("set").then_some(())?;
            self.skip_to_condition();
        }
        let ways = self.word("where").then(|| self.any_of());
        // What follows finds fewer of the records that the condition finds, and says what is told of them.
        let table = self.table.clone();
        self.ends().then_some(Reach { table, deletes: !is_update, ways, is_crossed: false })
    }

    /// The other name that the statement gives its table, with or without `as`.
    fn alias(&mut self) -> Option<String> {
        const WORDS: [&str; 6] = ["set", "where", "order", "limit", "returning", "end"];
        if !self.word("as") && self.peek().is_none_or(|token| WORDS.iter().any(|word| token.is(word))) {
            return None;
        }
        self.name()
    }

    /// Steps over what an update sets.
    fn skip_to_condition(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            let ends = ["where", "order", "limit", "end"].iter().any(|word| token.is(word));
            if depth == 0 && ends {
                return;
            }
            depth = deeper(depth, token);
            self.at += 1;
        }
    }

    /// Conditions with `or` between them.
    fn any_of(&mut self) -> Vec<Found> {
        let mut ways = self.all_of();
        while self.word("or") {
            ways.extend(self.all_of());
        }
        if ways.len() > WAYS_MAX { vec![Found::unread()] } else { ways }
    }

    /// Conditions with `and` between them.
    fn all_of(&mut self) -> Vec<Found> {
        let mut ways = vec![Found::default()];
        loop {
            let more = self.condition_of_one();
            ways = ways.iter().flat_map(|way| more.iter().map(|other| way.and(other))).collect();
            if ways.len() > WAYS_MAX {
                ways = vec![Found::unread()];
            }
            if !self.word("and") {
                return ways;
            }
        }
    }

    /// A comparison, or conditions in parentheses.
    fn condition_of_one(&mut self) -> Vec<Found> {
        let from = self.at;
        if let Some(found) = self.rows().filter(|_| self.ends_condition()) {
            return vec![found];
        }
        self.at = from;
        if self.mark('(') {
            let ways = self.any_of();
            if self.mark(')') && self.ends_condition() {
                return ways;
            }
        } else if let Some(found) = self.compared().filter(|_| self.ends_condition()) {
            return vec![found];
        }
        self.at = from;
        let mut depth = 0_usize;
        while let Some(token) = self.peek().filter(|_| depth > 0 || !self.ends_condition()) {
            depth = deeper(depth, token);
            self.at += 1;
        }
        vec![Found::unread()]
    }

    /// `(a, b) = (p_a, p_b)`, which is `a = p_a and b = p_b`.
    fn rows(&mut self) -> Option<Found> {
        let left = self.row()?;
        self.mark('=').then_some(())?;
        let right = self.row().filter(|right| right.len() == left.len())?;
        let mut all = Found { is_bound: true, ..Found::default() };
        for sides in left.into_iter().zip(right) {
            all = all.and(&self.equal(sides)?);
        }
        Some(all)
    }

    /// `(a, b)`
    fn row(&mut self) -> Option<Vec<Side>> {
        self.mark('(').then_some(())?;
        let mut sides = vec![self.side()?];
        while self.mark(',') {
            sides.push(self.side()?);
        }
        (sides.len() > 1 && self.mark(')')).then_some(sides)
    }

    /// A column that is equal to a parameter or a constant.
    fn equal(&self, sides: (Side, Side)) -> Option<Found> {
        let bound = Found { is_bound: true, ..Found::default() };
        match sides {
            (Side::Column(column), Side::Parameter(at)) | (Side::Parameter(at), Side::Column(column)) => {
                let given = vec![(column.clone(), self.routine.parameters.get(at)?.name.clone())];
                Some(Found { equal: vec![column], given, ..bound })
            }
            (Side::Column(column), Side::Constant(_)) | (Side::Constant(_), Side::Column(column)) => {
                Some(Found { equal: vec![column], ..bound })
            }
            _ => None,
        }
    }

    fn compared(&mut self) -> Option<Found> {
        let bound = || Found { is_bound: true, ..Found::default() };
        let left = self.side()?;
        if self.ends_condition() {
            let is_true = matches!(&left, Side::Constant(Some(word)) if is_true(word));
            return Some(Found { is_bound: !is_true, ..Found::default() });
        }
        if self.word("is") {
            let is_null = !self.word("not");
            self.word("null").then_some(())?;
            let nulls = match left {
                Side::Parameter(at) if is_null => vec![self.routine.parameters.get(at)?.name.clone()],
                _ => Vec::new(),
            };
            return Some(Found { nulls, ..bound() });
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
            return Some(Found { compared: vec![column], ..bound() });
        }
        let mut sign = String::new();
        while let Some(mark) = ['<', '!', '=', '>'].into_iter().find(|mark| self.mark(*mark)) {
            sign.push(mark);
        }
        let is_equal = matches!(sign.as_str(), "=" | "<=>");
        if !is_equal && !matches!(sign.as_str(), "<" | "<=" | ">" | ">=" | "<>" | "!=") {
            return None;
        }
        let is_never_less = is_equal || matches!(sign.as_str(), "<=" | ">=");
        Some(match (left, self.side()?) {
            sides @ ((Side::Column(_), Side::Parameter(_) | Side::Constant(_))
            | (Side::Parameter(_) | Side::Constant(_), Side::Column(_)))
                if is_equal =>
            {
                self.equal(sides)?
            }
            (Side::Column(column), Side::Parameter(_)) | (Side::Parameter(_), Side::Column(column)) => {
                Found { compared: vec![column.clone()], ordered: vec![column], ..bound() }
            }
            (Side::Column(column), Side::Constant(_)) | (Side::Constant(_), Side::Column(column)) => {
                Found { compared: vec![column], ..bound() }
            }
            (Side::Column(one), Side::Column(other)) => Found { compared: vec![one, other], ..bound() },
            (Side::Parameter(one), Side::Parameter(other)) if one == other => {
                let hidden = vec![self.routine.parameters.get(one)?.name.clone()];
                Found { hidden, is_bound: !is_never_less, ..Found::default() }
            }
            (Side::Constant(Some(one)), Side::Constant(Some(other))) if one == other => {
                Found { is_bound: !is_never_less, ..Found::default() }
            }
            (Side::Parameter(_) | Side::Constant(_), Side::Parameter(_) | Side::Constant(_)) => bound(),
        })
    }

    /// A parameter, a column of the table, a number, a text or null, with nothing added.
    fn side(&mut self) -> Option<Side> {
        let from = self.at;
        let found = if let Some(parameter) = self.parameter() {
            Side::Parameter(parameter)
        } else if self.mark('\'') || self.word("null") {
            Side::Constant(None)
        } else if self.word("true") || self.word("false") || self.number() {
            let written = self.tokens[from..self.at].iter().map(|token| match token {
                Token::Word(word) => word.to_ascii_lowercase(),
                other => format!("{other:?}"),
            });
            Side::Constant(Some(written.collect()))
        } else {
            self.at = from;
            let column = self.column()?;
            let table = self.catalogue.relation_named(&self.table)?;
            table.columns.iter().find(|known| same_word(&known.name, &column))?;
            Side::Column(column)
        };
        let ends = self.peek().is_none_or(|token| {
            ["is", "not", "between", "like", "and", "or", "end", "order", "limit", "returning"]
                .iter()
                .any(|word| token.is(word))
                || [')', ';', ',', '<', '>', '=', '!'].iter().any(|mark| token.is_mark(*mark))
        });
        ends.then_some(found)
    }

    /// `5`, `-5`, `5.25`.
    fn number(&mut self) -> bool {
        let from = self.at;
        self.mark('-');
        let is_digits = |parser: &Self| parser.peek().is_some_and(Token::is_number);
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

    /// Whether a condition ends here.
    fn ends_condition(&self) -> bool {
        let is_joined = |token: &Token| token.is("and") || token.is("or") || token.is_mark(')');
        self.ends() || self.peek().is_some_and(is_joined)
    }

    /// Whether the statement ends here, but for what it does with the records that it has found.
    fn ends(&self) -> bool {
        self.peek()
            .is_none_or(|token| ["end", "order", "limit", "returning"].iter().any(|word| token.is(word)))
    }
}

/// The depth of parentheses and of `case … end` after this.
fn deeper(depth: usize, token: &Token) -> usize {
    if token.is_mark('(') || token.is("case") {
        depth + 1
    } else if token.is_mark(')') || token.is("end") {
        depth.saturating_sub(1)
    } else {
        depth
    }
}

/// Whether a constant alone is a condition that is true of every record.
fn is_true(word: &str) -> bool {
    word == "true" || word.parse::<u64>().is_ok_and(|number| number > 0)
}
