#!/usr/bin/env python3
"""What sources say of inlining and of calls, given to `kiln cc` and `kiln c++`: programs print what clang's code prints
at -O0 with the same flags, and what clang refuses is refused.

    cc_inline.py BUILD
"""
import os
import random
import re
import subprocess
import sys
import tempfile

# Each function must be inlined, since it is defined nowhere else: all but the first are of a kind that Kiln itself does
# not inline, or into which it inlines nothing.
MUST = r'''
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#define MUST extern inline __attribute__((always_inline, gnu_inline))
#define TIMES4(x) x x x x
struct wide { int a[10]; };
MUST int plain(int x) { return x + 1; }
MUST int code(int x) { __asm__("addl $1,%0" : "+r"(x)); return x; }
MUST int copied(struct wide w) { return w.a[3]; }
MUST void *returns_to(void) { return __builtin_return_address(0); }
MUST int stack(int n) { int a[n]; a[n - 1] = n; return a[n - 1]; }
MUST int more(int n, ...) { return n; }
MUST __attribute__((ms_abi)) int other_convention(int x) { return x * 3; }
MUST int large(volatile int *p) { TIMES4(TIMES4(TIMES4(TIMES4(TIMES4(TIMES4(*p += 1;)))))) return *p; }
MUST int one_end(int n) { __attribute__((musttail)) return putchar(n); }
MUST int tests_itself(int n) { struct wide w = {{n}}; return w.a[0] + w.a[9]; }
__attribute__((noinline)) static int where(void) { return returns_to() == __builtin_return_address(0); }
static int into_twice(int n) { jmp_buf jump; return setjmp(jump) == 0 ? plain(n) : 0; }
static int into_labels(int n) { static void *to[] = {&&a, &&b}; goto *to[n & 1]; a: return plain(n); b: return 1; }
static int into_array(int n) { volatile char a[64]; a[n] = 3; return plain(a[n]); }
__attribute__((optnone, noinline)) static int into_optnone(int n) { return plain(n) + code(n); }
__attribute__((target("avx2"))) MUST int with_target(int n) { return n + 1; }
__attribute__((target("avx2"), noinline)) static int into_target(int n) { return with_target(n); }
static inline __attribute__((always_inline)) void *here(void) { void *p; __asm__ volatile("lea (%%rip),%0" : "=r"(p)); return p; }
extern char __start_own[], __stop_own[];
static inline int inside(char *p) { return p >= __start_own && p < __stop_own; }
__attribute__((noinline, section("own"))) static int goes_there(void) { return inside(here()); }
__attribute__((section("own"))) static int stays_there(void) { return inside(__builtin_return_address(0)); }
__attribute__((section("own"), noinline)) static int calls_there(void) { return stays_there(); }
int main(void) {
  volatile int n = 0;
  struct wide w = {{1, 2, 3, 4}};
  printf("%d %d %d %d %d %d\n", plain(4), code(5), copied(w), stack(6), more(7, 8), other_convention(9));
  printf("%d %d %d %d\n", large(&n), one_end('x'), tests_itself(11), where());
  printf("%d %d %d %d\n", into_twice(1), into_labels(2), into_array(3), into_optnone(4));
  printf("%d %d %d %d\n", into_target(5), goes_there(), calls_there(), stays_there());
}
'''
STRINGS = r'''
#include <cstdio>
#include <csetjmp>
#include <string>
#include <vector>
struct counts { int &r; ~counts() { r++; } };
void throws(int x) { if (x) throw x; }
template <class T> struct box { __attribute__((always_inline)) inline T f(T x) { int r = 0; counts c{r}; throws(x); return x; } };
extern template struct box<int>;
static std::jmp_buf jump;
int main(int n, char **v) {
  if (setjmp(jump) == 0) {
    std::string s(v[0]), t = s + "x";
    t.append(s).insert(0, "abc");
    std::vector<std::string> w{s, t};
    std::printf("%zu\n", w[1].size() - w[0].size() * 2);
  }
  try { box<int> b; std::printf("%d\n", b.f(0)); b.f(n); } catch (int i) { std::printf("caught %d\n", i); }
}
'''
MUST_FLAGS = ('', '-g', '-fstack-protector-strong', '-fstack-protector-all', '-mstackrealign', '-mno-sse2', '-pg', '-fcf-protection -fno-plt', '-flto')
STRINGS_FLAGS = ('-fstack-protector-strong', '-pg', '-mstackrealign')

