//! The templates over `schema.sql`, as the compiler would write them.

use beds_core::spec::{
    Arg, Call, Domain, Field, Generated, Returns, Routine, Type,
    mariadb::{Objects, Procedure, Source},
};
use beds_protocol::Lane;

const fn int(name: &'static str) -> Field {
    Field::new(name, name, Type::INT).nullable()
}

const fn text(name: &'static str) -> Field {
    Field::new(name, name, Type::string(0, 40)).nullable()
}

const fn of(name: &'static str, ty: Type) -> Field {
    Field::new(name, name, ty).nullable()
}

/// The indices of so many fields.
const fn all<const N: usize>() -> [usize; N] {
    let mut all = [0; N];
    let mut index = 0;
    while index < N {
        all[index] = index;
        index += 1;
    }
    all
}

/// A domain that can be filtered and sorted by all of its fields; the first is its key.
macro_rules! domain {
    ($domain:ident: $name:literal, $source:ident [$($field:expr),* $(,)?] $({ $($objects:tt)* })? $(; $with:ident($($arg:expr),*))*) => {
        #[allow(clippy::needless_update, reason = "most domains have not all objects")]
        pub(crate) static $domain: Domain = {
            static FIELDS: [Field; [$(stringify!($field)),*].len()] = [$($field),*];
            static COLUMNS: [&str; FIELDS.len()] = {
                let mut columns = [""; FIELDS.len()];
                let mut index = 0;
                while index < columns.len() {
                    columns[index] = FIELDS[index].column;
                    index += 1;
                }
                columns
            };
            static ALL: [usize; FIELDS.len()] = all();
            Domain::new($name, "", "0000000000000000")
                .fields(&FIELDS)
                .key(&[0])
                .fetch(&ALL, &ALL, 100, 500)
                .reads()
                .mariadb("odd", Objects {
                    read: Some(Source::$source($name, $name, &COLUMNS)),
                    $($($objects)*)?
                    ..Objects::NONE
                })
                $(.$with($($arg),*))*
        };
    };
}

domain! { INV: "inv_state", view [int("id"), text("state"), text("kind"), text("latin"), text("made"), text("name")] }

domain! { PERSON: "person", table [int("id"), text("name"), of("born", Type::Date)] {
    update: Some(Procedure::new("person_update", "call person_update(?, ?, ?)", &[0, 1, 2])),
    upsert: None,
}; updates() }

domain! { TINY: "tiny", table [int("id"), int("u"), int("z"), int("s")] }

domain! { PARCEL: "parcel", table [int("id"), of("weight", Type::FLOAT)] }
domain! { PRICED_PARCEL: "parcel", table [int("id"), of("weight", Type::decimal(20, 8, None, None))] }

domain! { CAR: "car", table [int("id"), of("built", Type::int(0, 2155))] {
    create: Some(Procedure::new("car_create", "call car_create(?, ?)", &[0, 1])),
    update: Some(Procedure::new("car_update", "call car_update(?, ?)", &[0, 1])),
    upsert: None,
}; creates(); updates() }

// The same cars, many of which may be changed at once.
domain! { YEARS: "car", table [int("id"), of("built", Type::int(0, 2155))] {
    update: Some(Procedure::new("car_update", "call car_update(?, ?)", &[0, 1])),
}; updates(); updates_many(10) }

domain! { KLIE: "v_klie", view [
    Field::new("id", "id", Type::INT), Field::new("a", "a", Type::INT), Field::new("b", "b", Type::INT),
] }

domain! { OPENED: "opened", table [int("id"), of("day", Type::Date), of("at", Type::DateTime)] }

domain! { DAYS: "opened", table [int("id"), of("at", Type::Date)] }

domain! { LATIN_KEYS: "latin_keys", table [Field::new("name", "name", Type::string(0, 10))] }

