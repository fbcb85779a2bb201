/*
 * The files that libpq, and what it uses for TLS and Kerberos, read to connect again (PostgreSQL 15, 34.15, 34.16, 34.17,
 * 34.19; openssl-env(7); MIT krb5, "Environment variables"). Names only: whether they are there is for others to see.
 */
#include "pg_priv.h"

#include <pwd.h>

static void
give(pg_take_file *take, void *ctx, const char *path)
{
    if (path != NULL && path[0] != '\0')
        take(ctx, path);
}

static void
give_options(const struct pg *pg, pg_take_file *take, void *ctx)
{
    static const char *const keywords[] = { "passfile",    "sslcert", "sslkey",
                                            "sslrootcert", "sslcrl",  "sslcrldir" };
    PQconninfoOption *options = PQconninfo(pg->conn);

    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
        for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
            if (strcmp(o->keyword, keywords[i]) == 0)
                give(take, ctx, o->val);
    PQconninfoFree(options);
}

static void
give_environment(pg_take_file *take, void *ctx)
{
    static const char *const names[] = { "PGSERVICEFILE", "PGSYSCONFDIR", "OPENSSL_CONF",
                                         "SSL_CERT_FILE", "SSL_CERT_DIR", "KRB5_CONFIG",
                                         "KRB5_KTNAME",   "KRB5CCNAME" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *path = getenv(names[i]);

        if (path != NULL && strncmp(path, "FILE:", 5) == 0) /* krb5's way to say what kind it is */
            path += 5;
        give(take, ctx, path);
    }
}

static void
give_home(const char *home, pg_take_file *take, void *ctx)
{
    static const char *const names[] = { ".pgpass", ".pg_service.conf", ".postgresql" };
    char path[PATH_MAX];

    for (size_t i = 0; home != NULL && i < ARRAY_LEN(names); i++)
        if (snprintf(path, sizeof path, "%s/%s", home, names[i]) < (int)sizeof path)
            give(take, ctx, path);
}

void
pg_files(const struct pg *pg, pg_take_file *take, void *ctx)
{
    struct passwd entry, *found = NULL;
    char buf[4096];

    give_options(pg, take, ctx);
    give_environment(take, ctx);
    give_home(getenv("HOME"), take, ctx);
    if (getpwuid_r(geteuid(), &entry, buf, sizeof buf, &found) == 0 && found != NULL)
        give_home(entry.pw_dir, take, ctx);
    give(take, ctx, "/etc/postgresql-common/pg_service.conf"); /* Debian's place for it */
    give(take, ctx, "/etc/pg_service.conf");
    snprintf(buf, sizeof buf, "/tmp/krb5cc_%ld", (long)geteuid());
    give(take, ctx, buf);
}
