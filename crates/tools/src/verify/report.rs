//! What a verification found, as a table for people and as JSON for machines.

use std::{collections::BTreeSet, fmt::Write as _};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{Finding, Severity, Unchecked};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default();
const HINT: Style = Style::new().dimmed();

/// What a verification found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The templates that were compared with their databases.
    pub checked: Vec<String>,
    /// Where they disagree, worst first.
    pub findings: Vec<Finding>,
    /// Databases that could not be looked at.
    pub unchecked: Vec<Unchecked>,
}

impl Report {
    pub(super) fn sort(&mut self) {
        self.checked.sort();
        self.findings.sort_by(|a, b| {
            (a.severity, &a.template, &a.place, &a.message).cmp(&(
                b.severity,
                &b.template,
                &b.place,
                &b.message,
            ))
        });
        // Two uses of one object may find the same.
        self.findings.dedup();
    }

    /// How many findings are this bad.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The templates with an error.
    #[must_use]
    pub fn failed(&self) -> BTreeSet<&str> {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.filter_map(|finding| finding.template.as_deref()).collect()
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let value = serde_json::json!({
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "templates": self.checked,
            "findings": self.findings,
            "unchecked": self.unchecked,
        });
        format!("{value:#}\n")
    }

    /// As a table, with styles: who prints it takes them off where nobody sees them.
    #[must_use]
    pub fn table(&self) -> String {
        let subject =
            |finding: &Finding| finding.template.clone().unwrap_or_else(|| format!("({})", finding.database));
        let width = |text: &dyn Fn(&Finding) -> usize| self.findings.iter().map(text).max().unwrap_or(0);
        let (templates, places) = (
            width(&|finding| subject(finding).chars().count()),
            width(&|finding| finding.place.chars().count()),
        );
        let mut out = String::new();
        for finding in &self.findings {
            let style = match finding.severity {
                Severity::Error => ERROR,
                Severity::Warning => WARNING,
            };
            let _ = writeln!(
                out,
                "{style}{:7}{style:#}  {:templates$}  {:places$}  {}",
                finding.severity.as_str(),
                subject(finding),
                finding.place,
                finding.message
            );
            if let Some(hint) = &finding.hint {
                let indent = " ".repeat(9 + templates + 2 + places + 2);
                let _ = writeln!(out, "{indent}{HINT}{hint}{HINT:#}");
            }
        }
        for Unchecked { database, reason, hint, templates } in &self.unchecked {
            let list = templates.join(", ");
            let _ = writeln!(
                out,
                "{ERROR}not checked{ERROR:#}  the database `{database}`: {reason}; {hint}
             templates: {list}"
            );
        }
        let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let _ = writeln!(
            out,
            "{} verified: {}, {}",
            plural(self.checked.len(), "template"),
            plural(self.count(Severity::Error), "error"),
            plural(self.count(Severity::Warning), "warning")
        );
        out
    }
}
