/*
 * [rules NAME]: a rule pack of the user's own. It starts as a copy of its base, and each key
 * replaces one thing in it. docs/RULES.md has a line for each key.
 */
#include "ingest/base.h"

#include "ingest/num.h"
#include "ingest/rules.h"

#include "config.h"

#define STATUSES_MAX   64
#define OWN_ROUTES_MAX 64
#define PROXIES_MAX    4096

static struct config_pack *now; /* the section that is read */
static uint64_t seen;

typedef enum st key_reader(struct config *config, const struct ini_entry *entry, struct err *err);

/* ---- requests ---- */

static enum st
read_methods(struct config *config, const struct ini_entry *entry, struct err *err)
{
    struct rule_pack *pack = &now->pack;

    if (strcmp(entry->value, "any") == 0) {
        pack->n_methods = 0;
        return ST_OK;
    }
    return config_words(entry, &config->arena, &pack->methods, &pack->n_methods, err);
}

static int
compare_statuses(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static enum st
read_statuses(struct config *config, const struct ini_entry *entry, struct err *err)
{
    const char *const *words;
    uint16_t *statuses;
    size_t n;
    enum st rc = config_words(entry, &config->arena, &words, &n, err);

    if (rc != ST_OK)
        return rc;
    if (n > STATUSES_MAX || (statuses = arena_alloc(&config->arena, n * sizeof *statuses)) == NULL)
        return config_bad_value(entry, "at most 64 statuses", err);
    for (size_t i = 0; i < n; i++) {
        if (!num_status(slice_of(words[i]), &statuses[i]))
            return config_bad_value(entry, "a status has three digits: statuses = 200 304", err);
        if (statuses[i] == 206)
            return config_bad_value(
                entry, "206 is the range rule's: range = from_zero, never or union SHARE", err);
    }
    qsort(statuses, n, sizeof *statuses, compare_statuses);
    now->pack.n_statuses = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || statuses[i] != statuses[i - 1])
            statuses[now->pack.n_statuses++] = statuses[i];
    now->pack.statuses = statuses;
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
read_range(struct config *config, const struct ini_entry *entry, struct err *err)
{
    struct range_rule rule = { 0 };
    const char *const *words;
    size_t n;
    enum st rc = config_words(entry, &config->arena, &words, &n, err);

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
    now->pack.range = rule;
    return ST_OK;
}

static enum st
read_drop_if(struct config *config, const struct ini_entry *entry, struct err *err)
{
    const char *const *words;
    size_t n;
    enum st rc;

    now->pack.drop_key = now->pack.drop_value = NULL;
    if (strcmp(entry->value, "none") == 0)
        return ST_OK;
    if ((rc = config_words(entry, &config->arena, &words, &n, err)) != ST_OK)
        return rc;
    if (n > 2 || words[0][0] == '\0')
        return config_bad_value(
            entry, "the name of a field and its value; without a value, any but \"\" and \"-\"",
            err);
    now->pack.drop_key = words[0];
    now->pack.drop_value = n == 2 ? words[1] : NULL;
    return ST_OK;
}

static enum st
read_min_bytes(struct config *config, const struct ini_entry *entry, struct err *err)
{
    size_t bytes;

    (void)config;
    if (!num_size(slice_of(entry->value), &bytes) || bytes > INT64_MAX)
        return config_bad_value(entry, "a number of bytes, as 500 or 4k", err);
    now->pack.min_bytes = (int64_t)bytes;
    return ST_OK;
}

/* ---- agents ---- */

static enum st
read_prefixes(struct config *config, const struct ini_entry *entry, struct err *err)
{
    struct agent_rule *rule = &now->pack.agent;

    if (strcmp(entry->value, "any") == 0) {
        rule->n_prefixes = 0;
        return ST_OK;
    }
    return config_words(entry, &config->arena, &rule->prefixes, &rule->n_prefixes, err);
}

static enum st
read_agents(struct config *config, const struct ini_entry *entry, struct err *err)
{
    static const char *const names[AGENT_CLASSES_N] = {
        [AGENT_UNKNOWN] = "unknown", [AGENT_CLIENT] = "client", [AGENT_BROWSER] = "browser",
        [AGENT_ROBOT] = "robot",     [AGENT_MIRROR] = "mirror",
    };
    const char *const *words;
    unsigned classes = 0;
    size_t n;
    enum st rc;

    if (strcmp(entry->value, "any") == 0) {
        now->pack.agent.classes = AGENT_CLASSES_ALL;
        return ST_OK;
    }
    if ((rc = config_words(entry, &config->arena, &words, &n, err)) != ST_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        size_t class = 0;

        while (class < AGENT_CLASSES_N && strcmp(names[class], words[i]) != 0)
            class ++;
        if (class == AGENT_CLASSES_N)
            return config_no_such("class of user agents", words[i], names, AGENT_CLASSES_N, err);
        classes |= AGENT_CLASS_BIT(class);
    }
    now->pack.agent.classes = classes;
    return ST_OK;
}

static enum st
read_agent_file(const struct ini_entry *entry, enum agent_class class, struct err *err)
{
    if (entry->value[0] == '\0')
        return config_bad_value(entry, "the name of a file of patterns", err);
    now->pack.agent.files[class] = entry->value;
    return ST_OK;
}

static enum st
read_clients_file(struct config *config, const struct ini_entry *entry, struct err *err)
{
    (void)config;
    return read_agent_file(entry, AGENT_CLIENT, err);
}

static enum st
read_browsers_file(struct config *config, const struct ini_entry *entry, struct err *err)
{
    (void)config;
    return read_agent_file(entry, AGENT_BROWSER, err);
}

static enum st
read_robots_file(struct config *config, const struct ini_entry *entry, struct err *err)
{
    (void)config;
    return read_agent_file(entry, AGENT_ROBOT, err);
}

static enum st
read_mirrors_file(struct config *config, const struct ini_entry *entry, struct err *err)
{
    (void)config;
    return read_agent_file(entry, AGENT_MIRROR, err);
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
read_window(struct config *config, const struct ini_entry *entry, struct err *err)
{
    (void)config;
    if (config_window(entry->value, &now->pack.window))
        return ST_OK;
    return config_bad_value(entry, "none, day, or up to a day of time, as 30s", err);
}

static enum st
read_client(struct config *config, const struct ini_entry *entry, struct err *err)
{
    (void)config;
    if (strcmp(entry->value, "peer") == 0)
        now->pack.client.from = CLIENT_FROM_PEER;
    else if (strcmp(entry->value, "none") == 0)
        now->pack.client.from = CLIENT_FROM_NONE;
    else
        return config_bad_value(entry, "peer (see trusted_proxies), or none", err);
    return ST_OK;
}

static enum st
read_proxies(struct config *config, const struct ini_entry *entry, struct err *err)
{
    struct client_rule *rule = &now->pack.client;
    const char *const *words;
    struct cidr *proxies;
    size_t n;
    enum st rc;

    if (strcmp(entry->value, "none") == 0) {
        rule->n_trusted_proxies = 0;
        return ST_OK;
    }
    if ((rc = config_words(entry, &config->arena, &words, &n, err)) != ST_OK)
        return rc;
    if (n > PROXIES_MAX || (proxies = arena_alloc(&config->arena, n * sizeof *proxies)) == NULL)
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
read_country_file(struct config *config, const struct ini_entry *entry, struct err *err)
{
    (void)config;
    now->pack.country_file = entry->value;
    if (entry->value[0] == '\0')
        return config_bad_value(entry, "the name of a MaxMind DB file", err);
    return ST_OK;
}

/* ---- the pack itself ---- */

static enum st
read_base(struct config *config, const struct ini_entry *entry, struct err *err)
{
    const char *name = now->pack.name;
    const struct rule_pack *base;
    enum st rc;

    if (seen > 1) /* this key's own bit is the first */
        return config_bad_value(entry, "base comes before the other keys, which change it", err);
    if (strcmp(entry->value, name) == 0)
        return config_bad_value(entry, "a pack cannot be its own base", err);
    if ((rc = config_find_pack(config, entry->value, &base, err)) != ST_OK)
        return rc;
    now->pack = *base;
    now->pack.name = name;
    now->pack.about = "of the configuration";
    now->pack.version = 1;
    return ST_OK;
}

static enum st
read_about(struct config *config, const struct ini_entry *entry, struct err *err)
{
    (void)config;
    (void)err;
    now->pack.about = entry->value;
    return ST_OK;
}

static enum st
read_version(struct config *config, const struct ini_entry *entry, struct err *err)
{
    int64_t version;

    (void)config;
    if (!num_u63(slice_of(entry->value), &version) || version < 1 || version > 1000000000)
        return config_bad_value(entry, "a whole number from 1", err);
    now->pack.version = (unsigned)version;
    return ST_OK;
}

static enum st
read_ecosystem(struct config *config, const struct ini_entry *entry, struct err *err)
{
    size_t n = strlen(entry->value);

    (void)config;
    if (n == 0 || n > 63 || strspn(entry->value, "abcdefghijklmnopqrstuvwxyz0123456789_-") != n)
        return config_bad_value(
            entry, "all, one of the built-in ones (docs/RULES.md), or a name in lower case", err);
    now->pack.ecosystem = strcmp(entry->value, "all") == 0 ? NULL : entry->value;
    return ST_OK;
}

/* Compiled alone, so that a malformed one is found in its own line. */
static enum st
read_route(struct config *config, const struct ini_entry *entry, struct err *err)
{
    struct rule_pack *pack = &now->pack;
    const char **routes = arena_alloc(&config->arena, (pack->n_routes + 1) * sizeof *routes);
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
read_normalise(struct config *config, const struct ini_entry *entry, struct err *err)
{
    (void)config;
    if (config_bool(entry->value, &now->pack.normalise))
        return ST_OK;
    return config_bad_value(entry, "yes or no", err);
}

/* ---- the section ---- */

static const struct {
    const char *name;
    key_reader *read;
    bool often; /* may come more than once */
} keys[] = {
    { "base", read_base, false }, /* first: read_base() relies on it */
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
};

static enum st
begin(struct config *config, const struct ini_entry *entry, struct err *err)
{
    struct config_pack **end = &config->packs;
    enum st rc = config_check_name(entry, err);

    if (rc != ST_OK)
        return rc;
    if (rule_pack_by_name(entry->name) != NULL) {
        err_fail(err, ST_USAGE, CONFIG_WHAT, "there is a built-in pack \"%s\"", entry->name);
        err_hint(err, "give yours a name of its own, and write base = %s in it", entry->name);
        return ST_USAGE;
    }
    for (; *end != NULL; end = &(*end)->next)
        if (strcmp((*end)->pack.name, entry->name) == 0)
            return err_fail(err, ST_USAGE, CONFIG_WHAT,
                            "[rules %s] stands in line %" PRIu64 " already", entry->name,
                            (*end)->line_no);
    if ((now = arena_alloc(&config->arena, sizeof *now)) == NULL)
        return err_memory(err, "cannot hold the configuration");
    *now = (struct config_pack){ .pack = *rule_pack_by_name(NULL), .line_no = entry->line_no };
    now->pack.name = entry->name;
    now->pack.about = "of the configuration";
    *end = now;
    seen = 0;
    return ST_OK;
}

static enum st
take(struct config *config, const struct ini_entry *entry, struct err *err)
{
    const char *names[ARRAY_LEN(keys)];
    enum st rc;

    if (entry->key == NULL)
        return begin(config, entry, err);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        names[i] = keys[i].name;
        if (strcmp(keys[i].name, entry->key) != 0)
            continue;
        if (!keys[i].often && (rc = config_once(entry, i, &seen, err)) != ST_OK)
            return rc;
        seen |= UINT64_C(1) << i;
        return keys[i].read(config, entry, err);
    }
    return config_no_such("key in [rules NAME]", entry->key, names, ARRAY_LEN(names), err);
}

/* What no key can see alone. */
static enum st
end(struct config *config, struct err *err)
{
    struct rules rules;
    enum st rc = rules_init(&rules, &now->pack, NULL, 0, DAY_NONE, DAY_NONE, err);

    (void)config;
    if (rc == ST_OK && rules.n_routes == 0) {
        rc = err_fail(err, ST_USAGE, CONFIG_WHAT,
                      "[rules %s] has no route, and there are none for ecosystem %s",
                      now->pack.name, now->pack.ecosystem);
        err_hint(err,
                 "write route = /files/{name}-{version}.zip; docs/RULES.md lists the ecosystems");
    }
    rules_release(&rules);
    if (rc != ST_OK && err->line_no == 0 && err->path[0] == '\0') /* else another file's line */
        err->line_no = now->line_no;
    return rc;
}

const struct section_kind section_rules = { .kind = "rules", .take = take, .end = end };

enum st
config_pack_set(struct config *config, struct config_pack *pack, const char *key, const char *value,
                struct err *err)
{
    struct ini_entry entry = { .kind = "rules", .name = pack->pack.name, .key = key,
                               .value = value };

    now = pack;
    seen = 0;
    return take(config, &entry, err);
}

/* ---- asking ---- */

enum st
config_find_pack(const struct config *config, const char *name, const struct rule_pack **out,
                 struct err *err)
{
    const char *names[64];
    size_t n = 0;

    if ((*out = rule_pack_by_name(name)) != NULL)
        return ST_OK;
    for (size_t i = 0; i < n_rule_packs; i++)
        names[n++] = rule_packs[i].name;
    for (const struct config_pack *p = config != NULL ? config->packs : NULL; p != NULL;
         p = p->next) {
        if (strcmp(p->pack.name, name) == 0) {
            *out = &p->pack;
            return ST_OK;
        }
        if (n < ARRAY_LEN(names))
            names[n++] = p->pack.name;
    }
    config_no_such("rule pack", name, names, n, err);
    snprintf(err->what, sizeof err->what, "no rule pack \"%.60s\"", name);
    err->cause[0] = '\0';
    return ST_USAGE;
}
