/*
 * What the doctor looks at on this host, whether or not there is a database.
 */
#include "ingest/base.h"

#include "ingest/num.h"
#include "ingest/temporary.h"

#include "audit_priv.h"

#include <sys/resource.h>
#include <sys/statvfs.h>

#define FILES_MIN 64 /* inputs, a connection and temporary files of some workers */
#define ROOM_MIN  (256 * MIB)

static void
check_machine(struct audit *a)
{
    if (access("/etc/machine-id", R_OK) == 0 || access("/var/lib/dbus/machine-id", R_OK) == 0)
        doctor_tell(a, AUDIT_OK, "host", NULL, "it has a machine-id");
    else
        doctor_tell(
            a, AUDIT_NOTE, "host",
            "files that were counted are known by their bytes alone, which takes reading them: "
            "systemd-machine-id-setup",
            "it has no machine-id");
}

static void
check_files(struct audit *a)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_cur < FILES_MIN)
        doctor_tell(a, AUDIT_FINDING, "host", "ulimit -n 1024, or LimitNOFILE= of the unit",
                    "a process may open %" PRIu64 " files", (uint64_t)limit.rlim_cur);
    else
        doctor_tell(a, AUDIT_OK, "host", NULL, "enough files may be open at a time");
}

static void
check_room(struct audit *a, const char *dir)
{
    struct statvfs v;
    uint64_t free_bytes;
    char mib[32];
    int fd = temporary_open(dir);

    if (fd < 0 || fstatvfs(fd, &v) != 0) {
        doctor_tell(a, AUDIT_FINDING, "disk", "set TMPDIR to a directory that can be written to",
                    "no temporary file can be made in %.300s: %s", dir, strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    close(fd);
    free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
    doctor_tell(a, free_bytes < ROOM_MIN ? AUDIT_FINDING : AUDIT_OK, "disk",
                free_bytes < ROOM_MIN
                    ? "large inputs need more for a while: set TMPDIR to a directory with room"
                    : NULL,
                "%.300s has %s MiB of room for temporary files", dir,
                num_grouped(free_bytes >> 20, mib));
}

void
doctor_host(const char *tmpdir, audit_say *say, void *ctx, uint64_t *n_findings)
{
    struct audit a = { .say = say, .ctx = ctx };
    const char *dir = tmpdir != NULL ? tmpdir : getenv("TMPDIR");

    check_machine(&a);
    check_files(&a);
    check_room(&a, dir == NULL || dir[0] == '\0' ? "/tmp" : dir);
    *n_findings += a.n_findings;
}
