#!/usr/bin/env python3
"""reports.py KILN: are the lines right that tools name, and debuggers no part of? A C++ and a Rust program, by LLVM -O0 -g
and by Kiln from the same bitcode: what llvm-symbolizer and addr2line say of the address after each call (both targets), valgrind and
AddressSanitizer of an error, Rust of panics. Prints the share of each, and each difference; fails where it is below 99 %."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CLANG = os.environ.get('CLANG', 'clang-22')

CXX = r'''
#include <memory>
#include <string>
#include <vector>
#include <cstdlib>
struct shape {
  virtual ~shape() {}
  virtual int area(int *unit) const = 0;
};
struct square : shape {
  int side;
  explicit square(int side) : side(side) {}
  int area(int *unit) const override {
    return side * side *
           unit[side];
  }
};
static inline __attribute__((always_inline)) int twice(const shape &s, int *unit) {
  int once = s.area(unit);
  return once + s.area(unit);
}
template <class T> int sum(const std::vector<T> &all, int *unit) {
  int n = 0;
  for (const auto &one : all) {
    n += twice(*one, unit);
  }
  return n;
}
int main(int argc, char **) {
  std::vector<std::unique_ptr<shape>> all;
  for (int i = 0; i < argc; i++)
    all.push_back(std::make_unique<square>(argc + 3));
  int *unit = static_cast<int *>(malloc(4 * sizeof *unit));
  for (int i = 0; i < 4; i++) unit[i] = i;
  auto run = [&](const std::string &name) {
    return sum(all, unit) + static_cast<int>(name.size());
  };
  int n = run("a name that is long enough for the heap");
  free(unit);
  return n == 7;
}
'''

RUST = r'''
use std::collections::HashMap;
use std::panic;
struct Table { rows: Vec<u32>, names: HashMap<String, usize> }
impl Table {
    fn row(&self, name: &str) -> u32 {
        let at = *self.names.get(name).expect("a name");
        self.rows[at]
    }
    #[inline(always)]
    fn ratio(&self, a: &str, b: &str) -> u32 {
        self.row(a)
            / self.row(b)
    }
}
fn each(table: &Table, names: &[&str]) -> Vec<u32> {
    names.iter().map(|n| table.ratio(n, "zero")).collect()
}
fn deep(table: &Table, n: u32) -> u32 {
    if n == 0 {
        return table.row("far");
    }
    deep(table, n - 1) + 1
}
fn main() {
    let mut table = Table { rows: vec![1, 0, 3], names: HashMap::new() };
    for (i, name) in ["one", "zero", "three"].iter().enumerate() {
        table.names.insert(name.to_string(), i);
    }
    table.names.insert("far".to_string(), 7);
    let mut failed = 0;
    failed += panic::catch_unwind(panic::AssertUnwindSafe(|| table.row("none"))).is_err() as u32;
    failed += panic::catch_unwind(panic::AssertUnwindSafe(|| each(&table, &["one", "three"]))).is_err() as u32;
    failed += panic::catch_unwind(panic::AssertUnwindSafe(|| deep(&table, 3))).is_err() as u32;
    failed += panic::catch_unwind(|| { let x: Option<u32> = None; x.unwrap() }).is_err() as u32;
    failed += panic::catch_unwind(|| "7x".parse::<u32>().unwrap()).is_err() as u32;
    failed += std::thread::spawn(|| { let n = std::env::args().count() as u32; n - 2 }).join().is_err() as u32;
    std::process::exit(failed as i32 - 6);
}
'''


def run(command, check=True, **more):
    r = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    if check and r.returncode != 0:
        sys.exit(f'{" ".join(map(str, command))}:\n{r.stdout}{r.stderr}')
    return r.stdout + r.stderr


def compile_cxx(kiln, folder, target, *flags):
    machine, bitcode = f'--target={target}-linux-gnu', folder / 'p.bc'
    (folder / 'p.cpp').write_text(CXX)
    run([CLANG.replace('clang', 'clang++'), machine, '-std=c++17', '-O0', '-g', *flags, '-emit-llvm', '-c', folder / 'p.cpp',
         '-o', bitcode])
    run([CLANG, machine, '-O0', '-c', bitcode, '-o', folder / 'theirs.o'])
    run([kiln, 'compile', bitcode, '-o', folder / 'ours.o'])
    link = ['aarch64-linux-gnu-g++', '-static'] if target == 'aarch64' else [CLANG.replace('clang', 'clang++'), *flags]
    for side in ('theirs', 'ours'):
        run([*link, folder / f'{side}.o', '-o', folder / side])


def compile_rust(kiln, folder):
    (folder / 'p.rs').write_text(RUST)
    run(['rustc', '--edition=2021', '-A', 'warnings', '-g', '-C', 'codegen-units=1', '-C', 'save-temps', '-C', 'linker-flavor=gcc',
         '-C', f'linker={HERE.parent / "bitcode/producers/link.sh"}', folder / 'p.rs', '-o', folder / 'theirs'],
        env=dict(os.environ, KILN=str(kiln)))
    (folder / 'theirs.kiln').rename(folder / 'ours')


def calls(program, names):
    """Of each tool: (function, callee) -> what it says of the addresses of these calls; of the source's functions alone."""
    at, function = [], ''
    for line in run(['llvm-objdump-22', '-d', '--no-show-raw-insn', program]).splitlines():
        if m := re.match(r'[0-9a-f]+ <(.*)>:$', line):
            function = m[1]
        elif m := re.match(r'\s*([0-9a-f]+):\s+(?:callq?|bl)\s+\S+ <([^+>]*)', line):
            if names.search(function):
                at.append((int(m[1], 16), function, m[2].removesuffix('@plt')))
    addresses = [hex(a) for a, _, _ in at]  # of the call: where a return address counts is in it
    said = {'llvm-symbolizer': run(['llvm-symbolizer-22', '-f', '-i', '-e', program, *addresses]).strip().split('\n\n'),
            'addr2line': re.split(r'0x[0-9a-f]{16}\n', run(['addr2line', '-a', '-i', '-f', '-e', program, *addresses]))[1:]}
    found = {tool: {} for tool in said}
    for tool, answers in said.items():
        for (_, function, callee), frames in zip(at, answers):
            lines = re.sub(r' \(discriminator \d+\)', '', frames).splitlines()
            names = [pathlib.Path(b).name for b in lines[1::2]]
            if tool == 'addr2line':  # binutils 2.40 takes files of LLVM's table for others, so that all are in the unit's
                names = [n.split(':')[-1] for n in names]
            text = ' '.join(f'{a} {b}' for a, b in zip(lines[::2], names))
            found[tool].setdefault((function, callee), set()).add(text)
    return found


