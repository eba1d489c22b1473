/* docs/jit.md: functions that are compiled when they are first called. */
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <stdio.h>
#include <stdlib.h>

struct language {
  kiln_module *m;
  kiln_session *s;
  kiln_jit *jit;
  kiln_jit_stream *stream;
  kiln_sig sig; /* long (*)(long) */
};

/* fN(x) = f(N - 1)(x) + x; f0 is the identity. */
static kiln_func *build(const struct language *l, const char *name) {
  int n = atoi(name + 1);
  kiln_func *f =
    kiln_func_begin(l->s, kiln_func_declare(l->m, &(kiln_symbol_desc){.name = name}, l->sig));
  kiln_value x = kiln_func_param(f, 0), result = x;
  if (n > 0) {
    char other[16];
    snprintf(other, sizeof other, "f%d", n - 1);
    kiln_symbol callee = kiln_func_declare(l->m, &(kiln_symbol_desc){.name = other}, l->sig);
    result = kiln_build_call(f, l->sig, kiln_const_symbol(f, callee, 0), &x, 1);
    result = kiln_build_add(f, KILN_TYPE_I64, result, x);
  }
  kiln_build_ret(f, &result, 1);
  return f;
}

/* [compile] */
static void *compile(void *user, const char *name) {
  struct language *l = user;
  kiln_jit_error error = {0};
  printf("compiling %s\n", name);
  void *code = kiln_jit_stream_define(l->stream, build(l, name), 0, NULL, &error);
  if (code == NULL) fprintf(stderr, "%s\n", error.diag.message);
  kiln_jit_error_free(&error);
  return code;
}
/* [end] */

int main(void) {
  struct language l = {.m = kiln_module_new(&(kiln_module_options){.name = "lazy", .jit = true}),
                       .jit = kiln_jit_new(NULL, NULL)};
  if (l.m == NULL || l.jit == NULL) return 1;
  l.s = kiln_session_new(l.m);
  l.sig = kiln_sig_parse(l.m, "(i64) -> i64");
  l.stream = kiln_jit_stream_new(l.jit, l.m, NULL, NULL);

  /* [declare] */
  long (*f[4])(long);
  for (int i = 0; i < 4; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%d", i);
    const kiln_jit_lazy_desc lazy = {.name = name, .compile = compile, .compile_user = &l};
    f[i] = (long (*)(long))kiln_jit_declare_lazy(l.jit, &lazy, NULL);
  }
  printf("%ld\n", f[1](10)); /* compiles f1 and f0 */
  printf("%ld\n", f[2](10)); /* compiles f2 */
  /* [end] */

  kiln_jit_stream_free(l.stream);
  kiln_session_free(l.s);
  kiln_module_free(l.m);
  kiln_jit_free(l.jit);
  return 0;
}
