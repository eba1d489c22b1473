// Lambdas: captures by value and by reference, generic ones, ones in objects, ones that return others.
#include <cstdio>
#include <functional>

static int apply(const std::function<int(int)> &f, int x) {
  int y = f(x);
  return y + 1;
}

struct Button {
  int clicks = 0;
  std::function<void()> on_click;
  void arm(int step) {
    on_click = [this, step] {
      clicks += step;
      step;
    };
  }
};

int main() {
  int base = 10, calls = 0;
  auto add = [base, &calls](int x) {
    int sum = base + x;
    calls++;
    return sum;
  };
  int a = add(1);
  int b = apply(add, 2);
  auto twice = [](auto x) {
    auto y = x + x;
    return y;
  };
  int c = twice(4);
  double d = twice(1.25);
  auto adder = [](int n) { return [n](int m) { return n + m; }; };
  int e = adder(3)(4);
  Button button;
  button.arm(2);
  button.on_click();
  button.on_click();
  std::printf("%d %d %d %g %d %d %d\n", a, b, c, d, e, button.clicks, calls);
  return 0;
}
