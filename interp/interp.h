/* What the files of the interpreter share: translated functions, frames, threads. Functions are translated
 * when they are added (decode.c) to a denser form: operands are registers of the frame or constants,
 * each 8 bytes wide (i128, f80, f128, v128: two). link.c gives symbols their addresses; run.c executes;
 * call.c passes arguments as the ABI does, to C and from C. Invariant: an integer in a register has
 * zeros above its type, a float's bits are the low ones (f80: the significand, then 16 bits; zeros above). */
#ifndef KN_INTERP_H
#define KN_INTERP_H

#include <kiln/attrs.h>
#include <kiln/exceptions.h>
#include <kiln/inspect.h>
#include <kiln/interp.h>
#include <kiln/section.h>
#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>

typedef unsigned __int128 kn_u128;
typedef __int128 kn_i128;

/* Operations that are not those of ops.def. */
enum {
  KI_WIDE = KILN_OP_COUNT, /* an i128 operation: `x` is the kiln_op */
  KI_LOAD,                 /* `x`: log2 of the bytes */
  KI_LOAD_SEXT,            /* sign-extended to `type` */
  KI_LOAD_WIDE,            /* i128 from `x`; y: sign-extended; or f128 */
  KI_LOAD_F80,             /* 10 bytes */
  KI_STORE,
  KI_STORE_F80,
  KI_FLOAT,      /* a float operation that run.c does not have: `x` is the kiln_op */
  KI_FLOAT_WIDE, /* an f80 or f128 operation: `x` is the kiln_op */
  KI_INT,        /* an integer operation that run.c does not have */
  KI_BITCAST,    /* copies `x` words */
  KI_COPY_WIDE,  /* copies two words */
  KI_SELECT_WIDE,
  KI_VECTOR, /* an operation on vectors: `x` is the kiln_op; y: the type of lanes, number << 8 */
};

/* One instruction. Operands a, b, c: KN_CONST | index of a constant, or a register. */
#define KN_CONST 0x80000000u
struct kn_ins {
  uint16_t op;
  uint8_t type; /* kiln_type */
  uint8_t x;
  uint32_t dst; /* register of the result; register 0 is never read */
  uint32_t a, b, c;
  uint32_t y; /* second result's register, edge, call site, table, source type */
  int32_t disp;
  uint32_t number; /* as in text and diagnostics */
};

/* One of the moves on an edge, a word each; they act as a parallel move. */
struct kn_move {
  uint32_t dst, src;
};
struct kn_jump {
  uint32_t block;    /* target */
  uint32_t first, n; /* moves */
  bool overlap;      /* a move reads what an earlier one writes */
};

/* Cases of a switch (sorted), or blocks of a brind (by id - low). */
struct kn_table {
  uint32_t first, n;
  uint32_t low;
};
struct kn_case {
  uint64_t value;
  uint32_t edge;
};

struct kn_iblock {
  uint32_t id;    /* in the function */
  uint32_t start; /* index into code */
};

struct kn_islot {
  uint64_t size, offset;
  uint32_t reg;
  bool root; /* begins as 0 */
};

/* Where the ABI passes a value. */
enum kn_place_kind { KN_PLACE_GP, KN_PLACE_FP, KN_PLACE_STACK, KN_PLACE_CHAIN, KN_PLACE_SRET };
struct kn_place {
  uint8_t kind, type, words;
  uint16_t flags;             /* KILN_PARAM_... */
  uint32_t at;                /* register's number, or bytes in the stack area */
  uint32_t reg;               /* parameters: first register of the callee's frame */
  uint32_t size_bytes, align; /* BYVAL */
};
struct kn_layout {
  uint32_t gp, fp;
  uint64_t stack;
  unsigned joined; /* parts that are still to come of an argument of several (KILN_PARAM_JOIN) */
};

/* What the interpreter can do by a calling convention. */
struct kn_iconvention {
  bool calls;       /* call C functions */
  bool is_called;   /* be called by C */
  bool has_va_list; /* its va_list is that of C's convention */
};

