//! An import can be served: it contains nothing that `beds verify` would refuse.

use beds_core::inspect::{
    Catalogue, Column, Direction, Index, Kind, Parameter, Relation, RelationKind, Routine, RoutineKind,
    SqlMode, Storage, Supplied, Trigger,
};

use super::{Options, Plan, plan};

mod documents;
mod members;
mod refused;

fn column(name: &str) -> Column {
    Column::new(name, Kind::Int { min: -2_147_483_648, max: 2_147_483_647 }, "int(11)")
}

fn index(name: &str, columns: &[&str]) -> Index {
    Index {
        name: name.to_owned(),
        unique: true,
        primary: name == "PRIMARY",
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        whole: true,
        identifies: true,
        only: Vec::new(),
        counts_null: false,
        expires_s: None,
    }
}

fn table(name: &str, columns: &[&str], indexes: Vec<Index>) -> Relation {
    Relation {
        columns: columns.iter().map(|name| column(name)).collect(),
        indexes,
        ..Relation::new(name, RelationKind::Table)
    }
}

fn procedure(name: &str, body: &str) -> Routine {
    Routine {
        name: name.to_owned(),
        kind: RoutineKind::Procedure,
        parameters: vec![Parameter {
            name: "p_id".to_owned(),
            direction: Direction::In,
            kind: column("id").kind,
            written: "int(11)".to_owned(),
            collation: None,
        }],
        returns: None,
        comment: String::new(),
        body: Some(body.to_owned()),
        mode: SqlMode { strict: true, ..SqlMode::default() },
        declares_read: false,
        declares_write: false,
        definer: None,
    }
}

fn imported(catalogue: &Catalogue) -> Plan {
    let options = Options {
        service: "app_server".to_owned(),
        database_name: "shop".to_owned(),
        ddl: true,
        ..Options::default()
    };
    plan(catalogue, &options)
}

fn text<'p>(plan: &'p Plan, file: &str) -> &'p str {
    plan.files.iter().find(|(name, _)| name == file).map(|(_, text)| text.as_str()).unwrap_or_default()
}

/// The template of a table, and the same with what its script creates.
fn twice(relation: &Relation) -> (String, String) {
    let file = format!("{}_rec.toml", relation.name);
    let database = || "shop".to_owned();
    let catalogue =
        Catalogue { database: database(), relations: vec![relation.clone()], ..Catalogue::default() };
    let plan = imported(&catalogue);
    let script = plan.ddl.clone().unwrap();
    let routines = script.split("create procedure `").skip(1).map(|made| {
        let (name, rest) = made.split_once('`').unwrap();
        let (head, body) = rest.split_once("modifies sql data\n").unwrap();
        let parameters = head.lines().filter_map(|line| line.trim().strip_prefix("in `")?.split('`').next());
        let parameter =
            |name: &str| Parameter { name: name.to_owned(), ..procedure("", "").parameters.remove(0) };
        let body = body.split(" //").next();
        Routine { parameters: parameters.map(parameter).collect(), ..procedure(name, body.unwrap()) }
    });
    let again = imported(&Catalogue { routines: routines.collect(), ..catalogue.clone() });
    (text(&plan, &file).to_owned(), text(&again, &file).to_owned())
}

#[test]
fn a_counter_beside_the_key_is_given_back_by_both_imports() {
    let mut relation =
        table("nat", &["code", "nr", "v"], vec![index("PRIMARY", &["code"]), index("nr", &["nr"])]);
    relation.columns[1].default = Supplied::Counter;
    let (first, second) = twice(&relation);
    assert!(first.contains("returns = [\"nr\"]"), "{first}");
    assert_eq!(first, second);
    // Without a key, too.
    relation.indexes.clear();
    let (first, second) = twice(&relation);
    assert!(first.contains("returns = [\"nr\"]"), "{first}");
    assert_eq!(first, second);
}

#[test]
fn no_parameter_has_the_name_of_another_field() {
    let relation = table("paths", &["PathId", "PPathId"], vec![index("PRIMARY", &["PathId"])]);
    let plan = imported(&Catalogue { relations: vec![relation.clone()], ..Catalogue::default() });
    let script = plan.ddl.unwrap();
    assert!(script.contains("in `in_path_id`") && !script.contains("`p_path_id`"), "{script}");
    let (first, second) = twice(&relation);
    assert_eq!(first, second);
}

#[test]
fn a_part_of_the_key_that_is_unique_by_itself_says_so() {
    let both = index("PRIMARY", &["rev", "comment"]);
    let relation = table("temp", &["rev", "comment"], vec![both, index("rev", &["rev"])]);
    let plan = imported(&Catalogue { relations: vec![relation], ..Catalogue::default() });
    let template = text(&plan, "temp_rec.toml");
    assert_eq!(template.matches("unique = true").count(), 1, "{template}");
}

