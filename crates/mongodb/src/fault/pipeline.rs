//! Why a pipeline failed with a client's values in it.

use beds_core::{
    Error, mask,
    spec::{Call, Domain},
};
use beds_protocol::ErrorCode;

use super::{Failure, Said, is_passing, leaves_effect_unknown};

/// `BadValue`, `FailedToParse`, `TypeMismatch`, `Overflow`, `InvalidOptions`, `ConversionFailure`: a stage or an
/// operator does not accept a value.
const VALUES: [i32; 6] = [2, 9, 14, 15, 72, 241];

/// From here on a code is the place in the server's source where an operator refuses its argument.
const LOCATIONS: std::ops::RangeFrom<i32> = 12_000..;

/// The codes among them for an unknown name of a stage or operator: these are mistakes of the pipeline.
const UNKNOWN_NAMES: [i32; 3] = [15_999, 31_325, 40_324];

impl Failure {
    /// The same for a pipeline: if a client's value makes a stage refuse, the mistake is the client's.
    pub(crate) fn of_arguments(self, call: &Call, domain: &Domain) -> Self {
        let (Self::Before(error) | Self::After(error)) = &self else { return self };
        let Some(said) = Said::of(error) else { return self };
        if call.args.is_empty() || is_passing(error) || leaves_effect_unknown(error) || !is_of_values(&said) {
            return self;
        }
        let refused = if mask::has_sensitive(domain) {
            format!("the database refused a value of `{}`", call.name)
        } else {
            format!("the database refused a value of `{}`: {}", call.name, said.message)
        };
        let refused = Error::new(ErrorCode::RejectedByDatabase, refused);
        Self::Refused(match self {
            Self::After(_) => refused.hint(super::MIDWAY),
            _ => refused,
        })
    }
}

fn is_of_values(said: &Said<'_>) -> bool {
    let is_known = super::Meaning::of(said.code, said.name) != super::Meaning::Strange;
    let is_refusal = LOCATIONS.contains(&said.code) && !is_known && !UNKNOWN_NAMES.contains(&said.code);
    VALUES.contains(&said.code) || is_refusal
}
