use ::beds_runtime::__private as rt;

/// Who came by
#[derive(Clone, PartialEq)]
pub struct Visit {
    pub id: rt::Uuid,
    pub at: rt::DateTime,
    pub left_at: Option<rt::DateTime>,
    pub who: String,
}

static FIELDS: [rt::Field; 4] = [
    rt::Field::new("id", "_id", rt::Type::Uuid).generated(rt::Generated::UuidV7).immutable(),
    rt::Field::new("at", "seen_at", rt::Type::DateTime).generated(rt::Generated::Now),
    rt::Field::new("left_at", "left_at", rt::Type::DateTime).nullable(),
    rt::Field::new("who", "who", rt::Type::string(0, 40)).required(),
];
static DOMAIN: rt::Domain = rt::Domain::new("visit", "Who came by", "be8e04a6a9adec85")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mongodb("journal", rt::mongodb::Objects {
        read: rt::Some(rt::mongodb::Source::collection("visit")),
        create: rt::Some("visit"),
        update: rt::None,
        upsert: rt::None,
        delete: rt::None,
    })
    .at_least_once()
    .fields(&FIELDS)
    .key(&[0])
    .reads().creates()
    .fetch(&[1], &[1], 50, 500)
    .expires(2592000, 1, rt::None);

impl rt::NamasteCore for Visit {
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
}

rt::record!(Visit { id, at, left_at, who });
