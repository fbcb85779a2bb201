/*
 * What the tests against a real server share: databases of their own, and statements that must
 * work.
 */
#ifndef INGEST_PGTEST_H
#define INGEST_PGTEST_H

#include "ingest/base.h"
#include "ingest/pg.h"

#include <setjmp.h>

#include <cmocka.h>

static inline void
must(enum st st, const struct err *err, const char *what)
{
    if (st != ST_OK)
        fail_msg("%s: %s: %s (%s)", what, err->what, err->cause, err->hint);
}

static inline struct pg *
connect_to(const char *conninfo)
{
    struct err err = { 0 };
    struct pg *pg = pg_connect(conninfo, PG_READ_WRITE, &err);

    if (pg == NULL)
        fail_msg("connect %s: %s: %s", conninfo, err.what, err.cause);
    return pg;
}

static inline void
sql(struct pg *pg, const char *text)
{
    struct err err = { 0 };

    must(pg_script(pg, "test", text, &err), &err, text);
}

static inline int64_t
sql_int(struct pg *pg, const char *text)
{
    struct err err = { 0 };
    struct pg_result *r = NULL;
    int64_t v;

    must(pg_run(pg, "test", text, 0, NULL, &r, &err), &err, text);
    assert_true(pg_rows(r) == 1);
    v = pg_int(r, 0, 0);
    pg_free(r);
    return v;
}

/* The first column of the first row, "" for NULL or no row. In a buffer of its own, overwritten by
 * the eighth next call. */
static inline const char *
sql_text(struct pg *pg, const char *text)
{
    static char out[8][2048];
    static unsigned turn;
    struct err err = { 0 };
    struct pg_result *r = NULL;
    char *to = out[turn++ % 8];

    must(pg_run(pg, "test", text, 0, NULL, &r, &err), &err, text);
    snprintf(to, sizeof out[0], "%s",
             pg_rows(r) > 0 && !pg_is_null(r, 0, 0) ? pg_text(r, 0, 0).p : "");
    pg_free(r);
    return to;
}

/* A fresh, empty database; the name is plain lower case. */
static inline struct pg *
fresh(const char *name)
{
    struct pg *admin = connect_to("dbname=postgres");
    char text[256], conninfo[128];

    snprintf(text, sizeof text, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name);
    sql(admin, text);
    snprintf(text, sizeof text, "CREATE DATABASE %s", name);
    sql(admin, text);
    pg_close(admin);
    snprintf(conninfo, sizeof conninfo, "dbname=%s", name);
    return connect_to(conninfo);
}

#endif
