//! Where the tools look for the files that belong to templates. All commands of `bedsc` and `beds` use this one rule: a
//! project is the folder that contains the folder of templates.

use std::path::{Path, PathBuf};

/// The folder of a project's pipelines.
pub(crate) const PIPELINES: &str = "schema/mongodb";
/// The folder of a project's hand-written domains.
pub(crate) const DOMAINS: &str = "src/domains";

/// The folder of the project with these templates: the parent of the folder of templates.
pub(crate) fn root(templates: &Path) -> PathBuf {
    let folder = if templates.is_dir() { templates } else { templates.parent().unwrap_or(templates) };
    match folder.file_name() {
        Some(_) => folder.parent().unwrap_or(folder).to_owned(),
        // `.` and the like, and a file in the current folder, also have a parent.
        None => folder.join(".."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_what_the_folder_of_templates_lies_in() {
        let place = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let templates = place.path().join("templates");
        std::fs::create_dir(&templates).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(root(&templates), place.path());
        assert_eq!(root(&templates.join("product_rec.toml")), place.path());
        for (written, expected) in
            [("templates/product_rec.toml", ""), ("product_rec.toml", ".."), ("a/b/c_rec.toml", "a")]
        {
            assert_eq!(root(Path::new(written)), Path::new(expected), "{written}");
        }
    }
}
