/* fill [TABLE...]: fills tables of hashes (base/hash.h) by the library's functions, each with keys that the hash puts
 * in few places, and with as many ordinary ones. tables.py runs it in callgrind, which writes a file of counts for
 * each.
 * Of ids that the library assigns there are 16 times as many, of which those are used that the hash puts there. */
#include <kiln/ctypes.h>
#include <kiln/inline.h>
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <kiln/llvm_operation.h>
#include <kiln/ssa.h>
#include <kiln/text.h>

#include "frontends/llvm/asm/asm.h"
#include "frontends/llvm/operation.h"
#include "ir/debug/die.h"
#include "ir/func.h"
#include "ir/inline/inlining.h"
#include "ir/module/module_state.h"
#include "base/names.h"
#include "lib/check/check_flow.h"
#include "lib/frontend/ctypes_state.h"
#include "lib/frontend/ssa_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
enum { COUNTS = 1 };
#else
enum { COUNTS = 0 };
#define CALLGRIND_START_INSTRUMENTATION (void)0
#define CALLGRIND_STOP_INSTRUMENTATION (void)0
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

/* ---- keys ---- */

/* A table of n entries has SPREAD times as many candidates, of which those count whose place is in the first
 * 1 / SPREAD of it. */
enum { SPREAD = 16, MOST = 4096 };

static struct {
  enum { LEARN, ORDINARY, CHOSEN } keys;
  const char *table;
  uint32_t n_candidates, n_hashes;
  uint32_t hashes[MOST * SPREAD]; /* of the candidates, in their order */
} now;

static void must(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s: %s\n", now.table, what);
  exit(1);
}

static void begin(void) {
  if (now.keys != LEARN) CALLGRIND_START_INSTRUMENTATION;
}
static void end(void) {
  if (now.keys != LEARN) CALLGRIND_STOP_INSTRUMENTATION;
}

static int by_id(const void *a, const void *b) {
  const struct kn_hash_entry *p = a, *q = b;
  return (p->id > q->id) - (p->id < q->id);
}

/* The table as it was filled, of which `before` entries were there at first. Ids rise as the candidates do, and tell
 * which of them has what hash; only the chosen ones may need the tree. */
static void filled(const struct kn_hash *t, uint32_t before) {
  if (now.keys != LEARN) {
    must((t->tree != NULL) == (now.keys == CHOSEN),
         "keys do not share places, or ordinary ones do");
    return;
  }
  must(t->tree == NULL, "ordinary keys share places");
  struct kn_hash_entry *e = malloc(t->n * sizeof *e);
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->size; i++)
    if (t->at[i].id != 0) e[n++] = t->at[i];
  qsort(e, n, sizeof *e, by_id);
  now.n_hashes = n - before;
  must(now.n_hashes <= MOST * SPREAD, "too many keys");
  for (uint32_t i = before; i < n; i++) now.hashes[i - before] = e[i].hash;
  free(e);
}

struct row {
  const char *table; /* as tables.py has it */
  uint32_t n;
  /* Fills the table with candidates, in their order. */
  void (*fill)(const uint32_t *keys, uint32_t n);
  uint32_t (*hash)(uint32_t candidate); /* NULL: it is learned from a table of all */
};

/* Candidate i as a name. */
static const char *name_of(uint32_t i) {
  static char name[16];
  snprintf(name, sizeof name, "name%08x", i);
  return name;
}
static uint32_t name_hash(uint32_t i) { return kn_hash_bytes(name_of(i), 12); }

/* ---- modules ---- */

