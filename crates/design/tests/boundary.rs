//! A proposal has one hash, and a signature is valid for that proposal only.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use beds_codegen::Compiler;
use beds_design::{
    boundary::{Approvers, SecretKey, approve, keygen, verify_signature},
    plan::Old,
    proposal::{self, APPROVAL, Author, Facts, Gate, Handed, MANIFEST, MODEL, Proposal, REPORT, Round},
};
use support::{check, folder, model, passed};
use tempfile::TempDir;

const AT: &str = "2026-11-27T12:00:00Z";

fn facts() -> Facts<'static> {
    Facts {
        author: Author::File,
        made_at: AT.to_owned(),
        inputs: vec![(Handed::Model, "library.json".to_owned(), b"text".to_vec())],
        rounds: Vec::new(),
        before: Vec::new(),
        old: Old::new(),
    }
}

/// A proposal of a test model that passed every gate.
fn proved(name: &str) -> Proposal {
    passed(Proposal::of(&model(name), facts()).unwrap())
}

struct Site {
    place: TempDir,
    key: SecretKey,
    approvers: Approvers,
}

impl Site {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let public = keygen(&place.path().join("ada.pem")).unwrap();
        let key = SecretKey::read(&place.path().join("ada.pem")).unwrap();
        assert_eq!(key.public(), public);
        Self { place, key, approvers: Approvers::from([("ada".to_owned(), public)]) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A proposal in a folder, approved.
    fn approved(&self, name: &str) -> PathBuf {
        let folder = self.path(name);
        proposal::write(&proved("library.json"), &folder).unwrap();
        approve(&folder, &self.key, "ada", &self.approvers, AT).unwrap();
        folder
    }

    fn refused(&self, folder: &Path) -> String {
        verify_signature(folder, &self.approvers).unwrap_err().to_string()
    }
}

#[test]
fn what_is_approved_is_what_is_verified() {
    let site = Site::new();
    let folder = site.approved("p");
    let approved = verify_signature(&folder, &site.approvers).unwrap();
    assert_eq!(approved.proposal(), &proved("library.json"));
    assert_eq!(
        (approved.approval().approver.as_str(), approved.approval().approved_at.as_str()),
        ("ada", AT)
    );
    assert_eq!(approved.model(), &model("library.json"));
    let again = approve(&folder, &site.key, "ada", &site.approvers, AT).unwrap_err();
    assert!(again.to_string().contains("approved already"), "{again}");
    let there = proposal::write(approved.proposal(), &folder).unwrap_err();
    assert!(there.to_string().contains("exists already"), "{there}");
}

#[test]
fn the_same_model_and_facts_are_the_same_bytes() {
    let proposal = || Proposal::of(&model("library.json"), facts()).unwrap();
    assert_eq!(proposal(), proposal());
    let later =
        Proposal::of(&model("library.json"), Facts { made_at: "2027-01-01T00:00:00Z".to_owned(), ..facts() })
            .unwrap();
    assert_ne!(later.manifest.hash, proposal().manifest.hash, "what is said of it is a part of it");
}

/// Every file, each with one byte changed, at its beginning, in its middle and at its end.
#[test]
fn a_changed_byte_anywhere_is_refused() {
    let site = Site::new();
    let folder = site.approved("p");
    let (proposal, _) = proposal::read(&folder).unwrap();
    for path in proposal.files.keys().map(String::as_str).chain([APPROVAL]) {
        let file = folder.join(path);
        let bytes = fs::read(&file).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&file, &changed).unwrap();
            let said = verify_signature(&folder, &site.approvers);
            assert!(said.is_err(), "{path}: byte {at} was changed, and nobody saw it");
        }
        for other in [&bytes[..bytes.len() - 1], &[bytes.as_slice(), b"\n"].concat(), b""] {
            fs::write(&file, other).unwrap();
            let said = verify_signature(&folder, &site.approvers);
            // A blank line at the end of the approval changes nothing that was signed.
            assert!(said.is_err() || path == APPROVAL, "{path}: its end was changed, and nobody saw it");
        }
        fs::write(&file, &bytes).unwrap();
    }
    verify_signature(&folder, &site.approvers).unwrap();
}

