/* Tables of names; what a JIT's resolver is asked, and what it answered. The resolver is the user's, and may call
 * anything: it may add units, also to the stream that needs its answer, and change the modules that are linked. So it
 * is called between two attempts to link a unit, when nothing is in progress.
 * Invariant: the resolver gets each name at most once per unit. */
#include "lib/jit/link/link.h"

static KN_COLD bool after(struct kn_jit_name a, struct kn_jit_name b) {
  return kn_bytes_after(a.text, a.length, b.text, b.length);
}

struct kn_jit_named *kn_jit_names_find(const struct kn_jit_names *names, struct kn_jit_name name,
                                       uint32_t *at) {
  uint32_t i;
  KN_HASH_EACH(&names->hash, name.hash, *at, i, after(name, names->list.at[i - 1].name)) {
    struct kn_jit_named *n = names->list.at + (i - 1);
    if (n->name.length == name.length && memcmp(n->name.text, name.text, name.length) == 0)
      return n;
  }
  return NULL;
}

struct kn_jit_named *kn_jit_names_get(const kiln_allocator *a, struct kn_jit_names *names,
                                      struct kn_jit_name name) {
  uint32_t at;
  struct kn_jit_named *n = kn_jit_names_find(names, name, &at);
  if (n != NULL) return n;
  if (!KN_HASH_ROOM(a, &names->hash)) return NULL;
  (void)kn_jit_names_find(names, name, &at);
  if (!KN_PUSH(a, names->list, (struct kn_jit_named){.name = name})) return NULL;
  kn_hash_put(&names->hash, at, name.hash, names->list.n);
  return names->list.at + names->list.n - 1;
}

void kn_jit_names_free(const kiln_allocator *a, struct kn_jit_names *names) {
  KN_FREE(a, names->list.at);
  kn_hash_free(a, &names->hash);
}

bool kn_jit_ask_for(struct kn_jit_link *l, struct kn_jit_name name, bool own) {
  struct kn_jit_answers *a = l->answers;
  const kiln_allocator *allocator = &l->jit->options.allocator;
  if (a->names.list.n == 0 && a->texts.first == NULL) kn_arena_init(&a->texts, allocator);
  /* a copy: the resolver may change the module that has it */
  name.text = kn_arena_string(&a->texts, name.text, name.length);
  struct kn_jit_named *n = name.text != NULL ? kn_jit_names_get(allocator, &a->names, name) : NULL;
  if (n == NULL) return kn_jit_no_memory(l->error);
  n->own = own;
  return true;
}

bool kn_jit_knows(kiln_jit *jit, struct kn_jit_name name) {
  kn_jit_lock(jit);
  const struct kn_jit_entry *e = kn_jit_entry_find(jit, name, NULL);
  bool yes = e != NULL && kn_jit_is_known(e);
  kn_jit_unlock(jit);
  return yes;
}

/* Keeps modules and sessions from being freed, or ends that. */
static void hold(const kiln_jit_input *inputs, uint32_t n, bool on) {
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t k = 0; k < inputs[i].n_sessions; k++)
      kn_in_use(&inputs[i].sessions[k]->in_use, on);
    kn_in_use(&inputs[i].module->in_use, on);
  }
}

kiln_status kn_jit_ask(struct kn_jit_link *l, const kiln_jit_input *inputs, uint32_t n) {
  kiln_jit *jit = l->jit;
  struct kn_jit_answers *a = l->answers;
  hold(inputs, n, true);
  kn_jit_call_out(jit);
  while (kn_jit_unanswered(a) && !atomic_load(&jit->freed)) {
    struct kn_jit_named *q = a->names.list.at + a->n_asked++;
    if (!q->own && kn_jit_knows(jit, q->name)) continue; /* an answer before has added it */
    q->address = (uintptr_t)jit->options.resolve(jit->options.resolve_user, q->name.text);
  }
  hold(inputs, n, false);
  return kn_jit_call_back(jit, l->error) ? KILN_OK : l->error->diag.status;
}

void kn_jit_answers_free(const kiln_jit *jit, struct kn_jit_answers *a) {
  kn_jit_names_free(&jit->options.allocator, &a->names);
  kn_arena_free(&a->texts);
}
