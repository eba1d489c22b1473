/* The contract between lib/ and a target: facts about the machine as data, which plan, walk, checker, the object
 * writer and the JIT read, and the functions that emit its code. lib/codegen/walk.c drives them; a target puts its own
 * state of a walk into a struct around struct kn_walk. Only lib/codegen/targets.c names the targets. */
#ifndef KN_TARGETS_TARGET_H
#define KN_TARGETS_TARGET_H

#include "ir/convention.h"
#include "ir/func.h"
#include "targets/jit.h"

/* Registers are numbered 0 to 63 over both banks: general ones from 0, float ones from KN_FP_BASE.
 * Sets of registers are 64-bit masks. */
#define KN_FP_BASE 32u
#define KN_BIT(r) (UINT64_C(1) << (r))
#define KN_GP_MASK UINT64_C(0xffffffff)

struct kn_walk;
struct kn_arg;
struct kn_assign;
struct kn_call;
struct kn_call_stack;

/* What a target does with values of a type. */
struct kn_type_facts {
  uint64_t regs; /* the registers that hold one; 0: values of the type live in the frame */
  uint8_t bank;  /* 0 general, 1 float: of the registers that the ABI passes it in */
  uint8_t bytes; /* of a spill slot: 8, or 16 */
  bool lowered;  /* the target has values of the type */
  bool in_frame; /* values of 16 bytes that live in the frame */
  bool cut; /* calls preserve no register of the bank whole: no home of the type is kept over one */
};

/* Lowers one instruction, w->i: selects machine instructions, allocates registers, emits. It drops each
 * use of its operands once. */
typedef void kn_lower(struct kn_walk *w, const struct kn_inst *in);

/* What the allocator asks the target to emit. None of these frees a register, takes one (but for the last two), or
 * changes anything but its destination and the scratch registers; the flags stay as they are. `frame` is a frame
 * offset. */
struct kn_hooks {
  /* Copies between registers of one bank. */
  void (*move)(struct kn_walk *w, unsigned dst, unsigned src, unsigned type);
  void (*load)(struct kn_walk *w, unsigned dst, int32_t frame, unsigned type);
  void (*store)(struct kn_walk *w, unsigned src, int32_t frame, unsigned type);
  /* Puts an immediate, pool entry or slot address into dst. */
  void (*constant)(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type);
  /* Stores one of these to the frame. */
  void (*store_constant)(struct kn_walk *w, int32_t frame, uint32_t h, unsigned type);
  /* Copies between frame offsets, through scratch registers. */
  void (*copy)(struct kn_walk *w, int32_t dst, int32_t src, unsigned type);
  /* Computes the ADDR `v`, which its readers fold (KN_VF_ADDR), into dst. These two bring what they
   * read to registers and lock them. */
  void (*address)(struct kn_walk *w, unsigned dst, uint32_t v);
  /* Emits the instruction `v`, which waits for its reader (KN_VF_WAITS), with dst as its result. */
  void (*deferred)(struct kn_walk *w, unsigned dst, uint32_t v);
};

enum { KN_CIE_RULES = 7 };

/* What those who read code need to know of it: linkers and the JIT, unwinders, debuggers. */
struct kn_code_facts {
  uint8_t fill;        /* byte between functions: stops execution */
  uint8_t align_log2;  /* of functions, at least */
  bool indirect_types; /* tables of exceptions are never absolute: see kn_eh_indirect */
  /* Of .eh_frame: the unit of advances in bytes, the column of the return address, and the rules of a function's
   * first instruction, padded with 0 (DW_CFA_nop). Offsets are in units of -8. */
  uint8_t cie_code_align;
  uint8_t cie_return;
  uint8_t cie_rules[KN_CIE_RULES];
  uint32_t nop; /* an instruction that does nothing, in `nop_bytes` bytes */
  uint8_t nop_bytes;
  /* LLVM -O0 has code for each branch to the next block: debuggers stop there. */
  bool branches_count;
  uint8_t red_zone_bytes;    /* a function that calls none needs no frame for so many bytes */
  const uint8_t *dwarf_regs; /* by register: DWARF's number of it */
  /* Of frames without, with a frame pointer (kn_frame_plan.pointer): what addresses them, by DWARF's number, and the
   * frame offset that it is at. */
  uint8_t frame_regs[2], frame_from[2];
};

