//! The same change, or the end, of every record that a filter matches: all, or none.
//!
//! The filter finds and locks the records; the procedure of the single record changes each, so that nothing else ever
//! does. Where a view cannot be locked, its records may change in between: a procedure that compares the version then
//! leaves them, and the reply says how many.

use beds_core::{
    Error, Outcome,
    plan::Matching,
    spec::{
        Domain,
        mariadb::{Procedure, Source},
    },
    stages::statement_span,
    value::{Value, write_record},
};
use beds_protocol::ErrorCode;
use futures_util::TryStreamExt as _;
use sqlx::MySqlConnection;

use super::{
    kept,
    procedure::{Failed, call_each},
};
use crate::{
    cell::{self, bind},
    columns::{Columns, Kept},
    fault::{Fault, classify},
    read::{Place, count},
    routine::approximate_size,
    statement,
};

/// What is held of the records between finding and changing them, in bytes.
const HELD_BYTES_MAX: usize = 64 << 20;

/// Which records are written, and by what.
pub(super) struct Many<'a> {
    pub(super) domain: &'static Domain,
    pub(super) source: &'static Source,
    pub(super) procedure: &'static Procedure,
    pub(super) matching: &'a Matching,
    pub(super) known: &'a Columns,
}

impl Many<'_> {
    /// Calls the procedure for each record, with these values in place of its own. The keys of what was written are added
    /// as JSON where they are wanted.
    pub(super) async fn run(
        &self,
        connection: &mut MySqlConnection,
        changes: &[(usize, Value)],
        keys: &mut Option<Vec<u8>>,
    ) -> Result<Outcome, Fault> {
        let Self { domain, procedure, .. } = *self;
        let columns = kept::columns(connection, domain, Some(self.source), self.known).await?;
        let given = changes.iter().map(|(field, value)| (String::new(), *field, value));
        kept::refuse_others(domain, &columns, given)?;
        let change = |field: usize| changes.iter().find(|(changed, _)| *changed == field);
        let read: Vec<usize> =
            procedure.args.iter().copied().filter(|field| change(*field).is_none()).collect();
        let records = self.lock(connection, &columns, &read).await?;
        let args = |record: Vec<Value>| {
            let mut own = record.into_iter();
            let argument = |&field: &usize| match change(field) {
                Some((_, value)) => value.clone(),
                None => own.next().unwrap_or(Value::Null),
            };
            procedure.args.iter().map(argument).collect()
        };
        let calls: Vec<Vec<Value>> = records.into_iter().map(args).collect();
        let returned = call_each(connection, domain, procedure, &calls).await;
        let returned = returned.map_err(|Failed { fault, .. }| {
            kept::explained(domain, fault, "", changes.iter().map(|(field, value)| (*field, value)))
        })?;
        let mut written = 0;
        for (args, returned) in calls.iter().zip(&returned) {
            if returned.affected == 0 && returned.fields.is_empty() {
                continue;
            }
            written += 1;
            if let Some(keys) = keys {
                self.add_key(args, keys);
            }
        }
        Ok(Outcome::written(written, calls.len() as u64))
    }

    fn add_key(&self, args: &[Value], keys: &mut Vec<u8>) {
        let part = |field: &usize| {
            let place = self.procedure.args.iter().position(|arg| arg == field)?;
            Some((self.domain.fields[*field].name, args.get(place)?))
        };
        if !keys.is_empty() {
            keys.push(b',');
        }
        write_record(keys, self.domain.key.iter().filter_map(part));
    }

    /// Reads these fields of the records that match, in order of their keys, and locks the records.
    async fn lock(
        &self,
        connection: &mut MySqlConnection,
        kept: &[Kept],
        fields: &[usize],
    ) -> Result<Vec<Vec<Value>>, Fault> {
        let Self { domain, source, matching, .. } = *self;
        let fault = |error| classify(&error, domain);
        let (mut records, mut bytes) = (Vec::new(), 0);
        {
            let sql = statement::matching(domain, source, kept, matching, fields);
            let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
            let _traced = statement_span(&sql.text);
            let mut rows = query.fetch(&mut *connection);
            while let Some(row) = rows.try_next().await.map_err(fault)? {
                bytes += approximate_size(&row);
                if bytes > HELD_BYTES_MAX {
                    return Err(Fault::Abandoned(too_long()));
                }
                let own = fields.iter().enumerate();
                let own =
                    own.map(|(column, &field)| cell::read_to_keep(&row, column, &domain.fields[field].ty));
                records.push(own.collect::<Result<Vec<Value>, _>>().map_err(fault)?);
            }
        }
        if records.len() as u64 <= matching.most.into() {
            return Ok(records);
        }
        let count = count(connection, Place { domain, source, kept }, &matching.filter).await?;
        // The lock sees what other transactions have committed since.
        let count = count.max(records.len() as u64);
        Err(Fault::Refused(Error::too_many(domain, count, matching.most)))
    }
}

fn too_long() -> Error {
    let message = "the records that match are too long to be changed in one request";
    Error::new(ErrorCode::TooLarge, message).hint("narrow `where`, and send several requests")
}
