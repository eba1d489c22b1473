"""Run lines for distances: frames, displacements and branches beyond the range of instructions."""
from gen_base import *

# Fields of AArch64: unscaled to 255, scaled to 4095 times 1 to 16 bytes, sums of 12 bits twice. Those of
# x86-64: 8 bits, 32 bits.
STEPS = [0, 248, 256, 4080, 4096, 8184, 8192, 16376, 16384, 32752, 32768, 65512, 65536]
TYPES = ['i8', 'i16', 'i32', 'i64', 'f32', 'f64', 'i128']


def to_type(lines, t, name, value):
    """Adds %name of type t, made of the i64 %value."""
    op = {'i64': 'copy.i64 ', 'i128': 'sext.i128 i64 '}.get(
        t, 'sitof.%s i64 ' % t if t in FLOATS else 'trunc.%s i64 ' % t)
    lines.append('  %%%s = %s%%%s' % (name, op, value))


def from_type(lines, t, name, value):
    op = {'i64': 'copy.i64 ', 'i128': 'trunc.i64 i128 '}.get(
        t, 'ftosi.i64 %s ' % t if t in FLOATS else 'sext.i64 %s ' % t)
    lines.append('  %%%s = %s%%%s' % (name, op, value))


def accesses(lines, base, places):
    """Stores %x + k as each type at base + place, and then adds up what is loaded: the sum of weights
    and of constants, as (w, c) with the sum being w * x + c."""
    weight = constant = 0
    all_of = [(at, TYPES[i % len(TYPES)]) for i, at in enumerate(places)]
    for i, (at, t) in enumerate(all_of):
        lines.append('  %%n%d = add.i64 %%x, %d' % (i, i))
        to_type(lines, t, 's%d' % i, 'n%d' % i)
        lines.append('  store.%s %%s%d, %s%+d' % (t, i, base, at))
    lines.append('  %sum0 = call @g_ranges_same(%x)')
    for i, (at, t) in enumerate(all_of):
        lines.append('  %%l%d = load.%s %s%+d' % (i, t, base, at))
        from_type(lines, t, 'e%d' % i, 'l%d' % i)
        lines.append('  %%m%d = mul.i64 %%e%d, %d' % (i, i, i + 1))
        lines.append('  %%sum%d = add.i64 %%sum%d, %%m%d' % (i + 1, i, i))
        weight, constant = weight + i + 1, constant + (i + 1) * i
    return '%%sum%d' % len(all_of), weight + 1, constant


