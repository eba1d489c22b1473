/* What an address is: kiln_jit_find_pc and, for walks of the stack, kn_jit_find_code, which signal handlers and other
 * threads call while units come and go. It takes no lock and allocates nothing. A pool has a list of units for each
 * chunk. What a removal frees may still be read: readers count themselves, as memory/retire.c says. */
#include "lib/jit/link/link.h"
#include "lib/jit/memory/memory.h"
#include "lib/jit/serve/serve.h"

#include "lib/object/elf_memory.h"
#include "runtime/stack/cfi.h"

#include <kiln/stack.h>

#include "ir/debug/die.h"
#include "base/names.h"

/* ---- where code comes from ---- */

/* What is noted of the functions of a session. */
struct describing {
  const struct kn_jit_link *l;
  struct kn_jit_unit *u;
  const kiln_debug *of_module;
  const kiln_session *s;
  struct kn_hash places; /* of the session's locations: index + 1 */
  struct kn_hash strings;
};

/* The offset of a string among the unit's; 0 of an empty one, UINT32_MAX without memory. */
static uint32_t intern(struct describing *d, const void *text, size_t n) {
  const kiln_allocator *a = &d->l->jit->options.allocator;
  struct kn_jit_unit *u = d->u;
  uint32_t hash = kn_hash_bytes(text, n), at, id;
  if (n == 0) return 0;
  KN_HASH_EACH(&d->strings, hash, at, id,
               kn_bytes_after(text, n, u->text.at + id, strlen(u->text.at + id)))
  if (u->text.n - id > n && u->text.at[id + n] == 0 && memcmp(u->text.at + id, text, n) == 0)
    return id;
  if (!KN_HASH_ROOM(a, &d->strings) || !KN_ROOM(a, u->text, n + 2)) return UINT32_MAX;
  if (u->text.n == 0) u->text.at[u->text.n++] = 0;
  id = u->text.n;
  memcpy(u->text.at + id, text, n);
  u->text.at[id + n] = 0;
  u->text.n += (uint32_t)n + 1;
  kn_hash_put(&d->strings, at, hash, id);
  return id;
}

/* The name of the function that a scope is in: the symbol's, if the entry has it, else that of the source. Entries are
 * the front end's, and may be nested in any way: the search ends somewhere. */
static uint32_t function_of(struct describing *d, uint32_t scope) {
  const kiln_debug *m = d->of_module, *s = d->s->debug;
  const struct kn_die *e = kn_die_of(m, s, scope);
  for (unsigned k = 0; k < 256 && e != NULL && e->tag != KILN_DW_TAG_subprogram; k++)
    e = kn_die_of(m, s, scope = e->parent);
  struct kn_die_attr attrs[KN_DIE_ATTRS];
  for (unsigned k = 0; k < 4 && e != NULL && e->tag == KILN_DW_TAG_subprogram; k++) {
    const uint32_t n = kn_die_attrs(scope & KN_DIE_SESSION ? s : m, e, attrs);
    const struct kn_die_attr *name = NULL, *of = NULL;
    for (uint32_t i = 0; i < n; i++) {
      const struct kn_die_attr *a = attrs + i;
      if (a->kind == KN_DA_STRING && a->name == KILN_DW_AT_linkage_name) name = a;
      else if (a->kind == KN_DA_STRING && a->name == KILN_DW_AT_name && name == NULL) name = a;
      else if (a->kind == KN_DA_REF &&
               (a->name == KILN_DW_AT_specification || a->name == KILN_DW_AT_abstract_origin))
        of = a;
    }
    if (name != NULL) {
      uint32_t length;
      const uint8_t *text = kn_debug_characters(m, s, (uint32_t)name->value, &length);
      return intern(d, text, length);
    }
    e = of != NULL ? kn_die_of(m, s, scope = (uint32_t)of->value) : NULL;
  }
  return 0;
}

static KN_COLD bool loc_after(struct kn_loc loc, const struct kn_jit_place *p) {
  if (loc.line != p->line) return loc.line > p->line;
  return loc.column != p->column ? loc.column > p->column : loc.scope > p->scope;
}

