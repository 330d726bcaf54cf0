//! The tables and procedures that the text of a routine names.

use super::Token;

/// How a routine uses a table, as the privilege that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Select,
    Insert,
    Update,
    Delete,
    /// The routine calls it.
    Execute,
}

impl Need {
    /// Whether the routine changes the table.
    pub(crate) const fn writes(self) -> bool {
        matches!(self, Self::Insert | Self::Update | Self::Delete)
    }

    /// The privilege, as the engine names it.
    pub(crate) const fn privilege(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Execute => "EXECUTE",
        }
    }
}

/// A table or a procedure that a routine names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
    pub(crate) need: Need,
}

/// The names at places where a table or a procedure must stand. Names that the text defines itself are left out:
/// temporary tables, cursors, common table expressions.
pub(crate) fn uses(tokens: &[Token]) -> Vec<Use> {
    let made = made(tokens);
    let mut finder = Finder { tokens, found: Vec::new() };
    // The word before each open parenthesis.
    let mut open: Vec<usize> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(') => open.push(at),
            Token::Mark(')') => {
                open.pop();
            }
            Token::Word(word) => {
                let function = open.last().and_then(|at| at.checked_sub(1)).map(|at| &tokens[at]);
                finder.word(&word.to_ascii_lowercase(), at, function);
            }
            Token::Name(_) | Token::Text(_) | Token::Mark(_) | Token::Unended => {}
        }
    }
    finder.found.retain(|found| {
        found.schema.is_some() || !(made.contains(&found.name.to_lowercase()) || is_virtual(&found.name))
    });
    finder.found
}

/// Words that stand before an expression.
const BEFORE_VALUES: [&str; 24] = [
    "and", "between", "by", "case", "distinct", "div", "do", "else", "elseif", "having", "if", "in", "like",
    "mod", "not", "or", "return", "select", "then", "until", "when", "where", "while", "xor",
];

/// The names at places where a function of this database must stand: before a parenthesis, and after a token that only
/// an expression follows.
pub(crate) fn functions(tokens: &[Token]) -> Vec<String> {
    let made = made(tokens);
    let is_value = |before: &Token| match before {
        Token::Mark(mark) => {
            matches!(mark, '=' | '(' | ',' | '+' | '-' | '*' | '/' | '<' | '>' | '!' | '|' | '&')
        }
        Token::Word(word) => BEFORE_VALUES.iter().any(|known| word.eq_ignore_ascii_case(known)),
        Token::Name(_) | Token::Text(_) | Token::Unended => false,
    };
    let called = tokens.windows(3).filter(|three| three[2].is_mark('(') && is_value(&three[0]));
    let names = called.filter_map(|three| three[1].name());
    names.filter(|name| !made.contains(&name.to_lowercase())).map(str::to_owned).collect()
}

/// A name that can be selected from without a table: `dual`, and the numbers of the engine Sequence.
fn is_virtual(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "dual" || (name.starts_with("seq_") && name.contains("_to_"))
}

/// The names that a text defines itself, in lower case.
fn made(tokens: &[Token]) -> Vec<String> {
    let name = |at: usize| tokens.get(at).and_then(Token::name).map(str::to_lowercase);
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let mut made = Vec::new();
    for at in 0..tokens.len() {
        if is(at, "table") && (1..5).any(|back| at >= back && is(at - back, "create")) {
            let skipped = if is(at + 1, "if") { 4 } else { 1 };
            made.extend(name(at + skipped));
        }
        if is(at, "cursor") && at > 0 {
            made.extend(name(at - 1));
        }
        // `with name as (` and `, name as (`, with or without columns.
        if is(at, "as") && at > 0 && tokens.get(at + 1).is_some_and(|token| token.is_mark('(')) {
            made.extend(name(at - 1));
            if tokens[at - 1].is_mark(')') {
                let open = tokens[..at].iter().rposition(|token| token.is_mark('('));
                made.extend(open.and_then(|open| name(open.checked_sub(1)?)));
            }
        }
    }
    made
}

struct Finder<'t> {
    tokens: &'t [Token],
    found: Vec<Use>,
}

