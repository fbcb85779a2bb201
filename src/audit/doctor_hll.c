/*
 * hll: not what its version says, but what it does. Sketches of ours must come back with the same
 * bytes, and unite as they do here; a pooled session may have been left with another client's
 * parameters.
 */
#include "ingest/base.h"

#include "ingest/sketch.h"

#include "audit_priv.h"

/* Parameters that a server has by default, as hll_empty() shows them. */
static const char defaults[] = "\\x118b7f";

struct probe {
    struct hll h;
    char text[2 * HLL_WIRE_MAX + 3];
};

static const char *
text_of(struct probe *p)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t wire[HLL_WIRE_MAX];
    size_t n = hll_encode(hll_view(&p->h), wire);
    char *to = p->text;

    *to++ = '\\';
    *to++ = 'x';
    for (size_t i = 0; i < n; i++) {
        *to++ = digits[wire[i] >> 4];
        *to++ = digits[wire[i] & 15];
    }
    *to = '\0';
    return p->text;
}

/* `n` hashes from a fixed walk (splitmix64's multiplier), another for each seed. */
static void
fill(struct probe *p, uint64_t seed, size_t n)
{
    hll_clear(&p->h);
    for (size_t i = 1; i <= n; i++) {
        uint64_t v = (seed + i) * UINT64_C(0x9e3779b97f4a7c15);

        v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        hll_add(&p->h, v ^ (v >> 27));
    }
}

/* Two sketches, and what uniting them gives: still a set, sparse, full. */
static const size_t sizes[][2] = { { 3, 4 }, { 100, 61 }, { 150, 2000 } };

static enum st
probe_union(struct audit *a, const char *schema, size_t i, bool *same, struct err *err)
{
    struct probe *p = calloc(3, sizeof *p);
    struct buf sql = { 0 };
    struct pg_result *r = NULL;
    enum st rc;

    if (p == NULL)
        return err_memory(err, doctor_what);
    fill(&p[0], 1000 * i, sizes[i][0]);
    fill(&p[1], 1000 * i + 500, sizes[i][1]);
    p[2].h = p[0].h;
    hll_unite(&p[2].h, hll_view(&p[1].h));
    const char *values[] = { text_of(&p[0]), text_of(&p[1]), text_of(&p[2]) };

    buf_printf(
        &sql,
        "SELECT %s.hll_send(%s.hll_union(CAST($1::text AS %s.hll), CAST($2::text AS %s.hll)))::text = $3::text"
        " AND %s.hll_send(CAST($1::text AS %s.hll))::text = $1::text",
        schema, schema, schema, schema, schema, schema);
    rc = buf_str(&sql) == NULL
             ? err_memory(err, doctor_what)
             : pg_run(a->pg, doctor_what, buf_str(&sql), ARRAY_LEN(values), values, &r, err);
    *same = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    buf_release(&sql);
    free(p);
    return rc;
}

static enum st
probe_defaults(struct audit *a, const char *schema, struct err *err)
{
    struct buf sql = { 0 };
    struct pg_result *r = NULL;
    enum st rc;

    buf_printf(&sql, "SELECT %s.hll_send(%s.hll_empty())::text", schema, schema);
    rc = buf_str(&sql) == NULL ? err_memory(err, doctor_what)
                               : pg_run(a->pg, doctor_what, buf_str(&sql), 0, NULL, &r, err);
    if (rc == ST_OK && !slice_eq(pg_text(r, 0, 0), slice_of(defaults)))
        doctor_tell(
            a, AUDIT_NOTE, "hll",
            "a pooled session was left with another client's hll_set_defaults; ingest's own sketches name theirs",
            "a new sketch begins as %s, not %s", pg_text(r, 0, 0).p, defaults);
    pg_free(r);
    buf_release(&sql);
    return rc;
}

static enum st
probe(struct audit *a, const char *schema, const char *version, struct err *err)
{
    bool all = true;
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < ARRAY_LEN(sizes); i++) {
        bool same = false;

        if ((rc = probe_union(a, schema, i, &same, err)) != ST_OK)
            break;
        if (!same)
            doctor_tell(
                a, AUDIT_FINDING, "hll",
                "sketches would differ between what was counted here and what SQL unites: update the extension, "
                "or end the pooler's sessions (hll_set_max_sparse)",
                "version %s unites %zu and %zu clients to other bytes than ingest", version,
                sizes[i][0], sizes[i][1]);
        all = all && same;
    }
    if (rc == ST_OK && (rc = probe_defaults(a, schema, err)) == ST_OK && all)
        doctor_tell(a, AUDIT_OK, "hll", NULL, "version %s, and its sketches are ours byte for byte",
                    version);
    return rc;
}

enum st
doctor_hll(struct audit *a, struct err *err)
{
    static const char sql[] =
        "SELECT e.extversion, quote_ident(n.nspname), has_schema_privilege(n.oid, 'USAGE'), n.nspname"
        " FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'hll'";
    struct pg_result *r = NULL;
    enum st rc = pg_run(a->pg, doctor_what, sql, 0, NULL, &r, err);

    if (rc == ST_OK && pg_rows(r) == 0)
        doctor_tell(
            a, AUDIT_NOTE, "hll",
            "clients are not counted; a superuser makes it there with CREATE EXTENSION hll (Debian: postgresql-15-hll)",
            "the extension is not in this database");
    else if (rc == ST_OK && !slice_is(pg_text(r, 0, 2), "t"))
        doctor_tell(a, AUDIT_FINDING, "hll", "as the owner: GRANT USAGE ON SCHEMA ... TO this role",
                    "the role lacks USAGE on schema %s, where the extension is",
                    pg_text(r, 0, 3).p);
    else if (rc == ST_OK)
        rc = probe(a, pg_text(r, 0, 1).p, pg_text(r, 0, 0).p, err);
    pg_free(r);
    return rc;
}
