//! What the text of a routine shows: whether it writes, whether it commits, which names it has.
//!
//! The text is not parsed, only read word by word. So every answer errs towards "it may write".

use std::collections::{HashMap, HashSet};

use beds_core::inspect::{Catalogue, Relation, Routine, RoutineKind, SqlMode, same_word};
use beds_protocol::shown;

use crate::routine::{Token, tokens};

/// What a routine does.
#[derive(Debug, Clone, Default)]
pub(super) struct Deeds {
    /// Words that write, or may write.
    pub(super) writes: Vec<String>,
    /// Whether the routine ends a transaction by itself.
    pub(super) commits: bool,
    tokens: Vec<Token>,
}

impl Deeds {
    pub(super) fn writes(&self) -> bool {
        !self.writes.is_empty() || self.commits
    }

    /// Every name in the text, as it is written.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(Token::name)
    }

    /// The names at a place where a relation may stand: quoted names, and words after those that take a relation. So a
    /// table called `select` is not found in every statement.
    pub(super) fn relations(&self) -> impl Iterator<Item = &str> {
        const BEFORE: [&str; 7] = ["from", "join", "into", "update", "table", "insert", "replace"];
        self.tokens.iter().enumerate().filter_map(|(at, token)| {
            let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
            let is_asked = before.is_some_and(|before| {
                before.is_mark(',') || before.is_mark('.') || BEFORE.iter().any(|word| before.is(word))
            });
            token.name().filter(|_| is_asked || matches!(token, Token::Name(_)))
        })
    }

    /// Whether these words follow each other in the text.
    pub(super) fn has(&self, words: [&str; 3]) -> bool {
        self.tokens.windows(3).any(|three| three.iter().zip(words).all(|(token, word)| token.is(word)))
    }

    /// Whether the text asks if a name is null, so that null has a meaning for it.
    pub(super) fn asks_null(&self, name: &str) -> bool {
        let is_name = |token: &Token| token.name().is_some_and(|text| same_word(text, name));
        self.tokens.windows(3).any(|three| {
            (is_name(&three[0]) && three[1].is("is") && (three[2].is("null") || three[2].is("not")))
                || (["ifnull", "coalesce", "nvl"].iter().any(|function| three[0].is(function))
                    && three[1].is_mark('(')
                    && is_name(&three[2]))
        })
    }

    /// The routines that the text calls with a schema: `schema.name(` and `call schema.name`.
    fn qualified(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tokens.windows(4).enumerate().filter_map(|(at, four)| {
            let (schema, name) = (four[0].name()?, four[2].name()?);
            let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
            let is_call = before.is_some_and(|token| token.is("call"));
            let is_table = before.is_some_and(|token| token.is("into") || token.is("insert"));
            let is_run = four[1].is_mark('.') && (is_call || (four[3].is_mark('(') && !is_table));
            is_run.then_some((schema, name))
        })
    }

    /// The procedures that the text calls by their bare names.
    fn called(&self) -> impl Iterator<Item = &str> {
        let is_bare = |at: usize| !self.tokens.get(at + 2).is_some_and(|token| token.is_mark('.'));
        (0..self.tokens.len())
            .filter(move |at| self.tokens[*at].is("call") && is_bare(*at))
            .filter_map(|at| self.tokens.get(at + 1).and_then(Token::name))
    }
}

/// What may follow `analyze` other than tables.
const ANALYZED: [&str; 7] = ["select", "insert", "replace", "update", "delete", "format", "with"];

