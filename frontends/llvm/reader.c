/* The public entry points of the bitcode reader but those of fork.c: finds the blocks of a file, checks
 * versions, and frees what a read made; also reports the errors of all files.
 * Invariant: whatever a file contains, a read ends with a status and leaks no memory. */
#include "decoder.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- errors ---- */

bool kn_bc_fail(struct kn_bc *r, kiln_status status, const char *message, ...) {
  if (r->status != KILN_OK) return false;
  r->status = status;
  uint64_t at = r->record_pos;
  r->in.bits.end = r->in.bits.fast = 0; /* ends every loop over records */
  if (!r->module) return false;
  /* If the module has an error, this one is a consequence of it, unless that is from a function of another thread. */
  if (!r->silent && kiln_module_status(r->module) != KILN_OK)
    return r->status = kiln_module_status(r->module), false;
  kiln_diag d = {.status = status, .has = KILN_DIAG_BIT_OFFSET, .bit_offset = at};
  va_list ap;
  int n = 0; /* characters before the message */
  if (r->operation && *r->operation)
    n = snprintf(d.message, sizeof d.message, "%.100s: ", r->operation);
  va_start(ap, message);
  vsnprintf(d.message + n, sizeof d.message - (size_t)n, message, ap);
  va_end(ap);
  if (r->f) {
    kiln_symbol_info info = kiln_symbol_get(r->module, kiln_func_symbol(r->f));
    if (info.desc.name) snprintf(d.function, sizeof d.function, "%s", info.desc.name);
    d.has |= KILN_DIAG_BLOCK | KILN_DIAG_INST;
    d.block = r->fn.bb;
    d.inst = kiln_func_next_inst(r->f);
    kiln_func_fill_diag(r->f, &d);
  } else if (r->m->declared && r->m->declared->name) {
    snprintf(d.function, sizeof d.function, "%.*s",
             r->m->declared->name_length < sizeof d.function ? (int)r->m->declared->name_length
                                                             : (int)sizeof d.function - 1,
             r->m->declared->name);
  }
  if (!r->silent) {
    kiln_module_fail_diag(r->module, &d);
    return false;
  }
  r->diag = d;
  /* so that the function does not report errors that follow from this one */
  if (r->f) kiln_func_fail(r->f, status, d.message);
  return false;
}

bool kn_bc_unsupported(struct kn_bc *r, const char *what) {
  return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: %s", what);
}

bool kn_bc_unknown(struct kn_bc *r, const char *what, uint64_t number) {
  return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: unknown %s number %llu", what,
                    (unsigned long long)number);
}

bool kn_bc_surplus(struct kn_bc *r, const char *record, unsigned i) {
  return kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                    "not implemented: unknown operand %u in a record for %s", i, record);
}

bool kn_bc_unknown_flags(struct kn_bc *r, const char *of, uint64_t flags, uint64_t known) {
  const int bit = __builtin_ctzll(flags & ~known);
  return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: unknown flag %d of %s", bit, of);
}

bool kn_bc_refuse(struct kn_bc *r, const struct kn_bc_support *row) {
  if (row->verdict == SUPPORT_UNKNOWN)
    return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: unknown %s %s",
                      kn_bc_support_kinds[row->kind], row->name);
  return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: %s \"%s\"",
                    kn_bc_support_kinds[row->kind], row->name);
}

bool kn_bc_malformed(struct kn_bc *r, const char *what) {
  if (r->operation) return kn_bc_fail(r, KILN_ERR_ARGUMENT, "%s", what);
  return kn_bc_fail(r, KILN_ERR_SYNTAX, "malformed bitcode: %s", what);
}

void kn_bc_free(struct kn_bc *r) {
  kn_bc_memory_reset(r, &r->body_memory, false);
  kn_bc_memory_reset(r, &r->memory, false);
}

/* ---- the file ---- */

