//! `beds design new`: a proposal, from a model file or from a conversation.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use beds_codegen::{Compiler, model::Domain};
use beds_core::settings::SecretUrl;
use beds_design::{
    converse::{self, Format, Samples, Wish},
    model::{self, MODEL_BYTES_MAX, Model},
    plan::Old,
    proposal::{self, Author, Facts, Handed, Proposal},
};
use beds_protocol::Engine;

use super::{
    ask::{self, Asking},
    prove, sign,
};
use crate::config::Design;

/// The longest input that is read.
const INPUT_BYTES_MAX: u64 = 16 << 20;

/// The input files: their kinds, names and bytes.
type Inputs = Vec<(Handed, String, Vec<u8>)>;

/// Arguments of `beds design new`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A finished model, as `beds design schema` describes it; no language model is asked
    #[arg(long, value_name = "FILE", required_unless_present = "description")]
    model: Option<PathBuf>,
    /// A description in words, which a language model makes a model of; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    description: Option<PathBuf>,
    /// Sample data: .csv, .json, .ndjson. What its fields look like is sent, and none of its values; proofs load its first 10,000 records
    #[arg(long, value_name = "FILE")]
    samples: Vec<PathBuf>,
    /// Send some records of the samples as well, with sensitive fields masked
    #[arg(long, requires = "samples", conflicts_with = "model")]
    send_samples: bool,
    /// A field of the samples that is masked besides those whose names say it
    #[arg(long, value_name = "FIELD", requires = "samples", conflicts_with = "model")]
    mask: Vec<String>,
    /// A template that is there and is to become another
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    template: Vec<PathBuf>,
    /// The engine
    #[arg(long, value_parser = engine, conflicts_with = "model")]
    engine: Option<Engine>,
    /// The database, as the configuration calls it
    #[arg(long, conflicts_with = "model")]
    database: Option<String>,
    /// Templates that are served now, to tell what breaks for their clients [default: those of --template]
    #[arg(long, value_name = "FOLDER")]
    against: Option<PathBuf>,
    /// The folder of the proposal [default: proposals/NAME]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print what would be sent, and send nothing
    #[arg(long, conflicts_with = "model")]
    show_prompt: bool,
    #[command(flatten)]
    asking: Asking,
    /// Prove it on scratch servers as well, as `beds design prove` does; what is refused goes back to the language model
    #[arg(long)]
    prove: bool,
    #[command(flatten)]
    how: prove::How,
    /// Say what would be proposed, and write nothing
    #[arg(long)]
    dry_run: bool,
}

fn engine(name: &str) -> Result<Engine, String> {
    let known = Engine::ALL.iter().map(|engine| engine.as_str()).collect::<Vec<_>>().join(" or ");
    Engine::from_name(name).ok_or_else(|| format!("use {known}"))
}

/// Whether the command needs the configuration: for the language model and its limits, or for the servers of the
/// proofs.
pub(super) const fn needs_config(args: &Args) -> bool {
    args.prove || (args.description.is_some() && !args.show_prompt)
}

/// Makes a proposal.
pub(super) async fn run(args: &Args, design: &Design, real: &[SecretUrl]) -> Result<(), String> {
    let mut inputs = Vec::new();
    let (before, old) = served(args)?;
    let mut settings = if args.prove { Some(args.how.settings(design, real)?) } else { None };
    if let Some(settings) = &mut settings {
        settings.old.clone_from(&old);
    }
    let mut made = match (&args.model, &args.description) {
        (Some(path), _) => from_file(path, &args.samples, &mut inputs)?,
        (None, Some(path)) => {
            let wish = Wish { old: old.clone(), ..wish(args, path, &mut inputs)? };
            if args.show_prompt {
                for message in converse::messages(&wish) {
                    anstream::println!("{}\n", message.content);
                }
                anstream::println!("The answer is to keep to this schema:\n{:#}", model::schema());
                return Ok(());
            }
            if let Some(settings) = &mut settings {
                settings.samples = samples(&inputs)?;
            }
            let keep = (!args.dry_run)
                .then(|| args.out.clone().unwrap_or_else(|| PathBuf::from("proposals/failed")));
            args.asking.ask(design, &wish, settings.as_ref(), keep.as_deref()).await?
        }
        (None, None) => return Err("name a --model or a --description".to_owned()),
    };
    let handed = samples(&inputs)?;
    let proofs = made.proofs.take();
    let facts = Facts {
        author: made.author,
        made_at: super::now()?,
        inputs,
        rounds: made.rounds,
        before: before.iter().collect(),
        old,
    };
    let mut proposal = proposed(&made.model, facts, args)?;
    if let Some(proofs) = proofs {
        proposal = proposal.proved(proofs).map_err(|wrong| wrong.join("; "))?;
    } else if let Some(mut settings) = settings {
        settings.samples = handed;
        proposal = prove::proved(proposal, &settings).await?;
    }
    sign::told(&proposal);
    let out = args.out.clone().unwrap_or_else(|| Path::new("proposals").join(&made.model.name));
    if args.dry_run {
        anstream::println!("nothing was written; without --dry-run it would be {}", out.display());
        return Ok(());
    }
    proposal::write(&proposal, &out).map_err(|flaw| flaw.to_string())?;
    anstream::println!("wrote {}", out.display());
    prove::settled(&proposal)
}

