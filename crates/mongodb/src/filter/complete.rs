//! The documents whose members are all named in the template.

use beds_core::spec::{Domain, Field, Type};
use mongodb::bson::{Document, doc};

/// The condition that a document has no other members, nested ones included.
pub(crate) fn complete(domain: &Domain) -> Document {
    let mut schema = closed(domain.fields);
    if let Ok(properties) = schema.get_document_mut("properties") {
        // Every document has an `_id`.
        properties.entry("_id".to_owned()).or_insert_with(|| Document::new().into());
    }
    doc! { "$jsonSchema": schema }
}

/// The schema of objects with these members and no others. It accepts every value that is no object.
fn closed(fields: &[Field]) -> Document {
    let properties: Document =
        fields.iter().map(|field| (field.column.to_owned(), schema(&field.ty).into())).collect();
    doc! { "additionalProperties": false, "properties": properties }
}

fn schema(ty: &Type) -> Document {
    match ty {
        Type::Object { fields } => closed(fields),
        Type::List { item, .. } => match schema(&item.ty) {
            any if any.is_empty() => any,
            items => doc! { "items": items },
        },
        _ => Document::new(),
    }
}
