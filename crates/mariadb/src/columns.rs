//! How the columns of a view or table keep their values, as far as comparisons depend on it. The template does not say
//! this.
//!
//! The node asks the server when a source is first read, and again after a while, since a DBA may change a column.

use std::{fmt::Write as _, sync::Arc};

use beds_core::{
    inspect::Kind,
    spec::{Domain, Type, mariadb::Source},
    value::Value,
};
use sqlx::{MySqlConnection, Row as _, mysql::MySqlRow};

use crate::{
    fault::{Fault, classify},
    inspect::kind,
    known::Answers,
    meaning::is_place,
    parameters::Parameters,
    repertoire::{Repertoire, Repertoires},
};

mod collation;

pub(crate) use collation::{CharacterSet, Prefixes};

/// The properties of a column on which comparisons depend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Column {
    pub(crate) kept: Kept,
    /// The characters that the column can hold; `None` if it holds all of Unicode.
    pub(crate) characters: Option<Arc<Repertoire>>,
    /// How many characters the column has room for, if it is a column of text.
    pub(crate) room: Option<u64>,
    /// Which values of an ENUM, or members of a SET, are numbers.
    pub(crate) numbers: Arc<[String]>,
    /// The members of a SET, in their order.
    pub(crate) members: Arc<[String]>,
    /// Its character set, if a text of it may change on its way to Unicode and back.
    pub(crate) own_set: Option<Arc<CharacterSet>>,
    /// Its character set, if it is sorted by the weights of its texts.
    pub(crate) weighed: Option<Arc<CharacterSet>>,
    /// How an index finds the texts with a prefix.
    pub(crate) prefixes: Prefixes,
    /// How many characters of a text decide its place in an order, if its collation makes them fewer than usual.
    pub(crate) sorted: Option<u32>,
    /// How many digits after the point it keeps, if it is a column of exact numbers.
    pub(crate) scale: Option<u8>,
}

impl Column {
    /// Whether the column can hold the characters of a value. If not, no record has that value.
    pub(crate) fn may_be(&self, value: &Value) -> bool {
        match (value, &self.characters) {
            (Value::Text(text), Some(characters)) => characters.has(text),
            _ => true,
        }
    }

    /// A value as the column keeps it, if it compares by another text: the members of a SET in their order.
    pub(crate) fn as_kept(&self, value: Value) -> Value {
        match value {
            Value::Text(text) if !self.members.is_empty() => {
                Value::Text(in_order(&self.members, &text).unwrap_or(text))
            }
            value => value,
        }
    }
}

/// These members in the order of the SET; `None` if one of them is no member.
fn in_order(members: &[String], text: &str) -> Option<String> {
    let place = |name: &str| {
        let is_alike = |member: &String| member.to_lowercase() == name.to_lowercase();
        members.iter().position(|member| member == name).or_else(|| members.iter().position(is_alike))
    };
    let mut places = text.split(',').map(place).collect::<Option<Vec<_>>>()?;
    places.sort_unstable();
    places.dedup();
    Some(places.into_iter().map(|place| members[place].as_str()).collect::<Vec<_>>().join(","))
}

/// How a column keeps its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kept {
    /// The stored values compare as they are shown.
    #[default]
    Plain,
    /// FLOAT: shown in short form, compared as the double that it is.
    Float,
    /// DOUBLE.
    Double,
    /// FLOAT or DOUBLE with this many digits after the point, as in FLOAT(9,2). It is shown with these digits, though it
    /// holds others: DOUBLE(10,2) holds -0.010000000000000009 for -0.01. It may hold more than a parameter takes.
    Rounded(u8),
    /// YEAR: the server takes 2 for 2002.
    Year,
    /// ENUM and SET: compared as text, but sorted by position. A number that is none of the values
    /// ([`Column::numbers`]) stands for the value at that position.
    Position(Empty),
    /// DATETIME and TIMESTAMP under a field that shows only their date.
    Moment,
    /// BIGINT UNSIGNED under a signed integer: greater values are shown as null.
    Unsigned,
    /// A UUID as 16 bytes.
    Binary16,
    /// DATETIME, TIMESTAMP and TIME that keep fewer digits of a second's fraction than values may have.
    Fraction(u8),
    /// Text of a collation that compares `a` and `a` followed by a NUL as different, but sorts them as equal.
    NoPad,
    /// CHAR of a collation in which `a` and `a` followed by a space differ. The column does not keep the space, and is
    /// sorted with the spaces that fill it. So is its index, and a range of the index lacks `a` followed by a tab.
    Char,
    /// CHAR of a collation that compares a text without the spaces that fill it in another order than with them. Without
    /// them it sorts as it compares.
    Filled,
    /// Text of a collation that sorts otherwise than it compares, or may do so. So the text is sorted by its characters.
    Levels,
    /// BINARY with this many bytes: shorter values are filled up with zeros, which count.
    Padded(u16),
    /// Text that a view makes of constants. It has the collation of whoever created the view, which may not be
    /// comparable with the connection's.
    Expression,
}

