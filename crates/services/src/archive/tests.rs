//! Archives on a real filesystem: written, continued, damaged, read.

use std::{fs, path::Path};

use serde_json::json;

use super::*;

fn about() -> About {
    About {
        template: "order".to_owned(),
        template_hash: "1f2e3d4c".to_owned(),
        key: vec!["id".to_owned()],
        created_at: "2026-11-27T10:00:00Z".to_owned(),
    }
}

fn record(id: u64) -> String {
    json!({"id": id, "title": format!("Order {id}: ünï, \"quoted\"\n"), "price": "12.50"}).to_string()
}

/// Writes the segment with these records.
fn write(writer: &Writer, number: u64, ids: impl Iterator<Item = u64>) -> bool {
    let records: Vec<String> = ids.map(record).collect();
    writer.segment(number, &records.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
}

/// An archive of 2,500 records in three segments.
fn archive(folder: &Path) -> Archive {
    let writer = Writer::at(folder, about()).unwrap();
    for number in 0..3 {
        assert!(write(&writer, number + 1, number * 1000..(number * 1000 + 1000).min(2500)));
    }
    writer.finish(|_| ()).unwrap();
    Archive::open(folder).unwrap()
}

fn key(id: u64) -> Key {
    Key(vec![json!(id)])
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    assert_eq!(archive.manifest().count, 2500);
    assert_eq!(archive.manifest().about, about());
    let read: String =
        archive.manifest().segments.iter().map(|segment| archive.segment(segment).unwrap()).collect();
    let written: String = (0..2500).map(|id| record(id) + "\n").collect();
    assert_eq!(read, written);
    let mut progress = Vec::new();
    let scrubbed = archive.scrub(|segments| progress.push(segments)).unwrap();
    assert_eq!(scrubbed, Scrubbed { records: 2500, damages: Vec::new() });
    assert_eq!(progress, [1, 2, 3]);
}

#[test]
fn one_record_is_found_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    for id in [0, 1, 999, 1000, 2499] {
        assert_eq!(archive.find(&key(id)).unwrap(), Some(record(id)), "{id}");
    }
    for absent in [key(2500), Key(vec![json!("1")]), Key(vec![json!(-1)]), Key(Vec::new())] {
        assert_eq!(archive.find(&absent).unwrap(), None, "{absent:?}");
    }
}

#[test]
fn a_segment_that_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let first = Writer::at(folder.path(), about()).unwrap();
    assert!(write(&first, 1, 0..10));
    // It died before its checkpoint. Another writer continues, with records that have changed meanwhile.
    let second = Writer::at(folder.path(), about()).unwrap();
    assert!(!write(&second, 1, 0..9));
    assert!(write(&second, 2, 10..20));
    assert!(!second.is_finished().unwrap());
    let manifest = second.finish(|_| ()).unwrap();
    assert!(second.is_finished().unwrap());
    assert_eq!(manifest.count, 20);
    assert_eq!(first.finish(|_| ()).unwrap(), manifest, "finishing twice changes nothing");
}

#[test]
fn what_a_dead_writer_left_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::at(folder.path(), about()).unwrap();
    write(&writer, 1, 0..10);
    fs::write(folder.path().join(".unfinished-0123-000002.ndjson.zst"), "half").unwrap();
    fs::write(folder.path().join("manifest.json"), "{\"format\": \"beds-arch").unwrap();
    writer.finish(|_| ()).unwrap();
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["000001.ndjson.zst", "BLAKE3SUMS", "manifest.json"]);
    assert_eq!(Archive::open(folder.path()).unwrap().manifest().count, 10);
}

/// Every byte of every file counts.
#[test]
fn any_flipped_bit_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::at(folder.path(), about()).unwrap();
    write(&writer, 1, 0..3);
    write(&writer, 2, 3..5);
    writer.finish(|_| ()).unwrap();
    for name in ["000001.ndjson.zst", "000002.ndjson.zst", "manifest.json"] {
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << (place % 8);
            fs::write(&path, &flipped).unwrap();
            let scrubbed = Archive::open(folder.path()).and_then(|archive| archive.scrub(|_| ()));
            let found = match scrubbed {
                Ok(Scrubbed { damages, .. }) => damages.len() == 1 && damages[0].file == name,
                Err(Fault { kind: FaultKind::Damaged(_), path }) => path.ends_with(name),
                Err(_) => false,
            };
            assert!(found, "byte {place} of {name}");
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn a_damaged_segment_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    fs::remove_file(folder.path().join("000002.ndjson.zst")).unwrap();
    assert_eq!(archive.find(&key(7)).unwrap(), Some(record(7)));
    let fault = archive.find(&key(1007)).unwrap_err().to_string();
    assert!(fault.ends_with("000002.ndjson.zst: it is not there; is the filesystem mounted?"), "{fault}");
    let scrubbed = archive.scrub(|_| ()).unwrap();
    assert_eq!(scrubbed.records, 1500);
    assert_eq!(scrubbed.damages.len(), 1);
    // A missing manifest is damage too.
    fs::remove_file(folder.path().join("manifest.json")).unwrap();
    let fault = Archive::open(folder.path()).unwrap_err();
    assert!(
        !fault.passes() && fault.to_string().ends_with("manifest.json: it is damaged: it is not there"),
        "{fault}"
    );
}

