//! The report to a language model about a gate that its model did not pass.

use beds_design::proposal::Gate;

use crate::conformance::Told;

/// The longest line of it, in characters.
const LINE_MAX: usize = 400;
/// The most lines about faults.
const WRONG_MAX: usize = 30;
/// The most lines of the node's log.
const LOG_MAX: usize = 10;

/// The faults in few words: a language model pays for each. The log of the node is included only before samples are
/// loaded, since it may quote the records that were sent.
pub(crate) fn wrong(gate: Gate, told: &Told) -> String {
    let Told { wrong, log, right: _ } = told;
    let mut lines: Vec<String> = wrong.iter().take(WRONG_MAX).map(|line| cut(line)).collect();
    if let Some(more) = wrong.len().checked_sub(WRONG_MAX).filter(|more| *more > 0) {
        lines.push(format!("{more} more are wrong"));
    }
    if has_no_samples(gate) {
        let tells = |line: &&String| line.contains("ERROR") || line.contains("WARN");
        let said: Vec<&String> = log.iter().filter(tells).collect();
        let skipped = said.len().saturating_sub(LOG_MAX);
        lines.extend(said.into_iter().skip(skipped).map(|line| cut(&format!("log of the node: {line}"))));
    }
    lines.join("\n")
}

/// Whether a gate comes before samples are loaded.
const fn has_no_samples(gate: Gate) -> bool {
    match gate {
        Gate::Check | Gate::Gate | Gate::Objects | Gate::Verify | Gate::Grants | Gate::Conformance => true,
        Gate::Samples | Gate::Plans | Gate::Migration => false,
    }
}

fn cut(line: &str) -> String {
    if line.chars().count() <= LINE_MAX {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(LINE_MAX).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_back_is_bounded_and_has_no_sample() {
        let line = "x".repeat(10_000);
        let told = Told {
            right: vec!["a promise".to_owned()],
            wrong: vec![line.clone(); 1_000],
            log: vec![[format!("ERROR {line}"), "INFO nothing".to_owned()]; 500].concat(),
        };
        let said = wrong(Gate::Conformance, &told);
        assert!(said.chars().count() < (WRONG_MAX + LOG_MAX + 1) * (LINE_MAX + 2), "{}", said.len());
        assert!(said.contains("970 more are wrong") && said.contains("log of the node: ERROR"), "{said}");
        assert!(!said.contains("promise") && !said.contains("INFO"), "{said}");
        for gate in [Gate::Samples, Gate::Plans, Gate::Migration] {
            assert!(!wrong(gate, &told).contains("log of the node"), "{gate:?}");
        }
    }
}
