//! Reads a journal of payments as CSV, filters and sums it, and prints JSON: a small program on many crates.
mod journal;
mod report;
mod store;

use anyhow::{Context, Result};
use clap::Parser;

/// What a journal says, summed up.
#[derive(Debug, Parser)]
#[command(name = "ledger")]
struct Arguments {
    /// A file of comma-separated values; without it, one is made up
    journal: Option<std::path::PathBuf>,
    /// Only accounts that match
    #[arg(short, long, default_value = "")]
    accounts: String,
    /// How many payments are made up
    #[arg(short, long, default_value_t = 2000)]
    number: u32,
    #[arg(long, value_enum, default_value_t = report::Format::Json)]
    format: report::Format,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    env_logger::init();
    let arguments = Arguments::parse();
    let text = match &arguments.journal {
        Some(path) => tokio::fs::read_to_string(path).await.with_context(|| format!("{}", path.display()))?,
        None => journal::made_up(arguments.number)?,
    };
    log::debug!("{} bytes", text.len());
    let all = journal::parse(&text)?;
    let filter = regex::RegexBuilder::new(&arguments.accounts).case_insensitive(true).build()?;
    let chosen: Vec<_> = all.into_iter().filter(|p| filter.is_match(&p.account)).collect();
    let sums = tokio::task::spawn_blocking(move || store::Store::new(chosen).sums()).await?;
    println!("{}", report::render(&sums, arguments.format)?);
    Ok(())
}
