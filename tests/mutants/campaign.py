"""What all campaigns of planted bugs have in common: a damaged file is compiled alone, and linked before the libraries of a
build, whose own one is then not taken."""
import collections
import os
import resource
import shlex
import signal
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# What goes wrong, the file, a text in it, what replaces that, and what else the campaign has to know.
Row = collections.namedtuple('Row', 'what file old new how', defaults=[None])


class NotFound(Exception):
    """A planted bug that is not found, and what was seen instead."""


def text_of(name):
    with open(os.path.join(ROOT, name), encoding='utf-8') as f:
        return f.read()


class Campaign:
    rows = ()
    cc, flags, sanitizers = 'gcc', ['-std=gnu11', '-O0', '-w'], []
    libraries = ('libkiln-text.a', 'libkiln.a')
    jobs = 1

    def __init__(self, args, work):
        self.args, self.work = args, work
        self.build = args.build and os.path.abspath(args.build)

    def without(self, rows):
        """What has to hold before any bug of `rows` is planted: what, None or what is wrong; each of them in turn."""
        return []

    def find(self, row, folder):
        """How a bug is found; the damaged file is in `folder`, under its path. NotFound: it is not."""
        raise NotImplementedError

    def object(self, source, *flags, folder=None):
        """A source's object. The source, and headers of its include path, are taken from `folder` if they are there."""
        path, out = os.path.join(ROOT, source), os.path.join(folder or self.work, source.replace('/', '_') + '.o')
        includes = ['-I' + ROOT, '-I' + ROOT + '/include', '-iquote' + os.path.dirname(path), '-iquote' + os.path.dirname(os.path.dirname(path))]
        if folder:
            includes.insert(0, '-iquote' + folder)
            path = next(p for p in (os.path.join(folder, source), path) if os.path.exists(p))
        subprocess.run([self.cc, *self.flags, *flags, *includes, '-c', path, '-o', out], check=True)
        return out

    def unit_objects(self, *names):
        """The objects of unit tests."""
        return [self.object('tests/unit/%s.c' % name, '-I' + ROOT + '/tests/unit', '-I' + ROOT + '/tests/harness') for name in names]

    def link(self, name, objects, *flags, folder=None):
        out = os.path.join(folder or self.work, name)
        libraries = [os.path.join(self.build, library) for library in self.libraries]
        subprocess.run([self.cc, *objects, *libraries, *flags, *self.sanitizers, '-lm', '-lpthread', '-o', out], check=True)
        return out

    def relink(self, target, objects, folder):
        """A program of the build, linked with `objects` first."""
        out = os.path.join(folder, os.path.basename(target))
        said = subprocess.run(['ninja', '-C', self.build, '-t', 'commands', '-s', target], check=True, capture_output=True, text=True)
        words = shlex.split(said.stdout.strip().splitlines()[-1].split('&&')[-1])
        at = words.index('-o') + 1
        words[at:at + 1] = [out, *objects]
        subprocess.run(words, check=True, cwd=self.build)
        return out

    @staticmethod
    def run(words, seconds, cpu_seconds=None, **how):
        """Output and status of a program; ('', None) if it has no end: then all that it has started is ended."""
        limit = cpu_seconds and (lambda: resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds)))
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=how.pop('stderr', subprocess.DEVNULL), text=True, errors='replace',
                              start_new_session=True, preexec_fn=limit, **how) as p:
            try:
                return p.communicate(timeout=seconds)[0], p.returncode
            except subprocess.TimeoutExpired:
                os.killpg(p.pid, signal.SIGKILL)
                return '', None

    def fails(self, words, seconds, cpu_seconds=None, **how):
        return self.run(words, seconds, cpu_seconds, **how)[1] != 0

    def check(self, row):
        """Whether a bug is found, and how, or what was seen instead."""
        text = text_of(row.file)
        if text.count(row.old) != 1:
            return False, 'the text of %s occurs %d times' % (row.file, text.count(row.old))
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            path = os.path.join(folder, row.file)
            os.makedirs(os.path.dirname(path))
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text.replace(row.old, row.new))
            try:
                return True, self.find(row, folder)
            except NotFound as e:
                return False, 'not found: ' + str(e)
            except subprocess.CalledProcessError as e:
                return False, 'it does not build: ' + str(e)[-700:]
