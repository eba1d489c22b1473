#!/usr/bin/env python3
"""pages.py [--write|--planted]: what pages say of this tree is so. Prints what is not:

- relative links of all pages lead to files, and to headings; docs/index.md lists every page of docs;
- commands `./dev NAME` exist; commands in blocks of `sh` in README.md and docs are `./dev` ones, or run by a test
  (tests/tool/pages.sh), or say why they are not: `<!-- not run: REASON -->`;
- names of the API are in the headers, and `KILN_...` variables somewhere in the tree;
- files that comments of the source name are in the tree;
- CONTRIBUTING.md's map has a row for each folder of files that git tracks, and for each folder in one of MAPPED;
- what readers ask is answered where they look (ANSWERS);
- figures that stand in several places, and that no command writes there (bench/figures.py), are equal, but for rounding;
- docs/internals/performance.md has the executed instructions that bench/counts.tsv has in its last row;
- docs/proof.md names the conventions, systems and operations that no row of proof has;
- after `<!-- from: FILE NAME -->` stands the part of FILE between the comments `[NAME]` and `[end]`; --write puts it there.

--planted changes what the checks of performance.md, of proof.md and of answers look at, which they have to find.
"""
import os
import re
import subprocess
import sys
import textwrap

FENCED = re.compile(r'(?ms)^```.*?^```')
FROM = re.compile(r'(<!-- from: (\S+) (\S+) -->\n```c\n)(.*?)(```\n)', re.S)


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def part(path, name):
    found = re.search(r'(?s)/\* \[%s\] \*/\n(.*?) */\* \[end\] \*/' % name, read(path))
    return textwrap.dedent(found[1]) if found else ''


def anchors(text):
    """What GitHub makes of headings."""
    return {re.sub(r'[^\w\- ]', '', h.lower()).strip().replace(' ', '-')
            for h in re.findall(r'(?m)^#+ +(.*?) *$', FENCED.sub('', text))}


def links(page, text, files):
    folders = {f[:m.start()] for f in files for m in re.finditer('/', f)}
    plain = FENCED.sub(lambda m: re.sub(r'[^\n]', '', m[0]), text)
    for m in re.finditer(r'\]\(([^)\s]+)\)', plain):
        target, _, heading = m[1].partition('#')
        if re.match(r'[a-z]+:', m[1]):
            continue
        where = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
        if (where not in files and where not in folders) or (heading and where.endswith('.md') and heading not in anchors(read(where))):
            yield f'{page}:{plain.count(chr(10), 0, m.start()) + 1}: no {m[1]}'


def commands(page, text, known):
    for name in re.findall(r'\./dev ([a-z][a-z-]*)', text):
        if name not in known:
            yield f'{page}: no ./dev {name}'
    if page.startswith(('docs/', 'README', 'CONTRIBUTING')):
        for mark, block in re.findall(r'(?ms)^(<!-- [^\n]* -->\n)?^```sh\n(.*?)^```', text):
            lines = [line for line in block.splitlines() if line and not line.startswith('#')]
            if not re.match(r'<!-- (run|setup|not run: )', mark) and not all(line.startswith('./dev ') for line in lines):
                yield f'{page}: commands that nothing runs: {lines[0]}'


def api_names(declared=False):
    """Names in the headers (`declared`: not those that stand in comments alone); those that their tables make; variables
    that programs and tests read."""
    headers = ''.join(read(os.path.join('include/kiln', f)) for f in os.listdir('include/kiln'))
    if declared:
        headers = re.sub(r'(?s)/\*.*?\*/', '', headers)
    names = set(re.findall(r'\b(?:kiln|KILN)_\w+', headers))
    for upper, lower in re.findall(r'(?m)^KILN_OP\((\w+), (\w+)', headers):
        names |= {'KILN_OP_' + upper, 'kiln_build_' + lower}
    names |= {f'KILN_{kind}_{name}' for kind, name in re.findall(r'(?m)^KILN_(DW_[A-Z]+)\(0x[0-9a-f]+, (\w+)', headers)}
    variables = subprocess.run(['git', 'grep', '-hoE', r'["${]KILN_[A-Z_]+|environ\S*KILN_[A-Z_]+', '--', 'integrations', 'tools', 'tests', 'fuzz'],
                               check=True, text=True, stdout=subprocess.PIPE).stdout
    return names | set(re.findall(r'KILN_[A-Z_]+', variables))


