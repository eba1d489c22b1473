/* The text of machine code, which is an instruction: `asm "\0f\a2" as (i32) -> i32 in rax out rdx lost rcx
 * at 2 x64_call @f-4 align 32 with v1`. Called by ir/text/parse_func.c. */
#include "ir/text/text_form.h"

#include <kiln/inspect.h>

enum { MAX_REGS = 64 };

/* Takes registers as long as there are some; false after an error. */
static bool parse_registers(struct kn_parser *p, uint8_t *out, uint32_t *n) {
  while (p->lx.tok.kind == KN_TOK_IDENT && p->lx.tok.length < 8) {
    char name[8] = {0};
    unsigned r;
    memcpy(name, p->lx.tok.text, p->lx.tok.length);
    if (!kiln_register_find(kiln_module_processor(p->module), name, &r)) break;
    if (*n == MAX_REGS) return kn_parse_expected(p, "fewer registers");
    out[(*n)++] = (uint8_t)r;
    kn_parse_next(p);
  }
  return *n != 0 || kn_parse_expected(p, "a register of the target");
}

/* `slot0+8` */
static bool parse_slot(struct kn_parser *p, kiln_asm_reloc *r) {
  kiln_value v;
  int32_t disp;
  if (!kn_parse_operand(p, KILN_TYPE_PTR, &v) || !kn_parse_disp(p, &disp)) return false;
  kiln_operand_info o = kiln_operand_get(p->func, v);
  if (o.kind != KILN_OPERAND_SLOT) return kn_parse_expected(p, "a symbol or a slot before this");
  r->symbol = (kiln_symbol){0};
  r->slot = o.slot + 1;
  r->addend = disp;
  return true;
}

/* The name of a kind, or the number of one that only the format of objects knows. */
static bool parse_kind(struct kn_parser *p, kiln_reloc_kind *kind) {
  struct kn_token t = p->lx.tok;
  uint64_t number;
  if (t.kind == KN_TOK_IDENT) {
    char name[32] = {0};
    memcpy(name, t.text, t.length < sizeof name ? t.length : 0);
    if (!kiln_reloc_find(name, kind)) return kn_parse_expected(p, "a kind of relocation");
    kn_parse_next(p);
    return true;
  }
  if (!kn_parse_number(p, UINT16_MAX, "a kind of relocation", &number)) return false;
  *kind = (kiln_reloc_kind)(KILN_RELOC_FORMAT + (uint32_t)number);
  return true;
}

/* `2 x64_call @f-4` */
static bool parse_reloc(struct kn_parser *p, kiln_asm_reloc *r) {
  uint64_t offset;
  if (!kn_parse_number(p, UINT32_MAX, "an offset in bytes", &offset) || !parse_kind(p, &r->kind))
    return false;
  *r = (kiln_asm_reloc){.kind = r->kind};
  if (p->lx.tok.kind == KN_TOK_SYMBOL ? !kn_parse_symbol(p, &r->symbol, &r->addend)
                                      : !parse_slot(p, r))
    return false;
  r->offset_bytes = (uint32_t)offset;
  return true;
}

static bool parse_args(struct kn_parser *p, kiln_sig sig) {
  kiln_sig_info info = kiln_sig_get(p->module, sig);
  if (!kn_parse_word(p, "with")) return true;
  for (uint32_t i = 0; i == 0 || kn_parse_take(p, ','); i++) {
    kiln_value v;
    kiln_type want = i < info.n_params ? (kiln_type)info.params[i].type : KILN_TYPE_VOID;
    if (!kn_parse_operand(p, want, &v) || !kn_parse_push_arg(p, v)) return false;
  }
  return true;
}

bool kn_parse_asm(struct kn_parser *p, kiln_value *result) {
  uint8_t params[MAX_REGS], results[MAX_REGS], lost[MAX_REGS];
  uint32_t n_params = 0, n_results = 0, n_lost = 0;
  kiln_asm code = {.params = params, .results = results};
  KN_ARRAY(kiln_asm_reloc) relocs = {0};
  kiln_sig sig;
  struct kn_token t = p->lx.tok;
  if (t.kind != KN_TOK_STRING) return kn_parse_expected(p, "bytes in quotes");
  code.bytes = kn_parse_name(p, &t, &code.size_bytes);
  if (code.bytes == NULL) return false;
  kn_parse_next(p);
  if (!kn_parse_word(p, "as")) return kn_parse_expected(p, "'as' and a signature");
  if (!kn_parse_sig(p, &sig)) return false;
  if (kn_parse_word(p, "in") && !parse_registers(p, params, &n_params)) return false;
  if (kn_parse_word(p, "out") && !parse_registers(p, results, &n_results)) return false;
  if (kn_parse_word(p, "lost") && !parse_registers(p, lost, &n_lost)) return false;
  for (uint32_t i = 0; i < n_lost; i++) code.lost |= UINT64_C(1) << lost[i];
  bool ok = true;
  while (ok && kn_parse_word(p, "at")) {
    if (KN_ROOM(p->module, relocs, 1)) ok = parse_reloc(p, &relocs.at[relocs.n++]);
    else ok = kn_parse_no_memory(p);
  }
  code.relocs = relocs.at;
  code.n_relocs = relocs.n;
  if (ok && kn_parse_word(p, "label")) {
    uint64_t number;
    ok = kn_parse_number(p, UINT32_MAX, "a label's number", &number);
    if (ok) code.label = kiln_asm_label(p->func, (uint32_t)number);
  }
  if (ok && kn_parse_word(p, "align")) {
    uint8_t log2 = 0;
    ok = kn_parse_align(p, 16, &log2);
    code.align_log2 = log2;
  }
  if (ok && kn_parse_word(p, "rows")) {
    struct kn_token rows = p->lx.tok;
    ok = rows.kind == KN_TOK_STRING || kn_parse_expected(p, "bytes in quotes");
    ok = ok && (code.rows = (const uint8_t *)kn_parse_name(p, &rows, &code.rows_bytes)) != NULL;
    if (ok) kn_parse_next(p);
  }
  kiln_sig_info info = kiln_sig_get(p->module, sig);
  if (ok && (n_params != info.n_params || n_results != info.n_results))
    ok = kn_parse_fail(
      p, &t, KILN_ERR_SYNTAX,
      "the asm has %u operands and %u results, but its signature has %u operands and %u results",
      (unsigned)n_params, (unsigned)n_results, info.n_params, info.n_results);
  ok = ok && parse_args(p, sig);
  if (ok) *result = kiln_build_asm(p->func, sig, &code, p->args.at, p->args.n);
  kn_realloc(p->module, relocs.at, 0);
  return ok;
}
