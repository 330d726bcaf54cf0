//! A change of one record.

use beds_core::{Error, Outcome, Result, outcome::MEMBERS_BYTES_MAX, validate::Errors, value::Value};
use beds_lane::Gate;
use mongodb::{
    bson::{Bson, Document, doc},
    options::ReturnDocument,
};

use super::target::Target;
use crate::{
    convert::{self, to_bson},
    fault::Failure,
    filter,
    server::{Connection, budget},
};

/// The bytes that the version adds to the key in a reply: digits, colon, quotes and comma.
const VERSION_BYTES_MAX: usize = 24;

#[derive(Debug)]
pub(super) struct Update {
    target: Target,
    change: Document,
}

impl Update {
    pub(super) fn new(target: Target, changes: &[(usize, Value)], bytes_max: usize) -> Result<Self> {
        let domain = target.domain;
        let mut errors = Errors::default();
        let (mut set, mut unset) = (Document::new(), Document::new());
        for (field, value) in changes {
            let field = &domain.fields[*field];
            match to_bson(value) {
                // Null and absent are one.
                Ok(Bson::Null) => {
                    unset.insert(field.column, "");
                }
                Ok(bson) => {
                    set.insert(field.column, bson);
                }
                Err(reason) => errors.push(field.name, reason),
            }
        }
        let mut change = Document::new();
        if !set.is_empty() {
            change.insert("$set", set);
        }
        if !unset.is_empty() {
            change.insert("$unset", unset);
        }
        let mut reply_bytes = target.key_json().len() + MEMBERS_BYTES_MAX;
        if let Some(version) = domain.version {
            let field = &domain.fields[version];
            change.insert("$inc", doc! { field.column: 1_i64 });
            reply_bytes += field.name.len() + VERSION_BYTES_MAX;
        }
        errors.or(())?;
        // The reply is the key and the version: how long it is is known before anything is done.
        if reply_bytes > bytes_max {
            return Err(Error::reply_too_large(bytes_max));
        }
        Ok(Self { target, change })
    }

    pub(super) async fn run(
        &self,
        connection: &Connection,
        gate: &Gate,
    ) -> std::result::Result<Outcome, Failure> {
        let domain = self.target.domain;
        let shown: Vec<usize> = domain.key.iter().copied().chain(domain.version).collect();
        gate.pass()?;
        let changed = connection
            .raw(self.target.collection)
            .find_one_and_update(self.target.filter(), self.change.clone())
            .return_document(ReturnDocument::After)
            .projection(filter::projection(domain, &shown))
            .max_time(budget(gate))
            .await
            .map_err(Failure::After)?;
        let Some(document) = changed else { return Err(self.target.missing(connection).await) };
        let mut json = Vec::with_capacity(64);
        convert::write_document(&document, domain, shown, &mut json).map_err(Failure::Disagrees)?;
        Ok(Outcome::data(json))
    }
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