/// The meaning of the empty text of an ENUM or SET. An ENUM shows an invalid value as the empty text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Empty {
    /// A SET without members.
    Members,
    /// The invalid value of an ENUM, and nothing else.
    NoValue,
    /// The invalid value, or a value of the ENUM.
    Either,
}

impl Empty {
    /// For a type, such as `enum('…','…')`.
    fn of(full: &str) -> Self {
        match kind(full) {
            Kind::Enum(values) if values.iter().any(String::is_empty) => Self::Either,
            Kind::Enum(_) => Self::NoValue,
            _ => Self::Members,
        }
    }
}

impl Kept {
    /// Whether texts that compare as different may sort as equal.
    pub(crate) const fn sorts_otherwise(self) -> bool {
        matches!(self, Self::NoPad | Self::Char)
    }
}

/// The known columns of sources: at most one entry for each source of a template.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    sources: Answers<Column>,
    sets: Repertoires,
    /// The known parameters of routines.
    pub(crate) parameters: Parameters,
}

impl Columns {
    /// The column of each field of the domain.
    pub(crate) async fn of(
        &self,
        connection: &mut MySqlConnection,
        domain: &'static Domain,
        source: &'static Source,
    ) -> Result<Arc<[Column]>, Fault> {
        if let Some(kept) = self.sources.of(source) {
            return Ok(kept);
        }
        let learned =
            self.learn(connection, domain, source).await.map_err(|error| classify(&error, domain))?;
        self.sources.keep(source, &learned);
        Ok(learned)
    }

    /// Asks the server.
    async fn learn(
        &self,
        connection: &mut MySqlConnection,
        domain: &'static Domain,
        source: &'static Source,
    ) -> Result<Arc<[Column]>, sqlx::Error> {
        let learned = declared(connection, domain, source).await?;
        let mixed = mixed(connection, domain, source, &learned).await?;
        let mut columns = Vec::with_capacity(learned.len());
        for (field, declared) in learned.into_iter().enumerate() {
            let Declared { kept, set, room, numbers, members, scale, collation, .. } = declared;
            let of_column = set.as_ref().filter(|_| !mixed.contains(&field));
            let own_set = of_column.and_then(|set| CharacterSet::own(set, &collation)).map(Arc::new);
            let weighed =
                of_column.and_then(|set| CharacterSet::weighed(set, &collation, kept)).map(Arc::new);
            let (kept, characters) = match set.filter(|_| is_compared(domain, field)) {
                // It is compared as text with all of Unicode.
                Some(_) if mixed.contains(&field) => (Kept::Expression, None),
                Some(set) => (kept, self.sets.of(connection, &set).await?),
                None => (kept, None),
            };
            let (numbers, members) = (numbers.into(), members.into());
            let (prefixes, sorted) = (Prefixes::of(&collation), collation::sorted(&collation));
            columns.push(Column {
                kept,
                characters,
                room,
                numbers,
                members,
                own_set,
                weighed,
                prefixes,
                sorted,
                scale,
            });
        }
        Ok(columns.into())
    }
}

/// What `information_schema` says of a column.
#[derive(Debug, Default)]
struct Declared {
    kept: Kept,
    /// Whether it is a CHAR or VARCHAR, or a kind of TEXT.
    is_text: bool,
    /// Its character set.
    set: Option<String>,
    /// How many characters it has room for, if it is such a column.
    room: Option<u64>,
    /// See [`Column::numbers`].
    numbers: Vec<String>,
    /// As [`Column::members`].
    members: Vec<String>,
    /// Its collation, or nothing.
    collation: String,
    /// As [`Column::scale`].
    scale: Option<u8>,
}

