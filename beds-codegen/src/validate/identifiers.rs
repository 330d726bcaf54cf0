//! Names of database objects and columns, by engine.

use crate::{letters, model::Engine};

/// Why a name is invalid for a view, table, procedure, function or collection.
pub(super) fn object_rule(name: &str, engine: Engine) -> Option<&'static str> {
    match engine {
        Engine::MariaDb => mariadb_rule(name),
        Engine::MongoDb if name.is_empty() => Some("empty"),
        Engine::MongoDb if name.contains('\0') || name.contains('$') => {
            Some("a collection's name has no `$` and no NUL")
        }
        Engine::MongoDb if name.starts_with("system.") => Some("`system.` is reserved by MongoDB"),
        Engine::MongoDb if name.len() > 200 => Some("longer than 200 bytes"),
        Engine::MongoDb => None,
    }
}

/// Why a name is invalid for a column, or for a member of a document.
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
        Some("contains a NUL")
    } else if name.ends_with(' ') {
        Some("ends with a space")
    } else if name.chars().any(|letter| letter > '\u{ffff}') {
        Some("MariaDB allows no character beyond U+FFFF in a name")
    } else if name.chars().count() > 64 {
        Some("longer than 64 characters")
    } else {
        None
    }
}

/// The appearance of an object's name.
pub(super) enum Look<'n> {
    /// A plain name.
    Plain,
    /// A name in SQL quotes: the name without them.
    Quoted(&'n str),
    /// A query.
    Query,
    /// A valid name that most likely means something else: why, the advice, and the intended name.
    Odd { why: &'static str, help: &'static str, plain: Option<&'n str> },
}

/// The appearance of a text in place of an object's name.
pub(super) fn look(name: &str, engine: Engine) -> Look<'_> {
    for (open, close) in [('`', '`'), ('"', '"'), ('[', ']')] {
        let inner = name.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        if let Some(plain) = inner.filter(|plain| !plain.is_empty() && !plain.contains([open, close])) {
            return Look::Quoted(plain);
        }
    }
    let lower = name.trim().to_ascii_lowercase();
    let is_query = lower.starts_with("select ") || (lower.starts_with("with ") && lower.contains(" select "));
    let is_write = ["insert into ", "insert ignore ", "replace into ", "delete from "]
        .iter()
        .any(|verb| lower.starts_with(verb))
        || (lower.starts_with("update ") && lower.contains(" set "));
    if is_query || is_write {
        return Look::Query;
    }
    if let Some(why) = unseen(name) {
        return Look::Odd { why, help: UNSEEN, plain: None };
    }
    if engine == Engine::MongoDb {
        return Look::Plain;
    }
    let is_word = |text: &str| {
        !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || "_$`".contains(letter))
    };
    if let Some((word, rest)) = name.split_once('(')
        && is_word(word.trim_end())
        && rest.ends_with(')')
    {
        return Look::Odd {
            why: "looks like parameters",
            help: "write only the name: parameters belong in `args`",
            plain: Some(word.trim_end()),
        };
    }
    let statement = ["call ", "exec ", "execute "].into_iter().find_map(|verb| lower.strip_prefix(verb));
    if let Some(plain) = statement.map(|rest| &name[name.len() - rest.len()..]) {
        return Look::Odd {
            why: "looks like a statement",
            help: "write only the name of the procedure",
            plain: Some(plain.trim()),
        };
    }
    if name.ends_with(';') {
        return Look::Odd {
            why: "looks like the end of a statement",
            help: "remove the `;`",
            plain: name.strip_suffix(';'),
        };
    }
    if let Some((schema, object)) = name.rsplit_once('.')
        && is_word(schema)
        && is_word(object)
    {
        return Look::Odd {
            why: "looks like a schema and a name",
            help: "write only the name for an object in the template's database, whose schema the configuration sets; an object of another schema needs a template with that `database`",
            // The configuration decides which schema the database is.
            plain: None,
        };
    }
    if [" as ", " join ", " where ", " order by "].iter().any(|word| lower.contains(word)) {
        return Look::Odd {
            why: "looks like a part of a query",
            help: "make it a view, and write the name of the view",
            plain: None,
        };
    }
    let is_sql = name.contains(['\'', '"', '\\', ';', '(', ')', '[', ']', '=', ',']) || name.contains("--");
    if name.starts_with(' ') || name.contains('`') || is_sql {
        return Look::Odd {
            why: "unusual for a name",
            help: "write the name as `show tables` shows it",
            plain: None,
        };
    }
    Look::Plain
}

/// The name and the parameters of `sp_note_create(id, title)`, also after `call`.
pub(super) fn with_parameters(name: &str) -> Option<(&str, Vec<&str>)> {
    let name = name.trim().trim_end_matches(';');
    let begin = name.get(..5).filter(|begin| begin.eq_ignore_ascii_case("call ")).map_or(0, str::len);
    let (plain, rest) = name[begin..].trim().split_once('(')?;
    let is_word =
        |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let inner = rest.strip_suffix(')').filter(|inner| !inner.contains(['(', ')']))?;
    let parameters =
        inner.split(',').map(|part| part.trim().split(' ').next().unwrap_or_default().trim_matches('`'));
    let parameters: Vec<_> = parameters.filter(|name| is_word(name)).collect();
    is_word(plain.trim()).then(|| (plain.trim(), parameters))
}

const UNSEEN: &str = "type the name again; copies from web pages and documents contain such characters";

/// Why a name has deceptive characters.
fn unseen(name: &str) -> Option<&'static str> {
    letters::first_invisible(name).map(|(what, _)| match what {
        "a zero-width space" => "it contains a zero-width space",
        "a no-break space" => "it contains a no-break space",
        _ => "it contains an invisible character",
    })
}

/// The appearance of a text in place of a column's name, and the plain name.
pub(super) fn look_of_column(name: &str, engine: Engine) -> Look<'_> {
    if let Some(why) = unseen(name) {
        return Look::Odd { why, help: UNSEEN, plain: None };
    }
    if engine == Engine::MongoDb {
        return Look::Plain;
    }
    for (open, close) in [('`', '`'), ('"', '"'), ('[', ']')] {
        let inner = name.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        if let Some(plain) = inner.filter(|plain| !plain.is_empty() && !plain.contains([open, close])) {
            return Look::Quoted(plain);
        }
    }
    let odd = |why, help| Look::Odd { why, help, plain: None };
    if name.to_ascii_lowercase().contains(" as ") {
        return odd("looks like an alias", "write the name that the column has in the view or table");
    }
    if name.contains(['(', ')', '*', '+', '|']) || [" / ", " - "].iter().any(|sign| name.contains(sign)) {
        return odd("looks like an expression", "let the view compute it, and write the name of its column");
    }
    if name.contains('.') {
        return odd("looks like a table and a column", "write only the name of the column");
    }
    if name.starts_with(' ')
        || name.contains(['`', '\'', '"', ';', '[', ']', '=', ','])
        || name.contains("--")
    {
        return odd("unusual for a name", "write the name as `show columns` shows it");
    }
    Look::Plain
}
