/*
 * seccomp: which system calls this process may still make. Two filters, of which the stricter one counts for each call:
 *
 *   calls      those that this build's libseccomp knows, without those that a run never needs. What is newer is not there
 *              (ENOSYS), and the C library falls back to what it replaces
 *   arguments  of calls that are needed, the uses that are not
 *
 * An allow list of what a run was seen to use would be shorter, and would break with the next C library.
 */
#include "sandbox_priv.h"

#ifndef INGEST_HAVE_SECCOMP

const char *
calls_fence(enum sandbox_network network)
{
    (void)network;
    return "this build does not fence system calls (it takes the Debian package libseccomp-dev)";
}

#else

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define CALLS_MAX 1024 /* beyond that some kinds of machines have calls of their own: those are not fenced */

static const char *const refused[] = {
    /* other programs and processes */
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
    "process_madvise", "process_mrelease", "kcmp", "pidfd_open", "pidfd_getfd",
    "pidfd_send_signal", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    /* being a server */
    "listen", "accept", "accept4",
    /* ways around the file descriptors and the memory that we know */
    "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "memfd_create",
    "memfd_secret", "open_by_handle_at", "name_to_handle_at", "fanotify_init", "fanotify_mark",
    "remap_file_pages", "shmget", "shmat", "shmctl", "personality", "modify_ldt", "uselib",
    "vmsplice",
    /* names, mounts, namespaces */
    "mount", "umount", "umount2", "pivot_root", "chroot", "unshare", "setns", "fsopen",
    "fsconfig", "fsmount", "fspick", "open_tree", "move_mount", "mount_setattr", "mknod",
    "mknodat", "symlink", "symlinkat",
    /* what Landlock does not look at: modes, times and attributes of files that cannot be opened */
    "chmod", "fchmodat", "fchmodat2", "utime", "utimes", "futimesat", "utimensat",
    "utimensat_time64", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr",
    "lremovexattr", "fremovexattr", "removexattrat", "file_setattr",
    /* other processes' memory, queues and semaphores, by number or name */
    "move_pages", "migrate_pages", "msgget", "semget", "mq_open", "mq_unlink",
    /* who one is */
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
    "setgroups", "capset", "chown", "fchown", "lchown", "fchownat", "setsid", "keyctl", "add_key",
    "request_key",
    /* the machine */
    "bpf", "perf_event_open", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "create_module", "get_kernel_syms", "query_module", "reboot", "swapon",
    "swapoff", "syslog", "acct", "quotactl", "quotactl_fd", "sethostname", "setdomainname",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "iopl", "ioperm",
    "nfsservctl", "lookup_dcookie", "vhangup", "_sysctl", "sysfs", "ustat",
};

/* Without a database there is nobody to talk to. */
static const char *const refused_sockets[] = { "socket", "socketpair", "connect", "bind" };

static bool
is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool
is_refused(const char *name, enum sandbox_network network)
{
    return is_among(name, refused, ARRAY_LEN(refused)) ||
           (network == SANDBOX_NO_SOCKETS &&
            is_among(name, refused_sockets, ARRAY_LEN(refused_sockets)));
}

/* ---- calls ---- */

static int
add_call(scmp_filter_ctx filter, int number, enum sandbox_network network)
{
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    int rc = 0;

    if (name == NULL)
        return 0;
    /* Flags of clone3 lie in memory, where a filter cannot look; without it clone(2) is used. */
    if (strcmp(name, "clone3") != 0)
        rc = seccomp_rule_add(filter,
                              is_refused(name, network) ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW,
                              number, 0);
    free(name);
    return rc;
}

static int
add_calls(scmp_filter_ctx filter, enum sandbox_network network)
{
    int rc = 0;

    for (int number = 0; number < CALLS_MAX && rc == 0; number++)
        rc = add_call(filter, number, network);
    return rc;
}

/* ---- arguments ---- */

#define LOW_WORD UINT32_MAX /* of an argument that is an int the kernel ignores the upper half: so must a comparison */

#ifdef __s390__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* Refuses a call whose argument has, of the bits of `mask`, exactly those of `value`. */
static int
refuse_bits(scmp_filter_ctx filter, int number, unsigned argument, uint64_t mask, uint64_t value)
{
    struct scmp_arg_cmp bits = SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value);

    return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number, 1, &bits);
}

