/* docs/roots.md: lists and closures, with a collector that moves all objects each time. collector FILE keeps the code
 * in FILE for the next start. */
#include <kiln/kiln.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* [objects] */
/* A value is a small integer n as 2n + 1, the address of an object, or 0. An object has a header and its words. */
struct object {
  uint64_t n_words; /* after a collection, the old copy has its new address here, plus 1 */
  uint64_t words[];
};

static struct {
  uint64_t *start, *next;
  size_t n_words;
  kiln_jit *jit;
  const void *bottom; /* of the stack of compiled code */
  uint64_t collections, moved;
} heap = {.n_words = 1 << 16};
/* [end] */

/* [collect] */
static uint64_t *from, *from_end; /* the old space */

static uint64_t forward(uint64_t value) {
  uint64_t *p = (uint64_t *)(uintptr_t)value;
  if (value & 1 || p < from || p >= from_end) return value; /* an integer, null, or not ours */
  struct object *o = (struct object *)p;
  if (o->n_words & 1) return o->n_words - 1; /* it was copied before */
  size_t n = 1 + o->n_words;
  memcpy(heap.next, o, n * sizeof *heap.next);
  memset(o->words, 0xdb,
         o->n_words * sizeof *o->words); /* whoever still uses the old copy will notice */
  o->n_words = (uint64_t)(uintptr_t)heap.next + 1;
  heap.next += n;
  heap.moved++;
  return o->n_words - 1;
}

static void visit_stack(void) {
  kiln_stack_walk walk = {.jits = &heap.jit, .n_jits = 1, .end = heap.bottom};
  kiln_stack_point point;
  kiln_stack_frame frame;
  kiln_stack_point_save(&point);
  kiln_stack_walk_begin(&walk, &point);
  while (kiln_stack_walk_find_next(&walk, &frame))
    for (uint32_t i = 0; i < frame.n_roots; i++) {
      uint64_t *root = kiln_stack_frame_root(&frame, i, NULL);
      *root = forward(*root);
    }
  if (walk.status != KILN_OK) abort();
}

static void collect(void) {
  from = heap.start;
  from_end = heap.next;
  heap.start = heap.next = malloc(heap.n_words * sizeof *heap.start);
  if (heap.start == NULL) abort();
  visit_stack();
  for (uint64_t *p = heap.start; p < heap.next; p += 1 + *p) /* the words of the copies */
    for (uint64_t i = 1; i <= *p; i++) p[i] = forward(p[i]);
  free(from);
  heap.collections++;
}

/* Compiled code calls this. Each call collects: a test of the compiler, not a fast heap. */
static uint64_t allocate(uint64_t n_words) {
  collect();
  struct object *o = (struct object *)heap.next;
  heap.next += 1 + n_words;
  if (heap.next > heap.start + heap.n_words) abort();
  o->n_words = n_words;
  memset(o->words, 0, n_words * sizeof *o->words);
  return (uint64_t)(uintptr_t)o;
}
/* [end] */

/* ---- the compiler ---- */

#define I64 KILN_TYPE_I64
enum {
  WORD = 8
}; /* offset of the first word of an object; a pair: head, tail; a closure: code, captured values */

static kiln_module *m;
static kiln_session *s;
static kiln_func *f;          /* the current function */
static kiln_symbol not_found; /* the tag of an exception: its address counts, not its content */

static kiln_symbol declare(const char *name, const char *sig) {
  return kiln_func_declare(m, &(kiln_symbol_desc){.name = name}, kiln_sig_parse(m, sig));
}

static void begin(const char *name, const char *sig) { f = kiln_func_begin(s, declare(name, sig)); }

static kiln_value call(const char *name, const char *sig, const kiln_value *args, uint32_t n) {
  kiln_symbol callee = declare(name, sig);
  return kiln_build_call(f, kiln_sig_parse(m, sig), kiln_const_symbol(f, callee, 0), args, n);
}

static kiln_value load(kiln_value object, int word) {
  return kiln_build_load(f, I64, object, WORD + 8 * word, 0);
}

