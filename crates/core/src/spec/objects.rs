//! The database objects that a domain uses, by name: what `beds verify` and `bedsc grants` look for.

use beds_protocol::RequestValue;

use super::{Domain, Routine, mariadb, mongodb};

/// The objects behind the operations of a domain, in the terms of its engine.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::large_enum_variant, reason = "there is one a domain, in a static")]
pub enum Objects {
    /// MariaDB, or MySQL.
    MariaDb(mariadb::Objects),
    /// MongoDB, or what speaks its wire protocol.
    MongoDb(mongodb::Objects),
}

/// A database object and its use.
#[derive(Debug, Clone, Copy)]
pub struct Object {
    /// What for.
    pub usage: Usage,
    /// What it is.
    pub kind: ObjectKind,
    /// Its name in the database.
    pub name: &'static str,
    /// The fields that are its arguments, for a procedure behind an operation.
    pub args: &'static [usize],
    /// Its arguments that the request itself gives, each with its place among all arguments.
    pub asked: &'static [(usize, RequestValue)],
    /// The fields that its first result set gives, by position.
    pub returns: &'static [usize],
    /// Whether the template says that it commits by itself.
    pub commits: bool,
}

/// What an object is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// `fetch` and `count`.
    Read,
    /// `create`.
    Create,
    /// `update`.
    Update,
    /// `upsert`.
    Upsert,
    /// `delete`.
    Delete,
    /// The call with this name.
    Call(&'static str),
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A table.
    Table,
    /// A view of either engine.
    View,
    /// A collection.
    Collection,
    /// A procedure.
    Procedure,
    /// A function.
    Function,
    /// The collection or view that a pipeline runs on.
    Pipeline,
}

impl Object {
    /// How many arguments it is given.
    #[must_use]
    pub const fn arity(&self) -> usize {
        self.args.len() + self.asked.len()
    }

    /// From a list with one item for each argument, the items of the arguments that are fields.
    pub fn of_fields<'a, T>(&'a self, all: &'a [T]) -> impl Iterator<Item = &'a T> {
        let is_asked = |place: usize| self.asked.iter().any(|(asked, _)| *asked == place);
        all.iter().enumerate().filter(move |(place, _)| !is_asked(*place)).map(|(_, one)| one)
    }

    const fn new(usage: Usage, kind: ObjectKind, name: &'static str) -> Self {
        Self { usage, kind, name, args: &[], asked: &[], returns: &[], commits: false }
    }

    const fn procedure(usage: Usage, procedure: &mariadb::Procedure) -> Self {
        let mariadb::Procedure { name, call: _, args, asked, returns, commits } = *procedure;
        Self { usage, kind: ObjectKind::Procedure, name, args, asked, returns, commits }
    }
}

impl Domain {
    /// The database objects that the domain uses: those of its operations first, then those of its calls.
    #[must_use]
    pub fn database_objects(&self) -> Vec<Object> {
        let mut objects = match &self.objects {
            Objects::MariaDb(objects) => of_mariadb(objects),
            Objects::MongoDb(objects) => of_mongodb(objects),
        };
        objects.extend(self.calls.iter().filter_map(|call| {
            let (kind, name) = match call.routine {
                Routine::Procedure { name, .. } => (ObjectKind::Procedure, name),
                Routine::Function { name, .. } => (ObjectKind::Function, name),
                Routine::Pipeline { on, .. } => (ObjectKind::Pipeline, on),
                Routine::Method => return None,
            };
            Some(Object {
                commits: call.routine.commits(),
                ..Object::new(Usage::Call(call.name), kind, name)
            })
        }));
        objects
    }
}

fn of_mariadb(objects: &mariadb::Objects) -> Vec<Object> {
    let mariadb::Objects { read, create, update, upsert, delete } = objects;
    let source = read.map(|source| {
        let kind = if source.is_view { ObjectKind::View } else { ObjectKind::Table };
        Object::new(Usage::Read, kind, source.name)
    });
    let writes =
        [(Usage::Create, create), (Usage::Update, update), (Usage::Upsert, upsert), (Usage::Delete, delete)];
    let writes = writes
        .into_iter()
        .filter_map(|(usage, procedure)| Some(Object::procedure(usage, procedure.as_ref()?)));
    source.into_iter().chain(writes).collect()
}

fn of_mongodb(objects: &mongodb::Objects) -> Vec<Object> {
    let mongodb::Objects { read, create, update, upsert, delete } = objects;
    let source = read.map(|source| {
        let kind = if source.is_view { ObjectKind::View } else { ObjectKind::Collection };
        Object::new(Usage::Read, kind, source.name)
    });
    let writes =
        [(Usage::Create, create), (Usage::Update, update), (Usage::Upsert, upsert), (Usage::Delete, delete)];
    let writes = writes
        .into_iter()
        .filter_map(|(usage, name)| Some(Object::new(usage, ObjectKind::Collection, (*name)?)));
    source.into_iter().chain(writes).collect()
}
