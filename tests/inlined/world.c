/* See world.h. The arena lies in a large range of addresses that nothing may be read from, so that an address that a
 * program computes from a drawn number ends the run, and does no harm. */
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#define WINDOW (UINT64_C(64) << 30)
#define HEAP_AT ((uint64_t)OBJECTS * OBJECT_BYTES)
#define OUTSIDE_AT (HEAP_AT + HEAP_BYTES)

static struct world *running; /* for handlers of signals */

/* ---- numbers ---- */

uint64_t world_mix(uint64_t a, uint64_t b) {
  uint64_t z = a + UINT64_C(0x9e3779b97f4a7c15) * (b + 1);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

uint64_t world_roll(struct dice *d) { return d->state = world_mix(d->state, 1); }

uint32_t world_pick(struct dice *d, uint32_t n) { return (uint32_t)((world_roll(d) >> 8) % n); }

static uint64_t draw_number(struct dice *d) {
  static const uint64_t edges[] = {UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, UINT32_MAX,
                                   INT32_MAX,  127,       UINT64_C(1) << 31,   255};
  const uint32_t way = world_pick(d, 16);
  if (way < 9) return world_pick(d, 4);
  if (way < 13) return world_pick(d, 40);
  if (way < 14) return edges[world_pick(d, 8)];
  return way < 15 ? world_roll(d) : world_pick(d, 1 << 16);
}

static uint64_t draw_address(struct world *w, struct dice *d) {
  uint64_t at = (uint64_t)world_pick(d, OBJECTS) * OBJECT_BYTES;
  if (world_pick(d, 5) == 0) at += 8u * world_pick(d, 32);
  return (uint64_t)(uintptr_t)w->arena + at;
}

static uint64_t any_function(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                             uint64_t f);

static uint64_t draw_word(struct world *w, struct dice *d) {
  const uint32_t way = world_pick(d, 32);
  if (way < 13) return draw_address(w, d);
  if (way < 15) return (uint64_t)(uintptr_t)any_function;
  if (way < 17) return draw_number(d) << 32 | (uint32_t)draw_number(d);
  if (way < 18) return UINT64_C(0x0021646c726f7768); /* text that ends */
  return draw_number(d);
}

static kiln_interp_value draw_value(struct world *w, struct dice *d, unsigned type, bool address) {
  union {
    double f64;
    float f32;
    uint64_t bits;
  } f = {.bits = 0};
  switch (type) {
  case KILN_TYPE_I8:
    return (kiln_interp_value){world_pick(d, 3) ? world_pick(d, 2) : draw_number(d), 0};
  case KILN_TYPE_I64: return (kiln_interp_value){address ? draw_address(w, d) : draw_number(d), 0};
  case KILN_TYPE_I128:
    return (kiln_interp_value){draw_number(d), world_pick(d, 2) ? 0 : draw_number(d)};
  case KILN_TYPE_F32: f.f32 = (float)(int32_t)draw_number(d) / 2; break;
  case KILN_TYPE_F64: f.f64 = (double)(int64_t)draw_number(d) / 4; break;
  case KILN_TYPE_F80:
    return (kiln_interp_value){UINT64_C(1) << 63 | world_pick(d, 1 << 20),
                               0x3fff + world_pick(d, 9)};
  case KILN_TYPE_V64:
  case KILN_TYPE_V128: return (kiln_interp_value){draw_word(w, d), draw_word(w, d)};
  default: return (kiln_interp_value){draw_number(d), 0};
  }
  if (world_pick(d, 8) == 0) f.bits = world_roll(d);
  return (kiln_interp_value){f.bits, 0};
}

/* ---- addresses on the stack ---- */

/* The slot that `at` is in, or right beside; NULL: it is elsewhere. */
static const struct slot *slot_at(const struct world *w, uint64_t at) {
  uint32_t low = 0, high = w->n_slots;
  if (at - (uint64_t)(uintptr_t)w->slots_from >= SLOTS_BYTES) return NULL;
  while (low < high) {
    uint32_t mid = low + (high - low) / 2;
    const struct slot *s = &w->slots[mid];
    const uint64_t from = (uint64_t)(uintptr_t)s->at;
    if (at + GAP_BYTES / 2 < from) high = mid;
    else if (at > from + s->size + GAP_BYTES / 2) low = mid + 1;
    else return s;
  }
  return NULL;
}

static struct item item_of(const struct world *w, uint64_t word) {
  const struct slot *s = slot_at(w, word);
  if (s != NULL)
    return (struct item){s->shared ? UNKNOWN : word - (uint64_t)(uintptr_t)s->at, ITEM_STACK};
  const struct kn_thread *t = kn_interp_thread(w->in);
  const uint64_t from = (uint64_t)(uintptr_t)t->stack, to = (uint64_t)(uintptr_t)t->limit;
  if (word >= from && word < to) return (struct item){UNKNOWN, ITEM_STACK};
  return (struct item){word, ITEM_VALUE};
}

static void note(struct world *w, uint64_t word, uint8_t kind) {
  struct outcome *out = w->out;
  if (out->n_items == MOST_ITEMS)
    kn_interp_fault(kn_interp_thread(w->in), KILN_ERR_LIMIT, "too many calls");
  out->items[out->n_items++] =
    kind == ITEM_FACT ? (struct item){word, ITEM_FACT} : item_of(w, word);
}

/* Memory of a slot, with a gap on each side. */
static uint64_t new_slot(struct world *w, struct kn_thread *t, uint64_t size, uint64_t align,
                         bool shared) {
  if (align < 16) align = 16;
  uint64_t at = (uint64_t)(uintptr_t)w->slots_to + GAP_BYTES + 16 * w->chance.shift;
  at = (at + align - 1) & ~(align - 1);
  uint8_t *from = (uint8_t *)(uintptr_t)at;
  if (size > SLOTS_BYTES / 4 || w->n_slots == MOST_SLOTS ||
      from + size + GAP_BYTES > w->slots_from + SLOTS_BYTES)
    kn_interp_fault(t, KILN_ERR_LIMIT, "no more room for slots");
  memset(from - GAP_BYTES, w->chance.fill, size + 2 * GAP_BYTES);
  w->slots[w->n_slots++] = (struct slot){from, size, shared};
  w->slots_to = from + size + GAP_BYTES;
  return at;
}

static void entered(struct kn_interp_observer *o, struct kn_thread *t, struct kn_frame *fr) {
  struct world *w = (struct world *)(void *)((char *)o - offsetof(struct world, observer));
  const struct kn_ifunc *fn = fr->fn;
  if (t->frame != NULL && t->frame->pc->op != KILN_OP_TAILCALL)
    w->on_call(w->on_call_user, t->frame->fn, t->frame->pc->y);
  const struct placement *p = t->frame == NULL ? w->placement : NULL;
  uint64_t shared = 0;
  if (p != NULL && p->bytes != 0) shared = new_slot(w, t, p->bytes, 64, true);
  for (uint32_t k = 0; k < fn->n_slots; k++) {
    const uint32_t s = w->chance.shift & 1 ? fn->n_slots - 1 - k : k; /* in either order */
    const struct kn_islot *slot = &fn->slots[s];
    uint64_t *at = &fr->regs[slot->reg];
    if (p != NULL && p->at[s] != OWN_MEMORY) *at = shared + p->at[s];
    else *at = new_slot(w, t, slot->size, fn->slot_align, false);
    if (slot->root) memset((void *)(uintptr_t)*at, 0, slot->size);
  }
}

/* Was something written beside a slot? */
static bool overrun(const struct world *w) {
  for (uint32_t k = 0; k < w->n_slots; k++)
    for (unsigned b = 0; b < GAP_BYTES; b++)
      if (w->slots[k].at[-1 - (int)b] != w->chance.fill ||
          w->slots[k].at[w->slots[k].size + b] != w->chance.fill)
        return true;
  return false;
}

/* ---- functions outside ---- */

static uint64_t allocate(struct world *w, uint64_t bytes) {
  if (bytes > HEAP_BYTES - w->heap_used) return 0;
  uint64_t at = (uint64_t)(uintptr_t)w->arena + HEAP_AT + w->heap_used;
  w->heap_used += (bytes + 31) & ~UINT64_C(15);
  return w->heap_used <= HEAP_BYTES ? at : 0;
}

/* What a function that allocates gives; false: it is none. */
static bool allocates(struct world *w, const char *name, const uint64_t *args, uint64_t *result) {
  static const struct {
    const char *name;
    unsigned size, times; /* the parameters */
    bool zero;
  } rows[] = {{"malloc", 0, 0, false},
              {"calloc", 0, 1, true},
              {"_Znwm", 0, 0, false},
              {"_Znam", 0, 0, false}};
  if (strstr(name, "__rust_alloc_zeroed") != NULL || strstr(name, "__rust_alloc") != NULL) {
    *result = allocate(w, args[0]);
    if (*result != 0 && strstr(name, "zeroed") != NULL)
      memset((void *)(uintptr_t)*result, 0, args[0]);
    return true;
  }
  for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
    if (strcmp(name, rows[k].name) != 0) continue;
    uint64_t times = rows[k].times != rows[k].size ? args[2 * rows[k].times] : 1;
    uint64_t bytes = times > HEAP_BYTES ? UINT64_MAX : args[2 * rows[k].size] * times;
    *result = allocate(w, bytes);
    if (*result != 0 && rows[k].zero) memset((void *)(uintptr_t)*result, 0, bytes);
    return true;
  }
  return false;
}

