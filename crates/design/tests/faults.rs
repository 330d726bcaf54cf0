//! Every fault of a model is reported with its path and a remedy, and nothing hostile passes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use beds_design::{Faults, model, plan::Old, render};
use serde_json::{Value, json};
use support::value;

/// The faults of a model, by its shape, its meaning, the compiler or the gate.
fn said(bytes: &[u8]) -> Result<(), Faults> {
    render::render(&model::read(bytes)?, &Old::new()).map(drop)
}

/// The library model with one place changed. A place is a JSON pointer, whose last part may be new.
fn with(pointer: &str, new: Value) -> Vec<u8> {
    changed("library.json", pointer, new)
}

fn changed(name: &str, pointer: &str, new: Value) -> Vec<u8> {
    let mut model = value(name);
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let parent = model.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
    match parent {
        Value::Object(members) => drop(members.insert(last.to_owned(), new)),
        Value::Array(items) if last == "-" => items.push(new),
        Value::Array(items) => items[last.parse::<usize>().unwrap()] = new,
        _ => panic!("{pointer}"),
    }
    model.to_string().into_bytes()
}

#[test]
fn the_models_of_the_tests_have_no_fault_and_keep_to_the_schema() {
    let schema = model::schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in ["library.json", "sensors.json"] {
        let value = value(name);
        said(value.to_string().as_bytes()).unwrap_or_else(|faults| panic!("{name}: {faults}"));
        // Constrained decoding writes null for members that are left out. That is the same model.
        let mut whole = value.clone();
        fill(&mut whole, &schema, &schema);
        assert!(
            validator.is_valid(&whole),
            "{name}: {:?}",
            validator.validate(&whole).map_err(|e| e.to_string())
        );
        let read = |value: &Value| model::read(value.to_string().as_bytes()).unwrap();
        assert_eq!(read(&whole), read(&value), "{name}");
    }
}

/// Writes null for each missing member of the schema.
fn fill(value: &mut Value, schema: &Value, root: &Value) {
    if let Some(name) = schema["$ref"].as_str() {
        return fill(value, root.pointer(name.trim_start_matches('#')).unwrap(), root);
    }
    if let Some(first) = schema["anyOf"].get(0)
        && !value.is_null()
    {
        return fill(value, first, root);
    }
    match value {
        Value::Object(members) => {
            for (name, schema) in schema["properties"].as_object().unwrap() {
                fill(members.entry(name.clone()).or_insert(Value::Null), schema, root);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, &schema["items"], root)),
        _ => {}
    }
}

