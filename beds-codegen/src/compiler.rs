//! The entry point for `build.rs` and `bedsc`: takes paths, and returns generated files or a report.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use crate::{
    derive,
    diagnostic::{ErrorSink, Errors, files},
    emit, functions, load,
    model::{Domain, HandWritten, Operations},
    output::{self, Generated},
    parse, project, raw,
    report::Report,
    resolve,
    span::{FileId, Sources},
    validate::{self, Pipelines, Validated},
};

/// Compiles templates to Rust.
///
/// All that the `main` of a `build.rs` needs:
///
/// ```no_run
/// beds_codegen::Compiler::new().templates("templates").pipelines("schema/mongodb").compile_or_exit();
/// ```
///
/// and in `main.rs`, where `Domains` is the factory that a node takes:
///
/// ```ignore
/// include!(concat!(env!("OUT_DIR"), "/beds.rs"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Compiler {
    templates: Vec<PathBuf>,
    texts: Vec<(String, Vec<u8>)>,
    /// Texts that replace files, by the path that reports show.
    instead: BTreeMap<String, String>,
    pipelines: Pipelines,
    /// The folder of hand-written domains.
    domains: PathBuf,
    out_dir: Option<PathBuf>,
}

/// The result of a compilation.
#[derive(Debug, Clone)]
pub struct Output {
    /// The domains of templates, in order of name.
    pub domains: Vec<Domain>,
    /// The hand-written domains, in order of file. The derive implements them.
    pub hand_written: Vec<HandWritten>,
    /// The files of the Rust functions behind the calls of templates, in order of name.
    pub functions: Vec<PathBuf>,
    /// Files that were read, for `cargo::rerun-if-changed`.
    pub inputs: Vec<PathBuf>,
    /// Warnings.
    pub warnings: Report,
}

impl Output {
    /// All domains that a node would serve, in order of name.
    #[must_use]
    pub fn all_domains(&self) -> Vec<&Domain> {
        let by_hand = self.hand_written.iter().filter_map(|written| written.domain.as_ref());
        let mut all: Vec<_> = self.domains.iter().chain(by_hand).collect();
        all.sort_by(|a, b| a.name.value.cmp(&b.name.value));
        all
    }

    /// The files to generate: `beds.rs` first, then one per template in order of name.
    #[must_use]
    pub fn files(&self) -> Vec<Generated> {
        let factory = emit::factory(&self.domains, &self.hand_written, &self.functions);
        let mut files = vec![Generated { path: PathBuf::from("beds.rs"), text: factory }];
        files.extend(self.domains.iter().map(|domain| Generated {
            path: Path::new("beds").join(format!("{}.rs", domain.name.value)),
            text: emit::domain(domain),
        }));
        files
    }
}

