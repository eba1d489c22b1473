/* Inlining: functions that are kept, which of them are inlined, and the copies that calls become. <kiln/inline.h> is
 * its public part; ir/inline/inline.def says what is not inlined.
 *
 * A finished function whose calls are to be inlined is built a second time, by the builder's own calls, block by block
 * in an order in which definitions come before uses; where a call of an inlined function stood, that one's body is
 * built in the same way, its parameters standing for the arguments. So front ends, walk and targets know nothing of it,
 * and functions without such calls cost nothing.
 *
 * Invariant: what is decided about a function depends on the set of kept functions alone. Once it is settled, all here
 * but kn_body.inlined is constant, and sessions of several threads read it. */
#ifndef KN_IR_INLINE_INLINING_H
#define KN_IR_INLINE_INLINING_H

#include "base/arena.h"
#include "ir/func.h"

#include <kiln/inline.h>

/* Why something is not inlined; NONE: it is. */
enum kn_inline_row {
  KN_INLINE_NONE,
#define KN_INLINE_ROW(E, of, text) KN_INLINE_##E,
#include "ir/inline/inline.def"
  KN_INLINE_COUNT
};
extern const char *const kn_inline_text[KN_INLINE_COUNT];

/* What stands for a value of a body: a handle of the function that is built; of a slot, plus a displacement. */
struct kn_ref {
  uint32_t h;
  int32_t disp;
};

/* A call in a kept function. */
struct kn_body_call {
  uint32_t symbol; /* 0: it calls an address */
  uint32_t inst;
};

/* A kept function. */
struct kn_body {
  const kiln_func *
    f; /* its arrays are one piece of memory, with it; of `order`, only reachable blocks, definitions
                       * before uses, the one that returns last if only one does */
  uint8_t *
    promotable; /* by slot: it is stored once, before all loads: what is stored is what is loaded */
  const struct kn_body_call *calls; /* in reachable blocks */
  uint32_t n_calls;
  /* what `f` calls locations: their `file` is an index into kn_kept.files, `inlined` one into these; [0] is none. NULL:
   * it has none */
  struct kn_loc_full *locs;
  uint32_t n_locs;
  uint32_t n_returns; /* RETs that are reachable */
  uint32_t size;      /* its own instructions, as docs/inlining.md counts them */
  uint32_t frame;     /* bytes of its own slots */
  uint32_t all_size;  /* the two with what is inlined into it */
  uint32_t all_frame;
  uint32_t tries;     /* its own TRYs; each has a landing pad and rows of the table of exceptions */
  uint32_t all_tries; /* with those of what is inlined into it */
  uint32_t constants; /* a call is inlined if at least so many of its arguments are constants */
  uint16_t depth;     /* of bodies within it */
  uint8_t row;        /* enum kn_inline_row */
  bool unwinds;       /* an exception may leave it from a CALL */
  bool cleans;        /* it has a RESUME, or a TRY with a cleanup */
  bool passes;        /* it has a TRY that some exceptions pass */
  bool recursive;     /* it calls itself, perhaps through other kept functions */
  bool begun;   /* kiln_session_begin_kept, or kiln_symbol_set_inline_only: emitting requires it */
  bool inlined; /* some compiled function has a copy of it; sessions of several threads set it */
  uint32_t mark, low; /* of the search for cycles: see inline_settle.c */
};

struct kn_inline_room;

/* The kept functions of a module. */
struct kn_kept {
  KN_ARRAY(struct kn_body *) bodies; /* in the order in which they were kept */
  struct kn_body **by_symbol;        /* by id, below n_symbols */
  uint32_t n_symbols;
  KN_ARRAY(struct kn_file) files; /* of kn_body.locs */
  struct kn_hash file_hash;       /* by name: index + 1 */
};

/* The body of a symbol; NULL: it was not kept. */
static inline struct kn_body *kn_kept_body(const kiln_module *m, uint32_t symbol) {
  const struct kn_kept *k = m->kept;
  return k != NULL && symbol < k->n_symbols ? k->by_symbol[symbol] : NULL;
}

/* ---- the policy (inline_policy.c) ---- */

/* `attrs` with defaults in place of zeros. */
kiln_inline_attrs kn_inline_complete(const kiln_inline_attrs *attrs);
/* How many arguments of a call of `body` must be constants, if that has `size` instructions with what is inlined into
 * it; UINT32_MAX: it is too large for any call. */
uint32_t kn_inline_constants(const kiln_module *m, const struct kn_body *body, uint32_t size);
/* True if call `i` of `f` has as many constants as `body` is to have. `known`: what values of `f` are, as far as they
 * are immediates in the function that is built; or NULL. */
bool kn_inline_has_constants(const kiln_func *f, uint32_t i, const struct kn_body *body,
                             const struct kn_ref *known);
/* Whether a call is inlined against which is `row`, or NONE, where an embedder decides. `call`: all but what follows
 * from the other arguments. */
bool kn_inline_decide(const kiln_module *m, const struct kn_body *body, enum kn_inline_row row,
                      kiln_inline_call_info *call);
/* Tells the embedder why no call in `f` is inlined. */
void kn_inline_tell(const kiln_func *f, enum kn_inline_row row);
/* True if calls of the body may be inlined, as far as the function itself says. */
static inline bool kn_inline_may(const kiln_module *m, const struct kn_body *body) {
  return body->row == KN_INLINE_NONE ||
         (m->inline_attrs.decide != NULL && body->row == KN_INLINE_LARGE);
}

/* What the TRY that ends `block` takes: see inline_call.c. */
enum { KN_TAKES_CATCHES = 1, KN_TAKES_ALL = 2, KN_TAKES_CLEANS = 4 };
unsigned kn_inline_takes(const kiln_func *f, uint32_t block);
/* Fills in what a function that is to be kept says of itself; its calls, and which slots are stored once, are then in
 * `room`, as its order is (inline_settle.c). False without memory. */
