/* Blocks, inlined functions and variables of each function that has code. A function that was inlined anywhere has an
 * abstract entry, the source's own, and an entry for each place where it has code, which refers to that: these are
 * instances, made here, and so are those of its blocks and variables. Called by lib/dwarf/dwarf.c. Invariant: an
 * instance follows those of the scopes it is in, and belongs to one function. */
#include "lib/dwarf/dwarf_writer.h"

/* ---- functions that were inlined ---- */

/* The function that entry i is in; 0: none. */
static uint32_t subprogram_of(const struct kn_dwarf *d, uint32_t i) {
  for (uint32_t steps = 0; i != 0 && steps < KN_DWARF_DEPTH; steps++) {
    unsigned tag = kn_dwarf_entry(d, i)->tag;
    if (tag == KILN_DW_TAG_subprogram) return i;
    if (tag != KILN_DW_TAG_lexical_block && tag != KILN_DIE_TAG_PART) return 0;
    i = kn_dwarf_parent(d, i);
  }
  return 0;
}

static bool has_inlined(const struct kn_sources *p) {
  for (uint32_t k = 1; k < p->locs.n; k++)
    if (p->locs.at[k].inlined) return true;
  return false;
}

/* Of one session; `seen` has a number for each location that has an id. */
static void mark_inlined(struct kn_dwarf *d, uint32_t session, uint32_t *seen) {
  const struct kn_output *o = kn_image_output(d->image, session);
  const struct kn_sources *p = &d->image->sessions[session]->sources;
  for (uint32_t k = 0; k < o->lines.n; k++) {
    if (k + 1 < o->lines.n && o->lines.at[k + 1].offset == o->lines.at[k].offset)
      continue; /* no code */
    const struct kn_loc_full *l = kn_loc_full(p, o->lines.at[k].loc);
    for (; l->inlined; l = &p->locs.at[l->inlined]) {
      uint32_t sp = subprogram_of(d, kn_dwarf_index(d, session + 1, l->entry));
      d->dies.at[sp].abstract = true;
      if (seen[l->inlined]) break;
      seen[l->inlined] = 1;
    }
  }
}

void kn_dwarf_abstract(struct kn_dwarf *d) {
  for (uint32_t s = 0; s < d->image->n_sessions; s++) {
    const struct kn_sources *p = &d->image->sessions[s]->sources;
    uint32_t *seen = has_inlined(p) ? kn_dwarf_zeros(d, p->locs.n) : NULL;
    if (seen != NULL) mark_inlined(d, s, seen);
    kn_realloc(d->m, seen, 0);
  }
}

/* ---- scopes of a function ---- */

struct function {
  struct kn_dwarf *d;
  uint32_t func, session;
  uint32_t subprogram; /* the source's entry */
  uint32_t node;       /* that of the function's code: the same, or an instance */
};

/* Adds an instance of entry `of`; 0 without memory. Entries may have moved. */
static uint32_t instance(struct kn_dwarf *d, uint32_t of) {
  if (d->dies.n > UINT32_MAX / 4 || !KN_ROOM(d->m, d->dies, 1)) return 0;
  const struct kn_dwarf_die *is = &d->dies.at[of];
  d->dies.at[d->dies.n] =
    (struct kn_dwarf_die){.source = is->source, .of = of, .set = is->set, .reachable = true};
  return d->dies.n++;
}

static uint32_t hash_of(struct kn_dwarf_key k) {
  return (k.scope * 0x9e3779b1u ^ k.call * 0x85ebca6bu) >> 8;
}

static KN_COLD bool key_after(const struct kn_dwarf *d, struct kn_dwarf_key k, uint32_t i) {
  const struct kn_dwarf_scope *s = &d->scopes.at[i - 1];
  return s->call != k.call ? k.call > s->call : k.scope > d->dies.at[s->node].of;
}

static inline bool is_key(const struct kn_dwarf *d, struct kn_dwarf_key k, uint32_t i) {
  const struct kn_dwarf_scope *s = &d->scopes.at[i - 1];
  return d->dies.at[s->node].of == k.scope && s->call == k.call;
}

/* Number of the scope that is k.scope or an instance of it; 0: it has no code, and *at is its position in the
 * table. */
