/* The IR of one function: dense arrays that the builder fills, and that the verifier, printer, plan and walk read. Once
 * the function is finished nothing writes to them (lib/check/check_ir.c proves it in checking builds), but for struct
 * kn_val, the state of values in plan and walk, which is no part of the IR. Invariant: every handle stored in an
 * instruction is in range and of a type that the instruction allows, because the builder checked it. */
#ifndef KN_IR_FUNC_H
#define KN_IR_FUNC_H

#include "ir/ops.h"
#include "ir/module/session_state.h"

/* ---- operands ---- */

/* The tag is in the top 3 bits of a handle. */
enum kn_tag {
  KN_TAG_VALUE,   /* index of the instruction or parameter that makes it; 0: none */
  KN_TAG_IMM,     /* 29-bit signed integer */
  KN_TAG_POOL,    /* index into kiln_func.pool */
  KN_TAG_SLOT,    /* address of kiln_func.slots[index] */
  KN_TAG_FORWARD, /* index into kiln_func.forwards; gone once the function is finished */
  KN_TAG_TRIED,   /* what a try gives its edge: kn_tried; argument of such an edge only */
};
#define KN_TAG_SHIFT 29
#define KN_INDEX_MASK ((1u << KN_TAG_SHIFT) - 1)
#define KN_MAX_INDEX KN_INDEX_MASK

static inline enum kn_tag kn_tag(uint32_t h) { return (enum kn_tag)(h >> KN_TAG_SHIFT); }
static inline uint32_t kn_index(uint32_t h) { return h & KN_INDEX_MASK; }
static inline uint32_t kn_handle(enum kn_tag tag, uint32_t index) {
  return (uint32_t)tag << KN_TAG_SHIFT | index;
}
static inline bool kn_is_value(uint32_t h) { return h >> KN_TAG_SHIFT == KN_TAG_VALUE; }
static inline bool kn_is_imm(uint32_t h) { return h >> KN_TAG_SHIFT == KN_TAG_IMM; }
static inline bool kn_is_pool(uint32_t h) { return h >> KN_TAG_SHIFT == KN_TAG_POOL; }
static inline bool kn_is_slot(uint32_t h) { return h >> KN_TAG_SHIFT == KN_TAG_SLOT; }
/* h if it is a value, else 0 (none). By arithmetic, for where a branch would be mispredicted. */
static inline uint32_t kn_value_or_none(uint32_t h) {
  return h & (uint32_t)((int32_t)((h >> KN_TAG_SHIFT) - 1) >> 31);
}
/* Result or exception `k` of a try, of `type`. Of an i128, KN_TRIED_UPPER is added to the number of the upper half. */
#define KN_TRIED_UPPER 128u
static inline uint32_t kn_tried(bool exception, unsigned type, uint32_t k) {
  return kn_handle(KN_TAG_TRIED, (uint32_t)exception << 16 | type << 8 | k);
}
/* The upper half of such an i128. */
static inline uint32_t kn_tried_upper(uint32_t h) { return h | KN_TRIED_UPPER; }
static inline bool kn_is_tried(uint32_t h) { return h >> KN_TAG_SHIFT == KN_TAG_TRIED; }
static inline bool kn_tried_exception(uint32_t h) { return (h >> 16 & 1) != 0; }
static inline unsigned kn_tried_type(uint32_t h) { return h >> 8 & 255; }
static inline uint32_t kn_tried_number(uint32_t h) { return h & 255; }
static inline int32_t kn_imm(uint32_t h) { return (int32_t)(h << 3) >> 3; }
static inline bool kn_fits_imm(int64_t v) { return v >= -(1 << 28) && v < (1 << 28); }

/* ---- instructions ---- */

/* One instruction. Fields by shape (<kiln/shapes.def> says which are operands):
 *   UN UNV SLOTV   a               BIN BINV  a b          TERN MEM3 MEMSET  a b c
 *   CONV_*         a; x: source type
 *   VUN VBIN VICMP VFCMP VSHIFT VSPLAT VEXTRACT VINSERT  a, b; x: KN_LANE, KN_LANE_NUMBER
 *   MACHINE        up to three operands in a, b, c, the last one perhaps an immediate; x: KN_MACHINE_ROW, _KIND
 *   ICMP FCMP      a b; x: condition; type: of the operands (the result is I8)
 *   SELECT         a: condition, b, c
 *   LOAD           a, c: displacement; x: KN_MEM_* below
 *   MEM3 MEMSET    x: KILN_MEM_VOLATILE or 0
 *   STORE          a, b: value, c: displacement; x as LOAD; type: the value's
 *   ADDR           a, b: index or 0, c: displacement; x: scale
 *   SALLOC         a; x: log2 of the alignment
 *   ATOMIC_*       a, b, c; x: ordering | failure ordering << 3 | kiln_rmw << 8
 *   FENCE          x: ordering      LEVEL  x: level
 *   RESULT         a: index of the instruction, x: result's number
 *   CALL           a: first of x handles in lists, b: callee, c: signature
 *   ASM            a, c, x as CALL; b: index into kiln_func.asms
 *   TRY            a, b, c, x as CALL; after the arguments, in lists, what it catches: kn_try_clauses. Its edges
 *                  are the block's: the normal one, then the unwind edge
 *   PARAM          a: block, b: next parameter of the block or 0, x: number (or 65535: see plan)
 *   UPPER          a: index of the instruction or parameter right before it, which makes an i128
 *   SEG            a: index of the instruction that goes on
 *   BR             b: edge          BRIF   a, b: first of two edges
 *   SWITCH         a, b: first edge (the default; cases follow), c: first case value in lists (two
 *                  words each, low first); the number of cases is the block's n_edges - 1
 *   BRIND          a, b: first edge
 *   RET            x values: up to three in a, b, c; more in lists from a */
