from std.collections import Dict


def fib(n: Int) -> Int:
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def risky(n: Int) raises -> Int:
    if n > 3:
        raise Error("too big")
    return n * 2


def main() raises:
    print(fib(20))
    var l = List[Int]()
    for i in range(10):
        l.append(i * i)
    var s = 0
    for x in l:
        s += x
    print(s)
    try:
        print(risky(2))
        print(risky(9))
    except e:
        print("caught", e)
    var d = Dict[String, Int]()
    d["a"] = 1
    d["b"] = 2
    print(d["a"] + d["b"], len(d))