def gen_ranges(rng):
    f = File('g_ranges')
    f.line('''func internal @g_ranges_same(i64) -> i64 {
b0(v0: i64):
  ret v0
}
data internal @g_ranges_memory align 16 { zero 67108864 }''')
    # Frames: data near the frame register, after a large slot, in it, and arguments above it.
    for size in (1 << 10, 4000, 4096 - 160, 4096, 5000, 1 << 15, (1 << 15) + 512, 1 << 16, 1 << 20,
                 (1 << 24) - 4096, 1 << 24, (1 << 24) + 80, 20 << 20):
        lines = ['  %near = slot 16 align 16', '  %%large = slot %d align 16' % size,
                 '  %far = slot 48 align 16',
                 'b0(%x: i64, %a1: i64, %a2: i64, %a3: i64, %a4: i64, %a5: i64, %a6: i64, %a7: i64, '
                 '%a8: i64, %a9: i64, %f0: f64):',
                 '  store.i64 %a8, %near', '  %p = call @g_ranges_use(%large, %near, %far)']
        places = sorted({at for s in STEPS for at in (s, s + 16) if at + 16 <= size} |
                        {size - 16 * k for k in range(1, 4)})
        last, weight, constant = accesses(lines, '%large', [at for at in places if at + 16 <= size])
        lines += ['  store.i64 %x, %far+40', '  store.f64 %f0, %far', '  %b = load.i64 %near',
                  '  %c = load.i64 %far+40', '  %d = load.f64 %far', '  %e = ftosi.i64 f64 %d',
                  '  %t0 = add.i64 ' + last + ', %b', '  %t1 = add.i64 %t0, %c',
                  '  %t2 = add.i64 %t1, %e', '  %t3 = add.i64 %t2, %a9', '  %t4 = add.i64 %t3, %p',
                  '  ret %t4']
        types = ['i64'] * 10 + ['f64']
        name = f.func(types, 'i64', '\n'.join(lines))
        x = rng.randrange(60)
        args = [x] + list(range(1, 8)) + [1000, 70000, f_bits(31.0, 'f64')]
        f.run(name, args, types, weight * x + constant + 1000 + x + 31 + 70000 + 5, 'i64')
    f.line('''func internal @g_ranges_use(i64, i64, i64) -> i64 {
b0(v0: i64, v1: i64, v2: i64):
  ret 5
}''')
    # Displacements from a register and from a symbol, both ways.
    places = [s for s in STEPS] + [-s - 16 for s in STEPS] + \
        [d * n for d in (1, -1) for n in ((1 << 20) + 16, (1 << 24) - 16, (1 << 24) + 16, (1 << 24) + 4096)]
    for base in ('%p', '@g_ranges_memory+33554432', 'index'):
        lines = ['b0(%x: i64, %i: i32):', '  %p = copy.i64 @g_ranges_memory+33554432']
        if base == 'index':
            lines += ['  %w = sext.i64 i32 %i']
            sum_ = '  store.i64 %x, %p'
            total = 0
            for k, d in enumerate(places):
                scale = (1, 2, 4, 8, 16, 3, 24)[k % 7]
                lines += ['  %%q%d = addr %%p + %%w*%d %+d' % (k, scale, d), '  store.i64 %%x, %%q%d' % k,
                          '  %%r%d = addr @g_ranges_memory+33554432 + %%w*%d %+d' % (k, scale, d),
                          '  %%l%d = load.i64 %%r%d' % (k, k),
                          '  %%s%d = add.i64 %s, %%l%d' % (k, '%%s%d' % (k - 1) if k else '0', k)]
            lines.append('  ret %%s%d' % (len(places) - 1))
            name = f.func(['i64', 'i32'], 'i64', '\n'.join(lines))
            for i in (0, 5, -7):
                f.run(name, [1234567, i], ['i64', 'i32'], 1234567 * len(places), 'i64')
            continue
        last, weight, constant = accesses(lines, base, places)
        lines.append('  ret ' + last)
        name = f.func(['i64', 'i32'], 'i64', '\n'.join(lines))
        f.run(name, [17, 0], ['i64', 'i32'], weight * 17 + constant, 'i64')
    return f


# Each way to test a value %K: condition text, whether it holds.
TESTS = [
    ('  %{n}t = trunc.i8 i64 %{k}\n  %{n} = and.i8 %{n}t, 1\n', lambda k: k & 1),
    ('  %{n} = icmp.i64 slt %{k}, 0\n', lambda k: k < 0),
    ('  %{n} = icmp.i64 ne %{k}, 0\n', lambda k: k != 0),
    ('  %{n}t = and.i64 %{k}, 4\n  %{n} = icmp.i64 eq %{n}t, 0\n', lambda k: not k & 4),
    ('  %{n} = icmp.i64 sgt %{k}, 5\n', lambda k: k > 5),
    ('  %{n}t = sitof.f64 i64 %{k}\n  %{n} = fcmp.f64 ult %{n}t, 3.0\n', lambda k: k < 3),
]


