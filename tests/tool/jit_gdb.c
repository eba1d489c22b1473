/* A program for gdb: stops in C, below two functions of a JIT. */
#include <kiln/jit.h>
#include <kiln/kiln.h>

#include <stdio.h>
#include <string.h>

long stop_here(long x);
__attribute__((noinline)) long stop_here(long x) {
  __asm__ volatile("" ::: "memory");
  return x;
}

static const char text[] =
  "!1 = file { name \"jit.src\", comp_dir \"/nowhere\" }\n"
  "!2 = compile_unit { producer \"test\", language 12, decl_file !1 }\n"
  "unit !2\n"
  "!long = base_type { name \"long\", byte_size 8, encoding 5 }\n"
  "!outer = subprogram in !1 { name \"jit_outer\", decl_file !1, decl_line 5, type !long, "
  "prototyped }\n"
  "!x = formal_parameter in !outer { name \"x\", type !long }\n"
  "!y = variable in !outer { name \"y\", type !long }\n"
  "!count = variable in !2 { name \"count\", type !long, external }\n"
  "keep !count in !2\n"
  "global !count @count\n"
  "data @count align 8 { i64 77 }\n"
  "func @jit_inner(i64, i64) -> i64 {\nb0(%f: i64, %x: i64):\n"
  "  %r = call %f(%x) as (i64) -> i64\n  %s = add.i64 %r, %x\n  ret %s\n}\n"
  "func @jit_outer(i64, i64) -> i64 {\n  %big = slot 3000 align 16\n  %xs = slot 8\n  %ys = slot "
  "8\n"
  "  !debug !outer in !2\n  !begin \"jit.src\" 5:0 file !1 in !outer\n  !var !x %xs\n  !var !y "
  "%ys\n"
  "b0(%f: i64, %x: i64):\n"
  "  store.i64 %x, %xs\n"
  "  !loc \"jit.src\" 6:3 file !1 in !outer\n"
  "  %x1 = add.i64 %x, 1000\n  store.i64 %x1, %ys\n"
  "  store.i64 %x, %big\n  %p = addr %big + %x*8\n  store.i64 %f, %p\n"
  "  !loc \"jit.src\" 7:3 file !1 in !outer\n"
  "  %r = call @jit_inner(%f, %x)\n"
  "  !loc \"jit.src\" 8:3 file !1 in !outer\n"
  "  %y = load.i64 %big\n  %s = add.i64 %r, %y\n  ret %s\n}\n";

int main(void) {
  kiln_jit_options options = {.gdb = true};
  kiln_module_options module = {.jit = true};
  kiln_target_find_host(&module.target);
  kiln_jit *jit = kiln_jit_new(&options, NULL);
  for (int round = 0; round < 2; round++) { /* the second time in the memory of the first */
    kiln_module *m = kiln_module_new(&module);
    kiln_session *s = kiln_session_new(m);
    kiln_jit_input in = {.module = m, .sessions = &s, .n_sessions = 1};
    kiln_jit_unit u;
    if (kiln_text_read(s, text, strlen(text), NULL, NULL) != KILN_OK ||
        kiln_jit_add(jit, 0, &in, 1, &u, NULL) != KILN_OK)
      return 1;
    kiln_session_free(s);
    kiln_module_free(m);
    long (*f)(long (*)(long), long) =
      (long (*)(long (*)(long), long))(uintptr_t)kiln_jit_lookup(jit, "jit_outer");
    if (f(stop_here, 5) != 15) return 2;
    if (kiln_jit_remove(jit, u, NULL) != KILN_OK) return 3;
    stop_here(0); /* now gdb must not know the function */
  }
  kiln_jit_free(jit);
  return 0;
}
