//! Strings: chars and words, counts in a HashMap, edit distances, run lengths, Caesar and Vigenere, wrapped lines.
use std::collections::{BTreeSet, HashMap};

const TEXT: &str = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of \
    foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the \
    season of Darkness, it was the spring of hope, it was the winter of despair; naïve façades, übergroße Straßen.";

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

fn most_common(text: &str, n: usize) -> Vec<(String, usize)> {
    let mut counts = HashMap::new();
    for word in words(text) {
        *counts.entry(word).or_insert(0) += 1;
    }
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
    sorted.truncate(n);
    sorted
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, c) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, &d) in b.iter().enumerate() {
            let next = (corner + usize::from(c != d)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row[b.len()]
}

fn run_lengths(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut count = 1;
        while chars.next_if_eq(&c).is_some() {
            count += 1;
        }
        if count > 1 {
            out += &count.to_string();
        }
        out.push(c);
    }
    out
}

fn shifted(c: char, by: u8) -> char {
    let rotate = |base: u8| char::from((c as u8 - base + by) % 26 + base);
    match c {
        'a'..='z' => rotate(b'a'),
        'A'..='Z' => rotate(b'A'),
        _ => c,
    }
}

fn vigenere(text: &str, key: &str, back: bool) -> String {
    let shifts = key.bytes().map(|b| if back { 26 - (b - b'a') } else { b - b'a' }).cycle();
    text.chars().zip(shifts).map(|(c, by)| shifted(c, by)).collect()
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    text.split_whitespace().fold(Vec::new(), |mut lines: Vec<String>, word| {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
        lines
    })
}

fn is_palindrome(text: &str) -> bool {
    let letters = || text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    letters().eq(letters().collect::<Vec<_>>().into_iter().rev())
}

fn longest_common<'a>(a: &'a str, b: &str) -> &'a str {
    let starts = a.char_indices().map(|(i, _)| &a[i..]);
    let common =
        |x: &str, y: &str| x.chars().zip(y.chars()).take_while(|(p, q)| p == q).map(|(p, _)| p.len_utf8()).sum();
    starts
        .map(|x| &x[..b.char_indices().map(|(j, _)| common(x, &b[j..])).max().unwrap_or(0)])
        .max_by_key(|s| s.len())
        .unwrap_or("")
}

fn main() {
    let mut total = 0;
    for round in 0..900usize {
        let key = ["lemon", "orange", "zest"][round % 3];
        let width = 20 + round % 40;
        let secret = vigenere(TEXT, key, false);
        assert_eq!(vigenere(&secret, key, true), TEXT);
        let reversed: String = secret.chars().rev().collect();
        total += run_lengths(&reversed).len() + wrapped(&reversed, width).len();
        total += most_common(&secret, 5).iter().map(|(word, n)| word.len() * n).sum::<usize>();
        let rare: BTreeSet<String> = words(TEXT).skip(width - 20).filter(|w| w.chars().count() > 4).collect();
        for (a, b) in rare.iter().zip(rare.iter().skip(1)) {
            total += distance(a, b);
        }
        total += usize::from(is_palindrome(&format!("{TEXT}{}", TEXT.chars().rev().collect::<String>())));
    }
    println!("{total}");
    for (word, count) in most_common(TEXT, 4) {
        println!("{word} {count}");
    }
    println!("{:?}", longest_common(TEXT, "the season of Lights; übergroße façades, naïve Straße"));
    println!("{} {}", run_lengths("aaabccdddd"), distance("Straßen", "Strassen"));
    for line in wrapped(TEXT, 60).iter().rev().take(2) {
        println!("{line}");
    }
}
