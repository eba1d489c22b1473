-- Tuples of many shapes: widths, alignments, nulls, short, long, compressed and external values, heap and minimal tuples.
select setseed(0.5);
create table shapes(
  a "char", b int2, c bool, d int8, e text, f "char", g float8, h name, i char(3), j numeric, k int4, l uuid, m text, n int8 not null,
  o varchar(20), p bytea, q point, r cidr, s interval, t int2, u text, v "char");
insert into shapes select case when random() < 0.7 then 'x' end, case when random() < 0.7 then i % 100 end,
  case when random() < 0.7 then i % 2 = 0 end, case when random() < 0.7 then i * 10000000000 end,
  case when random() < 0.7 then repeat('e', i % 260) end, case when random() < 0.7 then 'y' end, case when random() < 0.7 then i / 7.0 end,
  case when random() < 0.7 then 'name' || i end, case when random() < 0.7 then i % 10 || '' end, case when random() < 0.7 then i * 1.234 end,
  case when random() < 0.7 then -i end, case when random() < 0.7 then md5(i::text)::uuid end,
  case when random() < 0.7 then repeat(i::text, i * 5) end, i, case when random() < 0.7 then '' end,
  case when random() < 0.7 then decode(repeat('ff', i % 130), 'hex') end, case when random() < 0.7 then point(i, -i) end,
  case when random() < 0.7 then '10.1.2.0/24'::cidr end, case when random() < 0.7 then i * interval '1 hour' end,
  case when random() < 0.7 then -i % 30000 end, case when random() < 0.7 then 'u' || i end, case when random() < 0.7 then 'z' end
from generate_series(1, 600) i;
insert into shapes select 'a', 1, true, 2, 'e' || i, 'f', 3, 'h', 'i', 4, 5, md5('')::uuid, 'm', i, 'o', 'p', point(1, 2), '10.0.0.0/8', '1 day',
  6, 'u', 'v' from generate_series(601, 900) i;
select md5(string_agg(s::text, '|' order by n)) from shapes s;
select count(*), sum(n), sum(d), sum(b), sum(t), sum(k), min(v), max(u), sum(length(e)), sum(length(m)), sum(length(p)) from shapes;
select n, v, u, t from shapes where b > 50 and e like 'e%' and t < 0 order by n limit 20;
select n, a, c, f from shapes where v = 'z' and i = '7' order by n limit 20;
select x.n, y.n, x.u from shapes x join shapes y on x.e = y.e and x.n < y.n where x.b is not null order by 1, 2 limit 20;
select x.n, y.k, y.v from shapes x left join shapes y on x.b = y.t + 130 and y.c order by 1, 2 limit 40;
select e, count(*), sum(k), max(v) from shapes group by e order by 2 desc, 1 limit 10;
select distinct i, c from shapes order by 1, 2;
select v, u, n from shapes order by u nulls first, n limit 20;
alter table shapes drop column g, drop column m;
alter table shapes add column w int default 7, add column x text;
select n, w, x, v, k from shapes where n % 100 = 0 order by n;
update shapes set x = 'x' || n where n % 3 = 0;
select n, w, x, v, k from shapes where n % 50 = 0 order by n;
select md5(string_agg(s::text, '|' order by n)) from shapes s;
do $$ begin execute 'create table wide(' || (select string_agg(format('c%s %s', i, (array['int', 'text', 'int8', 'int2'])[i % 4 + 1]), ', ')
  from generate_series(1, 300) i) || ')'; end $$;
do $$ begin execute 'insert into wide select ' || (select string_agg(case when i % 11 = 0 then 'nullif(j % 3, 1)::text::' else 'j::text::' end ||
  (array['int', 'text', 'int8', 'int2'])[i % 4 + 1], ', ') from generate_series(1, 300) i) || ' from generate_series(1, 40) j'; end $$;
select md5(string_agg(w::text, '|' order by c1)) from wide w;
select c300, c299, c1, c11, c22 from wide where c150 < 7 and c298 > 2 order by c1;
do $$ begin execute 'create table nn(' || (select string_agg(format('c%s int not null', i), ', ') from generate_series(1, 40) i) || ')'; end $$;
do $$ begin execute 'insert into nn select ' || (select string_agg('j + ' || i, ', ') from generate_series(1, 40) i) || ' from generate_series(1, 10) j'; end $$;
select sum(c40), sum(c1), max(c20 + c39) from nn where c30 > 35;
