#!/usr/bin/env python3
"""Emulated thread-local data (-femulated-tls, and Android before version 29): the variables, their contents and their
descriptions for debuggers are those of clang-22's object of the same source, on Linux and Windows; objects of `kiln c++`, clang
and MinGW's g++ share variables in both directions, which threads with libgcc then see.

    emutls.py BUILD [PART...]
"""
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../harness'))
import wine  # noqa: E402

WINDOWS = 'x86_64-w64-mingw32'
LINKERS = {'x86_64-linux-gnu': ('g++', []), 'aarch64-linux-gnu': ('aarch64-linux-gnu-g++', ['qemu-aarch64']),
           WINDOWS: (WINDOWS + '-g++', [wine.WINE])}
ON = '-femulated-tls'
HEADER = '''
#include <cstdio>
struct Counted { int n; Counted(); ~Counted(); };
extern thread_local Counted counted;
extern __thread int five, zero;
extern __thread struct Wide { alignas(64) char c[100]; } wide;
extern __thread int *address;
extern __thread double pi;
extern thread_local int *late;
template <class T> struct Of { static thread_local T value, made; };
template <class T> thread_local T Of<T>::value = 40;
int seven();
template <class T> thread_local T Of<T>::made = seven();
inline thread_local int inlined = 3;
inline int &within() { static thread_local int here = seven(); return here; }
void change(int by);
int other(int by);
'''
FIRST = HEADER + '''
__thread int five = 5, zero;
__thread Wide wide;
int target = 12;
__thread int *address = &target;
__thread double pi = 3.25;
thread_local Counted counted;
static thread_local int own = 100;
static __thread int none;
void change(int by) {
  five += by; zero += by; wide.c[99] += by; address = &five; pi += by; counted.n += by; Of<int>::value += by; Of<int>::made += by;
  inlined += by; within() += by; own += by; none -= by;
  printf("own %d %d, %s\\n", own, none, ((unsigned long long)&wide & 63) == 0 ? "aligned" : "not aligned");
}
'''
SECOND = HEADER + '''
#ifdef _WIN32
#include <mutex>
#endif
#if defined _WIN32 && defined _GLIBCXX_HAS_GTHREADS
#include <future>
#include <thread>
static void in_thread(void run(int), int n) { std::thread(run, n).join(); }
static int in_async(int f()) { return std::async(std::launch::async, f).get(); }
#else /* MinGW's library without std::thread; on Linux std::async reads native variables of the library */
struct Job { void (*run)(int); int n, (*f)(); };
static void work(void *p) { Job *job = (Job *)p; if (job->run) job->run(job->n); else job->n = job->f(); }
#ifdef _WIN32
#include <windows.h>
static DWORD WINAPI begin(void *p) { work(p); return 0; }
static int start(Job job) {
  HANDLE thread = CreateThread(0, 0, begin, &job, 0, 0);
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
  return job.n;
}
#else
#include <pthread.h>
static void *begin(void *p) { work(p); return 0; }
static int start(Job job) {
  pthread_t thread;
  pthread_create(&thread, 0, begin, &job);
  pthread_join(thread, 0);
  return job.n;
}
#endif
static void in_thread(void run(int), int n) { start({run, n, 0}); }
static int in_async(int f()) { return start({0, 0, f}); }
#endif
#ifdef _WIN32
static std::once_flag once;
static void begin_once() { std::call_once(once, [] { printf("once\\n"); }); }
#else
static bool begun;
static void begin_once() { if (!begun) printf("once\\n"); begun = true; }
#endif
int seven() { return 7; }
Counted::Counted() : n(1) { printf("constructed\\n"); }
Counted::~Counted() { printf("destroyed %d\\n", n); }
static thread_local int own = 200;
thread_local int *late = &own;
int other(int by) { return own += by; }
static void show(const char *who) {
  printf("%s: %d %d %d %d %g %d %d %d %d %d %d %d\\n", who, five, zero, wide.c[99], *address, pi, counted.n, Of<int>::value, Of<int>::made,
         inlined, within(), own, *late);
}
static void run(int by) {
  show("before");
  change(by);
  other(by);
  try { if (by > 1) throw by; } catch (int n) { five += n; }
  show("after");
  begin_once();
}
int main() {
  run(1);
  in_thread(run, 2);
  in_thread(run, 3);
  printf("async %d\\n", in_async([] { return other(9) + five; }));
  show("main");
}
'''
EXPECTED = '''constructed
before: 5 0 0 12 3.25 1 40 7 3 7 200 200
own 101 -1, aligned
after: 6 1 1 6 4.25 2 41 8 4 8 201 201
once
constructed
before: 5 0 0 12 3.25 1 40 7 3 7 200 200
own 102 -2, aligned
after: 9 2 2 9 5.25 3 42 9 5 9 202 202
destroyed 3
constructed
before: 5 0 0 12 3.25 1 40 7 3 7 200 200
own 103 -3, aligned
after: 11 3 3 11 6.25 4 43 10 6 10 203 203
destroyed 4
async 214
main: 6 1 1 6 4.25 2 41 8 4 8 201 201
destroyed 2
'''
SHAPES = '''
_Thread_local int a = 5, z;
static _Thread_local char big[200] __attribute__((aligned(64)));
extern _Thread_local int e;
extern _Thread_local int weak_elsewhere __attribute__((weak));
_Thread_local int weak __attribute__((weak)) = 2;
_Thread_local int hidden __attribute__((visibility("hidden"))) = 3;
_Thread_local long *to = (long *)&a_number, placed __attribute__((section("mine"))) = 8;
static _Thread_local short lanes[3] = {1, 0, 2};
_Thread_local const int fixed = 9;
_Thread_local struct { char c; long long l; } pair = {1, 2};
int *f(int i) { return i ? &a : &e; }
long g(int i) { return z + big[i] + weak + hidden + *to + placed + lanes[i] + fixed + pair.l + (&weak_elsewhere ? weak_elsewhere : 0); }
'''.replace('_Thread_local long *to', 'long a_number;\n_Thread_local long *to')
# Addresses as arguments of phis and in expressions; an alias; common data.
ADDRESSES = '''
@a = thread_local global i32 5
@b = thread_local global [4 x i32] [i32 1, i32 2, i32 3, i32 4]
@c = common thread_local global i32 0
@also = thread_local alias i32, ptr @a
@d = private unnamed_addr constant [10 x i8] c"%d %d %d\\0A\\00"
declare i32 @printf(ptr, ...)
define i32 @pick(i32 %k) noinline {
 switch i32 %k, label %z [ i32 0, label %x
   i32 1, label %y ]
x: br label %j
y: br label %j
z: br label %j
j: %p = phi ptr [ @also, %x ], [ getelementptr inbounds ([4 x i32], ptr @b, i64 0, i64 2), %y ], [ @c, %z ]
 %v = load i32, ptr %p
 ret i32 %v }
define i32 @main() {
 %p = call ptr @llvm.threadlocal.address.p0(ptr @c)
 store i32 77, ptr %p
 %x = call i32 @pick(i32 0)
 %y = call i32 @pick(i32 1)
 %z = call i32 @pick(i32 2)
 call i32 (ptr, ...) @printf(ptr @d, i32 %x, i32 %y, i32 %z)
 ret i32 0 }
'''
REFUSED = {'an alias of a part': ('@a = thread_local global [2 x i32] zeroinitializer\n@p = thread_local alias i32, getelementptr (i8, ptr @a, i64 4)\n',
                                  'an alias of a part of emulated thread-local data'),
           'an address in data': ('@a = thread_local global i32 0\n@p = global ptr @a\n', 'the address of thread-local data in data')}


