/* Gives symbols their addresses: places the module's data in one region of memory with its relocations
 * applied, makes functions callable from C, finds undefined symbols in the process. kiln_interp_link
 * calls it once. The region: written data | read-only data | code, which is a stub per function, and blocks'
 * addresses. It is small enough for 4-byte differences between any two addresses in it. */
#define _GNU_SOURCE
#include "interp.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LABEL = 4, LOW_STEP = 1 << 26 };

/* The next page of the system's, from an offset in the region on. */
static size_t next_page(size_t at) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return (at + page - 1) & ~(page - 1);
}

/* Where the data of one section stands, for __start_NAME and __stop_NAME. */
struct kn_section {
  const char *name;
  uint8_t *start, *stop;
};

struct item {
  uint32_t symbol;
  uint32_t align;
  const char *section;
  uint64_t size;
  bool read_only;
};

struct linker {
  kiln_interp *in;
  kiln_diag *diag;
  struct item *items;
  uint32_t n_items;
  bool low; /* some address has 4 bytes only */
};

static kiln_status fail(struct linker *l, kiln_status status, const char *what, const char *name) {
  if (l->diag && l->diag->status == KILN_OK) {
    l->diag->status = status;
    snprintf(l->diag->message, sizeof l->diag->message, "%s%s%.200s", what, *name ? ": " : "",
             name);
  }
  return status;
}

static const char *name_of(const kiln_symbol_info *s) { return s->desc.name ? s->desc.name : ""; }

/* ---- undefined symbols ---- */

/* Functions that the C library links into each program statically, without a dynamic symbol. */
static void *local_symbol(const char *name) {
  if (strcmp(name, "atexit") != 0) return NULL;
  int (*function)(void (*)(void)) = atexit;
  void *address;
  memcpy(&address, &function, sizeof address);
  return address;
}