static void tell(void *user, const kiln_diag *d) {
  (void)user;
  fprintf(stderr, "%s: %s\n", now.table, d->message);
}
static kiln_module *module(bool jit) {
  kiln_module_options options = {
    .target.processor = KILN_PROCESSOR_X86_64, .pic = KILN_PIC_FULL, .jit = jit, .on_diag = tell};
  if (jit) must(kiln_target_find_host(&options.target), "no target");
  return kiln_module_new(&options);
}
static kiln_sig plain(kiln_module *m) { return kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, NULL, 0); }
static kiln_func *function(kiln_session *s, const char *name) {
  kiln_module *m = kiln_session_module(s);
  return kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = name}, plain(m)));
}
/* An instruction that has code. */
static void call(kiln_func *f) {
  kiln_module *m = f->module;
  const kiln_symbol other = kiln_symbol_refer(m, "other");
  kiln_build_call(f, plain(m), kiln_const_symbol(f, other, 0), NULL, 0);
}
/* The result of another function. */
static kiln_value called(kiln_func *f) {
  const kiln_type result = KILN_TYPE_I64;
  const kiln_sig sig = kiln_sig_new(f->module, KILN_CC_C, 0, NULL, 0, &result, 1);
  return kiln_build_call(f, sig, kiln_const_symbol(f, kiln_symbol_refer(f->module, "value"), 0),
                         NULL, 0);
}
static void compile(kiln_func *f) {
  kiln_build_ret(f, NULL, 0);
  must(kiln_func_compile(f) == KILN_OK, "not compiled");
}
static void emit(kiln_module *m, kiln_session *s) {
  kiln_buffer out = {0};
  must(kiln_emit_elf(m, &s, 1, &out) == KILN_OK, "no object");
  kiln_buffer_free(&out);
}
static void release(kiln_module *m, kiln_session *s) {
  kiln_session_free(s);
  kiln_module_free(m);
}

/* ---- the core ---- */

/* Signatures of ten parameters, each a digit of the candidate. */
static void signatures(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  const uint32_t before = m->sig_hash.n;
  begin();
  for (uint32_t i = 0; i < n; i++) {
    static const uint8_t types[4] = {KILN_TYPE_I32, KILN_TYPE_I64, KILN_TYPE_F32, KILN_TYPE_F64};
    kiln_param params[10] = {0};
    for (uint32_t k = 0; k < 10; k++) params[k].type = types[keys[i] >> 2 * k & 3];
    const char *name = name_of(i);
    must(kiln_func_declare(m, &(kiln_symbol_desc){.name = name},
                           kiln_sig_new(m, KILN_CC_C, 0, params, 10, NULL, 0))
             .id != 0,
         "no function");
  }
  end();
  filled(&m->sig_hash, before);
  kiln_module_free(m);
}

static void clauses(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  kiln_session *s = kiln_session_new(m);
  for (uint32_t i = 0; i < now.n_candidates; i++) kiln_symbol_refer(m, name_of(i));
  const uint32_t first = kiln_symbol_lookup(m, name_of(0)).id;
  kiln_func *f = function(s, "f");
  kiln_func_attrs attrs = kiln_func_get_attrs(f);
  attrs.personality = kiln_symbol_refer(m, "p");
  kiln_func_set_attrs(f, &attrs);
  const kiln_symbol other = kiln_symbol_refer(m, "other");
  begin();
  for (uint32_t i = 0; i < n; i++) {
    const kiln_clause clause = {.kind = KILN_CLAUSE_CATCH, .type = {first + keys[i]}};
    kiln_try_desc t = {.sig = plain(m),
                       .callee = kiln_const_symbol(f, other, 0),
                       .clauses = &clause,
                       .n_clauses = 1};
    t.normal = kiln_block_new(f);
    t.unwind = kiln_block_new(f);
    kiln_build_try(f, &t);
    kiln_block_switch(f, t.unwind);
    kiln_build_ret(f, NULL, 0);
    kiln_block_switch(f, t.normal);
  }
  end();
  filled(&f->type_hash, 0);
  kiln_func_discard(f);
  release(m, s);
}

static void kept_files(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  kiln_session *s = kiln_session_new(m);
  kiln_module_attrs attrs = kiln_module_get_attrs(m);
  attrs.inlining = KILN_INLINING_SMALL;
  must(kiln_module_set_attrs(m, &attrs) == KILN_OK, "no inlining");
  begin();
  for (uint32_t i = 0; i < n; i++) {
    char name[32];
    snprintf(name, sizeof name, "f%u", i);
    kiln_func *f = function(s, name);
    kiln_func_set_loc(f, kiln_loc_new(s, kiln_file_new(s, name_of(keys[i])), 1, 1));
    call(f);
    kiln_build_ret(f, NULL, 0);
    must(kiln_func_keep(f) == KILN_OK, "not kept");
  }
  end();
  filled(&m->kept->file_hash, 0);
  release(m, s);
}

/* What a front end gets in a module for code in memory. */
static void locations(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(true);
  kiln_session *s = kiln_session_new(m);
  const uint32_t file = kiln_file_new(s, "a.c");
  kiln_func *f = function(s, "f");
  begin();
  for (uint32_t i = 0; i < n; i++) {
    kiln_func_set_loc(f, kiln_loc_new(s, file, keys[i] + 1, 1));
    call(f);
  }
  end();
  filled(&s->sources.loc_hash, 0);
  kiln_func_discard(f);
  release(m, s);
}

