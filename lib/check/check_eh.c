/* The allocation checker's look at tables of exceptions: reads the table of a function and
 * finds, for each call that the walk emitted, what a personality would find. It reads clauses from
 * the IR and shares nothing with the writer (lib/codegen/eh_table.c). Called by
 * lib/compile.c, and by lib/codegen/eh.c for each call. */
#include "lib/check/check.h"

#include <kiln/build.h>

void kn_check_call(struct kn_walk *w, uint32_t pad) {
  struct kn_check *c = w->check;
  struct kn_check_call call = {w->i, kn_code_mark(w, kn_here(w)), pad};
  if (!KN_PUSH(w->owner, c->calls, call)) c->full = true;
}

/* ---- the table ---- */

struct reader {
  const uint8_t *at, *end;
  bool over; /* read beyond the end */
};

static uint32_t byte(struct reader *r) {
  if (r->at < r->end) return *r->at++;
  r->over = true;
  return 0;
}

static uint32_t number(struct reader *r, bool sign) {
  uint32_t v = 0;
  unsigned shift = 0;
  for (;;) {
    uint32_t b = byte(r);
    v |= shift < 32 ? (b & 0x7f) << shift : 0;
    shift += 7;
    if (b >= 0x80) continue;
    if (sign && (b & 0x40) && shift < 32) v |= UINT32_MAX << shift;
    return v;
  }
}

struct table {
  struct reader sites; /* from the first on */
  const uint8_t *actions, *type_end, *end;
};

static bool open_table(const struct kn_output *out, const struct kn_code_func *f, struct table *t) {
  if (f->table == 0) return false;
  const struct kn_code_table *c = out->tables.at + f->table - 1;
  const uint8_t *start = out->table_bytes.at + c->first;
  struct reader r = {start, start + c->size, false};
  if (byte(&r) != KN_EH_OMIT) return false;
  t->end = r.end;
  t->type_end = r.end;
  if (byte(&r) != KN_EH_OMIT) {
    uint32_t distance = number(&r, false);
    if (distance > (size_t)(r.end - r.at)) return false;
    t->type_end = r.at + distance;
  }
  if (byte(&r) != KN_EH_ULEB128) return false;
  uint32_t size = number(&r, false);
  if (r.over || size > (size_t)(r.end - r.at)) return false;
  t->sites = (struct reader){r.at, r.at + size, false};
  t->actions = r.at + size;
  return true;
}

/* The number, from 1, of the first call site that offset `at` is in; 0: none. */
static uint32_t find(const struct table *t, uint32_t at, uint32_t *pad, uint32_t *action) {
  struct reader r = t->sites;
  for (uint32_t site = 1; r.at < r.end; site++) {
    uint32_t start = number(&r, false), length = number(&r, false);
    *pad = number(&r, false);
    *action = number(&r, false);
    if (at - start < length) return site;
  }
  return 0;
}

/* True if the filter `value` of the table is of these types. */
static bool same_filter(const struct table *t, int32_t value, const struct kn_clause *c) {
  struct reader r = {t->type_end - value - 1, t->end, false};
  for (uint32_t k = 0; k < c->n; k++)
    if (number(&r, false) != c->types[k]) return false;
  return number(&r, false) == 0 && !r.over;
}

/* True if the chain of actions says what the clauses of the try say. */
static bool same_clauses(const kiln_func *f, const struct kn_inst *in, const struct table *t,
                         uint32_t action) {
  uint32_t at, n = kn_try_clauses(f, in, &at);
  if (action == 0) return n == 1 && kn_clause_at(f, &at).kind == KILN_CLAUSE_CLEANUP;
  struct reader r = {t->actions + action - 1, t->end, false};
  for (uint32_t k = 0; k < n; k++) {
    struct kn_clause c = kn_clause_at(f, &at);
    int32_t value = (int32_t)number(&r, true);
    const uint8_t *field = r.at;
    int32_t next = (int32_t)number(&r, true);
    bool same = c.kind == KILN_CLAUSE_CLEANUP  ? value == 0
                : c.kind == KILN_CLAUSE_FILTER ? value < 0 && same_filter(t, value, &c)
                                               : value == (int32_t)c.types[0];
    if (!same || r.over || (next == 0) != (k + 1 == n)) return false;
    if (next != 0 && (field + next < t->actions || field + next >= t->end)) return false;
    r.at = field + next;
  }
  return true;
}

static bool unwinds(const kiln_func *f, const struct kn_inst *in) {
  return in->op == KILN_OP_TRY || in->op == KILN_OP_RESUME ||
         (in->op == KILN_OP_CALL && kn_call_unwinds(f, in));
}

/* The site of the first call after calls.at[k] that may unwind; 0: none. */
static uint32_t next_site(const struct kn_check *c, const struct kn_walk *w, const struct table *t,
                          uint32_t k) {
  uint32_t pad, action;
  while (++k < c->calls.n)
    if (unwinds(w->f, &w->f->inst[c->calls.at[k].inst]))
      return find(t, w->code.marks.at[c->calls.at[k].end].at - w->code.start - 1, &pad, &action);
  return 0;
}

const char *kn_check_table(struct kn_check *c, const struct kn_walk *w, uint32_t *inst) {
  const kiln_func *f = w->f;
  const struct kn_output *out = w->out;
  struct table t;
  uint32_t before = 0; /* the site of the call before that may unwind */
  *inst = 0;
  if (!f->facts.has_try) return NULL;
  if (!open_table(out, out->funcs.at + out->funcs.n - 1, &t)) return "there is no table";
  for (uint32_t k = 0; k < c->calls.n; k++) {
    const struct kn_check_call *call = &c->calls.at[k];
    const struct kn_inst *in = &f->inst[call->inst];
    uint32_t pad, action, at = w->code.marks.at[call->end].at - w->code.start;
    uint32_t site = find(&t, at - 1, &pad, &action); /* as an unwinder looks for it */
    *inst = call->inst;
    if (!unwinds(f, in)) {
      if (in->op == KILN_OP_CALL && site != 0 && (site != before || site != next_site(c, w, &t, k)))
        return "a call that must not unwind is in a call site";
      continue;
    }
    before = site;
    if (site == 0) return "the call is in no call site";
    if (in->op != KILN_OP_TRY) {
      if (pad != 0) return "a call that is not a try has a landing pad";
      continue;
    }
    if (pad != w->code.marks.at[call->pad].at - w->code.start) return "another landing pad";
    if (!same_clauses(f, in, &t, action)) return "the actions are not the clauses";
  }
  return NULL;
}
