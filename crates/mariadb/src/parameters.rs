//! How parameters of routines change values.
//!
//! The sessions of the node are strict, so the server refuses a value that the parameter's type does not have. But some
//! values become others without notice: 70 becomes the year 1970, 1 or `'1'` the first value of an ENUM, `'5'` the bits
//! of its character, 1.5 the integer 2. If a template's types let such a value through to such a parameter, the node
//! refuses it here.

use std::sync::Arc;

use beds_core::{
    inspect::Kind,
    plan::Invocation,
    spec::{Call, Domain, Routine, mariadb::Procedure},
    validate::Errors,
    value::Value,
};
use beds_protocol::value::DateTime;
use sqlx::{MySqlConnection, Row as _};

use crate::{
    fault::{Fault, classify},
    inspect::kind,
    known::Answers,
    meaning::{has_fraction, is_cut, is_place, is_year, number},
};

/// The values of a parameter, for types of which the server may change a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Takes {
    /// A YEAR.
    Year,
    /// An ENUM or a SET of these values.
    Places(Vec<String>),
    /// A BIT: a text is its bytes.
    Bits,
    /// An integer within these bounds.
    Whole { min: i128, max: i128 },
    /// A decimal with this many digits after the point.
    Scale(u8),
    /// A TIME with this many digits of a second's fraction: a number is its digits.
    Time(u8),
    /// A DATETIME with this many digits of a second's fraction.
    DateTime(u8),
    /// A TIMESTAMP, which has a small range of years.
    Timestamp(u8),
    /// A type that is read from text: an address, a UUID, a day.
    Form,
    /// The server keeps every value that it accepts.
    Anything,
}

/// The known parameters of routines: for a template, at most one entry for each call and each procedure of an
/// operation.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Answers<Takes>);

impl Parameters {
    /// Refuses a call with arguments that the server would change.
    ///
    /// # Errors
    /// `validation_failed`, naming the arguments.
    pub(crate) async fn check(
        &self,
        connection: &mut MySqlConnection,
        domain: &'static Domain,
        Invocation { call, args }: &Invocation,
    ) -> Result<(), Fault> {
        if call.args.is_empty() {
            return Ok(());
        }
        let takes = self.of(connection, domain, call).await?;
        let mut errors = Errors::default();
        for ((arg, value), takes) in call.args.iter().zip(args).zip(&*takes) {
            if let Some(reason) = takes.refuses(value) {
                errors.push(format!("args.{}", arg.field.name), reason);
            }
        }
        errors.or(()).map_err(Fault::Refused)
    }

    async fn of(
        &self,
        connection: &mut MySqlConnection,
        domain: &'static Domain,
        call: &'static Call,
    ) -> Result<Arc<[Takes]>, Fault> {
        if let Some(takes) = self.0.of(call) {
            return Ok(takes);
        }
        let (name, kind) = match &call.routine {
            Routine::Procedure { name, .. } => (*name, "PROCEDURE"),
            Routine::Function { name, .. } => (*name, "FUNCTION"),
            Routine::Pipeline { .. } | Routine::Method => return Ok(Arc::default()),
        };
        let takes = learn(connection, name, kind).await.map_err(|error| classify(&error, domain))?;
        self.0.keep(call, &takes);
        Ok(takes)
    }

    /// What the parameters of an operation's procedure accept, in their order.
    pub(crate) async fn of_procedure(
        &self,
        connection: &mut MySqlConnection,
        domain: &'static Domain,
        procedure: &'static Procedure,
    ) -> Result<Arc<[Takes]>, Fault> {
        if let Some(takes) = self.0.of(procedure) {
            return Ok(takes);
        }
        let takes = learn(connection, procedure.name, "PROCEDURE").await;
        let takes = takes.map_err(|error| classify(&error, domain))?;
        self.0.keep(procedure, &takes);
        Ok(takes)
    }
}

/// Asks the server. Of a routine that is missing, or that this user may not see, nothing is known: the call will tell.
async fn learn(
    connection: &mut MySqlConnection,
    name: &str,
    kind: &str,
) -> Result<Arc<[Takes]>, sqlx::Error> {
    let sql = "select dtd_identifier from information_schema.parameters \
               where specific_schema = database() and specific_name = ? and routine_type = ? \
               and ordinal_position > 0 order by ordinal_position";
    let rows = sqlx::query(sql).bind(name).bind(kind).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get_unchecked::<&str, _>(0).map(Takes::of)).collect()
}

