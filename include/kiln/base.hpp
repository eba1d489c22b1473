/* The foundations of <kiln/kiln.hpp>: handles, types, results, owners, operands, signatures. */
#ifndef KILN_BASE_HPP
#define KILN_BASE_HPP

#include <kiln/kiln.h>

#include <cfloat>
#include <cstdint>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/** Kiln for C++; see <kiln/kiln.hpp>. */
namespace kiln {

/* ---- handles ---- */

/** A handle of the C API, with comparison. `C` is its struct, `None` the id that means none. */
template <class C, std::uint32_t None> struct handle : C {
  /** Makes a handle that is none. */
  constexpr handle() noexcept : C{None} {}
  /** Converts from a handle of the C API. */
  constexpr handle(C c) noexcept : C(c) {}
  /** Returns true unless the handle is none. */
  constexpr explicit operator bool() const noexcept { return this->id != None; }
  /** Returns true if both name the same thing. */
  friend constexpr bool operator==(handle a, handle b) noexcept { return a.id == b.id; }
  /** Returns true if they name different things. */
  friend constexpr bool operator!=(handle a, handle b) noexcept { return a.id != b.id; }
};

using value = handle<kiln_value, 0>;          /**< an operand: see kiln_value */
using block = handle<kiln_block, UINT32_MAX>; /**< a block of a function: see kiln_block */
using symbol = handle<kiln_symbol, 0>;        /**< a symbol of a module: see kiln_symbol */
using sig = handle<kiln_sig, 0>;              /**< a signature of a module: see kiln_sig */
using die = handle<kiln_die, 0>;              /**< an entry of debug information: see kiln_die */

/* ---- types ---- */

using type = kiln_type;                      /**< the types of IR values */
inline constexpr type i8 = KILN_TYPE_I8;     /**< 8-bit integer; also a condition */
inline constexpr type i16 = KILN_TYPE_I16;   /**< 16-bit integer */
inline constexpr type i32 = KILN_TYPE_I32;   /**< 32-bit integer */
inline constexpr type i64 = KILN_TYPE_I64;   /**< 64-bit integer; also an address */
inline constexpr type i128 = KILN_TYPE_I128; /**< 128-bit integer */
inline constexpr type f16 = KILN_TYPE_F16;   /**< IEEE 754 binary16 */
inline constexpr type f32 = KILN_TYPE_F32;   /**< IEEE 754 binary32 */
inline constexpr type f64 = KILN_TYPE_F64;   /**< IEEE 754 binary64 */
inline constexpr type f80 = KILN_TYPE_F80;   /**< long double of x86-64 */
inline constexpr type f128 = KILN_TYPE_F128; /**< IEEE 754 binary128 */
inline constexpr type v64 = KILN_TYPE_V64;   /**< 8 bytes of lanes */
inline constexpr type v128 = KILN_TYPE_V128; /**< 16 bytes of lanes */
inline constexpr type ptr = KILN_TYPE_PTR;   /**< an address */

/** @cond */
namespace detail {

#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;
template <class T>
inline constexpr bool is_int128 = std::is_same_v<T, int128> || std::is_same_v<T, uint128>;
#else
template <class T> inline constexpr bool is_int128 = false;
#endif

template <class T> constexpr type type_of_number() {
  if constexpr (is_int128<T>) return i128;
  else if constexpr (std::is_integral_v<T>)
    return sizeof(T) == 1 ? i8 : sizeof(T) == 2 ? i16 : sizeof(T) == 4 ? i32 : i64;
  else if constexpr (std::is_same_v<T, float>) return f32;
  else if constexpr (std::is_same_v<T, double>) return f64;
  else if constexpr (std::is_same_v<T, long double>)
    return LDBL_MANT_DIG == 64 ? f80 : LDBL_MANT_DIG == 113 ? f128 : f64;
  else return KILN_TYPE_VOID;
}

} // namespace detail
/** @endcond */

/** Returns the IR type of a C++ type in this machine's ABI: numbers, enumerations, pointers, references, void. Structs
 * and arrays have none; <kiln/ctypes.h> describes how they are passed. */
template <class T> constexpr type type_of() {
  using bare = std::remove_cv_t<T>;
  if constexpr (std::is_void_v<bare>) return KILN_TYPE_VOID;
  else if constexpr (std::is_pointer_v<bare> || std::is_reference_v<bare> ||
                     std::is_null_pointer_v<bare>)
    return ptr;
  else if constexpr (std::is_enum_v<bare>)
    return detail::type_of_number<std::underlying_type_t<bare>>();
  else {
    constexpr type found = detail::type_of_number<bare>();
    static_assert(found != KILN_TYPE_VOID,
                  "a type that is passed as several values: see <kiln/ctypes.h>");
    return found;
  }
}

/* ---- errors ---- */

/** Says whether an operation succeeded; if not, has a copy of its diagnostic. Copies of a result share the
 * diagnostic. */
class result {
public:
  /** Makes a successful result. */
  result() noexcept = default;
  /** Makes a result from a status without a diagnostic. */
  explicit result(kiln_status code) noexcept : code_(code) {}
  /** Makes a result from a status and its diagnostic, which is copied; NULL for none. */
  result(kiln_status code, const kiln_diag *diag) : code_(code) {
    if (code != KILN_OK && diag) more_ = std::make_shared<const details>(details{*diag, {}});
  }
  /** Makes a result from the error of a call of the JIT, which is copied. */
  result(kiln_status code, const kiln_jit_error &e) : code_(code) {
    if (code == KILN_OK) return;
    std::vector<std::string> names;
    const char *name = reinterpret_cast<const char *>(e.missing.data);
    for (std::uint32_t k = 0; k < e.n_missing; k++, name += std::strlen(name) + 1)
      names.emplace_back(name);
    more_ = std::make_shared<const details>(details{e.diag, std::move(names)});
  }
  /** Returns true if there was no error. */
  explicit operator bool() const noexcept { return code_ == KILN_OK; }
  /** Returns the kind of error; KILN_OK if there was none. */
  kiln_status status() const noexcept { return code_; }
  /** Returns what is wrong, in one line, without its place; "" after success. The string lives as long as the result
   * and its copies. */
  const char *message() const noexcept {
    if (more_ && more_->diag.message[0]) return more_->diag.message;
    return code_ == KILN_OK ? "" : kiln_status_name(code_);
  }
  /** Returns the diagnostic; NULL if there is none. It lives as long as the result and its copies. */
  const kiln_diag *diag() const noexcept { return more_ ? &more_->diag : nullptr; }
  /** Returns the diagnostic with its place, as kiln_diag_format writes it; "" after success. */
  std::string text() const {
    if (!more_) return message();
    std::string out(kiln_diag_format(&more_->diag, nullptr, 0) + 1, '\0');
    kiln_diag_format(&more_->diag, &out[0], out.size());
    out.pop_back();
    return out;
  }
  /** Returns, for jit::add, all names that nothing defines, in the order of reference. */
  std::vector<std::string> missing() const {
    return more_ ? more_->missing : std::vector<std::string>();
  }

private:
  /** @cond */
  struct details {
    kiln_diag diag;
    std::vector<std::string> missing;
  };
  /** @endcond */
  kiln_status code_ = KILN_OK;
  std::shared_ptr<const details> more_;
};

#if defined(__cpp_exceptions)
/** The exception that kiln::check throws. */
class error : public std::exception {
public:
  /** Makes an exception from a result that is an error. */
  explicit error(result why)
      : why_(std::move(why)), text_(std::make_shared<const std::string>(why_.text())) {}
  /** Returns the diagnostic with its place. */
  const char *what() const noexcept override { return text_->c_str(); }
  /** Returns the kind of error. */
  kiln_status status() const noexcept { return why_.status(); }
  /** Returns the result itself. */
  const result &why() const noexcept { return why_; }

private:
  result why_;
  std::shared_ptr<const std::string> text_;
};

/** Throws kiln::error if `r` is an error. */
inline void check(const result &r) {
  if (!r) throw error(r);
}

/** Throws kiln::error if a module, session, function, JIT or similar object could not be made or has failed; otherwise,
 * returns it: `auto m = kiln::check(kiln::module());` */
template <class Owner>
auto check(Owner &&owner) -> std::enable_if_t<sizeof(owner.why()) != 0, Owner> {
  if (owner.status() != KILN_OK) throw error(owner.why());
  return std::forward<Owner>(owner);
}
#endif

/* ---- owners ---- */

/** Owns an object of the C API, which `Free` frees. An owner can be moved but not copied. */
template <class C, void (*Free)(C *)> class owner {
public:
  /** Makes an owner of nothing. */
  owner() noexcept = default;
  /** Takes ownership of `object`, which may be NULL. */
  explicit owner(C *object) noexcept : object_(object) {}
  /** Takes over the object that `other` owns. */
  owner(owner &&other) noexcept : object_(other.release()) {}
  /** Frees the owned object, and takes over the one that `other` owns. */
  owner &operator=(owner &&other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  /** Frees the owned object. */
  ~owner() { Free(object_); }
  /** Returns the object, for calls of the C API; NULL if there is none. The object stays owned. */
  C *get() const noexcept { return object_; }
  /** Gives up ownership of the object and returns it; the caller must free it. */
  [[nodiscard]] C *release() noexcept { return std::exchange(object_, nullptr); }
  /** Frees the owned object, and takes ownership of `object`. */
  void reset(C *object = nullptr) noexcept { Free(std::exchange(object_, object)); }
  /** Returns true if there is an owned object, even one that has failed; see status(). */
  explicit operator bool() const noexcept { return object_ != nullptr; }

private:
  C *object_ = nullptr;
};

/** Bytes that the library writes: a kiln_buffer that is freed automatically. A buffer can be moved but not copied. */
class buffer {
public:
  /** Makes an empty buffer. */
  buffer() noexcept = default;
  /** Takes over the bytes of `other`. */
  buffer(buffer &&other) noexcept : bytes_(std::exchange(other.bytes_, kiln_buffer{})) {}
  /** Frees its bytes, and takes over those of `other`. */
  buffer &operator=(buffer &&other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  /** Frees the bytes. */
  ~buffer() { kiln_buffer_free(&bytes_); }
  /** Returns the bytes; NULL if there are none. */
  const std::uint8_t *data() const noexcept { return bytes_.data; }
  /** Returns the number of bytes. */
  std::size_t size() const noexcept { return bytes_.size; }
  /** Returns the kiln_buffer, for calls of the C API that append to it. */
  kiln_buffer *get() noexcept { return &bytes_; }
  /** Gives up ownership of the bytes; the caller must free them by kiln_buffer_free. */
  [[nodiscard]] kiln_buffer release() noexcept { return std::exchange(bytes_, kiln_buffer{}); }

private:
  kiln_buffer bytes_{};
};

/* ---- operands ---- */

/** An operand of an operation: a value, an integer constant, or the address of a symbol. Conversions to it are
 * implicit. */
class operand {
public:
  /** Makes an operand that is none. */
  constexpr operand() noexcept = default;
  /** Converts from a value. */
  constexpr operand(kiln_value v) noexcept : value_(v) {}
  /** Converts from a value. */
  constexpr operand(value v) noexcept : value_(v) {}
  /** Converts from an integer constant, which takes the type that its use requires. For floating-point constants, use
   * func::const_f64 and the like. */
  template <class Int, class = std::enable_if_t<std::is_integral_v<Int>>>
  constexpr operand(Int n) noexcept : number_(static_cast<std::int64_t>(n)), kind_(number) {}
  /** Converts from a symbol, to its address. */
  constexpr operand(symbol s) noexcept : symbol_(s), kind_(address) {}
  /** Converts from a symbol, to its address. */
  constexpr operand(kiln_symbol s) noexcept : symbol_(s), kind_(address) {}
  /** Returns the operand's value in `f`. */
  value in(kiln_func *f) const {
    return kind_ == number    ? kiln_const_int(f, number_)
           : kind_ == address ? kiln_const_symbol(f, symbol_, 0)
                              : value_;
  }

private:
  enum kind { given, number, address };
  kiln_value value_{};
  kiln_symbol symbol_{};
  std::int64_t number_ = 0;
  kind kind_ = given;
};

/** Several operands: `{a, b, 1}`, an array of values and its size, or a vector of values. This class borrows them: use
 * it only as an argument. */
class operands {
public:
  /** Makes an empty list. */
  operands() noexcept = default;
  /** Refers to the operands in braces. */
  operands(std::initializer_list<operand> list) noexcept : n_(list.size()) {
    mixed_ = list.begin();
  }
  /** Refers to an array of `n_values` values. */
  operands(const kiln_value *values, std::size_t n_values) noexcept
      : values_(values), n_(n_values) {}
  /** Refers to all values of a vector. */
  operands(const std::vector<value> &values) noexcept : values_(values.data()), n_(values.size()) {
    static_assert(sizeof(value) == sizeof(kiln_value), "arrays of both are the same");
  }
  /** Refers to all operands of a vector. */
  operands(const std::vector<operand> &list) noexcept : mixed_(list.data()), n_(list.size()) {}

private:
  friend class resolved;
  const operand *mixed_ = nullptr;
  const kiln_value *values_ = nullptr;
  std::size_t n_ = 0;
};

/** @cond */
/* The values of operands in a function, as an array. */
class resolved {
public:
  resolved(kiln_func *f, const operands &from) : values_(from.values_), n_(from.n_) {
    if (!from.mixed_) return;
    kiln_value *to = few_;
    if (n_ > sizeof few_ / sizeof *few_) {
      many_.reset(to = new (std::nothrow) kiln_value[n_]);
      if (!to) {
        kiln_func_fail(f, KILN_ERR_MEMORY, "out of memory");
        n_ = 0;
      }
    }
    for (std::size_t k = 0; k < n_; k++) to[k] = from.mixed_[k].in(f);
    values_ = to;
  }
  const kiln_value *data() const noexcept { return values_; }
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(n_); }

private:
  kiln_value few_[12];
  std::unique_ptr<kiln_value[]> many_;
  const kiln_value *values_;
  std::size_t n_;
};
/** @endcond */

/* ---- signatures ---- */

/** @cond */
namespace detail {

/* True if callers extend integers of less than 32 bits and callees rely on it, as compilers for the ABI do. */
#ifdef __x86_64__
inline constexpr bool extends_small = true;
#else
inline constexpr bool extends_small = false;
#endif

template <class T> constexpr kiln_param param_of() {
  using bare = std::remove_cv_t<T>;
  if constexpr (std::is_enum_v<bare>) {
    return param_of<std::underlying_type_t<bare>>();
  } else {
    kiln_param p{};
    p.type = type_of<bare>();
    if (extends_small && std::is_integral_v<bare> && type_of<bare>() < i32)
      p.flags = std::is_signed_v<bare> ? KILN_PARAM_SEXT : KILN_PARAM_ZEXT;
    return p;
  }
}

template <class R, std::uint32_t Flags, class... A> struct function_of {
  static kiln_sig sig(kiln_module *m) {
    constexpr kiln_type result = type_of<R>();
    constexpr kiln_param params[sizeof...(A) + 1] = {param_of<A>()..., kiln_param{}};
    return kiln_sig_new(m, KILN_CC_C, Flags, params, sizeof...(A), &result,
                        std::is_void_v<R> ? 0 : 1);
  }
};

template <class F> struct function;
template <class R, class... A> struct function<R(A...)> : function_of<R, 0, A...> {};
template <class R, class... A>
struct function<R(A...) noexcept> : function_of<R, KILN_SIG_NOUNWIND, A...> {};
template <class R, class... A>
struct function<R(A..., ...)> : function_of<R, KILN_SIG_VARIADIC, A...> {};
template <class R, class... A>
struct function<R(A..., ...) noexcept>
    : function_of<R, KILN_SIG_VARIADIC | KILN_SIG_NOUNWIND, A...> {};

} // namespace detail
/** @endcond */

/** Returns the signature of functions of C++ type `F`, such as `int(int, const char *)` or `int(const char *, ...)`, by
 * this machine's C ABI. `noexcept` types get KILN_SIG_NOUNWIND. Structs passed by value do not compile; see
 * <kiln/ctypes.h>. Returns none if the module has failed. */
template <class F> sig sig_of(kiln_module *m) { return detail::function<F>::sig(m); }

} // namespace kiln
#endif
