//! `#[derive(NamasteCore)]`: a hand-written struct as a data domain.
//!
//! This crate is a thin front: `beds_codegen` reads the struct's attributes like a template, and the stages of the
//! template compiler do the rest. Nothing is validated or emitted here.

use std::path::PathBuf;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a data domain, as a `_rec.toml` template would.
///
/// The keys of a template are attributes. The keys of `[template]` and, by operation, of `[objects]`, and also
/// `fetch(…)` and `calls(…)`, are in `#[beds(…)]` on the struct. The keys of a field are on the field. A field's type
/// and its doc comment replace `type` and `description` if these are not written. `name` is by default the struct's
/// name in `snake_case`.
///
/// `methods(create = Self::create_checked)` makes an associated function `async fn(&Context, CreateRequest) -> Result`
/// implement an operation. `Self::create_object` then has the behaviour of the template. The function may run it:
/// `cx.run(Self::create_object(cx, request)).await`.
///
/// ```ignore
/// #[derive(NamasteCore)]
/// #[beds(service = "app_server", engine = "mariadb", database = "catalog")]
/// #[beds(read(view = "v_bookmark"))]
/// #[beds(create(procedure = "sp_bookmark_create", args = ["id", "country"]))]
/// #[beds(methods(create = Self::create_checked))]
/// pub struct Bookmark {
///     #[beds(key, generated = "uuid_v7")]
///     pub id: Uuid,
///     /// Two-letter code of the country
///     #[beds(max = 2, required)]
///     pub country: String,
/// }
/// ```
#[proc_macro_derive(NamasteCore, attributes(beds))]
pub fn derive_namaste_core(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    beds_codegen::expand(&input, &package).into()
}
