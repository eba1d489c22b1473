// A C++ program that uses the shared library through its headers alone: it builds f(x) = x * x + 1, compiles it into
// this process and calls it; an exception goes through the compiled frame of a function that calls back.
#include <kiln/jit.h>
#include <kiln/kiln.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace {

struct freed {
  void operator()(kiln_module *m) const { kiln_module_free(m); }
  void operator()(kiln_session *s) const { kiln_session_free(s); }
  void operator()(kiln_jit *j) const { kiln_jit_free(j); }
};
template <class T> using owned = std::unique_ptr<T, freed>;

// A function of the library's C signature, at an address.
template <class F> F *function_at(void *address) {
  F *f;
  static_assert(sizeof f == sizeof address, "functions have addresses");
  std::memcpy(&f, &address, sizeof f);
  return f;
}

extern "C" long check(long n) {
  if (n > 1000) throw std::range_error("too large");
  return n;
}

void *resolve(void *, const char *name) {
  return std::strcmp(name, "check") == 0 ? reinterpret_cast<void *>(check) : nullptr;
}

// long square(long x) { return check(x * x) + 1; }
kiln_status build(kiln_module *m, kiln_session *s) {
  const kiln_type i64 = KILN_TYPE_I64;
  kiln_param param{};
  param.type = KILN_TYPE_I64;
  const kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &param, 1, &i64, 1);
  kiln_symbol_desc desc{};
  desc.name = "check";
  const kiln_symbol callee = kiln_func_declare(m, &desc, sig);
  desc.name = "square";
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &desc, sig));
  if (f == nullptr) return kiln_module_status(m);
  const kiln_value x = kiln_func_param(f, 0);
  const kiln_value product = kiln_build_binary(f, KILN_OP_MUL, i64, x, x);
  const kiln_value checked = kiln_build_call(f, sig, kiln_const_symbol(f, callee, 0), &product, 1);
  const kiln_value sum = kiln_build_binary(f, KILN_OP_ADD, i64, checked, kiln_const_int(f, 1));
  kiln_build_ret(f, &sum, 1);
  return kiln_func_compile(f);
}

} // namespace

int main() {
  kiln_module_options options{};
  options.jit = true;
  if (!kiln_target_find_host(&options.target)) return 2;
  owned<kiln_module> module(kiln_module_new(&options));
  owned<kiln_session> session(kiln_session_new(module.get()));
  kiln_jit_options jit_options{};
  jit_options.resolve = resolve;
  owned<kiln_jit> jit(kiln_jit_new(&jit_options, nullptr));
  if (!session || !jit || build(module.get(), session.get()) != KILN_OK) return 1;
  kiln_session *const sessions[] = {session.get()};
  const kiln_jit_input input{module.get(), sessions, 1};
  kiln_jit_error error{};
  if (kiln_jit_add(jit.get(), 0, &input, 1, nullptr, &error) != KILN_OK) {
    std::fprintf(stderr, "%s\n", error.diag.message);
    kiln_jit_error_free(&error);
    return 1;
  }
  auto *square = function_at<long(long)>(kiln_jit_find(jit.get(), "square"));
  std::printf("%ld %ld\n", square(5), square(-30));
  try {
    square(100);
  } catch (const std::range_error &e) {
    std::printf("caught: %s\n", e.what());
  }
  return 0;
}
