//! The proposals for the DBA: expected output beside the templates of `ok/`, and new templates that compile.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use beds_codegen::{
    Compiler,
    model::{Domain, Engine},
    propose::{self, NewTemplate},
};
use beds_devstack::Stack;
use beds_protocol::TypeName;
use support::{check, files, finish, folder};

#[test]
fn proposals_are_the_expected_ones() {
    let mut differences = Vec::new();
    let mut domains = Vec::new();
    for path in files("ok", "toml") {
        let output = Compiler::new()
            .pipelines(folder("ok/pipelines"))
            .template_text("x_rec.toml", std::fs::read_to_string(&path).unwrap())
            .compile()
            .unwrap();
        let domain = output.domains.into_iter().next().unwrap();
        let ddl = propose::scripts(&[propose::ddl(&domain)]);
        let extension = match domain.engine() {
            Engine::MariaDb => "ddl.sql",
            Engine::MongoDb => "ddl.js",
        };
        differences.extend(check(&path.with_extension(extension), &ddl[&domain.engine()]));
        let schema = format!("{:#}\n", propose::schema(&domain));
        differences.extend(check(&path.with_extension("schema.json"), &schema));
        domains.push(domain);
    }
    for (engine, script) in propose::scripts(&propose::tables(&domains)) {
        let name = format!("tables.{}", propose::file_name(engine));
        differences.extend(check(&folder("ok").join(name), &script));
    }
    for (engine, script) in propose::grants(&domains, "beds@10.0.0.%") {
        let name = format!("grants.{}", propose::file_name(engine));
        differences.extend(check(&folder("ok").join(name), &script));
    }
    finish(&differences);
}

/// The domains of `ok/`, and unusual domains that proposals must handle.
fn odd_domains() -> Vec<Domain> {
    let odd = [
        // A parameter `p_id` would hide the column `p_id`.
        r#"[template]
name = "pk2"
service = "app_server"
engine = "mariadb"
database = "odd"
[fields]
p_id = { type = "int", key = true }
id = "int"
v = { type = "string", max = 10 }
[objects]
read = { table = "pk2" }
create = { procedure = "pk2_create", args = ["p_id", "id", "v"] }
update = { procedure = "pk2_update", args = ["p_id", "id", "v"] }
upsert = { procedure = "pk2_upsert", args = ["p_id", "id", "v"] }
delete = { procedure = "pk2_delete", args = ["p_id"] }
"#,
        r#"[template]
name = "pair"
service = "app_server"
engine = "mariadb"
database = "odd"
[fields]
p_id = { type = "int", key = true }
id = { type = "int", key = true }
P2_x = { type = "string", max = 10, unique = true }
revision = { type = "int", version = true }
[objects]
read = { view = "pair" }
create = { procedure = "pair_create", args = ["p_id", "id", "P2_x"] }
upsert = { procedure = "pair_upsert", args = ["p_id", "id", "P2_x"] }
delete = { procedure = "pair_delete", args = ["p_id", "id"] }
"#,
        // Bounds of types, a counter beside the key, and what the database makes without one.
        r#"[template]
name = "made"
service = "app_server"
engine = "mariadb"
database = "odd"
[fields]
code = { type = "bool", key = true }
part = { type = "string", max = 40, key = true, unique = true }
nr = { type = "int", min = 0, max = 16777215, generated = "database" }
more = { type = "int", min = 0, max = 255, generated = "database" }
state = { type = "enum", values = ["new", "old"], generated = "database" }
day = { type = "date", generated = "database" }
at = { type = "time", generated = "database" }
price = { type = "decimal", precision = 8, scale = 2, generated = "database" }
text = { type = "text", generated = "database" }
any = { type = "json", generated = "database" }
is_new = { type = "bool", default = true }
small = { type = "int", min = -32768, max = 32767 }
[objects]
read = { table = "made" }
create = { procedure = "made_create", args = ["code", "part", "is_new", "small"], returns = ["nr"] }
upsert = { procedure = "made_upsert", args = ["code", "part", "is_new", "small"] }
delete = { procedure = "made_delete", args = ["code", "part"] }
"#,
        // A key, a unique field and filters that are longer than an index of InnoDB.
        r#"[template]
name = "long_key"
service = "app_server"
engine = "mariadb"
database = "odd"
[fields]
h = { type = "string", max = 2000, key = true }
u = { type = "string", max = 9000, required = true, unique = true }
f = { type = "string", max = 1000 }
[objects]
read = { table = "long_key" }
create = { procedure = "long_key_create", args = ["h", "u", "f"] }
update = { procedure = "long_key_update", args = ["h", "u", "f"] }
[fetch]
filter = ["h", "u", "f"]
sort = ["h", "u", "f"]
"#,
        r#"[template]
name = "long_pair"
service = "app_server"
engine = "mariadb"
database = "odd"
[fields]
a = { type = "string", max = 700, key = true }
b = { type = "int", key = true, generated = "database" }
c = { type = "string", max = 700, key = true }
[objects]
read = { table = "long_pair" }
create = { procedure = "long_pair_create", args = ["a", "c"], returns = ["b"] }
[fetch]
filter = ["a", "c"]
"#,
        // A log without a key.
        r#"[template]
name = "keyless"
service = "app_server"
engine = "mariadb"
database = "odd"
[fields]
nr = { type = "int", min = 0, max = 4294967295, generated = "database" }
note = { type = "string", max = 40 }
[objects]
read = { table = "keyless" }
create = { procedure = "keyless_create", args = ["note"], returns = ["nr"] }
"#,
        // The field `p_path_id` is called like the parameter of `path_id`.
        r#"[template]
name = "paths"
service = "app_server"
engine = "mariadb"
database = "odd"
[fields]
path_id = { type = "int", key = true, column = "PathId" }
p_path_id = { type = "int", column = "PPathId" }
[objects]
read = { table = "paths" }
create = { procedure = "paths_create", args = ["path_id", "p_path_id"] }
"#,
        r#"[template]
name = "keyed"
service = "app_server"
engine = "mongodb"
database = "odd"
[fields]
code = { type = "string", key = true, max = 10 }
place = { type = "int", key = true }
[objects]
read = { view = "keyed" }
create = { collection = "documents" }
"#,
    ];
    let texts = files("ok", "toml").into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    let texts = texts.chain(odd.map(str::to_owned));
    let compile = |text: String| {
        let compiler = Compiler::new().pipelines(folder("ok/pipelines")).template_text("x_rec.toml", text);
        compiler.compile().unwrap_or_else(|report| panic!("{report}")).domains.remove(0)
    };
    texts.map(compile).collect()
}