def comment_names(text, known):
    """Names in the comments of a header that no header declares."""
    found = set(re.findall(r'\b(?:kiln|KILN)_\w*[A-Za-z0-9]\b', ''.join(re.findall(r'(?s)/\*.*?\*/', text))))
    return sorted(n for n in found - known - NAMED if not any(k.startswith(n) for k in known))


# Files of others that comments name.
FOREIGN = {'FixedMetadataKinds.def', 'DebugInfoFlags.def', 'LLVMBitCodes.h', 'Types.def', 'execExpr.h', 'fmgrprotos.h', 'unwind-c.c',
           'dirent.h', 'qemu-plugin.h', 'jit.h', 'a.c', 'f.c'}


def named_files(path, text, names):
    """Files that comments name and the tree does not have."""
    for comment in re.finditer(r'(?s)/\*.*?\*/', text):
        for m in re.finditer(r'(?<![\w<*./-])((?:[\w-]+/)*[\w-]+\.(?:c|h|def|py|sh))\b(?![\w*])', comment[0]):
            base = m[1].rpartition('/')[2]
            if base not in FOREIGN and not any(n == m[1] or n.endswith('/' + m[1]) for n in names.get(base, ())):
                yield f'{path}:{text.count(chr(10), 0, comment.start() + m.start()) + 1}: no {m[1]}'


# Examples of a name, packages for Python and Rust, a section: not names of the API.
NAMED = {'kiln_x_set_y', 'KILN_PROCESSOR_RISCV64', 'kiln_codegen', 'kiln_sys', 'kiln_roots'}


def present(text):
    """What a page says of the present: without the column of former names in a table of before and now."""
    return re.sub(r'(?m)^\| before \| now \|\n(?:\|.*\n)+', lambda m: re.sub(r'(?m)^\|(?:\\\||[^|])*\|', '|', m[0]), text)


def names(page, text, known):
    for name in sorted(set(re.findall(r'\b(?:kiln|KILN)_\w*[A-Za-z0-9]\b', text)) - known - NAMED):
        if not any(k.startswith(name) for k in known):
            yield f'{page}: no {name}'


# Places of one figure: a page and what stands around it.
FACTS = [
    [('README.md', r'shared library has (\S+) MB'), ('docs/faq.md', r'`libkiln.so` has (\S+) MB'), ('docs/platforms.md', r'\| none \| nothing \| (\S+) \|')],
    [('docs/tutorial.md', r'complete compiler for a small language. The compiler has (\S+) lines'), ('examples/clay/README.md', r'in some (\S+) lines')],
    [('docs/rustc.md', r'LLVM (\d+) or newer'), ('CHANGELOG.md', r'of LLVM (\d+) and newer'), ('docs/debug-builds.md', r'version (\d+) or newer'),
     ('integrations/llvm/README.md', r'must be (\d+) or newer')],
    [('docs/building.md', r'up to (\d+) results'), ('docs/ir.md', r'\*\*Results\*\* are up to (\d+)')],
]


def span(text):
    """What a number that is rounded may be; None: it is none."""
    if not re.fullmatch(r'\d+\.?\d*', text):
        return None
    half = 0.5 * 10 ** -len(text.partition('.')[2]) * 1.0001 if '.' in text else 0.5
    return float(text) - half, float(text) + half


def facts():
    for places in FACTS:
        found = []
        for page, pattern in places:
            m = re.search(pattern.replace(' ', r'\s+'), read(page))
            found.append((page, m[1].replace(',', '') if m else 'nothing'))
        if any(v == 'nothing' for _, v in found):
            yield 'no figure: ' + ', '.join(page for page, v in found if v == 'nothing')
            continue
        spans = [span(v) for _, v in found]
        if None in spans or all('.' not in v for _, v in found):
            same = len({' '.join(v.split()) for _, v in found}) == 1
        else:
            same = max(low for low, _ in spans) <= min(high for _, high in spans)
        if not same:
            yield 'one figure, in several ways: ' + ', '.join(f'{v} in {page}' for page, v in found)


