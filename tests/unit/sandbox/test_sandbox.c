/*
 * Behind the fence: each case is done by a child that has entered the sandbox, and gives the errno that it met. What is
 * refused there succeeds, or fails otherwise, in a child that has not.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <cmocka.h>

#include "sandbox_priv.h"

static char dir[32];
static const char input[] = "logs/access.log";

static void
make(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0 && write(fd, "text\n", 5) == 5);
    close(fd);
}

static int
make_place(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/ingest-sandbox.XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(mkdir("logs", 0755) | mkdir("more", 0755) | mkdir("out", 0755), 0);
    assert_int_equal(mkdir("tmp", 0755), 0);
    make(input);
    make("logs/unnamed.log");
    make("more/a.log");
    make("unnamed");
    make("out/rows");
    make("out/rows.new");
    return 0;
}

static int
remove_place(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

/* ---- a child behind the fence ---- */

static struct sandbox_report report;

static void
enter(enum sandbox_network network)
{
    struct sandbox *s = NULL;
    struct err err;

    if (sandbox_new(&s, &err) != ST_OK || sandbox_allow(s, SANDBOX_READ, input, &err) != ST_OK ||
        sandbox_allow_beside(s, SANDBOX_READ, "more/a.log", &err) != ST_OK ||
        sandbox_allow_beside(s, SANDBOX_RENAME, "out/rows", &err) != ST_OK ||
        sandbox_allow(s, SANDBOX_FILES, "tmp", &err) != ST_OK ||
        sandbox_allow(s, SANDBOX_READ, "not there", &err) != ST_OK ||
        sandbox_allow_system(s, &err) != ST_OK)
        _exit(250);
    sandbox_enter(s, network, &report);
    sandbox_free(s);
}

typedef bool attempt(void);

/* The errno that `try` leaves, 0 if it succeeds; -1 if the child was killed. */
static int
outcome(attempt *try, bool fenced, enum sandbox_network network)
{
    pid_t pid;
    int status;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (fenced)
            enter(network);
        errno = 0;
        _exit(try() ? 0 : errno == 0 ? 251 : errno);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool
can_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    return fd >= 0 && close(fd) == 0;
}

/* ---- files ---- */

static bool reads_the_input(void) { return can_open(input, O_RDONLY); }
static bool reads_beside_a_walked_one(void) { return can_open("more/a.log", O_RDONLY); }
static bool reads_an_unnamed_file(void) { return can_open("unnamed", O_RDONLY); }
static bool reads_a_neighbour(void) { return can_open("logs/unnamed.log", O_RDONLY); }
static bool reads_shadow(void) { return can_open("/etc/shadow", O_RDONLY); }
static bool reads_hosts(void) { return can_open("/etc/hosts", O_RDONLY); }
static bool lists_the_root(void) { return can_open("/", O_RDONLY | O_DIRECTORY); }
static bool writes_the_input(void) { return can_open(input, O_WRONLY); }
static bool cuts_the_input(void) { return truncate(input, 0) == 0; }
static bool removes_the_input(void) { return unlink(input) == 0; }
static bool makes_a_file(void) { return can_open("new", O_WRONLY | O_CREAT); }
static bool makes_a_temporary(void) { return can_open("tmp/new", O_RDWR | O_CREAT); }
static bool makes_a_nameless(void) { return can_open("tmp", O_RDWR | O_TMPFILE); }
static bool makes_a_nameless_elsewhere(void) { return can_open("out", O_RDWR | O_TMPFILE); }
static bool renames_the_output(void) { return rename("out/rows.new", "out/rows") == 0; }
static bool writes_the_output(void) { return can_open("out/rows", O_WRONLY); }
static bool takes_the_input_away(void) { return rename(input, "tmp/log") == 0; }
static bool makes_a_device(void) { return mknod("tmp/null", S_IFCHR | 0600, 0x103) == 0; }
static bool makes_a_link(void) { return symlink("/etc/shadow", "tmp/link") == 0; }
static bool writes_null(void) { return can_open("/dev/null", O_RDWR); }

/* ---- what is known of files that cannot be opened ---- */

static bool opens_a_file_to_all(void) { return chmod("unnamed", 0666) == 0; }
static bool makes_it_old(void) { return utimensat(AT_FDCWD, "unnamed", NULL, 0) == 0; }
static bool marks_it(void) { return setxattr("unnamed", "user.x", "x", 1, 0) == 0; }

