//! The fingerprints that clients send: which of them a template serves, and which it should.

use super::{Seen, domain};
use crate::{fingerprint::fingerprint, model::Domain};

const PLACE: &str = "compatible_with";

/// A template that stays and does not serve clients that were built for the one before.
#[derive(Debug)]
pub struct Stranger<'d> {
    /// The template as it comes.
    pub domain: &'d Domain,
    /// The fingerprints that such clients send, and it does not know.
    pub fingerprints: Vec<String>,
    /// Whether it may know them: no change breaks such a client.
    pub is_compatible: bool,
}

/// The templates whose clients are refused for the fingerprint that they send.
#[must_use]
pub fn strangers<'d>(old: &[&Domain], new: &[&'d Domain]) -> Vec<Stranger<'d>> {
    let of = |new: &'d Domain| {
        let old = old.iter().find(|old| old.name.value == new.name.value)?;
        let own = fingerprint(new);
        let mut fingerprints = sent(old);
        fingerprints.retain(|sent| *sent != own && !new.compatible_with.contains(sent));
        let mut seen = Seen { template: &new.name.value, list: Vec::new() };
        domain(old, new, &mut seen);
        let is_compatible = !seen.breaks();
        (!fingerprints.is_empty()).then_some(Stranger { domain: new, fingerprints, is_compatible })
    };
    new.iter().filter_map(|domain| of(domain)).collect()
}

/// What clients of a template send.
fn sent(domain: &Domain) -> Vec<String> {
    domain.compatible_with.iter().cloned().chain([fingerprint(domain)]).collect()
}

/// After all other changes: which fingerprints are no longer known, and which are known in vain.
pub(super) fn changes(old: &Domain, new: &Domain, seen: &mut Seen<'_>) {
    let breaks = seen.breaks();
    let own = fingerprint(new);
    for sent in old.compatible_with.iter().filter(|sent| **sent != own) {
        if !new.compatible_with.contains(sent) {
            let why = "clients that send it are refused with `template_mismatch`";
            seen.breaking(PLACE, format!("`{sent}` removed"), why);
        }
    }
    let sent = sent(old);
    for broken in new.compatible_with.iter().filter(|known| breaks && sent.contains(known)) {
        let why = "its clients are served, and refused or misled by what breaks them: remove it";
        seen.breaking(PLACE, format!("`{broken}` is listed"), why);
    }
}
