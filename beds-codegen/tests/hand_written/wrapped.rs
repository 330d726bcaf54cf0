const _: () = {
    use ::beds_runtime::__private as rt;
    static FIELDS: [rt::Field; 2] = [
        rt::Field::new("id", "id", rt::Type::uint(0, u64::MAX)).required().immutable(),
        rt::Field::new("note", "note", rt::Type::string(0, 255)).nullable(),
    ];
    static DOMAIN: rt::Domain = rt::Domain::new("bookmark", "", "b52a6b1e9e3716c5")
        .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
        .mariadb("catalog")
        .fields(&FIELDS)
        .key(&[0])
        .reads()
        .creates()
        .deletes()
        .fetch(&[], &[], 50, 500)
        .objects(&OBJECTS);
    static READ: rt::mariadb::Source = rt::mariadb::Source {
        from: "`v`",
        by_key: "select `id`, `note` from `v` where `id` = ?",
    };
    static CREATE: rt::mariadb::Procedure = rt::mariadb::Procedure::new(
        "call `sp`(?, ?)",
        &[0, 1],
    );
    static OBJECTS: [rt::Object; 2] = [
        rt::Object::read(rt::ObjectKind::View, "v"),
        rt::Object::procedure(rt::Usage::Create, "sp", CREATE.args, CREATE.returns),
    ];
    impl rt::NamasteCore for Bookmark {
        fn domain() -> &'static rt::Domain {
            &DOMAIN
        }
        async fn fetch(cx: &rt::Context, request: rt::FetchRequest) -> rt::Result {
            rt::mariadb::fetch(cx, &DOMAIN, &READ, request).await
        }
        async fn count(cx: &rt::Context, request: rt::CountRequest) -> rt::Result {
            rt::mariadb::count(cx, &DOMAIN, &READ, request).await
        }
        async fn create(cx: &rt::Context, request: rt::CreateRequest) -> rt::Result {
            Self::create_checked(cx, request).await
        }
        async fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result {
            checks::delete(cx, request).await
        }
    }
    impl Bookmark {
        /// What the template alone would do.
        #[allow(dead_code)]
        pub(crate) async fn create_object(
            cx: &rt::Context,
            request: rt::CreateRequest,
        ) -> rt::Result {
            rt::mariadb::create(cx, &DOMAIN, &CREATE, request).await
        }
    }
};
