// C++ exceptions through functions of a JIT, which call back. Uses the public headers only.
#include <kiln/jit.h>
#include <kiln/kiln.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

static int destroyed;
struct counted {
  ~counted() { destroyed++; }
};

static long thrower(long x) {
  counted c;
  if (x > 2) throw std::runtime_error("thrown " + std::to_string(x));
  return x;
}

static const char text[] =
  "func @through(i64, i64) -> i64 {\n  %big = slot 5000 align 64\nb0(%f: i64, %x: i64):\n"
  "  store.i64 %x, %big\n  %p = addr %big + %x*8\n  store.i64 %f, %p\n"
  "  %r = call %f(%x) as (i64) -> i64\n  %y = load.i64 %big\n  %s = add.i64 %r, %y\n  ret %s\n}\n";

typedef long through_fn(long (*)(long), long);
static through_fn *through;

static long nested(long x) {
  counted c;
  return through(thrower, x);
}

int main() {
  kiln_module_options options = {};
  options.jit = true;
  kiln_target_host(&options.target);
  kiln_jit *jit = kiln_jit_new(nullptr, nullptr);
  for (int round = 0; round < 3; round++) {
    kiln_module *m = kiln_module_new(&options);
    kiln_session *s = kiln_session_new(m);
    kiln_jit_input in = {m, &s, 1};
    kiln_jit_unit u;
    if (kiln_text_parse(s, text, strlen(text), nullptr, nullptr) != KILN_OK ||
        kiln_jit_add(jit, &in, 1, 0, &u, nullptr) != KILN_OK)
      return 1;
    kiln_session_free(s);
    kiln_module_free(m);
    through = reinterpret_cast<through_fn *>(kiln_jit_find(jit, "through"));
    destroyed = 0;
    if (through(nested, 2) != 6 || destroyed != 2) return 2;
    try {
      through(nested, 3);
      return 3;
    } catch (const std::exception &e) {
      if (std::string(e.what()) != "thrown 3" || destroyed != 4) return 4;
    }
    if (kiln_jit_remove(jit, u, nullptr) != KILN_OK) return 5;
  }
  kiln_jit_free(jit);
  std::puts("caught");
  return 0;
}
