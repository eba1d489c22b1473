/* Stack probes, stack guards, calls without a PLT: what attributes say of them, which allocations count as arrays.
 * Called by attrs.c, function.c and inst.c. As LLVM's StackProtector and frame lowerings do.
 * Invariant: kn_bc_attr.harden is 0 for a function without any of these. */
#include "bc.h"

/* ---- attributes ---- */

enum { BUFFER_DEFAULT = 8, BUFFER_MAX = 0x7fff, PAGE_DEFAULT = 4096 };

/* Which function is called at the beginning: kn_bc_hardening.enters. */
static const char entered_by[][26] = {"", "mcount", "\1_mcount", "__cyg_profile_func_enter"};

void kn_bc_harden_attr(struct kn_bc_attr *a, uint64_t key) {
  unsigned guard = key == ATTR_STACK_PROTECT          ? KILN_GUARD_ARRAYS
                   : key == ATTR_STACK_PROTECT_STRONG ? KILN_GUARD_ADDRESSES
                   : key == ATTR_STACK_PROTECT_REQ    ? KILN_GUARD_ALWAYS
                                                      : KILN_GUARD_NONE;
  if (guard > a->harden.guard) a->harden.guard = guard & 3;
  if (key == ATTR_NON_LAZY_BIND) a->harden.no_plt = 1;
  if (key == ATTR_NO_CF_CHECK) a->harden.no_cf_check = 1;
  if (key == ATTR_NAKED) a->harden.naked = 1;
}

/* A decimal number, at most `most`. */
static uint32_t number(const char *s, uint32_t most) {
  uint64_t n = 0;
  for (; *s >= '0' && *s <= '9' && n <= most; s++) n = n * 10 + (uint64_t)(*s - '0');
  return n < most ? (uint32_t)n : most;
}

/* Does a list of features take `name` away? The last entry for a feature counts. */
static bool takes(const char *features, const char *name) {
  const size_t n = strlen(name);
  bool without = false;
  for (const char *p = features; (p = strstr(p, name)); p += n)
    if (p != features && (p[n] == 0 || p[n] == ',')) without = p[-1] == '-';
  return without;
}

bool kn_bc_string_attr(struct kn_bc_attr *a, const char *key, const char *value) {
  if (strcmp(key, "probe-stack") == 0) {
    /* Zig's function and that of older versions of Rust touch each page, as the code called "inline-asm" does */
    if (strcmp(value, "inline-asm") != 0 && strcmp(value, "__zig_probe_stack") != 0 &&
        strcmp(value, "__rust_probestack") != 0)
      return false;
    a->harden.probe = 1;
  } else if (strcmp(key, "frame-pointer") == 0) {
    if (strcmp(value, "none") != 0) a->flags |= FA_FRAME_POINTER;
  } else if (strcmp(key, "stackrealign") == 0) {
    a->flags |= FA_REALIGN_STACK;
  } else if (strcmp(key, "no-stack-arg-probe") == 0) a->harden.no_probe = 1;
  else if (strcmp(key, "stack-probe-size") == 0) a->harden.probe_bytes |= number(value, UINT32_MAX);
  else if (strcmp(key, "stack-protector-buffer-size") == 0)
    a->guard_buffer |= (uint16_t)number(value, BUFFER_MAX);
  else if (strcmp(key, "branch-target-enforcement") == 0) {
    a->harden.branch_said = 1;
    a->harden.branch |= strcmp(value, "false") != 0;
  } else if (strcmp(key, "sign-return-address") == 0) {
    a->harden.sign_said = 1;
    a->harden.sign |= strcmp(value, "none") != 0;
    a->harden.sign_all |= strcmp(value, "all") == 0;
  } else if (strcmp(key, "target-features") == 0) {
    a->harden.avx |= strstr(value, "+avx") != NULL && !takes(value, "avx");
    a->harden.avx512 |= strstr(value, "+avx512f") != NULL && !takes(value, "avx512f");
    a->harden.avx512bw |= strstr(value, "+avx512bw") != NULL && !takes(value, "avx512bw");
    bool general = takes(value, "sse") || takes(value, "sse2"), no_x87 = takes(value, "x87");
    a->harden.general |= general;
    a->harden.no_x87 |= no_x87;
  } else if (strcmp(key, "min-legal-vector-width") == 0) {
    a->harden.narrow = number(value, UINT32_MAX) < 512;
  } else if (strcmp(key, "no-jump-tables") == 0) {
    a->harden.no_tables |= strcmp(value, "true") == 0;
  } else if (strcmp(key, "disable-tail-calls") == 0) {
    a->harden.no_tail_calls |= strcmp(value, "true") == 0;
  } else if (strcmp(key, "aarch64-jump-table-hardening") == 0) {
    a->harden.no_tables = 1; /* without a table nothing is left to protect */
  } else if (strcmp(key, "instrument-function-entry-inlined") == 0) {
    unsigned k = 1;
    while (k < 4 && strcmp(value, entered_by[k]) != 0) k++;
    if (k == 4) return false;
    a->harden.enters |= k & 3;
  } else if (strcmp(key, "instrument-function-exit-inlined") == 0) {
    if (strcmp(value, "__cyg_profile_func_exit") != 0) return false;
    a->harden.leaves = 1;
  }
  return true;
}

