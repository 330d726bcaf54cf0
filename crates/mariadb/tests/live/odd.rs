//! A database of odd routines, on lanes of few connections, and what is asked of it.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use beds_core::{
    Error, Outcome,
    outbox::Outbox,
    plan::{self, Action, Bounds, Claim, Invocation, Item, Plan},
    spec::{Arg, Call, Domain, Field, Generated, Returns, Routine, Type, mariadb},
    value::Value,
};
use beds_devstack::Stack;
use beds_mariadb::{Database, MariaDb};
use beds_protocol::{Lane, Operation};
use serde_json::Value as Json;
use sqlx::Connection as _;

static FIELDS: [Field; 3] = [
    Field::new("id", "id", Type::INT),
    Field::new("parent_id", "parent_id", Type::INT),
    Field::new("u", "u", Type::INT),
];

/// Records that refer to others.
pub(crate) static CHILD: Domain = Domain::new("child", "", "").fields(&FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("child", "`child`", &["`id`", "`parent_id`", "`u`"])),
        create: Some(mariadb::Procedure::new("chi_create", "call `chi_create`(?, ?, ?)", &[0, 1, 2])),
        update: Some(mariadb::Procedure::new("chi_update", "call `chi_update`(?, ?)", &[0, 2])),
        upsert: None,
        ..mariadb::Objects::NONE
    },
);

static FICKLE_FIELDS: [Field; 2] =
    [Field::new("id", "id", Type::INT), Field::new("how", "how", Type::string(0, 20))];

const FICKLE_OBJECTS: mariadb::Objects = mariadb::Objects {
    read: Some(mariadb::Source::table("fickle", "`fickle`", &["`id`", "`how`"])),
    create: Some(mariadb::Procedure::new("fickle_create", "call `fickle_create`(?, ?)", &[0, 1])),
    ..mariadb::Objects::NONE
};

/// Records whose procedure does what they say, and of whose template nothing says so.
pub(crate) static FICKLE: Domain =
    Domain::new("fickle", "", "").fields(&FICKLE_FIELDS).key(&[0]).reads().mariadb("odd", FICKLE_OBJECTS);

/// The same with events.
pub(crate) static FICKLE_TOLD: Domain = Domain::new("fickle_told", "", "")
    .fields(&FICKLE_FIELDS)
    .key(&[0])
    .reads()
    .publishes(&[Operation::Create], &[])
    .mariadb("odd", FICKLE_OBJECTS);

static ENTRY_FIELDS: [Field; 2] =
    [Field::new("id", "id", Type::INT).generated(Generated::Database), Field::new("n", "n", Type::INT)];

/// Records without a unique key but the one that the database generates.
pub(crate) static ENTRY: Domain =
    Domain::new("entry", "", "").fields(&ENTRY_FIELDS).key(&[0]).reads().mariadb(
        "odd",
        mariadb::Objects {
            read: Some(mariadb::Source::table("entry", "`entry`", &["`id`", "`n`"])),
            create: Some(
                mariadb::Procedure::new("entry_create", "call `entry_create`(?)", &[1]).returning(&[0]),
            ),
            ..mariadb::Objects::NONE
        },
    );

/// The fields of an item, by a text in which case does not count.
pub(crate) static ITEM_FIELDS: [Field; 3] = [
    Field::new("id", "id", Type::string(0, 20)),
    Field::new("n", "n", Type::INT),
    Field::new("revision", "revision", Type::INT),
];
/// Items where they are kept.
pub(crate) const ITEMS: mariadb::Source = mariadb::Source::table("item", "`item`", ITEM_COLUMNS);
/// Their columns, in any view.
pub(crate) const ITEM_COLUMNS: &[&str] = &["`id`", "`n`", "`revision`"];

static LOG_FIELDS: [Field; 2] = [Field::new("id", "id", Type::INT), Field::new("n", "n", Type::INT)];

/// A domain over this view.
const fn log(name: &'static str, from: &'static str) -> Domain {
    Domain::new("log", "", "").fields(&LOG_FIELDS).key(&[0]).reads().mariadb(
        "odd",
        mariadb::Objects {
            read: Some(mariadb::Source::view(name, from, &["`id`", "`n`"])),
            ..mariadb::Objects::NONE
        },
    )
}

static CODE_FIELDS: [Field; 2] =
    [Field::new("id", "id", Type::string(0, 5)), Field::new("n", "n", Type::INT)];

