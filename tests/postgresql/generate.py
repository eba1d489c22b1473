"""Random queries of the project's own, run with jit off and with kilnjit: ./dev postgres queries.

Tables have 1,000 rows and NULLs in every column; a batch of queries has a seed, so that it can be repeated. Expressions
are made by type: from columns, constants and parameters, by PostgreSQL's own operators and functions, which are read
from its catalogue, and by every kind of expression that has a syntax of its own.
"""
import os
import random
import re
import time

import cluster
import searches
import suites

BATCH = 500
ROWS = 1000

# Type: literals that are of interest.
TYPES = {
    'int2': ['-32768', '-7', '-1', '0', '1', '2', '181', '32767'],
    'int4': ['-2147483648', '-65536', '-1', '0', '1', '3', '46341', '2147483647'],
    'int8': ['-9223372036854775808', '-4294967296', '-1', '0', '1', '5', '3037000500', '9223372036854775807'],
    'float4': ['-Infinity', '-1e30', '-1.5', '-0', '0', '0.1', '2', '16777217', '1e38', 'Infinity', 'NaN'],
    'float8': ['-Infinity', '-1e300', '-2.5', '-0', '0', '0.1', '3', '9007199254740993', 'Infinity', 'NaN'],
    'numeric': ['-1e20', '-1.50', '0', '0.001', '7', '123456789.123456789', 'NaN'],
    'bool': ['f', 't'],
    'oid': ['0', '1', '26', '4294967295'],
    'text': ['', 'a', 'A', 'ab', 'a ', 'abc%', '12', '-3', 'x' * 130],
    'bpchar': ['', 'a', 'a  ', 'ab', 'zz'],
    'varchar': ['', 'a', 'b', 'a b'],
    'date': ['-infinity', '0044-03-15 BC', '1999-12-31', '2000-01-01', '2024-02-29', 'infinity'],
    'time': ['00:00', '12:34:56.789', '24:00'],
    'timestamp': ['-infinity', '1999-12-31 23:59:59.999999', '2000-01-01', '2024-02-29 12:00', 'infinity'],
    'timestamptz': ['-infinity', '1999-12-31 23:59:59.999999+00', '2000-01-01+00', 'infinity'],
    'interval': ['0', '1 day', '-1 month', '1:02:03', '1 year 2 days'],
    'bytea': ['', '\\x00', '\\x616263'],
    'int4[]': ['{}', '{1}', '{1,2,NULL}', '{{1,2},{3,4}}'],
    'text[]': ['{}', '{a}', '{a,NULL,b}'],
    'jsonb': ['null', '1', '{"a": 1, "b": [1, 2]}', '[1, "a"]'],
}
# Functions of the catalogue by these names; operators are all that are immutable.
FUNCTIONS = ('abs ceil floor round trunc sign sqrt mod gcd length upper lower ltrim rtrim btrim substr left right reverse '
             'replace strpos repeat md5 ascii chr concat initcap split_part to_hex date_part date_trunc '
             'age array_length cardinality array_upper array_append array_remove int4larger int8smaller float8larger '
             'date_larger timestamp_smaller hashtext hashint4 hashoid int2abs isfinite justify_days encode jsonb_typeof '
             'starts_with width_bucket bit_count numeric_inc scale int4inc int8inc booleq hashbpchar hashfloat8').split()

CATALOGUE = r"""
select o.oprname, coalesce(l.typname, ''), r.typname, t.typname from pg_operator o left join pg_type l on l.oid = oprleft
  join pg_type r on r.oid = oprright join pg_type t on t.oid = oprresult join pg_proc p on p.oid = oprcode
  where provolatile = 'i' order by o.oid;
select '--';
select proname, (select string_agg(typname, ',' order by n) from unnest(proargtypes::oid[]) with ordinality a(o, n)
  join pg_type on pg_type.oid = a.o), t.typname from pg_proc p join pg_type t on t.oid = prorettype
  where provolatile = 'i' and prokind = 'f' and not proretset and provariadic = 0 and pronargs between 1 and 3
    and proname = any(string_to_array('%s', ' ')) order by p.oid;
""" % ' '.join(FUNCTIONS)


