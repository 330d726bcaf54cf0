//! A database that changes after its templates were written. Each change that alters or refuses a value is found, at
//! its place, and there are no other findings.

use serde_json::Value;

use crate::{
    common::{grant, stack},
    has, lines, verify,
};

/// A change of a database, the statement that reverts it, and the findings of `beds verify`: for each template the
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
        "alter table example modify tags text character set latin1 null",
        "alter table example modify tags json null",
        &["warning field tags: the column `tags` of `example` keeps characters of latin1 only"],
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
    (
        "create or replace function fn_example_stock_value() returns decimal(12,2) reads sql data return 1.5",
        "create or replace function fn_example_stock_value() returns decimal(38,2) reads sql data return 1.5",
        &[
            "warning call stock_value: what `fn_example_stock_value` returns has (12,2) digits, but the template says (38,2)",
        ],
    ),
    (
        "create or replace view v_example as \
         select id, art_title as sku, sku as art_title, body, status, price, stock, weight, fragile, released_on, ships_at, \
         tags, size, extra, thumbnail, supplier, origin, created_at, changed_at, revision from example",
        "create or replace view v_example as \
         select id, sku, art_title, body, status, price, stock, weight, fragile, released_on, ships_at, \
         tags, size, extra, thumbnail, supplier, origin, created_at, changed_at, revision from example",
        &[
            "warning objects.read: `v_example` shows columns of `example` under each other's names: `sku`, `art_title`",
            "error objects.create: parameter `p_sku` of `sp_example_create` goes into the column `sku`, not into `art_title`",
            "error objects.create: parameter `p_title` of `sp_example_create` goes into the column `art_title`, not into `sku`",
            "error objects.update: parameter `p_sku` of `sp_example_update` goes into the column `sku`, not into `art_title`",
            "error objects.update: parameter `p_title` of `sp_example_update` goes into the column `art_title`, not into `sku`",
            "error objects.upsert: parameter `p_sku` of `sp_example_upsert` goes into the column `sku`, not into `art_title` [",
            "error objects.upsert: parameter `p_title` of `sp_example_upsert` goes into the column `art_title`, not into `sku` [",
            "warning field sku: `example` has no unique index on `art_title`",
            "warning field sku: the column `sku` has up to 200 characters",
        ],
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
        // The node's own user sees only the view, and so only its columns.
        if expected.iter().all(|line| line.contains("the column")) {
            let seen = lines(&verify(&stack, "beds", &["--template", "example"]).1, "example");
            assert_eq!(seen.len(), found.len(), "{drift}\n{seen:#?}");
        }
        stack.mariadb_query(Some("catalog"), back).unwrap();
    }
    assert_eq!(found(), Vec::<String>::new());
}

/// The same for objects behind the writes to a table, which the server drops without an error.
const BEHIND: &[(&str, &str, &[&str])] = &[
    (
        "create sequence sq; alter table example add n bigint not null default (nextval(sq)); drop sequence sq",
        "alter table example drop column n",
        &[
            "error objects.create: `sp_example_create` writes into `example`, which refuses rows: the default of `n` needs the sequence `sq`",
            "error objects.upsert: `sp_example_upsert` writes into `example`, which refuses rows: the default of `n` needs the sequence `sq`",
        ],
    ),
    (
        "create table parent (id int unsigned primary key); set foreign_key_checks = 0; \
         alter table example add constraint fk foreign key (stock) references parent (id); drop table parent",
        "alter table example drop foreign key fk, drop key fk",
        &[
            "error objects.create: `sp_example_create` writes into `example`, which refuses rows: the foreign key `fk` needs the table `parent`",
            "error objects.upsert: `sp_example_upsert` writes into `example`, which refuses rows: the foreign key `fk` needs the table `parent`",
        ],
    ),
    // A record whose foreign key is null is accepted.
    (
        "create table parent (id int unsigned primary key); set foreign_key_checks = 0; alter table example add n int unsigned null, \
         add constraint fk foreign key (n) references parent (id); drop table parent",
        "alter table example drop foreign key fk, drop key fk, drop column n",
        &[],
    ),
    (
        "create trigger tr before insert on example for each row insert into gone values (new.stock, 'a\\'b')",
        "drop trigger tr",
        &[
            "error objects.create: the trigger `tr` uses the table or view `gone`, which is not there",
            "error objects.upsert: the trigger `tr` uses the table or view `gone`, which is not there",
        ],
    ),
    (
        "create trigger tr after update on example for each row call gone(new.stock, gone_of(new.stock))",
        "drop trigger tr",
        &[
            "error objects.update: the trigger `tr` uses the procedure `gone`, which is not there",
            "error objects.update: the trigger `tr` uses the function `gone_of`, which is not there",
            "error call restock: the trigger `tr` uses the procedure `gone`, which is not there",
            "error call restock: the trigger `tr` uses the function `gone_of`, which is not there",
        ],
    ),
    (
        "create or replace function fn_example_stock_value() returns decimal(38,2) reads sql data \
         return ifnull(gone_of(1), (select max(price) from example)) + coalesce(left('1', 1), extract(day from now())) \
         + st_x(point(1, 2)) + isnull(multipolygon(polygon(linestring(point(0, 0), point(1, 1))))) \
         + isnull(geometrycollection(multilinestring(linestring(point(0, 0), point(1, 1))), multipoint(point(0, 0))))",
        "create or replace function fn_example_stock_value() returns decimal(38,2) reads sql data return 1.5",
        &["error call stock_value: `fn_example_stock_value` uses the function `gone_of`, which is not there"],
    ),
];

