//! The events and audit entries of a write: rows in its transaction, made and written after its objects ran.

use std::mem::discriminant;

use beds_core::{
    Outcome,
    event::{Publication, Told},
    lookup::KEYS_MAX,
    plan::{self, Invocation},
    spec::{Arg, ArgMode, Domain, Type, mariadb},
    value::{Value, write_record},
};
use sqlx::MySqlConnection;

use super::{audit, kept, outbox};
use crate::{
    columns::Columns,
    fault::Fault,
    read::{self, find, find_parts},
};

/// Where to read what events and audit entries need and the outcome does not have.
pub(super) struct Place<'a> {
    pub(super) objects: &'static mariadb::Objects,
    pub(super) write: &'a plan::Write,
    pub(super) known: &'a Columns,
    /// The keys of the records that a write by filter wrote; `None` for a key that cannot be shown.
    pub(super) keys: Vec<Option<Vec<Value>>>,
}

/// The events and audit entries of a write, once its objects have run and before others change their effect.
pub(super) async fn told(
    publication: &Publication,
    place: Place<'_>,
    outcome: &Outcome,
    connection: &mut MySqlConnection,
) -> Result<Told, Fault> {
    let after = place.after(publication, connection).await?;
    publication.told(outcome, after.as_deref()).map_err(Fault::Refused)
}

impl Place<'_> {
    /// The fields of the changed record that its event reports; for a write by filter those of all records.
    async fn after(
        &self,
        publication: &Publication,
        connection: &mut MySqlConnection,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let (domain, told) = (publication.domain(), publication.read_after());
        let called;
        let (key, told) = match self.write {
            plan::Write::UpdateMany { .. } => {
                let version = domain.version.filter(|field| !told.contains(field));
                let others = told.iter().copied().chain(version).filter(|field| !domain.key.contains(field));
                let fields: Vec<usize> = domain.key.iter().copied().chain(others).collect();
                return self.all(domain, &fields, connection).await.map(Some);
            }
            plan::Write::DeleteMany(_) => return Ok(Some(self.keys(domain))),
            plan::Write::Update { key, .. } => (key, told),
            // A client may write a key in several ways, and the database finds one record by all of them.
            plan::Write::Call(invocation) => {
                called = named(domain, invocation);
                (&called, domain.key)
            }
            plan::Write::Create { .. }
            | plan::Write::Upsert { .. }
            | plan::Write::Delete { .. }
            | plan::Write::All(_) => return Ok(None),
        };
        let is_asked = !told.is_empty() && key.len() == domain.key.len();
        let (Some(source), true) = (self.objects.read.as_ref(), is_asked) else { return Ok(None) };
        let kept = kept::columns(connection, domain, Some(source), self.known).await?;
        let place = read::Place { domain, source, kept: &kept };
        let found = kept::optional(domain, find(connection, place, told, key).await)?;
        Ok(found.and_then(Result::ok).map(|shown| shown.json))
    }

    /// These fields of all records that a write by filter changed, as a JSON array. For a record that cannot be read,
    /// only the key.
    async fn all(
        &self,
        domain: &'static Domain,
        fields: &[usize],
        connection: &mut MySqlConnection,
    ) -> Result<Vec<u8>, Fault> {
        let Some(source) = self.objects.read.as_ref() else { return Ok(self.keys(domain)) };
        let kept = kept::columns(connection, domain, Some(source), self.known).await?;
        let place = read::Place { domain, source, kept: &kept };
        let mut records = Vec::with_capacity(self.keys.len());
        for keys in self.keys.chunks(KEYS_MAX.into()) {
            let known: Vec<&[Value]> = keys.iter().flatten().map(Vec::as_slice).collect();
            let mut found = found(connection, place, fields, &known).await?.into_iter();
            for key in keys {
                let shown = key.as_ref().and_then(|_| found.next().flatten()).and_then(Result::ok);
                records.push(shown.map_or_else(|| json(domain, key.as_deref()), |shown| shown.json));
            }
        }
        Ok(array(&records))
    }

    /// The keys of all records, as a JSON array.
    fn keys(&self, domain: &Domain) -> Vec<u8> {
        array(&self.keys.iter().map(|key| json(domain, key.as_deref())).collect::<Vec<_>>())
    }
}

/// The key that the arguments of a call name; shorter than a key if they do not name all of it, or if nobody can write
/// it in another way.
fn named(domain: &Domain, invocation: &Invocation) -> Vec<Value> {
    let Invocation { call, args } = invocation;
    let is_number = |&field: &usize| matches!(domain.fields[field].ty, Type::Int { .. } | Type::UInt { .. });
    if domain.key.iter().all(is_number) {
        return Vec::new();
    }
    let value = |&field: &usize| {
        let field = &domain.fields[field];
        let is_it = |arg: &Arg| {
            let is_of_type = discriminant(&arg.field.ty) == discriminant(&field.ty);
            arg.field.name == field.name && is_of_type && arg.mode == ArgMode::In && !arg.field.sensitive
        };
        let (_, value) = call.args.iter().zip(args).find(|(arg, _)| is_it(arg))?;
        (!value.is_null()).then(|| value.clone())
    };
    domain.key.iter().map_while(value).collect()
}

/// These fields of the records with these keys; `None` if they cannot be read.
async fn found(
    connection: &mut MySqlConnection,
    place: read::Place<'_>,
    fields: &[usize],
    keys: &[&[Value]],
) -> Result<Vec<Option<read::Record>>, Fault> {
    let domain = place.domain;
    if let &[field] = domain.key {
        let keys: Vec<&Value> = keys.iter().copied().flatten().collect();
        let found = find_parts(connection, place, fields, field, &keys).await;
        return kept::optional(domain, found).map(Option::unwrap_or_default);
    }
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        all.push(kept::optional(domain, find(connection, place, fields, key).await)?);
    }
    Ok(all)
}

/// A key as a JSON object; an empty one if there is no key.
fn json(domain: &Domain, key: Option<&[Value]>) -> Vec<u8> {
    let mut json = Vec::with_capacity(64);
    let names = domain.key.iter().map(|&field| domain.fields[field].name);
    write_record(&mut json, names.zip(key.unwrap_or_default()));
    json
}

fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [b"[".as_slice(), &items.join(&b','), b"]"].concat()
}

/// Stores events and audit entries, in this order.
pub(super) async fn store(
    connection: &mut MySqlConnection,
    told: &Told,
    domain: &Domain,
) -> Result<(), Fault> {
    outbox::store(connection, &told.events, domain).await?;
    audit::store(connection, &told.entries, domain).await
}
