/* The entries of the bitcode reader's tables: abbreviations, types, attributes, constants and values, globals,
 * signatures, bodies, metadata and targets. Who owns the tables: README.md. */
#ifndef KN_LLVM_TABLES_H
#define KN_LLVM_TABLES_H

#include <kiln/asm.h>
#include <kiln/debug.h>
#include <kiln/debug_entries.h>
#include <kiln/exceptions.h>
#include <kiln/llvm.h>

#include "base/hash.h"
#include "base/names.h"

#include "codes.h"
#include "harden.h"

/* ---- abbreviations ---- */

enum { AB_LITERAL, AB_FIXED, AB_VBR, AB_ARRAY, AB_CHAR6, AB_BLOB };

struct kn_bc_abop {
  uint8_t kind;   /* AB_... */
  uint8_t width;  /* bits of FIXED, VBR */
  uint64_t value; /* of LITERAL */
};

/* Known forms of abbreviations in function blocks, each with a decoder of its own. */
enum kn_bc_form_kind {
  FORM_ANY, /* decoded operand by operand */
  FORM_LOAD,
  FORM_STORE,
  FORM_BINOP,
  FORM_BINOP_FLAGS,
  FORM_CAST,
  FORM_CAST_FLAGS,
  FORM_RET_VOID,
  FORM_RET,
  FORM_BR,
  FORM_BRIF,
  FORM_UNREACHABLE,
  FORM_GEP,
  FORM_CMP,
  FORM_LOC,
  FORM_LOC_KEYED, /* the same in a body whose key instructions are known: keys.c */
  FORM_SKIP,      /* describes a variable to debuggers: skipped */
  FORM_SETTYPE,
  FORM_INTEGER,
  FORM_NULL,
  FORM_STRING,
  FORM_CSTRING, /* in constants blocks */
  FORM_END,
  FORM_ENTER,
  FORM_DEFINE,
  FORM_UNABBREV, /* FORM_END to FORM_UNABBREV: the predefined abbreviation ids */
  FORM_COUNT
};

struct kn_bc_abbrev {
  uint32_t first;    /* in kn_bc.abops */
  uint16_t n;        /* operands, the code included; 0: no record may use it */
  uint8_t form;      /* enum kn_bc_form_kind */
  uint8_t type_bits; /* of the form's type field */
  uint8_t flag_bits; /* of the form's flags field */
};

/* The definition of an abbreviation of metadata: where it is, how long, and its index in kn_bc.abbrevs. */
struct kn_bc_defined {
  uint64_t pos, n_bits; /* n_bits 0: none */
  uint32_t abbrev;
};
#define KN_BC_DEFINED 4

/* What a decoder needs to know of an abbreviation of a known form. */
struct kn_bc_form {
  uint8_t form, type_bits, flag_bits, zero;
};

/* Number of abbreviation ids of function blocks whose form is looked up by id; higher ids have none. */
#define KN_BC_KNOWN 64
#define KN_BC_KNOWN_CSTS 32
/* Number of block ids whose entries in blockinfo are indexed. */
#define KN_BC_BLOCKS 32
struct kn_bc_range {
  uint32_t first, n;
};

/* Abbreviations that BLOCKINFO gives to all blocks of one kind. */
struct kn_bc_blockinfo {
  uint32_t block, abbrev;
};

/* ---- types ---- */

enum kn_bc_kind {
  TK_NONE,
  TK_VOID,
  TK_INT,
  TK_PTR,
  TK_FLOAT,
  TK_SOFT, /* floats that the IR does not compute with: see soft.c */
  TK_OTHER_SCALAR,
  TK_WIDE, /* integers of more than 128 bits: see wide.c */
  TK_STRUCT,
  TK_ARRAY,
  TK_FUNC,
  TK_LABEL,
  TK_METADATA,
  TK_VECTOR,
  TK_OPAQUE,
  TK_OTHER
};

/* How the Kiln type holds a value of an LLVM type. EXACT: it has the same width; BOOL (i1): it
 * is 0 or 1; ODD: the bits above the value's width are unspecified, or a vector is not in memory
 * as it is in a register; VECTOR: it is, in one register (see vector.c); SOFT: it has the bits
 * of a float (see soft.c). */