static int
add_families(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp others = SCMP_A0(SCMP_CMP_GE, AF_MAX, 0);
    int rc = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, &others);

    for (int family = 0; family < AF_MAX && rc == 0; family++)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
            rc = refuse_bits(filter, SCMP_SYS(socket), 0, LOW_WORD, (uint64_t)family);
    /* SOCK_RAW and SOCK_PACKET; the other bits are flags */
    if (rc == 0)
        rc = refuse_bits(filter, SCMP_SYS(socket), 1, 0xf, SOCK_RAW);
    if (rc == 0)
        rc = refuse_bits(filter, SCMP_SYS(socket), 1, 0xf, SOCK_PACKET);
    return rc;
}

/* Threads may be made, processes not: a thread is of our group, and in our namespaces. */
static int
add_clone(scmp_filter_ctx filter)
{
    static const uint64_t namespaces[] = { CLONE_NEWNS,   CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER,
                                           CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP };
    int rc = refuse_bits(filter, SCMP_SYS(clone), CLONE_FLAGS, CLONE_THREAD, 0);

    for (size_t i = 0; i < ARRAY_LEN(namespaces) && rc == 0; i++)
        rc = refuse_bits(filter, SCMP_SYS(clone), CLONE_FLAGS, namespaces[i], namespaces[i]);
    return rc;
}

/* Nothing that was written can be run; libraries are loaded from files, which are never both. */
static int
add_memory(scmp_filter_ctx filter)
{
    const uint64_t both = PROT_WRITE | PROT_EXEC;
    int rc = refuse_bits(filter, SCMP_SYS(mmap), 2, both, both);

    if (rc == 0)
        rc = refuse_bits(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, PROT_EXEC);
    if (rc == 0)
        rc = refuse_bits(filter, SCMP_SYS(pkey_mprotect), 2, PROT_EXEC, PROT_EXEC);
    return rc;
}

/* A terminal takes what TIOCSTI puts into it for the user's typing, and TIOCLINUX can paste. */
static int
add_terminal(scmp_filter_ctx filter)
{
    int rc = refuse_bits(filter, SCMP_SYS(ioctl), 1, LOW_WORD, TIOCSTI);

    return rc != 0 ? rc : refuse_bits(filter, SCMP_SYS(ioctl), 1, LOW_WORD, TIOCLINUX);
}

/* abort(3) and raise(3) signal a thread of our own. */
static int
add_signals(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp others = SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0);

    return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1, &others);
}

/* A file keeps to the bits that open(2) could have given it: what one has open may be a log. */
static int
add_modes(scmp_filter_ctx filter)
{
    int rc = refuse_bits(filter, SCMP_SYS(fchmod), 1, S_ISUID, S_ISUID);

    return rc != 0 ? rc : refuse_bits(filter, SCMP_SYS(fchmod), 1, S_ISGID, S_ISGID);
}

/* Limits may be set of all processes of one's user; 0 is this one. */
static int
add_limits(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp others = SCMP_A0(SCMP_CMP_NE, 0, 0);

    return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prlimit64), 1, &others);
}

static int
add_arguments(scmp_filter_ctx filter, enum sandbox_network network)
{
    int rc = network == SANDBOX_NO_SOCKETS ? 0 : add_families(filter);

    if (rc == 0)
        rc = add_clone(filter);
    if (rc == 0)
        rc = add_memory(filter);
    if (rc == 0)
        rc = add_terminal(filter);
    if (rc == 0)
        rc = add_modes(filter);
    if (rc == 0)
        rc = add_limits(filter);
    return rc == 0 ? add_signals(filter) : rc;
}

/* ---- both ---- */

typedef int add_rules(scmp_filter_ctx filter, enum sandbox_network network);

/* 0, or a negative errno, as libseccomp gives it. A filter that is loaded stays when its context goes. */
static int
load(uint32_t otherwise, add_rules *add, enum sandbox_network network)
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    int rc;

    if (filter == NULL)
        return -ENOMEM;
    /* Calls by another machine's numbers (32 bits on 64) are none of ours. */
    rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = add(filter, network);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc;
}

const char *
calls_fence(enum sandbox_network network)
{
    int rc;

    if (seccomp_syscall_resolve_name("exit_group") >= CALLS_MAX)
        return "system calls of this kind of machine are not known to the sandbox";
    rc = load(SCMP_ACT_ALLOW, add_arguments, network);
    if (rc == 0)
        rc = load(SCMP_ACT_ERRNO(ENOSYS), add_calls, network);
    if (rc == 0)
        return NULL;
    return "the kernel takes no filter of system calls (seccomp)";
}

#endif
