CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER, item TEXT, price REAL, day INTEGER);
CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO customers SELECT i, 'customer ' || (i * 7919 % 1000) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80000)
INSERT INTO orders SELECT i, i * 7919 % 500 + 1, 'item ' || (i * 104729 % 97), i * 31 % 1000 / 8.0, i * 17 % 365 FROM n;
CREATE INDEX by_customer ON orders(customer, day);
SELECT count(*), sum(price), min(item), max(item) FROM orders;
SELECT name, count(*), sum(price) AS total FROM orders JOIN customers ON customers.id = customer
  GROUP BY name ORDER BY total DESC, name LIMIT 5;
SELECT item, avg(price) FROM orders WHERE day BETWEEN 50 AND 100 AND item LIKE '%7%' GROUP BY item ORDER BY item LIMIT 5;
UPDATE orders SET price = price * 1.5 WHERE day % 3 = 0;
DELETE FROM orders WHERE customer IN (SELECT id FROM customers WHERE name LIKE '%9');
SELECT count(*), sum(price) FROM orders;
SELECT substr(group_concat(upper(name), ';'), 1, 60), sum(length(replace(name, 'o', 'oo'))) FROM customers;
SELECT a.day, count(*) FROM orders a JOIN orders b ON a.customer = b.customer AND a.day = b.day AND a.id < b.id
  GROUP BY a.day ORDER BY 2 DESC, 1 LIMIT 3;