enum kn_bc_fit { FIT_EXACT, FIT_BOOL, FIT_ODD, FIT_VECTOR, FIT_SOFT };

/* Floats of kind TK_SOFT. */
enum kn_bc_soft { SOFT_NONE, SOFT_HALF, SOFT_BFLOAT, SOFT_QUAD };

/* What is known of whether a function's type can be passed and returned at all. */
enum { POSSIBLE_UNKNOWN, POSSIBLE_YES, POSSIBLE_NO };

/* Is a type's layout known? One that contains a type with a larger id, which only tables with typed pointers have,
 * waits until the table was read. */
enum kn_bc_laid { LAID_OUT, LAID_WAITS, LAID_BUSY };
#define KN_BC_NO_TYPE UINT32_MAX

struct kn_bc_type {
  uint8_t kind;       /* enum kn_bc_kind */
  uint8_t ktype;      /* kiln_type of a value; VOID for all but supported scalars */
  uint8_t fit;        /* enum kn_bc_fit */
  uint8_t align_log2; /* ABI alignment */
  uint8_t laid_out;   /* enum kn_bc_laid: structs, arrays, vectors */
  uint8_t flags;      /* functions: variadic; structs: packed */
  /* Aggregates that were split: they contain integers of more than 128 bits; vectors of several
   * registers that are packed in memory. */
  uint8_t holds_wide : 1, holds_packed : 1;
  uint8_t has_array; /* harden.c: is an array, or a struct with one in it */
  uint32_t bits;     /* integers: width; floats: width */
  uint32_t
    pointee;     /* typed pointers, of LLVM 14 and older: what they point to; else KN_BC_NO_TYPE */
  uint64_t size; /* bytes from one array element to the next */
  /* Elements in kn_bc_module.elems: struct members; array element; result, parameters. */
  uint32_t first, n;
  uint64_t count;                 /* arrays; of pointers, the address space */
  uint32_t piece_first, n_pieces; /* scalar parts in kn_bc.type_pieces; UINT32_MAX: not yet split */
  uint32_t chars;   /* harden.c: length of the longest array of i8 that has_array counts */
  uint32_t mask;    /* vectors: id of the type of as many i1, or UINT32_MAX */
  uint8_t lane;     /* vectors: kiln_type of a lane; VOID: not supported */
  uint8_t is_mask;  /* vectors of i1: lanes are ones or zeros */
  uint8_t possible; /* functions: POSSIBLE_...; asked before the first body */
  uint8_t soft;     /* enum kn_bc_soft */
  uint16_t depth;   /* nesting depth; 0 for scalars */
  uint16_t
    scalars; /* structs, arrays: what they consist of, vectors counted as one; at most KN_BC_MAX_PIECES + 1 */
};
_Static_assert(sizeof(struct kn_bc_type) == 64, "types are found by a shift");

/* A member of a struct, or a function's result or parameter, or an array's element. */
struct kn_bc_elem {
  uint32_t type;
  uint64_t offset; /* bytes; struct members only */
};

/* One scalar part of a first-class aggregate. */
struct kn_bc_piece {
  uint32_t type;
  uint32_t whole; /* the vector whose register it is, or `type` */
  uint64_t offset;
};

/* Arguments that are floats or vectors in registers, on all targets; the most that one vector becomes. */
#define KN_BC_FLOAT_ARGS 8
#define KN_BC_MAX_PASSED 1024
/* Limits: parts of a first-class aggregate that is a value; nesting depth of types. */
#define KN_BC_MAX_PIECES 256
#define KN_BC_MAX_DEPTH 10000
/* Limit of the parts of an integer of more than 128 bits. */
#define KN_BC_MAX_WORDS 64

/* ---- attributes ---- */

/* What attributes say of a parameter or result (kn_bc_attr.flags). */
enum {
  PA_SEXT = KILN_PARAM_SEXT,
  PA_ZEXT = KILN_PARAM_ZEXT,
  PA_BYVAL = KILN_PARAM_BYVAL,
  PA_SRET = KILN_PARAM_SRET,
  PA_CHAIN = KILN_PARAM_CHAIN,
  PA_IN_REG = 1 << 8, /* above KILN_PARAM_... */
  PA_ELEMENT = 1 << 9 /* of an exclusive access: the type of what is in memory */
};
_Static_assert(((PA_SEXT | PA_ZEXT | PA_BYVAL | PA_SRET | PA_CHAIN) & ~0xff) == 0,
               "flags of parameters are below those that only the reader knows");
