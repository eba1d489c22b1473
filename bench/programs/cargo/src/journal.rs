//! Payments, and the journal that they are in.
use chrono::{Days, NaiveDate};
use rand::{rngs::StdRng, Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum Error {
    #[error("line {line}: {source}")]
    Line { line: u64, source: csv::Error },
    #[error("payment {number} of {account} is of no amount")]
    Nothing { number: u32, account: String },
    #[error(transparent)]
    Write(#[from] csv::Error),
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Payment {
    pub number: u32,
    pub day: NaiveDate,
    pub account: String,
    pub to: String,
    pub cents: i64,
    #[serde(default)]
    pub note: Option<String>,
}

impl Payment {
    /// The month that a payment counts for: those of the first day belong to the month before.
    pub fn month(&self) -> String {
        self.day.checked_sub_days(Days::new(1)).unwrap_or(self.day).format("%Y-%m").to_string()
    }
}

pub fn parse(text: &str) -> Result<Vec<Payment>, Error> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut payments = Vec::new();
    for row in reader.deserialize::<Payment>() {
        let payment = row.map_err(|source| {
            let line = source.position().map_or(0, |p| p.line());
            Error::Line { line, source }
        })?;
        if payment.cents == 0 {
            return Err(Error::Nothing { number: payment.number, account: payment.account });
        }
        payments.push(payment);
    }
    Ok(payments)
}

/// A journal of `n` payments, always the same ones.
pub fn made_up(n: u32) -> Result<String, Error> {
    const NAMES: [&str; 8] = ["rent", "food", "books", "travel", "savings", "salary", "heating", "gifts"];
    let mut random = StdRng::seed_from_u64(1);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let first = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap_or_default();
    for number in 0..n {
        let from = random.random_range(0..NAMES.len());
        let to = (from + random.random_range(1..NAMES.len())) % NAMES.len();
        writer.serialize(Payment {
            number,
            day: first + Days::new(random.random_range(0..366)),
            account: NAMES[from].to_owned(),
            to: NAMES[to].to_owned(),
            cents: random.random_range(1..500_000),
            note: random.random_bool(0.25).then(|| format!("note {number}")),
        })?;
    }
    Ok(String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_can_be_read() {
        let payments = parse(&made_up(300).unwrap()).unwrap();
        assert_eq!(payments.len(), 300);
        assert!(payments.iter().all(|p| p.cents > 0 && p.account != p.to));
    }

    #[test]
    fn errors_name_the_line() {
        let text = "number,day,account,to,cents,note\n1,2024-02-30,a,b,3,\n";
        assert!(parse(text).unwrap_err().to_string().starts_with("line 2: "));
    }
}
