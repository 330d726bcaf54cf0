//! A change whose plan carries old records over.

use std::fs;

use beds_devstack::Stack;

use super::{APPROVE, Site};

/// Old records come over by the jobs of the plan, or the plan is refused with the reason.
#[test]
fn a_change_carries_old_records_into_tables() {
    let stack = Stack::builder().rabbitmq().mariadb().ignore_environment().start();
    let stack = stack.unwrap_or_else(|error| panic!("{error}"));
    let (amqp, mariadb) = (stack.amqp_url(), stack.mariadb_url());
    let site = Site::new(&format!("scratch_amqp = \"{amqp}\"\nscratch_mariadb = \"{mariadb}\""));
    site.model("shop.json", |text| text);
    site.done(&["new", "--model", "shop.json"]);
    let new = [
        "new",
        "--model",
        "shop_2.json",
        "--against",
        "proposals/shop/templates",
        "--prove",
        "--records",
        "10000",
    ];
    // Some old names are longer than the new ones may be.
    site.model("shop_2.json", |text| {
        text.replace(
            "\"full_name\", \"type\": \"string\", \"max\": 60",
            "\"full_name\", \"type\": \"string\", \"max\": 20",
        )
    });
    let said = site.refused(&[&new[..], &["--out", "narrow"]].concat());
    assert!(said.contains("failed  migration: customer_before to customer: "), "{said}");
    assert!(
        said.contains(
            "of 300 records are rejected: validation_failed: `full_name` must be at most 20 characters"
        ),
        "{said}"
    );
    let said = site.refused(&[&["approve", "narrow"], &APPROVE[..]].concat());
    assert!(said.contains("the proof `migration` failed"), "{said}");
    site.model("shop_2.json", |text| text);
    let said = site.done(&new);
    assert!(said.contains("passed  migration: 2 migrations carry old records over"), "{said}");
    let report = fs::read_to_string(site.path("proposals/shop_2/proofs/migration.txt")).unwrap();
    for part in [
        "customer_before: 300 old records are there",
        "customer_before to customer: 300 records came over, and both sides are the same",
        "purchase_before to purchase: 300 records came over",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    // Everything that was made for the proof is removed.
    let left = stack.mariadb_query(None, "show databases like 'beds_proof%'").unwrap();
    assert_eq!(left, "");
    site.done(&[&["approve", "proposals/shop_2"], &APPROVE[..]].concat());
    stack.mariadb_query(None, "create database shop_2").unwrap();
    let url = format!("{mariadb}/shop_2");
    let said = site.done(&["apply", "proposals/shop_2", "--url", &url, "--yes"]);
    let start = |name: &str| {
        format!(
            "  beds call migration.call.start '{{\"args\":{{\"from\":\"{name}_before\",\"to\":\"{name}\",\"map\":{{"
        )
    };
    let (first, second) = (&start("customer"), &start("purchase"));
    for command in [first, second] {
        assert!(said.contains(command), "{command} in {said}");
    }
    assert!(said.find(first) < said.find(second), "{said}");
}

#[test]
fn a_change_carries_old_records_into_collections() {
    let site = Site::new("");
    site.model("sensors.json", |text| text);
    site.done(&["new", "--model", "sensors.json"]);
    site.model("sensors.json", |text| {
        let text = text.replace("\"name\": \"sensors\"", "\"name\": \"sensors_2\"");
        let text = text.replace("\"database\": \"field\"", "\"database\": \"field_2\"");
        let text = text.replace(
            "{ \"name\": \"value\", \"type\": \"float\", \"required\": true }",
            "{ \"name\": \"measured\", \"type\": \"float\", \"required\": true, \"before\": { \"from\": \"value\" } }",
        );
        let text = text.replace("\\\"$value\\\"", "\\\"$measured\\\"");
        text.replace(
            "\"values\": [\"wind\", \"rain\"], \"required\": true }",
            "\"values\": [\"wind\", \"other\"], \"required\": true, \"before\": { \"from\": \"kind\", \"enum\": \
             [{ \"value\": \"wind\", \"becomes\": \"wind\" }], \"else\": \"other\" } },\n\
             { \"name\": \"owner\", \"type\": \"string\", \"max\": 50, \"default\": \"nobody\" }",
        )
    });
    fs::write(site.path("stations.csv"), "Code,Kind\nN1,wind\nN2,rain\nN3,snow\n").unwrap();
    let samples = ["--samples", "stations.csv"];
    let said = site.done(
        &[
            &["new", "--model", "sensors.json", "--against", "proposals/sensors/templates"],
            &samples[..],
            &["--prove", "--records", "1000"],
        ]
        .concat(),
    );
    assert!(said.contains("passed  migration: 2 migrations carry old records over"), "{said}");
    let report = fs::read_to_string(site.path("proposals/sensors_2/proofs/migration.txt")).unwrap();
    for part in [
        "stations.csv: 2 of its 3 records are there as station_before",
        "station_before to station: 302 records came over, and both sides are the same",
        "reading_before to reading: 300 records came over",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
}
