/* Gives access to the machine code of each function after the function is compiled, for listings and debuggers. Also
 * dumps the plan of the register allocator, for the development of Kiln itself. */
#ifndef KILN_LISTING_H
#define KILN_LISTING_H

#include <kiln/inspect.h>
#include <kiln/reloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A piece of a function's code: the bytes from `offset_bytes` up to the next piece, which Kiln generated for the
 * instruction `inst` of the block `block`. A piece may be empty: an instruction whose result is not used has no code,
 * and the code of an instruction may be part of the code of the one that uses its result.
 * - `inst` 0: the bytes belong to the start of the block.
 * - `inst` 0 and `block` UINT32_MAX: the bytes are a prologue, an epilogue or literals. */
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
  uint64_t reserved[4];          /**< 0 */
} kiln_code;

/** A field of a function's code. The linker fills in the field. */
typedef struct kiln_code_reloc {
  uint32_t offset_bytes; /**< from the function's first byte */
  kiln_reloc_kind kind;  /**< which value the field takes */
  kiln_symbol symbol;    /**< the symbol referred to */
  int64_t addend;        /**< added to the symbol's address */
  uint64_t reserved[1];  /**< 0 */
} kiln_code_reloc;

/** Switches recording on or off for the session `s`. While recording is on, the session records the pieces of each
 * function that it compiles. Recording is off initially. Recording makes compiling slightly slower. */
KILN_API kiln_status kiln_session_set_map(kiln_session *s, bool on);

/** Finds the machine code of the function that the session compiled last. Returns false if recording
 * (kiln_session_set_map) was off when the session compiled the function. Returns false too if compiling failed. The
 * instructions of pieces have the ids that they had before the function was compiled. */
KILN_API bool kiln_session_find_code(const kiln_session *s, kiln_code *out);

/** Returns relocation number `i` of the code that kiln_session_find_code finds. Returns all zero past the last
 * relocation. */
KILN_API kiln_code_reloc kiln_session_get_code_reloc(const kiln_session *s, uint32_t i);

/* ---- plans ---- */

/** Parts of a plan to dump. */
enum {
  /** Dumps the block order and the loops. For each block, dumps the registers that are homes of values or variables. */
  KILN_DUMP_PLAN = 1,
  /** Dumps each value and variable that is used in several blocks, with its home (a register or a location in the
   * frame), its interval (positions in block order), and its weight. The weight counts the uses; a use in a loop counts
   * more than one outside loops. */
  KILN_DUMP_HOMES = 2,
};

/** Dumps parts of the register allocator's plan: for each function that the session compiles from now on, the session
 * appends the parts `what` (KILN_DUMP_..., combined with |; 0: none) to `out`. The output is meant for humans, and its
 * form may change.
 * - Borrows `out`, which must live for as long as the session compiles functions. */
KILN_API kiln_status kiln_session_set_dump(kiln_session *s, uint32_t what, kiln_buffer *out);

/** Appends the text of the function `f` to `out`. Must not change the module or a function. */
typedef kiln_status (*kiln_print_fn)(void *user, kiln_func *f, kiln_buffer *out);

/** Dumps what Kiln's prover needs (docs/proof.md). For each function that the session compiles from now on, the session
 * first calls `print`, which has to append the function's text to `out` (kiln_func_print); the function is as it is
 * compiled, which is after inlining. The session then appends the places of blocks, values and slots in the machine
 * code. If `out` is NULL, nothing is dumped from now on.
 * - Borrows `out`, which must live for as long as the session compiles functions.
 * - Fails with KILN_ERR_MEMORY if memory is exhausted. If `print` fails, compiling the function fails. */
KILN_API kiln_status kiln_session_set_witness(kiln_session *s, kiln_print_fn print, void *user,
                                              kiln_buffer *out);

#ifdef __cplusplus
}
#endif
#endif