void kn_bc_harden_done(struct kn_bc_attr *a) {
  if (a->harden.no_probe) a->harden.probe = 0;
  if (!a->harden.probe) a->harden.probe_bytes = 0;
  if (!a->harden.guard) a->guard_buffer = 0;
  a->harden.narrow &= a->harden.avx512;
}

bool kn_bc_harden_avx(const struct kn_bc_attr *a) { return a && a->harden.avx; }

bool kn_bc_harden_avx512(const struct kn_bc_attr *a) { return a && a->harden.avx512; }

bool kn_bc_harden_avx512bw(const struct kn_bc_attr *a) { return a && a->harden.avx512bw; }

bool kn_bc_harden_narrow(const struct kn_bc_attr *a) { return a && a->harden.narrow; }

bool kn_bc_harden_no_x87(const struct kn_bc_attr *a) {
  return a->harden.no_x87 && !a->harden.general;
}

bool kn_bc_harden_x87(struct kn_bc *r) {
  return !r->m->no_x87 || !r->m->has_f80 ||
         kn_bc_unsupported(r, "x86_fp80 beside functions without the x87");
}

bool kn_bc_harden_no_plt(const struct kn_bc_attr *a) { return a->harden.no_plt; }

/* ---- module flags ---- */

/* LLVM's flags say `no offset` so, too. */
enum { NO_OFFSET = INT32_MAX };

/* A flag about the protection of branches: false if it is none. Up to LLVM 21 the value 1 is for functions that say
 * nothing themselves; 2 is for the object's note alone. */
static bool protection_flag(struct kn_bc *r, const char *name, int64_t number) {
  static const struct {
    const char *name;
    bool cf; /* x86-64's */
    uint8_t what, said;
  } rows[] = {
    {"cf-protection-branch", true, KILN_PROTECT_BRANCH, 0},
    {"cf-protection-return", true, KILN_PROTECT_RETURN, 0},
    {"branch-target-enforcement", false, KILN_PROTECT_BRANCH, KILN_PROTECT_BRANCH},
    {"guarded-control-stack", false, KILN_PROTECT_CONTROL_STACK, KILN_PROTECT_CONTROL_STACK},
    {"sign-return-address", false, KILN_PROTECT_RETURN, KILN_PROTECT_RETURN},
    {"sign-return-address-all", false, 0, KILN_PROTECT_RETURN_ALL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strcmp(name, rows[i].name) != 0) continue;
    if (rows[i].cf != kn_bc_targets[r->target].cf_protection) return true;
    if (number == 0 && !rows[i].cf) return true; /* x86-64's count whatever their value is */
    r->open->harden.protect |= rows[i].what;
    if (number == 1) r->open->harden.protect_silent |= rows[i].said;
    return true;
  }
  return false;
}