static KN_COLD uint32_t find_at(const struct kn_dwarf *d, struct kn_dwarf_key k, uint32_t hash,
                                uint32_t *at) {
  uint32_t i;
  KN_HASH_EACH(&d->scope_hash, hash, *at, i, key_after(d, k, i))
  if (is_key(d, k, i)) break;
  return i;
}
static uint32_t find(const struct function *x, struct kn_dwarf_key k) {
  struct kn_dwarf *d = x->d;
  if (d->scope_found != 0 && k.scope == d->scope_key.scope && k.call == d->scope_key.call)
    return d->scope_found;
  uint32_t hash = hash_of(k), at, i;
  if (!KN_HASH_FLAT(&d->scope_hash)) return find_at(d, k, hash, &at);
  KN_HASH_EACH_FLAT(&d->scope_hash, hash, at, i)
  if (is_key(d, k, i)) break;
  d->scope_key = k;
  return d->scope_found = i;
}

/* Makes the scope for k, which is in scope `up`; 0 without memory. */
static uint32_t make(const struct function *x, struct kn_dwarf_key k, uint32_t up) {
  struct kn_dwarf *d = x->d;
  bool own = k.call == 0 && x->node == x->subprogram;
  if (!KN_HASH_ROOM(d->m, &d->scope_hash)) return 0;
  uint32_t node = own ? k.scope : instance(d, k.scope);
  struct kn_dwarf_scope s = {.func = x->func,
                             .node = node,
                             .call = k.call,
                             .up = up,
                             .depth = up ? d->scopes.at[up - 1].depth + 1 : 1};
  if (node == 0 || !KN_PUSH(d->m, d->scopes, s)) return 0;
  uint32_t number = d->scopes.n;
  d->dies.at[node].ranges = number;
  const uint32_t hash = hash_of(k);
  uint32_t at;
  (void)find_at(d, k, hash, &at);
  kn_hash_put_here(&d->scope_hash, at, hash, number);
  return number;
}

/* True for blocks that will not be written. */
static inline bool is_left_out(const struct kn_dwarf *d, uint32_t i, unsigned tag) {
  return tag == KILN_DIE_TAG_PART || (tag == KILN_DW_TAG_lexical_block && !d->dies.at[i].encloses);
}

/* Steps of a walk from where on it is shortened. */
enum { FEW_STEPS = 64 };

/* Entry i and what it is in, up to the first entry that is not left out, are directly in that from now on: no other
 * walk goes their way again. */
static KN_COLD void shorten(struct kn_dwarf *d, uint32_t i) {
  uint32_t top = i, next;
  for (uint32_t steps = 0; steps < KN_DWARF_DEPTH; steps++) {
    if (!is_left_out(d, top, kn_dwarf_entry(d, top)->tag)) break;
    top = kn_dwarf_parent(d, top);
  }
  for (; i != top; i = next) {
    next = kn_dwarf_parent(d, i);
    d->dies.at[i].source.parent = top;
  }
}

/* The number of a scope of locations, 0 for the function itself. Blocks that will not be written count as what they are
 * in, scopes of what the source nests too deep, or of no function, as the function. */
static uint32_t scope_of(const struct function *x, const struct kn_loc_full *is) {
  struct kn_dwarf *d = x->d;
  const struct kn_sources *p = &d->image->sessions[x->session]->sources;
  struct kn_dwarf_key k = {kn_dwarf_index(d, x->session + 1, is->entry), is->inlined};
  uint32_t number = 0;
  d->scope_way.n = 0;
  for (uint32_t steps = 0;; steps++) {
    if (KN_UNLIKELY(steps > FEW_STEPS)) {
      if (steps > KN_DWARF_DEPTH) return 0;
      shorten(d, k.scope);
    }
    unsigned tag = k.scope ? kn_dwarf_entry(d, k.scope)->tag : 0;
    if (is_left_out(d, k.scope, tag)) {
      k.scope = kn_dwarf_parent(d, k.scope);
      continue;
    }
    if (tag != KILN_DW_TAG_subprogram && tag != KILN_DW_TAG_lexical_block) break; /* damaged */
    if (tag == KILN_DW_TAG_subprogram && k.call == 0) break;
    if ((number = find(x, k)) != 0 || !KN_PUSH(d->m, d->scope_way, k)) break;
    if (tag == KILN_DW_TAG_subprogram) {
      is = &p->locs.at[k.call];
      k.scope = kn_dwarf_index(d, x->session + 1, is->entry);
      k.call = is->inlined;
    } else {
      k.scope = kn_dwarf_parent(d, k.scope);
    }
  }
  while (d->scope_way.n) number = make(x, d->scope_way.at[--d->scope_way.n], number);
  return number;
}