/* How many bytes a function outside may access at an address: of a slot, or of an object. */
static uint64_t reach(const struct world *w, uint64_t at) {
  const struct slot *s = slot_at(w, at);
  const uint64_t arena = (uint64_t)(uintptr_t)w->arena;
  if (s != NULL) {
    uint64_t end = (uint64_t)(uintptr_t)s->at + s->size;
    return at >= (uint64_t)(uintptr_t)s->at && at < end ? end - at : 0;
  }
  if (at < arena || at >= arena + HEAP_AT) return 0;
  return OBJECT_BYTES - (at - arena) % OBJECT_BYTES;
}

/* Records what is at an address, and writes there, perhaps. */
static void visit(struct world *w, struct dice *d, uint64_t at) {
  uint64_t bytes = reach(w, at);
  if (bytes > 48) bytes = 48;
  if (item_of(w, at).kind == ITEM_STACK) { /* slots that share memory have no bounds */
    if (w->first && w->n_visits < MOST_ITEMS) w->visits[w->n_visits++] = (uint8_t)bytes;
    bytes = w->n_seen < w->n_visits ? w->visits[w->n_seen++] : 0;
  }
  if (bytes == 0) return;
  uint8_t *p = (uint8_t *)(uintptr_t)at;
  for (uint64_t k = 0; k < bytes; k += 8) {
    uint64_t word = 0;
    memcpy(&word, p + k, bytes - k < 8 ? bytes - k : 8);
    note(w, word, ITEM_VALUE);
  }
  if (world_pick(d, 2) == 0) return;
  for (uint64_t k = 0; k < bytes; k += 8) {
    uint64_t word = draw_word(w, d);
    if (world_pick(d, 3) != 0) memcpy(p + k, &word, bytes - k < 8 ? bytes - k : 8);
  }
}

