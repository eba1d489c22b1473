"""A workspace of small functions that call each other across modules and crates, as a state that edits change; and what each
of a crate's units reads of them, by the rules of docs/inlining.md and of rustc's partitioning (rustc_monomorphize).

Crates: `outside`, whose path is that of a package of a registry; `low`, which uses it; `high`, which uses both and has
tests; `program`, which uses all. Each function has seven lines, so that an edit moves no other one; only `shift` does.
"""
import collections
import os
import re

# As cargo unpacks packages: such functions are foreign.
REGISTRY = '../registry/src/crates-0123456789abcdef/outside-0.1.0'
MODULES = {'outside': ['p', 'q'], 'low': ['a', 'b', 'c'], 'high': ['d', 'e', 'f']}
USES = {'outside': [], 'low': ['outside'], 'high': ['outside', 'low'], 'program': ['outside', 'low', 'high']}
# What is compiled, in this order, and whose source it is. A test's crate has all of high's.
CRATES = {'outside': 'outside', 'low': 'low', 'high': 'high', 'program': 'program', 'test': 'high'}
ATTRIBUTES = {'hint': '#[inline]', 'always': '#[inline(always)]', 'never': '#[inline(never)]'}
KINDS = 'plain', 'plain', 'plain', 'hint', 'always', 'never', 'generic', 'generic', 'large', 'private'
SHORT = {*KINDS} - {'large'}
OPERATIONS = '^ %d', '| %d', '& %d', '+ %d'
CHANGES = 'number', 'number', 'number', 'operation', 'operation', 'comment', 'calls', 'kind', 'shift', 'static', 'constant', 'tracked'
REACHED = 13 # the tests' argument; a function with a trap panics for it


class Function:
    """Its callees are pairs of a function's name and a generic argument, or None. `static`: what its static variable, which
    each call changes, begins with; 0: it has none. `constant`: the module whose constant it reads, or None. `tracked`: a panic
    names the place of its call."""

    def __init__(self, crate, module, name, kind, callees):
        self.crate, self.module, self.name, self.kind, self.callees = crate, module, name, kind, callees
        self.number, self.operation, self.trap, self.comment = 1, OPERATIONS[0], False, ''
        self.static, self.constant, self.tracked = 0, None, False

    def text(self, state):
        """Its seven lines."""
        path = 'crate' if self.crate == 'outside' else 'outside'
        calls = ' ^ '.join(state.call(callee, self.crate, 'x') for callee in self.callees) or 'x'
        generic = self.kind == 'generic'
        more = (' ^ s' if self.static else '') + (' ^ %s::K' % state.path(self.constant, self.crate) if self.constant else '')
        static = 'static mut S: u64 = %d; let s = unsafe { S ^= 21; S };' % self.static
        large = ' '.join('let l = %s ^ %d;' % ('l' if i else 'x', i + 2) for i in range(80)) # more statements than what is copied
        return '\n'.join([
            (ATTRIBUTES.get(self.kind, '') + '#[track_caller]' * self.tracked) or '//',
            '%sfn %s%s(x: %s) -> u64 {' % ('' if self.kind == 'private' else 'pub ', self.name,
                                           '<T: Into<u64> + Copy>' if generic else '', 'T' if generic else 'u64'),
            '    let x: u64 = x.into();' if generic else '    //',
            '    if x == %d { %s::fail(x) }' % (REACHED + 1000 * (not self.trap), path),
            '    %s' % (large + ' let x = if l == 0 { l } else { x };' if self.kind == 'large' else static if self.static else '//'),
            '    ((%s%s) & 65535) %s%s' % (calls, more, self.operation % self.number, self.comment),
            '}', ''])


class Entry(Function):
    """A test, or main: it calls functions, and nothing edits it."""

    def __init__(self, crate, module, name, callees):
        super().__init__(crate, module, name, 'never', callees)

    def text(self, state):
        if self.crate == 'program':
            shows = ['    show("%s", %s);' % (callee[0], state.call(callee, 'program', '5')) for callee in self.callees]
            return '\n'.join(['fn main() {', *shows, '}', ''])
        calls = ', '.join(state.call(callee, 'high', x) for callee in self.callees for x in ('5', '%d' % REACHED))
        return '    #[test]\n    #[inline(never)]\n    fn %s() { crate::show(&[%s]) }\n' % (self.name, calls)


