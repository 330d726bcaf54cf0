//! A database that changes after its templates were written: each change that changes or refuses a value is found, at its
//! place, and nothing else is said.

use serde_json::Value;

use crate::{
    common::{grant, stack},
    lines, verify,
};

/// What changes in a database, what takes the change back, and what `beds verify` says of it: for each template the
/// beginnings of its findings, and no others.
const DRIFTS: &[(&str, &str, &[&str])] = &[
    (
        "alter table example modify sku varchar(20) not null",
        "alter table example modify sku varchar(40) not null",
        &["warning field sku: the column `sku` of `example` keeps 20 characters"],
    ),
    (
        "alter table example modify price decimal(11,1) null",
        "alter table example modify price decimal(12,2) null",
        &[
            "error field price: the column `price` of `example` rounds to 1 digits",
            "warning field price: the column `price` has 1 digits after the point",
        ],
    ),
    (
        "alter table example modify price decimal(8,2) null",
        "alter table example modify price decimal(12,2) null",
        &["warning field price: the column `price` of `example` keeps (8,2) digits"],
    ),
    (
        "alter table example modify price decimal(12,2) not null",
        "alter table example modify price decimal(12,2) null",
        &["warning field price: the column `price` of `example` may not be null"],
    ),
    (
        "alter table example modify stock smallint unsigned not null default 0",
        "alter table example modify stock int unsigned not null default 0",
        &["warning field stock: the column `stock` of `example` keeps 0 to 65535"],
    ),
    (
        "alter table example modify weight float null",
        "alter table example modify weight double null",
        &["warning field weight: the column `weight` of `example` keeps single precision only"],
    ),
    (
        "alter table example modify ships_at time null",
        "alter table example modify ships_at time(6) null",
        &["warning field ships_at: the column `ships_at` of `example` keeps 0 digits of a second's fraction"],
    ),
    (
        "alter table example modify status varchar(4) not null",
        "alter table example modify status enum('draft', 'active', 'retired') not null default 'draft'",
        &["error field status: the column `status` of `example` keeps 4 characters, but a value has 7"],
    ),
    (
        "alter table example modify art_title varchar(200) character set latin1 not null",
        "alter table example modify art_title varchar(200) character set utf8mb4 not null",
        &["warning field title: the column `art_title` of `example` keeps characters of latin1 only"],
    ),
    (
        "alter table example modify tags varchar(50) null",
        "alter table example modify tags json null",
        &["warning field tags: the column `tags` of `example` keeps 50 characters only"],
    ),
    (
        "alter table example drop key sku",
        "alter table example add unique key sku (sku)",
        &["warning field sku: `example` has no unique index on `sku`"],
    ),
    (
        "alter table example drop primary key",
        "alter table example add primary key (id)",
        &["error objects.read: the key (id) is not unique in `example`"],
    ),
    (
        "alter table example modify weight double as (stock * 1.5) stored",
        "alter table example modify weight double null",
        &[
            "error objects.create: parameter `p_weight` of `sp_example_create` goes into",
            "error objects.update: parameter `p_weight` of `sp_example_update` goes into",
            "error objects.upsert: parameter `p_weight` of `sp_example_upsert` goes into",
        ],
    ),
    (
        "alter table example modify changed_at datetime(6) null",
        "alter table example modify changed_at datetime(6) not null default current_timestamp(6) on update current_timestamp(6)",
        &[
            "error field changed_at: the template says that the database generates it, but",
            "warning field changed_at: the column `changed_at` may be null, but the field may not",
        ],
    ),
    (
        "create or replace function fn_example_stock_value() returns double reads sql data return 1.5",
        "create or replace function fn_example_stock_value() returns decimal(38,2) reads sql data return 1.5",
        &["warning call stock_value: what `fn_example_stock_value` returns is a floating-point number"],
    ),
];

#[test]
fn what_a_view_hides_of_its_table_is_found() {
    let stack = stack();
    grant(&stack);
    let found = || lines(&verify(&stack, "root", &["--template", "example"]).1, "example");
    assert_eq!(found(), Vec::<String>::new());
    for (drift, back, expected) in DRIFTS {
        stack.mariadb_query(Some("catalog"), drift).unwrap();
        let found = found();
        let is_expected = found.len() == expected.len()
            && expected.iter().all(|line| found.iter().any(|other| other.starts_with(line)));
        assert!(is_expected, "{drift}\n{found:#?}");
        // The node's own user sees the view alone, and so its columns.
        if expected.iter().all(|line| line.contains("the column")) {
            let seen = lines(&verify(&stack, "beds", &["--template", "example"]).1, "example");
            assert_eq!(seen.len(), found.len(), "{drift}\n{seen:#?}");
        }
        stack.mariadb_query(Some("catalog"), back).unwrap();
    }
    assert_eq!(found(), Vec::<String>::new());
}