/// The column of each field.
async fn declared(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    source: &'static Source,
) -> Result<Vec<Declared>, sqlx::Error> {
    let sql = "select table_name, column_name, data_type, column_type, cast(datetime_precision as signed), \
               collation_name, character_set_name, cast(character_maximum_length as unsigned) \
               from information_schema.columns \
               where table_schema = database() and table_name = ?";
    let rows = sqlx::query(sql).bind(source.name).fetch_all(connection).await?;
    let mut declared: Vec<Declared> = domain.fields.iter().map(|_| Declared::default()).collect();
    // `information_schema` compares names of tables without regard to case, but names may differ by case alone.
    let is_of = |row: &MySqlRow| row.try_get_unchecked(0).is_ok_and(|name: &str| name == source.name);
    let is_exact = rows.iter().any(is_of);
    for row in rows.iter().filter(|row| !is_exact || is_of(row)) {
        let column = |index| row.try_get_unchecked::<&str, _>(index);
        let (name, ty, full) = (column(1)?, column(2)?, column(3)?);
        for (field, declared) in domain.fields.iter().zip(&mut declared) {
            if field.column.eq_ignore_ascii_case(name) {
                let digits = row.try_get_unchecked::<Option<i64>, _>(4)?;
                let collation = row.try_get_unchecked::<Option<&str>, _>(5)?.unwrap_or_default();
                let kept = match of_type(ty, full, &field.ty) {
                    Kept::Plain => of_details(ty, digits, collation),
                    kept => kept,
                };
                let texts = ["char", "varchar", "tinytext", "text", "mediumtext", "longtext"];
                let is_text = texts.contains(&ty);
                let room = row.try_get_unchecked::<Option<u64>, _>(7)?.filter(|_| is_text);
                let set: Option<String> = row.try_get_unchecked(6)?;
                let (numbers, members, scale) = (numbers(full), members(full), scale(full));
                let collation = collation.to_owned();
                *declared = Declared { kept, is_text, set, room, numbers, members, collation, scale };
            }
        }
    }
    Ok(declared)
}

/// The fields whose text has the collation of whoever created the view.
async fn mixed(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    source: &'static Source,
    declared: &[Declared],
) -> Result<Vec<usize>, sqlx::Error> {
    let is_asked = |&field: &usize| declared[field].is_text && is_compared(domain, field);
    let mut texts: Vec<usize> = (0..declared.len()).filter(is_asked).collect();
    if texts.is_empty() {
        return Ok(texts);
    }
    let mut sql = String::new();
    for (position, &field) in texts.iter().enumerate() {
        let (column, from) = (source.columns[field], source.from);
        let start = if position == 0 { "select" } else { "," };
        // The statement reads no row: it only asks for the column's properties.
        let _ = write!(sql, "{start} coercibility((select {column} from {from} limit 0))");
    }
    let row = sqlx::query(&sql).fetch_one(connection).await?;
    let coercibilities: Result<Vec<i64>, _> =
        (0..texts.len()).map(|position| row.try_get_unchecked(position)).collect();
    let mut coercibilities = coercibilities?.into_iter();
    // The coercibility is 1 for texts of several collations, 2 for columns, 3 for the server's own, 4 for constants.
    texts.retain(|_| coercibilities.next().is_some_and(|of| matches!(of, 1 | 4)));
    Ok(texts)
}

fn is_compared(domain: &Domain, field: usize) -> bool {
    domain.fetch.filter.contains(&field) || domain.fetch.sort.contains(&field) || domain.key.contains(&field)
}

fn of_details(ty: &str, digits: Option<i64>, collation: &str) -> Kept {
    match digits.and_then(|digits| u8::try_from(digits).ok()) {
        Some(digits @ 0..=6) => Kept::Fraction(digits),
        _ => collation::order(ty, collation),
    }
}

/// The numbers among the values of `enum('…','…')` or the members of `set('…','…')`.
fn numbers(full: &str) -> Vec<String> {
    match kind(full) {
        Kind::Enum(values) | Kind::Set(values) => {
            values.into_iter().filter(|value| is_place(value)).collect()
        }
        _ => Vec::new(),
    }
}

/// The members of `set('…','…')`.
fn members(full: &str) -> Vec<String> {
    match kind(full) {
        Kind::Set(members) => members,
        _ => Vec::new(),
    }
}

/// The digits after the point of a type of exact numbers.
fn scale(full: &str) -> Option<u8> {
    match kind(full) {
        Kind::Decimal { scale, .. } => Some(scale),
        Kind::Int { .. } | Kind::Flag { .. } => Some(0),
        _ => None,
    }
}

fn of_type(ty: &str, full: &str, field: &Type) -> Kept {
    match (ty, field) {
        ("float" | "double", _) => match kind(full) {
            Kind::Float { digits: Some((_, digits)), .. } => Kept::Rounded(digits),
            _ if ty == "float" => Kept::Float,
            _ => Kept::Double,
        },
        // A year of two digits is shown as the server takes it.
        ("year", _) if full.contains("(2)") => Kept::Plain,
        ("year", _) => Kept::Year,
        ("enum" | "set", _) => Kept::Position(Empty::of(full)),
        ("datetime" | "timestamp", Type::Date) => Kept::Moment,
        ("bigint", Type::Int { .. }) if full.contains("unsigned") => Kept::Unsigned,
        ("binary" | "varbinary", Type::Uuid) if full.ends_with("(16)") => Kept::Binary16,
        ("binary", _) => {
            let bytes = full.strip_prefix("binary(").and_then(|rest| rest.strip_suffix(')'));
            bytes.and_then(|bytes| bytes.parse().ok()).map_or(Kept::Plain, Kept::Padded)
        }
        _ => Kept::Plain,
    }
}
