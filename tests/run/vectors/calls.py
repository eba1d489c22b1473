#!/usr/bin/env python3
"""Calls with vectors of every type, of which C's ABI knows few: callers by Kiln of functions by LLVM, and the reverse. Both
modules are written here, as LLVM IR: vectors of 1 to 64 lanes of each type, as the first argument, after others that
leave few registers or none, variadic ones, in structs and arrays, of functions that throw, and as results of calls and of
invokes; and structs of floats as results.

usage: calls.py --kiln=KILN [--clang=clang-22] [--target=x86_64|aarch64] [--sample] [--types=i8,...] [--lanes=3,...]
                [--tap] [--keep=DIR]

--sample: fewer lanes, half of them for each type; with AVX-512F, each fourth type. On x86-64 functions with AVX2 are
a second run, if this processor has it; then functions with AVX-512F are a third, which avx512.c runs on others; masks of
functions with AVX-512BW are a fourth, if this processor has it."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../harness'))
import harness  # noqa: E402

BITS = {'i1': 1, 'i5': 5, 'i8': 8, 'i16': 16, 'i24': 24, 'i32': 32, 'i40': 40, 'i64': 64, 'i128': 128,
        'half': 16, 'bfloat': 16, 'float': 32, 'double': 64, 'fp128': 128, 'ptr': 64}
# The bits of a float that are given, so that it is a number: where they begin, and they.
NUMBER = {'half': (10, 0b001101), 'bfloat': (7, 0x7e), 'float': (23, 0x7e), 'double': (52, 0x3fe), 'fp128': (112, 0x3ffe)}
# Types of lanes whose calls at -O0 have no more of AVX-512 than moves, which avx512.c does where the processor has none.
WIDE = ['i8', 'i16', 'i32', 'i64', 'float', 'double', 'ptr', 'half']
LANES = [*range(1, 18), 24, 32, 33, 64]
SAMPLE = [1, 2, 3, 4, 7, 8, 16, 17, 32]

# What comes before the vector: numbers of integers and of doubles.
BEFORE = {'first': (0, 0), 'second': (1, 1), 'few': (5, 6), 'last': (5, 7), 'stack': (9, 9)}

PERSONALITY = {'invoke': '__gcc_personality_v0', 'thrown': '__gxx_personality_v0'}
THROWING = ['@_ZTIi = external constant ptr', 'declare ptr @__cxa_allocate_exception(i64)',
            'declare void @__cxa_throw(ptr, ptr, ptr)']
CATCHING = ['declare i32 @%s(...)' % name for name in PERSONALITY.values()] + [
    'declare ptr @__cxa_begin_catch(ptr)', 'declare void @__cxa_end_catch()']


class Case:
    """One vector type in one place: a function, its caller, and what the vectors are."""

    def __init__(self, rng, n, t, place):
        self.n, self.t, self.place = n, t, place
        self.name = '%s_%d_%s' % (t, n, place)
        self.type = '<%d x %s>' % (n, t)
        self.bits = n * BITS[t]
        self.bytes = [self.content(rng), self.content(rng)]

    def content(self, rng):
        at, number = NUMBER.get(self.t, (BITS[self.t], 0))
        value = 0
        for k in range(self.n): value |= (rng.getrandbits(at) | number << at) << k * BITS[self.t]
        return value.to_bytes((self.bits + 7) // 8, 'little')

    def globals(self):
        return ['@in%d_%s = constant [%d x i8] c"%s", align 64' %
                (k, self.name, len(b), ''.join('\\%02x' % x for x in b)) for k, b in enumerate(self.bytes)]

    def before(self):
        ints, floats = BEFORE.get(self.place, (0, 0))
        return [('i64', '%%p%d' % k, str(1000 + k)) for k in range(ints)] + \
               [('double', '%%q%d' % k, '%d.0' % (2000 + k)) for k in range(floats)]

    def out(self, lines, value, type, at):
        a = '%%a%d' % at
        lines += ['  %s = getelementptr i8, ptr @out, i64 %d' % (a, at), '  store %s %s, ptr %s, align 1' % (type, value, a)]

    def load(self, lines):
        for k in range(2): lines.append('  %%v%d = load %s, ptr @in%d_%s, align 1' % (k, self.type, k, self.name))

    def text(self):
        """The function, the declaration of it, and its caller."""
        ty, callee, caller = self.type, [], ['define void @call_%s() #0 %s{' % (
            self.name, 'personality ptr @%s ' % PERSONALITY[self.place] if self.place in PERSONALITY else '')]
        self.load(caller)
        if self.place == 'thrown':
            head = 'void @f_%s(%s, i32)' % (self.name, ty)
            callee += ['define void @f_%s(%s %%x, i32 %%z) #1 {' % (self.name, ty)]
            self.out(callee, '%x', ty, 0)
            callee += ['  %e = call ptr @__cxa_allocate_exception(i64 4)', '  store i32 %z, ptr %e',
                       '  call void @__cxa_throw(ptr %e, ptr @_ZTIi, ptr null)', '  unreachable', '}']
            caller += ['  invoke void @f_%s(%s %%v0, i32 7) to label %%normal unwind label %%pad' % (self.name, ty),
                       'pad:', '  %l = landingpad { ptr, i32 } catch ptr null', '  %o = extractvalue { ptr, i32 } %l, 0',
                       '  %b = call ptr @__cxa_begin_catch(ptr %o)', '  %z = load i32, ptr %b']
            self.out(caller, '%v1', ty, 2048) # which the caller keeps over the call
            self.out(caller, '%z', 'i32', 3000)
            caller += ['  call void @__cxa_end_catch()', '  br label %normal', 'normal:']
        elif self.place in ('result', 'invoke'):
            head = '%s @f_%s(%s, i32, ptr)' % (ty, self.name, ty)
            callee += ['define %s @f_%s(%s %%x, i32 %%z, ptr %%p) #%d {' % (ty, self.name, ty, self.place == 'invoke')]
            self.out(callee, '%x', ty, 0)
            self.out(callee, '%z', 'i32', 3000)
            callee += ['  %%r = load %s, ptr %%p, align 1' % ty, '  ret %s %%r' % ty, '}']
            args = '(%s %%v0, i32 7, ptr @in1_%s)' % (ty, self.name)
            if self.place == 'result': caller.append('  %%r = call %s @f_%s%s' % (ty, self.name, args))
            else:
                caller += ['  %%r = invoke %s @f_%s%s to label %%normal unwind label %%pad' % (ty, self.name, args),
                           'pad:', '  %e = landingpad { ptr, i32 } cleanup', '  resume { ptr, i32 } %e', 'normal:']
            self.out(caller, '%r', ty, 2048)
        elif self.place in ('struct', 'array'):
            whole = '{ %s, i32, %s }' % (ty, ty) if self.place == 'struct' else '[2 x %s]' % ty
            second = 2 if self.place == 'struct' else 1
            head = 'void @f_%s(i32, %s, i32)' % (self.name, whole)
            callee += ['define void @f_%s(i32 %%y, %s %%a, i32 %%z) #0 {' % (self.name, whole),
                       '  %%m = alloca %s' % whole, '  store %s %%a, ptr %%m' % whole, '  %%s = load %s, ptr %%m' % whole,
                       '  %%x0 = extractvalue %s %%s, 0' % whole, '  %%x1 = extractvalue %s %%s, %d' % (whole, second)]
            self.out(callee, '%x0', ty, 0)
            self.out(callee, '%x1', ty, 2048)
            self.out(callee, '%z', 'i32', 3000)
            callee += ['  ret void', '}']
            caller += ['  %%s0 = insertvalue %s undef, %s %%v0, 0' % (whole, ty),
                       '  %%s1 = insertvalue %s %%s0, %s %%v1, %d' % (whole, ty, second),
                       '  call void @f_%s(i32 3, %s %%s1, i32 7)' % (self.name, whole)]
        else:
            before = self.before()
            after = [('i32', '%z', '7'), (ty, '%x1', '%v1'), ('double', '%w', '8.0')]
            params = [*before, (ty, '%x0', '%v0'), *after]
            types = ', '.join(p[0] for p in params)
            dots = ', ...' if self.place == 'named' else ''
            head = 'void @f_%s(%s%s)' % (self.name, types, dots)
            callee += ['define void @f_%s(%s%s) #0 {' % (self.name, ', '.join('%s %s' % p[:2] for p in params), dots)]
            self.out(callee, '%x0', ty, 0)
            self.out(callee, '%x1', ty, 2048)
            at = 3000
            for p in [*before, *after]:
                if p[0] == ty: continue
                self.out(callee, p[1], p[0], at)
                at += 8
            callee += ['  ret void', '}']
            # as variadic arguments they go to a function that has them as parameters, which are passed alike
            kind = '(%s%s) ' % ('...' if self.place == 'variadic' else types, dots)
            caller.append('  call void %s@f_%s(%s)' % (kind if dots or self.place == 'variadic' else '', self.name,
                                                     ', '.join('%s %s' % (p[0], p[2]) for p in params)))
        caller += ['  ret void', '}']
        return callee, 'declare ' + head, caller

    def expected(self):
        """What the function is to have stored: (place, bytes)."""
        import struct
        rest, at = [], 3000
        if self.place in ('struct', 'array', 'result', 'invoke', 'thrown'): rest.append((at, struct.pack('<i', 7)))
        else:
            for t, _, v in [*self.before(), ('i32', '', '7'), ('double', '', '8.0')]:
                rest.append((at, struct.pack('<d', float(v)) if t == 'double' else struct.pack('<i', int(v))))
                at += 8
        return [(0, self.bytes[0]), (2048, self.bytes[1]), *rest]


# Results of which some floats are in vector registers and some on the x87 stack, by both ways to run out of each.
RESULTS = ['float float float', 'double double double double', 'double double double double double', 'float half double float',
           'half half half', 'half half half half', 'half float half float', 'bfloat bfloat bfloat', 'float i64 float i32 float',
           'double double double fp128', 'fp128 fp128', 'fp128 double fp128', '<4xfloat> double double float',
           'double double <4xfloat> <2xdouble>', 'float float float <4xi32> <4xi32>']


class Struct(Case):
    """A packed struct as the argument and the result."""

    def __init__(self, rng, fields, place):
        self.fields = [f.strip('<>').split('x', 1) if f[0] == '<' else [1, f] for f in fields.split()]
        self.name = 's_%s_%s' % ('_'.join('%s%s' % (n, t) for n, t in self.fields), place)
        self.place = place
        self.type = '<{ %s }>' % ', '.join(f.replace('x', ' x ', 1) if f[0] == '<' else f for f in fields.split())
        self.bytes = [b''.join(Case(rng, int(n), t, place).bytes[0] for n, t in self.fields) for _ in range(2)]


def structs():
    rng = random.Random(2)
    return [Struct(rng, fields, place) for fields in RESULTS for place in ('result', 'invoke')]


def cases(o, lanes, types, avx):
    """All cases, but for those that Kiln refuses, which `refused` is about."""
    rng = random.Random(1)
    for t in types:
        for n in lanes:
            if n * BITS[t] > 8 * 900 or wrong_by_llvm(o, n, t): continue
            size = n * BITS[t]
            for place in [*BEFORE, 'variadic', 'named', 'struct', 'array', 'result', 'invoke', 'thrown']:
                if refused(o, n, t, place, avx): continue
                # a function that has vectors of 256 bits as parameters does not take them as variadic arguments
                if avx and place == 'variadic' and n * max(8, 1 << (BITS[t] - 1).bit_length()) > 128: continue
                yield Case(rng, n, t, place)


def wrong_by_llvm(o, n, t):
    """Is it LLVM's -O0 code itself that stores such a vector otherwise than it loaded it?"""
    return (t, n) in [('i5', 24)] + [('i5', 2)] * (o.target == 'aarch64')