# Calls of a function with the attribute error, in `#define BODY`: what clang compiles at -O0 and what it refuses.
ERROR = r'''
extern void __attribute__((error("no"))) bad(void);
extern int __attribute__((error("no"))) bad_value(int, int);
static inline __attribute__((always_inline)) int checked(int n) { if (__builtin_constant_p(n)) { if (n > 8) bad(); } return n; }
int main(int n, char **v) { (void)v; int k; (void)k; BODY return n - n; }
'''
VANISHES = ('if (__builtin_constant_p(n) && n > 8) bad();', 'if (!__builtin_constant_p(n)) n++; else bad();',
            'n += __builtin_constant_p(n) == 1 ? bad_value(1, 2) : 7;', 'n += checked(n) + checked(9);',
            'for (; __builtin_constant_p(n) ? bad(), n < 3 : n < 2; n++);',
            'if (__builtin_constant_p(n)) { for (int i = 0; i < n; i++) switch (i) { case 4: bad(); break; default: bad(); } bad(); }')
STAYS = ('bad();', 'if (n > 8) bad();', 'if (__builtin_constant_p(n)) n++; else bad();', 'k = __builtin_constant_p(n); if (k) bad();',
         'goto in; if (__builtin_constant_p(n)) { in: bad(); }', 'switch (__builtin_constant_p(n)) { case 1: bad(); }',
         'if (__builtin_constant_p(n) && n > 8) bad(); bad_value(n, 2);', 'if (__builtin_constant_p(n) || n > 8) bad();')

CALLS = r'''
static inline int small(int x) { return x * 3; }
__attribute__((noinline)) static int says_no(int x) { return x * 5; }
int keeps(int x) { [[clang::noinline]] return small(x); }
int takes(int x) { [[clang::always_inline]] return says_no(x); }
'''
# mcount counts; it may change no register.
PROFILED = r'''
#include <stdio.h>
int entered;
__asm__(".globl mcount\nmcount: incl entered(%rip)\n ret");
static inline int square(int x) { return x * x; }
__attribute__((noinline)) int work(int n) { int s = 0; for (int i = 0; i < n; i++) s += square(i) & 7; return s; }
int main(void) { int s = 0; for (int i = 0; i < 10; i++) s += work(100); printf("%d %d\n", s, entered); }
'''
FORTIFIED = '#include <string.h>\n#if defined __OPTIMIZE__ || defined _FORTIFY_SOURCE\n#error\n#endif\nint main(int n, char **v) { char b[9]; strncpy(b, v[0], n); return 0; }\n'
# What %c is computed from, and whether it is true: then nothing leads to the call.
NARROW = [
    ('  %n = trunc i32 256 to i8\n  %c = icmp ne i8 %n, 0', False),
    ('  %n = trunc i32 257 to i8\n  %c = icmp eq i8 %n, 1', True),
    ('  %n = trunc i64 4294967296 to i32\n  %c = icmp ne i32 %n, 0', False),
    ('  %n = xor i8 -1, 255\n  %c = icmp ne i8 %n, 0', False),
    ('  %n = zext i8 -1 to i32\n  %c = icmp eq i32 %n, 255', True),
    ('  %c = icmp eq i128 18446744073709551616, 0', False),
    ('  %c = icmp ne i16 -1, 65535', False),
]


