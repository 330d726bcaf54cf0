//! What the text of a routine tells: whether it writes, whether it commits, what it touches.
//!
//! It is not parsed, only read word by word, so every answer errs towards "it may write".

use std::collections::{HashMap, HashSet};

use beds_core::inspect::{Routine, RoutineKind};

use super::tokens::{Token, tokens};

/// A statement that changes records: the word that begins it, and the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) verb: &'static str,
    pub(super) table: String,
}

/// What a routine does.
#[derive(Debug, Clone, Default)]
pub(super) struct Deeds {
    /// Statements that change records.
    pub(super) changes: Vec<Change>,
    /// Other words that write, or that may.
    pub(super) others: Vec<String>,
    /// Whether it ends a transaction by itself.
    pub(super) commits: bool,
    /// Every name in it, in lower case.
    pub(super) names: Vec<String>,
    tokens: Vec<Token>,
}

impl Deeds {
    pub(super) fn writes(&self) -> bool {
        !self.changes.is_empty() || !self.others.is_empty() || self.commits
    }

    /// Whether its only result set is the number that the database has just given.
    pub(super) fn selects_new_id(&self) -> bool {
        let selects: Vec<usize> = (0..self.tokens.len()).filter(|at| self.tokens[*at].is("select")).collect();
        let [at] = selects.as_slice() else { return false };
        let follows = |offset: usize, token: &Token| self.tokens.get(at + offset) == Some(token);
        follows(1, &Token::Word("last_insert_id".into()))
            && follows(2, &Token::Mark('('))
            && follows(3, &Token::Mark(')'))
            && !self.tokens[at + 4..]
                .iter()
                .take_while(|token| **token != Token::Mark(';'))
                .any(|token| token.is("into"))
    }

    /// Whether it adds one to a column: `version = version + 1`.
    pub(super) fn counts(&self, column: &str) -> bool {
        let column = column.to_lowercase();
        let is = |token: &Token| token.name().is_some_and(|name| name.to_lowercase() == column);
        self.tokens.windows(5).any(|five| {
            is(&five[0])
                && five[1] == Token::Mark('=')
                && is(&five[2])
                && five[3] == Token::Mark('+')
                && five[4].is("1")
        })
    }

    /// Whether it asks if a name is null, so that null means something for it.
    pub(super) fn asks_null(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let is_name = |token: &Token| token.name().is_some_and(|text| text.to_lowercase() == name);
        self.tokens.windows(3).any(|three| {
            (is_name(&three[0]) && three[1].is("is") && (three[2].is("null") || three[2].is("not")))
                || (["ifnull", "coalesce", "nvl"].iter().any(|function| three[0].is(function))
                    && three[1] == Token::Mark('(')
                    && is_name(&three[2]))
        })
    }
}

/// What a text does.
pub(super) fn deeds(body: &str) -> Deeds {
    let tokens = tokens(body);
    let mut deeds = Deeds::default();
    for (at, token) in tokens.iter().enumerate() {
        deeds.names.extend(token.name().map(str::to_lowercase));
        if *token == Token::Unended {
            deeds.others.push("a text that does not end".into());
        }
        let Token::Word(word) = token else { continue };
        let after = |offset: usize| tokens.get(at + offset);
        // `insert(…)`, `replace(…)` and `truncate(…)` are functions too.
        let is_call = after(1) == Some(&Token::Mark('('));
        let next = |word: &str| after(1).is_some_and(|token| token.is(word));
        let before = |word: &str| at > 0 && tokens[at - 1].is(word);
        match word.as_str() {
            "insert" | "replace" | "update" | "delete" if is_call && word != "delete" => {}
            // `on duplicate key update`, `for update`: the first belongs to an insert, the second locks.
            "update" if before("key") => {}
            "update" if before("for") => deeds.others.push("for update".into()),
            "insert" => deeds.changes.push(change("insert", &tokens[at + 1..])),
            "replace" => deeds.changes.push(change("replace", &tokens[at + 1..])),
            "update" => deeds.changes.push(change("update", &tokens[at + 1..])),
            "delete" => deeds.changes.push(change("delete", &tokens[at + 1..])),
            "commit" | "autocommit" | "alter" | "rename" | "grant" | "revoke" | "analyze" | "optimize" => {
                deeds.commits = true;
            }
            "rollback" if !next("to") => deeds.commits = true,
            "start" if next("transaction") => deeds.commits = true,
            "begin" if next("work") => deeds.commits = true,
            "truncate" if !is_call => deeds.commits = true,
            "create" | "drop" => {
                deeds.others.push(word.clone());
                deeds.commits |= !next("temporary") && !next("prepare");
            }
            "lock" if next("tables") || next("table") => deeds.commits = true,
            "prepare" | "execute" | "outfile" | "dumpfile" | "nextval" | "setval" | "load" => {
                deeds.others.push(word.clone());
            }
            "next" if next("value") => deeds.others.push("next value".into()),
            _ => {}
        }
    }
    deeds.tokens = tokens;
    deeds
}

