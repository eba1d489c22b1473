// String, &str, char, bytes, formatting, a type with Display.
use std::fmt;

struct Name<'a> {
    first: &'a str,
    last: String,
    initial: char,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let width = self.first.len() + self.last.len();
        write!(f, "{} {} ({}, {})", self.first, self.last, self.initial, width)
    }
}

fn reversed(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().rev() {
        out.push(c);
    }
    out
}

fn count(text: &str, byte: u8) -> usize {
    let mut n = 0;
    for b in text.bytes() {
        if b == byte {
            n += 1;
        }
    }
    n
}

fn main() {
    let text = "hello, wörld";
    let back = reversed(text);
    let ls = count(text, b'l');
    let name = Name { first: "Ada", last: back.clone(), initial: 'A' };
    let shown = name.to_string();
    let empty = String::new();
    println!("{} {} {} {}", back, ls, shown, empty.is_empty());
}
