//! Cool storage: nodes make archives while they die and disks fill, and records are read and restored from the
//! archives.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use beds_client::Request;
use beds_devstack::Node;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

use crate::{
    common::Beds,
    site::{Guest, Site, guest_of, id},
};

/// Variables for nodes that keep archives.
fn variables(folder: &Path) -> [(&'static str, String); 4] {
    [
        // Slow enough that no job ends before it is disturbed.
        ("BEDS__JOBS__RECORDS_PER_S", "1000".to_owned()),
        ("BEDS__NODE__SERVICES", "app_server,segundo".to_owned()),
        ("BEDS__SHARED_FILESYSTEM__PATH", folder.display().to_string()),
        ("BEDS__SHARED_FILESYSTEM__FREE_BYTES_MIN", "65536".to_owned()),
    ]
}

/// A separate site, whose nodes share a folder.
async fn sharing(count: usize, folder: &Path, program: impl Fn() -> Beds + Send + 'static) -> Guest<'static> {
    let variables = variables(folder);
    guest_of(move || {
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        Site::of(count, &variables, program)
    })
    .await
}

fn plain() -> Beds {
    Beds::new(&[])
}

/// Records without the field that counts their changes.
fn without_revision(records: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut records = records.clone();
    for record in records.values_mut() {
        record.as_object_mut().unwrap().remove("revision");
    }
    records
}

/// Kills the node that runs a job, and starts it again.
async fn kill_worker(guest: &Guest<'_>, job: &str) {
    let shown = guest.until(job, "a node works at it", |job| job["node"].is_string()).await;
    let number: usize = shown["node"].as_str().unwrap().strip_prefix("worker-").unwrap().parse().unwrap();
    let nodes: &[Node] = &guest.site.nodes;
    nodes[number].kill();
    nodes[number].await_end().unwrap();
    nodes[number].restart().unwrap();
    nodes[number].await_ready().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_made_while_nodes_die_and_gives_back_what_it_got() {
    const COUNT: u32 = 2_000;
    let folder = tempfile::tempdir().unwrap();
    let guest = sharing(2, folder.path(), plain).await;
    let series = guest.samples(COUNT);
    let before = guest.all("sample_row", &series).await;
    let args = json!({"template": "sample_row", "where": {"series": series}, "chunk": 50});

    let dry = id(&guest.call("cool", "start", merged(&args, &json!({"dry_run": true}))).await);
    let done = guest.until_state(&dry, "done").await;
    assert_eq!(
        (&done["result"]["counts"]["archived"], &done["result"]["archive"]),
        (&json!(COUNT), &Value::Null)
    );
    assert!(!folder.path().join("cool").exists(), "nothing is written");

    let archive = id(&guest.call("cool", "start", merged(&args, &json!({"mode": "move"}))).await);
    guest.until(&archive, "it goes on", |job| job["done"].as_u64() > Some(300)).await;
    kill_worker(&guest, &archive).await;
    // A record that is in the archive already is changed: it stays in the database.
    guest.until(&archive, "it goes on", |job| job["done"].as_u64() > Some(500)).await;
    guest.call("job", "pause", json!({"id": archive})).await;
    let paused = guest.until_state(&archive, "paused").await;
    assert_eq!(paused["checkpoint"]["phase"], "write", "{paused:#}");
    let first = before.values().min_by_key(|record| record["id"].as_str().map(str::to_owned)).unwrap();
    let (first_key, first_code) = (&first["id"], first["code"].as_str().unwrap());
    let body = json!({"key": first_key, "data": {"name": "Changed"}}).to_string();
    assert_eq!(guest.send(Request::raw("sample_row.update", body)).await["ok"], true);
    guest.call("job", "resume", json!({"id": archive})).await;
    guest.until(&archive, "it takes away", |job| job["done"].as_u64() > Some(2_400)).await;
    kill_worker(&guest, &archive).await;
    let done = guest.until_state(&archive, "done").await;
    let counts = json!({"archived": COUNT, "deleted": COUNT - 1, "changed": 1, "refused": 0});
    assert_eq!(
        (&done["result"]["counts"], &done["result"]["archive"]),
        (&counts, &json!(archive)),
        "{done:#}"
    );
    let left = guest.all("sample_row", &series).await;
    assert_eq!(left.keys().collect::<Vec<_>>(), [first_code]);
    assert_eq!(left[first_code]["name"], "Changed");
    assert_eq!(guest.rejects(&archive).await[0]["record"], *first_key);

    // The list of archives.
    let listed = guest.call("cool", "list", json!({"template": "sample_row"})).await;
    let entry = &listed["data"][0];
    assert_eq!((&entry["archive"], &entry["count"]), (&json!(archive), &json!(COUNT)), "{listed:#}");
    assert_eq!(entry["least"], json!([first_key]));
    let last = before.values().nth(1_000).unwrap();
    for name in [json!(archive), Value::Null] {
        let args = json!({"archive": name, "template": "sample_row", "key": last["id"]});
        let found = guest.call("cool", "find", args).await;
        assert_eq!(
            (&found["data"]["record"], &found["data"]["archive"]),
            (last, &json!(archive)),
            "{found:#}"
        );
    }
    let absent = json!({"template": "sample_row", "key": "018f0000-0000-7000-8000-000000000000"});
    assert_eq!(guest.call("cool", "find", absent).await["error"]["code"], "not_found");

    // One flipped bit.
    let segment = folder.path().join(format!("cool/sample_row/{archive}/000002.ndjson.zst"));
    let verified = id(&guest.call("cool", "verify", json!({"archive": archive})).await);
    let done = guest.until_state(&verified, "done").await;
    assert_eq!(
        (&done["result"]["records"], &done["result"]["damages"]),
        (&json!(COUNT), &json!([])),
        "{done:#}"
    );
    flip(&segment);
    let verified = id(&guest.call("cool", "verify", json!({"archive": archive})).await);
    let failed = guest.until_state(&verified, "failed").await;
    let damage = &failed["result"]["damages"][0];
    assert_eq!(
        (&damage["file"], &damage["records"]),
        (&json!("000002.ndjson.zst"), &json!(50)),
        "{failed:#}"
    );
    assert!(
        failed["last_error"].as_str().unwrap().contains("one file is damaged, with 50 records"),
        "{failed:#}"
    );
    flip(&segment);
    // The files that `b3sum --check` reads, and the manifest of the archive.
    for name in ["BLAKE3SUMS", "manifest.json"] {
        let file = folder.path().join(format!("cool/sample_row/{archive}/{name}"));
        flip(&file);
        let verified = id(&guest.call("cool", "verify", json!({"archive": archive})).await);
        let failed = guest.until_state(&verified, "failed").await;
        assert_eq!(failed["result"]["damages"][0]["file"], name, "{failed:#}");
        flip(&file);
    }

    // Restores the records, including the one that was changed.
    let args = json!({"archive": archive, "on_conflict": "replace", "chunk": 70});
    let restored = id(&guest.call("cool", "restore", args).await);
    guest.until(&restored, "it goes on", |job| job["done"].as_u64() > Some(200)).await;
    kill_worker(&guest, &restored).await;
    let done = guest.until_state(&restored, "done").await;
    let result = &done["result"];
    assert_eq!((&result["equal"], &result["source"]), (&json!(true), &result["target"]), "{done:#}");
    assert_eq!(
        (&result["source"]["count"], &result["counts"]["replaced"]),
        (&json!(COUNT), &json!(1)),
        "{done:#}"
    );
    let after = guest.all("sample_row", &series).await;
    assert_eq!(without_revision(&after), without_revision(&before));
}

#[tokio::test(flavor = "multi_thread")]
async fn some_of_an_archive_comes_back_and_what_is_wrong_is_told_before() {
    let folder = tempfile::tempdir().unwrap();
    let guest = sharing(1, folder.path(), plain).await;
    let series = guest.samples(30);
    let start = async |args: Value| guest.call("cool", "start", args).await;
    for (args, field) in [
        (json!({"template": "sample_row", "where": {"serie": "x"}}), "args.where.serie"),
        (json!({"template": "country", "mode": "copy", "where": 7}), "args.where"),
    ] {
        let wrong = start(args).await;
        assert_eq!(wrong["error"]["details"][0]["field"], field, "{wrong:#}");
    }
    assert_eq!(start(json!({"template": "sample_rows"})).await["error"]["code"], "unknown_template");
    let args = json!({"template": "sample_row", "where": {"series": series}, "mode": "move", "chunk": 7});
    let archive = id(&start(args).await);
    guest.until_state(&archive, "done").await;
    assert_eq!(guest.count("sample_row", &series).await, 0);

    let restore = async |more: Value| {
        let args = merged(&json!({"archive": archive}), &more);
        guest.call("cool", "restore", args).await
    };
    let wrong = restore(json!({"where": {"statu": "draft", "stock": {"gt": 1}}})).await;
    let details = &wrong["error"]["details"];
    assert!(details[0]["reason"].as_str().unwrap().contains("did you mean `status`?"), "{wrong:#}");
    assert!(details[1]["reason"].as_str().unwrap().contains("supports no other conditions"), "{wrong:#}");
    // A value that no record can have is reported. Otherwise nothing would be restored, and the job would succeed.
    let wrong = restore(json!({"where": {"number": "5", "day": "yesterday", "flag": null}})).await;
    let fields: Vec<_> =
        wrong["error"]["details"].as_array().unwrap().iter().map(|detail| &detail["field"]).collect();
    assert_eq!(fields, ["args.where.number", "args.where.day"], "{wrong:#}");
    let done = guest.until_state(&id(&restore(json!({"where": {"status": "draft"}})).await), "done").await;
    assert_eq!((&done["result"]["counts"]["created"], &done["result"]["equal"]), (&json!(10), &json!(true)));
    let back = guest.all("sample_row", &series).await;
    assert!(back.len() == 10 && back.values().all(|record| record["status"] == "draft"), "{back:#?}");
    // A number equals the same number with trailing zeros.
    let amount = back.values().find_map(|record| record["amount"].as_str()).unwrap();
    let args = json!({"where": {"amount": format!("{amount}0")}, "on_conflict": "skip"});
    let done = guest.until_state(&id(&restore(args).await), "done").await;
    assert!(done["result"]["counts"]["read"].as_u64() >= Some(1), "{done:#}");
    let nobody = json!({"archive": "018f0000-0000-7000-8000-000000000000"});
    assert_eq!(guest.call("cool", "verify", nobody.clone()).await["error"]["code"], "not_found");
    assert_eq!(guest.call("cool", "restore", nobody.clone()).await["error"]["code"], "not_found");
    let key = back.values().next().unwrap()["id"].clone();
    let found =
        guest.call("cool", "find", merged(&nobody, &json!({"template": "sample_row", "key": key}))).await;
    assert!(found["error"]["message"].as_str().unwrap().starts_with("there is no archive"), "{found:#}");

    // A value that cannot be shown could not be restored. So its record is not archived, and stays.
    let series = guest.samples(20);
    let sql = format!(
        "set sql_mode = ''; update sample set day = '1987-00-00' where series = '{series}' and number in (3, 4)"
    );
    guest.site.stack.mariadb_query(Some("catalog"), &sql).unwrap();
    let args = json!({"template": "sample_row", "where": {"series": series}, "mode": "move", "chunk": 7});
    let done = guest.until_state(&id(&start(args).await), "done").await;
    let counts = json!({"archived": 18, "deleted": 18, "changed": 0, "refused": 2});
    assert_eq!((&done["result"]["counts"], &done["rejects"]), (&counts, &json!(2)), "{done:#}");
    assert_eq!(guest.count("sample_row", &series).await, 2);

    // A document with members that the template does not name is not moved either. A copy reports how many there are.
    let series = guest.samples(10);
    let moving =
        json!({"from": "sample_row", "to": "sample_document", "where": {"series": series}, "mode": "move"});
    guest.until_state(&guest.start(moving).await, "done").await;
    let mongo = mongodb::Client::with_uri_str(guest.site.stack.mongodb_url()).await.unwrap();
    let samples = mongo.database("journal").collection::<Document>("samples");
    let (of, more) = (doc! { "series": &series, "number": 3 }, doc! { "$set": { "secret": "here alone" } });
    samples.update_one(of.clone(), more).bypass_document_validation(true).await.unwrap();
    for (mode, counts) in [
        ("copy", json!({"archived": 10, "deleted": 0, "changed": 0, "refused": 0, "partial": 1})),
        ("move", json!({"archived": 9, "deleted": 9, "changed": 0, "refused": 1})),
    ] {
        let args = json!({"template": "sample_document", "where": {"series": series}, "mode": mode});
        let done = guest.until_state(&id(&start(args).await), "done").await;
        assert_eq!(done["result"]["counts"], counts, "{done:#}");
    }
    assert_eq!(samples.find_one(of).await.unwrap().unwrap().get_str("secret").unwrap(), "here alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_is_gone_or_is_no_file_ends_the_job_and_hangs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let guest = sharing(1, folder.path(), plain).await;
    let series = guest.samples(30);
    let record = guest.all("sample_row", &series).await.into_values().next().unwrap();
    let args = json!({"template": "sample_row", "where": {"series": series}, "chunk": 30});
    let archive = id(&guest.call("cool", "start", args).await);
    guest.until_state(&archive, "done").await;
    let segment = folder.path().join(format!("cool/sample_row/{archive}/000001.ndjson.zst"));
    let odd: [fn(&Path); 3] = [
        |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
        |path| fs::remove_dir(path).unwrap(),
    ];
    fs::remove_file(&segment).unwrap();
    for (make, reason) in odd.into_iter().zip(["it is not a file", "it is not a file", "it is not there"]) {
        make(&segment);
        // More requests than there are threads for files.
        for _ in 0..10 {
            let args = json!({"archive": archive, "template": "sample_row", "key": record["id"]});
            let found = guest.call("cool", "find", args).await;
            assert_eq!(found["error"]["code"], "internal", "{found:#}");
        }
        for (call, args) in [
            ("restore", json!({"archive": archive, "on_conflict": "skip"})),
            ("restore", json!({"archive": archive, "dry_run": true})),
            ("verify", json!({"archive": archive})),
        ] {
            let job = id(&guest.call("cool", call, args).await);
            let failed = guest.until(&job, "it fails", |job| job["state"] == "failed").await;
            let told = format!("{}{}", failed["last_error"], failed["result"]["damages"]);
            assert!(told.contains(reason), "{call}: {failed:#}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_read_only_or_gone_pauses_the_job_and_loses_nothing() {
    const COUNT: u32 = 1_200;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display().to_string();
    let script = format!("mount -t tmpfs -o size=1m none {at}; exec {} node", env!("CARGO_BIN_EXE_beds"));
    let unshared = move || Beds::program(Path::new("unshare"), &["--mount", "sh", "-ec", &script]);
    let guest = sharing(1, folder.path(), unshared).await;
    let series = guest.samples(COUNT);
    let before = guest.all("sample_row", &series).await;
    // A mount that only the node sees.
    let pid = guest.site.nodes[0].pid();
    let inside = |script: &str| {
        let pid = pid.to_string();
        let ran = Command::new("nsenter").args(["-t", &pid, "-m", "sh", "-ec", script]).status().unwrap();
        assert!(ran.success(), "{script}");
    };
    // Room for a few segments.
    inside(&format!("head -c 960000 /dev/zero > {at}/rest"));
    let args = json!({"template": "sample_row", "where": {"series": series}, "mode": "move", "chunk": 20});
    let archive = id(&guest.call("cool", "start", args).await);
    let paused = async |said: &str| {
        let paused = guest.until_state(&archive, "paused").await;
        assert!(paused["last_error"].as_str().unwrap().contains(said), "{paused:#}");
        paused["done"].as_u64().unwrap()
    };
    let done = paused("the filesystem is full").await;
    assert!(done > 0 && done < u64::from(COUNT), "{done}");
    assert_eq!(
        guest.all("sample_row", &series).await,
        before,
        "nothing is taken away before all is archived"
    );
    for (harm, said, mend) in [
        ("mount -o remount,ro AT", "the filesystem is read-only", "mount -o remount,rw AT"),
        ("mount -t tmpfs none AT", "it is not there; is the filesystem mounted?", "umount AT"),
    ] {
        inside(&harm.replace("AT", &at));
        guest.call("job", "resume", json!({"id": archive})).await;
        assert_eq!(paused(said).await, done);
        inside(&mend.replace("AT", &at));
    }
    inside(&format!("rm {at}/rest"));
    guest.call("job", "resume", json!({"id": archive})).await;
    let ended = guest.until_state(&archive, "done").await;
    assert_eq!(ended["result"]["counts"]["deleted"], COUNT, "{ended:#}");
    assert_eq!(guest.count("sample_row", &series).await, 0);
    let restored = id(&guest.call("cool", "restore", json!({"archive": archive})).await);
    guest.until_state(&restored, "done").await;
    let after = guest.all("sample_row", &series).await;
    assert_eq!(without_revision(&after), without_revision(&before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filesystem_that_does_not_answer_does_not_hang_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let guest = sharing(1, folder.path(), plain).await;
    let series = guest.samples(20);
    // A filesystem that never answers, like one whose server is away. Mounting it needs root and `/dev/fuse`.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/jobs/hang.py");
    let mut hanging = Command::new("/usr/bin/python3");
    hanging.arg(script).arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut hanging = hanging.spawn().unwrap();
    let mut told = String::new();
    BufReader::new(hanging.stdout.take().unwrap()).read_line(&mut told).unwrap();
    if told != "hangs\n" {
        let ended = hanging.wait().unwrap();
        eprintln!("left out, as no filesystem can be mounted here: {ended}");
        return;
    }
    let asked = (0..12).map(|_| {
        let list = Request::call("cool", "list", &json!({"template": "sample_row"}));
        guest.send(list.timeout(Duration::from_secs(5)))
    });
    for reply in futures_util::future::join_all(asked).await {
        assert_eq!(reply["error"]["code"], "unavailable", "{reply:#}");
        assert!(reply["error"]["message"].as_str().unwrap().contains("does not answer in time"), "{reply:#}");
    }
    let args = json!({"template": "sample_row", "where": {"series": series}});
    let archive = id(&guest.call("cool", "start", args).await);
    let says = |job: &Value| job["last_error"].as_str().is_some_and(|said| said.contains("does not answer"));
    let waits = guest.until(&archive, "it waits", says).await;
    assert_eq!(waits["state"], "running", "{waits:#}");
    guest.call("job", "pause", json!({"id": archive})).await;
    guest.until_state(&archive, "paused").await;
    assert_eq!(guest.count("sample_row", &series).await, 20, "the node serves");
    // The filesystem answers again.
    drop(hanging.stdin.take());
    assert!(hanging.wait().unwrap().success());
    guest.call("job", "resume", json!({"id": archive})).await;
    let done = guest.until_state(&archive, "done").await;
    assert_eq!(done["result"]["counts"]["archived"], 20, "{done:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_a_full_disk_pauses_goes_on_by_itself_when_there_is_room() {
    const COUNT: u32 = 600;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display().to_string();
    let script = format!("mount -t tmpfs -o size=1m none {at}; exec {} node", env!("CARGO_BIN_EXE_beds"));
    let unshared = move || {
        let beds = Beds::program(Path::new("unshare"), &["--mount", "sh", "-ec", &script]);
        beds.env(&[("BEDS__JOBS__RESUME_S", "1")])
    };
    let guest = sharing(1, folder.path(), unshared).await;
    let series = guest.samples(COUNT);
    let pid = guest.site.nodes[0].pid().to_string();
    let inside = |script: &str| {
        let ran = Command::new("nsenter").args(["-t", &pid, "-m", "sh", "-ec", script]).status().unwrap();
        assert!(ran.success(), "{script}");
    };
    inside(&format!("head -c 960000 /dev/zero > {at}/rest"));
    let args = json!({"template": "sample_row", "where": {"series": series}, "mode": "move", "chunk": 20});
    let archive = id(&guest.call("cool", "start", args).await);
    let waits = |job: &Value| {
        job["state"] == "paused" && job["last_error"].as_str().is_some_and(|said| said.contains("is full"))
    };
    guest.until(&archive, "it pauses, and says why", waits).await;
    // A job that a user has paused stays paused.
    assert_eq!(guest.call("job", "pause", json!({"id": archive})).await["ok"], true);
    guest.until_state(&archive, "paused").await;
    let sql = format!("select resumes from job where id = '{archive}'");
    assert_eq!(guest.site.stack.mariadb_query(Some("jobs"), &sql).unwrap().trim(), "0");
    guest.call("job", "resume", json!({"id": archive})).await;
    guest.until(&archive, "it pauses again", waits).await;
    inside(&format!("rm {at}/rest"));
    let ended = guest.until_state(&archive, "done").await;
    assert_eq!(ended["result"]["counts"]["deleted"], COUNT, "{ended:#}");
    assert_eq!(guest.count("sample_row", &series).await, 0);
}

/// An object with the members of both.
fn merged(one: &Value, other: &Value) -> Value {
    let mut all = one.as_object().unwrap().clone();
    all.extend(other.as_object().unwrap().clone());
    Value::Object(all)
}

/// Flips one bit in the middle of a file.
fn flip(path: &Path) {
    let mut content = fs::read(path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 0b1000;
    fs::write(path, content).unwrap();
}
