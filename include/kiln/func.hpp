/* Function builders for <kiln/kiln.hpp>, with a member for each operation. */
#ifndef KILN_FUNC_HPP
#define KILN_FUNC_HPP

#include <kiln/base.hpp>

namespace kiln {

/** @cond */
/* Defines a member function for each shape of <kiln/shapes.def>, like <kiln/build_ops.h>: `op` is the operation, `name`
 * the member, and `only` the type of operations that have only one. Constants are made in the order of the operands. */
#define KILN_CXX_NULLARY(op, name, only)                                                           \
  value name() const { return kiln_build_nullary(get(), op); }
#define KILN_CXX_NULLARYV(op, name, only)                                                          \
  void name() const { kiln_build_nullary(get(), op); }
#define KILN_CXX_UN(op, name, only)                                                                \
  value name(type t, operand a) const { return unary(op, t, a.in(get())); }                        \
  value name(operand a) const { return unary(op, KILN_TYPE_VOID, a.in(get())); }
#define KILN_CXX_UNV(op, name, only)                                                               \
  void name(operand a) const { unary(op, only, a.in(get())); }
#define KILN_CXX_SLOTV(op, name, only) KILN_CXX_UNV(op, name, only)
#define KILN_CXX_BIN(op, name, only)                                                               \
  value name(type t, operand a, operand b) const { return binary(op, t, a, b); }                   \
  value name(operand a, operand b) const { return binary(op, KILN_TYPE_VOID, a, b); }
#define KILN_CXX_BINV(op, name, only)                                                              \
  void name(operand a, operand b) const { binary(op, only, a, b); }
#define KILN_CXX_TERN(op, name, only)                                                              \
  value name(type t, operand a, operand b, operand c) const { return ternary(op, t, a, b, c); }    \
  value name(operand a, operand b, operand c) const { return ternary(op, KILN_TYPE_VOID, a, b, c); }
#define KILN_CXX_MEM3(op, name, only)                                                              \
  void name(operand a, operand b, operand c) const { ternary(op, only, a, b, c); }
#define KILN_CXX_MEMSET(op, name, only) KILN_CXX_MEM3(op, name, only)
#define KILN_CXX_CONV_II(op, name, only)                                                           \
  value name(type to, type from, operand a) const {                                                \
    return kiln_build_convert(get(), op, to, from, a.in(get()));                                   \
  }                                                                                                \
  value name(type to, operand a) const {                                                           \
    value v = a.in(get());                                                                         \
    return kiln_build_convert(get(), op, to, kiln_value_type(get(), v), v);                        \
  }
#define KILN_CXX_CONV_FF(op, name, only) KILN_CXX_CONV_II(op, name, only)
#define KILN_CXX_CONV_FI(op, name, only) KILN_CXX_CONV_II(op, name, only)
#define KILN_CXX_CONV_IF(op, name, only) KILN_CXX_CONV_II(op, name, only)
#define KILN_CXX_CONV_BITS(op, name, only) KILN_CXX_CONV_II(op, name, only)
#define KILN_CXX_LEVEL(op, name, only)                                                             \
  value name(std::uint32_t level) const { return kiln_build_level(get(), op, level); }
#define KILN_CXX_VUN(op, name, only)                                                               \
  value name(type t, type lane, operand a) const { return vector(op, t, lane, 0, a, {}); }
#define KILN_CXX_VSPLAT(op, name, only) KILN_CXX_VUN(op, name, only)
#define KILN_CXX_VBIN(op, name, only)                                                              \
  value name(type t, type lane, operand a, operand b) const { return vector(op, t, lane, 0, a, b); }
#define KILN_CXX_VSHIFT(op, name, only)                                                            \
  value name(type t, type lane, std::uint32_t number, operand a) const {                           \
    return vector(op, t, lane, number, a, {});                                                     \
  }
#define KILN_CXX_VEXTRACT(op, name, only) KILN_CXX_VSHIFT(op, name, only)
#define KILN_CXX_LANES(op, name, number_type)                                                      \
  value name(type t, type lane, number_type number, operand a, operand b) const {                  \
    return vector(op, t, lane, static_cast<std::uint32_t>(number), a, b);                          \
  }
#define KILN_CXX_VINSERT(op, name, only) KILN_CXX_LANES(op, name, std::uint32_t)
#define KILN_CXX_VICMP(op, name, only) KILN_CXX_LANES(op, name, kiln_icond)
#define KILN_CXX_VFCMP(op, name, only) KILN_CXX_LANES(op, name, kiln_fcond)

/* These are members of their own below. */
#define KILN_CXX_INTERNAL(op, name, only)
#define KILN_CXX_RESULT(op, name, only)
#define KILN_CXX_ICMP(op, name, only)
#define KILN_CXX_FCMP(op, name, only)
#define KILN_CXX_SELECT(op, name, only)
#define KILN_CXX_LOAD(op, name, only)
#define KILN_CXX_STORE(op, name, only)
#define KILN_CXX_ADDR(op, name, only)
#define KILN_CXX_SALLOC(op, name, only)
#define KILN_CXX_ATOMIC_LOAD(op, name, only)
#define KILN_CXX_ATOMIC_STORE(op, name, only)
#define KILN_CXX_ATOMIC_RMW(op, name, only)
#define KILN_CXX_ATOMIC_CAS(op, name, only)
#define KILN_CXX_FENCE(op, name, only)
#define KILN_CXX_CALL(op, name, only)
#define KILN_CXX_VA_ARG(op, name, only)
#define KILN_CXX_ASM(op, name, only)
#define KILN_CXX_MACHINE(op, name, only)
#define KILN_CXX_MACHINEV(op, name, only)
#define KILN_CXX_BR(op, name, only)
#define KILN_CXX_BRIF(op, name, only)
#define KILN_CXX_SWITCH(op, name, only)
#define KILN_CXX_BRIND(op, name, only)
#define KILN_CXX_RET(op, name, only)
#define KILN_CXX_TAILCALL(op, name, only)
#define KILN_CXX_TRY(op, name, only)

/* The member's name, which is the operation's. For C++ keywords, the second argument here replaces it. */
#define KILN_CXX_KEYWORD_AND ~, and_
#define KILN_CXX_KEYWORD_OR ~, or_
#define KILN_CXX_KEYWORD_XOR ~, xor_
#define KILN_CXX_KEYWORD_NOT ~, not_
#define KILN_CXX_SECOND(first, second, ...) second
#define KILN_CXX_PICK(...) KILN_CXX_SECOND(__VA_ARGS__, ~)
#define KILN_CXX_NAME(E, name) KILN_CXX_PICK(KILN_CXX_KEYWORD_##E, name)
/** @endcond */

/** A function that is being built, kiln_func. It is discarded unless something compiles it. The first error sticks to
 * it, and is reported when the function is compiled; later calls do nothing. Each operation of <kiln/ops.def> is a
 * member of that name: `f.add(i32, a, b)`.
 * - Operands are values, integers, and symbols, which stand for their addresses: `f.add(x, 1)`.
 * - Operations of the shapes UN, BIN, TERN, ICMP, FCMP and SELECT, and conversions, take a type (conversions: the type
 *   to convert from) that can be left out. It is then that of the first operand with a type, which integers do not
 *   have.
 * - C++ evaluates the arguments of a call in any order, so give whatever has an effect a statement of its own.
 * - The arguments of members depend on the shape, as <kiln/build_ops.h> describes for the C calls; the others are
 *   described here. */
class func : public owner<kiln_func, kiln_func_discard> {
public:
  using owner::owner;