/* What they say of a function or a call (kn_bc_attr.flags, kn_bc_global.fn_flags), and what else a global has there. */
enum {
  FA_NORETURN = 1 << 0,
  FA_RETURNS_TWICE = 1 << 1,
  FA_CALL_REFUSED = 1 << 2, /* of a global only: kn_bc_attr.refused_call */
  FA_NOUNWIND = 1 << 3,
  FA_FEATURES_SHIFT = 4, /* the bits of KILN_FEATURE_... */
  FA_NO_RED_ZONE = 1 << 6,
  FA_HARDENED = 1 << 7, /* of a global only: kn_bc_attr.harden is not 0 */
  FA_BMI2 = 1 << 8,     /* a feature of x86-64, as those from FA_SSSE3 on */
  FA_OPT_NONE = 1 << 9,
  FA_FRAME_POINTER = 1 << 10,
  FA_REALIGN_STACK = 1 << 11
};
_Static_assert((KILN_FEATURE_LSE | KILN_FEATURE_CX16) << FA_FEATURES_SHIFT < FA_NO_RED_ZONE,
               "features are between the other flags");
/* In the bits above, features of processors that the reader itself looks for: of x86-64, */
enum {
  FA_SSSE3 = 1 << 12,
  FA_SSE41 = 1 << 13,
  FA_AVX2 = 1 << 14,
  FA_FMA = 1 << 15,
  FA_F16C = 1 << 16,
  FA_AVX_VNNI = 1 << 17,
  FA_AVX_IFMA = 1 << 18,
  FA_PRFCHW = 1 << 19
};
/* and of AArch64. */
enum { FA_FULLFP16 = 1 << 12 };

/* What decides about inlining, above these. */
enum {
  FA_INLINE_ALWAYS = 1 << 20,
  FA_INLINE_HINT = 1 << 21,
  FA_INLINE_NEVER = 1 << 22,
  FA_STRICT_FP = 1 << 23,
  FA_SANITIZE_ADDRESS = 1 << 24, /* and five more kinds of sanitizers */
  FA_SANITIZE_THREAD = 1 << 25,
  FA_SANITIZE_MEMORY = 1 << 26,
  FA_SANITIZE_HWADDRESS = 1 << 27,
  FA_SANITIZE_OTHER = 1 << 28,
  FA_SYSV = 1 << 29, /* of a global only: KN_BC_SIG_SYSV */
  FA_UNWIND_TABLE = 1 << 30,
  FA_SAME = FA_STRICT_FP | FA_SANITIZE_ADDRESS | FA_SANITIZE_THREAD | FA_SANITIZE_MEMORY |
            FA_SANITIZE_HWADDRESS | FA_SANITIZE_OTHER, /* what caller and callee must agree about */
  FA_NEEDS = ((1 << 20) - (1 << 12)) | FA_BMI2 /* what the caller must have, too: features */
};

/* What makes signatures of one function type differ, beside KN_BC_SIG_FLAGS. */
enum {
  KN_BC_SIG_NOINLINE = 1 << 4,  /* the call, where something may be inlined */
  KN_BC_SIG_AVX512 = 1 << 5,    /* and of 512 bits, */
  KN_BC_SIG_AVX512BW = 1 << 10, /* masks of 64 lanes, too */
  KN_BC_SIG_NARROW = 1 << 9,    /* which the function may not use, though the processor has them */
  KN_BC_SIG_AVX = 1 << 6,       /* vectors of 256 bits are passed in one register */
  KN_BC_SIG_DEFINITION = 1 << 7,
  KN_BC_SIG_SYSV = 1 << 8 /* by System V's convention, where C's is another */
};
/* What a function gives its signature. */
#define KN_BC_SIG_FLAGS (FA_NORETURN | FA_RETURNS_TWICE | FA_NOUNWIND)

#define KN_BC_FUNC_INDEX 0xffffffffu