#[test]
fn a_column_without_room_takes_the_empty_value_alone() {
    let mut relation = table("t", &["id"], vec![index("PRIMARY", &["id"])]);
    let none = Column::new("none", Kind::String { max: 0, trims: true }, "char(0)");
    let bytes = Column::new("bits", Kind::Bytes { max: 0, fixed: false }, "varbinary(0)");
    relation.columns.extend([none, bytes]);
    let plan = imported(&Catalogue { relations: vec![relation], ..Catalogue::default() });
    let template = text(&plan, "t_rec.toml");
    for part in [
        "# allow: a column or an argument keeps only the empty text\nallow = [\"B0903\"]",
        "none = { type = \"string\", max = 1, pattern = \"\", required = true }",
        "# bits: its column keeps no bytes",
    ] {
        assert!(template.contains(part), "{part}: {template}");
    }
    let mut call = procedure("c", "begin end");
    call.parameters[0].kind = Kind::String { max: 0, trims: true };
    let plan = imported(&Catalogue { routines: vec![call], ..Catalogue::default() });
    let allows = |(_, text): &(String, String)| text.contains("allow = [\"B0903\"]");
    assert!(plan.files.iter().any(allows), "{:?}", plan.files);
}

#[test]
fn the_key_without_a_primary_key_is_the_shortest_that_is_unique() {
    let indexes = vec![index("a_both", &["x", "id"]), index("b_only", &["id"]), index("c_only", &["x"])];
    let catalogue = Catalogue { relations: vec![table("t", &["id", "x"], indexes)], ..Catalogue::default() };
    let plan = imported(&catalogue);
    let lines: Vec<&str> =
        text(&plan, "t_rec.toml").lines().filter(|line| line.contains("key = true")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("id "), "{lines:?}");
}

#[test]
fn what_has_no_transactions_is_not_once() {
    let loose = |name: &str| Relation {
        storage: Some(Storage { name: "MyISAM".to_owned(), transactional: false }),
        ..table(name, &["id", "x"], vec![index("PRIMARY", &["id"])])
    };
    let sound = table("sound", &["id", "x"], vec![index("PRIMARY", &["id"])]);
    let other = table("other", &["id", "x"], vec![index("PRIMARY", &["id"])]);
    let writes = procedure("other_note", "insert into old (id, x) values (p_id, 1)");
    let catalogue = Catalogue {
        relations: vec![loose("old"), other, sound],
        routines: vec![writes],
        ..Catalogue::default()
    };
    let mut catalogue = catalogue;
    // A trigger may be the writer.
    catalogue.relations.push(Relation {
        triggers: vec![Trigger {
            moment: "after insert".to_owned(),
            routine: procedure("told_ins", "insert into old (id, x) values (new.id, new.x)"),
        }],
        ..table("told", &["id", "x"], vec![index("PRIMARY", &["id"])])
    });
    let plan = imported(&catalogue);
    let is_once = |file: &str| !text(&plan, file).contains("\nonce = false\n");
    assert_eq!(
        ["old_rec.toml", "other_rec.toml", "sound_rec.toml", "told_rec.toml"].map(is_once),
        [false, false, true, false]
    );
    assert!(
        text(&plan, "old_rec.toml")
            .contains("# once: `old` has the engine MyISAM, which has no transactions")
    );
}

#[test]
fn a_routine_that_always_fails_is_no_call() {
    let reads = |table: &str| format!("select * from {table} where id = p_id");
    let catalogue = Catalogue {
        relations: vec![table("Doc", &["id", "x"], vec![index("PRIMARY", &["id"])])],
        routines: vec![procedure("doc_lost", &reads("doc")), procedure("doc_show", &reads("Doc"))],
        ..Catalogue::default()
    };
    let plan = imported(&catalogue);
    let doc = text(&plan, "doc_rec.toml");
    assert!(!doc.contains("[calls.doc_lost]") && doc.contains("[calls.doc_show]"), "{doc}");
    assert!(
        doc.contains("# - procedure `doc_lost`: `doc_lost` uses the table or view `doc`, which is not there"),
        "{doc}"
    );
}

#[test]
fn an_enum_that_its_column_alone_tells_apart_warns_nobody() {
    let mut relation = table("t", &["id", "size"], vec![index("PRIMARY", &["id"])]);
    relation.columns[1] = Column {
        kind: Kind::Enum(["s", "S", "x.l"].map(str::to_owned).to_vec()),
        written: "enum('s','S','x.l')".to_owned(),
        collation: Some("utf8mb4_bin".to_owned()),
        default: Supplied::Constant("S".to_owned()),
        ..column("size")
    };
    let plan = imported(&Catalogue { relations: vec![relation], ..Catalogue::default() });
    let line = text(&plan, "t_rec.toml").lines().find(|line| line.starts_with("size ")).unwrap_or_default();
    let expected = r#"{ type = "string", max = 3, pattern = "s|S|x\\.l", default = "S" }"#;
    assert!(line.ends_with(expected), "{line}");
}

