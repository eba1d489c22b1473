// The standard library's containers, as libstdc++'s printers show them.
#include <array>
#include <cstdio>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

static std::map<std::string, int> count(const std::vector<std::string> &words) {
  std::map<std::string, int> counts;
  for (const std::string &word : words) {
    int &n = counts[word];
    n++;
  }
  return counts;
}

static int sum(const std::vector<int> &numbers) {
  int total = 0;
  for (int n : numbers) total += n;
  return total;
}

int main() {
  std::vector<std::string> words = {"one", "two", "one", "three"};
  std::map<std::string, int> counts = count(words);
  std::vector<int> numbers;
  for (int i = 0; i < 4; i++) numbers.push_back(i * i);
  int total = sum(numbers);
  std::array<double, 3> fixed = {0.5, 1.5, 2.5};
  std::list<int> list(numbers.begin(), numbers.end());
  std::deque<char> letters = {'a', 'b'};
  letters.push_front('z');
  std::set<int> set = {3, 1, 2};
  std::unordered_map<int, std::string> names = {{7, "seven"}};
  std::unique_ptr<int> owned = std::make_unique<int>(42);
  std::shared_ptr<std::string> shared = std::make_shared<std::string>("shared");
  std::optional<int> maybe, certain = 5;
  maybe = certain.value() + 1;
  std::tuple<int, std::string, double> tuple = {1, "two", 3.0};
  std::variant<int, std::string> either = "text";
  std::pair<int, bool> pair = {8, true};
  bool found = names.count(7) != 0;
  std::printf("%zu %d %zu %zu %d\n", counts.size(), total, list.size(), set.size(), *owned);
  return found && pair.second && either.index() == 1 && std::get<0>(tuple) == 1 ? 0 : 1;
}
