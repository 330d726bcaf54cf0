//! `[access]`: who may do what, with which records and fields.

use std::collections::HashMap;

use beds_protocol::{
    RequestValue,
    vocabulary::{ANY_KNOWN, ANYONE, is_meant_for_all, is_role},
};

use super::{Cx, changes::Offered, fields::Fields, literal};
use crate::{
    diagnostic::{access as diagnostics, objects as object_diagnostics},
    json,
    model::{Access, Field, Granted, Objects, Procedure, RoleFields, RoleRows, Supply, Type, Wanted},
    names,
    raw::{Given, Names, RawAccess, RawObjects, RawRoleFields, RawRoleRows},
    span::{Span, Spanned},
    tree::Scalar,
};

/// Who may do what; `None` if the template does not say. Invalid entries are reported.
pub(super) fn validate(
    raw: &Given<RawAccess>,
    offered: &Offered<'_>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) -> Option<Access> {
    let Given::Is(entry) = raw else { return None };
    let written = &entry.value.value;
    let grants = grants(written, entry.key, offered, cx);
    let rows = match written.rows.get() {
        Some(rows) => rows.value.iter().map(|rows| role_rows(rows, (&grants, written), fields, cx)).collect(),
        None => Vec::new(),
    };
    let hidden = match written.fields.get() {
        Some(rules) => {
            rules.value.iter().map(|rules| role_fields(rules, (&grants, written), fields, cx)).collect()
        }
        None => Vec::new(),
    };
    let access = Access { grants, rows, fields: hidden };
    check_rows(written, &access, offered, fields, cx);
    check_fields(written, &access, offered, fields, cx);
    Some(access)
}

/// The roles of each operation and call.
fn grants(
    written: &RawAccess,
    at: Span,
    offered: &Offered<'_>,
    cx: &mut Cx<'_>,
) -> Vec<(Granted, Vec<String>)> {
    let mut grants = Vec::new();
    let mut is_said = written.calls.is_broken();
    let operations = [
        (Granted::Fetch, &written.fetch),
        (Granted::Count, &written.count),
        (Granted::Create, &written.create),
        (Granted::Update, &written.update),
        (Granted::Upsert, &written.upsert),
        (Granted::Delete, &written.delete),
    ];
    for (granted, given) in operations {
        is_said |= !given.is_absent();
        let Some(entry) = given.entry() else { continue };
        let name = granted.name();
        let is_told = cx.unread_is_told && matches!(granted, Granted::Fetch | Granted::Count);
        if let Some(all) = offered_operations(offered)
            && !all.contains(&name)
            && !is_told
        {
            cx.errors.push(diagnostics::unknown(entry.key, &name, &all, false));
        }
        grants.push((granted, roles(&entry.value.value, entry.value.span, &name, cx)));
    }
    for (name, roles_of_call) in written.calls.get().map_or(&[][..], |calls| &calls.value) {
        is_said = true;
        // A role gets a call by the call's correct name.
        let right = |call: &String| names::to_lower_snake(call).unwrap_or_else(|| call.clone());
        let all: Option<Vec<String>> =
            offered.call_names.as_ref().map(|calls| calls.iter().map(right).collect());
        if let Some(all) = &all
            && !all.contains(&name.value)
        {
            let are_calls =
                !roles_of_call.is_empty() && roles_of_call.iter().all(|name| all.contains(&name.value));
            cx.errors.push(if are_calls {
                diagnostics::turned_call(name.span, &name.value, roles_of_call)
            } else {
                diagnostics::unknown(name.span, &name.value, all, true)
            });
            if are_calls {
                continue;
            }
        }
        grants.push((Granted::Call(name.value.clone()), roles(roles_of_call, name.span, &name.value, cx)));
    }
    if !is_said {
        cx.errors.push(diagnostics::nothing_allowed(at, cx.front));
    }
    grants
}

/// The operations that the domain offers; `None` if they are unknown.
fn offered_operations(offered: &Offered<'_>) -> Option<Vec<String>> {
    let by_hand = offered.by_hand;
    let none = RawObjects::default();
    let written = match offered.written {
        Given::Broken => return None,
        Given::Absent => &none,
        Given::Is(entry) => &entry.value.value,
    };
    let RawObjects { read, create, update, upsert, delete } = written;
    let reads = !read.is_absent() || by_hand.read;
    let all = [
        ("fetch", reads),
        ("count", reads),
        ("create", !create.is_absent() || by_hand.create),
        ("update", !update.is_absent() || by_hand.update),
        ("upsert", !upsert.is_absent() || by_hand.upsert),
        ("delete", !delete.is_absent() || by_hand.delete),
    ];
    Some(all.into_iter().filter(|(_, is_offered)| *is_offered).map(|(name, _)| name.to_owned()).collect())
}

