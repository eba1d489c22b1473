// A C++ program that uses the shared library through its headers alone: it builds f(x) = x * x + 1, compiles it into
// this process and calls it; an exception goes through the compiled frame of a function that calls back.
#include <kiln/kiln.hpp>

#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace {

extern "C" long check(long n) {
  if (n > 1000) throw std::range_error("too large");
  return n;
}

void *resolve(void *, const char *name) {
  return std::strcmp(name, "check") == 0 ? reinterpret_cast<void *>(check) : nullptr;
}

} // namespace

int main() try {
  kiln::module m = kiln::check(kiln::module::for_jit("square"));
  kiln::session s = kiln::check(kiln::session(m));

  // long square(long x) { return check(x * x) + 1; }
  kiln::func f = s.begin<long(long)>("square");
  const kiln::value x = f.param(0);
  const kiln::value checked = f.call<long(long)>(m.declare<long(long)>("check"), {f.mul(x, x)});
  f.ret(f.add(checked, 1));
  kiln::check(f.compile());

  kiln_jit_options options{};
  options.resolve = resolve;
  kiln::jit jit = kiln::check(kiln::jit(options));
  kiln::check(jit.add(m, s));
  auto *square = jit.lookup<long(long)>("square");
  std::printf("%ld %ld\n", square(5), square(-30));
  try {
    square(100);
  } catch (const std::range_error &e) {
    std::printf("caught: %s\n", e.what());
  }
  return 0;
} catch (const kiln::error &e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
