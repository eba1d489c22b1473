// Parses and writes JSON: a variant of values, maps and vectors of them, optional for what cannot be parsed.
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

struct Json;
using Array = std::vector<Json>;
using Object = std::map<std::string, Json, std::less<>>;
struct Json {
  std::variant<std::nullptr_t, bool, double, std::string, Array, Object> value;
  bool operator==(const Json &) const = default;
};

class Parser {
  std::string_view text;
  std::size_t at = 0;

  char peek() const { return at < text.size() ? text[at] : '\0'; }
  char skip_space() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n')) at++;
    return peek();
  }
  bool take(char c) {
    if (skip_space() != c) return false;
    at++;
    return true;
  }
  bool take(std::string_view word) {
    if (!text.substr(at).starts_with(word)) return false;
    at += word.size();
    return true;
  }

  std::optional<std::string> string() {
    if (!take('"')) return {};
    std::string out;
    for (; at < text.size(); at++) {
      char c = text[at];
      if (c == '"') {
        at++;
        return out;
      }
      if (c == '\\' && ++at < text.size()) c = text[at] == 'n' ? '\n' : text[at] == 't' ? '\t' : text[at];
      out += c;
    }
    return std::nullopt;
  }

  /// Items between brackets, with commas.
  template <class Item> bool items(char end, Item item) {
    if (take(end)) return true;
    do
      if (!item()) return false;
    while (take(','));
    return take(end);
  }

public:
  explicit Parser(std::string_view text) : text(text) {}
  std::size_t place() const { return at; }

  std::optional<Json> parse() {
    switch (skip_space()) {
    case 'n':
      return take("null") ? std::optional(Json{nullptr}) : std::nullopt;
    case 't':
      return take("true") ? std::optional(Json{true}) : std::nullopt;
    case 'f':
      return take("false") ? std::optional(Json{false}) : std::nullopt;
    case '"':
      if (auto inner = string()) return Json{*std::move(inner)};
      return {};
    case '[': {
      Array array;
      at++;
      bool ok = items(']', [&] {
        auto item = parse();
        if (item) array.push_back(*std::move(item));
        return item.has_value();
      });
      return ok ? std::optional(Json{std::move(array)}) : std::nullopt;
    }
    case '{': {
      Object object;
      at++;
      bool ok = items('}', [&] {
        auto key = string();
        if (!key || !take(':')) return false;
        auto item = parse();
        return item && object.emplace(*std::move(key), *std::move(item)).second;
      });
      return ok ? std::optional(Json{std::move(object)}) : std::nullopt;
    }
    default: {
      double number = 0;
      auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
      if (error != std::errc()) return {};
      at = std::size_t(end - text.data());
      return Json{number};
    }
    }
  }
};

class Writer {
  std::string out;

  template <class Items, class Write> void list(char open, const Items &items, char close, Write write) {
    out += open;
    bool first = true;
    for (const auto &item : items) {
      if (!std::exchange(first, false)) out += ',';
      write(item);
    }
    out += close;
  }

public:
  void operator()(std::nullptr_t) { out += "null"; }
  void operator()(bool value) { out += value ? "true" : "false"; }
  void operator()(double value) {
    char buffer[32];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  }
  void operator()(const std::string &text) {
    out += '"';
    for (char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c == '\n' ? "\\n" : std::string(1, c);
    }
    out += '"';
  }
  void operator()(const Array &array) {
    list('[', array, ']', [this](const Json &item) { write(item); });
  }
  void operator()(const Object &object) {
    list('{', object, '}', [this](const auto &member) {
      (*this)(member.first);
      out += ':';
      write(member.second);
    });
  }
  void write(const Json &json) { std::visit(*this, json.value); }
  std::string take() { return std::move(out); }
};

double sum(const Json &json) {
  return std::visit(
      [](const auto &value) -> double {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Array>) {
          return std::accumulate(value.begin(), value.end(), 0.0, [](double s, const Json &j) { return s + sum(j); });
        } else if constexpr (std::is_same_v<T, Object>) {
          double total = 0;
          for (const auto &[key, item] : value) total += double(key.size()) + sum(item);
          return total;
        } else if constexpr (std::is_same_v<T, std::string>) {
          return double(value.size());
        } else {
          return std::is_same_v<T, std::nullptr_t> ? 0 : double(bool(value));
        }
      },
      json.value);
}

int main() {
  std::string text = "[";
  for (int i = 0; i < 300; i++)
    text += R"({"id": )" + std::to_string(i * 3) + R"(, "name": "an \"item\"\n", "at": [)" + std::to_string(i / 8) +
            ".25, -1e3], \"on\": " + (i % 3 ? "true" : "false") + ", \"none\": null}, ";
  text += "[], {}]";
  double total = 0;
  for (int round = 0; round < 40; round++) {
    auto json = Parser(text).parse();
    Writer writer;
    writer.write(json.value());
    std::string written = writer.take();
    auto again = Parser(written).parse();
    total += sum(again.value()) + double(written.size() * (again == json));
  }
  std::printf("%.3f\n", total);
  for (auto bad : {"[1, 2", "{\"a\" 1}", "nul", "\"abc"}) {
    Parser parser(bad);
    bool whole = parser.parse().has_value();
    std::printf("%d at %zu\n", whole, parser.place());
  }
}
