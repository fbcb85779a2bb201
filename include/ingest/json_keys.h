/*
 * Where the fields of a log stand that no format knows by name: the keys of a JSON object, or the columns of a table with a
 * header row. Made from a section [format NAME] of the configuration:
 *
 *     kind = json                json (an object a line), csv or tsv (RFC 4180, or with tabs)
 *     time = .ts                 needed; a path of names: `.resp.status`, `."a.b".c`; the first dot may be left out
 *     time_format = unix_ms      auto, iso8601, unix, unix_ms, clf; auto tells by the value
 *     path = .req.url            this or `request` or `name` is needed
 *     request = .line            "GET /a HTTP/1.1"
 *     query = .req.query         what stands behind the path's '?', where the path lacks it
 *     method status bytes client forwarded agent country content_range name version mark = ...
 *
 * An array stands for its first element. In a table a path means the column of that name, its names joined by dots.
 */
#ifndef INGEST_JSON_KEYS_H
#define INGEST_JSON_KEYS_H

#include "ingest/arena.h"
#include "ingest/err.h"
#include "ingest/slice.h"

#define JSON_KEY_NAMES_MAX 8 /* of one path */

struct json_keys;

/* A line of the section. */
struct json_key_text {
    struct slice key, value;
    uint64_t     line_no; /* for errors; 0: not known */
};

/*
 * *out lives in `arena`, and so do the texts it needs. ST_USAGE with err->line_no: an unknown key, one that comes twice, a
 * path that is none (err->cause has the byte), a needed one that is missing; ST_MEMORY.
 */
enum st json_keys_compile(const struct json_keys **out, const struct json_key_text *pairs, size_t n, struct arena *arena,
                          struct err *err);

/* The name of the format that reads with these keys: "json", "csv" or "tsv". */
const char *json_keys_format(const struct json_keys *keys);

#endif
