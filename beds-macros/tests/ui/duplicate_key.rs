extern crate self as beds_runtime;
include!("../stub/runtime.rs");

use beds_macros::NamasteCore;

#[derive(NamasteCore)]
#[beds(service = "app_server", engine = "mariadb", database = "catalog")]
#[beds(read(view = "v_bookmark"), engine = "mongodb")]
pub struct Bookmark {
    #[beds(key)]
    pub id: u64,
}

fn main() {}
