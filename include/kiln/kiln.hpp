/* Kiln for C++17 and later (docs/cpp.md): objects of the C API are classes that free what they own, C++ function types
 * give signatures and pointers to compiled functions, and each operation of <kiln/ops.def> is a member function.
 * Nothing here has state of its own, and threads are treated as in the C API.
 * - Owners (kiln::module, session, func, jit, jit_stream, ssa, buffer) can be moved but not copied. `get()` returns the
 *   C object, for any call of the C API that has no member here; `release()` gives up ownership of it. An owner must
 *   not outlive the objects that the C API says it needs: a session needs its module, a function its session. Variables
 *   of one scope satisfy this if they are declared in that order.
 * - Handles (kiln::value, block, symbol, sig, die) are those of the C API, with comparison and a test for "none"; they
 *   convert from and to them.
 * - Errors: Kiln itself throws nothing, so that it works the same with -fno-exceptions. As in the C API, errors stick
 *   to functions and modules: building needs no checks, and the calls that complete something (`compile`, `emit_elf`,
 *   `add`) return a kiln::result, which is true if there was no error. kiln::check(...) throws kiln::error instead, if
 *   the compiler supports exceptions. (Memory for an error's text or for a list of arguments comes from C++, which may
 *   throw std::bad_alloc.)
 * - Names that are C++ keywords end in an underscore: and_, or_, xor_, not_, switch_, try_, asm_. */
#ifndef KILN_KILN_HPP
#define KILN_KILN_HPP

#include <kiln/base.hpp>
#include <kiln/func.hpp>

