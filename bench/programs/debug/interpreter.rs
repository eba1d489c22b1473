//! A small language: a tokenizer that is an iterator, a parser of boxed enums, an interpreter with scopes in a map.
use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(i64),
    Name(String),
    Sign(char),
}

struct Tokens<'a> {
    chars: Peekable<Chars<'a>>,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        while self.chars.next_if(|c| c.is_whitespace()).is_some() {}
        let first = self.chars.next()?;
        if let Some(digit) = first.to_digit(10) {
            let mut value = i64::from(digit);
            while let Some(digit) = self.chars.peek().and_then(|c| c.to_digit(10)) {
                value = value * 10 + i64::from(digit);
                self.chars.next();
            }
            return Some(Token::Number(value));
        }
        if first.is_alphabetic() {
            let mut name = String::from(first);
            while let Some(c) = self.chars.next_if(|c| c.is_alphanumeric()) {
                name.push(c);
            }
            return Some(Token::Name(name));
        }
        Some(Token::Sign(first))
    }
}

#[derive(Debug)]
enum Expr {
    Number(i64),
    Variable(usize),
    Binary(Box<Expr>, char, Box<Expr>),
    Call(String, Vec<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
}

struct Function {
    parameters: usize,
    body: Expr,
}

type Result<T> = std::result::Result<T, String>;

struct Parser<I: Iterator<Item = Token>> {
    tokens: Peekable<I>,
    names: Vec<String>,
}

impl<I: Iterator<Item = Token>> Parser<I> {
    fn sign(&mut self, c: char) -> Result<()> {
        match self.tokens.next() {
            Some(Token::Sign(d)) if c == d => Ok(()),
            other => Err(format!("{c} expected, {other:?} found")),
        }
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut out = Vec::new();
        self.sign('(')?;
        while self.tokens.next_if_eq(&Token::Sign(')')).is_none() {
            out.push(item(self)?);
            let _ = self.tokens.next_if_eq(&Token::Sign(','));
        }
        Ok(out)
    }

    fn name(&mut self) -> Result<String> {
        match self.tokens.next() {
            Some(Token::Name(name)) => Ok(name),
            other => Err(format!("a name expected, {other:?} found")),
        }
    }

    fn primary(&mut self) -> Result<Expr> {
        match self.tokens.next() {
            Some(Token::Number(n)) => Ok(Expr::Number(n)),
            Some(Token::Sign('(')) => {
                let inner = self.expr(0)?;
                self.sign(')')?;
                Ok(inner)
            }
            Some(Token::Name(name)) if name == "if" => {
                let parts = self.list(|p| p.expr(0))?;
                let [condition, yes, no] = <[Expr; 3]>::try_from(parts).map_err(|_| "if needs three")?.map(Box::new);
                Ok(Expr::If(condition, yes, no))
            }
            Some(Token::Name(name)) => match self.names.iter().position(|n| *n == name) {
                Some(i) => Ok(Expr::Variable(i)),
                None => Ok(Expr::Call(name, self.list(|p| p.expr(0))?)),
            },
            other => Err(format!("{other:?} was not expected")),
        }
    }

    fn expr(&mut self, least: u8) -> Result<Expr> {
        let mut left = self.primary()?;
        while let Some(&Token::Sign(op)) = self.tokens.peek() {
            let strength = match op {
                '<' | '=' => 1,
                '+' | '-' => 2,
                '*' | '/' | '%' => 3,
                _ => break,
            };
            if strength <= least {
                break;
            }
            self.tokens.next();
            left = Expr::Binary(Box::new(left), op, Box::new(self.expr(strength)?));
        }
        Ok(left)
    }

    fn program(mut self) -> Result<HashMap<String, Function>> {
        let mut out = HashMap::new();
        while self.tokens.peek().is_some() {
            let name = self.name()?;
            self.names = self.list(|p| p.name())?;
            self.sign(':')?;
            let body = self.expr(0)?;
            self.sign(';')?;
            out.insert(name, Function { parameters: self.names.len(), body });
        }
        Ok(out)
    }
}

struct Machine<'a> {
    functions: &'a HashMap<String, Function>,
    steps: usize,
}

impl Machine<'_> {
    fn value(&mut self, expr: &Expr, variables: &[i64]) -> Result<i64> {
        self.steps += 1;
        Ok(match expr {
            Expr::Number(n) => *n,
            Expr::Variable(i) => *variables.get(*i).ok_or("no such variable")?,
            Expr::If(condition, yes, no) => {
                let way = if self.value(condition, variables)? != 0 { yes } else { no };
                self.value(way, variables)?
            }
            Expr::Binary(left, op, right) => {
                let (left, right) = (self.value(left, variables)?, self.value(right, variables)?);
                let value = match op {
                    '+' => left.checked_add(right),
                    '-' => left.checked_sub(right),
                    '*' => left.checked_mul(right),
                    '/' => left.checked_div(right),
                    '%' => left.checked_rem(right),
                    '<' => Some((left < right).into()),
                    _ => Some((left == right).into()),
                };
                value.ok_or_else(|| format!("{left} {op} {right} has no value"))?
            }
            Expr::Call(name, arguments) => {
                let values = arguments.iter().map(|a| self.value(a, variables)).collect::<Result<Vec<_>>>()?;
                let function = self.functions.get(name).ok_or_else(|| format!("no function {name}"))?;
                if values.len() != function.parameters {
                    return Err(format!("{name} takes {}", function.parameters));
                }
                self.value(&function.body, &values)?
            }
        })
    }
}

fn main() -> Result<()> {
    let text = "
        fib(n): if(n < 2, n, fib(n - 1) + fib(n - 2));
        gcd(a, b): if(b = 0, a, gcd(b, a % b));
        power(x, n, m): if(n = 0, 1, if(n % 2, x * power(x, n - 1, m) % m, power(x * x % m, n / 2, m)));
        sum(n, s): if(n = 0, s, sum(n - 1, s + gcd(n, 360) * power(n, 65, 1009)));
        bad(n): 1 / (n - 1); huge(n): if(n < 1, 1, n * huge(n - 1)); none(n): missing(n);";
    let parser = Parser { tokens: Tokens { chars: text.chars().peekable() }.peekable(), names: Vec::new() };
    let functions = parser.program()?;
    let mut machine = Machine { functions: &functions, steps: 0 };
    for (name, arguments) in [
        ("fib", vec![27]),
        ("sum", vec![1200, 0]),
        ("bad", vec![1]),
        ("huge", vec![30]),
        ("none", vec![1]),
        ("gcd", vec![]),
    ] {
        let call = Expr::Call(name.to_string(), arguments.into_iter().map(Expr::Number).collect());
        println!("{name}: {:?} after {}", machine.value(&call, &[]), machine.steps);
    }
    Ok(())
}
