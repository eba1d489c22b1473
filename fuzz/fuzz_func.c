/* Fuzz target: bytes are the choices of a program (gen.h) that the verifier must accept. It runs on
 * the interpreter and as machine code in this process, compiled as usual and in stress mode, and all
 * must leave the same memory; it is compiled for AArch64, too. With KILN_FUZZ_PRINT set in the
 * environment the program is printed as text before it runs. */
#include "fuzz.h"
#include "gen.h"
#include "host.h"
#include "load.h"

#include <kiln/inline.h>
#include <kiln/interp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEPS = 200000, STACK_BYTES = 16 << 20, MAX_KEPT = 4096 };

const bool fz_any_bytes = true;

static struct gen gen;
static const uint8_t *input;
static size_t input_size;

struct build {
  struct fz_run *run;
  kiln_interp *interp; /* or NULL */
  kiln_buffer *text;   /* or NULL */
  uint64_t inlining; /* not 0: functions are inlined where they are called, as these bits choose */
  uint32_t n_kept;
  kiln_symbol kept[MAX_KEPT];
};

/* Keeps a function, to be inlined and compiled later; false: it is compiled at once. */
static bool keep(struct build *b, kiln_func *f) {
  static const kiln_inline rules[4] = {KILN_INLINE_ALWAYS, KILN_INLINE_BY_SIZE, KILN_INLINE_ALWAYS,
                                       KILN_INLINE_HINT};
  kiln_symbol symbol = kiln_func_symbol(f);
  if (b->n_kept == MAX_KEPT) return false;
  kiln_func_attrs attrs = kiln_func_get_attrs(f);
  attrs.final = true;
  if (symbol.id % 4 != 0) attrs.guard = KILN_GUARD_NONE; /* what is guarded is not inlined */
  attrs.inlining = rules[(b->inlining >> symbol.id % 31 * 2) & 3];
  kiln_func_set_attrs(f, &attrs);
  if (kiln_func_keep(f) != KILN_OK) return false;
  b->kept[b->n_kept++] = symbol;
  return true;
}

static kiln_status take(void *user, kiln_func *f) {
  struct build *b = user;
  if (b->inlining != 0 && !kiln_func_is_finished(f) && keep(b, f)) return KILN_OK;
  kiln_status s = kiln_func_finish(f);
  if (s == KILN_OK) s = kiln_func_verify(f);
  if (s != KILN_OK && s != KILN_ERR_MEMORY) {
    fz_die("the generator made an invalid function: %s", b->run->diag.message);
  }
  if (s == KILN_OK && b->text != NULL) s = kiln_func_print(f, b->text);
  if (s == KILN_OK && b->interp != NULL) s = kiln_interp_add(b->interp, f);
  if (s != KILN_OK) {
    kiln_func_discard(f);
    return s;
  }
  return kiln_func_compile(f);
}

/* Compiles what was kept, with calls inlined. */
static kiln_status take_kept(struct build *b, kiln_session *session) {
  kiln_status s = kiln_module_settle_inlining(kiln_session_module(session));
  for (uint32_t i = 0; i < b->n_kept && s == KILN_OK; i++) {
    kiln_func *f = kiln_session_begin_kept(session, b->kept[i]);
    s = f != NULL ? take(b, f) : KILN_ERR_MEMORY;
  }
  return s;
}

static void print_program(void) {
  struct fz_run run = {0};
  kiln_module_options options = fz_options(0, &run);
  kiln_buffer bodies = {.allocator = options.allocator}, head = bodies;
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  struct build b = {.run = &run, .text = &bodies};
  gen_program(&gen, s, input, input_size, take, &b);
  kiln_module_print(m, &head);
  fprintf(stderr, "%.*s%.*s\n", (int)head.size, (char *)head.data, (int)bodies.size,
          (char *)bodies.data);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&bodies);
  kiln_buffer_free(&head);
}

/* Runs the object as part of this process. */
static void run_object(const kiln_buffer *object) {
  struct host *h = host_get();
  struct load_image image = {.at = h->image, .size = sizeof h->image, .find = host_find};
  union {
    void *address;
    void (*call)(void);
  } entry;
  entry.address = load_object(&image, object, "fz_main");
  if (entry.address == NULL) fz_die("loading: %s", image.error);
  host_reset();
  entry.call();
  host_collect();
  load_end(&image);
}

static void compare(const struct host_memory *wanted, const char *how) {
  const struct host_memory *got = &host_get()->memory;
  if (memcmp(wanted, got, sizeof *wanted) == 0) return;
  const uint8_t *w = (const uint8_t *)wanted, *m = (const uint8_t *)got;
  size_t at = 0;
  while (w[at] == m[at]) at++;
  print_program();
  fz_die("%s differs from the interpreter at byte %zu of the memory: %02x, not %02x "
         "(results from 0, data from %d, a from %d, b from %d)",
         how, at, m[at], w[at], HOST_OUT - HOST_OBJECT, HOST_OUT, HOST_OUT + HOST_OBJECT);
}

