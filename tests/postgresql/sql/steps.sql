-- Expressions of every kind of step, over rows with and without nulls.
create table r(a int, b bigint, c text, d numeric, e boolean, f float8, g int[], h date not null default '2020-01-01');
insert into r select i, nullif(i % 7, 3), nullif('t' || i % 5, 't2'), i / 3.0, case when i % 4 = 0 then null else i % 3 = 0 end,
  nullif(i * 1.5, 4.5), case when i % 6 > 0 then array[i, i + 1, null] end from generate_series(1, 40) i;
select * from r where a > 3 and (b = 2 or c = 't1') order by a;
select a, e and b > 2, e or b > 2, not e, (e and b > 2 and a > 1) or c is null, e is true, e is not true, e is false, e is not false,
  e is unknown from r order by a;
select a, case when b = 1 then 'one' when b = 2 then c when e then 'true' else 'x' || a end, case b when 1 then 10 when 2 then a end,
  case when e then b > 3 else c = 't1' end, case when a > 3 then null else 1 end from r order by a;
select a, coalesce(b, a, 7), coalesce(c, 'none'), nullif(a, 5), nullif(c, 't1'), nullif(b, a), greatest(a, b, 3), least(f, a) from r order by a;
select a, coalesce(nullif(5, a), nullif(b, b)), coalesce(nullif(b, 2), nullif(a, 7)), case when e then nullif(a, 7) else nullif(9, a) end,
  greatest(nullif(5, a), nullif(a, 6)), case when nullif(e, a > 9) then 1 else 0 end from r order by a;
select min(distinct b), max(distinct c), count(distinct b), sum(distinct f), count(distinct c || b), array_agg(b order by a),
  string_agg(c, ',' order by a), min(b order by a), avg(distinct d), percentile_disc(0.5) within group (order by b),
  mode() within group (order by c), rank(3) within group (order by b) from r;
select a % 3, min(distinct b), sum(distinct nullif(b, 1)), count(distinct case when e then b end) from r group by 1 order by 1;
select a, b is null, b is not null, (a, b) is null, (a, b) is not null, row(b, c) is null from r order by a;
select a is distinct from b, a is not distinct from b, c is distinct from 't1', c is not distinct from null from r order by a;
select a, (a, b) < (5, 3), (c, a) >= ('t1', 9), (a, b) = (b, a), row(b, a) <= row(2, 3) from r order by a;
select a::text, c || a, a::text::int + 1, f::int, d::int, b::int2, e::text, ('2020-01-0' || (a % 9 + 1))::date, g::text from r order by a;
select a, g[1], g[a - 38], g[1:2], array[a, b], array[[a, 1], [b, 2]], g[1] = any(g), a = any(array[1, 2, b]), a = all(g),
  a in (1, 2, 3), a in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, null), a not in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10), c in ('t1', 't3') from r order by a;
select (r).a, (r).c, r, row(r.*) = row(r.*), r is null, ctid is not null, tableoid = 'r'::regclass from r order by a limit 5;
create type pair as (x int, y text);
create table q(p pair, n int);
insert into q values ((1, 'a'), 1), (null, 2), ((null, 'b'), 3);
select (p).x, (p).y, p is null, p is not null, p = row(1, 'a')::pair from q order by n;
update q set p.x = n * 10 where n <> 2;
update q set p.y = 'z' where n = 2;
select * from q order by n;
create domain positive as int check (value > 0);
create domain filled as text not null check (length(value) < 4);
select a::positive from r order by a limit 3;
select (b - 3)::positive from r order by a;
select c::filled from r order by a;
select (a || 'xyz')::filled from r where a > 5 order by a;
create table g(i int[], j jsonb);
insert into g values ('{1,2,3}', '{"a": {"b": 1}}'), (null, null);
update g set i[2] = 20, j['a']['c'] = '5';
update g set i[2:3] = '{7,8}';
select *, j['a']['b'], i[2:] from g order by 1;
select a, (select count(*) from r s where s.a < r.a), exists (select from r s where s.b = r.a), a in (select b from r),
  array(select s.a from r s where s.a < r.a and s.a < 4 order by 1) from r order by a limit 12;
select count(*), sum(a), avg(b), min(c), max(h), string_agg(c, ',' order by a), array_agg(b order by b desc), count(distinct b),
  sum(f), avg(f), sum(d), bool_and(e), every(a > 0), sum(a) filter (where e), count(c) from r;
select b, count(*), sum(a), avg(a), sum(f), max(f), min(a), grouping(b) from r group by rollup(b) order by b nulls first, 2;
select b, e, count(*), sum(a::int2), avg(a::int2), sum(b), corr(a, b), stddev(a) from r group by cube(b, e) order by 1, 2, 3;
select a, row_number() over w, sum(a) over w, lag(a) over w, first_value(c) over w, count(*) over (partition by b), avg(f) over w
  from r window w as (partition by e order by a) order by a;
select xmlelement(name x, a), xmlforest(a, c) from r order by a limit 2;
select current_user = session_user, current_date = now()::date, a from r limit 1;
prepare p(int, text) as select a, $1 + a, $2 || c from r where a < $1 order by a;
execute p(4, 'q');
execute p(null, null);
create function f_sql(i int) returns int language sql as 'select i * 2 + (select min(a) from r)';
create function f_pl(i int) returns int language plpgsql as $$ declare x int := i; begin x := x * 3 + 1; if x > 50 then return null; end if; return x; end $$;
select a, f_sql(a), f_pl(a), f_pl(b::int) from r order by a;
create table gen(a int, b int generated always as (a * 2 + 1) stored, check (a < 30));
insert into gen select a from r where a < 20;
insert into gen values (31);
select sum(b) from gen;
alter table r add column z int default 5, add column y text;
select a, z, y, z + a from r order by a limit 3;
update r set y = 'set' where a % 2 = 0;
select a, b, c, d, e, f, g, h, z, y from r order by a;
set enable_mergejoin = off;
set enable_nestloop = off;
select count(*), sum(x.a), sum(y.a) from r x join r y on x.b = y.b and x.f = y.f;
select count(*), sum(x.a), sum(y.a) from r x left join r y on x.f = y.f and x.b = y.b and x.c = y.c;
select count(*), sum(x.a), sum(y.a) from r x full join r y on x.b = y.b and x.c = y.c;
select b, c, count(*) from r group by b, c order by 1, 2;
select count(*) from r x where not exists (select from r y where x.c = y.c and x.b = y.b and y.e);
reset enable_mergejoin;
reset enable_nestloop;
create table log(t text);
create function trig() returns trigger language plpgsql as $$ begin insert into log values (tg_op || new.a || coalesce(old.a, 0)); return new; end $$;
create trigger tr before update on r for each row when (old.a is distinct from new.a and new.a > 35) execute function trig();
update r set a = a + 1;
select * from log order by 1;
create table part(k int, v text) partition by range (k);
create table part1 partition of part for values from (0) to (10);
create table part2 partition of part for values from (10) to (100);
insert into part select a, c from r;
prepare pp(int) as select * from part where k < $1 and v <> 't1' order by k;
execute pp(4);
create role reader;
grant select on part to reader;
grant select on part1 to reader;
alter table part enable row level security;
create policy pol on part using (k % 2 = 0);
set role reader;
select count(*), sum(k) from part;
reset role;
drop owned by reader;
drop role reader;
select a / (a - 4) from r order by a;
select 2147483640 + a from r order by a;
select -f / (b - 2) from r order by a;
select sum(a) from r having sum(a) / (count(*) - 40) > 0;
