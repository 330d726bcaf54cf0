//! Turns procedures and functions into calls, each on the domain to which it most plausibly belongs.

use beds_protocol::Lane;
use beds_protocol::shown;

use super::{
    body::AllDeeds,
    crud::Wired,
    domain::{Arg, Call, Domain},
    names::{Taken, argument, same, snake, spelled, table_words, words},
    types::{Ty, ty},
};
use beds_core::inspect::{Catalogue, Direction, Routine, RoutineKind};

/// The call that runs a routine; an error says why no template can express it.
pub(super) fn call(
    routine: &Routine,
    domain: Option<&Domain>,
    wired: &Wired,
    all: &AllDeeds<'_>,
) -> Result<Call, String> {
    let deeds = all.own(routine);
    let is_aggregate = deeds.is_some_and(|deeds| deeds.has(["fetch", "group", "next"]));
    if is_aggregate {
        return Err("an aggregate function has no meaning outside of a query".into());
    }
    let mut taken = Taken::default();
    let mut args = Vec::new();
    // A name without its prefix is not used if another parameter has that name in full.
    let whole: Vec<String> = routine.parameters.iter().map(|given| snake(&given.name)).collect();
    for (at, given) in routine.parameters.iter().enumerate() {
        let ty =
            ty(&given.kind).map_err(|why| format!("its parameter {} is of {why}", shown(&given.name)))?;
        let fallback = format!("arg_{}", spelled(&given.name));
        let short = argument(&given.name, given.direction);
        let is_free = !whole.contains(&short) && !args.iter().any(|arg: &Arg| arg.name == short);
        let name = taken.field(if is_free { &short } else { &whole[at] }, &fallback);
        let column = domain
            .and_then(|domain| domain.fields.iter().find(|field| same(&given.name, &field.column.name)));
        let takes_null = deeds.is_some_and(|deeds| deeds.asks_null(&given.name));
        let nullable = match given.direction {
            // An `out` parameter is null until the routine sets it.
            Direction::Out => true,
            Direction::In | Direction::InOut => {
                takes_null || column.is_some_and(|field| field.column.nullable)
            }
        };
        args.push(Arg { name, ty, direction: given.direction, nullable });
    }
    let returns = match &routine.returns {
        Some((kind, _)) => Some(ty(kind).map_err(|why| format!("it returns {why}"))?),
        None if routine.kind == RoutineKind::Function => return Err("its return type cannot be seen".into()),
        None => None,
    };
    let (lane, commits, mut notes) = lane(routine, all);
    notes.push(wired.reason.clone().unwrap_or_else(|| unnamed(routine).to_owned()));
    let name = call_name(&routine.name);
    let description = match routine.comment.trim() {
        "" => format!(
            "{} {}",
            if routine.kind == RoutineKind::Function { "Function" } else { "Procedure" },
            shown(&routine.name)
        ),
        comment => comment.to_owned(),
    };
    let returns = returns.map(|ty| Ty { note: None, ..ty });
    Ok(Call {
        name,
        routine: routine.name.clone(),
        kind: routine.kind,
        lane,
        commits,
        args,
        returns,
        description,
        notes,
    })
}

/// Why a routine without the name of an operation is a call.
const fn unnamed(routine: &Routine) -> &'static str {
    match routine.kind {
        RoutineKind::Procedure => {
            "no create, update or delete: its name is none of these verbs with the name of a table"
        }
        RoutineKind::Function => "a function, which is always a call",
    }
}

/// The name without the part that only says that it is a routine.
fn call_name(routine: &str) -> String {
    let name = snake(routine);
    let stripped = ["sp_", "usp_", "proc_", "prc_", "pr_", "fn_", "udf_", "func_", "ufn_"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
    stripped.unwrap_or(&name).to_owned()
}

/// The lane, whether the routine commits by itself, and why the lane differs from the declaration of the routine.
fn lane(routine: &Routine, all: &AllDeeds<'_>) -> (Lane, bool, Vec<String>) {
    let function = routine.kind == RoutineKind::Function;
    match all.with_called(routine) {
        Some((false, _)) if !routine.declares_write => (Lane::Read, false, Vec::new()),
        Some((writes, commits)) => {
            let mut notes = Vec::new();
            if routine.declares_read && writes {
                notes.push("it declares that it only reads, but its text writes or may write".to_owned());
            }
            if commits && !function {
                notes.push(
                    "it ends the transaction by itself: its effect is at least once, not exactly once"
                        .to_owned(),
                );
            }
            // MariaDB does not let a function commit.
            (Lane::Write, commits && !function, notes)
        }
        None => (
            Lane::Write,
            false,
            vec![format!(
                "{}: if it only reads, write lane = \"read\"; if it commits by itself, add commits = true",
                routine.unread()
            )],
        ),
    }
}

/// The relation that a routine belongs to. It is the relation that the routine's name mentions, with the most words; of
/// equals, the one that its text mentions most often. If the name mentions none, it is the one that the text mentions
/// most often. `relations` are their names.
pub(super) fn home(
    routine: &Routine,
    relations: &[&str],
    catalogue: &Catalogue,
    all: &AllDeeds<'_>,
) -> Option<usize> {
    let name = words(&routine.name);
    let mentioned = |relation: &str| {
        let words = table_words(relation);
        let found = !words.is_empty() && name.windows(words.len()).any(|part| part == words);
        found.then_some(words.len())
    };
    let deeds = all.own(routine);
    let count = |relation: &str| {
        deeds
            .map_or(0, |deeds| deeds.relations().filter(|name| catalogue.is_one_name(name, relation)).count())
    };
    let named = relations.iter().enumerate();
    let by_name =
        named.clone().filter_map(|(at, relation)| Some((mentioned(relation)?, count(relation), at)));
    // Of equals, the first one.
    if let Some((_, _, at)) = by_name.max_by_key(|(length, count, at)| (*length, *count, usize::MAX - at)) {
        return Some(at);
    }
    let by_text = named.map(|(at, relation)| (count(relation), at)).filter(|(count, _)| *count > 0);
    by_text.max_by_key(|(count, at)| (*count, usize::MAX - at)).map(|(_, at)| at)
}
