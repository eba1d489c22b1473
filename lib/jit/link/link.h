/* The linker: what its steps work on, and the steps in their order. */
#ifndef KN_JIT_LINK_H
#define KN_JIT_LINK_H

#include "base/arena.h"
#include "ir/module/session_state.h"
#include "lib/jit/link/symbols.h"
#include "lib/image/frames.h"
#include "targets/target.h"

/* Where a symbol of an input is. */
enum kn_jit_where {
  KN_JIT_NOWHERE,
  KN_JIT_IN_CODE, /* the next four: value is an offset in the unit's */
  KN_JIT_IN_RO,
  KN_JIT_IN_RW,
  KN_JIT_IN_TLS,
  KN_JIT_IN_COMMON, /* not placed yet */
  KN_JIT_AT_ENTRY,  /* where the entry says, in another unit or another input */
  KN_JIT_REGISTRAR, /* value is a row of kn_jit_registrars */
  KN_JIT_ABSOLUTE   /* value is the address */
};

/* A symbol of an input. */
struct kn_jit_bind {
  uint64_t value;
  struct kn_jit_entry *entry; /* NULL: none, or local */
  uint32_t got, tls, stub;    /* index + 1 into the link's lists; 0: not asked for */
  uint8_t where;
  bool touched; /* in the input's list */
  bool referenced;
};

struct kn_jit_input {
  kiln_module *m;
  kiln_session *const *sessions;
  uint32_t n_sessions;
  uint32_t first;                     /* of its parts */
  KN_ARRAY(struct kn_jit_bind) binds; /* by symbol id */
  KN_ARRAY(uint32_t) data;            /* indices of items, in the order of placing */
  KN_ARRAY(uint32_t) touched;         /* ids of symbols */
};

/* What a session compiled, which stays together. */
struct kn_jit_part {
  const kiln_session *session;
  const struct kn_output *out;
  uint32_t in;   /* input */
  uint64_t code; /* where its code is: an offset in the unit's */
};

struct kn_jit_want {
  uint32_t in, id;
};
struct kn_jit_wants {
  struct kn_jit_want *at;
  uint32_t n, cap; /* as KN_ARRAY */
};

/* A definition of an external name in the unit that is linked. */
struct kn_jit_def {
  struct kn_jit_entry *entry;
  uint32_t in, id;
  uint8_t strength; /* KN_JIT_WEAK_DEF... */
  uint8_t align_log2;
  uint64_t size;
};
/* The later one wins in a unit: System V ABI, "Symbol Table", STB_WEAK. */
enum { KN_JIT_WEAK_DEF, KN_JIT_COMMON_DEF, KN_JIT_STRONG_DEF };

/* What is known of a name. */
struct kn_jit_named {
  struct kn_jit_name name;
  uint64_t address;   /* that the resolver answered; 0: it does not know the name */
  bool own;           /* only the unit itself and the resolver define it */
  bool defined;       /* by an input */
  uint8_t visibility; /* the most restrictive one that an input says */
};
struct kn_jit_names {
  KN_ARRAY(struct kn_jit_named) list;
  struct kn_hash hash; /* index + 1 */
};

/* Sections with the same name whose start and end code refers to: __start_NAME, __stop_NAME. */
struct kn_jit_range {
  const char *name;
  uint8_t where;
  uint64_t start, end;
};

/* The resolver may use all that a link works on, the stream, modules and sessions. So it is asked between two attempts
 * to link a unit, when nothing is in progress; what it said is what the next attempt begins with. */
struct kn_jit_answers {
  struct kn_arena texts;
  struct kn_jit_names names; /* those from n_asked on were not asked yet */
  uint32_t n_asked;
};

