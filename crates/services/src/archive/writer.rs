//! [`Writer`]: makes an archive, segment by segment.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    fault::Fault,
    files,
    key::Key,
    manifest::{About, FORMAT, MANIFEST, Manifest, SUMS, Segment, segment_file, sum},
    reader::{decompress, lines},
};

/// An archive is written once and read seldom. Above the default level, zstd takes far more time for little gain.
const LEVEL: i32 = zstd::DEFAULT_COMPRESSION_LEVEL;

/// Makes an archive. Another writer of the same folder may continue where this one ends.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    about: About,
}

impl Writer {
    /// Begins an archive in a folder, or continues one.
    ///
    /// # Errors
    /// An error of the filesystem.
    pub fn at(folder: &Path, about: About) -> Result<Self, Fault> {
        fs::create_dir_all(folder).map_err(Fault::of(folder))?;
        if let Some(parent) = folder.parent() {
            files::sync_folder(parent)?;
        }
        Ok(Self { folder: folder.to_owned(), about })
    }

    /// Whether the archive is finished, so that nothing can be added.
    ///
    /// # Errors
    /// An error of the filesystem.
    pub fn is_finished(&self) -> Result<bool, Fault> {
        let sums = self.folder.join(SUMS);
        sums.try_exists().map_err(Fault::of(&sums))
    }

    /// Writes the segment of a number; numbers start at 1. The records are JSON objects of one line each. If the
    /// segment exists already, it stays and its content counts, not these records. Returns whether it was written.
    ///
    /// # Errors
    /// An error of the filesystem, or a text that is not a record. Then no part of the segment stays.
    pub fn segment(&self, number: u64, records: &[&str]) -> Result<bool, Fault> {
        let name = segment_file(number);
        let path = self.folder.join(&name);
        if records.is_empty() {
            return Err(Fault::no_record(&path, "a segment has at least one record"));
        }
        let mut lines = String::with_capacity(records.iter().map(|record| record.len() + 1).sum());
        for text in records {
            if text.contains('\n') || Key::of(text, &self.about.key).is_none() {
                let key = self.about.key.join(", ");
                return Err(Fault::no_record(
                    &path,
                    format!("a record is not a JSON object in one line with the key ({key})"),
                ));
            }
            lines.push_str(text);
            lines.push('\n');
        }
        let stored = compress(lines.as_bytes()).map_err(Fault::of(&path))?;
        files::write_new(&self.folder, &name, &stored)
    }

    /// The records of an existing segment, a line each; `None` if it does not exist.
    ///
    /// # Errors
    /// An error of the filesystem, or a damaged segment.
    pub fn written(&self, number: u64) -> Result<Option<String>, Fault> {
        let path = self.folder.join(segment_file(number));
        if !path.try_exists().map_err(Fault::of(&path))? {
            return Ok(None);
        }
        decompress(&path, &files::read(&path)?).map(Some)
    }

    /// Finishes the archive: reads every segment again, and writes the manifest and the digests. A second call changes
    /// nothing. `progress` gets the number of segments read.
    ///
    /// # Errors
    /// An error of the filesystem, or a damaged or missing segment.
    pub fn finish(&self, mut progress: impl FnMut(u64)) -> Result<Manifest, Fault> {
        let mut segments = Vec::new();
        for number in 1..=self.last_segment()? {
            segments.push(self.read_again(&segment_file(number))?);
            progress(number);
        }
        let count = segments.iter().map(|segment| segment.count).sum();
        let manifest = Manifest { format: FORMAT.to_owned(), about: self.about.clone(), count, segments };
        let path = self.folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| Fault::of(&path)(error.into()))?;
        self.replace(MANIFEST, &text)?;
        let of_segments = manifest.segments.iter().map(|segment| (&*segment.blake3, &*segment.file));
        let of_manifest = files::digest(&text);
        let sums: Vec<String> = of_segments
            .chain([(&*of_manifest, MANIFEST)])
            .map(|(digest, file)| sum(digest, file) + "\n")
            .collect();
        let sums = sums.concat();
        self.replace(SUMS, sums.as_bytes())?;
        self.remove_unfinished()?;
        Ok(manifest)
    }

    /// Rewrites a file that a dead writer may have left.
    fn replace(&self, name: &str, content: &[u8]) -> Result<(), Fault> {
        if files::write_new(&self.folder, name, content)? {
            return Ok(());
        }
        let path = self.folder.join(name);
        if files::read(&path)? == content {
            return Ok(());
        }
        fs::remove_file(&path).map_err(Fault::of(&path))?;
        files::write_new(&self.folder, name, content).map(drop)
    }

    /// The number of the last segment; 0 if there is none.
    fn last_segment(&self) -> Result<u64, Fault> {
        let mut number = 0;
        loop {
            let next = self.folder.join(segment_file(number + 1));
            if !next.try_exists().map_err(Fault::of(&next))? {
                return Ok(number);
            }
            number += 1;
        }
    }

    fn read_again(&self, file: &str) -> Result<Segment, Fault> {
        let path = self.folder.join(file);
        let stored = files::read(&path)?;
        let text = decompress(&path, &stored)?;
        let (mut count, mut range) = (0, None::<(Key, Key)>);
        for line in lines(&text) {
            let key = Key::of(line, &self.about.key)
                .ok_or_else(|| Fault::damaged(&path, format!("line {} is not a record", count + 1)))?;
            range = Some(match range {
                None => (key.clone(), key),
                Some((least, greatest)) if key < least => (key, greatest),
                Some((least, greatest)) if key > greatest => (least, key),
                Some(range) => range,
            });
            count += 1;
        }
        let (least, greatest) = range.ok_or_else(|| Fault::damaged(&path, "it has no record"))?;
        Ok(Segment {
            file: file.to_owned(),
            count,
            least,
            greatest,
            bytes: text.len() as u64,
            bytes_stored: stored.len() as u64,
            blake3: files::digest(&stored),
        })
    }

    /// Removes the unfinished files of dead writers.
    fn remove_unfinished(&self) -> Result<(), Fault> {
        for entry in fs::read_dir(&self.folder).map_err(Fault::of(&self.folder))? {
            let entry = entry.map_err(Fault::of(&self.folder))?;
            if entry.file_name().to_str().is_some_and(files::is_unfinished) {
                // Another node may have removed it.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}

/// Includes a checksum of the content: it reveals damage between writing and finishing.
fn compress(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true))?;
    compressor.compress(text)
}
