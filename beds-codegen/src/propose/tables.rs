//! The node's own tables, for the DBA to create in each database.

use std::collections::{BTreeMap, BTreeSet};

use beds_protocol::{
    Engine,
    tables::{Role, Table},
};

use super::{Proposed, Script, Thing};
use crate::model::Domain;

/// The title of the script's part, in place of a template's name.
const TITLE: &str = "What the node keeps beside the templates' own objects";

/// Proposes the tables that the node needs in the databases of these domains, one script for each database that needs
/// any.
#[must_use]
pub fn tables<'d>(domains: impl IntoIterator<Item = &'d Domain>) -> Vec<Script> {
    let mut needed: BTreeMap<(Engine, &str), BTreeSet<Role>> = BTreeMap::new();
    for domain in domains {
        let roles = domain.tables().map(|table| table.role);
        needed.entry((domain.engine(), &domain.database)).or_default().extend(roles);
    }
    let script = |((engine, database), roles): ((Engine, &str), BTreeSet<Role>)| {
        let proposed: Vec<Proposed> = roles.into_iter().map(|role| of(engine, role.table())).collect();
        (!proposed.is_empty()).then(|| titled(engine, database, proposed))
    };
    needed.into_iter().filter_map(script).collect()
}

/// Proposes one of the node's own tables, whether or not a domain needs it.
#[must_use]
pub fn table(engine: Engine, database: &str, role: Role) -> Script {
    titled(engine, database, vec![of(engine, role.table())])
}

fn titled(engine: Engine, database: &str, proposed: Vec<Proposed>) -> Script {
    let (database, template) = (database.to_owned(), TITLE.to_owned());
    Script { engine, database, template, proposed, notes: Vec::new() }
}

fn of(engine: Engine, table: &Table) -> Proposed {
    match engine {
        Engine::MariaDb => of_mariadb(table),
        Engine::MongoDb => of_mongodb(table),
    }
}

fn of_mariadb(table: &Table) -> Proposed {
    Proposed {
        thing: Thing::Table,
        name: table.name.to_owned(),
        create: table.sql(),
        parts: Vec::new(),
        more: Vec::new(),
        validator: None,
    }
}

fn of_mongodb(table: &Table) -> Proposed {
    let indexes = table.indexed(Engine::MongoDb);
    let indexes = indexes.map(|column| (format!("{column}_1"), table.index(column)));
    Proposed {
        thing: Thing::Collection,
        name: table.name.to_owned(),
        create: table.command("create"),
        parts: indexes.collect(),
        more: Vec::new(),
        validator: Some(table.command("collMod")),
    }
}
