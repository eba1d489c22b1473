/* Types of values and functions; the signatures that functions of a type are called by. */
#include "module.h"

const char *kn_wasm_type_name(unsigned type) {
  static const char *const names[KILN_WASM_TYPE_COUNT] = {
    "any type", "i32", "i64", "f32", "f64", "v128", "funcref", "externref", "exnref"};
  return names[type];
}

static __attribute__((cold, noreturn)) void refuse_collected(struct kn_wasm_in *in,
                                                             const uint8_t *at, const char *what) {
  kn_wasm_fail(in, KILN_ERR_UNSUPPORTED, at, "garbage collection is not supported: %s", what);
}

/* Section 5.3.5 of the specification: a heap type is a negative number of one byte, or the index of a type. */
uint8_t kn_wasm_heap_type(const kiln_wasm *w, struct kn_wasm_in *in) {
  static const char *const heap_types[] = {"array", "struct", "i31",      "eq",     "any",  "",
                                           "",      "none",   "noextern", "nofunc", "noexn"};
  const uint8_t *at = in->p;
  uint8_t byte = kn_wasm_byte(in);
  switch (byte) {
  case 0x70: return KILN_WASM_TYPE_FUNCREF;
  case 0x6f: return KILN_WASM_TYPE_EXTERNREF;
  case 0x69: kn_wasm_need(w, in, at, KILN_WASM_EXCEPTIONS); return KILN_WASM_TYPE_EXNREF;
  case 0x6a:
  case 0x6b:
  case 0x6c:
  case 0x6d:
  case 0x6e:
  case 0x71:
  case 0x72:
  case 0x73:
  case 0x74: refuse_collected(in, at, heap_types[byte - 0x6a]);
  case 0x68:
  case 0x75:
    kn_wasm_fail(in, KILN_ERR_UNSUPPORTED, at, "continuations (stack switching) are not supported");
  default:
    if (byte >= 0x40 && byte < 0x80) KN_WASM_BAD(in, at, "malformed heap type");
    kn_wasm_fail(in, KILN_ERR_UNSUPPORTED, at, "typed function references are not supported");
  }
}

/* A heap type alone means that it may be null, as the form with 0x63 says. */
uint8_t kn_wasm_ref_type(const kiln_wasm *w, struct kn_wasm_in *in) {
  const uint8_t *at = in->p;
  switch (kn_wasm_byte(in)) {
  case 0x63: return kn_wasm_heap_type(w, in);
  case 0x64:
    kn_wasm_fail(in, KILN_ERR_UNSUPPORTED, at, "typed function references are not supported");
  default:
    if (*at > 0x75 || *at < 0x65) KN_WASM_BAD(in, at, "malformed reference type");
    in->p = at;
    return kn_wasm_heap_type(w, in);
  }
}

uint8_t kn_wasm_value_type(const kiln_wasm *w, struct kn_wasm_in *in) {
  if (in->p >= in->end) kn_wasm_at_end(in);
  switch (*in->p) {
  case 0x7f: in->p++; return KILN_WASM_TYPE_I32;
  case 0x7e: in->p++; return KILN_WASM_TYPE_I64;
  case 0x7d: in->p++; return KILN_WASM_TYPE_F32;
  case 0x7c: in->p++; return KILN_WASM_TYPE_F64;
  case 0x7b: in->p++; return KILN_WASM_TYPE_V128;
  default:
    if (*in->p > 0x75 || *in->p < 0x63) KN_WASM_BAD(in, in->p, "malformed value type");
    return kn_wasm_ref_type(w, in);
  }
}

/* Reads a vector of types. */
static uint32_t read_list(kiln_wasm *w, struct kn_wasm_in *in, uint32_t limit, const char *what,
                          uint8_t *out) {
  const uint8_t *at = in->p;
  uint32_t n = kn_wasm_u32(in);
  if (n > limit)
    kn_wasm_fail(in, KILN_ERR_LIMIT, at, "a function type has more than %u %s", limit, what);
  for (uint32_t i = 0; i < n; i++) out[i] = kn_wasm_value_type(w, in);
  return n;
}

void kn_wasm_read_types(kiln_wasm *w, struct kn_wasm_in *in) {
  uint8_t list[KN_WASM_MAX_PARAMS + KN_WASM_MAX_RESULTS];
  for (uint32_t i = 0; i < w->n_types; i++) {
    const uint8_t *at = in->p;
    switch (kn_wasm_byte(in)) {
    case 0x60: break;
    case 0x4e: refuse_collected(in, at, "a group of recursive types");
    case 0x4f:
    case 0x50: refuse_collected(in, at, "a subtype");
    case 0x5e: refuse_collected(in, at, "an array type");
    case 0x5f: refuse_collected(in, at, "a struct type");
    case 0x5d:
      kn_wasm_fail(in, KILN_ERR_UNSUPPORTED, at,
                   "continuations (stack switching) are not supported");
    default: KN_WASM_BAD(in, at, "integer representation too long: malformed function type");
    }
    struct kn_wasm_type *t = &w->types[i];
    t->n_params = read_list(w, in, KN_WASM_MAX_PARAMS, "parameters", list);
    t->n_results = read_list(w, in, KN_WASM_MAX_RESULTS, "results", list + t->n_params);
    uint8_t *types = kn_wasm_alloc(w, t->n_params + t->n_results);
    memcpy(types, list, t->n_params + t->n_results);
    t->types = types;
    if (t->n_results > w->max_results) w->max_results = t->n_results;
  }
}