/* The code leaves the scope at `to`. */
static void leave(struct kn_dwarf *d, struct kn_dwarf_scope *s, uint32_t to) {
  if (s->since >= to) return;
  if (s->last && d->ranges.at[s->last - 1].to == s->since) {
    d->ranges.at[s->last - 1].to = to;
  } else if (KN_PUSH(d->m, d->ranges, (struct kn_dwarf_range){s->since, to, 0})) {
    if (s->last) d->ranges.at[s->last - 1].next = d->ranges.n;
    else s->first = d->ranges.n;
    s->last = d->ranges.n;
  }
}

/* The code goes from scope number `a` to number `b` at `at`: it leaves what only `a` is in, and enters what only `b` is
 * in. */
static void cross(struct kn_dwarf *d, uint32_t a, uint32_t b, uint32_t at) {
  while (a != b) {
    struct kn_dwarf_scope *from = a ? &d->scopes.at[a - 1] : NULL,
                          *to = b ? &d->scopes.at[b - 1] : NULL;
    if (to == NULL || (from != NULL && from->depth >= to->depth)) {
      leave(d, from, at);
      a = from->up;
    } else {
      to->since = at;
      b = to->up;
    }
  }
}

static void cover_rows(const struct function *x, const struct kn_code_func *f) {
  struct kn_dwarf *d = x->d;
  const struct kn_output *o = kn_image_output(d->image, x->session);
  const struct kn_loc_full *locs = d->image->sessions[x->session]->sources.locs.at;
  const struct kn_code_line *row = o->lines.at + f->loc_first,
                            *end = o->lines.at + kn_output_line_end(o, f);
  uint32_t scope = 0, last = 0;
  for (; row < end; row++) {
    if (row->loc.scope == last || row->loc.scope == 0) continue;
    if (row->offset == (row + 1 < end ? row[1].offset : f->start + f->size)) continue; /* no code */
    const struct kn_loc_full *was = &locs[last], *to = &locs[last = row->loc.scope];
    if (to->entry == was->entry && to->inlined == was->inlined) continue;
    const uint32_t is = scope_of(x, to);
    cross(d, scope, is, row->offset - f->start);
    scope = is;
  }
  cross(d, scope, 0, f->size);
}

/* ---- variables ---- */

/* What row `var` of the variables says is a part of the variable of entry i, which lives in others too. */
static void add_part(struct kn_dwarf *d, uint32_t i, uint32_t var) {
  const struct kn_dwarf_var *v = var ? &d->vars.at[var - 1] : NULL;
  struct kn_dwarf_var *first = &d->vars.at[d->dies.at[i].var - 1];
  if (v == NULL || v->count > 1 || first->count > 1 ||
      kn_image_output(d->image, v->session)->vars.at[v->index].part_bits == 0 ||
      kn_image_output(d->image, first->session)->vars.at[first->index].part_bits == 0)
    return;
  d->vars.at[var - 1].next = first->next;
  first->next = var;
}

/* The entry that variable v (of the source) is in, of the function, or of what was inlined at location `call`; 0: no
 * code is in its scope. */
static uint32_t scope_entry(const struct function *x, uint32_t v, uint32_t call) {
  const struct kn_dwarf *d = x->d;
  const uint32_t parent = kn_dwarf_parent(d, v);
  if (parent == 0) return 0;
  if (call == 0 && kn_dwarf_entry(d, parent)->tag == KILN_DW_TAG_subprogram)
    return parent == x->subprogram ? x->node : 0;
  const uint32_t scope = find(x, (struct kn_dwarf_key){parent, call});
  return scope != 0 ? d->scopes.at[scope - 1].node : 0;
}