class Test:
    def __init__(self, build):
        self.kiln = os.path.join(os.path.abspath(build), 'kiln')
        self.lines = self.failed = 0
        self.dir = tempfile.TemporaryDirectory(prefix='kiln-test-')
        self.compilers = {'kiln': [self.kiln, 'c++'], 'clang': ['clang++-22']}

    def run(self, *command):
        if os.path.isabs(command[0]) and not os.path.exists(command[0]): return 127, 'there is no %s\n' % command[0]
        p = subprocess.run(command, cwd=self.dir.name, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240)
        return p.returncode, p.stdout

    def write(self, name, text):
        with open(os.path.join(self.dir.name, name), 'w') as f:
            f.write(text)

    def check(self, good, name, text=''):
        self.lines += 1
        self.failed += not good
        if not good and text:
            print('# ' + text.strip().replace('\n', '\n# '))
        print('%s %d - %s' % ('ok' if good else 'not ok', self.lines, name), flush=True)

    def skip(self, name, why):
        self.lines += 1
        print('ok %d - %s # SKIP %s' % (self.lines, name, why), flush=True)

    def variables(self, obj):
        """Each emulated variable's letter of nm: of its section and linkage."""
        return dict(re.findall(r'^(__emutls\S*) (\S)', self.run('llvm-nm-22', '--format=posix', obj)[1], re.M))


