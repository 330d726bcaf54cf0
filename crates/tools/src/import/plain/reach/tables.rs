//! The parts of an update or a delete: its tables, the columns that it sets, and its conditions.

use super::ends;
use crate::routine::{Token, assigned_to, at_top, inside};
use beds_core::inspect::{Catalogue, same_word};

/// A table that a statement names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Factor {
    pub(super) schema: Option<String>,
    /// Empty for a query.
    pub(super) name: String,
    alias: Option<String>,
}

impl Factor {
    /// The name that qualifies its columns.
    pub(super) fn called(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// An update or a delete.
pub(super) struct Parts<'t> {
    pub(super) deletes: bool,
    /// The tables; none if they could not be read.
    pub(super) factors: Option<Vec<Factor>>,
    /// The tables that the statement names to delete from, if it does not delete from all.
    targets: Option<Vec<String>>,
    /// What an update sets: qualifiers and columns.
    sets: Vec<(Option<String>, String)>,
    /// The conditions, which must all hold.
    pub(super) conditions: Vec<&'t [Token]>,
    tables: &'t [Token],
}

impl<'t> Parts<'t> {
    /// The parts of a statement; `None` if it is neither an update nor a delete.
    pub(super) fn of(statement: &'t [Token]) -> Option<Self> {
        let verb = statement.first()?;
        let deletes = verb.is("delete");
        if !deletes && !verb.is("update") {
            return None;
        }
        let is_modifier =
            |token: &&Token| ["ignore", "low_priority", "quick", "history"].iter().any(|word| token.is(word));
        let from = 1 + statement[1..].iter().take_while(is_modifier).count();
        let end = at_top(statement, from, |token| token.is("end") || ends(token));
        let rest = &statement[from..end];
        let head_end = at_top(rest, 0, |token| token.is("where") || (!deletes && token.is("set")));
        let where_at = at_top(rest, 0, |token| token.is("where"));
        let mut tables = &rest[..head_end];
        let mut targets = None;
        if deletes {
            let from_at = at_top(tables, 0, |token| token.is("from"));
            let using_at = at_top(tables, 0, |token| token.is("using"));
            let named = |tokens: &[Token]| {
                let last = |item: &[Token]| item.iter().rev().find_map(Token::name).map(str::to_owned);
                Some(tokens.split(|token| token.is_mark(',')).filter_map(last).collect())
            };
            if from_at == 0
                && using_at < tables.len()
                && !tables[..using_at].iter().any(|token| token.is("join"))
            {
                targets = named(&tables[1..using_at]);
                tables = &tables[using_at + 1..];
            } else if from_at > 0 {
                targets = named(&tables[..from_at]);
                tables = tables.get(from_at + 1..)?;
            } else {
                tables = &tables[1..];
            }
        }
        let mut conditions = Vec::new();
        let factors = factors(tables, &mut conditions);
        if where_at < rest.len() {
            conditions.push(&rest[where_at + 1..]);
        }
        let sets =
            if deletes { Vec::new() } else { assigned_to(&rest[(head_end + 1).min(where_at)..where_at]) };
        Some(Self { deletes, factors, targets, sets, conditions, tables })
    }

    /// Whether the statement changes this table.
    pub(super) fn changes(&self, factor: &Factor, all: &[Factor], catalogue: &Catalogue) -> bool {
        let is_called = |name: &str| catalogue.is_one_name(name, factor.called());
        if factor.name.is_empty()
            || factor
                .schema
                .as_ref()
                .is_some_and(|schema| !catalogue.is_one_name(schema, &catalogue.database))
        {
            return false;
        }
        if self.deletes {
            return self.targets.as_ref().is_none_or(|targets| targets.iter().any(|name| is_called(name)));
        }
        let has = |column: &str| {
            let relation = catalogue.relation_named(&factor.name);
            relation
                .is_none_or(|relation| relation.columns.iter().any(|known| same_word(&known.name, column)))
        };
        all.len() == 1
            || self.sets.iter().any(|(qualifier, column)| match qualifier {
                Some(qualifier) => is_called(qualifier),
                None => has(column),
            })
    }

