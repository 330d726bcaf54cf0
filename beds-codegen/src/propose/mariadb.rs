//! Tables, views, procedures and functions for MariaDB.

use super::{
    Bodies, Proposed, Thing,
    sql::{columns, of_table},
    table::{self, counter, of_field, ty},
    upsert,
};
use crate::{
    emit::quoted,
    model::{
        Arg, ArgMode, Call, Domain, Field, Generated, Procedure, Relation, RequestValue, Returns, Supply,
        Target, Wanted,
    },
};

/// The body of a routine of which only name and parameters are known.
const NOT_WRITTEN: &str = "-- To be written.\nsignal sqlstate '45000' set message_text = 'not written yet';";

/// The longest name that MariaDB accepts.
const NAME_CHARACTERS_MAX: usize = 64;

pub(super) fn proposed(
    domain: &Domain,
    read: Option<&Relation>,
    procedures: &[(&str, Option<&Procedure>)],
    bodies: &Bodies,
) -> Vec<Proposed> {
    let table = match read {
        Some(Relation { name, is_view: false }) => name.clone(),
        Some(Relation { name, is_view: true }) => super::behind(name, domain),
        None => domain.name.value.clone(),
    };
    let mut all = Vec::new();
    if !domain.fields.is_empty() {
        all.push(table::create(domain, &table));
    }
    if let Some(Relation { name, is_view: true }) = read {
        all.push(create_view(domain, name, &table));
    }
    let names = Parameters::of(domain);
    for (operation, procedure) in procedures {
        if let Some(procedure) = procedure {
            all.push(self::procedure(domain, &table, operation, procedure, &names));
        }
    }
    all.extend(domain.calls.iter().filter_map(|call| routine(call, &names, bodies.get(&call.name))));
    all
}

fn routine_named(thing: Thing, name: &str, create: String) -> Proposed {
    Proposed { thing, name: name.to_owned(), create, parts: Vec::new(), more: Vec::new(), validator: None }
}

fn create_view(domain: &Domain, name: &str, table: &str) -> Proposed {
    let columns = columns(domain.fields.iter());
    let create =
        format!("create view if not exists {} as\nselect {columns}\nfrom {}", quoted(name), quoted(table));
    let parts = domain.fields.iter().map(|field| (field.column.clone(), create.clone())).collect();
    Proposed { thing: Thing::View, name: name.to_owned(), create, parts, more: Vec::new(), validator: None }
}

/// The names of parameters. If a parameter and a column have the same name, MariaDB reads the name as the parameter, and
/// `beds verify` takes the parameter for the field of its name. So no parameter has the name of a column or a field.
struct Parameters {
    prefix: String,
}

impl Parameters {
    fn of(domain: &Domain) -> Self {
        let names = domain.fields.iter().flat_map(|field| [&field.column, &field.name]);
        let names: Vec<String> = names.map(|name| name.to_lowercase()).collect();
        // If no name begins with the prefix, no parameter has the name.
        let is_free = |prefix: &String| !names.iter().any(|name| name.starts_with(&prefix.to_lowercase()));
        let numbered = (2..).map(|number| format!("p{number}_"));
        let prefix = std::iter::once("p_".to_owned()).chain(numbered).find(is_free).unwrap_or_default();
        Self { prefix }
    }

    /// The quoted name of a field's parameter. `position` distinguishes names that would be equal after truncation.
    fn name(&self, name: &str, position: usize) -> String {
        let full = format!("{}{name}", self.prefix);
        if full.chars().count() <= NAME_CHARACTERS_MAX {
            return quoted(&full);
        }
        let end = format!("_{position}");
        let cut: String = full.chars().take(NAME_CHARACTERS_MAX - end.len()).collect();
        quoted(&format!("{cut}{end}"))
    }
}

