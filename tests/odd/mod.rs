//! A database of traps, `tests/foreign/schema/mariadb/00_odd.sql`: the importer's report on it, the effect of requests
//! on it, and the findings of `beds verify` when it changes.

use std::path::Path;

use beds_client::Client;
use beds_devstack::Stack;
use serde_json::{Value, json};

use super::{ask, node, ok};

/// The importer's report: why each procedure that looks like an operation is not one, and the lane of each call.
pub(crate) fn said(report: &str) {
    for reason in [
        "`stock_update` (write): not the update of `stock`, since it sets `quantity` to something else than a parameter",
        "`journal_delete` (write): not the delete of `journal`, since its condition is not exactly `key = parameter`",
        "`tag_create` (write): not the create of `tag`, since its statement has `ignore`",
        "`tally_create` (write): not the create of `tally`, since its insert has `on duplicate key update`",
        "`booking_create` (write): not the create of `booking`, since its text begins with `if`",
        "`visit_create` (write): not the create of `visit`, since its insert takes no plain list of values",
        "`parcel_delete` (write): not the delete of `parcel`, since it does more than one plain statement",
        "`swapped_update` (write): not the update of `swapped`, since its parameter `p_a` is for `b`, not for `a`",
        "`narrow_create` (write): not the create of `narrow`, since its parameter `p_price` keeps 2 digits",
        "`loose_create` (write): not the create of `loose`, since it was made in an SQL mode that is not strict",
        "`coin_create` (write): not the create of `coin`, since its text begins with `declare`",
        "`coin_flip` (write): its text was created in sql_mode=ORACLE, whose language is not supported",
        "`coin_delete` (write): not the delete of `coin`, since its condition is not exactly `key = parameter`",
        "`customer_add` (write): not the create of `customer`, since it changes `odd_archive.customer`",
        "\"dot.and`tick_delete\" (write): not the delete of \"dot.and`tick\", since its condition is not exactly",
        "`score` (write)",
        "`win` (write)",
        "`names_in_quotes` (write)",
        "`quotes` (read)",
        "`walk_audit` (read)",
        "`read_numbered` (write): it declares that it only reads",
        "`exact_case_delete` (write): not the delete of `exact_case`, since its parameter `p_id` compares by the rules of `utf8mb4_general_ci`",
        "`exact_case_add` (write): not the create of `exact_case`, since its parameter `p_moment` is a timestamp",
        "`exact_case_new` (write): not the create of `exact_case`, since its parameter `p_name` keeps characters of latin1 only",
        "`exact_case_update` (write): not the update of `exact_case`, since its parameter `p_amount` rounds to (10,1) digits",
        "`exact_case_upsert` (write): no create, update or delete: its name is none of these verbs",
        "view `numbered`: a fetch only reads, and it runs the function `next_number`, which may write",
        "odd_ranked_rec.toml: create: the trigger `ranked_before` may give `n` another value",
        "odd_left_behind_rec.toml: create: the definer of the trigger `left_behind_before`, `nobody@nowhere`, does not exist",
        "odd_orphan_rec.toml: create: the table refuses rows: the foreign key `of_gone` needs the table `gone`",
        "odd_left_behind_rec.toml: table `left_behind`: fetch, update by",
        "odd_spot_rec.toml: table `spot`: fetch, create by",
        "`spot_near` (read)",
        "odd_orders_2_rec.toml: table `orders`: fetch, create by `orders_insert`",
        "odd_orders_rec.toml: table `Orders`: fetch, create by `sp_orders_create` (proposed)",
        "odd_ticket_rec.toml: table `ticket`: fetch, create by `add_ticket`, update by `ticket_update`, delete by `ticket_delete`",
    ] {
        assert!(report.contains(reason), "{reason}\n{report}");
    }
    assert!(!report.contains("elsewhere"), "a routine of another database: {report}");
}

