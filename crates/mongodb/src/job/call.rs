//! A named pipeline, in the lane that its call declares.

use beds_core::{
    Error, Outcome, Result,
    plan::Invocation,
    spec::{self, Domain, Returns, Routine},
    value::{Value, write_record},
};
use beds_lane::Gate;
use beds_protocol::Lane;
use mongodb::bson::{Document, RawBsonRef, raw::RawDocument};

use super::reply::bounded;
use crate::{
    convert,
    fault::Failure,
    pipeline,
    server::{Connection, budget},
};

#[derive(Debug)]
pub(super) struct Call {
    call: &'static spec::Call,
    on: &'static str,
    stages: Vec<Document>,
    bytes_max: usize,
}

impl Call {
    pub(super) fn new(domain: &'static Domain, call: &Invocation, bytes_max: usize) -> Result<Self> {
        let Invocation { call, args } = call;
        let Routine::Pipeline { on, stages } = call.routine else {
            return Err(Error::internal(format!("`{}` of `{}` is not a pipeline", call.name, domain.name)));
        };
        let stages = pipeline::bind(stages, call, args)?;
        Ok(Self { call, on, stages, bytes_max })
    }

    /// A pipeline that writes gives no documents, so that its reply is short.
    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        let failed = match self.call.lane {
            Lane::Read => Failure::Before,
            Lane::Write => {
                gate.pass()?;
                Failure::After
            }
        };
        let collection = connection.raw(self.on);
        let cursor = collection.aggregate(self.stages.clone()).max_time(budget(gate)).await;
        let mut cursor = cursor.map_err(failed)?;
        let mut rows = vec![b'['];
        while cursor.advance().await.map_err(failed)? {
            if rows.len() > 1 {
                rows.push(b',');
            }
            self.write_row(cursor.current(), &mut rows).map_err(Failure::Disagrees)?;
            if rows.len() > self.bytes_max {
                return Err(Error::reply_too_large(self.bytes_max).into());
            }
            // A scalar is the first field of the first document.
            if matches!(self.call.returns, Returns::Scalar(_)) {
                return Ok(bounded(Outcome::data(rows.split_off(1)), self.bytes_max)?);
            }
        }
        rows.push(b']');
        let outcome = match self.call.returns {
            Returns::Nothing => Outcome::default(),
            Returns::Scalar(_) => Outcome::data(b"null".to_vec()),
            Returns::Rows(_) => Outcome::data(rows),
            Returns::AsItComes => {
                Outcome { sets: Some([b"[", rows.as_slice(), b"]"].concat()), ..Outcome::default() }
            }
        };
        Ok(bounded(outcome, self.bytes_max)?)
    }

    fn write_row(&self, document: &RawDocument, out: &mut Vec<u8>) -> std::result::Result<(), String> {
        match &self.call.returns {
            Returns::Nothing => {}
            Returns::Scalar(ty) => {
                let value = document.iter().next().transpose().map_err(|error| error.to_string())?;
                let value = value.map(|(_, bson)| convert::typed(bson, ty)).transpose()?;
                value.unwrap_or(Value::Null).write_json(out);
            }
            Returns::Rows(fields) => {
                let mut members = Vec::with_capacity(fields.len());
                for field in *fields {
                    members.push((field.name, convert::field_value(document, field)?));
                }
                write_record(out, members.iter().map(|(name, value)| (*name, value)));
            }
            Returns::AsItComes => {
                let json = convert::bson_to_json(RawBsonRef::Document(document));
                Value::Json(json.ok_or("a document has a type that JSON cannot show")?).write_json(out);
            }
        }
        Ok(())
    }
}
