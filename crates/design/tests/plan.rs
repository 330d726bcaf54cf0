//! Migrations of old records: derived from a model and the old templates, a part of what is signed, or refused with
//! what the model has to say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use beds_codegen::Compiler;
use beds_design::{
    Faults,
    boundary::{Approvers, SecretKey, approve, keygen},
    model,
    plan::Old,
    proposal::{self, Author, Facts, Gate, Proposal, REPORT},
    render::{self, Rendered},
};
use serde_json::{Value, json};
use support::{check, folder, passed, value};

/// The templates of a model of the tests, by name.
fn old(model: &Value) -> Old {
    let model = model::read(model.to_string().as_bytes()).unwrap();
    let rendered = render::render(&model, &Old::new()).unwrap();
    let of = |name: &str| rendered.files[&format!("templates/{name}_rec.toml")].clone();
    model.entities.iter().map(|entity| (entity.name.clone(), of(&entity.name))).collect()
}

fn rendered(model: &Value, old: &Old) -> Result<Rendered, Faults> {
    model::read(model.to_string().as_bytes()).and_then(|model| render::render(&model, old))
}

fn proposal(model: &Value, old: Old) -> Proposal {
    let facts = Facts {
        author: Author::File,
        made_at: "2026-11-28T12:00:00Z".to_owned(),
        inputs: Vec::new(),
        rounds: Vec::new(),
        before: Vec::new(),
        old,
    };
    Proposal::of(&model::read(model.to_string().as_bytes()).unwrap(), facts).unwrap()
}

#[test]
fn a_change_has_the_expected_migrations_parents_first() {
    let rendered = rendered(&value("shop_2.json"), &old(&value("shop.json"))).unwrap();
    let plan = &rendered.plan;
    let place = folder("golden/shop_2");
    let differences: Vec<_> =
        plan.files.iter().filter_map(|(path, text)| check(&place.join(path), text)).collect();
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
    let told: Vec<_> = plan.migrations.iter().map(|one| (one.file.as_str(), one.lost.join(", "))).collect();
    let expected = [("migrations/01_customer.json", ""), ("migrations/02_purchase.json", "note")];
    assert_eq!(told, expected.map(|(file, lost)| (file, lost.to_owned())));
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
    assert!(rendered.files.keys().all(|path| !path.contains("before")), "the new objects are apart");
}

/// The node's project takes the templates as they are, beside those of jobs.
#[test]
fn the_folder_compiles_with_the_templates_that_read_old_records() {
    let place = tempfile::tempdir().unwrap();
    for (new, before) in [("shop_2.json", value("shop.json")), ("library.json", moved("library.json"))] {
        let mut new = value(new);
        if new["name"] == "library" {
            new["relations"] = json!([]);
            new["entities"].as_array_mut().unwrap().remove(1);
        }
        let folder = place.path().join(new["name"].as_str().unwrap());
        proposal::write(&proposal(&new, old(&before)), &folder).unwrap();
        let output = Compiler::of_project(&[folder.join("templates")], None).compile();
        let output = output.unwrap_or_else(|report| panic!("{}", report.render(false)));
        assert!(output.warnings.is_empty(), "{}", output.warnings.render(false));
    }
}

/// A model in another database.
fn moved(name: &str) -> Value {
    let mut model = value(name);
    model["database"] = json!("elsewhere");
    model
}

