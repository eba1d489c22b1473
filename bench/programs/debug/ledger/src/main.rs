//! Work by libraries and by generic code that libraries use, too; each part prints what it found.
use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use itertools::Itertools;
use petgraph::algo::dijkstra;
use petgraph::graph::{DiGraph, NodeIndex};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

#[derive(Serialize, Deserialize, Debug, Clone)]
struct Entry {
    name: String,
    amount: f64,
    tags: Vec<String>,
    at: BTreeMap<String, u64>,
}

fn json(rounds: u32) -> u64 {
    let entries: Vec<Entry> = (0..200u64)
        .map(|i| Entry {
            name: format!("entry {i}"),
            amount: i as f64 * 1.25,
            tags: (0..i % 5).map(|k| format!("tag{k}")).collect(),
            at: (0..i % 3).map(|k| (format!("k{k}"), i * k)).collect(),
        })
        .collect();
    let mut sum = 0;
    for _ in 0..rounds {
        let text = serde_json::to_string(&entries).unwrap();
        let back: Vec<Entry> = serde_json::from_str(&text).unwrap();
        sum += text.len() as u64 + back.iter().map(|e| e.tags.len() as u64).sum::<u64>();
    }
    sum
}

fn groups(rounds: u32) -> u64 {
    let mut sum = 0;
    for r in 0..rounds as u64 {
        let mut map: IndexMap<u64, Vec<u64>> = IndexMap::new();
        for i in 0..4000u64 {
            map.entry((i * 7 + r) % 101).or_default().push(i);
        }
        let best = map.iter().map(|(k, v)| (v.iter().sum::<u64>(), *k)).sorted().rev().take(5).collect_vec();
        let words: HashMap<u64, SmallVec<[u64; 4]>> = best.iter().map(|&(s, k)| (k, (0..s % 7).collect())).collect();
        sum += words.values().map(|w| w.len() as u64).sum::<u64>() + best[0].1;
    }
    sum
}

fn paths(rounds: u32) -> u64 {
    let mut graph = DiGraph::<u32, u32>::new();
    let nodes: Vec<NodeIndex> = (0..300).map(|i| graph.add_node(i)).collect();
    for i in 0..300usize {
        for k in 1..6 {
            graph.add_edge(nodes[i], nodes[(i * k + 11) % 300], (i * k % 17) as u32 + 1);
        }
    }
    (0..rounds)
        .map(|r| dijkstra(&graph, nodes[r as usize % 300], None, |e| *e.weight() as u64).values().sum::<u64>())
        .sum()
}

fn numbers(rounds: u32) -> u64 {
    let mut v: Vec<u64> = Vec::new();
    let mut sum = 0;
    for r in 0..rounds as u64 {
        v.clear();
        for i in 0..5000 {
            v.push(i * i ^ r);
        }
        v.sort_unstable();
        sum += v.iter().step_by(3).zip(v.iter().rev()).filter(|(a, b)| **a < **b).count() as u64;
    }
    sum
}

fn search(rounds: u32) -> u64 {
    let re = regex::Regex::new(r"(\w+)@(\w+)\.(com|org)").unwrap();
    let text = (0..200)
        .map(|i| format!("someone{i}@place{i}.{} and more words here; ", ["com", "net", "org"][i % 3]))
        .join("");
    (0..rounds).map(|_| re.captures_iter(&text).map(|c| c[1].len() as u64).sum::<u64>()).sum()
}

fn main() {
    println!("{} {} {} {} {}", json(25), groups(40), paths(100), numbers(60), search(10));
}
