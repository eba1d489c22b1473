/* Builds SSA form from assignments to variables. This is for front ends whose language has variables, and that do not
 * want to place block parameters themselves. The algorithm is the one of Braun, Buchwald, Hack, Leissa, Mallon,
 * Zwinkau, "Simple and Efficient Construction of Static Single Assignment Form" (2013). This helper uses only the
 * builder's public functions.
 *
 * Reading a variable returns a value. The helper adds block parameters and edge arguments where they are needed, and
 * only there. For this, it must know all edges between blocks. In a function with variables, either build all branches
 * with the functions of this header, or let the helper find the edges at the end (KILN_SSA_EDGES_BUILT). A block is
 * *sealed* when the front end has declared that all edges into the block exist. A block may be filled before it is
 * sealed. Sealing blocks as early as possible is fastest. kiln_ssa_end seals the blocks that are not sealed yet.
 *
 *     kiln_ssa_begin(ssa, f, 0);                     // while (b != 0) { t = a % b; a = b; b = t; }
 *     kiln_ssa_variable a = kiln_ssa_new_variable(ssa, KILN_TYPE_I64), b = kiln_ssa_new_variable(ssa, KILN_TYPE_I64);
 *     kiln_ssa_write(ssa, a, kiln_func_param(f, 0));
 *     kiln_ssa_write(ssa, b, kiln_func_param(f, 1));
 *     kiln_ssa_br(ssa, loop);
 *     kiln_block_switch(f, loop);                    // not sealed: the edge from body is to come
 *     kiln_value more = kiln_build_icmp(f, KILN_ICOND_NE, KILN_TYPE_I64, kiln_ssa_read(ssa, b), zero);
 *     kiln_ssa_brif(ssa, more, body, done);
 *     kiln_ssa_seal(ssa, body);
 *     kiln_ssa_seal(ssa, done);
 *     kiln_block_switch(f, body);
 *     kiln_value old = kiln_ssa_read(ssa, b);
 *     kiln_ssa_write(ssa, b, kiln_build_binary(f, KILN_OP_SREM, KILN_TYPE_I64,
 *                                              kiln_ssa_read(ssa, a), old));
 *     kiln_ssa_write(ssa, a, old);
 *     kiln_ssa_br(ssa, loop);
 *     kiln_ssa_seal(ssa, loop);
 *     kiln_block_switch(f, done);
 *     kiln_value result = kiln_ssa_read(ssa, a);
 *     kiln_build_ret(f, &result, 1);
 *     kiln_ssa_end(ssa);
 *     kiln_func_compile(f);
 *
 * A front end can also represent a variable by a stack slot, without this helper. If all uses of the slot are loads and
 * stores of the whole slot, with a single type and displacement 0, the slot costs no more than a value in a register:
 *
 *     kiln_value a = kiln_slot_new(f, 8, 3);
 *     kiln_build_store(f, KILN_TYPE_I64, a, 0, kiln_func_param(f, 0), 0);       // a = parameter
 *     kiln_value v = kiln_build_load(f, KILN_TYPE_I64, a, 0, 0);                // reads a
 *
 * Slots need no helper, no recording of edges and no sealing. If the program takes the address of a variable, the
 * address is that of the slot. If both methods are possible, use slots; docs/building.md explains why. */
#ifndef KILN_SSA_H
#define KILN_SSA_H

#include <kiln/exceptions.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The helper. It has the variables of one function at a time. The helper's memory comes from the module's allocator
 * and is reused from function to function. Only one thread at a time may use a helper. If the helper is NULL, functions
 * return "none" or KILN_ERR_STRUCTURE. */
typedef struct kiln_ssa kiln_ssa;

/** A variable of the current function. */
typedef struct kiln_ssa_variable {
  uint32_t id; /**< 0 for none */
} kiln_ssa_variable;

/** Flags of kiln_ssa_begin. */
enum {
  /** If there is a path from the entry block to a read of a variable without a write to the variable, the function
   * fails with KILN_ERR_STRUCTURE. Without this flag, the variable is 0 on such a path. */
  KILN_SSA_STRICT = 1,
  /** kiln_ssa_end finds the edges in the function itself, however they were built. The front end does not report edges,
   * and does not seal blocks. This is for front ends that do not know when all edges into a block exist, and for front
   * ends that call kiln_ssa_begin only at the first variable, after some branches have been built. */
  KILN_SSA_EDGES_BUILT = 2
};

