//! A procedure may do nothing without a word, and a view may show less than was written.

use beds_core::{
    plan::{self, Action},
    spec::{Domain, mariadb},
    value::Value,
};
use beds_protocol::{ErrorCode, Operation};

use crate::{
    ledger::text,
    odd::{ITEM_COLUMNS, ITEM_FIELDS, Odd},
};

const fn shy(name: &'static str, from: &'static str) -> Domain {
    const SHY: Option<mariadb::Procedure> =
        Some(mariadb::Procedure::new("item_shy", "call `item_shy`(?, ?)", &[0, 1]));
    Domain::new("shy", "", "")
        .fields(&ITEM_FIELDS)
        .key(&[0])
        .version(2)
        .reads()
        .publishes(&[Operation::Create, Operation::Upsert], &[])
        .mariadb(
            "odd",
            mariadb::Objects {
                read: Some(mariadb::Source::view(name, from, ITEM_COLUMNS)),
                create: SHY,
                upsert: SHY,
                ..mariadb::Objects::NONE
            },
        )
}
/// Its view fails for the number 13.
static SHY: Domain = shy("v_item", "`v_item`");
/// Its view shows numbers below 50.
static SMALL: Domain = shy("v_small", "`v_small`");

fn write(is_upsert: bool, records: &[(&str, i64)], many: bool) -> Action {
    let record = |&(id, n): &(&str, i64)| vec![Value::Text(id.to_owned()), Value::Int(n), Value::Null];
    let records = records.iter().map(record).collect();
    Action::Write(if is_upsert {
        plan::Write::Upsert { records, many }
    } else {
        plan::Write::Create { records, many }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wrote_nothing_is_refused_and_has_no_event() {
    let odd = Odd::open();
    odd.run(&SHY, write(true, &[("there", 1)], false)).await.unwrap();
    for is_upsert in [false, true] {
        for id in ["new", "there"] {
            let error = odd.run(&SHY, write(is_upsert, &[(id, 100)], false)).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::RejectedByDatabase, "{error}");
            assert!(error.message.contains("changed no row"), "{error}");
        }
        let list = write(is_upsert, &[("a", 1), ("b", 100), ("c", 2)], true);
        let error = odd.run(&SHY, list).await.unwrap_err();
        assert!(error.message.starts_with("data[1]: "), "{error}");
    }
    assert_eq!((odd.count("item"), odd.count("beds_events")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_back_is_not_said_to_be_hidden() {
    let odd = Odd::open();
    for many in [false, true] {
        let reply = text(odd.run(&SHY, write(true, &[("a", 13)], many)).await);
        assert!(reply.contains("cannot be read back"), "{reply}");
        let reply = text(odd.run(&SMALL, write(true, &[("b", 60)], many)).await);
        assert!(reply.contains("shows no record"), "{reply}");
        let reply = text(odd.run(&SMALL, write(true, &[("b", 10)], many)).await);
        assert!(!reply.contains("note"), "{reply}");
    }
}