#[test]
fn in_the_same_database_there_is_no_migration_and_it_is_said_why() {
    let mut model = value("shop_2.json");
    model["database"] = json!("shop");
    let whole = proposal(&model, old(&value("shop.json")));
    assert!(whole.manifest.migrations.is_empty(), "{:?}", whole.manifest.migrations);
    let notes = whole.manifest.notes.join("\n");
    assert!(notes.contains("customer is in the database shop of MariaDB already"), "{notes}");
    assert!(notes.contains("such as shop_2"), "{notes}");
    let page = String::from_utf8(whole.files[REPORT].clone()).unwrap();
    assert!(page.contains("customer is in the database shop of MariaDB already"), "{page}");
    assert!(!whole.manifest.unproved().contains(&Gate::Migration));
    // Nothing is said of templates with other names.
    let unrelated = proposal(&value("sensors.json"), old(&value("shop.json")));
    assert!(
        unrelated.manifest.notes.is_empty() && !unrelated.files.keys().any(|path| path.contains("before"))
    );
    // A template that offers nothing to read, and an entity that nobody creates.
    let mut silent = old(&value("shop.json"));
    let customer = silent.get_mut("customer").unwrap();
    *customer = customer.replace("read = { view = \"v_customer\" }\n", "");
    let mut model = value("shop_2.json");
    model["entities"][0]["operations"] = json!(["fetch"]);
    let plan = rendered(&model, &silent).unwrap().plan;
    let notes = plan.notes.join("\n");
    assert!(plan.migrations.is_empty(), "{notes}");
    assert!(notes.contains("customer stay where they are: the old template offers no fetch"), "{notes}");
    assert!(
        notes.contains("purchase stay where they are: the new template offers no fetch or no create"),
        "{notes}"
    );
}

#[test]
fn what_old_records_do_not_give_is_a_finding_at_its_place() {
    let before = old(&value("shop.json"));
    let said = |change: &dyn Fn(&mut Value)| {
        let mut model = value("shop_2.json");
        change(&mut model);
        rendered(&model, &before).map(drop).unwrap_err().to_string()
    };
    let with = |pointer: &'static str, new: Value| {
        move |model: &mut Value| {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            model.pointer_mut(parent).unwrap()[name] = new.clone();
        }
    };
    let customer = "entities[1].fields";
    for (pointer, new, expected) in [
        (
            "/entities/1/fields/1/before",
            Value::Null,
            format!("{customer}[1]: old records give `full_name` no value, and it needs one\n  help: write \"before\": {{ \"from\": \"…\" }} with an old field (of `name`), or {{ \"const\": … }}"),
        ),
        (
            "/entities/1/fields/1/before",
            json!({ "from": "nam" }),
            format!("{customer}[1].before: the old template has no field `nam`\n  help: did you mean `name`?"),
        ),
        (
            "/entities/1/fields/2/before",
            Value::Null,
            format!("{customer}[2]: `state` of old records does not fit: it has no `new`, `banned`, which old records have"),
        ),
        (
            "/entities/1/fields/2/before/else",
            Value::Null,
            format!("{customer}[2].before.enum: it does not say what becomes of `gone`, `banned`"),
        ),
        (
            "/entities/1/fields/2/before/enum/0/value",
            json!("news"),
            format!("{customer}[2].before.enum: `news` is not a value of `state`\n  help: did you mean `new`?"),
        ),
        (
            "/entities/0/fields/2/before",
            json!({ "from": "total", "const": "0" }),
            "entities[0].fields[2].before.from: `from` has no meaning beside `const`".to_owned(),
        ),
        (
            "/entities/0/fields/2/before",
            json!({ "from": "total", "join": ["id"], "const": "0" }),
            "entities[0].fields[2].before: it has both `const` and `join`".to_owned(),
        ),
        ("/entities/0/fields/2/before", json!({}), "entities[0].fields[2].before: it names no source".to_owned()),
        (
            "/entities/0/fields/2/before",
            json!({ "case": "upper" }),
            "entities[0].fields[2].before: `case` has no `from`".to_owned(),
        ),
        (
            "/entities/0/fields/2/before",
            json!({ "from": "id" }),
            "entities[0].fields[2].before: `id` of old records does not fit: its type is decimal, and that of old records is uuid".to_owned(),
        ),
        (
            "/entities/1/fields/5/before",
            json!({ "from": "revision" }),
            format!("{customer}[5].before: the database counts this field itself"),
        ),
        (
            "/entities/0/fields/0/name",
            json!("number"),
            "entities[0].fields: old records give neither the key, `number`, nor a unique field".to_owned(),
        ),
    ] {
        let said = said(&with(pointer, new));
        assert!(said.contains(&expected), "{pointer}: {said}");
    }
    let other =
        |model: &mut Value| model["entities"][1]["fields"][3] = json!({ "name": "phone", "type": "bool" });
    let expected = "`phone` of old records does not fit: its type is bool, and that of old records is string";
    assert!(said(&other).contains(&format!("{customer}[3]: {expected}")), "{}", said(&other));
    let renamed = |model: &mut Value| {
        let mut job = model["entities"][1].clone();
        job["name"] = json!("job");
        model["entities"].as_array_mut().unwrap().push(job);
    };
    assert!(said(&renamed).contains("entities[2].name: the migrations need a template of the name `job`"));
}

