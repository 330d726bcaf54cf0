use ::beds_runtime::__private as rt;

/// What was sent long ago
#[derive(Clone, PartialEq)]
pub struct ParcelWh {
    pub id: rt::Uuid,
    pub sent_at: Option<rt::DateTime>,
    pub read_at: Option<rt::DateTime>,
    pub weight: Option<f64>,
    pub revision: i64,
}

static FIELDS: [rt::Field; 5] = [
    rt::Field::new("id", "id", rt::Type::Uuid).required().immutable(),
    rt::Field::new("sent_at", "sent_at", rt::Type::DateTime).nullable(),
    rt::Field::new("read_at", "read_at", rt::Type::DateTime).nullable(),
    rt::Field::new("weight", "weight", rt::Type::FLOAT).nullable(),
    rt::Field::new("revision", "revision", rt::Type::INT),
];
static DOMAIN: rt::Domain = rt::Domain::new("parcel_wh", "What was sent long ago", "1377c8eec1c07769")
    .placed(rt::Broker::SegundoWarehouse, rt::Broker::SegundoWarehouse)
    .mariadb("warehouse", rt::mariadb::Objects {
        read: rt::Some(rt::mariadb::Source::view("v_parcel", "`v_parcel`", &["`id`", "`sent_at`", "`read_at`", "`weight`", "`revision`"])),
        create: rt::Some(rt::mariadb::Procedure::new("sp_parcel_create", "call `sp_parcel_create`(?, ?, ?, ?)", &[0, 1, 2, 3])),
        update: rt::Some(rt::mariadb::Procedure::new("sp_parcel_update", "call `sp_parcel_update`(?, ?, ?, ?, ?)", &[0, 1, 2, 3, 4])),
        upsert: rt::None,
        delete: rt::Some(rt::mariadb::Procedure::new("sp_parcel_delete", "call `sp_parcel_delete`(?, ?)", &[0, 4])),
    })
    .fields(&FIELDS)
    .key(&[0])
    .version(4)
    .reads().creates().updates().deletes()
    .fetch(&[1], &[], 50, 500)
    .cools(94608000, 1);

impl rt::NamasteCore for ParcelWh {
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
    fn update(cx: &rt::Context, request: rt::UpdateRequest) -> rt::Result<rt::Work> {
        rt::operation::update(cx, &DOMAIN, request)
    }
    fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result<rt::Work> {
        rt::operation::delete(cx, &DOMAIN, request)
    }
}

rt::record!(ParcelWh { id, sent_at, read_at, weight, revision });
