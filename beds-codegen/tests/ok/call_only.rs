use ::beds_runtime::__private as rt;

#[derive(Clone, PartialEq)]
pub struct Option {}

static ARGS_GO: [rt::Arg; 2] = [
    rt::Arg::given(rt::Field::new("a", "a", rt::Type::string(0, 255)).nullable()),
    rt::Arg::given(rt::Field::new("b", "b", rt::Type::INT).default(rt::Literal::Int(3))),
];
static ROWS_GO_TAGS_ITEM: rt::Field = rt::Field::new("items", "items", rt::Type::string(0, 255));
static ROWS_GO: [rt::Field; 2] = [
    rt::Field::new("a", "a", rt::Type::INT),
    rt::Field::new("tags", "tags", rt::Type::list(&ROWS_GO_TAGS_ITEM, 100)),
];
static CALLS: [rt::Call; 1] = [
    rt::Call {
        name: "go",
        description: "",
        lane: rt::Lane::Write,
        args: &ARGS_GO,
        returns: rt::Returns::Rows(&ROWS_GO),
        routine: rt::Routine::Procedure { name: "we`ird", sql: "call `we``ird`(?, ?)", commits: true },
    },
];
static DOMAIN: rt::Domain = rt::Domain::new("option", "", "c6d655a078ee2217")
    .placed(rt::Broker::TerceroUsers, rt::Broker::TerceroUsers)
    .mariadb("users", rt::mariadb::Objects::NONE)
    .calls(&CALLS);

impl rt::NamasteCore for Option {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn find_call(name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
        match name {
            "go" => rt::Some(&CALLS[0]),
            _ => rt::None,
        }
    }
}

rt::record!(Option {  });
