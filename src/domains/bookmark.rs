//! Bookmarks of countries: a domain written by hand.
//!
//! Its attributes say what a template would say. `create` is wrapped by a function that first asks another domain. The
//! database objects are in `schema/mariadb/70_bookmark.sql`.

use beds_runtime::{
    Context, Error, NamasteCore, Result,
    protocol::{
        CreateRequest, ErrorCode, FetchRequest, OneOrMany,
        value::DateTime,
    },
};
use uuid::Uuid;

use super::Country;

/// A country that somebody wants to find again
#[derive(Debug, Clone, PartialEq, NamasteCore)]
#[beds(service = "app_server", engine = "mariadb", database = "catalog")]
#[beds(read(view = "v_bookmark"))]
#[beds(create(procedure = "sp_bookmark_create", args = ["id", "owner", "country", "note", "created_at"]))]
#[beds(delete(procedure = "sp_bookmark_delete", args = ["id"], many = 100))]
#[beds(fetch(filter = ["owner", "country"], sort = ["created_at"]))]
#[beds(methods(create = Self::create_checked))]
pub struct Bookmark {
    /// Names the bookmark
    #[beds(key, generated = "uuid_v7")]
    pub id: Uuid,
    /// Who keeps it
    #[beds(max = 64, required)]
    pub owner: String,
    /// Two-letter code of the country
    #[beds(max = 2, required)]
    pub country: String,
    /// Why
    #[beds(max = 500)]
    pub note: Option<String>,
    /// When it was made
    #[beds(generated = "now")]
    pub created_at: DateTime,
}

impl Bookmark {
    /// Creates one bookmark, of a country that exists.
    async fn create_checked(cx: &Context, request: CreateRequest) -> Result {
        let OneOrMany::One(record) = &request.data else {
            return Err(Error::new(ErrorCode::ValidationFailed, "bookmarks are made one at a time"));
        };
        // A country that is missing or of the wrong type is refused by the template's own validation.
        if let Some(country) = record.get("country").filter(|country| country.as_str().is_some()) {
            cx.run(Country::fetch(cx, FetchRequest::by_key(country.clone()))).await.map_err(|error| match error.code {
                ErrorCode::NotFound | ErrorCode::ValidationFailed => {
                    Error::new(ErrorCode::ValidationFailed, "there is no such country")
                        .detail("country", "must be the code of a country")
                }
                _ => error,
            })?;
        }
        cx.run(Self::create_object(cx, request)).await
    }
}
