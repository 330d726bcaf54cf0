//! The fingerprint of a template: a hash of its promises to clients.
//!
//! Descriptions, database names, and the order of unordered parts are not promises. The rendering below must never
//! change: a change would make every deployed client a stranger.

use std::fmt::Write as _;

use beds_protocol::Lane;
use sha2::{Digest, Sha256};

use crate::model::{Arg, Call, Domain, Field, Literal, Operations, Returns, Supply, Type};

/// The fingerprint, 16 hexadecimal digits.
pub(crate) fn fingerprint(domain: &Domain) -> String {
    let digest = Sha256::digest(render(domain).as_bytes());
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a text is a fingerprint.
pub(crate) fn is_one(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn render(domain: &Domain) -> String {
    let mut lines = vec![format!("template {}", domain.name.value)];
    lines.extend(domain.fields.iter().map(|field| format!("field {}", self::field(field))));
    let names = |indices: &[usize]| -> Vec<&str> {
        indices
            .iter()
            .filter_map(|index| domain.fields.get(*index))
            .map(|field| field.name.as_str())
            .collect()
    };
    let Operations { read, create, update, upsert, delete } = domain.offered();
    lines.push(format!("operations read={read} create={create} update={update} delete={delete}"));
    // These are lines of their own, present only if needed. So the fingerprints of existing templates stay the same.
    if upsert {
        lines.push("operation upsert".to_owned());
    }
    for (operation, most) in [("update", domain.bulk.update), ("delete", domain.bulk.delete)] {
        lines.extend(most.map(|most| format!("many {operation} {most}")));
    }
    let sorted = |indices: &[usize]| {
        let mut names = names(indices);
        names.sort_unstable();
        names.join(",")
    };
    let fetch = &domain.fetch;
    lines.push(format!("filter {}", sorted(&fetch.filter)));
    lines.push(format!("sort {}", sorted(&fetch.sort)));
    lines.push(format!("limit {} {}", fetch.limit_default, fetch.limit_max));
    lines.extend(domain.calls.iter().map(call));
    lines.extend(not_passed("create", create, domain, &domain.created(), |_| true));
    lines.extend(not_passed("update", update, domain, &domain.updated(), |field| !field.immutable));
    lines.extend(not_passed("upsert", upsert, domain, &domain.upserted(), |_| true));
    // Only the first line has a fixed place. The key is ordered within its line.
    lines[1..].sort_unstable();
    lines.push(format!("key {}", names(&domain.key).join(",")));
    lines.join("\n")
}

/// The fields that clients may send for a record, but not in this operation. If the procedure takes every field,
/// nothing is added, as in earlier versions, which did not consider procedures.
fn not_passed(
    operation: &str,
    is_offered: bool,
    domain: &Domain,
    passed: &[&Field],
    is_meant: impl Fn(&Field) -> bool,
) -> Option<String> {
    let is_refused = |field: &&Field| {
        field.is_sent() && is_meant(field) && !passed.iter().any(|passed| passed.name == field.name)
    };
    let mut names: Vec<&str> =
        domain.fields.iter().filter(is_refused).map(|field| field.name.as_str()).collect();
    names.sort_unstable();
    (is_offered && !names.is_empty()).then(|| format!("{operation} without {}", names.join(",")))
}

fn field(field: &Field) -> String {
    let Field {
        name,
        ident: _,
        column: _,
        description: _,
        ty,
        supply,
        nullable,
        is_key: _,
        immutable,
        unique,
        sensitive: _,
    } = field;
    let supply = match supply {
        Supply::Required => "required".to_owned(),
        Supply::Optional => "optional".to_owned(),
        Supply::Default(Literal::Bool(value)) => format!("default={value}"),
        Supply::Default(Literal::Int(value)) => format!("default={value}"),
        Supply::Default(Literal::Float(value)) => format!("default={value:?}"),
        Supply::Default(Literal::Text(value)) => format!("default={value:?}"),
        Supply::Generated(by) => format!("generated={}", by.as_str()),
        Supply::Version => "version".to_owned(),
    };
    format!("{name} {} {supply} nullable={nullable} immutable={immutable} unique={unique}", self::ty(ty))
}

fn fields(fields: &[Field]) -> String {
    let mut fields: Vec<_> = fields.iter().map(field).collect();
    fields.sort_unstable();
    fields.join("; ")
}

fn ty(ty: &Type) -> String {
    match ty {
        Type::Bool | Type::Uuid | Type::Date | Type::Time | Type::DateTime | Type::Json | Type::ObjectId => {
            ty.name().to_owned()
        }
        Type::Int { min, max } => format!("int({min},{max})"),
        Type::UInt { min, max } => format!("uint({min},{max})"),
        Type::Float { min, max } => format!("float({min:?},{max:?})"),
        Type::Decimal { precision, scale, min, max } => {
            format!("decimal({precision},{scale},{min:?},{max:?})")
        }
        Type::String { min, max, pattern } => format!("string({min},{max},{pattern:?})"),
        Type::Text { min, max } => format!("text({min},{max})"),
        Type::Bytes { max } => format!("bytes({max})"),
        Type::Enum { values } => {
            let mut values: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
            values.sort_unstable();
            format!("enum({})", values.join(","))
        }
        Type::List { item, max } => format!("list({},{max},nullable={})", self::ty(&item.ty), item.nullable),
        Type::Object { fields: members } => format!("object({})", fields(members)),
    }
}

fn call(call: &Call) -> String {
    let Call { name, description: _, lane, args: _, returns, target: _ } = call;
    // Clients do not know the arguments that the request itself gives.
    let mut args: Vec<_> = call
        .told()
        .map(|Arg { field: arg, mode, asked: _ }| format!("{} {}", mode.as_str(), field(arg)))
        .collect();
    args.sort_unstable();
    let returns = match returns {
        Returns::Nothing => "nothing".to_owned(),
        Returns::Scalar(ty) => format!("scalar {}", self::ty(ty)),
        Returns::Rows(rows) => format!("rows {}", fields(rows)),
        Returns::AsItComes => "as it comes".to_owned(),
    };
    let lane = match lane {
        Lane::Read => "read",
        Lane::Write => "write",
    };
    format!("call {name} {lane} ({}) {returns}", args.join("; "))
}
