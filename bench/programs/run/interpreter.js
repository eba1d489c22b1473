// For both interpreters of ECMAScript 5: calls, arrays, objects, strings, regular expressions.
function out(s) { print(s); }
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
out(fib(22));

var seed = 1;
function random(n) { seed = (seed * 16807) % 2147483647; return seed % n; }
var list = [], i;
for (i = 0; i < 12000; i++) list.push(random(100000));
list.sort(function (a, b) { return a - b; });
out(list[0] + ' ' + list[6000] + ' ' + list[11999]);

var words = [], counts = {};
for (i = 0; i < 15000; i++) words.push('w' + random(300));
var text = words.join(' ');
text.split(' ').forEach(function (w) { counts[w] = (counts[w] || 0) + 1; });
out(Object.keys(counts).sort().slice(0, 5).join() + ' ' + text.replace(/w1(\d)/g, '<$1>').length);

function Point(x, y) { this.x = x; this.y = y; }
Point.prototype.add = function (p) { return new Point(this.x + p.x, this.y + p.y); };
var sum = new Point(0, 0);
for (i = 0; i < 40000; i++) sum = sum.add(new Point(i % 7, i / 4));
out(sum.x + ' ' + sum.y);

var sieve = [], n = 0, j;
for (i = 2; i < 40000; i++) {
  if (sieve[i]) continue;
  n++;
  for (j = i + i; j < 40000; j += i) sieve[j] = true;
}
out(n);
