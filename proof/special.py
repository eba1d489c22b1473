"""Rows of operations that have to do with frames, the stack, threads, exceptions and control that leaves a function.
SPECIAL: by operation, what adds its rows to a Maker."""
from tables import INT64, WIDTH


def tailcalls(m, op):
    for type_ in ('i8', 'i16', 'i32', 'i64', 'f32', 'f64', 'i128', 'v128', 'f128'):
        if type_ not in m.types:
            continue
        flags = ['', ' sext', ' zext'] if type_ in ('i8', 'i16') else ['']
        for flag in flags:
            p = type_ + flag
            m.add(op, '', p, [type_], [type_], ['tailcall @h(v0) as (%s) -> %s' % (p, type_)])
            m.add(op, '', p + ' swapped', [type_, type_], [type_],
                  ['tailcall @h(v1, v0) as (%s, %s) -> %s' % (p, p, type_)])
            m.add(op, '', p + ' spilled', [type_, 'i64'], [type_],
                  ['call @f()', 'tailcall @h(v1, v0) as (i64, %s) -> %s' % (p, type_)])
            m.add(op, '', p + ' loaded', ['i64'], [type_], ['v8 = load.%s v0 + 8' % type_, 'tailcall @h(v8) as (%s) -> %s' % (p, type_)])
    six, eight = ['i64'] * 10, ['f64'] * 10
    for name, order in (('', range(10)), (' reversed', range(9, -1, -1)), (' rotated', [*range(1, 10), 0])):
        for kind, types in (('i64', six), ('f64', eight)):
            m.add(op, '', 'stack %s%s' % (kind, name), types, [],
                  ['tailcall @h(%s) as (%s)' % (', '.join('v%d' % k for k in order), ', '.join(types))])
    m.add(op, '', 'fewer on the stack', six, [], ['tailcall @h(v9, v8) as (i64, i64)'])
    m.add(op, '', 'no arguments', ['i64'], [], ['store.i64 7, v0', 'tailcall @h() as ()'])
    m.add(op, '', 'variadic', ['i64', 'f64'], [], ['tailcall @h(v0, v1) as (i64, ...)'])
    for a in ('v0', 'v1', 'v5'):
        m.add(op, '', 'indirect, ' + a, ['i64'] * 6, ['i64'], ['tailcall %s(v1, v0) as (i64, i64) -> i64' % a])
    m.add(op, '', 'indirect, loaded', ['i64'], ['i64'], ['v8 = load.i64 v0 + 16', 'tailcall v8(v0) as (i64) -> i64'])
    m.add(op, '', 'indirect, behind a call', ['i64', 'i64'], ['i64'], ['call @f()', 'tailcall v0(v1) as (i64) -> i64'])
    m.add(op, '', 'in a branch', ['i8', 'i64'], ['i64'],
          ['brif v0, b1, b2', 'b1:', 'tailcall @h(v1) as (i64) -> i64', 'b2:', 'tailcall @use(v1) as (i64) -> i64'])


def jumps(m, op):
    m.add(op, '', 'register', ['i64'], [], [op + ' v0'])
    m.add(op, '', 'register, stored before', ['i64', 'i64'], [], ['store.i64 v0, v1 + 16', op + ' v1'])
    m.add(op, '', 'loaded', ['i64'], [], ['v8 = load.i64 v0 + 24', op + ' v8'])
    m.add(op, '', 'spilled', ['i64'], [], ['call @f()', op + ' v0'])
    m.add(op, '', 'global', [], [], [op + ' @g'])


