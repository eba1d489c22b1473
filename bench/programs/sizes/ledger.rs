//! Accounts of department NUMBER: traits, closures, collections and formatting.

use std::collections::HashMap;
use std::fmt;

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    Unknown(String),
    Limit { account: u32, above: i64 },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unknown(name) => write!(f, "no account {name} in department NUMBER"),
            Refusal::Limit { account, above } => write!(f, "account {account} is {above} above its limit"),
        }
    }
}

/// An account with its entries: day and amount.
#[derive(Debug, Clone, Default)]
pub struct Account {
    pub name: String,
    pub number: u32,
    pub entries: Vec<(u32, i64)>,
}

impl Account {
    pub fn balance(&self) -> i64 {
        self.entries.iter().map(|(_, amount)| amount).sum()
    }

    /// The days on which the account was below zero.
    pub fn overdrawn(&self) -> Vec<u32> {
        let mut balance = 0;
        let mut days = Vec::new();
        for (day, amount) in &self.entries {
            balance += amount;
            if balance < 0 {
                days.push(*day);
            }
        }
        days
    }
}

/// What an account has to pay.
pub trait Fee {
    fn fee(&self, account: &Account) -> i64;
}

pub struct Share(pub i64);

impl Fee for Share {
    fn fee(&self, account: &Account) -> i64 {
        (account.balance().max(0) * self.0 / 1000).min(50)
    }
}

#[derive(Default)]
pub struct Department {
    accounts: HashMap<String, Account>,
}

impl Department {
    pub fn post(&mut self, name: &str, day: u32, amount: i64) -> Result<i64, Refusal> {
        let account = self.accounts.get_mut(name).ok_or_else(|| Refusal::Unknown(name.to_string()))?;
        let balance = account.balance() + amount;
        if balance > 300 {
            return Err(Refusal::Limit { account: account.number, above: balance - 300 });
        }
        account.entries.push((day, amount));
        Ok(balance)
    }
}

pub fn run() -> String {
    let mut department = Department::default();
    for (number, name) in (0..).zip(["rent", "food", "books"]) {
        department.accounts.insert(name.to_string(), Account { name: name.to_string(), number, ..Account::default() });
    }
    let mut refused = Vec::new();
    for day in 0..30 {
        let name = ["rent", "food", "travel"][day as usize % 3];
        if let Err(why) = department.post(name, day, (i64::from(day) * STEP) % 97 - 40) {
            refused.push(why.to_string());
        }
    }
    let rules: Vec<Box<dyn Fee>> = vec![Box::new(Share(30)), Box::new(Share(7))];
    let fees: i64 = department.accounts.values().map(|a| rules.iter().map(|r| r.fee(a)).sum::<i64>()).sum();
    let days: usize = department.accounts.values().map(|a| a.overdrawn().len()).sum();
    format!("NUMBER: {} refused, fees {fees}, {days} days", refused.len())
}
