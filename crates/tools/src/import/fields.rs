//! Turns columns into fields.

use beds_core::inspect::{Column, Evidence, Kind, Relation, RelationKind, Supplied, same_word};
use beds_protocol::{
    shown,
    value::{Date, DateTime, Time},
};

use crate::keeps::bounded_by_bytes;

use super::{
    literal::string,
    names::{Taken, spelled},
    types::{ENTRIES_MAX, Lost, Place, Ty, YEARS, typed},
};

/// A field of a template.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) column: Column,
    pub(super) ty: Ty,
    pub(super) key: bool,
    pub(super) unique: bool,
    pub(super) version: bool,
    pub(super) sensitive: bool,
    pub(super) supply: Supply,
    pub(super) notes: Vec<String>,
}

/// Where the value of a new record comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Supply {
    Required,
    Optional,
    /// In TOML.
    Default(String),
    Database,
}

impl Field {
    /// Whether a client may give the field, in `create` or `update`.
    pub(super) fn is_settable(&self) -> bool {
        self.supply != Supply::Database && !self.version
    }
}

/// The fields of a relation, and what of it no template can express. `told_apart` are the columns of its unique
/// indexes.
pub(super) fn fields(relation: &Relation, told_apart: &[&str]) -> (Vec<Field>, Lost) {
    let mut taken = Taken::default();
    let (mut fields, mut lost) = (Vec::new(), Lost::default());
    for column in &relation.columns {
        if fields.len() == ENTRIES_MAX {
            lost.left_out.push(format!("columns after the {ENTRIES_MAX}th: a template has no more fields"));
            break;
        }
        if let Some(rule) = unnameable(&column.name, relation) {
            lost.left_out.push(format!("column {}: {rule}", shown(&column.name)));
            continue;
        }
        let column = counted(column, told_apart);
        let mut place = Place { rules: &relation.rules, path: vec![column.name.clone()], lost: &mut lost };
        match typed(&column.kind, &mut place) {
            Ok(ty) => {
                let name = taken.field(&column.name, &format!("column_{}", spelled(&column.name)));
                fields.push(field(name, &column, ty, relation));
            }
            Err(why) => {
                lost.left_out.push(format!("column {}: {why}{}", shown(&column.name), hint(&column.written)));
            }
        }
    }
    (fields, lost)
}

/// A column, as an integer if it only looks like a boolean: 1 and 2 are two records, or a new record has another number
/// than 0 and 1.
fn counted(column: &Column, told_apart: &[&str]) -> Column {
    let mut column = column.clone();
    if let Kind::Flag { min, max } = column.kind {
        let is_told_apart = told_apart.iter().any(|other| same_word(other, &column.name));
        let has_other =
            matches!(&column.default, Supplied::Constant(text) if !matches!(text.trim(), "0" | "1"));
        if is_told_apart || has_other {
            column.kind = Kind::Int { min, max };
        }
    }
    column
}

/// What to do about a type that has no counterpart on the wire.
fn hint(written: &str) -> &'static str {
    const SHAPES: &[&str] = &["geometry", "point", "linestring", "polygon"];
    if SHAPES.iter().any(|shape| written.to_lowercase().contains(shape)) {
        "; a view with ST_AsText(…) or ST_AsGeoJSON(…) can show it"
    } else {
        ""
    }
}

/// Why a template cannot name a column.
fn unnameable(name: &str, relation: &Relation) -> Option<&'static str> {
    let is_document = is_document(relation);
    if name.is_empty() || name.contains('\0') {
        Some("this name is not allowed in a template")
    } else if is_document && (name.contains('.') || name.starts_with('$')) {
        Some("a name with `.` or `$` cannot be queried")
    } else {
        None
    }
}

/// Whether the relation has documents: a collection, or a view of MongoDB. Only its documents and validators show its
/// shape.
fn is_document(relation: &Relation) -> bool {
    relation.kind == RelationKind::Collection || relation.evidence != Evidence::Declared
}

