"""Conditions and values that kilnjit has searches and functions of its own for: lists of constants, CASE with constants,
LIKE, equality of texts, comparisons of numerics. generate.py has them among its queries; ./dev postgres searches has
little else.

Lists have any length up to 1,500, with duplicates and NULLs; texts are short, empty, long, compressed or stored
elsewhere, under several collations.
"""

# Texts as SQL that becomes a constant. The last ones are in rows of c_long: compressed, and too long for a page.
LONG = ["repeat('ab', 60)", "repeat('ab', 63)", "repeat('ab', 64)", "repeat('ab', 3000)",
        "(select string_agg(md5(i::text), '') from generate_series(1, 300) i)"]
TEXTS = ["''", "'a'", "'A'", "'ab'", "'a '", "'abc%'", "'t1'", "'t2'", "'t7'", "'tex'", "'text'", "'text123'", "'text1234'",
         "'text12345'", "'text123456789012'", "'\u00e9'", "'e\u0301'", "'\u00e9t\u00e9'", "'\u65e5\u672c\u8a9e'", *LONG[:4]]
NUMERICS = ['0', '0.00', '-0.1', '1', '1.0', '1.000000000000000000001', '-1', '9999', '10000', '10001', '0.0001', '0.00001',
            '1e-100', '-1e-100', '1e200', '-1e200', '1e300', '1.5e300', '123456789.123456789', '1e-300', '7', '7.25', 'NaN',
            'Infinity', '-Infinity', '0.' + '0' * 70 + '1', '12345678901234567890123456789012345678901234567890']
INTEGERS = ('int2', 'int4', 'int8')
RANGES = {'int2': (-32768, 32767), 'int4': (-2**31, 2**31 - 1), 'int8': (-2**63, 2**63 - 1)}

# A column of texts of which some are not in the row as they are, and one that tells no case.
SETUP = """
alter table %(table)s add column c_long text;
alter table %(table)s alter column c_long set storage extended;
update %(table)s set c_long = case id %% 9 when 0 then null when 1 then '' when 2 then repeat('ab', 3000)
  when 3 then (select string_agg(md5(i::text), '') from generate_series(1, 300) i) when 4 then repeat('ab', 60 + id %% 5)
  when 5 then 'text' || id else c_text end;
"""
COLLATIONS = """
create collation no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create collation tells_case (provider = icu, locale = 'en');
"""


def collate(m):
    names = ['"C"', '"POSIX"', 'ucs_basic', '"default"'] + ['tells_case'] * 4 * m.icu + ['no_case'] * m.icu
    return ' collate ' + m.r.choice(names) if m.r.random() < 0.4 else ''


def text(m, d):
    """A text to search in, and one of another type that is compared as text."""
    x = m.r.random()
    return '%s.c_long' % m.r.choice(m.tables) if x < 0.3 else m.expr('varchar', 0) + '::text' if x < 0.4 else m.expr('text', d)


def integers(r, type, n):
    """Numbers near each other, or anywhere, with the least and greatest."""
    low, high = RANGES[type]
    if r.random() < 0.5:
        first = r.choice([low, high - 70, -5, 0, r.randint(low, high - 70)])
        return [first + r.randint(0, r.choice([3, 62, 63, 64, 70])) for _ in range(n)]
    if r.random() < 0.5:
        return [r.randint(-2 * n, 2 * n) for _ in range(n)] if n < 16000 else [0] * n
    return [r.choice([low, high, low + 1, high - 1, 0, r.randint(low, high)]) for _ in range(n)]


def constants(m, type, n):
    """SQL of constants, some of them twice."""
    r = m.r
    if type in RANGES:
        values = ["'%d'::%s" % (v, type) for v in integers(r, type, n)]
    elif type == 'text':
        values = [r.choice(TEXTS) if r.random() < 0.7 else "'t%d'" % r.randint(0, 2 * n) for _ in range(n)]
    elif type == 'bpchar':
        values = ["%s::bpchar" % r.choice(TEXTS[:8] + ["'zz'", "'a   '", "'t%d'" % r.randint(0, n)]) for _ in range(n)]
    elif type == 'numeric':
        values = ["'%s'::numeric" % r.choice(NUMERICS) for _ in range(n)]
    elif type == 'date':
        values = ["'2000-01-01'::date + %d" % r.randint(-40, 40) for _ in range(n)]
    else:
        values = [m.literal(type) for _ in range(n)]
    if r.random() < 0.2:
        values[r.randrange(n)] = 'null::' + type
    return values + values[:1] * r.randint(0, 1)


