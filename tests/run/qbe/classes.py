"""Programs of QBE's language that differ in an operation and a class alone, each with its driver in C, which computes the same:
comparisons as values of both integer classes, as conditions, negated, with constants; arithmetic with variables and
constants."""

SIGNED = [('eq', '=='), ('ne', '!='), ('sge', '>='), ('sgt', '>'), ('sle', '<='), ('slt', '<')]
UNSIGNED = [('uge', '>='), ('ugt', '>'), ('ule', '<='), ('ult', '<')]
FLOAT = [('eq', '=='), ('ne', '!='), ('ge', '>='), ('gt', '>'), ('le', '<='), ('lt', '<')]
HEAD = '''#include <stdio.h>
#include <stdint.h>
#include <string.h>
typedef int32_t w; typedef int64_t l; typedef float s; typedef double d;
typedef uint32_t uw; typedef uint64_t ul;
#define MIN_w INT32_MIN
#define MIN_l INT64_MIN
static int bad;
static void is(const char *what, int good) { if (!good) { bad = 1; printf("%s\\n", what); } }
'''


def function(result, name, params, *lines):
    return 'export function %s $%s(%s) {\n@start\n    %s\n}\n' % (result, name, ', '.join(params), '\n    '.join(lines))


def simple(c, name, params, operation):
    return function(c, name, params, f'%r ={c} {operation}', 'ret %r')


def program(code, names, parts, values):
    """The text of a .ssa file: code, and a driver that declares `names` and runs the parts of each class over its values."""
    driver = HEAD + ''.join(names)
    for c, lines in parts.items():
        driver += (f'static void all_{c}(void) {{\n  static const {c} v[] = {{{values[c]}}};\n'
                   '  for (unsigned i = 0; i < sizeof v / sizeof *v; i++) for (unsigned k = 0; k < sizeof v / sizeof *v; k++) {\n'
                   + ''.join(f'    {line}\n' for line in lines) + '  }\n}\n')
    driver += 'int main(void) {\n' + ''.join(f'  all_{c}();\n' for c in parts) + '  return bad;\n}\n'
    return ''.join(code) + '# >>> driver\n' + ''.join(f'# {line}\n' for line in driver.splitlines()) + '# <<<\n'


CONDITION = '''\
export function w $NAMEj(C %a, C %b) {
@start
    %r =w NAME %a, %b
    %i =w ceqw %r, 0
    %n =w cnew %r, 0
    jnz %r, @yes, @no
@yes
    %t =w add %i, 10
    %t =w add %t, %n
    ret %t
@no
    jnz %i, @inverted, @wrong
@inverted
    %u =w ceqw %i, 0
    %v =w shl %u, 4
    %v =w or %v, %n
    ret %v
@wrong
    ret 100
}
'''


def comparisons():
    code, names, parts = [], [], {}
    for c in 'wlsd':
        integer = c in 'wl'
        rows = [(op, f'({c})a {sign} ({c})b') for op, sign in (SIGNED if integer else FLOAT)]
        rows += [(op, f'(u{c})a {sign} (u{c})b') for op, sign in UNSIGNED] if integer else [
            ('o', '!(a != a || b != b)'), ('uo', '(a != a || b != b)')]
        k = '-3' if integer else c + '_-3'
        parts[c] = []
        for op, want in rows:
            name = f'c{op}{c}'
            code += [simple('w', name, [f'{c} %a', f'{c} %b'], f'{name} %a, %b'), simple('l', name + 'l', [f'{c} %a'], f'{name} %a, {k}'),
                     simple('l', name + 'k', [f'{c} %a'], f'{name} {k}, %a'), CONDITION.replace('NAME', name).replace('C ', c + ' ')]
            names.append(f'w {name}({c}, {c}), {name}j({c}, {c}); l {name}l({c}), {name}k({c});\n')
            parts[c].append(f'{{ {c} a = v[i], b = v[k]; is("{name}", {name}(a, b) == ({want})); '
                            f'is("{name}j", {name}j(a, b) == (({want}) ? 11 : 0)); b = -3; is("{name}l", {name}l(a) == ({want})); '
                            f'b = a; a = -3; is("{name}k", {name}k(b) == ({want})); }}')
    return program(code, names, parts, {
        'w': '0, 1, -1, -3, 3, INT32_MAX, INT32_MIN', 'l': '0, 1, -1, -3, INT32_MIN, INT64_MAX, INT64_MIN, 0x100000000',
        's': '0, -0.f, 1, -3, 3e38f, 1e-40f, 0.f / 0', 'd': '0, -0., 1, -3, 3e308, 1e-310, 0. / 0'})


