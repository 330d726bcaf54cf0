//! Procedures that are a table's create, update or delete: by name, by text and by parameters, or not at all.
//!
//! A guess would change data in a way that nobody declared. So a procedure is taken only when its name says what
//! it does to which table, its text has that one change and no other, and every parameter is a column.

use super::{
    body::{AllDeeds, Deeds},
    domain::{Domain, Object, mark_version, may_be_version},
    fields::Supply,
    names::{same, table_words, words},
};
use beds_core::inspect::{Direction, Kind, RelationKind, Routine, RoutineKind};

/// Verbs of a routine\'s name, the usual one first.
pub(super) const CREATE: &[&str] = &["create", "insert", "add", "new", "ins"];
/// Verbs of a routine\'s name, the usual one first.
pub(super) const UPDATE: &[&str] = &["update", "edit", "modify", "change", "upd"];
/// Verbs of a routine\'s name, the usual one first.
pub(super) const DELETE: &[&str] = &["delete", "remove", "drop", "del", "rem"];
/// Words that only say that it is a procedure.
const NOISE: &[&str] = &["sp", "usp", "p", "pr", "prc", "proc", "spr", "procedure", "db", "api"];

/// Gives the domains the procedures that are certain; the rest is for calls. Returns which routines are taken.
pub(super) fn wire(domains: &mut [Domain], routines: &[Routine], all: &AllDeeds) -> Vec<bool> {
    let mut taken = vec![false; routines.len()];
    for domain in domains {
        let Some((RelationKind::Table, table)) = domain.source.clone() else { continue };
        find_version(domain, &table, routines, all);
        let find = |verbs: &[&str], statement: &str, check: Check| {
            let found = routines.iter().enumerate().find_map(|(at, routine)| {
                if taken[at] || !is_named(routine, verbs, &table) {
                    return None;
                }
                let deeds = all.own(routine).filter(|deeds| is_one_change(deeds, statement, &table))?;
                let args = arguments(routine, domain)?;
                check(domain, &args, deeds).map(|returns| (at, routine, args, returns, deeds.commits))
            });
            found.map(|(at, routine, args, returns, commits)| {
                (at, Object::Procedure { name: routine.name.clone(), args, returns, commits })
            })
        };
        let create = find(CREATE, "insert", check_create);
        let update = find(UPDATE, "update", check_update);
        let delete = find(DELETE, "delete", check_delete);
        let changed: Vec<usize> = match &update {
            Some((_, Object::Procedure { args, .. })) => args.clone(),
            _ => Vec::new(),
        };
        // A value that create does not pass would be lost: either nobody may give it, or this is no create.
        let create = create.filter(|(_, object)| close(domain, object, &changed));
        for (at, _) in [&create, &update, &delete].into_iter().flatten() {
            taken[*at] = true;
        }
        domain.create = create.map(|(_, object)| object);
        domain.update = update.map(|(_, object)| object);
        domain.delete = delete.map(|(_, object)| object);
        if domain.update.is_none() {
            // Nobody here counts it up, so it is a column as any other.
            domain.fields.iter_mut().for_each(|field| field.version = false);
        }
    }
    taken
}

/// Judges the arguments of an operation; gives the fields that it returns.
type Check = fn(&Domain, &[usize], &Deeds) -> Option<Vec<usize>>;

/// Marks the version: a column that the table's update takes and counts up.
fn find_version(domain: &mut Domain, table: &str, routines: &[Routine], all: &AllDeeds) {
    let updates = routines.iter().filter(|routine| is_named(routine, UPDATE, table));
    for routine in updates {
        let Some(deeds) = all.own(routine) else { continue };
        let version = domain.fields.iter_mut().find(|field| {
            may_be_version(field)
                && deeds.counts(&field.column.name)
                && routine.parameters.iter().any(|parameter| same(&parameter.name, &field.column.name))
        });
        if let Some(field) = version {
            mark_version(field);
            return;
        }
    }
}

/// Whether the name is one of these verbs and the table's words, in either order.
fn is_named(routine: &Routine, verbs: &[&str], table: &str) -> bool {
    if routine.kind != RoutineKind::Procedure {
        return false;
    }
    let mut name = words(&routine.name);
    while name.len() > 1 && name.first().is_some_and(|word| NOISE.contains(&word.as_str())) {
        name.remove(0);
    }
    while name.len() > 1 && name.last().is_some_and(|word| NOISE.contains(&word.as_str())) {
        name.pop();
    }
    let is_verb = |word: Option<&String>| word.is_some_and(|word| verbs.contains(&word.as_str()));
    let table = table_words(table);
    (is_verb(name.first()) && name[1..] == *table)
        || (is_verb(name.last()) && name[..name.len() - 1] == *table)
}

