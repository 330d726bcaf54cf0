//! One record by key; those by a key of one field that wait together are asked for together.

use beds_core::{
    Error, Outcome, Result,
    lookup::{KEYS_MAX, Lookup, is_exact},
    query::Fields,
    spec::{Domain, mongodb::Source},
    validate::Errors,
    value::Value,
};
use beds_lane::{Fate, Fault, Gate};
use mongodb::bson::{Bson, Document, doc, raw::RawDocument};

use super::bounded;
use crate::{
    convert,
    fault::Failure,
    filter,
    server::{Connection, budget},
};

#[derive(Debug)]
pub(super) struct ByKey {
    domain: &'static Domain,
    source: Source,
    key: Vec<Value>,
    filter: Document,
    /// Whether it asks for the whole record.
    is_whole: bool,
    fields: Vec<usize>,
    bytes_max: usize,
}

impl ByKey {
    pub(super) fn new(
        domain: &'static Domain,
        source: Source,
        key: Vec<Value>,
        fields: &Fields,
        bytes_max: usize,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let filter = filter::key(domain, &key, &mut errors);
        let (is_whole, fields) = (matches!(fields, Fields::All), fields.indices(domain));
        errors.or(domain, Self { domain, source, key, filter, is_whole, fields, bytes_max })
    }

    /// Whether it can be asked for together with others.
    pub(super) fn is_shared(&self) -> bool {
        self.is_whole && self.key.len() == 1
    }

    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        let found = connection
            .raw(self.source.name)
            .find_one(self.filter.clone())
            .projection(filter::projection(self.domain, &self.fields))
            .max_time(budget(gate))
            .await?;
        let document = found.ok_or_else(|| Error::not_found(self.domain))?;
        Ok(bounded(Outcome::data(self.record(&document)?), self.bytes_max)?)
    }

    fn record(&self, document: &RawDocument) -> std::result::Result<Vec<u8>, Failure> {
        let mut json = Vec::with_capacity(256);
        convert::write_document(document, self.domain, self.fields.iter().copied(), &mut json)
            .map_err(Failure::Disagrees)?;
        Ok(json)
    }
}

/// Asks for several records of one source by one statement; each request succeeds or fails by itself.
pub(super) async fn together(
    requests: &[(&ByKey, &Gate)],
    connection: &Connection,
) -> std::result::Result<Vec<Fate<Outcome>>, Fault> {
    let [(first, _), ..] = requests else { return Ok(Vec::new()) };
    let keys: Vec<&Value> = requests.iter().filter_map(|(request, _)| request.key.first()).collect();
    let mut lookup = Lookup::new(&keys);
    let budget = requests.iter().map(|(_, gate)| budget(gate)).max().unwrap_or_default();
    let is_complete = match first.find(&mut lookup, connection, budget).await {
        Ok(is_complete) => is_complete,
        Err(failure) => return Err(failure.into_fault(first.domain, &connection.name)),
    };
    let fates = requests.iter().zip(lookup.finish()).map(|((request, _), answer)| match answer {
        Some(Ok(json)) => match bounded(Outcome::data(json), request.bytes_max) {
            Ok(outcome) => Fate::Done(outcome),
            Err(error) => Fate::Refused(error),
        },
        Some(Err(error)) => Fate::Refused(error),
        None if is_complete => Fate::Refused(Error::not_found(request.domain)),
        // The database may take more for equal than the wire does.
        None => Fate::Alone,
    });
    Ok(fates.collect())
}

impl ByKey {
    /// Answers what is found; whether what is not found is not there.
    async fn find(
        &self,
        lookup: &mut Lookup<'_, Result<Vec<u8>>>,
        connection: &Connection,
        budget: std::time::Duration,
    ) -> std::result::Result<bool, Failure> {
        let Some(&key) = self.domain.key.first() else { return Ok(false) };
        let field = &self.domain.fields[key];
        let wanted = lookup.keys().iter().map(|key| convert::to_bson(key));
        let wanted = wanted.collect::<std::result::Result<Vec<Bson>, _>>().map_err(Failure::Disagrees)?;
        // All records in the first answer, and the cursor's end with them; the server's default is 101 records.
        let batch = u32::from(KEYS_MAX) + 1;
        let mut cursor = connection
            .raw(self.source.name)
            .find(doc! { field.column: { "$in": wanted } })
            .projection(filter::projection(self.domain, &self.fields))
            .max_time(budget)
            .batch_size(batch)
            .await?;
        let mut is_complete = is_exact(&field.ty);
        while cursor.advance().await? {
            let document = cursor.current();
            let Ok(key) = convert::field_value(document, field) else {
                is_complete = false;
                continue;
            };
            let record =
                self.record(document).map_err(|failure| failure.into_error(self.domain, &connection.name));
            lookup.answer(&key, &record);
        }
        Ok(is_complete)
    }
}
