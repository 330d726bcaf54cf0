//! What a routine stands on: its definer, the tables and procedures that its text names, and the columns that it writes.

use std::collections::BTreeSet;

use super::{
    Findings, Severity, grants, place,
    uses::{Need, Use, uses},
};
use crate::{
    import::{Token, tokens},
    keeps::{Kept, compares, keeps},
};
use beds_core::{
    inspect::{Catalogue, Column, Relation, RelationKind, Routine, RoutineKind, Supplied, same_word},
    spec::{Engine, Generated, Object, ObjectKind, Usage},
};

/// How many routines that call each other are followed.
const CALLED_MAX: usize = 200;

/// What is wrong with what a routine stands on.
#[derive(Debug)]
pub(crate) struct Fault {
    severity: Severity,
    message: String,
    hint: Option<String>,
}

impl Fault {
    fn new(severity: Severity, message: String, hint: impl Into<String>) -> Self {
        Self { severity, message, hint: Some(hint.into()) }
    }
}

/// Why each call of a routine fails, as far as it can be seen.
pub(crate) fn broken(routine: &Routine, catalogue: &Catalogue) -> Option<String> {
    let is_error = |fault: &Fault| fault.severity == Severity::Error;
    faults(routine, false, catalogue).into_iter().find(is_error).map(|fault| fault.message)
}

/// The first table without transactions that a routine, or one that it calls, writes into, and its engine.
pub(crate) fn loose(routine: &Routine, catalogue: &Catalogue) -> Option<(String, String)> {
    followed(routine, catalogue).into_iter().find_map(|(_, used)| {
        let mut writes = used.iter().filter(|used| used.need.writes());
        writes.find_map(|used| loose_table(&used.name, catalogue))
    })
}

/// Reports what a routine, or one that it calls, names and nobody can use; `is_whole` is whether all that it writes must
/// be in one transaction.
pub(super) fn check(
    place: &str,
    routine: &Routine,
    is_whole: bool,
    catalogue: &Catalogue,
    findings: &mut Findings<'_>,
) {
    for fault in faults(routine, is_whole, catalogue) {
        findings.push(fault.severity, place, fault.message).hint = fault.hint;
    }
}

fn faults(routine: &Routine, is_whole: bool, catalogue: &Catalogue) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (routine, uses) in followed(routine, catalogue) {
        faults.extend(definer(routine, catalogue));
        for used in &uses {
            if used.need == Need::Execute {
                if catalogue.routine(RoutineKind::Procedure, &used.name).is_none() {
                    faults.push(missing(routine, used, catalogue));
                }
                continue;
            }
            faults.extend(table(routine, used, catalogue));
            if is_whole && used.need.writes() {
                faults.extend(transactional(routine, used, catalogue));
            }
        }
    }
    faults
}

/// A routine and those that it calls, each with what it uses of this database.
fn followed<'c>(routine: &'c Routine, catalogue: &'c Catalogue) -> Vec<(&'c Routine, Vec<Use>)> {
    let mut open = vec![routine];
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut followed = Vec::new();
    while let Some(routine) = open.pop() {
        if seen.len() == CALLED_MAX || !seen.insert(routine.name.to_lowercase()) {
            continue;
        }
        let tokens = routine.body.as_deref().map(|body| tokens(body, routine.mode)).unwrap_or_default();
        let is_here = |used: &Use| {
            let schema = used.schema.as_deref();
            schema.is_none_or(|schema| catalogue.is_one_name(schema, &catalogue.database))
        };
        let uses: Vec<Use> = uses(&tokens).into_iter().filter(is_here).collect();
        let called = uses.iter().filter(|used| used.need == Need::Execute);
        open.extend(called.filter_map(|used| catalogue.routine(RoutineKind::Procedure, &used.name)));
        let names = tokens.iter().filter_map(Token::name);
        open.extend(names.filter_map(|name| catalogue.routine(RoutineKind::Function, name)));
        followed.push((routine, uses));
    }
    followed
}