struct kn_jit_link {
  kiln_jit *jit;
  struct kn_jit_answers *answers;
  kiln_jit_error *error; /* never NULL */
  unsigned flags;
  kiln_jit_stream *stream;            /* NULL: none */
  const struct kn_jit_loaded *loaded; /* NULL: modules; else the object that the only input was */
  struct kn_output *other; /* of a stream: what its session has compiled while the resolver ran */
  struct kn_arena arena;
  struct kn_jit_input *in;
  uint32_t n_in, n_parts;
  struct kn_jit_part *parts; /* of all inputs, in their order */
  uint64_t size[KN_JIT_KINDS], align[KN_JIT_KINDS];
  uint64_t tls_size, tls_align, tls_file; /* the last: what is not all zero, from the start */
  struct kn_jit_wants got, tls, stubs, undefined;
  KN_ARRAY(struct kn_jit_def) defs;
  KN_ARRAY(struct kn_jit_entry *) refs;
  KN_ARRAY(struct kn_jit_range) ranges;
  struct kn_jit_names merged; /* of several inputs; none of a single one */
  /* fde_bytes: with the CIEs of personalities; table_bytes: of exceptions */
  uint64_t fde_bytes, table_bytes, root_bytes, n_funcs, names_size, n_symbols;
  bool has_tls;
  bool registers;      /* kn_jit_unit.registers */
  uint32_t registrars; /* a bit for each row of kn_jit_registrars that is referred to */
  /* offsets in the unit's areas */
  uint64_t stub_at, registrar_at, got_at, tls_got_at, frame_at, table_at, roots_at, image_at;
  struct kn_jit_unit *unit;
};

/* Whether an input defines the symbol. */
static inline bool kn_jit_defined(const struct kn_jit_bind *b) {
  return b->where >= KN_JIT_IN_CODE && b->where <= KN_JIT_IN_COMMON;
}

/* layout.c */
bool kn_jit_layout(struct kn_jit_link *l);
/* Puts a symbol into the input's list. */
bool kn_jit_touch(struct kn_jit_link *l, struct kn_jit_input *in, uint32_t id);
bool kn_jit_want(struct kn_jit_link *l, struct kn_jit_wants *w, uint32_t in, uint32_t id);
/* scan.c: notes what the relocations ask for. */
bool kn_jit_scan(struct kn_jit_link *l);
/* resolve.c */
/* Looks for names that no unit has, among the resolver's answers and in the process; called without the lock. Notes
 * which names the resolver is to look up: then the unit cannot be linked yet. */
bool kn_jit_resolve_outside(struct kn_jit_link *l);
/* Are there names that the resolver was not given? */
static inline bool kn_jit_unanswered(const struct kn_jit_answers *a) {
  return a->n_asked < a->names.list.n;
}
/* Binds all names; called with the lock. */
bool kn_jit_resolve(struct kn_jit_link *l);
/* Undoes what kn_jit_resolve did to the JIT. */
void kn_jit_resolve_undo(struct kn_jit_link *l);
/* Makes the unit's definitions those of their names. */
void kn_jit_publish(struct kn_jit_link *l);
/* Functions by which code registers others to be called at an event of the process. A unit has functions of its own by
 * these names, which add its __dso_handle, so that what it registered can be dropped with it. */
struct kn_jit_registrar {
  const char *name;
  void (*function)(void); /* that takes the handle, too; NULL: this libc has none */
  unsigned argument;      /* that is the handle, from 0 */
};
enum { KN_JIT_REGISTRARS = 3 };
extern const struct kn_jit_registrar kn_jit_registrars[KN_JIT_REGISTRARS]
  __attribute__((visibility("hidden")));
/* The row of that name; KN_JIT_REGISTRARS: none. */
unsigned kn_jit_registrar_find(const char *name);

/* ---- outside_*.c: one for each system, which has kn_jit_registrars, too ---- */

/* The address that the process has for `name`, or, where there are versions, for that of it that `name@version` or
 * `name@@version` says; 0: none. */