/// The roles of a list.
fn roles(names: &Names, at: Span, list: &str, cx: &mut Cx<'_>) -> Vec<String> {
    if names.is_empty() {
        cx.errors.push(diagnostics::no_roles(at, list));
    }
    let mut seen: HashMap<&str, Span> = HashMap::new();
    let mut roles = Vec::with_capacity(names.len());
    for name in names {
        if let Some(first) = seen.insert(&name.value, name.span) {
            cx.errors.push(object_diagnostics::named_twice(name.span, first, &name.value, list));
        } else if is_valid(name, names, cx) {
            roles.push(name.value.clone());
        }
    }
    roles
}

/// Whether a name in a list is valid as a role; reported if it is not.
fn is_valid(name: &Spanned<String>, list: &[Spanned<String>], cx: &mut Cx<'_>) -> bool {
    let role = name.value.as_str();
    let is_one = matches!(role, ANY_KNOWN | ANYONE) || (is_role(role) && !is_meant_for_all(role));
    if !is_one {
        let listed = list.iter().map(|name| name.value.as_str());
        cx.errors.push(diagnostics::role_name(name.span, role).unless_listed(listed));
    }
    is_one
}

/// Whether a list of roles was refused.
fn has_broken_list(written: &RawAccess) -> bool {
    let RawAccess { fetch, count, create, update, upsert, delete, calls, .. } = written;
    calls.is_broken() || [fetch, count, create, update, upsert, delete].iter().any(|list| list.is_broken())
}

/// Whether a role may do anything.
fn is_granted(role: &str, grants: &[(Granted, Vec<String>)]) -> bool {
    grants.iter().any(|(_, roles)| roles.iter().any(|granted| granted == role))
}

fn check_role(
    role: &Spanned<String>,
    grants: &[(Granted, Vec<String>)],
    written: &RawAccess,
    cx: &mut Cx<'_>,
) {
    // If no operation has any role, that is reported instead. A list that is refused may name the role.
    let are_known = !grants.is_empty() && !has_broken_list(written);
    if is_valid(role, &[], cx) && are_known && !is_granted(&role.value, grants) {
        let granted = grants.iter().flat_map(|(_, roles)| roles).map(String::as_str);
        cx.errors.push(diagnostics::role_idle(role.span, &role.value, granted));
    }
}

fn role_rows(
    raw: &RawRoleRows,
    (grants, written): (&[(Granted, Vec<String>)], &RawAccess),
    fields: &Fields,
    cx: &mut Cx<'_>,
) -> RoleRows {
    let RawRoleRows { role, rows } = raw;
    check_role(role, grants, written, cx);
    if rows.is_empty() {
        cx.errors.push(diagnostics::no_rows(role.span, &role.value));
    }
    let rows = rows.iter().filter_map(|(name, values)| {
        let index = *fields.indices(&vec![name.clone()], "rows", &mut cx.errors).first()?;
        let slot = fields.slot(index)?;
        let field = slot.field.as_ref()?;
        if !field.ty.is_indexable() {
            cx.errors.push(diagnostics::row_field(name.span, &field.name, field.ty.name(), slot.name.span));
            return None;
        }
        if values.is_empty() {
            cx.errors.push(diagnostics::no_values(name.span, &field.name));
        }
        let wanted = values.iter().filter_map(|value| wanted(value, field, slot.name.span, cx));
        Some((index, wanted.collect()))
    });
    RoleRows { role: role.value.clone(), rows: rows.collect() }
}

