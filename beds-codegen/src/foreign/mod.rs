//! Types in the spelling of SQL, BSON, JSON Schema and programming languages, and their names here.
//!
//! `decimal(10,2)` is `type = "decimal", precision = 10, scale = 2`. A spelling may contain parts that are keys of
//! their own in a template: `int unsigned not null`. Nothing here reports: this module only translates.

mod names;
mod shapes;
mod sql;

pub(crate) use shapes::nearest;

use beds_protocol::TypeName;

use self::sql::{Argument, Definition};

/// The translation of a foreign type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) ty: TypeName,
    /// Keys beside `type`, with their values in written form.
    pub(crate) keys: Vec<(&'static str, String)>,
    /// Another possible meaning, or a warning: a whole sentence without its full stop.
    pub(crate) note: Option<&'static str>,
    /// Whether it is the only possible meaning.
    pub(crate) is_sure: bool,
}

impl Foreign {
    pub(crate) fn new(ty: TypeName) -> Self {
        Self { ty, keys: Vec::new(), note: None, is_sure: true }
    }

    /// The type that holds an `ObjectId` in an engine without that type.
    pub(crate) fn object_id_text() -> Self {
        Self::new(TypeName::String).key("min", 24).key("max", 24).key("pattern", "\"[0-9a-f]+\"")
    }