STATEMENTS = ('a = a * 3 + b[%d];', 'if (a > %d) b[1] = a;', 'b[%d] ^= a;', '{ int v = a + %d; b[2] = v; }', 'a += b[(a + %d) & 7] >> 2;',
              'a = g(a + %d);', 'for (int i = 0; i < %d; i++) a += i;')


class Test:
    def __init__(self, build):
        self.kiln = os.path.join(os.path.abspath(build), 'kiln')
        self.lines = self.failed = 0
        self.dir = tempfile.TemporaryDirectory(prefix='kiln-test-')

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def write(self, name, text):
        with open(self.path(name), 'w') as f:
            f.write(text)

    def run(self, *command, **env):
        p = subprocess.run(command, cwd=self.dir.name, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env={**os.environ, **env}, timeout=120)
        return p.returncode, p.stdout + p.stderr

    def cc(self, *words, **env):
        return self.run(self.kiln, 'cc', *words, **env)

    def check(self, good, name, text=''):
        self.lines += 1
        self.failed += not good
        if not good:
            print('# ' + text.strip().replace('\n', '\n# '))
        print('%s %d - %s' % ('ok' if good else 'not ok', self.lines, name), flush=True)

    def same(self, source, flags):
        """The program prints by `kiln cc -Og` what it prints by clang -O0."""
        cxx = source.endswith('.cpp')
        said = []
        for command in ((self.kiln, 'c++' if cxx else 'cc', '-Og'), ('clang++-22' if cxx else 'clang-22', '-O0')):
            status, out = self.run(*command, '-w', *flags.split(), source, '-o', 'program')
            said.append(self.run('./program') if status == 0 else (status, out))
            if status != 0:
                break
        self.check(len(said) == 2 and said[0] == said[1], 'as by clang -O0: %s %s' % (source, flags), repr(said))


def inlines(t):
    t.write('must.c', MUST)
    t.write('strings.cpp', STRINGS)
    for flags in MUST_FLAGS:
        t.same('must.c', flags)
    for flags in STRINGS_FLAGS:
        t.same('strings.cpp', flags)
    t.write('twice.c', '#include <setjmp.h>\nstatic jmp_buf j;\nextern inline __attribute__((always_inline, gnu_inline)) int '
            'cannot(int n) { return setjmp(j) ? n : n + 1; }\nint main(void) { return cannot(3); }\n')
    status, out = t.cc('-Og', 'twice.c', '-o', 'twice')
    t.check(status != 0 and "'cannot'" in out.replace('`', "'"), 'what cannot be inlined is named', out)
    t.write('calls.c', CALLS)
    status, out = t.cc('-Og', '-Wno-ignored-attributes', '-c', 'calls.c')
    names = t.run('nm', 'calls.o')[1]
    t.check(status == 0 and ' small' in names, 'noinline at a call', out + names)
    t.check(status == 0 and ' says_no' not in names, 'always_inline at a call', out + names)
    # Two copies of two words: one into volatile memory, and one out of it.
    t.write('volatile.c', 'struct s { long a, b; };\nlong f(long x) { struct s s = {x, 2}; VOLATILE struct s v; v = s; struct s u; u = v; '
            'return u.a + u.b; }\n')
    for volatile in (True, False):
        out = t.cc('-Og', '-DVOLATILE=' + ('volatile' if volatile else ''), '-c', 'volatile.c')[1]
        code = t.run('objdump', '-d', '--no-show-raw-insn', 'volatile.o')[1]
        stores = len(re.findall(r'\tmov +%\w+,[^,]*\(', code))
        t.check('<f>:' in code and (stores >= 4 if volatile else stores == 0),
                'copies of %s memory' % ('volatile' if volatile else 'other'), out + code)
    t.write('profiled.c', PROFILED)
    out = t.cc('-Og', '-pg', '-c', 'profiled.c')[1] + t.cc('profiled.o', '-o', 'profiled')[1]
    status, printed = t.run('./profiled')
    t.check(status == 0 and printed == '%d 11\n' % (10 * sum(i * i & 7 for i in range(100))),
            '-pg counts what is called', out + printed)


