// Integers of any size: a value class over a vector, with operators; spans, carries in pairs; powers and factorials.
#include <algorithm>
#include <compare>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

class Big {
  using Digit = std::uint32_t;
  std::vector<Digit> digits; // the lowest first, the highest is not 0

  void trim() {
    while (!digits.empty() && digits.back() == 0) digits.pop_back();
  }

  static std::pair<Digit, Digit> low_high(std::uint64_t sum) { return {Digit(sum), Digit(sum >> 32)}; }

  static Digit add(std::span<Digit> to, std::span<const Digit> other) {
    Digit carry = 0;
    for (std::size_t i = 0; i < to.size() && (i < other.size() || carry); i++)
      std::tie(to[i], carry) = low_high(std::uint64_t(to[i]) + (i < other.size() ? other[i] : 0) + carry);
    return carry;
  }

public:
  Big(std::uint64_t value = 0) {
    for (; value; value >>= 32) digits.push_back(Digit(value));
  }
  bool is_zero() const { return digits.empty(); }

  Big &operator+=(const Big &other) {
    digits.resize(std::max(digits.size(), other.digits.size()) + 1);
    add(digits, other.digits);
    trim();
    return *this;
  }
  Big &operator-=(const Big &other) { // other is not greater
    std::int64_t borrow = 0;
    for (std::size_t i = 0; i < digits.size(); i++) {
      borrow += std::int64_t(digits[i]) - (i < other.digits.size() ? other.digits[i] : 0);
      digits[i] = Digit(borrow);
      borrow >>= 32;
    }
    trim();
    return *this;
  }
  friend Big operator+(Big a, const Big &b) { return a += b; }
  friend Big operator-(Big a, const Big &b) { return a -= b; }
  friend Big operator*(const Big &a, const Big &b) {
    Big out;
    out.digits.resize(a.digits.size() + b.digits.size());
    for (std::size_t i = 0; i < a.digits.size(); i++) {
      Digit carry = 0;
      auto row = std::span(out.digits).subspan(i);
      for (std::size_t j = 0; j < b.digits.size(); j++)
        std::tie(row[j], carry) = low_high(std::uint64_t(a.digits[i]) * b.digits[j] + row[j] + carry);
      row[b.digits.size()] = carry;
    }
    out.trim();
    return out;
  }
  /// The quotient stays; returns the remainder.
  Digit divide(Digit by) {
    std::uint64_t rest = 0;
    std::for_each(digits.rbegin(), digits.rend(), [&](Digit &digit) {
      rest = rest << 32 | digit;
      digit = Digit(rest / by);
      rest %= by;
    });
    trim();
    return Digit(rest);
  }
  friend std::strong_ordering operator<=>(const Big &a, const Big &b) {
    if (auto by_size = a.digits.size() <=> b.digits.size(); by_size != 0) return by_size;
    return std::lexicographical_compare_three_way(a.digits.rbegin(), a.digits.rend(), b.digits.rbegin(),
                                                  b.digits.rend());
  }
  friend bool operator==(const Big &, const Big &) = default;
  std::string text() const {
    std::string out;
    for (Big rest = *this; !rest.is_zero();) {
      Digit part = rest.divide(1000000000);
      for (int i = 0; i < 9 && (part || !rest.is_zero()); i++, part /= 10) out += char('0' + part % 10);
    }
    std::reverse(out.begin(), out.end());
    return out.empty() ? "0" : out;
  }
};

Big power(Big base, unsigned exponent) {
  Big out = 1;
  for (; exponent; exponent >>= 1, base = base * base)
    if (exponent & 1) out = out * base;
  return out;
}

int digit_sum(const std::string &text) {
  return std::accumulate(text.begin(), text.end(), 0, [](int sum, char c) { return sum + c - '0'; });
}

int main() {
  Big factorial = 1;
  for (unsigned i = 2; i <= 2000; i++) factorial = factorial * i;
  std::string text = factorial.text();
  std::cout << text.size() << ' ' << digit_sum(text) << ' ' << text.substr(0, 20) << '\n';

  std::pair<Big, Big> fibonacci = {0, 1};
  for (int i = 0; i < 12000; i++) fibonacci = {fibonacci.second, fibonacci.first + fibonacci.second};
  std::cout << digit_sum(fibonacci.first.text()) << '\n';

  Big large = power(7, 8000), other = power(3, 14100), steps = 0;
  std::vector<Big> values = {large, other, factorial, fibonacci.first, fibonacci.second};
  std::sort(values.begin(), values.end());
  for (const Big &value : values) std::cout << value.text().size() << ' ';
  for (int i = 0; i < 600; i++) {
    if (large < other) std::swap(large, other);
    large -= other;
    steps += large.is_zero() ? 1 : 2;
  }
  std::cout << digit_sum(large.text()) << ' ' << (large * other - other * large).text() << ' ' << steps.text() << '\n';
}
