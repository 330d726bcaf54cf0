//! What could not be done is listed with its reason, and can be sent again.

use serde_json::json;

use crate::site::shared;

#[tokio::test(flavor = "multi_thread")]
async fn rejected_records_are_listed_with_their_reasons_and_sent_again() {
    let guest = shared().await;
    let series = guest.samples(500);
    let site = guest.site;
    let sql = |sql: String| site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    // Whose name has one word has no second.
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

    // What is not mended is rejected again, by the job that sends it.
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
    // The same by `start`.
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
