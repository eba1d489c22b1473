"""Expressions of N terms of each kind: ./dev postgres shapes.

Each is compiled whole (EXPLAIN and DEBUG1 say so), gives what it gives with jit off, and takes at most the compile time
of llvmjit without optimization; and its compile time grows with N, not with its square.
"""
import re
import sys

import measure
import suites

SETUP = """
create table t as select i a, i % 7 b, i::int8 c, i / 3.0::float8 d, 'x' || i s, i * 1.5 m, i % 3 = 0 e,
  '2020-01-01'::date + i h from generate_series(1, 10) i;
insert into t default values;
analyze t;
"""


def where(join, term):
    return lambda n: 'select count(*) from t where ' + join.join(term(i) for i in range(n))


def total(join, term):
    return lambda n: 'select sum(%s) from t' % join.join(term(i) for i in range(n))


def columns(term):
    return lambda n: 'select %s from t' % ', '.join(term(i) for i in range(min(n, 1600)))


def nested(n):
    """PostgreSQL's grammar has no memory for some 3,000 levels of these."""
    return min(n, 1000)


SHAPES = {
    'AND': where(' and ', lambda i: 'a <> %d' % (i + 1000)),
    'OR': where(' or ', lambda i: 'a = %d' % (i + 1000)),
    'AND of OR, IS TRUE': where(' and ', lambda i: '(a = %d or b = %d or (c > %d and d < %d) is true) is not false' % (
        i, i, i, i)),
    'OR of AND': where(' or ', lambda i: '(a = %d and b = %d)' % (i, i + 1)),
    'NOT': where(' and ', lambda i: 'not (e and a > %d)' % i),
    'IS NOT TRUE': where(' and ', lambda i: '(a > %d) is not true' % (i + 1000)),
    'IS NOT NULL': where(' or ', lambda i: '(a + %d) is not null' % i),
    'integers, left': total(' + ', lambda i: '(a %% %d)' % (i + 1)),
    'integers, right': lambda n: 'select sum(%s0%s) from t' % ('(b + ' * n, ')' * n),
    'conversions': total(' + ', lambda i: '(a + %d)::int8::int2::float8' % (i % 9)),
    'floats': total(' + ', lambda i: 'd * %d.5' % i),
    'numerics': total(' + ', lambda i: 'm * %d' % i),
    'dates': where(' and ', lambda i: "h > '1900-01-01'::date + %d" % i),
    'CASE WHEN': lambda n: 'select sum(case %s else 0 end) from t' % ' '.join(
        'when a = %d then b + %d' % (i + 1000, i) for i in range(n)),
    'CASE of a value': lambda n: 'select sum(case a %s else 0 end) from t' % ' '.join(
        'when %d then b + %d' % (i + 1000, i) for i in range(n)),
    'sum of CASE': total(' + ', lambda i: 'case when a %% %d = 0 then b else %d end' % (i + 2, i)),
    'CASE in sums': lambda n: 'select sum(%s0%s) from t' % (''.join(
        'case when a %% %d = 0 then %d when b / %d > 3 then b - %d else c / %d end + (' % (i + 2, i, i + 1, i, i + 1)
        for i in range(n)), ')' * n),
    'CASE in ELSE': lambda n: 'select sum(%s0%s) from t' % (''.join(
        'case when a = %d then b else ' % (i + 1000) for i in range(nested(n))), ' end' * nested(n)),
    'CASE in THEN': lambda n: 'select sum(%s0%s) from t' % (''.join(
        'case when a <> %d then ' % (i + 1000) for i in range(nested(n))), ' else b end' * nested(n)),
    'COALESCE': lambda n: 'select sum(coalesce(%s)) from t' % ', '.join('nullif(a, a) + %d' % i for i in range(n)),
    'nested COALESCE': lambda n: 'select sum(%sb%s) from t' % ('coalesce(nullif(a, a), 1 + ' * nested(n), ')' * nested(n)),
    'NULLIF': total(' + ', lambda i: 'nullif(a, %d)' % (i + 1000)),
    'IS DISTINCT FROM': where(' and ', lambda i: 'a is distinct from %d' % (i + 1000)),
    'rows': where(' and ', lambda i: '(a, b) < (%d, %d)' % (i + 1000, i)),
    'GREATEST': lambda n: 'select sum(greatest(%s)) from t' % ', '.join('a + %d' % i for i in range(n)),
    'text': where(' or ', lambda i: "s = 'y%d'" % i),
    'text functions': where(' and ', lambda i: "length(s || '%d') > 0" % i),
    'by text': total(' + ', lambda i: '(a || \'%d\')::int' % (i % 9)),
    'IN': where(' or ', lambda i: 'a in (%d, %d, b)' % (i + 1000, i + 1001)),
    '= ANY': where(' and ', lambda i: 'a <> all(array[%d, %d])' % (i + 1000, i + 1001)),
    'IN constants': where(' and ', lambda i: 'a not in (%d, %d, %d)' % (i + 1000, 3 * i + 1001, 7 * i + 1002)),
    'one IN': lambda n: 'select count(*) from t where a in (%s)' % ', '.join(str(3 * i) for i in range(n)),
    'one IN of texts': lambda n: 'select count(*) from t where s in (%s)' % ', '.join("'x%d'" % (3 * i) for i in range(n)),
    'CASE of a text': lambda n: 'select sum(case s %s else 0 end) from t' % ' '.join(
        "when 'x%d' then b + %d" % (3 * i, i) for i in range(n)),
    'LIKE': where(' and ', lambda i: "s not like '%%y%d%%'" % i),
    'comparisons of numerics': where(' and ', lambda i: 'm <> %d.25' % i),
    'ARRAY': lambda n: 'select max(array_length(array[%s], 1)) from t' % ', '.join('a + %d' % i for i in range(n)),
    'subscripts': total(' + ', lambda i: '(array[a, b, %d])[2]' % i),
    'columns': columns(lambda i: 'a + %d' % i),
    'aggregates': columns(lambda i: 'sum(a + %d)' % i),
    'strict aggregates': columns(lambda i: 'max(b * %d)' % i),
    'averages': columns(lambda i: 'avg(a + %d)' % i),
    'filtered aggregates': columns(lambda i: 'count(*) filter (where a > %d)' % i),
    'windows': lambda n: 'select %s from t window w as (order by a)' % ', '.join(
        'sum(a + %d) over w' % i for i in range(min(n, 500))),
    'subqueries': lambda n: where(' and ', lambda i: '(select a > %d) is not false' % -i)(min(n, 300)),
}