/// The effect of a procedure depends on the properties of its columns, table and database, and not on the promise of
/// its name.
pub(crate) async fn no_neighbour_is_touched(client: &Client) {
    ok(client, "odd_shadow.update", json!({"key": 2, "data": {"id": 2, "v": "ZZ"}})).await;
    let all = ok(client, "odd_shadow.fetch", json!({"sort": ["p_id"]})).await;
    assert_eq!((&all[0]["v"], &all[1]["v"], &all[2]["id"]), (&json!("a"), &json!("ZZ"), &json!(3)), "{all}");
    ok(client, "odd_shadow_pair.delete", json!({"key": {"p_id": 1, "id": 1}})).await;
    assert_eq!(ok(client, "odd_shadow_pair.fetch", json!({})).await.as_array().unwrap().len(), 2);
    let long = "a_name_that_is_as_long_as_a_name_may_be_and_then_a_little_two";
    ok(client, "odd_long_names.update", json!({"key": 1, "data": {long: "2"}})).await;
    let names = ok(client, "odd_long_names.fetch", json!({"key": 1})).await;
    assert_eq!((&names[long], &names[long.replace("two", "one")]), (&json!("2"), &json!("one")), "{names}");
    ok(client, "odd_stock.update", json!({"key": 1, "data": {"status": "sold"}})).await;
    assert_eq!(ok(client, "odd_stock.fetch", json!({"key": 1})).await["quantity"], 10);
    ok(client, "odd_journal.delete", json!({"key": 2})).await;
    assert_eq!(ok(client, "odd_journal.fetch", json!({})).await.as_array().unwrap().len(), 2);
    let red = json!({"data": {"name": "red"}});
    ok(client, "odd_tag.create", red.clone()).await;
    assert_eq!(ask(client, "odd_tag.create", red).await["error"]["code"], "conflict");
    ok(client, "odd_customer.create", json!({"data": {"id": 1, "name": "x"}})).await;
    assert_eq!(ok(client, "odd_customer.fetch", json!({"key": 1})).await["name"], "x");
    ok(client, "odd_orders_2.create", json!({"data": {"id": 1, "a": "small"}})).await;
    assert_eq!(ask(client, "odd_orders.fetch", json!({"key": 1})).await["error"]["code"], "not_found");
    assert_eq!(ok(client, "odd_orders_2.fetch", json!({"key": 1})).await["a"], "small");
    let ticket = ok(client, "odd_ticket.create", json!({"data": {"subject": "one"}})).await["id"].clone();
    let other = ok(client, "odd_ticket.create", json!({"data": {"subject": "two"}})).await["id"].clone();
    let change = json!({"key": ticket, "data": {"subject": "uno"}, "if_version": 1});
    ok(client, "odd_ticket.update", change.clone()).await;
    assert_eq!(ask(client, "odd_ticket.update", change).await["error"]["code"], "version_mismatch");
    ok(client, "odd_ticket.delete", json!({"key": ticket})).await;
    let left = ok(client, "odd_ticket.fetch", json!({"key": other})).await;
    assert_eq!((&left["subject"], &left["state"]), (&json!("two"), &json!("open")));
    refused(client).await;
}

/// The server refuses inserts into a table, by a trigger or a foreign key. Its other operations are served.
async fn refused(client: &Client) {
    ok(client, "odd_left_behind.update", json!({"key": 1, "data": {"v": 7}})).await;
    ok(client, "odd_left_behind.delete", json!({"key": 2})).await;
    assert_eq!(ok(client, "odd_left_behind.fetch", json!({})).await, json!([{"id": 1, "v": 7}]));
    ok(client, "odd_orphan.delete", json!({"key": 1})).await;
    let spot = ok(client, "odd_spot.create", json!({"data": {"lng": 3, "lat": 4}})).await["id"].clone();
    let near = ask(client, "odd_spot.call.spot_near", json!({"args": {"lng": 0, "lat": 0}})).await;
    let found = &near["sets"][0][0];
    assert_eq!((&found["id"], &found["far"]), (&spot, &json!(5.0)), "{near}");
}

