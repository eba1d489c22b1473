"""What p-code leaves open: operations that it only names (CALLOTHER), instructions that it does not have, and those that
it has too coarsely: its float operations say neither how they round nor that a product and a sum are rounded once, and its
BSF and BSR are loops. Each row says where the processor's manual defines it: "SDM" is Intel's, volume 2, "Arm ARM" that of
Armv8-A. lemmas.py compares BSF and BSR with the processor."""
import terms as t

# Named operations that change nothing that one thread can see.
NOTHING = {
    'LOCK', 'UNLOCK',  # SDM, LOCK: other processors' accesses
    'DataMemoryBarrier', 'DataSynchronizationBarrier', 'InstructionSynchronizationBarrier',  # Arm ARM C6.2, DMB, DSB, ISB
    'LOAcquire', 'LORelease',  # Arm ARM C6.2, LDADDAL and others: other processors' accesses
    'Hint_Prefetch', 'prefetch', 'ClearExclusiveLocal', 'mfence', 'lfence', 'sfence',  # hints; CLREX; SDM, MFENCE
}
TRAPS = {'invalidInstructionException', 'software_udf', 'SoftwareBreakpoint', 'swi', 'UndefinedInstructionException'}

# SDM, INT3; Arm ARM C6.2, BRK, with the number that debuggers go on after (LLVM, llvm.debugtrap)
BREAKPOINTS = {'swi': 3, 'SoftwareBreakpoint': 0xf000}


def one(w):
    return t.const(1, w)


def lowest_bit(w, a, old):
    """SDM, BSF: the number of the lowest bit that is 1. If there is none, the result is undefined, and here `old`, what
    was in the register, as all processors have it."""
    return scan(w, a, old, reversed(range(a.w)))


def highest_bit(w, a, old):
    """SDM, BSR."""
    return scan(w, a, old, range(a.w))


def scan(w, a, old, order):
    out = old
    for i in order:
        out = t.ite(t.extract(a, i, i), t.const(i, w), out)
    return out


def sum_of_bytes(w, a):
    out = t.const(0, 8)
    for i in range(0, a.w, 8):
        out = t.add(out, t.extract(a, i + 7, i))
    return t.zext(out, w)


def by_lane(lane, f):
    """f of each lane of as many bits."""
    def g(w, *args):
        return t.cat(*reversed([f(*[t.extract(a, i + lane - 1, i) for a in args]) for i in range(0, w, lane)]))
    return g


def shifted(op, lane):
    """SDM, PSLLW and others: by a constant."""
    def g(w, a, n):
        n = t.extract(n, 7, 0)
        return by_lane(lane, lambda x: t.shift(op, x, t.zext(n, lane)))(w, a)
    return g


def fused(lane, i, j, k):
    def g(w, *args):
        a = [t.extract(x, lane - 1, 0) for x in args]
        return t.cat(t.extract(args[0], w - 1, lane), t.function('fma', lane, a[i], a[j], a[k]))
    return g


def signs(lane):
    """SDM, MOVMSKPS and MOVMSKPD: the highest bits of lanes."""
    def g(w, *args):
        a = args[-1]
        return t.zext(t.cat(*[t.extract(a, i, i) for i in reversed(range(lane - 1, a.w, lane))]), w)
    return g


def packed_signed(w, a, b):
    """SDM, PACKSSWB: words of a, then of b, as bytes with signed saturation."""
    out = []
    for source in (a, b):
        for i in range(0, source.w, 16):
            x = t.extract(source, i + 15, i)
            x = t.ite(t.slt(t.const(127, 16), x), t.const(127, 16), x)
            x = t.ite(t.slt(x, t.const(-128, 16)), t.const(-128, 16), x)
            out.insert(0, t.extract(x, 7, 0))
    return t.cat(*out)


def shuffled(first):
    """SDM, PSHUFLW and PSHUFHW: four words from word `first` on, chosen by two bits each."""
    def g(w, old, a, order):
        words = [t.extract(a, i + 15, i) for i in range(0, w, 16)]
        k = order.args[0]
        chosen = words[:first] + [words[first + (k >> 2 * i & 3)] for i in range(4)] + words[first + 4:]
        return t.cat(*reversed(chosen))
    return g


def rounded(name):
    return lambda w, *args: t.function(name, w, *args)