uint64_t kn_jit_outside_process(const kiln_jit *jit, const char *name);
/* The same of functions that operations call, where the program does not have them. */
uint64_t kn_jit_outside_library(const char *name);
/* A function of <kiln/throw.h>, which programs do not export if libkiln is linked into them; 0: the system has none. */
uint64_t kn_jit_outside_throw(const char *name);
/* Calls what was registered with the handle to be called at exit, and drops what else was. */
void kn_jit_outside_finalize(uint64_t dso);

/* write.c */
bool kn_jit_write(struct kn_jit_link *l);
/* Address that references to a symbol see; of thread-local ones nothing useful. */
uint64_t kn_jit_address_of(const struct kn_jit_link *l, uint32_t in, uint32_t id);
/* Where its definition is, without a stub. */
uint64_t kn_jit_definition(const struct kn_jit_link *l, uint32_t in, uint32_t id);

/* ---- frames.c ---- */

/* The distance from `field` to the word with a symbol's address. */
uint32_t kn_jit_to_word(const struct kn_jit_link *l, uint32_t in, uint32_t id, uint64_t field);
/* Copies a part's table of exceptions to `to`, which is at address `at`. */
void kn_jit_table_write(const struct kn_jit_link *l, const struct kn_jit_part *part,
                        const struct kn_code_table *t, uint8_t *to, uint64_t at);

/* ---- frames_*.c: one for each system ---- */

/* Unwinders call personalities through stubs, not through words with their addresses. */
extern const bool kn_jit_frames_call_personality;
/* Bytes that a unit needs beside fde_bytes and table_bytes. */
enum { KN_JIT_FRAMES_BYTES = KN_CIE_BYTES + 32 };
/* Adds what a session's functions need to fde_bytes and table_bytes. */
void kn_jit_frames_measure(struct kn_jit_link *l, const struct kn_output *o);
/* Writes the frames of all functions and of stubs, and tables of exceptions. */
void kn_jit_frames_write(struct kn_jit_link *l);

/* reloc.c */
bool kn_jit_reloc_code(struct kn_jit_link *l, const struct kn_jit_part *part);

/* ---- ask.c ---- */

/* What is known of a name, or NULL: then *at is its position in the table. */
struct kn_jit_named *kn_jit_names_find(const struct kn_jit_names *names, struct kn_jit_name name,
                                       uint32_t *at);
/* The same, added if need be; NULL without memory. Moves the others. */
struct kn_jit_named *kn_jit_names_get(const kiln_allocator *a, struct kn_jit_names *names,
                                      struct kn_jit_name name);
void kn_jit_names_free(const kiln_allocator *a, struct kn_jit_names *names);
/* Notes a name that the resolver is to look up. */
bool kn_jit_ask_for(struct kn_jit_link *l, struct kn_jit_name name, bool own);
/* Asks the resolver for all unanswered names that are still unknown. The modules and sessions cannot be freed
 * meanwhile. */
kiln_status kn_jit_ask(struct kn_jit_link *l, const kiln_jit_input *inputs, uint32_t n);
void kn_jit_answers_free(const kiln_jit *jit, struct kn_jit_answers *a);
/* Does a unit define the external name? */
bool kn_jit_knows(kiln_jit *jit, struct kn_jit_name name);

/* ---- add.c, stream.c ---- */

/* Links inputs into a unit, asking the resolver if need be; the link says where to. */
kiln_status kn_jit_link(struct kn_jit_link *l, const kiln_jit_input *inputs, uint32_t n,
                        kiln_jit_unit *unit);
/* Of a stream: chooses what is new; false, with an error, without memory. */
bool kn_jit_stream_begin(struct kn_jit_link *l, kiln_session *const *session);
void kn_jit_stream_end(struct kn_jit_link *l, bool linked);
/* As kn_jit_ask, while the session has `other` in place of its output, which is then the other way round again. */
kiln_status kn_jit_stream_ask(struct kn_jit_link *l, const kiln_jit_input *inputs);

#endif
