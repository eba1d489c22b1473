/* The steps of loading an object: load.h. Sections first, since symbols are places in them; then symbols; then code
 * and data with their relocations, which refer to symbols; last what belongs to functions.
 * Invariant: the linker finds nothing in the session's output that it does not find in that of a compiled module. */
#include "lib/jit/load/load.h"

#include "base/bytes.h"
#include "ir/module/session_state.h"
#include "ir/reloc_kinds.h"
#include "lib/dwarf/dwarf_sections.h"
#include "lib/image/frames.h"
#include "targets/target.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool kn_jit_load_refuse(struct kn_jit_loaded *o, kiln_status status, const char *format, ...) {
  char text[200];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return KN_JIT_FAIL(false, o->error, status, "the object cannot be loaded: %s", text);
}

bool kn_jit_load_failed(struct kn_jit_loaded *o) {
  if (o->m == NULL || kiln_module_status(o->m) == KILN_OK) return kn_jit_no_memory(o->error);
  const kiln_diag *d = kiln_module_diag(o->m);
  return kn_jit_load_refuse(o, d->status, "%s", d->message);
}

uint64_t kn_jit_loaded_size(const struct kn_jit_loaded *o, uint32_t symbol) {
  const uint32_t k = KN_COUNT_BEFORE(j, o->n_data, o->data[j].symbol < symbol);
  return k < o->n_data && o->data[k].symbol == symbol ? o->data[k].size : 0;
}

/* ---- sections ---- */

static bool begins(const char *name, const char *with) {
  return strncmp(name, with, strlen(with)) == 0;
}

/* Of a debug section that debuggers of code in memory read, its number + 1. */
static unsigned debug_of(const char *name) {
  for (unsigned k = 0; k <= KN_DS_FRAME; k++)
    if (strcmp(name, kn_dwarf_section_name(k)) == 0) return k + 1;
  return 0;
}

/* What the rules of the format say of the section; data if they say nothing. */
static unsigned rule_of(const struct kn_jit_loaded *o, const struct kn_read_section *s) {
  for (const struct kn_jit_section_rule *r = o->format->rules; r->name != NULL; r++)
    if (r->more ? begins(s->name, r->name) : strcmp(s->name, r->name) == 0)
      return r->is >= KN_JIT_OF_FRAMES && r->is <= KN_JIT_OF_ROOTS && s->bytes == NULL
               ? KN_JIT_OF_DATA
               : r->is;
  return KN_JIT_OF_DATA;
}

static bool classify(struct kn_jit_loaded *o, uint32_t i) {
  const struct kn_read_section *s = o->read.sections + i;
  struct kn_jit_loaded_section *to = o->sections + i;
  const unsigned debug = debug_of(s->name);
  if (strcmp(s->name, ".note.GNU-stack") == 0 && (s->flags & SHF_EXECINSTR) != 0)
    return kn_jit_load_refuse(o, KILN_ERR_UNSUPPORTED, "it wants code on the stack");
  if ((s->flags & SHF_ALLOC) == 0) {
    to->is = debug != 0 && s->bytes != NULL && (s->flags & 0x800) == 0 /* SHF_COMPRESSED */
               ? KN_JIT_OF_DEBUG
               : KN_JIT_LEFT_OUT;
    to->debug = (uint8_t)(debug - 1);
    return true;
  }
  to->is = (uint8_t)rule_of(o, s);
  if (to->is == KN_JIT_REFUSED)
    return kn_jit_load_refuse(o, KILN_ERR_UNSUPPORTED, "section '%.100s'", s->name);
  to->writable = (s->flags & SHF_WRITE) != 0 && !begins(s->name, ".data.rel.ro");
  if ((s->flags & SHF_EXECINSTR) == 0) return true;
  to->is = KN_JIT_OF_CODE;
  return (s->bytes != NULL && (s->flags & (SHF_WRITE | SHF_TLS)) == 0) ||
         kn_jit_load_refuse(o, KILN_ERR_UNSUPPORTED, "the code in section '%.100s' is no code",
                            s->name);
}