static void far_variables(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  kiln_session *s = kiln_session_new(m);
  kiln_ssa *ssa = kiln_ssa_new(m);
  kiln_func *f = function(s, "f");
  kiln_ssa_begin(ssa, f, 0);
  kiln_ssa_variable first = kiln_ssa_new_variable(ssa, KILN_TYPE_I64);
  for (uint32_t i = 0; i < now.n_candidates + 64; i++) kiln_ssa_new_variable(ssa, KILN_TYPE_I64);
  const kiln_block a = kiln_block_new(f), b = kiln_block_new(f);
  begin();
  for (uint32_t i = 0; i < n; i++) {
    const kiln_ssa_variable v = {first.id + 64 + keys[i]};
    kiln_ssa_write_in(ssa, a, v, called(f));
    kiln_ssa_write_in(ssa, b, v, called(f)); /* the newest is not in the table */
  }
  end();
  filled(&ssa->far_hash, 0);
  kiln_func_discard(f);
  kiln_ssa_free(ssa);
  release(m, s);
}

static void c_signatures(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  kiln_ctypes *c = kiln_ctypes_new(m);
  const uint32_t before = c->sig_hash.n;
  begin();
  for (uint32_t i = 0; i < n; i++) {
    static const kiln_ctype_kind kinds[4] = {KILN_CTYPE_INT, KILN_CTYPE_LONG, KILN_CTYPE_FLOAT,
                                             KILN_CTYPE_DOUBLE};
    kiln_ctype params[10];
    for (uint32_t k = 0; k < 10; k++) params[k] = kiln_ctype_basic(kinds[keys[i] >> 2 * k & 3]);
    must(kiln_csig_new(c, KILN_CC_C, 0, params, 10, kiln_ctype_basic(KILN_CTYPE_VOID)).id != 0,
         "no signature");
  }
  end();
  filled(&c->sig_hash, before);
  kiln_ctypes_free(c);
  kiln_module_free(m);
}

/* ---- debug information ---- */

enum { VARIABLE = 4 }; /* number of the first of them */

/* A module with a unit, and a function of it. */
struct described {
  kiln_module *m;
  kiln_session *s;
  kiln_debug *d;
  kiln_die file, unit, subprogram;
  kiln_func *f;
};
static struct described describe(bool jit) {
  struct described x = {.m = module(jit)};
  x.s = kiln_session_new(x.m);
  x.d = kiln_module_debug(x.m);
  x.file = kiln_die_new_file(x.d, "/nowhere", "a.c");
  x.unit = kiln_die_new_unit(x.d, x.file, "by hand", KILN_DW_LANG_lo_user);
  return x;
}
static void define(struct described *x) {
  x->subprogram = kiln_die_new_function(
    x->d, (kiln_die){0}, &(kiln_die_declaration){.name = "f", .file = x->file, .line = 1}, false);
  x->f = function(x->s, "f");
  kiln_func_set_debug(x->f, x->subprogram, x->unit, 0);
}
static void set_location(struct described *x, kiln_die file, kiln_die scope, uint32_t line) {
  kiln_func_set_location(x->f, &(kiln_location){.file = kiln_file_new_die(x->s, file, NULL),
                                                .line = line,
                                                .column = 1,
                                                .scope = scope});
  call(x->f);
}

static void texts(const uint32_t *keys, uint32_t n) {
  struct described x = describe(false);
  begin();
  for (uint32_t i = 0; i < n; i++)
    kiln_debug_keep(x.d, x.unit, kiln_die_new_base_type(x.d, name_of(keys[i]), 5, 4));
  emit(x.m, x.s);
  end();
  release(x.m, x.s);
}

static void line_files(const uint32_t *keys, uint32_t n) {
  struct described x = describe(false);
  begin();
  define(&x);
  for (uint32_t i = 0; i < n; i++)
    set_location(&x, kiln_die_new_file(x.d, "/nowhere", name_of(keys[i])), x.subprogram, i + 1);
  compile(x.f);
  emit(x.m, x.s);
  end();
  release(x.m, x.s);
}
static uint32_t line_file_hash(uint32_t i) {
  return (uint32_t)(kn_mix64(name_hash(i), kn_hash_bytes("/nowhere", 8)) >> 32);
}

