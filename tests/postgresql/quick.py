#!/usr/bin/env python3
"""quick.py KILNJIT.SO MOVING.SO MODULE.SO: the quick part of kilnjit's tests, in TAP.

Each file of sql/ is run twice, with jit off and with everything compiled by kilnjit: what psql prints is the same,
errors included. Every function of operators.def is called with all pairs of the least, greatest and special values of
its types, from columns and as constants. Values of narrow types have any upper bits. Expressions
have hundreds of terms, compiled by a kilnjit whose arrays move at each item. Then: what EXPLAIN shows, what is freed
when, how a query is cancelled while it is compiled.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

import cluster
import narrow
import shapes

HERE = os.path.dirname(os.path.abspath(__file__))
JIT = 'set jit = on; set jit_above_cost = 0; set jit_inline_above_cost = -1; set jit_optimize_above_cost = -1;\n'

VALUES = {
    'int2': ['-32768', '-32767', '-1', '0', '1', '7', '32767'],
    'int4': ['-2147483648', '-32769', '-1', '0', '1', '46341', '2147483647'],
    'int8': ['-9223372036854775808', '-2147483649', '-1', '0', '1', '3037000500', '9223372036854775807'],
    'float4': ['-Infinity', '-3e38', '-1.5', '-0', '0', '1e-30', '2', '3e38', 'Infinity', 'NaN'],
    'float8': ['-Infinity', '-1e308', '-1.5', '-0', '0', '1e-200', '2', '1e308', 'Infinity', 'NaN'],
    'bool': ['f', 't'],
    'oid': ['0', '1', '2147483648', '4294967295'],
    'date': ['-infinity', '4713-01-01 BC', '2000-01-01', '2026-02-28', 'infinity'],
    'time': ['00:00', '12:34:56.789', '24:00'],
    'timestamp': ['-infinity', '2000-01-01', '1999-12-31 23:59:59.999999', 'infinity'],
    'timestamptz': ['-infinity', '2000-01-01', '1999-12-31 23:59:59.999999', 'infinity'],
    'text': ['', 'a', 'A', 'ab', 'a ', 'a%', '%a', '%a%b', 'x' * 126, 'x' * 127, 'x' * 128],
    'bpchar': ['', 'a', 'a  ', ' a', 'ab', 'x' * 200],
    'numeric': ['-Infinity', '-1e300', '-10000', '-0.0001', '0', '0.00', '1', '1.00', '9999.5', '1e-80', '1e300', 'Infinity', 'NaN'],
    'abstime': [], 'name': ['', 'a', 'pg_class'], 'regproc': [], '"any"': ['1'],
}

OPERATORS = r'''
create function attempt(query text) returns text language plpgsql as $$
declare r text;
begin
  execute query into r;
  return coalesce(r, 'null');
exception when others then return sqlstate || ' ' || sqlerrm;
end $$;
select p.oid::regprocedure, coalesce(a.v, 'null'), coalesce(b.v, 'null'),
  attempt(format('select %s(%s)::text from v x, v y where x.id = %s and y.id = %s', p.oid::regproc,
    concat_ws(', ', 'x.' || t.ta, 'y.' || t.tb), a.id, b.id)),
  case when p.pronargs = 2 then
    attempt(format('select %s(x.%s, %L::%s)::text from v x where x.id = %s', p.oid::regproc, t.ta, b.v, t.tb, a.id)) end,
  case when p.pronargs = 2 then
    attempt(format('select %s(%L::%s, x.%s)::text from v x where x.id = %s', p.oid::regproc, a.v, t.ta, t.tb, b.id)) end,
  attempt(format('select count(*) from v x, v y where x.id = %s and y.id = %s and %s(%s) is not null', a.id, b.id,
    p.oid::regproc, concat_ws(', ', 'x.' || t.ta, 'y.' || t.tb)))
from pg_proc p,
  lateral (select p.proargtypes[0]::regtype::oid, p.proargtypes[1]::oid) o(oa, ob),
  lateral (select (select typname from pg_type where oid = oa), (select typname from pg_type where oid = ob)) t(ta, tb),
  lateral (select * from pairs where pairs.type = t.ta) a,
  lateral (select * from pairs where pairs.type = coalesce(t.tb, t.ta) and (t.tb is not null or pairs.id = a.id)) b
where p.prosrc in (FUNCTIONS) and p.prolang = 12 and p.prokind = 'f' and oa is not null and t.tb is distinct from 'any'
order by p.oid, a.id, b.id;
'''


class Test:
    def __init__(self):
        self.n = self.failed = 0

    def check(self, what, ok, detail=''):
        self.n += 1
        self.failed += not ok
        print('%sok %d - %s' % ('' if ok else 'not ', self.n, what))
        if not ok:
            print(''.join('# %s\n' % line for line in str(detail).splitlines()[:30]), end='')
        sys.stdout.flush()


def difference(a, b):
    """The first lines that differ."""
    a, b = a.splitlines(), b.splitlines()
    lines = ['off: %s\njit: %s' % (x, y) for x, y in zip(a, b) if x != y][:8]
    return '\n'.join(lines) or '%d and %d lines' % (len(a), len(b))


def functions():
    """Names of operators.def's functions, its short forms expanded."""
    with open(os.path.join(cluster.ROOT, 'integrations/postgresql/operators.def')) as f:
        text = re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S).replace('\\\n', ' ')
    macros, names = {}, set()
    for line in text.splitlines():
        m = re.match(r'#define (\w+)\((\w+)[^)]*\) (.*)', line)
        if m and m[1] != 'OPERATOR':
            macros[m[1]] = re.findall(r'OPERATOR\(%s##(\w+)' % m[2], m[3])
        m = re.match(r'(\w+)\((\w+),', line)
        if m:
            names.update([m[2]] if m[1] == 'OPERATOR' else [m[2] + end for end in macros[m[1]]])
    return sorted(names)


