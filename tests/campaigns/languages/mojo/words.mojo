from std.collections import Dict


@no_inline
def mixed(a: SIMD[DType.int32, 16], b: SIMD[DType.float64, 8], k: Int) -> SIMD[DType.int32, 16]:
    var out = a * Int32(k)
    for i in range(8):
        out[i] += Int32(b[i])
    return out


def words_of(text: String) -> List[String]:
    var out = List[String]()
    for part in text.split(" "):
        var word = String(part)
        if word.byte_length() > 0:
            out.append(word.lower())
    return out^


def checked(counts: Dict[String, Int], word: String) raises -> Int:
    if word not in counts:
        raise Error("no such word: " + word)
    return counts[word]


def main() raises:
    var text = String("the quick brown fox jumps over the lazy dog and The fox is  quick")
    var counts = Dict[String, Int]()
    for word in words_of(text):
        counts[word] = counts.get(word, 0) + 1
    var total = 0
    for entry in counts.items():
        total += entry.value
    print(len(counts), total, counts["the"], counts["fox"])
    for word in ["quick", "cat"]:
        try:
            print(word, checked(counts, word))
        except e:
            print("caught", e)
    var a = SIMD[DType.int32, 16](3)
    var b = SIMD[DType.float64, 8](1.5)
    for i in range(16):
        a[i] -= Int32(i)
    print(mixed(a, b, 5), mixed(a, b, -1).reduce_add())