SMALL = {'int2': (-20, 20, 1), 'int4': (-20, 20, 1), 'int8': (-20, 20, 1), 'float4': (-40, 40, 4), 'float8': (-40, 40, 4),
         'numeric': (-40, 40, 4), 'oid': (0, 30, 1)}

# How an operand is written that would be an error for most values: by operator or function, place and type.
FINITE = "coalesce(nullif(nullif(%s, 'infinity'), '-infinity'), '2020-02-29')"
TAMED = {
    **{(name, 1, t): 'nullif(%s, 0)' for name in ('/', '%', 'mod') for t in SMALL},
    **{(name, 0, t): 'abs(%s)' for name in ('sqrt', '^', '|/') for t in SMALL},
    **{(name, k, t): FINITE for name in ('-', 'age') for k in (0, 1) for t in ('date', 'timestamp', 'timestamptz')},
    **{(name, k, *types): '(%s %% 999)' for name, k, types in (
        ('+', 1, ('date', 'int4')), ('+', 0, ('int4', 'date')), ('-', 1, ('date', 'int4')))},
    ('-', 0, 'jsonb'): 'jsonb_build_array(1, %s)', ('#-', 0, 'jsonb'): "jsonb_build_object('a', %s)",
    ('#-', 1, 'text[]'): 'array_remove(%s, null)', ('substr', 2, 'int4'): 'abs(%s %% 99)',
    ('date_part', 0, 'text'): "coalesce(nullif('hour', %s), 'day')", ('date_trunc', 0, 'text'): "coalesce(nullif('hour', %s), 'day')",
    ('date_trunc', 2, 'text'): "coalesce(nullif('UTC', %s), 'UTC')",  # a time zone: immutable since 17
    ('encode', 1, 'text'): "coalesce(nullif('hex', %s), 'escape')", ('chr', 0, 'int4'): '(abs(%s %% 90) + 32)',
    ('repeat', 1, 'int4'): '(%s %% 9)', ('split_part', 2, 'int4'): 'coalesce(nullif(%s, 0), 1)',
}


def operands(name, types):
    return [TAMED.get((name, k, t)) or TAMED.get((name, k, *types), '%s') for k, t in enumerate(types)]


def name_of(typname):
    return typname[1:] + '[]' if typname.startswith('_') else typname


def catalogue(c):
    """(template, types of arguments, type of result) of each operator and function whose types are known."""
    operators, functions = c.psql('-At', text=CATALOGUE).split('--\n')
    known = []
    for line in operators.splitlines():
        op, a, b, result = line.rsplit('|', 3)
        types = [name_of(x) for x in (a, b) if x]
        known.append(('(%s)' % (' %s ' % op.replace('%', '%%')).join(([] if a else ['']) + operands(op, types)), types, name_of(result)))
    for line in functions.splitlines():
        name, args, result = line.split('|')
        types = [name_of(x) for x in args.split(',')]
        known.append(('%s(%s)' % (name, ', '.join(operands(name, types))), types, name_of(result)))
    return [k for k in known if all(t in TYPES for t in k[1] + [k[2]])]


def column(type):
    return 'c_' + re.sub(r'\[\]', '_array', type)


def small(r, type):
    """A number that rarely makes an error, and often one that another row has, too."""
    low, high, by = SMALL[type]
    return '%g' % (r.randint(low, high) / by)


def literal(r, type):
    v = small(r, type) if type in SMALL and r.random() < 0.7 else r.choice(TYPES[type])
    return 'null::%s' % type if r.random() < 0.06 else "'%s'::%s" % (v, type)


