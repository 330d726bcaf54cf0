//! Tables, views, procedures and functions for MariaDB.

use crate::{
    emit::quoted,
    model::{
        Arg, ArgMode, Call, Domain, Field, Generated, Literal, Procedure, Relation, Returns, Supply, Target,
        Type,
    },
};

pub(super) fn ddl(
    domain: &Domain,
    read: Option<&Relation>,
    procedures: &[(&str, Option<&Procedure>)],
) -> String {
    let mut out = format!(
        "-- A proposal for the objects of the template `{}`. Read it, change it, own it.\nuse {};\n",
        domain.name.value,
        quoted(&domain.database)
    );
    let table = match read {
        Some(Relation { name, is_view: false }) => name.clone(),
        Some(Relation { name, is_view: true }) => {
            name.strip_prefix("v_").unwrap_or(&domain.name.value).to_owned()
        }
        None => domain.name.value.clone(),
    };
    if !domain.fields.is_empty() {
        out.push_str(&create_table(domain, &table));
    }
    if let Some(Relation { name, is_view: true }) = read {
        let columns = columns(domain.fields.iter());
        let (view, table) = (quoted(name), quoted(&table));
        out.extend(["\ncreate or replace view ", &view, " as\nselect ", &columns, "\nfrom ", &table, ";\n"]);
    }
    let has_routines =
        procedures.iter().any(|(_, procedure)| procedure.is_some()) || !domain.calls.is_empty();
    if has_routines {
        out.push_str("\ndelimiter //\n");
        for (operation, procedure) in procedures {
            if let Some(procedure) = procedure {
                out.push_str(&self::procedure(domain, &table, operation, procedure));
            }
        }
        out.extend(domain.calls.iter().map(routine));
        out.push_str("\ndelimiter ;\n");
    }
    out
}

fn columns<'d>(fields: impl Iterator<Item = &'d Field>) -> String {
    fields.map(|field| quoted(&field.column)).collect::<Vec<_>>().join(", ")
}

fn create_table(domain: &Domain, table: &str) -> String {
    let mut lines: Vec<String> = domain.fields.iter().map(column).collect();
    let pick = |indices: &[usize]| columns(indices.iter().filter_map(|index| domain.fields.get(*index)));
    if !domain.key.is_empty() {
        lines.push(format!("primary key ({})", pick(&domain.key)));
    }
    for field in domain.fields.iter().filter(|field| field.unique) {
        let name = quoted(&field.column);
        lines.push(format!("unique key {name} ({name})"));
    }
    let is_indexed =
        |index: &usize| domain.fields.get(*index).is_none_or(|field| field.unique || field.is_key);
    for index in domain.fetch.filter.iter().filter(|index| !is_indexed(index)) {
        let name = pick(&[*index]);
        lines.push(format!("key {name} ({name})"));
    }
    format!("\ncreate table if not exists {} (\n    {}\n);\n", quoted(table), lines.join(",\n    "))
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
        _ => {}
    }
    if !field.description.is_empty() {
        text.extend([" comment ", &string(&field.description)]);
    }
    text
}

