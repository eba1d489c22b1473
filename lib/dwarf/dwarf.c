/* Which entries an object's debug sections have, and where in the tree. Called by writers of objects and the JIT.
 * Entries are taken in from a queue: a function's description, its variables, and whatever these refer to; each is put
 * at the end of its parent's children. Invariant: an entry has one parent; those that cannot be reached from their unit
 * (damaged input) are not written, and neither are references to them. */
#include "lib/dwarf/dwarf_writer.h"

/* ---- the tree ---- */

void kn_dwarf_reach_too(struct kn_dwarf *d, uint32_t i) {
  if (kn_dwarf_special(kn_dwarf_entry(d, i)->tag)) return;
  d->dies.at[i].reachable = true;
  (void)KN_PUSH(d->m, d->queue, i);
}

/* Number of a parameter; 0: it is none. */
static uint32_t argument(const struct kn_dwarf *d, uint32_t i) {
  struct kn_dwarf_view v = kn_dwarf_view(d, i);
  const struct kn_dwarf_item *a = v.shape->argument;
  return a != NULL && v.e->tag == KILN_DW_TAG_formal_parameter ? v.words[a->at] : 0;
}

void kn_dwarf_append(struct kn_dwarf *d, uint32_t parent, uint32_t i) {
  struct kn_dwarf_die *p = &d->dies.at[parent], *e = &d->dies.at[i];
  uint32_t number = argument(d, i), after = p->last;
  if (number != 0) {
    after = p->args;
    if (after != 0 && argument(d, after) > number) {
      uint32_t steps = 0; /* the source numbers parameters as it likes: no search without an end */
      after = 0;
      for (uint32_t k = p->first; steps < 256 && argument(d, k) <= number;
           k = d->dies.at[k].next, steps++)
        after = k;
    } else {
      p->args = i;
    }
  }
  e->next = after ? d->dies.at[after].next : p->first;
  if (after) d->dies.at[after].next = i;
  else p->first = i;
  if (p->last == after) p->last = i;
  e->attached = true;
  e->unit = p->unit;
  if (e->unit != 0 && e->first != 0) (void)KN_PUSH(d->m, d->unplaced, i);
}

/* What an entry of a function or a unit is in: its parent, but for blocks that nothing is directly in, and in a unit of
 * lines alone, which has no namespaces, the unit. */
uint32_t kn_dwarf_context(struct kn_dwarf *d, uint32_t i) {
  const struct kn_dwarf_unit *u = &d->units.at[d->current - 1];
  unsigned of = kn_dwarf_entry(d, i)->tag;
  bool holds = of != KILN_DW_TAG_lexical_block && of != KILN_DW_TAG_label;
  uint32_t p = u->lines_only ? 0 : kn_dwarf_parent(d, i);
  for (uint32_t steps = 0; p != 0 && steps < KN_DWARF_DEPTH; steps++, p = kn_dwarf_parent(d, p)) {
    unsigned tag = kn_dwarf_entry(d, p)->tag;
    if (kn_dwarf_special(tag) || tag == KILN_DW_TAG_compile_unit) break;
    if (holds && steps == 0 && tag == KILN_DW_TAG_lexical_block) d->dies.at[p].holds = true;
    if (tag != KILN_DW_TAG_lexical_block || d->dies.at[p].holds) return p;
  }
  return u->die;
}

struct kn_dwarf_list kn_dwarf_signature(const struct kn_dwarf *d, const struct kn_dwarf_view *v,
                                        const struct kn_dwarf_item *a) {
  uint32_t i = a != NULL ? kn_dwarf_to(d, v, a) : 0;
  if (i && a->kind == KN_DA_TYPED) { /* the list of a type */
    struct kn_dwarf_view type = kn_dwarf_view(d, i);
    const struct kn_dwarf_item *b = type.shape->list;
    bool has = b != NULL && b->kind == KN_DA_SIGNATURE && !kn_dwarf_special(type.e->tag);
    i = has ? kn_dwarf_to(d, &type, b) : 0;
  }
  return kn_dwarf_list(d, i);
}

static void want_items(struct kn_dwarf *d, const struct kn_dwarf_list *list, uint32_t under,
                       unsigned depth);