/* Attributes of one index (0 the result, 1.. the parameters, KN_BC_FUNC_INDEX the function). */
struct kn_bc_attr {
  uint32_t index;
  uint32_t type;            /* BYVAL, or else ELEMENT */
  uint32_t flags;           /* PA_... or FA_... */
  uint8_t align_log2;       /* 0: not given */
  uint8_t stack_align_log2; /* of a parameter in memory; 0: 8 bytes or less */
  uint16_t guard_buffer;    /* harden.c: the size of arrays that guards are for; 0: the default */
  /* What a definition, or a parameter, cannot have; NULL: nothing. */
  const struct kn_bc_support *refused;
  const struct kn_bc_support *refused_call; /* the same of a call */
  union kn_bc_hardening harden;             /* what harden.c keeps of it */
};

/* An attribute list: numbers of attributes in kn_bc_module.list_attrs. Lists that are equal in all that matters here
 * have one number. */
struct kn_bc_attr_list {
  uint32_t first, n;
  uint32_t sig;      /* the list of those of its attributes that signatures depend on, */
  uint8_t sig_flags; /* KN_BC_SIG_FLAGS, and KN_BC_SIG_NOINLINE, that it adds to them, */
  bool extends;      /* and whether those of definitions differ: the result is extended */
  const struct kn_bc_support *refused_call; /* of one of its attributes */
};

/* ---- constants and values ---- */

enum kn_bc_cst_kind {
  CK_INT, /* v, sign-extended; at most 64 bits. index: 1 if it was evaluated, by more than casts; else 0 */
  CK_INT_UNDEF, /* an undefined integer: any value is right, 0 is used */
  CK_NONE,      /* not a constant: an argument or instruction */
  CK_GLOBAL,    /* index: into globals */
  CK_WIDE,      /* n words at index in words */
  CK_NULL,
  CK_UNDEF,
  CK_FLOAT,      /* bits in v */
  CK_AGGREGATE,  /* n values at index in list */
  CK_BYTES,      /* n bytes at index in bytes, and a NUL (part of the constant if x is set) */
  CK_DATA,       /* n elements at index in words */
  CK_CAST,       /* x: opcode; index: value */
  CK_BINOP,      /* x: opcode; index, n: values */
  CK_GEP,        /* list[index]: type, base, indices: n in all */
  CK_CMP,        /* x: LLVM's predicate; index, n: values */
  CK_SELECT,     /* list[index]: condition, two values */
  CK_BLOCK,      /* index: function's value; n: block */
  CK_ADDR,       /* result of a constant expression: symbol index + v */
  CK_ASM,        /* x: 1 if its template is empty; constraints: n bytes at index in bytes */
  CK_BUSY,       /* being evaluated */
  CK_UNSUPPORTED /* v: pointer to a static string that says what it is; or its record's code, below KN_BC_CST_CODES */
};

#define KN_BC_CST_CODES 4096

struct kn_bc_cst {
  union {
    uint64_t v;
    uint32_t n; /* for kinds that do not use v */
  };
  uint32_t index;
  uint8_t kind, x;
  bool code; /* instructions must compute it: see kn_bc_num */
};
_Static_assert(sizeof(struct kn_bc_cst) == 16, "forks copy all of the module's");

/* An evaluated constant: a number, or the address symbol + low. */
struct kn_bc_num {
  uint64_t low, high; /* the number; of an address, low is the addend */
  uint32_t symbol;    /* 0: a number */
  uint32_t minus;     /* symbol that is subtracted, or 0 */
  bool narrow;        /* only the low bits of an address, which no relocation can express */
  bool code;          /* only instructions can compute it; the other fields are not set */
};

/* State of a value, in the upper 8 bits of kn_bc_val.t. */
enum kn_bc_state {
  VS_HANDLE, /* h: Kiln handle */
  VS_SLOT,   /* h: Kiln handle of a stack slot's address */
  VS_CONST,  /* a constant that has no handle in this function yet */
  VS_PARTS,  /* h: first of its handles in kn_bc_function.parts */
  VS_ADDR, /* h: index into kn_bc_function.addrs: an address that loads and stores add themselves */
  VS_HALVES,  /* h: index into kn_bc_function.halves: an i128 that is computed where it is read */
  VS_FORWARD, /* used, not yet defined: h: forward handle */
  VS_FORWARD_PARTS,
  VS_NONE /* not yet defined */
};
#define KN_BC_TYPE_MASK 0xffffffu
#define KN_BC_MAX_TYPES KN_BC_TYPE_MASK

