/* The module block: target, sections, comdats, and the order of the records and blocks inside. Called
 * once per module by reader.c. Records of global values are read by globals.c.
 * Invariant: bodies come in the order of the functions that have one. */
#include "debug/debug.h"

#include <stdlib.h>

/* ---- target ---- */

/* ud1 KIND(%eax), %eax, by its shortest encoding. */
static uint32_t trap_by_ud1(uint8_t *code, uint8_t kind) {
  const uint8_t form = kind == 0 ? 0 : kind <= INT8_MAX ? 0x40 : 0x80; /* of the displacement */
  memcpy(code, (const uint8_t[]){0x67, 0x0f, 0xb9, form, kind, 0, 0, 0}, 8);
  return form == 0 ? 4 : form == 0x40 ? 5 : 8;
}
/* brk 'U' << 8 | KIND */
static uint32_t trap_by_brk(uint8_t *code, uint8_t kind) {
  const uint32_t brk = 0xd4200000u | ('U' << 8 | (uint32_t)kind) << 5;
  for (unsigned i = 0; i < 4; i++) code[i] = (uint8_t)(brk >> 8 * i);
  return 4;
}

const struct kn_bc_target kn_bc_targets[] = {
  [KILN_PROCESSOR_X86_64] = {.i128_mark = "i128:128",
                             .ints = 3,
                             .floats = 4,
                             .x87s = 2,
                             .float_results = 2,
                             .half_results = 3,
                             .guard_source = KILN_GUARD_SOURCE_TLS,
                             .guard_offset = 0x28,
                             .f80 = KILN_TYPE_F80,
                             .cf_protection = true,
                             .ret = "\xc3",
                             .trap = trap_by_ud1,
                             .f128 = KILN_TYPE_V128,
                             .eh_return = true,
                             .half_calls = true,
                             .cx16 = true,
                             .trampoline = {4, /* mov r11, function; mov r10, chain; jmp r11 */
                                            {{0, KILN_TYPE_I16, 0xbb49},
                                             {10, KILN_TYPE_I16, 0xba49},
                                             {20, KILN_TYPE_I16, 0xff49},
                                             {22, KILN_TYPE_I8, 0xe3}},
                                            .function = 2,
                                            .chain = 12},
                             /* rdtsc; shl rdx, 32; or rax, rdx */
                             .fixed = {{9, {0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0}},
                                       /* mov rax, fs:0 */
                                       {9, {0x64, 0x48, 0x8b, 0x04, 0x25}}},
                             .saved = 0xf008,
                             .sysv = true},
  [KILN_PROCESSOR_AARCH64] = {.ret = "\xc0\x03\x5f\xd6",
                              .trap = trap_by_brk,
                              .ints = 8,
                              .floats = 8,
                              .float_results = 8,
                              .half_results = 8,
                              .f128 = KILN_TYPE_F128,
                              .aligns_args = true,
                              .short_vectors = true,
                              .sret_jumps = true,
                              .sret_in_reg = true,
                              .probes_by_flag = true,
                              .trampoline = {3, /* ldr x15, chain; ldr x17, function; br x17 */
                                             {{0, KILN_TYPE_I32, 0x5800008f},
                                              {4, KILN_TYPE_I32, 0x580000b1},
                                              {8, KILN_TYPE_I32, 0xd61f0220}},
                                             .function = 24,
                                             .chain = 16,
                                             .flushed = 12},
                              /* mrs x0, cntvct_el0; mrs x0, tpidr_el0 */
                              .fixed = {{4, {0x40, 0xe0, 0x3b, 0xd5}},
                                        {4, {0x40, 0xd0, 0x3b, 0xd5}}},
                              .saved = UINT64_C(0xff001ff80000),
                              .guard_source = KILN_GUARD_SOURCE_SYSREG},
};
_Static_assert(sizeof kn_bc_targets / sizeof *kn_bc_targets == KILN_PROCESSOR_COUNT,
               "every target has a row");

