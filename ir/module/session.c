/* Sessions: making and freeing, source locations, statistics. Called by front ends. Invariant: a session is used by
 * one thread at a time, and touches the module only through its functions. */
#include "ir/module/session_state.h"

#include "base/arena.h"
#include "ir/builder/builder.h"
#include "ir/debug/die.h"
#include "ir/inline/inlining.h"

#include <string.h>

/* ---- source locations ---- */

/* Index + 1 of a file's name, or 0 if the module failed. */
static uint32_t intern_file(kiln_session *s, const char *name) {
  struct kn_sources *p = &s->sources;
  if (p->last_file != 0 && strcmp(p->files.at[p->last_file - 1].name, name) == 0)
    return p->last_file;
  size_t length = strlen(name);
  uint32_t hash = kn_hash_bytes(name, length), at, i;
  KN_HASH_EACH(&p->file_hash, hash, at, i, strcmp(name, p->files.at[i - 1].name) > 0)
  if (strcmp(p->files.at[i - 1].name, name) == 0) return p->last_file = i;
  if (!KN_HASH_ROOM(s->module, &p->file_hash)) return 0;
  const char *copy = kn_arena_string(s->arena, name, length);
  if (copy == NULL) return KN_MODULE_FAIL(0, s->module, KILN_ERR_MEMORY, "out of memory");
  if (!KN_PUSH(s->module, p->files, (struct kn_file){.name = copy})) return 0;
  kn_hash_put(&p->file_hash, at, hash, p->files.n);
  return p->last_file = p->files.n;
}

uint32_t kiln_file_new(kiln_session *s, const char *name) {
  if (s == NULL || kn_module_failed(s->module)) return 0;
  return intern_file(s, name != NULL ? name : "");
}

bool kn_session_has_locs(kiln_session *s) {
  return s->sources.locs.n != 0 || KN_PUSH(s->module, s->sources.locs, (struct kn_loc_full){0});
}

/* Adds a location, with the flags `more`, too; its id, or 0 if the module failed. */
KN_INLINE uint32_t add_location(kiln_session *s, const kiln_location *at, uint32_t more) {
  struct kn_sources *p = &s->sources;
  if (kn_module_failed(s->module)) return 0;
  if (at->file - 1 >= p->files.n)
    return KN_MODULE_FAIL(0, s->module, KILN_ERR_ARGUMENT,
                          "the file of the source location does not exist");
  if (at->reserved[0] != 0 || (at->flags & ~(uint32_t)KILN_LOC_ALL) != 0 ||
      (at->inlined != 0 && at->inlined >= p->locs.n))
    return KN_MODULE_FAIL(0, s->module, KILN_ERR_ARGUMENT,
                          "a source location has an unknown flag or call");
  if (!kn_session_has_locs(s) || !KN_ROOM(s->module, p->locs, 1)) return 0;
  p->locs.at[p->locs.n] = (struct kn_loc_full){.line = at->line,
                                               .column = at->column,
                                               .file = at->file - 1,
                                               .entry = at->scope.id,
                                               .inlined = at->inlined,
                                               .flags = at->flags | more};
  return p->locs.n++;
}

uint32_t kn_loc_new(kiln_session *s, const kiln_location *at) { return add_location(s, at, 0); }

/* Removes the newest location if an earlier one equals it; the id of the one that stays, or 0 if the module failed. A
 * stream's session may live as long as the program, so that equal locations there share an id. */
static __attribute__((noinline)) uint32_t find_location(kiln_session *s) {
  struct kn_sources *p = &s->sources;
  const uint32_t newest = --p->locs.n;
  const struct kn_loc_full *loc = &p->locs.at[newest];
  uint32_t hash = kn_hash_bytes(loc, sizeof *loc), at, id;
  if (!KN_HASH_ROOM(s->module, &p->loc_hash)) return 0;
  KN_HASH_EACH(&p->loc_hash, hash, at, id, memcmp(loc, p->locs.at + id, sizeof *loc) > 0)
  if (memcmp(loc, p->locs.at + id, sizeof *loc) == 0) return id;
  kn_hash_put(&p->loc_hash, at, hash, newest);
  p->locs.n++;
  return newest;
}

uint32_t kn_loc_new_marked(kiln_session *s, const kiln_location *at, uint32_t more) {
  if (s == NULL || at == NULL) return 0;
  uint32_t id = add_location(s, at, more);
  if (s->module->options.jit && id != 0 && !((at->flags | more) & KILN_LOC_STMT))
    id = find_location(s);
  if (id >= s->sources.given) s->sources.given = id + 1;
  return id;
}

uint32_t kiln_loc_new_full(kiln_session *s, const kiln_location *at) {
  return kn_loc_new_marked(s, at, 0);
}

