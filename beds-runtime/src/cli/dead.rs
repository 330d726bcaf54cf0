//! `beds dead`: the dead letters, shown, replayed, removed.

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use beds_bus::{BusError, DeadLetter, DeadLetters};
use beds_core::spec::Domain;
use beds_protocol::{OneLine, Service, value::DateTime};
use beds_services::letters;
use clap::{Args as ClapArgs, Subcommand, builder::NonEmptyStringValueParser};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    config::Config,
    graves::{End, Letter, deal},
};

/// An id prefix must have this many characters.
const ID_CHARACTERS_MIN: usize = 4;

/// Arguments of `beds dead`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  beds dead list --template country --older 1h
  beds dead show 3f2a
  beds dead replay --code unavailable --dry-run
  beds dead replay --code unavailable
  beds dead export letters.ndjson

Exit status: 0 when all is done, 1 when a letter could not be replayed or none has this id, 2 when RabbitMQ cannot be asked.")]
pub(super) struct Args {
    /// Those on the RabbitMQ of this service, where it has one of its own, such as tercero
    #[arg(long, value_name = "NAME", global = true, value_parser = service)]
    service: Option<Service>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One line a letter, in the order of the queue; `stays` is one that cannot be replayed, with why
    List {
        #[command(flatten)]
        filter: Filter,
        /// How many to show at most
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: usize,
        /// One JSON object a line, without bodies
        #[arg(long)]
        json: bool,
    },
    /// All of one letter, as JSON; sensitive fields are masked
    Show {
        /// Its id, or how it begins
        #[arg(value_parser = id)]
        id: String,
    },
    /// Send letters again to their queues, and remove them from the dead letters; a write is done once, however often
    Replay(Chosen),
    /// Remove letters for good
    Drop(Chosen),
    /// Write letters to a new file, one JSON object a line, and leave them where they are; sensitive fields are masked
    Export {
        /// The file; `-` is standard output
        file: PathBuf,
        #[command(flatten)]
        filter: Filter,
    },
}

#[derive(Debug, ClapArgs)]
struct Chosen {
    #[command(flatten)]
    filter: Filter,
    /// All of them, where nothing else chooses
    #[arg(long)]
    all: bool,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, ClapArgs)]
struct Filter {
    /// Only these: their ids, or how they begin
    #[arg(long, value_name = "ID", value_parser = id)]
    id: Vec<String>,
    /// Only of this template
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    template: Option<String>,
    /// Only with this error code
    #[arg(long, value_name = "CODE", value_parser = letters::Filter::code)]
    code: Option<String>,
    /// Only with this text in the reason
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// Only older than this, such as 90s, 10m, 2h, 7d
    #[arg(long, value_name = "AGE", value_parser = age)]
    older: Option<Duration>,
    /// Only newer than this
    #[arg(long, value_name = "AGE", value_parser = age)]
    newer: Option<Duration>,
}

/// Parses the name of a service.
pub(super) fn service(text: &str) -> Result<Service, String> {
    Service::from_name(text).ok_or_else(|| {
        let known: Vec<_> = Service::ALL.iter().map(|one| one.as_str()).collect();
        format!("must be one of {}", known.join(", "))
    })
}

/// Parses an id or its beginning. A short beginning would match many letters, and an empty one all.
fn id(text: &str) -> Result<String, String> {
    if text.chars().count() < ID_CHARACTERS_MIN {
        return Err(format!("give at least {ID_CHARACTERS_MIN} characters of the id"));
    }
    Ok(text.to_owned())
}

/// The greatest age. A moment that long ago is still within the years that a moment can express.
const AGE_MAX: Duration = Duration::from_hours(36_500 * 24);

pub(super) fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "an age is a number and a unit, such as 90s, 10m, 2h, 7d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let age = Duration::from_secs(u64::from(number) * seconds);
    if age > AGE_MAX { Err("an age is 36500d at most, a hundred years".to_owned()) } else { Ok(age) }
}

impl Filter {
    /// The letters that are meant.
    fn meant(&self) -> letters::Filter {
        let Self { id, template, code, reason, older, newer } = self;
        letters::Filter {
            ids: id.clone(),
            template: template.clone(),
            code: code.clone(),
            reason: reason.clone(),
            older_s: older.map(|age| age.as_secs()),
            newer_s: newer.map(|age| age.as_secs()),
        }
    }
}

