// Namespaces, enumerations, unions, references, bit fields, static variables, overloads, operators.
#include <cstdio>

namespace outer {
enum class Color : unsigned char { red, green = 5, blue };
namespace inner {
static int counter = 3;
int bump(int by) {
  static int calls;
  calls++;
  counter += by;
  return calls;
}
} // namespace inner
} // namespace outer

namespace {
union Word {
  float number;
  unsigned bits;
  struct {
    unsigned fraction : 23, exponent : 8, sign : 1;
  };
};
} // namespace

struct Vector {
  float x, y;
  Vector operator+(const Vector &other) const {
    Vector sum{x + other.x, y + other.y};
    return sum;
  }
  Vector &operator+=(const Vector &other) {
    *this = *this + other;
    return *this;
  }
};

static int overloaded(int x) { return x + 1; }
static int overloaded(double x) {
  int whole = static_cast<int>(x);
  return whole * 2;
}
static void exchange(int &a, int &&b, const int *c) {
  int old = a;
  a = b + *c;
  b = old;
}

int main() {
  using namespace outer;
  using inner::bump;
  Color color = Color::green;
  if (bump(4) == 1) color = Color::blue;
  Word word;
  word.number = 1.5f;
  unsigned exponent = word.exponent;
  Vector v{1, 2};
  v += Vector{3, 4};
  int a = overloaded(3), b = overloaded(3.75);
  const int c = 100;
  exchange(a, b + 1, &c);
  int table[2][3] = {{1, 2, 3}, {4, 5, 6}};
  int (&row)[3] = table[1];
  switch (color) {
  case Color::red:
    row[0] = 9;
    break;
  case Color::blue:
    row[1] = 8;
    break;
  default: break;
  }
  std::printf("%u %g %d %d %d\n", exponent, v.x + v.y, a, b, row[1]);
  return 0;
}