/* Appends the code of a section to the session's. */
static bool add_code(struct kn_jit_loaded *o, uint32_t i) {
  const struct kn_read_section *s = o->read.sections + i;
  struct kn_output *out = o->s->out;
  const uint64_t align = UINT64_C(1) << s->align_log2;
  const uint64_t at = kn_align_up(out->code.n, align < 16 ? 16 : align);
  if (at + s->size > UINT32_MAX / 4)
    return kn_jit_load_refuse(o, KILN_ERR_LIMIT, "its code is larger than 1 GiB");
  if (!KN_ROOM(o->m, out->code, at + s->size - out->code.n)) return kn_jit_load_failed(o);
  if (at != out->code.n) /* without code there may be no memory */
    memset(out->code.at + out->code.n, o->machine->fill, (size_t)(at - out->code.n));
  if (s->size != 0) memcpy(out->code.at + at, s->bytes, (size_t)s->size);
  out->code.n = (uint32_t)(at + s->size);
  o->sections[i].at = (uint32_t)at;
  const kiln_symbol_desc desc = {.linkage = KILN_LINKAGE_INTERNAL};
  const kiln_sig sig = kiln_sig_parse(o->m, "()");
  const uint32_t id = o->sections[i].base = kiln_func_declare(o->m, &desc, sig).id;
  if (id == 0 || !kn_symbol_define_func(o->m, id) ||
      !KN_PUSH(o->m, out->labels, (struct kn_code_label){id, (uint32_t)at}))
    return kn_jit_load_failed(o);
  return true;
}