const struct kn_bc_format kn_bc_formats[KILN_FORMAT_COUNT] = {
  [KILN_FORMAT_ELF] = {.system = KILN_SYSTEM_LINUX,
                       .mangling = 'e',
                       .thread_pointer = true,
                       .vectors = UINT64_C(0x7fff) << 32},
  [KILN_FORMAT_COFF] = {.system = KILN_SYSTEM_WINDOWS,
                        .mangling = 'w',
                        .imports = true,
                        .code_view = true,
                        .directives = true,
                        .own_convention = true,
                        .saved = UINT64_C(0xffc0) << 32 | 0xc0, /* xmm6 to xmm15, rsi, rdi */
                        .vectors = UINT64_C(0xffdf) << 32},
};

/* Copies a record of characters to `out`, cut to fit. */
static void text(const struct kn_bc *r, uint32_t from, char *out, size_t size) {
  size_t n = 0;
  for (uint32_t i = from; i < r->in.ops.n && n + 1 < size; i++) out[n++] = (char)r->in.ops.at[i];
  out[n] = 0;
}

/* As in LLVM, the object has the last part of the path alone: it does not depend on the folder. */
static bool source_file(struct kn_bc *r) {
  text(r, 0, r->open->source, sizeof r->open->source);
  if (!KN_BC_ROOM(r, r->in.ops, (uint64_t)r->in.ops.n + 1)) return false;
  char *name = (char *)r->in.ops.at; /* each character takes the place of operands that were read */
  for (uint32_t i = 0; i < r->in.ops.n; i++) name[i] = (char)r->in.ops.at[i];
  name[r->in.ops.n] = 0;
  const char *slash = strrchr(name, '/');
  const kiln_status status =
    kiln_module_set_source_file(r->module, slash != NULL ? slash + 1 : name);
  return status == KILN_OK || kn_bc_fail(r, status, "out of memory");
}

bool kn_bc_triple(const struct kn_bc *r, kiln_target *out) {
  char triple[128];
  text(r, 0, triple, sizeof triple);
  if (kiln_target_find(triple, out) && kn_bc_formats[out->format].system == out->system)
    return true;
  triple[strcspn(triple, "-")] = 0;
  return kiln_target_find(triple, out);
}

static bool triple(struct kn_bc *r) {
  kiln_target t;
  char name[128];
  text(r, 0, name, sizeof name);
  /* a triple that names no environment is Microsoft's; exceptions, constructors and a program's start differ there */
  if ((strstr(name, "-windows") || strstr(name, "-win32")) && !strstr(name, "-gnu"))
    return kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                      "not implemented: target \"%s\": of Windows only the ABI of "
                      "x86_64-windows-gnu",
                      name);
  if (!kiln_target_find(name, &t))
    return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: target \"%s\"", name);
  const kiln_target own = kiln_module_get_target(r->module);
  if (t.processor != own.processor)
    return kn_bc_fail(r, KILN_ERR_ARGUMENT,
                      "the bitcode is for target %s, but the module is for %s",
                      kiln_processor_name(t.processor), kiln_processor_name(own.processor));
  if (t.system != own.system || t.format != own.format)
    return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: target \"%s\": the ABI of %s, %s",
                      name, kiln_system_name(t.system), kiln_format_name(t.format));
  const char *android = strstr(name, "-android");
  if (android != NULL && strtoul(android + 8, NULL, 10) < 29 &&
      r->open->options.tls_emulation == KILN_LLVM_TLS_EMULATION_BY_TRIPLE)
    r->open->emulated_tls = true;
  return true;
}

/* Does the data layout say that pointers of an address space are other than those of space 0? */
static bool other_pointers(const char *layout, uint64_t space) {
  for (const char *s = layout; s != NULL; s = strchr(s, '-')) {
    s += *s == '-';
    if (*s == 'p') {
      char *end;
      uint64_t n = strtoull(s + strcspn(s, "0123456789:-"), &end, 10);
      if (n == space && strncmp(end, ":64:64", 6) != 0) return true;
    } else if (strncmp(s, "ni:", 3) == 0) { /* pointers that are no numbers: n:n:... */
      for (char *at = (char *)(uintptr_t)s + 2; *at == ':';)
        if (strtoull(at + 1, &at, 10) == space) return true;
    }
  }
  return false;
}

