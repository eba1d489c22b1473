/* Vectors and the processors' intrinsics: what the files of this folder do for each other and
 * for the rest of the reader. Part of bc.h. */
#ifndef KN_LLVM_VECTORS_H
#define KN_LLVM_VECTORS_H

/* ---- vector.c: values of vectors ---- */

/* Limits: lanes of a vector, and its registers. */
#define KN_BC_MAX_LANES 512
#define KN_BC_MAX_CHUNKS 256

/* A vector in registers. */
struct kn_bc_vec {
  uint32_t type, elem;   /* its type, and that of a lane */
  uint32_t n;            /* lanes */
  uint32_t per, parts;   /* lanes of a register; registers */
  kiln_type lane, chunk; /* of a lane; of a register */
  bool mask;             /* lanes are i1, as ones or zeros */
  bool soft;             /* lanes are halves or bfloats, as i16 */
  bool odd;              /* lanes are integers like i5: what is above their bits is unspecified */
  /* No operation is on all lanes at once: odd ones, and i128 and fp128, each in a register. */
  bool apart;
  kiln_value v[KN_BC_MAX_CHUNKS];
};

/* Fills in all of *x but its registers; false (reported) if the type is not supported. */
bool kn_bc_vec_shape(struct kn_bc *r, uint32_t type, struct kn_bc_vec *x);
/* The value `id` of `type`. */
bool kn_bc_vec_get(struct kn_bc *r, uint32_t id, uint32_t type, struct kn_bc_vec *x);
/* Defines the next value. */
void kn_bc_vec_def(struct kn_bc *r, const struct kn_bc_vec *x);
/* An instruction with one operand `a`: its result of type `type`, lanes `lane`, and its number. */
static inline kiln_value kn_bc_vec_one(struct kn_bc *r, kiln_op op, kiln_type type, kiln_type lane,
                                       unsigned number, kiln_value a) {
  return kiln_build_vector(r->f, op, type, lane, number, a, (kiln_value){0});
}
/* The registers of *x, widened to v128s where they are v64s; and those of *x from such. */
void kn_bc_vec_to_v128(struct kn_bc *r, const struct kn_bc_vec *x, kiln_value *out);
void kn_bc_vec_from_v128(struct kn_bc *r, const kiln_value *in, struct kn_bc_vec *x);
/* Lane k as a scalar of type x->elem; the registers of *x made of such scalars. */
kiln_value kn_bc_vec_lane(struct kn_bc *r, const struct kn_bc_vec *x, uint32_t k);
void kn_bc_vec_from_lanes(struct kn_bc *r, struct kn_bc_vec *x, const kiln_value *lanes);
/* A constant with all lanes `bits`, of the register's type. */
kiln_value kn_bc_vec_splat(struct kn_bc *r, const struct kn_bc_vec *x, uint64_t bits);
/* Bytes of `n` registers of 16 bytes: byte i of the result, of `parts` registers of type `chunk`, is byte from[i]. */
#define KN_BC_ANY_BYTE UINT16_MAX
void kn_bc_vec_bytes(struct kn_bc *r, const kiln_value *in, uint32_t n, const uint16_t *from,
                     kiln_type chunk, uint32_t parts, kiln_value *out);
/* The mask `from` with lanes as wide as those of *to, whose registers are filled in. */
void kn_bc_vec_mask(struct kn_bc *r, const struct kn_bc_vec *from, struct kn_bc_vec *to);
/* 64 lanes of a mask from lane `first` on, as bits of an i64, and zeros; and a mask from such words. */
kiln_value kn_bc_vec_bits(struct kn_bc *r, const struct kn_bc_vec *x, uint32_t first);
void kn_bc_vec_from_bits(struct kn_bc *r, struct kn_bc_vec *x, const kiln_value *words);
/* The handle of constant `id`, a vector of one register; the parts of a longer one, appended to r->fn.parts. */
kiln_value kn_bc_vec_const(struct kn_bc *r, uint32_t id);
bool kn_bc_vec_const_parts(struct kn_bc *r, uint32_t id);
/* True if no instructions are needed for constant `id`, a vector. */
bool kn_bc_vec_plain(struct kn_bc *r, uint32_t id);
/* True if `id` is a constant with the same integer in all lanes. */
bool kn_bc_vec_is_splat(struct kn_bc *r, uint32_t id, uint64_t *out);
/* The bits of lanes, in memory's order, as words of 64; what is above the last is 0. From words,
 * what is above each lane is unspecified. */
void kn_bc_vec_pack(struct kn_bc *r, const struct kn_bc_vec *x, kiln_value *words);
void kn_bc_vec_unpack(struct kn_bc *r, struct kn_bc_vec *x, const kiln_value *words);
/* The registers of *x, whose shape is there, from memory at a + offset; and to it. */
void kn_bc_vec_read(struct kn_bc *r, kiln_value a, int32_t offset, struct kn_bc_vec *x,
                    unsigned mem);
void kn_bc_vec_write(struct kn_bc *r, kiln_value a, int32_t offset, const struct kn_bc_vec *x,
                     unsigned mem);
/* Loads, which defines the next value, and stores of vectors. */
void kn_bc_vec_load(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem);
void kn_bc_vec_store(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem);
/* Operations on scalars serve as those on lanes: between the two calls, values that kn_bc_vec_value makes are ids, and
 * kn_bc_vec_result is the value defined last. */
uint32_t kn_bc_vec_enter(struct kn_bc *r);
uint32_t kn_bc_vec_value(struct kn_bc *r, uint32_t type, kiln_value v);
kiln_value kn_bc_vec_result(struct kn_bc *r);
void kn_bc_vec_leave(struct kn_bc *r, uint32_t entered);
/* Leaves, and defines the next value, *x, by its lanes as scalars. */
void kn_bc_vec_leave_with(struct kn_bc *r, uint32_t entered, struct kn_bc_vec *x,
                          const kiln_value *lanes);

