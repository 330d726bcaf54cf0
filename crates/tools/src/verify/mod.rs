//! Compares templates with the live databases, for `beds verify` and for the start of a node.
//!
//! [`verify`] inspects each database once and judges every domain on it. The modules judge relations, routines,
//! documents and grants from plain structs, and ask no server. Verification never changes anything, and reports nothing
//! that it cannot know, such as the result sets of a procedure.

mod base;
mod documents;
mod elsewhere;
mod grants;
mod hidden;
mod lost;
mod misplaced;
mod new_key;
mod part;
mod reach;
mod relation;
mod renamed;
mod replicas;
mod report;
mod routine;
mod skipped;
mod tables;
mod types;
mod uncoded;
mod unversioned;
mod used;
mod validator;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::future::{join, join_all};
use serde::Serialize;

use beds_core::{
    inspect::{Catalogue, RelationKind, RoutineKind, Scope, Unseen},
    settings::Servers,
    spec::{Domain, Engine, Generated, Object, ObjectKind, Type, Usage},
};
use beds_mariadb::MariaDb;
use beds_mongodb::MongoDb;
use beds_protocol::shown;

pub use crate::severity::Severity;
pub use report::Report;

use self::types::Fit;
use crate::import::AllDeeds;

/// A place where a template and its database disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The template; none if the finding is about the node's user, or about one of the node's own tables.
    pub template: Option<String>,
    /// The name that templates use for the database.
    pub database: String,
    /// How severe the finding is.
    pub severity: Severity,
    /// The part of the template, such as `field price` or `call restock`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A database that could not be inspected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unchecked {
    /// The name that templates use for it.
    pub database: String,
    /// The reason.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
    /// The templates that were not checked because of it.
    pub templates: Vec<String>,
}

/// The findings of one domain.
pub(crate) struct Findings<'a> {
    domain: &'a Domain,
    list: Vec<Finding>,
}

impl Findings<'_> {
    fn push(
        &mut self,
        severity: Severity,
        place: impl Into<String>,
        message: impl Into<String>,
    ) -> &mut Finding {
        let at = self.list.len();
        self.list.push(Finding {
            template: Some(self.domain.name.to_owned()),
            database: self.domain.database.to_owned(),
            severity,
            place: place.into(),
            message: message.into(),
            hint: None,
        });
        &mut self.list[at]
    }

    fn error(&mut self, place: impl Into<String>, message: impl Into<String>) -> &mut Finding {
        self.push(Severity::Error, place, message)
    }

    fn warning(&mut self, place: impl Into<String>, message: impl Into<String>) -> &mut Finding {
        self.push(Severity::Warning, place, message)
    }

    fn note(&mut self, place: impl Into<String>, message: impl Into<String>) -> &mut Finding {
        self.push(Severity::Note, place, message)
    }

    /// Whether values of clients reach the column through a procedure or a collection.
    fn is_written(&self, index: usize) -> bool {
        let domain = self.domain;
        let field = &domain.fields[index];
        let is_given = field.generated.is_none() && domain.version != Some(index);
        let takes = |object: &Object| match object.usage {
            Usage::Create | Usage::Update | Usage::Upsert => {
                domain.engine() == Engine::MongoDb || object.args.contains(&index)
            }
            Usage::Read | Usage::Delete | Usage::Call(_) => false,
        };
        is_given && domain.database_objects().iter().any(takes)
    }

    /// Whether the node stores values of the field in a collection: those of clients, or its own.
    fn is_stored(&self, index: usize) -> bool {
        let field = &self.domain.fields[index];
        // The driver makes an `ObjectId`. The node does not write other values that the database is to fill in.
        let is_made =
            field.generated.is_some_and(|by| by != Generated::Database || matches!(field.ty, Type::ObjectId))
                || self.domain.version == Some(index);
        is_made || self.is_written(index)
    }

    /// Whether the place has this finding already: several operations may write one field, and a view has the columns
    /// of its table.
    fn has(&self, place: &str, why: &str) -> bool {
        self.list.iter().any(|finding| finding.place == place && finding.message.ends_with(why))
    }

    /// Reports how well a type fits. An error names the type, `written`.
    fn fit(&mut self, fit: Fit, place: &str, subject: &str, written: &str) {
        match fit {
            Fit::Fine => {}
            Fit::Noted(why) => {
                self.note(place, format!("{subject} {why}"));
            }
            Fit::Doubt(why) => {
                self.warning(place, format!("{subject} {why}"));
            }
            Fit::Wrong(why) => {
                self.error(place, format!("{subject} {why}"))
                    .hint(format!("its type is {written}", written = shown(written)));
            }
        }
    }
}

