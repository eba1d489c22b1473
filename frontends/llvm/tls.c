/* Thread-local variables that the compiler's library finds (kiln_llvm_options.tls_emulation), as LLVM's LowerEmuTLS and
 * gcc make them. In place of the variable X there is its control variable __emutls_v.X, four words: the size, the
 * alignment, what the library notes there, the address of the template __emutls_t.X or 0. The template is what X begins
 * as in each thread; without one that is zero. The address of X is what __emutls_get_address, of libgcc or compiler-rt,
 * returns for the control variable. Called by globals.c, data.c, constants.c and expr.c.
 * Invariant: kn_bc_module.controls has the symbols of all control variables, also such as are aliases, in ascending
 * order. */
#include "bc.h"

#include <kiln/inspect.h>

static const char control[] = "__emutls_v.", template[] = "__emutls_t.";

/* The index of the first control variable that is not below `symbol`. */
static uint32_t find(const struct kn_bc *r, uint32_t symbol) {
  uint32_t first = 0, end = r->m->controls.n;
  while (first < end) {
    const uint32_t middle = first + (end - first) / 2;
    if (r->m->controls.at[middle] < symbol) first = middle + 1;
    else end = middle;
  }
  return first;
}

static bool is_control(const struct kn_bc *r, uint32_t symbol) {
  const uint32_t i = find(r, symbol);
  return i < r->m->controls.n && r->m->controls.at[i] == symbol;
}

/* Notes a control variable, mostly the newest symbol. */
static bool note(struct kn_bc *r, uint32_t symbol) {
  const uint32_t i = find(r, symbol);
  if (symbol == 0 || is_control(r, symbol))
    return true; /* an error is reported where it is defined */
  if (!KN_BC_PUSH(r, r->open->controls, symbol)) return false;
  uint32_t *at = r->open->controls.at;
  memmove(at + i + 1, at + i, (r->m->controls.n - 1 - i) * sizeof *at);
  at[i] = symbol;
  return true;
}

bool kn_bc_is_tls(const struct kn_bc *r, uint32_t symbol) {
  if (!r->m->has_tls) return false;
  if (r->m->emulated_tls) return is_control(r, symbol);
  return kiln_symbol_get(r->module, (kiln_symbol){symbol}).desc.tls != KILN_TLS_NONE;
}

kiln_value kn_bc_tls_address(struct kn_bc *r, uint32_t symbol) {
  const kiln_type type = KILN_TYPE_PTR;
  kiln_value v = kiln_const_symbol(r->f, (kiln_symbol){symbol}, 0);
  if (r->m->emulated_tls) return kn_bc_library(r, "__emutls_get_address", &type, &v, 1, type);
  return kiln_build_unary(r->f, KILN_OP_TLS_ADDR, type, v);
}

/* Describes the variable that is called `prefix` and the name of the thread-local one, whose linkage and visibility it
 * has. If that one is in a section group, this one is in a group of its own. The caller frees the name, which is NULL
 * for one without a name. */
static bool describe(struct kn_bc *r, const char *prefix, const kiln_symbol_desc *of,
                     kiln_symbol_desc *out, char **name) {
  const size_t n = strlen(prefix), length = of->name_length;
  *out = *of;
  *name = NULL;
  out->tls = KILN_TLS_NONE;
  out->section = NULL; /* it is for data that each thread has */
  /* what is not zero cannot be common; with a weak one, too, linkers take one definition of several */
  if (out->linkage == KILN_LINKAGE_COMMON) out->linkage = KILN_LINKAGE_WEAK;
  if (length == 0) out->comdat = NULL;
  if (length == 0) return true;
  if (!(*name = kn_bc_resize(r, NULL, n + length)))
    return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  memcpy(*name, prefix, n);
  memcpy(*name + n, of->name, length);
  out->name = *name;
  out->name_length = n + length;
  if (out->comdat == NULL) return true;
  out->comdat = out->name;
  out->comdat_length = out->name_length;
  return true;
}

static void free_name(struct kn_bc *r, char *name) {
  if (name) kn_bc_resize(r, name, 0);
}

bool kn_bc_tls_declare(struct kn_bc *r, const kiln_symbol_desc *of, uint32_t *symbol) {
  kiln_symbol_desc desc;
  char *name;
  *symbol = 0;
  if (!describe(r, control, of, &desc, &name)) return false;
  desc.align_log2 = 3;
  *symbol = kiln_data_declare(r->module, &desc).id;
  free_name(r, name);
  return note(r, *symbol);
}

bool kn_bc_tls_alias(struct kn_bc *r, const struct kn_bc_global *g, const struct kn_bc_num *of,
                     uint32_t *symbol) {
  kiln_symbol_desc desc;
  char *name;
  if (!g->tls || !is_control(r, of->symbol) || of->low != 0)
    return kn_bc_unsupported(r, "an alias of a part of emulated thread-local data");
  if (!describe(r, control, &r->m->aliases.at[g->attrs], &desc, &name)) return false;
  *symbol = kiln_alias_define(r->module, &desc, (kiln_symbol){of->symbol}, 0).id;
  free_name(r, name);
  return note(r, *symbol);
}

/* Defines the template of the variable that `control` controls. */
static bool define_template(struct kn_bc *r, kiln_symbol of, const kiln_data_desc *begins,
                            kiln_symbol *out) {
  kiln_symbol_desc variable = kiln_symbol_get(r->module, of).desc, desc;
  kiln_data_desc data = *begins;
  char *name;
  if (variable.name_length > strlen(control)) {
    variable.name += strlen(control);
    variable.name_length -= strlen(control);
  }
  if (!describe(r, template, &variable, &desc, &name)) return false;
  desc.align_log2 = data.align_log2;
  data.flags = KILN_DATA_READ_ONLY;
  data.with = (kiln_symbol){0};
  *out = kiln_data_declare(r->module, &desc);
  free_name(r, name);
  return kiln_data_define(r->module, *out, &data) == KILN_OK;
}

bool kn_bc_tls_define(struct kn_bc *r, const struct kn_bc_global *g, const kiln_data_desc *begins) {
  const kiln_symbol of = {g->symbol};
  uint8_t words[4 * 8] = {0};
  kiln_reloc begin = {.offset_bytes = 3 * 8, .size_bytes = 8};
  for (unsigned i = 0; i < 8; i++) words[i] = (uint8_t)(begins->size_bytes >> 8 * i);
  for (unsigned i = 0; i < 8; i++)
    words[8 + i] = (uint8_t)((UINT64_C(1) << begins->align_log2) >> 8 * i);
  bool ok = begins->bytes == NULL || define_template(r, of, begins, &begin.symbol);
  const kiln_data_desc data = {.bytes = words,
                               .size_bytes = sizeof words,
                               .align_log2 = 3,
                               .flags = begins->flags & ~(unsigned)KILN_DATA_READ_ONLY,
                               .relocs = &begin,
                               .n_relocs = begins->bytes != NULL,
                               .with = begins->with};
  ok = ok && kiln_data_define(r->module, of, &data) == KILN_OK;
  return ok || kn_bc_fail(r, KILN_ERR_SYMBOL, "cannot define an emulated thread-local variable");
}