    /// Whether the statement is `join … on 1 = 1`, or a delete from several tables that no condition joins.
    pub(super) fn is_crossed(&self) -> bool {
        let is_always = |four: &[Token]| {
            four[0].is("on") && four[1].is_number() && four[2].is_mark('=') && four[1] == four[3]
        };
        self.is_loose() || self.tables.windows(4).any(is_always)
    }

    /// Whether the statement deletes from several tables and no condition mentions one of them.
    fn is_loose(&self) -> bool {
        let is_joined = |token: &Token| ["on", "using", "natural"].iter().any(|word| token.is(word));
        let Some(targets) = self.targets.as_ref().filter(|targets| targets.len() > 1) else { return false };
        let asked = || self.conditions.iter().copied().flatten().filter_map(Token::name);
        !self.tables.iter().any(is_joined)
            && !targets.iter().all(|target| asked().any(|name| same_word(name, target)))
    }

    /// Every name in the place of a table.
    pub(super) fn named(&self) -> Vec<String> {
        self.tables.iter().filter_map(Token::name).map(str::to_owned).collect()
    }
}

/// The tables of a join. Adds the join conditions that leave out records to `conditions`.
fn factors<'t>(tokens: &'t [Token], conditions: &mut Vec<&'t [Token]>) -> Option<Vec<Factor>> {
    const JOINS: [&str; 8] = ["join", "inner", "cross", "left", "right", "outer", "natural", "straight_join"];
    let mut factors = Vec::new();
    let (mut at, mut is_outer) = (0, false);
    let is_mark = |at: usize, mark: char| tokens.get(at).is_some_and(|token| token.is_mark(mark));
    let is_word = |at: usize, words: &[&str]| {
        tokens.get(at).is_some_and(|token| words.iter().any(|word| token.is(word)))
    };
    // `left(…)` is a function.
    let is_join =
        |at: usize| is_word(at, &JOINS) && !(is_word(at, &["left", "right"]) && is_mark(at + 1, '('));
    loop {
        let mut factor = Factor::default();
        if is_mark(at, '(') {
            is_word(at + 1, &["select", "with"]).then_some(())?;
            at = after_parentheses(tokens, at)?;
        } else {
            tokens.get(at)?.name()?.clone_into(&mut factor.name);
            at += 1;
            if is_mark(at, '.') {
                factor.schema = Some(std::mem::take(&mut factor.name));
                tokens.get(at + 1)?.name()?.clone_into(&mut factor.name);
                at += 2;
            }
        }
        at += usize::from(is_word(at, &["as"]));
        if at < tokens.len() && !is_join(at) && !is_mark(at, ',') && !is_word(at, &["on", "using"]) {
            factor.alias = Some(tokens[at].name()?.to_owned());
            at += 1;
        }
        factors.push(factor);
        if is_word(at, &["on"]) {
            let end = (at..tokens.len()).find(|end| {
                let is_open = tokens[at..*end].iter().fold(0_i32, |depth, token| {
                    depth + i32::from(token.is_mark('(')) - i32::from(token.is_mark(')'))
                });
                is_open == 0 && (is_join(*end) || is_mark(*end, ','))
            });
            let end = end.unwrap_or(tokens.len());
            if !is_outer {
                conditions.push(&tokens[at + 1..end]);
            }
            at = end;
        } else if is_word(at, &["using"]) {
            at = after_parentheses(tokens, at + 1)?;
        }
        if at == tokens.len() {
            return Some(factors);
        }
        is_outer = false;
        if is_mark(at, ',') {
            at += 1;
        } else {
            is_join(at).then_some(())?;
            while is_word(at, &JOINS) {
                is_outer |= is_word(at, &["left", "right", "natural"]);
                at += 1;
            }
        }
    }
}

/// The place after the parentheses that open here.
fn after_parentheses(tokens: &[Token], at: usize) -> Option<usize> {
    inside(tokens, at).map(|within| at + within.len() + 2)
}
