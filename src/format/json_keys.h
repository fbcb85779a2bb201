/*
 * Named fields, inside: which of a line's values is which field of a record. What JSON and tables with a header share.
 */
#ifndef FORMAT_JSON_KEYS_H
#define FORMAT_JSON_KEYS_H

#include "ingest/json_keys.h"

/* field, its key in a section [format NAME] ("" where only a known log has it) */
#define KEY_FIELDS(F)                    \
    F(TIME, "time")                      \
    F(DATE, "")                          \
    F(CLOCK, "")                         \
    F(PATH, "path")                      \
    F(REQUEST, "request")                \
    F(QUERY, "query")                    \
    F(METHOD, "method")                  \
    F(STATUS, "status")                  \
    F(BYTES, "bytes")                    \
    F(CLIENT, "client")                  \
    F(FORWARDED, "forwarded")            \
    F(AGENT, "agent")                    \
    F(COUNTRY, "country")                \
    F(CONTENT_RANGE, "content_range")    \
    F(RANGE_START, "")                   \
    F(RANGE_END, "")                     \
    F(NAME, "name")                      \
    F(VERSION, "version")                \
    F(MARK, "mark")

enum key_field {
#define FIELD(upper, key) KEY_##upper,
    KEY_FIELDS(FIELD)
#undef FIELD
    KEY_FIELDS_N
};

/* How a value is read. For times, the first five; else flags. */
enum key_how {
    TIME_AUTO,
    TIME_ISO8601,
    TIME_UNIX,
    TIME_UNIX_MS,
    TIME_CLF,
    HOW_PLAIN = 0,
    HOW_TWICE, /* a path that may be percent-encoded twice */
    HOW_PORT,  /* a client with its port: 192.0.2.7:443, [2001:db8::7]:443 */
};

struct key_def {
    enum key_field field;
    enum key_how   how;
    size_t         n_names;
    struct slice   names[JSON_KEY_NAMES_MAX];
};

#define KEY_DEFS_MAX 64 /* a bit each */

/* Of several definitions of a field the first one counts whose value is there. */
struct json_keys {
    const char    *format;
    size_t         n;
    struct key_def defs[KEY_DEFS_MAX];
};

extern const struct json_keys json_keys_known; /* logs that are known by their keys */
extern const struct json_keys csv_keys_known;  /* the same, and tables that are known by their columns */

/* The bits of the definitions of each field. */
void json_keys_masks(const struct json_keys *keys, uint64_t of[KEY_FIELDS_N]);

/* A copy, with KEY_MARK where the rules' drop_if finds its value: `drop_key`, or nowhere if that is NULL. */
void json_keys_with_mark(struct json_keys *out, const struct json_keys *keys, const char *drop_key);

/*
 * Reads a path of names: `.resp.status`, `."a.b".c`. Names point into `text`, but those that had a backslash, which are in
 * `arena`. NULL, or what is wrong with it, at byte *at.
 */
const char *json_keys_path(struct key_def *def, struct slice text, struct arena *arena, size_t *at);

#endif
