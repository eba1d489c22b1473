def reverse(s: String) -> String:
    var out = String()
    for c in s.codepoint_slices():
        out = String(c) + out
    return out


def main() raises:
    var s = String("a sentence of words, of words")
    print(s.upper(), reverse(s))
    for w in s.split(" "):
        print(w, w.byte_length())
    print(s.replace("words", "Worte"), s.find("of"))
    print(Int("1234") + 1, Float64("2.5") * 2)
    var t = String()
    for i in range(20):
        t += String(i * i) + ";"
    print(t)
