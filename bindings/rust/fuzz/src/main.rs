//! Runs inputs, each of which is a sequence of calls of the crate `kiln-codegen`, right ones and wrong ones:
//!
//!     kiln-fuzz [--runs=N] [--seed=S] [--forget] [FILE|FOLDER...]
//!
//! first those of files, then N that are mutated from them or random. No code that is made runs. What calls may not do
//! is for sanitizers to find (tests/tool/crate.py builds it with them). `--forget` forgets sessions, streams and JITs
//! now and then, whose memory leaks. The input that runs is left in the file `kiln-fuzz-input` when the process ends
//! early. KILN_FUZZ_PRINT in the environment: errors of functions are printed.

mod body;
mod bytes;
mod program;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use program::{Counts, Fuzz};

const MOST_RANDOM: u64 = 1500;

/// xorshift64*
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { self.next() as usize % n }
    }

    /// Random bytes, or an input with some of its bytes changed, left out or doubled.
    fn input(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        if inputs.is_empty() || self.below(2) == 0 {
            return (0..self.next() % MOST_RANDOM).map(|_| self.next() as u8).collect();
        }
        let mut input = inputs[self.below(inputs.len())].clone();
        for _ in 0..1 + self.below(8) {
            let at = self.below(input.len().max(1));
            match self.below(3) {
                0 if !input.is_empty() => input[at] = self.next() as u8,
                1 if !input.is_empty() => drop(input.drain(at..(at + 1 + self.below(8)).min(input.len()))),
                _ => input.insert(at, self.next() as u8),
            }
        }
        input
    }
}

fn read(path: &Path, inputs: &mut Vec<Vec<u8>>) -> std::io::Result<()> {
    if !path.is_dir() {
        inputs.push(fs::read(path)?);
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    entries.iter().try_for_each(|entry| read(entry, inputs))
}

fn main() -> ExitCode {
    let (mut runs, mut seed, mut paths) = (0u64, 1u64, Vec::<PathBuf>::new());
    let mut fuzz = Fuzz { counts: Counts::default(), forget: false };
    for word in env::args().skip(1) {
        match word.split_once('=') {
            Some(("--runs", n)) => runs = n.parse().expect("a number of runs"),
            Some(("--seed", n)) => seed = n.parse().expect("a seed"),
            _ if word == "--forget" => fuzz.forget = true,
            _ => paths.push(word.into()),
        }
    }
    let mut inputs = Vec::new();
    for path in &paths {
        if let Err(e) = read(path, &mut inputs) {
            eprintln!("kiln-fuzz: {}: {e}", path.display());
            return ExitCode::from(2);
        }
    }
    // In the file before it runs: sanitizers end the process at once.
    let mut run = |input: &[u8]| {
        fs::write("kiln-fuzz-input", input).expect("a file for the input");
        fuzz.run(input);
    };
    inputs.iter().for_each(|input| run(input));
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..runs {
        let input = random.input(&inputs);
        run(&input);
    }
    let _ = fs::remove_file("kiln-fuzz-input");
    println!("{:?}", fuzz.counts);
    ExitCode::SUCCESS
}
