//! Tables, views, procedures and functions for MariaDB.

use beds_protocol::are_alike;

use super::{
    Bodies, Proposed, Thing,
    script::BINARY,
    sql::{columns, of_table, string},
    upsert,
};
use crate::{
    emit::quoted,
    model::{
        Arg, ArgMode, Call, Domain, Field, Generated, Literal, Procedure, Relation, RequestValue, Returns,
        Supply, Target, Type, Wanted,
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
        all.push(create_table(domain, &table));
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

/// The names of parameters. If a parameter and a column have the same name, MariaDB reads the name as the parameter. So
/// no parameter has the name of a column.
struct Parameters {
    prefix: String,
}

impl Parameters {
    fn of(domain: &Domain) -> Self {
        let columns: Vec<String> = domain.fields.iter().map(|field| field.column.to_lowercase()).collect();
        // If no column begins with the prefix, no parameter has the name of a column.
        let is_free =
            |prefix: &String| !columns.iter().any(|column| column.starts_with(&prefix.to_lowercase()));
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

fn create_table(domain: &Domain, table: &str) -> Proposed {
    let mut lines: Vec<String> = domain.fields.iter().map(column).collect();
    let add = |line: &String| format!("alter table {}\n    add column if not exists {line}", quoted(table));
    let parts =
        domain.fields.iter().zip(&lines).map(|(field, line)| (field.column.clone(), add(line))).collect();
    let pick = |indices: &[usize]| columns(indices.iter().filter_map(|index| domain.fields.get(*index)));
    if !domain.key.is_empty() {
        lines.push(format!("primary key ({})", pick(&domain.key)));
    }
    for field in domain.fields.iter().filter(|field| field.unique) {
        let name = quoted(&field.column);
        lines.push(format!("unique key {name} ({name})"));
    }
    // The index of the key serves its first field alone.
    let is_indexed = |index: &usize| {
        domain.key.first() == Some(index) || domain.fields.get(*index).is_none_or(|field| field.unique)
    };
    // A page continues after the last record by the key, which InnoDB appends to each index.
    let mut wanted: Vec<usize> = domain.fetch.filter.iter().chain(&domain.fetch.sort).copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    for index in wanted.iter().filter(|index| !is_indexed(index)) {
        let name = pick(&[*index]);
        lines.push(format!("key {name} ({name})"));
    }
    // No unique index serves an order that ends with the key. The server names these indexes: a name of ours might be
    // the name of a column.
    for field in domain.sorts_beside_unique() {
        let members = columns(
            std::iter::once(field).chain(domain.key.iter().filter_map(|index| domain.fields.get(*index))),
        );
        lines.push(format!("key ({members})"));
    }
    let create = format!("create table if not exists {} (\n    {}\n)", quoted(table), lines.join(",\n    "));
    Proposed { thing: Thing::Table, name: table.to_owned(), create, parts, more: Vec::new(), validator: None }
}

fn column(field: &Field) -> String {
    let mut text = format!("{} {}", quoted(&field.column), ty(&field.ty));
    text.push_str(if field.nullable { " null" } else { " not null" });
    match (&field.supply, &field.ty) {
        (Supply::Default(value), ty) => text.extend([" default ", &literal(value, ty)]),
        (Supply::Version, _) => text.push_str(" default 1"),
        (Supply::Generated(Generated::Database), Type::Int { .. } | Type::UInt { .. }) if field.is_key => {
            text.push_str(" auto_increment");
        }
        (Supply::Generated(Generated::Database), Type::DateTime) => {
            text.push_str(" default current_timestamp(6)");
        }
        (Supply::Generated(Generated::Database), Type::Uuid) => text.push_str(" default uuid()"),
        _ => {}
    }
    if !field.description.is_empty() {
        text.extend([" comment ", &string(&field.description)]);
    }
    text
}

/// A type in MariaDB's form.
fn ty(ty: &Type) -> String {
    match ty {
        Type::Bool => "boolean".to_owned(),
        Type::Int { min, max } if i32::try_from(*min).is_ok() && i32::try_from(*max).is_ok() => {
            "int".to_owned()
        }
        Type::Int { .. } => "bigint".to_owned(),
        Type::UInt { max, .. } if u32::try_from(*max).is_ok() => "int unsigned".to_owned(),
        Type::UInt { .. } => "bigint unsigned".to_owned(),
        Type::Float { .. } => "double".to_owned(),
        Type::Decimal { precision, scale, .. } => format!("decimal({precision},{scale})"),
        // A row holds 65,535 bytes, and a character has up to four.
        Type::String { max, .. } if *max <= 8_000 => format!("varchar({max})"),
        // The length of a text counts characters of up to four bytes. The column's type counts bytes.
        Type::String { max, .. } | Type::Text { max, .. } => sized("text", u64::from(*max) * 4),
        Type::Bytes { max } if *max <= 8_000 => format!("varbinary({max})"),
        Type::Bytes { max } => sized("blob", u64::from(*max)),
        Type::Uuid => "uuid".to_owned(),
        Type::Date => "date".to_owned(),
        Type::Time => "time(6)".to_owned(),
        Type::DateTime => "datetime(6)".to_owned(),
        Type::Enum { values } => {
            let list = values.iter().map(|value| string(value)).collect::<Vec<_>>().join(", ");
            // MariaDB refuses an enum with two values that are equal by its collation.
            let collation = if are_alike(values) { BINARY } else { "" };
            format!("enum({list}){collation}")
        }
        Type::Json | Type::List { .. } | Type::Object { .. } => "json".to_owned(),
        Type::ObjectId => "char(24)".to_owned(),
    }
}

fn sized(kind: &str, bytes_max: u64) -> String {
    let size = match bytes_max {
        0..=0xFFFF => "",
        0x1_0000..=0xFF_FFFF => "medium",
        _ => "long",
    };
    format!("{size}{kind}")
}

fn literal(value: &Literal, ty: &Type) -> String {
    match value {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        // A column's moments are in UTC, without a mark, and its bytes are not base64.
        Literal::Text(value) if matches!(ty, Type::DateTime) => string(value.trim_end_matches('Z')),
        Literal::Text(value) if matches!(ty, Type::Bytes { .. }) => {
            format!("(from_base64({}))", string(value))
        }
        Literal::Text(value) => string(value),
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

/// The fields of a new record that the statement itself returns. If the server generates a key that is not a counter,
/// these are all the returned fields, because no other statement can find the record.
fn made<'d>(domain: &'d Domain, procedure: &Procedure) -> Vec<&'d Field> {
    let field = |index: &usize| domain.fields.get(*index);
    let is_made = |field: &Field| {
        field.supply == Supply::Generated(Generated::Database)
            && !matches!(field.ty, Type::Int { .. } | Type::UInt { .. })
    };
    if domain.key.iter().filter_map(field).any(is_made) {
        procedure.returns.iter().filter_map(field).collect()
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
    format!("in {name} {}", ty(&field.ty))
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
            let is_counted = operation == "create" && field.supply == Supply::Generated(Generated::Database);
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