/* May an exception leave the call that the frame `fr` makes, up to a TRY, or to where the run began? */
static bool may_throw(const struct kn_frame *fr) {
  for (; fr != NULL && fr->pc->op != KILN_OP_TRY; fr = fr->caller)
    if (fr->pc->op != KILN_OP_CALL || fr->fn->sites[fr->pc->y].nounwind) return false;
  return true;
}

/* Throws, if the first run with this input does so: there, if it may. A copy of a function that no exception may leave
 * does not say so any more. */
static void throw_one(struct world *w, struct dice *d, const struct kn_frame *fr) {
  if (w->events > MOST_ITEMS) return;
  bool *throws = &w->throws[w->events - 1];
  if (w->first) *throws = may_throw(fr);
  if (!*throws) return;
  const void *type = w->n_types != 0 && world_pick(d, 4) ? w->types[world_pick(d, w->n_types)] : w;
  void *exception = (void *)(uintptr_t)draw_address(w, d);
  note(w, UINT64_C(0x7777), ITEM_FACT);
  kiln_interp_throw(w->in, exception, type);
}

/* Of each function that the unit only declares. Values have two words each. */
static void record(uint64_t symbol, const uint64_t *args, uint64_t *results) {
  struct world *w = running;
  const kiln_symbol_info info = kiln_symbol_get(w->m, (kiln_symbol){(uint32_t)symbol});
  const kiln_sig_info sig = kiln_sig_get(w->m, info.sig);
  struct dice d = {world_mix(w->seed, world_mix(symbol, w->events++))};
  struct kn_thread *t = kn_interp_thread(w->in);
  note(w, symbol, ITEM_FACT);
  for (uint32_t k = 0; k < sig.n_params; k++) {
    note(w, args[2 * k], ITEM_VALUE);
    if (sig.params[k].type != KILN_TYPE_I64) note(w, args[2 * k + 1], ITEM_VALUE);
  }
  if (sig.n_results == 1 && sig.n_params != 0 && allocates(w, info.desc.name, args, results))
    return;
  for (uint32_t k = 0; k < sig.n_params; k++)
    if (sig.params[k].type == KILN_TYPE_I64) visit(w, &d, args[2 * k]);
  if ((sig.flags & KILN_SIG_NORETURN) || world_pick(&d, 8) == 0) throw_one(w, &d, t->frame->caller);
  if (sig.flags & KILN_SIG_NORETURN) kn_interp_fault(t, KILN_ERR_TRAP, "%.60s", info.desc.name);
  for (uint32_t k = 0; k < sig.n_results; k++) {
    kiln_interp_value v = draw_value(w, &d, sig.results[k], world_pick(&d, 2));
    results[2 * k] = v.low;
    results[2 * k + 1] = v.high;
  }
}