#[test]
fn files_that_are_added_removed_renamed_or_links_are_refused() {
    let site = Site::new();
    let folder = site.approved("p");
    let objects = folder.join("objects/mariadb.sql");
    let bytes = fs::read(&objects).unwrap();
    // Added files.
    for (name, expected) in [
        ("objects/more.sql", "added or renamed"),
        ("schema/mongodb/x.json", "added or renamed"),
        (".hidden", "a file of a proposal cannot have this name"),
        ("Objects.sql", "a file of a proposal cannot have this name"),
        ("a b", "a file of a proposal cannot have this name"),
        ("objects/a/b/c/d/e", "too deep"),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "drop table book;").unwrap();
        assert!(site.refused(&folder).contains(expected), "{name}: {}", site.refused(&folder));
        fs::remove_file(&path).unwrap();
    }
    fs::remove_dir_all(folder.join("objects/a")).unwrap();
    // Renamed and removed files.
    fs::rename(&objects, folder.join("objects/mariadb2.sql")).unwrap();
    assert!(site.refused(&folder).contains("added or renamed"), "{}", site.refused(&folder));
    fs::remove_file(folder.join("objects/mariadb2.sql")).unwrap();
    assert!(site.refused(&folder).contains("is missing"), "{}", site.refused(&folder));
    // A link, even to the same bytes; a folder; a pipe.
    fs::write(site.path("same.sql"), &bytes).unwrap();
    symlink(site.path("same.sql"), &objects).unwrap();
    assert!(site.refused(&folder).contains("links are not followed"), "{}", site.refused(&folder));
    fs::remove_file(&objects).unwrap();
    assert!(Command::new("mkfifo").arg(&objects).status().unwrap().success());
    assert!(site.refused(&folder).contains("links are not followed"), "{}", site.refused(&folder));
    fs::remove_file(&objects).unwrap();
    fs::create_dir(&objects).unwrap();
    assert!(site.refused(&folder).contains("is missing"), "{}", site.refused(&folder));
    fs::remove_dir(&objects).unwrap();
    fs::write(&objects, &bytes).unwrap();
    verify_signature(&folder, &site.approvers).unwrap();
    // Two files with exchanged contents, and a folder that is a link.
    let (a, b) = (folder.join("templates/book_rec.toml"), folder.join("templates/loan_rec.toml"));
    fs::rename(&a, site.path("x")).unwrap();
    fs::rename(&b, &a).unwrap();
    fs::rename(site.path("x"), &b).unwrap();
    assert!(site.refused(&folder).contains("was changed"), "{}", site.refused(&folder));
    symlink(&folder, site.path("link")).unwrap();
    assert!(site.refused(&site.path("link")).contains("link to one"), "{}", site.refused(&site.path("link")));
    assert!(site.refused(&site.path("nowhere")).contains("No such file"));
    fs::create_dir(site.path("empty")).unwrap();
    assert!(site.refused(&site.path("empty")).contains("this is not a proposal"));
}

#[test]
fn foreign_keys_and_signatures_of_others_are_refused() {
    let site = Site::new();
    let folder = site.approved("p");
    // A signature by an unknown key, by another approver, and under another name.
    let others = keygen(&site.path("eve.pem")).unwrap();
    let verify = |approvers: &Approvers| verify_signature(&folder, approvers).unwrap_err().to_string();
    assert!(verify(&Approvers::new()).contains("does not have `ada`"));
    assert!(verify(&Approvers::from([("ada".to_owned(), others.clone())])).contains("not made by `ada`"));
    let both =
        Approvers::from([("ada".to_owned(), site.key.public()), ("adam".to_owned(), site.key.public())]);
    let path = folder.join(APPROVAL);
    let text = fs::read_to_string(&path).unwrap();
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        verify(&both)
    };
    assert!(replaced("\"ada\"", "\"adam\"").contains("not made by `adam`"), "the name is signed as well");
    assert!(replaced(AT, "2026-11-27T12:00:01Z").contains("not made by `ada`"), "so is the time");
    assert!(replaced(AT, "2026\\n").contains("not a plain word"));
    assert!(replaced("signature = \"", "signature = \"!").contains("no signature in base64"));
    assert!(replaced("hash = ", "more = 1\nhash = ").contains("unknown field"));
    // The signature of another proposal, with its own hash and with the hash of this one.
    let model = beds_design::model::Model { description: "Another".to_owned(), ..model("library.json") };
    let other = site.path("other");
    proposal::write(&passed(Proposal::of(&model, facts()).unwrap()), &other).unwrap();
    assert!(site.refused(&other).contains("nobody has approved it"));
    approve(&other, &site.key, "ada", &site.approvers, AT).unwrap();
    let foreign = fs::read_to_string(other.join(APPROVAL)).unwrap();
    fs::write(&path, &foreign).unwrap();
    assert!(verify(&both).contains("to another proposal"));
    let hash = |folder: &Path| proposal::read(folder).unwrap().0.manifest.hash;
    fs::write(&path, foreign.replace(&hash(&other), &hash(&folder))).unwrap();
    assert!(verify(&both).contains("not made by `ada`"));
    // The signer must be the approver in the configuration.
    fs::remove_file(&path).unwrap();
    let eve = SecretKey::read(&site.path("eve.pem")).unwrap();
    let said = |key: &SecretKey, name: &str| {
        approve(&folder, key, name, &site.approvers, AT).unwrap_err().to_string()
    };
    assert!(said(&eve, "ada").contains("not the one that [design.approvers] has"));
    assert!(said(&site.key, "adda").contains("did you mean `ada`?"));
    fs::write(folder.join(REPORT), "nothing to see").unwrap();
    assert!(said(&site.key, "ada").contains("was changed"));
}