bool kn_body_measure(struct kn_body *body, kiln_func *f, struct kn_inline_room *room,
                     uint32_t n_order);
/* Bytes of the slots that are not stored once (inline_settle.c). */
uint64_t kn_inline_frame(const kiln_func *f, const uint8_t *promotable);

/* Which slots are stored once, `promotable` having a byte for each: see kn_body.once. */
void kn_inline_find_promotable(const kiln_func *f, const uint32_t *order, uint32_t n,
                               uint8_t *promotable);
/* Why nothing can be inlined into function `f`. */
enum kn_inline_row kn_inline_into_row(const kiln_func *f);

/* Does the function's debugging information name entries of its session, which others cannot name? (inline_debug.c) */
bool kn_inline_debug_of_session(const kiln_func *f);
/* Gives body->locs the locations that `f` names, and `copy`, its copy, their numbers there; false without memory. */
bool kn_inline_keep_locs(struct kn_body *body, kiln_func *copy, kiln_func *f);
void kn_inline_free_files(kiln_module *m);

/* True if a call in finished function `f` is inlined, as far as its callees say, or its slots may be split. */
bool kn_inline_applies(const kiln_func *f);
/* Builds `f` again with its calls inlined. `f` becomes the result; false if it failed. */
bool kn_inline_expand(kiln_func *f);
/* The order for replay: the blocks that are reachable, into `order`, which has room for all; their number. `words` has
 * room for three times as many. (inline_keep.c) */
uint32_t kn_inline_order(const kiln_func *f, uint32_t *order, uint32_t *words);

/* Frees the kept functions of a module. */
void kn_kept_free(kiln_module *m);

/* A set of the bytes of a slot: byte k is bit k. */
__extension__ typedef unsigned __int128 kn_bytes;
#define KN_SPLIT_MOST 128 /* a slot of more bytes is not split */
/* The first `n` bytes. */
static inline kn_bytes kn_first_bytes(uint32_t n) {
  return n >= KN_SPLIT_MOST ? ~(kn_bytes)0 : ((kn_bytes)1 << n) - 1;
}
/* The lowest byte of a set that is not empty. */
static inline uint32_t kn_lowest_byte(kn_bytes set) {
  uint64_t low = (uint64_t)set;
  return low != 0 ? (uint32_t)__builtin_ctzll(low)
                  : 64 + (uint32_t)__builtin_ctzll((uint64_t)(set >> 64));
}

/* A slot that is scanned. Invariant, once it is split: each access is one of a whole piece; pieces lie wholly in a
 * copy, or wholly outside. */
struct kn_split {
  kn_bytes starts;  /* where pieces begin */
  kn_bytes inner;   /* the other bytes of pieces */
  kn_bytes cuts;    /* where accesses, copies and fills begin, or the byte after them is */
  kn_bytes written; /* by stores and fills, and by copies of what may be there */
  kn_bytes read;    /* by loads, and by copies to where it may be read */
  kn_bytes carry;   /* bytes that only copies read and write */
  uint32_t size_bytes;
  uint32_t types; /* where its bytes are in kn_inline_room.piece_types and .known */
  uint32_t round; /* of the search: the newest one that noted something of it */
  bool memory;    /* it is not split */
  bool copied;    /* some of it, to or from anywhere */
};

/* A copy of `size` bytes from slot to slot; either may have become memory since it was noted. */
struct kn_slot_copy {
  struct kn_ref to, from;
  uint32_t size;
};

/* What a piece has. */
struct kn_known {
  uint32_t value; /* of the piece's type */
  uint32_t stamp; /* kn_inline_room.stamp when that was known */
};

/* Memory that a session keeps for keeping functions and for replays. */
struct kn_inline_room {
  struct kn_arena arena; /* levels and sites of the replay */
  KN_ARRAY(uint32_t)
  scopes; /* in the order of the scan: which of the function, + 1; 0: not built */
  KN_ARRAY(struct kn_split) splits;     /* parallel to the slots of the function that is built */
  KN_ARRAY(struct kn_slot_copy) copies; /* of them */
  KN_ARRAY(uint8_t) piece_types;   /* by kn_split.types + offset: of the piece that begins there */
  KN_ARRAY(struct kn_known) known; /* the same: what that has; `n` never shrinks */
  uint32_t stamp;                  /* grows with each block that is built */
  KN_ARRAY(uint32_t) order, stack; /* of the function that is kept, or the outermost one */
  KN_ARRAY(uint8_t) promotable;
  KN_ARRAY(uint32_t) accesses;         /* of the function that is kept, by slot */
  KN_ARRAY(struct kn_body_call) calls; /* in it */
  KN_ARRAY(uint32_t) edges;            /* arguments of the terminator that is being built */
  KN_ARRAY(kiln_value) args;
  KN_ARRAY(kiln_clause) clauses;
  KN_ARRAY(kiln_symbol) types;
  KN_ARRAY(kiln_switch_case) cases;
  KN_ARRAY(uint32_t) files;         /* by index into kn_kept.files: number in the session, or 0 */
  KN_ARRAY(uint32_t) locs, numbers; /* locations of the function that is kept: inline_debug.c */
};
/* The session's; NULL without memory. */
struct kn_inline_room *kn_inline_room_of(kiln_session *s);
/* Puts the order of `f` into room->order: the number of its blocks, 0 without memory. */
uint32_t kn_inline_put_order(kiln_func *f, struct kn_inline_room *room);
void kn_inline_room_free(kiln_session *s);

#endif