/* Whether the linker and constructors go by the section's name. */
static bool is_named(const struct kn_jit_loaded *o, const struct kn_read_section *s) {
  const bool starts = s->type == SHT_INIT_ARRAY || s->type == SHT_FINI_ARRAY;
  const bool array = begins(s->name, ".init_array") || begins(s->name, ".fini_array");
  return starts || (array && o->format->has_arrays) ||
         s->name[strspn(s->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789_")] == 0;
}

/* Declares the data of a section, which is one item. */
static bool declare_data(struct kn_jit_loaded *o, uint32_t i) {
  const struct kn_read_section *s = o->read.sections + i;
  const bool tls = (s->flags & SHF_TLS) != 0;
  const kiln_symbol_desc desc = {.linkage = KILN_LINKAGE_INTERNAL,
                                 .tls = tls ? KILN_TLS_GENERAL_DYNAMIC : KILN_TLS_NONE,
                                 .section = !tls && is_named(o, s) ? s->name : NULL};
  if (s->type == SHT_INIT_ARRAY || s->type == SHT_FINI_ARRAY) {
    const kiln_section_desc said = {.flags = KILN_SECTION_ALLOC | KILN_SECTION_WRITE,
                                    .kind = s->type == SHT_INIT_ARRAY ? KILN_SECTION_INIT
                                                                      : KILN_SECTION_FINI};
    if (kiln_section_declare(o->m, s->name, &said) != KILN_OK) return kn_jit_load_failed(o);
  }
  o->sections[i].base = kiln_data_declare(o->m, &desc).id;
  return o->sections[i].base != 0 || kn_jit_load_failed(o);
}

static bool load_sections(struct kn_jit_loaded *o) {
  uint64_t debug_at[KN_DS_COUNT] = {0};
  o->sections = kn_arena_zero(&o->arena, o->read.n_sections * sizeof *o->sections, 8);
  if (o->sections == NULL) return kn_jit_no_memory(o->error);
  for (uint32_t i = 1; i < o->read.n_sections; i++) {
    if (!classify(o, i)) return false;
    if (o->sections[i].is == KN_JIT_OF_CODE && !add_code(o, i)) return false;
    if (o->sections[i].is == KN_JIT_OF_DATA && !declare_data(o, i)) return false;
    if (o->sections[i].is != KN_JIT_OF_DEBUG) continue;
    uint64_t *at = debug_at + o->sections[i].debug;
    o->sections[i].at = (uint32_t)*at;
    if ((*at += o->read.sections[i].size) > UINT32_MAX)
      return kn_jit_load_refuse(o, KILN_ERR_LIMIT, "its debug sections are too large");
  }
  return true;
}

/* ---- code and data ---- */

/* Reports a relocation that cannot be applied. */
static bool refuse_reloc(struct kn_jit_loaded *o, const struct kn_read_section *s,
                         const struct kn_read_reloc *r, const char *why) {
  const char *name = kiln_reloc_name((kiln_reloc_kind)r->kind);
  char number[24];
  snprintf(number, sizeof number, "number %u", r->kind - KILN_RELOC_FORMAT);
  return kn_jit_load_refuse(
    o, KILN_ERR_UNSUPPORTED, "the relocation %s at 0x%llx of section '%.60s' %s",
    name != NULL ? name : number, (unsigned long long)r->offset, s->name, why);
}

/* Whether a relocation and its symbol agree on thread-local data; the symbol, or 0, with an error. */
static uint32_t symbol_of(struct kn_jit_loaded *o, const struct kn_read_section *s,
                          const struct kn_read_reloc *r) {
  const struct kn_reloc_facts *facts = kn_reloc_facts(r->kind);
  const uint32_t id = o->symbols[r->symbol];
  const bool tls = facts->to >= KN_TO_TLS_PAIR;
  if (facts->to == KN_TO_UNKNOWN) return refuse_reloc(o, s, r, "is of no kind that the JIT knows");
  if (id == 0) return refuse_reloc(o, s, r, "refers to what is not loaded");
  if (tls != (kn_symbol(o->m, id)->tls != KILN_TLS_NONE) && facts->field != KN_FIELD_NOTHING)
    return refuse_reloc(
      o, s, r, tls ? "is against what is not thread-local" : "is against thread-local data");
  return id;
}

static bool code_relocs(struct kn_jit_loaded *o, uint32_t i) {
  const struct kn_read_section *s = o->read.sections + i;
  struct kn_output *out = o->s->out;
  for (uint32_t k = 0; k < s->n_relocs; k++) {
    const struct kn_read_reloc *r = s->relocs + k;
    const uint32_t id = symbol_of(o, s, r);
    if (id == 0) return false;
    if (r->addend != (int32_t)r->addend) return refuse_reloc(o, s, r, "has too large an addend");
    const struct kn_code_reloc reloc = {.offset = (uint32_t)(o->sections[i].at + r->offset),
                                        .symbol = id,
                                        .kind = r->kind,
                                        .addend = (int32_t)r->addend};
    if (!KN_PUSH(o->m, out->relocs, reloc)) return kn_jit_load_failed(o);
  }
  return true;
}

/* Translates a relocation of data; a distance is one from the start of the data. */
static bool data_reloc(struct kn_jit_loaded *o, uint32_t i, const struct kn_read_reloc *r,
                       kiln_reloc *to) {
  const struct kn_read_section *s = o->read.sections + i;
  const bool wide = r->kind == KILN_RELOC_ABS64 || r->kind == KILN_RELOC_REL64;
  const bool distance = r->kind == KILN_RELOC_REL32 || r->kind == KILN_RELOC_REL64;
  if (!wide && !distance && r->kind != KILN_RELOC_ABS32)
    return refuse_reloc(o, s, r, "is of no kind that data in memory can have");
  const uint32_t id = symbol_of(o, s, r);
  *to = (kiln_reloc){
    .offset_bytes = r->offset, .symbol = {id}, .addend = r->addend, .size_bytes = wide ? 8 : 4};
  if (distance) {
    to->relative_to.id = o->sections[i].base;
    to->addend = (int64_t)((uint64_t)r->addend - r->offset);
  }
  return id != 0;
}

static bool define_data(struct kn_jit_loaded *o, uint32_t i) {
  const struct kn_read_section *s = o->read.sections + i;
  const struct kn_jit_loaded_section *is = o->sections + i;
  kiln_reloc *relocs = kn_arena_alloc(&o->arena, s->n_relocs * sizeof *relocs + 1, 8);
  if (relocs == NULL) return kn_jit_no_memory(o->error);
  for (uint32_t k = 0; k < s->n_relocs; k++)
    if (!data_reloc(o, i, s->relocs + k, relocs + k)) return false;
  const kiln_data_desc desc = {
    .bytes = s->bytes,
    .size_bytes = s->size,
    .align_log2 = s->align_log2,
    .flags = is->writable || (s->flags & SHF_TLS) != 0 ? 0 : KILN_DATA_READ_ONLY,
    .relocs = relocs,
    .n_relocs = s->n_relocs,
    .with = {s->group != NULL ? o->symbols[s->group_symbol] : 0}};
  return kiln_data_define(o->m, (kiln_symbol){is->base}, &desc) == KILN_OK || kn_jit_load_failed(o);
}

/* The priority of the constructors of a section: 65535, or what its name says. */
static uint32_t priority_of(const char *name) {
  const char *dot = strchr(name + 1, '.');
  const unsigned long n = dot != NULL ? strtoul(dot + 1, NULL, 10) : 0;
  return n < 65535 ? 65535 - (uint32_t)n : 0;
}

/* Adds the constructors, or destructors, of a section, whose words are in the opposite order. */
static bool add_starts(struct kn_jit_loaded *o, uint32_t i) {
  const struct kn_read_section *s = o->read.sections + i;
  kiln_ctor_desc desc = {.priority = priority_of(s->name),
                         .has_priority = true,
                         .at_exit = begins(s->name, ".dtors"),
                         .with = {s->group != NULL ? o->symbols[s->group_symbol] : 0}};
  if (s->size % 8 != 0 || s->n_relocs != s->size / 8)
    return kn_jit_load_refuse(o, KILN_ERR_SYNTAX, "section '%.100s' is damaged", s->name);
  for (uint32_t k = s->n_relocs; k-- > 0;) {
    const struct kn_read_reloc *r = s->relocs + k;
    if (r->kind != KILN_RELOC_ABS64 || r->offset != 8 * (uint64_t)k)
      return refuse_reloc(o, s, r, "is none of a constructor");
    desc.func.id = kn_jit_load_place(o, r);
    if (desc.func.id == 0) return false;
    if (kiln_ctor_add(o->m, &desc) != KILN_OK) return kn_jit_load_failed(o);
  }
  return true;
}

static bool load_content(struct kn_jit_loaded *o) {
  for (uint32_t i = 1; i < o->read.n_sections; i++) {
    if (o->sections[i].is == KN_JIT_OF_CODE && !code_relocs(o, i)) return false;
    if (o->sections[i].is == KN_JIT_OF_DATA && !define_data(o, i)) return false;
  }
  for (uint32_t i = o->read.n_sections; i-- > 1;)
    if (o->sections[i].is == KN_JIT_OF_STARTS && !add_starts(o, i)) return false;
  return true;
}

/* ---- the whole ---- */

static const struct kn_jit_format *const formats[KILN_FORMAT_COUNT] = {
  [KILN_FORMAT_ELF] = &kn_jit_elf, [KILN_FORMAT_COFF] = &kn_jit_coff};

bool kn_jit_load(struct kn_jit_loaded *o, const kiln_jit *jit, const void *bytes, size_t size,
                 kiln_jit_error *error) {
  const struct kn_jit_format *format = formats[jit->format];
  const kiln_module_options options = {
    .name = "object",
    .target = {.processor = jit->processor, .system = format->system},
    .jit = true,
    .allocator = jit->options.allocator};
  *o = (struct kn_jit_loaded){.error = error, .format = format, .machine = jit->machine};
  kn_arena_init(&o->arena, &jit->options.allocator);
  o->read = (struct kn_read_object){
    .bytes = bytes, .size = size, .processor = jit->processor, .arena = &o->arena};
  if (!format->read(&o->read))
    return o->read.why[0] != 0 ? kn_jit_load_refuse(o, KILN_ERR_SYNTAX, "%s", o->read.why)
                               : kn_jit_no_memory(error);
  o->m = kiln_module_new(&options);
  o->s = kiln_session_new(o->m);
  if (o->s == NULL) return kn_jit_load_failed(o);
  return load_sections(o) && kn_jit_load_symbols(o) && load_content(o) && kn_jit_load_frames(o) &&
         kn_jit_load_roots(o);
}

void kn_jit_loaded_free(struct kn_jit_loaded *o) {
  kiln_session_free(o->s);
  kiln_module_free(o->m);
  kn_arena_free(&o->arena);
}