def visible(t, obj):
    """Names that nm does not tell apart: hidden symbols; and whether anything is native."""
    text = t.run('llvm-readobj-22', '--symbols', '--sections', '--relocations', obj)[1]
    hidden = re.findall(r'Name: (__emutls\S*) [^}]*?STV_HIDDEN', text)
    return sorted(hidden), re.findall(r'\.tbss|\.tdata|\.tls\$|R_\w*TLS\w*|R_X86_64_TPOFF\w*|_tls_index', text)


def shapes(t):
    t.write('shapes.c', SHAPES)
    for target in LINKERS:
        for level in ('-O0', '-O1', '-O2', '-Og', '-fPIC', '-fdata-sections'):
            said = []
            for compiler, obj in ((t.kiln, 'k.o'), ('clang-22', 'c.o')):
                words = [compiler, 'cc'] if compiler == t.kiln else [compiler]
                status, out = t.run(*words, '--target=' + target, ON, level, '-c', 'shapes.c', '-o', obj)
                said.append(out if status else '')
            ours, theirs = t.variables('k.o'), t.variables('c.o')
            good = not any(said) and len(ours) > 15 and (ours == theirs or level == '-Og' and theirs.items() <= ours.items()) and visible(t, 'k.o') == visible(t, 'c.o') and not visible(t, 'k.o')[1]
            t.check(good, 'variables as clang has them: %s %s' % (target, level), '%s\n%s\n%s\n%s' % (said, ours, theirs, visible(t, 'k.o')))


def words(t):
    """The control variables' words, read by C from the object's own definitions."""
    names = ['a', 'z', 'to', 'placed', 'fixed', 'pair']
    reader = 'int printf(const char *, ...); typedef unsigned long long w;\n' + ''.join(
        'extern w v_%s[4] __asm__("__emutls_v.%s");\n' % (n, n) for n in names) + '_Thread_local int e;\nint main(void) {\n' + ''.join(
        ' printf("%s %%d %%d %%d %%d\\n", (int)v_%s[0], (int)v_%s[1], (int)v_%s[2], v_%s[3] != 0);\n' % (n, n, n, n, n) for n in names) + ' return 0; }\n'
    t.write('reader.c', reader)
    t.write('shapes.c', SHAPES)
    for target, (linker, runner) in LINKERS.items():
        if not shutil.which(linker) or runner and not shutil.which(runner[0]):
            t.skip('words: ' + target, 'no %s or nothing that runs its programs' % linker)
            continue
        printed = []
        t.run('clang-22', '--target=' + target, ON, '-c', 'reader.c', '-o', 'reader.o')
        for name, words_ in (('kiln', [t.kiln, 'cc']), ('clang', ['clang-22'])):
            out = t.run(*words_, '--target=' + target, ON, '-c', 'shapes.c', '-o', name + '.o')[1]
            out += t.run(linker, '-static', 'reader.o', name + '.o', '-o', name + '.exe')[1]
            printed.append(out + t.run(*runner, os.path.join(t.dir.name, name + '.exe'))[1])
        good = printed[0] == printed[1] and 'pair 16 8 0 1' in printed[0] and 'z 4 4 0 0' in printed[0]
        t.check(good, 'words of control variables: ' + target, '\n'.join(printed))


