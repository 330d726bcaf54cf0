//! The name that a mistyped one most likely means.

/// The candidate that is nearest to a name, if one is near enough to be worth suggesting.
pub(super) fn nearest<'n>(name: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let folded: Vec<char> = name.to_lowercase().chars().collect();
    let allowed = (folded.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (distance(&folded, &candidate.to_lowercase().chars().collect::<Vec<_>>()), candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out, changed or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["v_country", "v_currency", "v_language"];
        assert_eq!(nearest("v_contry", names), Some("v_country"));
        assert_eq!(nearest("V_LANGUAGE", names), Some("v_language"));
        assert_eq!(nearest("v_cuorntry", names), Some("v_country"));
        assert_eq!(nearest("orders", names), None);
    }
}
