/* <kiln/llvm_operation.h>: operations built by name do what LLVM's own code does for the same types and bytes: each
 * row of a table becomes a function of Kiln's JIT and one that clang compiles. Some rows have expected bytes that
 * were computed by hand, and run everywhere. */
#define _GNU_SOURCE
#include "bitcode_fixture.h"
#include "operation_fixture.h"

#include <dlfcn.h>

/* ---- clang's side ---- */

#if defined __x86_64__
/* The text of constant k of operand i. */
static void print_constant(FILE *to, const struct operands *x, uint32_t i) {
  const char *type = x->of[i].type;
  const char *element = strstr(type, "x ");
  if (!x->of[i].words && x->of[i].constant == 0 && strcmp(type, "i1") != 0) {
    fputs(*type == 'i' ? "0" : "zeroinitializer", to);
  } else if (*type != '<') {
    if (strcmp(type, "i1") == 0) fputs(x->of[i].constant ? "true" : "false", to);
    else fprintf(to, "%lld", (long long)x->of[i].constant);
  } else {
    fputs("<", to);
    const unsigned n = (unsigned)strtoul(type + 1, NULL, 10);
    for (uint32_t k = 0; k < n; k++) {
      fprintf(to, "%s%.*s ", k ? ", " : "", (int)strcspn(element + 2, ">"), element + 2);
      int64_t v = x->of[i].words ? x->words[i][k] : x->of[i].constant;
      if (strncmp(element, "x i1>", 5) == 0) fputs(v ? "true" : "false", to);
      else fprintf(to, "%lld", (long long)v);
    }
    fputs(">", to);
  }
}

static void print_operand(FILE *to, const struct operands *x, uint32_t i, bool typed) {
  if (i > 0) fputs(", ", to);
  if (typed) fprintf(to, "%s ", x->of[i].type);
  if (x->of[i].parts) fprintf(to, "%%a%u", i);
  else print_constant(to, x, i);
}

static void print_row(FILE *to, unsigned number, const struct row *row, bool declared) {
  struct operands x;
  const char *n = row->name;
  parse(row->operands, &(kiln_value){0}, &x);
  fprintf(to, "define void @row%u(ptr %%out, ptr %%in) #%u {\n", number, number);
  for (uint32_t i = 0; i < x.n; i++)
    if (x.of[i].parts)
      fprintf(
        to, "  %%p%u = getelementptr i8, ptr %%in, i64 %u\n  %%a%u = load %s, ptr %%p%u, align 1\n",
        i, APART * i, i, x.of[i].type, i);
  const bool call = strncmp(n, "llvm.", 5) == 0, value = strcmp(row->result, "void") != 0;
  const bool typed =
    call || strcmp(n, "select") == 0 || strstr(n, "element") != NULL || strstr(n, "vector") != NULL;
  fputs(value ? "  %r = " : "  ", to);
  if (call) fprintf(to, "call %s @%s(", row->result, n);
  else fprintf(to, "%s %s", n, typed ? "" : x.of[0].type);
  if (!call && !typed) fputs(" ", to);
  if (strstr(n, "value")) {
    for (uint32_t i = 0; i < x.n; i++) {
      bool is_value = x.of[i].parts != NULL;
      if (is_value && i > 0) fprintf(to, ", %s ", x.of[i].type);
      if (is_value) fprintf(to, "%%a%u", i);
      else fprintf(to, ", %lld", (long long)x.of[i].constant);
    }
  } else {
    for (uint32_t i = 0; i < x.n; i++) print_operand(to, &x, i, typed);
  }
  const bool cast = x.n == 1 && !call && strcmp(n, "freeze") != 0 && strcmp(n, "fneg") != 0;
  if (cast) fprintf(to, " to %s", row->result);
  fputs(call ? ")\n" : "\n", to);
  if (value) fprintf(to, "  store %s %%r, ptr %%out, align 1\n", row->result);
  fprintf(to, "  ret void\n}\nattributes #%u = { \"target-features\"=\"%s\" }\n", number,
          row->features ? row->features : "");
  if (!call || declared) return;
  fprintf(to, "declare %s @%s(", row->result, n);
  for (uint32_t i = 0; i < x.n; i++) fprintf(to, "%s%s", i ? ", " : "", x.of[i].type);
  fputs(")\n", to);
}

/* The library that clang makes of all rows, loaded. */
static void *compile_rows(const struct row *rows, unsigned n) {
  struct bc_library l;
  FILE *to = bc_library_begin(&l);
  for (unsigned i = 0; i < n; i++) {
    bool declared = false;
    for (unsigned k = 0; k < i; k++) declared |= strcmp(rows[k].name, rows[i].name) == 0;
    print_row(to, i, &rows[i], declared);
  }
  return bc_library_end(&l);
}

/* ---- inputs ---- */

static uint32_t random_bits(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  return *state ^= *state << 5;
}

