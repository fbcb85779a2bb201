/*
 * What the process gives up before it does anything.
 */
#include "sandbox_priv.h"

#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static bool
has_capabilities(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

    if (syscall(SYS_capget, &head, data) != 0)
        return false;
    return data[0].permitted != 0 || data[1].permitted != 0;
}

/*
 * The kernel's own word decides. Alone it is not enough: security modules set it as well where a service changes its
 * domain, and such a service has no more rights than who started it.
 */
enum st
process_check_rights(struct err *err)
{
    const char *whose = getuid() != geteuid()   ? "it is setuid"
                        : getgid() != getegid() ? "it is setgid"
                        : getuid() != 0 && has_capabilities() ? "it has file capabilities"
                                                              : NULL;

    if (getauxval(AT_SECURE) == 0 || whose == NULL)
        return ST_OK;
    err_fail(err, ST_USAGE, "refused to run with rights that its caller does not have", "%s", whose);
    err_hint(err, "it reads and writes what its caller says: chmod ug-s, or setcap -r, the program");
    return ST_USAGE;
}

void
process_keep_secrets(void)
{
#ifndef INGEST_DEBUG
    struct rlimit none;

    /* The soft limit alone: a server or a psql that we start may lift it again. */
    if (getrlimit(RLIMIT_CORE, &none) == 0) {
        none.rlim_cur = 0;
        (void)setrlimit(RLIMIT_CORE, &none);
    }
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