class State:
    def __init__(self, rng):
        self.rng = rng
        self.functions, self.shifts, self.constants = {}, collections.Counter(), collections.Counter()
        for crate, modules in MODULES.items():
            for module in modules:
                for i in range(4 if crate == 'outside' else 5):
                    kind = rng.choice([k for k in KINDS if crate != 'outside' or k not in ('large', 'private')])
                    f = Function(crate, module, '%s%d' % (module, i), kind, [])
                    f.number, f.operation = rng.randrange(1, 100), rng.choice(OPERATIONS)
                    f.callees = self.some_callees(f)
                    # `outside` has what is foreign, of which only half as long functions are copied.
                    if rng.randrange(3) == 0 and kind in (ATTRIBUTES if crate == 'outside' else SHORT): f.static = rng.randrange(10, 99)
                    if rng.randrange(3) == 0: f.constant = rng.choice([m for c in (crate, *USES[crate]) for m in MODULES[c]])
                    f.tracked = rng.randrange(4) == 0
                    self.functions[f.name] = f
        for f in [f for f in self.functions.values() if f.crate == 'high' and f.kind != 'private']:
            self.add_entry(Entry('high', f.module + '::tests', 'test_' + f.name, [self.callee(f)]))
        seen = [f for f in self.functions.values() if f.crate in MODULES and not isinstance(f, Entry) and f.kind != 'private']
        self.add_entry(Entry('program', '', 'main', [self.callee(f) for f in seen]))

    def add_entry(self, entry):
        self.functions[entry.name] = entry

    def callee(self, f):
        return f.name, self.rng.choice(['u32', 'u64']) if f.kind == 'generic' else None

    def some_callees(self, f):
        """Calls of functions before it; in `outside` only one, since a larger function of a package is not copied."""
        before = [g for g in list(self.functions.values())[:self.place(f)]
                  if g.crate in [f.crate, *USES[f.crate]] and (g.kind != 'private' or g.module == f.module)]
        other = [g for g in before if g.crate != f.crate]
        most = 1 if f.crate == 'outside' else 3
        chosen = self.rng.sample(before, min(len(before), self.rng.randrange(1, most + 1)))
        if other and not set(chosen) & set(other) and self.rng.randrange(2): chosen[0] = self.rng.choice(other)
        return [self.callee(g) for g in chosen]

    def place(self, f):
        names = list(self.functions)
        return names.index(f.name) if f.name in names else len(names)

    # ---- edits ----

    def editable(self): return [f for f in self.functions.values() if not isinstance(f, Entry)]

    def callers(self, f): return [g for g in self.functions.values() if any(name == f.name for name, _ in g.callees)]

    def inlined_elsewhere(self):
        """Functions whose body another crate gets, and of which a function there calls it."""
        way = Way('small')
        return [f for f in self.editable() if (f.kind == 'generic' or way.is_offered(f))
                and any(g.crate != f.crate and not isinstance(g, Entry) for g in self.callers(f))]

    def reached_by_tests(self):
        found, queue = set(), [f.name for f in self.functions.values() if f.module.endswith('::tests')]
        while queue:
            name = queue.pop()
            if name in found: continue
            found.add(name)
            queue += [callee for callee, _ in self.functions[name].callees]
        return found

    def edit(self, i):
        """The i-th edit; what it was. Each third one is of a function that another crate inlines, each second one makes
        tests fail."""
        functions = self.inlined_elsewhere() if i % 3 == 0 else self.editable()
        if i % 2:
            reached = self.reached_by_tests()
            f = self.rng.choice([f for f in functions if f.name in reached])
            f.trap = True
            return f, 'trap'
        for f in self.editable(): f.trap = False
        f, what = self.rng.choice(functions), self.rng.choice(CHANGES)
        if what == 'number': f.number = f.number % 99 + 1
        elif what == 'operation': f.operation = self.rng.choice([o for o in OPERATIONS if o != f.operation])
        elif what == 'comment': f.comment = ' // %d' % self.rng.randrange(1000)
        elif what == 'calls': f.callees = self.some_callees(f)
        elif what == 'tracked': f.tracked = not f.tracked
        elif what == 'static' and f.static: f.static = 10 + (f.static + 1) % 89
        elif what == 'constant' and f.constant: self.constants[f.constant] += 1
        elif what == 'shift': self.shifts[f.module] += 1
        elif what == 'kind' and (f.kind in ATTRIBUTES or f.kind == 'plain'):
            f.kind = self.rng.choice([k for k in ('plain', *ATTRIBUTES) if k != f.kind])
        else: f.number = f.number % 99 + 1
        return f, what

    # ---- as text ----

    @staticmethod
    def path(module, crate):
        """How a crate names a module."""
        home = next(c for c in MODULES if module in MODULES[c])
        return '%s::%s' % ('crate' if home == crate else home, module)

    def call(self, callee, crate, argument):
        name, generic = callee
        return '%s::%s(%s)' % (self.path(self.functions[name].module, crate), name, {'u32': argument + ' as u32', 'u64': argument + ' as u64'}.get(generic, argument))

    def files(self):
        """By path."""
        out = {'Cargo.toml': '[workspace]\nmembers = ["low", "high", "program"]\nresolver = "2"\n'}
        for crate, uses in USES.items():
            folder = REGISTRY if crate == 'outside' else crate
            paths = {u: os.path.join('..', REGISTRY if u == 'outside' else u) for u in uses}
            out[folder + '/Cargo.toml'] = '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2021"\n%s[dependencies]\n%s' % (
                crate, '[workspace]\n' if crate == 'outside' else '', ''.join('%s = { path = "%s" }\n' % p for p in paths.items()))
            for module in MODULES.get(crate, []): out['%s/src/%s.rs' % (folder, module)] = self.module_text(module)
            if crate in MODULES: out[folder + '/src/lib.rs'] = ''.join('pub mod %s;\n' % m for m in MODULES[crate]) + self.more(crate)
        out['program/src/main.rs'] = '#[inline(never)]\nfn show(name: &str, value: u64) { println!("{name} {value}") }\n' + self.functions['main'].text(self)
        return out

    def more(self, crate):
        if crate == 'outside':
            return '#[cold]\n#[inline(never)]\n#[track_caller]\npub fn fail(x: u64) -> ! { panic!("fails for {x}") }\n'
        return '#[cfg(test)]\n#[inline(never)]\nfn show(values: &[u64]) { println!("{values:?}") }\n' if crate == 'high' else ''

    def module_text(self, module):
        own = [f for f in self.functions.values() if f.module == module]
        tests = [f for f in self.functions.values() if f.module == module + '::tests']
        text = '#![allow(dead_code)]\npub const K: u64 = %d;\n' % (10 + self.constants[module] % 90) + '//\n' * self.shifts[module] + ''.join(f.text(self) for f in own)
        return text + ('#[cfg(test)]\nmod tests {\n%s}\n' % ''.join(f.text(self) for f in tests) if tests else '')


