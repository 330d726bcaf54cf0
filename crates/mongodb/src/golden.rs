//! Expected output in files: `BLESS=1 cargo test -p beds-mongodb` writes them anew.

use std::{fs, path::Path};

use beds_core::{
    spec::{Arg, Call, Domain, Field, Generated, Literal, Returns, Routine, Type, mongodb},
    value::Value,
};
use beds_protocol::Lane;

/// Compares text with the file of this name.
pub(crate) fn check(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let line = expected.lines().zip(actual.lines()).position(|(expected, actual)| expected != actual);
    let line = line.unwrap_or_else(|| expected.lines().count().min(actual.lines().count()));
    assert!(
        expected == actual,
        "{name}, line {}:\n  expected: {}\n  actual:   {}\nBLESS=1 writes it anew",
        line + 1,
        expected.lines().nth(line).unwrap_or("(nothing)"),
        actual.lines().nth(line).unwrap_or("(nothing)"),
    );
}

/// A record of [`THING`] with few values.
pub(crate) fn thing(name: &str) -> Vec<Value> {
    let mut record = vec![Value::Null; FIELDS.len()];
    let moment = || Value::DateTime("1969-12-31T23:59:59.9995Z".parse().unwrap());
    for (name, value) in [
        ("version", Value::Int(1)),
        ("name", Value::Text(name.to_owned())),
        ("at", moment()),
        ("state", Value::Text("new".to_owned())),
        ("moments", Value::List(vec![moment()])),
        ("nested", Value::Object(vec![(&MEMBERS[0], moment())])),
    ] {
        record[THING.field(name).unwrap().0] = value;
    }
    record
}

/// A domain with a field of every type; `id` is its key.
pub(crate) static THING: Domain = Domain::new("thing", "", "0000000000000000")
    .fields(&FIELDS)
    .key(&[0])
    .version(1)
    .fetch(ALL, ALL, 2, 500)
    .reads()
    .calls(&CALLS)
    .mongodb(
        "things",
        mongodb::Objects {
            read: Some(mongodb::Source::view("v_thing")),
            create: Some("thing"),
            update: Some("thing"),
            upsert: Some("thing"),
            delete: None,
        },
    );

/// A domain with a key of two fields.
pub(crate) static PAIR: Domain = Domain::new("pair", "", "0000000000000000")
    .fields(&PAIR_FIELDS)
    .key(&[0, 1])
    .fetch(&[], &[], 2, 500)
    .mongodb(
        "things",
        mongodb::Objects {
            read: Some(mongodb::Source::collection("pair")),
            create: None,
            update: None,
            upsert: None,
            delete: Some("pair"),
        },
    );

const ALL: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

static PAIR_FIELDS: [Field; 2] =
    [Field::new("left", "l", Type::INT), Field::new("right", "r", Type::uint(0, u64::MAX))];

static MOMENT: Field = Field::new("moment", "moment", Type::DateTime);
static MEMBERS: [Field; 1] = [Field::new("moment", "moment", Type::DateTime)];

static FIELDS: [Field; 16] = [
    Field::new("id", "_id", Type::ObjectId).generated(Generated::Database),
    Field::new("version", "v", Type::INT),
    Field::new("flag", "flag", Type::Bool).nullable(),
    Field::new("natural", "natural", Type::uint(0, u64::MAX)).nullable(),
    Field::new("ratio", "ratio", Type::FLOAT).nullable(),
    Field::new("price", "prd_price", Type::decimal(40, 2, None, None)).nullable(),
    Field::new("name", "name", Type::string(0, 40)).nullable(),
    Field::new("blob", "blob", Type::bytes(100)).nullable(),
    Field::new("uuid", "uuid", Type::Uuid).nullable(),
    Field::new("day", "day", Type::Date).nullable(),
    Field::new("hour", "hour", Type::Time).nullable(),
    Field::new("at", "at", Type::DateTime).nullable(),
    Field::new("state", "state", Type::one_of(&["new", "old"])).default(Literal::Text("new")),
    Field::new("any", "any", Type::Json).nullable(),
    Field::new("moments", "moments", Type::list(&MOMENT, 5)).nullable(),
    Field::new("nested", "nested", Type::object(&MEMBERS)).nullable(),
];

const fn arg(name: &'static str, ty: Type) -> Arg {
    Arg::given(Field::new(name, name, ty))
}

static ARGS: [Arg; 3] = [arg("text", Type::string(0, 40)), arg("any", Type::Json), arg("list", Type::Json)];

static CALLS: [Call; 1] = [Call {
    name: "some",
    description: "",
    lane: Lane::Read,
    args: &ARGS,
    returns: Returns::AsItComes,
    routine: Routine::Pipeline { on: "v_thing", stages: r#"[{"$match":{"a":{"$arg":"any"}}}]"# },
}];
