// Exceptions of the standard library's, and of functions that it calls: for stops.py.
#include <algorithm>
#include <any>
#include <bitset>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

struct Odd {
  int n;
  explicit Odd(int n) : n(n) {
    if (n == 5)
      throw std::runtime_error("odd");
  }
  bool operator<(const Odd &other) const {
    if (n == 7 || other.n == 7)
      throw std::logic_error("compared");
    return n < other.n;
  }
  bool operator==(const Odd &other) const { return n == other.n; }
};
template <> struct std::hash<Odd> {
  size_t operator()(const Odd &odd) const {
    if (odd.n == 9)
      throw 9;
    return odd.n;
  }
};

static int checked(int n) {
  if (n > 3)
    throw std::out_of_range("checked");
  return n;
}

static const std::vector<int> numbers{0, 1, 2, 3, 4, 5};

static void run(const std::function<void()> &f) {
  try {
    f();
  } catch (const std::exception &e) {
    static int n;
    n++;
  } catch (...) {
  }
}

int main() {
  run([] { (void)numbers.at(9); });
  run([] { (void)std::string("abc").substr(4); });
  run([] { (void)std::stoi("x"); });
  run([] {
    std::map<int, int> m{{1, 2}};
    (void)m.at(2);
  });
  run([] { (void)std::any_cast<int>(std::any(1.5)); });
  run([] { (void)std::optional<int>().value(); });
  run([] { (void)std::get<int>(std::variant<int, double>(1.5)); });
  run([] { std::function<void()>()(); });
  run([] { std::for_each(numbers.begin(), numbers.end(), [](int n) { checked(n); }); });
  run([] {
    (void)std::accumulate(numbers.begin(), numbers.end(), 0,
                          [](int a, int b) { return a + checked(b); });
  });
  run([] {
    auto v = numbers;
    std::sort(v.begin(), v.end(), [](int a, int b) {
      if (a == 4)
        throw std::logic_error("sorted");
      return b < a;
    });
  });
  run([] {
    std::vector<Odd> v;
    for (int i = 3; i < 9; i++)
      v.emplace_back(i);
  });
  run([] { (void)std::make_unique<Odd>(5); });
  run([] { (void)std::make_shared<Odd>(5); });
  run([] {
    std::map<Odd, int> m;
    m.emplace(1, 1);
    m[Odd(7)] = 2;
  });
  run([] {
    std::unordered_map<Odd, int> m;
    m[Odd(1)] = 1;
    m[Odd(9)] = 2;
  });
  run([] { (void)std::bitset<70>().flip().to_ulong(); });
  run([] {
    std::weak_ptr<int> w;
    std::shared_ptr<int> s(w);
  });
  run([] {
    std::vector<int> v;
    v.reserve(v.max_size() + 1);
  });
  run([] {
    try {
      checked(4);
    } catch (const std::out_of_range &) {
      throw;
    }
  });
  run([] {
    auto found = std::find_if(numbers.begin(), numbers.end(), [](int n) { return checked(n) > 7; });
    (void)*found;
  });
  run([] { std::string("abc").insert(4, "x"); });
  run([] {
    std::vector<std::unique_ptr<Odd>> v;
    std::transform(numbers.begin(), numbers.end(), std::back_inserter(v),
                   [](int n) { return std::make_unique<Odd>(n); });
  });
}
