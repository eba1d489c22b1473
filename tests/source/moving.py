#!/usr/bin/env python3
"""moving.py [--self] [FILE...]: pointers into an array that a call may move.

A growing array moves when it grows. So a pointer to an item must not be used after a call that may make the array grow,
and an expression must not have both an item and such a call, since C leaves open which comes first. This reads all C
files of the tree (or those given), finds which functions may make which arrays grow, and prints each such use.

An array is a member of a type, `edges` of kiln_func in `f->edges.at[i]`, or a variable. What grows is what KN_PUSH, KN_ROOM, KN_RESIZE, KJ_ROOM
or a function of realloc's kind gets, directly or in a function that is called. Calls by pointers are not followed. A line
that says `moves: REASON` in a comment, in it or in the line above, is left out. --self checks planted files instead, whose lines say `found` where one is.
"""
import re
import subprocess
import sys
from collections import defaultdict
from functools import cached_property

GROW = {'KN_PUSH': 1, 'KN_ROOM': 1, 'KN_RESIZE': 1, 'KJ_ROOM': 1, 'kn_array_grow': 1, 'kn_module_grow': 1, 'kn_func_grow': 1,
        'realloc': 0, 'repalloc': 0, 'kn_allocator_realloc': 1}
KEYWORDS = {'if', 'for', 'while', 'switch', 'return', 'sizeof', 'do', 'else', 'case', '_Generic', '_Static_assert', 'defined'}
BRACKET, BRACE, ARGUMENT = re.compile(r'[][(){}]'), re.compile(r'[{}]'), re.compile(r'[][(){},]')
WORD, SET = re.compile(r'(?<![\w.>])[A-Za-z_]\w*'), re.compile(r'\w+\s*=[^=]')
DECLARED = re.compile(r'\b(\w+)\s+(?:\*|const\s)*\s*$'), re.compile(r'\w+\s*[=;,:\[)]')
LISTED = re.compile(r'\b(?:struct|const)\s+(\w+)\s[^;(){}]*,\s*\**$')
CHAIN = r'\w+(?:\s*(?:->|\.)\s*\w+|\[[^\[\]]*\])*'
INDEX, SPACE, PARTS, PART = re.compile(r'\[[^\[\]]*\]'), re.compile(r'\s+'), re.compile(r'->|\.'), re.compile(r'\w+')
CALL = re.compile(r'(?<![\w.>])(\w+)\s*\(')
RETURNED = re.compile(r'\breturn\s+&?(%s)\s*(\[|\+)' % CHAIN)
POINTED = re.compile(r'\b(\w+)\s*=\s*(?:\([^()]*\*\)\s*)?(&?)(%s)\s*(\[|\+|;|,)' % CHAIN)
FROM_CALL, INDEXED, ADDRESS = re.compile(r'\b(\w+)\s*=\s*(\w+)\s*\('), re.compile(r'(%s)\s*\[' % CHAIN), re.compile(r'\s*&(%s)\s*' % CHAIN)
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
NOT_NEWLINE = re.compile(r'[^\n]')


def blank(text):
    """Comments and literals as spaces."""
    return COMMENT.sub(lambda m: NOT_NEWLINE.sub(' ', m[0]), text)


def names_of(chain):
    """The names of a chain such as `&f->edges.at`: f, edges."""
    chain = INDEX.sub('', SPACE.sub('', chain)).strip('&()*')
    names = [n for n in PARTS.split(chain) if n != 'at']
    return names if names and all(PART.fullmatch(n) for n in names) else []


def meets(k, arrays):
    """Whether an array is one of those; `?` is any type."""
    return k is not None and any(a is not None and k[1] == a[1] and (k[0] == a[0] or '?' in (k[0], a[0])) for a in arrays)


def closing(text, at):
    """Where the bracket at `at` is closed."""
    depth = 0
    for m in BRACKET.finditer(text, at):
        depth += 1 if m[0] in '([{' else -1
        if depth == 0:
            return m.start()
    return len(text) - 1


def begin_of_statement(text, at):
    return max(text.rfind(';', 0, at), text.rfind('{', 0, at), text.rfind('}', 0, at)) + 1


def arguments(text, at):
    """Of the call whose bracket is at `at`: (position, text) of each."""
    start, depth, out = at + 1, 0, []
    for m in ARGUMENT.finditer(text, at + 1):
        if depth == 0 and m[0] in ',)]}':
            out.append((start, text[start:m.start()]))
            start = m.end()
            if m[0] != ',':
                break
        depth += (m[0] in '([{') - (m[0] in ')]}')
    return out