/* A signature. */
struct kn_isig {
  unsigned flags;
  uint32_t n_params, n_results;
  uint8_t results[KILN_MAX_RESULTS];
  uint8_t int_words, floats, f80s; /* of the results */
  bool halves;                     /* 256-bit vectors: not passed as C does */
  const struct kn_iconvention *by;
  uint32_t regs;           /* words of the parameters, after register 0 */
  struct kn_layout layout; /* of the parameters */
  struct kn_place params[];
};

enum kn_builtin { KN_BUILTIN_NONE, KN_BUILTIN_SETJMP, KN_BUILTIN_SIGSETJMP, KN_BUILTIN_LONGJMP };

/* A call. */
struct kn_site {
  uint32_t sig;
  uint32_t first, n;              /* arguments in kn_ifunc.args */
  uint32_t symbol;                /* of the callee, or 0: operand a of the instruction */
  uint32_t res[KILN_MAX_RESULTS]; /* registers of the results */
  struct kn_layout layout;
  struct kn_ifunc *fn; /* linked: the callee, or */
  void *native;        /* its address in C, or NULL */
  uint8_t builtin;
  bool nounwind;                    /* no exception may leave the call */
  uint32_t clause_first, n_clauses; /* of a try */
};
struct kn_arg {
  uint32_t ref;
  struct kn_place place;
};

/* A clause of a try. The addresses of its types are constants; that of "catch all" is NULL. */
struct kn_iclause {
  uint8_t kind;      /* kiln_clause_kind */
  uint32_t first, n; /* types, in kn_ifunc.k */
  int32_t selector;  /* what the pad gets */
};

/* A constant that is a symbol's address. */
struct kn_fix {
  uint32_t k, symbol;
  int64_t addend;
};

struct kn_ifunc {
  kiln_interp *in;
  uint32_t symbol, sig, index;
  uint32_t n_code, n_k, n_fixes, n_blocks, n_moves, n_jumps, n_tables, n_cases, n_sites, n_args,
    n_slots, n_clauses;
  uint32_t cap_clauses;
  uint32_t cap_code, cap_k, cap_fixes, cap_moves, cap_jumps, cap_tables, cap_cases, cap_sites,
    cap_args;
  struct kn_ins *code;
  uint64_t *k;
  struct kn_fix *fixes;
  struct kn_iblock *blocks; /* in order of code */
  uint32_t *block_start;    /* by block id */
  uint32_t block_limit;
  struct kn_move *moves;
  struct kn_jump *jumps;
  struct kn_table *tables;
  struct kn_case *cases;
  struct kn_site *sites;
  struct kn_arg *args;
  struct kn_islot *slots;
  struct kn_iclause *clauses;
  bool personality;
  bool keeps_pinned;
  /* first of the registers KN_TRIED_EXCEPTION, ... of what a try or tail call gives; 0: there is none */
  uint32_t tried;
  uint32_t n_regs;  /* words, the scratch of edges included */
  uint32_t scratch; /* first word of that */
  uint64_t slot_bytes;
  uint32_t slot_align;
  uint32_t label_base; /* of the first block, in the code area; 0: none has an address */
};

/* The registers of what a try gives, from kn_ifunc.tried on. */
enum {
  KN_TRIED_EXCEPTION,
  KN_TRIED_SELECTOR,
  KN_TRIED_RESULTS,
  KN_TRIED_COUNT = 2 + 2 * KILN_MAX_RESULTS
};

/* Arguments as the ABI passes them. The registers are laid out as where va_list has them: the host's last general
 * register before the first floating-point one (kn_interp_gp). The code of host_*.c knows the offsets. */
struct kn_image {
  _Alignas(16) uint64_t gp[8];
  uint64_t fp[8][2];
  uint8_t *stack;
  uint64_t stack_bytes; /* from C: UINT64_MAX */
  uint64_t chain, sret; /* registers for parameters of these kinds, if the host has them */
  uint32_t n_gp, n_fp;  /* passed; from C: all */
};
_Static_assert(offsetof(struct kn_image, stack) == 192 && offsetof(struct kn_image, chain) == 208 &&
                 offsetof(struct kn_image, n_gp) == 224 && sizeof(struct kn_image) == 240,
               "as the code of host_*.c has it");