def explain(c, query):
    """Functions and milliseconds of compiling, by EXPLAIN; and what DEBUG1 says of expressions that are not compiled."""
    out = c.psql('-At', text='set client_min_messages = debug1;\nexplain (analyze) %s;\n' % query)
    times = measure.jit_times(out)
    return times[0] if times else (0, 0.0), re.findall(r'(?:kilnjit: |ERROR: ).*', out)


def shapes(lib, n):
    results, times = {}, {}
    with measure.server(lib, max_stack_depth='6MB') as c:
        c.psql(text=SETUP)
        for name in 'off', 'llvmjit, no optimization', 'kilnjit':
            measure.provider(c, name)
            for shape, query in SHAPES.items():
                if name != 'llvmjit, no optimization':
                    results[shape, name] = c.psql('-At', text=query(n) + ';')
                if name != 'off':
                    times[shape, name] = explain(c, query(n))
                print('%s: %s' % (name, shape), file=sys.stderr, flush=True)
                if name == 'kilnjit':
                    times[shape, 'half'] = explain(c, query(n // 2))
        crashes = c.crashes()
    ok = not crashes
    for shape in SHAPES:
        (functions, kiln), said = times[shape, 'kilnjit']
        (_, llvm), _ = times[shape, 'llvmjit, no optimization']
        (_, half), _ = times[shape, 'half']
        same = results[shape, 'off'] == results[shape, 'kilnjit']
        good = functions > 0 and not said and same and kiln <= llvm
        ok &= good
        print('%-20s llvmjit %9.2f ms   kilnjit %8.2f ms, %8.2f for half as many%s%s' % (
            shape, llvm, kiln, half, '' if good else '   WRONG: %s' % (
                ('no function', 'not as with jit off' if not same else 'slower')[functions > 0]),
            ''.join('\n  ' + line for line in said[:3])), flush=True)
    print('\n'.join(crashes))
    return ok