impl Compiler {
    /// A compiler without templates, which looks for pipelines in `schema/mongodb` and for hand-written domains in
    /// `src/domains`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            pipelines: Pipelines::new(project::PIPELINES),
            domains: PathBuf::from(project::DOMAINS),
            ..Self::default()
        }
    }

    /// A compiler for these templates and folders of templates, with their pipelines in `schema/mongodb` and their
    /// hand-written domains in `src/domains`, both beside the folder of the first templates. `pipelines` overrides the
    /// folder of pipelines. Without paths, the current folder is searched for both.
    #[must_use]
    pub fn of_project(paths: &[PathBuf], pipelines: Option<&Path>) -> Self {
        let root = paths.first().map(|path| project::root(path)).unwrap_or_default();
        let pipelines = pipelines.map_or_else(|| root.join(project::PIPELINES), Path::to_owned);
        let compiler = paths.iter().fold(Self::new(), Self::templates);
        compiler.domains(root.join(project::DOMAINS)).pipelines(pipelines)
    }

    /// Adds a template, or a folder whose `*_rec.toml` files are templates. Relative paths start from the current
    /// folder, which in a build script is the package's.
    #[must_use]
    pub fn templates(mut self, path: impl Into<PathBuf>) -> Self {
        self.templates.push(path.into());
        self
    }

    /// Adds a template in memory. Reports name it by `path`.
    #[must_use]
    pub fn template_text(self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.template_bytes(path, text.into().into_bytes())
    }

    /// Adds a template in memory, as bytes that are not decoded yet.
    #[must_use]
    pub fn template_bytes(mut self, path: impl Into<String>, bytes: Vec<u8>) -> Self {
        self.texts.push((path.into(), bytes));
        self
    }

    /// Replaces the text of a file, a template or a pipeline, by the path that reports show.
    #[must_use]
    pub(crate) fn instead_of(mut self, path: &str, text: &str) -> Self {
        self.instead.insert(path.to_owned(), text.to_owned());
        self
    }

    /// The text that replaces a file.
    pub(crate) fn text_instead_of(&self, path: &str) -> Option<&str> {
        self.instead.get(path).map(String::as_str)
    }

    /// Whether this is the path of a pipeline's file, as reports show it.
    pub(crate) fn is_pipeline(&self, path: &str) -> bool {
        Path::new(path).parent() == Some(&*self.pipelines.folder)
    }

    /// Sets the folder of the pipelines that `[calls]` name.
    #[must_use]
    pub fn pipelines(mut self, folder: impl Into<PathBuf>) -> Self {
        self.pipelines.folder = folder.into();
        self
    }

    /// Sets the folder of hand-written domains: Rust files whose structs derive `NamasteCore`. It need not exist.
    #[must_use]
    pub fn domains(mut self, folder: impl Into<PathBuf>) -> Self {
        self.domains = folder.into();
        self
    }

    /// Adds a pipeline in memory. It takes precedence over a file of the same name.
    #[must_use]
    pub fn pipeline_text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.pipelines.texts.insert(name.into(), text.into());
        self
    }

    /// Sets the folder that [`Self::run`] writes to. Without it, that is `OUT_DIR`, which cargo sets for build
    /// scripts.
    #[must_use]
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// Runs all stages up to the model, and writes nothing. [`Output::files`] emits.
    ///
    /// # Errors
    /// The report, if any template has an error.
    pub fn compile(&self) -> Result<Output, Report> {
        let (mut sources, mut store) = (Sources::default(), Errors::default());
        let mut errors = store.sink();
        let mut pipelines = self.pipelines.clone();
        pipelines.instead.clone_from(&self.instead);
        let (paths, empty) = load::find(&self.templates, &mut sources, &mut errors);
        let mut found: Vec<FileId> = Vec::new();
        for path in &paths {
            found.extend(match self.instead.get(&load::shown(path)) {
                Some(text) => Some(sources.add(load::shown(path), text.clone())),
                None => load::read(path, &mut sources, &mut errors),
            });
        }
        // As with files, the order of the given texts does not matter.
        let mut texts: Vec<_> = self.texts.iter().collect();
        texts.sort();
        for (path, bytes) in texts {
            found.extend(match self.instead.get(path) {
                Some(text) => Some(sources.add(path.clone(), text.clone())),
                None => load::decoded(path.clone(), bytes.clone(), &mut sources, &mut errors),
            });
        }
        let (mut templates, mut allowed) = (Vec::new(), Vec::new());
        for file in found {
            if let Some(valid) = template(file, &mut pipelines, &mut sources, &mut errors) {
                allowed.push((file, valid.allowed.clone()));
                templates.push(valid);
            }
        }
        let hand_written = derive::find(&self.domains, &mut pipelines, &mut sources, &mut errors);
        if hand_written.is_empty() {
            for nothing in empty {
                errors.push(nothing);
            }
            if self.templates.is_empty() && self.texts.is_empty() {
                errors.push(files::no_templates(sources.add("", ""), "an empty list of paths", None));
            }
        }
        resolve::resolve(&templates, &hand_written, &mut errors);
        let functions = functions::find(&templates, &self.domains, &mut sources, &mut errors);
        let has_errors = errors.has_errors();
        for (file, allowed) in allowed {
            store.allow(file, &allowed);
        }
        if has_errors {
            return Err(Report::new(store, sources));
        }
        templates.sort_by(|a, b| {
            a.name.as_ref().map(|name| &name.value).cmp(&b.name.as_ref().map(|name| &name.value))
        });
        let domains: Vec<Domain> = templates.into_iter().filter_map(|template| template.domain).collect();
        let mut inputs: Vec<PathBuf> =
            paths.into_iter().chain(pipelines.used).chain(functions.iter().cloned()).collect();
        // One file may hold several domains, which are adjacent in the list.
        for written in &hand_written {
            if inputs.last() != Some(&written.path) {
                inputs.push(written.path.clone());
            }
        }
        Ok(Output { domains, hand_written, functions, inputs, warnings: Report::new(store, sources) })
    }

    /// Compiles everything and writes `beds.rs` and `beds/*.rs` to the output folder. It writes only files whose text
    /// has changed, so that the others cause no rebuild. It removes the files of templates that no longer exist.
    ///
    /// # Errors
    /// As [`Self::compile`]; and [`RunError::Io`] if a file cannot be written, or no folder is known.
    pub fn run(&self) -> Result<Output, RunError> {
        let output = self.compile().map_err(RunError::Report)?;
        // Without this check, rustc would report the missing file in the generated code.
        if let Some(missing) = output.functions.iter().find(|path| !path.is_file()) {
            let missing = missing.display();
            return Err(RunError::Io(format!(
                "there is no file `{missing}`: write into it the functions that calls of the templates name"
            )));
        }
        let folder =
            self.out_dir.clone().or_else(|| env::var_os("OUT_DIR").map(PathBuf::from)).ok_or_else(|| {
                RunError::Io("neither `out_dir` nor OUT_DIR says where to write".to_owned())
            })?;
        output::write(&folder, &output.files())
            .map_err(|error| RunError::Io(format!("writing to {}: {error}", folder.display())))?;
        Ok(output)
    }

    /// [`Self::run`] for build scripts: tells cargo what to watch, and on an error prints the report and ends the
    /// process with status 1. Cargo shows the whole report, and a line for each error in its summary.
    pub fn compile_or_exit(&self) {
        // Cargo treats a path that does not exist as always changed.
        let domains = if self.domains.exists() { &self.domains } else { Path::new("src") };
        let folders = [&self.pipelines.folder].into_iter().map(PathBuf::as_path).chain([domains]);
        for path in self.templates.iter().map(PathBuf::as_path).chain(folders).filter(|path| path.exists()) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        match self.run() {
            Ok(output) => {
                // A change of a file does not change the time of its folder.
                for input in output.inputs.iter().filter(|input| !self.templates.contains(input)) {
                    println!("cargo::rerun-if-changed={}", input.display());
                }
                for line in output.warnings.summary() {
                    println!("cargo::warning={line}");
                }
            }
            Err(error) => {
                watch_all(&self.templates);
                if let RunError::Report(report) = &error {
                    for line in report.summary() {
                        println!("cargo::error={line}");
                    }
                } else {
                    println!("cargo::error={error}");
                }
                eprintln!("\n{error}");
                std::process::exit(1);
            }
        }
    }
}

/// After an error, the list of read files is unknown. So cargo watches every template.
fn watch_all(paths: &[PathBuf]) {
    let mut ignored = (Sources::default(), Errors::default());
    for path in load::find(paths, &mut ignored.0, &mut ignored.1.sink()).0 {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The templates have errors.
    #[error("{0}")]
    Report(Report),
    /// The files could not be written.
    #[error("{0}")]
    Io(String),
}

/// Runs the stages that concern one template only.
fn template(
    file: FileId,
    pipelines: &mut Pipelines,
    sources: &mut Sources,
    errors: &mut ErrorSink<'_>,
) -> Option<Validated> {
    let table = parse::parse(file, sources, errors)?;
    let raw = raw::from_template(table, file, errors);
    Some(validate::validate(raw, Operations::default(), pipelines, sources, errors))
}
