//! Templates for an existing database: one for each table, view and collection, with the procedures and functions
//! that belong to it.
//!
//! [`plan`] turns what the adapters have seen into text, and needs no server. [`write()`] puts the text into a folder.
//! What a template cannot express is listed in it and in [`Plan::left_out`], and never dropped without a word. Nothing
//! here changes the database. Missing procedures are proposed as a script for the DBA.

mod body;
mod bounds;
mod collection;
mod crud;
mod ddl;
mod domain;
mod fields;
mod key;
mod literal;
mod names;
mod once;
mod pattern;
mod plain;
mod render;
mod report;
mod routines;
mod types;
mod unseen;
mod write;

use beds_core::inspect::{Catalogue, Relation, RelationKind, Routine};
use beds_protocol::{shown, tables::is_own};

use self::{
    domain::Domain,
    names::{Taken, prefixed, snake, spelled},
    routines::{call, home},
};

use crate::routine::broken;

pub(crate) use body::AllDeeds;
pub use names::glob_matches;
pub(crate) use names::same as same_name;
pub(crate) use plain::{Found, Reach, reaches};
pub use report::Imported;
pub use write::{Existing, WriteError, existing, write};

/// What to import, and with which names.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only relations and routines whose name matches one of these patterns; all if there are none.
    pub only: Vec<String>,
    /// No relations and routines whose name matches one of these.
    pub exclude: Vec<String>,
    /// The prefix of the templates' names.
    pub name_prefix: String,
    /// The service that serves the templates.
    pub service: String,
    /// The broker, if the service has several.
    pub broker: Option<String>,
    /// The name that templates use for the database.
    pub database_name: String,
    /// Whether the database is in MongoDB.
    pub is_mongodb: bool,
    /// Whether to propose procedures for operations that have none.
    pub ddl: bool,
    /// Templates that exist already.
    pub existing: Vec<Existing>,
}

/// What an import writes.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Name and text of each template's file.
    pub files: Vec<(String, String)>,
    /// The script with proposed procedures.
    pub ddl: Option<String>,
    /// What no template expresses: the place, and the reason.
    pub left_out: Vec<(String, String)>,
    /// The result for each relation and its routines.
    pub domains: Vec<Imported>,
    /// Patterns of `only` that match nothing.
    pub unmatched: Vec<String>,
    /// How many of each kind.
    pub counts: Counts,
}

/// How many of each kind a plan has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Domains on tables or collections.
    pub tables: usize,
    /// Domains on views.
    pub views: usize,
    /// Domains that offer create, update or delete.
    pub writable: usize,
    /// Calls.
    pub calls: usize,
    /// Relations and routines that the patterns leave out.
    pub unselected: usize,
}

/// The templates for a database.
#[must_use]
pub fn plan(catalogue: &Catalogue, options: &Options) -> Plan {
    let mut plan = Plan::default();
    let mut names = Taken::default();
    for template in &options.existing {
        // A template that is to be written anew gives its name back.
        if template.file != file_name(&template.name) {
            names.keep_template(&template.name);
        }
    }
    let all = AllDeeds::of(catalogue);
    let mut domains = domains(&all, options, &mut names, &mut plan);
    add_routines(&mut domains, &all, options, &mut names, &mut plan);
    if options.ddl && !options.is_mongodb {
        plan.ddl = ddl::propose(&mut domains, catalogue);
    }
    for domain in &mut domains {
        domain.loose = once::loose(domain, catalogue);
        if let (None, Some(why)) = (&domain.create, &domain.untold) {
            domain.left_out.push(format!("create: {why}"));
        }
    }
    for (name, what) in &catalogue.others {
        if is_selected(name, options, catalogue.folds_names) {
            plan.left_out.push((shown(name), format!("{what} has no counterpart in a template")));
        }
    }
    plan.left_out.extend(unseen::triggers(catalogue, options));
    if !options.is_mongodb {
        plan.left_out.extend(unseen::routines(catalogue));
    }
    plan.unmatched = unmatched(catalogue, options);
    domains.sort_by(|a, b| a.name.cmp(&b.name));
    for domain in &domains {
        let file = file_name(&domain.name);
        plan.left_out.extend(domain.unsaid().map(|what| (file.clone(), what.clone())));
        plan.counts.writable += usize::from(domain.is_writable() || domain.delete.is_some());
        plan.counts.calls += domain.calls.len();
        match &domain.source {
            Some((RelationKind::View, _)) => plan.counts.views += 1,
            Some(_) => plan.counts.tables += 1,
            None => {}
        }
        plan.domains.push(report::imported(domain, &file, catalogue));
        plan.files.push((file, render::template(domain, &catalogue.database, options)));
    }
    plan
}

