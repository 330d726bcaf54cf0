//! Changes of the database objects. Clients do not see the names of the objects, but the maintainer of the database
//! must change them together with the template.

use super::Seen;
use crate::model::{Call, Domain, Field, Objects, Procedure, Relation, Returns, Target};

/// Why the order of arguments matters.
const BY_POSITION: &str = "it takes its arguments by position: change it together with the template";
/// Why the order of columns matters.
const COLUMNS: &str = "its result set is read by position: change it together with the template";

/// The objects behind the operations.
pub(super) fn changes(old: &Domain, new: &Domain, seen: &mut Seen<'_>) {
    if let (Some(before), Some(after)) = (old.relation(), new.relation())
        && before != after
    {
        seen.invisible("object of read", instead(&relation(before), &relation(after)));
    }
    match (&old.objects, &new.objects) {
        (
            Objects::MariaDb { read: _, create, update, upsert, delete },
            Objects::MariaDb {
                read: _,
                create: new_create,
                update: new_update,
                upsert: new_upsert,
                delete: new_delete,
            },
        ) => {
            for (operation, before, after) in [
                ("create", create, new_create),
                ("update", update, new_update),
                ("upsert", upsert, new_upsert),
                ("delete", delete, new_delete),
            ] {
                if let (Some(before), Some(after)) = (before, after) {
                    procedure(operation, (old, before), (new, after), seen);
                }
            }
            let goes_on = new.offered().delete && new.version.is_some();
            if goes_on && takes_if_version(old) && !takes_if_version(new) {
                let why = "`if_version` is refused: neither the procedure nor a view has the version";
                seen.breaking("operation delete", "without the version", why);
            }
        }
        (
            Objects::MongoDb { read: _, create, update, upsert, delete },
            Objects::MongoDb {
                read: _,
                create: new_create,
                update: new_update,
                upsert: new_upsert,
                delete: new_delete,
            },
        ) => {
            for (operation, before, after) in [
                ("create", create, new_create),
                ("update", update, new_update),
                ("upsert", upsert, new_upsert),
                ("delete", delete, new_delete),
            ] {
                if let (Some(before), Some(after)) = (before, after)
                    && before != after
                {
                    seen.invisible(&format!("object of {operation}"), collections(before, after));
                }
            }
        }
        // Another engine always has other objects, so this is not reported.
        _ => {}
    }
}

/// Whether a delete can compare the version.
fn takes_if_version(domain: &Domain) -> bool {
    match (&domain.objects, domain.version) {
        (Objects::MariaDb { read, delete: Some(delete), .. }, Some(version)) => {
            read.is_some() || delete.args.contains(&version)
        }
        _ => false,
    }
}

fn procedure(operation: &str, old: (&Domain, &Procedure), new: (&Domain, &Procedure), seen: &mut Seen<'_>) {
    let place = format!("object of {operation}");
    let ((before, old), (after, new)) = (old, new);
    if old.name.value != new.name.value {
        seen.invisible(
            &place,
            instead(&named("procedure", &old.name.value), &named("procedure", &new.name.value)),
        );
    }
    let (args, new_args) = (names(before, &old.args), names(after, &new.args));
    if args != new_args {
        seen.database(&place, format!("arguments {}", instead(&list(&args), &list(&new_args))), BY_POSITION);
    }
    let (returns, new_returns) = (names(before, &old.returns), names(after, &new.returns));
    if returns != new_returns {
        seen.database(&place, format!("returns {}", instead(&list(&returns), &list(&new_returns))), COLUMNS);
    }
    commits(&format!("operation {operation}"), (old.commits, new.commits), seen);
}

/// The change of the object that a call runs.
pub(super) fn call(old: &Call, new: &Call, place: &str, seen: &mut Seen<'_>) {
    let (before, after) = (target(&old.target), target(&new.target));
    if before != after {
        seen.invisible(place, instead(&before, &after));
    }
    match (&old.target, &new.target) {
        (Target::Pipeline { on, stages, .. }, Target::Pipeline { on: new_on, stages: new_stages, .. }) => {
            if on != new_on {
                seen.invisible(place, format!("on {}", collections(on, new_on)));
            }
            if stages != new_stages {
                seen.database(place, "other stages", "replies are computed in another way");
            }
            return;
        }
        // The members of a pipeline have names, not positions. rustc compares the parameters of a function.
        (Target::Pipeline { .. } | Target::Method { .. }, _)
        | (_, Target::Pipeline { .. } | Target::Method { .. }) => return,
        _ => {}
    }
    let args = |call: &Call| -> Vec<String> { call.args.iter().map(|arg| arg.field.name.clone()).collect() };
    if let Some(what) = moved(&args(old), &args(new)) {
        seen.database(place, format!("arguments {what}"), BY_POSITION);
    }
    if let (Returns::Rows(before), Returns::Rows(after)) = (&old.returns, &new.returns) {
        let columns = |rows: &[Field]| -> Vec<String> { rows.iter().map(|row| row.name.clone()).collect() };
        if let Some(what) = moved(&columns(before), &columns(after)) {
            seen.database(place, format!("columns {what}"), COLUMNS);
        }
    }
    commits(place, (is_committing(&old.target), is_committing(&new.target)), seen);
}

const fn is_committing(target: &Target) -> bool {
    matches!(target, Target::Procedure { commits: true, .. })
}

fn commits(place: &str, (before, after): (bool, bool), seen: &mut Seen<'_>) {
    match (before, after) {
        (false, true) => seen.breaking(
            place,
            "commits by itself",
            "its effect is at least once and no longer exactly once; replies say so in `note`",
        ),
        (true, false) => {
            seen.widening(
                place,
                "no longer commits by itself",
                "its effect is exactly once; replies lack `note`",
            );
        }
        _ => {}
    }
}

/// The new order, if it differs.
fn moved(old: &[String], new: &[String]) -> Option<String> {
    (old != new).then(|| instead(&list(old), &list(new)))
}

fn names(domain: &Domain, indices: &[usize]) -> Vec<String> {
    indices.iter().filter_map(|index| Some(domain.fields.get(*index)?.name.clone())).collect()
}

fn list(names: &[String]) -> String {
    format!("({})", names.join(", "))
}

fn instead(old: &str, new: &str) -> String {
    format!("{new} instead of {old}")
}

fn named(kind: &str, name: &str) -> String {
    format!("{kind} `{name}`")
}

fn collections(old: &str, new: &str) -> String {
    instead(&named("collection", old), &named("collection", new))
}

fn relation(Relation { name, is_view }: &Relation) -> String {
    named(if *is_view { "view" } else { "table or collection" }, name)
}

fn target(target: &Target) -> String {
    match target {
        Target::Procedure { name, commits: _ } => named("procedure", &name.value),
        Target::Function { name } => named("function", &name.value),
        Target::Pipeline { file, .. } => named("pipeline", file),
        Target::Method { function } => named("method", &function.value),
    }
}