#[test]
fn what_is_no_file_is_damage_and_blocks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let odd: [fn(&Path); 4] = [
        |path| rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RWXU).unwrap(),
        |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap(),
        |path| fs::create_dir(path).unwrap(),
    ];
    for make in odd {
        for name in ["000002.ndjson.zst", "manifest.json", "BLAKE3SUMS"] {
            let path = folder.path().join(name);
            let whole = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            make(&path);
            let scrubbed = Archive::open(folder.path()).and_then(|archive| archive.scrub(|_| ()));
            let found = archive.find(&key(1007));
            let is_damage = match scrubbed {
                Ok(Scrubbed { damages, .. }) => {
                    damages.len() == 1 && damages[0].what.ends_with("it is not a file")
                }
                Err(fault) => !fault.passes() && fault.to_string().ends_with("it is not a file"),
            };
            assert!(is_damage, "{name}");
            assert_eq!(found.is_err(), name.starts_with('0'), "{name}");
            let is_folder = path.symlink_metadata().unwrap().is_dir();
            if is_folder { fs::remove_dir(&path) } else { fs::remove_file(&path) }.unwrap();
            fs::write(&path, whole).unwrap();
        }
    }
    // A writer that resumes there does not wait either.
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::at(folder.path(), about()).unwrap();
    odd[0](&folder.path().join("000001.ndjson.zst"));
    assert!(!writer.written(1).unwrap_err().passes());
    assert!(!writer.finish(|_| ()).unwrap_err().passes());
}

#[test]
fn a_filesystem_that_is_away_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    folder.close().unwrap();
    let fault = archive.scrub(|_| ()).unwrap_err();
    assert!(fault.passes(), "{fault}");
    assert!(Archive::open(Path::new("/nowhere/at/all")).unwrap_err().passes());
}

#[test]
fn what_is_no_finished_archive_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::at(folder.path(), about()).unwrap();
    write(&writer, 1, 0..3);
    let fault = Archive::open(folder.path()).unwrap_err().to_string();
    assert!(fault.contains("the archive was never finished"), "{fault}");

    // Even a manifest with matching digests cannot name a file outside the folder.
    let manifest = writer.finish(|_| ()).unwrap();
    let forge = |text: String| {
        fs::write(folder.path().join("manifest.json"), &text).unwrap();
        let sums = format!("{}  manifest.json\n", blake3::hash(text.as_bytes()));
        fs::write(folder.path().join("BLAKE3SUMS"), sums).unwrap();
        Archive::open(folder.path()).unwrap_err().to_string()
    };
    let text = serde_json::to_string(&manifest).unwrap();
    let fault = forge(text.replace("000001.ndjson.zst", "../../etc/1.ndjson.zst"));
    assert!(fault.contains("is not the name of a segment"), "{fault}");
    let fault = forge(text.replace("beds-archive/1", "beds-archive/2"));
    assert!(fault.contains("its format is beds-archive/2, and this version reads beds-archive/1"), "{fault}");
}

#[test]
fn what_is_no_record_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::at(folder.path(), about()).unwrap();
    for hostile in [&[][..], &["{}"], &["{\"id\":1,\n\"x\":2}"], &["[1]"], &["{\"id\":1}", "{\"id\":"]] {
        let fault = writer.segment(1, hostile).unwrap_err();
        assert!(!fault.passes(), "{hostile:?}: {fault}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left of them");
}

/// How long the lookup of one record among a million takes:
/// `cargo test --release -p beds-services --lib million -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes; run by hand, as docs/services/cool.md says"]
fn a_million_records() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::at(folder.path(), about()).unwrap();
    let begun = std::time::Instant::now();
    for number in 0..200 {
        write(&writer, number + 1, number * 5000..(number + 1) * 5000);
    }
    println!("written in {:?}", begun.elapsed());
    let begun = std::time::Instant::now();
    let manifest = writer.finish(|_| ()).unwrap();
    println!("finished in {:?}: {} records", begun.elapsed(), manifest.count);
    let begun = std::time::Instant::now();
    let archive = Archive::open(folder.path()).unwrap();
    assert!(archive.find(&key(777_777)).unwrap().is_some());
    println!("opened, and one found, in {:?}", begun.elapsed());
    let begun = std::time::Instant::now();
    assert_eq!(archive.scrub(|_| ()).unwrap().records, 1_000_000);
    println!("scrubbed in {:?}", begun.elapsed());
}
