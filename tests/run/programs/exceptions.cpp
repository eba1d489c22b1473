// What is thrown x where x how it is caught, and what runs on the way. Each line is one combination.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

struct Counted {
  static int live;
  int id;
  explicit Counted(int id) : id(id) { live++; }
  Counted(const Counted &o) : id(o.id) { live++; }
  ~Counted() { live--; }
};
int Counted::live;

struct Base {
  int b = 1;
  virtual ~Base() {}
  virtual int what() const { return b; }
};
struct Left : virtual Base { int l = 2; };
struct Right : virtual Base { int r = 3; };
struct Both : Left, Right {
  int what() const override { return b + l + r; }
};
enum class Color { Red, Green };

static volatile int zero;
static std::exception_ptr kept;

__attribute__((noinline)) static void raise(int kind) {
  switch (kind) {
  case 0: throw 42;
  case 1: throw Both();
  case 2: throw "text";
  case 3: throw static_cast<Base *>(new Both());
  case 4: throw std::runtime_error("a standard one");
  case 5: throw 2.5L;
  case 6: throw Color::Green;
  case 7: throw Counted(7);
  case 8: throw nullptr;
  case 9:
    try {
      throw 43;
    } catch (...) {
      kept = std::current_exception();
    }
    std::rethrow_exception(kept);
  case 10: throw std::string("a string that does not fit into the object itself");
  }
}
static const int kinds = 12; // the last one throws nothing

/* ---- where ---- */

__attribute__((noinline)) static int callee(int kind) {
  Counted c(1);
  raise(kind);
  return c.id;
}
__attribute__((noinline)) static int deep(int kind, int depth) {
  Counted c(depth);
  return depth == 0 ? callee(kind) : deep(kind, depth - 1) + c.id;
}
struct Constructed {
  Counted first;
  Counted *array;
  Constructed(int kind) : first(2), array(new Counted[2]{Counted(1), Counted((raise(kind), 3))}) {}
  ~Constructed() { delete[] array; }
};
struct Destroyed {
  int kind;
  Counted member;
  explicit Destroyed(int kind) : kind(kind), member(5) {}
  ~Destroyed() noexcept(false) { raise(kind); }
};
struct Tried {
  Counted c;
  Tried(int kind) try : c((raise(kind), 1)) {
  } catch (int &e) {
    e += 100;
  }
};
__attribute__((noinline)) static int initialised(int kind) {
  static int count;
  struct Once {
    int v;
    Once(int kind) : v((count++, raise(kind), kind)) {}
  };
  static Once once(kind); // runs again until it succeeds
  return count;
}
__attribute__((noinline)) static int lambda(int kind) {
  Counted c(4);
  auto f = [&] { raise(kind); return c.id; };
  return f();
}

static int at(int where, int kind) {
  switch (where) {
  case 0: return callee(kind);
  case 1: return deep(kind, 5);
  case 2: { Constructed c(kind); return c.first.id; }
  case 3: { Destroyed d(kind); return d.kind; }
  case 4: { Tried t(kind); return t.c.id; }
  case 5: return initialised(kind);
  case 6: return lambda(kind);
  }
  return 0;
}
static const int places = 7;

/* ---- how ---- */

static void name(const char *how, int where, int kind, const char *caught, long value) {
  std::printf("%s %d %d: %s %ld, live %d, uncaught %d\n", how, where, kind, caught, value, Counted::live,
              std::uncaught_exceptions());
}

static void by_type(int where, int kind) {
  try {
    name("type", where, kind, "none", at(where, kind));
  } catch (int e) {
    name("type", where, kind, "int", e);
  } catch (const Left &e) {
    name("type", where, kind, "Left", e.what());
  } catch (const char *e) {
    name("type", where, kind, e, 0);
  } catch (const Right *e) {
    name("type", where, kind, "Right *", e->r);
  } catch (Base *e) {
    name("type", where, kind, "Base *", e->what());
    delete e;
  } catch (const std::exception &e) {
    name("type", where, kind, e.what(), 0);
  } catch (long double e) {
    name("type", where, kind, "long double", static_cast<long>(e * 10));
  } catch (Color e) {
    name("type", where, kind, "Color", static_cast<int>(e));
  } catch (Counted e) {
    name("type", where, kind, "Counted", e.id);
  } catch (const std::string &e) {
    name("type", where, kind, e.c_str(), static_cast<long>(e.size()));
  } catch (void *) {
    name("type", where, kind, "void *", 0);
  }
}

static void by_base_or_all(int where, int kind) {
  Counted outer(6);
  try {
    name("all", where, kind, "none", at(where, kind));
  } catch (Base &e) {
    name("all", where, kind, "Base", e.what());
  } catch (...) {
    name("all", where, kind, "...", outer.id);
  }
}

static void again(int where, int kind) {
  try {
    try {
      Counted inner(8);
      name("again", where, kind, "none", at(where, kind));
    } catch (int &e) {
      e++;
      throw;
    } catch (const Both &) {
      throw 77;
    } catch (...) {
      Counted inner(9);
      try {
        raise(0);
      } catch (int e) {
        name("nested", where, kind, "int", e);
      }
      throw;
    }
  } catch (int e) {
    name("again", where, kind, "int", e);
  } catch (...) {
    name("again", where, kind, "...", 0);
  }
}

static void in_loop(int where, int kind) {
  int caught = 0;
  long sum = 0;
  for (int i = 0; i < 3; i++) {
    Counted c(i);
    try {
      if (i == 1) continue;
      sum += at(where, kind);
      if (kind + 1 == kinds) break;
    } catch (...) {
      caught++;
    }
    sum += 1000;
  }
  name("loop", where, kind, "caught", caught);
  name("loop", where, kind, "sum", sum);
}

static void ended() {
  std::printf("terminate, live %d\n", Counted::live);
  std::fflush(stdout);
  std::_Exit(3);
}
__attribute__((noinline)) static int never(int kind) noexcept {
  Counted c(1);
  raise(kind);
  return c.id;
}

int main() {
  for (int where = 0; where < places; where++) {
    for (int kind = 0; kind < kinds; kind++) {
      by_type(where, kind);
      by_base_or_all(where, kind);
      again(where, kind);
      in_loop(where, kind);
    }
  }
  kept = nullptr;
  try {
    throw std::bad_alloc();
  } catch (std::exception &) {
    name("alloc", 0, 0, "exception", zero);
  }
  std::set_terminate(ended);
  return never(0);
}
