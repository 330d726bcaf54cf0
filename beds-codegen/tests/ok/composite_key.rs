use ::beds_runtime::__private as rt;

/// What was ordered
#[derive(Clone, PartialEq)]
pub struct OrderLine {
    pub order_id: u64,
    pub position: i64,
    pub article: String,
    pub quantity: rt::Decimal,
}

static FIELDS: [rt::Field; 4] = [
    rt::Field::new("order_id", "order_id", rt::Type::uint(0, rt::u64::MAX)).required().immutable(),
    rt::Field::new("position", "position", rt::Type::int(1, rt::i64::MAX)).required().immutable(),
    rt::Field::new("article", "article", rt::Type::string(0, 40)).required(),
    rt::Field::new("quantity", "quantity", rt::Type::decimal(9, 3, rt::Some("0.001"), rt::None)).required(),
];
static DOMAIN: rt::Domain = rt::Domain::new("order_line", "What was ordered", "4ec9eed5eeb8739c")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mariadb("shop", rt::mariadb::Objects {
        read: rt::Some(rt::mariadb::Source::table("order_line", "`order_line`", &["`order_id`", "`position`", "`article`", "`quantity`"])),
        create: rt::Some(rt::mariadb::Procedure::new("sp_line_add", "call `sp_line_add`(?, ?, ?, ?)", &[0, 1, 2, 3]).committing()),
        update: rt::None,
        upsert: rt::None,
        delete: rt::Some(rt::mariadb::Procedure::new("sp_line_drop", "call `sp_line_drop`(?, ?)", &[1, 0])),
    })
    .fields(&FIELDS)
    .key(&[0, 1])
    .reads().creates().deletes()
    .fetch(&[0, 2, 1], &[], 50, 500);

impl rt::NamasteCore for OrderLine {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
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
    fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result<rt::Work> {
        rt::operation::delete(cx, &DOMAIN, request)
    }
}

rt::record!(OrderLine { order_id, position, article, quantity });