static bool layout(struct kn_bc *r) {
  char s[256];
  text(r, 0, s, sizeof s);
  if (s[0] == 'E') return kn_bc_unsupported(r, "big-endian targets");
  const char *mangling = strstr(s, "-m:");
  if (mangling && mangling[3] != kn_bc_format_of(r)->mangling)
    return kn_bc_unsupported(r, "symbols mangled for a format other than the target's");
  if (strstr(s, "-p:32:32")) return kn_bc_unsupported(r, "32-bit pointers");
  for (uint32_t k = 0; k < r->types.n; k++) {
    const struct kn_bc_type *t = &r->types.at[k];
    if (t->kind == TK_PTR && t->ktype && t->count != 0 && other_pointers(s, t->count))
      return kn_bc_unsupported(r, "address spaces with other pointers");
  }
  r->open->has_layout = true;
  /* Before LLVM 18, x86-64's data layout aligned i128 to 8 bytes in memory. Calls pass it by the
   * ABI, which aligns it to 16. */
  const char *mark = kn_bc_targets[r->target].i128_mark;
  if (mark != NULL && !strstr(s, mark)) {
    if (r->m->globals.n) return kn_bc_malformed(r, "a data layout after the first global");
    return kn_bc_align_wide(r);
  }
  return true;
}

/* ---- names ---- */

static bool section(struct kn_bc *r) {
  uint32_t at = r->m->names.n;
  if (!KN_BC_ROOM(r, r->open->names, (uint64_t)at + r->in.ops.n + 1)) return false;
  for (uint32_t i = 0; i < r->in.ops.n; i++) r->m->names.at[at + i] = (char)r->in.ops.at[i];
  r->m->names.at[at + r->in.ops.n] = 0;
  r->open->names.n = at + r->in.ops.n + 1;
  if (memchr(r->m->names.at + at, 0, r->in.ops.n) != NULL)
    return kn_bc_unsupported(r, "a NUL in a section's name");
  /* what LLVM never loads, whatever is in it: TargetLoweringObjectFileImpl.cpp, getELFKindForNamedSection */
  static const char *const unloaded[] = {"__llvm_covdata",  "__llvm_covfun", "__llvm_covmap",
                                         "__llvm_covnames", ".llvmbc",       ".llvmcmd"};
  const char *name = r->m->names.at + at;
  for (size_t i = 0; i < sizeof unloaded / sizeof *unloaded; i++)
    if (strcmp(name, unloaded[i]) == 0)
      kiln_section_declare(r->module, name, &(kiln_section_desc){.flags = 0});
  return KN_BC_PUSH(r, r->open->sections, at);
}

/* Does the usual record of a comdat begin at `b`? C++ has one for each template's function, all in a row. */
static bool is_comdat(const struct kn_bc *r, const struct kn_bits *b) {
  const uint64_t head =
    BC_UNABBREV | (uint64_t)MODULE_COMDAT << r->in.width | UINT64_C(3) << (r->in.width + 6);
  return (kn_bits_peek(b, b->pos) & ((UINT64_C(1) << (r->in.width + 12)) - 1)) == head;
}

/* Reads the usual comdats after one. The first record that is not as expected is left to the
 * general way, which reports its errors. */
static bool more_comdats(struct kn_bc *r) {
  struct kn_bits b = r->in.bits;
  while (is_comdat(r, &b)) {
    b.pos += r->in.width + 12;
    uint64_t at = kn_bits_vbr6(&b), size = kn_bits_vbr6(&b), kind = kn_bits_vbr6(&b);
    if (b.bad || b.pos > b.end || kind != 1 || size == 0 || at > r->m->strtab_size ||
        size > r->m->strtab_size - at || size >= UINT32_MAX)
      break;
    if (!KN_BC_PUSH(r, r->open->comdats,
                    (struct kn_bc_comdat){r->m->strtab + at, (uint32_t)size, false, 0}))
      return false;
    r->in.bits.pos = b.pos;
  }
  return true;
}

