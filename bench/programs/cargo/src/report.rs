//! What is printed.
use crate::store::Sums;
use anyhow::Result;
use clap::ValueEnum;
use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Format {
    Json,
    Table,
}

/// An amount with its point: 12345 cents are 123.45.
fn amount(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

pub fn render(sums: &Sums, format: Format) -> Result<String> {
    if format == Format::Json {
        return Ok(serde_json::to_string_pretty(sums)?);
    }
    let mut out = String::new();
    for (month, accounts) in &sums.months {
        writeln!(out, "{month}")?;
        for (account, cents) in accounts {
            writeln!(out, "  {account:<12} {:>14}", amount(*cents))?;
        }
    }
    write!(out, "{} groups, digest {}", sums.groups, &sums.digest[..16])?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_places() {
        assert_eq!(amount(-12305), "-123.05");
        assert_eq!(amount(7), "0.07");
    }
}