/// What a migration would refuse as a whole, or for each record, is a finding before anything is tried.
#[test]
fn sources_that_give_no_value_of_the_field_are_findings() {
    let mut before = value("shop.json");
    let more = json!([
        { "name": "visits", "type": "int" },
        { "name": "open", "type": "bool" },
        { "name": "at", "type": "time" },
        { "name": "day", "type": "date" },
        { "name": "place", "type": "object", "members": [{ "name": "zip", "type": "string", "max": 9 }] },
        { "name": "tags", "type": "list", "items": { "type": "string", "max": 9 }, "max": 3 },
    ]);
    before["entities"][0]["fields"].as_array_mut().unwrap().extend(more.as_array().unwrap().clone());
    let before = old(&before);
    for (kind, from, expected) in [
        (
            json!({ "type": "string", "max": 9 }),
            json!({ "const": 5 }),
            ".const: `5` is no string within the bounds",
        ),
        (
            json!({ "type": "int", "max": 9 }),
            json!({ "const": 500 }),
            ".const: `500` is no int within the bounds",
        ),
        (json!({ "type": "int" }), json!({ "const": "5" }), ".const: `\"5\"` is no int within the bounds"),
        (
            json!({ "type": "enum", "values": ["a"] }),
            json!({ "from": "state", "enum": [{ "value": "new", "becomes": "zz" }], "else": "a" }),
            ".enum: `\"zz\"` is not one of a",
        ),
        (
            json!({ "type": "text", "max": 9 }),
            json!({ "from": "visits", "case": "upper" }),
            ".from: `visits` is a int, and no text",
        ),
        (
            json!({ "type": "text", "max": 9 }),
            json!({ "from": "tags", "split": ",", "part": 0 }),
            ".from: `tags` is a list, and no text",
        ),
        (
            json!({ "type": "text", "max": 9 }),
            json!({ "from": "name", "split": "," }),
            ": the type of `x` is text, and it gets a list of texts",
        ),
        (
            json!({ "type": "int" }),
            json!({ "from": "name", "case": "upper" }),
            ": the type of `x` is int, and it gets a text",
        ),
        (
            json!({ "type": "text", "max": 9 }),
            json!({ "join": ["name", "tags"] }),
            ".join: `tags` is a list, and no text",
        ),
        (
            json!({ "type": "int" }),
            json!({ "from": "name", "date": "year" }),
            ".date: `year` is no part of `name`, which is a string",
        ),
        (
            json!({ "type": "int" }),
            json!({ "from": "at", "date": "year" }),
            ".date: `year` is no part of `at`, which is a time",
        ),
        (
            json!({ "type": "bool" }),
            json!({ "from": "day", "date": "year" }),
            ": the type of `x` is bool, and it gets an int",
        ),
        (
            json!({ "type": "int" }),
            json!({ "from": "open", "enum": [{ "value": "yes", "becomes": 1 }] }),
            ".enum: `yes` is not a value of `open`",
        ),
        (
            json!({ "type": "int" }),
            json!({ "from": "open", "enum": [{ "value": "true", "becomes": 1 }] }),
            ".enum: it does not say what becomes of `false`",
        ),
        (
            json!({ "type": "int" }),
            json!({ "from": "name", "enum": [{ "value": "x", "becomes": 1 }] }),
            ".enum: it does not say what becomes of the other values",
        ),
        (
            json!({ "type": "object", "members": [{ "name": "zip", "type": "int" }] }),
            json!({ "from": "place" }),
            "does not fit: its member `zip`: its type is int, and that of old records is string",
        ),
        (json!({ "type": "date" }), json!({ "from": "at" }), "write \"before\" with another source"),
    ] {
        let mut model = value("shop_2.json");
        let mut field = json!({ "name": "x", "nullable": true, "before": from });
        field.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        model["entities"][1]["fields"].as_array_mut().unwrap().push(field);
        let said = rendered(&model, &before).map(drop).unwrap_err().to_string();
        assert!(
            said.contains(expected) && said.contains("entities[1].fields[6].before"),
            "{expected}: {said}"
        );
    }
}

