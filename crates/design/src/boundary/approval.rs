//! A signature over a proposal's hash, and the DBAs who may give it.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use beds_protocol::{nearest, shown};
use serde::{Deserialize, Serialize};

use super::keys::{PublicKey, SecretKey};
use crate::{
    model::Model,
    proposal::{self, APPROVAL, Flaw, Gate, Proposal},
    render::{Rendered, Statement},
};

/// The DBAs who may approve, with their keys: `[design.approvers]` of the configuration.
pub type Approvers = BTreeMap<String, PublicKey>;

/// The longest approval file.
const APPROVAL_BYTES_MAX: usize = 4_096;

/// What a DBA signed, and the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The hash of the proposal.
    pub hash: String,
    /// The DBA who approves it.
    pub approver: String,
    /// The time, as RFC 3339.
    pub approved_at: String,
    /// The signature in base64.
    signature: String,
}

impl Approval {
    /// The bytes to sign. No value can contain a line break, so the lines are unambiguous.
    fn signed(hash: &str, approver: &str, approved_at: &str) -> Result<Vec<u8>, Flaw> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | ':' | '+');
        for (what, text) in [("hash", hash), ("name of the approver", approver), ("time", approved_at)] {
            if text.is_empty() || text.len() > 100 || !text.chars().all(is_plain) {
                return Err(Flaw::new(format!("the {what} {} is not a plain word", shown(text))));
            }
        }
        Ok(format!("beds design approval 1\nproposal {hash}\napprover {approver}\nat {approved_at}\n")
            .into_bytes())
    }
}

/// A proposal that may be run: it was read completely, and is signed by a DBA who may sign.
#[derive(Debug, Clone)]
pub struct Approved {
    proposal: Proposal,
    approval: Approval,
    model: Model,
    rendered: Rendered,
}

impl Approved {
    /// The proposal, with the bytes that were verified.
    #[must_use]
    pub const fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// Who approved the proposal, and when.
    #[must_use]
    pub const fn approval(&self) -> &Approval {
        &self.approval
    }

    /// The model of the proposal.
    #[must_use]
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// The statements that run, in this order. They were rendered from the model and compared with what was signed.
    #[must_use]
    pub fn statements(&self) -> Vec<Statement> {
        self.rendered.statements()
    }
}

/// Signs the proposal in a folder, and writes the approval into the folder.
///
/// # Errors
/// When the folder is not a proposal, or not a proved one; when the key is not the one that the configuration has for
/// this name; when the proposal is approved already.
pub fn approve(
    folder: &Path,
    key: &SecretKey,
    approver: &str,
    approvers: &Approvers,
    approved_at: &str,
) -> Result<Approval, Flaw> {
    let (proposal, approval) = proposal::read(folder)?;
    if approval.is_some() {
        return Err(Flaw::new(format!("it is approved already: {APPROVAL} is there")));
    }
    proved(&proposal)?;
    if *known(approver, approvers)? != key.public() {
        return Err(Flaw::new(format!(
            "the key is not the one that [design.approvers] has for {}",
            shown(approver)
        )));
    }
    let hash = &proposal.manifest.hash;
    let signature = BASE64.encode(key.sign(&Approval::signed(hash, approver, approved_at)?));
    let approval = Approval {
        hash: hash.clone(),
        approver: approver.to_owned(),
        approved_at: approved_at.to_owned(),
        signature,
    };
    let path = folder.join(APPROVAL);
    let text = toml::to_string(&approval).map_err(|error| Flaw::new(error.to_string()))?;
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Flaw::new(format!("it is approved already: {APPROVAL} is there")),
        _ => Flaw::new(format!("{}: {error}", shown(path.to_string_lossy()))),
    })?;
    Ok(approval)
}

/// Reads the proposal in a folder, if it is complete and an approver has signed it in its present state.
///
/// # Errors
/// The first fault. There is no proposal then.
pub fn verify_signature(folder: &Path, approvers: &Approvers) -> Result<Approved, Flaw> {
    let (proposal, text) = proposal::read(folder)?;
    let text = text.ok_or_else(|| Flaw::new("nobody has approved it: `beds design approve` signs it"))?;
    if text.len() > APPROVAL_BYTES_MAX {
        return Err(Flaw::new(format!("{APPROVAL} is too long")));
    }
    let read = std::str::from_utf8(&text).map_err(|error| Flaw::new(format!("{APPROVAL}: {error}")))?;
    let approval: Approval =
        toml::from_str(read).map_err(|error| Flaw::new(format!("{APPROVAL}: {}", error.message())))?;
    if approval.hash != proposal.manifest.hash {
        return Err(Flaw::new(
            "the signature belongs to another proposal, or to another version of this one",
        ));
    }
    let key = known(&approval.approver, approvers)?;
    let signed = Approval::signed(&approval.hash, &approval.approver, &approval.approved_at)?;
    let signature = BASE64
        .decode(&approval.signature)
        .map_err(|_| Flaw::new(format!("{APPROVAL} has no signature in base64")))?;
    if !key.verifies(&signed, &signature) {
        return Err(Flaw::new(format!("the signature was not made by {}", shown(&approval.approver))));
    }
    let (model, rendered) = proved(&proposal)?;
    Ok(Approved { proposal, approval, model, rendered })
}

/// Whether a proposal passed every gate, and is the rendering of its model.
///
/// # Errors
/// The first thing that is missing.
pub fn may_be_signed(proposal: &Proposal) -> Result<(), Flaw> {
    proved(proposal).map(drop)
}

/// A proposal that passed every gate, and that is the rendering of its model.
fn proved(proposal: &Proposal) -> Result<(Model, Rendered), Flaw> {
    if let Some(failed) = proposal.manifest.proofs.iter().find(|proof| !proof.passed) {
        let gate = failed.gate.as_str();
        return Err(Flaw::new(format!("the proof `{gate}` failed: {}", failed.detail)));
    }
    let unproved: Vec<&str> = proposal.manifest.unproved().into_iter().map(Gate::as_str).collect();
    if !unproved.is_empty() {
        let unproved = unproved.join(", ");
        return Err(Flaw::new(format!("it is not proved: {unproved}; `beds design prove` proves it")));
    }
    proposal.rendered().map_err(|wrong| Flaw::new(wrong.join("; ")))
}

fn known<'a>(approver: &str, approvers: &'a Approvers) -> Result<&'a PublicKey, Flaw> {
    approvers.get(approver).ok_or_else(|| {
        let help = match nearest(approver, approvers.keys().map(String::as_str)) {
            Some(near) => format!(": did you mean {}?", shown(near)),
            None => String::new(),
        };
        Flaw::new(format!("[design.approvers] does not have {}{help}", shown(approver)))
    })
}
