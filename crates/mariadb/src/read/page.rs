//! Some records in order, from a cursor on.

use beds_core::{
    Error, Outcome, cursor,
    query::{Selection, cut_note},
    spec::{Domain, mariadb::Source},
    value::Value,
};
use futures_util::TryStreamExt;
use sqlx::{MySqlConnection, mysql::MySqlRow};

use crate::{
    cell::{self, bind, write_row},
    fault::{Fault, classify},
    statement::{self, Statement},
};

/// Selects a page of records.
#[derive(Debug)]
pub(crate) struct Page {
    domain: &'static Domain,
    pub(super) source: &'static Source,
    selection: Selection,
    statement: Statement,
    /// The field of each column that the statement selects.
    columns: Vec<usize>,
    /// How many of the columns a record shows; the others are there for the cursor.
    shown: usize,
    /// The columns that make up the cursor.
    cursor: Vec<usize>,
    /// How long the JSON may get.
    bytes_max: usize,
}

impl Page {
    pub(crate) fn new(
        domain: &'static Domain,
        source: &'static Source,
        selection: Selection,
        bytes_max: usize,
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
        let statement = statement::page(domain, source, &selection, &columns);
        Self { domain, source, selection, statement, columns, shown, cursor, bytes_max }
    }

    pub(crate) async fn run(&self, connection: &mut MySqlConnection) -> Result<Outcome, Fault> {
        let fault = |error| classify(&error, self.domain);
        let limit = self.selection.limit as usize;
        let query = sqlx::query_with(&self.statement.text, bind(&self.statement.values).map_err(fault)?);
        let mut rows = query.fetch(connection);
        let mut json = Vec::with_capacity(1024);
        json.push(b'[');
        let (mut count, mut last, mut has_more) = (0, None, false);
        while let Some(row) = rows.try_next().await.map_err(fault)? {
            if count == limit {
                has_more = true;
                continue;
            }
            if count > 0 {
                json.push(b',');
            }
            write_row(&row, self.domain, self.columns[..self.shown].iter().copied(), &mut json)
                .map_err(fault)?;
            count += 1;
            if json.len() > self.bytes_max {
                return Err(Fault::Abandoned(Error::reply_too_large(self.bytes_max)));
            }
            if count == limit {
                last = Some(self.cursor_values(&row).map_err(fault)?);
            }
        }
        json.push(b']');
        let next = last
            .filter(|_| has_more)
            .and_then(|last| cursor::encode(self.domain, &self.selection.sort, last));
        let note = cut_note(has_more, next.as_ref());
        Ok(Outcome { next, note, ..Outcome::data(json) })
    }

    fn cursor_values(&self, row: &MySqlRow) -> Result<Vec<Value>, sqlx::Error> {
        let value = |&column: &usize| {
            cell::read_for_cursor(row, column, &self.domain.fields[self.columns[column]].ty)
        };
        self.cursor.iter().map(value).collect()
    }
}