/* The section of that name among [low, high), or NULL. */
static const struct kn_section *find_section(const kiln_interp *in, uint32_t low, uint32_t high,
                                             const char *name) {
  uint32_t end = high;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (strcmp(in->sections[middle].name, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low < end && strcmp(in->sections[low].name, name) == 0 ? &in->sections[low] : NULL;
}

static void *section_end(const kiln_interp *in, const char *name) {
  bool start = strncmp(name, "__start_", 8) == 0;
  if (!start && strncmp(name, "__stop_", 7) != 0) return NULL;
  name += start ? 8 : 7;
  const struct kn_section *s = find_section(in, 0, in->n_written_sections, name);
  if (!s) s = find_section(in, in->n_written_sections, in->n_sections, name);
  return !s ? NULL : start ? s->start : s->stop;
}

static void *find_native(const kiln_interp *in, const char *name) {
  void *p = NULL;
  if (!*name) return NULL;
  if (in->options.resolve) p = in->options.resolve(in->options.resolve_user, name);
  if (!p) p = section_end(in, name);
  if (!p) p = local_symbol(name);
  if (!p) p = dlsym(RTLD_DEFAULT, name);
  return p;
}

/* ---- addresses ---- */

/* Before the first one are as many bytes, since callers that sanitizers check read some before a function. */
static void *stub(const kiln_interp *in, const struct kn_ifunc *fn) {
  return in->region + in->code_at + ((size_t)fn->index + 1) * KN_STUB_BYTES;
}

struct kn_ifunc *kn_interp_func_at(const kiln_interp *in, uint64_t address) {
  uint64_t at = address - (uint64_t)(uintptr_t)(in->region + in->code_at);
  uint64_t index = at / KN_STUB_BYTES - 1;
  return in->linked && at % KN_STUB_BYTES == 0 && index < in->n_funcs ? in->funcs[index] : NULL;
}

uint64_t kn_interp_label(const kiln_interp *in, const struct kn_ifunc *fn, uint32_t block) {
  return (uint64_t)(uintptr_t)(in->region + in->code_at + fn->label_base) + (uint64_t)block * LABEL;
}

static struct kn_ifunc *func_of(const kiln_interp *in, uint32_t symbol) {
  return symbol < in->n_by_symbol ? in->by_symbol[symbol] : NULL;
}

/* What a symbol stands for: itself if it is no alias. Each alias on the way is looked up once. */
static struct kn_target target_of(const kiln_interp *in, uint32_t symbol) {
  struct kn_target t = {0, symbol};
  uint32_t first = symbol;
  bool alias = false;
  for (uint32_t depth = 0; depth <= in->n_symbols; depth++, alias = true) {
    if (t.symbol <= in->n_symbols && in->targets[t.symbol].symbol != 0) {
      t.offset += in->targets[t.symbol].offset;
      t.symbol = in->targets[t.symbol].symbol;
      break;
    }
    kiln_symbol_info s = kiln_symbol_get(in->m, (kiln_symbol){t.symbol});
    if (s.kind != KILN_SYMBOL_ALIAS) break;
    t.offset += (uint64_t)s.offset_bytes;
    t.symbol = s.target.id;
  }
  uint64_t offset = t.offset;
  for (uint32_t id = first; alias && id != t.symbol && in->targets[id].symbol == 0;) {
    kiln_symbol_info s = kiln_symbol_get(in->m, (kiln_symbol){id});
    in->targets[id] = (struct kn_target){offset, t.symbol};
    offset -= (uint64_t)s.offset_bytes;
    id = s.target.id;
  }
  return t;
}

struct kn_ifunc *kn_interp_callee(const kiln_interp *in, uint32_t symbol) {
  struct kn_target t = target_of(in, symbol);
  return t.offset == 0 ? func_of(in, t.symbol) : NULL;
}

/* The address of a symbol that is neither thread-local nor an alias. NULL: it has none. */
static void *own_address(const kiln_interp *in, uint32_t symbol) {
  kiln_symbol_info s = kiln_symbol_get(in->m, (kiln_symbol){symbol});
  struct kn_ifunc *fn = func_of(in, symbol);
  if (s.kind == KILN_SYMBOL_BLOCK) {
    fn = func_of(in, s.target.id);
    return fn && fn->label_base
             ? (void *)(uintptr_t)kn_interp_label(in, fn, (uint32_t)s.offset_bytes)
             : NULL;
  }
  if (fn) return stub(in, fn);
  return kiln_symbol_object_name(in->m, (kiln_symbol){symbol}) ? NULL
                                                               : find_native(in, name_of(&s));
}

/* The address of a symbol that is not thread-local. NULL: it has none. */
static void *address_of(kiln_interp *in, uint32_t symbol) {
  if (symbol == 0 || symbol > in->n_symbols) return NULL;
  struct kn_target t = target_of(in, symbol);
  if (t.symbol == 0 || t.symbol > in->n_symbols) return NULL;
  if (!in->known[t.symbol]) {
    in->address[t.symbol] = own_address(in, t.symbol);
    in->known[t.symbol] = 1;
  }
  void *p = in->address[t.symbol];
  return p ? (uint8_t *)p + t.offset : NULL;
}

/* A symbol that must have an address, unless it is weak. */
static kiln_status want(struct linker *l, uint32_t symbol, uint64_t *out) {
  *out = (uint64_t)(uintptr_t)address_of(l->in, symbol);
  if (*out) return KILN_OK;
  kiln_symbol_info s = kiln_symbol_get(l->in->m, (kiln_symbol){symbol});
  if (s.desc.linkage == KILN_LINKAGE_WEAK) return KILN_OK;
  return fail(l, KILN_ERR_SYMBOL, "undefined symbol", name_of(&s));
}

/* ---- data ---- */

static int by_place(const void *a, const void *b) {
  const struct item *x = a, *y = b;
  if (x->read_only != y->read_only) return x->read_only - y->read_only;
  int order = strcmp(x->section ? x->section : "", y->section ? y->section : "");
  return order ? order : (x->symbol > y->symbol) - (x->symbol < y->symbol);
}

static kiln_status collect(struct linker *l) {
  kiln_interp *in = l->in;
  l->items = kn_interp_realloc(in, NULL, (in->n_symbols + 1) * sizeof *l->items);
  in->sections = kn_interp_realloc(in, NULL, (in->n_symbols + 1) * sizeof *in->sections);
  if (!l->items || !in->sections) return fail(l, KILN_ERR_MEMORY, "out of memory", "");
  for (uint32_t id = 1; id <= in->n_symbols; id++) {
    kiln_data_desc d;
    if (!kiln_data_find(in->m, (kiln_symbol){id}, &d)) continue;
    if (d.flags & KILN_DATA_ABSOLUTE)
      return fail(l, KILN_ERR_UNSUPPORTED, "a symbol that is a number is interpreted",
                  kiln_symbol_get(in->m, (kiln_symbol){id}).desc.name);
    kiln_symbol_info s = kiln_symbol_get(in->m, (kiln_symbol){id});
    unsigned log2 = d.align_log2 > s.desc.align_log2 ? d.align_log2 : s.desc.align_log2;
    uint32_t align = 1u << log2;
    if (s.desc.tls != KILN_TLS_NONE) {
      in->tls_bytes = (in->tls_bytes + align - 1) & ~((uint64_t)align - 1);
      in->tls_offset[id] = in->tls_bytes + 1;
      in->tls_bytes += d.size_bytes;
      if (align > in->tls_align) in->tls_align = align;
      continue;
    }
    for (size_t r = 0; r < d.n_relocs; r++) {
      if (d.relocs[r].kind != 0)
        return fail(l, KILN_ERR_UNSUPPORTED,
                    "data with a relocation of an object's format is interpreted", name_of(&s));
      l->low |= d.relocs[r].size_bytes == 4 && d.relocs[r].relative_to.id == 0;
    }
    if (in->options.place) {
      in->address[id] = in->options.place(in->options.place_user, (kiln_symbol){id}, name_of(&s));
      in->known[id] = in->address[id] != NULL;
      if (in->known[id]) continue;
    }
    kiln_section_desc said;
    bool ro = (d.flags & (KILN_DATA_READ_ONLY | KILN_DATA_MERGE_STRINGS)) != 0 &&
              !(kiln_section_find(in->m, s.desc.section, &said) && said.flags & KILN_SECTION_WRITE);
    l->items[l->n_items++] = (struct item){id, align, s.desc.section, d.size_bytes, ro};
  }
  if (l->n_items) qsort(l->items, l->n_items, sizeof *l->items, by_place);
  return KILN_OK;
}

/* Offsets of all that the region holds; with `base` the addresses, too. */
static size_t lay_out(struct linker *l, uint8_t *base) {
  kiln_interp *in = l->in;
  size_t at = 0;
  bool ro = false;
  in->n_sections = in->n_written_sections = 0;
  for (uint32_t i = 0; i <= l->n_items; i++) {
    const struct item *it = i < l->n_items ? &l->items[i] : NULL;
    if (!ro && (!it || it->read_only)) {
      in->ro_at = at = next_page(at);
      in->n_written_sections = in->n_sections;
      ro = true;
    }
    if (!it) break;
    at = (at + it->align - 1) & ~((size_t)it->align - 1);
    if (base) {
      in->address[it->symbol] = base + at;
      in->known[it->symbol] = 1;
      if (it->section) {
        struct kn_section *s = in->n_sections ? &in->sections[in->n_sections - 1] : NULL;
        if (!s || strcmp(s->name, it->section) != 0) {
          s = &in->sections[in->n_sections++];
          *s = (struct kn_section){it->section, base + at, NULL};
        }
        s->stop = base + at + it->size;
      }
    }
    at += it->size ? it->size : 1; /* addresses are distinct */
  }
  in->code_at = at = next_page(at);
  return at;
}

/* Blocks with an address: those of functions that have a symbol for one, or an indirect branch. */
static size_t lay_out_code(kiln_interp *in) {
  for (uint32_t id = 1; id <= in->n_symbols; id++) {
    kiln_symbol_info s = kiln_symbol_get(in->m, (kiln_symbol){id});
    struct kn_ifunc *fn = s.kind == KILN_SYMBOL_BLOCK ? func_of(in, s.target.id) : NULL;
    if (fn) fn->label_base = 1;
  }
  size_t at = ((size_t)in->n_funcs + 1) * KN_STUB_BYTES;
  for (uint32_t i = 0; i < in->n_funcs; i++) {
    struct kn_ifunc *fn = in->funcs[i];
    if (!fn->label_base) continue;
    fn->label_base = (uint32_t)at;
    at += ((size_t)fn->block_limit + 1) * LABEL;
  }
  return at;
}

static void write_code(kiln_interp *in, size_t bytes) {
  uint8_t *code = in->region + in->code_at;
  memset(code, 0, bytes);
  for (uint32_t i = 0; i < in->n_funcs; i++)
    kn_interp_write_stub(stub(in, in->funcs[i]), in->funcs[i]);
  __builtin___clear_cache((char *)code, (char *)code + bytes);
}

static void *map(void *at, size_t size, int flag) {
  return mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flag, -1, 0);
}

/* Memory at the lowest free place below 2 GiB. */
static void *map_low(size_t size) {
  for (size_t at = LOW_STEP; at + size <= INT32_MAX; at += LOW_STEP) {
    uint8_t *p = map((void *)at, size, MAP_FIXED_NOREPLACE);
    if (p == (void *)at) return p;
    if (p != MAP_FAILED) munmap(p, size); /* Linux before 4.17 */
  }
  return MAP_FAILED;
}

static kiln_status make_region(struct linker *l) {
  kiln_interp *in = l->in;
  size_t code = lay_out_code(in), head = lay_out(l, NULL);
  size_t size = next_page(head + code);
  if (size > INT32_MAX) return fail(l, KILN_ERR_LIMIT, "more data than 2 GiB", "");
  /* Alignments above a page: the region starts at a multiple of 2^16, the largest. */
  size_t slack = 65536;
  uint8_t *p = l->low ? map_low(size + slack) : map(NULL, size + slack, 0);
  if (p == MAP_FAILED) return fail(l, KILN_ERR_MEMORY, "out of memory", "");
  uint8_t *base = (uint8_t *)(((uintptr_t)p + slack - 1) & ~(uintptr_t)(slack - 1));
  if (base > p) munmap(p, (size_t)(base - p));
  munmap(base + size, (size_t)(p + size + slack - (base + size)));
  in->region = base;
  in->region_bytes = size;
  lay_out(l, base);
  write_code(in, code);
  in->linked = true;
  return KILN_OK;
}

/* Writes the content of a data symbol to `to`. */
static kiln_status fill(struct linker *l, uint32_t symbol, uint8_t *to) {
  kiln_data_desc d;
  kiln_data_find(l->in->m, (kiln_symbol){symbol}, &d);
  if (d.bytes) memcpy(to, d.bytes, d.size_bytes);
  else memset(to, 0, d.size_bytes);
  for (size_t i = 0; i < d.n_relocs; i++) {
    const kiln_reloc *r = &d.relocs[i];
    uint64_t value, minus = 0;
    kiln_status s = want(l, r->symbol.id, &value);
    if (s == KILN_OK && r->relative_to.id) s = want(l, r->relative_to.id, &minus);
    if (s != KILN_OK) return s;
    if (value || r->symbol.id == 0) value += (uint64_t)r->addend;
    value -= minus;
    if (r->size_bytes == 4 && (minus ? value + 0x80000000u : value) > UINT32_MAX) {
      return fail(l, KILN_ERR_LIMIT, "a relocation does not fit", "");
    }
    memcpy(to + r->offset_bytes, &value, r->size_bytes);
  }
  return KILN_OK;
}

static kiln_status fill_all(struct linker *l) {
  kiln_interp *in = l->in;
  kiln_status s = KILN_OK;
  if (in->tls_bytes) {
    in->tls_image = kn_interp_realloc(in, NULL, in->tls_bytes);
    if (!in->tls_image) return fail(l, KILN_ERR_MEMORY, "out of memory", "");
    memset(in->tls_image, 0, in->tls_bytes);
  }
  for (uint32_t id = 1; id <= in->n_symbols && s == KILN_OK; id++) {
    kiln_data_desc d;
    if (!kiln_data_find(in->m, (kiln_symbol){id}, &d)) continue;
    s = fill(l, id, in->tls_offset[id] ? in->tls_image + in->tls_offset[id] - 1 : in->address[id]);
  }
  return s;
}

/* ---- functions ---- */

static kiln_status link_site(struct linker *l, struct kn_site *s) {
  static const struct {
    const char *name;
    enum kn_builtin builtin;
  } builtins[] = {
    {"setjmp", KN_BUILTIN_SETJMP},       {"_setjmp", KN_BUILTIN_SETJMP},
    {"sigsetjmp", KN_BUILTIN_SIGSETJMP}, {"__sigsetjmp", KN_BUILTIN_SIGSETJMP},
    {"longjmp", KN_BUILTIN_LONGJMP},     {"_longjmp", KN_BUILTIN_LONGJMP},
    {"siglongjmp", KN_BUILTIN_LONGJMP},  {"__longjmp_chk", KN_BUILTIN_LONGJMP},
  };
  s->fn = kn_interp_callee(l->in, s->symbol);
  if (s->fn) return KILN_OK;
  kiln_symbol_info info = kiln_symbol_get(l->in->m, (kiln_symbol){s->symbol});
  for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++) {
    if (strcmp(name_of(&info), builtins[i].name) == 0) s->builtin = (uint8_t)builtins[i].builtin;
  }
  if (s->builtin) return KILN_OK;
  uint64_t address;
  kiln_status status = want(l, s->symbol, &address);
  s->native = (void *)(uintptr_t)address;
  return status;
}