fn procedure(
    domain: &Domain,
    table: &str,
    operation: &str,
    procedure: &Procedure,
    names: &Parameters,
) -> Proposed {
    let args: Vec<(&Field, String)> = procedure
        .args
        .iter()
        .filter_map(|index| domain.fields.get(*index).map(|field| (field, names.name(&field.name, *index))))
        .collect();
    let declared = args.iter().map(|(field, name)| (field.column.clone(), declaration(field, name)));
    let mut declared: Vec<(String, String)> = declared.collect();
    for (place, asked) in &procedure.asked {
        let declaration = format!("in {} {}", asked_name(*asked), asked_type(*asked));
        declared.insert((*place).min(declared.len()), (asked.to_string(), declaration));
    }
    let parameters: Vec<_> = declared.iter().map(|(_, declaration)| declaration.as_str()).collect();
    let is_version = |field: &Field| field.supply == Supply::Version;
    let conditions: Vec<_> = args
        .iter()
        .filter_map(|(field, parameter)| {
            let column = of_table(table, field);
            if is_version(field) {
                Some(format!("({parameter} is null or {column} = {parameter})"))
            } else {
                field.is_key.then(|| format!("{column} = {parameter}"))
            }
        })
        .collect();
    let conditions = conditions.join(" and ");
    let made = if operation == "create" { made(domain, procedure) } else { Vec::new() };
    let (returning, returned) = if made.is_empty() {
        (String::new(), returned(domain, operation, table, procedure, names))
    } else {
        (format!("\n    returning {}", columns(made.into_iter())), String::new())
    };
    let statement = match operation {
        "create" => {
            let args: Vec<(&Field, String)> = args.iter().cloned().chain(owned(domain, procedure)).collect();
            let values: Vec<_> = args.iter().map(|(_, parameter)| parameter.as_str()).collect();
            format!(
                "insert into {} ({})\n    values ({}){returning};",
                quoted(table),
                columns(args.iter().map(|(field, _)| *field)),
                values.join(", ")
            )
        }
        "update" => {
            let mut sets: Vec<_> = args
                .iter()
                .filter(|(field, _)| !field.is_key && !is_version(field))
                .map(|(field, parameter)| format!("{} = {parameter}", of_table(table, field)))
                .collect();
            if let Some(version) = domain.version.and_then(|index| domain.fields.get(index)) {
                let column = of_table(table, version);
                sets.push(format!("{column} = {column} + 1"));
            }
            format!("update {}\n    set {}\n    where {conditions};", quoted(table), sets.join(",\n        "))
        }
        "upsert" => upsert::statement(domain, table, &args),
        _ => format!("delete from {}\n    where {conditions};", quoted(table)),
    };
    let create = format!(
        "create procedure if not exists {}(\n    {})\n    modifies sql data\nbegin\n    {statement}\n{returned}end",
        quoted(&procedure.name.value),
        parameters.join(",\n    ")
    );
    Proposed { parts: declared, ..routine_named(Thing::Procedure, &procedure.name.value, create) }
}

/// The fields of a new record that the statement itself returns. If the server generates a key that is not the counter, or
/// if there is no key, these are all the returned fields, because no other statement can find the record.
fn made<'d>(domain: &'d Domain, procedure: &Procedure) -> Vec<&'d Field> {
    let is_made = |index: &usize| {
        domain.fields.get(*index).is_some_and(|field| field.supply == Supply::Generated(Generated::Database))
            && counter(domain) != Some(*index)
    };
    if domain.key.is_empty() || domain.key.iter().any(is_made) {
        procedure.returns.iter().filter_map(|index| domain.fields.get(*index)).collect()
    } else {
        Vec::new()
    }
}

/// The fields that put a new record into a role's reach, if the procedure has to set them from values of the request.
fn owned<'d>(domain: &'d Domain, procedure: &Procedure) -> Vec<(&'d Field, String)> {
    let Some(access) = &domain.access else { return Vec::new() };
    let mut owned: Vec<(&Field, String)> = Vec::new();
    for (index, wanted) in access.rows.iter().flat_map(|rows| &rows.rows) {
        let told = wanted.iter().find_map(|wanted| match wanted {
            Wanted::Asked(asked) if procedure.asked.iter().any(|(_, told)| told == asked) => Some(*asked),
            Wanted::Asked(_) | Wanted::Is(_) => None,
        });
        let is_new = !procedure.args.contains(index);
        if let (Some(asked), Some(field), true) = (told, domain.fields.get(*index), is_new)
            && owned.iter().all(|(known, _)| known.name != field.name)
        {
            owned.push((field, asked_name(asked)));
        }
    }
    owned
}

