//! What the node's user may do, against what its domains need: too little is an error, too much a warning.

use std::collections::BTreeSet;

use super::{Finding, Findings, Severity, place, what};
use beds_core::{
    inspect::{Catalogue, Grant, Granted},
    spec::{Domain, Object, ObjectKind, Usage},
};

/// The node's own tables and databases, which no template names.
const OWN_PREFIX: &str = "beds";

/// Reports a privilege that an object needs and the user has not.
pub(super) fn check(object: &Object, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    if let Some(privilege) = lacks(object, catalogue) {
        let user = &catalogue.grants.user;
        let message = format!("`{user}` has no {privilege} on the {} `{}`", what(object.kind), object.name);
        findings.error(place(object.usage), message).hint("`bedsc grants` writes what a node needs");
    }
}

/// The privilege that an object needs and the user has not, where grants are known.
pub(super) fn lacks(object: &Object, catalogue: &Catalogue) -> Option<&'static str> {
    let list = catalogue.grants.list.as_ref()?;
    let needed = needed(object, catalogue.documents);
    let gives = |grant: &Grant| {
        let has = grant.privileges.iter().any(|privilege| {
            privilege.eq_ignore_ascii_case(needed)
                || (!catalogue.documents && matches!(privilege.as_str(), "ALL PRIVILEGES" | "ALL"))
        });
        has && covers(&grant.on, object)
    };
    (!list.iter().any(gives)).then_some(needed)
}

/// The privilege that an object needs, in its engine's words.
fn needed(object: &Object, documents: bool) -> &'static str {
    match (object.kind, object.usage) {
        (ObjectKind::Procedure | ObjectKind::Function, _) => "EXECUTE",
        (ObjectKind::Collection, Usage::Create) => "insert",
        (ObjectKind::Collection, Usage::Update) => "update",
        (ObjectKind::Collection, Usage::Delete) => "remove",
        (ObjectKind::View | ObjectKind::Table | ObjectKind::Collection | ObjectKind::Pipeline, _)
            if documents =>
        {
            "find"
        }
        (ObjectKind::View | ObjectKind::Table | ObjectKind::Collection | ObjectKind::Pipeline, _) => "SELECT",
    }
}

fn covers(on: &Granted, object: &Object) -> bool {
    match on {
        Granted::Server | Granted::Database => true,
        Granted::Relation(name) | Granted::Columns(name) => {
            super::is_relation(object.kind) && name == object.name
        }
        Granted::Procedure(name) => {
            object.kind == ObjectKind::Procedure && name.eq_ignore_ascii_case(object.name)
        }
        Granted::Function(name) => {
            object.kind == ObjectKind::Function && name.eq_ignore_ascii_case(object.name)
        }
        Granted::Elsewhere(_) => false,
    }
}

/// Grants that no domain on the database needs.
pub(super) fn excess(database: &str, domains: &[&'static Domain], catalogue: &Catalogue) -> Vec<Finding> {
    let Some(list) = &catalogue.grants.list else { return Vec::new() };
    let objects: Vec<Object> = domains.iter().flat_map(|domain| domain.database_objects()).collect();
    let mut excess = BTreeSet::new();
    for grant in list {
        if let Some(text) =
            if catalogue.documents { too_much_of_documents(grant) } else { too_much(grant, &objects) }
        {
            excess.insert(text);
        }
    }
    if excess.is_empty() {
        return Vec::new();
    }
    let list: Vec<String> = excess.into_iter().collect();
    vec![Finding {
        template: None,
        database: database.to_owned(),
        severity: Severity::Warning,
        place: "grants".to_owned(),
        message: format!(
            "`{}` has more privileges than the templates need: {}",
            catalogue.grants.user,
            list.join("; ")
        ),
        hint: Some("`bedsc grants` writes what a node needs".to_owned()),
    }]
}

fn too_much(grant: &Grant, objects: &[Object]) -> Option<String> {
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
        (!extra.is_empty()).then(|| format!("{} on the {kind} `{name}`", extra.join(", ")))
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
        Granted::Elsewhere(name) if name.starts_with(OWN_PREFIX) => None,
        Granted::Elsewhere(name) => Some(format!("{} on {name}", all())),
        Granted::Relation(name) | Granted::Columns(name) if name.starts_with(OWN_PREFIX) => None,
        Granted::Relation(name) | Granted::Columns(name) => {
            let is_used = used(&|object| super::is_relation(object.kind) && object.name == name.as_str());
            only("SELECT", is_used, name, "relation")
        }
        Granted::Procedure(name) => {
            let is_used = used(&|object| {
                object.kind == ObjectKind::Procedure && object.name.eq_ignore_ascii_case(name)
            });
            only("EXECUTE", is_used, name, "procedure")
        }
        Granted::Function(name) => {
            let is_used =
                used(&|object| object.kind == ObjectKind::Function && object.name.eq_ignore_ascii_case(name));
            only("EXECUTE", is_used, name, "function")
        }
    }
}

/// What no node needs of MongoDB: changing what others own.
fn too_much_of_documents(grant: &Grant) -> Option<String> {
    const OWNERS: &[&str] =
        &["anyAction", "createUser", "dropCollection", "dropDatabase", "dropIndex", "collMod", "shutdown"];
    let extra: Vec<&str> =
        grant.privileges.iter().map(String::as_str).filter(|action| OWNERS.contains(action)).collect();
    let place = match &grant.on {
        Granted::Server => "every database".to_owned(),
        Granted::Database => "the whole database".to_owned(),
        Granted::Relation(name) => format!("`{name}`"),
        _ => return None,
    };
    (!extra.is_empty()).then(|| format!("{} on {place}", extra.join(", ")))
}
