#include "ingest/dataset.h"
#include "dataset_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_sound(const struct picker *p, enum reason why, const struct hit *hit)
{
    const uint8_t *at;
    struct slice name;

    switch (why) {
    case KEEP:
        return hit->key.n == 12 && hit->sums[0] == 1;
    case FILTER_UNKNOWN_ARTIFACT:
        if (p->parked.key.n < 6 || p->parked.key.n > KEY_BYTES_MAX)
            return false;
        at = (const uint8_t *)p->parked.key.p;
        name = key_get_text(&at);
        return slice_is_text(name) && key_get_day(&at) == 19000 &&
               (const char *)at == p->parked.key.p + p->parked.key.n;
    default:
        return why == FILTER_NOT_A_DOWNLOAD || why == REJECT_ENCODING;
    }
}

/* A path of these bytes is that of an artifact, waits for one under a name that fits a key, or is neither. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct catalog_entry entry = { .id = 7 };
    static struct client_key clients;
    static struct rules rules;
    static struct picker picker;
    static struct catalog *catalog;
    struct record rec = { .method = SLICE("GET"), .status = 200, .day = 19000 };
    struct hit hit = { 0 };
    struct err err;

    if (catalog == NULL) {
        client_key_none(&clients);
        if (rules_init(&rules, NULL, NULL, 0, DAY_NONE, DAY_NONE, &err) != ST_OK ||
            picker_init(&picker, &dataset_job_artifact_downloads, &rules, &clients, &err) != ST_OK ||
            (catalog = catalog_new(CATALOG_ARTIFACTS, &err)) == NULL ||
            catalog_add(catalog, SLICE("a/1.0+b/t/a_1.0+b_t.deb"), &entry, &err) != ST_OK)
            abort();
        picker.catalog = catalog;
    }
    rec.path = (struct slice){ (const char *)data, size };
    for (rec.path_decodes = 0; rec.path_decodes <= 2; rec.path_decodes++)
        if (!is_sound(&picker, picker.dataset->pick(&picker, &rec, &hit), &hit))
            abort();
    return 0;
}
