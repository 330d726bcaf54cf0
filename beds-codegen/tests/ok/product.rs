use ::beds_runtime::__private as rt;

/// What we sell
#[derive(Debug, Clone, PartialEq, rt::Serialize, rt::Deserialize)]
#[serde(crate = "beds_runtime::__private::serde")]
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
    rt::Field::new("price", "price", rt::Type::decimal(12, 2, Some("0"), None)).nullable(),
    rt::Field::new("status", "status", rt::Type::one_of(&["draft", "active"])).default(rt::Literal::Text("draft")),
    rt::Field::new("created_at", "created_at", rt::Type::DateTime).generated(rt::Generated::Now),
    rt::Field::new("revision", "revision", rt::Type::INT),
];
static ARGS_RESTOCK: [rt::Arg; 3] = [
    rt::Arg { field: rt::Field::new("sku", "sku", rt::Type::string(0, 255)).required(), mode: rt::ArgMode::In },
    rt::Arg { field: rt::Field::new("quantity", "quantity", rt::Type::INT).required(), mode: rt::ArgMode::In },
    rt::Arg { field: rt::Field::new("in_stock", "in_stock", rt::Type::INT), mode: rt::ArgMode::Out },
];
static CALLS: [rt::Call; 2] = [
    rt::Call { name: "restock", description: "", lane: rt::Lane::Write, args: &ARGS_RESTOCK, returns: rt::Returns::AsItComes },
    rt::Call { name: "stock_value", description: "", lane: rt::Lane::Read, args: &[], returns: rt::Returns::Scalar(rt::Type::decimal(12, 2, None, None)) },
];
static DOMAIN: rt::Domain = rt::Domain::new("product", "What we sell", "ff2523b5e8c10e3e")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mariadb("catalog")
    .fields(&FIELDS)
    .key(&[0])
    .version(5)
    .reads().creates().updates().deletes()
    .fetch(&[1, 3, 2], &[2, 4], 50, 500)
    .calls(&CALLS)
    .objects(&OBJECTS);
static READ: rt::mariadb::Source = rt::mariadb::Source { from: "`v_product`", by_key: "select `id`, `sku`, `price`, `status`, `created_at`, `revision` from `v_product` where `id` = ?" };
static CREATE: rt::mariadb::Procedure = rt::mariadb::Procedure::new("call `sp_product_create`(?, ?, ?, ?)", &[0, 1, 2, 3]);
static UPDATE: rt::mariadb::Procedure = rt::mariadb::Procedure::new("call `sp_product_update`(?, ?, ?, ?)", &[0, 2, 3, 5]);
static DELETE: rt::mariadb::Procedure = rt::mariadb::Procedure::new("call `sp_product_delete`(?, ?)", &[0, 5]);
static CALL_RESTOCK: rt::mariadb::Routine = rt::mariadb::Routine::new("call `sp_product_restock`(?, ?, ?)");
static CALL_STOCK_VALUE: rt::mariadb::Routine = rt::mariadb::Routine::new("select `fn_product_stock_value`()");
static OBJECTS: [rt::Object; 6] = [
    rt::Object::read(rt::ObjectKind::View, "v_product"),
    rt::Object::procedure(rt::Usage::Create, "sp_product_create", CREATE.args, CREATE.returns),
    rt::Object::procedure(rt::Usage::Update, "sp_product_update", UPDATE.args, UPDATE.returns),
    rt::Object::procedure(rt::Usage::Delete, "sp_product_delete", DELETE.args, DELETE.returns),
    rt::Object::call("restock", rt::ObjectKind::Procedure, "sp_product_restock"),
    rt::Object::call("stock_value", rt::ObjectKind::Function, "fn_product_stock_value"),
];

impl rt::NamasteCore for Product {
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
    async fn update(cx: &rt::Context, request: rt::UpdateRequest) -> rt::Result {
        rt::mariadb::update(cx, &DOMAIN, Some(&READ), &UPDATE, request).await
    }
    async fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result {
        rt::mariadb::delete(cx, &DOMAIN, Some(&READ), &DELETE, request).await
    }
    async fn call(
        cx: &rt::Context,
        name: ::std::string::String,
        request: rt::CallRequest,
    ) -> rt::Result {
        match name.as_str() {
            "restock" => {
                rt::mariadb::call(cx, &DOMAIN, &CALLS[0], &CALL_RESTOCK, request).await
            }
            "stock_value" => {
                rt::mariadb::call(cx, &DOMAIN, &CALLS[1], &CALL_STOCK_VALUE, request)
                    .await
            }
            _ => Err(rt::Error::not_offered(&DOMAIN, &::std::format!("call.{name}"))),
        }
    }
}