/* Results by the registers that return them, each kind in order: integers, floats, and f80 of the x87 stack. */
struct kn_returned {
  uint64_t words[2 * KILN_MAX_RESULTS], floats[KILN_MAX_RESULTS][2], f80s[KILN_MAX_RESULTS][2];
};
_Static_assert(offsetof(struct kn_returned, floats) == 128 &&
                 offsetof(struct kn_returned, f80s) == 256 && sizeof(struct kn_returned) == 384,
               "as the code of host_*.c has it");

/* The calling convention of C on the machine that the interpreter runs on, which interpreted functions have among
 * themselves, too, whatever the module's target is. One of host_*.c has it. */
struct kn_host {
  uint8_t gp;                                  /* general registers of arguments; floats have 8 */
  uint8_t gp_results, fp_results, f80_results; /* registers of results */
  bool has_f80;
  bool even_pairs;    /* an i128's first register has an even number */
  bool composites;    /* arguments of several parts as kn_convention has them (ir/convention.h) */
  bool sret_register; /* KILN_PARAM_SRET has a register of its own */
  uint8_t max_align_log2; /* of objects by value */
  uint8_t va_list_bytes;
  uint8_t thread_register; /* what kn_interp_c_call keeps the thread in, as DWARF numbers it */
};
extern const struct kn_host kn_interp_host;

/* The next argument of a va_list. */
struct kn_taken {
  uint8_t kind;   /* KN_PLACE_GP, _FP or _STACK */
  uint32_t count; /* registers of that kind until here, this argument's included */
  uint8_t *from;  /* where it is */
};

struct kn_save {
  struct kn_save *older;
  uint64_t pad;
};

struct kn_frame {
  struct kn_frame *caller;
  struct kn_ifunc *fn;
  const struct kn_ins *pc;
  struct kn_act *act;
  struct kn_image *image; /* variadic functions, and those called by C */
  struct kn_save *saves;
  uint8_t *base; /* top of the stack before the call */
  uint8_t *top;  /* top of the stack before the last call of C */
  uint64_t serial;
  uint64_t pinned; /* what kn_thread.pinned was before the call */
  uint64_t regs[];
};

/* One activation of the loop: from the first frame, which C called, to its return. Allocated on the C stack. */
struct kn_act {
  struct kn_act *outer;
  jmp_buf jump;
  struct kn_frame *entry;
  bool from_api; /* faults can be returned by a kiln_interp_call */
  kiln_interp_value results[KILN_MAX_RESULTS];
};

/* An exception that came to a landing pad, from where it may go on. */
struct kn_thrown {
  uint64_t exception, type;
  const struct kn_frame *frame; /* with the pad */
};

struct kn_thread {
  kiln_interp *in;
  struct kn_frame *frame;
  uint8_t *sp, *stack, *limit;
  struct kn_act *act;
  uint64_t pinned; /* the register that the module pins */
  uint64_t serial, steps;
  uint8_t *tls;
  struct kn_thrown *thrown; /* oldest first; rows of frames that have ended go when others come */
  uint32_t n_thrown, cap_thrown;
  kiln_diag diag;
};

/* Learns of each frame before its function runs, and may give its slots other memory: `fr->regs` has their addresses.
 * The thread's newest frame is still the caller's. Tests have one. */
struct kn_interp_observer {
  void (*entered)(struct kn_interp_observer *o, struct kn_thread *t, struct kn_frame *fr);
};

/* What a program can observe of the module's target. */
struct kn_imachine {
  bool fuses;          /* fmuladd of f32 and f64 rounds once */
  bool division_traps; /* by zero, and where the quotient does not fit */
};

/* What an alias stands for in the end; symbol 0: not looked up. */
struct kn_target {
  uint64_t offset;
  uint32_t symbol;
};

