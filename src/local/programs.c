/*
 * Finding PostgreSQL's programs: Debian keeps every major version in a directory of its own, off
 * PATH; elsewhere PATH has them.
 */
#include "local_priv.h"

#include "ingest/num.h"

#include <dirent.h>
#include <sys/mman.h>

#define MAJOR_MIN        13 /* the floor of our SQL */
#define CLIENT_MAJOR_MIN 14 /* pg_dump --extension */

/* Programs that must stand together; the first one says which version they are. */
static const char *const server_programs[] = { "postgres", "initdb", "pg_ctl", NULL };
static const char *const client_programs[] = { "pg_dump", "pg_restore", NULL };

struct found {
    const char *const *programs;
    int  major; /* 0: nothing yet */
    char bin[sizeof ((struct local *)0)->bin];
};

static bool
has_program(const char *bin, const char *name)
{
    char path[sizeof ((struct local *)0)->psql];

    snprintf(path, sizeof path, "%s/%s", bin, name);
    return access(path, X_OK) == 0;
}

static bool
is_complete(const struct found *f, const char *bin)
{
    for (const char *const *program = f->programs; *program != NULL; program++)
        if (!has_program(bin, *program))
            return false;
    return true;
}

/*
 * Takes `bin` if it is better than what was found: newer, and of the wanted version if one is
 * wanted.
 */
static void
offer(struct found *best, const char *bin, int major, int wanted)
{
    if (major < MAJOR_MIN || major <= best->major || (wanted != 0 && major != wanted))
        return;
    best->major = major;
    snprintf(best->bin, sizeof best->bin, "%s", bin);
}

static void
search_place(struct found *best, const char *place, int wanted)
{
    char bin[sizeof best->bin];
    struct dirent *entry;
    DIR *dir = opendir(place);

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        int64_t major;
        int n;

        if (!num_u63(slice_of(entry->d_name), &major) || major > 999)
            continue;
        n = snprintf(bin, sizeof bin, "%s/%s/bin", place, entry->d_name);
        if (n > 0 && (size_t)n < sizeof bin && is_complete(best, bin))
            offer(best, bin, (int)major, wanted);
    }
    closedir(dir);
}

/* "postgres (PostgreSQL) 15.18 (Debian ...)" gives 15; 0 when it does not say. */
static int
ask_major(const char *bin, const char *name)
{
    struct who self = { 0 };
    struct child c = {
        .who = &self, .out_fd = memfd_create("version", MFD_CLOEXEC), .keep_fd = -1,
    };
    char program[512], said[128] = "";
    const char *const argv[] = { program, "--version", NULL }, *at;
    int major = 0;

    if (c.out_fd < 0)
        return 0;
    snprintf(program, sizeof program, "%s/%s", bin, name);
    if (child_run(&c, argv) == 0 && pread(c.out_fd, said, sizeof said - 1, 0) > 0) {
        at = strstr(said, "(PostgreSQL) ");
        if (at != NULL)
            for (at += strlen("(PostgreSQL) "); *at >= '0' && *at <= '9' && major < 999; at++)
                major = major * 10 + (*at - '0');
    }
    close(c.out_fd);
    return major;
}

static void
search_path(struct found *best, const char *path, int wanted)
{
    char bin[sizeof best->bin];

    while (path != NULL) {
        const char *end = strchr(path, ':');
        size_t n = end != NULL ? (size_t)(end - path) : strlen(path);

        if (n > 0 && n < sizeof bin && path[0] == '/') {
            memcpy(bin, path, n);
            bin[n] = '\0';
            if (is_complete(best, bin))
                offer(best, bin, ask_major(bin, best->programs[0]), wanted);
        }
        path = end != NULL ? end + 1 : NULL;
    }
}

static void
search(struct found *best, const char *place, const char *path, int wanted)
{
    search_place(best, place, wanted);
    if (best->major == 0)
        search_path(best, path, wanted);
}

static enum st
not_found(const char *data, const char *place, const char *path, int major, struct err *err)
{
    struct found other = { .programs = server_programs };

    search(&other, place, path, 0);
    if (major == 0) {
        err_fail(err, ST_DB, "cannot find PostgreSQL for --local",
                 "no directory under \"%s\" or on PATH has postgres, initdb and pg_ctl "
                 "of version %d or newer", place, MAJOR_MIN);
        err_hint(err, "apt-get install postgresql-15 postgresql-15-hll (the cluster that "
                      "Debian's postgresql-common makes with it is not needed)");
    } else if (other.major == 0) {
        err_fail(
            err, ST_DB, "cannot find PostgreSQL for --local",
            "the private database was made by PostgreSQL %d, and its programs are not installed",
            major);
        err_hint(err, "apt-get install postgresql-%d postgresql-%d-hll", major, major);
    } else {
        err_fail(err, ST_DB, "cannot use the private database",
                 "PostgreSQL %d made \"%s\", and here is only PostgreSQL %d", major, data,
                 other.major);
        err_hint(err,
                 "install postgresql-%d and postgresql-%d-hll again and go on, or dump with them: "
                 "ingest psql is the way in; then move the directory away and load the dump "
                 "into the new one (pg_upgrade works too)",
                 major, major);
    }
    return err->code;
}

enum st
programs_find(struct local *l, const char *place, const char *path, int major, struct err *err)
{
    struct found best = { .programs = server_programs };

    search(&best, place, path, major);
    if (best.major == 0)
        return not_found(l->data, place, path, major, err);
    snprintf(l->bin, sizeof l->bin, "%s", best.bin);
    if (has_program(l->bin, "psql"))
        snprintf(l->psql, sizeof l->psql, "%s/psql", l->bin);
    else
        l->psql[0] = '\0';
    return ST_OK;
}

enum st
local_client_programs(char *bin, size_t cap, struct err *err)
{
    struct found best = { .programs = client_programs };

    search(&best, PROGRAMS_PLACE, getenv("PATH"), 0);
    if (best.major < CLIENT_MAJOR_MIN || strlen(best.bin) >= cap) {
        err_fail(err, ST_DB, "cannot find PostgreSQL's programs",
                 "no directory under \"%s\" or on PATH has pg_dump and pg_restore "
                 "of version %d or newer",
                 PROGRAMS_PLACE, CLIENT_MAJOR_MIN);
        err_hint(err, "apt-get install postgresql-client-15 (not older than the server)");
        return ST_DB;
    }
    snprintf(bin, cap, "%s", best.bin);
    return ST_OK;
}