def gen_far(rng):
    """Every kind of conditional branch, forward and back over code of given sizes. A copy of 63 bytes is 56
    bytes of code on AArch64, so that the sizes are around the range of a test of a bit, 32 KiB, and of other
    branches, 1 MiB; `fine` counts instructions."""
    f = File('g_far')
    for copies, fine in [(580, k) for k in range(0, 24, 3)] + [(640, 0), (1300, 0), (20000, 0)]:
        lines = ['  %from = slot 64', '  %to = slot 64', '  %sum = slot 8', '  %count = slot 8', '  %w = slot 4',
                 'b0(%kind: i32, %n: i64, %step: i64):', '  store.i64 0, %sum', '  store.i64 %n, %count',
                 '  memset %from, 1, 63', '  br head', 'head:', '  %k = load.i64 %count',
                 '  switch.i32 %%kind, h0 [%s]' % ', '.join('%d: h%d' % (i, i) for i in range(1, len(TESTS)))]
        for i, (text, _) in enumerate(TESTS):
            lines += ['h%d:' % i, text.format(n='c%d' % i, k='k').rstrip('\n'),
                      '  brif %%c%d, skip, bulk' % i]
        lines += ['bulk:'] + ['  memcpy %to, %from, 63'] * copies
        lines += ['  store.i32 %d, %%w volatile' % 0 for _ in range(fine)]
        lines += ['  %s0 = load.i64 %sum', '  %s1 = add.i64 %s0, 1', '  store.i64 %s1, %sum', '  br skip',
                  'skip:', '  %s2 = load.i64 %sum', '  %s3 = add.i64 %s2, 1000', '  store.i64 %s3, %sum',
                  '  %k2 = load.i64 %count', '  %k3 = add.i64 %k2, %step', '  store.i64 %k3, %count',
                  '  switch.i32 %%kind, e0 [%s]' % ', '.join('%d: e%d' % (i, i) for i in range(1, len(TESTS)))]
        for i, (text, _) in enumerate(TESTS):
            lines += ['e%d:' % i, text.format(n='d%d' % i, k='k3').rstrip('\n'),
                      '  brif %%d%d, head, done' % i]
        lines += ['done:', '  %s4 = load.i64 %sum', '  ret %s4']
        name = f.func(['i32', 'i64', 'i64'], 'i64', '\n'.join(lines))
        for kind, (_, holds) in enumerate(TESTS):
            for n, step in ((-3, 1), (8, -1), (0, 1), (7, -2)):
                k, total = n, 0
                for _ in range(100):
                    total += 1000 + (not holds(k))
                    k += step
                    if not holds(k):
                        break
                else:
                    continue
                f.run(name, [kind, n, step], ['i32', 'i64', 'i64'], total, 'i64')
    for tests in range(4086, 4098, 2):
        far_over_branches(f, tests)
    for copies in (18690, 18700, 18706, 18712, 18718, 20000, 38000):
        far_literals(f, copies)
    return f


def far_over_branches(f, tests):
    """Tests of a bit over that many other branches, of which none has to grow, forward and back."""
    lines = ['  %count = slot 8', 'b0(%n: i64):', '  store.i64 0, %count', '  br head', 'head:',
             '  %k = load.i64 %count', '  %k1 = add.i64 %k, 1', '  store.i64 %k1, %count',
             '  %bit = and.i64 %n, 4', '  %c = icmp.i64 eq %bit, 0', '  brif %c, skip, t0']
    for i in range(tests):
        lines += ['t%d:' % i, '  %%c%d = icmp.i64 eq %%n, %d' % (i, 4095 - i % 4000),
                  '  brif %%c%d, hit, t%d' % (i, i + 1)]
    lines += ['t%d:' % tests, '  br skip', 'skip:', '  %twice = load.i64 %count', '  %odd = and.i64 %twice, 2',
              '  %again = icmp.i64 eq %odd, 0', '  brif %again, head, done',
              'done:', '  %sum = add.i64 %n, %twice', '  ret %sum', 'hit:', '  %m = sub.i64 0, %n', '  ret %m']
    name = f.func(['i64'], 'i64', '\n'.join(lines))
    for n in (0, 4, 5, 96, 100, 4092, 4095, 4100):
        f.run(name, [n], ['i64'], -n if n & 4 and 96 <= n <= 4095 else n + 2, 'i64')


def far_literals(f, copies):
    """Loads of constants from after the code, which on AArch64 reach 1 MiB, too: before, between and after so many
    copies, with branches over these that grow as well."""
    lines = ['  %from = slot 64', '  %to = slot 64', 'b0(%n: i64, %x: f64):', '  memset %from, 1, 63',
             '  %first = fmul.f64 %x, 1234567.890625', '  %c = icmp.i64 eq %n, 1', '  brif %c, last, more', 'more:']
    for half in range(2):
        lines += ['  memcpy %to, %from, 63'] * (copies // 2)
        lines += ['  %%h%d = fmul.f64 %%x, %s' % (half, '7654321.140625' if half else '1111111.359375'),
                  '  %%c%d = icmp.i64 eq %%n, %d' % (half, half + 2),
                  '  brif %%c%d, out%d, more%d' % (half, half, half), 'out%d:' % half,
                  '  %%i%d = ftosi.i64 f64 %%h%d' % (half, half), '  ret %%i%d' % half, 'more%d:' % half]
    lines += ['  br last', 'last:', '  %i = ftosi.i64 f64 %first', '  ret %i']
    name = f.func(['i64', 'f64'], 'i64', '\n'.join(lines))
    for n, value in ((1, 1234567.890625), (2, 1111111.359375), (3, 7654321.140625), (4, 1234567.890625)):
        f.run(name, [n, f_bits(64.0, 'f64')], ['i64', 'f64'], int(value * 64), 'i64')
