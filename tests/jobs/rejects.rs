//! Records that a job could not process are listed with the reason, and can be sent again.

use serde_json::json;

use crate::site::shared;

#[tokio::test(flavor = "multi_thread")]
async fn rejected_records_are_listed_with_their_reasons_and_sent_again() {
    let guest = shared().await;
    let series = guest.samples(500);
    let site = guest.site;
    let sql = |sql: String| site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    // A name of one word has no second word.
    sql(format!("update sample set name = null where series = '{series}' and number in (10, 20)"));
    sql(format!("update sample set name = 'x!y' where series = '{series}' and number = 30"));
    let args = json!({
        "from": "sample_row", "to": "sample_document", "where": {"series": series}, "chunk": 50,
        "map": {
            "id": "id",
            "code": {"from": "name", "split": " ", "part": 0},
            "series": "series",
            "status": {"from": "name", "enum": {"x!y": "draft"}, "else": "active"},
            "number": "number",
        },
    });
    let dry = guest.start({
        let mut dry = args.clone();
        dry["dry_run"] = true.into();
        dry
    });
    let dry_id = dry.await;
    let dry = guest.until_state(&dry_id, "done").await;
    assert_eq!((&dry["result"]["counts"]["rejected"], &dry["rejects"]), (&json!(3), &json!(3)), "{dry:#}");
    assert_eq!(guest.count("sample_document", &series).await, 0);
    assert_eq!(guest.rejects(&dry_id).await.len(), 3);

    let id = guest.start(args).await;
    let job = guest.until_state(&id, "done").await;
    assert_eq!((&job["rejects"], &job["result"]["counts"]["created"]), (&json!(3), &json!(497)), "{job:#}");
    assert_eq!(job["result"]["equal"], true);
    let rejects = guest.rejects(&id).await;
    let reasons: Vec<_> = rejects.iter().map(|reject| reject["reason"].as_str().unwrap()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("`code` must match")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("`code` is required")), "{reasons:?}");
    assert!(
        rejects.iter().all(|reject| reject["code"] == "validation_failed" && reject["record"].is_string())
    );

    // A record whose cause remains is rejected again, by the job that sends it.
    sql(format!(
        "update sample set name = concat('Mended-', number, ' X') where series = '{series}' and number in (10, 30)"
    ));
    let again = crate::site::id(&guest.call("migration", "retry", json!({"id": id})).await);
    let job = guest.until_state(&again, "done").await;
    assert_eq!(
        (&job["total"], &job["rejects"], &job["result"]["counts"]["created"]),
        (&json!(3), &json!(1), &json!(2)),
        "{job:#}"
    );
    assert_eq!(guest.count("sample_document", &series).await, 499);
    // The same with `start`.
    let unmended = guest.call(
        "migration",
        "start",
        json!({
            "from": "sample_row", "to": "sample_document", "rejects_of": again,
            "map": {"id": "id", "code": "code", "series": "series"},
        }),
    );
    let job = guest.until_state(&crate::site::id(&unmended.await), "done").await;
    assert_eq!((&job["total"], &job["result"]["counts"]["created"]), (&json!(1), &json!(1)), "{job:#}");
    let none = guest.call("migration", "retry", json!({"id": job["id"]})).await;
    assert_eq!(none["error"]["code"], "conflict", "it has rejected nothing: {none:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_rejects_what_the_node_cannot_write() {
    let guest = shared().await;
    let series = guest.samples(10);
    let sql = format!(
        "update sample set extra = '{{\"n\": 12345678901234567890}}' where series = '{series}' and number in (3, 4)"
    );
    guest.site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    for dry_run in [true, false] {
        let args = json!({
            "from": "sample_row", "to": "sample_document", "where": {"series": series}, "dry_run": dry_run,
            "map": {"id": "id", "code": "code", "series": "series", "extra": "extra"},
        });
        let job = guest.until_state(&guest.start(args).await, "done").await;
        let counts = &job["result"]["counts"];
        assert_eq!((&counts["created"], &counts["rejected"]), (&json!(8), &json!(2)), "{job:#}");
        let rejects = guest.rejects(job["id"].as_str().unwrap()).await;
        let is_told =
            |reject: &serde_json::Value| reject["reason"].as_str().unwrap().contains("cannot store exactly");
        assert!(rejects.len() == 2 && rejects.iter().all(is_told), "{rejects:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_shown_is_not_copied_as_null() {
    let guest = shared().await;
    let series = guest.samples(20);
    let sql = |sql: String| guest.site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    sql(format!(
        "set sql_mode = ''; update sample set day = '1987-00-00' where series = '{series}' and number in (3, 4)"
    ));
    let start = async |mode: &str, more: serde_json::Value| {
        let mut map = json!({"id": "id", "code": "code", "series": "series", "number": "number"});
        map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let args = json!({
            "from": "sample_row", "to": "sample_document", "where": {"series": series}, "mode": mode, "chunk": 7, "map": map,
        });
        let id = guest.start(args).await;
        guest.until_state(&id, "done").await
    };
    let assert_rejected = async |job: &serde_json::Value| {
        assert_eq!(job["rejects"], 2, "{job:#}");
        for reject in guest.rejects(job["id"].as_str().unwrap()).await {
            let reason = reject["reason"].as_str().unwrap();
            assert!(
                reason.contains("`day` holds 1987-00-00") || reason.contains("day holds 1987-00-00"),
                "{reason}"
            );
        }
    };
    // A copy need not read the fields that it does not send. A move must read the whole record.
    let job = start("copy", json!({"day": "day"})).await;
    assert_eq!((&job["result"]["equal"], &job["result"]["counts"]["created"]), (&json!(true), &json!(18)));
    assert_rejected(&job).await;
    let job = start("copy", json!({})).await;
    assert_eq!((&job["rejects"], &job["result"]["counts"]["created"]), (&json!(0), &json!(2)), "{job:#}");
    let job = start("move", json!({})).await;
    assert_rejected(&job).await;
    assert_eq!(
        (guest.count("sample_row", &series).await, guest.count("sample_document", &series).await),
        (2, 20)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_a_float_does_not_keep_is_rejected_and_stays_where_it_is() {
    let guest = shared().await;
    for (mode, left) in [("copy", 4), ("move", 2)] {
        let series = guest.samples(4);
        let sql = |sql: String| guest.site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
        for (number, told) in [(1, i64::MAX), (2, 9_007_199_254_740_993), (3, 9_007_199_254_740_992)] {
            sql(format!("update sample set number = {told} where code = '{series}-{number}'"));
        }
        let args = json!({
            "from": "sample_row", "to": "sample_document", "where": {"series": series}, "mode": mode,
            "map": {"id": "id", "code": "code", "series": "series", "ratio": "number"},
        });
        let id = guest.start(args).await;
        let job = guest.until_state(&id, "done").await;
        assert_eq!(
            (&job["rejects"], &job["result"]["counts"]["created"], &job["result"]["equal"]),
            (&json!(2), &json!(2), &json!(true)),
            "{job:#}"
        );
        for reject in guest.rejects(&id).await {
            let reason = reject["reason"].as_str().unwrap();
            assert!(reason.starts_with("`ratio` would lose digits: a float has"), "{reason}");
        }
        assert_eq!(guest.count("sample_row", &series).await, left);
        let there = guest.all("sample_document", &series).await;
        assert_eq!(there.keys().collect::<Vec<_>>(), [&format!("{series}-3"), &format!("{series}-4")]);
        assert_eq!(there[&format!("{series}-3")]["ratio"].as_f64(), Some(9_007_199_254_740_992.0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn null_for_what_the_node_generates_is_rejected_before_it_is_written() {
    let guest = shared().await;
    for (mode, left) in [("copy", 10), ("move", 8)] {
        let series = guest.samples(10);
        let sql = format!("update sample set moment = null where series = '{series}' and number > 2");
        guest.site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
        let args = json!({
            "from": "sample_row", "to": "sample_document", "where": {"series": series}, "mode": mode,
            "map": {"id": "id", "code": "code", "series": "series", "created_at": "moment"},
        });
        let mut dry = args.clone();
        dry["dry_run"] = true.into();
        let dry = guest.start(dry).await;
        assert_eq!(guest.until_state(&dry, "done").await["rejects"], 8);
        let id = guest.start(args).await;
        let job = guest.until_state(&id, "done").await;
        assert_eq!((&job["rejects"], &job["result"]["equal"]), (&json!(8), &json!(true)), "{job:#}");
        for reject in guest.rejects(&id).await {
            let reason = reject["reason"].as_str().unwrap();
            assert!(reason.starts_with("`created_at` is null in the source, and the node"), "{reason}");
        }
        assert_eq!(
            (guest.count("sample_row", &series).await, guest.count("sample_document", &series).await),
            (left, 2)
        );
    }
}
