//! Columns to fields, and types to the types of templates.

use std::{collections::BTreeSet, fmt::Write as _};

use beds_protocol::{
    collated, shown,
    value::{Date, DateTime, Time},
};

use super::{
    literal::string,
    names::{Taken, spelled},
    pattern::whole,
};
use beds_core::inspect::{
    Asks, Column, Evidence, ITEMS, Kind, Relation, RelationKind, Rule, Supplied, UNKNOWN, same_word,
};

/// The longest string that can be indexed in a template.
const STRING_MAX: u32 = 65_535;
/// The longest value of an enum, and how many it may have.
const ENUM_LEN_MAX: usize = 255;
const ENTRIES_MAX: usize = 1_000;
/// The years that MariaDB keeps, besides 0, which is shown and may be sent back.
const YEARS: (i32, i32) = (1901, 2155);
/// The most items that a list of an import has where nothing says less.
const LIST_MAX: u64 = 100_000;
/// How deep lists and objects may nest.
const DEPTH_MAX: usize = 8;

/// A type as a template writes it.
#[derive(Debug, Clone)]
pub(super) struct Ty {
    pub(super) name: &'static str,
    /// Keys after `type`, with their values in TOML.
    pub(super) keys: Vec<(&'static str, String)>,
    /// What to know about it.
    pub(super) note: Option<String>,
}

impl Ty {
    fn plain(name: &'static str) -> Self {
        Self { name, keys: Vec::new(), note: None }
    }

    /// As a value in TOML.
    pub(super) fn inline(&self) -> String {
        let mut out = format!("{{ type = \"{}\"", self.name);
        for (key, value) in &self.keys {
            let _ = write!(out, ", {key} = {value}");
        }
        out.push_str(" }");
        out
    }

    fn key(mut self, key: &'static str, value: impl std::fmt::Display) -> Self {
        self.keys.push((key, value.to_string()));
        self
    }

    fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    pub(super) fn is_indexable(&self) -> bool {
        !matches!(self.name, "text" | "bytes" | "json" | "list" | "object")
    }
}

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
    /// Whether a client may give it, in `create` or `update`.
    pub(super) fn is_settable(&self) -> bool {
        self.supply != Supply::Database && !self.version
    }
}

/// What no template can express.
#[derive(Debug, Clone, Default)]
pub(super) struct Lost {
    /// What is not shown, and would be lost where a record is written.
    pub(super) left_out: Vec<String>,
    /// What a validator refuses besides.
    pub(super) refused: Vec<String>,
}

/// The fields of a relation, and what of it no template can express. `told_apart` are the columns of its unique indexes.
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

/// A column, as an integer where it stands for a boolean and is none: where 1 and 2 are two records, or where a new
/// record has another number than 0 and 1.
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

/// What to do about a type that the wire lacks.
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

/// Whether it has documents: a collection, or a view of MongoDB, whose shape nothing but documents and validators tell.
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

/// Names of columns that nobody wants to see in a log.
fn is_secret(name: &str) -> bool {
    const SECRETS: &[&str] =
        &["password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "ssn", "cvv", "pin"];
    name.split('_').any(|word| SECRETS.contains(&word)) || name == "api_key" || name == "user_pass"
}

fn supply(column: &Column, ty: &Ty, notes: &mut Vec<String>) -> Supply {
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
            // What a client leaves out would become null, which is another value.
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

/// A column's default in TOML, where it is a value of the type.
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

/// Where a type stands: a column, or a member or item within it.
struct Place<'a> {
    rules: &'a [Rule],
    path: Vec<String>,
    /// What cannot be expressed of it is told here.
    lost: &'a mut Lost,
}

impl Place<'_> {
    /// What the validator asks of it.
    fn asked<T>(&self, of: impl Fn(&Asks) -> Option<T>) -> Option<T> {
        self.rules.iter().filter(|rule| rule.path == self.path).find_map(|rule| of(&rule.asks))
    }

    /// Its type where it is a member or the items of what stands here.
    fn within(&mut self, step: &str, kind: &Kind) -> Result<Ty, String> {
        self.path.push(step.to_owned());
        let ty = typed(kind, self);
        self.path.pop();
        ty
    }

    fn name(&self) -> String {
        shown(self.path.join(".").replace(&format!(".{ITEMS}"), ITEMS))
    }

    /// A string of what the validator asks for.
    fn string(&mut self, ty: Ty) -> Ty {
        let least = self.asked(|asks| match asks {
            Asks::LengthMin(least) if *least > 0 => Some(*least),
            _ => None,
        });
        let ty = least.map_or_else(|| ty.clone(), |least| ty.clone().key("min", least));
        let matches = self.asked(|asks| match asks {
            Asks::Matches(pattern) => Some(pattern.clone()),
            _ => None,
        });
        let Some(asked) = matches else { return ty };
        match whole(&asked).filter(|_| ty.name == "string") {
            Some(pattern) => ty.key("pattern", string(pattern)),
            None => {
                let name = self.name();
                self.lost.refused.push(format!(
                    "the pattern {} of {name}, by which the validator still refuses values",
                    shown(&asked)
                ));
                ty
            }
        }
    }
}

