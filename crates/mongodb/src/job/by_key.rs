//! One record by key. Look-ups by a key of one field that wait together are one statement.

use beds_core::{
    Error, Outcome, Result,
    lookup::{KEYS_MAX, Lookup, is_exact},
    query::{Condition, Fields},
    spec::{Domain, Type, mongodb::Source},
    stages::statement_span,
    validate::Errors,
    value::Value,
};
use beds_lane::{Fault, Gate};
use mongodb::bson::{Bson, Document, doc, raw::RawDocument};

use crate::{
    convert,
    fault::Failure,
    filter,
    reply::bounded,
    server::{Connection, budget},
    shown::{Place, Shower},
    unnamed::Finder,
};

#[derive(Debug)]
pub(super) struct ByKey {
    domain: &'static Domain,
    source: Source,
    key: Vec<Value>,
    filter: Document,
    /// Whether the read is for the whole record and nothing else, for any caller.
    is_whole: bool,
    fields: Vec<usize>,
    /// Finds the members that the template does not name, if the outcome reports them.
    finder: Option<Finder>,
    bytes_max: usize,
}

impl ByKey {
    pub(super) fn new(
        domain: &'static Domain,
        source: Source,
        key: Vec<Value>,
        (fields, rows, finder): (&Fields, &[Condition], Option<Finder>),
        bytes_max: usize,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let filter = filter::key_within(domain, source.is_view, &key, rows, &mut errors);
        let is_whole = matches!(fields, Fields::All) && rows.is_empty() && finder.is_none();
        let fields = fields.indices(domain);
        errors.or(Self { domain, source, key, filter, is_whole, fields, finder, bytes_max })
    }

    /// Whether it can share a statement with others.
    pub(super) fn is_shared(&self) -> bool {
        self.is_whole && self.key.len() == 1
    }

    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        let _traced = statement_span(format_args!("find {}", self.source.name));
        let mut finder = self.finder.clone();
        let projection = match &finder {
            Some(_) => Document::new(),
            None => filter::projection(self.domain, &self.fields),
        };
        let found = connection
            .raw(self.source.name)
            .find_one(self.filter.clone())
            .projection(projection)
            .max_time(budget(gate))
            .await?;
        let document = found.ok_or_else(|| Error::not_found(self.domain))?;
        let outcome = self.outcome(&document)?;
        if let Some(finder) = &mut finder {
            finder.add(&document);
        }
        let unnamed = Finder::finish(finder, connection, budget(gate)).await?;
        Ok(Outcome { unnamed, ..outcome })
    }

    fn outcome(&self, document: &RawDocument) -> Result<Outcome> {
        let mut json = Vec::with_capacity(256);
        let mut shower = Shower::new(self.domain);
        let fields = self.fields.iter().map(|&field| &self.domain.fields[field]);
        shower.write_record(document, fields, Place::DATA, &mut json);
        bounded(Outcome { unshown: shower.into_note(), ..Outcome::data(json) }, self.bytes_max)
    }
}

/// Asks for several records of one source by one statement; each request succeeds or fails by itself.
pub(super) async fn together(
    requests: &[(&ByKey, &Gate)],
    connection: &Connection,
) -> std::result::Result<Vec<Result<Outcome>>, Fault> {
    let [(first, _), ..] = requests else { return Ok(Vec::new()) };
    let keys: Vec<&Value> = requests.iter().filter_map(|(request, _)| request.key.first()).collect();
    let mut lookup = Lookup::new(&keys);
    first
        .look_up(requests, &mut lookup, connection)
        .await
        .map_err(|failure| failure.into_fault(first.domain, &connection.name))?;
    let found = |answer: Option<_>| answer.unwrap_or_else(|| Err(Error::not_found(first.domain)));
    Ok(lookup.finish().into_iter().map(found).collect())
}

/// The same for several requests with one gate, some of which have already been refused.
pub(super) async fn each(
    requests: &[Result<ByKey>],
    gate: &Gate,
    connection: &Connection,
) -> std::result::Result<Vec<Result<Outcome>>, Fault> {
    let asked: Vec<_> = requests.iter().flatten().map(|request| (request, gate)).collect();
    let mut found = together(&asked, connection).await?.into_iter();
    let answers = requests.iter().map(|request| match request {
        Ok(request) => found.next().unwrap_or_else(|| Err(Error::not_found(request.domain))),
        Err(error) => Err(error.clone()),
    });
    Ok(answers.collect())
}

impl ByKey {
    /// Answers the requests whose records exist.
    async fn look_up(
        &self,
        requests: &[(&Self, &Gate)],
        lookup: &mut Lookup<'_, Result<Outcome>>,
        connection: &Connection,
    ) -> std::result::Result<(), Failure> {
        let Some(&key) = self.domain.key.first() else { return Ok(()) };
        let field = &self.domain.fields[key];
        // Each value has been converted before, when its job was made.
        let wanted: Vec<Bson> = lookup.keys().iter().filter_map(|key| convert::to_bson(key).ok()).collect();
        // The first answer has all records, and ends the cursor; the server's default is 101 records.
        let batch = u32::from(KEYS_MAX) + 1;
        let _traced = statement_span(format_args!("find {}", self.source.name));
        let mut cursor = connection
            .raw(self.source.name)
            .find(filter::one_value(field, self.source.is_view, doc! { field.column: { "$in": wanted } }))
            .projection(filter::projection(self.domain, &self.fields))
            .max_time(requests.iter().map(|(_, gate)| budget(gate)).max().unwrap_or_default())
            .batch_size(batch)
            .await?;
        // A day has two forms in MongoDB. The list asks for one of them.
        let mut is_complete = is_exact(&field.ty) && !matches!(field.ty, Type::Date);
        while cursor.advance().await? {
            let document = cursor.current();
            match Shower::new(self.domain).field(document, field, Place::DATA) {
                // It was found, but cannot be shown: the database treats more values as equal.
                Value::Null => is_complete = false,
                key => lookup.answer(&key, &self.outcome(document)),
            }
        }
        if is_complete {
            return Ok(());
        }
        // The database may treat more values as equal than the wire does, so each unanswered key is asked for by
        // itself.
        for key in lookup.unanswered() {
            let is_own = |(request, _): &&(&Self, &Gate)| {
                request.key.first().is_some_and(|own| std::ptr::eq(own, key))
            };
            if let Some((request, gate)) = requests.iter().find(is_own) {
                lookup.answer(key, &Self::own(request.run(connection, gate).await)?);
            }
        }
        Ok(())
    }

    /// A failure that concerns only one request is its answer.
    fn own(outcome: std::result::Result<Outcome, Failure>) -> std::result::Result<Result<Outcome>, Failure> {
        match outcome {
            Ok(outcome) => Ok(Ok(outcome)),
            Err(Failure::Refused(error)) => Ok(Err(error)),
            Err(failure) => Err(failure),
        }
    }
}
