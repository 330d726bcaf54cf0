//! The fingerprints that clients send: those that a template serves, and those that it should serve.

use super::{Seen, domain};
use crate::{fingerprint::fingerprint, model::Domain};

const PLACE: &str = "compatible_with";

/// A template in both sets whose new version does not serve the clients of the old version.
#[derive(Debug)]
pub struct Stranger<'d> {
    /// The new template.
    pub domain: &'d Domain,
    /// The fingerprints that those clients send and the template does not list.
    pub fingerprints: Vec<String>,
    /// Whether the template may list them: no change breaks those clients.
    pub is_compatible: bool,
}

/// The templates that refuse clients because of their fingerprint.
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

/// The fingerprints that clients of a template send.
fn sent(domain: &Domain) -> Vec<String> {
    domain.compatible_with.iter().cloned().chain([fingerprint(domain)]).collect()
}

/// Runs after all other changes: finds fingerprints that are no longer listed, and fingerprints that are listed in
/// vain.
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
