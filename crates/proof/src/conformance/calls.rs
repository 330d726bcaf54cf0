//! Calls. A body that the database cannot run is found here, and so is one that returns other rows than declared.

use beds_codegen::model::{Arg, Call};
use beds_protocol::{ArgMode, Lane};
use serde_json::{Map, Value, json};

use super::{
    Bus, Lost, Made, Told,
    bus::{error, short},
};
use crate::{
    value::{self, Extreme},
    world::{Kind, World},
};

/// How often a call is tried, each time with other arguments.
const TRIES: u64 = 6;
/// The statuses of a correct call: a body may find that there is nothing to do.
const FINE: [&str; 5] = ["ok", "rejected_by_database", "conflict", "not_found", "version_mismatch"];

/// Calls all calls.
pub(super) async fn ask(
    world: &World<'_>,
    kind: &Kind<'_>,
    (made, all): (&[Made], &[(Kind<'_>, Vec<Made>)]),
    bus: &Bus,
    told: &mut Told,
) -> Result<(), Lost> {
    for call in &kind.domain.calls {
        let key = format!("{}.call.{}", kind.name(), call.name);
        if !world.reach(kind, &format!("call.{}", call.name)).is_granted {
            continue;
        }
        let (mut done, mut declined, before) = (0, Vec::new(), told.wrong.len());
        for number in 0..TRIES {
            let body = json!({ "args": arguments(call, number, (kind, made), all) });
            let reply = match call.lane {
                Lane::Read => bus.ask_reader(&key, &body).await?,
                Lane::Write => bus.ask(&key, &body).await?,
            };
            let code = reply["error"]["code"].as_str().unwrap_or("ok");
            if !FINE.contains(&code) {
                told.wrong(format!("{key}: {} is answered with {}", short(&body), error(&reply)));
            } else if code == "ok" {
                done += 1;
            } else {
                declined.push(error(&reply));
            }
        }
        if told.wrong.len() > before {
            continue;
        }
        match (done, declined.first()) {
            (0, Some(reason)) => {
                told.wrong(format!("{key}: none of {TRIES} calls got through; the first: {reason}"));
            }
            (_, None) => told.right(format!("{key}: {done} calls got through")),
            (_, Some(reason)) => {
                let count = declined.len();
                told.right(format!(
                    "{key}: {done} calls got through, {count} were declined, the first with {reason}"
                ));
            }
        }
    }
    Ok(())
}

/// Arguments: keys of existing records if an argument is named like them, and values of records.
fn arguments(
    call: &Call,
    number: u64,
    own: (&Kind<'_>, &[Made]),
    all: &[(Kind<'_>, Vec<Made>)],
) -> Map<String, Value> {
    let is_given = |arg: &&Arg| arg.mode != ArgMode::Out && arg.asked.is_none();
    let argument = |arg: &Arg| {
        let known = known(arg, number, own, all);
        let value = known.unwrap_or_else(|| {
            let extreme = if number == 0 { Extreme::Least } else { Extreme::Some };
            value::value(&arg.field, number, extreme, true)
        });
        (arg.field.name.clone(), value)
    };
    call.args.iter().filter(is_given).map(argument).collect()
}

fn known(
    arg: &Arg,
    number: u64,
    (kind, made): (&Kind<'_>, &[Made]),
    all: &[(Kind<'_>, Vec<Made>)],
) -> Option<Value> {
    let name = arg.field.name.as_str();
    let one = |made: &[Made]| made.get(value::place(number, made.len())).cloned();
    let entity = name.strip_suffix("_id").unwrap_or(name);
    if let Some((other, made)) = all.iter().find(|(other, _)| other.name() == entity) {
        let key = one(made)?.key;
        let fits =
            other.key_fields().first().is_some_and(|field| field.ty.type_name() == arg.field.ty.type_name());
        return fits.then_some(key);
    }
    let has = |kind: &Kind<'_>| {
        let field = kind.domain.fields.iter().find(|field| field.name == name);
        field.is_some_and(|field| field.ty.type_name() == arg.field.ty.type_name())
    };
    let from = |made: &[Made]| one(made)?.shown.get(name).filter(|value| !value.is_null()).cloned();
    if has(kind) {
        return from(made);
    }
    all.iter().find(|(other, _)| has(other)).and_then(|(_, made)| from(made))
}