def setjmps(m, op):
    m.add(op, '', 'register', ['i64'], ['i64'], ['v9 = %s v0' % op, 'ret v9'])
    m.add(op, '', 'values live', ['i64', 'i64', 'f64', 'i8'], ['i64'],
          ['v9 = %s v0' % op, 'store.f64 v2, v1', 'store.i8 v3, v1 + 8', 'v10 = add.i64 v9, v1', 'ret v10'])
    m.add(op, '', 'branch', ['i64', 'i64'], ['i64'],
          ['v8 = add.i64 v1, 3', 'v9 = %s v0' % op, 'v10 = icmp.i64 eq v9, 0', 'brif v10, b1, b2', 'b1:', 'call @f()', 'ret v8',
           'b2:', 'v11 = sub.i64 v8, v0', 'ret v11'])
    m.add(op, '', 'behind a call', ['i64', 'i64'], ['i64'], ['call @f()', 'v9 = %s v1' % op, 'v10 = xor.i64 v9, v0', 'ret v10'])
    m.add(op, '', 'loaded', ['i64'], ['i64'], ['v8 = load.i64 v0 + 8', 'v9 = %s v8' % op, 'v10 = sub.i64 v9, v8', 'ret v10'])
    m.add(op, '', 'unread', ['i64', 'i32'], ['i32'], ['v9 = %s v0' % op, 'call @h(v1) as (i32)', 'ret v1'])
    m.add(op, '', 'global', ['i64'], ['i64'], ['v9 = %s @g' % op, 'v10 = add.i64 v9, v0', 'ret v10'])


# Code, registers of operands and results, those that it changes besides: lea rax, [rdi + rsi * 2]; sub rsi, rdi; two results;
# mov rax, [rdi] and mov [rdi], rsi; xor ecx, ecx and xor r8d, r8d; addsd xmm8, xmm9. add x0, x1, x2, lsl 1; sub x3, x4, x5; two
# results; ldr x0, [x1] and str x2, [x1]; mov x9, 0 and mov x2, 0; fadd d8, d9, d10.
ASM = {'x86_64': [('488d0477', 'rdi rsi', 'rax', ''), ('4829fe', 'rsi rdi', 'rsi', ''), ('488d5f01488d7602', 'rdi rsi', 'rbx rsi', ''),
                  ('488b07488937', 'rdi rsi', 'rax', ''), ('31c94531c0488d0477', 'rdi rsi', 'rax', 'rcx r8'), ('f2450f58c1', 'xmm8 xmm9', 'xmm8', '')],
       'aarch64': [('2004028b', 'x1 x2', 'x0', ''), ('830005cb', 'x4 x5', 'x3', ''), ('2004009142080091', 'x1 x2', 'x0 x2', ''),
                   ('200040f9220000f9', 'x1 x2', 'x0', ''), ('090080d2020080d220080091', 'x1 x3', 'x0', 'x9 x2'),
                   ('28296a1e', 'v9 v10', 'v8', '')]}


def machine_code(m, op):
    for k, (code, ins, outs, lost) in enumerate(ASM[m.target]):
        type_ = 'f64' if ins[0] in 'xv' and ins[:2] in ('xm', 'v9') else 'i64'
        n = len(outs.split())
        line = 'v8 = asm "%s" as (%s, %s) -> %s in %s out %s%s with {}, {}' % (
            ''.join('\\' + code[i:i + 2] for i in range(0, len(code), 2)), type_, type_, ', '.join([type_] * n), ins, outs,
            ' lost ' + lost if lost else '')
        end = ['v9 = result 1 of v8', 'v10 = xor.i64 v8, v9', 'ret v10'] if n > 1 else ['ret v8']
        for place, params, before, operands in (
                ('registers', [type_] * 2, [], ('v0', 'v1')), ('swapped', [type_] * 2, [], ('v1', 'v0')),
                ('loaded', ['i64', type_], ['v7 = load.%s v0 + 8' % type_], ('v7', 'v1')), ('the same twice', [type_], [], ('v0', 'v0')),
                ('late registers', ['i64'] * 3 + [type_] * 2, [], ('v4', 'v3')), ('spilled', [type_] * 2, ['call @f()'], ('v0', 'v1'))):
            m.add(op, '', 'code %d, %s' % (k, place), params, [type_], [*before, line.format(*operands), *end],
                  operands=type_ == 'f64')
        live = ['store.%s v%d, v2 + %d' % (type_, i, 8 * i) for i in (0, 1)] + ['store.i64 v%d, v2 + %d' % (i, 8 * i) for i in (3, 4, 5)]
        m.add(op, '', 'code %d, operands live' % k, [type_, type_, 'i64', 'i64', 'i64', 'i64'], [type_], [line.format('v0', 'v1'), *live, 'ret v8'])


