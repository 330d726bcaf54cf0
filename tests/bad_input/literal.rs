//! Values that must remain text, whatever they look like: they are stored unchanged, and found by their exact text.

use serde_json::{Value, json};

use crate::common::wire::Wire;

pub(crate) const VALUES: [&str; 14] = [
    "'; drop table sample; --",
    "' or '1'='1",
    "\\'; drop table sample; -- ",
    "1); delete from sample; -- ",
    "$where: function() { return true }",
    "{\"$gt\": \"\"}",
    "$set",
    "`id`",
    "%",
    "?",
    ":name @name ${name} {{name}}",
    "\u{0}\u{1a}\u{7f}",
    "<script>alert(1)</script>",
    "\u{202e}txt\u{feff}",
];

/// Creates a record with this `name`, compares it in every way, and deletes it.
pub(crate) async fn stores(wire: &mut Wire, template: &str, name: &str) -> Result<(), String> {
    let record = json!({"data": {"code": "literal", "series": "literal", "name": name}});
    let created = ok(wire, template, "create", &record).await?;
    let id = &created["data"]["id"];
    let result = is_stored(wire, template, id, name).await;
    ok(wire, template, "delete", &json!({ "key": id })).await?;
    result
}

async fn is_stored(wire: &mut Wire, template: &str, id: &Value, name: &str) -> Result<(), String> {
    let fetched = ok(wire, template, "fetch", &json!({ "key": id })).await?;
    equal("name", &fetched["data"]["name"], &json!(name))?;
    let prefix = json!({ "prefix": name });
    for filter in [json!(name), prefix, json!({"in": [name, "x"]}), json!({"gte": name, "lte": name})] {
        let found = ok(wire, template, "count", &json!({"where": {"name": filter}})).await?;
        equal(&filter.to_string(), &found["count"], &json!(1))?;
    }
    // In MongoDB, names of members cannot contain a NUL character.
    let member = name.replace('\0', "");
    let change = json!({"name": name, "note": name, "extra": {&member: name}, "tags": [name]});
    ok(wire, template, "update", &json!({"key": id, "data": change})).await?;
    let fetched = ok(wire, template, "fetch", &json!({ "key": id })).await?;
    equal("note", &fetched["data"]["note"], &json!(name))?;
    equal("extra", &fetched["data"]["extra"], &json!({member: name}))?;
    equal("tags", &fetched["data"]["tags"], &json!([name]))
}

async fn ok(wire: &mut Wire, template: &str, operation: &str, body: &Value) -> Result<Value, String> {
    let (key, properties) = (format!("{template}.{operation}"), wire.properties("literal"));
    let reply = wire.request(&key, body.to_string().as_bytes(), properties).await.json();
    if reply["ok"] == true { Ok(reply) } else { Err(format!("{key} {body}: {reply}")) }
}

fn equal(what: &str, found: &Value, expected: &Value) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found} instead of {expected}")) }
}
