def check(n: Int) raises -> Int:
    if n == 2:
        raise Error("two")
    return n


def nested(n: Int) raises -> Int:
    try:
        return check(n) * 10
    except e:
        print("nested:", e)
        if n == 2:
            raise Error("again: " + String(e))
    finally:
        print("finally", n)
    return -1


def main():
    for i in range(4):
        try:
            print(nested(i))
        except e:
            print("main:", e)
        else:
            print("fine", i)