/// A reference finds its record only if both keep the old key.
#[test]
fn references_to_keys_that_change_are_refused() {
    let mut before = value("shop.json");
    before["entities"][0]["fields"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "name": "number", "type": "uuid", "unique": true, "required": true }));
    let templates = old(&before);
    let said = |change: &dyn Fn(&mut Value), templates: &Old| {
        let mut model = value("shop_2.json");
        change(&mut model);
        rendered(&model, templates).map(drop).unwrap_err().to_string()
    };
    let other = |model: &mut Value| model["entities"][1]["fields"][0]["before"] = json!({ "from": "number" });
    let told = said(&other, &templates);
    assert!(
        told.contains("relations[0]: the key of `customer` is not the old key, `id`, unchanged"),
        "{told}"
    );
    assert!(told.contains("write \"before\": { \"from\": \"id\" } at `id` of `customer`"), "{told}");
    let fresh = |model: &mut Value| {
        model["entities"][1]["fields"][0]["name"] = json!("uid");
        model["entities"][1]["fields"][1]["unique"] = json!(true);
    };
    let told = said(&fresh, &templates);
    assert!(told.contains("relations[0]: the key of `customer` is not the old key"), "{told}");
    let constant = |model: &mut Value| {
        let id = "00000000-0000-4000-8000-000000000001";
        model["entities"][0]["fields"][1]["before"] = json!({ "const": id });
    };
    let told = said(&constant, &templates);
    assert!(told.contains("relations[0]: `customer` of an old `purchase` comes over changed"), "{told}");
    let mut alone = templates.clone();
    alone.remove("customer");
    let told = said(&|_| (), &alone);
    assert!(
        told.contains(
            "relations[0]: `customer` of an old `purchase` would be the key of a `customer` that is not there"
        ),
        "{told}"
    );
    // The remedy: the reference is left behind.
    let mut model = value("shop_2.json");
    model["entities"][0]["fields"][1] = json!({ "name": "buyer", "type": "uuid", "nullable": true });
    model["entities"][0]["filters"] = json!(["buyer"]);
    model["relations"][0]["field"] = json!("buyer");
    assert_eq!(rendered(&model, &alone).unwrap().plan.migrations.len(), 1);
}

