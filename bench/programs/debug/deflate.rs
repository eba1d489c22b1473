//! Deflate with dynamic Huffman codes and inflate, in the format's block structure without its file header.
use std::cmp::Reverse;
use std::collections::BinaryHeap;

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl BitWriter {
    fn put(&mut self, value: u32, bits: u32) {
        self.held |= u64::from(value) << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.held as u8);
        }
        self.bytes
    }
}

struct BitReader<'a> {
    bytes: std::slice::Iter<'a, u8>,
    held: u32,
    count: u32,
}

impl<'a> BitReader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes: bytes.iter(), held: 0, count: 0 }
    }

    fn get(&mut self, bits: u32) -> Option<u32> {
        while self.count < bits {
            self.held |= u32::from(*self.bytes.next()?) << self.count;
            self.count += 8;
        }
        let value = self.held & ((1 << bits) - 1);
        self.held >>= bits;
        self.count -= bits;
        Some(value)
    }
}

/// Lengths of a Huffman code's words, from how often each symbol occurs.
fn code_lengths(counts: &[u32]) -> Vec<u8> {
    let mut parents = vec![usize::MAX; counts.len()];
    let mut heap: BinaryHeap<_> =
        counts.iter().enumerate().filter(|&(_, &n)| n > 0).map(|(i, &n)| Reverse((n, i))).collect();
    while let (Some(Reverse((n, a))), Some(Reverse((m, b)))) = (heap.pop(), heap.pop()) {
        let node = parents.len();
        parents.push(usize::MAX);
        parents[a] = node;
        parents[b] = node;
        heap.push(Reverse((n + m, node)));
        if heap.len() == 1 {
            break;
        }
    }
    let depth = |symbol: usize| {
        std::iter::successors(Some(symbol), |&i| Some(parents[i]).filter(|&p| p != usize::MAX)).count() - 1
    };
    counts.iter().enumerate().map(|(i, &n)| if n > 0 { depth(i).max(1) as u8 } else { 0 }).collect()
}

/// The canonical code's words, with their first bit lowest.
fn codes(lengths: &[u8]) -> Vec<(u32, u32)> {
    let mut out = vec![(0, 0); lengths.len()];
    let mut next = 0u32;
    for length in 1..=24u8 {
        for (i, _) in lengths.iter().enumerate().filter(|&(_, &l)| l == length) {
            out[i] = (next.reverse_bits() >> (32 - u32::from(length)), u32::from(length));
            next += 1;
        }
        next <<= 1;
    }
    out
}

struct Decoder {
    counts: [u32; 25],
    symbols: Vec<usize>,
}