/// Values that a column may hold although its type does not promise it stay unchanged.
async fn narrow(client: &Client) {
    ok(client, "odd_flagged.update", json!({"key": 5, "data": {"n": 30}})).await;
    let all = ok(client, "odd_flagged.fetch", json!({"sort": ["b"]})).await;
    let pairs: Vec<_> = all.as_array().unwrap().iter().map(|one| (&one["b"], &one["n"])).collect();
    let expected = [(-1, 4), (0, 1), (1, 2), (5, 30)].map(|(b, n)| (json!(b), json!(n)));
    assert_eq!(pairs, expected.iter().map(|(b, n)| (b, n)).collect::<Vec<_>>(), "{all}");
    ok(client, "odd_exact_case.delete", json!({"key": "a"})).await;
    assert_eq!(ok(client, "odd_exact_case.fetch", json!({"key": "A"})).await["name"], "upper");
    let preset = json!({"id": 1, "doc": {"b": 2}, "span": null});
    ok(client, "odd_preset.create", json!({"data": preset})).await;
    ok(client, "odd_preset.update", json!({"key": 1, "data": {"span": "10:00:00"}})).await;
    let preset = ok(client, "odd_preset.fetch", json!({"key": 1})).await;
    assert_eq!((&preset["doc"], &preset["state"]), (&json!({"b": 2}), &json!(7)), "{preset}");
    assert_eq!(preset["span"].as_str().map(|span| &span[..8]), Some("10:00:00"), "{preset}");
}

/// The current version of a record is shown, and its key is that of the record.
async fn versions(client: &Client) {
    ok(client, "odd_contract.create", json!({"data": {"id": 1, "name": "draft"}})).await;
    ok(client, "odd_contract.update", json!({"key": 1, "data": {"name": "signed"}})).await;
    assert_eq!(ok(client, "odd_contract.fetch", json!({"key": 1})).await["name"], "signed");
    assert_eq!(ok(client, "odd_contract.fetch", json!({})).await.as_array().unwrap().len(), 1);
    ok(client, "odd_contract.delete", json!({"key": 1})).await;
    assert_eq!(ask(client, "odd_contract.fetch", json!({"key": 1})).await["error"]["code"], "not_found");
}

/// Values have the meaning of their columns, and replies show what is kept.
pub(crate) async fn values(client: &Client) {
    narrow(client).await;
    long_texts(client).await;
    versions(client).await;
    ok(client, "odd_label.create", json!({"data": {"id": 1}})).await;
    let label = ok(client, "odd_label.fetch", json!({"key": 1})).await;
    assert_eq!((&label["kind"], &label["path"]), (&json!("two\nlines"), &json!("x\ny")), "{label}");
    assert_eq!((&label["face"], &label["doubt"]), (&json!("😀"), &json!("why?")), "{label}");
    ok(client, "odd_label.update", json!({"key": 1, "data": {"mood": "😀"}})).await;
    assert_eq!(ok(client, "odd_label.fetch", json!({"key": 1})).await["mood"], "😀");
    ok(client, "odd_audit.call.score", json!({"args": {"p": 5}})).await;
    ok(client, "odd_audit.call.win", json!({"args": {"p": 5}})).await;
    let exit = ask(client, "odd_calls.call.the_exit", json!({"args": {"p": 5}})).await;
    assert_eq!(exit["out"]["the_out"], 6, "{exit:#}");
    let found = ok(client, "odd_by_prefix.fetch", json!({"key": "Aalborg by the sea"})).await;
    assert_eq!(found["v"], 1);
    let kept =
        json!({"whole_second": "2024-02-29T12:00:00Z", "due": "2024-03-01", "born": 1970, "l1": "Ærø"});
    let id = ok(client, "odd_kept.create", json!({"data": kept})).await["id"].clone();
    let kept = ok(client, "odd_kept.fetch", json!({"key": id})).await;
    assert_eq!((&kept["born"], &kept["l1"]), (&json!(1970), &json!("Ærø")), "{kept}");
}