bool kn_bc_harden_flag(struct kn_bc *r, const char *name, int64_t number, const char *text) {
  struct kn_bc_flags *h = &r->open->harden;
  if (protection_flag(r, name, number)) return true;
  if (strcmp(name, "SemanticInterposition") == 0) {
    r->open->harden.interposed = number != 0;
    return true;
  }
  if (strcmp(name, "RtLibUseGOT") == 0) {
    h->no_plt |= number != 0;
  } else if (strcmp(name, "probe-stack") ==
             0) { /* of functions without the attribute: AArch64 alone */
    if (!kn_bc_targets[r->target].probes_by_flag || text[0] == 0) return true;
    h->probes = true;
    return strcmp(text, "inline-asm") == 0;
  } else if (strcmp(name, "stack-probe-size") == 0) {
    h->probe_bytes = number > 0 && number <= UINT32_MAX ? (uint32_t)number : 0;
  } else if (strcmp(name, "stack-protector-guard-offset") == 0) {
    if (number == NO_OFFSET) return true;
    h->offset_bytes = (int32_t)number;
    h->has_offset = true;
    return number == (int32_t)number;
  } else if (strcmp(name, "stack-protector-guard") == 0) {
    if (strcmp(text, "tls") == 0) h->source = KILN_GUARD_SOURCE_TLS;
    else if (strcmp(text, "global") == 0) h->source = KILN_GUARD_SOURCE_GLOBAL;
    else if (strcmp(text, "sysreg") == 0) h->source = KILN_GUARD_SOURCE_SYSREG;
    else return text[0] == 0;
  } else {
    bool reg = strcmp(name, "stack-protector-guard-reg") == 0;
    strcpy(reg ? h->reg : h->symbol, text);
  }
  return true;
}

void kn_bc_harden_module(struct kn_bc *r) {
  const struct kn_bc_flags *h = &r->m->harden;
  const struct kn_bc_target *t = &kn_bc_targets[r->target];
  kiln_guard_location place = {.source = (kiln_guard_source)h->source,
                               .reg = h->reg[0] ? h->reg : NULL,
                               .offset_bytes = h->has_offset ? h->offset_bytes : t->guard_offset,
                               .symbol = h->symbol[0] ? h->symbol : NULL};
  /* without a kind, the other flags are about the usual one */
  if (h->source == KILN_GUARD_SOURCE_DEFAULT && (h->reg[0] || h->has_offset || h->symbol[0]))
    place.source = t->guard_source;
  if (h->protect == 0 && !h->no_plt && place.source == KILN_GUARD_SOURCE_DEFAULT) return;
  kiln_module_attrs attrs = kiln_module_get_attrs(r->module);
  attrs.protection = h->protect;
  attrs.no_plt |= h->no_plt;
  if (place.source != KILN_GUARD_SOURCE_DEFAULT) attrs.guard_location = place;
  kiln_module_set_attrs(r->module, &attrs);
}

/* ---- functions ---- */

/* KILN_PROTECT_... of a function that asks for `harden`. */
static uint32_t protection(const struct kn_bc *r, union kn_bc_hardening harden) {
  if (kn_bc_targets[r->target].cf_protection)
    return r->m->harden.protect | (harden.no_cf_check ? KILN_PROTECT_DIRECT : 0u);
  uint32_t silent = r->m->harden.protect_silent;
  uint32_t sign = KILN_PROTECT_RETURN | KILN_PROTECT_RETURN_ALL;
  uint32_t what = r->m->harden.protect & KILN_PROTECT_CONTROL_STACK;
  if (!harden.branch_said) what |= silent & KILN_PROTECT_BRANCH;
  else if (harden.branch) what |= KILN_PROTECT_BRANCH;
  if (!harden.sign_said) return what | (silent & KILN_PROTECT_RETURN ? silent & sign : 0);
  if (!harden.sign) return what;
  return what | KILN_PROTECT_RETURN | (harden.sign_all ? KILN_PROTECT_RETURN_ALL : 0u);
}

bool kn_bc_harden_untracked(const struct kn_bc *r, uint32_t list) {
  const struct kn_bc_attr *a = kn_bc_attr(r, list, KN_BC_FUNC_INDEX);
  return a && a->harden.no_cf_check && kn_bc_targets[r->target].cf_protection;
}

/* Calls a function that profiles this one, as LLVM's EntryExitInstrumenter does. Where mcount cannot find the caller by
 * itself it is `told` where that is. */
static void profile(struct kn_bc *r, const char *name, bool told, bool both) {
  kiln_param params[2] = {{.type = KILN_TYPE_PTR}, {.type = KILN_TYPE_PTR}};
  kiln_value args[2];
  uint32_t n = 0;
  if (both) args[n++] = kiln_const_symbol(r->f, (kiln_symbol){r->fn.global->symbol}, 0);
  if (told || both) args[n++] = kiln_build_level(r->f, KILN_OP_RETURN_ADDR, 0);
  kiln_sig sig = kiln_sig_new(r->module, KILN_CC_C, KILN_SIG_ENTRY, params, n, NULL, 0);
  kiln_build_call(r->f, sig, kn_bc_library_callee(r, name + (name[0] == 1), sig), args, n);
}