struct kiln_interp {
  kiln_module *m;
  kiln_interp_options options;
  kiln_allocator allocator;
  struct kn_imachine machine;
  struct kn_isig **sigs; /* by id */
  uint32_t n_sigs;
  struct kn_ifunc **funcs;
  uint32_t n_funcs, cap_funcs;
  struct kn_ifunc **by_symbol; /* by symbol id */
  uint32_t n_by_symbol;
  void **address;            /* linked: by symbol id */
  uint8_t *known;            /* linked: 0 not looked up, 1 address is right */
  struct kn_target *targets; /* linked: by symbol id */
  uint32_t n_symbols;
  uint64_t *tls_offset; /* by symbol id, + 1 */
  bool linked, keyed;
  uint8_t *region; /* data, then function pointers, then read-only data, then code */
  size_t region_bytes;
  size_t ro_at, code_at;
  uint8_t *tls_image;
  uint64_t tls_bytes, tls_align;
  struct kn_section *sections; /* of written data, then of other data, both by name */
  uint32_t n_sections, n_written_sections;
  pthread_key_t key;
  uint8_t undefined; /* bytes of what is undefined: a pattern makes a dependence on it visible */
  struct kn_interp_observer *observer; /* or NULL */
};

/* ---- memory ---- */
void *kn_interp_realloc(const kiln_interp *in, void *old, size_t size);
/* Grows the array for one more item; false without memory. */
bool kn_interp_grow(const kiln_interp *in, void *array, uint32_t *cap, uint32_t n, size_t item);

/* ---- decode.c, link.c ---- */
struct kn_isig *kn_interp_sig(kiln_interp *in, uint32_t id);
kiln_status kn_interp_decode(kiln_interp *in, kiln_func *f, struct kn_ifunc *fn);
void kn_interp_free_func(kiln_interp *in, struct kn_ifunc *fn);
/* The function of a symbol, through aliases, too; NULL: none is here. */
struct kn_ifunc *kn_interp_callee(const kiln_interp *in, uint32_t symbol);
/* Function at an address that C knows it by; NULL: none. */
struct kn_ifunc *kn_interp_func_at(const kiln_interp *in, uint64_t address);
uint64_t kn_interp_label(const kiln_interp *in, const struct kn_ifunc *fn, uint32_t block);
/* This thread's address of a thread-local symbol. */
void *kn_interp_tls(struct kn_thread *t, uint32_t symbol);
void kn_interp_unlink(kiln_interp *in);

/* ---- thread.c ---- */
struct kn_thread *kn_interp_thread(kiln_interp *in);
void kn_interp_thread_free(void *thread);
_Noreturn void kn_interp_fault(struct kn_thread *t, kiln_status status, const char *format, ...)
  __attribute__((format(printf, 3, 4)));
void kn_interp_place(const struct kn_frame *fr, kiln_diag *out);
/* setjmp: remembers the frame and what follows the call; longjmp. */
void kn_interp_setjmp(struct kn_thread *t, uint64_t buffer, bool mask, const struct kn_ins *call);
_Noreturn void kn_interp_longjmp(struct kn_thread *t, uint64_t buffer, uint32_t value);

/* The same for BUILTIN_SETJMP and BUILTIN_LONGJMP, whose buffers have five words. */
void kn_interp_builtin_setjmp(struct kn_thread *t, uint64_t buffer, const struct kn_ins *i);
_Noreturn void kn_interp_builtin_longjmp(struct kn_thread *t, uint64_t buffer);

/* ---- unwind.c ---- */
/* Ways back into kn_interp_run: what its setjmp gives. */
enum { KN_BACK_LONGJMP = 1, KN_BACK_FAULT, KN_BACK_PAD };
/* resume: goes on with an exception in the caller of the frame on top. */
_Noreturn void kn_interp_resume(struct kn_thread *t, uint64_t exception);

