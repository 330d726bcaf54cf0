//! `call.NAME`.

use beds_protocol::{CallRequest, Lane, Operation, Record};

use crate::{
    context::Context,
    error::Result,
    plan::{Action, Invocation, Plan, Read, Write},
    spec::{ArgMode, Call, Domain, RequestValue, Type},
    validate::{Errors, scalar},
    value::Value,
    work::Work,
};

/// Runs a named call, in its lane.
///
/// # Errors
/// `validation_failed`, if the arguments contradict the template.
pub fn call(
    cx: &Context,
    domain: &'static Domain,
    call: &'static Call,
    request: CallRequest,
) -> Result<Work> {
    cx.allowed(domain, Operation::Call(call.name))?;
    let args = arguments(cx, call, &request.args.unwrap_or_default())?;
    let invocation = Invocation { call, args };
    let action = match call.lane {
        Lane::Read => Action::Read(Read::Call(invocation)),
        Lane::Write => Action::Write(Write::Call(invocation)),
    };
    Ok(Work::Plan(Plan::new(domain, action)))
}

/// The caller's roles, in an engine that has lists.
fn roles(cx: &Context) -> Value {
    Value::List(cx.caller().roles.iter().map(|role| Value::Text(role.to_string())).collect())
}

/// One value for each parameter, null for OUT parameters.
pub(super) fn arguments(cx: &Context, call: &'static Call, given: &Record) -> Result<Vec<Value>> {
    let mut errors = Errors::default();
    for (name, _) in &given.0 {
        match call.args.iter().find(|arg| arg.asked.is_none() && arg.field.name == name) {
            Some(arg) if arg.mode == ArgMode::Out => {
                errors.push(format!("args.{name}"), "is an OUT parameter: leave it out");
            }
            Some(_) => {}
            None => errors.push(format!("args.{name}"), format!("is not an argument of `{}`", call.name)),
        }
    }
    let values = call.args.iter().map(|arg| {
        if let Some(wanted) = arg.asked {
            return match (wanted, &arg.field.ty) {
                (RequestValue::Roles, Type::List { .. }) => Ok(roles(cx)),
                _ => cx.asked(wanted),
            };
        }
        Ok(if arg.mode == ArgMode::Out {
            Value::Null
        } else {
            let path = format!("args.{}", arg.field.name);
            scalar::member(&arg.field, given.get(arg.field.name), &path, &mut errors).unwrap_or(Value::Null)
        })
    });
    let values = values.collect::<Result<_>>()?;
    errors.or(values)
}
