//! Random odd values in columns of every type: each order gives each record once, as the database orders them; what is
//! shown finds its record; an update of something else changes nothing.

use proptest::{
    prelude::*,
    sample::{Index, select},
    strategy::ValueTree as _,
    test_runner::TestRunner,
};
use serde_json::{Value as Json, json};

use crate::{domains::ODD, site::Site};

const RECORDS: usize = 40;
const ORDERS: usize = 240;

/// SQL literals for each column, of values that are easily mistaken for each other or for none.
const POOLS: &[(&str, &[&str])] = &[
    (
        "f",
        &["0.1", "0.3", "16777216", "16777218", "1e-7", "-0.0", "0", "1e-45", "3.4e38", "-0.1", "0.10000001"],
    ),
    ("fu", &["0.1", "0.10", "99999.99", "-0.01", "1234.56"]),
    (
        "d",
        &[
            "0.1",
            "0.1e0 + 0.2e0",
            "-0.0",
            "0",
            "5e-324",
            "1.7976931348623157e308",
            "-1e-300",
            "9007199254740993",
        ],
    ),
    ("dc", &["1.005", "1.0049", "1.01", "1", "-1.005", "0.000001", "99999999999999.999999", "1.00"]),
    ("df", &["0.1", "1e30", "1e-30", "0.1e0 + 0.2e0", "-5", "1e300"]),
    ("ti", &["0", "1", "5", "-1", "127"]),
    ("y", &["'0000'", "1901", "1995", "2002", "2155", "2069"]),
    (
        "day",
        &[
            "'0000-00-00'",
            "'1987-00-00'",
            "'2013-03-00'",
            "'2001-02-03'",
            "'0000-01-01'",
            "'9999-12-31'",
            "'2013-02-31'",
        ],
    ),
    (
        "at",
        &[
            "'0000-00-00'",
            "'2013-00-01 01:02:03.5'",
            "'2001-02-03 04:05:06.000001'",
            "'2001-02-03 04:05:06'",
            "'0000-12-31 23:59:59.999999'",
            "'9999-12-31 23:59:59.999999'",
        ],
    ),
    ("at0", &["'0000-00-00'", "'2001-02-03 04:05:06'", "'2001-02-03'", "'1000-01-01'"]),
    ("ts", &["'1970-01-02 00:00:01'", "'2001-02-03 04:05:06.789'", "'2038-01-19 03:14:07'", "0"]),
    (
        "hour",
        &["'-838:59:59'", "'-00:00:00.5'", "'00:00:00'", "'23:59:59.999999'", "'24:00:00'", "'838:59:59'"],
    ),
    ("hour0", &["'-01:00:00'", "'00:00:00'", "'12:00:00'", "'100:00:00'"]),
    ("ch", &["''", "'a'", "'A '", "'a b'", "'ß'", "'ss'", "char(0)", "'😀'"]),
    ("vc", &["''", "' '", "'a'", "'A'", "'a '", "'ä'", "'Ä'", "'😀'", "'😁'", "'a\\0'", "'z'", "'_%|'"]),
    ("bin", &["''", "' '", "'a'", "'A'", "'a '", "'😀'", "'\\u{e000}'", "'a\\0'"]),
    ("nopad", &["''", "' '", "'a'", "'a '", "'A'", "'😀'"]),
    ("german", &["'ä'", "'ae'", "'Ä'", "'a'", "'ß'", "'ss'", "''", "'z '"]),
    ("vb", &["''", "'a'", "'A'", "x'ff'", "x'00'", "x'c328'", "'a '", "'ä'"]),
    ("bi", &["''", "'a'", "'a\\0'", "'abcd'", "x'ff'"]),
    (
        "b16",
        &["unhex('018f2b6e000070008000000000000001')", "unhex('ff8f2b6e0000f0008000000000000001')", "''"],
    ),
    (
        "u",
        &[
            "'018f2b6e-0000-7000-8000-000000000001'",
            "'f18f2b6e-0000-1000-8000-000000000001'",
            "'00000000-0000-4000-8000-000000000001'",
        ],
    ),
    ("en", &["'b'", "'a'", "'c'", "''"]),
    ("st", &["''", "'b'", "'a'", "'b,a'", "'a,c'", "'b,a,c'"]),
    ("bt", &["0", "1", "255", "256", "4095"]),
    ("ub", &["0", "9223372036854775807", "9223372036854775808", "18446744073709551615"]),
    ("sb", &["-9223372036854775808", "-1", "0", "9223372036854775807"]),
    ("tx", &["'1.50'", "'much'", "''", "'1e5'", "'10'", "'9'"]),
    (
        "ct",
        &["'018f2b6e-0000-7000-8000-000000000001'", "'018F2B6E-0000-7000-8000-000000000001'", "'none'", "''"],
    ),
    ("chn", &["''", "' '", "'\\t'", "'a'", "'a\\t'", "'A'", "'a b'"]),
    ("ip", &["'::1'", "'10.0.0.1'", "'2001:db8::ff'", "'fe80::'"]),
    // Bytes that are no character of Unicode: E9 in ASCII, 98 in cp1251, 81 in cp1250, 81AD in sjis.
    ("fa", &["'A'", "_ascii x'E9'", "_ascii x'F6'", "'?'", "'z'", "''", "_ascii x'41E9'"]),
    (
        "fc",
        &["'?'", "_cp1251 x'98'", "_cp1251 x'D098'", "'я'", "'Я'", "_cp1251 x'413F98'", "'='", "'!98'", "''"],
    ),
    ("fn", &["_cp1250 x'81'", "'?'", "'č'", "_cp1250 x'8162'", "'a'", "'ab'", "''", "' '"]),
    ("fj", &["_sjis x'81AD'", "_sjis x'81AE'", "'?'", "'日'", "''", "_sjis x'6181AD'"]),
    (
        "fl",
        &[
            "repeat(_cp1251 x'98', 400)",
            "repeat(_cp1251 x'98', 401)",
            "'?'",
            "repeat('я', 400)",
            "''",
            "_cp1251 x'98'",
        ],
    ),
    ("fe", &["1", "'b'"]),
];