/// Two records with one new key would become one, and nobody would see it.
#[test]
fn several_old_records_never_get_one_key() {
    let (mut before, mut model) = (value("shop.json"), value("shop_2.json"));
    for shop in [&mut before, &mut model] {
        shop["relations"] = json!([]);
    }
    let key = |before: Value| json!({ "name": "code", "type": "string", "max": 200, "key": true, "required": true, "before": before });
    let mut said = |entry: Value, is_unique: bool| {
        before["entities"][0]["fields"][1]["unique"] = json!(is_unique);
        model["entities"][1]["fields"][0] = key(entry);
        rendered(&model, &old(&before)).map(drop).map_err(|faults| faults.to_string())
    };
    let expected = "entities[1].fields: several old records may get one key, `code`, and become one\n  help: let the key get \
                    the old key, `id`";
    for (entry, is_unique) in [
        (json!({ "from": "name", "case": "lower" }), true),
        (json!({ "from": "name" }), false),
        (json!({ "join": ["id", "name"] }), true),
        (json!({ "const": "a" }), true),
    ] {
        let told = said(entry, is_unique).unwrap_err();
        assert!(told.contains(expected), "{told}");
    }
    for (entry, is_unique) in [
        (json!({ "from": "name" }), true),
        (json!({ "from": "id" }), false),
        (json!({ "join": ["id", "name"], "with": "-" }), false),
    ] {
        assert_eq!(said(entry, is_unique), Ok(()));
    }
}

#[test]
fn what_changes_without_a_word_in_the_model_is_a_note() {
    let mut model = value("shop_2.json");
    model["entities"][1]["fields"][3] =
        json!({ "name": "phone", "type": "string", "max": 30, "default": "none" });
    model["entities"][1]["events"] = json!({ "publish": ["create"] });
    let notes = rendered(&model, &old(&value("shop.json"))).unwrap().plan.notes.join("\n");
    for part in [
        "an event customer.create is published for each record that comes over",
        "where old records have no value for customer.phone, it becomes the default",
    ] {
        assert!(notes.contains(part), "{part} in {notes}");
    }
    // A record that refers to another one of its own entity.
    let (mut before, mut after) = (value("shop.json"), value("shop_2.json"));
    for (shop, place) in [(&mut before, 1), (&mut after, 0)] {
        let fields = shop["entities"][place]["fields"].as_array_mut().unwrap();
        fields.push(json!({ "name": "earlier", "type": "uuid", "nullable": true }));
        let own = json!({ "from": "purchase", "field": "earlier", "to": "purchase" });
        shop["relations"].as_array_mut().unwrap().push(own);
    }
    let notes = rendered(&after, &old(&before)).unwrap().plan.notes.join("\n");
    assert!(
        notes.contains("a record of purchase may come over before the purchase that its earlier refers to"),
        "{notes}"
    );
    // Without the old templates, `before` is not silent.
    let notes = rendered(&model, &Old::new()).unwrap().plan.notes.join("\n");
    let part = "`before` of customer.full_name, customer.state has no meaning, since no old template customer was handed in";
    assert!(notes.contains(part), "{notes}");
    // The template of an earlier change is not replaced.
    let mut twice = old(&value("shop.json"));
    twice.insert(
        "customer_before".to_owned(),
        twice["customer"].replace("\"customer\"", "\"customer_before\""),
    );
    let said = rendered(&value("shop_2.json"), &twice).map(drop).unwrap_err().to_string();
    assert!(
        said.contains("entities[1]: the template that reads its old records would be `customer_before`"),
        "{said}"
    );
}

/// A key that the database counts is another one for each record that is carried over.
#[test]
fn what_refers_to_a_key_that_is_counted_anew_is_refused() {
    let before = old(&moved("library.json"));
    let said = rendered(&value("library.json"), &before).map(drop).unwrap_err().to_string();
    let expected = "relations[1]: the database counts the keys of `reader` anew, so that `reader` of an old `loan` would be";
    assert!(said.contains(expected), "{said}");
    assert!(
        said.contains("entities[1].fields: old records give neither the key, `id`, nor a unique field"),
        "{said}"
    );
}

#[test]
fn old_templates_that_cannot_be_read_are_told() {
    let said = |text: &str| {
        let old = Old::from([("customer".to_owned(), text.to_owned())]);
        rendered(&value("shop_2.json"), &old).map(drop).unwrap_err().to_string()
    };
    let whole = old(&value("shop.json")).remove("customer").unwrap();
    for (text, expected) in [
        ("[template", "the old template `customer` cannot be read"),
        ("[fields]\n", "it has no `[template]`"),
        (&whole.replace("\"customer\"", "\"other\""), "its name is not `customer`"),
        (&whole.replace("type = \"uuid\"", "type = \"uid\""), "the old template `customer` cannot be read"),
    ] {
        let said = said(text);
        assert!(said.contains("entities[1]: ") && said.contains(expected), "{said}");
        assert!(said.contains("hand in templates without it, or give the entity another name"), "{said}");
    }
}