static void store(kiln_value value, kiln_value object, int word) {
  kiln_build_store(f, I64, object, WORD + 8 * word, value, 0);
}

/* [root] */
/* A variable that holds a reference. */
static kiln_value new_variable(kiln_value value) {
  kiln_value slot = kiln_slot_new(f, 8, 3); /* 8 bytes, aligned to 2^3 bytes */
  kiln_slot_set_root(f, slot);
  kiln_build_store(f, I64, slot, 0, value, 0); /* offset 0; the last 0: no KILN_MEM_ flags */
  return slot;
}

static kiln_value get(kiln_value variable) { return kiln_build_load(f, I64, variable, 0, 0); }

/* A value that is a reference, but was not loaded from a variable. */
static kiln_value reference(kiln_value value) {
  kiln_func_set_reference(f, value, true);
  return value;
}
/* [end] */

static kiln_value allocate_object(int n_words) {
  kiln_value n = kiln_const_int(f, n_words);
  return reference(call("allocate", "(i64) -> i64", &n, 1));
}

/* [map] */
/* map(list, closure): the list of what the closure returns for each element. */
static void build_map(void) {
  const char *sig = "(i64, i64) -> i64";
  begin("map", sig);
  kiln_value list = new_variable(reference(kiln_func_param(f, 0)));
  kiln_value closure = new_variable(reference(kiln_func_param(f, 1)));
  kiln_block some = kiln_block_new(f), none = kiln_block_new(f);
  kiln_value zero = kiln_const_int(f, 0);
  kiln_value is_empty = kiln_build_icmp(f, KILN_ICOND_EQ, I64, get(list), zero);
  kiln_build_brif(f, is_empty, none, NULL, 0, some, NULL, 0);

  kiln_block_switch(f, none);
  kiln_build_ret(f, &zero, 1);

  kiln_block_switch(f, some);
  kiln_value code = load(get(closure), 0); /* the address of code: no object */
  kiln_value args[2] = {get(closure), load(get(list), 0)};
  kiln_value head = kiln_build_call(f, kiln_sig_parse(m, sig), code, args, 2);
  head = new_variable(reference(head)); /* needed after the next calls */
  kiln_value rest[2] = {load(get(list), 1), get(closure)};
  kiln_value tail = new_variable(reference(call("map", sig, rest, 2)));
  kiln_value pair = allocate_object(2);
  store(get(head), pair, 0); /* get: loaded again, after the call */
  store(get(tail), pair, 1);
  kiln_build_ret(f, &pair, 1);
  kiln_func_compile(f);
}
/* [end] */

/* add(closure, x): x plus the integer that the closure captured; 2a + 1 and 2b + 1 give 2(a + b) + 1. */
static void build_add(void) {
  begin("add", "(i64, i64) -> i64");
  kiln_value captured = load(kiln_func_param(f, 0), 1);
  kiln_value sum = kiln_build_add(f, I64, captured, kiln_func_param(f, 1));
  sum = kiln_build_sub(f, I64, sum, kiln_const_int(f, 1));
  kiln_build_ret(f, &sum, 1);
  kiln_func_compile(f);
}

/* program(n): the list of n to 1, n being no value of the language but a number, mapped with add(5). */
static void build_program(void) {
  begin("program", "(i64) -> i64");
  kiln_block head = kiln_block_new(f), body = kiln_block_new(f), done = kiln_block_new(f);
  kiln_value i = kiln_block_add_param(f, head, I64), one = kiln_const_int(f, 1);
  kiln_value list = new_variable(kiln_const_int(f, 0));
  kiln_build_br(f, head, &one, 1);

  kiln_block_switch(f, head);
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_SLE, I64, i, kiln_func_param(f, 0));
  kiln_build_brif(f, more, body, NULL, 0, done, NULL, 0);

  kiln_block_switch(f, body);
  kiln_value pair = allocate_object(2);
  store(kiln_build_add(f, I64, kiln_build_add(f, I64, i, i), one), pair, 0); /* 2i + 1 */
  store(get(list), pair, 1);
  kiln_build_store(f, I64, list, 0, pair, 0);
  kiln_value next = kiln_build_add(f, I64, i, one);
  kiln_build_br(f, head, &next, 1);

  kiln_block_switch(f, done);
  kiln_value closure = allocate_object(2);
  store(kiln_const_symbol(f, declare("add", "(i64, i64) -> i64"), 0), closure, 0);
  store(kiln_const_int(f, 2 * 5 + 1), closure, 1);
  kiln_value args[2] = {get(list), closure};
  kiln_value result = call("map", "(i64, i64) -> i64", args, 2);
  kiln_build_ret(f, &result, 1);
  kiln_func_compile(f);
}