impl Finding {
    fn hint(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }
}

/// Where the databases of a node are.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// MariaDB servers, by the name that templates use as `database`.
    pub mariadb: &'a Servers<MariaDb>,
    /// MongoDB servers, by the name that templates use as `database`.
    pub mongodb: &'a Servers<MongoDb>,
    /// How long the inspection of one database may take.
    pub timeout: Duration,
}

/// Inspects the databases of these domains, all at the same time, and compares the domains with them. `all` are all
/// domains that the node's accounts serve, including these. A privilege that one of them needs is not one too many.
pub async fn verify(sources: Sources<'_>, domains: &[&'static Domain], all: &[&'static Domain]) -> Report {
    let mut by_database: BTreeMap<(&str, &str), Vec<&'static Domain>> = BTreeMap::new();
    for domain in domains {
        by_database.entry((domain.engine().as_str(), domain.database)).or_default().push(domain);
    }
    let looks = by_database.into_iter().map(async |((_, database), domains)| {
        let (seen, replicas) = join(look(sources, &domains), replicas::look(sources, &domains)).await;
        (database, domains, seen, replicas)
    });
    let mut report = Report::default();
    let mut seen_by: Vec<grants::Seen> = Vec::new();
    for (database, domains, seen, replicas) in join_all(looks).await {
        match seen {
            Ok(catalogue) => {
                let deeds = AllDeeds::of(&catalogue);
                for domain in &domains {
                    let (notes, findings) = check_objects(domain, &domain.database_objects(), &deeds)
                        .into_iter()
                        .partition::<Vec<_>, _>(|finding| finding.severity == Severity::Note);
                    report.findings.extend(findings);
                    report.notes.extend(notes);
                    report.checked.push(domain.name.to_owned());
                }
                report.findings.extend(replicas::check(&domains, &deeds, replicas));
                report.findings.extend(tables::check(&domains, &catalogue));
                let is_here = |domain: &&&Domain| {
                    domain.database == database
                        && Some(domain.engine()) == domains.first().map(|one| one.engine())
                };
                let served: Vec<_> = all.iter().filter(is_here).copied().collect();
                seen_by.push(grants::Seen::of(database, &served, &catalogue));
            }
            Err(Unseen { reason, hint, .. }) => report.unchecked.push(Unchecked {
                database: database.to_owned(),
                reason,
                hint,
                templates: domains.iter().map(|domain| domain.name.to_owned()).collect(),
            }),
        }
    }
    // A grant may be for a database that was not inspected.
    let is_looked_at = |domain: &&Domain| domains.iter().any(|one| one.database == domain.database);
    let seen_all = report.unchecked.is_empty() && all.iter().all(is_looked_at);
    report.findings.extend(grants::excess(seen_by, seen_all));
    report.sort();
    report
}

async fn look(sources: Sources<'_>, domains: &[&'static Domain]) -> Result<Catalogue, Unseen> {
    let Some(first) = domains.first() else { return Ok(Catalogue::default()) };
    self::catalogue(sources, first.engine(), first.database, &scope(sources, domains)).await
}

/// The part of a database that these domains use.
fn scope(sources: Sources<'_>, domains: &[&'static Domain]) -> Scope {
    let objects = domains.iter().flat_map(|domain| domain.database_objects());
    let names = objects.filter(|object| is_relation(object.kind)).map(|object| object.name);
    let own = domains.iter().flat_map(|domain| domain.tables()).map(|table| table.name);
    let names: BTreeSet<&str> = names.chain(own).collect();
    Scope { only: Some(names.into_iter().map(str::to_owned).collect()), sample: 0, timeout: sources.timeout }
}

/// The catalogue of a template's database.
///
/// # Errors
/// When no server is configured for it, or the server cannot be inspected.
pub async fn catalogue(
    sources: Sources<'_>,
    engine: Engine,
    name: &str,
    scope: &Scope,
) -> Result<Catalogue, Unseen> {
    let missing = || {
        let section = engine.as_str();
        Unseen::new(
            format!("[{section}.{name}] is not configured"),
            "add it to config/, with the url of its server",
        )
    };
    match engine {
        Engine::MariaDb => {
            let server = sources.mariadb.get(name).ok_or_else(missing)?;
            beds_mariadb::inspect(&server.url.0, scope).await
        }
        Engine::MongoDb => {
            let server = sources.mongodb.get(name).ok_or_else(missing)?;
            let url = server.url.as_ref().ok_or_else(missing)?;
            let database = server.database.as_deref().unwrap_or(name);
            beds_mongodb::inspect(url, database, scope, &|_| true, &|_, _, _| ()).await
        }
    }
}

