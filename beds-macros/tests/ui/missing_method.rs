extern crate self as beds_runtime;
include!("../stub/runtime.rs");

use beds_macros::NamasteCore;

#[derive(NamasteCore)]
#[beds(service = "app_server", engine = "mariadb", database = "catalog")]
#[beds(methods(create = Self::create_checked))]
pub struct Bookmark {
    #[beds(key)]
    pub id: u64,
}

fn main() {}
