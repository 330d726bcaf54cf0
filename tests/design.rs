//! `beds design`, from a model file to a signature, as a user types it. It needs no servers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::json;
use tempfile::TempDir;

struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::create_dir(site.path("config")).unwrap();
        site.configured("");
        site
    }

    /// Writes the configuration.
    fn configured(&self, more: &str) {
        fs::write(self.path("config/beds.toml"), more).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beds"));
        command.env_clear().current_dir(self.0.path()).arg("design").args(args).output().unwrap()
    }

    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }
}

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/design/tests/models/library.json")
}

#[test]
fn a_model_becomes_a_proposal_that_waits_for_its_proofs() {
    let site = Site::new();
    let model = library();
    let model = model.to_str().unwrap();
    let said = site.done(&["new", "--model", model, "--dry-run"]);
    assert!(said.contains("nothing was written"), "{said}");
    let said = site.done(&["new", "--model", model]);
    assert!(said.contains("wrote proposals/library"), "{said}");
    assert!(site.refused(&["new", "--model", model]).contains("exists already"));
    let shown = site.done(&["show", "proposals/library"]);
    for part in
        ["passed  check: 3 templates", "passed  gate", "nobody has approved it", "report.html", "hash "]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let key = site.done(&["keygen", "ada.pem"]);
    let approve = ["approve", "proposals/library", "--key", "ada.pem", "--as", "ada"];
    site.configured(&key.replace("NAME", "ada"));
    // A proposal that no server has proved cannot be signed.
    for more in [&["--dry-run"][..], &[]] {
        let said = site.refused(&[&approve[..], more].concat());
        let expected =
            "it is not proved: objects, verify, grants, conformance, plans; `beds design prove` proves it";
        assert!(said.contains(expected), "{said}");
    }
    // One changed byte.
    let objects = site.path("proposals/library/objects/mariadb.sql");
    let mut bytes = fs::read(&objects).unwrap();
    bytes[100] ^= 1;
    fs::write(&objects, bytes).unwrap();
    assert!(site.refused(&["show", "proposals/library"]).contains("`objects/mariadb.sql` was changed"));
}

/// If a template replaces one that clients know, the page shows the changes for them.
#[test]
fn what_a_template_becomes_is_compared_with_it() {
    let site = Site::new();
    let model = fs::read_to_string(library()).unwrap();
    fs::write(site.path("model.json"), &model).unwrap();
    site.done(&["new", "--model", "model.json"]);
    fs::write(site.path("wish.txt"), "Nobody needs the price of a copy").unwrap();
    let changed = model
        .replace("\"filters\": [\"isbn\", \"price\"]", "\"filters\": [\"isbn\"]")
        .replace("\"fields\": [{ \"role\": \"anyone\", \"hidden\": [\"price\"] }]", "\"fields\": []");
    let price = changed.lines().find(|line| line.contains("\"name\": \"price\"")).unwrap();
    let answer = changed.replace(&format!("{price}\n"), "");
    let template = "proposals/library/templates/book_rec.toml";
    let ask = ["new", "--description", "wish.txt", "--template", template];
    let printed = site.done(&[&ask[..], &["--show-prompt"]].concat());
    // The request is printed as it is sent: the rules, and the wish.
    let wish = printed.split_once("\n\nDesign this domain.").unwrap().1;
    let wish = wish.split_once("\n\nThe answer is to keep").unwrap().0;
    let wish = format!("Design this domain.{wish}");
    let prompt = json!([{ "role": "system", "content": "" }, { "role": "user", "content": wish }]);
    fs::create_dir_all(site.path("kept/rounds")).unwrap();
    fs::write(site.path("kept/rounds/01-request.json"), json!({ "messages": prompt }).to_string()).unwrap();
    let reply = json!({ "answer": { "text": answer, "tokens": null } }).to_string();
    fs::write(site.path("kept/rounds/01-reply.json"), reply).unwrap();
    let said = site.done(&[&ask[..], &["--replay", "kept", "--out", "changed"]].concat());
    assert!(said.contains("breaking for clients: book: "), "{said}");
    assert!(site.done(&["show", "changed"]).contains("breaking for clients: book: "));
    let manifest = fs::read_to_string(site.path("changed/proposal.toml")).unwrap();
    assert!(manifest.contains("breaking") && manifest.contains("price"), "{manifest}");
    let page = fs::read_to_string(site.path("changed/report.html")).unwrap();
    assert!(page.contains("breaking"), "{page}");
}

