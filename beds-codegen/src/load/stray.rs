//! Files that look like templates but are not compiled: they have another suffix, or lie in a subfolder.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use super::TEMPLATE_SUFFIX;

/// How many levels of subfolders are searched for uncompiled templates.
pub(super) const LEVELS_MAX: usize = 3;
/// How much of a file is read to recognize it as a template.
const LOOKED_AT_MAX: u64 = 4_096;

fn file_name(path: &Path) -> String {
    path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned()
}

/// Whether this file is probably meant as a template. Files that begin with `.` belong to editors.
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
    // For an empty file, the name is the only evidence.
    is_read && (bytes.is_empty() || String::from_utf8_lossy(&bytes).contains("[template]"))
}

/// Adds the templates in a subfolder of the folder of templates.
pub(super) fn below(folder: &Path, levels: usize, found: &mut Vec<PathBuf>) {
    // A folder that cannot be read holds no file that was meant to be compiled.
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

/// Whether a file lies in a subfolder, not directly in the folder.
pub(super) fn is_below(path: &Path, folder: &Path) -> bool {
    path.parent() != Some(folder)
}

/// The correct name for a template with this name.
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
            // An editor's backup copy is checked, too, and reported.
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
