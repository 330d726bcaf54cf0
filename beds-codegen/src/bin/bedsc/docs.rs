//! `bedsc docs`, `bedsc asyncapi`: the domains for people and for tools.

use std::{fs, io, path::PathBuf};

use beds_codegen::catalogue;
use clap::Args;

use crate::Input;

#[derive(Debug, Args)]
pub(crate) struct Docs {
    /// Templates, and folders of templates
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// Where to write the pages
    #[arg(long, value_name = "DIR", default_value = "target/beds-docs")]
    out: PathBuf,
    #[command(flatten)]
    input: Input,
}

impl Docs {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(&self.paths) else { return false };
        let pages = catalogue::html(&output.all_domains());
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.out)?;
            pages.iter().try_for_each(|page| fs::write(self.out.join(&page.path), &page.text))
        };
        let shown = self.out.display();
        match write() {
            Ok(()) => anstream::println!("{} pages: {shown}/index.html", pages.len()),
            Err(error) => {
                anstream::eprintln!("writing to {shown}: {error}");
                return false;
            }
        }
        true
    }
}

#[derive(Debug, Args)]
pub(crate) struct AsyncApi {
    /// Templates, and folders of templates
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// The version of the application that the document names
    #[arg(long, default_value = "1.0.0")]
    app_version: String,
    #[command(flatten)]
    input: Input,
}

impl AsyncApi {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(&self.paths) else { return false };
        anstream::println!("{:#}", catalogue::asyncapi(&output.all_domains(), &self.app_version));
        true
    }
}
