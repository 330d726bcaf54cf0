//! [`Reader`]: parses a message by RFC 5424 or RFC 3164. A message that cannot be parsed is kept unchanged.

use std::time::SystemTime;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use beds_core::{Error, Result};
use beds_protocol::value::DateTime;
use chrono::{Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};
use syslog_loose::{
    IncompleteDate, StructuredElement, Variant, decompose_pri, parse_message_with_year_exact_tz,
};

use super::{message::Message, settings::Syslog};

/// How long names may be, in characters.
const HOST_MAX: usize = 255;
const APP_MAX: usize = 255;
const ID_MAX: usize = 128;
/// How many parameters of structured data are kept as parameters.
const PARAMS_MAX: usize = 1_000;
/// The greatest priority: facility 23, severity 7.
const PRIORITY_MAX: u8 = 191;

/// Parses messages.
#[derive(Debug, Clone)]
pub struct Reader {
    zone: Tz,
}

/// A message up to its priority.
struct Begun<'a> {
    priority: u8,
    rest: &'a str,
}

type Read<'a> = syslog_loose::Message<&'a str>;

impl Reader {
    /// A reader with these settings.
    ///
    /// # Errors
    /// If the time zone is unknown.
    pub fn new(settings: &Syslog) -> Result<Self> {
        let zone = settings.zone.parse();
        Ok(Self { zone: zone.map_err(|_| Error::internal("syslog.zone is not the name of a time zone"))? })
    }

    /// Parses a message that was just received. It never fails: a message that cannot be parsed is kept unchanged, with
    /// a mark.
    #[must_use]
    pub fn read(&self, bytes: &[u8], is_cut: bool, source: Option<&str>) -> Message {
        self.read_at(bytes, is_cut, source, SystemTime::now())
    }

    fn read_at(&self, bytes: &[u8], is_cut: bool, source: Option<&str>, now: SystemTime) -> Message {
        let received_at = DateTime::from(now);
        let lossy = String::from_utf8_lossy(bytes);
        let text = lossy.trim_end_matches(['\n', '\r', '\0']);
        let mut message = Message {
            at: received_at,
            received_at,
            facility: None,
            severity: None,
            host: None,
            app: None,
            procid: None,
            msgid: None,
            data: Map::new(),
            message: text.to_owned(),
            source: source.map(str::to_owned),
            malformed: false,
            raw: None,
        };
        let is_read = self.fill(&mut message, text, now);
        let is_whole = matches!(lossy, std::borrow::Cow::Borrowed(_)) && !is_cut;
        message.malformed = !is_read || !is_whole;
        message.raw = message.malformed.then(|| STANDARD.encode(bytes));
        message
    }

    /// Fills in the parts that can be parsed; false if a part cannot.
    fn fill(&self, message: &mut Message, text: &str, now: SystemTime) -> bool {
        let Some(Begun { priority, rest }) = begun(text) else { return false };
        let (facility, severity) = decompose_pri(priority);
        message.facility = facility.map(syslog_loose::SyslogFacility::as_str);
        message.severity = severity.map(syslog_loose::SyslogSeverity::as_str);
        rest.clone_into(&mut message.message);
        // Only RFC 5424 has a version there.
        let is_versioned = rest.starts_with("1 ");
        let rewritten = if is_versioned { None } else { year_first(text, rest) };
        let text = rewritten.as_deref().unwrap_or(text);
        let variant = if is_versioned { Variant::RFC5424 } else { Variant::RFC3164 };
        let now = chrono::DateTime::<Utc>::from(now).with_timezone(&self.zone).naive_local();
        let year = |date: IncompleteDate| nearest_year(date, now);
        let Ok(read) = parse_message_with_year_exact_tz(text, year, Some(Utc), variant) else {
            // RFC 3164 leaves everything but the priority to the receiver.
            return !is_versioned;
        };
        let is_zoned = is_versioned || !rest.trim_start().starts_with(|c: char| c.is_ascii_alphabetic());
        let mut is_good = true;
        if let Some(at) = read.timestamp {
            match moment(at, (!is_zoned).then_some(self.zone)) {
                Some(at) => message.at = at,
                None => is_good = false,
            }
        }
        is_good &= take(message, &read);
        if let Some(said) = said(text, &read, is_versioned) {
            said.clone_into(&mut message.message);
        }
        is_good && (!is_versioned || is_all_data(text, &read))
    }
}

/// The priority at the beginning, `<0>` to `<191>`.
fn begun(text: &str) -> Option<Begun<'_>> {
    let (digits, rest) = text.strip_prefix('<')?.split_once('>')?;
    let is_number = (1..=3).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'));
    let priority = digits.parse().ok().filter(|priority| is_number && *priority <= PRIORITY_MAX)?;
    Some(Begun { priority, rest })
}

/// Moves the year of a message of RFC 3164 before the time, where the parser looks for it. Some senders write it after
/// the time.
fn year_first(text: &str, rest: &str) -> Option<String> {
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let words: Vec<&str> = rest.split_whitespace().take(4).collect();
    let &[month, day, time, year] = &*words else { return None };
    let is_day = month.len() == 3 && month.bytes().all(|byte| byte.is_ascii_alphabetic()) && is_number(day);
    let is_time = time.starts_with(|c: char| c.is_ascii_digit()) && time.contains(':');
    // A host could have such a name, but none does.
    let is_year = year.len() == 4 && is_number(year) && (year.starts_with("19") || year.starts_with("20"));
    let (before, after) =
        text.split_once(&format!(" {time} {year} ")).filter(|_| is_day && is_time && is_year)?;
    Some(format!("{before} {year} {time} {after}"))
}

