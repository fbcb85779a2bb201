/*
 * Where the private PostgreSQL lives, and the rights of these directories. Depends on the
 * environment and the user alone, never on the working directory or the umask, since cron has its
 * own ideas of both.
 */
#include "local_priv.h"

#include "ingest/hash.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#define ROOT_DIR "/var/lib/ingest"

static const char what_dir[] = "cannot make the directory of the private PostgreSQL";

int
paths_open(const char *path, int flags, mode_t mode)
{
    int low = open(path, flags | O_CLOEXEC | O_NOCTTY, mode), high;

    if (low < 0 || low > 2)
        return low;
    high = fcntl(low, F_DUPFD_CLOEXEC, 3);
    close(low);
    return high;
}

static const char *
home(void)
{
    const char *h = getenv("HOME");
    struct passwd *pw;

    if (h != NULL && h[0] == '/')
        return h;
    pw = getpwuid(geteuid());
    return pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

enum st
paths_find(struct local *l, struct err *err)
{
    const char *xdg = getenv("XDG_DATA_HOME"), *h;
    int n;

    if (xdg != NULL && xdg[0] == '/') { /* the XDG specification wants relative ones ignored */
        n = snprintf(l->dir, sizeof l->dir, "%s/ingest", xdg);
    } else if (geteuid() == 0) {
        n = snprintf(l->dir, sizeof l->dir, ROOT_DIR);
    } else {
        h = home();
        if (h == NULL) {
            err_fail(err, ST_DB, "cannot find a place for the private PostgreSQL",
                     "neither HOME nor the user database names a home");
            err_hint(err, "set XDG_DATA_HOME to an absolute path");
            return err->code;
        }
        n = snprintf(l->dir, sizeof l->dir, "%s/.local/share/ingest", h);
    }
    if (n < 0 || (size_t)n >= sizeof l->dir) {
        err_fail(err, ST_DB, "cannot find a place for the private PostgreSQL",
                 "its path would have %d bytes, %zu are the most", n, sizeof l->dir - 1);
        err_hint(err, "set XDG_DATA_HOME to a shorter path");
        return err->code;
    }
    snprintf(l->data, sizeof l->data, "%s/postgres", l->dir);
    return ST_OK;
}

static enum st
refuse(struct err *err, const char *path, const char *cause)
{
    err_fail(err, ST_DB, what_dir, "\"%s\": %s", path, cause);
    err_hint(err, "set XDG_DATA_HOME to a directory that you may write to");
    return err->code;
}

/*
 * Makes what is missing above `dir`. New ones are for the user alone (XDG); below root's they let
 * the server's user through.
 */
static enum st
make_parents(const char *dir, mode_t mode, struct err *err)
{
    char path[sizeof ((struct local *)0)->dir];

    snprintf(path, sizeof path, "%s", dir);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) == 0) {
            if (chmod(path, mode) != 0)
                return refuse(err, path, strerror(errno));
        } else if (errno != EEXIST && access(path, F_OK) != 0) {
            return refuse(err, path, strerror(errno));
        }
        *slash = '/';
    }
    return ST_OK;
}

enum st
paths_make(const struct local *l, const struct who *who, struct err *err)
{
    mode_t mode = who->drop ? 0710 : 0700;
    gid_t group = who->drop ? who->gid : (gid_t)-1;
    struct stat st;
    enum st rc;

    rc = make_parents(l->dir, who->drop ? 0755 : 0700, err);
    if (rc != ST_OK)
        return rc;
    if (mkdir(l->dir, 0700) != 0 && errno != EEXIST)
        return refuse(err, l->dir, strerror(errno));
    if (stat(l->dir, &st) != 0) /* no lstat: a link to a larger disk is fine, its end is checked */
        return refuse(err, l->dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return refuse(err, l->dir, "is no directory");
    if (st.st_uid != geteuid())
        return refuse(err, l->dir, "belongs to another user");
    if (who->drop && st.st_gid != group && chown(l->dir, (uid_t)-1, group) != 0)
        return refuse(err, l->dir, strerror(errno));
    if ((st.st_mode & 07777) != mode && chmod(l->dir, mode) != 0)
        return refuse(err, l->dir, strerror(errno));
    return ST_OK;
}

void
paths_socket_dir(const struct local *l, const struct who *who, char *out, size_t cap)
{
    struct digest d;

    if (strlen(l->data) + strlen(SOCKET_NAME) < SOCKET_PATH_MAX) {
        snprintf(out, cap, "%s", l->data);
        return;
    }
    /*
     * Everybody who shares the data must come to the same name: nothing of the session may be in
     * it.
     */
    d = hash_plain(l->data, strlen(l->data));
    snprintf(out, cap, "%s/ingest-%u-%02x%02x%02x%02x", who->drop ? "/run" : "/tmp",
             (unsigned)who->uid, d.b[0], d.b[1], d.b[2], d.b[3]);
}

/*
 * /tmp is everybody's, so the directory may have been put there by somebody else: it must be a
 * directory itself (no link), ours, and closed to others. Once it is, the sticky bit keeps it so.
 */
enum st
paths_make_socket_dir(const struct local *l, const struct who *who, struct err *err)
{
    static const char what[] = "cannot make a directory for the socket of the private PostgreSQL";
    char dir[SOCKET_PATH_MAX];
    struct stat st;

    paths_socket_dir(l, who, dir, sizeof dir);
    if (strcmp(dir, l->data) == 0)
        return ST_OK;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return err_fail(err, ST_DB, what, "\"%s\": %s", dir, strerror(errno));
    if (lstat(dir, &st) != 0)
        return err_fail(err, ST_DB, what, "\"%s\": %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode) || (st.st_uid != who->uid && st.st_uid != geteuid()) ||
        (st.st_mode & 0077) != 0) {
        err_fail(err, ST_DB, what, "\"%s\" is there and is not a directory of ours alone", dir);
        err_hint(err, "remove it, or set XDG_DATA_HOME to a path of less than %d bytes",
                 (int)(SOCKET_PATH_MAX - sizeof "/ingest/postgres" SOCKET_NAME));
        return err->code;
    }
    if (st.st_uid != who->uid && lchown(dir, who->uid, who->gid) != 0)
        return err_fail(err, ST_DB, what, "\"%s\": %s", dir, strerror(errno));
    return ST_OK;
}
