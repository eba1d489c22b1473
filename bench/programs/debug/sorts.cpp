// Sorts and searches by iterators: own templates over vector, deque and list, beside the library's; pairs and tuples.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <iterator>
#include <list>
#include <numeric>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

class Random {
  std::uint64_t state;

public:
  explicit Random(std::uint64_t seed) : state(seed) {}
  std::uint32_t operator()() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return std::uint32_t(state >> 33);
  }
};

template <class It, class Less> void insertion(It first, It last, Less less) {
  for (It i = first; i != last; ++i)
    for (It j = i; j != first && less(*j, *std::prev(j)); --j) std::iter_swap(j, std::prev(j));
}

template <class It, class Less = std::less<>> void quick(It first, It last, Less less = {}) {
  while (last - first > 16) {
    auto pivot = *(first + (last - first) / 2);
    It low = first, high = last - 1;
    while (low <= high) {
      while (less(*low, pivot)) ++low;
      while (less(pivot, *high)) --high;
      if (low <= high) std::iter_swap(low++, high--);
    }
    quick(low, last, less);
    last = high + 1;
  }
  insertion(first, last, less);
}

template <class T, class Less = std::less<>> void merge(std::list<T> &items, Less less = {}) {
  if (items.size() < 2) return;
  std::list<T> left, out;
  left.splice(left.begin(), items, items.begin(), std::next(items.begin(), items.size() / 2));
  merge(left, less);
  merge(items, less);
  while (!left.empty() && !items.empty()) {
    auto &from = less(items.front(), left.front()) ? items : left;
    out.splice(out.end(), from, from.begin());
  }
  out.splice(out.end(), left);
  out.splice(out.end(), items);
  items.swap(out);
}

template <class It, class Less = std::less<>> void heap(It first, It last, Less less = {}) {
  auto sift = [&](auto at, auto count) {
    for (auto child = 2 * at + 1; child < count; at = child, child = 2 * at + 1) {
      if (child + 1 < count && less(first[child], first[child + 1])) ++child;
      if (!less(first[at], first[child])) return;
      std::iter_swap(first + at, first + child);
    }
  };
  auto count = last - first;
  for (auto i = count / 2; i-- > 0;) sift(i, count);
  while (count > 1) {
    std::iter_swap(first, first + --count);
    sift(count * 0, count);
  }
}

template <class It, class T> It lower(It first, It last, const T &value) {
  auto count = std::distance(first, last);
  while (count > 0) {
    It middle = std::next(first, count / 2);
    if (*middle < value)
      first = ++middle, count -= count / 2 + 1;
    else
      count /= 2;
  }
  return first;
}

struct Person {
  std::string name;
  int age;
  double height;
  auto key() const { return std::tie(age, name); }
};

template <class C> unsigned long hash(const C &items) {
  return std::accumulate(items.begin(), items.end(), 7ul, [](auto h, auto i) { return h * 31 + i; });
}

int main() {
  Random random(1);
  std::vector<std::uint32_t> numbers(60000);
  std::generate(numbers.begin(), numbers.end(), std::ref(random));

  auto sorted = numbers;
  quick(sorted.begin(), sorted.end());
  std::deque<std::uint32_t> queue(numbers.begin(), numbers.begin() + 20000);
  heap(queue.begin(), queue.end(), std::greater<>());
  std::list<std::uint32_t> list(numbers.begin(), numbers.begin() + 20000);
  merge(list);
  std::reverse(queue.begin(), queue.end());
  std::printf("%lu %lu %lu\n", hash(sorted), hash(queue), hash(list));

  std::vector<std::pair<int, std::size_t>> pairs;
  for (std::size_t i = 0; i < 40000; i++) pairs.emplace_back(numbers[i] % 1000, i);
  quick(pairs.begin(), pairs.end(), [](const auto &a, const auto &b) { return a > b; });
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
  auto [value, index] = pairs[20000];
  std::printf("%d %zu\n", value, index);

  std::size_t sum = 0;
  for (std::uint32_t n : numbers) sum += lower(sorted.begin(), sorted.end(), n ^ 1) - sorted.begin();
  std::unordered_set<std::uint32_t> rests;
  for (std::uint32_t n : numbers) rests.insert(n % 50000);
  std::printf("%zu %zu\n", sum, rests.size());

  std::vector<Person> people;
  for (int i = 0; i < 5000; i++)
    people.push_back({"name" + std::to_string(random() % 9999), int(random() % 80), 1 + random() % 100 / 100.0});
  std::sort(people.begin(), people.end(), [](const Person &a, const Person &b) { return a.key() < b.key(); });
  auto grown = std::partition(people.begin(), people.end(), [](const Person &p) { return p.age >= 18; });
  double tall =
      std::accumulate(people.begin(), grown, 0.0, [](double h, const Person &p) { return std::max(h, p.height); });
  std::printf("%s %td %.2f\n", people[777].name.c_str(), grown - people.begin(), tall);
}
