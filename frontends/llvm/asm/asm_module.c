/* Module-level assembly: what the assembler makes of it is taken over into the module. The code
 * of a section is a naked function, other content an item of data, and what the assembly calls
 * them by are aliases into these. Called by data.c, when all symbols are declared. */
#include "asm/asm.h"

#include <stdio.h>

/* The section of frames, if rows of code cannot say what they are, or not exactly. */
static bool is_frames(const kiln_assembled_section *s) { return strcmp(s->name, ".eh_frame") == 0; }

static bool has_frames(const struct kn_bc *r, const kiln_assembly *a) {
  if (kn_asm_is_coff(r)) return false; /* they are data */
  for (uint32_t i = 0; i < a->n_sections; i++)
    if (is_frames(&a->sections[i])) return true;
  return false;
}

/* Does any code have rows? */
static bool has_rows(const kiln_assembly *a) {
  for (uint32_t i = 0; i < a->n_sections; i++)
    if (a->sections[i].frame != NULL) return true;
  return false;
}

/* Does the module put a function into a section of the assembly's code? No section may have frames in two tables: mold
 * does not take it. */
static bool shares_code(const kiln_module *m, const kiln_assembly *a) {
  for (uint32_t id = 1; id <= kiln_symbol_count(m); id++) {
    kiln_symbol_info is = kiln_symbol_get(m, (kiln_symbol){id});
    if (is.kind != KILN_SYMBOL_FUNC || is.desc.section == NULL) continue;
    for (uint32_t i = 0; i < a->n_sections; i++)
      if ((a->sections[i].flags & KILN_SECTION_EXEC) &&
          strcmp(a->sections[i].name, is.desc.section) == 0)
        return true;
  }
  return false;
}

/* The code of a section, as the body of `symbol`. `own`: the assembly has a table of frames. */
static bool define_code(struct kn_bc *r, kiln_symbol symbol, const kiln_assembled_section *s,
                        const kiln_symbol *items, bool own) {
  kiln_asm_reloc *relocs = kn_bc_resize(r, NULL, (s->n_relocs + (size_t)1) * sizeof *relocs);
  bool ok = relocs != NULL && s->size_bytes <= UINT32_MAX / 8;
  for (uint32_t i = 0; i < s->n_relocs && ok; i++) {
    const kiln_assembled_reloc *from = &s->relocs[i];
    relocs[i] = (kiln_asm_reloc){.offset_bytes = from->offset_bytes,
                                 .kind = from->kind,
                                 .symbol = kn_asm_referred(r, from, items, (kiln_symbol){0}),
                                 .addend = from->addend};
    ok = relocs[i].symbol.id != 0;
  }
  kiln_asm code = {.bytes = s->bytes,
                   .size_bytes = (uint32_t)s->size_bytes,
                   .relocs = relocs,
                   .n_relocs = s->n_relocs,
                   .rows = own ? NULL : s->frame,
                   .rows_bytes = own ? 0 : s->frame_bytes};
  kiln_func *f = ok ? kiln_func_begin(r->session, symbol) : NULL;
  if (f) {
    kiln_func_set_attrs(f, &(kiln_func_attrs){.naked = true, .no_rows = code.rows == NULL});
    kiln_build_asm(f, kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, NULL, 0), &code, NULL, 0);
    kiln_build_nullary(f, KILN_OP_UNREACHABLE);
    ok = true;
    if (r->sink) {
      ok = kiln_func_finish(f) == KILN_OK && r->sink(r->sink_user, f) == KILN_OK;
    } else {
      ok = kiln_func_compile(f) == KILN_OK;
    }
  }
  if (relocs) kn_bc_resize(r, relocs, 0);
  if (!ok || !f) kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory for module-level assembly");
  return ok && f;
}

