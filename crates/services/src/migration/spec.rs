//! [`Spec`]: a migration in which every part is known and allowed. It is built from the request at the start, and again
//! for each chunk, with the roles that the caller had.

use beds_core::{
    Error, Result,
    carry::{May, incomparable},
    context::Context,
    namaste::Request,
    spec::{Domain, Field, Generated},
    validate::Errors,
};
use beds_protocol::{CountRequest, ErrorCode, Json, Operation, Record, nearest, shown};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    expression::{Expression, Reader, of_same_names, unknown},
    identity::{identity, keeps_apart},
};
use crate::jobs::{About, Catalogue};

/// The arguments of `migration.call.start`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The template whose records are read.
    pub from: String,
    /// The template whose records they become.
    pub to: String,
    /// Which records.
    pub r#where: Option<Json>,
    /// The expressions of the fields.
    pub map: Option<Json>,
    /// `copy` or `move`.
    pub mode: Option<String>,
    /// `skip`, `replace` or `fail`.
    pub on_conflict: Option<String>,
    /// How many records a chunk has.
    pub chunk: Option<u32>,
    /// Whether it is a dry run, which writes nothing.
    pub dry_run: Option<bool>,
    /// The job whose rejected records are sent again.
    pub rejects_of: Option<Uuid>,
}

/// Whether records stay in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Copy,
    Move,
}

/// What happens to an existing record of `to` that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnConflict {
    Skip,
    Replace,
    Fail,
}

/// A migration that can run.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) from: &'static Domain,
    pub(super) to: &'static Domain,
    pub(super) filter: Record,
    /// The expressions of the fields of `to`, by the fields' places.
    pub(super) map: Vec<(usize, &'static Field, Expression)>,
    pub(super) mode: Mode,
    pub(super) on_conflict: OnConflict,
    pub(super) dry_run: bool,
    pub(super) rejects_of: Option<Uuid>,
    /// The fields by which a record of `to` is found again.
    pub(super) identity: Vec<usize>,
    /// The caller's right to change records of `to`, if it has one.
    pub(super) update: Option<May>,
}

impl Spec {
    /// The records that the job is about, if it deletes records in one of the two templates.
    pub(super) fn about(&self) -> Option<About> {
        let moves = matches!(self.mode, Mode::Move) && !self.dry_run;
        moves.then(|| About::moving(self.from.name, self.to.name))
    }