namespace kiln {

/* ---- debug information ---- */

/** A set of entries of debug information. module::debug() and session::debug() return it; the module or session owns
 * it. For anything but the usual entries, use <kiln/debug_entries.h> with get(). */
class debug {
public:
  /** Makes an empty reference, for which every call does nothing. */
  debug() noexcept = default;
  /** Refers to a set of the C API, without owning it. */
  explicit debug(kiln_debug *d) noexcept : d_(d) {}
  /** Returns the set, for calls of the C API; NULL if there is none. */
  kiln_debug *get() const noexcept { return d_; }
  /** Returns true if there is a set. */
  explicit operator bool() const noexcept { return d_ != nullptr; }
  /** Calls kiln_die_new_file. */
  die file(const char *folder, const char *name) const {
    return kiln_die_new_file(d_, folder, name);
  }
  /** Calls kiln_die_new_unit. */
  die unit(die file, const char *producer, std::uint32_t language) const {
    return kiln_die_new_unit(d_, file, producer, language);
  }
  /** Calls kiln_die_new_base_type. */
  die base_type(const char *name, std::uint32_t encoding, std::uint64_t size_bytes) const {
    return kiln_die_new_base_type(d_, name, encoding, size_bytes);
  }
  /** Calls kiln_die_new_pointer_type. */
  die pointer_type(die to = {}) const { return kiln_die_new_pointer_type(d_, to); }
  /** Calls kiln_die_new_modified_type. */
  die modified_type(std::uint32_t tag, die type) const {
    return kiln_die_new_modified_type(d_, tag, type);
  }
  /** Calls kiln_die_new_typedef. */
  die typedef_(die parent, const char *name, die type) const {
    return kiln_die_new_typedef(d_, parent, name, type);
  }
  /** Calls kiln_die_new_array_type. */
  die array_type(die element, die index, std::uint64_t count) const {
    return kiln_die_new_array_type(d_, element, index, count);
  }
  /** Calls kiln_die_new_record. */
  die record(std::uint32_t tag, die parent, const char *name, std::uint64_t size_bytes) const {
    return kiln_die_new_record(d_, tag, parent, name, size_bytes);
  }
  /** Calls kiln_die_set_members. */
  void set_members(die record, std::initializer_list<kiln_die_member> members) const {
    kiln_die_set_members(d_, record, members.begin(), static_cast<std::uint32_t>(members.size()));
  }
  /** Calls kiln_die_new_enum. */
  die enum_(die parent, const char *name, die type, std::uint64_t size_bytes,
            std::initializer_list<kiln_die_enumerator> items) const {
    return kiln_die_new_enum(d_, parent, name, type, size_bytes, items.begin(),
                             static_cast<std::uint32_t>(items.size()));
  }
  /** Calls kiln_die_new_function_type. */
  die function_type(die result, std::initializer_list<kiln_die> params) const {
    return kiln_die_new_function_type(d_, result, params.begin(),
                                      static_cast<std::uint32_t>(params.size()));
  }
  /** Calls kiln_die_new_function. */
  die function(die parent, const kiln_die_declaration &what, bool is_inline = false) const {
    return kiln_die_new_function(d_, parent, &what, is_inline);
  }
  /** Calls kiln_die_new_parameter. */
  die parameter(die function, const kiln_die_declaration &what) const {
    return kiln_die_new_parameter(d_, function, &what);
  }
  /** Calls kiln_die_new_variable. */
  die variable(die scope, const kiln_die_declaration &what) const {
    return kiln_die_new_variable(d_, scope, &what);
  }
  /** Calls kiln_die_new_block. */
  die lexical_block(die scope) const { return kiln_die_new_block(d_, scope); }
  /** Calls kiln_die_new_global. */
  die global(die unit, const kiln_die_declaration &what, symbol at) const {
    return kiln_die_new_global(d_, unit, &what, at);
  }

private:
  kiln_debug *d_ = nullptr;
};

/* ---- modules and sessions ---- */

/** A module: everything that goes into one object, or into one unit of a JIT. */
class module : public owner<kiln_module, kiln_module_free> {
public:
  using owner::owner;
  /** Makes a module for this machine, with the defaults of kiln_module_options. */
  module() :module(kiln_module_options{}) {}
  /** Makes a module with `options`, which are copied: kiln_module_new. The module is false if memory ran out or an
   * option is out of range. */
  explicit module(const kiln_module_options &options) : owner(kiln_module_new(&options)) {}
  /** Makes a module for this machine whose code is for a JIT. `name`, which is copied, is used in diagnostics. */
  static module for_jit(const char *name = nullptr) {
    kiln_module_options options{};
    options.jit = true;
    options.name = name;
    return module(options);
  }
  /** Calls kiln_module_status. */
  kiln_status status() const noexcept { return kiln_module_status(get()); }
  /** Returns the first error, if there is one: kiln_module_diag. */
  result why() const {
    return status() == KILN_OK ? result()
                               : result(status(), get() ? kiln_module_diag(get()) : nullptr);
  }
  /** Calls kiln_sig_new for the C calling convention. There are up to KILN_MAX_RESULTS `results`, or none. */
  kiln::sig sig(std::initializer_list<type> results, std::initializer_list<type> params,
                std::uint32_t flags = 0) const {
    std::vector<kiln_param> list;
    for (type t : params) {
      kiln_param p{};
      p.type = t;
      list.push_back(p);
    }
    return kiln_sig_new(get(), KILN_CC_C, flags, list.data(),
                        static_cast<std::uint32_t>(list.size()), results.begin(),
                        static_cast<std::uint32_t>(results.size()));
  }
  /** Parses a signature: kiln_sig_parse. */
  kiln::sig sig(const char *text) const { return kiln_sig_parse(get(), text); }
  /** Declares an external function with a signature: kiln_func_declare. */
  symbol declare(const char *name, kiln::sig s) const {
    kiln_symbol_desc desc{};
    desc.name = name;
    return kiln_func_declare(get(), &desc, s);
  }
  /** Declares a function with all options. */
  symbol declare(const kiln_symbol_desc &desc, kiln::sig s) const {
    return kiln_func_declare(get(), &desc, s);
  }
  /** Declares an external function of C++ type `F`: `m.declare<int(const char *)>("puts")`. */
  template <class F> symbol declare(const char *name) const {
    return declare(name, sig_of<F>(get()));
  }
  /** Calls kiln_symbol_lookup. */
  symbol lookup(const char *name) const { return kiln_symbol_lookup(get(), name); }
  /** Defines a string of the program as private data: kiln_data_define_string. */
  symbol string(const char *text) const { return string(text, std::strlen(text)); }
  /** Does the same for a string of `text_length` bytes, which may be 0. */
  symbol string(const char *text, std::size_t text_length) const {
    return kiln_data_define_string(get(), text, text_length);
  }
  /** Declares and defines data. */
  symbol data(const kiln_symbol_desc &desc, const kiln_data_desc &content) const {
    symbol s = kiln_data_declare(get(), &desc);
    kiln_data_define(get(), s, &content);
    return s;
  }
  /** Calls kiln_module_freeze. */
  result freeze() const {
    kiln_status code = kiln_module_freeze(get());
    return code == KILN_OK ? result() : why();
  }
  /** Returns the module's set of entries of debug information: kiln_module_debug. */
  kiln::debug debug() const { return kiln::debug(kiln_module_debug(get())); }
  /** Appends the object, with the code of `sessions`, to `out`: kiln_emit_object. */
  template <class... Session> result emit_object(buffer &out, const Session &...sessions) const {
    kiln_session *const list[] = {sessions.get()..., nullptr};
    kiln_status code = kiln_emit_object(get(), list, sizeof...(sessions), out.get());
    return code == KILN_OK ? result() : result(code, get() ? kiln_module_diag(get()) : nullptr);
  }
  /** The same, of ELF alone: kiln_emit_elf. */
  template <class... Session> result emit_elf(buffer &out, const Session &...sessions) const {
    kiln_session *const list[] = {sessions.get()..., nullptr};
    kiln_status code = kiln_emit_elf(get(), list, sizeof...(sessions), out.get());
    return code == KILN_OK ? result() : result(code, get() ? kiln_module_diag(get()) : nullptr);
  }
  /** The same with split debug information, whose larger part is appended to `dwo`: kiln_emit_elf_split. */
  template <class... Session>
  result emit_elf_split(buffer &out, buffer &dwo, const Session &...sessions) const {
    kiln_session *const list[] = {sessions.get()..., nullptr};
    kiln_status code = kiln_emit_elf_split(get(), list, sizeof...(sessions), out.get(), dwo.get());
    return code == KILN_OK ? result() : result(code, get() ? kiln_module_diag(get()) : nullptr);
  }
  /** Writes the object to a file: kiln_emit_object_file. */
  template <class... Session>
  result emit_object_file(const char *path, const Session &...sessions) const {
    kiln_session *const list[] = {sessions.get()..., nullptr};
    kiln_status code = kiln_emit_object_file(get(), list, sizeof...(sessions), path);
    return code == KILN_OK ? result() : result(code, get() ? kiln_module_diag(get()) : nullptr);
  }
};

/** Calls sig_of for a module that has an owner. */
template <class F> sig sig_of(const module &m) { return sig_of<F>(m.get()); }

/** A session, which compiles functions of one module: kiln_session. */
class session : public owner<kiln_session, kiln_session_free> {
public:
  using owner::owner;
  /** Makes a session that owns nothing. */
  session() noexcept = default;
  /** Makes a session of a module, which it must not outlive. The session is false if memory ran out. */
  explicit session(const module &m) : owner(kiln_session_new(m.get())) {}
  /** Returns the status of the session's module; KILN_ERR_MEMORY if there is no session. */
  kiln_status status() const noexcept {
    return get() ? kiln_module_status(kiln_session_module(get())) : KILN_ERR_MEMORY;
  }
  /** Returns the first error of the session's module. */
  result why() const {
    return get() ? result(status(), kiln_module_diag(kiln_session_module(get())))
                 : result(status());
  }
  /** Begins the body of a function that was declared: kiln_func_begin. */
  func begin(symbol s) const { return func(kiln_func_begin(get(), s)); }
  /** Declares an external function of C++ type `F`, and begins its body. */
  template <class F> func begin(const char *name) const {
    kiln_module *m = kiln_session_module(get());
    kiln_symbol_desc desc{};
    desc.name = name;
    return begin(kiln_func_declare(m, &desc, sig_of<F>(m)));
  }
  /** Reads text and compiles its functions: kiln_text_read, which needs libkiln-text. */
  result read_text(const char *text, std::size_t text_length) const {
    kiln_status code = kiln_text_read(get(), text, text_length, nullptr, nullptr);
    return code == KILN_OK || !get() ? result(code)
                                     : result(code, kiln_module_diag(kiln_session_module(get())));
  }
  /** Returns the session's set of entries of debug information: kiln_session_debug. */
  kiln::debug debug() const { return kiln::debug(kiln_session_debug(get())); }
  /** Adds a source file for locations: kiln_file_new. */
  std::uint32_t file(const char *name) const { return kiln_file_new(get(), name); }
  /** Adds a source file that has an entry: kiln_file_new_die. */
  std::uint32_t file(die file, const char *name = nullptr) const {
    return kiln_file_new_die(get(), file, name);
  }
  /** Adds a location: kiln_loc_new. */
  std::uint32_t loc(std::uint32_t file, std::uint32_t line, std::uint32_t column = 0) const {
    return kiln_loc_new(get(), file, line, column);
  }
  /** Adds a complete location: kiln_loc_new_full. */
  std::uint32_t loc(const kiln_location &at) const { return kiln_loc_new_full(get(), &at); }
};

/* ---- code in memory ---- */

/** A JIT: kiln_jit. Pointers that it returns are valid until their unit is removed or the JIT is freed. */
class jit : public owner<kiln_jit, kiln_jit_free> {
public:
  using owner::owner;
  /** Makes a JIT with the defaults. If that fails, the JIT is false, and why() returns the reason. */
  jit() : jit(kiln_jit_options{}) {}
  /** Makes a JIT with `options`, which are copied: kiln_jit_new. */
  explicit jit(const kiln_jit_options &options) {
    failure e;
    reset(kiln_jit_new(&options, &e.error));
    if (!get()) why_ = result(e.error.diag.status, e.error);
  }
  /** Returns why there is no JIT; KILN_OK if there is one, or if it was moved away. */
  kiln_status status() const noexcept { return why_.status(); }
  /** Returns why there is no JIT. */
  const result &why() const noexcept { return why_; }

