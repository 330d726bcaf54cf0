//! The node's own tables in the domains' databases: tables of MariaDB, collections of MongoDB.
//!
//! The DBA owns them, like all other tables. This module is the one place that defines them. `bedsc ddl` and
//! `bedsc grants` write them down for the DBA, and `beds verify` checks that they exist.

use serde_json::{Map, Value, json};

use crate::Engine;

/// The longest `message_id`, in characters.
pub const MESSAGE_ID_CHARACTERS_MAX: u16 = 128;

/// The longest name of a RabbitMQ user, in bytes, and so in characters at most.
const USER_CHARACTERS_MAX: u16 = 255;

/// How MariaDB compares texts in these tables: byte by byte, spaces at the end included.
pub const TEXT_COLLATION: &str = "utf8mb4_nopad_bin";

/// A table of the node's own.
#[derive(Debug)]
pub struct Table {
    /// What it is for.
    pub role: Role,
    /// Its name.
    pub name: &'static str,
    /// What the table is, for people, in a line or two.
    pub about: &'static [&'static str],
    /// The name of the table in a sentence.
    pub title: &'static str,
    /// Its columns. In MongoDB the columns of the key are one text, the `_id`.
    pub columns: &'static [Column],
    /// How many of the columns, from the first on, are the key.
    pub key: usize,
    /// The columns that form the `_id` in MongoDB, as one text.
    identity: &'static [&'static str],
    /// Columns with an index of their own.
    indexed: &'static [&'static str],
    /// Columns with an index in MongoDB only: MongoDB cannot find rows by the first columns of the key.
    indexed_documents: &'static [&'static str],
    /// The node's rights on the rows.
    pub rights: &'static [Right],
}

/// What a table of the node's own is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The record of writes that are done, so that none is done twice.
    Ledger,
    /// The events that are to be published.
    Events,
    /// The record of who changed what.
    Audit,
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The kind of its values.
    pub keeps: Keeps,
    /// Whether it may be null.
    pub nullable: bool,
}

/// The kind of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// A text of at most this many characters, compared byte by byte.
    Text(u16),
    /// A text, up to 16 MiB.
    Long,
    /// A number from 0 to 4,294,967,295.
    Number,
    /// A number that MariaDB assigns by counting.
    Counter,
    /// A number of 64 bits, which may be negative.
    Whole,
    /// This many bytes.
    Digest(u8),
    /// Bytes, up to 16 MiB.
    Bytes,
    /// A moment; by default the time of insertion.
    Moment,
}

/// A right of the node on rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To read rows.
    Select,
    /// To add rows.
    Insert,
    /// To change rows.
    Update,
    /// To delete rows.
    Delete,
}

impl Right {
    /// The right as an engine names it.
    #[must_use]
    pub const fn of(self, engine: Engine) -> &'static str {
        match (engine, self) {
            (Engine::MariaDb, Self::Select) => "SELECT",
            (Engine::MariaDb, Self::Insert) => "INSERT",
            (Engine::MariaDb, Self::Update) => "UPDATE",
            (Engine::MariaDb, Self::Delete) => "DELETE",
            (Engine::MongoDb, Self::Select) => "find",
            (Engine::MongoDb, Self::Insert) => "insert",
            (Engine::MongoDb, Self::Update) => "update",
            (Engine::MongoDb, Self::Delete) => "remove",
        }
    }
}

const fn column(name: &'static str, keeps: Keeps) -> Column {
    Column { name, keeps, nullable: false }
}

const fn nullable(name: &'static str, keeps: Keeps) -> Column {
    Column { name, keeps, nullable: true }
}

/// All tables of the node's own.
pub static TABLES: [&Table; 3] = [&LEDGER, &EVENTS, &AUDIT];

/// Whether a table or collection is one of the node's own.
#[must_use]
pub fn is_own(name: &str) -> bool {
    TABLES.iter().any(|table| table.name == name)
}

/// The ledger.
pub static LEDGER: Table = Table {
    role: Role::Ledger,
    name: "beds_ledger",
    title: "ledger",
    about: &[
        "The ledger: a row a write that has a message_id, so that a duplicate gets the stored reply and does nothing.",
        "Users and ids are compared byte by byte, and spaces at the end count.",
    ],
    columns: &[
        column("user", Keeps::Text(USER_CHARACTERS_MAX)),
        column("message_id", Keeps::Text(MESSAGE_ID_CHARACTERS_MAX)),
        column("step", Keeps::Number),
        column("digest", Keeps::Digest(32)),
        nullable("reply", Keeps::Bytes),
        column("at", Keeps::Moment),
    ],
    key: 3,
    identity: &["user", "message_id", "step"],
    indexed: &["at"],
    indexed_documents: &[],
    rights: &[Right::Select, Right::Insert, Right::Update, Right::Delete],
};

