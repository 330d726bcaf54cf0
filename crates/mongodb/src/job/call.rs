//! A named pipeline, in the lane that its call declares.

use beds_core::{
    Error, Outcome, Result,
    event::{Publication, Told},
    ledger::AT_LEAST_ONCE,
    plan::Invocation,
    spec::{self, Domain, Returns, Routine},
    stages::statement_span,
};
use beds_lane::Gate;
use beds_protocol::Lane;
use mongodb::bson::{Document, raw::RawDocument};

use crate::{
    fault::Failure,
    pipeline,
    reply::{bounded, noted},
    server::{Connection, budget},
    shown::{Place, Shower},
};

#[derive(Debug)]
pub(super) struct Call {
    domain: &'static Domain,
    call: &'static spec::Call,
    on: &'static str,
    stages: Vec<Document>,
    bytes_max: usize,
    /// Its events and audit entries.
    publication: Option<Publication>,
}

impl Call {
    /// A number that distinguishes the calls.
    pub(super) fn kind(&self) -> usize {
        std::ptr::from_ref(self.call).addr()
    }

    pub(super) fn new(
        domain: &'static Domain,
        call: &Invocation,
        publication: Option<Publication>,
        bytes_max: usize,
    ) -> Result<Self> {
        let Invocation { call, args } = call;
        let Routine::Pipeline { on, stages } = call.routine else {
            return Err(Error::internal(format!("`{}` of `{}` is not a pipeline", call.name, domain.name)));
        };
        let stages = pipeline::bind(stages, call, args)?;
        Ok(Self { domain, call, on, stages, bytes_max, publication })
    }

    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        let tells = |kind: fn(&Publication) -> bool| self.publication.as_ref().is_some_and(kind);
        if tells(Publication::is_published) {
            connection.outbox.check().await?;
        }
        if tells(Publication::is_audited) {
            connection.audit.check().await?;
        }
        let done = match self.aggregate(connection, gate).await {
            Ok(outcome) => self.tell(connection, &outcome).await.map(|()| outcome),
            failed => failed,
        };
        done.map_err(|failure| {
            failure.of_arguments(self.call, self.domain).midway(self.domain, &connection.name)
        })
    }

    /// Stores its events and audit entries. A pipeline that writes cannot be part of a transaction, so this comes after
    /// it.
    async fn tell(&self, connection: &Connection, outcome: &Outcome) -> std::result::Result<(), Failure> {
        let Some(publication) = &self.publication else { return Ok(()) };
        let Told { events, entries } = publication.told(outcome, None)?;
        connection.audit.store(&entries, None).await.map_err(Failure::lasting)?;
        connection.outbox.store(&events, None).await.map_err(Failure::lasting)?;
        if !events.is_empty() {
            connection.outbox.tell();
        }
        Ok(())
    }

    /// A pipeline that writes gives no documents, so its reply is short.
    async fn aggregate(&self, connection: &Connection, gate: &Gate) -> std::result::Result<Outcome, Failure> {
        let failed = match self.call.lane {
            Lane::Read => Failure::Before,
            Lane::Write => {
                gate.pass()?;
                Failure::After
            }
        };
        let collection = connection.raw(self.on);
        let _traced = statement_span(format_args!("aggregate {}", self.on));
        let cursor = collection.aggregate(self.stages.clone()).max_time(budget(gate)).await;
        let mut cursor = cursor.map_err(failed)?;
        let (mut rows, mut count) = (vec![b'['], 0);
        let mut shower = Shower::new(self.domain);
        while cursor.advance().await.map_err(failed)? {
            if count > 0 {
                rows.push(b',');
            }
            self.write_row(cursor.current(), count, &mut shower, &mut rows);
            count += 1;
            if rows.len() > self.bytes_max {
                return Err(Error::reply_too_large(self.bytes_max).into());
            }
            // A scalar is the first field of the first document.
            if matches!(self.call.returns, Returns::Scalar(_)) {
                break;
            }
        }
        let outcome = match self.call.returns {
            Returns::Nothing => Outcome::default(),
            Returns::Scalar(_) if count == 0 => Outcome::data(b"null".to_vec()),
            Returns::Scalar(_) => Outcome::data(rows.split_off(1)),
            Returns::Rows(_) => Outcome::data([rows.as_slice(), b"]"].concat()),
            Returns::AsItComes => {
                Outcome { sets: Some([b"[", rows.as_slice(), b"]]"].concat()), ..Outcome::default() }
            }
        };
        let outcome = bounded(Outcome { unshown: shower.into_note(), ..outcome }, self.bytes_max)?;
        Ok(match self.call.lane {
            Lane::Read => outcome,
            Lane::Write => noted(outcome, AT_LEAST_ONCE, self.bytes_max),
        })
    }

    fn write_row(&self, document: &RawDocument, index: usize, shower: &mut Shower, out: &mut Vec<u8>) {
        match &self.call.returns {
            Returns::Nothing => {}
            Returns::Scalar(ty) => shower.first(document, ty, Place::DATA).write_json(out),
            Returns::Rows(fields) => {
                shower.write_record(document, *fields, Place::Element(&Place::DATA, index), out);
            }
            Returns::AsItComes => {
                let set = Place::Element(&Place::SETS, 0);
                shower.document(document, Place::Element(&set, index)).write_json(out);
            }
        }
    }
}