def shared(t):
    t.write('first.cpp', FIRST)
    t.write('second.cpp', SECOND)
    for target, (linker, runner) in LINKERS.items():
        if not shutil.which(linker) or runner and not shutil.which(runner[0]):
            t.skip('shared: ' + target, 'no %s or nothing that runs its programs' % linker)
            continue
        flags = ['--target=' + target, ON, '-std=c++17', '-w']
        others = {'clang': ['clang++-22', *flags, '-O1']}
        if target == WINDOWS and shutil.which(linker + '-posix'): # with std::async
            linker += '-posix'
            headers = t.run(linker, '-print-file-name=include')[1].strip() + '/c++'
            flags += ['-nostdinc++', '-isystem', headers, '-isystem', headers + '/' + WINDOWS]
            others['clang'] = ['clang++-22', *flags, '-O1']
        if target == WINDOWS: others['g++'] = [linker, '-std=c++17', '-O1']
        made = {}
        for level in ('-O0', '-O1', '-Og', '-g'):
            made[level] = [t.kiln, 'c++', *flags, level]
        objects = {}
        for (who, words_), source in itertools.product({**made, **others}.items(), ('first', 'second')):
            obj = '%s%s.o' % (who.strip('-'), source)
            status, out = t.run(*words_, '-c', source + '.cpp', '-o', obj)
            objects[who, source] = obj if status == 0 else None
            if status: t.check(False, '%s: %s of %s' % (target, source, who), out)
        pairs = [(k, k) for k in made] + [p for o in others for k in ('-O0', '-Og') for p in ((o, k), (k, o))] + [('clang', 'clang')]
        for one, two in pairs:
            pair = [objects[one, 'first'], objects[two, 'second']]
            if None in pair: continue
            program = os.path.join(t.dir.name, 'shared.exe')
            status, out = t.run(linker, *(['-static'] if target == WINDOWS else ['-pthread', '-static']), *pair, '-o', program)
            if status == 0: status, out = t.run(*runner, program)
            out = out.replace('\r\n', '\n')
            t.check(status == 0 and out == EXPECTED, 'shared: %s, %s with %s' % (target, one, two), out)


def dynamic(t):
    """A shared object has the variable."""
    t.write('first.cpp', FIRST)
    t.write('second.cpp', SECOND)
    flags = [ON, '-std=c++17', '-fPIC', '-w']
    for one, two in (('kiln', 'clang'), ('clang', 'kiln'), ('kiln', 'kiln')):
        _, out = t.run(*t.compilers[one], *flags, '-c', 'first.cpp', '-o', 'first.o')
        out += t.run(*t.compilers[two], *flags, '-c', 'second.cpp', '-o', 'second.o')[1]
        out += t.run('g++', '-shared', 'first.o', '-o', 'libfirst.so', '-shared-libgcc', '-Wl,--unresolved-symbols=ignore-all')[1]
        out += t.run('g++', 'second.o', '-pthread', '-shared-libgcc', '-o', 'main', '-L.', '-lfirst', '-Wl,-rpath,' + t.dir.name)[1]
        if not out: out = t.run(os.path.join(t.dir.name, 'main'))[1]
        t.check(out == EXPECTED, 'a shared object of %s, a program of %s' % (one, two), out)


def call_once(t):
    """The library's own variables, also of MinGW's library without std::thread, whose objects g++ made."""
    linker, runner = LINKERS[WINDOWS]
    if not shutil.which(linker) or not os.path.exists(runner[0]): return t.skip('std::call_once', 'no MinGW or wine')
    t.write('once.cpp', '#include <mutex>\n#include <cstdio>\nstd::once_flag f;\nint main() { std::call_once(f, [] { puts("once"); }); }\n')
    for level in ('-O0', '-Og', '-O2'):
        out = t.run(t.kiln, 'c++', '--target=' + WINDOWS, ON, level, '-c', 'once.cpp', '-o', 'once.o')[1]
        out += t.run(linker, '-static', 'once.o', '-o', 'once.exe')[1]
        out += t.run(*runner, os.path.join(t.dir.name, 'once.exe'))[1]
        t.check(out == 'once\n', 'std::call_once ' + level, out)


