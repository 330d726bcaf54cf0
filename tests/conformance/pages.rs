//! Pages: each record occurs once, in any order and with any limit.

use std::collections::BTreeSet;

use beds_protocol::{ErrorCode, Operation};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use crate::domain::{Domain, object};

pub(crate) async fn walks_pages(domain: Domain) {
    domain.create_letters().await;
    let sorts = [
        json!([]),
        json!(["number"]),
        json!(["-number"]),
        json!(["-number", "-id"]),
        json!(["amount"]),
        json!(["-amount"]),
        json!(["ratio"]),
        json!(["-ratio", "name"]),
        json!(["name"]),
        json!(["-name", "-number"]),
        json!(["day", "-hour"]),
        json!(["-moment", "number"]),
        json!(["status", "-rating", "number", "-name"]),
    ];
    for sort in sorts {
        let whole = domain.letters(&json!({}), json!({ "sort": sort })).await;
        assert_eq!(whole.len(), 6);
        for limit in 1..=6 {
            // The fields of the order need not be among the shown fields.
            let mut body = json!({"where": domain.filter(&json!({})), "sort": sort, "limit": limit,
                "fields": ["code"], "count": true});
            let mut walked = String::new();
            loop {
                let reply = domain.ok(Operation::Fetch, body.clone()).await;
                assert_eq!(reply.count, Some(6), "the count is of all pages");
                let page = reply.data.unwrap();
                let page = page.as_array().unwrap();
                assert!(page.len() <= limit && page.iter().all(|record| object(record).len() == 1));
                walked.extend(page.iter().map(|record| domain.letter(record)));
                let Some(next) = reply.next else { break };
                assert_eq!(page.len(), limit, "a page with a next one is full");
                assert!(walked.len() < 6, "{sort} by {limit}: a page follows the last");
                body["after"] = json!(next);
            }
            assert_eq!(walked, whole, "{sort} by {limit}");
        }
    }
}

/// A truncated cursor. Other wrong cursors are in `cursors.txt`.
pub(crate) async fn refuses_a_cut_cursor(domain: Domain) {
    domain.create_letters().await;
    let body = json!({"where": domain.filter(&json!({})), "sort": ["number"], "limit": 1});
    let next = domain.ok(Operation::Fetch, body).await.next.unwrap();
    let body = json!({"sort": ["number"], "after": &next[..next.len() - 4]});
    let details = [("after", "must be the `next` of a reply to a request with the same `sort`")];
    domain.refused_with(Operation::Fetch, body, ErrorCode::ValidationFailed, &details).await;
}

/// `count` records with ties and nulls in every field that allows sorting.
fn with_ties(series: &str, count: usize) -> Vec<Value> {
    let mut runner = TestRunner::deterministic();
    let mut pick = |values: &[Value]| -> Value {
        let choice = proptest::sample::select(values.to_vec());
        choice.new_tree(&mut runner).unwrap().current()
    };
    let record = |number| {
        json!({"series": series, "code": format!("{series}-{number}"),
            "status": pick(&[json!("draft"), json!("active"), json!("closed")]),
            "number": pick(&[json!(null), json!(-1), json!(0), json!(i64::MAX)]),
            "ratio": pick(&[json!(null), json!(0.1), json!(-0.1), json!(1e-300), json!(16_777_217.0)]),
            "amount": pick(&[json!(null), json!("0.1"), json!("-0.1"), json!("9999999999999999999.9999"), json!("10")]),
            "rating": pick(&[json!(null), json!("9.9"), json!("10"), json!("0")]),
            "name": pick(&[json!(null), json!(""), json!(" "), json!("a"), json!("A"), json!("ä"), json!("\u{10ffff}")]),
            "day": pick(&[json!(null), json!("0001-01-01"), json!("2024-02-29"), json!("9999-12-31")]),
            "hour": pick(&[json!(null), json!("00:00:00"), json!("23:59:59.5"), json!("23:59:59.000001")]),
            "moment": pick(&[json!(null), json!("1969-12-31T23:59:59.999Z"), json!("2024-01-01T00:00:00.5Z")])})
    };
    (0..count).map(record).collect()
}

