/* jit_growth [CYCLES [UNITS]]: what a JIT holds stays level while units come and go. First CYCLES units (default 4,000)
 * of changing sizes and kinds are added and removed, some 64 of them there at a time, the same ones in each quarter:
 * memory in use, resident memory and mappings must not be larger in the last quarter than in the second. Then, of UNITS
 * units (default 2,000), every second one is removed: the number of mappings must be small against the number of units.
 * For each way of protection and reach. Last, a stream's function with private data and source locations is defined
 * CYCLES times: what the module and its session have allocated must stay level. Speaks TAP. `./dev soak` has larger
 * numbers. */
#define _GNU_SOURCE
#include <kiln/debug.h>
#include <kiln/jit.h>
#include <kiln/kiln.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef KN_TEST_EMULATED
#define KN_TEST_EMULATED 0
#endif

enum { LIVE = 64 };

static unsigned long cycles = 4000, units = 2000;
static uint64_t pools; /* bytes of them that may be left */
static int failures;

static void failed(const char *what, unsigned long a, unsigned long b) {
  if (failures++ < 10) printf("# %s: %lu, %lu\n", what, a, b);
}

static uint32_t next(uint64_t *state) { /* xorshift */
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (uint32_t)(*state >> 32);
}

/* QEMU from 8 on shows neighbours apart that are one mapping: they count once there. */
static unsigned long mappings(void) {
  unsigned long n = 0, start, end, before = 0;
  char line[512], permissions[5], last[5] = "";
  FILE *f = fopen("/proc/self/maps", "r");
  while (f != NULL && fgets(line, sizeof line, f) != NULL) {
    bool read = sscanf(line, "%lx-%lx %4s", &start, &end, permissions) == 3;
    bool same = KN_TEST_EMULATED && read && start == before && strcmp(permissions, last) == 0;
    n += !same;
    if (!read) continue;
    before = end;
    memcpy(last, permissions, sizeof last);
  }
  if (f != NULL) fclose(f);
  return n;
}

static unsigned long resident_kib(void) {
  unsigned long size = 0, pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f == NULL || fscanf(f, "%lu %lu", &size, &pages) != 2) failed("statm", size, pages);
  if (f != NULL) fclose(f);
  return pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}

/* What makes units differ. */
struct shape {
  unsigned rounds;     /* pairs of instructions that cancel out */
  uint64_t data_bytes; /* 0: no data */
  uint64_t tls_bytes;
  bool constant;
  uint32_t flags;
};

static struct shape shape_of(uint32_t random) {
  struct shape s = {.rounds = random % 61};
  if (random >> 8 & 1) s.data_bytes = 1 + (random >> 9) % 3000;
  if ((random >> 9 & 31) == 0)
    s.data_bytes = 40000 + (random >> 14) % 400000; /* chunks of its own */
  if ((random >> 10 & 255) == 0) s.rounds = 4000;
  if ((random >> 11 & 7) == 0) s.tls_bytes = 1 + (random >> 14) % 20000;
  s.constant = random >> 12 & 1;
  s.flags = (random >> 13 & 3) == 0 ? KILN_JIT_REDEFINABLE : 0;
  return s;
}

/* The text of a function that returns its argument; what it reads is zero. */
static char *text_of(unsigned long number, const struct shape *shape) {
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream(&text, &size);
  if (shape->data_bytes > 0)
    fprintf(f, "data internal @d align 8 %s{ zero %llu }\n", shape->constant ? "readonly " : "",
            (unsigned long long)shape->data_bytes);
  if (shape->tls_bytes > 0)
    fprintf(f, "data internal tls(gd) @t align 8 { zero %llu }\n",
            (unsigned long long)shape->tls_bytes);
  fprintf(f, "func @f%lu(i64) -> i64 {\nb0(%%x0: i64):\n  %%y0 = add.i64 %%x0, 0\n", number);
  unsigned n = 0;
  if (shape->data_bytes > 0)
    fprintf(f, "  %%d = load.i64 zext i8 @d+%llu\n  %%y1 = add.i64 %%y0, %%d\n",
            (unsigned long long)shape->data_bytes - 1);
  n += shape->data_bytes > 0;
  if (shape->tls_bytes > 0)
    fprintf(
      f, "  %%p = tls_addr @t\n  %%t = load.i64 zext i8 %%p+%llu\n  %%y%u = add.i64 %%y%u, %%t\n",
      (unsigned long long)shape->tls_bytes - 1, n + 1, n);
  n += shape->tls_bytes > 0;
  for (unsigned i = 0; i < 2 * shape->rounds; i++, n++)
    fprintf(f, "  %%y%u = xor.i64 %%y%u, %u\n", n + 1, n, 1 + i / 2);
  fprintf(f, "  ret %%y%u\n}\n", n);
  fclose(f);
  return text;
}