static void line_folders(const uint32_t *keys, uint32_t n) {
  struct described x = describe(false);
  begin();
  define(&x);
  for (uint32_t i = 0; i < n; i++)
    set_location(&x, kiln_die_new_file(x.d, name_of(keys[i]), "b.c"), x.subprogram, i + 1);
  compile(x.f);
  emit(x.m, x.s);
  end();
  release(x.m, x.s);
}

/* Attributes of the candidates' numbers. */
static void shapes(const uint32_t *keys, uint32_t n) {
  struct described x = describe(false);
  const uint32_t before = x.d->shapes.hash.n;
  begin();
  for (uint32_t i = 0; i < n; i++) {
    kiln_debug_keep(x.d, x.unit, kiln_die_new(x.d, KILN_DW_TAG_base_type, (kiln_die){0}));
    kiln_die_set_uint(x.d, 0x2000 + keys[i], 1);
  }
  emit(x.m, x.s);
  end();
  filled(&x.d->shapes.hash, before + 1);
  release(x.m, x.s);
}

/* Blocks, each of which has code. */
static void scopes(const uint32_t *keys, uint32_t n) {
  struct described x = describe(false);
  define(&x);
  const uint32_t first = kiln_debug_die_limit(x.d);
  for (uint32_t i = 0; i < now.n_candidates; i++) /* a block of nothing is not written */
    kiln_die_new_variable(x.d, kiln_die_new_block(x.d, x.subprogram),
                          &(kiln_die_declaration){.name = "v"});
  begin();
  for (uint32_t i = 0; i < n; i++)
    set_location(&x, x.file, kiln_die_at(x.d, first + 2 * keys[i]), i + 1);
  compile(x.f);
  emit(x.m, x.s);
  end();
  release(x.m, x.s);
}
/* Without what the id of the first one adds, which is the same for all. */
static uint32_t scope_hash(uint32_t i) { return 2 * i * 0x9e3779b1u >> 8; }

/* Variables, each of which has a value for a while. */
static void variables(const uint32_t *keys, uint32_t n) {
  struct described x = describe(false);
  kiln_module_attrs attrs = kiln_module_get_attrs(x.m);
  attrs.variables = KILN_VARIABLES_KEPT;
  must(kiln_module_set_attrs(x.m, &attrs) == KILN_OK, "no variables");
  define(&x);
  for (uint32_t i = 0; i < now.n_candidates; i++)
    must(kiln_die_new_variable(x.d, x.subprogram, &(kiln_die_declaration){.name = "v"}).id ==
           VARIABLE + i,
         "another number");
  begin();
  for (uint32_t i = 0; i < n; i++) {
    kiln_func_set_variable(
      x.f, &(kiln_debug_value){.variable = {VARIABLE + keys[i]}, .value = kiln_const_int(x.f, i)});
    call(x.f);
  }
  compile(x.f);
  end();
  emit(x.m, x.s);
  release(x.m, x.s);
}
static uint32_t variable_hash(uint32_t i) { return (uint32_t)(kn_mix64(0, VARIABLE + i) >> 32); }

/* ---- the JIT ---- */

/* Adds a module to a JIT, and a second one if there is one. */
static void *resolve(void *user, const char *name) { return (void)name, user; }
static void link(kiln_module *m, kiln_session *s, kiln_module *m2, kiln_session *s2) {
  kiln_jit_error e = {0};
  kiln_jit *jit = kiln_jit_new(&(kiln_jit_options){.resolve = resolve, .resolve_user = &e}, &e);
  const kiln_jit_input in[2] = {{.module = m, .sessions = &s, .n_sessions = 1},
                                {.module = m2, .sessions = &s2, .n_sessions = 1}};
  kiln_jit_unit unit;
  begin();
  kiln_jit_add(jit, 0, in, m2 != NULL ? 2 : 1, &unit, &e);
  end();
  must(e.diag.status == KILN_OK, e.diag.message);
  kiln_jit_free(jit);
  release(m, s);
  if (m2 != NULL) release(m2, s2);
}

/* Hidden functions of two modules: no other table of the JIT has them. */
static void merged(const uint32_t *keys, uint32_t n) {
  kiln_module *m[2];
  kiln_session *s[2];
  for (unsigned k = 0; k < 2; k++) {
    m[k] = module(true);
    s[k] = kiln_session_new(m[k]);
    for (uint32_t i = k; i < n; i += 2) {
      const kiln_symbol_desc desc = {.name = name_of(keys[i]),
                                     .visibility = KILN_VISIBILITY_HIDDEN};
      compile(kiln_func_begin(s[k], kiln_func_declare(m[k], &desc, plain(m[k]))));
    }
  }
  link(m[0], s[0], m[1], s[1]);
}

