//! A change of one record.

use std::time::Duration;

use beds_core::{
    Outcome, Result,
    spec::Domain,
    validate::Errors,
    value::{Value, write_name},
};
use mongodb::{
    ClientSession,
    bson::{Bson, Document, doc},
    options::ReturnDocument,
};

use super::target::Target;
use crate::{
    convert::to_bson,
    fault::Failure,
    reply::bounded,
    server::Connection,
    shown::{Place, Shower},
};

/// The longest version: versions count up from 1.
const VERSION_MAX: i64 = i64::MAX;

#[derive(Debug)]
pub(crate) struct Update {
    target: Target,
    change: Document,
    bytes_max: usize,
}

impl Update {
    pub(crate) fn new(target: Target, changes: &[(usize, Value)], bytes_max: usize) -> Result<Self> {
        let mut errors = Errors::default();
        let change =
            change(target.domain, changes.iter().map(|(field, value)| (*field, value)), "", &mut errors);
        errors.or(())?;
        let update = Self { target, change, bytes_max };
        // How long the reply is is known before anything is done.
        let longest = update.target.if_version.map_or(VERSION_MAX, |version| version.saturating_add(1));
        bounded(update.outcome(&Value::Int(longest)), bytes_max)?;
        Ok(update)
    }

    /// The key, and the version that the record has now.
    fn outcome(&self, version: &Value) -> Outcome {
        let mut json = self.target.key_json();
        if let Some(field) = self.target.domain.version {
            json.pop();
            write_name(&mut json, false, self.target.domain.fields[field].name);
            version.write_json(&mut json);
            json.push(b'}');
        }
        Outcome::data(json)
    }

    pub(super) async fn apply(
        &self,
        connection: &Connection,
        mut session: Option<&mut ClientSession>,
        limit: Duration,
    ) -> std::result::Result<Outcome, Failure> {
        let domain = self.target.domain;
        let version = domain.version.map(|version| &domain.fields[version]);
        let collection = connection.raw(self.target.collection);
        let change = collection
            .find_one_and_update(self.target.filter(), self.change.clone())
            .return_document(ReturnDocument::After)
            .projection(doc! { version.map_or("_id", |field| field.column): 1 })
            .max_time(limit);
        let change =
            if let Some(session) = session.as_deref_mut() { change.session(session) } else { change };
        let changed = change.await?;
        let Some(document) = changed else { return Err(self.target.missing(connection, session).await) };
        let mut shower = Shower::new(domain);
        let shown = version.map(|field| shower.field(&document, field, Place::DATA));
        let mut outcome = self.outcome(&shown.unwrap_or(Value::Null));
        outcome.unshown = shower.into_note();
        // The change is done: a note must not turn it into an error.
        if outcome.size() > self.bytes_max {
            outcome.unshown = None;
        }
        Ok(outcome)
    }
}

/// What changes these fields to these values, and counts the version up. Errors name fields behind the path.
pub(super) fn change<'v>(
    domain: &'static Domain,
    changes: impl Iterator<Item = (usize, &'v Value)>,
    path: &str,
    errors: &mut Errors,
) -> Document {
    let (mut set, mut unset) = (Document::new(), Document::new());
    for (field, value) in changes {
        let field = &domain.fields[field];
        match to_bson(value) {
            // Null and absent are one.
            Ok(Bson::Null) => {
                unset.insert(field.column, "");
            }
            Ok(bson) => {
                set.insert(field.column, bson);
            }
            Err(reason) => errors.push(format!("{path}{}", field.name), reason),
        }
    }
    let mut change = Document::new();
    if !set.is_empty() {
        change.insert("$set", set);
    }
    if !unset.is_empty() {
        change.insert("$unset", unset);
    }
    if let Some(version) = domain.version {
        change.insert("$inc", doc! { domain.fields[version].column: 1_i64 });
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{THING, check};

    #[test]
    fn changes() {
        let target = || Target::new(&THING, "thing", vec![Value::ObjectId([1; 12])], Some(7)).unwrap();
        let place = |name| THING.field(name).unwrap().0;
        let moment = Value::DateTime("1969-12-31T23:59:59.9995Z".parse().unwrap());
        let cases = [
            vec![(place("name"), Value::Text("x".to_owned())), (place("at"), moment)],
            vec![(place("flag"), Value::Null)],
            vec![(place("flag"), Value::Null), (place("natural"), Value::UInt(7))],
        ];
        let texts = cases.map(|changes| {
            let update = Update::new(target(), &changes, 10_000).unwrap();
            format!("{:?}\n    {:?}\n", update.target.filter(), update.change)
        });
        check("changes.txt", &texts.concat());
    }
}
