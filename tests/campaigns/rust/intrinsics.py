#!/usr/bin/env python3
"""Intrinsics of LLVM's that Rust's std::arch declares, by Kiln as rustc's code generator and by LLVM.

usage: ./dev rust --intrinsics [--target=aarch64] [--toolchain=NAME] [--match=REGEX] [--seed=1] [--backend=FILE] [--keep] [-v]

Reads the declarations of the toolchain's own source (component rust-src): each `link_name = "llvm.x86...."`. A function
of its own calls each one with random and special values that it reads from memory, and with several constants where LLVM
wants an immediate. What both compute is the same bit for bit. What this processor, or qemu's, cannot run is only compiled. Counted and
named: what Kiln leaves to LLVM (a function's unit is then LLVM's), and what the declarations need that is not made here.

The default toolchain is the first of integrations/rustc/rust-toolchains. Without --backend, `kiln cargo --setup` builds the library.
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
sys.path.insert(0, os.path.join(ROOT, 'tests/run/intrinsics'))
import harness  # noqa: E402
import intrinsics as by_ir  # noqa: E402

# /proc/cpuinfo's names of Rust's features, where they differ by more than dots.
FLAGS = {'sse3': 'pni', 'sha': 'sha_ni', 'bmi1': 'bmi1', 'lzcnt': 'abm', 'avxvnni': 'avx_vnni', 'avxifma': 'avx_ifma',
         'avxneconvert': 'avx_ne_convert', 'avxvnniint8': 'avx_vnni_int8', 'avxvnniint16': 'avx_vnni_int16',
         'rdrand': 'rdrand', 'avx512vnni': 'avx512_vnni', 'avx512vbmi2': 'avx512_vbmi2', 'avx512bitalg': 'avx512_bitalg',
         'avx512vpopcntdq': 'avx512_vpopcntdq', 'avx512bf16': 'avx512_bf16', 'avx512fp16': 'avx512_fp16',
         'avx512vp2intersect': 'avx512_vp2intersect', 'sse4.1': 'sse4_1', 'sse4.2': 'sse4_2'}
WIDE = {'__m128i': 'i64x2', '__m256i': 'i64x4', '__m512i': 'i64x8', '__m128': 'f32x4', '__m256': 'f32x8', '__m512': 'f32x16',
        '__m128d': 'f64x2', '__m256d': 'f64x4', '__m512d': 'f64x8', '__m128h': 'f16x8', '__m256h': 'f16x16', '__m512h': 'f16x32',
        '__m128bh': 'u16x8', '__m256bh': 'u16x16', '__m512bh': 'u16x32'}
SCALAR = re.compile(r'[iu](8|16|32|64|128)$|f16$|f32$|f64$|bool$|usize$|isize$')
DECLARED = re.compile(r'(?:#\[|any\(target_arch = "aarch64", target_arch = "arm64ec"\),\s*)link_name = "(llvm\.[^"]+)"\s*\)?\]\s*(?:#\[[^\]]*\]\s*)*'
                      r'(?:pub(?:\(\w+\))? )?(?:safe |unsafe )?fn (\w+)\(([^;]*?)\)(?:\s*->\s*([^;]+))?;')
# By processor: the folders of its source, a file of them that says how intrinsics are called, and features that all have.
FOLDERS = {'x86_64': (['x86', 'x86_64'], 'x86/sse2.rs', 'sse2'),
           'aarch64': (['aarch64', 'aarch64/neon', 'arm_shared', 'arm_shared/neon'], 'arm_shared/neon/generated.rs', 'neon')}
FEATURES = re.compile(r'(?:#\[|not\(target_arch = "arm"\),\s*)target_feature\(enable = "([^"]+)"\)')


class Skip(Exception):
    """A declaration of which no function is made; the text says why."""


def split(text):
    """The parts of a list, which commas separate."""
    parts, depth, part = [], 0, ''
    for c in text:
        depth += (c in '(<[') - (c in ')>]')
        if c == ',' and depth == 0:
            parts.append(part.strip())
            part = ''
        else:
            part += c
    return [p for p in parts + [part.strip()] if p]


class Declaration:
    def __init__(self, name, types, ret, features):
        self.name, self.types, self.ret, self.features = name, types, ret, features

    def can_run(self, cpu):
        return (self.ret != '*' and not by_ir.NOT_RUN.search(re.sub(r'^llvm\.((x86|aarch64)\.)?', '', self.name)) and
                (cpu is None or all(FLAGS.get(f, f) in cpu for f in self.features)))


class Source:
    """A file of stdarch's."""

    def __init__(self, text, least):
        self.least = least
        text = re.sub(r'//[^\n]*', '', text)
        self.text = text
        self.structs = {m[1]: split(m[2]) for m in re.finditer(r'struct (\w+)\(([^;]*?)\);', text, re.S)}
        self.aliases = dict(re.findall(r'type (\w+) = ([^;]+);', text))
        self.features = {}  # of the first function that calls one, without those of 32-bit processors
        for body in text.split('\n}'):
            features = [f for f in ','.join(FEATURES.findall(body)).split(',') if f and not re.match(r'v\d$', f)]
            for name in re.findall(r'\b(\w+)\(', body) if features else []: self.features.setdefault(name, features)

    def type(self, t):
        """A type of a declaration as one of the program's: a scalar, a vector, '*'; or a list of these."""
        t = WIDE.get(t, self.aliases.get(t, t))
        t = re.sub(r'^__mmask(\d+)$', r'u\1', re.sub(r'^_MM_\w+$|^_XABORT\w*$', 'i32', t))
        t = re.sub(r'^.*::', '', t)
        if t.startswith('*'): return '*'
        neon = re.match(r'(uint|int|float|poly)(\d+)x(\d+)(?:x(\d))?_t$', t)
        if neon:
            kind, bits, n, count = neon.groups()
            vector = '%s%sx%s' % ({'int': 'i', 'float': 'f'}.get(kind, 'u'), bits, n)
            return [vector] * int(count) if count else vector
        t = re.sub(r'^p(8|16|64|128)$', r'u\1', t)
        if re.match(r'[iuf]\d+x\d+$', t) or SCALAR.match(t): return t
        if t.startswith('('): return [self.type(part) for part in split(t[1:-1])]
        if t in self.structs: return [self.type(part) for part in self.structs[t]]
        raise Skip('a type: ' + t)

    def declaration(self, m):
        name, fn, params, ret = m.groups()
        types = [self.type(p.split(':', 1)[1].strip()) for p in split(params)]
        result = self.type(ret.strip()) if ret and ret.strip() != '()' else None
        return Declaration(name, types, result, self.features.get(fn, [self.least]))