fn file_name(template: &str) -> String {
    format!("{template}_rec.toml")
}

/// Whether the patterns select a name. Names of relations compare as on the server; those of routines compare without
/// case.
fn is_selected(name: &str, options: &Options, folds: bool) -> bool {
    (options.only.is_empty() || matches(&options.only, name, folds))
        && !matches(&options.exclude, name, folds)
}

fn matches(patterns: &[String], name: &str, folds: bool) -> bool {
    patterns.iter().any(|pattern| glob_matches(pattern, name, folds))
}

fn unmatched(catalogue: &Catalogue, options: &Options) -> Vec<String> {
    let is_matched = |pattern: &&String| {
        let relations = catalogue.relations.iter().map(|relation| (&relation.name, catalogue.folds_names));
        let routines = catalogue.routines.iter().map(|routine| (&routine.name, true));
        relations.chain(routines).any(|(name, folds)| glob_matches(pattern, name, folds))
    };
    options.only.iter().filter(|pattern| !is_matched(pattern)).cloned().collect()
}

fn domains(all: &AllDeeds<'_>, options: &Options, names: &mut Taken, plan: &mut Plan) -> Vec<Domain> {
    let catalogue = all.catalogue;
    let mut domains = Vec::new();
    for relation in &catalogue.relations {
        if is_own(&relation.name) {
            continue;
        }
        if !is_selected(&relation.name, options, catalogue.folds_names) {
            plan.counts.unselected += 1;
            continue;
        }
        let subject = || format!("{} {}", relation.kind.as_str(), shown(&relation.name));
        if let Some(rule) = unnameable(relation, options) {
            plan.left_out.push((subject(), rule.to_owned()));
            continue;
        }
        if let Some(writer) = all.writer_of(relation).filter(|_| relation.kind == RelationKind::View) {
            plan.left_out
                .push((subject(), format!("a fetch only reads, and it runs {writer}, which may write")));
            continue;
        }
        match domain::domain(String::new(), relation, catalogue) {
            Ok(mut domain) => {
                let prefix = &options.name_prefix;
                let name = if snake(&relation.name).is_empty() {
                    format!("{prefix}relation_{}", spelled(&relation.name))
                } else {
                    prefixed(prefix, &relation.name)
                };
                domain.name = names.template(&name);
                if options.is_mongodb {
                    collection::offer(&mut domain, relation);
                }
                domains.push(domain);
            }
            Err(why) => plan.left_out.push((subject(), why)),
        }
    }
    domains
}

/// Why a template cannot name a relation.
fn unnameable(relation: &Relation, options: &Options) -> Option<&'static str> {
    let name = &relation.name;
    if options.is_mongodb && (name.contains('$') || name.starts_with("system.")) {
        Some("its name is not allowed in a template")
    } else if options.is_mongodb && name.len() > 200 {
        Some("its name is too long for a template")
    } else {
        None
    }
}

