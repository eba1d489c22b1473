def main():
    comptime n = 24
    var a = List[Float64]()
    var b = List[Float64]()
    var c = List[Float64]()
    for i in range(n * n):
        a.append(Float64(i % 13) - 6)
        b.append(Float64(i % 7) * 0.5)
        c.append(0)
    for i in range(n):
        for j in range(n):
            var s: Float64 = 0
            for k in range(n):
                s += a[i * n + k] * b[k * n + j]
            c[i * n + j] = s
    var trace: Float64 = 0
    var most = c[0]
    for i in range(n):
        trace += c[i * n + i]
    for x in c:
        if x > most:
            most = x
    print(trace, most)