def counted(page):
    """docs/internals/performance.md: executed instructions for each of SQLite's, as the newest row of counts.tsv has them."""
    rows = [line.split('\t') for line in read('bench/counts.tsv').splitlines() if not line.startswith('#')]
    last = dict(zip(rows[0], rows[-1]))
    m = re.search(r'some (\d[\d,]*) instructions are executed\s+\(some (\d[\d,]*) with -g\) for each of SQLite\'s ([\d,]+) LLVM', page)
    if not m:
        return ['docs/internals/performance.md: no executed instructions']
    said = [int(n.replace(',', '')) for n in m.groups()]
    have = [10 * round(float(last[name]) * 1e5 / said[2]) for name in ('sqlite-O0', 'sqlite-O0-g')]
    return [f'docs/internals/performance.md: some {a} instructions, but {b} by bench/counts.tsv' for a, b in zip(said, have) if a != b]


def unproved(page):
    """docs/proof.md: what its section does not name, of what no row has."""
    section = page.partition('## What is not proved')[2].partition('\n## ')[0]
    rows = read('proof/rows.py')
    names = re.findall(r"'(\w+)': '", re.search(r'(?s)^LEFT_OUT = \{(.*?)^\}', rows, re.M)[1])
    names += re.findall(r'\[KILN_CC_\w+\] = "(\w+)"', read('ir/lex/parse_read.c'))
    if 'windows' not in rows:
        names.append('x86_64-windows')
    return [f'docs/proof.md: `{n}` has no row of proof, and is not named' for n in names if f'`{n}`' not in section]


def planted():
    """What the checks do not find."""
    performance, proof = read('docs/internals/performance.md'), read('docs/proof.md')
    pairs = [(counted, performance, re.search(r'some (\d[\d,]*) with -g', performance)[1], '1,400'), (counted, performance, re.search(r'some \d[\d,]* instructions', performance)[0], 'some 900 instructions'),
             (unproved, proof, '`x86_64-windows`', 'Windows'), (unproved, proof, '`set_pinned`', 'others'), (unproved, proof, '`sysv`', 'others')]
    bad = [f'{check.__name__}: {new} in place of {old} is not found' for check, page, old, new in pairs if not check(page.replace(old, new))]
    pages = {page: read(page) for _, page, _ in ANSWERS}
    return bad + [f'answers: {page} without the answer is not found: {question}' for question, page, words in ANSWERS
                  if not any(answers({**pages, page: re.sub(words.replace(' ', r'\s+'), '', pages[page])}))]


# Folders of which the map has the subfolders, too.
MAPPED = ('base', 'ir', 'lib', 'runtime', 'targets', 'frontends', 'bindings', 'integrations', 'packaging')


def unmapped(files, page):
    """Folders that have no row in CONTRIBUTING.md's map, or an empty one."""
    rows = dict(re.findall(r'(?m)^\| \[([^]]+)\]\(\1\) \| *(.*?) *\|', page))
    folders = {p[0] for p in (f.split('/') for f in files) if len(p) > 1 and not p[0].startswith('.')}
    folders |= {'/'.join(p[:2]) for p in (f.split('/') for f in files) if len(p) > 2 and p[0] in MAPPED}
    return [f'CONTRIBUTING.md: the map has no row for {f}' for f in sorted(folders) if not rows.get(f)]


