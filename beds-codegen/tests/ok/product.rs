use ::beds_runtime::__private as rt;

/// What we sell
#[derive(Clone, PartialEq)]
pub struct Product {
    pub id: rt::Uuid,
    pub sku: String,
    pub price: Option<rt::Decimal>,
    pub status: String,
    pub created_at: rt::DateTime,
    pub revision: i64,
}

static FIELDS: [rt::Field; 6] = [
    rt::Field::new("id", "id", rt::Type::Uuid).generated(rt::Generated::UuidV7).immutable(),
    rt::Field::new("sku", "sku", rt::Type::matching(0, 40, "[A-Z0-9-]+")).required().unique(),
    rt::Field::new("price", "price", rt::Type::decimal(12, 2, rt::Some("0"), rt::None)).nullable(),
    rt::Field::new("status", "status", rt::Type::one_of(&["draft", "active"])).default(rt::Literal::Text("draft")),
    rt::Field::new("created_at", "created_at", rt::Type::DateTime).generated(rt::Generated::Now),
    rt::Field::new("revision", "revision", rt::Type::INT),
];
static ARGS_RESTOCK: [rt::Arg; 3] = [
    rt::Arg::given(rt::Field::new("sku", "sku", rt::Type::string(0, 255)).required()),
    rt::Arg::given(rt::Field::new("quantity", "quantity", rt::Type::INT).required()),
    rt::Arg::returned(rt::Field::new("in_stock", "in_stock", rt::Type::INT)),
];
static CALLS: [rt::Call; 2] = [
    rt::Call {
        name: "restock",
        description: "",
        lane: rt::Lane::Write,
        args: &ARGS_RESTOCK,
        returns: rt::Returns::AsItComes,
        routine: rt::Routine::Procedure { name: "sp_product_restock", sql: "call `sp_product_restock`(?, ?, ?)", commits: false },
    },
    rt::Call {
        name: "stock_value",
        description: "",
        lane: rt::Lane::Read,
        args: &[],
        returns: rt::Returns::Scalar(rt::Type::decimal(12, 2, rt::None, rt::None)),
        routine: rt::Routine::Function { name: "fn_product_stock_value", sql: "select `fn_product_stock_value`()" },
    },
];
static DOMAIN: rt::Domain = rt::Domain::new("product", "What we sell", "f6a6a6a9ded7941f")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mariadb("catalog", rt::mariadb::Objects {
        read: rt::Some(rt::mariadb::Source::view("v_product", "`v_product`", &["`id`", "`sku`", "`price`", "`status`", "`created_at`", "`revision`"])),
        create: rt::Some(rt::mariadb::Procedure::new("sp_product_create", "call `sp_product_create`(?, ?, ?, ?)", &[0, 1, 2, 3])),
        update: rt::Some(rt::mariadb::Procedure::new("sp_product_update", "call `sp_product_update`(?, ?, ?, ?)", &[0, 2, 3, 5])),
        upsert: rt::Some(rt::mariadb::Procedure::new("sp_product_upsert", "call `sp_product_upsert`(?, ?, ?, ?)", &[0, 1, 2, 3])),
        delete: rt::Some(rt::mariadb::Procedure::new("sp_product_delete", "call `sp_product_delete`(?, ?)", &[0, 5])),
    })
    .fields(&FIELDS)
    .key(&[0])
    .version(5)
    .reads().creates().updates().upserts().deletes().updates_many(1000)
    .fetch(&[1, 3, 2], &[2, 4], 50, 500)
    .publishes(&[rt::Operation::Create, rt::Operation::Update], &[2, 3])
    .audits(&[rt::Operation::Create, rt::Operation::Update, rt::Operation::Delete, rt::Operation::Call("restock")])
    .calls(&CALLS);

impl rt::NamasteCore for Product {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn find_call(name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
        match name {
            "restock" => rt::Some(&CALLS[0]),
            "stock_value" => rt::Some(&CALLS[1]),
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

rt::record!(Product { id, sku, price, status, created_at, revision });