/* ---- call.c ---- */
/* The place of the next argument. After the parameter are those of the same argument (KILN_PARAM_JOIN). */
struct kn_place kn_interp_next_place(struct kn_layout *l, const kiln_param *p);
/* Takes memory from the top of the stack. */
uint8_t *kn_interp_push(struct kn_thread *t, uint64_t bytes, uint64_t align);
/* A frame on top: registers and slots, no arguments yet. */
struct kn_frame *kn_interp_frame(struct kn_thread *t, struct kn_ifunc *fn, uint8_t *base,
                                 struct kn_image *image);
/* The function of the frame ends: it returns, is replaced or is unwound. */
static inline void kn_interp_leave(struct kn_thread *t, const struct kn_frame *fr) {
  if (fr->fn->keeps_pinned) t->pinned = fr->pinned;
}
/* Parameters from an image. */
void kn_interp_unpack(struct kn_frame *fr, const struct kn_isig *sig, struct kn_image *im);
/* Calls `fn` from the frame on top; gives its frame. */
struct kn_frame *kn_interp_enter(struct kn_thread *t, struct kn_frame *fr, struct kn_site *s,
                                 struct kn_ifunc *fn);
/* Calls `fn` in place of the frame on top, which ends; gives its frame. */
struct kn_frame *kn_interp_replace(struct kn_thread *t, struct kn_frame *fr, struct kn_site *s,
                                   struct kn_ifunc *fn);
/* Stores the results of a return where the call in the caller's frame wants them. */
void kn_interp_return(struct kn_thread *t, struct kn_frame *caller, const struct kn_ifunc *fn,
                      const kiln_interp_value *values);
void kn_interp_native(struct kn_thread *t, struct kn_frame *fr, struct kn_site *s, void *address);
uint64_t *kn_interp_va_arg(struct kn_thread *t, uint64_t list, unsigned type);
void kn_interp_va_start(struct kn_thread *t, struct kn_frame *fr, uint64_t list);
/* What kn_interp_c_entry calls; returns the number of the results that are f80. */
unsigned kn_interp_from_c(struct kn_ifunc *fn, struct kn_image *im, struct kn_returned *results);

/* ---- host_*.c ---- */
/* Calls C. No exception of another language comes back: that is a fault. `f80s`: of the results. */
void kn_interp_c_call(struct kn_thread *t, const struct kn_image *im, void *code,
                      struct kn_returned *results, unsigned f80s)
  __attribute__((visibility("hidden")));
/* Where the code of a stub goes on. C cannot call it: the function is in a register of its own. */
void kn_interp_c_entry(void) __attribute__((visibility("hidden")));
/* Writes the code that a function's address is of, KN_STUB_BYTES at a multiple of 16. */
enum { KN_STUB_BYTES = 32 };
void kn_interp_write_stub(uint8_t *at, const struct kn_ifunc *fn);
/* Compare and swap of 16 bytes; `*old` becomes what memory had. */
bool kn_interp_swap_wide(void *at, kn_u128 *old, kn_u128 want);
/* A va_list of what follows the `named` arguments of an image. */
void kn_interp_start_list(void *list, struct kn_image *im, const struct kn_layout *named);
/* The floating-point registers that a va_list reads from: kn_image.fp, if it is of the interpreter's. */
const uint8_t *kn_interp_list_floats(const void *list);
struct kn_taken kn_interp_take(void *list, unsigned type);

/* ---- run.c ---- */
/* Runs the frame on top until it returns; results are in `act`. False: a fault, if from_api. */
bool kn_interp_run(struct kn_thread *t, struct kn_act *act);

/* ---- number.c ---- */

/* Cases of a switch over kiln_op for all operations that take no integers, or no floats; the compiler then reports
 * any other operation that a switch leaves out. By the types in <kiln/ops.def>: use them as
 *   #define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KN_UNLESS_INT_##types(E)
 *   #include <kiln/ops.def> */
