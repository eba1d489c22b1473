/* The arguments of the calls that tests/unit/null_calls.py generates: one object of each kind, and a value for each
 * other argument. Each call is made in a process of its own, with fresh objects, so that a crash is one case that
 * fails; the objects are not freed there. */
#ifndef NULL_FIXTURE_H
#define NULL_FIXTURE_H

#include <kiln/kiln.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct null_fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_func *f, *done; /* being built; finished */
  kiln_ctypes *c;
  kiln_ssa *ssa;
  kiln_jit *jit;
  kiln_jit_stream *stream;
#ifdef KILN_INTERP_H
  kiln_interp *interp;
  kiln_interp_options interp_options;
  kiln_interp_value bits;
#endif
#ifdef KILN_LLVM_H
  kiln_llvm *llvm;
#endif
#ifdef KILN_LLVM_OPERATION_H
  kiln_llvm_builder *operations;
  kiln_llvm_operand operand;
#endif
  kiln_debug *debug;
  kiln_die die;
  kiln_location location;
  kiln_debug_variable variable;
  kiln_debug_value variable_value;
  kiln_die_member member;
  kiln_die_enumerator enumerator;
  kiln_die_shape_attr shape_attr;
  kiln_die_declaration declaration;
  kiln_debug_expr expr;
  uint8_t md5[16];
  kiln_module_options module_options;
  kiln_jit_options jit_options;
  kiln_symbol_desc symbol_desc;
  kiln_data_desc data_desc;
  kiln_section_desc section_desc;
  kiln_module_attrs module_attrs;
  kiln_func_attrs func_attrs;
  kiln_ctor_desc ctor_desc;
  kiln_diag diag;
  kiln_buffer buffer;
  kiln_jit_error jit_error;
  kiln_jit_unit unit;
  kiln_jit_input jit_input;
  kiln_param param;
  kiln_cfield cfield;
  kiln_ctype_options clayout;
  kiln_switch_case case_;
  kiln_try_desc try_;
  kiln_clauses clauses;
  kiln_clause clause;
  kiln_asm machine_code;
  kiln_assembly assembly;
  kiln_machine_info machine;
  uint8_t regs[1];
  kiln_code code;
  kiln_target target;
  kiln_processor processor;
  kiln_type type;
  kiln_value v, callee;
  kiln_block block;
  kiln_inst inst;
  kiln_symbol symbol, symbol_out;
  kiln_sig sig;
  kiln_ctype ctype;
  kiln_csig csig;
  kiln_ssa_variable var;
  char name[16];
  const void *bytes;
  size_t size;
  char *strings[2];
  uint64_t number64;
  uint32_t number32;
  int64_t signed64;
  unsigned number;
  bool flag;
};

struct null_case {
  const char *name;
  bool (*call)(struct null_fixture *x);
};

/* A function under construction, with one integer parameter that it returns, complete but for its terminator, which
 * branches to block 1. */
static kiln_func *null_func(struct null_fixture *x, const char *name) {
  kiln_symbol_desc desc = {.name = name};
  x->symbol = kiln_func_declare(x->m, &desc, x->sig);
  kiln_func *f = kiln_func_begin(x->s, x->symbol);
  x->block = kiln_block_new(f);
  x->v = kiln_func_param(f, 0);
  return f;
}

