//! The words of the template language and of its access rules. The compiler reads them, generated code uses them, and
//! `describe` shows them.
//!
//! Each set of words is one enum. The compiler and the runtime match on these enums without a wildcard. So a word that
//! is added here breaks both builds until each of them handles it.

use crate::names::names;

/// Names that no template may have: the generated code has a type or a module of each name.
pub const RESERVED_TEMPLATES: [&str; 3] = ["template", "templates", "domains"];

names! {
    /// The types of fields, arguments, items and members.
    TypeName:
    /// `true` or `false`.
    Bool = "bool",
    /// An integer of 64 bits, with or without a sign.
    Int = "int",
    /// A floating-point number of 64 bits.
    Float = "float",
    /// An exact decimal, as a string on the wire.
    Decimal = "decimal",
    /// A short string.
    String = "string",
    /// A long string.
    Text = "text",
    /// Bytes, as base64 on the wire.
    Bytes = "bytes",
    /// A UUID.
    Uuid = "uuid",
    /// A calendar date.
    Date = "date",
    /// A time of day.
    Time = "time",
    /// A moment, as RFC 3339 in UTC on the wire.
    DateTime = "datetime",
    /// One of some strings.
    Enum = "enum",
    /// Any JSON.
    Json = "json",
    /// Values of one type.
    List = "list",
    /// An object whose members are declared.
    Object = "object",
    /// MongoDB's `ObjectId`.
    ObjectId = "object_id",
}

impl TypeName {
    /// Whether values are short and have an order on which both engines agree. Only such values can be filtered,
    /// sorted, unique, and part of a key.
    #[must_use]
    pub const fn is_indexable(self) -> bool {
        match self {
            Self::Bool
            | Self::Int
            | Self::Float
            | Self::Decimal
            | Self::String
            | Self::Uuid
            | Self::Date
            | Self::Time
            | Self::DateTime
            | Self::Enum
            | Self::ObjectId => true,
            Self::Text | Self::Bytes | Self::Json | Self::List | Self::Object => false,
        }
    }
}

names! {
    /// Who fills a generated field, and with what.
    Generated:
    /// The node, with a random UUID.
    UuidV4 = "uuid_v4",
    /// The node, with a UUID that sorts by time.
    UuidV7 = "uuid_v7",
    /// The node, with the moment of the request.
    Now = "now",
    /// The database.
    Database = "database",
}

names! {
    /// Which way the value of a call's argument goes.
    ArgMode:
    /// From the client.
    In = "in",
    /// To the client.
    Out = "out",
    /// Both ways.
    InOut = "inout",
}

names! {
    /// A property of the request that a template may use instead of a value of the client's choice.
    RequestValue:
    /// The name of the caller.
    User = "@user",
    /// The caller's roles.
    Roles = "@roles",
    /// The caller's session, by its id.
    Session = "@session",
    /// The node that answers.
    Node = "@node",
    /// The id of the request.
    RequestId = "@request_id",
    /// The moment at which the node received the request.
    Now = "@now",
}

names! {
    /// The access to domains whose templates have no `[access]`.
    Undeclared:
    /// Everybody may do everything.
    Open = "open",
    /// Nobody may do anything.
    Deny = "deny",
}

/// The role of any caller who is known.
pub const ANY_KNOWN: &str = "*";
/// The role of any caller, known or not.
pub const ANYONE: &str = "anyone";
/// The longest name of a role.
pub const ROLE_LEN_MAX: usize = 64;

/// Words that most likely mean all callers. So they are not allowed as names of roles.
#[must_use]
pub fn is_meant_for_all(name: &str) -> bool {
    matches!(name, "all" | "any" | "public" | "anonymous" | "everyone" | "everybody" | "authenticated")
}

/// Whether a text can be the name of a caller's role: lower-case letters, digits, `_` and `-`, with a letter first.
#[must_use]
pub fn is_role(name: &str) -> bool {
    let is_sign =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    name != ANYONE
        && name.len() <= ROLE_LEN_MAX
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
        && name.bytes().all(is_sign)
}

names! {
    /// The database engine of a domain's records.
    Engine:
    /// MariaDB.
    MariaDb = "mariadb",
    /// MongoDB.
    MongoDb = "mongodb",
}

impl Engine {
    /// The name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::MongoDb => "MongoDB",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_itself() {
        for &name in TypeName::ALL {
            assert_eq!(TypeName::from_name(name.as_str()), Some(name));
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
            assert_eq!(serde_json::from_value::<TypeName>(name.as_str().into()).unwrap(), name);
        }
        assert_eq!(TypeName::from_name("varchar"), None);
        assert_eq!(format!("{:>6}", Generated::Now), "   now");
        assert!(serde_json::from_str::<Engine>("\"mysql\"").is_err());
        assert_eq!(ArgMode::ALL.len(), 3);
    }
}