#[test]
fn each_fault_has_its_path_and_a_remedy() {
    let long = "x".repeat(3000);
    for (bytes, path, message, help) in [
        // The structure.
        (with("/engine", json!("mariadbb")), "engine", "there is no `mariadbb`", "did you mean `mariadb`?"),
        (with("/engine", json!(1)), "engine", "this is a number", "one of `mariadb`"),
        (with("/entitys", json!([])), "", "there is no member `entitys`", "did you mean `entities`?"),
        (with("/entities", json!([])), "entities", "there are 0 items", "1 to 40"),
        (with("/entities", json!({})), "entities", "this is an object", "a list"),
        (
            with("/entities/0/fields/1/type", json!("varchar")),
            "entities[0].fields[1].type",
            "`varchar`",
            "`string`",
        ),
        (
            with("/entities/0/fields/1", json!({ "type": "int" })),
            "entities[0].fields[1]",
            "`name` is missing",
            "Its name",
        ),
        (
            with("/entities/0/fields/1/key", json!("yes")),
            "entities[0].fields[1].key",
            "a text",
            "true or false",
        ),
        (with("/entities/0/many", json!(0)), "entities[0].many", "a number", "from 1 to 10000"),
        (with("/description", json!(long)), "description", "3000 characters", "500"),
        // Hostile names and texts.
        (with("/name", json!("a; drop table book")), "name", "is not a name", "cannot be SQL"),
        (with("/database", json!("../other")), "database", "is not a name", "or a path"),
        (with("/entities/0/name", json!("book`.x")), "entities[0].name", "is not a name", "small letters"),
        (with("/entities/0/name", json!("Book")), "entities[0].name", "is not a name", "small letters"),
        (with("/entities/0/name", json!("bo\u{43e}k")), "entities[0].name", "is not a name", "small letters"),
        (with("/entities/0/name", json!("")), "entities[0].name", "is not a name", "small letters"),
        (
            with("/entities/0/fields/0/name", json!("id) ; --")),
            "entities[0].fields[0].name",
            "is not a name",
            "SQL",
        ),
        (
            with("/entities/0/fields/0/name", json!("x".repeat(41))),
            "entities[0].fields[0].name",
            "41 characters",
            "40",
        ),
        (with("/description", json!("a\nb")), "description", "invisible character (U+000A)", "remove it"),
        (
            with("/description", json!("a\u{202e}b")),
            "description",
            "invisible character (U+202E)",
            "remove it",
        ),
        (with("/description", json!("a\u{0}b")), "description", "invisible character (U+0000)", "remove it"),
        (
            with("/entities/0/fields/3/values/0", json!("\u{200b}")),
            "entities[0].fields[3].values[0]",
            "U+200B",
            "remove",
        ),
        (
            with("/entities/0/calls/0/name", json!("x; call y")),
            "entities[0].calls[0].name",
            "is not a name",
            "SQL",
        ),
        (
            with("/entities/0/access/grants/0/roles/0", json!("a b")),
            "entities[0].access.grants[0].roles[0]",
            "not a word",
            "one word",
        ),
        // The meaning.
        (
            with("/entities/1/name", json!("book")),
            "entities[1].name",
            "two of the entity `book`",
            "another name",
        ),
        (
            with("/entities/0/fields/1/name", json!("title")),
            "entities[0].fields[2].name",
            "two of the field",
            "another",
        ),
        (
            with("/entities/0/fields/0/key", json!(false)),
            "entities[0].fields",
            "`book` has no key",
            "\"key\": true",
        ),
        (
            with("/entities/0/filters/0", json!("isbm")),
            "entities[0].filters[0]",
            "no field `isbm`",
            "did you mean `isbn`?",
        ),
        (
            with("/entities/0/sorts/0", json!("nothing")),
            "entities[0].sorts[0]",
            "no field `nothing`",
            "its fields are",
        ),
        (
            with("/entities/0/filters/0", json!("price")),
            "entities[0].filters[1]",
            "is written twice",
            "name it once",
        ),
        (
            with("/entities/0/fields/2/max", json!(2000)),
            "entities[0].fields[2].max",
            "longer than an index",
            "at most 500",
        ),
        (
            with("/entities/2/fields/0", json!({ "name": "id", "type": "bool", "key": true })),
            "entities[2].fields[0].type",
            "a key of MariaDB has no `bool`",
            "an enum of two values",
        ),
        (
            with("/entities/0/fields/2/name", json!("p_title")),
            "entities[0].fields[2].name",
            "begins with `p_`",
            "leave it out",
        ),
        (
            with("/entities/0/operations", json!(["fetch", "fetch"])),
            "entities[0].operations",
            "twice",
            "once",
        ),
        (
            with("/entities/0/name", json!("v_reader")),
            "entities[1].name",
            "`v_reader` would be made twice",
            "another name",
        ),
        (
            with("/entities/0/calls/0/name", json!("create")),
            "entities[0].calls[0].name",
            "made twice",
            "another name",
        ),
        (
            with("/entities/0/calls/0/body", json!(null)),
            "entities[0].calls[0]",
            "has no `body`",
            "leave the call `stock` out",
        ),
        (
            with("/entities/0/calls/0/pipeline", json!("[]")),
            "entities[0].calls[0].pipeline",
            "of MariaDB has no",
            "`body`",
        ),
        (with("/relations/0/to", json!("bok")), "relations[0].to", "no entity `bok`", "did you mean `book`?"),
        (with("/relations/0/field", json!("boock")), "relations[0].field", "no field `boock`", "`book`"),
        (
            with("/relations/0/field", json!("due_on")),
            "relations[0].field",
            "not of the type of the key",
            "`uuid`",
        ),
        (
            with("/relations/0/on_delete", json!("set_null")),
            "relations[0].on_delete",
            "never null",
            "restrict",
        ),
        (
            changed("sensors.json", "/entities/1/fields/1/key", json!(true)),
            "entities[1].fields",
            "key is one field",
            "filter",
        ),
        (
            changed("sensors.json", "/entities/1/calls/0/args/0/mode", json!("out")),
            "entities[1].calls[0].args[0].mode",
            "no such argument",
            "row",
        ),
        // The compiler's findings on the template, including warnings.
        (with("/entities/0/fields/4/scale", json!(null)), "entities[0].fields[4]", "scale", "scale"),
        (with("/entities/0/fields/3/default", json!("shelv")), "entities[0].fields[3]", "shelv", "shelf"),
        (with("/entities/0/fields/3/values/2", json!("LENT")), "entities[0].fields[3]", "[B", ""),
        (
            with("/entities/0/fields/1/pattern", json!("(")),
            "entities[0].fields[1]",
            "regular expression",
            "close it with `)`",
        ),
        (with("/entities/1/filters/0", json!("languages")), "entities[1].filters[0]", "[B", ""),
        (
            with("/entities/0/access/grants/0/operation", json!("fetsh")),
            "entities[0].access.grants[0]",
            "fetsh",
            "fetch",
        ),
        (
            with("/entities/0/access/rows/0/field", json!("stat")),
            "entities[0].access.rows[0]",
            "stat",
            "status",
        ),
        (
            with("/entities/0/events/publish/0", json!("call.stock")),
            "entities[0].events.publish[0]",
            "[B",
            "",
        ),
        (
            changed("sensors.json", "/entities/1/calls/0/pipeline", json!("[{\"$macth\": {}}]")),
            "entities[1].calls[0].pipeline",
            "$macth",
            "$match",
        ),
        (
            changed("sensors.json", "/entities/1/calls/0/pipeline", json!("[{")),
            "entities[1].calls[0].pipeline",
            "",
            "",
        ),
    ] {
        match said(&bytes) {
            Ok(()) => assert!(message.is_empty(), "{path}: nothing is said where {message} was expected"),
            Err(faults) => {
                let is_it = |fault: &beds_design::Fault| {
                    fault.path == path && fault.message.contains(message) && fault.help.contains(help)
                };
                assert!(faults.list().iter().any(is_it), "expected at {path}: {message}; {help}\n{faults}");
            }
        }
    }
}

