//! [`Record`]: the struct of a domain as the list of its members, and what follows from it: serde's traits and `Debug`.
//!
//! serde's own derive costs the compiler twice as much as all the rest of a domain. Generated code only lists the
//! members, in [`record!`](crate::record!). Values are converted through JSON, since the wire has JSON.

use std::{fmt, vec};

use serde::{
    Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
    ser::{Error as _, SerializeStruct},
};
use serde_json::Value as Json;

use crate::{
    error,
    mask::MASK,
    namaste::NamasteCore,
    outcome::Outcome,
    spec::{Domain, Field},
};

impl Outcome {
    /// The record that was read, or the records, or the value of a call, as a type of Rust.
    ///
    /// # Errors
    /// `internal`, if the type cannot hold it.
    pub fn read<T: DeserializeOwned>(&self) -> error::Result<T> {
        serde_json::from_slice(self.data.as_deref().unwrap_or(b"null"))
            .map_err(|error| error::Error::internal(format!("the data of a reply cannot be read: {error}")))
    }
}

/// The struct of a domain, with a member for each field.
pub trait Record: NamasteCore + Sized {
    /// Its members, in the order of the domain's fields.
    fn members(&self) -> Vec<&dyn Member>;

    /// A record, whose members are taken in the order of the domain's fields.
    fn read(members: &mut Members) -> Self;
}

/// A member of a record, whatever its type is.
pub trait Member: fmt::Debug {
    /// Its value on the wire.
    ///
    /// # Errors
    /// If it has no value on the wire.
    fn to_json(&self) -> serde_json::Result<Json>;
}

impl<T: Serialize + fmt::Debug> Member for T {
    fn to_json(&self) -> serde_json::Result<Json> {
        serde_json::to_value(self)
    }
}

/// The members of a record that is being read, in the order of the domain's fields.
///
/// Errors are kept until all members are taken, so that a record needs no `?` for each of its members.
#[derive(Debug)]
pub struct Members {
    values: vec::IntoIter<(&'static Field, Option<Json>)>,
    error: Option<String>,
}

impl Members {
    /// Takes the next member. A missing member is null, if its type allows that.
    pub fn take<T: DeserializeOwned + Default>(&mut self) -> T {
        let Some((field, value)) = self.values.next() else { return T::default() };
        let is_there = value.is_some();
        T::deserialize(value.unwrap_or_default()).unwrap_or_else(|error| {
            let name = field.name;
            self.error.get_or_insert_with(|| {
                if is_there { format!("field `{name}`: {error}") } else { format!("missing field `{name}`") }
            });
            T::default()
        })
    }
}

/// Writes a record.
///
/// # Errors
/// The serializer's errors, and the error of a member without a value on the wire.
pub fn serialize<R: Record, S: Serializer>(record: &R, serializer: S) -> Result<S::Ok, S::Error> {
    let domain = R::domain();
    let mut object = serializer.serialize_struct(domain.name, domain.fields.len())?;
    for (field, member) in domain.fields.iter().zip(record.members()) {
        object.serialize_field(field.name, &member.to_json().map_err(S::Error::custom)?)?;
    }
    object.end()
}

/// Reads a record. Members that the domain does not have are ignored.
///
/// # Errors
/// The deserializer's errors, and the error of a member that occurs twice, is missing or has another type.
pub fn deserialize<'de, R: Record, D: Deserializer<'de>>(deserializer: D) -> Result<R, D::Error> {
    let values = deserializer.deserialize_map(Object(R::domain()))?.into_iter();
    let mut members = Members { values, error: None };
    let record = R::read(&mut members);
    members.error.map_or(Ok(record), |error| Err(D::Error::custom(error)))
}

/// Shows a record to programmers, with a mask for sensitive values.
///
/// # Errors
/// What the formatter says.
pub fn debug<R: Record>(record: &R, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    for (field, member) in R::domain().fields.iter().zip(record.members()) {
        if field.sensitive {
            shown.field(field.name, &MASK);
        } else {
            shown.field(field.name, &member);
        }
    }
    shown.finish()
}

/// Makes the struct of a domain a [`Record`] with these members, and gives it serde's traits and `Debug`:
/// `record!(Product { id, sku })`.
#[doc(hidden)]
#[macro_export]
macro_rules! record {
    ($record:ident { $($member:ident),* }) => {
        // Inlined, so that a function that nobody uses is not compiled.
        impl $crate::record::Record for $record {
            #[inline]
            fn members(&self) -> ::std::vec::Vec<&dyn $crate::record::Member> {
                ::std::vec![$(&self.$member),*]
            }

            #[inline]
            #[allow(unused_variables)]
            fn read(members: &mut $crate::record::Members) -> Self {
                Self { $($member: members.take()),* }
            }
        }

        impl $crate::__serde::Serialize for $record {
            fn serialize<S: $crate::__serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::record::serialize(self, serializer)
            }
        }

        impl<'de> $crate::__serde::Deserialize<'de> for $record {
            fn deserialize<D: $crate::__serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::record::deserialize(deserializer)
            }
        }

