/* The machine code of functions as they are compiled, for listings and debuggers; and the register allocator's plan,
 * for work on Kiln itself. */
#ifndef KILN_LISTING_H
#define KILN_LISTING_H

#include <kiln/inspect.h>
#include <kiln/reloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A piece of a function's code: the bytes from `offset_bytes` to the next piece. They were generated for instruction
 * `inst` of `block`. If `inst` is 0, they belong to the start of the block; if there is no block either, they are
 * prologue, epilogue or literals. A piece may be empty: an instruction's code can be part of the code of the
 * instruction that uses its result, and an instruction with an unused result has no code. */
typedef struct kiln_code_piece {
  uint32_t offset_bytes; /**< from the function's first byte, in ascending order */
  kiln_block block;      /**< or UINT32_MAX */
  kiln_inst inst;        /**< or 0 */
  bool data;             /**< a jump table or literals, not instructions */
} kiln_code_piece;

/** The machine code of one function. The pointers are valid until the session compiles the next function. */
typedef struct kiln_code {
  kiln_symbol symbol;            /**< the function */
  const uint8_t *bytes;          /**< its code, with zeros where relocations apply */
  uint32_t size_bytes;           /**< size of the code */
  uint32_t n_pieces;             /**< number of `pieces` */
  uint32_t n_relocs;             /**< number of relocations, for kiln_session_get_code_reloc */
  const kiln_code_piece *pieces; /**< in code order; the first begins at 0 */
} kiln_code;

/** A field of a function's code that the linker fills in. */
typedef struct kiln_code_reloc {
  uint32_t offset_bytes; /**< from the function's first byte */
  kiln_reloc_kind kind;  /**< which value the field takes */
  kiln_symbol symbol;    /**< the symbol referred to */
  int64_t addend;        /**< added to the symbol's address */
} kiln_code_reloc;

/** Makes the session record the pieces of each function that it compiles from now on. It is off initially; when on,
 * compiling is slightly slower. */
KILN_API kiln_status kiln_session_set_map(kiln_session *s, bool on);

/** Finds the machine code of the function that the session compiled last. Returns false if the map was off at the time,
 * or if compiling failed. Instructions have the ids that they had before the function was compiled. */
KILN_API bool kiln_session_find_code(const kiln_session *s, kiln_code *out);

/** Returns the i-th relocation of that code; all zero past the last one. */
KILN_API kiln_code_reloc kiln_session_get_code_reloc(const kiln_session *s, uint32_t i);

/* ---- plans ---- */

/** Parts of a plan to dump. */
enum {
  KILN_DUMP_PLAN = 1, /**< block order, loops, and the registers that are homes in each block */
  /** For each value and variable that several blocks share: its home (a register, or the frame), its interval of
   * positions in block order, and the weight of its uses. */
  KILN_DUMP_HOMES = 2,
};

/** Makes each function that the session compiles from now on append parts of its plan to `out`. `what` selects the
 * parts (KILN_DUMP_..., combined by |; 0 for none). `out` must live as long as functions are compiled. The output is
 * for humans, and its form may change. */
KILN_API kiln_status kiln_session_set_dump(kiln_session *s, uint32_t what, kiln_buffer *out);

#ifdef __cplusplus
}
#endif
#endif
