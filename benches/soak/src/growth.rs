//! Whether the heap goes on growing.
//!
//! What is kept once fills in the beginning: a connection prepares a statement when it first needs it, and a rare one
//! comes late. What is kept for good grows with the requests, to the end. So the verdict is about the second half of the
//! run alone. Its rate is Sen's slope, the median of the slopes between all pairs of looks: one look that is off does
//! not decide. Garg, van Moorsel, Vaidyanathan and Trivedi use it for the same purpose ("A Methodology for Detection
//! and Estimation of Software Aging", ISSRE 1998).

/// How much the heap may grow for each request: half of a byte for ten requests, the least leak that is to be found.
const BYTES_PER_REQUEST: f64 = 0.05;
/// How much the heap may grow in the second half, however few requests there are: two looks at an idle node differ by
/// less.
const BYTES: f64 = 4_096.0;

/// Whether the heap still grows in the second half of a run.
pub(crate) fn goes_on(heaps: &[u64], requests: u64) -> bool {
    let rate = rate(heaps, requests);
    rate > BYTES_PER_REQUEST && rate * per_look(heaps, requests) * intervals(second_half(heaps)) > BYTES
}

/// By how many bytes the heap grows for each request, in the second half of a run of this many requests. The looks are
/// at equal distances.
pub(crate) fn rate(heaps: &[u64], requests: u64) -> f64 {
    let (half, per_look) = (second_half(heaps), per_look(heaps, requests));
    let mut slopes: Vec<f64> = (0..half.len())
        .flat_map(|from| (from + 1..half.len()).map(move |to| (from, to)))
        .map(|(from, to)| (bytes(half[to]) - bytes(half[from])) / (per_look * intervals(&half[from..=to])))
        .collect();
    slopes.sort_by(f64::total_cmp);
    match (slopes.get(slopes.len().saturating_sub(1) / 2), slopes.get(slopes.len() / 2)) {
        (Some(lower), Some(upper)) => f64::midpoint(*lower, *upper),
        _ => 0.0,
    }
}

/// The looks from the middle of the run on.
fn second_half(heaps: &[u64]) -> &[u64] {
    &heaps[heaps.len() / 2..]
}

/// How many requests there are between two looks.
fn per_look(heaps: &[u64], requests: u64) -> f64 {
    bytes(requests) / intervals(heaps).max(1.0)
}

/// How many intervals lie between these looks.
fn intervals(looks: &[u64]) -> f64 {
    bytes(looks.len().saturating_sub(1) as u64)
}

#[expect(clippy::cast_precision_loss, reason = "no heap has that many bytes")]
const fn bytes(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The heap at each look, of which each has grown by so much.
    fn heaps(grown: &[i64]) -> Vec<u64> {
        let mut heaps = vec![20_000_000];
        for more in grown {
            let last: u64 = *heaps.last().unwrap();
            heaps.push(last.checked_add_signed(*more).unwrap());
        }
        heaps
    }

    #[test]
    fn what_fills_once_ends() {
        // A run of three looks, as it was.
        assert!(!goes_on(&heaps(&[71_018, 31_707, -1_552]), 240_000));
        assert!(!goes_on(&heaps(&[90_000, 12_000, 900, 1_100]), 1_000_000));
        // One look is off.
        assert!(!goes_on(&heaps(&[90_000, 2_000, 0, 60_000, -60_000, 0, 0, 0]), 1_000_000));
        // Too little to be told from chance.
        assert!(!goes_on(&heaps(&[500, 700, 900, 800]), 10_000));
        assert!(!goes_on(&heaps(&[]), 10_000) && !goes_on(&[], 0));
    }

    #[test]
    fn a_leak_of_a_byte_in_ten_requests_goes_on() {
        for (looks, requests) in [(3, 240_000), (4, 240_000), (4, 1_000_000), (9, 10_000_000)] {
            let leaked = i64::try_from(requests / 10 / looks).unwrap();
            assert!(
                goes_on(&heaps(&vec![leaked; usize::try_from(looks).unwrap()]), requests),
                "{looks} {requests}"
            );
        }
        // Beside what fills once.
        assert!(goes_on(&heaps(&[71_018 + 8_000, 31_707 + 8_000, -1_552 + 8_000]), 240_000));
        assert!((rate(&heaps(&[25_000; 4]), 1_000_000) - 0.1).abs() < 1e-9);
    }
}