/* Wants what an entry that is written in place refers to. */
static void want_refs(struct kn_dwarf *d, uint32_t i, unsigned depth) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  const struct kn_dwarf_item *a = v.shape->refs;
  for (const struct kn_dwarf_item *end = a + v.shape->n_refs; a < end; a++) {
    const uint32_t to = kn_dwarf_to(d, &v, a);
    const struct kn_dwarf_list list = kn_dwarf_list(d, to);
    if (a->kind == KN_DA_REF) kn_dwarf_reach(d, to);
    if (a->kind == KN_DA_CHILDREN && depth < KN_DWARF_PACKS) want_items(d, &list, i, depth + 1);
  }
}

/* Wants the members of a list; with `under`, they are the children of that entry. */
static void want_items(struct kn_dwarf *d, const struct kn_dwarf_list *list, uint32_t under,
                       unsigned depth) {
  for (uint32_t k = 0; k < list->n; k++) {
    uint32_t i = kn_dwarf_member(d, list, k);
    if (i && under && kn_dwarf_in_place(kn_dwarf_entry(d, i))) {
      d->dies.at[under].inner = true;
      want_refs(d, i, depth);
      continue;
    }
    kn_dwarf_reach(d, i);
    if (i && under && !d->dies.at[i].attached && !kn_dwarf_special(kn_dwarf_entry(d, i)->tag))
      kn_dwarf_append(d, under, i);
  }
}

/* Puts the namespaces and types that entry i is in into the tree; returns the innermost. */
static uint32_t attach_around(struct kn_dwarf *d, uint32_t i, unsigned depth) {
  const uint32_t p = kn_dwarf_context(d, i);
  unsigned tag = kn_dwarf_entry(d, p)->tag;
  if (d->dies.at[p].attached || tag == KILN_DW_TAG_subprogram || tag == KILN_DW_TAG_lexical_block ||
      depth > 64)
    return p;
  const uint32_t outer = attach_around(d, p, depth + 1);
  kn_dwarf_reach(d, p);
  if (!d->dies.at[p].attached) kn_dwarf_append(d, outer, p);
  return p;
}

/* Puts what holds the declaration of entry i into the tree before the entry: gdb's index does not find all
 * functions that refer to a declaration after them. A type has its members in the order of its list. */
static void attach_declaration(struct kn_dwarf *d, uint32_t i) {
  uint32_t to = kn_dwarf_ref(d, i, KILN_DW_AT_specification);
  if (to == 0 || d->dies.at[to].attached || kn_dwarf_special(kn_dwarf_entry(d, to)->tag)) return;
  const uint32_t in = attach_around(d, to, 0);
  unsigned tag = kn_dwarf_entry(d, in)->tag;
  if (d->dies.at[to].attached || (tag != KILN_DW_TAG_namespace && tag != KILN_DW_TAG_compile_unit))
    return;
  kn_dwarf_reach(d, to);
  kn_dwarf_append(d, in, to);
}

/* Puts an entry from the queue into the tree, and what it refers to into the queue. */
static void attach(struct kn_dwarf *d, uint32_t i) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  const unsigned tag = v.e->tag;
  const struct kn_dwarf_unit *u = &d->units.at[d->current - 1];
  if (tag == KILN_DW_TAG_compile_unit) return;
  if (u->lines_only) { /* names of functions that were inlined, or have inlined ones */
    if (tag == KILN_DW_TAG_subprogram && !d->dies.at[i].attached) kn_dwarf_append(d, u->die, i);
    return;
  }
  if (!d->dies.at[i].attached) {
    if (v.shape->specifies) attach_declaration(d, i);
    uint32_t p = kn_dwarf_context(d, i);
    bool first = !d->dies.at[p].reachable && tag != KILN_DW_TAG_lexical_block &&
                 kn_dwarf_entry(d, p)->tag != KILN_DW_TAG_lexical_block;
    kn_dwarf_reach(d, p);
    if (first) { /* the parent: it may have `i` in its list of children, as a block has not */
      (void)KN_PUSH(d->m, d->queue, i);
      return;
    }
    kn_dwarf_append(d, p, i);
  }
  const struct kn_dwarf_item *a = v.shape->refs;
  for (const struct kn_dwarf_item *end = a + v.shape->n_refs; a < end; a++) {
    const uint32_t to = kn_dwarf_to(d, &v, a);
    struct kn_dwarf_list list;
    switch (a->kind) {
    case KN_DA_REF:
      kn_dwarf_reach(d, to);
      /* whatever its scope is */
      if (a->name == KILN_DW_AT_discr && to && kn_dwarf_entry(d, to)->tag == KILN_DW_TAG_member &&
          !d->dies.at[to].attached)
        kn_dwarf_append(d, i, to);
      break;
    case KN_DA_CHILDREN:
      list = kn_dwarf_list(d, to);
      want_items(d, &list, i, 0);
      break;
    case KN_DA_RETAIN:
      list = kn_dwarf_list(d, to);
      if (d->dies.at[i].abstract) want_items(d, &list, 0, 0);
      break;
    case KN_DA_SIGNATURE:
    case KN_DA_TYPED:
      list = kn_dwarf_signature(d, &v, a);
      /* parameters of a definition are variables */
      if (a->kind == KN_DA_TYPED && !v.shape->declares && list.n > 1) list.n = 1;
      want_items(d, &list, 0, 0);
      break;
    default: break;
    }
  }
}

