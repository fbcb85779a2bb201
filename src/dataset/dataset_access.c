/*
 * When pict-rs's files were last asked for, from the log of whatever stands in front of it. There
 * is no table of accesses: a row says what a request touches, and the statements below set the
 * later of two times in the tables of pict-rs itself, wherever they have a column `accessed`. Rows
 * are only ever updated. What is not there yet needs no time: pict-rs sets the present one when it
 * makes it.
 */
#include <sodium.h>

#include "dataset_priv.h"
#include "pictrs.h"

#define URL_BYTES_MAX 1000 /* of one that is part of a key as it is; the statements know it too */

/* As pict-rs answers: the file, a part of it, a store elsewhere, or what the asker has already. */
static bool
is_answer(uint16_t status)
{
    return status == 200 || status == 206 || status == 303 || status == 304;
}

/* "v" a variant, "p" a proxy, "a" an alias: "va" is a variant and its alias. */
static struct slice
touch_letters(unsigned touches, char room[3])
{
    size_t n = 0;

    if (touches & PICTRS_VARIANT)
        room[n++] = 'v';
    if (touches & PICTRS_PROXY)
        room[n++] = 'p';
    if (touches & PICTRS_ALIAS)
        room[n++] = 'a';
    return (struct slice){ room, n };
}

/*
 * What a row calls it. A URL that is too long for a key stands there as its SHA-256; the statements
 * below find it by that.
 */
static void
put_name(const struct pictrs_request *request, char room[2 * crypto_hash_sha256_BYTES + 1],
         struct slice *source, struct slice *name)
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    *source = request->by_url ? SLICE("proxy") : SLICE("alias");
    *name = pictrs_slice(&request->name);
    if (!request->by_url || name->n <= URL_BYTES_MAX)
        return;
    crypto_hash_sha256(digest, (const unsigned char *)name->p, name->n);
    sodium_bin2hex(room, 2 * sizeof digest + 1, digest, sizeof digest);
    *source = SLICE("hashed");
    *name = (struct slice){ room, 2 * sizeof digest };
}

/* The path without its query, and the query, which some logs have in a field of its own. */
static struct slice
cut_query(const struct picker *p, const struct record *rec, struct slice *query)
{
    const char *mark = memchr(rec->path.p, '?', rec->path.n), *end;

    *query = rec->query;
    if (mark != NULL)
        *query = (struct slice){ mark + 1, rec->path.n - (size_t)(mark + 1 - rec->path.p) };
    if (query->n > 0 && (end = memchr(query->p, '#', query->n)) != NULL)
        query->n = (size_t)(end - query->p);
    if (query->n > 0 && rec->path_decodes == 2) /* behind the path in the scratch, if it fits */
        *query = pictrs_unwrap(*query, p->scratch + rec->path.n);
    return path_clean(rec->path, rec->path_decodes, p->scratch);
}

static enum reason
access_pick(struct picker *p, const struct record *rec, struct hit *hit)
{
    struct pictrs_request request;
    struct slice path, query, texts[4];
    enum reason why = rec->why;
    uint8_t *end = p->key;
    char letters[3], hash[2 * crypto_hash_sha256_BYTES + 1];

    if (why != KEEP)
        return why;
    if (rec->path.p == NULL) /* the format has no paths */
        return FILTER_NOT_A_DOWNLOAD;
    if (!is_answer(rec->status))
        return FILTER_STATUS;
    if (!rules_has_day(p->rules, rec->day))
        return FILTER_DATE_RANGE;
    if (rec->path.n + rec->query.n > LINE_BYTES_MAX)
        return REJECT_KEY_TOO_LONG;
    path = cut_query(p, rec, &query);
    why = pictrs_read(rec->method, path, query, p->rules->pack->media_filters, &request);
    if (why != KEEP)
        return why;
    texts[0] = touch_letters(request.touches, letters);
    put_name(&request, hash, &texts[1], &texts[2]);
    texts[3] = pictrs_slice(&request.key);
    if ((why = key_check(p->dataset, texts)) != KEEP)
        return why;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        end = key_put_text(end, texts[i]);
    *hit = (struct hit){
        .key = { (const char *)p->key, (size_t)(end - p->key) },
        .day = rec->day,
        .sums = { rec->time_us },
    };
    return KEEP;
}

/* ---- what is done with it ---- */

/*
 * Each key once, with its latest time: TIMESTAMP without zone, in UTC, to the microsecond (in two
 * steps no bit is lost).
 */
#define TOUCHED(keys)                                                                              \
    "WITH touched AS (SELECT " keys ","                                                            \
    " timestamp '1970-01-01' + max(s.accessed) / 1000000 * interval '1 second'"                    \
    " + max(s.accessed) % 1000000 * interval '1 microsecond' AS latest"

