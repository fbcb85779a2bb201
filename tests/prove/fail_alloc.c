/*
 * A preload that makes things scarce for the program under test, for the proof's chapter `scarcity`:
 *
 *   FAIL_NTH=N     the N-th allocation fails (malloc, calloc, realloc, reallocarray, aligned ones, anonymous mmap)
 *   FAIL_ON=1      and so do all after it
 *   FAIL_COUNT=F   F holds two numbers of 8 bytes each: the allocations, and how many of them (or of the preads) failed
 *   FAIL_WHERE=1   who asked for the N-th is told on standard error, for addr2line(1)
 *   FAIL_SHORT=N   each read and write moves at most N bytes
 *   FAIL_FLIP=N    of what the N-th pread(2) gives, one bit is another
 *
 * It counts from main() on, and nothing that the dynamic loader asks for: without memory for its own tables it ends the program as it
 * likes. What the C library and libpq ask for on behalf of the program counts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void  __libc_free(void *p);

static _Atomic uint64_t  unshared[2];
static _Atomic uint64_t *count = unshared;
static uint64_t          nth;
static uint64_t          flip;
static _Atomic uint64_t  n_preads;
static size_t            at_most;
static int               armed, from_on, tells;
static uintptr_t         loader, loader_end;

static int
fails(const void *caller)
{
    uint64_t n;

    if (!armed || ((uintptr_t)caller >= loader && (uintptr_t)caller < loader_end))
        return 0;
    n = atomic_fetch_add(&count[0], 1) + 1;
    if (nth == 0 || n < nth || (n > nth && !from_on))
        return 0;
    atomic_fetch_add(&count[1], 1);
    if (tells && n == nth) {
        void *frames[32];

        armed = 0;
        backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
        armed = 1;
    }
    errno = ENOMEM;
    return 1;
}

#define FAILS() fails(__builtin_return_address(0))

void *
malloc(size_t n)
{
    return FAILS() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
    return FAILS() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
    return FAILS() ? NULL : __libc_realloc(p, n);
}

void *
reallocarray(void *p, size_t n, size_t size)
{
    size_t all;

    if (__builtin_mul_overflow(n, size, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    return FAILS() ? NULL : __libc_realloc(p, all);
}

void *
memalign(size_t alignment, size_t n)
{
    return FAILS() ? NULL : __libc_memalign(alignment, n);
}

void *
aligned_alloc(size_t alignment, size_t n)
{
    return FAILS() ? NULL : __libc_memalign(alignment, n);
}

int
posix_memalign(void **p, size_t alignment, size_t n)
{
    void *got = FAILS() ? NULL : __libc_memalign(alignment, n);

    if (got == NULL)
        return ENOMEM;
    *p = got;
    return 0;
}

void
free(void *p)
{
    __libc_free(p);
}

void *
mmap(void *p, size_t n, int protection, int flags, int fd, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) && FAILS())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, p, n, protection, flags, fd, offset); /* NOLINT */
}

/* ---- short reads and writes ---- */

static size_t
less(size_t n)
{
    return armed && at_most > 0 && n > at_most ? at_most : n;
}

ssize_t
read(int fd, void *p, size_t n)
{
    return syscall(SYS_read, fd, p, less(n));
}

ssize_t
write(int fd, const void *p, size_t n)
{
    return syscall(SYS_write, fd, p, less(n));
}

ssize_t
pread(int fd, void *p, size_t n, off_t offset)
{
    ssize_t got = syscall(SYS_pread64, fd, p, less(n), offset);

    if (armed && got > 0 && atomic_fetch_add(&n_preads, 1) + 1 == flip) {
        ((uint8_t *)p)[flip * 97 % (size_t)got] ^= (uint8_t)(1 << flip % 8);
        atomic_fetch_add(&count[1], 1);
    }
    return got;
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t offset)
{
    return syscall(SYS_pwrite64, fd, p, less(n), offset);
}

ssize_t pread64(int fd, void *p, size_t n, off_t offset) __attribute__((alias("pread")));
ssize_t pwrite64(int fd, const void *p, size_t n, off_t offset) __attribute__((alias("pwrite")));

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
    return syscall(SYS_sendto, fd, p, less(n), flags, NULL, 0);
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
    return syscall(SYS_recvfrom, fd, p, less(n), flags, NULL, NULL);
}

/* ---- from main() on ---- */

static int (*real_main)(int, char **, char **);

static int
find_loader(struct dl_phdr_info *info, size_t size, void *base)
{
    (void)size;
    if (info->dlpi_addr != (ElfW(Addr))(uintptr_t)base)
        return 0;
    loader = (uintptr_t)base;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t end = loader + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;

        if (info->dlpi_phdr[i].p_type == PT_LOAD && end > loader_end)
            loader_end = end;
    }
    return 1;
}

static int
armed_main(int argc, char **argv, char **env)
{
    const char *file = getenv("FAIL_COUNT"), *n = getenv("FAIL_NTH"), *most = getenv("FAIL_SHORT");
    const char *flipped = getenv("FAIL_FLIP");
    int fd = file != NULL ? open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

    if (fd >= 0 && ftruncate(fd, sizeof unshared) == 0) {
        void *shared = mmap(NULL, sizeof unshared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (shared != MAP_FAILED)
            count = shared;
    }
    if (fd >= 0)
        close(fd);
    nth = n != NULL ? strtoull(n, NULL, 10) : 0;
    at_most = most != NULL ? strtoul(most, NULL, 10) : 0;
    flip = flipped != NULL ? strtoull(flipped, NULL, 10) : 0;
    from_on = getenv("FAIL_ON") != NULL;
    tells = getenv("FAIL_WHERE") != NULL;
    dl_iterate_phdr(find_loader, (void *)getauxval(AT_BASE)); /* NOLINT */
    unsetenv("LD_PRELOAD"); /* not for the programs that it starts */
    armed = 1;
    return real_main(argc, argv, env);
}

int
__libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
                  void (*rtld_fini)(void), void *stack_end)
{
    int (*real)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
    void *found = dlsym(RTLD_NEXT, "__libc_start_main");

    memcpy(&real, &found, sizeof real);
    real_main = main;
    return real(armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}
