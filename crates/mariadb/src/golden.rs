//! Expected output in files: `BLESS=1 cargo test -p beds-mariadb` writes them anew.

use std::{fs, path::Path};

use beds_core::spec::{Domain, Field, Generated, Type, mariadb};

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

/// A domain with a field of every type; `id` is its key.
pub(crate) static THING: Domain = Domain::new("thing", "", "0000000000000000")
    .fields(&FIELDS)
    .key(&[0])
    .version(1)
    .fetch(ALL, ALL, 2, 500)
    .reads()
    .mariadb(
        "things",
        mariadb::Objects {
            read: Some(mariadb::Source::view("v_thing", "`v_thing`", &COLUMNS)),
            create: Some(mariadb::Procedure::new("sp_thing_create", "call `sp_thing_create`(?)", &[6])),
            ..mariadb::Objects::NONE
        },
    );

/// A domain with a key of two fields, and names that need their quotes.
pub(crate) static PAIR: Domain = Domain::new("pair", "", "0000000000000000")
    .fields(&PAIR_FIELDS)
    .key(&[0, 1])
    .fetch(&[2], &[2], 2, 500)
    .reads()
    .mariadb(
        "things",
        mariadb::Objects {
            read: Some(mariadb::Source::table(
                "odd pair",
                "`odd pair`",
                &["`left`", "`order``s`", "`secret`", "`line`"],
            )),
            ..mariadb::Objects::NONE
        },
    );

/// A domain without a key.
pub(crate) static LINES: Domain = Domain::new("lines", "", "0000000000000000")
    .fields(&LINES_FIELDS)
    .fetch(&[0], &[0], 2, 500)
    .reads()
    .mariadb(
        "things",
        mariadb::Objects {
            read: Some(mariadb::Source::view("v_lines", "`v_lines`", &["`text`"])),
            ..mariadb::Objects::NONE
        },
    );

/// A domain whose key is longer than the part by which texts are sorted.
pub(crate) static PATHS: Domain = Domain::new("path", "", "0000000000000000")
    .fields(&PATH_FIELDS)
    .key(&[0, 1])
    .fetch(&[2], &[2], 2, 500)
    .reads()
    .mariadb(
        "things",
        mariadb::Objects {
            read: Some(mariadb::Source::table("path", "`path`", &["`path`", "`part`", "`label`"])),
            ..mariadb::Objects::NONE
        },
    );

const ALL: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

static COLUMNS: [&str; 15] = [
    "`id`",
    "`v`",
    "`flag`",
    "`natural`",
    "`ratio`",
    "`prd_price`",
    "`name`",
    "`sku`",
    "`day`",
    "`hour`",
    "`at`",
    "`state`",
    "`blob`",
    "`any`",
    "`note`",
];

static PAIR_FIELDS: [Field; 4] = [
    Field::new("left", "left", Type::INT),
    Field::new("right", "order`s", Type::uint(0, u64::MAX)),
    Field::new("secret", "secret", Type::string(0, 40)).nullable().sensitive(),
    Field::new("line", "line", Type::INT).nullable(),
];

static PATH_FIELDS: [Field; 3] = [
    Field::new("path", "path", Type::string(0, 700)),
    Field::new("part", "part", Type::INT),
    Field::new("label", "label", Type::string(0, 600)).nullable(),
];

static LINES_FIELDS: [Field; 1] = [Field::new("text", "text", Type::string(0, 40))];

static FIELDS: [Field; 15] = [
    Field::new("id", "id", Type::Uuid).generated(Generated::UuidV7),
    Field::new("version", "v", Type::INT),
    Field::new("flag", "flag", Type::Bool).nullable(),
    Field::new("natural", "natural", Type::uint(0, u64::MAX)).nullable(),
    Field::new("ratio", "ratio", Type::FLOAT).nullable(),
    Field::new("price", "prd_price", Type::decimal(40, 2, None, None)).nullable().unique(),
    Field::new("name", "name", Type::string(0, 40)).nullable(),
    Field::new("sku", "sku", Type::string(0, 40)).unique(),
    Field::new("day", "day", Type::Date).nullable(),
    Field::new("hour", "hour", Type::Time).nullable(),
    Field::new("at", "at", Type::DateTime).nullable(),
    Field::new("state", "state", Type::one_of(&["new", "old"])),
    Field::new("blob", "blob", Type::bytes(100)).nullable(),
    Field::new("any", "any", Type::Json).nullable(),
    Field::new("note", "note", Type::text(0, 1000)).nullable(),
];
