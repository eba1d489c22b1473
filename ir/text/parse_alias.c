/* Text parser: aliases, whose targets may be aliases that follow. Called by parse.c between its two passes. Invariant:
 * the order in which aliases are defined depends on the text alone, since the ids of symbols do. */
#include "ir/text/text_form.h"
#include <stdlib.h>

/* The alias that has to be defined before this one; NULL: there is none. */
static struct kn_parse_item *alias_before(struct kn_parser *p, const struct kn_parse_item *it) {
  const struct kn_name *e = kn_parse_symbol_name(p, &it->at.tok, false);
  return e && e->state == KN_SYM_ALIAS_WAITING ? p->items.at + e->line - 1 : NULL;
}

/* Aliases are defined in rounds over the text: in each, those whose targets are known by then. One that is its own
 * target, by others too, is in the last. */
enum { ROUND_UNKNOWN, ROUND_OPEN, ROUND_FIRST, ROUND_LAST = INT32_MAX };

/* Gives an alias its round, and those before it. `chain` has room for all. */
static void give_round(struct kn_parser *p, struct kn_parse_item *it,
                       struct kn_parse_item **chain) {
  uint32_t n = 0, round = ROUND_FIRST;
  for (; it != NULL && it->round == ROUND_UNKNOWN; it = alias_before(p, it)) {
    it->round = ROUND_OPEN;
    chain[n++] = it;
  }
  const struct kn_parse_item *before = it;
  if (before != NULL) round = before->round == ROUND_OPEN ? ROUND_LAST : before->round;
  while (n-- > 0) {
    if (before != NULL && round != ROUND_LAST && before > chain[n]) round++;
    chain[n]->round = round;
    before = chain[n];
  }
}

static int by_round(const void *a, const void *b) {
  const struct kn_parse_item *x = *(struct kn_parse_item *const *)a,
                             *y = *(struct kn_parse_item *const *)b;
  if (x->round != y->round) return x->round < y->round ? -1 : 1;
  return (x > y) - (x < y);
}

static bool define_alias(struct kn_parser *p, const struct kn_parse_item *it) {
  kiln_symbol target;
  int64_t offset;
  p->lx = it->at;
  if (!kn_parse_symbol(p, &target, &offset) || !kn_parse_line_end(p)) return false;
  kiln_symbol s = kiln_alias_define(p->module, &it->desc, target, offset);
  if (!kn_parse_api_ok(p)) return false;
  struct kn_name *e = kn_parse_symbol_name(p, &it->name, true);
  if (!e) return false;
  e->value = s.id;
  e->state = KN_SYM_DEFINED;
  return true;
}

bool kn_parse_aliases(struct kn_parser *p) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->items.n; i++) n += p->items.at[i].kind == KN_ITEM_ALIAS;
  if (n == 0) return true;
  struct kn_parse_item **list = kn_realloc(p->module, NULL, 2 * (size_t)n * sizeof *list);
  if (list == NULL) return kn_parse_no_memory(p);
  n = 0;
  for (uint32_t i = 0; i < p->items.n; i++)
    if (p->items.at[i].kind == KN_ITEM_ALIAS) list[n++] = p->items.at + i;
  for (uint32_t i = 0; i < n; i++) give_round(p, list[i], list + n);
  qsort(list, n, sizeof *list, by_round);
  bool ok = p->status == KILN_OK;
  for (uint32_t i = 0; i < n && ok; i++) ok = define_alias(p, list[i]);
  kn_realloc(p->module, list, 0);
  return ok;
}
