/*
 * The keys of [rules NAME]: what each of them makes of a rule pack. docs/RULES.md has a line for
 * each.
 */
#include "ingest/base.h"

#include "ingest/num.h"
#include "ingest/rules.h"

#include "config.h"

#define STATUSES_MAX   64
#define OWN_ROUTES_MAX 64
#define PROXIES_MAX    4096

/* ---- requests ---- */

static enum st
read_methods(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
             struct err *err)
{
    if (strcmp(entry->value, "any") == 0) {
        pack->n_methods = 0;
        return ST_OK;
    }
    return config_words(entry, arena, &pack->methods, &pack->n_methods, err);
}

static int
compare_statuses(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static enum st
read_statuses(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
              struct err *err)
{
    const char *const *words;
    uint16_t *statuses;
    size_t n;
    enum st rc = config_words(entry, arena, &words, &n, err);

    if (rc != ST_OK)
        return rc;
    if (n > STATUSES_MAX || (statuses = arena_alloc(arena, n * sizeof *statuses)) == NULL)
        return config_bad_value(entry, "at most 64 statuses", err);
    for (size_t i = 0; i < n; i++) {
        if (!num_status(slice_of(words[i]), &statuses[i]))
            return config_bad_value(entry, "a status has three digits: statuses = 200 304", err);
        if (statuses[i] == 206)
            return config_bad_value(
                entry, "206 is the range rule's: range = from_zero, never or union SHARE", err);
    }
    qsort(statuses, n, sizeof *statuses, compare_statuses);
    pack->n_statuses = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || statuses[i] != statuses[i - 1])
            statuses[pack->n_statuses++] = statuses[i];
    pack->statuses = statuses;
    return ST_OK;
}

/* "0.9", "1": millionths; six digits behind the point at most. */
static bool
read_share(const char *text, uint32_t *out)
{
    uint32_t share = 0, unit = SHARE_WHOLE / 10;

    if ((text[0] != '0' && text[0] != '1') || (text[1] != '.' && text[1] != '\0'))
        return false;
    share = text[0] == '1' ? SHARE_WHOLE : 0;
    if (text[1] == '.' && text[2] == '\0')
        return false;
    for (const char *c = text + 1 + (text[1] == '.'); *c != '\0'; c++, unit /= 10) {
        if (*c < '0' || *c > '9' || unit == 0)
            return false;
        share += (uint32_t)(*c - '0') * unit;
    }
    *out = share;
    return share > 0 && share <= SHARE_WHOLE;
}

static enum st
read_range(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
           struct err *err)
{
    struct range_rule rule = { 0 };
    const char *const *words;
    size_t n;
    enum st rc = config_words(entry, arena, &words, &n, err);

    if (rc != ST_OK)
        return rc;
    if (n == 1 && strcmp(words[0], "never") == 0)
        rule.kind = RANGE_NEVER;
    else if (n == 1 && strcmp(words[0], "from_zero") == 0)
        rule.kind = RANGE_FROM_ZERO;
    else if (n == 2 && strcmp(words[0], "union") == 0 && read_share(words[1], &rule.share))
        rule.kind = RANGE_UNION;
    else
        return config_bad_value(
            entry, "never, from_zero, or union SHARE with a share of the object, as 0.9 or 1", err);
    pack->range = rule;
    return ST_OK;
}

static enum st
read_drop_if(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
             struct err *err)
{
    const char *const *words;
    size_t n;
    enum st rc;

    pack->drop_key = pack->drop_value = NULL;
    if (strcmp(entry->value, "none") == 0)
        return ST_OK;
    if ((rc = config_words(entry, arena, &words, &n, err)) != ST_OK)
        return rc;
    if (n > 2 || words[0][0] == '\0')
        return config_bad_value(
            entry, "the name of a field and its value; without a value, any but \"\" and \"-\"",
            err);
    pack->drop_key = words[0];
    pack->drop_value = n == 2 ? words[1] : NULL;
    return ST_OK;
}

static enum st
read_min_bytes(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
               struct err *err)
{
    size_t bytes;

    (void)arena;
    if (!num_size(slice_of(entry->value), &bytes) || bytes > INT64_MAX)
        return config_bad_value(entry, "a number of bytes, as 500 or 4k", err);
    pack->min_bytes = (int64_t)bytes;
    return ST_OK;
}

/* ---- agents ---- */

static enum st
read_prefixes(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
              struct err *err)
{
    struct agent_rule *rule = &pack->agent;