def refused(o, n, t, place, avx):
    """True for what Kiln lacks, and says so: REFUSED has some."""
    arm = o.target == 'aarch64'
    if arm and t == 'i40' and n > 2: return True # the first lane in an even register
    if place in ('result', 'invoke', 'thrown'): return False
    odd = t in ('i1', 'i5', 'i24', 'i40', 'i128')
    if place in ('struct', 'array'):
        if n > 32 and BITS[t] == 128: return True # more parts than a value may have
        if place == 'struct' or not arm: return False
        if odd or n & (n - 1) != 0: return True # vectors that have not the size of their registers in memory
        one = n == 1 and t in ('half', 'bfloat') # arrays are blocks of other types than these
        return one or (n > 1 and n * BITS[t] < 64 and t not in ('half', 'bfloat'))
    return False


# (target, type of the result, of a parameter, what Kiln says): passed in ways that it lacks.
REFUSED = [('x86_64', 'i32', '<64 x i1>', 'masks of 64 lanes where registers have 512 bits'),
           ('x86_64', '<64 x i1>', 'i32', 'masks of 64 lanes where registers have 512 bits'),
           ('x86_64', '<16 x i32> "min-legal-vector-width"="256"', 'i32', '512-bit vectors where min-legal-vector-width is less'),
           ('aarch64', 'i32', '<3 x i40>', 'parameters and results of vectors of such integers'),
           ('aarch64', 'i32', '[2 x <5 x fp128>]', 'an array of vectors of this type as an argument'),
           ('aarch64', 'i32', '[2 x <4 x i8>]', 'an array of vectors of this type as an argument')]