struct kn_inst {
  uint8_t op;   /* kiln_op */
  uint8_t type; /* kiln_type */
  uint16_t x;
  union {
    struct {
      uint32_t a, b, c;
    };
    uint32_t field[3]; /* the same */
  };
};
_Static_assert(sizeof(struct kn_inst) == 16, "an instruction is two 8-byte stores");

/* x of LOAD and STORE: bits 0 to 4 the type in memory, then KILN_MEM_SEXT, KILN_MEM_VOLATILE,
 * KILN_MEM_NONTEMPORAL, bits 8 to 11 the alignment's log2. */
#define KN_MEM_TYPE(x) ((unsigned)(x) & 31u)
#define KN_MEM_ALIGN(x) ((unsigned)(x) >> 8 & 15u)

/* State of a value, parallel to the instructions: first the builder's, then the walk's, into which built_to_walked
 * (lib/codegen/plan.c) turns it. Nothing reads it after the walk. The type is kn_inst_result's, too; but an i128 is two
 * values, which both are i64 from then on: its own handle names the lower half, and the UPPER after it the upper one.
 * Uses are counted of the lower half alone until then. */
struct kn_val {
  uint32_t uses;   /* builder: reads of it; walk: reads not yet emitted */
  uint32_t global; /* index + 1 into kiln_func.globals if used outside its block, else 0 */
  union {
    uint32_t block; /* builder: where it is defined */
    int32_t frame;  /* walk: frame offset of its spill slot or of where it arrived; 0 none */
    uint32_t older; /* walk, KN_VF_ALIAS: the next older alias of the same home, or 0 */
    uint32_t depth; /* walk, KN_VF_ADDR: how many addresses are folded into it (the target's) */
  };
  uint8_t type;  /* of the value: kiln_type */
  uint8_t reg;   /* walk: register or KN_NO_REG */
  uint8_t flags; /* KN_VF_..., lib/codegen/plan.h */
  union {
    uint8_t hint; /* KN_HINT_..., or KN_NO_REG: none */
    uint8_t copy; /* walk, KN_VF_SLOT_HOME: the register that may have a copy, or KN_NO_REG */
  };
};
/* Where a value would best be computed. 0 to 7: in the argument register of that number, of its bank. 8: in the second
 * result's. All others, and none, end in four ones: in a target's table of hints that entry has no register. */
enum {
  KN_HINT_SECOND = 8,
  KN_HINT_STORED = 15,    /* the next instruction stores it: if to a variable, in its home */
  KN_HINT_LOOP_HOME = 31, /* walk: in the home of the loop's parameter that it becomes */
  KN_HINT_STORED_HALF =
    47,              /* walk: one instruction further on is its STORE, as one half of an i128 */
  KN_HINT_LATER = 79 /* an argument beyond the first 8 */
};
/* True for STORED, STORED_HALF and LOOP_HOME: kn_def_hinted knows the register. */
#define KN_HINT_SAYS_HOME(hint) (((hint) & ~48u) == KN_HINT_STORED)
_Static_assert(KN_HINT_LOOP_HOME == (KN_HINT_STORED | 16) &&
                 KN_HINT_STORED_HALF == (KN_HINT_STORED | 32),
               "KN_HINT_SAYS_HOME");
_Static_assert(sizeof(struct kn_val) == 16, "a value's state is two 8-byte stores");
_Static_assert(offsetof(struct kn_val, hint) == 15, "kn_build_is_local cuts it off");

/* kn_val.flags, builder: an i128, which is two values once the function is walked. No fast path takes it. */
#define KN_PAIR 128u

#define KN_NO_REG 0xffu
/* kn_slot_place.reg of a variable that nothing loads, if debuggers do not show it: stores to it do nothing. */
#define KN_UNREAD 0xfeu

/* A constant that does not fit into a handle. */
struct kn_const {
  uint64_t low, high; /* bits; of a symbol: low is the addend */
  uint32_t symbol;    /* 0: a number */
  uint8_t type;       /* kiln_type; VOID: an untyped integer of up to 64 bits */
  uint8_t tls;        /* the symbol is thread-local: operand of TLS_ADDR only */
  uint8_t is_typeid;  /* an untyped integer: the index `low` of a type in kiln_func.types, from 1 */
};

/* Why a slot is memory, and no variable: facts, which are independent of each other. */
enum {
  KN_MEMORY_ESCAPES =
    1, /* its address leaves: something but this function's loads and stores may access it */
  KN_MEMORY_WHOLE =
    2, /* it cannot be in pieces: accesses overlap, are volatile or not all inside, or too many */
  KN_MEMORY_ROOT = 4 /* kiln_slot_set_root; ESCAPES too: a call may change it */
};

/* A stack slot, or a piece of one: some of its bytes that are always loaded and stored as one value. The first bytes of
 * a slot are no piece but the slot itself, as a variable of its `type`. While a slot is not memory, its pieces and
 * itself are variables, each with a home of its own; afterwards they all are its memory. A LOAD or STORE of a piece
 * names the piece, by a handle like a slot's, with the displacement 0; front ends, text and inspection know the slot
 * only. */