/// Every order in both directions, with small limits, compared with the database's own order.
pub(crate) async fn gives_each_record_once_in_every_order(domain: Domain) {
    const RECORDS: usize = 30;
    domain.ok(Operation::Create, json!({ "data": with_ties(&domain.series, RECORDS) })).await;
    let fields = ["code", "status", "number", "ratio", "amount", "rating", "name", "day", "hour", "moment"];
    let orders = fields.into_iter().flat_map(|field| [(field, false), (field, true)]);
    let walks = orders.flat_map(|order| [1, 4, 29].map(|limit| (order, limit)));
    let walk = async |((field, descending), limit): ((&str, bool), usize)| {
        let own = domain.own_order(field, descending).await;
        assert_eq!(own.len(), RECORDS);
        let sort = format!("{}{field}", if descending { "-" } else { "" });
        let mut body =
            json!({"where": domain.filter(&json!({})), "sort": [sort], "limit": limit, "fields": ["code"]});
        let mut walked = Vec::new();
        loop {
            let reply = domain.ok(Operation::Fetch, body.clone()).await;
            let page = reply.data.unwrap();
            walked.extend(
                page.as_array().unwrap().iter().map(|record| record["code"].as_str().unwrap().to_owned()),
            );
            assert!(walked.len() <= RECORDS, "{sort} by {limit}: a page follows the last");
            let Some(next) = reply.next else { break };
            body["after"] = json!(next);
        }
        assert_eq!(walked, own, "{sort} by {limit}");
    };
    futures_util::future::join_all(walks.map(walk)).await;
}

/// Values that only MariaDB can hold and no client can send: they can be read and paged over, and an update of another
/// field does not change them.
#[tokio::test]
async fn old_records_of_mariadb_are_read_and_kept() {
    let domain = Domain::mariadb().await;
    domain.create_letters().await;
    let sql = |text: String| domain.site.stack.mariadb_query(Some("catalog"), &text).unwrap();
    let of_series = format!("series = '{}'", domain.series);
    sql(format!(
        "update sample set day = if(stock % 2 = 0, '0000-00-00', day), flag = 2, \
                extra = '{{\"n\": 12345678901234567890123, \"m\":1.10}}' where {of_series}"
    ));
    sql(format!(
        "update sample set day = '0000-00-00', moment = '0000-00-00' where {of_series} order by code limit 3"
    ));
    sql(format!("update sample set day = null, moment = null where {of_series} order by code desc limit 2"));

    for sort in ["day", "-day", "moment", "-moment", "status", "-status"] {
        let mut body =
            json!({"where": domain.filter(&json!({})), "sort": [sort], "limit": 1, "fields": ["code"]});
        let mut seen = BTreeSet::new();
        loop {
            let reply = domain.ok(Operation::Fetch, body.clone()).await;
            let code = reply.data.unwrap()[0]["code"].as_str().unwrap().to_owned();
            assert!(seen.insert(code.clone()), "{sort}: {code} comes twice");
            let Some(next) = reply.next else { break };
            body["after"] = json!(next);
        }
        assert_eq!(seen.len(), 6, "{sort}: {seen:?}");
    }

    let first =
        domain.ok(Operation::Fetch, json!({"where": domain.filter(&json!({})), "sort": ["code"]})).await;
    let first = &first.data.unwrap()[0];
    assert_eq!((&first["day"], &first["flag"]), (&json!(null), &json!(true)));
    domain.ok(Operation::Update, json!({"key": first["id"], "data": {"number": 77}})).await;
    let kept =
        sql(format!("select number, day, flag, extra from sample where {of_series} order by code limit 1"));
    assert_eq!(kept.trim(), "77\t0000-00-00\t2\t{\"n\": 12345678901234567890123, \"m\":1.10}");
}