impl Decoder {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; 25];
        for &l in lengths.iter().filter(|&&l| l > 0) {
            counts[l as usize] += 1;
        }
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] > 0).collect();
        symbols.sort_by_key(|&i| (lengths[i], i));
        Decoder { counts, symbols }
    }

    fn symbol(&self, bits: &mut BitReader) -> Option<usize> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for &count in &self.counts[1..] {
            code |= bits.get(1)?;
            if code < first + count {
                return self.symbols.get((index + code - first) as usize).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

#[derive(Clone, Copy)]
enum Token {
    Literal(u8),
    Match { length: u16, distance: u16 },
}

fn hash(three: &[u8]) -> usize {
    three.iter().fold(0usize, |h, &b| h.wrapping_mul(271).wrapping_add(b as usize)) & 0xfff
}

fn tokens(input: &[u8]) -> Vec<Token> {
    let mut heads = vec![None::<usize>; 0x1000];
    let mut previous = vec![None::<usize>; input.len()];
    let mut out = Vec::new();
    let mut at = 0;
    while at < input.len() {
        let mut best = (0, 0);
        if at + 3 <= input.len() {
            let chain = std::iter::successors(heads[hash(&input[at..at + 3])], |&p| previous[p]);
            for p in chain.take(8).take_while(|&p| at - p < 32768) {
                let length = input[p..].iter().zip(&input[at..]).take(258).take_while(|(a, b)| a == b).count();
                if length > best.0 {
                    best = (length, at - p);
                }
            }
        }
        let step = if best.0 >= 4 {
            out.push(Token::Match { length: best.0 as u16, distance: best.1 as u16 });
            best.0
        } else {
            out.push(Token::Literal(input[at]));
            1
        };
        for i in (at..at + step).take_while(|i| i + 3 <= input.len()) {
            let h = hash(&input[i..i + 3]);
            previous[i] = heads[h].replace(i);
        }
        at += step;
    }
    out
}

/// The symbol of a number: its bits' count; and the bits below the highest.
fn class(n: u16) -> (usize, u32, u32) {
    let bits = 15 - n.leading_zeros();
    (bits as usize, u32::from(n) & ((1 << bits) - 1), bits)
}

fn deflate(input: &[u8]) -> Vec<u8> {
    let tokens = tokens(input);
    let (mut literals, mut distances) = ([0u32; 273], [0u32; 16]);
    literals[256] = 1;
    for token in &tokens {
        match *token {
            Token::Literal(b) => literals[b as usize] += 1,
            Token::Match { length, distance } => {
                literals[257 + class(length).0] += 1;
                distances[class(distance).0] += 1;
            }
        }
    }
    let lengths = [code_lengths(&literals), code_lengths(&distances)];
    let words = lengths.each_ref().map(|l| codes(l));
    let mut out = BitWriter::default();
    for &l in lengths.iter().flatten() {
        out.put(l.into(), 5);
    }
    for token in tokens {
        match token {
            Token::Literal(b) => out.put(words[0][b as usize].0, words[0][b as usize].1),
            Token::Match { length, distance } => {
                for (base, table, n) in [(257, &words[0], length), (0, &words[1], distance)] {
                    let (symbol, rest, bits) = class(n);
                    let (word, size) = table[base + symbol];
                    out.put(word, size);
                    out.put(rest, bits);
                }
            }
        }
    }
    out.put(words[0][256].0, words[0][256].1);
    out.finish()
}

fn inflate(input: &[u8]) -> Option<Vec<u8>> {
    let mut bits = BitReader::new(input);
    let lengths: Option<Vec<u8>> = (0..273 + 16).map(|_| bits.get(5).map(|l| l as u8)).collect();
    let (literals, distances) = lengths.as_deref()?.split_at(273);
    let (literals, distances) = (Decoder::new(literals), Decoder::new(distances));
    let mut out = Vec::new();
    loop {
        match literals.symbol(&mut bits)? {
            256 => return Some(out),
            b @ 0..=255 => out.push(b as u8),
            s => {
                let class = (s - 257) as u32;
                let length = (1 << class) | bits.get(class)?;
                let class = distances.symbol(&mut bits)? as u32;
                let distance = ((1 << class) | bits.get(class)?) as usize;
                for _ in 0..length {
                    out.push(*out.get(out.len().checked_sub(distance)?)?);
                }
            }
        }
    }
}

fn main() {
    let words = ["the ", "quick ", "brown ", "fox", " jumps", " over", "\n", "lazy dog; ", "0123", "deflate "];
    let mut state = 12345u32;
    let mut text = Vec::new();
    while text.len() < 300_000 {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        text.extend_from_slice(words[(state >> 24) as usize % words.len()].as_bytes());
        if state & 0x700 == 0 {
            text.push((state >> 16) as u8);
        }
    }
    for part in text.chunks(75_000).chain([&text[..], b"a", b""]) {
        let packed = deflate(part);
        assert_eq!(inflate(&packed).as_deref(), Some(part));
        let sum = packed.iter().fold(0u32, |h, &b| h.wrapping_mul(31).wrapping_add(b.into()));
        println!("{} bytes in {}: {sum:08x}", part.len(), packed.len());
    }
}