/// The type of a template that holds values of a kind, of which no validator asks anything.
pub(super) fn ty(kind: &Kind) -> Result<Ty, String> {
    typed(kind, &mut Place { rules: &[], path: vec![String::new()], lost: &mut Lost::default() })
}

/// The type of a template that holds values of a kind; an error is why there is none.
fn typed(kind: &Kind, place: &mut Place<'_>) -> Result<Ty, String> {
    let depth = place.path.len() - 1;
    Ok(match kind {
        Kind::Bool | Kind::Flag { .. } => Ty::plain("bool"),
        Kind::Int { min, max } if i64::try_from(*max).is_err() => {
            let ty = Ty::plain("int").key("unsigned", true);
            if *min > 0 { ty.key("min", min) } else { ty }
        }
        Kind::Int { min, max } => {
            let ty = Ty::plain("int");
            let ty = if *min > i128::from(i64::MIN) { ty.key("min", min) } else { ty };
            if *max < i128::from(i64::MAX) { ty.key("max", max) } else { ty }
        }
        Kind::Float { unsigned: true, .. } => Ty::plain("float").key("min", "0.0"),
        Kind::Float { unsigned: false, .. } => Ty::plain("float"),
        // The years from 1 to 1900, of which MariaDB makes others, are refused where a record is written.
        Kind::Year => Ty::plain("int").key("min", 0).key("max", YEARS.1),
        Kind::Decimal { precision, scale, unsigned } => {
            let (precision, scale) = ((*precision).clamp(1, 65), (*scale).min(38));
            let ty = Ty::plain("decimal").key("precision", precision).key("scale", scale.min(precision));
            if *unsigned { ty.key("min", string("0")) } else { ty }
        }
        Kind::String { max, .. } if *max <= STRING_MAX => {
            place.string(Ty::plain("string").key("max", (*max).max(1)))
        }
        Kind::String { max, .. } | Kind::Text { max } => {
            place.string(Ty::plain("text").key("max", (*max).max(1)))
        }
        Kind::Bytes { max, fixed } => {
            let ty = Ty::plain("bytes").key("max", (*max).max(1));
            if *fixed && *max == 16 {
                ty.noted("if these 16 bytes are a UUID, write type = \"uuid\" without max")
            } else {
                ty
            }
        }
        Kind::Uuid => Ty::plain("uuid"),
        Kind::Date => Ty::plain("date"),
        Kind::Time { .. } => Ty::plain("time"),
        Kind::DateTime { .. } => Ty::plain("datetime"),
        Kind::Enum(values) => enumeration(values),
        Kind::Set(values) => {
            let length = values.iter().map(|value| value.chars().count() + 1).sum::<usize>().max(1);
            let length = u32::try_from(length).unwrap_or(STRING_MAX).min(STRING_MAX);
            Ty::plain("string").key("max", length).noted(format!(
                "a set: some of {}, with commas between them",
                values.join(", ").replace(UNKNOWN, "?")
            ))
        }
        Kind::Json => Ty::plain("json"),
        Kind::ObjectId => Ty::plain("object_id"),
        Kind::List(_) | Kind::Object(_) if depth >= DEPTH_MAX => {
            Ty::plain("json").noted("nested deeper than a template allows")
        }
        Kind::List(item) => {
            let item = place.within(ITEMS, item)?;
            let most = place.asked(|asks| match asks {
                Asks::ItemsMax(most) => Some((*most).clamp(1, LIST_MAX)),
                _ => None,
            });
            Ty::plain("list").key("items", item.inline()).key("max", most.unwrap_or(LIST_MAX))
        }
        Kind::Object(members) => object(members, place)?,
        Kind::Mixed(types) => Ty::plain("json").noted(format!("of several types: {}", types.join(", "))),
        Kind::Beyond(what) => return Err(what.clone()),
    })
}

