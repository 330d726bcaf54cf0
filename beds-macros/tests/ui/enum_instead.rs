extern crate self as beds_runtime;
include!("../stub/runtime.rs");

use beds_macros::NamasteCore;

#[derive(NamasteCore)]
#[beds(service = "app_server", engine = "mariadb", database = "catalog")]
pub enum Bookmark {
    Country,
}

fn main() {}