def frames(m, op):
    for level in range(4):
        m.add(op, '', 'level %d' % level, ['i64'], ['i64'], ['v9 = %s %d' % (op, level), 'ret v9'])
        m.add(op, '', 'level %d, stored' % level, ['i64'], [], ['v9 = %s %d' % (op, level), 'store.i64 v9, v0', 'ret'])
        m.add(op, '', 'level %d, behind a call' % level, ['i64'], ['i64'],
              ['call @f()', 'v9 = %s %d' % (op, level), 'v10 = add.i64 v9, v0', 'ret v10'])


def breakpoints(m, op):
    m.add(op, '', 'between stores', ['i64'], ['i64'], ['store.i64 1, v0', op, 'store.i64 2, v0', 'ret v0'])
    m.add(op, '', 'between calls', ['i64'], [], ['call @f()', op, 'call @f()', 'ret'])
    m.add(op, '', 'in a branch', ['i8', 'i64'], ['i64'], ['brif v0, b1, b2', 'b1:', op, 'br b2', 'b2:', 'ret v1'])


def get_rounding(m, op):
    m.add(op, '', '', [], ['i32'], ['v9 = get_rounding', 'ret v9'])
    m.add(op, '', 'values live', ['i64'] * 5, ['i64'],
          ['v9 = get_rounding', 'v10 = zext.i64 i32 v9', 'v11 = sub.i64 v10, v4', 'v12 = xor.i64 v11, v3', 'v13 = add.i64 v12, v0', 'ret v13'])
    m.add(op, '', 'behind a call', [], ['i32'], ['call @f()', 'v9 = get_rounding', 'ret v9'])
    m.add(op, '', 'behind set_rounding', ['i32'], ['i32'], ['set_rounding v0', 'v9 = get_rounding', 'ret v9'])


def set_rounding(m, op):
    for a in ('v0', '0', '1', '2', '3'):
        m.add(op, '', a, ['i32'], ['i32'], ['set_rounding ' + a, 'ret v0'])
    m.add(op, '', 'loaded', ['i64'], [], ['v8 = load.i32 v0', 'set_rounding v8', 'ret'])
    m.add(op, '', 'twice', ['i32', 'i32'], [], ['set_rounding v0', 'set_rounding v1', 'ret'])
    m.add(op, '', 'around a call', ['i32'], [], ['set_rounding v0', 'call @f()', 'set_rounding 1', 'ret'])


def va_arg(m, op):
    for type_ in (*INT64, 'i128', 'f32', 'f64', 'f80', 'f128'):
        if type_ in m.types and (type_, m.target) != ('i128', 'x86_64'):
            m.add(op, type_, 'register', ['i64'], [type_], ['v9 = va_arg.%s v0' % type_, 'ret v9'])
            m.add(op, type_, 'twice', ['i64', 'i64'], [type_],
                  ['v9 = va_arg.%s v1' % type_, 'v10 = va_arg.%s v1' % type_, 'store.%s v10, v0' % type_, 'ret v9'])
            m.add(op, type_, 'unread', ['i64'], [], ['v9 = va_arg.%s v0' % type_, 'ret'])
            m.add(op, type_, 'of a loaded list', ['i64'], [type_], ['v8 = load.i64 v0 + 8', 'v9 = va_arg.%s v8' % type_, 'ret v9'])
            m.add(op, type_, 'operand lives', ['i64', 'i64'], ['i64'],
                  ['v9 = va_arg.%s v0' % type_, 'store.%s v9, v1' % type_, 'ret v0'])
    m.add(op, 'i64', 'mixed', ['i64'], ['f64'], ['v9 = va_arg.i64 v0', 'v10 = va_arg.f64 v0', 'store.i64 v9, v0 + 64', 'ret v10'])


