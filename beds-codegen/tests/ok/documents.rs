use ::beds_runtime::__private as rt;

/// Matches played
#[derive(Clone, PartialEq)]
pub struct Match {
    pub id: String,
    pub teams: Vec<rt::Json>,
    pub referee: Option<rt::Json>,
    pub rating: Option<rt::Decimal>,
    pub played: rt::DateTime,
    pub crowd: Option<u64>,
    pub version: i64,
}

static FIELDS_TEAMS_ITEM_2_GOALS_ITEM: rt::Field = rt::Field::new("items", "items", rt::Type::int(0, 200));
static FIELDS_TEAMS_ITEM_2: [rt::Field; 2] = [
    rt::Field::new("name", "name", rt::Type::string(0, 80)).required(),
    rt::Field::new("goals", "goals", rt::Type::list(&FIELDS_TEAMS_ITEM_2_GOALS_ITEM, 100)).nullable(),
];
static FIELDS_TEAMS_ITEM: rt::Field = rt::Field::new("items", "items", rt::Type::object(&FIELDS_TEAMS_ITEM_2));
static FIELDS_REFEREE: [rt::Field; 2] = [
    rt::Field::new("name", "name", rt::Type::string(0, 255)).required(),
    rt::Field::new("mail", "e_mail", rt::Type::string(0, 255)).nullable().sensitive(),
];
static FIELDS: [rt::Field; 7] = [
    rt::Field::new("id", "_id", rt::Type::ObjectId).generated(rt::Generated::Database).immutable(),
    rt::Field::new("teams", "teams", rt::Type::list(&FIELDS_TEAMS_ITEM, 2)).required(),
    rt::Field::new("referee", "referee", rt::Type::object(&FIELDS_REFEREE)).nullable(),
    rt::Field::new("rating", "rating", rt::Type::decimal(34, 2, rt::None, rt::None)).nullable(),
    rt::Field::new("played", "played", rt::Type::DateTime).required(),
    rt::Field::new("crowd", "crowd", rt::Type::uint(0, 9223372036854775807)).nullable(),
    rt::Field::new("version", "version", rt::Type::INT),
];
static ARGS_ROLL_UP: [rt::Arg; 1] = [
    rt::Arg::given(rt::Field::new("day", "day", rt::Type::DateTime).required()),
];
static ARGS_DEAREST: [rt::Arg; 1] = [
    rt::Arg::given(rt::Field::new("count", "count", rt::Type::int(1, 100)).default(rt::Literal::Int(10))),
];
static ROWS_DEAREST: [rt::Field; 2] = [
    rt::Field::new("id", "_id", rt::Type::ObjectId),
    rt::Field::new("crowd", "crowd", rt::Type::INT).nullable(),
];
static CALLS: [rt::Call; 2] = [
    rt::Call {
        name: "roll_up",
        description: "Counts the matches of a day",
        lane: rt::Lane::Write,
        args: &ARGS_ROLL_UP,
        returns: rt::Returns::Nothing,
        routine: rt::Routine::Pipeline { on: "matches", stages: r#"[{"$match":{"played":{"$gte":{"$arg":"day"}}}},{"$group":{"_id":"$played","n":{"$sum":1}}},{"$merge":{"into":"match_days","whenMatched":"replace"}}]"# },
    },
    rt::Call {
        name: "dearest",
        description: "",
        lane: rt::Lane::Read,
        args: &ARGS_DEAREST,
        returns: rt::Returns::Rows(&ROWS_DEAREST),
        routine: rt::Routine::Pipeline { on: "matches", stages: r#"[{"$sort":{"crowd":-1,"_id":1}},{"$limit":{"$arg":"count"}}]"# },
    },
];
static DOMAIN: rt::Domain = rt::Domain::new("match", "Matches played", "6f155497ba782a73")
    .placed(rt::Broker::AdminGraph, rt::Broker::AdminGraph)
    .mongodb("sports", rt::mongodb::Objects {
        read: rt::Some(rt::mongodb::Source::collection("matches")),
        create: rt::Some("matches"),
        update: rt::Some("matches"),
        upsert: rt::Some("matches"),
        delete: rt::Some("matches"),
    })
    .fields(&FIELDS)
    .key(&[0])
    .version(6)
    .reads().creates().updates().upserts().deletes().updates_many(50)
    .fetch(&[4, 5, 3], &[4], 50, 500)
    .audits(&[rt::Operation::Create, rt::Operation::Call("roll_up")])
    .calls(&CALLS);

impl rt::NamasteCore for Match {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn find_call(name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
        match name {
            "roll_up" => rt::Some(&CALLS[0]),
            "dearest" => rt::Some(&CALLS[1]),
            _ => rt::None,
        }
    }
    fn fetch(cx: &rt::Context, request: rt::FetchRequest) -> rt::Result<rt::Work> {
        rt::operation::fetch(cx, &DOMAIN, request)
    }
    fn count(cx: &rt::Context, request: rt::CountRequest) -> rt::Result<rt::Work> {
        rt::operation::count(cx, &DOMAIN, request)
    }
    fn create(cx: &rt::Context, request: rt::CreateRequest) -> rt::Result<rt::Work> {
        rt::operation::create(cx, &DOMAIN, request)
    }
    fn update(cx: &rt::Context, request: rt::UpdateRequest) -> rt::Result<rt::Work> {
        rt::operation::update(cx, &DOMAIN, request)
    }
    fn upsert(cx: &rt::Context, request: rt::UpsertRequest) -> rt::Result<rt::Work> {
        rt::operation::upsert(cx, &DOMAIN, request)
    }
    fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result<rt::Work> {
        rt::operation::delete(cx, &DOMAIN, request)
    }
}

rt::record!(Match { id, teams, referee, rating, played, crowd, version });
