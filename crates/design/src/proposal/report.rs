//! `report.html`: the page that a DBA reads before signing. The page is self-contained: it has no script and loads
//! nothing, and every text by others is escaped.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Author, Changed, Contents, Gate, Manifest, carried, drawing, words};
use crate::{
    model::{Entity, Model, OnDelete},
    render::Rendered,
};

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }
pre { background: #f5f5f2; padding: .8rem; overflow-x: auto; font-size: .85rem; } code { font-size: .9em; }
svg { max-width: 100%; height: auto; } .entity { fill: #f5f8fb; stroke: #456; } .relation { fill: none; stroke: #a33; stroke-width: 1.5; }
.name { font-weight: bold; } .key { text-decoration: underline; } .field, .name { font-size: 13px; } .type { fill: #777; font-size: 12px; }
.breaking, .failed { color: #a00; font-weight: bold; } .passed { color: #060; } .note { color: #555; }
";

/// The content of the page.
pub(super) struct Page<'p> {
    pub(super) model: &'p Model,
    pub(super) rendered: &'p Rendered,
    pub(super) manifest: &'p Manifest,
    pub(super) files: &'p Contents,
}

/// The page.
pub(super) fn report(page: &Page<'_>) -> String {
    let Page { model, manifest, .. } = page;
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Proposal: " (model.name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Proposal: " (model.name) }
                p { (model.description) }
                p.note {
                    "For the database " code { (model.database) } " of " (model.engine.title()) ", made " (manifest.made_at)
                    " by " (manifest.made_by) ", from "
                    @match &manifest.author {
                        Author::File => "a model file",
                        Author::Model(name) => { "what the language model " code { (name) } " answered" },
                    }
                    ". Whoever signs it signs every byte of this folder; " code { "beds design show" } " tells its hash."
                }
                h2 { "What it does" }
                (drawing::drawing(model))
                @for entity in &model.entities { (self::entity(entity)) }
                (relations(model))
                h2 { "What to look at twice" }
                (list(&words::risks(model), "Nothing was found."))
                h2 { "What was left open" }
                (list(&model.questions, "Nothing is said to be open."))
                h2 { "What changes for clients" }
                (changes(&manifest.changes))
                (carried::carried(&page.rendered.plan))
                h2 { "What was proved" }
                (proofs(manifest, page.files))
                h2 { "What runs, in this order" }
                (steps(page.rendered))
                h2 { "What the node is granted" }
                @for (path, text) in page.rendered.files.iter().filter(|(path, _)| path.starts_with("grants/")) {
                    p { code { (path) } }
                    pre { (text) }
                }
            }
        }
    };
    markup.into_string()
}

fn entity(entity: &Entity) -> Markup {
    let quoted = |names: &[String]| names.join(", ");
    html! {
        h3 { (entity.name) }
        p { (entity.description) }
        @if !entity.reason.is_empty() { p.note { "Why: " (entity.reason) } }
        p { (words::operations(entity)) }
        table {
            thead { tr { th { "field" } th { "type" } th { "" } th { "what, and why" } } }
            tbody {
                @for field in &entity.fields {
                    tr {
                        td { code { (field.name) } }
                        td { (words::kind(&field.kind)) }
                        td { (words::flags(field)) }
                        td {
                            (field.description)
                            @if !field.reason.is_empty() { " " span.note { "Why: " (field.reason) } }
                        }
                    }
                }
            }
        }
        @if !entity.filters.is_empty() { p { "Filtered by " (quoted(&entity.filters)) "." } }
        @if !entity.sorts.is_empty() { p { "Sorted by " (quoted(&entity.sorts)) "." } }
        @for call in &entity.calls {
            p {
                b { (entity.name) ".call." (call.name) } ": " (call.description)
                @if !call.reason.is_empty() { " " span.note { "Why: " (call.reason) } }
            }
            @if let Some(pipeline) = &call.pipeline { pre { (pipeline) } }
        }
        @if let Some(access) = &entity.access {
            table {
                thead { tr { th { "operation" } th { "roles that may" } } }
                tbody {
                    @for grant in &access.grants { tr { td { (grant.operation) } td { (quoted(&grant.roles)) } } }
                }
            }
            @for rows in &access.rows { p { (rows.role) " reaches records by their " (rows.field) " alone." } }
            @for fields in &access.fields {
                @if !fields.hidden.is_empty() { p { (fields.role) " does not see " (quoted(&fields.hidden)) "." } }
                @if !fields.readonly.is_empty() { p { (fields.role) " does not set " (quoted(&fields.readonly)) "." } }
            }
        }
        @if let Some(events) = &entity.events {
            p { "Published: " (quoted(&events.publish)) @if !events.fields.is_empty() { ", with " (quoted(&events.fields)) } "." }
        }
    }
}