  /* ---- the function ---- */

  /** Calls kiln_func_status. */
  kiln_status status() const noexcept { return kiln_func_status(get()); }
  /** Returns the first error, without its place, which compiling reports. */
  kiln::result why() const { return kiln::result(status()); }
  /** Calls kiln_func_finish. */
  kiln::result finish() const { return kiln::result(kiln_func_finish(get())); }
  /** Calls kiln_func_verify. */
  kiln::result verify() const { return kiln::result(kiln_func_verify(get())); }
  /** Calls kiln_func_compile, which generates code and frees the function. An error becomes the module's. The result
   * has the module's first diagnostic, which is this function's unless the module had failed before. For a frozen
   * module, which other threads may be using, it has no diagnostic; call module::why() when they are done. */
  kiln::result compile() {
    kiln_module *m = kiln_session_module(kiln_func_session(get()));
    kiln_status code = kiln_func_compile(release());
    if (code == KILN_OK || !m || kiln_module_is_frozen(m)) return kiln::result(code);
    return kiln::result(code, kiln_module_diag(m));
  }
  /** Calls kiln_func_try_compile. This is like compile(), but the error does not become the module's, and the symbol
   * may be begun again. */
  kiln::result try_compile() {
    kiln_diag diag{};
    kiln_status code = kiln_func_try_compile(release(), &diag);
    return kiln::result(code, &diag);
  }
  /** Reports an error of the front end, which sticks: kiln_func_fail. */
  void fail(kiln_status code, const char *message) const { kiln_func_fail(get(), code, message); }
  /** Returns the function's text, as kiln_func_print writes it; "" after an error. The function must be finished.
   * Needs libkiln-text. */
  std::string text() const {
    buffer out;
    if (kiln_func_print(get(), out.get()) != KILN_OK) return {};
    return {reinterpret_cast<const char *>(out.data()), out.size()};
  }
  /** Returns the i-th parameter: kiln_func_param. */
  value param(std::uint32_t i) const { return kiln_func_param(get(), i); }

