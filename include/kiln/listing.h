/* The machine code of functions as they are compiled, for listings and debuggers; and the register allocator's plan of
 * them, for work on Kiln. */
#ifndef KILN_LISTING_H
#define KILN_LISTING_H

#include <kiln/inspect.h>
#include <kiln/reloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A piece of a function's code: the bytes from `offset_bytes` to the next piece. They were made for instruction `inst`
 * of `block`; if `inst` is 0, for the block's beginning; if there is no block either, they are prologue, epilogue or
 * literals. Pieces may be empty: an instruction's code can be part of the code of the instruction that uses its result,
 * and an instruction whose result nothing uses has none. */
typedef struct kiln_code_piece {
  uint32_t offset_bytes; /**< from the function's first byte; ascending */
  kiln_block block;      /**< or UINT32_MAX */
  kiln_inst inst;        /**< or 0 */
  bool data;             /**< a jump table or literals, not instructions */
} kiln_code_piece;

/** The machine code of one function. Pointers are valid until the session compiles the next one. */
typedef struct kiln_code {
  kiln_symbol symbol;            /**< the function */
  const uint8_t *bytes;          /**< its code, with zeros where relocations apply */
  uint32_t size_bytes;           /**< of the code */
  uint32_t n_pieces;             /**< of `pieces` */
  uint32_t n_relocs;             /**< for kiln_session_get_code_reloc */
  const kiln_code_piece *pieces; /**< in the order of the code; the first begins at 0 */
} kiln_code;

/** A field of a function's code that the linker fills. */
typedef struct kiln_code_reloc {
  uint32_t offset_bytes; /**< from the function's first byte */
  kiln_reloc_kind kind;  /**< what the field becomes */
  kiln_symbol symbol;    /**< what is referred to */
  int64_t addend;        /**< added to its address */
} kiln_code_reloc;

/** From now on the session keeps the pieces of each function that it compiles (off at first; compiling
 * is a little slower then). */
KILN_API kiln_status kiln_session_set_map(kiln_session *s, bool on);

/** The machine code of the function that the session compiled last; false if the map was off then,
 * or compiling failed. Instructions have the ids that they had before it was compiled. */
KILN_API bool kiln_session_find_code(const kiln_session *s, kiln_code *out);

/** The i-th relocation of that code; all zero beyond the last. */
KILN_API kiln_code_reloc kiln_session_get_code_reloc(const kiln_session *s, uint32_t i);

/* ---- plans ---- */

/** Parts of a plan. */
enum {
  KILN_DUMP_PLAN = 1, /**< order of blocks, loops, registers that are homes in each block */
  /** for each value and variable that several blocks share: its home (a register, or the frame), its interval of
   * positions in that order, the weight of its uses */
  KILN_DUMP_HOMES = 2,
};

/** From now on each function that the session compiles appends the parts `what` (KILN_DUMP_..., combined by |; 0:
 * none) of its plan to `out`, which has to live that long. The form is for people and may change. */
KILN_API kiln_status kiln_session_set_dump(kiln_session *s, uint32_t what, kiln_buffer *out);

#ifdef __cplusplus
}
#endif
#endif
