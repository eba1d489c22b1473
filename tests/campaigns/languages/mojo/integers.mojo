def main():
    var a: Int8 = 127
    a += 1
    print(a)
    var b: UInt8 = 3
    b -= 5
    print(b)
    var c: Int64 = -7
    print(c // 2, c % 3, c >> 1, c & 255)
    var d: UInt64 = 0xFFFFFFFFFFFFFFFF
    print(d // 10, d % 10, d >> 60)
    var h: UInt32 = 2166136261
    for i in range(100):
        h = (h ^ UInt32(i)) * 16777619
    print(h)
    var total: Int = 0
    for i in range(1000):
        if i % 3 == 0 or i % 5 == 0:
            total += i
    print(total)
    print(2**40, 10 // 3, -10 // 3, 17 % -5)