/// The table of a change: the first name after the words that may stand before it.
fn change(verb: &'static str, rest: &[Token]) -> Change {
    const BEFORE: &[&str] = &["into", "from", "ignore", "low_priority", "delayed", "high_priority", "quick"];
    let mut names = rest.iter().skip_while(|token| BEFORE.iter().any(|word| token.is(word)));
    let first = names.next().and_then(Token::name).unwrap_or_default().to_lowercase();
    // `schema.table`
    let table = match (names.next(), names.next()) {
        (Some(Token::Mark('.')), Some(second)) => second.name().unwrap_or_default().to_lowercase(),
        _ => first,
    };
    Change { verb, table }
}

/// What all routines of a database do, with what they call.
#[derive(Debug, Default)]
pub(super) struct AllDeeds(HashMap<(RoutineKind, String), Option<Deeds>>);

impl AllDeeds {
    pub(super) fn of(routines: &[Routine]) -> Self {
        let deeds = |routine: &Routine| routine.body.as_deref().map(deeds);
        Self(
            routines
                .iter()
                .map(|routine| ((routine.kind, routine.name.to_lowercase()), deeds(routine)))
                .collect(),
        )
    }

    /// What a routine itself does; `None` where its text cannot be seen.
    pub(super) fn own(&self, routine: &Routine) -> Option<&Deeds> {
        self.0.get(&(routine.kind, routine.name.to_lowercase())).and_then(Option::as_ref)
    }

    /// Whether a routine, or one that it names, writes, and whether it commits; `None` where that cannot be seen.
    pub(super) fn with_called(&self, routine: &Routine) -> Option<(bool, bool)> {
        let (mut writes, mut commits) = (false, false);
        let mut seen: HashSet<(RoutineKind, String)> = HashSet::new();
        let mut open = vec![(routine.kind, routine.name.to_lowercase())];
        while let Some(key) = open.pop() {
            if !seen.insert(key.clone()) {
                continue;
            }
            let deeds = self.0.get(&key)?.as_ref()?;
            writes |= deeds.writes();
            commits |= deeds.commits;
            for name in &deeds.names {
                for kind in [RoutineKind::Procedure, RoutineKind::Function] {
                    let key = (kind, name.clone());
                    if self.0.contains_key(&key) {
                        open.push(key);
                    }
                }
            }
            // A procedure of another database.
            let calls: Vec<usize> =
                (0..deeds.tokens.len()).filter(|at| deeds.tokens[*at].is("call")).collect();
            for at in calls {
                let called =
                    deeds.tokens.get(at + 1).and_then(Token::name).map(str::to_lowercase).unwrap_or_default();
                let is_elsewhere = deeds.tokens.get(at + 2) == Some(&Token::Mark('.'));
                writes |= is_elsewhere || !self.0.contains_key(&(RoutineKind::Procedure, called));
            }
        }
        Some((writes, commits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_word_by_word() {
        let read = deeds(
            "begin -- insert into x\n select replace(a, 'delete', \"x\"), `update` from t /* drop */; end",
        );
        assert!(!read.writes(), "{read:?}");
        let insert = deeds(
            "begin insert into `shop`.`Order Details` (a) values (1); select last_insert_id() as id; end",
        );
        assert_eq!(insert.changes, [Change { verb: "insert", table: "order details".into() }]);
        assert!(insert.selects_new_id() && !insert.commits);
        let transaction = deeds("begin start transaction; update t set a = 1; commit; end");
        assert!(transaction.commits);
        assert!(deeds("begin select 1 from t for update; end").writes());
        assert!(
            deeds("begin insert into t (a) values (1) on duplicate key update a = 2; end").changes.len() == 1
        );
        for writes in [
            "begin /*M!100100 delete from t; */ end",
            "begin select 5--5; update t set a = 1; end",
            // In another SQL mode a string ends after `\\`: what follows cannot be seen, and may write.
            "begin select '\\'; delete from t; end",
        ] {
            assert!(deeds(writes).writes(), "{writes}");
        }
        assert!(deeds("begin set @@autocommit = 1; end").commits);
        assert!(deeds("if p_from is null then set p_from = curdate(); end if").asks_null("p_from"));
    }
}