void kn_bc_skip_comdats(struct kn_bc *r) {
  struct kn_bits *b = &r->in.bits;
  while (is_comdat(r, b)) {
    uint64_t pos = b->pos + r->in.width + 12;
    uint64_t ends = ~kn_bits_peek(b, pos) & KN_BITS_TOPS9; /* of its three numbers' last chunks */
    ends &= ends - 1;
    ends &= ends - 1;
    if (ends == 0) return;
    b->pos = pos + (unsigned)__builtin_ctzll(ends) + 1;
  }
}

/* LLVM's numbers of kinds in bitcode. */
enum {
  COMDAT_ANY = 1,
  COMDAT_EXACT = 2,
  COMDAT_LARGEST = 3,
  COMDAT_NO_DEDUPLICATE = 4,
  COMDAT_SAME_SIZE = 5
};

static bool comdat(struct kn_bc *r) {
  const uint64_t *op = r->in.ops.at;
  if (r->in.ops.n < 3) return kn_bc_malformed(r, "bad comdat");
  if (op[0] > r->m->strtab_size || op[1] > r->m->strtab_size - op[0] || op[1] >= UINT32_MAX)
    return kn_bc_malformed(r, "a name outside the string table");
  if (r->in.ops.n > 3 && op[3] != 0) return kn_bc_surplus(r, "comdat", 3);
  static const uint8_t choices[] = {[COMDAT_EXACT] = KILN_COMDAT_EXACT,
                                    [COMDAT_LARGEST] = KILN_COMDAT_LARGEST,
                                    [COMDAT_SAME_SIZE] = KILN_COMDAT_SAME_SIZE};
  if (op[2] < COMDAT_ANY || op[2] > COMDAT_SAME_SIZE) return kn_bc_unknown(r, "comdat", op[2]);
  const uint8_t choice = choices[op[2]];
  if (choice != KILN_COMDAT_ANY && !kn_bc_format_of(r)->imports)
    return kn_bc_unsupported(r, "comdats other than \"any\" and \"nodeduplicate\"");
  const char *name = op[1] ? r->m->strtab + op[0] : "";
  struct kn_bc_comdat c = {name, (uint32_t)op[1], op[2] == COMDAT_NO_DEDUPLICATE, choice};
  if (!KN_BC_PUSH(r, r->open->comdats, c) || !more_comdats(r)) return false;
  kiln_module_reserve(r->module, r->m->comdats.n); /* most are of one symbol, which follows */
  return true;
}

/* ---- functions ---- */

enum { FUNCTION_OPS = 18 }; /* the fewest that more_functions reads; it reads fewer than 32 */

/* Reads the usual functions after one: C++ has thousands, all in a row. The first record that is not as expected is
 * left to the general way, and so is what comes after an error of the module. */
static bool more_functions(struct kn_bc *r) {
  const uint64_t head = BC_UNABBREV | (uint64_t)MODULE_FUNCTION << r->in.width;
  const uint64_t mask = (UINT64_C(1) << (r->in.width + 6)) - 1;
  while (r->status == KILN_OK && kiln_module_status(r->module) == KILN_OK) {
    struct kn_bits b = r->in.bits;
    uint64_t w = kn_bits_peek(&b, b.pos), *op = r->in.ops.at;
    uint32_t n = w >> (r->in.width + 6) & 63;
    if ((w & mask) != head || n < FUNCTION_OPS || n >= 32 || n > r->in.ops.cap) return true;
    b.pos += r->in.width + 12;
    uint32_t k = 0;
    for (; k < 7; k++) op[k] = kn_bits_vbr6(&b);
    w = kn_bits_peek(&b, b.pos);
    if (w & (KN_BITS_TOPS9 >> 12)) return true; /* alignment to storage class: of one chunk each */
    for (unsigned i = 0; i < 7; i++) op[k++] = w >> 6 * i & 31;
    b.pos += 42;
    for (; k < n; k++) op[k] = kn_bits_vbr6(&b);
    if (b.bad || b.pos > b.end) return true;
    r->record_pos = r->in.bits.pos;
    r->in.bits.pos = b.pos;
    r->in.ops.n = n;
    if (!kn_bc_global_function(r)) return false;
  }
  return true;
}