def addresses(t):
    t.write('a.ll', ADDRESSES)
    for target, (linker, runner) in LINKERS.items():
        if not shutil.which(linker) or runner and not shutil.which(runner[0]): continue
        out = t.run(t.kiln, 'cc', '-w', '--target=' + target, ON, '-c', 'a.ll', '-o', 'a.o')[1]
        out += t.run(linker, '-static', 'a.o', '-o', 'a.exe')[1]
        out += t.run(*runner, os.path.join(t.dir.name, 'a.exe'))[1]
        t.check(out == '5 3 77\n', 'addresses of many kinds: ' + target, out)
    for name, (text, reason) in REFUSED.items():
        t.write('r.ll', text)
        status, out = t.run(t.kiln, 'cc', '-w', ON, '-c', 'r.ll', '-o', 'r.o')
        t.check(status != 0 and reason in out, 'refused: ' + name, out)


def debug(t):
    t.write('first.cpp', FIRST)
    for target, (linker, _) in LINKERS.items():
        if not shutil.which(linker): # nor are its headers of C++ there
            t.skip('no location: ' + target, 'no ' + linker)
            continue
        found = []
        for name, words_ in t.compilers.items():
            out = t.run(*words_, '--target=' + target, ON, '-g', '-std=c++17', '-c', 'first.cpp', '-o', 'd.o')[1]
            out += t.run('llvm-dwarfdump-22', '--debug-info', 'd.o')[1]
            at = [re.search(r'DW_AT_location\s+\((.*)\)', entry) for entry in re.split(r'\n0x', out) if 'DW_TAG_variable' in entry]
            found.append(sorted(m[1] for m in at if m and '(DW_OP_fbreg' not in m[0]))
            found[-1] = [re.sub(r'DW_OP_addrx? .*', 'an address', x) for x in found[-1]]
        own = [[x for x in of if x != '<empty>'] for of in found] # clang has none, not even an empty one, for AArch64
        good = own[0] == own[1] and found[0].count('<empty>') >= 8 and (found[0] == found[1] or 'aarch64' in target)
        t.check(good, 'no location: ' + target, str(found))


def flags(t):
    t.write('shapes.c', SHAPES)
    rows = [([], False), ([ON], True), ([ON, '-fno-emulated-tls'], False), (['-fno-emulated-tls', ON], True), (['-Xclang', ON], True),
            ([ON, '-Xclang', '-fno-emulated-tls'], False), (['--target=x86_64-linux-android21'], True),
            (['--target=aarch64-linux-android21', '-mno-fix-cortex-a53-835769'], True), (['--target=x86_64-linux-android29'], False),
            (['--target=x86_64-linux-android21', '-fno-emulated-tls'], False), (['--target=x86_64-linux-android30', ON], True)]
    for words_, emulated in rows:
        found = []
        for command in ([t.kiln, 'cc'], ['clang-22']):
            t.run('rm', '-f', 'f.o')
            out = t.run(*command, *words_, '-w', '-c', 'shapes.c', '-o', 'f.o')[1]
            found.append('__emutls_get_address' in t.run('llvm-nm-22', 'f.o')[1])
        t.check(found == [emulated, emulated], 'flags: ' + ' '.join(words_), '%s %s' % (found, out))


def main():
    t = Test(sys.argv[1])
    if not shutil.which('clang-22'):
        print('1..0 # SKIP no clang-22')
        return
    if os.path.exists(wine.WINE) and shutil.which(LINKERS[WINDOWS][0]): wine.start()
    for part in (flags, shapes, words, call_once, addresses, debug, shared, dynamic):
        if part.__name__ in sys.argv[2:] or not sys.argv[2:]: part(t)
    print('1..%d' % t.lines)
    sys.exit(t.failed != 0)


if __name__ == '__main__':
    main()
