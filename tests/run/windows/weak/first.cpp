// Weak names of what is in a comdat: another object's definition replaces the name, and leaves the function and the
// datum that it is a name of.
#include <cstdio>

inline int counted() {
  static int n = 5;
  return n++;
}
inline int value = 40;
template <int N> struct shared {
  static int number;
};
template <int N> int shared<N>::number = N;
template struct shared<3>;

extern "C" int again() __attribute__((weak, alias("_Z7countedv")));
extern "C" int kept() __attribute__((weak, alias("_Z7countedv")));
extern "C" __attribute__((weak, alias("value"))) int other_value;
extern "C" __attribute__((weak, alias("value"))) int same_value;

int main() {
  int first = again(), second = kept();
  std::printf("%d %d %d %d %d %d\n", first, second, counted(), other_value, same_value, shared<3>::number);
}
