::core::compile_error! {
    "[B0406] there is no field `nota`\n  no such field\nhelp: did you mean `note`?"
}
const _: () = {
    use ::beds_runtime::__private as rt;
    static DOMAIN: rt::Domain = rt::Domain::new("", "", "");
    impl rt::NamasteCore for Bookmark {
        fn domain() -> &'static rt::Domain {
            &DOMAIN
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
        /// What the template alone would do.
        #[allow(dead_code)]
        pub(crate) fn delete_object(
            cx: &rt::Context,
            request: rt::DeleteRequest,
        ) -> rt::Result<rt::Work> {
            rt::operation::delete(cx, &DOMAIN, request)
        }
    }
};