/* The lanes of floats: bytes of each, by the type's text; 0: no floats. */
static unsigned float_size(const char *type) {
  if (strstr(type, "half")) return 2;
  if (strstr(type, "float") && !strstr(type, "bfloat")) return 4;
  if (strstr(type, "bfloat")) return 2;
  if (strstr(type, "double")) return 8;
  return strstr(type, "fp128") ? 16 : 0;
}

/* The input of a round: the first ones have all bits clear, and all set. */
static void make_input(const struct row *row, unsigned round, uint32_t *state, uint8_t *in) {
  struct operands x;
  parse(row->operands, &(kiln_value){0}, &x);
  for (unsigned i = 0; i < BYTES; i++)
    in[i] = round == 0 ? 0 : round == 1 ? 0xff : (uint8_t)(random_bits(state) >> 11);
  for (uint32_t k = 0; k < x.n; k++) {
    uint8_t *at = in + APART * k;
    const unsigned size = float_size(x.of[k].type);
    for (unsigned i = 0; i < APART; i++) {
      if (row->flags & TRUTH) at[i] &= 1;
      if (row->flags & SMALL) at[i] &= 7;
      if (row->flags & DIVISOR && k == 1) at[i] |= 1;
    }
    const unsigned bits = x.types[k][0] == 'i' ? (unsigned)strtoul(x.types[k] + 1, NULL, 10) : 0;
    const char *mask = strstr(x.types[k], " x i1>"); /* padding is zero, as LLVM stores it */
    const unsigned n_lanes = mask ? (unsigned)strtoul(x.types[k] + 1, NULL, 10) : 0;
    if (n_lanes % 8) at[n_lanes / 8] &= (uint8_t)((1u << n_lanes % 8) - 1);
    if (bits % 8) at[bits / 8] &= (uint8_t)((1u << bits % 8) - 1); /* as LLVM stores it */
    if (size &&
        row->flags & FLOATS) /* moderate ones: no NaN, and conversions to integers are defined */
      for (unsigned i = size - 1; i < APART; i += size) {
        at[i] = (uint8_t)((at[i] & 0x80) | (at[i] & 1 ? 0x40 : 0x3f));
        if (size > 2) at[i - 1] &= 0xbf;
      }
  }
}
#endif

/* ---- rows against clang ---- */