# name: the value of the result, of width and operands.
VALUES = {
    'ExclusiveMonitorPass': lambda w, *_: one(w),  # Arm ARM B2.9: in a sequential run the exclusive store succeeds
    'ExclusiveMonitorsStatus': lambda w, *_: t.const(0, w),
    'addv': lambda w, a: sum_of_bytes(w, a),
    'bsf': lowest_bit, 'bsr': highest_bit,
}
for _op, _name in (('shl', 'psll'), ('lshr', 'psrl'), ('ashr', 'psra')):
    for _letter, _lane in (('w', 16), ('d', 32), ('q', 64)):
        VALUES[_name + _letter] = shifted(_op, _lane)
VALUES.update({
    'rmw add': lambda w, a, b: t.add(a, b), 'rmw andn': lambda w, a, b: t.and_(a, t.not_(b)),
    'rmw xor': lambda w, a, b: t.xor(a, b), 'rmw or': lambda w, a, b: t.or_(a, b), 'rmw xchg': lambda w, a, b: b,
    'rmw smax': lambda w, a, b: t.ite(t.slt(b, a), a, b), 'rmw smin': lambda w, a, b: t.ite(t.slt(a, b), a, b),
    'rmw umax': lambda w, a, b: t.ite(t.ult(b, a), a, b), 'rmw umin': lambda w, a, b: t.ite(t.ult(a, b), a, b)})
for _letter in 'sd':  # SDM, VFMADD132SD and others: which two operands are multiplied
    VALUES['vfmadd132s%s_fma' % _letter] = fused(32 if _letter == 's' else 64, 0, 2, 1)
    VALUES['vfmadd213s%s_fma' % _letter] = fused(32 if _letter == 's' else 64, 1, 0, 2)
    VALUES['vfmadd231s%s_fma' % _letter] = fused(32 if _letter == 's' else 64, 1, 2, 0)
# Arm ARM C7.2, SCVTF (vector): the second operand is the bytes of a lane
VALUES['NEON_scvtf'] = lambda w, a, n: by_lane(8 * n.args[0], lambda x: t.integer_to_float(x, x.w))(w, a)
VALUES.update({'movmskps': signs(32), 'movmskpd': signs(64), 'packsswb': packed_signed, 'pshuflw': shuffled(0), 'pshufhw': shuffled(4)})
for _letter, _lane in (('s', 32), ('d', 64)):  # SDM, DIVPS, DIVPD, SQRTPS, SQRTPD
    VALUES['divp' + _letter] = by_lane(_lane, lambda a, b: t.function('fdiv', a.w, a, b))
    VALUES['sqrtp' + _letter] = by_lane(_lane, lambda old, a: t.function('fsqrt', a.w, a))
for _name in ('fma', 'ftosi', 'ftoui', 'fmin', 'fmax', 'fminimum', 'fmaximum', 'froundeven', 'fceil', 'ffloor', 'ftrunc',
              'fround', 'frint', 'fnearbyint'):
    VALUES[_name] = rounded(_name)


def call(machine, state, name, ins, out):
    """The result of a named operation; None: it has none; 'trap'."""
    from machine import Unsupported, force
    name = str(name)
    if name in NOTHING:
        return None
    if name in BREAKPOINTS and ins[0][1] == BREAKPOINTS[name]:
        return 'breakpoint'
    if name in TRAPS:
        return 'trap'
    f = VALUES.get(name)
    if f is None:
        raise Unsupported('p-code only names ' + name)
    return f(8 * out[2], *[force(machine.value(state, v)) for v in ins])


def rounded_by_control(w, a, control):
    """What is stored is cut off afterwards: rounding control 11 leaves that to do."""
    rounding = t.extract(control, 11, 10)
    return t.ite(t.equal(rounding, t.const(3, 2)), a, t.function('frint', w, a))


def table(w, old, *args):
    """Arm ARM C7.2, TBL: bytes of one or two registers by number, 0 where there is none."""
    bytes_ = [t.extract(a, i + 7, i) for a in args[:-1] for i in range(0, a.w, 8)]
    out = []
    for i in range(0, args[-1].w, 8):
        k = t.extract(args[-1], i + 7, i)
        chosen = t.choose(t.extract(k, len(bytes_).bit_length() - 2, 0), bytes_)
        out.insert(0, t.ite(t.ult(k, t.const(len(bytes_), 8)), chosen, t.const(0, 8)))
    return t.zext(t.cat(*out), w)


VALUES['a64_TBL'] = table


