//! Faults of the objects on which a routine depends: its definer, and the tables and procedures that its text names.

use std::collections::BTreeSet;

use beds_core::inspect::{Catalogue, Needed, Relation, Routine, RoutineKind, zones};
use beds_protocol::shown;

use super::{
    Token, rights, tokens,
    uses::{Need, Use, functions, uses},
};
use crate::severity::Severity;

/// How many routines that call each other are followed.
const CALLED_MAX: usize = 200;

/// A fault of an object on which a routine depends.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
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

/// Why the server refuses each write of this kind into a table, as far as the catalogue shows.
pub(crate) fn refused(table: &Relation, need: Need, catalogue: &Catalogue) -> Option<String> {
    let needed = || table.needs.iter().find_map(|needed| gone(needed, catalogue));
    if need == Need::Insert
        && rights::sees_all("SELECT", catalogue)
        && let Some(gone) = needed()
    {
        return Some(format!("the table refuses rows: {gone}"));
    }
    let used = Use { schema: None, name: table.name.clone(), need };
    let faults = faults_of(follow(triggers(&used, catalogue).collect(), catalogue), false, catalogue);
    faults.into_iter().find(|fault| fault.severity == Severity::Error).map(|fault| fault.message)
}

/// The first table without transactions that a routine, or one that it calls, writes into, and its engine.
pub(crate) fn loose(routine: &Routine, catalogue: &Catalogue) -> Option<(String, String)> {
    followed(routine, catalogue).into_iter().find_map(|followed| {
        let mut writes = followed.uses.iter().filter(|used| used.need.writes());
        writes.find_map(|used| loose_table(&used.name, catalogue))
    })
}

/// A routine, the routines that it calls and the triggers that they run, as far as they were made without a strict SQL
/// mode and so change values that do not fit. The first routine is listed in any case, the others if they write. Each
/// has its title in messages, and whether it is a trigger.
pub(crate) fn lax(routine: &Routine, catalogue: &Catalogue) -> Vec<(String, bool)> {
    let is_first = |one: &Routine| std::ptr::eq(one, routine);
    // `set new.a = …` of a trigger.
    let sets_new = |one: &Routine| {
        let text = one.body.as_deref().map(|body| tokens(body, one.mode)).unwrap_or_default();
        text.windows(2).any(|two| two[0].is("new") && two[1].is_mark('.'))
            && text.iter().any(|token| token.is("set"))
    };
    let all = followed(routine, catalogue).into_iter();
    all.filter(|Followed { routine, uses, is_trigger, .. }| {
        let writes = || uses.iter().any(|used| used.need.writes()) || (*is_trigger && sets_new(routine));
        !routine.mode.strict && (is_first(routine) || writes())
    })
    .map(|followed| (followed.title, followed.is_trigger))
    .collect()
}

/// What a routine, the routines that it calls and the triggers that they run write.
pub(crate) struct Written<'c> {
    pub(crate) routines: Vec<&'c Routine>,
    /// The tables, as far as they follow a verb. Tables of other databases have their database.
    pub(crate) tables: Vec<String>,
    /// Whether the list is complete: every text can be seen, and no text is made at run time.
    pub(crate) is_all: bool,
    /// Whether a text raises an error by itself.
    pub(crate) refuses: bool,
}

/// What a routine writes.
pub(crate) fn written<'c>(routine: &'c Routine, catalogue: &'c Catalogue) -> Written<'c> {
    let all = followed(routine, catalogue);
    let texts: Vec<Vec<Token>> = all
        .iter()
        .map(|one| one.routine.body.as_deref().map(|body| tokens(body, one.routine.mode)).unwrap_or_default())
        .collect();
    let is_seen = |used: &Use| {
        used.need != Need::Execute || catalogue.routine(RoutineKind::Procedure, &used.name).is_some()
    };
    let is_whole = |(one, text): (&Followed<'_>, &Vec<Token>)| {
        one.routine.body.is_some()
            && !one.routine.mode.oracle
            && !has_dynamic(text)
            && uses(text).iter().all(is_seen)
    };
    let named = |used: Use| match used.schema {
        Some(schema) if !catalogue.is_one_name(&schema, &catalogue.database) => {
            format!("{schema}.{}", used.name)
        }
        _ => used.name,
    };
    let mut tables: Vec<String> =
        texts.iter().flat_map(|text| uses(text)).filter(|used| used.need.writes()).map(named).collect();
    tables.sort_unstable();
    tables.dedup();
    Written {
        tables,
        is_all: all.iter().zip(&texts).all(is_whole),
        refuses: texts.iter().flatten().any(|token| token.is("signal") || token.is("resignal")),
        routines: all.iter().map(|one| one.routine).collect(),
    }
}

/// Whether a text runs statements that it composes.
pub(crate) fn has_dynamic(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| token.is("prepare"))
        || tokens.windows(2).any(|two| two[0].is("execute") && two[1].is("immediate"))
}

