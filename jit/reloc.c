/* Relocations of code in memory, per machine, and the code that the JIT writes itself; no other file of jit/
 * has a machine's instructions. Sources: System V ABI, AMD64
 * supplement, 4.4; ELF for the Arm 64-bit Architecture, 5.7. Invariant: a field that does not reach its
 * target is an error, never a wrong value. */
#include "jit/jit_state.h"

static bool too_far(struct kn_jit_link *l, uint32_t i, const struct kn_code_reloc *r) {
  const struct kn_symbol *s = kn_symbol(l->in[i].m, r->symbol);
  kn_jit_fail(
    l->error, KILN_ERR_LIMIT,
    "'%.100s' is too far away to be reached directly: its module is not KILN_PIC_FULL, or it is "
    "declared as bound here",
    s->name_length > 0 ? s->name : "(no name)");
  return false;
}

static uint64_t table_entry(const struct kn_jit_link *l, uint32_t number) {
  return (uint64_t)(uintptr_t)l->unit->blocks[KN_JIT_RO].at + l->got_at +
         8 * ((uint64_t)number - 1);
}

static uint64_t tls_entry(const struct kn_jit_link *l, uint32_t number) {
  return (uint64_t)(uintptr_t)l->unit->blocks[KN_JIT_RO].at + l->tls_got_at +
         KN_JIT_TLS_BYTES * ((uint64_t)number - 1);
}

static uint64_t stub_of(const struct kn_jit_link *l, uint32_t number) {
  return (uint64_t)(uintptr_t)l->unit->blocks[KN_JIT_CODE].at + l->stub_at +
         KN_JIT_STUB_BYTES * ((uint64_t)number - 1);
}

/* Offset of a thread-local symbol from the thread pointer, which only those of the process have. */
static bool static_tls(struct kn_jit_link *l, uint32_t i, uint32_t id, uint64_t *out) {
  const struct kn_jit_bind *b = l->in[i].binds + id;
  if (b->where == KN_JIT_ABSOLUTE) {
    *out = b->value - (uint64_t)(uintptr_t)__builtin_thread_pointer();
    return true;
  }
  kn_jit_fail(l->error, KILN_ERR_UNSUPPORTED,
              "thread-local '%.100s' is reached as the program's own: make the module with "
              "kiln_module_options.jit",
              kn_symbol(l->in[i].m, id)->name);
  return false;
}

#if defined(__x86_64__)

const bool kn_jit_has_machine = true;

void kn_jit_write_stub(const kiln_jit *jit, uint8_t *to, uint64_t at, uint64_t slot) {
  (void)jit;
  static const uint8_t jump[] = {0xff, 0x25}; /* jmp *slot(%rip) */
  memset(to, 0xcc, KN_JIT_STUB_BYTES);
  memcpy(to, jump, 2);
  kn_put32(to + 2, (uint32_t)(slot - (at + 6)));
}

void kn_jit_write_atexit(const kiln_jit *jit, uint8_t *to, uint64_t at, uint64_t dso,
                         uint64_t slot) {
  (void)jit;
  static const uint8_t code[] = {
    0x48, 0x8d, 0x15, 0, 0, 0, 0, /* lea dso(%rip), %rdx */
    0x31, 0xf6,                   /* xor %esi, %esi */
    0xff, 0x25, 0,    0, 0, 0,    /* jmp *slot(%rip): __cxa_atexit */
  };
  memset(to, 0xcc, KN_JIT_ATEXIT_BYTES);
  memcpy(to, code, sizeof code);
  kn_put32(to + 3, (uint32_t)(dso - (at + 7)));
  kn_put32(to + 11, (uint32_t)(slot - (at + 15)));
}

void kn_jit_write_probe(uint8_t *to, unsigned number) {
  to[0] = 0xb8; /* mov $number, %eax */
  kn_put32(to + 1, number);
  to[5] = 0xc3; /* ret */
}

/* The pair itself: it is what code gives to kn_jit_tls_entry. */
void kn_jit_write_tls(uint8_t *to, uint64_t at, const uint64_t pair[2]) {
  (void)at;
  kn_put64(to, pair[0]);
  kn_put64(to + 8, pair[1]);
}