/// Runs a command on the dead letters.
pub(super) async fn run(domains: &[&'static Domain], args: &Args, config: &Config) -> ExitCode {
    if let Command::Replay(chosen) | Command::Drop(chosen) = &args.command
        && chosen.filter.meant().is_empty()
        && !chosen.all
    {
        eprintln!(
            "beds dead: choose letters by --id, --template, --code, --reason, --older or --newer, or take --all"
        );
        return ExitCode::from(2);
    }
    match work(domains, args, config).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("beds dead: {message}");
            ExitCode::from(2)
        }
    }
}

async fn work(domains: &[&'static Domain], args: &Args, config: &Config) -> Result<bool, String> {
    let text = |error: BusError| match error {
        BusError::Missing(_) => "there is no queue `beds.dead` yet: a node declares it".to_owned(),
        other => other.to_string(),
    };
    let amqp = args.service.map_or(&config.amqp, |service| config.amqp_of(service));
    let connecting = DeadLetters::connect(amqp, "beds dead").await;
    let letters = connecting.map_err(|error| format!("no connection to RabbitMQ: {}", text(error)))?;
    let done = each(&letters, domains, &args.command).await;
    // Letters that are still held return to the queue in any case.
    let _ = letters.close().await;
    done
}

async fn each(letters: &DeadLetters, domains: &[&'static Domain], command: &Command) -> Result<bool, String> {
    let count = letters.count().await.map_err(|error| match error {
        BusError::Missing(_) => "there is no queue `beds.dead` yet: a node declares it".to_owned(),
        other => other.to_string(),
    })?;
    let style = ProgressStyle::with_template("{pos} of {len} dead letters {wide_bar}");
    let bar = ProgressBar::new(count.into());
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let mut work = Work::new(command)?;
    // Letters that arrive meanwhile are left for the next run.
    for _ in 0..count {
        let Some(held) = letters.next().await.map_err(|error| error.to_string())? else {
            work.is_short = true;
            break;
        };
        bar.inc(1);
        let letter = Letter::of(&held, domains);
        if work.is_over() {
            break;
        }
        match bar.suspend(|| work.show(&letter)) {
            // The reader has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            shown => shown.map_err(|error| error.to_string())?,
        }
        work.act(letters, &held, &letter).await?;
    }
    bar.finish_and_clear();
    work.finish(count).map_err(|error| error.to_string())
}

/// A running command.
struct Work<'a> {
    command: &'a Command,
    meant: letters::Filter,
    out: Box<dyn Write + Send>,
    chosen: usize,
    done: usize,
    failed: usize,
    /// Whether somebody else has taken some of the letters meanwhile.
    is_short: bool,
}

impl<'a> Work<'a> {
    fn new(command: &'a Command) -> Result<Self, String> {
        let out: Box<dyn Write + Send> = match command {
            Command::Export { file, .. } if file.as_os_str() != "-" => {
                // Letters hold clients' data, hence the mode. An existing file is not overwritten: it may be the only
                // copy of letters that were dropped.
                let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
                let created = created.map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => {
                        format!("{}: this file exists already: name another, or remove it", file.display())
                    }
                    _ => format!("{}: {error}", file.display()),
                })?;
                Box::new(BufWriter::new(created))
            }
            _ => Box::new(io::stdout()),
        };
        let meant = match command {
            Command::List { filter, .. } | Command::Export { filter, .. } => filter.meant(),
            Command::Show { id } => letters::Filter { ids: vec![id.clone()], ..letters::Filter::default() },
            Command::Replay(chosen) | Command::Drop(chosen) => chosen.filter.meant(),
        };
        Ok(Self { command, meant, out, chosen: 0, done: 0, failed: 0, is_short: false })
    }

    fn takes(&self, letter: &Letter) -> bool {
        letter.is_of(&self.meant)
    }

    fn is_over(&self) -> bool {
        match self.command {
            Command::List { limit, .. } => self.chosen >= *limit,
            Command::Show { .. } | Command::Replay(_) | Command::Drop(_) | Command::Export { .. } => false,
        }
    }

    /// Shows a letter in the form that the command asks for.
    fn show(&mut self, letter: &Letter) -> io::Result<()> {
        if !self.takes(letter) {
            return Ok(());
        }
        self.chosen += 1;
        match self.command {
            Command::List { json: false, .. } => {
                let short = letter.id.get(..8).unwrap_or_default();
                let Letter { at, code, routing_key, reason, .. } = letter;
                let (key, reason) = (OneLine(routing_key), OneLine(reason));
                let (replay, why) = letter.replay();
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                writeln!(self.out, "{short}  {at:27}  {code:20}  {replay:6}  {key}  {reason}{why}")
            }
            Command::List { json: true, .. } => writeln!(self.out, "{}", letter.json(false)),
            Command::Show { .. } => writeln!(self.out, "{:#}", letter.json(true)),
            Command::Export { .. } => writeln!(self.out, "{}", letter.json(true)),
            Command::Replay(_) | Command::Drop(_) => Ok(()),
        }
    }

    /// Reports the fate of a letter. Chosen letters are processed even if nobody reads the output any more.
    fn say(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.out, "{line}");
    }

    /// Runs the command's action on a letter.
    async fn act(&mut self, letters: &DeadLetters, held: &DeadLetter, letter: &Letter) -> Result<(), String> {
        let (is_replay, chosen) = match self.command {
            Command::Replay(chosen) => (true, chosen),
            Command::Drop(chosen) => (false, chosen),
            Command::List { .. } | Command::Show { .. } | Command::Export { .. } => return Ok(()),
        };
        if !self.takes(letter) {
            return Ok(());
        }
        let about = format!("{}  {}", letter.id, OneLine(&letter.routing_key));
        let deed = if is_replay { "replayed" } else { "dropped" };
        match deal(letters, (held, letter), is_replay, chosen.dry_run).await {
            Ok(End::Done) => {
                self.done += 1;
                self.say(format_args!("{about}: {deed}"));
            }
            Ok(End::Would) => {
                self.done += 1;
                let note = letter.caution.as_ref().filter(|_| is_replay);
                let note = note.map(|caution| format!(" ({caution})")).unwrap_or_default();
                self.say(format_args!("{about}: would be {deed}{note}"));
            }
            Ok(End::Stays(why)) => {
                self.failed += 1;
                eprintln!("{about}: stays: {why}");
            }
            Err(error) => return Err(format!("{about}: {error}")),
        }
        Ok(())
    }

    fn finish(mut self, count: u32) -> io::Result<bool> {
        match self.out.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            flushed => flushed?,
        }
        let Self { chosen, done, failed, is_short, .. } = self;
        match self.command {
            Command::Show { id } if chosen == 0 => {
                eprintln!("beds dead: none of {count} dead letters has the id `{id}`");
                return Ok(false);
            }
            Command::List { .. } if self.is_over_at(chosen) => {
                eprintln!("beds dead: {chosen} are shown, and there may be more: --limit");
            }
            Command::Replay(Chosen { filter, .. }) | Command::Drop(Chosen { filter, .. })
                if chosen == 0 && !filter.id.is_empty() =>
            {
                eprintln!(
                    "beds dead: none of {count} dead letters has one of these ids: {}",
                    filter.id.join(", ")
                );
                return Ok(false);
            }
            Command::Replay(Chosen { dry_run, .. }) | Command::Drop(Chosen { dry_run, .. }) => {
                let would = if *dry_run { "would be done" } else { "done" };
                eprintln!("{done} {would}, {failed} stay, of {count} dead letters at {}", DateTime::now());
            }
            Command::Export { file, .. } => {
                let left = (count as usize).saturating_sub(chosen);
                let to =
                    if file.as_os_str() == "-" { String::new() } else { format!(" to {}", file.display()) };
                eprintln!(
                    "{chosen} of {count} dead letters written{to}, {left} not, at {}; all stay in their queue",
                    DateTime::now()
                );
            }
            Command::List { .. } | Command::Show { .. } => {}
        }
        if is_short {
            eprintln!(
                "beds dead: somebody else has taken some of the letters meanwhile, so they were not processed: run \
                 the command again"
            );
        }
        Ok(failed == 0 && !is_short)
    }

    const fn is_over_at(&self, chosen: usize) -> bool {
        matches!(self.command, Command::List { limit, .. } if chosen >= *limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7_200), ("7d", 604_800)] {
            assert_eq!(age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "h", "10", "-1s", "1.5h", "1w", "10€"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