def check_refused(h, o, number):
    """What is not passed as LLVM passes it must be refused, where it is defined and where it is called."""
    target, result, param, says = REFUSED[number]
    if target != o.target: return
    result, width, legal = result.partition(' "min-legal')
    attributes = 'attributes #0 = { nounwind %s}' % (('"target-features"="+avx512f" ' if '512' in says else '') + width + legal)
    define = 'define %s @f(%s %%a) #0 {\n  ret %s poison\n}' % (result, param, result)
    call = 'declare %s @f(%s)\ndefine void @g() #0 {\n  call %s @f(%s poison)\n  ret void\n}' % (result, param, result, param)
    for what, text in (('define', define), ('call', call)):
        name = 'refused-%d-%s' % (number, what)
        h.run([*h.clang, '-w', '-c', '-emit-llvm', h.write(name + '.ll', text + '\n' + attributes + '\n'), '-o',
               h.path(name + '.bc')])
        try:
            h.kiln_object(h.path(name + '.bc'), h.path(name + '.o'))
            h.fail(name, 'it was compiled')
        except harness.Failure as e:
            if 'not implemented: ' + says in str(e): h.ok('%s of %s (%s) is refused' % (what, result, param))
            else: h.fail(name, str(e))


MAIN = """#include <stdio.h>
#include <string.h>
#if defined __x86_64__ && __GNUC__ < 13 /* LLVM calls it, libgcc has it not: of what was a bfloat before */
float __truncsfbf2(float x) {
  unsigned bits;
  memcpy(&bits, &x, 4);
  bits >>= 16;
  memcpy(&x, &bits, 4);
  return x;
}
#endif
unsigned char out[4096];
struct want { int at, n; const char *bytes; };
%s
int main(void) {
%s  return 0;
}
"""


