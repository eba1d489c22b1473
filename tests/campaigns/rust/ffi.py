#!/usr/bin/env python3
"""Random signatures between Rust, by Kiln as rustc's code generator, and C, by gcc -O2 and clang -O1: each function passes
and returns what the other side expects, called from Rust, from C, and through a pointer; and calls with variable arguments.

    ffi.py --kiln=build/kiln [--toolchain=NAME] [--rustup=FOLDER] [--count=2000] [--seed=1] [--llvm] [--keep]
           [--target=aarch64] [--backend=FILE]

A callee mixes the bits of all that it was given into one number, which the caller computes from what it gave; a result is made
from a number that both know. --target=aarch64: by cross compilers, under qemu. --llvm: Rust by LLVM, which tries the generator itself. --toolchain: of rustup's; the default is
the first of integrations/rustc/rust-toolchains.
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
import harness  # noqa: E402

# C's name, Rust's, bytes; floats are made from small integers, so that all are exact.
SCALARS = [('int8_t', 'i8'), ('uint8_t', 'u8'), ('int16_t', 'i16'), ('uint16_t', 'u16'), ('int32_t', 'i32'), ('uint32_t', 'u32'),
           ('int64_t', 'i64'), ('uint64_t', 'u64'), ('float', 'f32'), ('double', 'f64'), ('_Bool', 'bool'), ('void *', '*const u8'),
           ('__int128', 'i128')]
VARIADIC = [('int32_t', 'i32'), ('uint32_t', 'u32'), ('int64_t', 'i64'), ('uint64_t', 'u64'), ('double', 'f64'), ('void *', '*const u8')]
PER_UNIT = 250  # signatures in a source


class Scalar:
    def __init__(self, names): self.c, self.rust = names
    def leaves(self, path): return [(path, self)]


class Struct:
    """repr(C), of scalars, arrays of one scalar, and smaller structs."""

    def __init__(self, number, fields):
        self.number, self.fields = number, fields  # (type, length or 0)
        self.c, self.rust = 'struct s%d' % number, 'S%d' % number

    def leaves(self, path):
        out = []
        for i, (t, length) in enumerate(self.fields):
            for k in range(length) if length else [None]:
                out += t.leaves('%s.f%d%s' % (path, i, '' if k is None else '[%d]' % k))
        return out

    def define(self):
        c = ''.join(' %s f%d%s;' % (t.c, i, '[%d]' % n if n else '') for i, (t, n) in enumerate(self.fields))
        rust = ''.join(' pub f%d: %s,' % (i, '[%s; %d]' % (t.rust, n) if n else t.rust) for i, (t, n) in enumerate(self.fields))
        return '%s {%s };\n' % (self.c, c), '#[repr(C)] #[derive(Clone, Copy)] pub struct %s {%s }\n' % (self.rust, rust)


class Unit:
    """Signatures of one source, with the structs that they use."""

    def __init__(self, rng, first, count):
        self.rng, self.structs = rng, []
        for n in range(60): self.structs.append(self.struct(n))
        self.signatures = [(first + i, self.any(void=True), [self.any() for _ in range(self.length())], rng.randrange(8) == 0) for i in range(count)]

    def length(self): return self.rng.choice([0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 10, 14])

    def struct(self, number):
        r = self.rng
        fields = []
        for _ in range(r.choice([1, 1, 2, 2, 2, 3, 3, 4, 5, 7])):
            t = r.choice(self.structs) if self.structs and r.randrange(6) == 0 else Scalar(r.choice(SCALARS))
            fields.append((t, r.choice([0, 0, 0, 0, 1, 2, 3])))
        return Struct(number, fields)

    def any(self, void=False):
        r = self.rng
        if void and r.randrange(8) == 0: return None
        return r.choice(self.structs) if r.randrange(5) < 2 else Scalar(r.choice(SCALARS))

    # ---- what both languages say ----

    def names(self, i): return 'c%d' % i, 'r%d' % i

    def variable(self, number):
        r = random.Random(number)
        return [Scalar(r.choice(VARIADIC)) for _ in range(1 + number % 9)]

    def c(self):
        out = ['#include <stdarg.h>\n#include <stdbool.h>\n#include <stdint.h>\n#include <string.h>\n',
               'extern uint64_t given; extern void wrong(int signature, int what);\n'
               'static uint64_t mix(uint64_t h, uint64_t v) { return (h ^ v) * 0x9e3779b97f4a7c15u + 1; }\n'
               'static uint64_t of_i128(__int128 v) { return (uint64_t)v * 3 + (uint64_t)(v >> 64); }\n'
               'static uint64_t of_float(float v) { uint32_t b; memcpy(&b, &v, 4); return b; }\n'
               'static uint64_t of_double(double v) { uint64_t b; memcpy(&b, &v, 8); return b; }\n'
               'static uint64_t next(uint64_t *s) { *s = *s * 6364136223846793005u + 1442695040888963407u; return *s >> 13; }\n']
        out += [s.define()[0] for s in self.structs]
        for i, ret, params, variadic in self.signatures:
            made, kept = self.names(i)
            head = ', '.join('%s p%d' % (t.c, k) for k, t in enumerate(params))
            variable = self.variable(i) if variadic and params else []
            rc = ret.c if ret else 'void'
            out.append('%s %s(%s);\n' % (rc, kept, head or 'void'))
            body = ' uint64_t h = 0, s = %d; (void)h; (void)s;' % i
            for k, t in enumerate(params): body += ''.join(' h = mix(h, %s);' % c_bits(leaf) for leaf in t.leaves('p%d' % k))
            if variable:
                body += ' va_list l; va_start(l, p%d);' % (len(params) - 1)
                for t in variable: body += ' { %s v = va_arg(l, %s); h = mix(h, %s); }' % (t.c, t.c, c_bits(('v', t)))
                body += ' va_end(l);'
            body += ' given = h;'
            if ret: body += ' %s r; memset(&r, 0, sizeof r);' % ret.c + ''.join(c_make(leaf) for leaf in ret.leaves('r')) + ' return r;'
            out.append('%s %s(%s%s) {%s }\n' % (rc, made, head or 'void', ', ...' if variable else '', body))
            # C calls Rust's function, at once and through a pointer.
            call = 'void call_%s(%s (*through)(%s)) { for (int way = 0; way < 2; way++) { uint64_t s = %d, h = 0; (void)s;' % (
                kept, rc, ', '.join(t.c for t in params) or 'void', 1000 + i)
            for k, t in enumerate(params):
                call += ' %s p%d; memset(&p%d, 0, sizeof p%d);' % (t.c, k, k, k) + ''.join(c_make(leaf) for leaf in t.leaves('p%d' % k))
                call += ''.join(' h = mix(h, %s);' % c_bits(leaf) for leaf in t.leaves('p%d' % k))
            args = ', '.join('p%d' % k for k in range(len(params)))
            call += ' given = 0; ' + ('%s r = ' % ret.c if ret else '') + '(way ? through : %s)(%s); if (given != h) wrong(%d, 2 + way);' % (kept, args, i)
            if ret:
                call += ' { uint64_t s = %d;' % i + ' uint64_t a = 0, b = 0; %s q; memset(&q, 0, sizeof q);' % ret.c
                call += ''.join(c_make(leaf) for leaf in ret.leaves('q'))
                call += ''.join(' a = mix(a, %s);' % c_bits(leaf) for leaf in ret.leaves('r')) + ''.join(' b = mix(b, %s);' % c_bits(leaf) for leaf in ret.leaves('q'))
                call += ' if (a != b) wrong(%d, 4 + way); }' % i
            out.append(call + ' } }\n')
        return ''.join(out)

    def rust(self, name):
        out = ['#![allow(warnings)]\nuse crate::*;\n'] + [s.define()[1] for s in self.structs]
        extern, calls = '', ''
        for i, ret, params, variadic in self.signatures:
            made, kept = self.names(i)
            head = ', '.join('p%d: %s' % (k, t.rust) for k, t in enumerate(params))
            rr = ' -> ' + ret.rust if ret else ''
            variable = self.variable(i) if variadic and params else []
            extern += '    fn %s(%s%s)%s;\n' % (made, head, ', ...' if variable else '', rr)
            types = ', '.join(t.rust for t in params)
            extern += '    fn call_%s(through: extern "C" fn(%s)%s);\n' % (kept, types, rr)
            body = ' let mut h = 0u64; let mut s = %du64;' % i
            for k, t in enumerate(params): body += ''.join(' h = mix(h, %s);' % rust_bits(leaf) for leaf in t.leaves('p%d' % k))
            body += ' given = h;'
            if ret: body += ' let mut r: %s = std::mem::zeroed();' % ret.rust + ''.join(rust_make(leaf) for leaf in ret.leaves('r')) + ' r'
            out.append('#[unsafe(no_mangle)] pub unsafe extern "C" fn %s(%s)%s {%s }\n' % (kept, head, rr, body))
            call = 'unsafe fn test%d() { for way in 0..2 { let mut s = %du64; let mut h = 0u64;' % (i, 1000 + i)
            for k, t in enumerate(params):
                call += ' let mut p%d: %s = std::mem::zeroed();' % (k, t.rust) + ''.join(rust_make(leaf) for leaf in t.leaves('p%d' % k))
                call += ''.join(' h = mix(h, %s);' % rust_bits(leaf) for leaf in t.leaves('p%d' % k))
            args = ['p%d' % k for k in range(len(params))]
            for k, t in enumerate(variable):
                call += ' let mut v%d: %s = std::mem::zeroed();' % (k, t.rust) + rust_make(('v%d' % k, t)) + ' h = mix(h, %s);' % rust_bits(('v%d' % k, t))
                args.append('v%d' % k)
            pointer = 'unsafe extern "C" fn(%s%s)%s' % (types, ', ...' if variable else '', rr)
            call += ' given = 0; let through: %s = std::hint::black_box(%s as %s);' % (pointer, made, pointer)
            call += ' let r = if way == 1 { through(%s) } else { %s(%s) }; if given != h { wrong(%d, way) }' % (', '.join(args), made, ', '.join(args), i)
            if ret:
                call += ' let mut s = %du64; let mut q: %s = std::mem::zeroed();' % (i, ret.rust) + ''.join(rust_make(leaf) for leaf in ret.leaves('q'))
                call += ' let (mut a, mut b) = (0u64, 0u64);'
                call += ''.join(' a = mix(a, %s);' % rust_bits(leaf) for leaf in ret.leaves('r')) + ''.join(' b = mix(b, %s);' % rust_bits(leaf) for leaf in ret.leaves('q'))
                call += ' if a != b { wrong(%d, 6 + way) }' % i
            call += ' } call_%s(std::mem::transmute::<unsafe extern "C" fn(%s)%s, extern "C" fn(%s)%s>(%s)); }\n' % (kept, types, rr, types, rr, kept)
            out.append(call)
            calls += '    test%d();\n' % i
        return ''.join(out) + 'unsafe extern "C" {\n' + extern + '}\npub unsafe fn all() {\n' + calls + '}\n'


def c_bits(leaf):
    path, t = leaf
    return {'float': 'of_float(%s)', 'double': 'of_double(%s)', '__int128': 'of_i128(%s)', 'void *': '(uint64_t)(uintptr_t)%s'}.get(t.c, '(uint64_t)(int64_t)%s') % path


def rust_bits(leaf):
    path, t = leaf
    return {'f32': '%s.to_bits() as u64', 'f64': '%s.to_bits()', 'i128': '(%s as u64).wrapping_mul(3).wrapping_add((%s >> 64) as u64)',
            'bool': '%s as u64'}.get(t.rust, '%s as i64 as u64').replace('%s', path)


def c_make(leaf):
    path, t = leaf
    value = {'float': '(float)(int32_t)(next(&s) & 0xfffff)', 'double': '(double)(int64_t)(next(&s) & 0xffffffffff)', '_Bool': 'next(&s) & 1',
             '__int128': '(__int128)next(&s) << 70 | next(&s)', 'void *': '(void *)(uintptr_t)next(&s)'}.get(t.c, '(%s)next(&s)' % t.c)
    # gcc does not say in which order it evaluates the operands of |
    if t.c == '__int128': return ' { __int128 x = (__int128)((unsigned __int128)next(&s) << 70); %s = x | next(&s); }' % path
    return ' %s = %s;' % (path, value)


def rust_make(leaf):
    path, t = leaf
    value = {'f32': '(next(&mut s) & 0xfffff) as i32 as f32', 'f64': '(next(&mut s) & 0xffffffffff) as i64 as f64', 'bool': 'next(&mut s) & 1 != 0',
             'i128': '{ let x = (next(&mut s) as u128) << 70; (x | next(&mut s) as u128) as i128 }',
             '*const u8': 'next(&mut s) as usize as *const u8'}.get(t.rust, 'next(&mut s) as %s' % t.rust)
    return ' %s = %s;' % (path, value)


MAIN = '''#![allow(warnings)]
%s
#[unsafe(no_mangle)] pub static mut given: u64 = 0;
static mut WRONG: u32 = 0;
#[unsafe(no_mangle)] pub unsafe extern "C" fn wrong(signature: i32, what: i32) {
    WRONG += 1;
    println!("signature {signature}: {}", ["arguments of C's function", "arguments through a pointer", "arguments of Rust's", "arguments of Rust's, through a pointer",
        "the result of Rust's", "the result of Rust's, through a pointer", "the result of C's", "the result of C's, through a pointer"][what as usize]);
}
pub fn mix(h: u64, v: u64) -> u64 { (h ^ v).wrapping_mul(0x9e3779b97f4a7c15).wrapping_add(1) }
pub fn next(s: &mut u64) -> u64 { *s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); *s >> 13 }
fn main() { unsafe { %s if WRONG != 0 { std::process::exit(1) } } println!("all right"); }
'''


def call(words, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', stdin=subprocess.DEVNULL, **more)
    return done.returncode, done.stdout


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--toolchain')
    p.add_argument('--rustup', help='default: $RUSTUP_HOME')
    p.add_argument('--count', type=int, default=2000)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--llvm', action='store_true')
    p.add_argument('--target', choices=('x86_64', 'aarch64'), default='x86_64')
    p.add_argument('--backend', help='the library; without it, `kiln cargo --setup` builds it')
    p.add_argument('--keep', action='store_true')
    args = p.parse_args()
    args.kiln = os.path.abspath(args.kiln)
    env = dict(os.environ, RUSTUP_TOOLCHAIN=args.toolchain or harness.rust_toolchains()[0], RUSTC_BOOTSTRAP='1')
    if args.rustup: env['RUSTUP_HOME'] = os.path.abspath(args.rustup)
    cross = args.target == 'aarch64'
    gcc, of_clang, launch = ('aarch64-linux-gnu-gcc', ['--target=aarch64-linux-gnu'], harness.QEMU) if cross else ('gcc', [], [])
    options = ['--target=' + harness.AARCH64, '-Clinker=' + gcc] if cross else []
    if not args.llvm:
        backend, text = (args.backend, '') if args.backend else harness.code_generator(args.kiln, env)
        if not backend: sys.exit("the toolchain has no code generator of Kiln's: " + text[-300:])
        options.append('-Zcodegen-backend=' + backend)
    work, failed = tempfile.mkdtemp(prefix='kiln-ffi-'), 0
    rng, sizes = random.Random(args.seed), [min(PER_UNIT, args.count - i) for i in range(0, args.count, PER_UNIT)]
    units = [Unit(rng, i * PER_UNIT, size) for i, size in enumerate(sizes)]
    for i, u in enumerate(units):
        with open(os.path.join(work, 'u%d.c' % i), 'w') as f: f.write(u.c())
        with open(os.path.join(work, 'u%d.rs' % i), 'w') as f: f.write(u.rust('u%d' % i))
    with open(os.path.join(work, 'main.rs'), 'w') as f:
        f.write(MAIN % (''.join('pub mod u%d; ' % i for i in range(len(units))), ' '.join('u%d::all();' % i for i in range(len(units)))))
    for cc in [gcc, '-O2'], ['clang-22', *of_clang, '-O1']:
        parts = []
        for i in range(len(units)):
            parts.append(os.path.join(work, '%s%d.o' % (cc[0], i)))
            status, text = call([*cc, '-w', '-fPIC', '-c', os.path.join(work, 'u%d.c' % i), '-o', parts[-1]])
            if status: sys.exit(text[:2000])
        program, log = os.path.join(work, 'program-' + cc[0]), os.path.join(work, 'log')
        status, text = call(['rustc', '--edition=2024', *options, os.path.join(work, 'main.rs'), '-o', program, *('-Clink-arg=' + o for o in parts)],
                            env=dict(env, KILN_LOG=log))
        if status: sys.exit(text[:3000])
        by_llvm = 0
        if os.path.exists(log):
            with open(log) as f: by_llvm = sum(': compiled by LLVM: ' in line for line in f)
        status, text = call([*launch, program])
        wrong = len(re.findall(r'^signature', text, re.M))
        failed += status != 0 or by_llvm > 0
        print('%s: %d signatures: %s; units by LLVM: %d' % (' '.join(cc), args.count, 'all right' if status == 0 else 'status %d, %d wrong' % (status, wrong), by_llvm))
        if status: print(text[:2000])
    if args.keep: print('kept: ' + work)
    else: shutil.rmtree(work)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