/// Each record occurs once, whatever its texts have in common with others.
async fn long_texts(client: &Client) {
    let whole = ok(client, "odd_long_path.fetch", json!({})).await;
    let sorts: [Value; 6] = [
        json!([]),
        json!(["path"]),
        json!(["-path"]),
        json!(["label"]),
        json!(["-label"]),
        json!(["-part", "path"]),
    ];
    for sort in sorts {
        for limit in 1..=3 {
            let mut body = json!({"sort": sort, "limit": limit});
            let mut walked = Vec::new();
            loop {
                let page = ask(client, "odd_long_path.fetch", body.clone()).await;
                walked.extend(page["data"].as_array().unwrap().clone());
                assert!(walked.len() <= 5, "{sort} by {limit}: {walked:?}");
                let Some(next) = page.get("next") else { break };
                body["after"] = next.clone();
            }
            let is_walked = |record: &Value| walked.contains(record);
            assert!(
                walked.len() == 5 && whole.as_array().unwrap().iter().all(is_walked),
                "{sort} by {limit}"
            );
        }
    }
}

/// The year 0, which is shown as such, is accepted when it is sent back.
pub(crate) async fn years(client: &Client) {
    let zero = ok(client, "odd_vintage.fetch", json!({"key": 0})).await;
    assert_eq!(zero, json!({"y": 0, "bottled": 0, "label": "unknown"}));
    for filter in [
        json!({"y": 0}),
        json!({"bottled": {"lte": 0}}),
        json!({"y": {"in": [0, 5]}}),
        json!({"y": {"lt": 1901}}),
    ] {
        let found = ok(client, "odd_vintage.fetch", json!({"where": filter})).await;
        assert_eq!(found, json!([zero]), "{filter}");
    }
    ok(client, "odd_vintage.update", json!({"key": 0, "data": {"label": "none"}})).await;
    ok(client, "odd_vintage.update", json!({"key": 0, "data": {"bottled": 0, "label": "some"}})).await;
    assert_eq!(ok(client, "odd_vintage.fetch", json!({"key": 0})).await["label"], "some");
    ok(client, "odd_vintage.delete", json!({"key": 0})).await;
    ok(client, "odd_vintage.create", json!({"data": zero})).await;
    assert_eq!(ok(client, "odd_vintage.fetch", json!({"key": 0})).await, zero);
    for year in [5, 1900, 2156] {
        let refused = ask(client, "odd_vintage.create", json!({"data": {"y": year}})).await;
        assert_eq!(refused["error"]["code"], "validation_failed", "{year}: {refused}");
    }
    assert_eq!(ok(client, "odd_vintage.fetch", json!({"sort": ["y"]})).await.as_array().unwrap().len(), 2);
}