def va_start(m, op):
    for n in (0, 1, 3, 6, 8, 10):
        for k in (0, 1, 8):
            types = ['i64', *['i64'] * n, *['f64'] * k]
            m.add(op, '', '%d and %d named' % (n, k), [*types, '...'], [], ['va_start v0', 'ret'])
            m.add(op, '', '%d and %d named, a slot' % (n, k), [*types, '...'], ['i64'],
                  ['va_start slot0', 'call @h(slot0) as (i64)', 'v90 = load.i64 slot0 + 8', 'ret v90'])
    m.add(op, '', 'behind a call', ['i64', '...'], ['i64'], ['call @f()', 'va_start v0', 'ret v0'])
    m.add(op, '', 'named i8', ['i64', 'i8', 'f32', '...'], ['i8'], ['va_start v0', 'ret v1'])


def va_copy(m, op):
    m.add(op, '', 'registers', ['i64', 'i64'], [], ['va_copy v0, v1', 'ret'])
    m.add(op, '', 'swapped', ['i64', 'i64'], ['i64'], ['va_copy v1, v0', 'ret v1'])
    m.add(op, '', 'loaded', ['i64', 'i64'], [], ['v8 = load.i64 v0', 'va_copy v8, v1', 'ret'])
    m.add(op, '', 'globals', ['i64'], [], ['va_copy v0, @g', 'ret'])
    m.add(op, '', 'spilled', ['i64', 'i64'], [], ['call @f()', 'va_copy v0, v1', 'ret'])


def threads(m, op):
    for model in ('gd', 'ld', 'ie', 'le'):
        m.add(op, '', model, [], ['i64'], ['v9 = tls_addr @t%s' % model, 'ret v9'])
        m.add(op, '', model + ' displaced', [], ['i64'], ['v9 = tls_addr @t%s+40' % model, 'ret v9'])
        m.add(op, '', model + ' loaded', [], ['i32'], ['v9 = tls_addr @t%s' % model, 'v10 = load.i32 v9 + 8', 'ret v10'])
        m.add(op, '', model + ' stored', ['i64'], [], ['v9 = tls_addr @t%s' % model, 'store.i64 v0, v9 + 8', 'ret'])
        m.add(op, '', model + ' values live', ['i64', 'f64', 'i8'], ['i64'],
              ['v9 = tls_addr @t%s' % model, 'store.f64 v1, v9', 'store.i8 v2, v9 + 8', 'ret v0'])
        m.add(op, '', model + ' twice', [], ['i64'],
              ['v9 = tls_addr @t%s' % model, 'call @f()', 'v10 = tls_addr @t%s+8' % model, 'v11 = sub.i64 v9, v10', 'ret v11'])
        m.add(op, '', model + ' argument', ['i64'], [], ['v9 = tls_addr @t%s' % model, 'call @h(v0, v9) as (i64, i64)', 'ret'])


def indirect(m, op):
    blocks = ['b1:', 'ret 1', 'b2:', 'ret 2', 'b3:', 'ret 3']
    for name, params, before, a in (('register', ['i64'], [], 'v0'), ('second', ['i64', 'i64'], [], 'v1'),
                                    ('loaded', ['i64'], ['v8 = load.i64 v0 + 8'], 'v8'),
                                    ('sum', ['i64', 'i64'], ['v8 = add.i64 v0, v1'], 'v8'),
                                    ('spilled', ['i64'], ['call @f()'], 'v0'),
                                    ('table', ['i64'], ['v7 = addr @g + v0*8', 'v8 = load.i64 v7'], 'v8')):
        m.add(op, '', name, params, ['i32'], [*before, 'brind %s [b1, b2, b3]' % a, *blocks])
        m.add(op, '', name + ', one block', params, ['i32'], [*before, 'brind %s [b1]' % a, 'b1:', 'ret 1'])
    m.add(op, '', 'arguments', ['i64', 'i64', 'i64'], ['i64'],
          ['brind v0 [b1(v1, v2), b2(v2, v1)]', 'b1(v3: i64, v4: i64):', 'v5 = sub.i64 v3, v4', 'ret v5',
           'b2(v6: i64, v7: i64):', 'v8 = sub.i64 v6, v7', 'ret v8'])
    m.add(op, '', 'a loop', ['i64', 'i64'], ['i64'],
          ['br b1(v0)', 'b1(v2: i64):', 'v3 = load.i64 v2', 'v4 = load.i64 v2 + 8', 'brind v3 [b1(v4), b2]', 'b2:', 'ret v1'])


