/* Structured bindings: to bit-fields, of packed structs too, to members, to elements; by value and by reference. */
struct fields {
  int x;
  double y;
  int z : 5;
  unsigned w : 11;
  long long q : 40;
  bool f : 1;
};
struct __attribute__((packed)) packed {
  char c;
  unsigned a : 3;
  int b : 29;
  long long d : 63;
  short e;
};
struct pair {
  int a, b;
};
struct nested {
  pair p;
  double d;
};

volatile int sink;

static fields make(int i) {
  return {i, i * 1.5, -i, 1000u, -5000000000LL, true};
}

static int by_value(int i) {
  auto [x, y, z, w, q, f] = make(i);
  int r = x + (int)y + z + (int)w;
  sink = r + (int)q;
  return r + f;
}

static int by_reference(const fields &of) {
  auto &[x, y, z, w, q, f] = of;
  int r = x + (int)y + z + (int)w;
  sink = r + (int)q;
  return r + f;
}

static int of_packed(packed *p) {
  auto &[c, a, b, d, e] = *p;
  int r = c + (int)a + b;
  auto [c2, a2, b2, d2, e2] = *p;
  sink = r + (int)d + (int)d2;
  return r + e + (int)a2 + b2 + c2 + e2;
}

static inline pair make_pair(int i) {
  return {i, i + 1};
}

static int of_pair(int k) {
  auto [x, y] = make_pair(k);
  sink = x + y;
  return x;
}

static int of_nested(const nested &q) {
  auto &[p, d] = q;
  auto [a, b] = p;
  sink = a;
  return b + (int)d;
}

static int of_array(int n) {
  int values[3] = {n, 2, 3};
  auto [a, b, c] = values;
  auto &[ra, rb, rc] = values;
  sink = a + b + c;
  ra = 9;
  return rb + rc + ra;
}

int main() {
  packed p = {'c', 5, -77, -(1ll << 61), 9};
  nested q = {{1, 2}, 3.5};
  int total = by_value(5) + by_reference(make(6)) + of_packed(&p);
  total += of_pair(4);
  total += of_nested(q);
  total += of_array(1);
  return total == 12345;
}