struct kn_slot {
  uint32_t size_bytes; /* at most INT32_MAX */
  uint32_t global;     /* index + 1 into globals while it may be a variable, else 0 */
  /* accesses, but for those of its pieces, and uses of its address; 0: never needed */
  uint32_t uses;
  uint8_t align_log2;
  uint8_t type;    /* of every access so far; before the first a guess by size, or VOID */
  uint8_t memory;  /* KN_MEMORY_...; 0: a variable */
  uint8_t array;   /* kiln_slot_set_array */
  uint32_t parent; /* of a piece: index + 1 of its slot; else 0 */
  uint32_t offset; /* of a piece: where it begins in its slot, in bytes */
  uint32_t pieces; /* newest piece, of a piece the next older one: index + 1, or 0 */
  uint32_t number; /* how many slots, without pieces, were made before; of a piece: one less */
  uint32_t
    scope; /* the inlined body that it belongs to: index + 1 into scopes; 0: the function itself */
};

/* An inlined body: its slots have no content before it begins and after it ends. In the order of their beginnings. */
struct kn_scope {
  uint32_t block;  /* where it begins */
  uint32_t parent; /* index + 1 of the one around it, or 0 */
  uint32_t first,
    end; /* its instructions, and those of the bodies in it: from `first` up to `end`, not included */
};

/* A value used outside its block, or a slot that may be a variable. */
struct kn_global {
  uint32_t handle;    /* value or slot */
  uint32_t def_block; /* values: where defined; slots: UINT32_MAX */
};

/* A use of a global outside its block, or an access of a variable. In order of building. */
struct kn_use_row {
  uint32_t global; /* twice an index into globals; + KN_ROW_LOAD if it loads the variable */
  uint32_t block;
};
#define KN_ROW_LOAD 1u

/* A forward value. */
struct kn_forward {
  uint32_t bound; /* handle, or 0 */
  uint8_t type;
};
/* An operand that holds a forward handle: patched when the function is finished. */
struct kn_forward_use {
  uint32_t forward;
  uint32_t block; /* of the use */
  uint32_t where; /* field: instruction * 4 + 1..3 (a..c); list: index; argument: index */
  uint8_t kind;   /* 0 field, 1 lists, 2 edge argument, 3 late argument */
};

/* An edge. Those of a block are contiguous. */
struct kn_edge {
  uint32_t target;
  uint32_t args; /* index + 1 into edge_args: newest argument; 0: none */
};
struct kn_edge_arg {
  uint32_t index; /* which parameter of the target */
  uint32_t value;
  uint32_t next; /* index + 1 of the edge's next, or 0 */
};
/* An argument given by (predecessor, target): made edge arguments when the function is finished. */
struct kn_late_arg {
  uint32_t pred, target, index, value;
};

struct kn_block {
  uint32_t first;  /* first instruction; 0: not filled yet */
  uint32_t term;   /* terminator; 0: none yet */
  uint32_t resume; /* SEG at the block's end whose target is to be patched; 0: none */
  uint32_t edge_first;
  uint32_t n_edges;
  uint32_t param_first; /* first parameter's value, or 0 */
  uint32_t param_last;
  uint32_t n_params;
  uint32_t n_preds; /* edges into it, those of unreachable blocks too */
  uint32_t calls;   /* instructions that clobber like a call */
  uint32_t pos;     /* position in `order` + 1; 0: not filled yet */
  uint8_t address_taken;
  uint8_t contiguous; /* parameter i is value param_first + i */
  uint8_t to_next; /* built by inlining: ends with a branch to the block that was made next there */
};

/* A back edge of the order of filling: a loop of [target, source]. */
struct kn_back_edge {
  uint32_t target, source; /* blocks */
};

/* What is known of few instructions, and has no field in struct kn_inst: rows by kind, in ascending order of their
 * instructions. A kind says which fields it has, what they mean, and whether a row holds from its instruction on or for
 * that alone. Inlining copies what kn_replay_notes names; functions with others are not kept (inline_keep.c). */
enum kn_note_kind {
  KN_NOTE_LOC, /* from here on: loc: source location */
  KN_NOTE_PASSED, /* before what is here: loc: of a statement of which inlining has left no instruction */
  KN_NOTE_TEXT_POSITION, /* from here on: a, b: line and column of a text input (kiln_func_set_text_position) */
  KN_NOTE_REFERENCE, /* the instruction's value: a = 1: is a reference; a = 0: is a COPY that is not derived */
  KN_NOTE_CALL_ID, /* the call's: a (kiln_func_set_call_id) */
  KN_NOTE_COUNT
};
struct kn_note {
  uint32_t inst;
  union {
    struct {
      uint32_t a, b;
    };
    struct kn_loc loc;
  };
};

/* The machine code of an ASM. */
struct kn_asm {
  uint64_t lost;           /* registers that it changes, besides those of operands and results */
  uint32_t regs;           /* in asm_bytes: a register for each operand, then one for each result */
  uint32_t bytes, n_bytes; /* in asm_bytes */
  uint32_t n_rows;         /* bytes of frame rows: after its bytes */
  uint32_t reloc, n_relocs; /* in asm_relocs */
  uint32_t label;           /* symbol that gets its address, or 0 */
  uint32_t align_log2;      /* of its first byte */
};

/* A variable that debuggers are to see. */
struct kn_debug_var {
  uint32_t variable; /* kiln_die */
  uint32_t slot;     /* index */
  uint32_t expr, n;  /* in kn_func_debug.bytes */
  uint32_t inlined;  /* location of the call, or 0 */
  uint32_t part_at, part_bits;
  bool indirect; /* the slot has its address */
  bool memory;   /* the slot may not become a register */
};

