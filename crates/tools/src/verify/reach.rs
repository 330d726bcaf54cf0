//! Whether a procedure finds only the record of the key, as far as the statements of its text are plain.

use super::{Finding, Findings, Severity, base::Base, place};
use crate::{
    import::{self, Found, Reach},
    routine::{
        Token, Values, assignments, changes_duplicates, ignores, is_into, of_duplicates, statements, tokens,
    },
};
use beds_core::{
    inspect::{Catalogue, Column, Index, Routine, same_word},
    spec::{Object, Usage},
};
use beds_protocol::shown;

/// An operation, its procedure and its table.
struct Operation<'c> {
    usage: Usage,
    routine: &'c Routine,
    catalogue: &'c Catalogue,
    base: Base<'c>,
    /// The columns of the key.
    key: Vec<&'c Column>,
    /// The parameters that get the key, each with its column.
    passed: Vec<(&'c str, &'c Column)>,
}

/// The value that a column of the key is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared<'w> {
    /// Its own parameter. Or no parameter gets the column, so nothing can be wrong.
    Own,
    /// A parameter that gets another field.
    Other(&'w str),
    Constant,
    Not,
}

/// How likely it is that a statement finds other records, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    Certain,
    Likely,
    /// The condition is none of the few that prove the record.
    Unproved,
    /// It compares the key with what a function makes of the parameter, such as `unhex(p_id)`: one record at most.
    Converted,
}

/// Reports a create, update, upsert or delete whose text finds other records than that of the key, or whose condition
/// does not prove that it finds this record alone.
pub(super) fn check(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    if matches!(object.usage, Usage::Read | Usage::Call(_)) {
        return;
    }
    let domain = findings.domain;
    let Some(base) = Base::behind(domain, catalogue) else { return };
    let column = |index: &usize| base.column(domain.fields[*index].column);
    let key: Vec<&Column> = domain.key.iter().filter_map(column).collect();
    if key.len() != domain.key.len() {
        return;
    }
    let arguments = object.of_fields(&routine.parameters).zip(object.args);
    let of_key = arguments.filter(|(_, index)| domain.key.contains(index));
    let passed = of_key.filter_map(|(parameter, index)| Some((parameter.name.as_str(), column(index)?)));
    let passed = passed.collect();
    let operation = Operation { usage: object.usage, routine, catalogue, base, key, passed };
    operation.inserts(findings);
    operation.finds(findings);
    operation.renames(findings);
    operation.moves(findings);
}