/* ---- vector_ops.c: operations on vectors; each defines the next value ---- */

/* The records that extract, insert and shuffle elements. */
void kn_bc_vector(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n);
void kn_bc_vec_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type);
void kn_bc_vec_negate(struct kn_bc *r, uint32_t a, uint32_t type);
void kn_bc_vec_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to);
void kn_bc_vec_compare(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type, uint64_t pred);
void kn_bc_vec_select(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t c, uint32_t type,
                      uint32_t ctype);

/* ---- vector_width.c: lanes of another width or kind; each fills in the registers of *to ---- */

/* By CAST_TRUNC, CAST_ZEXT or CAST_SEXT between integers. */
void kn_bc_vec_resize(struct kn_bc *r, unsigned op, const struct kn_bc_vec *x,
                      struct kn_bc_vec *to);
/* Between masks; false if the target does nothing better than kn_bc_vec_bytes. */
bool kn_bc_vec_resize_mask(struct kn_bc *r, const struct kn_bc_vec *x, struct kn_bc_vec *to);
/* Lanes first, first + step, ... of `parts` v128s with lanes as wide as those of *to; first < step. False: likewise. */
bool kn_bc_vec_stride(struct kn_bc *r, const kiln_value *in, uint32_t parts, uint32_t first,
                      uint32_t step, struct kn_bc_vec *to);
/* Casts between integers and floats, and between floats. False if no instructions do it for whole registers. */
bool kn_bc_vec_convert(struct kn_bc *r, unsigned op, const struct kn_bc_vec *x,
                       struct kn_bc_vec *to);

/* Notes that the next value is vector `source` of `type` with its lanes extended, for products of it. */
void kn_bc_vec_extended(struct kn_bc *r, uint32_t source, uint32_t type, bool is_signed);
/* The product of vectors `a` and `b` of `type`, if both are extended from half the width; false if not. */
bool kn_bc_vec_multiply(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type,
                        struct kn_bc_vec *out);

/* ---- vector_native.c ---- */

/* Does operation `op` of scalars, on `n` vectors of one type, for whole registers: fills in the
 * registers of *out. False if no instruction does it. */
bool kn_bc_vec_native(struct kn_bc *r, kiln_op op, const struct kn_bc_vec *const *in, unsigned n,
                      struct kn_bc_vec *out);
/* llvm.fshl or fshr by the same number of bits in all lanes, of in[0] and in[1]. */
void kn_bc_vec_funnel(struct kn_bc *r, bool left, const struct kn_bc_vec *const *in, uint64_t by,
                      struct kn_bc_vec *out);
/* Appends the type of `n` lanes to the name of a row of AArch64: ".v4i32". */
void kn_bc_row_type(char *name, unsigned n, kiln_type lane);

/* The type of vectors of `n` lanes of type `elem`, or UINT32_MAX. */
uint32_t kn_bc_vec_type(const struct kn_bc *r, uint32_t elem, uint64_t n);

/* ---- vector_address.c ---- */

/* As kn_bc_gep, if an operand is a vector; false: none is. */
bool kn_bc_vec_gep(struct kn_bc *r, uint32_t source, uint32_t base, const uint32_t *idx,
                   unsigned n);

/* ---- intrinsics/reduce.c ---- */

/* Intrinsics that are about vectors. */
enum kn_bc_vec_call {
  VC_COMPRESS,
  VC_EXPAND,
  VC_GATHER,
  VC_LOAD,
  VC_SCATTER,
  VC_STORE,
  VC_FIRST,       /* the first lane that is not 0 */
  VC_PARTIAL_SUM, /* lanes of a vector added to those of a shorter one */
  VC_ADD,         /* from here on: reductions */
  VC_AND,
  VC_FADD,
  VC_FMAX,
  VC_FMAXIMUM,
  VC_FMIN,
  VC_FMINIMUM,
  VC_FMUL,
  VC_MUL,
  VC_OR,
  VC_SMAX,
  VC_SMIN,
  VC_UMAX,
  VC_UMIN,
  VC_XOR,
  VC_COUNT
};
/* ---- vector_pass.c: vectors as parameters, arguments and results ---- */

/* How a vector is passed: in `n` registers or scalars. */
struct kn_bc_passed {
  enum {
    PASSED_WHOLE,   /* the registers that it is in (kn_bc_vec.v) */
    PASSED_RESIZED, /* one register, with other lanes */
    PASSED_LANES    /* scalars: lanes, or their halves */
  } how;
  uint32_t n;
  kiln_type type; /* of each: KILN_TYPE_V64 may be widened to V128 */
  kiln_type lane; /* type of its lanes, without floats that are passed as another type */
  uint8_t wide;   /* 2, 4: so many of them are the parts of one register of 256, 512 bits; else 0 */
  bool quad;      /* they are fp128 */
  bool half;      /* they are half or bfloat, each in a register of its own */
};
/* Fills in *p for functions of `flags` (KN_BC_SIG_AVX, AVX512); false (reported) if it cannot be passed. */
bool kn_bc_vec_passed(struct kn_bc *r, uint32_t type, unsigned flags, struct kn_bc_passed *p);
/* What is passed for the vector in registers `parts` goes to `out`, p->n values; and the reverse. */
void kn_bc_vec_give(struct kn_bc *r, uint32_t type, const struct kn_bc_passed *p,
                    const kiln_value *parts, kiln_value *out);
void kn_bc_vec_take(struct kn_bc *r, uint32_t type, const struct kn_bc_passed *p,
                    const kiln_value *in, kiln_value *parts);

#endif
