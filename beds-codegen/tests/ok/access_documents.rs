use ::beds_runtime::__private as rt;

#[derive(Clone, PartialEq)]
pub struct Memo {
    pub id: String,
    pub title: String,
    pub owner: Option<String>,
    pub status: String,
    pub margin: Option<rt::Decimal>,
    pub price: Option<rt::Decimal>,
    pub revision: i64,
}

static FIELDS: [rt::Field; 7] = [
    rt::Field::new("id", "_id", rt::Type::string(0, 80)).required().immutable(),
    rt::Field::new("title", "title", rt::Type::string(0, 80)).required(),
    rt::Field::new("owner", "owner", rt::Type::string(0, 80)).nullable(),
    rt::Field::new("status", "status", rt::Type::one_of(&["draft", "active"])).default(rt::Literal::Text("draft")),
    rt::Field::new("margin", "margin", rt::Type::decimal(8, 2, rt::None, rt::None)).nullable(),
    rt::Field::new("price", "price", rt::Type::decimal(8, 2, rt::None, rt::None)).nullable(),
    rt::Field::new("revision", "revision", rt::Type::INT),
];
static ARGS_MINE_ROLES_ITEM: rt::Field = rt::Field::new("item", "item", rt::Type::string(0, 255)).nullable();
static ARGS_MINE: [rt::Arg; 2] = [
    rt::Arg::asked(rt::Field::new("@user", "@user", rt::Type::string(0, 255)).nullable(), rt::RequestValue::User),
    rt::Arg::asked(rt::Field::new("@roles", "@roles", rt::Type::list(&ARGS_MINE_ROLES_ITEM, 4294967295)).nullable(), rt::RequestValue::Roles),
];
static ROWS_MINE_ROLES_ITEM: rt::Field = rt::Field::new("items", "items", rt::Type::string(0, 255));
static ROWS_MINE: [rt::Field; 3] = [
    rt::Field::new("id", "_id", rt::Type::string(0, 255)),
    rt::Field::new("caller", "caller", rt::Type::string(0, 255)),
    rt::Field::new("roles", "roles", rt::Type::list(&ROWS_MINE_ROLES_ITEM, 10)),
];
static CALLS: [rt::Call; 1] = [
    rt::Call {
        name: "mine",
        description: "",
        lane: rt::Lane::Read,
        args: &ARGS_MINE,
        returns: rt::Returns::Rows(&ROWS_MINE),
        routine: rt::Routine::Pipeline { on: "memo", stages: r#"[{"$match":{"owner":{"$eq":{"$arg":"@user"}}}},{"$project":{"caller":{"$literal":{"$arg":"@user"}},"roles":{"$literal":{"$arg":"@roles"}}}},{"$sort":{"_id":1}}]"# },
    },
];
static DOMAIN: rt::Domain = rt::Domain::new("memo", "", "c8b1b90e03483b76")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mongodb("shop", rt::mongodb::Objects {
        read: rt::Some(rt::mongodb::Source::view("v_memo")),
        create: rt::Some("memo"),
        update: rt::Some("memo"),
        upsert: rt::Some("memo"),
        delete: rt::Some("memo"),
    })
    .fields(&FIELDS)
    .key(&[0])
    .version(6)
    .reads().creates().updates().upserts().deletes().updates_many(100).deletes_many(100)
    .fetch(&[1, 2, 3, 4, 5], &[1, 4, 5], 50, 500)
    .accessed(&[rt::Grant { operation: rt::Operation::Fetch, roles: &["clerk", "manager", "auditor", "anyone"] }, rt::Grant { operation: rt::Operation::Count, roles: &["clerk", "manager", "auditor"] }, rt::Grant { operation: rt::Operation::Create, roles: &["clerk", "manager"] }, rt::Grant { operation: rt::Operation::Update, roles: &["clerk", "manager"] }, rt::Grant { operation: rt::Operation::Upsert, roles: &["clerk", "manager"] }, rt::Grant { operation: rt::Operation::Delete, roles: &["clerk", "manager"] }, rt::Grant { operation: rt::Operation::Call("mine"), roles: &["*"] }], &[rt::RoleRows { role: "clerk", rows: &[rt::Row { field: 2, any_of: &[rt::Wanted::Asked(rt::RequestValue::User)] }] }, rt::RoleRows { role: "auditor", rows: &[rt::Row { field: 3, any_of: &[rt::Wanted::Is(rt::Literal::Text("active"))] }] }, rt::RoleRows { role: "anyone", rows: &[rt::Row { field: 3, any_of: &[rt::Wanted::Is(rt::Literal::Text("active"))] }, rt::Row { field: 2, any_of: &[rt::Wanted::Is(rt::Literal::Text("public"))] }] }], &[rt::RoleFields { role: "clerk", hidden: &[4], readonly: &[5] }, rt::RoleFields { role: "anyone", hidden: &[4, 5], readonly: &[] }])
    .calls(&CALLS);

impl rt::NamasteCore for Memo {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn find_call(name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
        match name {
            "mine" => rt::Some(&CALLS[0]),
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

rt::record!(Memo { id, title, owner, status, margin, price, revision });
