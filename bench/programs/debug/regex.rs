//! A regular expression matcher that backtracks: a tree of boxes, slices of it as what is still to match.

enum Node {
    Char(char),
    Any,
    Class(Vec<(char, char)>, bool),
    Start,
    End,
    Group(Vec<Vec<Node>>),
    Repeat(Box<Node>, usize, Option<usize>),
}

struct Parser<I: Iterator<Item = char>> {
    text: std::iter::Peekable<I>,
}

impl<I: Iterator<Item = char>> Parser<I> {
    fn alternatives(&mut self) -> Vec<Vec<Node>> {
        let mut out = vec![self.sequence()];
        while self.text.next_if_eq(&'|').is_some() {
            out.push(self.sequence());
        }
        out
    }

    fn sequence(&mut self) -> Vec<Node> {
        let mut out = Vec::new();
        while let Some(c) = self.text.next_if(|&c| c != '|' && c != ')') {
            let node = match c {
                '.' => Node::Any,
                '^' => Node::Start,
                '$' => Node::End,
                '[' => self.class(),
                '(' => {
                    let inner = self.alternatives();
                    self.text.next();
                    Node::Group(inner)
                }
                '\\' => match self.text.next() {
                    Some('d') => Node::Class(vec![('0', '9')], false),
                    Some('w') => Node::Class(vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], false),
                    c => Node::Char(c.unwrap_or('\\')),
                },
                c => Node::Char(c),
            };
            let bounds = match self.text.peek() {
                Some('*') => Some((0, None)),
                Some('+') => Some((1, None)),
                Some('?') => Some((0, Some(1))),
                _ => None,
            };
            out.push(match bounds {
                Some((least, most)) => {
                    self.text.next();
                    Node::Repeat(Box::new(node), least, most)
                }
                None => node,
            });
        }
        out
    }

    fn class(&mut self) -> Node {
        let negated = self.text.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        while let Some(low) = self.text.next_if(|&c| c != ']') {
            let high = match self.text.next_if_eq(&'-') {
                Some(_) => self.text.next().unwrap_or(low),
                None => low,
            };
            ranges.push((low, high));
        }
        self.text.next();
        Node::Class(ranges, negated)
    }
}

fn parse(pattern: &str) -> Vec<Vec<Node>> {
    Parser { text: pattern.chars().peekable() }.alternatives()
}

struct Matcher<'t> {
    text: &'t [char],
    steps: u64,
}

impl Matcher<'_> {
    fn one(&self, node: &Node, at: usize) -> bool {
        match (node, self.text.get(at)) {
            (Node::Any, Some(_)) => true,
            (Node::Char(c), Some(d)) => c == d,
            (Node::Class(ranges, negated), Some(d)) => {
                ranges.iter().any(|(low, high)| (low..=high).contains(&d)) != *negated
            }
            _ => false,
        }
    }

    /// Matches the nodes at a place; `then` goes on after them.
    fn run(&mut self, nodes: &[Node], at: usize, then: &dyn Fn(&mut Self, usize) -> Option<usize>) -> Option<usize> {
        self.steps += 1;
        let Some((first, rest)) = nodes.split_first() else {
            return then(self, at);
        };
        match first {
            Node::Start => (at == 0).then_some(())?,
            Node::End => (at == self.text.len()).then_some(())?,
            Node::Group(choices) => {
                return choices.iter().find_map(|c| self.run(c, at, &|m, end| m.run(rest, end, then)));
            }
            Node::Repeat(inner, least, most) => return self.repeat(inner, (*least, *most), rest, at, then),
            _ if self.one(first, at) => return self.run(rest, at + 1, then),
            _ => return None,
        }
        self.run(rest, at, then)
    }

    fn repeat(
        &mut self,
        inner: &Node,
        (least, most): (usize, Option<usize>),
        rest: &[Node],
        at: usize,
        then: &dyn Fn(&mut Self, usize) -> Option<usize>,
    ) -> Option<usize> {
        if let Node::Group(_) = inner {
            if most != Some(0) {
                let bounds = (least.saturating_sub(1), most.map(|n| n - 1));
                let more = self.run(std::slice::from_ref(inner), at, &|m, end| {
                    if end == at { None } else { m.repeat(inner, bounds, rest, end, then) }
                });
                if more.is_some() {
                    return more;
                }
            }
            return if least == 0 { self.run(rest, at, then) } else { None };
        }
        let limit = most.map_or(self.text.len(), |n| self.text.len().min(at + n));
        let end = (at..limit).find(|&i| !self.one(inner, i)).unwrap_or(limit);
        (at + least..=end).rev().find_map(|i| self.run(rest, i, then))
    }
}

/// The first match, and the steps it took to find it, or that there is none.
fn find(pattern: &[Vec<Node>], text: &[char]) -> (Option<(usize, usize)>, u64) {
    let mut matcher = Matcher { text, steps: 0 };
    for start in 0..=text.len() {
        for choice in pattern {
            if let Some(end) = matcher.run(choice, start, &|_, end| Some(end)) {
                return (Some((start, end)), matcher.steps);
            }
        }
    }
    (None, matcher.steps)
}

fn main() {
    let words = ["alpha", "beta42", "x=17;", "foo@example.org", "(nested)", "2026-11-22", "aaaaab", "ümlaut", "--"];
    let text: Vec<char> =
        (0..2400).map(|i| words[(i * i + i / 7) % words.len()]).collect::<Vec<_>>().join(" ").chars().collect();
    let patterns = [
        r"[a-z]+@[a-z]+\.(com|net|de)",
        r"\d\d\d\d-\d\d-\d\d ü",
        r"(a|aa)+b (x|y)=\d+;$",
        r"(foo|bar|alpha) (beta|gamma)\d+ zzz",
        r"\w+ \w+ \(\w+\) \w+$",
        r"^[^q]*q",
        r"(\w*-?)*;;",
        r"(alpha.*|beta.*)omega",
    ];
    for pattern in patterns {
        let tree = parse(pattern);
        let mut total = 0;
        let mut last = None;
        for part in text.chunks(180) {
            let (found, steps) = find(&tree, part);
            total += steps;
            last = found.or(last);
        }
        println!("{pattern:<34} {last:?} {total}");
    }
}