/// Changes of a database after the templates were written, each with its findings.
const DRIFT: &[(&str, &[&str])] = &[
    (
        "alter table kept modify whole_second date not null, modify price decimal(7,3) null",
        &[
            "error odd_kept field whole_second: the column `whole_second` is a date, which keeps no time of day",
            "warning odd_kept field price: the column `price` has (7,3) digits, but the template says (5,2)",
            "error odd_kept objects.update: parameter `p_price` of `sp_kept_update` keeps 2 digits after the point, not 3",
        ],
    ),
    (
        "alter table narrow modify price double not null, modify at datetime not null",
        &["error odd_narrow field price: the column `price` is a floating-point number"],
    ),
    (
        "alter table stock modify quantity bigint not null, modify status varchar(40) not null",
        &[
            "warning odd_stock field quantity: the column `quantity` has values of -9223372036854775808",
            "warning odd_stock field status: the column `status` has up to 40 characters, but the template says 10",
            "warning odd_stock objects.update: parameter `p_quantity` of `sp_stock_update` keeps",
        ],
    ),
    (
        "delete from journal; alter table journal modify id timestamp not null default current_timestamp \
         on update current_timestamp",
        &["warning odd_journal objects.update: `sp_journal_update` gives its record another key: `id` has \
             `on update current_timestamp`"],
    ),
    // The same change, with a procedure that keeps its key: there is no finding.
    (
        "delete from visit; alter table visit modify id timestamp not null default current_timestamp \
         on update current_timestamp; create or replace procedure sp_visit_update(p_id timestamp, p_who varchar(20)) \
         modifies sql data update visit set id = id, who = p_who where id = p_id",
        &[],
    ),
    (
        "alter table swapped modify a decimal(9,2) null, modify b year null",
        &[
            "warning odd_swapped field b: the column `b` is a year, which takes 1 to 99 for years of 1970 to 2069",
            "error odd_swapped objects.update: parameter `p_a` of `sp_swapped_update` is an integer",
        ],
    ),
    (
        "alter table film add column released int not null",
        &[
            "error odd_film objects.create: the column `released` of `film` may not be null and has no default",
        ],
    ),
    (
        "create or replace definer = nobody@localhost procedure film_count() reads sql data select count(*) from film",
        &["error odd_film call film_count: the definer of `film_count`, `nobody@localhost`, does not exist"],
    ),
    (
        "create or replace definer = nobody@localhost view film_titles as select id, title from film",
        &[
            "error odd_film_titles objects.read: nobody can read `film_titles`: The user specified as a definer",
        ],
    ),
    (
        "create or replace view harbour.v_active_vessels as select VesselID, nullif(`IMO-Number`, '') as imo, Name, `Class`, \
         Flag from harbour.Vessel where IsLaidUp = 0",
        &["error v_active_vessels field imo: the column `imo` may be null, but the field may not"],
    ),
    (
        "create or replace procedure sp_exact_case_delete(p_id varchar(10)) modifies sql data delete from exact_case where id = p_id",
        &[
            "error odd_exact_case objects.delete: parameter `p_id` of `sp_exact_case_delete` compares by the rules of",
        ],
    ),
    (
        "create or replace procedure sp_exact_case_update(p_id varchar(10) character set latin1 collate latin1_bin, \
         p_moment datetime, p_amount double(10,1), p_name varchar(10)) modifies sql data \
         update exact_case set moment = p_moment, amount = p_amount, name = p_name where id = p_id",
        &[
            "error odd_exact_case objects.update: parameter `p_amount` of `sp_exact_case_update` rounds to (10,1) digits",
        ],
    ),
    (
        "drop table audit",
        &[
            "error odd_audit objects.read: there is no table `audit`",
            "error odd_audit call score: `score` uses the table or view `audit`, which is not there",
            "error odd_audit call names_in_quotes: `names_in_quotes` uses the table or view `audit`, which is not there",
        ],
    ),
    (
        "drop procedure lead_note",
        &[
            "error odd_parcel call parcel_delete: `parcel_delete` uses the procedure `lead_note`, which is not there",
        ],
    ),
];

/// Each change is found, and a change that alters a value is an error. A missing privilege of the node's account is
/// found too.
pub(crate) fn drift(stack: &Stack, program: &Path) {
    let sql = |text: &str| stack.mariadb_query(Some("odd"), text).unwrap();
    for (change, _) in DRIFT {
        sql(change);
    }
    sql(
        "create or replace procedure film_text_find(p_id int) sql security invoker select body from film_text where id = p_id",
    );
    let lines = findings(stack, program, "root");
    for part in DRIFT.iter().flat_map(|(_, parts)| *parts) {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}\n{lines:#?}");
    }
    let moved: Vec<&String> = lines.iter().filter(|line| line.contains("another key")).collect();
    assert_eq!(moved.len(), 1, "{moved:#?}");
    // The account may run the procedure, and may not read the table behind it.
    sql(
        "create user few; grant execute on odd.* to few; grant select on odd.film_titles to few; grant select on mysql.proc to few; \
         create or replace sql security invoker view film_titles as select id, title from film",
    );
    let lines = findings(stack, program, "few");
    for part in [
        "error odd_film_titles objects.read: nobody can read `film_titles`",
        "error odd_film_text call film_text_find: `film_text_find` uses the table or view `film_text`, which is not there",
    ] {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}\n{lines:#?}");
    }
}

/// The findings of `beds verify` in the odd templates, as lines.
fn findings(stack: &Stack, program: &Path, user: &str) -> Vec<String> {
    let verified = node(program, stack, user, &["verify", "--format", "json"]).run();
    let report: Value =
        serde_json::from_str(&verified.stdout).unwrap_or_else(|_| panic!("{}", verified.stderr));
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let line = |finding: &Value| {
        let [severity, template, place, message] =
            ["severity", "template", "place", "message"].map(|name| text(finding, name));
        format!("{severity} {template} {place}: {message}")
    };
    report["findings"].as_array().unwrap().iter().map(line).collect()
}
