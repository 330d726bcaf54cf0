//! The warehouse: jobs move old records into another database, and back. `[lifecycle]` of a template says which records
//! are old, and where they go.
//!
//! [`start`] and [`restore`] implement the calls of the template `warehouse`. [`Moving`] holds the kinds of its jobs.
//! [`due`] is the recurring job.

mod kinds;

use std::time::{Duration, SystemTime};

use beds_core::{
    Error, NamasteCore, Result,
    context::Context,
    spec::{Age, Domain},
};
use beds_protocol::{ErrorCode, Json, Record, value::DateTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ask,
    jobs::{self, About, Catalogue, Desk, Due, json},
    migration::{self, can_settle},
};

pub use kinds::Moving;

/// The arguments of `warehouse.call.start`.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The template whose records go into the warehouse.
    pub template: String,
    /// Which of the due records.
    pub r#where: Option<Json>,
    /// How many records a chunk has.
    pub chunk: Option<u32>,
    /// Whether it is a dry run, which writes nothing.
    pub dry_run: Option<bool>,
}

/// The arguments of `warehouse.call.restore`.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The template whose records come back.
    pub template: String,
    /// Which records of the warehouse.
    pub r#where: Json,
    /// What happens to an existing record that differs.
    pub on_conflict: Option<String>,
    /// How many records a chunk has.
    pub chunk: Option<u32>,
    /// Whether it is a dry run, which writes nothing.
    pub dry_run: Option<bool>,
}

/// The arguments of a job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Told {
    template: String,
    r#where: Option<Json>,
    on_conflict: Option<String>,
    chunk: Option<u32>,
    dry_run: Option<bool>,
    /// The limit of age: records from before this moment are due. `None` for a job that moves records back.
    before: Option<String>,
    /// Whether the job was due: nobody started it, and it runs in the node's own name.
    is_due: bool,
}

/// Starts a job that moves due records into the warehouse, in the caller's name. Returns its id.
///
/// # Errors
/// `validation_failed` with what is wrong; `forbidden` or `unauthenticated` if the caller lacks a right.
pub async fn start<J: NamasteCore>(cx: &Context, asked: Asked) -> Result<Uuid> {
    let catalogue = &cx.extensions.get::<Desk>()?.catalogue;
    let domain = catalogue.domain(&asked.template)?;
    let (age, _) = warehouse(domain)?;
    let Asked { template, r#where, chunk, dry_run } = asked;
    let before = Some(moment(age));
    let told = Told { template, r#where, chunk, dry_run, before, ..Told::default() };
    let about = can_settle(cx, catalogue, &told.storing(domain)?).map_err(renamed)?;
    jobs::add::<J>(cx, kinds::STORING, json(&told)?, about.as_ref()).await
}

/// Starts a job that moves records from the warehouse back to their template. Returns its id.
///
/// # Errors
/// As [`start`].
pub async fn restore<J: NamasteCore>(cx: &Context, wanted: Wanted) -> Result<Uuid> {
    let catalogue = &cx.extensions.get::<Desk>()?.catalogue;
    let domain = catalogue.domain(&wanted.template)?;
    let Wanted { template, r#where, on_conflict, chunk, dry_run } = wanted;
    let told = Told { template, r#where: Some(r#where), on_conflict, chunk, dry_run, ..Told::default() };
    let about = can_settle(cx, catalogue, &told.returning(domain)?).map_err(renamed)?;
    jobs::add::<J>(cx, kinds::RETURNING, json(&told)?, about.as_ref()).await
}

/// The recurring job; `None` if the records of the template do not go into a warehouse that is served here.
#[must_use]
pub fn due(domain: &'static Domain, catalogue: &Catalogue) -> Option<Due> {
    let (age, to) = domain.warehouse?;
    catalogue.domain(to).ok()?;
    let arguments = move || {
        let (template, before) = (domain.name.to_owned(), Some(moment(age)));
        json(&Told { template, before, is_due: true, ..Told::default() })
    };
    let about = Some(About::moving(domain.name, to));
    Some(Due { kind: kinds::STORING, template: domain.name, about, arguments: Box::new(arguments) })
}

/// The moment before which records have reached this age.
pub(crate) fn moment(age: Age) -> String {
    let age = Duration::from_secs(age.after_s.into());
    DateTime::from(SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH)).to_string()
}

/// The age at which the records of a template go into the warehouse, and the warehouse's template.
fn warehouse(domain: &'static Domain) -> Result<(Age, &'static str)> {
    domain.warehouse.ok_or_else(|| {
        let reason = format!("must be one with a warehouse: `{}` has none in `[lifecycle]`", domain.name);
        ask::invalid("template", &reason)
    })
}

impl Told {
    /// The move into the warehouse.
    fn storing(&self, domain: &'static Domain) -> Result<migration::Asked> {
        let (age, to) = warehouse(domain)?;
        let filter = older(domain, age, self.before.as_deref().unwrap_or_default(), self.r#where.as_ref())?;
        // The record in the warehouse is older.
        Ok(self.moving(domain.name, to, filter, Some("replace".to_owned())))
    }

    /// The move back.
    fn returning(&self, domain: &'static Domain) -> Result<migration::Asked> {
        let (_, to) = warehouse(domain)?;
        let filter = self.r#where.clone().unwrap_or_default();
        Ok(self.moving(to, domain.name, filter, self.on_conflict.clone()))
    }

    fn moving(&self, from: &str, to: &str, filter: Json, on_conflict: Option<String>) -> migration::Asked {
        migration::Asked {
            from: from.to_owned(),
            to: to.to_owned(),
            r#where: Some(filter),
            mode: Some("move".to_owned()),
            on_conflict,
            chunk: self.chunk,
            dry_run: self.dry_run,
            ..migration::Asked::default()
        }
    }
}

/// The filter for records that are older than a moment and match the request's filter.
pub(crate) fn older(domain: &'static Domain, age: Age, before: &str, filter: Option<&Json>) -> Result<Json> {
    let by = domain.fields[age.by].name;
    let mut members = match filter {
        None | Some(Json::Null) => Record::default(),
        Some(Json::Object(members)) => members.clone(),
        Some(_) => return Err(ask::invalid("where", "must be an object, as in a fetch")),
    };
    if members.get(by).is_some() {
        let reason =
            format!("must be left out: `[lifecycle]` of `{}` says when records are due", domain.name);
        return Err(ask::invalid(&format!("where.{by}"), &reason));
    }
    members.0.push((by.to_owned(), Json::Object(Record::from([("lt", Json::from(before))]))));
    Ok(Json::Object(members))
}

/// Renames a path in an error: a fault of the templates belongs to the argument `template`.
fn renamed(error: Error) -> Error {
    if error.code != ErrorCode::ValidationFailed {
        return error;
    }
    let mut error = error;
    for detail in &mut error.details {
        let of_templates = ["args.from", "args.to", "args.mode", "args.map"];
        if of_templates.iter().any(|name| detail.field.starts_with(name)) {
            detail.field = "args.template".into();
        }
    }
    error
}
