"""SQL in which values of narrow types have any bits above those of their type, which PostgreSQL's functions ignore: as
results of functions, as constants, as columns and as parameters; of every operator of operators.def and of every kind
of step that looks into a value. module.c makes such values."""

TYPES = {'int2': ['-32768', '-1', '0', '7'], 'int4': ['-2147483648', '-1', '0', '7'], 'oid': ['0', '7', '4294967295'],
         'date': ['-infinity', '1999-12-31', '2000-01-08'], 'float4': ['-1.5', '0', 'NaN'], 'bool': ['f', 't'],
         'int8': ['-1', '7', '4294967295'], 'float8': ['2']}
BITS = ['0', '-1', '6510615555426900570'] # zeros, ones, garbage

SETUP = r'''
create function dirty(anyelement, int8) returns anyelement volatile language c as :'module', 'dirty';
create function fixed(anyelement, int8) returns anyelement immutable language c as :'module', 'dirty';
create table pairs(type text, id int, v text);
insert into pairs values %s;
create table bits(id int, b int8);
insert into bits values %s;
create table one(z int);
insert into one values (0);
analyze;
set plan_cache_mode = force_generic_plan;
create function attempt(query text) returns text language plpgsql as $$
declare r text;
begin
  execute query into r;
  return coalesce(r, 'null');
exception when others then return sqlstate || ' ' || sqlerrm;
end $$;
create function by_parameter(f text, ta text, tb text, a text, b text) returns text language plpgsql as $$
declare r text;
begin
  execute format('prepare s(%%s) as select %%s(%%s)::text || z from one where z = 0', concat_ws(',', ta, tb), f,
    case when tb is null then '$1' else '$1, $2' end);
  r := attempt(format('execute s(%%s)', concat_ws(',', a, b)));
  deallocate s;
  return r;
end $$;
'''

EVERY = r'''
select p.oid::regprocedure, a.v, b.v, u.id, w.id,
  attempt(format('select %s(%s)::text || z from one where z = 0', f, concat_ws(', ', x, y))),
  attempt(format('select %s(%s)::text || z from (select %s, z from one offset 0) s where z = 0', f,
    case when t.tb is null then 'a' else 'a, b' end,
    concat_ws(', ', x || ' a', y || ' b'))),
  by_parameter(f, t.ta, t.tb, x, y),
  case when t.tb is not null then
    attempt(format('select %s(%s, %s)::text || z from one where z = 0', f, replace(x, 'dirty', 'fixed'), y)) end,
  case when t.tb is not null then
    attempt(format('select %s(%s, %s)::text || z from one where z = 0', f, x, replace(y, 'dirty', 'fixed'))) end
from pg_proc p,
  lateral (select p.oid::regproc::text f, p.proargtypes[0]::oid oa, p.proargtypes[1]::oid ob) o,
  lateral (select (select typname from pg_type where oid = oa) ta, (select typname from pg_type where oid = ob) tb) t,
  lateral (select * from pairs where pairs.type = t.ta) a,
  lateral (select * from pairs where pairs.type = coalesce(t.tb, t.ta) and (t.tb is not null or pairs.id = a.id)) b,
  bits u, lateral (select * from bits where bits.id = (u.id + a.id) % 3) w,
  lateral (select format('dirty(%L::%s, %s)', a.v, t.ta, u.b) x,
    case when t.tb is not null then format('dirty(%L::%s, %s)', b.v, t.tb, w.b) end y) d
where p.prosrc in (FUNCTIONS) and p.prolang = 12 and p.prokind = 'f' and oa is not null and t.tb is distinct from 'any'
  and (t.ta in (NARROW) or t.tb in (NARROW))
order by p.oid, a.id, b.id, u.id;
'''

