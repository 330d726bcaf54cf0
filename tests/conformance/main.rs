//! One wire contract for every engine: the same cases run against a MariaDB domain and a MongoDB domain with the same
//! fields, one of every type.
//!
//! Most cases are the text files in this folder; `tests/script/mod.rs` describes their format. Cases that are not a
//! conversation of a few requests are Rust: many records, many at a time, pages, missing properties.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

#[path = "../common/mod.rs"]
mod common;
mod domain;
mod headers;
mod many;
mod pages;
#[path = "../script/mod.rs"]
mod script;
mod values;

use common::{root, shared};
use domain::Domain;
use futures_util::StreamExt as _;
use script::{Case, Player, finish};

/// How many cases are played at a time.
const SIDE_BY_SIDE: usize = 6;

#[tokio::test]
async fn every_case_holds_on_every_engine() {
    let site = shared().await;
    let cases = Case::all(&root().join("tests/conformance"));
    let play = cases.iter().map(async |case| {
        let mut player = Player::new(site.0).await;
        case.check(&mut player).await
    });
    let results: Vec<_> = futures_util::stream::iter(play).buffered(SIDE_BY_SIDE).collect().await;
    finish(&results, "conformance");
}

macro_rules! on_every_engine {
    ($($module:ident::$case:ident,)*) => {
        mod mariadb {
            $(#[tokio::test] async fn $case() { super::$module::$case(super::Domain::mariadb().await).await; })*
        }
        mod mongodb {
            $(#[tokio::test] async fn $case() { super::$module::$case(super::Domain::mongodb().await).await; })*
        }
    };
}

on_every_engine! {
    many::creates_many_in_order,
    many::bounds_the_limit,
    many::serves_many_at_a_time,
    many::gives_every_requester_its_record,
    many::names_some_of_many_mistakes,
    many::lets_one_of_several_updates_win,
    pages::walks_pages,
    pages::refuses_a_cut_cursor,
    pages::gives_each_record_once_in_every_order,
    headers::answers_with_headers,
    values::keeps_any_value,
    values::keeps_all_digits_of_json,
}
