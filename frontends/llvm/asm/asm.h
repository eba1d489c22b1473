/* Inline assembly as the files about it see it: the operands of one call (asm_parse.c), the text
 * that an assembler is given (asm_text.c), and the call itself (asm.c). */
#ifndef KN_LLVM_ASM_H
#define KN_LLVM_ASM_H

#include "bc.h"

#include <kiln/asm.h>
#include <kiln/emit.h>
#include <kiln/inspect.h>
#include <kiln/llvm_asm.h>
#include <kiln/machine_ops.h>

enum { KN_ASM_MAX_OPERANDS = 96, KN_ASM_MAX_ALTERNATIVES = 16 };
#define KN_ASM_GP UINT64_C(0xffffffff)
#define KN_ASM_PLACE 32
/* MMX's registers are numbers above those of x86-64, which the IR does not have. */
#define KN_ASM_MMX 48

/* By target: whose registers, constraints and texts inline assembly has. */
enum kn_asm_syntax { KN_ASM_UNKNOWN, KN_ASM_X86, KN_ASM_A64 };
extern const uint8_t kn_asm_syntax[];

/* Where an operand is, once that is decided. */
enum kn_asm_place {
  AP_NONE,
  AP_REG,
  AP_MEMORY,
  AP_DIRECT, /* memory that the text addresses by its symbol, or as a slot of the frame */
  AP_IMMEDIATE,
  AP_FLAG,
  AP_X87,
  AP_LABEL
};

/* What a constraint allows, of one alternative. */
struct kn_asm_allows {
  uint64_t regs;     /* registers; those of float kind for vectors and floats */
  bool any;          /* `regs` depends on the type: general or float ones */
  bool memory, flag; /* an address in a register; a condition of the flags */
  bool symbol;       /* the address of a symbol, as an immediate */
  bool number;       /* a number from `least` to `most`, as an immediate */
  bool zero;         /* of AArch64: 0, as the register of zeros */
  bool x87;          /* the x87 stack: `st` says where, or -1 */
  bool second;       /* of x86-64: the second byte of the register, as ah */
  int8_t st;
  int8_t tie; /* output that the input shares its place with, or -1 */
  int64_t least, most;
  char condition[4];
};

struct kn_asm_operand {
  bool output, indirect, early, label;
  uint8_t n_allows;
  struct kn_asm_allows allows[KN_ASM_MAX_ALTERNATIVES];
  const struct kn_asm_allows *is; /* the chosen one */
  enum kn_asm_place place;
  uint32_t type;   /* of the value: for an indirect operand the pointer's */
  uint32_t id;     /* of the value; UINT32_MAX: none */
  kiln_type ktype; /* of the register */
  uint8_t reg;     /* where the text has it: Kiln's number; KILN's scratch registers too */
  uint8_t outside; /* where the IR has it */
  uint8_t st;      /* X87 */
  /* bytes of a register that the IR has not, ymm, MMX or two for an i128, which the text loads or stores; 0: none */
  uint8_t carried;
  bool pair;       /* of x86-64, an i128: in general registers it is in two, */
  uint8_t high;    /* this one has the upper half */
  uint8_t at;      /* of what is carried or stored: its place in the slot, in KN_ASM_PLACE bytes */
  bool given;      /* it has its register */
  bool as_it_is;   /* an input without a value in the stack pointer, which the text reads */
  bool stored;     /* an output that the text stores itself: it is loaded from there */
  uint8_t through; /* register with the address of its slot: X87, carried, stored */
  bool goes_back;  /* an output that is stored to where `back`, of type `back_type`, points */
  uint32_t back, back_type;
  kiln_value slot;
  kiln_operand_info value; /* IMMEDIATE, DIRECT */
};

