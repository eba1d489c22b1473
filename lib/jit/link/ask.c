/* What a JIT's resolver is asked, and what it answered. The resolver is the user's, and may call anything: it may add
 * units, also to the stream that needs its answer, and change the modules that are linked. So it is called between two
 * attempts to link a unit (link.c, stream.c), when nothing is in progress.
 * Invariant: the resolver gets each name at most once per unit. */
#include "lib/jit/jit_state.h"

bool kn_jit_name_after(struct kn_jit_name a, struct kn_jit_name b) {
  return kn_bytes_after(a.text, a.length, b.text, b.length);
}

/* The answer for a name, or NULL: then *at is its position in the table. */
static const struct kn_jit_answer *find(const struct kn_jit_answers *a, struct kn_jit_name name,
                                        uint32_t *at) {
  uint32_t i;
  KN_HASH_EACH(&a->hash, name.hash, *at, i, kn_jit_name_after(name, a->list.at[i - 1].name)) {
    const struct kn_jit_answer *q = a->list.at + (i - 1);
    if (q->name.length == name.length && memcmp(q->name.text, name.text, name.length) == 0)
      return q;
  }
  return NULL;
}

const struct kn_jit_answer *kn_jit_answer(const struct kn_jit_link *l, struct kn_jit_name name) {
  uint32_t at;
  return find(l->answers, name, &at);
}

bool kn_jit_ask_for(struct kn_jit_link *l, struct kn_jit_name name, bool own) {
  struct kn_jit_answers *a = l->answers;
  const kiln_allocator *allocator = &l->jit->options.allocator;
  if (a->list.n == 0 && a->names.first == NULL) kn_arena_init(&a->names, allocator);
  uint32_t at;
  if (find(a, name, &at) != NULL) return true;
  /* a copy: the resolver may change the module that has it */
  name.text = kn_arena_string(&a->names, name.text, name.length);
  if (name.text == NULL || !KN_HASH_ROOM(allocator, &a->hash) ||
      !KN_PUSH(allocator, a->list, (struct kn_jit_answer){.name = name, .own = own}))
    return kn_jit_no_memory(l->error);
  kn_hash_put(&a->hash, at, name.hash, a->list.n);
  return true;
}

bool kn_jit_knows(kiln_jit *jit, struct kn_jit_name name) {
  kn_jit_lock(jit);
  const struct kn_jit_entry *e = kn_jit_entry_find(jit, name.text, name.length, NULL);
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

kiln_status kn_jit_ask(kiln_jit *jit, struct kn_jit_answers *a, const kiln_jit_input *inputs,
                       uint32_t n_inputs, kiln_jit_error *e) {
  hold(inputs, n_inputs, true);
  kn_jit_call_out(jit);
  while (kn_jit_unanswered(a) && !atomic_load(&jit->freed)) {
    struct kn_jit_answer *q = a->list.at + a->n_asked++;
    if (!q->own && kn_jit_knows(jit, q->name)) continue; /* an answer before has added it */
    q->address = (uintptr_t)jit->options.resolve(jit->options.resolve_user, q->name.text);
  }
  hold(inputs, n_inputs, false);
  return kn_jit_call_back(jit, e) ? KILN_OK : e->diag.status;
}

void kn_jit_answers_free(kiln_jit *jit, struct kn_jit_answers *a) {
  KN_ARRAY_FREE(&jit->options.allocator, a->list);
  kn_hash_free(&jit->options.allocator, &a->hash);
  kn_arena_free(&a->names);
}