impl Operation<'_> {
    /// Inserts that affect existing records.
    fn inserts(&self, findings: &mut Findings<'_>) {
        let Some(body) = self.routine.body.as_deref() else { return };
        let tokens = tokens(body, self.routine.mode);
        let (routine, table) = (shown(&self.routine.name), shown(&self.base.table.name));
        let is_new = self.usage == Usage::Create;
        let of_table = statements(&tokens).into_iter();
        for statement in
            of_table.filter(|statement| is_into(statement, &self.base.table.name, self.catalogue))
        {
            let is = |verb: &str| statement.first().is_some_and(|token| token.is(verb));
            if self.usage == Usage::Update && is("insert") {
                let why = if changes_duplicates(statement) {
                    "its insert has `on duplicate key update`"
                } else {
                    "it inserts as well"
                };
                let message = format!(
                    "{routine} creates the record of {table} that it does not find, and the answer is `ok`: {why}"
                );
                self.report(
                    Severity::Warning,
                    message,
                    "let it be an `update`; an object that may create a record belongs under objects.upsert",
                    findings,
                );
            }
            if is("insert") {
                self.overwrites(statement, findings);
                self.multiplies(statement, findings);
            }
            let what = if is("replace") && self.usage != Usage::Upsert {
                "its `replace` deletes each record of the same key"
            } else if is("replace") && self.finds_others().is_some() {
                "its `replace` deletes each record that has one of the same unique values, whatever its key is"
            } else if is_new && is("update") && tokens.iter().any(|token| token.is("handler")) {
                let message = format!(
                    "{routine} may change a record of {table} that is there already: it has a handler, and an `update`"
                );
                self.report(
                    Severity::Warning,
                    message,
                    "let it insert only, so that a duplicate is a conflict",
                    findings,
                );
                continue;
            } else if is_new && changes_duplicates(statement) {
                "its `on duplicate key update` changes the record of the same key"
            } else if !is("delete") && ignores(statement) {
                "its `ignore` changes values that do not fit, and skips what is refused"
            } else if is_new && is("delete") {
                let message =
                    format!("{routine} creates records of {table}, but its `delete` may find others");
                self.report(Severity::Warning, message, "let it insert only", findings);
                continue;
            } else {
                continue;
            };
            let hint = match self.usage {
                Usage::Create => {
                    "let it be a plain `insert`, so that a duplicate is a conflict; an object that may change a \
                     record belongs under objects.upsert"
                }
                _ => "let it be a plain statement, so that what does not fit is refused",
            };
            let message = format!("{routine} does more to {table} than its answer says: {what}");
            self.report(Severity::Error, message, hint, findings);
        }
    }

    /// An upsert that changes a record which another index than that of the key finds.
    fn overwrites(&self, statement: &[Token], findings: &mut Findings<'_>) {
        let duplicates = of_duplicates(statement).filter(|_| self.usage == Usage::Upsert);
        let Some(duplicates) = duplicates else { return };
        let Some(index) = self.finds_others().filter(|_| !self.is_guarded(duplicates)) else { return };
        let message = format!(
            "{} may change another record of {} than that of the key: its `on duplicate key update` finds records by the unique \
             index {} as well",
            shown(&self.routine.name),
            shown(&self.base.table.name),
            shown(&index.name)
        );
        let hint = "change a record only where the key is the same, `column = if(key = parameter, …, column)`, and \
             refuse others; `beds ddl` writes it so";
        self.report(Severity::Warning, message, hint, findings);
    }

    /// A create or an upsert of more than one record.
    fn multiplies(&self, statement: &[Token], findings: &mut Findings<'_>) {
        if matches!(self.usage, Usage::Create | Usage::Upsert)
            && statement.iter().any(|token| token.is("union"))
        {
            let (routine, table) = (shown(&self.routine.name), shown(&self.base.table.name));
            let message =
                format!("{routine} may create several records of {table}: its insert has a `union`");
            let hint = "let it insert the one record of its parameters";
            self.report(Severity::Warning, message, hint, findings);
        }
    }

    /// A unique index under which a record with another key is a duplicate.
    fn finds_others(&self) -> Option<&Index> {
        let is_of_key = |index: &&Index| {
            let has = |column: &&Column| index.columns.iter().any(|name| same_word(name, &column.name));
            index.whole && self.key.iter().all(has)
        };
        self.base.table.indexes.iter().filter(|index| index.unique).find(|index| !is_of_key(index))
    }

    /// Whether the changes of a duplicate depend on the key: each of them mentions the parameters of the key.
    fn is_guarded(&self, duplicates: &[Token]) -> bool {
        let is_itself = |column: &str, value: &[Token]| {
            value.last().and_then(Token::name).is_some_and(|name| same_word(name, column))
        };
        let mentions = |value: &[Token], parameter: &str| {
            value.iter().filter_map(Token::name).any(|name| same_word(name, parameter))
        };
        let is_of_key = |name: &str| self.key.iter().any(|column| same_word(&column.name, name));
        assignments(duplicates, &[]).iter().all(|set| {
            let compares = set.value.iter().any(|token| token.is_mark('='));
            (set.value.len() <= 3 && is_itself(&set.column, set.value))
                || (compares
                    && !is_of_key(&set.column)
                    && self.passed.iter().all(|(parameter, _)| mentions(set.value, parameter)))
        })
    }

    fn report(&self, severity: Severity, message: String, hint: &str, findings: &mut Findings<'_>) {
        findings.push(severity, place(self.usage), message).hint(hint);
    }

    /// Updates and deletes that find other records.
    fn finds(&self, findings: &mut Findings<'_>) {
        let reaches = import::reaches(self.routine, self.catalogue).into_iter();
        let of_table =
            reaches.filter(|reach| self.catalogue.is_one_name(&reach.table, &self.base.table.name));
        for reach in of_table {
            let Some((doubt, why)) = self.too_far(&reach) else { continue };
            let routine = shown(&self.routine.name);
            let does = if reach.deletes { "deletes" } else { "changes" };
            let message = match &reach.ways {
                _ if matches!(doubt, Doubt::Unproved | Doubt::Converted) => {
                    format!("it is not proved that {routine} {does} only the record of the key: {why}")
                }
                None if !reach.is_crossed => format!("{routine} {does} all records: {why}"),
                _ => format!("{routine} {does} other records than that of the key: {why}"),
            };
            // If the operation is known to be wrong, no proof is needed.
            let is_wrong =
                |finding: &Finding| finding.severity == Severity::Error && finding.place == place(self.usage);
            if findings.has(&place(self.usage), &message)
                || (doubt >= Doubt::Unproved && findings.list.iter().any(is_wrong))
            {
                continue;
            }
            let names: Vec<String> = self.key.iter().map(|column| shown(&column.name)).collect();
            let hint = format!(
                "let it find the record by `=` with a parameter for each column of the key: {}; an object for several \
                 records must be a call",
                names.join(", ")
            );
            let severity = match doubt {
                Doubt::Certain => Severity::Error,
                Doubt::Likely | Doubt::Unproved => Severity::Warning,
                Doubt::Converted => Severity::Note,
            };
            self.report(severity, message, &hint, findings);
        }
    }

    /// Why a statement finds other records; the most severe reason.
    fn too_far(&self, reach: &Reach) -> Option<(Doubt, String)> {
        if reach.is_crossed {
            return Some((Doubt::Likely, "it joins tables on a condition that is always true".into()));
        }
        let Some(ways) = &reach.ways else {
            return Some((Doubt::Certain, "its statement has no condition".into()));
        };
        ways.iter().filter_map(|way| self.too_wide(way)).min_by_key(|(doubt, _)| *doubt)
    }

    /// The value that an alternative compares a column of the key with, by `=`.
    fn compared<'w>(&self, way: &'w Found, column: &Column) -> Compared<'w> {
        if !way.equal.iter().any(|name| same_word(name, &column.name)) {
            return Compared::Not;
        }
        let Some((own, _)) = self.passed.iter().find(|(_, of)| of.name == column.name) else {
            return Compared::Own;
        };
        let mut given = way.given.iter().filter(|(name, _)| same_word(name, &column.name));
        match given.clone().find(|(_, parameter)| same_word(parameter, own)) {
            Some(_) => Compared::Own,
            None => given.next().map_or(Compared::Constant, |(_, parameter)| Compared::Other(parameter)),
        }
    }

    /// Why an alternative finds other records.
    fn too_wide(&self, way: &Found) -> Option<(Doubt, String)> {
        let is_named = |names: &[String], column: &str| names.iter().any(|name| same_word(name, column));
        // At most one record has these values, and that record has the key. The value of another field proves this only
        // in a create, where the record has just been made: otherwise the value is a new one.
        let is_one = |index: &Index| {
            index.unique
                && index.whole
                && index.columns.iter().all(|column| {
                    match self.key.iter().find(|key| same_word(&key.name, column)) {
                        Some(key) => self.compared(way, key) == Compared::Own,
                        None => self.usage == Usage::Create && is_named(&way.equal, column),
                    }
                })
        };
        // The key is never null.
        let is_never = self.passed.iter().any(|(parameter, _)| is_named(&way.nulls, parameter));
        if is_never || self.base.table.indexes.iter().any(is_one) {
            return None;
        }
        if way.is_unread {
            return Some((Doubt::Unproved, "its condition was not understood".into()));
        }
        for column in &self.key {
            if let Compared::Other(parameter) = self.compared(way, column) {
                let (column, parameter) = (shown(&column.name), shown(parameter));
                return Some((
                    Doubt::Certain,
                    format!(
                        "it compares {column} with {parameter}, which is the parameter of something else"
                    ),
                ));
            }
        }
        let open = self.key.iter().filter(|column| self.compared(way, column) != Compared::Own);
        open.map(|column| self.open(way, &column.name)).min_by_key(|(doubt, _)| *doubt)
    }

    /// What an alternative says about a column of the key that it does not compare with its own parameter.
    fn open(&self, way: &Found, name: &str) -> (Doubt, String) {
        let is_named = |names: &[String]| names.iter().any(|other| same_word(other, name));
        let own = self.passed.iter().find(|(_, of)| of.name == name).map(|(parameter, _)| *parameter);
        let mut made = way.made.iter().filter(|(column, _)| same_word(column, name)).peekable();
        let is_made = made.peek().is_some();
        let is_own = |of: &String| own.is_some_and(|own| same_word(of, own));
        let is_of_own =
            |of: &Option<Vec<String>>| of.as_ref().is_some_and(|of| !of.is_empty() && of.iter().all(is_own));
        let mut is_doubtful = false;
        let mut is_converted = is_named(&way.converted);
        for (_, of) in made {
            // The value may be made of its own parameter by a function that keeps keys distinct.
            is_doubtful |= of.as_ref().is_none_or(|of| of.iter().any(is_own));
            is_converted &= is_of_own(of);
        }
        let column = shown(name);
        if let Some(parameter) = way.hidden.iter().find(|hidden| same_word(hidden, name)) {
            (Doubt::Certain, format!("its {} is the parameter on both sides", shown(parameter)))
        } else if !way.is_bound {
            (Doubt::Certain, format!("its condition is always true: it does not compare {column}"))
        } else if is_doubtful && is_converted {
            (Doubt::Converted, format!("it compares {column} with what a function makes of its parameter"))
        } else if is_doubtful {
            (Doubt::Unproved, format!("it compares {column} with something else than a parameter"))
        } else if is_made || is_named(&way.computed) {
            (Doubt::Likely, format!("it compares {column} with something that is computed"))
        } else if is_named(&way.equal) {
            (Doubt::Likely, format!("it compares {column} with a constant"))
        } else if is_named(&way.ordered) {
            (Doubt::Certain, format!("it compares {column} by something else than `=`"))
        } else if is_named(&way.compared) {
            (Doubt::Likely, format!("it compares {column} by something else than `=`"))
        } else {
            (Doubt::Likely, format!("it does not compare {column}"))
        }
    }

    /// A statement that changes a record and gives it another key.
    fn renames(&self, findings: &mut Findings<'_>) {
        let is_judged = matches!(self.usage, Usage::Update | Usage::Upsert | Usage::Delete);
        let Some(body) = self.routine.body.as_deref().filter(|_| is_judged) else { return };
        let tokens = tokens(body, self.routine.mode);
        let parameters = self.routine.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let of_table: Vec<&str> = self.base.table.columns.iter().map(|column| column.name.as_str()).collect();
        let values = Values::of(&tokens, parameters, &of_table);
        for stored in &values.all {
            let column = self.key.iter().find(|column| same_word(&column.name, &stored.column));
            let is_change = stored.changes() && stored.is_into(&self.base.table.name, self.catalogue);
            let Some(column) = column.filter(|_| is_change) else { continue };
            let value = values.given(stored);
            let is_passed = |(parameter, of): &(&str, &Column)| {
                of.name == column.name
                    && value.len() == 1
                    && values.sole(value).is_some_and(|name| same_word(name, parameter))
            };
            if self.passed.iter().any(is_passed) || values.is_column(value, &column.name) {
                continue;
            }
            let is_constant = |token: &Token| token.is_number() || token.is_text();
            let is_proved = matches!(value, [token] if is_constant(token) || values.sole(value).is_some());
            let severity = if is_proved { Severity::Error } else { Severity::Warning };
            let message = format!(
                "{} gives its record another key: it sets {} to something else than its parameter",
                shown(&self.routine.name),
                shown(&column.name)
            );
            self.report(severity, message, "let it leave the key as it is", findings);
        }
    }

    /// An update that does not set a column of the key which the server then sets to the current time.
    fn moves(&self, findings: &mut Findings<'_>) {
        let Some(body) = self.routine.body.as_deref() else { return };
        let tokens = tokens(body, self.routine.mode);
        let of_table = statements(&tokens).into_iter();
        for statement in
            of_table.filter(|statement| is_into(statement, &self.base.table.name, self.catalogue))
        {
            let is = |verb: &str| statement.first().is_some_and(|token| token.is(verb));
            let changing = match self.usage {
                Usage::Update | Usage::Upsert if is("update") => Some(statement),
                Usage::Upsert => of_duplicates(statement),
                Usage::Update | Usage::Create | Usage::Delete | Usage::Read | Usage::Call(_) => None,
            };
            let Some(changing) = changing else { continue };
            let sets = assignments(changing, &[]);
            let is_set = |column: &Column| sets.iter().any(|stored| same_word(&stored.column, &column.name));
            for column in self.key.iter().filter(|column| column.renewed && !is_set(column)) {
                let (routine, name) = (shown(&self.routine.name), shown(&column.name));
                let message = format!(
                    "{routine} gives its record another key: {name} has `on update current_timestamp`, and its statement \
                     does not set it"
                );
                if !findings.has(&place(self.usage), &message) {
                    let hint = format!("add {name} = {name} to what the statement sets");
                    self.report(Severity::Warning, message, &hint, findings);
                }
            }
        }
    }
}