/* What a variable is from an instruction on, or a label there. */
#define KN_OTHER_MOST 96 /* most of kn_debug_value.other_at */
struct kn_debug_value {
  uint32_t inst; /* before this */
  uint32_t variable, inlined;
  uint32_t value;   /* handle, or 0 */
  uint32_t expr, n; /* in kn_func_debug.bytes */
  uint32_t part_at, part_bits;
  /* further handles, up to the first 0; each is pushed before this byte of the expression */
  uint32_t other[KILN_MAX_OTHER_VALUES + 1], other_at[KILN_MAX_OTHER_VALUES];
  bool address, label;
};

/* A store to a slot of which inlining has left no instruction, since nothing loads what it stores. */
struct kn_debug_store {
  uint32_t inst;      /* before this */
  uint32_t slot;      /* index; no piece */
  uint32_t at, bytes; /* which bytes of it */
  uint32_t value;     /* handle; 0: it is not known */
  struct kn_loc loc;  /* of its statement, or none */
  bool data;          /* what is stored is constant data, */
  int32_t disp;       /* whose address is `value` plus this; else 0 */
};

#define KN_FUNC_DEBUG_ARRAYS(ARRAY)                                                                \
  ARRAY(struct kn_debug_var, vars)                                                                 \
  ARRAY(struct kn_debug_value, values) /* in ascending order of instructions */                    \
  ARRAY(struct kn_debug_store, stores) /* the same */                                              \
  ARRAY(uint8_t, bytes)                /* expressions */

/* What debuggers are to know of a function. */
struct kn_func_debug {
  uint32_t subprogram, unit; /* kiln_die, or 0 */
  uint32_t begin;            /* location of its beginning, or 0 */
  bool calls;                /* its calls are to be described */
#define ARRAY(type, name) KN_ARRAY(type) name;
  KN_FUNC_DEBUG_ARRAYS(ARRAY)
#undef ARRAY
};

/* What is known of a function from its signature and what was built so far; zeroed at once for the next function. */
struct kn_func_facts {
  uint32_t n_results; /* of the signature */
  uint8_t result_types[KILN_MAX_RESULTS];
  uint32_t address_taken; /* blocks whose address is taken */
  uint32_t max_call_args; /* most arguments of a call */
  uint32_t n_terms;       /* terminators */
  uint32_t n_data;        /* private data items */
  uint32_t n_names;       /* kiln_func_define_alias */
  uint32_t n_pieces;      /* of slots, in `slots` */
  const char *hold;       /* why it cannot be finished (kiln_func_hold), or NULL */
  uint64_t asm_regs;      /* registers that any ASM reads, writes or loses */
  bool has_params;        /* a block but the entry has parameters */
  bool defines;           /* the symbol was reserved for this body */
  bool finished;
  bool needs_order;   /* a block was filled that no earlier one branches to */
  bool returns_twice; /* calls setjmp or a function like it, or has a BUILTIN_SETJMP */
  bool sets_jump;     /* has a BUILTIN_SETJMP */
  bool loses_all;     /* has a call by a convention that preserves no register */
  bool has_try;
  bool dynamic_stack; /* SALLOC: the stack pointer moves */
  bool uses_frame;    /* FRAME_ADDR, RETURN_ADDR */
  bool eh_returns;    /* it has an EH_RETURN */
  bool stack_args;    /* a call may pass arguments on the stack */
  bool variadic;      /* the signature is */
  bool has_calls;
  bool copies_slots;  /* a MEMCPY or MEMMOVE has a slot's address as an operand */
  bool aligned_slots; /* a slot is aligned beyond 16 bytes */
  bool folds;         /* operations on integer constants become constants (build_append.c) */
  bool inlined;       /* calls in it were inlined: ir/inline/inlining.h */
  bool mixed;         /* it has locations with KN_LOC_AS_IS */
  bool crossing;      /* a value, no parameter of a block, is used outside of its block */
  bool has_pairs;     /* it makes, stores or truncates an i128 */
  bool
    has_roots; /* a slot is a root, or there is a KN_NOTE_REFERENCE or KN_NOTE_CALL_ID: ir/roots.h */
};

/* The arrays of a function, which are emptied for the next one: type, name. Those that only building needs come last:
 * a kept function has none of them. */
#define KN_FUNC_ARRAYS(ARRAY) KN_FUNC_RESULT_ARRAYS(ARRAY) KN_FUNC_BUILD_ARRAYS(ARRAY)
#define KN_FUNC_RESULT_ARRAYS(ARRAY)                                                               \
  ARRAY(struct kn_block, blocks)                                                                   \
  ARRAY(uint32_t, order) /* blocks in order of filling */                                          \
  ARRAY(struct kn_edge, edges)                                                                     \
  ARRAY(struct kn_edge_arg, edge_args)                                                             \
  ARRAY(uint32_t, lists)                                                                           \
  ARRAY(struct kn_const, pool)                                                                     \
  ARRAY(struct kn_slot, slots) /* index 0 is used */                                               \
  /* symbols that clauses and typeids name, by index - 1; 0: the type of "catch all" */            \
  ARRAY(uint32_t, types)                                                                           \
  ARRAY(uint32_t, shared_clauses) /* where each list of them is in lists, + 1; 0: not set yet */   \
  ARRAY(struct kn_asm, asms)                                                                       \
  ARRAY(uint8_t, asm_bytes)                                                                        \
  ARRAY(kiln_asm_reloc, asm_relocs)