def declarations(folder, target, pattern):
    """What stdarch declares, once by name; and what of it no function is made of, with the reasons."""
    found, skipped = {}, {}
    for sub in FOLDERS[target][0]:
        for file in sorted(os.listdir(os.path.join(folder, sub))):
            if not file.endswith('.rs'): continue
            with open(os.path.join(folder, sub, file)) as f: source = Source(f.read(), FOLDERS[target][2])
            for m in DECLARED.finditer(source.text):
                if m[1] in found or m[1].startswith('llvm.arm.') or not re.search(pattern, m[1]): continue
                try: found[m[1]] = source.declaration(m)
                except Skip as e: skipped[m[1]] = str(e)
    return list(found.values()), {name: why for name, why in skipped.items() if name not in found}


def listed(target):
    """Types and immediates of LLVM's intrinsics by name, as the campaign of IR has them."""
    with open(os.path.join(os.path.dirname(by_ir.__file__), target + '.txt')) as f:
        lines = [line.strip() for line in f if line.strip()]
    if target == 'x86_64': lines.append('aesni.aeskeygenassist <2 x i64>(<2 x i64>, i8 imm)')
    prefix = 'llvm.x86.' if target == 'x86_64' else 'llvm.aarch64.'
    all_of = [by_ir.Intrinsic(line) for line in lines]
    return {x.name if x.name.startswith('llvm.') else prefix + x.name: x for x in all_of}