/* One call. */
struct kn_asm_call {
  struct kn_bc *r;
  const char *text, *constraints;
  bool intel, x86;
  bool tight;                 /* registers are few */
  bool slots;                 /* the text addresses slots by the frame pointer */
  bool sets_stack;            /* an input is in the stack pointer */
  bool unwinds;               /* an exception may leave it */
  const struct kn_bc_asm *of; /* where it goes on */
  uint32_t n;                 /* operands, labels too */
  uint32_t n_labels;
  uint32_t first_label;
  struct kn_asm_operand op[KN_ASM_MAX_OPERANDS];
  uint64_t clobbers; /* registers */
  uint32_t st_clobbers;
  uint8_t saved;    /* register that the text saves on the stack around the template; 0: none */
  uint8_t selector; /* register that says which label was taken, if n_labels */
  char *out;        /* the text being made */
  uint32_t out_n, out_cap;
};

/* ---- asm.c ---- */

/* Reports what is not implemented; false. */
bool kn_asm_wrong(struct kn_asm_call *a, const char *what);
/* True if the operand's value is an integer or address. */
bool kn_asm_is_general(const struct kn_asm_call *a, const struct kn_asm_operand *o);

/* ---- asm_unwind.c ---- */

/* A text as a function of its own, which stores its results. */
struct kn_asm_apart {
  kiln_func *outer; /* that calls it */
  kiln_symbol symbol;
  kiln_sig sig;
  kiln_value slot; /* of `outer`, for the results: 16 bytes each */
  uint32_t n_params, n_results;
};
/* Begins that function, with `params` and the address of memory for `n_results`: it is the one being built then. */
bool kn_asm_begin_apart(struct kn_asm_call *a, const kiln_param *params, uint32_t n_params,
                        uint32_t n_results, struct kn_asm_apart *x);
/* Ends it, with results of types `types`: the outer function is built again, false or not. */
bool kn_asm_end_apart(struct kn_asm_call *a, struct kn_asm_apart *x, const kiln_type *types,
                      const kiln_value *results);
/* Calls it, where the statement says that exceptions go. */
void kn_asm_call_apart(struct kn_asm_call *a, const struct kn_asm_apart *x, const kiln_value *args,
                       uint32_t n_args);

/* ---- asm_regs.c ---- */

/* The registers that callees save, of those that values may be in. */
uint64_t kn_asm_saved(const struct kn_asm_call *a);
/* True if the text changes the frame pointer: it is clobbered, or an operand. */
bool kn_asm_changes_frame(const struct kn_asm_call *a);
/* Gives out registers: those that are given first, then operands with the fewest to choose from. */
bool kn_asm_allocate(struct kn_asm_call *a);

/* ---- asm_parse.c ---- */

/* Reads the constraints; false (reported) if they are not understood. */
bool kn_asm_parse(struct kn_asm_call *a);

/* ---- asm_text.c ---- */

/* Appends to the text. */
void kn_asm_putf(struct kn_asm_call *a, const char *format, ...)
  __attribute__((format(printf, 2, 3)));
/* Is the operand the second byte of its register? */
bool kn_asm_is_second(const struct kn_asm_call *a, const struct kn_asm_operand *o);
/* Writes the name of a register with `bytes` bytes (8: all of a general one; 16 of a float one). */
void kn_asm_register_name(bool x86, unsigned reg, unsigned bytes, char out[8]);
/* Appends the template with its operands. */
bool kn_asm_expand(struct kn_asm_call *a);
/* Names in texts that stand for a symbol of the module, by its id, and for a slot of the function, by the
 * value that is its address: the slots before it may be more once all texts are known. */
#define KN_ASM_SYMBOL "__kiln_symbol_"
#define KN_ASM_SLOT "__kiln_slot_"

/* ---- asm_memory.c ---- */

/* Stores the value of an input to memory. */
void kn_asm_store_operand(struct kn_asm_call *a, const struct kn_asm_operand *o, kiln_value base,
                          int32_t at);
/* Decides where inputs are that are tied to outputs in memory, and these outputs. */
void kn_asm_tie_memory(struct kn_asm_call *a);
/* Where registers are few, has the text address variables of the module itself. */
void kn_asm_address_directly(struct kn_asm_call *a);
/* Stores an output that goes back: its value, of a long vector the two halves. */
void kn_asm_store_back(struct kn_asm_call *a, const struct kn_asm_operand *o,
                       const kiln_value *values);

