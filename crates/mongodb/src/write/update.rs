//! A change of one record.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use beds_core::{
    Outcome, Result,
    spec::Domain,
    validate::Errors,
    value::{Value, write_record},
};
use mongodb::{
    ClientSession,
    bson::{Bson, Document, RawDocumentBuf, doc, raw::RawDocument},
    error::{ErrorKind, WriteFailure},
    options::ReturnDocument,
};

use super::{Applied, target::Target};
use crate::{
    convert::to_bson,
    fault::Failure,
    reply::fits,
    server::Connection,
    shown::{Place, Shower},
};

/// The longest version: versions count up from 1.
const VERSION_MAX: i64 = i64::MAX;

#[derive(Debug)]
pub(crate) struct Update {
    target: Target,
    change: Document,
    /// Whether the record was found to have a null version.
    is_null: AtomicBool,
    bytes_max: usize,
    /// The fields that its event reports.
    read_after: &'static [usize],
}

impl Update {
    pub(crate) fn new(
        target: Target,
        changes: &[(usize, Value)],
        read_after: &'static [usize],
        bytes_max: usize,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let change =
            change(target.domain, changes.iter().map(|(field, value)| (*field, value)), "", &mut errors);
        errors.or(())?;
        Ok(Self { target, change, is_null: AtomicBool::new(false), bytes_max, read_after })
    }

    /// The longest possible reply. It is known before anything is done.
    fn longest(&self) -> usize {
        let version = self.target.if_version.map_or(VERSION_MAX, |version| version.saturating_add(1));
        self.outcome(self.target.key(), &Value::Int(version)).size()
    }

    /// The reply: the key, and the record's new version.
    fn outcome(&self, key: &[Value], version: &Value) -> Outcome {
        let domain = self.target.domain;
        let version = domain.version.map(|field| (field, version));
        let members = domain.key.iter().copied().zip(key).chain(version);
        let mut json = Vec::with_capacity(64);
        write_record(&mut json, members.map(|(field, value)| (domain.fields[field].name, value)));
        Outcome::data(json)
    }