def reversed_in(lane):
    """Arm ARM C7.2, REV16, REV32, REV64: elements in reverse order within each lane."""
    def g(w, a, n):
        return by_lane(lane, lambda x: t.cat(*[t.extract(x, i + 8 * n.args[0] - 1, i) for i in range(0, lane, 8 * n.args[0])]))(w, a)
    return g


for _lane in (16, 32, 64):
    VALUES['NEON_rev%d' % _lane] = reversed_in(_lane)
# Arm ARM C7.2, EXT: the bytes from a number on of the first register, followed by the second
VALUES['NEON_ext'] = lambda w, a, b, n, _: t.extract(t.cat(b, a), 8 * n.args[0] + w - 1, 8 * n.args[0])
VALUES['compare and swap'] = lambda w, old, expected, new: t.ite(t.equal(old, expected), new, old)
VALUES['rounded by control'] = rounded_by_control


def rounded_store(p, code, pc):
    from machine import translate
    ops, length = translate(p, code, pc)
    control = ('register', *p.registers['FPUControlWord'])
    return [('CALLOTHER', out, [('other', 'rounded by control', 0), *ins, control]) if name == 'FLOAT_ROUND' else (name, out, ins)
            for name, out, ins in ops], length


# ---- instructions of AArch64: mask, value, name, whether the result is a general register ----

A64 = [
    (0xbffffc00, 0x0e31b800, 'addv', False),        # ADDV of bytes: the rest of the register is 0
    (0xff208000, 0x1f000000, 'fma', False),         # Arm ARM C7.2, FMADD
    (0xff20fc00, 0x1e204800, 'fmaximum', False),    # FMAX (scalar)
    (0xff20fc00, 0x1e205800, 'fminimum', False),    # FMIN (scalar)
    (0xff20fc00, 0x1e206800, 'fmax', False),        # FMAXNM (scalar)
    (0xff20fc00, 0x1e207800, 'fmin', False),        # FMINNM (scalar)
    (0xff3ffc00, 0x1e244000, 'froundeven', False),  # FRINTN (scalar)
    (0xff3ffc00, 0x1e24c000, 'fceil', False),       # FRINTP (scalar)
    (0xff3ffc00, 0x1e254000, 'ffloor', False),      # FRINTM (scalar)
    (0xff3ffc00, 0x1e25c000, 'ftrunc', False),      # FRINTZ (scalar)
    (0xff3ffc00, 0x1e264000, 'fround', False),      # FRINTA (scalar)
    (0xff3ffc00, 0x1e274000, 'frint', False),       # FRINTX (scalar)
    (0xff3ffc00, 0x1e27c000, 'fnearbyint', False),  # FRINTI (scalar)
    (0x7f3ffc00, 0x1e380000, 'ftosi', True),        # FCVTZS (scalar, integer): saturates
    (0x7f3ffc00, 0x1e390000, 'ftoui', True),        # FCVTZU (scalar, integer): saturates
]
UNIQUE = 0x7000000  # of p-code that is made here


def decode(p, code, pc):
    """p-code of an instruction that SLEIGH does not have or has too coarsely, and its length; else None."""
    return decode_a64(p, code, pc) if p.name == 'aarch64' else decode_x64(p, code, pc)


def decode_a64(p, code, pc):
    word = int.from_bytes(code[:4], 'little')
    if word & 0x3f200c00 == 0x38200000:
        return read_modify_write(p, word)
    if word & 0x3fa07c00 == 0x08a07c00:
        return compare_and_swap(p, word)
    if word & 0xffe00000 == 0xc8200000:
        return pair_stored(p, word)
    if word & 0xffa07c00 == 0x48207c00:
        return pair_compared(p, word)
    if word & 0xbec00000 == 0x38c00000:
        return signed_load(p, code, pc)
    if word & 0xbffffc00 == 0x089ffc00:
        return released(p, word)
    if word & 0xfffffc00 == 0x88dffc00:
        return acquired(p, word)
    for mask, value, name, general in A64:
        if word & mask != value:
            continue
        if name == 'addv':
            at = p.registers['q%d' % (word & 31)][0]
            ins = [('other', name, 0), ('register', p.registers['q%d' % (word >> 5 & 31)][0], 8 << (word >> 30 & 1))]
            return [('CALLOTHER', ('register', at, 16), ins)], 4
        size = {0: 4, 1: 8, 3: 2}[word >> 22 & 3]
        numbers = [word >> 5 & 31]
        if name in ('fma', 'fmaximum', 'fminimum', 'fmax', 'fmin'):
            numbers.append(word >> 16 & 31)
        if name == 'fma':
            numbers.append(word >> 10 & 31)
        ins = [('other', name, 0)] + [('register', p.registers['q%d' % n][0], size) for n in numbers]
        d = word & 31
        if general:
            n = 8 if word >> 31 else 4
            return [('CALLOTHER', ('unique', UNIQUE, n), ins),
                    ('INT_ZEXT' if n == 4 else 'COPY', ('register', p.registers['x%d' % d][0], 8), [('unique', UNIQUE, n)])], 4
        at = p.registers['q%d' % d][0]
        return [('CALLOTHER', ('unique', UNIQUE, size), ins),
                ('INT_ZEXT', ('register', at, 16), [('unique', UNIQUE, size)])], 4
    return None