bool kn_wasm_same_types(const uint8_t *a, uint32_t n_a, const uint8_t *b, uint32_t n_b) {
  return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a) == 0);
}

/* Registers that parameters may be in: general ones, those of floats and vectors. The same on all targets. */
enum { GENERAL_REGISTERS = 6, FLOAT_REGISTERS = 8 };

static bool in_float_register(unsigned type) {
  return type == KILN_WASM_TYPE_F32 || type == KILN_WASM_TYPE_F64 || type == KILN_WASM_TYPE_V128;
}

/* The signature of a type: instance, results, more, parameters. */
static kiln_sig make_sig(kiln_wasm *w, struct kn_wasm_type *t) {
  uint32_t general = 0, floats = 0, at = 0;
  for (uint32_t i = 0; i < t->n_params; i++) {
    if (in_float_register(t->types[i])) floats++;
    else general++;
  }
  kiln_param params[GENERAL_REGISTERS + FLOAT_REGISTERS + 1];
  uint32_t room = GENERAL_REGISTERS - 1 - (t->n_results > 1);
  params[at++] = (kiln_param){.type = KILN_TYPE_I64};
  if (t->n_results > 1) params[at++] = (kiln_param){.type = KILN_TYPE_I64};
  if (general > room || floats > FLOAT_REGISTERS) {
    params[at++] = (kiln_param){.type = KILN_TYPE_I64};
    room--;
  }
  t->general = room;
  uint32_t next[2] = {0, 0}, most[2] = {room, FLOAT_REGISTERS};
  for (uint32_t i = 0; i < t->n_params; i++) {
    unsigned bank = in_float_register(t->types[i]);
    if (next[bank]++ < most[bank])
      params[at++] = (kiln_param){.type = (uint8_t)kn_wasm_builder_type(t->types[i])};
    else t->n_more++;
  }
  kiln_type result =
    t->n_results == 1 ? kn_wasm_builder_type(t->types[t->n_params]) : KILN_TYPE_VOID;
  return kiln_sig_new(w->module, KILN_CC_C, 0, params, at, &result, t->n_results == 1);
}

static kiln_sig helper_sig(kiln_wasm *w, const char *results, const char *letters) {
  kiln_param params[8] = {{.type = KILN_TYPE_I64}};
  uint32_t n = 1, flags = 0;
  for (const char *l = letters; *l; l++)
    params[n++].type = *l == 'w' ? KILN_TYPE_I32 : KILN_TYPE_I64;
  kiln_type result = *results == 'w' ? KILN_TYPE_I32 : KILN_TYPE_I64;
  if (*results == 'n') flags |= KILN_SIG_NORETURN;
  return kiln_sig_new(w->module, KILN_CC_C, flags, params, n, &result,
                      *results == 'w' || *results == 'x');
}

void kn_wasm_make_sigs(kiln_wasm *w) {
  for (uint32_t i = 0; i < w->n_types; i++) w->types[i].sig = make_sig(w, &w->types[i]);
  static const char *const helpers[KN_WASM_HELPER_COUNT][3] = {
#define HELPER(E, name, results, params) {"kiln_wasmrt_" #name, results, params},
    KN_WASM_HELPERS(HELPER)
#undef HELPER
  };
  for (unsigned i = 0; i < KN_WASM_HELPER_COUNT; i++) {
    w->helper_sigs[i] = helper_sig(w, helpers[i][1], helpers[i][2]);
    w->helpers[i] =
      kiln_func_declare(w->module, &(kiln_symbol_desc){.name = helpers[i][0]}, w->helper_sigs[i]);
  }
  /* not of an instance: the unwinder's object; code, values */
  kiln_type pointer = KILN_TYPE_I64;
  kiln_param three[3] = {{.type = KILN_TYPE_I64}, {.type = KILN_TYPE_I64}, {.type = KILN_TYPE_I64}};
  w->caught_sig = kiln_sig_new(w->module, KILN_CC_C, KILN_SIG_NOUNWIND, three, 1, &pointer, 1);
  w->host_call_sig = kiln_sig_new(w->module, KILN_CC_C, KILN_SIG_NOUNWIND, three, 2, &pointer, 1);
  w->entry_sig = kiln_sig_new(w->module, KILN_CC_C, KILN_SIG_NOUNWIND, three, 3, &pointer, 1);
  w->caught =
    kiln_func_declare(w->module, &(kiln_symbol_desc){.name = "kiln_wasmrt_caught"}, w->caught_sig);
  kiln_sig varied = kiln_sig_new(w->module, KILN_CC_C, KILN_SIG_VARIADIC, NULL, 0, NULL, 0);
  w->personality =
    kiln_func_declare(w->module, &(kiln_symbol_desc){.name = "kiln_wasmrt_personality"}, varied);
}
