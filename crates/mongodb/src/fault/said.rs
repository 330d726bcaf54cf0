//! [`Said`]: a server's answer about a failure, wherever the driver keeps it.

use beds_core::{mask, spec::Domain};
use mongodb::{
    bson::{Bson, Document, RawDocumentBuf},
    error::{Error as DriverError, ErrorKind, WriteFailure},
};

/// A server's answer.
#[derive(Debug)]
pub(super) struct Said<'e> {
    pub(super) code: i32,
    pub(super) name: &'e str,
    pub(super) message: &'e str,
    /// The unsatisfied rules of a validator.
    pub(super) info: Option<Document>,
    /// The columns of the violated unique index.
    pub(super) violated: Option<Vec<String>>,
    /// The index of the document that it is about, among several.
    pub(super) record: Option<usize>,
}

impl<'e> Said<'e> {
    /// `None` if no server said anything about the request itself.
    pub(super) fn of(error: &'e DriverError) -> Option<Self> {
        match error.kind.as_ref() {
            ErrorKind::Write(WriteFailure::WriteError(write)) => Some(Self {
                code: write.code,
                name: write.code_name.as_deref().unwrap_or_default(),
                message: &write.message,
                info: write.details.clone(),
                violated: None,
                record: None,
            }),
            ErrorKind::InsertMany(many) => many.write_errors.as_ref()?.first().map(|write| Self {
                code: write.code,
                name: write.code_name.as_deref().unwrap_or_default(),
                message: &write.message,
                info: write.details.clone(),
                violated: None,
                record: Some(write.index),
            }),
            ErrorKind::Command(command) => Some(Self {
                code: command.code,
                name: &command.code_name,
                message: &command.message,
                info: member(error.server_response(), "errInfo"),
                violated: member(error.server_response(), "keyPattern")
                    .map(|pattern| pattern.keys().cloned().collect()),
                record: None,
            }),
            _ => None,
        }
    }
}

fn member(response: Option<&RawDocumentBuf>, name: &str) -> Option<Document> {
    match Bson::try_from(response?.get(name).ok()??) {
        Ok(Bson::Document(document)) => Some(document),
        _ => None,
    }
}

/// An error for the log. A server repeats values, and whole documents where it refuses a command. So for a domain with
/// sensitive fields the log has only the code.
pub(super) fn for_log(error: &DriverError, domain: &Domain) -> String {
    match Said::of(error) {
        Some(Said { code, name, .. }) if mask::has_sensitive(domain) => format!("error {code} {name}"),
        Some(Said { code, name, message, .. }) => format!("error {code} {name}: {message}"),
        None if mask::has_sensitive(domain)
            && matches!(*error.kind, ErrorKind::Write(_) | ErrorKind::InsertMany(_)) =>
        {
            "the write was not confirmed".to_owned()
        }
        None => error.kind.to_string(),
    }
}