/// Somebody who can write the folder can make a hash that fits. Files that are not the rendering of the model are
/// refused all the same.
#[test]
fn files_by_hand_are_refused_even_with_a_hash_that_fits() {
    let site = Site::new();
    let mut whole = Proposal::of(&model("library.json"), facts()).unwrap();
    let objects = whole.files.get_mut("objects/mariadb.sql").unwrap();
    objects.extend_from_slice(b"drop table book;\n");
    let said = whole.is_rendered().unwrap_err();
    assert!(said[0].contains("objects/mariadb.sql does not match model.json"), "{said:?}");
    whole.files.insert("schema/mongodb/x.json".to_owned(), b"[]".to_vec());
    assert_eq!(whole.is_rendered().unwrap_err().len(), 2);
    whole.files.remove(MODEL);
    assert!(whole.is_rendered().unwrap_err()[0].contains("there is no model.json"));
    // A proposal that records a failed proof is never signed.
    let mut failed = Proposal::of(&model("library.json"), facts()).unwrap();
    failed.manifest.proofs[0].passed = false;
    let folder = site.path("failed");
    proposal::write(&failed.again(), &folder).unwrap();
    let said = approve(&folder, &site.key, "ada", &site.approvers, AT).unwrap_err();
    assert!(said.to_string().contains("the proof `check` failed"), "{said}");
}

#[test]
fn what_was_not_proved_is_never_signed() {
    let site = Site::new();
    let whole = proved("library.json");
    assert!(whole.manifest.unproved().is_empty());
    // A proposal with samples needs their result.
    let with_samples =
        Facts { inputs: vec![(Handed::Samples, "books.csv".to_owned(), b"isbn\n".to_vec())], ..facts() };
    let sampled = Proposal::of(&model("library.json"), with_samples).unwrap();
    assert_eq!(sampled.manifest.unproved()[4], Gate::Samples);
    for gate in whole.manifest.proofs.iter().skip(2).map(|proof| proof.gate) {
        let mut lacking = whole.clone();
        lacking.manifest.proofs.retain(|proof| proof.gate != gate);
        let folder = site.path(gate.as_str());
        proposal::write(&lacking.again(), &folder).unwrap();
        let said = approve(&folder, &site.key, "ada", &site.approvers, AT).unwrap_err().to_string();
        assert!(said.contains(&format!("it is not proved: {};", gate.as_str())), "{said}");
    }
    // A proof that was entered by hand is refused: the page that a DBA reads would not show it.
    let mut by_hand = Proposal::of(&model("library.json"), facts()).unwrap();
    by_hand.manifest.proofs = whole.manifest.proofs;
    let folder = site.path("by_hand");
    proposal::write(&by_hand.again(), &folder).unwrap();
    let said = approve(&folder, &site.key, "ada", &site.approvers, AT).unwrap_err().to_string();
    assert!(said.contains("report.html does not match model.json"), "{said}");
}