/// The parameter for a value of the request.
fn asked_name(asked: RequestValue) -> String {
    format!("p_{}", asked.as_str().trim_start_matches('@'))
}

const fn asked_type(asked: RequestValue) -> &'static str {
    match asked {
        RequestValue::User | RequestValue::Session | RequestValue::Node | RequestValue::RequestId => {
            "varchar(255)"
        }
        RequestValue::Roles => "text",
        RequestValue::Now => "datetime(6)",
    }
}

fn declaration(field: &Field, name: &str) -> String {
    format!("in {name} {}", of_field(field))
}

/// The result of a procedure that returns fields: a row only if a record was changed.
fn returned(
    domain: &Domain,
    operation: &str,
    table: &str,
    procedure: &Procedure,
    names: &Parameters,
) -> String {
    if procedure.returns.is_empty() || operation == "delete" {
        return String::new();
    }
    let fields: Vec<_> = procedure
        .returns
        .iter()
        .filter_map(|index| domain.fields.get(*index))
        .map(|field| of_table(table, field))
        .collect();
    let keys: Vec<_> = domain
        .key
        .iter()
        .filter_map(|index| domain.fields.get(*index).map(|field| (*index, field)))
        .map(|(index, field)| {
            let is_counted = operation == "create" && counter(domain) == Some(index);
            let value =
                if is_counted { "last_insert_id()".to_owned() } else { names.name(&field.name, index) };
            format!("{} = {value}", of_table(table, field))
        })
        .collect();
    format!(
        "    if row_count() > 0 then\n        select {} from {} where {};\n    end if;\n",
        fields.join(", "),
        quoted(table),
        keys.join(" and ")
    )
}

/// The routine of a call. It has the known statements, each with its terminator, or only an outline if only the DBA
/// knows the statements.
fn routine(call: &Call, names: &Parameters, body: Option<&String>) -> Option<Proposed> {
    let is_procedure = matches!(call.target, Target::Procedure { .. });
    let parameters: Vec<_> = call
        .args
        .iter()
        .enumerate()
        .map(|(index, Arg { field, mode, asked: _ })| {
            let mode = match mode {
                _ if !is_procedure => "",
                ArgMode::In => "in ",
                ArgMode::Out => "out ",
                ArgMode::InOut => "inout ",
            };
            format!("{mode}{} {}", names.name(&field.name, index), ty(&field.ty))
        })
        .collect();
    let (thing, name, returns) = match (&call.target, &call.returns) {
        (Target::Procedure { name, .. }, _) => (Thing::Procedure, name, String::new()),
        (Target::Function { name }, Returns::Scalar(scalar)) => {
            (Thing::Function, name, format!(" returns {}", ty(scalar)))
        }
        (Target::Function { name }, _) => (Thing::Function, name, String::new()),
        (Target::Pipeline { .. } | Target::Method { .. }, _) => return None,
    };
    // MariaDB refuses a function without a `return`, even an unreachable one.
    let end = if is_procedure { "" } else { "    return null;\n" };
    let description = if call.description.is_empty() {
        String::new()
    } else {
        format!("-- {}\n", call.description.replace('\n', " "))
    };
    let does = match call.lane {
        beds_protocol::Lane::Read => "reads",
        beds_protocol::Lane::Write => "modifies",
    };
    let body = body.map_or(NOT_WRITTEN, String::as_str).trim_end().replace('\n', "\n    ");
    let create = format!(
        "{description}create {} if not exists {}({}){returns}\n    {does} sql data\nbegin\n    {body}\n{end}end",
        thing.as_str(),
        quoted(&name.value),
        parameters.join(", ")
    );
    Some(routine_named(thing, &name.value, create))
}
