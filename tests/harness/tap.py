"""TAP (testanything.org) for scripts whose cases are few and unlike each other; harness.py is for those that run over files."""
import subprocess
import sys


class Tap:
    """Counts cases and prints a line for each."""
    LINES = 60  # of what a case that fails has to say: the last ones

    def __init__(self):
        self.cases = self.failed = 0

    def case(self, name, problem=None, skip=None):
        """`problem`: why it fails, a text that is not empty; `skip`: why it is skipped."""
        self.cases += 1
        self.failed += bool(problem)
        print(f'{"not ok" if problem else "ok"} {self.cases} - {name}{f" # SKIP {skip}" if skip else ""}', flush=True)
        for line in str(problem or '').rstrip().splitlines()[-self.LINES:]:
            print('#', line)

    def run(self, name, words, **more):
        """A case that a command ends well; `more` is subprocess.run's. What it printed, or None if it failed."""
        problem, text = failure(words, **more)
        self.case(name, problem)
        return None if problem else text

    def finish(self):
        """Prints how many cases there were, and ends the script."""
        print(f'1..{self.cases}')
        sys.exit(self.failed > 0)


def failure(words, **more):
    """Runs a command: what is wrong, or None, and what it printed."""
    words = [str(w) for w in words]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    return f'status {done.returncode}: {" ".join(words)}\n{done.stdout}' if done.returncode else None, done.stdout