static const struct row x86_rows[] = {
  {"add", "<3 x i32>", "<3 x i32>;<3 x i32>", NULL, 0},
  {"add", "<5 x i16>", "<5 x i16>;<5 x i16>", NULL, 0},
  {"sub", "<32 x i8>", "<32 x i8>;<32 x i8>", NULL, 0},
  {"mul", "<16 x i32>", "<16 x i32>;<16 x i32>", NULL, 0},
  {"mul", "<32 x i8>", "<32 x i8>;<32 x i8>", NULL, 0},
  {"xor", "<16 x i32>", "<16 x i32>;<16 x i32>", NULL, 0},
  {"shl", "<5 x i16>", "<5 x i16>;<5 x i16>=<1,2,3,14,15>", NULL, 0},
  {"ashr", "<4 x i64>", "<4 x i64>;<4 x i64>=5", NULL, 0},
  {"udiv", "<3 x i32>", "<3 x i32>;<3 x i32>", NULL, DIVISOR},
  {"add", "i200", "i200;i200", NULL, 0},
  {"sub", "i200", "i200;i200", NULL, 0},
  {"mul", "i200", "i200;i200", NULL, 0},
  {"udiv", "i200", "i200;i200", NULL, DIVISOR},
  {"srem", "i200", "i200;i200", NULL, DIVISOR},
  {"lshr", "i200", "i200;i200=77", NULL, 0},
  {"add", "i200", "i200;i200=-5", NULL, 0},
  {"icmp slt", "i1", "i200;i200", NULL, 0},
  {"add", "i128", "i128;i128", NULL, 0},
  {"udiv", "i128", "i128;i128", NULL, DIVISOR},
  {"add", "i128", "i128;i128=-3", NULL, 0},
  {"mul", "i37", "i37;i37", NULL, 0},
  {"ashr", "i37", "i37;i37=4", NULL, 0},
  {"fadd", "half", "half;half", NULL, FLOATS},
  {"fmul", "half", "half;half", NULL, FLOATS},
  {"fdiv", "half", "half;half", "+f16c", FLOATS},
  {"fadd", "<8 x half>", "<8 x half>;<8 x half>", NULL, FLOATS},
  {"fcmp olt", "i1", "half;half", NULL, 0},
  {"fcmp ueq", "<4 x i1>", "<4 x half>;<4 x half>", NULL, 0},
  {"fadd", "fp128", "fp128;fp128", NULL, FLOATS},
  {"fmul", "fp128", "fp128;fp128", NULL, FLOATS},
  {"fdiv", "fp128", "fp128;fp128", NULL, FLOATS},
  {"fcmp oge", "i1", "fp128;fp128", NULL, 0},
  {"fadd", "<3 x float>", "<3 x float>;<3 x float>", NULL, FLOATS},
  {"fneg", "<4 x double>", "<4 x double>", NULL, 0},
  {"fmul", "<4 x double>", "<4 x double>;<4 x double>", NULL, FLOATS},
  {"icmp ugt", "<4 x i1>", "<4 x i16>;<4 x i16>", NULL, 0},
  {"icmp eq", "<16 x i1>", "<16 x i8>;<16 x i8>", NULL, 0},
  {"icmp sle", "<8 x i1>", "<8 x i32>;<8 x i32>", NULL, 0},
  {"icmp ne", "i1", "ptr;ptr", NULL, 0},
  {"select", "<4 x i32>", "<4 x i1>;<4 x i32>;<4 x i32>", NULL, 0},
  {"select", "<8 x i16>", "<8 x i1>;<8 x i16>;<8 x i16>", NULL, 0},
  {"select", "<16 x i32>", "<16 x i1>;<16 x i32>;<16 x i32>", NULL, 0},
  {"select", "{ i64, i1 }", "i1;{ i64, i1 };{ i64, i1 }", NULL, TRUTH},
  {"freeze", "<5 x i16>", "<5 x i16>", NULL, 0},
  {"trunc", "<4 x i16>", "<4 x i32>", NULL, 0},
  {"zext", "<8 x i32>", "<8 x i8>", NULL, 0},
  {"sext", "i200", "i37", NULL, 0},
  {"sext", "<4 x i32>", "<4 x i1>", NULL, 0},
  {"fpext", "float", "half", NULL, FLOATS},
  {"fptrunc", "half", "float", NULL, FLOATS},
  {"fptosi", "<4 x i32>", "<4 x float>", NULL, FLOATS},
  {"sitofp", "fp128", "i64", NULL, 0},
  {"uitofp", "<4 x float>", "<4 x i32>", NULL, 0},
  {"bitcast", "<2 x i64>", "<16 x i8>", NULL, 0},
  {"bitcast", "i16", "<16 x i1>", NULL, 0},
  {"extractelement", "i16", "<5 x i16>;i32=3", NULL, 0},
  {"extractelement", "i16", "<4 x i16>;i32=2", NULL, 0},
  {"insertelement", "<5 x i16>", "<5 x i16>;i16;i32=4", NULL, 0},
  {"shufflevector", "<4 x i32>", "<4 x i32>;<4 x i32>;<4 x i32>=<0,5,2,7>", NULL, 0},
  {"shufflevector", "<8 x i16>", "<4 x i16>;<4 x i16>;<8 x i32>=<7,6,5,4,3,2,1,0>", NULL, 0},
  {"extractvalue", "i64", "{ i64, i1 };i32=0", NULL, TRUTH},
  {"insertvalue", "{ i64, [2 x i32] }", "{ i64, [2 x i32] };i32;i32=1;i32=1", NULL, 0},
  {"llvm.ctpop.v5i32", "<5 x i32>", "<5 x i32>", NULL, 0},
  {"llvm.ctlz.v4i32", "<4 x i32>", "<4 x i32>;i1=0", NULL, 0},
  {"llvm.cttz.i37", "i37", "i37;i1=0", NULL, 0},
  {"llvm.bswap.v4i32", "<4 x i32>", "<4 x i32>", NULL, 0},
  {"llvm.bitreverse.i200", "i200", "i200", NULL, 0},
  {"llvm.fshl.v4i32", "<4 x i32>", "<4 x i32>;<4 x i32>;<4 x i32>", NULL, 0},
  {"llvm.fshr.i64", "i64", "i64;i64;i64", NULL, 0},
  {"llvm.sadd.with.overflow.i32", "{ i32, i1 }", "i32;i32", NULL, 0},
  {"llvm.umul.with.overflow.i64", "{ i64, i1 }", "i64;i64", NULL, 0},
  {"llvm.sadd.sat.v8i16", "<8 x i16>", "<8 x i16>;<8 x i16>", NULL, 0},
  {"llvm.usub.sat.v32i8", "<32 x i8>", "<32 x i8>;<32 x i8>", NULL, 0},
  {"llvm.smax.v16i32", "<16 x i32>", "<16 x i32>;<16 x i32>", NULL, 0},
  {"llvm.abs.v4i32", "<4 x i32>", "<4 x i32>;i1=0", NULL, 0},
  {"llvm.vector.reduce.add.v16i32", "i32", "<16 x i32>", NULL, 0},
  {"llvm.vector.reduce.umax.v8i16", "i16", "<8 x i16>", NULL, 0},
  {"llvm.fabs.v4f32", "<4 x float>", "<4 x float>", NULL, 0},
  {"llvm.sqrt.f64", "double", "double", NULL, FLOATS},
  {"llvm.x86.sse2.psad.bw", "<2 x i64>", "<16 x i8>;<16 x i8>", NULL, 0},
  {"llvm.x86.sse2.pmadd.wd", "<4 x i32>", "<8 x i16>;<8 x i16>", NULL, 0},
  {"llvm.x86.sse2.packsswb.128", "<16 x i8>", "<8 x i16>;<8 x i16>", NULL, 0},
  {"llvm.x86.sse2.pmovmskb.128", "i32", "<16 x i8>", NULL, 0},
  {"llvm.x86.ssse3.pshuf.b.128", "<16 x i8>", "<16 x i8>;<16 x i8>", "+ssse3", 0},
  {"llvm.x86.ssse3.pmul.hr.sw.128", "<8 x i16>", "<8 x i16>;<8 x i16>", "+ssse3", 0},
  {"llvm.x86.avx2.psad.bw", "<4 x i64>", "<32 x i8>;<32 x i8>", "+avx2", 0},
  {"llvm.x86.avx2.pmadd.wd", "<8 x i32>", "<16 x i16>;<16 x i16>", "+avx2", 0},
  {"llvm.x86.avx2.pshuf.b", "<32 x i8>", "<32 x i8>;<32 x i8>", "+avx2", 0},
  {"llvm.x86.avx2.pmovmskb", "i32", "<32 x i8>", "+avx2", 0},
  {"llvm.x86.aesni.aesenc", "<2 x i64>", "<2 x i64>;<2 x i64>", "+aes,+sse4.2", 0},
  {"llvm.x86.aesni.aeskeygenassist", "<2 x i64>", "<2 x i64>;i8=27", "+aes,+sse4.2", 0},
  {"llvm.x86.pclmulqdq", "<2 x i64>", "<2 x i64>;<2 x i64>;i8=17", "+pclmul", 0},
  {"llvm.x86.pclmulqdq", "<2 x i64>", "<2 x i64>;<2 x i64>;i8=1", "+pclmul", 0},
  {"llvm.x86.sse42.crc32.32.8", "i32", "i32;i8", "+sse4.2,+crc32", 0},
  {"llvm.x86.sse42.crc32.64.64", "i64", "i64;i64", "+sse4.2,+crc32", 0},
  {"llvm.x86.sse42.pcmpestri128", "i32", "<16 x i8>;i32;<16 x i8>;i32;i8=12", "+sse4.2", SMALL},
  {"llvm.x86.sse42.pcmpistri128", "i32", "<16 x i8>;<16 x i8>;i8=0", "+sse4.2", SMALL},
  {"llvm.x86.sse2.pause", "void", "", NULL, 0},
  {"llvm.x86.addcarry.64", "{ i8, i64 }", "i8;i64;i64", NULL, TRUTH},
  {"llvm.x86.addcarry.32", "{ i8, i32 }", "i8=1;i32;i32", NULL, 0},
};
enum { X86_ROWS = sizeof x86_rows / sizeof *x86_rows };