static void asked(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(true);
  kiln_session *s = kiln_session_new(m);
  kiln_func *f = function(s, "f");
  for (uint32_t i = 0; i < n; i++)
    kiln_build_call(f, plain(m), kiln_const_symbol(f, kiln_symbol_refer(m, name_of(keys[i])), 0),
                    NULL, 0);
  compile(f);
  link(m, s, NULL, NULL);
}

/* The one table of names that both have. */
static void linked_names(const uint32_t *keys, uint32_t n) {
  merged(keys, n);
  asked(keys, n);
}

static void found(const uint32_t *keys, uint32_t n, bool files) {
  struct described x = describe(true);
  uint32_t file = 0;
  define(&x);
  for (uint32_t i = 0; i < n; i++) {
    if (files || i == 0) file = kiln_file_new(x.s, files ? name_of(keys[i]) : "a.c");
    kiln_func_set_location(x.f,
                           &(kiln_location){.file = file, .line = files ? i + 1 : keys[i] + 1});
    call(x.f);
  }
  compile(x.f);
  link(x.m, x.s, NULL, NULL);
}
static void found_files(const uint32_t *keys, uint32_t n) { found(keys, n, true); }
static void found_lines(const uint32_t *keys, uint32_t n) { found(keys, n, false); }
static uint32_t line_hash(uint32_t i) {
  return (uint32_t)(kn_mix64((uint64_t)(i + 1) << 32, 1) >> 32);
}

/* ---- the checker ---- */

static void places(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  kiln_session *s = kiln_session_new(m);
  kiln_func *f = function(s, "f");
  struct kn_flow w = {0};
  must(kn_flow_begin(&w, f), "no memory");
  begin();
  for (uint32_t i = 0; i < n; i++) {
    call(f);
    kn_flow_write(&w, kn_flow_frame(&w, -8 * (int32_t)keys[i]), 1);
  }
  end();
  filled(&w.places.hash, 0);
  kn_flow_free(&w, m);
  kiln_func_discard(f);
  release(m, s);
}

/* ---- operations of LLVM ---- */

static void intrinsics(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  kiln_session *s = kiln_session_new(m);
  kiln_func *f = function(s, "f");
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  kiln_value value = kiln_const_int(f, 1);
  const kiln_llvm_operand operand = {.type = "i64", .parts = &value};
  begin();
  for (uint32_t i = 0; i < n; i++) {
    char name[32];
    snprintf(name, sizeof name, "llvm.ctpop.%s", name_of(keys[i]));
    must(kiln_llvm_builder_build(b, f, name, "i64", &operand, 1, &value) == KILN_OK,
         kiln_llvm_builder_message(b));
  }
  end();
  filled(&b->intrinsic_hash, 0);
  kiln_llvm_builder_free(b);
  kiln_func_discard(f);
  release(m, s);
}

static void integers(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  must(kiln_llvm_builder_parts(b, "i64", NULL, 0) == 1, "no type");
  const uint32_t before = b->type_hash.n;
  begin();
  for (uint32_t i = 0; i < n; i++) {
    char name[16];
    snprintf(name, sizeof name, "i%u", 300 + keys[i]);
    kiln_llvm_builder_parts(b, name, NULL, 0);
  }
  end();
  filled(&b->type_hash, before);
  kiln_llvm_builder_free(b);
  kiln_module_free(m);
}

/* Statements of assembly: one instruction, and a comment. */
static void assembly(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  struct kn_bc *r = &b->bc;
  must(kn_asm_cache(r) != NULL, "no memory");
  begin();
  for (uint32_t i = 0; i < n; i++) {
    char text[32];
    const int length = snprintf(text, sizeof text, "nop # %s", name_of(keys[i]));
    must(kn_asm_text_of(r, text, (uint32_t)length, false) != NULL, "no text");
  }
  end();
  filled(&r->assembly.texts->hash, 0);
  kiln_llvm_builder_free(b);
  kiln_module_free(m);
}