/// The faults of a routine and of those that it calls. `is_whole` is whether all their writes must be in one
/// transaction.
pub(crate) fn faults(routine: &Routine, is_whole: bool, catalogue: &Catalogue) -> Vec<Fault> {
    faults_of(followed(routine, catalogue), is_whole, catalogue)
}

fn faults_of(all: Vec<Followed<'_>>, is_whole: bool, catalogue: &Catalogue) -> Vec<Fault> {
    let mut faults = Vec::new();
    for Followed { routine, title, is_trigger, uses, functions } in all {
        faults.extend(definer(routine, &title, catalogue));
        for used in &uses {
            if used.need == Need::Execute {
                if catalogue.routine(RoutineKind::Procedure, &used.name).is_none() {
                    faults.push(missing(routine, &title, used, catalogue));
                }
                continue;
            }
            faults.extend(table(routine, &title, used, catalogue));
            if is_whole && used.need.writes() {
                faults.extend(transactional(&title, is_trigger, used, catalogue));
            }
        }
        faults.extend(unknown_zones(routine, &title, catalogue));
        faults.extend(functions.iter().map(|name| {
            let message = format!("{title} uses the function {}, which is not there", shown(name));
            Fault::new(Severity::Error, message, "create it, or correct the routine")
        }));
    }
    faults
}

/// Conversions between time zones whose result is null, since the server does not know the zone.
fn unknown_zones(routine: &Routine, title: &str, catalogue: &Catalogue) -> Vec<Fault> {
    let named = routine.body.as_deref().map(|body| zones(body, routine.mode)).unwrap_or_default();
    let unknown = named.into_iter().filter(|zone| catalogue.no_zones.contains(zone));
    unknown.map(|zone| Fault::new(Severity::Warning, unknown_zone(title, &zone), LOAD_ZONES)).collect()
}

/// The message for a text that names a time zone which the server does not know.
pub(crate) fn unknown_zone(title: &str, zone: &str) -> String {
    format!(
        "{title} converts with the time zone {}, which the server does not know: the result is null",
        shown(zone)
    )
}

/// The advice for it.
pub(crate) const LOAD_ZONES: &str =
    "correct its name, or load the time zones: `mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql`";

/// A routine or a trigger, and the objects of this database that it uses.
struct Followed<'c> {
    routine: &'c Routine,
    /// Its title in messages.
    title: String,
    is_trigger: bool,
    uses: Vec<Use>,
    /// Functions that it calls and the server does not know.
    functions: Vec<String>,
}

/// A routine, those that it calls, and the triggers of the tables that they write.
fn followed<'c>(routine: &'c Routine, catalogue: &'c Catalogue) -> Vec<Followed<'c>> {
    follow(vec![(routine, shown(&routine.name), false)], catalogue)
}

/// A routine or a trigger, its name in messages, and whether it is a trigger.
type Open<'c> = (&'c Routine, String, bool);

fn follow<'c>(mut open: Vec<Open<'c>>, catalogue: &'c Catalogue) -> Vec<Followed<'c>> {
    let called = |routine: &'c Routine| (routine, shown(&routine.name), false);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut followed = Vec::new();
    while let Some((routine, title, is_trigger)) = open.pop() {
        if seen.len() == CALLED_MAX || !seen.insert(title.to_lowercase()) {
            continue;
        }
        let tokens = routine.body.as_deref().map(|body| tokens(body, routine.mode)).unwrap_or_default();
        let is_here = |used: &Use| {
            let schema = used.schema.as_deref();
            schema.is_none_or(|schema| catalogue.is_one_name(schema, &catalogue.database))
        };
        let uses: Vec<Use> = uses(&tokens).into_iter().filter(is_here).collect();
        let procedures = uses.iter().filter(|used| used.need == Need::Execute);
        let procedures = procedures.filter_map(|used| catalogue.routine(RoutineKind::Procedure, &used.name));
        open.extend(procedures.map(called));
        let names = tokens.iter().filter_map(Token::name);
        open.extend(names.filter_map(|name| catalogue.routine(RoutineKind::Function, name)).map(called));
        open.extend(uses.iter().flat_map(|used| triggers(used, catalogue)));
        let mut functions = functions(&tokens);
        functions.retain(|name| catalogue.no_functions.contains(&name.to_lowercase()));
        followed.push(Followed { routine, title, is_trigger, uses, functions });
    }
    followed
}

/// The triggers that run when a routine writes, and their names in messages.
fn triggers<'c>(used: &Use, catalogue: &'c Catalogue) -> impl Iterator<Item = Open<'c>> {
    let table = catalogue.relation_named(&used.name).filter(|_| used.need.writes());
    let event = used.need.privilege();
    let all = table.into_iter().flat_map(|table| &table.triggers);
    all.filter(move |trigger| trigger.is_on(event))
        .map(|trigger| (&trigger.routine, format!("the trigger {}", shown(&trigger.routine.name)), true))
}

