// A tokenizer, a parser and an evaluator: variants, visitors, unique_ptr, exceptions as errors.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct End {};
using Token = std::variant<End, double, std::string_view, char>;

template <class... F> struct overloaded : F... {
  using F::operator()...;
};

class Tokens {
  std::string_view rest;
  Token current;

public:
  explicit Tokens(std::string_view text) : rest(text) { next(); }
  const Token &peek() const { return current; }
  bool is(char c) const {
    const char *got = std::get_if<char>(&current);
    return got && *got == c;
  }
  bool take(char c) {
    if (!is(c)) return false;
    next();
    return true;
  }
  void next() {
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    if (rest.empty()) {
      current = End{};
    } else if (std::isdigit(static_cast<unsigned char>(rest.front()))) {
      double value = 0;
      auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
      rest.remove_prefix(end - rest.data());
      current = value;
    } else if (std::isalpha(static_cast<unsigned char>(rest.front()))) {
      std::size_t n = 0;
      while (n < rest.size() && std::isalnum(static_cast<unsigned char>(rest[n]))) n++;
      current = rest.substr(0, n);
      rest.remove_prefix(n);
    } else {
      current = rest.front();
      rest.remove_prefix(1);
    }
  }
};

struct Node;
using Tree = std::unique_ptr<Node>;
struct Number {
  double value;
};
struct Variable {
  std::string name;
};
struct Binary {
  char op;
  Tree left, right;
};
struct Call {
  std::string name;
  std::vector<Tree> arguments;
};
struct Node {
  std::variant<Number, Variable, Binary, Call> of;
};

template <class T> Tree make(T of) { return std::make_unique<Node>(Node{std::move(of)}); }

Tree parse_sum(Tokens &tokens);

Tree parse_factor(Tokens &tokens) {
  if (tokens.take('(')) {
    Tree inner = parse_sum(tokens);
    if (!tokens.take(')')) throw std::runtime_error("no closing parenthesis");
    return inner;
  }
  Token token = tokens.peek();
  tokens.next();
  return std::visit(overloaded{[](double value) { return make(Number{value}); },
                               [&](std::string_view name) {
                                 if (!tokens.take('(')) return make(Variable{std::string(name)});
                                 Call call{std::string(name), {}};
                                 do call.arguments.push_back(parse_sum(tokens));
                                 while (tokens.take(','));
                                 if (!tokens.take(')')) throw std::runtime_error("no closing parenthesis");
                                 return make(std::move(call));
                               },
                               [](char c) -> Tree { throw std::runtime_error(std::string("not expected: ") + c); },
                               [](End) -> Tree { throw std::runtime_error("the end was not expected"); }},
                    token);
}

template <class Inner> Tree parse_chain(Tokens &tokens, std::string_view operators, Inner inner) {
  Tree left = inner(tokens);
  for (;;) {
    const char *op = std::get_if<char>(&tokens.peek());
    if (!op || operators.find(*op) == operators.npos) return left;
    char which = *op;
    tokens.next();
    Tree right = inner(tokens);
    left = make(Binary{which, std::move(left), std::move(right)});
  }
}

Tree parse_product(Tokens &tokens) { return parse_chain(tokens, "*/", parse_factor); }
Tree parse_sum(Tokens &tokens) { return parse_chain(tokens, "+-", parse_product); }

struct Evaluator {
  std::map<std::string, double> variables;
  std::map<std::string, std::function<double(const std::vector<double> &)>> functions;

  double operator()(const Number &n) const { return n.value; }
  double operator()(const Variable &v) const { return variables.at(v.name); }
  double operator()(const Binary &b) const {
    double left = value(*b.left), right = value(*b.right);
    switch (b.op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    default:
      return left / right;
    }
  }
  double operator()(const Call &c) const {
    std::vector<double> values;
    for (const Tree &argument : c.arguments) values.push_back(value(*argument));
    return functions.at(c.name)(values);
  }
  double value(const Node &node) const { return std::visit(*this, node.of); }
};

int main() {
  Evaluator evaluator;
  evaluator.functions["hypot"] = [](const auto &v) { return std::sqrt(v.at(0) * v.at(0) + v.at(1) * v.at(1)); };
  evaluator.functions["max"] = [](const auto &v) { return *std::max_element(v.begin(), v.end()); };
  const std::vector<std::string> texts = {"1 + 2 * x - y / 4", "hypot(x, y + 1) * (x - 3)",
                                          "max(x, y, x * y, 7) / max(1, x + 2)",
                                          "((((x + 1) * x + 2) * x + 3) * x + 4) * 0.125 - max(y)"};
  double sum = 0;
  for (int round = 0; round < 1200; round++)
    for (const auto &text : texts) {
      Tokens tokens(text);
      Tree tree = parse_sum(tokens);
      for (int i = 0; i < 20; i++) {
        evaluator.variables["x"] = round * 0.0025 + i;
        evaluator.variables["y"] = 3.5 - i;
        sum += evaluator.value(*tree);
      }
    }
  std::printf("%.6f\n", sum);
  for (auto text : {"1 + ", "max(1, 2", "2 * ?", "z + 1"}) {
    try {
      Tokens tokens(text);
      std::printf("%g\n", evaluator.value(*parse_sum(tokens)));
    } catch (const std::exception &) {
      std::printf("%s: error\n", text);
    }
  }
}