fn relations(model: &Model) -> Markup {
    let becomes = |on_delete: Option<OnDelete>| match on_delete {
        Some(OnDelete::Restrict) | None => "cannot be deleted while they are there",
        Some(OnDelete::Cascade) => "takes them with it when it is deleted",
        Some(OnDelete::SetNull) => "leaves them without one when it is deleted",
    };
    html! {
        @if !model.relations.is_empty() { h3 { "Relations" } }
        ul {
            @for relation in &model.relations {
                li {
                    code { (relation.from) "." (relation.field) } " is the key of a " code { (relation.to) } ", which "
                    (becomes(relation.on_delete)) "."
                    @if !relation.reason.is_empty() { " " span.note { "Why: " (relation.reason) } }
                }
            }
        }
    }
}

fn list(items: &[String], none: &str) -> Markup {
    html! {
        @if items.is_empty() { p { (none) } }
        @else { ul { @for item in items { li { (item) } } } }
    }
}

fn changes(changes: &[Changed]) -> Markup {
    html! {
        @if changes.is_empty() { p { "Nothing." } }
        @else {
            table {
                thead { tr { th { "template" } th { "" } th { "what" } th { "what that means" } } }
                tbody {
                    @for change in changes {
                        tr {
                            td { code { (change.template) } }
                            td class=(if change.effect == "breaking" { "breaking" } else { "" }) { (change.effect) }
                            td { (change.place) ": " (change.what) }
                            td { (change.why) }
                        }
                    }
                }
            }
        }
    }
}

fn proofs(manifest: &Manifest, files: &Contents) -> Markup {
    let unproved: Vec<&str> = manifest.unproved().into_iter().map(Gate::as_str).collect();
    html! {
        table {
            tbody {
                @for proof in &manifest.proofs {
                    tr {
                        td { (proof.gate.as_str()) }
                        td class=(if proof.passed { "passed" } else { "failed" }) { (if proof.passed { "passed" } else { "failed" }) }
                        td {
                            (proof.detail)
                            @if let Some(report) = files.get(&proof.gate.report()) {
                                details { summary { "The report" } pre { (String::from_utf8_lossy(report)) } }
                            }
                        }
                    }
                }
            }
        }
        @if !unproved.is_empty() {
            p.failed { "Not proved: " (unproved.join(", ")) ". Nobody can sign it before " code { "beds design prove" } " proves it." }
        }
        @if !manifest.rounds.is_empty() {
            p { "The language model answered in " (manifest.rounds.len()) " rounds:" }
            ol { @for round in &manifest.rounds { li { (round.result) } } }
        }
    }
}

fn steps(rendered: &Rendered) -> Markup {
    html! {
        ol {
            @for script in &rendered.scripts {
                @for proposed in &script.proposed {
                    @for (thing, statement) in proposed.whole() {
                        li { (thing.as_str()) " " code { (proposed.name) } " (" (script.template) ")" pre { (statement) } }
                    }
                }
            }
        }
    }
}