/// A record of the schema, as an INSERT has it.
fn record(id: usize, runner: &mut TestRunner) -> String {
    let mut values = vec![id.to_string()];
    for (_, pool) in POOLS {
        let value = prop_oneof![1 => Just("null"), 5 => select(*pool)];
        values.push(value.new_tree(runner).unwrap().current().replace("\\u{e000}", "\u{e000}"));
    }
    format!("({})", values.join(", "))
}

async fn filled(name: &'static str) -> Site {
    let site = Site::new(name).await;
    let mut runner = TestRunner::deterministic();
    let columns = POOLS.iter().map(|(column, _)| *column).collect::<Vec<_>>().join(", ");
    let records = (1..=RECORDS).map(|id| record(id, &mut runner)).collect::<Vec<_>>().join(",\n");
    // Old records are from times before the server was strict.
    let sql = format!(
        "set names utf8mb4; set sql_mode = 'ALLOW_INVALID_DATES'; set time_zone = '+00:00'; delete from odd; \
         insert into odd (id, {columns}) values {records}"
    );
    site.sql(&sql).await;
    site
}

/// The order that the database gives: of ENUM and SET, that of their text, and of a CHAR, that of what it shows.
fn order_by(terms: &[(usize, bool)]) -> String {
    let term = |&(field, descending): &(usize, bool)| {
        let name = ODD.fields[field].name;
        let text = if matches!(name, "en" | "st" | "chn" | "fn" | "fe") {
            format!("concat({name})")
        } else {
            name.to_owned()
        };
        format!("{text}{}, ", if descending { " desc" } else { "" })
    };
    let is_last_descending = terms.last().is_some_and(|(_, descending)| *descending);
    terms.iter().map(term).collect::<String>() + if is_last_descending { "id desc" } else { "id" }
}

