/* described caller|callee TARGET INPUT OUTPUT.o [SEED]: builds one half of generated calls through
 * <kiln/ctypes.h>, from signatures as text (written by described.py; types as in tests/harness/ctype_text.h):
 *
 *   sig NUMBER RESULT N_FIXED N CALLS INDIRECT
 *   arg TYPE PROMOTED VALUE...      one value per leaf, in hexadecimal
 *   result VALUE...
 *
 * Callers are c<NUMBER>, callees f<NUMBER>, called as f<NUMBER>_t (a stub that checks registers). Both halves know
 * all values, and report differences by bad(NUMBER, where), as in signatures.py. SEED: stress mode. */
#include <kiln/kiln.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctype_text.h"

#define I8 KILN_TYPE_I8
#define I32 KILN_TYPE_I32
#define I64 KILN_TYPE_I64

enum { MAX_ARGS = 40, MAX_BYTES = 1024 };

/* The memory of an argument or result: its bytes, and which of their bits are not padding. */
struct image {
  kiln_ctype type;
  kiln_ctype_info info;
  uint8_t bytes[MAX_BYTES], mask[MAX_BYTES];
};

struct signature {
  unsigned number, n_fixed, n;
  bool calls, indirect;
  kiln_ctype types[MAX_ARGS];
  struct image given[MAX_ARGS], taken[MAX_ARGS], result; /* taken: as promoted */
  kiln_csig sig, call;                                   /* call: with the variadic arguments */
};

static kiln_module *m;
static kiln_session *session;
static kiln_ctypes *c;
static kiln_sig sig_void, sig_bad, sig_scribble;
static kiln_symbol bad, scribble, clobber;

static _Noreturn void die(const char *what, const char *detail) {
  fprintf(stderr, "described: %s: %s\n", what, detail);
  exit(2);
}

/* ---- reading ---- */

static uint64_t hex(const char **p) {
  char *end;
  uint64_t v = strtoull(*p, &end, 16);
  *p = end;
  return v;
}

/* Puts the low `bits` bits of a value at bit `at`. */
static void put_bits(struct image *im, uint64_t at, unsigned bits, const uint64_t *v) {
  for (unsigned k = 0; k < bits; k++, at++) {
    if (at / 8 >= MAX_BYTES) die("an image", "too large");
    im->mask[at / 8] |= (uint8_t)(1u << at % 8);
    im->bytes[at / 8] |= (uint8_t)((v[k / 64] >> k % 64 & 1) << at % 8);
  }
}

/* Reads the leaves of a type at byte `at`: of unions the first member. */
static void read_leaves(struct image *im, kiln_ctype t, uint64_t at, const char **p) {
  kiln_ctype_info info = kiln_ctype_get(c, t);
  if (info.kind == KILN_CTYPE_ARRAY) {
    uint64_t size = kiln_ctype_get(c, info.element).size_bytes;
    for (uint64_t i = 0; i < info.count; i++) read_leaves(im, info.element, at + i * size, p);
  } else if (info.kind == KILN_CTYPE_STRUCT || info.kind == KILN_CTYPE_UNION) {
    for (uint32_t i = 0; i < info.n_fields && (i == 0 || info.kind == KILN_CTYPE_STRUCT); i++) {
      kiln_cfield_info f = kiln_ctype_get_field(c, t, i);
      if (f.flags & KILN_CFIELD_UNNAMED) continue;
      if (f.flags & KILN_CFIELD_BITS) {
        uint64_t v[2] = {hex(p), 0};
        put_bits(im, (at + f.offset_bytes) * 8 + f.bit_offset, f.bits, v);
      } else {
        read_leaves(im, f.type, at + f.offset_bytes, p);
      }
    }
  } else {
    unsigned parts = info.kind >= KILN_CTYPE_COMPLEX_FLOAT ? 2 : 1;
    unsigned size = (unsigned)info.size_bytes / parts;
    bool x87 = info.kind == KILN_CTYPE_LDOUBLE || info.kind == KILN_CTYPE_COMPLEX_LDOUBLE;
    for (unsigned k = 0; k < parts; k++) {
      uint64_t v[2] = {hex(p), 0};
      if (**p == ':') ++*p, v[1] = hex(p);
      put_bits(im, (at + k * size) * 8, x87 ? 80 : size * 8, v);
    }
  }
}

