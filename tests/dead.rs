//! `beds dead`: dead letters are listed, shown, exported, replayed once, and removed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions only"
)]

mod common;

use beds_devstack::Ended;
use beds_protocol::topology::DEAD;
use common::{
    Beds, Site, blocking, eventually_async,
    wire::{Wire, consume, next, with_header},
};
use lapin::BasicProperties;
use serde_json::{Value, json};

/// Runs `beds dead` on a site.
async fn dead(site: &'static Site, arguments: &[&str]) -> Ended {
    let all: Vec<String> = ["dead"].iter().chain(arguments).map(|&argument| argument.to_owned()).collect();
    blocking(move || {
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        Beds::new(&all).on(&site.stack).run()
    })
    .await
}

/// The lines of a command that succeeds, each as JSON.
async fn lines(site: &'static Site, arguments: &[&str]) -> Vec<Value> {
    let ended = dead(site, arguments).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn bookmarks(site: &Site) -> String {
    site.stack.mariadb_query(Some("catalog"), "select note from bookmark order by note").unwrap()
}

async fn waiting(wire: &Wire, count: u32) {
    eventually_async("the dead letters are there", async || wire.waiting(DEAD).await == count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_seen_and_replayed_once_and_dropped() {
    let site = common::own_site(&[]).await;
    let wire = Wire::connect(&site.stack.amqp_url()).await;
    let bookmark = |note: &str| json!({"data": {"owner": "o", "country": "SE", "note": note}}).to_string();
    let own = BasicProperties::default().with_user_id("guest".into()).with_delivery_mode(2);
    let without_id = own.clone();
    // A distant deadline: a header with a number, which a replay leaves out.
    let until = lapin::types::AMQPValue::LongLongInt(4_102_444_800_000);
    let with_id = with_header(own.clone().with_message_id("its-own".into()), "beds-deadline", until);
    for (key, body, properties) in [
        ("bookmark.create", bookmark("a"), without_id),
        ("bookmark.create", bookmark("b"), with_id),
        ("country.fetch", "{\"key\": \"SE\"}".to_owned(), own),
    ] {
        assert!(wire.publish("beds", key, body.as_bytes(), properties).await.is_none());
    }
    waiting(&wire, 3).await;

    let all = lines(site, &["list", "--json"]).await;
    assert_eq!(all.len(), 3, "{all:?}");
    let refused = lines(site, &["list", "--json", "--code", "validation_failed"]).await;
    assert_eq!(refused.len(), 2, "{all:?}");
    assert!(refused.iter().all(|letter| letter["user"] == "guest" && letter["can_be_replayed"] == true));
    assert_eq!(lines(site, &["list", "--json", "--template", "country"]).await.len(), 1);
    assert_eq!(lines(site, &["list", "--json", "--reason", "no such country"]).await.len(), 2);
    assert_eq!(lines(site, &["list", "--json", "--older", "1h"]).await.len(), 0);
    assert_eq!(lines(site, &["list", "--json", "--newer", "1h", "--limit", "2"]).await.len(), 2);
    assert_eq!(lines(site, &["list", "--json"]).await, all, "looking changes nothing");
    let table = dead(site, &["list"]).await.stdout;
    assert_eq!(table.lines().count(), 3, "{table}");
    let stays = table.lines().filter(|line| line.contains("  stays   country.fetch  "));
    assert!(
        stays
            .clone()
            .all(|line| line.ends_with("(it is a read, and nobody waits for its answer any longer)"))
    );
    assert_eq!((stays.count(), table.matches("  replay  bookmark.create  ").count()), (1, 2), "{table}");
    let until = "(its client wanted it until 2100-01-01T00:00:00Z; a replay has no deadline)";
    assert_eq!(table.matches(until).count(), 1, "{table}");
    let of_a = refused.iter().find(|letter| letter["message_id"].is_null());
    let id = of_a.unwrap()["id"].as_str().unwrap();
    let shown = dead(site, &["show", &id[..8]]).await.stdout;
    assert!(shown.contains("\"note\": \"a\""), "{shown}");
    let exported = lines(site, &["export", "-"]).await;
    assert!(exported.iter().any(|letter| letter["body"]["data"]["note"] == "b"), "{exported:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letters");
    let some = dead(site, &["export", file.to_str().unwrap(), "--template", "bookmark"]).await;
    assert!(
        some.stderr.starts_with(&format!("2 of 3 dead letters written to {}, 1 not, ", file.display())),
        "{some:?}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);

    // Nothing is done without a choice of letters, or in a dry run.
    assert_eq!(dead(site, &["replay"]).await.code, Some(2));
    let dry = dead(site, &["replay", "--template", "bookmark", "--dry-run"]).await;
    assert_eq!(dry.stdout.matches("would be replayed").count(), 2, "{}", dry.stdout);
    waiting(&wire, 3).await;
    let read = dead(site, &["replay", "--template", "country"]).await;
    assert_eq!(read.code, Some(1));
    assert!(read.stderr.contains("nobody waits for its answer"), "{}", read.stderr);

    // A letter whose cause remains dies again.
    assert_eq!(dead(site, &["replay", "--id", id]).await.code, Some(0));
    waiting(&wire, 3).await;

    let sweden =
        "insert into country (alpha_2, alpha_3, numeric_code, name) values ('SE', 'SWE', '752', 'Sweden')";
    site.stack.mariadb_query(Some("catalog"), sweden).unwrap();
    // The same letters once more, as they come back if the command dies between sending and removing.
    let mut copies = copies(&wire).await;
    waiting(&wire, 3).await;
    assert_eq!(dead(site, &["replay", "--template", "bookmark"]).await.code, Some(0));
    eventually_async("both are written", async || bookmarks(site).lines().count() == 2).await;
    waiting(&wire, 1).await;
    copies.retain(|(_, key, _)| key.starts_with("bookmark"));
    put(&wire, &copies).await;
    waiting(&wire, 3).await;
    let again = dead(site, &["replay", "--template", "bookmark"]).await;
    assert_eq!(again.stdout.matches(": replayed").count(), 2, "{}{}", again.stdout, again.stderr);
    waiting(&wire, 1).await;
    eventually_async("all is worked off", async || wire.waiting("beds.app_server.w").await == 0).await;
    let duplicates = || {
        site.node
            .get("/metrics")
            .contains("beds_ledger_duplicates_total{engine=\"mariadb\",database=\"catalog\"} 2")
    };
    eventually_async("the ledger knew both", async || duplicates()).await;
    assert_eq!(bookmarks(site).lines().collect::<Vec<_>>(), ["a", "b"]);

    let dropped = dead(site, &["drop", "--all"]).await;
    assert_eq!(dropped.code, Some(0), "{}", dropped.stderr);
    waiting(&wire, 0).await;
    common::end_site(site).await;
}

/// Takes the dead letters out, and puts them back unchanged.
async fn copies(wire: &Wire) -> Vec<(BasicProperties, String, Vec<u8>)> {
    let mut letters = consume(&wire.channel, DEAD).await;
    let mut copies = Vec::new();
    for _ in 0..3 {
        let message = next(&mut letters).await.0;
        copies.push((message.properties.clone(), message.routing_key.to_string(), message.data.clone()));
    }
    wire.channel.basic_cancel(letters.tag(), lapin::options::BasicCancelOptions::default()).await.unwrap();
    put(wire, &copies).await;
    copies
}

async fn put(wire: &Wire, letters: &[(BasicProperties, String, Vec<u8>)]) {
    for (properties, key, body) in letters {
        assert!(wire.publish(DEAD, key, body, properties.clone()).await.is_none());
    }
}
