//! The least rights that a node's user needs for the objects that templates name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    emit::quoted,
    model::{Domain, Objects, Target},
};

/// The script that grants a user what the domains need, and nothing else: SQL for the domains on MariaDB, and a
/// MongoDB role for each database of the others, as a JSON document of commands.
///
/// `user` is a MariaDB account such as `beds@%`, and its name before the `@` that of the MongoDB role. The names of
/// databases are taken for those in the servers.
#[must_use]
pub fn grants<'d>(domains: impl IntoIterator<Item = &'d Domain>, user: &str) -> String {
    let (name, host) = user.split_once('@').unwrap_or((user, "%"));
    let mut sql = BTreeSet::new();
    let mut roles: BTreeMap<&str, BTreeMap<String, BTreeSet<&str>>> = BTreeMap::new();
    for domain in domains {
        let mut grant = |right: &str, object: &str| {
            let escaped = |text: &str| text.replace('\'', "''");
            sql.insert(format!(
                "grant {right} {}.{} to '{}'@'{}';",
                quoted(&domain.database),
                quoted(object),
                escaped(name),
                escaped(host)
            ));
        };
        match &domain.objects {
            Objects::MariaDb { read, create, update, delete } => {
                if let Some(read) = read {
                    grant("select on", &read.name);
                }
                for procedure in [create, update, delete].into_iter().flatten() {
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
            Objects::MongoDb { .. } => mongodb(domain, roles.entry(&domain.database).or_default()),
        }
    }
    let mut out = sql.into_iter().collect::<Vec<_>>().join("\n");
    if !out.is_empty() {
        out.push('\n');
    }
    for (database, rights) in roles {
        out.push_str(&role(name, database, &rights));
    }
    out
}

fn mongodb<'d>(domain: &'d Domain, rights: &mut BTreeMap<String, BTreeSet<&'d str>>) {
    let Objects::MongoDb { read, create, update, delete } = &domain.objects else { return };
    let mut allow = |collection: &str, actions: &[&'static str]| {
        rights.entry(collection.to_owned()).or_default().extend(actions);
    };
    if let Some(read) = read {
        allow(&read.name, &["find"]);
    }
    for (collection, actions) in
        [(create, ["find", "insert"]), (update, ["find", "update"]), (delete, ["find", "remove"])]
    {
        if let Some(collection) = collection {
            allow(collection, &actions);
        }
    }
    for call in &domain.calls {
        let Target::Pipeline { on, stages, .. } = &call.target else { continue };
        allow(on, &["find"]);
        for collection in written(stages) {
            allow(&collection, &["insert", "update", "remove"]);
        }
    }
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

fn role(name: &str, database: &str, rights: &BTreeMap<String, BTreeSet<&str>>) -> String {
    let privileges: Vec<_> = rights
        .iter()
        .map(|(collection, actions)| json!({ "resource": { "db": database, "collection": collection }, "actions": actions }))
        .collect();
    let privileges: Vec<_> = privileges.iter().map(ToString::to_string).collect();
    format!(
        "{{ \"database\": {}, \"commands\": [{{ \"createRole\": {}, \"privileges\": [\n{}\n], \"roles\": [] }}] }}\n",
        Value::from(database),
        Value::from(name),
        privileges.join(",\n")
    )
}
