//! Procedures that are a table's create, update or delete: recognized by name and proved by text, or not used.
//!
//! A guess would change data in a way that nobody declared. So a procedure is used only if its name says which
//! operation it is of which table, and if its text is proved. The text must be that one plain statement ([`plain()`])
//! on the record of the key, with parameters that keep every value of their columns. Every other procedure is a call,
//! which says why.

use super::{
    domain::{Domain, Object, can_be_version, mark_version},
    fields::{Field, Supply},
    names::{digits_off, same, stem, table_words, words},
    plain::{Plain, Verb, plain},
};
use crate::{
    keeps::{Kept, compares, keeps},
    routine::broken,
};
use beds_core::inspect::{Catalogue, Direction, RelationKind, Routine, RoutineKind, Supplied, same_word};
use beds_protocol::shown;

/// Verbs of a routine's name, the usual one first.
pub(super) const CREATE: &[&str] = &["create", "insert", "add", "new", "ins"];
/// Verbs of a routine's name, the usual one first.
pub(super) const UPDATE: &[&str] = &["update", "edit", "modify", "change", "upd"];
/// Verbs of a routine's name, the usual one first.
pub(super) const DELETE: &[&str] = &["delete", "remove", "drop", "del", "rem"];
/// Words that only say that the routine is a procedure.
const NOISE: &[&str] = &["sp", "usp", "p", "pr", "prc", "proc", "spr", "procedure", "db", "api"];

/// What becomes of a routine.
#[derive(Debug, Clone, Default)]
pub(super) struct Wired {
    /// Whether it is an operation of a domain.
    pub(super) taken: bool,
    /// Why the routine is not the operation that its name promises.
    pub(super) reason: Option<String>,
}

/// Gives the domains the procedures that are proved. The others become calls.
pub(super) fn wire(domains: &mut [Domain], routines: &[Routine], catalogue: &Catalogue) -> Vec<Wired> {
    let plains: Vec<Result<Plain, String>> =
        routines.iter().map(|routine| plain(routine, catalogue)).collect();
    let mut wired = vec![Wired::default(); routines.len()];
    for domain in domains {
        let Some((RelationKind::Table, table)) = domain.source.clone() else { continue };
        let mut wire = Wire { routines, plains: &plains, catalogue, table: &table, wired: &mut wired };
        wire.find_version(domain);
        let create = wire.find(domain, CREATE, "create", Verb::Insert, create);
        let update = wire.find(domain, UPDATE, "update", Verb::Update, update);
        let delete = wire.find(domain, DELETE, "delete", Verb::Delete, delete);
        let changed: Vec<usize> = match &update {
            Some((_, Object::Procedure { args, .. })) => args.clone(),
            _ => Vec::new(),
        };
        // A value that create does not pass would be lost. So either no client may give the field, or this is no
        // create.
        let create = create.filter(|(at, object)| {
            let lost = close(domain, object, &changed);
            wired[*at].reason = lost.map(|column| {
                format!(
                    "not the create of {table}, since it does not take {column}, which can be changed later",
                    table = shown(&table),
                    column = shown(&column)
                )
            });
            wired[*at].reason.is_none()
        });
        for (at, _) in [&create, &update, &delete].into_iter().flatten() {
            wired[*at] = Wired { taken: true, reason: None };
        }
        domain.create = create.map(|(_, object)| object);
        domain.update = update.map(|(_, object)| object);
        domain.delete = delete.map(|(_, object)| object);
        if domain.update.is_none() {
            // No procedure counts the column up, so it is a column like any other.
            domain.fields.iter_mut().for_each(|field| field.version = false);
        }
    }
    wired
}

/// Judges a plain statement of the right verb and table: the fields of its parameters, and what it returns.
type Judge = fn(&Domain, &Plain, &[usize], &Catalogue) -> Result<Vec<usize>, String>;

struct Wire<'a> {
    routines: &'a [Routine],
    plains: &'a [Result<Plain, String>],
    catalogue: &'a Catalogue,
    table: &'a str,
    wired: &'a mut [Wired],
}

