use ::beds_runtime::__private as rt;

#[derive(Clone, PartialEq)]
pub struct Turnover {
    pub month: Option<rt::Date>,
    pub amount: Option<rt::Decimal>,
}

static FIELDS: [rt::Field; 2] = [
    rt::Field::new("month", "month", rt::Type::Date).nullable(),
    rt::Field::new("amount", "sum amount", rt::Type::decimal(20, 2, rt::None, rt::None)).nullable(),
];
static DOMAIN: rt::Domain = rt::Domain::new("turnover", "", "1ea196f053bd3897")
    .placed(rt::Broker::SegundoWarehouse, rt::Broker::SegundoWarehouse)
    .mariadb("warehouse", rt::mariadb::Objects {
        read: rt::Some(rt::mariadb::Source::view("v_turn`over", "`v_turn``over`", &["`month`", "`sum amount`"])),
        create: rt::None,
        update: rt::None,
        upsert: rt::None,
        delete: rt::None,
    })
    .fields(&FIELDS)
    .reads()
    .fetch(&[0], &[0], 24, 24);

impl rt::NamasteCore for Turnover {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn fetch(cx: &rt::Context, request: rt::FetchRequest) -> rt::Result<rt::Work> {
        rt::operation::fetch(cx, &DOMAIN, request)
    }
    fn count(cx: &rt::Context, request: rt::CountRequest) -> rt::Result<rt::Work> {
        rt::operation::count(cx, &DOMAIN, request)
    }
}

rt::record!(Turnover { month, amount });