static kiln_ctype read_type(const char **p) {
  while (**p == ' ') ++*p;
  kiln_ctype t = ctype_parse(c, p);
  if (t.id == 0 || (**p != ' ' && **p != '\n'))
    die("a type", kiln_module_status(m) != KILN_OK ? kiln_module_diag(m)->message : *p);
  return t;
}

static void read_image(struct image *im, kiln_ctype t, const char *p) {
  memset(im, 0, sizeof *im);
  im->type = t;
  im->info = kiln_ctype_get(c, t);
  if (im->info.size_bytes > MAX_BYTES) die("an image", "too large");
  if (im->info.kind != KILN_CTYPE_VOID) read_leaves(im, t, 0, &p);
}

static bool read_signature(FILE *in, struct signature *s) {
  static char line[1 << 14];
  if (fgets(line, sizeof line, in) == NULL) return false;
  const char *p = line + 4;
  memset(s, 0, sizeof *s);
  s->number = (unsigned)strtoul(p, (char **)(uintptr_t)&p, 10);
  kiln_ctype result = read_type(&p);
  unsigned v[4];
  if (sscanf(p, "%u %u %u %u", &v[0], &v[1], &v[2], &v[3]) != 4 || v[1] > MAX_ARGS)
    die("sig", line);
  s->n_fixed = v[0], s->n = v[1], s->calls = v[2], s->indirect = v[3];
  for (unsigned i = 0; i < s->n; i++) {
    if (fgets(line, sizeof line, in) == NULL) die("arg", "end of file");
    p = line + 4;
    kiln_ctype given = read_type(&p), taken = read_type(&p);
    const char *values = p;
    s->types[i] = given;
    read_image(&s->given[i], given, values);
    char *bar = strchr(values, '|'); /* values as promoted after it */
    read_image(&s->taken[i], taken, bar ? bar + 1 : values);
  }
  if (fgets(line, sizeof line, in) == NULL) die("result", "end of file");
  read_image(&s->result, result, line + 7);
  bool variadic = s->n > s->n_fixed;
  s->sig =
    kiln_csig_new(c, KILN_CC_C, variadic ? KILN_SIG_VARIADIC : 0, s->types, s->n_fixed, result);
  s->call = s->sig;
  if (variadic)
    s->call = kiln_csig_new_variadic(c, s->sig, s->types + s->n_fixed, s->n - s->n_fixed);
  if (s->call.id == 0) die("a signature", kiln_module_diag(m)->message);
  return true;
}

/* ---- building ---- */

static kiln_value number(kiln_func *f, int64_t v) { return kiln_const_int(f, v); }

static kiln_func *begin(const char *prefix, unsigned n, kiln_sig sig) {
  char name[32];
  snprintf(name, sizeof name, "%s%u", prefix, n);
  return kiln_func_begin(session, kiln_func_declare(m, &(kiln_symbol_desc){.name = name}, sig));
}

static bool is_scalar(const struct image *im) { return im->info.value != KILN_TYPE_VOID; }

/* The address of memory with the image's bytes: of exactly its size, so that an access after it can be detected. */
static kiln_value memory_of(kiln_func *f, const struct image *im) {
  uint64_t size = im->info.size_bytes;
  unsigned align = (unsigned)__builtin_ctz(im->info.align_bytes);
  kiln_value slot = kiln_slot_new(f, size ? size : 1, align);
  for (uint64_t at = 0; at < size; at++)
    kiln_build_store(f, I8, slot, (int32_t)at, number(f, im->bytes[at] | (uint8_t)~im->mask[at]),
                     0); /* padding: ones */
  return slot;
}

