#!/usr/bin/env python3
"""Stack probes, stack guards, conventions that keep more registers, calls without a PLT: by what happens.

    harden.py --kiln=build/kiln [--target=aarch64] [--keep=DIR]
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def source(name):
    return os.path.join(HERE, name)


def kiln_half(h, name, label, flags, seed=0):
    bc = h.bitcode(source(name + '.c'), h.path('%s-%s.bc' % (name, label)), flags)
    return h.kiln_object(bc, h.path('%s-%s-%d.o' % (name, label, seed)), ['--stress=%d' % seed] if seed else [])


def program(h, objects, main, label, flags=()):
    made = h.gcc_object(source(main), h.path('%s-%s.o' % (main, label)), ('-O1', *flags))
    return h.link([*objects, made], h.path('%s-%s' % (os.path.splitext(main)[0], label)), ('-pthread',))


def lines(h, exe):
    return h.run([exe], timeout=300)[1].splitlines()


# ---- probes ----

FITS = ('dynamic-small', 'chain-short', 'pieces-few')


def check_probes(h, level, seed):
    label = '%s-%d' % (level, seed)
    made = kiln_half(h, 'probed', label, (level, '-fPIC', '-fstack-clash-protection'), seed)
    out = lines(h, program(h, [made], 'probed_main.c', label))
    reference = h.gcc_object(source('probed.c'), h.path('reference%s.o' % label), ('-O1', '-fstack-clash-protection'))
    want = lines(h, program(h, [reference], 'probed_main.c', 'reference' + label))
    if len(out) != len(want) or len(out) != 15:
        h.fail('probes %s' % label, '\n'.join(out))
    for got, line in zip(out, want):
        name, what = got.split(' ', 1)
        right = line.split(' ', 1)[1] if name == 'keeps' else 'done' if name in FITS else 'guard'
        if what == right:
            h.ok('probes %s: %s' % (label, name))
        else:
            h.fail('probes %s: %s' % (label, name), got)


def check_without_probes(h):
    """Without probes the frame of 1 MiB must be seen to reach beyond the guard page."""
    made = kiln_half(h, 'probed', 'none', ('-O0', '-fPIC'))
    out = lines(h, program(h, [made], 'probed_main.c', 'none'))
    if 'fixed done changed' in out or 'fixed elsewhere changed' in out:
        h.ok('probes: the test sees that there are none')
    else:
        h.fail('probes: the test sees that there are none', '\n'.join(out))


# ---- guards ----

LEVELS = (('-fstack-protector',), ('-fstack-protector-strong',), ('-fstack-protector-all',),
          ('-fstack-protector', '--param', 'ssp-buffer-size=4'))


def guarded(h, obj):
    dump = h.run(['objdump' if not h.cross else 'aarch64-linux-gnu-objdump', '-dr', obj])[1]
    found, function = set(), None
    for line in dump.splitlines():
        m = re.match(r'[0-9a-f]+ <(\w+)>:', line)
        if m:
            function = m[1]
        elif '__stack_chk_fail' in line:
            found.add(function)
    return found


def check_choice(h, flags):
    """The same functions are guarded as by clang."""
    label = re.sub(r'\W', '', ''.join(flags))
    made = kiln_half(h, 'guarded', label, ('-O0', '-fPIC', *flags))
    want = guarded(h, h.clang_object(source('guarded.c'), h.path('clang-%s.o' % label), ('-O0', '-fPIC', *flags)))
    got = guarded(h, made)
    if got == want and want:
        h.ok('guards %s: %d functions' % (' '.join(flags), len(got)))
    else:
        h.fail('guards %s' % ' '.join(flags), 'not guarded: %s\nguarded: %s' % (want - got, got - want))


def check_smash(h, level, seed, flags, main_flags=()):
    label = re.sub(r'\W', '', '%s-%d-%s' % (level, seed, ''.join(flags + main_flags)))
    made = kiln_half(h, 'guarded', label, (level, '-fPIC', *flags), seed)
    out = lines(h, program(h, [made], 'guarded_main.c', label, ('-fno-stack-protector', *main_flags)))
    what = 'smash %s %s %d' % (level, ' '.join(flags), seed)
    if len(out) != 18:
        h.fail(what, '\n'.join(out))
    for whole, caught in zip(out[::2], out[1::2]):
        name = whole.split()[0]
        if whole == name + ' whole' and caught == name + ' caught':
            h.ok('%s: %s' % (what, name))
        else:
            h.fail('%s: %s' % (what, name), whole + '\n' + caught)


PLACES = { # flags by target, and what must be in the code
    'x86_64': ((('-mstack-protector-guard=tls', '-mstack-protector-guard-reg=gs', '-mstack-protector-guard-offset=64'),
                r'%gs:0x40,'),
               (('-mstack-protector-guard=tls', '-mstack-protector-guard-reg=gs', '-mstack-protector-guard-symbol=mine'),
                r'(?s)GOTPCRELX\s+mine.{0,80}%gs:\(%r11'),
               (('-mstack-protector-guard=global',), r'__stack_chk_guard')),
    'aarch64': ((('-mstack-protector-guard=sysreg', '-mstack-protector-guard-reg=sp_el0',
                  '-mstack-protector-guard-offset=1144'), r'(?s)mrs\s+x16, sp_el0.{0,80}ldr\s+x16, \[x16, #1144\]'),
                (('-mstack-protector-guard=global',), r'__stack_chk_guard')),
}


def check_place(h, flags, want):
    label = re.sub(r'\W', '', ''.join(flags))
    made = kiln_half(h, 'guarded', label, ('-O0', '-fPIC', '-fstack-protector', *flags))
    dump = h.run(['objdump' if not h.cross else 'aarch64-linux-gnu-objdump', '-dr', made])[1]
    if re.search(want, dump):
        h.ok('guards: %s' % ' '.join(flags))
    else:
        h.fail('guards: %s' % ' '.join(flags), dump[:3000])


# ---- registers, calls ----

def check_kept(h, level, seed):
    label = '%s-%d' % (level, seed)
    made = kiln_half(h, 'kept', label, (level, '-fPIC'), seed)
    calls = h.gcc_object(source('kept_%s.S' % h.args.target), h.path('with%s.o' % label))
    out = lines(h, program(h, [made, calls], 'kept_main.c', label))
    if len(out) != 11:
        h.fail('kept %s' % label, '\n'.join(out))
    for line in out:
        name, rest = line.split(' ', 1)
        if rest == 'kept':
            h.ok('kept %s: %s' % (label, name))
        else:
            h.fail('kept %s: %s' % (label, name), line)


def check_no_plt(h):
    made = kiln_half(h, 'calls', 'plain', ('-O0', '-fPIC', '-fno-plt', '-fno-builtin'))
    dump = h.run(['readelf', '-rW', made])[1]
    kinds = dict((m[2], m[1]) for m in re.finditer(r'R_(\w+)\s+\S+\s+(\w+)', dump) if 'CALL' in m[1] or 'PLT' in m[1] or
                 'GOT' in m[1])
    for name, got in (('strlen', True), ('abs', True), ('memcpy', True), ('local', False)):
        what = 'no PLT: %s' % name
        if name in kinds and ('GOT' in kinds[name]) == got or (name == 'local' and name not in kinds):
            h.ok(what)
        else:
            h.fail(what, dump)
    main = h.write('calls_main.c', 'int calls(int); int main(void) { return calls(-3) == 4 + 3 - 2 + 3 ? 0 : 1; }')
    exe = h.link([made, h.gcc_object(main, h.path('calls_main.o'))], h.path('calls'))
    h.run([exe])
    h.ok('no PLT: runs')


def main():
    h = harness.Harness(harness.options(__doc__.splitlines()[0]).parse_args())
    variants = [('-O0', 0), ('-O0', 1), ('-O1', 0), ('-O1', 2)]
    h.each(lambda v: check_probes(h, *v), variants)
    h.each(lambda _: check_without_probes(h), ['without probes'])
    h.each(lambda v: check_choice(h, v), LEVELS)
    smashes = [(level, seed, ('-fstack-protector-strong',)) for level, seed in variants]
    smashes += [('-O0', 0, ('-fstack-protector-all', '-fstack-clash-protection')),
                ('-O0', 0, ('-fstack-protector-strong',), ('-DREAL',)),
                ('-O0', 0, ('-fstack-protector-strong', '-mstack-protector-guard=global'), ('-DOWN_GUARD',) * (not h.cross))]
    h.each(lambda v: check_place(h, *v), PLACES[h.args.target])
    h.each(lambda v: check_smash(h, *v), smashes)
    h.each(lambda v: check_kept(h, *v), variants)
    h.each(lambda _: check_no_plt(h), ['no PLT'])
    h.finish()


if __name__ == '__main__':
    main()