/// What a text does.
pub(super) fn deeds(body: &str, mode: SqlMode) -> Deeds {
    let tokens = tokens(body, mode);
    let mut deeds = Deeds::default();
    for (at, token) in tokens.iter().enumerate() {
        if *token == Token::Unended {
            deeds.writes.push("a text that does not end".into());
        }
        let Token::Word(word) = token else { continue };
        let after = |offset: usize| tokens.get(at + offset);
        // `insert(…)`, `replace(…)` and `truncate(…)` are functions too.
        let is_call = after(1).is_some_and(|token| token.is_mark('('));
        let next = |word: &str| after(1).is_some_and(|token| token.is(word));
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let is_first = before.is_none_or(|token| {
            token.is_mark(';')
                || token.is_mark(':')
                || ["begin", "then", "else", "do", "loop", "repeat"].iter().any(|word| token.is(word))
        });
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            "insert" | "replace" | "update" if is_call => {}
            // `on duplicate key update` belongs to an insert. `for update` locks.
            "update" if before.is_some_and(|token| token.is("key")) => {}
            "insert" | "replace" | "update" | "delete" => deeds.writes.push(word),
            // Reading a setting changes nothing.
            "autocommit" | "global" if !is_set(&tokens, at) => {}
            // `analyze select` runs the statement and shows its plan.
            "analyze" if ANALYZED.iter().any(|verb| next(verb)) => {}
            "commit" | "autocommit" | "alter" | "rename" | "grant" | "revoke" | "analyze" | "optimize" => {
                deeds.commits = true;
            }
            "set" if is_first && (next("password") || next("default")) => deeds.commits = true,
            "rollback" if !next("to") => deeds.commits = true,
            "start" if next("transaction") => deeds.commits = true,
            "begin" if next("work") => deeds.commits = true,
            "truncate" if !is_call => deeds.commits = true,
            "create" if before.is_some_and(|token| token.is("show")) => {}
            "create" | "drop" => {
                deeds.writes.push(word);
                deeds.commits |= !next("temporary") && !next("prepare");
            }
            "lock" if next("tables") || next("table") => deeds.commits = true,
            "flush" | "reset" | "purge" | "install" | "uninstall" | "xa" | "cache" | "repair" if is_first => {
                deeds.commits = true;
            }
            "kill" | "shutdown" | "handler" if is_first => deeds.writes.push(word),
            "global" | "prepare" | "execute" | "outfile" | "dumpfile" | "nextval" | "setval" | "load" => {
                deeds.writes.push(word);
            }
            "next" if next("value") => deeds.writes.push("next value".into()),
            _ => {}
        }
    }
    deeds.tokens = tokens;
    deeds
}

/// Whether the word here stands in a `set` statement, as its target or its scope.
fn is_set(tokens: &[Token], at: usize) -> bool {
    const BEGINNINGS: [&str; 6] = ["begin", "then", "else", "do", "loop", "repeat"];
    let begins = |token: &Token| token.is_mark(';') || BEGINNINGS.iter().any(|word| token.is(word));
    let (before, after) = tokens.split_at(at);
    let start = before.iter().rposition(begins).map_or(0, |end| end + 1);
    let is_set = before.get(start..).is_some_and(|words| words.iter().any(|token| token.is("set")));
    let is_scope = after.first().is_some_and(|token| token.is("global"));
    is_set && (is_scope || after.get(1).is_some_and(|token| token.is_mark('=') || token.is_mark(':')))
}

/// What all routines of a database do, including the routines that they call.
#[derive(Debug)]
pub(crate) struct AllDeeds<'c> {
    pub(crate) catalogue: &'c Catalogue,
    known: HashMap<(RoutineKind, String), Option<Deeds>>,
}

impl<'c> AllDeeds<'c> {
    pub(crate) fn of(catalogue: &'c Catalogue) -> Self {
        let deeds = |routine: &Routine| routine.body.as_deref().map(|body| deeds(body, routine.mode));
        let known = catalogue
            .routines
            .iter()
            .map(|routine| ((routine.kind, routine.name.to_lowercase()), deeds(routine)))
            .collect();
        Self { catalogue, known }
    }

    /// What a routine itself does; `None` where its text cannot be seen.
    pub(super) fn own(&self, routine: &Routine) -> Option<&Deeds> {
        self.known.get(&(routine.kind, routine.name.to_lowercase())).and_then(Option::as_ref)
    }

    /// Whether the text of a routine, or of one that it runs, shows that it ends the transaction.
    pub(crate) fn commits_unsaid(&self, routine: &Routine) -> bool {
        routine.kind == RoutineKind::Procedure
            && self.with_called(routine).is_some_and(|(_, commits)| commits)
    }

    /// Whether the text of a routine, or of one that it runs, writes or may write.
    pub(crate) fn writes_unsaid(&self, routine: &Routine) -> bool {
        self.with_called(routine).is_some_and(|(writes, _)| writes)
    }

    /// Whether a routine, or one that it names, writes, and whether it commits; `None` if a text cannot be seen.
    pub(super) fn with_called(&self, routine: &Routine) -> Option<(bool, bool)> {
        let (mut writes, mut commits) = (false, false);
        let mut seen: HashSet<(RoutineKind, String)> = HashSet::new();
        let mut views: HashSet<&str> = HashSet::new();
        let mut open = vec![(routine.kind, routine.name.to_lowercase())];
        while let Some(key) = open.pop() {
            if !seen.insert(key.clone()) {
                continue;
            }
            let deeds = self.known.get(&key)?.as_ref()?;
            writes |= deeds.writes();
            commits |= deeds.commits;
            for name in deeds.names() {
                self.routines_named(name, &mut open);
                writes |= self.functions_of_view(name, &mut views, &mut open);
            }
            // A called routine that is unknown may do anything.
            let is_own = |schema: &str| self.catalogue.is_one_name(schema, &self.catalogue.database);
            let is_procedure = |name: &str| self.catalogue.routine(RoutineKind::Procedure, name).is_some();
            writes |= deeds.qualified().any(|(schema, _)| !is_own(schema));
            writes |= deeds.called().any(|name| !is_procedure(name));
        }
        Some((writes, commits))
    }