/* An argument or result for a call: a constant, or out of memory. */
static kiln_value value_of(kiln_func *f, const struct image *im, bool constant) {
  uint64_t v[2];
  memcpy(v, im->bytes, sizeof v);
  if (is_scalar(im) && constant) return kiln_const_bits(f, im->info.value, v[0], v[1]);
  kiln_value at = memory_of(f, im);
  return is_scalar(im) ? kiln_build_load(f, im->info.value, at, 0, 0) : at;
}

/* Calls bad(number, where) if what was received is not the image. */
static void check(kiln_func *f, const struct image *im, kiln_value v, unsigned n, unsigned where) {
  if (is_scalar(im)) {
    kiln_value slot = kiln_slot_new(f, im->info.size_bytes, 4);
    kiln_build_store(f, im->info.value, slot, 0, v, 0);
    v = slot;
  }
  kiln_value wrong = number(f, 0);
  for (uint64_t at = 0; at < im->info.size_bytes; at++) {
    if (im->mask[at] == 0) continue;
    kiln_value byte = kiln_build_load(f, I8, v, (int32_t)at, 0);
    byte = kiln_build_binary(f, KILN_OP_XOR, I8, byte, number(f, im->bytes[at]));
    byte = kiln_build_binary(f, KILN_OP_AND, I8, byte, number(f, im->mask[at]));
    wrong = kiln_build_binary(f, KILN_OP_OR, I8, byte, wrong);
  }
  kiln_block report = kiln_block_new(f), next = kiln_block_new(f);
  kiln_build_brif(f, kiln_build_icmp(f, KILN_ICOND_NE, I8, wrong, number(f, 0)), report, NULL, 0,
                  next, NULL, 0);
  kiln_block_switch(f, report);
  kiln_build_call(f, sig_bad, kiln_const_symbol(f, bad, 0),
                  (kiln_value[]){number(f, n), number(f, where)}, 2);
  kiln_build_br(f, next, NULL, 0);
  kiln_block_switch(f, next);
}

static void finish(kiln_func *f) {
  kiln_symbol symbol = kiln_func_symbol(f);
  if (kiln_func_compile(f) != KILN_OK)
    die(kiln_symbol_get(m, symbol).desc.name, kiln_status_name(kiln_func_status(f)));
}

static void build_caller(struct signature *s) {
  char name[32];
  snprintf(name, sizeof name, "f%u_t", s->number);
  kiln_symbol callee =
    kiln_func_declare(m, &(kiln_symbol_desc){.name = name}, kiln_csig_sig(c, s->sig));
  kiln_func *f = begin("c", s->number, sig_void);
  kiln_value args[MAX_ARGS], none = {0}, target = kiln_const_symbol(f, callee, 0);
  if (s->indirect) target = kiln_build_unary(f, KILN_OP_COPY, I64, target);
  for (unsigned i = 0; i < s->n; i++) args[i] = value_of(f, &s->given[i], (s->number + i) % 3 == 0);
  bool scalar = is_scalar(&s->result), is_void = s->result.info.kind == KILN_CTYPE_VOID;
  kiln_value to = none;
  if (!scalar && !is_void && s->number % 2) { /* otherwise the helper allocates the memory */
    struct image junk = s->result;
    memset(junk.bytes, 0x77, sizeof junk.bytes);
    to = memory_of(f, &junk);
  }
  kiln_value result = kiln_build_ccall(f, c, s->call, target, to, args, s->n);
  if (!is_void) check(f, &s->result, result, s->number, 100);
  for (unsigned i = 0; i < s->n; i++) check(f, &s->given[i], args[i], s->number, 200 + i);
  kiln_build_ret(f, NULL, 0);
  finish(f);
}

