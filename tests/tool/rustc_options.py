#!/usr/bin/env python3
"""rustc_options.py BUILD: each option -C and -Z of the rustc that is there has a verdict in rustc_options.def, and a place
in docs/bitcode.md; those that only LLVM has leave the crate to LLVM, with the values that Kiln has they do not;
and options are found in every form of command line that rustc takes.

What rustc lists is the oracle for the names; what it makes of each form is rustc's own: a form that rustc does not
accept fails the test."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
ROW = re.compile(r"""OPTION\('(.)', "([^"]+)", (\w+), (?:NULL|"([^"]*)")\)""")
# Values of options that leave a crate to LLVM whatever the value is, but that rustc must accept.
VALUES = {'Cllvm-args': ['-enable-load-pre=0'], 'Cremark': ['all'], 'Zrelax-elf-relocations': ['yes', 'no'],
          'Cdwarf-version': ['2', '3'], 'Zdwarf-version': ['2', '3'], 'Zdebuginfo-compression': ['zlib'],
          'Ztrap-unreachable': ['no'], 'Ztls-model': ['emulated']}
NOT_RUN = {'Zllvm-plugins', 'Zautodiff', 'Zautodiff-post-passes', 'Zoffload'}  # they need a plugin, or a rustc with one


class Tap:
    def __init__(self):
        self.lines, self.failed = 0, False

    def check(self, name, good, text):
        self.lines += 1
        if not good:
            self.failed = True
            print('# ' + text.strip()[:2000].replace('\n', '\n# '))
        print(f'{"ok" if good else "not ok"} {self.lines} - {name}', flush=True)

    def skip(self, name, why):
        self.lines += 1
        print(f'ok {self.lines} - {name} # SKIP {why}')

    def finish(self):
        print(f'1..{self.lines}')
        return self.failed


def read(*path):
    with open(os.path.join(ROOT, *path), encoding='utf-8') as f:
        return f.read()


def listed(letter):
    text = subprocess.run(['rustc', '-' + letter, 'help'], capture_output=True, text=True, check=True,
                          env={**os.environ, 'RUSTC_BOOTSTRAP': '1'}).stdout
    return re.findall(rf'^ +-{letter} +([a-z0-9-]+)=val', text, re.M)


class Compiler:
    def __init__(self, build, folder):
        self.program, self.folder, self.log = os.path.join(build, 'kiln-rustc'), folder, os.path.join(folder, 'log')
        with open(os.path.join(folder, 'unit.rs'), 'w', encoding='utf-8') as f:
            f.write('pub fn first(x: &[u8]) -> u8 { x[0] }\n')

    def by_whom(self, *words):
        """What the log says of the unit; an error of rustc's is one of the test."""
        if os.path.exists(self.log):
            os.unlink(self.log)
        done = subprocess.run([self.program, '--crate-type=lib', '--emit=obj', 'unit.rs', '-o', 'unit.o', *words],
                              cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, 'RUSTC_BOOTSTRAP': '1', 'KILN_LOG': self.log})
        if done.returncode != 0:
            return 'rustc: ' + done.stderr
        with open(self.log, encoding='utf-8') as f:
            return f.read()


def check_values(h, compiler, there, rows):
    for letter, name, _, ours in [r for r in rows if r[2] == 'LLVM']:
        option = letter + name
        if name not in there[letter] or option in NOT_RUN:
            h.skip(f'-{option}', 'this rustc has none, or not what it needs')
            continue
        for value in VALUES.get(option, ['yes']):
            said = compiler.by_whom(f'-{option}={value}')
            h.check(f'-{option}={value} is for LLVM', f'compiled by LLVM: -{letter} {name}' in said, said)
        for value in {'off': ['no', 'off', 'n', 'false'], 'on': ['yes', 'on', 'y', 'true']}.get(ours, ours.split()):
            said = compiler.by_whom(f'-{option}={value}')
            h.check(f'-{option}={value} is as without it', ' functions, ' in said, said)


def check_forms(h, compiler):
    """One option in all the forms that a command line may have it in, and the last one counts."""
    by_llvm, by_kiln = 'the crate is optimized', ' functions, '
    with open(os.path.join(compiler.folder, 'words'), 'w', encoding='utf-8') as f:
        f.write('-C\nopt-level=2\n')
    for words, want in [
            (['-Copt-level=2'], by_llvm), (['-C', 'opt-level=2'], by_llvm), (['-C', 'opt_level=2'], by_llvm),
            (['--codegen', 'opt-level=2'], by_llvm), (['--codegen=opt-level=2'], by_llvm), (['-O'], by_llvm),
            (['-gO'], by_llvm), (['-Og'], by_llvm), (['-gCopt-level=2'], by_llvm), (['-Copt-level=s'], by_llvm),
            (['-Copt-level=z'], by_llvm), (['@words'], by_llvm), (['-Copt-level=1'], by_llvm),
            (['-Copt-level=2', '-Copt-level=0'], by_kiln), (['-Copt-level=0', '-Copt-level=2'], by_llvm),
            (['@words', '-Copt-level=0'], by_kiln), (['-g'], by_kiln), (['-Copt-level=0'], by_kiln),
            (['--cfg', 'opt_level="2"'], by_kiln), (['--check-cfg', 'cfg(opt)'], by_kiln),
            (['-A', 'unused', '-W', 'dead_code'], by_kiln), (['--remap-path-prefix', '-Copt-level=2=x'], by_kiln),
            (['-Zunstable-options', '-Z', 'threads=2'], by_kiln),
            (['-Z', 'emit_stack_sizes'], '-Z emit-stack-sizes'), (['-Zemit-stack-sizes=off'], by_kiln),
            (['-gZemit-stack-sizes'], '-Z emit-stack-sizes'), (['--', '-Copt-level=2'], None)]:
        said = compiler.by_whom(*words)
        if want is not None:
            h.check(' '.join(words), want in said, said)


def main():
    build = os.path.abspath(sys.argv[1])
    h = Tap()
    if not os.path.exists(os.path.join(build, 'kiln-rustc')) or not shutil.which('rustc'):
        h.skip('options of rustc', 'there is no rustc, or kiln-rustc is not built')
        return h.finish()
    rows = ROW.findall(read('integrations', 'llvm', 'rustc_options.def'))
    there = {letter: listed(letter) for letter in 'CZ'}
    known = {letter + name for letter, name, _, _ in rows}
    page = set(re.findall(r'`-([CZ][a-z0-9-]+)`', read('docs', 'bitcode.md')))
    for letter in 'CZ':
        missing = [name for name in there[letter] if letter + name not in known]
        h.check(f'each of the {len(there[letter])} options -{letter} has a verdict', there[letter] and not missing,
                ' '.join(missing))
    h.check('each row is one option', len(known) == len(rows), '')
    h.check('the page has the same options', page == known, ' '.join(sorted(page ^ known)))
    folder = tempfile.mkdtemp()
    try:
        compiler = Compiler(build, folder)
        if ' functions, ' not in compiler.by_whom():
            h.skip('values', 'Kiln does not compile with this rustc')
            return h.finish()
        check_values(h, compiler, there, rows)
        check_forms(h, compiler)
    finally:
        shutil.rmtree(folder)
    return h.finish()


if __name__ == '__main__':
    sys.exit(main())
