//! The least rights that a node's user needs for the objects that templates name.

use std::collections::{BTreeMap, BTreeSet};

use beds_protocol::Engine;
use serde_json::{Value, json};

use crate::{
    emit::quoted,
    model::{Domain, Objects, Target},
};

/// The scripts, one an engine, that grant a user what the domains need, and nothing else. `mariadb` and `mongosh` run
/// them as they are; each makes the user where there is none.
///
/// `user` is a MariaDB account such as `beds@%`; its name before the last `@` is that of the MongoDB user and role. The
/// names of databases are taken for those in the servers.
#[must_use]
pub fn grants<'d>(domains: impl IntoIterator<Item = &'d Domain>, user: &str) -> BTreeMap<Engine, String> {
    let (name, host) = user.rsplit_once('@').unwrap_or((user, "%"));
    let mut sql = BTreeSet::new();
    let mut roles: BTreeMap<&str, BTreeMap<String, BTreeSet<&str>>> = BTreeMap::new();
    for domain in domains {
        match &domain.objects {
            Objects::MariaDb { .. } => {
                mariadb(domain, &mut sql);
                on_own(domain, &mut sql);
            }
            Objects::MongoDb { .. } => mongodb(domain, roles.entry(&domain.database).or_default()),
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

/// What is granted on which object.
fn mariadb(domain: &Domain, sql: &mut BTreeSet<String>) {
    let Objects::MariaDb { read, create, update, upsert, delete } = &domain.objects else { return };
    let mut grant = |right: &str, object: &str| {
        sql.insert(format!("{right} {}.{}", quoted(&domain.database), quoted(object)));
    };
    if let Some(read) = read {
        // With its text a node knows whether the view calls functions, which it has to look for otherwise.
        grant(if read.is_view { "select, show view on" } else { "select on" }, &read.name);
    }
    for procedure in [create, update, upsert, delete].into_iter().flatten() {
        grant("execute on procedure", &procedure.name.value);
    }
    for call in &domain.calls {
        match &call.target {
            Target::Procedure { name, .. } => grant("execute on procedure", &name.value),
            Target::Function { name } => grant("execute on function", &name.value),
            Target::Pipeline { .. } => {}
        }
    }
}

/// The rights on the tables of the node's own.
fn on_own(domain: &Domain, sql: &mut BTreeSet<String>) {
    for table in domain.tables() {
        let rights: Vec<_> =
            table.rights.iter().map(|right| right.of(Engine::MariaDb).to_ascii_lowercase()).collect();
        sql.insert(format!("{} on {}.{}", rights.join(", "), quoted(&domain.database), quoted(table.name)));
    }
}

fn sql_script(name: &str, host: &str, rights: &BTreeSet<String>) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('\'', "''");
    let account = format!("'{}'@'{}'", escaped(name), escaped(host));
    let mut out = format!(
        "-- The rights of the node's user, as `bedsc grants` writes them. Run it when the objects are there:\n\
         --     mariadb < mariadb.sql\n\
         -- A new user cannot log in before it has a password:\n\
         --     alter user {account} identified by '…' account unlock;\n\
         create user if not exists {account} account lock;\n"
    );
    for right in rights {
        out.extend(["grant ", right, " to ", &account, ";\n"]);
    }
    out
}

fn mongodb<'d>(domain: &'d Domain, rights: &mut BTreeMap<String, BTreeSet<&'d str>>) {
    let Objects::MongoDb { read, create, update, upsert, delete } = &domain.objects else { return };
    // Verification lists the collections and their indexes: of a whole database, which an empty name stands for.
    rights.entry(String::new()).or_default().extend(["listCollections", "listIndexes"]);
    let mut allow = |collection: &str, actions: &[&'static str]| {
        rights.entry(collection.to_owned()).or_default().extend(actions);
    };
    if let Some(read) = read {
        allow(&read.name, &["find"]);
    }
    for (collection, actions) in [
        (create, &["find", "insert"][..]),
        (update, &["find", "update"]),
        (upsert, &["find", "insert", "update"]),
        (delete, &["find", "remove"]),
    ] {
        if let Some(collection) = collection {
            allow(collection, actions);
        }
    }
    for call in &domain.calls {
        let Target::Pipeline { on, stages, .. } = &call.target else { continue };
        allow(on, &["find"]);
        for collection in joined(stages) {
            allow(&collection, &["find"]);
        }
        for collection in written(stages) {
            allow(&collection, &["insert", "update", "remove"]);
        }
    }
    for table in domain.tables() {
        let actions: Vec<_> = table.rights.iter().map(|right| right.of(Engine::MongoDb)).collect();
        allow(table.name, &actions);
    }
}

/// The collections of its own database that a pipeline reads besides the one that it runs on.
fn joined(stages: &str) -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let source = match name.as_str() {
                        "$lookup" | "$graphLookup" => value.get("from"),
                        "$unionWith" => value.get("coll").or(Some(value)),
                        _ => None,
                    };
                    found.extend(source.and_then(Value::as_str).map(str::to_owned));
                    collect(value, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(&serde_json::from_str(stages).unwrap_or_default(), &mut found);
    found
}

/// The collections that a pipeline writes into its own database.
fn written(stages: &str) -> Vec<String> {
    let stages: Vec<Value> = serde_json::from_str(stages).unwrap_or_default();
    let target = |stage: &Value| {
        let target = stage.get("$out").or_else(|| stage.get("$merge"))?;
        let name = target.get("into").or_else(|| target.get("coll")).unwrap_or(target);
        name.as_str().map(str::to_owned)
    };
    stages.iter().filter_map(target).collect()
}

fn mongosh_script(name: &str, databases: &BTreeMap<&str, BTreeMap<String, BTreeSet<&str>>>) -> String {
    let role = |(database, rights): (&&str, &BTreeMap<String, BTreeSet<&str>>)| {
        let privileges: Vec<_> = rights
            .iter()
            .map(|(collection, actions)| {
                let privilege =
                    json!({ "resource": { "db": database, "collection": collection }, "actions": actions });
                format!("        {privilege}")
            })
            .collect();
        let database = Value::from(*database);
        format!(
            "    {{\n      db: {database},\n      privileges: [\n{}\n      ],\n    }}",
            privileges.join(",\n")
        )
    };
    let roles: Vec<_> = databases.iter().map(role).collect();
    MONGOSH.replace("NAME", &Value::from(name).to_string()).replace("ROLES", &roles.join(",\n"))
}

/// What is around the roles.
const MONGOSH: &str = r"// The rights of the node's user, as `bedsc grants` writes them; run it: mongosh mongodb://… mongodb.js
// A new user gets the password in the environment variable BEDS_PASSWORD, or the one that is asked for.
{
  const name = NAME;
  const roles = [
ROLES,
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
