/*
 * What was refused, remembered by its stored bytes: a damaged file is decoded once, not by every
 * run of a year, and is named by all of them until it changes or somebody accepts it. Only what the
 * bytes themselves bring about is remembered; that a file could not be opened says nothing of it.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

#define FOUND                                                                                      \
    " r.size, r.stored, r.accepted_at IS NOT NULL, (r.refused_at AT TIME ZONE 'UTC')::date, r.kind," \
    " r.what, r.cause, r.hint, coalesce(r.line_no, 0), coalesce(r.at_byte, -1) "

static void
found_from_row(const struct pg_result *r, size_t row, struct refused *out)
{
    struct slice kind = pg_text(r, row, 5);
    int64_t at_byte = pg_int(r, row, 10);

    *out = (struct refused){
        .at = (size_t)pg_int(r, row, 0),
        .size = pg_int(r, row, 1),
        .accepted = slice_is(pg_text(r, row, 3), "t"),
    };
    pg_bytea(r, row, 2, out->stored.b, sizeof out->stored.b);
    snprintf(out->day, sizeof out->day, "%s", pg_text(r, row, 4).p);
    err_set(&out->err, slice_is(kind, "corrupt") ? ST_CORRUPT : ST_FORMAT, "%s",
            pg_text(r, row, 6).p);
    out->err.not_a_log = slice_is(kind, "not_a_log");
    err_cause(&out->err, "%s", pg_text(r, row, 7).p);
    err_hint(&out->err, "%s", pg_text(r, row, 8).p);
    out->err.line_no = (uint64_t)pg_int(r, row, 9);
    out->err.offset = at_byte < 0 ? UINT64_MAX : (uint64_t)at_byte;
}

static enum st
ask_refused(struct ledger *l, struct columns *c, const char *sql, struct refused **out,
            size_t *n_out, struct err *err)
{
    static const char what[] = "cannot ask the ledger for refused inputs";
    struct pg_result *r = NULL;
    enum st rc = columns_run(c, l->pg, what, sql, &r, err);

    columns_release(c);
    if (rc != ST_OK)
        return rc;
    *out = calloc(pg_rows(r) + 1, sizeof **out);
    if (*out == NULL)
        rc = err_memory(err, what);
    for (size_t i = 0; *out != NULL && i < pg_rows(r); i++)
        found_from_row(r, i, &(*out)[(*n_out)++]);
    pg_free(r);
    return rc;
}

enum st
ledger_refused_files(struct ledger *l, const struct reading *reading,
                     const struct file_id *const *files, size_t n, struct refused **out,
                     size_t *n_out, struct err *err)
{
    static const char sql[] =
        "SELECT DISTINCT ON (f.at) f.at - 1," FOUND
        "  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])"
        "       WITH ORDINALITY AS f(device, inode, size, mtime_ns, ctime_ns, at)"
        "  JOIN ingest.refusals r ON r.inode = f.inode AND r.device = f.device AND r.size = f.size"
        "       AND r.mtime_ns = f.mtime_ns AND r.ctime_ns = f.ctime_ns AND r.machine = $6::bytea"
        " WHERE r.reading IN ($7::bytea, $8::bytea) OR r.accepted_at IS NOT NULL"
        " ORDER BY f.at, r.accepted_at NULLS LAST";
    struct bytea_text machine, decoding, parsing;
    struct columns c;

    *out = NULL;
    *n_out = 0;
    if (!l->remembers || !l->has_machine || n == 0)
        return ST_OK;
    columns_begin(&c, 5);
    for (size_t i = 0; i < n; i++)
        put_file(&c, 0, files[i]);
    columns_add_value(&c, bytea_text(&machine, l->machine.b, sizeof l->machine.b));
    columns_add_value(&c, bytea_text(&decoding, reading->decoding.b, 16));
    columns_add_value(&c, bytea_text(&parsing, reading->parsing.b, 16));
    return ask_refused(l, &c, sql, out, n_out, err);
}

enum st
ledger_refused_sizes(struct ledger *l, const struct reading *reading, const int64_t *sizes,
                     size_t n, struct refused **out, size_t *n_out, struct err *err)
{
    static const char sql[] = "SELECT DISTINCT ON (r.size, r.stored) 0," FOUND
                              "  FROM ingest.refusals r WHERE r.size = ANY ($1::bigint[])"
                              "   AND (r.reading IN ($2::bytea, $3::bytea) OR r.accepted_at IS NOT NULL)"
                              " ORDER BY r.size, r.stored, r.accepted_at NULLS LAST";
    struct bytea_text decoding, parsing;
    struct columns c;

    *out = NULL;
    *n_out = 0;
    if (!l->remembers || n == 0)
        return ST_OK;
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&c.at[0], sizes[i]);
    columns_add_value(&c, bytea_text(&decoding, reading->decoding.b, 16));
    columns_add_value(&c, bytea_text(&parsing, reading->parsing.b, 16));
    return ask_refused(l, &c, sql, out, n_out, err);
}

/*
 * A message may quote a log or a file name, and may be cut inside a character; the column takes
 * UTF-8 only.
 */
