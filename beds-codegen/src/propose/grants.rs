//! The least rights that a node's user needs for the objects that templates name.

use std::collections::{BTreeMap, BTreeSet};

use beds_protocol::Engine;
use serde_json::{Value, json};

use super::sql::string;
use crate::{
    emit::quoted,
    model::{Domain, Objects, Target},
};

/// The scripts, one per engine, that grant a user exactly the rights that the domains need. `mariadb` and `mongosh` run
/// them unchanged. Each creates the user if it does not exist.
///
/// `user` is a MariaDB account such as `beds@%`. Its name before the last `@` is also the name of the MongoDB user and
/// role. The names of databases are used as the names on the servers.
#[must_use]
pub fn grants<'d>(domains: impl IntoIterator<Item = &'d Domain>, user: &str) -> BTreeMap<Engine, String> {
    let (name, host) = user.rsplit_once('@').unwrap_or((user, "%"));
    let mut sql = BTreeSet::new();
    let mut roles = Roles::new();
    for domain in domains {
        match &domain.objects {
            Objects::MariaDb { .. } => {
                mariadb(domain, &mut sql);
                on_own(domain, &mut sql);
            }
            Objects::MongoDb { .. } => mongodb(domain, &mut roles),
        }
    }
    let mut scripts = BTreeMap::new();
    if !sql.is_empty() {
        scripts.insert(Engine::MariaDb, sql_script(name, host, &sql));
    }
    if !roles.is_empty() {
        scripts.insert(Engine::MongoDb, mongosh_script(name, &roles));
    }
    scripts
}

/// For each MongoDB database, the actions on each collection.
type Roles<'d> = BTreeMap<String, BTreeMap<String, BTreeSet<&'d str>>>;

/// The grants on the objects.
fn mariadb(domain: &Domain, sql: &mut BTreeSet<String>) {
    let Objects::MariaDb { read, create, update, upsert, delete } = &domain.objects else { return };
    let mut grant = |right: &str, object: &str| {
        sql.insert(format!("{right} {}.{}", quoted(&domain.database), quoted(object)));
    };
    if let Some(read) = read {
        // A node that can read a view's text knows whether the view calls functions. Otherwise it has to search for
        // that.
        grant(if read.is_view { "select, show view on" } else { "select on" }, &read.name);
    }
    for procedure in [create, update, upsert, delete].into_iter().flatten() {
        grant("execute on procedure", &procedure.name.value);
    }
    for call in &domain.calls {
        match &call.target {
            Target::Procedure { name, .. } => grant("execute on procedure", &name.value),
            Target::Function { name } => grant("execute on function", &name.value),
            Target::Pipeline { .. } | Target::Method { .. } => {}
        }
    }
}

/// The rights on the node's own tables.
fn on_own(domain: &Domain, sql: &mut BTreeSet<String>) {
    for table in domain.tables() {
        let rights: Vec<_> =
            table.rights.iter().map(|right| right.of(Engine::MariaDb).to_ascii_lowercase()).collect();
        sql.insert(format!("{} on {}.{}", rights.join(", "), quoted(&domain.database), quoted(table.name)));
    }
}

fn sql_script(name: &str, host: &str, rights: &BTreeSet<String>) -> String {
    let account = format!("{}@{}", string(name), string(host));
    let mut out = format!(
        "-- The rights of the node's user, as `bedsc grants` writes them. Run it when the objects are there:\n\
         --     mariadb < mariadb.sql\n\
         -- Databases are called as in the templates; where a server calls one otherwise, write it again with\n\
         -- `bedsc grants --database ALIAS=NAME`.\n\
         -- A new user cannot log in before it has a password:\n\
         --     alter user {account} identified by '…' account unlock;\n\
         create user if not exists {account} account lock;\n"
    );
    for right in rights {
        out.extend(["grant ", right, " to ", &account, ";\n"]);
    }
    out
}

fn mongodb<'d>(domain: &'d Domain, roles: &mut Roles<'d>) {
    let Objects::MongoDb { read, create, update, upsert, delete } = &domain.objects else { return };
    let mut allow = |database: Option<&str>, collection: &str, actions: &[&'static str]| {
        let rights = roles.entry(database.unwrap_or(&domain.database).to_owned()).or_default();
        rights.entry(collection.to_owned()).or_default().extend(actions);
    };
    // Verification lists the collections and their indexes. An empty name means the whole database.
    allow(None, "", &["listCollections", "listIndexes"]);
    if let Some(read) = read {
        allow(None, &read.name, &["find"]);
    }
    for (collection, actions) in [
        (create, &["find", "insert"][..]),
        (update, &["find", "update"]),
        (upsert, &["find", "insert", "update"]),
        (delete, &["find", "remove"]),
    ] {
        if let Some(collection) = collection {
            allow(None, collection, actions);
        }
    }
    for call in &domain.calls {
        let Target::Pipeline { on, stages, .. } = &call.target else { continue };
        // The compiler has parsed it before.
        let stages: Value = serde_json::from_str(stages).unwrap_or_default();
        allow(None, on, &["find"]);
        allow(None, on, told_by(&stages));
        joined(&stages, &mut |database, collection| allow(database, collection, &["find"]));
        if let Some((database, collection, actions)) = written(&stages) {
            allow(database, collection, actions);
        }
    }
    for table in domain.tables() {
        let actions: Vec<_> = table.rights.iter().map(|right| right.of(Engine::MongoDb)).collect();
        allow(None, table.name, &actions);
    }
}

