//! What is known of the server's collations: whether they sort as they compare, and whether their indexes find all texts
//! with a prefix. Of a collation that is not known, neither is expected. The test `collations` asks a server about all.

use super::Kept;
use crate::repertoire::{self, is_name};

/// The words in the names of collations that are known, after the character set.
const WORDS: &str = "ai as bin ci cs nopad general unicode 520 uca1400 mysql500 mysql561 w2 bulgarian chinese croatian \
    czech danish english esperanto estonian german1 german2 hungarian icelandic japanese korean latvian lithuanian \
    myanmar persian polish roman romanian sinhala slovak slovenian spanish spanish2 swedish thai turkish ukrainian \
    vietnamese";

/// The words of collations in which each character has weights of its own. In others, such as those of Czech and Danish,
/// several characters count as one, and the server looks in too small a part of the index for texts that begin so.
const SINGLE: &str = "ai as ci cs general unicode 520 uca1400 mysql500 german1 german2 swedish";

/// The sets whose `_bin` collations sort ASCII by its codes.
const OF_CODES: [&str; 9] =
    ["ascii", "cp1250", "cp1251", "cp1252", "latin1", "latin2", "utf8", "utf8mb3", "utf8mb4"];

/// The sets that have characters beyond Unicode's first plane.
const BEYOND: [&str; 4] = ["utf8mb4", "utf16", "utf16le", "utf32"];

/// How an index finds the texts that begin with a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Prefixes {
    /// The server finds all of them.
    #[default]
    All,
    /// The server finds all but those in which this character follows. It sorts after the greatest character that the
    /// server knows of.
    Below(char),
    /// The same, and only if the prefix has only Latin letters: in other scripts, several characters may count as one.
    LatinBelow(char),
    /// In a range of codes. The server's own range begins with the prefix followed by spaces, and characters below the
    /// space come before.
    Codes,
    /// The server may find too few.
    No,
}

impl Prefixes {
    /// For a collation; the empty text for columns that have none.
    pub(super) fn of(collation: &str) -> Self {
        let Some((set, name)) = collation.split_once('_') else { return Self::All };
        if matches!(name, "bin" | "nopad_bin") && OF_CODES.contains(&set) {
            Self::Codes
        } else if !has_only(name, SINGLE) {
            Self::No
        } else if name.starts_with("uca1400") {
            Self::LatinBelow('\u{fffd}')
        } else if name.contains("general") || name.contains("520") || !BEYOND.contains(&set) {
            Self::All
        } else {
            // Unicode's algorithm in its first form: all characters beyond the first plane count as this one.
            Self::Below('\u{1f600}')
        }
    }
}

/// How a column of this type is sorted.
pub(super) fn order(ty: &str, collation: &str) -> Kept {
    let Some((set, name)) = collation.split_once('_') else { return Kept::Plain };
    // In the collations of Unicode's own algorithm, and of German phone books, texts of different lengths may be equal:
    // these sort as they compare. A CHAR is sorted with the spaces that fill it, and compared without them.
    let is_nopad = name.contains("nopad");
    let is_of_lengths = ["unicode", "uca", "german2"].iter().any(|of| name.contains(of));
    match (set, name) {
        ("big5", "chinese_ci" | "chinese_nopad_ci")
        | ("latin7", "general_ci" | "general_cs" | "estonian_cs") => Kept::Levels,
        _ if name == "czech_cs" || !has_only(name, WORDS) => Kept::Levels,
        ("tis620", "thai_ci") if ty == "char" => Kept::Filled,
        _ if is_nopad && is_of_lengths && ty == "char" => Kept::Filled,
        _ if is_nopad && ty == "char" => Kept::Char,
        _ if is_nopad && !is_of_lengths => Kept::NoPad,
        _ => Kept::Plain,
    }
}

/// How many characters of a text decide its place in an order, where the collation compares several times: by letters,
/// then by accents, then by case. The sort key has up to 16 bytes of each character for each time, and 12,288 in all.
pub(super) fn sorted(collation: &str) -> Option<u32> {
    let has = |word| collation.split('_').any(|of| of == word);
    match (has("uca1400"), has("as"), has("cs")) {
        (true, true, true) => Some(256),
        (true, true, false) | (true, false, true) => Some(384),
        _ if has("w2") => Some(384),
        _ => None,
    }
}

/// Whether a name consists of these words.
fn has_only(name: &str, words: &str) -> bool {
    name.split('_').all(|word| words.split_ascii_whitespace().any(|known| known == word))
}

/// A character set, and the collation by which its texts are compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CharacterSet {
    pub(crate) name: String,
    pub(crate) collation: String,
}

impl CharacterSet {
    /// The set of a column; `None` if every text of it comes back from Unicode.
    pub(super) fn own(name: &str, collation: &str) -> Option<Self> {
        // Both names become part of statements.
        Self::of(name, collation).filter(|_| !repertoire::is_whole(name))
    }

    /// The set of a column that [`is_weighed`].
    pub(super) fn weighed(name: &str, collation: &str, kept: Kept) -> Option<Self> {
        Self::of(name, collation).filter(|_| is_weighed(name, collation, kept))
    }

    fn of(name: &str, collation: &str) -> Option<Self> {
        let is_safe = is_name(name) && is_name(collation);
        is_safe.then(|| Self { name: name.to_owned(), collation: collation.to_owned() })
    }
}

/// Whether the server sorts a text of this collation as if spaces followed it, but compares it without them. That is so
/// in the collations `…_nopad_ci` of the old character sets.
fn is_weighed(set: &str, collation: &str, kept: Kept) -> bool {
    let is_of_unicode = ["utf8", "ucs2", "utf16", "utf32"].iter().any(|name| set.starts_with(name));
    kept.sorts_otherwise() && collation.ends_with("_nopad_ci") && !is_of_unicode
}
