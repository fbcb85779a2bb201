/*
 * PostgreSQL's errors in our words: which are worth another try, what of their text may reach a
 * terminal, and which GRANT is missing. Nothing here talks to a server.
 */
#include "pg_priv.h"

/* Deadlocks, lost servers, full ones: another transaction may succeed. */
bool
pg_state_retries(const char *sqlstate)
{
    static const char *const whole[] = { "40001", "40P01", "55P03", "57P01",
                                         "57P02", "57P03", "25P03" };

    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        if (strcmp(sqlstate, whole[i]) == 0)
            return true;
    return strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "53", 2) == 0;
}

/* Bytes of the code point at p if it is sound UTF-8, else 0. */
static size_t
code_point(const char *p)
{
    size_t left = strnlen(p, 4);

    for (size_t n = 1; n <= left; n++)
        if (slice_is_text((struct slice){ p, n }))
            return n;
    return 0;
}

/*
 * Controls (C0, DEL, C1) and the marks that turn the direction of text: a server's message may
 * quote a stranger's bytes.
 */
static bool
is_mischief(const char *p, size_t n)
{
    const unsigned char *c = (const unsigned char *)p;

    if (n == 1)
        return c[0] < 0x20 || c[0] == 0x7f;
    if (n == 2)
        return (c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xd8 && c[1] == 0x9c);
    if (n == 3 && c[0] == 0xe2 && c[1] == 0x80)
        return c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae);
    if (n == 3 && c[0] == 0xe2 && c[1] == 0x81)
        return c[2] >= 0xa6 && c[2] <= 0xa9;
    return false;
}

void
pg_clean(char *out, size_t cap, const char *text)
{
    size_t n = strnlen(out, cap), last = n;

    if (cap == 0 || n >= cap)
        return;
    while (*text != '\0') {
        size_t len = code_point(text);

        if (len == 0 || is_mischief(text, len)) {
            if (n + 1 >= cap)
                break;
            if (n > last && out[n - 1] == ' ') /* a newline and its indent are one blank */
                n--;
            out[n++] = ' ';
            text += len == 0 ? 1 : len;
            continue;
        }
        if (n + len >= cap)
            break;
        memcpy(out + n, text, len);
        n += len;
        text += len;
    }
    while (n > last && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

void
pg_notice(void *ctx, const char *message)
{
    struct pg *pg = ctx;

    pg->n_notices++;
    pg->last_notice[0] = '\0';
    pg_clean(pg->last_notice, sizeof pg->last_notice, message);
}

/* "word" or `word` behind `head` in `message`; false when the message does not begin so. */
static bool
name_behind(const char *message, const char *head, char *name, size_t cap)
{
    const char *p = message;
    size_t n = 0;

    if (strncmp(p, head, strlen(head)) != 0)
        return false;
    p += strlen(head);
    if (*p == '"')
        p++;
    while (p[n] != '\0' && p[n] != '"' && p[n] != '\n' && n + 1 < cap)
        n++;
    memcpy(name, p, n);
    name[n] = '\0';
    return n > 0;
}

void
pg_grant_hint(char *out, size_t cap, const char *message, const char *sql, const char *role)
{
    static const struct {
        const char *head, *grant;
    } kinds[] = {
        { "permission denied for table ", "GRANT SELECT, INSERT, UPDATE ON" },
        { "permission denied for view ", "GRANT SELECT ON" },
        { "permission denied for sequence ", "GRANT USAGE ON SEQUENCE" },
        { "permission denied for schema ", "GRANT USAGE ON SCHEMA" },
        { "permission denied for database ", "GRANT CREATE ON DATABASE" },
        { "permission denied to create temporary tables in database ", "GRANT TEMP ON DATABASE" },
    };
    char name[64], known[96];

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *grant = kinds[i].grant;
        const char *schema = "";

        if (!name_behind(message, kinds[i].head, name, sizeof name))
            continue;
        /* The message names no schema; the statement does where it is the ledger's. */
        snprintf(known, sizeof known, "ingest.%s", name);
        if (sql != NULL && strstr(sql, known) != NULL)
            schema = "ingest.";
        if (i == 3 && sql != NULL && strstr(sql, "CREATE ") != NULL)
            grant = "GRANT USAGE, CREATE ON SCHEMA";
        if (i == 0 && sql != NULL && strncmp(sql, "DELETE ", 7) == 0)
            grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON";
        snprintf(out, cap, "as the owner: %s %s\"%s\" TO \"%s\";", grant, schema, name, role);
        return;
    }
    if (strncmp(message, "must be owner of ", 17) == 0)
        snprintf(out, cap, "do this as the role that owns it");
}

static enum st
connection_failed(struct pg *pg, const char *what, struct err *err)
{
    enum st st = err_set(err, ST_DB_RETRY, "%s", what);

    pg_clean(err->cause, sizeof err->cause,
             pg->conn == NULL ? "the connection is lost" : PQerrorMessage(pg->conn));
    if (err->cause[0] == '\0')
        err_cause(err, "the connection is lost");
    return st;
}

/* libpq says so in words alone, which it translates only where it was built to. */
bool
pg_lacks_memory(const struct pg *pg)
{
    return pg->conn == NULL || strstr(PQerrorMessage(pg->conn), "out of memory") != NULL;
}

void
pg_give_up(struct pg *pg)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
}

enum st
pg_failed(struct pg *pg, const PGresult *res, const char *what, const char *sql, struct err *err)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
    bool again;

    pg->sqlstate[0] = '\0';
    pg_clean(pg->sqlstate, sizeof pg->sqlstate, state == NULL ? "" : state);
    if (state == NULL || message == NULL) {
        /*
         * After a send that failed libpq still calls the connection good; only a look at the socket
         * tells.
         */
        if (!pg_is_alive(pg) || PQconsumeInput(pg->conn) == 0 || !pg_is_alive(pg))
            return connection_failed(pg, what, err);
        /*
         * libpq gives no result, or one without a state, when it has no memory (T34) or could not
         * wait. Then the server's answer may be still to come, and would be taken for that to the
         * next statement: this connection is good for nothing more.
         */
        err_set(err, res == NULL || pg_lacks_memory(pg) ? ST_MEMORY : ST_DB_RETRY, "%s", what);
        pg_clean(err->cause, sizeof err->cause, PQerrorMessage(pg->conn));
        pg_give_up(pg);
        return err->code;
    }
    again = pg_state_retries(state) || !pg_is_alive(pg);
    if (pg->lock_wait_ms > 0 && strcmp(state, "55P03") == 0)
        again = false; /* so long it was to be waited for */
    err_fail(err, again ? ST_DB_RETRY : ST_DB, what, "%s: ", pg->sqlstate);
    pg_clean(err->cause, sizeof err->cause, message);
    if (detail != NULL && strlen(err->cause) + 8 < sizeof err->cause) {
        size_t n = strlen(err->cause);

        snprintf(err->cause + n, sizeof err->cause - n, "; ");
        pg_clean(err->cause, sizeof err->cause, detail);
    }
    if (strcmp(state, "42501") == 0 && pg_is_alive(pg)) {
        char hint[sizeof err->hint] = "";

        pg_grant_hint(hint, sizeof hint, message, sql, PQuser(pg->conn));
        pg_clean(err->hint, sizeof err->hint, hint);
    }
    return err->code;
}
