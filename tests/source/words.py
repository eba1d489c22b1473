#!/usr/bin/env python3
"""words.py [--core|--ceiling|--planted]: words that this project's English avoids, in what people read: pages, manual pages, the heads of
files, all comments of public headers, messages and help texts. Prints FILE:LINE, what stands there, and what to write.

The other comments of base, ir, lib, runtime and targets have such words, too: as many as CEILING says. The check fails if there are
more, and if there are fewer, so that the ceiling falls with each comment that is written better. --core prints them.
--ceiling fails if CEILING is above the lowest that an ancestor of the commit that is checked out has: it only falls. Who
adds a word to the list rewrites its places. --planted: a history where the ceiling was raised fails, one where it fell passes.

A place where a word is right has `words: as meant` in its line; pages quote such a word in backticks.
"""
import os
import re
import subprocess
import sys
import tempfile

# What is avoided, and what to write instead.
WORDS = [
    (r'\bbehind\b', 'after, follows, at the end of; or name what uses it'),
    (r'\bin front of (?!a terminal)', 'before'),
    (r'\bmended\b', 'fixed'),
    (r'\bin vain\b', 'without success'),
    (r'\b(in|by) turns\b', 'alternately, taking turns'),
    (r'\b(is|are) told\b', 'gets, is given; or who says it'),
    (r'(?<!not\x20)\bhave it\b', 'say what it is'),
    (r'\basked for\b', 'required, requested, wanted'),
    (r'\bwhat is worth its while\b', 'what is worthwhile'),
    (r"\bKiln's (does|do|has|have|is|are|says|say|takes|take|passes)\b", 'Kiln, or Kiln\'s code'),
    (r"\b(of|than|by|to|beside|and|with) Kiln's(?= *[.,;:)]|$)", 'Kiln, or Kiln\'s code'),
    (r'\bas ever\b', 'as always, unchanged'),
    (r'\bhas not\b(?= *[.,;:)]|$)', 'does not have'),
    (r'\bhave not\b(?= *[.,;:)]|$)', 'do not have'),
    (r'\bwithout a word\b', 'silently'),
    (r'\bbesides(?= \.)', 'also'),
    (r'\bthe way of a\b', 'the path of a'),
    (r'\bto nobody\b', 'to no one, or name it'),
    (r'\bmostly(?= *\))', 'usually'),
    (r'\bask(s|ed)? for (?!a )', 'requires, requests'),
    (r'\b(is|are) wanted, not\b', 'expected ..., not ...'),
    (r"\b(uint32_t|size_t) (operand|number|product|quotient)\b", 'unsigned (a type in the place of a word)'),
    (r', uint32_t \*/', 'unsigned (a type in the place of a word)'),
    (r'\b(or\'d|or\'ed)\b', 'combined by |'),
    (r'\bas a rule\b', 'usually'),
    (r'\banew\b', 'again'),
    (r'\bnone such\b', 'none'),
    (r'\b(sees|seen|see) to it\b', 'makes sure, ensures'),
    (r'\bits kin\b', 'the like'),
    (r'\bhis own\b', 'its own, or name it'),
    (r'\bnobody defines\b(?=")', 'undefined'),
    (r"\b(no optimi[sz]er|does not optimi[sz]e)\b", 'Kiln compiles in one pass ...; its only optimization is inlining (docs/faq.md)'),
    (r'[a-z.,]\x20\*\x20\*\x20[A-Z]', 'a damaged comment: write its lines again'),
]
EXCEPT = re.compile(r'words: as meant')
CEILING = 19
CORE = ('base', 'ir', 'lib', 'runtime', 'targets')
LIBRARIES = ('base', 'ir', 'lib', 'runtime', 'targets', 'frontends', 'assembler', 'dwarf', 'interp', 'tools')


def files(*patterns):
    out = subprocess.run(['git', 'ls-files', *patterns], check=True, text=True, stdout=subprocess.PIPE).stdout.split()
    return [f for f in out if not re.match(r'tests/run/(programs|differential)/|LICENSE', f) and f != 'tests/source/words.py']


