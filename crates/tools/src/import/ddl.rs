//! Procedures for operations that have none: a script that the DBA reads, edits and runs.
//!
//! The script is for a person with the right to create procedures. The node never runs it.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    crud,
    domain::{Domain, Object, mark_version, may_be_version},
    fields::Field,
    names::{same, stem},
};
use crate::routine::{Need, refused, sees, sees_routines};
use beds_core::inspect::{
    Catalogue, Column, Kind, Relation, RelationKind, Routine, Supplied, UNKNOWN, same_word,
};
use beds_protocol::{
    are_alike, shown,
    tables::{Role, TABLES, Table},
};

/// The longest name that MariaDB takes.
const NAME_LEN_MAX: usize = 64;

/// Gives tables without create, update or delete a proposed procedure for each. Returns the script that creates them.
pub(super) fn propose(domains: &mut [Domain], catalogue: &Catalogue) -> Option<String> {
    let mut taken: BTreeSet<String> =
        catalogue.routines.iter().map(|routine| routine.name.to_lowercase()).collect();
    let mut script = String::new();
    for domain in domains.iter_mut() {
        let Some((RelationKind::Table, table)) = domain.source.clone() else { continue };
        let Some(relation) = catalogue.relation(&table) else { continue };
        let wanted = wanted(domain, relation, catalogue);
        if wanted.update {
            choose_version(domain);
        }
        let parameters = parameters(domain, relation);
        let mut part = String::new();
        // The name has the table's name, not the template's. So an import under another name recognizes the procedure.
        // If the name is taken, it has another verb or a number.
        let mut name = |verbs: &[&str]| {
            let stem = stem(&table);
            let names = verbs.iter().map(|verb| format!("sp_{stem}_{verb}"));
            let numbered = (2..).map(|number| format!("sp_{stem}_{}{number}", verbs[0]));
            names.chain(numbered).find(|name| taken.insert(name.to_lowercase())).unwrap_or_default()
        };
        let proposal = Proposal { domain, table: &table, parameters, catalogue };
        let create = wanted.create.then(|| proposal.create(name(crud::CREATE), &mut part));
        let update = wanted.update.then(|| proposal.update(name(crud::UPDATE), &mut part));
        let delete = wanted.delete.then(|| proposal.delete(name(crud::DELETE), &mut part));
        domain.create = domain.create.take().or(create);
        domain.update = domain.update.take().or(update);
        domain.delete = domain.delete.take().or(delete);
        if !part.is_empty() {
            let _ = write!(script, "\n-- {}: {}\n{part}", domain.name, table.replace(['\r', '\n'], " "));
        }
    }
    let own = own(domains, catalogue);
    if script.is_empty() && own.is_empty() {
        return None;
    }
    let hidden = if sees_routines(catalogue) {
        String::new()
    } else {
        format!(
            "-- {} may not see every routine of the database: a name may be one of the application's.\n",
            shown(&catalogue.grants.user)
        )
    };
    let mut text = format!(
        "-- What `beds import` proposes for the database `{}`: read it, edit it, and run it before `beds verify`. From\n\
         -- then on it is yours. It replaces nothing: where a procedure of a name is there, the server says so (error\n\
         -- 1304), and `mariadb` stops. If you have run this script before, `mariadb --force` makes what is still missing;\n\
         -- otherwise give the procedure here another name, and also in the template.\n\
         {hidden}\
         --\n\
         -- The procedures leave the transaction to the node: none of them commits. A record's version, where there is\n\
         -- one, must be what the client read, or null. A procedure keeps the mode in which it was made: in a strict\n\
         -- one a value that does not fit is refused.\n\n\
         set names utf8mb4;\n\
         set session sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';\n",
        catalogue.database
    );
    for table in own {
        let _ = write!(text, "\n{};\n", table.sql());
    }
    if !script.is_empty() {
        let _ = write!(text, "\ndelimiter //\n{script}\ndelimiter ;\n");
    }
    Some(text)
}

/// The procedures that a table lacks and can have.
struct Wanted {
    create: bool,
    update: bool,
    delete: bool,
}