def tables():
    """SQL that makes t and u: a row has an id, and each column is NULL in some. The numbers of u are small."""
    r = random.Random(1)
    text = ''
    for table in 'tu':
        text += 'create table %s(id int4, %s);\n' % (table, ', '.join('%s %s' % (column(t), t if t != 'bpchar' else 'char(6)') for t in TYPES))
        rows = []
        for i in range(ROWS):
            row = [str(i) if r.random() > 0.02 else 'null']
            for t in TYPES:
                x = r.random()
                row.append('null' if x < 0.12 else "'%s'" % (
                    small(r, t) if t in SMALL and (table == 'u' or x < 0.9) else
                    't%d' % r.randint(0, 9) if t == 'text' and x < 0.6 else r.choice(TYPES[t])))
            rows.append('(%s)' % ', '.join(row))
        text += 'insert into %s values\n%s;\n' % (table, ',\n'.join(rows))
        text += searches.SETUP % {'table': table}
    return text + searches.COLLATIONS + 'create index on t(c_int4);\ncreate index on u(c_text);\nvacuum analyze;\n'


class Maker:
    """Makes queries. `tables` are the names that columns may have before them; `params` the types of parameters; `icu`
    says that there are collations of ICU, and `often` how often there is what searches.py makes."""

    def __init__(self, seed, known, icu=False, often=0.1):
        self.r = random.Random(seed)
        self.icu, self.often = icu, often
        self.by_result = {}
        for k in known:
            self.by_result.setdefault(k[2], []).append(k)
        self.tables, self.params = ['x'], []

    def leaf(self, type):
        r, x = self.r, self.r.random()
        if x < 0.62:
            return '%s.%s' % (r.choice(self.tables), 'id' if type == 'int4' and r.random() < 0.2 else column(type))
        if x < 0.70 and self.params is not None:
            self.params.append(type)
            return '$%d' % len(self.params)
        return literal(r, type)

    def literal(self, type):
        return literal(self.r, type)

    def any_type(self):
        return self.r.choice(list(TYPES))

    def condition(self, d):
        r, e = self.r, self.expr
        if r.random() < self.often:
            return searches.condition(self, d)
        t = self.any_type()
        comparable = r.choice(['int2', 'int4', 'int8', 'float8', 'text', 'date', 'numeric', 'bool', 'oid', 'bpchar'])
        return r.choice([
            lambda: '(%s)' % r.choice([' and ', ' or ']).join(e('bool', d) for _ in range(r.randint(2, 4))),
            lambda: '(not %s)' % e('bool', d),
            lambda: '(%s is %s%s)' % (e('bool', d), r.choice(['', 'not ']), r.choice(['true', 'false', 'unknown'])),
            lambda: '(%s is %snull)' % (e(t, d), r.choice(['', 'not '])),
            lambda: '(%s is %sdistinct from %s)' % (e(comparable, d), r.choice(['', 'not ']), e(comparable, d)),
            lambda: '(%s %sin (%s))' % (e(comparable, d), r.choice(['', 'not ']), ', '.join(
                e(comparable, 0) for _ in range(r.randint(1, 12)))),
            lambda: '(%s %s %s(array[%s]))' % (e(comparable, d), r.choice(['=', '<>', '<', '>=']), r.choice(['any', 'all']),
                                               ', '.join(e(comparable, 0) for _ in range(3))),
            lambda: '((%s, %s) %s (%s, %s))' % (e(comparable, d), e('int4', d), r.choice(['<', '<=', '>', '>=', '=', '<>']),
                                                e(comparable, d), e('int4', d)),
            lambda: '(%s between %s and %s)' % tuple(e(comparable, d) for _ in range(3)),
            lambda: '(%s %s %s)' % (e('text', d), r.choice(['like', 'not like', '~~*']), r.choice(["'a%'", "'%1'", "'t_'"])),
            lambda: '((%s, %s) is %snull)' % (e(t, d), e(comparable, d), r.choice(['', 'not '])),
            lambda: '(%s = any(%s))' % (e('int4', d), e('int4[]', d)),
            lambda: '(exists (select 1 from u s where s.id < 9 and s.c_int4 = %s))' % e('int4', d),
        ])()

    def special(self, type, d):
        r, e = self.r, self.expr
        if r.random() < self.often:
            return searches.case(self, type, d)
        t = r.choice(['int4', 'text', 'int8', 'date'])
        forms = [
            lambda: '(case %s%s end)' % (' '.join('when %s then %s' % (e('bool', d), e(type, d)) for _ in range(
                r.randint(1, 3))), r.choice(['', ' else ' + e(type, d)])),
            lambda: '(case %s %s else %s end)' % (e(t, d), ' '.join('when %s then %s' % (e(t, 0), e(type, d)) for _ in range(
                r.randint(1, 4))), e(type, d)),
            lambda: 'coalesce(%s)' % ', '.join(e(type, d) for _ in range(r.randint(2, 3))),
            lambda: 'nullif(%s, %s)' % (e(type, d), e(type, d)),
        ]
        if type != 'jsonb':
            forms.append(lambda: '%s(%s)' % (r.choice(['greatest', 'least']), ', '.join(e(type, d) for _ in range(
                r.randint(2, 3)))))
        if type in SMALL and type != 'oid':
            forms += [lambda: '(%s)::%s' % (e(r.choice(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric']), d), type)] * 3
        if type == 'text':
            forms += [lambda: '(%s)::text' % e(self.any_type(), d)] * 2
        if type == 'int4':
            forms += [lambda: '(%s)[%s]' % (e('int4[]', d), e('int4', d)),
                      lambda: '(select min(s.c_int4) from u s where s.id < 9 and s.c_int2 <> %s)' % e('int4', d)]
        if type == 'int4[]':
            forms += [lambda: 'array[%s]' % ', '.join(e('int4', d) for _ in range(3))]
        return r.choice(forms)()

    def expr(self, type, depth):
        r = self.r
        if depth <= 0 or r.random() < 0.15:
            return self.leaf(type)
        x = r.random()
        if type == 'bool' and x < 0.5:
            return self.condition(depth - 1)
        if x < 0.75 and type in self.by_result:
            template, args, _ = r.choice(self.by_result[type])
            return template % tuple(self.expr(a, depth - 1) for a in args)
        return self.special(type, depth - 1)

    def aggregate(self, d):
        r = self.r
        f, types = r.choice([('sum', ['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'interval']),
                             ('avg', ['int2', 'int4', 'int8', 'float8', 'numeric']),
                             ('min', ['int2', 'int4', 'int8', 'float4', 'float8', 'text', 'date', 'timestamp', 'oid', 'bpchar']),
                             ('max', ['int2', 'int4', 'int8', 'float4', 'float8', 'text', 'date', 'time', 'timestamptz']),
                             ('count', list(TYPES)), ('bool_and', ['bool']), ('bool_or', ['bool']),
                             ('bit_or', ['int2', 'int4', 'int8']), ('variance', ['int4', 'float8']),
                             ('array_agg', ['int2', 'text'])])
        arg = self.expr(r.choice(types), d)
        if f == 'array_agg':
            arg += ' order by x.id'
        elif r.random() < 0.15 and f != 'count':
            arg = 'distinct ' + arg
        return '%s(%s)%s' % (f, arg, ' filter (where %s)' % self.expr('bool', d) if r.random() < 0.2 else '')

    def query(self):
        r = self.r
        self.tables, self.params = ['x'], [] if r.random() < 0.3 else None
        source, d = r.choice(['t x', 'u x', 'u x', '(select * from t offset 3) x']), r.randint(1, 3)
        if r.random() < 0.25:
            self.tables = ['x', 'y']
            source += r.choice([' join ', ' left join ', ' full join ']) + 'u y on x.id = y.id'
            if 'full' not in source:
                source += ' and ' + self.expr('bool', d)
        where = ' where ' + self.expr('bool', d) if r.random() < 0.7 else ''
        kind = r.random()
        if kind < 0.5:
            q = 'select x.id, %s from %s%s order by x.id nulls first, %s limit 30' % (', '.join(
                self.expr(self.any_type(), d) for _ in range(r.randint(1, 4))), source, where,
                'y.id nulls first' if len(self.tables) > 1 else '1')
        elif kind < 0.75:
            q = 'select count(*), %s from %s%s' % (', '.join(self.aggregate(d) for _ in range(r.randint(1, 4))), source, where)
        elif kind < 0.9:
            key = self.expr(r.choice(['int2', 'int4', 'bool', 'text', 'date', 'bpchar']), d - 1)
            q = 'select %s k, count(*), %s from %s%s group by 1%s order by 1 limit 30' % (
                key, self.aggregate(d), source, where, ' having count(*) > 1' if r.random() < 0.3 else '')
        elif kind < 0.95:
            q = 'select x.id, %s over (partition by x.c_bool order by x.id) from %s%s order by 1, 2 limit 30' % (
                r.choice(['sum(%s)', 'max(%s)', 'lag(%s)', 'count(%s)']) % self.expr('int4', d), source, where)
        else:
            q = 'select distinct %s from %s%s order by 1 limit 30' % (self.expr(r.choice(['int4', 'text', 'bool']), d),
                                                                      source, where)
        if not self.params:
            return q + ';'
        return 'prepare p(%s) as %s;\nexecute p(%s);\ndeallocate p;' % (
            ', '.join(self.params), q, ', '.join(literal(r, t) for t in self.params))


MARK = '-- next query --'
VARY = ['enable_hashagg', 'enable_hashjoin', 'enable_mergejoin', 'enable_indexscan', 'enable_sort', 'enable_material']


def run(c, queries, jit, seed):
    """What each query prints; expressions that were compiled, and all."""
    r = random.Random(seed)
    text = ''.join("set %s = '%s';\n" % x for x in (suites.JIT if jit else {'jit': 'off'}).items())
    text += "set timezone = 'UTC'; set plan_cache_mode = force_generic_plan; set statement_timeout = '10s';\n"
    text += 'set client_min_messages = debug2;\n' if jit else ''
    text += ''.join('set %s = %s;\n' % (v, r.choice(['on', 'off'])) for v in VARY)
    out = c.psql('-At', text=text + '\n'.join("\\echo '%s'\n%s" % (MARK, q) for q in queries) + "\n\\echo '%s'" % MARK)
    counts = [(int(a), int(b)) for a, b in re.findall(r'^DEBUG:  kilnjit: (\d+) of (\d+) expressions', out, re.M)]
    out = re.sub(r'^DEBUG:.*\n|^LINE \d+:.*\n *\^\n', '', out, flags=re.M)
    return out.split(MARK)[1:], sum(a for a, _ in counts), sum(b for _, b in counts)


def queries(kilnjit, n, first=1, often=0.1):
    """Runs n queries, in batches with the seeds `first` and those after it."""
    ok, done, seed, begin = True, 0, first, time.time()
    compiled = total = errors = differ = timeouts = 0
    with cluster.Cluster(kilnjit, log_min_messages='fatal') as c:
        c.psql(text=tables())
        known = catalogue(c)
        icu = c.psql('-At', text="select count(*) from pg_collation where collname in ('no_case', 'tells_case')") == '2\n'
        print('%d operators and functions%s' % (len(known), '' if icu else '; no collations of ICU'), flush=True)
        while done < n and not c.crashes():
            maker = Maker(seed, known, icu, often)
            batch = [maker.query() for _ in range(min(BATCH, n - done))]
            off, _, _ = run(c, batch, False, seed)
            on, a, b = run(c, batch, True, seed)
            compiled, total, done = compiled + a, total + b, done + len(batch)
            ok &= len(off) == len(on) == len(batch) + 1
            for query, x, y in zip(batch, off, on):
                errors += 'ERROR' in x
                timeouts += 'statement timeout' in x + y
                if x == y or 'statement timeout' in x + y:
                    continue
                differ += 1
                path = os.path.join(cluster.ROOT, 'build/postgresql-query-%d.sql' % differ)
                with open(path, 'w') as f:
                    f.write('-- seed %d\n%s\n-- off:\n%s\n-- kilnjit:\n%s' % (seed, query, x, y))
            if seed % 10 == first % 10 or done == n:
                print('seed %d: %d queries, %d s; %d give an error, %d time out, %d differ; %d of %d expressions '
                      'compiled (%.1f %%)' % (seed, done, time.time() - begin, errors, timeouts, differ, compiled, total,
                                             100 * compiled / max(total, 1)), flush=True)
            seed += 1
        for line in c.crashes():
            print('seed %d: %s' % (seed - 1, line))
        return ok and differ == 0 and not c.crashes() and compiled >= 0.9 * total and errors < 0.15 * done
