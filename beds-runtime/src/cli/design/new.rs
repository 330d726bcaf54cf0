//! `beds design new`: a proposal, from a model file or from a conversation.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use beds_codegen::{Compiler, model::Domain};
use beds_core::settings::SecretUrl;
use beds_design::{
    converse::{
        self, Conversation, Endpoint, Failed, Format, Http, HttpSettings, Limits, Progress, Recorded,
        Samples, Wish,
    },
    model::{self, MODEL_BYTES_MAX, Model},
    proposal::{self, Author, Contents, Facts, Handed, Proposal, Round},
};
use beds_protocol::Engine;

use super::{prove, sign};
use crate::config::Design;

/// The longest input that is read.
const INPUT_BYTES_MAX: u64 = 16 << 20;

/// What was handed in: what it is, its name, its bytes.
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
    /// Sample data: .csv, .json, .ndjson. What its fields look like is sent, and none of its values; proofs load all of it
    #[arg(long, value_name = "FILE")]
    samples: Vec<PathBuf>,
    /// Send some records of the samples as well, with sensitive fields masked
    #[arg(long, requires_all = ["samples", "description"])]
    send_samples: bool,
    /// A field of the samples that is masked besides those whose names say it
    #[arg(long, value_name = "FIELD", requires = "samples")]
    mask: Vec<String>,
    /// A template that is there and is to become another
    #[arg(long, value_name = "FILE", requires = "description")]
    template: Vec<PathBuf>,
    /// The engine
    #[arg(long, value_parser = engine, requires = "description")]
    engine: Option<Engine>,
    /// The database, as the configuration calls it
    #[arg(long, requires = "description")]
    database: Option<String>,
    /// Templates that are served now, to tell what breaks for their clients
    #[arg(long, value_name = "FOLDER")]
    against: Option<PathBuf>,
    /// The folder of the proposal [default: proposals/NAME]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print what would be sent, and send nothing
    #[arg(long, requires = "description")]
    show_prompt: bool,
    /// Play a conversation again that a proposal keeps, and ask nobody
    #[arg(long, value_name = "FOLDER", requires = "description")]
    replay: Option<PathBuf>,
    /// How often the language model is asked [default: 4, or what the configuration says]
    #[arg(long, requires = "description")]
    attempts: Option<u32>,
    /// The most tokens of all answers [default: 200000, or what the configuration says]
    #[arg(long, requires = "description")]
    tokens: Option<u64>,
    /// How long the conversation may take, in seconds [default: 10 minutes, or what the configuration says]
    #[arg(long, value_name = "SECONDS", requires = "description")]
    timeout: Option<u32>,
    /// Prove it on scratch servers as well, as `beds design prove` does
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

/// Whether the configuration says something that is needed: who is asked, and for how long; where proofs are made.
pub(super) const fn needs_config(args: &Args) -> bool {
    args.prove || (args.description.is_some() && !args.show_prompt)
}

/// Makes a proposal.
pub(super) async fn run(args: &Args, design: &Design, real: &[SecretUrl]) -> Result<(), String> {
    let mut inputs = Vec::new();
    let (model, author, rounds) = match (&args.model, &args.description) {
        (Some(path), _) => {
            let bytes = input(Handed::Model, path, MODEL_BYTES_MAX as u64 + 1, &mut inputs)?;
            let model = model::read(&bytes).map_err(|faults| format!("{}:\n{faults}", path.display()))?;
            for path in &args.samples {
                let bytes = input(Handed::Samples, path, INPUT_BYTES_MAX, &mut inputs)?;
                prove::sample(&path.to_string_lossy(), &bytes)?;
            }
            (model, Author::File, Vec::new())
        }
        (None, Some(path)) => {
            let wish = wish(args, path, &mut inputs)?;
            if args.show_prompt {
                for message in converse::messages(&wish) {
                    anstream::println!("{}\n", message.content);
                }
                anstream::println!("The answer is to keep to this schema:\n{:#}", model::schema());
                return Ok(());
            }
            let (conversation, name) = asked(args, design, &wish).await?;
            (conversation.model, Author::Model(name), conversation.rounds)
        }
        (None, None) => return Err("name a --model or a --description".to_owned()),
    };
    let before = served(args.against.as_deref())?;
    let handed: Vec<_> = inputs.iter().filter(|(kind, ..)| *kind == Handed::Samples).cloned().collect();
    let facts = Facts { author, made_at: super::now()?, inputs, rounds, before: before.iter().collect() };
    let mut proposal = proposed(&model, facts, args)?;
    if args.prove {
        let mut settings = args.how.settings(design, real)?;
        for (_, name, bytes) in &handed {
            settings.samples.push(prove::sample(name, bytes)?);
        }
        proposal = prove::proved(proposal, &settings).await?;
    }
    sign::told(&proposal);
    let out = args.out.clone().unwrap_or_else(|| Path::new("proposals").join(&model.name));
    if args.dry_run {
        anstream::println!("nothing was written; without --dry-run it would be {}", out.display());
        return Ok(());
    }
    proposal::write(&proposal, &out).map_err(|flaw| flaw.to_string())?;
    anstream::println!("wrote {}", out.display());
    prove::settled(&proposal)
}

