use ::beds_runtime::__private as rt;

#[derive(Clone, PartialEq)]
pub struct Domain {
    pub id: String,
    /// kind "quoted"
    pub r#type: String,
    /// bare   return,   turned, \*/ closed
    pub self_: Option<i64>,
    pub Option: Option<Vec<rt::Json>>,
    pub Option_item: Option<rt::Json>,
    pub big: u64,
    pub f: f64,
    pub b: Option<rt::Bytes>,
    pub at: rt::DateTime,
}

static FIELDS_OPTION_ITEM_2_A_ITEM: rt::Field = rt::Field::new("items", "items", rt::Type::string(0, 255));
static FIELDS_OPTION_ITEM_2: [rt::Field; 2] = [
    rt::Field::new("a", "a", rt::Type::list(&FIELDS_OPTION_ITEM_2_A_ITEM, 100)).nullable(),
    rt::Field::new("b", "b", rt::Type::matching(0, 255, "a\\d+")).nullable(),
];
static FIELDS_OPTION_ITEM: rt::Field = rt::Field::new("items", "items", rt::Type::object(&FIELDS_OPTION_ITEM_2));
static FIELDS_OPTION_ITEM_3: [rt::Field; 1] = [
    rt::Field::new("x", "x", rt::Type::FLOAT).nullable(),
];
static FIELDS: [rt::Field; 9] = [
    rt::Field::new("id", "_id", rt::Type::ObjectId).generated(rt::Generated::Database).immutable(),
    rt::Field::new("type", "type", rt::Type::string(0, 40)).required().described("kind \"quoted\""),
    rt::Field::new("self", "self", rt::Type::INT).nullable().described("bare \r return, \u{202e} turned, */ closed"),
    rt::Field::new("Option", "Option", rt::Type::list(&FIELDS_OPTION_ITEM, 100)).nullable(),
    rt::Field::new("Option_item", "Option_item", rt::Type::object(&FIELDS_OPTION_ITEM_3)).nullable(),
    rt::Field::new("big", "big", rt::Type::uint(1, 9223372036854775807)).default(rt::Literal::Int(5)),
    rt::Field::new("f", "f", rt::Type::float(-1.5, rt::f64::MAX)).default(rt::Literal::Float(-1.0)),
    rt::Field::new("b", "b", rt::Type::bytes(65535)).nullable().sensitive(),
    rt::Field::new("at", "at", rt::Type::DateTime).default(rt::Literal::Text("2020-01-01T00:00:00Z")),
];
static ARGS_TOP: [rt::Arg; 1] = [
    rt::Arg::given(rt::Field::new("least", "least", rt::Type::INT).required()),
];
static ROWS_TOP: [rt::Field; 2] = [
    rt::Field::new("name", "_id", rt::Type::string(0, 255)),
    rt::Field::new("n", "n", rt::Type::INT),
];
static CALLS: [rt::Call; 1] = [
    rt::Call {
        name: "top",
        description: "",
        lane: rt::Lane::Read,
        args: &ARGS_TOP,
        returns: rt::Returns::Rows(&ROWS_TOP),
        routine: rt::Routine::Pipeline { on: "msLogs", stages: r#"[{"$match":{"n":{"$gte":{"$arg":"least"}},"q":"a \"x\" b"}},{"$sort":{"n":-1,"a":1}}]"# },
    },
];
static DOMAIN: rt::Domain = rt::Domain::new("domain", "", "1a04863a03f7831b")
    .placed(rt::Broker::AdminOut, rt::Broker::AdminLogs)
    .mongodb("logs", rt::mongodb::Objects {
        read: rt::Some(rt::mongodb::Source::collection("msLogs")),
        create: rt::Some("msLogs"),
        update: rt::Some("msLogs"),
        upsert: rt::None,
        delete: rt::Some("msLogs"),
    })
    .at_least_once()
    .compatible_with(&["0123456789abcdef", "fedcba9876543210"])
    .fields(&FIELDS)
    .key(&[0])
    .reads().creates().updates().deletes()
    .fetch(&[1], &[], 50, 500)
    .calls(&CALLS);

impl rt::NamasteCore for Domain {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn find_call(name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
        match name {
            "top" => rt::Some(&CALLS[0]),
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
    fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result<rt::Work> {
        rt::operation::delete(cx, &DOMAIN, request)
    }
}

rt::record!(Domain { id, r#type, self_, Option, Option_item, big, f, b, at });