static kiln_status link_func(struct linker *l, struct kn_ifunc *fn) {
  kiln_status s = KILN_OK;
  for (uint32_t i = 0; i < fn->n_fixes && s == KILN_OK; i++) {
    const struct kn_fix *fix = &fn->fixes[i];
    uint64_t address;
    s = want(l, fix->symbol, &address);
    fn->k[fix->k] = address ? address + (uint64_t)fix->addend : 0;
  }
  for (uint32_t i = 0; i < fn->n_sites && s == KILN_OK; i++) {
    if (fn->sites[i].symbol) s = link_site(l, &fn->sites[i]);
  }
  return s;
}

kiln_status kiln_interp_link(kiln_interp *in, kiln_diag *diag) {
  struct linker l = {.in = in, .diag = diag};
  if (diag) memset(diag, 0, sizeof *diag);
  if (!in) return fail(&l, KILN_ERR_ARGUMENT, "no interpreter", "");
  if (in->linked) return fail(&l, KILN_ERR_ARGUMENT, "linked already", "");
  kiln_status s = kiln_module_status(in->m);
  if (s != KILN_OK) return fail(&l, s, "the module has an error", kiln_module_diag(in->m)->message);
  size_t n = (size_t)kiln_symbol_count(in->m) + 1;
  in->n_symbols = (uint32_t)n - 1;
  in->address = kn_interp_realloc(in, NULL, n * sizeof *in->address);
  in->known = kn_interp_realloc(in, NULL, n);
  in->tls_offset = kn_interp_realloc(in, NULL, n * sizeof *in->tls_offset);
  in->targets = kn_interp_realloc(in, NULL, n * sizeof *in->targets);
  if (!in->address || !in->known || !in->tls_offset || !in->targets) {
    return fail(&l, KILN_ERR_MEMORY, "out of memory", "");
  }
  memset(in->address, 0, n * sizeof *in->address);
  memset(in->known, 0, n);
  memset(in->tls_offset, 0, n * sizeof *in->tls_offset);
  memset(in->targets, 0, n * sizeof *in->targets);
  in->tls_align = 16;
  for (uint32_t id = 1; id < n; id++) {
    kiln_symbol_desc desc = kiln_symbol_get(in->m, (kiln_symbol){id}).desc;
    if (desc.resolver) return fail(&l, KILN_ERR_UNSUPPORTED, "an ifunc is interpreted", desc.name);
  }
  s = collect(&l);
  if (s == KILN_OK) s = make_region(&l);
  if (s == KILN_OK) s = fill_all(&l);
  for (uint32_t i = 0; i < in->n_funcs && s == KILN_OK; i++) s = link_func(&l, in->funcs[i]);
  kn_interp_realloc(in, l.items, 0);
  if (s != KILN_OK) return s;
  size_t constant = in->code_at - in->ro_at, code = in->region_bytes - in->code_at;
  if ((constant && mprotect(in->region + in->ro_at, constant, PROT_READ) != 0) ||
      mprotect(in->region + in->code_at, code, PROT_READ | PROT_EXEC) != 0) {
    return fail(&l, KILN_ERR_MEMORY, "memory cannot be made executable", "");
  }
  return KILN_OK;
}