/// Keys of CHAR.
pub(crate) static CODE: Domain = Domain::new("code", "", "").fields(&CODE_FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("code", "`code`", &["`id`", "`n`"])),
        create: Some(mariadb::Procedure::new("code_put", "call `code_put`(?, ?)", &[0, 1])),
        upsert: Some(mariadb::Procedure::new("code_put", "call `code_put`(?, ?)", &[0, 1])),
        ..mariadb::Objects::NONE
    },
);

pub(crate) static PLAIN: Domain = log("v_plain", "`v_plain`");
pub(crate) static WHO: Domain = log("v_who", "`v_who`");
pub(crate) static OVER: Domain = log("v_over", "`v_over`");

const fn procedure(name: &'static str, sql: &'static str, commits: bool) -> Call {
    Call {
        name,
        description: "",
        lane: Lane::Write,
        args: &[],
        returns: Returns::AsItComes,
        routine: Routine::Procedure { name, sql, commits },
    }
}

pub(crate) static STATE: Call = procedure("state", "call state()", false);
pub(crate) static PLAIN_CALL: Call = procedure("plain", "call plain()", false);
pub(crate) static FN_WHO: Call = Call {
    name: "fn_who",
    description: "",
    lane: Lane::Write,
    args: &[],
    returns: Returns::Scalar(Type::INT),
    routine: Routine::Function { name: "fn_who", sql: "select fn_who()" },
};

pub(crate) static TAKE_NUMBER: Call = procedure("numbered_take", "call numbered_take()", false);
pub(crate) static ADD_NUMBERED: Call = procedure("numbered_add", "call numbered_add()", false);
pub(crate) static LAST_NUMBER: Call = procedure("numbered_last", "call numbered_last()", false);

pub(crate) static HIDDEN_COMMIT: Call = procedure("hidden_commit", "call hidden_commit()", false);
pub(crate) static HIDDEN_ROLLBACK: Call = procedure("hidden_rollback", "call hidden_rollback()", false);
pub(crate) static HIDDEN_REFUSAL: Call = procedure("hidden_refusal", "call hidden_refusal()", false);
/// It asks what the node asks of a session, by a name that could be guessed.
pub(crate) static PROBED: Call = procedure("probed", "call probed()", false);
pub(crate) static DISTRIBUTED: Call = procedure("distributed", "call distributed()", false);

/// What leaves something behind, in every lane where it may run.
pub(crate) static ODD: [Call; 17] = [
    procedure("frozen", "call frozen()", false),
    procedure("old_style", "call old_style()", true),
    procedure("loosen", "call loosen()", false),
    procedure("fails", "call fails()", false),
    procedure("clock", "call clock()", false),
    procedure("stopped", "call stopped()", false),
    procedure("relaxed", "call relaxed()", false),
    procedure("modest", "call modest()", false),
    procedure("executed", "call executed()", false),
    procedure("who", "call who()", false),
    procedure("who_into", "call who_into()", false),
    procedure("rep", "call rep()", false),
    procedure("rep_hidden", "call rep_hidden()", false),
    procedure("rep_commits", "call rep_commits()", true),
    procedure("locked", "call locked()", false),
    procedure("led", "call led()", false),
    procedure("plain", "call plain()", false),
];

/// Those of them that write, which the read lane refuses.
pub(crate) const WRITERS: [&str; 7] =
    ["old_style", "loosen", "fails", "rep", "rep_hidden", "rep_commits", "plain"];

/// A call of a procedure that writes and answers nothing.
pub(crate) const fn write_call(name: &'static str, sql: &'static str, args: &'static [Arg]) -> Call {
    Call {
        name,
        description: "",
        lane: Lane::Write,
        args,
        returns: Returns::Nothing,
        routine: Routine::Procedure { name, sql, commits: false },
    }
}

pub(crate) struct Odd {
    pub(crate) stack: Stack,
    database: Database,
}

impl Odd {
    /// With one connection a lane.
    pub(crate) fn open() -> Self {
        Self::with_connections(1)
    }

    pub(crate) fn with_connections(connections: u16) -> Self {
        Self::with(connections, None)
    }

    /// On a server where this was said before.
    pub(crate) fn after(sql: &str) -> Self {
        let stack = Self::server();
        stack.mariadb_query(None, sql).unwrap();
        Self::on(stack, 1, None)
    }

    /// As a user who may call the routines and read the records, and no more.
    pub(crate) fn as_user(user: &str) -> Self {
        Self::with(1, Some(user))
    }

    fn with(connections: u16, user: Option<&str>) -> Self {
        Self::on(Self::server(), connections, user)
    }

