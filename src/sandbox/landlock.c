/*
 * Landlock: which files this process may still reach. The kernel says which version it has; what a version does not know
 * cannot be refused on it, so rights are masked by it. The numbers are the kernel's (include/uapi/linux/landlock.h);
 * those that are younger than Debian 12's header stand here.
 */
#include "sandbox_priv.h"

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define RIGHT_REFER     (UINT64_C(1) << 13) /* version 2 */
#define RIGHT_TRUNCATE  (UINT64_C(1) << 14) /* 3 */
#define RIGHT_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define NET_BIND_TCP    (UINT64_C(1) << 0)  /* 4 */
#define SCOPE_SIGNAL    (UINT64_C(1) << 1)  /* 6 */

/* struct landlock_ruleset_attr as of version 6. Older kernels take a shorter one, newer ones this one. */
struct ruleset {
    uint64_t files, network, scoped;
};

static const uint64_t first_rights = /* version 1: everything up to making links */
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM;

/* What a file that is no directory can be granted. */
static const uint64_t rights_of_files = LANDLOCK_ACCESS_FS_WRITE_FILE |
                                        LANDLOCK_ACCESS_FS_READ_FILE | RIGHT_TRUNCATE;

static uint64_t
known_rights(int version)
{
    return first_rights | (version >= 2 ? RIGHT_REFER : 0) | (version >= 3 ? RIGHT_TRUNCATE : 0) |
           (version >= 5 ? RIGHT_IOCTL_DEV : 0);
}

int
landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version < 0 ? 0 : (int)version;
}

int
landlock_new(int version)
{
    struct ruleset set = { .files = known_rights(version),
                           .network = version >= 4 ? NET_BIND_TCP : 0,
                           .scoped = version >= 6 ? SCOPE_SIGNAL : 0 };
    size_t size = version >= 6 ? sizeof set : version >= 4 ? offsetof(struct ruleset, scoped)
                                                           : offsetof(struct ruleset, network);

    return (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
}

bool
landlock_allow(int ruleset, int version, enum sandbox_right right, int fd, bool is_directory)
{
    static const uint64_t grants[SANDBOX_RIGHTS_N] = {
        [SANDBOX_READ] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
        [SANDBOX_WRITE] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                          RIGHT_TRUNCATE,
        [SANDBOX_RENAME] = LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE,
        [SANDBOX_FILES] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                          LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                          LANDLOCK_ACCESS_FS_REMOVE_FILE | RIGHT_TRUNCATE,
    };
    struct landlock_path_beneath_attr rule = { .parent_fd = fd };

    rule.allowed_access = grants[right] & known_rights(version);
    if (!is_directory)
        rule.allowed_access &= rights_of_files;
    if (rule.allowed_access == 0)
        return true;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool
landlock_enter(int ruleset)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}