#if defined __x86_64__
/* Has this processor what the row needs? */
static bool has_features(const char *features) {
  __builtin_cpu_init();
  if (!features) return true;
  return (!strstr(features, "avx2") || __builtin_cpu_supports("avx2")) &&
         (!strstr(features, "aes") || __builtin_cpu_supports("aes")) &&
         (!strstr(features, "bmi2") || __builtin_cpu_supports("bmi2")) &&
         (!strstr(features, "pclmul") || __builtin_cpu_supports("pclmul")) &&
         (!strstr(features, "sse4.2") || __builtin_cpu_supports("sse4.2")) &&
         (!strstr(features, "f16c") || __builtin_cpu_supports("avx2"));
}

static void compare_row(kiln_jit *jit, void *library, unsigned i, uint32_t *state) {
  char name[32];
  snprintf(name, sizeof name, "row%u", i);
  row_fn *ours = (row_fn *)kiln_jit_lookup(jit, name), *theirs = (row_fn *)dlsym(library, name);
  assert_true(ours && theirs);
  if (!has_features(x86_rows[i].features)) return;
  for (unsigned round = 0; round < ROUNDS; round++) {
    static uint8_t in[BYTES], a[BYTES], b[BYTES];
    make_input(&x86_rows[i], round, state, in);
    memset(a, 0xa5, sizeof a);
    memset(b, 0xa5, sizeof b);
    ours(a, in);
    theirs(b, in);
    for (unsigned k = 0; k < BYTES; k++)
      if (a[k] != b[k])
        fail_msg("row %u, %s %s of %s: round %u, byte %u is %02x, clang's code gives %02x", i,
                 x86_rows[i].name, x86_rows[i].result, x86_rows[i].operands, round, k, a[k], b[k]);
  }
}

