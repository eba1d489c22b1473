// Words of a text: string_view, unordered_map and map, sorting pairs with lambdas, strings edited in place.
#include <algorithm>
#include <cctype>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

std::string text_of(int words) {
  const std::vector<std::string> roots = {"compile", "link", "load", "store", "branch", "register", "slot", "value"};
  const std::vector<std::string> ends = {"", "r", "s", "d", "ing", "able"};
  std::string out;
  unsigned state = 7;
  for (int i = 0; i < words; i++) {
    state = state * 1103515245 + 12345;
    std::string word = roots[state >> 16 & 7] + ends[(state >> 20) % ends.size()];
    if (i % 9 == 0) word[0] = char(std::toupper(word[0]));
    out += word;
    out += i % 9 == 8 ? ".\n" : i % 5 == 4 ? ", " : " ";
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  auto at = text.begin();
  while ((at = std::find_if(at, text.end(), is_letter)) != text.end()) {
    auto end = std::find_if_not(at, text.end(), is_letter);
    out.emplace_back(at, end);
    at = end;
  }
  return out;
}

std::string lower(std::string_view word) {
  std::string out(word);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

int distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1), next(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); j++) row[j] = int(j);
  for (std::size_t i = 0; i < a.size(); i++) {
    next[0] = int(i) + 1;
    for (std::size_t j = 0; j < b.size(); j++)
      next[j + 1] = std::min({row[j + 1] + 1, next[j] + 1, row[j] + (a[i] != b[j])});
    std::swap(row, next);
  }
  return row.back();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

int main() {
  const std::string text = text_of(100000);
  const auto words = split(text);

  std::unordered_map<std::string, int> counts;
  std::map<std::string, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < words.size(); i++) {
    std::string word = lower(words[i]);
    ++counts[word];
    if (auto &list = places[word]; list.size() < 100) list.push_back(i);
  }

  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  for (const auto &[word, count] : sorted)
    if (count > 2130) std::cout << word << ' ' << count << ' ' << places[word].back() << '\n';

  std::multimap<int, std::string> close;
  for (std::size_t i = 0; i < sorted.size(); i++)
    for (std::size_t j = 0; j < i; j++)
      if (int d = distance(sorted[i].first, sorted[j].first); d < 3)
        close.emplace(d, sorted[i].first + '/' + sorted[j].first);
  std::cout << close.count(1) << ' ' << close.count(2) << ' ' << close.begin()->second << '\n';

  std::set<std::string> anagrams;
  for (std::string_view view : words) {
    std::string word(view);
    std::sort(word.begin(), word.end());
    anagrams.insert(std::move(word));
  }
  std::string edited, line;
  for (std::istringstream lines(text); std::getline(lines, line);)
    edited += replaced(replaced(line, "ing", "ed"), "register", "home") + "\n";
  std::size_t hash = 0;
  for (char c : edited) hash = hash * 131 + static_cast<unsigned char>(c);
  std::cout << anagrams.size() << ' ' << edited.size() << ' ' << hash % 1000003 << '\n';
}
