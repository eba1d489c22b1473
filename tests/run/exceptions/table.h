// What the programs of table.py share: what is thrown, where, and how a line of the table is run. C++14, since dynamic
// exception specifications are in it.
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#define NOINLINE __attribute__((noinline))

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
struct Large { long v[6]; };

// Values that the compiler knows nothing about.
static volatile long sources[8] = {3, 5, 7, 11, 13, 17, 19, 23};
static inline long source(int i) { return sources[i & 7] * (i + 1); }

// ---- what is thrown ----

enum Thrown { Int, Class, Virtual, Pointer, Again, Foreign, Forced, Nothing, Kinds };

static jmp_buf forced_end; // where a forced unwind ends
static std::uintptr_t forced_frame;
static int deleted; // foreign exceptions

static _Unwind_Reason_Code stop(int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception *,
                                _Unwind_Context *context, void *) {
  if ((actions & _UA_END_OF_STACK) || _Unwind_GetCFA(context) >= forced_frame) std::longjmp(forced_end, 1);
  return _URC_NO_REASON;
}
static void count_deleted(_Unwind_Reason_Code, _Unwind_Exception *) { deleted++; }

NOINLINE static void throw_one(int kind) {
  static _Unwind_Exception exception;
  switch (kind) {
  case Int: throw 42;
  case Class: throw Counted(7);
  case Virtual: throw Both();
  case Pointer: static Both pointed; throw static_cast<Base *>(&pointed);
  case Again: std::rethrow_exception(std::make_exception_ptr(Counted(8)));
  case Foreign:
  case Forced:
    exception = _Unwind_Exception();
    exception.exception_class = 0x4b494c4e54455354; // of no language
    exception.exception_cleanup = count_deleted;
    if (kind == Foreign) _Unwind_RaiseException(&exception);
    else _Unwind_ForcedUnwind(&exception, stop, nullptr);
    std::terminate(); // nobody takes it
  }
}

// ---- where ----

enum Where { Callee, Deep, Constructor, Destructor, Initialiser, TryBlock, Noexcept, Places };

NOINLINE static int callee(int kind) {
  Counted c(1);
  throw_one(kind);
  return c.id;
}
NOINLINE static int deep(int kind, int depth) {
  Counted c(depth);
  return depth == 0 ? callee(kind) : deep(kind, depth - 1) + c.id;
}
struct Constructed {
  Counted first;
  Counted *array;
  Constructed(int kind) : first(2), array(new Counted[2]{Counted(1), Counted((throw_one(kind), 3))}) {}
  ~Constructed() { delete[] array; }
};
struct Destroyed {
  int kind;
  Counted member;
  explicit Destroyed(int kind) : kind(kind), member(5) {}
  ~Destroyed() noexcept(false) { throw_one(kind); }
};
struct Tried {
  Counted c;
  Tried(int kind) try : c((throw_one(kind), 1)) {
  } catch (int &e) {
    e += 100;
  }
};
template <int kind> NOINLINE static int initialised() {
  static int count;
  struct Once {
    int v;
    Once() : v((count++, throw_one(kind), kind)) {}
  };
  static Once once; // runs again until it succeeds
  return count;
}
static int initialise(int kind) {
  switch (kind) {
  case Int: return initialised<Int>();
  case Class: return initialised<Class>();
  case Virtual: return initialised<Virtual>();
  case Pointer: return initialised<Pointer>();
  case Again: return initialised<Again>();
  case Foreign: return initialised<Foreign>();
  case Forced: return initialised<Forced>();
  }
  return initialised<Nothing>();
}
NOINLINE static int never(int kind) noexcept {
  Counted c(1);
  throw_one(kind);
  return c.id;
}

NOINLINE static int at(int where, int kind) {
  switch (where) {
  case Callee: return callee(kind);
  case Deep: return deep(kind, 5);
  case Constructor: { Constructed c(kind); return c.first.id; }
  case Destructor: { Destroyed d(kind); return d.kind; }
  case Initialiser: return initialise(kind);
  case TryBlock: { Tried t(kind); return t.c.id; }
  case Noexcept: return never(kind);
  }
  return 0;
}
// With arguments on the stack, which the callee changes.
NOINLINE static long at_stack(int where, int kind, long a, long b, long c, long d, long e, long f, long g, double h, Large l,
                              long i) {
  l.v[3] += a, g += l.v[3], i += g;
  long r = at(where, kind);
  return r + a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + static_cast<long>(h) + l.v[5] + i;
}

// ---- lines ----

// A destructor that sees what lives at the pad: it reads by reference, or is given the sum before.
struct Noted {
  static long sum;
  long &value;
  ~Noted() { sum = sum * 31 + value; }
};
long Noted::sum;

typedef long line(int where, int kind);

static void ended() {
  std::printf(" terminate, sum %ld\n", Noted::sum);
  std::fflush(stdout);
  std::_Exit(3);
}
static void unexpected() { throw 99; }

NOINLINE static void outer(line *f, int where, int kind) {
  try {
    std::printf(" returned %ld", f(where, kind));
  } catch (int e) {
    std::printf(" int %d", e);
  } catch (const Counted &e) {
    std::printf(" Counted %d", e.id);
  } catch (const Base &e) {
    std::printf(" Base %d", e.what());
  } catch (Base *e) {
    std::printf(" Base * %d", e->what());
  }
}
NOINLINE static void run(line *f, int where, int kind, bool caught) {
  Noted::sum = deleted = Counted::live = 0;
  if (kind == Forced) {
    forced_frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (setjmp(forced_end)) {
      std::printf(" unwound to the end, sum %ld, live %d\n", Noted::sum, Counted::live);
      return;
    }
  }
  if (caught) outer(f, where, kind);
  else std::printf(" returned %ld", f(where, kind));
  std::printf(", sum %ld, live %d, deleted %d, uncaught %d\n", Noted::sum, Counted::live, deleted,
              std::uncaught_exception());
}

// Lines that may end the process have one of their own.
static void print_lines(line *f, const char *name, bool caught, bool filter) {
  for (int where = 0; where < Places; where++) {
    for (int kind = 0; kind < Kinds; kind++) {
      std::printf("%s %d %d:", name, where, kind);
      bool ends = kind != Nothing && (!caught || filter || where == Noexcept || kind == Foreign || kind == Forced);
      if (!ends) {
        run(f, where, kind, caught);
        continue;
      }
      std::fflush(stdout);
      int status = 0;
      pid_t child = fork();
      if (child == 0) {
        run(f, where, kind, caught);
        std::fflush(stdout);
        std::_Exit(0);
      }
      waitpid(child, &status, 0);
      if (status != 0 && status != 3 << 8) std::printf(" status %d\n", status);
    }
  }
}
