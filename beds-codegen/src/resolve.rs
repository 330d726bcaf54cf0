//! Stage 5: checks across all domains: conflicting names, and routines that are called with different numbers of
//! arguments.

mod warehouse;

use std::{collections::HashMap, path::Path};

use crate::{
    diagnostic::{ErrorSink, derive as hand_written_diagnostics, header as diagnostics},
    model::{Domain, HandWritten, Objects, Target},
    names,
    span::{Span, Spanned},
    validate::Validated,
};

/// Reports conflicts between templates, between hand-written domains, and between parts of one domain in different
/// sections.
pub fn resolve(templates: &[Validated], hand_written: &[HandWritten], errors: &mut ErrorSink<'_>) {
    check_names(templates, hand_written, errors);
    let domains = templates.iter().filter_map(|template| template.domain.as_ref());
    let all: Vec<&Domain> =
        domains.chain(hand_written.iter().filter_map(|written| written.domain.as_ref())).collect();
    check_routines(all.iter().copied(), errors);
    // A broken template may be the one that is meant.
    let is_whole = templates.iter().all(|template| template.domain.is_some())
        && hand_written.iter().all(|written| written.domain.is_some());
    warehouse::check(&all, is_whole, errors);
}

/// The names that a domain takes.
struct Claim<'d> {
    /// The name on the wire.
    wire: &'d Spanned<String>,
    /// The struct's name, and its position.
    rust: (String, Span),
    /// The module's name.
    module: &'d str,
    /// The file of the module, for a hand-written domain.
    file: Option<&'d Path>,
}

impl<'d> Claim<'d> {
    fn of_template(name: &'d Spanned<String>) -> Self {
        let rust = (names::upper_camel(&name.value).to_string(), name.span);
        Self { wire: name, rust, module: &name.value, file: None }
    }

    fn of_hand_written(written: &'d HandWritten) -> Option<Self> {
        let rust = (written.struct_name.clone(), written.place);
        let wire = written.name.as_ref()?;
        Some(Self { wire, rust, module: &written.module, file: Some(&written.path) })
    }
}

fn check_names(templates: &[Validated], hand_written: &[HandWritten], errors: &mut ErrorSink<'_>) {
    let mut by_name: HashMap<&str, Claim<'_>> = HashMap::new();
    let mut by_struct: HashMap<String, (&str, Span)> = HashMap::new();
    let mut by_module: HashMap<&str, (Option<&Path>, Span)> = HashMap::new();
    let templates = templates.iter().filter_map(|template| template.name.as_ref()).map(Claim::of_template);
    for claim in templates.chain(hand_written.iter().filter_map(Claim::of_hand_written)) {
        let (name, span, (rust, rust_span)) =
            (claim.wire.value.as_str(), claim.wire.span, claim.rust.clone());
        if let Some(first) = by_name.get(name) {
            let what = if first.file.or(claim.file).is_some() { "domains" } else { "templates" };
            errors.push(diagnostics::same_template(span, first.wire.span, name, what));
            continue;
        }
        if let Some((first, first_span)) = by_struct.get(&rust) {
            errors.push(diagnostics::same_struct(rust_span, *first_span, (name, first), &rust));
            continue;
        }
        if matches!(rust.as_str(), "Template" | "Domains") {
            errors.push(diagnostics::reserved_name(
                rust_span,
                &rust,
                "the generated code has a type of this name",
            ));
        }
        match by_module.get(claim.module) {
            Some((file, first)) if *file != claim.file => {
                errors.push(hand_written_diagnostics::same_module(rust_span, *first, claim.module));
            }
            Some(_) => {}
            None => drop(by_module.insert(claim.module, (claim.file, rust_span))),
        }
        by_struct.insert(rust, (name, rust_span));
        by_name.insert(name, claim);
    }
}

/// A use of a procedure or function.
struct Use<'d> {
    database: &'d str,
    name: &'d Spanned<String>,
    count: usize,
}

fn check_routines<'d>(domains: impl Iterator<Item = &'d Domain>, errors: &mut ErrorSink<'_>) {
    let mut first_uses: HashMap<(&str, String), Use<'_>> = HashMap::new();
    for used in domains.flat_map(uses) {
        let key = (used.database, used.name.value.to_lowercase());
        match first_uses.get(&key) {
            Some(first) if first.count != used.count => errors.push(diagnostics::argument_count(
                used.name.span,
                used.count,
                first.name.span,
                first.count,
                &used.name.value,
            )),
            Some(_) => {}
            None => {
                first_uses.insert(key, used);
            }
        }
    }
}

fn uses(domain: &Domain) -> Vec<Use<'_>> {
    let database = domain.database.as_str();
    let mut uses = Vec::new();
    if let Objects::MariaDb { read: _, create, update, upsert, delete } = &domain.objects {
        for procedure in [create, update, upsert, delete].into_iter().flatten() {
            uses.push(Use { database, name: &procedure.name, count: procedure.arity() });
        }
    }
    for call in &domain.calls {
        match &call.target {
            Target::Procedure { name, commits: _ } | Target::Function { name } => {
                uses.push(Use { database, name, count: call.args.len() });
            }
            Target::Pipeline { .. } | Target::Method { .. } => {}
        }
    }
    uses
}
