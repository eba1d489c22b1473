#include "shapes.hpp"
namespace shapes {
int Counter::made = 0, total = 5;
Counter::Counter(int start) : value(start) { made++; }
Counter::~Counter() { made--; }
int Counter::add(int n) { return value += n; }
int Counter::twice(int n) { return 2 * n; }
int area(const Point &a, const Point &b) { return (b.x - a.x) * (b.y - a.y); }
long area(long w, long h) { return w * h; }
int plain(int n) { return n + 1; }
static int minus(int n) { return -n; }
static int plus(int n) { return n; }
int (*choose(bool negative))(int) { return negative ? minus : plus; }
}