/// The procedures to propose for a table. Reports why one is not proposed, if the reason is its own.
fn wanted(domain: &mut Domain, relation: &Relation, catalogue: &Catalogue) -> Wanted {
    let needed = needed(domain, relation);
    if let (None, Some(column)) = (&domain.create, &needed) {
        domain.left_out.push(format!("create: it would need a value for the column `{column}`"));
    }
    // A routine of such a name whose text is hidden may be the procedure itself. A user who sees the text can tell.
    let unseen = |verbs: &[&str]| {
        let is = |routine: &Routine| routine.body.is_none() && crud::is_named(routine, verbs, &relation.name);
        catalogue.routines.iter().any(is)
    };
    let is_found = !domain.key().is_empty();
    // A column that this user may not see may need a value.
    let is_whole = sees(&relation.name, catalogue);
    if domain.create.is_none() && !is_whole {
        domain.left_out.push(format!(
            "create: {} has rights on some columns only, and may not see what else a new record needs",
            shown(&catalogue.grants.user)
        ));
    }
    let create = domain.create.is_none() && needed.is_none() && domain.untold.is_none() && is_whole;
    let update = domain.update.is_none() && is_found && domain.fields.iter().any(is_changeable);
    let delete = domain.delete.is_none() && is_found;
    let mut can = |operation: &str, need| {
        let refused = refused(relation, need, catalogue);
        domain.left_out.extend(refused.iter().map(|why| format!("{operation}: {why}")));
        refused.is_none()
    };
    Wanted {
        create: create && !unseen(crud::CREATE) && can("create", Need::Insert),
        update: update && !unseen(crud::UPDATE) && can("update", Need::Update),
        delete: delete && can("delete", Need::Delete),
    }
}

/// The node's own tables that the database lacks, for domains that may write.
fn own(domains: &[Domain], catalogue: &Catalogue) -> Vec<&'static Table> {
    let writes =
        |domain: &Domain| domain.is_writable() || domain.delete.is_some() || !domain.calls.is_empty();
    let is_there = |table: &&Table| catalogue.relation_named(table.name).is_some();
    let needed = TABLES.into_iter().filter(|table| match table.role {
        Role::Ledger => domains.iter().any(writes),
        // An imported domain publishes nothing yet, and no audit is kept of it.
        Role::Events | Role::Audit => false,
    });
    needed.filter(|table| !is_there(table)).collect()
}

/// A column that the template leaves out, although a new record needs a value for it.
fn needed(domain: &Domain, relation: &Relation) -> Option<String> {
    let is_needed = |column: &&Column| {
        !column.nullable && column.default == Supplied::Nothing && domain.field(&column.name).is_none()
    };
    relation.columns.iter().find(is_needed).map(|column| column.name.clone())
}

/// Chooses a version, if no procedure counts it already and an update will count it. Existing procedures do not know of
/// it.
fn choose_version(domain: &mut Domain) {
    if domain.create.is_some()
        || domain.update.is_some()
        || domain.delete.is_some()
        || domain.key().is_empty()
    {
        return;
    }
    let is_other = |field: &&Field| is_changeable(field) && !may_be_version(field);
    if domain.fields.iter().find(is_other).is_none() {
        return;
    }
    if let Some(field) = domain.fields.iter_mut().find(|field| may_be_version(field)) {
        mark_version(field);
    }
}

fn is_changeable(field: &Field) -> bool {
    !field.key && field.is_settable()
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The name of each field's parameter. It differs from every column, which it would hide, from every field and from every
/// other parameter, and it cannot be read as another column's.
fn parameters(domain: &Domain, relation: &Relation) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let name = |field: &Field| {
        let cut = |prefix: &str, suffix: &str| {
            let room = NAME_LEN_MAX - prefix.len() - suffix.len();
            format!("{prefix}{}{suffix}", field.name.chars().take(room).collect::<String>())
        };
        let is_free = |name: &String| {
            let own = same(name, &field.column.name);
            let is_other = |column: &String| {
                same_word(name, column) || (!own && same(name, column)) || same_word(name, &relation.name)
            };
            !relation.columns.iter().map(|column| &column.name).any(is_other)
                && !domain.fields.iter().any(|field| same_word(name, &field.name))
        };
        let plain = ["p_", "in_", "arg_"].into_iter().map(|prefix| cut(prefix, ""));
        let numbered = (2..).map(|number| cut("p_", &format!("_{number}")));
        let free = plain.chain(numbered).find(|name| is_free(name) && taken.insert(name.to_lowercase()));
        free.unwrap_or_default()
    };
    domain.fields.iter().map(name).collect()
}

/// The proposal for a table.
struct Proposal<'a> {
    domain: &'a Domain,
    table: &'a str,
    /// The parameter of each field.
    parameters: Vec<String>,
    catalogue: &'a Catalogue,
}

