//! Rust's declarations of what Kiln's headers declare. They are written plainly (one declarator each, no bit fields),
//! and anything else that they might come to contain stops the build here with its tokens.

use std::fmt::Write;

/// The declarations of `tokens` in Rust.
pub fn make(tokens: &[&str]) -> String {
    let mut reader = Reader {
        tokens,
        at: 0,
        types: String::new(),
        functions: String::new(),
        complete: Vec::new(),
        opaque: Vec::new(),
    };
    while reader.at < tokens.len() {
        reader.declaration();
    }
    let mut out = reader.types;
    for name in reader.opaque.iter().filter(|name| !reader.complete.contains(name)) {
        writeln!(out, "#[repr(C)]\npub struct {name} {{\n    _opaque: [u8; 0],\n}}").unwrap();
    }
    writeln!(out, "unsafe extern \"C\" {{\n{}}}", reader.functions).unwrap();
    out
}

struct Reader<'a> {
    tokens: &'a [&'a str],
    at: usize,
    types: String,
    functions: String,
    /// Structures with members, and those that are declared.
    complete: Vec<&'a str>,
    opaque: Vec<&'a str>,
}

/// A declarator: its name (empty: none) and its type in Rust.
struct Declared<'a> {
    name: &'a str,
    rust: String,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).copied().unwrap_or("")
    }

    fn next(&mut self) -> &'a str {
        self.at += 1;
        self.tokens[self.at - 1]
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek() == token;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) {
        if !self.take(token) {
            let from = self.at.saturating_sub(12);
            let to = self.tokens.len().min(self.at + 4);
            panic!("Kiln's headers: {token:?} expected before the fourth last of {:?}", &self.tokens[from..to]);
        }
    }

    /// Skips to the bracket that closes the one at the reader's position.
    fn skip_group(&mut self) {
        let mut depth = 0;
        loop {
            match self.next() {
                "(" | "{" | "[" => depth += 1,
                ")" | "}" | "]" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn declaration(&mut self) {
        match self.peek() {
            "static" => {
                while self.peek() != "{" {
                    self.at += 1;
                }
                self.skip_group();
            }
            "typedef" => {
                self.at += 1;
                self.type_definition();
            }
            "enum" => {
                self.at += 1;
                self.enumeration();
                self.expect(";");
            }
            "struct" => {
                self.at += 1;
                let name = self.next();
                self.structure(name);
                self.expect(";");
            }
            ";" => self.at += 1,
            _ => self.function(),
        }
    }

    fn type_definition(&mut self) {
        match self.peek() {
            "enum" => {
                self.at += 1;
                let name = self.next();
                writeln!(self.types, "pub type {name} = u32;").unwrap();
                self.enumeration();
                self.expect(name);
            }
            "struct" => {
                self.at += 1;
                let name = self.next();
                if self.peek() == "{" {
                    self.structure(name);
                } else {
                    self.opaque.push(name);
                }
                self.expect(name);
            }
            _ => {
                let base = self.base_type();
                let declared = self.declarator(base);
                writeln!(self.types, "pub type {} = {};", declared.name, declared.rust).unwrap();
            }
        }
        self.expect(";");
    }

    fn enumeration(&mut self) {
        self.expect("{");
        // From the last one that has a value: a chain of constants would be too deep for rustc.
        let (mut from, mut after) = ("", 0);
        while !self.take("}") {
            let name = self.next();
            let value = if self.take("=") {
                (from, after) = (name, 0);
                self.expression(&[",", "}"])
            } else if from.is_empty() {
                after.to_string()
            } else {
                format!("{from} + {after}")
            };
            writeln!(self.types, "pub const {name}: u32 = {value};").unwrap();
            after += 1;
            self.take(",");
        }
    }

    /// A constant expression up to one of the tokens `ends`. Rust's operators are C's; suffixes of numbers go.
    fn expression(&mut self, ends: &[&str]) -> String {
        let mut text = Vec::new();
        while !ends.contains(&self.peek()) {
            let token = self.next();
            let number = token.starts_with(|c: char| c.is_ascii_digit());
            text.push(if number { token.trim_end_matches(['u', 'U', 'l', 'L']) } else { token });
        }
        text.join(" ")
    }

    fn structure(&mut self, name: &'a str) {
        self.complete.push(name);
        self.expect("{");
        let mut fields = String::new();
        let mut names = Vec::new();
        while !self.take("}") {
            let base = self.base_type();
            let field = self.declarator(base);
            self.expect(";");
            writeln!(fields, "    pub {}: {},", rust_name(field.name), field.rust).unwrap();
            names.push(field.name);
        }
        // What has an id alone is a handle, which is compared and is a key of tables.
        let more = if names == ["id"] { ", PartialEq, Eq, Hash, Debug" } else { "" };
        writeln!(
            self.types,
            "#[repr(C)]\n#[derive(Clone, Copy{more})]\npub struct {name} {{\n{fields}}}\n\
             impl Default for {name} {{\n    fn default() -> Self {{\n        \
             // SAFETY: numbers, addresses, and functions that may be absent: all are valid as zeros.\n        \
             unsafe {{ core::mem::zeroed() }}\n    }}\n}}"
        )
        .unwrap();
    }

    fn function(&mut self) {
        if self.take("extern") {
            self.expect("\"C\"");
            self.take("{");
            return;
        }
        if self.take("}") {
            return;
        }
        if self.take("__attribute__") {
            self.skip_group();
        }
        let base = self.base_type();
        let result = self.pointers(base);
        let name = self.next();
        let params = self.parameters();
        self.expect(";");
        writeln!(self.functions, "    pub fn {name}({params}){};", returns(&result)).unwrap();
    }

    /// A type's specifiers: the name in Rust, and whether it is `const`.
    fn base_type(&mut self) -> (String, bool) {
        let mut is_const = self.take("const");
        self.take("struct");
        self.take("enum");
        let name = self.next();
        if name == "unsigned" {
            self.take("int");
        }
        is_const |= self.take("const");
        let rust = match name {
            "void" => "core::ffi::c_void",
            "char" => "core::ffi::c_char",
            "int" => "core::ffi::c_int",
            "unsigned" => "core::ffi::c_uint",
            "float" => "f32",
            "double" => "f64",
            "_Bool" | "bool" => "bool",
            "size_t" => "usize",
            "int8_t" => "i8",
            "int16_t" => "i16",
            "int32_t" => "i32",
            "int64_t" => "i64",
            "uint8_t" => "u8",
            "uint16_t" => "u16",
            "uint32_t" => "u32",
            "uint64_t" => "u64",
            name => name,
        };
        (rust.to_string(), is_const)
    }

    fn pointers(&mut self, (mut rust, mut is_const): (String, bool)) -> String {
        while self.take("*") {
            rust = format!("*{} {rust}", if is_const { "const" } else { "mut" });
            is_const = self.take("const");
        }
        rust
    }

    fn declarator(&mut self, base: (String, bool)) -> Declared<'a> {
        let rust = self.pointers(base);
        if self.take("(") {
            self.expect("*");
            let name = self.next();
            self.expect(")");
            let params = self.parameters();
            return Declared { name, rust: format!("Option<unsafe extern \"C\" fn({params}){}>", returns(&rust)) };
        }
        let name = if matches!(self.peek(), "," | ")") { "" } else { self.next() };
        let mut lengths = Vec::new();
        while self.take("[") {
            let length = self.expression(&["]"]);
            lengths.push(if length.parse::<u32>().is_ok() { length } else { format!("({length}) as usize") });
            self.expect("]");
        }
        let rust = lengths.iter().rev().fold(rust, |rust, length| format!("[{rust}; {length}]"));
        Declared { name, rust }
    }

    fn parameters(&mut self) -> String {
        self.expect("(");
        let mut out = Vec::new();
        while !self.take(")") {
            let base = self.base_type();
            let declared = self.declarator(base);
            if declared.rust != "core::ffi::c_void" {
                out.push(format!(
                    "{}: {}",
                    rust_name(if declared.name.is_empty() { "_" } else { declared.name }),
                    declared.rust
                ));
            }
            self.take(",");
        }
        out.join(", ")
    }
}

fn returns(rust: &str) -> String {
    if rust == "core::ffi::c_void" { String::new() } else { format!(" -> {rust}") }
}

/// A name that may be a keyword of Rust.
fn rust_name(name: &str) -> String {
    match name {
        "type" | "ref" | "in" | "fn" | "mod" | "use" | "as" | "box" | "final" | "match" | "where" => {
            format!("r#{name}")
        }
        name => name.to_string(),
    }
}
