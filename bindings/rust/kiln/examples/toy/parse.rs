//! A small language: functions of 64-bit numbers.
//!
//! ```text
//! fn gcd(a, b) {
//!     while b != 0 { let t = a % b; a = b; b = t; }
//!     return a;
//! }
//! fn main() { print gcd(48, 36); return 0; }
//! ```

use std::collections::HashMap;

/// Operators, in the order of [`OPERATORS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    Or,
    And,
    Eq,
    Ne,
    Le,
    Ge,
    Lt,
    Gt,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

/// How an operator is written and how strongly it binds. Longer ones stand before their beginnings.
const OPERATORS: [(&str, Op, u8); 13] = [
    ("|", Op::Or, 1),
    ("&", Op::And, 2),
    ("==", Op::Eq, 3),
    ("!=", Op::Ne, 3),
    ("<=", Op::Le, 3),
    (">=", Op::Ge, 3),
    ("<", Op::Lt, 3),
    (">", Op::Gt, 3),
    ("+", Op::Add, 4),
    ("-", Op::Sub, 4),
    ("*", Op::Mul, 5),
    ("/", Op::Div, 5),
    ("%", Op::Rem, 5),
];

#[derive(Debug)]
pub enum Expr {
    Number(i64),
    /// By its number in the function.
    Variable(usize),
    Binary(Op, Box<Expr>, Box<Expr>),
    /// By the function's number in the program.
    Call(usize, Vec<Expr>),
}

#[derive(Debug)]
pub enum Kind {
    Assign(usize, Expr),
    While(Expr, Vec<Stmt>),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    Return(Expr),
    Print(Expr),
    Expr(Expr),
}

#[derive(Debug)]
pub struct Stmt {
    /// From 1.
    pub line: u32,
    pub kind: Kind,
}

#[derive(Debug)]
pub struct Func {
    pub name: String,
    pub line: u32,
    pub n_params: usize,
    /// Parameters first.
    pub variables: Vec<String>,
    pub body: Vec<Stmt>,
}

struct Parser<'a> {
    left: &'a str,
    line: u32,
    /// By name: number and parameters.
    functions: HashMap<&'a str, (usize, usize)>,
    variables: Vec<&'a str>,
}

type Result<T> = std::result::Result<T, String>;

impl<'a> Parser<'a> {
    fn skip(&mut self) {
        loop {
            let rest = self.left.trim_start();
            self.line += self.left[..self.left.len() - rest.len()].matches('\n').count() as u32;
            self.left = rest;
            if !rest.starts_with('#') {
                return;
            }
            self.left = &rest[rest.find('\n').unwrap_or(rest.len())..];
        }
    }

    fn fail<T>(&self, what: &str) -> Result<T> {
        Err(format!("line {}: {what}", self.line))
    }

    fn take(&mut self, text: &str) -> bool {
        self.skip();
        let found = self.left.starts_with(text);
        if found {
            self.left = &self.left[text.len()..];
        }
        found
    }

    fn expect(&mut self, text: &str) -> Result<()> {
        if self.take(text) { Ok(()) } else { self.fail(&format!("{text} expected")) }
    }