void kn_dwarf_drain(struct kn_dwarf *d) {
  for (uint32_t k = 0; k < d->queue.n; k++) attach(d, d->queue.at[k]);
  d->queue.n = 0;
}

/* ---- reaching ---- */

/* Notes the unit of what was put under an entry before that was in the tree itself. */
static void reach(struct kn_dwarf *d) {
  for (uint32_t k = 0; k < d->unplaced.n; k++) {
    uint32_t unit = d->dies.at[d->unplaced.at[k]].unit;
    d->queue.n = 0;
    (void)KN_PUSH(d->m, d->queue, d->unplaced.at[k]);
    while (d->queue.n) {
      uint32_t at = d->dies.at[d->queue.at[--d->queue.n]].first;
      for (; at; at = d->dies.at[at].next) {
        if (d->dies.at[at].unit != 0) continue;
        d->dies.at[at].unit = unit;
        if (d->dies.at[at].first) (void)KN_PUSH(d->m, d->queue, at);
      }
    }
  }
}

/* ---- the whole ---- */

/* Index of what entry `e` of a set is in, past what stands for its parent; 0: nothing. */
static inline uint32_t parent_of(const struct kn_dwarf *d, uint32_t set, const struct kn_die *e) {
  for (uint32_t steps = 0; steps < 64; steps++) {
    const uint32_t i = kn_dwarf_index(d, set, e->parent);
    if (KN_LIKELY(i == 0 || kn_dwarf_entry(d, i)->tag != KILN_DIE_TAG_PART)) return i;
    set = d->dies.at[i].set;
    e = &d->sets[set]->dies.at[i - d->set[set].base];
  }
  return 0;
}

/* Parents become indices. Of most blocks of C and C++ the source says nothing but that they are there: those that are
 * parents of anything else than blocks may be written. */
static void find_parents(struct kn_dwarf *d, uint32_t set) {
  struct kn_dwarf_die *die = d->dies.at + d->set[set].base;
  for (uint32_t k = 0; k < d->set[set].n; k++, die++) {
    const unsigned tag = die->source.tag;
    if (die->source.parent == 0 || tag == KILN_DIE_TAG_LIST) continue;
    const uint32_t p = die->source.parent = parent_of(d, set, &d->sets[set]->dies.at[k]);
    if (tag != KILN_DW_TAG_lexical_block && tag != KILN_DIE_TAG_PART) d->dies.at[p].encloses = true;
  }
}

static bool number_entries(struct kn_dwarf *d) {
  const struct kn_image *e = d->image;
  d->set = kn_arena_zero(d->arena, (e->n_sessions + 1) * sizeof *d->set, 4);
  d->sets = kn_arena_zero(d->arena, (e->n_sessions + 1) * sizeof *d->sets, 8);
  if (d->set == NULL || d->sets == NULL) return false;
  uint64_t n = 0;
  for (uint32_t i = 0; i <= e->n_sessions; i++) {
    const struct kiln_debug *in = d->sets[i] = i ? e->sessions[i - 1]->debug : d->module;
    d->set[i] = (struct kn_dwarf_set){(uint32_t)n, in ? in->dies.n : 0};
    n += d->set[i].n;
  }
  if (n > UINT32_MAX / 4 || e->n_sessions >= KN_DWARF_SETS - 1 || !kn_dwarf_shapes(d) ||
      !KN_RESIZE(d->m, d->dies, (uint32_t)n))
    return false;
  d->n_sources = (uint32_t)n;
  for (uint32_t s = 0; s <= e->n_sessions; s++) {
    const struct kiln_debug *in = d->sets[s];
    uint32_t base = d->set[s].base;
    struct kn_dwarf_die *die = d->dies.at + base;
    for (uint32_t k = 0; k < d->set[s].n; k++, die++) {
      const struct kn_die *source = &in->dies.at[k];
      *die = (struct kn_dwarf_die){
        .source = *source, .of = source->tag ? base + k : 0, .set = s & (KN_DWARF_SETS - 1)};
    }
  }
  for (uint32_t s = 0; s <= e->n_sessions; s++) find_parents(d, s);
  return true;
}

