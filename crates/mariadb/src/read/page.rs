//! Some records in order, from a cursor on.

use std::sync::Arc;

use beds_core::{
    Error, Outcome, cursor,
    query::{Selection, cut_note},
    spec::{Domain, mariadb::Source},
    stages::statement_span,
    unnamed::Unnamed,
    value::Value,
};
use futures_util::TryStreamExt;
use sqlx::{MySqlConnection, mysql::MySqlRow};

use crate::{
    cell::{self, Reply, bind},
    columns::Columns,
    fault::{Fault, classify},
    statement,
};

/// Selects a page of records.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(super) domain: &'static Domain,
    pub(super) source: &'static Source,
    selection: Selection,
    /// The field of each column that the statement selects.
    columns: Vec<usize>,
    /// How many of the columns a record shows; the others are there for the cursor.
    shown: usize,
    /// The columns that make up the cursor.
    cursor: Vec<usize>,
    /// Whether the read reports the members that the template does not name.
    carried: bool,
    /// How long the JSON may get.
    bytes_max: usize,
    known: Arc<Columns>,
}

impl Page {
    pub(crate) fn new(
        domain: &'static Domain,
        source: &'static Source,
        (selection, carried): (Selection, bool),
        bytes_max: usize,
        known: Arc<Columns>,
    ) -> Self {
        let mut columns = selection.fields.indices(domain);
        let shown = columns.len();
        let mut cursor = Vec::with_capacity(selection.sort.len());
        for order in &selection.sort {
            let position = columns.iter().position(|&column| column == order.field).unwrap_or_else(|| {
                columns.push(order.field);
                columns.len() - 1
            });
            cursor.push(position);
        }
        Self { domain, source, selection, columns, shown, cursor, carried, bytes_max, known }
    }

    pub(crate) async fn run(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let fault = |error| classify(&error, self.domain);
        let limit = self.selection.limit as usize;
        let kept = self.known.of(connection, self.domain, self.source).await?;
        let sql = statement::page(self.domain, self.source, &kept, &self.selection, &self.columns);
        let query = sqlx::query_with(&sql.text, bind(&sql.values).map_err(fault)?);
        let _traced = statement_span(&sql.text);
        let mut rows = query.fetch(connection);
        let mut reply = Reply::sized(1024);
        reply.json.push(b'[');
        let (mut count, mut last, mut has_more) = (0, None, false);
        let mut unnamed = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(fault)? {
            if count == limit {
                has_more = true;
                continue;
            }
            if count > 0 {
                reply.json.push(b',');
            }
            let fields = self.columns[..self.shown].iter().map(|&field| &self.domain.fields[field]);
            let start = reply.json.len();
            reply.record(&row, fields, &format_args!("data[{count}]")).map_err(fault)?;
            if self.carried {
                let members = reply.unshown.take_unnamed();
                unnamed.extend(Unnamed::of(self.domain, &reply.json[start..], members));
            }
            count += 1;
            if reply.json.len() > self.bytes_max {
                return Err(Fault::Abandoned(Error::reply_too_large(self.bytes_max)));
            }
            if count == limit {
                last = Some(self.cursor_values(&row).map_err(fault)?);
            }
        }
        reply.json.push(b']');
        let next = last
            .filter(|_| has_more)
            .and_then(|last| cursor::encode(self.domain, &self.selection.sort, last));
        let note = cut_note(has_more, next.as_ref()).map(Into::into);
        let unshown = reply.unshown.into_note();
        Ok(Outcome { next, note, unshown, unnamed: unnamed.into(), ..Outcome::data(reply.json) })
    }

    fn cursor_values(&self, row: &MySqlRow) -> Result<Vec<Value>, sqlx::Error> {
        self.cursor.iter().map(|&column| cell::read_stored(row, column)).collect()
    }
}
