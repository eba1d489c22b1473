//! Parses and writes JSON: a value of enums, vectors and strings, an error with its position.
use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Debug, Clone, PartialEq)]
enum Json {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Array(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

#[derive(Debug)]
struct Error {
    at: usize,
    what: &'static str,
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Parser { text: text.as_bytes(), at: 0 }
    }

    fn error<T>(&self, what: &'static str) -> Result<T, Error> {
        Err(Error { at: self.at, what })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, c: u8) -> Result<(), Error> {
        self.space();
        if self.peek() != Some(c) {
            return self.error("another character was expected");
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Error> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return self.error("no such word");
        }
        self.at += word.len();
        Ok(value)
    }

    fn string(&mut self) -> Result<String, Error> {
        self.expect(b'"')?;
        let mut out = Vec::new();
        loop {
            match self.peek() {
                None => return self.error("a string does not end"),
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'n') => out.push(b'\n'),
                        Some(b't') => out.push(b'\t'),
                        Some(c @ (b'"' | b'\\' | b'/')) => out.push(c),
                        _ => return self.error("no such escape"),
                    }
                }
                Some(c) => out.push(c),
            }
            self.at += 1;
        }
        self.at += 1;
        String::from_utf8(out).or_else(|_| self.error("not UTF-8"))
    }

    fn number(&mut self) -> Result<Json, Error> {
        let start = self.at;
        let digits = self.text[start..]
            .iter()
            .take_while(|&&c| c.is_ascii_digit() || matches!(c, b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        self.at += digits;
        match std::str::from_utf8(&self.text[start..self.at]) {
            Ok(text) => text.parse().map(Json::Number).or_else(|_| self.error("not a number")),
            Err(_) => self.error("not a number"),
        }
    }

    fn sequence(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.at += 1;
        self.space();
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(c) if c == end => break,
                _ => return self.error("a comma or the end was expected"),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self) -> Result<Json, Error> {
        self.space();
        match self.peek() {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => self.string().map(Json::String),
            Some(b'[') => {
                let mut items = Vec::new();
                self.sequence(b']', |p| Ok(items.push(p.value()?)))?;
                Ok(Json::Array(items))
            }
            Some(b'{') => {
                let mut members = BTreeMap::new();
                self.sequence(b'}', |p| {
                    let key = p.string()?;
                    p.expect(b':')?;
                    members.insert(key, p.value()?);
                    Ok(())
                })?;
                Ok(Json::Object(members))
            }
            Some(_) => self.number(),
            None => self.error("a value was expected"),
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn write(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Json::Number(n) => write!(out, "{n}").unwrap(),
        Json::String(s) => write_string(s, out),
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (i, (key, item)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

fn sum(value: &Json) -> f64 {
    match value {
        Json::Number(n) => *n,
        Json::String(s) => s.len() as f64,
        Json::Array(items) => items.iter().map(sum).sum(),
        Json::Object(members) => members.values().map(sum).sum(),
        _ => 1.0,
    }
}

fn main() -> Result<(), Error> {
    let mut text = String::from("[");
    for i in 0..400 {
        let (x, y) = (i * 37 % 101, i as f64 / 8.0);
        write!(
            text,
            r#"{{"id": {i}, "name": "item \"{x}\" of\n many", "at": [{x}, {y}, -{x}.5e2], "on": {}, "none": null}},"#,
            i % 3 == 0
        )
        .unwrap();
    }
    text.push_str(" {}, [], \"\"]");
    let mut total = 0.0;
    for round in 0..70 {
        let value = Parser::new(&text).value()?;
        let mut again = String::new();
        write(&value, &mut again);
        let same = Parser::new(&again).value()?;
        assert_eq!(value, same);
        total += sum(&same) + (again.len() * round) as f64;
    }
    println!("{total}");
    for bad in ["[1, 2", "{\"a\" 1}", "nul", "\"\\q\""] {
        if let Err(e) = Parser::new(bad).value() {
            println!("{}: {}", e.at, e.what);
        }
    }
    Ok(())
}
