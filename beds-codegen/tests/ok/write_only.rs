use ::beds_runtime::__private as rt;

#[derive(Debug, Clone, PartialEq, rt::Serialize, rt::Deserialize)]
#[serde(crate = "beds_runtime::__private::serde")]
pub struct Event {
    pub id: rt::Uuid,
    pub kind: String,
    pub note: Option<String>,
}

static FIELDS: [rt::Field; 3] = [
    rt::Field::new("id", "id", rt::Type::Uuid).generated(rt::Generated::UuidV4).immutable(),
    rt::Field::new("kind", "kind", rt::Type::one_of(&["in", "out"])).required(),
    rt::Field::new("note", "note", rt::Type::text(0, 65535)).required().nullable(),
];
static DOMAIN: rt::Domain = rt::Domain::new("event", "", "4c9b09b0fccb2fe2")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mariadb("events")
    .fields(&FIELDS)
    .key(&[0])
    .creates().updates()
    .objects(&OBJECTS);
static CREATE: rt::mariadb::Procedure = rt::mariadb::Procedure::new("call `sp_event`(?, ?, ?)", &[0, 1, 2]);
static UPDATE: rt::mariadb::Procedure = rt::mariadb::Procedure::new("call `sp_event_note`(?, ?)", &[0, 2]);
static OBJECTS: [rt::Object; 2] = [
    rt::Object::procedure(rt::Usage::Create, "sp_event", CREATE.args, CREATE.returns),
    rt::Object::procedure(rt::Usage::Update, "sp_event_note", UPDATE.args, UPDATE.returns),
];

impl rt::NamasteCore for Event {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    async fn create(cx: &rt::Context, request: rt::CreateRequest) -> rt::Result {
        rt::mariadb::create(cx, &DOMAIN, &CREATE, request).await
    }
    async fn update(cx: &rt::Context, request: rt::UpdateRequest) -> rt::Result {
        rt::mariadb::update(cx, &DOMAIN, None, &UPDATE, request).await
    }
}