/// The events that are to be published.
pub static EVENTS: Table = Table {
    role: Role::Events,
    name: "beds_events",
    title: "events",
    about: &[
        "Events: a row a change that a template publishes, written in the transaction of the change, and removed once",
        "RabbitMQ has it. The numbers of one subject are in the order of its changes.",
    ],
    columns: &[
        column("seq", Keeps::Counter),
        column("id", Keeps::Text(36)),
        column("routing_key", Keeps::Text(255)),
        nullable("subject", Keeps::Long),
        column("template_hash", Keeps::Text(16)),
        nullable("traceparent", Keeps::Text(55)),
        column("body", Keeps::Long),
        column("at", Keeps::Moment),
    ],
    key: 2,
    identity: &["id"],
    indexed: &[],
    indexed_documents: &["seq", "subject"],
    rights: &[Right::Select, Right::Insert, Right::Update, Right::Delete],
};

/// The longest record key that an audit entry holds unchanged, in characters. Longer keys could not be indexed.
pub const AUDIT_RECORD_CHARACTERS_MAX: u16 = 512;

/// Who changed what.
pub static AUDIT: Table = Table {
    role: Role::Audit,
    name: "beds_audit",
    title: "audit",
    about: &[
        "The audit: a row a change of a record that a template has audited, written in the transaction of the change. The",
        "node adds rows, and neither reads nor changes them: its user has INSERT alone.",
    ],
    columns: &[
        column("id", Keeps::Text(36)),
        column("at", Keeps::Moment),
        nullable("user", Keeps::Text(USER_CHARACTERS_MAX)),
        nullable("amqp_user", Keeps::Text(USER_CHARACTERS_MAX)),
        nullable("session", Keeps::Text(USER_CHARACTERS_MAX)),
        column("template", Keeps::Text(USER_CHARACTERS_MAX)),
        column("operation", Keeps::Text(USER_CHARACTERS_MAX)),
        nullable("record", Keeps::Text(AUDIT_RECORD_CHARACTERS_MAX)),
        nullable("version", Keeps::Whole),
        nullable("request_id", Keeps::Text(USER_CHARACTERS_MAX)),
        nullable("message_id", Keeps::Text(MESSAGE_ID_CHARACTERS_MAX)),
    ],
    key: 1,
    identity: &["id"],
    // Each index ends with the key, which gives the order of time.
    indexed: &["at", "user", "template", "record"],
    indexed_documents: &[],
    rights: &[Right::Insert],
};

impl Role {
    /// The table.
    #[must_use]
    pub const fn table(self) -> &'static Table {
        match self {
            Self::Ledger => &LEDGER,
            Self::Events => &EVENTS,
            Self::Audit => &AUDIT,
        }
    }
}

impl Table {
    /// Whether rows are only added, and never changed.
    #[must_use]
    pub fn is_append_only(&self) -> bool {
        self.rights == [Right::Insert]
    }

    /// The names of the key's columns.
    pub fn key_columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns[..self.key].iter().map(|column| column.name)
    }

    /// The columns with an index of their own.
    pub fn indexed(&self, engine: Engine) -> impl Iterator<Item = &'static str> {
        let more = match engine {
            Engine::MariaDb => &[][..],
            Engine::MongoDb => self.indexed_documents,
        };
        self.indexed.iter().chain(more).copied()
    }

    /// The name of MariaDB's index on a column.
    #[must_use]
    pub fn index_name(&self, column: &str) -> String {
        format!("ix_{}_{column}", self.name)
    }

    /// The columns that are members beside the `_id` in MongoDB.
    pub fn members(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| !self.identity.contains(&column.name))
    }

    /// The SQL statement that creates the table if it does not exist, without its terminator.
    #[must_use]
    pub fn sql(&self) -> String {
        let quoted = |name: &str| format!("`{name}`");
        let mut lines: Vec<String> = self.columns.iter().map(Column::sql).collect();
        let key: Vec<String> = self.key_columns().map(quoted).collect();
        lines.push(format!("primary key ({})", key.join(", ")));
        let indexes =
            self.indexed(Engine::MariaDb).map(|name| format!("key `{}` (`{name}`)", self.index_name(name)));
        lines.extend(indexes);
        let about: Vec<String> = self.about.iter().map(|line| format!("-- {line}\n")).collect();
        format!(
            "{}create table if not exists {} (\n    {}\n) engine = innodb",
            about.concat(),
            quoted(self.name),
            lines.join(",\n    ")
        )
    }

    /// The MongoDB command that creates the collection or sets its validator: `create` or `collMod`, as JSON.
    #[must_use]
    pub fn command(&self, command: &str) -> String {
        let mut members: Vec<(&str, Value, bool)> = vec![("_id", json!({ "bsonType": "string" }), false)];
        members.extend(self.members().map(|column| (column.name, column.bson(), column.nullable)));
        let schema = object(&members);
        format!(
            "{{ {}: {}, \"validator\": {:#} }}",
            Value::from(command),
            Value::from(self.name),
            json!({ "$jsonSchema": schema })
        )
    }

    /// The MongoDB command that creates an index on this column, as JSON.
    #[must_use]
    pub fn index(&self, column: &str) -> String {
        let index = json!({ "name": format!("{column}_1"), "key": { column: 1 } });
        json!({ "createIndexes": self.name, "indexes": [index] }).to_string()
    }
}