static bool
changes_the_mode_of_its_own(mode_t mode)
{
    int fd = open("tmp/own", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    return fd >= 0 && fchmod(fd, mode) == 0;
}

static bool lets_others_read_its_own(void) { return changes_the_mode_of_its_own(0644); }
static bool makes_its_own_setuid(void) { return changes_the_mode_of_its_own(S_ISUID | 0755); }
static bool makes_its_own_setgid(void) { return changes_the_mode_of_its_own(S_ISGID | 0755); }

/* ---- calls ---- */

static bool
starts_a_program(void)
{
    char *argv[] = { (char[]){ "true" }, NULL }, *env[] = { NULL };

    execve("/bin/true", argv, env); /* which ends with 0, too */
    return false;
}

static bool
makes_a_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static void *
nothing(void *arg)
{
    return arg;
}

static bool
makes_a_thread(void)
{
    pthread_t thread;

    errno = pthread_create(&thread, NULL, nothing, NULL);
    return errno == 0 && pthread_join(thread, NULL) == 0;
}

static bool
opens_socket(int family, int type)
{
    int fd = socket(family, type, 0);

    return fd >= 0 && close(fd) == 0;
}

static bool opens_unix(void) { return opens_socket(AF_UNIX, SOCK_STREAM); }
static bool opens_inet(void) { return opens_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC); }
static bool opens_inet6(void) { return opens_socket(AF_INET6, SOCK_DGRAM); }
static bool opens_netlink(void) { return opens_socket(AF_NETLINK, SOCK_RAW); }
static bool opens_packet(void) { return opens_socket(AF_PACKET, SOCK_DGRAM); }
static bool opens_raw(void) { return opens_socket(AF_INET, SOCK_RAW); }
static bool opens_vsock(void) { return opens_socket(AF_VSOCK, SOCK_STREAM); }

/* A family with bits above the int that the kernel takes. */
static bool
opens_netlink_disguised(void)
{
    return syscall(SYS_socket, (1L << 32) | AF_NETLINK, SOCK_DGRAM, 0) >= 0;
}

static bool
serves(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return listen(fd, 1) == 0;
}

static bool traces(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0; }
static bool signals_its_parent(void) { return kill(getppid(), 0) == 0; }
static bool knows_its_own_limits(void) { return getrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 0 }) == 0; }
static bool limits_its_parent(void) { return prlimit(getppid(), RLIMIT_NOFILE, NULL, &(struct rlimit){ 0, 0 }) == 0; }
static bool asks_for_a_key(void) { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1) >= 0; }
static bool mounts(void) { return mount("none", "tmp", "no such file system", 0, NULL) == 0; }
static bool leaves_its_namespace(void) { return unshare(CLONE_NEWUSER) == 0; }
static bool counts_cycles(void) { return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0) >= 0; }
static bool rings(void) { return syscall(SYS_io_uring_setup, 1, NULL) >= 0; }
static bool loads_bpf(void) { return syscall(SYS_bpf, 0, NULL, 0) >= 0; }
static bool calls_what_is_new(void) { return syscall(1023) >= 0; }

static bool
types_for_the_user(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* which takes no typing: ENOTTY */

    return syscall(SYS_ioctl, fd, (1L << 32) | TIOCSTI, "x") == 0;
}

