//! What is compared otherwise uses the same indexes: few rows are looked at, of many.

use serde_json::json;

use crate::{domains, site::Site};

/// How many rows of this test's own table the server has looked at so far: other tests ask the same server.
async fn looked_at(site: &Site) -> u64 {
    let sql = "select coalesce(sum(rows_read), 0) from information_schema.table_statistics \
               where table_schema = 'indexed' and table_name = 'odd'";
    site.sql(sql).await.trim().parse().unwrap()
}

#[tokio::test]
async fn pages_and_filters_use_indexes() {
    let site = Site::new("indexed").await;
    site.sql(
        "delete from odd; insert into odd (id, f, d, day, vc, at) select seq, seq / 10, seq / 10, \
         date_add('2000-01-01', interval seq day), concat('v', seq), date_add('2000-01-01', interval seq hour) \
         from seq_1_to_20000; analyze table odd; set global userstat = 1;",
    )
    .await;
    for sort in ["f", "d", "day", "vc", "at", "id"] {
        // An index has one direction for all that it holds, the key included.
        for sort in [json!([sort]), json!([format!("-{sort}")])] {
            let first = site.ask(&domains::ODD, "fetch", json!({"sort": sort, "limit": 5})).await;
            let before = looked_at(&site).await;
            let body = json!({"sort": sort, "limit": 5, "after": first["next"]});
            let second = site.ask(&domains::ODD, "fetch", body).await;
            assert_eq!(second["data"].as_array().unwrap().len(), 5, "{second}");
            let rows = looked_at(&site).await - before;
            assert!((5..2_000).contains(&rows), "{sort}: {rows} rows");
        }
    }
    for filter in [
        json!({"f": 0.1}),
        json!({"f": {"lt": 0.5}}),
        json!({"vc": "v7"}),
        json!({"day": "2000-01-05"}),
        json!({"day": {"lt": "2000-02-01"}}),
        json!({"day": {"gte": "2000-02-01", "lt": "2000-03-01"}}),
        json!({"at": {"lte": "2000-01-05T00:00:00Z"}}),
    ] {
        let before = looked_at(&site).await;
        let found = site.ask(&domains::ODD, "count", json!({ "where": filter })).await;
        assert!(found["count"].as_u64().unwrap() > 0, "{filter}: {found}");
        let rows = looked_at(&site).await - before;
        assert!((1..2_000).contains(&rows), "{filter}: {rows} rows");
    }
}
