//! `call.NAME` of a call that a Rust function implements. Its arguments become values of Rust. Its result is compared
//! with the template, as a client's input is.

use std::vec;

use beds_protocol::{CallRequest, Json, Lane, Operation};
use serde::{Serialize, de::DeserializeOwned};

use super::{call::arguments, finite};
use crate::{
    context::Context,
    error::{Error, Result},
    outcome::Outcome,
    spec::{Call, Domain, Field, Returns},
    validate::{Errors, scalar},
    value::{Value, write_record},
    work::Work,
};

/// The hint for a call that has written, and whose answer cannot be given.
const DONE: &str = "the call is done, and its writes stay: only its answer cannot be shown";

/// The arguments of a call, for its function: in the order of the template, valid, with defaults.
#[derive(Debug)]
pub struct Arguments {
    call: &'static Call,
    values: vec::IntoIter<Value>,
    taken: usize,
}

impl Arguments {
    /// Takes the next argument, in the function's type for it.
    ///
    /// # Errors
    /// `internal`, if the type cannot hold a value that the template allows.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<T> {
        let value = self.values.next().unwrap_or(Value::Null);
        let name = self.call.args.get(self.taken).map_or("", |arg| arg.field.name);
        self.taken += 1;
        let mut text = Vec::new();
        value.write_json(&mut text);
        serde_json::from_slice(&text).map_err(|error| {
            let call = self.call.name;
            Error::internal(format!("the function of `{call}` cannot take its argument `{name}`: {error}"))
        })
    }
}

/// The result of a function: a `T` or none.
pub fn gives<T, G: Into<Option<T>>>(given: G) -> Option<T> {
    given.into()
}

/// Runs the function of a call, with its arguments.
///
/// # Errors
/// `validation_failed`, if the arguments contradict the template; `forbidden` or `unauthenticated`, if the caller may
/// not make the call.
pub fn method<R: Serialize, F: Future<Output = Result<R>> + Send + 'static>(
    cx: &Context,
    domain: &'static Domain,
    call: &'static Call,
    request: CallRequest,
    function: impl FnOnce(Context, Arguments) -> F,
) -> Result<Work> {
    cx.allowed(domain, Operation::Call(call.name))?;
    let values = arguments(cx, call, &request.args.unwrap_or_default())?.into_iter();
    let running = function(cx.clone(), Arguments { call, values, taken: 0 });
    Ok(Work::method(async move {
        let given = running.await?;
        outcome(call, &given).map_err(|reason| {
            let (domain, call, lane) = (domain.name, call.name, call.lane);
            let error = Error::internal(format!("the function of `{domain}.call.{call}` {reason}"));
            match lane {
                Lane::Read => error,
                Lane::Write => error.hint(DONE),
            }
        })
    }))
}

/// The outcome of a function's result, or what is wrong with the result.
fn outcome(call: &'static Call, given: &impl Serialize) -> std::result::Result<Outcome, String> {
    let no_form = |error: serde_json::Error| format!("returned a value that has no JSON form: {error}");
    let json = || {
        finite::check(given).map_err(|odd| format!("returned a value that has no JSON form: {odd}"))?;
        let text = serde_json::to_vec(given).map_err(no_form)?;
        serde_json::from_slice::<Json>(&text).map_err(no_form)
    };
    let (mut errors, mut data) = (Errors::default(), Vec::new());
    match &call.returns {
        Returns::Nothing | Returns::AsItComes => return Ok(Outcome::default()),
        Returns::Scalar(ty) => match json()? {
            Json::Null => Value::Null.write_json(&mut data),
            json => {
                if let Some(value) = scalar::of_type(ty, &json, "data", &mut errors) {
                    value.write_json(&mut data);
                }
            }
        },
        Returns::Rows(fields) => match json()? {
            Json::Array(rows) => write_rows(fields, &rows, &mut data, &mut errors),
            _ => errors.push("data", "must be an array"),
        },
    }
    match errors.or(data) {
        Ok(data) => Ok(Outcome::data(data)),
        Err(error) => {
            let details = error.details.iter().map(|detail| format!("`{}` {}", detail.field, detail.reason));
            Err(format!(
                "returned a value that its `returns` does not allow: {}",
                details.collect::<Vec<_>>().join(
                    "; \
                 "
                )
            ))
        }
    }
}

