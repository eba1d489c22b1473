//! Payments by account and month, and who pays whom.
use crate::journal::Payment;
use hashbrown::HashMap;
use indexmap::IndexMap;
use itertools::Itertools;
use num_bigint::BigInt;
use parking_lot::Mutex;
use petgraph::{algo, graph::DiGraph};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

#[derive(Debug, Default, Serialize)]
pub struct Sums {
    pub months: IndexMap<String, IndexMap<String, i64>>,
    pub largest: Vec<Payment>,
    pub groups: usize,
    pub squares: String,
    pub digest: String,
    pub accounts: SmallVec<[String; 8]>,
}

pub struct Store {
    payments: Vec<Payment>,
}

impl Store {
    pub fn new(payments: Vec<Payment>) -> Self {
        Store { payments }
    }

    fn months(&self) -> IndexMap<String, IndexMap<String, i64>> {
        let months: Mutex<HashMap<(String, String), i64>> = Mutex::new(HashMap::new());
        self.payments.par_iter().for_each(|p| {
            *months.lock().entry((p.month(), p.account.clone())).or_default() += p.cents;
        });
        let mut out: IndexMap<String, IndexMap<String, i64>> = IndexMap::new();
        for ((month, account), cents) in months.into_inner().into_iter().sorted() {
            out.entry(month).or_default().insert(account, cents);
        }
        out
    }

    /// Number of groups of accounts that each pay, by way of others, to all of the group.
    fn groups(&self) -> usize {
        let mut graph = DiGraph::<&str, i64>::new();
        let mut nodes = HashMap::new();
        for p in &self.payments {
            let from = *nodes.entry(p.account.as_str()).or_insert_with(|| graph.add_node(&p.account));
            let to = *nodes.entry(p.to.as_str()).or_insert_with(|| graph.add_node(&p.to));
            graph.update_edge(from, to, p.cents);
        }
        algo::tarjan_scc(&graph).len()
    }

    pub fn sums(&self) -> Sums {
        let squares: BigInt = self.payments.iter().map(|p| BigInt::from(p.cents).pow(2)).sum();
        let mut digest = Sha256::new();
        for p in &self.payments {
            digest.update(p.account.as_bytes());
            digest.update(p.cents.to_le_bytes());
        }
        Sums {
            months: self.months(),
            largest: self.payments.iter().sorted_by_key(|p| -p.cents).take(3).cloned().collect(),
            groups: self.groups(),
            squares: squares.to_string(),
            digest: hex::encode(digest.finalize()),
            accounts: self.payments.iter().map(|p| p.account.clone()).sorted().dedup().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal;

    #[test]
    fn sums_are_of_all_payments() {
        let payments = journal::parse(&journal::made_up(500).unwrap()).unwrap();
        let all: i64 = payments.iter().map(|p| p.cents).sum();
        let sums = Store::new(payments).sums();
        assert_eq!(sums.months.values().flat_map(|m| m.values()).sum::<i64>(), all);
        assert_eq!(sums.groups, 1);
    }
}