fn wanted(value: &Spanned<Scalar>, field: &Field, declared: Span, cx: &mut Cx<'_>) -> Option<Wanted> {
    if let Scalar::Text(text) = &value.value
        && text.starts_with('@')
    {
        let Some(asked) = RequestValue::from_name(text) else {
            cx.errors.push(diagnostics::unknown_value(value.span, text));
            return None;
        };
        if !suits(asked, &field.ty) {
            let (name, ty) = (&field.name, field.ty.name());
            cx.errors.push(diagnostics::value_type(value.span, asked, name, ty, declared));
            return None;
        }
        return Some(Wanted::Asked(asked));
    }
    match literal::constant(&value.value, &field.ty) {
        Ok(literal) => {
            if let (Scalar::Text(text), Type::String { .. }) = (&value.value, &field.ty) {
                doubt(text, value.span, cx);
            }
            Some(Wanted::Is(literal))
        }
        Err(why) => {
            cx.errors.push(diagnostics::row_value(value.span, &field.name, &why, declared));
            None
        }
    }
}

/// Warns of a text with a special meaning in another language.
fn doubt(text: &str, span: Span, cx: &mut Cx<'_>) {
    let lower = text.trim().to_ascii_lowercase();
    let is_word = |name: &str| name.chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
    let is_variable = lower.strip_prefix('$').is_some_and(|name| !name.is_empty() && is_word(name));
    let is_call = lower.strip_suffix("()").is_some_and(|name| !name.is_empty() && is_word(name));
    let is_of_session = matches!(lower.as_str(), "current_user" | "session_user" | "system_user");
    if matches!(lower.as_str(), "null" | "nil") {
        cx.errors.push(diagnostics::row_null(span, text));
    } else if is_variable || is_call || is_of_session || json::named_by(text.trim()).is_some() {
        cx.errors.push(diagnostics::row_placeholder(span, text));
    }
}

/// Whether a field of this type can hold this value of the request.
const fn suits(asked: RequestValue, ty: &Type) -> bool {
    match asked {
        RequestValue::User | RequestValue::Roles | RequestValue::Node => {
            matches!(ty, Type::String { .. } | Type::Enum { .. } | Type::Uuid | Type::ObjectId)
        }
        RequestValue::Session | RequestValue::RequestId => {
            matches!(ty, Type::String { .. } | Type::Uuid | Type::ObjectId)
        }
        RequestValue::Now => matches!(ty, Type::DateTime),
    }
}

fn role_fields(
    raw: &RawRoleFields,
    (grants, written): (&[(Granted, Vec<String>)], &RawAccess),
    fields: &Fields,
    cx: &mut Cx<'_>,
) -> RoleFields {
    let RawRoleFields { role, hidden, readonly } = raw;
    check_role(role, grants, written, cx);
    let mut listed = |given: &Given<Names>, list: &'static str| {
        let Some(names) = given.get() else { return Vec::new() };
        for name in &names.value {
            let Some((index, slot)) = fields.slots().find(|(_, slot)| slot.name.value == name.value) else {
                continue;
            };
            let what = match () {
                () if fields.key().contains(&index) => "part of the key",
                () if fields.is_version(index) => "the version",
                () => continue,
            };
            cx.errors.push(diagnostics::field_rule(name.span, &name.value, list, what, slot.name.span));
        }
        fields.indices(&names.value, list, &mut cx.errors)
    };
    let rules = RoleFields {
        role: role.value.clone(),
        hidden: listed(hidden, "hidden"),
        readonly: listed(readonly, "readonly"),
    };
    if let (Some(hidden), Some(readonly)) = (hidden.get(), readonly.get()) {
        for name in &readonly.value {
            if let Some(first) = hidden.value.iter().find(|hidden| hidden.value == name.value) {
                cx.errors.push(diagnostics::hidden_and_readonly(name.span, first.span, &name.value));
            }
        }
    }
    rules
}

/// The operations that write whole records, with their procedures if the engine has them.
fn records(objects: &Objects) -> [(Granted, Option<&Procedure>); 2] {
    match objects {
        Objects::MariaDb { create, upsert, .. } => {
            [(Granted::Create, create.as_ref()), (Granted::Upsert, upsert.as_ref())]
        }
        Objects::MongoDb { .. } => [(Granted::Create, None), (Granted::Upsert, None)],
    }
}

/// How many arguments are written for the procedure that makes whole records.
fn arguments(offered: &Offered<'_>, operation: &Granted) -> usize {
    let Given::Is(objects) = offered.written else { return 0 };
    let RawObjects { create, upsert, .. } = &objects.value.value;
    let object = if *operation == Granted::Create { create } else { upsert };
    object.get().and_then(|object| object.value.args.get()).map_or(0, |args| args.value.len())
}