fn is_one_change(deeds: &Deeds, statement: &str, table: &str) -> bool {
    match deeds.changes.as_slice() {
        [change] => {
            change.verb == statement && change.table == table.to_lowercase() && deeds.others.is_empty()
        }
        _ => false,
    }
}

/// The field of each parameter; `None` where one is no column, or goes another way than in.
fn arguments(routine: &Routine, domain: &Domain) -> Option<Vec<usize>> {
    let mut args = Vec::new();
    for parameter in &routine.parameters {
        let fits = |at: &usize| {
            let field = &domain.fields[*at];
            same(&parameter.name, &field.column.name) && are_alike(&parameter.kind, &field.column.kind)
        };
        let mut fields = (0..domain.fields.len()).filter(fits);
        match (parameter.direction, fields.next(), fields.next()) {
            (Direction::In, Some(field), None) if !args.contains(&field) => args.push(field),
            _ => return None,
        }
    }
    (!args.is_empty()).then_some(args)
}

/// Whether a parameter of one kind takes the values of a column of the other as they are.
fn are_alike(parameter: &Kind, column: &Kind) -> bool {
    const NUMBER: u8 = 1;
    const TEXT: u8 = 2;
    let group = |kind: &Kind| match kind {
        Kind::Bool | Kind::Int { .. } | Kind::Float { .. } | Kind::Decimal { .. } => NUMBER,
        Kind::String { .. } | Kind::Text { .. } | Kind::Enum(_) | Kind::Set(_) | Kind::Json | Kind::Uuid => {
            TEXT
        }
        Kind::Bytes { .. } => 3,
        Kind::Date | Kind::DateTime => 4,
        Kind::Time => 5,
        Kind::ObjectId | Kind::List(_) | Kind::Object(_) | Kind::Mixed(_) | Kind::Beyond(_) => 0,
    };
    group(parameter) != 0 && group(parameter) == group(column)
}

fn check_create(domain: &Domain, args: &[usize], deeds: &Deeds) -> Option<Vec<usize>> {
    let is_covered = domain.fields.iter().enumerate().all(|(at, field)| match field.supply {
        _ if field.version => !args.contains(&at),
        Supply::Required => args.contains(&at),
        Supply::Database => !args.contains(&at),
        Supply::Optional | Supply::Default(_) => true,
    });
    if !is_covered {
        return None;
    }
    let counted = domain
        .fields
        .iter()
        .position(|field| field.key && field.column.default == beds_core::inspect::Supplied::Counter);
    Some(counted.filter(|_| deeds.selects_new_id()).into_iter().collect())
}

fn check_update(domain: &Domain, args: &[usize], deeds: &Deeds) -> Option<Vec<usize>> {
    let has_key = !domain.key().is_empty() && domain.key().iter().all(|key| args.contains(key));
    let version = domain.fields.iter().position(|field| field.version);
    let has_version = version.is_none_or(|version| args.contains(&version));
    let is_arg = |at: &usize| {
        let field = &domain.fields[*at];
        field.key || field.version || field.is_settable()
    };
    let changes = args.iter().any(|at| !domain.fields[*at].key && !domain.fields[*at].version);
    let is_certain = has_key && has_version && changes && args.iter().all(is_arg);
    (is_certain && deeds.names.iter().any(|name| name == "where")).then(Vec::new)
}

fn check_delete(domain: &Domain, args: &[usize], deeds: &Deeds) -> Option<Vec<usize>> {
    let key = domain.key();
    let rest = args.iter().filter(|at| !domain.fields[**at].version).count();
    let is_key = !key.is_empty() && rest == key.len() && key.iter().all(|field| args.contains(field));
    (is_key && deeds.names.iter().any(|name| name == "where")).then(Vec::new)
}

/// Closes the fields that `create` does not pass and nobody can change, so that a client may not give them. False
/// where one can be changed, so that closing it would take that away.
fn close(domain: &mut Domain, create: &Object, changed: &[usize]) -> bool {
    let Object::Procedure { args, name, .. } = create else { return false };
    let open: Vec<usize> = (0..domain.fields.len())
        .filter(|at| domain.fields[*at].is_settable() && !args.contains(at))
        .collect();
    if open.iter().any(|at| changed.contains(at)) {
        return false;
    }
    for at in open {
        let field = &mut domain.fields[at];
        field.notes.push(format!("`{name}` does not take it: the database fills it in"));
        field.supply = Supply::Database;
    }
    true
}