/* The place of a location, without that of its call: index + 1, 0 without memory. Sets `*is_new` if
 * the place was added by this call. */
static uint32_t place_of(struct describing *d, struct kn_loc loc, bool *is_new) {
  const kiln_allocator *a = &d->l->jit->options.allocator;
  const struct kn_loc_full *scope = kn_loc_full(&d->s->sources, loc);
  uint64_t key = kn_mix64((uint64_t)loc.line << 32 | loc.column, loc.scope);
  uint32_t hash = (uint32_t)(key >> 32), at, id;
  *is_new = false;
  KN_HASH_EACH(&d->places, hash, at, id, loc_after(loc, &d->u->places.at[id - 1])) {
    const struct kn_jit_place *p = &d->u->places.at[id - 1];
    if (kn_loc_is((struct kn_loc){p->line, p->column, p->scope}, loc)) return id;
  }
  struct kn_jit_place place = {.line = loc.line, .column = loc.column, .scope = loc.scope};
  const char *file = loc.line != 0 ? kn_loc_file(&d->s->sources, loc) : "";
  place.file = intern(d, file, strlen(file));
  place.function = scope->inlined != 0 ? function_of(d, scope->entry) : 0;
  if (place.file == UINT32_MAX || place.function == UINT32_MAX || !KN_HASH_ROOM(a, &d->places) ||
      !KN_PUSH(a, d->u->places, place))
    return 0;
  *is_new = true;
  kn_hash_put(&d->places, at, hash, d->u->places.n);
  return d->u->places.n;
}

/* The place of a location, with those of the calls that it was inlined by, which are older locations: index + 1, 0
 * without memory. */
static uint32_t places_of(struct describing *d, struct kn_loc loc) {
  const struct kn_sources *p = &d->s->sources;
  uint32_t first = 0, last = 0;
  for (bool is_new = true; loc.scope != 0 && is_new;
       loc = kn_loc_of(p, kn_loc_full(p, loc)->inlined)) {
    uint32_t id = place_of(d, loc, &is_new);
    if (id == 0) return 0;
    if (first == 0) first = id;
    else d->u->places.at[last - 1].call = id;
    last = id;
  }
  return first;
}

/* Appends the rows of function `f`, whose session's code is at `code` in the unit's. */
static bool add_rows(struct describing *d, const struct kn_code_func *f, uint64_t code) {
  const struct kn_output *o = d->s->out;
  const uint32_t end = kn_output_line_end(o, f);
  for (uint32_t k = f->loc_first; k < end; k++) {
    const struct kn_code_line *line = o->lines.at + k;
    struct kn_jit_row row = {(uint32_t)(code + line->offset), 0};
    if (line->loc.scope != 0 && (row.place = places_of(d, line->loc)) == 0) return false;
    if (k > f->loc_first && d->u->rows.at[d->u->rows.n - 1].at == row.at)
      d->u->rows.at[d->u->rows.n - 1] = row; /* the older one has no code */
    else if (!KN_PUSH(&d->l->jit->options.allocator, d->u->rows, row)) return false;
  }
  return true;
}

bool kn_jit_find_describe(struct kn_jit_link *l) {
  struct describing d = {.l = l, .u = l->unit};
  bool ok = true;
  for (uint32_t i = 0; i < l->n_parts && ok; i++) {
    const struct kn_jit_part *p = l->parts + i;
    if (p->out->lines.n == 0) continue;
    d.of_module = l->in[p->in].m->debug;
    d.s = p->session;
    kn_hash_clear(&d.places);
    for (uint32_t f = 0; f < p->out->funcs.n && ok; f++)
      ok = add_rows(&d, p->out->funcs.at + f, p->code);
  }
  kn_hash_free(&l->jit->options.allocator, &d.places);
  kn_hash_free(&l->jit->options.allocator, &d.strings);
  return ok || kn_jit_no_memory(l->error);
}

/* ---- lists of units ---- */

