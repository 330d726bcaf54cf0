//! [`Spec`]: an archive that can be made. It is built from the request at the start, and again for each chunk.

use beds_core::{
    Error, Result,
    carry::{May, incomparable},
    context::Context,
    namaste::Request,
    spec::Domain,
    validate::Errors,
};
use beds_protocol::{CountRequest, Json, Operation, Record};
use serde::{Deserialize, Serialize};

use crate::jobs::Catalogue;

/// The most records of a segment. To find one record, the whole segment is read.
const CHUNK_MAX: u32 = 10_000;

/// The arguments of `cool.call.start`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The template whose records are archived.
    pub template: String,
    /// Which records.
    pub r#where: Option<Json>,
    /// `copy` or `move`.
    pub mode: Option<String>,
    /// How many records a segment has.
    pub chunk: Option<u32>,
    /// Whether it is a dry run, which writes nothing.
    pub dry_run: Option<bool>,
    /// Whether the job was due by `[lifecycle]`: nobody started it, and it runs in the node's own name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_due: bool,
}

/// An archive that can be made.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) domain: &'static Domain,
    pub(super) filter: Option<Record>,
    pub(super) is_move: bool,
    pub(super) dry_run: bool,
}

impl Spec {
    /// The archive that a request asks for.
    ///
    /// # Errors
    /// `validation_failed` with what is wrong; `forbidden` or `unauthenticated` if the caller lacks a right.
    pub(super) fn of(cx: &Context, catalogue: &Catalogue, asked: &Asked) -> Result<Self> {
        let is_move = asked.mode.as_deref() == Some("move");
        let domain = catalogue.domain(&asked.template)?;
        let reads = May::of(cx, domain, Operation::Fetch)?;
        if is_move {
            May::of(cx, domain, Operation::Delete)?;
        }
        let mut errors = Errors::default();
        if asked.chunk.is_some_and(|chunk| chunk == 0 || chunk > CHUNK_MAX) {
            errors.push("args.chunk", format!("must be from 1 to {CHUNK_MAX}"));
        }
        if domain.key.is_empty() {
            errors.push(
                "args.template",
                format!("cannot be `{}`, which has no key: records could not be told apart", domain.name),
            );
        }
        if reads.seen().count() != domain.fields.len() {
            errors.push(
                "args.template",
                "must be a template of which the caller sees every field: an archive has whole records",
            );
        }
        let hidden: Vec<_> = incomparable(domain).map(|field| format!("`{}`", field.name)).collect();
        if is_move && domain.version.is_none() && !hidden.is_empty() {
            errors.push(
                "args.mode",
                format!(
                    "cannot be move: `{}` has no version, and a change of {} meanwhile would be lost",
                    domain.name,
                    hidden.join(", ")
                ),
            );
        }
        let filter = match &asked.r#where {
            None | Some(Json::Null) => None,
            Some(Json::Object(filter)) => Some(filter.clone()),
            Some(_) => {
                errors.push("args.where", "must be an object, as in a fetch");
                None
            }
        };
        let counted = Request::Count(CountRequest { r#where: filter.clone() });
        if let Err(error) = catalogue.plan(cx, domain, counted) {
            let Error { details, message, .. } = error;
            if details.is_empty() {
                errors.push("args.where", message);
            }
            for detail in details {
                errors.push(format!("args.{}", detail.field), detail.reason);
            }
        }
        errors.or(Self { domain, filter, is_move, dry_run: asked.dry_run.unwrap_or(false) })
    }
}

/// What a caller may read of a template's archives. Only a caller that may read all records of the template gets any.
/// For a caller limited to records that meet a condition, the database would have to judge the condition.
///
/// # Errors
/// `forbidden` or `unauthenticated`.
pub(super) fn reader(cx: &Context, domain: &'static Domain) -> Result<May> {
    let may = May::of(cx, domain, Operation::Fetch)?;
    if may.reaches_all() {
        return Ok(may);
    }
    let message = format!("archives of `{}` are only for callers who may fetch all its records", domain.name);
    Err(Error::new(beds_protocol::ErrorCode::Forbidden, message))
}
