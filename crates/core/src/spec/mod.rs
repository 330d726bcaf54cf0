//! What the template compiler knows about a domain, as constant data.
//!
//! Generated code builds these values with `const` functions, in statics; the runtime reads them. Nothing here runs
//! anything. Parts that only one engine understands, such as SQL fragments, are in a module with the engine's name.

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

mod access;
mod call;
mod field;
pub mod mariadb;
pub mod mongodb;
mod objects;

use std::sync::OnceLock;

pub use beds_protocol::{ArgMode, Engine, Generated, RequestValue};
use beds_protocol::{
    Lane, Operation, Placement,
    tables::{Role, TABLES, Table},
};

pub use access::{ANY_KNOWN, ANYONE, Access, Grant, RoleFields, RoleRows, Row, Wanted};
pub use call::{Arg, Call, Returns, Routine};
pub use field::{Field, Literal, Pattern, Type};
pub use objects::{Object, ObjectKind, Objects, Usage};

/// One data domain.
#[derive(Debug)]
pub struct Domain {
    /// Wire name, such as `product`.
    pub name: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// Fingerprint of what the template promises, 16 hexadecimal digits.
    pub hash: &'static str,
    /// Fingerprints of earlier versions, whose clients are served as well.
    pub compatible_with: &'static [&'static str],
    /// Where its operations are routed.
    pub placement: Placement,
    /// The name that the configuration maps to servers.
    pub database: &'static str,
    /// Whether a write with a `message_id` happens once: the ledger of its database remembers it.
    pub once: bool,
    /// All fields, in the template's order. Other members refer to them by index.
    pub fields: &'static [Field],
    /// The fields of the key; none for a domain without one.
    pub key: &'static [usize],
    /// The field that counts changes, for optimistic locking.
    pub version: Option<usize>,
    /// The operations that it offers besides `describe` and its calls.
    offers: Offers,
    /// How many records one request may write by filter.
    pub bulk: Bulk,
    /// What a fetch may filter and sort by, and how much it returns.
    pub fetch: Fetch,
    /// The events of changes.
    pub events: Events,
    /// How long records are kept; `None` means forever.
    pub lifecycle: Option<Lifecycle>,
    /// When records go into the warehouse, and the template of the warehouse; `None` if they do not.
    pub warehouse: Option<(Age, &'static str)>,
    /// When records go into archives; `None` if they do not.
    pub cool: Option<Age>,
    /// The operations whose successes are audited.
    pub audit: &'static [Operation<'static>],
    /// Who may do what; `None` if the template does not say.
    pub access: Option<Access>,
    /// Named calls.
    pub calls: &'static [Call],
    /// The database objects behind its operations.
    pub objects: Objects,
    /// The rendered answer to `describe`, filled on first use.
    pub(crate) description_json: OnceLock<Vec<u8>>,
}

#[derive(Debug, Clone, Copy)]
struct Offers {
    read: bool,
    create: bool,
    update: bool,
    upsert: bool,
    delete: bool,
}

/// How many records one request may write by filter; `None` if the template does not allow writes by filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bulk {
    /// By `update`.
    pub update: Option<u32>,
    /// By `delete`.
    pub delete: Option<u32>,
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

/// The events of changes.
#[derive(Debug, Clone, Copy)]
pub struct Events {
    /// The operations whose successes are published.
    pub publish: &'static [Operation<'static>],
    /// The fields that an event carries besides key and version.
    pub fields: &'static [usize],
}

/// The age of a record: this many seconds since the moment in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// The seconds.
    pub after_s: u32,
    /// The field.
    pub by: usize,
}

/// How long records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifecycle {
    /// For how many seconds they are kept.
    pub ttl_s: u32,
    /// The field with the moment from which the time counts.
    pub by: usize,
    /// The call that deletes expired records, some at a time; `None` if the database deletes them by itself.
    pub purge: Option<&'static str>,
}

impl Domain {
    /// A domain without fields or operations; the other constructors add them.
    #[must_use]
    pub const fn new(name: &'static str, description: &'static str, hash: &'static str) -> Self {
        Self {
            name,
            description,
            hash,
            compatible_with: &[],
            placement: Placement {
                read: beds_protocol::Broker::AppRead,
                write: beds_protocol::Broker::AppWrite,
            },
            database: "",
            once: true,
            fields: &[],
            key: &[],
            version: None,
            offers: Offers { read: false, create: false, update: false, upsert: false, delete: false },
            bulk: Bulk { update: None, delete: None },
            fetch: Fetch { filter: &[], sort: &[], limit_default: 50, limit_max: 500 },
            events: Events { publish: &[], fields: &[] },
            lifecycle: None,
            warehouse: None,
            cool: None,
            audit: &[],
            access: None,
            calls: &[],
            objects: Objects::MariaDb(mariadb::Objects::NONE),
            description_json: OnceLock::new(),
        }
    }
}