#define KN_FUNC_BUILD_ARRAYS(ARRAY)                                                                \
  ARRAY(struct kn_late_arg, late_args)                                                             \
  ARRAY(struct kn_scope, scopes)                                                                   \
  ARRAY(struct kn_global, globals)                                                                 \
  ARRAY(struct kn_use_row, rows)                                                                   \
  ARRAY(struct kn_back_edge, back_edges)                                                           \
  ARRAY(struct kn_forward, forwards)                                                               \
  ARRAY(struct kn_forward_use, forward_uses)                                                       \
  ARRAY(uint8_t,                                                                                   \
        halved) /* by instruction: KN_HALVED, KN_OF_HALVES; empty before kn_split_pairs */         \
  ARRAY(uint32_t, scratch) /* of kiln_func_finish */

struct kiln_func {
  /* hot: builder */
  struct kn_inst *inst;
  struct kn_val *val;
  uint32_t n, cap;        /* instructions; index 0 is reserved */
  uint32_t limit;         /* cap while instructions may be appended to `current`, else 0 */
  uint32_t current;       /* block being filled */
  uint64_t state;         /* upper half of the kn_val of a value without type made in `current` */
  struct kn_block *block; /* == blocks.at */
  kiln_status status;
  const uint16_t *clobbers; /* per opcode, bit per type: clobbers like a call */

#define ARRAY(type, name) KN_ARRAY(type) name;
  KN_FUNC_ARRAYS(ARRAY)
#undef ARRAY
  KN_ARRAY(struct kn_note) notes[KN_NOTE_COUNT];
  struct kn_hash type_hash; /* by symbol, if there are many: indices in `types` (build_call.c) */

  kiln_session *session;
  kiln_module *module;
  uint32_t symbol, sig;
  /* With the module's in `features` and `protection`, which has no KILN_PROTECT_NONE; `probe_bytes` is in range.
   * `reserved` is always 0. */
  kiln_func_attrs attrs;
#define KN_ATTRS_BYTES offsetof(kiln_func_attrs, reserved)
  struct kn_func_facts facts;
  kiln_diag diag; /* of the first error */
  struct kn_func_debug debug;
  /* in the session's list of open or of spare functions; prev: of open ones, NULL for the newest */
  struct kiln_func *next, *prev;
};

/* True if debug information does not change the function's code: what is somewhere is shown, and nothing is kept
 * (kiln_variables). Otherwise each declared variable is kept for all of the function, and statements have code of their
 * own. */
static inline bool kn_debug_as_is(const kiln_func *f) {
  const kiln_variables how = f->module->attrs.variables;
  return how == KILN_VARIABLES_AS_IS || (f->attrs.foreign && how == KILN_VARIABLES_KEPT);
}

/* True if copies of its slots are worth a replay, whether calls in it are inlined or not. */
static inline bool kn_inlining_splits(const kiln_func *f) {
  const kiln_inlining how = f->module->attrs.inlining;
  return (how == KILN_INLINING_SMALL || (how == KILN_INLINING_FOREIGN && f->attrs.foreign)) &&
         !f->attrs.not_into;
}

/* The machine code of an ASM. (ir/builder/build_asm.c) */
kiln_asm kn_asm_get(const kiln_func *f, const struct kn_inst *in);

/* The slot that `i`, an index into slots, is or is a piece of. */
static inline const struct kn_slot *kn_slot_whole(const kiln_func *f, uint32_t i) {
  const struct kn_slot *s = &f->slots.at[i];
  return s->parent ? &f->slots.at[s->parent - 1] : s;
}
/* Index of slot number `number`, which is below slots.n - n_pieces. */
uint32_t kn_slot_at(const kiln_func *f, uint32_t number);
/* Of slot `slot`, which is not memory, the variable at offset `at`, which it has: an index into slots. */
uint32_t kn_slot_variable(const kiln_func *f, uint32_t slot, uint32_t at);
/* Slot or piece `i` and its pieces are memory, and no variables, because of `why`. (ir/builder/build_slot.c) */
void kn_slot_to_memory(kiln_func *f, uint32_t i, unsigned why);

/* Fails the function, if it has not failed yet, with a diagnostic at instruction `inst` (or 0) of
 * block `block`. Returns `status`. `message` is printf-like. */
kiln_status kn_func_fail(kiln_func *f, kiln_status status, uint32_t block, uint32_t inst,
                         const char *message, ...) __attribute__((format(printf, 5, 6)));
/* The same, for functions that return `failed` when they fail. */
#define KN_FUNC_FAIL(failed, ...) ((void)kn_func_fail(__VA_ARGS__), (failed))

/* The i-th parameter's value of a block. */
static inline uint32_t kn_block_param(const kiln_func *f, const struct kn_block *b, uint32_t i) {
  if (b->contiguous) return b->param_first + i;
  uint32_t v = b->param_first;
  while (i-- > 0) v = f->inst[v].b;
  return v;
}

/* The i-th value of a RET. */
static inline uint32_t kn_ret_value(const kiln_func *f, const struct kn_inst *in, uint32_t i) {
  if (in->x > 3) return f->lists.at[in->a + i];
  return i == 0 ? in->a : i == 1 ? in->b : in->c;
}

/* True if h is a number; *value: the lower 64 bits. */
static inline bool kn_is_number(const kiln_func *f, uint32_t h, int64_t *value) {
  const struct kn_const *c = kn_is_pool(h) ? &f->pool.at[kn_index(h)] : NULL;
  if (c != NULL ? c->symbol != 0 : !kn_is_imm(h)) return false;
  *value = c != NULL ? (int64_t)c->low : kn_imm(h);
  return true;
}

/* ---- i128: two values ---- */

