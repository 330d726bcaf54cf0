//! From the types of columns and parameters, as MariaDB writes them, such as `int(10) unsigned`, to the kind of their
//! values.

use beds_core::inspect::{Kind, Supplied, UNKNOWN};

/// The kind of a type's values.
pub(crate) fn kind(written: &str) -> Kind {
    let text = written.trim();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let base = text[..end].to_ascii_lowercase();
    let rest = &text[end..];
    let (inside, flags) = parentheses(rest);
    let flags = flags.to_ascii_lowercase();
    let unsigned = flags.contains("unsigned") || flags.contains("zerofill");
    let number = |fallback: u32| inside.trim().parse::<u32>().unwrap_or(fallback);
    match base.as_str() {
        "tinyint" if inside.trim() == "1" => flag(unsigned),
        "bool" | "boolean" => flag(false),
        "tinyint" => integer(8, unsigned),
        "smallint" => integer(16, unsigned),
        "mediumint" => integer(24, unsigned),
        "int" | "integer" => integer(32, unsigned),
        "bigint" => integer(64, unsigned),
        "bit" if number(1) == 1 => Kind::Bool,
        "bit" => Kind::Int { min: 0, max: (1_i128 << number(64).min(64)) - 1 },
        "year" => Kind::Year,
        "float" => Kind::Float { unsigned, single: true, digits: rounding(inside) },
        "double" | "real" => Kind::Float { unsigned, single: false, digits: rounding(inside) },
        "decimal" | "numeric" | "dec" | "fixed" => decimal(inside, unsigned),
        "char" | "nchar" => Kind::String { max: number(1), trims: true },
        "varchar" | "nvarchar" => Kind::string(number(1)),
        "tinytext" => Kind::Text { max: 255 },
        "text" => Kind::Text { max: 65_535 },
        "mediumtext" => Kind::Text { max: 16_777_215 },
        "longtext" => Kind::Text { max: u32::MAX },
        "binary" => Kind::Bytes { max: number(1), fixed: true },
        "varbinary" => Kind::Bytes { max: number(1), fixed: false },
        "tinyblob" => Kind::Bytes { max: 255, fixed: false },
        "blob" => Kind::Bytes { max: 65_535, fixed: false },
        "mediumblob" => Kind::Bytes { max: 16_777_215, fixed: false },
        "longblob" => Kind::Bytes { max: u32::MAX, fixed: false },
        "uuid" => Kind::Uuid,
        "inet4" => Kind::string(15),
        "inet6" => Kind::string(45),
        "date" => Kind::Date,
        "time" => Kind::Time { digits: digits(inside) },
        "datetime" | "timestamp" => Kind::DateTime { digits: digits(inside), stamp: base == "timestamp" },
        "enum" => Kind::Enum(values(inside)),
        "set" => Kind::Set(values(inside)),
        "json" => Kind::Json,
        _ => Kind::Beyond(format!("the type `{written}`, which has no form on the wire")),
    }
}

fn flag(unsigned: bool) -> Kind {
    if unsigned { Kind::Flag { min: 0, max: 255 } } else { Kind::Flag { min: -128, max: 127 } }
}

/// The digits of `double(10,3)`; `double` and `float(24)` do not round.
fn rounding(inside: &str) -> Option<(u8, u8)> {
    let (precision, scale) = inside.split_once(',')?;
    Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?))
}

fn integer(bits: u32, unsigned: bool) -> Kind {
    if unsigned {
        Kind::Int { min: 0, max: (1_i128 << bits) - 1 }
    } else {
        Kind::Int { min: -(1_i128 << (bits - 1)), max: (1_i128 << (bits - 1)) - 1 }
    }
}

fn decimal(inside: &str, unsigned: bool) -> Kind {
    let mut digits = inside.split(',').map(|part| part.trim().parse::<u8>().ok());
    let precision = digits.next().flatten().unwrap_or(10);
    let scale = digits.next().flatten().unwrap_or(0);
    Kind::Decimal { precision, scale, unsigned }
}

/// The digits of a second's fraction: `datetime` has none, `datetime(3)` has three.
fn digits(inside: &str) -> u8 {
    inside.trim().parse().unwrap_or(0)
}

/// The values of an enum or a set. The catalogue shows a character of four bytes as `?`, so a `?` proves nothing.
fn values(inside: &str) -> Vec<String> {
    strings(inside).into_iter().map(|value| value.replace('?', UNKNOWN)).collect()
}

/// The content of the parentheses at the start of a text, and the text after them.
fn parentheses(text: &str) -> (&str, &str) {
    let Some(open) = text.trim_start().strip_prefix('(') else { return ("", text) };
    let mut quoted = false;
    for (at, c) in open.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            ')' if !quoted => return (&open[..at], &open[at + 1..]),
            _ => {}
        }
    }
    (open, "")
}

/// The strings of `'a','it''s'`, with the escapes that MariaDB writes.
fn strings(text: &str) -> Vec<String> {
    let mut strings = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\'' {
            continue;
        }
        let mut string = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\'' if chars.peek() == Some(&'\'') => {
                    chars.next();
                    string.push('\'');
                }
                '\'' => break,
                '\\' => string.extend(chars.next().map(unescaped)),
                c => string.push(c),
            }
        }
        strings.push(string);
    }
    strings
}

