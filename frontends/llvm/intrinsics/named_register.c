/* Registers that a program names: llvm.read_register, llvm.read_volatile_register and
 * llvm.write_register, which clang makes of global register variables (the stack pointer), and of
 * AArch64's system registers (__arm_rsr64, __arm_wsr64). Called by intrinsic.c. */
#include "asm/asm.h"
#include "debug/debug.h"
#include "intrinsic.h"

#include <stdio.h>
#include <string.h>

/* System registers that programs have a use for, by name: the fields of their instruction. */
static const struct system_register {
  const char *name;
  uint8_t fields[5];
} named[] = {
  {"nzcv", {3, 3, 4, 2, 0}},         {"fpcr", {3, 3, 4, 4, 0}},
  {"fpsr", {3, 3, 4, 4, 1}},         {"ctr_el0", {3, 3, 0, 0, 1}},
  {"dczid_el0", {3, 3, 0, 0, 7}},    {"tpidr_el0", {3, 3, 13, 0, 2}},
  {"tpidrro_el0", {3, 3, 13, 0, 3}}, {"cntfrq_el0", {3, 3, 14, 0, 0}},
  {"cntpct_el0", {3, 3, 14, 0, 1}},  {"cntvct_el0", {3, 3, 14, 0, 2}},
  {"midr_el1", {3, 0, 0, 0, 0}},     {"mpidr_el1", {3, 0, 0, 0, 5}},
  {"rndr", {3, 3, 2, 4, 0}},         {"rndrrs", {3, 3, 2, 4, 1}},
  {"fpmr", {3, 3, 4, 4, 2}},         {"gcspr_el0", {3, 3, 2, 5, 1}},
};

/* The fields of a system register: of its name, in any case of letters, or numbers with colons, or S3_0_C2_C0_0. */
static bool system_register(const char *name, uint32_t fields[5]) {
  int end = 0;
  if ((sscanf(name, "%2u:%2u:%2u:%2u:%2u%n", &fields[0], &fields[1], &fields[2], &fields[3],
              &fields[4], &end) == 5 ||
       sscanf(name, "%*1[Ss]%2u_%2u_%*1[Cc]%2u_%*1[Cc]%2u_%2u%n", &fields[0], &fields[1],
              &fields[2], &fields[3], &fields[4], &end) == 5) &&
      name[end] == 0)
    return fields[0] >= 2 && fields[0] < 4 && fields[1] < 8 && fields[2] < 16 && fields[3] < 16 &&
           fields[4] < 8;
  for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
    size_t k = 0;
    while (named[i].name[k] != 0 && (name[k] | 32) == (named[i].name[k] | 32)) k++;
    if (named[i].name[k] != 0 || name[k] != 0) continue;
    for (k = 0; k < 5; k++) fields[k] = named[i].fields[k];
    return true;
  }
  return false;
}

/* Copies the name that node `id` has; false if it has none. */
static bool name_of(struct kn_bc *r, uint32_t id, char *out, size_t size) {
  if (!kn_bc_md_record(r, id + 1, 2) || r->in.code != MD_NODE || r->in.ops.n != 1) return false;
  const struct kn_bc_md *md =
    r->in.ops.at[0] <= UINT32_MAX ? kn_bc_md(r, (uint32_t)r->in.ops.at[0]) : NULL;
  if (md == NULL || md->kind != MDK_STRING || md->n >= size) return false;
  memcpy(out, md->text, md->n);
  out[md->n] = 0;
  return true;
}

/* The instruction that moves a register to or from the first general one, or, `pair`, the first two; its size, 0: there
 * is none. */
static unsigned code_of(struct kn_bc *r, const char *name, bool write, bool pair, uint8_t code[4]) {
  uint32_t f[5], word = UINT32_C(0x910003e0); /* add x0, sp, #0 */
  if (kn_asm_syntax[r->target] == KN_ASM_UNKNOWN) return 0;
  if (kn_asm_syntax[r->target] == KN_ASM_X86) {
    if (pair || (strcmp(name, "rsp") != 0 && (write || strcmp(name, "esp") != 0))) return 0;
    memcpy(code, write ? "\x48\x89\xc4" : "\x48\x89\xe0", 3); /* mov rsp, rax or mov rax, rsp */
    return 3;
  }
  if (write) word = UINT32_C(0x9100001f); /* add sp, x0, #0 */
  if (pair || strcmp(name, "sp") != 0) {
    if (!system_register(name, f)) return 0;
    word = UINT32_C(0xd5100000) | (uint32_t)pair << 22 | (uint32_t)!write << 21 | (f[0] & 1) << 19 |
           f[1] << 16 | f[2] << 12 | f[3] << 8 | f[4] << 5;
  }
  for (unsigned k = 0; k < 4; k++) code[k] = (uint8_t)(word >> 8 * k);
  return 4;
}

void kn_in_named_register(const struct call *c) {
  struct kn_bc *r = c->r;
  const bool write = c->row->op;
  char text[32] = "";
  uint8_t code[4];
  if (c->n != (write ? 2 : 1)) return (void)kn_bc_malformed(r, "bad call");
  /* reading the name may end the record that the operands belong to */
  uint32_t node = arg_id(c, 0), id = write ? arg_id(c, 1) : 0;
  uint32_t type = write ? arg_type(c, 1) : c->ret;
  kiln_type t = (kiln_type)r->types.at[type].ktype;
  bool pair = t == KILN_TYPE_I128; /* mrrs, msrr */
  unsigned size = name_of(r, node, text, sizeof text) ? code_of(r, text, write, pair, code) : 0;
  if (r->status != KILN_OK) return;
  if (size == 0 || (t != KILN_TYPE_I32 && t != KILN_TYPE_I64 && !pair))
    return (void)kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                            "not implemented: the register \"%s\" by its name", text);
  static const uint8_t regs[2] = {0, 1};
  kiln_type part = pair ? KILN_TYPE_I64 : t, results[2] = {part, part};
  kiln_param params_of[2] = {{.type = (uint8_t)part}, {.type = (uint8_t)part}};
  uint32_t n_params = write ? 1 + pair : 0, n_results = write ? 0 : 1 + pair;
  kiln_sig sig = kiln_sig_new(r->module, KILN_CC_C, 0, params_of, n_params, results, n_results);
  const kiln_asm a = {.bytes = code, .size_bytes = size, .params = regs, .results = regs};
  kiln_value v[2] = {{0}};
  if (write) v[0] = kn_bc_use(r, id, type);
  if (write && pair) kn_bc_split_i128(r->f, v[0], v);
  kiln_value first = kiln_build_asm(r->f, sig, &a, v, n_params);
  if (write) return;
  if (pair) v[1] = kiln_build_result(r->f, first, 1);
  def(c, pair ? kn_bc_join_i128(r->f, first, v[1]) : first);
}
