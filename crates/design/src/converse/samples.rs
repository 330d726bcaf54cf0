//! Sample data. The form of its fields is sent. The data itself is sent only on request, and never if it looks
//! confidential.

mod read;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use beds_protocol::OneLine;
use serde_json::{Map, Value};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use self::read::FIELDS_MAX;

/// The most records that are sent, if any are.
const RECORDS_SENT: usize = 10;
/// How much of a text is shown.
const CHARACTERS_SHOWN: usize = 60;

/// Parts of the names of fields whose values are confidential, in the languages of most descriptions. They are written
/// without accents.
const SENSITIVE: [&str; 60] = [
    "account",
    "address",
    "auth",
    "birth",
    "card",
    "cvv",
    "diagnos",
    "dob",
    "email",
    "fax",
    "iban",
    "insur",
    "login",
    "mail",
    "mobile",
    "name",
    "passport",
    "passw",
    "patient",
    "phone",
    "pin",
    "plate",
    "pwd",
    "salary",
    "secret",
    "sign",
    "ssn",
    "street",
    "surname",
    "tax",
    "tel",
    "token",
    "user",
    "zip",
    // German.
    "adresse",
    "anschrift",
    "ausweis",
    "gebdat",
    "geburt",
    "gehalt",
    "kennwort",
    "konto",
    "kunde",
    "lohn",
    "plz",
    "steuer",
    "strasse",
    "straße",
    "versicher",
    // French and Spanish.
    "apellido",
    "compte",
    "contrasen",
    "correo",
    "courriel",
    "cuenta",
    "direcci",
    "naissance",
    "nacimiento",
    "nombre",
    "prenom",
];

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with the names of the fields in the first line.
    Csv,
    /// A list of objects.
    Json,
    /// One object on each line.
    Ndjson,
}

impl Format {
    /// The format for the extension of a file's name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let (_, end) = name.rsplit_once('.')?;
        match end.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// Samples that cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleError(pub String);

/// Records of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    name: String,
    records: Vec<Map<String, Value>>,
    /// Further fields that the user says are sensitive.
    masked: BTreeSet<String>,
}

impl Samples {
    /// Reads samples.
    ///
    /// # Errors
    /// When they are too large, or not in this format.
    pub fn read(name: &str, bytes: &[u8], format: Format) -> Result<Self, SampleError> {
        let records = read::records(name, bytes, format)?;
        Ok(Self { name: name.to_owned(), records, masked: BTreeSet::new() })
    }

    /// The same samples, with further sensitive fields.
    #[must_use]
    pub fn masking(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.masked.extend(fields.into_iter().map(|field| plain(&field.into())));
        self
    }

    /// The records, as they are written.
    #[must_use]
    pub fn records(&self) -> &[Map<String, Value>] {
        &self.records
    }

    /// Their name.
    #[must_use]
    pub fn name(&self) -> String {
        OneLine(&self.name).to_string()
    }

    /// The form of the fields, one on each line, without any value.
    #[must_use]
    pub fn shape(&self) -> String {
        let mut fields: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for record in &self.records {
            for (name, value) in record.iter().take(FIELDS_MAX) {
                if fields.len() < FIELDS_MAX || fields.contains_key(name.as_str()) {
                    fields.entry(name).or_default().push(value);
                }
            }
        }
        let mut text = format!("{} records\n", self.records.len());
        for (name, values) in fields {
            let kinds: BTreeSet<&str> = values.iter().map(|value| kind(value)).collect();
            let longest =
                values.iter().filter_map(|value| value.as_str()).map(|text| text.chars().count()).max();
            let distinct: BTreeSet<String> = values.iter().map(ToString::to_string).collect();
            let _ = write!(text, "{}: {}", told(name), kinds.into_iter().collect::<Vec<_>>().join(" or "));
            if let Some(longest) = longest {
                let _ = write!(text, ", at most {longest} characters");
            }
            let missing = self.records.len() - values.len();
            if missing > 0 {
                let _ = write!(text, ", missing in {missing}");
            }
            if distinct.len() == values.len() && values.len() > 1 {
                text.push_str(", no value twice");
            }
            if self.is_sensitive(name) {
                text.push_str(", sensitive");
            }
            text.push('\n');
        }
        text
    }

