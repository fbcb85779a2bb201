/*
 * Values of the configuration, and what to say of a wrong one.
 */
#include "ingest/near.h"
#include "ingest/num.h"

#include "config.h"

enum st
config_check_name(const struct ini_entry *entry, struct err *err)
{
    size_t n = strlen(entry->name);
    bool good = n > 0 && n < 64;

    for (size_t i = 0; good && i < n; i++) {
        char c = entry->name[i];

        good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '.' || (c == '-' && i > 0);
    }
    if (good)
        return ST_OK;
    if (n == 0)
        err_fail(err, ST_USAGE, CONFIG_WHAT, "[%s] has no name", entry->kind);
    else
        err_fail(err, ST_USAGE, CONFIG_WHAT, "\"%.80s\" is no name for [%s NAME]", entry->name,
                 entry->kind);
    err_hint(err, "write [%s NAME]; a name has letters, digits, '_', '-' and '.', 63 at most",
             entry->kind);
    return ST_USAGE;
}

enum st
config_no_such(const char *what, const char *word, const char *const *words, size_t n,
               struct err *err)
{
    const char *near = near_best(slice_of(word), words, n);
    char all[sizeof err->hint] = "";

    err_fail(err, ST_USAGE, CONFIG_WHAT, "no such %s: \"%.80s\"", what, word);
    if (near != NULL) {
        err_hint(err, "did you mean %s?", near);
        return ST_USAGE;
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(all);

        if (at + strlen(words[i]) + 16 > sizeof all)
            break;
        snprintf(all + at, sizeof all - at, "%s%s", i == 0 ? "there are " : ", ", words[i]);
    }
    err_hint(err, "%s", all);
    return ST_USAGE;
}

enum st
config_bad_value(const struct ini_entry *entry, const char *hint, struct err *err)
{
    err_fail(err, ST_USAGE, CONFIG_WHAT, "bad value for %s: \"%.120s\"", entry->key, entry->value);
    err_hint(err, "%s", hint);
    return ST_USAGE;
}

enum st
config_once(const struct ini_entry *entry, size_t key, uint64_t *seen, struct err *err)
{
    assert(key < 64);
    if (*seen >> key & 1) {
        err_fail(err, ST_USAGE, CONFIG_WHAT, "%s comes twice in [%s %s]", entry->key, entry->kind,
                 entry->name);
        return ST_USAGE;
    }
    *seen |= UINT64_C(1) << key;
    return ST_OK;
}

/* ---- words ---- */

static bool
parts_words(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

enum st
config_words(const struct ini_entry *entry, struct arena *arena, const char *const **out, size_t *n,
             struct err *err)
{
    size_t bytes = strlen(entry->value) + 1;
    char *copy = arena_alloc(arena, bytes), *at = copy;
    const char **words = arena_alloc(arena, bytes * sizeof *words);

    if (copy == NULL || words == NULL)
        return err_memory(err, "cannot hold the configuration");
    memcpy(copy, entry->value, bytes);
    *n = 0;
    for (;;) {
        while (parts_words(*at))
            at++;
        if (*at == '\0')
            break;
        if (*at == '"') {
            char *close = strchr(at + 1, '"');

            if (close == NULL || (close[1] != '\0' && !parts_words(close[1])))
                return config_bad_value(
                    entry, "a quoted word ends with a quote and a blank: \"cargo \" pip/", err);
            words[(*n)++] = at + 1;
            at = close;
        } else {
            words[(*n)++] = at;
            while (*at != '\0' && !parts_words(*at))
                at++;
        }
        if (*at != '\0')
            *at++ = '\0';
    }
    if (*n == 0)
        return config_bad_value(entry, "write at least one word", err);
    *out = words;
    return ST_OK;
}

/* ---- single values ---- */

bool
config_duration(const char *text, uint64_t *seconds)
{
    struct slice digits = slice_of(text);
    int64_t value, unit = 1;

    if (digits.n > 0) {
        switch (digits.p[digits.n - 1]) {
        case 's':
            break;
        case 'm':
            unit = 60;
            break;
        case 'h':
            unit = 3600;
            break;
        case 'd':
            unit = 86400;
            break;
        default:
            digits.n++;
        }
        digits.n--;
    }
    if (!num_u63(digits, &value) || value < 1 || value > INT64_C(3650) * 86400 / unit)
        return false;
    *seconds = (uint64_t)(value * unit);
    return true;
}

bool
config_bool(const char *text, bool *out)
{
    static const char *const yes[] = { "yes", "true", "on", "1" }, *const no[] = { "no", "false",
                                                                                   "off", "0" };

    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *out = strcasecmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}