    pub(super) async fn apply(
        &self,
        connection: &Connection,
        mut session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<Applied, Failure> {
        fits(self.longest(), self.bytes_max)?;
        let domain = self.target.domain;
        let version = domain.version.map(|version| &domain.fields[version]);
        let is_free = version.is_some() && self.target.if_version.is_none();
        let filter = self.target.sole(connection, session.as_deref_mut(), limit).await?;
        let mut changed = None;
        if self.is_null.load(Ordering::Relaxed) {
            changed = self.change_first(connection, session.as_deref_mut(), limit, &filter).await?;
        }
        if changed.is_none() {
            let plain = (filter.clone(), self.change.clone());
            changed = match self.change(connection, session.as_deref_mut(), limit, plain).await {
                // MongoDB cannot increment a null, or a value that is not a number. This ends a transaction.
                Err(error)
                    if is_free && is_mismatch(&error) && !self.is_null.swap(true, Ordering::Relaxed) =>
                {
                    if session.is_some() {
                        return Err(Failure::Held);
                    }
                    let changed = self.change_first(connection, None, limit, &filter).await?;
                    Some(changed.ok_or(error)?)
                }
                changed => changed?,
            };
        }
        let Some(document) = changed else { return Err(self.target.missing(connection, session).await) };
        let mut shower = Shower::new(domain);
        let key = domain.key.iter().map(|&field| shower.field(&document, &domain.fields[field], Place::DATA));
        let key: Vec<Value> = key.collect();
        let shown = version.map(|field| shower.field(&document, field, Place::DATA));
        let mut outcome = self.outcome(&key, &shown.unwrap_or(Value::Null));
        outcome.unshown = shower.into_note();
        // The change is done: a note must not turn it into an error.
        if outcome.size() > self.bytes_max {
            outcome.unshown = None;
        }
        Ok(Applied { after: self.after(&document), ..Applied::from(outcome) })
    }

    /// The fields that its event reports, as a fetch shows them.
    fn after(&self, document: &RawDocument) -> Option<Vec<u8>> {
        if self.read_after.is_empty() {
            return None;
        }
        let domain = self.target.domain;
        let (mut shower, mut json) = (Shower::new(domain), Vec::with_capacity(64));
        let fields = self.read_after.iter().map(|&field| &domain.fields[field]);
        shower.write_record(document, fields, Place::DATA, &mut json);
        Some(json)
    }

    /// Changes the record that a filter finds, and gives its key and version, and the fields that its event reports.
    async fn change(
        &self,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
        (filter, change): (Document, Document),
    ) -> mongodb::error::Result<Option<RawDocumentBuf>> {
        let domain = self.target.domain;
        let fields = domain.key.iter().chain(&domain.version).chain(self.read_after);
        let projection = fields.map(|&field| (domain.fields[field].column.to_owned(), Bson::Int32(1)));
        let collection = connection.raw(self.target.collection);
        let change = collection
            .find_one_and_update(filter, change)
            .return_document(ReturnDocument::After)
            .projection(projection.collect::<Document>())
            .max_time(limit);
        match session {
            Some(session) => change.session(session).await,
            None => change.await,
        }
    }

    /// The same for a record without a valid version.
    async fn change_first(
        &self,
        connection: &Connection,
        session: Option<&mut ClientSession>,
        limit: Duration,
        filter: &Document,
    ) -> mongodb::error::Result<Option<RawDocumentBuf>> {
        match first(self.target.domain, filter, &self.change) {
            Some(first) => self.change(connection, session, limit, first).await,
            None => Ok(None),
        }
    }
}

/// The filter of a record without a valid version, and the same change of it: its version becomes 1, as it does if it
/// is absent. `None` in a domain without versions.
pub(super) fn first(
    domain: &'static Domain,
    filter: &Document,
    change: &Document,
) -> Option<(Document, Document)> {
    let column = domain.fields[domain.version?].column;
    let mut change = change.clone();
    change.remove("$inc");
    if let Ok(set) = change.get_document_mut("$set") {
        set.insert(column, 1_i64);
    } else {
        change.insert("$set", doc! { column: 1_i64 });
    }
    Some((doc! { "$and": [filter.clone(), not_a_version(column)] }, change))
}

/// The filter of a member that cannot be incremented: it is null, or of another type, which clients see as null.
pub(super) fn not_a_version(column: &str) -> Document {
    // An array that holds a number also has the type of its elements.
    let others = doc! { "$nor": [{ column: { "$type": "number" } }] };
    doc! { "$or": [others, { column: { "$type": "array" } }] }
}

/// Whether MongoDB says that a change does not fit what a document holds (`TypeMismatch`).
pub(super) fn is_mismatch(error: &mongodb::error::Error) -> bool {
    const TYPE_MISMATCH: i32 = 14;
    match &*error.kind {
        ErrorKind::Command(error) => error.code == TYPE_MISMATCH,
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == TYPE_MISMATCH,
        _ => false,
    }
}

/// The update that sets these fields to these values, and increments the version. Errors name fields behind the path.
pub(super) fn change<'v>(
    domain: &'static Domain,
    changes: impl Iterator<Item = (usize, &'v Value)>,
    path: &str,
    errors: &mut Errors,
) -> Document {
    let (mut set, mut unset) = (Document::new(), Document::new());
    for (field, value) in changes {
        let field = &domain.fields[field];
        match to_bson(value) {
            // Null and absent are one.
            Ok(Bson::Null) => {
                unset.insert(field.column, "");
            }
            Ok(bson) => {
                set.insert(field.column, bson);
            }
            Err(unkept) => unkept.tell(&format!("{path}{}", field.name), errors),
        }
    }
    let mut change = Document::new();
    if !set.is_empty() {
        change.insert("$set", set);
    }
    if !unset.is_empty() {
        change.insert("$unset", unset);
    }
    if let Some(version) = domain.version {
        change.insert("$inc", doc! { domain.fields[version].column: 1_i64 });
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{THING, check};

    #[test]
    fn changes() {
        let target = || Target::new(&THING, "thing", (vec![Value::ObjectId([1; 12])], &[]), Some(7)).unwrap();
        let place = |name| THING.field(name).unwrap().0;
        let moment = Value::DateTime("1969-12-31T23:59:59.9995Z".parse().unwrap());
        let cases = [
            vec![(place("name"), Value::Text("x".to_owned())), (place("at"), moment)],
            vec![(place("flag"), Value::Null)],
            vec![(place("flag"), Value::Null), (place("natural"), Value::UInt(7))],
        ];
        let texts = cases.map(|changes| {
            let update = Update::new(target(), &changes, &[], 10_000).unwrap();
            format!("{:?}\n    {:?}\n", update.target.filter(), update.change)
        });
        check("changes.txt", &texts.concat());
    }
}
