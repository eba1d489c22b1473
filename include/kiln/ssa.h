/* Builds SSA form from assignments to variables, for front ends whose language has variables and that do not want to
 * place block parameters themselves. The method is that of Braun, Buchwald, Hack, Leissa, Mallon, Zwinkau, "Simple and
 * Efficient Construction of Static Single Assignment Form" (2013). It uses only the builder's public calls.
 *
 * Reading a variable returns a value. The helper adds exactly the parameters and edge arguments that are needed. For
 * that, it must know the edges: in a function with variables, either build branches by the calls here, or let the
 * helper take the edges at the end (KILN_SSA_EDGES_BUILT). A block is *sealed* once all edges into it exist; it may be
 * filled before that. Sealing early costs least; kiln_ssa_end seals the remaining blocks.
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
 * Variables also work without SSA: a stack slot of the variable's size costs no more than a register if it is only
 * loaded and stored, whole, as a single type, at displacement 0:
 *
 *     kiln_value a = kiln_slot_new(f, 8, 3);
 *     kiln_build_store(f, KILN_TYPE_I64, a, 0, kiln_func_param(f, 0), 0);       // a = parameter
 *     kiln_value v = kiln_build_load(f, KILN_TYPE_I64, a, 0, 0);                // reads a
 *
 * This needs no helper, no edges and no sealing, and a variable whose address is taken simply uses the address of the
 * same slot. Use slots if both methods would do; docs/building.md explains why. */
#ifndef KILN_SSA_H
#define KILN_SSA_H

#include <kiln/exceptions.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The variables of one function at a time. Its memory, which comes from the module's allocator, is reused from
 * function to function. Only one thread at a time may use it. If it is NULL, the calls return "none" or
 * KILN_ERR_STRUCTURE. */
typedef struct kiln_ssa kiln_ssa;

/** A variable of the current function. */
typedef struct kiln_ssa_variable {
  uint32_t id; /**< 0 for none */
} kiln_ssa_variable;

/** Flags of kiln_ssa_begin. */
enum {
  /** It is an error of the function (KILN_ERR_STRUCTURE) if a read can be reached from the entry without a previous
   * write. Without this flag, the variable is 0 there. */
  KILN_SSA_STRICT = 1,
  /** The edges are those that the function has when kiln_ssa_end is called, however they were built; none are reported,
   * and no block is sealed before. This is for front ends that do not seal, or that begin at the first variable, after
   * some branches have been built. */
  KILN_SSA_EDGES_BUILT = 2
};

/** Makes a helper for functions of `m`. Returns NULL only if memory runs out or if `m` is NULL. */
KILN_API kiln_ssa *kiln_ssa_new(const kiln_module *m);

/** Frees a helper. NULL is allowed. */
KILN_API void kiln_ssa_free(kiln_ssa *s);

/** Begins with function `f`, which was just begun: there are no variables and no edges, and the entry is sealed. Until
 * kiln_ssa_end, without which `f` cannot be finished, every branch between blocks of `f` must be built by the calls of
 * this header or reported by kiln_ssa_edge, unless KILN_SSA_EDGES_BUILT is set. Errors stick to `f` like those of the
 * builder; the calls here then return "none" and change nothing. */
KILN_API void kiln_ssa_begin(kiln_ssa *s, kiln_func *f, uint32_t flags);

/** Seals all blocks that are not sealed yet. The variables of `f` are then complete, and `f` can be finished or
 * compiled. Returns the function's status, which is KILN_ERR_STRUCTURE if there are variables and the edges that were
 * built differ from those that were reported. A function that will be discarded does not need this call. */
KILN_API kiln_status kiln_ssa_end(kiln_ssa *s);

/** Makes a variable. */
KILN_API kiln_ssa_variable kiln_ssa_new_variable(kiln_ssa *s, kiln_type type);

/** Assigns `value`, which has the variable's type, at the end of the current block as built so far. */
KILN_API void kiln_ssa_write(kiln_ssa *s, kiln_ssa_variable var, kiln_value value);

/** Returns the variable's value at the end of the current block as built so far. The value may be an operand of any
 * later instruction that this point dominates. */
KILN_API kiln_value kiln_ssa_read(kiln_ssa *s, kiln_ssa_variable var);

/** Does what kiln_ssa_write does, at the end of `block`, which need not be current. It is an error to write to a block
 * that has its terminator, unless the variable was not used before. A front end may thus turn a value into a variable
 * later. */
KILN_API void kiln_ssa_write_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var,
                                kiln_value value);

/** Does what kiln_ssa_read does, at the end of `block`, which need not be current. */
KILN_API kiln_value kiln_ssa_read_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var);

/** Builds a terminator of the current block, as kiln_build_br without arguments does, and records its edges. If the
 * front end itself gave a block parameters, set their arguments by kiln_edge_set_arg. */
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
 * that the front end itself gave the blocks, such as the call's results. */
KILN_API void kiln_ssa_try(kiln_ssa *s, const kiln_try_desc *t);

/** Records the edges from `from` to `to` of a terminator that was built without the calls above. `from` must have its
 * terminator already. An edge may be recorded twice. */
KILN_API void kiln_ssa_edge(kiln_ssa *s, kiln_block from, kiln_block to);

/** Seals `block`: all edges into it exist, and adding one later is an error. Sealing a block twice is allowed. */
KILN_API void kiln_ssa_seal(kiln_ssa *s, kiln_block block);

#ifdef __cplusplus
}
#endif
#endif
