extern crate self as beds_runtime;
include!("../stub/runtime.rs");

/// A domain in a file where the names of the prelude have other meanings.
mod hidden {
    #![allow(non_camel_case_types, dead_code)]

    use crate::beds_runtime::__private as rt;

    use State::*;

    enum State {
        None,
        Some(u8),
        Ok,
    }
    struct str;
    struct bool;
    struct u64;

    #[derive(beds_macros::NamasteCore)]
    #[beds(service = "app_server", engine = "mariadb", database = "catalog")]
    #[beds(methods(create = Self::create_checked))]
    pub struct Bookmark {
        #[beds(key, type = "int", unsigned)]
        pub id: ::core::primitive::u64,
    }

    impl Bookmark {
        async fn create_checked(cx: &rt::Context, request: rt::CreateRequest) -> rt::Result {
            let rt::CreateRequest = request;
            cx.run(rt::Ok(rt::Work)).await
        }
    }
}

fn main() {
    let _ = <hidden::Bookmark as beds_runtime::__private::NamasteCore>::domain;
}
