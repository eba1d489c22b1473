#!/usr/bin/env python3
"""Table-driven link tests: kind of definition x visibility x place x use (cells.py), in units
compiled for full position independence, for executables and for static ones, in outputs of every
kind, by several linkers. The result comes from the table: which definition binds.

    link.py --kiln=build/kiln [--every=N] [--first=N] [--only=N] [--keep=DIR]

The tests run half of the rows on each target, so that both together see every row; without
--every all are run.

Units of a program: U uses (and defines what is defined here), D defines there, L is a shared
object, M the main program. What the linker must refuse is listed in REFUSED with the reason.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import cells  # noqa: E402
import harness  # noqa: E402
import texts  # noqa: E402

CFLAGS = {'full': '-fPIC', 'pie': '-fPIE', 'static': '-fno-pic'}
LINK = {'static': ['-static', '-no-pie'], 'static-pie': ['-static-pie'], 'pie': ['-pie'],
        'no-pie': ['-no-pie'], 'shared': ['-shared']}

# (flavour, output, compiler of U, of D, linker). Every flavour and output with ld, by Kiln alone;
# then Kiln's half with gcc's; then the other linkers.
RUNS = [(f, o, 'kiln', 'kiln', 'bfd') for f, outputs in cells.FLAVOURS.items() for o in outputs]
RUNS += [('full', o, u, d, 'bfd') for o in ('pie', 'shared')
         for u, d in (('kiln', 'gcc'), ('gcc', 'kiln'))]
RUNS += [('full', o, 'kiln', 'kiln', l) for l in ('gold', 'lld', 'mold')
         for o in ('static', 'pie', 'shared')]
RUNS += [('static', 'no-pie', 'kiln', 'kiln', l) for l in ('gold', 'lld', 'mold')]

# C of the using unit, C of a library, flavour, output, what ld says, why it must.
REFUSED = [
    ('__attribute__((tls_model("local-exec"))) __thread int x; int f(void) { return x; }', None,
     'full', 'shared', 'TPOFF32|TLSLE', 'local-exec is an offset into the executable\'s own block'),
    ('extern int x; int f(void) { return x; }', None, 'full', 'pie', 'undefined reference',
     'a strong reference needs a definition'),
    ('__attribute__((visibility("hidden"))) extern int x; int f(void) { return x; }',
     'int x = 1;', 'full', 'pie', 'hidden symbol', 'hidden means: defined in the same output'),
    ('__attribute__((visibility("hidden"))) int f(void); int (*p)(void) = f;', 'int f(void) { return 1; }',
     'full', 'pie', 'hidden symbol', 'hidden means: defined in the same output'),
    ('int x = 1; int f(void) { return x; }', None, 'twice', 'pie', 'multiple definition',
     'two strong definitions'),
]

# Faults of other tools, whichever compiler is used: (reason, (run, cell) -> is it that).
QUIRKS = [
    ('gold gives hidden undefined weak symbols the load address',
     lambda run, c: run[4] == 'gold' and run[1] in ('pie', 'shared') and c.visibility == 'hidden'
     and c.place == 'nowhere'),
    ('gcc reads a constant that could be preempted at compile time',
     lambda run, c: run[2] == 'gcc' and c.kind == 'read_only' and c.place == 'preempt'
     and c.use == 'load'),
]

# The same of AArch64's.
QUIRKS_AARCH64 = [
    ('ld takes protected weak symbols for ones of a library when it links a program at a fixed address',
     lambda run, c: run[4] == 'bfd' and run[1] in ('static', 'no-pie') and c.visibility == 'protected'
     and c.kind.startswith('weak') and c.place in ('here', 'there')
     and (c.use in ('address', 'equal') if c.function else c.use != 'static')),
    ("ld gives a library's function 0 as its address where a program at a fixed address has it weak and undefined",
     lambda run, c: run[4] == 'bfd' and run[1] == 'no-pie' and c.kind == 'undef_weak_func' and c.place == 'library'
     and c.use != 'equal'),
    ("mold lets TLS descriptors of protected symbols be preempted",
     lambda run, c: run[4] == 'mold' and run[1] == 'shared' and c.visibility == 'protected' and c.place == 'preempt'
     and c.kind in ('tls_gd', 'tls_ld') and c.use in ('load', 'store', 'address')),
    ("gold tells functions from data by what the reference says",
     lambda run, c: run[4] == 'gold' and run[1] == 'no-pie' and c.kind == 'func_as_data'),
    ("gold gives a library's function two addresses in a program at a fixed address",
     lambda run, c: run[4] == 'gold' and run[1] == 'no-pie' and c.function and c.kind != 'undef_weak_func'
     and c.place == 'library' and c.use == 'equal'),
]

RUNNER = '''#include <stdio.h>
struct row { int n; long (*use)(void); long expected; };
extern const struct row rows[]; extern const int n_rows;
int main(void) {
  for (int i = 0; i < n_rows; i++) {
    printf("at %d\\n", rows[i].n); fflush(stdout);
    long got = rows[i].use();
    if (got != rows[i].expected) printf("bad %d got %ld expected %ld\\n", rows[i].n, got, rows[i].expected);
  }
  printf("ran %d\\n", n_rows);
}
'''


def units(chosen):
    """C text of the units U, D, L and M."""
    u, d, l, m = [], [], [], []
    for c in chosen:
        if c.place in ('here', 'strong', 'preempt'):
            u.append(c.definition())
        else:
            u.append(c.declaration())
        u.append(c.user())
        if c.place == 'there':
            d.append(c.definition())
        elif c.place == 'strong':
            d.append(c.definition(500000 + c.n))
        elif c.place == 'library':
            l.append(c.definition())
        elif c.place == 'preempt':
            m.append(c.definition(500000 + c.n))
        (m if c.place == 'preempt' else l if c.place == 'library' else d).append(c.address_function())
    rows = ', '.join('{%d, use_%d, %d}' % (c.n, c.n, c.expected()) for c in chosen)
    m.append('\n'.join('long use_%d(void);' % c.n for c in chosen))
    m.append('struct row { int n; long (*use)(void); long expected; };\n'
             'const struct row rows[] = {%s};\nconst int n_rows = %d;' % (rows, len(chosen)))
    return ['\n'.join(x) + '\n' for x in (u, d, l, m)]


def compile_unit(h, base, text, compiler, flavour):
    c = h.write(base + '.c', text)
    o = h.path(base + '.o')
    flags = ('-O0', CFLAGS[flavour], '-fcommon')
    if compiler == 'gcc':
        return h.gcc_object(c, o, flags)
    bc = h.bitcode(c, h.path(base + '.bc'), flags)
    if h.fake:
        return h.clang_object(bc, o, (CFLAGS[flavour],))
    return h.kiln_object(bc, o, ['--pic=' + flavour])


def linker(h, name):
    """The compiler driver that finds this linker."""
    if name == 'lld' or (h.cross and name == 'mold'): # the cross gcc looks for linkers of its own name
        return [*h.clang, '-fuse-ld=' + name]
    return [h.args.gcc, '-fuse-ld=' + name]


def build_and_run(h, base, run, chosen):
    """Gives {cell number: fault}; Failure if it does not link."""
    flavour, output, uc, dc, ld = run
    u, d, l, m = units(chosen)
    objects = [compile_unit(h, base + '.u', u, uc, flavour),
               compile_unit(h, base + '.d', d, dc, flavour)]
    drive = linker(h, ld)
    strict = ['-Wl,-z,text', '-Wl,-z,noexecstack', '-Wl,--fatal-warnings']
    libs = []
    if l.strip():
        lib = h.gcc_object(h.write(base + '.l.c', l), h.path(base + '.l.o'), ('-fPIC',))
        libs = [h.path(base + '.l.so')]
        h.run([*drive, '-shared', lib, '-o', libs[0], '-Wl,-soname,' + libs[0]])
    main = [h.gcc_object(h.write(base + '.m.c', m), h.path(base + '.m.o'), ('-fPIC',)),
            h.path('runner.o')]
    exe = h.path(base + '.exe')
    if output == 'shared':
        so = h.path(base + '.u.so')
        h.run([*drive, '-shared', *objects, *libs, '-o', so, *strict, '-Wl,-z,defs'] if not any(
            c.use == 'equal' and c.place == 'preempt' for c in chosen) else
            [*drive, '-shared', *objects, *libs, '-o', so, *strict])
        h.run([*drive, '-pie', *main, so, *libs, '-o', exe])
    else:
        h.run([*drive, *LINK[output], *main, *objects, *libs, '-o', exe, *strict])
    status, out, err = h.run([exe], check=False,
                             env=dict(os.environ, LD_LIBRARY_PATH=h.dir))
    faults = {}
    for line in out.splitlines():
        if line.startswith('bad '):
            faults[int(line.split()[1])] = line
    if 'ran %d' % len(chosen) not in out:
        last = [line for line in out.splitlines() if line.startswith('at ')]
        if not last:
            raise harness.Failure('does not start: %s' % err[-300:])
        n = int(last[-1].split()[1])
        faults[n] = 'ended with status %d' % status
        rest = [c for c in chosen if c.n != n and c.n not in faults]
        faults.update(build_and_run(h, base, run, rest) if rest else {})
    return faults


def check_group(h, base, run, chosen):
    """As build_and_run; finds cells that do not link by bisection."""
    try:
        return build_and_run(h, base, run, chosen)
    except harness.Failure as e:
        if len(chosen) == 1:
            return {chosen[0].n: str(e)}
        half = len(chosen) // 2
        faults = check_group(h, base, run, chosen[:half])
        faults.update(check_group(h, base, run, chosen[half:]))
        return faults


def check_refused(h, i):
    text, library, flavour, output, says, why = REFUSED[i]
    what = 'refused: %s: %s' % (why, text)
    base = 'refused%d' % i
    real = 'full' if flavour == 'twice' else flavour
    objects = [compile_unit(h, base, text, 'kiln', real)]
    if flavour == 'twice':
        objects.append(compile_unit(h, base + 'b', text.replace('int f', 'int g'), 'kiln', real))
    if library:
        lib = h.gcc_object(h.write(base + '.l.c', library), h.path(base + '.l.o'), ('-fPIC',))
        h.run([h.args.gcc, '-shared', lib, '-o', h.path(base + '.so')])
        objects.append(h.path(base + '.so'))
    main = h.gcc_object(h.write(base + '.m.c', 'int main(void) { return 0; }'), h.path(base + '.m.o'))
    # ld of AArch64 accepts local-exec in shared objects
    drive = linker(h, 'lld' if h.args.target == 'aarch64' and 'local-exec' in text else 'bfd')
    status, out, err = h.run([*drive, *LINK[output], *objects, *([main] if output != 'shared' else []),
                              '-o', h.path(base + '.out')], check=False)
    if status and re.search(says, err):
        h.ok(what)
    else:
        h.fail(what, 'status %d, wanted "%s": %s' % (status, says, err[-500:]))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--only', type=int, help='just this cell')
    p.add_argument('--run', type=int, help='just this row of RUNS')
    p.add_argument('--every', type=int, default=1, metavar='N', help='one row of N of RUNS')
    p.add_argument('--first', type=int, default=0, metavar='N', help='the first of these rows')
    p.add_argument('--kinds', help='just cells of these kinds, separated by commas')
    args = harness.sampled(p.parse_args())
    h = harness.Harness(args)
    kinds = args.kinds.split(',') if args.kinds else None
    h.gcc_object(h.write('runner.c', RUNNER), h.path('runner.o'), ('-fPIC',))
    table = [c for c in cells.table() if args.only in (None, c.n) and (kinds is None or c.kind in kinds)]

    def check(i):
        run = RUNS[i]
        chosen = [c for c in table if cells.fits(c, *run[:2])]
        for reason, applies in QUIRKS + (QUIRKS_AARCH64 if args.target == 'aarch64' else []):
            for c in [c for c in chosen if applies(run, c)]:
                h.skip('%s, %s, U %s, D %s, ld %s: cell %d: %s' % (*run, c.n, c), reason)
                chosen.remove(c)
        faults = check_group(h, 'run%d' % i, run, chosen)
        for c in chosen:
            what = '%s, %s, U %s, D %s, ld %s: cell %d: %s' % (*run, c.n, c)
            if c.n in faults:
                h.fail(what, '%s (--run=%d --only=%d)' % (faults[c.n], i, c.n))
            else:
                h.ok(what)
    h.each(check, [i for i in range(args.first, len(RUNS), args.every) if args.run in (None, i)])
    if args.only is None and args.run is None and kinds is None:
        h.each(lambda i: check_refused(h, i), range(len(REFUSED)))
        h.each(lambda row: texts.check(h, row, linker(h, row[4]), LINK[row[3]]), list(texts.rows()))
    h.finish()


if __name__ == '__main__':
    main()
