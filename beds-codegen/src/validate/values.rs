//! Deceptive values of an enum: each looks like another text, but equals it nowhere.

use super::Cx;
use crate::{diagnostic::values as diagnostics, letters, raw::Names, span::Spanned};

/// The separators of several values in one string.
const MARKS: [char; 3] = [',', '|', ';'];

/// Warns of deceptive values.
pub(super) fn check(values: &Names, cx: &mut Cx<'_>) {
    if let [Spanned { value, span }] = values.as_slice()
        && let Some(parts) = listed(value)
    {
        cx.errors.push(diagnostics::several_in_one(*span, &parts));
        return;
    }
    for Spanned { value, span } in values {
        if let Some((what, number)) = letters::unseen_in_word(value) {
            cx.errors.push(diagnostics::unseen(*span, value, what, number));
        } else if let Some((script, letter)) = letters::mixed(value) {
            cx.errors.push(diagnostics::mixed(*span, value, script, letter));
        }
    }
}

/// The values in one string, separated by marks.
fn listed(value: &str) -> Option<Vec<&str>> {
    let mark = MARKS.into_iter().find(|mark| value.contains(*mark))?;
    let parts: Vec<&str> = value.split(mark).map(str::trim).collect();
    let is_word = |part: &&str| !part.is_empty() && !part.contains([' ', '\t']);
    parts.iter().all(is_word).then_some(parts)
}