const fn is_relation(kind: ObjectKind) -> bool {
    match kind {
        ObjectKind::Table | ObjectKind::View | ObjectKind::Collection | ObjectKind::Pipeline => true,
        ObjectKind::Procedure | ObjectKind::Function => false,
    }
}

/// Compares these objects of a domain with its database.
fn check_objects(domain: &Domain, objects: &[Object], all: &AllDeeds<'_>) -> Vec<Finding> {
    let mut findings = Findings { domain, list: Vec::new() };
    for object in objects {
        match object.kind {
            ObjectKind::Table | ObjectKind::View | ObjectKind::Collection | ObjectKind::Pipeline => {
                check_relation(object, all, &mut findings);
            }
            ObjectKind::Procedure => check_routine(object, RoutineKind::Procedure, all, &mut findings),
            ObjectKind::Function => check_routine(object, RoutineKind::Function, all, &mut findings),
        }
    }
    findings.list
}

/// The name of an object's use in messages.
fn place(usage: Usage) -> String {
    match usage {
        Usage::Read => "objects.read".to_owned(),
        Usage::Create => "objects.create".to_owned(),
        Usage::Update => "objects.update".to_owned(),
        Usage::Upsert => "objects.upsert".to_owned(),
        Usage::Delete => "objects.delete".to_owned(),
        Usage::Call(call) => format!("call {call}"),
    }
}

fn check_relation(object: &Object, all: &AllDeeds<'_>, findings: &mut Findings<'_>) {
    let catalogue = all.catalogue;
    let place = place(object.usage);
    let Some(relation) = catalogue.relation_named(object.name) else {
        let names = catalogue.relations.iter().map(|relation| relation.name.as_str());
        missing(object, what(object.kind), names, catalogue, findings);
        return;
    };
    let is_other = match object.kind {
        ObjectKind::Table => relation.kind != RelationKind::Table,
        ObjectKind::View => relation.kind != RelationKind::View,
        ObjectKind::Collection => relation.kind != RelationKind::Collection,
        _ => false,
    };
    if is_other {
        let found = relation.kind.as_str();
        let message =
            format!("{} is a {found}, but the template calls it a {}", shown(object.name), what(object.kind));
        // Nobody can write through a view of MongoDB.
        if object.usage == Usage::Read {
            findings.warning(&place, message).hint(format!("write {found} = \"{}\"", object.name));
        } else {
            findings.error(&place, message);
            return;
        }
    }
    grants::check(object, catalogue, findings);
    match object.usage {
        Usage::Read => {
            grants::check_text(object, catalogue, findings);
            relation::check(object, relation, all, findings);
            hidden::check(&place, relation, findings);
        }
        Usage::Create | Usage::Update | Usage::Upsert | Usage::Delete => {
            documents::check(object, relation, findings);
        }
        Usage::Call(_) => {}
    }
}

fn check_routine(object: &Object, kind: RoutineKind, all: &AllDeeds<'_>, findings: &mut Findings<'_>) {
    let catalogue = all.catalogue;
    if let Some(routine) = catalogue.routine(kind, object.name) {
        grants::check(object, catalogue, findings);
        routine::check(object, routine, all, findings);
        return;
    }
    let routines = catalogue.routines.iter().filter(|routine| routine.kind == kind);
    missing(object, kind.as_str(), routines.map(|routine| routine.name.as_str()), catalogue, findings);
}

const fn what(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Table => "table",
        ObjectKind::View => "view",
        ObjectKind::Collection => "collection",
        ObjectKind::Procedure => "procedure",
        ObjectKind::Function => "function",
        ObjectKind::Pipeline => "collection or view",
    }
}

fn missing<'n>(
    object: &Object,
    kind: &str,
    names: impl Iterator<Item = &'n str>,
    catalogue: &Catalogue,
    findings: &mut Findings<'_>,
) {
    let nearest = beds_protocol::nearest(object.name, names);
    let message =
        format!("there is no {kind} {} in the database {}", shown(object.name), shown(&catalogue.database));
    let lacks = grants::lacks(object, catalogue);
    let hint = match (nearest, lacks) {
        (Some(name), Some(privilege)) => format!(
            "did you mean {name}? Or {} may not see it: it has no {privilege} on it",
            shown(&catalogue.grants.user),
            name = shown(name)
        ),
        (Some(name), None) => format!("did you mean {name}?", name = shown(name)),
        (None, Some(privilege)) => {
            format!("or {} may not see it: it has no {privilege} on it", shown(&catalogue.grants.user))
        }
        (None, None) => "create it, or correct its name in the template".to_owned(),
    };
    findings.error(place(object.usage), message).hint(hint);
}

#[cfg(test)]
mod tests;