static bool define_data(struct kn_bc *r, kiln_symbol symbol, const kiln_assembled_section *s,
                        const kiln_symbol *items) {
  kiln_data_desc desc;
  if (!kn_asm_data(r, s, symbol, items, (kiln_symbol){0}, &desc)) return false;
  if (!is_frames(s)) desc.flags |= KILN_DATA_USED; /* frames keep no code */
  bool ok = kiln_data_define(r->module, symbol, &desc) == KILN_OK;
  kn_asm_data_free(r, &desc);
  if (!ok) kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory for module-level assembly");
  return ok;
}

/* Makes the symbol that stands for a section's content. `own`: the assembly has a table of frames. */
static kiln_symbol declare(struct kn_bc *r, const kiln_assembled_section *s, bool own) {
  kiln_symbol_desc desc = {.linkage = KILN_LINKAGE_PRIVATE, .comdat = s->group, .body = true};
  kiln_section_desc said;
  kn_asm_where(r, s, &desc, &said);
  if (s->tls) desc.tls = KILN_TLS_GENERAL_DYNAMIC;
  /* not that of functions that name no section: shares_code */
  if (own && s->flags & KILN_SECTION_EXEC) desc.section = s->name;
  if (desc.section && kiln_section_declare(r->module, s->name, &said) != KILN_OK)
    return (kiln_symbol){0};
  if (!(s->flags & KILN_SECTION_EXEC)) return kiln_data_declare(r->module, &desc);
  desc.align_log2 = s->align_log2;
  return kiln_func_declare(r->module, &desc,
                           kiln_sig_new(r->module, KILN_CC_C, 0, NULL, 0, NULL, 0));
}

/* The symbol of a name that the assembly does not place, which may be declared already. What the assembly does not
 * define keeps what the assembly says nothing of. */
static kiln_symbol declare_name(struct kn_bc *r, const kiln_assembled_symbol *s,
                                kiln_symbol_desc *desc) {
  kiln_symbol found = kiln_symbol_lookup(r->module, s->name);
  kiln_symbol_info is = kiln_symbol_get(r->module, found);
  if (!found.id || is.kind == KILN_SYMBOL_UNKNOWN) return kiln_data_declare(r->module, desc);
  if (s->kind == KILN_ASSEMBLED_UNDEFINED) {
    if (!s->weak) desc->linkage = is.desc.linkage;
    if (s->visibility == KILN_VISIBILITY_DEFAULT) desc->visibility = is.desc.visibility;
  }
  bool local = is.desc.linkage == KILN_LINKAGE_INTERNAL || is.desc.linkage == KILN_LINKAGE_PRIVATE;
  bool changes = s->kind != KILN_ASSEMBLED_UNDEFINED || desc->linkage != is.desc.linkage ||
                 desc->visibility != is.desc.visibility;
  bool func = is.kind == KILN_SYMBOL_FUNC && s->kind != KILN_ASSEMBLED_UNDEFINED;
  bool own = is.defined || local || is.desc.linkage == KILN_LINKAGE_LINKONCE;
  if (func || (is.desc.tls != KILN_TLS_NONE) != s->tls || (changes && own)) {
    kn_bc_fail(
      r, KILN_ERR_UNSUPPORTED,
      "module-level assembly changes '%.100s', which the module defines or declares otherwise",
      s->name);
    return (kiln_symbol){0};
  }
  if (!changes) return found;
  kiln_status status = kiln_symbol_set_linkage(r->module, found, desc->linkage, desc->visibility);
  return status == KILN_OK ? found : (kiln_symbol){0};
}

/* An ifunc's resolver is a function, and the section's code is another one. */
static kiln_symbol define_place(struct kn_bc *r, const kiln_assembled_symbol *s,
                                kiln_symbol_desc *desc, kiln_symbol item) {
  if (s->kind != KILN_ASSEMBLED_RESOLVER)
    return kiln_alias_define(r->module, desc, item, (int64_t)s->offset_bytes);
  const kiln_symbol_desc own = {.linkage = KILN_LINKAGE_PRIVATE};
  kiln_symbol place = kiln_alias_define(r->module, &own, item, (int64_t)s->offset_bytes);
  desc->resolver = true;
  return place.id ? kiln_alias_define(r->module, desc, place, 0) : place;
}