#[test]
fn a_text_says_that_its_column_counts_bytes() {
    let of = |kept: u32, collation: &str| {
        let mut table = table("t", &["id", "a"], vec![index("PRIMARY", &["id"])]);
        table.columns[1].kind = Kind::Text { max: kept };
        table.columns[1].collation = Some(collation.to_owned());
        let plan = imported(&Catalogue { relations: vec![table], ..Catalogue::default() });
        let text = text(&plan, "t_rec.toml");
        assert!(text.contains(&format!("max = {kept}")), "{text}");
        text.contains("# a: its column keeps 255 bytes, and a character has up to 4")
    };
    assert!(of(255, "utf8mb4_general_ci"));
    assert!(!of(255, "latin1_swedish_ci") && !of(u32::MAX, "utf8mb4_general_ci"));
}

#[test]
fn a_date_of_zero_by_default_is_given_by_clients() {
    let mut relation = table("t", &["id", "day"], vec![index("PRIMARY", &["id"])]);
    relation.columns[1] = Column {
        kind: Kind::Date,
        written: "date".to_owned(),
        nullable: true,
        default: Supplied::Constant("0000-00-00".to_owned()),
        ..column("day")
    };
    let plan = imported(&Catalogue { relations: vec![relation], ..Catalogue::default() });
    let line = text(&plan, "t_rec.toml").lines().find(|line| line.starts_with("day ")).unwrap_or_default();
    assert!(line.contains("required = true, nullable = true"), "{line}");
}

#[test]
fn what_a_version_of_a_row_begins_and_ends_with_is_no_date_of_zero() {
    let mut relation = table("t", &["id", "since", "until", "seen"], vec![index("PRIMARY", &["id"])]);
    let moment = |name: &str, default: Supplied| Column {
        kind: Kind::DateTime { digits: 6, stamp: true },
        written: "timestamp(6)".to_owned(),
        default,
        ..column(name)
    };
    relation.columns[1] = moment("since", Supplied::Computed("ROW START".to_owned()));
    relation.columns[2] = moment("until", Supplied::Computed("ROW END".to_owned()));
    relation.columns[3] = moment("seen", Supplied::Nothing);
    let plan = imported(&Catalogue { relations: vec![relation], ..Catalogue::default() });
    let template = text(&plan, "t_rec.toml");
    assert!(template.contains("# - dates of zero in `seen`\n"), "{template}");
}

#[test]
fn a_parameter_keeps_a_name_that_is_its_own() {
    let mut routine = procedure("t_lookup", "select * from t where id = p_id");
    let parameter = |name: &str| Parameter { name: name.to_owned(), ..routine.parameters[0].clone() };
    let parameters = ["p_id", "id", "p_x", "in_x"].map(parameter);
    routine.parameters = parameters.to_vec();
    let relations = vec![table("t", &["id", "x"], vec![index("PRIMARY", &["id"])])];
    let plan = imported(&Catalogue { relations, routines: vec![routine], ..Catalogue::default() });
    let template = text(&plan, "t_rec.toml");
    let args = template.split("[calls.t_lookup.args]").nth(1).unwrap_or_default();
    let places = ["\np_id ", "\nid ", "\nx ", "\nin_x "].map(|name| args.find(name));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{template}");
}

#[test]
fn a_proposed_update_leaves_a_key_that_updates_would_move() {
    let mut relation = table("t", &["at", "id", "x"], vec![index("PRIMARY", &["at", "id"])]);
    relation.columns[0] = Column {
        kind: Kind::DateTime { digits: 0, stamp: true },
        written: "timestamp".to_owned(),
        default: Supplied::Expression("current_timestamp()".to_owned()),
        renewed: true,
        ..column("at")
    };
    let mut catalogue =
        Catalogue { database: "shop".to_owned(), relations: vec![relation], ..Catalogue::default() };
    let plan = imported(&catalogue);
    let script = plan.ddl.clone().unwrap_or_default();
    let update = script.split("procedure `sp_t_update`").nth(1).unwrap_or_default();
    let update = update.split("end //").next().unwrap_or_default();
    assert!(update.contains("`t`.`at` = `t`.`at`") && !update.contains("`t`.`id` = `t`.`id`"), "{script}");
    // Once the procedure exists, an import recognizes it.
    let mut routine = procedure("sp_t_update", &update[update.find("begin").unwrap_or_default()..]);
    routine.body = routine.body.map(|body| format!("{body}end"));
    let of = |name: &str, column: &Column| Parameter {
        name: name.to_owned(),
        kind: column.kind.clone(),
        written: column.written.clone(),
        ..routine.parameters[0].clone()
    };
    let columns = &catalogue.relations[0].columns;
    let parameters = vec![of("p_at", &columns[0]), of("p_id", &columns[1]), of("p_x", &columns[2])];
    catalogue.routines = vec![Routine { parameters, ..routine }];
    let again = imported(&catalogue);
    let template = text(&again, "t_rec.toml");
    assert!(!again.ddl.iter().any(|script| script.contains("sp_t_update")), "{template}");
    assert!(template.contains("\"sp_t_update\"") && !template.contains("[calls.sp_t"), "{template}");
}

