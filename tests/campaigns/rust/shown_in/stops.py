"""What the scripts of shown.py for gdb and lldb share. The file that $SHOWN_STOPS names says what is to be done:

    places     file, line, number: where to stop, once each
    program    words after the program's name
    out        gets a line for each variable at each stop: number, name, text, and whether it is by `Debug`; and a last one:
               how many functions of the program were called
    tests      gets what the program prints
    truth      where the program has printed the variables before it comes to a stop; null: all that the debugger has are
               shown, at the first time that the program comes there
    repeat     how often each variable is shown; 0: only its name is
"""
import json
import os

# A line at which the program does not print is left out after so many stops.
PATIENCE = 300


class Stops:
    def __init__(self):
        with open(os.environ['SHOWN_STOPS']) as f:
            self.config = json.load(f)
        self.numbers = {(os.path.abspath(file), line): number for file, line, number in self.config['places']}
        self.tests = self.config['tests']
        self.out = open(self.config['out'], 'w')
        self.calls = 0
        self.passed = {}
        self.done = set()
        self.at = 0
        self.printed = {} # names that the program has printed, by the number of a stop
        self.seen = {} # by number, the address of what counts how often the program has come there
        self.switch = None # the address of what says whether the program prints

    def read(self):
        """What the program has printed since."""
        if self.config['truth'] and os.path.exists(self.config['truth']):
            with open(self.config['truth']) as f:
                f.seek(self.at)
                text = f.read()
            whole = text.rpartition('\n')[0]
            self.at += len(whole) + 1 if whole else 0
            for line in whole.splitlines():
                words = line.split()
                if words[0] == '@':
                    self.switch = int(words[1])
                    self.seen[int(words[2])] = int(words[3])
                    self.printed[int(words[2])] = []
                else:
                    self.printed[int(words[0])].append(words[1])

    def arrive(self, place, number_at):
        """Numbers of stops that a place is; and whether the debugger stops there again. `number_at` reads 8 bytes of memory."""
        number = self.numbers.get(place)
        # A breakpoint at a line without code is moved to another line, to which the program may come again and again.
        if number is None or number in self.done:
            return None, False
        self.read()
        if not self.config['truth'] or number in self.printed:
            self.done.add(number)
            # A line's first code may be in one branch of a `match`: then the program did not stop when it had printed.
            is_first = not self.config['truth'] or number_at(self.seen[number]) == 1
            return number if is_first else None, False
        self.passed[place] = self.passed.get(place, 0) + 1
        return None, self.passed[place] < PATIENCE

    def count(self, module):
        """Counts the calls of the program by a script."""
        call = module.call

        def counting(*args):
            self.calls += 1
            return call(*args)
        module.call = counting

    def show(self, number, name, texts):
        """`texts()`: what is shown, and whether by `Debug`; as often as it was asked, it is the same."""
        shown = [texts() for _ in range(self.config['repeat'])]
        text, how = shown[0] if shown else ('', False)
        if len(set(shown)) > 1:
            text, how = ' AND THEN '.join(map(str, shown)), True
        self.out.write(json.dumps([number, name, text, how]) + '\n')

    def end(self, status):
        self.out.write(json.dumps([self.calls, status]) + '\n')
        self.out.close()
