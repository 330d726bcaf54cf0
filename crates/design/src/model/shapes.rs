//! The structure of a model.

use beds_protocol::{ArgMode, Engine, Generated, Lane, TypeName};

use super::shape::{Member, Object, Shape, Text, TextKind, optional, required, words};

/// The words of one vocabulary of the protocol.
macro_rules! any_of {
    ($of:ty) => {{
        const WORDS: [&str; <$of>::ALL.len()] = {
            let mut words = [""; <$of>::ALL.len()];
            let mut at = 0;
            while at < words.len() {
                words[at] = <$of>::ALL[at].as_str();
                at += 1;
            }
            words
        };
        Shape::Choice(&WORDS)
    }};
}

/// The longest name of an entity: MariaDB must accept `sp_NAME_upsert`.
const ENTITY_CHARACTERS_MAX: usize = 32;
/// The longest name of a field, from which parameters and keys are named.
const FIELD_CHARACTERS_MAX: usize = 40;
/// The longest name of a call.
const CALL_CHARACTERS_MAX: usize = 24;

static REASON: Shape = words(500);
static DESCRIPTION: Shape = words(500);
static ENTITY: Shape = Shape::Text(Text { kind: TextKind::Name, max: ENTITY_CHARACTERS_MAX });
static FIELD: Shape = Shape::Text(Text { kind: TextKind::Name, max: FIELD_CHARACTERS_MAX });
static FIELDS: Shape = Shape::List { of: &FIELD, min: 0, max: 40 };

static CALL: Shape = Shape::Text(Text { kind: TextKind::Name, max: CALL_CHARACTERS_MAX });
static WORD: Shape = Shape::Text(Text { kind: TextKind::Word, max: 64 });
static WORDS: Shape = Shape::List { of: &WORD, min: 1, max: 50 };
static SOURCE: Shape = Shape::Text(Text { kind: TextKind::Source, max: 20_000 });
static BOOL: Shape = Shape::Bool;
static CONSTANT: Shape = Shape::Constant;
static NOTES: Shape = Shape::List { of: &DESCRIPTION, min: 0, max: 30 };

static ENGINE: Shape = any_of!(Engine);
static LANE: Shape = any_of!(Lane);
static MODE: Shape = any_of!(ArgMode);
static GENERATED: Shape = any_of!(Generated);
static ON_DELETE: Shape = Shape::Choice(&["restrict", "cascade", "set_null"]);
static OPERATION: Shape = Shape::Choice(&["fetch", "create", "update", "upsert", "delete"]);
static OPERATIONS: Shape = Shape::List { of: &OPERATION, min: 1, max: 5 };
static TYPE: Shape = any_of!(TypeName);
static PRECISION: Shape = Shape::Int { min: 1, max: 65 };
static SCALE: Shape = Shape::Int { min: 0, max: 38 };
static MANY: Shape = Shape::Int { min: 1, max: 10_000 };
static PATTERN: Shape = words(200);
static VALUE: Shape = words(100);
static VALUES: Shape = Shape::List { of: &VALUE, min: 1, max: 200 };

/// The members of every value: of a field, an argument, an item, a member, a column.
macro_rules! with_type {
    ($($before:expr),* ; $($after:expr),* $(,)?) => {
        &[
            $($before,)*
            required("type", &TYPE, "The type of the values"),
            optional("min", &CONSTANT, "The least value of int, float and decimal (a text for decimal); the least length of string and text"),
            optional("max", &CONSTANT, "The greatest value, or the greatest length of string and text in characters, of bytes in bytes, of list in items"),
            optional("unsigned", &BOOL, "int: from 0 to 2^64-1"),
            optional("precision", &PRECISION, "decimal: digits in all; needed"),
            optional("scale", &SCALE, "decimal: digits after the point; needed"),
            optional("pattern", &PATTERN, "string: a regular expression for the whole string, without ^ and $"),
            optional("values", &VALUES, "enum: the strings that it may be; needed"),
            optional("items", &ITEM, "list: what each item is; needed"),
            optional("members", &MEMBERS, "object: its members; needed"),
            optional("nullable", &BOOL, "It may be null"),
            $($after,)*
        ]
    };
}

static ITEM: Shape = Shape::Object(&Object { name: "item", members: with_type!(;) });

static MEMBERS: Shape = Shape::List {
    of: &Shape::Object(&Object {
        name: "member",
        members: with_type!(
            required("name", &FIELD, "Its name");
            optional("description", &DESCRIPTION, "What it is, for people"),
            optional("required", &BOOL, "It must be there"),
            optional("sensitive", &BOOL, "Masked in logs, errors and dead letters"),
        ),
    }),
    min: 1,
    max: 40,
};