impl Proposal<'_> {
    fn parameter(&self, at: usize) -> String {
        quoted(&self.parameters[at])
    }

    /// The column of a field, with its table: a bare name could be a parameter.
    fn column(&self, at: usize) -> String {
        format!("{}.{}", quoted(self.table), quoted(&self.domain.fields[at].column.name))
    }

    fn declaration(&self, at: usize) -> String {
        let column = &self.domain.fields[at].column;
        let is_unknown = matches!(&column.kind, Kind::Enum(values) | Kind::Set(values)
            if values.iter().any(|value| value.contains(UNKNOWN)) || are_alike(values));
        let written = match column.written.as_str() {
            "json" => "longtext",
            // The catalogue does not tell every character of these values, or a strict type would refuse values that
            // are alike.
            _ if is_unknown => "varchar(1000)",
            written => written,
        };
        let collation =
            column.collation.as_deref().filter(|collation| *collation != self.catalogue.collation);
        let charset = collation.and_then(|collation| {
            let charset = collation.split('_').next()?;
            Some(format!(" character set {charset} collate {collation}"))
        });
        // A JSON column is a longtext with a collation of its own. That matters if the database's collation has fewer
        // characters.
        let charset = match column.written.as_str() {
            "json" if self.catalogue.collation.starts_with("utf8mb4") => None,
            "json" => Some(" character set utf8mb4 collate utf8mb4_bin".to_owned()),
            _ => charset,
        };
        format!("  in {} {written}{}", self.parameter(at), charset.unwrap_or_default())
    }

    fn head(&self, name: &str, args: &[usize]) -> String {
        let parameters: Vec<String> = args.iter().map(|at| self.declaration(*at)).collect();
        let parameters =
            if parameters.is_empty() { String::new() } else { format!("\n{}\n", parameters.join(",\n")) };
        format!("create procedure {}({parameters})\n  modifies sql data\nbegin\n", quoted(name))
    }

    fn fields(&self, is: impl Fn(&Field) -> bool) -> Vec<usize> {
        (0..self.domain.fields.len()).filter(|at| is(&self.domain.fields[*at])).collect()
    }

    fn create(&self, name: String, out: &mut String) -> Object {
        let args = self.fields(Field::is_settable);
        let versions = self.fields(|field| field.version);
        let columns: Vec<String> =
            args.iter().chain(&versions).map(|at| quoted(&self.domain.fields[*at].column.name)).collect();
        let values: Vec<String> = args
            .iter()
            .map(|at| self.parameter(*at))
            .chain(versions.iter().map(|_| "1".to_owned()))
            .collect();
        let returns: Vec<usize> =
            self.fields(|field| field.column.default == Supplied::Counter).into_iter().take(1).collect();
        let _ = write!(
            out,
            "{}  insert into {} ({})\n  values ({});\n",
            self.head(&name, &args),
            quoted(self.table),
            columns.join(", "),
            values.join(", ")
        );
        if !returns.is_empty() {
            out.push_str("  select last_insert_id();\n");
        }
        out.push_str("end //\n\n");
        Object::Procedure { name, args, returns }
    }

    /// The condition that finds the record, at its version if one is given.
    fn condition(&self) -> String {
        let key = self.fields(|field| field.key).into_iter();
        let mut parts: Vec<String> =
            key.map(|at| format!("{} = {}", self.column(at), self.parameter(at))).collect();
        for at in self.fields(|field| field.version) {
            let (column, parameter) = (self.column(at), self.parameter(at));
            parts.push(format!("({parameter} is null or {column} = {parameter})"));
        }
        parts.join("\n     and ")
    }

    fn update(&self, name: String, out: &mut String) -> Object {
        let args = self.fields(|field| field.key || field.version || is_changeable(field));
        let changed = self.fields(is_changeable).into_iter();
        let mut sets: Vec<String> =
            changed.map(|at| format!("{} = {}", self.column(at), self.parameter(at))).collect();
        for at in self.fields(|field| field.version) {
            let column = self.column(at);
            sets.push(format!("{column} = {column} + 1"));
        }
        // `on update current_timestamp` would give the record another key, unless the statement sets the column.
        for at in self.fields(|field| field.key && field.column.renewed) {
            let column = self.column(at);
            sets.push(format!("{column} = {column}"));
        }
        let _ = write!(
            out,
            "{}  update {}\n     set {}\n   where {};\nend //\n\n",
            self.head(&name, &args),
            quoted(self.table),
            sets.join(",\n         "),
            self.condition()
        );
        Object::Procedure { name, args, returns: Vec::new() }
    }

    fn delete(&self, name: String, out: &mut String) -> Object {
        let args = self.fields(|field| field.key || field.version);
        let _ = write!(
            out,
            "{}  delete from {}\n   where {};\nend //\n\n",
            self.head(&name, &args),
            quoted(self.table),
            self.condition()
        );
        Object::Procedure { name, args, returns: Vec::new() }
    }
}