    /// The next word, or "".
    fn word(&mut self) -> &'a str {
        self.skip();
        let end = self.left.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.left.len());
        let (word, rest) = self.left.split_at(end);
        self.left = rest;
        word
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let before = (self.left, self.line);
        let found = self.word() == keyword;
        if !found {
            (self.left, self.line) = before;
        }
        found
    }

    fn name(&mut self) -> Result<&'a str> {
        let word = self.word();
        if word.starts_with(|c: char| c.is_ascii_alphabetic()) { Ok(word) } else { self.fail("a name is expected") }
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        self.expect("(")?;
        while !self.take(")") {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn variable(&self, name: &str) -> Result<usize> {
        match self.variables.iter().rposition(|v| *v == name) {
            Some(at) => Ok(at),
            None => self.fail(&format!("there is no variable {name}")),
        }
    }

    fn primary(&mut self) -> Result<Expr> {
        if self.take("(") {
            let inner = self.expr(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("-") {
            return Ok(Expr::Binary(Op::Sub, Box::new(Expr::Number(0)), Box::new(self.primary()?)));
        }
        let word = self.word();
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word.parse().map(Expr::Number).or_else(|_| self.fail("a number is out of range"));
        }
        if !self.left.starts_with('(') {
            return Ok(Expr::Variable(self.variable(word)?));
        }
        let Some(&(number, n_params)) = self.functions.get(word) else {
            return self.fail(&format!("there is no function {word}"));
        };
        let args = self.list(|p| p.expr(0))?;
        if args.len() == n_params { Ok(Expr::Call(number, args)) } else { self.fail("wrong number of arguments") }
    }

    fn expr(&mut self, weakest: u8) -> Result<Expr> {
        let mut left = self.primary()?;
        loop {
            self.skip();
            let found = OPERATORS.iter().find(|(text, ..)| self.left.starts_with(text));
            let Some(&(text, op, strength)) = found.filter(|(.., strength)| *strength > weakest) else {
                return Ok(left);
            };
            self.expect(text)?;
            left = Expr::Binary(op, Box::new(left), Box::new(self.expr(strength)?));
        }
    }

    fn block(&mut self) -> Result<Vec<Stmt>> {
        self.expect("{")?;
        let mut out = Vec::new();
        while !self.take("}") {
            out.push(self.stmt()?);
        }
        Ok(out)
    }

    fn stmt(&mut self) -> Result<Stmt> {
        self.skip();
        let line = self.line;
        let kind = if self.keyword("while") {
            Kind::While(self.expr(0)?, self.block()?)
        } else if self.keyword("if") {
            let (condition, then) = (self.expr(0)?, self.block()?);
            Kind::If(condition, then, if self.keyword("else") { self.block()? } else { Vec::new() })
        } else {
            let kind = self.simple()?;
            self.expect(";")?;
            kind
        };
        Ok(Stmt { line, kind })
    }

    fn simple(&mut self) -> Result<Kind> {
        if self.keyword("return") {
            return self.expr(0).map(Kind::Return);
        }
        if self.keyword("print") {
            return self.expr(0).map(Kind::Print);
        }
        if self.keyword("let") {
            let name = self.name()?;
            self.expect("=")?;
            let value = self.expr(0)?;
            self.variables.push(name);
            return Ok(Kind::Assign(self.variables.len() - 1, value));
        }
        let before = (self.left, self.line);
        let name = self.word();
        self.skip();
        if self.left.starts_with('=') && !self.left.starts_with("==") {
            let to = self.variable(name)?;
            self.expect("=")?;
            return Ok(Kind::Assign(to, self.expr(0)?));
        }
        (self.left, self.line) = before;
        self.expr(0).map(Kind::Expr)
    }

    fn function(&mut self) -> Result<Func> {
        if !self.keyword("fn") {
            return self.fail("fn is expected");
        }
        let (name, line) = (self.name()?, self.line);
        self.variables = self.list(Self::name)?;
        let n_params = self.variables.len();
        if self.functions.insert(name, (self.functions.len(), n_params)).is_some() {
            return self.fail(&format!("there is a function {name} already"));
        }
        let body = self.block()?;
        let variables = self.variables.iter().map(|v| v.to_string()).collect();
        Ok(Func { name: name.to_string(), line, n_params, variables, body })
    }
}

/// The functions of a program. One may call itself and those before it.
pub fn parse(source: &str) -> Result<Vec<Func>> {
    let mut p = Parser { left: source, line: 1, functions: HashMap::new(), variables: Vec::new() };
    let mut out = Vec::new();
    loop {
        p.skip();
        if p.left.is_empty() {
            return Ok(out);
        }
        out.push(p.function()?);
    }
}