impl Wire<'_> {
    /// The first routine that has the name of the operation and is proved. The others get the reason why they are not.
    fn find(
        &mut self,
        domain: &Domain,
        verbs: &[&str],
        operation: &str,
        verb: Verb,
        judge: Judge,
    ) -> Option<(usize, Object)> {
        let mut found: Option<(usize, Object)> = None;
        for (at, routine) in self.routines.iter().enumerate() {
            if self.wired[at].taken || !is_named(routine, verbs, self.table) {
                continue;
            }
            let judged = self.judge(domain, routine, at, verb, judge).and_then(|object| match &found {
                Some((other, _)) => Err(format!("{} is it", shown(&self.routines[*other].name))),
                None => Ok(object),
            });
            match judged {
                Ok(object) => found = Some((at, object)),
                Err(why) => {
                    let table = self.table;
                    self.wired[at].reason.get_or_insert_with(|| {
                        format!("not the {operation} of {table}, since {why}", table = shown(table))
                    });
                }
            }
        }
        found
    }

    fn judge(
        &self,
        domain: &Domain,
        routine: &Routine,
        at: usize,
        verb: Verb,
        judge: Judge,
    ) -> Result<Object, String> {
        let plain = self.plains[at].as_ref().map_err(String::clone)?;
        if let Some(broken) = broken(routine, self.catalogue) {
            return Err(broken);
        }
        if !self.catalogue.is_one_name(&plain.table, self.table) {
            return Err(format!("it changes {}", shown(&plain.table)));
        }
        if plain.verb != verb {
            return Err("its statement does not do what its name says".to_owned());
        }
        let args = arguments(routine, plain, domain)?;
        let returns = judge(domain, plain, &args, self.catalogue)?;
        Ok(Object::Procedure { name: routine.name.clone(), args, returns })
    }

    /// Marks the version: the column that the table's update compares and counts up.
    fn find_version(&self, domain: &mut Domain) {
        for (routine, plain) in self.routines.iter().zip(self.plains) {
            let Ok(Plain { table, version: Some((compared, _)), counted: Some(counted), .. }) = plain else {
                continue;
            };
            let is_ours =
                is_named(routine, UPDATE, self.table) && self.catalogue.is_one_name(table, self.table);
            if !is_ours || !same_word(compared, counted) {
                continue;
            }
            if let Some(field) =
                domain.field(counted).map(|at| &mut domain.fields[at]).filter(|field| can_be_version(field))
            {
                mark_version(field);
                return;
            }
        }
    }
}

/// Whether the name consists of one of these verbs and the table's words, in either order, or is the name that a
/// proposal has.
pub(super) fn is_named(routine: &Routine, verbs: &[&str], table: &str) -> bool {
    if routine.kind != RoutineKind::Procedure {
        return false;
    }
    let plain = digits_off(&routine.name);
    if verbs.iter().any(|verb| same_word(plain, &format!("sp_{}_{verb}", stem(table)))) {
        return true;
    }
    let mut name = words(&routine.name);
    while name.len() > 1 && name.first().is_some_and(|word| NOISE.contains(&word.as_str())) {
        name.remove(0);
    }
    while name.len() > 1 && name.last().is_some_and(|word| NOISE.contains(&word.as_str())) {
        name.pop();
    }
    let is_verb = |word: Option<&String>| word.is_some_and(|word| verbs.contains(&word.as_str()));
    [table_words(table), words(table)].iter().filter(|table| !table.is_empty()).any(|table| {
        (is_verb(name.first()) && name[1..] == **table)
            || (is_verb(name.last()) && name[..name.len() - 1] == **table)
    })
}

/// The field of each parameter.
fn arguments(routine: &Routine, plain: &Plain, domain: &Domain) -> Result<Vec<usize>, String> {
    let pairs: Vec<&(String, usize)> = plain.sets.iter().chain(&plain.key).chain(&plain.version).collect();
    let mut args = Vec::new();
    for (at, parameter) in routine.parameters.iter().enumerate() {
        let name = &parameter.name;
        if parameter.direction != Direction::In {
            return Err(format!(
                "its parameter {name} is {}",
                parameter.direction.as_str(),
                name = shown(name)
            ));
        }
        let column = pairs.iter().find(|(_, used)| *used == at).map(|(column, _)| column);
        let column = column.ok_or_else(|| format!("its parameter {name} is not used", name = shown(name)))?;
        let field = domain
            .field(column)
            .ok_or_else(|| format!("no field shows its column {column}", column = shown(column)))?;
        let means = |other: &&Field| !same_word(&other.column.name, column) && same(name, &other.column.name);
        if let Some(other) = domain.fields.iter().find(means).filter(|_| !same(name, column)) {
            return Err(format!(
                "its parameter {name} is for {column}, not for {}",
                shown(&other.column.name),
                name = shown(name),
                column = shown(column)
            ));
        }
        let of = &domain.fields[field].column;
        let is_key = plain.key.iter().any(|(_, used)| *used == at);
        if let Some(Kept::Changed(how)) = is_key.then(|| compares(parameter, of)) {
            return Err(format!("its parameter {name} {how}", name = shown(name)));
        }
        match keeps(parameter, of) {
            Kept::Whole => args.push(field),
            Kept::Refused(how) | Kept::Changed(how) => {
                return Err(format!(
                    "its parameter {name} {how}, so that values of {column} would not pass",
                    name = shown(name),
                    column = shown(column)
                ));
            }
        }
    }
    if args.is_empty() { Err("it has no parameters".to_owned()) } else { Ok(args) }
}

