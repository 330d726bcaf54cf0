//! Durations such as `400d`, also in the forms in which people write them.

use std::fmt;

/// The seconds of a minute.
pub(crate) const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;
const WEEK_DAYS: u64 = 7;

/// A number of units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Duration {
    number: u64,
    unit: char,
}

impl Duration {
    /// Reads `400d`, `400 days` and the like. Months are none: they have no fixed length, and `M` may mean minutes.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (number, unit) = parts(text);
        let number = number.parse().ok()?;
        let unit = match unit {
            "M" => return None,
            unit => unit.to_ascii_lowercase(),
        };
        let unit = match unit.as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => 's',
            "m" | "min" | "mins" | "minute" | "minutes" => 'm',
            "h" | "hr" | "hrs" | "hour" | "hours" => 'h',
            "d" | "day" | "days" => 'd',
            "y" | "yr" | "year" | "years" => 'y',
            "w" | "week" | "weeks" => {
                return Some(Self { number: WEEK_DAYS.saturating_mul(number), unit: 'd' });
            }
            _ => return None,
        };
        Some(Self { number, unit })
    }

    pub(crate) const fn seconds(self) -> u64 {
        let unit = match self.unit {
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            'y' => YEAR,
            _ => 1,
        };
        self.number.saturating_mul(unit)
    }
}

/// The form in a template.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit)
    }
}

/// The number of months that a text says, or seems to say with `M`.
pub(crate) fn months(text: &str) -> Option<u64> {
    let (number, unit) = parts(text);
    let is_month = unit == "M"
        || matches!(unit.to_ascii_lowercase().as_str(), "mo" | "mon" | "mos" | "month" | "months");
    number.parse().ok().filter(|_| is_month)
}

/// The digits, and the unit behind them.
fn parts(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (number, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    (number, unit.trim())
}