#define KN_UNLESS_INT_INT(E)
#define KN_UNLESS_INT_INT64(E)
#define KN_UNLESS_INT_FLT(E) case KILN_OP_##E:
#define KN_UNLESS_INT_SCALAR(E) case KILN_OP_##E:
#define KN_UNLESS_INT_VEC(E) case KILN_OP_##E:
#define KN_UNLESS_INT_VINT(E) case KILN_OP_##E:
#define KN_UNLESS_INT_VFLT(E) case KILN_OP_##E:
#define KN_UNLESS_INT_VF32(E) case KILN_OP_##E:
#define KN_UNLESS_INT_VI32(E) case KILN_OP_##E:
#define KN_UNLESS_INT_VANY(E) case KILN_OP_##E:
#define KN_UNLESS_INT_MACHINE(E) case KILN_OP_##E:
#define KN_UNLESS_INT_ANY(E) case KILN_OP_##E:
#define KN_UNLESS_INT_PTR(E) case KILN_OP_##E:
#define KN_UNLESS_INT_I32(E) case KILN_OP_##E:
#define KN_UNLESS_INT_VOID(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_INT(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_INT64(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_FLT(E)
#define KN_UNLESS_FLT_SCALAR(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_VEC(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_VINT(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_VFLT(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_VF32(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_VI32(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_VANY(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_MACHINE(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_ANY(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_PTR(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_I32(E) case KILN_OP_##E:
#define KN_UNLESS_FLT_VOID(E) case KILN_OP_##E:

/* Cases for the float operations whose result has their operands' type T; the operands are a, b and c. `f` is the
 * suffix of the C library's functions for T. `once`: fmuladd rounds once. */
#define KN_FLOAT_CASES(T, f, roundeven, minimum, maximum)                                          \
  case KILN_OP_FADD: return a + b;                                                                 \
  case KILN_OP_FSUB: return a - b;                                                                 \
  case KILN_OP_FMUL: return a * b;                                                                 \
  case KILN_OP_FDIV: return a / b;                                                                 \
  case KILN_OP_FREM: return fmod##f(a, b);                                                         \
  case KILN_OP_FSQRT: return sqrt##f(a);                                                           \
  case KILN_OP_FMA: return fma##f(a, b, c);                                                        \
  case KILN_OP_FMULADD: return once ? fma##f(a, b, c) : a * b + c;                                 \
  case KILN_OP_FMIN: return fmin##f(a, b);                                                         \
  case KILN_OP_FMAX: return fmax##f(a, b);                                                         \
  case KILN_OP_FMINIMUM: return (T)minimum(a, b);                                                  \
  case KILN_OP_FMAXIMUM: return (T)maximum(a, b);                                                  \
  case KILN_OP_FFLOOR: return floor##f(a);                                                         \
  case KILN_OP_FCEIL: return ceil##f(a);                                                           \
  case KILN_OP_FTRUNC: return trunc##f(a);                                                         \
  case KILN_OP_FROUND: return round##f(a);                                                         \
  case KILN_OP_FROUNDEVEN: return roundeven(a);                                                    \
  case KILN_OP_FRINT: return rint##f(a);                                                           \
  case KILN_OP_FNEARBYINT: return nearbyint##f(a)

/* Cases for the others: operations on the bits alone, and conversions. */
#define KN_FLOATS_ELSEWHERE                                                                        \
  case KILN_OP_FNEG:                                                                               \
  case KILN_OP_FABS:                                                                               \
  case KILN_OP_FCOPYSIGN:                                                                          \
  case KILN_OP_FCMP:                                                                               \
  case KILN_OP_FDEMOTE:                                                                            \
  case KILN_OP_FPROMOTE:                                                                           \
  case KILN_OP_SITOF:                                                                              \
  case KILN_OP_UITOF

/* How two floats compare. */
enum kn_order { KN_LESS = 1, KN_EQUAL = 2, KN_GREATER = 4, KN_UNORDERED = 8 };
#define KN_ORDER_OF(x, y)                                                                          \
  ((x) < (y) ? KN_LESS : (x) == (y) ? KN_EQUAL : (x) > (y) ? KN_GREATER : KN_UNORDERED)