def read(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return f.read()


def blank(text):
    return re.sub(r'[^\n]', ' ', text)


def page(text):
    """A page without its code."""
    text = re.sub(r'(?ms)^ *```.*?^ *```', lambda m: blank(m[0]), text)
    return re.sub(r'`[^`\n]*`', lambda m: '`' + ' ' * (len(m[0]) - 2) + '`', text)


def head(text, path):
    """The first comment of a file, or its text in Python."""
    if path.endswith('.py'):
        m = re.match(r'(?s)(#![^\n]*\n)?"""(.*?)"""', text)
    elif path.endswith(('.sh', 'dev')):
        m = re.match(r'(#.*\n)+', text)
    else:
        m = re.match(r'(?s)\s*/\*.*?\*/', text)
    return text[:m.end()] if m else ''


def comments(text):
    keep = list(blank(text))
    for m in re.finditer(r'(?s)/\*.*?\*/|//[^\n]*', text):
        keep[m.start():m.end()] = text[m.start():m.end()]
    return ''.join(keep)


def strings(text):
    """Texts in C, which may be messages: those with a space."""
    keep = list(blank(text))
    for m in re.finditer(r'"((?:[^"\\\n]|\\.)*)"', text):
        if ' ' in m[1]:
            keep[m.start():m.end()] = text[m.start():m.end()]
    return ''.join(keep)


def scanned():
    for f in files('*.md', 'docs/*.1'):
        yield f, page(read(f))
    for f in files('include/*.h', 'include/*.def'):
        text = read(f)
        yield f, comments(text)
        yield f, strings(text)
    for f in files('*.c', '*.h', '*.def', '*.py', '*.sh', 'dev'):
        if not f.startswith('include/'):
            yield f, head(read(f), f)
    for f in files(*(f'{folder}/*.{end}' for folder in LIBRARIES for end in ('c', 'h', 'def'))):
        yield f, strings(read(f))


def core():
    for f in files(*(f'{folder}/*.{end}' for folder in CORE for end in ('c', 'h', 'def'))):
        text = read(f)
        start = len(head(text, f))
        yield f, blank(text[:start]) + comments(text[start:])


def places(texts):
    """(path, line, phrase) of each place -> what to write instead."""
    found = {}
    words = [(re.compile(pattern.replace(' ', r'\s'), re.I), instead) for pattern, instead in WORDS]
    for path, text in texts:
        # A phrase may be broken over two lines.
        text = re.sub(r'[ \t]+', ' ', re.sub(r'[ \t]*\n[ \t]*(?:\* |# )?', '\n', text))
        lines = text.split('\n')
        for pattern, instead in words:
            for m in pattern.finditer(text):
                line = text.count('\n', 0, m.start()) + 1
                if not EXCEPT.search(lines[line - 1]):
                    found[(path, line, ' '.join(m[0].split()))] = instead
    return found


def lowest(folder='.'):
    """The lowest ceiling in the history of the commit that is checked out; None: there is no history."""
    log = subprocess.run(['git', '-C', folder, 'log', '--follow', '-p', '-U0', '--format=', '-G^CEILING = ', '--', 'tests/source/words.py'],
                         check=True, text=True, stdout=subprocess.PIPE).stdout
    return min(map(int, re.findall(r'(?m)^\+CEILING = (\d+)', log)), default=None)


def raised(ceiling, folder='.'):
    """What is wrong with a ceiling."""
    least = lowest(folder)
    if least is None:
        return 'no commit has a ceiling'
    return f'CEILING was {least} and is {ceiling}: rewrite what words.py --core prints instead' if ceiling > least else None


def planted():
    """What is wrong with the check: it takes a history whose last commit raises the ceiling, and ceilings beside it."""
    with tempfile.TemporaryDirectory() as folder:
        def git(*words):
            subprocess.run(['git', '-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'commit.gpgsign=false', *words],
                           check=True, stdout=subprocess.DEVNULL)
        git('init', '-q')
        os.makedirs(folder + '/tests/source')
        for ceiling in (170, 166, 168):
            with open(folder + '/tests/source/words.py', 'w', encoding='utf-8') as f:
                f.write(f'WORDS = []\nCEILING = {ceiling}\n')
            git('add', '.')
            git('commit', '-q', '-m', str(ceiling))
        return [f'a ceiling of {n} after 170, 166, 168 ' + ('passes' if fails else 'fails')
                for n, fails in ((168, True), (167, True), (166, False), (165, False)) if bool(raised(n, folder)) != fails]


def main():
    if '--planted' in sys.argv[1:] or '--ceiling' in sys.argv[1:]:
        wrong = planted() if '--planted' in sys.argv[1:] else [text for text in [raised(CEILING)] if text]
        print('\n'.join(wrong), end='\n' if wrong else '')
        return 1 if wrong else 0
    inner = places(core())
    found = inner if '--core' in sys.argv[1:] else places(scanned())
    for (path, line, what), instead in sorted(found.items()):
        print(f'{path}:{line}: {what}: write {instead}')
    if len(inner) != CEILING:
        print(f'tests/source/words.py: the comments of {", ".join(CORE)} have {len(inner)} such places, CEILING says {CEILING}: '
              + ('see words.py --core' if len(inner) > CEILING else 'lower it'))
    return 1 if found or len(inner) != CEILING else 0


if __name__ == '__main__':
    sys.exit(main())