class Function:
    def __init__(self, path, name, params, text, start, static=False):
        self.path, self.name, self.text, self.start, self.static = path, name, text, start, static
        self.param_text, self.loops, self.moves, self.types = params, None, None, {}
        self.params = [(re.findall(r'\w+', re.sub(r'\[[^\]]*\]', '', p)) or [''])[-1] for p in params.split(',')]
        self.calls = [(m.start(), m[1], m.end() - 1) for m in CALL.finditer(text)
                      if m[1] not in KEYWORDS and m[1] not in self.params]
        self.grows, self.grows_param, self.returns, self.stale = set(), set(), set(), set()

    @cached_property
    def words(self):
        """The positions of each name that is no member."""
        words = defaultdict(list)
        for m in WORD.finditer(self.text):
            words[m[0]].append(m.start())
        return words


def functions_of(path, text):
    for m in re.finditer(r'^(?!\s|#|typedef|struct \w+ \{|enum)[^\n;{}()]*\b(\w+)\(', text, re.M):
        end = closing(text, m.end() - 1)
        body = re.match(r'(?:\s|__attribute__\s*\(\(.*?\)\))*\{', text[end + 1:])
        if body and m[1] not in KEYWORDS:
            at = end + body.end()
            yield Function(path, m[1], text[m.end():end], text[at:closing(text, at) + 1], at,
                           path.endswith('.c') and 'static' in m[0])


def macros_of(text):
    """Macros with a body, as functions."""
    for m in re.finditer(r'^#\s*define\s+(\w+)\(([^)]*)\)((?:[^\n]*\\\n)*[^\n]*)', text, re.M):
        if m[1] not in GROW:
            yield Function('', m[1], m[2], ' ' + m[3].replace('\\\n', ' \n'), m.start(3))