impl Takes {
    /// What the parameter for a field takes; `None` if the procedure has none for it, or its parameters are unknown.
    pub(crate) fn of_field<'t>(takes: &'t [Self], procedure: &Procedure, field: usize) -> Option<&'t Self> {
        let at = procedure.args.iter().position(|arg| *arg == field)?;
        takes.get(procedure.place(at))
    }

    fn of(written: &str) -> Self {
        let begins = |name: &str| {
            let beginning = written.trim_start().get(..name.len());
            beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(name))
        };
        if begins("bit") {
            return Self::Bits;
        }
        match kind(written) {
            // A year of two digits is taken as it is shown.
            Kind::Year if !written.contains("(2)") => Self::Year,
            Kind::Enum(values) | Kind::Set(values) => Self::Places(values),
            Kind::Int { min, max } | Kind::Flag { min, max } => Self::Whole { min, max },
            Kind::Decimal { scale, .. } => Self::Scale(scale),
            Kind::Time { digits } => Self::Time(digits),
            Kind::DateTime { digits, stamp: true } => Self::Timestamp(digits),
            Kind::DateTime { digits, stamp: false } => Self::DateTime(digits),
            Kind::Uuid | Kind::Date => Self::Form,
            // An address is shown as text.
            _ if begins("inet") => Self::Form,
            _ => Self::Anything,
        }
    }

    /// Whether the server may refuse the value as none of the parameter's type. No record that the procedure finds has
    /// such a key or version.
    pub(crate) fn may_refuse(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Whole { min, max }, Value::Int(number)) => !(*min..=*max).contains(&(*number).into()),
            (Self::Whole { min, max }, Value::UInt(number)) => !(*min..=*max).contains(&(*number).into()),
            (Self::Places(values), Value::Text(text)) => !values.contains(text),
            (
                Self::Form | Self::Time(_) | Self::DateTime(_) | Self::Timestamp(_) | Self::Year,
                Value::Text(_),
            ) => true,
            (Self::Timestamp(_), Value::DateTime(DateTime(moment))) => {
                !(1..=TIMESTAMP_MAX).contains(&moment.unix_timestamp())
            }
            _ => false,
        }
    }

    /// Whether the parameter rounds this value of a key, or cuts it short, so that the procedure finds another record.
    pub(crate) fn shortens(&self, value: &Value) -> bool {
        match self {
            Self::Whole { .. } => has_fraction(value, 0),
            Self::Scale(digits) => has_fraction(value, (*digits).into()),
            Self::Time(digits) | Self::DateTime(digits) | Self::Timestamp(digits) => is_cut(*digits, value),
            _ => false,
        }
    }

    /// Whether the parameter interprets numbers and texts in its own way, as a YEAR and an ENUM do. Then it is the
    /// procedure's affair what a column would make of them.
    pub(crate) const fn is_particular(&self) -> bool {
        matches!(self, Self::Year | Self::Places(_))
    }

    /// Why the server would change this value; `None` if it would not.
    pub(crate) fn refuses(&self, value: &Value) -> Option<String> {
        match self {
            Self::Year => (!is_own_year(value)).then(|| {
                "must be 0, or a year from 1901 to 2155 with four digits: the parameter is a YEAR".to_owned()
            }),
            Self::Places(values) => {
                let is_other = match value {
                    Value::Text(text) => is_place(text) && !values.contains(text),
                    value => number(value).is_some() || matches!(value, Value::Bool(_)),
                };
                is_other.then(|| "must be one of the parameter's values, not the position of one".to_owned())
            }
            Self::Bits => match value {
                Value::Text(_) => Some("must be a number: the parameter is a BIT".to_owned()),
                value => has_fraction(value, 0).then(|| WHOLE.to_owned()),
            },
            Self::Whole { .. } => has_fraction(value, 0).then(|| WHOLE.to_owned()),
            Self::Scale(scale) => has_fraction(value, (*scale).into())
                .then(|| format!("must have at most {scale} digits after the point, as the parameter has")),
            Self::Time(_) => match value {
                Value::Text(text) if !is_time(text) => {
                    Some("must be a time such as \"08:30:00\": the parameter is a TIME".to_owned())
                }
                Value::Text(_) => None,
                value => number(value).map(|_| "must be a time, not a number".to_owned()),
            },
            Self::DateTime(_) | Self::Timestamp(_) | Self::Form | Self::Anything => None,
        }
    }
}

