#!/usr/bin/env python3
"""Unwinding through Kiln's code: at every instruction by single steps, by backtrace(), by gdb.

    unwind.py --kiln=build/kiln [--stress=N] [--keep=DIR]
"""
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def variants(args):
    for level in ('-O0', '-O1'):
        for seed in range(args.stress + 1):
            yield level, seed
    yield '-O0 -fstack-clash-protection -fstack-protector-all', 0
    # without a frame pointer: pages touched one by one, and in a loop
    yield '-O1 -fstack-clash-protection', 1
    yield '-O0 -fomit-frame-pointer -fstack-clash-protection -mstack-probe-size=2048', 0
    if args.target == 'x86_64':
        yield '-O1 -mstackrealign', 1
        yield '-O0 -mstackrealign -fstack-clash-protection -fstack-protector-all', 0


def kiln_half(h, name, level, seed):
    bc = h.bitcode(os.path.join(HERE, name + '.c'), h.path('%s%s.bc' % (name, level)), level.split())
    out = h.path('%s%s.%d.o' % (name, level, seed))
    return h.kiln_object(bc, out, ['--stress=%d' % seed] if seed else [])


def check_steps(h, level, seed, tools):
    """`level`: options of the code from C, or the name of a .kir file."""
    label = 'steps %s%s' % (level, ' --stress=%d' % seed if seed else '')
    text = level.endswith('.kir')
    stress = ['--stress=%d' % seed] if seed else []
    if text:
        cases = h.path('%s.%d.o' % (level, seed))
        h.run([h.args.kiln, 'compile', os.path.join(HERE, level), '-o', cases] + stress)
    else:
        cases = kiln_half(h, 'cases', level, seed)
    exe = h.path('step%s.%d' % (level, seed))
    h.link([tools['begin.S'], cases, tools['end.S'], tools['step.c'], tools['cfi.c'], tools['leave.c']],
           exe, ('-no-pie', '-Wl,-z,now'))
    status, out, err = h.run([exe], timeout=300, check=False)
    if status == 77:
        h.skip(label, 'ptrace is not permitted')
        return
    seen = set()
    for line in out.splitlines():
        m = re.match(r'case (\d+) instructions (\d+) faults (\d+)', line)
        if not m:
            continue
        seen.add(int(m[1]))
        what = '%s case %s' % (label, m[1])
        if int(m[2]) == 0 or int(m[3]) or 'case %s ended' % m[1] in out:
            h.fail(what, out[:3000])
        else:
            h.ok('%s: %s instructions' % (what, m[2]))
    if status or len(seen) < (2 if text else 15):
        h.fail(label, 'status %d: %s' % (status, (out + err)[-1500:]))


def check_itself(h, tools):
    """Checks the test itself: tables without their stack offsets must fail."""
    asm = h.path('broken.s')
    h.run([h.args.gcc, '-S', '-O1', '-w', os.path.join(HERE, 'cases.c'), '-o', asm])
    with open(asm) as f:
        text = re.sub(r'\.cfi_def_cfa_offset \d+\n', '\n', f.read())
    h.write('broken.s', text)
    exe = h.link([tools['begin.S'], h.gcc_object(asm, h.path('broken.o')), tools['end.S'], tools['step.c'],
                  tools['cfi.c'], tools['leave.c']], h.path('broken'), ('-no-pie', '-Wl,-z,now'))
    status, out, err = h.run([exe, '2'], timeout=300, check=False)
    if status == 77:
        h.skip('self-check', 'ptrace is not permitted')
    elif 'case 2' in out and ' faults 0' not in out:
        h.ok('self-check: broken tables are found')
    else:
        h.fail('self-check: broken tables are found', out[-1000:])


def check_chain(h, level, seed, tools):
    label = '%s%s' % (level, ' --stress=%d' % seed if seed else '')
    exe = h.link([kiln_half(h, 'chain', level, seed), tools['chain_main.c']],
                 h.path('chain%s.%d' % (level, seed)), ('-rdynamic',))
    out = h.run([exe])[1]
    for where in ('third', 'again'):
        want = '%s: see third second first main' % where
        if want in out:
            h.ok('backtrace() %s %s' % (label, where))
        else:
            h.fail('backtrace() %s %s' % (label, where), out)
    if not shutil.which('gdb'):
        h.skip('gdb %s' % label, 'gdb is not installed')
        return
    # the first instructions of the prologue, then the middle of a body below two other frames
    commands = ['set pagination off', 'set confirm off', 'break *third', 'run']
    for _ in range(14):
        commands += ['bt', 'stepi']
    commands += ['break see', 'continue', 'bt', 'continue', 'bt', 'delete', 'kill']
    script = h.write('gdb%s.%d' % (level, seed), '\n'.join(commands) + '\n')
    out = h.run(['gdb', '-nx', '-batch', '-x', script, exe], timeout=120, check=False)[1]
    if 'third' not in out:
        h.skip('gdb %s' % label, 'gdb cannot run programs here')
        return
    traces = [t for t in re.split(r'(?m)^(?=#0 )', out) if t.startswith('#0 ')]
    good = 0
    for t in traces:
        names = re.findall(r'(?m)^#\d+ +(?:0x[0-9a-f]+ in )?(\w+)', t)
        if names[-4:] == ['third', 'second', 'first', 'main'] and len(names) <= 7:
            good += 1
        else:
            h.note(t)
    # 14 at instructions, one or two more that a breakpoint prints itself
    if good == len(traces) and good >= 14:
        h.ok('gdb %s: %d backtraces' % (label, good))
    else:
        h.fail('gdb %s' % label, '%d of %d backtraces are complete\n%s' % (good, len(traces), out[-3000:]))


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--stress', type=int, default=1, metavar='N', help='stress seeds 1 to N')
    args = p.parse_args()
    h = harness.Harness(args)
    tools = {}
    for f in ('begin.S', 'end.S', 'step.c', 'cfi.c', 'leave.c', 'chain_main.c'):
        tools[f] = h.gcc_object(os.path.join(HERE, f), h.path(f + '.o'), ('-O1', '-fno-pie'))
    tools['chain_main.c'] = h.gcc_object(os.path.join(HERE, 'chain_main.c'), h.path('chain_main.o'), ('-O1',))
    h.each(lambda _: check_itself(h, tools), ['self-check'])
    h.each(lambda v: check_steps(h, *v, tools), list(variants(args)))
    h.each(lambda v: check_steps(h, *v, tools), [('tail.kir', seed) for seed in range(args.stress + 1)])
    h.each(lambda v: check_chain(h, *v, tools), list(variants(args)))
    h.finish()


if __name__ == '__main__':
    main()
