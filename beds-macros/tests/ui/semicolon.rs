extern crate self as beds_runtime;
include!("../stub/runtime.rs");

use beds_macros::NamasteCore;

#[derive(NamasteCore)]
#[beds(service = "app_server", engine = "mariadb", database = "catalog")]
#[beds(read(view = "v_bookmark"))]
pub struct Bookmark {
    #[beds(key)]
    pub id: u64,
    #[beds(max = 64; required)]
    pub note: String,
}

fn main() {}
