//! The domain that requests are made to: a field of every type, some of them sensitive, and a call.

use std::{sync::Arc, time::Instant};

use beds_core::{
    Context, Error, Factory, Request, Result, Runner, Work,
    namaste::NamasteCore,
    operation,
    plan::{Bounds, Plan},
    settings::Limits,
    spec::{Arg, Call, Domain, Field, Generated, Literal, Returns, Routine, Type, mariadb, mongodb},
};
use beds_protocol::{
    CountRequest, CreateRequest, DeleteRequest, FetchRequest, Lane, UpdateRequest, UpsertRequest,
};
use futures_util::future::BoxFuture;

pub(crate) static THING: Domain = Domain::new("thing", "", "0123456789abcdef")
    .fields(&FIELDS)
    .key(&[0, 1])
    .version(2)
    .fetch(INDEXABLE, INDEXABLE, 50, 500)
    .reads()
    .creates()
    .updates()
    .updates_many(100)
    .upserts()
    .deletes()
    .deletes_many(100)
    .calls(&CALLS)
    .mariadb("things", OBJECTS);

/// The fields that `where` and `sort` may name, in the order of [`FIELDS`].
pub(crate) const INDEXABLE: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];

const WRITTEN: &[usize] = &[0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];

pub(crate) const OBJECTS: mariadb::Objects = mariadb::Objects {
    read: Some(mariadb::Source::view("v_thing", "`v_thing`", &[])),
    create: Some(mariadb::Procedure::new("sp_create", "", WRITTEN)),
    update: Some(mariadb::Procedure::new("sp_update", "", WRITTEN)),
    upsert: Some(mariadb::Procedure::new("sp_upsert", "", WRITTEN)),
    delete: Some(mariadb::Procedure::new("sp_delete", "", &[0, 1])),
};

pub(crate) const DOCUMENTS: mongodb::Objects = mongodb::Objects {
    read: Some(mongodb::Source::view("v_thing")),
    create: Some("thing"),
    update: Some("thing"),
    upsert: Some("thing"),
    delete: Some("thing"),
};

pub(crate) static FIELDS: [Field; 19] = [
    Field::new("id", "id", Type::Uuid).generated(Generated::UuidV7),
    Field::new("place", "place", Type::string(1, 20)).required(),
    Field::new("version", "v", Type::INT),
    Field::new("flag", "flag", Type::Bool).nullable(),
    Field::new("number", "number", Type::int(-5, 1_000)).nullable(),
    Field::new("natural", "natural", Type::uint(0, u64::MAX)).nullable(),
    Field::new("ratio", "ratio", Type::FLOAT).nullable(),
    Field::new("price", "price", Type::decimal(12, 2, Some("0"), None)).nullable(),
    Field::new("pin", "pin", Type::string(0, 40)).nullable().sensitive(),
    Field::new("day", "day", Type::Date).nullable(),
    Field::new("hour", "hour", Type::Time).nullable(),
    Field::new("at", "at", Type::DateTime).nullable(),
    Field::new("state", "state", Type::one_of(&["new", "old"])).default(Literal::Text("new")),
    Field::new("oid", "oid", Type::ObjectId).nullable(),
    Field::new("note", "note", Type::text(0, 200)).nullable(),
    Field::new("blob", "blob", Type::bytes(40)).nullable(),
    Field::new("any", "any", Type::Json).nullable(),
    Field::new("tags", "tags", Type::list(&TAG, 3)).nullable(),
    Field::new("home", "home", Type::object(&MEMBERS)).nullable(),
];

static TAG: Field = Field::new("tag", "tag", Type::matching(1, 9, "[a-z]+"));
static MEMBERS: [Field; 2] = [
    Field::new("city", "city", Type::string(0, 40)).required(),
    Field::new("door_code", "door_code", Type::string(0, 40)).nullable().sensitive(),
];

static ARGS: [Arg; 4] = [
    Arg::given(Field::new("amount", "amount", Type::INT)),
    Arg::given(Field::new("password", "password", Type::string(0, 40)).nullable().sensitive()),
    Arg::both(Field::new("home", "home", Type::object(&MEMBERS)).nullable()),
    Arg::returned(Field::new("total", "total", Type::INT)),
];

static CALLS: [Call; 2] = [call("move", Lane::Write), call("look", Lane::Read)];

const fn call(name: &'static str, lane: Lane) -> Call {
    let routine = Routine::Procedure { name: "sp_call", sql: "call `sp_call`(?, ?, ?, ?)", commits: false };
    Call { name, description: "", lane, args: &ARGS, returns: Returns::AsItComes, routine }
}

/// The domain's code, as the compiler would write it.
pub(crate) struct Thing;

impl NamasteCore for Thing {
    fn domain() -> &'static Domain {
        &THING
    }

    fn find_call(name: &str) -> Option<&'static Call> {
        CALLS.iter().find(|call| call.name == name)
    }

    fn fetch(cx: &Context, request: FetchRequest) -> Result<Work> {
        operation::fetch(cx, &THING, request)
    }

    fn count(cx: &Context, request: CountRequest) -> Result<Work> {
        operation::count(cx, &THING, request)
    }

    fn create(cx: &Context, request: CreateRequest) -> Result<Work> {
        operation::create(cx, &THING, request)
    }

    fn update(cx: &Context, request: UpdateRequest) -> Result<Work> {
        operation::update(cx, &THING, request)
    }

    fn upsert(cx: &Context, request: UpsertRequest) -> Result<Work> {
        operation::upsert(cx, &THING, request)
    }

    fn delete(cx: &Context, request: DeleteRequest) -> Result<Work> {
        operation::delete(cx, &THING, request)
    }
}

/// All domains: this one.
pub(crate) struct Things;

impl Factory for Things {
    type Template = ();

    fn domains() -> Vec<&'static Domain> {
        vec![&THING]
    }

    fn template(name: &str) -> Option<()> {
        (name == THING.name).then_some(())
    }

    fn domain((): ()) -> &'static Domain {
        &THING
    }

    fn call((): (), name: &str) -> Option<&'static Call> {
        Thing::find_call(name)
    }

    fn dispatch((): (), cx: &Context, request: Request) -> Result<Work> {
        beds_core::namaste::dispatch::<Thing>(cx, request)
    }
}

#[derive(Debug)]
struct Nothing;

impl Runner for Nothing {
    fn run(&self, _: Plan, _: Bounds) -> BoxFuture<'_, Result> {
        Box::pin(async { Err(Error::internal("nothing is run here")) })
    }
}

pub(crate) fn context() -> Context {
    Context {
        runner: Arc::new(Nothing),
        limits: Arc::new(Limits { create_records_max: 5, in_items_max: 5, ..Limits::default() }),
        deadline: Instant::now(),
        asker: beds_core::plan::Asker::default(),
        request_id: "test".into(),
        traceparent: None,
        claims: None,
        positions: Arc::default(),
        extensions: Arc::default(),
        standing: beds_core::access::Standing::default(),
        stages: Arc::default(),
    }
}