/// What a DBA signs covers the migrations: they are what the model and the old templates give, and they were tried.
#[test]
fn a_changed_migration_is_never_signed() {
    let whole = passed(proposal(&value("shop_2.json"), old(&value("shop.json"))));
    let place = tempfile::tempdir().unwrap();
    let public = keygen(&place.path().join("ada.pem")).unwrap();
    let key = SecretKey::read(&place.path().join("ada.pem")).unwrap();
    let approvers = Approvers::from([("ada".to_owned(), public)]);
    let mut number = 0;
    let mut said = |changed: Proposal| {
        number += 1;
        let folder = place.path().join(number.to_string());
        proposal::write(&changed.again(), &folder).unwrap();
        let approved = approve(&folder, &key, "ada", &approvers, "2026-11-28T12:00:00Z");
        approved.map(drop).map_err(|flaw| flaw.to_string())
    };
    assert_eq!(said(whole.clone()), Ok(()));
    let replaced = |path: &str, from: &str, to: &str| {
        let mut changed = whole.clone();
        let text = String::from_utf8(changed.files[path].clone()).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        changed.files.insert(path.to_owned(), text.replacen(from, to, 1).into_bytes());
        changed
    };
    let migration = "migrations/01_customer.json";
    for (changed, expected) in [
        (
            replaced(migration, "\"copy\"", "\"move\""),
            "migrations/01_customer.json does not match model.json",
        ),
        (
            replaced("templates/customer_before_rec.toml", "\"operator\"", "\"anyone\""),
            "templates/customer_before_rec.toml does not match model.json",
        ),
        (
            replaced("before/customer_rec.toml", "v_customer", "v_other"),
            "templates/customer_before_rec.toml does not match model.json",
        ),
    ] {
        let said = said(changed).unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
    let mut added = whole.clone();
    added.files.insert("migrations/03_more.json".to_owned(), b"{}".to_vec());
    assert!(said(added).unwrap_err().contains("migrations/03_more.json does not come from model.json"));
    let mut lacking = whole.clone();
    lacking.files.remove("before/purchase_rec.toml");
    assert!(said(lacking).unwrap_err().contains("migrations/02_purchase.json does not come from model.json"));
    let mut silent = whole.clone();
    silent.manifest.migrations[1].lost.clear();
    assert!(said(silent).unwrap_err().contains("the migrations do not match model.json"));
    // A plan that was not tried.
    let mut untried = whole.clone();
    untried.manifest.proofs.retain(|proof| proof.gate != Gate::Migration);
    assert!(said(untried).unwrap_err().contains("it is not proved: migration;"));
}

#[test]
fn the_page_says_what_comes_over_and_what_a_dba_does() {
    let whole = proposal(&value("shop_2.json"), old(&value("shop.json")));
    let page = String::from_utf8(whole.files[REPORT].clone()).unwrap();
    for part in [
        "How old records come over",
        "customer_before → customer",
        "Nothing takes over note",
        "A record that is rejected is missing in the new database",
        "Columns and members of documents that the old template does not name do not come over either",
        "Not proved: objects, verify, grants, conformance, plans, migration",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(whole.manifest.migrations[1].lost == ["note"]);
    let started =
        r#"beds call migration.call.start '{"args":{"from":"purchase_before","to":"purchase","map":{"#;
    assert!(page.contains(&started.replace('"', "&quot;")), "{page}");
    let quoted = beds_design::plan::command(&json!({ "with": "it's" }));
    assert_eq!(quoted, r#"beds call migration.call.start '{"with":"it'\''s"}'"#);
}