def frames(text, pattern):
    return [tuple(m.groups()) for m in re.finditer(pattern, text)]


class Shares:
    def __init__(self):
        self.bad = 0

    def compare(self, what, theirs, ours):
        same = sum(a == b for a, b in zip(theirs, ours))
        whole = max(len(theirs), len(ours))
        print(f'{what}: {same} of {whole} lines the same', flush=True)
        for a, b in zip(theirs, ours):
            if a != b:
                print(f'  {a} by LLVM, {b} by Kiln')
        self.bad += same < 0.99 * whole or whole == 0


def main():
    kiln = pathlib.Path(sys.argv[1]).resolve()
    shares = Shares()
    with tempfile.TemporaryDirectory() as temp:
        folder = pathlib.Path(temp)

        def compare_calls(what, names):
            theirs, ours = (calls(folder / side, names) for side in ('theirs', 'ours'))
            for tool in theirs:
                # what one of them needs no call for, the other has no line of
                both = sorted(theirs[tool].keys() & ours[tool].keys())
                shares.compare(f'{what}: {tool} at calls', *([(*k, *sorted(side[tool][k])) for k in both] for side in (theirs, ours)))

        own = re.compile(r'^main$|square|sum|twice|shape|unique_ptr|_Vector_base|__invoke|construct')
        for target in ('aarch64', 'x86_64'):
            if target == 'aarch64' and not shutil.which('aarch64-linux-gnu-g++'):
                print('aarch64: skipped, there is no compiler')
                continue
            compile_cxx(kiln, folder, target)
            compare_calls(f'C++, {target}', own)
        if shutil.which('valgrind'):
            texts = [run(['valgrind', '-q', folder / side], check=False) for side in ('theirs', 'ours')]
            shares.compare('valgrind', *(frames(t, r'(?:at|by) 0x\w+: (.*) \((.*)\)') for t in texts))
        compile_cxx(kiln, folder, 'x86_64', '-fsanitize=address')
        texts = [run([folder / side], check=False, env=dict(os.environ, ASAN_SYMBOLIZER_PATH=shutil.which('llvm-symbolizer-22') or ''))
                 for side in ('theirs', 'ours')]
        shares.compare('AddressSanitizer', *(frames(t, r'#\d+ 0x\w+ in (.*?) (\S*:\d+:\d+)\n') for t in texts))
        if not shutil.which('rustc'):
            print('Rust: skipped, there is no rustc')
            return shares.bad != 0
        compile_rust(kiln, folder)
        texts = [run([folder / side], check=False, env=dict(os.environ, RUST_BACKTRACE='1')) for side in ('theirs', 'ours')]
        shares.compare('Rust, panics', *(frames(t, r'(panicked at \S+|\d+: .*\n\s+at \S+)') for t in texts))
        compare_calls('Rust, x86_64', re.compile(r'p[0-9]|Table|p::|_ZN1p'))
    return shares.bad != 0


if __name__ == '__main__':
    sys.exit(main())
