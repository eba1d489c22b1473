// <kiln/kiln.hpp>: code that is called through typed pointers, an object with lines, errors, moves. Built with and
// without exceptions (tests/tool/cpp_api.sh), which also writes reach.hpp: a `using` for each operation.
#include <kiln/kiln.hpp>

#include <climits>
#include <cstdio>
#include <cstring>

#define CHECK(x)                                                                                   \
  if (!(x)) {                                                                                      \
    std::printf("line %d: %s\n", __LINE__, #x);                                                    \
    return 1;                                                                                      \
  }

namespace {

// Every operation is a member of its name.
struct reaches : kiln::func {
#include "reach.hpp"
};

template <class T> constexpr bool moves() {
  return !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> &&
         std::is_nothrow_move_constructible_v<T> && std::is_move_assignable_v<T>;
}
static_assert(moves<kiln::module>() && moves<kiln::session>() && moves<kiln::func>());
static_assert(moves<kiln::jit>() && moves<kiln::jit_stream>() && moves<kiln::ssa>() && moves<kiln::buffer>());

enum class color : unsigned char { red, green };
static_assert(kiln::type_of<int>() == KILN_TYPE_I32 && kiln::type_of<const char *>() == KILN_TYPE_I64);
static_assert(kiln::type_of<color>() == KILN_TYPE_I8 && kiln::type_of<int &>() == KILN_TYPE_I64);
static_assert(kiln::type_of<float>() == KILN_TYPE_F32 && kiln::type_of<double>() == KILN_TYPE_F64);
static_assert(kiln::type_of<bool>() == KILN_TYPE_I8 && kiln::type_of<long long>() == KILN_TYPE_I64);

extern "C" long seen(signed char a, unsigned short b, bool c, color d, double e, float g) {
  return a * 1000000L + b * 10L + c + static_cast<long>(d) * 100 + static_cast<long>(e * 4 + g);
}

void *resolve(void *, const char *name) {
  return std::strcmp(name, "seen") == 0 ? reinterpret_cast<void *>(seen) : nullptr;
}

// int add(int, int); long sum(long) by a loop; unsigned bits(unsigned, unsigned) of operations that are keywords.
int build_plain(const kiln::session &s) {
  kiln::func f = s.begin<int(int, int)>("add");
  f.ret(f.add(f.param(0), f.param(1)));
  CHECK(f.compile());
  CHECK(!f && f.get() == nullptr);

  f = s.begin<long(long)>("sum");
  const kiln::block loop = f.new_block(), body = f.new_block(), done = f.new_block();
  CHECK(loop && loop != body && !kiln::block());
  const kiln::value i = f.add_param(loop, kiln::i64), total = f.add_param(loop, kiln::i64);
  f.br(loop, {f.param(0), 0});
  f.switch_to(loop);
  f.brif(f.icmp(KILN_ICOND_EQ, i, 0), done, body);
  f.switch_to(body);
  f.br(loop, {f.sub(i, 1), f.add(total, i)});
  f.switch_to(done);
  f.ret(total);
  CHECK(f.finish());
  CHECK(f.verify());
  CHECK(f.compile());

  f = s.begin<unsigned(unsigned, unsigned)>("bits");
  const kiln::value a = f.param(0), b = f.param(1);
  f.ret(f.xor_(f.and_(a, b), f.or_(f.shl(kiln::i32, a, 4), f.not_(b))));
  CHECK(f.compile());
  return 0;
}

// long pass(long x), which calls `seen` with arguments of C's types; int print(char *, size_t, int, double), which calls
// the variadic snprintf; long length() and, by a tail call, long tail(),
// of strings of the program; void both(long, long *), of a slot.
int build_calls(const kiln::module &m, const kiln::session &s) {
  kiln::func f = s.begin<long(long)>("pass");
  const kiln::value x = f.param(0);
  using seen_type = long(signed char, unsigned short, bool, color, double, float);
  f.ret(f.call<seen_type>(m.declare<seen_type>("seen"),
                          {f.trunc(kiln::i8, x), f.trunc(kiln::i16, f.lshr(x, 8)), 1, f.trunc(kiln::i8, 1),
                           f.const_f64(2.5), f.fdemote(kiln::f32, f.sitof(kiln::f64, x))}));
  kiln_diag why{};
  CHECK(f.status() != KILN_OK); // a constant has no type to convert from
  CHECK(kiln_func_try_compile(f.release(), &why) != KILN_OK && why.status == KILN_ERR_TYPE);
  f = s.begin(m.lookup("pass"));
  const kiln::value y = f.param(0);
  f.ret(f.call<seen_type>(m.lookup("seen"),
                          {f.trunc(kiln::i8, y), f.trunc(kiln::i16, f.lshr(y, 8)), 1, 1, f.const_f64(2.5),
                           f.fdemote(kiln::f32, f.sitof(kiln::f64, y))}));
  CHECK(f.compile());

  f = s.begin<int(char *, std::size_t, int, double)>("print");
  const kiln::symbol format = m.string("%d %.2f");
  f.ret(f.call<int(char *, std::size_t, const char *, ...)>(
    m.declare<int(char *, std::size_t, const char *, ...)>("snprintf"),
    {f.param(0), f.param(1), format, f.param(2), f.param(3)}));
  CHECK(f.compile());

  f = s.begin<std::size_t()>("length");
  f.ret(f.call<std::size_t(const char *)>(m.declare<std::size_t(const char *)>("strlen"), {m.string("seven..")}));
  CHECK(f.compile());

  f = s.begin<std::size_t()>("tail");
  f.tailcall<std::size_t(const char *)>(m.declare<std::size_t(const char *)>("strlen"), {m.string("nine.....")});
  CHECK(f.compile());

  f = s.begin<void(long, long *)>("both");
  const kiln::value slot = f.slot(8);
  f.store(kiln::i64, slot, 0, f.param(0));
  const kiln::value two[] = {f.param(1), slot};
  f.call(kiln::sig_of<void *(void *, const void *, long)>(m), m.declare<void *(void *, const void *, long)>("memcpy"),
         {two[0], two[1], 8});
  f.ret();
  CHECK(f.compile());
  CHECK(m.status() == KILN_OK && m.why());
  return 0;
}

int run() {
  kiln::module m = kiln::module::for_jit("run");
  kiln::session s(m);
  kiln_jit_options options{};
  options.resolve = resolve;
  kiln::jit jit(options);
  CHECK(m && s && jit && jit.status() == KILN_OK);
  if (build_plain(s) || build_calls(m, s)) return 1;
  kiln_jit_unit unit{};
  CHECK(jit.add(m, s, 0, &unit));
  auto add = jit.lookup<int(int, int)>("add");
  static_assert(std::is_same_v<decltype(add), int (*)(int, int)>);
  CHECK(add && add(40, 2) == 42 && add(INT_MAX, 1) == INT_MIN);
  CHECK(jit.function<int(int, int)>(unit, 0) == add && jit.address<int(int, int)>(unit, "add") == add);
  CHECK(jit.lookup<long(long)>("sum")(100) == 5050);
  const unsigned a = 0xf0f01234, b = 0x0ff04321;
  CHECK(jit.lookup<unsigned(unsigned, unsigned)>("bits")(a, b) == ((a & b) ^ ((a << 4) | ~b)));
  const long x = 0xfffff0; // -16 as a signed char, 0xffff as an unsigned short
  CHECK(jit.lookup<long(long)>("pass")(x) == seen(-16, 0xffff, true, color::green, 2.5, 16777200.0f));
  char text[32];
  CHECK(jit.lookup<int(char *, std::size_t, int, double)>("print")(text, sizeof text, -7, 0.125) == 7);
  CHECK(std::strcmp(text, "-7 0.12") == 0);
  CHECK(jit.lookup<std::size_t()>("length")() == 7);
  CHECK(jit.lookup<std::size_t()>("tail")() == 9);
  long copy = 0;
  jit.lookup<void(long, long *)>("both")(99, &copy);
  CHECK(copy == 99);
  CHECK(jit.lookup<void()>("none") == nullptr);
  CHECK(jit.remove(unit));
  CHECK(!jit.remove(unit));
  return 0;
}

// The C calls and the members build the same.
int same() {
  kiln::module m;
  kiln::session s(m);
  kiln::func f = s.begin<long(long, long)>("a");
  const kiln::value x = f.param(0), y = f.param(1);
  const kiln::value is_less = f.icmp(KILN_ICOND_SLT, x, y), high = f.fshl(x, y, 3);
  f.ret(f.select(is_less, high, f.sext(kiln::i64, f.load(kiln::i32, x, 8))));
  CHECK(f.finish());
  const std::string mine = f.text();
  f.reset(); // so that the symbol can be begun again
  kiln_func *g = kiln_func_begin(s.get(), m.declare<long(long, long)>("a"));
  const kiln_value c = kiln_func_param(g, 0), d = kiln_func_param(g, 1);
  const kiln_value less = kiln_build_icmp(g, KILN_ICOND_SLT, KILN_TYPE_I64, c, d);
  const kiln_value shifted = kiln_build_fshl(g, KILN_TYPE_I64, c, d, kiln_const_int(g, 3));
  const kiln_value loaded = kiln_build_load(g, KILN_TYPE_I32, c, 8, 0);
  const kiln_value wide = kiln_build_sext(g, KILN_TYPE_I64, KILN_TYPE_I32, loaded);
  const kiln_value chosen = kiln_build_select(g, KILN_TYPE_I64, less, shifted, wide);
  kiln_build_ret(g, &chosen, 1);
  kiln::func owned(g);
  CHECK(owned.finish());
  CHECK(!mine.empty() && mine == owned.text());
  return 0;
}

// An object with `long twice(long x)`, whose lines are those of twice.toy.
int object(const char *path) {
  kiln::module m;
  kiln::session s(m);
  const kiln::debug d = m.debug();
  const kiln::die file = d.file("/src", "twice.toy"), unit = d.unit(file, "toy", KILN_DW_LANG_C99);
  const kiln::die number = d.base_type("long", KILN_DW_ATE_signed, 8);
  kiln_die_declaration what{};
  what.name = "twice";
  what.file = file;
  what.line = 6;
  what.type = d.function_type(number, {number});
  what.external = true;
  const kiln::die twice = d.function(unit, what);
  what.name = "x";
  what.type = number;
  const kiln::die x = d.parameter(twice, what);
  const std::uint32_t toy = s.file(file);
  kiln::func f = s.begin<long(long)>("twice");
  f.set_debug(twice, unit, s.loc(toy, 6));
  const kiln::value slot = f.slot(8);
  f.declare_variable(x, slot);
  f.store(kiln::i64, slot, 0, f.param(0));
  f.set_loc(s.loc(toy, 7, 3));
  const kiln::value v = f.load(kiln::i64, slot);
  f.ret(f.add(v, v));
  CHECK(f.compile());
  kiln::buffer bytes;
  CHECK(m.emit_elf(bytes, s));
  CHECK(bytes.size() > 64 && std::memcmp(bytes.data(), "\177ELF", 4) == 0);
  std::FILE *out = std::fopen(path, "wb");
  CHECK(out && std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size() && std::fclose(out) == 0);
  kiln::buffer taken(std::move(bytes));
  CHECK(bytes.data() == nullptr && taken.size() > 64);
  return 0;
}

int stream() {
  kiln::module m = kiln::module::for_jit("stream");
  kiln::session s(m);
  kiln::jit jit;
  kiln::jit_stream stream(jit, m);
  CHECK(m.sig("(i32, ...) -> i64") == kiln::sig_of<long(int, ...)>(m));
  for (int n = 0; n < 3; n++) {
    kiln::func f = s.begin<int()>("number");
    f.ret(n);
    auto number = stream.define<int()>(std::move(f), KILN_JIT_REDEFINABLE);
    CHECK(number && number() == n);
  }
  kiln::result why;
  CHECK(!stream.define<int()>(s.begin<int()>("open"), 0, nullptr, &why));
  CHECK(why.status() == KILN_ERR_STRUCTURE && m.status() == KILN_OK);
  return 0;
}

int moves_and_releases() {
  kiln::module a;
  kiln_module *raw = a.get();
  kiln::module b(std::move(a));
  CHECK(!a && b.get() == raw);
  kiln::module c(nullptr);
  CHECK(!c && c.status() == KILN_ERR_ARGUMENT && !c.why());
  c = std::move(b);
  CHECK(!b && c.get() == raw);
  kiln::module &same = c;
  c = std::move(same);
  CHECK(c.get() == raw);
  raw = c.release();
  CHECK(!c);
  c.reset(raw);
  kiln::session s(c), none;
  CHECK(s && !none && none.status() == KILN_ERR_MEMORY);
  kiln::func f = s.begin<void()>("left"), g(std::move(f));
  CHECK(!f && g);
  CHECK(f.compile().status() == KILN_ERR_ARGUMENT); // what was moved away
  kiln::jit jit;
  kiln::jit other(std::move(jit));
  CHECK(!jit && other && other.status() == KILN_OK);
  return 0; // g is open: it is discarded
}

int errors() {
  kiln::module m = kiln::module::for_jit("errors");
  kiln::session s(m);
  kiln::func f = s.begin<long(long)>("wrong");
  f.ret(f.add(kiln::i64, f.param(0), f.const_f64(1)));
  const kiln::result bad = f.try_compile();
  CHECK(!bad && bad.status() == KILN_ERR_TYPE && bad.diag() && std::strcmp(bad.diag()->function, "wrong") == 0);
  CHECK(bad.text().find("errors:wrong:") == 0 && bad.message()[0]);
  CHECK(kiln::result().message()[0] == 0 && kiln::result().text().empty());

  f = s.begin<long(long)>("calls");
  f.ret(f.call<long(long)>(m.declare<long(long)>("no_such_function"), {f.param(0)}));
  CHECK(f.compile());
  kiln::jit jit;
  const kiln::result missing = jit.add(m, s);
  CHECK(missing.status() == KILN_ERR_SYMBOL);
  CHECK(missing.missing() == std::vector<std::string>{"no_such_function"});

  kiln_jit_options options{};
  options.reach = KILN_JIT_REACH_NEAR;
  options.memory_bytes = std::uint64_t{1} << 40;
  kiln::jit refused(options);
  CHECK(!refused && refused.status() == KILN_ERR_ARGUMENT && !refused.why());

  f = s.begin<long(long)>("early");
  f.fail(KILN_ERR_SYNTAX, "of the front end");
  const kiln::result own = f.compile();
  CHECK(own.status() == KILN_ERR_SYNTAX && std::strcmp(own.message(), "of the front end") == 0);
  CHECK(m.status() == KILN_ERR_SYNTAX && s.status() == KILN_ERR_SYNTAX);
#if defined(__cpp_exceptions)
  int caught = 0;
  try {
    kiln::check(missing);
  } catch (const kiln::error &e) {
    caught += e.status() == KILN_ERR_SYMBOL && std::strstr(e.what(), "no_such_function") != nullptr;
  }
  try {
    kiln::check(m);
  } catch (const std::exception &e) {
    caught += std::strstr(e.what(), "of the front end") != nullptr;
  }
  try {
    kiln::jit made = kiln::check(kiln::jit(options));
  } catch (const kiln::error &e) {
    caught += e.status() == KILN_ERR_ARGUMENT;
  }
  CHECK(caught == 3);
  kiln::module fine = kiln::check(kiln::module());
  CHECK(fine && &kiln::check(fine) == &fine);
  kiln::check(kiln::result());
#endif
  return 0;
}

} // namespace

int main(int, char **argv) {
  if (run() || same() || object(argv[1]) || stream() || moves_and_releases() || errors()) return 1;
  std::puts("fine");
  return 0;
}
