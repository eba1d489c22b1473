/* Pi, e, a square root, a large power and its digits, a recursive function. */
define f(n) { if (n < 2) return (n); return (f(n - 1) + f(n - 2)); }
f(19)
scale = 350
4 * a(1)
e(1)
sqrt(2)
scale = 0
x = 3 ^ 2500
s = 0
while (x > 0) { s += x % 10; x /= 10 }
s
for (i = 1; i < 20000; i++) s += i * i % 7
s
