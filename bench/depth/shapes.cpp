#include <cstdio>
#include <functional>
#include <memory>
#include <vector>
#include <algorithm>
#include <string>
static char *base; static long deepest;
static inline bool room(long n) { char here; deepest = n; return base - &here < 7 << 20; }
struct Node { std::unique_ptr<Node> left; int v = 0; };
static int visit(const Node *n, long d, const std::function<int(int)> &f) { if (!room(d)) return 1; return f(n->v) + visit(n->left ? n->left.get() : n, d + 1, f); }
static int each(const std::vector<int> &v, long d) { if (!room(d)) return 1; int s = 0; for (int x : v) s += std::max(x, 3); return each(v, d + 1) + s; }
static int texts(const std::string &s, long d) { if (!room(d)) return 1; std::string t = s + "x"; return texts(s, d + 1) + (int)t.size(); }
static int lambda(long d) { if (!room(d)) return 1; auto f = [&](int x) { return x + (int)d; }; int a = f(1); return lambda(d + 1) + f(a); }
static void sort(std::vector<int> &v, long d) { if (!room(d)) return; std::swap(v[0], v[1]); auto it = std::find(v.begin(), v.end(), 3); sort(v, d + 1); if (it != v.end()) *it = 4; }
template <class T> struct Wrap { T t; T get() const { return t; } };
static int wraps(long d) { if (!room(d)) return 1; Wrap<Wrap<int>> w{{(int)d}}; return wraps(d + 1) + w.get().get(); }
static int caught(long d) { if (!room(d)) return 1; try { std::vector<int> v(3); return caught(d + 1) + v.at(1); } catch (int) { return 2; } }
int main() { char here; base = &here; Node n; std::vector<int> v{1,2,3,4};
#define RUN(name, call) deepest = 0; call; printf(name " %ld\n", deepest)
  RUN("visit", visit(&n, 0, [](int x) { return x; })); RUN("each", each(v, 0)); RUN("texts", texts("ab", 0)); RUN("lambda", lambda(0)); RUN("sort", sort(v, 0)); RUN("wraps", wraps(0)); RUN("caught", caught(0)); }
