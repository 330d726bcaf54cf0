//! What the operations of every engine share: a request's records and arguments, held against the template.

use beds_protocol::{ErrorCode, OneOrMany, Record};

use crate::{
    config::Limits,
    core::Result,
    error::Error,
    spec::{ArgMode, Call, Domain},
    validate::{self, Errors},
    value::Value,
};

/// The records of a `create`, each with one value a field.
pub(super) fn new_records(
    domain: &'static Domain,
    limits: &Limits,
    data: &OneOrMany,
) -> Result<Vec<Vec<Value>>> {
    let mut errors = Errors::default();
    let records = match data {
        OneOrMany::One(record) => vec![validate::new_record(domain, record, "", &mut errors)],
        OneOrMany::Many(records) if records.is_empty() => {
            errors.push("data", "must have at least one record");
            Vec::new()
        }
        OneOrMany::Many(records) if records.len() > limits.create_records_max => {
            return Err(Error::new(
                ErrorCode::TooLarge,
                format!("{} records at once; {} is the limit", records.len(), limits.create_records_max),
            )
            .hint("send several requests"));
        }
        OneOrMany::Many(records) => {
            let record = |(index, record): (usize, &Record)| {
                validate::new_record(domain, record, &format!("data[{index}]."), &mut errors)
            };
            records.iter().enumerate().map(record).collect()
        }
    };
    errors.or(domain, records)
}

/// The values of a call's parameters, null for OUT ones.
pub(super) fn arguments(domain: &'static Domain, call: &'static Call, given: &Record) -> Result<Vec<Value>> {
    let mut errors = Errors::default();
    for (name, _) in &given.0 {
        match call.args.iter().find(|arg| arg.field.name == name) {
            Some(arg) if arg.mode == ArgMode::Out => {
                errors.push(format!("args.{name}"), "goes to the client: leave it out");
            }
            Some(_) => {}
            None => errors.push(format!("args.{name}"), format!("is not an argument of `{}`", call.name)),
        }
    }
    let values = call.args.iter().map(|arg| {
        if arg.mode == ArgMode::Out {
            return Value::Null;
        }
        let path = format!("args.{}", arg.field.name);
        validate::member(&arg.field, given.get(arg.field.name), &path, &mut errors).unwrap_or(Value::Null)
    });
    let values = values.collect();
    errors.or(domain, values)
}

/// The reply would be longer than the configuration allows.
pub(super) fn too_large(bytes_max: usize) -> Error {
    Error::new(ErrorCode::TooLarge, format!("the reply would have more than {bytes_max} bytes"))
        .hint("ask for fewer records or fields")
}