static void as_clang(void **test) {
  (void)test;
  if (!bc_have_clang()) skip();
  uint32_t state = 12345;
  void *gcc = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL); /* conversions of half, and fp128 */
  void *library = compile_rows(x86_rows, X86_ROWS);
  kiln_module *m = jit_module(KILN_PIC_FULL);
  kiln_session *s = kiln_session_new(m);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  assert_non_null(b);
  for (unsigned i = 0; i < X86_ROWS; i++) {
    char name[32];
    snprintf(name, sizeof name, "row%u", i);
    build_row(b, s, name, &x86_rows[i]);
  }
  kiln_llvm_builder_free(b);
  kiln_jit *jit = jit_new(&(kiln_jit_options){0});
  kiln_jit_unit unit;
  kiln_jit_error e = {0};
  const kiln_jit_input input = {.module = m, .sessions = &s, .n_sessions = 1};
  if (kiln_jit_add(jit, 0, &input, 1, &unit, &e) != KILN_OK) fail_msg("%s", e.diag.message);
  for (unsigned i = 0; i < X86_ROWS; i++) compare_row(jit, library, i, &state);
  kiln_jit_free(jit);
  kiln_session_free(s);
  kiln_module_free(m);
  dlclose(library);
  if (gcc) dlclose(gcc);
}
#endif

/* ---- rows by hand, which run everywhere ---- */

struct known {
  struct row row;
  uint8_t in[3][32], out[32];
  unsigned out_bytes;
};

