//! Types as SQL, BSON, JSON Schema and programming languages spell them, and what they are called here.
//!
//! `decimal(10,2)` is `type = "decimal", precision = 10, scale = 2`. A spelling may hold what in a template is a key of
//! its own: `int unsigned not null`. Nothing here reports: it says what to write.

mod names;

use beds_protocol::TypeName;

use crate::names::quoted;

/// What a foreign type is called here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) ty: TypeName,
    /// Keys beside `type`, with their values as they are written.
    pub(crate) keys: Vec<(&'static str, String)>,
    /// What else it may mean, or what to mind; a whole sentence without its end.
    pub(crate) note: Option<&'static str>,
    /// Whether it can mean nothing else.
    pub(crate) is_sure: bool,
}

impl Foreign {
    fn new(ty: TypeName) -> Self {
        Self { ty, keys: Vec::new(), note: None, is_sure: true }
    }

    /// What keeps an `ObjectId` in an engine that has none.
    pub(crate) fn object_id_text() -> Self {
        Self::new(TypeName::String).key("min", 24).key("max", 24).key("pattern", "\"[0-9a-f]+\"")
    }

    fn key(mut self, key: &'static str, value: impl std::fmt::Display) -> Self {
        self.keys.push((key, value.to_string()));
        self
    }

    fn unsure(mut self, note: &'static str) -> Self {
        (self.note, self.is_sure) = (Some(note), false);
        self
    }

    fn noted(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }

    /// The whole as the value of a field: `"int"`, or `{ type = "decimal", precision = 10, scale = 2 }`.
    pub(crate) fn value(&self) -> String {
        if self.keys.is_empty() { format!("\"{}\"", self.ty) } else { format!("{{ {} }}", self.pairs(", ")) }
    }

    /// The keys as an attribute of Rust has them.
    pub(crate) fn attribute(&self) -> String {
        // A table in a template is a list in parentheses there, and a type alone is one key of it.
        let keys = self.keys.iter().map(|(key, value)| match (*key, value.as_str()) {
            (key, "true") => key.to_owned(),
            (key @ ("items" | "fields"), value) if value.starts_with('{') => {
                format!("{key}({})", value.trim_matches(['{', '}', ' ']))
            }
            (key @ "items", value) => format!("{key}(type = {value})"),
            (key, value) => format!("{key} = {value}"),
        });
        let ty = std::iter::once(format!("type = \"{}\"", self.ty));
        ty.chain(keys).collect::<Vec<_>>().join(", ")
    }

    /// `type = "…"` and the other keys.
    pub(crate) fn pairs(&self, between: &str) -> String {
        let mut pairs = vec![format!("type = \"{}\"", self.ty)];
        pairs.extend(self.keys.iter().map(|(key, value)| format!("{key} = {value}")));
        pairs.join(between)
    }
}

/// What a spelling means; `None` for one that nobody knows, and for BEDS's own names.
pub(crate) fn translate(written: &str) -> Option<Foreign> {
    let lower = written.trim().to_ascii_lowercase();
    if TypeName::from_name(written.trim()).is_some() {
        return None;
    }
    for mode in ["inout", "out", "in"] {
        let inner = lower.strip_prefix(mode).and_then(|rest| rest.strip_prefix(' ')).map(str::trim);
        if let Some(inner) = inner {
            let ty = TypeName::from_name(inner).map(Foreign::new).or_else(|| translate(inner))?;
            return Some(if mode == "in" { ty } else { ty.key("mode", format_args!("\"{mode}\"")) });
        }
    }
    if ["hashmap<", "btreemap<", "map<", "record<", "dict<"].iter().any(|map| lower.starts_with(map)) {
        return Some(Foreign::new(TypeName::Json));
    }
    if let Some(inner) = inner_type(&lower) {
        return wrapped(inner, &lower);
    }
    let (name, arguments, rest) = split(&lower, written.trim());
    let mut modifiers = Modifiers::read(&rest);
    let base = names::base(&name, &arguments, &mut modifiers)?;
    Some(modifiers.apply(base))
}

/// The type inside of `string[]`, `[string]`, `array<string>`, `vec<string>`, `option<string>`.
fn inner_type(lower: &str) -> Option<&str> {
    if let Some(inner) = lower.strip_suffix("[]") {
        return Some(inner);
    }
    if let Some(inner) = lower.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(inner);
    }
    let (outer, rest) = lower.split_once('<')?;
    let is_known =
        matches!(outer.trim(), "array" | "list" | "vec" | "set" | "hashset" | "sequence" | "option" | "box");
    rest.strip_suffix('>').filter(|_| is_known)
}

fn wrapped(inner: &str, lower: &str) -> Option<Foreign> {
    let item = match TypeName::from_name(inner.trim()) {
        Some(ty) => Foreign::new(ty),
        None => translate(inner)?,
    };
    if lower.starts_with("option<") {
        return Some(item.key("nullable", true));
    }
    if lower.starts_with("box<") {
        return Some(item);
    }
    let is_sure = item.is_sure;
    Some(Foreign { is_sure, ..Foreign::new(TypeName::List).key("items", item.value()) })
}

/// The name of a type, what stands in its parentheses, and what follows.
fn split(lower: &str, written: &str) -> (String, Vec<String>, String) {
    let Some(open) = lower.find('(') else {
        return match modifier_at(lower) {
            Some(at) => (tidy(&lower[..at]), Vec::new(), lower[at..].to_owned()),
            None => (tidy(lower), Vec::new(), String::new()),
        };
    };
    let close = lower.rfind(')').filter(|close| *close > open).unwrap_or(lower.len());
    // Lower-casing ASCII moves no byte, so the values of an enum can be taken as they are written.
    let arguments = arguments(written.get(open + 1..close).unwrap_or_default());
    (tidy(&lower[..open]), arguments, lower.get(close + 1..).unwrap_or_default().to_owned())
}

fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where the first word begins that says something of a column and not of its type.
fn modifier_at(lower: &str) -> Option<usize> {
    const WORDS: [&str; 11] = [
        " unsigned",
        " signed",
        " zerofill",
        " not null",
        " null",
        " auto_increment",
        " primary key",
        " unique",
        " default ",
        " character set",
        " collate",
    ];
    WORDS.iter().filter_map(|word| lower.find(word)).min()
}

/// What stands between commas, out of its quotes.
fn arguments(inside: &str) -> Vec<String> {
    let (mut out, mut current, mut quote) = (Vec::new(), String::new(), None);
    for letter in inside.chars() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), letter) if letter == open => quote = None,
            (None, ',') => out.push(std::mem::take(&mut current).trim().to_owned()),
            _ => current.push(letter),
        }
    }
    if !current.trim().is_empty() || !out.is_empty() {
        out.push(current.trim().to_owned());
    }
    out
}

/// What a column's definition says behind its type.
#[derive(Debug, Default)]
pub(super) struct Modifiers {
    pub(super) is_unsigned: bool,
    is_not_null: bool,
    is_null: bool,
    is_generated: bool,
    is_key: bool,
    is_unique: bool,
    default: Option<String>,
}

impl Modifiers {
    fn read(rest: &str) -> Self {
        let has = |words: &str| rest.contains(words);
        let default = rest.split_once("default ").map(|(_, value)| value.trim()).and_then(constant);
        Self {
            is_unsigned: has("unsigned") || has("zerofill"),
            is_not_null: has("not null"),
            is_null: has(" null") && !has("not null") && !has("default null"),
            is_generated: has("auto_increment") || has("autoincrement"),
            is_key: has("primary key"),
            is_unique: has("unique"),
            default,
        }
    }

    fn apply(self, mut ty: Foreign) -> Foreign {
        let mut flag = |key, is_set| {
            if is_set {
                ty.keys.push((key, "true".to_owned()));
            }
        };
        flag("unsigned", self.is_unsigned);
        flag("key", self.is_key);
        flag("unique", self.is_unique);
        flag("required", self.is_not_null && !self.is_generated && !self.is_key && self.default.is_none());
        flag("nullable", self.is_null && !self.is_key);
        match self.default {
            Some(_) if self.is_generated => {}
            Some(default) => ty.keys.push(("default", default)),
            None => {}
        }
        if self.is_generated {
            ty.keys.push(("generated", "\"database\"".to_owned()));
        }
        ty
    }
}

/// A default that is a constant, as a template writes it.
fn constant(value: &str) -> Option<String> {
    if let Some(text) = value.strip_prefix(['\'', '"']) {
        return text.split(['\'', '"']).next().map(quoted);
    }
    let word = value.split_whitespace().next()?;
    word.parse::<i64>().is_ok().then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_sql_and_others_are_translated() {
        for (written, right) in [
            ("varchar(20)", "{ type = \"string\", max = 20 }"),
            ("VARCHAR(20) NOT NULL", "{ type = \"string\", max = 20, required = true }"),
            ("decimal(10,2)", "{ type = \"decimal\", precision = 10, scale = 2 }"),
            ("numeric(6)", "{ type = \"decimal\", precision = 6, scale = 0 }"),
            ("int unsigned", "{ type = \"int\", unsigned = true }"),
            (
                "int(11) unsigned not null auto_increment primary key",
                "{ type = \"int\", unsigned = true, key = true, generated = \"database\" }",
            ),
            ("bigint", "\"int\""),
            ("enum('a','B c')", "{ type = \"enum\", values = [\"a\", \"B c\"] }"),
            ("set('a','bc')", "{ type = \"string\", max = 4 }"),
            ("char(36)", "\"uuid\""),
            ("tinyint(1)", "\"bool\""),
            ("tinyint(1) default 0", "{ type = \"bool\", default = false }"),
            ("timestamp", "\"datetime\""),
            ("datetime(6)", "\"datetime\""),
            ("double precision", "\"float\""),
            ("longtext", "{ type = \"text\", max = 4294967295 }"),
            ("varchar(10) default 'x'", "{ type = \"string\", max = 10, default = \"x\" }"),
            ("varbinary(16)", "{ type = \"bytes\", max = 16 }"),
            ("String", "\"string\""),
            ("i64", "\"int\""),
            ("u32", "{ type = \"int\", unsigned = true }"),
            ("boolean", "\"bool\""),
            ("ObjectId", "\"object_id\""),
            ("string[]", "{ type = \"list\", items = \"string\" }"),
            ("Vec<String>", "{ type = \"list\", items = \"string\" }"),
            ("Option<i32>", "{ type = \"int\", nullable = true }"),
            ("out decimal(10,2)", "{ type = \"decimal\", precision = 10, scale = 2, mode = \"out\" }"),
            ("in date", "\"date\""),
            ("array<varchar(5)>", "{ type = \"list\", items = { type = \"string\", max = 5 } }"),
        ] {
            assert_eq!(translate(written).map(|ty| ty.value()).as_deref(), Some(right), "{written}");
        }
        for own in ["int", "decimal", "string", "nonsense", ""] {
            assert_eq!(translate(own), None, "{own}");
        }
    }
}