class Tree:
    def __init__(self, files):
        self.source, self.text, self.functions, self.own = files, {p: blank(t) for p, t in files.items()}, [], {}
        self.known = {}
        for path, text in self.text.items():
            for f in [*functions_of(path, text), *macros_of(text)]:
                self.functions.append(f)
                self.own[path, f.name] = f
                if not f.static:
                    self.known.setdefault(f.name, f)
        self.members, self.aliases, self.cache = {}, {}, {}
        for text in self.text.values():
            self.find_types(text)
        for f in self.functions:
            self.direct(f)
        self.through_calls()
        for f in self.functions:
            self.find_returns(f)
        # Only where a call makes an array grow is there something to find.
        self.growing = [f for f in self.functions if any(self.grown_by(f, name, at) for _, name, at in f.calls)]
        for f in self.growing:
            for p in f.params:
                if re.search(r'\*\s*(?:const\s+)?%s\b' % re.escape(p or '-'), self.head(f)):
                    f.stale |= {(f.params.index(p), k) for k in self.uses_after(f, p, -1, None)}

    def head(self, f):
        text = self.text.get(f.path, '')
        return text[max(0, f.start - 400):f.start].rsplit('\n\n', 1)[-1]

    def callee(self, f, name):
        return self.own.get((f.path, name)) or self.known.get(name)

    def find_types(self, text):
        """The types of members of structs."""
        for m in re.finditer(r'\b(typedef\s+)?struct\s*(\w*)\s*\{', text):
            end = closing(text, m.end() - 1)
            after = re.match(r'\s*(\w+)\s*;', text[end + 1:])
            name = m[2] or (after[1] if after else '?')
            if m[1] and after:
                self.aliases[after[1]] = name
            members = self.members.setdefault(name, {})
            for type, rest in re.findall(r'(?:^|[;{}])\s*(?:const\s+)?(?:struct\s+)?(\w+)\s([^;{}()]*)', text[m.end():end]):
                for member in re.findall(r'(\w+)(?:\[[^\]]*\])*\s*(?:,|$)', rest):
                    members[member] = type
        for old, new in re.findall(r'\btypedef\s+struct\s+(\w+)\s+(\w+)\s*;', text):
            self.aliases[new] = old

    def type_of(self, f, name):
        """The type of a variable, by its declaration in the function; None: it has none there."""
        if name not in f.types:
            type = None
            text = f.text
            for at in f.words.get(name, [])[:8]:
                before, after = text[max(0, at - 120):at], DECLARED[1].match(text, at)
                m = after and (DECLARED[0].search(before) or LISTED.search(before))
                if m and m[1] not in KEYWORDS:
                    type = m[1]
                    break
            if type is None and name in f.params:
                words = re.findall(r'\w+', f.param_text.split(',')[f.params.index(name)])
                type = words[-2] if len(words) > 1 else None
            f.types[name] = self.aliases.get(type, type)
        return f.types[name]

    def key(self, f, chain):
        """The array that a chain means: its type and its name; None: no array."""
        names = names_of(chain)
        if not names:
            return None
        if len(names) == 1:
            declared = names[0] in f.params or self.type_of(f, names[0])
            return ('%s %s' % (f.path, f.name) if declared else 'global', names[0])
        type = self.type_of(f, names[0])
        for name in names[1:-1]:
            type = self.members.get(type, {}).get(name)
            type = self.aliases.get(type, type)
        return (type or '?', names[-1])

    def note(self, f, k):
        if k is None:
            return False
        place, item = (f.grows_param, f.params.index(k[1])) if k[0].endswith(' ' + f.name) and k[1] in f.params else (
            f.grows, k)
        before = len(place)
        place.add(item)
        return len(place) > before

    def direct(self, f):
        for _, name, at in f.calls:
            if name in GROW:
                args = arguments(f.text, at)
                if len(args) > GROW[name]:
                    self.note(f, self.key(f, args[GROW[name]][1]))

    def through_calls(self):
        """What grows in a function grows in its callers, until nothing changes."""
        callers = defaultdict(list)
        for f in self.functions:
            for _, name, at in f.calls:
                g = self.callee(f, name)
                if g is not None and g is not f:
                    callers[g].append((f, at))
        changed = dict.fromkeys(g for g in self.functions if g.grows or g.grows_param) # a queue without repetition
        while changed:
            g = next(iter(changed))
            del changed[g]
            shared = {k for k in g.grows if ' ' not in k[0]} # not its local ones
            for f, at in callers[g]:
                before = len(f.grows)
                f.grows |= shared
                more = len(f.grows) > before
                if g.grows_param:
                    args = arguments(f.text, at)
                    more |= any([self.note(f, self.key(f, args[i][1])) for i in g.grows_param if i < len(args)])
                if more:
                    changed[f] = None

    def find_returns(self, f):
        for m in RETURNED.finditer(f.text):
            if '&' in m[0] or m[2] == '+':
                f.returns.add(self.key(f, m[1]))

    def grown_by(self, f, name, at):
        if (f, at) not in self.cache:
            self.cache[f, at] = self.find_grown(f, name, at)
        return self.cache[f, at]

    def find_grown(self, f, name, at):
        """Arrays that a call in `f` may make grow."""
        if name in GROW:
            args = arguments(f.text, at)
            return {self.key(f, args[GROW[name]][1])} if len(args) > GROW[name] else set()
        g = self.callee(f, name)
        if g is None:
            return set()
        out = set(g.grows)
        if g.grows_param:
            args = arguments(f.text, at)
            out |= {self.key(f, args[i][1]) for i in g.grows_param if i < len(args)}
        return out - {None}

    def leaves(self, f, at, to):
        """Whether what follows position `at` in its block, or in one around it, leaves before position `to` is reached."""
        while True:
            depth, end = 0, len(f.text)
            for m in BRACE.finditer(f.text, at):
                depth += 1 if m[0] == '{' else -1
                if depth < 0:
                    end = m.start()
                    break
            if end >= to:
                return False
            if re.search(r'\b(return|goto|continue|break)\b[^;]*;\s*$', f.text[at:end]):
                return True
            at = end + 1

    def moves(self, f):
        """(position, bracket, arrays) of the calls in a function that may make arrays grow, but of those it returns."""
        if f.moves is None:
            f.moves = []
            for at, callee, bracket in f.calls:
                grown = self.grown_by(f, callee, bracket)
                if grown and not re.search(r'\breturn\b', f.text[begin_of_statement(f.text, at):at]):
                    f.moves.append((at, bracket, grown))
        return f.moves

    def loops_around(self, f, at):
        """(begin, end) of the loops that a position is in."""
        if f.loops is None:
            f.loops = []
            for m in re.finditer(r'\b(?:for|while)\s*\(', f.text):
                head = closing(f.text, m.end() - 1)
                body = re.match(r'\s*\{', f.text[head + 1:])
                f.loops.append((m.start(), closing(f.text, head + body.end()) if body else f.text.find(';', head)))
        return [loop for loop in f.loops if loop[0] < at < loop[1]]

    def uses_after(self, f, name, begin, wanted):
        """Arrays of `wanted` (None: all) that may move between where pointer `name` is set, at `begin`, and a use of it:
        {array: position of the use}."""
        found, moves = {}, []
        for at, bracket, grown in self.moves(f):
            grown = grown if wanted is None else {k for k in grown if meets(k, wanted)}
            if at >= begin and grown:
                moves.append((at, bracket, grown))
        if not moves:
            return found
        places = f.words.get(name, [])
        sets = [at for at in places if SET.match(f.text, at)]
        uses = [at for at in places if at > begin and at not in sets]
        for at, bracket, grown in moves:
            end = closing(f.text, bracket)
            # `p = f(p)`: the call that the pointer is set by comes after what it is set from
            statement = begin_of_statement(f.text, at)
            if any(statement <= s < at for s in sets):
                continue
            loops = self.loops_around(f, at)
            for use in uses:
                around = [l for l in loops if l[0] < use < at and not l[0] < begin < l[1]]
                if use > end and not any(end < s < use for s in sets) and not self.leaves(f, end, use):
                    break
                if around and not any(around[0][0] < s < use or end < s < around[0][1] for s in sets):
                    break
            else:
                continue
            for k in grown:
                found.setdefault(k, use)
        return found

    def check(self, f):
        """(position, what) of each finding in a function."""
        for m in POINTED.finditer(f.text):
            k = self.key(f, m[3])
            if m[2] or m[4] == '+' or (re.search(r'(\.|->)at$', m[3]) and m[4] in ';,'):
                for array, use in self.uses_after(f, m[1], m.end(), {k}).items():
                    yield use, '`%s` points into `%s`, which may have moved' % (m[1], array[1])
        for m in FROM_CALL.finditer(f.text):
            g = self.callee(f, m[2])
            if g is not None and g.returns and '*' in f.text[max(0, m.start() - 3):m.start()]:
                for array, use in self.uses_after(f, m[1], closing(f.text, m.end() - 1), g.returns).items():
                    yield use, '`%s` points into `%s`, which may have moved' % (m[1], array[1])
        for at, name, bracket in f.calls:
            yield from self.check_call(f, at, name, bracket)

    def check_call(self, f, at, name, bracket):
        grown = self.grown_by(f, name, bracket)
        begin = begin_of_statement(f.text, at)
        statement = f.text[begin:at]
        if grown and name not in GROW:
            for m in INDEXED.finditer(statement):
                k, end = self.key(f, m[1]), begin + closing(f.text[begin:], m.end() - 1)
                inside = begin + m.end() <= at < end
                assigned = re.match(r'(?:\s*(?:\.|->)\s*\w+|\[[^\]]*\])*\s*[-+|&^*/%]?=[^=]', f.text[end + 1:])
                if k and meets(k, grown) and (inside or (assigned and end < at)):
                    yield at, '`%s` is evaluated beside a call that may move it' % k[1]
        g = self.callee(f, name)
        if g is not None and g.stale:
            for i, (position, text) in enumerate(arguments(f.text, bracket)):
                m = ADDRESS.fullmatch(text)
                if m and '[' in m[1] and meets(self.key(f, m[1][:m[1].rindex('[')]) or ('', ''),
                                               {k for n, k in g.stale if n == i}):
                    yield position, '`%s` uses its argument after it may have moved' % name

    def findings(self):
        out = set()
        for f in self.growing:
            if f.path:
                for at, what in self.check(f):
                    line = self.text[f.path].count('\n', 0, f.start + at) + 1
                    if not re.search(r'\bmoves: ', '\n'.join(self.source[f.path].split('\n')[max(0, line - 2):line])):
                        out.add((f.path, line, what))
        return sorted(out)


