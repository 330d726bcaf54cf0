//! Reads the files of samples. A file is read as a whole or not at all: records that nobody looked at would count as
//! tried.

use beds_protocol::shown;
use serde_json::{Map, Value};

use super::{Format, SampleError, is_value};
use crate::json;

/// The most bytes of one file.
const SAMPLE_BYTES_MAX: usize = 16 << 20;
/// The most records of one file.
const RECORDS_MAX: usize = 100_000;
/// The most fields of a record.
pub(super) const FIELDS_MAX: usize = 300;
/// The separators of the values of a line. Programs of countries with a decimal comma write semicolons.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

type Record = Map<String, Value>;

/// The records of a file.
pub(super) fn records(name: &str, bytes: &[u8], format: Format) -> Result<Vec<Record>, SampleError> {
    read(bytes, format).map_err(|error| SampleError(format!("{name}: {error}")))
}

fn read(bytes: &[u8], format: Format) -> Result<Vec<Record>, String> {
    if bytes.len() > SAMPLE_BYTES_MAX {
        return Err(format!("it has {} bytes, and may have {SAMPLE_BYTES_MAX}", bytes.len()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        format!("line {line} is not UTF-8: save the file as UTF-8")
    })?;
    let records = match format {
        Format::Csv => csv(text)?,
        Format::Json => json(text)?,
        Format::Ndjson => ndjson(text)?,
    };
    if records.is_empty() {
        return Err("there are no records in it".to_owned());
    }
    match records.iter().find(|record| record.len() > FIELDS_MAX) {
        Some(record) => Err(format!("a record has {} fields, and may have {FIELDS_MAX}", record.len())),
        None => Ok(records),
    }
}

fn too_many() -> String {
    format!("it has more than {RECORDS_MAX} records: name a file with fewer")
}

fn json(text: &str) -> Result<Vec<Record>, String> {
    match json::value(text.as_bytes()).map_err(|error| error.to_string())? {
        Value::Array(items) if items.len() > RECORDS_MAX => Err(too_many()),
        Value::Array(items) => items.into_iter().map(object).collect(),
        Value::Object(one) => Ok(vec![one]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err("it is not a list of objects".to_owned())
        }
    }
}

fn ndjson(text: &str) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    for (index, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if records.len() == RECORDS_MAX {
            return Err(too_many());
        }
        let value = json::value(line.as_bytes()).map_err(|error| error.to_string()).and_then(object);
        records.push(value.map_err(|error| format!("line {}: {error}", index + 1))?);
    }
    Ok(records)
}

fn object(value: Value) -> Result<Record, String> {
    match value {
        Value::Object(record) => Ok(record),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("a record is not an object".to_owned())
        }
    }
}

fn csv(text: &str) -> Result<Vec<Record>, String> {
    let first = text.lines().next().unwrap_or_default();
    let separator = SEPARATORS
        .into_iter()
        .rev()
        .max_by_key(|separator| first.matches(*separator).count())
        .unwrap_or_default();
    if ends_in_quotes(text, separator) {
        return Err("its last record begins a text in quotes that does not end: write the second `\"`, and `\"\"` for \
                    a quote in a text"
            .to_owned());
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or_default())
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let names = without_empty_end(reader.headers().map_err(|error| told(&error))?);
    named(&names)?;
    let mut records = Vec::new();
    for record in reader.records() {
        if records.len() == RECORDS_MAX {
            return Err(too_many());
        }
        let record = record.map_err(|error| told(&error))?;
        if let Some(beyond) = record.iter().skip(names.len()).position(|value| !value.is_empty()) {
            return Err(unnamed(names.len() + beyond + 1));
        }
        let member = |(name, value): (&str, &str)| {
            let value = if value.is_empty() { Value::Null } else { value.into() };
            (name.to_owned(), value)
        };
        records.push(names.iter().zip(record.iter()).map(member).collect());
    }
    Ok(records)
}

/// The names of the first line without the empty ones at its end. Some programs end each line with a separator.
fn without_empty_end(line: &csv::StringRecord) -> csv::StringRecord {
    let mut names = line.clone();
    while names.len() > 1 && names.get(names.len() - 1) == Some("") {
        names.truncate(names.len() - 1);
    }
    names
}

fn unnamed(number: usize) -> String {
    format!("the name of column {number} is empty: the first line names the fields")
}

/// Makes sure that the first line has names. Names are sent to a language model, and values are not.
fn named(names: &csv::StringRecord) -> Result<(), String> {
    for (index, name) in names.iter().enumerate() {
        let number = index + 1;
        if name.is_empty() {
            return Err(unnamed(number));
        }
        if is_value(name) {
            return Err(format!(
                "the name of column {number} looks like a value: if the first line has names, write them in words, such \
                 as `year_2022`; if it is a record, put a line with names before it"
            ));
        }
        if names.iter().take(index).any(|other| other == name) {
            return Err(format!("two columns are named {}: give one of them another name", shown(name)));
        }
    }
    Ok(())
}

fn told(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!(
                "line {line} has {len} values, and the first line {expected_len} names: put a value that contains the \
                 separator into quotes"
            )
        }
        _ => error.to_string(),
    }
}

/// Whether a quote without an end takes the rest of the file into one value. Only a quote at the beginning of a value
/// begins a text in quotes.
fn ends_in_quotes(text: &str, separator: char) -> bool {
    let (mut is_quoted, mut may_begin) = (false, true);
    for c in text.chars() {
        if c == '"' && (is_quoted || may_begin) {
            // A quote right after the end of a text goes on with this text.
            may_begin = is_quoted;
            is_quoted = !is_quoted;
        } else {
            may_begin = !is_quoted && (c == separator || c == '\n' || c == '\r');
        }
    }
    is_quoted
}
