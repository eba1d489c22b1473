-- Constants that values are looked for among, LIKE, equality of texts and comparisons of numerics.
create table s(id int, a int2, b int4, c int8, o oid, d date, t text, p char(6), v varchar, n numeric);
insert into s select i, (array[-32768, -1, 0, 1, 5, 62, 63, 64, 65, 32767, null])[i % 11 + 1], (array[-2147483648, -1, 0, 1, 5, 62, 63, 64, 65, 2147483647, null])[i % 11 + 1],
  (array[-9223372036854775808, -1, 0, 1, 5, 4294967297, 63, 64, 65, 9223372036854775807, null])[i % 11 + 1], (array[0, 1, 5, 4294967295, null])[i % 5 + 1], date '2020-01-01' + i,
  (array['', 'a', 'A', 'ab', 'abab', 'a%b', 'a_b', 'a\b', 'text12345', 'text123456789', 'éa', null])[i % 12 + 1], (array['', 'a', 'a ', 'ab', ' a', 'abcdef', null])[i % 7 + 1],
  (array['', 'a', 'bc', null])[i % 4 + 1], (array['0', '-0.1', '1.0', '1', '1.00000000000000000000001', '9999', '10000', '1e300', '-1e300', '1e-100', 'NaN', 'Infinity', '-Infinity', null])[i % 14 + 1]::numeric
  from generate_series(1, 170) i;
insert into s(id, t, n) values (201, repeat('ab', 62), 1e-20), (202, repeat('ab', 63), 12345678901234567890.5), (203, repeat('ab', 64), -1e-20),
  (204, repeat('ab', 3000), 0.00), (205, (select string_agg(md5(i::text), '') from generate_series(1, 300) i), (select repeat('7', 5000)::numeric));
analyze s;
select id, a in (1, 5), a in (0, 1, 62, 63), a in (-1, 62), a in (-32768, 32767, 5, 1, 1, 1, 1, 1), a not in (0, 5, null), a = any('{0,63}'::int8[]), a = any('{}'), a <> all('{}'),
  a = any('{null}'), a <> all('{null,null}'), a = any(null::int2[]) from s order by id;
select id, b in (-2147483648, 2147483647), b in (-2147483648, -2147483647, -2147483585), b in (0, 63, 5), b in (0, 64, 5), b in (0, 64, 5, 7, 9, 11, 13, 15), b not in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
  b not in (1, 2, 3, 4, 5, 6, 7, 8, 9, 1000, null), b = any('{1,5,-1}'::int2[]), b = any('{1,4294967297,9223372036854775807}'::int8[]), b <> any('{1,5}'), b = all('{5,5}'), b < any('{5,7}') from s order by id;
select id, c in (-9223372036854775808, 9223372036854775807), c in (4294967297, 1, 2), c in (-9223372036854775808, 9223372036854775807, 0, 5, 7, 9, 11, 13, 15, 63), c in (9223372036854775745, 9223372036854775807, 9223372036854775746),
  o in (0, 4294967295), o in (1, 2, 3, 4, 5, 6, 7, 4294967295, 9, 10), d in ('2020-01-03', '2020-01-05', '2020-01-05'), c = any('{5,63,64}'::int4[]) from s order by id;