struct kn_bc_val {
  uint32_t h;
  uint32_t t; /* type, and state << 24 */
};

/* A noted i128 (numbers/halves.c): an operation on two such, or constants, or an extension of a word; and what was
 * emitted of it in LLVM block `bb`. */
struct kn_bc_half {
  uint32_t a, b; /* value ids */
  uint32_t type; /* of an extension's operand */
  uint32_t bb;
  uint32_t low, high, whole; /* handles, or 0 */
  uint8_t op;                /* LLVM's of two operands, or what halves.c adds */
  uint8_t count;             /* of shifts */
  uint8_t depth;             /* of noted values below it */
};

/* The address base + disp. An instruction computes it only if something other than a load or a store uses
 * it: once per use outside of LLVM block `bb`, once for all uses within it. */
struct kn_bc_addr {
  uint32_t base; /* handle */
  int32_t disp;
  uint32_t bb; /* where it is defined */
};

/* ---- globals ---- */

struct kn_bc_global {
  const char *name;     /* in the string table, not NUL-terminated; NULL: none */
  uint32_t name_length; /* bytes */
  uint32_t symbol;      /* 0: an intrinsic */
  uint32_t type;        /* of a function: its function type; data: value type */
  uint32_t attrs; /* attribute list of a function; alias: index into aliases; data: number + 1 of
                         * the node that says what it is associated with, or 0 */
  uint32_t init;  /* data: value id + 1 of the initialiser; aliases: the aliasee's;
                         * functions: the personality's */
  uint16_t intrinsic; /* number of its row, from 1 on; 0: unknown */
  union {
    /* Of an intrinsic: the target's instruction: index + 1 in kn_bc_module.machines. */
    uint32_t machine;
    uint32_t sig; /* of another function: the signature that calls of it have by its declaration */
  };
  uint32_t fn_flags; /* FA_... */
  uint8_t what;      /* KILN_SYMBOL_FUNC, _DATA, _ALIAS */
  uint8_t tls;
  uint8_t align_log2;
  uint8_t skip;        /* the body or initialiser must be ignored */
  uint8_t data_flags;  /* KILN_DATA_... */
  uint8_t plain_local; /* not visible outside of the module, and without a section or comdat */
  bool final;          /* of a function: no other definition replaces it, but such as do the same */
  bool discardable;    /* its definition may be left out if nothing here refers to it */
};

/* A section group. */
struct kn_bc_comdat {
  const char *name; /* in the string table, not NUL-terminated */
  uint32_t length;  /* bytes */
  bool stays;       /* "nodeduplicate": kiln_symbol_desc.comdat_stays */
  uint8_t choice;   /* kiln_symbol_desc.comdat_choice */
};

/* ---- signatures ---- */

enum kn_bc_ret { RET_VOID, RET_SCALAR, RET_PARTS, RET_DEMOTED };

/* A function type with an attribute list, as a Kiln signature. */
struct kn_bc_sig {
  uint64_t key; /* type << 40 | attrs << 8 | flags, + 1 */
  kiln_sig sig;
  uint8_t ret;      /* enum kn_bc_ret */
  uint8_t ret_bool; /* the result is an i1 whose other bits must be cleared, or a half or bfloat */
  uint8_t plain;    /* every parameter is one scalar that is passed as it is */
  uint8_t
    ret_extend; /* definitions: the result is extended, to I32 if it is narrower: PA_SEXT, PA_ZEXT or 0 */
};

/* A function's body: the function's global, and the position of its block. */
struct kn_bc_body {
  uint64_t pos;
  uint32_t global;
  bool kept;  /* it was read, and is kept: kiln_func_keep */
  bool asked; /* kiln_llvm_next_bodies gave it */
  bool copy;  /* of what is defined elsewhere (available_externally): for inlining alone */
};