fn write_rows(fields: &'static [Field], rows: &[Json], out: &mut Vec<u8>, errors: &mut Errors) {
    out.push(b'[');
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let path = format!("data[{index}]");
        let Json::Object(members) = row else {
            errors.push(path, "must be an object");
            continue;
        };
        for (name, _) in &members.0 {
            if !fields.iter().any(|field| field.name == name) {
                errors.push(format!("{path}.{name}"), "is not a column of `rows`");
            }
        }
        let values: Vec<(&'static str, Value)> = fields
            .iter()
            .map(|field| {
                let path = format!("{path}.{}", field.name);
                let value = scalar::member(field, members.get(field.name), &path, errors);
                (field.name, value.unwrap_or(Value::Null))
            })
            .collect();
        write_record(out, values.iter().map(|(name, value)| (*name, value)));
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::{Routine, Type};

    fn call(returns: Returns) -> &'static Call {
        let routine = Routine::Method;
        let lane = Lane::Read;
        Box::leak(Box::new(Call { name: "c", description: "", lane, args: &[], returns, routine }))
    }

    #[test]
    fn a_number_that_json_lacks_is_no_null() {
        #[derive(Serialize)]
        struct Row {
            n: f64,
            note: Option<f32>,
        }
        static ROWS: [Field; 2] =
            [Field::new("n", "n", Type::FLOAT), Field::new("note", "note", Type::FLOAT).nullable()];
        let float = || Returns::Scalar(Type::FLOAT);
        let rows = |n, note| outcome(call(Returns::Rows(&ROWS)), &[Row { n, note }]);
        for reason in [
            outcome(call(float()), &f64::NAN).unwrap_err(),
            outcome(call(float()), &Some(f32::INFINITY)).unwrap_err(),
            rows(f64::NEG_INFINITY, None).unwrap_err(),
            rows(1.5, Some(f32::NAN)).unwrap_err(),
        ] {
            assert!(reason.contains("has no JSON form: the number "), "{reason}");
        }
        let shown = |outcome: Outcome| String::from_utf8(outcome.encode()).unwrap();
        assert_eq!(shown(outcome(call(float()), &None::<f64>).unwrap()), r#"{"ok":true,"data":null}"#);
        assert_eq!(shown(rows(1.5, None).unwrap()), r#"{"ok":true,"data":[{"n":1.5,"note":null}]}"#);
    }

    fn given(returns: Returns, value: &serde_json::Value) -> std::result::Result<String, String> {
        let outcome = outcome(call(returns), value)?;
        Ok(String::from_utf8(outcome.encode()).unwrap())
    }

    #[test]
    fn what_a_function_gives_is_held_to_its_template() {
        static ROWS: [Field; 2] =
            [Field::new("n", "n", Type::INT), Field::new("note", "note", Type::string(0, 3)).nullable()];
        let short = || Returns::Scalar(Type::string(0, 3));
        for (returns, value, expected) in [
            (short(), json!("abc"), Ok(r#"{"ok":true,"data":"abc"}"#)),
            (short(), json!(null), Ok(r#"{"ok":true,"data":null}"#)),
            (short(), json!("abcd"), Err("`data` must be at most 3 characters")),
            (short(), json!(5), Err("`data` must be a string")),
            (Returns::Nothing, json!(null), Ok(r#"{"ok":true}"#)),
            (Returns::Rows(&ROWS), json!([]), Ok(r#"{"ok":true,"data":[]}"#)),
            (
                Returns::Rows(&ROWS),
                json!([{"note": "x", "n": 1}, {"n": 2}]),
                Ok(r#"{"ok":true,"data":[{"n":1,"note":"x"},{"n":2,"note":null}]}"#),
            ),
            (Returns::Rows(&ROWS), json!([{"n": 1}, {}]), Err("`data[1].n` is required")),
            (Returns::Rows(&ROWS), json!([{"n": 1, "m": 2}]), Err("`data[0].m` is not a column")),
            (Returns::Rows(&ROWS), json!({"n": 1}), Err("`data` must be an array")),
        ] {
            match (given(returns, &value), expected) {
                (Ok(reply), Ok(expected)) => assert_eq!(reply, expected),
                (Err(reason), Err(expected)) => assert!(reason.contains(expected), "{reason}"),
                (found, _) => panic!("{value}: {found:?}"),
            }
        }
    }
}
