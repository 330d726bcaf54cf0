//! `bedsc explain`

use beds_codegen::Code;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, such as B0101; without it, all codes are listed
    code: Option<String>,
    /// Print the explanations of all codes as one Markdown document
    #[arg(long, conflicts_with = "code")]
    all: bool,
}

impl Explain {
    pub(crate) fn run(&self) -> bool {
        if self.all {
            anstream::print!("{}", beds_codegen::explain_all());
            return true;
        }
        let Some(text) = &self.code else {
            for code in Code::ALL {
                anstream::println!("{code}  {}", code.title());
            }
            return true;
        };
        let Some(code) = Code::from_text(text) else {
            anstream::eprintln!("there is no code `{text}`; `bedsc explain` lists them all");
            return false;
        };
        anstream::println!("{}", beds_codegen::explain(code).markdown.trim_end());
        true
    }
}
