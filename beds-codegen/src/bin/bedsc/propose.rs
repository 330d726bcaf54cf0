//! `bedsc ddl`, `bedsc grants`, `bedsc schema`: proposals from templates that compile.

use std::path::PathBuf;

use beds_codegen::propose;
use clap::Args;

use crate::Input;

#[derive(Debug, Args)]
pub(crate) struct Ddl {
    /// Templates, and folders of templates
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    input: Input,
}

impl Ddl {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(&self.paths) else { return false };
        for domain in &output.domains {
            anstream::println!("{}", propose::ddl(domain));
        }
        true
    }
}

#[derive(Debug, Args)]
pub(crate) struct Grants {
    /// Templates, and folders of templates
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// The node's account, as USER@HOST; USER is the name of the MongoDB role, too
    #[arg(long, default_value = "beds@%")]
    user: String,
    #[command(flatten)]
    input: Input,
}

impl Grants {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(&self.paths) else { return false };
        anstream::print!("{}", propose::grants(output.all_domains(), &self.user));
        true
    }
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The template
    path: PathBuf,
    #[command(flatten)]
    input: Input,
}

impl Schema {
    pub(crate) fn run(&self) -> bool {
        let Some(output) = self.input.compile(std::slice::from_ref(&self.path)) else { return false };
        for domain in &output.domains {
            anstream::println!("{:#}", propose::schema(domain));
        }
        true
    }
}
