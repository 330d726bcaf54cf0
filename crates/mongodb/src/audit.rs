//! Entries of the audit: documents in the transaction of the write. Nothing here reads or changes one.

use std::sync::Arc;

use beds_core::{audit::Entry, plan::Author};
use mongodb::{
    ClientSession, Database,
    bson::{Bson, DateTime, Document, doc},
};

use crate::{
    events::millis,
    fault::Failure,
    own,
    telling::{Kind, Telling},
};

static AUDIT: Kind = Kind {
    name: "beds_audit",
    indexed: "at",
    writes: "writes that are audited",
    kept: "the audit",
    of_write: "its entry in the audit",
    section: "[audit]",
    besides: "",
    missing: "",
};

/// Stores entries.
#[derive(Debug, Clone)]
pub(crate) struct Store(Telling);

impl Store {
    pub(crate) fn new(name: &Arc<str>, database: &Database, known: &Arc<own::Known>) -> Self {
        Self(Telling::new(&AUDIT, name, database, known))
    }

    /// Stores entries, like [`Telling::insert`].
    pub(crate) async fn store(
        &self,
        entries: &[Entry],
        session: Option<&mut ClientSession>,
    ) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        self.0.insert(entries.iter().map(document).collect(), session).await
    }

    /// Whether entries can be stored. Asked before an audited write begins.
    pub(crate) async fn check(&self) -> Result<(), Failure> {
        self.0.check().await
    }
}

fn document(entry: &Entry) -> Document {
    let Entry { id, at, author, template, operation, record, version, request_id } = entry;
    let mut document = doc! {
        "_id": id.to_string(),
        "at": DateTime::from_millis(millis(*at)),
        "template": *template,
        "operation": operation,
    };
    let nobody = Author::default();
    let Author { user, amqp_user, session, message_id } = author.as_deref().unwrap_or(&nobody);
    for (name, text) in [
        ("user", user),
        ("amqp_user", amqp_user),
        ("session", session),
        ("record", record),
        ("request_id", request_id),
        ("message_id", message_id),
    ] {
        document.extend(text.as_ref().map(|text| (name.to_owned(), Bson::String(text.clone()))));
    }
    document.extend(version.map(|version| ("version".to_owned(), Bson::Int64(version))));
    document
}