def rust(t): return '*mut u8' if t == '*' else 'crate::%s' % t if 'x' in t else t


def module(number, d, immediates, abi):
    """A module with the function that reads its operands at `i`, and writes results to `o`; with `m` as memory."""
    args, at, body = [], 0, ''
    for k, t in enumerate(d.types):
        if t == '*': args.append('m')
        elif immediates[k] is not None:
            bits = int(re.match(r'\w(\d+)', t)[1]) # of an integer, or of each lane
            value = immediates[k] % 2 ** bits
            text = str(value - 2 ** bits if t[0] == 'i' and value >> bits - 1 else value)
            args.append('const { %s([%s; %s]) }' % (rust(t), text, t.split('x')[1]) if 'x' in t else text)
        else:
            body += '        let a%d = *(i.add(%d) as *const %s);\n' % (k, at, rust(t))
            args.append('a%d' % k)
            at += 64
    parts = d.ret if isinstance(d.ret, list) else [d.ret] if d.ret else []
    ret, struct = '', ''
    if isinstance(d.ret, list):
        layout = 'C, packed' if d.name.startswith('llvm.x86.') else 'C'
        struct = '    #[repr(%s)] #[derive(Clone, Copy)] pub struct R(%s);\n' % (layout, ', '.join(rust(t) for t in parts))
        ret = ' -> R'
    elif d.ret: ret = ' -> ' + rust(d.ret)
    body += '        %sx(%s);\n' % ('let r = ' if parts else '', ', '.join(args))
    for k, t in enumerate(parts):
        body += '        *(o.add(%d) as *mut %s) = r%s;\n' % (64 * k, rust(t), '.%d' % k if struct else '')
    return '''pub mod i%d {
%s    unsafe extern "%s" { #[link_name = "%s"] fn x(%s)%s; }
    #[target_feature(enable = "%s")] #[unsafe(no_mangle)]
    pub unsafe extern "C" fn f%d(i: *const u8, o: *mut u8, m: *mut u8) {
%s    }
}
''' % (number, struct, abi, d.name, ', '.join('_: ' + rust(t) for t in d.types), ret, ','.join(d.features), number, body)


MAIN = '''#[repr(align(64))] struct Bytes<const N: usize>([u8; N]);
static ALL: &[(&str, unsafe extern "C" fn(*const u8, *mut u8, *mut u8))] = &[%s];
fn main() {
    let special = [0u8, 255, 128, 127, 1, 0x7f, 0xf0, 0x3f, 0x80, 0, 0, 8, 16];
    let floats = [0f32, -0.0, 1.0, -1.5, 2.5, 3e38, 1e-40, f32::INFINITY, -f32::INFINITY, f32::from_bits(0x7fc00000), 2147483648.0, -2147483904.0];
    let doubles = [0f64, -0.0, 1.0, -1.5, 2.5, 1e308, 1e-310, f64::INFINITY, -f64::INFINITY, f64::from_bits(0x7ff8 << 48), 2147483647.5, -9.3e18];
    let (mut i, mut o, mut m) = (Bytes([0u8; 1024]), Bytes([0u8; 1024]), Bytes([0u8; 2048]));
    let mut s = %du64;
    for (name, f) in ALL {
        for run in 0..12 {
            for k in 0..1024 {
                s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let pick = (s >> 33) as usize;
                i.0[k] = match run %% 4 { 0 => (s >> 56) as u8, 1 => special[pick %% 13], _ if k %% 4 == 3 => 0x3f, _ => (s >> 50) as u8 };
                if run %% 4 == 2 && k %% 4 == 3 { i.0[k - 3..=k].copy_from_slice(&floats[pick %% 12].to_le_bytes()); }
                if run %% 4 == 3 && run > 4 && k %% 8 == 7 { i.0[k - 7..=k].copy_from_slice(&doubles[pick %% 12].to_le_bytes()); }
                if run %% 4 == 3 && run <= 4 && k %% 64 >= 8 { i.0[k] = 0; }
            }
            for k in 0..2048 { m.0[k] = (k * 37 + run) as u8; }
            o.0.fill(0);
            // small numbers, for lanes that are numbers of elements in memory
            if name.contains("gather") {
                let size = if name.contains("gather.q") { 8 } else { 4 };
                for k in 64..128 { i.0[k] = if k %% size == 0 { i.0[k] & 15 } else { 0 }; }
            }
            unsafe { f(i.0.as_ptr(), o.0.as_mut_ptr(), m.0.as_mut_ptr()); }
            let h = o.0.iter().chain(&m.0).fold(0u64, |h, &b| h.wrapping_mul(31).wrapping_add(b.into()));
            println!("{name} {run} {h:x}");
        }
    }
}
'''