def operator_sql():
    types = [t for t in VALUES if t[0] != '"' and VALUES[t]]
    rows, pairs = [], []
    for i in range(max(len(VALUES[t]) for t in types) + 1):
        row = [("'%s'" % VALUES[t][i] if i < len(VALUES[t]) else 'null') for t in types]
        rows.append('(%d, %s)' % (i, ', '.join(row)))
        for t in types:
            if i <= len(VALUES[t]):
                pairs.append("('%s', %d, %s)" % (t, i, row[types.index(t)]))
    return ('create table v(id int, %s);\ninsert into v values %s;\n' % (
        ', '.join('%s %s' % (t, t) for t in types), ',\n'.join(rows)) +
        'create table pairs(type text, id int, v text);\ninsert into pairs values %s;\n' % ',\n'.join(pairs) +
        'analyze;\n' + OPERATORS.replace('FUNCTIONS', ', '.join("'%s'" % f for f in functions())))


def compare(t, c, name, text):
    """Runs SQL in two new databases, with jit off and on."""
    outputs = []
    for kind in 'off', 'jit':
        c.psql('-c', 'create database %s_%s' % (name, kind))
        outputs.append(c.psql('-d', '%s_%s' % (name, kind), '-a', '-At', '-v', 'module=' + c.module,
                              text=('set jit = off;\n' if kind == 'off' else JIT) + text))
    off, jit = (o.split('\n', 1 if k == 0 else 1)[1] for k, o in enumerate(outputs))
    t.check('%s: as without JIT' % name, off == jit and len(off) > 100, difference(off, jit))
    return outputs[1]


def counts(t, c):
    """EXPLAIN counts what was compiled, after it was: here under limits that leave all, some and none."""
    said, shown = [], []
    c.psql(text='create table m as select i a, i % 7 b from generate_series(1, 10) i')
    for limit in 100, 5, 0:
        out = c.psql('-At', text=JIT + 'set client_min_messages = debug2; set jit_tuple_deforming = off;\n'
                     'set kilnjit.max_steps = %d; explain (analyze) select sum(a + b * 2) from m where a > 2;' % limit)
        said.append(sum(map(int, re.findall(r'kilnjit: (\d+) of \d+ expressions', out))))
        shown.append(sum(map(int, re.findall(r'Functions: (\d+)', out))))
    t.check('EXPLAIN counts what is compiled, and the limit of steps is obeyed',
            said == shown and said[0] > said[1] > said[2] == 0, '%s %s\n%s' % (said, shown, out))


