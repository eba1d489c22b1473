#!/usr/bin/env python3
"""manual.py: the manual page docs/kiln.1, and commands in other pages, have the verbs and options of the table
tools/options.def: names, values, and the verbs that have an option. Differences that are planted must be found."""
import glob
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        return f.read()


def table(text):
    """{verb: its options' numbers}, {number: (name, value or None)} of options.def; verbs in order."""
    text = re.sub(r'(?s)/\*.*?\*/', '', text)
    options = {m[1]: (m[2], m[3]) for m in re.finditer(r'^OPTION\((\w+), "([^"]+)", (?:NULL|"([^"]*)")', text, re.M)}
    verbs, foreign = {}, set()
    for m in re.finditer(r'(?s)^VERB\(\w+, "([^"]+)", "[^"]*", (\w+),(.*?)\)$', text, re.M):
        verbs[m[1]] = re.findall(r'OPT\((\w+)\)', m[3])
        if m[2] == 'FOREIGN':
            foreign.add(m[1])
    return options, verbs, foreign


def wanted(options, verbs, foreign):
    """{(option, value): verbs} that the page must have."""
    found = {}
    for verb, its in verbs.items():
        for o in its:
            found.setdefault(options[o], []).append(verb)
    found[options['HELP']] = ['all']
    return {option: ', '.join(its) for option, its in found.items()}


def plain(line):
    """A line of a manual page without its macro and fonts."""
    line = re.sub(r'^\.[A-Z]+ ', '', line)
    line = re.sub(r'\\f.', '', line).replace('\\-', '-')
    return re.sub(r'"([^"]*)"|([^" ]+)| ', lambda m: m[1] or m[2] or '', line).strip()


def described(page):
    """The same as the page has it."""
    part = re.search(r'(?s)^\.SH OPTIONS\n(.*?)^\.SH ', page, re.M)[1]
    found = {}
    for entry in part.split('\n.TP\n')[1:]:
        head, verbs = entry.split('\n')[:2]
        name, bracket, value = re.fullmatch(r'(--[a-z-]+|-\w)(\[?)[= ]?(.*)', plain(head)).groups()
        found[name, (bracket + value).upper() or None] = verbs.strip('()')
    return found


def differences(definition, page):
    options, verbs, foreign = table(definition)
    want, have = wanted(options, verbs, foreign), described(page)
    for option in sorted({*want, *have}, key=str):
        if want.get(option) != have.get(option):
            yield f'{option[0]} {option[1] or ""}: the table has "{want.get(option)}", the page "{have.get(option)}"'
    synopsis = re.search(r'(?s)^\.SH SYNOPSIS\n(.*?)^\.SH ', page, re.M)[1]
    named = set(re.findall(r'^\.B kiln ([a-z+]+)', synopsis, re.M)) - {'help'}
    for verb in sorted(named ^ set(verbs)):
        yield f'the verb {verb} is in {"the synopsis" if verb in named else "the table"} alone'


def commands(definition, path, text):
    """Options in commands of a page that their verb does not have, and verbs that there are not."""
    options, verbs, foreign = table(definition)
    for m in re.finditer(r'(?:`|\$ |^)(?:[A-Z_]+=\S+ )*kiln ([a-z+]+)((?: [^\s`|;]+)*)', text, re.M):
        verb, words = m[1], m[2].split(' -- ')[0].split()
        if verb == 'help':
            continue
        if verb not in verbs:
            yield f'{path}: {m[0]}: there is no such verb'
            continue
        names = {options[o][0] for o in verbs[verb]} | {'--help'}
        for word in words:
            name = re.match(r'--[a-z-]+', word)
            if verb in foreign or verb == 'with':
                break
            if name and name[0] not in names:
                yield f'{path}: {m[0]}: {verb} has no {name[0]}'


def main():
    definition, page = read('tools/options.def'), read('docs/kiln.1')
    cases = []

    def case(name, ok, text=''):
        cases.append(ok)
        print('%sok %d - %s' % ('' if ok else 'not ', len(cases), name))
        if not ok and text:
            print('# ' + text.replace('\n', '\n# '))
    found = list(differences(definition, page))
    case('kiln.1 has the options and verbs of the table', not found, '\n'.join(found))
    pages = [os.path.relpath(p, ROOT) for pattern in ('*.md', 'docs/*.md', '*/README.md', '*/*/README.md') for p in glob.glob(os.path.join(ROOT, pattern))]
    found = [d for p in sorted(pages) if not p.startswith(('build', 'CHANGELOG')) for d in commands(definition, p, read(p))]
    case('commands in pages have verbs and options that there are', not found, '\n'.join(found))
    for what, old, new in [('an option that the page lacks', r'.B \-\-aranges', r'.B \-\-arranges'),
                           ('another value', r'.BI \-\-fuel= N', r'.BI \-\-fuel= count'),
                           ('a value too few', r'.BR \-\-stats [ =\fIfile\fR ]', r'.B \-\-stats'),
                           ('another verb', '(compile, print)', '(compile, verify)'),
                           ('a verb that the synopsis lacks', '.B kiln verify', '.B kiln check')]:
        case('planted: ' + what, old in page and list(differences(definition, page.replace(old, new, 1))) != [])
    for what, text in ('an option', '`kiln compile --frob x.bc`'), ('a verb', '`kiln frob x.bc`'):
        case(f'planted: a command with {what} that there is not', list(commands(definition, 'page', text)) != [])
    print('1..%d' % len(cases))
    sys.exit(not all(cases))


main()