static bool
runs_what_it_wrote(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static const struct a_case {
    const char *name;
    attempt *try;
    int  fenced;   /* errno; 0: it may be done */
    int  landlock; /* from which version on that is so; 0: it is seccomp's */
    bool free;     /* whoever is not fenced meets something else, on every machine */
} cases[] = {
    { "reads_the_input", reads_the_input, 0, 1, false },
    { "reads_beside_a_walked_one", reads_beside_a_walked_one, 0, 1, false },
    { "reads_an_unnamed_file", reads_an_unnamed_file, EACCES, 1, true },
    { "reads_a_neighbour", reads_a_neighbour, EACCES, 1, true },
    { "reads_shadow", reads_shadow, EACCES, 1, false },
    { "reads_hosts", reads_hosts, 0, 1, false },
    { "lists_the_root", lists_the_root, EACCES, 1, true },
    { "writes_the_input", writes_the_input, EACCES, 1, true },
    { "cuts_the_input", cuts_the_input, EACCES, 3, true },
    { "removes_the_input", removes_the_input, EACCES, 1, true },
    { "takes_the_input_away", takes_the_input_away, EACCES, 1, true },
    { "makes_a_file", makes_a_file, EACCES, 1, true },
    { "makes_a_temporary", makes_a_temporary, 0, 1, false },
    { "makes_a_nameless", makes_a_nameless, 0, 1, false },
    { "makes_a_nameless_elsewhere", makes_a_nameless_elsewhere, EACCES, 1, true },
    { "writes_the_output", writes_the_output, EACCES, 1, true },
    { "renames_the_output", renames_the_output, 0, 1, false },
    { "writes_null", writes_null, 0, 1, false },
    { "makes_a_device", makes_a_device, EPERM, 0, false },
    { "makes_a_link", makes_a_link, EPERM, 0, true },
    { "opens_a_file_to_all", opens_a_file_to_all, EPERM, 0, true },
    { "makes_it_old", makes_it_old, EPERM, 0, true },
    { "marks_it", marks_it, EPERM, 0, true },
    { "lets_others_read_its_own", lets_others_read_its_own, 0, 0, false },
    { "makes_its_own_setuid", makes_its_own_setuid, EPERM, 0, true },
    { "makes_its_own_setgid", makes_its_own_setgid, EPERM, 0, true },
    { "starts_a_program", starts_a_program, EPERM, 0, true },
    { "makes_a_process", makes_a_process, EPERM, 0, true },
    { "makes_a_thread", makes_a_thread, 0, 0, false },
    { "opens_unix", opens_unix, 0, 0, false },
    { "opens_inet", opens_inet, 0, 0, false },
    { "opens_inet6", opens_inet6, 0, 0, false },
    { "opens_netlink", opens_netlink, EPERM, 0, true },
    { "opens_netlink_disguised", opens_netlink_disguised, EPERM, 0, true },
    { "opens_packet", opens_packet, EPERM, 0, false },
    { "opens_raw", opens_raw, EPERM, 0, false },
    { "opens_vsock", opens_vsock, EPERM, 0, false },
    { "serves", serves, EPERM, 0, true },
    { "traces", traces, EPERM, 0, true },
    { "signals_its_parent", signals_its_parent, EPERM, 0, true },
    { "knows_its_own_limits", knows_its_own_limits, 0, 0, false },
    { "limits_its_parent", limits_its_parent, EPERM, 0, true },
    { "asks_for_a_key", asks_for_a_key, EPERM, 0, false },
    { "mounts", mounts, EPERM, 0, false },
    { "leaves_its_namespace", leaves_its_namespace, EPERM, 0, false },
    { "counts_cycles", counts_cycles, EPERM, 0, false },
    { "rings", rings, EPERM, 0, false },
    { "loads_bpf", loads_bpf, EPERM, 0, false },
    { "calls_what_is_new", calls_what_is_new, ENOSYS, 0, false },
    { "types_for_the_user", types_for_the_user, EPERM, 0, true },
    { "runs_what_it_wrote", runs_what_it_wrote, EPERM, 0, true },
};

/* ---- the tests ---- */

static void
fenced(void **state)
{
    const struct a_case *c = *state;

    if (c->landlock > landlock_version()) {
        print_message("%s: the kernel has no Landlock of version %d\n", c->name, c->landlock);
        skip();
    }
#ifndef INGEST_HAVE_SECCOMP
    if (c->landlock == 0 && c->fenced != 0)
        skip();
#endif
    make_place(NULL);
    assert_int_equal(outcome(c->try, true, SANDBOX_CLIENT), c->fenced);
    if (c->free)
        assert_int_not_equal(outcome(c->try, false, SANDBOX_CLIENT), c->fenced);
    remove_place(NULL);
}

#ifdef INGEST_HAVE_SECCOMP
static void
no_sockets_without_a_database(void **state)
{
    (void)state;
    assert_int_equal(outcome(opens_unix, true, SANDBOX_NO_SOCKETS), EPERM);
    assert_int_equal(outcome(opens_inet, true, SANDBOX_NO_SOCKETS), EPERM);
    assert_int_equal(outcome(opens_inet, true, SANDBOX_CLIENT), 0);
}
#endif

static void
abort_ends_the_process(void **state)
{
    pid_t pid;
    int status;

    (void)state;
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = { 0, 0 };

        setrlimit(RLIMIT_CORE, &none);
        enter(SANDBOX_CLIENT);
        abort();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static bool
enters_twice(void)
{
    enter(SANDBOX_CLIENT);
    enter(SANDBOX_CLIENT);
    errno = 0;
    return can_open("/dev/null", O_RDWR);
}

static void
entered_twice(void **state)
{
    (void)state;
    assert_int_equal(outcome(enters_twice, false, SANDBOX_CLIENT), 0);
}

static bool
report_is_true(void)
{
    bool landlock = landlock_version() > 0;

    enter(SANDBOX_CLIENT);
    errno = ENOTRECOVERABLE;
    return report.files_fenced == landlock && report.files[0] != '\0' &&
           report.calls[0] != '\0' &&
           report.calls_fenced == (strcmp(report.calls, "system calls by seccomp") == 0);
}

static void
report_says_what_is_in_force(void **state)
{
    (void)state;
    assert_int_equal(outcome(report_is_true, false, SANDBOX_CLIENT), 0);
}

int
main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(cases) + 4] = { { 0 } };
    size_t n = 0;

    for (; n < ARRAY_LEN(cases); n++)
        tests[n] = (struct CMUnitTest){ cases[n].name, fenced, NULL, NULL, (void *)(uintptr_t)&cases[n] };
#ifdef INGEST_HAVE_SECCOMP
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(no_sockets_without_a_database);
#endif
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(abort_ends_the_process);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(entered_twice);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(report_says_what_is_in_force);
    return _cmocka_run_group_tests("sandbox", tests, n, NULL, NULL);
}
