/* docs/api.md: one module, compiled by one and by four threads, gives the same bytes. */
#include <kiln/kiln.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { FUNCS = 1000, MAX_THREADS = 4 };

struct part {
  kiln_session *session;
  const kiln_symbol *funcs;
  unsigned first, step;
  kiln_status status;
};

/* Compiles every `step`-th function: f17(x) is x + 17. */
static void *compile(void *arg) {
  struct part *p = arg;
  for (unsigned i = p->first; i < FUNCS && p->status == KILN_OK; i += p->step) {
    kiln_func *f = kiln_func_begin(p->session, p->funcs[i]);
    kiln_value v =
      kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, kiln_func_param(f, 0), kiln_const_int(f, i));
    kiln_build_ret(f, &v, 1);
    p->status = kiln_func_compile(f);
  }
  return NULL;
}

static kiln_status build(unsigned threads, kiln_buffer *object) {
  kiln_module *m = kiln_module_new(&(kiln_module_options){.name = "threads"});
  kiln_type i64 = KILN_TYPE_I64;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_I64}, 1, &i64, 1);
  kiln_symbol funcs[FUNCS];
  for (unsigned i = 0; i < FUNCS; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    funcs[i] = kiln_func_declare(m, &(kiln_symbol_desc){.name = name, .body = true}, sig);
  }
  kiln_status status = kiln_module_freeze(m);

  struct part parts[MAX_THREADS];
  pthread_t ids[MAX_THREADS];
  kiln_session *sessions[MAX_THREADS];
  for (unsigned t = 0; t < threads; t++) {
    sessions[t] = kiln_session_new(m);
    parts[t] = (struct part){sessions[t], funcs, t, threads, status};
    if (pthread_create(&ids[t], NULL, compile, &parts[t]) != 0) return KILN_ERR_MEMORY;
  }
  for (unsigned t = 0; t < threads; t++) {
    pthread_join(ids[t], NULL);
    if (status == KILN_OK) status = parts[t].status;
  }
  if (status == KILN_OK) status = kiln_emit_elf(m, sessions, threads, object);
  for (unsigned t = 0; t < threads; t++) kiln_session_free(sessions[t]);
  kiln_module_free(m);
  return status;
}

int main(void) {
  kiln_buffer one = {0}, four = {0};
  bool ok = build(1, &one) == KILN_OK && build(MAX_THREADS, &four) == KILN_OK &&
            one.size == four.size && memcmp(one.data, four.data, one.size) == 0;
  puts(ok ? "the same bytes" : "failed");
  kiln_buffer_free(&one);
  kiln_buffer_free(&four);
  return ok ? 0 : 1;
}