static const struct known known[] = {
  /* 1.5 + 2.25 = 3.75; of halves: 3e00, 4080, 4380 */
  {{"fadd", "half", "half;half", NULL, 0}, {{0x00, 0x3e}, {0x80, 0x40}}, {0x80, 0x43}, 2},
  {{"fcmp ogt", "i1", "half;half", NULL, 0}, {{0x00, 0x3e}, {0x80, 0x40}}, {0}, 1},
  {{"fcmp uno", "i1", "half;half", NULL, 0}, {{0x01, 0x7e}, {0x80, 0x40}}, {1}, 1},
  /* all of 64 bits set, plus 1: the next word */
  {{"add", "i200", "i200;i200=1", NULL, 0},
   {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
   {0, 0, 0, 0, 0, 0, 0, 0, 1},
   25},
  {{"xor", "i200", "i200;i200=<1,-1,7,-9>", NULL, 0},
   {{1, [8] = 0xfe, [16] = 1}},
   {0, [8] = 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 6, [24] = 0xf7},
   25},
  {{"udiv", "i200", "i200;i200=256", NULL, 0}, {{9, 8, 7, [24] = 1}}, {8, 7, [23] = 1}, 25},
  {{"add", "<3 x i32>", "<3 x i32>;<3 x i32>=<1,-1,2>", NULL, 0},
   {{1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0, 0}},
   {2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0},
   12},
  {{"sub", "<5 x i16>", "<5 x i16>;<5 x i16>=1", NULL, 0},
   {{1, 0, 0, 0, 5, 0, 0, 1, 9, 9}},
   {0, 0, 0xff, 0xff, 4, 0, 0xff, 0, 8, 9},
   10},
  {{"icmp ult", "<4 x i1>", "<4 x i16>;<4 x i16>=3", NULL, 0}, {{2, 0, 3, 0, 0, 1, 0, 0}}, {9}, 1},
  {{"select", "<4 x i16>", "<4 x i1>;<4 x i16>;<4 x i16>=0", NULL, 0},
   {{5}, {1, 2, 3, 4, 5, 6, 7, 8}},
   {1, 2, 0, 0, 5, 6, 0, 0},
   8},
  {{"llvm.ctpop.v5i32", "<5 x i32>", "<5 x i32>", NULL, 0},
   {{1, 3, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0x80, 7}},
   {3, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3},
   20},
  {{"llvm.bswap.v2i64", "<2 x i64>", "<2 x i64>", NULL, 0},
   {{1, 2, 3, 4, 5, 6, 7, 8, 9}},
   {8, 7, 6, 5, 4, 3, 2, 1, [15] = 9},
   16},
  {{"llvm.sadd.with.overflow.i32", "{ i32, i1 }", "i32;i32=1", NULL, 0},
   {{0xff, 0xff, 0xff, 0x7f}},
   {0, 0, 0, 0x80, 1},
   5},
  {{"llvm.uadd.sat.v16i8", "<16 x i8>", "<16 x i8>;<16 x i8>=16", NULL, 0},
   {{0xf5, 1, 0xef}},
   {0xff, 17, 0xff, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16},
   16},
  {{"llvm.vector.reduce.add.v4i32", "i32", "<4 x i32>", NULL, 0},
   {{1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 1}},
   {7, 1},
   4},
  {{"llvm.pdep.i32", "i32", "i32;i32", NULL, 0}, {{0xac, 0, 5}, {0xf0, 0xf0}}, {0xc0, 0xa0}, 4},
  {{"llvm.pext.i32", "i32", "i32;i32", NULL, 0}, {{0xcd, 0xab}, {0xf0, 0xf0}}, {0xac}, 4},
  {{"llvm.pdep.i13", "i13", "i13;i13", NULL, 0}, {{0x13}, {0x01, 0x1e}}, {0x01, 0x12}, 2},
  {{"llvm.pext.i128", "i128", "i128;i128", NULL, 0},
   {{1, [8] = 0x40, [15] = 0x80}, {3, [8] = 0xc0, [15] = 0x80}},
   {0x15},
   16},
  {{"llvm.pext.v2i16", "<2 x i16>", "<2 x i16>;<2 x i16>", NULL, 0},
   {{0xcd, 0xab, 7}, {0xf0, 0xf0, 5}},
   {0xac, 0, 3},
   4},
  {{"zext", "i64", "i37", NULL, 0}, {{1, 0, 0, 0, 0x1f}}, {1, 0, 0, 0, 0x1f}, 8},
#if defined __x86_64__
  {{"llvm.pdep.i64", "i64", "i64;i64", "+bmi2", 0}, {{5}, {[3] = 0xf0, 1}}, {[3] = 0x50}, 8},
  {{"llvm.pext.i16", "i16", "i16;i16", "+bmi2", 0}, {{0xcd, 0xab}, {0xf0, 0xf0}}, {0xac}, 2},
#endif
#if defined __aarch64__
  {{"llvm.aarch64.neon.uabd.v8i8", "<8 x i8>", "<8 x i8>;<8 x i8>", NULL, 0},
   {{5, 3, 0, 0xff}, {3, 5, 1}},
   {2, 2, 1, 0xff},
   8},
  {{"llvm.aarch64.neon.sqadd.v4i16", "<4 x i16>", "<4 x i16>;<4 x i16>", NULL, 0},
   {{0xff, 0x7f, 1, 0}, {1, 0, 1, 0}},
   {0xff, 0x7f, 2, 0},
   8},
#endif
};
enum { KNOWN = sizeof known / sizeof *known };

static void as_known(void **test) {
  (void)test;
  void *gcc = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_GLOBAL);
  kiln_module *m = jit_module(KILN_PIC_FULL);
  kiln_session *s = kiln_session_new(m);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  for (unsigned i = 0; i < KNOWN; i++) {
    char name[32];
    snprintf(name, sizeof name, "row%u", i);
    build_row(b, s, name, &known[i].row);
  }
  kiln_llvm_builder_free(b);
  kiln_jit *jit = jit_new(&(kiln_jit_options){0});
  kiln_jit_unit unit;
  kiln_jit_error e = {0};
  const kiln_jit_input input = {.module = m, .sessions = &s, .n_sessions = 1};
  if (kiln_jit_add(jit, 0, &input, 1, &unit, &e) != KILN_OK) fail_msg("%s", e.diag.message);
  for (unsigned i = 0; i < KNOWN; i++) {
    char name[32];
    uint8_t in[BYTES] = {0}, out[BYTES];
    snprintf(name, sizeof name, "row%u", i);
    row_fn *f = (row_fn *)kiln_jit_lookup(jit, name);
    assert_non_null(f);
    for (unsigned k = 0; k < 3; k++) memcpy(in + APART * k, known[i].in[k], 32);
    memset(out, 0xa5, sizeof out);
#if defined __x86_64__
    if (!has_features(known[i].row.features)) continue;
#endif
    f(out, in);
    for (unsigned k = 0; k < known[i].out_bytes; k++)
      if (out[k] != known[i].out[k])
        fail_msg("%s %s: byte %u is %02x, not %02x", known[i].row.name, known[i].row.operands, k,
                 out[k], known[i].out[k]);
    assert_int_equal(out[32], 0xa5);
  }
  kiln_jit_free(jit);
  kiln_session_free(s);
  kiln_module_free(m);
  if (gcc) dlclose(gcc);
}

/* ---- what can be built for AArch64, wherever this runs ---- */

static const struct row aarch64_rows[] = {
  {"llvm.aarch64.neon.uabd.v8i8", "<8 x i8>", "<8 x i8>;<8 x i8>", NULL, 0},
  {"llvm.aarch64.neon.sqadd.v4i16", "<4 x i16>", "<4 x i16>;<4 x i16>", NULL, 0},
  {"llvm.aarch64.neon.pmull.v8i16", "<8 x i16>", "<8 x i8>;<8 x i8>", NULL, 0},
  {"llvm.aarch64.neon.addp.v4i32", "<4 x i32>", "<4 x i32>;<4 x i32>", NULL, 0},
  {"llvm.aarch64.crypto.aese", "<16 x i8>", "<16 x i8>;<16 x i8>", "+aes", 0},
  {"llvm.aarch64.crc32b", "i32", "i32;i32", "+crc", 0},
  {"llvm.aarch64.neon.vsli.v4i32", "<4 x i32>", "<4 x i32>;<4 x i32>;i32=3", NULL, 0},
  {"fadd", "fp128", "fp128;fp128", NULL, 0},
  {"udiv", "i200", "i200;i200", NULL, 0},
  {"add", "<32 x i8>", "<32 x i8>;<32 x i8>", NULL, 0},
};

