use ::beds_runtime::__private as rt;

#[derive(Clone, PartialEq)]
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
static DOMAIN: rt::Domain = rt::Domain::new("event", "", "84056a4f761b425f")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mariadb("events", rt::mariadb::Objects {
        read: rt::None,
        create: rt::Some(rt::mariadb::Procedure::new("sp_event", "call `sp_event`(?, ?, ?)", &[0, 1, 2])),
        update: rt::Some(rt::mariadb::Procedure::new("sp_event_note", "call `sp_event_note`(?, ?)", &[0, 2])),
        upsert: rt::None,
        delete: rt::None,
    })
    .fields(&FIELDS)
    .key(&[0])
    .creates().updates();

impl rt::NamasteCore for Event {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn create(cx: &rt::Context, request: rt::CreateRequest) -> rt::Result<rt::Work> {
        rt::operation::create(cx, &DOMAIN, request)
    }
    fn update(cx: &rt::Context, request: rt::UpdateRequest) -> rt::Result<rt::Work> {
        rt::operation::update(cx, &DOMAIN, request)
    }
}

rt::record!(Event { id, kind, note });