static bool reloc(struct kn_jit_link *l, uint32_t i, uint8_t *to, uint64_t at,
                  const struct kn_code_reloc *r) {
  const struct kn_jit_bind *b = l->in[i].binds + r->symbol;
  uint64_t addend = (uint64_t)(int64_t)r->addend, value = 0;
  switch (r->type) {
  case R_X86_64_PLT32:
  case R_X86_64_PC32:
    value = kn_jit_address_of(l, i, r->symbol) + addend - at;
    if ((int64_t)value == (int32_t)value) break;
    if (b->stub != 0) value = stub_of(l, b->stub) + addend - at;
    else if (r->type == R_X86_64_PLT32) value = kn_jit_definition(l, i, r->symbol) + addend - at;
    break;
  case R_X86_64_REX_GOTPCRELX:
  case R_X86_64_GOTPCRELX:
  case R_X86_64_GOTPCREL:
    value = kn_jit_address_of(l, i, r->symbol) + addend - at;
    if (r->type != R_X86_64_GOTPCREL && to[-2] == 0x8b && (int64_t)value == (int32_t)value) {
      to[-2] = 0x8d; /* mov of the address from the table becomes lea */
      break;
    }
    value = table_entry(l, b->got) + addend - at;
    break;
  case R_X86_64_TLSGD: value = tls_entry(l, b->tls) + addend - at; break;
  case R_X86_64_GOTTPOFF:
    if (!static_tls(l, i, r->symbol, &value)) return false;
    /* in the first word of its entry, which nothing else uses: a symbol has one TLS model */
    kn_put64(kn_jit_writable(l->unit->blocks + KN_JIT_RO, KN_JIT_RO) + l->tls_got_at +
               KN_JIT_TLS_BYTES * ((uint64_t)b->tls - 1),
             value);
    value = tls_entry(l, b->tls) + addend - at;
    break;
  case R_X86_64_TPOFF32:
    if (!static_tls(l, i, r->symbol, &value)) return false;
    value += addend;
    break;
  default: return too_far(l, i, r); /* scan.c let none through */
  }
  kn_put32(to, (uint32_t)value);
  return (int64_t)value == (int32_t)value || too_far(l, i, r);
}

#elif defined(__aarch64__)

const bool kn_jit_has_machine = true;

static uint32_t word_at(const uint8_t *p) {
  uint32_t w;
  memcpy(&w, p, 4);
  return w;
}

/* The immediate of ADRP: the distance of pages, 21 bits in two fields. */
static uint32_t adrp(uint32_t word, int64_t pages) {
  uint32_t imm = (uint32_t)pages;
  return (word & 0x9f00001fu) | (imm & 3) << 29 | (imm >> 2 & 0x7ffff) << 5;
}

static int64_t page_distance(uint64_t to, uint64_t at) {
  return (int64_t)((to >> 12) - (at >> 12));
}

static bool put_adrp(uint8_t *p, uint64_t to, uint64_t at) {
  int64_t pages = page_distance(to, at);
  kn_put32(p, adrp(word_at(p), pages));
  return pages >= -(1 << 20) && pages < 1 << 20;
}

/* The low twelve bits of an address, in the unit of an access of 1 << `scale` bytes. */
static void put_low(uint8_t *p, uint64_t to, unsigned scale) {
  kn_put32(p, (word_at(p) & ~(0xfffu << 10)) | (uint32_t)((to & 0xfff) >> scale) << 10);
}

static uint8_t *put_load(uint8_t *to, uint64_t at, uint64_t slot) {
  kn_put32(to, 0x90000010);     /* adrp x16, slot */
  kn_put32(to + 4, 0xf9400211); /* ldr x17, [x16, slot] */
  kn_put32(to + 8, 0xd61f0220); /* br x17 */
  put_adrp(to, slot, at);
  put_low(to + 4, slot, 3);
  return to + 12;
}

void kn_jit_write_stub(const kiln_jit *jit, uint8_t *to, uint64_t at, uint64_t slot) {
  (void)jit;
  kn_put32(put_load(to, at, slot), 0); /* udf #0 */
}

void kn_jit_write_atexit(const kiln_jit *jit, uint8_t *to, uint64_t at, uint64_t dso,
                         uint64_t slot) {
  (void)jit;
  kn_put32(to, 0x90000002);     /* adrp x2, dso */
  kn_put32(to + 4, 0x91000042); /* add x2, x2, dso */
  kn_put32(to + 8, 0xd2800001); /* mov x1, #0 */
  put_adrp(to, dso, at);
  put_low(to + 4, dso, 0);
  memset(put_load(to + 12, at + 12, slot), 0, 8); /* __cxa_atexit */
}

void kn_jit_write_probe(uint8_t *to, unsigned number) {
  kn_put32(to, 0x52800000 | number << 5); /* mov w0, #number */
  kn_put32(to + 4, 0xd65f03c0);           /* ret */
}

/* A descriptor: function, argument, which is the address of the pair behind them. */
void kn_jit_write_tls(uint8_t *to, uint64_t at, const uint64_t pair[2]) {
  kn_put64(to, kn_jit_tls_entry());
  kn_put64(to + 8, at + 16);
  kn_put64(to + 16, pair[0]);
  kn_put64(to + 24, pair[1]);
}