  /** Links what a session compiled of a module, as one unit: kiln_jit_add. Sets `unit` (may be NULL) to its handle. */
  [[nodiscard]] result add(const module &m, const session &s, std::uint32_t flags = 0,
                           kiln_jit_unit *unit = nullptr) {
    kiln_session *const sessions[] = {s.get()};
    const kiln_jit_input input{m.get(), sessions, 1, {}};
    return add(flags, &input, 1, unit);
  }
  /** Links several modules, or the code of several sessions. */
  [[nodiscard]] result add(std::uint32_t flags, const kiln_jit_input *inputs,
                           std::uint32_t n_inputs, kiln_jit_unit *unit = nullptr) {
    failure e;
    kiln_jit_unit made{};
    kiln_status code = kiln_jit_add(get(), flags, inputs, n_inputs, unit ? unit : &made, &e.error);
    return result(code, e.error);
  }
  /** Removes a unit: kiln_jit_remove. */
  [[nodiscard]] result remove(kiln_jit_unit unit) {
    failure e;
    kiln_status code = kiln_jit_remove(get(), unit, &e.error);
    return result(code, e.error);
  }
  /** Returns a pointer to an external function or data of C++ type `T`: `jit.lookup<int(int, int)>("add")` is an `int
   * (*)(int, int)`, and `jit.lookup<long>("count")` a `long *`. Returns NULL if no unit defines it. Nothing checks that
   * the type is right. */
  template <class T> std::add_pointer_t<T> lookup(const char *name) const {
    return reinterpret_cast<std::add_pointer_t<T>>(kiln_jit_lookup(get(), name));
  }
  /** Does the same for a single unit, including internal names: kiln_jit_address. */
  template <class T> std::add_pointer_t<T> address(kiln_jit_unit unit, const char *name) const {
    return reinterpret_cast<std::add_pointer_t<T>>(kiln_jit_address(get(), unit, name));
  }
  /** Returns the function of a unit that was compiled as number `index`, from 0: kiln_jit_function. */
  template <class F> std::add_pointer_t<F> function(kiln_jit_unit unit, std::uint32_t index) const {
    return reinterpret_cast<std::add_pointer_t<F>>(kiln_jit_function(get(), unit, index));
  }
  /** Declares a function of C++ type `F` lazy: kiln_jit_declare_lazy. Returns its stub; NULL after an error, which is
   * written to `why` (may be NULL). `desc.compile` may throw. */
  template <class F>
  std::add_pointer_t<F> declare_lazy(const kiln_jit_lazy_desc &desc, result *why = nullptr) {
    failure e;
    void *stub = kiln_jit_declare_lazy(get(), &desc, &e.error);
    if (why) *why = result(e.error.diag.status, e.error);
    return reinterpret_cast<std::add_pointer_t<F>>(stub);
  }
  /** Ends what declare_lazy began: kiln_jit_remove_lazy. */
  [[nodiscard]] result remove_lazy(const char *name) {
    failure e;
    kiln_status code = kiln_jit_remove_lazy(get(), name, &e.error);
    return result(code, e.error);
  }
  /** Finds the function that has code at `pc`: kiln_jit_find_pc. Signal handlers may call it. */
  bool find_pc(const void *pc, kiln_jit_pc_info &info) const {
    return kiln_jit_find_pc(get(), pc, &info);
  }

private:
  friend class jit_stream;
  /** @cond */
  struct failure {
    failure() = default;
    failure(const failure &) = delete;
    failure &operator=(const failure &) = delete;
    ~failure() { kiln_jit_error_free(&error); }
    kiln_jit_error error{};
  };
  /** @endcond */
  result why_;
};

/** Adds functions of a module one by one: kiln_jit_stream. */
class jit_stream : public owner<kiln_jit_stream, kiln_jit_stream_free> {
public:
  using owner::owner;
  /** Makes a stream for `m`, which must live as long as the stream, and so must `j`: kiln_jit_stream_new. */
  jit_stream(const jit &j, const module &m)
      : owner(kiln_jit_stream_new(j.get(), m.get(), nullptr, nullptr)) {}
  /** Adds what a session compiled since the last call: kiln_jit_stream_add. `unit` may be NULL. */
  [[nodiscard]] result add(const session &s, std::uint32_t flags = 0,
                           kiln_jit_unit *unit = nullptr) {
    jit::failure e;
    kiln_jit_unit made{};
    kiln_status code = kiln_jit_stream_add(get(), s.get(), flags, unit ? unit : &made, &e.error);
    return result(code, e.error);
  }
  /** Compiles a function of C++ type `F`, adds it, and returns its address: kiln_jit_stream_define. Returns NULL after
   * an error, which is written to `why` (may be NULL). */
  template <class F>
  std::add_pointer_t<F> define(func f, std::uint32_t flags = 0, kiln_jit_unit *unit = nullptr,
                               result *why = nullptr) {
    jit::failure e;
    void *address = kiln_jit_stream_define(get(), f.release(), flags, unit, &e.error);
    if (why) *why = result(e.error.diag.status, e.error);
    return reinterpret_cast<std::add_pointer_t<F>>(address);
  }
};

/* ---- helpers ---- */

/** Builds SSA form from assignments: kiln_ssa, whose functions are members of the same names. */
class ssa : public owner<kiln_ssa, kiln_ssa_free> {
public:
  using owner::owner;
  /** Makes a helper for functions of `m`: kiln_ssa_new. */
  explicit ssa(const module &m) : owner(kiln_ssa_new(m.get())) {}
  /** Calls kiln_ssa_begin. */
  void begin(const func &f, std::uint32_t flags = 0) { kiln_ssa_begin(get(), f.get(), flags); }
  /** Calls kiln_ssa_end. */
  result end() { return result(kiln_ssa_end(get())); }
  /** Calls kiln_ssa_new_variable. */
  kiln_ssa_variable variable(type t) { return kiln_ssa_new_variable(get(), t); }
  /** Calls kiln_ssa_write. */
  void write(kiln_ssa_variable var, value v) { kiln_ssa_write(get(), var, v); }
  /** Calls kiln_ssa_read. */
  value read(kiln_ssa_variable var) { return kiln_ssa_read(get(), var); }
  /** Calls kiln_ssa_br. */
  void br(block target) { kiln_ssa_br(get(), target); }
  /** Calls kiln_ssa_brif. */
  void brif(value cond, block then_block, block else_block) {
    kiln_ssa_brif(get(), cond, then_block, else_block);
  }
  /** Calls kiln_ssa_switch. */
  void switch_(type t, value v, block default_block,
               std::initializer_list<kiln_switch_case> cases) {
    kiln_ssa_switch(get(), t, v, default_block, cases.begin(),
                    static_cast<std::uint32_t>(cases.size()));
  }
  /** Calls kiln_ssa_try. */
  void try_(const kiln_try_desc &what) { kiln_ssa_try(get(), &what); }
  /** Calls kiln_ssa_seal. */
  void seal(block b) { kiln_ssa_seal(get(), b); }
};

} // namespace kiln
#endif