class Campaign:
    def __init__(self, args, work):
        self.args, self.work, self.aarch64 = args, work, args.target == 'aarch64'
        self.env = dict(os.environ, RUSTUP_TOOLCHAIN=args.toolchain, RUSTC_BOOTSTRAP='1')
        self.sysroot = self.call(['rustc', '--print=sysroot']).strip()
        self.named = {}

    def call(self, words, check=True, **more):
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', env=dict(self.env, **more))
        if check and done.returncode: sys.exit('%s: status %d\n%s' % (words[0], done.returncode, done.stdout[-3000:]))
        return done.stdout if check else (done.returncode, done.stdout)

    def head(self):
        """The features of rustc that the program needs, and its types."""
        path = 'lib/rustlib/rustc-src/rust/compiler/rustc_target/src/target_features.rs'
        with open(os.path.join(self.sysroot, path)) as f: features = set(re.findall(r'Unstable\(sym::(\w+)\)', f.read()))
        vectors = ''.join('#[repr(simd)] #[derive(Clone, Copy)] pub struct %s%d(%s);\n' % (t + 'x', n, '[%s; %d]' % (t, n))
                          for t, bits in [(k + str(b), b) for k in 'iu' for b in (8, 16, 32, 64)] + [('f16', 16), ('f32', 32), ('f64', 64)]
                          for n in (1, 2, 4, 8, 16, 32, 64, 128) if 64 <= n * bits <= 1024)
        features |= {'link_llvm_intrinsics', 'repr_simd', 'simd_ffi', 'f16'}
        if self.abi == 'unadjusted': features.add('abi_unadjusted')
        return '#![feature(%s)]\n#![allow(warnings)]\n%s' % (', '.join(sorted(features)), vectors)

    def compile(self, source, program, *options):
        """Compiles both ways what the compilers take; gives the log of Kiln's."""
        cross = ['--target=' + harness.AARCH64, '-Clinker=aarch64-linux-gnu-gcc'] if self.aarch64 else []
        words = ['rustc', '--edition=2024', *cross, '-Cdebug-assertions=off', '-Ccodegen-units=10000', source, '-o', program]
        log = program + '.log'
        if os.path.exists(log): os.unlink(log)
        self.call(words + list(options), KILN_LOG=log)
        if not os.path.exists(log): return ''
        with open(log) as f: return f.read()

    def differences(self, of):
        """Which functions give other results by Kiln than by LLVM."""
        outputs = []
        for side in ('llvm', 'kiln'):
            status, text = self.call([*(harness.QEMU if self.aarch64 else []), os.path.join(self.work, side)], check=False)
            if status: return ['%s ended with status %d after %s' % (side, status, text.splitlines()[-1:])]
            outputs.append(text.splitlines())
        if len(outputs[0]) != len(outputs[1]) or len(outputs[0]) != 12 * of: return ['the programs printed different lines']
        return sorted({x.split()[0] for x, y in zip(*outputs) if x != y})

    def run(self):
        args = self.args
        backend = args.backend
        if not backend:
            backend, text = harness.code_generator(args.kiln, self.env)
            if not backend: sys.exit("the toolchain has no code generator of Kiln's: " + text[-300:])
        folder = os.path.join(self.sysroot, 'lib/rustlib/src/rust/library/stdarch/crates/core_arch/src')
        all_of, skipped = declarations(folder, args.target, args.match)
        # Newer versions have another name for how intrinsics are called.
        with open(os.path.join(folder, FOLDERS[args.target][1])) as f: self.abi = re.search(r'extern "([\w-]+)" {', f.read())[1]
        cpu = None  # qemu's has all that NOT_RUN does not name
        if not self.aarch64:
            with open('/proc/cpuinfo') as f: cpu = set(next(line for line in f if line.startswith('flags')).split())
        known, rng, runs, text, owner = listed(args.target), random.Random(args.seed), [], self.head(), {}
        # Older declarations name the type of an address twice.
        for d in all_of:
            if d.name.endswith('.p0.p0') and d.name[:-3] in known: known[d.name] = known[d.name[:-3]]
        skipped.update({d.name: 'not in tests/run/intrinsics/%s.txt, which says what is an immediate' % args.target for d in all_of if d.name not in known})
        all_of = [d for d in all_of if d.name in known]
        for d in all_of:
            ir = known[d.name]
            for _ in range(6 if any(p.endswith(' imm') for p in ir.params) else 1):
                values = ir.immediates(rng)
                number = len(owner)
                owner[number] = d
                text += module(number, d, values, self.abi)
                if d.can_run(cpu): runs.append('("%s", i%d::f%d)' % (d.name, number, number))
        source = os.path.join(self.work, 'main.rs')
        with open(source, 'w') as f: f.write(text + MAIN % (', '.join(runs), args.seed))
        self.compile(source, os.path.join(self.work, 'llvm'))
        log = self.compile(source, os.path.join(self.work, 'kiln'), '-Zcodegen-backend=' + backend)
        refused = {}
        for unit, why in re.findall(r'^(.*): compiled by LLVM: (.*)', log, re.M):
            found = re.search(r', in \S*\bi(\d+)::', why)
            if not found: sys.exit('a unit by LLVM: %s: %s' % (unit, why))
            refused[owner[int(found[1])].name] = re.sub(r', in .*', '', why)
        different = self.differences(len(runs))
        built = [d for d in all_of if d.name not in refused]
        ran = [d for d in built if d.can_run(cpu)]
        print('%s: %d intrinsics, %d calls' % (args.toolchain, len(all_of) + len(skipped), len(owner)))
        print('the same: %d' % len([d for d in ran if d.name not in different]))
        print('compiled only: %d: %s' % (len(built) - len(ran), ' '.join(sorted(d.name[5:] for d in built if d not in ran))))
        self.show('left to LLVM', refused)
        self.show('not made', skipped)
        print('different: %d%s' % (len(different), ''.join('\n  ' + x for x in different)))
        return len(different) != 0

    def show(self, what, reasons):
        groups = {}
        for name, why in reasons.items():
            groups.setdefault('this intrinsic' if why == name else why, []).append(name[5:])
        print('%s: %d' % (what, len(reasons)))
        for why, names in sorted(groups.items()):
            names.sort()
            shown = names if self.args.v or len(names) < 40 else names[:8] + ['...']
            print('  %s: %d: %s' % (why, len(names), ' '.join(shown)))


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--toolchain', default=harness.rust_toolchains()[0])
    p.add_argument('--backend', help='the library; without it the one that kiln cargo --setup builds')
    p.add_argument('--target', choices=('x86_64', 'aarch64'), default='x86_64')
    p.add_argument('--match', default=r'^llvm\.')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--keep', action='store_true')
    p.add_argument('-v', action='store_true')
    args = p.parse_args()
    args.kiln = os.path.abspath(args.kiln)
    work = tempfile.mkdtemp(prefix='kiln-intrinsics-')
    try:
        return Campaign(args, work).run()
    finally:
        if args.keep: print('kept: ' + work)
        else: shutil.rmtree(work)


if __name__ == '__main__':
    sys.exit(main())