fn add_routines(
    domains: &mut Vec<Domain>,
    all: &AllDeeds<'_>,
    options: &Options,
    names: &mut Taken,
    plan: &mut Plan,
) {
    let catalogue = all.catalogue;
    let candidates: Vec<_> = catalogue
        .routines
        .iter()
        .filter(|routine| !matches(&options.exclude, &routine.name, true))
        .cloned()
        .collect();
    plan.counts.unselected += catalogue.routines.len() - candidates.len();
    let wired = crud::wire(domains, &candidates, catalogue);
    let homes = Homes::of(domains, catalogue, options);
    let relations = domains.len();
    let mut call_names: Vec<Taken> = (0..=relations).map(|_| Taken::default()).collect();
    let mut homeless = Domain::of_calls(String::new(), &catalogue.database);
    for (routine, wired) in candidates.iter().zip(wired) {
        if wired.taken {
            continue;
        }
        let home = match homes.choose(routine, catalogue, all, options) {
            Home::Domain(at) => Some(at),
            Home::Nowhere => None,
            Home::Left => {
                plan.counts.unselected += 1;
                continue;
            }
        };
        // `beds verify` would refuse the whole template because of one call that always fails.
        let call = match broken(routine, catalogue) {
            Some(why) => Err(why),
            None => call(routine, home.and_then(|home| domains.get(home)), &wired, all),
        };
        let target = home.and_then(|home| domains.get_mut(home)).unwrap_or(&mut homeless);
        match call {
            Ok(mut call) => {
                if let Some(taken) = call_names.get_mut(home.unwrap_or(relations)) {
                    call.name = taken.field(&call.name, &format!("call_{}", spelled(&call.routine)));
                }
                target.calls.push(call);
            }
            Err(why) => {
                target.left_out.push(format!("{} {}: {why}", routine.kind.as_str(), shown(&routine.name)));
            }
        }
    }
    if homeless.calls.is_empty() {
        let everywhere = homeless.left_out.into_iter();
        plan.left_out
            .extend(everywhere.map(|what| (format!("database {}", shown(&catalogue.database)), what)));
    } else {
        let name = prefixed(&options.name_prefix, &format!("{}_calls", options.database_name));
        homeless.name = names.template(&name);
        domains.push(homeless);
    }
}

/// The relations that routines belong to, each with its domain. Relations without a domain are those that the patterns
/// leave out, together with their routines.
struct Homes<'c>(Vec<(&'c str, Option<usize>)>);

/// Where the call of a routine goes.
enum Home {
    Domain(usize),
    /// To the domain of calls that belong to no table.
    Nowhere,
    /// Nowhere: the patterns leave the routine out.
    Left,
}

impl<'c> Homes<'c> {
    fn of(domains: &[Domain], catalogue: &'c Catalogue, options: &Options) -> Self {
        let home = |name: &str| {
            let is_source =
                |domain: &Domain| domain.source.as_ref().is_some_and(|(_, source)| source == name);
            match domains.iter().position(is_source) {
                // No template expresses the relation, so its routines go elsewhere.
                None if is_selected(name, options, catalogue.folds_names) => None,
                at => Some(at),
            }
        };
        let names = catalogue.relations.iter().map(|relation| relation.name.as_str());
        Self(names.filter_map(|name| Some((name, home(name)?))).collect())
    }

    fn choose(
        &self,
        routine: &Routine,
        catalogue: &Catalogue,
        all: &AllDeeds<'_>,
        options: &Options,
    ) -> Home {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| *name).collect();
        let home = home(routine, &names, catalogue, all).map(|at| self.0[at]);
        // With `only`, a routine that belongs to no selected table is not selected, unless its own name is.
        let is_chosen = is_selected(&routine.name, options, true);
        match home {
            Some((_, Some(at))) => Home::Domain(at),
            Some((name, None)) if matches(&options.exclude, name, catalogue.folds_names) => Home::Left,
            _ if is_chosen => Home::Nowhere,
            _ => Home::Left,
        }
    }
}

#[cfg(test)]
mod tests;