def statements(seed):
    """Functions around the size up to which Kiln keeps them for inlining, and calls of them."""
    draw = random.Random(seed)
    out = ['extern int b[64]; int g(int);']
    for k in range(300):
        body = (draw.choice(STATEMENTS) % draw.choice((1, 7, 40, 500, 70000)) for _ in range(draw.randint(34, 50)))
        out.append('static int f%d(int a) { %s return a; }\nint c%d(int x) { return f%d(x + 1) + g(x); }' % (k, '\n'.join(body), k, k))
    return '\n'.join(out)


def described(t):
    """What is inlined depends neither on debug information nor on the lists of uses in bitcode."""
    for seed in (1, 2, 4):
        t.write('sizes.c', statements(seed))
        codes = []
        for flags in ('', '-g', '-Xclang -emit-llvm-uselists', '-g -Xclang -emit-llvm-uselists'):
            status, said = t.run('clang-22', '-w', '-O1', '-mllvm', '-opt-bisect-limit=0', '-mllvm', '-opt-bisect-verbose=false',
                                 *flags.split(), '-emit-llvm', '-c', 'sizes.c', '-o', 'sizes.bc')
            if status == 0:
                status, said = t.run(t.kiln, 'compile', '--inline=900', 'sizes.bc', '-o', 'sizes.o')
            t.run('objcopy', '-O', 'binary', '-j', '.text', 'sizes.o', 'sizes.text')
            with open(t.path('sizes.text'), 'rb') as f:
                codes.append((status, f.read()))
            names = t.run('nm', 'sizes.o')[1].count(' t f')
            t.check(status == 0 and codes[-1] == codes[0] and 20 < names < 290, f'the same code, seed {seed}: {flags or "plain"}', f'{said}{names}')


def errors(t):
    for bodies, good in ((VANISHES, True), (STAYS, False)):
        for body in bodies:
            t.write('error.c', ERROR.replace('BODY', body))
            clang, out = t.run('clang-22', '-w', '-O0', 'error.c', '-o', 'error')
            status, said = t.cc('-w', '-O0', 'error.c', '-o', 'error')
            ok = status == 0 and t.run('./error')[0] == 0 if good else status == 1 and re.search(r"attribute .*\(error\): 'bad(_value)?'", said)
            t.check((clang == 0) == good and ok, 'the attribute error: ' + body, out + said)

    # Constants have the width of their type.
    for condition, good in NARROW:
        t.write('narrow.ll', 'declare void @bad() "dontcall-error"="no"\ndefine i32 @main() {\n%s\n  br i1 %%c, label %%a, '
                'label %%b\na:\n  ret i32 0\nb:\n  call void @bad()\n  ret i32 1\n}\n' % condition)
        status, said = t.run(t.kiln, 'compile', 'narrow.bc', '-o', 'narrow.o') if t.run(
            'llvm-as-22', 'narrow.ll')[0] == 0 else (None, 'llvm-as')
        t.check(status == 0 if good else status == 1 and "'bad'" in said, 'the attribute error: ' + condition.strip().replace('\n  ', '; '), said)