#[test]
fn what_stands_behind_a_write_is_found() {
    let stack = stack();
    let found = || lines(&verify(&stack, "root", &["--template", "example"]).1, "example");
    assert_eq!(found(), Vec::<String>::new());
    for (drift, back, expected) in BEHIND {
        stack.mariadb_query(Some("catalog"), drift).unwrap();
        let found = found();
        let is_expected = found.len() == expected.len()
            && expected.iter().all(|line| found.iter().any(|other| other.starts_with(line)));
        assert!(is_expected, "{drift}\n{found:#?}");
        stack.mariadb_query(Some("catalog"), back).unwrap();
    }
    assert_eq!(found(), Vec::<String>::new());
}

/// The text after `delete from language`, and its findings.
const REACHES: &[(&str, &str, &str)] = &[
    ("where alpha_3 >= p_alpha_3", "error", "it compares `alpha_3` by something else than `=`"),
    ("where alpha_3 <> p_alpha_3 or false", "error", "it compares `alpha_3` by something else than `=`"),
    ("where alpha_3 like p_alpha_3 limit 1", "warning", "it compares `alpha_3` by something else than `=`"),
    ("where name = p_alpha_3", "warning", "it does not compare `alpha_3`"),
    ("where alpha_3 = p_alpha_3 or name = ''", "warning", "it does not compare `alpha_3`"),
    ("where alpha_3 = p_alpha_3 || name = ''", "warning", "it does not compare `alpha_3`"),
    ("where alpha_3 in (p_alpha_3, 'nob')", "warning", "it compares `alpha_3` with a constant"),
    ("where (alpha_3 = p_alpha_3) is not null", "error", "its condition is always true"),
    (
        "where alpha_3 = concat(p_alpha_3, alpha_2)",
        "warning",
        "it compares `alpha_3` with something that is computed",
    ),
    ("where p_alpha_3 = p_alpha_3", "error", "its condition is always true: it does not compare `alpha_3`"),
    ("where alpha_3 = p_alpha_3 or 1 = 1", "error", "its condition is always true"),
    ("", "error", "deletes all records: its statement has no condition"),
];

#[test]
fn a_procedure_that_finds_other_records_is_found() {
    let stack = stack();
    let found = |condition: &str| {
        let sql = format!(
            "create or replace procedure sp_language_delete(in p_alpha_3 char(3)) \
             modifies sql data delete from language {condition}"
        );
        stack.mariadb_query(Some("catalog"), &sql).unwrap();
        lines(&verify(&stack, "root", &["--template", "language"]).1, "language")
    };
    for (condition, severity, said) in REACHES {
        let found = found(condition);
        let begins = format!("{severity} objects.delete: `sp_language_delete` deletes");
        let is_told = |line: &String| line.starts_with(&begins) && line.contains(said);
        assert!(matches!(found.as_slice(), [line] if is_told(line)), "{condition}: {found:#?}");
    }
    // Conditions that are proved in any notation, and conditions that are not understood.
    for condition in [
        "where alpha_3 = p_alpha_3",
        "where alpha_3 in (p_alpha_3)",
        "where alpha_3 = p_alpha_3 and (p_alpha_3 is not null or name = '')",
        "where alpha_3 = p_alpha_3 or p_alpha_3 is null",
        "where alpha_3 = lower(p_alpha_3)",
    ] {
        assert_eq!(found(condition), Vec::<String>::new(), "{condition}");
    }
}

