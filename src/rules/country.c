/*
 * Countries of addresses, by libmaxminddb where the build has it.
 */
#include "country_priv.h"

#include "ingest/country.h"

static const char what[] = "cannot read the countries of addresses";

static enum st
refuse(const char *path, struct err *err)
{
    snprintf(err->path, sizeof err->path, "%s", path);
    return ST_USAGE;
}

#ifdef INGEST_HAVE_MAXMINDDB

#include <maxminddb.h>
#include <netinet/in.h>

struct country {
    MMDB_s file;
};

enum st
country_open(struct country **out, const char *path, struct err *err)
{
    struct country *c;
    enum st st = country_check(path, err);
    int rc;

    *out = NULL;
    if (st != ST_OK)
        return st == ST_USAGE ? refuse(path, err) : st;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return err_memory(err, what);
    errno = 0;
    rc = MMDB_open(path, MMDB_MODE_MMAP, &c->file);
    if (rc == MMDB_SUCCESS) {
        *out = c;
        return ST_OK;
    }
    err_fail(err, ST_USAGE, what, "%s",
             errno != 0 && rc != MMDB_INVALID_METADATA_ERROR ? strerror(errno) : MMDB_strerror(rc));
    free(c);
    return refuse(path, err);
}

void
country_close(struct country *c)
{
    if (c == NULL)
        return;
    MMDB_close(&c->file);
    free(c);
}

static bool
is_code(const MMDB_entry_data_s *data, char out[2])
{
    if (!data->has_data || data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size != 2)
        return false;
    memcpy(out, data->utf8_string, 2);
    return out[0] >= 'A' && out[0] <= 'Z' && out[1] >= 'A' && out[1] <= 'Z';
}

static MMDB_lookup_result_s
look_up(const struct country *c, const uint8_t address[16], int *rc)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    const void *name = &v6;

    memcpy(&v6.sin6_addr, address, 16);
    if (memcmp(address, mapped, sizeof mapped) == 0) {
        memcpy(&v4.sin_addr, address + 12, 4);
        name = &v4;
    }
    return MMDB_lookup_sockaddr(&c->file, name, rc);
}

bool
country_find(const struct country *c, const uint8_t address[16], char out[2])
{
    static const char *const places[][3] = { { "country", "iso_code", NULL },
                                             { "country_code", NULL },
                                             { "country", NULL } };
    int rc = MMDB_SUCCESS;
    MMDB_lookup_result_s found = look_up(c, address, &rc);

    for (size_t i = 0; rc == MMDB_SUCCESS && found.found_entry && i < ARRAY_LEN(places); i++) {
        MMDB_entry_data_s data;

        if (MMDB_aget_value(&found.entry, &data, places[i]) == MMDB_SUCCESS && is_code(&data, out))
            return true;
    }
    return false;
}

#else

enum st
country_open(struct country **out, const char *path, struct err *err)
{
    *out = NULL;
    err_fail(err, ST_USAGE, what, "this build knows no MaxMind DB files");
    err_hint(err, "build it with libmaxminddb-dev");
    return refuse(path, err);
}

void
country_close(struct country *c)
{
    (void)c;
}

bool
country_find(const struct country *c, const uint8_t address[16], char out[2])
{
    (void)c, (void)address, (void)out;
    return false;
}

#endif