def fortified(t):
    t.write('fortified.c', FORTIFIED)
    warning = 'kiln: warning: cc: -Og: _FORTIFY_SOURCE is off'
    for flags in ('-D_FORTIFY_SOURCE=2', '-D _FORTIFY_SOURCE=3', '-Wp,-D_FORTIFY_SOURCE=2', '-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=1'):
        status, said = t.cc('-Og', '-Werror', *flags.split(), '-c', 'fortified.c')
        t.check(status == 0 and said.startswith(warning) and said.count('\n') == 1, 'off with a warning: ' + flags, said)
    for flags in ('', '-D_FORTIFY_SOURCE=2 -U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE_X'):
        status, said = t.cc('-Og', *flags.split(), '-c', 'fortified.c')
        t.check(status == 0 and said == '', 'nothing to say: ' + flags, said)
    status, said = t.cc('-O1', '-D_FORTIFY_SOURCE=2', '-c', 'fortified.c')
    t.check(status == 1 and warning not in said, 'on at -O1', said)
    t.write('head.h', '#include <string.h>\n')
    status, said = t.cc('-Og', '-D_FORTIFY_SOURCE=2', '-x', 'c-header', 'head.h', '-o', 'head.pch')
    t.check(status == 0, 'a precompiled header', said)
    status, said = t.cc('-Og', '-D_FORTIFY_SOURCE=2', '-include-pch', 'head.pch', '-c', 'fortified.c')
    t.check(status == 0, 'and its user', said)
    for inline, expected in (('bogus', 2), ('0', 2), ('must', 0), ('40', 0), ('', 0)):
        status, said = t.cc('-Og', '-c', 'fortified.c', KILN_INLINE=inline)
        t.check(status == expected and (status == 0 or "'%s'" % inline in said), 'KILN_INLINE=' + inline, said)


def added(t):
    """Nothing is said about flags that Kiln adds, whatever the input is."""
    t.write('source.c', 'int n =\n#ifdef __OPTIMIZE__\n1;\n#else\n2;\n#endif\n')
    t.write('done.i', 'int f(int x) { return x + 1; }\n')
    t.write('done.ii', 'template <class T> T g(T x) { return x + 1; }\nint f(int x) { return g(x); }\n')
    t.write('code.ll', 'target triple = "x86_64-pc-linux-gnu"\ndefine i32 @f() {\n  ret i32 1\n}\n')
    t.write('m.cppm', 'export module m;\nexport int f(int x) { return x + 1; }\n')
    t.run(t.kiln, 'c++', '-Og', '-std=c++20', '--precompile', 'm.cppm', '-o', 'm.pcm')
    for verb, words, more in (
            ('cc', 'done.i', ''), ('c++', 'done.ii', ''), ('cc', '-x cpp-output source.c', ''), ('cc', 'done.i', '-D_FORTIFY_SOURCE=0'),
            ('cc', 'source.c', '-fembed-bitcode'), ('cc', 'code.ll', ''), ('c++', '-std=c++20 m.pcm', ''), ('cc', 'done.i source.c', '')):
        log = t.path('log')
        if os.path.exists(log):
            os.unlink(log)
        status, said = t.run(t.kiln, verb, '-Og', '-Werror', *more.split(), '-c', *words.split(), KILN_LOG=log)
        t.check(status == 0 and said == '' and os.path.exists(log), f'nothing to say: {more} {words}', said)
    status, said = t.cc('-Og', '-Werror', 'done.i', '-shared', '-o', 'done.so')
    t.check(status == 0 and said == '', 'nothing to say: a link', said)
    t.write('code.s', 'f: ret\n')
    for words in (['-c', 'code.s'], ['-c', 'code.s', 'done.i'], ['-MD', '-c', 'source.c', 'done.i']):
        clang, kiln = t.run('clang-22', '-Og', *words), t.cc('-Og', *words)
        t.check(kiln[0] == clang[0] and set(kiln[1].splitlines()) <= set(clang[1].splitlines()), f'{words}: no more than clang says', kiln[1])
    t.write('other.m', 'int f(void) { return 1; }\n')
    for words in (['-c', 'other.m'], ['-c', 'other.m', 'done.i'], ['-x', 'objective-c', '-c', 'source.c']):
        status, said = t.cc(*words, KILN_LOG=t.path('log'))
        t.check(status == 0 and said.count(': compiled by LLVM: its language is not C or C++') == 1 and 'by LLVM' in open(t.path('log')).read(),
                f'{words}: compiled by LLVM', said)
        os.unlink(t.path('log'))


def main():
    t = Test(sys.argv[1])
    added(t)
    inlines(t)
    described(t)
    errors(t)
    fortified(t)
    print('1..%d' % t.lines)
    sys.exit(t.failed != 0)


main()
