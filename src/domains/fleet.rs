//! The Rust function behind the call `health` of the template `fleet`, which names this file as its `module`. The
//! function is that of the node, and the objects are those of this project.

use beds_runtime::{
    Context, Result,
    services::health::{self, Health},
};

use super::Fleet;

/// `fleet.call.health`
///
/// # Errors
/// The errors of the fleet's objects.
pub async fn health(cx: &Context) -> Result<Health> {
    health::health::<Fleet>(cx).await
}