def main_of(all_cases):
    """What each case stores is cleared before, but no more: where avx512.c steps through it, that would be most of the time."""
    externs = '\n'.join('void call_%s(void);' % c.name for c in all_cases)
    body = []
    for c in all_cases:
        want = ', '.join('{%d, %d, "%s"}' % (at, len(b), ''.join('\\x%02x' % x for x in b)) for at, b in c.expected())
        body.append('  { static const struct want w[] = {%s};\n'
                    '    for (unsigned k = 0; k < sizeof w / sizeof *w; k++) memset(out + w[k].at, 0xa5, w[k].n);\n    call_%s();\n'
                    '    int bad = 0;\n    for (unsigned k = 0; k < sizeof w / sizeof *w; k++)\n'
                    '      bad |= memcmp(out + w[k].at, w[k].bytes, w[k].n) != 0;\n'
                    '    if (bad) puts("%s"); }\n' % (want, c.name, c.name))
    return MAIN % (externs, ''.join(body))


def here(o, feature):
    if o.target != 'x86_64': return False
    with open('/proc/cpuinfo') as f: return ' %s ' % feature in f.read()


def emulated(o, features):
    """True if the processor lacks AVX-512F, so that avx512.c runs its instructions."""
    return 'avx512' in features and not here(o, 'avx512f')