/* What kn_split_pairs (lib/codegen/pairs.c) has made of an instruction: bits of kiln_func.halved. */
enum {
  KN_HALVED = 1,    /* the first of two, one for each half */
  KN_OF_HALVES = 2, /* kn_is_of_halves */
  KN_KNOWN = 4,     /* the upper half is a number, which its readers have in its place */
  KN_NEEDED = 8     /* of an upper half: not in the place of this one */
};
/* True if instruction i is the first of two that were one. */
static inline bool kn_is_halved(const kiln_func *f, uint32_t i) {
  return i < f->halved.n && f->halved.at[i] & KN_HALVED;
}
/* True if value h is an i128. */
static inline bool kn_is_pair(const kiln_func *f, uint32_t h) {
  return f->inst[h + 1].op == KILN_OP_UPPER || kn_is_halved(f, h);
}
/* True if value h is the upper half of one. */
static inline bool kn_is_upper(const kiln_func *f, uint32_t h) {
  return f->inst[h].op == KILN_OP_UPPER || kn_is_halved(f, h - 1);
}
/* The instruction after the one or two that make value h. */
static inline uint32_t kn_after(const kiln_func *f, uint32_t h) { return h + 1 + kn_is_pair(f, h); }
/* True if an i128 among the operands of instruction i means the lower half alone. */
static inline bool kn_is_of_halves(const kiln_func *f, uint32_t i) {
  return i < f->halved.n && f->halved.at[i] & KN_OF_HALVES;
}
/* True if operand h of instruction i means both halves of an i128. */
static inline bool kn_reads_pair(const kiln_func *f, uint32_t i, uint32_t h) {
  return kn_is_value(h) && kn_is_pair(f, h) && !kn_is_of_halves(f, i);
}
/* The type of value h, whether the function was planned yet or not. */
static inline unsigned kn_value_type(const kiln_func *f, uint32_t h) {
  return f->facts.finished && kn_is_pair(f, h) ? KILN_TYPE_I128 : f->val[h].type;
}
/* Half k (0: the lower) of operand h of type i128: a handle of type i64; of an upper half that is a constant, that one
 * (ir/ops.c). */
uint32_t kn_half(const kiln_func *f, uint32_t h, unsigned k);
/* The instruction or parameter that makes value v, or of which it is the upper half. */
static inline const struct kn_inst *kn_maker(const kiln_func *f, uint32_t v) {
  return &f->inst[v - (f->inst[v].op == KILN_OP_UPPER)];
}

/* ---- operands of instructions ---- */

/* The operands of an instruction, in the order of the builder's calls; of a call the callee, then the
 * arguments. The arguments of a terminator's edges are not among them. */
struct kn_operands {
  uint32_t n;            /* for kn_operand */
  uint32_t n_fields;     /* of these, in `field`; the others are in `list` */
  const uint32_t *field; /* in the instruction */
  const uint32_t *list;  /* in kiln_func.lists: valid until that grows */
};

static inline struct kn_operands kn_operands(const kiln_func *f, const struct kn_inst *in) {
  const struct kn_shape_info *shape = &kn_shape_info[kn_op_info[in->op].shape];
  struct kn_operands o = {shape->n_fields, shape->n_fields, in->field, NULL};
  switch ((enum kn_operand_kind)shape->operand[0]) {
  case KN_OPERAND_NO:
  case KN_OPERAND_T:
  case KN_OPERAND_PTR:
  case KN_OPERAND_I8:
  case KN_OPERAND_FROM:
  case KN_OPERAND_LANE:
  case KN_OPERAND_SLOT:
  case KN_OPERAND_OPT:
    if (shape->operand[1] == KN_OPERAND_OPT && in->b == 0) o.n = o.n_fields = 1;
    break;
  case KN_OPERAND_ROW: o.n = o.n_fields = (in->a != 0) + (in->b != 0) + (in->c != 0); break;
  case KN_OPERAND_INST: break;
  case KN_OPERAND_CALL:
    o.field = &in->field[1];
    o.n_fields = 1;
    o.n = 1 + (uint32_t)in->x;
    o.list = in->x ? f->lists.at + in->a : NULL;
    break;
  case KN_OPERAND_CODE:
    o.n = in->x;
    o.list = in->x ? f->lists.at + in->a : NULL;
    break;
  case KN_OPERAND_RET:
    o.n = in->x;
    if (in->x <= 3) o.n_fields = in->x;
    else o.list = f->lists.at + in->a;
    break;
  }
  return o;
}

/* The k-th operand, below `n`: a handle. */
static inline uint32_t kn_operand(const struct kn_operands *o, uint32_t k) {
  return k < o->n_fields ? o->field[k] : o->list[k - o->n_fields];
}

/* ---- exceptions ---- */

/* One clause of a TRY. Clauses are in lists, after the arguments: their number, then of each a word, kind | number
 * of types << 2, and its types as indices into kiln_func.types, from 1. Clauses that are shared stand elsewhere in
 * lists; then the one word after the arguments is KN_CLAUSES_SHARED | index into kiln_func.shared_clauses. */
struct kn_clause {
  unsigned kind;         /* kiln_clause_kind */
  uint32_t n;            /* types; CATCH, CATCH_ALL: 1 */
  const uint32_t *types; /* in kiln_func.lists: valid until that grows */
};
#define KN_CLAUSE_TYPES_SHIFT 2
#define KN_CLAUSES_SHARED (UINT32_C(1) << 31)

