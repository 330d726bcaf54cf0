//! Finds the file that a name most likely means.

use std::path::{Path, PathBuf};

/// The suffix of pipeline files.
const ENDING: &str = ".json";

/// The intended file, and whether it is the only possibility.
pub(super) fn meant<'t>(written: &str, there: &'t [String]) -> Option<(&'t str, bool)> {
    let last = written.trim().rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = |name: &str| {
        let folded = name.to_lowercase();
        let kept = folded.strip_suffix(ENDING).map_or(folded.len(), str::len);
        folded[..kept].to_owned()
    };
    let wanted = stem(last);
    if wanted.is_empty() {
        return None;
    }
    if let Some(file) = there.iter().find(|file| *file == last) {
        return Some((file, true));
    }
    let mut same = there.iter().filter(|file| stem(file) == wanted);
    if let Some(file) = same.next() {
        return Some((file, same.next().is_none()));
    }
    // `run.js` and `run.txt` have a wrong suffix, and `run` is nearer to `run.json` than a comparison of letters shows.
    let without = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase();
    if let Some(file) = there.iter().find(|file| without(file) == without(last)) {
        return Some((file, false));
    }
    let stems: Vec<String> = there.iter().map(|file| stem(file)).collect();
    let nearest = beds_protocol::nearest(&wanted, stems.iter().map(String::as_str))?;
    let file = there.iter().zip(&stems).find(|(_, stem)| *stem == nearest)?.0;
    Some((file, false))
}

/// The path of a file that does not exist yet.
pub(super) fn with_ending(path: &Path) -> PathBuf {
    if path.extension().is_some() { path.to_owned() } else { path.with_extension("json") }
}
