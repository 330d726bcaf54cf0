//! Records that are too old: the nodes delete them. If the database deletes them, `beds verify` checks that it does.

use beds_devstack::Ended;
use mongodb::bson::{Document, doc};

use super::common::{Beds, Site, blocking, end_servers, eventually_async, stack, start_node};

async fn verify(site: &'static Site) -> Ended {
    blocking(|| Beds::new(&["verify", "--template", "logger"]).on(&site.stack).run()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_goes_in_steps_and_a_missing_index_is_found() {
    let site = blocking(|| {
        let stack = stack();
        let records = "insert into example (id, sku, art_title, created_at)
                       select uuid(), concat('A', seq), 'old', utc_timestamp() - interval 10 year - interval 10 day
                         from seq_1_to_2500";
        stack.mariadb_query(Some("catalog"), records).unwrap();
        let new = "insert into example (id, sku, art_title, created_at)
                   values (uuid(), 'NEW', 'new', utc_timestamp() - interval 10 year + interval 10 day)";
        stack.mariadb_query(Some("catalog"), new).unwrap();
        let node = start_node(&stack, &[("BEDS__NODE__EXPIRE_EVERY_S", "1")]);
        &*Box::leak(Box::new(Site { node, stack }))
    })
    .await;
    let skus = || {
        let sql = "select count(*), max(sku) from example";
        site.stack.mariadb_query(Some("catalog"), sql).unwrap().trim().to_owned()
    };
    eventually_async("only what is not too old is there", async || blocking(skus).await == "1\tNEW").await;

    let ended = verify(site).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let client = mongodb::Client::with_uri_str(site.stack.mongodb_url()).await.unwrap();
    let logs = client.database("logs");
    logs.collection::<Document>("msLogs").drop_index("ttl_30_days").await.unwrap();
    let ended = verify(site).await;
    assert!(
        ended.stdout.contains("has no index by which MongoDB deletes what is older than 2592000 s"),
        "{}",
        ended.stdout
    );
    let another = doc! { "name": "another", "key": { "at": 1 }, "expireAfterSeconds": 60 };
    logs.run_command(doc! { "createIndexes": "msLogs", "indexes": [another] }).await.unwrap();
    let ended = verify(site).await;
    assert!(
        ended.stdout.contains("after 60 s, and the template says by `at` after 2592000 s"),
        "{}",
        ended.stdout
    );
    blocking(|| {
        site.node.terminate();
        site.node.await_end().unwrap();
        end_servers(&site.stack);
    })
    .await;
}