/* The lists of the chunks that the unit's code is in, and how many. Code in several chunks has them for itself. */
static struct kn_jit_unit *_Atomic *lists_of(const struct kn_jit_unit *u, uint32_t *n) {
  const struct kn_jit_block *b = u->blocks + KN_JIT_CODE;
  const uint64_t at = (uint64_t)(b->at - b->pool->base);
  *n = (uint32_t)((at + b->size - 1) / KN_JIT_CHUNK - at / KN_JIT_CHUNK + 1);
  return b->pool->units + at / KN_JIT_CHUNK;
}

void kn_jit_find_add(struct kn_jit_unit *u) {
  if (u->blocks[KN_JIT_CODE].pool == NULL) return;
  uint32_t n;
  struct kn_jit_unit *_Atomic *lists = lists_of(u, &n);
  struct kn_jit_unit *next = lists[0];
  u->in_chunk = next;
  u->found_from = lists;
  if (next != NULL) next->found_from = &u->in_chunk;
  for (uint32_t k = 0; k < n; k++) lists[k] = u;
}

void kn_jit_find_remove(struct kn_jit_unit *u) {
  if (u->found_from == NULL) return;
  uint32_t n;
  struct kn_jit_unit *_Atomic *lists = lists_of(u, &n);
  struct kn_jit_unit *next = u->in_chunk;
  for (uint32_t k = 1; k < n; k++) lists[k] = NULL;
  *u->found_from = next;
  if (next != NULL) next->found_from = u->found_from;
  u->found_from = NULL;
}

/* ---- units and functions ---- */

static const struct kn_jit_unit *find_unit(kiln_jit *jit, uint64_t pc) {
  for (struct kn_jit_pool *p = jit->pools; p != NULL; p = p->next) {
    uint64_t at = pc - (uint64_t)(uintptr_t)p->base;
    if (at / KN_JIT_CHUNK >= p->n_chunks) continue;
    for (const struct kn_jit_unit *u = p->units[at / KN_JIT_CHUNK]; u != NULL; u = u->in_chunk) {
      const struct kn_jit_block *b = u->blocks + KN_JIT_CODE;
      if (pc - (uint64_t)(uintptr_t)b->at < b->size) return u;
    }
  }
  return NULL;
}

static const struct kn_memory_symbol *find_function(const struct kn_jit_unit *u, uint64_t pc) {
  const uint32_t n = KN_COUNT_BEFORE(k, u->n_funcs, u->symbols[k].address <= pc);
  if (n == 0 || pc - u->symbols[n - 1].address >= u->symbols[n - 1].size) return NULL;
  return u->symbols + n - 1;
}

bool kn_jit_find_code(struct kn_stack_finder *finder, uint64_t pc, struct kn_stack_code *code) {
  kiln_jit *jit = (kiln_jit *)finder;
  if (pc + 1 == (uintptr_t)jit->code->late_return) { /* the library's: a call of a lazy function */
    code->fde = kn_cfi_find(pc, &code->start);
    code->roots_of_frame = true;
    return true;
  }
  const uint32_t side = jit->side;
  jit->finding[side]++;
  const struct kn_jit_unit *u = find_unit(jit, pc);
  const struct kn_memory_symbol *f = u != NULL ? find_function(u, pc) : NULL;
  const bool found = f != NULL || (u != NULL && kn_jit_frames_find_stubs(u, pc, code));
  if (f != NULL) {
    const struct kn_jit_belongings *b = u->belongings + (f - u->symbols);
    const uint8_t *ro = u->blocks[KN_JIT_RO].at;
    code->start = f->address;
    code->fde = b->fde != 0 ? ro + b->fde - 1 : NULL;
    code->roots = b->roots != 0 ? ro + b->roots - 1 : NULL;
  }
  jit->finding[side]--;
  return found;
}

/* ---- kiln_jit_find_pc ---- */