/* [search] */
/* find(list, x): the part of the list that begins with x. If there is none, it throws x. */
static void build_find(void) {
  const char *sig = "(i64, i64) -> i64";
  begin("find", sig);
  kiln_value list = kiln_func_param(f, 0), x = kiln_func_param(f, 1);
  kiln_block some = kiln_block_new(f), none = kiln_block_new(f), here = kiln_block_new(f),
             next = kiln_block_new(f);
  kiln_value is_empty = kiln_build_icmp(f, KILN_ICOND_EQ, I64, list, kiln_const_int(f, 0));
  kiln_build_brif(f, is_empty, none, NULL, 0, some, NULL, 0);

  kiln_block_switch(f, none);
  kiln_value thrown[2] = {kiln_const_symbol(f, not_found, 0), x};
  call("kiln_throw", "(i64, i64) -> i32", thrown, 2);
  kiln_value zero = kiln_const_int(f, 0);
  kiln_build_ret(f, &zero, 1); /* only if nothing catches it */

  kiln_block_switch(f, some);
  kiln_value is_here = kiln_build_icmp(f, KILN_ICOND_EQ, I64, load(list, 0), x);
  kiln_build_brif(f, is_here, here, NULL, 0, next, NULL, 0);

  kiln_block_switch(f, here);
  kiln_build_ret(f, &list, 1);

  kiln_block_switch(f, next);
  kiln_value rest[2] = {load(list, 1), x};
  kiln_symbol self = declare("find", sig);
  kiln_build_tailcall(f, kiln_sig_parse(m, sig), kiln_const_symbol(f, self, 0), rest, 2);
  kiln_func_compile(f);
}

/* with(list, x): the list, with x in it. The landing pad allocates, and loads a root after that. */
static void build_with(void) {
  const char *sig = "(i64, i64) -> i64";
  begin("with", sig);
  kiln_func_attrs attrs = kiln_func_get_attrs(f);
  attrs.personality = declare("kiln_personality", "(...) -> i32");
  kiln_func_set_attrs(f, &attrs);
  kiln_value list = new_variable(reference(kiln_func_param(f, 0)));
  kiln_block found = kiln_block_new(f), pad = kiln_block_new(f);
  kiln_value caught = kiln_block_add_param(f, pad, KILN_TYPE_PTR);
  kiln_value args[2] = {get(list), kiln_func_param(f, 1)}, exception = kiln_try_exception(f);
  kiln_build_try(f, &(kiln_try_desc){.sig = kiln_sig_parse(m, sig),
                                     .callee = kiln_const_symbol(f, declare("find", sig), 0),
                                     .args = args,
                                     .n_args = 2,
                                     .normal = found,
                                     .unwind = pad,
                                     .unwind_args = &exception,
                                     .n_unwind_args = 1,
                                     .clauses = &(kiln_clause){.type = not_found},
                                     .n_clauses = 1});

  kiln_block_switch(f, found);
  kiln_value all = get(list);
  kiln_build_ret(f, &all, 1);

  kiln_block_switch(f, pad);
  kiln_value at = call("kiln_exception_value", "(i64) -> i64 nocollect", &caught, 1);
  kiln_value x = kiln_build_load(f, I64, at, 0, 0); /* an integer: no variable is needed */
  call("kiln_exception_free", "(i64) nocollect", &caught, 1);
  kiln_value pair = allocate_object(2);
  store(x, pair, 0);
  store(get(list), pair, 1);
  kiln_build_ret(f, &pair, 1);
  kiln_func_compile(f);
}
/* [end] */

