// C++ on Windows: exceptions over frames of all shapes, destructors, static objects, inline functions and templates
// (comdats), virtual calls and casts, typeid, initializers that throw.
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

struct noisy {
  int n;
  explicit noisy(int n) : n(n) { std::printf("+%d ", n); }
  ~noisy() { std::printf("-%d ", n); }
};
struct base { virtual ~base() {} virtual int f(int x) { return x; } };
struct other { virtual int g() { return 7; } virtual ~other() {} };
struct derived : base, other { int f(int x) override { return x * 2 + g(); } int g() override { return 8; } };
static noisy global(1);
template <class T> T twice(T x) { static int calls; calls++; return x + x + T(calls); }

[[gnu::noinline]] static int thrower(int k) {
  volatile char room[9000];
  room[k] = 1;
  noisy a(10 + k);
  if (k == 1) throw 42;
  if (k == 2) throw std::runtime_error("two");
  if (k == 3) throw derived();
  if (k == 4) return std::stoi("no number");
  return room[k];
}
[[gnu::noinline]] static int between(int k) {
  char *room = static_cast<char *>(__builtin_alloca(100 + k));
  room[0] = 1;
  noisy a(20 + k);
  try {
    return thrower(k) + room[0];
  } catch (float) {
    return -1;
  }
}
static int quiet(int k) noexcept { try { return between(k); } catch (...) { return -k; } }

int main() {
  for (int k = 0; k < 5; k++) {
    try {
      std::printf("%d\n", between(k));
    } catch (int i) {
      std::printf("int %d\n", i);
    } catch (const std::exception &e) {
      std::printf("%s: %s\n", typeid(e).name(), e.what());
    } catch (base &b) {
      std::printf("base %d %d\n", b.f(3), dynamic_cast<other &>(b).g());
    }
  }
  std::printf("%d\n", quiet(2));
  try {
    try { between(1); } catch (...) { std::printf("again "); throw; }
  } catch (int i) { std::printf("%d\n", i); }
  std::map<std::string, std::vector<int>> m;
  for (int i = 0; i < 20; i++) m[std::to_string(i % 3)].push_back(i);
  std::function<int(int)> f = [&](int x) { return x + static_cast<int>(m["1"].size()); };
  auto p = std::make_shared<noisy>(99);
  std::printf("%d %d %.2f %zu\n", f(3), twice(4) + twice(5), twice(1.5), m.size());
  std::exception_ptr kept;
  try { throw std::out_of_range("kept"); } catch (...) { kept = std::current_exception(); }
  try { std::rethrow_exception(kept); } catch (const std::exception &e) { std::printf("%s\n", e.what()); }
  return 3;
}
