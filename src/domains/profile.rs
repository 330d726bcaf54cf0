//! The Rust functions behind calls of the template `country`, which names this file as its `module`.

use beds_runtime::{
    Context, NamasteCore as _, Outcome, Result,
    protocol::{CountRequest, FetchRequest},
};
use serde::Serialize;

use super::{Country, Note, Subdivision};

/// What all databases have on a country: the `returns` of the call.
#[derive(Debug, Serialize)]
pub struct Profile {
    name: String,
    subdivisions: u64,
    notes: u64,
}

/// Asks three domains, in two databases, at the same time.
///
/// # Errors
/// `not_found` if there is no such country; the errors of the domains.
pub async fn profile(cx: &Context, alpha_2: String) -> Result<Profile> {
    let of_country = CountRequest::matching([("country", alpha_2.as_str())]);
    let (country, subdivisions, notes) = tokio::join!(
        cx.run(Country::fetch(cx, FetchRequest::by_key(alpha_2))),
        cx.run(Subdivision::count(cx, of_country.clone())),
        cx.run(Note::count(cx, of_country)),
    );
    let country: Country = country?.read()?;
    let count = |outcome: Outcome| outcome.count.unwrap_or_default();
    Ok(Profile { name: country.name, subdivisions: count(subdivisions?), notes: count(notes?) })
}
