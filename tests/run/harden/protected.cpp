// Exceptions through protected frames: each return address on the way is signed.
#include <cstdio>
#include <string>

struct guard {
  int *to, by;
  ~guard() { *to += by; }
};

static int leaf(int x) { return x + 1; }

__attribute__((noinline)) int deep(int n, int *sum) {
  guard g{sum, n};
  if (n == 0) throw std::string("thrown");
  char local[300];
  local[n] = 1;
  return deep(leaf(n) - 2, sum) + local[n];
}

__attribute__((noinline)) int middle(int *sum) {
  try {
    return deep(20, sum);
  } catch (int) {
    return 1;
  } catch (std::string &s) {
    if (*sum > 1000) return 2;
    throw;
  }
}

int main() {
  int sum = 0;
  for (int k = 0; k < 3; k++) {
    try {
      middle(&sum);
    } catch (const std::string &s) {
      std::printf("%s %d\n", s.c_str(), sum);
    }
  }
  return 0;
}