uint64_t kn_interp_int(const struct kn_ins *i, uint64_t a, uint64_t b, uint64_t c, uint64_t *flag);
kn_u128 kn_interp_wide(unsigned op, kn_u128 a, kn_u128 b, kn_u128 c, uint64_t *flag);
/* Division: NULL, or why it traps. */
const char *kn_interp_divide(unsigned op, unsigned bits, bool traps, kn_u128 a, kn_u128 b,
                             kn_u128 *out);
bool kn_interp_icmp(unsigned cond, unsigned bits, kn_u128 a, kn_u128 b);
/* Operands as they are in registers. */
bool kn_interp_fcmp(unsigned cond, unsigned type, const uint64_t *a, const uint64_t *b);
uint64_t kn_interp_float(unsigned op, unsigned type, bool once, uint64_t a, uint64_t b, uint64_t c);
kn_u128 kn_interp_wide_float(unsigned op, unsigned type, kn_u128 a, kn_u128 b, kn_u128 c);
/* Conversions between integers, floats. */
kn_u128 kn_interp_convert(unsigned op, unsigned to, unsigned from, kn_u128 a);
/* This thread's rounding mode, numbered as get_rounding does; of `mode` the low 2 bits count. */
uint32_t kn_interp_get_rounding(void);
void kn_interp_set_rounding(uint32_t mode);

/* ---- vector.c ---- */
/* An operation on vectors (KI_VECTOR): operands as they are in registers; the result's bits. */
kn_u128 kn_interp_vector(const struct kn_ins *i, const uint64_t *a, const uint64_t *b,
                         const uint64_t *c);

/* ---- quad.c: f128 by its bits ---- */
kn_u128 kn_interp_quad(unsigned op, kn_u128 a, kn_u128 b, kn_u128 c);
enum kn_order kn_interp_quad_order(kn_u128 a, kn_u128 b);
/* Towards zero; out of range 0, or the nearest end. */
kn_u128 kn_interp_quad_to_integer(kn_u128 a, unsigned bits, bool is_signed, bool saturates);
/* Of a sign- or zero-extended integer. */
kn_u128 kn_interp_quad_from_integer(kn_u128 a, bool is_signed);
kn_u128 kn_interp_quad_from_float(unsigned from, kn_u128 a);
kn_u128 kn_interp_quad_to_float(unsigned to, kn_u128 a);

/* Values of two words. */
static inline bool kn_interp_is_wide(unsigned type) {
  return type == KILN_TYPE_I128 || type == KILN_TYPE_F80 || type == KILN_TYPE_F128 ||
         type == KILN_TYPE_V128;
}
/* Passed in a floating-point register. */
static inline bool kn_interp_in_fp(unsigned type) {
  return type == KILN_TYPE_F32 || type == KILN_TYPE_F64 || type == KILN_TYPE_F128 ||
         type == KILN_TYPE_V64 || type == KILN_TYPE_V128;
}
/* General register number `at` of the host's. */
static inline uint64_t *kn_interp_gp(struct kn_image *im, uint32_t at) {
  return im->gp + 8 - kn_interp_host.gp + at;
}
/* Bits of the second word that are the value's. */
static inline uint64_t kn_interp_high_mask(unsigned type) {
  return type == KILN_TYPE_F80 ? UINT16_MAX : UINT64_MAX;
}
static inline unsigned kn_interp_bits(unsigned type) {
  return 8u * kiln_type_size((kiln_type)type);
}

static inline uint64_t kn_interp_mask(unsigned bits) {
  return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}
static inline uint64_t *kn_interp_ref(struct kn_frame *fr, uint32_t ref) {
  return ref & KN_CONST ? fr->fn->k + (ref & ~KN_CONST) : fr->regs + ref;
}
static inline kn_u128 kn_interp_get_wide(const uint64_t *at) {
  return (kn_u128)at[1] << 64 | at[0];
}
static inline void kn_interp_put_wide(uint64_t *at, kn_u128 v) {
  at[0] = (uint64_t)v;
  at[1] = (uint64_t)(v >> 64);
}

#endif