static OLD_FIELDS: Shape = Shape::List { of: &WORD, min: 1, max: 40 };
static SEPARATOR: Shape = words(20);
static PART: Shape = Shape::Int { min: -1000, max: 1000 };
static CASE: Shape = Shape::Choice(&["upper", "lower"]);
static DATE: Shape =
    Shape::Choice(&["year", "month", "day", "weekday", "hour", "minute", "second", "date", "time"]);

static BECOMES: Shape = Shape::Object(&Object {
    name: "becomes",
    members: &[
        required("value", &VALUE, "A value of the old field"),
        required("becomes", &CONSTANT, "The value that takes its place"),
    ],
});

static BEFORE: Shape = Shape::Object(&Object {
    name: "before",
    members: &[
        optional("from", &WORD, "The old field; alone, its value is taken unchanged"),
        optional("const", &CONSTANT, "The same value for every old record"),
        optional(
            "enum",
            &Shape::List { of: &BECOMES, min: 1, max: 200 },
            "What each value of `from` becomes",
        ),
        optional("else", &CONSTANT, "What the values become that `enum` does not name"),
        optional("split", &SEPARATOR, "The text at which `from` is split"),
        optional(
            "part",
            &PART,
            "Which part of the split text: 0 is the first, -1 the last; null for a list of all",
        ),
        optional("join", &OLD_FIELDS, "The old fields that become one text"),
        optional("with", &SEPARATOR, "The text between joined fields"),
        optional("case", &CASE, "The letters of `from` in this case"),
        optional("date", &DATE, "The part of the moment, date or time in `from`"),
    ],
});

static FIELD_OBJECT: Shape = Shape::Object(&Object {
    name: "field",
    members: with_type!(
        required("name", &FIELD, "Its name, for clients and in the database; not with p_ in front");
        optional("description", &DESCRIPTION, "What it is, for people"),
        optional("key", &BOOL, "Part of the key; a key never changes"),
        optional("generated", &GENERATED, "Who fills it: uuid_v4, uuid_v7 or now by the node at create, or the database"),
        optional("required", &BOOL, "`create` must give it"),
        optional("default", &CONSTANT, "The value where `create` gives none"),
        optional("unique", &BOOL, "No two records share a value"),
        optional("immutable", &BOOL, "`update` does not change it"),
        optional("version", &BOOL, "An int that counts the changes of a record, for optimistic locking; at most one"),
        optional("sensitive", &BOOL, "Masked in logs, errors and dead letters"),
        optional(
            "before",
            &BEFORE,
            "Where the entity takes the place of a template: what old records give this field; null if it is the old field of this name, or none",
        ),
        optional("reason", &REASON, "Why it is so, for the DBA"),
    ),
});

static ARG: Shape = Shape::Object(&Object {
    name: "arg",
    members: with_type!(
        required("name", &FIELD, "Its name; the body calls it p_NAME");
        optional("description", &DESCRIPTION, "What it is, for people"),
        optional("mode", &MODE, "Which way its value goes; in by default; MariaDB only"),
        optional("default", &CONSTANT, "The value where a client gives none"),
        optional("sensitive", &BOOL, "Masked in logs, errors and dead letters"),
    ),
});

static COLUMN: Shape = Shape::Object(&Object {
    name: "column",
    members: with_type!(required("name", &FIELD, "Its name, for clients"); ),
});

static CALL_MEMBERS: &[Member] = &[
    required("name", &CALL, "Its name"),
    required("description", &DESCRIPTION, "What it does, for people"),
    required("lane", &LANE, "`write` if it changes anything"),
    required("args", &Shape::List { of: &ARG, min: 0, max: 40 }, "Its arguments, in order"),
    optional(
        "rows",
        &Shape::List { of: &COLUMN, min: 1, max: 60 },
        "The columns of the rows that it gives, by position; null where it gives none",
    ),
    optional("body", &SOURCE, "MariaDB: the statements of the procedure, each with its `;`"),
    optional(
        "pipeline",
        &SOURCE,
        "MongoDB: the stages of an aggregation, as a JSON array in a text; {\"$arg\": \"NAME\"} stands for an argument",
    ),
    optional("reason", &REASON, "Why it is there, for the DBA"),
];

