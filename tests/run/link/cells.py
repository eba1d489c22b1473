"""The table of link tests: what is defined, how it is seen, where it stands, how it is used.

A cell is one symbol sN and one function use_N, which returns 1000 + N if the symbol is bound as
the ELF rules say, or 500000 + N where another definition must win. Places of the definition:
  here      in the unit that uses it
  there     in another unit of the same output
  strong    here, weak, and strong in another unit: the strong one wins
  library   in a shared object that the output is linked with
  preempt   in the shared object that uses it, and in the executable, which wins if visible
  nowhere   undefined
"""

VISIBILITIES = ('default', 'hidden', 'protected')
FUNCTIONS = ('func', 'weak_func', 'alias_func', 'weak_alias_func', 'internal_func', 'undef_weak_func')
TLS_MODELS = {'tls_gd': 'global-dynamic', 'tls_ld': 'local-dynamic', 'tls_ie': 'initial-exec',
              'tls_le': 'local-exec'}
KINDS = FUNCTIONS + ('data', 'read_only', 'bss', 'common', 'weak_data', 'alias_data',
                     'internal_data', 'undef_weak_data', 'func_as_data') + tuple(TLS_MODELS)
FUNCTION_USES = ('call', 'address', 'static', 'static_const', 'equal')
DATA_USES = ('load', 'store', 'address', 'static', 'static_const', 'equal')
PLACES = ('here', 'there', 'strong', 'library', 'preempt', 'nowhere')

# How the using unit is compiled -> the outputs that its code is for.
FLAVOURS = {'full': ('static', 'static-pie', 'pie', 'no-pie', 'shared'),
            'pie': ('static', 'static-pie', 'pie', 'no-pie'),
            'static': ('static', 'no-pie')}


class Cell:
    def __init__(self, n, kind, visibility, place, use):
        self.n, self.kind, self.visibility, self.place, self.use = n, kind, visibility, place, use
        self.function = kind in FUNCTIONS
        self.tls = kind in TLS_MODELS
        # the definition that is not the one of the using output wins
        self.other_wins = place == 'strong' or place == 'preempt' and visibility == 'default' \
            and not kind.startswith('internal')

    def __str__(self):
        return '%s %s, defined %s, %s' % (self.visibility, self.kind, self.place, self.use)

    def expected(self):
        return (500000 if self.other_wins else 1000) + self.n

    # ---- C ----

    def attributes(self, defined):
        a = []
        if self.visibility != 'default':
            a.append('visibility("%s")' % self.visibility)
        if self.kind.startswith('undef_weak') or defined and self.kind in ('weak_func', 'weak_data'):
            a.append('weak')
        if self.tls:
            a.append('tls_model("%s")' % TLS_MODELS[self.kind])
        if defined and self.kind == 'common':
            a.append('common')
        return '__attribute__((%s)) ' % ', '.join(a) if a else ''

    def declaration(self):
        s = 's%d' % self.n
        if self.kind.startswith('internal'):
            return ''
        if self.function:
            return 'extern %sint %s(int);' % (self.attributes(False), s)
        return 'extern %s%s%sint %s[4];' % (self.attributes(False), '__thread ' if self.tls else '',
                                            'const ' if self.kind == 'read_only' else '', s)

    def definition(self, value=None):
        """With a value: the other, strong, default definition."""
        s, v = 's%d' % self.n, value or 1000 + self.n
        attr = '' if value else self.attributes(True)
        kind = self.kind.replace('weak_', '').replace('alias_', '') if value else self.kind
        if kind == 'func_as_data':
            return 'int %s(int x) { return x + %d; }' % (s, v)
        if kind.startswith('internal'):
            attr = 'static '
        if 'alias' in kind:
            attr += '__attribute__((%salias("d%d"))) ' % ('weak, ' if 'weak' in kind else '', self.n)
            if self.function:
                return 'static int d%d(int x) { return x + %d; }\nextern %sint %s(int);' % (self.n, v, attr, s)
            return 'static int d%d[4] = {1, 2, %d, 4};\nextern %sint %s[4];' % (self.n, v, attr, s)
        if self.function:
            return '%sint %s(int x) { return x + %d; }' % (attr, s, v)
        if kind in ('bss', 'common') and not value:
            return '%sint %s[4];' % (attr, s)
        return '%s%s%sint %s[4] = {1, 2, %d, 4};' % (attr, '__thread ' if self.tls else '',
                                                     'const ' if kind == 'read_only' else '', s, v)

    def address_function(self):
        """The address as another unit sees it, or the library that defines it."""
        if self.use != 'equal':
            return ''
        declared = '' if self.place == 'library' else self.declaration()
        return '%s\nvoid *addr_%d(void) { return (void *)s%d; }' % (declared, self.n, self.n)

    def zero(self):
        """No value of its own: it starts as zero."""
        return self.kind in ('bss', 'common') and not self.other_wins

    def user(self):
        n = self.n
        s = 's%d' % n
        pre, out = '', 0
        type_ = 'int (*%s)(int)' if self.function else 'const int *%s'
        plus = '' if self.function else ' + 2'
        if self.use == 'equal':
            pre = 'void *addr_%d(void);' % n
        if self.use in ('static', 'static_const'):
            const = 'const ' if self.use == 'static_const' else ''
            pre = 'static %s = %s%s;' % (type_ % (const + 'p%d' % n), s, plus)
        add = str(1000 + n) if self.zero() else '0'
        get = {'call': '%s(0)' % s, 'load': '%s[2] + %s' % (s, add),
               'store': '(%s[1] += 5, %s[3] = %s[1] - 5, %s[2] + %s[3] - %s + %s)'
                        % (s, s, s, s, s, '0' if self.zero() else '2', add),
               'address': 'q(0)' if self.function else '*q + %s' % add,
               'static': 'p%d(0)' % n if self.function else '*p%d + %s' % (n, add),
               'equal': '(void *)%s == addr_%d() ? %d : 0' % (s, n, self.expected())}
        get['static_const'] = get['static']
        body = 'return %s;' % get[self.use]
        if self.use == 'address':
            body = '%s = %s%s; %s' % (type_ % 'volatile q' if self.function else 'const int *volatile q',
                                      s, plus, body)
        if self.place == 'nowhere':
            missing = {'address': 'q', 'static': 'p%d' % n, 'static_const': 'p%d' % n}.get(self.use, s)
            test = missing if self.use in ('call', 'load', 'store', 'equal') or self.function \
                else '(unsigned long)%s != 8' % missing
            if self.use == 'address':
                return '%s\nlong use_%d(void) { %s = %s%s; if (%s) return 1; return %d; }' % (
                    pre, n, type_ % 'volatile q' if self.function else 'const int *volatile q', s, plus,
                    test, 1000 + n)
            if self.use == 'equal':
                return '%s\nlong use_%d(void) { %s }' % (pre, n, body)
            return '%s\nlong use_%d(void) { if (%s) { return %s; } return %d; }' % (
                pre, n, test, get[self.use], 1000 + n)
        return '%s\nlong use_%d(void) { %s }' % (pre, n, body)