impl Finder<'_> {
    fn word(&mut self, word: &str, at: usize, function: Option<&Token>) {
        const OF_VALUES: &[&str] = &["extract", "trim", "substring", "substr", "mid", "overlay"];
        let before = |words: &[&str]| {
            at.checked_sub(1).is_some_and(|before| words.iter().any(|word| self.tokens[before].is(word)))
        };
        let is_called = self.tokens.get(at + 1).is_some_and(|token| token.is_mark('('));
        match word {
            "from" if before(&["fetch", "next"]) => {}
            // `prepare statement from variable`
            "from" if at >= 2 && self.tokens[at - 2].is("prepare") => {}
            // `create or replace table`
            "replace" if before(&["or"]) => {}
            "from" if function.is_some_and(|function| OF_VALUES.iter().any(|word| function.is(word))) => {}
            "from" if before(&["delete", "ignore", "quick", "low_priority", "history"]) => {
                match self.targets(at + 1, "using") {
                    Some(using) => self.delete(at + 1, using),
                    None => self.list(at + 1, Need::Delete),
                }
            }
            "from" | "join" | "straight_join" => self.list(at + 1, Need::Select),
            "delete" => {
                let targets = self.skip(at + 1);
                if let Some(from) = self.targets(targets, "from") {
                    self.delete(targets, from);
                }
            }
            "insert" | "replace" if !is_called => self.one(self.skip(at + 1), Need::Insert),
            "update" if !is_called && !before(&["key", "for", "on"]) => {
                self.one(self.skip(at + 1), Need::Update);
            }
            "truncate" if !is_called => {
                let skipped = usize::from(self.tokens.get(at + 1).is_some_and(|token| token.is("table")));
                self.one(at + 1 + skipped, Need::Delete);
            }
            "call" => self.one(at + 1, Need::Execute),
            _ => {}
        }
    }

    /// The place of the word after a list of names, if it is this word.
    fn targets(&self, from: usize, word: &str) -> Option<usize> {
        let is_of_list =
            |token: &&Token| token.name().is_some() || matches!(token, Token::Mark('.' | ',' | '*'));
        let is_end = |token: &&Token| token.is("from") || token.is("using");
        let list = self.tokens[from.min(self.tokens.len())..].iter();
        let end = from + list.take_while(|token| is_of_list(token) && !is_end(token)).count();
        (end > from && self.tokens.get(end)?.is(word)).then_some(end)
    }

    /// A delete from several tables: the targets may be aliases of tables after `from` or `using`.
    fn delete(&mut self, targets: usize, tables: usize) {
        if self.tokens[tables].is("using") {
            self.list(tables + 1, Need::Select);
        }
        for target in self.tokens[targets..tables].split(|token| token.is_mark(',')) {
            let names: Vec<&str> = target.iter().filter_map(Token::name).collect();
            let table = match names[..] {
                [alias] => self.aliased(alias, tables + 1),
                _ => None,
            };
            let written = names.split_last().map(|(name, schema)| {
                (schema.first().map(|schema| (*schema).to_owned()), (*name).to_owned())
            });
            if let Some((schema, name)) = table.or(written) {
                self.found.push(Use { schema, name, need: Need::Delete });
            }
        }
    }

    /// The table, with its schema, that has this alias in a list of tables.
    fn aliased(&self, alias: &str, from: usize) -> Option<(Option<String>, String)> {
        let name = |at: usize| self.tokens.get(at).and_then(Token::name).map(str::to_owned);
        let is_mark = |at: usize, mark: char| self.tokens.get(at).is_some_and(|token| token.is_mark(mark));
        let is_end = |token: &&Token| token.is("where") || token.is_mark(';');
        let end = from + self.tokens[from..].iter().take_while(|token| !is_end(token)).count();
        (from..end).find_map(|at| {
            let before = at.checked_sub(1).map(|before| &self.tokens[before]);
            let is_place = at == from
                || before.is_some_and(|token| {
                    token.is_mark(',') || token.is_mark('(') || token.is("join") || token.is("straight_join")
                });
            if !is_place {
                return None;
            }
            let has_schema = is_mark(at + 1, '.');
            let table = if has_schema { at + 2 } else { at };
            let named = table + if self.tokens.get(table + 1)?.is("as") { 2 } else { 1 };
            let is_alias = name(named).is_some_and(|name| name.eq_ignore_ascii_case(alias));
            if !is_alias {
                return None;
            }
            Some((if has_schema { name(at) } else { None }, name(table)?))
        })
    }

    /// Skips the words that may stand before a table.
    fn skip(&self, from: usize) -> usize {
        const BEFORE: &[&str] =
            &["into", "ignore", "low_priority", "delayed", "high_priority", "quick", "history"];
        let skipped = self.tokens[from.min(self.tokens.len())..]
            .iter()
            .take_while(|token| BEFORE.iter().any(|word| token.is(word)));
        from + skipped.count()
    }

    fn one(&mut self, at: usize, need: Need) {
        self.name(at, need);
    }

    /// A list of tables, with or without aliases.
    fn list(&mut self, from: usize, need: Need) {
        let mut at = from;
        loop {
            // A join in parentheses begins with a table. A query in parentheses is examined separately.
            while self.tokens.get(at).is_some_and(|token| token.is_mark('(')) {
                at += 1;
            }
            if ["select", "with", "values", "lateral"]
                .iter()
                .any(|word| self.tokens.get(at).is_some_and(|token| token.is(word)))
            {
                return;
            }
            let Some(after) = self.name(at, need) else { return };
            at = after;
            if self.tokens.get(at).is_some_and(|token| token.is("as")) {
                at += 1;
            }
            if self.tokens.get(at).and_then(Token::name).is_some()
                && self.tokens.get(at + 1).is_some_and(|token| token.is_mark(','))
            {
                at += 1;
            }
            if !self.tokens.get(at).is_some_and(|token| token.is_mark(',')) {
                return;
            }
            at += 1;
        }
    }

    /// `name` or `schema.name`; returns the place after it. A function that returns a table does not count.
    fn name(&mut self, at: usize, need: Need) -> Option<usize> {
        let name = |at: usize| self.tokens.get(at).and_then(Token::name).map(str::to_owned);
        let is_mark = |at: usize, mark: char| self.tokens.get(at).is_some_and(|token| token.is_mark(mark));
        let first = name(at).filter(|name| !name.starts_with('@'))?;
        let (schema, name, after) =
            if is_mark(at + 1, '.') { (Some(first), name(at + 2)?, at + 3) } else { (None, first, at + 1) };
        if need != Need::Execute && need != Need::Insert && is_mark(after, '(') {
            return None;
        }
        self.found.push(Use { schema, name, need });
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens;
    use super::*;
    use beds_core::inspect::SqlMode;

    fn shown(text: &str) -> String {
        let shown = |found: Use| {
            let schema = found.schema.map_or_else(String::new, |schema| format!("{schema}."));
            format!("{} {schema}{}", found.need.privilege(), found.name)
        };
        uses(&tokens(text, SqlMode::default())).into_iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn tables_are_told_from_what_looks_like_them() {
        let cases = [
            ("select a from t, `u v` as x, w join y on a = b", "SELECT t, SELECT u v, SELECT w, SELECT y"),
            ("select extract(year from d), trim(both 'x' from s) from t", "SELECT t"),
            (
                "declare c cursor for select a from t; open c; fetch c into v; fetch next from c into v;",
                "SELECT t",
            ),
            ("insert into a.t (x) select y from (select z from u) q", "INSERT a.t, SELECT u"),
            (
                "insert t set a = insert(b, 1, 1, 'c'); replace into r values (replace(a, b, c))",
                "INSERT t, INSERT r",
            ),
            ("insert into t (a) values (1) on duplicate key update a = 2", "INSERT t"),
            ("update t set a = 1; select a from t for update", "UPDATE t, SELECT t"),
            ("delete from t where a = 1; truncate table u", "DELETE t, DELETE u"),
            ("delete from x using t as x where x.a = 1", "SELECT t, DELETE t"),
            (
                "delete from a, b using s.t a join u as b using (k) where a.k = 1",
                "SELECT s.t, DELETE s.t, DELETE u, SELECT u",
            ),
            ("delete x, u.* from t x left join u on x.a = u.a", "DELETE t, DELETE u, SELECT t, SELECT u"),
            (
                "delete t from t join u on t.a = u.a where exists (select 1 from w t)",
                "DELETE t, SELECT t, SELECT u, SELECT w",
            ),
            ("delete quick from t using t where a = 1", "SELECT t, DELETE t"),
            ("delete u from t join u on t.a = u.a and u.b = 1", "DELETE u, SELECT t, SELECT u"),
            ("delete history from t before system_time now()", "DELETE t"),
            ("with x as (select 1 from t), y (a) as (select 2) select * from x, y", "SELECT t"),
            ("create temporary table if not exists tmp (a int); select a from tmp", ""),
            ("create or replace table made (a int); insert into made values (1)", ""),
            ("prepare s from q; execute s; select a from t where b = 1 or replace(c, 1, 2) = 3", "SELECT t"),
            ("select a into v from dual; select seq from seq_1_to_10", ""),
            ("call p(1); call other.q()", "EXECUTE p, EXECUTE other.q"),
            (
                "select a from json_table(j, '$' columns (a int path '$')) x join (t join u)",
                "SELECT t, SELECT u",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
