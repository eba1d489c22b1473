"""What `./dev bench --edits` edits: copies of three programs, each with modules that an edit changes.

`program` is bench/programs/cargo, with 96 libraries of crates.io's. `workspace` is generated: 30 crates with 150,000 lines of
bench/programs/sizes in all, a library that all use, and a program. `application` is a program of crates.io's, with its lock
file: a library and its `main`.
"""
import glob
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
CRATES, LINES = 30, 150000
KINDS = 'ledger', 'units', 'machine', 'units', 'machine'
APPLICATION = 'mdbook', '0.4.52'
EDITS = [kind + where for where in ('', '-base') for kind in ('body', 'signature', 'generic', 'test')]


class Source:
    """A package with a module that edits change, in the file `leaf`; `base` is that of a library that it uses, or None."""

    def __init__(self, folder, leaf, base=None, library='base', tests=((), ())):
        self.folder, self.files, self.library, self.words = folder, {'leaf': leaf, 'base': base}, library, tests
        self.state = {where: {'body': 1, 'signature': 0, 'generic': 1, 'test': 1} for where in self.files}
        self.write()

    def write(self):
        """Writes what has changed: cargo looks at the time of files."""
        for where, path in self.files.items():
            text = self.module(where)
            if path and not (os.path.exists(path) and open(path, encoding='utf-8').read() == text):
                with open(path, 'w', encoding='utf-8') as f:
                    f.write(text)

    def module(self, where):
        s = self.state[where]
        more = ', _b: u64' if s['signature'] % 2 else ''
        text = ('pub fn edited(a: u64%s) -> u64 { let mut n = a; for i in 0..%d { n = n.wrapping_add(i); } n }\n'
                'pub fn generic<T: Into<u64> + Copy>(x: &[T]) -> u64 { x.iter().map(|&v| v.into()).sum::<u64>() + %d }\n'
                % (more, s['body'], s['generic']))
        text += self.call('run', where, 'self::')
        if where == 'leaf' and self.files['base']:
            text += self.call('run_base', 'base', self.library + '::edited::')
        return text + '#[cfg(test)] mod tests { #[test] fn passes() { assert_eq!(super::run() + %d, super::run() + %d); } }\n' % (
            s['test'], s['test'])

    def call(self, name, where, path):
        more = ', 2' if self.state[where]['signature'] % 2 else ''
        return 'pub fn %s() -> u64 { %sedited(3%s) + %sgeneric(&[1u8, 2]) + %sgeneric(&[3u32]) }\n' % (name, path, more, path, path)

    def edit(self, edit):
        kind, where = edit.split('-')[0], 'base' if edit.endswith('-base') else 'leaf'
        self.state[where][kind] += 1
        self.write()

    def tests(self, edit):
        """Arguments of `cargo test`: the program's tests; those of the library if they were edited."""
        return list(self.words[edit == 'test-base'])


def change(path, pattern, text):
    with open(path, encoding='utf-8') as f:
        before = f.read()
    after = re.sub(pattern, text, before, count=1)
    assert before != after, path
    with open(path, 'w', encoding='utf-8') as f:
        f.write(after)


def make_program(folder):
    shutil.copytree(os.path.join(HERE, 'programs/cargo'), folder)
    change(os.path.join(folder, 'src', 'main.rs'), r'(?m)^mod ', '#[allow(dead_code)] mod edited;\nmod ')
    return Source(folder, os.path.join(folder, 'src', 'edited.rs'))


def make_workspace(folder):
    texts = []
    for name in KINDS:
        with open(os.path.join(HERE, 'programs/sizes', name + '.rs'), encoding='utf-8') as f:
            texts.append(f.read())
    names = ['base'] + ['part%d' % i for i in range(CRATES - 2)] + ['program']
    for i, name in enumerate(names):
        depends = [] if name == 'base' else ['base'] if name != 'program' else names[:-1]
        source = os.path.join(folder, name, 'src')
        os.makedirs(source)
        with open(os.path.join(folder, name, 'Cargo.toml'), 'w', encoding='utf-8') as f:
            f.write('[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n' % name)
            f.writelines('%s = { path = "../%s" }\n' % (d, d) for d in depends)
        total, count = 0, 0
        while total < LINES / CRATES:
            text = texts[count % len(texts)]
            with open(os.path.join(source, 'm%d.rs' % count), 'w', encoding='utf-8') as f:
                f.write(text.replace('NUMBER', str(100 * i + count)).replace('STEP', '3'))
            total += text.count('\n')
            count += 1
        edited = name in ('base', 'program')
        root = '#![allow(dead_code)]\n' + 'pub mod edited;\n' * edited + ''.join('pub mod m%d;\n' % k for k in range(count))
        used = ' + edited::run() as usize' * edited + ' + base::edited::generic(&[5u16]) as usize' * (name != 'base')
        root += 'pub fn run() -> usize { %s%s }\n' % (' + '.join('m%d::run().to_string().len()' % k for k in range(count)), used)
        if name == 'program':
            root += 'fn main() { println!("{}", run() + edited::run_base() as usize + %s); }\n' % ' + '.join(n + '::run()' for n in names[:-1])
        with open(os.path.join(source, 'main.rs' if name == 'program' else 'lib.rs'), 'w', encoding='utf-8') as f:
            f.write(root)
    with open(os.path.join(folder, 'Cargo.toml'), 'w', encoding='utf-8') as f:
        f.write('[workspace]\nresolver = "2"\nmembers = [%s]\n' % ', '.join('"%s"' % n for n in names))
    files = (os.path.join(folder, name, 'src', 'edited.rs') for name in ('program', 'base'))
    return Source(folder, *files, tests=(('-p', 'program'), ('-p', 'base')))


def published():
    """The folder where cargo has unpacked the application."""
    subprocess.run(['cargo', 'info', '--quiet', '%s@%s' % APPLICATION], check=True, stdout=subprocess.DEVNULL, cwd='/')
    cargo = os.environ.get('CARGO_HOME', os.path.expanduser('~/.cargo'))
    return glob.glob(os.path.join(cargo, 'registry', 'src', '*', '%s-%s' % APPLICATION))[0]


def packages():
    """How many packages the application's lock file has."""
    with open(os.path.join(published(), 'Cargo.lock'), encoding='utf-8') as f:
        return f.read().count('[[package]]')


def make_application(folder):
    name = APPLICATION[0]
    shutil.copytree(published(), folder)
    with open(os.path.join(folder, 'Cargo.toml'), 'a', encoding='utf-8') as f:
        f.write('\n[workspace]\n')
    source = os.path.join(folder, 'src')
    change(os.path.join(source, 'main.rs'), r'(?m)^mod ', '#[allow(dead_code)] mod leaf;\nmod ')
    change(os.path.join(source, 'lib.rs'), r'(?m)^pub mod ', '#[allow(missing_docs)] pub mod edited;\npub mod ')
    return Source(folder, os.path.join(source, 'leaf.rs'), os.path.join(source, 'edited.rs'), name,
                  (('--bin', name, 'leaf::'), ('--lib', 'edited::')))


SIZES = {'program': make_program, 'workspace': make_workspace, 'application': make_application}