static void of_aarch64(void **test) {
  (void)test;
  kiln_module *m = kiln_module_new(
    &(kiln_module_options){.target.processor = KILN_PROCESSOR_AARCH64, .name = "m"});
  kiln_session *s = kiln_session_new(m);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  for (unsigned i = 0; i < sizeof aarch64_rows / sizeof *aarch64_rows; i++) {
    char name[32];
    snprintf(name, sizeof name, "row%u", i);
    build_row(b, s, name, &aarch64_rows[i]);
  }
  kiln_llvm_builder_free(b);
  kiln_session_free(s);
  kiln_module_free(m);
}

/* ---- parts ---- */

static void parts(void **test) {
  (void)test;
  static const struct {
    const char *type, *parts;
  } rows[] = {{"i1", "i8"},
              {"i37", "i64"},
              {"i200", "i64 i64 i64 i64"},
              {"half", "i16"},
              {"ptr", "i64"},
              {"<4 x float>", "v128"},
              {"<4 x i16>", "v64"},
              {"<3 x i8>", "v64"},
              {"<4 x i1>", "v128"},
              {"<16 x i32>", "v128 v128 v128 v128"},
              {"{ i64, i1 }", "i64 i8"},
              {"<{ i8, [2 x float] }>", "i8 f32 f32"},
              {"void", ""},
              {"{}", ""},
              {" { i32 , { double } } ", "i32 f64"}};
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64, .name = "m"});
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    kiln_type t[8];
    char text[64] = "";
    uint32_t n = kiln_llvm_builder_parts(b, rows[i].type, t, 8);
    assert_string_equal(kiln_llvm_builder_message(b), "");
    assert_true(n <= 8);
    for (uint32_t k = 0; k < n; k++) {
      strcat(strcat(text, k ? " " : ""), kiln_type_name(t[k]));
      kiln_type one[8];
      assert_int_equal(kiln_llvm_builder_parts(b, rows[i].type, one, 1), n); /* no room */
    }
    assert_string_equal(text, rows[i].parts);
  }
  kiln_llvm_builder_free(b);
  kiln_module_free(m);
}

/* ---- wrong arguments ---- */

static void misuse(void **test) {
  (void)test;
  kiln_module *m = jit_module(KILN_PIC_FULL), *other = jit_module(KILN_PIC_FULL);
  kiln_session *s = kiln_session_new(m), *foreign = kiln_session_new(other);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  static kiln_value results[MOST_PARTS];
  kiln_llvm_operand two[2] = {{.type = "i32", .constant = 1}, {.type = "i32", .constant = 2}};
  kiln_func *f = kiln_func_begin(foreign, declare(other, "f"));
  assert_int_equal(kiln_llvm_builder_build(b, f, "add", "i32", two, 2, results), KILN_ERR_ARGUMENT);
  assert_string_equal(kiln_llvm_builder_message(b),
                      "add: the function and the builder belong to different modules");
  kiln_func_discard(f);
  f = kiln_func_begin(s, declare(m, "f"));
  kiln_build_ret(f, NULL, 0);
  assert_int_equal(kiln_llvm_builder_build(b, f, "add", "i32", two, 2, results),
                   KILN_ERR_STRUCTURE);
  kiln_func_discard(f);
  f = kiln_func_begin(s, declare(m, "f"));
  kiln_value p = kiln_func_param(f, 0);
  two[0].parts = &p;
  results[0].id = 77;
  assert_int_equal(kiln_llvm_builder_build(b, f, "add", "i32", two, 2, results), KILN_ERR_TYPE);
  assert_string_equal(kiln_llvm_builder_message(b),
                      "add: operand 1: part 1 has the type i64, but needs the type i32");
  assert_int_equal(results[0].id, 0);
  assert_int_equal(kiln_llvm_builder_build(b, f, "add", "i32", two, 2, results), KILN_ERR_TYPE);
  assert_string_equal(kiln_llvm_builder_message(b), "add: the function has failed before");
  kiln_func_discard(f);
  assert_int_equal(kiln_llvm_builder_set_features(b, "+avx512f"), KILN_OK);
  assert_int_equal(
    kiln_llvm_builder_check(
      b, "llvm.x86.avx2.pshuf.b", "<32 x i8>",
      (kiln_llvm_operand[]){{.type = "<32 x i8>", .parts = &p}, {.type = "<32 x i8>", .parts = &p}},
      300),
    KILN_ERR_LIMIT);
  kiln_llvm_builder_free(b);
  kiln_session_free(s);
  kiln_session_free(foreign);
  kiln_module_free(m);
  kiln_module_free(other);
}