/// An entity with the name of a template takes its place: its old records come over, or it is said why they do not.
#[test]
fn old_records_have_a_way_into_another_database() {
    let site = Site::new();
    let models = library().with_file_name("");
    let text = |name: &str| fs::read_to_string(models.join(name)).unwrap();
    fs::write(site.path("shop.json"), text("shop.json")).unwrap();
    fs::write(site.path("shop_2.json"), text("shop_2.json")).unwrap();
    site.done(&["new", "--model", "shop.json"]);
    let against = ["--against", "proposals/shop/templates"];
    let said = site.done(&[&["new", "--model", "shop.json", "--dry-run"], &against[..]].concat());
    assert!(said.contains("old records: customer is in the database shop of MariaDB already"), "{said}");
    let said = site.done(&[&["new", "--model", "shop_2.json"], &against[..]].concat());
    for part in [
        "breaking for clients: customer: ",
        "migration of old records: customer_before to customer, in migrations/01_customer.json",
        "nothing of purchase takes over what purchase_before has: note",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let shown = site.done(&["show", "proposals/shop_2"]);
    assert!(shown.contains("in migrations/02_purchase.json"), "{shown}");
    fs::write(
        site.path("shop_2.json"),
        text("shop_2.json").replace(", \"before\": { \"from\": \"total\" }", ""),
    )
    .unwrap();
    let said = site.refused(&[&["new", "--model", "shop_2.json", "--out", "other"], &against[..]].concat());
    assert!(said.contains("entities[0].fields[2]: old records give `amount` no value"), "{said}");
    assert!(!site.path("other").exists());
    fs::write(site.path("wish.txt"), "Names in full").unwrap();
    let template = "proposals/shop/templates/customer_rec.toml";
    let prompt = ["new", "--description", "wish.txt", "--show-prompt", "--template", template];
    assert!(site.done(&prompt).contains("Write `before` if it was renamed"));
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let site = Site::new();
    let text = fs::read_to_string(library()).unwrap();
    fs::write(site.path("model.json"), text.replace("\"isbn\", \"price\"", "\"isbm\", \"price\"")).unwrap();
    let said = site.refused(&["new", "--model", "model.json"]);
    assert!(said.contains("entities[0].filters[0]") && said.contains("did you mean `isbn`?"), "{said}");
    assert!(!site.path("proposals").exists());
    assert!(site.refused(&["new"]).contains("--model"));
    // A finished model has its engine and its database, and nobody is asked.
    for option in
        ["--engine=mongodb", "--database=x", "--show-prompt", "--attempts=2", "--replay=x", "--template=x"]
    {
        let said = site.refused(&["new", "--model", "model.json", option]);
        assert!(said.contains("cannot be used with"), "{option}: {said}");
    }
    fs::write(site.path("wish.txt"), "A library").unwrap();
    let said = site.refused(&["new", "--description", "wish.txt"]);
    assert!(said.contains("no model can be asked"), "{said}");
    let prompt = site.done(&["new", "--description", "wish.txt", "--show-prompt"]);
    assert!(prompt.contains("A library") && prompt.contains("\"$defs\""), "{prompt}");
    site.configured("[design]\nurl = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\nattempts = 1\n");
    let said = site.refused(&["new", "--description", "wish.txt"]);
    assert!(said.contains("no answer passed in 1 attempts") && said.contains("proposals/failed"), "{said}");
    assert!(site.path("proposals/failed/rounds/01-request.json").exists());
    site.configured("[design.approvers]\nada = \"rsa\"\n");
    assert!(site.refused(&["show", "proposals/failed"]).contains("[design.approvers] ada"));
    assert!(site.done(&["schema"]).contains("\"A domain of BEDS"));
}
