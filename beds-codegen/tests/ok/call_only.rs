use ::beds_runtime::__private as rt;

#[derive(Debug, Clone, PartialEq, rt::Serialize, rt::Deserialize)]
#[serde(crate = "beds_runtime::__private::serde")]
pub struct Option {}

static ARGS_GO: [rt::Arg; 2] = [
    rt::Arg { field: rt::Field::new("a", "a", rt::Type::string(0, 255)).nullable(), mode: rt::ArgMode::In },
    rt::Arg { field: rt::Field::new("b", "b", rt::Type::INT).default(rt::Literal::Int(3)), mode: rt::ArgMode::In },
];
static ROWS_GO_TAGS_ITEM: rt::Field = rt::Field::new("items", "items", rt::Type::string(0, 255));
static ROWS_GO: [rt::Field; 2] = [
    rt::Field::new("a", "a", rt::Type::INT),
    rt::Field::new("tags", "tags", rt::Type::list(&ROWS_GO_TAGS_ITEM, 100)),
];
static CALLS: [rt::Call; 1] = [
    rt::Call { name: "go", description: "", lane: rt::Lane::Write, args: &ARGS_GO, returns: rt::Returns::Rows(&ROWS_GO) },
];
static DOMAIN: rt::Domain = rt::Domain::new("option", "", "c6d655a078ee2217")
    .placed(rt::Broker::TerceroUsers, rt::Broker::TerceroUsers)
    .mariadb("users")
    .calls(&CALLS)
    .objects(&OBJECTS);
static CALL_GO: rt::mariadb::Routine = rt::mariadb::Routine::new("call `we``ird`(?, ?)").committing();
static OBJECTS: [rt::Object; 1] = [
    rt::Object::call("go", rt::ObjectKind::Procedure, "we`ird").committing(),
];

impl rt::NamasteCore for Option {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    async fn call(
        cx: &rt::Context,
        name: ::std::string::String,
        request: rt::CallRequest,
    ) -> rt::Result {
        match name.as_str() {
            "go" => rt::mariadb::call(cx, &DOMAIN, &CALLS[0], &CALL_GO, request).await,
            _ => Err(rt::Error::not_offered(&DOMAIN, &::std::format!("call.{name}"))),
        }
    }
}
