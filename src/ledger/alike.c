/*
 * Tests 4 and 5 of docs/EXACTLY-ONCE.md: which payloads begin like this one? Heads have an index,
 * so that is asked together with test 3, and costs an input whose beginning is new no question of
 * its own.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

/* A short one that counted nothing, as a header alone, is the beginning of whatever. */
#define COUNTS "(b.length >= " SMALL " OR " LINES_OF("b") " > 0)"

/* What was counted elsewhere is as good a proof. */
#define LINES_OF(p) "(" p ".lines_counted + coalesce((" p ".lines_why->>'adopted')::bigint, 0))"

/* Of one head, the longest: a log that grew for years may have been read half a million times. */
#define BEGINNINGS_MAX "65536"

/* Below so many bytes a head is the digest of all: HEAD_BYTES. */
#define SMALL "4096"

#define WHEN(time) "to_char(" time ", 'YYYY-MM-DD HH24:MI')"

/*
 * Payloads that begin with k.head. In a ledger that is new and was never analyzed, the index on the
 * hash seems the better one, as two of its columns are given: it would look at all payloads for
 * each head, which took 18 s for 4,096 of them. An expression keeps it from that.
 */
#define BEGINS_LIKE(scope, dataset)                                                                \
    "b.head = k.head AND b.scope + 0 = " scope " AND b.dataset || '' = " dataset

/* Whom the run's view sees, of payloads `p`; "ids" is the parameter of those apart. */
#define VIEWS(p, ids)                                                                              \
    { "", " AND " p ".id <> ALL (" ids "::bigint[])",                                              \
      " AND (" p ".id = ANY (" ids "::bigint[]) OR EXISTS (SELECT FROM ingest.retractions r"       \
      " WHERE r.payload = " p ".id AND r.undone_at IS NULL))" }

#define VIEW_MAX 160

static size_t
view_of(const struct ledger *l)
{
    return l->view == LEDGER_OUT ? 2 : l->n_apart > 0;
}

/* The parameter: only where the view has one, as the server wants to know the type of each. */
static void
add_apart(const struct ledger *l, struct columns *c, struct pg_array *ids)
{
    pg_array_begin(ids);
    for (size_t i = 0; i < l->n_apart; i++)
        pg_array_int(ids, l->apart[i]);
    if (view_of(l) > 0)
        columns_add_value(c, pg_array_end(ids));
}

static const char *
machine_of(const struct ledger *l, struct bytea_text *text)
{
    return l->has_machine ? bytea_text(text, l->machine.b, sizeof l->machine.b) : NULL;
}

/* Scope, dataset, hash, head, length; device and inode of a file. */
static void
put_alike(struct columns *c, const struct payload *p)
{
    pg_array_int(&c->at[0], p->key.scope);
    pg_array_text(&c->at[1], slice_of(p->key.dataset));
    pg_array_bytea(&c->at[2], p->key.hash.b, sizeof p->key.hash.b);
    pg_array_bytea(&c->at[3], p->identity.head.b, sizeof p->identity.head.b);
    pg_array_int(&c->at[4], (int64_t)p->identity.length);
    if (p->sighting.is_file) {
        pg_array_int(&c->at[5], (int64_t)p->sighting.file.device);
        pg_array_int(&c->at[6], (int64_t)p->sighting.file.inode);
    } else {
        pg_array_null(&c->at[5]);
        pg_array_null(&c->at[6]);
    }
}

static void
read_alike(const struct pg_result *r, size_t row, struct alike *out)
{
    if (!pg_is_null(r, row, 1))
        known_from_row(r, row, 1, &out->known);
    out->n = pg_int(r, row, 6) - (out->known.id != 0);
    out->n_shorter = pg_int(r, row, 7);
    out->same_file = slice_is(pg_text(r, row, 8), "t");
    out->has_longer = !pg_is_null(r, row, 9);
    snprintf(out->counted, sizeof out->counted, "%s", out->has_longer ? pg_text(r, row, 9).p : "");
}

enum st
ledger_find_alike(struct ledger *l, struct payload *const *payloads, size_t n, struct alike *out,
                  struct err *err)
{
    static const char *const of_b[] = VIEWS("b", "$9"), *const of_p[] = VIEWS("p", "$9");
    /* What has the same hash has the same head, too. */
    static const char question[] =
        "SELECT k.at, p.id, p.rules_id, p.dataset, false, p.partial, h.n, h.shorter, f.same,"
        " " WHEN("h.longer")
        "  FROM unnest($1::integer[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[],"
        "       $7::bigint[])"
        "       WITH ORDINALITY AS k(scope, dataset, hash, head, length, device, inode, at)"
        " CROSS JOIN LATERAL (SELECT count(*) AS n,"
        "        count(*) FILTER (WHERE b.length < k.length) AS shorter,"
        "        (array_agg(b.counted_at ORDER BY b.length DESC)"
        "         FILTER (WHERE b.length > k.length))[1] AS longer"
        "   FROM ingest.payloads b"
        "  WHERE " BEGINS_LIKE("k.scope", "k.dataset") "%s) h"
        " CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM ingest.sightings s"
        "   JOIN ingest.payloads b ON b.id = s.payload"
        "  WHERE s.inode = k.inode AND s.device = k.device AND s.machine = $8::bytea"
        "    AND b.scope = k.scope AND b.dataset = k.dataset"
        "    AND b.length < least(k.length, " SMALL ") AND " LINES_OF("b") " > 0%s) AS same) f"
        "  LEFT JOIN ingest.payloads p"
        "       ON p.scope = k.scope AND p.dataset = k.dataset AND p.hash = k.hash%s"
        " WHERE h.n > 0 OR f.same";
    char sql[sizeof question + 3 * VIEW_MAX];
    struct bytea_text machine;
    struct pg_result *r = NULL;
    struct pg_array ids;
    struct columns c;
    size_t view = view_of(l);
    enum st rc;