#[test]
fn mariadb_runs_the_scripts_as_they_are() {
    let domains = odd_domains();
    let parts: Vec<_> = domains.iter().map(propose::ddl).chain(propose::tables(&domains)).collect();
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ddl = write("ddl.sql", &propose::scripts(&parts)[&Engine::MariaDb]);
    let grants = write("grants.sql", &propose::grants(&domains, "b'eds@10.0.0.%")[&Engine::MariaDb]);
    let stack = Stack::builder().ignore_environment().mariadb().start().unwrap();
    for database in domains.iter().map(|domain| &domain.database) {
        stack.mariadb_query(None, &format!("create database if not exists `{database}`")).unwrap();
    }
    // Twice, because a script is run again after it has grown.
    for script in [&ddl, &grants, &ddl, &grants] {
        stack.mariadb_exec(None, script).unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    }
    let sql = |text: &str| stack.mariadb_query(Some("odd"), text).unwrap();
    sql("call pk2_create(1, 2, 'one'); call pk2_create(2, 2, 'two')");
    sql("call pk2_update(2, 2, 'ZZ')");
    assert_eq!(
        sql("select p_id, id, v from pk2 order by p_id").split_whitespace().collect::<Vec<_>>(),
        ["1", "2", "one", "2", "2", "ZZ"]
    );
    sql("call pk2_delete(1)");
    assert_eq!(sql("select p_id from pk2").trim(), "2");
    assert_eq!(sql("select count(*) from beds_ledger").trim(), "0", "the ledger is there");
    sql("call pair_create(1, 1, 'a'); call pair_create(2, 1, 'b'); call pair_create(1, 2, 'c')");
    sql("call pair_delete(1, 1)");
    assert_eq!(sql("select count(*) from pair").trim(), "2");
    sql("call pk2_upsert(2, 3, 'up'); call pk2_upsert(3, 4, 'new')");
    assert_eq!(
        sql("select p_id, id, v from pk2 order by p_id").split_whitespace().collect::<Vec<_>>(),
        ["2", "3", "up", "3", "4", "new"]
    );
    sql("call pair_upsert(2, 1, 'x'); call pair_upsert(2, 1, 'y'); call pair_upsert(5, 5, 'z')");
    let found = || {
        let rows = sql("select p_id, P2_x, revision from pair where p_id in (2, 5, 6) order by p_id");
        rows.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found(), ["2", "y", "3", "5", "z", "1"]);
    // The value of another record is a duplicate, and the upsert changes neither that record nor this one.
    for taken in ["call pair_upsert(6, 6, 'z')", "call pair_upsert(2, 1, 'z')"] {
        let error = stack.mariadb_query(Some("odd"), taken).unwrap_err().to_string();
        assert!(error.contains("1062"), "{error}");
    }
    assert_eq!(found(), ["2", "y", "3", "5", "z", "1"]);
    made(&sql);
    let locked =
        sql("select json_value(priv, '$.account_locked') from mysql.global_priv where user = 'b''eds'");
    assert!(["1", "true"].contains(&locked.trim()), "a new account is open to everybody: {locked}");
}

