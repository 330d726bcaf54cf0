//! A template to start from.

use beds_protocol::TypeName;

use crate::model::Engine;

/// The content of a new template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTemplate {
    /// Wire name.
    pub name: String,
    /// What the domain is, for people.
    pub description: String,
    /// The service that serves it.
    pub service: String,
    /// The broker, where the service has several.
    pub broker: Option<String>,
    /// The engine.
    pub engine: Engine,
    /// The database.
    pub database: String,
    /// Fields besides the key and the version, as name and type.
    pub fields: Vec<(String, String)>,
}

/// Writes a commented template: a domain with every operation, to be pruned and extended by hand. The text is not
/// checked: compile it.
#[must_use]
pub fn template(new: &NewTemplate) -> String {
    let NewTemplate { name, description, service, broker, engine, database, fields } = new;
    let engine_name = engine.as_str();
    let broker = broker.as_ref().map(|broker| format!("broker = {}\n", quoted(broker))).unwrap_or_default();
    let description = if description.is_empty() {
        "# description = \"…\"".to_owned()
    } else {
        format!("description = {}", quoted(description))
    };
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let filters = fields.iter().filter(|(_, ty)| TypeName::from_name(ty).is_some_and(TypeName::is_indexable));
    let filter: Vec<_> = filters.map(|(name, _)| quoted(name)).collect();
    let lines: Vec<_> = fields.iter().map(|(name, ty)| format!("{name} = {}\n", field(ty))).collect();
    let lines = lines.concat();
    let (id, objects) = match engine {
        Engine::MariaDb => {
            names.insert(0, "id");
            let create = list(&names);
            names.push("revision");
            let update = list(&names);
            let objects = format!(
                "read = {{ view = \"v_{name}\" }}\n\
                 create = {{ procedure = \"sp_{name}_create\", args = {create} }}\n\
                 update = {{ procedure = \"sp_{name}_update\", args = {update} }}\n\
                 delete = {{ procedure = \"sp_{name}_delete\", args = [\"id\", \"revision\"] }}\n"
            );
            ("id = { type = \"uuid\", key = true, generated = \"uuid_v7\" }", objects)
        }
        Engine::MongoDb => {
            let each = |operation| format!("{operation} = {{ collection = \"{name}\" }}\n");
            let objects = ["read", "create", "update", "delete"].map(each).concat();
            ("id = { type = \"uuid\", column = \"_id\", key = true, generated = \"uuid_v7\" }", objects)
        }
    };
    format!(
        "# `bedsc check` reports mistakes, `bedsc ddl` proposes the database's objects, and\n\
         # templates/example_rec.toml explains every key.\n\n\
         [template]\nname = {}\n{description}\nservice = {}\n{broker}engine = {}\ndatabase = {}   # the NAME of [mariadb.NAME] or [mongodb.NAME] in the configuration\n\n\
         [fields]\n{id}\n{lines}revision = {{ type = \"int\", version = true }}\n\n\
         # The database's objects, which the DBA owns. An operation that is not here is not offered.\n\
         [objects]\n{objects}\n\
         # What a fetch may filter and sort by: declare what has an index.\n\
         [fetch]\nfilter = [{}]\nsort = []\nlimit = {{ default = 50, max = 500 }}\n",
        quoted(name),
        quoted(service),
        quoted(engine_name),
        quoted(database),
        filter.join(", "),
    )
}

/// A field of a type, with the required keys of the type.
fn field(ty: &str) -> String {
    let more = match TypeName::from_name(ty) {
        Some(TypeName::Decimal) => ", precision = 12, scale = 2",
        Some(TypeName::String) => ", max = 255",
        Some(TypeName::Enum) => ", values = [\"first\", \"second\"]",
        Some(TypeName::List) => ", items = { type = \"string\", max = 255 }",
        Some(TypeName::Object) => ", fields = { name = \"string\" }",
        Some(
            TypeName::Bool
            | TypeName::Int
            | TypeName::Float
            | TypeName::Text
            | TypeName::Bytes
            | TypeName::Uuid
            | TypeName::Date
            | TypeName::Time
            | TypeName::DateTime
            | TypeName::Json
            | TypeName::ObjectId,
        )
        | None => "",
    };
    format!("{{ type = {}{more} }}", quoted(ty))
}

fn list(names: &[&str]) -> String {
    format!("[{}]", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
}

/// A TOML string. Its escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