#[tokio::test]
async fn every_order_gives_each_record_once() {
    let site = filled("random").await;
    let mut runner = TestRunner::deterministic();
    // Every field in both directions, and then any two or three.
    let single = (1..ODD.fields.len()).flat_map(|field| [vec![(field, false)], vec![(field, true)]]);
    let any = proptest::collection::vec((any::<Index>(), any::<bool>()), 2..=3);
    let several = (0..ORDERS).map(|_| {
        let mut terms: Vec<(usize, bool)> = Vec::new();
        for (index, descending) in any.new_tree(&mut runner).unwrap().current() {
            let field = 1 + index.index(ODD.fields.len() - 1);
            if terms.iter().all(|(known, _)| *known != field) {
                terms.push((field, descending));
            }
        }
        terms
    });
    let mut wrong = Vec::new();
    for (number, terms) in single.chain(several).enumerate() {
        let sql = format!("select id from v_odd order by {}", order_by(&terms));
        let own = site.sql(&sql).await;
        let own: Vec<Json> = own.lines().map(|id| json!(id.parse::<i64>().unwrap())).collect();
        assert_eq!(own.len(), RECORDS);
        let name = |&(field, descending): &(usize, bool)| {
            format!("{}{}", if descending { "-" } else { "" }, ODD.fields[field].name)
        };
        let sort: Vec<String> = terms.iter().map(name).collect();
        let limit = [1, 3, 7, RECORDS - 1][number % 4];
        let walked = site.walk(&ODD, json!({"sort": sort, "fields": ["id"]}), limit, "id").await.concat();
        if walked != own {
            wrong.push(format!("{sort:?} by {limit}:\n  database {own:?}\n  pages    {walked:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} orders\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn what_is_shown_finds_its_record() {
    let site = filled("plans").await;
    let records = site.ask(&ODD, "fetch", json!({})).await["data"].clone();
    let mut wrong = Vec::new();
    for (field, record) in ODD
        .fields
        .iter()
        .flat_map(|field| records.as_array().unwrap().iter().map(move |record| (field, record)))
    {
        let (name, value, id) = (field.name, &record[field.name], &record["id"]);
        // Null finds what is not shown too. Values that the template does not have are refused.
        if value.is_null() || name == "id" || (name == "en" && value == "c") {
            continue;
        }
        // A decimal is written with as many digits as the template has, if it has no more.
        let value = match value.as_str() {
            Some(text) if name == "dc" => json!(text.trim_end_matches("0000")),
            _ => value.clone(),
        };
        let tests = [
            (value.clone(), true),
            (json!({"in": [value]}), true),
            (json!({"ne": value}), false),
            (json!({"lte": value}), true),
            (json!({"gte": value}), true),
            (json!({"lt": value}), false),
            (json!({"gt": value}), false),
        ];
        for (test, expected) in tests.into_iter().take(if value.is_boolean() { 3 } else { 7 }) {
            let reply = site.ask(&ODD, "count", json!({"where": {"id": id, name: test}})).await;
            let has_too_many_digits = reply.to_string().contains(" digits ");
            if reply["count"] != json!(u8::from(expected)) && !has_too_many_digits {
                wrong.push(format!("{name} {test} of record {id}: {reply}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn an_update_of_something_else_changes_nothing() {
    let site = filled("kept").await;
    let exactly = |(column, _): &(&str, _)| match *column {
        "f" | "fu" => format!("cast({column} as double)"),
        "d" | "df" | "dc" => (*column).to_owned(),
        column => format!("hex({column})"),
    };
    let columns = POOLS.iter().map(exactly).collect::<Vec<_>>().join(", ");
    let sql = format!("select id, {columns} from odd order by id");
    let before = site.sql(&sql).await;
    for id in 1..=RECORDS {
        // A value that it has already, of one field.
        let known = format!(
            "select ifnull(bt + 0, 'null'), ifnull(en = '' or day = '2013-02-31', 0) from odd where id = {id}"
        );
        let known = site.sql(&known).await;
        let (bits, is_refused) = known.trim().split_once('\t').unwrap();
        let bits: Json = serde_json::from_str(bits).unwrap();
        let reply = site.ask(&ODD, "update", json!({"key": id, "data": {"bt": bits}})).await;
        // A strict server takes neither a day that is none, nor a value that is none of an ENUM's.
        let expected = if is_refused == "1" { "rejected_by_database" } else { "not_found" };
        assert!(reply["ok"] == true || reply["error"]["code"] == expected, "{id}: {reply}");
    }
    let after = site.sql(&sql).await;
    for (before, after) in before.lines().zip(after.lines()) {
        assert_eq!(before, after);
    }
}
