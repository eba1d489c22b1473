#!/usr/bin/env python3
"""Dates of measured figures: each names the day and the commit that was measured, as `2026-11-28; commit 0c5a7ea6`.

    measured.py              fails unless each table of figures has a stamp: in a row, before it under the same heading, or in
                             the paragraph after it; and each section in FOLDERS has one
    measured.py --history    fails unless the commits are in git's history, and no newer than the day beside them
    measured.py --changed    `./dev figures`: figures whose folders changed by more than 5,000 lines since they were measured.
                             Moved lines do not count. It is a warning
    measured.py --planted    takes each stamp away in turn, and changes its commit and its day, which have to be found

FOLDERS says on which folders the figures of a page or of a section depend. A table whose numbers are no measurements, as
limits and offsets are, is in NOT_MEASURED by its heading. A figure without a table is a sentence with a stamp.
"""
import collections
import datetime
import os
import re
import subprocess
import sys

MOST = 5000
PAGES = r'(?!CHANGELOG)[A-Z]+\.md|docs/.*\.md|tests/README\.md|integrations/[^/]*/README\.md'
STAMP = re.compile(r'(\d{4}-\d\d-\d\d);\s+commit\s+([0-9a-f]{8,12})\b')
CODE = 'base ir lib targets frontends/llvm'
DEBUG = 'lib/codegen lib/debug lib/dwarf ir/debug frontends/llvm/debug'
RUST = 'ir lib targets integrations/rustc integrations/llvm integrations/link'
WASM = 'ir lib targets frontends/wasm'
# What figures depend on, by page or by section: a section without a row has that of the heading above it.
FOLDERS = {
    'README.md': CODE,
    'docs/benchmarks.md': CODE,
    'docs/benchmarks.md#from-an-edit-to-the-end-of-the-tests': RUST,
    'docs/benchmarks.md#webassembly': WASM,
    'docs/building.md#variables-slots-or-ssa': 'ir lib targets',
    'docs/building.md#what-ir-gives-good-code': 'ir lib targets frontends/qbe',
    'docs/building.md#hardening-and-conventions': 'lib/codegen targets',
    'docs/compatibility.md': CODE,
    'docs/compatibility.md#crates': RUST,
    'docs/debug-builds.md': CODE,
    'docs/debug-builds.md#rust-cargo': RUST,
    'docs/debug-builds.md#what-each-mode-gives-and-costs': RUST,
    'docs/debugging.md': DEBUG,
    'docs/faq.md': CODE,
    'docs/inlining.md': CODE,
    'docs/installing.md': 'packaging',
    'docs/internals/architecture.md': 'lib targets',
    'docs/internals/forwarding.md': DEBUG,
    'docs/internals/performance.md': CODE,
    'docs/ir.md': 'ir lib/codegen',
    'docs/jit.md': 'lib/jit',
    'docs/languages.md': CODE,
    'docs/numba.md': 'ir lib targets bindings/python frontends/llvm',
    'docs/platforms.md': CODE,
    'docs/platforms.md#programs-for-windows': 'lib/object lib/image targets lib/codegen',
    'docs/platforms.md#aarch64-hosts': 'targets/aarch64 lib/jit interp integrations/rustc',
    'docs/proof.md': 'lib/codegen targets proof',
    'docs/python.md': 'ir lib targets bindings/python',
    'docs/roots.md': 'lib runtime',
    'docs/rust.md': 'ir lib targets bindings/rust',
    'docs/rustc.md': RUST,
    'docs/showing-values.md': RUST,
    'docs/wasm.md': WASM,
    'integrations/llvm/README.md': CODE + ' integrations/llvm',
    'integrations/postgresql/README.md': 'ir lib targets integrations/postgresql',
    'tests/README.md': 'tests',
}
# Tables of numbers that nobody measured, by the page and the table's first row.
NOT_MEASURED = {
    'docs/building.md | at most': 'limits',
    'docs/debug-builds.md build | codegen units': 'settings',
    'docs/embedding-untrusted-modules.md limit | default': 'limits',
    'docs/internals/extending.md file | what it has': 'files',
    'docs/ir.md type |': 'widths',
    'docs/platforms.md tier | what it means': 'tiers',
    'docs/platforms.md | x86-64 | AArch64': 'tiers',
    'docs/platforms.md part | promise': 'tiers',
    'docs/roots.md offset | bytes': 'a format',
    'docs/wasm.md features | repository | date': 'versions',
    'README.md you | one command': 'figures of the table below it',
}
Section = collections.namedtuple('Section', 'anchors first lines')  # headings from the page's to its own; the line of its first


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def git(*words):
    return subprocess.run(['git', *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def pages():
    files = git('ls-files').stdout.split('\n') if os.path.exists('.git') else [
        os.path.relpath(os.path.join(top, f), '.') for top, _, names in os.walk('.') if 'build' not in top for f in names]
    return {f: read(f) for f in sorted(files) if re.fullmatch(PAGES, f) and os.path.exists(f) and not os.path.islink(f)}


def sections(text):
    """The parts of a page between headings."""
    above, lines, first, fenced = [], [], 1, False
    for number, line in enumerate(text.split('\n'), 1):
        fenced ^= line.lstrip().startswith('```')
        m = None if fenced else re.match(r'(#+) +(.*)', line)
        if m:
            yield Section([a for _, a in above], first, lines)
            anchor = re.sub(r'[^\w\- ]', '', m[2].lower()).strip().replace(' ', '-')
            above = [(depth, a) for depth, a in above if depth < len(m[1])] + [(len(m[1]), anchor)]
            lines, first = [], number
        lines.append(line)
    yield Section([a for _, a in above], first, lines)


def tables(section):
    """First and last line (and one) of each table."""
    k = 0
    while k < len(section.lines):
        end = k
        while end < len(section.lines) and section.lines[end].lstrip().startswith('|'):
            end += 1
        if end > k + 2:
            yield k, end
        k = max(end, k + 1)


def is_of_figures(rows):
    """At least three cells, and a fourth of all, have a number outside of code and links."""
    cells = [re.sub(r'`[^`]*`|\]\([^)]*\)', '', cell) for row in rows for cell in row.strip().strip('|').split('|')]
    count = sum(bool(re.search(r'(?<![\w.-])\d[\d.,]*(?![\w-])', cell)) for cell in cells)
    return count >= 3 and 4 * count >= len(cells)


def stamped(section, first, end):
    """Whether the table has a stamp: before it under its heading, in it, or in the paragraph after it."""
    after = '\n'.join(section.lines[end:]).lstrip('\n').partition('\n\n')[0]
    return STAMP.search('\n'.join([*section.lines[:end], '' if after.startswith('|') else after]))


def folders_of(page, anchors):
    for anchor in reversed(anchors):
        if page + '#' + anchor in FOLDERS:
            return FOLDERS[page + '#' + anchor]
    return FOLDERS.get(page)


def missing(page, text):
    """Tables without a stamp, stamps that depend on nothing, sections of FOLDERS without a stamp; and what of the lists was used."""
    used = set()
    for section in sections(text):
        for first, end in tables(section):
            where, head = '%s:%d' % (page, section.first + first), section.lines[first].strip().strip('|').strip()
            known = [k for k in NOT_MEASURED if (page + ' ' + head).startswith(k) or (page + ' | ' + head).startswith(k)]
            used.update(known)
            if not known and is_of_figures(section.lines[first + 2:end]) and not stamped(section, first, end):
                yield where + ': a table of figures without `YYYY-MM-DD; commit XXXXXXXX`: ' + head
        if STAMP.search('\n'.join(section.lines)):
            if folders_of(page, section.anchors) is None:
                yield '%s:%d: FOLDERS of tests/source/measured.py does not say what these figures depend on' % (page, section.first)
            used.update([page, *(page + '#' + a for a in section.anchors)])
    for key in [*FOLDERS, *NOT_MEASURED]:
        if re.split('[# ]', key)[0] == page and key not in used:
            yield '%s: no figures with date and commit, or no such table: %s' % (page, key)


def stamps(page, text):
    """Of each: page and line, day, commit, folders."""
    for section in sections(text):
        joined = '\n'.join(section.lines)
        for m in STAMP.finditer(joined):
            yield '%s:%d' % (page, section.first + joined.count('\n', 0, m.start())), m[1], m[2], folders_of(page, section.anchors)


class History:
    """Commits of the branch, with their days."""

    def __init__(self):
        self.found = {h[:8]: day for day, h in (line.split() for line in git('log', '--format=%cs %H').stdout.split('\n') if line)}

    def wrong(self, where, day, commit):
        if commit[:8] not in self.found:
            return '%s: commit %s is not in the history' % (where, commit)
        try:
            last = datetime.date.fromisoformat(day) + datetime.timedelta(days=1)  # time zones
        except ValueError:
            return '%s: %s is no day' % (where, day)
        if self.found[commit[:8]] > last.isoformat():
            return '%s: commit %s is of %s, newer than %s' % (where, commit, self.found[commit[:8]], day)
        return None


def changes(commit):
    """Lines that were added and removed since the commit, by file. A file that only moved has none."""
    fields, counts = git('diff', '-M', '--numstat', '-z', commit, 'HEAD').stdout.split('\0'), {}
    while len(fields) > 1:
        added, removed, path = fields.pop(0).split('\t')
        if not path:
            _, path = fields.pop(0), fields.pop(0)
        counts[path] = sum(int(n) for n in (added, removed) if n != '-')
    return counts


def changed():
    history, by_commit = History(), {}
    for page, text in pages().items():
        for where, day, commit, folders in stamps(page, text):
            if commit[:8] not in history.found or not folders:
                continue
            if commit not in by_commit:
                by_commit[commit] = changes(commit)
            lines = sum(n for path, n in by_commit[commit].items() if path.startswith(tuple(f + '/' for f in folders.split())))
            if lines > MOST:
                print('%s: %s; commit %s: %s lines changed since in %s' % (where, day, commit, format(lines, ','), folders))
    return 0


def planted():
    """Of each page, takes all stamps of one table's section away; of each stamp, changes commit and day."""
    missed, count, history = [], 0, History()
    for page, text in pages().items():
        clean = list(missing(page, text))
        for section in sections(text):
            part = '\n'.join(section.lines)
            if any(is_of_figures(section.lines[a + 2:b]) and stamped(section, a, b) for a, b in tables(section)):
                count += 1
                if len(list(missing(page, text.replace(part, STAMP.sub('today', part), 1)))) <= len(clean):
                    missed.append('%s:%d: tables without their stamps are not found' % (page, section.first))
        for where, day, commit, _ in stamps(page, text):
            if history.found and not (history.wrong(where, day, commit[::-1]) and history.wrong(where, '2026-01-01', commit)):
                missed.append(where + ': another commit or day is not found')
    return missed + ['only %d sections have tables' % count] * (count < 20)


def main():
    if sys.argv[1:] == ['--changed']:
        return changed()
    bad = []
    if sys.argv[1:] == ['--planted']:
        bad = planted()
    elif sys.argv[1:] == ['--history']:
        history = History()
        bad = [w for page, text in pages().items() for where, day, commit, _ in stamps(page, text) if (w := history.wrong(where, day, commit))]
    else:
        bad = [w for page, text in pages().items() for w in missing(page, text)]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
