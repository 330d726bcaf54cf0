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
            _cx: &rt::Context,
            _request: rt::CreateRequest,
        ) -> rt::Result {
            Err(rt::Error::not_offered(<Self as rt::NamasteCore>::domain(), "create"))
        }
        /// What the template alone would do.
        #[allow(dead_code)]
        pub(crate) async fn delete_object(
            _cx: &rt::Context,
            _request: rt::DeleteRequest,
        ) -> rt::Result {
            Err(rt::Error::not_offered(<Self as rt::NamasteCore>::domain(), "delete"))
        }
    }
};