/// What the database makes, and what it keeps unique.
fn made(sql: &dyn Fn(&str) -> String) {
    assert_eq!(sql("call made_create(true, 'x', true, 1)").trim(), "1");
    assert_eq!(sql("call made_create(false, 'y', false, -32768)").trim(), "2");
    sql("call made_upsert(true, 'x', false, 5)");
    let rows = sql("select code + 0, nr, more, state, price, text, any, is_new, small from made order by nr");
    assert_eq!(rows, "1\t1\t0\tnew\t0.00\t\t{}\t0\t5\n0\t2\t0\tnew\t0.00\t\t{}\t0\t-32768\n");
    let types = sql(
        "select column_type from information_schema.columns where table_schema = 'odd' and table_name = 'made' \
        and column_name in ('code', 'nr', 'more', 'small') order by ordinal_position",
    );
    let types: Vec<&str> = types.split_whitespace().collect();
    assert_eq!(types.join(" "), "bit(1) mediumint(8) unsigned tinyint(3) unsigned smallint(6)");
    // A hash of the whole value keeps it unique.
    let long = |end: char| format!("concat(repeat('x', 1999), '{end}')");
    sql(&format!(
        "call long_key_create({}, 'u', 'f'); call long_key_create({}, 'v', 'f')",
        long('a'),
        long('b')
    ));
    sql(&format!("call long_key_update({}, 'w', 'f')", long('b')));
    assert_eq!(sql("select u from long_key order by u").split_whitespace().collect::<Vec<_>>(), ["u", "w"]);
    assert_eq!(sql("call long_pair_create('a', 'c'); call long_pair_create('a', 'c')"), "1\n2\n");
    assert_eq!(sql("call keyless_create('a'); call keyless_create('b')"), "1\n2\n");
    assert!(sql("show create procedure paths_create").contains("in `p2_path_id` bigint"));
}

/// The part of `mongosh` that our scripts use. Every call is printed.
const SHELL: &str = r"
const told = [];
const open = (name) => new Proxy({}, {
  get: (_, method) => method === 'getSiblingDB' ? open
    : method.startsWith('get') ? () => null
    : (...asked) => told.push([name, method, ...asked]),
});
let db = open('test');
const passwordPrompt = () => 'asked';
";

