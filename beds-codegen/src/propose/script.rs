//! The pieces of a proposal, and the script made from them: one file per engine, which `mariadb` and `mongosh` run
//! unchanged.

use std::collections::BTreeMap;

use beds_protocol::Engine;
use serde_json::Value;

use crate::emit::quoted;

/// The declaration of a type with values that most collations treat as equal.
pub(super) const BINARY: &str = " character set utf8mb4 collate utf8mb4_bin";

/// The proposal for one template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The engine.
    pub engine: Engine,
    /// The database, as the template calls it.
    pub database: String,
    /// The name of the template.
    pub template: String,
    /// The objects, in the order in which they are created.
    pub proposed: Vec<Proposed>,
    /// Further facts for the DBA, one sentence each.
    pub notes: Vec<String>,
}

/// One object, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The kind of object.
    pub thing: Thing,
    /// Its name.
    pub name: String,
    /// The command that creates it: an SQL statement without its terminator, or a MongoDB command as JSON.
    pub create: String,
    /// The parts that it must have, but may lack if it exists already: their names, and the command that adds each.
    /// These are columns of a table or a view, or unique indexes of a collection. For an operation's procedure they are
    /// the columns for its parameters, with each parameter's declaration in `create`.
    pub parts: Vec<(String, String)>,
    /// The parts that only improve speed: other indexes of a collection.
    pub more: Vec<String>,
    /// The command that gives a collection its validator, if it has none.
    pub validator: Option<String>,
}

impl Proposed {
    /// The statement that creates a procedure, in which each parameter has the collation of its column. `collation`
    /// returns the collation of a column.
    #[must_use]
    pub fn collated(&self, collation: impl Fn(&str) -> Option<String>) -> String {
        let mut create = self.create.clone();
        for (column, declaration) in self.parts.iter().filter(|(_, declaration)| is_collated(declaration)) {
            if let Some(collation) = collation(column) {
                let character_set = collation.split('_').next().unwrap_or_default();
                // The declaration for an unknown collation.
                let bare = declaration.strip_suffix(BINARY).unwrap_or(declaration);
                let whole = format!("{bare} character set {character_set} collate {collation}");
                create = create.replacen(declaration.as_str(), &whole, 1);
            }
        }
        create
    }

    /// The statements that create it with all its parts.
    #[must_use]
    pub fn whole(&self) -> Vec<(Thing, String)> {
        // Tables and views are created with their columns.
        let parts = if self.thing == Thing::Collection { self.parts.as_slice() } else { &[] };
        let parts = parts.iter().map(|(_, add)| add);
        let statements = std::iter::once(&self.create).chain(parts).chain(&self.more);
        statements.map(|statement| (self.thing, statement.clone())).collect()
    }
}

/// Whether a declared parameter may have a character set: `json` has its own, and numbers have none.
fn is_collated(declaration: &str) -> bool {
    const TYPES: [&str; 8] = ["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"];
    let written = declaration.split_once("` ").map_or(declaration, |(_, written)| written);
    let word = written.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    TYPES.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Thing {
    /// A table of MariaDB.
    Table,
    /// A view, of either engine.
    View,
    /// A stored procedure.
    Procedure,
    /// A stored function.
    Function,
    /// A collection of MongoDB.
    Collection,
}

impl Thing {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::Procedure => "procedure",
            Self::Function => "function",
            Self::Collection => "collection",
        }
    }
}

/// The file name of an engine's script.
#[must_use]
pub const fn file_name(engine: Engine) -> &'static str {
    match engine {
        Engine::MariaDb => "mariadb.sql",
        Engine::MongoDb => "mongodb.js",
    }
}

impl Script {
    /// The statements that create everything.
    #[must_use]
    pub fn text(&self) -> String {
        let mut statements = Vec::new();
        for proposed in &self.proposed {
            statements.extend(proposed.whole());
        }
        self.of(&statements)
    }

    /// These statements and the notes as a part of the script: with a title, and in the database.
    #[must_use]
    pub fn of(&self, statements: &[(Thing, String)]) -> String {
        let Self { engine, database, template, proposed: _, notes } = self;
        let (mut text, mark) = match engine {
            Engine::MariaDb => (mariadb(template, database, statements), "--"),
            Engine::MongoDb => (mongodb(template, database, statements), "//"),
        };
        for note in notes {
            text.extend(["\n", mark, " ", note, "\n"]);
        }
        text
    }
}

/// The scripts for these templates, one per engine, each with an introduction.
#[must_use]
pub fn scripts(parts: &[Script]) -> BTreeMap<Engine, String> {
    let mut scripts: BTreeMap<Engine, String> = BTreeMap::new();
    for part in parts {
        let begin = || head(part.engine, "bedsc ddl") + note(part.engine);
        let script = scripts.entry(part.engine).or_insert_with(begin);
        script.push('\n');
        script.push_str(&part.text());
    }
    scripts
}

/// The first lines of a script that a command proposes.
#[must_use]
pub fn head(engine: Engine, command: &str) -> String {
    let (mark, run) = match engine {
        Engine::MariaDb => ("--", "mariadb < mariadb.sql"),
        Engine::MongoDb => ("//", "mongosh mongodb://… mongodb.js"),
    };
    format!("{mark} A proposal of `{command}`. Read it, change it, own it; then run it: {run}\n")
}

/// A remark on what the script leaves to its database.
#[must_use]
pub const fn note(engine: Engine) -> &'static str {
    match engine {
        Engine::MariaDb => {
            "-- Texts get the character set of the database: only utf8mb4 keeps every character.\n"
        }
        Engine::MongoDb => "",
    }
}

fn mariadb(template: &str, database: &str, statements: &[(Thing, String)]) -> String {
    let mut out = format!("-- {template}\nuse {};\n", quoted(database));
    let is_routine = |thing: Thing| matches!(thing, Thing::Procedure | Thing::Function);
    for (_, statement) in statements.iter().filter(|(thing, _)| !is_routine(*thing)) {
        out.extend(["\n", statement, ";\n"]);
    }
    let routines: Vec<_> = statements.iter().filter(|(thing, _)| is_routine(*thing)).collect();
    if !routines.is_empty() {
        out.push_str("\ndelimiter //\n");
        for (_, statement) in routines {
            out.extend(["\n", statement, " //\n"]);
        }
        out.push_str("\ndelimiter ;\n");
    }
    out
}

fn mongodb(template: &str, database: &str, statements: &[(Thing, String)]) -> String {
    let mut out = format!("// {template}\ndb = db.getSiblingDB({});\n", Value::from(database));
    for (_, command) in statements {
        out.extend(["\ndb.runCommand(", command, ");\n"]);
    }
    out
}
