"""System calls that the kernel refuses to a hand-in, by libseccomp's filters. Once installed, a filter stays.

Where there is no libseccomp nothing is refused, and `autograder doctor` says that this wall is missing.

This file exists inside the room: it may import nothing else of the grader.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from functools import cache

#: What no hand-in needs and what has opened doors before; answered with "not permitted".
_REFUSED = """ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp keyctl add_key request_key
    perf_event_open bpf io_uring_setup io_uring_enter io_uring_register userfaultfd mount umount2 pivot_root chroot
    move_mount open_tree fsopen fsmount fsconfig fspick mount_setattr unshare setns open_by_handle_at name_to_handle_at
    init_module finit_module delete_module kexec_load kexec_file_load swapon swapoff reboot acct quotactl syslog
    iopl ioperm settimeofday clock_settime adjtimex clock_adjtime mbind migrate_pages move_pages lookup_dcookie
    personality fanotify_init vhangup nfsservctl memfd_create memfd_secret shmget"""
_FAMILIES = (1, 2, 10)  # of sockets that may be made: local ones, and those of a network that is not there
_NEW_USER_NAMESPACE = 0x10000000
_SHARED_ANONYMOUS = 0x21  # of mmap: memory that counts for no process while nobody looks at it
_ALL_PROCESSES = 0xFFFFFFFF  # -1, as kill's first argument

_ALLOW, _NOT_PERMITTED, _NOT_THERE, _INVALID = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x00050000 | 22
_EQUAL, _GREATER, _MASKED_EQUAL = 4, 6, 7  # as libseccomp counts comparisons


class _Compare(ctypes.Structure):
    """A condition on one argument of a call."""

    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


Rule = tuple[Iterable[str], int, list[_Compare]]  # calls, what they are answered, and when: if all of these hold


def refuse_what_nobody_needs() -> bool:
    """Refuse what no hand-in needs; False if it could not be."""
    rules: list[Rule] = [
        (_REFUSED.split(), _NOT_PERMITTED, []),
        (["clone3"], _NOT_THERE, []),  # its flags can not be looked at; the C library then uses clone
        (["clone"], _NOT_PERMITTED, [_Compare(0, _MASKED_EQUAL, _NEW_USER_NAMESPACE, _NEW_USER_NAMESPACE)]),
        (["socket", "socketpair"], _INVALID, [_Compare(0, _GREATER, max(_FAMILIES), 0)]),
        (["mmap"], _NOT_PERMITTED, [_Compare(3, _MASKED_EQUAL, _SHARED_ANONYMOUS, _SHARED_ANONYMOUS)]),
    ]
    for family in set(range(max(_FAMILIES))) - set(_FAMILIES):
        rules.append((["socket", "socketpair"], _INVALID, [_Compare(0, _EQUAL, family, 0)]))
    return _install(rules)


def refuse_signals_to(process: int) -> bool:
    """Refuse signals to one process, and to all at once; False if they could not be."""
    group = -process & 0xFFFFFFFF
    calls = ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open"]
    targets = [(calls, process), (["kill"], group), (["kill"], _ALL_PROCESSES)]
    return _install([(names, _NOT_PERMITTED, [_Compare(0, _MASKED_EQUAL, 0xFFFFFFFF, to)]) for names, to in targets])


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_void_p,
    ]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    return library


def _install(rules: list[Rule]) -> bool:
    library = _library()
    if library is None:
        return False
    context = library.seccomp_init(_ALLOW)
    for names, answer, conditions in rules:
        array = (_Compare * max(len(conditions), 1))(*conditions)
        for name in names:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if number >= 0:  # this kind of machine has it
                _must(library.seccomp_rule_add_array(context, answer, number, len(conditions), array), name)
    _must(library.seccomp_load(context), "all of them")
    library.seccomp_release(context)
    return True


def _must(result: int, name: str) -> None:
    if result != 0:
        raise OSError(-result, f"system calls can not be refused ({name}): {os.strerror(-result)}")
