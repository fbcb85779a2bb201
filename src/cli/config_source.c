/*
 * [source NAME]: where logs come from and how they are read, for `ingest run`; and when they come,
 * for `ingest status`. Formats and rules may be named before they are defined: config.c looks.
 */
#include "ingest/base.h"

#include "config.h"

enum source_key { FILES, FORMAT, RULES, DATASET, NODE, SETTLE, EXPECTED, KEYS_N };

static const char *const keys[KEYS_N] = { "files", "format", "rules",   "dataset",
                                          "node",  "settle", "expected" };

static struct config_source *now; /* the section that is read */
static const char **files;        /* its list, in room for twice as many at most */
static uint64_t seen;

static enum st
begin(struct config *config, const struct ini_entry *entry, struct err *err)
{
    struct config_source **end = &config->sources;
    enum st rc = config_check_name(entry, err);

    for (; rc == ST_OK && *end != NULL; end = &(*end)->next)
        if (strcmp((*end)->name, entry->name) == 0)
            return err_fail(err, ST_USAGE, CONFIG_WHAT,
                            "[source %s] stands in line %" PRIu64 " already", entry->name,
                            (*end)->line_no);
    if (rc != ST_OK)
        return rc;
    if ((now = arena_alloc(&config->arena, sizeof *now)) == NULL)
        return err_memory(err, "cannot hold the configuration");
    *now = (struct config_source){ .name = entry->name, .line_no = entry->line_no };
    *end = now;
    files = NULL;
    seen = 0;
    return ST_OK;
}

static enum st
take_duration(const struct ini_entry *entry, uint64_t *out, struct err *err)
{
    if (config_duration(entry->value, out))
        return ST_OK;
    return config_bad_value(entry, "a time is written 30s, 5m, 12h or 7d", err);
}

enum { WILD_PARTS_MAX = 16 };

/* glob(3) calls itself for each part with a wildcard, on a stack that has an end. */
static bool
is_within_bounds(const char *pattern)
{
    size_t n_wild = 0;

    for (const char *part = pattern; *part != '\0'; part += *part == '/') {
        size_t n = strcspn(part, "/");

        n_wild += strcspn(part, "*?[") < n;
        part += n;
    }
    return n_wild <= WILD_PARTS_MAX && strlen(pattern) < PATH_MAX;
}

/* How many fit before the list moves to a place of twice the size. */
static size_t
room_for(size_t n)
{
    size_t room = 1;

    while (room < n)
        room *= 2;
    return n == 0 ? 0 : room;
}

static enum st
take_files(struct config *config, const struct ini_entry *entry, struct err *err)
{
    const char *const *words, **all = files;
    size_t n, room;
    enum st rc = config_words(entry, &config->arena, &words, &n, err);

    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (!is_within_bounds(words[i]))
            return config_bad_value(entry,
                                    "a name is shorter than 4096 bytes, and a pattern has wildcards"
                                    " in at most 16 of its parts",
                                    err);
    if ((room = room_for(now->n_files + n)) > room_for(now->n_files)) {
        if ((all = arena_alloc(&config->arena, room * sizeof *all)) == NULL)
            return err_memory(err, "cannot hold the configuration");
        if (now->n_files > 0)
            memcpy(all, files, now->n_files * sizeof *all);
    }
    memcpy(all + now->n_files, words, n * sizeof *all);
    now->files = files = all;
    now->n_files += n;
    return ST_OK;
}

static enum st
take(struct config *config, const struct ini_entry *entry, struct err *err)
{
    size_t key = 0;
    enum st rc;

    if (entry->key == NULL)
        return begin(config, entry, err);
    while (key < KEYS_N && strcmp(keys[key], entry->key) != 0)
        key++;
    if (key == KEYS_N)
        return config_no_such("key in [source NAME]", entry->key, keys, KEYS_N, err);
    if (key == FILES)
        return take_files(config, entry, err);
    if ((rc = config_once(entry, key, &seen, err)) != ST_OK)
        return rc;
    if (entry->value[0] == '\0')
        return config_bad_value(entry, "write a value, or leave the key out", err);
    if (key == SETTLE)
        return take_duration(entry, &now->settle_seconds, err);
    if (key == EXPECTED)
        return take_duration(entry, &now->expected_seconds, err);
    *(key == FORMAT    ? &now->format
      : key == RULES   ? &now->rules
      : key == DATASET ? &now->dataset
                       : &now->node) = entry->value;
    return ST_OK;
}

static enum st
end(struct config *config, struct err *err)
{
    (void)config;
    if (now->n_files > 0)
        return ST_OK;
    err_fail(err, ST_USAGE, CONFIG_WHAT, "[source %s] names no files", now->name);
    err_hint(err, "write files = /var/log/nginx/*.gz");
    err->line_no = now->line_no;
    return ST_USAGE;
}

const struct section_kind section_source = { .kind = "source", .take = take, .end = end };