def valid(kind, visibility, place, use):
    """True if the combination is meaningful; those that the linker must refuse are in REFUSED."""
    if kind.startswith('undef_weak'):
        # protected requires a definition in the same output
        return place in ('nowhere', 'there', 'library') and visibility != 'protected' and \
            not (place == 'library' and visibility == 'hidden') and use != 'store'
    if place == 'nowhere':
        return False
    if place == 'strong' and not kind.startswith('weak'):
        return False
    if kind.startswith('internal'):
        return visibility == 'default' and place in ('here', 'preempt') and use != 'equal'
    if kind == 'func_as_data' and (place, use) != ('library', 'equal'):
        return False
    if place == 'library' and visibility != 'default':
        return False
    if kind == 'tls_ld' and visibility == 'default' and place in ('preempt', 'library'):
        return False  # local-dynamic promises that the definition is in the same output
    if kind == 'tls_le' and place in ('preempt', 'library'):
        return False
    if use in ('static', 'static_const') and kind in TLS_MODELS:
        return False
    if use == 'store' and kind == 'read_only':
        return False
    if place == 'preempt' and use == 'equal' and visibility != 'default':
        return False  # both outputs have an address of their own
    return True


def table():
    cells = []
    for kind in KINDS:
        for visibility in VISIBILITIES:
            for place in PLACES:
                for use in FUNCTION_USES if kind in FUNCTIONS else DATA_USES:
                    if valid(kind, visibility, place, use):
                        cells.append(Cell(len(cells), kind, visibility, place, use))
    return cells


def fits(cell, flavour, output):
    """Which cells a program of this flavour and output holds."""
    if output in ('static', 'static-pie') and cell.place == 'library':
        return False
    if cell.place == 'preempt':
        return output == 'shared'
    if output == 'shared':
        # local-exec needs the executable's own block, local-dynamic a definition in this output
        if cell.kind == 'tls_le' or cell.kind == 'tls_ld' and cell.visibility == 'default':
            return False
    return True