static kiln_jit_unit add(kiln_jit *jit, unsigned long number, const struct shape *shape) {
  kiln_module_options options = {.jit = true};
  kiln_target_find_host(&options.target);
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  char name[32], *text = text_of(number, shape);
  snprintf(name, sizeof name, "f%lu", number);
  kiln_jit_unit u = {0};
  kiln_jit_error e = {0};
  kiln_jit_input in = {.module = m, .sessions = &s, .n_sessions = 1};
  if (kiln_text_read(s, text, strlen(text), NULL, NULL) != KILN_OK) {
    printf("# %s\n", kiln_module_diag(m)->message);
    failed("text", number, 0);
  } else if (kiln_jit_add(jit, shape->flags, &in, 1, &u, &e) != KILN_OK) {
    printf("# %s\n", e.diag.message);
    failed("add", number, 0);
  } else {
    long (*f)(long) = (long (*)(long))(uintptr_t)kiln_jit_lookup(jit, name);
    if (f == NULL || f((long)number) != (long)number) failed("result", number, 0);
  }
  free(text);
  kiln_jit_error_free(&e);
  kiln_session_free(s);
  kiln_module_free(m);
  return u;
}

/* ---- cycles ---- */

struct levels {
  unsigned long memory, reserved, resident, mappings;
};

static void raise(unsigned long *most, unsigned long now) {
  if (now > *most) *most = now;
}

static void measure(kiln_jit *jit, struct levels *most) {
  kiln_jit_stats s = kiln_jit_get_stats(jit);
  raise(&most->memory, s.memory_bytes);
  raise(&most->reserved, s.reserved_bytes);
  raise(&most->resident, resident_kib());
  raise(&most->mappings, mappings());
}

static void cycle(kiln_jit *jit) {
  kiln_jit_unit live[LIVE] = {0};
  struct levels first = {0}, last = {0};
  uint64_t state = 0;
  const unsigned long quarter = cycles / 4;
  for (unsigned long i = 0; i < 4 * quarter && failures == 0; i++) {
    if (i % quarter == 0) state = 0x9e3779b97f4a7c15u;
    uint32_t k = next(&state) % LIVE;
    if (live[k].id != 0 && kiln_jit_remove(jit, live[k], NULL) != KILN_OK) failed("remove", i, 0);
    struct shape shape = shape_of(next(&state));
    live[k] = add(jit, i, &shape);
    if (i % quarter % (quarter / 50 + 1) != 0) continue;
    if (i / quarter == 1) measure(jit, &first);
    if (i / quarter == 3) measure(jit, &last);
  }
  for (unsigned k = 0; k < LIVE; k++)
    if (live[k].id != 0) kiln_jit_remove(jit, live[k], NULL);
  printf(
    "# %lu cycles; in the second and last quarter, at most: memory %lu and %lu KiB, reserved %lu "
    "and %lu MiB, resident %lu and %lu KiB, mappings %lu and %lu\n",
    cycles, first.memory / 1024, last.memory / 1024, first.reserved >> 20, last.reserved >> 20,
    first.resident, last.resident, first.mappings, last.mappings);
  if (last.memory > first.memory + (128 << 10)) /* two chunks: where holes are differs */
    failed("memory", first.memory, last.memory);
  if (last.reserved > first.reserved) failed("reserved", first.reserved, last.reserved);
#ifndef KN_SOAK_OTHERS /* sanitizers keep freed memory, emulators translated code */
  if (last.mappings > first.mappings + 8) failed("mappings", first.mappings, last.mappings);
  if (last.resident > first.resident + 4096) failed("resident", first.resident, last.resident);
#endif
  kiln_jit_stats s = kiln_jit_get_stats(jit);
  if (s.units + s.symbols != 0) failed("left", s.units, s.symbols);
  if (s.code_bytes + s.data_bytes > 8192) /* stubs for the next unit may be kept */
    failed("bytes left", s.code_bytes, s.data_bytes);
  if (s.reserved_bytes > pools) failed("pools", s.reserved_bytes >> 20, pools >> 20);
}