def explain(t, c):
    query = 'explain (analyze) select sum(a), count(*) from n where a % 3 = 1;'
    deform = r' \(Deform (?!0\.000)\d+\.\d+ ms\)' if cluster.major() >= 17 else ''
    setup = 'create table n as select i a, i b from generate_series(1, 1000) i;\n'
    out = c.psql('-At', text=setup + JIT + query)
    t.check('EXPLAIN ANALYZE shows functions and times',
            re.search(r'Functions: [1-9]', out) and 'Expressions true, Deforming true' in out and
            re.search(r'Timing: Generation (?!0\.000)\d+\.\d+ ms%s, .*Emission \d+\.\d+ ms' % deform, out), out)
    out = c.psql('-At', text=JIT + 'set jit_tuple_deforming = off;\n' + query)
    without = re.search(r'Functions: (\d+)', out)
    out = c.psql('-At', text=JIT + query)
    with_it = re.search(r'Functions: (\d+)', out)
    t.check('jit_tuple_deforming is obeyed', without and with_it and int(without[1]) < int(with_it[1]), out)
    out = c.psql('-At', text=JIT + 'set jit_expressions = off;\n' + query)
    t.check('jit_expressions is obeyed', 'Functions' not in out, out)
    t.check('the server has no LLVM', c.psql('-At', text=JIT + query + """
      create temp table maps(line text);
      do $$ begin execute format('copy maps from ''/proc/%s/maps'' (delimiter ''|'')', pg_backend_pid()); end $$;
      select count(*) from maps where line ~ 'LLVM|llvmjit';
      select 'kiln ' || (count(*) > 0) from maps where line ~ 'kilnjit';
      select 'writable code: ' || count(*) from maps where line ~ ' rwx';""").endswith(
          '0\nkiln true\nwritable code: 0\n'))


def lifetimes(t, c):
    """Memory of a backend after queries that end in every way."""
    text = """
      create temp table maps(line text);
      create function pg_temp.size() returns bigint language plpgsql as $$
      declare r bigint;
      begin
        truncate maps;
        execute format('copy maps from ''/proc/%s/status'' (delimiter ''|'')', pg_backend_pid());
        select substring(line from '\\d+')::bigint into r from maps where line like 'VmRSS%';
        return r;
      end $$;
      create function pg_temp.fails(i int) returns int language plpgsql as $$
      begin
        perform a / (a - i) from n where a + i > 2 limit 5;
        return 0;
      exception when others then return 1;
      end $$;
      create function pg_temp.many(first int, last int) returns void language plpgsql as $$
      begin
        for i in first..last loop
          execute format('prepare p%s as select a + %s, a * b from n where a < $1 and b <> %s', i, i, i);
          execute format('execute p%s(5)', i);
          if i % 10 = 0 then perform pg_temp.fails(i); end if;
        end loop;
        deallocate all;
      end $$;
      set client_min_messages = error;
"""
    text += ''.join("select pg_temp.many(%d, %d); select 'KiB: ' || pg_temp.size();\n" % rows
                    for rows in [(1, 500), *((n, n + 1499) for n in range(501, 6500, 1500))])
    text += "select 'contexts: ' || count(*) from pg_backend_memory_contexts where name = 'kilnjit query';"
    grown = {}
    for kind in 'off', 'jit':
        out = c.psql('-At', text=('set jit = off;\n' if kind == 'off' else JIT) + text)
        sizes = [int(n) for n in re.findall(r'KiB: (\d+)', out)]
        grown[kind] = max(sizes[1:]) - sizes[0]
    t.check('6,000 prepared statements and 600 errors: as much memory as without JIT, but for 2 MB',
            len(sizes) == 5 and grown['jit'] < grown['off'] + 2048 and 'contexts: 1\n' in out, f'{grown}: {out}')
    # The system gets back what is free at its convenience.
    t.check('as much memory for the second 3,000 of them as for the first, but for 2 MB',
            len(sizes) == 5 and max(sizes[3:]) < max(sizes[1:3]) + 2048, out)
    out = c.psql('-At', text=JIT + """set statement_timeout = '100ms';
      select sum(x.a * y.a % 7) from n x, n y, n z, n w;
      set statement_timeout = 0;
      begin; declare k cursor for select a * 2 from n where a > 1; fetch 2 from k; savepoint s; fetch 1 from k;
      select 1 / (a - a) from n; rollback to s; fetch 1 from k; commit; select sum(a + b) from n;""")
    t.check('timeouts, cursors and savepoints', 'statement timeout' in out and out.count('division by zero') == 1 and
            out.endswith('1001000\n'), out)


