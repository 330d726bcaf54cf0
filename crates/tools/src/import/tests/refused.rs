//! Operations that the server would refuse, and objects that the importing user may not see: no create is offered, and
//! the import says why.

use beds_core::inspect::{Grant, Granted, Grants, Needed};

use super::*;

fn t(triggers: Vec<Trigger>, needs: Vec<Needed>) -> Relation {
    Relation { triggers, needs, ..table("t", &["id", "x"], vec![index("PRIMARY", &["id"])]) }
}

fn trigger(moment: &str, definer: Option<&str>, body: &str) -> Trigger {
    let routine = procedure("told", body);
    Trigger {
        moment: moment.to_owned(),
        routine: Routine { parameters: Vec::new(), definer: definer.map(str::to_owned), ..routine },
    }
}

/// The operations that are proposed, and the reports.
fn offered(relation: Relation) -> ([bool; 3], Vec<String>) {
    let catalogue = Catalogue {
        database: "shop".to_owned(),
        relations: vec![relation],
        accounts: Some(vec!["root@%".to_owned()]),
        ..Catalogue::default()
    };
    let plan = imported(&catalogue);
    let script = plan.ddl.clone().unwrap_or_default();
    let is_there = |verb: &str| script.contains(&format!("create procedure `sp_t_{verb}`"));
    (["create", "update", "delete"].map(is_there), plan.left_out.into_iter().map(|(_, what)| what).collect())
}

#[test]
fn what_the_server_refuses_each_time_is_not_proposed() {
    assert_eq!(offered(t(Vec::new(), Vec::new())), ([true; 3], Vec::new()));
    let gone = Some("gone@%");
    let (offers, told) = offered(t(vec![trigger("before insert", gone, "set new.x = 1")], Vec::new()));
    assert_eq!(offers, [false, true, true]);
    assert_eq!(
        told,
        ["create: the definer of the trigger `told`, `gone@%`, does not exist: each call fails"]
    );
    let (offers, told) =
        offered(t(vec![trigger("after delete", None, "insert into old values (1)")], Vec::new()));
    assert_eq!(offers, [true, true, false]);
    assert_eq!(told, ["delete: the trigger `told` uses the table or view `old`, which is not there"]);
    let parent = Needed {
        kind: "table",
        schema: "shop".to_owned(),
        name: "parent".to_owned(),
        by: "the foreign key `fk`".to_owned(),
    };
    let (offers, told) = offered(t(Vec::new(), vec![parent]));
    assert_eq!(offers, [false, true, true]);
    assert_eq!(
        told,
        ["create: the table refuses rows: the foreign key `fk` needs the table `parent`, which is not there"]
    );
    // Nothing increments the version if no update is proposed.
    let mut versioned = t(vec![trigger("before update", gone, "set new.x = 1")], Vec::new());
    versioned.columns.push(column("version"));
    let catalogue =
        Catalogue { relations: vec![versioned], accounts: Some(Vec::new()), ..Catalogue::default() };
    let plan = imported(&catalogue);
    assert!(!text(&plan, "t_rec.toml").contains("version = true"), "{}", text(&plan, "t_rec.toml"));
}

#[test]
fn a_key_that_a_trigger_may_set_is_not_told_by_a_create() {
    for body in [
        "begin if new.id = 0 then set new.id = 7; end if; end",
        "set new.id = abs(new.id)",
        "begin if new.id is null or new.id = 0 then set new.id = 7; end if; end",
    ] {
        let (offers, told) = offered(t(vec![trigger("before insert", None, body)], Vec::new()));
        assert_eq!(offers, [false, true, true], "{body}");
        assert!(
            told.len() == 1 && told[0].starts_with("create: the trigger `told` may give `id` another value")
        );
    }
    let body = "begin if new.id is null then set new.id = 7; end if; end";
    assert_eq!(offered(t(vec![trigger("before insert", None, body)], Vec::new())).0, [true; 3]);
}

fn seen(grants: &[(&[&str], Granted)]) -> (Vec<String>, String) {
    let grant = |(privileges, on): &(&[&str], Granted)| Grant {
        privileges: privileges.iter().map(|name| (*name).to_owned()).collect(),
        on: on.clone(),
        is_public: false,
        written: String::new(),
    };
    let list = Some(grants.iter().map(grant).collect());
    let relation = table("t", &["id", "x"], Vec::new());
    let grants = Grants { user: "ro@%".to_owned(), list };
    let plan = imported(&Catalogue { relations: vec![relation], grants, ..Catalogue::default() });
    (plan.left_out.into_iter().map(|(_, what)| what).collect(), plan.ddl.unwrap_or_default())
}

#[test]
fn procedures_that_the_user_may_not_see_are_replaced_by_none() {
    let read: (&[&str], Granted) = (&["SELECT", "TRIGGER"], Granted::Database);
    let is_said = |grants: &[(&[&str], Granted)]| {
        let (told, script) = seen(grants);
        assert!(!script.contains("or replace"), "{script}");
        let is_said = script.contains("-- `ro@%` may not see every routine of the database");
        let told = told.iter().filter(|what| what.contains("may not see those that it has no right on"));
        assert_eq!(told.count(), usize::from(is_said));
        is_said
    };
    assert!(is_said(std::slice::from_ref(&read)));
    assert!(is_said(&[read.clone(), (&["EXECUTE"], Granted::Procedure("p".to_owned()))]));
    assert!(!is_said(&[read.clone(), (&["EXECUTE"], Granted::Database)]));
    assert!(!is_said(&[read, (&["SELECT"], Granted::Elsewhere("mysql.proc".to_owned()))]));
    assert!(!is_said(&[(&["ALL PRIVILEGES"], Granted::Server)]));
}

#[test]
fn a_create_is_offered_where_all_columns_are_seen() {
    let offers = |on: Granted| {
        let (told, script) =
            seen(&[(&["SELECT", "INSERT", "TRIGGER"], on), (&["EXECUTE"], Granted::Database)]);
        let is_told = told.iter().any(|what| {
            what == "create: `ro@%` has rights on some columns only, and may not see what else a new record needs"
        });
        let is_offered = script.contains("create procedure `sp_t_create`");
        assert_ne!(is_told, is_offered, "{told:#?}\n{script}");
        is_offered
    };
    assert!(!offers(Granted::Columns("t".to_owned())));
    assert!(offers(Granted::Relation("t".to_owned())));
}

#[test]
fn what_the_user_may_not_read_is_said() {
    let told = |grants: &[(&[&str], Granted)]| {
        let told = seen(grants).0.into_iter();
        told.filter(|what| what.starts_with("fetch: ") || what.contains("without a key")).collect::<Vec<_>>()
    };
    let starts = |grants: &[(&[&str], Granted)], expected: [&str; 2]| {
        let told = told(grants);
        let is_so = told.len() == 2 && told.iter().zip(expected).all(|(what, part)| what.starts_with(part));
        assert!(is_so, "{told:#?}");
    };
    let columns = Granted::Columns("t".to_owned());
    let unseen = "update and delete: without a key: `ro@%` has rights on some columns only";
    starts(&[(&["SELECT"], columns.clone())], ["fetch: `ro@%` has SELECT on some columns only", unseen]);
    starts(&[(&["INSERT"], columns)], ["fetch: `ro@%` has no SELECT on it", unseen]);
    let none = "update and delete: without a key: the table has no primary key";
    starts(&[(&["INSERT"], Granted::Relation("t".to_owned()))], ["fetch: `ro@%` has no SELECT on it", none]);
    assert_eq!(told(&[(&["SELECT"], Granted::Relation("t".to_owned()))]).len(), 1);
}
