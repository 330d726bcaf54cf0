//! Sample data. The form of its fields is sent. The data itself is sent only on request, and never if it looks
//! confidential.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use beds_protocol::OneLine;
use serde_json::{Map, Value};

/// The most bytes of one file.
const SAMPLE_BYTES_MAX: usize = 16 << 20;
/// The most records that are examined.
const RECORDS_MAX: usize = 10_000;
/// The most records that are sent, if any are.
const RECORDS_SENT: usize = 10;
/// The most fields of a record.
const FIELDS_MAX: usize = 300;
/// How much of a text is shown.
const CHARACTERS_SHOWN: usize = 60;

/// Parts of the names of fields whose values are confidential.
const SENSITIVE: [&str; 34] = [
    "account", "address", "auth", "birth", "card", "cvv", "diagnos", "dob", "email", "fax", "iban", "insur",
    "login", "mail", "mobile", "name", "passport", "passw", "patient", "phone", "pin", "plate", "pwd",
    "salary", "secret", "sign", "ssn", "street", "surname", "tax", "tel", "token", "user", "zip",
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
        let wrong = |error: String| SampleError(format!("{name}: {error}"));
        if bytes.len() > SAMPLE_BYTES_MAX {
            return Err(wrong(format!("it has {} bytes, but may have {SAMPLE_BYTES_MAX}", bytes.len())));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let records = match format {
            Format::Csv => csv(bytes).map_err(|error| wrong(error.to_string()))?,
            Format::Json => match serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))? {
                Value::Array(items) => items.into_iter().take(RECORDS_MAX).collect(),
                Value::Object(one) => vec![Value::Object(one)],
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    return Err(wrong("it is not a list of objects".to_owned()));
                }
            },
            Format::Ndjson => bytes
                .split(|byte| *byte == b'\n')
                .enumerate()
                .filter(|(_, line)| !line.trim_ascii().is_empty())
                .take(RECORDS_MAX)
                .map(|(index, line)| {
                    serde_json::from_slice(line)
                        .map_err(|error| wrong(format!("line {}: {error}", index + 1)))
                })
                .collect::<Result<_, _>>()?,
        };
        let records: Vec<Map<String, Value>> = records
            .into_iter()
            .map(|record: Value| match record {
                Value::Object(record) if record.len() <= FIELDS_MAX => Ok(record),
                Value::Object(record) => Err(wrong(format!("a record has {} fields", record.len()))),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    Err(wrong("a record is not an object".to_owned()))
                }
            })
            .collect::<Result<_, _>>()?;
        if records.is_empty() {
            return Err(wrong("there are no records in it".to_owned()));
        }
        Ok(Self { name: name.to_owned(), records, masked: BTreeSet::new() })
    }

    /// The same samples, with further sensitive fields.
    #[must_use]
    pub fn masking(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.masked.extend(fields.into_iter().map(|field| field.into().to_lowercase()));
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
            let _ = write!(text, "{}: {}", cut(name), kinds.into_iter().collect::<Vec<_>>().join(" or "));
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
                    (cut(name), masked(value, self.is_sensitive(name), &|name| self.is_sensitive(name)))
                })
                .collect();
            let _ = writeln!(text, "{}", Value::Object(record));
        }
        text
    }

    fn is_sensitive(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.masked.contains(&name) || SENSITIVE.iter().any(|part| name.contains(part))
    }
}

fn csv(bytes: &[u8]) -> Result<Vec<Value>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let names = reader.headers()?.clone();
    let mut records = Vec::new();
    for record in reader.records().take(RECORDS_MAX) {
        let record = record?;
        let member = |(name, value): (&str, &str)| {
            let value = if value.is_empty() { Value::Null } else { value.into() };
            (name.to_owned(), value)
        };
        records.push(Value::Object(names.iter().zip(record.iter()).map(member).collect()));
    }
    Ok(records)
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
        Value::Number(_) if is_sensitive => 0.into(),
        Value::Number(number) => number.clone().into(),
        Value::Bool(_) if is_sensitive => Value::Bool(false),
        Value::Bool(value) => Value::Bool(*value),
        Value::Null => Value::Null,
        Value::Array(items) => {
            items.iter().take(RECORDS_SENT).map(|item| masked(item, is_sensitive, by_name)).collect()
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                (cut(name), masked(value, is_sensitive || by_name(name), by_name))
            };
            Value::Object(members.iter().take(FIELDS_MAX).map(member).collect())
        }
    }
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