/// A type as MariaDB names it.
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
        // A row holds 65,535 bytes, and a character up to four.
        Type::String { max, .. } if *max <= 8_000 => format!("varchar({max})"),
        // The length of a text is in characters of up to four bytes, that of the column's type in bytes.
        Type::String { max, .. } | Type::Text { max, .. } => sized("text", u64::from(*max) * 4),
        Type::Bytes { max } if *max <= 8_000 => format!("varbinary({max})"),
        Type::Bytes { max } => sized("blob", u64::from(*max)),
        Type::Uuid => "uuid".to_owned(),
        Type::Date => "date".to_owned(),
        Type::Time => "time(6)".to_owned(),
        Type::DateTime => "datetime(6)".to_owned(),
        Type::Enum { values } => {
            format!("enum({})", values.iter().map(|value| string(value)).collect::<Vec<_>>().join(", "))
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

fn string(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n"))
}

fn literal(value: &Literal, ty: &Type) -> String {
    match value {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        // A column's moments are in UTC and do not say so; its bytes are no base64.
        Literal::Text(value) if matches!(ty, Type::DateTime) => string(value.trim_end_matches('Z')),
        Literal::Text(value) if matches!(ty, Type::Bytes { .. }) => {
            format!("(from_base64({}))", string(value))
        }
        Literal::Text(value) => string(value),
    }
}

/// The name of a field's parameter.
fn parameter(name: &str) -> String {
    quoted(&format!("p_{name}"))
}

fn procedure(domain: &Domain, table: &str, operation: &str, procedure: &Procedure) -> String {
    let args: Vec<&Field> = procedure.args.iter().filter_map(|index| domain.fields.get(*index)).collect();
    let parameters: Vec<_> =
        args.iter().map(|field| format!("in {} {}", parameter(&field.name), ty(&field.ty))).collect();
    let is_version = |field: &Field| field.supply == Supply::Version;
    let set = |field: &&&Field| !field.is_key && !is_version(field);
    let conditions: Vec<_> = args
        .iter()
        .filter_map(|field| {
            let (column, parameter) = (quoted(&field.column), parameter(&field.name));
            if is_version(field) {
                Some(format!("({parameter} is null or {column} = {parameter})"))
            } else {
                field.is_key.then(|| format!("{column} = {parameter}"))
            }
        })
        .collect();
    let (table, conditions) = (quoted(table), conditions.join(" and "));
    let statement = match operation {
        "create" => {
            let values: Vec<_> = args.iter().map(|field| parameter(&field.name)).collect();
            format!(
                "insert into {table} ({})\n    values ({});",
                columns(args.iter().copied()),
                values.join(", ")
            )
        }
        "update" => {
            let mut sets: Vec<_> = args
                .iter()
                .filter(set)
                .map(|field| format!("{} = {}", quoted(&field.column), parameter(&field.name)))
                .collect();
            if let Some(version) = domain.version.and_then(|index| domain.fields.get(index)) {
                let column = quoted(&version.column);
                sets.push(format!("{column} = {column} + 1"));
            }
            format!("update {table}\n    set {}\n    where {conditions};", sets.join(",\n        "))
        }
        _ => format!("delete from {table} where {conditions};"),
    };
    let returned = returned(domain, operation, &table, procedure);
    format!(
        "\ncreate or replace procedure {}(\n    {})\n    modifies sql data\nbegin\n    {statement}\n{returned}end //\n",
        quoted(&procedure.name.value),
        parameters.join(",\n    ")
    )
}

/// The result of a procedure that gives fields back: a row only where one was changed.
fn returned(domain: &Domain, operation: &str, table: &str, procedure: &Procedure) -> String {
    if procedure.returns.is_empty() || operation == "delete" {
        return String::new();
    }
    let fields = columns(procedure.returns.iter().filter_map(|index| domain.fields.get(*index)));
    let keys: Vec<_> = domain
        .key
        .iter()
        .filter_map(|index| domain.fields.get(*index))
        .map(|field| {
            let is_counted = operation == "create" && field.supply == Supply::Generated(Generated::Database);
            let value = if is_counted { "last_insert_id()".to_owned() } else { parameter(&field.name) };
            format!("{} = {value}", quoted(&field.column))
        })
        .collect();
    format!(
        "    if row_count() > 0 then\n        select {fields} from {table} where {};\n    end if;\n",
        keys.join(" and ")
    )
}

/// The outline of a call: what it does is known to the DBA alone.
fn routine(call: &Call) -> String {
    let is_procedure = matches!(call.target, Target::Procedure { .. });
    let parameters: Vec<_> = call
        .args
        .iter()
        .map(|Arg { field, mode }| {
            let mode = match mode {
                _ if !is_procedure => "",
                ArgMode::In => "in ",
                ArgMode::Out => "out ",
                ArgMode::InOut => "inout ",
            };
            format!("{mode}{} {}", parameter(&field.name), ty(&field.ty))
        })
        .collect();
    let (kind, name, returns) = match (&call.target, &call.returns) {
        (Target::Procedure { name, .. }, _) => ("procedure", name, String::new()),
        (Target::Function { name }, Returns::Scalar(scalar)) => {
            ("function", name, format!(" returns {}", ty(scalar)))
        }
        (Target::Function { name }, _) => ("function", name, String::new()),
        (Target::Pipeline { .. }, _) => return String::new(),
    };
    // MariaDB takes no function without a `return`, even one that is never reached.
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
    format!(
        "\n{description}create or replace {kind} {}({}){returns}\n    {does} sql data\nbegin\n    -- To be written.\n    signal sqlstate '45000' set message_text = 'not written yet';\n{end}end //\n",
        quoted(&name.value),
        parameters.join(", ")
    )
}