/* An operation that makes blocks ends in another one. */
static void blocks(void **test) {
  (void)test;
  kiln_module *m = jit_module(KILN_PIC_FULL);
  kiln_session *s = kiln_session_new(m);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  kiln_func *f = kiln_func_begin(s, declare(m, "f"));
  kiln_value in = kiln_func_param(f, 1), wide[4];
  const kiln_llvm_operand address = {.type = "ptr", .parts = &in};
  assert_int_equal(kiln_llvm_builder_build(b, f, "load", "i200", &address, 1, wide), KILN_OK);
  assert_int_equal(kiln_block_current(f).id, 0);
  /* a selection of a division does not: only one of a file is a branch */
  kiln_value zero = kiln_const_f64(f, 0),
             q = kiln_build_binary(f, KILN_OP_FDIV, KILN_TYPE_F64, zero, zero);
  kiln_value is = kiln_build_fcmp(f, KILN_FCOND_UNO, KILN_TYPE_F64, q, q), chosen;
  const kiln_llvm_operand number = {.type = "double", .parts = &q},
                          either[3] = {{.type = "i1", .parts = &is}, number, number};
  assert_int_equal(kiln_llvm_builder_build(b, f, "select", "double", either, 3, &chosen), KILN_OK);
  assert_int_equal(kiln_block_current(f).id, 0);
  const kiln_llvm_operand two[2] = {{.type = "i200", .parts = wide},
                                    {.type = "i200", .parts = wide}};
  assert_int_equal(kiln_llvm_builder_build(b, f, "udiv", "i200", two, 2, wide), KILN_OK);
  assert_int_not_equal(kiln_block_current(f).id, 0);
  assert_true(kiln_block_is_terminated(f, (kiln_block){0}));
  kiln_build_ret(f, NULL, 0);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(kiln_func_verify(f), KILN_OK);
  kiln_func_discard(f);
  kiln_llvm_builder_free(b);
  kiln_session_free(s);
  kiln_module_free(m);
}

/* ---- memory ---- */

static size_t bytes_in_use;

static void *counted(void *user, void *old, size_t size) {
  (void)user;
  size_t *p = old ? (size_t *)old - 2 : NULL;
  bytes_in_use -= p ? *p : 0;
  if (size == 0) {
    free(p);
    return NULL;
  }
  p = realloc(p, size + 16);
  if (!p) return NULL;
  *p = size;
  bytes_in_use += size;
  return p + 2;
}

/* The same operations again and again take no more memory, whether they can be built or not. */
static void growth(void **test) {
  (void)test;
  kiln_module_options o = {.jit = true, .name = "m", .allocator = {.realloc = counted}};
  assert_true(kiln_target_find_host(&o.target));
  kiln_module *m = kiln_module_new(&o);
  kiln_session *s = kiln_session_new(m);
  kiln_llvm_builder *b = kiln_llvm_builder_new(m);
  static const struct row rows[] = {
    {"add", "<16 x i32>", "<16 x i32>;<16 x i32>=<1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16>", NULL,
     0},
    {"llvm.ctpop.v5i32", "<5 x i32>", "<5 x i32>", NULL, 0},
    {"udiv", "i200", "i200;i200", NULL, 0},
    {"llvm.no.such", "i32", "i32", NULL, 0},
    {"freeze", "[256 x i200]", "[256 x i200]", NULL, 0},
    {"freeze", "{ i32, void }", "i32", NULL, 0}};
  size_t before = 0;
  for (unsigned round = 0; round < 10000; round++) {
    const struct row *row = &rows[round % 6];
    struct operands x;
    kiln_value value = {0};
    parse(row->operands, &value, &x);
    assert_int_equal(kiln_llvm_builder_check(b, row->name, row->result, x.of, x.n) == KILN_OK,
                     round % 6 < 3);
    if (round == 1000) before = bytes_in_use;
  }
  assert_true(bytes_in_use <= before + 4096);
  kiln_func *f = kiln_func_begin(s, declare(m, "f"));
  kiln_value v = kiln_build_load(f, KILN_TYPE_I64, kiln_func_param(f, 1), 0, 0), results[4];
  for (unsigned round = 0; round < 10000; round++) {
    const kiln_llvm_operand operand = {.type = "i64", .parts = &v};
    assert_int_equal(kiln_llvm_builder_build(b, f, "llvm.ctpop.i64", "i64", &operand, 1, results),
                     KILN_OK);
    v = results[0];
  }
  kiln_func_discard(f);
  kiln_llvm_builder_free(b);
  kiln_session_free(s);
  kiln_module_free(m);
  assert_int_equal(bytes_in_use, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#if defined __x86_64__
    cmocka_unit_test(as_clang),
#endif
    cmocka_unit_test(as_known), cmocka_unit_test(of_aarch64), cmocka_unit_test(parts),
    cmocka_unit_test(misuse),   cmocka_unit_test(blocks),     cmocka_unit_test(growth),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