    memset(out, 0, n * sizeof *out);
    if (n == 0)
        return ST_OK;
    snprintf(sql, sizeof sql, question, of_b[view], of_b[view], of_p[view]);
    columns_begin(&c, 7);
    for (size_t i = 0; i < n; i++)
        put_alike(&c, payloads[i]);
    columns_add_value(&c, machine_of(l, &machine));
    add_apart(l, &c, &ids);
    rc = columns_run(&c, l->pg, "cannot ask the ledger for payloads", sql, &r, err);
    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        read_alike(r, i, &out[pg_int(r, i, 0) - 1]);
    pg_free(r);
    columns_release(&c);
    pg_array_release(&ids);
    return rc;
}

enum st
ledger_find_same_file(struct ledger *l, const struct file_id *file, int64_t **ids, size_t *n,
                      struct err *err)
{
    static const char what[] = "cannot ask the ledger for files";
    static const char sql[] =
        "SELECT DISTINCT s.payload FROM ingest.sightings s JOIN ingest.payloads p ON p.id = s.payload"
        " WHERE s.inode = $1::bigint AND s.device = $2::bigint AND s.machine = $3::bytea"
        " AND p.length < " SMALL;
    char inode[24], device[24];
    struct bytea_text machine;
    const char *values[] = { inode, device, machine_of(l, &machine) };
    struct pg_result *r = NULL;
    enum st rc;

    *ids = NULL;
    *n = 0;
    snprintf(inode, sizeof inode, "%" PRId64, (int64_t)file->inode);
    snprintf(device, sizeof device, "%" PRId64, (int64_t)file->device);
    if ((rc = pg_run(l->pg, what, sql, 3, values, &r, err)) != ST_OK)
        return rc;
    if ((*ids = calloc(pg_rows(r) + 1, sizeof **ids)) == NULL)
        rc = err_memory(err, what);
    for (size_t i = 0; *ids != NULL && i < pg_rows(r); i++)
        (*ids)[(*n)++] = pg_int(r, i, 0);
    pg_free(r);
    return rc;
}

enum st
ledger_find_heads(struct ledger *l, const struct ledger_key *key, const struct digest *heads,
                  size_t n, struct beginning **out, size_t *n_out, struct err *err)
{
    static const char what[] = "cannot ask the ledger for beginnings";
    static const char *const of_b[] = VIEWS("b", "$4");
    static const char question[] = "SELECT k.at, p.id, p.length, " LINES_OF("p") ", p.hash, p.n, " WHEN(
        "p.counted_at") "  FROM unnest($1::bytea[]) WITH ORDINALITY AS k(head, at)"
        " CROSS JOIN LATERAL (SELECT b.*, count(*) OVER () AS n FROM ingest.payloads b"
        "   WHERE " BEGINS_LIKE("$2::integer", "$3") " AND " COUNTS "%s"
        "   ORDER BY b.length DESC LIMIT " BEGINNINGS_MAX ") p"
        " ORDER BY k.at, p.length, p.id";
    char sql[sizeof question + VIEW_MAX], scope[16];
    struct pg_result *r = NULL;
    struct pg_array ids;
    struct columns c;
    enum st rc;

    *out = NULL;
    *n_out = 0;
    if (n == 0)
        return ST_OK;
    snprintf(sql, sizeof sql, question, of_b[view_of(l)]);
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_bytea(&c.at[0], heads[i].b, sizeof heads[i].b);
    snprintf(scope, sizeof scope, "%" PRId32, key->scope);
    columns_add_value(&c, scope);
    columns_add_value(&c, key->dataset);
    add_apart(l, &c, &ids);
    rc = columns_run(&c, l->pg, what, sql, &r, err);
    columns_release(&c);
    pg_array_release(&ids);
    if (rc != ST_OK)
        return rc;
    if ((*out = calloc(pg_rows(r) + 1, sizeof **out)) == NULL)
        rc = err_memory(err, what);
    for (size_t i = 0; *out != NULL && i < pg_rows(r); i++) {
        struct beginning *b = &(*out)[(*n_out)++];

        b->at = (size_t)pg_int(r, i, 0) - 1;
        b->id = pg_int(r, i, 1);
        b->length = (uint64_t)pg_int(r, i, 2);
        b->lines_counted = (uint64_t)pg_int(r, i, 3);
        pg_bytea(r, i, 4, b->hash.b, sizeof b->hash.b);
        b->n = pg_int(r, i, 5);
        snprintf(b->counted, sizeof b->counted, "%s", pg_text(r, i, 6).p);
    }
    pg_free(r);
    return rc;
}

