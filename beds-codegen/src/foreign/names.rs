//! The names of foreign types.

use beds_protocol::TypeName;

use super::{
    Foreign,
    sql::{Argument, Modifiers},
};
use crate::names::quoted;

/// The most characters of a `string`. A longer string is a `text`.
const STRING_MAX: u64 = 65_535;
/// The most that a `text` or `bytes` may have.
const LONGEST: u64 = 4_294_967_295;

/// The translation of a name with its arguments.
pub(super) fn base(name: &str, arguments: &[Argument], modifiers: &mut Modifiers) -> Option<Foreign> {
    let number = |at: usize| arguments.get(at).and_then(Argument::number).map(|(number, _)| number);
    let of = Foreign::new;
    if is_greatest(arguments) {
        return greatest(name);
    }
    Some(match name {
        "tinyint" | "int1" if number(0) == Some(1) => of(TypeName::Bool),
        "bit" if number(0).unwrap_or(1) == 1 => of(TypeName::Bool),
        "bool" | "boolean" | "logical" | "booleanfield" | "nullbooleanfield" => of(TypeName::Bool),
        "bit" => match number(0) {
            Some(bits @ 2..=62) => of(TypeName::Int).key("min", 0).key("max", (1_u64 << bits) - 1),
            _ => of(TypeName::Int).key("unsigned", true),
        },
        "decimal" | "numeric" | "dec" | "fixed" | "number" if !arguments.is_empty() => {
            // `8 3` and `8:3` mean two numbers.
            match number(0) {
                Some(precision) => decimal(precision, number(1).unwrap_or(0)),
                None => numbers_of(arguments).map_or_else(
                    || decimal(10, 0),
                    |(precision, scale)| decimal(precision, scale.unwrap_or(0)),
                ),
            }
        }
        "numeric" | "dec" | "fixed" | "decimal" | "decimalfield" => {
            decimal(10, 0).unsure("`precision` counts all digits, `scale` those after the point")
        }
        "money" | "currency" | "smallmoney" => {
            decimal(19, 4).unsure("`precision` counts all digits, `scale` those after the point")
        }
        "decimal128" | "numberdecimal" | "bigdecimal" | "bignumeric" | "big_decimal" => {
            decimal(34, 4).unsure("`precision` counts all digits, `scale` those after the point")
        }
        "autofield" | "bigautofield" | "smallautofield" | "serial" | "bigserial" | "smallserial"
        | "identity" | "autoincrement" | "auto_increment" => {
            of(TypeName::Int).key("generated", "\"database\"")
        }
        "rowversion" => of(TypeName::Int)
            .key("version", "true")
            .unsure("a version is a number to which the database adds one at every change"),
        "number" => of(TypeName::Float)
            .unsure("whole numbers are `int`, amounts of money `decimal` with `precision` and `scale`"),
        // It also accepts 0.
        "year" => of(TypeName::Int).key("min", 0).key("max", 2155),
        "enum" if arguments.is_empty() => {
            of(TypeName::Enum).key("values", "[\"…\"]").unsure("`values` are the words that are allowed")
        }
        "enum" if arguments.iter().all(|value| value.is_quoted) => {
            of(TypeName::Enum).key("values", list(arguments))
        }
        "enum" => of(TypeName::Enum)
            .key("values", list(arguments))
            .unsure("`values` are texts; see that each is one that the column has"),
        "set" if arguments.is_empty() => of(TypeName::String).unsure(
            "the value of a column SET is one text, with commas; in MongoDB write `list` with `items`",
        ),
        "set" => of(TypeName::String)
            .key(
                "max",
                arguments.iter().map(|value| value.text.chars().count() + 1).sum::<usize>().saturating_sub(1),
            )
            .noted("the value of a column SET is one text, with commas"),
        "char" | "character" if number(0) == Some(36) => {
            of(TypeName::Uuid).unsure("if its values are not UUIDs, write `string` with `max = 36`")
        }
        "binary" if number(0) == Some(16) => {
            of(TypeName::Bytes).key("max", 16).unsure("if its values are UUIDs, write `uuid`")
        }
        "objectid" | "object_id" | "oid" => of(TypeName::ObjectId),
        "array" | "vec" | "tuple" | "sequence" | "collection" | "list" if arguments.len() == 1 => {
            let item = arguments.first().filter(|item| !item.is_quoted)?;
            super::wrapped(&item.text, "list")?
        }
        "array" | "vec" | "tuple" | "sequence" | "collection" if arguments.is_empty() => {
            of(TypeName::List).key("items", "\"string\"").unsure("`items` is the type of each item")
        }
        "document" | "map" | "struct" | "record" | "dict" | "dictionary" | "hashmap" | "hash"
        | "embedded" | "subdocument" => of(TypeName::Object)
            .key("fields", "{ name = \"string\" }")
            .unsure("`fields` are its members; an object of any shape is `json`"),
        "interval" | "duration" | "timespan" => of(TypeName::Int)
            .unsure("write a `time` for hours, minutes and seconds, or an `int` for a number of them"),
        "point" | "geometry" | "polygon" | "linestring" | "geography" | "multipoint"
        | "geometrycollection" => of(TypeName::String)
            .unsure("there is no type for places: let the view give their text, with `st_astext`"),
        _ => {
            return integer(name, modifiers).or_else(|| text(name, number(0))).or_else(|| moment(name));
        }
    })
}