    /// The function that a view runs, directly or by another view, and that writes or may write. A fetch only reads, so
    /// it cannot read such a view.
    pub(crate) fn writer_of(&self, view: &Relation) -> Option<String> {
        if view.runs_elsewhere {
            return Some("a function of another database".to_owned());
        }
        let mut open = Vec::new();
        let mut views = HashSet::new();
        let is_elsewhere = self.functions_of_view(&view.name, &mut views, &mut open);
        let writes = |(kind, name): &(RoutineKind, String)| {
            let routine = self.catalogue.routine(*kind, name).filter(|_| *kind == RoutineKind::Function)?;
            // If the text is not visible, the declaration counts.
            let writes = self.with_called(routine).map_or(routine.declares_write, |(writes, _)| writes);
            writes.then(|| format!("the function {}", shown(&routine.name)))
        };
        let elsewhere = is_elsewhere.then(|| "a function of another database".to_owned());
        open.iter().find_map(writes).or(elsewhere)
    }

    fn routines_named(&self, name: &str, open: &mut Vec<(RoutineKind, String)>) {
        for kind in [RoutineKind::Procedure, RoutineKind::Function] {
            let key = (kind, name.to_lowercase());
            if self.known.contains_key(&key) {
                open.push(key);
            }
        }
    }

    /// Adds the functions that a view's definition runs. Whether one of them is of another database, and so unknown.
    fn functions_of_view<'s>(
        &'s self,
        name: &str,
        views: &mut HashSet<&'s str>,
        open: &mut Vec<(RoutineKind, String)>,
    ) -> bool {
        let Some(relation) = self.catalogue.relation_named(name) else { return false };
        if !views.insert(&relation.name) {
            return false;
        }
        relation.uses.iter().fold(relation.runs_elsewhere, |runs, used| {
            self.routines_named(used, open);
            self.functions_of_view(used, views, open) || runs
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deeds(body: &str) -> Deeds {
        super::deeds(body, SqlMode::default())
    }

    #[test]
    fn a_text_is_read_word_by_word() {
        let read = deeds(
            "begin -- insert into x\n select replace(a, 'delete', \"x\"), `update` from t /* drop */; end",
        );
        assert!(!read.writes(), "{read:?}");
        let transaction = deeds("begin start transaction; update t set a = 1; commit; end");
        assert!(transaction.commits);
        assert!(deeds("begin select 1 from t for update; end").writes());
        for writes in [
            "begin /*M!100100 delete from t; */ end",
            "begin select 5--5; update t set a = 1; end",
            // In another SQL mode a string ends after `\\`. The rest cannot be seen, and may write.
            "begin select '\\'; delete from t; end",
            "begin set global max_connections = 5; end",
            "begin kill 5; end",
        ] {
            assert!(deeds(writes).writes(), "{writes}");
        }
        for commits in [
            "begin set @@autocommit = 1; end",
            "begin set @was = @@autocommit, autocommit := 0; end",
            "if p_x then set session autocommit = 0; end if",
            "begin set password = ''; end",
            "begin if 1 then set default role r for u; end if; end",
            "begin analyze table t; end",
        ] {
            assert!(deeds(commits).commits, "{commits}");
        }
        for asks in [
            "begin select @@autocommit; end",
            "select @@autocommit = 1",
            "begin set p_on = @@autocommit; select @@global.max_connections; end",
            "begin if @@autocommit = 0 then select 1; end if; end",
            "show create table t",
            "begin show create procedure p; analyze select a from t; analyze format=json select a from t; end",
        ] {
            let asks = deeds(asks);
            assert!(!asks.writes() && !asks.commits, "{asks:?}");
        }
        let update = deeds("begin analyze update t set password = p_password; end");
        assert!(update.writes() && !update.commits, "{update:?}");
        assert!(deeds("if p_from is null then set p_from = curdate(); end if").asks_null("p_from"));
    }
}