/* Rows of the stage that name an alias, or a URL; the latter with the proxy that it is. */
#define BY_ALIAS(letter)                                                                           \
    " FROM (SELECT x.*, x.name AS alias FROM {stage} AS x"                                         \
    " WHERE x.source = 'alias' AND x.touches LIKE '%" letter "%') AS s"
#define BY_URL(letter)                                                                             \
    " FROM (SELECT x.*, p.url, p.alias FROM {stage} AS x"                                          \
    " JOIN {schema}.proxies AS p ON p.url = x.name"                                                \
    " WHERE x.source = 'proxy' AND x.touches LIKE '%" letter "%'"                                  \
    " UNION ALL SELECT x.*, p.url, p.alias FROM {stage} AS x JOIN {schema}.proxies AS p"           \
    " ON encode(sha256(convert_to(p.url, 'UTF8')), 'hex') = x.name"                                \
    " WHERE x.source = 'hashed' AND octet_length(p.url) > 1000"                                    \
    " AND x.touches LIKE '%" letter "%') AS s"

/*
 * Rows are locked in the order of their keys, only those whose time changes; then the later of the
 * two times stands, whoever came between.
 */
#define SET_LATEST(table, keys, same)                                                              \
    ", found AS (SELECT " keys ", a.latest FROM touched AS a"                                      \
    " JOIN {schema}." table " AS x USING (" keys ")"                                               \
    " WHERE x.accessed IS DISTINCT FROM GREATEST(x.accessed, a.latest)"                            \
    " ORDER BY " keys " FOR NO KEY UPDATE OF x)"                                                   \
    " UPDATE {schema}." table " AS t SET accessed = GREATEST(t.accessed, f.latest)"                \
    " FROM found AS f WHERE " same

#define SET_VARIANTS                                                                               \
    " JOIN {schema}.aliases AS a USING (alias) GROUP BY a.hash, s.variant)"                        \
    SET_LATEST("variants", "hash, variant", "t.hash = f.hash AND t.variant = f.variant")
#define SET_PROXIES " GROUP BY s.url)" SET_LATEST("proxies", "url", "t.url = f.url")
#define SET_ALIASES " GROUP BY s.alias)" SET_LATEST("aliases", "alias", "t.alias = f.alias")

static const char *const statements[] = {
    "{has:variants.accessed}" TOUCHED("a.hash, s.variant") BY_ALIAS("v") SET_VARIANTS,
    "{has:variants.accessed}{has:proxies.url}" TOUCHED("a.hash, s.variant") BY_URL("v")
        SET_VARIANTS,
    "{has:proxies.accessed}" TOUCHED("s.url") BY_URL("p") SET_PROXIES,
    "{has:aliases.accessed}" TOUCHED("s.alias") BY_ALIAS("a") SET_ALIASES,
    "{has:aliases.accessed}{has:proxies.url}" TOUCHED("s.alias") BY_URL("a") SET_ALIASES,
    NULL,
};

/* Column by column: who sets times need not see delete tokens. */
static const struct table_right rights[] = {
    { "aliases", "SELECT", "alias", false },
    { "aliases", "SELECT", "hash", false },
    { "aliases", "SELECT", "accessed", true },
    { "aliases", "UPDATE", "accessed", true },
    { "variants", "SELECT", "hash", false },
    { "variants", "SELECT", "variant", false },
    { "variants", "SELECT", "accessed", true },
    { "variants", "UPDATE", "accessed", true },
    { "proxies", "SELECT", "url", true },
    { "proxies", "SELECT", "alias", true },
    { "proxies", "SELECT", "accessed", true },
    { "proxies", "UPDATE", "accessed", true },
    { NULL, NULL, NULL, false },
};

/* Names are what a URL can bring, not what a column takes: longer ones are of no row, and do no
 * harm. */
const struct dataset dataset_access = {
    .name = "access",
    .table = "variants",
    .about = "when pict-rs's variants, proxies and aliases were last asked for",
    .migrations = "pictrs",
    .schema = "pictrs",
    .asks = ASKS_QUERY,
    .of_requests = true,
    .bucket = BUCKET_DAY,
    .keys = {
        { .name = "touches", .kind = COLUMN_TEXT, .chars_max = 3 },
        { .name = "source", .kind = COLUMN_TEXT, .chars_max = 6 },
        { .name = "name", .kind = COLUMN_TEXT, .chars_max = KEY_BYTES_MAX },
        { .name = "variant", .kind = COLUMN_TEXT, .chars_max = KEY_BYTES_MAX },
    },
    .n_keys = 4,
    .sums = { "accessed" },
    .n_sums = 1,
    .keeps_latest = true,
    .instead = statements,
    .rights = rights,
    .pick = access_pick,
};