/* The instance of variable v in entry `in`, or 0. */
static uint32_t instance_in(const struct kn_dwarf *d, uint32_t in, uint32_t v) {
  uint32_t k = d->dies.at[in].first;
  for (uint32_t steps = 0; k != 0 && d->dies.at[k].of != v; k = d->dies.at[k].next)
    if (++steps == 1000) return 0;
  return k;
}

/* Adds variable v (of the source) to its scope in the function, or in what was inlined at location `call`; `var` is
 * the number of where it lives, 0: nowhere. */
static void variable(const struct function *x, uint32_t v, uint32_t call, uint32_t var) {
  struct kn_dwarf *d = x->d;
  const uint32_t in = scope_entry(x, v, call);
  unsigned tag = kn_dwarf_entry(d, v)->tag;
  if (in == 0) return;
  bool has_code = tag == KILN_DW_TAG_variable || tag == KILN_DW_TAG_formal_parameter ||
                  (tag == KILN_DW_TAG_label && var);
  const bool own = !has_code || in == kn_dwarf_parent(d, v);
  uint32_t k = own ? v : instance_in(d, in, v);
  if (has_code && k != 0 && (!own || d->dies.at[k].var)) {
    if (d->dies.at[k].var) add_part(d, k, var);
    return;
  }
  if (k == 0) {
    if ((k = instance(d, v)) == 0) return;
    kn_dwarf_append(d, in, k);
  }
  if (has_code) { /* else what the function imports, labels without code */
    d->dies.at[k].var = var;
    d->dies.at[in].holds = true;
  }
  kn_dwarf_reach(d, v);
}

/* Number of the first of `n` rows from `row` on, of a session, that is a pointer; 0: none is. */
static uint32_t pointer_of(const struct kn_output *o, uint32_t row, uint32_t n) {
  for (uint32_t k = row; k < row + n && !kn_var_is_label(&o->vars.at[k]); k++)
    if (o->vars.at[k].n != 0 && o->exprs.at[o->vars.at[k].expr] == KILN_DW_OP_implicit_pointer)
      return k + 1;
  return 0;
}

/* The variables from index `first` on are all of the function: finds what pointers among them point to. */
static void find_pointees(const struct function *x, uint32_t first) {
  struct kn_dwarf *d = x->d;
  const struct kn_output *o = kn_image_output(d->image, x->session);
  for (uint32_t k = first; k < d->vars.n; k++) {
    struct kn_dwarf_var *v = &d->vars.at[k];
    if (v->pointer == 0) continue;
    const uint8_t *expr = o->exprs.at + o->vars.at[v->pointer - 1].expr;
    const uint32_t to = kn_dwarf_index(d, x->session + 1, kn_get32(expr + 1));
    const uint32_t in = to != 0 ? scope_entry(x, to, kn_get32(expr + 5)) : 0;
    if (in != 0) v->to = in == kn_dwarf_parent(d, to) ? to : instance_in(d, in, to);
  }
}

static void variables(const struct function *x, const struct kn_code_func *f) {
  struct kn_dwarf *d = x->d;
  const struct kn_output *o = kn_image_output(d->image, x->session);
  uint32_t end = f + 1 < o->funcs.at + o->funcs.n ? f[1].var_first : o->vars.n, first = d->vars.n;
  for (uint32_t k = f->var_first, n; k < end; k += n) {
    const struct kn_code_var *row = &o->vars.at[k];
    n = 1;
    while (row->to && k + n < end && row[n].to && row[n].variable == row->variable &&
           row[n].inlined == row->inlined)
      n++;
    uint32_t v = kn_dwarf_index(d, x->session + 1, row->variable);
    const struct kn_dwarf_var var = {
      .session = x->session,
      .index = k,
      .count = n,
      .func = x->func,
      .pointer = !kn_var_is_everywhere(row) ? pointer_of(o, k, n) : 0,
    };
    if (v == 0 || !KN_PUSH(d->m, d->vars, var)) continue;
    d->has_lists |= !kn_var_is_everywhere(row);
    variable(x, v, row->inlined, d->vars.n);
  }
  find_pointees(x, first);
  const struct kn_dwarf_view is = kn_dwarf_view(d, x->subprogram);
  for (uint32_t k = 0; k < is.shape->n_refs; k++) {
    const struct kn_dwarf_item *a = &is.shape->refs[k];
    if (a->kind != KN_DA_RETAIN) continue;
    const struct kn_dwarf_list list = kn_dwarf_list(d, kn_dwarf_to(d, &is, a));
    for (uint32_t m = 0; m < list.n; m++) {
      uint32_t v = kn_dwarf_member(d, &list, m);
      if (v) variable(x, v, 0, 0);
    }
  }
}

