#include <numeric>
#include <vector>

static int step(int n) { return n + 1; }

const char *found() { return FOUND; }

int third(int n) {
  std::vector<int> all(step(n));
  std::iota(all.begin(), all.end(), 1);
  return std::accumulate(all.begin(), all.end(), 0);
}