/* True if the clauses of a TRY are known: always in a finished function. */
static inline bool kn_try_has_clauses(const kiln_func *f, const struct kn_inst *in) {
  uint32_t word = f->lists.at[in->a + in->x];
  return !(word & KN_CLAUSES_SHARED) || f->shared_clauses.at[word & ~KN_CLAUSES_SHARED] != 0;
}
/* The number of clauses of a TRY, and where the first one is in lists: for kn_clause_at. */
static inline uint32_t kn_try_clauses(const kiln_func *f, const struct kn_inst *in, uint32_t *at) {
  uint32_t i = in->a + in->x, word = f->lists.at[i];
  if (word & KN_CLAUSES_SHARED) {
    i = f->shared_clauses.at[word & ~KN_CLAUSES_SHARED] - 1;
    word = f->lists.at[i];
  }
  *at = i + 1;
  return word;
}
/* The clause at `at`, which is moved past it. */
static inline struct kn_clause kn_clause_at(const kiln_func *f, uint32_t *at) {
  uint32_t word = f->lists.at[*at];
  struct kn_clause c = {word & ((1u << KN_CLAUSE_TYPES_SHIFT) - 1), word >> KN_CLAUSE_TYPES_SHIFT,
                        f->lists.at + *at + 1};
  *at += 1 + c.n;
  return c;
}

/* True if the try has the result or exception `h`, a KN_TAG_TRIED, of its type. */
static inline bool kn_tried_exists(const kiln_func *f, const struct kn_inst *in, uint32_t h) {
  uint32_t k = kn_tried_number(h);
  unsigned type = kn_tried_type(h);
  if (kn_tried_exception(h)) return k <= 1 && type == (k == 0 ? KILN_TYPE_PTR : KILN_TYPE_I32);
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  return k < sig->n_results && sig->results[k] == type;
}

/* Has the signature that a CALL or TRY names, or that of the function that it calls, these flags? */
static inline bool kn_call_has(const kiln_func *f, const struct kn_inst *in, unsigned flags) {
  if (kn_sig(f->module, in->c)->flags & flags) return true;
  uint32_t symbol = kn_is_pool(in->b) ? f->pool.at[kn_index(in->b)].symbol : 0;
  if (symbol == 0 || kn_symbol(f->module, symbol)->kind != KILN_SYMBOL_FUNC) return false;
  return (kn_sig(f->module, kn_symbol(f->module, symbol)->sig)->flags & flags) != 0;
}

/* True if an exception may leave the call, which then has an entry in the table of exceptions: a CALL; a TRY always
 * has one. RESUME unwinds, too. */
static inline bool kn_call_unwinds(const kiln_func *f, const struct kn_inst *in) {
  return !kn_call_has(f, in, KILN_SIG_NOUNWIND);
}

/* True if the instruction may collect garbage, which changes what roots hold. One that returns twice does: there may be
 * calls before its second return. */
static inline bool kn_inst_collects(const kiln_func *f, const struct kn_inst *in) {
  if (in->op == KILN_OP_BUILTIN_SETJMP) return true;
  if (in->op != KILN_OP_CALL && in->op != KILN_OP_TRY) return false;
  if (kn_sig(f->module, in->c)->flags & KILN_SIG_RETURNS_TWICE) return true;
  return !kn_call_has(f, in, KILN_SIG_NOCOLLECT);
}

/* Nothing has a home in a register, and no part of the frame serves two values: after the second return of setjmp no
 * register has its value, nor after a call that preserves none. */
static inline bool kn_func_is_homeless(const kiln_func *f) {
  return f->facts.returns_twice | f->facts.loses_all;
}

/* True if the instruction calls setjmp or a function like it. */
static inline bool kn_inst_returns_twice(const kiln_func *f, const struct kn_inst *in) {
  return (in->op == KILN_OP_CALL || in->op == KILN_OP_TRY) &&
         (kn_sig(f->module, in->c)->flags & KILN_SIG_RETURNS_TWICE);
}

/* The first argument of an edge, and the next one; NULL after the last. They are in any order: `index` says which
 * parameter each is for. */
static inline const struct kn_edge_arg *kn_edge_arg_at(const kiln_func *f, uint32_t i) {
  return i ? &f->edge_args.at[i - 1] : NULL;
}
static inline const struct kn_edge_arg *kn_edge_first_arg(const kiln_func *f, uint32_t edge) {
  return kn_edge_arg_at(f, f->edges.at[edge].args);
}
static inline const struct kn_edge_arg *kn_edge_next_arg(const kiln_func *f,
                                                         const struct kn_edge_arg *arg) {
  return kn_edge_arg_at(f, arg->next);
}

/* The instruction at `i` or after it in its block, past segments, parameters and upper halves; 0 after the
 * function's last. */
static inline uint32_t kn_inst_settle(const kiln_func *f, uint32_t i) {
  while (i != 0 && i < f->n) {
    const struct kn_inst *in = &f->inst[i];
    if (in->op == KILN_OP_SEG) i = in->a;
    else if (in->op == KILN_OP_PARAM || in->op == KILN_OP_UPPER) i++;
    else return i;
  }
  return 0;
}

/* Does the block end with a branch to the block that was made right after it? Their numbers say it, except in what
 * inlining builds. */
static inline bool kn_branches_to_next(const kiln_func *f, uint32_t block) {
  const struct kn_block *b = &f->block[block];
  return f->inst[b->term].op == KILN_OP_BR &&
         (f->facts.inlined ? b->to_next : f->edges.at[b->edge_first].target == block + 1);
}
/* Is the end of the block all that is in it? */
static inline bool kn_only_ends(const kiln_func *f, uint32_t block) {
  return kn_inst_settle(f, f->block[block].first) == f->block[block].term;
}
/* Has LLVM no code for the branch that ends the block? It has some for one that is alone in its block. */
static inline bool kn_falls_through(const kiln_func *f, uint32_t block) {
  return kn_branches_to_next(f, block) && !kn_only_ends(f, block);
}