static void null_make(struct null_fixture *x) {
  memset(x, 0, sizeof *x);
  if (!kiln_target_find(getenv("NULL_TARGET"), &x->target)) kiln_target_find_host(&x->target);
  x->processor = x->target.processor;
  x->module_options = (kiln_module_options){.target = x->target, .name = "null"};
  x->m = kiln_module_new(&x->module_options);
  x->s = kiln_session_new(x->m);
  x->type = KILN_TYPE_I64;
  x->param.type = KILN_TYPE_I64;
  x->sig = kiln_sig_new(x->m, KILN_CC_C, 0, &x->param, 1, &x->type, 1);
  x->done = null_func(x, "done");
  kiln_build_br(x->done, x->block, NULL, 0);
  kiln_block_switch(x->done, x->block);
  kiln_build_ret(x->done, &x->v, 1);
  x->inst = kiln_block_first_inst(x->done, (kiln_block){0});
  kiln_func_finish(x->done);
  x->f = null_func(x, "f");
  x->callee = kiln_const_symbol(x->f, x->symbol, 0);
  x->debug = kiln_module_debug(x->m);
  x->die = kiln_die_at(x->debug, 1);
  kiln_die_begin(x->debug, x->die, 0x34, (kiln_die){0});
  x->location.file = kiln_file_new(x->s, "file");
  x->variable = (kiln_debug_variable){.variable = x->die, .slot = kiln_slot_new(x->f, 8, 3)};
  x->c = kiln_ctypes_new(x->m);
  x->ctype = kiln_ctype_basic(KILN_CTYPE_LONG);
  x->csig = kiln_csig_new(x->c, KILN_CC_C, 0, &x->ctype, 1, x->ctype);
  x->cfield.type = x->ctype;
  x->ssa = kiln_ssa_new(x->m);
  kiln_ssa_begin(x->ssa, x->f, 0);
  x->var = kiln_ssa_new_variable(x->ssa, KILN_TYPE_I64);
  x->jit = kiln_jit_new(&x->jit_options, NULL);
  x->stream = kiln_jit_stream_new(x->jit, x->m, NULL, NULL);
  x->jit_input = (kiln_jit_input){.module = x->m, .sessions = &x->s, .n_sessions = 1};
  strcpy(x->name, "name");
  x->strings[0] = x->name;
  x->bytes = null_bitcode;
  x->size = sizeof null_bitcode;
  x->symbol_desc.name = x->name;
  x->data_desc = (kiln_data_desc){.bytes = x->name, .size_bytes = 8};
  x->case_.target = x->block;
  x->clause.kind = KILN_CLAUSE_CLEANUP;
  x->machine_code =
    (kiln_asm){.bytes = x->name, .size_bytes = 1, .params = x->regs, .results = x->regs};
  x->clauses = kiln_clauses_new(x->f);
  x->try_ = (kiln_try_desc){.sig = x->sig,
                            .callee = x->callee,
                            .args = &x->v,
                            .n_args = 1,
                            .normal = x->block,
                            .unwind = x->block,
                            .clauses = &x->clause,
                            .n_clauses = 1};
  x->diag.status = KILN_ERR_ARGUMENT;
#ifdef KILN_INTERP_H
  x->interp = kiln_interp_new(x->m, NULL);
#endif
#ifdef KILN_LLVM_H
  x->llvm = kiln_llvm_new(x->s, null_bitcode, sizeof null_bitcode, NULL);
#endif
#ifdef KILN_LLVM_OPERATION_H
  x->operations = kiln_llvm_builder_new(x->m);
  x->operand = (kiln_llvm_operand){.type = "i64", .parts = &x->v};
#endif
}

static inline bool all_zero(const void *bytes, size_t size) {
  const unsigned char *p = bytes;
  for (size_t i = 0; i < size; i++)
    if (p[i] != 0) return false;
  return true;
}

static int null_main(const struct null_case *cases, size_t n) {
  int failed = 0;
  for (size_t i = 0; i < n; i++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      struct null_fixture x;
      null_make(&x);
      _exit(cases[i].call(&x) ? 0 : 1);
    }
    int status = 0;
    bool ok = child > 0 && waitpid(child, &status, 0) == child && status == 0;
    printf("%sok %zu - %s%s\n", ok ? "" : "not ", i + 1, cases[i].name,
           ok                  ? ""
           : WIFEXITED(status) ? " # neither none nor an error"
                               : " # ended by a signal");
    failed += !ok;
  }
  printf("1..%zu\n", n);
  return failed != 0;
}

#endif
