#include <stdexcept>
#include <string>

namespace {
int helper(int n) { return n * 2; }
} // namespace

int second(int n) {
  if (n < 0) throw std::out_of_range("negative: " + std::to_string(n));
  return helper(n);
}
