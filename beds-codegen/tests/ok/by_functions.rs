use ::beds_runtime::__private as rt;

#[derive(Clone, PartialEq)]
pub struct Stock {}

static ARGS_RESTOCK: [rt::Arg; 3] = [
    rt::Arg::given(rt::Field::new("sku", "sku", rt::Type::string(0, 40)).required()),
    rt::Arg::given(rt::Field::new("quantity", "quantity", rt::Type::int(1, rt::i64::MAX)).default(rt::Literal::Int(1))),
    rt::Arg::given(rt::Field::new("note", "note", rt::Type::string(0, 255)).nullable()),
];
static ARGS_OVERVIEW_TAGS_ITEM: rt::Field = rt::Field::new("items", "items", rt::Type::string(0, 255));
static ARGS_OVERVIEW: [rt::Arg; 1] = [
    rt::Arg::given(rt::Field::new("tags", "tags", rt::Type::list(&ARGS_OVERVIEW_TAGS_ITEM, 100)).required()),
];
static ROWS_OVERVIEW_SIZE: [rt::Field; 1] = [
    rt::Field::new("width", "width", rt::Type::FLOAT).required(),
];
static ROWS_OVERVIEW: [rt::Field; 2] = [
    rt::Field::new("sku", "sku", rt::Type::string(0, 255)),
    rt::Field::new("size", "size", rt::Type::object(&ROWS_OVERVIEW_SIZE)),
];
static CALLS: [rt::Call; 4] = [
    rt::Call {
        name: "restock",
        description: "Adds to the stock",
        lane: rt::Lane::Write,
        args: &ARGS_RESTOCK,
        returns: rt::Returns::Scalar(rt::Type::decimal(12, 2, rt::None, rt::None)),
        routine: rt::Routine::Method,
    },
    rt::Call {
        name: "forget",
        description: "",
        lane: rt::Lane::Write,
        args: &[],
        returns: rt::Returns::Nothing,
        routine: rt::Routine::Method,
    },
    rt::Call {
        name: "overview",
        description: "",
        lane: rt::Lane::Read,
        args: &ARGS_OVERVIEW,
        returns: rt::Returns::Rows(&ROWS_OVERVIEW),
        routine: rt::Routine::Method,
    },
    rt::Call {
        name: "state",
        description: "",
        lane: rt::Lane::Read,
        args: &[],
        returns: rt::Returns::Scalar(rt::Type::one_of(&["open", "closed"])),
        routine: rt::Routine::Method,
    },
];
static DOMAIN: rt::Domain = rt::Domain::new("stock", "", "329e3589da6ecdac")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mongodb("journal", rt::mongodb::Objects::NONE)
    .calls(&CALLS);

impl rt::NamasteCore for Stock {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn find_call(name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
        match name {
            "restock" => rt::Some(&CALLS[0]),
            "forget" => rt::Some(&CALLS[1]),
            "overview" => rt::Some(&CALLS[2]),
            "state" => rt::Some(&CALLS[3]),
            _ => rt::None,
        }
    }
    fn call(
        cx: &rt::Context,
        call: &'static rt::Call,
        request: rt::CallRequest,
    ) -> rt::Result<rt::Work> {
        match call.name {
            "restock" => {
                rt::operation::method(
                    cx,
                    &DOMAIN,
                    call,
                    request,
                    |cx, mut args| async move {
                        ::warehouse::stock::restock(
                                &cx,
                                args.take()?,
                                args.take()?,
                                args.take()?,
                            )
                            .await
                            .map(rt::operation::gives::<rt::Decimal, _>)
                    },
                )
            }
            "forget" => {
                rt::operation::method(
                    cx,
                    &DOMAIN,
                    call,
                    request,
                    |cx, _| async move {
                        ::warehouse::stock::forget(&cx)
                            .await
                            .map(rt::operation::gives::<(), _>)
                    },
                )
            }
            "overview" => {
                rt::operation::method(
                    cx,
                    &DOMAIN,
                    call,
                    request,
                    |cx, mut args| async move {
                        ::warehouse::stock::overview(&cx, args.take()?).await
                    },
                )
            }
            "state" => {
                rt::operation::method(
                    cx,
                    &DOMAIN,
                    call,
                    request,
                    |cx, _| async move { ::warehouse::stock::state(&cx).await },
                )
            }
            _ => rt::operation::call(cx, &DOMAIN, call, request),
        }
    }
}

rt::record!(Stock {  });