/* ---- the block ---- */

static bool record(struct kn_bc *r) {
  switch (r->in.code) {
  case MODULE_VERSION:
    if (r->in.ops.n < 1 || r->in.ops.at[0] != 2)
      return kn_bc_unsupported(r, "bitcode of this version (only version 2 is)");
    if (r->in.ops.n > 1 && r->in.ops.at[1] != 0) return kn_bc_surplus(r, "version", 1);
    r->open->version_seen = true;
    return true;
  case MODULE_TRIPLE: return triple(r);
  case MODULE_DATALAYOUT: return layout(r);
  case MODULE_ASM: return kn_bc_module_asm(r);
  case MODULE_ASM_PROPERTY: return kn_bc_asm_property(r);
  case MODULE_SECTIONNAME: return section(r);
  case MODULE_COMDAT: return comdat(r);
  case MODULE_GLOBALVAR: return kn_bc_global_variable(r);
  case MODULE_FUNCTION: return kn_bc_global_function(r) && more_functions(r);
  case MODULE_ALIAS: return kn_bc_global_alias(r);
  case MODULE_ALIAS_OLD: return kn_bc_unsupported(r, "aliases in an old form");
  case MODULE_IFUNC: return kn_bc_global_ifunc(r);
  case MODULE_SOURCE_FILENAME: return source_file(r);
  case MODULE_DEPLIB:
  case MODULE_GCNAME: /* functions that have one are refused */
  case MODULE_VSTOFFSET:
  case MODULE_METADATA_VALUES:
  case MODULE_HASH:
  case MODULE_GUIDS: return true;
  default: return kn_bc_unknown(r, "record of a module,", r->in.code);
  }
}

/* Called when all is declared, before the first body. */
static bool declared(struct kn_bc *r) {
  r->has_debug |= r->m->has_strict;
  return kn_bc_check_flags(r) && kn_bc_define_data(r) && kn_bc_define_origin(r);
}

/* Handles a function block, which belongs to the next function that has a body: reads it, or records its position.
 * Bodies that must be ignored are skipped. */
static bool function_block(struct kn_bc *r) {
  if (!r->m->data_defined && !declared(r)) return false;
  if (r->m->next_body >= r->m->bodies.n) return kn_bc_malformed(r, "a body without a function");
  uint32_t global = r->m->bodies.at[r->open->next_body++].global;
  bool skip = r->m->globals.at[global].skip;
  if (!r->later && !skip) return kn_bc_read_function(r, global);
  if (!skip || r->m->inlining)
    r->m->bodies.at[r->open->n_noted++] = (struct kn_bc_body){r->in.bits.pos, global, .copy = skip};
  return kn_bc_skip(r);
}

/* Records the positions of consecutive function blocks from the current position on: the usual case of
 * function_block. */
static void note_bodies(struct kn_bc *r) {
  struct kn_bits b = r->in.bits;
  const uint64_t mask = (UINT64_C(1) << r->in.width) - 1;
  struct kn_bc_body *bodies = r->m->bodies.at;
  uint32_t next = r->m->next_body, noted = r->m->n_noted;
  for (; next < r->m->bodies.n; next++) {
    uint64_t w = kn_bits_peek(&b, b.pos), announced = b.pos + r->in.width + 8;
    /* a block's header: its width of abbreviation ids, here less than 8, then in the next word its length */
    if ((w & mask) != BC_ENTER_BLOCK || (w >> r->in.width & 0x8ff) != BLOCK_FUNCTION) break;
    uint64_t start = (announced + 4 + 31) & ~UINT64_C(31);
    uint64_t end = start + 32 + (kn_bits_peek(&b, start) & UINT32_MAX) * 32;
    if (end > b.end) break; /* the error is reported when the block is entered */
    uint32_t global = bodies[next].global;
    bool skip = r->m->globals.at[global].skip;
    if (!skip || r->m->inlining)
      bodies[noted++] = (struct kn_bc_body){announced, global, .copy = skip};
    b.pos = end;
  }
  r->in.bits.pos = b.pos;
  r->open->next_body = next;
  r->open->n_noted = noted;
}