    /// The migration that a request asks for.
    ///
    /// # Errors
    /// `validation_failed` with all that is wrong; `forbidden` or `unauthenticated` if the caller lacks a right.
    pub(super) fn of(cx: &Context, catalogue: &Catalogue, asked: &Asked) -> Result<Self> {
        let mut errors = Errors::default();
        let mode = match asked.mode.as_deref() {
            Some("move") => Mode::Move,
            _ => Mode::Copy,
        };
        let on_conflict = OnConflict::of(asked.on_conflict.as_deref());
        let dry_run = asked.dry_run.unwrap_or(false);
        let from = domain(catalogue, "args.from", &asked.from, &mut errors);
        let to = domain(catalogue, "args.to", &asked.to, &mut errors);
        if let Some(chunk) = asked.chunk
            && (chunk == 0 || chunk as usize > cx.limits.create_records_max)
        {
            errors.push("args.chunk", format!("must be from 1 to {}", cx.limits.create_records_max));
        }
        let filter = match &asked.r#where {
            None | Some(Json::Null) => Record::default(),
            Some(Json::Object(filter)) => filter.clone(),
            Some(_) => {
                errors.push("args.where", "must be an object, as in a fetch");
                Record::default()
            }
        };
        if asked.rejects_of.is_some() && !filter.0.is_empty() {
            errors.push("args.where", "cannot be combined with `rejects_of`, which says which records");
        }
        let mut rights = Rights { cx, refused: None };
        let reads = from.and_then(|from| rights.of(from, Operation::Fetch, "args.from", &mut errors));
        let creates = to.and_then(|to| rights.of(to, Operation::Create, "args.to", &mut errors));
        if let Some(to) = to {
            rights.of(to, Operation::Fetch, "args.to", &mut errors);
        }
        if let (Some(from), Mode::Move) = (from, mode) {
            rights.of(from, Operation::Delete, "args.mode", &mut errors);
        }
        let update = match (to, on_conflict) {
            (Some(to), OnConflict::Replace) => {
                rights.of(to, Operation::Update, "args.on_conflict", &mut errors)
            }
            _ => None,
        };
        if let Some(refused) = rights.refused {
            return Err(refused);
        }
        if let (Some(from), Some(to)) = (from, to) {
            apart(from, to, &mut errors);
        }
        if let (Some(from), Some(reads)) = (from, &reads) {
            readable(from, reads, mode, &mut errors);
            let counted = Request::Count(CountRequest { r#where: Some(filter.clone()) });
            if let Err(error) = catalogue.plan(cx, from, counted) {
                if error.details.is_empty() {
                    errors.push("args.where", error.message.clone());
                }
                let known = || reads.seen().map(|(_, field)| field.name);
                for detail in error.details {
                    let name = detail.field.strip_prefix("where.").unwrap_or_default();
                    let near = nearest(name, known()).filter(|near| *near != name);
                    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                    errors.push(format!("args.{}", detail.field), format!("{}{near}", detail.reason));
                }
            }
        }
        let (Some(from), Some(to), Some(reads), Some(creates)) = (from, to, reads, creates) else {
            return Err(match errors.or(()) {
                Err(error) => error,
                Ok(()) => Error::internal("a migration without its templates"),
            });
        };
        let reader = Reader { cx, catalogue, from: &reads, template: from.name };
        let before = errors.count();
        let map = map(&reader, asked.map.as_ref(), &creates, to, &mut errors);
        let identity = if errors.count() == before {
            complete(&map, to, &mut errors);
            let identity = identity(&map, to, &mut errors);
            if mode == Mode::Move && !identity.is_empty() {
                keeps_apart(&map, &identity, from, to, &mut errors);
            }
            identity
        } else {
            Vec::new()
        };
        errors.or(Self {
            from,
            to,
            filter,
            map,
            mode,
            on_conflict,
            dry_run,
            rejects_of: asked.rejects_of,
            identity,
            update,
        })
    }
}

impl Spec {
    /// A move of records between templates of the same shape, after which each record is on one side.
    ///
    /// # Errors
    /// As [`Spec::of`].
    pub(super) fn of_settling(cx: &Context, catalogue: &Catalogue, asked: &Asked) -> Result<Self> {
        let spec = Self::of(cx, catalogue, asked)?;
        let (from, to) = (spec.from, spec.to);
        let mut errors = Errors::default();
        let reads = May::of(cx, from, Operation::Fetch)?;
        if reads.seen().count() != from.fields.len() {
            errors.push(
                "args.from",
                "must be a template of which the caller sees every field: hidden fields would be lost",
            );
        }
        let is_mapped = |field: &Field| spec.map.iter().any(|(.., mapped, _)| mapped.name == field.name);
        let lost: Vec<_> = from
            .fields
            .iter()
            .enumerate()
            .filter(|(index, field)| from.version != Some(*index) && !is_mapped(field))
            // The database generates these values anew.
            .filter(|(_, field)| {
                to.field(field.name).is_none_or(|(_, there)| there.generated != Some(Generated::Database))
            })
            .map(|(_, field)| format!("`{}`", field.name))
            .collect();
        if !lost.is_empty() {
            errors.push(
                "args.to",
                format!("`{}` would not take {}, which would be lost", to.name, lost.join(", ")),
            );
        }
        let names = |domain: &'static Domain| domain.key.iter().map(move |&field| domain.fields[field].name);
        if spec.identity != to.key || !names(from).eq(names(to)) {
            errors.push("args.to", format!("`{}` must have the key of `{}`", to.name, from.name));
        }
        // Without this right, copies could not be deleted.
        May::of(cx, to, Operation::Delete)?;
        errors.or(spec)
    }

    /// The restore of records that were taken out of a template.
    ///
    /// # Errors
    /// As [`Spec::of`].
    pub(super) fn of_restore(
        cx: &Context,
        domain: &'static Domain,
        on_conflict: Option<&str>,
        dry_run: bool,
    ) -> Result<Self> {
        let mut errors = Errors::default();
        let on_conflict = OnConflict::of(on_conflict);
        let mut rights = Rights { cx, refused: None };
        let reads = rights.of(domain, Operation::Fetch, "args.archive", &mut errors);
        let creates = rights.of(domain, Operation::Create, "args.archive", &mut errors);
        let update = match on_conflict {
            OnConflict::Replace => rights.of(domain, Operation::Update, "args.on_conflict", &mut errors),
            OnConflict::Skip | OnConflict::Fail => None,
        };
        if let Some(refused) = rights.refused {
            return Err(refused);
        }
        let (mut map, mut by) = (Vec::new(), Vec::new());
        if let (Some(reads), Some(creates)) = (&reads, &creates) {
            map = of_same_names(reads, creates, &mut errors);
            complete(&map, domain, &mut errors);
            by = identity(&map, domain, &mut errors);
        }
        errors.or(Self {
            from: domain,
            to: domain,
            filter: Record::default(),
            map,
            mode: Mode::Copy,
            on_conflict,
            dry_run,
            rejects_of: None,
            identity: by,
            update,
        })
    }
}

impl OnConflict {
    fn of(name: Option<&str>) -> Self {
        match name {
            Some("skip") => Self::Skip,
            Some("replace") => Self::Replace,
            _ => Self::Fail,
        }
    }
}

/// The rights of the caller. Missing rights are reported before anything else.
struct Rights<'a> {
    cx: &'a Context,
    refused: Option<Error>,
}