/* Wants module entry i, or the members of a list, which may be lists too. */
static void want_all(struct kn_dwarf *d, uint32_t i, unsigned depth) {
  const struct kn_dwarf_list list = kn_dwarf_list(d, i);
  kn_dwarf_reach(d, i);
  for (uint32_t k = 0; k < list.n && depth < 4; k++)
    want_all(d, kn_dwarf_member(d, &list, k), depth + 1);
}

/* Units without code and entries are not written, as LLVM writes none. */
static void leave_out_empty(struct kn_dwarf *d) {
  for (uint32_t u = 0; u < d->units.n; u++) {
    struct kn_dwarf_unit *unit = &d->units.at[u];
    const struct kn_dwarf_die *die = &d->dies.at[unit->die];
    bool has_entries = die->first != 0 || die->inner;
    unit->empty = unit->n_funcs == 0 && !has_entries;
    d->n_units += !unit->empty;
    d->split |= d->image->split && d->m->attrs.dwo_name != NULL &&
                has_entries; /* else, as by LLVM, there is nothing to split */
  }
  for (uint32_t u = 0; u < d->units.n; u++) d->units.at[u].one_stretch &= d->n_units == 1;
}

/* Takes in the units that the module names. */
static void find_units(struct kn_dwarf *d) {
  const struct kiln_debug *in = d->module;
  for (uint32_t k = 0; k < in->units.n; k++) {
    uint32_t i = kn_dwarf_index(d, 0, in->units.at[k]);
    struct kn_dwarf_unit unit = {.die = i};
    struct kn_die_attr a;
    if (i == 0 || kn_dwarf_entry(d, i)->tag != KILN_DW_TAG_compile_unit || d->dies.at[i].attached)
      continue;
    if (kn_dwarf_attr(d, i, KILN_DW_AT_language, &a)) unit.language = (uint32_t)a.value;
    unit.names = kn_dwarf_attr(d, i, KILN_DW_AT_GNU_pubnames, &a);
    (void)KN_PUSH(d->m, d->units, unit);
    d->dies.at[i].attached = d->dies.at[i].reachable = true;
    d->dies.at[i].unit = d->units.n;
    d->dies.at[i].inner = (kn_dwarf_view(d, i).shape->kinds & 1u << KN_DA_CHILDREN) != 0;
  }
}

/* The unit that module entry `id` is; NULL: it is none. */
static struct kn_dwarf_unit *unit_of(struct kn_dwarf *d, uint32_t id) {
  const uint32_t i = kn_dwarf_index(d, 0, id), number = i ? d->dies.at[i].unit : 0;
  return number ? &d->units.at[number - 1] : NULL;
}

/* Gives each unit what names it, so that none has to look at what is of others. False without memory. */
static bool share_out(struct kn_dwarf *d) {
  const struct kiln_debug *in = d->module;
  struct kn_dwarf_unit *u;
  for (uint32_t k = 0; k < in->lines_only.n; k++)
    if ((u = unit_of(d, in->lines_only.at[k])) != NULL) u->lines_only = true;
  if (in->kept.n != 0 && (d->next_kept = kn_dwarf_zeros(d, in->kept.n / 2)) == NULL) return false;
  for (uint32_t k = in->kept.n / 2; k-- > 0;) {
    if ((u = unit_of(d, in->kept.at[2 * k])) == NULL) continue;
    d->next_kept[k] = u->first_kept;
    u->first_kept = k + 1;
  }
  const uint32_t n = d->image->n_funcs;
  if (n != 0 && (d->next_func = kn_dwarf_zeros(d, n)) == NULL) return false;
  for (uint32_t i = n; i-- > 0;) {
    const struct kn_code_func *f = kn_image_func(d->image, i);
    if (f->subprogram == 0 || (u = unit_of(d, f->unit)) == NULL) continue;
    d->next_func[i] = u->first_func;
    u->first_func = i + 1;
  }
  return true;
}