static uint32_t word(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

enum { RAW_MAGIC = 0xdec04342u, WRAPPER_MAGIC = 0x0b17c0deu };

bool kiln_llvm_is_bitcode(const void *bytes, size_t size) {
  if (!bytes || size < 4) return false;
  uint32_t magic = word(bytes);
  return magic == RAW_MAGIC || magic == WRAPPER_MAGIC;
}

/* Sets the stream to the raw bitcode within `bytes`. */
static bool open_stream(struct kn_bc *r, const uint8_t *bytes, size_t size) {
  if (size >= 20 && word(bytes) == WRAPPER_MAGIC) {
    uint64_t offset = word(bytes + 8), length = word(bytes + 12);
    if (offset < 20 || offset > size || length > size - offset)
      return kn_bc_malformed(r, "the wrapper's offset or size is out of range");
    bytes += offset;
    size = (size_t)length;
  }
  if (size < 8 || word(bytes) != RAW_MAGIC) return kn_bc_malformed(r, "no bitcode");
  r->in.decoder = kn_bc_decoder(r->open ? r->open->options.decoder : KILN_LLVM_DECODER_PLAIN, size);
  r->in.bits = (struct kn_bits){.data = bytes, .pos = 32, .end = (uint64_t)size / 4 * 32};
  if (size >= 16) r->in.bits.fast = ((uint64_t)size - 8) * 8;
  return true;
}

/* The major version of LLVM that wrote the module, by the text in r->in.ops ("LLVM23.1.0"); 0: it says otherwise. */
static unsigned writer(const struct kn_bc *r) {
  static const char llvm[] = "LLVM";
  unsigned version = 0;
  for (uint32_t i = 0; i < r->in.ops.n; i++) {
    const uint64_t c = r->in.ops.at[i];
    if (llvm[i < 4 ? i : 4] != 0 ? c != (uint64_t)llvm[i] : c < '0' || c > '9' || version > 1000)
      return i < 4 ? 0 : version;
    if (i >= 4) version = version * 10 + (unsigned)(c - '0');
  }
  return version;
}

/* Was it rustc? Its LLVM's version is followed by "-rust". */
static bool by_rustc(const struct kn_bc *r) {
  static const char rust[] = "-rust";
  size_t same = 0;
  for (uint32_t i = 0; i < r->in.ops.n && rust[same] != 0; i++)
    same = r->in.ops.at[i] == (uint64_t)rust[same] ? same + 1 : r->in.ops.at[i] == '-';
  return rust[same] == 0;
}

/* A record of the identification block: who wrote the module; the epoch, which must be 0. */
static bool identification(struct kn_bc *r) {
  enum { STRING = 1, EPOCH = 2 };
  if (r->in.code == STRING) {
    const unsigned version = writer(r);
    r->open->is_newer = version > KILN_LLVM_NEWEST;
    /* Functions return fp128 in xmm0 before LLVM 23, then in memory (llvm-project #204887). So it is in rustc's own
     * library of helpers. C's is libgcc, where it always is in memory (GCC's bug 115054). */
    r->open->quad_in_memory = version >= 23;
    r->open->quad_in_vector = version < 23 && by_rustc(r);
  }
  if (r->in.code != EPOCH || (r->in.ops.n > 0 && r->in.ops.at[0] == 0)) return true;
  return kn_bc_unsupported(r, "bitcode of another epoch");
}

/* A record of the string table. */
static bool strtab(struct kn_bc *r) {
  if (!r->in.blob) return true;
  r->open->strtab = (const char *)r->in.blob;
  r->open->strtab_size = r->in.blob_size;
  return true;
}

/* Scans the blocks at the top level: finds the position of the module's block and reads the string table, which
 * follows it. */
static bool top_level(struct kn_bc *r, uint64_t *module_pos) {
  struct kn_bits *b = &r->in.bits;
  r->in.width = 2;
  r->in.scope_info = UINT32_MAX;
  while (b->end - b->pos >= 64) {
    r->record_pos = b->pos;
    unsigned id = (unsigned)kn_bits_fixed(b, 2);
    uint64_t block = kn_bits_vbr(b, 8);
    if (id == 0 && *module_pos) return true; /* padding */
    if (id != BC_ENTER_BLOCK) return kn_bc_malformed(r, "no block at the top level");
    if (block == BLOCK_IDENTIFICATION) {
      if (!kn_bc_each(r, BLOCK_IDENTIFICATION, KN_BC_ANY_CODE, identification)) return false;
    } else if (block == BLOCK_STRTAB) {
      if (!kn_bc_each(r, BLOCK_STRTAB, 1, strtab)) return false;
    } else {
      if (block == BLOCK_MODULE) {
        if (*module_pos) return kn_bc_unsupported(r, "several modules in one file");
        *module_pos = b->pos;
      } else if (block != BLOCK_SYMTAB) {
        return kn_bc_unknown(r, "block", block);
      }
      if (!kn_bc_skip(r)) return false;
    }
    if (b->pos > b->end) return kn_bc_malformed(r, "the file is truncated");
  }
  if (!*module_pos) return kn_bc_malformed(r, "no module");
  return true;
}

/* ---- public ---- */

bool kiln_llvm_find_target(const void *bytes, size_t size, kiln_target *out) {
  struct kn_bc_module m = {0};
  struct kn_bc r = {.m = &m, .open = &m};
  uint64_t module_pos = 0;
  bool found = false;
  uint32_t block;
  struct kn_bc_saved saved;
  if (bytes && out && open_stream(&r, bytes, size) && top_level(&r, &module_pos)) {
    r.in.bits.pos = module_pos;
    if (kn_bc_enter(&r, BLOCK_MODULE, &saved)) {
      for (bool more = true; more && !found;) {
        kn_bc_skip_comdats(&r); /* they come before the triple */
        switch (kn_bc_next_of(&r, MODULE_TRIPLE, &block)) {
        case ENTRY_BLOCK:
          more = block == BLOCK_INFO ? kn_bc_read_blockinfo(&r) : kn_bc_skip(&r);
          break;
        case ENTRY_RECORD: found = kn_bc_triple(&r, out); /* fall through */
        case ENTRY_END:
        case ENTRY_ERROR: more = false;
        }
      }
    }
  }
  kn_bc_free(&r);
  kn_bc_memory_reset(&r, &m.memory, false);
  return found;
}

/* Makes `r` a reader of `bytes`, which reads into `m`, and reads the module. */
static kiln_status read_module(struct kn_bc *r, struct kn_bc_module *m, const void *bytes,
                               size_t size, const kiln_llvm_options *options) {
  r->m = r->open = m;
  r->module = kiln_session_module(r->session);
  r->allocator = kiln_module_get_allocator(r->module);
  if (kiln_module_status(r->module) != KILN_OK) return r->status = kiln_module_status(r->module);
  r->target = kiln_module_processor(r->module);
  if (options) m->options = *options;
  uint64_t unknown = 0;
  for (size_t i = 0; i < sizeof m->options.reserved / sizeof *m->options.reserved; i++)
    unknown |= m->options.reserved[i];
  if (unknown != 0 || (unsigned)m->options.decoder >= KILN_LLVM_DECODER_COUNT ||
      (unsigned)m->options.tls_emulation >= KILN_LLVM_TLS_EMULATION_COUNT) {
    kn_bc_fail(r, KILN_ERR_ARGUMENT, "an option of the reader is out of range");
    return r->status;
  }
  m->ptr_type = m->bool_type = UINT32_MAX;
  if (!KN_BC_PUSH(r, m->attrs, (struct kn_bc_attr){0}) ||
      !KN_BC_PUSH(r, m->attr_lists, (struct kn_bc_attr_list){0}) || !KN_BC_PUSH(r, m->lists, 0))
    return r->status;
  uint64_t module_pos = 0;
  if (!bytes) {
    kn_bc_fail(r, KILN_ERR_ARGUMENT, "no bitcode given");
  } else if (open_stream(r, bytes, size) && top_level(r, &module_pos)) {
    r->in.bits.pos = module_pos;
    if (kn_bc_read_module(r)) kn_bc_read_waiting(r);
    if (r->status == KILN_OK) r->status = kiln_module_status(r->module);
  }
  return r->status;
}

kiln_status kiln_llvm_read(kiln_session *s, const void *bytes, size_t size,
                           const kiln_llvm_options *options, kiln_func_sink_fn sink, void *user,
                           uint64_t *instructions) {
  if (instructions) *instructions = 0;
  if (!s) return KILN_ERR_ARGUMENT;
  struct kn_bc_module m = {0};
  struct kn_bc r = {.session = s, .sink = sink, .sink_user = user};
  read_module(&r, &m, bytes, size, options);
  if (r.f) kiln_func_discard(r.f);
  if (instructions) *instructions = r.instructions;
  kn_bc_free(&r);
  kn_bc_memory_reset(&r, &m.memory, false);
  return r.status;
}

kiln_llvm *kiln_llvm_new(kiln_session *s, const void *bytes, size_t size,
                         const kiln_llvm_options *options) {
  if (!s) return NULL;
  static const struct kn_bc_module no_module;
  struct kn_bc none = {.m = &no_module, .module = kiln_session_module(s)};
  none.allocator = kiln_module_get_allocator(none.module);
  kiln_llvm *all = kn_bc_resize(&none, NULL, sizeof *all + sizeof *all->module);
  if (!all) {
    kn_bc_fail(&none, KILN_ERR_MEMORY, "out of memory");
    return NULL;
  }
  memset(all, 0, sizeof *all + sizeof *all->module);
  all->bc.session = s;
  all->bc.later = true;
  if (read_module(&all->bc, all->module, bytes, size, options) != KILN_OK) {
    kiln_llvm_free(all);
    return NULL;
  }
  all->bc.open = NULL;
  all->bc.silent = true;
  return all;
}