/// What follows `delete from language`, and what is said of it.
const REACHES: &[(&str, &str)] = &[
    ("where alpha_3 >= p_alpha_3", "it compares `alpha_3` by something else than `=`"),
    ("where alpha_3 like p_alpha_3 limit 1", "it compares `alpha_3` by something else than `=`"),
    ("where name = p_alpha_3", "it does not compare `alpha_3`"),
    ("where p_alpha_3 = p_alpha_3", "it does not compare `alpha_3`"),
    ("", "deletes all records: its statement has no condition"),
];

#[test]
fn a_procedure_that_finds_other_records_is_warned_of() {
    let stack = stack();
    let found = |condition: &str| {
        let sql = format!(
            "create or replace procedure sp_language_delete(in p_alpha_3 char(3)) \
             modifies sql data delete from language {condition}"
        );
        stack.mariadb_query(Some("catalog"), &sql).unwrap();
        lines(&verify(&stack, "root", &["--template", "language"]).1, "language")
    };
    for (condition, said) in REACHES {
        let found = found(condition);
        let is_told = |line: &String| {
            line.starts_with("warning objects.delete: `sp_language_delete` deletes") && line.contains(said)
        };
        assert!(matches!(found.as_slice(), [line] if is_told(line)), "{condition}: {found:#?}");
    }
    // What cannot be read is believed.
    for condition in
        ["where alpha_3 = p_alpha_3", "where alpha_3 in (p_alpha_3)", "where alpha_3 >= p_alpha_3 or false"]
    {
        assert_eq!(found(condition), Vec::<String>::new(), "{condition}");
    }
}

/// With what `bedsc grants` writes, nothing is missing and nothing is too much; without any part of it, something is.
#[test]
fn exactly_what_bedsc_grants_writes_is_needed() {
    let stack = stack();
    grant(&stack);
    let only = ["--strict", "--template", "currency"];
    let (code, report) = verify(&stack, "beds", &["--strict"]);
    assert_eq!(code, Some(0), "{report:#}");
    for (right, on) in [
        ("execute", "procedure catalog.sp_currency_create"),
        ("execute", "procedure catalog.sp_currency_upsert"),
        ("select", "catalog.v_currency"),
        ("select", "catalog.beds_ledger"),
        ("insert", "catalog.beds_ledger"),
        ("update", "catalog.beds_ledger"),
        ("delete", "catalog.beds_ledger"),
    ] {
        stack.mariadb_query(None, &format!("revoke {right} on {on} from beds@'%'")).unwrap();
        let (code, report) = verify(&stack, "beds", &only);
        assert_eq!(code, Some(1), "{right} on {on}: {report:#}");
        assert_eq!(report["findings"].as_array().map(Vec::len), Some(1), "{right} on {on}: {report:#}");
        stack.mariadb_query(None, &format!("grant {right} on {on} to beds@'%'")).unwrap();
    }
    // Without it the node only does more than it need.
    stack.mariadb_query(None, "revoke show view on catalog.v_currency from beds@'%'").unwrap();
    let report = verify(&stack, "beds", &only).1;
    let notes = report["notes"].as_array().cloned().unwrap_or_default();
    let has_note = |note: &Value| note["message"].as_str().is_some_and(|text| text.contains("no SHOW VIEW"));
    assert!(notes.iter().any(has_note), "{report:#}");
    stack.mariadb_query(None, "grant show view on catalog.v_currency to beds@'%'").unwrap();
    for (right, on) in [("insert", "catalog.currency"), ("create", "*.*"), ("delete", "catalog.v_currency")] {
        stack.mariadb_query(None, &format!("grant {right} on {on} to beds@'%'")).unwrap();
        let (code, report) = verify(&stack, "beds", &only);
        assert_eq!(code, Some(1), "{right} on {on}: {report:#}");
        stack.mariadb_query(None, &format!("revoke {right} on {on} from beds@'%'")).unwrap();
    }
}