/* ---- many units ---- */

/* Removes units, from one on, every second one. */
static void remove_some(kiln_jit *jit, const kiln_jit_unit *u, unsigned long from) {
  for (unsigned long i = from; i < units; i += 2)
    if (kiln_jit_remove(jit, u[i], NULL) != KILN_OK) failed("remove", i, 0);
}

static void many(kiln_jit *jit) {
  kiln_jit_unit *u = calloc(units, sizeof *u);
  unsigned long before = mappings(), counts[4];
  for (unsigned long i = 0; i < units && failures == 0; i++) {
    struct shape shape = {.rounds = (unsigned)(i % 7),
                          .data_bytes = i % 3 == 0 ? 8 : 0,
                          .flags = i % 4 == 0 ? KILN_JIT_REDEFINABLE : 0};
    u[i] = add(jit, i, &shape);
  }
  counts[0] = mappings() - before;
  remove_some(jit, u, 1);
  counts[1] = mappings() - before;
  kiln_jit_stats s = kiln_jit_get_stats(jit);
  for (unsigned long i = 1; i < units && failures == 0; i += 2)
    u[i] = add(jit, i, &(struct shape){0});
  if (kiln_jit_get_stats(jit).reserved_bytes > s.reserved_bytes + (16 << 20)) failed("reuse", 0, 0);
  counts[2] = mappings() - before;
  remove_some(jit, u, 0);
  remove_some(jit, u, 1);
  counts[3] = mappings() - before;
  printf("# %lu units, %llu MiB in use: %lu mappings; without every second one %lu, refilled %lu, "
         "without units %lu more than before\n",
         units, (unsigned long long)s.memory_bytes >> 20, counts[0], counts[1], counts[2],
         counts[3]);
  for (unsigned i = 0; i < 3; i++)
    if (counts[i] > 100 + units / 4) failed("mappings", i, counts[i]);
  if (counts[3] > counts[0] + 20) failed("mappings without units", counts[3], counts[0]);
  if (kiln_jit_get_stats(jit).reserved_bytes > pools) failed("pools", 0, 0);
  free(u);
}

/* ---- a stream ---- */

/* Allocates, and counts the bytes that are there. */
static void *counting(void *user, void *old, size_t size) {
  long *bytes = user;
  *bytes -= old != NULL ? (long)malloc_usable_size(old) : 0;
  void *p = size != 0 ? realloc(old, size) : NULL;
  if (size == 0) free(old);
  *bytes += p != NULL ? (long)malloc_usable_size(p) : 0;
  return p;
}

/* A function that returns `k`, from data of its own to which other such data points. */
static kiln_func *with_data(kiln_session *s, kiln_symbol symbol, uint32_t file, uint64_t k) {
  kiln_func *f = kiln_func_begin(s, symbol);
  kiln_symbol number =
    kiln_func_add_data(f, &(kiln_data_desc){.bytes = &k, .size_bytes = 8, .align_log2 = 3});
  const kiln_reloc reloc = {.symbol = number, .size_bytes = 8};
  kiln_symbol pointer = kiln_func_add_data(
    f, &(kiln_data_desc){.size_bytes = 64, .align_log2 = 3, .relocs = &reloc, .n_relocs = 1});
  for (uint32_t line = 1; line < 8; line++) {
    kiln_func_set_loc(f, kiln_loc_new(s, file, line, 1));
    kiln_func_set_location(
      f, &(kiln_location){.file = file, .line = line, .column = 2, .flags = KILN_LOC_STMT});
    kiln_build_store(f, KILN_TYPE_I64, kiln_const_symbol(f, pointer, 0), 8, kiln_const_int(f, line),
                     KILN_MEM_VOLATILE);
  }
  kiln_value at = kiln_build_load(f, KILN_TYPE_PTR, kiln_const_symbol(f, pointer, 0), 0, 0);
  kiln_value v = kiln_build_load(f, KILN_TYPE_I64, at, 0, 0);
  kiln_build_ret(f, &v, 1);
  return f;
}

