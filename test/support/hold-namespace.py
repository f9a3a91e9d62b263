"""Keeps a network namespace alive in one way only, until its standard input ends.

usage: hold-namespace.py PATH WAY
It says "held", and for each line that it gets what it then did.
"""
import ctypes, os, platform, sys, threading, time

path, way = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
CLONE_FILES, CLONE_NEWNS, CLONE_NEWUSER = 0x400, 0x20000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_BIND, MS_REC_PRIVATE, O_PATH = 0x1000, 0x44000, 0x200000
AT_FDCWD, OPEN_TREE, OPEN_TREE_CLONE = -100, 428, 1
EXIT_THREAD = {'x86_64': 60, 'aarch64': 93}[platform.machine()]
PLACE = '/mnt/a place'


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), way)
    return result


def unshare(flags):
    check(libc.unshare(flags))


def mount(source, place, kind, flags):
    check(libc.mount(source and source.encode(), place.encode(), kind, flags, None))


def say(text):
    print(text, flush=True)


def wait():
    for _ in sys.stdin:
        pass


def open_namespace():
    return os.open(path, os.O_RDONLY)


def enter():
    namespace = open_namespace()
    check(libc.setns(namespace, CLONE_NEWNET))
    os.close(namespace)


def in_own_mount_namespace():
    unshare(CLONE_NEWNS)
    mount(None, '/', None, MS_REC_PRIVATE)
    mount('none', '/mnt', b'tmpfs', 0)
    open(PLACE, 'w').close()
    mount(path, PLACE, None, MS_BIND)


def by_proc():
    own = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
    enter()
    os.open('/proc/thread-self/ns/net', os.O_RDONLY)
    check(libc.setns(own, CLONE_NEWNET))


def by_ended_mount_namespace():
    own = os.open('/proc/thread-self/ns/mnt', os.O_RDONLY)
    in_own_mount_namespace()
    os.open(PLACE, os.O_RDONLY)
    check(libc.setns(own, CLONE_NEWNS))


def in_thread(work):
    def run():
        work()
        say('held')
        threading.Event().wait()

    threading.Thread(target=run, daemon=True).start()
    wait()


def own_files():
    unshare(CLONE_FILES)
    open_namespace()


def without_first_thread():
    def run():
        while ') Z ' not in open(f'/proc/self/task/{os.getpid()}/stat').read():
            time.sleep(0.01)
        open_namespace()
        say('held')
        wait()
        os._exit(0)

    threading.Thread(target=run).start()
    libc.syscall(EXIT_THREAD, 0)


def nested():
    unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS)
    if os.fork() != 0:
        os.wait()
        sys.exit()
    open_namespace()


def covered():
    in_own_mount_namespace()
    mount('none', '/mnt', b'tmpfs', 0)
    say('held')
    sys.stdin.readline()
    check(libc.umount2(b'/mnt', 0))
    say('uncovered')


SIMPLE = {
    'a process': enter,
    'a mount': in_own_mount_namespace,
    'a file that was opened by a mount': open_namespace,
    'a file that was opened in /proc': by_proc,
    'a file of which only the path was opened': lambda: os.open(path, O_PATH),
    'a file of a mount that is nowhere':
        lambda: check(libc.syscall(OPEN_TREE, AT_FDCWD, path.encode(), OPEN_TREE_CLONE)),
    'a file of a mount namespace that has ended': by_ended_mount_namespace,
    'a file of a process in namespaces of its own': nested,
}
if way in SIMPLE:
    SIMPLE[way]()
    say('held')
elif way == 'a mount that another one covers':
    covered()
elif way == 'a thread':
    in_thread(enter)
elif way == 'a file of a thread':
    in_thread(own_files)
elif way == 'a file of a process whose first thread has ended':
    without_first_thread()
wait()