select string_agg((i * 7 - 4000)::text, ',') many, string_agg('''t' || i || '''', ',') texts from generate_series(1, 1200) i \gset
select count(*), sum(x), count(*) filter (where x not in (:many, null)), count(*) filter (where x::int8 in (:many)), count(*) filter (where (x % 300)::int2 in (:many)),
  count(*) filter (where 't' || x in (:texts)), count(*) filter (where ('t' || x)::char(9) not in (:texts)) from generate_series(-5000, 5000) x where x in (:many);
select id, t in ('a', 'ab', ''), t in ('text12345', 'text1234', 'text123456788', 'text123456789', null), t not in ('A', 'x'), t in ('1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', 'ab', 'ab'),
  t in (repeat('ab', 62), repeat('ab', 64), repeat('ab', 3000)), p in ('a', 'ab   '), p not in (' a', ''), p in ('1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', 'a ', 'a'), v in ('a', 'bc'),
  t in ('a', 'ab') and p = 'a', n in (1, 9999, 'NaN') from s order by id;
prepare l(int[], text[]) as select id from s where b = any($1) and t <> all($2) order by id;
execute l('{0,1,5}', '{a,ab}');
execute l('{0,1,null}', null);
select id, 5 = any(array[b, 5]), b = any(array[id, c::int, 63]), t = any(array[p::text, 'ab']) from s order by id limit 30;
-- The first of equal ones counts; what is not reached is no error. Of a hundred on, tests are a switch.
select string_agg(format('when %s then %s', 1000 + i, i), ' ') ints, string_agg(format('when %s then ''%s''', 3000 - i * 70, i), ' ') far, string_agg(format('when ''p%s'' then %s', i, i), ' ') texts,
  string_agg(format('when ''p%s'' then ''%s''', i, i), ' ') names, string_agg(format('when a = %s then %s', 1000 + i, i), ' ') a_is, string_agg(format('when t = ''p%s'' then %s', i, i), ' ') t_is,
  string_agg(format('when n = %s.5 then %s', i, i), ' ') n_is from generate_series(1, 120) i \gset
select id, case b when 0 then 'zero' when 1 then 'one' when 5 then 'five' when 1 then 'again' when 63 then (1 / (b - 62))::text :far when null then 'null' else 'other' end,
  case a when 0 then 1 / a when 1 then 10 when 5 then 1 / a when 62 then 7 :ints when -32768 then -1 end from s where b <> 0 or b is null order by id;
select id, case a when 0 then 1 / a when 1 then 10 when 5 then 50 when 62 then 7 :ints end from s order by id;
select id, case c when 4294967297 then 1 when 1 then 2 when -9223372036854775808 then 3 when 9223372036854775807 then case when b = 1 then 5 when b = 5 then 6 when b = 0 then 7 when b = 62 then id / b else id end :ints else coalesce(b, id) end,
  case when a = 1 then b when a = 5 then null when a = 62 then id :a_is when a = 1 then 1 / (a - 1) when a = 65 then id + a else -1 end from s order by id;
select id, case c when 1 then case a when 1 then 'both' when null then 'null' :far else 'one' end when 5 then case t when 'a' then 'c a' :names when '' then 'c' end :far else case b when 0 then 'b 0' :far end end from s order by id;
select id, case t when '' then 'empty' when 'a' then t || t when 'ab' then p when 'text123456789' then 'long' when 'ab' then 'again' :names when repeat('ab', 3000) then 'compressed' end,
  case p when 'a' then 1 when ' a' then 2 when 'abcdef' then 3 when '' then 4 when 'ab' then 5 :texts else length(p) end, case when t = 'A' then 1 when t = 'a' then 2 when t = 'ab' then 3 when t = '' then 4 :t_is end,
  case when n = 1 then 'one' when n = 'NaN' then 'NaN' when n = 9999 then '9999' when n = 1.00 then 'again' else 'other' end, case when n = 1 then 1 when n = 'NaN' then 2 when n = '-Infinity' then 3 :n_is when n = 1.0 then 4 end,
  case t when '1' then 1 when '2' then 2 when '3' then 3 when 'ab' then 13 when 'ab' then 14 when '' then 15 end from s order by id;
create sequence q;
select id, case nextval('q') when 1 then 'first' when 2 then 'second' when 3 then 'third' when 4 then 'fourth' when 6 then nextval('q')::text :far end, case when b = 0 then 0 when b = 1 then nextval('q') when b = 5 then 5 when b = 62 then 62 end
  from (select * from s order by id limit 20) s;
select count(*) filter (where b = 0), count(*) filter (where b = 1), sum(id) filter (where b = 5), count(*) filter (where b = 62), sum(id) filter (where b = 1), max(case when b = 0 then 1 when b = 1 then 2 when b = 5 then 3 when b = 62 then 4 end) from s;
select b, sum(case when a = 0 then id when a = 1 then -id when a = 5 then 1 when a = 62 then 2 else 0 end) filter (where a = 0 or a = 1) from s group by b order by b;
select id, t like '', t like 'a', t like 'a%', t like '%b', t like '%', t like '%%', t like 'a%b', t like '%a%', t like '%ab%ab', t like 'ab%ab', t like 'aba%bab', t like 'a\%b', t like 'a\_b', t like 'a\\b', t like 'a_b', t like '%\%%',
  t not like '%text%', t like '%é%', t like '_a', p like 'a%', p like '% ', p like 'a     ', v like 'b%', t like p, t like null from s order by id;
select id, t like '%abab', t like 'abab%abab', t like '%ba%ba%', t like '%bb%', t like '%0%9%a%', t like repeat('ab', 62), t like repeat('ab%', 31), t like repeat('ab%', 32) || '%', t like '%' || repeat('ba', 200) || '%' from s where id > 200 order by id;
select count(*) from s where t like 'ab\';
select count(*) from s where t like '%a\';
select id, t = 'a', t <> 'ab', t = v, t is distinct from v, t is not distinct from p, p = 'a', p <> 'ab', p = v, t = repeat('ab', 63), t = repeat('ab', 3000), t <> repeat('ab', 3000) || 'c', t = t || '', nullif(t, 'a') from s order by id;
select id, n = 1, n <> 1, n < 1, n <= 1, n > 1, n >= 1, n = 'NaN', n > 'Infinity', n <= '-Infinity', n < 0, n between 0.00 and 1.000, n is distinct from 1.00, n > -1e299, n = repeat('7', 5000)::numeric, n < 1e-99, n > -1e-30 from s order by id;
select x.id, count(*) filter (where x.n < y.n), count(*) filter (where x.n = y.n), count(*) filter (where x.n >= y.n) from s x, s y group by x.id order by x.id;
select id, t = 'a' collate "C", t in ('a', 'ab', 'A') from s where t collate "POSIX" like 'a%' collate "POSIX" order by id;
-- Not all servers have ICU.
create collation no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create collation tells_case (provider = icu, locale = 'en');
select id, t collate tells_case = 'a', t collate tells_case in ('a', 'ab', 'A'), t collate tells_case like 'a%', case t collate tells_case when 'a' then 1 when 'A' then 2 when 'ab' then 3 when '' then 4 :texts end from s order by id;
select id, t collate no_case = 'a', t collate no_case in ('b', 'ab', 'A'), t collate no_case not in ('1', '2', '3', '4', '5', '6', '7', '8', '9', 'AB'), case t collate no_case when 'b' then 1 when 'A' then 2 when 'ab' then 3 when '' then 4 :texts end,
  nullif(t collate no_case, 'A') from s order by id;
select count(*) from s where t collate no_case like 'a%';