impl Rights<'_> {
    fn of(
        &mut self,
        domain: &'static Domain,
        operation: Operation<'static>,
        path: &str,
        errors: &mut Errors,
    ) -> Option<May> {
        match May::of(self.cx, domain, operation) {
            Ok(may) => Some(may),
            Err(error) if matches!(error.code, ErrorCode::Forbidden | ErrorCode::Unauthenticated) => {
                self.refused.get_or_insert(error);
                None
            }
            Err(_) => {
                errors.push(
                    path,
                    format!("needs the operation {operation} of `{}`, which it does not offer", domain.name),
                );
                None
            }
        }
    }
}

fn domain(catalogue: &Catalogue, path: &str, name: &str, errors: &mut Errors) -> Option<&'static Domain> {
    match catalogue.domain(name) {
        Ok(domain) => Some(domain),
        Err(error) => {
            let hint = error.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            errors.push(
                path,
                format!("names {}, which is not a template that is served here{hint}", shown(name)),
            );
            None
        }
    }
}

/// Checks that the two templates surely do not show the same records: a move of records onto themselves would delete
/// them.
fn apart(from: &'static Domain, to: &'static Domain, errors: &mut Errors) {
    let source = |domain: &'static Domain| {
        let objects = domain.database_objects();
        objects.iter().find(|object| object.usage == beds_core::spec::Usage::Read).map(|object| object.name)
    };
    let is_same = from.name == to.name
        || (from.home() == to.home() && source(from).is_some() && source(from) == source(to));
    if is_same {
        errors.push("args.to", format!("must differ from `{}`: they have the same records", from.name));
    }
}

fn readable(from: &'static Domain, reads: &May, mode: Mode, errors: &mut Errors) {
    if from.key.is_empty() {
        errors.push(
            "args.from",
            format!("cannot be `{}`, which has no key: records could not be told apart", from.name),
        );
    }
    if from.key.iter().any(|field| reads.sees(from.fields[*field].name).is_none()) {
        errors.push("args.from", format!("cannot be `{}`: the caller does not see its key", from.name));
    }
    let hidden: Vec<_> = incomparable(from).map(|field| format!("`{}`", field.name)).collect();
    if mode == Mode::Move && from.version.is_none() && !hidden.is_empty() {
        let fields = hidden.join(", ");
        errors.push(
            "args.mode",
            format!(
                "cannot be move: `{}` has no version, and a change of {fields} meanwhile would be lost",
                from.name
            ),
        );
    }
}

fn map(
    reader: &Reader<'_>,
    asked: Option<&Json>,
    to: &May,
    domain: &'static Domain,
    errors: &mut Errors,
) -> Vec<(usize, &'static Field, Expression)> {
    let members = match asked {
        None | Some(Json::Null) => {
            let map = of_same_names(reader.from, to, errors);
            if map.is_empty() {
                errors.push("args.map", "is required: the templates have no field name in common");
            }
            return map;
        }
        Some(Json::Object(members)) => members,
        Some(_) => {
            errors.push("args.map", "must be an object that says what each field gets");
            return Vec::new();
        }
    };
    if members.0.is_empty() {
        errors.push("args.map", "must say what at least one field gets");
    }
    let mut map = Vec::with_capacity(members.0.len());
    for (name, json) in &members.0 {
        let path = format!("args.map.{name}");
        let Some((index, field)) = to.sees(name) else {
            unknown(path, name, to, domain.name, errors);
            continue;
        };
        if let Some(reason) = to.bars(index) {
            errors.push(path, reason);
            continue;
        }
        if let Some(expression) = reader.read(field, json, errors) {
            map.push((index, field, expression));
        }
    }
    map
}

/// Whether the map sets every field that a new record needs.
fn complete(map: &[(usize, &'static Field, Expression)], to: &'static Domain, errors: &mut Errors) {
    for (index, field) in to.fields.iter().enumerate() {
        let fills_itself = field.generated.is_some() || field.default.is_some() || to.version == Some(index);
        let may_lack = fills_itself || (field.nullable && !field.required);
        if !may_lack && map.iter().all(|(mapped, ..)| *mapped != index) {
            errors.push(
                format!("args.map.{}", field.name),
                format!("is required: every record of `{}` needs it", to.name),
            );
        }
    }
}
