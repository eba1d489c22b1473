/* The two ways to decode numbers of 6 bits' chunks (frontends/llvm/decoder.h): each reads what a plain loop over the
 * stream's bits reads, wherever a number, a window or the stream ends. Without pext the second way is the first. */
#include "bitcode_fixture.h"
#include "decoder.h"

enum { MOST_NUMBERS = 100, MOST_BYTES = MOST_NUMBERS * 11 + 16 };

static uint64_t random_state = 0x123456789;
static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

/* A number of up to `chunks` chunks of five bits, at most 64 bits. */
static uint64_t number_of(unsigned chunks) {
  const unsigned bits = 5 * chunks < 64 ? 5 * chunks : 64;
  return next_random() >> (64 - bits);
}

static void put_bits(uint8_t *bytes, uint64_t *pos, uint64_t v, unsigned n) {
  for (unsigned i = 0; i < n; i++, ++*pos) bytes[*pos / 8] |= (uint8_t)((v >> i & 1) << *pos % 8);
}

static void put_vbr6(uint8_t *bytes, uint64_t *pos, uint64_t v) {
  for (; v >= 32; v >>= 5) put_bits(bytes, pos, (v & 31) | 32, 6);
  put_bits(bytes, pos, v, 6);
}

static const struct kn_bc_decoder *decoders[] = {NULL, NULL};

/* Numbers whose lengths are random up to `chunks`; before them are `skipped` bits, after them is nothing. */
static void check_numbers(unsigned n, unsigned chunks, unsigned skipped) {
  uint8_t bytes[MOST_BYTES] = {0};
  uint64_t numbers[MOST_NUMBERS], pos = skipped;
  for (unsigned i = 0; i < n; i++) {
    numbers[i] = number_of(1 + (unsigned)(next_random() % chunks));
    put_vbr6(bytes, &pos, numbers[i]);
  }
  const uint64_t size = (pos + 31) / 32 * 4;
  uint8_t *exact = malloc(size); /* a read after the end is found */
  assert_non_null(exact);
  memcpy(exact, bytes, size);
  for (unsigned way = 0; way < 2; way++) {
    struct kn_bits b = {.data = exact, .pos = skipped, .end = size * 8};
    if (size >= 16) b.fast = (size - 8) * 8;
    uint64_t read[MOST_NUMBERS];
    decoders[way]->vbr6s(&b, read, n);
    assert_false(b.bad);
    assert_int_equal(b.pos, pos);
    assert_memory_equal(read, numbers, n * sizeof *numbers);
  }
  free(exact);
}

CASE(numbers) {
  for (unsigned round = 0; round < 3000; round++)
    check_numbers((unsigned)(next_random() % (MOST_NUMBERS + 1)), 1 + round % 13, 32 + round % 31);
}

/* A number that goes on for more than 64 bits is an error in both ways. */
CASE(endless) {
  uint8_t bytes[64];
  memset(bytes, 0xff, sizeof bytes);
  for (unsigned way = 0; way < 2; way++) {
    struct kn_bits b = {.data = bytes, .end = 512, .fast = 448};
    uint64_t read[3];
    decoders[way]->vbr6s(&b, read, 3);
    assert_true(b.bad);
  }
}

/* What is chosen: by hand, and by the file's size. A processor without pext has one way. */
CASE(choice) {
  const struct kn_bc_decoder *plain = kn_bc_decoder(KILN_LLVM_DECODER_PLAIN, 1 << 20);
  const struct kn_bc_decoder *pext = kn_bc_decoder(KILN_LLVM_DECODER_PEXT, 16);
  const struct kn_bc_decoder *large = kn_bc_decoder(KILN_LLVM_DECODER_AUTO, 1 << 20);
  assert_ptr_equal(kn_bc_decoder(KILN_LLVM_DECODER_AUTO, 16), plain);
  assert_true(large == plain || large == pext);
#ifdef __x86_64__
  const bool has = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  assert_int_equal(pext != plain, has);
  if (has && !__builtin_cpu_is("amd")) assert_ptr_equal(large, pext);
  if (has && (__builtin_cpu_is("znver1") || __builtin_cpu_is("znver2")))
    assert_ptr_equal(large, plain);
  if (has && __builtin_cpu_is("znver3")) assert_ptr_equal(large, pext);
#else
  assert_ptr_equal(pext, plain);
#endif
}

/* An option that is out of range is an error. */
CASE(option) {
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64});
  kiln_session *session = kiln_session_new(m);
  const kiln_llvm_options wrong = {.decoder = KILN_LLVM_DECODER_COUNT};
  assert_null(kiln_llvm_new(session, "BC\xc0\xde", 4, &wrong));
  assert_int_equal(kiln_module_status(m), KILN_ERR_ARGUMENT);
  kiln_session_free(session);
  kiln_module_free(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers),
    cmocka_unit_test(endless),
    cmocka_unit_test(choice),
    cmocka_unit_test(option),
  };
  decoders[0] = kn_bc_decoder(KILN_LLVM_DECODER_PLAIN, 0);
  decoders[1] = kn_bc_decoder(KILN_LLVM_DECODER_PEXT, 0);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
