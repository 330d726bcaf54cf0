//! Files that look like templates and are not compiled: the name ends in another way, or they lie a folder deeper.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use super::TEMPLATE_SUFFIX;

/// How many folders deep templates are looked for that are not compiled.
pub(super) const LEVELS_MAX: usize = 3;
/// How much of a file is read to see whether it is meant as a template.
const LOOKED_AT_MAX: u64 = 4_096;

fn file_name(path: &Path) -> String {
    path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned()
}

/// Whether somebody means this file as a template. Files that begin with `.` are those of editors.
pub(super) fn looks_like_template(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    if name.starts_with(['.', '#']) {
        return false;
    }
    let is_toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    name.contains("_rec.") || name.ends_with("_rec") || (is_toml && has_header(path))
}

fn has_header(path: &Path) -> bool {
    let mut bytes = Vec::new();
    let is_file = fs::metadata(path).is_ok_and(|data| data.is_file());
    let is_read =
        is_file && File::open(path).and_then(|file| file.take(LOOKED_AT_MAX).read_to_end(&mut bytes)).is_ok();
    // An empty file says nothing; its name is all there is.
    is_read && (bytes.is_empty() || String::from_utf8_lossy(&bytes).contains("[template]"))
}

/// Adds the templates in a folder that is inside of the folder of templates.
pub(super) fn below(folder: &Path, levels: usize, found: &mut Vec<PathBuf>) {
    // A folder that cannot be read holds nothing that was meant to be compiled.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && levels > 1 => below(&path, levels - 1, found),
            Ok(kind)
                if !kind.is_dir()
                    && !file_name(&path).starts_with('.')
                    && file_name(&path).to_ascii_lowercase().ends_with(TEMPLATE_SUFFIX) =>
            {
                found.push(path);
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// Whether a file lies deeper than directly in the folder.
pub(super) fn is_below(path: &Path, folder: &Path) -> bool {
    path.parent() != Some(folder)
}

/// The name that a template of this name should have.
pub(super) fn right_name(path: &Path) -> String {
    let name = file_name(path).to_ascii_lowercase();
    let stem = match name.find("_rec") {
        Some(end) => &name[..end],
        None => name.strip_suffix(".toml").unwrap_or(&name),
    };
    let stem = stem.trim_end_matches("-rec").trim_end_matches(".rec").trim_end_matches(['_', '-', '.']);
    format!("{stem}{TEMPLATE_SUFFIX}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_names_are_those_of_templates() {
        for (name, right) in [
            ("product.toml", "product_rec.toml"),
            ("Product_Rec.TOML", "product_rec.toml"),
            ("product_rec.toml.bak", "product_rec.toml"),
            ("product_rec.yaml", "product_rec.toml"),
            ("product-rec.toml", "product_rec.toml"),
            ("product_rec", "product_rec.toml"),
        ] {
            assert_eq!(right_name(Path::new(name)), right);
        }
    }

    #[test]
    fn files_of_editors_are_no_templates() -> std::io::Result<()> {
        let folder = std::env::temp_dir().join(format!("beds-stray-{}", std::process::id()));
        let inner = folder.join("more");
        fs::create_dir_all(&inner)?;
        for name in [".product_rec.toml.swp", "#product_rec.toml#", ".#product_rec.toml", "product_rec.toml~"]
        {
            let path = folder.join(name);
            fs::write(&path, "[template]\n")?;
            // A copy that an editor keeps beside the file is looked at, and told.
            assert_eq!(looks_like_template(&path), name.ends_with('~'), "{name}");
        }
        fs::write(inner.join(".product_rec.toml"), "[template]\n")?;
        fs::write(inner.join("order_rec.toml"), "[template]\n")?;
        let mut found = Vec::new();
        below(&inner, LEVELS_MAX, &mut found);
        fs::remove_dir_all(&folder)?;
        assert_eq!(found, [inner.join("order_rec.toml")]);
        Ok(())
    }
}