# i, j, b: integers and a truth value of a row; 20 rows.
STEPS = '''
create table r as select i, i % 4 - 1 i4, (i % 5 - 2)::int2 i2, nullif(i % 3, 2) n4, i % 2 = 0 b, '2000-01-01'::date + i h,
  (i / 4.0)::float4 f from generate_series(1, 20) i;
create view d as select i, dirty(i4, {0}) i4, dirty(i2, {0}) i2, dirty(n4, {0}) n4, dirty(b, {0}) b, dirty(h, {0}) h,
  dirty(f, {0}) f from r offset 0;
select i, i4, i2, n4, b, h, f from d where b and i4 > 0 or not b and i2 < 0 order by i;
select i, case i4 when -1 then 'a' when 0 then 'b' when fixed(1, {0}) then 'c' end, case when b then i2 end,
  coalesce(n4, i4), nullif(i4, -1), nullif(i2, fixed(1::int2, {0})), nullif(n4, i4) from d order by i;
select i, i4 is distinct from -1, i2 is not distinct from i4, n4 is distinct from i2, b is true, b is not false,
  not b, b and i4 = 1, b or i2 = 1, b = (i4 > 0) from d order by i;
select i, (i4, i2) < (fixed(0, {0}), i2), (i4, n4) >= (i2, fixed(1, {0})), row(i4, b) = row(i4, b),
  greatest(i4, n4, i2), least(i2, fixed(-1::int2, {0})) from d order by i;
select i, i4 = any(array[i2, -1, 2]), i4 in (-1, 2, i2), i2 in (1, 2, -1, -2, 5, 6, 7, 8, 9, 10), i4 = all(array[n4]),
  array[i4, i2, n4], (array[7, 8, 9])[i4 + 1], (array[7, 8, 9])[fixed(2, {0})] from d order by i;
select i, i4 in (-1, 2, 1), i2 in (-2, 1000, 2), i4 in (1, 1000, 2000, 3000, fixed(-1, {0}), 7000, 8000), i2 not in (-2, 0, null),
  case i4 when -1 then 1 when fixed(0, {0}) then 2 when 1 then 3 when 2 then 4 ARMS end, case when i2 = -2 then 1 when i2 = -1
  then 2 when i2 = fixed(1::int2, {0}) then 3 when i2 = 2 then 4 end from d order by i;
select i, i4::int8, i4::int2, i4::float8, i4::float4, i4::numeric, i4::text, i4::oid::int4::int8, i2::int8, i2::float4,
  f::float8, h::timestamp, h - '2000-01-01', h + i4, -i4, +i2, abs(i4), ~i2, @ i2 from d order by i;
select i, i8 + i4, i8 - i2, i8 * fixed(-3, {0}), i8 / fixed(-1, {0}), i8 % 7 = fixed(3, {0}), i8 > i4, i8 = i, i4 = i8
  from (select *, i::int8 i8 from d) d order by i;
select sum(i4), sum(i2), avg(i4), avg(i2), min(i4), max(i2), min(h), max(f), sum(f), count(n4), bool_and(b), bool_or(b),
  every(i4 > -2) from d;
select i4, i2, count(*), sum(n4), max(i4) from d group by i4, i2 order by i4, i2;
select i, sum(i4) over w, max(i2) over w, lag(i4) over w from d window w as (partition by b order by i) order by i;
select x.i, y.i from d x join d y on x.i4 = y.n4 and x.i2 < y.i2 order by 1, 2;
select x.i from d x where exists (select 1 from d y where y.i2 = x.i4 and y.b) order by 1;
select i, i4 + 2147483647 from d order by i;
select i, i2 - 32767::int2 from d order by i;
select (-2147483648 + 0 * i) / fixed(-1, {0}) from r;
select (-32768 + 0 * i)::int2 / fixed((-1)::int2, {0}) from r;
select (-2147483648 + 0 * i) % fixed(-1, {0}) from r limit 1;
select i / fixed(0, {0}) from r;
select i % fixed(0, {0}) from r;
select i::int8 / fixed(0, {0}) from r;
select i from r where i::int8 = hashtext('key' || i) or hashtext('key' || i)::int8 = hashtext('key1') order by i;
select i, i::int8 - hashtext('key1'), i::int8 = 4294967295::oid::int4, i / (4294967295::oid::int4) from r order by i limit 3;
drop view d;
drop table r;
'''


def sql(functions):
    rows = ["('%s', %d, '%s')" % (t, i, v) for t, values in TYPES.items() for i, v in enumerate(values)]
    bits = ['(%d, %s)' % x for x in enumerate(BITS)]
    every = EVERY.replace('FUNCTIONS', ', '.join("'%s'" % f for f in functions))
    every = every.replace('NARROW', ', '.join("'%s'" % t for t in TYPES if t not in ('int8', 'float8')))
    return SETUP % (', '.join(rows), ', '.join(bits)) + every + ''.join(
        STEPS.format(b).replace('ARMS', ' '.join('when %d then %d' % (k, k) for k in range(100, 220))) for b in BITS)