fn proposed(model: &Model, facts: Facts<'_>, args: &Args) -> Result<Proposal, String> {
    Proposal::of(model, facts).map_err(|faults| {
        let of =
            args.model.as_ref().map_or_else(|| "the model".to_owned(), |path| path.display().to_string());
        format!("{of}:\n{faults}")
    })
}

/// The bytes of a file that is handed in, which are remembered among the inputs.
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
        samples,
        sends_samples: args.send_samples,
    })
}

/// What a language model makes of a wish, or what one made of it before; and its name.
async fn asked(args: &Args, design: &Design, wish: &Wish) -> Result<(Conversation, String), String> {
    let limits = Limits {
        attempts: args.attempts.unwrap_or(design.attempts),
        tokens: args.tokens.unwrap_or(design.tokens),
        time: Duration::from_secs(args.timeout.unwrap_or(design.timeout_s).into()),
        answer_tokens: design.max_tokens,
        ..Limits::default()
    };
    if let Some(folder) = &args.replay {
        let (kept, _) = proposal::read(folder).map_err(|flaw| flaw.to_string())?;
        let Author::Model(name) = &kept.manifest.author else {
            return Err(format!("{} keeps no conversation", folder.display()));
        };
        return conversed(&Recorded::of(name, &kept.files)?, wish, limits, args).await;
    }
    let (Some(url), Some(model)) = (&design.url, &design.model) else {
        return Err("nobody is there to ask: the configuration has no `url` and `model` in [design]; a model by hand \
                    is --model FILE"
            .to_owned());
    };
    let http = Http::new(&HttpSettings { url, model, key_file: design.key_file.as_deref() })?;
    conversed(&http, wish, limits, args).await
}

async fn conversed<E: Endpoint>(
    endpoint: &E,
    wish: &Wish,
    limits: Limits,
    args: &Args,
) -> Result<(Conversation, String), String> {
    let watch = |progress: Progress<'_>| match progress {
        Progress::Asked { attempt, attempts } => {
            anstream::eprintln!("asking {}, {attempt} of {attempts}", endpoint.model());
        }
        Progress::Ended(round) => {
            anstream::eprintln!(
                "  {} ({:.1} s)",
                round.result,
                Duration::from_millis(round.milliseconds).as_secs_f64()
            );
        }
    };
    match converse::converse(endpoint, wish, limits, watch).await {
        Ok(conversation) => Ok((conversation, endpoint.model().to_owned())),
        Err(Failed { reason, rounds }) => {
            let kept = if args.dry_run { String::new() } else { keep(args, &rounds) };
            Err(format!("{reason}{kept}"))
        }
    }
}

/// Keeps what was said where nothing came of it.
fn keep(args: &Args, rounds: &[(Round, Contents)]) -> String {
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("proposals/failed"));
    let write = || -> io::Result<()> {
        fs::create_dir_all(out.join("rounds"))?;
        rounds
            .iter()
            .flat_map(|(_, files)| files)
            .try_for_each(|(path, bytes)| fs::write(out.join(path), bytes))
    };
    match write() {
        Ok(()) => format!("; what was said is in {}", out.join("rounds").display()),
        Err(error) => format!("; what was said could not be kept in {}: {error}", out.display()),
    }
}

/// The domains that are served now.
fn served(folder: Option<&Path>) -> Result<Vec<Domain>, String> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let output = Compiler::of_project(&[folder.to_owned()], None).compile();
    output
        .map(|output| output.domains)
        .map_err(|report| format!("{}:\n{}", folder.display(), report.render(false)))
}
