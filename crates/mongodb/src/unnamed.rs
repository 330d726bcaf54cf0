//! Members of documents that the template does not name. A fetch leaves them out, so carrying a record elsewhere would
//! lose them.

use std::time::Duration;

use beds_core::{
    spec::{Domain, Field, Type, mongodb::Source},
    unnamed::{Members, Unnamed},
    validate::Errors,
    value::Value,
};
use mongodb::bson::{Document, RawBsonRef, doc, raw::RawDocument};

use crate::{
    fault::Failure,
    filter,
    server::Connection,
    shown::{Place, Shower},
};

/// Every document has this member, whether the template names it or not.
const ID: &str = "_id";

/// Takes the documents that are read to be carried elsewhere, and finds the members that the template does not name.
#[derive(Debug, Clone)]
pub(crate) struct Finder {
    domain: &'static Domain,
    /// The collection from which the records will be deleted, if the documents are read from another source. Its
    /// documents would be lost, so they count.
    behind: Option<&'static str>,
    keys: Vec<Document>,
    found: Vec<Unnamed>,
}

impl Finder {
    /// For documents of this source. `delete` is the collection of the domain's deletions.
    pub(crate) fn new(domain: &'static Domain, source: Source, delete: Option<&'static str>) -> Self {
        let behind = delete.filter(|collection| *collection != source.name);
        Self { domain, behind, keys: Vec::new(), found: Vec::new() }
    }

    /// Takes a whole document.
    pub(crate) fn add(&mut self, document: &RawDocument) {
        if self.behind.is_none() {
            return self.look(document);
        }
        let mut shower = Shower::new(self.domain);
        let key = self
            .domain
            .key
            .iter()
            .map(|&field| shower.field(document, &self.domain.fields[field], Place::DATA));
        let key: Vec<Value> = key.collect();
        self.keys.push(filter::key(self.domain, false, &key, &mut Errors::default()));
    }

    fn look(&mut self, document: &RawDocument) {
        let mut members = Members::default();
        of_document(document, self.domain.fields, None, &mut members);
        if !members.is_empty() {
            let fields = self.domain.key.iter().map(|&field| &self.domain.fields[field]);
            let mut key = Vec::new();
            Shower::new(self.domain).write_record(document, fields, Place::DATA, &mut key);
            self.found.push(Unnamed { key, members });
        }
    }

    /// What was found; nothing without a finder.
    pub(crate) async fn finish(
        finder: Option<Self>,
        connection: &Connection,
        limit: Duration,
    ) -> Result<Box<[Unnamed]>, Failure> {
        let Some(mut finder) = finder else { return Ok(Box::default()) };
        let keys = std::mem::take(&mut finder.keys);
        if let (Some(collection), false) = (finder.behind, keys.is_empty()) {
            let more = doc! { "$or": keys, "$nor": [filter::complete(finder.domain)] };
            let mut cursor = connection.raw(collection).find(more).max_time(limit).await?;
            while cursor.advance().await? {
                finder.look(cursor.current());
            }
        }
        Ok(finder.found.into_boxed_slice())
    }
}

/// The members of a document that none of these fields names. At the top level MongoDB's key is known as well.
fn of_document(document: &RawDocument, fields: &[Field], path: Option<&Place<'_>>, members: &mut Members) {
    for element in document.iter_elements() {
        // A member that cannot be read is reported as one that cannot be shown.
        let Ok(element) = element else { return };
        let name = element.key().as_str();
        let place = path.map_or(Place::Root(name), |path| Place::Member(path, name));
        match fields.iter().find(|field| field.column == name) {
            Some(field) => {
                if let Ok(bson) = element.value() {
                    of_value(bson, &field.ty, &place, members);
                }
            }
            None if path.is_none() && name == ID => {}
            None => members.add(place),
        }
    }
}

fn of_value(bson: RawBsonRef<'_>, ty: &Type, place: &Place<'_>, members: &mut Members) {
    match (ty, bson) {
        (Type::Object { fields }, RawBsonRef::Document(document)) => {
            of_document(document, fields, Some(place), members);
        }
        (Type::List { item, .. }, RawBsonRef::Array(array)) => {
            for (index, element) in array.into_iter().enumerate() {
                let Ok(element) = element else { return };
                of_value(element, &item.ty, &Place::Element(place, index), members);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{RawDocumentBuf, doc};

    use super::*;
    use crate::golden::THING;

    #[test]
    fn what_no_field_names_is_found_at_any_depth() {
        let found = |document: &Document| {
            let mut members = Members::default();
            let raw = RawDocumentBuf::try_from(document).unwrap();
            of_document(&raw, THING.fields, None, &mut members);
            members.listed()
        };
        assert_eq!(found(&doc! { "_id": 1, "name": "a", "any": { "b": 1 }, "nested": { "moment": 1 } }), "");
        let document =
            doc! { "secret": 1, "nested": { "moment": 1, "k": 2 }, "prd_price": { "x": 1 }, "price": 1 };
        assert_eq!(found(&document), "`secret`, `nested.k`, `price`");
    }
}