def released(p, word):
    """STLRB, STLRH (Arm ARM C6.2), of which SLEIGH stores four bytes."""
    size, base, d = 1 << (word >> 30), word >> 5 & 31, word & 31
    address = ('register', p.registers['sp' if base == 31 else 'x%d' % base][0], 8)
    value = ('const', 0, size) if d == 31 else ('register', p.registers['x%d' % d][0], size)
    return [('STORE', None, [('const', 0, 8), address, value])], 4


def acquired(p, word):
    """LDAR of 32 bits (Arm ARM C6.2): the upper half of the register is 0. SLEIGH loads eight bytes."""
    base, d = word >> 5 & 31, word & 31
    address = ('register', p.registers['sp' if base == 31 else 'x%d' % base][0], 8)
    ops = [('LOAD', ('unique', UNIQUE, 4), [('const', 0, 8), address])]
    if d != 31:
        ops.append(('INT_ZEXT', ('register', p.registers['x%d' % d][0], 8), [('unique', UNIQUE, 4)]))
    return ops, 4


# Arm ARM C6.2, LDADD, LDCLR, LDEOR, LDSET, LDSMAX, LDSMIN, LDUMAX, LDUMIN, in the order of their field opc; SWP
LSE = ('add', 'andn', 'xor', 'or', 'smax', 'smin', 'umax', 'umin')


def read_modify_write(p, word):
    """Of bytes and halfwords SLEIGH compares whole registers, and stores four bytes."""
    size, s, base, d = 1 << (word >> 30), word >> 16 & 31, word >> 5 & 31, word & 31
    name = 'xchg' if word >> 15 & 1 else LSE[word >> 12 & 7]
    if word >> 15 & 1 and word >> 12 & 7:
        return None
    address = ('register', p.registers['sp' if base == 31 else 'x%d' % base][0], 8)
    operand = ('const', 0, size) if s == 31 else ('register', p.registers['x%d' % s][0], size)
    old, new = ('unique', UNIQUE, size), ('unique', UNIQUE + 16, size)
    ops = [('LOAD', old, [('const', 0, 8), address]),
           ('CALLOTHER', new, [('other', 'rmw ' + name, 0), old, operand]), ('STORE', None, [('const', 0, 8), address, new])]
    if d != 31:
        ops.append(('INT_ZEXT' if size < 8 else 'COPY', ('register', p.registers['x%d' % d][0], 8), [old]))
    return ops, 4


def compare_and_swap(p, word):
    """CAS, CASB, CASH (Arm ARM C6.2): the register that was compared becomes what was in memory, and 0 above it. SLEIGH
    leaves it as it is where both are equal."""
    size, s, base, d = 1 << (word >> 30), word >> 16 & 31, word >> 5 & 31, word & 31
    address = ('register', p.registers['sp' if base == 31 else 'x%d' % base][0], 8)
    expected, value = (('const', 0, size) if r == 31 else ('register', p.registers['x%d' % r][0], size) for r in (s, d))
    old, new = ('unique', UNIQUE, size), ('unique', UNIQUE + 16, size)
    ops = [('LOAD', old, [('const', 0, 8), address]),
           ('CALLOTHER', new, [('other', 'compare and swap', 0), old, expected, value]),
           ('STORE', None, [('const', 0, 8), address, new])]
    if s != 31:
        ops.append(('INT_ZEXT' if size < 8 else 'COPY', ('register', p.registers['x%d' % s][0], 8), [old]))
    return ops, 4


