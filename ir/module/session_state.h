/* A session as the library's own files see it: ir/module/session.c makes it, the pipeline
 * (lib/compile.c) hangs its state on it. Invariant: one thread at a time uses it. */
#ifndef KN_IR_MODULE_SESSION_STATE_H
#define KN_IR_MODULE_SESSION_STATE_H

#include "ir/module/module_state.h"

/* A source location. Notes of instructions and rows of code hold it themselves. */
struct kn_loc {
  uint32_t line, column;
  uint32_t scope; /* id of a location that has its file, entry, call and flags; 0: it is none */
};

/* A location that has an id. */
struct kn_loc_full {
  uint32_t line, column;
  uint32_t file;    /* index into kn_sources.files */
  uint32_t entry;   /* kiln_die, or 0 */
  uint32_t inlined; /* location of the call, or 0 */
  uint32_t flags;   /* KILN_LOC_..., KN_LOC_AS_IS, KN_LOC_ALWAYS */
};

enum {
  /* of a body that is compiled as kn_debug_as_is says, in a function that is not: no code is added for its
   * statements */
  KN_LOC_AS_IS = KILN_LOC_ALL + 1,
  /* and the body's function is KILN_INLINE_ALWAYS: LLVM has no call of it either */
  KN_LOC_ALWAYS = KN_LOC_AS_IS << 1
};

struct kn_file {
  const char *name; /* NUL-terminated, in the session's strings */
  uint32_t entry;   /* kiln_die of tag KILN_DIE_TAG_FILE, or 0 */
  uint32_t next;    /* one with the same name and another entry: index + 1, or 0 */
};

/* Source locations of a session. */
struct kn_sources {
  KN_ARRAY(struct kn_loc_full) locs; /* by id; [0] is none, and counts in n */
  uint32_t
    scope; /* of the newest location that kiln_func_set_location was given; 0: there is none */
  uint32_t given; /* the ids that a front end may know are below it */
  struct kn_hash
    loc_hash; /* of those in a module for code in memory, but for beginnings of statements */
  KN_ARRAY(struct kn_file) files;
  struct kn_hash file_hash; /* by name: index + 1 */
  uint32_t last_file;       /* of the newest location: index + 1, or 0 */
};

struct kiln_session {
  kiln_module *module;
  uint32_t in_use;         /* see kn_in_use */
  bool busy;               /* its output is being written or read: nothing can be compiled */
  struct kiln_func *open;  /* functions being built */
  struct kiln_func *spare; /* functions that ended, whose arrays are reused */
  struct kn_sources sources;
  struct kn_arena *arena;             /* its file names */
  struct kn_output *out;              /* lib/codegen/output.h */
  struct kn_plan *plan;               /* lib/codegen/plan.h */
  struct kn_walk *walk;               /* lib/codegen/walk.h */
  struct kn_map *map;                 /* lib/codegen/map.h, or NULL */
  struct kn_witness *witness;         /* lib/codegen/witness.h, or NULL */
  struct kn_root_observer *roots;     /* lib/codegen/root_table.h, or NULL */
  struct kn_debug_observer *observer; /* lib/debug/debugger.h, or NULL */
  uint32_t lacks;                     /* parts that the target leaves out: lib/codegen/support.h */
  struct kn_inline_room *inlining;    /* ir/inline/inlining.h, or NULL */
  kiln_session_stats stats;           /* its times in ticks: ir/clock.h */
  bool timing;
  unsigned dump_what; /* KILN_DUMP_...: see kiln_session_set_dump */
  kiln_buffer *dump_out;
  kiln_debug *debug;    /* ir/debug/die.h, or NULL */
  uint32_t calls_shape; /* of the newest function's entry, and the bit of its set; */
  bool calls;           /* are calls to be described by such ones? */
};

/* Can no function of it be compiled or discarded now, since a callback runs? */
static inline bool kn_session_busy(const kiln_session *s) {
  return s->busy || kn_module_telling(s->module);
}

/* True if no function of the sessions is open. If some are, `d` is the error of the one with the least id.
 * (ir/builder/build_func.c) */
bool kn_sessions_closed(kiln_session *const *sessions, size_t n, kiln_diag *d);
/* True if each kept function that something may refer to was begun; otherwise `d` names the first one.
 * (ir/inline/inline_keep.c) */
bool kn_kept_begun(const kiln_module *m, kiln_diag *d);

static inline bool kn_loc_is(struct kn_loc a, struct kn_loc b) {
  return a.line == b.line && a.column == b.column && a.scope == b.scope;
}
/* The location of id `id`. */
static inline struct kn_loc kn_loc_of(const struct kn_sources *p, uint32_t id) {
  return (struct kn_loc){p->locs.at[id].line, p->locs.at[id].column, id};
}
/* What says the file, entry, call and flags of a location. */
static inline const struct kn_loc_full *kn_loc_full(const struct kn_sources *p, struct kn_loc loc) {
  return &p->locs.at[loc.scope];
}
/* The name of its file. */
static inline const char *kn_loc_file(const struct kn_sources *p, struct kn_loc loc) {
  return p->files.at[kn_loc_full(p, loc)->file].name;
}
/* Are the two of one file, entry and call, with the same flags, or both none? */
static inline bool kn_same_scope(const struct kn_sources *p, struct kn_loc a, struct kn_loc b) {
  if (a.scope == b.scope) return true;
  const struct kn_loc_full *is = kn_loc_full(p, a), *was = kn_loc_full(p, b);
  return a.scope != 0 && b.scope != 0 && is->file == was->file && is->entry == was->entry &&
         is->inlined == was->inlined && is->flags == was->flags;
}

/* Makes location 0, which is none, exist: functions with debugging information refer to it, also where nothing has a
 * location. False if the module failed. (ir/module/session.c) */
bool kn_session_has_locs(kiln_session *s);
/* As kiln_loc_new_full, with `more`: KN_LOC_AS_IS, KN_LOC_ALWAYS or 0. (ir/module/session.c) */
uint32_t kn_loc_new_marked(kiln_session *s, const kiln_location *at, uint32_t more);
/* A location that no front end gets the id of; 0 if the module failed. (ir/module/session.c) */
uint32_t kn_loc_new(kiln_session *s, const kiln_location *at);
/* Forgets the locations that no front end knows. No function of the session is open, or compiled and not yet added to a
 * JIT. (ir/module/session.c) */
void kn_session_forget_locs(kiln_session *s);

#endif