def unwinding(m, op):
    """Calls with landing pads, and going on."""
    for name, clauses in (('cleanup', '[cleanup]'), ('catch', '[catch @t1]'), ('two', '[catch @t1, catch @t2]'),
                          ('filter', '[filter(@t1)]'), ('all', '[catch @t1, cleanup]')):
        for type_ in ('i64', 'i32', 'f64'):
            pad = 'try @h(v0) as (%s) -> %s to b1(result 0) unwind b2(exception 0, exception 1) %s' % (type_, type_, clauses)
            m.add(op, '', '%s %s' % (name, type_), [type_], [type_],
                  [pad, 'b1(v9: %s):' % type_, 'ret v9', 'b2(v7: i64, v8: i32):', 'call @use(v7, v8) as (i64, i32) nounwind', 'ret v0'],
                  unwinds=True)
    m.add(op, '', 'values live', ['i64', 'i64', 'f64'], ['i64'],
          ['try @h(v1, v0) as (i64, i64) to b1 unwind b2(exception 0) [cleanup]', 'b1:', 'v9 = sub.i64 v0, v1', 'ret v9',
           'b2(v7: i64):', 'store.f64 v2, v0', 'resume v7'], unwinds=True)
    m.add(op, '', 'indirect', ['i64', 'i64'], ['i64'],
          ['try v1(v0) as (i64) -> i64 to b1(result 0) unwind b2(exception 0) [catch @t1]', 'b1(v9: i64):', 'ret v9',
           'b2(v7: i64):', 'ret v7'], unwinds=True)


def resume(m, op):
    for name, params, before, a in (('register', ['i64'], [], 'v0'), ('second', ['i64', 'i64'], [], 'v1'),
                                    ('loaded', ['i64'], ['v8 = load.i64 v0 + 8'], 'v8'), ('spilled', ['i64'], ['call @f()'], 'v0'),
                                    ('stored', ['i64', 'i64'], ['store.i64 v0, v1'], 'v0')):
        m.add(op, '', name, params, [], [*before, 'resume ' + a])