    fn server() -> Stack {
        let stack = Stack::builder().ignore_environment().mariadb().start().unwrap();
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/schema.sql");
        stack.mariadb_exec(None, &schema).unwrap();
        stack
    }

    fn on(stack: Stack, connections: u16, user: Option<&str>) -> Self {
        let mut url = format!("{}/odd", stack.mariadb_url());
        if let Some(user) = user {
            let sql = format!(
                "create user {user}; grant execute on odd.* to {user}; grant select on entry to {user}; \
                 grant select on item to {user}"
            );
            stack.mariadb_query(Some("odd"), &sql).unwrap();
            let (before, rest) = url.split_once("://").unwrap();
            let (_, server) = rest.rsplit_once('@').unwrap_or(("", rest));
            url = format!("{before}://{user}@{server}");
        }
        let config = MariaDb {
            url: serde_json::from_value(Json::String(url)).unwrap(),
            read_connections: connections,
            write_connections: connections,
            ..MariaDb::default()
        };
        Self { database: Database::open("odd", &config, beds_core::settings::Room::default()), stack }
    }

    /// The same server, of which a node knows nothing yet.
    pub(crate) fn anew(self, connections: u16) -> Self {
        Self::on(self.stack, connections, None)
    }

    pub(crate) async fn run(&self, domain: &'static Domain, action: Action) -> Result<Outcome, Error> {
        self.run_once(domain, action, None).await
    }

    pub(crate) async fn run_once(
        &self,
        domain: &'static Domain,
        action: Action,
        claim: Option<Claim>,
    ) -> Result<Outcome, Error> {
        self.run_within(Duration::from_mins(1), domain, action, claim).await
    }

    pub(crate) async fn run_within(
        &self,
        time: Duration,
        domain: &'static Domain,
        action: Action,
        claim: Option<Claim>,
    ) -> Result<Outcome, Error> {
        let bounds = Bounds::new(Instant::now() + time, 1_000_000);
        self.database.run(Plan { claim, ..Plan::new(domain, action) }, bounds).await
    }

    /// The same where a reply may have so many bytes.
    pub(crate) async fn run_short(
        &self,
        bytes_max: usize,
        domain: &'static Domain,
        action: Action,
    ) -> Result<Outcome, Error> {
        let bounds = Bounds::new(Instant::now() + Duration::from_mins(1), bytes_max);
        self.database.run(Plan::new(domain, action), bounds).await
    }

    /// Runs these as the items of an atomic batch.
    pub(crate) async fn run_all(
        &self,
        items: Vec<(&'static Domain, Action)>,
        claim: Option<Claim>,
    ) -> Result<Outcome, Error> {
        let domain = items[0].0;
        let items = items.into_iter().map(|(domain, action)| Item::Plan(Plan::new(domain, action)));
        self.run_once(domain, Action::Write(plan::Write::All(items.collect())), claim).await
    }

    pub(crate) fn outbox(&self) -> Arc<dyn Outbox> {
        self.database.outbox()
    }

    /// A connection of somebody else's.
    pub(crate) async fn connect(&self) -> sqlx::MySqlConnection {
        let url = format!("{}/odd", self.stack.mariadb_url());
        sqlx::MySqlConnection::connect(&url).await.unwrap()
    }

    pub(crate) async fn purge(&self, age: Duration) -> Result<usize, Error> {
        self.database.purge(SystemTime::now() - age).await
    }

    pub(crate) async fn call(&self, lane: Lane, call: &'static Call) -> Result<Outcome, Error> {
        let invocation = Invocation { call, args: Vec::new() };
        let action = match lane {
            Lane::Read => Action::Read(plan::Read::Call(invocation)),
            Lane::Write => Action::Write(plan::Write::Call(invocation)),
        };
        self.run(&CHILD, action).await
    }

    /// What a request sees of its session, and which connection it has.
    pub(crate) async fn state(&self, lane: Lane) -> (Json, u64) {
        let outcome = self.call(lane, &STATE).await.unwrap();
        let mut sets: Json = serde_json::from_slice(&outcome.sets.unwrap()).unwrap();
        let mut state = sets[0][0].take();
        let connection = state.as_object_mut().unwrap().remove("connection").unwrap();
        (state, connection.as_u64().unwrap())
    }

    pub(crate) async fn create(&self, records: &[[i64; 3]]) -> Result<Outcome, Error> {
        let records = records.iter().map(|record| record.map(Value::Int).to_vec()).collect();
        self.run(&CHILD, Action::Write(plan::Write::Create { records, many: true })).await
    }
}