/* Is a scope a block that nothing is directly in? */
static bool is_empty_block(const struct kn_dwarf *d, const struct kn_dwarf_scope *s) {
  const struct kn_dwarf_die *die = &d->dies.at[s->node];
  return die->source.tag == KILN_DW_TAG_lexical_block && !die->holds;
}

/* Puts the instances of scopes into the tree: blocks that nothing is directly in are left out. */
static void attach_scopes(const struct function *x) {
  struct kn_dwarf *d = x->d;
  for (uint32_t i = d->scope_first; i < d->scopes.n; i++) {
    const struct kn_dwarf_scope *s = &d->scopes.at[i];
    uint32_t up = s->up;
    if (s->node < d->n_sources || d->dies.at[s->node].attached || is_empty_block(d, s)) continue;
    while (up && is_empty_block(d, &d->scopes.at[up - 1])) up = d->scopes.at[up - 1].up;
    kn_dwarf_append(d, up ? d->scopes.at[up - 1].node : x->node, s->node);
  }
}

/* ---- the function ---- */

/* Notes which code the unit has. */
static void extend_unit(struct kn_dwarf_unit *u, const struct kn_place *p, uint32_t size) {
  if (u->n_funcs++ == 0) {
    u->one_stretch = true;
    u->section = p->section;
    u->low = p->value;
    u->high = p->value;
  }
  if (p->section != u->section) u->one_stretch = false;
  if (p->value < u->low) u->low = p->value;
  if (p->value + size > u->high) u->high = p->value + size;
}

/* Wants what inlined scopes refer to. */
static void want_origins(const struct function *x) {
  struct kn_dwarf *d = x->d;
  for (uint32_t i = d->scope_first; i < d->scopes.n; i++) {
    uint32_t of = d->dies.at[d->scopes.at[i].node].of;
    if (kn_dwarf_entry(d, of)->tag == KILN_DW_TAG_subprogram) kn_dwarf_reach(d, of);
  }
}

/* Is anything inlined in the function? */
static bool has_calls(const struct function *x) {
  for (uint32_t i = x->d->scope_first; i < x->d->scopes.n; i++)
    if (x->d->scopes.at[i].call) return true;
  return false;
}

void kn_dwarf_function(struct kn_dwarf *d, uint32_t func) {
  struct function x = {.d = d, .func = func, .session = d->image->funcs[func].session};
  const struct kn_code_func *f = kn_image_func(d->image, func);
  extend_unit(&d->units.at[d->current - 1], kn_dwarf_place(d, func), f->size);
  x.subprogram = x.node = kn_dwarf_index(d, x.session + 1, f->subprogram);
  if (x.node == 0 || kn_dwarf_entry(d, x.node)->tag != KILN_DW_TAG_subprogram ||
      d->dies.at[x.node].func)
    return;
  d->scope_first = d->scopes.n;
  kn_hash_clear(&d->scope_hash);
  d->scope_found = 0;
  if (d->dies.at[x.node].abstract && (x.node = instance(d, x.subprogram)) == 0) return;
  d->dies.at[x.node].func = func + 1;
  if (d->func_node) d->func_node[func] = x.node;
  cover_rows(&x, f);
  if (d->units.at[d->current - 1].lines_only && x.node == x.subprogram && !has_calls(&x)) return;
  kn_dwarf_reach(d, x.subprogram);
  want_origins(&x);
  kn_dwarf_drain(d);
  if (x.node != x.subprogram) kn_dwarf_append(d, kn_dwarf_context(d, x.subprogram), x.node);
  variables(&x, f);
  kn_dwarf_drain(d);
  attach_scopes(&x);
  if (d->callees != NULL) kn_dwarf_reach_callees(d, func);
  kn_dwarf_drain(d);
}