static GRANT: Shape = Shape::Object(&Object {
    name: "grant",
    members: &[
        required("operation", &WORD, "fetch, count, create, update, upsert, delete or call.NAME"),
        required("roles", &WORDS, "The roles that may; * is every caller who is known, anyone is anyone"),
    ],
});

static ROWS: Shape = Shape::Object(&Object {
    name: "role_rows",
    members: &[
        required("role", &WORD, "The role"),
        required("field", &FIELD, "The field that must have one of the values"),
        required(
            "values",
            &Shape::List { of: &CONSTANT, min: 1, max: 50 },
            "The values; @user, @roles, @session, @node, @request_id, @now are of the request",
        ),
    ],
});

static ROLE_FIELDS: Shape = Shape::Object(&Object {
    name: "role_fields",
    members: &[
        required("role", &WORD, "The role"),
        optional("hidden", &FIELDS, "It does not see these"),
        optional("readonly", &FIELDS, "It does not set these"),
    ],
});

static ACCESS: Shape = Shape::Object(&Object {
    name: "access",
    members: &[
        required(
            "grants",
            &Shape::List { of: &GRANT, min: 0, max: 60 },
            "Who may do what; what is not listed, nobody may",
        ),
        optional(
            "rows",
            &Shape::List { of: &ROWS, min: 0, max: 60 },
            "What the records have that a role reaches",
        ),
        optional(
            "fields",
            &Shape::List { of: &ROLE_FIELDS, min: 0, max: 60 },
            "What a role does not see or set",
        ),
    ],
});

static EVENTS: Shape = Shape::Object(&Object {
    name: "events",
    members: &[
        required("publish", &WORDS, "create, update, upsert, delete, or call.NAME of a call that writes"),
        optional("fields", &FIELDS, "What an event carries besides key and version"),
    ],
});

static LIMIT: Shape = Shape::Object(&Object {
    name: "limit",
    members: &[
        required("default", &MANY, "Records in a reply where the request does not say"),
        required("max", &MANY, "The most that a request may ask for"),
    ],
});

static ENTITY_OBJECT: Shape = Shape::Object(&Object {
    name: "entity",
    members: &[
        required("name", &ENTITY, "Its name on the wire, in the singular"),
        required("description", &DESCRIPTION, "What it is, for people"),
        required("fields", &Shape::List { of: &FIELD_OBJECT, min: 1, max: 200 }, "What a record has"),
        required("operations", &OPERATIONS, "What clients may do"),
        optional(
            "many",
            &MANY,
            "How many records one update or delete may write by a filter; null for one by one",
        ),
        optional("filters", &FIELDS, "The fields that a fetch may filter by; each gets an index"),
        optional("sorts", &FIELDS, "The fields that a fetch may sort by; each gets an index"),
        optional("limit", &LIMIT, "Records in a reply"),
        optional(
            "calls",
            &Shape::List {
                of: &Shape::Object(&Object { name: "call", members: CALL_MEMBERS }),
                min: 0,
                max: 30,
            },
            "What else it can do",
        ),
        optional("access", &ACCESS, "Who may do what; null where the node's configuration says so"),
        optional("events", &EVENTS, "Which changes are published"),
        optional("reason", &REASON, "Why it is an entity of its own, for the DBA"),
    ],
});

static RELATION: Shape = Shape::Object(&Object {
    name: "relation",
    members: &[
        required("from", &ENTITY, "The entity with the field"),
        required("field", &FIELD, "The field, which holds the key of a record of `to` and is of its type"),
        required("to", &ENTITY, "The entity that it refers to, whose key is one field"),
        optional(
            "on_delete",
            &ON_DELETE,
            "What becomes of the records when the other is deleted; restrict by default",
        ),
        optional("reason", &REASON, "Why, for the DBA"),
    ],
});

/// The whole model.
pub(crate) static MODEL: Object = Object {
    name: "model",
    members: &[
        required("name", &ENTITY, "The name of the whole"),
        required("description", &DESCRIPTION, "What it is for, in a sentence or two"),
        required("engine", &ENGINE, "The database engine"),
        required("database", &ENTITY, "The database, as the configuration of the node calls it"),
        required(
            "entities",
            &Shape::List { of: &ENTITY_OBJECT, min: 1, max: 40 },
            "What there are records of",
        ),
        optional(
            "relations",
            &Shape::List { of: &RELATION, min: 0, max: 100 },
            "Which fields hold keys of other entities",
        ),
        optional("risks", &NOTES, "What the DBA should look at twice, a sentence each"),
        optional("questions", &NOTES, "What the description leaves open, and what was assumed"),
    ],
};