/// A definer who does not exist: each call fails.
fn definer(routine: &Routine, catalogue: &Catalogue) -> Option<Fault> {
    // A role has no host.
    let definer = routine.definer.as_ref().filter(|definer| !definer.ends_with('@'))?;
    match &catalogue.accounts {
        Some(accounts) if !accounts.contains(definer) => Some(Fault::new(
            Severity::Error,
            format!("the definer of `{}`, `{definer}`, does not exist: each call fails", routine.name),
            "create the account, or create the routine again as another one",
        )),
        None if *definer != catalogue.grants.user => Some(Fault::new(
            Severity::Note,
            format!(
                "whether the definer of `{}`, `{definer}`, exists is not shown to `{}`",
                routine.name, catalogue.grants.user
            ),
            "verify once as a user who may read mysql.user",
        )),
        Some(_) | None => None,
    }
}

fn table(routine: &Routine, used: &Use, catalogue: &Catalogue) -> Vec<Fault> {
    let Some(relation) = catalogue.relation_named(&used.name) else {
        let is_other = catalogue.others.iter().any(|(name, _)| catalogue.is_one_name(name, &used.name));
        return if is_other { Vec::new() } else { vec![missing(routine, used, catalogue)] };
    };
    let mut faults = Vec::new();
    if let Some(broken) = &relation.broken {
        let message = format!("`{}` uses `{}`, which nobody can read: {broken}", routine.name, relation.name);
        faults.push(Fault { severity: Severity::Error, message, hint: None });
    }
    // Whoever calls it needs the rights himself.
    if routine.definer.is_none() && grants::lacks_on(&relation.name, used.need.privilege(), catalogue) {
        let message = format!(
            "`{}` runs with the rights of `{}`, who has no {} on `{}`",
            routine.name,
            catalogue.grants.user,
            used.need.privilege(),
            relation.name
        );
        let hint = "grant it, or create the routine with `sql security definer`";
        faults.push(Fault::new(Severity::Error, message, hint));
    }
    faults
}

/// A table that keeps what it was given when its transaction is taken back, and its engine.
pub(crate) fn loose_table(name: &str, catalogue: &Catalogue) -> Option<(String, String)> {
    let relation = catalogue.relation_named(name)?;
    let behind = relation.picks.iter().map(|(table, _)| table).chain(&relation.uses);
    let mut tables =
        std::iter::once(relation).chain(behind.filter_map(|name| catalogue.relation_named(name)));
    tables.find_map(|table| {
        let storage = table.storage.as_ref().filter(|storage| !storage.transactional)?;
        Some((table.name.clone(), storage.name.clone()))
    })
}

fn transactional(routine: &Routine, used: &Use, catalogue: &Catalogue) -> Option<Fault> {
    let (table, engine) = loose_table(&used.name, catalogue)?;
    let message = format!(
        "`{}` writes into `{table}`, whose engine {engine} has no transactions: a write may happen twice, or in part",
        routine.name
    );
    let hint = format!(
        "`alter table {table} engine = innodb`; or say `once = false` in the template, and publish none of its events"
    );
    Some(Fault::new(Severity::Error, message, hint))
}

/// Names are listed for those who have some right on what they name: others cannot tell what is missing.
fn missing(routine: &Routine, used: &Use, catalogue: &Catalogue) -> Fault {
    let what = if used.need == Need::Execute { "procedure" } else { "table or view" };
    let message = format!("`{}` uses the {what} `{}`, which is not there", routine.name, used.name);
    if grants::sees_all(used.need.privilege(), catalogue) {
        Fault::new(Severity::Error, message, "create it, or correct the routine")
    } else if routine.definer.is_none() {
        // Whoever calls it needs the rights himself: what he has no right on fails as well.
        let hint = format!("or `{}`, with whose rights it runs, has none on it", catalogue.grants.user);
        Fault::new(Severity::Error, message, hint)
    } else {
        let hint = format!("or `{}` may not see it: it has no right on it", catalogue.grants.user);
        Fault::new(Severity::Warning, message, hint)
    }
}

/// The table that the fields of a domain are columns of, and a field's column in it.
struct Base<'c> {
    table: &'c Relation,
    picks: Option<&'c [(String, String)]>,
}

impl<'c> Base<'c> {
    fn of(relation: &'c Relation, catalogue: &'c Catalogue) -> Option<Self> {
        match (&relation.picks, relation.kind) {
            (None, RelationKind::Table) => Some(Self { table: relation, picks: None }),
            (Some((table, columns)), _) => {
                let table = catalogue.relation(table).filter(|table| !table.columns.is_empty())?;
                Some(Self { table, picks: Some(columns) })
            }
            _ => None,
        }
    }

