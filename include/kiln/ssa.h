/* SSA form from assignments to variables, for front ends whose language has variables and that do not
 * want to place block parameters themselves: Braun, Buchwald, Hack, Leissa, Mallon, Zwinkau, "Simple and
 * Efficient Construction of Static Single Assignment Form" (2013). Uses only the builder's public calls.
 *
 * A variable that is read is a value; the helper adds the parameters and edge arguments that are needed,
 * and no others. For that it must know the edges: where a function has variables, branches are built by
 * the calls here, or the helper takes the edges at the end (KILN_SSA_EDGES_BUILT). A block is *sealed* once
 * all edges into it exist; it may be filled before. Sealing early costs least; kiln_ssa_end seals the other
 * blocks.
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
 * The other way, without SSA: a stack slot of the variable's size that is only loaded and stored, whole,
 * as one type, at displacement 0, is a variable too and costs no more than a register:
 *
 *     kiln_value a = kiln_slot_new(f, 8, 3);
 *     kiln_build_store(f, KILN_TYPE_I64, a, 0, kiln_func_param(f, 0), 0);       // a = parameter
 *     kiln_value v = kiln_build_load(f, KILN_TYPE_I64, a, 0, 0);                // reads a
 *
 * It needs no helper, no edges and no sealing, and a variable whose address is taken just uses the same
 * slot's address. Take slots if both will do; docs/building.md says why. */
#ifndef KILN_SSA_H
#define KILN_SSA_H

#include <kiln/exceptions.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The variables of one function at a time. Its memory, from the module's allocator, serves one function after the
 * other. Used by one thread at a time. With NULL the calls give "none" or KILN_ERR_STRUCTURE. */
typedef struct kiln_ssa kiln_ssa;

/** A variable of the current function. */
typedef struct kiln_ssa_variable {
  uint32_t id; /**< 0: none */
} kiln_ssa_variable;

/** Flags of kiln_ssa_begin. */
enum {
  /** A read that can be reached from the entry without a write before it is an error of the function
   * (KILN_ERR_STRUCTURE). Without this flag the variable is 0 there. */
  KILN_SSA_STRICT = 1,
  /** The edges are those that the function has when kiln_ssa_end is called, however they were built: none is reported,
   * and no block is sealed before. For front ends that do not seal, or that begin at the first variable, after
   * branches that were built already. */
  KILN_SSA_EDGES_BUILT = 2
};

/** Makes a helper for functions of `m`; NULL only if out of memory or if `m` is NULL. */
KILN_API kiln_ssa *kiln_ssa_new(const kiln_module *m);

/** Frees a helper. NULL is allowed. */
KILN_API void kiln_ssa_free(kiln_ssa *s);

/** Starts with function `f`, just begun: no variables, no edges, the entry sealed. Until kiln_ssa_end,
 * without which `f` cannot be finished, every branch between blocks of `f` is built by the calls of this
 * header, or announced by kiln_ssa_edge, unless KILN_SSA_EDGES_BUILT says otherwise. Errors stick to `f` like those of
 * the builder; the calls here then give "none" and change nothing. */
KILN_API void kiln_ssa_begin(kiln_ssa *s, kiln_func *f, uint32_t flags);

/** Seals all blocks that are not sealed. Afterwards `f` is complete as far as variables go, to be
 * finished or compiled. Returns its status. KILN_ERR_STRUCTURE if there are variables and the edges that
 * were built differ from those that were reported. A function to be discarded needs no end. */
KILN_API kiln_status kiln_ssa_end(kiln_ssa *s);

/** Makes a variable. */
KILN_API kiln_ssa_variable kiln_ssa_new_variable(kiln_ssa *s, kiln_type type);

/** Assigns `value`, of the variable's type, at the end of the current block so far. */
KILN_API void kiln_ssa_write(kiln_ssa *s, kiln_ssa_variable var, kiln_value value);

/** The variable's value at the end of the current block so far. It may be used as an operand of any
 * instruction from here on that this point dominates. */
KILN_API kiln_value kiln_ssa_read(kiln_ssa *s, kiln_ssa_variable var);

/** As kiln_ssa_write, at the end of `block`, which need not be current. Writing to a block that has its
 * terminator is an error, unless the variable was not used before: so a front end may make a variable of a value
 * later. */
KILN_API void kiln_ssa_write_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var,
                                kiln_value value);

/** As kiln_ssa_read, at the end of `block`, which need not be current. */
KILN_API kiln_value kiln_ssa_read_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var);

/** Builds a terminator of the current block, as kiln_build_br without arguments does, and notes its edges.
 * Parameters that the front end gave a block itself get their arguments by kiln_edge_set_arg. */
KILN_API void kiln_ssa_br(kiln_ssa *s, kiln_block target);

/** As kiln_ssa_br: kiln_build_brif. */
KILN_API void kiln_ssa_brif(kiln_ssa *s, kiln_value cond, kiln_block then_block,
                            kiln_block else_block);

/** As kiln_ssa_br: kiln_build_switch. */
KILN_API void kiln_ssa_switch(kiln_ssa *s, kiln_type type, kiln_value v, kiln_block default_block,
                              const kiln_switch_case *cases, uint32_t n_cases);

/** As kiln_ssa_br: kiln_build_brind. */
KILN_API void kiln_ssa_brind(kiln_ssa *s, kiln_value address, const kiln_block *targets,
                             uint32_t n_targets);

/** As kiln_ssa_br: kiln_build_try, which may give arguments for parameters that the front end gave the blocks
 * itself, such as the call's results. */
KILN_API void kiln_ssa_try(kiln_ssa *s, const kiln_try_desc *t);

/** Notes the edges from `from` to `to` of a terminator that was built without the calls above. `from`
 * has its terminator already; an edge may be noted twice. */
KILN_API void kiln_ssa_edge(kiln_ssa *s, kiln_block from, kiln_block to);

/** Seals `block`: all edges into it exist, and a later one is an error. Sealing twice is allowed. */
KILN_API void kiln_ssa_seal(kiln_ssa *s, kiln_block block);

#ifdef __cplusplus
}
#endif
#endif