/* What frames are like, and what kinds of them there are. */
struct kn_frame_facts {
  /* with `up`: a negative frame offset is that from the frame's end, the CFA, - `beyond` */
  int32_t beyond;
  /* The kind of relocations in machine code that become a slot's distance from the frame register, or NONE. */
  kiln_reloc_kind reloc;
  /* The step of functions that request no probes, where systems map the stack page by page; 0: no probes. */
  uint16_t probe_bytes;
  bool probes; /* frames and salloc touch each step of the stack: kn_frame_plan.probe_step */
  /* Frame offsets of locals grow upward from the frame register and are positive, and those of the
   * caller's arguments are negative; else the other way round. */
  bool up;
  bool without_pointer; /* frames may do without a frame pointer: kn_frame_plan.pointer */
  bool general_only;    /* functions may do without float registers */
  bool
    realigns; /* of functions that were called with an unaligned stack: kn_frame_plan.realigned */
  /* A slot aligned beyond 16 bytes: at its frame offset is a pointer to it; else memory that it is in, from the first
   * byte with that alignment on. */
  bool aligned_by_pointer;
};

/* How calls are made, and what becomes of their results. */
struct kn_call_ops {
  /* Emits a call, in a way of its own if it is of the usual kind, else by kn_general_call, which calls the next six. */
  void (*call)(struct kn_walk *w, struct kn_call *c);
  /* Makes room for arguments on the stack; w->call_stack becomes how that moved the stack pointer. */
  void (*open_stack)(struct kn_walk *w, const struct kn_call *c, const struct kn_assign *all);
  /* Stores an argument to its location in the stack; or, if it has the scratch register, until settle_args. `c` NULL: a
   * result of the function, to the function's own stack area. */
  void (*early_arg)(struct kn_walk *w, const struct kn_call *c, const struct kn_arg *a);
  /* Loads a value that lives in the frame into the register of `a`; NULL: such values are never in one. */
  void (*load_arg)(struct kn_walk *w, uint32_t h, const struct kn_arg *a);
  /* All arguments are in their registers: extends those that are to be, and what else the convention asks for. */
  void (*settle_args)(struct kn_walk *w, struct kn_call *c, const struct kn_assign *all);
  /* Emits the instruction that calls c->symbol or the address in c->reg; the jump of a tail call, with `bytes` of stack
   * arguments. */
  void (*call_jump)(struct kn_walk *w, const struct kn_call *c);
  void (*tail_jump)(struct kn_walk *w, const struct kn_call *c, uint32_t bytes);
  /* Takes the results of the call w->i by `sig`, which have just arrived. */
  void (*take_results)(struct kn_walk *w, const struct kn_sig *sig);
  /* Result `value` of the call that was just emitted is in a->reg, a register that is
   * temporary or not allocated, or in the call's stack area: moves it to a register or slot of its own. Nobody may read
   * one in a register. */
  void (*take_result)(struct kn_walk *w, uint32_t value, const struct kn_arg *a);
  /* Stores a result that lives in the frame, or one in the stack area, which has just arrived, to the frame. */
  void (*keep_result)(struct kn_walk *w, const struct kn_arg *a, int32_t frame);
  /* Moves the stack pointer back over a call's results and arguments. */
  void (*free_stack)(struct kn_walk *w, struct kn_call_stack stack);
};

enum { KN_MAX_FEATURES = 4 };

/* What processors may have beyond the baseline. */
struct kn_target_feature {
  const char *name; /* LLVM's; NULL ends */
  uint64_t bit;     /* KILN_FEATURE_... */
};

struct kn_target {
  struct kn_ir_facts ir;