/* The place of code at `at` in the unit's, of a function that begins at `begin`; NULL: not known. */
static const struct kn_jit_place *find_place(const struct kn_jit_unit *u, uint32_t begin,
                                             uint32_t at) {
  const uint32_t n = KN_COUNT_BEFORE(k, u->rows.n, u->rows.at[k].at <= at);
  if (n == 0 || u->rows.at[n - 1].at < begin || u->rows.at[n - 1].place == 0) return NULL;
  return u->places.at + u->rows.at[n - 1].place - 1;
}

/* The string at an index of the unit's texts; "" if the unit has none. */
static const char *text_at(const struct kn_jit_unit *u, uint32_t at) {
  return u->text.n != 0 ? u->text.at + at : "";
}

/* Copies a string to the caller's memory, as much of it as fits; "" if nothing does. */
static const char *copy(kiln_jit_pc_info *info, const char *text) {
  const size_t n = strlen(text), at = info->needed_bytes;
  if (n == 0) return "";
  info->needed_bytes += n + 1;
  if (info->text == NULL || at + 1 >= info->text_bytes) return "";
  const size_t room = info->text_bytes - at - 1, k = n < room ? n : room;
  memcpy(info->text + at, text, k);
  info->text[at + k] = 0;
  return info->text + at;
}

static void tell(kiln_jit_pc_info *info, const struct kn_jit_unit *u,
                 const struct kn_memory_symbol *f, const struct kn_jit_place *place) {
  for (bool more = true; more; info->n_frames++) {
    more = place != NULL && place->call != 0;
    if (info->n_frames < info->max_frames && info->frames != NULL) {
      kiln_jit_frame *frame = info->frames + info->n_frames;
      *frame = (kiln_jit_frame){.file = ""};
      frame->function = copy(info, more ? text_at(u, place->function) : u->names + f->name);
      if (place != NULL) frame->file = copy(info, text_at(u, place->file));
      frame->line = place != NULL ? place->line : 0;
      frame->column = place != NULL ? place->column : 0;
    }
    if (more) place = u->places.at + place->call - 1;
  }
}

bool kiln_jit_find_pc(kiln_jit *jit, const void *pc, kiln_jit_pc_info *info) {
  if (info == NULL) return false;
  info->unit.id = 0;
  info->address = NULL;
  info->size_bytes = info->needed_bytes = 0;
  info->n_frames = 0;
  if (jit == NULL || !KN_UNRESERVED(info)) return false;
  const uint64_t at = (uint64_t)(uintptr_t)pc;
  const uint32_t side = jit->side;
  jit->finding[side]++;
  const struct kn_jit_unit *u = find_unit(jit, at);
  const struct kn_memory_symbol *f = u != NULL ? find_function(u, at) : NULL;
  if (f != NULL) {
    const uint64_t code = (uint64_t)(uintptr_t)u->blocks[KN_JIT_CODE].at;
    info->unit.id = u->id;
    info->address = (const void *)(uintptr_t)f->address;
    info->size_bytes = (size_t)f->size;
    tell(info, u, f, find_place(u, (uint32_t)(f->address - code), (uint32_t)(at - code)));
  }
  jit->finding[side]--;
  return f != NULL;
}

/* ---- units on a stack ---- */

static bool is_in_unit(kiln_jit *jit, kiln_jit_unit unit, const void *pc) {
  const uint32_t side = jit->side;
  jit->finding[side]++;
  const struct kn_jit_unit *u = find_unit(jit, (uint64_t)(uintptr_t)pc);
  const bool found = u != NULL && u->id == unit.id;
  jit->finding[side]--;
  return found;
}

bool kiln_jit_is_on_stack(kiln_jit *jit, kiln_jit_unit unit, kiln_stack_walk *walk) {
  kiln_stack_frame frame = {0};
  if (jit == NULL) return false;
  for (bool more = true; more;) {
    more = kiln_stack_walk_find_next(walk, &frame);
    const char *pc =
      frame.pc; /* of a frame that a signal interrupted, or that called: then it is the next byte */
    if (pc != NULL && (is_in_unit(jit, unit, pc) || is_in_unit(jit, unit, pc - 1))) return true;
  }
  return false;
}