/// The rule for an object of these members: its name, its rule, and whether it may be missing.
fn object(members: &[(&str, Value, bool)]) -> Value {
    let required: Vec<&str> =
        members.iter().filter(|(.., may_miss)| !may_miss).map(|(name, ..)| *name).collect();
    let properties: Map<String, Value> =
        members.iter().map(|(name, rule, _)| ((*name).to_owned(), rule.clone())).collect();
    json!({
        "bsonType": "object", "required": required, "additionalProperties": false, "properties": properties
    })
}

impl Column {
    /// Name, type and default, as a column of MariaDB.
    #[must_use]
    pub fn sql(&self) -> String {
        let ty = match self.keeps {
            Keeps::Text(max) => {
                format!("varchar({max}) character set utf8mb4 collate {TEXT_COLLATION}")
            }
            Keeps::Long => format!("mediumtext character set utf8mb4 collate {TEXT_COLLATION}"),
            Keeps::Number => "int unsigned".to_owned(),
            Keeps::Counter => "bigint unsigned".to_owned(),
            Keeps::Whole => "bigint".to_owned(),
            Keeps::Digest(length) => format!("binary({length})"),
            Keeps::Bytes => "mediumblob".to_owned(),
            Keeps::Moment => "datetime(3)".to_owned(),
        };
        let null = if self.nullable { "null" } else { "not null" };
        let default = match self.keeps {
            Keeps::Moment => " default current_timestamp(3)",
            Keeps::Counter => " auto_increment",
            _ => "",
        };
        format!("`{}` {ty} {null}{default}", self.name)
    }

    fn bson(&self) -> Value {
        let (ty, more) = match self.keeps {
            Keeps::Text(max) => ("string", json!({ "maxLength": max })),
            Keeps::Long => ("string", json!({})),
            Keeps::Counter => ("long", json!({ "minimum": 0 })),
            Keeps::Whole => ("long", json!({})),
            Keeps::Number => ("int", json!({ "minimum": 0, "maximum": u32::MAX })),
            Keeps::Digest(_) | Keeps::Bytes => ("binData", json!({})),
            Keeps::Moment => ("date", json!({})),
        };
        let mut types = vec![ty];
        if self.keeps == Keeps::Number {
            types.push("long");
        }
        if self.nullable {
            types.push("null");
        }
        let mut rule = more;
        rule["bsonType"] = if types.len() == 1 { json!(ty) } else { json!(types) };
        rule
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_is_written_for_both_engines() {
        let ledger = &LEDGER;
        assert!(is_own(ledger.name) && !is_own("beds_rooms"));
        let sql = ledger.sql();
        for part in [
            "create table if not exists `beds_ledger` (",
            "`user` varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin not null",
            "`reply` mediumblob null",
            "`at` datetime(3) not null default current_timestamp(3)",
            "primary key (`user`, `message_id`, `step`)",
            "key `ix_beds_ledger_at` (`at`)",
        ] {
            assert!(sql.contains(part), "{part}\n{sql}");
        }
        let create: Value = serde_json::from_str(&ledger.command("create")).unwrap();
        assert_eq!(create["create"], "beds_ledger");
        let schema = &create["validator"]["$jsonSchema"];
        assert_eq!(schema["required"], json!(["_id", "digest", "at"]));
        assert_eq!(schema["properties"]["_id"], json!({ "bsonType": "string" }));
        assert_eq!(schema["properties"]["reply"]["bsonType"], json!(["binData", "null"]));
        let index: Value = serde_json::from_str(&ledger.index("at")).unwrap();
        assert_eq!(index["indexes"][0]["key"], json!({ "at": 1 }));
    }
}