/* ---- asm_cache.c ---- */

/* A text and its code. */
struct kn_asm_text {
  uint32_t at, n; /* the characters are in chars */
  bool known;
  bool rows;                        /* kiln_assembly.rows */
  uint32_t bytes, n_bytes, n_frame; /* in `bytes`; after them kiln_assembly.frame */
  uint32_t align_log2;              /* kiln_assembly.align_log2 */
  uint32_t reloc, n_relocs;
  uint32_t error; /* in chars, + 1 */
  bool has_parts; /* it has some of these, or refers to its own places */
  const kiln_assembled_section *sections;
  const kiln_assembled_symbol *symbols;
  uint32_t n_sections, n_symbols;
};

/* In place of symbols' ids in relocations of texts: this and the index of a section, or the code's. */
#define KN_ASM_PART UINT32_C(0x80000000)
#define KN_ASM_PART_CODE (KILN_ASSEMBLED_CODE - KN_ASM_PART)

/* All of a reader. */
struct kn_bc_asm_cache {
  KN_BC_ARRAY(struct kn_asm_text) texts;
  KN_BC_ARRAY(char) chars;
  KN_BC_ARRAY(uint8_t) bytes;
  KN_BC_ARRAY(kiln_asm_reloc) relocs;
  struct kn_hash hash; /* index of a text, + 1 */
  char *out;           /* where a call's text is made */
  uint32_t out_cap;
};

/* The symbol that a relocation names; of id 0 without memory. */
kiln_symbol kn_asm_symbol_of(struct kn_bc *r, const char *name);
/* The reader's, made if need be; NULL (reported) without memory. */
struct kn_bc_asm_cache *kn_asm_cache(struct kn_bc *r);
/* Asks for the code of all texts that have none. */
bool kn_asm_assemble(struct kn_bc *r);
/* The entry of a text, new if there was none; NULL without memory. `rows`: as kiln_assembly.rows. */
struct kn_asm_text *kn_asm_text_of(struct kn_bc *r, const char *s, uint32_t n, bool rows);

/* ---- asm_parts.c ---- */

/* Keeps sections and symbols of a text. */
bool kn_asm_keep_parts(struct kn_bc *r, struct kn_asm_text *t, const kiln_assembly *a);
/* Gives the function being built what belongs to the code of a text that becomes an instruction: sets code->place, and
 * code->relocs, which is to be freed then (kn_bc_resize). */
bool kn_asm_add_parts(struct kn_bc *r, const struct kn_asm_text *t, kiln_asm *code);
/* What a relocation refers to; `items`: symbols of the text's sections. */
kiln_symbol kn_asm_referred(struct kn_bc *r, const kiln_assembled_reloc *from,
                            const kiln_symbol *items, kiln_symbol code);
/* The data that a section's content is, whose symbol is `self`; to be freed. */
bool kn_asm_data(struct kn_bc *r, const kiln_assembled_section *s, kiln_symbol self,
                 const kiln_symbol *items, kiln_symbol code, kiln_data_desc *desc);
void kn_asm_data_free(struct kn_bc *r, const kiln_data_desc *desc);
/* Where a section's content goes (`section` of the symbol; NULL: by content), and what is said of that section. What
 * linkers merge they take apart, but the content is one item, which all that refers to a label in it names: such
 * sections are not merged, unless nothing in memory can refer to them. */
void kn_asm_where(const struct kn_bc *r, const kiln_assembled_section *s, kiln_symbol_desc *where,
                  kiln_section_desc *said);
/* True if objects are in COFF, not in ELF. */
bool kn_asm_is_coff(const struct kn_bc *r);
/* What a symbol is called, and who sees it. */
void kn_asm_name(struct kn_bc *r, const kiln_assembled_symbol *s, kiln_symbol_desc *desc);

#endif
