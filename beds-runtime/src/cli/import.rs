//! `beds import`

use std::{fmt::Write as _, io::Write as _, path::PathBuf, process::ExitCode, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use beds_core::{
    inspect::{Catalogue, Scope, Unseen},
    settings::{MARIADB, MONGODB, Rules, SecretUrl},
};
use beds_protocol::{OneLine, Placement, Service};
use beds_tools::import::{self, Options, Plan};

/// Arguments of `beds import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds import --mariadb mysql://dba@db.example/shop --database-name shop
  beds import --mariadb mysql://dba@db.example/shop --only 'order*' --ddl shop_procedures.sql
  beds import --mongodb mongodb://db.example --database shop --out templates/shop

Exit status: 0 when templates are written, 1 when there is nothing to write or a file is in the way, 2 when the
database cannot be looked at.")]
pub(super) struct Args {
    /// A MariaDB database: `mysql://user:password@host:3306/database`
    #[arg(long, value_name = "URL", required_unless_present = "mongodb", conflicts_with = "mongodb")]
    mariadb: Option<String>,
    /// A MongoDB server: `mongodb://user:password@host:27017`
    #[arg(long, value_name = "URL", requires = "database")]
    mongodb: Option<String>,
    /// The database on the MongoDB server
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// The folder to write templates into
    #[arg(long, value_name = "DIR", default_value = "templates")]
    out: PathBuf,
    /// What the templates' names begin with
    #[arg(long, value_name = "PREFIX", default_value = "")]
    name_prefix: String,
    /// Only tables, views, collections and routines that match, such as 'order*'; may be given several times
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// None that match; may be given several times
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// The service that serves the templates
    #[arg(long, value_name = "NAME", default_value = "app_server")]
    service: String,
    /// The broker, where the service has several
    #[arg(long, value_name = "NAME")]
    broker: Option<String>,
    /// The name that the templates use for the database, and the configuration maps to servers; by default its own
    #[arg(long, value_name = "NAME")]
    database_name: Option<String>,
    /// Propose procedures for tables without, and the node's own tables, in this SQL script; let the templates use them
    #[arg(long, value_name = "FILE", conflicts_with = "mongodb")]
    ddl: Option<PathBuf>,
    /// Documents to look at in a collection without a validator
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sample: u32,
    #[command(flatten)]
    tls: super::tls::TlsFiles,
    /// How long looking at the database may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u16,
    /// Overwrite files that are there
    #[arg(long)]
    force: bool,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Inspects a database and writes templates for it.
pub(super) async fn run(args: &Args) -> ExitCode {
    let options = match options(args) {
        Ok(options) => options,
        Err(message) => return fail(2, &message),
    };
    let catalogue = match look(args).await {
        Ok(catalogue) => catalogue,
        Err((at, Unseen { reason, hint, .. })) => return fail(2, &format!("{at}: {reason}\n  hint: {hint}")),
    };
    let mut options = options;
    if options.database_name.is_empty() {
        options.database_name = database_name(&catalogue.database);
    }
    let plan = import::plan(&catalogue, &options);
    if plan.files.is_empty() {
        let selected = if plan.counts.unselected > 0 { " that --only and --exclude allow" } else { "" };
        unmatched(&plan);
        left_out(&plan);
        return fail(1, &format!("`{}` has no tables, views or routines{selected}", catalogue.database));
    }
    if args.dry_run {
        let mut out = String::new();
        for (name, text) in &plan.files {
            let _ = writeln!(out, "# ---- {} ----\n{text}", args.out.join(name).display());
        }
        if let (Some(path), Some(script)) = (&args.ddl, &plan.ddl) {
            let _ = writeln!(out, "-- ---- {} ----\n{script}", path.display());
        }
        // A reader that closes the pipe has read enough.
        let _ = std::io::stdout().write_all(out.as_bytes());
    } else if let Err(error) = import::write(&plan, &args.out, args.ddl.as_deref(), args.force) {
        let hint = match error {
            import::WriteError::There(_) => {
                "\n  hint: overwrite with --force, write elsewhere with --out, or only show with --dry-run"
            }
            import::WriteError::Io { .. } => "",
        };
        return fail(1, &format!("{error}{hint}"));
    }
    summary(args, &options, &catalogue, &plan);
    ExitCode::SUCCESS
}

fn fail(code: u8, message: &str) -> ExitCode {
    eprintln!("beds import: {message}");
    ExitCode::from(code)
}

fn options(args: &Args) -> Result<Options, String> {
    let service = Service::from_name(&args.service).ok_or_else(|| {
        let known: Vec<_> = Service::ALL.iter().map(|service| service.as_str()).collect();
        format!("unknown service `{}`: use one of {}", args.service, known.join(", "))
    })?;
    if Placement::of(service, args.broker.as_deref()).is_none() {
        return Err(match &args.broker {
            Some(broker) => format!("the service `{}` has no broker `{broker}` for templates", args.service),
            None => format!("the service `{}` has several brokers: name one with --broker", args.service),
        });
    }
    let database_name = args.database_name.clone().unwrap_or_default();
    if !database_name.is_empty() && self::database_name(&database_name) != database_name {
        return Err(format!(
            "--database-name `{database_name}`: it may have letters, digits, `_` and `-`, at most 64"
        ));
    }
    Ok(Options {
        only: args.only.clone(),
        exclude: args.exclude.clone(),
        name_prefix: args.name_prefix.clone(),
        service: args.service.clone(),
        broker: args.broker.clone(),
        database_name,
        is_mongodb: args.mongodb.is_some(),
        ddl: args.ddl.is_some(),
        existing: import::existing(&args.out),
    })
}

/// A name that a template may use for a database.
fn database_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let name: String = name.chars().map(plain).take(64).collect();
    if name.is_empty() { "database".to_owned() } else { name }
}

/// Refuses a URL with parts that are not understood.
fn understood(rules: &Rules, url: &str, args: &Args) -> Result<SecretUrl, (String, Unseen)> {
    let url = SecretUrl::new(url).with_tls(args.tls.files());
    let hint = "docs/operations.md lists what a URL may say";
    rules.check(&url).map_err(|reason| (url.redacted(), Unseen::new(reason, hint)))?;
    Ok(url)
}

async fn look(args: &Args) -> Result<Catalogue, (String, Unseen)> {
    let timeout = Duration::from_secs(args.timeout.max(1).into());
    let scope = Scope { only: None, sample: args.sample, timeout };
    if let Some(url) = &args.mariadb {
        let url = understood(&MARIADB, url, args)?;
        let seen = beds_mariadb::inspect(std::slice::from_ref(&url), &scope).await;
        return seen.map_err(|unseen| (url.redacted(), unseen));
    }
    let url = understood(&MONGODB, args.mongodb.as_deref().unwrap_or_default(), args)?;
    let database = args.database.clone().unwrap_or_default();
    let style = ProgressStyle::with_template("  {pos}/{len}  {wide_msg}");
    // On a terminal, one line that is overwritten; in a log, a line now and then.
    let line = ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let progress = |done: usize, of: usize, name: &str| {
        line.set_length(of as u64);
        line.set_position(done as u64);
        line.set_message(name.to_owned());
        if line.is_hidden() && done.is_multiple_of(100) && done > 0 {
            eprintln!("  {done}/{of} collections");
        }
    };
    let wanted = |name: &str| {
        let matches =
            |patterns: &[String]| patterns.iter().any(|pattern| import::glob_matches(pattern, name, false));
        (args.only.is_empty() || matches(&args.only)) && !matches(&args.exclude)
    };
    let catalogue = beds_mongodb::inspect(&url, &database, &scope, &wanted, &progress).await;
    line.finish_and_clear();
    catalogue.map_err(|unseen| (format!("{} database `{database}`", url.redacted()), unseen))
}

fn summary(args: &Args, options: &Options, catalogue: &Catalogue, plan: &Plan) {
    let counts = plan.counts;
    let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let relation = if options.is_mongodb { "collection" } else { "table" };
    let verb = if args.dry_run { "would write" } else { "wrote" };
    eprintln!(
        "{verb} {} to {} for the database `{}`: {}, {}, {}; {} with create, update or delete",
        plural(plan.files.len(), "template"),
        args.out.display(),
        catalogue.database,
        plural(counts.tables, relation),
        plural(counts.views, "view"),
        plural(counts.calls, "call"),
        counts.writable,
    );
    if counts.unselected > 0 {
        eprintln!("skipped by --only and --exclude: {}", counts.unselected);
    }
    unmatched(plan);
    for domain in &plan.domains {
        eprint!("{domain}");
    }
    match (&args.ddl, &plan.ddl) {
        (Some(path), Some(_)) => {
            eprintln!("{verb} {}: read what it proposes, run it, then verify", path.display());
        }
        (Some(_), None) => {
            eprintln!("every table has its procedures, and there is a ledger: no script is needed");
        }
        (None, _) => {}
    }
    left_out(plan);
    if !args.dry_run {
        eprintln!(
            "next: bedsc check {}; configure [{}.{}]; rebuild the node; beds verify",
            args.out.display(),
            if options.is_mongodb { "mongodb" } else { "mariadb" },
            options.database_name
        );
    }
}

fn unmatched(plan: &Plan) {
    for pattern in &plan.unmatched {
        eprintln!("--only '{pattern}' matches nothing; names of tables are compared as the server does");
    }
}

fn left_out(plan: &Plan) {
    if !plan.left_out.is_empty() {
        eprintln!("not expressed ({}), also noted in the templates:", plan.left_out.len());
        for (place, what) in &plan.left_out {
            eprintln!("  {}: {}", OneLine(place), OneLine(what));
        }
    }
}
