#!/usr/bin/env python3
"""abi-cafe's tests (https://crates.io/crates/abi-cafe): types and signatures between six compilers, each as the caller and as the
callee of each: rustc by LLVM, by the shim and with Kiln as its code generator, gcc, clang and `kiln cc`, without optimization.

    abi_cafe.py --kiln=build/kiln [--toolchain=NAME] [--as=c:c,rust:rust,win64:c] [--values=graffiti] [--compilers=NAME,...] [--keep]
                [TEST...]

--as: conventions of the functions, each with the representation of the types in Rust; C's compilers take part in c:c alone.
A test that fails between Kiln's compilers fails the run, unless it fails between rustc by LLVM and clang in their places as well:
those are listed as not Kiln's. So is what fails between two compilers that are not Kiln's. What LLVM compiled in Kiln's place fails
the run, too. --toolchain: of rustup's, a nightly, since f16 and f128 are for those alone; the default is the first of
integrations/rustc/rust-toolchains. cargo installs the VERSION below with the versions in the crate's own Cargo.lock. A few tests run
at once; what they leave, gigabytes, is removed before the next ones begin.
"""
import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, 'tests/harness'))
import harness  # noqa: E402

VERSION = '1.1.0'
AT_ONCE = 5
# abi-cafe's names; each one of Kiln's with what it is compared with. `cc` is what $CC names.
COMPILERS = ['rustc', 'shim', 'kiln', 'gcc', 'clang', 'cc']
INSTEAD = {'shim': 'rustc', 'kiln': 'rustc', 'cc': 'clang'}
CALLED = {'rustc': 'rustc by LLVM', 'shim': 'rustc by the shim', 'kiln': 'rustc by Kiln', 'cc': 'kiln cc'}

# abi-cafe knows one rustc, and other code generators by an option, which here may be the shim.
RUSTC = '''#!/bin/sh
unset shim
for a; do
  shift
  case $a in -Zcodegen-backend=shim) shim=1 ;; *) set -- "$@" "$a" ;; esac
done
if [ "${shim-}" ]; then exec '%s' '%s' "$@"; fi
exec '%s' "$@"
'''


def script(path, text):
    with open(path, 'w') as f: f.write(text)
    os.chmod(path, 0o755)


def install(tools, toolchain):
    program = os.path.join(tools, 'bin/abi-cafe')
    if not os.path.exists(program):
        subprocess.run(['cargo', '+' + toolchain, 'install', '--quiet', '--locked', '--debug', '--root', tools, 'abi-cafe@=' + VERSION], check=True)
    return program