INTEGER = {'add': '({c})((u{c})a + (u{c})b)', 'sub': '({c})((u{c})a - (u{c})b)', 'mul': '({c})((u{c})a * (u{c})b)',
           'div': '({c})(a / b)', 'rem': '({c})(a % b)', 'udiv': '({c})((u{c})a / (u{c})b)', 'urem': '({c})((u{c})a % (u{c})b)',
           'and': '({c})(a & b)', 'or': '({c})(a | b)', 'xor': '({c})(a ^ b)'}
SHIFT = {'shl': '(({c})((u{c})a << (n & {bits})))', 'shr': '(({c})((u{c})a >> (n & {bits})))', 'sar': '(a >> (n & {bits}))'}


def arithmetic():
    code, names, parts = [], [], {}
    for c, bits in (('w', 31), ('l', 63)):
        parts[c] = []
        for op, text in INTEGER.items():
            n, want = op + c, text.format(c=c)
            code += [simple(c, n, [f'{c} %a', f'{c} %b'], f'{op} %a, %b'), simple(c, n + 'k', [f'{c} %a'], f'{op} %a, 13'),
                     simple(c, n + 'c', [f'{c} %a'], f'{op} 1000003, %a'), simple(c, n + 'f', [], f'{op} -1000003, 13')]
            names.append(f'{c} {n}({c}, {c}), {n}k({c}), {n}c({c}), {n}f(void);\n')
            defined = f'if (b != 0 && !(a == MIN_{c} && b == -1)) ' if 'div' in op or 'rem' in op else ''
            parts[c].append(f'{{ {c} a = v[i], b = v[k]; {defined}is("{n}", {n}(a, b) == {want}); b = 13; is("{n}k", {n}k(a) == {want}); '
                            f'b = a; a = 1000003; {defined}is("{n}c", {n}c(b) == {want}); a = -1000003; b = 13; is("{n}f", {n}f() == {want}); }}')
        for op, text in SHIFT.items():
            n, want = op + c, text.format(c=c, bits=bits)
            code += [simple(c, n, [f'{c} %a', 'w %b'], f'{op} %a, %b'), simple(c, n + 'l', [f'{c} %a', 'l %b'], f'{op} %a, %b'),
                     simple(c, n + 'k', [f'{c} %a'], f'{op} %a, 67'), simple(c, n + 'c', ['w %b'], f'{op} -5000000000000000003, %b')]
            names.append(f'{c} {n}({c}, w), {n}l({c}, l), {n}k({c}), {n}c(w);\n')
            parts[c].append(f'{{ {c} a = v[i]; for (w n = -70; n < 140; n += 7) {{ is("{n}", {n}(a, n) == {want}); '
                            f'is("{n}l", {n}l(a, n + 0x700000000) == {want}); a = ({c})-5000000000000000003; is("{n}c", {n}c(n) == {want}); '
                            f'a = v[i]; }} w n = 67; is("{n}k", {n}k(a) == {want}); }}')
        parts[c].append(f'is("neg{c}", neg{c}(v[i]) == ({c})-(u{c})v[i]);')
    for c in 'sd':
        parts[c] = []
        for op, sign in (('add', '+'), ('sub', '-'), ('mul', '*'), ('div', '/')):
            n = op + c
            code += [simple(c, n, [f'{c} %a', f'{c} %b'], f'{op} %a, %b'), simple(c, n + 'k', [f'{c} %a'], f'{op} %a, {c}_2.5e-1')]
            names.append(f'{c} {n}({c}, {c}), {n}k({c});\n')
            parts[c].append(f'{{ {c} r = {n}(v[i], v[k]), e = v[i] {sign} v[k]; is("{n}", r == e || (r != r && e != e)); '
                            f'r = {n}k(v[i]); e = v[i] {sign} ({c})0.25; is("{n}k", r == e || (r != r && e != e)); }}')
        parts[c].append(f'{{ {c} r = neg{c}(v[i]), e = -v[i]; is("neg{c}", memcmp(&r, &e, sizeof r) == 0); }}')
    code += [simple(c, 'neg' + c, [f'{c} %a'], 'neg %a') for c in 'wlsd']
    names += [f'{c} neg{c}({c});\n' for c in 'wlsd']
    return program(code, names, parts, {
        'w': '0, 1, -1, 2, 13, -13, 7919, INT32_MAX, INT32_MIN, 0x55555555',
        'l': '0, 1, -1, 2, 13, -13, 7919, INT32_MIN, INT64_MAX, INT64_MIN, 0x5555555555555555, 0x123456789abcdef',
        's': '0, -0.f, 1, -1.5f, 3e38f, 1e-40f, 1.f / 3, 0.f / 0', 'd': '0, -0., 1, -1.5, 3e308, 1e-310, 1. / 3, 0. / 0'})


PROGRAMS = {'comparisons': comparisons, 'arithmetic': arithmetic}