  /* ---- blocks ---- */

  /** Calls kiln_block_new. */
  kiln::block new_block() const { return kiln_block_new(get()); }
  /** Calls kiln_block_add_param. */
  value add_param(kiln::block b, type t) const { return kiln_block_add_param(get(), b, t); }
  /** Calls kiln_block_switch: appends to `b` from here on. */
  void switch_to(kiln::block b) const { kiln_block_switch(get(), b); }
  /** Calls kiln_block_current. */
  kiln::block current() const { return kiln_block_current(get()); }
  /** Calls kiln_block_is_terminated. */
  bool is_terminated(kiln::block b) const { return kiln_block_is_terminated(get(), b); }
  /** Calls kiln_edge_set_arg. */
  void set_arg(kiln::block pred, kiln::block target, std::uint32_t index, operand v) const {
    kiln_edge_set_arg(get(), pred, target, index, v.in(get()));
  }

  /* ---- operands ---- */

  /** Calls kiln_value_type. */
  type type_of(operand v) const { return kiln_value_type(get(), v.in(get())); }
  /** Calls kiln_const_int. */
  value const_int(std::int64_t n) const { return kiln_const_int(get(), n); }
  /** Calls kiln_const_i128. */
  value const_i128(std::uint64_t low, std::uint64_t high) const {
    return kiln_const_i128(get(), low, high);
  }
  /** Calls kiln_const_f32. */
  value const_f32(float x) const { return kiln_const_f32(get(), x); }
  /** Calls kiln_const_f64. */
  value const_f64(double x) const { return kiln_const_f64(get(), x); }
  /** Calls kiln_const_bits. */
  value const_bits(type t, std::uint64_t low, std::uint64_t high = 0) const {
    return kiln_const_bits(get(), t, low, high);
  }
  /** Calls kiln_const_symbol. */
  value address(symbol s, std::int64_t addend = 0) const {
    return kiln_const_symbol(get(), s, addend);
  }
  /** Calls kiln_block_address. */
  value address(kiln::block b) const { return kiln_block_address(get(), b); }
  /** Calls kiln_slot_new. */
  value slot(std::uint64_t size_bytes, std::uint32_t align_log2 = 3) const {
    return kiln_slot_new(get(), size_bytes, align_log2);
  }
  /** Calls kiln_forward_new. */
  value forward(type t) const { return kiln_forward_new(get(), t); }
  /** Calls kiln_forward_bind. */
  void bind(value forward, operand v) const { kiln_forward_bind(get(), forward, v.in(get())); }

