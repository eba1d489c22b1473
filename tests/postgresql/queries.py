"""The queries that measure.py times: 60 small ones, and TPC-H's 22 with the parameters of its validation run."""

SMALL_SETUP = '''
select setseed(0.5);
create table k1 as select i a, i % 10 b, i * 1.5::float8 c, 'text' || i % 100 d, i::int8 e, date '2020-01-01' + i % 1000 f, i % 3 = 0 g
  from generate_series(1, 1000) i;
create table k30 as select i a, i % 10 b, i * 1.5::float8 c, 'text' || i % 100 d, i::int8 e, date '2020-01-01' + i % 1000 f, i % 3 = 0 g
  from generate_series(1, 30000) i;
create table m1 as select i a, i % 10 b, i * 1.5::float8 c, 'text' || i % 100 d, i::int8 e, date '2020-01-01' + i % 1000 f, i % 3 = 0 g
  from generate_series(1, 1000000) i;
create table nulls as select nullif(i % 7, 3) a, nullif(i % 10, 5) b, case when i % 2 = 0 then i * 0.5::float8 end c,
  case when i % 3 > 0 then 'text' || i % 50 end d, i e from generate_series(1, 300000) i;
do $$ begin
  execute 'create table wide(' || (select string_agg(format('c%s int', i), ', ') from generate_series(1, 100) i) || ')';
  execute 'insert into wide select ' || (select string_agg('j + ' || i, ', ') from generate_series(1, 100) i)
    || ' from generate_series(1, 50000) j';
  execute 'create table texts(' || (select string_agg(format('c%s text', i), ', ') from generate_series(1, 20) i) || ')';
  execute 'insert into texts select ' || (select string_agg('(j + ' || i || ')::text', ', ') from generate_series(1, 20) i)
    || ' from generate_series(1, 50000) j';
end $$;
vacuum analyze;
'''


def sums(function, n, table):
    return 'select %s from %s' % (', '.join('%s(c%d)' % (function, i) for i in range(1, n + 1)), table)


SMALL = []
for table in 'k1', 'k30', 'm1':
    SMALL += [q % table for q in (
        'select count(*) from %s',
        'select sum(a), avg(b), max(e), min(c) from %s',
        'select count(*) from %s where a > 5 and b < 7 and c <> 9',
        'select sum(a + b * 2 - 1) from %s where e %% 3 = 1',
        "select sum(case when b = 1 then a when b = 2 then -a else 0 end) from %s",
        'select count(*) from %s where b in (1, 3, 5)',
        'select count(*) from %s where a in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)',
        "select count(*) from %s where d = 'text7'",
        "select count(*) from %s where d like 'text1%%'",
        'select b, count(*), sum(a), avg(c) from %s group by b',
        'select d, max(a) from %s group by d',
        "select count(*) from %s where f between '2020-03-01' and '2021-01-01' and g",
        'select sum(c * 2 + 1), sum(c / 3) from %s where c < 1e9',
        'select a + 1, b * 2, c - 1, e from %s where a %% 100 = 7',
        'select coalesce(nullif(b, 3), 9), count(*) from %s group by 1',
    )]
SMALL += [
    sums('sum', 5, 'wide'), sums('sum', 20, 'wide'), sums('sum', 100, 'wide'), 'select sum(c100) from wide',
    'select c1, c50, c100 from wide where c99 % 1000 = 1', 'select count(*) from wide where c20 > 100 and c40 > 100 and c60 > 100',
    sums('max', 20, 'texts'), 'select c20 from texts where c19 = \'77\'',
    'select count(a), sum(b), avg(c), count(d) from nulls', 'select count(*) from nulls where a is null or b > 3',
    'select a, b, count(*) from nulls group by a, b', 'select count(*) from nulls where d is not distinct from \'text7\'',
    'select count(*) from k30 x join k30 y on x.a = y.e', 'select sum(x.c) from m1 x join k1 y on x.a = y.a where y.b < 5',
    'select count(*) from nulls x left join k1 y on x.b = y.a and y.c > 3',
]
assert len(SMALL) == 60

