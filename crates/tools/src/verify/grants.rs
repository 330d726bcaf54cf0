//! Compares the privileges of the node's user with the needs of its domains: a missing one is an error, an unneeded one
//! a warning.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Findings, Severity, place, what};
use crate::routine::{gives, lacks_on};
use beds_core::{
    inspect::{Catalogue, Grant, Granted, same_word},
    spec::{Domain, Object, ObjectKind, Usage},
};
use beds_protocol::{shown, tables::is_own};

/// The prefix of the node's own databases, which no template names.
const OWN_DATABASE: &str = "beds";
/// How many grants a finding names.
const SHOWN_MAX: usize = 10;

/// Reports a privilege that an object needs and the user lacks.
pub(super) fn check(object: &Object, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    if let Some(privilege) = lacks(object, catalogue) {
        let user = &catalogue.grants.user;
        let message = format!(
            "{user} has no {privilege} on the {} {}",
            what(object.kind),
            shown(object.name),
            user = shown(user)
        );
        findings.error(place(object.usage), message).hint("`bedsc grants` writes what a node needs");
    }
}

/// Notes a view whose text the node cannot see. The view may run functions without the node's knowledge.
pub(super) fn check_text(object: &Object, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let is_view = object.kind == ObjectKind::View && !catalogue.documents;
    if is_view && lacks(object, catalogue).is_none() && lacks_on(object.name, "SHOW VIEW", catalogue) {
        let user = &catalogue.grants.user;
        let message = format!(
            "{user} has no SHOW VIEW on {}: the node cannot see that the view runs no function, and opens a new \
             connection after each fetch",
            shown(object.name),
            user = shown(user)
        );
        findings.note(place(object.usage), message).hint("`bedsc grants` writes what a node needs");
    }
}

/// The privilege that an object needs and the user lacks, if the grants are known.
pub(super) fn lacks(object: &Object, catalogue: &Catalogue) -> Option<&'static str> {
    let list = catalogue.grants.list.as_ref()?;
    let is_given = |needed: &&&str| {
        list.iter().any(|grant| gives(grant, needed) && covers(&grant.on, object, catalogue))
    };
    needed(object, catalogue.documents).iter().find(|needed| !is_given(needed)).copied()
}

/// The privileges that an object needs, in the terms of its engine.
fn needed(object: &Object, documents: bool) -> &'static [&'static str] {
    match (object.kind, object.usage) {
        (ObjectKind::Procedure | ObjectKind::Function, _) => &["EXECUTE"],
        (ObjectKind::Collection, Usage::Create) => &["insert"],
        (ObjectKind::Collection, Usage::Update) => &["update"],
        (ObjectKind::Collection, Usage::Upsert) => &["insert", "update"],
        (ObjectKind::Collection, Usage::Delete) => &["remove"],
        (ObjectKind::View | ObjectKind::Table | ObjectKind::Collection | ObjectKind::Pipeline, _)
            if documents =>
        {
            &["find"]
        }
        (ObjectKind::View | ObjectKind::Table | ObjectKind::Collection | ObjectKind::Pipeline, _) => {
            &["SELECT"]
        }
    }
}

fn covers(on: &Granted, object: &Object, catalogue: &Catalogue) -> bool {
    match on {
        Granted::Server | Granted::Database => true,
        Granted::Relation(name) | Granted::Columns(name) => {
            super::is_relation(object.kind) && catalogue.is_one_name(name, object.name)
        }
        Granted::Procedure(name) => object.kind == ObjectKind::Procedure && same_word(name, object.name),
        Granted::Function(name) => object.kind == ObjectKind::Function && same_word(name, object.name),
        Granted::Elsewhere(_) => false,
    }
}

/// The privileges of an account, as seen from one of its databases.
#[derive(Debug)]
pub(super) struct Seen {
    /// The server and the account.
    account: (String, String),
    /// The name that templates use for the database.
    database: String,
    /// Each grant as it is written, and its judgement.
    grants: Vec<(String, Judged)>,
}

/// How a database judges a grant.
#[derive(Debug)]
enum Judged {
    /// A template on the database needs all of it.
    Needed,
    /// No template on the database needs this part.
    TooMuch(String),
    /// The grant is for another database. `is_public` is whether everybody has it.
    Elsewhere { is_public: bool },
}