# A question of a reader, the page where the reader looks, and what stands in the answer.
ANSWERS = [
    ('may untrusted input do harm, and whom do I tell?', 'README.md', r'\]\(SECURITY\.md\)'),
    ('may untrusted input do harm, and whom do I tell?', 'docs/index.md', r'\]\(\.\./SECURITY\.md\)'),
    ('are time and memory limited?', 'SECURITY.md', r'\*\*Resources\.\*\*'),
    ('what of it is there on Windows?', 'README.md', r'only wine has run them; `kiln run` is not there'),
    ('does the tutorial work on Windows?', 'docs/tutorial.md', r'On Windows'),
    ('is there a JIT on Windows?', 'docs/jit.md', r'with some differences, on x86-64 Windows'),
    ('is a moving collector possible on Windows?', 'docs/roots.md', r'For Windows it is the same'),
    ('which personality has a function for Windows?', 'docs/exceptions.md', r'`__gxx_personality_seh0`'),
    ('how do I use it without root?', 'README.md', r'docs/building\.md#without-root'),
    ('how do I use it without root?', 'docs/tutorial.md', r'building\.md#without-root'),
    ('how do I use it without installing it?', 'docs/building.md', r'meson-uninstalled'),
    ('in which folder are the libraries?', 'docs/building.md', r'`lib64` on Fedora'),
    ('does it build with musl?', 'docs/platforms.md', r'With musl'),
    ('where is upstream, and the tarball of the source?', 'docs/platforms.md', r'upstream address'),
    ('which clang does -Og need?', 'docs/debug-builds.md', r'At `-Og`, clang has to be version 22'),
    ('a lowering is wrong: which file?', 'docs/internals/architecture.md', r'\*\*a lowering that is wrong\*\*'),
]


def answers(pages):
    for question, page, words in ANSWERS:
        if not re.search(words.replace(' ', r'\s+'), pages[page]):
            yield f'{page}: no answer: {question}'


def main():
    if '--planted' in sys.argv:
        bad = planted()
        print('\n'.join(bad), end='\n' if bad else '')
        return 1 if bad else 0
    out = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    files = {f for f in out.split('\n') if f and os.path.exists(f)}
    pages = {f: read(f) for f in sorted(files) if f.endswith('.md') and not os.path.islink(f)}
    known = set(re.findall(r'(?m)^  ([a-z-]+)\b', subprocess.run(['./dev', 'help'], text=True, stdout=subprocess.PIPE, check=True).stdout))
    api, bad, n = api_names(), [], 0
    declared = api_names(declared=True)
    for page, text in pages.items():
        new = FROM.sub(lambda m: m[1] + part(m[2], m[3]) + m[5], text)
        if new != text and '--write' in sys.argv:
            with open(page, 'w', encoding='utf-8') as f:
                f.write(new)
        elif new != text:
            bad.append(f'{page}: does not have what its sources have: tests/source/pages.py --write')
        bad += [f'{page}: no part {m[3]} in {m[2]}' for m in FROM.finditer(text) if not part(m[2], m[3])]
        bad += [*links(page, text, files), *commands(page, text, known | {'help'}), *names(page, present(text), api)]
        n += len(re.findall(r'\]\(', text))
    for path in sorted(f for f in files if re.fullmatch(r'include/kiln/.*\.(h|hpp|def)', f)):
        bad += [f'{path}: no {name}' for name in comment_names(read(path), declared)]
    by_name = {}
    for f in files:
        by_name.setdefault(os.path.basename(f), []).append(f)
    for path in sorted(f for f in files if re.match(r'(base|ir|lib|targets|interp|assembler|dwarf|frontends|tools|integrations|include)/.*\.(c|h|hpp|def)$', f)):
        bad += named_files(path, read(path), by_name)
    bad += [*facts(), *answers(pages), *unmapped(files, pages['CONTRIBUTING.md']), *counted(pages['docs/internals/performance.md']), *unproved(pages['docs/proof.md'])]
    index = set(re.findall(r'\]\(([^)#]+)', pages['docs/index.md']))
    bad += [f'docs/index.md does not list {f}' for f in pages
            if re.fullmatch(r'docs/.*\.md', f) and f != 'docs/index.md' and f[len('docs/'):] not in index]
    print('\n'.join(bad), end='\n' if bad else '')
    if n < 100:
        print('few links are found:', n)
    return 1 if bad or n < 100 else 0


if __name__ == '__main__':
    sys.exit(main())
