#pragma once
namespace shapes {
struct Point { int x, y; };
class Counter {
public:
  Counter(int start);
  ~Counter();
  int add(int n);
  static int made;
  static int twice(int n);
private:
  int value;
};
int area(const Point &a, const Point &b);
long area(long w, long h);
extern int total;
extern "C" int plain(int n);
int (*choose(bool negative))(int);
}