    /// Some records, with sensitive values masked.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut text = String::new();
        for record in self.records.iter().take(RECORDS_SENT) {
            let record: Map<String, Value> = record
                .iter()
                .map(|(name, value)| {
                    (told(name), masked(value, self.is_sensitive(name), &|name| self.is_sensitive(name)))
                })
                .collect();
            let _ = writeln!(text, "{}", Value::Object(record));
        }
        text
    }

    fn is_sensitive(&self, name: &str) -> bool {
        let name = plain(name);
        self.masked.contains(&name) || SENSITIVE.iter().any(|part| name.contains(part))
    }
}

/// A name in small letters and without accents: people write `prénom` and `prenom`.
fn plain(name: &str) -> String {
    name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The kind of a value, judged by its notation.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
        Value::String(text) => {
            let shape = shape_of(text);
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let unsigned = text.strip_prefix('-').unwrap_or(text);
            match (shape.as_str(), unsigned.split_once('.')) {
                ("9999-99-99", _) => "text like a date",
                ("99:99" | "99:99:99", _) => "text like a time",
                _ if shape.starts_with("9999-99-99T99:99") || shape.starts_with("9999-99-99 99:99") => {
                    "text like a moment"
                }
                _ if is_number(unsigned) => "text like an integer",
                (_, Some((whole, part))) if is_number(whole) && is_number(part) => "text like a decimal",
                _ if text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4 => {
                    "text like a uuid"
                }
                _ => "text",
            }
        }
    }
}

/// A value in which the letters and digits of sensitive parts are replaced.
fn masked(value: &Value, is_sensitive: bool, by_name: &impl Fn(&str) -> bool) -> Value {
    match value {
        Value::String(text) if is_sensitive || looks_sensitive(text) => shape_of(text).into(),
        Value::String(text) => cut(text).into(),
        Value::Number(number) if is_sensitive || looks_sensitive(&number.to_string()) => 0.into(),
        Value::Number(number) => number.clone().into(),
        Value::Bool(_) if is_sensitive => Value::Bool(false),
        Value::Bool(value) => Value::Bool(*value),
        Value::Null => Value::Null,
        Value::Array(items) => {
            items.iter().take(RECORDS_SENT).map(|item| masked(item, is_sensitive, by_name)).collect()
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                (told(name), masked(value, is_sensitive || by_name(name), by_name))
            };
            Value::Object(members.iter().take(FIELDS_MAX).map(member).collect())
        }
    }
}

/// Whether a name of a field is a value: a number, a moment, or what looks sensitive.
fn is_value(name: &str) -> bool {
    looks_sensitive(name) || kind(&name.into()) != "text"
}

/// The name of a field or member. In an object that is a list by name, such as one by address, names are values.
fn told(name: &str) -> String {
    if looks_sensitive(name) { shape_of(name) } else { cut(name) }
}

/// Whether a text looks like an address, or like the number of a card, an account or a telephone.
fn looks_sensitive(text: &str) -> bool {
    text.contains('@') || text.contains("://") || text.chars().filter(char::is_ascii_digit).count() >= 9
}

/// A text with `9` for each digit and `x` for each letter.
fn shape_of(text: &str) -> String {
    let shape = |c: char| match c {
        c if c.is_numeric() => '9',
        'T' if text.contains(':') => 'T',
        c if c.is_alphabetic() => 'x',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().take(CHARACTERS_SHOWN).map(shape).collect()
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(CHARACTERS_SHOWN).collect();
    OneLine(&short).to_string()
}