def pair_stored(p, word):
    """STXP, STLXP of 64 bits (Arm ARM C6.2), of which SLEIGH stores the second register four bytes after the first."""
    base, second = word >> 5 & 31, ('unique', UNIQUE, 8)
    address = ('register', p.registers['sp' if base == 31 else 'x%d' % base][0], 8)
    return [('INT_ADD', second, [address, ('const', 8, 8)]), ('STORE', None, [('const', 0, 8), address, general(p, word)]),
            ('STORE', None, [('const', 0, 8), second, general(p, word >> 10)]),
            ('COPY', general(p, word >> 16), [('const', 0, 8)])], 4


def pair_compared(p, word):
    """CASP of 64 bits (Arm ARM C6.2), of which SLEIGH exchanges the registers of each pair."""
    s, base, d = word >> 16 & 31, word >> 5 & 31, word & 31
    address = ('register', p.registers['sp' if base == 31 else 'x%d' % base][0], 8)
    old, expected, value, new = (('unique', UNIQUE + 16 * k, 16) for k in range(4))
    return [('LOAD', old, [('const', 0, 8), address]), ('PIECE', expected, [general(p, s + 1), general(p, s)]),
            ('PIECE', value, [general(p, d + 1), general(p, d)]),
            ('CALLOTHER', new, [('other', 'compare and swap', 0), old, expected, value]),
            ('STORE', None, [('const', 0, 8), address, new]), ('SUBPIECE', general(p, s), [old, ('const', 0, 4)]),
            ('SUBPIECE', general(p, s + 1), [old, ('const', 8, 4)])], 4


def general(p, number):
    """A general register by the lowest bits of a field; 31, which is only read: 0."""
    if number & 31 == 31:
        return ('const', 0, 8)
    return ('register', p.registers['x%d' % (number & 31)][0], 8)


def control_word(p, code, pc):
    """LDMXCSR, STMXCSR: SLEIGH has flags of the x87 unit beside the register, which is elsewhere here."""
    from machine import translate
    ops, length = translate(p, code, pc)
    at = p.context.registers['MXCSR'].offset

    def moved(v):
        return ('register', p.registers['MXCSR'][0], v[2]) if v and v[:2] == ('register', at) else v
    return [(name, moved(out), [moved(v) for v in ins]) for name, out, ins in ops], length


def signed_load(p, code, pc):
    """LDRSB, LDRSH and LDURSB, LDURSH to 32 bits (Arm ARM C6.2): the upper half of the register is 0. SLEIGH extends the
    sign to 64 bits, or with zeros."""
    from machine import translate
    ops, length = translate(p, code, pc)
    name, out, ins = ops[-1]
    if name not in ('INT_SEXT', 'INT_ZEXT') or out[2] != 8:
        return ops, length
    return [*ops[:-1], ('INT_SEXT', ('unique', UNIQUE, 4), ins), ('INT_ZEXT', out, [('unique', UNIQUE, 4)])], length


def decode_x64(p, code, pc):
    """BSF and BSR of registers; FISTP of 64 bits and FRNDINT (SDM 1, 8.1.5.3), of which SLEIGH does not read the control
    word."""
    if code[:2] == b'\x0f\xae' and code[2] >> 3 & 7 in (2, 3):
        return control_word(p, code, pc)
    if code[:2] == b'\xd9\xfc':
        top = ('register', p.registers['ST0'][0], 10)
        return [('CALLOTHER', top, [('other', 'frint', 0), top])], 2
    if code[0] == 0xdf and code[1] < 0xc0 and code[1] >> 3 & 7 == 7:
        return rounded_store(p, code, pc)
    at, wide, rex = 0, False, 0
    if code[at] == 0x66:
        at, wide = at + 1, True
    if code[at] & 0xf0 == 0x40:
        rex, at = code[at], at + 1
    if code[at] != 0x0f or code[at + 1] not in (0xbc, 0xbd) or code[at + 2] < 0xc0 or wide:
        return None
    size = 8 if rex & 8 else 4
    modrm = code[at + 2]
    d = p.registers[p.gp[(modrm >> 3 & 7) | (rex & 4) << 1]][0]
    s = p.registers[p.gp[(modrm & 7) | (rex & 1) << 3]][0]
    name = 'bsf' if code[at + 1] == 0xbc else 'bsr'
    source, old, out = ('register', s, size), ('register', d, size), ('unique', UNIQUE, size)
    return [('CALLOTHER', out, [('other', name, 0), source, old]),
            ('INT_EQUAL', ('register', p.registers['ZF'][0], 1), [source, ('const', 0, size)]),
            ('INT_ZEXT' if size == 4 else 'COPY', ('register', d, 8), [out])], at + 3