void *kn_interp_tls(struct kn_thread *t, uint32_t symbol) {
  kiln_interp *in = t->in;
  struct kn_target target = target_of(in, symbol);
  uint64_t offset = target.offset;
  symbol = target.symbol;
  kiln_symbol_info s = kiln_symbol_get(in->m, (kiln_symbol){symbol});
  void *p = NULL;
  if (in->tls_offset[symbol] == 0) {
    p = find_native(in, name_of(&s));
    if (!p && s.desc.linkage != KILN_LINKAGE_WEAK) {
      kn_interp_fault(t, KILN_ERR_UNDEFINED, "undefined thread-local symbol: %.100s", name_of(&s));
    }
    return p ? (uint8_t *)p + offset : NULL;
  }
  if (in->options.place) {
    p = in->options.place(in->options.place_user, (kiln_symbol){symbol}, name_of(&s));
    if (p) return (uint8_t *)p + offset;
  }
  if (!t->tls) {
    t->tls = kn_interp_realloc(in, NULL, in->tls_bytes + in->tls_align);
    if (!t->tls) kn_interp_fault(t, KILN_ERR_MEMORY, "out of memory");
    memcpy((void *)(((uintptr_t)t->tls + in->tls_align - 1) & ~(uintptr_t)(in->tls_align - 1)),
           in->tls_image, in->tls_bytes);
  }
  uintptr_t base = ((uintptr_t)t->tls + in->tls_align - 1) & ~(uintptr_t)(in->tls_align - 1);
  return (uint8_t *)base + in->tls_offset[symbol] - 1 + offset;
}

void *kiln_interp_address(kiln_interp *in, kiln_symbol s) {
  if (!in || !in->linked || s.id == 0 || s.id > in->n_symbols) return NULL;
  kiln_symbol_info info = kiln_symbol_get(in->m, s);
  if (info.desc.tls != KILN_TLS_NONE) return kn_interp_tls(kn_interp_thread(in), s.id);
  return address_of(in, s.id);
}

void kn_interp_unlink(kiln_interp *in) {
  if (in->region) munmap(in->region, in->region_bytes);
  kn_interp_realloc(in, in->address, 0);
  kn_interp_realloc(in, in->known, 0);
  kn_interp_realloc(in, in->tls_offset, 0);
  kn_interp_realloc(in, in->targets, 0);
  kn_interp_realloc(in, in->tls_image, 0);
  kn_interp_realloc(in, in->sections, 0);
}