/// A definer who does not exist, so that each call fails.
fn definer(routine: &Routine, title: &str, catalogue: &Catalogue) -> Option<Fault> {
    // A role has no host.
    let definer = routine.definer.as_ref().filter(|definer| !definer.ends_with('@'))?;
    match &catalogue.accounts {
        Some(accounts) if !accounts.contains(definer) => Some(Fault::new(
            Severity::Error,
            format!(
                "the definer of {title}, {definer}, does not exist: each call fails",
                definer = shown(definer)
            ),
            "create the account, or create the routine again as another one",
        )),
        None if *definer != catalogue.grants.user => Some(Fault::new(
            Severity::Note,
            format!(
                "whether the definer of {title}, {definer}, exists is not shown to {}",
                shown(&catalogue.grants.user),
                definer = shown(definer)
            ),
            "verify once as a user who may read mysql.user",
        )),
        Some(_) | None => None,
    }
}

fn table(routine: &Routine, title: &str, used: &Use, catalogue: &Catalogue) -> Vec<Fault> {
    let Some(relation) = catalogue.relation_named(&used.name) else {
        let is_other = catalogue.others.iter().any(|(name, _)| catalogue.is_one_name(name, &used.name));
        return if is_other { Vec::new() } else { vec![missing(routine, title, used, catalogue)] };
    };
    let mut faults = Vec::new();
    if let Some(broken) = &relation.broken {
        let message = format!("{title} uses {}, which nobody can read: {broken}", shown(&relation.name));
        faults.push(Fault { severity: Severity::Error, message, hint: None });
    }
    // The caller needs the rights himself.
    if routine.definer.is_none() && rights::lacks_on(&relation.name, used.need.privilege(), catalogue) {
        let message = format!(
            "{title} runs with the rights of {}, who has no {} on {}",
            shown(&catalogue.grants.user),
            used.need.privilege(),
            shown(&relation.name)
        );
        let hint = "grant it, or create the routine with `sql security definer`";
        faults.push(Fault::new(Severity::Error, message, hint));
    }
    if used.need == Need::Insert {
        faults.extend(relation.needs.iter().filter_map(|needed| lacking(relation, title, needed, catalogue)));
    }
    faults
}

/// The sentence about a missing object that another object needs.
fn gone(needed: &Needed, catalogue: &Catalogue) -> Option<String> {
    let is_here = catalogue.is_one_name(&needed.schema, &catalogue.database);
    let is_other = || catalogue.others.iter().any(|(name, _)| catalogue.is_one_name(name, &needed.name));
    if !is_here || catalogue.relation_named(&needed.name).is_some() || is_other() {
        return None;
    }
    let (by, kind) = (&needed.by, needed.kind);
    Some(format!("{by} needs the {kind} {}, which is not there", shown(&needed.name)))
}

/// The fault of a table that accepts no rows, since an object that it needs is missing.
fn lacking(relation: &Relation, title: &str, needed: &Needed, catalogue: &Catalogue) -> Option<Fault> {
    let gone = gone(needed, catalogue)?;
    let message = format!("{title} writes into {}, which refuses rows: {gone}", shown(&relation.name));
    Some(if rights::sees_all("SELECT", catalogue) {
        Fault::new(Severity::Error, message, "create it, or take what needs it out of the table")
    } else {
        let hint = format!("or {} may not see it: it has no right on it", shown(&catalogue.grants.user));
        Fault::new(Severity::Note, message, hint)
    })
}

/// A table that keeps its rows when the transaction is rolled back, and its engine.
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

fn transactional(title: &str, is_trigger: bool, used: &Use, catalogue: &Catalogue) -> Option<Fault> {
    let (table, engine) = loose_table(&used.name, catalogue)?;
    let message = format!(
        "{title} writes into {table}, whose engine {engine} has no transactions: a write may happen twice, or in part",
        table = shown(&table)
    );
    let hint = format!(
        "`alter table {table} engine = innodb`; or say `once = false` in the template, and neither publish nor audit its changes"
    );
    // Whether a trigger's own writes matter is for the DBA to say.
    let severity = if is_trigger { Severity::Warning } else { Severity::Error };
    Some(Fault::new(severity, message, hint))
}

/// The server shows a name only to users with a right on the object. Other users cannot tell that it is missing.
fn missing(routine: &Routine, title: &str, used: &Use, catalogue: &Catalogue) -> Fault {
    let what = if used.need == Need::Execute { "procedure" } else { "table or view" };
    let message = format!("{title} uses the {what} {}, which is not there", shown(&used.name));
    if rights::sees_all(used.need.privilege(), catalogue) {
        Fault::new(Severity::Error, message, "create it, or correct the routine")
    } else if routine.definer.is_none() {
        // The caller needs the rights himself: without a right on the object, the call fails as well.
        let hint = format!("or {}, with whose rights it runs, has none on it", shown(&catalogue.grants.user));
        Fault::new(Severity::Error, message, hint)
    } else {
        let hint = format!("or {} may not see it: it has no right on it", shown(&catalogue.grants.user));
        Fault::new(Severity::Warning, message, hint)
    }
}
