//! Converts types of columns to types of templates, with the conditions of a validator.

use std::{collections::BTreeSet, fmt::Write as _};

use beds_core::inspect::{Asks, Column, ITEMS, Kind, Rule, UNKNOWN};
use beds_protocol::{are_alike, shown};

use super::{
    literal::string,
    names::{Taken, spelled},
    pattern::whole,
};

/// The longest string that can be indexed in a template.
const STRING_MAX: u32 = 65_535;
/// The longest value of an enum, and the most values that it may have.
const ENUM_LEN_MAX: usize = 255;
pub(super) const ENTRIES_MAX: usize = 1_000;
/// The years that MariaDB stores. It also stores 0, which is shown and may be sent back.
pub(super) const YEARS: (i32, i32) = (1901, 2155);
/// The pattern of a column that keeps no characters, such as `char(0)`: only the empty text.
pub(super) const EMPTY: &str = "";
/// The most items that an imported list has if nothing says less.
const LIST_MAX: u64 = 100_000;
/// How deep lists and objects may nest.
const DEPTH_MAX: usize = 8;

/// A type in the notation of templates.
#[derive(Debug, Clone)]
pub(super) struct Ty {
    pub(super) name: &'static str,
    /// Keys after `type`, with their values in TOML.
    pub(super) keys: Vec<(&'static str, String)>,
    /// What to know about the type.
    pub(super) note: Option<String>,
}

impl Ty {
    pub(super) fn plain(name: &'static str) -> Self {
        Self { name, keys: Vec::new(), note: None }
    }

    /// The type as a value in TOML.
    pub(super) fn inline(&self) -> String {
        let mut out = format!("{{ type = \"{}\"", self.name);
        for (key, value) in &self.keys {
            let _ = write!(out, ", {key} = {value}");
        }
        out.push_str(" }");
        out
    }

    pub(super) fn key(mut self, key: &'static str, value: impl std::fmt::Display) -> Self {
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
/// What no template can express.
#[derive(Debug, Clone, Default)]
pub(super) struct Lost {
    /// Members that are not shown, and would be lost if a record is written.
    pub(super) left_out: Vec<String>,
    /// What else a validator refuses.
    pub(super) refused: Vec<String>,
}

/// Where a type stands: a column, or a member or item within it.
pub(super) struct Place<'a> {
    pub(super) rules: &'a [Rule],
    pub(super) path: Vec<String>,
    /// Parts that cannot be expressed are reported here.
    pub(super) lost: &'a mut Lost,
}

impl Place<'_> {
    /// What the validator asks of this place.
    fn asked<T>(&self, of: impl Fn(&Asks) -> Option<T>) -> Option<T> {
        self.rules.iter().filter(|rule| rule.path == self.path).find_map(|rule| of(&rule.asks))
    }

    /// The type of a member, or of the items, of this place.
    fn within(&mut self, step: &str, kind: &Kind) -> Result<Ty, String> {
        self.path.push(step.to_owned());
        let ty = typed(kind, self);
        self.path.pop();
        ty
    }

    pub(super) fn name(&self) -> String {
        shown(self.path.join(".").replace(&format!(".{ITEMS}"), ITEMS))
    }

    /// Reports that JSON has values of other types than the validator accepts.
    fn other_than_json(&mut self) {
        let types = self.asked(|asks| match asks {
            Asks::Types(types) => Some(types.join(" or ")),
            _ => None,
        });
        if let Some(types) = types {
            let name = self.name();
            self.lost
                .refused
                .push(format!("values in {name} other than {types}, which the validator refuses"));
        }
    }

    /// A string with the conditions of the validator.
    fn string(&mut self, mut ty: Ty) -> Ty {
        let least = self.asked(|asks| match asks {
            Asks::LengthMin(least) if *least > 0 => Some(*least),
            _ => None,
        });
        if let Some(least) = least {
            ty = ty.key("min", least);
        }
        let matches = self.asked(|asks| match asks {
            Asks::Matches(pattern) => Some(pattern.clone()),
            _ => None,
        });
        let Some(asked) = matches else { return ty };
        if let Some(pattern) = whole(&asked).filter(|_| ty.name == "string") {
            return ty.key("pattern", string(pattern));
        }
        let name = self.name();
        self.lost.refused.push(format!(
            "the pattern {} of {name}, by which the validator still refuses values",
            shown(&asked)
        ));
        ty
    }
}

/// The type of a template that holds values of a kind, without the conditions of a validator.
pub(super) fn ty(kind: &Kind) -> Result<Ty, String> {
    typed(kind, &mut Place { rules: &[], path: vec![String::new()], lost: &mut Lost::default() })
}

/// The type of a template that holds values of a kind; an error says why there is none.
pub(super) fn typed(kind: &Kind, place: &mut Place<'_>) -> Result<Ty, String> {
    let depth = place.path.len() - 1;
    Ok(match kind {
        Kind::Bool | Kind::Flag { .. } => Ty::plain("bool"),
        Kind::Int { min, max } => {
            let (min, max) = place.integers(*min, *max);
            if i64::try_from(max).is_err() {
                let ty = Ty::plain("int").key("unsigned", true);
                if min > 0 { ty.key("min", min) } else { ty }
            } else {
                let ty = Ty::plain("int");
                let ty = if min > i128::from(i64::MIN) { ty.key("min", min) } else { ty };
                if max < i128::from(i64::MAX) { ty.key("max", max) } else { ty }
            }
        }
        Kind::Float { unsigned, .. } => place.float(*unsigned),
        // MariaDB changes the years from 1 to 1900 into others. They are refused when a record is written.
        Kind::Year => Ty::plain("int").key("min", 0).key("max", YEARS.1),
        Kind::Decimal { precision, scale, unsigned } => {
            let (precision, scale) = ((*precision).clamp(1, 65), (*scale).min(38));
            place.decimal(precision, scale.min(precision), *unsigned)
        }
        Kind::String { max: 0, .. } => Ty::plain("string").key("max", 1).key("pattern", string(EMPTY)),
        Kind::String { max, .. } if *max <= STRING_MAX => {
            place.string(Ty::plain("string").key("max", (*max).max(1)))
        }
        Kind::String { max, .. } | Kind::Text { max } => {
            place.string(Ty::plain("text").key("max", (*max).max(1)))
        }
        Kind::Bytes { max, fixed } => {
            let ty = Ty::plain("bytes").key("max", (*max).max(1));
            if *max == 0 {
                ty.noted("its column keeps no bytes: the database refuses all values but the empty one")
            } else if *fixed && *max == 16 {
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
        Kind::Json => {
            place.other_than_json();
            Ty::plain("json")
        }
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
        if are_alike(values) {
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

/// An enum whose column distinguishes values that most collations do not. As an enum, it would cause a warning about
/// the template for ever.
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
    ty.noted("an enum whose values differ only by case, accents or blanks, which its column tells apart")
}

/// Whether a template can name a member of an object.
pub(super) fn is_nameable(member: &Column) -> bool {
    !member.name.contains(['.', '\0']) && !member.name.starts_with('$') && !member.name.is_empty()
}

fn object(members: &[Column], place: &mut Place<'_>) -> Result<Ty, String> {
    let (named, unnamed): (Vec<&Column>, Vec<&Column>) =
        members.iter().partition(|member| is_nameable(member));
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
    let hidden: Vec<String> = unnamed.iter().map(|member| shown(&member.name)).collect();
    let (s, whose) = if hidden.len() == 1 { ("", "whose name") } else { ("s", "whose names") };
    Ok(ty.noted(format!("without the member{s} {}, {whose} cannot be queried", hidden.join(", "))))
}
