/* docs/exceptions.md: a cleanup, in memory. pthread_exit unwinds frames as an exception does, and the personality of
 * libgcc, made for C, runs cleanups. */
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void __gcc_personality_v0(void);

static void *resolve(void *user, const char *name) {
  (void)user;
  return strcmp(name, "__gcc_personality_v0") == 0 ? (void *)__gcc_personality_v0 : NULL;
}

static void leave(void) { pthread_exit(NULL); } /* unwinds all frames of the thread */
static void cleanup(void) { puts("cleaned up"); }

/* void guarded(void) { try { leave(); } finally { cleanup(); } } */
static void build(kiln_module *m, kiln_session *s) {
  kiln_sig none = kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  kiln_symbol symbol = kiln_func_declare(m, &(kiln_symbol_desc){.name = "guarded"}, none);
  kiln_symbol personality =
    kiln_func_declare(m, &(kiln_symbol_desc){.name = "__gcc_personality_v0"}, none);
  kiln_func *f = kiln_func_begin(s, symbol);
  kiln_func_attrs attrs = kiln_func_get_attrs(f);
  attrs.personality = personality;
  kiln_func_set_attrs(f, &attrs);
  /* [build] */
  kiln_block done = kiln_block_new(f), pad = kiln_block_new(f);
  kiln_value caught = kiln_block_add_param(f, pad, KILN_TYPE_PTR);
  kiln_value exception = kiln_try_exception(f);
  kiln_build_try(f, &(kiln_try_desc){.sig = none,
                                     .callee = kiln_const_int(f, (intptr_t)leave),
                                     .normal = done,
                                     .unwind = pad,
                                     .unwind_args = &exception,
                                     .n_unwind_args = 1,
                                     .clauses = (kiln_clause[]){{.kind = KILN_CLAUSE_CLEANUP}},
                                     .n_clauses = 1});
  kiln_value finally = kiln_const_int(f, (intptr_t)cleanup);
  kiln_block_switch(f, pad);
  kiln_build_call(f, none, finally, NULL, 0);
  kiln_build_unary(f, KILN_OP_RESUME, KILN_TYPE_I64, caught);
  kiln_block_switch(f, done);
  kiln_build_call(f, none, finally, NULL, 0);
  kiln_build_ret(f, NULL, 0);
  /* [end] */
  kiln_func_compile(f);
}

static void *thread(void *code) {
  void (*guarded)(void);
  memcpy(&guarded, &code, sizeof guarded);
  guarded();
  puts("not reached");
  return NULL;
}

int main(void) {
  kiln_jit_error e = {0};
  kiln_jit *jit = kiln_jit_new(&(kiln_jit_options){.resolve = resolve}, &e);
  kiln_module_options options = {.name = "finally", .jit = true, .verify = true};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_jit_unit unit;
  build(m, s);
  if (kiln_jit_add(jit, 0, &(kiln_jit_input){.module = m, .sessions = &s, .n_sessions = 1}, 1,
                   &unit, &e) != KILN_OK) {
    fprintf(stderr, "%s\n", e.diag.message);
    return 1;
  }
  pthread_t t;
  pthread_create(&t, NULL, thread, kiln_jit_address(jit, unit, "guarded"));
  pthread_join(t, NULL);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_jit_free(jit);
  return 0;
}