def cancelled(t, c):
    """A query that is cancelled just before its first expression runs ends while this is compiled."""
    out = c.psql('-At', '-v', 'module=' + c.module, text="""
      create function cancel_next() returns setof int4 language c as :'module', 'cancel_next';
      %s set client_min_messages = debug2;
      select i + 1 from cancel_next() i where i + 1 > 0;
      select i + 1 from generate_series(41, 41) i where i + 1 > 0;""" % JIT)
    t.check('a query is cancelled while it is compiled', 'canceling statement due to user request' in out and
            out.count(' expressions are compiled') == 1 and out.endswith('\n42\n'), out)


def some_ways(t, c):
    """What only some ways to a step write, and what is read before it is written, has what memory would have."""
    text = """create function some_ways(text, bool) returns int4 language c strict as :'module', 'some_ways';
      select some_ways('branch', true), some_ways('branch', false), some_ways('later', false);"""
    got = [c.psql('-At', '-v', 'module=' + c.module, text=jit + text.replace('create', 'create or replace'))
           for jit in ('set jit = off;', JIT)]
    t.check('places that not all ways write', got == ['6|42|6\n'] * 2, got)


def by_pgxs(t, c, build):
    """What make builds beside an installed Kiln loads without a path of libraries, though Kiln has a shared library."""
    folder = os.path.join(c.folder, 'pgxs')
    shutil.copytree(os.path.join(cluster.ROOT, 'integrations/postgresql'), folder)
    environment = {k: v for k, v in os.environ.items() if k != 'LD_LIBRARY_PATH'}
    p = subprocess.run(['make', '-C', folder, 'with_llvm=no', 'LIBKILN_CFLAGS=-I%s/include' % cluster.ROOT], text=True,
                       env={**environment, 'PKG_CONFIG_PATH': os.path.join(build, 'meson-uninstalled')},
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    t.check('make builds by PGXS', p.returncode == 0, p.stdout[-2000:])
    if p.returncode == 0:
        c.use_provider(os.path.join(folder, 'kilnjit.so'))
        out = c.psql('-At', text=JIT + 'explain (analyze) select sum(a) from n where a % 3 = 1;')
        t.check('its library is loaded and compiles', re.search('Functions: [1-9]', out), out)


def long_ones(t, c, what):
    """Expressions of hundreds of terms give what they give without JIT."""
    different = []
    c.psql(text='drop table if exists t;' + shapes.SETUP)
    for shape, query in shapes.SHAPES.items():
        off, on = (c.psql('-At', text=jit + query(290) + ';') for jit in ('set jit = off;', JIT))
        if off != on or 'ERROR' in on:
            different.append('%s\n%s\n%s' % (shape, off[:200], on[:200]))
    t.check('%d shapes of 290 terms, %s: as without JIT' % (len(shapes.SHAPES), what), not different,
            '\n'.join(different))


def main():
    why = cluster.missing()
    if why:
        print('1..0 # SKIP ' + why)
        return 0
    t = Test()
    kilnjit, moving, module = map(os.path.abspath, sys.argv[1:])
    with cluster.Cluster(kilnjit) as c:
        c.module = c.add_library(module)
        for path in sorted(glob.glob(os.path.join(HERE, 'sql/*.sql'))):
            with open(path) as f:
                compare(t, c, os.path.basename(path)[:-4], f.read())
        out = compare(t, c, 'operators', operator_sql())
        seen = set(re.findall(r'^"?(\w+)"?\(', out, re.M))
        t.check('more than 180 functions were called', len(seen) > 180 and len(functions()) > 170,
                '%d of %d' % (len(seen), len(functions())))
        compare(t, c, 'narrow', narrow.sql(functions()))
        counts(t, c)
        explain(t, c)
        lifetimes(t, c)
        cancelled(t, c)
        some_ways(t, c)
        by_pgxs(t, c, os.path.dirname(os.path.dirname(os.path.dirname(kilnjit))))
        c.use_provider(c.add_library(moving))
        with open(os.path.join(HERE, 'sql/steps.sql')) as f:
            compare(t, c, 'moving', f.read())
        long_ones(t, c, 'with arrays that move at each item')
        t.check('no server process ended by a signal', not c.crashes(), c.crashes())
    print('1..%d' % t.n)
    return t.failed > 0


if __name__ == '__main__':
    sys.exit(main())
