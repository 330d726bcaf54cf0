use ::beds_runtime::__private as rt;

/// What is valid for a while
#[derive(Clone, PartialEq)]
pub struct Ticket {
    pub id: rt::Uuid,
    pub issued_at: rt::DateTime,
    pub used_at: Option<rt::DateTime>,
}

static FIELDS: [rt::Field; 3] = [
    rt::Field::new("id", "id", rt::Type::Uuid).generated(rt::Generated::UuidV7).immutable(),
    rt::Field::new("issued_at", "issued_at", rt::Type::DateTime).generated(rt::Generated::Now),
    rt::Field::new("used_at", "used_at", rt::Type::DateTime).nullable(),
];
static ARGS_PURGE: [rt::Arg; 3] = [
    rt::Arg::given(rt::Field::new("before", "before", rt::Type::DateTime).required()),
    rt::Arg::given(rt::Field::new("most", "most", rt::Type::int(1, 10000)).required()),
    rt::Arg::returned(rt::Field::new("purged", "purged", rt::Type::INT)),
];
static CALLS: [rt::Call; 1] = [
    rt::Call {
        name: "purge",
        description: "",
        lane: rt::Lane::Write,
        args: &ARGS_PURGE,
        returns: rt::Returns::Nothing,
        routine: rt::Routine::Procedure { name: "sp_ticket_purge", sql: "call `sp_ticket_purge`(?, ?, ?)", commits: false },
    },
];
static DOMAIN: rt::Domain = rt::Domain::new("ticket", "What is valid for a while", "cb8545c28cef6d50")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mariadb("catalog", rt::mariadb::Objects {
        read: rt::Some(rt::mariadb::Source::view("v_ticket", "`v_ticket`", &["`id`", "`issued_at`", "`used_at`"])),
        create: rt::Some(rt::mariadb::Procedure::new("sp_ticket_create", "call `sp_ticket_create`(?, ?)", &[0, 1])),
        update: rt::None,
        upsert: rt::None,
        delete: rt::None,
    })
    .fields(&FIELDS)
    .key(&[0])
    .reads().creates()
    .fetch(&[], &[], 50, 500)
    .expires(94608000, 2, rt::Some("purge"))
    .calls(&CALLS);

impl rt::NamasteCore for Ticket {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn find_call(name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
        match name {
            "purge" => rt::Some(&CALLS[0]),
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
}

rt::record!(Ticket { id, issued_at, used_at });
