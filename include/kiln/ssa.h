/* Builds SSA form from assignments to variables, by the algorithm of Braun, Buchwald, Hack, Leissa, Mallon and Zwinkau,
 * "Simple and Efficient Construction of Static Single Assignment Form" (2013). A read of a variable returns a value;
 * block parameters and edge arguments are added only where they are needed.
 *
 * The helper must know all edges between blocks, and a block is *sealed* when all edges into it exist. A variable may
 * also be a stack slot, without this helper: docs/building.md says why to prefer that, and has an example of both. */
#ifndef KILN_SSA_H
#define KILN_SSA_H

#include <kiln/exceptions.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The helper, which has the variables of one function at a time. If it is NULL, the functions of this header return
 * "none" or KILN_ERR_STRUCTURE.
 * - Owns: its memory comes from the module's allocator, and is reused from function to function.
 * - Threads: only one thread at a time may use a helper. */
typedef struct kiln_ssa kiln_ssa;

/** A variable of the current function. */
typedef struct kiln_ssa_variable {
  uint32_t id; /**< 0 for none */
} kiln_ssa_variable;

/** Flags of kiln_ssa_begin. */
enum {
  /** Reports reads of variables that may have no value. Such a read can be reached from the entry block without a write
   * to the variable. A function with such a read fails with KILN_ERR_STRUCTURE. Without this flag, the variable is 0 on
   * a path without a write. */
  KILN_SSA_STRICT = 1,
  /** With this flag, the front end does not report edges, and does not seal blocks. Instead, kiln_ssa_end finds all
   * edges between the blocks of the function, whether functions of this header or of <kiln/build.h> built the branches.
   * Use it if you do not know when all edges into a block exist, or if you call kiln_ssa_begin only at the first
   * variable, after some branches were built. */
  KILN_SSA_EDGES_BUILT = 2
};

/** Makes a helper for functions of the module `m`. Returns NULL only if memory runs out or if `m` is NULL. */
KILN_API kiln_ssa *kiln_ssa_new(const kiln_module *m);

/** Frees a helper. NULL is allowed. */
KILN_API void kiln_ssa_free(kiln_ssa *s);

/** Begins the construction for the function `f`. Initially, there are no variables and no edges, and the entry block is
 * sealed.
 * - Without KILN_SSA_EDGES_BUILT, the function must have just been begun, and every branch must be built with the
 *   functions of this header, or be reported with kiln_ssa_edge. It is fastest to seal blocks as early as possible, and
 *   a block may be filled before it is sealed.
 * - `f` cannot be finished before you call kiln_ssa_end.
 * - Errors stick to `f`, like the builder's errors. After an error, the functions of this header return "none" and
 *   change nothing. */
KILN_API void kiln_ssa_begin(kiln_ssa *s, kiln_func *f, uint32_t flags);

/** Seals all blocks that are not sealed yet, and completes the construction. Afterwards, you can finish or compile the
 * function. This call is not necessary for a function that you will discard.
 * - Returns the status of the function: KILN_ERR_STRUCTURE if there are variables and the edges of the function differ
 *   from the reported edges. */
KILN_API kiln_status kiln_ssa_end(kiln_ssa *s);

/** Makes a variable. */
KILN_API kiln_ssa_variable kiln_ssa_new_variable(kiln_ssa *s, kiln_type type);

/** Makes a variable that is a root of a garbage collector (kiln_slot_set_root). `type` is I64 or I32. The variable is
 * in memory: each read is a LOAD, each write a STORE, in the current block only, and on a path without a write the
 * variable is 0. After a call that collects, read the variable again; do not keep the value of an earlier read. */
KILN_API kiln_ssa_variable kiln_ssa_new_root(kiln_ssa *s, kiln_type type);

/** Assigns `value` to a variable. The assignment takes effect at the present end of the current block. `value` must
 * have the variable's type. */
KILN_API void kiln_ssa_write(kiln_ssa *s, kiln_ssa_variable var, kiln_value value);

/** Returns the value that a variable has at the present end of the current block. Any later instruction that is
 * dominated by this point may use the value. */
KILN_API kiln_value kiln_ssa_read(kiln_ssa *s, kiln_ssa_variable var);

/** Does the same as kiln_ssa_write, at the end of the block `block`, which need not be the current block. A front end
 * can thus turn a value into a variable later: if the variable is new, `block` may have a terminator.
 * - Fails if `block` has a terminator and the variable has already been read or written. */
KILN_API void kiln_ssa_write_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var,
                                kiln_value value);

/** Does the same as kiln_ssa_read, at the end of the block `block`. This block need not be the current block. */
KILN_API kiln_value kiln_ssa_read_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var);

/** Builds a BR without arguments, as kiln_build_br does. Records the edge of the BR. If the front end
 * has added parameters to the target block with kiln_block_add_param, set their arguments with kiln_edge_set_arg. */
KILN_API void kiln_ssa_br(kiln_ssa *s, kiln_block target);

/** Builds a BRIF without arguments, as kiln_build_brif does. Records the edges of the BRIF, as kiln_ssa_br does. */
KILN_API void kiln_ssa_brif(kiln_ssa *s, kiln_value cond, kiln_block then_block,
                            kiln_block else_block);

/** Builds a SWITCH, as kiln_build_switch does. Records the edges of the SWITCH, as kiln_ssa_br does. */
KILN_API void kiln_ssa_switch(kiln_ssa *s, kiln_type type, kiln_value v, kiln_block default_block,
                              const kiln_switch_case *cases, uint32_t n_cases);

/** Builds a BRIND, as kiln_build_brind does. Records the edges of the BRIND, as kiln_ssa_br does. For computed gotos in
 * functions with variables. */
KILN_API void kiln_ssa_brind(kiln_ssa *s, kiln_value address, const kiln_block *targets,
                             uint32_t n_targets);

/** Builds a TRY, as kiln_build_try does. Records the edges of the TRY, as kiln_ssa_br does. The front end itself may
 * have added parameters to the blocks, such as parameters for the call's results. `t` may have arguments for these
 * parameters. */
KILN_API void kiln_ssa_try(kiln_ssa *s, const kiln_try_desc *t);

/** Records the edges from `from` to `to`. Call kiln_ssa_edge only if the terminator of `from` was not built with the
 * functions above. `from` must have a terminator already. An edge may be recorded twice. */
KILN_API void kiln_ssa_edge(kiln_ssa *s, kiln_block from, kiln_block to);

/** Seals the block `block`. This declares that all edges into the block exist. Adding an edge to a sealed block is an
 * error. Sealing a block twice is allowed. */
KILN_API void kiln_ssa_seal(kiln_ssa *s, kiln_block block);

#ifdef __cplusplus
}
#endif
#endif
