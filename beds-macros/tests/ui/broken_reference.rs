extern crate self as beds_runtime;
include!("../stub/runtime.rs");

use beds_macros::NamasteCore;

#[derive(NamasteCore)]
#[beds(service = "app_server", engine = "mariadb", database = "catalog")]
#[beds(create(procedure = "sp_bookmark_create", args = ["id", "nota"]))]
#[beds(methods(create = Self::create_checked))]
pub struct Bookmark {
    #[beds(key)]
    pub id: u64,
    pub note: String,
}

impl Bookmark {
    async fn create_checked(
        cx: &__private::Context,
        request: __private::CreateRequest,
    ) -> __private::Result {
        let _object = Self::create_object(cx, request);
        Err(__private::Error)
    }
}

fn main() {}
