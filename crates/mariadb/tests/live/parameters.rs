//! What parameters of routines make of arguments: a value of a call arrives as it is, or is refused.

use beds_core::{
    plan::{self, Action, Invocation},
    spec::{Arg, Call, Domain, Field, Returns, Routine, Type, mariadb},
    value::Value,
};
use beds_protocol::{ErrorCode, Lane};
use serde_json::{Value as Json, json};

use crate::odd::{CHILD, Odd};

static GIVEN: [Arg; 1] = [Arg::given(Field::new("p", "p", Type::Json))];
static BOTH: [Arg; 1] = [Arg::both(Field::new("p", "p", Type::string(0, 20)))];

const fn call(args: &'static [Arg], returns: Returns, routine: Routine) -> Call {
    Call { name: "called", description: "", lane: Lane::Read, args, returns, routine }
}

const fn procedure(args: &'static [Arg], name: &'static str, sql: &'static str) -> Call {
    call(args, Returns::AsItComes, Routine::Procedure { name, sql, commits: false })
}

static YEAR: Call = procedure(&GIVEN, "year_is", "call year_is(?)");
static KIND: Call = procedure(&GIVEN, "kind_is", "call kind_is(?)");
static BITS: Call = procedure(&GIVEN, "bits_are", "call bits_are(?)");
static WHOLE: Call = procedure(&GIVEN, "whole_is", "call whole_is(?)");
static TIME: Call = procedure(&GIVEN, "time_is", "call time_is(?)");
static FLAGS: Call = procedure(&BOTH, "flags_are", "call flags_are(?)");
static FUNCTION: Call =
    call(&GIVEN, Returns::Scalar(Type::INT), Routine::Function { name: "year_of", sql: "select year_of(?)" });

/// What a routine was given, as it says itself; the code and the field of the error where it was refused.
async fn given(odd: &Odd, call: &'static Call, value: Value) -> Result<Json, (ErrorCode, String)> {
    let invocation = Invocation { call, args: vec![value] };
    let outcome = odd.run(&CHILD, Action::Read(plan::Read::Call(invocation))).await;
    let outcome = outcome.map_err(|error| {
        (error.code, error.details.first().map(|detail| detail.field.clone()).unwrap_or_default())
    })?;
    let json = |bytes: Option<&[u8]>| bytes.map(|bytes| serde_json::from_slice::<Json>(bytes).unwrap());
    Ok(match (json(outcome.data.as_deref()), json(outcome.out.as_deref()), json(outcome.sets.as_deref())) {
        (Some(data), _, _) => data,
        (_, Some(out), _) => out["p"].clone(),
        (_, _, sets) => sets.unwrap()[0][0].as_object().unwrap().values().next().unwrap().clone(),
    })
}

static GARMENT_FIELDS: [Field; 3] = [
    Field::new("id", "id", Type::INT),
    Field::new("size", "size", Type::string(0, 10)).nullable(),
    Field::new("made", "made", Type::INT).nullable(),
];
static GARMENT: Domain = Domain::new("garment", "", "").fields(&GARMENT_FIELDS).key(&[0]).reads().mariadb(
    "odd",
    mariadb::Objects {
        read: Some(mariadb::Source::table("v_garment", "`v_garment`", &["`id`", "`size`", "`made`"])),
        create: Some(mariadb::Procedure::new("sp_garment", "call `sp_garment`(?, ?, ?)", &[0, 1, 2])),
        ..mariadb::Objects::NONE
    },
);

/// An operation's procedure is judged by its own parameters, whatever the view makes of what it keeps.
#[tokio::test(flavor = "multi_thread")]
async fn the_parameters_of_an_operation_are_its_procedures_own() {
    let odd = Odd::open();
    let create = |id, size: &str, made| {
        let record = vec![Value::Int(id), Value::Text(size.to_owned()), Value::Int(made)];
        odd.run(&GARMENT, Action::Write(plan::Write::Create { records: vec![record], many: false }))
    };
    // A value of the parameter, though the column has none such.
    let outcome = create(1, "2", 1970).await.unwrap();
    let shown: Json = serde_json::from_slice(&outcome.data.unwrap()).unwrap();
    assert_eq!(shown, json!({ "id": 1, "size": "large", "made": 1970 }));
    // The parameter is a YEAR, though the view shows a number.
    for (size, made, field) in [("1", 5, "made"), ("3", 1970, "size")] {
        let error = create(2, size, made).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ValidationFailed, "{error}");
        assert_eq!(error.details[0].field, field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_arrives_as_it_is_or_is_refused() {
    let odd = Odd::as_user("caller");
    let text = |text: &str| Value::Text(text.to_owned());
    for (call, value, arrives) in [
        (&YEAR, Value::Int(1970), json!(1970)),
        (&YEAR, Value::Int(0), json!(0)),
        (&YEAR, text("1970"), json!(1970)),
        (&FUNCTION, Value::Int(2155), json!(2155)),
        (&KIND, text("b"), json!("b")),
        (&KIND, text("7"), json!("7")),
        (&BITS, Value::Int(5), json!(5)),
        (&WHOLE, text("12"), json!(12)),
        (&TIME, text("08:30"), json!("08:30:00")),
        (&FLAGS, text("r,w"), json!("r,w")),
        (&FLAGS, text(""), json!("")),
    ] {
        assert_eq!(given(&odd, call, value.clone()).await, Ok(arrives), "{:?} {value:?}", call.routine);
    }
    let ours = || Err((ErrorCode::ValidationFailed, "args.p".to_owned()));
    for (call, value) in [
        (&YEAR, Value::Int(70)),
        (&YEAR, text("70")),
        (&YEAR, text("0")),
        (&FUNCTION, Value::Int(5)),
        (&KIND, text("1")),
        (&KIND, Value::Int(2)),
        (&BITS, text("5")),
        (&WHOLE, Value::Float(1.5)),
        (&TIME, Value::Int(1130)),
        (&FLAGS, text("3")),
    ] {
        assert_eq!(given(&odd, call, value.clone()).await, ours(), "{:?} {value:?}", call.routine);
    }
    // These are the server's to refuse, since its sessions are strict.
    for (call, value) in [
        (&YEAR, Value::Int(1900)),
        (&YEAR, text("")),
        (&KIND, text("")),
        (&KIND, text("z")),
        (&BITS, Value::Int(300)),
        (&WHOLE, Value::Int(1 << 40)),
        (&TIME, text("900:00:00")),
        (&FLAGS, text("x")),
    ] {
        let (code, _) = given(&odd, call, value.clone()).await.unwrap_err();
        assert!(
            matches!(code, ErrorCode::RejectedByDatabase | ErrorCode::ValidationFailed),
            "{:?} {value:?}: {code:?}",
            call.routine
        );
    }
}
