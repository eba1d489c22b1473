"""What float operations make of the rounding mode. A function has the mode as its first parameter and leaves the mode as it
found it. Targets without f80 or f128 skip the functions."""
from gen_base import File

# Name, types of the parameters (%a, %b, %c), type of the result, instructions that give %r, and for arguments the results in
# the modes 0 (toward zero), 1 (to nearest), 2 (up), 3 (down); -: not run.
ROWS = [
    # ---- arithmetic ----
    ('fadd', 'f64 f64', 'f64', '%r = fadd.f64 %a, %b', [
        ('1.0, 1e-30', '1.0 1.0 0x3ff0000000000001 1.0'),
        ('-1.0, -1e-30', '-1.0 -1.0 -1.0 0xbff0000000000001'),
        ('1.0, -1.0', '0.0 0.0 0.0 -0.0')]),
    # (1 + 2^-52)^2 is 1 + 2^-51 + 2^-104.
    ('fmul', 'f64 f64', 'f64', '%r = fmul.f64 %a, %b', [
        ('0x3ff0000000000001, 0x3ff0000000000001',
         '0x3ff0000000000002 0x3ff0000000000002 0x3ff0000000000003 0x3ff0000000000002')]),
    ('fma', 'f64 f64 f64', 'f64', '%r = fma.f64 %a, %b, %c', [
        ('0x3ff0000000000001, 0x3ff0000000000001, -1.0',
         '0x3cc0000000000000 0x3cc0000000000000 0x3cc0000000000001 0x3cc0000000000000')]),
    ('fdiv', 'f64 f64', 'f64', '%r = fdiv.f64 %a, %b', [
        ('1.0, 10.0', '0x3fb9999999999999 0x3fb999999999999a 0x3fb999999999999a 0x3fb9999999999999'),
        ('-1.0, 10.0', '0xbfb9999999999999 0xbfb999999999999a 0xbfb9999999999999 0xbfb999999999999a')]),
    ('fdiv_f32', 'f32 f32', 'f32', '%r = fdiv.f32 %a, %b', [
        ('1.0, 3.0', '0x3eaaaaaa 0x3eaaaaab 0x3eaaaaab 0x3eaaaaaa')]),
    # 1.6a09e667f3bcc908...
    ('fsqrt', 'f64', 'f64', '%r = fsqrt.f64 %a', [
        ('2.0', '0x3ff6a09e667f3bcc 0x3ff6a09e667f3bcd 0x3ff6a09e667f3bcd 0x3ff6a09e667f3bcc')]),
    ('frint', 'f64', 'f64', '%r = frint.f64 %a', [
        ('2.5', '2.0 2.0 3.0 2.0'),
        ('-3.5', '-3.0 -4.0 -3.0 -4.0'),
        ('0.25', '0.0 0.0 1.0 0.0')]),
    ('fnearbyint', 'f32', 'f32', '%r = fnearbyint.f32 %a', [
        ('2.5', '2.0 2.0 3.0 2.0'),
        ('-3.5', '-3.0 -4.0 -3.0 -4.0')]),
    # These round as their names say.
    ('named', 'f64', 'f64',
     '%f = ffloor.f64 %a; %g = fceil.f64 %f; %h = fadd.f64 %g, f64 0.5; %r = froundeven.f64 %h', [
        ('2.75', '2.0 2.0 2.0 2.0'),
        ('-2.75', '-2.0 -2.0 -2.0 -2.0')]),
    ('fround', 'f64', 'f64', '%r = fround.f64 %a', [
        ('2.5', '3.0 3.0 3.0 3.0'),
        ('-2.5', '-3.0 -3.0 -3.0 -3.0')]),
    # ---- conversions ----
    ('fdemote', 'f64', 'f32', '%r = fdemote.f32 f64 %a', [
        ('0.1', '0x3dcccccc 0x3dcccccd 0x3dcccccd 0x3dcccccc')]),
    ('sitof', 'i64', 'f64', '%r = sitof.f64 i64 %a', [
        ('9007199254740993', '0x4340000000000000 0x4340000000000000 0x4340000000000001 0x4340000000000000'),
        ('-9007199254740993', '0xc340000000000000 0xc340000000000000 0xc340000000000000 0xc340000000000001'),
        ('0', '- - - 0.0')]),
    ('uitof', 'i64', 'f64', '%r = uitof.f64 i64 %a', [
        ('0x8000000000000401', '0x43e0000000000000 0x43e0000000000001 0x43e0000000000001 0x43e0000000000000'),
        ('9007199254740993', '0x4340000000000000 0x4340000000000000 0x4340000000000001 0x4340000000000000'),
        ('0', '- - - 0.0')]),
    ('ftosi', 'f64', 'i64', '%r = ftosi.i64 f64 %a', [
        ('2.75', '2 2 2 2'),
        ('-2.75', '-2 -2 -2 -2')]),
    ('ftoui', 'f64', 'i64', '%r = ftoui.i64 f64 %a', [
        ('18446744073709549568.0',
         '18446744073709549568 18446744073709549568 18446744073709549568 18446744073709549568')]),
    # ---- f80 ----
    ('fdiv_f80', 'f80 f80', 'f80', '%r = fdiv.f80 %a, %b', [
        ('0x3fff8000000000000000, 0x4000c000000000000000',
         '0x3ffdaaaaaaaaaaaaaaaa 0x3ffdaaaaaaaaaaaaaaab 0x3ffdaaaaaaaaaaaaaaab 0x3ffdaaaaaaaaaaaaaaaa')]),
    # 1 + 2^-63, and 1 - 2^-64
    ('fdemote_f80', 'f80', 'f64', '%r = fdemote.f64 f80 %a', [
        ('0x3fff8000000000000001', '1.0 1.0 0x3ff0000000000001 1.0'),
        ('0x3ffeffffffffffffffff', '0x3fefffffffffffff 1.0 1.0 0x3fefffffffffffff')]),
    ('frint_f80', 'f80', 'f64', '%s = frint.f80 %a; %r = fdemote.f64 f80 %s', [
        ('0x4000a000000000000000', '2.0 2.0 3.0 2.0')]),
    # 2.75 becomes an integer by a mode of its own, after which the other one is set again.
    ('ftosi_f80', 'f80', 'i64',
     '%i = ftosi.i64 f80 %a; %m = get_rounding; %n = zext.i64 i32 %m; %t = mul.i64 %i, 10; %r = add.i64 %t, %n', [
        ('0x4000b000000000000000', '20 21 22 23')]),
    # ---- f128, by its bits ----
    ('fdiv_f128', 'i128 i128', 'i128',
     '%x = bitcast.f128 i128 %a; %y = bitcast.f128 i128 %b; %q = fdiv.f128 %x, %y; %r = bitcast.i128 f128 %q', [
        ('0x3fff0000000000000000000000000000, 0x40008000000000000000000000000000',
         '0x3ffd5555555555555555555555555555 0x3ffd5555555555555555555555555555 '
         '0x3ffd5555555555555555555555555556 0x3ffd5555555555555555555555555555'),
        ('0xbfff0000000000000000000000000000, 0x40008000000000000000000000000000',
         '0xbffd5555555555555555555555555555 0xbffd5555555555555555555555555555 '
         '0xbffd5555555555555555555555555555 0xbffd5555555555555555555555555556')]),
]


def gen_rounding(_):
    f = File('g_rounding')
    for name, types, result, lines, runs in ROWS:
        types = types.split()
        params = ''.join(', %%%s: %s' % p for p in zip('abc', types))
        body = ['b0(%%mode: i32%s):' % params, '  %old = get_rounding', '  set_rounding %mode',
                *('  ' + l for l in lines.split('; ')),
                '  set_rounding %old', '  ret %r']
        name = f.func(['i32', *types], result, '\n'.join(body), 'ro_' + name)
        for args, wants in runs:
            for mode, want in enumerate(wants.split()):
                if want != '-':
                    f.line('; run: @%s(%d, %s) == %s' % (name, mode, args, want))
    return f
