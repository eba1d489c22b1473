// C++ beyond one thread's plain exceptions: exceptions in threads and handed to others, thrown in handlers, nested, from
// constructors' initializers; objects of threads with destructors; static objects made once by several threads; casts
// over virtual bases, pointers to members; exceptions through functions of System V's convention; terminate from a
// noexcept function.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static std::atomic<int> alive, made;

struct counted {
  int n;
  explicit counted(int n) : n(n) { alive++; }
  counted(const counted &o) : n(o.n) { alive++; }
  ~counted() { alive--; }
};

struct once {
  once() {
    made++;
    if (made == 1) throw std::runtime_error("first try");
  }
  int value = 42;
};
static once &only() {
  static once o;
  return o;
}

static thread_local counted of_thread(7);

struct member {
  explicit member(int n) {
    if (n < 0) throw std::out_of_range("negative");
  }
};
struct owner {
  counted c;
  member m;
  explicit owner(int n) try : c(n), m(n) {
  } catch (const std::out_of_range &e) {
    throw std::logic_error(std::string("owner: ") + e.what());
  }
};

struct base {
  virtual ~base() = default;
  virtual int name() const { return 1; }
  int x = 10;
};
struct left : virtual base {
  int name() const override { return 2; }
};
struct right : virtual base {
  int y = 20;
};
struct bottom : left, right {
  int name() const override { return 3; }
  int z = 30;
};

static void nest(int n) {
  counted c(n);
  try {
    if (n == 0) throw std::runtime_error("bottom");
    nest(n - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level " + std::to_string(n)));
  }
}
static void unnest(const std::exception &e, int depth) {
  std::printf("%d:%s ", depth, e.what());
  try {
    std::rethrow_if_nested(e);
  } catch (const std::exception &inner) {
    unnest(inner, depth + 1);
  }
}

static int in_handler(int n) {
  try {
    try {
      throw n;
    } catch (int k) {
      counted c(k);
      if (k > 2) throw;
      throw std::to_string(k);
    }
  } catch (const std::string &s) {
    return static_cast<int>(s.size()) + 100;
  } catch (int k) {
    return k;
  }
}

#define SYSV __attribute__((sysv_abi, noinline))
SYSV static long thrown(long n, double x) {
  counted c(static_cast<int>(n));
  if (n > 1) throw x;
  return n * 3;
}
__attribute__((noinline)) static double passed(long n, double x) {
  counted c(static_cast<int>(n));
  double y = x * 5;
  long k = n * 7;
  return static_cast<double>(thrown(n, x * 2) + k) + y;
}
SYSV static double caught(long n, double x) {
  double y = x * 3;
  long k = n * 11;
  try {
    return passed(n, x) + y;
  } catch (double d) {
    return d + y + static_cast<double>(k);
  }
}

static void ends() noexcept {
  counted c(1);
  throw 5;
}

int main() {
  std::vector<std::exception_ptr> errors(4);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([i, &errors] {
      of_thread.n += i;
      try {
        if (of_thread.n > 8) throw std::out_of_range("thread " + std::to_string(of_thread.n));
        nest(i);
      } catch (...) {
        errors[static_cast<size_t>(i)] = std::current_exception();
      }
    });
  for (auto &t : threads) t.join();
  for (auto &e : errors) {
    try {
      std::rethrow_exception(e);
    } catch (const std::out_of_range &o) {
      std::printf("range %s\n", o.what());
    } catch (const std::exception &o) {
      unnest(o, 0);
      std::puts("");
    }
  }
  for (int i = 0; i < 3; i++) {
    try {
      std::printf("only %d\n", only().value);
    } catch (const std::exception &e) {
      std::printf("only: %s\n", e.what());
    }
  }
  try {
    owner o(-3);
  } catch (const std::logic_error &e) {
    std::puts(e.what());
  }
  bottom b;
  base *p = &b;
  right *r = dynamic_cast<right *>(p);
  int base::*data = &base::x;
  int (base::*call)() const = &base::name;
  std::printf("%d %d %d %d %d\n", r->y, static_cast<base *>(r)->name(), p->*data, (p->*call)(),
              dynamic_cast<counted *>(p) == nullptr ? b.z : 0);
  std::printf("%d %d %d\n", in_handler(1), in_handler(3), alive.load());
  double of = 0.5, sum = 1.5;
  for (long n = 0; n < 4; n++) {
    sum += caught(n, of);
    try {
      sum += passed(n, of);
    } catch (double d) {
      sum += d * 100;
    }
    of += sum;
  }
  std::printf("%g %g %d\n", of, sum, alive.load());
  std::set_terminate([] {
    std::printf("terminate, %d alive\n", alive.load() > 0);
    std::fflush(stdout);
    std::_Exit(3);
  });
  ends();
}
