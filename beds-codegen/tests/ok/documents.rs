use ::beds_runtime::__private as rt;

/// Matches played
#[derive(Debug, Clone, PartialEq, rt::Serialize, rt::Deserialize)]
#[serde(crate = "beds_runtime::__private::serde")]
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
    rt::Field::new("rating", "rating", rt::Type::decimal(34, 2, None, None)).nullable(),
    rt::Field::new("played", "played", rt::Type::DateTime).required(),
    rt::Field::new("crowd", "crowd", rt::Type::uint(0, 9223372036854775807)).nullable(),
    rt::Field::new("version", "version", rt::Type::INT),
];
static ARGS_ROLL_UP: [rt::Arg; 1] = [
    rt::Arg { field: rt::Field::new("day", "day", rt::Type::DateTime).required(), mode: rt::ArgMode::In },
];
static ARGS_DEAREST: [rt::Arg; 1] = [
    rt::Arg { field: rt::Field::new("count", "count", rt::Type::int(1, 100)).default(rt::Literal::Int(10)), mode: rt::ArgMode::In },
];
static ROWS_DEAREST: [rt::Field; 2] = [
    rt::Field::new("id", "_id", rt::Type::ObjectId),
    rt::Field::new("crowd", "crowd", rt::Type::INT).nullable(),
];
static CALLS: [rt::Call; 2] = [
    rt::Call { name: "roll_up", description: "Counts the matches of a day", lane: rt::Lane::Write, args: &ARGS_ROLL_UP, returns: rt::Returns::Nothing },
    rt::Call { name: "dearest", description: "", lane: rt::Lane::Read, args: &ARGS_DEAREST, returns: rt::Returns::Rows(&ROWS_DEAREST) },
];
static DOMAIN: rt::Domain = rt::Domain::new("match", "Matches played", "5f0ee79eb2fe91c6")
    .placed(rt::Broker::AdminGraph, rt::Broker::AdminGraph)
    .mongodb("sports")
    .fields(&FIELDS)
    .key(&[0])
    .version(6)
    .reads().creates().updates().deletes()
    .fetch(&[4, 5, 3], &[4], 50, 500)
    .calls(&CALLS)
    .objects(&OBJECTS);
static READ: rt::mongodb::Source = rt::mongodb::Source { name: "matches" };
static CREATE: rt::mongodb::Collection = rt::mongodb::Collection { name: "matches" };
static UPDATE: rt::mongodb::Collection = rt::mongodb::Collection { name: "matches" };
static DELETE: rt::mongodb::Collection = rt::mongodb::Collection { name: "matches" };
static CALL_ROLL_UP: rt::mongodb::Pipeline = rt::mongodb::Pipeline { on: "matches", stages: r#"[{"$match":{"played":{"$gte":{"$arg":"day"}}}},{"$group":{"_id":"$played","n":{"$sum":1}}},{"$merge":{"into":"match_days","whenMatched":"replace"}}]"# };
static CALL_DEAREST: rt::mongodb::Pipeline = rt::mongodb::Pipeline { on: "matches", stages: r#"[{"$sort":{"crowd":-1,"_id":1}},{"$limit":{"$arg":"count"}}]"# };
static OBJECTS: [rt::Object; 6] = [
    rt::Object::read(rt::ObjectKind::Collection, "matches"),
    rt::Object::collection(rt::Usage::Create, "matches"),
    rt::Object::collection(rt::Usage::Update, "matches"),
    rt::Object::collection(rt::Usage::Delete, "matches"),
    rt::Object::call("roll_up", rt::ObjectKind::Pipeline, "matches"),
    rt::Object::call("dearest", rt::ObjectKind::Pipeline, "matches"),
];

impl rt::NamasteCore for Match {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    async fn fetch(cx: &rt::Context, request: rt::FetchRequest) -> rt::Result {
        rt::mongodb::fetch(cx, &DOMAIN, &READ, request).await
    }
    async fn count(cx: &rt::Context, request: rt::CountRequest) -> rt::Result {
        rt::mongodb::count(cx, &DOMAIN, &READ, request).await
    }
    async fn create(cx: &rt::Context, request: rt::CreateRequest) -> rt::Result {
        rt::mongodb::create(cx, &DOMAIN, &CREATE, request).await
    }
    async fn update(cx: &rt::Context, request: rt::UpdateRequest) -> rt::Result {
        rt::mongodb::update(cx, &DOMAIN, &UPDATE, request).await
    }
    async fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result {
        rt::mongodb::delete(cx, &DOMAIN, &DELETE, request).await
    }
    async fn call(
        cx: &rt::Context,
        name: ::std::string::String,
        request: rt::CallRequest,
    ) -> rt::Result {
        match name.as_str() {
            "roll_up" => {
                rt::mongodb::call(cx, &DOMAIN, &CALLS[0], &CALL_ROLL_UP, request).await
            }
            "dearest" => {
                rt::mongodb::call(cx, &DOMAIN, &CALLS[1], &CALL_DEAREST, request).await
            }
            _ => Err(rt::Error::not_offered(&DOMAIN, &::std::format!("call.{name}"))),
        }
    }
}
