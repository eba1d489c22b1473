create virtual table docs using fts5(title, body);
insert into docs values('one', 'the quick brown fox jumps'), ('two', 'over the lazy dog'), ('three', 'quick quick dogs');
select title, bm25(docs), snippet(docs, 1, '[', ']', '...', 4) from docs where docs match 'quick OR dog*' order by rank;
create virtual table boxes using rtree(id, x0, x1, y0, y1);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 400)
insert into boxes select i, i % 20, i % 20 + 1.5, i / 20, i / 20 + 0.5 from n;
select count(*), min(id), max(id) from boxes where x0 >= 3 and x1 <= 9 and y0 > 4;
select json_extract('{"a": [1, 2.5, {"b": "c"}]}', '$.a[2].b'), json_group_array(value) from json_each('[3, 1, 2]');
select printf('%.17g %e %10.3f %x %s %q', 1.0 / 3, 6.02e23, -2.5, 255, 'text', 'it''s'), round(2.675, 2), 1e308 * 10;
select sin(1), cos(1), tan(1), exp(1), ln(10), pow(2, 0.5), atan2(-1, -1), cast('12abc' as integer), 9223372036854775807 + 1;
select date('2026-02-28', '+1 day'), strftime('%Y-%j %W %s', '2024-12-31 23:59:59'), julianday('2000-01-01');
select upper('straße'), substr('日本語', 2, 1), length('日本語'), hex('é'), instr('banana', 'nan'), replace('aaa', 'a', 'bb'), unicode('€');
with recursive fib(a, b) as (select 0, 1 union all select b, a + b from fib where b < 1e15) select max(a) from fib;
with recursive
  x(i, x, y, n) as (select 0, c, d, 0 from (select -0.5 c, 0.6 d) union all select i + 1, x * x - y * y - 0.5, 2 * x * y + 0.6, n + 1 from x where i < 30)
select n, x, y from x where x * x + y * y < 4 order by n desc limit 3;
create table log(n); create trigger keep after insert on docs begin insert into log values(new.title); end;
select nonsense from log;
select 1 / 0, 5 % 0, 'a' < 'B' collate nocase, null is null, 1 between 0 and 2, 'abc' like 'A_c', 'abc' glob 'a*';