/// Takes the parts of the message; false if a part is longer than it may be.
fn take(message: &mut Message, read: &Read<'_>) -> bool {
    let mut is_good = true;
    let mut name = |text: Option<&str>, most: usize| {
        let text = text.filter(|text| !text.is_empty())?;
        match text.char_indices().nth(most) {
            None => Some(text.to_owned()),
            Some((end, _)) => {
                is_good = false;
                Some(text[..end].to_owned())
            }
        }
    };
    message.host = name(read.hostname, HOST_MAX);
    message.app = name(read.appname, APP_MAX);
    let procid = read.procid.as_ref().map(ToString::to_string);
    message.procid = name(procid.as_deref(), ID_MAX);
    message.msgid = name(read.msgid, ID_MAX);
    match data(&read.structured_data) {
        Some(data) => message.data = data,
        None => is_good = false,
    }
    is_good
}

/// The part before the text.
fn head<'a>(text: &'a str, read: &Read<'a>) -> Option<&'a str> {
    text.trim_end().strip_suffix(read.msg).map(str::trim_end)
}

/// The text as its sender wrote it. The parser strips all blanks around it. For RFC 3164, which has no structured data,
/// it also strips a `-` at the beginning of the text, as in `-5`.
fn said<'a>(text: &'a str, read: &Read<'a>, is_versioned: bool) -> Option<&'a str> {
    let mut head = head(text, read)?;
    if !is_versioned && read.structured_data.is_empty() {
        let before = head.strip_suffix('-').map(str::trim_end);
        // A `-` that ends a name, or replaces one, belongs to the part before the text.
        let is_of_text = |before: &&str| {
            before.ends_with(':') || (before.len() + 1 < head.len() && read.appname.is_some())
        };
        head = before.filter(is_of_text).unwrap_or(head);
    }
    let said = text.get(head.len()..)?;
    let said = said.strip_prefix(' ').unwrap_or(said);
    // The byte order mark says that UTF-8 follows.
    Some(said.strip_prefix('\u{feff}').unwrap_or(said))
}

/// Whether all structured data of RFC 5424 was parsed: the parser skips an element that it cannot parse.
fn is_all_data(text: &str, read: &Read<'_>) -> bool {
    let data = if read.structured_data.is_empty() {
        "-".to_owned()
    } else {
        read.structured_data.iter().map(ToString::to_string).collect()
    };
    let before = head(text, read).and_then(|head| head.strip_suffix(&data));
    before.is_some_and(|before| before.ends_with(' '))
}

/// Structured data by names. A repeated parameter becomes a list. `None` if the data cannot be kept in this form.
fn data(elements: &[StructuredElement<&str>]) -> Option<Map<String, Value>> {
    let is_name = |name: &str| !name.is_empty() && !name.chars().any(char::is_control);
    if elements.iter().map(|element| element.params.len()).sum::<usize>() > PARAMS_MAX {
        return None;
    }
    let mut all = Map::new();
    for element in elements {
        if !is_name(element.id) {
            return None;
        }
        let of = all.entry(element.id).or_insert_with(|| Value::Object(Map::new())).as_object_mut()?;
        for (name, value) in element.params() {
            if !is_name(name) {
                return None;
            }
            match of.get_mut(*name) {
                None => {
                    of.insert((*name).to_owned(), Value::from(value));
                }
                Some(Value::Array(several)) => several.push(Value::from(value)),
                Some(one) => *one = Value::Array(vec![one.take(), Value::from(value)]),
            }
        }
    }
    Some(all)
}

/// The year that brings a date nearest to now. A message from the last evening of a year may arrive in the next year,
/// and a sender's clock may be ahead.
fn nearest_year((month, day, hour, minute, second): IncompleteDate, now: NaiveDateTime) -> i32 {
    let this = now.year();
    let distance = |year: &i32| {
        let at = NaiveDate::from_ymd_opt(*year, month, day)?.and_hms_opt(hour, minute, second)?;
        Some((at - now).abs())
    };
    let years = [this, this - 1, this + 1].into_iter();
    years.filter_map(|year| Some((distance(&year)?, year))).min().map_or(this, |(_, year)| year)
}

/// A moment in UTC. A time without a zone was parsed as if it were in UTC. `None` if no database can hold the moment.
fn moment(at: chrono::DateTime<FixedOffset>, zone: Option<Tz>) -> Option<DateTime> {
    let at = match zone {
        None => at.with_timezone(&Utc),
        Some(zone) => {
            let local = at.naive_utc();
            // In the hour that the clock skips in spring, the offset before the change applies.
            let zoned = zone.from_local_datetime(&local).earliest();
            zoned.map_or_else(|| local.and_utc(), |zoned| zoned.with_timezone(&Utc))
        }
    };
    (1970..=9999).contains(&at.year()).then(|| DateTime::from(SystemTime::from(at)))
}

#[cfg(test)]
mod tests;