/// A finished model from a file.
fn from_file(path: &Path, samples: &[PathBuf], inputs: &mut Inputs) -> Result<ask::Made, String> {
    let bytes = input(Handed::Model, path, MODEL_BYTES_MAX as u64 + 1, inputs)?;
    let model = model::read(&bytes).map_err(|faults| format!("{}:\n{faults}", path.display()))?;
    for path in samples {
        input(Handed::Samples, path, INPUT_BYTES_MAX, inputs)?;
    }
    Ok(ask::Made { model, author: Author::File, rounds: Vec::new(), proofs: None })
}

/// The sample data among the inputs.
fn samples(inputs: &Inputs) -> Result<Vec<beds_proof::Sample>, String> {
    let handed = inputs.iter().filter(|(kind, ..)| *kind == Handed::Samples);
    handed.map(|(_, name, bytes)| prove::sample(name, bytes)).collect()
}

fn proposed(model: &Model, facts: Facts<'_>, args: &Args) -> Result<Proposal, String> {
    Proposal::of(model, facts).map_err(|faults| {
        let of =
            args.model.as_ref().map_or_else(|| "the model".to_owned(), |path| path.display().to_string());
        format!("{of}:\n{faults}")
    })
}

/// Reads an input file, and adds it to the inputs.
fn input(kind: Handed, path: &Path, bytes_max: u64, inputs: &mut Inputs) -> Result<Vec<u8>, String> {
    let wrong = |error: io::Error| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(bytes_max).read_to_end(&mut bytes).map_err(wrong)?;
    } else {
        fs::File::open(path).map_err(wrong)?.take(bytes_max).read_to_end(&mut bytes).map_err(wrong)?;
    }
    if bytes.len() as u64 >= bytes_max {
        return Err(format!("{}: it may have {} bytes", path.display(), bytes_max - 1));
    }
    let name = path.file_name().map_or_else(|| "standard input".into(), |name| name.to_string_lossy());
    inputs.push((kind, name.into_owned(), bytes.clone()));
    Ok(bytes)
}

fn wish(args: &Args, description: &Path, inputs: &mut Inputs) -> Result<Wish, String> {
    let mut text = |kind, path: &Path| {
        let bytes = input(kind, path, INPUT_BYTES_MAX, inputs)?;
        String::from_utf8(bytes).map_err(|_| format!("{}: it is not UTF-8", path.display()))
    };
    let description = text(Handed::Description, description)?;
    let mut templates = Vec::new();
    for path in &args.template {
        templates.push((
            path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            text(Handed::Template, path)?,
        ));
    }
    let mut samples = Vec::new();
    for path in &args.samples {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let format = Format::of(&name)
            .ok_or_else(|| format!("{}: samples are .csv, .json or .ndjson", path.display()))?;
        let bytes = input(Handed::Samples, path, INPUT_BYTES_MAX, inputs)?;
        let read = Samples::read(&name, &bytes, format).map_err(|error| error.0)?;
        samples.push(read.masking(&args.mask));
    }
    Ok(Wish {
        description,
        engine: args.engine,
        database: args.database.clone(),
        templates,
        old: Old::new(),
        samples,
        sends_samples: args.send_samples,
    })
}

/// The domains that are served now, and the texts of their templates: those given for the comparison, or else those
/// that are to be changed.
fn served(args: &Args) -> Result<(Vec<Domain>, Old), String> {
    let paths = args.against.as_ref().map_or(args.template.as_slice(), std::slice::from_ref);
    let [first, ..] = paths else { return Ok((Vec::new(), Old::new())) };
    let output = Compiler::of_project(paths, None)
        .compile()
        .map_err(|report| format!("{}:\n{}", first.display(), report.render(false)))?;
    let sources = output.warnings.sources();
    let text = |domain: &Domain| (domain.name.value.clone(), sources.text(domain.name.span.file).to_owned());
    let old = output.domains.iter().map(text).collect();
    Ok((output.domains, old))
}