def environment(args, work):
    """The folder of the programs that abi-cafe calls, and its variables."""
    env = dict(os.environ, RUSTUP_TOOLCHAIN=args.toolchain, RUSTC_BOOTSTRAP='1', KILN_LOG=os.path.join(work, 'log'))
    env.pop('KILN_BACKEND', None)
    sysroot = subprocess.run(['rustc', '--print', 'sysroot'], env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    rustc, programs = os.path.join(sysroot, 'bin/rustc'), os.path.join(work, 'bin')
    os.mkdir(programs)
    script(os.path.join(programs, 'rustc'), RUSTC % (os.path.join(os.path.dirname(args.kiln), 'kiln-rustc'), rustc, rustc))
    # abi-cafe writes NaN for values that are none.
    for name, command in ('gcc', shutil.which('gcc')), ('clang', shutil.which('clang-22')), ('kiln-cc', args.kiln + "' 'cc"):
        script(os.path.join(programs, name), "#!/bin/sh\nexec '%s' '-DNaN=__builtin_nan(\"\")' \"$@\"\n" % command)
    return dict(env, PATH=programs + os.pathsep + env['PATH'], CC=os.path.join(programs, 'kiln-cc'))


def prepare(args, work):
    """abi-cafe's command up to what is tested, and its variables."""
    backend, text = harness.code_generator(args.kiln, dict(os.environ, RUSTUP_TOOLCHAIN=args.toolchain))
    if not backend: sys.exit("the toolchain has no code generator of Kiln's: " + text[-300:])
    words = [install(args.tools, args.toolchain), '--output-format=json', '--disable-builtin-rules',
             '--add-rustc-codegen-backend=kiln:' + backend + ',shim:shim', '--toolchains=' + ','.join(COMPILERS), '--gen-vals=' + args.values]
    return words, environment(args, work)


def run(words, env, folder):
    """The tests that abi-cafe ran in a folder, as its report has them."""
    os.mkdir(folder)
    done = subprocess.run(words, cwd=folder, env=dict(env, RUST_LOG='error'), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors='replace')
    start = done.stdout.find('{\n')
    if start < 0: sys.exit('abi-cafe: status %d\n%s' % (done.returncode, (done.stdout + done.stderr)[-3000:]))
    return json.loads(done.stdout[start:])['tests']


def names(words, env, work):
    """abi-cafe's tests: it skips each for a C compiler and Rust's representation."""
    return sorted({t['key']['test'] for t in run([*words, '--pairs=gcc_calls_gcc', '--conventions=c', '--reprs=rust'], env, os.path.join(work, 'names'))})


def name_of(key, caller=None, callee=None):
    o = key['options']
    return key['test'], o['convention'], o['repr'], o['val_generator'] if isinstance(o['val_generator'], str) else json.dumps(o['val_generator']), \
        caller or key['caller'], callee or key['callee']


def text_of(name):
    test, convention, representation, values, caller, callee = name
    return '%s, repr %s, convention %s, values %s: %s calls %s' % (test, representation, convention, values, CALLED.get(caller, caller), CALLED.get(callee, callee))


def reason(results):
    """The phase that failed, and what it said."""
    for phase in 'source', 'build', 'link', 'run':
        outcome = results.get(phase)
        if isinstance(outcome, dict) and 'Err' in outcome: return '%s: %s' % (phase, ' '.join(str(outcome['Err']).split())[:300])
    return 'check: ' + ' '.join(json.dumps(results.get('check')).split())[:300]


def judge(tests, log):
    """What became of each test, and lines of what failed and is not Kiln's, of what LLVM compiled, and of what is wrong."""
    conclusions = {name_of(t['key']): t['conclusion'].lower() for t in tests}
    lines = {"not Kiln's": [], 'by LLVM': [], 'WRONG': []}
    for t in tests:
        name = name_of(t['key'])
        if conclusions[name] != 'failed': continue
        instead = name_of(t['key'], *(INSTEAD.get(c, c) for c in name[-2:]))
        others = instead == name or conclusions.get(instead) == 'failed'
        lines["not Kiln's" if others else 'WRONG'].append('%s: %s' % (text_of(name), reason(t['results'])))
    logged = []
    if os.path.exists(log):
        with open(log) as f: logged = [line.strip() for line in f]
        os.remove(log)
    lines['by LLVM'] = [line for line in logged if ': compiled by LLVM: ' in line]
    for c in INSTEAD: # the shim does without Kiln, with a warning, if its library is not there
        ran = any(c in name[-2:] and result == 'passed' for name, result in conclusions.items())
        if ran and not any('_%s_call' % c in line and ' functions, ' in line for line in logged):
            lines['WRONG'].append('no unit is by ' + CALLED[c])
    return conclusions, lines


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kiln', default=os.path.join(ROOT, 'build', 'kiln'))
    p.add_argument('--toolchain', default=harness.rust_toolchains()[0])
    p.add_argument('--tools', default=os.path.join(ROOT, 'build/cache/abi-cafe-' + VERSION))
    p.add_argument('--as', dest='ways', default='c:c,rust:rust,win64:c')
    p.add_argument('--values', default='graffiti')
    p.add_argument('--compilers', type=lambda s: s.split(','), default=COMPILERS)
    p.add_argument('--keep', action='store_true')
    p.add_argument('tests', nargs='*', metavar='TEST', help="abi-cafe's name, as SimpleStruct")
    args = p.parse_args()
    args.kiln, args.tools = os.path.abspath(args.kiln), os.path.abspath(args.tools)
    work = tempfile.mkdtemp(prefix='kiln-abi-')
    words, env = prepare(args, work)
    pairs = '--pairs=' + ','.join('%s_calls_%s' % (a, b) for a in args.compilers for b in args.compilers)
    total, found = collections.Counter(), collections.Counter()
    tests = args.tests or names(words, env, work)
    for way in args.ways.split(','):
        convention, representation = way.split(':')
        for k in range(0, len(tests), AT_ONCE):
            some = tests[k:k + AT_ONCE]
            folder = os.path.join(work, 'tests')
            ran = run([*words, pairs, '--tests=' + ','.join(some), '--conventions=' + convention, '--reprs=' + representation], env, folder)
            conclusions, lines = judge(ran, os.path.join(work, 'log'))
            for test in some:
                count = collections.Counter(c for name, c in conclusions.items() if name[0] == test)
                total += count
                print('%s %s: %s' % (test, way, ', '.join('%d %s' % (n, c) for c, n in sorted(count.items()))))
            for what in lines:
                found[what] += len(lines[what])
                for line in lines[what]: print('%s: %s' % (what, line))
            sys.stdout.flush()
            if args.keep: os.rename(folder, '%s-%s-%s-%d' % (folder, convention, representation, k))
            else: shutil.rmtree(folder)
    print('%d pairs: %s; of those that failed %d are Kiln\'s; units by LLVM: %d' % (
        len(args.compilers) ** 2, ', '.join('%d %s' % (n, c) for c, n in sorted(total.items())), found['WRONG'], found['by LLVM']))
    if args.keep: print('kept: ' + work)
    else: shutil.rmtree(work)
    return 1 if found['WRONG'] or found['by LLVM'] or not total['passed'] else 0


if __name__ == '__main__':
    sys.exit(main())
