/*
 * The connection as environment variables, for programs that use libpq themselves: arguments are
 * seen by every user of the host, the environment by its owner alone.
 */
#include "pg_priv.h"

extern char **environ;

struct list {
    char **env;
    size_t n, cap;
    bool failed;
};

static void
add(struct list *l, const char *name, const char *value)
{
    size_t n = strlen(name) + strlen(value) + 2;
    char *text = l->n + 1 < l->cap ? malloc(n) : NULL;

    if (text == NULL) {
        l->failed = true;
        return;
    }
    snprintf(text, n, "%s=%s", name, value);
    l->env[l->n++] = text;
}

static bool
is_of_libpq_or_ours(const char *variable)
{
    return strncmp(variable, "PG", 2) == 0 || strncmp(variable, "INGEST_", 7) == 0;
}

static size_t
count(char *const *list)
{
    size_t n = 0;

    while (list != NULL && list[n] != NULL)
        n++;
    return n;
}

/* Of several hosts the one that we have; what a service file said stands among the options. */
static const char *
value_of(const struct pg *pg, const PQconninfoOption *o)
{
    const char *host = PQhost(pg->conn), *address = PQhostaddr(pg->conn);

    if (strcmp(o->keyword, "host") == 0 && host != NULL && host[0] != '\0')
        return host;
    if (strcmp(o->keyword, "hostaddr") == 0)
        return host != NULL && host[0] != '/' && address != NULL ? address : NULL;
    if (strcmp(o->keyword, "port") == 0)
        return PQport(pg->conn);
    if (strcmp(o->keyword, "dbname") == 0)
        return PQdb(pg->conn);
    if (strcmp(o->keyword, "service") == 0 || strcmp(o->keyword, "servicefile") == 0)
        return NULL;
    return o->val;
}

char **
pg_environment(const struct pg *pg)
{
    PQconninfoOption *options = PQconninfo(pg->conn);
    struct list l = { .cap = count(environ) + 128 };

    l.env = calloc(l.cap, sizeof *l.env);
    l.failed = l.env == NULL || options == NULL;
    for (char **v = environ; !l.failed && v != NULL && *v != NULL; v++)
        if (!is_of_libpq_or_ours(*v))
            l.failed = (l.env[l.n++] = strdup(*v)) == NULL;
    for (PQconninfoOption *o = options; !l.failed && o->keyword != NULL; o++) {
        const char *value = o->envvar == NULL ? NULL : value_of(pg, o);

        if (value != NULL && value[0] != '\0')
            add(&l, o->envvar, value);
    }
    PQconninfoFree(options);
    if (!l.failed)
        return l.env;
    pg_environment_free(l.env);
    return NULL;
}

void
pg_environment_free(char **env)
{
    for (size_t i = 0; env != NULL && env[i] != NULL; i++) {
        explicit_bzero(env[i], strlen(env[i]));
        free(env[i]);
    }
    free(env);
}