/// The SQL mode in which a procedure of languages is made, its operation, its text, and the findings.
const TEXTS: &[(&str, &str, &str, &[&str])] = &[
    ("STRICT_TRANS_TABLES", "create", "insert into language COLUMNS values (VALUES)", &[]),
    (
        "",
        "create",
        "insert into language COLUMNS values (VALUES)",
        &[
            "error objects.create: `sp_language_create` was made in an SQL mode that is not strict: values that",
        ],
    ),
    (
        "TRADITIONAL",
        "create",
        "replace into language COLUMNS values (VALUES)",
        &[
            "error objects.create: `sp_language_create` does more to `language` than its answer says: its `replace`",
        ],
    ),
    (
        "TRADITIONAL",
        "create",
        "insert into language COLUMNS values (VALUES) on duplicate key update name = p_name",
        &[
            "error objects.create: `sp_language_create` does more to `language` than its answer says: its `on duplicate",
        ],
    ),
    (
        "TRADITIONAL",
        "create",
        "insert ignore into language COLUMNS values (VALUES)",
        &[
            "error objects.create: `sp_language_create` does more to `language` than its answer says: its `ignore`",
        ],
    ),
    ("TRADITIONAL", "update", "update language set name = p_name, SETS where alpha_3 = p_alpha_3", &[]),
    (
        "TRADITIONAL",
        "update",
        "update language set name = p_inverted_name, inverted_name = p_name where alpha_3 = p_alpha_3",
        &[
            "error objects.update: parameter `p_name` of `sp_language_update` goes into the column `inverted_name`, not",
            "error objects.update: parameter `p_inverted_name` of `sp_language_update` goes into the column `name`, not",
        ],
    ),
    (
        "TRADITIONAL",
        "update",
        "update language set alpha_3 = p_alpha_2, alpha_2 = p_alpha_2, name = p_name where alpha_3 = p_alpha_3",
        &["error objects.update: `sp_language_update` gives its record another key: it sets `alpha_3`"],
    ),
    (
        "TRADITIONAL",
        "update",
        "update language set alpha_3 = upper(p_alpha_3), name = p_name where alpha_3 = p_alpha_3",
        &["warning objects.update: `sp_language_update` gives its record another key: it sets `alpha_3`"],
    ),
    (
        "TRADITIONAL",
        "update",
        "update language x join country on 1 = 1 set x.name = p_name where x.alpha_3 = p_alpha_3",
        &[
            "warning objects.update: `sp_language_update` changes other records than that of the key: it joins",
        ],
    ),
];

#[test]
fn what_a_text_does_beside_its_operation_is_found() {
    const VALUES: &str =
        "p_alpha_3, p_alpha_2, p_name, p_inverted_name, p_common_name, p_bibliographic, p_scope, p_type";
    const COLUMNS: &str =
        "(alpha_3, alpha_2, name, inverted_name, common_name, bibliographic, scope, language_type)";
    let stack = stack();
    for (mode, operation, text, expected) in TEXTS {
        let text = text
            .replace("COLUMNS", COLUMNS)
            .replace("VALUES", VALUES)
            .replace("SETS", "alpha_2 = p_alpha_2, scope = p_scope, language_type = p_type");
        let procedure = |mode: &str, text: &str| {
            let sql = format!(
                "set session sql_mode = '{mode}'; create or replace procedure sp_language_{operation}(in p_alpha_3 char(3), \
                 in p_alpha_2 char(2), in p_name varchar(150), in p_inverted_name varchar(150), in p_common_name varchar(100), \
                 in p_bibliographic char(3), in p_scope char(1), in p_type char(1)) modifies sql data {text}"
            );
            stack.mariadb_query(Some("catalog"), &sql).unwrap();
        };
        procedure(mode, &text);
        let mut found = lines(&verify(&stack, "root", &["--template", "language"]).1, "language");
        // These texts test other effects: they use few of the operation's parameters.
        found.retain(|line| !line.contains("used nowhere"));
        let is_expected = found.len() == expected.len()
            && expected.iter().all(|line| found.iter().any(|other| other.starts_with(line)));
        assert!(is_expected, "{mode} {text}\n{found:#?}");
        let back = match *operation {
            "create" => format!("insert into language {COLUMNS} values ({VALUES})"),
            _ => "update language set name = p_name where alpha_3 = p_alpha_3".to_owned(),
        };
        procedure("TRADITIONAL", &back);
    }
}

/// With the grants of `bedsc grants`, nothing is missing and nothing is too much. Without any one of them, something is
/// missing.
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
    // The node's user may only insert into append-only tables.
    let audited = ["--strict", "--template", "example"];
    for (change, back, told) in [
        (
            "revoke insert",
            "grant insert",
            "error audit: there is no table `beds_audit` in the database `catalog`, or `beds@%` may not see it: it has no INSERT",
        ),
        (
            "grant update, delete",
            "revoke update, delete",
            "warning grants: `beds_audit`: `beds@%` has UPDATE, DELETE on it",
        ),
    ] {
        let sql = |what: &str| {
            let to = if what.starts_with("grant") { "to" } else { "from" };
            stack.mariadb_query(None, &format!("{what} on catalog.beds_audit {to} beds@'%'")).unwrap();
        };
        sql(change);
        let (code, report) = verify(&stack, "beds", &audited);
        assert_eq!(code, Some(1), "{change}: {report:#}");
        has(&lines(&report, ""), told);
        sql(back);
    }
    assert_eq!(verify(&stack, "beds", &audited).0, Some(0));
    // Without this grant the node only does more work than needed.
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
