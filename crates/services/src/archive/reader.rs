//! [`Archive`]: reads a finished archive.

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
};

use super::{
    fault::{Fault, FaultKind},
    files,
    key::Key,
    manifest::{FORMAT, MANIFEST, Manifest, SUMS, Segment, sum},
};

/// The greatest size of a segment after decompression, in bytes: 256 MiB.
const TEXT_BYTES_MAX: usize = 256 << 20;

/// A finished archive.
#[derive(Debug)]
pub struct Archive {
    folder: PathBuf,
    manifest: Manifest,
}

/// The result of a scrub.
#[derive(Debug, PartialEq, Eq)]
pub struct Scrubbed {
    /// How many records are intact.
    pub records: u64,
    /// The damaged files.
    pub damages: Vec<Damage>,
}

/// A damaged file.
#[derive(Debug, PartialEq, Eq)]
pub struct Damage {
    /// Its name.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
    /// How many records are in it.
    pub records: u64,
}

impl Archive {
    /// Opens an archive, and checks the digest of its manifest.
    ///
    /// # Errors
    /// An error of the filesystem, or an archive that is not finished, damaged, or of another version.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        let (sums, path) = (folder.join(SUMS), folder.join(MANIFEST));
        if !sums.try_exists().map_err(Fault::of(&sums))? && folder.is_dir() {
            return Err(Fault::damaged(&sums, "it is not there: the archive was never finished"));
        }
        let listed = files::read(&sums)?;
        let text = files::read(&path).map_err(|fault| match fault.kind {
            // The filesystem is there: the digests beside the manifest could be read.
            FaultKind::Missing => Fault::damaged(&path, "it is not there"),
            _ => fault,
        })?;
        let wanted = sum(&files::digest(&text), MANIFEST);
        if !lines(&String::from_utf8_lossy(&listed)).any(|line| line == wanted) {
            return Err(Fault::damaged(&path, format!("its digest is not the one in {SUMS}")));
        }
        let format = serde_json::from_slice(&text).ok().and_then(|manifest: serde_json::Value| {
            manifest.get("format").and_then(serde_json::Value::as_str).map(str::to_owned)
        });
        if format.as_deref() != Some(FORMAT) {
            let format = format.unwrap_or_else(|| "none".to_owned());
            let what = format!("its format is {format}, and this version reads {FORMAT}");
            return Err(Fault { path, kind: FaultKind::Unknown(what) });
        }
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| Fault::damaged(&path, error.to_string()))?;
        if let Some(foreign) = manifest.segments.iter().find(|segment| !is_plain(&segment.file)) {
            return Err(Fault::damaged(&path, format!("{:?} is not the name of a segment", foreign.file)));
        }
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// Whether there is a finished archive, intact or not.
    #[must_use]
    pub fn is_finished(folder: &Path) -> bool {
        folder.join(SUMS).exists()
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The records of a segment, a line each, as they were written.
    ///
    /// # Errors
    /// An error of the filesystem, or a damaged segment.
    pub fn segment(&self, segment: &Segment) -> Result<String, Fault> {
        let path = self.folder.join(&segment.file);
        let stored = files::read(&path)?;
        if stored.len() as u64 != segment.bytes_stored {
            let found = stored.len();
            return Err(Fault::damaged(&path, format!("it has {found} bytes of {}", segment.bytes_stored)));
        }
        if files::digest(&stored) != segment.blake3 {
            return Err(Fault::damaged(&path, "its digest is not the one in the manifest"));
        }
        decompress(&path, &stored)
    }

    /// The record with a key; `None` if the archive has none. Segments whose keys are all less or all greater are not
    /// read.
    ///
    /// # Errors
    /// An error of the filesystem, or damage in a segment that may hold the record.
    pub fn find(&self, key: &Key) -> Result<Option<String>, Fault> {
        let may_have = |segment: &&Segment| segment.least <= *key && *key <= segment.greatest;
        // A record whose text lacks a value of the key need not be parsed.
        let parts: Vec<String> = key.0.iter().map(ToString::to_string).collect();
        for segment in self.manifest.segments.iter().filter(may_have) {
            let text = self.segment(segment)?;
            let found = lines(&text)
                .filter(|line| parts.iter().all(|part| line.contains(part.as_str())))
                .find(|line| Key::of(line, &self.manifest.about.key).as_ref() == Some(key));
            if let Some(record) = found {
                return Ok(Some(record.to_owned()));
            }
        }
        Ok(None)
    }

    /// Reads the whole archive and compares it with the manifest. `progress` gets the number of segments read.
    ///
    /// # Errors
    /// The filesystem is away or does not let the node read. Then the state of the archive is unknown.
    pub fn scrub(&self, mut progress: impl FnMut(u64)) -> Result<Scrubbed, Fault> {
        let mut scrubbed = Scrubbed { records: 0, damages: Vec::new() };
        for (number, segment) in (1..).zip(&self.manifest.segments) {
            match self.segment(segment) {
                Ok(text) if lines(&text).count() as u64 == segment.count => {
                    scrubbed.records += segment.count;
                }
                Ok(_) => {
                    scrubbed.damages.push(Damage::of(segment, "its count is not the one in the manifest"));
                }
                Err(fault) if self.is_of_file(&fault) => {
                    scrubbed.damages.push(Damage::of(segment, fault.kind.to_string()));
                }
                Err(fault) => return Err(fault),
            }
            progress(number);
        }
        let listed = files::read(&self.folder.join(SUMS))?;
        let listed = String::from_utf8_lossy(&listed);
        let listed: Vec<&str> = lines(&listed).collect();
        let is_missing = |segment: &&Segment| !listed.contains(&sum(&segment.blake3, &segment.file).as_str());
        if let Some(segment) = self.manifest.segments.iter().find(is_missing) {
            let what = format!("its line of {} differs from the manifest", segment.file);
            scrubbed.damages.push(Damage { file: SUMS.to_owned(), what, records: 0 });
        }
        Ok(scrubbed)
    }

    /// Whether a fault concerns one file: if the folder can be read, the filesystem is not away.
    fn is_of_file(&self, fault: &Fault) -> bool {
        match fault.kind {
            FaultKind::Damaged(_) => true,
            FaultKind::Missing | FaultKind::Other(_) => files::read(&self.folder.join(SUMS)).is_ok(),
            FaultKind::Full
            | FaultKind::ReadOnly
            | FaultKind::Denied
            | FaultKind::Unknown(_)
            | FaultKind::NoRecord(_) => false,
        }
    }
}

impl Damage {
    fn of(segment: &Segment, what: impl Into<String>) -> Self {
        Self { file: segment.file.clone(), what: what.into(), records: segment.count }
    }
}

/// Whether a name is the name of a segment, and does not lead out of the folder.
fn is_plain(file: &str) -> bool {
    file.strip_suffix(".ndjson.zst").is_some_and(|number| u64::from_str(number).is_ok())
}

/// The lines of a text, each of which ends with a line feed.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_terminator('\n')
}

/// The content of a segment.
pub(super) fn decompress(path: &Path, stored: &[u8]) -> Result<String, Fault> {
    let size = zstd::zstd_safe::get_frame_content_size(stored).ok().flatten();
    let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= TEXT_BYTES_MAX);
    let size = size.ok_or_else(|| Fault::damaged(path, "it is not a segment of an archive"))?;
    let text =
        zstd::bulk::decompress(stored, size).map_err(|error| Fault::damaged(path, error.to_string()))?;
    String::from_utf8(text).map_err(|_| Fault::damaged(path, "it is not UTF-8"))
}