def wide_lanes(t):
    """Numbers of lanes of vectors of 512 bits and more, and of some that are widened to that."""
    n = 512 // BITS[t]
    return [n, 2 * n, n // 2] + [n - 1, n // 2 + 1] * (t != 'half')


def check(h, o, name, group, features):
    """Compiles a group of cases by both, and runs the four pairs."""
    callees, declared, callers, constants = [], [], [], []
    for c in group:
        callee, head, caller = c.text()
        callees += callee
        declared.append(head)
        callers += caller
        constants += c.globals()
    attributes = ['attributes #0 = { nounwind %s}' % features, 'attributes #1 = { uwtable %s}' % features, '']
    out = '@out = external global [4096 x i8], align 64'
    base = h.path(name)
    objects = {}
    for part, lines in (('callee', [out, *THROWING, *callees, *attributes]),
                        ('caller', [out, *constants, *declared, *CATCHING, *callers, *attributes])):
        text = base + '.' + part
        with open(text + '.ll', 'w') as f: f.write('\n'.join(lines))
        h.run([*h.clang, '-w', '-O0', '-c', '-emit-llvm', text + '.ll', '-o', text + '.bc'], timeout=600)
        h.run([*h.clang, '-w', '-O0', '-c', text + '.bc', '-o', text + '.llvm.o'], timeout=600)
        h.kiln_object(text + '.bc', text + '.kiln.o', ['--verify'])
        objects[part] = {by: text + '.%s.o' % by for by in ('llvm', 'kiln')}
    with open(base + '.c', 'w') as f: f.write(main_of(group))
    h.gcc_object(base + '.c', base + '.main.o')
    emulator = emulated(o, features)
    if emulator: h.run(['gcc', '-O1', '-w', '-c', os.path.join(os.path.dirname(os.path.abspath(__file__)), 'avx512.c'), '-o', base + '.emu.o'])
    wrong = []
    for caller, callee in (('llvm', 'llvm'), ('kiln', 'llvm'), ('llvm', 'kiln'), ('kiln', 'kiln')):
        exe = h.link([base + '.main.o', *[base + '.emu.o'] * emulator, objects['caller'][caller], objects['callee'][callee]],
                     '%s.%s.%s' % (base, caller, callee), ['-lstdc++'])
        status, text, says = h.run([exe], check=False)
        names = text.split()
        if status or names:
            wrong.append('%s calls %s: status %d, %d of %d differ: %s %s' %
                         (caller, callee, status, len(names), len(group), ' '.join(names[:20]), says))
    return wrong


def main():
    p = harness.options(__doc__.splitlines()[0])
    p.add_argument('--sample', action='store_true')
    p.add_argument('--types', default=','.join(BITS))
    p.add_argument('--lanes', default='')
    o = harness.sampled(p.parse_args())
    h = harness.Harness(o)
    lanes = [int(n) for n in o.lanes.split(',')] if o.lanes else SAMPLE if o.sample else LANES
    runs = [('plain', '', False)] + [('avx2', '"target-features"="+avx2" ', True)] * here(o, 'avx2')
    jobs = [(run, t, lanes[(k + turn) % 2::2] if o.sample else lanes) for turn, run in enumerate(runs)
            for k, t in enumerate(o.types.split(','))] + [(runs[0], 'structs', lanes)] * (not o.lanes)
    wide = ('avx512', '"target-features"="+avx512f" ', True)
    jobs += [(wide, t, wide_lanes(t)) for t in WIDE[::4 if o.sample else 1] if t in o.types.split(',') and here(o, 'avx2') and not o.lanes]
    masks = here(o, 'avx512bw')
    jobs += [(('avx512bw', '"target-features"="+avx512f,+avx512bw" ', True), 'i1', [8, 16, 32, 33, 64, 128])] * (
        masks and 'i1' in o.types.split(',') and not o.lanes)

    def each(job):
        (run, features, avx), t, lanes = job
        name = '%s %s' % (run, t)
        group = structs() if t == 'structs' else list(cases(o, lanes, [t], avx))
        if emulated(o, features): group = [c for c in group if c.place != 'thrown']
        try:
            wrong = check(h, o, '%s-%s' % (run, t), group, features)
        except harness.Failure as e:
            wrong = [str(e)]
        if wrong: h.fail(name, '\n'.join(wrong))
        else: h.ok('%s: %d calls' % (name, len(group)))
    h.each(each, jobs)
    if not h.fake: h.each(lambda number: check_refused(h, o, number), range(len(REFUSED)))
    if o.target == 'x86_64' and not here(o, 'avx2'): h.skip('avx2 and avx512', 'no AVX2 here')
    if here(o, 'avx2') and emulated(o, wide[1]): h.skip('avx512: functions that throw', "avx512.c does not know libstdc++'s instructions")
    if o.target == 'x86_64' and not masks: h.skip('masks of avx512bw', 'no AVX-512BW here')
    h.finish()


if __name__ == '__main__':
    main()