with! { Domain:
    /// Routes its operations to these brokers.
    placed(read: beds_protocol::Broker, write: beds_protocol::Broker) => placement = Placement { read, write };
    /// Lets a write that is delivered again happen again: no ledger remembers it.
    at_least_once() => once = false;
    /// Serves clients that were built for these earlier versions.
    compatible_with(hashes: &'static [&'static str]) => compatible_with = hashes;
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
    reads() => offers.read = true;
    /// Offers `create`.
    creates() => offers.create = true;
    /// Offers `update`.
    updates() => offers.update = true;
    /// Offers `update` by filter, of at most this many records.
    updates_many(most: u32) => bulk.update = Some(most);
    /// Offers `upsert`.
    upserts() => offers.upsert = true;
    /// Offers `delete`.
    deletes() => offers.delete = true;
    /// Offers `delete` by filter, of at most this many records.
    deletes_many(most: u32) => bulk.delete = Some(most);
    /// Sets what is published: the successes of these operations, with these fields.
    publishes(publish: &'static [Operation<'static>], fields: &'static [usize]) => events = Events { publish, fields };
    /// Keeps records for this many seconds after the moment in this field, by this call if the database needs one.
    expires(ttl_s: u32, by: usize, purge: Option<&'static str>) => lifecycle = Some(Lifecycle { ttl_s, by, purge });
    /// Sends records into the warehouse, which is this template, this many seconds after the moment in this field.
    ages_into(after_s: u32, by: usize, to: &'static str) => warehouse = Some((Age { after_s, by }, to));
    /// Sends records into archives this many seconds after the moment in this field.
    cools(after_s: u32, by: usize) => cool = Some(Age { after_s, by });
    /// Sets what is audited: the successes of these operations.
    audits(operations: &'static [Operation<'static>]) => audit = operations;
    /// Sets who may do what.
    accessed(grants: &'static [Grant], rows: &'static [RoleRows], fields: &'static [RoleFields]) =>
        access = Some(Access { grants, rows, fields });
    /// Sets the named calls.
    calls(calls: &'static [Call]) => calls = calls;
}

impl Domain {
    /// Puts the domain in a MariaDB database, with these objects.
    #[must_use]
    pub const fn mariadb(mut self, database: &'static str, objects: mariadb::Objects) -> Self {
        self.objects = Objects::MariaDb(objects);
        self.database = database;
        self
    }

    /// Puts the domain in a MongoDB database, with these objects.
    #[must_use]
    pub const fn mongodb(mut self, database: &'static str, objects: mongodb::Objects) -> Self {
        self.objects = Objects::MongoDb(objects);
        self.database = database;
        self
    }

    /// The engine behind it.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.objects {
            Objects::MariaDb(_) => Engine::MariaDb,
            Objects::MongoDb(_) => Engine::MongoDb,
        }
    }

    /// The database of its objects. Databases of two engines may have the same name.
    #[must_use]
    pub const fn home(&self) -> (Engine, &'static str) {
        (self.engine(), self.database)
    }

    /// The field with this wire name, and its index.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// All operations of the domain, each with its lane: these are routed, described and granted.
    pub fn operations(&self) -> impl Iterator<Item = (Operation<'static>, Lane)> {
        let Offers { read, create, update, upsert, delete } = self.offers;
        let plain = [
            (read, Operation::Fetch, Lane::Read),
            (read, Operation::Count, Lane::Read),
            (create, Operation::Create, Lane::Write),
            (update, Operation::Update, Lane::Write),
            (upsert, Operation::Upsert, Lane::Write),
            (delete, Operation::Delete, Lane::Write),
            (true, Operation::Describe, Lane::Read),
        ];
        let plain = plain
            .into_iter()
            .filter(|(is_offered, ..)| *is_offered)
            .map(|(_, operation, lane)| (operation, lane));
        plain.chain(self.calls.iter().map(|call| (Operation::Call(call.name), call.lane)))
    }

    /// The operations whose objects commit by themselves, so that nothing can make them happen once.
    pub fn committing(&self) -> impl Iterator<Item = Operation<'static>> {
        let commits = self.database_objects().into_iter().filter(|object| object.commits);
        commits.filter_map(|object| match object.usage {
            Usage::Read => None,
            Usage::Create => Some(Operation::Create),
            Usage::Update => Some(Operation::Update),
            Usage::Upsert => Some(Operation::Upsert),
            Usage::Delete => Some(Operation::Delete),
            Usage::Call(name) => Some(Operation::Call(name)),
        })
    }

    /// The tables of the node's own that its database needs.
    pub fn tables(&self) -> impl Iterator<Item = &'static Table> {
        TABLES.into_iter().filter(|table| match table.role {
            Role::Ledger => self.keeps_ledger(),
            Role::Events => !self.events.publish.is_empty(),
            Role::Audit => !self.audit.is_empty(),
        })
    }

    /// Whether its changes have events or audit entries.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        !self.events.publish.is_empty() || !self.audit.is_empty()
    }

    /// Whether its writes share a transaction with records of the node: the ledger, events, the audit.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.once || self.is_told()
    }

    /// Whether its objects write, and those writes happen once: then its database needs a ledger.
    #[must_use]
    pub fn keeps_ledger(&self) -> bool {
        let writes = |object: &Object| match object.usage {
            Usage::Read => false,
            Usage::Create | Usage::Update | Usage::Upsert | Usage::Delete => true,
            Usage::Call(name) => self.calls.iter().any(|call| call.name == name && call.lane == Lane::Write),
        };
        self.once && self.database_objects().iter().any(|object| !object.commits && writes(object))
    }
}