/// The character that an escape with `\` stands for.
const fn unescaped(c: char) -> char {
    match c {
        '0' => '\0',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'Z' => '\u{1a}',
        c => c,
    }
}

/// The default of a column, from `information_schema.columns`. MariaDB writes an expression: `'text'`, `7`, `NULL`,
/// `current_timestamp()`.
pub(super) fn supplied(default: Option<&str>, extra: &str, generation: Option<&str>) -> Supplied {
    let extra = extra.to_ascii_lowercase();
    if let Some(expression) = generation.filter(|expression| !expression.is_empty()) {
        return Supplied::Computed(expression.to_owned());
    }
    if extra.contains("auto_increment") {
        return Supplied::Counter;
    }
    let default = default.map(str::trim);
    // A moment that each update sets is not for the client to give, whatever a new record has.
    if extra.contains("on update") {
        return Supplied::Expression(default.unwrap_or("on update").to_owned());
    }
    let Some(default) = default else { return Supplied::Nothing };
    if default.eq_ignore_ascii_case("null") {
        return Supplied::Nothing;
    }
    if default.starts_with('\'') && default.ends_with('\'') && default.len() > 1 {
        return Supplied::Constant(strings(default).into_iter().next().unwrap_or_default());
    }
    if default.parse::<f64>().is_ok_and(f64::is_finite) {
        return Supplied::Constant(default.to_owned());
    }
    if let Some(bits) = default.strip_prefix("b'").and_then(|rest| rest.strip_suffix('\'')) {
        return Supplied::Constant(u64::from_str_radix(bits, 2).unwrap_or_default().to_string());
    }
    Supplied::Expression(default.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_mariadb_writes_them() {
        let cases = [
            ("tinyint(1)", Kind::Flag { min: -128, max: 127 }),
            ("tinyint(1) unsigned", Kind::Flag { min: 0, max: 255 }),
            ("tinyint(3) unsigned", Kind::Int { min: 0, max: 255 }),
            ("bigint(20) unsigned", Kind::Int { min: 0, max: i128::from(u64::MAX) }),
            ("mediumint(9)", Kind::Int { min: -8_388_608, max: 8_388_607 }),
            ("bit(5)", Kind::Int { min: 0, max: 31 }),
            ("bit(1)", Kind::Bool),
            ("year(4)", Kind::Year),
            ("decimal(65,30) unsigned", Kind::Decimal { precision: 65, scale: 30, unsigned: true }),
            ("double", Kind::float(false, false)),
            ("float unsigned", Kind::float(true, true)),
            ("double(10,1)", Kind::Float { unsigned: false, single: false, digits: Some((10, 1)) }),
            ("float(7,2)", Kind::Float { unsigned: false, single: true, digits: Some((7, 2)) }),
            ("varchar(40)", Kind::string(40)),
            ("char(0)", Kind::String { max: 0, trims: true }),
            ("char", Kind::String { max: 1, trims: true }),
            ("varbinary(0)", Kind::Bytes { max: 0, fixed: false }),
            ("enum('a','it''s','x)y')", Kind::Enum(vec!["a".into(), "it's".into(), "x)y".into()])),
            (r"enum('l1\nl2','a\0b','q\\n','\Z','?')", {
                Kind::Enum(["l1\nl2", "a\0b", "q\\n", "\u{1a}", UNKNOWN].map(str::to_owned).to_vec())
            }),
            ("set('r','w')", Kind::Set(vec!["r".into(), "w".into()])),
            ("binary(16)", Kind::Bytes { max: 16, fixed: true }),
            ("timestamp(6)", Kind::DateTime { digits: 6, stamp: true }),
            ("datetime(3)", Kind::moment(3)),
            ("time", Kind::Time { digits: 0 }),
            ("int(5) unsigned zerofill", Kind::Int { min: 0, max: 4_294_967_295 }),
        ];
        for (written, expected) in cases {
            assert_eq!(kind(written), expected, "{written}");
        }
        assert!(matches!(kind("point"), Kind::Beyond(_)));
    }

    #[test]
    fn defaults_are_told_apart() {
        assert_eq!(supplied(Some("'it''s'"), "", None), Supplied::Constant("it's".into()));
        assert_eq!(supplied(Some(r"'l1\nl2'"), "", None), Supplied::Constant("l1\nl2".into()));
        assert_eq!(supplied(Some("NULL"), "", None), Supplied::Nothing);
        assert_eq!(supplied(Some("0.00"), "", None), Supplied::Constant("0.00".into()));
        assert_eq!(supplied(Some("b'101'"), "", None), Supplied::Constant("5".into()));
        assert_eq!(
            supplied(Some("current_timestamp()"), "on update current_timestamp()", None),
            Supplied::Expression("current_timestamp()".into())
        );
        assert_eq!(
            supplied(Some("'2020-01-01 00:00:00'"), "on update current_timestamp()", None),
            Supplied::Expression("'2020-01-01 00:00:00'".into())
        );
        assert_eq!(supplied(None, "auto_increment", None), Supplied::Counter);
        assert_eq!(supplied(None, "STORED GENERATED", Some("`a` + 1")), Supplied::Computed("`a` + 1".into()));
    }
}
