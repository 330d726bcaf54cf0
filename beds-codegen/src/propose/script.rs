//! What is proposed, piece by piece, and the script that it makes: one engine a file, for `mariadb` and `mongosh` to
//! run as it is.

use std::collections::BTreeMap;

use beds_protocol::Engine;
use serde_json::Value;

use crate::emit::quoted;

/// How a type is declared whose values most collations take for one another.
pub(super) const BINARY: &str = " character set utf8mb4 collate utf8mb4_bin";

/// What is proposed for one template.
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
    /// What the DBA has to know besides, a sentence each.
    pub notes: Vec<String>,
}

/// One object, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// What it is.
    pub thing: Thing,
    /// Its name.
    pub name: String,
    /// What creates it: a statement of SQL without its end, or a command of MongoDB as JSON.
    pub create: String,
    /// What it must have, and may lack where it exists already: names, and what adds each. Columns of a table or a
    /// view, unique indexes of a collection. Of an operation's procedure, the columns that its parameters are for, and
    /// each parameter as `create` declares it.
    pub parts: Vec<(String, String)>,
    /// What is created with it for speed alone: other indexes of a collection.
    pub more: Vec<String>,
    /// What gives a collection its validator, where it has none.
    pub validator: Option<String>,
}

impl Proposed {
    /// The statement that creates a procedure, each of whose parameters compares as the column that it is for;
    /// `collation` is that of a column.
    #[must_use]
    pub fn collated(&self, collation: impl Fn(&str) -> Option<String>) -> String {
        let mut create = self.create.clone();
        for (column, declaration) in self.parts.iter().filter(|(_, declaration)| is_collated(declaration)) {
            if let Some(collation) = collation(column) {
                let character_set = collation.split('_').next().unwrap_or_default();
                // What it is when nobody knows the column's.
                let bare = declaration.strip_suffix(BINARY).unwrap_or(declaration);
                let whole = format!("{bare} character set {character_set} collate {collation}");
                create = create.replacen(declaration.as_str(), &whole, 1);
            }
        }
        create
    }

    /// The statements that create it with all that it has.
    #[must_use]
    pub fn whole(&self) -> Vec<(Thing, String)> {
        // A table and a view are created with their columns.
        let parts = if self.thing == Thing::Collection { self.parts.as_slice() } else { &[] };
        let parts = parts.iter().map(|(_, add)| add);
        let statements = std::iter::once(&self.create).chain(parts).chain(&self.more);
        statements.map(|statement| (self.thing, statement.clone())).collect()
    }
}

/// Whether a parameter, as it is declared, may have a character set: `json` has one of its own, and numbers have none.
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
    /// What it is called.
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

/// The name of an engine's script.
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

    /// These statements and the notes, as a part of the script: with a title, in the database.
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

/// The scripts for these templates, one an engine, each with a head that says what it is.
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

/// What a script does not say, and its database decides.
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
