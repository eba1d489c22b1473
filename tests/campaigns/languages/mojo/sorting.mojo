def quick(mut a: List[Int], low: Int, high: Int):
    if low >= high:
        return
    var i = low
    var j = high
    var pivot = a[(low + high) // 2]
    while i <= j:
        while a[i] < pivot:
            i += 1
        while a[j] > pivot:
            j -= 1
        if i <= j:
            var t = a[i]
            a[i] = a[j]
            a[j] = t
            i += 1
            j -= 1
    quick(a, low, j)
    quick(a, i, high)


def main():
    var a = List[Int]()
    var x = 12345
    for _ in range(1000):
        x = (x * 1103515245 + 12345) % 2147483648
        a.append(x % 10000)
    quick(a, 0, len(a) - 1)
    var ordered = True
    var sum = 0
    for i in range(len(a)):
        sum += a[i] * (i % 7)
        if i > 0 and a[i - 1] > a[i]:
            ordered = False
    print(ordered, a[0], a[999], sum)
