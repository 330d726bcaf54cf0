//! The most likely meaning of a mistyped name: one rule for the compiler and the node's tools.

/// The candidate nearest to a name, if it is near enough to be worth suggesting. A third of the letters, and at least
/// one, may be inserted, deleted, changed or swapped with their neighbour. Case does not matter. Of equally near
/// candidates, the first in the alphabet.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase();
    let allowed = (folded.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near_or_none() {
        let words = ["required", "unique", "key"];
        let objects = ["v_country", "v_currency", "v_language"];
        for (name, candidates, expected) in [
            ("requird", words, Some("required")),
            ("Required", words, Some("required")),
            ("uniqe", words, Some("unique")),
            ("kye", words, Some("key")),
            ("nonsense", words, None),
            ("x", words, None),
            ("v_contry", objects, Some("v_country")),
            ("V_LANGUAGE", objects, Some("v_language")),
            ("v_cuorntry", objects, Some("v_country")),
            ("orders", objects, None),
        ] {
            assert_eq!(nearest(name, candidates), expected, "{name}");
        }
    }
}
