"""A temporary PostgreSQL server on a unix socket, for the tests and measurements of integrations/postgresql."""
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def ask(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def pg_config(option):
    """What the server's pg_config says, that of $PG_CONFIG or the first in $PATH; None: there is none."""
    program = shutil.which(os.environ.get('PG_CONFIG', 'pg_config'))
    return program and ask(program, '--' + option)


def major():
    """The version of the server: 15, 16, ..."""
    return int(re.match(r'PostgreSQL (\d+)', pg_config('version'))[1])


def missing():
    """Why there can be no server, or None."""
    version = pg_config('version')
    if not version:
        return 'no pg_config'
    if not 15 <= major() <= 18:
        return 'no PostgreSQL 15 to 18, but ' + version
    if not os.path.exists(os.path.join(pg_config('bindir'), 'postgres')):
        return 'no server of ' + version
    return None


def as_user(command):
    """The server refuses to run as root: then it is the user postgres."""
    if os.getuid() != 0:
        return command
    return ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] + command


class Cluster:
    """`settings` are those of postgresql.conf; jit_provider is the library `provider`, if there is one."""

    def __init__(self, provider=None, **settings):
        self.folder = tempfile.mkdtemp(prefix='kilnjit-', dir='/tmp')
        self.bin = pg_config('bindir')
        self.data = os.path.join(self.folder, 'data')
        self.settings = {'listen_addresses': '', 'unix_socket_directories': self.folder, 'fsync': 'off',
                         'max_connections': 40, 'shared_buffers': '256MB', **settings}
        if provider:
            self.add_provider(provider)
        if os.getuid() == 0:
            user = pwd.getpwnam('postgres')
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.run('initdb', '-D', self.data, '-A', 'trust', '-U', 'test', '--no-sync', '--no-locale', '-E', 'UTF8')
        self.start()

    def add_provider(self, library):
        self.settings['jit_provider'] = self.setting_of(self.add_library(library))

    @staticmethod
    def setting_of(library):
        """jit_provider is a path from the server's library folder, without the ending."""
        return os.path.relpath(library[:-len('.so')], pg_config('pkglibdir'))

    def use_provider(self, library):
        self.restart(jit_provider=self.setting_of(library))

    def add_library(self, library):
        """The path of a copy that the server's user can read."""
        shutil.copy(library, self.folder)
        os.chmod(self.folder, 0o755)
        return os.path.join(self.folder, os.path.basename(library))

    def run(self, program, *args):
        p = subprocess.run(as_user([os.path.join(self.bin, program), *args]), capture_output=True, text=True,
                           cwd=self.folder)
        if p.returncode != 0:
            sys.exit('%s failed:\n%s%s' % (program, p.stdout, p.stderr))

    def start(self):
        path = os.path.join(self.folder, 'settings.conf')
        with open(path, 'w') as f:
            for name, value in self.settings.items():
                f.write("%s = '%s'\n" % (name, value))
        os.chmod(path, 0o644)
        include = "include '%s'\n" % path
        conf = os.path.join(self.data, 'postgresql.conf')
        if include not in open(conf).read():
            with open(conf, 'a') as f:
                f.write(include)
        self.run('pg_ctl', '-D', self.data, '-l', os.path.join(self.folder, 'log'), '-w', 'start')

    def stop(self):
        self.run('pg_ctl', '-D', self.data, '-m', 'fast', '-w', 'stop')

    def restart(self, **settings):
        self.settings.update(settings)
        self.stop()
        self.start()

    def environment(self):
        return dict(os.environ, PGHOST=self.folder, PGPORT=str(self.settings.get('port', 5432)), PGUSER='test', PGDATABASE='postgres', PGOPTIONS='')

    def psql(self, *args, text=None):
        """What psql prints, errors among it."""
        p = subprocess.run([os.path.join(self.bin, 'psql'), '-X', '-q', *args], input=text, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment())
        return p.stdout

    def crashes(self):
        """Lines of the log that tell of a server process that ended by a signal."""
        with open(os.path.join(self.folder, 'log'), errors='replace') as f:
            return [line.strip() for line in f if 'terminated by signal' in line]

    def close(self):
        if os.path.exists(os.path.join(self.data, 'postmaster.pid')):
            self.stop()
        shutil.rmtree(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