/* The rest of the two below, where a signature says it (ir/ops.c). */
unsigned kn_sig_result(const kiln_func *f, const struct kn_inst *in);
/* Why a TAILCALL by `sig` may not stand in the function; NULL if it may. */
const char *kn_tail_wrong(const kiln_func *f, const struct kn_sig *sig);
unsigned kn_sig_operand_type(const kiln_func *f, const struct kn_inst *in, uint32_t k);
/* The same where a row of the target's own instructions says it (ir/machine.c). */
unsigned kn_machine_operand(const kiln_func *f, const struct kn_inst *in, uint32_t k);
/* What is wrong with a MACHINE, MACHINE_ACT or MACHINE_DO; NULL: nothing. */
const char *kn_machine_wrong(const kiln_func *f, const struct kn_inst *in);

/* Type of the value that an instruction makes, or VOID. Of a RESULT: as it says itself. */
static inline unsigned kn_inst_result(const kiln_func *f, const struct kn_inst *in) {
  switch ((enum kn_result_rule)kn_shape_info[kn_op_shape(in->op)].result) {
  case KN_RESULT_T:
  case KN_RESULT_OF: return in->type;
  case KN_RESULT_I8: return KILN_TYPE_I8;
  case KN_RESULT_SIG: return kn_sig_result(f, in);
  case KN_RESULT_NO: break;
  }
  return KILN_TYPE_VOID;
}

/* Type of result `index`, from 1, of an instruction: what a RESULT of it gives; VOID if it has no such
 * result (ir/ops.c). */
unsigned kn_inst_further_result(const kiln_func *f, const struct kn_inst *in, unsigned index);

/* Type that the k-th operand of an instruction must have; KILN_TYPE_COUNT: any (variadic arguments). */
static inline unsigned kn_operand_type(const kiln_func *f, const struct kn_inst *in, uint32_t k) {
  const struct kn_shape_info *shape = &kn_shape_info[kn_op_shape(in->op)];
  switch ((enum kn_operand_kind)shape->operand[k < shape->n_fields ? k : 0]) {
  case KN_OPERAND_T:
  case KN_OPERAND_SLOT:
  case KN_OPERAND_OPT: return in->type;
  case KN_OPERAND_PTR: return KILN_TYPE_PTR;
  case KN_OPERAND_I8: return KILN_TYPE_I8;
  case KN_OPERAND_FROM: return in->x;
  case KN_OPERAND_LANE: return KN_LANE(in->x);
  case KN_OPERAND_ROW: return kn_machine_operand(f, in, k);
  case KN_OPERAND_CALL:
  case KN_OPERAND_CODE:
  case KN_OPERAND_RET: return kn_sig_operand_type(f, in, k);
  case KN_OPERAND_NO:
  case KN_OPERAND_INST: break;
  }
  return KILN_TYPE_VOID;
}

/* Notes that the instruction built next has `a` and `b`, in place of what was noted of it before. False if the
 * function failed. (ir/builder/build_func.c) */
bool kn_note_next(kiln_func *f, enum kn_note_kind kind, uint32_t a, uint32_t b);
/* The same of its location. Notes that follow each other are different locations, even if they are equal. */
bool kn_note_loc(kiln_func *f, struct kn_loc loc);
/* Is the location of two notes the same one? It is if those between the two say that there is none. */
bool kn_loc_goes_on(const struct kn_note *a, const struct kn_note *b);
/* The location that the next instruction has, as far as was said. */
static inline struct kn_loc kn_newest_loc(const kiln_func *f) {
  uint32_t n = f->notes[KN_NOTE_LOC].n;
  return n != 0 ? f->notes[KN_NOTE_LOC].at[n - 1].loc : (struct kn_loc){0};
}
/* The last note at instruction `inst` or before it: NULL if there is none. For one that must be of `inst` itself,
 * kn_note_at. */
static inline const struct kn_note *kn_note_find(const kiln_func *f, enum kn_note_kind kind,
                                                 uint32_t inst) {
  const struct kn_note *at = f->notes[kind].at;
  const uint32_t n = KN_COUNT_BEFORE(k, f->notes[kind].n, at[k].inst <= inst);
  return n ? &at[n - 1] : NULL;
}

/* The location of instruction `inst`, or none. */
static inline struct kn_loc kn_loc_at(const kiln_func *f, uint32_t inst) {
  const struct kn_note *note = kn_note_find(f, KN_NOTE_LOC, inst);
  return note != NULL ? note->loc : (struct kn_loc){0};
}

/* The note of instruction `inst` itself, or NULL. */
static inline const struct kn_note *kn_note_at(const kiln_func *f, enum kn_note_kind kind,
                                               uint32_t inst) {
  const struct kn_note *note = kn_note_find(f, kind, inst);
  return note != NULL && note->inst == inst ? note : NULL;
}

/* The number of an instruction in text and diagnostics: block parameters and instructions count from
 * 0 in the order of printing, so that value vN is made by number N. UINT32_MAX for index 0 and for
 * one not built yet. Slow: for diagnostics (ir/inspect.c). */
uint32_t kn_func_inst_number(const kiln_func *f, uint32_t inst);
/* Place of instruction `inst` (0: of the newest call) in the text input; false if not known. For
 * kn_func_fail (ir/inspect.c). */
bool kn_func_inst_text_position(const kiln_func *f, uint32_t inst, uint32_t *line,
                                uint32_t *column);

#endif