/** Makes a helper for functions of `m`. Returns NULL only if memory runs out or if `m` is NULL. */
KILN_API kiln_ssa *kiln_ssa_new(const kiln_module *m);

/** Frees a helper. NULL is allowed. */
KILN_API void kiln_ssa_free(kiln_ssa *s);

/** Begins the construction for the function `f`. At this point, there are no variables and no edges, and the entry
 * block is sealed. Unless KILN_SSA_EDGES_BUILT is set, `f` must have just been begun, and every branch between blocks
 * of `f` must be built with the functions of this header or reported with kiln_ssa_edge. `f` cannot be finished before
 * kiln_ssa_end is called. Errors stick to `f`, like those of the builder. The functions of this header then return
 * "none" and change nothing. */
KILN_API void kiln_ssa_begin(kiln_ssa *s, kiln_func *f, uint32_t flags);

/** Seals all blocks that are not sealed yet, and completes the construction. The function can then be finished or
 * compiled. Returns the function's status, which is KILN_ERR_STRUCTURE if there are variables and the edges of the
 * function differ from the edges that were reported. This call is not necessary for a function that will be
 * discarded. */
KILN_API kiln_status kiln_ssa_end(kiln_ssa *s);

/** Makes a variable. */
KILN_API kiln_ssa_variable kiln_ssa_new_variable(kiln_ssa *s, kiln_type type);

/** Assigns `value` to a variable at the end of the current block as built so far. `value` must have the variable's
 * type. */
KILN_API void kiln_ssa_write(kiln_ssa *s, kiln_ssa_variable var, kiln_value value);

/** Returns the value that a variable has at the end of the current block as built so far. The value may be used by any
 * later instruction that is dominated by this point. */
KILN_API kiln_value kiln_ssa_read(kiln_ssa *s, kiln_ssa_variable var);

/** Does the same as kiln_ssa_write, at the end of `block`, which need not be the current block. If `block` has a
 * terminator and the variable has already been read or written, this is an error. If the variable is new, `block` may
 * have a terminator, so that a front end can turn a value into a variable later. */
KILN_API void kiln_ssa_write_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var,
                                kiln_value value);

/** Does the same as kiln_ssa_read, at the end of `block`, which need not be the current block. */
KILN_API kiln_value kiln_ssa_read_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var);

/** Builds a BR without arguments, as kiln_build_br does, and records its edge. If the front end itself has added
 * parameters to the target block, use kiln_edge_set_arg to set their arguments. */
KILN_API void kiln_ssa_br(kiln_ssa *s, kiln_block target);

/** Builds a BRIF without arguments, as kiln_build_brif does, and records its edges, like kiln_ssa_br. */
KILN_API void kiln_ssa_brif(kiln_ssa *s, kiln_value cond, kiln_block then_block,
                            kiln_block else_block);

/** Builds a SWITCH, as kiln_build_switch does, and records its edges, like kiln_ssa_br. */
KILN_API void kiln_ssa_switch(kiln_ssa *s, kiln_type type, kiln_value v, kiln_block default_block,
                              const kiln_switch_case *cases, uint32_t n_cases);

/** Builds a BRIND, as kiln_build_brind does, and records its edges, like kiln_ssa_br. */
KILN_API void kiln_ssa_brind(kiln_ssa *s, kiln_value address, const kiln_block *targets,
                             uint32_t n_targets);

/** Builds a TRY, as kiln_build_try does, and records its edges, like kiln_ssa_br. `t` may have arguments for parameters
 * that the front end itself has added to the blocks, such as parameters for the call's results. */
KILN_API void kiln_ssa_try(kiln_ssa *s, const kiln_try_desc *t);

/** Records the edges from `from` to `to`. Call this only if the terminator of `from` was not built with the functions
 * above. `from`
 * must have a terminator already. An edge may be recorded twice. */
KILN_API void kiln_ssa_edge(kiln_ssa *s, kiln_block from, kiln_block to);

/** Seals `block`: declares that all edges into the block exist. Adding an edge to a sealed block is an error. Sealing a
 * block twice is allowed. */
KILN_API void kiln_ssa_seal(kiln_ssa *s, kiln_block block);

#ifdef __cplusplus
}
#endif
#endif
