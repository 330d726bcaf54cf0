//! The reference data of the Debian package iso-codes, as records for the templates.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

const FOLDER: &str = "/usr/share/iso-codes/json";

/// A record as JSON, as in the files and in requests.
pub(super) type Record = Map<String, Value>;

/// The records of one template.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) template: &'static str,
    pub(super) title: &'static str,
    /// The records in waves. A wave is loaded after the wave before it, since its records refer to those.
    pub(super) waves: Vec<Vec<Record>>,
}

/// All data to load.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) sets: Vec<Set>,
}

impl Set {
    fn new(template: &'static str, title: &'static str, waves: Vec<Vec<Record>>) -> Self {
        Self { template, title, waves }
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.waves.iter().flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.waves.iter().map(Vec::len).sum()
    }
}

impl Catalog {
    /// Reads the files.
    pub(super) fn read() -> Result<Self> {
        let folder = Path::new(FOLDER);
        let mut subdivisions = read(folder, "3166-2")?;
        for record in &mut subdivisions {
            let country = text(record, "code").get(..2).context("a subdivision has no code")?.to_owned();
            record.insert("country".to_owned(), country.into());
        }
        Ok(Self {
            sets: vec![
                Set::new("country", "countries", vec![read(folder, "3166-1")?]),
                Set::new("subdivision", "subdivisions", parents_first(subdivisions)?),
                Set::new("language", "languages", vec![read(folder, "639-3")?]),
                Set::new("currency", "currencies", vec![read(folder, "4217")?]),
            ],
        })
    }

    /// The records of a template.
    pub(super) fn records(&self, template: &str) -> impl Iterator<Item = &Record> {
        self.sets.iter().filter(move |set| set.template == template).flat_map(Set::records)
    }

    /// The keys of the records that a condition selects, to compare them with a reply.
    pub(super) fn keys<'a>(
        &'a self,
        template: &str,
        key: &str,
        selects: impl Fn(&Record) -> bool,
    ) -> HashSet<&'a str> {
        self.records(template).filter(|record| selects(record)).map(|record| text(record, key)).collect()
    }

    pub(super) fn summary(&self) -> String {
        let sets = self.sets.iter().map(|set| format!("{} {}", super::grouped(set.len()), set.title));
        sets.collect::<Vec<_>>().join(", ")
    }
}

/// A member of a record, if it is text.
pub(super) fn text<'a>(record: &'a Record, member: &str) -> &'a str {
    record.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Each file is an object with one member, named after the standard: the list of records.
fn read(folder: &Path, standard: &str) -> Result<Vec<Record>> {
    let path = folder.join(format!("iso_{standard}.json"));
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut file: HashMap<String, Vec<Record>> =
        serde_json::from_slice(&bytes).with_context(|| format!("{} is not as expected", path.display()))?;
    let records = file.remove(standard).unwrap_or_default();
    ensure!(!records.is_empty(), "{} has no list `{standard}`", path.display());
    Ok(records)
}

/// The records in waves. Each record refers only to records of earlier waves.
fn parents_first(mut rest: Vec<Record>) -> Result<Vec<Vec<Record>>> {
    let mut known = HashSet::new();
    let mut waves = Vec::new();
    while !rest.is_empty() {
        let (wave, later): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|record| parent(record).is_none_or(|code| known.contains(&code)));
        ensure!(!wave.is_empty(), "{} subdivisions have parents that are not in the file", later.len());
        known.extend(wave.iter().map(|record| text(record, "code").to_owned()));
        waves.push(wave);
        rest = later;
    }
    Ok(waves)
}

/// The code of the subdivision that contains this one. Most records leave out the country in that code.
fn parent(record: &Record) -> Option<String> {
    let parent = record.get("parent")?.as_str()?;
    Some(if parent.contains('-') {
        parent.to_owned()
    } else {
        format!("{}-{parent}", text(record, "country"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subdivision(code: &str, parent: Option<&str>) -> Record {
        let mut record = Map::new();
        record.insert("code".into(), code.into());
        record.insert("country".into(), code[..2].into());
        if let Some(parent) = parent {
            record.insert("parent".into(), parent.into());
        }
        record
    }

    #[test]
    fn parents_come_before_their_children() {
        let records = vec![
            subdivision("AZ-BAB", Some("NX")),
            subdivision("AZ-NX", None),
            subdivision("FR-75", Some("FR-IDF")),
            subdivision("FR-IDF", Some("FR-X")),
            subdivision("FR-X", None),
        ];
        let waves = parents_first(records).unwrap();
        let codes: Vec<Vec<&str>> =
            waves.iter().map(|wave| wave.iter().map(|record| text(record, "code")).collect()).collect();
        assert_eq!(codes, [vec!["AZ-NX", "FR-X"], vec!["AZ-BAB", "FR-IDF"], vec!["FR-75"]]);
    }

    #[test]
    fn a_parent_that_does_not_exist_is_an_error() {
        let error = parents_first(vec![subdivision("FR-75", Some("FR-NONE"))]).unwrap_err();
        assert!(error.to_string().contains("not in the file"), "{error}");
    }
}
