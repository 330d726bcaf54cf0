const _: () = {
    use ::beds_runtime::__private as rt;
    static FIELDS: [rt::Field; 2] = [
        rt::Field::new("id", "id", rt::Type::uint(0, rt::u64::MAX))
            .required()
            .immutable(),
        rt::Field::new("note", "note", rt::Type::string(0, 255)).nullable(),
    ];
    static DOMAIN: rt::Domain = rt::Domain::new("bookmark", "", "b52a6b1e9e3716c5")
        .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
        .mariadb(
            "catalog",
            rt::mariadb::Objects {
                read: rt::Some(
                    rt::mariadb::Source::view("v", "`v`", &["`id`", "`note`"]),
                ),
                create: rt::Some(
                    rt::mariadb::Procedure::new("sp", "call `sp`(?, ?)", &[0, 1]),
                ),
                update: rt::None,
                upsert: rt::None,
                delete: rt::None,
            },
        )
        .fields(&FIELDS)
        .key(&[0])
        .reads()
        .creates()
        .deletes()
        .fetch(&[], &[], 50, 500);
    impl rt::NamasteCore for Bookmark {
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
            let cx = cx.clone();
            rt::Ok(
                rt::Work::method(async move { Self::create_checked(&cx, request).await }),
            )
        }
        fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result<rt::Work> {
            let cx = cx.clone();
            rt::Ok(rt::Work::method(async move { checks::delete(&cx, request).await }))
        }
    }
    impl Bookmark {
        /// What the template alone would do.
        #[allow(dead_code)]
        pub(crate) fn create_object(
            cx: &rt::Context,
            request: rt::CreateRequest,
        ) -> rt::Result<rt::Work> {
            rt::operation::create(cx, &DOMAIN, request)
        }
    }
};
