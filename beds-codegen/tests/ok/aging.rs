use ::beds_runtime::__private as rt;

/// What was sent
#[derive(Clone, PartialEq)]
pub struct Parcel {
    pub id: rt::Uuid,
    pub sent_at: rt::DateTime,
    pub read_at: Option<rt::DateTime>,
    pub weight: Option<f64>,
    pub revision: i64,
}

static FIELDS: [rt::Field; 5] = [
    rt::Field::new("id", "id", rt::Type::Uuid).generated(rt::Generated::UuidV7).immutable(),
    rt::Field::new("sent_at", "sent_at", rt::Type::DateTime).generated(rt::Generated::Now),
    rt::Field::new("read_at", "read_at", rt::Type::DateTime).nullable(),
    rt::Field::new("weight", "weight", rt::Type::FLOAT).nullable(),
    rt::Field::new("revision", "revision", rt::Type::INT),
];
static DOMAIN: rt::Domain = rt::Domain::new("parcel", "What was sent", "7f841170eccea251")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mariadb("catalog", rt::mariadb::Objects {
        read: rt::Some(rt::mariadb::Source::view("v_parcel", "`v_parcel`", &["`id`", "`sent_at`", "`read_at`", "`weight`", "`revision`"])),
        create: rt::Some(rt::mariadb::Procedure::new("sp_parcel_create", "call `sp_parcel_create`(?, ?, ?, ?)", &[0, 1, 2, 3])),
        update: rt::None,
        upsert: rt::None,
        delete: rt::Some(rt::mariadb::Procedure::new("sp_parcel_delete", "call `sp_parcel_delete`(?, ?)", &[0, 4])),
    })
    .fields(&FIELDS)
    .key(&[0])
    .version(4)
    .reads().creates().deletes()
    .fetch(&[1, 2], &[], 50, 500)
    .ages_into(7776000, 2, "parcel_wh");

impl rt::NamasteCore for Parcel {
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

rt::record!(Parcel { id, sent_at, read_at, weight, revision });