#[test]
fn a_shell_runs_the_scripts_of_mongodb() {
    let domains = odd_domains();
    let parts: Vec<_> = domains.iter().map(propose::ddl).chain(propose::tables(&domains)).collect();
    let scripts = [propose::scripts(&parts), propose::grants(&domains, "be'ds@%")];
    let mut told = Vec::new();
    for script in scripts {
        let text = format!("{SHELL}{}\nconsole.log(JSON.stringify(told));", script[&Engine::MongoDb]);
        let run = std::process::Command::new("node").arg("-e").arg(&text).output();
        // Without an interpreter, only the goldens check the script.
        let Ok(run) = run else { return };
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        told.push(serde_json::from_slice::<serde_json::Value>(&run.stdout).unwrap());
    }
    let find = |list: &serde_json::Value, wanted: &str| {
        list.as_array().unwrap().iter().find(|asked| asked.to_string().contains(wanted)).cloned().unwrap()
    };
    // MongoDB gives each document an `_id`, whatever the key is.
    let created = find(&told[0], r#""create":"documents""#);
    assert_eq!(created[0], "odd");
    assert_eq!(created[2]["validator"]["$jsonSchema"]["properties"]["_id"], serde_json::json!({}));
    let user = find(&told[1], "createUser");
    assert_eq!((&user[0], &user[2]["user"]), (&"admin".into(), &"be'ds".into()));
}

/// A unique index does not serve an order that ends with the key.
#[test]
fn an_order_by_a_unique_field_has_an_index_with_the_key() {
    let proposed = |engine: &str, objects: &str| {
        let text = format!(
            "[template]\nname = \"room\"\nservice = \"app_server\"\nengine = \"{engine}\"\ndatabase = \"odd\"\n\
             [fields]\nid = {{ type = \"int\", key = true, column = \"_id\" }}\n\
             code = {{ type = \"string\", max = 40, required = true, unique = true }}\n\
             door = {{ type = \"string\", max = 40, required = true, unique = true }}\n\
             [objects]\n{objects}\n[fetch]\nfilter = [\"code\", \"door\"]\nsort = [\"code\"]\n"
        );
        let output = Compiler::new().template_text("room_rec.toml", text).compile();
        let domain = output.unwrap_or_else(|report| panic!("{report}")).domains.remove(0);
        propose::scripts(&[propose::ddl(&domain)]).remove(&domain.engine()).unwrap()
    };
    let sql = proposed(
        "mariadb",
        "read = { view = \"v_room\" }\ncreate = { procedure = \"sp_room_create\", args = [\"id\", \"code\", \"door\"] }",
    );
    assert!(sql.contains("key (`code`, `_id`)") && !sql.contains("(`door`, `_id`)"), "{sql}");
    let js = proposed("mongodb", "read = { collection = \"room\" }\ncreate = { collection = \"room\" }");
    assert!(js.contains("code_1__id_1") && !js.contains("door_1__id_1"), "{js}");
}

/// The index of a key of several fields serves its first field alone.
#[test]
fn a_filter_by_a_later_field_of_the_key_has_an_index() {
    let proposed = |engine: &str, read: &str| {
        let text = format!(
            "[template]\nname = \"seat\"\nservice = \"app_server\"\nengine = \"{engine}\"\ndatabase = \"odd\"\n\
             [fields]\nhall = {{ type = \"int\", key = true }}\nrow = {{ type = \"int\", key = true }}\n\
             place = {{ type = \"int\", key = true }}\n\
             [objects]\n{read}\n[fetch]\nfilter = [\"hall\", \"row\"]\nsort = [\"place\", \"hall\"]\n"
        );
        let output = Compiler::new().template_text("seat_rec.toml", text).compile();
        let domain = output.unwrap_or_else(|report| panic!("{report}")).domains.remove(0);
        propose::scripts(&[propose::ddl(&domain)]).remove(&domain.engine()).unwrap()
    };
    let sql = proposed("mariadb", "read = { table = \"seat\" }");
    for (index, count) in [("key `hall`", 0), ("key `row` (`row`)", 1), ("key `place` (`place`)", 1)] {
        assert_eq!(sql.matches(index).count(), count, "{index}\n{sql}");
    }
    let js = proposed("mongodb", "read = { collection = \"seat\" }");
    for (index, count) in [
        (r#""name": "hall_1_row_1_place_1", "key": { "hall": 1, "row": 1, "place": 1 }, "unique": true"#, 1),
        (r#""name": "row_1_hall_1_place_1", "key": { "row": 1, "hall": 1, "place": 1 } }"#, 1),
        (r#""name": "place_1_hall_1_row_1", "key": { "place": 1, "hall": 1, "row": 1 } }"#, 1),
        (r#""name": "hall_"#, 1),
    ] {
        assert_eq!(js.matches(index).count(), count, "{index}\n{js}");
    }
}

/// For MongoDB a missing value is a value that one record may have: an index that includes it would allow one such
/// record.
#[test]
fn a_unique_index_of_what_may_be_null_leaves_out_what_is_absent() {
    let text = "[template]\nname = \"room\"\nservice = \"app_server\"\nengine = \"mongodb\"\ndatabase = \"odd\"\n\
        [fields]\nid = { type = \"int\", key = true, column = \"_id\" }\n\
        code = { type = \"string\", required = true, unique = true }\n\
        door = { type = \"string\", column = \"Door\", unique = true }\n\
        [objects]\nread = { collection = \"room\" }\ncreate = { collection = \"room\" }\n";
    let output = Compiler::new().template_text("room_rec.toml", text.to_owned()).compile();
    let domain = output.unwrap_or_else(|report| panic!("{report}")).domains.remove(0);
    let js = propose::scripts(&[propose::ddl(&domain)]).remove(&Engine::MongoDb).unwrap();
    for index in [
        r#"{ "name": "code_1", "key": { "code": 1 }, "unique": true }"#,
        r#"{ "name": "Door_1", "key": { "Door": 1 }, "unique": true, "partialFilterExpression": { "Door": { "$exists": true } } }"#,
    ] {
        assert!(js.contains(index), "{index}\n{js}");
    }
}

#[test]
fn new_templates_compile() {
    let places = [
        ("app_server", None),
        ("admin", Some("logs")),
        ("segundo", Some("c")),
        ("tercero", Some("s")),
        ("admin", None),
    ];
    for engine in Engine::ALL {
        for (service, broker) in places {
            let types = TypeName::ALL
                .iter()
                .filter(|name| **name != TypeName::ObjectId || *engine == Engine::MongoDb);
            let new = NewTemplate {
                name: "order_line".to_owned(),
                description: "A \"quoted\" thing".to_owned(),
                service: service.to_owned(),
                broker: broker.map(str::to_owned),
                engine: *engine,
                database: "catalog".to_owned(),
                fields: types.map(|name| (format!("a_{name}"), name.to_string())).collect(),
            };
            let text = propose::template(&new);
            if let Err(report) = Compiler::new().template_text("new_rec.toml", &text).compile() {
                panic!("{report}{text}");
            }
        }
    }
}

#[test]
fn values_that_collations_take_for_one_are_told_apart_byte_by_byte() {
    let script = |values: &str| {
        let text = format!(
            "[template]\nname = \"grade\"\nservice = \"app_server\"\nengine = \"mariadb\"\ndatabase = \"catalog\"\n\n\
             [fields]\nid = {{ type = \"int\", key = true }}\ng = {{ type = \"enum\", values = {values} }}\n\n\
             [objects]\nread = {{ table = \"grade\" }}\ncreate = {{ procedure = \"sp_grade_create\", args = [\"id\", \"g\"] }}\n"
        );
        let output = beds_codegen::Compiler::new().template_text("grade_rec.toml", text).compile().unwrap();
        let script = beds_codegen::propose::ddl(output.all_domains()[0]);
        script.proposed
    };
    let binary = "enum('b', 'B') character set utf8mb4 collate utf8mb4_bin";
    let proposed = script(r#"["b", "B"]"#);
    assert!(proposed.iter().all(|one| one.create.contains(binary)), "{proposed:?}");
    // The collation of a live column replaces the proposed one, once.
    let collated = proposed[1].collated(|column| (column == "g").then(|| "latin1_bin".to_owned()));
    assert!(
        collated.contains("enum('b', 'B') character set latin1 collate latin1_bin\n")
            || collated.contains("enum('b', 'B') character set latin1 collate latin1_bin)"),
        "{collated}"
    );
    // Numbers have no character set, whatever their column.
    let collated = proposed[1].collated(|column| (column == "id").then(|| "latin1_bin".to_owned()));
    assert!(!collated.contains("latin1"), "{collated}");
    assert!(script(r#"["a", "b"]"#).iter().all(|one| !one.create.contains("collate")));
}

#[test]
fn a_parameter_of_json_has_no_other_character_set() {
    let text = "[template]\nname = \"t\"\nservice = \"app_server\"\nengine = \"mariadb\"\ndatabase = \"shop\"\n\n\
                [fields]\nid = { type = \"int\", key = true }\nd = { type = \"json\" }\n\n[objects]\nread = { table = \"t\" }\n\
                upsert = { procedure = \"sp_t_upsert\", args = [\"id\", \"d\"] }\n";
    let output = beds_codegen::Compiler::new().template_text("t_rec.toml", text).compile().unwrap();
    let script = beds_codegen::propose::ddl(output.all_domains()[0]);
    let upsert = script.proposed.iter().find(|one| one.name == "sp_t_upsert").unwrap();
    let collated = upsert.collated(|_| Some("utf8mb4_bin".to_owned()));
    assert!(collated.contains("in `p_d` json") && !collated.contains("character set"), "{collated}");
}