# Three queries of each kind that kilnjit has searches or functions of its own for.
KINDS_SETUP = '''
create table k as select i a, i % 10 b, 'text' || i % 100 d, ('text' || i % 100)::char(20) p, (i % 1000) / 100.0 n, (i % 999) / 100.0 o,
  'the ' || md5(i::text) || case when i % 50 = 0 then ' special packages with' else ' ordinary packages with' end ||
  case when i % 7 = 0 then ' no requests' else ' other deposits' end t from generate_series(1, 500000) i;
create collation en (provider = icu, locale = 'en');
vacuum analyze;
'''


def arms(form, items):
    return ' '.join('when ' + form % (item, k) for k, item in enumerate(items))


KINDS = {
    'IN: 3 near each other': 'select count(*) from k where b in (1, 3, 5)',
    'IN: 12': 'select count(*) from k where a in (%s)' % ', '.join(str(i * 7919) for i in range(12)),
    'IN: 1,500': 'select count(*) from k where a in (%s)' % ', '.join(str(i * 317) for i in range(1500)),
    'IN: 3 texts': "select count(*) from k where d in ('text1', 'text22', 'text3')",
    'IN: 4 texts of char(20)': "select count(*) from k where p in ('text1', 'text22', 'text3', 'text44')",
    'IN: 40 texts': 'select count(*) from k where d in (%s)' % ', '.join("'text%d'" % (3 * i) for i in range(40)),
    'CASE: 10 integers': 'select sum(case b %s end) from k' % arms('%s then a + %s', range(10)),
    'CASE: 200 integers': 'select sum(case a %% 200 %s end) from k' % arms('%s then a + %s', range(200)),
    'CASE: 10 conditions': 'select sum(case %s end) from k' % arms('b = %s then a + %s', range(10)),
    'CASE: 40 integers': 'select sum(case a %% 100 %s end) from k' % arms('%s then a + %s', range(40)),
    'CASE: 10 texts': 'select sum(case d %s end) from k' % arms("'text%s' then a + %s", range(10)),
    'CASE: 40 texts': 'select sum(case d %s end) from k' % arms("'text%s' then a + %s", range(40)),
    'LIKE: prefix': "select count(*) from k where d like 'text1%'",
    'LIKE: suffix': "select count(*) from k where t like '%deposits'",
    'LIKE: two parts': "select count(*) from k where t not like '%special%requests%'",
    'text: = constant': "select count(*) from k where d = 'text7'",
    'text: three <>': "select count(*) from k where d <> 'text7' and d <> 'text8' and t <> 'text9'",
    'text: = in a collation of ICU': "select count(*) from k where d = 'text7' collate en",
    'numeric: between': 'select count(*) from k where n between 0.05 and 0.07',
    'numeric: two limits': 'select count(*) from k where n < 9 and o > 1.5',
    'numeric: two columns': 'select count(*) from k where n = o',
}

TPCH_TABLES = ['region', 'nation', 'supplier', 'customer', 'part', 'partsupp', 'orders', 'lineitem']

TPCH_SCHEMA = '''
create table region(r_regionkey int not null, r_name char(25) not null, r_comment varchar(152));
create table nation(n_nationkey int not null, n_name char(25) not null, n_regionkey int not null, n_comment varchar(152));
create table supplier(s_suppkey int not null, s_name char(25) not null, s_address varchar(40) not null, s_nationkey int not null,
  s_phone char(15) not null, s_acctbal decimal(15,2) not null, s_comment varchar(101) not null);
create table customer(c_custkey int not null, c_name varchar(25) not null, c_address varchar(40) not null, c_nationkey int not null,
  c_phone char(15) not null, c_acctbal decimal(15,2) not null, c_mktsegment char(10) not null, c_comment varchar(117) not null);
create table part(p_partkey int not null, p_name varchar(55) not null, p_mfgr char(25) not null, p_brand char(10) not null,
  p_type varchar(25) not null, p_size int not null, p_container char(10) not null, p_retailprice decimal(15,2) not null,
  p_comment varchar(23) not null);
create table partsupp(ps_partkey int not null, ps_suppkey int not null, ps_availqty int not null, ps_supplycost decimal(15,2) not null,
  ps_comment varchar(199) not null);
create table orders(o_orderkey bigint not null, o_custkey int not null, o_orderstatus char(1) not null,
  o_totalprice decimal(15,2) not null, o_orderdate date not null, o_orderpriority char(15) not null, o_clerk char(15) not null,
  o_shippriority int not null, o_comment varchar(79) not null);
create table lineitem(l_orderkey bigint not null, l_partkey int not null, l_suppkey int not null, l_linenumber int not null,
  l_quantity decimal(15,2) not null, l_extendedprice decimal(15,2) not null, l_discount decimal(15,2) not null,
  l_tax decimal(15,2) not null, l_returnflag char(1) not null, l_linestatus char(1) not null, l_shipdate date not null,
  l_commitdate date not null, l_receiptdate date not null, l_shipinstruct char(25) not null, l_shipmode char(10) not null,
  l_comment varchar(44) not null);
'''