def length(r):
    x = r.random()
    return r.randint(1, 9) if x < 0.5 else r.randint(9, 40) if x < 0.97 else r.randint(1001, 1500)


def in_list(m, d):
    r = m.r
    type = r.choice(['int2', 'int4', 'int8', 'int4', 'text', 'text', 'bpchar', 'oid', 'date', 'numeric', 'float8', 'bool',
                     'timestamp'])
    value = text(m, d) + collate(m) if type == 'text' else m.expr(type, d)
    other = r.choice(INTEGERS) if type in INTEGERS and r.random() < 0.3 else type
    items = ', '.join(constants(m, other, length(r)))
    return r.choice(['(%s in (%s))', '(%s not in (%s))', '(%s = any(array[%s]))', '(%s <> all(array[%s]))',
                     '(%s = all(array[%s]))', '(%s <> any(array[%s]))', '(%s < any(array[%s]))']) % (value, items)


def pattern(m):
    r = m.r
    pieces = ['%', '%', '%', 'a', 'b', 'ab', 'abab', 't', 't1', '7', ' ', '\u00e9', 'e', 'text', 'x' * 20, '\\\\%', '\\\\\\\\', 'ex']
    if r.random() < 0.2:
        pieces += ['_', '_', '\\\\_']
    made = ''.join(r.choice(pieces) for _ in range(r.choice([0, 1, 2, 2, 3, 3, 4, 5, 9])))
    if r.random() < 0.02:
        made += '\\\\'
    if r.random() < 0.02:
        made = 'a%' * 40
    return "E'%s'" % made


def like(m, d):
    r = m.r
    where = m.expr('bpchar', d) if r.random() < 0.15 else text(m, d) + collate(m)
    return '(%s %s %s)' % (where, r.choice(['like', 'like', 'not like']), pattern(m))


def equal(m, d):
    r = m.r
    op = r.choice(['=', '<>', 'is distinct from', 'is not distinct from'])
    if r.random() < 0.2:
        return '(%s %s %s)' % (m.expr('bpchar', d), op, r.choice(constants(m, 'bpchar', 3)))
    return '(%s%s %s %s)' % (text(m, d), collate(m), op, text(m, 0) if r.random() < 0.5 else r.choice(TEXTS + LONG))


def numeric(m, d):
    r = m.r
    op = r.choice(['=', '<>', '<', '<=', '>', '>=', 'is distinct from'])
    other = m.expr('numeric', d) if r.random() < 0.5 else r.choice(constants(m, 'numeric', 3))
    if r.random() < 0.3:
        return '(%s between %s and %s)' % (m.expr('numeric', d), r.choice(constants(m, 'numeric', 3)), other)
    return '(%s %s %s)' % (m.expr('numeric', d) if r.random() < 0.7 else r.choice(constants(m, 'numeric', 3)), op, other)


def condition(m, d):
    return m.r.choice([in_list, in_list, like, like, equal, numeric])(m, d)


def case(m, type, d):
    """A CASE with constants; what is not reached may be an error."""
    r, n = m.r, m.r.choice([2, 4, 8, 12, 20, 120] + [300] * (m.r.random() < 0.05))
    of = r.choice(['int2', 'int4', 'int8', 'text', 'bpchar', 'date', 'numeric', 'bool'])
    value = text(m, 0) + collate(m) if of == 'text' else m.expr(of, 0)
    if of == 'int4' and r.random() < 0.2:
        value = '(%s + (random() * 0)::int4)' % value
    arms = constants(m, of, n)
    results = [m.expr(type, d if k < 2 else 0) for k in range(len(arms))]
    if r.random() < 0.5:
        return '(case %s %s else %s end)' % (value, ' '.join('when %s then %s' % x for x in zip(arms, results)),
                                             m.expr(type, d))
    return '(case %s end)' % ' '.join('when %s = %s then %s' % (value, *x) for x in zip(arms, results))