    /// The translation for a version field: a number, whose values come only from the database.
    pub(crate) fn of_version(mut self) -> Self {
        if self.ty != TypeName::Int {
            return Self::new(TypeName::Int).unsure(
                "a version is a number to which the database adds one at every change; if the column holds anything else, \
                 remove `version`",
            );
        }
        self.keys.retain(|(key, _)| matches!(*key, "min" | "max" | "unsigned" | "description"));
        self
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

    /// The translation as the value of a field: `"int"`, or `{ type = "decimal", precision = 10, scale = 2 }`.
    pub(crate) fn value(&self) -> String {
        if self.keys.is_empty() { format!("\"{}\"", self.ty) } else { format!("{{ {} }}", self.pairs(", ")) }
    }

    /// The keys in the form of a Rust attribute.
    pub(crate) fn attribute(&self) -> String {
        // A table in a template is a list in parentheses in an attribute, and a type alone is one of its keys.
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

    /// The translation with an example of each required key of the type.
    pub(crate) fn complete(self) -> Self {
        let has = |key: &str| self.keys.iter().any(|(known, _)| *known == key);
        match self.ty {
            TypeName::Decimal if !has("precision") => self.key("precision", 12).key("scale", 2),
            TypeName::Enum if !has("values") => self.key("values", "[\"draft\", \"active\"]"),
            TypeName::List if !has("items") => self.key("items", "\"string\""),
            TypeName::Object if !has("fields") => self.key("fields", "{ name = \"string\" }"),
            _ => self,
        }
    }

    /// `type = "…"` and the other keys.
    pub(crate) fn pairs(&self, between: &str) -> String {
        let mut pairs = vec![format!("type = \"{}\"", self.ty)];
        pairs.extend(self.keys.iter().map(|(key, value)| format!("{key} = {value}")));
        pairs.join(between)
    }
}

/// A type by any of its names, with its required keys: `type = "decimal", precision = 12, scale = 2`.
pub(crate) fn pairs_of(written: &str) -> String {
    let foreign = TypeName::from_name(written).map(Foreign::new).or_else(|| translate(written));
    foreign
        .map_or_else(|| format!("type = {}", crate::names::quoted(written)), |ty| ty.complete().pairs(", "))
}

/// The translation of a spelling; `None` for an unknown one, and for BEDS's own names.
pub(crate) fn translate(written: &str) -> Option<Foreign> {
    let written = written.trim();
    // Lower-casing ASCII does not move bytes, so values keep their written form.
    let lower = written.to_ascii_lowercase();
    if TypeName::from_name(written).is_some() {
        return None;
    }
    if let Some(inner) = written.strip_suffix('?').map(str::trim_end) {
        let ty = TypeName::from_name(inner).map(Foreign::new).or_else(|| translate(inner))?;
        return Some(ty.key("nullable", "true"));
    }
    if let Some(ty) = shapes::rewritten(written) {
        return Some(ty);
    }
    for of in ["array of ", "list of "] {
        if let Some(inner) = lower.strip_prefix(of).and_then(|_| written.get(of.len()..)) {
            return wrapped(inner.trim(), "list<");
        }
    }
    for mode in ["inout", "out", "in"] {
        if lower.strip_prefix(mode).is_some_and(|rest| rest.starts_with(' ')) {
            let inner = written.get(mode.len()..)?.trim();
            let ty = TypeName::from_name(inner).map(Foreign::new).or_else(|| translate(inner))?;
            return Some(if mode == "in" { ty } else { ty.key("mode", format_args!("\"{mode}\"")) });
        }
    }
    if ["hashmap<", "btreemap<", "map<", "record<", "dict<"].iter().any(|map| lower.starts_with(map)) {
        return Some(Foreign::new(TypeName::Json));
    }
    if let Some(inner) = inner_type(written) {
        // A list of these is how programs store bytes.
        if !lower.starts_with("option<")
            && matches!(inner.trim().to_ascii_lowercase().as_str(), "u8" | "byte")
        {
            return Some(Foreign::new(TypeName::Bytes));
        }
        return wrapped(inner, &lower);
    }
    let Definition { name, arguments, mut modifiers } = Definition::read(written)?;
    let mut base = names::base(without_package(&name), &arguments, &mut modifiers)?;
    // Only a set of words and numbers describes a type: `array("type" => "int")` is code.
    let is_told = matches!(name.as_str(), "enum" | "set") || names::is_greatest(&arguments);
    if !is_told && base.ty != TypeName::List && !arguments.is_empty() {
        let numbers: Option<Vec<_>> = arguments.iter().map(Argument::number).collect();
        match numbers {
            None if matches!(base.ty, TypeName::Object | TypeName::Json) => return None,
            Some(numbers) if numbers.iter().all(|(_, is_exact)| *is_exact) => {}
            Some(_) => base = base.unsure("`max` counts characters, and the column counts bytes"),
            None => base = base.unsure("the text in the parentheses has no counterpart here"),
        }
    }
    Some(modifiers.apply(base))
}

/// The last name of `java.util.uuid`.
fn without_package(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((package, last))
            if !last.is_empty()
                && package.chars().all(|letter| letter.is_ascii_alphanumeric() || "._".contains(letter)) =>
        {
            last
        }
        _ => name,
    }
}

/// The type inside `string[]`, `[string]`, `array<string>`, `vec<string>`, `option<string>`.
fn inner_type(written: &str) -> Option<&str> {
    if let Some(inner) = written.strip_suffix("[]") {
        return Some(inner);
    }
    if let Some(inner) = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(inner);
    }
    let (outer, rest) = written.split_once('<')?;
    let is_known = matches!(
        outer.trim().to_ascii_lowercase().as_str(),
        "array" | "list" | "vec" | "set" | "hashset" | "sequence" | "option" | "box"
    );
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
    let (note, is_sure) = (item.note, item.is_sure);
    Some(Foreign { note, is_sure, ..Foreign::new(TypeName::List).key("items", item.value()) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail so")]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_sql_and_others_are_translated() {
        for (written, right) in [
            ("varchar(20)", "{ type = \"string\", max = 20 }"),
            ("VARCHAR(20) NOT NULL", "{ type = \"string\", max = 20, required = true }"),
            ("decimal(10,2)", "{ type = \"decimal\", precision = 10, scale = 2 }"),
            ("decimal(8;3)", "{ type = \"decimal\", precision = 8, scale = 3 }"),
            ("decimal(8:3)", "{ type = \"decimal\", precision = 8, scale = 3 }"),
            ("numeric(6)", "{ type = \"decimal\", precision = 6, scale = 0 }"),
            ("int unsigned", "{ type = \"int\", unsigned = true }"),
            (
                "int(11) unsigned not null auto_increment primary key",
                "{ type = \"int\", unsigned = true, key = true, generated = \"database\" }",
            ),
            ("bigint", "\"int\""),
            ("tinyint", "{ type = \"int\", min = -128, max = 127 }"),
            ("tinyint(4) unsigned", "{ type = \"int\", min = 0, max = 255 }"),
            ("smallint", "{ type = \"int\", min = -32768, max = 32767 }"),
            ("SMALLINT(5) UNSIGNED ZEROFILL", "{ type = \"int\", min = 0, max = 65535 }"),
            ("mediumint", "{ type = \"int\", min = -8388608, max = 8388607 }"),
            ("mediumint unsigned not null", "{ type = \"int\", min = 0, max = 16777215, required = true }"),
            ("year", "{ type = \"int\", min = 0, max = 2155 }"),
            ("year(4)", "{ type = \"int\", min = 0, max = 2155 }"),
            ("nvarchar(max)", "{ type = \"text\", max = 4294967295 }"),
            ("VARCHAR(MAX) not null", "{ type = \"text\", max = 4294967295, required = true }"),
            ("varbinary(max)", "{ type = \"bytes\", max = 4294967295 }"),
            ("clob", "{ type = \"text\", max = 4294967295 }"),
            ("image", "{ type = \"bytes\", max = 4294967295 }"),
            ("xml", "\"text\""),
            ("Vec<u8>", "\"bytes\""),
            ("byte[]", "\"bytes\""),
            ("Option<u8>", "{ type = \"int\", min = 0, max = 255, nullable = true }"),
            ("bit(8)", "{ type = \"int\", min = 0, max = 255 }"),
            ("u8", "{ type = \"int\", min = 0, max = 255 }"),
            ("i16", "{ type = \"int\", min = -32768, max = 32767 }"),
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
            ("char(3) default 'EUR'", "{ type = \"string\", max = 3, default = \"EUR\" }"),
            ("ENUM('a', 'b''c')", "{ type = \"enum\", values = [\"a\", \"b'c\"] }"),
            ("enum('a\\'b','c')", "{ type = \"enum\", values = [\"a'b\", \"c\"] }"),
            ("enum('a,b', 'C)')", "{ type = \"enum\", values = [\"a,b\", \"C)\"] }"),
            ("varchar(20) default 'it''s'", "{ type = \"string\", max = 20, default = \"it's\" }"),
            ("varchar(9) default ''", "{ type = \"string\", max = 9, default = \"\" }"),
            (
                "decimal(10,2) not null default 0.00",
                "{ type = \"decimal\", precision = 10, scale = 2, default = \"0.00\" }",
            ),
            ("decimal(10,2) unsigned", "{ type = \"decimal\", precision = 10, scale = 2, min = \"0\" }"),
            ("float default 1.5", "{ type = \"float\", default = 1.5 }"),
            ("int(11) NOT NULL DEFAULT '0'", "{ type = \"int\", default = 0 }"),
            ("bit(1) default b'1'", "{ type = \"bool\", default = true }"),
            ("varchar(20 char)", "{ type = \"string\", max = 20 }"),
            (
                "enum('x') comment 'unsigned not null'",
                "{ type = \"enum\", values = [\"x\"], description = \"unsigned not null\" }",
            ),
            ("int references customer (id) on delete set null", "\"int\""),
            ("java.util.UUID", "\"uuid\""),
            ("LocalDateTime", "\"datetime\""),
            ("enum('A','b')[]", "{ type = \"list\", items = { type = \"enum\", values = [\"A\", \"b\"] } }"),
            ("array<varchar(5)>", "{ type = \"list\", items = { type = \"string\", max = 5 } }"),
        ] {
            assert_eq!(translate(written).map(|ty| ty.value()).as_deref(), Some(right), "{written}");
        }
        for unsure in [
            "timestamp not null default current_timestamp",
            "timestamp not null default current_timestamp() on update current_timestamp()",
            "datetime default now()",
            "datetime default '2020-01-01'",
            "int check (n > 0)",
            "int default 'x'",
            "decimal(70,40)",
            "decimal(10,12)",
            "enum()",
            "varchar2(20 byte)",
            "CharField(max_length=20)",
            "enum('a\\nb')",
        ] {
            let ty = translate(unsure).unwrap();
            assert!(!ty.is_sure, "{unsure}: {}", ty.value());
            assert!(!ty.keys.iter().any(|(key, _)| *key == "required"), "{unsure}: {}", ty.value());
        }
        for code in ["array(\"type\" => \"int\")", "array(\"a\",\"b\")", "dict(type=\"int\")"] {
            assert_eq!(translate(code), None, "{code}");
        }
        for own in ["int", "decimal", "string", "nonsense", ""] {
            assert_eq!(translate(own), None, "{own}");
        }
    }
}
