// Exceptions through frames with destructors, caught by type, thrown again.
#include <cstdio>
#include <stdexcept>
#include <string>

struct Guard {
  const char *name;
  int *count;
  Guard(const char *text, int *counter) : name(text), count(counter) { ++*count; }
  ~Guard() {
    --*count;
    std::printf("leave %s\n", name);
  }
};

struct Odd {
  int value;
};

static int live;

static int half(int x) {
  Guard guard("half", &live);
  if (x < 0) throw std::invalid_argument("negative: " + std::to_string(x));
  if (x % 2) throw Odd{x};
  int result = x / 2;
  return result;
}

static int halves(int x) {
  Guard guard("halves", &live);
  int steps = 0;
  try {
    while (x != 0) {
      x = half(x);
      steps++;
    }
  } catch (const Odd &odd) {
    steps += odd.value * 100;
  } catch (...) {
    std::printf("passed on\n");
    throw;
  }
  return steps;
}

int main() {
  int a = halves(12);
  int b = 0;
  try {
    b = halves(-5);
  } catch (const std::exception &error) {
    std::string text = error.what();
    b = static_cast<int>(text.size());
  }
  std::printf("%d %d %d\n", a, b, live);
  return 0;
}