        impl ::std::fmt::Debug for $record {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::record::debug(self, ::std::stringify!($record), f)
            }
        }
    };
}

/// Visits an object with the fields of a domain.
struct Object(&'static Domain);

impl<'de> Visitor<'de> for Object {
    type Value = Vec<(&'static Field, Option<Json>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a record of `{}`", self.0.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values: Self::Value = self.0.fields.iter().map(|field| (field, None)).collect();
        while let Some((name, value)) = map.next_entry::<String, Json>()? {
            let Some((field, place)) = values.iter_mut().find(|(field, _)| field.name == name) else {
                continue;
            };
            if place.replace(value).is_some() {
                return Err(A::Error::duplicate_field(field.name));
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use beds_protocol::value::{DateTime, Decimal};
    use serde_json::json;

    use super::*;
    use crate::spec::Type;

    struct Product {
        sku: String,
        r#type: Option<String>,
        price: Decimal,
        made: DateTime,
        tags: Vec<String>,
        secret: Option<i64>,
    }

    static FIELDS: [Field; 6] = [
        Field::new("sku", "sku", Type::string(0, 255)),
        Field::new("type", "type", Type::string(0, 255)).nullable(),
        Field::new("price", "price", Type::decimal(12, 2, None, None)),
        Field::new("made", "made", Type::DateTime),
        Field::new("tags", "tags", Type::Json),
        Field::new("secret", "secret", Type::INT).nullable().sensitive(),
    ];
    static DOMAIN: Domain = Domain::new("product", "", "").fields(&FIELDS);

    impl NamasteCore for Product {
        fn domain() -> &'static Domain {
            &DOMAIN
        }
    }

    crate::record!(Product { sku, r#type, price, made, tags, secret });

    const WIRE: &str =
        r#"{"sku":"A","type":null,"price":"1.50","made":"2026-01-31T08:30:00Z","tags":["x"],"secret":7}"#;

    #[test]
    fn a_record_is_written_as_it_is_read() {
        let product: Product = serde_json::from_str(WIRE).unwrap();
        assert_eq!((&*product.sku, product.price.as_str(), product.secret), ("A", "1.50", Some(7)));
        assert_eq!(serde_json::to_string(&product).unwrap(), WIRE);
    }

    #[test]
    fn what_may_be_null_may_be_absent_and_what_is_unknown_is_ignored() {
        let mut wire: Json = serde_json::from_str(WIRE).unwrap();
        let members = wire.as_object_mut().unwrap();
        members.retain(|name, _| !["type", "secret"].contains(&name.as_str()));
        members.insert("new".to_owned(), json!([1]));
        let product: Product = serde_json::from_value(wire).unwrap();
        assert_eq!((product.r#type, product.secret), (None, None));
    }

    #[test]
    fn a_record_that_is_none_is_refused_with_the_first_reason() {
        let cases = [
            (WIRE.replace("\"A\"", "5"), "field `sku`: invalid type: integer `5`, expected a string"),
            (WIRE.replace("1.50", "much"), "field `price`: must be a decimal number such as \"12.50\""),
            (WIRE.replace("\"tags\"", "\"labels\"").replace("\"made\"", "\"at\""), "missing field `made`"),
            (WIRE.replace("\"type\"", "\"sku\""), "duplicate field `sku`"),
            ("[]".to_owned(), "invalid type: sequence, expected a record of `product`"),
        ];
        for (wire, reason) in cases {
            let error = serde_json::from_str::<Product>(&wire).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }

    #[test]
    fn what_is_sensitive_is_not_shown() {
        let product: Product = serde_json::from_str(WIRE).unwrap();
        let shown = format!("{product:?}");
        assert!(shown.starts_with("Product { sku: \"A\", type: None, price: "), "{shown}");
        assert!(shown.ends_with("secret: \"***\" }") && !shown.contains('7'), "{shown}");
    }
}