  /* ---- operations ---- */

/** @cond */
#define KILN_OP(E, name, shape, types, effects, fact, cost, doc)                                   \
  KILN_CXX_MEMBER(shape, KILN_OP_##E, KILN_CXX_NAME(E, name), KILN_OPS_ONLY_##types)
#define KILN_CXX_MEMBER(shape, op, name, only) KILN_CXX_##shape(op, name, only)
#include <kiln/ops.def>
  /** @endcond */

  /** Calls kiln_build_result. */
  value result(value of, std::uint32_t index) const { return kiln_build_result(get(), of, index); }
  /** Calls kiln_build_icmp. */
  value icmp(kiln_icond cond, type t, operand a, operand b) const {
    value x = a.in(get()), y = b.in(get());
    return kiln_build_icmp(get(), cond, t, x, y);
  }
  /** Does the same, with the type of the first operand that has one. */
  value icmp(kiln_icond cond, operand a, operand b) const {
    value x = a.in(get()), y = b.in(get());
    return kiln_build_icmp(get(), cond, first_type({x, y}), x, y);
  }
  /** Calls kiln_build_fcmp. */
  value fcmp(kiln_fcond cond, type t, operand a, operand b) const {
    value x = a.in(get()), y = b.in(get());
    return kiln_build_fcmp(get(), cond, t, x, y);
  }
  /** Does the same, with the type of the first operand that has one. */
  value fcmp(kiln_fcond cond, operand a, operand b) const {
    value x = a.in(get()), y = b.in(get());
    return kiln_build_fcmp(get(), cond, first_type({x, y}), x, y);
  }
  /** Calls kiln_build_select. */
  value select(type t, operand cond, operand a, operand b) const {
    value c = cond.in(get()), x = a.in(get()), y = b.in(get());
    return kiln_build_select(get(), t, c, x, y);
  }
  /** Does the same, with the type of `a`, or else of `b`. */
  value select(operand cond, operand a, operand b) const {
    value c = cond.in(get()), x = a.in(get()), y = b.in(get());
    return kiln_build_select(get(), first_type({x, y}), c, x, y);
  }
  /** Calls kiln_build_load. */
  value load(type t, operand a, std::int32_t disp = 0, std::uint32_t mem_flags = 0) const {
    return kiln_build_load(get(), t, a.in(get()), disp, mem_flags);
  }
  /** Calls kiln_build_load_ext. */
  value load_ext(type t, type mem, operand a, std::int32_t disp = 0,
                 std::uint32_t mem_flags = 0) const {
    return kiln_build_load_ext(get(), t, mem, a.in(get()), disp, mem_flags);
  }
  /** Calls kiln_build_store: stores `v` to `a` + `disp`. */
  void store(type t, operand a, std::int32_t disp, operand v, std::uint32_t mem_flags = 0) const {
    value to = a.in(get()), what = v.in(get());
    kiln_build_store(get(), t, to, disp, what, mem_flags);
  }
  /** Calls kiln_build_store_trunc. */
  void store_trunc(type t, type mem, operand a, std::int32_t disp, operand v,
                   std::uint32_t mem_flags = 0) const {
    value to = a.in(get()), what = v.in(get());
    kiln_build_store_trunc(get(), t, mem, to, disp, what, mem_flags);
  }
  /** Calls kiln_build_memory. */
  void memory(kiln_op op, operand a, operand b, operand c, std::uint32_t mem_flags) const {
    value x = a.in(get()), y = b.in(get()), z = c.in(get());
    kiln_build_memory(get(), op, x, y, z, mem_flags);
  }
  /** Calls kiln_build_addr: base + index * scale + disp. */
  value addr(operand base, operand index = {}, std::uint32_t scale = 0,
             std::int32_t disp = 0) const {
    value b = base.in(get()), i = index.in(get());
    return kiln_build_addr(get(), b, i, scale, disp);
  }
  /** Calls kiln_build_salloc. */
  value salloc(operand size_bytes, std::uint32_t align_log2 = 0) const {
    return kiln_build_salloc(get(), size_bytes.in(get()), align_log2);
  }
  /** Calls kiln_build_atomic_load. */
  value atomic_load(type t, operand a, kiln_ordering order) const {
    return kiln_build_atomic_load(get(), t, a.in(get()), order);
  }
  /** Calls kiln_build_atomic_store: stores `v` to `a`. */
  void atomic_store(type t, operand a, operand v, kiln_ordering order) const {
    value to = a.in(get()), what = v.in(get());
    kiln_build_atomic_store(get(), t, to, what, order);
  }
  /** Calls kiln_build_atomic_rmw. */
  value atomic_rmw(kiln_rmw op, type t, operand a, operand v, kiln_ordering order) const {
    value at = a.in(get()), by = v.in(get());
    return kiln_build_atomic_rmw(get(), op, t, at, by, order);
  }
  /** Calls kiln_build_atomic_cas. */
  value atomic_cas(type t, operand a, operand expected, operand desired, kiln_ordering success,
                   kiln_ordering failure) const {
    value at = a.in(get()), from = expected.in(get()), to = desired.in(get());
    return kiln_build_atomic_cas(get(), t, at, from, to, success, failure);
  }
  /** Calls kiln_build_fence. */
  void fence(kiln_ordering order) const { kiln_build_fence(get(), order); }
  /** Calls kiln_build_call for a symbol or an address. */
  value call(sig s, operand callee, const operands &args = {}) const {
    value to = callee.in(get());
    resolved list(get(), args);
    return kiln_build_call(get(), s, to, list.data(), list.size());
  }
  /** Calls a function of C++ type `F`: `f.call<int(const char *)>(puts, {text})`. */
  template <class F> value call(operand callee, const operands &args = {}) const {
    return call(sig_of<F>(kiln_session_module(kiln_func_session(get()))), callee, args);
  }
  /** Calls kiln_build_va_arg. */
  value va_arg(type t, operand a) const { return kiln_build_va_arg(get(), t, a.in(get())); }
  /** Calls kiln_build_asm. */
  value asm_(sig s, const kiln_asm &code, const operands &args = {}) const {
    resolved list(get(), args);
    return kiln_build_asm(get(), s, &code, list.data(), list.size());
  }
  /** Calls kiln_build_machine for MACHINE, MACHINE_ACT and MACHINE_DO; kiln_machine_find returns the row. */
  value machine(std::uint32_t row, const operands &args = {}) const {
    resolved list(get(), args);
    return kiln_build_machine(get(), row, list.data(), list.size());
  }
  /** Calls kiln_build_br. */
  void br(kiln::block target, const operands &args = {}) const {
    resolved list(get(), args);
    kiln_build_br(get(), target, list.data(), list.size());
  }
  /** Calls kiln_build_brif. */
  void brif(operand cond, kiln::block then_block, kiln::block else_block) const {
    kiln_build_brif(get(), cond.in(get()), then_block, nullptr, 0, else_block, nullptr, 0);
  }
  /** Calls kiln_build_brif with arguments for the blocks. */
  void brif(operand cond, kiln::block then_block, const operands &then_args, kiln::block else_block,
            const operands &else_args) const {
    value c = cond.in(get());
    resolved yes(get(), then_args), no(get(), else_args);
    kiln_build_brif(get(), c, then_block, yes.data(), yes.size(), else_block, no.data(), no.size());
  }
  /** Calls kiln_build_switch. */
  void switch_(type t, operand v, kiln::block default_block,
               std::initializer_list<kiln_switch_case> cases) const {
    switch_(t, v, default_block, cases.begin(), static_cast<std::uint32_t>(cases.size()));
  }
  /** Does the same with an array of `n_cases` cases. */
  void switch_(type t, operand v, kiln::block default_block, const kiln_switch_case *cases,
               std::uint32_t n_cases) const {
    kiln_build_switch(get(), t, v.in(get()), default_block, cases, n_cases);
  }
  /** Calls kiln_build_brind. */
  void brind(operand a, std::initializer_list<kiln_block> targets) const {
    kiln_build_brind(get(), a.in(get()), targets.begin(),
                     static_cast<std::uint32_t>(targets.size()));
  }
  /** Calls kiln_build_ret without a value. */
  void ret() const { kiln_build_ret(get(), nullptr, 0); }
  /** Calls kiln_build_ret with one value. */
  void ret(operand v) const {
    kiln_value one = v.in(get());
    kiln_build_ret(get(), &one, 1);
  }
  /** Calls kiln_build_ret with several values. */
  void ret(std::initializer_list<operand> values) const {
    resolved list(get(), values);
    kiln_build_ret(get(), list.data(), list.size());
  }
  /** Does the same with a vector. */
  void ret(const std::vector<value> &values) const {
    resolved list(get(), values);
    kiln_build_ret(get(), list.data(), list.size());
  }
  /** Calls kiln_build_tailcall. */
  void tailcall(sig s, operand callee, const operands &args = {}) const {
    value to = callee.in(get());
    resolved list(get(), args);
    kiln_build_tailcall(get(), s, to, list.data(), list.size());
  }
  /** Calls a function of C++ type `F` in place of the rest: `f.tailcall<long(long)>(next, {x})`. */
  template <class F> void tailcall(operand callee, const operands &args = {}) const {
    tailcall(sig_of<F>(kiln_session_module(kiln_func_session(get()))), callee, args);
  }
  /** Calls kiln_build_try of <kiln/exceptions.h>. */
  void try_(const kiln_try_desc &what) const { kiln_build_try(get(), &what); }

  /* ---- locations, and debug information ---- */

  /** Sets the location, from session::loc, of the instructions from here on: kiln_func_set_loc. */
  void set_loc(std::uint32_t loc) const { kiln_func_set_loc(get(), loc); }
  /** Sets the location of the instructions from here on: kiln_func_set_location. */
  void set_location(const kiln_location &at) const { kiln_func_set_location(get(), &at); }
  /** Sets line and column of the instructions from here on: kiln_func_set_line. */
  void set_line(std::uint32_t line, std::uint32_t column) const {
    kiln_func_set_line(get(), line, column);
  }
  /** Calls kiln_func_set_debug. */
  void set_debug(die subprogram, die unit, std::uint32_t begin = 0) const {
    kiln_func_set_debug(get(), subprogram, unit, begin);
  }
  /** Declares a variable that lives in a slot: kiln_func_declare_variable. */
  void declare_variable(die variable, value slot) const {
    kiln_debug_variable v{};
    v.variable = variable;
    v.slot = slot;
    kiln_func_declare_variable(get(), &v);
  }
  /** Calls kiln_func_declare_variable with all options. */
  void declare_variable(const kiln_debug_variable &v) const {
    kiln_func_declare_variable(get(), &v);
  }
  /** Calls kiln_func_set_variable, which sets the value of a variable from here on. */
  void set_variable(const kiln_debug_value &v) const { kiln_func_set_variable(get(), &v); }

private:
  type first_type(std::initializer_list<value> values) const {
    for (value v : values)
      if (type t = kiln_value_type(get(), v)) return t;
    return KILN_TYPE_VOID;
  }
  value unary(kiln_op op, type t, value a) const {
    return kiln_build_unary(get(), op, t ? t : first_type({a}), a);
  }
  value binary(kiln_op op, type t, const operand &a, const operand &b) const {
    value x = a.in(get()), y = b.in(get());
    return kiln_build_binary(get(), op, t ? t : first_type({x, y}), x, y);
  }
  value ternary(kiln_op op, type t, const operand &a, const operand &b, const operand &c) const {
    value x = a.in(get()), y = b.in(get()), z = c.in(get());
    return kiln_build_ternary(get(), op, t ? t : first_type({x, y, z}), x, y, z);
  }
  value vector(kiln_op op, type t, type lane, std::uint32_t number, const operand &a,
               const operand &b) const {
    value x = a.in(get()), y = b.in(get());
    return kiln_build_vector(get(), op, t, lane, number, x, y);
  }
};

} // namespace kiln

#undef KILN_CXX_ADDR
#undef KILN_CXX_ASM
#undef KILN_CXX_ATOMIC_CAS
#undef KILN_CXX_ATOMIC_LOAD
#undef KILN_CXX_ATOMIC_RMW
#undef KILN_CXX_ATOMIC_STORE
#undef KILN_CXX_BIN
#undef KILN_CXX_BINV
#undef KILN_CXX_BR
#undef KILN_CXX_BRIF
#undef KILN_CXX_BRIND
#undef KILN_CXX_CALL
#undef KILN_CXX_CONV_BITS
#undef KILN_CXX_CONV_FF
#undef KILN_CXX_CONV_FI
#undef KILN_CXX_CONV_IF
#undef KILN_CXX_CONV_II
#undef KILN_CXX_FCMP
#undef KILN_CXX_FENCE
#undef KILN_CXX_ICMP
#undef KILN_CXX_INTERNAL
#undef KILN_CXX_LANES
#undef KILN_CXX_LEVEL
#undef KILN_CXX_LOAD
#undef KILN_CXX_MACHINE
#undef KILN_CXX_MACHINEV
#undef KILN_CXX_MEM3
#undef KILN_CXX_MEMBER
#undef KILN_CXX_MEMSET
#undef KILN_CXX_NULLARY
#undef KILN_CXX_NULLARYV
#undef KILN_CXX_RESULT
#undef KILN_CXX_RET
#undef KILN_CXX_SALLOC
#undef KILN_CXX_SELECT
#undef KILN_CXX_SLOTV
#undef KILN_CXX_STORE
#undef KILN_CXX_SWITCH
#undef KILN_CXX_TAILCALL
#undef KILN_CXX_TERN
#undef KILN_CXX_TRY
#undef KILN_CXX_UN
#undef KILN_CXX_UNV
#undef KILN_CXX_VA_ARG
#undef KILN_CXX_VBIN
#undef KILN_CXX_VEXTRACT
#undef KILN_CXX_VFCMP
#undef KILN_CXX_VICMP
#undef KILN_CXX_VINSERT
#undef KILN_CXX_VSHIFT
#undef KILN_CXX_VSPLAT
#undef KILN_CXX_VUN
#undef KILN_CXX_KEYWORD_AND
#undef KILN_CXX_KEYWORD_NOT
#undef KILN_CXX_KEYWORD_OR
#undef KILN_CXX_KEYWORD_XOR
#undef KILN_CXX_NAME
#undef KILN_CXX_PICK
#undef KILN_CXX_SECOND
#endif
