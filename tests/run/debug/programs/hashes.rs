// HashMap, BTreeMap, HashSet.
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasherDefault;

type Fixed = BuildHasherDefault<DefaultHasher>;

fn count(words: &[&str]) -> HashMap<String, u32, Fixed> {
    let mut counts: HashMap<String, u32, Fixed> = HashMap::default();
    for word in words {
        let n = counts.entry(word.to_string()).or_insert(0);
        *n += 1;
    }
    counts
}

fn main() {
    let words = ["one", "two", "one"];
    let counts = count(&words);
    let ones = counts["one"];
    let mut tree = BTreeMap::new();
    tree.insert(3, "three");
    tree.insert(1, "one");
    let mut set: HashSet<u8, Fixed> = HashSet::default();
    set.insert(5);
    let has = set.contains(&5);
    let first = tree.iter().next();
    println!("{} {} {:?}", ones, has, first);
}
