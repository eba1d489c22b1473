#!/usr/bin/env bash
# sqlite3_script.sh [ROWS]: prints a script for SQLite's shell: a million or ROWS inserts, indexes, joins, aggregates,
# window functions, common table expressions, updates, triggers, JSON, dates, full text, integrity checks.
set -euo pipefail
awk -v rows="${1:-1000000}" 'BEGIN {
  print "PRAGMA journal_mode=memory; PRAGMA synchronous=off;"
  print "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, x REAL, s TEXT, b BLOB);"
  print "CREATE TABLE u(k INTEGER, name TEXT COLLATE NOCASE, UNIQUE(k, name));"
  print "BEGIN;"
  n = 1
  for (i = 1; i <= rows; i++) {
    n = (n * 1103515245 % 2147483648 + 12345) % 2147483648
    k = int(n / 65536) % 9973
    printf "INSERT INTO t VALUES(%d,%d,%d.%d,\x27s%d\x27,x\x27%04x\x27);\n", i, k, n % 10007, i % 100, n % 100003, k
  }
  for (k = 0; k < 9973; k += 7) printf "INSERT INTO u VALUES(%d,\x27%s%d\x27);\n", k, k % 2 ? "Odd" : "even", k % 101
  print "COMMIT;"
}'
cat <<'END'
PRAGMA journal_mode=delete;
.mode list
SELECT count(*), sum(k), total(x), avg(x), min(s), max(s), sum(length(b)) FROM t;
CREATE INDEX tk ON t(k);
CREATE INDEX tsx ON t(s, x DESC) WHERE k < 5000;
CREATE INDEX te ON t(k % 17, length(s));
ANALYZE;
EXPLAIN QUERY PLAN SELECT * FROM t JOIN u USING(k) WHERE name = 'odd7';
PRAGMA integrity_check;
SELECT count(*), sum(t.id), sum(t.x) FROM t JOIN u ON t.k = u.k;
SELECT u.name, count(*), group_concat(DISTINCT t.k) FROM t JOIN u USING(k) WHERE name LIKE 'even1%' GROUP BY u.name ORDER BY 2 DESC, 1 LIMIT 20;
SELECT count(*) FROM u LEFT JOIN t ON t.k = u.k + 20000 WHERE t.k IS NULL;
SELECT a.k, b.k, count(*) FROM t a JOIN t b ON a.k + 1 = b.k AND a.id < 3000 AND b.s > 's9' GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 10;
SELECT k % 17, count(*), round(avg(x), 3), min(s), max(x) FROM t GROUP BY k % 17 HAVING count(*) > 100 ORDER BY 1;
SELECT s, x FROM t WHERE k < 5000 AND s BETWEEN 's100' AND 's1002' ORDER BY s, x DESC LIMIT 25;
SELECT k, id, row_number() OVER w, rank() OVER w, dense_rank() OVER w, ntile(4) OVER w, lag(x, 2, -1) OVER w,
  lead(s) OVER w, round(sum(x) OVER (w ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING), 2),
  first_value(id) OVER w, nth_value(id, 3) OVER w, round(cume_dist() OVER w, 4), round(percent_rank() OVER w, 4)
  FROM t WHERE k BETWEEN 10 AND 12 WINDOW w AS (PARTITION BY k ORDER BY x, id) ORDER BY k, x, id LIMIT 120;
SELECT sum(r), max(g) FROM (SELECT sum(k) OVER (ORDER BY id GROUPS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE TIES) AS r,
  count(*) FILTER (WHERE k % 2) OVER (ORDER BY k RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS g FROM t WHERE id <= 50000);
WITH RECURSIVE f(n, a, b) AS (VALUES(1, 0, 1) UNION ALL SELECT n + 1, b, a + b FROM f WHERE n < 90) SELECT n, a FROM f WHERE n % 10 = 0;
WITH RECURSIVE xaxis(x) AS (VALUES(-2.0) UNION ALL SELECT x + 0.05 FROM xaxis WHERE x < 1.2),
  yaxis(y) AS (VALUES(-1.0) UNION ALL SELECT y + 0.1 FROM yaxis WHERE y < 1.0),
  m(iter, cx, cy, x, y) AS (SELECT 0, x, y, 0.0, 0.0 FROM xaxis, yaxis UNION ALL
    SELECT iter + 1, cx, cy, x * x - y * y + cx, 2.0 * x * y + cy FROM m WHERE (x * x + y * y) < 4.0 AND iter < 28),
  m2(iter, cx, cy) AS (SELECT max(iter), cx, cy FROM m GROUP BY cx, cy),
  a(t) AS (SELECT group_concat(substr(' .+*#', 1 + min(iter / 7, 4), 1), '') FROM m2 GROUP BY cy)
  SELECT group_concat(rtrim(t), x'0a') FROM a;
CREATE TABLE log(n INTEGER, d REAL);
CREATE TRIGGER watch AFTER UPDATE OF x ON t WHEN new.x <> old.x BEGIN INSERT INTO log VALUES(new.id, new.x - old.x); END;
UPDATE t SET x = x * 1.5 + k WHERE id % 97 = 0;
SELECT count(*), sum(n), round(sum(d), 4) FROM log;
DELETE FROM t WHERE k % 5 = 3;
INSERT INTO u SELECT k, 'late' || min(id) FROM t WHERE k % 500 = 1 GROUP BY k ON CONFLICT DO NOTHING;
INSERT INTO u VALUES(0, 'EVEN0') ON CONFLICT(k, name) DO UPDATE SET name = excluded.name || '!';
SELECT * FROM u WHERE k % 500 < 2 ORDER BY k, name LIMIT 30;
SELECT changes(), total_changes();
PRAGMA integrity_check;
VACUUM;
REINDEX;
PRAGMA integrity_check;
SELECT count(*), sum(k), round(total(x), 3) FROM t;
SELECT k FROM t WHERE id < 400 INTERSECT SELECT k FROM u EXCEPT SELECT k FROM u WHERE k > 5000 ORDER BY k;
SELECT printf('%08.3f|%-10s|%+d|%x|%e|%g|%!.20g|%,d', 3.14159, 'ab', 42, 255, 12345.678, 1e-7, 0.1, 123456789), quote(x'00ff'), hex('kiln'), 9223372036854775807 + 0, 9223372036854775807 + 1, -9223372036854775808 / -1, 7 % -3, 1 / 0, 5 << 62, ~5, CAST('12abc' AS INTEGER), CAST(1e300 AS INTEGER), round(2.5), abs(-3.25), 0.1 + 0.2, 1e308 * 10, 4.9e-324;
SELECT date('2024-02-28', '+1 day', 'weekday 0'), julianday('2000-01-01 12:00'), strftime('%Y %j %W %s', '1999-12-31 23:59:59.5'), datetime(1e9, 'unixepoch');
SELECT json_extract('{"a":[1,2.5,{"b":null}]}', '$.a[1]'), json_group_array(k) FROM u WHERE k < 50;
SELECT key, value, type, path FROM json_tree('{"x":[true,"y",{"z":-1e3}]}');
SELECT substr('héllo wörld', 2, 4), upper('straße'), instr('abcabc', 'ca'), replace('aaa', 'a', 'bc'), trim('  x '), unicode('€'), char(8364, 65), 'abc' GLOB '*[b-d]', 'A' LIKE 'a';
EXPLAIN SELECT count(*) FROM t JOIN u USING(k) GROUP BY k % 3;
END
