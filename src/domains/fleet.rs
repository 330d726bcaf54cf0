//! The Rust function behind the call `health` of the template `fleet`, which names this file as its `module`: the node's own,
//! on this project's objects.

use beds_runtime::{
    Context, Result,
    services::health::{self, Health},
};

use super::Fleet;

/// `fleet.call.health`
///
/// # Errors
/// What the fleet's objects say.
pub async fn health(cx: &Context) -> Result<Health> {
    health::health::<Fleet>(cx).await
}