/// `varchar(max)`
pub(super) fn is_greatest(arguments: &[Argument]) -> bool {
    matches!(arguments, [only] if !only.is_quoted && only.text.eq_ignore_ascii_case("max"))
}

/// The types for the longest texts and bytes.
fn greatest(name: &str) -> Option<Foreign> {
    let ty = match text(name, None)?.ty {
        TypeName::String | TypeName::Text => TypeName::Text,
        TypeName::Bytes => TypeName::Bytes,
        _ => return None,
    };
    Some(Foreign::new(ty).key("max", LONGEST))
}

/// The first two numbers in parentheses, whatever separates them.
fn numbers_of(arguments: &[Argument]) -> Option<(u64, Option<u64>)> {
    let digits =
        arguments.iter().flat_map(|argument| argument.text.split(|letter: char| !letter.is_ascii_digit()));
    let mut numbers = digits.filter_map(|digits| digits.parse().ok());
    Some((numbers.next()?, numbers.next()))
}

fn decimal(precision: u64, scale: u64) -> Foreign {
    let ty = Foreign::new(TypeName::Decimal);
    let is_possible = (1..=65).contains(&precision) && scale <= 38 && scale <= precision;
    if is_possible {
        return ty.key("precision", precision).key("scale", scale);
    }
    ty.key("precision", "…").key("scale", "…").unsure(
        "such a column is not possible: `precision` is at most 65, and `scale` at most 38 and not above `precision`",
    )
}

fn list(values: &[Argument]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| quoted(&value.text)).collect();
    format!("[{}]", quoted.join(", "))
}

fn integer(name: &str, modifiers: &mut Modifiers) -> Option<Foreign> {
    let of_bits = |bits: u32, is_unsigned: bool| {
        let (min, max) = if is_unsigned {
            (0, (1_i64 << bits) - 1)
        } else {
            (-1_i64 << (bits - 1), (1_i64 << (bits - 1)) - 1)
        };
        Some(Foreign::new(TypeName::Int).key("min", min).key("max", max))
    };
    // A type with fewer bits than SQL's `int` gets bounds, which also say whether it is signed.
    let signed = |modifiers: &mut Modifiers, bits| of_bits(bits, std::mem::take(&mut modifiers.is_unsigned));
    match name {
        "tinyint" | "int1" | "i8" => signed(modifiers, 8),
        "smallint" | "int2" | "int16" | "i16" | "short" | "smallintegerfield" => signed(modifiers, 16),
        "mediumint" | "int3" | "middleint" => signed(modifiers, 24),
        "u8" | "uint8" => of_bits(8, true),
        "u16" | "uint16" => of_bits(16, true),
        "positivesmallintegerfield" => of_bits(15, true),
        "int" | "integer" | "bigint" | "int4" | "int8" | "int32" | "int64" | "i32" | "i64" | "i128"
        | "isize" | "numberlong" | "numberint" | "long" | "byte" | "whole" | "long integer"
        | "integerfield" | "bigintegerfield" | "biginteger" => Some(Foreign::new(TypeName::Int)),
        "u32"
        | "u64"
        | "u128"
        | "usize"
        | "uint"
        | "uint32"
        | "uint64"
        | "unsigned"
        | "unsigned int"
        | "unsigned integer"
        | "unsigned bigint"
        | "uint4"
        | "positiveintegerfield"
        | "positivebigintegerfield" => {
            modifiers.is_unsigned = true;
            Some(Foreign::new(TypeName::Int))
        }
        "double" | "double precision" | "real" | "float" | "float4" | "float8" | "f32" | "f64" | "single"
        | "floatfield" => Some(Foreign::new(TypeName::Float)),
        _ => None,
    }
}

