//! The stored JSON of a job: its arguments, checkpoints and results.

use beds_core::{Error, Result};
use beds_protocol::Json;
use serde::{Serialize, de::DeserializeOwned};

/// The value of a job's JSON.
pub(crate) fn read<T: DeserializeOwned>(json: &Json) -> Result<T> {
    again(json)
        .map_err(|error| Error::internal(format!("the stored state of the job cannot be read: {error}")))
}

/// The JSON of a value.
pub(crate) fn json(value: &impl Serialize) -> Result<Json> {
    again(value).map_err(|error| Error::internal(format!("the state of the job has no JSON form: {error}")))
}

/// Whether a count need not be written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
pub(crate) const fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn again<T: DeserializeOwned>(value: &impl Serialize) -> serde_json::Result<T> {
    serde_json::to_vec(value).and_then(|text| serde_json::from_slice(&text))
}
