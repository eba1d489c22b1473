// Debugging information of many kinds, and pads that clean up.
namespace outer {
inline namespace v1 {
enum class Color : unsigned char { Red, Green = 200 };
template <typename T, int N> struct Box {
  T v[N];
  static const int count = N;
  T get(int i) const { return v[i]; }
};
union Bits { float f; unsigned u : 7; };
}
struct Node { Node *next; Box<long, 3> box; Bits bits; int Node::*member; ~Node(); };
typedef Box<Box<Node *, 2>, 2> Deep;
static inline int twice(int x) { int y = x * 2; return y; }
}
using outer::Node;
int use(Node &, outer::Deep *);
static thread_local int seen;
int walk(int n, double d) {
  outer::Color c = n ? outer::Color::Red : outer::Color::Green;
  Node node{};
  outer::Deep deep{};
  for (int i = 0; i < n; i++) {
    Node inner{};
    int k = outer::twice(i);
    seen += use(inner, &deep) + k + (c == outer::Color::Green) + static_cast<int>(d);
  }
  auto f = [&node](int x) { return use(node, nullptr) + x; };
  return f(3);
}
