"""What attacks have in common. It stands in front of an attacker's first cell, so it runs in the room, as theirs.

``loot`` is how an attack says that it got what it must not get: the word must never come out of the grader.
The kit knows the wire as students can read it in the room (msgpack maps behind a length, tagged values). Two attacks
that are honest (``control_*``) use it to earn full marks: they turn red when the wire changes and the kit does not.
"""

import ctypes
import os
import platform
import socket
import stat
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)


class Loot(Exception):
    pass


def loot(what):
    """Something was got. (The word is put together, so that it is not found in the attack's own source.)"""
    raise Loot("LO" + "OT: " + str(what)[:300])


_X86 = """read 0 mmap 9 shmget 29 shmat 30 ptrace 101 keyctl 250 add_key 248 request_key 249 unshare 272
    perf_event_open 298 userfaultfd 323 bpf 321 io_uring_setup 425 process_vm_readv 310 setns 308 kcmp 312 mount 165
    open_tree 428 fsopen 430 name_to_handle_at 303 open_by_handle_at 304 pidfd_getfd 438 pidfd_open 434 msgget 68
    semget 64 memfd_create 319 chroot 161 personality 135 clone3 435 fanotify_init 300 pivot_root 155 swapon 167
    kexec_load 246 init_module 175 landlock_create_ruleset 444 vmsplice 278 mq_open 240 msgsnd 69 msgrcv 70"""
_ARM = """read 63 mmap 222 shmget 194 shmat 196 ptrace 117 keyctl 219 add_key 217 request_key 218 unshare 97
    perf_event_open 241 userfaultfd 282 bpf 280 io_uring_setup 425 process_vm_readv 270 setns 268 kcmp 272 mount 40
    open_tree 428 fsopen 430 name_to_handle_at 264 open_by_handle_at 265 pidfd_getfd 438 pidfd_open 434 msgget 186
    semget 190 memfd_create 279 chroot 51 personality 92 clone3 435 fanotify_init 262 pivot_root 41 swapon 224
    kexec_load 104 init_module 105 landlock_create_ruleset 444 vmsplice 75 mq_open 180 msgsnd 189 msgrcv 188"""


def syscall(name, *args):
    """The kernel's answer; negative: the error's number."""
    words = (_X86 if platform.machine() == "x86_64" else _ARM).split()
    number = int(words[words.index(name) + 1])
    ctypes.set_errno(0)
    libc.syscall.restype = ctypes.c_long
    made = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    answer = libc.syscall(ctypes.c_long(number), *made)
    return answer if answer >= 0 else -ctypes.get_errno()


def on_wire(outgoing=lambda message: message, incoming=lambda message: None):
    """From now on this process's messages pass through ``outgoing``, which may return bytes to be sent as a frame.

    The bounds that this end keeps of its own accord are lifted: those of the other end are what is attacked.
    """
    import msgpack

    pack, unpack = msgpack.packb, msgpack.unpackb

    def packb(message, **options):
        made = outgoing(message)
        return made if isinstance(made, bytes) else pack(made, **options)

    def unpackb(data, **options):
        message = unpack(data, **options)
        incoming(message)
        return message

    for module in list(sys.modules.values()):
        own = str(getattr(module, "__name__", "")).startswith("autograder")
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if value is pack or value is unpack:
                setattr(module, name, packb if value is pack else unpackb)
            elif own and name.startswith("MAX_") and isinstance(value, int):
                setattr(module, name, 2**60)


def in_replies(change, to=None):
    """``change`` every reply (a map with what was asked for under "value"), or only those ``to`` one function."""
    asked = [None]

    def incoming(message):
        if isinstance(message, dict) and "do" in message:
            asked[0] = message["do"]

    def outgoing(message):
        if isinstance(message, dict) and "do" not in message and to in (None, asked[0]):
            changed = change(message)
            return message if changed is None else changed
        return message

    on_wire(outgoing, incoming)


def sockets():
    """File descriptors of this process that are connections."""
    found = []
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                found.append(fd)
        except OSError:
            pass
    return found


def frame(message):
    import msgpack

    data = message if isinstance(message, bytes) else msgpack.packb(message, unicode_errors="surrogatepass")
    return struct.pack("<Q", len(data)) + data


def send_raw(data):
    """Bytes to whoever listens at the other end of any connection of this process."""
    for fd in sockets():
        with socket.socket(fileno=os.dup(fd)) as connection:
            connection.setblocking(True)
            connection.sendall(data)


def call_frame(function, *args):
    """The frame of a request to the examiner: a function that was handed over goes by its number."""
    return frame({"do": function, "kept": [], "with": ["list", [["list", list(args)], ["dict", []]]], "drop": []})


def ask(function, *args):
    """Ask the examiner, from inside a call of its own, to apply a function; what it answers, undecoded.

    function  the number of one that was handed over (``f._ref``), or whatever else might be taken for one
    """
    import msgpack

    with socket.socket(fileno=os.dup(sockets()[0])) as connection:
        connection.setblocking(True)  # no time-out: the process itself goes on with this connection
        connection.sendall(call_frame(function, *args))
        head = connection.recv(8, socket.MSG_WAITALL)
        body = connection.recv(struct.unpack("<Q", head)[0], socket.MSG_WAITALL)
        answer = msgpack.unpackb(body, unicode_errors="surrogatepass", strict_map_key=False)
        for size in answer.get("buffers", []):
            connection.recv(size, socket.MSG_WAITALL)
    return answer