impl Seen {
    pub(super) fn of(database: &str, domains: &[&'static Domain], catalogue: &Catalogue) -> Self {
        let objects: Vec<Object> = domains.iter().flat_map(|domain| domain.database_objects()).collect();
        let judge = |grant: &Grant| {
            let excess = if catalogue.documents {
                too_much_of_documents(grant)
            } else {
                too_much(grant, &objects, catalogue)
            };
            let is_elsewhere = matches!(grant.on, Granted::Elsewhere(_));
            let judged = match excess {
                None => Judged::Needed,
                Some(_) if is_elsewhere => Judged::Elsewhere { is_public: grant.is_public },
                Some(what) if grant.is_public => Judged::TooMuch(format!("{what}, by a grant to PUBLIC")),
                Some(what) => Judged::TooMuch(what),
            };
            (grant.written.clone(), judged)
        };
        let list = catalogue.grants.list.iter().flatten();
        Self {
            account: (catalogue.server.clone(), catalogue.grants.user.clone()),
            database: database.to_owned(),
            grants: list.map(judge).collect(),
        }
    }
}

/// Grants that no domain needs. There is one finding for each account, since one database may need the grant that
/// another does not. `seen_all` is whether every database of the domains was inspected: a grant may be for one that was
/// not.
pub(super) fn excess(seen: Vec<Seen>, seen_all: bool) -> Vec<Finding> {
    let mut accounts: BTreeMap<(String, String), Vec<Seen>> = BTreeMap::new();
    for seen in seen {
        accounts.entry(seen.account.clone()).or_default().push(seen);
    }
    accounts.into_iter().filter_map(|((_, user), seen)| of_account(&user, &seen, seen_all)).collect()
}

fn of_account(user: &str, seen: &[Seen], seen_all: bool) -> Option<Finding> {
    let mut by_grant: BTreeMap<&String, Vec<&Judged>> = BTreeMap::new();
    for (written, judged) in seen.iter().flat_map(|seen| &seen.grants) {
        by_grant.entry(written).or_default().push(judged);
    }
    let mut excess: BTreeSet<String> = BTreeSet::new();
    for (written, judged) in by_grant {
        if judged.iter().any(|judged| matches!(judged, Judged::Needed)) {
            continue;
        }
        let too_much = judged.iter().filter_map(|judged| match judged {
            Judged::TooMuch(what) => Some(what.clone()),
            Judged::Needed | Judged::Elsewhere { .. } => None,
        });
        excess.extend(too_much);
        let is_about_others = judged.iter().all(|judged| matches!(judged, Judged::Elsewhere { .. }));
        // A privilege that everybody has elsewhere, such as in the databases `test`, was not given to this user.
        let is_given = judged.iter().any(|judged| matches!(judged, Judged::Elsewhere { is_public: false }));
        if is_about_others && is_given && seen_all {
            excess.insert(elsewhere(written));
        }
    }
    if excess.is_empty() {
        return None;
    }
    let count = excess.len();
    let mut told: Vec<String> = excess.into_iter().take(SHOWN_MAX).collect();
    if count > SHOWN_MAX {
        told.push(format!("and {} more", count - SHOWN_MAX));
    }
    let databases: Vec<&str> = seen.iter().map(|seen| seen.database.as_str()).collect();
    Some(Finding {
        template: None,
        database: databases.join(", "),
        severity: Severity::Warning,
        place: "grants".to_owned(),
        message: format!(
            "{user} has more privileges than the templates need: {}",
            told.join("; "),
            user = shown(user)
        ),
        hint: Some("revoke them; `bedsc grants` writes what a node needs".to_owned()),
    })
}

/// `GRANT SELECT ON `a`.`b` TO …` as `SELECT on a.b`. Names that would change without their quotes keep them.
fn elsewhere(written: &str) -> String {
    let what = written.strip_prefix("GRANT ").unwrap_or(written);
    let what = what.split(" TO `").next().unwrap_or(what).replacen(" ON ", " on ", 1);
    let is_plain = !what.contains("``") && what.split('`').skip(1).step_by(2).all(|name| !name.contains('.'));
    if is_plain { what.replace('`', "") } else { what }
}

fn too_much(grant: &Grant, objects: &[Object], catalogue: &Catalogue) -> Option<String> {
    let harmless = |privilege: &&String| matches!(privilege.as_str(), "SELECT" | "EXECUTE" | "SHOW VIEW");
    let all = || grant.privileges.join(", ");
    let used = |is: &dyn Fn(&Object) -> bool| objects.iter().any(is);
    let only = |allowed: &str, is_used: bool, name: &str, kind: &str| {
        let extra: Vec<&str> = grant
            .privileges
            .iter()
            .map(String::as_str)
            .filter(|privilege| !is_used || (*privilege != allowed && *privilege != "SHOW VIEW"))
            .collect();
        (!extra.is_empty()).then(|| format!("{} on the {kind} {name}", extra.join(", "), name = shown(name)))
    };
    match &grant.on {
        Granted::Server => Some(format!("{} on every database", all())),
        Granted::Database => {
            let extra: Vec<&str> = grant
                .privileges
                .iter()
                .filter(|privilege| !harmless(privilege))
                .map(String::as_str)
                .collect();
            (!extra.is_empty()).then(|| format!("{} on the whole database", extra.join(", ")))
        }
        Granted::Elsewhere(name) if name.starts_with(OWN_DATABASE) => None,
        Granted::Elsewhere(name) => Some(format!("{} on {name}", all())),
        Granted::Relation(name) | Granted::Columns(name) if is_own(name) => None,
        Granted::Relation(name) | Granted::Columns(name) => {
            let is_used =
                used(&|object| super::is_relation(object.kind) && catalogue.is_one_name(object.name, name));
            only("SELECT", is_used, name, "relation")
        }
        Granted::Procedure(name) => {
            let is_used =
                used(&|object| object.kind == ObjectKind::Procedure && same_word(object.name, name));
            only("EXECUTE", is_used, name, "procedure")
        }
        Granted::Function(name) => {
            let is_used = used(&|object| object.kind == ObjectKind::Function && same_word(object.name, name));
            only("EXECUTE", is_used, name, "function")
        }
    }
}

/// Privileges that no node needs in MongoDB: they change objects that others own.
fn too_much_of_documents(grant: &Grant) -> Option<String> {
    const OWNERS: &[&str] =
        &["anyAction", "createUser", "dropCollection", "dropDatabase", "dropIndex", "collMod", "shutdown"];
    let extra: Vec<&str> =
        grant.privileges.iter().map(String::as_str).filter(|action| OWNERS.contains(action)).collect();
    let place = match &grant.on {
        Granted::Server => "every database".to_owned(),
        Granted::Database => "the whole database".to_owned(),
        Granted::Relation(name) => shown(name),
        _ => return None,
    };
    (!extra.is_empty()).then(|| format!("{} on {place}", extra.join(", ")))
}