#[test]
fn keys_are_kept_well() {
    let site = Site::new();
    let path = site.path("ada.pem");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(keygen(&path).unwrap_err().to_string().contains("never replaced"));
    let text = fs::read_to_string(&path).unwrap();
    assert!(!format!("{:?}", site.key).contains(text.lines().nth(1).unwrap()), "a key is shown nowhere");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(SecretKey::read(&path).unwrap_err().to_string().contains("chmod 600"));
    for (text, expected) in [
        ("", "it contains no key"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "encrypted"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not an Ed25519 key"),
    ] {
        let other = site.path("other.pem");
        fs::write(&other, text).unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
        let said = SecretKey::read(&other).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
    let public = site.key.public().to_string();
    assert_eq!(public.parse(), Ok(site.key.public()));
    for wrong in [
        "",
        "ed25519:",
        "ed25519:AAAA",
        &public[..public.len() - 4],
        &public.replace("ed25519", "rsa"),
        // With these keys, anybody could sign.
        "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA=",
        "ed25519:7P///////////////////////////////////////38=",
    ] {
        wrong.parse::<beds_design::boundary::PublicKey>().unwrap_err();
    }
}

/// Keys of OpenSSL are accepted too, if OpenSSL is installed.
#[test]
fn a_key_of_openssl_signs() {
    let site = Site::new();
    let path = site.path("openssl.pem");
    let made = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&path).output();
    if !made.is_ok_and(|made| made.status.success()) {
        return;
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let key = SecretKey::read(&path).unwrap();
    let approvers = Approvers::from([("ada".to_owned(), key.public())]);
    let folder = site.path("p");
    proposal::write(&proved("sensors.json"), &folder).unwrap();
    approve(&folder, &key, "ada", &approvers, AT).unwrap();
    verify_signature(&folder, &approvers).unwrap();
    // OpenSSL also reads the keys that are written here.
    let own = site.path("own.pem");
    keygen(&own).unwrap();
    let read = Command::new("openssl").args(["pkey", "-noout", "-in"]).arg(&own).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}

#[test]
fn the_page_is_whole_and_says_what_others_wrote_as_text() {
    let mut hostile = model("library.json");
    let script = "<script>alert('x')</script><img src=x onerror=y>\"&";
    hostile.description = script.to_owned();
    hostile.entities[0].description = script.to_owned();
    hostile.entities[0].reason = script.to_owned();
    hostile.entities[0].fields[1].description = script.to_owned();
    hostile.entities[0].fields[1].reason = script.to_owned();
    hostile.entities[0].calls[0].description = script.to_owned();
    hostile.relations[0].reason = script.to_owned();
    hostile.risks.push(script.to_owned());
    hostile.questions.push(script.to_owned());
    let facts = Facts {
        author: Author::Model(script.to_owned()),
        rounds: vec![(
            Round { result: script.to_owned(), tokens: Some(1), milliseconds: 1 },
            proposal::Contents::new(),
        )],
        ..facts()
    };
    let page =
        String::from_utf8(Proposal::of(&hostile, facts).unwrap().files.remove(REPORT).unwrap()).unwrap();
    for part in ["<script", "<img", "onerror=y>", "http://", "https://", "src=", "href=", "url("] {
        let rest = page.replace("http://www.w3.org/2000/svg", "").replace("&lt;img src=x onerror=y&gt;", "");
        assert!(!rest.contains(part), "the page has {part}");
    }
    let mut before = model("library.json");
    before.entities[0].fields[1].required = false;
    let old = beds_design::render::render(&before, &Old::new()).unwrap().domains;
    let facts = Facts { before: old.iter().collect(), ..self::facts() };
    let proposal = Proposal::of(&model("library.json"), facts).unwrap();
    let page = String::from_utf8(proposal.files[REPORT].clone()).unwrap();
    assert!(page.contains("breaking"), "what breaks is said");
    let differences = [
        check(&folder("golden/library.html"), &page),
        check(&folder("golden/proposal.toml"), &String::from_utf8(proposal.files[MANIFEST].clone()).unwrap()),
    ];
    assert!(differences.iter().all(Option::is_none), "{differences:?}");
}

/// The other tools accept the folder as a project.
#[test]
fn the_compiler_reads_the_folder_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    for name in ["library", "sensors"] {
        let folder = place.path().join(name);
        let proposal = Proposal::of(&model(&format!("{name}.json")), facts()).unwrap();
        proposal::write(&proposal, &folder).unwrap();
        let output = Compiler::of_project(&[folder.join("templates")], None).compile().unwrap();
        assert!(output.warnings.is_empty(), "{}", output.warnings);
        assert_eq!(
            output.domains.len(),
            proposal.manifest.steps.iter().filter(|step| step.what.starts_with("view")).count()
        );
    }
}