    if (strcmp(entry->value, "any") == 0) {
        rule->n_prefixes = 0;
        return ST_OK;
    }
    return config_words(entry, arena, &rule->prefixes, &rule->n_prefixes, err);
}

static enum st
read_agents(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
            struct err *err)
{
    const char *names[AGENT_CLASSES_N];
    const char *const *words;
    unsigned classes = 0;
    size_t n;
    enum st rc;

    if (strcmp(entry->value, "any") == 0) {
        pack->agent.classes = AGENT_CLASSES_ALL;
        return ST_OK;
    }
    if ((rc = config_words(entry, arena, &words, &n, err)) != ST_OK)
        return rc;
    for (unsigned i = 0; i < AGENT_CLASSES_N; i++)
        names[i] = agent_class_name((enum agent_class)i);
    for (size_t i = 0; i < n; i++) {
        size_t class = 0;

        while (class < AGENT_CLASSES_N && strcmp(names[class], words[i]) != 0)
            class ++;
        if (class == AGENT_CLASSES_N)
            return config_no_such("class of user agents", words[i], names, AGENT_CLASSES_N, err);
        classes |= AGENT_CLASS_BIT(class);
    }
    pack->agent.classes = classes;
    return ST_OK;
}

static enum st
read_agent_file(struct rule_pack *pack, const struct ini_entry *entry, enum agent_class class,
                struct err *err)
{
    if (entry->value[0] == '\0')
        return config_bad_value(entry, "the name of a file of patterns", err);
    pack->agent.files[class] = entry->value;
    return ST_OK;
}

static enum st
read_clients_file(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
                  struct err *err)
{
    (void)arena;
    return read_agent_file(pack, entry, AGENT_CLIENT, err);
}

static enum st
read_browsers_file(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
                   struct err *err)
{
    (void)arena;
    return read_agent_file(pack, entry, AGENT_BROWSER, err);
}

static enum st
read_robots_file(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
                 struct err *err)
{
    (void)arena;
    return read_agent_file(pack, entry, AGENT_ROBOT, err);
}

static enum st
read_mirrors_file(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
                  struct err *err)
{
    (void)arena;
    return read_agent_file(pack, entry, AGENT_MIRROR, err);
}

/* ---- clients ---- */

bool
config_window(const char *text, struct window_rule *out)
{
    uint64_t seconds;

    *out = (struct window_rule){ .kind = WINDOW_NONE };
    if (strcmp(text, "none") == 0)
        return true;
    if (strcmp(text, "day") == 0) {
        out->kind = WINDOW_DAY;
        return true;
    }
    if (!config_duration(text, &seconds) || seconds > 86400)
        return false;
    *out = (struct window_rule){ .kind = WINDOW_SECONDS, .seconds = (uint32_t)seconds };
    return true;
}

static enum st
read_window(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
            struct err *err)
{
    (void)arena;
    if (config_window(entry->value, &pack->window))
        return ST_OK;
    return config_bad_value(entry, "none, day, or up to a day of time, as 30s", err);
}

static enum st
read_client(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
            struct err *err)
{
    (void)arena;
    if (strcmp(entry->value, "peer") == 0)
        pack->client.from = CLIENT_FROM_PEER;
    else if (strcmp(entry->value, "none") == 0)
        pack->client.from = CLIENT_FROM_NONE;
    else
        return config_bad_value(entry, "peer (see trusted_proxies), or none", err);
    return ST_OK;
}

static enum st
read_proxies(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
             struct err *err)
{
    struct client_rule *rule = &pack->client;
    const char *const *words;
    struct cidr *proxies;
    size_t n;
    enum st rc;

    if (strcmp(entry->value, "none") == 0) {
        rule->n_trusted_proxies = 0;
        return ST_OK;
    }
    if ((rc = config_words(entry, arena, &words, &n, err)) != ST_OK)
        return rc;
    if (n > PROXIES_MAX || (proxies = arena_alloc(arena, n * sizeof *proxies)) == NULL)
        return config_bad_value(entry, "at most 4096 networks", err);
    for (size_t i = 0; i < n; i++) {
        if (!cidr_parse(slice_of(words[i]), &proxies[i])) {
            config_bad_value(entry,
                             "networks, as 192.0.2.0/24 2001:db8::/32, no bits set behind "
                             "the prefix; or single addresses",
                             err);
            err_cause(err, "no network: \"%.80s\"", words[i]);
            return ST_USAGE;
        }
    }
    rule->trusted_proxies = proxies;
    rule->n_trusted_proxies = n;
    return ST_OK;
}

