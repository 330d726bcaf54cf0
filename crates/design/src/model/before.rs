//! What a field gets from the old records, if the entity takes the place of a template: an entry of a migration's map.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Constant;
use crate::fault::Faults;

/// The source of a field's value in old records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Before {
    pub from: Option<String>,
    #[serde(rename = "const")]
    pub constant: Option<Constant>,
    #[serde(rename = "enum")]
    pub values: Option<Vec<Becomes>>,
    #[serde(rename = "else")]
    pub other: Option<Constant>,
    pub split: Option<String>,
    pub part: Option<i64>,
    pub join: Option<Vec<String>>,
    pub with: Option<String>,
    pub case: Option<String>,
    pub date: Option<String>,
}

/// A value of an old record, and the value that takes its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the schema describes the members")]
pub struct Becomes {
    pub value: String,
    pub becomes: Constant,
}

impl Before {
    /// The fields of the old template whose values it takes.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &String> {
        self.from.iter().chain(self.join.iter().flatten())
    }

    /// The only field whose value it takes, if it takes it unchanged.
    pub(crate) fn unchanged(&self) -> Option<&str> {
        let is_plain = self.values.is_none()
            && self.split.is_none()
            && self.case.is_none()
            && self.date.is_none()
            && self.join.is_none()
            && self.constant.is_none();
        self.from.as_deref().filter(|_| is_plain)
    }

    /// The entry of the map of `migration.call.start`.
    pub(crate) fn entry(&self) -> Value {
        if let Some(from) = self.unchanged() {
            return json!(from);
        }
        let mut entry = Map::new();
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                entry.insert(name.to_owned(), value);
            }
        };
        let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
        add("from", text(&self.from));
        add("const", self.constant.as_ref().map(Constant::json));
        add("enum", self.values.as_ref().map(|values| values.iter().map(Becomes::member).collect()));
        add("else", self.other.as_ref().map(Constant::json));
        add("split", text(&self.split));
        add("part", self.part.map(|part| json!(part)));
        add("join", self.join.as_ref().map(|names| json!(names)));
        add("with", text(&self.with));
        add("case", text(&self.case));
        add("date", text(&self.date));
        Value::Object(entry)
    }

    /// The members of which at most one may be there.
    fn kinds(&self) -> Vec<&'static str> {
        let kinds = [
            ("const", self.constant.is_some()),
            ("enum", self.values.is_some()),
            ("split", self.split.is_some()),
            ("join", self.join.is_some()),
            ("case", self.case.is_some()),
            ("date", self.date.is_some()),
        ];
        kinds.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
    }

    /// The members that are there, besides that of its kind, and the kinds to which they belong.
    fn companions(&self) -> Vec<(&'static str, &'static [&'static str])> {
        let members: [(&str, bool, &[&str]); 4] = [
            ("from", self.from.is_some(), &["enum", "split", "case", "date", "from"]),
            ("else", self.other.is_some(), &["enum"]),
            ("part", self.part.is_some(), &["split"]),
            ("with", self.with.is_some(), &["join"]),
        ];
        members
            .into_iter()
            .filter(|(_, is_there, _)| *is_there)
            .map(|(name, _, kinds)| (name, kinds))
            .collect()
    }
}

impl Becomes {
    fn member(&self) -> (String, Value) {
        (self.value.clone(), self.becomes.json())
    }
}

/// Makes sure that the members belong together.
pub(super) fn check(before: &Before, path: &str, faults: &mut Faults) {
    let kinds = before.kinds();
    let kind = match kinds.as_slice() {
        [] if before.from.is_some() => "from",
        [] => {
            let help =
                "write `from` with the old field, or one of `const`, `enum`, `split`, `join`, `case`, `date`";
            return faults.add(path, "it names no source", help);
        }
        [one] => one,
        [first, second, ..] => {
            let message = format!("it has both `{first}` and `{second}`");
            return faults.add(path, message, "a field has one source: write one of them");
        }
    };
    for (name, of) in before.companions().into_iter().filter(|(_, of)| !of.contains(&kind)) {
        let message = format!("`{name}` has no meaning beside `{kind}`");
        let of = of.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        faults.add(format!("{path}.{name}"), message, format!("leave it out; it belongs to {of}"));
    }
    if before.from.is_none() && !matches!(kind, "const" | "join") {
        let message = format!("`{kind}` has no `from`");
        faults.add(path, message, "write `from` with the name of the old field");
    }
    if before.split.as_deref() == Some("") {
        faults.add(format!("{path}.split"), "the text is empty", "write the text at which a value is split");
    }
    let values = before.values.iter().flatten().enumerate();
    for (index, one) in values {
        if before.values.iter().flatten().take(index).any(|other| other.value == one.value) {
            let message = format!("{} is written twice", beds_protocol::shown(&one.value));
            faults.add(format!("{path}.enum[{index}]"), message, "say once what it becomes");
        }
    }
}