/* Every third body is discarded; a second stream of the module gets every fourth. */
static void redefine(void) {
  long bytes = 0, early = 0;
  const kiln_allocator allocator = {.realloc = counting, .user = &bytes};
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  kiln_module_options options = {.jit = true, .allocator = allocator};
  kiln_target_find_host(&options.target);
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_jit_stream *streams[2] = {kiln_jit_stream_new(jit, m, NULL, NULL),
                                 kiln_jit_stream_new(jit, m, NULL, NULL)};
  kiln_type i64 = KILN_TYPE_I64;
  kiln_symbol symbol = kiln_func_declare(m, &(kiln_symbol_desc){.name = "f"},
                                         kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, &i64, 1));
  uint32_t file = kiln_file_new(s, "f.c"), symbols = 0;
  kiln_jit_unit unit = {0};
  for (unsigned long i = 0; i < cycles; i++) {
    kiln_func *f = with_data(s, symbol, file, i);
    if (i % 3 == 2) {
      kiln_func_discard(f);
      continue;
    }
    kiln_jit_error e = {0};
    const kiln_jit_unit before = unit;
    uint64_t (*code)(void) = (uint64_t (*)(void))kiln_jit_stream_define(
      streams[i % 4 == 3], f, KILN_JIT_REDEFINABLE, &unit, &e);
    if (code == NULL) failed(e.diag.message, i, 0);
    if (code == NULL) break;
    if (code() != i) failed("a result", i, code());
    if (before.id != 0 && kiln_jit_remove(jit, before, &e) != KILN_OK) failed(e.diag.message, i, 0);
    if (i > cycles / 4 && early == 0) early = bytes, symbols = kiln_symbol_count(m);
  }
  if (bytes > early + early / 50) failed("bytes", (unsigned long)early, (unsigned long)bytes);
  if (kiln_symbol_count(m) != symbols) failed("symbols", symbols, kiln_symbol_count(m));
  for (unsigned k = 0; k < 2; k++) kiln_jit_stream_free(streams[k]);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_jit_free(jit);
  if (bytes != 0) failed("bytes at the end", (unsigned long)bytes, 0);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    kiln_jit_options options;
  } kinds[] = {
    {"two mappings, far", {.protection = KILN_JIT_PROTECTION_AUTO}},
    {"two mappings, near",
     {.protection = KILN_JIT_PROTECTION_AUTO,
      .reach = KILN_JIT_REACH_NEAR,
      .memory_bytes = 64 << 20}},
    {"protections switched, far", {.protection = KILN_JIT_PROTECTION_SWITCH}},
    {"protections switched, far, small pools",
     {.protection = KILN_JIT_PROTECTION_SWITCH, .memory_bytes = 1 << 20}},
    {"protections switched, near",
     {.protection = KILN_JIT_PROTECTION_SWITCH,
      .reach = KILN_JIT_REACH_NEAR,
      .memory_bytes = 1 << 30}},
  };
  enum { N = sizeof kinds / sizeof *kinds };
  if (argc > 1) cycles = strtoul(argv[1], NULL, 10);
  if (argc > 2) units = strtoul(argv[2], NULL, 10);
  setvbuf(stdout, NULL, _IOLBF, 0);
  int bad = 0;
  for (unsigned k = 0; k < 2 * N; k++) {
    const kiln_jit_options *o = &kinds[k / 2].options;
    failures = 0;
    pools = o->memory_bytes > 0 ? o->memory_bytes : 16 << 20;
    kiln_jit *jit = kiln_jit_new(o, NULL);
    if (jit == NULL) failed("no JIT", k, 0);
    else if (k % 2 == 0) cycle(jit);
    else many(jit);
    kiln_jit_free(jit);
    bad |= failures > 0;
    printf("%sok %u - %s, %s\n", failures > 0 ? "not " : "", k + 1,
           k % 2 == 0 ? "units come and go" : "every second unit is removed", kinds[k / 2].name);
  }
  failures = 0;
  redefine();
  bad |= failures > 0;
  printf("%sok %u - a function of a stream is redefined\n", failures > 0 ? "not " : "", 2 * N + 1);
  printf("1..%u\n", 2 * N + 1);
  return bad;
}