/* Compiles with options chosen by `h`; runs on the interpreter if `wanted` is to be filled, and the
 * object, if that is for this machine. False: no memory. */
static bool build(uint64_t h, kiln_processor target, uint64_t stress, const char *how,
                  bool interpret, struct host_memory *wanted, uint64_t inlining) {
  struct fz_run run = {0};
  kiln_module_options options = fz_options(h, &run);
  options.target.processor = target;
  options.stress_seed = stress;
  kiln_buffer object = {.allocator = options.allocator};
  kiln_module *m = kiln_module_new(&options);
  fz_attrs(h, m);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  static struct build b;
  b = (struct build){.run = &run, .inlining = inlining};
  if (m != NULL && inlining != 0) {
    kiln_module_attrs attrs = kiln_module_get_attrs(m);
    attrs.inlining = KILN_INLINING_SMALL;
    attrs.variables = KILN_VARIABLES_AS_IS;
    kiln_module_set_attrs(m, &attrs);
  }
  kiln_status status = KILN_ERR_MEMORY;
  kiln_diag diag = {0};
  if (s != NULL && interpret) {
    kiln_interp_options io = {
      .resolve = host_find, .stack_bytes = STACK_BYTES, .max_steps = MAX_STEPS};
    b.interp = kiln_interp_new(m, &io);
  }
  if (s != NULL && (b.interp != NULL || !interpret)) {
    status = gen_program(&gen, s, input, input_size, take, &b);
    if (status == KILN_OK && inlining != 0) status = take_kept(&b, s);
    if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, &object);
    bool missing = status == KILN_ERR_UNSUPPORTED && target == KILN_PROCESSOR_AARCH64 &&
                   gen.weights[KILN_TYPE_F80] > 0;
    if (status != KILN_OK && status != KILN_ERR_MEMORY && !missing) {
      print_program();
      fz_die("%s: %s: %s", how, kiln_status_name(status), run.diag.message);
    }
  }
  if (status == KILN_OK && interpret) {
    host_reset();
    host_interp = b.interp;
    status = kiln_interp_link(b.interp, &diag);
    kiln_symbol entry = kiln_symbol_lookup(m, "fz_main");
    if (status == KILN_OK) status = kiln_interp_call(b.interp, entry, NULL, 0, NULL, &diag);
    if (status != KILN_OK) {
      char line[512];
      kiln_diag_format(&diag, line, sizeof line);
      print_program();
      fz_die("the interpreter: %s", line);
    }
    host_interp = NULL;
    host_collect();
    if (inlining == 0) *wanted = host_get()->memory;
    else compare(wanted, "the interpreter, of functions with calls inlined,");
  }
  kiln_interp_free(b.interp);
  kiln_session_free(s);
  kiln_module_free(m);
  if (status == KILN_OK) {
    fz_check_object(&object);
    if (target == KILN_PROCESSOR_X86_64) {
      run_object(&object);
      compare(wanted, how);
    }
  }
  kiln_buffer_free(&object);
  fz_memory_end(&run);
  return status == KILN_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct host_memory wanted;

  uint64_t h = fz_hash(data, size), rules = h << 1 | 1;
  input = data;
  input_size = size;
  if (getenv("KILN_FUZZ_PRINT") != NULL) print_program();
  if (!build(h, KILN_PROCESSOR_X86_64, 0, "machine code", true, &wanted, 0)) return 0;
  build(h >> 16, KILN_PROCESSOR_X86_64, 1 + (h >> 32 & 0xffff), "machine code in stress mode",
        false, &wanted, 0);
  build(h >> 24, KILN_PROCESSOR_AARCH64, h >> 48 & 1 ? h >> 50 : 0, "AArch64", false, &wanted, 0);
  gen.acyclic = true;
  bool ok =
    build(h, KILN_PROCESSOR_X86_64, 0, "machine code of an acyclic program", true, &wanted, 0);
  if (ok)
    build(h, KILN_PROCESSOR_X86_64, h >> 47 & 1 ? 1 + (h >> 32 & 0xffff) : 0,
          "machine code with calls inlined", true, &wanted, rules);
  if (ok)
    build(h >> 24, KILN_PROCESSOR_AARCH64, 0, "AArch64 with calls inlined", false, &wanted, rules);
  gen.acyclic = false;
  return 0;
}

/* Checks that every operation was generated at least once. */
void fz_finish(void) {
  for (unsigned op = 0; op < KILN_OP_COUNT; op++) {
    if (gen_makes((kiln_op)op) && gen.used[op] == 0) {
      fz_die("no program had an operation %s", kiln_op_name((kiln_op)op));
    }
  }
}