static void build_callee(struct signature *s) {
  kiln_func *f = begin("f", s->number, kiln_csig_sig(c, s->sig));
  if (s->calls) kiln_build_call(f, sig_void, kiln_const_symbol(f, clobber, 0), NULL, 0);
  kiln_value args[MAX_ARGS], list = {0};
  for (unsigned i = 0; i < s->n_fixed; i++) args[i] = kiln_build_cparam(f, c, s->sig, i);
  if (s->n > s->n_fixed) {
    list = kiln_slot_new(f, 32, 3);
    kiln_build_unary(f, KILN_OP_VA_START, I64, list);
    for (unsigned i = s->n_fixed; i < s->n; i++)
      args[i] = kiln_build_cva_arg(f, c, s->taken[i].type, list);
    kiln_build_unary(f, KILN_OP_VA_END, I64, list);
  }
  for (unsigned i = 0; i < s->n; i++) check(f, &s->taken[i], args[i], s->number, i + 1);
  for (unsigned i = 0; i < s->n; i++) { /* its arguments are its own copies */
    if (is_scalar(&s->taken[i])) continue;
    kiln_value size = number(f, (int64_t)s->taken[i].info.size_bytes);
    kiln_build_call(f, sig_scribble, kiln_const_symbol(f, scribble, 0),
                    (kiln_value[]){args[i], size}, 2);
  }
  kiln_value result = {0}, to = kiln_build_cresult(f, c, s->sig);
  if (s->result.info.kind != KILN_CTYPE_VOID) result = value_of(f, &s->result, s->number % 2);
  if (to.id != 0 && s->number % 3 == 0) { /* in place */
    kiln_build_ternary(f, KILN_OP_MEMCPY, I64, to, result,
                       number(f, (int64_t)s->result.info.size_bytes));
    result = to;
  }
  kiln_build_creturn(f, c, s->sig, result);
  finish(f);
}

static void on_diag(void *user, const kiln_diag *d) {
  (void)user;
  char text[600];
  kiln_diag_format(d, text, sizeof text);
  fprintf(stderr, "%s\n", text);
}

int main(int argc, char **argv) {
  kiln_module_options options = {.name = "described", .verify = true, .on_diag = on_diag};
  if (argc < 5 || !kiln_target_find(argv[2], &options.target)) die("usage", "see the head comment");
  if (argc > 5) options.stress_seed = strtoull(argv[5], NULL, 0);
  FILE *in = fopen(argv[3], "r"), *out = fopen(argv[4], "wb");
  if (in == NULL || out == NULL) die("cannot open", argv[in == NULL ? 3 : 4]);
  m = kiln_module_new(&options);
  session = kiln_session_new(m);
  c = kiln_ctypes_new(m);
  kiln_param two[2] = {{.type = I32}, {.type = I32}}, memory[2] = {{.type = I64}, {.type = I64}};
  sig_void = kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  sig_bad = kiln_sig_new(m, KILN_CC_C, 0, two, 2, NULL, 0);
  sig_scribble = kiln_sig_new(m, KILN_CC_C, 0, memory, 2, NULL, 0);
  bad = kiln_func_declare(m, &(kiln_symbol_desc){.name = "bad"}, sig_bad);
  scribble = kiln_func_declare(m, &(kiln_symbol_desc){.name = "scribble"}, sig_scribble);
  clobber = kiln_func_declare(m, &(kiln_symbol_desc){.name = "clobber"}, sig_void);
  static struct signature s;
  while (read_signature(in, &s)) {
    if (strcmp(argv[1], "caller") == 0) build_caller(&s);
    else build_callee(&s);
  }
  kiln_buffer object = {0};
  if (kiln_emit_elf(m, &session, 1, &object) != KILN_OK ||
      fwrite(object.data, 1, object.size, out) != object.size || fclose(out) != 0)
    die("no object", kiln_module_diag(m)->message);
  kiln_buffer_free(&object);
  fclose(in);
  kiln_ctypes_free(c);
  kiln_session_free(session);
  kiln_module_free(m);
  return 0;
}