fn create(
    domain: &Domain,
    plain: &Plain,
    args: &[usize],
    catalogue: &Catalogue,
) -> Result<Vec<usize>, String> {
    if let Some(why) = &domain.untold {
        return Err(why.clone());
    }
    let is_own = |column: &str| plain.own.iter().any(|own| same_word(own, column));
    for (at, field) in domain.fields.iter().enumerate() {
        let (column, is_taken) = (&field.column.name, args.contains(&at));
        match field.supply {
            _ if field.version && is_taken => {
                return Err(format!("it takes the version {column}", column = shown(column)));
            }
            _ if field.version => {}
            Supply::Database if is_taken => {
                return Err(format!(
                    "it takes {column}, which the database fills in",
                    column = shown(column)
                ));
            }
            // A column whose default no template can express gets that default if `create` does not take it.
            Supply::Required
                if !is_taken
                    && !is_own(column)
                    && (field.key || field.column.default == Supplied::Nothing) =>
            {
                return Err(format!("it gives {column} no value", column = shown(column)));
            }
            Supply::Required | Supply::Optional | Supply::Default(_) | Supply::Database => {}
        }
    }
    let unseen = catalogue.relation_named(&plain.table).and_then(|table| {
        let needs = |column: &str| domain.field(column).is_none() && !is_own(column);
        table
            .columns
            .iter()
            .find(|column| !column.nullable && column.default == Supplied::Nothing && needs(&column.name))
    });
    if let Some(column) = unseen {
        return Err(format!("it gives {} no value", shown(&column.name)));
    }
    let counted = domain.fields.iter().position(|field| field.column.default == Supplied::Counter);
    Ok(counted.filter(|_| plain.selects_new_id).into_iter().collect())
}

fn update(domain: &Domain, plain: &Plain, _: &[usize], _: &Catalogue) -> Result<Vec<usize>, String> {
    finds_the_record(domain, plain)?;
    for (column, _) in &plain.sets {
        let field = domain.field(column).map(|at| &domain.fields[at]);
        if !field.is_some_and(|field| !field.key && field.is_settable()) {
            return Err(format!("it changes {column}, which no client may change", column = shown(column)));
        }
    }
    match (&plain.counted, &plain.version) {
        _ if plain.sets.is_empty() => Err("it changes nothing that a client may change".to_owned()),
        (Some(counted), None) => {
            Err(format!("it counts up {counted} and does not compare it", counted = shown(counted)))
        }
        (Some(counted), Some((compared, _))) if !same_word(counted, compared) => Err(format!(
            "it compares {compared} and counts up {counted}",
            compared = shown(compared),
            counted = shown(counted)
        )),
        (None, Some((compared, _))) => {
            Err(format!("it compares {compared} and does not count it up", compared = shown(compared)))
        }
        (Some(counted), Some(_)) if !is_version(domain, counted) => {
            Err(format!("{counted} cannot be a version", counted = shown(counted)))
        }
        (None, None) if domain.fields.iter().any(|field| field.version) => {
            Err("another procedure counts up the version, and this one does not".to_owned())
        }
        (Some(_), Some(_)) | (None, None) => Ok(Vec::new()),
    }
}

fn delete(domain: &Domain, plain: &Plain, _: &[usize], _: &Catalogue) -> Result<Vec<usize>, String> {
    finds_the_record(domain, plain)?;
    match &plain.version {
        Some((column, _)) if !is_version(domain, column) => {
            Err(format!("it compares {column}, which no update counts up", column = shown(column)))
        }
        _ => Ok(Vec::new()),
    }
}

fn is_version(domain: &Domain, column: &str) -> bool {
    domain.field(column).is_some_and(|at| domain.fields[at].version)
}

/// Whether the condition is the key and nothing else.
fn finds_the_record(domain: &Domain, plain: &Plain) -> Result<(), String> {
    let key = domain.key();
    if key.is_empty() {
        return Err("the table has no key".to_owned());
    }
    let found: Vec<Option<usize>> = plain.key.iter().map(|(column, _)| domain.field(column)).collect();
    if found.len() == key.len() && key.iter().all(|field| found.contains(&Some(*field))) {
        Ok(())
    } else {
        let names: Vec<&str> = key.iter().map(|at| domain.fields[*at].column.name.as_str()).collect();
        Err(format!("its condition is not exactly the key ({})", names.join(", ")))
    }
}

/// Closes the fields that `create` does not pass and nobody can change, so that a client may not give them. Returns the
/// column of such a field that can be changed: closing it would forbid the change.
fn close(domain: &mut Domain, create: &Object, changed: &[usize]) -> Option<String> {
    let Object::Procedure { args, name, .. } = create else { return None };
    let open: Vec<usize> = (0..domain.fields.len())
        .filter(|at| domain.fields[*at].is_settable() && !args.contains(at))
        .collect();
    if let Some(at) = open.iter().find(|at| changed.contains(at)) {
        return Some(domain.fields[*at].column.name.clone());
    }
    for at in open {
        let field = &mut domain.fields[at];
        field.notes.push(format!("{name} does not take it: the database fills it in", name = shown(name)));
        field.supply = Supply::Database;
    }
    None
}