void kn_session_forget_locs(kiln_session *s) {
  struct kn_sources *p = &s->sources;
  const uint32_t n = p->given != 0 ? p->given : 1; /* location 0 is none */
  if (p->locs.n <= n) return;
  p->locs.n = n;
  if (p->scope >= n) p->scope = 0;
}

uint32_t kiln_loc_new(kiln_session *s, uint32_t file, uint32_t line, uint32_t column) {
  return kiln_loc_new_full(s, &(kiln_location){.file = file, .line = line, .column = column});
}

/* The file of an entry, of those with the name of file `i`: folders differ. 0 if the module failed. */
static uint32_t file_of_entry(kiln_session *s, uint32_t i, uint32_t entry) {
  struct kn_sources *p = &s->sources;
  for (;; i = p->files.at[i - 1].next) {
    struct kn_file *f = &p->files.at[i - 1];
    if (f->entry == 0) f->entry = entry;
    if (f->entry == entry) return i;
    if (f->next == 0) break;
  }
  const struct kn_file f = {.name = p->files.at[i - 1].name, .entry = entry};
  if (!KN_PUSH(s->module, p->files, f)) return 0;
  return p->files.at[i - 1].next = p->files.n;
}

uint32_t kiln_file_new_die(kiln_session *s, kiln_die file, const char *name) {
  uint32_t number = 0;
  char *path = NULL;
  if (name == NULL && s != NULL && !kn_module_failed(s->module))
    name = path = kn_die_path(s, file.id);
  if (name != NULL) number = kiln_file_new(s, name);
  if (number != 0) number = file_of_entry(s, number, file.id);
  if (path != NULL) kn_realloc(s->module, path, 0);
  return number;
}

/* ---- sessions ---- */

kiln_session *kiln_session_new(kiln_module *m) {
  if (m == NULL) return NULL;
  kiln_session *s = kn_realloc(m, NULL, sizeof *s);
  if (s == NULL) return KN_MODULE_FAIL(NULL, m, KILN_ERR_MEMORY, "out of memory");
  memset(s, 0, sizeof *s);
  s->module = m;
  s->arena = kn_realloc(m, NULL, sizeof *s->arena);
  if (s->arena == NULL || !m->backend->open_session(s)) {
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
    KN_FREE(&m->options.allocator, s->arena, s);
    return NULL;
  }
  kn_arena_init(s->arena, &m->options.allocator);
  return s;
}

void kiln_session_free(kiln_session *s) {
  if (s == NULL) return;
  kiln_module *m = s->module;
  if (KN_UNLIKELY(s->in_use != 0 || kn_session_busy(s))) {
    kn_module_fail(m, KILN_ERR_STRUCTURE, "a callback cannot free the session that called it");
    return;
  }
  m->backend->close_session(s);
  kn_inline_room_free(s);
  kn_func_free_all(s);
  kn_debug_free(s->debug, m);
  kn_hash_free(&m->options.allocator, &s->sources.file_hash);
  kn_hash_free(&m->options.allocator, &s->sources.loc_hash);
  kn_arena_free(s->arena);
  KN_FREE(&m->options.allocator, s->sources.locs.at, s->sources.files.at, s->arena, s);
}

kiln_module *kiln_session_module(const kiln_session *s) { return s != NULL ? s->module : NULL; }

static uint64_t func_bytes(const kiln_func *f) {
  uint64_t bytes = sizeof *f + (uint64_t)f->cap * (sizeof *f->inst + sizeof *f->val);
#define ARRAY(type, name) bytes += f->name.cap * (uint64_t)sizeof(type);
  KN_FUNC_ARRAYS(ARRAY)
#undef ARRAY
#define ARRAY(type, name) bytes += f->debug.name.cap * (uint64_t)sizeof(type);
  KN_FUNC_DEBUG_ARRAYS(ARRAY)
#undef ARRAY
  for (unsigned k = 0; k < KN_NOTE_COUNT; k++) bytes += f->notes[k].cap * sizeof *f->notes[k].at;
  return bytes;
}

kiln_session_stats kiln_session_get_stats(const kiln_session *s) {
  if (s == NULL) return (kiln_session_stats){0};
  kiln_session_stats stats = s->stats;
  stats.memory_bytes += sizeof *s + s->module->backend->session_bytes(s);
  for (const kiln_func *f = s->open; f != NULL; f = f->next) stats.memory_bytes += func_bytes(f);
  for (const kiln_func *f = s->spare; f != NULL; f = f->next) stats.memory_bytes += func_bytes(f);
  stats.data_bytes = s->module->data_bytes;
  return stats;
}

kiln_status kiln_session_set_timing(kiln_session *s, bool on) {
  if (s == NULL) return KILN_ERR_ARGUMENT;
  s->timing = on;
  return KILN_OK;
}