/* What drawn addresses of functions are. */
static uint64_t any_function(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                             uint64_t f) {
  const uint64_t args[] = {a, b, c, d, e, f};
  struct world *w = running;
  struct kn_thread *t = kn_interp_thread(w->in);
  const struct kn_isig *sig = w->in->sigs[t->frame->fn->sites[t->frame->pc->y].sig];
  struct dice dice = {world_mix(w->seed, w->events++)};
  if (sig->floats != 0 || sig->f80s != 0 || sig->n_results > 1 || sig->int_words > 1)
    kn_interp_fault(t, KILN_ERR_UNSUPPORTED, "a drawn function with such results");
  note(w, UINT64_C(0x8888), ITEM_FACT);
  for (uint32_t k = 0; k < sig->n_params; k++) {
    const struct kn_place *p = &sig->params[k];
    if (p->kind != KN_PLACE_GP || p->words != 1) continue;
    note(w, args[p->at] & kn_interp_mask(kn_interp_bits(p->type)), ITEM_VALUE);
    if (p->type == KILN_TYPE_I64) visit(w, &dice, args[p->at]);
  }
  if (world_pick(&dice, 8) == 0) throw_one(w, &dice, t->frame);
  return draw_value(w, &dice, sig->n_results != 0 ? sig->results[0] : KILN_TYPE_I64,
                    world_pick(&dice, 2))
    .low;
}

/* C functions that the interpreter calls. */
static bool is_native(const char *name) {
  static const char *const names[] = {"memcpy", "memmove", "memset",  "memcmp", "bcmp",
                                      "strlen", "strcmp",  "strncmp", "memchr", "fmod",
                                      "fmodf",  "floor",   "ceil",    "sqrt",   "record_call"};
  for (unsigned k = 0; k < sizeof names / sizeof *names; k++)
    if (strcmp(name, names[k]) == 0) return true;
  return false;
}

static void build_stand_in(kiln_session *s, kiln_symbol symbol, kiln_sig_info sig,
                           kiln_symbol recorder) {
  kiln_func *f = kiln_func_begin(s, symbol);
  kiln_value args = kiln_slot_new(f, 16 * (sig.n_params + 1), 4);
  kiln_value results = kiln_slot_new(f, 16 * KILN_MAX_RESULTS, 4);
  kiln_value values[KILN_MAX_RESULTS];
  const kiln_value zero = kiln_const_int(f, 0);
  for (uint32_t k = 0; k < 2 * KILN_MAX_RESULTS; k++)
    kiln_build_store(f, KILN_TYPE_I64, results, (int32_t)(8 * k), zero, 0);
  for (uint32_t k = 0; k < sig.n_params; k++) {
    const int32_t at = (int32_t)(16 * k);
    kiln_build_store(f, KILN_TYPE_I64, args, at, zero, 0);
    kiln_build_store(f, KILN_TYPE_I64, args, at + 8, zero, 0);
    kiln_build_store(f, (kiln_type)sig.params[k].type, args, at, kiln_func_param(f, k), 0);
  }
  const kiln_value given[] = {kiln_const_int(f, symbol.id), args, results};
  kiln_symbol_info to = kiln_symbol_get(kiln_session_module(s), recorder);
  kiln_build_call(f, to.sig, kiln_const_symbol(f, recorder, 0), given, 3);
  for (uint32_t k = 0; k < sig.n_results; k++)
    values[k] = kiln_build_load(f, (kiln_type)sig.results[k], results, (int32_t)(16 * k), 0);
  kiln_build_ret(f, values, sig.n_results);
  if (kiln_interp_add(running->in, f) != KILN_OK)
    fprintf(stderr, "no stand-in: %s\n", kiln_symbol_get(kiln_session_module(s), symbol).desc.name);
  kiln_func_discard(f);
}