fn enumeration(values: &[String]) -> Ty {
    let longest = values.iter().map(|value| value.chars().count()).max().unwrap_or(1).max(1);
    let distinct: BTreeSet<&String> = values.iter().collect();
    let is_told = values.iter().all(|value| !value.contains(UNKNOWN));
    let is_expressible = is_told
        && !values.is_empty()
        && values.len() <= ENTRIES_MAX
        && longest <= ENUM_LEN_MAX
        && distinct.len() == values.len()
        && values.iter().all(|value| !value.is_empty());
    if is_expressible {
        let alike: BTreeSet<String> = values.iter().map(|value| collated(value)).collect();
        if alike.len() < values.len() {
            return exact(values, longest);
        }
        let values: Vec<String> = values.iter().map(|value| string(value)).collect();
        return Ty::plain("enum").key("values", format!("[{}]", values.join(", ")));
    }
    let ty = Ty::plain("string").key("max", longest.min(STRING_MAX as usize));
    if !is_told {
        return ty.noted(
            "an enum with a `?`, which may be a character beyond the BMP: the catalogue does not tell",
        );
    }
    ty.noted("an enum whose values a template cannot list (an empty one, one twice, or too many)")
}

/// An enum whose column tells apart what most collations do not: as an enum the template would be warned of for ever.
fn exact(values: &[String], longest: usize) -> Ty {
    const PATTERN_LEN_MAX: usize = 2_000;
    let escaped = |value: &String| {
        let is_special = |letter: char| "\\.+*?()|[]{}^$#&-~".contains(letter);
        value.chars().fold(String::new(), |mut out, letter| {
            out.extend(is_special(letter).then_some('\\'));
            out.push(letter);
            out
        })
    };
    let pattern = values.iter().map(escaped).collect::<Vec<_>>().join("|");
    let ty = Ty::plain("string").key("max", longest.min(STRING_MAX as usize));
    let is_plain = pattern.len() <= PATTERN_LEN_MAX && !pattern.contains(char::is_control);
    let ty = if is_plain { ty.key("pattern", string(&pattern)) } else { ty };
    ty.noted("an enum whose values differ by case, accents or blanks alone, which its column tells apart")
}

fn object(members: &[Column], place: &mut Place<'_>) -> Result<Ty, String> {
    let is_nameable = |member: &&Column| {
        !member.name.contains(['.', '\0']) && !member.name.starts_with('$') && !member.name.is_empty()
    };
    let (named, unnamed): (Vec<&Column>, Vec<&Column>) = members.iter().partition(is_nameable);
    if !named.is_empty() {
        let within = place.name();
        place.lost.left_out.extend(unnamed.iter().map(|member| {
            format!("member {} of {within}: a name with `.` or `$` cannot be queried", shown(&member.name))
        }));
    }
    if named.is_empty() {
        return Ok(Ty::plain("json"));
    }
    let mut taken = Taken::default();
    let mut parts = Vec::new();
    for member in &named {
        let name = taken.field(&member.name, &format!("member_{}", spelled(&member.name)));
        let mut ty = place.within(&member.name, &member.kind)?;
        if name != member.name {
            ty.keys.push(("column", string(&member.name)));
        }
        if !member.nullable {
            ty.keys.push(("required", "true".into()));
        }
        parts.push(format!("{name} = {}", ty.inline()));
    }
    let ty = Ty::plain("object").key("fields", format!("{{ {} }}", parts.join(", ")));
    if unnamed.is_empty() {
        return Ok(ty);
    }
    let names: Vec<String> = unnamed.iter().map(|member| shown(&member.name)).collect();
    let (s, whose) = if names.len() == 1 { ("", "whose name") } else { ("s", "whose names") };
    Ok(ty.noted(format!("without the member{s} {}, {whose} cannot be queried", names.join(", "))))
}