static void *host_function(void *user, const char *name) {
  (void)user;
  return strcmp(name, "allocate") == 0 ? (void *)allocate : NULL;
}

/* ---- code in memory, from disk or compiled ---- */

/* [disk] */
/* The code of an earlier start, if this version of Kiln made it; false: there is none. */
static bool load_code(const char *path) {
  static char bytes[1 << 20];
  uint32_t version = 0;
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  const size_t n = fread(&version, sizeof version, 1, file);
  const size_t size = n == 1 && version == kiln_version() ? fread(bytes, 1, sizeof bytes, file) : 0;
  fclose(file);
  return size != 0 && kiln_jit_add_object(heap.jit, 0, bytes, size, NULL, NULL) == KILN_OK;
}

static void keep_code(const char *path) {
  kiln_buffer object = {0};
  if (kiln_emit_object(m, &s, 1, &object) != KILN_OK) return;
  const uint32_t version = kiln_version();
  FILE *file = fopen(path, "wb");
  if (file != NULL) {
    fwrite(&version, sizeof version, 1, file);
    fwrite(object.data, 1, object.size, file);
    fclose(file);
  }
  kiln_buffer_free(&object);
}
/* [end] */

static bool compile(const char *path) {
  m = kiln_module_new(
    &(kiln_module_options){.name = "lists", .verify = true, .jit = true, .pic = KILN_PIC_FULL});
  s = kiln_session_new(m);
  if (s == NULL) return false;
  not_found = kiln_data_declare(m, &(kiln_symbol_desc){.name = "not_found"});
  kiln_data_define(m, not_found, &(kiln_data_desc){.size_bytes = 8});
  build_map();
  build_add();
  build_program();
  build_find();
  build_with();
  kiln_jit_error error = {0};
  kiln_jit_input input = {.module = m, .sessions = &s, .n_sessions = 1};
  const bool ok = kiln_jit_add(heap.jit, 0, &input, 1, NULL, &error) == KILN_OK;
  if (!ok) fprintf(stderr, "%s\n", error.diag.message);
  if (ok && path != NULL) keep_code(path);
  kiln_session_free(s);
  kiln_module_free(m);
  return ok;
}

static uint64_t sum_of(uint64_t list) {
  uint64_t sum = 0;
  for (; list != 0; list = ((struct object *)(uintptr_t)list)->words[1])
    sum += ((struct object *)(uintptr_t)list)->words[0] >> 1;
  return sum;
}

int main(int argc, char **argv) {
  heap.jit = kiln_jit_new(&(kiln_jit_options){.resolve = host_function}, NULL);
  heap.start = heap.next = malloc(heap.n_words * sizeof *heap.start);
  if (heap.jit == NULL || heap.start == NULL) return 1;
  const char *path = argc > 1 ? argv[1] : NULL;
  const bool loaded = path != NULL && load_code(path);
  if (!loaded && !compile(path)) return 1;
  uint64_t (*program)(uint64_t) = (uint64_t (*)(uint64_t))kiln_jit_lookup(heap.jit, "program");
  uint64_t (*with)(uint64_t, uint64_t) =
    (uint64_t (*)(uint64_t, uint64_t))kiln_jit_lookup(heap.jit, "with");

  heap.bottom = __builtin_frame_address(0);
  uint64_t list = program(100);
  printf("%" PRIu64 " after %" PRIu64 " collections, which moved %" PRIu64 " objects\n",
         sum_of(list), heap.collections, heap.moved);
  list = with(list, 2 * 50 + 1);   /* is in it */
  list = with(list, 2 * 1000 + 1); /* is not */
  printf("%" PRIu64 " after %" PRIu64 " collections, by code that was %s\n", sum_of(list),
         heap.collections, loaded ? "loaded" : "compiled");

  kiln_jit_free(heap.jit);
  free(heap.start);
  return 0;
}
