#!/usr/bin/env python3
"""Runs the .ssa files here and those of classes.py: each has a program in C in a comment, `# >>> driver` to `# <<<`, that is linked
with it, and perhaps what both print, `# >>> output` to `# <<<`. The exit status must be 0. Without a driver
the file has its own main. Files are compiled as they are, verified in stress mode, and as static code.
`# >>> lines` is what the object's line table says, without repetitions: file, line and column.

    run.py --kiln=build/kiln [--target=aarch64] [NAME...]
    run.py --qbe=qbe                 by another compiler of the language, which validates the tests

errors.txt has pieces of the language after lines `---`. In each, a comment `# N: TEXT` stands after what
is wrong: the error must be in this line, in column N, and contain the text. `# L:N: TEXT` names the line.
"""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402
from classes import PROGRAMS  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def section(text, name):
    m = re.search(r'^# >>> %s\n(.*?)^# <<<$' % name, text, re.M | re.S)
    return m and re.sub(r'^# ?', '', m.group(1), flags=re.M)


def compile_ssa(h, source, out, flags=()):
    if h.args.qbe:
        target = 'arm64' if h.args.target == 'aarch64' else 'amd64_sysv'
        h.run([h.args.qbe, '-t', target, '-o', out + '.s', source])
        h.run([h.args.gcc, '-c', '-o', out, out + '.s'])
    else:
        h.run([h.args.kiln, 'compile', '--target=' + h.args.target, *flags, '-o', out, source])
        h.compile_also(source, out, flags)
    return out


def line_table(h, path):
    """The rows of an object's line tables, those that follow each other once."""
    _, out, _ = h.run(['llvm-dwarfdump-22', '--debug-line', path])
    names, rows = re.findall(r'^ +name: "(.*)"', out, re.M), []
    for m in re.finditer(r'^0x[0-9a-f]+ +(\d+) +(\d+) +(\d+) .*', out, re.M):
        row = '%s %s:%s\n' % (names[int(m.group(3))], *m.groups()[:2])
        if 'end_sequence' not in m.group(0) and rows[-1:] != [row]:
            rows.append(row)
    return ''.join(rows)


def programs(h, names):
    def check(name):
        source = h.write(name + '.ssa', PROGRAMS[name]()) if name in PROGRAMS else os.path.join(HERE, name + '.ssa')
        with open(source) as f:
            text = f.read()
        driver, output, lines = (section(text, what) for what in ('driver', 'output', 'lines'))
        objects = []
        if driver:
            c_file = h.write(name + '.c', driver)
            objects.append(h.gcc_object(c_file, h.path(name + '.c.o'), ('-O1', '-fwrapv')))
        variants = [('', [], []), (' --stress', ['--stress=7', '--verify'], []),
                    (' static', ['--pic=static', '--function-sections'], ['-no-pie'])]
        for i, (label, flags, link) in enumerate(variants[:1] if h.args.qbe else variants):
            try:
                o = compile_ssa(h, source, h.path('%s.%d.o' % (name, i)), flags)
                exe = h.link([o, *objects], h.path('%s.%d' % (name, i)), ('-lm', '-pthread', *link))
                status, out, err = h.run([exe], check=False)
                if lines and not h.args.qbe and i == 0 and line_table(h, o) != lines:
                    h.fail(name + label, 'the lines are:\n' + line_table(h, o))
                    continue
            except harness.Failure as e:
                h.fail(name + label, str(e))
                continue
            if status == 0 and (output is None or out == output):
                h.ok(name + label)
            else:
                h.fail(name + label, 'status %d, output:\n%s%s' % (status, out[:2000], err[:500]))
    h.each(check, names)


def errors(h):
    with open(os.path.join(HERE, 'errors.txt')) as f:
        pieces = f.read().split('---\n')[1:]

    def check(i):
        path = h.write('error%d.ssa' % i, pieces[i])
        wanted = [(m.group(1) or n + 1, *m.groups()[1:]) for n, line in enumerate(pieces[i].split('\n'))
                  for m in [re.search(r'# (?:(\d+):)?(\d+): (.*)$', line)] if m]
        status, _, err = h.run([h.args.kiln, 'compile', '--target=' + h.args.target, '-o', '/dev/null', path], check=False)
        first = pieces[i].split('\n')[0]
        name = 'error %d: %s' % (i, wanted[0][2] if wanted else first)
        start = '%s:%s:%s: error: ' % (path, *wanted[0][:2]) if wanted else path
        if len(wanted) == 1 and status == 1 and err.startswith(start) and wanted[0][2] in err and err.count('\n') == 1:
            h.ok(name)
        else:
            h.fail(name, '%s\nstatus %d: %s' % (pieces[i], status, err))
    h.each(check, range(len(pieces)))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('names', nargs='*', help='files, without .ssa; default: all, and the errors')
    p.add_argument('--qbe', help='another compiler')
    args = p.parse_args()
    h = harness.Harness(args)
    every = sorted(os.path.basename(f)[:-4] for f in glob.glob(os.path.join(HERE, '*.ssa'))) + sorted(PROGRAMS)
    programs(h, args.names or every)
    if not args.names and not args.qbe:
        errors(h)
    h.finish()


if __name__ == '__main__':
    main()
