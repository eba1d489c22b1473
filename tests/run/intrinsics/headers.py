#!/usr/bin/env python3
"""Every function of clang's headers for processors compiles, at -O0 and -O2: their definitions, no longer inline, without
those for AVX-512, AMX, AVX10, SVE and SME.

    headers.py --kiln=build/kiln [--target=aarch64] [--keep=DIR]
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

HEADERS = {'x86_64': ('x86intrin.h', 'ammintrin.h', 'cpuid.h'), 'aarch64': ('arm_neon.h', 'arm_acle.h', 'arm_fp16.h')}
# For builtins in functions whose target attribute does not name the feature, or that have no such attribute.
FLAGS = {'x86_64': ('-mcx16', '-msgx'), 'aarch64': ('-march=armv8.7-a+fp16+bf16+ls64+memtag+rng',)}
LEAST = {'x86_64': 1000, 'aarch64': 2500}
OUT_OF_SCOPE = re.compile(r'\+(avx512|avx10|amx|sve|sme)')
# What makes definitions those of ordinary functions, which clang keeps although nothing calls them.
PLAIN = ((r'__always_inline__,? ?|__gnu_inline__,? ?|\b(__extension__ )?extern (?=__inline)', ''),
         (r'\bstatic (?=__inline|inline)', ''), (r'\b__inline(__)?\b|(?<![_\w])inline\b', ''))
MOST = 40  # refused functions that are named

FUNCTION = re.compile(r'^define ([^\n]*?)@([\w.]+)\(([^\n]*)\)([^\n)]*)\{\n.*?^\}\n', re.M | re.S)


def without(text, leaves):
    """The module `text` without the definitions for which leaves(name, attributes) is true: those that are called are
    declared. And the names of the others."""
    groups = dict(re.findall(r'^attributes (#\d+) = \{(.*)\}$', text, re.M))
    names, left = [], {}

    def keep(m):
        group = re.search(r'#\d+', m[4])
        if not leaves(m[2], groups.get(group[0] if group else '', '')):
            names.append(m[2])
            return m[0]
        left[m[2]] = 'declare %s@%s(%s)\n' % (re.sub(r'dso_local |internal ', '', m[1]), m[2], re.sub(r' %\d+(?=,|$)', '', m[3]))
        return ''

    text = FUNCTION.sub(keep, text)
    called = set(re.findall(r'call [^\n]*?@([\w.]+)\(', text))
    return text + ''.join(line for name, line in left.items() if name in called), names


def check(h, level):
    target = h.args.target
    source = h.write('headers%s.c' % level, ''.join('#include <%s>\n' % name for name in HEADERS[target]))
    clang = [*h.clang, *FLAGS[target]]
    text = h.run([*clang, '-E', '-P', source])[1]
    for pattern, to in PLAIN:
        text = re.sub(pattern, to, text)
    plain = h.write('plain%s.c' % level, text)
    ll = h.path('plain%s.ll' % level)
    h.run([*clang, level, '-w', '-S', '-emit-llvm', plain, '-o', ll])
    with open(ll) as f:
        text, names = without(f.read(), lambda name, has: OUT_OF_SCOPE.search(has))
    refused = {}
    while len(refused) < MOST:
        bc = h.bitcode(h.write('headers%s.ll' % level, text), h.path('headers%s.bc' % level), ('-O0',))
        status, _, err = h.run([h.args.kiln, 'compile', '--target=' + target, bc, '-o', h.path('headers%s.o' % level)], check=False)
        if status == 0:
            h.compile_also(bc, h.path('headers%s.o' % level))
            break
        m = re.search(r'\.bc:([\w.]+):.*?error: (.*)', err)
        if not m or m[1] not in names:
            h.fail('headers %s' % level, err)
            return
        refused[m[1]] = m[2]
        text, _ = without(text, lambda name, _, wrong=m[1]: name == wrong)
    what = '%d functions at %s' % (len(names) - len(refused), level)
    if len(names) < LEAST[target]:
        h.fail(what, 'fewer than there are')
    elif refused:
        h.fail(what, '\n'.join('%s: %s' % pair for pair in sorted(refused.items())))
    else:
        h.ok(what)


def main():
    h = harness.Harness(harness.options(__doc__.splitlines()[0]).parse_args())
    h.each(lambda level: check(h, level), ['-O0', '-O2'])
    h.finish()


if __name__ == '__main__':
    main()