/* A versioned name of a symbol: offsets into `assembly`. */
struct kn_bc_symver {
  uint32_t name, name_length; /* the first: in kn_bc_module.assembly */
  uint32_t other, other_length;
  bool version;         /* .symver, else .set */
  bool is_default;      /* @@ */
  kiln_linkage linkage; /* .set; visibility, too */
  kiln_visibility visibility;
};

/* What is known of an LLVM block in a function with invokes; all zero: nothing. */
struct kn_bc_pad {
  /* Of a landing pad; id 0: neither an invoke names it yet, nor was it read. */
  kiln_clauses clauses;
  /* Of one that was not read yet: index + 1 in kn_bc_function.invokes of the newest that names it. */
  uint32_t waiting;
  /* Of one that was read: its exception's parameter, + 1; the next one is its selector. */
  uint32_t param;
  uint32_t unwind; /* of a block that ends with an invoke: its landing pad + 1 */
  uint32_t block;  /* of such a block: the Kiln block that ends with the try */
};

/* An invoke whose landing pad was not read yet. */
struct kn_bc_waiting {
  uint32_t block; /* that ends with the try */
  uint32_t next;  /* index + 1 of an older one with the same landing pad, or 0 */
};

/* Where an invoke goes on, as LLVM's blocks. */
struct kn_bc_invoke {
  uint32_t normal, unwind;
  bool built; /* it became a try; else it cannot unwind */
  bool split; /* a Kiln block of its own is after it, which holds its result */
};

/* An argument of a phi from a block that is not read yet. */
struct kn_bc_late {
  uint32_t pred, target, index, value;
};

/* A call of a function that must not be called. */
struct kn_bc_never {
  kiln_block block;
  const struct kn_bc_global *g; /* the function */
};

/* ---- metadata ---- */

/* kn_bc_md.n of expressions: one that is DW_OP_deref alone, any other. */
#define KN_BC_EXPR_DEREF (UINT32_MAX - 1)
#define KN_BC_EXPR_OTHER UINT32_MAX
enum kn_bc_md_kind {
  MDK_NODE,   /* any record */
  MDK_SCOPE,  /* the same, of a scope: n: number + 1 of its file's metadata, or 0 */
  MDK_STRING, /* text: n bytes in the file */
  /* only if there are entries (debug.c): */
  MDK_LOC,   /* a location: n: number + 1 of that of the call that it was inlined at, or 0 */
  MDK_VALUE, /* a record of a value: n: its number */
  MDK_EXPR,  /* an expression: n: 0: an empty one; else KN_BC_EXPR_... */
  MDK_VAR,   /* a local variable: n: not 0 if types refer to it: arrays of variable length */
  MDK_PAIR,  /* of a global variable and an expression: n: number + 1 of the variable's metadata */
};
struct kn_bc_md {
  union {
    /* Bit position of the record; of a PAIR: number + 1 of the expression's metadata. */
    uint64_t pos;
    const char *text;
  };
  uint32_t n;
  uint8_t kind; /* enum kn_bc_md_kind */
  uint8_t head; /* of a LOC in LLVM's own abbreviation: bits before its operands; else 0 */
};

/* The metadata of the module, or of a function, which are strings, then nodes: what becomes of
 * those in a set of entries. */
struct kn_bc_md_part {
  uint32_t before;  /* metadata before these */
  uint32_t strings; /* how many */
  uint32_t text;    /* id of the first of them as a text, less one */
  uint32_t empty;   /* id of one without characters, or 0: metadata has one at most */
  uint32_t die;     /* id of the first node's entry, less one */
};

/* A location that code was inlined at: metadata id, number in the session. Ids are those of one function. */
struct kn_bc_call_loc {
  uint32_t id, loc;
};

/* A shape of entries of `d`: the attributes of a table that they have, and their tag. */
struct kn_bc_shape {
  uint64_t has;
  const struct kn_bc_field *fields; /* NULL: nothing is known here */
  const kiln_debug *d;
  uint32_t tag;
  kiln_die_shape shape;
};

/* A definition of a function, and what else than its entry is needed of it: its first line, its unit. */
struct kn_bc_subprogram {
  kiln_die is, unit;
  uint32_t line;
};