# Primary keys, and the foreign keys that joins go by.
TPCH_INDEXES = '''
alter table region add primary key (r_regionkey);
alter table nation add primary key (n_nationkey);
alter table supplier add primary key (s_suppkey);
alter table customer add primary key (c_custkey);
alter table part add primary key (p_partkey);
alter table partsupp add primary key (ps_partkey, ps_suppkey);
alter table orders add primary key (o_orderkey);
alter table lineitem add primary key (l_orderkey, l_linenumber);
create index orders_custkey on orders(o_custkey);
create index lineitem_part_supp on lineitem(l_partkey, l_suppkey);
create index partsupp_suppkey on partsupp(ps_suppkey);
'''

TPCH = [
    """select l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice), sum(l_extendedprice * (1 - l_discount)),
  sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)), avg(l_quantity), avg(l_extendedprice), avg(l_discount), count(*)
from lineitem where l_shipdate <= date '1998-12-01' - interval '90' day group by 1, 2 order by 1, 2;""",
    """select s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
from part, supplier, partsupp, nation, region
where p_partkey = ps_partkey and s_suppkey = ps_suppkey and p_size = 15 and p_type like '%BRASS' and s_nationkey = n_nationkey
  and n_regionkey = r_regionkey and r_name = 'EUROPE' and ps_supplycost = (select min(ps_supplycost)
    from partsupp, supplier, nation, region where p_partkey = ps_partkey and s_suppkey = ps_suppkey and s_nationkey = n_nationkey
      and n_regionkey = r_regionkey and r_name = 'EUROPE')
order by s_acctbal desc, n_name, s_name, p_partkey limit 100;""",
    """select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue, o_orderdate, o_shippriority
from customer, orders, lineitem where c_mktsegment = 'BUILDING' and c_custkey = o_custkey and l_orderkey = o_orderkey
  and o_orderdate < date '1995-03-15' and l_shipdate > date '1995-03-15'
group by l_orderkey, o_orderdate, o_shippriority order by revenue desc, o_orderdate limit 10;""",
    """select o_orderpriority, count(*) from orders where o_orderdate >= date '1993-07-01'
  and o_orderdate < date '1993-07-01' + interval '3' month
  and exists (select * from lineitem where l_orderkey = o_orderkey and l_commitdate < l_receiptdate)
group by o_orderpriority order by o_orderpriority;""",
    """select n_name, sum(l_extendedprice * (1 - l_discount)) as revenue from customer, orders, lineitem, supplier, nation, region
where c_custkey = o_custkey and l_orderkey = o_orderkey and l_suppkey = s_suppkey and c_nationkey = s_nationkey
  and s_nationkey = n_nationkey and n_regionkey = r_regionkey and r_name = 'ASIA' and o_orderdate >= date '1994-01-01'
  and o_orderdate < date '1994-01-01' + interval '1' year group by n_name order by revenue desc;""",
    """select sum(l_extendedprice * l_discount) from lineitem where l_shipdate >= date '1994-01-01'
  and l_shipdate < date '1994-01-01' + interval '1' year and l_discount between 0.06 - 0.01 and 0.06 + 0.01 and l_quantity < 24;""",
    """select supp_nation, cust_nation, l_year, sum(volume) from (
  select n1.n_name as supp_nation, n2.n_name as cust_nation, extract(year from l_shipdate) as l_year,
    l_extendedprice * (1 - l_discount) as volume from supplier, lineitem, orders, customer, nation n1, nation n2
  where s_suppkey = l_suppkey and o_orderkey = l_orderkey and c_custkey = o_custkey and s_nationkey = n1.n_nationkey
    and c_nationkey = n2.n_nationkey and ((n1.n_name = 'FRANCE' and n2.n_name = 'GERMANY')
      or (n1.n_name = 'GERMANY' and n2.n_name = 'FRANCE')) and l_shipdate between date '1995-01-01' and date '1996-12-31') as shipping
group by 1, 2, 3 order by 1, 2, 3;""",
    """select o_year, sum(case when nation = 'BRAZIL' then volume else 0 end) / sum(volume) from (
  select extract(year from o_orderdate) as o_year, l_extendedprice * (1 - l_discount) as volume, n2.n_name as nation
  from part, supplier, lineitem, orders, customer, nation n1, nation n2, region
  where p_partkey = l_partkey and s_suppkey = l_suppkey and l_orderkey = o_orderkey and o_custkey = c_custkey
    and c_nationkey = n1.n_nationkey and n1.n_regionkey = r_regionkey and r_name = 'AMERICA' and s_nationkey = n2.n_nationkey
    and o_orderdate between date '1995-01-01' and date '1996-12-31' and p_type = 'ECONOMY ANODIZED STEEL') as all_nations
group by o_year order by o_year;""",
    """select nation, o_year, sum(amount) from (
  select n_name as nation, extract(year from o_orderdate) as o_year, l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity as amount
  from part, supplier, lineitem, partsupp, orders, nation where s_suppkey = l_suppkey and ps_suppkey = l_suppkey
    and ps_partkey = l_partkey and p_partkey = l_partkey and o_orderkey = l_orderkey and s_nationkey = n_nationkey
    and p_name like '%green%') as profit group by nation, o_year order by nation, o_year desc;""",
    """select c_custkey, c_name, sum(l_extendedprice * (1 - l_discount)) as revenue, c_acctbal, n_name, c_address, c_phone, c_comment
from customer, orders, lineitem, nation where c_custkey = o_custkey and l_orderkey = o_orderkey and o_orderdate >= date '1993-10-01'
  and o_orderdate < date '1993-10-01' + interval '3' month and l_returnflag = 'R' and c_nationkey = n_nationkey
group by c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment order by revenue desc limit 20;""",
    """select ps_partkey, sum(ps_supplycost * ps_availqty) as value from partsupp, supplier, nation
where ps_suppkey = s_suppkey and s_nationkey = n_nationkey and n_name = 'GERMANY' group by ps_partkey
having sum(ps_supplycost * ps_availqty) > (select sum(ps_supplycost * ps_availqty) * 0.0001 from partsupp, supplier, nation
  where ps_suppkey = s_suppkey and s_nationkey = n_nationkey and n_name = 'GERMANY') order by value desc;""",
    """select l_shipmode, sum(case when o_orderpriority = '1-URGENT' or o_orderpriority = '2-HIGH' then 1 else 0 end),
  sum(case when o_orderpriority <> '1-URGENT' and o_orderpriority <> '2-HIGH' then 1 else 0 end) from orders, lineitem
where o_orderkey = l_orderkey and l_shipmode in ('MAIL', 'SHIP') and l_commitdate < l_receiptdate and l_shipdate < l_commitdate
  and l_receiptdate >= date '1994-01-01' and l_receiptdate < date '1994-01-01' + interval '1' year
group by l_shipmode order by l_shipmode;""",
    """select c_count, count(*) as custdist from (select c_custkey, count(o_orderkey) from customer left outer join orders
  on c_custkey = o_custkey and o_comment not like '%special%requests%' group by c_custkey) as c_orders (c_custkey, c_count)
group by c_count order by custdist desc, c_count desc;""",
    """select 100.00 * sum(case when p_type like 'PROMO%' then l_extendedprice * (1 - l_discount) else 0 end)
  / sum(l_extendedprice * (1 - l_discount)) from lineitem, part where l_partkey = p_partkey and l_shipdate >= date '1995-09-01'
  and l_shipdate < date '1995-09-01' + interval '1' month;""",
    """with revenue as (select l_suppkey as supplier_no, sum(l_extendedprice * (1 - l_discount)) as total_revenue from lineitem
  where l_shipdate >= date '1996-01-01' and l_shipdate < date '1996-01-01' + interval '3' month group by l_suppkey)
select s_suppkey, s_name, s_address, s_phone, total_revenue from supplier, revenue where s_suppkey = supplier_no
  and total_revenue = (select max(total_revenue) from revenue) order by s_suppkey;""",
    """select p_brand, p_type, p_size, count(distinct ps_suppkey) as supplier_cnt from partsupp, part where p_partkey = ps_partkey
  and p_brand <> 'Brand#45' and p_type not like 'MEDIUM POLISHED%' and p_size in (49, 14, 23, 45, 19, 3, 36, 9)
  and ps_suppkey not in (select s_suppkey from supplier where s_comment like '%Customer%Complaints%')
group by p_brand, p_type, p_size order by supplier_cnt desc, p_brand, p_type, p_size;""",
    """select sum(l_extendedprice) / 7.0 from lineitem, part where p_partkey = l_partkey and p_brand = 'Brand#23'
  and p_container = 'MED BOX' and l_quantity < (select 0.2 * avg(l_quantity) from lineitem where l_partkey = p_partkey);""",
    """select c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity) from customer, orders, lineitem
where o_orderkey in (select l_orderkey from lineitem group by l_orderkey having sum(l_quantity) > 300) and c_custkey = o_custkey
  and o_orderkey = l_orderkey group by c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice
order by o_totalprice desc, o_orderdate limit 100;""",
    """select sum(l_extendedprice * (1 - l_discount)) from lineitem, part where p_partkey = l_partkey
  and l_shipmode in ('AIR', 'AIR REG') and l_shipinstruct = 'DELIVER IN PERSON' and (
  (p_brand = 'Brand#12' and p_container in ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG') and l_quantity between 1 and 11 and p_size between 1 and 5)
  or (p_brand = 'Brand#23' and p_container in ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK') and l_quantity between 10 and 20
    and p_size between 1 and 10)
  or (p_brand = 'Brand#34' and p_container in ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG') and l_quantity between 20 and 30
    and p_size between 1 and 15));""",
    """select s_name, s_address from supplier, nation where s_suppkey in (select ps_suppkey from partsupp
  where ps_partkey in (select p_partkey from part where p_name like 'forest%') and ps_availqty > (select 0.5 * sum(l_quantity)
    from lineitem where l_partkey = ps_partkey and l_suppkey = ps_suppkey and l_shipdate >= date '1994-01-01'
      and l_shipdate < date '1994-01-01' + interval '1' year)) and s_nationkey = n_nationkey and n_name = 'CANADA' order by s_name;""",
    """select s_name, count(*) as numwait from supplier, lineitem l1, orders, nation where s_suppkey = l1.l_suppkey
  and o_orderkey = l1.l_orderkey and o_orderstatus = 'F' and l1.l_receiptdate > l1.l_commitdate
  and exists (select * from lineitem l2 where l2.l_orderkey = l1.l_orderkey and l2.l_suppkey <> l1.l_suppkey)
  and not exists (select * from lineitem l3 where l3.l_orderkey = l1.l_orderkey and l3.l_suppkey <> l1.l_suppkey
    and l3.l_receiptdate > l3.l_commitdate) and s_nationkey = n_nationkey and n_name = 'SAUDI ARABIA'
group by s_name order by numwait desc, s_name limit 100;""",
    """select cntrycode, count(*), sum(c_acctbal) from (select substring(c_phone from 1 for 2) as cntrycode, c_acctbal from customer
  where substring(c_phone from 1 for 2) in ('13', '31', '23', '29', '30', '18', '17') and c_acctbal > (select avg(c_acctbal)
    from customer where c_acctbal > 0.00 and substring(c_phone from 1 for 2) in ('13', '31', '23', '29', '30', '18', '17'))
  and not exists (select * from orders where o_custkey = c_custkey)) as custsale group by cntrycode order by cntrycode;""",
]
assert len(TPCH) == 22
