//! Time from a program's text to its first result, by kiln and by cranelift-jit with the settings that make it compile
//! fastest: the programs of the examples' languages, made longer. JIT and module are made anew each time.
//!
//!     cargo run --release [-- --seconds=N]

#[path = "../../kiln/examples/brainfuck/compile.rs"]
#[allow(dead_code)]
mod brainfuck;
mod by_cranelift;
#[path = "../../kiln/examples/toy/compile.rs"]
mod compile;
#[path = "../../kiln/examples/toy/parse.rs"]
#[allow(dead_code)]
mod parse;

use std::time::{Duration, Instant};

use kiln::{AddFlags, Jit, JitOptions, Module, ModuleOptions};

extern "C" fn put(c: i32) -> i32 {
    std::hint::black_box(c)
}

extern "C" fn get() -> i32 {
    0
}

/// A program of Brainfuck that is `n` times as long as one loop, and sets the first cell.
fn long_brainfuck(n: usize) -> String {
    "++++++++[>+++++++++<-]>.>+++++++++++[<+++>-]<.[-]>[-]<<".repeat(n) + "+++++++"
}

/// A program with `n` functions, of which `main` calls a few.
fn long_toy(n: usize) -> String {
    let functions: String = (0..n)
        .map(|i| {
            format!(
                "fn f{i}(a, b) {{\n  let sum = 0;\n  let k = 0;\n  while k < a {{\n    if k % 3 == {i} % 3 {{ sum = \
                 sum + k * b; }} else {{ sum = sum - (k & {i}); }}\n    k = k + 1;\n  }}\n  if sum > 1000 {{ return sum % \
                 1000; }}\n  return sum + b;\n}}\n"
            )
        })
        .collect();
    functions + "fn main() { return f0(10, 3) * 100 + f0(20, 4); }\n"
}

fn kiln_jit(symbols: &[(&str, *const u8)]) -> Jit {
    let options = symbols.iter().fold(JitOptions::new(), |o, &(name, p)| o.symbol(name, p.cast()));
    Jit::with_options(options).unwrap()
}

fn kiln_module(verify: bool) -> Module {
    Module::with_options("bench", &ModuleOptions::new().verify(verify)).unwrap()
}

const SYMBOLS: [(&str, *const u8); 2] = [("putchar", put as *const u8), ("getchar", get as *const u8)];

fn brainfuck_kiln(source: &str, verify: bool) -> i64 {
    let mut module = kiln_module(verify);
    let run = brainfuck::compile(&module, source).unwrap();
    let jit = kiln_jit(&SYMBOLS);
    let run = jit.add(&mut module, AddFlags::NONE).unwrap().function::<brainfuck::Run>(&module, run).unwrap();
    let mut tape = vec![0; brainfuck::CELLS];
    // SAFETY: the program stays on the tape.
    unsafe { run.call(tape.as_mut_ptr()) };
    tape[0].into()
}

fn brainfuck_cranelift(source: &str, verify: bool) -> i64 {
    let mut module = by_cranelift::jit(verify, &SYMBOLS);
    let run = by_cranelift::compile_brainfuck(&mut module, source);
    let mut tape = vec![0; brainfuck::CELLS];
    // SAFETY: code by this signature that stays on the tape; the module is freed after it has run.
    unsafe {
        std::mem::transmute::<*const u8, brainfuck::Run>(run)(tape.as_mut_ptr());
        module.free_memory();
    }
    tape[0].into()
}

type Main = unsafe extern "C" fn() -> i64;

fn toy_kiln(source: &str, verify: bool) -> i64 {
    let program = parse::parse(source).unwrap();
    let mut module = kiln_module(verify);
    let functions = compile::compile(&module, &program, None).unwrap();
    let jit = kiln_jit(&[]);
    let main = *functions.last().unwrap();
    let main = jit.add(&mut module, AddFlags::NONE).unwrap().function::<Main>(&module, main).unwrap();
    // SAFETY: it computes with numbers.
    unsafe { main.call() }
}

fn toy_cranelift(source: &str, verify: bool) -> i64 {
    let program = parse::parse(source).unwrap();
    let mut module = by_cranelift::jit(verify, &[]);
    let main = by_cranelift::compile_toy(&mut module, &program, program.len() - 1);
    // SAFETY: code by this signature that computes with numbers; the module is freed after it has run.
    unsafe {
        let result = std::mem::transmute::<*const u8, Main>(main)();
        module.free_memory();
        result
    }
}

/// The least time of a call, tried for so long.
fn least(budget: Duration, call: impl Fn() -> i64) -> (Duration, i64) {
    let end = Instant::now() + budget;
    let (mut best, mut result) = (Duration::MAX, 0);
    while best == Duration::MAX || Instant::now() < end {
        let start = Instant::now();
        result = call();
        best = best.min(start.elapsed());
    }
    (best, result)
}

type Way = fn(&str, bool) -> i64;

fn row(budget: Duration, name: &str, source: &str, kiln: Way, cranelift: Way) {
    let ways = [(kiln, true), (kiln, false), (cranelift, true), (cranelift, false)];
    let times = ways.map(|(way, verify)| least(budget, || way(source, verify)));
    assert!(times.iter().all(|t| t.1 == times[0].1), "different results: {times:?}");
    let us = times.map(|t| t.0.as_nanos() as f64 / 1000.0);
    println!(
        "{name:24} {:12.1} {:12.1} {:12.1} {:12.1} {:9.1}x {:9.1}x",
        us[0],
        us[1],
        us[2],
        us[3],
        us[2] / us[0],
        us[3] / us[1]
    );
}

fn main() {
    let seconds = std::env::args().find_map(|a| a.strip_prefix("--seconds=").and_then(|n| n.parse().ok()));
    let budget = Duration::from_secs_f64(seconds.unwrap_or(0.25));
    println!(
        "{:24} {:>12} {:>12} {:>12} {:>12} {:>10} {:>10}",
        "microseconds", "kiln,", "kiln", "cranelift,", "cranelift", "ratio", "ratio"
    );
    println!("{:24} {:>12} {:>12} {:>12} {:>12} {:>10}", "", "verified", "", "verified", "", "verified");
    for n in [1, 20, 400] {
        let source = long_brainfuck(n);
        row(budget, &format!("brainfuck, {} bytes", source.len()), &source, brainfuck_kiln, brainfuck_cranelift);
    }
    for n in [1, 20, 400] {
        let name = format!("toy, {} functions", n + 1);
        row(budget, &name, &long_toy(n), toy_kiln, toy_cranelift);
    }
}