#[test]
fn what_is_no_json_is_refused_whole() {
    let deep = "[".repeat(100_000);
    let large = format!("\"{}\"", "x".repeat(model::MODEL_BYTES_MAX));
    for (text, message) in [
        ("", "not JSON"),
        ("{", "cut off"),
        ("{} {}", "nothing before and behind it"),
        ("```json\n{}\n```", "not JSON"),
        ("{\"name\": \"a\", \"name\": \"b\"}", "the member `name` is written twice"),
        ("[]", "a list, not an object"),
        ("null", "null, not an object"),
        (&deep, "recursion limit"),
        (&large, "bytes"),
        ("{\"name\": \"\\ud800\"}", "not JSON"),
    ] {
        let faults = model::read(text.as_bytes()).unwrap_err().to_string();
        assert!(faults.contains(message), "{}: {faults}", text.chars().take(40).collect::<String>());
    }
    model::read(b"\xff\xfe{").unwrap_err();
}

#[test]
fn all_faults_are_told_at_once_up_to_a_bound() {
    let mut model = value("library.json");
    for field in model["entities"][0]["fields"].as_array_mut().unwrap() {
        field["type"] = json!("nothing");
    }
    let faults = model::read(model.to_string().as_bytes()).unwrap_err();
    assert_eq!(faults.list().len(), 7, "{faults}");
    model["entities"][0]["fields"] = (0..200).map(|_| json!({ "no": 1 })).collect();
    let faults = model::read(model.to_string().as_bytes()).unwrap_err();
    assert_eq!(faults.list().len(), beds_design::fault::FAULTS_MAX);
    assert!(faults.to_string().contains("more are not"), "{faults}");
}

/// A good model with any value at any place is a model or a fault, and never anything else.
#[test]
fn any_value_in_any_place_is_answered() {
    let odd = [
        json!(null),
        json!(-1),
        json!(1e300),
        json!("'; drop"),
        json!([]),
        json!([[]]),
        json!({}),
        json!(true),
    ];
    for name in ["library.json", "sensors.json"] {
        let whole = value(name);
        let mut pointers = Vec::new();
        places(&whole, "", &mut pointers);
        for (index, pointer) in pointers.iter().enumerate() {
            let mut model = whole.clone();
            *model.pointer_mut(pointer).unwrap() = odd[index % odd.len()].clone();
            let _ = said(model.to_string().as_bytes());
            let mut cut = whole.to_string();
            cut.truncate(cut.len() * index / pointers.len());
            if let Ok(cut) = String::from_utf8(cut.into_bytes()) {
                said(cut.as_bytes()).unwrap_err();
            }
        }
    }
}

fn places(value: &Value, at: &str, pointers: &mut Vec<String>) {
    pointers.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), pointers));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| places(item, &format!("{at}/{index}"), pointers));
        }
        _ => {}
    }
}
