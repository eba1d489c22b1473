// What C++ leaves to code generation besides exceptions: tables of virtual functions, types at run time, guards of
// statics, objects of a thread, the order of initialisation, virtual bases, pointers to members, inline data.
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

struct Said {
  const char *what;
  explicit Said(const char *what) : what(what) { std::printf("+%s\n", what); }
  ~Said() { std::printf("-%s\n", what); }
};

__attribute__((init_priority(300))) Said third("priority 300");
__attribute__((init_priority(200))) Said second("priority 200");
Said plain("plain");
inline Said shared("inline");
template <class T> struct Holder { static Said said; static inline int count = 3; };
template <class T> Said Holder<T>::said("template");
template struct Holder<int>;
thread_local Said mine("thread");
static thread_local int number = 5;

struct Animal {
  int legs = 4;
  virtual ~Animal() { std::printf("~Animal %d\n", legs); }
  virtual int sound() const = 0;
  virtual Animal *self() { return this; }
};
struct Walker : virtual Animal {
  int steps = 10;
  int sound() const override { return steps; }
};
struct Swimmer : virtual Animal {
  int strokes = 20;
  int sound() const override { return strokes; }
  Swimmer *self() override { return this; }
};
struct Frog : Walker, Swimmer {
  int tongue = 30;
  int sound() const override { return tongue + steps + strokes + legs; }
  Frog *self() override { return this; }
  int jump(int far) const { return far * tongue; }
  virtual int croak(int n) { return n + legs; }
};
struct Toad final : Frog {
  int croak(int n) override { return n * 2; }
};

static int guarded(int n) {
  static Said said("guarded");
  static int first = n;
  return first;
}

constexpr int square(int x) { return x * x; }
template <class... T> int sum(T... x) { return (0 + ... + static_cast<int>(x)); }
template <int N> struct Table {
  int v[N];
  constexpr Table() : v() { for (int i = 0; i < N; i++) v[i] = square(i); }
};
static constexpr Table<8> table;

struct Small {
  char c;
  short s;
  Small operator+(const Small &o) const { return {static_cast<char>(c + o.c), static_cast<short>(s * o.s)}; }
};
struct Bits { unsigned a : 3, b : 13; long c : 40; };
union Either { double d; long l; };

int main() {
  Toad toad;
  Animal *animals[] = {&toad, new Frog, new Swimmer};
  for (Animal *a : animals) {
    std::printf("%d %d %d\n", a->sound(), dynamic_cast<Walker *>(a) != nullptr, dynamic_cast<Swimmer *>(a) != nullptr);
    std::printf("%s %d\n", typeid(*a).name(), typeid(*a) == typeid(Frog));
    std::printf("%d\n", a->self() == a);
  }
  Frog *frog = dynamic_cast<Frog *>(animals[0]);
  int (Frog::*member)(int) const = &Frog::jump;
  int (Frog::*virtual_member)(int) = &Frog::croak;
  int Frog::*field = &Frog::tongue;
  std::printf("%d %d %d %zu\n", (frog->*member)(3), (frog->*virtual_member)(7), frog->*field, sizeof member);
  int Frog::*none = nullptr;
  std::printf("%d %d\n", none == nullptr, virtual_member != nullptr);
  delete animals[1];
  delete animals[2];

  std::printf("%d %d\n", guarded(4), guarded(5));
  std::thread([] { std::printf("%s %d\n", mine.what, number++); }).join();
  std::printf("%s %d %d\n", mine.what, number, Holder<int>::count);
  std::printf("%d %d %s\n", sum(1, 2.5, 'c'), table.v[7], Holder<int>::said.what);

  Small s = Small{1, 2} + Small{3, 5};
  Bits b = {5, 4000, -7};
  Either e;
  e.d = 1.5;
  std::printf("%d %d %u %u %ld %lx\n", s.c, s.s, b.a, b.b, static_cast<long>(b.c), e.l);

  std::map<std::string, std::vector<int>> map;
  for (int i = 0; i < 20; i++) map["key " + std::to_string(i % 3)].push_back(i * i);
  for (auto &[key, values] : map) std::printf("%s: %zu, %d\n", key.c_str(), values.size(), values.back());
  std::function<int(int)> f = [&map](int x) { return static_cast<int>(map.size()) * x; };
  std::shared_ptr<Said> pointer = std::make_shared<Said>("pointer");
  std::weak_ptr<Said> weak = pointer;
  std::printf("%d %ld\n", f(14), pointer.use_count());
  pointer.reset();
  std::printf("%d\n", weak.expired());
  return 0;
}