# Bytes of a result that shuffles choose, of sixteen (or eight): other numbers than those of bytes are any bits.
SHUFFLES = {
    'identity': range(16), 'second': range(16, 32), 'reversed': range(15, -1, -1), 'halves exchanged': [*range(8, 16), *range(8)],
    'low halves': [*range(8), *range(16, 24)], 'high halves': [*range(8, 16), *range(24, 32)],
    'bytes between': [k // 2 + 16 * (k % 2) for k in range(16)], 'high bytes between': [8 + k // 2 + 16 * (k % 2) for k in range(16)],
    'words between': [2 * (k // 4) + k % 2 + 16 * (k // 2 % 2) for k in range(16)],
    'dwords between': [4 * (k // 8) + k % 4 + 16 * (k // 4 % 2) for k in range(16)],
    'byte 3': [3] * 16, 'word 2': [4, 5] * 8, 'dword 3': [12, 13, 14, 15] * 4, 'qword 1': [*range(8, 16)] * 2,
    'dwords 2 0 3 1': [8, 9, 10, 11, 0, 1, 2, 3, 12, 13, 14, 15, 4, 5, 6, 7], 'dwords of both': [0, 1, 2, 3, 12, 13, 14, 15, 20, 21, 22, 23, 16, 17, 18, 19],
    'words 3 2 1 0': [6, 7, 4, 5, 2, 3, 0, 1, *range(8, 16)], 'high words 1 0 3 2': [*range(8), 10, 11, 8, 9, 14, 15, 12, 13],
    'even bytes': range(0, 32, 2), 'odd words': [k + 2 + 2 * (k // 2) for k in range(16)], 'from 5 on': range(5, 21),
    'from 12 on': range(12, 28), 'some are any': [0, 255, 2, 255, 4, 5, 255, 255, 20, 255, 22, 255, 8, 9, 99, 255],
    'blended': [k + 16 * (k % 3 == 0) for k in range(16)], 'mixed': [7, 30, 2, 19, 11, 0, 25, 16, 3, 3, 28, 14, 9, 21, 1, 31]}


def shuffles(m, op):
    for type_ in ('v64', 'v128'):
        n = WIDTH[type_] // 8
        for name, order in SHUFFLES.items():
            order = [k if k > 31 else k % (2 * n) for k in list(order)[:n]]
            c = '%s %#x' % (type_, int.from_bytes(bytes(order), 'little'))
            for operands, params in (('v0, v1', 2), ('v1, v0', 2), ('v0, v0', 1)):
                if params == 2 or n == 16:
                    m.add(op, type_, '%s of %s' % (name, operands), [type_] * params, [type_],
                          ['v10 = vshuffle.%s %s, %s' % (type_, operands, c), 'ret v10'])
            m.add(op, type_, name + ', operands live', [type_, type_, 'i64'], [type_],
                  ['v10 = vshuffle.%s v0, v1, %s' % (type_, c), 'store.%s v0, v2' % type_, 'store.%s v1, v2 + 16' % type_, 'ret v10'])
            m.add(op, type_, name + ', loaded', ['i64', type_], [type_],
                  ['v8 = load.%s v0' % type_, 'v10 = vshuffle.%s v8, v1, %s' % (type_, c), 'ret v10'])
        for operands in ('v0, v1, v2', 'v2, v1, v0', 'v0, v0, v2', 'v0, v2, v2'):
            m.add(op, type_, 'by ' + operands, [type_] * 3, [type_], ['v10 = vshuffle.%s %s' % (type_, operands), 'ret v10'])
        m.add(op, type_, 'by a loaded vector', [type_, type_, 'i64'], [type_],
              ['v9 = load.%s v2' % type_, 'v10 = vshuffle.%s v0, v1, v9' % type_, 'ret v10'])


def allocations(m, op):
    use = ['store.i64 v1, v9', 'call @h(v9, v1) as (i64, i64)']
    for align in (1, 8, 16, 32, 64, 4096):
        m.add(op, '', 'register, align %d' % align, ['i64', 'i64'], ['i64'], ['v9 = salloc v0 align %d' % align, *use, 'ret v1'])
        for n in (1, 16, 100, 4096):
            m.add(op, '', '%d bytes, align %d' % (n, align), ['i64', 'i64'], ['i64'], ['v9 = salloc %d align %d' % (n, align), *use, 'ret v1'])
    m.add(op, '', 'loaded', ['i64', 'i64'], [], ['v8 = load.i64 v0', 'v9 = salloc v8', *use, 'ret'])
    m.add(op, '', 'product', ['i64', 'i64'], [], ['v8 = mul.i64 v0, 24', 'v9 = salloc v8 align 8', *use, 'ret'])
    m.add(op, '', 'spilled', ['i64', 'i64'], [], ['call @f()', 'v9 = salloc v0 align 16', *use, 'ret'])
    m.add(op, '', 'result', ['i64'], ['i64'], ['v9 = salloc v0 align 16', 'ret v9'])
    m.add(op, '', 'two', ['i64', 'i64'], ['i64'],
          ['v9 = salloc v0 align 16', 'v10 = salloc v1 align 32', 'store.i64 v0, v10 + 8', 'store.i64 v1, v9 + 8',
           'call @h(v9, v10) as (i64, i64)', 'v11 = load.i64 v9', 'ret v11'])
    many = ', '.join(['i64'] * 10)
    m.add(op, '', 'arguments on the stack', ['i64', 'i64'], ['i64'],
          ['v9 = salloc v0 align 16', 'store.i64 v0, v9', 'v10 = call @h(v0, v1, v0, v1, v0, v1, v0, v1, v9, v0) as (%s) -> i64' % many,
           'v11 = load.i64 v9', 'v12 = add.i64 v10, v11', 'ret v12'])
    m.add(op, '', 'with a slot', ['i64', 'i64'], ['i64'],
          ['v9 = salloc v0 align 16', 'store.i64 v1, slot0', 'call @h(v9, slot0) as (i64, i64)', 'v10 = load.i64 slot0', 'ret v10'])
    m.add(op, '', 'saved registers', ['i64'] * 6, ['i64'],
          ['v9 = salloc v0 align 16', 'call @f()', 'br b1', 'b1:', 'v10 = sub.i64 v1, v2', 'v11 = sub.i64 v10, v3', 'v12 = sub.i64 v11, v4',
           'v13 = sub.i64 v12, v5', 'v14 = call @h(v13, v9) as (i64, i64) -> i64', 'v15 = sub.i64 v14, v13', 'ret v15'])


def saves(m, op):
    m.add(op, '', 'and restored', ['i64', 'i64'], ['i64'],
          ['v8 = stack_save', 'v9 = salloc v0 align 16', 'call @h(v9) as (i64)', 'stack_restore v8', 'call @f()', 'ret v1'])
    m.add(op, '', 'between two', ['i64', 'i64'], ['i64'],
          ['v7 = salloc v1 align 16', 'v8 = stack_save', 'v9 = salloc v0 align 64', 'call @h(v9, v7) as (i64, i64)', 'stack_restore v8',
           'store.i64 v0, v7', 'call @h(v7) as (i64)', 'ret v1'])
    m.add(op, '', 'in a loop', ['i64', 'i64'], ['i64'],
          ['br b1(v0)', 'b1(v2: i64):', 'v3 = stack_save', 'v4 = salloc v1 align 16', 'store.i64 v2, v4', 'call @h(v4) as (i64)',
           'stack_restore v3', 'v5 = sub.i64 v2, 1', 'v6 = icmp.i64 sgt v5, 0', 'brif v6, b1(v5), b2', 'b2:', 'call @f()', 'ret v5'])
    m.add(op, '', 'saved outside a loop', ['i64', 'i64'], ['i64'],
          ['v3 = stack_save', 'br b1(v0)', 'b1(v2: i64):', 'v4 = salloc v1 align 16', 'store.i64 v2, v4', 'call @h(v4) as (i64)',
           'v5 = sub.i64 v2, 1', 'v6 = icmp.i64 sgt v5, 0', 'brif v6, b1(v5), b2', 'b2:', 'stack_restore v3', 'call @f()', 'ret v5'])
    m.add(op, '', 'only', ['i64'], ['i64'], ['v8 = stack_save', 'v9 = stack_save', 'v10 = sub.i64 v8, v9', 'stack_restore v8', 'ret v10'])


SPECIAL = {'tailcall': tailcalls, 'asm': machine_code, 'builtin_setjmp': setjmps, 'builtin_longjmp': jumps, 'eh_return': jumps, 'frame_addr': frames, 'return_addr': frames,
           'debug_trap': breakpoints, 'get_rounding': get_rounding, 'set_rounding': set_rounding, 'va_arg': va_arg,
           'va_start': va_start, 'va_copy': va_copy, 'tls_addr': threads, 'brind': indirect, 'try': unwinding, 'resume': resume,
           'vshuffle': shuffles, 'salloc': allocations, 'stack_save': saves, 'stack_restore': saves}
# Those whose rows are proved as functions are, with the compiler's witness: of slots, the save area, blocks' addresses.
WITNESSED = {'brind', 'va_start', 'salloc', 'stack_save', 'stack_restore'}
# Operations that a target does not have.
ABSENT = {'x86_64': set(), 'aarch64': {'eh_return'}}