/* ---- inside the batch's transaction ---- */

/* In the order of their numbers, so that two runs never wait for each other in a circle. */
static enum st
lock_heads(struct ledger *l, struct payload *const *payloads, size_t n, struct err *err)
{
    static const char sql[] = "SELECT count(pg_advisory_xact_lock(" PG_LOCK_HEAD ", bucket))"
        " FROM (SELECT unnest($1::integer[]) AS bucket) b";
    bool wanted[256] = { false };
    struct columns c;
    enum st rc;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < payloads[i]->n_looked; k++)
            wanted[payloads[i]->looked[k].head.b[0]] = true;
    columns_begin(&c, 1);
    for (int i = 0; i < 256; i++)
        if (wanted[i])
            pg_array_int(&c.at[0], i);
    rc = columns_run(&c, l->pg, "cannot lock the ledger against other runs", sql, NULL, err);
    columns_release(&c);
    return rc;
}

/* Heads that are asked about at a time. */
#define HEADS_AT_ONCE 8192

static enum st
count_again(struct ledger *l, struct columns *c, bool *moved, struct err *err)
{
    static const char sql[] =
        "SELECT 1 FROM unnest($1::integer[], $2::text[], $3::bytea[], $4::bigint[])"
        " AS k(scope, dataset, head, n)"
        " WHERE k.n <> (SELECT count(*) FROM ingest.payloads b"
        "  WHERE " BEGINS_LIKE("k.scope", "k.dataset") " AND " COUNTS
        ") LIMIT 1";
    struct pg_result *r = NULL;
    enum st rc = columns_run(c, l->pg, "cannot look into the ledger again", sql, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0)
        *moved = true;
    pg_free(r);
    columns_release(c);
    return rc;
}

/* Is the row one of those that are looked for? */
static bool
counts(const struct payload *p)
{
    return p->identity.length >= HEAD_BYTES || tally_hits(&p->lines) > 0;
}

static int
by_head(const void *a, const void *b)
{
    const struct payload *x = *(struct payload *const *)a, *y = *(struct payload *const *)b;
    int order = memcmp(x->identity.head.b, y->identity.head.b, sizeof x->identity.head.b);

    if (order != 0 || (order = strcmp(x->key.dataset, y->key.dataset)) != 0)
        return order;
    return (x->key.scope > y->key.scope) - (x->key.scope < y->key.scope);
}

/* The rows that this transaction has claimed, by head; NULL: no memory. */
static struct payload **
claimed_rows(struct payload *const *payloads, size_t n, size_t *n_out)
{
    struct payload **rows = malloc(n * sizeof *rows);

    *n_out = 0;
    for (size_t i = 0; rows != NULL && i < n; i++)
        if (counts(payloads[i]))
            rows[(*n_out)++] = payloads[i];
    if (rows != NULL)
        qsort(rows, *n_out, sizeof *rows, by_head);
    return rows;
}

/*
 * How many of them have the head that `p` has looked for? Its own row, if that is its own head; with
 * --distinct also others that begin alike, where all inputs are one batch.
 */
static int64_t
claimed_with(struct payload *const *rows, size_t n, const struct payload *p,
             const struct digest *head)
{
    struct payload wanted = { .key = p->key, .identity.head = *head };
    const struct payload *key = &wanted;
    size_t low = 0, high = n;
    int64_t found = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (by_head(&rows[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < n && by_head(&rows[low++], &key) == 0)
        found++;
    return found;
}

enum st
ledger_look_again(struct ledger *l, struct payload *const *payloads, size_t n, bool *moved,
                  struct err *err)
{
    struct payload **rows;
    struct columns c;
    size_t waiting = 0, n_rows;
    enum st rc;

    *moved = false;
    if (n == 0)
        return ST_OK;
    if ((rc = lock_heads(l, payloads, n, err)) != ST_OK)
        return rc;
    if ((rows = claimed_rows(payloads, n, &n_rows)) == NULL)
        return err_memory(err, "cannot look into the ledger again");
    columns_begin(&c, 4);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < payloads[i]->n_looked; k++) {
            const struct looked *looked = &payloads[i]->looked[k];

            pg_array_int(&c.at[0], payloads[i]->key.scope);
            pg_array_text(&c.at[1], slice_of(payloads[i]->key.dataset));
            pg_array_bytea(&c.at[2], looked->head.b, sizeof looked->head.b);
            pg_array_int(&c.at[3],
                         looked->n + claimed_with(rows, n_rows, payloads[i], &looked->head));
            if (++waiting < HEADS_AT_ONCE)
                continue;
            if ((rc = count_again(l, &c, moved, err)) != ST_OK)
                goto release;
            columns_begin(&c, 4);
            waiting = 0;
        }
    rc = count_again(l, &c, moved, err);
release:
    free(rows);
    return rc;
}
