/*
 * The list of datasets, and what their picks have in common. Stands between rules/ and rollup/; the
 * datasets themselves are in dataset_<name>.c.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"

const struct dataset *const datasets[] = {
#define DATASET(name) &dataset_##name,
#include "datasets.def"
#undef DATASET
    NULL,
};

const struct dataset *
dataset_by_name(const char *name)
{
    for (const struct dataset *const *d = datasets; *d != NULL; d++)
        if (strcmp((*d)->name, name) == 0)
            return *d;
    return NULL;
}

bool
dataset_takes(const struct dataset *d, const char *fed)
{
    return strcmp(d->name, fed) == 0 || (d->of_requests && strcmp(fed, "stats") == 0);
}

/* ---- keys ---- */

/* Bytes are at least as many as code points, so short texts need no counting. */
static bool
is_too_long(struct slice s, size_t chars_max)
{
    return s.n > chars_max && slice_chars(s) > chars_max;
}

/* What the other kinds take in a key (hit.h). */
static const size_t key_bytes[] = { [COLUMN_DAY] = 4, [COLUMN_UUID] = 16, [COLUMN_INT] = 8 };

enum reason
key_check(const struct dataset *d, const struct slice *texts)
{
    size_t bytes = 0;
    bool too_long = false;

    for (size_t i = 0; i < d->n_keys; i++) {
        const struct key_column *column = &d->keys[i];

        if (column->kind != COLUMN_TEXT) {
            bytes += key_bytes[column->kind];
            continue;
        }
        if (!slice_is_text(*texts)) /* whatever else is wrong with the key */
            return REJECT_ENCODING;
        too_long |= is_too_long(*texts, column->chars_max);
        bytes += texts++->n + 2;
    }
    return too_long || bytes > KEY_BYTES_MAX ? REJECT_KEY_TOO_LONG : KEEP;
}

/* ---- pickers ---- */

enum st
picker_init(struct picker *p, const struct dataset *d, const struct rules *rules,
            const struct client_key *key, struct err *err)
{
    *p = (struct picker){ .dataset = d, .rules = rules, .clients = key,
                          .last_month = { DAY_NONE, DAY_NONE } };
    p->scratch = malloc(LINE_BYTES_MAX + 1 + KEY_BYTES_MAX);
    if (p->scratch == NULL)
        return err_memory(err, "cannot hold a path");
    p->key = (uint8_t *)p->scratch + LINE_BYTES_MAX + 1;
    return ST_OK;
}

void
picker_release(struct picker *p)
{
    if (p == NULL)
        return;
    free(p->scratch);
    p->scratch = NULL;
}

void
picker_set_ecosystem(struct picker *p, const char *ecosystem)
{
    snprintf(p->ecosystem, sizeof p->ecosystem, "%s", ecosystem);
    p->last_ecosystem = NULL;
}

struct slice
record_client(const struct rules *rules, const struct record *rec)
{
    const struct client_rule *rule = &rules->pack->client;

    if (rule->from == CLIENT_FROM_NONE)
        return (struct slice){ NULL, 0 };
    if (rule->n_trusted_proxies > 0)
        return client_behind(rule, rec->client, rec->forwarded);
    return rec->client;
}

/* Half of all addresses are as long as the last one: they are told apart without a branch. */
static inline bool
is_last_client(const struct picker *p, struct slice client, int32_t day)
{
    uint32_t ours, last;

    if (client.n < sizeof ours || client.n > sizeof p->last_client.text)
        return client.n > 0 && client.n == p->last_client.n && day == p->last_client.day &&
               memcmp(client.p, p->last_client.text, client.n) == 0;
    memcpy(&ours, client.p + client.n - sizeof ours, sizeof ours);
    memcpy(&last, p->last_client.text + client.n - sizeof last, sizeof last);
    if (((ours ^ last) | (uint32_t)(client.n ^ p->last_client.n) |
         (uint32_t)(day ^ p->last_client.day)) != 0)
        return false;
    return memcmp(client.p, p->last_client.text, client.n) == 0;
}

/*
 * A client comes in bursts: a build fetches its crates one after another, a seismic request has a
 * record for each of its traces. So the last one's hash is kept (with its day, which chooses the
 * key).
 */
void
picker_client(struct picker *p, const struct record *rec, struct hit *hit)
{
    const struct client_rule *rule = &p->rules->pack->client;
    struct slice client = rec->client;

    if (unlikely(rule->n_trusted_proxies > 0 || rule->from == CLIENT_FROM_NONE))
        client = record_client(p->rules, rec);
    if (is_last_client(p, client, rec->day)) {
        hit->client = p->last_client.hash;
        hit->has_client = true;
        return;
    }
    assert(client.n <= LINE_BYTES_MAX);
    hit->has_client =
        client_hash_in(p->clients, p->dataset->clients, client, rec->day, p->scratch, &hit->client);
    if (hit->has_client && client.n <= sizeof p->last_client.text) {
        key_copy((uint8_t *)p->last_client.text, client.p, client.n);
        p->last_client.n = client.n;
        p->last_client.day = rec->day;
        p->last_client.hash = hit->client;
    }
}