static bool define_name(struct kn_bc *r, const kiln_assembly *a, const kiln_assembled_symbol *s,
                        const kiln_symbol *items) {
  kiln_symbol_desc desc;
  kn_asm_name(r, s, &desc);
  if (s->kind == KILN_ASSEMBLED_NUMBER && !s->global && !kiln_symbol_lookup(r->module, s->name).id)
    return true; /* the assembler has used it */
  bool placed = s->kind == KILN_ASSEMBLED_PLACE || s->kind == KILN_ASSEMBLED_RESOLVER;
  bool tls = placed ? a->sections[s->section].tls : s->tls;
  if (!tls) desc.tls = KILN_TLS_NONE;
  else if (desc.tls == KILN_TLS_NONE) desc.tls = KILN_TLS_GENERAL_DYNAMIC;
  if (s->kind == KILN_ASSEMBLED_COMMON) desc.linkage = KILN_LINKAGE_COMMON;
  const char *group = placed && kn_asm_is_coff(r) ? a->sections[s->section].group : NULL;
  if (group && strcmp(group, s->name) == 0) desc.comdat = group; /* it names the group */
  kiln_symbol symbol =
    placed ? define_place(r, s, &desc, items[s->section]) : declare_name(r, s, &desc);
  kiln_data_desc data = {.size_bytes = s->size_bytes, .align_log2 = s->align_log2};
  if (s->kind == KILN_ASSEMBLED_NUMBER)
    data = (kiln_data_desc){.size_bytes = s->offset_bytes, .flags = KILN_DATA_ABSOLUTE};
  if (symbol.id && (s->kind == KILN_ASSEMBLED_COMMON || s->kind == KILN_ASSEMBLED_NUMBER))
    kiln_data_define(r->module, symbol, &data);
  if (r->status == KILN_OK) r->status = kiln_module_status(r->module);
  return symbol.id && r->status == KILN_OK;
}

bool kn_bc_define_assembly(struct kn_bc *r) {
  uint32_t size = r->m->assembly.n / 2; /* the second half is for the assembler */
  kiln_assembly a = {.text = r->m->assembly.at + size, .text_bytes = size - 1, .whole = true};
  if (kiln_module_assemble(r->module, &a, 1) != KILN_OK)
    return kn_bc_unsupported(r, "module-level assembly, since the assembler has failed");
  if (a.error) return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "module-level assembly: %s", a.error);
  bool own = has_frames(r, &a), jit = own && kiln_module_is_jit(r->module);
  bool shared = own && shares_code(r->module, &a);
  if ((jit || shared) && has_rows(&a)) own = false; /* these say all but where code has no frame */
  if (own && jit)
    return kn_bc_unsupported(r, "module-level assembly with frames of this kind, in memory");
  if (own && shared)
    return kn_bc_unsupported(
      r, "module-level assembly with frames of this kind, in a section that functions are in");
  kiln_symbol *items = kn_bc_resize(r, NULL, (a.n_sections + (size_t)1) * sizeof *items);
  bool ok = items != NULL;
  for (uint32_t i = 0; i < a.n_sections && ok; i++) {
    const bool left_out = !own && !kn_asm_is_coff(r) && is_frames(&a.sections[i]);
    items[i] = left_out ? (kiln_symbol){0} : declare(r, &a.sections[i], own);
    ok = left_out || items[i].id != 0;
  }
  for (uint32_t i = 0; i < a.n_symbols && ok; i++) ok = define_name(r, &a, &a.symbols[i], items);
  for (uint32_t i = 0; i < a.n_sections && ok; i++)
    ok = items[i].id == 0 ? true
         : a.sections[i].flags & KILN_SECTION_EXEC
           ? define_code(r, items[i], &a.sections[i], items, own)
           : define_data(r, items[i], &a.sections[i], items);
  if (items) kn_bc_resize(r, items, 0);
  if (!ok) kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory for module-level assembly");
  return ok;
}