#[test]
fn a_key_that_a_trigger_sets_is_the_databases() {
    let numbers = |body: &str| Relation {
        triggers: vec![Trigger {
            moment: "before insert".to_owned(),
            routine: Routine { parameters: Vec::new(), ..procedure("numbers", body) },
        }],
        ..table("t", &["id", "no", "x"], vec![index("PRIMARY", &["id", "no"])])
    };
    let relations = vec![numbers("set new.no = (select ifnull(max(no), 0) + 1 from t)")];
    let mut create = procedure("add_t", "insert into t (id, x) values (p_id, 1)");
    create.declares_write = true;
    let plan = imported(&Catalogue { relations, routines: vec![create], ..Catalogue::default() });
    let template = text(&plan, "t_rec.toml");
    let line = template.lines().find(|line| line.starts_with("no ")).unwrap_or_default();
    assert!(line.contains("generated = \"database\""), "{template}");
    // The reply could not tell the key.
    assert!(!template.contains("\ncreate "), "{template}");
    assert!(template.contains("\nupdate ") && template.contains("\ndelete "), "{template}");
    let said = |(_, what): &(String, String)| what.contains("create: the trigger `numbers` sets `no`");
    assert!(plan.left_out.iter().any(said), "{:?}", plan.left_out);
    // A trigger that fills in a missing value leaves the key to clients.
    let relations = vec![numbers("set new.no = ifnull(new.no, 7)")];
    let plan = imported(&Catalogue { relations, ..Catalogue::default() });
    let template = text(&plan, "t_rec.toml");
    assert!(template.contains("\ncreate ") && !template.contains("generated"), "{template}");
}

#[test]
fn a_table_without_a_key_says_so_on_the_terminal() {
    let catalogue = Catalogue { relations: vec![table("log", &["x"], Vec::new())], ..Catalogue::default() };
    let plan = imported(&catalogue);
    let told: Vec<&str> = plan.left_out.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(
        told,
        ["update and delete: without a key: the table has no primary key and no unique index without nulls"]
    );
}

#[test]
fn the_name_of_a_template_depends_on_no_other_table() {
    let of_prefix = |prefix: &str, names: &[&str]| {
        let key = || vec![index("PRIMARY", &["id"])];
        let relations = names.iter().map(|name| table(name, &["id"], key())).collect();
        let options = Options { name_prefix: prefix.to_owned(), ..Options::default() };
        plan(&Catalogue { relations, ..Catalogue::default() }, &options).files
    };
    let of = |names: &[&str]| of_prefix("", names);
    let names = |files: Vec<(String, String)>| files.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(of(&["\u{8868}"])), ["relation_u8868_rec.toml"]);
    assert_eq!(names(of_prefix("odd_", &["\u{8868}"])), ["odd_relation_u8868_rec.toml"]);
    assert!(names(of(&["beds_ledger", "z", "\u{8868}"])).contains(&"relation_u8868_rec.toml".to_owned()));
    assert_eq!(
        names(of(&["beds_ledger", "beds_rooms"])),
        ["the_beds_rooms_rec.toml"],
        "a table of a hospital"
    );
}

/// Each statement contains the word. Only a quoted name is that table.
#[test]
fn a_routine_belongs_to_no_table_whose_name_is_a_word_of_sql() {
    let key = || vec![index("PRIMARY", &["id"])];
    let catalogue = Catalogue {
        relations: ["orders", "select", "update"].map(|name| table(name, &["id"], key())).into(),
        routines: vec![
            procedure("select_orders", "begin select id from orders where id > p_id; end"),
            procedure("top_select", "select s.id from `select` s where s.id > p_id"),
            procedure("recount", "begin update orders set id = id + (select 1) where id > p_id; end"),
        ],
        ..Catalogue::default()
    };
    let plan = imported(&catalogue);
    let has = |file: &str, routine: &str| text(&plan, file).contains(&format!("\"{routine}\""));
    assert!(has("orders_rec.toml", "select_orders") && has("orders_rec.toml", "recount"));
    assert!(has("select_rec.toml", "top_select") && !has("update_rec.toml", "recount"));
}
