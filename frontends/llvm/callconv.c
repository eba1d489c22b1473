/* The table of LLVM's calling conventions: see callconv.h. Called by globals.c for functions and by call.c.
 * Invariant: a convention without a row, or refused by support.def, is an error wherever it matters. */
#include "callconv.h"

#include "bc.h"

/* Targets: all; those of x86-64; those of them whose C convention is System V's; all but x86-64's; those whose C
 * convention is the processor's. */
enum kn_bc_callconv_where { EVERYWHERE, X86_64, SYSV, NOT_X86_64, USUAL };
/* Functions: all; those that only this module calls; none. */
enum kn_bc_callconv_defines { ANY, LOCAL_ONLY, NONE };

static const struct kn_bc_callconv rows[] = {
  [CC_C] = {.tail_calls = true},
  [CC_FAST] = {.tail_calls = true},
  /* keeps most registers on x86-64: no caller relies on that if all are Kiln's */
  [CC_COLD] = {.tail_calls = true, .defines = LOCAL_ONLY},
  [CC_PRESERVE_MOST] = {.cc = KILN_CC_PRESERVE_MOST, .where = USUAL},
  [CC_PRESERVE_ALL] = {.cc = KILN_CC_PRESERVE_ALL, .where = USUAL, .not_avx = true},
  [CC_CXX_FAST_TLS] = {.tail_calls = true, .defines = NONE},
  [CC_PRESERVE_NONE] = {.cc = KILN_CC_PRESERVE_NONE,
                        .where = USUAL,
                        .calls = true,
                        .tail_calls = true},
  [CC_X86_64_SYSV] = {.tail_calls = true, .where = SYSV},
  [CC_WIN64] = {.cc = KILN_CC_WIN64, .where = X86_64, .calls = true, .few_types = true},
  [CC_AARCH64_VECTOR] = {.cc = KILN_CC_VECTOR, .where = NOT_X86_64, .declares = true},
};
enum { ROWS = sizeof rows / sizeof *rows };
/* SYSV's row on x86-64's other targets */
static const struct kn_bc_callconv sysv_elsewhere = {.cc = KILN_CC_SYSV,
                                                     .calls = true,
                                                     .declares = true,
                                                     .tail_calls = true,
                                                     .sig_flags = KN_BC_SIG_SYSV};

/* The row, if there is one for this target; C's is the only one of Kiln's that several have. */
static const struct kn_bc_callconv *find(const struct kn_bc *r, uint64_t number) {
  if (number >= ROWS || (rows[number].cc == KILN_CC_C && !rows[number].tail_calls)) return NULL;
  const struct kn_bc_callconv *by = &rows[number];
  if (by->where == EVERYWHERE) return by;
  bool usual = !kn_bc_format_of(r)->own_convention;
  if (by->where == USUAL) return usual ? by : NULL;
  bool two = kn_bc_targets[r->target].sysv, sysv = two && usual;
  if (by->where == SYSV && two && !sysv) return &sysv_elsewhere;
  bool here = by->where == X86_64 ? two : by->where == SYSV ? sysv : !two;
  return here ? by : NULL;
}

const struct kn_bc_callconv *kn_bc_callconv_call(struct kn_bc *r, uint64_t number) {
  const struct kn_bc_support *row = kn_bc_support_convention(number);
  if (!row) {
    kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: calling convention %u", (unsigned)number);
    return NULL;
  }
  const struct kn_bc_callconv *by = row->verdict == SUPPORT_REFUSED ? NULL : find(r, number);
  if (!by) kn_bc_refuse(r, row);
  return by;
}

const struct kn_bc_callconv *kn_bc_callconv_definition(struct kn_bc *r, uint64_t number,
                                                       bool local) {
  const struct kn_bc_callconv *by = kn_bc_callconv_call(r, number);
  if (!by || by->defines == ANY || (by->defines == LOCAL_ONLY && local)) return by;
  kn_bc_refuse(r, kn_bc_support_convention(number));
  return NULL;
}

const struct kn_bc_callconv *kn_bc_callconv_declaration(const struct kn_bc *r, uint64_t number) {
  const struct kn_bc_callconv *by = find(r, number);
  return by && by->declares ? by : NULL;
}

/* Are the `n` parameters in r->tmp.params and the results scalars? */
static bool only_scalars(const struct kn_bc *r, bool variadic, uint32_t n, const kiln_type *results,
                         uint32_t n_results) {
  bool ok = n_results < 2 && (n_results == 0 || results[0] == KILN_TYPE_V128 ||
                              (results[0] <= KILN_TYPE_F80 && results[0] != KILN_TYPE_I128));
  for (uint32_t i = 0; i < n; i++) {
    const kiln_param *p = &r->tmp.params.at[i];
    ok &= p->type <= (variadic ? KILN_TYPE_F64 : KILN_TYPE_F80) && p->type != KILN_TYPE_I128 &&
          !(p->flags & (KILN_PARAM_BYVAL | KILN_PARAM_JOIN));
  }
  return ok;
}

bool kn_bc_callconv_sig(struct kn_bc *r, const struct kn_bc_callconv *by,
                        const struct kn_bc_attr *a, kiln_sig *sig) {
  if (by->cc == KILN_CC_C || by->sig_flags) return true;
  if (by->not_avx && kn_bc_harden_avx(a))
    return kn_bc_unsupported(r, "preserve_all with AVX, whose registers it keeps whole");
  kiln_sig_info info;
  kiln_type results[KILN_MAX_RESULTS];
  if (!kn_bc_sig_parts(r, *sig, &info, results)) return false;
  if (by->few_types &&
      !only_scalars(r, info.flags & KILN_SIG_VARIADIC, info.n_params, results, info.n_results))
    return kn_bc_unsupported(r, "win64cc with a parameter or result of this kind");
  *sig = kiln_sig_new(r->module, (kiln_cc)by->cc, info.flags, r->tmp.params.at, info.n_params,
                      results, info.n_results);
  return true;
}

bool kn_bc_callconv_tail_calls(kiln_cc cc) {
  if (cc == KILN_CC_SYSV) return sysv_elsewhere.tail_calls;
  for (unsigned i = 0; i < ROWS; i++)
    if (rows[i].cc == cc && rows[i].tail_calls) return true;
  return false;
}
