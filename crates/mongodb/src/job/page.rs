//! Some records by filter, in order.

use beds_core::{
    Error, Outcome, Result, cursor,
    query::{self, Order, Selection},
    spec::{Domain, mongodb::Source},
    stages::statement_span,
    validate::Errors,
    value::Value,
};
use beds_lane::Gate;
use mongodb::bson::{Document, raw::RawDocument};

use crate::{
    fault::Failure,
    filter, order,
    reply::bounded,
    server::{Connection, budget},
    shown::{Place, Shower},
    unnamed::Finder,
};

#[derive(Debug)]
pub(super) struct Page {
    domain: &'static Domain,
    source: Source,
    limit: u32,
    order: Vec<Order>,
    fields: Vec<usize>,
    /// The filter of all matching records, if they are to be counted.
    all: Option<Document>,
    /// The filter of the matching records after the cursor.
    filter: Document,
    sort: Document,
    projection: Document,
    /// Finds the members that the template does not name, if the outcome reports them.
    finder: Option<Finder>,
    bytes_max: usize,
}

/// The part of a page that has been read.
struct Read {
    json: Vec<u8>,
    count: u32,
    shower: Shower,
    finder: Option<Finder>,
    /// The sort values of the last record that the page has room for.
    last: Option<Vec<Value>>,
    has_more: bool,
}

impl Page {
    pub(super) fn new(
        domain: &'static Domain,
        source: Source,
        (selection, finder): (Selection, Option<Finder>),
        bytes_max: usize,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let fields = selection.fields.indices(domain);
        let mut shown = fields.clone();
        shown.extend(selection.sort.iter().map(|order| order.field));
        let all =
            selection.count.then(|| filter::filter(domain, source.is_view, &selection.filter, &mut errors));
        let page = Self {
            domain,
            source,
            limit: selection.limit,
            all,
            filter: filter::page(domain, source.is_view, &selection, &mut errors),
            sort: filter::sort(domain, &selection.sort),
            projection: if finder.is_some() { Document::new() } else { filter::projection(domain, &shown) },
            finder,
            order: selection.sort,
            fields,
            bytes_max,
        };
        errors.or(page)
    }

    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        let collection = connection.raw(self.source.name);
        let _traced = statement_span(format_args!("find {}", self.source.name));
        let mut cursor = collection
            .find(self.filter.clone())
            .sort(self.sort.clone())
            .limit(i64::from(self.limit) + 1)
            .projection(self.projection.clone())
            .max_time(budget(gate))
            .await?;
        let shower = Shower::new(self.domain);
        let finder = self.finder.clone();
        let mut read = Read { json: vec![b'['], count: 0, shower, finder, last: None, has_more: false };
        while !read.has_more && cursor.advance().await? {
            self.add(cursor.current(), &mut read)?;
        }
        read.json.push(b']');
        let count = match &self.all {
            Some(all) => Some(collection.count_documents(all.clone()).max_time(budget(gate)).await?),
            None => None,
        };
        let last = read.last.filter(|_| read.has_more);
        let next = last.and_then(|last| cursor::encode(self.domain, &self.order, last));
        let note = query::cut_note(read.has_more, next.as_ref()).map(Into::into);
        let unshown = read.shower.into_note();
        let unnamed = Finder::finish(read.finder, connection, budget(gate)).await?;
        Ok(bounded(
            Outcome { next, count, note, unshown, unnamed, ..Outcome::data(read.json) },
            self.bytes_max,
        )?)
    }

    /// Adds a record, or notes that there are more.
    fn add(&self, document: &RawDocument, read: &mut Read) -> std::result::Result<(), Failure> {
        if read.count == self.limit {
            read.has_more = true;
            return Ok(());
        }
        if read.count > 0 {
            read.json.push(b',');
        }
        let place = Place::Element(&Place::DATA, read.count as usize);
        let fields = self.fields.iter().map(|&field| &self.domain.fields[field]);
        read.shower.write_record(document, fields, place, &mut read.json);
        if let Some(finder) = &mut read.finder {
            finder.add(document);
        }
        read.count += 1;
        if read.json.len() > self.bytes_max {
            return Err(Error::reply_too_large(self.bytes_max).into());
        }
        if read.count == self.limit {
            let stored = |order: &Order| {
                order::stored(document, self.domain.fields[order.field].column, order.descending)
            };
            read.last = Some(self.order.iter().map(stored).collect());
        }
        Ok(())
    }
}
