//! The part of the page about old records: what each field gets, what is lost, and what a DBA does.

use maud::{Markup, html};

use crate::plan::{Migration, Plan, command};

/// The part; empty if no entity takes the place of a template.
pub(super) fn carried(plan: &Plan) -> Markup {
    html! {
        @if !plan.migrations.is_empty() || !plan.notes.is_empty() {
            h2 { "How old records come over" }
            @if !plan.notes.is_empty() { ul { @for note in &plan.notes { li { (note) "." } } } }
            @for migration in &plan.migrations { (self::migration(migration)) }
            @if !plan.migrations.is_empty() { (steps(&plan.migrations)) }
        }
    }
}

fn migration(migration: &Migration) -> Markup {
    let Migration { file, from, to, lost, .. } = migration;
    html! {
        h3 { (from) " → " (to) }
        table {
            thead { tr { th { "field" } th { "what old records give it" } } }
            tbody {
                @for (field, source) in &migration.map {
                    tr { td { code { (field) } } td { code { (source) } } }
                }
            }
        }
        p { "The other fields get their default, a new value, or nothing. The request is " code { (file) } "." }
        @if !lost.is_empty() {
            p.breaking { "Nothing takes over " (lost.join(", ")) ": these values stay in the old database alone." }
        }
        p {
            "Columns and members of documents that the old template does not name do not come over either. A job of a \
             MongoDB database counts such documents as " code { "partial" } "."
        }
    }
}

/// What a DBA does after the objects are there.
fn steps(migrations: &[Migration]) -> Markup {
    html! {
        p { "The old database stays as it is. When the objects are there:" }
        ol {
            li { "Have clients write nothing, and stop the nodes with the old templates: what they change later is not copied." }
            li {
                "Start nodes with the templates of this proposal, those of jobs and migrations, and both databases in the \
                 configuration."
            }
            li {
                "Start these migrations, each when the one before is done, and has no rejects. " code { "beds job show ID" }
                " has the state " code { "done" } ", " code { "rejects" } " is 0, and the counts of "
                code { "source" } " and " code { "target" } " in the result are equal. A record that is rejected is missing \
                in the new database, and the job is done nevertheless."
                @for migration in migrations { pre { (command(&migration.body())) } }
            }
            li { "Let clients in, when all are right. If anything is wrong, the old nodes still have the old database." }
            li { "Later, drop the old objects, and take the templates that read them out of the project." }
        }
    }
}
