// Functions and classes made from templates, with parameters of all kinds.
#include <cstdio>

template <typename T, int N> struct Ring {
  T items[N];
  int first = 0, count = 0;
  bool push(const T &item) {
    if (count == N) return false;
    items[(first + count++) % N] = item;
    return true;
  }
  T pop() {
    T item = items[first];
    first = (first + 1) % N;
    count--;
    return item;
  }
};

template <typename T> T largest(T a, T b) {
  if (a < b) return b;
  return a;
}

template <typename... Ts> int total(Ts... values) {
  int sum = 0;
  ((sum += static_cast<int>(values)), ...);
  return sum;
}

struct Pair {
  int key;
  double value;
  bool operator<(const Pair &other) const { return key < other.key; }
};

int main() {
  Ring<int, 3> numbers;
  for (int i = 1; i <= 4; i++) {
    bool fits = numbers.push(i * 10);
    if (!fits) std::printf("full at %d\n", i);
  }
  int first = numbers.pop();
  Ring<Pair, 2> pairs;
  pairs.push(Pair{1, 0.5});
  pairs.push(Pair{2, 2.5});
  Pair more = largest(pairs.pop(), pairs.pop());
  double wide = largest(1.5, 2.5);
  long sum = total(first, 2.9, 'a', more.key);
  std::printf("%d %g %ld\n", first, wide, sum);
  return 0;
}