static void collect(struct kn_dwarf *d) {
  const struct kiln_debug *in = d->module;
  find_units(d);
  if (!share_out(d)) return;
  for (uint32_t k = 0; k < in->globals.n; k++) {
    uint32_t i = kn_dwarf_index(d, 0, in->globals.at[k].variable);
    if (i) d->dies.at[i].global = k + 1;
  }
  if (d->units.n != 0) {
    kn_dwarf_abstract(d);
    kn_dwarf_callees(d);
  }
  for (uint32_t u = 0; u < d->units.n; u++) {
    d->current = u + 1;
    /* These first: gdb knows an alias of a namespace only if the namespace is before it, and
       functions may refer to what has an alias in it. */
    uint32_t k = d->units.at[u].lines_only ? 0 : d->units.at[u].first_kept;
    for (; k-- != 0; k = d->next_kept[k]) {
      uint32_t i = kn_dwarf_index(d, 0, in->kept.at[2 * k + 1]);
      if (i == 0) continue;
      want_all(d, i, 0);
      kn_dwarf_drain(d);
    }
    KN_DWARF_EACH_FUNC(d, u, i)
    kn_dwarf_function(d, i);
  }
  leave_out_empty(d);
  reach(d);
}

bool kn_dwarf_is_split(const struct kn_dwarf *d) { return d->split; }

const struct kn_dwarf_buffer *kn_dwarf_section(const struct kn_dwarf *d, unsigned section) {
  return &d->out[section];
}

void *kn_dwarf_no_memory(kiln_module *m) {
  if (kn_module_own(m) == KILN_OK)
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory for debugging information");
  return NULL;
}

/* Frees all but the sections' content: the object's memory is taken next. */
static void free_work(struct kn_dwarf *d) {
  KN_FREE(&d->m->options.allocator, d->dies.at, d->units.at, d->queue.at, d->unplaced.at,
          d->vars.at, d->scopes.at, d->ranges.at, d->patches.at, d->files.at, d->file_of, d->str_of,
          d->func_addr, d->callees, d->func_node, d->next_func, d->next_kept, d->names.at,
          d->links.at, d->pointers.at, d->scope_way.at, d->filed.at, d->instance_of,
          d->qualified.at);
  kn_trie_free(d->m, &d->abbrevs);
  kn_hash_free(&d->m->options.allocator, &d->str_hash);
  kn_hash_free(&d->m->options.allocator, &d->scope_hash);
  kn_hash_free(&d->m->options.allocator, &d->file_hash);
  kn_hash_free(&d->m->options.allocator, &d->dir_hash);
  struct kn_dwarf left = {.m = d->m, .split = d->split};
  memcpy(left.out, d->out, sizeof left.out);
  memcpy(&left.strs, &d->strs, sizeof left.strs);
  *d = left;
}

bool kn_dwarf_build(const struct kn_image *image, struct kn_arena *arena, struct kn_dwarf **out) {
  kiln_module *m = image->m;
  *out = NULL;
  const bool described = m->debug != NULL && m->debug->units.n != 0;
  if (!described && !m->options.debug_frame) return true;
  struct kn_dwarf *d = *out = kn_arena_zero(arena, sizeof *d, 8);
  if (d == NULL) return kn_dwarf_no_memory(m) != NULL;
  d->image = image;
  d->arena = arena;
  d->m = m;
  d->module = m->debug;
  d->version = m->attrs.dwarf_version ? m->attrs.dwarf_version : 5;
  if (described) {
    if (number_entries(d)) collect(d);
    else kn_dwarf_no_memory(m);
  }
  if (d->n_units != 0) kn_dwarf_info(d);
  kn_dwarf_frames(d);
  free_work(d);
  return kn_dwarf_ok(d);
}

void kn_dwarf_free(struct kn_dwarf *d) {
  if (d == NULL) return;
  free_work(d);
  for (struct kn_dwarf_buffer *b = d->out; b < d->out + KN_DS_COUNT; b++)
    KN_FREE(&d->m->options.allocator, b->bytes.at, b->relocs.at, b->lists.at);
  kn_realloc(d->m, d->strs.at, 0);
}

void kn_dwarf_content(const struct kn_dwarf *d, unsigned section, uint8_t *to) {
  const struct kn_dwarf_buffer *b = &d->out[section];
  if (section != KN_DS_STR) memcpy(to, b->bytes.at, b->bytes.n);
  else
    for (const struct kn_dwarf_string *s = d->strs.at, *end = s + d->strs.n; s < end; s++) {
      memcpy(to + s->at, s->text, s->n);
      to[s->at + s->n] = 0;
    }
}