static void
put_words(struct pg_array *a, const char *text)
{
    char clean[sizeof((struct err *)NULL)->hint];
    size_t n = strlen(text), kept = 0;

    for (size_t i = 0; i < n && kept + 4 < sizeof clean;) {
        size_t len = 1;

        while (len <= 4 && i + len <= n && !slice_is_text((struct slice){ text + i, len }))
            len++;
        if (len > 4 || i + len > n) {
            clean[kept++] = '?';
            i++;
            continue;
        }
        memcpy(clean + kept, text + i, len);
        kept += len;
        i += len;
    }
    pg_array_text(a, (struct slice){ clean, kept });
}

static void
put_known(struct pg_array *a, bool known, uint64_t v)
{
    if (known)
        pg_array_int(a, (int64_t)v);
    else
        pg_array_null(a);
}

static void
put_refusal(struct ledger *l, struct columns *c, const struct reading *reading,
            const struct refusal *refusal)
{
    const struct sighting *s = refusal->sighting;
    const struct err *e = refusal->err;

    assert(s->is_file && (e->code == ST_CORRUPT || e->code == ST_FORMAT));
    put_sighting(l, c, 0, s);
    pg_array_text(&c->at[8], e->code == ST_CORRUPT ? SLICE("corrupt")
                             : e->not_a_log        ? SLICE("not_a_log")
                                                   : SLICE("format"));
    put_words(&c->at[9], e->what);
    put_words(&c->at[10], e->cause);
    put_words(&c->at[11], e->hint);
    put_known(&c->at[12], e->line_no > 0 && e->line_no <= INT64_MAX, e->line_no);
    put_known(&c->at[13], e->offset <= INT64_MAX, e->offset);
    pg_array_bytea(&c->at[14],
                   e->code == ST_CORRUPT ? reading->decoding.b : reading->parsing.b, 16);
}

enum st
ledger_refuse(struct ledger *l, const struct reading *reading, const struct refusal *refusals,
              size_t n, struct err *err)
{
    /* Sorted, so that two runs that insert the same never wait for each other in a circle. */
    static const char sql[] =
        "INSERT INTO ingest.refusals (path, size, stored, device, inode, mtime_ns, ctime_ns, machine, kind, what,"
        " cause, hint, line_no, at_byte, reading, accepted_at, accepted_by)"
        " SELECT DISTINCT ON (new.size, new.stored, new.path, coalesce(new.machine, '')) new.*,"
        " done.accepted_at, done.accepted_by"
        "  FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[],"
        " $7::bigint[], $8::bytea[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[],"
        " $14::bigint[], $15::bytea[]) AS new(path, size, stored, device, inode, mtime_ns, ctime_ns, machine, kind,"
        " what, cause, hint, line_no, at_byte, reading)"
        "  LEFT JOIN LATERAL (SELECT r.accepted_at, r.accepted_by FROM ingest.refusals r"
        "   WHERE r.size = new.size AND r.stored = new.stored AND r.accepted_at IS NOT NULL"
        "   ORDER BY r.accepted_at LIMIT 1) done ON true"
        " ORDER BY new.size, new.stored, new.path, coalesce(new.machine, '')"
        " ON CONFLICT (size, stored, reading, path, coalesce(machine, '')) DO UPDATE SET device = excluded.device,"
        " inode = excluded.inode, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns";
    struct columns c;
    enum st rc;

    if (!l->remembers || n == 0)
        return ST_OK;
    columns_begin(&c, 15);
    for (size_t i = 0; i < n; i++)
        put_refusal(l, &c, reading, &refusals[i]);
    rc = columns_run(&c, l->pg, "cannot remember refused inputs", sql, NULL, err);
    columns_release(&c);
    return rc;
}

enum st
ledger_accept(struct ledger *l, int64_t size, const struct digest *stored, bool *found,
              struct err *err)
{
    static const char sql[] =
        "UPDATE ingest.refusals SET accepted_at = coalesce(accepted_at, now()),"
        " accepted_by = coalesce(accepted_by, session_user) WHERE size = $1::bigint AND stored = $2::bytea";
    struct pg_result *r = NULL;
    struct bytea_text bytes;
    const char *values[2];
    char text[24];
    enum st rc;

    *found = false;
    if (!l->remembers)
        return ST_OK;
    snprintf(text, sizeof text, "%" PRId64, size);
    values[0] = text;
    values[1] = bytea_text(&bytes, stored->b, sizeof stored->b);
    rc = pg_run(l->pg, "cannot accept an input", sql, ARRAY_LEN(values), values, &r, err);
    *found = rc == ST_OK && pg_affected(r) > 0;
    pg_free(r);
    return rc;
}
