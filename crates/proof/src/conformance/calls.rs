//! Calls. A body that the database cannot run is found here, and so is one that returns other rows than declared.

use beds_codegen::model::{Arg, Call, Field, Type};
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
        return match other.key_fields().as_slice() {
            [field] if takes(&arg.field.ty, field, &key) => Some(key),
            _ => None,
        };
    }
    let field = |kind: &Kind<'_>| {
        let field = kind.domain.fields.iter().find(|field| field.name == name)?;
        (field.ty.type_name() == arg.field.ty.type_name()).then(|| field.clone())
    };
    let from = |made: &[Made], field: &Field| {
        let shown = one(made)?.shown.get(name).cloned()?;
        takes(&arg.field.ty, field, &shown).then_some(shown)
    };
    if let Some(field) = field(kind) {
        return from(made, &field);
    }
    all.iter().find_map(|(other, made)| from(made, &field(other)?))
}

/// Whether an argument may have the value of a field, which may have wider bounds.
fn takes(ty: &Type, field: &Field, value: &Value) -> bool {
    let has_length = |min: u32, max: u32| {
        let characters = value.as_str().map(|text| text.chars().count());
        characters.is_some_and(|count| (min as usize..=max as usize).contains(&count))
    };
    match ty {
        _ if value.is_null() => false,
        ty if *ty == field.ty => true,
        Type::Int { min, max } => value.as_i64().is_some_and(|number| (*min..=*max).contains(&number)),
        Type::UInt { min, max } => value.as_u64().is_some_and(|number| (*min..=*max).contains(&number)),
        Type::Float { min, max } => value.as_f64().is_some_and(|number| (*min..=*max).contains(&number)),
        Type::String { min, max, pattern: None } | Type::Text { min, max } => has_length(*min, *max),
        Type::Enum { values } => value.as_str().is_some_and(|text| values.iter().any(|value| value == text)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use beds_codegen::Compiler;

    use super::*;

    #[test]
    fn an_argument_takes_only_values_within_its_own_bounds() {
        let text = "[template]\nname = \"a\"\nservice = \"app_server\"\nengine = \"mariadb\"\ndatabase = \"d\"\n\
                    [fields]\nid = { type = \"int\", key = true }\ntext = { type = \"string\", max = 9 }\n\
                    [objects]\nread = { table = \"a\" }\n";
        let output = Compiler::new().template_text("a_rec.toml", text).compile();
        let domain = output.unwrap_or_else(|report| panic!("{report}")).domains.remove(0);
        let [id, text] = [&domain.fields[0], &domain.fields[1]];
        let short = Type::String { min: 1, max: 3, pattern: None };
        let letters = Type::String { min: 0, max: 9, pattern: Some("[a-z]+".to_owned()) };
        let of = |values: &[&str]| Type::Enum { values: values.iter().map(ToString::to_string).collect() };
        for (ty, field, value, is_taken) in [
            (&id.ty, id, json!(i64::MIN), true),
            (&id.ty, id, Value::Null, false),
            (&Type::Int { min: 0, max: 100 }, id, json!(100), true),
            (&Type::Int { min: 0, max: 100 }, id, json!(101), false),
            (&Type::UInt { min: 0, max: 100 }, id, json!(-1), false),
            (&short, text, json!("äöü"), true),
            (&short, text, json!("abcd"), false),
            (&short, text, json!(""), false),
            (&letters, text, json!("abc"), false),
            (&of(&["abc"]), text, json!("abc"), true),
            (&of(&["abc"]), text, json!("abd"), false),
        ] {
            assert_eq!(takes(ty, field, &value), is_taken, "{ty:?} {value}");
        }
    }
}