fn may(role: &str, operation: &Granted, access: &Access) -> bool {
    let mut grants = access.grants.iter().filter(|(granted, _)| granted == operation);
    grants.any(|(_, roles)| roles.iter().any(|granted| granted == role))
}

/// Reports conditions on records that cannot be enforced on a write.
fn check_rows(written: &RawAccess, access: &Access, offered: &Offered<'_>, fields: &Fields, cx: &mut Cx<'_>) {
    let Some(raw) = written.rows.get() else { return };
    let Some(objects) = offered.objects else { return };
    for (raw, RoleRows { role, rows }) in raw.value.iter().zip(&access.rows) {
        if let Objects::MariaDb { read: None, .. } = objects {
            let changes = [Granted::Update, Granted::Upsert, Granted::Delete];
            if let Some(operation) = changes.iter().find(|operation| may(role, operation, access)) {
                cx.errors.push(diagnostics::rows_unread(raw.role.span, &operation.name(), cx.front));
            }
        }
        for (operation, procedure) in records(objects) {
            if !may(role, &operation, access) {
                continue;
            }
            for (index, wanted) in rows {
                let Some(field) = fields.slot(*index).and_then(|slot| slot.field.as_ref()) else { continue };
                let asked = wanted.iter().find_map(|wanted| match wanted {
                    Wanted::Asked(asked) => Some(*asked),
                    Wanted::Is(_) => None,
                });
                let is_passed = match procedure {
                    Some(procedure) => {
                        let is_told = |(_, told): &(usize, RequestValue)| Some(*told) == asked;
                        procedure.args.contains(index) || procedure.asked.iter().any(is_told)
                    }
                    None => matches!(objects, Objects::MongoDb { .. }),
                };
                // An argument that is reported already may be the missing one.
                let is_known = procedure.map_or(matches!(objects, Objects::MongoDb { .. }), |procedure| {
                    arguments(offered, &operation) == procedure.args.len() + procedure.asked.len()
                });
                let is_made = matches!(field.supply, Supply::Generated(_) | Supply::Version)
                    && procedure.is_none_or(|procedure| procedure.args.contains(index));
                let Some((name, _)) = raw.rows.iter().find(|(name, _)| name.value == field.name) else {
                    continue;
                };
                if is_known && (is_made || !is_passed) {
                    let of = (role.as_str(), &*operation.name());
                    cx.errors.push(diagnostics::rows_unchecked(name.span, of, &field.name, asked));
                }
            }
        }
    }
}

/// Reports roles that may write records but cannot, because they may not set a necessary field.
fn check_fields(
    written: &RawAccess,
    access: &Access,
    offered: &Offered<'_>,
    fields: &Fields,
    cx: &mut Cx<'_>,
) {
    let Some(raw) = written.fields.get() else { return };
    let Some(objects) = offered.objects else { return };
    let without_read = |operation: &Granted| match (objects, operation) {
        (Objects::MariaDb { read: None, update, .. }, Granted::Update) => update.as_ref(),
        (Objects::MariaDb { read: None, upsert, .. }, Granted::Upsert) => upsert.as_ref(),
        _ => None,
    };
    for (raw, RoleFields { role, hidden, readonly }) in raw.value.iter().zip(&access.fields) {
        for index in hidden.iter().chain(readonly) {
            let Some(slot) = fields.slot(*index) else { continue };
            let Some(field) = &slot.field else { continue };
            let is_filled = access.rows.iter().any(|rows| {
                rows.role == *role && rows.rows.iter().any(|(row, wanted)| row == index && wanted.len() == 1)
            });
            let needs = |operation: &&Granted| {
                without_read(operation).is_some_and(|procedure| procedure.args.contains(index))
                    || (**operation != Granted::Update && field.supply == Supply::Required && !is_filled)
            };
            let operations = [Granted::Create, Granted::Upsert, Granted::Update];
            let cannot = operations.iter().filter(|operation| may(role, operation, access)).find(needs);
            let named = [&raw.hidden, &raw.readonly].into_iter().filter_map(Given::get);
            let name = named.flat_map(|names| &names.value).find(|name| name.value == field.name);
            if let (Some(operation), Some(name)) = (cannot, name) {
                let of = (role.as_str(), &*operation.name());
                cx.errors.push(diagnostics::role_cannot_write(name.span, of, &field.name, slot.name.span));
            }
        }
    }
}