static bool block(struct kn_bc *r, uint32_t id) {
  if (!r->m->version_seen && id != BLOCK_INFO)
    return kn_bc_unsupported(r, "bitcode without a version");
  switch (id) {
  case BLOCK_INFO: return kn_bc_read_blockinfo(r);
  case BLOCK_TYPE: return kn_bc_read_types(r);
  case BLOCK_PARAMATTR_GROUP: return kn_bc_read_attr_groups(r);
  case BLOCK_PARAMATTR: return kn_bc_read_attr_lists(r);
  case BLOCK_CONSTANTS:
    if (r->m->data_defined) return kn_bc_malformed(r, "constants after the functions' bodies");
    return kn_bc_read_constants(r);
  case BLOCK_METADATA:
    if (r->m->md_read) return kn_bc_skip(r);
    r->open->metadata_pos = r->in.bits.pos;
    return kn_bc_module_metadata(r);
  case BLOCK_OPERAND_BUNDLE_TAGS: r->open->bundle_tags_pos = r->in.bits.pos; return kn_bc_skip(r);
  case BLOCK_METADATA_KIND: return kn_bc_read_kinds(r);
  case BLOCK_FUNCTION: return function_block(r);
  case BLOCK_VALUE_SYMTAB:
  case BLOCK_USELIST:
  case BLOCK_MODULE_STRTAB:
  case BLOCK_SUMMARY:
  case BLOCK_FULL_LTO_SUMMARY:
  case BLOCK_SYNC_SCOPE_NAMES: return kn_bc_skip(r);
  default: return kn_bc_unknown(r, "block", id);
  }
}

bool kn_bc_read_module(struct kn_bc *r) {
  struct kn_bc_saved saved;
  uint32_t id;
  if (!kn_bc_enter(r, BLOCK_MODULE, &saved)) return false;
  kiln_module_attrs attrs = kiln_module_get_attrs(r->module);
  if (!attrs.own_library) {
    attrs.own_library = true;
    kiln_module_set_attrs(r->module, &attrs);
  }
  r->open->inlining = r->later && attrs.inlining != KILN_INLINING_OFF;
  r->open->splits = r->later && attrs.inlining >= KILN_INLINING_SMALL;
  r->open->foreign_only = attrs.inlining == KILN_INLINING_FOREIGN;
  r->open->as_is = attrs.variables == KILN_VARIABLES_AS_IS;
  r->open->emulated_tls = r->open->options.tls_emulation == KILN_LLVM_TLS_EMULATION_ON;
  for (;;) {
    if (r->m->data_defined && r->later) note_bodies(r);
    switch (kn_bc_next(r, &id)) {
    case ENTRY_ERROR: return false;
    case ENTRY_END:
      kn_bc_leave(r, &saved);
      if (!r->m->data_defined && r->status == KILN_OK) declared(r);
      if (r->status == KILN_OK && r->m->next_body != r->m->bodies.n)
        return kn_bc_malformed(r, "a function's body is missing");
      r->open->bodies.n = r->m->n_noted;
      return r->status == KILN_OK;
    case ENTRY_BLOCK:
      if (!block(r, id)) return false;
      break;
    case ENTRY_RECORD:
      if (!record(r)) return false;
      if (kiln_module_status(r->module) != KILN_OK) {
        r->status = kiln_module_status(r->module);
        return false;
      }
      break;
    }
  }
}