static enum st
read_country_file(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
                  struct err *err)
{
    (void)arena;
    pack->country_file = entry->value;
    if (entry->value[0] == '\0')
        return config_bad_value(entry, "the name of a MaxMind DB file", err);
    return ST_OK;
}

/* ---- the pack itself ---- */

static enum st
read_about(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
           struct err *err)
{
    (void)arena;
    (void)err;
    pack->about = entry->value;
    return ST_OK;
}

static enum st
read_version(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
             struct err *err)
{
    int64_t version;

    (void)arena;
    if (!num_u63(slice_of(entry->value), &version) || version < 1 || version > 1000000000)
        return config_bad_value(entry, "a whole number from 1", err);
    pack->version = (unsigned)version;
    return ST_OK;
}

static enum st
read_ecosystem(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
               struct err *err)
{
    size_t n = strlen(entry->value);

    (void)arena;
    if (n == 0 || n > 63 || strspn(entry->value, "abcdefghijklmnopqrstuvwxyz0123456789_-") != n)
        return config_bad_value(
            entry, "all, one of the built-in ones (docs/RULES.md), or a name in lower case", err);
    pack->ecosystem = strcmp(entry->value, "all") == 0 ? NULL : entry->value;
    return ST_OK;
}

/* Compiled alone, so that a malformed one is found in its own line. */
static enum st
read_route(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
           struct err *err)
{
    const char **routes = arena_alloc(arena, (pack->n_routes + 1) * sizeof *routes);
    struct rules rules;
    enum st rc = rules_init(&rules, NULL, &entry->value, 1, DAY_NONE, DAY_NONE, err);

    rules_release(&rules);
    if (rc != ST_OK)
        return rc;
    if (routes == NULL || pack->n_routes == OWN_ROUTES_MAX)
        return config_bad_value(entry, "at most 64 routes", err);
    if (pack->n_routes > 0)
        memcpy(routes, pack->routes, pack->n_routes * sizeof *routes);
    routes[pack->n_routes++] = entry->value;
    pack->routes = routes;
    return ST_OK;
}

static enum st
read_normalise(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
               struct err *err)
{
    (void)arena;
    if (config_bool(entry->value, &pack->normalise))
        return ST_OK;
    return config_bad_value(entry, "yes or no", err);
}

/* ---- pict-rs ---- */

static bool
media_filter_by_name(const char *word, unsigned *bits)
{
    for (int f = 0; f < MEDIA_FILTERS_N; f++)
        if (strcmp(word, media_filter_name((enum media_filter)f)) == 0) {
            *bits |= 1u << f;
            return true;
        }
    return false;
}

static enum st
read_media_filters(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry,
                   struct err *err)
{
    const char *const *words;
    size_t n;
    enum st rc = config_words(entry, arena, &words, &n, err);

    pack->media_filters = 0;
    for (size_t i = 0; rc == ST_OK && i < n; i++)
        if (!media_filter_by_name(words[i], &pack->media_filters))
            rc = config_bad_value(entry, "of blur, crop, identity, resize, thumbnail", err);
    return rc;
}

/* ---- all of them ---- */

const struct rule_key rule_keys[] = {
    { "base", NULL, false }, /* config_rules.c reads it, which knows the other packs */
    { "about", read_about, false },
    { "version", read_version, false },
    { "ecosystem", read_ecosystem, false },
    { "route", read_route, true },
    { "normalise", read_normalise, false },
    { "methods", read_methods, false },
    { "statuses", read_statuses, false },
    { "range", read_range, false },
    { "drop_if", read_drop_if, false },
    { "min_bytes", read_min_bytes, false },
    { "agent_prefixes", read_prefixes, false },
    { "agents", read_agents, false },
    { "clients_file", read_clients_file, false },
    { "browsers_file", read_browsers_file, false },
    { "robots_file", read_robots_file, false },
    { "mirrors_file", read_mirrors_file, false },
    { "window", read_window, false },
    { "client", read_client, false },
    { "trusted_proxies", read_proxies, false },
    { "country_file", read_country_file, false },
    { "media_filters", read_media_filters, false },
};
const size_t n_rule_keys = ARRAY_LEN(rule_keys);
_Static_assert(ARRAY_LEN(rule_keys) <= RULE_KEYS_MAX, "a bit for each");