/// The last second of a TIMESTAMP before MariaDB 11.5, in Unix time: <https://mariadb.com/kb/en/timestamp/>.
const TIMESTAMP_MAX: i64 = i32::MAX as i64;

const WHOLE: &str = "must have no fraction, as the parameter has none";

/// Whether a YEAR keeps the value unchanged. It takes the text `'0'` for 2000.
fn is_own_year(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.len() == 4 && number(value).is_none_or(is_year),
        Value::Bool(value) => !value,
        value => number(value).is_none_or(is_year),
    }
}

/// Whether a text has hours and minutes, and nothing that a TIME drops.
fn is_time(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    text.contains(':') && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_none_of_the_type_may_be_refused() {
        let text = |text: &str| Value::Text(text.to_owned());
        let moment = |text: &str| Value::DateTime(text.parse().unwrap());
        let refused = [
            ("tinyint(3) unsigned", Value::Int(-1)),
            ("tinyint(3) unsigned", Value::Int(256)),
            ("int(11)", Value::UInt(u64::MAX)),
            ("inet6", text("1.2.3.4")),
            ("uuid", text("x")),
            ("date", text("2021-02-30")),
            ("timestamp", moment("1960-01-01T00:00:00Z")),
            ("timestamp(6)", moment("2107-01-01T00:00:00Z")),
        ];
        for (written, value) in refused {
            assert!(Takes::of(written).may_refuse(&value), "{written} {value:?}");
        }
        let taken = [
            ("tinyint(3) unsigned", Value::Int(255)),
            ("int(11)", Value::Int(i32::MIN.into())),
            ("bigint(20) unsigned", Value::UInt(u64::MAX)),
            ("varchar(45)", text("1.2.3.4")),
            ("int(11)", Value::Null),
            ("timestamp(6)", moment("2021-01-01T00:00:00Z")),
            ("datetime", moment("1960-01-01T00:00:00Z")),
        ];
        for (written, value) in taken {
            assert!(!Takes::of(written).may_refuse(&value), "{written} {value:?}");
        }
    }

    #[test]
    fn what_would_become_another_value_is_refused() {
        let text = |text: &str| Value::Text(text.to_owned());
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        let cases = [
            (
                "year(4)",
                vec![Value::Int(0), Value::Int(1970), Value::UInt(2155), text("1970"), text("0000")],
                vec![
                    Value::Int(5),
                    Value::Int(70),
                    Value::UInt(99),
                    Value::Float(1970.6),
                    decimal("1970.6"),
                    text("0"),
                    text("70"),
                    text(" 1970"),
                    Value::Bool(true),
                ],
            ),
            (
                "enum('a','7')",
                vec![text("a"), text("A"), text("7"), text("")],
                vec![Value::Int(1), text("1"), text("01"), text(" 2"), decimal("1.0"), Value::Bool(true)],
            ),
            ("set('r','w')", vec![text("r,w"), text("")], vec![text("3"), Value::Int(3)]),
            (
                "bit(8)",
                vec![Value::Int(5), Value::Bool(true), decimal("5.0")],
                vec![text("5"), text(""), Value::Float(1.5)],
            ),
            (
                "int(11)",
                vec![Value::Int(5), Value::Float(5.0), text("5"), text("x"), text("5e2")],
                vec![Value::Float(1.6), decimal("1.6"), text("1.6"), text("1e-1")],
            ),
            (
                "decimal(5,2)",
                vec![decimal("1.230"), Value::Float(1.25), text("1.2")],
                vec![decimal("1.239"), Value::Float(1.239), text("1.239")],
            ),
            (
                "time(3)",
                vec![text("08:30"), text("-1:30:00.5")],
                vec![Value::Int(1130), text("1130"), text("2020-01-01 10:00:00")],
            ),
            ("varchar(9)", vec![Value::Int(1), text("1.5")], vec![]),
        ];
        for (written, fine, refused) in cases {
            let takes = Takes::of(written);
            for value in fine.iter().chain([&Value::Null]) {
                assert_eq!(takes.refuses(value), None, "{written} {value:?}");
            }
            for value in refused {
                assert!(takes.refuses(&value).is_some(), "{written} {value:?}");
            }
        }
    }
}
