use ::beds_runtime::__private as rt;

/// What was ordered
#[derive(Debug, Clone, PartialEq, rt::Serialize, rt::Deserialize)]
#[serde(crate = "beds_runtime::__private::serde")]
pub struct OrderLine {
    pub order_id: u64,
    pub position: i64,
    pub article: String,
    pub quantity: rt::Decimal,
}

static FIELDS: [rt::Field; 4] = [
    rt::Field::new("order_id", "order_id", rt::Type::uint(0, u64::MAX)).required().immutable(),
    rt::Field::new("position", "position", rt::Type::int(1, i64::MAX)).required().immutable(),
    rt::Field::new("article", "article", rt::Type::string(0, 40)).required(),
    rt::Field::new("quantity", "quantity", rt::Type::decimal(9, 3, Some("0.001"), None)).required(),
];
static DOMAIN: rt::Domain = rt::Domain::new("order_line", "What was ordered", "42968e05f026c1bd")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mariadb("shop")
    .fields(&FIELDS)
    .key(&[0, 1])
    .reads().creates().deletes()
    .fetch(&[0, 2], &[], 50, 500)
    .objects(&OBJECTS);
static READ: rt::mariadb::Source = rt::mariadb::Source { from: "`order_line`", by_key: "select `order_id`, `position`, `article`, `quantity` from `order_line` where `order_id` = ? and `position` = ?" };
static CREATE: rt::mariadb::Procedure = rt::mariadb::Procedure::new("call `sp_line_add`(?, ?, ?, ?)", &[0, 1, 2, 3]).committing();
static DELETE: rt::mariadb::Procedure = rt::mariadb::Procedure::new("call `sp_line_drop`(?, ?)", &[1, 0]);
static OBJECTS: [rt::Object; 3] = [
    rt::Object::read(rt::ObjectKind::Table, "order_line"),
    rt::Object::procedure(rt::Usage::Create, "sp_line_add", CREATE.args, CREATE.returns).committing(),
    rt::Object::procedure(rt::Usage::Delete, "sp_line_drop", DELETE.args, DELETE.returns),
];

impl rt::NamasteCore for OrderLine {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    async fn fetch(cx: &rt::Context, request: rt::FetchRequest) -> rt::Result {
        rt::mariadb::fetch(cx, &DOMAIN, &READ, request).await
    }
    async fn count(cx: &rt::Context, request: rt::CountRequest) -> rt::Result {
        rt::mariadb::count(cx, &DOMAIN, &READ, request).await
    }
    async fn create(cx: &rt::Context, request: rt::CreateRequest) -> rt::Result {
        rt::mariadb::create(cx, &DOMAIN, &CREATE, request).await
    }
    async fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result {
        rt::mariadb::delete(cx, &DOMAIN, Some(&READ), &DELETE, request).await
    }
}
