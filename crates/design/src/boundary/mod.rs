//! Between a proposal and a database stands a DBA: a signature over the proposal's hash, by a key that the configuration
//! knows. What comes out of [`verify_signature`] is all that may ever be run, and there is no other way to get it.

mod approval;
mod keys;

pub use self::{
    approval::{Approval, Approved, Approvers, approve, may_be_signed, verify_signature},
    keys::{PublicKey, SecretKey, keygen},
};
