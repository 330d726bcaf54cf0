//! The characters of the server's character sets. The server refuses to compare a column of `latin1` with `日`: it calls
//! that an illegal mix of collations. No record can have such a value, so the node does not ask.
//!
//! For each character set of a compared column, the node asks the server once. The server converts every character of
//! Unicode's first plane and back. A character that the set lacks comes back as `?`. Sets with characters beyond this
//! plane have all of Unicode.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use sqlx::{MySqlConnection, Row as _};

/// The sets that have every character of Unicode.
const COMPLETE: [&str; 4] = ["utf8mb4", "utf16", "utf16le", "utf32"];

/// The sets whose every text comes back from Unicode the same. Other sets have characters that Unicode lacks, or two
/// codes for one character of Unicode.
const WHOLE: [&str; 20] = [
    "binary", "cp850", "cp852", "cp866", "keybcs2", "koi8r", "koi8u", "latin1", "latin2", "latin5", "latin7",
    "macce", "macroman", "ucs2", "utf8", "utf8mb3", "utf8mb4", "utf16", "utf16le", "utf32",
];

/// Whether every text of a character set comes back from Unicode as the same bytes.
#[must_use]
pub fn is_whole(set: &str) -> bool {
    WHOLE.contains(&set)
}

/// Whether this is safe in a statement as the name of a set or collation.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// How many characters the first plane has.
const PLANE: u32 = 0x1_0000;

/// Which characters a character set has: a bit for each of the first plane.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repertoire(Box<[u64]>);

impl Repertoire {
    /// From the characters that the node sent, and the characters that came back.
    pub(crate) fn of(asked: &str, answered: &str) -> Self {
        let mut bits = vec![0_u64; (PLANE / 64) as usize];
        for (character, answer) in asked.chars().zip(answered.chars()) {
            if character == answer {
                let code = u32::from(character);
                bits[(code / 64) as usize] |= 1 << (code % 64);
            }
        }
        Self(bits.into())
    }

    /// Whether the set has all characters of a text.
    pub(crate) fn has(&self, text: &str) -> bool {
        text.chars().all(|character| {
            let code = u32::from(character);
            self.0.get((code / 64) as usize).is_some_and(|bits| bits & (1 << (code % 64)) != 0)
        })
    }
}

/// The known character sets: at most one entry for each set of the server.
#[derive(Debug, Default)]
pub(crate) struct Repertoires(RwLock<HashMap<String, Arc<Repertoire>>>);

impl Repertoires {
    /// The characters of a set; `None` if the set has all of Unicode.
    pub(crate) async fn of(
        &self,
        connection: &mut MySqlConnection,
        set: &str,
    ) -> Result<Option<Arc<Repertoire>>, sqlx::Error> {
        // The name becomes part of a statement.
        if COMPLETE.contains(&set) || !is_name(set) {
            return Ok(None);
        }
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(set).map(Arc::clone);
        if known.is_some() {
            return Ok(known);
        }
        let plane: String = (0..PLANE).filter_map(char::from_u32).collect();
        let sql = format!("select convert(convert(? using {set}) using utf8mb4)");
        let row = sqlx::query(&sql).persistent(false).bind(&plane).fetch_one(connection).await?;
        let repertoire = Arc::new(Repertoire::of(&plane, row.try_get_unchecked(0)?));
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(set.to_owned(), Arc::clone(&repertoire));
        Ok(Some(repertoire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_came_back_unchanged() {
        let set = Repertoire::of("a?é日\u{ffff}", "a?é?\u{ffff}");
        assert!(set.has("") && set.has("aé?") && set.has("\u{ffff}"));
        assert!(!set.has("日") && !set.has("a日") && !set.has("b") && !set.has("😀"));
    }
}

#[cfg(test)]
mod server_tests;
