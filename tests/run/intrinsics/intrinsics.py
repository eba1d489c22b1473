#!/usr/bin/env python3
"""Processors' intrinsics: each one that LLVM has (x86_64.txt, aarch64.txt: name and types) in a function of its own,
compiled by kiln and by clang -O0; what both compute of random and special inputs is the same, bit for bit. Of what cannot
be run here LLVM's disassembler finds the same particular instructions in both. What one of the two refuses is counted and
named.

usage: intrinsics.py --kiln=KILN [--clang=clang-22] [--target=x86_64|aarch64] [--match=REGEX] [--every=1] [--seed=1]
                     [--tap] [--keep=DIR] [-v]
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FEATURES = {
    'x86_64': '+avx2,+fma,+f16c,+aes,+pclmul,+sha,+bmi,+bmi2,+lzcnt,+popcnt,+crc32,+rdrnd,+rdseed,+adx,+movbe,+fsgsbase,'
              '+clflushopt,+clwb,+rdpid,+fxsr,+xsave,+rdpru,+serialize,+ptwrite,+movdiri,+cldemote,+gfni,+vaes,'
              '+vpclmulqdq,+mwaitx,+waitpkg,+pku,+rtm,+clzero,+wbnoinvd,+prfchw,+hreset,+tsxldtrk,+uintr,+movdir64b,'
              '+avxvnni,+avxvnniint8,+avxvnniint16,+sm4,+sse4a,+xsaveopt,+xsavec,+xsaves,+enqcmd,+invpcid,+shstk,'
              '+raoint,+cmpccxadd,+movrs,+usermsr,+tbm,+lwp,+kl,+widekl,+sha512,+sm3,+avxifma,+avxneconvert',
    'aarch64': '+v8.5a,+fullfp16,+aes,+sha2,+sha3,+sm4,+dotprod,+i8mm,+bf16,+rdm,+fp16fml,+fptoint,+jsconv,+rand,+mte,'
               '+fp8,+fp8fma,+fp8dot2,+fp8dot4,+f8f16mm,+f8f32mm,+lut,+faminmax,+ls64,+gcs,+chk,+mops'}
# What each run gives another result, or does what a test cannot: compiled only.
NOT_RUN = re.compile(r'rdtsc|rdpmc|rdpru|rdpid|rdrand|rdseed|fsbase|gsbase|rndr|ptwrite|serialize|mwait|monitor|pause$|umwait|'
                     r'xbegin|xend|xabort|xtest|wbinvd|wbnoinvd|clzero|xsetbv|pkru|fxrstor|trk$|cldemote|directstore|movdir|'
                     r'ldmxcsr|^xsave|^xrstor|flags|^int$|ui$|uipi|enqcmd|invpcid|ssp|ssbsy|^wrss|^wruss|clzero|irg|stg$|ldg$|set\.fpcr|set\.fpsr|xgetbv|fxsave|get\.fp|stmxcsr|break|hlt|hint|ldax?r|ldxp|stl?xr|stxp|clwb|'
                     r'famax|famin|neon\.fmmla|fp8|luti|set\.fpmr|gcs|ld64b|st64b|memset\.tag|prefetch')
# What Kiln computes by other instructions than LLVM's one: only results can be compared.
COMPOSED = re.compile(r'pternlog')
# Of these the code of others would be made, too.
OWN = (('512', ',+avx512f,+avx512vl,+evex512'), ('^xop', ',+xop'))
FLAGS = {'gfni': r'vgf2p8', 'avx_vnni': r'avx512\.vpdp', 'avx_vnni_int8': r'avx2\.vpdpb', 'avx_vnni_int16': r'avx2\.vpdpw',
         'sm4': r'^vsm4', 'sm3': r'^vsm3', 'sha512': r'^vsha512', 'avx_ifma': r'vpmadd52', 'avx_ne_convert': r'^v(bcst|cvt)ne',
         'xop': r'^xop', 'tbm': r'^tbm', 'lwp': r'lwp', 'kl': r'^aes.*kl$|^encodekey|^loadiwkey', 'rao_int': r'^a(add|and|or|xor)(32|64)$',
         'cmpccxadd': r'^cmpccxadd', 'movrs': r'^movrs|^prefetchrs', 'usermsr': r'msr', 'sse4a': r'^sse4a', 'vaes': r'aesni.*256', 'vpclmulqdq': r'pclmulqdq\.256', 'sha_ni': r'^sha',
         'avx2': r'avx2', 'fma': r'^fma', 'f16c': r'vcvtps2ph', 'bmi2': r'bmi\.', 'pclmulqdq': r'pclmulqdq',
         'aes': r'aesni', 'avx512f': r'512', 'clflushopt': r'clflushopt'}

ELEMENTS = 'i8', 'i16', 'i32', 'i64' # what exclusive accesses are of

# Instructions that any code may have around one, and others that do the same as some.
ORDINARY = re.compile(r'mov(?!nt|dir|be|rs)|lea|set(?!ssbsy|g[pm]$)|cmov|j|test(?!ui)|cmp(?!.*xadd)|and|add|sub|push(?!f)|pop(?!f)|cinc|ret|x?or|shl|shr|sal|sar|nop|call|zero|cs|int3|ldr|ldp'
                      r'|ldu?r|str|stp|stu?r|insert|extract|pinsr|pextr|punpck|p?shuf|unpck|fmov|ins$|dup|umov|uxt|sxt|orr|'
                      r'ext$|broadcast|neg$|b$|b\.|cb|tb|adrp|permute|pand$|por$|p?xor|<unknown>$')


def decoded(objdump, path):
    """By function the particular instructions in its code."""
    text = subprocess.run([objdump, '-d', '--no-show-raw-insn', '--no-leading-addr', path], capture_output=True, text=True).stdout
    found, name = {}, None
    for line in text.split('\n'):
        m = re.match(r'<(\w+)>:', line)
        if m:
            name = m.group(1)
        elif name and line.startswith(('\t', ' ')) and line.strip():
            words = line.split()
            while words[0] in ('rep', 'lock', 'data16', 'cs'):
                words.pop(0)
            word = words[0] if words else ''
            word = re.sub('^v', '', word)
            if word in ('msr', 'mrs', 'hint', 'prfm', 'rprfm'):
                word = ' '.join(w for w in words[:3] if not re.match(r'[xw]\d+,?$|\[', w)).rstrip(',')
            arranged = re.match(r'v\d+(\.\w+)', ' '.join(words[1:]))
            if arranged: # and the lanes: as an operand, or in the vector that has one everywhere
                word += arranged.group(1)
                if word.startswith('dup') or not ORDINARY.match(word):
                    found.setdefault(name, set()).update(re.findall(r'(?<=\w)\[\d+\]', line))
            word = re.sub(r'(?<=crc32)[bwlq]$|(?<=ptwrite)[lq]$|(?<=base)[lq]$', '', word)
            if not ORDINARY.match(word):
                found.setdefault(name, set()).add(word)
    return found


def split(text):
    """The parts of a list of types."""
    parts, depth, part = [], 0, ''
    for c in text:
        depth += c in '<{'
        depth -= c in '>}'
        if c == ',' and depth == 0:
            parts.append(part.strip())
            part = ''
        else:
            part += c
    return parts + [part.strip()] if part.strip() else parts


def size_of(t):
    m = re.match(r'<(\d+) x (.*)>', t)
    if m:
        return int(m.group(1)) * size_of(m.group(2))
    return {'i1': 1, 'i8': 1, 'i16': 2, 'half': 2, 'bfloat': 2, 'i32': 4, 'float': 4, 'i64': 8, 'double': 8, 'ptr': 8}[t]


class Intrinsic:
    def __init__(self, line):
        self.name, rest = line.split(' ', 1)
        m = re.match(r'(.*?)\((.*)\)$', rest)
        self.ret = m.group(1)
        self.params = split(m.group(2))
        self.exclusive = re.search(r'ld.?xr|st.?xr', self.name)

    def immediates(self, rng):
        """A value for each parameter that is an immediate."""
        n, out = self.name, []
        for k, p in enumerate(self.params):
            if not p.endswith(' imm'):
                out.append(None)
                continue
            t = p[:-4]
            low, high = 0, 255
            shift = re.search(r'(shr|vsri|vsli|shlu|fp2fx|fx.2fp)', n)
            lane = re.search(r'lane', n)
            group = re.search(r'fp8\.fdot(\d)\.', n)
            table = re.search(r'luti(\d)', n)
            if 'gather' in n:
                out.append(rng.choice([1, 2, 4, 8]))
                continue
            if shift:
                first = self.ret if self.ret != 'void' else self.params[0]
                bits = 16 if 'f16' in n else 8 * size_of(re.sub(r'<\d+ x (.*)>', r'\1', first))
                low, high = (0, bits - 1) if re.search(r'vsli|shlu', n) else (1, bits)
            elif group: # of bytes
                high = 16 // int(group.group(1)) - 1
            elif table: # as many numbers as the result has lanes
                high = 8 * size_of(self.params[-2]) // int(table.group(1)) // int(re.match(r'<(\d+)', self.ret).group(1)) - 1
            elif lane:
                v = [q for q in self.params if q.startswith('<')][-1]
                low, high = 0, int(re.match(r'<(\d+)', v).group(1)) - 1
            elif 'bextri' in n:
                out.append(rng.randint(0, 31) | rng.randint(1, 16) << 8)
                continue
            elif 'lwp' in n:
                out.append(rng.randint(0, 2 ** 32 - 1))
                continue
            elif 'pclmul' in n:
                out.append(rng.choice([0, 1, 16, 17]))
                continue
            else:
                for pattern, top in (('round', 15), ('cmp.p|cmp.s', 31 if '.256' in n or True else 7), ('rnds4', 3), ('mpsadbw', 63 if 'avx2' in n else 7),
                                     ('pcmp.str', 127), ('ps2ph', 7), ('sm3tt', 3), ('xar', 63), ('dmb|dsb|isb', 15), (r'llvm\.prefetch', 3 if k == 2 else 1), ('prefetch', 1),
                                     ('hint', 5), ('vpermil2', 3), ('ccxadd', 15), ('addg', 15)):
                    if re.search(pattern, n):
                        high = top
                        break
            out.append(rng.randint(low, high))
        return out

    def function(self, number, target, rng, variant):
        """The function that reads its operands at %in, and writes results to %out; with %m as memory."""
        prefix = '' if self.name.startswith('llvm.') else 'llvm.aarch64.' if target == 'aarch64' else 'llvm.x86.'
        imm = self.immediates(rng)
        lines, args, at, types = [], [], 0, []
        for k, p in enumerate(self.params):
            if p == 'ptr':
                m = 'elementtype(%s) ' % ELEMENTS[variant] if self.exclusive else ''
                args.append('ptr %s%%m' % m)
                types.append('ptr')
            elif imm[k] is not None:
                t = p[:-4]
                types.append(t)
                if t.startswith('<'):
                    n, e = re.match(r'<(\d+) x (.*)>', t).groups()
                    args.append('%s <%s>' % (t, ', '.join(['%s %d' % (e, imm[k])] * int(n))))
                else:
                    args.append('%s %d' % (t, imm[k]))
            else:
                lines.append('  %%a%d = getelementptr i8, ptr %%in, i64 %d' % (k, at))
                lines.append('  %%v%d = load %s, ptr %%a%d, align 1' % (k, p, k))
                args.append('%s %%v%d' % (p, k))
                types.append(p)
                at += 32
        call = 'call %s @%s%s(%s)' % (self.ret, prefix, self.name, ', '.join(args))
        if self.ret == 'void':
            lines.append('  ' + call)
        else:
            lines.append('  %r = ' + call)
            if self.ret.startswith('{'):
                for k, t in enumerate(split(self.ret[1:-1].strip())):
                    lines.append('  %%x%d = extractvalue %s %%r, %d' % (k, self.ret, k))
                    if t == 'i1':
                        lines.append('  %%z%d = zext i1 %%x%d to i8' % (k, k))
                        t, v = 'i8', '%%z%d' % k
                    else:
                        v = '%%x%d' % k
                    lines.append('  %%o%d = getelementptr i8, ptr %%out, i64 %d' % (k, 64 * k))
                    lines.append('  store %s %s, ptr %%o%d, align 1' % (t, v, k))
            else:
                lines.append('  store %s %%r, ptr %%out, align 1' % self.ret)
        declared = 'declare %s @%s%s(%s)' % (self.ret, prefix, self.name, ', '.join(types))
        body = 'define void @f%d(ptr %%in, ptr %%out, ptr %%m) #%d {\n%s\n  ret void\n}\n' % (
            number, next((k + 1 for k, (name, _) in enumerate(OWN) if re.search(name, self.name)), 0), '\n'.join(lines))
        return body, declared


MAIN = '''
#include <stdio.h>
#include <string.h>
typedef void fn(void *, void *, void *);
%s
static const struct { fn *f; const char *name; } all[] = {%s};
int main(void) {
  static unsigned char in[256], out[512] __attribute__((aligned(64))), m[1024] __attribute__((aligned(64)));
  static const unsigned char special[] = {0, 255, 128, 127, 1, 0x7f, 0xf0, 0x3f, 0x80, 0, 0, 8, 16};
  static const float floats[] = {0, -0.0f, 1, -1.5f, 2.5f, 3e38f, 1e-40f, 1.0f/0, -1.0f/0, 0.0f/0, 2147483648.f, -2147483904.f};
  static const double doubles[] = {0, -0.0, 1, -1.5, 2.5, 1e308, 1e-310, 1.0/0, -1.0/0, 0.0/0, 2147483647.5, -9.3e18};
  unsigned long long s = %dULL;
  for (unsigned k = 0; k < sizeof all / sizeof *all; k++)
    for (int run = 0; run < 12; run++) {
      for (int i = 0; i < 256; i++) {
        s = s * 6364136223846793005ULL + 1442695040888963407ULL;
        in[i] = run %% 4 == 0 ? s >> 56 : run %% 4 == 1 ? special[(s >> 33) %% 13] : (i & 3) == 3 ? 0x3f : s >> 50;
        if (run %% 4 == 2 && i %% 4 == 3) memcpy(in + i - 3, &floats[(s >> 33) %% 12], 4);
        if (run %% 4 == 3 && run > 4 && i %% 8 == 7) memcpy(in + i - 7, &doubles[(s >> 33) %% 12], 8);
        if (run %% 4 == 3 && run <= 4 && i %% 32 >= 8) in[i] = 0;
      }
      for (int i = 0; i < 1024; i++) m[i] = (unsigned char)(i * 37 + run);
      memset(out, 0, sizeof out);
      /* small numbers, for lanes that are numbers of elements in memory */
      if (strstr(all[k].name, "gather")) for (int i = 32; i < 64; i++) in[i] = i %% 4 ? 0 : in[i] & 15;
      if (strstr(all[k].name, "gather.q")) for (int i = 32; i < 64; i++) if (i %% 8) in[i] = 0;
      all[k].f(in, out, m);
      unsigned long long h = 0;
      for (int i = 0; i < 512; i++) h = h * 31 + out[i];
      for (int i = 0; i < 1024; i++) h = h * 31 + m[i];
      printf("%%s %%d %%llx\\n", all[k].name, run, h);
    }
}
'''


class Runner:
    def __init__(self, o, where):
        self.o, self.where = o, where
        self.arm = o.target == 'aarch64'
        self.counts, self.named = {}, {}

    def count(self, what, name):
        self.named.setdefault(what, []).append(name)

    def do(self, *command):
        return subprocess.run(command, capture_output=True, text=True)

    def batch(self, number, intrinsics):
        """Compiles and runs some of them; those that one of the compilers refuses are left out."""
        base = os.path.join(self.where, 'i%d' % number)
        rng = random.Random(self.o.seed * 1000 + number)
        all_of = []
        for intrinsic in intrinsics:
            for variant in range(4 if intrinsic.exclusive or any(p.endswith(' imm') for p in intrinsic.params) else 1):
                all_of.append((intrinsic, ) + intrinsic.function(len(all_of), self.o.target, rng, variant))
        while True:
            with open(base + '.ll', 'w') as f:
                f.write('\n'.join([x[1] for x in all_of] + sorted({x[2] for x in all_of}) +
                                  ['attributes #%d = { nounwind "target-features"="%s%s" }' % (k, FEATURES[self.o.target], more)
                                   for k, more in enumerate(['', *(more for _, more in OWN)])]))
            triple = ['--target=aarch64-linux-gnu'] if self.arm else []
            r = self.do(self.o.clang, *triple, '-w', '-O0', '-c', '-emit-llvm', base + '.ll', '-o', base + '.bc')
            if r.returncode:
                return self.leave(all_of, r, 'not LLVM\'s')
            r = self.do(self.o.clang, *triple, '-w', '-O0', '-c', base + '.bc', '-o', base + '.ref.o')
            k = 'refused by clang'
            if r.returncode == 0:
                r = self.do(self.o.kiln, 'compile', '--target=' + self.o.target, base + '.bc', '-o', base + '.o')
                k = 'refused by kiln'
            if r.returncode == 0:
                try:
                    harness.same_by_others(harness.other_builds(), ['compile', '--target=' + self.o.target], base + '.bc', base + '.o')
                except harness.Failure as e:
                    return self.count('failed', str(e))
                break
            m = re.search(r'\bf(\d+)\b', r.stderr[r.stderr.find("'@f"):] if "'@f" in r.stderr else r.stderr)
            if not m:
                self.count('failed', r.stderr.strip()[-300:])
                return
            bad = [x for x in all_of if 'define void @f%s(' % m.group(1) in x[1]]
            if not bad:
                self.count('failed', r.stderr.strip()[-300:])
                return
            if self.o.v:
                print('# %s: %s' % (bad[0][0].name, r.stderr.strip()[:200]))
            self.count(k, bad[0][0].name)
            all_of = [x for x in all_of if x[0] is not bad[0][0]]
            if not all_of:
                return
        run, read = [], None
        for x in all_of:
            n, k = x[0].name, re.search(r'@f(\d+)\(', x[1]).group(1)
            if not NOT_RUN.search(n) and (self.arm or not any(re.search(p, n) and f not in CPU for f, p in FLAGS.items())):
                run.append((k, n))
                continue
            if COMPOSED.search(n):
                self.count('not compared: composed, and the processor has no such instruction', n)
                continue
            read = read or [decoded(self.o.objdump, base + end).get for end in ('.ref.o', '.o')]
            want, got = (f('f' + k, set()) for f in read)
            if self.o.v and (want != got or not want):
                print('# %s: clang %s, kiln %s' % (n, sorted(want), sorted(got)))
            self.count('decoded, not run' if want and want == got else 'compiled, neither run nor with an instruction of its own'
                       if not want and not got else 'differ', n)
        if not run:
            return
        with open(base + '.c', 'w') as f:
            f.write(MAIN % ('\n'.join('fn f%s;' % k for k, n in run),
                            ', '.join('{f%s, "%s#%s"}' % (k, n, k) for k, n in run), self.o.seed))
        cc = ['aarch64-linux-gnu-gcc', '-static'] if self.arm else ['gcc']
        out = []
        for obj in ('.ref.o', '.o'):
            r = self.do(*cc, '-w', base + '.c', base + obj, '-o', base + obj + '.exe')
            if r.returncode == 0:
                r = self.do(*(['qemu-aarch64', '-cpu', 'max'] if self.arm else []), base + obj + '.exe')
            if r.returncode:
                self.count('failed', '%s: %d %s after %s' % (base + obj, r.returncode, r.stderr[-200:], r.stdout.strip()[-60:]))
                return
            out.append(r.stdout.split('\n'))
        wrong = {a.split('#')[0] for a, b in zip(*out) if a != b}
        for n in sorted({n for _, n in run}):
            self.count('differ' if n in wrong else 'the same', n)

    def leave(self, all_of, r, why):
        self.count('failed', r.stderr.strip()[-300:])


CPU = ''


def main():
    global CPU
    p = argparse.ArgumentParser()
    p.add_argument('--kiln', required=True)
    p.add_argument('--clang', default='clang-22')
    p.add_argument('--objdump', default='llvm-objdump-22')
    p.add_argument('--target', default='x86_64')
    p.add_argument('--match', default='')
    p.add_argument('--every', type=int, default=1)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--tap', action='store_true')
    p.add_argument('--keep')
    p.add_argument('-v', action='store_true')
    o = harness.sampled(p.parse_args())
    with open('/proc/cpuinfo') as f:
        CPU = set((re.findall(r'^flags\s*:(.*)$', f.read(), flags=re.M) or [''])[0].split())
    tools = [o.clang] + (['aarch64-linux-gnu-gcc', 'qemu-aarch64'] if o.target == 'aarch64' else [])
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing and o.tap:
        print('1..0 # SKIP no ' + missing[0])
        return 0
    with open(os.path.join(HERE, o.target + '.txt')) as f:
        lines = [line.strip() for line in f if re.search(o.match, line.split(' ')[0])]
    rng = random.Random(o.seed)
    if o.every > 1:
        lines = rng.sample(lines, max(1, len(lines) // o.every))
    with tempfile.TemporaryDirectory() as work:
        r = Runner(o, o.keep or work)
        os.makedirs(r.where, exist_ok=True)
        step = 60
        for k in range(0, len(lines), step):
            r.batch(k // step, [Intrinsic(line) for line in lines[k:k + step]])
        bad = set(r.named.get('differ', []) + r.named.get('failed', []))
        cases = sorted({(name, what) for what, names in r.named.items() for name in names})
        for number, (name, what) in enumerate(cases if o.tap else [], 1):
            print('%s %d - %s%s' % ('not ok' if name in bad else 'ok', number, name.replace('\n', ' '),
                                    '' if what in ('the same', 'decoded, not run') or name in bad else ' # SKIP ' + what))
        if o.tap:
            print('1..%d' % len(cases))
        for what, names in sorted(r.named.items() if not o.tap else []):
            names = sorted(set(names))
            print('%s: %d%s' % (what, len(names), '' if what == 'the same' else ': ' + ', '.join(names)))
        return len(bad) != 0


if __name__ == '__main__':
    sys.exit(main())
