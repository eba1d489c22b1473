#!/usr/bin/env python3
"""What a whole run of the tests costs, as tests/README.md has it.

    costs.py --paste FILE    puts into the page what `./dev test` wrote (build/costs.md)
    costs.py --check         fails if the page has another form, or sums that are not those of its rows
    costs.py --planted       changes each number of the page in turn, which has to be found
"""
import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / 'README.md'
BLOCK = re.compile(r'(?s)(<!-- costs -->\n)(.*?)(<!-- end of costs -->\n)')
HEAD = 3 # lines before the table
WHENCE = re.compile(r'CPU seconds, user and system, of a whole run \((.*); (\S+); commit (\S+)\):\n'
                    r'([\d,]+) in all, \S+ minutes\. Building costs (.*) of them\.\n')


def whence():
    """Machine, day and commit."""
    model = re.search(r'model name\s*: (.*)', Path('/proc/cpuinfo').read_text(encoding='utf-8'))
    done = subprocess.run(['git', 'rev-parse', '--short=8', 'HEAD'], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return [f'{model[1] if model else "unknown processor"}, {os.cpu_count()} cores', datetime.date.today().isoformat(), done.stdout.strip() or 'unknown']


def text(building, total, builds, rows, where=None):
    """Lines of the page. `building`: builds and their seconds; `rows`: a folder and the seconds of its tests in each build."""
    machine, day, commit = where or whence()
    built = [f'{s:,.0f} ({build})' for build, s in building]
    return [f'CPU seconds, user and system, of a whole run ({machine}; {day}; commit {commit}):',
            f'{total:,.0f} in all, {total / 60:.1f} minutes. Building costs {", ".join(built[:-1])} and {"".join(built[-1:])} of them.', '',
            '| tests | ' + ' | '.join(builds) + ' | all |', '|---|' + '---:|' * (len(builds) + 1),
            *(f'| {part} | ' + ' | '.join(f'{s:,.0f}' for s in [*of, sum(of)]) + ' |' for part, of in rows)]


def number(words):
    return int(words.replace(',', ''))


def wrong(page):
    """What is wrong with the page, or None."""
    block = BLOCK.search(page)
    head = block and WHENCE.match(block[2])
    if not head:
        return 'tests/README.md does not have the costs as ./dev test prints them'
    building = [(build, number(s)) for s, build in re.findall(r'([\d,]+) \((\w+)\)', head[5])]
    builds, *rows = [r.strip('| ').split(' | ') for r in re.findall(r'(?m)^\| .* \|$', block[2])]
    rows = [(part, [number(s) for s in each], number(of_all)) for part, *each, of_all in rows]
    lines = text(building, number(head[4]), builds[1:-1], [(part, each) for part, each, _ in rows], (head[1], head[2], head[3]))
    found = block[2].rstrip('\n').split('\n')
    sums = re.compile(r'[\d,]+ \|$')  # which are rounded by themselves
    if [sums.sub('', line) for line in lines] != [sums.sub('', line) for line in found]:
        return 'tests/README.md has costs of another form than ./dev test prints: tests/harness/costs.py --paste build/costs.md'
    for part, each, of_all in rows:
        if abs(sum(each) - of_all) > (len(each) + 1) / 2:
            return f'tests/README.md: {part} costs {sum(each)}, not {of_all}'
    most = sum(s for _, s in building) + sum(of_all for _, _, of_all in rows)
    if not 0.98 * most < number(head[4]) < 1.1 * most: # what meson and ./dev do besides is in no row
        return f'tests/README.md: {most} CPU seconds in the rows, {head[4]} in all'
    return None


def planted(page):
    made = text([('gcc', 213.4), ('sanitize', 99.6)], 1413.2, ['gcc', 'sanitize'], [('tool', [600.4, 0.4]), ('all others', [400.6, 99.4])])
    missed = [f'what was printed is wrong: {w}' for w in [wrong('<!-- costs -->\n' + '\n'.join(made) + '\n<!-- end of costs -->\n')] if w]
    block = BLOCK.search(page)
    for m in re.finditer(r'(?m)(?<=[ |])[\d,]+(?= \||\ \(\w+\)| in all)|^[\d,]+(?= in all)', block[2]):
        at = block.start(2) + m.start()
        if not wrong(page[:at] + '9' + page[at:]):
            missed.append(f'tests/README.md: 9{m[0]} in place of {m[0]} is not found')
    return '\n'.join(missed)


def main():
    page = PAGE.read_text(encoding='utf-8')
    if sys.argv[1:2] == ['--paste']:
        PAGE.write_text(BLOCK.sub(lambda m: m[1] + Path(sys.argv[2]).read_text(encoding='utf-8') + m[3], page), encoding='utf-8')
        return 0
    bad = planted(page) if sys.argv[1:] == ['--planted'] else wrong(page)
    print(bad or '', end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