void kn_bc_harden_enter(struct kn_bc *r) {
  unsigned k = r->fn.harden.enters;
  if (k != 0) profile(r, entered_by[k], !kn_bc_targets[r->target].cf_protection, k == 3);
}

/* LLVM returns from a naked function by the instruction alone, where its assembly does not. */
void kn_bc_harden_ret(struct kn_bc *r) {
  const char *code = kn_bc_targets[r->target].ret;
  if (code != NULL)
    kiln_build_asm(r->f, kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, NULL, 0),
                   &(kiln_asm){.bytes = code, .size_bytes = (uint32_t)strlen(code)}, NULL, 0);
  kn_bc_unreachable(r);
}

void kn_bc_harden_leave(struct kn_bc *r) { profile(r, "__cyg_profile_func_exit", false, true); }

bool kn_bc_harden_naked(const struct kn_bc *r) {
  const struct kn_bc_attr *a = kn_bc_attr(r, r->fn.global->attrs, KN_BC_FUNC_INDEX);
  return a && a->harden.naked;
}

void kn_bc_harden_function(struct kn_bc *r) {
  const struct kn_bc_attr *a = kn_bc_attr(r, r->fn.global->attrs, KN_BC_FUNC_INDEX);
  const union kn_bc_hardening none = {0}, harden = a ? a->harden : none;
  uint32_t protect = protection(r, harden);
  kiln_func_attrs attrs = kiln_func_get_attrs(r->f);
  if (harden.naked) {
    attrs.naked = r->fn.harden.naked = true;
    kiln_func_set_attrs(r->f, &attrs);
    if (kn_bc_targets[r->target].cf_protection &&
        protect & KILN_PROTECT_BRANCH) /* endbr64, as LLVM has it */
      kiln_build_asm(r->f, kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, NULL, 0),
                     &(kiln_asm){.bytes = "\xf3\x0f\x1e\xfa", .size_bytes = 4}, NULL, 0);
    return;
  }
  if (kn_bc_targets[r->target].cf_protection && harden.general) attrs.general_only = true;
  if (protect != r->m->harden.protect)
    attrs.protection = protect != 0 ? protect : KILN_PROTECT_NONE;
  attrs.no_jump_tables = harden.no_tables;
  r->fn.harden.no_tail_calls = harden.no_tail_calls;
  r->fn.harden.enters = harden.enters;
  r->fn.harden.leaves = harden.leaves;
  r->fn.harden.guard = harden.guard;
  r->fn.harden.guard_buffer = a && a->guard_buffer ? a->guard_buffer : BUFFER_DEFAULT;
  attrs.guard = (kiln_guard)r->fn.harden.guard;
  if (harden.probe || (r->m->harden.probes && !harden.no_probe)) {
    uint32_t bytes = harden.probe ? harden.probe_bytes : r->m->harden.probe_bytes;
    attrs.probe_bytes = bytes != 0 ? bytes : PAGE_DEFAULT;
  }
  kiln_func_set_attrs(r->f, &attrs);
}

void kn_bc_harden_type(const struct kn_bc *r, struct kn_bc_type *t) {
  const struct kn_bc_elem *e = r->m->elems.at + t->first;
  if (t->kind == TK_ARRAY) { /* of an array of arrays the inner ones do not count */
    const struct kn_bc_type *of = &r->types.at[e->type];
    t->has_array = 1;
    if (of->kind == TK_INT && of->bits == 8)
      t->chars = t->count < UINT32_MAX ? (uint32_t)t->count : UINT32_MAX;
    return;
  }
  for (uint32_t i = 0; i < t->n; i++) {
    const struct kn_bc_type *of = &r->types.at[e[i].type];
    t->has_array |= of->has_array;
    if (of->chars > t->chars) t->chars = of->chars;
  }
}

bool kn_bc_harden_is_array(const struct kn_bc *r, uint32_t type, int64_t count) {
  const struct kn_bc_type *t = &r->types.at[type];
  bool strong = r->fn.harden.guard != KILN_GUARD_ARRAYS;
  if (count != 1) return strong || (uint64_t)count >= r->fn.harden.guard_buffer;
  return strong ? t->has_array : t->has_array && t->chars >= r->fn.harden.guard_buffer;
}