/* Whether a scope is in a subprogram with key instructions. */
struct kn_bc_keyed {
  uint32_t id; /* number + 1 of the metadata */
  uint32_t
    body; /* kn_bc_md_cache.call_body when it was read, or 0; if the scope is a function's, of that alone */
  uint32_t inner; /* the one that led here: index + 1, or 0 */
  bool is;
};

/* An atom of key instructions, in a call that was inlined or the function itself. group 0: none. */
struct kn_bc_atom {
  uint64_t group;
  uint32_t inlined; /* number + 1 of the metadata, or 0 */
  uint32_t rank;    /* the lowest one so far */
  uint32_t begins;  /* the newest of kn_bc_function.begins, index + 1, or 0 */
};

/* Where a statement may begin. */
struct kn_bc_begin {
  uint32_t loc;   /* index + 1 in kn_bc_function.keys */
  uint32_t block; /* counted from that of the first location */
  uint32_t next;  /* the one before of its atom: index + 1, or 0 */
};

/* One that waits for its caller's: its metadata id, line, column, scope + 1, metadata id of where it was inlined. */
struct kn_bc_call_way {
  uint32_t id, op[4];
};

/* A source file that locations refer to. */
struct kn_bc_file {
  uint32_t id;     /* number of its metadata + 1 */
  uint32_t number; /* its number in the session (kiln_file_new); 0: an empty entry */
  /* Metadata of a function: kn_bc_md_cache.call_body of that; else the entry is empty. */
  uint32_t body;
  bool foreign; /* kiln_func_attrs.foreign of the functions in it */
};
#define KN_BC_FILES 64

/* ---- targets (module.c) ---- */

/* Code that jumps to a function with its static chain, in memory that the program gives. */
struct kn_bc_trampoline {
  uint8_t n; /* pieces of code that are always the same */
  struct {
    uint8_t at, type; /* an integer of that Kiln type at that byte */
    uint32_t bits;
  } code[4];
  uint8_t function, chain; /* where the two addresses are */
  uint8_t flushed;         /* bytes to tell the instruction cache of; 0: it sees what is written */
};

/* Instructions that an intrinsic without arguments is. */
enum kn_bc_fixed { KN_BC_CYCLES, KN_BC_THREAD, KN_BC_FIXED };

/* The facts about a target that LLVM's code for it depends on. */
struct kn_bc_target {
  const char *alias; /* another name of it in triples; NULL: none */
  /* Data layouts that contain this align 128-bit integers to 16 bytes, others do not; NULL: all
   * do. */
  const char *i128_mark;
  /* Registers for the parts of a result; larger results go through memory. */
  uint8_t ints, floats, x87s;
  uint8_t float_results,
    half_results;      /* of `floats`: those for F32, F64, F128; for half and bfloat */
  kiln_type f80, f128; /* what x86_fp80 and fp128 are; VOID: not supported */
  bool sysv;           /* x86_64_sysvcc is the C convention, unless a format has its own */
  bool aligns_args;    /* alignstack matters to parameters */
  bool sret_in_reg;    /* so does inreg beside sret */
  /* Branches are protected by the flags cf-protection-...; else by attributes. */
  bool cf_protection;
  /* Writes the code of llvm.ubsantrap, at most 8 bytes; returns how many. */
  uint32_t (*trap)(uint8_t *code, uint8_t kind);
  const char *ret;    /* machine code that returns, without a zero: of a naked function */
  bool eh_return;     /* there is an EH_RETURN, and llvm.eh.return to be one */
  bool sret_jumps;    /* clang's thunks jump to functions with results in memory, too */
  bool short_vectors; /* there are registers of 64 bits for vectors, which vector_pass.c is about */
  bool half_calls;    /* half is converted by calls; else by instructions */
  bool cx16;          /* 16 bytes are accessed at once only by processors with KILN_FEATURE_CX16 */
  bool probes_by_flag;  /* functions without probe-stack do what the module flag says */
  uint8_t guard_source; /* kiln_guard_source that the flags about stack guards are about, */
  int32_t guard_offset; /* and its offset where they say none */
  struct kn_bc_trampoline trampoline;
  struct {
    uint8_t n, bytes[9];
  } fixed[KN_BC_FIXED]; /* they leave their result in register 0 */
  uint64_t saved;       /* registers that callees save, of values */
};

#endif