void world_stand_in(struct world *w, kiln_session *s) {
  const uint32_t n = kiln_symbol_count(w->m);
  kiln_symbol recorder = kiln_func_declare(w->m, &(kiln_symbol_desc){.name = "record_call"},
                                           kiln_sig_parse(w->m, "(i64, i64, i64)"));
  for (uint32_t id = 1; id <= n; id++) {
    const kiln_symbol_info info = kiln_symbol_get(w->m, (kiln_symbol){id});
    if (info.kind != KILN_SYMBOL_FUNC || info.defined || info.desc.name == NULL) continue;
    if (is_native(info.desc.name) || (id < w->in->n_by_symbol && w->in->by_symbol[id])) continue;
    const kiln_sig_info sig = kiln_sig_get(w->m, info.sig);
    if (sig.flags & (KILN_SIG_WIDE_RESULTS | KILN_SIG_RETURNS_TWICE)) continue;
    build_stand_in(s, (kiln_symbol){id}, sig, recorder);
  }
}

/* ---- the interpreter ---- */

static void *resolve(void *user, const char *name) {
  struct world *w = user;
  if (strcmp(name, "record_call") == 0) {
    void *p;
    void (*f)(uint64_t, const uint64_t *, uint64_t *) = record;
    memcpy(&p, &f, sizeof p);
    return p;
  }
  if (is_native(name)) return NULL;
  uint32_t k = 0;
  while (k < w->n_outside && strcmp(w->outside[k], name) != 0) k++;
  if (k == OUTSIDE) return NULL;
  if (k == w->n_outside) w->outside[w->n_outside++] = name;
  return w->arena + OUTSIDE_AT + k * OBJECT_BYTES;
}

static void on_signal(int number) {
  kn_interp_fault(kn_interp_thread(running->in), KILN_ERR_UNDEFINED, "signal %d", number);
}

static void catch_signals(void) {
  static char stack[1 << 17];
  stack_t s = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction a = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
  sigaltstack(&s, NULL);
  sigaction(SIGSEGV, &a, NULL);
  sigaction(SIGBUS, &a, NULL);
  sigaction(SIGFPE, &a, NULL);
}