fn field(name: String, column: &Column, ty: Ty, relation: &Relation) -> Field {
    let mut notes: Vec<String> = ty.note.clone().into_iter().collect();
    if let (Evidence::Sample { documents }, Some(seen)) = (relation.evidence, column.seen) {
        let s = if documents == 1 { "" } else { "s" };
        notes.push(format!("seen in {} of {} document{s}", thousands(seen), thousands(documents)));
    }
    if ty.name == "decimal" && is_document(relation) {
        notes.push(
            "a Decimal128 has 34 digits anywhere: `precision` and `scale` bound what clients write, and replies show what is \
             stored"
                .to_owned(),
        );
    }
    if let Some((bytes, width)) = bounded_by_bytes(column) {
        notes.push(format!(
            "its column keeps {} bytes, and a character has up to {width}: the database refuses longer texts",
            thousands(bytes.into())
        ));
    }
    let supply = supply(column, &ty, &mut notes);
    let unique = ty.is_indexable()
        && relation.indexes.iter().any(|index| {
            index.unique
                && !index.primary
                && index.whole
                && index.columns.len() == 1
                && index.columns[0] == column.name
        });
    Field {
        key: false,
        unique,
        version: false,
        sensitive: is_secret(&name),
        supply,
        notes,
        name,
        column: column.clone(),
        ty,
    }
}

/// 12,345
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Names of columns whose values must not appear in a log.
fn is_secret(name: &str) -> bool {
    const SECRETS: &[&str] =
        &["password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "ssn", "cvv", "pin"];
    name.split('_').any(|word| SECRETS.contains(&word)) || name == "api_key" || name == "user_pass"
}

/// Whether a member has only types that no value on the wire can become.
pub(super) fn is_unwritable(column: &Column) -> bool {
    const TYPES: [&str; 9] = [
        "regex",
        "timestamp",
        "javascript",
        "javascriptWithScope",
        "symbol",
        "dbPointer",
        "minKey",
        "maxKey",
        "undefined",
    ];
    matches!(&column.kind, Kind::Mixed(types) if types.iter().all(|name| TYPES.contains(&name.as_str())))
}

fn supply(column: &Column, ty: &Ty, notes: &mut Vec<String>) -> Supply {
    if is_unwritable(column) {
        notes.push("clients cannot write it: no value on the wire becomes one of these types".to_owned());
        return Supply::Database;
    }
    match &column.default {
        Supplied::Counter | Supplied::Expression(_) => Supply::Database,
        Supplied::Computed(expression) => {
            notes.push(format!("computed by the database: {}", shortened(expression)));
            Supply::Database
        }
        Supplied::Constant(text) => {
            if let Some(value) = constant(text, &column.kind, ty) {
                return Supply::Default(value);
            }
            if text.starts_with("0000-00-00") {
                notes.push("its default is a date of zero, which clients get as null".into());
                return Supply::Required;
            }
            // A value that a client leaves out would become null, which is another value.
            let shown = shortened(&format!("'{text}'"));
            notes.push(format!("its default {shown} cannot be written in a template"));
            Supply::Required
        }
        Supplied::Nothing if column.nullable => Supply::Optional,
        Supplied::Nothing => Supply::Required,
    }
}

fn shortened(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() > 80 { format!("{}…", line.chars().take(79).collect::<String>()) } else { line }
}

/// A column's default in TOML, if it is a value of the type.
fn constant(text: &str, kind: &Kind, ty: &Ty) -> Option<String> {
    match (ty.name, kind) {
        ("bool", _) => match text.trim() {
            "0" => Some("false".into()),
            "1" => Some("true".into()),
            _ => None,
        },
        ("int", Kind::Year) => {
            let is_year = |year: &i32| *year == 0 || (YEARS.0..=YEARS.1).contains(year);
            let year = text.trim().parse().ok().filter(is_year)?;
            Some(year.to_string())
        }
        ("int", Kind::Int { min, max }) => {
            let value: i128 = text.trim().parse().ok()?;
            let fits = (*min..=*max).contains(&value) && i64::try_from(value).is_ok();
            fits.then(|| value.to_string())
        }
        ("float", _) => {
            let value: f64 = text.trim().parse().ok().filter(|value: &f64| value.is_finite())?;
            Some(if value.fract() == 0.0 { format!("{value:.1}") } else { value.to_string() })
        }
        ("decimal", _) => {
            let is_plain =
                text.trim().trim_start_matches('-').chars().all(|c| c.is_ascii_digit() || c == '.');
            (is_plain && !text.is_empty()).then(|| string(text.trim()))
        }
        ("string" | "text", Kind::String { max, .. } | Kind::Text { max }) => {
            (text.chars().count() <= *max as usize).then(|| string(text))
        }
        ("string", _) => Some(string(text)),
        ("enum", Kind::Enum(values)) => values.iter().any(|value| value == text).then(|| string(text)),
        ("date", _) => text.parse::<Date>().is_ok().then(|| string(text)),
        ("time", _) => text.parse::<Time>().is_ok().then(|| string(text)),
        ("datetime", _) => {
            let text = format!("{}Z", text.replacen(' ', "T", 1));
            text.parse::<DateTime>().is_ok().then(|| string(&text))
        }
        _ => None,
    }
}