  /* ---- registers ---- */
  uint64_t temps;        /* only ever used for values of one block */
  uint64_t caller_homes; /* may be homes of intervals without calls; temporary where they are not */
  uint64_t around_calls; /* of these: may also be saved before each call, reloaded after it */
  uint64_t callee_homes; /* preserved by calls: homes; temporary where the function saves them */
  /* Of these: the prologue stores them to the frame like those of kn_frame_plan.kept, since no instruction pushes
   * them. */
  uint64_t stored_homes;
  const char *const *reg_names; /* by number, for people; NULL: there is no such register */
  /* If it is not ir.library: the convention of library functions with values of 16 bytes, which compilers' libraries
   * have in C; else NULL. */
  const struct kn_convention *runtime;
  uint8_t scratch[2]; /* by bank: never allocated, free to use within one operation */
  /* where the address of a callee is; the second, if an argument is in the first */
  uint8_t callee[2];
  uint8_t exception[2]; /* where a landing pad gets the exception and its selector */
  uint8_t whole[2];     /* by bank: the type whose move keeps all that a home holds */
  /* By kn_val.hint & 15: the argument registers of that number, or a second result's, of both banks; 0 for all other
   * hints. */
  uint64_t hints[16];

  /* ---- types, operations ---- */
  struct kn_type_facts types[16]; /* by kiln_type */
  /* By opcode: whether a lowering may leave the operation to an instruction that reads its result, which then reads the
   * operands, too: as an address, in flags, or as a part of its own work. The checker takes no other; NULL: none. */
  const uint8_t *waiting;
  /* The lowering of an operation: by opcode, type, and whether nobody reads its result. */
  kn_lower *const (*lowerings)[16][2];

  struct kn_frame_facts frame;
  bool roots; /* objects and memory have tables of a garbage collector's roots */
  uint8_t reloc_first, reloc_last; /* its own kinds of relocations */
  /* The address of a thread-local symbol is a distance from the module's block, which is in the thread's table at
   * the index that the module was given; else as ELF has it. */
  bool tls_by_index;
  /* Unwinders read codes of what prologues did, and know epilogues by their instructions (Microsoft, "x64 exception
   * handling"); else rows of DWARF. FRAME_ADDR of the function itself is where its frame begins below what the prologue
   * saved, since that is what unwinding to a setjmp compares with. */
  bool unwind_codes;
  bool guard_variable; /* the guard is in a variable of the program where nothing else was said */
  bool left_out;       /* by the build: it has nothing (targets/left_out.c) */
  struct kn_target_feature features[KN_MAX_FEATURES];
  struct kn_code_facts code;
  const struct kn_jit_machine *jit; /* NULL: its code runs in no memory of a JIT */

  /* ---- functions ---- */
  size_t walk_size; /* bytes of the target's struct around struct kn_walk, which begins as zeros */
  struct kn_hooks hooks;
  /* Emits the prologue, at w->code.start; resets the target's state. */
  void (*begin)(struct kn_walk *w);
  /* Has what follows begin at a multiple of 1 << log2 bytes, at most the function's alignment: instructions that do
   * nothing are executed up to there. There is room for them. */
  void (*align_code)(struct kn_walk *w, unsigned log2);
  /* Moves parameters from where they arrive to where they live; called in the entry block. */
  void (*enter)(struct kn_walk *w);
  struct kn_call_ops calls;
  /* Emits a jump to a label; binds a label here. */
  void (*jump)(struct kn_walk *w, uint32_t label);
  /* Emits a jump in its final form, to code of the function before it, which is at `to`. */
  void (*jump_back)(struct kn_walk *w, uint32_t to);
  void (*bind_label)(struct kn_walk *w, uint32_t label);
  /* The mark that the target of an indirect jump begins with: kn_frame_plan.marks. */
  void (*landing)(struct kn_walk *w);
  /* Emits the epilogue, gives the code its final form, patches it, writes its frame rows. */
  void (*finish)(struct kn_walk *w);
  /* Frees the arrays of the target's struct; NULL: it has none. */
  void (*free)(struct kn_walk *w, kiln_module *m);
};

/* The table of a target (lib/codegen/targets.c); NULL: Kiln generates no code for it. */
const struct kn_target *kn_target_at(kiln_target t);
/* Gives a new module what the IR reads of its target. */
void kn_target_attach(kiln_module *m);

extern const struct kn_target kn_target_x86_64;
extern const struct kn_target kn_target_x86_64_windows;
extern const struct kn_target kn_target_aarch64;

#endif