def read(paths):
    files = {}
    for path in paths:
        with open(path, errors='replace') as f:
            files[path] = f.read()
    return files


def planted(paths):
    """Each line of the planted files that says `found` is found, and no other."""
    wrong = []
    for path in paths:
        files = read([path])
        seen = {line for _, line, _ in Tree(files).findings()}
        wanted = {i + 1 for i, line in enumerate(files[path].split('\n')) if 'found' in line}
        wrong += ['%s:%d: planted, and not found' % (path, i) for i in sorted(wanted - seen)]
        wrong += ['%s:%d: found, and not planted' % (path, i) for i in sorted(seen - wanted)]
        if not wanted:
            wrong.append('%s: nothing is planted' % path)
    return wrong


def main():
    args = sys.argv[1:]
    listed = subprocess.run(['git', 'ls-files', '*.c', '*.h'], check=True, capture_output=True, text=True).stdout.split()
    here = 'tests/source/planted/'
    if args[:1] == ['--self']:
        lines = planted(args[1:] or [p for p in listed if p.startswith(here)])
    else:
        paths = args or [p for p in listed if not p.startswith(('tests/run/', 'tests/campaigns/', here))]
        lines = ['%s:%d: %s' % x for x in Tree(read(paths)).findings()]
    print('\n'.join(lines), end='\n' if lines else '')
    return bool(lines)


if __name__ == '__main__':
    sys.exit(main())