/* Signatures of types: one of functions for each candidate. */
enum { TYPE = 6 }; /* number of the first */
static uint32_t type_hash(uint32_t i) { return kn_bc_sig_hash(((uint64_t)(TYPE + i) << 40) + 1); }
static void type_signatures(const uint32_t *keys, uint32_t n) {
  kiln_module *m = module(false);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  must(kiln_llvm_builder_parts(b, "i64", NULL, 0) == 1, "no type");
  uint32_t id[2];
  for (uint32_t k = 0; k < 2; k++)
    id[k] = kn_operation_type(b, TYPE_INTEGER, (uint64_t[]){32 << k}, 1);
  for (uint32_t i = 0; i < now.n_candidates; i++) {
    uint64_t of[18] = {0, id[0]};
    for (uint32_t k = 0; k < 16; k++) of[2 + k] = id[i >> k & 1];
    must(kn_operation_type(b, TYPE_FUNCTION, of, 18) == TYPE + i, "another number");
  }
  const uint32_t before = b->bc.sig_hash.n;
  begin();
  for (uint32_t i = 0; i < n; i++)
    must(kn_bc_sig(&b->bc, TYPE + keys[i], 0, 0) != NULL, "no signature");
  end();
  filled(&b->bc.sig_hash, before);
  kiln_llvm_builder_free(b);
  kiln_module_free(m);
}

/* ---- rows ---- */

static const struct row rows[] = {
  {"ir/debug/trie.c:hash", 1000, shapes, NULL},
  {"ir/module/module_sigs.c:sig_hash", 2000, signatures, NULL},
  {"ir/builder/build_call.c:type_hash", 1000, clauses, NULL},
  {"ir/inline/inline_debug.c:file_hash", 1000, kept_files, NULL},
  {"ir/module/session.c:loc_hash", 1000, locations, NULL},
  {"lib/frontend/ssa.c:far_hash", 1000, far_variables, NULL},
  {"lib/frontend/ctypes_abi.c:sig_hash", 2000, c_signatures, NULL},
  {"lib/dwarf/dwarf_shape.c:str_hash", 1000, texts, name_hash},
  {"lib/dwarf/dwarf_line.c:file_hash", 2000, line_files, line_file_hash},
  {"lib/dwarf/dwarf_line.c:dir_hash", 2000, line_folders, name_hash},
  {"lib/dwarf/dwarf_scope.c:scope_hash", 1000, scopes, scope_hash},
  {"lib/debug/rows.c:firsts", 1000, variables, variable_hash},
  {"lib/jit/link/ask.c:hash", 1000, linked_names, name_hash},
  {"lib/jit/serve/find.c:strings", 1000, found_files, name_hash},
  {"lib/jit/serve/find.c:places", 1000, found_lines, line_hash},
  {"lib/check/check_flow.c:hash", 1000, places, NULL},
  {"frontends/llvm/operation.c:intrinsic_hash", 2000, intrinsics, NULL},
  {"frontends/llvm/operation_type.c:type_hash", 1000, integers, NULL},
  {"frontends/llvm/asm/asm_cache.c:hash", 1000, assembly, NULL},
  {"frontends/llvm/sigs.c:sig_hash", 2000, type_signatures, type_hash},
};

static void run(const struct row *row) {
  static uint32_t keys[MOST * SPREAD], chosen[MOST];
  uint32_t places = 64, n = 0;
  while (places / 2 < row->n) places *= 2;
  now.table = row->table;
  puts(now.table);
  now.n_candidates = now.n_hashes = row->n * SPREAD;
  now.keys = LEARN;
  for (uint32_t i = 0; i < now.n_candidates; i++) keys[i] = i;
  if (row->hash == NULL) row->fill(keys, now.n_candidates);
  for (uint32_t i = 0; n < row->n && i < now.n_hashes; i++) {
    const uint32_t hash = row->hash != NULL ? row->hash(i) : now.hashes[i];
    if ((hash & (places - 1)) < places / SPREAD) chosen[n++] = i;
  }
  must(n > row->n * 3 / 4, "too few keys share places");
  for (uint32_t i = 0; i < n; i++) keys[i] = i * (SPREAD - 1);
  now.keys = ORDINARY;
  row->fill(keys, n);
  CALLGRIND_DUMP_STATS_AT("ordinary");
  now.keys = CHOSEN;
  row->fill(chosen, n);
  CALLGRIND_DUMP_STATS_AT("chosen");
}

int main(int argc, char **argv) {
  if (!COUNTS) return 77; /* skipped */
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bool wanted = argc == 1;
    for (int k = 1; k < argc; k++) wanted |= strcmp(argv[k], rows[i].table) == 0;
    if (wanted) run(&rows[i]);
  }
  return 0;
}
