//! A DBA stands between a proposal and a database. The DBA signs the proposal's hash with a key that the configuration
//! knows. Only the result of [`verify_signature`] may ever be run, and there is no other way to get it.

mod approval;
mod keys;

pub use self::{
    approval::{Approval, Approved, Approvers, approve, may_be_signed, verify_signature},
    keys::{PublicKey, SecretKey, keygen},
};
