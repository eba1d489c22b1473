pragma page_size = 1024;
create table t(id integer primary key, name text, value real, bytes blob);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
insert into t select i, printf('name %05d', i * 7919 % 5000), i * 1.25 - 100, zeroblob(i % 17) from n;
create index by_name on t(name);
create index by_value on t(value) where id % 3 = 0;
begin; update t set value = -value where id % 7 = 0; delete from t where id between 100 and 900; commit;
begin; delete from t; rollback;
select count(*), sum(value), min(name), max(name), total(length(bytes)) from t;
select name, value from t where name > 'name 04990' order by name;
explain query plan select * from t where name = 'name 00001';
select id, rank() over (partition by id % 5 order by value desc) from t where id < 60 order by 1;
.mode box
select id % 10 as digit, avg(value) as mean, group_concat(id, '-') from t where id < 50 group by digit having mean > -100;
.mode csv
.import rows.csv rows
select * from rows;
.mode json
select * from rows;
.once out.json
select id, name from t limit 20;
.output out.txt
select hex(bytes) from t limit 40;
.output
pragma integrity_check;
vacuum into 'copy.db';
.backup main second.db