# ---- what units read ----

class Way:
    """How Kiln inlines: `inlining` is what $KILN_INLINE says, or '' for nothing."""

    def __init__(self, inlining):
        self.inlining = inlining

    def is_inlined(self, f):
        return self.inlining == 'small' or self.inlining == 'foreign' and f.crate == 'outside'

    def is_offered(self, f):
        """Do other crates get its body, if it is not generic? A plain one has at most two calls, with that of `fail`."""
        return f.kind in ('hint', 'always') or f.kind in ('plain', 'private') and self.is_inlined(f) and len(f.callees) <= 1

    def is_copied(self, f):
        """Does a unit have the body of another one's function?"""
        return self.is_inlined(f) and f.kind not in ('never', 'large')

    def is_per_unit(self, f):
        """Has each unit that refers to the function its own, and no other one? A generic one has a call more, of `into`."""
        return f.kind == 'always' or self.is_copied(f) and (self.is_offered(f) or f.kind == 'generic' and not f.callees)


class Units:
    """By crate and unit the function that it reads."""

    def __init__(self, state, way, lines, variables):
        self.state, self.way = state, way
        self.variables = variables # does it describe variables, and with them their lines?
        self.lines = lines # is there debug information? Without, lines are only in what may panic itself, and in the table of tests
        self.exported = {} # by crate the instances of generic functions that it has
        self.units = {}
        for crate in CRATES: self.of_crate(crate)

    def is_local(self, crate, node):
        """Is an instance compiled for the crate, if the crate uses it?"""
        f, generic = self.state.functions[node[0]], node[1]
        if f.crate == CRATES[crate]: return True
        if not generic: return self.way.is_offered(f)
        return self.upstream(crate, node) is None

    def upstream(self, crate, node):
        """The crate whose instance this one uses: without inlining they share them."""
        if self.way.inlining: return None
        return next((other for other in USES[CRATES[crate]] if node in self.exported[other]), None)

    def kind(self, node):
        f = self.state.functions[node[0]]
        return f.kind, f.tracked

    def callees(self, node): return self.state.functions[node[0]].callees

    def roots(self, crate):
        functions = self.state.functions.values()
        if crate == 'program': return [('main', None)]
        if crate == 'test': return [(f.name, None) for f in functions if f.module.endswith('::tests')]
        return [(f.name, None) for f in functions if f.crate == crate and not isinstance(f, Entry) and f.kind != 'generic'
                and not self.way.is_offered(f) and self.is_called(f)]

    def is_called(self, f):
        """Can another crate reach a function, perhaps through others?"""
        return f.kind != 'private' or any(self.is_called(g) for g in self.state.callers(f))

    def instances(self, crate):
        found, queue = set(), self.roots(crate)
        while queue:
            node = queue.pop()
            if node in found: continue
            found.add(node)
            queue += [callee for callee in self.callees(node) if self.is_local(crate, callee)]
        return found

    def of_crate(self, crate):
        instances = self.instances(crate)
        self.exported[crate] = {node for node in instances if node[1]}
        items = collections.defaultdict(set)
        for node in instances:
            if not self.way.is_per_unit(self.state.functions[node[0]]): items[self.unit_name(crate, node)].add(node)
        statics = collections.defaultdict(set)
        for f in self.state.editable():
            if f.static and f.crate == CRATES[crate]:
                line = self.state.shifts[f.module] if self.variables else 0
                statics[self.unit_name(crate, (f.name, None))].add(('static', f.name, f.static, line))
        for unit in {*items, *statics}:
            shared = set(items[unit])
            self.add_local(crate, items[unit], shared)
            self.units[crate, unit] = self.fingerprint(crate, shared) | statics[unit]
        if crate == 'test': self.add_harness()

    def unit_name(self, crate, node):
        f, own = self.state.functions[node[0]], CRATES[crate]
        parts = [f.crate if f.crate == own else '%s-in-%s' % (f.crate, own), *(f.module.split('::') if f.module else [])]
        return '-'.join(parts) + ('.volatile' if node[1] else '')

    def add_local(self, crate, nodes, found):
        """Adds functions of which each unit has its own, and copies."""
        queue = list(nodes)
        while queue:
            for callee in self.callees(queue.pop()):
                f = self.state.functions[callee[0]]
                if callee in found or not self.is_local(crate, callee): continue
                if f.kind == 'always' or self.way.is_copied(f):
                    found.add(callee)
                    queue.append(callee)

    def shift(self, f):
        panics = not isinstance(f, Entry) or any(self.state.functions[name].tracked for name, _ in f.callees)
        return self.state.shifts[f.module.split('::')[0]] if self.lines or panics else 0

    def add_harness(self):
        """The table of all tests, which has their lines, and what calls each."""
        tests = [self.state.functions[name] for name, _ in self.roots('test')]
        # With small functions inlined, the unit of the table has what calls each test of its own.
        for module in [None, *([] if self.way.inlining == 'small' else MODULES['high'])]:
            own = frozenset((f.name, self.shift(f) if module else self.state.shifts[f.module.split('::')[0]])
                            for f in tests if module in (None, f.module.split('::')[0]))
            if own: self.units['test', 'high-%s-tests.volatile' % module if module else 'high'] = own

    def fingerprint(self, crate, read):
        """What makes a unit another one, if it changes."""
        out = set()
        for node in read:
            f = self.state.functions[node[0]]
            text = re.sub('//.*', lambda found: '/' * len(found[0]), f.text(self.state))
            out.add(('body', re.sub(r'(?<=static mut S: u64 = )\d+', '', text), self.shift(f))) # its value is what one unit has
            out.add(('item', node))
            out.add(('constant', f.constant, self.state.constants[f.constant]))
            for callee in f.callees:
                where = crate if self.is_local(crate, callee) else self.upstream(crate, callee)
                out.add(('call', callee, self.kind(callee), where))
        return frozenset(out)