domain! { SETS: "sets", table [
    Field::new("l", "l", Type::string(0, 10)), text("a"), text("u"), text("s"), text("e"),
] {
    update: Some(Procedure::new("sets_update", "call sets_update(?, ?)", &[0, 1])),
    delete: Some(Procedure::new("sets_delete", "call sets_delete(?)", &[0])),
}; updates(); deletes() }

domain! { EV: "v_ev", view [
    Field::new("id", "id", Type::INT).generated(Generated::Database),
    of("at", Type::DateTime), of("hour", Type::Time), int("built"), text("code"),
    of("price", Type::decimal(10, 4, None, None)), of("weight", Type::FLOAT), of("ratio", Type::FLOAT),
    of("bits", Type::bytes(4)), text("name"),
] {
    create: Some(Procedure::new("ev_create", "call ev_create(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        &[1, 2, 3, 4, 5, 6, 7, 8, 9]).returning(&[0])),
}; creates() }

domain! { PAIR: "pair", table [
    Field::new("a", "a", Type::INT), Field::new("b", "b", Type::string(0, 10)),
    Field::new("at", "at", Type::DateTime), Field::new("revision", "revision", Type::INT),
] {
    create: Some(Procedure::new("pair_create", "call pair_create(?, ?, ?)", &[0, 1, 2])),
    update: Some(Procedure::new("pair_update", "call pair_update(?, ?, ?, ?)", &[0, 1, 2, 3])),
    upsert: None,
}; key(&[0, 1]); version(3); creates(); updates() }

domain! { FLAGS: "flags", table [int("id"), of("b", Type::Bool)] }
domain! { FLAG_KEYS: "flag_keys", table [Field::new("b", "b", Type::Bool), text("name")] }

domain! { BOOL_KEYS: "bool_keys", table [
    Field::new("b", "b", Type::Bool), Field::new("k", "k", Type::INT), int("v"), int("w"),
] {
    update: Some(Procedure::new("bool_keys_update", "call bool_keys_update(?, ?, ?, ?)", &[0, 1, 2, 3])),
    upsert: None,
    delete: Some(Procedure::new("bool_keys_delete", "call bool_keys_delete(?, ?)", &[0, 1])),
}; key(&[0, 1]); updates(); deletes() }

const fn long(name: &'static str) -> Field {
    Field::new(name, name, Type::string(0, 3_000)).nullable()
}

domain! { TEXTS: "texts", table [
    int("id"), text("np"), text("npg"), text("npl"), text("npc"), long("lng"), long("lngb"),
] }

domain! { THIRD: "v_third", view [int("id"), of("dv", Type::decimal(20, 4, None, None))] }

domain! { TIMES: "times", table [
    Field::new("k", "k", Type::DateTime), Field::new("k2", "k2", Type::Time), of("t", Type::Time),
] {
    create: Some(Procedure::new("times_create", "call times_create(?, ?, ?)", &[0, 1, 2])),
}; key(&[0, 1]); creates() }

domain! { UUIDS: "uuids", table [
    Field::new("id", "id", Type::Uuid), of("other", Type::Uuid), text("label"),
] {
    create: Some(Procedure::new("uuids_create", "call uuids_create(?, ?, ?)", &[0, 1, 2])),
}; creates() }

domain! { UUID_TEXTS: "uuid_texts", table [
    int("id"), of("e", Type::Uuid), of("f", Type::Uuid), of("g", Type::Uuid),
] }

domain! { CHARS: "chars", table [int("id"), text("c"), text("b")] }
domain! { CHAR_KEYS: "char_keys", table [int("n"), Field::new("k", "k", Type::string(0, 6))]; key(&[1]) }

// A table of one collation after the other.
domain! { COLLATED: "collated", table [int("id"), text("k")] }

domain! { CZECH: "czech", table [int("id"), text("z"), text("y")] }
domain! { CZECH_KEYS: "czech_keys", table [int("n"), Field::new("k", "k", Type::string(0, 8))]; key(&[1]) }

domain! { LONG_KEYS: "long_keys", table [
    Field::new("n", "n", Type::INT), Field::new("k", "k", Type::string(0, 700)), long("l"),
]; key(&[1]) }

const fn cell(id: Type) -> [Field; 17] {
    [
        Field::new("id", "id", id),
        text("name"),
        of("day", Type::Date),
        of("at", Type::DateTime),
        of("hour", Type::Time),
        of("any", Type::Json),
        of("price", Type::decimal(10, 2, None, None)),
        text("label"),
        int("small"),
        of("big", Type::uint(0, u64::MAX)),
        of("ref", Type::Uuid),
        of("state", Type::one_of(&["new", "old"])),
        int("bits"),
        of("truth", Type::Bool),
        of("ratio", Type::FLOAT),
        int("whole"),
        of("moment", Type::DateTime),
    ]
}

static CELL_FIELDS: [Field; 17] = cell(Type::INT);
const CELL_ALL: [usize; 17] = all();

pub(crate) static CELL: Domain = Domain::new("cell", "", "0000000000000000")
    .fields(&CELL_FIELDS)
    .key(&[0])
    .fetch(&CELL_ALL, &CELL_ALL, 100, 500)
    .reads()
    .updates()
    .calls(&CELL_CALLS)
    .mariadb(
        "odd",
        Objects {
            read: Some(Source::table(
                "cell",
                "cell",
                &[
                    "id", "name", "day", "at", "hour", "any", "price", "label", "small", "big", "ref",
                    "state", "bits", "truth", "ratio", "whole", "moment",
                ],
            )),
            update: Some(Procedure::new(
                "cell_update",
                "call cell_update(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                &CELL_ALL,
            )),
            ..Objects::NONE
        },
    );

static CELL_ROWS: [Field; 3] = [int("id"), of("day", Type::Date), of("hour", Type::Time)];

static CELL_OUTS: [Arg; 5] = [
    Arg::returned(of("day", Type::Date)),
    Arg::returned(of("hour", Type::Time).sensitive()),
    Arg::returned(of("any", Type::Json)),
    Arg::returned(of("bits", Type::Bool)),
    Arg::returned(int("big")),
];

const fn call(name: &'static str, args: &'static [Arg], returns: Returns, routine: Routine) -> Call {
    Call { name, description: "", lane: Lane::Read, args, returns, routine }
}

const OUT: Routine =
    Routine::Procedure { name: "cell_out", sql: "call cell_out(?, ?, ?, ?, ?)", commits: false };

static CELL_CALLS: [Call; 3] = [
    call("out", &CELL_OUTS, Returns::Rows(&CELL_ROWS), OUT),
    call("sets", &CELL_OUTS, Returns::AsItComes, OUT),
    call(
        "any",
        &[],
        Returns::Scalar(Type::Json),
        Routine::Function { name: "cell_any", sql: "select cell_any()" },
    ),
];

domain! { GEOMETRY: "cell", table [int("id"), text("place")] }
domain! { WORDS: "cell", table [int("id"), text("day"), text("at"), text("hour"), text("small"), text("bits")] }

// An ENUM that holds the empty text which is not one of its values, and one with an empty value of its own.
domain! { NO_VALUE: "no_value", table [Field::new("e", "e", Type::one_of(&["a", "b"])), int("n")] {
    update: Some(Procedure::new("no_value_update", "call no_value_update(?, ?)", &[0, 1])),
    upsert: None,
    delete: Some(Procedure::new("no_value_delete", "call no_value_delete(?)", &[0])),
}; updates(); deletes() }
domain! { EMPTY_VALUE: "empty_value", table [Field::new("e", "e", Type::string(0, 1)), int("n")] {
    update: Some(Procedure::new("empty_value_update", "call empty_value_update(?, ?)", &[0, 1])),
    upsert: None,
    delete: Some(Procedure::new("empty_value_delete", "call empty_value_delete(?)", &[0])),
}; updates(); deletes() }

// Texts with bytes that are no character of Unicode.
domain! { ASCII_KEYS: "ascii_keys", table [Field::new("k", "k", Type::string(0, 10)), int("v")] {
    update: Some(Procedure::new("ascii_keys_update", "call ascii_keys_update(?, ?)", &[0, 1])),
    delete: Some(Procedure::new("ascii_keys_delete", "call ascii_keys_delete(?)", &[0])),
}; updates(); deletes(); updates_many(100); deletes_many(100) }
domain! { FOREIGN_TEXTS: "foreign_texts", table [
    int("id"), text("name"), text("c"), text("j"), of("l", Type::text(0, 100)), of("u", Type::Uuid), text("w").sensitive(),
] {
    update: Some(Procedure::new(
        "foreign_texts_update", "call foreign_texts_update(?, ?, ?, ?, ?, ?, ?)", &[0, 1, 2, 3, 4, 5, 6])),
}; updates(); updates_many(100) }
domain! { FOREIGN_ORDERS: "foreign_orders", table [int("id"), text("z"), text("t"), text("d"), text("b"), text("g")] }
domain! { FOREIGN_KEYS: "foreign_keys", table [int("n"), Field::new("k", "k", Type::string(0, 700))]; key(&[1]) }
domain! { FOREIGN_SETS: "foreign_sets", table [int("id"), text("e"), text("s")] }

domain! { SET_KEYS: "set_keys", table [
    Field::new("e", "e", Type::one_of(&["A", "C"])), Field::new("s", "s", Type::string(0, 20)), int("v"),
] {
    create: Some(Procedure::new("set_keys_put", "call set_keys_put(?, ?, ?)", &[0, 1, 2])),
    update: Some(Procedure::new("set_keys_update", "call set_keys_update(?, ?, ?)", &[0, 1, 2])),
    upsert: Some(Procedure::new("set_keys_put", "call set_keys_put(?, ?, ?)", &[0, 1, 2])),
    delete: Some(Procedure::new("set_keys_delete", "call set_keys_delete(?, ?)", &[0, 1])),
}; key(&[0, 1]); creates(); updates(); deletes() }
domain! { ADDRESSES: "addresses", table [int("id"), text("ip"), text("u")] }

domain! { SET_NAMES: "set_names", table [Field::new("s", "s", Type::string(0, 20)), int("v")] {
    upsert: Some(Procedure::new("set_names_put", "call set_names_put(?, ?)", &[0, 1])),
} }

domain! { NOPADS: "nopads", table [int("id"), text("c"), text("b"), text("v"), text("w"), long("l")] }
domain! { NOPAD_KEYS: "nopad_keys", table [int("n"), Field::new("k", "k", Type::string(0, 4))]; key(&[1]) }
domain! { NOPAD_CODES: "nopad_codes", table [int("n"), Field::new("k", "k", Type::string(0, 4))]; key(&[1]) }

domain! { ROUNDED: "rounded", table [
    int("id"), of("v", Type::FLOAT), of("f", Type::FLOAT), of("w", Type::decimal(10, 2, None, None)), text("t"),
    of("y", Type::int(0, 2155)),
] {
    create: Some(Procedure::new("rounded_create", "call rounded_create(?, ?, ?, ?, ?, ?)", &[0, 1, 2, 3, 4, 5])),
    update: Some(Procedure::new("rounded_update", "call rounded_update(?, ?, ?, ?, ?, ?)", &[0, 1, 2, 3, 4, 5])),
}; creates(); updates() }

domain! { DECIMAL_KEYS: "decimal_keys", table [Field::new("k", "k", Type::decimal(12, 4, None, None)), int("n")] {
    create: Some(Procedure::new("decimal_keys_put", "call decimal_keys_put(?, ?)", &[0, 1])),
    update: Some(Procedure::new("decimal_keys_update", "call decimal_keys_update(?, ?)", &[0, 1])),
    upsert: Some(Procedure::new("decimal_keys_put", "call decimal_keys_put(?, ?)", &[0, 1])),
    delete: Some(Procedure::new("decimal_keys_delete", "call decimal_keys_delete(?)", &[0])),
}; creates(); updates(); deletes(); updates_many(10) }
domain! { FLOAT_KEYS: "float_keys", table [Field::new("k", "k", Type::decimal(20, 10, None, None)), int("n")] {
    upsert: Some(Procedure::new("float_keys_put", "call float_keys_put(?, ?)", &[0, 1])),
} }
domain! { MOMENT_KEYS: "moment_keys", table [Field::new("k", "k", Type::DateTime), int("n")] {
    create: Some(Procedure::new("moment_keys_put", "call moment_keys_put(?, ?)", &[0, 1])),
    upsert: Some(Procedure::new("moment_keys_put", "call moment_keys_put(?, ?)", &[0, 1])),
}; creates() }
domain! { FINE_KEYS: "fine_keys", table [Field::new("k", "k", Type::DateTime), int("n")] {
    create: Some(Procedure::new("fine_keys_put", "call fine_keys_put(?, ?)", &[0, 1])),
    update: Some(Procedure::new("fine_keys_update", "call fine_keys_update(?, ?)", &[0, 1])),
    upsert: Some(Procedure::new("fine_keys_put", "call fine_keys_put(?, ?)", &[0, 1])),
    delete: Some(Procedure::new("fine_keys_delete", "call fine_keys_delete(?)", &[0])),
}; creates(); updates(); deletes(); updates_many(10); deletes_many(10) }

domain! { TRIGGERED: "triggered", table [
    Field::new("id", "id", Type::INT).generated(Generated::Database), int("n"),
] {
    create: Some(Procedure::new("triggered_create", "call triggered_create(?)", &[1]).returning(&[0])),
}; creates() }

static PART_ITEM: Field = Field::new("item", "item", Type::INT);
static PART_PRICES: Field = Field::new("item", "item", Type::decimal(10, 2, None, None));
static PART_OF_PLACE: [Field; 1] = [of("day", Type::Date)];
static PART_MEMBERS: [Field; 9] = [
    int("n"),
    text("name"),
    of("price", Type::decimal(10, 2, None, None)),
    of("at", Type::DateTime),
    of("ratio", Type::FLOAT),
    of("truth", Type::Bool),
    text("secret").sensitive(),
    of("place", Type::object(&PART_OF_PLACE)),
    of("prices", Type::list(&PART_PRICES, 5)),
];
domain! { PARTS: "parts", table [
    int("id"), of("o", Type::object(&PART_MEMBERS)), of("l", Type::list(&PART_ITEM, 5)), of("any", Type::Json),
] {
    update: Some(Procedure::new("parts_update", "call parts_update(?, ?, ?, ?)", &[0, 1, 2, 3])),
}; updates(); calls(&PART_CALLS) }

static PART_CALLS: [Call; 1] = [call(
    "o",
    &[],
    Returns::Scalar(Type::object(&PART_MEMBERS)),
    Routine::Function { name: "parts_o", sql: "select parts_o()" },
)];

// The fields of `odd`, in the order of its columns.
domain! { ODD: "v_odd", view [
    Field::new("id", "id", Type::INT), of("f", Type::FLOAT), of("fu", Type::FLOAT), of("d", Type::FLOAT),
    of("dc", Type::decimal(10, 2, None, None)), of("df", Type::decimal(30, 10, None, None)), of("ti", Type::Bool),
    int("y"), of("day", Type::Date), of("at", Type::DateTime), of("at0", Type::DateTime), of("ts", Type::DateTime),
    of("hour", Type::Time), of("hour0", Type::Time), text("ch"), text("vc"), text("bin"), text("nopad"), text("german"),
    text("vb"), text("bi"), of("b16", Type::Uuid), of("u", Type::Uuid), of("en", Type::one_of(&["b", "a"])), text("st"),
    int("bt"), int("ub"), of("sb", Type::uint(0, u64::MAX)), of("tx", Type::decimal(10, 2, None, None)),
    of("ct", Type::Uuid), text("ip"), text("chn"), text("fa"), text("fc"), text("fn"), text("fj"), long("fl"), text("fe"), text("made"), Field::new("maybe", "maybe", Type::INT),
] {
    update: Some(Procedure::new("odd_update",
        "call odd_update(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 34, 35, 36, 37])),
}; updates() }

domain! { NEAR: "near", table [
    Field::new("t", "t", Type::Time), Field::new("s", "s", Type::string(0, 3)),
    Field::new("d", "d", Type::decimal(65, 38, None, None)), Field::new("y", "y", Type::int(0, 2155)),
    Field::new("e", "e", Type::string(0, 1)), int("v"),
] {
    create: Some(Procedure::new("near_create", "call near_create(?, ?, ?, ?, ?, ?)", &[0, 1, 2, 3, 4, 5])),
    update: Some(Procedure::new("near_update", "call near_update(?, ?, ?, ?, ?, ?)", &[0, 1, 2, 3, 4, 5])),
    delete: Some(Procedure::new("near_delete", "call near_delete(?, ?, ?, ?, ?)", &[0, 1, 2, 3, 4])),
}; key(&[0, 1, 2, 3, 4]); creates(); updates(); deletes() }

/// All but those over a table that another has too.
pub(crate) static DOMAINS: [&Domain; 30] = [
    &BOOL_KEYS,
    &TEXTS,
    &THIRD,
    &TIMES,
    &INV,
    &PERSON,
    &PARCEL,
    &TINY,
    &CAR,
    &KLIE,
    &EV,
    &PAIR,
    &FLAGS,
    &FLAG_KEYS,
    &UUIDS,
    &UUID_TEXTS,
    &LONG_KEYS,
    &CHARS,
    &CHAR_KEYS,
    &CZECH,
    &CZECH_KEYS,
    &CELL,
    &GEOMETRY,
    &WORDS,
    &ODD,
    &PRICED_PARCEL,
    &OPENED,
    &LATIN_KEYS,
    &SETS,
    &PARTS,
];

/// What a case calls a domain.
pub(crate) fn named(name: &str) -> &'static Domain {
    match name {
        "geometry" => &GEOMETRY,
        "near" => &NEAR,
        "ascii_keys" => &ASCII_KEYS,
        "foreign_texts" => &FOREIGN_TEXTS,
        "foreign_orders" => &FOREIGN_ORDERS,
        "foreign_keys" => &FOREIGN_KEYS,
        "foreign_sets" => &FOREIGN_SETS,
        "set_keys" => &SET_KEYS,
        "set_names" => &SET_NAMES,
        "addresses" => &ADDRESSES,
        "no_value" => &NO_VALUE,
        "empty_value" => &EMPTY_VALUE,
        "words" => &WORDS,
        "years" => &YEARS,
        "triggered" => &TRIGGERED,
        "nopads" => &NOPADS,
        "nopad_keys" => &NOPAD_KEYS,
        "nopad_codes" => &NOPAD_CODES,
        "rounded" => &ROUNDED,
        "decimal_keys" => &DECIMAL_KEYS,
        "float_keys" => &FLOAT_KEYS,
        "moment_keys" => &MOMENT_KEYS,
        "fine_keys" => &FINE_KEYS,
        "days" => &DAYS,
        "priced_parcel" => &PRICED_PARCEL,
        name => DOMAINS.iter().find(|domain| domain.name == name).unwrap_or_else(|| panic!("{name}")),
    }
}
