//! What the template compiler knows about a domain, as constant data.
//!
//! Generated code builds these values with `const` functions, in statics; the runtime reads them. Nothing here
//! depends on an engine: the engine's own part, such as SQL fragments, is in its adapter's `spec` module.

/// Constructors that each set one member: `const`, so that generated code may use them in statics.
macro_rules! with {
    ($type:ident: $($(#[$doc:meta])* $name:ident($($arg:ident: $argtype:ty),*) => $($field:ident).+ = $value:expr;)*) => {
        impl $type { $(
            $(#[$doc])*
            #[must_use]
            pub const fn $name(mut self $(, $arg: $argtype)*) -> Self {
                self.$($field).+ = $value;
                self
            }
        )* }
    };
}

mod call;
mod field;
mod objects;
mod types;

use std::sync::OnceLock;

use beds_protocol::Placement;

pub use call::{Arg, ArgMode, Call, Returns};
pub use field::{Field, Generated, Literal};
pub use objects::{Object, ObjectKind, Usage};
pub use types::{Pattern, Type};

/// One data domain.
#[derive(Debug)]
pub struct Domain {
    /// Wire name, such as `product`.
    pub name: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// Fingerprint of what the template promises, 16 hexadecimal digits.
    pub hash: &'static str,
    /// Where its operations are routed.
    pub placement: Placement,
    /// The engine behind it.
    pub engine: Engine,
    /// The name that the configuration maps to servers.
    pub database: &'static str,
    /// All fields, in the template's order. Other members refer to them by index.
    pub fields: &'static [Field],
    /// The fields of the key; none for a domain without one.
    pub key: &'static [usize],
    /// The field that counts changes, for optimistic locking.
    pub version: Option<usize>,
    /// The operations that the template declares objects for.
    pub operations: Operations,
    /// What a fetch may filter and sort by, and how much it returns.
    pub fetch: Fetch,
    /// Named calls.
    pub calls: &'static [Call],
    /// The database objects behind all of it.
    pub objects: &'static [Object],
    /// The rendered answer to `describe`, filled on first use.
    pub(crate) description_json: OnceLock<Vec<u8>>,
}

/// The engines that BEDS has adapters for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// MariaDB, or MySQL.
    MariaDb,
    /// MongoDB, or what speaks its wire protocol.
    MongoDb,
}

/// Which operations a domain offers besides `describe` and its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operations {
    /// `fetch` and `count`.
    pub read: bool,
    /// `create`.
    pub create: bool,
    /// `update`.
    pub update: bool,
    /// `delete`.
    pub delete: bool,
}

/// What a fetch may do.
#[derive(Debug, Clone, Copy)]
pub struct Fetch {
    /// The fields that `where` may name.
    pub filter: &'static [usize],
    /// The fields that `sort` may name.
    pub sort: &'static [usize],
    /// How many records a fetch returns when it does not say.
    pub limit_default: u32,
    /// How many it may ask for.
    pub limit_max: u32,
}

impl Domain {
    /// A domain without fields or operations; the other constructors add them.
    #[must_use]
    pub const fn new(name: &'static str, description: &'static str, hash: &'static str) -> Self {
        Self {
            name,
            description,
            hash,
            placement: Placement {
                read: beds_protocol::Broker::AppRead,
                write: beds_protocol::Broker::AppWrite,
            },
            engine: Engine::MariaDb,
            database: "",
            fields: &[],
            key: &[],
            version: None,
            operations: Operations { read: false, create: false, update: false, delete: false },
            fetch: Fetch { filter: &[], sort: &[], limit_default: 50, limit_max: 500 },
            calls: &[],
            objects: &[],
            description_json: OnceLock::new(),
        }
    }
}

with! { Domain:
    /// Routes its operations to these brokers.
    placed(read: beds_protocol::Broker, write: beds_protocol::Broker) => placement = Placement { read, write };
    /// Sets the fields.
    fields(fields: &'static [Field]) => fields = fields;
    /// Sets the fields of the key.
    key(key: &'static [usize]) => key = key;
    /// Sets the version field.
    version(field: usize) => version = Some(field);
    /// Sets what a fetch may do.
    fetch(filter: &'static [usize], sort: &'static [usize], default: u32, max: u32) =>
        fetch = Fetch { filter, sort, limit_default: default, limit_max: max };
    /// Offers `fetch` and `count`.
    reads() => operations.read = true;
    /// Offers `create`.
    creates() => operations.create = true;
    /// Offers `update`.
    updates() => operations.update = true;
    /// Offers `delete`.
    deletes() => operations.delete = true;
    /// Sets the named calls.
    calls(calls: &'static [Call]) => calls = calls;
    /// Sets the database objects.
    objects(objects: &'static [Object]) => objects = objects;
}

impl Domain {
    /// Puts the domain in a MariaDB database.
    #[must_use]
    pub const fn mariadb(mut self, database: &'static str) -> Self {
        self.engine = Engine::MariaDb;
        self.database = database;
        self
    }

    /// Puts the domain in a MongoDB database.
    #[must_use]
    pub const fn mongodb(mut self, database: &'static str) -> Self {
        self.engine = Engine::MongoDb;
        self.database = database;
        self
    }

    /// The field with this wire name, and its index.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// The call with this name.
    #[must_use]
    pub fn call(&self, name: &str) -> Option<&'static Call> {
        self.calls.iter().find(|call| call.name == name)
    }
}