/* The memory that all worlds use, one after the other. */
static uint8_t *window(void) {
  static uint8_t *at;
  if (at != NULL) return at;
  void *p = mmap(NULL, WINDOW, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return NULL;
  at = p;
  mprotect(at + WINDOW / 2, ARENA_BYTES, PROT_READ | PROT_WRITE);
  mprotect(at + WINDOW / 4, SLOTS_BYTES, PROT_READ | PROT_WRITE);
  catch_signals();
  return at;
}

bool world_begin(struct world *w, kiln_module *m) {
  *w = (struct world){.m = m, .observer.entered = entered};
  uint8_t *at = window();
  if (at == NULL) return false;
  running = w;
  w->arena = at + WINDOW / 2;
  w->slots_from = at + WINDOW / 4;
  w->drawn = calloc(1, ARENA_BYTES);
  w->slots = calloc(MOST_SLOTS, sizeof *w->slots);
  kiln_interp_options o = {.resolve = resolve, .resolve_user = w, .stack_bytes = 1 << 25};
  w->in = kiln_interp_new(m, &o);
  return w->in != NULL && w->drawn != NULL && w->slots != NULL;
}

bool world_linked(struct world *w) {
  const uint32_t n = kiln_symbol_count(w->m);
  w->data = malloc(w->in->ro_at + 1);
  w->types = calloc(n + 1, sizeof *w->types);
  if (w->data == NULL || w->types == NULL) return false;
  memcpy(w->data, w->in->region, w->in->ro_at);
  for (uint32_t id = 1; id <= n; id++) {
    const kiln_symbol_info info = kiln_symbol_get(w->m, (kiln_symbol){id});
    if (info.desc.name != NULL && strncmp(info.desc.name, "_ZTI", 4) == 0)
      w->types[w->n_types++] = kiln_interp_address(w->in, (kiln_symbol){id});
  }
  w->in->observer = &w->observer;
  return true;
}

void world_end(struct world *w) {
  kiln_interp_free(w->in);
  free(w->drawn);
  free(w->slots);
  free(w->data);
  free(w->types);
}

/* ---- runs ---- */

void world_draw(struct world *w, kiln_sig sig, uint64_t pointers, uint64_t seed,
                kiln_interp_value *args) {
  struct dice d = {seed};
  w->seed = seed;
  w->n_visits = 0;
  w->first = true;
  for (uint64_t at = 0; at < HEAP_AT; at += 8) {
    uint64_t word = draw_word(w, &d);
    memcpy(w->drawn + at, &word, 8);
  }
  const kiln_sig_info info = kiln_sig_get(w->m, sig);
  for (uint32_t k = 0; k < info.n_params; k++) {
    const kiln_param *p = &info.params[k];
    bool address = (p->flags & (KILN_PARAM_BYVAL | KILN_PARAM_SRET)) || (pointers >> (k & 63) & 1);
    args[k] = draw_value(w, &d, p->type, address);
    if (address && (p->flags & KILN_PARAM_BYVAL || world_pick(&d, 40) != 0))
      args[k].low -= (args[k].low - (uint64_t)(uintptr_t)w->arena) % OBJECT_BYTES;
    else if (address && world_pick(&d, 2) == 0) args[k].low = 0;
  }
}

static void reset(struct world *w) {
  struct kn_thread *t = kn_interp_thread(w->in);
  memcpy(w->arena, w->drawn, HEAP_AT);
  memset(w->arena + HEAP_AT, w->chance.fill, HEAP_BYTES);
  memset(w->arena + OUTSIDE_AT, 0, OUTSIDE_BYTES);
  memcpy(w->in->region, w->data, w->in->ro_at);
  if (t->tls != NULL)
    memcpy(
      (void *)(((uintptr_t)t->tls + w->in->tls_align - 1) & ~(uintptr_t)(w->in->tls_align - 1)),
      w->in->tls_image, w->in->tls_bytes);
  w->in->undefined = w->chance.fill;
  t->frame = NULL;
  t->act = NULL;
  t->sp = t->stack + 64 * w->chance.shift;
  t->n_thrown = 0;
  w->n_slots = 0;
  w->slots_to = w->slots_from + 4096 + 65520 * w->chance.shift;
  w->heap_used = w->events = 0;
}

static uint32_t add_memory(const struct world *w, struct outcome *out, const uint8_t *from,
                           uint64_t bytes) {
  for (uint64_t k = 0; k + 8 <= bytes; k += 8) {
    uint64_t word;
    memcpy(&word, from + k, 8);
    out->memory[out->n_memory++] = item_of(w, word);
  }
  return out->n_memory;
}

bool outcome_make(const struct world *w, struct outcome *out) {
  *out =
    (struct outcome){.items = calloc(MOST_ITEMS, sizeof *out->items),
                     .memory = calloc((ARENA_BYTES + w->in->ro_at) / 8 + 1, sizeof *out->memory)};
  return out->items != NULL && out->memory != NULL;
}

void world_run(struct world *w, kiln_symbol function, const struct placement *placement,
               const kiln_interp_value *args, uint32_t n, struct chance chance, uint64_t steps,
               struct outcome *out) {
  kiln_interp_value results[KILN_MAX_RESULTS] = {{0, 0}};
  kiln_diag diag = {.status = KILN_OK};
  w->out = out;
  w->chance = chance;
  w->placement = placement;
  w->n_seen = 0;
  out->n_items = out->n_memory = 0;
  reset(w);
  kn_interp_thread(w->in)->steps = steps;
  out->status = kiln_interp_call(w->in, function, args, n, results, &diag);
  snprintf(out->message, sizeof out->message, "%.90s", diag.message);
  w->first = false;
  out->overrun = overrun(w);
  if (out->status != KILN_OK) results[0] = (kiln_interp_value){0, 0};
  const kiln_sig_info sig = kiln_sig_get(w->m, kiln_symbol_get(w->m, function).sig);
  for (uint32_t k = 0; k < sig.n_results && out->status == KILN_OK; k++) {
    if (out->n_items + 2 > MOST_ITEMS) break;
    out->items[out->n_items++] = item_of(w, results[k].low);
    out->items[out->n_items++] = (struct item){results[k].high, ITEM_VALUE};
  }
  add_memory(w, out, w->arena, ARENA_BYTES);
  add_memory(w, out, w->in->region, w->in->ro_at);
}
