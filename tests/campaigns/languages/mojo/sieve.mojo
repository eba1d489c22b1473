def main():
    comptime n = 20000
    var composite = List[Bool]()
    for _ in range(n + 1):
        composite.append(False)
    var count = 0
    var last = 0
    for i in range(2, n + 1):
        if composite[i]:
            continue
        count += 1
        last = i
        var k = i * i
        while k <= n:
            composite[k] = True
            k += i
    print(count, last)
