// Compression: LZ77 over spans, Huffman codes in a priority queue of trees, bits read and written; checked by
// unpacking.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <queue>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

using Bytes = std::vector<std::uint8_t>;

class BitWriter {
  Bytes bytes;
  unsigned count = 0;

public:
  void bit(bool value) {
    if (count % 8 == 0) bytes.push_back(0);
    bytes.back() |= value << count++ % 8;
  }
  void number(unsigned value, unsigned bits) {
    for (unsigned i = 0; i < bits; i++) bit(value >> i & 1);
  }
  Bytes finish() && { return std::move(bytes); }
};

class BitReader {
  std::span<const std::uint8_t> bytes;
  std::size_t at = 0;

public:
  explicit BitReader(std::span<const std::uint8_t> bytes) : bytes(bytes) {}
  bool bit() {
    bool value = at / 8 < bytes.size() && (bytes[at / 8] >> at % 8 & 1);
    at++;
    return value;
  }
  unsigned number(unsigned bits) {
    unsigned value = 0;
    for (unsigned i = 0; i < bits; i++) value |= unsigned(bit()) << i;
    return value;
  }
};

class Huffman {
  struct Node {
    long count;
    int symbol; // of the lowest, where it is no leaf
    std::unique_ptr<Node> left, right;
    bool is_leaf() const { return !left; }
  };
  std::unique_ptr<Node> root;
  std::map<int, std::vector<bool>> words;

  void name(const Node &node, std::vector<bool> &word) {
    if (node.is_leaf()) {
      words[node.symbol] = word;
      return;
    }
    for (auto [child, bit] : {std::pair(&node.left, false), std::pair(&node.right, true)}) {
      word.push_back(bit);
      name(**child, word);
      word.pop_back();
    }
  }

public:
  explicit Huffman(const std::map<int, long> &counts) {
    auto later = [](const Node *a, const Node *b) {
      return std::pair(a->count, a->symbol) > std::pair(b->count, b->symbol);
    };
    std::priority_queue<Node *, std::vector<Node *>, decltype(later)> queue(later);
    for (auto [symbol, count] : counts) queue.push(new Node{count, symbol, {}, {}});
    auto pop = [&queue] {
      std::unique_ptr<Node> node(queue.top());
      queue.pop();
      return node;
    };
    while (queue.size() > 1) {
      auto left = pop(), right = pop();
      long count = left->count + right->count;
      int symbol = std::min(left->symbol, right->symbol);
      queue.push(new Node{count, symbol, std::move(left), std::move(right)});
    }
    root = pop();
    std::vector<bool> word;
    name(*root, word);
  }
  void write(int symbol, BitWriter &out) const {
    for (bool bit : words.at(symbol)) out.bit(bit);
  }
  int read(BitReader &in) const {
    const Node *node = root.get();
    while (!node->is_leaf()) node = in.bit() ? node->right.get() : node->left.get();
    return node->symbol;
  }
};

struct Match {
  std::size_t length = 0, distance = 0;
};

class Finder {
  std::span<const std::uint8_t> data;
  std::vector<std::optional<std::size_t>> heads = std::vector<std::optional<std::size_t>>(4096), before;

  static std::size_t hash(std::span<const std::uint8_t, 3> three) {
    return std::accumulate(three.begin(), three.end(), std::size_t(0), [](auto h, auto b) { return h * 67 + b; }) %
           4096;
  }

public:
  explicit Finder(std::span<const std::uint8_t> data) : data(data), before(data.size()) {}
  void add(std::size_t at) {
    if (at + 3 <= data.size()) before[at] = std::exchange(heads[hash(data.subspan(at).first<3>())], at);
  }
  Match find(std::size_t at) const {
    Match best;
    if (at + 3 > data.size()) return best;
    auto here = data.subspan(at, std::min<std::size_t>(data.size() - at, 255));
    auto place = heads[hash(here.first<3>())];
    for (int tries = 0; place && at - *place < 4096 && tries < 12; tries++, place = before[*place]) {
      auto end = std::mismatch(here.begin(), here.end(), data.begin() + long(*place)).first;
      if (Match match{std::size_t(end - here.begin()), at - *place}; match.length > best.length) best = match;
    }
    return best;
  }
};

enum : int { END = 256, MATCH = 257 };

std::pair<Bytes, Huffman> pack(std::span<const std::uint8_t> data) {
  std::vector<std::pair<int, Match>> tokens;
  Finder finder(data);
  for (std::size_t at = 0; at < data.size();) {
    Match match = finder.find(at);
    tokens.emplace_back(match.length > 3 ? int(MATCH) : data[at], match);
    for (std::size_t end = at + (match.length > 3 ? match.length : 1); at < end; at++) finder.add(at);
  }
  tokens.emplace_back(END, Match());
  std::map<int, long> counts;
  for (const auto &[symbol, match] : tokens) counts[symbol]++;
  Huffman code(counts);
  BitWriter out;
  for (const auto &[symbol, match] : tokens) {
    code.write(symbol, out);
    if (symbol != MATCH) continue;
    out.number(unsigned(match.length), 8);
    out.number(unsigned(match.distance), 12);
  }
  return {std::move(out).finish(), std::move(code)};
}

Bytes unpack(std::span<const std::uint8_t> packed, const Huffman &code) {
  Bytes out;
  BitReader in(packed);
  for (int symbol; (symbol = code.read(in)) != END;) {
    if (symbol != MATCH) {
      out.push_back(std::uint8_t(symbol));
      continue;
    }
    auto length = in.number(8), distance = in.number(12);
    while (length-- > 0) out.push_back(*(out.end() - distance));
  }
  return out;
}

int main() {
  constexpr std::array<std::string_view, 8> words = {"block ", "edge ", "the ", "value", "\n", "of a ", "phi ", "42, "};
  Bytes text;
  for (std::uint32_t state = 1; text.size() < 350000;) {
    state = state * 1664525 + 1013904223;
    std::copy(words[state >> 29].begin(), words[state >> 29].end(), std::back_inserter(text));
    if ((state >> 8) % 16 == 0) text.push_back(std::uint8_t(state >> 16));
  }
  for (std::size_t size : {100ul, 10000ul, text.size()}) {
    auto part = std::span(text).first(size);
    auto [packed, code] = pack(part);
    bool same = std::ranges::equal(unpack(packed, code), part);
    auto sum = std::accumulate(packed.begin(), packed.end(), 0u, [](auto h, auto b) { return h * 31 + b; });
    std::printf("%zu in %zu: %08x %s\n", size, packed.size(), sum, same ? "same" : "different");
  }
}