fn text(name: &str, length: Option<u64>) -> Option<Foreign> {
    let sized = |ty: TypeName, max: u64| Foreign::new(ty).key("max", max);
    Some(match name {
        "varchar" | "char" | "nvarchar" | "nchar" | "varchar2" | "nvarchar2" | "character"
        | "character varying" | "string" | "str" | "&str" | "bpchar" | "charfield" => match length {
            Some(max) if max > STRING_MAX => sized(TypeName::Text, max),
            Some(max) if max > 0 => sized(TypeName::String, max),
            _ => Foreign::new(TypeName::String),
        },
        "password" | "secret" => Foreign::new(TypeName::String)
            .key("sensitive", true)
            .unsure("there is no type for secrets: leave the field out of the template if no client reads or writes it"),
        "email" | "url" | "uri" | "hostname" | "phone" | "symbol" | "inet" | "inet4"
        | "inet6" | "ip" | "slug" | "citext" | "slugfield" | "emailfield" | "urlfield" => Foreign::new(TypeName::String),
        "textfield" | "text" | "clob" | "ntext" | "nclob" | "xml" => match length {
            Some(max) if max > 0 => sized(TypeName::Text, max),
            _ if matches!(name, "clob" | "ntext" | "nclob") => sized(TypeName::Text, LONGEST),
            _ => Foreign::new(TypeName::Text),
        },
        "tinytext" => sized(TypeName::Text, 255),
        "mediumtext" => sized(TypeName::Text, 16_777_215),
        "longtext" => sized(TypeName::Text, LONGEST),
        "binary" | "varbinary" | "blob" | "bytea" | "bindata" | "bytes" | "buffer" | "image" | "raw"
        | "file" | "base64" | "binaryfield" => match length {
            Some(max) if max > 0 => sized(TypeName::Bytes, max),
            _ if name == "image" => sized(TypeName::Bytes, LONGEST),
            _ => Foreign::new(TypeName::Bytes),
        },
        "tinyblob" => sized(TypeName::Bytes, 255),
        "mediumblob" => sized(TypeName::Bytes, 16_777_215),
        "longblob" => sized(TypeName::Bytes, LONGEST),
        "guid" | "uniqueidentifier" | "uuidv4" | "uuidv7" | "uuid_v4" | "uuid_v7" | "uuid" | "uuidfield" => {
            Foreign::new(TypeName::Uuid)
        }
        "jsonfield" | "jsonb" | "json" | "bson" | "any" | "mixed" | "variant" | "value" | "hstore" => {
            Foreign::new(TypeName::Json)
        }
        _ => return None,
    })
}

fn moment(name: &str) -> Option<Foreign> {
    if name == "date" {
        let help = "a `Date` of MongoDB or JavaScript is a `datetime`";
        return Some(Foreign::new(TypeName::Date).unsure(help));
    }
    let ty = match name {
        "datefield" | "localdate" | "naivedate" => TypeName::Date,
        "timefield"
        | "time"
        | "localtime"
        | "naivetime"
        | "time with time zone"
        | "time without time zone"
        | "timetz" => TypeName::Time,
        "datetime"
        | "timestamp"
        | "timestamptz"
        | "timestamp with time zone"
        | "timestamp without time zone"
        | "datetime2"
        | "datetimeoffset"
        | "smalldatetime"
        | "date-time"
        | "date_time"
        | "isodate"
        | "instant"
        | "naivedatetime"
        | "datetime<utc>"
        | "offsetdatetime"
        | "localdatetime"
        | "zoneddatetime"
        | "datetimefield" => TypeName::DateTime,
        _ => return None,
    };
    Some(Foreign::new(ty))
}