static bool reloc(struct kn_jit_link *l, uint32_t i, uint8_t *to, uint64_t at,
                  const struct kn_code_reloc *r) {
  const struct kn_jit_bind *b = l->in[i].binds + r->symbol;
  uint64_t value = kn_jit_address_of(l, i, r->symbol) + (uint64_t)(int64_t)r->addend;
  switch (r->type) {
  case R_AARCH64_CALL26:
  case R_AARCH64_JUMP26: {
    int64_t distance = (int64_t)(value - at);
    bool near = distance >= -(1 << 27) && distance < 1 << 27;
    if (!near && b->stub != 0) distance = (int64_t)(stub_of(l, b->stub) - at);
    else if (!near) distance = (int64_t)(kn_jit_definition(l, i, r->symbol) - at);
    kn_put32(to, (word_at(to) & 0xfc000000u) | ((uint32_t)(distance >> 2) & 0x03ffffffu));
    return (distance >= -(1 << 27) && distance < 1 << 27) || too_far(l, i, r);
  }
  case R_AARCH64_ADR_PREL_PG_HI21:
  case R_AARCH64_ADD_ABS_LO12_NC: {
    /* both relocations of a pair must decide alike: they are close together, and a margin is kept */
    int64_t pages = page_distance(value, at & ~UINT64_C(0xffffff));
    if ((pages < -(1 << 20) + 8192 || pages >= (1 << 20) - 8192) && b->stub != 0)
      value = stub_of(l, b->stub) + (uint64_t)(int64_t)r->addend;
    if (r->type == R_AARCH64_ADR_PREL_PG_HI21) return put_adrp(to, value, at) || too_far(l, i, r);
    put_low(to, value, 0);
    return true;
  }
  case R_AARCH64_LDST8_ABS_LO12_NC: put_low(to, value, 0); return true;
  case R_AARCH64_LDST16_ABS_LO12_NC: put_low(to, value, 1); return true;
  case R_AARCH64_LDST32_ABS_LO12_NC: put_low(to, value, 2); return true;
  case R_AARCH64_LDST64_ABS_LO12_NC: put_low(to, value, 3); return true;
  case R_AARCH64_LDST128_ABS_LO12_NC: put_low(to, value, 4); return true;
  case R_AARCH64_ADR_GOT_PAGE: return put_adrp(to, table_entry(l, b->got), at) || too_far(l, i, r);
  case R_AARCH64_LD64_GOT_LO12_NC: put_low(to, table_entry(l, b->got), 3); return true;
  case R_AARCH64_TLSDESC_ADR_PAGE21:
    return put_adrp(to, tls_entry(l, b->tls), at) || too_far(l, i, r);
  case R_AARCH64_TLSDESC_LD64_LO12: put_low(to, tls_entry(l, b->tls), 3); return true;
  case R_AARCH64_TLSDESC_ADD_LO12: put_low(to, tls_entry(l, b->tls), 0); return true;
  case R_AARCH64_TLSDESC_CALL: return true;
  case R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21:
    if (!static_tls(l, i, r->symbol, &value)) return false;
    kn_put64(kn_jit_writable(l->unit->blocks + KN_JIT_RO, KN_JIT_RO) + l->tls_got_at +
               KN_JIT_TLS_BYTES * ((uint64_t)b->tls - 1),
             value);
    return put_adrp(to, tls_entry(l, b->tls), at) || too_far(l, i, r);
  case R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC: put_low(to, tls_entry(l, b->tls), 3); return true;
  case R_AARCH64_TLSLE_ADD_TPREL_HI12:
  case R_AARCH64_TLSLE_ADD_TPREL_LO12_NC: {
    if (!static_tls(l, i, r->symbol, &value)) return false;
    value += (uint64_t)(int64_t)r->addend;
    bool high = r->type == R_AARCH64_TLSLE_ADD_TPREL_HI12;
    put_low(to, high ? value >> 12 : value, 0);
    return value < UINT64_C(1) << 24 || too_far(l, i, r);
  }
  default: return too_far(l, i, r); /* scan.c let none through */
  }
}

#else

/* No code for this machine: kiln_jit_new fails. */
const bool kn_jit_has_machine = false;

void kn_jit_write_stub(const kiln_jit *jit, uint8_t *to, uint64_t at, uint64_t slot) {
  (void)jit, (void)to, (void)at, (void)slot;
}
void kn_jit_write_atexit(const kiln_jit *jit, uint8_t *to, uint64_t at, uint64_t dso,
                         uint64_t slot) {
  (void)jit, (void)to, (void)at, (void)dso, (void)slot;
}
void kn_jit_write_probe(uint8_t *to, unsigned number) { (void)to, (void)number; }
void kn_jit_write_tls(uint8_t *to, uint64_t at, const uint64_t pair[2]) {
  (void)to, (void)at, (void)pair;
}
static bool reloc(struct kn_jit_link *l, uint32_t i, uint8_t *to, uint64_t at,
                  const struct kn_code_reloc *r) {
  (void)to, (void)at, (void)static_tls, (void)table_entry, (void)tls_entry, (void)stub_of;
  return too_far(l, i, r);
}

#endif

bool kn_jit_reloc_code(struct kn_jit_link *l, uint32_t i) {
  const struct kn_jit_in *in = l->in + i;
  const struct kn_jit_block *b = l->unit->blocks + KN_JIT_CODE;
  for (uint32_t s = 0; s < in->n_sessions; s++) {
    const struct kn_output *o = in->sessions[s]->out;
    uint8_t *to = kn_jit_writable(b, KN_JIT_CODE) + in->code_at[s];
    uint64_t at = (uint64_t)(uintptr_t)b->at + in->code_at[s];
    for (uint32_t k = 0; k < o->relocs.n; k++) {
      const struct kn_code_reloc *r = o->relocs.at + k;
      if (!reloc(l, i, to + r->offset, at + r->offset, r)) return false;
    }
  }
  return true;
}