/// The rights that the first stage of a pipeline needs on its collection, besides reading documents.
fn told_by(stages: &Value) -> &'static [&'static str] {
    let first = stages.get(0).and_then(Value::as_object).and_then(|stage| stage.keys().next());
    match first.map(String::as_str) {
        Some("$collStats") => &["collStats"],
        Some("$indexStats") => &["indexStats"],
        Some("$planCacheStats") => &["planCacheRead"],
        Some("$listSearchIndexes") => &["listSearchIndexes"],
        _ => &[],
    }
}

/// A collection, and its database if that is another one.
fn named(value: &Value) -> Option<(Option<&str>, &str)> {
    match value {
        Value::String(name) => Some((None, name)),
        Value::Object(members) => {
            Some((members.get("db").and_then(Value::as_str), members.get("coll")?.as_str()?))
        }
        _ => None,
    }
}

/// The collections that a pipeline reads, besides its own.
fn joined(value: &Value, found: &mut dyn FnMut(Option<&str>, &str)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let source = match name.as_str() {
                    "$lookup" | "$graphLookup" => value.get("from"),
                    "$unionWith" => Some(value),
                    _ => None,
                };
                if let Some((database, collection)) = source.and_then(named) {
                    found(database, collection);
                }
                joined(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| joined(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The collection that a pipeline writes, and the necessary actions.
fn written(stages: &Value) -> Option<(Option<&str>, &str, &'static [&'static str])> {
    let last = stages.as_array()?.last()?;
    let (target, actions): (_, &[&str]) = match (last.get("$out"), last.get("$merge")) {
        (Some(out), _) => (out, &["insert", "remove"]),
        (None, merge) => (merge?, &["insert", "update"]),
    };
    let (database, collection) = named(target.get("into").unwrap_or(target))?;
    Some((database, collection, actions))
}

fn mongosh_script(name: &str, databases: &Roles<'_>) -> String {
    let role = |(database, rights): (&String, &BTreeMap<String, BTreeSet<&str>>)| {
        let privileges: Vec<_> = rights
            .iter()
            .map(|(collection, actions)| {
                let privilege =
                    json!({ "resource": { "db": database, "collection": collection }, "actions": actions });
                format!("        {privilege}")
            })
            .collect();
        let database = Value::from(database.as_str());
        format!(
            "    {{\n      db: {database},\n      privileges: [\n{}\n      ],\n    }}",
            privileges.join(",\n")
        )
    };
    let roles: Vec<_> = databases.iter().map(role).collect();
    let name = Value::from(name);
    format!("{HEAD}{name}{MIDDLE}{}{TAIL}", roles.join(",\n"))
}

/// What stands before the name.
const HEAD: &str = r"// The rights of the node's user, as `bedsc grants` writes them; run it: mongosh mongodb://… mongodb.js
// A new user gets the password in the environment variable BEDS_PASSWORD, or the one that is asked for.
{
  const name = ";
/// What stands between the name and the roles.
const MIDDLE: &str = r";
  const roles = [
";
/// What stands behind the roles.
const TAIL: &str = r",
  ];
  for (const { db: database, privileges } of roles) {
    const there = db.getSiblingDB(database);
    if (there.getRole(name)) {
      there.updateRole(name, { privileges, roles: [] });
    } else {
      there.createRole({ role: name, privileges, roles: [] });
    }
  }
  const granted = roles.map(({ db: database }) => ({ role: name, db: database }));
  const admin = db.getSiblingDB('admin');
  if (admin.getUser(name)) {
    admin.grantRolesToUser(name, granted);
  } else {
    admin.createUser({ user: name, pwd: process.env.BEDS_PASSWORD || passwordPrompt(), roles: granted });
  }
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_needs_what_its_stages_read_and_write_where_they_do_so() {
        for (stages, expected) in [
            (json!([{ "$match": {} }, { "$out": "a" }]), "a: insert remove"),
            (json!([{ "$out": { "db": "x", "coll": "a" } }]), "x.a: insert remove"),
            (json!([{ "$merge": { "into": { "db": "x", "coll": "a" } } }]), "x.a: insert update"),
            (
                json!([{ "$merge": { "into": "a", "whenMatched": [{ "$set": { "b": 1 } }] } }]),
                "a: insert update",
            ),
            (json!([{ "$merge": "a" }]), "a: insert update"),
            (
                json!([{ "$lookup": { "from": "a", "as": "b", "pipeline": [{ "$unionWith": "c" }] } }]),
                "a: find, c: find",
            ),
            (json!([{ "$unionWith": { "db": "x", "coll": "a", "pipeline": [] } }]), "x.a: find"),
            (json!([{ "$unionWith": { "pipeline": [{ "$documents": [] }] } }]), ""),
            (json!([{ "$indexStats": {} }]), "on: indexStats"),
            (json!([]), ""),
        ] {
            let mut needs = Vec::new();
            let mut need = |database: Option<&str>, collection: &str, actions: &[&str]| {
                let database = database.map(|name| format!("{name}.")).unwrap_or_default();
                needs.push(format!("{database}{collection}: {}", actions.join(" ")));
            };
            if !told_by(&stages).is_empty() {
                need(None, "on", told_by(&stages));
            }
            joined(&stages, &mut |database, collection| need(database, collection, &["find"]));
            if let Some((database, collection, actions)) = written(&stages) {
                need(database, collection, actions);
            }
            assert_eq!(needs.join(", "), expected, "{stages}");
        }
    }
}
