//! Keys that the database makes, and how a procedure tells them.

use beds_core::{
    inspect::{Relation, RelationKind, Supplied, Trigger},
    spec::{Generated, Objects},
};

use super::{catalogue, column, domain, one, routine, said};

/// What is found of a create with this text, beside a table `log` with a counter.
fn of(body: &str, trigger: Option<&str>, has_counter: bool) -> Vec<String> {
    let create = routine("c", &["o", "c"], body);
    let trigger =
        trigger.map(|body| Trigger { moment: "before insert".to_owned(), routine: routine("t", &[], body) });
    let mut catalogue = catalogue(vec![create], trigger.into_iter().collect());
    if has_counter {
        catalogue.relations[0].columns[1].default = Supplied::Counter;
    }
    let mut log = Relation::new("log", RelationKind::Table);
    log.columns = vec![column("seq"), column("n")];
    log.columns[0].default = Supplied::Counter;
    catalogue.relations.push(log);
    let mut domain = domain([Some("c"), None, None], Some(Generated::Database));
    if let Objects::MariaDb(objects) = &mut domain.objects {
        objects.create.as_mut().unwrap().returns = &[1];
    }
    let found = said(&domain, &catalogue);
    found.into_iter().filter(|line| line.contains("last_insert_id")).collect()
}

const INSERT: &str = "insert into line (id_order, amount) values (o, c)";

#[test]
fn a_key_that_no_counter_gives_is_found() {
    let asks = format!("begin {INSERT}; select last_insert_id(); end");
    let sets = "set new.id_part = 1000 + new.amount";
    one(
        &of(&asks, Some(sets), true),
        "error `last_insert_id()` in `c` does not tell the key of the new record, since the trigger `t` gives `id_part` its \
         value",
    );
    let maybe = "begin if new.amount > 5 then set new.id_part = 7; end if; end";
    one(
        &of(&asks, Some(maybe), true),
        "warning `last_insert_id()` in `c` does not tell the key of the new record, since the trigger `t` may give",
    );
    one(
        &of(&asks, None, false),
        "warning `last_insert_id()` in `c` does not tell the key of the new record, since `id_part` is not an AUTO_INCREMENT",
    );
    for (body, trigger, has_counter) in [
        (asks.as_str(), None, true),
        // The remedy.
        (&format!("begin {INSERT} returning id_part; end"), Some(sets), true),
        // The number is only for another table.
        (&format!("begin {INSERT}; insert into log (n) values (last_insert_id()); end"), Some(sets), true),
        // It says itself what is told.
        (
            &format!(
                "begin update line set amount = last_insert_id(5); {INSERT}; select last_insert_id(); end"
            ),
            None,
            false,
        ),
    ] {
        assert_eq!(of(body, trigger, has_counter), [""; 0], "{body}");
    }
}

#[test]
fn a_number_of_another_table_is_found() {
    let late = format!("begin {INSERT}; insert into log (n) values (1); select last_insert_id(); end");
    one(
        &of(&late, None, true),
        "warning `c` asks for `last_insert_id()` after it writes into `log`: that is the number of `log`, not of `line`",
    );
    for body in [
        format!(
            "begin {INSERT}; select last_insert_id(); insert into log (n) values (last_insert_id()); end"
        ),
        format!(
            "begin declare v int; {INSERT}; set v = last_insert_id(); insert into log (n) values (1); \
                 insert into other (n) values (last_insert_id()); select v; end"
        ),
        format!("begin {INSERT}; insert into log (seq, n) values (7, 1); select last_insert_id(); end"),
        format!("begin insert into log (n) values (1); {INSERT}; select last_insert_id(); end"),
        format!(
            "begin {INSERT}; set @id = last_insert_id(); insert into log (n) values (@id); select @id; end"
        ),
    ] {
        assert_eq!(of(&body, None, true), [""; 0], "{body}");
    }
}

#[test]
fn a_key_that_the_client_gives_needs_no_counter() {
    let body = "begin insert into line (id_order, id_part, amount) values (o, r, c); insert into log (n) values (1); \
                select last_insert_id(); end";
    let mut catalogue = catalogue(vec![routine("c", &["o", "r", "c"], body)], Vec::new());
    let mut log = Relation::new("log", RelationKind::Table);
    log.columns = vec![column("seq")];
    log.columns[0].default = Supplied::Counter;
    catalogue.relations.push(log);
    let found = said(&domain([Some("c"), None, None], None), &catalogue);
    assert!(!found.iter().any(|line| line.contains("last_insert_id")), "{found:?}");
}
