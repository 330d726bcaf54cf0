//! Names of database objects and columns, by engine.

use crate::model::Engine;

/// Why a name cannot be that of a view, table, procedure, function or collection.
pub(super) fn object_rule(name: &str, engine: Engine) -> Option<&'static str> {
    match engine {
        Engine::MariaDb => mariadb_rule(name),
        Engine::MongoDb if name.is_empty() => Some("empty"),
        Engine::MongoDb if name.contains('\0') || name.contains('$') => {
            Some("a collection's name has no `$` and no NUL")
        }
        Engine::MongoDb if name.starts_with("system.") => Some("`system.` is MongoDB's own"),
        Engine::MongoDb if name.len() > 200 => Some("longer than 200 bytes"),
        Engine::MongoDb => None,
    }
}

/// Why a name cannot be that of a column, or of a member of a document.
pub(super) fn column_rule(name: &str, engine: Engine) -> Option<&'static str> {
    match engine {
        Engine::MariaDb => mariadb_rule(name),
        Engine::MongoDb if name.is_empty() => Some("empty"),
        Engine::MongoDb if name.contains(['\0', '.']) => Some("a member's name has no `.` and no NUL"),
        Engine::MongoDb if name.starts_with('$') => Some("a member's name does not begin with `$`"),
        Engine::MongoDb if name.len() > 255 => Some("longer than 255 bytes"),
        Engine::MongoDb => None,
    }
}

fn mariadb_rule(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("empty")
    } else if name.contains('\0') {
        Some("holds a NUL")
    } else if name.ends_with(' ') {
        Some("ends with a space")
    } else if name.chars().count() > 64 {
        Some("longer than 64 characters")
    } else {
        None
    }
}