    fn column(&self, name: &str) -> Option<&'c Column> {
        let name = match self.picks {
            None => name,
            Some(picks) => &picks.iter().find(|(shown, _)| same_word(shown, name))?.1,
        };
        self.table.columns.iter().find(|column| same_word(&column.name, name))
    }
}

/// Reports columns of the table that must have a value, and get none from `create` or `upsert`.
pub(super) fn required(relation: &Relation, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    if domain.engine() != Engine::MariaDb {
        return;
    }
    let objects = domain.database_objects();
    let Some(base) = Base::of(relation, catalogue) else { return };
    let is_new = |object: &&Object| {
        matches!(object.usage, Usage::Create | Usage::Upsert) && object.kind == ObjectKind::Procedure
    };
    for create in objects.iter().filter(is_new) {
        given(create, &base, catalogue, findings);
    }
}

/// Reports columns that get no value from this procedure.
fn given(create: &Object, base: &Base<'_>, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let Some(routine) = catalogue.routine(RoutineKind::Procedure, create.name) else { return };
    let text = routine.body.as_deref().map(|body| tokens(body, routine.mode));
    for column in
        base.table.columns.iter().filter(|column| !column.nullable && column.default == Supplied::Nothing)
    {
        let is_of = |index: &usize| {
            base.column(domain.fields[*index].column).is_some_and(|other| other.name == column.name)
        };
        let field = (0..domain.fields.len()).find(is_of);
        let is_given = create.args.iter().any(is_of);
        let is_counted = field.is_some_and(|field| domain.version == Some(field));
        let is_said = field.is_some_and(|field| domain.fields[field].generated == Some(Generated::Database));
        let message = format!(
            "the column `{}` of `{}` may not be null and has no default, and `{}` gives it no value",
            column.name, base.table.name, routine.name
        );
        let hint = "give the column a default, or let the template pass it";
        let place = place(create.usage);
        match &text {
            _ if is_given => {}
            Some(text) if text.iter().filter_map(Token::name).any(|name| same_word(name, &column.name)) => {}
            Some(_) if base.table.triggers.is_empty() => {
                findings.error(place, message).hint(hint);
            }
            // Its text is not seen, and the template says that somebody fills it in.
            None if is_counted => {}
            None if is_said => {
                findings
                    .note(place, message)
                    .hint("verify as a user who may see its text: it may give it one");
            }
            Some(_) | None => {
                findings.warning(place, message).hint(hint);
            }
        }
    }
}

/// Reports parameters that do not keep what the columns keep: an update passes every field again, also those that the
/// client left out.
pub(super) fn kept(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let objects = domain.database_objects();
    let read = objects.iter().find(|object| object.usage == Usage::Read);
    let Some(base) = read.and_then(|read| Base::of(catalogue.relation_named(read.name)?, catalogue)) else {
        return;
    };
    if routine.parameters.len() != object.args.len() {
        return;
    }
    for (parameter, index) in routine.parameters.iter().zip(object.args) {
        let field = &domain.fields[*index];
        let Some(column) = base.column(field.column) else { continue };
        let is_passed = findings.is_written(*index) || domain.key.contains(index);
        let subject = format!("parameter `{}` of `{}`", parameter.name, routine.name);
        let of = format!("of the column `{}` (`{}`)", column.name, column.written);
        let is_key = domain.key.contains(index) && object.usage != Usage::Create;
        if let Some(Kept::Changed(how)) = is_key.then(|| compares(parameter, column)) {
            findings
                .error(place(object.usage), format!("{subject} {how}: it may find another record {of}"))
                .hint("declare the parameter with the character set and collation of the column");
        }
        match keeps(parameter, column) {
            Kept::Changed(how) if is_passed => {
                findings
                    .error(place(object.usage), format!("{subject} {how}: it changes values {of}"))
                    .hint(format!("declare the parameter as `{}`", column.written));
            }
            Kept::Refused(how) if is_passed => {
                findings
                    .warning(place(object.usage), format!("{subject} {how}: it refuses values {of}"))
                    .hint(format!("declare the parameter as `{}`", column.written));
            }
            Kept::Whole | Kept::Changed(_) | Kept::Refused(_) => {}
        }
    }
}
