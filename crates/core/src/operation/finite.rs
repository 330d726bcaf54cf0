//! Finds numbers that JSON lacks in the result of a Rust function. Otherwise the serializer of JSON would write them as
//! null without notice.

use std::fmt::{self, Display};

use serde::{Serialize, Serializer, ser};

/// Whether a value has no NaN and no infinity anywhere.
///
/// # Errors
/// What it found instead.
pub(super) fn check(value: &impl Serialize) -> Result<(), Odd> {
    value.serialize(Finite)
}

/// Why a value has no form in JSON.
#[derive(Debug)]
pub(super) struct Odd(String);

impl Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Odd {}

impl ser::Error for Odd {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Visits a value and writes nothing.
#[derive(Clone, Copy)]
struct Finite;

/// Values without a part that could be a number with a fraction.
macro_rules! plain {
    ($($name:ident($($ty:ty),*);)*) => {
        $(fn $name(self, $(_: $ty),*) -> Result<(), Odd> {
            Ok(())
        })*
    };
}

impl Serializer for Finite {
    type Ok = ();
    type Error = Odd;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    plain! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_f32(self, value: f32) -> Result<(), Odd> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Odd> {
        if value.is_finite() { Ok(()) } else { Err(Odd(format!("the number {value}"))) }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Odd> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Odd> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Odd> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Odd> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Odd> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Odd> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Odd> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Odd> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Odd> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Odd> {
        Ok(self)
    }
}

/// The parts of values that have parts.
macro_rules! parts {
    ($($kind:ident: $name:ident($($ty:ty),*);)*) => {
        $(impl ser::$kind for Finite {
            type Ok = ();
            type Error = Odd;

            fn $name<T: Serialize + ?Sized>(&mut self, $(_: $ty,)* value: &T) -> Result<(), Odd> {
                value.serialize(*self)
            }

            fn end(self) -> Result<(), Odd> {
                Ok(())
            }
        })*
    };
}

parts! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeStruct: serialize_field(&'static str);
    SerializeStructVariant: serialize_field(&'static str);
}

impl ser::SerializeMap for Finite {
    type Ok = ();
    type Error = Odd;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Odd> {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Odd> {
        value.serialize(*self)
    }

    fn end(self) -> Result<(), Odd> {
        Ok(())
    }
}
