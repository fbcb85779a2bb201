/*
 * What a conninfo or URI holds that is nobody else's business, as libpq understands it: a keyword
 * may have blanks around its '=' or be percent-encoded, and a URI's password may have '?' in it.
 */
#include "pg_priv.h"

static bool
is_secret(const PQconninfoOption *o)
{
    return (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0) &&
           o->val != NULL && o->val[0] != '\0';
}

bool
pg_conninfo_has_password(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    bool found = options == NULL && strcasestr(conninfo, "password") != NULL;

    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
        found |= is_secret(o);
    PQconninfoFree(options);
    return found;
}

/* Quoted as libpq's manual says, 34.1.1.1: '\'' and '\\' have a backslash before them. */
static void
add_option(struct buf *b, const char *keyword, const char *value)
{
    buf_printf(b, "%s%s='", b->n > 0 ? " " : "", keyword);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            buf_text(b, "\\");
        buf_add(b, value, 1);
    }
    buf_text(b, "'");
}

bool
pg_conninfo_split(const char *conninfo, char **rest, char **password)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    struct buf b = { 0 };
    bool done = options != NULL;

    *rest = *password = NULL;
    for (PQconninfoOption *o = options; done && o->keyword != NULL; o++) {
        if (o->val == NULL)
            continue;
        if (!is_secret(o))
            add_option(&b, o->keyword, o->val);
        else if (strcmp(o->keyword, "password") == 0)
            done = (*password = strdup(o->val)) != NULL;
    }
    PQconninfoFree(options);
    done = done && !b.failed && (*rest = strdup(buf_str(&b))) != NULL;
    if (!done && *password != NULL) {
        explicit_bzero(*password, strlen(*password));
        free(*password);
        *password = NULL;
    }
    buf_release(&b);
    return done;
}
